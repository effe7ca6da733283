// SPDX-License-Identifier: GPL-2.0
/* devices/pl031.c against ARM DDI 0224, from the guest's side. */
#include <linux/delay.h>
#include <linux/prandom.h>
#include <linux/timekeeping.h>

#include "fixture.h"

#define BASE	0x09010000
#define IRQ	4

#define DR	0x00
#define MR	0x04
#define LR	0x08
#define CR	0x0c
#define IMSC	0x10
#define RIS	0x14
#define MIS	0x18
#define ICR	0x1c

/* The saved state: its layout is part of what userspace may keep */
struct pl031_saved {
	s64 last;
	u32 offset, match, load;
	u8 imsc, ris, reserved[2];
};

struct rtc_test {
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
};

static struct rtc_test *rtc(struct kunit *test)
{
	struct rtc_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->vm = fixture_vm(test, 0);
	t->chip = fixture_chip(test, t->vm);
	t->dev = fixture_device(test, t->vm, AXVM_DEV_PL031, 0, IRQ);
	return t;
}

static u32 rd(struct rtc_test *t, unsigned int offset)
{
	return fixture_load(t->vm, NULL, BASE + offset, 4);
}

static void wr(struct rtc_test *t, unsigned int offset, u32 value)
{
	fixture_store(t->vm, NULL, BASE + offset, 4, value);
}

static bool line(struct rtc_test *t)
{
	return READ_ONCE(t->chip->level[IRQ]);
}

static void pl031_power_on(struct kunit *test)
{
	static const u8 id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	struct rtc_test *t = rtc(test);
	unsigned int i;

	for (i = MR; i < 0x1000; i += 4)
		KUNIT_EXPECT_EQ_MSG(test, rd(t, i),
				    i == CR ? 1 : i >= 0xfe0 ? id[(i - 0xfe0) / 4] : 0,
				    "offset %#x", i);
	KUNIT_EXPECT_FALSE(test, line(t));
}

/* It is the host's time, or what the configuration says */
static void pl031_time(struct kunit *test)
{
	struct axvm_device_config config = {
		.type = AXVM_DEV_PL031, .irq = IRQ, .nr_cfg = 1, .cfg = { 1000000000 },
	};
	struct rtc_test *t = rtc(test);
	u32 before = ktime_get_real_seconds(), now = rd(t, DR), after = ktime_get_real_seconds();

	KUNIT_EXPECT_GE(test, now, before);
	KUNIT_EXPECT_LE(test, now, after);

	t->vm = fixture_vm(test, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(t->vm, &config)));
	now = rd(t, DR);
	KUNIT_EXPECT_GE(test, now, 1000000000);
	KUNIT_EXPECT_LE(test, now, 1000000001);
}

static void pl031_registers(struct kunit *test)
{
	struct rtc_test *t = rtc(test);
	u32 now;

	wr(t, LR, 0x12345678);
	now = rd(t, DR);
	KUNIT_EXPECT_TRUE(test, now == 0x12345678 || now == 0x12345679);
	KUNIT_EXPECT_EQ(test, rd(t, LR), 0x12345678);
	wr(t, MR, 0x9abcdef0);
	KUNIT_EXPECT_EQ(test, rd(t, MR), 0x9abcdef0);
	wr(t, IMSC, ~0);
	KUNIT_EXPECT_EQ(test, rd(t, IMSC), 1);
	/* It cannot be stopped; what is read-only is that. */
	wr(t, CR, 0);
	KUNIT_EXPECT_EQ(test, rd(t, CR), 1);
	wr(t, DR, 0);
	wr(t, RIS, 1);
	wr(t, MIS, 1);
	KUNIT_EXPECT_NE(test, rd(t, DR), 0);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 0);
	/* Parts and pairs of registers */
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + MR + 1, 1), 0xde);
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + MR + 2, 2), 0x9abc);
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + LR, 8), 0x112345678ULL);
}

/* The counter becomes equal to the match: by a write of either */
static void pl031_match(struct kunit *test)
{
	struct rtc_test *t = rtc(test);

	wr(t, MR, 500);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 0);
	wr(t, LR, 500);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 1);
	KUNIT_EXPECT_EQ(test, rd(t, MIS), 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	wr(t, IMSC, 1);
	KUNIT_EXPECT_EQ(test, rd(t, MIS), 1);
	KUNIT_EXPECT_TRUE(test, line(t));
	wr(t, ICR, 0);
	KUNIT_EXPECT_TRUE(test, line(t));
	wr(t, ICR, 1);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* That second may be over in between: then once more. */
	wr(t, MR, rd(t, DR));
	if (!rd(t, RIS))
		wr(t, MR, rd(t, DR));
	KUNIT_EXPECT_TRUE(test, line(t));
}

static void pl031_alarm(struct kunit *test)
{
	struct rtc_test *t = rtc(test);
	unsigned int ms;

	wr(t, LR, U32_MAX);
	wr(t, IMSC, 1);
	wr(t, MR, rd(t, DR) + 1);
	KUNIT_EXPECT_FALSE(test, line(t));
	for (ms = 0; ms < 5000 && !line(t); ms += 20)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_LE(test, ms, 3000);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 1);
	wr(t, ICR, 1);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], 1);
}

/* Nobody is told, but it can be seen that it was there */
static void pl031_alarm_masked(struct kunit *test)
{
	struct rtc_test *t = rtc(test);

	wr(t, MR, rd(t, DR) + 1);
	msleep(2100);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 1);
	KUNIT_EXPECT_FALSE(test, line(t));
}

static void pl031_reset_test(struct kunit *test)
{
	struct rtc_test *t = rtc(test);

	wr(t, LR, 5000);
	wr(t, IMSC, 1);
	wr(t, MR, 5000);
	t->dev->type->ops->reset(t->dev);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, IMSC), 0);
	KUNIT_EXPECT_EQ(test, rd(t, RIS), 0);
	KUNIT_EXPECT_EQ(test, rd(t, MR), 0);
	KUNIT_EXPECT_GE(test, rd(t, DR), 5000);
	KUNIT_EXPECT_LE(test, rd(t, DR), 5010);
}

/* A clock that is restored finds that time went on, and that its alarm is due */
static void pl031_save_restore(struct kunit *test)
{
	struct rtc_test *t = rtc(test);
	struct pl031_saved saved;
	u32 back;

	KUNIT_ASSERT_EQ(test, t->dev->type->state_size, sizeof(saved));
	wr(t, LR, 1000);
	wr(t, IMSC, 1);
	wr(t, MR, 2000);
	t->dev->type->ops->save(t->dev, &saved);
	/* A machine without a battery has few seconds since 1970. */
	back = min_t(s64, saved.last, 100);
	KUNIT_ASSERT_GE(test, back, 2);
	saved.last -= back;
	saved.offset += back;
	wr(t, LR, 0);
	KUNIT_ASSERT_EQ(test, t->dev->type->ops->restore(t->dev, &saved), 0);
	KUNIT_EXPECT_GE(test, rd(t, DR), 1000 + back);
	KUNIT_EXPECT_LE(test, rd(t, DR), 1010 + back);
	KUNIT_EXPECT_EQ(test, rd(t, LR), 1000);
	KUNIT_EXPECT_FALSE(test, line(t));

	saved.match = 1001;
	KUNIT_ASSERT_EQ(test, t->dev->type->ops->restore(t->dev, &saved), 0);
	KUNIT_EXPECT_TRUE(test, line(t));
}

static void pl031_restore_refused(struct kunit *test)
{
	struct rtc_test *t = rtc(test);
	struct pl031_saved good, bad;

	t->dev->type->ops->save(t->dev, &good);
#define REFUSED(change)								\
	do {									\
		bad = good;							\
		bad.change;							\
		KUNIT_EXPECT_EQ_MSG(test, t->dev->type->ops->restore(t->dev, &bad),	\
				    -EINVAL, #change);				\
	} while (0)
	REFUSED(last = -1);
	REFUSED(last = S64_MAX);
	REFUSED(imsc = 2);
	REFUSED(ris = 2);
	REFUSED(reserved[0] = 1);
	REFUSED(reserved[1] = 1);
#undef REFUSED
	KUNIT_EXPECT_EQ(test, t->dev->type->ops->restore(t->dev, &good), 0);
}

static void pl031_config(struct kunit *test)
{
	static const struct axvm_device_config refused[] = {
		{ .type = AXVM_DEV_PL031, .length = 0x100 },
		{ .type = AXVM_DEV_PL031, .nr_cfg = 2 },
		{ .type = AXVM_DEV_PL031, .nr_cfg = 1, .cfg = { 1ULL << 32 } },
	};
	struct axvm_vm *vm = fixture_vm(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_TRUE(test, IS_ERR(fixture_try_device(vm, &refused[i])));
	KUNIT_EXPECT_EQ(test, fixture_device(test, vm, AXVM_DEV_PL031, 0, 0)->lines[0], 34);
}

static void pl031_hostile(struct kunit *test)
{
	static const u8 widths[] = { 1, 2, 4, 8 };
	struct rtc_test *t = rtc(test);
	struct rnd_state rnd;
	unsigned int i, width, offset;

	prandom_seed_state(&rnd, 31);
	for (i = 0; i < 20000; i++) {
		width = widths[prandom_u32_state(&rnd) % 4];
		offset = prandom_u32_state(&rnd) % (i & 1 ? 0x20 : 0x1000 - 8);
		if (prandom_u32_state(&rnd) & 1)
			fixture_store(t->vm, NULL, BASE + offset, width, prandom_u32_state(&rnd));
		else
			fixture_load(t->vm, NULL, BASE + offset, width);
		KUNIT_ASSERT_EQ(test, line(t), rd(t, MIS) == 1);
	}
}

static struct kunit_case pl031_cases[] = {
	KUNIT_CASE(pl031_power_on),
	KUNIT_CASE(pl031_time),
	KUNIT_CASE(pl031_registers),
	KUNIT_CASE(pl031_match),
	KUNIT_CASE(pl031_alarm),
	KUNIT_CASE(pl031_alarm_masked),
	KUNIT_CASE(pl031_reset_test),
	KUNIT_CASE(pl031_save_restore),
	KUNIT_CASE(pl031_restore_refused),
	KUNIT_CASE(pl031_config),
	KUNIT_CASE(pl031_hostile),
	{}
};

static struct kunit_suite pl031_suite = {
	.name = "axvm-pl031",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = pl031_cases,
};

kunit_test_suite(pl031_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the PL031 clock");
