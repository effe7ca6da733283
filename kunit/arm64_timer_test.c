// SPDX-License-Identifier: GPL-2.0
/* The timers of a vCPU that does not run, against ARM DDI 0487 D11.2: registers and lines. */
#include <linux/delay.h>
#include <linux/prandom.h>
#include <asm/arch_timer.h>
#include <asm/sysreg.h>

#include "gicv3.h"
#include "../arm64/timer.h"

/* A timer's registers: op2 of the encoding */
#define TVAL		sys_reg(0, 0, 0, 0, 0)
#define CTL		sys_reg(0, 0, 0, 0, 1)
#define CVAL		sys_reg(0, 0, 0, 0, 2)
#define CNTP(reg)	(sys_reg(3, 3, 14, 2, 0) | (reg))
#define CNTV(reg)	(sys_reg(3, 3, 14, 3, 0) | (reg))
#define CNTPCT		sys_reg(3, 3, 14, 0, 1)
#define CNTVCT		sys_reg(3, 3, 14, 0, 2)

#define ENABLE		1
#define IMASK		2
#define ISTATUS		4

static u64 get(struct axvm_vcpu *vcpu, u64 reg)
{
	u64 value = 0xdead;

	arm64_timer_read(vcpu, reg, &value);
	return value;
}

static void set(struct axvm_vcpu *vcpu, u64 reg, u64 value)
{
	arm64_timer_write(vcpu, reg, value);
}

static struct axvm_vcpu *timer_vcpu(struct kunit *test)
{
	return gic_vm(test, 1)->vcpus[0];
}

static bool line_up(struct axvm_vcpu *vcpu, u32 intid)
{
	return gicr(vcpu->vm, 0, SGI_FRAME + GICR_ISPENDR0) & BIT(intid);
}

static u64 milliseconds(u64 n)
{
	return n * (arch_timer_get_cntfrq() / 1000);
}

static void registers(struct kunit *test)
{
	static const u64 timers[] = { CNTP(0), CNTV(0) };
	struct axvm_vcpu *vcpu = timer_vcpu(test);
	unsigned int i;
	u64 value;

	for (i = 0; i < 2; i++) {
		u64 reg = timers[i], now;

		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CTL), 0ULL);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CVAL), 0ULL);
		/* A timer that is off has no status. */
		set(vcpu, reg | CTL, ~(u64)ENABLE);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CTL), (u64)IMASK);
		set(vcpu, reg | CTL, ~0ULL);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CTL), (u64)(ENABLE | IMASK | ISTATUS));
		set(vcpu, reg | CVAL, ~0ULL);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CVAL), ~0ULL);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | CTL), (u64)(ENABLE | IMASK));

		/* TVAL: signed, 32 bits, from now */
		now = get(vcpu, i ? CNTVCT : CNTPCT);
		set(vcpu, reg | TVAL, 0x7fffffff);
		value = get(vcpu, reg | CVAL);
		KUNIT_EXPECT_GE(test, value, now + 0x7fffffff);
		KUNIT_EXPECT_LT(test, value, now + 0x7fffffff + milliseconds(1000));
		value = get(vcpu, reg | TVAL);
		KUNIT_EXPECT_LE(test, value, 0x7fffffffULL);
		KUNIT_EXPECT_GT(test, value, 0x7fffffff - milliseconds(1000));
		set(vcpu, reg | TVAL, 0xabcdef0180000000ULL);
		KUNIT_EXPECT_EQ(test, get(vcpu, reg | TVAL) >> 32, 0ULL);
		KUNIT_EXPECT_LT(test, get(vcpu, reg | CVAL) - now - 0xffffffff80000000ULL,
				milliseconds(1000));
		set(vcpu, reg | CTL, 0);
	}
	KUNIT_EXPECT_EQ(test, arm64_timer_read(vcpu, CNTP(CTL | CVAL), &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_timer_read(vcpu, sys_reg(3, 3, 14, 4, 1), &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_timer_read(vcpu, ~0ULL, &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_timer_write(vcpu, CNTPCT, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_timer_write(vcpu, CNTVCT, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_timer_write(vcpu, CNTV(sys_reg(0, 0, 0, 0, 7)), 0), -ENOENT);
}

/* The virtual counter starts with the VM, and all its vCPUs have the same. */
static void counters(struct kunit *test)
{
	struct axvm_vm *vm;
	u64 before = arch_timer_read_counter(), physical, virtual;

	vm = gic_vm(test, 2);
	physical = get(vm->vcpus[0], CNTPCT);
	virtual = get(vm->vcpus[1], CNTVCT);
	KUNIT_EXPECT_GE(test, physical, before);
	KUNIT_EXPECT_LE(test, virtual, arch_timer_read_counter() - before);
	KUNIT_EXPECT_GE(test, vm->arch.cntvoff, before);
	KUNIT_EXPECT_LE(test, get(vm->vcpus[0], CNTPCT) - physical,
			get(vm->vcpus[0], CNTVCT) - (physical - vm->arch.cntvoff));
}

/* The physical timer: its line is a level, at the right time. */
static void physical(struct kunit *test)
{
	struct axvm_vcpu *vcpu = timer_vcpu(test);
	u64 start = get(vcpu, CNTPCT);
	unsigned int i;

	set(vcpu, CNTP(CVAL), start + milliseconds(30));
	set(vcpu, CNTP(CTL), ENABLE);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	for (i = 0; i < 2000 && !line_up(vcpu, 30); i++)
		usleep_range(100, 200);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 30));
	KUNIT_EXPECT_GE(test, get(vcpu, CNTPCT), start + milliseconds(30));
	KUNIT_EXPECT_EQ(test, get(vcpu, CNTP(CTL)), (u64)(ENABLE | ISTATUS));
	/* It goes down with each of its conditions, and up again. */
	set(vcpu, CNTP(CTL), ENABLE | IMASK);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(CTL), ENABLE);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(TVAL), 0x7fffffff);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(TVAL), -1);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(CTL), 0);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 27));
	/* One that is moved away does not come at its old time. */
	set(vcpu, CNTP(TVAL), milliseconds(5));
	set(vcpu, CNTP(CTL), ENABLE);
	set(vcpu, CNTP(CVAL), ~0ULL);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	/* One that is moved here does. */
	set(vcpu, CNTP(TVAL), milliseconds(5));
	msleep(50);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 30));
}

/* The virtual timer out of the CPU: its line is looked at. */
static void virtual(struct kunit *test)
{
	struct axvm_vcpu *vcpu = timer_vcpu(test);

	set(vcpu, CNTV(CVAL), 1);
	set(vcpu, CNTV(CTL), ENABLE);
	arm64_timer_update(vcpu);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 27));
	arm64_timer_update(vcpu);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 27));
	set(vcpu, CNTV(CTL), ENABLE | IMASK);
	arm64_timer_update(vcpu);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 27));
	set(vcpu, CNTV(CTL), ENABLE);
	arm64_timer_enter(vcpu);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 27));
	set(vcpu, CNTV(CVAL), ~0ULL);
	arm64_timer_update(vcpu);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 27));
	/* It ends a WFI. */
	gic_on(vcpu->vm);
	gicr_set(vcpu->vm, 0, SGI_FRAME + GICR_ISENABLER0, BIT(27));
	KUNIT_EXPECT_FALSE(test, arm64_gic_pending(vcpu));
	set(vcpu, CNTV(TVAL), 0);
	KUNIT_EXPECT_TRUE(test, arm64_gic_pending(vcpu));
}

static void reset(struct kunit *test)
{
	struct axvm_vcpu *vcpu = timer_vcpu(test);

	set(vcpu, CNTP(CTL), ENABLE);
	set(vcpu, CNTV(CTL), ENABLE);
	arm64_timer_update(vcpu);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 27) && line_up(vcpu, 30));
	arm64_timer_reset(vcpu);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 27) || line_up(vcpu, 30));
	KUNIT_EXPECT_EQ(test, get(vcpu, CNTP(CTL)) | get(vcpu, CNTV(CTL)), 0ULL);
	KUNIT_EXPECT_EQ(test, get(vcpu, CNTP(CVAL)) | get(vcpu, CNTV(CVAL)), 0ULL);
	set(vcpu, CNTP(TVAL), milliseconds(5));
	set(vcpu, CNTP(CTL), ENABLE);
	arm64_timer_reset(vcpu);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
}

/* Any values at any time, and the VM going away in the middle of it */
static void hostile(struct kunit *test)
{
	static const u64 values[] = {
		0, 1, ~0ULL, ~0ULL - 1, 1ULL << 63, (1ULL << 63) - 1, 0x80000000, 0x7fffffff,
	};
	struct axvm_vcpu *vcpu = timer_vcpu(test);
	struct rnd_state rnd;
	unsigned int i;
	u32 dice;

	prandom_seed_state(&rnd, 7);
	for (i = 0; i < 20000; i++) {
		dice = prandom_u32_state(&rnd);
		set(vcpu, (dice & 1 ? CNTP(0) : CNTV(0)) | sys_reg(0, 0, 0, 0, dice >> 1 & 3),
		    dice & 8 ? values[dice >> 8 & 7] : get(vcpu, CNTPCT) + (dice >> 20));
		if (!(dice >> 4 & 7))
			arm64_timer_update(vcpu);
	}
	/* The line agrees with the register all the same. */
	set(vcpu, CNTP(CVAL), 0);
	set(vcpu, CNTP(CTL), ENABLE);
	KUNIT_EXPECT_TRUE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(CVAL), ~0ULL);
	KUNIT_EXPECT_FALSE(test, line_up(vcpu, 30));
	set(vcpu, CNTP(TVAL), milliseconds(1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(registers),
	KUNIT_CASE(counters),
	KUNIT_CASE(physical),
	KUNIT_CASE(virtual),
	KUNIT_CASE(reset),
	KUNIT_CASE(hostile),
	{}
};

static struct kunit_suite suite = {
	.name = "axvm_arm64_timer",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: the architected timers");
