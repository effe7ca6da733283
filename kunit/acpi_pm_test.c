// SPDX-License-Identifier: GPL-2.0
/* devices/acpi_pm.c against the ACPI Specification, 4.8.3. */
#include <linux/acpi_pmtmr.h>
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fixture.h"

#define BASE		0x600
#define PM1_STS		(BASE + 0)
#define PM1_EN		(BASE + 2)
#define PM1_CNT		(BASE + 4)
#define PM_TMR		(BASE + 8)

#define TMR		0x0001
#define PWRBTN		0x0100
#define SLP_S5		(5 << 10)
#define SLP_EN		BIT(13)
#define SCI_EN		0x0001

#define SCI		9

/* The device's saved state: its layout is part of what userspace may keep */
struct acpi_pm_saved {
	u16 sts, en, cnt, reserved;
	u64 ticks, carries;
};

struct acpi_pm_test {
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
};

static struct acpi_pm_test acpi_pm_setup(struct kunit *test)
{
	struct acpi_pm_test t = { .vm = fixture_vm(test, 0) };

	t.chip = fixture_chip(test, t.vm);
	t.dev = fixture_device(test, t.vm, AXVM_DEV_ACPI_PM, 0, SCI);
	KUNIT_ASSERT_EQ(test, t.dev->type->state_size, sizeof(struct acpi_pm_saved));
	return t;
}

static bool sci(struct acpi_pm_test *t)
{
	return READ_ONCE(t->chip->level[SCI]);
}

static int restore(struct acpi_pm_test *t, const struct acpi_pm_saved *state)
{
	return t->dev->type->ops->restore(t->dev, state);
}

static struct acpi_pm_saved save(struct acpi_pm_test *t)
{
	struct acpi_pm_saved state;

	t->dev->type->ops->save(t->dev, &state);
	return state;
}

static void expect_stop(struct kunit *test, struct acpi_pm_test *t, u32 reason)
{
	KUNIT_EXPECT_EQ(test, READ_ONCE(t->vm->stop_reason), reason);
	KUNIT_EXPECT_EQ(test, t->vm->stop_code, 0);
}

static void acpi_pm_power_on(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);

	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_EN, 2), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 2), SCI_EN);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 4), SCI_EN);
	/* It starts from 0: not a minute has passed. */
	KUNIT_EXPECT_LT(test, fixture_in(t.vm, PM_TMR, 4), 60 * PMTMR_TICKS_PER_SEC);
	KUNIT_EXPECT_FALSE(test, sci(&t));
}

static void acpi_pm_reserved_bits(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);

	/* All enables, but with no event there is no interrupt. */
	fixture_out(t.vm, PM1_EN, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_EN, 2), 0x0721);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	/* GBL_RLS and SLP_EN cannot be read back, SCI_EN cannot be cleared. */
	fixture_out(t.vm, PM1_CNT, 4, 0xffffc3ff);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 4), 0x0003);
	fixture_out(t.vm, PM1_CNT, 2, 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 2), SCI_EN);
	/* Status is set by events only. */
	fixture_out(t.vm, PM1_STS, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0);
	expect_stop(test, &t, AXVM_STOP_NONE);
}

static void acpi_pm_status(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	struct acpi_pm_saved state = { .sts = 0x8731 };

	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0x8731);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 1), 0x31);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS + 1, 1), 0x87);
	KUNIT_EXPECT_FALSE(test, sci(&t));

	/* Writing 1 clears, writing 0 does not; a byte leaves the other alone. */
	fixture_out(t.vm, PM1_STS, 2, 0x0010);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0x8721);
	fixture_out(t.vm, PM1_STS + 1, 1, 0x80);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0x0721);
	fixture_out(t.vm, PM1_STS, 1, 0x20);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0x0701);
	fixture_out(t.vm, PM1_EN, 2, 0);
	fixture_out(t.vm, PM1_CNT, 4, 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0x0701);
	/* Status and enable in one access */
	fixture_out(t.vm, PM1_STS, 4, 0x00210601);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 4), 0x00210100);
}

/* Each event with each enable: SCI is the OR of their ANDs, and a level */
static void acpi_pm_sci(struct kunit *test)
{
	static const u16 events[] = { 0x0001, 0x0020, 0x0100, 0x0200, 0x0400 };
	struct acpi_pm_test t = acpi_pm_setup(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		for (j = 0; j < ARRAY_SIZE(events); j++) {
			struct acpi_pm_saved state = { .sts = events[i] };

			KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
			KUNIT_EXPECT_FALSE(test, sci(&t));
			fixture_out(t.vm, PM1_EN, 2, events[j]);
			KUNIT_EXPECT_EQ(test, sci(&t), i == j);
			fixture_out(t.vm, PM1_STS, 2, ~events[i]);
			KUNIT_EXPECT_EQ(test, sci(&t), i == j);
			fixture_out(t.vm, PM1_STS, 2, events[i]);
			KUNIT_EXPECT_FALSE(test, sci(&t));
		}
	}

	/* Disabling lowers it too; BM_STS and WAK_STS never raise it. */
	KUNIT_ASSERT_EQ(test, restore(&t, &(struct acpi_pm_saved){ .sts = 0x8110, .en = PWRBTN }),
			0);
	KUNIT_EXPECT_TRUE(test, sci(&t));
	fixture_out(t.vm, PM1_EN + 1, 1, 0);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	fixture_out(t.vm, PM1_EN, 2, 0xffff & ~PWRBTN);
	KUNIT_EXPECT_FALSE(test, sci(&t));
}

static void acpi_pm_sleep(struct kunit *test)
{
	struct acpi_pm_test t;
	unsigned int type;

	for (type = 0; type < 8; type++) {
		u32 reason = type == 5 ? AXVM_STOP_POWEROFF : AXVM_STOP_NONE;

		t = acpi_pm_setup(test);
		fixture_out(t.vm, PM1_CNT, 2, type << 10);
		KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 2), type << 10 | SCI_EN);
		expect_stop(test, &t, AXVM_STOP_NONE);
		fixture_out(t.vm, PM1_CNT, 2, type << 10 | SLP_EN);
		KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 2), type << 10 | SCI_EN);
		expect_stop(test, &t, reason);

		/* The high byte alone, and a doubleword */
		t = acpi_pm_setup(test);
		fixture_out(t.vm, PM1_CNT + 1, 1, (type << 10 | SLP_EN) >> 8);
		expect_stop(test, &t, reason);
		t = acpi_pm_setup(test);
		fixture_out(t.vm, PM1_CNT, 4, type << 10 | SLP_EN | 0xffff0000);
		expect_stop(test, &t, reason);
	}

	/* The type from a write before, SLP_EN elsewhere */
	t = acpi_pm_setup(test);
	fixture_out(t.vm, PM1_CNT, 2, SLP_S5);
	fixture_out(t.vm, PM1_CNT, 1, SLP_EN >> 8);
	fixture_out(t.vm, PM1_EN, 2, SLP_EN);
	fixture_out(t.vm, PM_TMR, 4, SLP_EN | SLP_S5);
	expect_stop(test, &t, AXVM_STOP_NONE);
}

static void acpi_pm_timer(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	u64 before, between, after, least, most;
	u32 first, last;

	before = ktime_get_ns();
	first = fixture_in(t.vm, PM_TMR, 4);
	between = ktime_get_ns();
	msleep(50);
	least = ktime_get_ns() - between;
	last = fixture_in(t.vm, PM_TMR, 4);
	after = ktime_get_ns();
	most = after - before;
	/* Exact to the tick, whatever the time between our two looks */
	KUNIT_EXPECT_GE(test, last - first + 1, least * PMTMR_TICKS_PER_SEC / NSEC_PER_SEC);
	KUNIT_EXPECT_LE(test, last - first, most * PMTMR_TICKS_PER_SEC / NSEC_PER_SEC + 1);
	/* Read-only */
	fixture_out(t.vm, PM_TMR, 4, 0);
	KUNIT_EXPECT_GE(test, fixture_in(t.vm, PM_TMR, 4), last);
}

static void acpi_pm_timer_widths(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	/* Far enough from a carry of 24 bits that the upper byte stays */
	struct acpi_pm_saved state = { .ticks = 0x5a100000 };
	u32 value;

	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM_TMR + 3, 1), 0x5a);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM_TMR + 2, 2) >> 8, 0x5a);
	value = fixture_in(t.vm, PM_TMR, 4);
	KUNIT_EXPECT_GE(test, value, state.ticks);
	KUNIT_EXPECT_EQ(test, value >> 24, 0x5a);
	/* Across registers: the reserved half of the control block and half the timer */
	value = fixture_in(t.vm, PM1_CNT + 2, 4);
	KUNIT_EXPECT_EQ(test, value & 0xffff, 0);
	/* Across the end: nobody's */
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM_TMR + 2, 4), 0xffffffff);
}

/* A state that is @ticks before the next change of bit 31 */
static struct acpi_pm_saved before_carry(u32 ticks, u64 carries, u16 en)
{
	return (struct acpi_pm_saved){
		.en = en,
		.ticks = ((carries + 1) << 31) - ticks,
		.carries = carries,
	};
}

static bool wait_for_sci(struct acpi_pm_test *t)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && !sci(t); ms += 20)
		msleep(20);
	return sci(t);
}

/* Both changes of bit 31, with the interrupt enabled: nobody reads a register meanwhile */
static void acpi_pm_timer_interrupt(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	u64 carries;

	for (carries = 0; carries < 2; carries++) {
		struct acpi_pm_saved state = before_carry(PMTMR_TICKS_PER_SEC / 50, carries, TMR);
		u64 start = ktime_get_ns();

		KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
		KUNIT_EXPECT_TRUE(test, wait_for_sci(&t));
		KUNIT_EXPECT_GE(test, ktime_get_ns() - start, 19 * NSEC_PER_MSEC);
		KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), TMR);
		KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM_TMR, 4) >> 31, 1 - carries);
		fixture_out(t.vm, PM1_STS, 2, TMR);
		KUNIT_EXPECT_FALSE(test, sci(&t));
		/* The next one is ten minutes away. */
		msleep(20);
		KUNIT_EXPECT_FALSE(test, sci(&t));
		KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0);
	}
}

/* Enabled by the guest, also when the change was before */
static void acpi_pm_timer_enable(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	struct acpi_pm_saved state = before_carry(PMTMR_TICKS_PER_SEC / 20, 4, 0);

	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0);
	fixture_out(t.vm, PM1_EN, 2, TMR);
	KUNIT_EXPECT_TRUE(test, wait_for_sci(&t));

	/* Without TMR_EN there is no interrupt, but the status tells of it. */
	state = before_carry(PMTMR_TICKS_PER_SEC / 100, 4, 0);
	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	msleep(30);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 1), TMR);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	fixture_out(t.vm, PM1_EN, 1, TMR);
	KUNIT_EXPECT_TRUE(test, sci(&t));

	/* Nor after TMR_EN was cleared again */
	state = before_carry(PMTMR_TICKS_PER_SEC / 50, 4, TMR);
	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	fixture_out(t.vm, PM1_EN, 1, 0);
	msleep(40);
	KUNIT_EXPECT_FALSE(test, sci(&t));
}

static void acpi_pm_save_restore(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test), u;
	struct acpi_pm_saved state = { .sts = PWRBTN, .ticks = 12345678901, .carries = 5 };
	struct acpi_pm_saved saved, now;
	u64 start;

	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	fixture_out(t.vm, PM1_EN, 2, PWRBTN);
	fixture_out(t.vm, PM1_CNT, 2, 3 << 10);
	msleep(30);
	saved = save(&t);
	KUNIT_EXPECT_EQ(test, saved.sts, PWRBTN);
	KUNIT_EXPECT_EQ(test, saved.en, PWRBTN);
	KUNIT_EXPECT_EQ(test, saved.cnt, 3 << 10);
	KUNIT_EXPECT_GE(test, saved.ticks, state.ticks + PMTMR_TICKS_PER_SEC / 40);
	KUNIT_EXPECT_EQ(test, saved.carries, 5);

	/* The time between does not count. */
	msleep(50);
	u = acpi_pm_setup(test);
	start = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, restore(&u, &saved), 0);
	now = save(&u);
	KUNIT_EXPECT_GE(test, now.ticks, saved.ticks);
	KUNIT_EXPECT_LE(test, now.ticks - saved.ticks,
			(ktime_get_ns() - start) * PMTMR_TICKS_PER_SEC / NSEC_PER_SEC + 1);
	KUNIT_EXPECT_TRUE(test, sci(&u));
	KUNIT_EXPECT_EQ(test, fixture_in(u.vm, PM1_STS, 2), PWRBTN);
	KUNIT_EXPECT_EQ(test, fixture_in(u.vm, PM1_CNT, 2), 3 << 10 | SCI_EN);
	fixture_out(u.vm, PM1_STS, 2, PWRBTN);
	KUNIT_EXPECT_FALSE(test, sci(&u));
}

static void acpi_pm_restore_refuses(struct kunit *test)
{
	static const struct acpi_pm_saved bad[] = {
		{ .sts = 0x0002 },
		{ .sts = 0x4000 },
		{ .en = 0x0010 },
		{ .en = 0x8000 },
		{ .cnt = 0x0001 },
		{ .cnt = SLP_EN },
		{ .reserved = 1 },
		{ .carries = 1 },
		{ .ticks = U32_MAX, .carries = 2 },
	};
	struct acpi_pm_test t = acpi_pm_setup(test);
	struct acpi_pm_saved now;
	unsigned int i;

	fixture_out(t.vm, PM1_EN, 2, PWRBTN);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, restore(&t, &bad[i]), -EINVAL);
		now = save(&t);
		KUNIT_EXPECT_EQ(test, now.en, PWRBTN);
		KUNIT_EXPECT_EQ(test, now.sts, 0);
		KUNIT_EXPECT_EQ(test, now.cnt, 0);
	}
}

/* A state from elsewhere may say any time: no overflow, no storm */
static void acpi_pm_hostile_ticks(struct kunit *test)
{
	static const u64 ticks[] = { U64_MAX, U64_MAX >> 1, 1ULL << 63, (1ULL << 32) - 1 };
	struct acpi_pm_test t = acpi_pm_setup(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ticks); i++) {
		struct acpi_pm_saved state = { .en = TMR, .ticks = ticks[i],
					       .carries = ticks[i] >> 31 };
		unsigned int rises;

		KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
		msleep(20);
		fixture_in(t.vm, PM_TMR, 4);
		rises = t.chip->rises[SCI];
		fixture_out(t.vm, PM1_STS, 2, TMR);
		msleep(20);
		KUNIT_EXPECT_EQ(test, t.chip->rises[SCI], rises);
	}
}

static void acpi_pm_reset(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	struct acpi_pm_saved state = before_carry(PMTMR_TICKS_PER_SEC / 50, 1, TMR | PWRBTN);

	state.sts = PWRBTN;
	state.cnt = SLP_S5;
	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	KUNIT_EXPECT_TRUE(test, sci(&t));
	t.dev->type->ops->reset(t.dev);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 4), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_CNT, 2), SCI_EN);
	KUNIT_EXPECT_LT(test, fixture_in(t.vm, PM_TMR, 4), 60 * PMTMR_TICKS_PER_SEC);
	msleep(40);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM1_STS, 2), 0);
}

/* The timer of a device that goes away does not fire any more */
static void acpi_pm_removed(struct kunit *test)
{
	struct acpi_pm_test t = acpi_pm_setup(test);
	struct acpi_pm_saved state = before_carry(PMTMR_TICKS_PER_SEC / 100, 0, TMR);
	int ret;

	KUNIT_ASSERT_EQ(test, restore(&t, &state), 0);
	mutex_lock(&t.vm->lock);
	ret = axvm_devices_remove(t.vm, t.dev->id);
	mutex_unlock(&t.vm->lock);
	KUNIT_EXPECT_EQ(test, ret, 0);
	msleep(30);
	KUNIT_EXPECT_FALSE(test, sci(&t));
	KUNIT_EXPECT_EQ(test, fixture_in(t.vm, PM_TMR, 4), 0xffffffff);
}

static void acpi_pm_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_ACPI_PM, .length = 8 };
	struct axvm_vm *vm = fixture_vm(test, 0);

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.length = 12;
	config.nr_cfg = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.nr_cfg = 0;
	config.irq = AXVM_MAX_IRQS;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.irq = SCI;
	config.base = 0xb000;
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, fixture_in(vm, 0xb004, 2), SCI_EN);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PM1_CNT, 2), 0xffff);
}

static struct kunit_case acpi_pm_cases[] = {
	KUNIT_CASE(acpi_pm_power_on),
	KUNIT_CASE(acpi_pm_reserved_bits),
	KUNIT_CASE(acpi_pm_status),
	KUNIT_CASE(acpi_pm_sci),
	KUNIT_CASE(acpi_pm_sleep),
	KUNIT_CASE(acpi_pm_timer),
	KUNIT_CASE(acpi_pm_timer_widths),
	KUNIT_CASE(acpi_pm_timer_interrupt),
	KUNIT_CASE(acpi_pm_timer_enable),
	KUNIT_CASE(acpi_pm_save_restore),
	KUNIT_CASE(acpi_pm_restore_refuses),
	KUNIT_CASE(acpi_pm_hostile_ticks),
	KUNIT_CASE(acpi_pm_reset),
	KUNIT_CASE(acpi_pm_removed),
	KUNIT_CASE(acpi_pm_config),
	{}
};

static struct kunit_suite acpi_pm_suite = {
	.name = "axvm-acpi-pm",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = acpi_pm_cases,
};

kunit_test_suite(acpi_pm_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: ACPI power management registers");
