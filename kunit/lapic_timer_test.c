// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's timer, section 10.5.4 of the SDM Vol. 3A. Times are bounds: what must
 * happen is waited for with patience, what must not is not there after a while.
 */
#include <asm/msr.h>
#include <asm/tsc.h>

#include "lapic.h"

#define VECTOR		0xef
#define DIVIDE_BY_1	0xb
#define MILLISECOND	1000000U	/* counts of the undivided clock */
#define FOREVER		U32_MAX

static void timer_start(struct axvm_vcpu *vcpu, u32 lvt, u32 divide, u32 count)
{
	xapic_write(vcpu, APIC_LVTT, lvt | VECTOR);
	xapic_write(vcpu, APIC_TDCR, divide);
	xapic_write(vcpu, APIC_TMICT, count);
}

static u64 guest_tsc(struct axvm_vcpu *vcpu)
{
	return rdtsc() + x86_tsc_offset(vcpu);
}

static u64 tsc_deadline(struct axvm_vcpu *vcpu)
{
	u64 value = 1;

	if (msr_read(vcpu, MSR_IA32_TSC_DEADLINE, &value) != AXVM_HANDLED)
		return U64_MAX;
	return value;
}

static void timer_one_shot_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 2)->vcpus[1];
	u64 start = ktime_get_ns();

	timer_start(vcpu, APIC_LVT_TIMER_ONESHOT, DIVIDE_BY_1, 5 * MILLISECOND);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMICT), 5 * MILLISECOND);
	KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_GE(test, ktime_get_ns() - start, 5ULL * MILLISECOND);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMCCT), 0U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMICT), 5 * MILLISECOND);
	/* Once */
	msleep(30);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* The other vCPU has its own. */
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu->vm->vcpus[0]), -1);
	/* A shortest count is one, too. */
	xapic_write(vcpu, APIC_TMICT, 1);
	KUNIT_EXPECT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
}

static void timer_periodic_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u64 start = ktime_get_ns();
	unsigned int i;

	timer_start(vcpu, APIC_LVT_TIMER_PERIODIC, 0x0, 1 * MILLISECOND);
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
		KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
		KUNIT_EXPECT_LE(test, xapic_read(vcpu, APIC_TMCCT), 1 * MILLISECOND);
	}
	/* Five periods of 2 ms, the first four of them whole even if handled late */
	KUNIT_EXPECT_GE(test, ktime_get_ns() - start, 5 * 2ULL * MILLISECOND);
	/* A count of 0 stops it. */
	xapic_write(vcpu, APIC_TMICT, 0);
	lapic_handle(vcpu);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMCCT), 0U);
}

/*
 * A guest that asks for an interrupt every nanosecond gets one every 100 us at most: that
 * is how far the deadlines are apart, however late the host's timer is.
 */
static void timer_shortest_period_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	struct axvm_lapic *lapic = vcpu->arch.lapic;
	u64 start = ktime_get_ns(), last;
	unsigned int i;

	timer_start(vcpu, APIC_LVT_TIMER_PERIODIC, DIVIDE_BY_1, 1);
	last = READ_ONCE(lapic->deadline);
	KUNIT_EXPECT_GE(test, last, start + 100 * NSEC_PER_USEC);
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
		KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
		/* Not above it, if the first expiry was over before @last was read */
		KUNIT_EXPECT_GE(test, READ_ONCE(lapic->deadline), last);
		KUNIT_EXPECT_EQ(test, (READ_ONCE(lapic->deadline) - last) % (100 * NSEC_PER_USEC),
				0ULL);
		KUNIT_EXPECT_LE(test, xapic_read(vcpu, APIC_TMCCT), 1U);
	}
}

static void timer_masked_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	timer_start(vcpu, APIC_LVT_MASKED | APIC_LVT_TIMER_PERIODIC, DIVIDE_BY_1, MILLISECOND);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* It counts all the time. */
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | VECTOR);
	KUNIT_EXPECT_TRUE(test, lapic_wait(vcpu));
	/* Without an APIC that is on nothing comes. */
	xapic_write(vcpu, APIC_SPIV, 0xff);
	lapic_handle(vcpu);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* A vector that is none */
	xapic_write(vcpu, APIC_SPIV, SPIV_ON);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | 0x0f);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), (u32)APIC_ESR_RECVILL);
}

/* Figure 10-10, and a clock of 1 GHz */
static void timer_divide_test(struct kunit *test)
{
	static const struct { u32 divide, by; } row[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 },
		{ 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
	};
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u64 before, after, first, second;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		before = ktime_get_ns();
		timer_start(vcpu, APIC_LVT_TIMER_ONESHOT, row[i].divide, FOREVER);
		first = xapic_read(vcpu, APIC_TMCCT);
		usleep_range(2000, 3000);
		second = xapic_read(vcpu, APIC_TMCCT);
		after = ktime_get_ns();
		KUNIT_EXPECT_LT(test, second, first);
		KUNIT_EXPECT_GE_MSG(test, (first - second + 1) * row[i].by, 2000000ULL,
				    "divided by %u", row[i].by);
		KUNIT_EXPECT_LE_MSG(test, (FOREVER - second) * row[i].by,
				    after - before + 2 * row[i].by, "divided by %u", row[i].by);
	}
	/* While it runs: the count goes on from where it is. */
	timer_start(vcpu, APIC_LVT_TIMER_ONESHOT, 0xa, FOREVER);
	first = xapic_read(vcpu, APIC_TMCCT);
	xapic_write(vcpu, APIC_TDCR, DIVIDE_BY_1);
	second = xapic_read(vcpu, APIC_TMCCT);
	KUNIT_EXPECT_LE(test, second, first);
	KUNIT_EXPECT_GE(test, second, (u64)FOREVER / 2);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

/* 10.5.4.1 */
static void timer_tsc_deadline_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];
	u64 deadline;

	vm->arch.tsc_offset = -rdtsc() / 2;
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	deadline = guest_tsc(vcpu) + 5ULL * tsc_khz;
	KUNIT_EXPECT_EQ(test, msr_write(vcpu, MSR_IA32_TSC_DEADLINE, deadline), AXVM_HANDLED);
	if (!axvm_x86_irq_pending(vcpu))
		KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), deadline);
	KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_GE(test, guest_tsc(vcpu), deadline);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);

	/* In the past: at once */
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, 1);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	/* 0 disarms; the far future is far. */
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, guest_tsc(vcpu) + 20ULL * tsc_khz);
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, 0);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	msleep(50);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, U64_MAX);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), U64_MAX);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

static void tsc_adjust(struct axvm_vcpu *vcpu, u64 value)
{
	WRITE_ONCE(vcpu->arch.tsc_adjust, value);
	axvm_lapic_tsc_changed(vcpu);
}

/* The deadline is a value of the TSC of this vCPU, also after that was written. */
static void timer_tsc_written_test(struct kunit *test)
{
	const u64 hour = 3600ULL * MSEC_PER_SEC * tsc_khz;
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[1];

	tsc_adjust(vcpu, hour);	/* nothing runs */
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	xapic_write(vm->vcpus[0], APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, guest_tsc(vcpu) + hour);
	msr_write(vm->vcpus[0], MSR_IA32_TSC_DEADLINE, guest_tsc(vm->vcpus[0]) + hour);

	/* Forward, over it: at once, and on this vCPU only */
	tsc_adjust(vcpu, 3 * hour);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), -1);
	tsc_adjust(vcpu, 9 * hour);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);

	/* Back: what was near is far */
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, guest_tsc(vcpu) + 20ULL * tsc_khz);
	tsc_adjust(vcpu, 0);
	msleep(50);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	KUNIT_EXPECT_NE(test, tsc_deadline(vcpu), 0ULL);
}

/* 10.5.4.1: what belongs to the other modes does nothing; changing the mode disarms. */
static void timer_modes_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	/* IA32_TSC_DEADLINE in one-shot mode */
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_ONESHOT | VECTOR);
	KUNIT_EXPECT_EQ(test, msr_write(vcpu, MSR_IA32_TSC_DEADLINE, 1), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);

	/* The counts in TSC-deadline mode */
	timer_start(vcpu, APIC_LVT_TIMER_ONESHOT, DIVIDE_BY_1, 20 * MILLISECOND);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMCCT), 0U);
	xapic_write(vcpu, APIC_TMICT, 10 * MILLISECOND);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMICT), 20 * MILLISECOND);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMCCT), 0U);
	msleep(50);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);

	/* Back again: the deadline is gone. */
	msr_write(vcpu, MSR_IA32_TSC_DEADLINE, guest_tsc(vcpu) + 20ULL * tsc_khz);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | VECTOR);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	msleep(50);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);

	/* From one-shot to periodic the count goes on, and again. */
	timer_start(vcpu, APIC_LVT_TIMER_ONESHOT, DIVIDE_BY_1, 2 * MILLISECOND);
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | VECTOR);
	KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
}

/* The MSR is the same in x2APIC mode, where the counts are MSRs, too. */
static void timer_x2apic_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	x2apic_enter(test, vcpu);
	x2apic_write(test, vcpu, APIC_LVTT, VECTOR);
	x2apic_write(test, vcpu, APIC_TDCR, DIVIDE_BY_1);
	x2apic_write(test, vcpu, APIC_TMICT, FOREVER);
	KUNIT_EXPECT_GE(test, x2apic_read(test, vcpu, APIC_TMCCT), (u64)FOREVER / 2);
	x2apic_write(test, vcpu, APIC_TMICT, MILLISECOND);
	KUNIT_EXPECT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), VECTOR);
}

/* --- saving and restoring ------------------------------------------------- */

static struct axvm_lapic_state *saved(struct kunit *test, struct axvm_vm *vm)
{
	struct axvm_device *dev = vm->arch.lapic;
	void *buf = kunit_kzalloc(test, dev->type->state_size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dev->type->ops->save(dev, buf);
	return buf;
}

static int load(struct axvm_vm *vm, const struct axvm_lapic_state *state)
{
	return vm->arch.lapic->type->ops->restore(vm->arch.lapic, state);
}

static void timer_restore_test(struct kunit *test)
{
	struct axvm_vm *from = lapic_vm(test, 1), *to = lapic_vm(test, 1);
	struct axvm_vcpu *vcpu = to->vcpus[0];
	struct axvm_lapic_state *state;

	/* It stands still while it is saved, and goes on where it stood. */
	timer_start(from->vcpus[0], APIC_LVT_TIMER_ONESHOT, DIVIDE_BY_1, FOREVER);
	state = saved(test, from);
	KUNIT_EXPECT_LE(test, state->timer_left, (u64)FOREVER);
	KUNIT_EXPECT_GT(test, state->timer_left, (u64)FOREVER / 2);
	state->timer_left = 1000ULL * MILLISECOND;
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	KUNIT_EXPECT_LE(test, xapic_read(vcpu, APIC_TMCCT), 1000 * MILLISECOND);
	KUNIT_EXPECT_GE(test, xapic_read(vcpu, APIC_TMCCT), 1U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMICT), FOREVER);
	state->timer_left = MILLISECOND;
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	KUNIT_ASSERT_TRUE(test, lapic_wait(vcpu));
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);

	/* One that stood stands; one that runs here is stopped. */
	xapic_write(from->vcpus[0], APIC_TMICT, 0);
	state = saved(test, from);
	KUNIT_EXPECT_EQ(test, state->timer_left, 0ULL);
	timer_start(vcpu, APIC_LVT_TIMER_PERIODIC, DIVIDE_BY_1, 5 * MILLISECOND);
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	msleep(30);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

static void timer_restore_tsc_deadline_test(struct kunit *test)
{
	struct axvm_vm *from = lapic_vm(test, 1), *to = lapic_vm(test, 1);
	struct axvm_vcpu *vcpu = to->vcpus[0];
	struct axvm_lapic_state *state;

	xapic_write(from->vcpus[0], APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
	msr_write(from->vcpus[0], MSR_IA32_TSC_DEADLINE, U64_MAX - 5);
	state = saved(test, from);
	KUNIT_EXPECT_EQ(test, state->tsc_deadline, U64_MAX - 5);
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), U64_MAX - 5);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* It is the guest's TSC that counts: reached while the VM was not there */
	state->tsc_deadline = 1000;
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), VECTOR);
	KUNIT_EXPECT_EQ(test, tsc_deadline(vcpu), 0ULL);
	/* Nonsense that means nothing in this mode */
	state->tsc_deadline = 0;
	state->timer_left = U64_MAX;
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

/* Started and stopped anew all the time while it fires; the VM goes away as it runs. */
static void timer_races_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	unsigned long end = jiffies + HZ / 10;
	u32 i;

	for (i = 0; time_before(jiffies, end); i++) {
		timer_start(vcpu, i & 1 ? APIC_LVT_TIMER_PERIODIC : APIC_LVT_TIMER_ONESHOT,
			    DIVIDE_BY_1, 1000 + i % 32 * 10000);
		if (i % 64 == 0)
			xapic_write(vcpu, APIC_TMICT, 0);
		if (i % 16 == 0) {
			xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | VECTOR);
			msr_write(vcpu, MSR_IA32_TSC_DEADLINE, guest_tsc(vcpu) + i % 32 * 1000);
		}
		lapic_handle(vcpu);
		cond_resched();
	}
	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_ONESHOT | VECTOR);
	xapic_write(vcpu, APIC_TMICT, 0);
	lapic_handle(vcpu);
	msleep(20);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	timer_start(vcpu, APIC_LVT_TIMER_PERIODIC, DIVIDE_BY_1, 1);
}

static struct kunit_case lapic_timer_cases[] = {
	KUNIT_CASE(timer_one_shot_test),
	KUNIT_CASE(timer_periodic_test),
	KUNIT_CASE(timer_shortest_period_test),
	KUNIT_CASE(timer_masked_test),
	KUNIT_CASE(timer_divide_test),
	KUNIT_CASE(timer_tsc_deadline_test),
	KUNIT_CASE(timer_tsc_written_test),
	KUNIT_CASE(timer_modes_test),
	KUNIT_CASE(timer_x2apic_test),
	KUNIT_CASE(timer_restore_test),
	KUNIT_CASE(timer_restore_tsc_deadline_test),
	KUNIT_CASE(timer_races_test),
	{}
};

static struct kunit_suite lapic_timer_suite = {
	.name = "axvm_lapic_timer",
	.test_cases = lapic_timer_cases,
};

kunit_test_suite(lapic_timer_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: timer of the local APIC");
