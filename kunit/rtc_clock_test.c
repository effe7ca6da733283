// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of devices/rtc_cmos.c against the MC146818 datasheet: time, alarm, rates. Its
 * source is part of this module, so the arithmetic is given any time there is, at once.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../devices/rtc_cmos.c"

#define SECOND		((s64)NSEC_PER_SEC)

/* A clock that ticks in mode @b, at @time exactly */
static struct cmos_state clock_at(u8 b, time64_t time)
{
	struct cmos_state s = { .last = 1000 * SECOND };

	s.ram[RTC_REG_A] = CMOS_REG_A;
	s.ram[RTC_REG_B] = b;
	cmos_set_time(&s, time);
	return s;
}

static void rtc_formats(struct kunit *test)
{
	static const struct {
		u8 b, hour, second, byte, second_byte;
	} cases[] = {
		{ RTC_24H, 0, 59, 0x00, 0x59 },
		{ RTC_24H, 9, 10, 0x09, 0x10 },
		{ RTC_24H, 23, 45, 0x23, 0x45 },
		{ RTC_24H | RTC_DM_BINARY, 0, 59, 0x00, 59 },
		{ RTC_24H | RTC_DM_BINARY, 23, 45, 23, 45 },
		{ 0, 0, 1, 0x12, 0x01 },
		{ 0, 1, 1, 0x01, 0x01 },
		{ 0, 11, 1, 0x11, 0x01 },
		{ 0, 12, 1, 0x92, 0x01 },
		{ 0, 13, 1, 0x81, 0x01 },
		{ 0, 23, 1, 0x91, 0x01 },
		{ RTC_DM_BINARY, 0, 59, 12, 59 },
		{ RTC_DM_BINARY, 11, 59, 11, 59 },
		{ RTC_DM_BINARY, 12, 59, 0x8c, 59 },
		{ RTC_DM_BINARY, 22, 59, 0x8a, 59 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		time64_t time = mktime64(1987, 12, 31, cases[i].hour, 34, cases[i].second);
		struct cmos_state s = clock_at(cases[i].b, time);
		bool binary = cases[i].b & RTC_DM_BINARY;

		KUNIT_EXPECT_EQ_MSG(test, s.ram[RTC_HOURS], cases[i].byte, "%u", i);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_SECONDS], cases[i].second_byte);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_MINUTES], binary ? 34 : 0x34);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_DAY_OF_WEEK], 5);	/* Thursday */
		KUNIT_EXPECT_EQ(test, s.ram[RTC_DAY_OF_MONTH], binary ? 31 : 0x31);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_MONTH], binary ? 12 : 0x12);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_YEAR], binary ? 87 : 0x87);
		KUNIT_EXPECT_EQ(test, s.ram[CMOS_CENTURY], binary ? 19 : 0x19);
		KUNIT_EXPECT_EQ(test, cmos_get_time(&s), time);
	}
}

static void expect_update(struct kunit *test, time64_t from, s64 seconds, time64_t to)
{
	static const u8 modes[] = { 0, RTC_24H, RTC_DM_BINARY, RTC_24H | RTC_DM_BINARY };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct cmos_state s = clock_at(modes[i], from), wanted = clock_at(modes[i], to);

		cmos_sync(&s, s.last + seconds * SECOND);
		KUNIT_EXPECT_EQ(test, cmos_get_time(&s), to);
		/* And the bytes that are the time, weekday and century too */
		KUNIT_EXPECT_EQ(test, memcmp(s.ram, wanted.ram, RTC_REG_A), 0);
		KUNIT_EXPECT_EQ(test, s.ram[CMOS_CENTURY], wanted.ram[CMOS_CENTURY]);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_UF, RTC_UF);
	}
}

static void rtc_updates(struct kunit *test)
{
	expect_update(test, mktime64(2023, 5, 6, 7, 8, 9), 1, mktime64(2023, 5, 6, 7, 8, 10));
	expect_update(test, mktime64(2023, 5, 6, 11, 59, 59), 1, mktime64(2023, 5, 6, 12, 0, 0));
	expect_update(test, mktime64(1999, 12, 31, 23, 59, 59), 1, mktime64(2000, 1, 1, 0, 0, 0));
	/* Leap years: 2000 and 2024, not 2023 and 2100 */
	expect_update(test, mktime64(2000, 2, 28, 23, 59, 59), 1, mktime64(2000, 2, 29, 0, 0, 0));
	expect_update(test, mktime64(2024, 2, 28, 23, 59, 59), 1, mktime64(2024, 2, 29, 0, 0, 0));
	expect_update(test, mktime64(2023, 2, 28, 23, 59, 59), 1, mktime64(2023, 3, 1, 0, 0, 0));
	expect_update(test, mktime64(2100, 2, 28, 23, 59, 59), 1, mktime64(2100, 3, 1, 0, 0, 0));
	expect_update(test, mktime64(2023, 4, 30, 23, 59, 59), 1, mktime64(2023, 5, 1, 0, 0, 0));
	/* Nobody looked for a day, for years; the host's clock was set back */
	expect_update(test, mktime64(2023, 5, 6, 7, 8, 9), 86400, mktime64(2023, 5, 7, 7, 8, 9));
	expect_update(test, mktime64(2023, 1, 1, 0, 0, 0), 730 * 86400LL,
		      mktime64(2024, 12, 31, 0, 0, 0));
	expect_update(test, mktime64(2024, 3, 1, 0, 0, 0), -1, mktime64(2024, 2, 29, 23, 59, 59));
}

/* An update is at the full second, not before, and not while SET or DV prevent it */
static void rtc_update_time(struct kunit *test)
{
	struct cmos_state s = clock_at(RTC_24H, 100);

	cmos_sync(&s, s.last + SECOND - 1);
	KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 100);
	KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_UF, 0);
	cmos_sync(&s, s.last + 1);
	KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 101);
	s.ram[RTC_REG_C] = 0;
	s.ram[RTC_REG_B] |= RTC_SET;
	cmos_sync(&s, s.last + 10 * SECOND);
	KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 101);
	KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_UF, 0);
	/* The divider chain goes on in spite of SET */
	KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_PF, RTC_PF);
	s.ram[RTC_REG_B] &= ~RTC_SET;
	s.ram[RTC_REG_A] = RTC_DIV_RESET2 | 6;
	s.ram[RTC_REG_C] = 0;
	cmos_sync(&s, s.last + 10 * SECOND);
	KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 101);
	KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C], 0);
	s.ram[RTC_REG_A] = CMOS_REG_A;
	cmos_sync(&s, s.last + SECOND);
	KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 102);
}

static void rtc_alarm_delay(struct kunit *test)
{
	/* Alarm bytes and time of day in BCD; seconds from there to the alarm */
	static const struct {
		u8 b;
		u32 alarm, now;
		unsigned int delay;
	} cases[] = {
		{ RTC_24H, 0x123456, 0x123455, 1 },
		{ RTC_24H, 0x123456, 0x123456, 86400 },
		{ RTC_24H, 0x123456, 0x123457, 86399 },
		{ RTC_24H, 0x000000, 0x235959, 1 },
		{ RTC_24H, 0x123400, 0x113400, 3600 },
		/* Don't care, from 0xc0 to 0xff */
		{ RTC_24H, 0xffffff, 0x101010, 1 },
		{ RTC_24H, 0xc0c0c0, 0x235959, 1 },
		{ RTC_24H, 0xffff30, 0x101029, 1 },
		{ RTC_24H, 0xffff30, 0x101030, 60 },
		{ RTC_24H, 0xff1530, 0x101530, 3600 },
		{ RTC_24H, 0xff1530, 0x231531, 3599 },
		{ RTC_24H, 0xff00ff, 0x100059, 3541 },
		{ RTC_24H, 0x10ffff, 0x105959, 82801 },
		{ RTC_24H, 0x10ffff, 0x100000, 1 },
		{ RTC_24H, 0x10ff30, 0x105930, 82860 },
		{ RTC_24H, 0x1015ff, 0x101559, 86341 },
		/* Times that do not exist, but as don't care */
		{ RTC_24H, 0x240000, 0x101010, 0 },
		{ RTC_24H, 0xff60ff, 0x101010, 0 },
		{ RTC_24H, 0xffff60, 0x101010, 0 },
		{ RTC_24H, 0x99bfff, 0x101010, 0 },
		/* 12 hours */
		{ 0, 0x120000, 0x115959, 43201 },
		{ 0, 0x920000, 0x115959, 1 },
		{ 0, 0x813000, 0x923000, 3600 },
		{ 0, 0x120001, 0x120000, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cmos_state s = clock_at(cases[i].b, 0), back;
		unsigned int delay = cases[i].delay, got, second;

		s.ram[RTC_HOURS] = cases[i].now >> 16;
		s.ram[RTC_MINUTES] = cases[i].now >> 8;
		s.ram[RTC_SECONDS] = cases[i].now;
		s.ram[RTC_HOURS_ALARM] = cases[i].alarm >> 16;
		s.ram[RTC_MINUTES_ALARM] = cases[i].alarm >> 8;
		s.ram[RTC_SECONDS_ALARM] = cases[i].alarm;
		got = cmos_alarm_delay(&s);
		KUNIT_EXPECT_EQ_MSG(test, got, delay, "%u", i);
		if (!got)
			continue;
		/* AF comes with that second, neither before nor for a step back */
		second = s.last / SECOND;
		back = s;
		cmos_sync(&back, s.last - SECOND);
		KUNIT_EXPECT_EQ(test, back.ram[RTC_REG_C] & RTC_AF, 0);
		cmos_sync(&s, (second + got) * SECOND - 1);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_AF, 0);
		cmos_sync(&s, (second + got) * SECOND);
		KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_AF, RTC_AF);
	}
}

static void rtc_rates(struct kunit *test)
{
	/* Datasheet, table 5, at 32.768 kHz */
	static const unsigned int rate[] = { 0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128,
					     64, 32, 16, 8, 4, 2 };
	unsigned int rs;

	for (rs = 0; rs < 16; rs++) {
		struct cmos_state s = clock_at(RTC_24H | RTC_PIE, 0);
		s64 start = s.last, next;
		unsigned int i;

		s.ram[RTC_REG_A] = RTC_REF_CLCK_32KHZ | rs;
		next = cmos_next_event(&s);
		if (!rs) {
			KUNIT_EXPECT_EQ(test, next, CMOS_NEVER);
			cmos_sync(&s, start + 10 * SECOND);
			KUNIT_EXPECT_EQ(test, s.ram[RTC_REG_C] & RTC_PF, 0);
			continue;
		}
		/* Exact over two seconds: period i ends at i / rate */
		for (i = 1; i <= 2 * rate[rs]; i++) {
			s64 end = DIV_ROUND_UP_ULL((u64)i * NSEC_PER_SEC, rate[rs]);

			next = cmos_next_event(&s);
			if (next != start + end)
				break;
			cmos_sync(&s, next - 1);
			if (s.ram[RTC_REG_C] & RTC_PF)
				break;
			cmos_sync(&s, next);
			if (!(s.ram[RTC_REG_C] & RTC_PF))
				break;
			s.ram[RTC_REG_C] = 0;
		}
		KUNIT_EXPECT_EQ_MSG(test, i, 2 * rate[rs] + 1, "RS %u", rs);
	}
}

static void rtc_next_event(struct kunit *test)
{
	struct cmos_state s = clock_at(RTC_24H, mktime64(2023, 5, 6, 7, 8, 9));
	s64 start = s.last;

	s.ram[RTC_HOURS_ALARM] = 0x07;
	s.ram[RTC_MINUTES_ALARM] = 0x09;
	s.ram[RTC_SECONDS_ALARM] = 0x00;
	/* Nothing enabled, no timer */
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), CMOS_NEVER);
	s.ram[RTC_REG_B] |= RTC_AIE;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), start + 51 * SECOND);
	s.ram[RTC_REG_B] |= RTC_UIE;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), start + SECOND);
	s.ram[RTC_REG_B] |= RTC_PIE;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), start + 976563);
	/* The line is up: nothing can raise it */
	s.ram[RTC_REG_C] = RTC_AF;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), CMOS_NEVER);
	/* A flag whose enable is clear does not count */
	s.ram[RTC_REG_B] &= ~RTC_AIE;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), start + 976563);
	/* SET stops updates and alarms, DV all */
	s.ram[RTC_REG_C] = 0;
	s.ram[RTC_REG_B] = RTC_24H | RTC_AIE | RTC_UIE | RTC_SET;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), CMOS_NEVER);
	s.ram[RTC_REG_B] |= RTC_PIE;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), start + 976563);
	s.ram[RTC_REG_A] = RTC_DIV_RESET1 | 6;
	KUNIT_EXPECT_EQ(test, cmos_next_event(&s), CMOS_NEVER);
}

static u8 register_a(struct rtc_cmos *cmos, s64 ns)
{
	cmos->state.index = RTC_REG_A;
	cmos->state.last = 1000 * SECOND + ns;
	return cmos_read_register(cmos);
}

/* UIP: the last 244 us of a second, and never while there is no update to come */
static void rtc_uip(struct kunit *test)
{
	struct rtc_cmos *cmos = kunit_kzalloc(test, sizeof(*cmos), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cmos);
	cmos->state = clock_at(RTC_24H, 0);
	KUNIT_EXPECT_EQ(test, register_a(cmos, 0), 0x26);
	KUNIT_EXPECT_EQ(test, register_a(cmos, SECOND - 244001), 0x26);
	KUNIT_EXPECT_EQ(test, register_a(cmos, SECOND - 244000), 0xa6);
	KUNIT_EXPECT_EQ(test, register_a(cmos, SECOND - 1), 0xa6);
	cmos->state.ram[RTC_REG_B] |= RTC_SET;
	KUNIT_EXPECT_EQ(test, register_a(cmos, SECOND - 1), 0x26);
	cmos->state.ram[RTC_REG_B] = RTC_24H;
	cmos->state.ram[RTC_REG_A] = 0x76;
	KUNIT_EXPECT_EQ(test, register_a(cmos, SECOND - 1), 0x76);
}

/* Out of the divider's reset, the first update is half a second away, to the nanosecond */
static void rtc_divider(struct kunit *test)
{
	static const s64 host[] = { 0, 1, 499999999, 500000000, 500000001, 999999999 };
	static const u32 phase[] = { 0, 1, 250000000, 999999999 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(host); i++) {
		for (j = 0; j < ARRAY_SIZE(phase); j++) {
			struct cmos_state s = clock_at(RTC_24H, 100);

			s.phase = phase[j];
			s.last = 5000 * SECOND + host[i] + phase[j];
			cmos_start_divider(&s);
			KUNIT_EXPECT_LT(test, s.phase, SECOND);
			KUNIT_EXPECT_EQ(test, s.last - s.phase, 5000 * SECOND + host[i]);
			cmos_sync(&s, s.last + SECOND / 2 - 1);
			KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 100);
			cmos_sync(&s, s.last + 1);
			KUNIT_EXPECT_EQ(test, cmos_get_time(&s), 101);
		}
	}
}

/* Bytes that are no time: none hurts, and the next update makes a time of them */
static void rtc_hostile_time(struct kunit *test)
{
	static const u8 modes[] = { 0, RTC_24H, RTC_DM_BINARY, RTC_24H | RTC_DM_BINARY };
	struct rnd_state rnd;
	unsigned int i, delay;

	prandom_seed_state(&rnd, 146818);
	for (i = 0; i < 20000; i++) {
		struct cmos_state s = clock_at(modes[i % 4], 0);
		time64_t time;

		prandom_bytes_state(&rnd, s.ram, RTC_REG_A);
		prandom_bytes_state(&rnd, &s.ram[CMOS_CENTURY], 1);
		if (i < 256)
			memset(s.ram, i, RTC_REG_A);
		delay = cmos_alarm_delay(&s);
		KUNIT_ASSERT_LE(test, delay, 86400);
		time = cmos_get_time(&s);
		cmos_sync(&s, s.last + SECOND);
		KUNIT_ASSERT_EQ(test, s.ram[RTC_REG_C] & RTC_AF, delay == 1 ? RTC_AF : 0);
		/* What it is now can be written as bytes, unless the century overflows */
		if (time < 0 || time >= (s64)CMOS_LAST_TIME)
			continue;
		KUNIT_ASSERT_EQ(test, cmos_get_time(&s), time + 1);
	}
}

static struct kunit_case rtc_clock_cases[] = {
	KUNIT_CASE(rtc_formats),
	KUNIT_CASE(rtc_updates),
	KUNIT_CASE(rtc_update_time),
	KUNIT_CASE(rtc_alarm_delay),
	KUNIT_CASE(rtc_rates),
	KUNIT_CASE(rtc_next_event),
	KUNIT_CASE(rtc_uip),
	KUNIT_CASE(rtc_divider),
	KUNIT_CASE(rtc_hostile_time),
	{}
};

static struct kunit_suite rtc_clock_suite = {
	.name = "axvm-rtc-clock",
	.test_cases = rtc_clock_cases,
};

kunit_test_suite(rtc_clock_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the clock of an MC146818");
