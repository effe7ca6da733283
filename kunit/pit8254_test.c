// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pit8254.c against the 82C54 datasheet (Intel 231244). The counters come in by
 * their source, so that their waveforms are looked at tick by tick, in no time; the ports
 * and the interrupt are tested through the registry, in the host's time.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/timex.h>

#include "../devices/pit_counter.c"
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

/* --- waveforms: counting element and OUT at each tick -------------------------------- */

/* A counter programmed at tick 0, its count (if not 0) too, to be loaded at tick 1 */
static struct pit_counter counter(unsigned int mode, bool bcd, u16 count, bool gate)
{
	struct pit_counter c = { .gate = gate };

	pit_counter_write_control(&c, CW_RW_BOTH << 4 | mode << 1 | bcd, 0);
	pit_counter_write(&c, count & 0xff, 0);
	pit_counter_write(&c, count >> 8, 0);
	return c;
}

static void write_count(struct pit_counter *c, u16 count, s64 now)
{
	pit_counter_write(c, count & 0xff, now);
	pit_counter_write(c, count >> 8, now);
}

/* From tick @now on: "4 high, 3 low" is { 4, 3 }, "-_" */
static void expect_wave(struct kunit *test, struct pit_counter *c, s64 now, const u16 *element,
			const char *out)
{
	for (; *out; out++, element++, now++) {
		KUNIT_EXPECT_EQ_MSG(test, pit_counter_out(c, now), *out == '-', "tick %lld", now);
		KUNIT_EXPECT_EQ_MSG(test, counter_element(c, now), *element, "tick %lld", now);
	}
}

#define WAVE(c, now, out, ...) expect_wave(test, c, now, (const u16[]){ __VA_ARGS__ }, out)

static void pit_mode0(struct kunit *test)
{
	struct pit_counter c = counter(0, false, 4, true);

	KUNIT_EXPECT_FALSE(test, pit_counter_out(&c, 0));
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 0), 5);
	WAVE(&c, 1, "____---", 4, 3, 2, 1, 0, 0xffff, 0xfffe);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 4), 5);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 5), PIT_NEVER);

	/* GATE low holds the count and not OUT */
	c = counter(0, false, 3, true);
	WAVE(&c, 1, "__", 3, 2);
	pit_counter_set_gate(&c, false, 2);
	WAVE(&c, 2, "___", 2, 2, 2);
	pit_counter_set_gate(&c, true, 4);
	WAVE(&c, 4, "__--", 2, 1, 0, 0xffff);
	pit_counter_set_gate(&c, false, 7);
	WAVE(&c, 7, "--", 0xffff, 0xffff);

	/* A count written with GATE low is loaded, and waits */
	c = counter(0, false, 2, false);
	WAVE(&c, 1, "___", 2, 2, 2);
	pit_counter_set_gate(&c, true, 3);
	WAVE(&c, 3, "__-", 2, 1, 0);

	/* A new count: from the next tick; its first byte stops and lowers OUT */
	c = counter(0, false, 3, true);
	write_count(&c, 2, 3);
	WAVE(&c, 3, "___-", 1, 2, 1, 0);
	pit_counter_write(&c, 2, 8);
	WAVE(&c, 8, "___", 0xfffe, 0xfffe, 0xfffe);
	pit_counter_write(&c, 0, 10);
	WAVE(&c, 10, "___-", 0xfffe, 2, 1, 0);

	/* A control word stops it */
	c = counter(0, false, 2, true);
	pit_counter_write_control(&c, 0x30, 5);
	WAVE(&c, 5, "__", 0xfffe, 0xfffe);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 5), PIT_NEVER);
}

static void pit_mode1(struct kunit *test)
{
	struct pit_counter c = counter(1, false, 3, false);

	/* Nothing without a trigger */
	WAVE(&c, 1, "--", 0, 0);
	pit_counter_set_gate(&c, true, 5);
	WAVE(&c, 5, "-___--", 0, 3, 2, 1, 0, 0xffff);
	/* GATE may fall; it triggers when it rises, also during a pulse */
	pit_counter_set_gate(&c, false, 7);
	WAVE(&c, 7, "_", 2);
	pit_counter_set_gate(&c, true, 8);
	WAVE(&c, 8, "____--", 1, 3, 2, 1, 0, 0xffff);

	/* A new count during the pulse is for the next one */
	c = counter(1, false, 2, false);
	pit_counter_set_gate(&c, true, 1);
	write_count(&c, 4, 3);
	WAVE(&c, 3, "_---", 1, 0, 0xffff, 0xfffe);
	pit_counter_set_gate(&c, false, 6);
	pit_counter_set_gate(&c, true, 6);
	WAVE(&c, 6, "-____-", 0xfffe, 4, 3, 2, 1, 0);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 8), PIT_NEVER);
}

static void pit_mode2(struct kunit *test)
{
	struct pit_counter c = counter(2, false, 3, true);
	s64 now;

	KUNIT_EXPECT_TRUE(test, pit_counter_out(&c, 0));
	WAVE(&c, 1, "--_--_--_-", 3, 2, 1, 3, 2, 1, 3, 2, 1, 3);
	for (now = 10; now < 20; now++)
		KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, now), (now - 1) / 3 * 3 + 4);

	/* GATE low: OUT high at once, the count held; rising: reload */
	c = counter(2, false, 3, true);
	pit_counter_set_gate(&c, false, 3);
	WAVE(&c, 3, "---", 1, 1, 1);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 4), PIT_NEVER);
	pit_counter_set_gate(&c, true, 5);
	WAVE(&c, 5, "---_-", 1, 3, 2, 1, 3);

	/* A new count is taken at the end of the period, however late somebody looks */
	c = counter(2, false, 4, true);
	write_count(&c, 5, 3);
	WAVE(&c, 3, "-_----_-", 2, 1, 5, 4, 3, 2, 1, 5);
	c = counter(2, false, 4, true);
	write_count(&c, 3, 2);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 2), 5);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 5 + 3000), 5 + 3003);
	WAVE(&c, 5 + 3003, "--_-", 3, 2, 1, 3);

	/* Again before it was taken: the last one counts. With a trigger: at once */
	c = counter(2, false, 4, true);
	write_count(&c, 3, 2);
	write_count(&c, 2, 4);
	WAVE(&c, 4, "_-_-_", 1, 2, 1, 2, 1);
	write_count(&c, 9, 8);
	pit_counter_set_gate(&c, false, 8);
	pit_counter_set_gate(&c, true, 9);
	WAVE(&c, 10, "--", 9, 8);
}

static void pit_mode3(struct kunit *test)
{
	struct pit_counter c = counter(3, false, 4, true);
	s64 now;

	WAVE(&c, 1, "--__--__", 4, 2, 4, 2, 4, 2, 4, 2);
	for (now = 10; now < 20; now++)
		KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, now), (now - 1) / 4 * 4 + 5);
	/* Odd: (N + 1) / 2 high, (N - 1) / 2 low */
	c = counter(3, false, 5, true);
	WAVE(&c, 1, "---__---__", 4, 2, 0, 4, 2, 4, 2, 0, 4, 2);
	/* GATE low in the low half */
	c = counter(3, false, 4, true);
	pit_counter_set_gate(&c, false, 3);
	WAVE(&c, 3, "--", 4, 4);
	pit_counter_set_gate(&c, true, 5);
	WAVE(&c, 6, "--__-", 4, 2, 4, 2, 4);

	/* A new count is taken at the end of the half: of the high one ... */
	c = counter(3, false, 4, true);
	write_count(&c, 6, 1);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 1), 6);
	WAVE(&c, 1, "--___---___-", 4, 2, 6, 4, 2, 6, 4, 2, 6, 4, 2, 6);
	/* ... and of the low one */
	c = counter(3, false, 4, true);
	write_count(&c, 3, 4);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 4), 5);
	WAVE(&c, 4, "_--_--_", 2, 2, 0, 2, 2, 0, 2);
	/* Seen late, the phase is right as well */
	c = counter(3, false, 4, true);
	write_count(&c, 6, 1);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 6 + 600), 6 + 606);
}

static void pit_mode4(struct kunit *test)
{
	struct pit_counter c = counter(4, false, 3, true);

	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 0), 5);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 4), 5);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 5), PIT_NEVER);
	WAVE(&c, 1, "---_--", 3, 2, 1, 0, 0xffff, 0xfffe);
	/* Once: not again when the count wraps */
	KUNIT_EXPECT_TRUE(test, pit_counter_out(&c, 4 + 0x10000));
	KUNIT_EXPECT_EQ(test, counter_element(&c, 4 + 0x10000), 0);
	/* A new count: from the next tick; its first byte does nothing */
	c = counter(4, false, 3, true);
	pit_counter_write(&c, 2, 2);
	WAVE(&c, 2, "--", 2, 1);
	pit_counter_write(&c, 0, 3);
	WAVE(&c, 3, "---_-", 1, 2, 1, 0, 0xffff);
	/* GATE */
	c = counter(4, false, 2, false);
	WAVE(&c, 1, "---", 2, 2, 2);
	pit_counter_set_gate(&c, true, 3);
	WAVE(&c, 3, "--_-", 2, 1, 0, 0xffff);
}

static void pit_mode5(struct kunit *test)
{
	struct pit_counter c = counter(5, false, 3, false);

	WAVE(&c, 1, "--", 0, 0);
	pit_counter_set_gate(&c, true, 3);
	WAVE(&c, 4, "---_--", 3, 2, 1, 0, 0xffff, 0xfffe);
	pit_counter_set_gate(&c, false, 9);
	WAVE(&c, 9, "-", 0xfffe);
	pit_counter_set_gate(&c, true, 10);
	WAVE(&c, 11, "--", 3, 2);
	/* Retriggered before the strobe */
	pit_counter_set_gate(&c, false, 12);
	pit_counter_set_gate(&c, true, 12);
	WAVE(&c, 13, "---_-", 3, 2, 1, 0, 0xffff);
}

/* Modes 6 and 7 are 2 and 3, and the status byte shows what was written */
static void pit_mode_aliases(struct kunit *test)
{
	struct pit_counter c = counter(6, false, 3, true);

	WAVE(&c, 1, "--_-", 3, 2, 1, 3);
	c = counter(7, false, 4, true);
	WAVE(&c, 1, "--__", 4, 2, 4, 2);
	pit_counter_latch_status(&c, 3);
	KUNIT_EXPECT_EQ(test, pit_counter_read(&c, 9), 0x3e);
}

static void pit_bcd(struct kunit *test)
{
	struct pit_counter c = counter(0, true, 0x1000, true);

	WAVE(&c, 1, "___", 0x1000, 0x999, 0x998);
	WAVE(&c, 1 + 990, "__________--", 0x10, 0x09, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02,
	     0x01, 0x00, 0x9999);
	/* 0 is 10000 */
	c = counter(2, true, 0, true);
	WAVE(&c, 1, "--", 0, 0x9999);
	WAVE(&c, 10000, "_--", 1, 0, 0x9999);
	c = counter(3, true, 0, true);
	WAVE(&c, 5000, "-_", 2, 0);
	/* Years later, and with digits that are none */
	c = counter(0, true, 0x9999, true);
	KUNIT_EXPECT_EQ(test, counter_element(&c, 1 + 9999 + 10000LL * 1000000000LL), 0);
	c = counter(0, true, 0xffff, true);
	KUNIT_EXPECT_EQ(test, counter_element(&c, 1), 0x6665);
	c = counter(2, true, 0x9a00, true);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 1), 10001);
}

static void pit_extreme_counts(struct kunit *test)
{
	struct pit_counter c = counter(0, false, 0, true);
	unsigned int mode;

	/* 0 is 65536 */
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 0), 65537);
	WAVE(&c, 1, "__", 0, 0xffff);
	WAVE(&c, 65536, "_-", 1, 0);
	c = counter(2, false, 0, true);
	WAVE(&c, 65536, "_-", 1, 0);
	c = counter(3, false, 0, true);
	WAVE(&c, 32768, "-_", 2, 0);
	/* 1 is illegal in modes 2 and 3: no edges; elsewhere it works */
	for (mode = 2; mode < 4; mode++) {
		c = counter(mode, false, 1, true);
		KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 5), PIT_NEVER);
		KUNIT_EXPECT_EQ(test, pit_counter_out(&c, 5), pit_counter_out(&c, 6));
		/* Not for ever */
		write_count(&c, 7, 10);
		KUNIT_EXPECT_LE(test, pit_counter_next_rise(&c, 10), 18);
		KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, 20) + 7,
				pit_counter_next_rise(&c, 27));
	}
	c = counter(0, false, 1, true);
	WAVE(&c, 1, "_-", 1, 0);
	c = counter(4, false, 1, true);
	WAVE(&c, 1, "-_-", 1, 0, 0xffff);
	c = counter(2, false, 2, true);
	WAVE(&c, 1, "-_-_", 2, 1, 2, 1);
	c = counter(3, false, 2, true);
	WAVE(&c, 1, "-_-_", 2, 2, 2, 2);
	c = counter(3, false, 3, true);
	WAVE(&c, 1, "--_--_", 2, 0, 2, 2, 0, 2);
}

static void pit_null_count(struct kunit *test)
{
	struct pit_counter c = { .gate = 1 };

#define EXPECT_STATUS(now, value) do {					\
		pit_counter_latch_status(&c, now);			\
		KUNIT_EXPECT_EQ(test, pit_counter_read(&c, now), value);	\
	} while (0)

	pit_counter_write_control(&c, 0x34, 0);
	EXPECT_STATUS(0, 0xf4);
	pit_counter_write(&c, 10, 1);
	EXPECT_STATUS(1, 0xf4);
	pit_counter_write(&c, 0, 2);
	/* Loaded with the next tick */
	EXPECT_STATUS(2, 0xf4);
	EXPECT_STATUS(3, 0xb4);
	/* A new one: at the end of the period */
	write_count(&c, 12, 5);
	EXPECT_STATUS(5, 0xf4);
	EXPECT_STATUS(12, 0x74);
	EXPECT_STATUS(13, 0xb4);
	/* Mode 1: at the trigger */
	c.gate = 0;
	pit_counter_write_control(&c, 0x32, 20);
	write_count(&c, 5, 20);
	EXPECT_STATUS(30, 0xf2);
	pit_counter_set_gate(&c, true, 30);
	EXPECT_STATUS(31, 0x32);
#undef EXPECT_STATUS
}

/* --- ports ------------------------------------------------------------------------------ */

static struct axvm_device *pit_device(struct kunit *test, struct axvm_vm *vm)
{
	return fixture_device(test, vm, AXVM_DEV_PIT, 0, 0);
}

static struct axvm_vm *pit_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);

	pit_device(test, vm);
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

/* --- the interrupt ---------------------------------------------------------------------- */

struct pit_test {
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
};

static struct pit_test pit_setup(struct kunit *test)
{
	struct pit_test t = { .vm = fixture_vm(test, 0) };

	t.chip = fixture_chip(test, t.vm);
	t.dev = pit_device(test, t.vm);
	return t;
}

static void program0(struct pit_test *t, u8 mode, u16 count)
{
	fixture_out(t->vm, CONTROL, 1, 0x30 | mode << 1);
	fixture_out(t->vm, COUNTER(0), 1, count & 0xff);
	fixture_out(t->vm, COUNTER(0), 1, count >> 8);
}

static unsigned int rises(struct pit_test *t)
{
	return READ_ONCE(t->chip->rises[0]);
}

static bool wait_for_rises(struct pit_test *t, unsigned int wanted)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && rises(t) < wanted; ms += 5)
		msleep(5);
	return rises(t) >= wanted;
}

static void pit_one_shot(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	u64 start, period = 20000ULL * NSEC_PER_SEC / PIT_TICK_RATE;
	unsigned int i;

	/* Mode 0: down until the count's end, then up for good */
	for (i = 1; i <= 3; i++) {
		start = ktime_get_ns();
		program0(&t, 0, 20000);
		if (READ_ONCE(t.chip->level[0]))
			KUNIT_EXPECT_GE(test, ktime_get_ns() - start, period);
		KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, i));
		KUNIT_EXPECT_GE(test, ktime_get_ns() - start, period);
		msleep(40);
		KUNIT_EXPECT_EQ(test, rises(&t), i);
		KUNIT_EXPECT_TRUE(test, t.chip->level[0]);
		KUNIT_EXPECT_EQ(test, status_of(t.vm, 0), 0xb0);
	}
	/* A control word before the end: nothing comes */
	program0(&t, 0, 20000);
	fixture_out(t.vm, CONTROL, 1, 0x30);
	msleep(40);
	KUNIT_EXPECT_EQ(test, rises(&t), 3);
	KUNIT_EXPECT_FALSE(test, t.chip->level[0]);
}

/* Mode 4 as Linux uses it: counts only, one edge each */
static void pit_software_strobe(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	unsigned int i, before;
	u64 start;

	/* OUT goes high with the control word: the line was low */
	program0(&t, 4, 10000);
	KUNIT_EXPECT_TRUE(test, t.chip->level[0]);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, 2));
	for (i = 0; i < 3; i++) {
		before = rises(&t);
		start = ktime_get_ns();
		fixture_out(t.vm, COUNTER(0), 1, 10000 & 0xff);
		fixture_out(t.vm, COUNTER(0), 1, 10000 >> 8);
		KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, before + 1));
		KUNIT_EXPECT_GE(test, ktime_get_ns() - start,
				10000ULL * NSEC_PER_SEC / PIT_TICK_RATE);
		msleep(20);
		KUNIT_EXPECT_EQ(test, rises(&t), before + 1);
	}
}

/* @mode at 1000 Hz for a while: one edge a period, and none too many */
static void expect_periodic(struct kunit *test, struct pit_test *t, u8 mode)
{
	u64 period = 1193ULL * NSEC_PER_SEC / PIT_TICK_RATE;
	unsigned int before = rises(t), seen;
	u64 start = ktime_get_ns(), took;

	program0(t, mode, 1193);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(t, before + 100));
	seen = rises(t) - before;
	took = ktime_get_ns() - start;
	/* One for the line that goes up with the control word */
	KUNIT_EXPECT_LE(test, seen, took / period + 1);
	KUNIT_EXPECT_GE(test, seen, 100);
	KUNIT_EXPECT_LE(test, t->chip->rises[0] - t->chip->falls[0], 1);
	/* As Linux shuts it down */
	program0(t, 0, 0);
	fixture_out(t->vm, CONTROL, 1, 0x30);
	KUNIT_EXPECT_FALSE(test, t->chip->level[0]);
	seen = rises(t);
	msleep(80);
	KUNIT_EXPECT_EQ(test, rises(t), seen);
}

static void pit_periodic(struct kunit *test)
{
	struct pit_test t = pit_setup(test);

	expect_periodic(test, &t, 2);
	expect_periodic(test, &t, 3);
	expect_periodic(test, &t, 6);
	expect_periodic(test, &t, 7);
}

/* After a long time the edges are where the first ones were: no drift */
static void pit_no_drift(struct kunit *test)
{
	struct pit_counter c = counter(2, false, 11932, true);
	s64 late = 1 + 11932LL * 100 * 86400 * 365;

	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late), late + 11932);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late + 11931), late + 11932);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late + 11932), late + 2 * 11932);
}

/* No count makes a storm, nor do counts written again and again */
static void pit_storm(struct kunit *test)
{
	static const u8 modes[] = { 2, 3, 2, 3 };
	static const u16 counts[] = { 2, 2, 50, 119 };
	struct pit_test t = pit_setup(test);
	unsigned int i, before;
	u64 start, took;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		before = rises(&t);
		start = ktime_get_ns();
		program0(&t, modes[i], counts[i]);
		msleep(30);
		before = rises(&t) - before;
		took = ktime_get_ns() - start;
		KUNIT_EXPECT_LE(test, before, took / (100 * NSEC_PER_USEC) + 2);
		KUNIT_EXPECT_GT(test, before, 1);
		program0(&t, modes[i], 1);
	}
	before = rises(&t);
	msleep(10);
	KUNIT_EXPECT_EQ(test, rises(&t), before);
}

/* Counter 0 has no trigger, and the other counters no line */
static void pit_no_interrupt(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	unsigned int n;

	program0(&t, 1, 100);
	program0(&t, 5, 100);
	for (n = 1; n < 3; n++) {
		fixture_out(t.vm, CONTROL, 1, n << 6 | 0x14);
		fixture_out(t.vm, COUNTER(n), 1, 200);
	}
	fixture_out(t.vm, PORT61, 1, GATE2);
	msleep(20);
	/* OUT of modes 1 and 5 is high */
	KUNIT_EXPECT_EQ(test, rises(&t), 1);
	KUNIT_EXPECT_TRUE(test, t.chip->level[0]);
}

/* --- state ------------------------------------------------------------------------------ */

struct pit_saved {
	struct pit_counter counter[3];
	u8 port61, line, reserved[6];
};

static int restore(struct pit_test *t, const struct pit_saved *state)
{
	return t->dev->type->ops->restore(t->dev, state);
}

static void save(struct pit_test *t, struct pit_saved *state)
{
	t->dev->type->ops->save(t->dev, state);
}

static void pit_save_restore(struct kunit *test)
{
	struct pit_test t = pit_setup(test), u;
	struct pit_saved state, again;
	u64 start;

	KUNIT_ASSERT_EQ(test, t.dev->type->state_size, sizeof(state));
	/* Half a second to go ... */
	program0(&t, 0, 0xffff);
	fixture_out(t.vm, CONTROL, 1, 0xb6);
	fixture_out(t.vm, COUNTER(2), 1, 0x55);
	fixture_out(t.vm, CONTROL, 1, LATCH_COUNT(0));
	fixture_in(t.vm, COUNTER(0), 1);
	save(&t, &state);
	KUNIT_EXPECT_LT(test, state.counter[0].since, 0xffff);
	KUNIT_EXPECT_EQ(test, state.line, 0);
	msleep(60);

	/* ... which do not go by while it is nowhere */
	u = pit_setup(test);
	start = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&u, 1));
	KUNIT_EXPECT_GE(test, ktime_get_ns() - start,
			(0xffff - state.counter[0].since - 1) * NSEC_PER_SEC / PIT_TICK_RATE);
	/* Latches and byte orders went with it */
	KUNIT_EXPECT_EQ(test, fixture_in(u.vm, COUNTER(0), 1), state.counter[0].latch >> 8);
	fixture_out(u.vm, COUNTER(2), 1, 0x44);
	KUNIT_EXPECT_EQ(test, status_of(u.vm, 2), 0xb6);
	KUNIT_EXPECT_EQ(test, fixture_in(u.vm, COUNTER(2), 1), 0x54);
	KUNIT_EXPECT_EQ(test, fixture_in(u.vm, COUNTER(2), 1), 0x44);

	/* Standing still, it is the same for ever */
	fixture_out(u.vm, CONTROL, 1, 0x30);
	fixture_out(u.vm, CONTROL, 1, 0xb1);
	fixture_out(u.vm, COUNTER(2), 1, 0x34);
	fixture_out(u.vm, COUNTER(2), 1, 0x12);
	fixture_out(u.vm, PORT61, 1, 0x02);
	save(&u, &state);
	msleep(20);
	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	save(&t, &again);
	KUNIT_EXPECT_EQ(test, memcmp(&state, &again, sizeof(state)), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PORT61, 1) & 0x0f, 0x02);
}

/* The line: a restored one that is up makes one edge in a new VM, none in the same */
static void pit_restore_line(struct kunit *test)
{
	struct pit_test t = pit_setup(test), u = pit_setup(test);
	struct pit_saved state;

	program0(&t, 0, 100);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, 1));
	save(&t, &state);
	KUNIT_EXPECT_EQ(test, state.line, 1);
	KUNIT_EXPECT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_EQ(test, rises(&t), 1);
	KUNIT_EXPECT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_EQ(test, rises(&u), 1);
	/* Periodic goes on */
	program0(&t, 2, 5000);
	save(&t, &state);
	KUNIT_EXPECT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&u, 10));
	program0(&t, 0, 0);
	program0(&u, 0, 0);
}

static void expect_refused(struct kunit *test, struct pit_test *t, const struct pit_saved *bad,
			   unsigned int which)
{
	struct pit_saved before, after;

	save(t, &before);
	KUNIT_EXPECT_EQ_MSG(test, restore(t, bad), -EINVAL, "%u", which);
	save(t, &after);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(before)), 0);
}

static void pit_restore_refuses(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	struct pit_saved good, bad;
	unsigned int which = 0;

	/* Counter 0 empty, 1 in mode 3 standing still, 2 in mode 2 standing still */
	fixture_out(t.vm, CONTROL, 1, 0x96);
	fixture_out(t.vm, COUNTER(2), 1, 100);
	save(&t, &good);
	KUNIT_EXPECT_EQ(test, restore(&t, &good), 0);

#define REFUSED(field, value) do {				\
		bad = good;					\
		bad.field = value;				\
		expect_refused(test, &t, &bad, which++);	\
	} while (0)

	REFUSED(port61, 0x10);
	REFUSED(port61, GATE2);
	REFUSED(line, 2);
	REFUSED(reserved[5], 1);
	REFUSED(counter[0].gate, 0);
	REFUSED(counter[1].gate, 0);
	REFUSED(counter[2].gate, 1);
	REFUSED(counter[2].gate, 2);
	REFUSED(counter[0].control, 0x40);
	REFUSED(counter[0].counting, 1);
	REFUSED(counter[0].since, 1);
	REFUSED(counter[0].reload_at, 1);
	REFUSED(counter[0].loaded, 1);
	REFUSED(counter[1].reserved, 1);
	REFUSED(counter[2].loaded, 2);
	REFUSED(counter[2].count, 0x10001);
	REFUSED(counter[2].count, 0);
	REFUSED(counter[2].loaded_count, 0);
	REFUSED(counter[2].loaded_count, 0xffffffff);
	REFUSED(counter[2].since, 100);
	REFUSED(counter[2].since, -1);
	REFUSED(counter[2].since, S64_MIN);
	REFUSED(counter[2].reload_at, 1);
	REFUSED(counter[2].write_msb, 2);
	REFUSED(counter[2].read_msb, 0xff);
	REFUSED(counter[2].latched, 2);
	REFUSED(counter[2].status_latched, 2);
	REFUSED(counter[2].null_count, 4);
	good.counter[2].control |= CW_BCD;
	REFUSED(counter[2].count, 10001);
	/* Mode 0: any time since, but not for ever */
	good.counter[2].control = 0x10;
	REFUSED(counter[2].since, S64_MAX);
	/* Mode 2, counting, with a count that waits */
	good.counter[0] = (struct pit_counter){
		.gate = 1, .control = 0x14, .count = 10, .loaded_count = 100, .since = 40,
		.loaded = 1, .counting = 1, .null_count = 1, .reload_at = 60,
	};
	REFUSED(counter[0].reload_at, 0);
	REFUSED(counter[0].reload_at, 61);
	REFUSED(counter[0].reload_at, S64_MAX);
	REFUSED(counter[0].since, -2);
	KUNIT_EXPECT_EQ(test, restore(&t, &good), 0);
#undef REFUSED
}

static void pit_reset(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	unsigned int before;

	program0(&t, 2, 1193);
	fixture_out(t.vm, PORT61, 1, 0x0f);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, 3));
	t.dev->type->ops->reset(t.dev);
	KUNIT_EXPECT_FALSE(test, t.chip->level[0]);
	before = rises(&t);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PORT61, 1) & 0xef, 0);
	KUNIT_EXPECT_EQ(test, status_of(t.vm, 0), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, COUNTER(0), 1), 0);
	/* Counts without a control word do nothing */
	fixture_out(t.vm, COUNTER(0), 1, 10);
	msleep(20);
	KUNIT_EXPECT_EQ(test, rises(&t), before);
}

static void pit_removed(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	unsigned int before;
	int ret;

	program0(&t, 2, 1193);
	mutex_lock(&t.vm->lock);
	ret = axvm_devices_remove(t.vm, t.dev->id);
	mutex_unlock(&t.vm->lock);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_FALSE(test, t.chip->level[0]);
	before = rises(&t);
	msleep(20);
	KUNIT_EXPECT_EQ(test, rises(&t), before);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PORT61, 1), 0xff);
}

static void pit_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_PIT, .base = 0x50 };
	struct pit_test t = { .vm = fixture_vm(test, 0) };

	t.chip = fixture_chip(test, t.vm);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.base = 0x40;
	config.length = 4;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.length = 0x22;
	config.nr_cfg = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.nr_cfg = 0;
	config.irq = AXVM_MAX_IRQS;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.irq = 5;
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(t.vm, &config)));
	fixture_out(t.vm, CONTROL, 1, 0x34);
	KUNIT_EXPECT_TRUE(test, t.chip->level[5]);
	KUNIT_EXPECT_FALSE(test, t.chip->level[0]);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EEXIST);
}

/* Any sequence of accesses leaves a state that could be saved and restored */
static void pit_hostile(struct kunit *test)
{
	struct pit_test t = pit_setup(test);
	struct pit_saved state;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 8254);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);
		u16 port = r & 0x100 ? PORT61 : 0x40 + (r >> 9 & 3);

		switch (r % 4) {
		case 0:
		case 1:
			/* Small counts now and then */
			fixture_out(t.vm, port, 1, r & 0x800 ? r >> 29 : r >> 16 & 0xff);
			break;
		case 2:
			fixture_in(t.vm, port, 1);
			break;
		default:
			if (i % 16)
				break;
			save(&t, &state);
			KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
		}
	}
	program0(&t, 0, 1000);
	i = rises(&t);
	KUNIT_EXPECT_TRUE(test, wait_for_rises(&t, i + 1) || t.chip->level[0]);
}

static struct kunit_case pit_cases[] = {
	KUNIT_CASE(pit_mode0),
	KUNIT_CASE(pit_mode1),
	KUNIT_CASE(pit_mode2),
	KUNIT_CASE(pit_mode3),
	KUNIT_CASE(pit_mode4),
	KUNIT_CASE(pit_mode5),
	KUNIT_CASE(pit_mode_aliases),
	KUNIT_CASE(pit_bcd),
	KUNIT_CASE(pit_extreme_counts),
	KUNIT_CASE(pit_null_count),
	KUNIT_CASE(pit_read_formats),
	KUNIT_CASE(pit_latch),
	KUNIT_CASE(pit_read_back_command),
	KUNIT_CASE(pit_status),
	KUNIT_CASE(pit_widths),
	KUNIT_CASE(pit_port61),
	KUNIT_CASE(pit_rate),
	KUNIT_CASE(pit_quick_calibrate),
	KUNIT_CASE(pit_calibrate_out2),
	KUNIT_CASE(pit_one_shot),
	KUNIT_CASE(pit_software_strobe),
	KUNIT_CASE(pit_periodic),
	KUNIT_CASE(pit_no_drift),
	KUNIT_CASE(pit_storm),
	KUNIT_CASE(pit_no_interrupt),
	KUNIT_CASE(pit_save_restore),
	KUNIT_CASE(pit_restore_line),
	KUNIT_CASE(pit_restore_refuses),
	KUNIT_CASE(pit_reset),
	KUNIT_CASE(pit_removed),
	KUNIT_CASE(pit_config),
	KUNIT_CASE(pit_hostile),
	{}
};

static struct kunit_suite pit_suite = {
	.name = "axvm-pit8254",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = pit_cases,
};

kunit_test_suite(pit_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: 82C54 interval timer");
