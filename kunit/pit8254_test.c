// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pit8254.c against the 82C54 datasheet (Intel 231244): ports, and what Linux does
 * with them, through the registry. pit_counter_test.c has the modes, pit_interrupt_test.c
 * the interrupt and the device's life.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/timex.h>

#include "../devices/pit_counter.h"
#include "fixture.h"

#define COUNTER(n)	(0x40 + (n))
#define CONTROL		0x43
#define PORT61		0x61

#define LATCH_COUNT(n)	((n) << 6)
#define READ_BACK	0xc0
#define BACK_NO_COUNT	0x20
#define BACK_NO_STATUS	0x10
#define BACK(n)		(2 << (n))

#define GATE2		0x01
#define OUT2		0x20

static struct axvm_vm *pit_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);

	fixture_device(test, vm, AXVM_DEV_PIT, 0, 0);
	return vm;
}

static u8 status_of(struct axvm_vm *vm, unsigned int n)
{
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK_NO_COUNT | BACK(n));
	return fixture_in(vm, COUNTER(n), 1);
}

/* Counter 2 with GATE low stands still: all of reading can be seen in peace */
static struct axvm_vm *frozen_counter2(struct kunit *test, u8 control, u16 count)
{
	struct axvm_vm *vm = pit_vm(test);

	fixture_out(vm, PORT61, 1, 0);
	fixture_out(vm, CONTROL, 1, 0x80 | control);
	if ((control & CW_RW) != CW_RW_MSB << 4)
		fixture_out(vm, COUNTER(2), 1, count & 0xff);
	if ((control & CW_RW) != CW_RW_LSB << 4)
		fixture_out(vm, COUNTER(2), 1, count >> 8);
	return vm;
}

static void pit_read_formats(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x30, 0x1234);

	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	/* Reading and writing have a byte order each */
	fixture_out(vm, COUNTER(2), 1, 0x78);
	fixture_in(vm, COUNTER(2), 1);
	fixture_out(vm, COUNTER(2), 1, 0x56);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x78);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x56);
	/* A control word starts both from the LSB */
	fixture_in(vm, COUNTER(2), 1);
	fixture_out(vm, COUNTER(2), 1, 0x11);
	fixture_out(vm, CONTROL, 1, 0xb0);
	fixture_out(vm, COUNTER(2), 1, 0xbc);
	fixture_out(vm, COUNTER(2), 1, 0x9a);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0xbc);
	/* LSB only, MSB only: the other byte of the count is 0 */
	vm = frozen_counter2(test, 0x10, 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	vm = frozen_counter2(test, 0x20, 0x1200);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	fixture_out(vm, CONTROL, 1, 0xb8);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x00);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	/* BCD */
	vm = frozen_counter2(test, 0x31, 0x9876);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x76);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x98);
	/* The control word cannot be read */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, CONTROL, 1), 0xff);
}

static void pit_latch(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x30, 0x1234);

	/* The latch keeps the count while the counter goes on; a second latch is ignored */
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2) | 0x0f);
	fixture_out(vm, COUNTER(2), 1, 0x78);
	fixture_out(vm, COUNTER(2), 1, 0x56);
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2));
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2));
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x78);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x56);
	/* Of its own counter only */
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(1));
	fixture_out(vm, COUNTER(2), 1, 0x22);
	fixture_out(vm, COUNTER(2), 1, 0x11);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 2) & 0xff, 0x22);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x11);
	/* Programming drops it */
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2));
	fixture_out(vm, CONTROL, 1, 0x90);
	fixture_out(vm, COUNTER(2), 1, 0x77);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x77);
	/* LSB only: one read */
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2));
	fixture_out(vm, COUNTER(2), 1, 0x66);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x77);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x66);
}

static void pit_read_back_command(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x34, 0x1234);

	/* Status first, then the count, whatever the order in which they were latched */
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK_NO_STATUS | BACK(2));
	fixture_out(vm, COUNTER(2), 1, 0x78);
	fixture_out(vm, COUNTER(2), 1, 0x56);
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK(2));
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK_NO_COUNT | BACK(2));
	/* OUT high, null count (the new one waits for the gate), LSB then MSB, mode 2 */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0xf4);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	/* Several counters by one command, the others not */
	fixture_out(vm, CONTROL, 1, 0x10);
	fixture_out(vm, CONTROL, 1, 0x72);
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK_NO_COUNT | BACK(0) | BACK(1));
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(0), 1), 0x50);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(1), 1), 0xf2);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
	/* Neither count nor status: nothing */
	fixture_out(vm, CONTROL, 1, READ_BACK | BACK_NO_COUNT | BACK_NO_STATUS | BACK(2));
	fixture_out(vm, CONTROL, 1, READ_BACK);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x34);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 1), 0x12);
}

/* All mode words come back in the status, with the initial OUT of their mode */
static void pit_status(struct kunit *test)
{
	struct axvm_vm *vm = pit_vm(test);
	unsigned int n, word;

	for (n = 0; n < 3; n++) {
		for (word = 0x10; word < 0x40; word++) {
			u8 out = word & CW_MODE ? STATUS_OUT : 0;

			fixture_out(vm, CONTROL, 1, n << 6 | word);
			KUNIT_EXPECT_EQ(test, status_of(vm, n), out | STATUS_NULL_COUNT | word);
		}
	}
}

static void pit_widths(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x30, 0x1234);

	/* Three counters and the control word, the lowest port first */
	fixture_out(vm, COUNTER(0), 4, 0x90000000);
	fixture_out(vm, COUNTER(2), 2, 0xb05a);
	fixture_out(vm, COUNTER(2), 1, 0x21);
	fixture_out(vm, COUNTER(2), 1, 0x43);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(2), 2), 0xff21);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, COUNTER(0), 4) >> 16, 0xff43);
	/* Not whole inside; the gap; beside port 0x61 */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, CONTROL, 2), 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, 0x44, 1), 0xff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, 0x60, 2), 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT61, 2), 0xffff);
}

static void pit_port61(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x30, 100);
	unsigned int i, seen = 0;
	u64 end;

	for (i = 0; i < 256; i++) {
		fixture_out(vm, PORT61, 1, i & ~GATE2);
		KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT61, 1) & 0xcf, i & 0x0e);
		KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT61, 1) & OUT2, 0);
	}
	/* OUT2 goes up at the count's end, not before; mode 2 has it up at once */
	end = ktime_get_ns() + 100 * NSEC_PER_SEC / PIT_TICK_RATE;
	fixture_out(vm, PORT61, 1, GATE2);
	while (!(fixture_in(vm, PORT61, 1) & OUT2))
		cpu_relax();
	KUNIT_EXPECT_GE(test, ktime_get_ns(), end);
	fixture_out(vm, CONTROL, 1, 0xb0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT61, 1) & OUT2, 0);
	fixture_out(vm, CONTROL, 1, 0xb4);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT61, 1) & OUT2, OUT2);
	/* Refresh toggles */
	end = ktime_get_ns() + NSEC_PER_SEC;
	while (seen != 3 && ktime_get_ns() < end)
		seen |= fixture_in(vm, PORT61, 1) & 0x10 ? 1 : 2;
	KUNIT_EXPECT_EQ(test, seen, 3);
}

/* The counter goes at 1193182 Hz, whatever happens between the test's looks */
static void pit_rate(struct kunit *test)
{
	struct axvm_vm *vm = frozen_counter2(test, 0x30, 0xffff);
	u64 before, between, after, least, most;
	u16 count;

	before = ktime_get_ns();
	fixture_out(vm, PORT61, 1, GATE2);
	between = ktime_get_ns();
	msleep(20);
	least = ktime_get_ns() - between;
	fixture_out(vm, CONTROL, 1, LATCH_COUNT(2));
	after = ktime_get_ns();
	most = after - before;
	count = fixture_in(vm, COUNTER(2), 1);
	count |= fixture_in(vm, COUNTER(2), 1) << 8;
	if (most > 50 * NSEC_PER_MSEC)
		kunit_skip(test, "the host was away");
	KUNIT_EXPECT_GE(test, 0xffff - count + 2, least * PIT_TICK_RATE / NSEC_PER_SEC);
	KUNIT_EXPECT_LE(test, 0xffff - count, most * PIT_TICK_RATE / NSEC_PER_SEC + 2);
}

/* What Linux does to calibrate its TSC: quick_pit_calibrate() */
static void pit_quick_calibrate(struct kunit *test)
{
	struct axvm_vm *vm = pit_vm(test);
	u64 start, took;
	u8 msb, was = 0xff;
	unsigned int steps = 0, i;

	fixture_out(vm, PORT61, 1, (fixture_in(vm, PORT61, 1) & ~0x02) | GATE2);
	fixture_out(vm, CONTROL, 1, 0xb0);
	start = ktime_get_ns();
	fixture_out(vm, COUNTER(2), 1, 0xff);
	fixture_out(vm, COUNTER(2), 1, 0xff);
	for (i = 0; i < 1000000 && was > 0xf0; i++) {
		fixture_in(vm, COUNTER(2), 1);
		msb = fixture_in(vm, COUNTER(2), 1);
		if (msb == was)
			continue;
		KUNIT_EXPECT_LT(test, msb, was);
		was = msb;
		steps++;
	}
	took = ktime_get_ns() - start;
	KUNIT_EXPECT_GT(test, steps, 0);
	KUNIT_EXPECT_LE(test, was, 0xf0);
	/* 15 times 256 ticks, not less */
	KUNIT_EXPECT_GE(test, took, 14ULL * 256 * NSEC_PER_SEC / PIT_TICK_RATE);
}

/* pit_hpet_ptimer_calibrate_cpu(): wait for OUT2 */
static void pit_calibrate_out2(struct kunit *test)
{
	struct axvm_vm *vm = pit_vm(test);
	u16 latch = PIT_TICK_RATE / 100;
	u64 start, took;
	unsigned int i;

	fixture_out(vm, PORT61, 1, (fixture_in(vm, PORT61, 1) & ~0x02) | GATE2);
	fixture_out(vm, CONTROL, 1, 0xb0);
	fixture_out(vm, COUNTER(2), 1, latch & 0xff);
	start = ktime_get_ns();
	fixture_out(vm, COUNTER(2), 1, latch >> 8);
	for (i = 0; i < 1000000 && !(fixture_in(vm, PORT61, 1) & OUT2); i++)
		cpu_relax();
	took = ktime_get_ns() - start;
	KUNIT_EXPECT_TRUE(test, fixture_in(vm, PORT61, 1) & OUT2);
	KUNIT_EXPECT_GE(test, took, 10 * NSEC_PER_MSEC - 2000);
	KUNIT_EXPECT_LE(test, took, 10ULL * NSEC_PER_SEC);
}

static struct kunit_case pit_cases[] = {
	KUNIT_CASE(pit_read_formats),
	KUNIT_CASE(pit_latch),
	KUNIT_CASE(pit_read_back_command),
	KUNIT_CASE(pit_status),
	KUNIT_CASE(pit_widths),
	KUNIT_CASE(pit_port61),
	KUNIT_CASE(pit_rate),
	KUNIT_CASE(pit_quick_calibrate),
	KUNIT_CASE(pit_calibrate_out2),
	{}
};

static struct kunit_suite pit_suite = {
	.name = "axvm-pit8254",
	.test_cases = pit_cases,
};

kunit_test_suite(pit_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: 82C54 ports");
