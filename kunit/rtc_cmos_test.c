// SPDX-License-Identifier: GPL-2.0
/*
 * devices/rtc_cmos.c against the MC146818 datasheet: ports, interrupt and state, through
 * the registry and in the host's time. The clock's arithmetic is in rtc_clock_test.c.
 */
#include <linux/bcd.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mc146818rtc.h>
#include <linux/prandom.h>

#include "fixture.h"

#define INDEX		0x70
#define DATA		0x71
#define IRQ		8
#define CENTURY		0x32

/* --- ports ------------------------------------------------------------------------------- */

struct rtc_test {
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
};

static struct rtc_test rtc_setup(struct kunit *test, u64 time)
{
	struct axvm_device_config config = { .type = AXVM_DEV_RTC_CMOS, .nr_cfg = 1 };
	struct rtc_test t = { .vm = fixture_vm(test, 0) };

	config.cfg[0] = time;
	t.chip = fixture_chip(test, t.vm);
	t.dev = fixture_try_device(t.vm, &config);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t.dev));
	return t;
}

static u8 get(struct rtc_test *t, u8 reg)
{
	fixture_out(t->vm, INDEX, 1, reg);
	return fixture_in(t->vm, DATA, 1);
}

static void set(struct rtc_test *t, u8 reg, u8 value)
{
	fixture_out(t->vm, INDEX, 1, reg);
	fixture_out(t->vm, DATA, 1, value);
}

static bool line_up(struct rtc_test *t)
{
	return READ_ONCE(t->chip->level[IRQ]);
}

static bool wait_for_line(struct rtc_test *t)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && !line_up(t); ms += 20)
		msleep(20);
	return line_up(t);
}

/* As Linux reads it: whole between two updates */
static time64_t get_time(struct rtc_test *t)
{
	u8 s, m, h, day, month, year, century;

	do {
		while (get(t, RTC_REG_A) & RTC_UIP)
			cpu_relax();
		s = get(t, RTC_SECONDS);
		m = get(t, RTC_MINUTES);
		h = get(t, RTC_HOURS);
		day = get(t, RTC_DAY_OF_MONTH);
		month = get(t, RTC_MONTH);
		year = get(t, RTC_YEAR);
		century = get(t, CENTURY);
	} while (s != get(t, RTC_SECONDS));
	return mktime64(bcd2bin(century) * 100 + bcd2bin(year), bcd2bin(month), bcd2bin(day),
			bcd2bin(h), bcd2bin(m), bcd2bin(s));
}

/* As Linux sets it: mc146818_set_time() */
static void set_time(struct rtc_test *t, time64_t time)
{
	u8 a, b = get(t, RTC_REG_B);
	struct tm tm;

	time64_to_tm(time, 0, &tm);
	set(t, RTC_REG_B, b | RTC_SET);
	a = get(t, RTC_REG_A);
	set(t, RTC_REG_A, a | RTC_DIV_RESET2);
	set(t, RTC_YEAR, bin2bcd(tm.tm_year % 100));
	set(t, RTC_MONTH, bin2bcd(tm.tm_mon + 1));
	set(t, RTC_DAY_OF_MONTH, bin2bcd(tm.tm_mday));
	set(t, RTC_HOURS, bin2bcd(tm.tm_hour));
	set(t, RTC_MINUTES, bin2bcd(tm.tm_min));
	set(t, RTC_SECONDS, bin2bcd(tm.tm_sec));
	set(t, CENTURY, bin2bcd((tm.tm_year + 1900) / 100));
	set(t, RTC_REG_B, b);
	set(t, RTC_REG_A, a);
}

static void rtc_power_on(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);

	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_A) & ~RTC_UIP, 0x26);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_B), 0x02);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_IRQF, 0);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_D), 0x80);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
}

static void rtc_host_time(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	time64_t before, now;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		before = div_u64(ktime_get_real_ns(), NSEC_PER_SEC);
		now = get_time(&t);
		KUNIT_EXPECT_GE(test, now, before);
		KUNIT_EXPECT_LE(test, now, div_u64(ktime_get_real_ns(), NSEC_PER_SEC));
		msleep(400);
	}
}

static void rtc_initial_time(struct kunit *test)
{
	time64_t wanted = mktime64(1999, 12, 31, 23, 59, 58), now;
	u64 start = ktime_get_real_ns();
	struct rtc_test t = rtc_setup(test, wanted);

	msleep(1500);
	now = get_time(&t);
	/* 1.5 seconds are one or two updates */
	KUNIT_EXPECT_GE(test, now, wanted + 1);
	KUNIT_EXPECT_LE(test, now, wanted + 1 + div_u64(ktime_get_real_ns() - start,
							NSEC_PER_SEC));
}

static void rtc_guest_sets_time(struct kunit *test)
{
	time64_t wanted = mktime64(2031, 2, 28, 23, 59, 59), now;
	struct rtc_test t = rtc_setup(test, 0);
	u64 before, after, least;

	before = ktime_get_ns();
	set_time(&t, wanted);
	after = ktime_get_ns();
	/* The first update is half a second away */
	if (get_time(&t) != wanted)
		KUNIT_EXPECT_GE(test, ktime_get_ns() - before, 500 * NSEC_PER_MSEC);
	msleep(1700);
	least = div_u64(ktime_get_ns() - after + NSEC_PER_SEC / 2, NSEC_PER_SEC);
	now = get_time(&t);
	KUNIT_EXPECT_GE(test, now, wanted + least);
	KUNIT_EXPECT_LE(test, now, wanted + div_u64(ktime_get_ns() - before + NSEC_PER_SEC / 2,
						    NSEC_PER_SEC));
	KUNIT_EXPECT_GE(test, least, 2);
	/* 1 March 2031, a Saturday: the 28 was not a leap day's eve */
	KUNIT_EXPECT_EQ(test, get(&t, RTC_MONTH), 0x03);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_DAY_OF_WEEK), 7);
}

/* With SET, what is written is what is read, whatever it is */
static void rtc_set_bit(struct kunit *test)
{
	static const u8 regs[] = { 0, 2, 4, 6, 7, 8, 9, CENTURY };
	struct rtc_test t = rtc_setup(test, 0);
	unsigned int i;

	set(&t, RTC_REG_B, RTC_24H | RTC_SET | RTC_UIE | RTC_AIE);
	/* SET going high clears UIE */
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_B), RTC_24H | RTC_SET | RTC_AIE);
	set(&t, RTC_REG_B, RTC_24H | RTC_SET | RTC_UIE);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_B), RTC_24H | RTC_SET | RTC_UIE);
	get(&t, RTC_REG_C);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		set(&t, regs[i], 0x9a + i);
	msleep(1100);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		KUNIT_EXPECT_EQ(test, get(&t, regs[i]), 0x9a + i);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & (RTC_UF | RTC_IRQF), 0);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
}

static void rtc_registers(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	unsigned int i;

	/* RAM and alarm bytes; bit 7 of the index is not part of it */
	for (i = 0x0e; i < 0x80; i++)
		if (i != CENTURY)
			set(&t, i, i ^ 0x55);
	for (i = 0x0e; i < 0x80; i++)
		if (i != CENTURY)
			KUNIT_EXPECT_EQ(test, get(&t, i | 0x80), i ^ 0x55);
	for (i = RTC_SECONDS_ALARM; i <= RTC_HOURS_ALARM; i += 2) {
		set(&t, i, 0xc0 + i);
		KUNIT_EXPECT_EQ(test, get(&t, i), 0xc0 + i);
	}
	/* Read-only: UIP, C, D */
	set(&t, RTC_REG_A, 0xff);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_A), 0x7f);
	set(&t, RTC_REG_C, 0xf0);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_IRQF, 0);
	set(&t, RTC_REG_D, 0x00);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_D), 0x80);
	/* The index cannot be read back */
	fixture_out(t.vm, INDEX, 1, 0x20);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, INDEX, 1), 0xff);
	/* Both ports at once, the index first */
	fixture_out(t.vm, INDEX, 2, 0x4221);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, DATA, 1), 0x42);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, INDEX, 2), 0x42ff);
	KUNIT_EXPECT_EQ(test, get(&t, 0x20), 0x20 ^ 0x55);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, DATA, 2), 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, INDEX, 4), 0xffffffff);
}

/* --- the interrupt ---------------------------------------------------------------------- */

static void rtc_update_interrupt(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	unsigned int i;
	u8 flags;

	get(&t, RTC_REG_C);
	set(&t, RTC_REG_B, RTC_24H | RTC_UIE);
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
		flags = get(&t, RTC_REG_C);
		KUNIT_EXPECT_EQ(test, flags & ~RTC_PF, RTC_IRQF | RTC_UF);
		KUNIT_EXPECT_FALSE(test, line_up(&t));
		KUNIT_EXPECT_EQ(test, t.chip->rises[IRQ], i);
	}
	/* Not read: one interrupt is all there is */
	KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
	msleep(1500);
	KUNIT_EXPECT_EQ(test, t.chip->rises[IRQ], 3);
	/* Disabled, the line goes down, and the flag stays; enabled, it is up again at once */
	set(&t, RTC_REG_B, RTC_24H);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	set(&t, RTC_REG_B, RTC_24H | RTC_UIE);
	KUNIT_EXPECT_TRUE(test, line_up(&t));
	set(&t, RTC_REG_B, RTC_24H);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & ~RTC_PF, RTC_UF);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_UF, 0);
	msleep(1100);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_UF, RTC_UF);
}

/* Without a timer the flags tell as much */
static void rtc_flags_polled(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);

	get(&t, RTC_REG_C);
	msleep(20);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_PF, RTC_PF);
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ);
	get(&t, RTC_REG_C);
	msleep(20);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_PF, 0);
	KUNIT_EXPECT_EQ(test, t.chip->rises[IRQ], 0);
}

static void rtc_periodic_interrupt(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	unsigned int i;
	u64 start, took;

	get(&t, RTC_REG_C);
	start = ktime_get_ns();
	set(&t, RTC_REG_B, RTC_24H | RTC_PIE);
	for (i = 0; i < 20; i++) {
		if (!wait_for_line(&t))
			break;
		KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & ~(RTC_UF | RTC_AF), RTC_IRQF | RTC_PF);
	}
	took = ktime_get_ns() - start;
	KUNIT_EXPECT_EQ(test, i, 20);
	/* At 1024 Hz, 20 of them take 19 periods at least */
	KUNIT_EXPECT_GE(test, took, 19 * NSEC_PER_SEC / 1024);
	/* At 8192 Hz, one for each read of C: the line is up, so none comes before that */
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ | 3);
	KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
	i = t.chip->rises[IRQ];
	get(&t, RTC_REG_C);
	msleep(20);
	KUNIT_EXPECT_EQ(test, t.chip->rises[IRQ], i + 1);
	/* No rate, no interrupt */
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ);
	get(&t, RTC_REG_C);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
}

static void rtc_alarm_interrupt(struct kunit *test)
{
	time64_t wanted = mktime64(2030, 12, 31, 23, 59, 58);
	struct rtc_test t = rtc_setup(test, 0);
	u64 before;

	/* As Linux does it: two seconds from now, over the end of the year */
	set(&t, RTC_HOURS_ALARM, 0x00);
	set(&t, RTC_MINUTES_ALARM, 0x00);
	set(&t, RTC_SECONDS_ALARM, 0x00);
	before = ktime_get_ns();
	set_time(&t, wanted);
	get(&t, RTC_REG_C);
	set(&t, RTC_REG_B, RTC_24H | RTC_AIE);
	KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
	KUNIT_EXPECT_GE(test, ktime_get_ns() - before, 1500 * NSEC_PER_MSEC);
	KUNIT_EXPECT_GE(test, get_time(&t), wanted + 2);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & ~(RTC_PF | RTC_UF), RTC_IRQF | RTC_AF);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	msleep(1100);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	/* Every second, by don't care, and an alarm byte written counts at once */
	set(&t, RTC_HOURS_ALARM, 0xff);
	set(&t, RTC_MINUTES_ALARM, 0xff);
	set(&t, RTC_SECONDS_ALARM, 0xff);
	KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
	get(&t, RTC_REG_C);
	/* At a time that does not exist: never */
	set(&t, RTC_SECONDS_ALARM, 0x60);
	get(&t, RTC_REG_C);
	msleep(1100);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & RTC_AF, 0);
}

/* --- state ------------------------------------------------------------------------------ */

/* The device's saved state */
struct rtc_saved {
	s64 last;
	u32 phase;
	u8 index;
	u8 reserved[3];
	u8 ram[128];
};

static void save(struct rtc_test *t, struct rtc_saved *state)
{
	t->dev->type->ops->save(t->dev, state);
}

static int restore(struct rtc_test *t, const struct rtc_saved *state)
{
	return t->dev->type->ops->restore(t->dev, state);
}

/* Where in its second the clock was at host time @now */
static s32 in_second(const struct rtc_saved *state, u64 now)
{
	s32 ns;

	div_s64_rem(now + state->phase, NSEC_PER_SEC, &ns);
	return ns;
}

/* Leaving the divider's reset puts the clock into the middle of a second. */
static void rtc_divider_phase(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	struct rtc_saved state;
	u64 before, after;

	set(&t, RTC_REG_A, RTC_DIV_RESET2 | 6);
	before = ktime_get_real_ns();
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ | 6);
	after = ktime_get_real_ns();
	save(&t, &state);
	if (after - before >= NSEC_PER_SEC / 2)
		kunit_skip(test, "the host was away");
	KUNIT_EXPECT_LE(test, in_second(&state, before), NSEC_PER_SEC / 2);
	KUNIT_EXPECT_GE(test, in_second(&state, after), NSEC_PER_SEC / 2);
	/* Another rate is no reset. */
	before = state.phase;
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ | 7);
	save(&t, &state);
	KUNIT_EXPECT_EQ(test, state.phase, before);
}

/* The timer knows of the phase: a clock that is ahead of the host's has its updates early. */
static void rtc_timer_phase(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	struct rtc_saved state;
	unsigned int i;
	s32 ns;

	save(&t, &state);
	state.phase = 800 * NSEC_PER_MSEC;
	state.last += state.phase;
	state.ram[RTC_REG_B] |= RTC_UIE;
	state.ram[RTC_REG_C] = 0;
	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	get(&t, RTC_REG_C);
	/* One of three on time: the host may be busy */
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_TRUE(test, wait_for_line(&t));
		ns = in_second(&state, ktime_get_real_ns());
		if (ns < NSEC_PER_SEC / 2)
			break;
		get(&t, RTC_REG_C);
	}
	KUNIT_EXPECT_LT(test, ns, NSEC_PER_SEC / 2);
}

static void rtc_save_restore(struct kunit *test)
{
	time64_t wanted = mktime64(2040, 6, 7, 8, 9, 10), now;
	struct rtc_test t = rtc_setup(test, wanted), u = rtc_setup(test, 0);
	u64 start = ktime_get_real_ns();
	struct rtc_saved state;

	KUNIT_ASSERT_EQ(test, t.dev->type->state_size, sizeof(state));
	set(&t, 0x40, 0x77);
	set(&t, RTC_REG_B, RTC_24H | RTC_UIE);
	save(&t, &state);
	KUNIT_EXPECT_EQ(test, state.index, RTC_REG_B);
	/* The clock goes on in between, and an update is found to have been */
	msleep(1100);
	KUNIT_ASSERT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_TRUE(test, line_up(&u));
	now = get_time(&u);
	KUNIT_EXPECT_GE(test, now, wanted + 1);
	KUNIT_EXPECT_LE(test, now, wanted + 1 + div_u64(ktime_get_real_ns() - start,
							NSEC_PER_SEC));
	KUNIT_EXPECT_EQ(test, get(&u, 0x40), 0x77);
	/* The timer of an enabled interrupt is set */
	get(&u, RTC_REG_C);
	save(&u, &state);
	u = rtc_setup(test, 0);
	KUNIT_ASSERT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_line(&u));
	/* A state without one stops it and lowers the line */
	state.ram[RTC_REG_B] = RTC_24H;
	KUNIT_ASSERT_EQ(test, restore(&u, &state), 0);
	KUNIT_EXPECT_FALSE(test, line_up(&u));
}

static void rtc_restore_refuses(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	struct rtc_saved good, bad, now;

	set(&t, RTC_REG_B, RTC_24H | RTC_SET);
	save(&t, &good);
#define REFUSED(field, value) do {						\
		bad = good;							\
		bad.ram[0x50] = 0x99;						\
		bad.field = value;						\
		KUNIT_EXPECT_EQ(test, restore(&t, &bad), -EINVAL);		\
		save(&t, &now);							\
		KUNIT_EXPECT_EQ(test, memcmp(now.ram, good.ram, 128), 0);	\
	} while (0)

	good.ram[RTC_REG_C] &= ~RTC_PF;
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ);
	good.ram[RTC_REG_A] = RTC_REF_CLCK_32KHZ;
	get(&t, RTC_REG_C);
	good.ram[RTC_REG_C] = 0;
	REFUSED(last, -1);
	REFUSED(last, S64_MAX);
	REFUSED(last, S64_MIN);
	REFUSED(phase, NSEC_PER_SEC);
	REFUSED(phase, U32_MAX);
	REFUSED(index, 128);
	REFUSED(reserved[0], 1);
	REFUSED(ram[RTC_REG_A], 0xa6);
	REFUSED(ram[RTC_REG_C], RTC_IRQF);
	REFUSED(ram[RTC_REG_C], 1);
	REFUSED(ram[RTC_REG_D], 0);
#undef REFUSED
	KUNIT_EXPECT_EQ(test, restore(&t, &good), 0);
	/* Any bytes are a time; any host's clock is one */
	memset(good.ram, 0xbf, RTC_REG_A);
	good.last = 0;
	KUNIT_EXPECT_EQ(test, restore(&t, &good), 0);
	get(&t, RTC_SECONDS);
	good.last = KTIME_MAX / 2;
	good.ram[RTC_REG_B] = RTC_24H | RTC_AIE | RTC_UIE | RTC_PIE;
	KUNIT_EXPECT_EQ(test, restore(&t, &good), 0);
	get(&t, RTC_SECONDS);
}

static void rtc_reset(struct kunit *test)
{
	time64_t wanted = mktime64(2040, 6, 7, 20, 9, 10), now;
	struct rtc_test t = rtc_setup(test, wanted);
	u64 start = ktime_get_real_ns();
	struct rtc_saved state;

	/* 12 hours, binary, all interrupts, RAM */
	set(&t, RTC_REG_B, RTC_SET | RTC_DM_BINARY);
	set(&t, RTC_SECONDS, 10);
	set(&t, RTC_MINUTES, 9);
	set(&t, RTC_HOURS, 0x80 | 8);
	set(&t, RTC_DAY_OF_MONTH, 7);
	set(&t, RTC_MONTH, 6);
	set(&t, RTC_YEAR, 40);
	set(&t, CENTURY, 20);
	set(&t, 0x60, 0x12);
	set(&t, RTC_REG_B, RTC_DM_BINARY | RTC_PIE | RTC_AIE | RTC_UIE | RTC_SQWE);
	KUNIT_EXPECT_TRUE(test, wait_for_line(&t));
	t.dev->type->ops->reset(t.dev);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	save(&t, &state);
	KUNIT_EXPECT_EQ(test, state.index, 0);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_B), RTC_24H);
	KUNIT_EXPECT_EQ(test, get(&t, RTC_REG_C) & (RTC_IRQF | RTC_AF), 0);
	/* The battery kept time and RAM */
	KUNIT_EXPECT_EQ(test, get(&t, 0x60), 0x12);
	now = get_time(&t);
	KUNIT_EXPECT_GE(test, now, wanted);
	KUNIT_EXPECT_LE(test, now, wanted + 1 + div_u64(ktime_get_real_ns() - start,
							NSEC_PER_SEC));
	msleep(1100);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
}

static void rtc_removed(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	int ret;

	set(&t, RTC_REG_B, RTC_24H | RTC_PIE);
	mutex_lock(&t.vm->lock);
	ret = axvm_devices_remove(t.vm, t.dev->id);
	mutex_unlock(&t.vm->lock);
	KUNIT_EXPECT_EQ(test, ret, 0);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, INDEX, 2), 0xffff);
}

static void rtc_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_RTC_CMOS, .base = 0x72 };
	struct rtc_test t = { .vm = fixture_vm(test, 0) };

	t.chip = fixture_chip(test, t.vm);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.base = 0x70;
	config.length = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.length = 2;
	config.nr_cfg = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.nr_cfg = 1;
	config.cfg[0] = 253402300800ULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	config.cfg[0] = U64_MAX;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EINVAL);
	/* The last second there is, and what is after it */
	config.cfg[0] = 253402300799ULL;
	config.irq = 11;
	t.dev = fixture_try_device(t.vm, &config);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t.dev));
	set(&t, RTC_REG_A, RTC_REF_CLCK_32KHZ | 3);
	set(&t, RTC_REG_B, RTC_24H | RTC_PIE);
	msleep(20);
	KUNIT_EXPECT_TRUE(test, t.chip->level[11]);
	KUNIT_EXPECT_FALSE(test, t.chip->level[IRQ]);
	msleep(1100);
	get_time(&t);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(t.vm, &config)), -EEXIST);
}

/* Any sequence of accesses leaves a state that could be saved and restored */
static void rtc_hostile(struct kunit *test)
{
	struct rtc_test t = rtc_setup(test, 0);
	struct rtc_saved state;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 146818);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);

		switch (r % 4) {
		case 0:
			set(&t, r >> 8 & 0xf, r >> 16);
			break;
		case 1:
			get(&t, r >> 8 & 0xf);
			break;
		case 2:
			fixture_out(t.vm, INDEX, 2, r >> 8);
			break;
		default:
			if (i % 16)
				break;
			save(&t, &state);
			KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
		}
	}
	t.dev->type->ops->reset(t.dev);
	KUNIT_EXPECT_FALSE(test, line_up(&t));
}

static struct kunit_case rtc_cases[] = {
	KUNIT_CASE(rtc_power_on),
	KUNIT_CASE(rtc_host_time),
	KUNIT_CASE(rtc_initial_time),
	KUNIT_CASE(rtc_guest_sets_time),
	KUNIT_CASE(rtc_set_bit),
	KUNIT_CASE(rtc_registers),
	KUNIT_CASE(rtc_update_interrupt),
	KUNIT_CASE(rtc_flags_polled),
	KUNIT_CASE(rtc_periodic_interrupt),
	KUNIT_CASE(rtc_alarm_interrupt),
	KUNIT_CASE(rtc_divider_phase),
	KUNIT_CASE(rtc_timer_phase),
	KUNIT_CASE(rtc_save_restore),
	KUNIT_CASE(rtc_restore_refuses),
	KUNIT_CASE(rtc_reset),
	KUNIT_CASE(rtc_removed),
	KUNIT_CASE(rtc_config),
	KUNIT_CASE(rtc_hostile),
	{}
};

static struct kunit_suite rtc_suite = {
	.name = "axvm-rtc-cmos",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = rtc_cases,
};

kunit_test_suite(rtc_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: MC146818 real-time clock");
