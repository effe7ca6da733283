// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pit8254.c: the interrupt of counter 0, and saving, restoring, resetting and
 * removing the device, through the registry and in the host's time.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/timex.h>

#include "../devices/pit_counter.h"
#include "fixture.h"

#define COUNTER(n)	(0x40 + (n))
#define CONTROL		0x43
#define PORT61		0x61
#define GATE2		0x01

#define LATCH_COUNT(n)	((n) << 6)
#define READ_STATUS(n)	(0xe0 | 2 << (n))

struct pit_test {
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
};

static struct pit_test pit_setup(struct kunit *test)
{
	struct pit_test t = { .vm = fixture_vm(test, 0) };

	t.chip = fixture_chip(test, t.vm);
	t.dev = fixture_device(test, t.vm, AXVM_DEV_PIT, 0, 0);
	return t;
}

static u8 status_of(struct axvm_vm *vm, unsigned int n)
{
	fixture_out(vm, CONTROL, 1, READ_STATUS(n));
	return fixture_in(vm, COUNTER(n), 1);
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

	for (ms = 0; ms < 10000 && rises(t) < wanted; ms += 20)
		msleep(20);
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
	msleep(20);
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
	REFUSED(counter[1].out, 2);
	REFUSED(counter[1].mode, 2);
	REFUSED(counter[2].reserved[6], 1);
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
	good.counter[2].mode = 0;
	REFUSED(counter[2].since, S64_MAX);
	/* Mode 2, counting, with a count that waits */
	good.counter[0] = (struct pit_counter){
		.gate = 1, .control = 0x14, .mode = 2, .count = 10, .loaded_count = 100,
		.since = 40, .loaded = 1, .counting = 1, .null_count = 1, .reload_at = 60,
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

static struct kunit_case pit_interrupt_cases[] = {
	KUNIT_CASE(pit_one_shot),
	KUNIT_CASE(pit_software_strobe),
	KUNIT_CASE(pit_periodic),
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

static struct kunit_suite pit_interrupt_suite = {
	.name = "axvm-pit-interrupt",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = pit_interrupt_cases,
};

kunit_test_suite(pit_interrupt_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: 82C54 interrupt and state");
