// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pit_counter.c against the waveforms of the 82C54 datasheet (Intel 231244). Its
 * source is part of this module: no VM is needed, and a counter takes the time from its
 * caller, so each tick is looked at, and years later, at once.
 */
#include <kunit/test.h>

#include "../devices/pit_counter.c"

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

static void counter_mode0(struct kunit *test)
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

static void counter_mode1(struct kunit *test)
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

static void counter_mode2(struct kunit *test)
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

static void counter_mode3(struct kunit *test)
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

static void counter_mode4(struct kunit *test)
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

static void counter_mode5(struct kunit *test)
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
static void counter_mode_aliases(struct kunit *test)
{
	struct pit_counter c = counter(6, false, 3, true);

	WAVE(&c, 1, "--_-", 3, 2, 1, 3);
	c = counter(7, false, 4, true);
	WAVE(&c, 1, "--__", 4, 2, 4, 2);
	pit_counter_latch_status(&c, 3);
	KUNIT_EXPECT_EQ(test, pit_counter_read(&c, 9), 0x3e);
}

static void counter_bcd(struct kunit *test)
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

static void counter_extreme_counts(struct kunit *test)
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

static void expect_status(struct kunit *test, struct pit_counter *c, s64 now, u8 status)
{
	pit_counter_latch_status(c, now);
	KUNIT_EXPECT_EQ_MSG(test, pit_counter_read(c, now), status, "tick %lld", now);
}

static void counter_null_count(struct kunit *test)
{
	struct pit_counter c = { .gate = 1 };

	pit_counter_write_control(&c, 0x34, 0);
	expect_status(test, &c, 0, 0xf4);
	pit_counter_write(&c, 10, 1);
	expect_status(test, &c, 1, 0xf4);
	pit_counter_write(&c, 0, 2);
	/* Loaded with the next tick */
	expect_status(test, &c, 2, 0xf4);
	expect_status(test, &c, 3, 0xb4);
	/* A new one: at the end of the period */
	write_count(&c, 12, 5);
	expect_status(test, &c, 5, 0xf4);
	expect_status(test, &c, 12, 0x74);
	expect_status(test, &c, 13, 0xb4);
	/* Mode 1: at the trigger */
	c.gate = 0;
	pit_counter_write_control(&c, 0x32, 20);
	write_count(&c, 5, 20);
	expect_status(test, &c, 30, 0xf2);
	pit_counter_set_gate(&c, true, 30);
	expect_status(test, &c, 31, 0x32);
}

/* After a long time the edges are where the first ones were: no drift */
static void counter_no_drift(struct kunit *test)
{
	struct pit_counter c = counter(2, false, 11932, true);
	s64 late = 1 + 11932LL * 100 * 86400 * 365;

	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late), late + 11932);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late + 11931), late + 11932);
	KUNIT_EXPECT_EQ(test, pit_counter_next_rise(&c, late + 11932), late + 2 * 11932);
}

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(counter_mode0),
	KUNIT_CASE(counter_mode1),
	KUNIT_CASE(counter_mode2),
	KUNIT_CASE(counter_mode3),
	KUNIT_CASE(counter_mode4),
	KUNIT_CASE(counter_mode5),
	KUNIT_CASE(counter_mode_aliases),
	KUNIT_CASE(counter_bcd),
	KUNIT_CASE(counter_extreme_counts),
	KUNIT_CASE(counter_null_count),
	KUNIT_CASE(counter_no_drift),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "axvm-pit-counter",
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: one counter of an 82C54");
