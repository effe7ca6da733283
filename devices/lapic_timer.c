// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC, timer: 10.5.4. See lapic.h for the locks.
 *
 * Its clock is 1 GHz, a tick a nanosecond: what CPUID leaf 15H tells the guest. One
 * hrtimer an APIC does all three modes:
 *
 *	one-shot	counts the initial count down to 0, once
 *	periodic	again and again; LAPIC_TIMER_MIN_PERIOD is the shortest period, a
 *			shorter one is stretched, so that a guest can't keep a CPU busy
 *	TSC-deadline	expires when the guest's TSC reaches IA32_TSC_DEADLINE
 *
 * The timer is queued exactly while lapic->deadline is not 0, but for the moment between
 * its expiry and the callback's taking of the lock: what happened in between decides.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "lapic.h"

#define LAPIC_TIMER_MIN_PERIOD	(100 * NSEC_PER_USEC)

/* A far TSC deadline is looked at anew so often, which keeps the arithmetic in 64 bits. */
#define TSC_DEADLINE_MAX_SLEEP	(3600 * MSEC_PER_SEC)

static u32 timer_mode(const struct axvm_lapic *lapic)
{
	return lapic_get(lapic, APIC_LVTT) & LAPIC_TIMER_MODE;
}

/* Figure 10-10: bits 3, 1 and 0 say 2, 4, 8 ... 128, 1 */
static unsigned int divide_shift(u32 divide)
{
	return (((divide & 8) >> 1 | (divide & 3)) + 1) & 7;
}

static unsigned int timer_shift(const struct axvm_lapic *lapic)
{
	return divide_shift(lapic_get(lapic, APIC_TDCR));
}

static void timer_arm(struct axvm_lapic *lapic, u64 deadline)
{
	WRITE_ONCE(lapic->deadline, deadline);
	hrtimer_start(&lapic->timer, ns_to_ktime(deadline), HRTIMER_MODE_ABS_HARD);
}

static u64 guest_tsc(const struct axvm_lapic *lapic)
{
	return rdtsc() + x86_tsc_offset(lapic->vcpu);
}

/* True if the deadline is reached; else the timer is armed for it. */
static bool tsc_deadline_reached(struct axvm_lapic *lapic)
{
	u64 khz = max(tsc_khz, 1U);
	u64 now = guest_tsc(lapic);
	u64 ticks;

	if (now >= lapic->state.tsc_deadline)
		return true;
	ticks = min(lapic->state.tsc_deadline - now, khz * TSC_DEADLINE_MAX_SLEEP);
	/* Rounded up: an expiry that is too early only leads back here. */
	timer_arm(lapic, ktime_get_ns() + mul_u64_u64_div_u64(ticks, NSEC_PER_MSEC, khz) + 1);
	return false;
}

static void timer_expire_periodic(struct axvm_lapic *lapic)
{
	u64 period = (u64)lapic_get(lapic, APIC_TMICT) << timer_shift(lapic);
	u64 late = ktime_get_ns() - lapic->deadline;

	period = max_t(u64, period, LAPIC_TIMER_MIN_PERIOD);
	if ((s64)late < 0)
		late = 0;
	/* Periods that nobody could see are not made up for. */
	timer_arm(lapic, lapic->deadline + period * (1 + div64_u64(late, period)));
	lapic_local_interrupt(lapic, APIC_LVTT);
}

static void timer_expire(struct axvm_lapic *lapic)
{
	switch (timer_mode(lapic)) {
	case APIC_LVT_TIMER_PERIODIC:
		timer_expire_periodic(lapic);
		return;
	case APIC_LVT_TIMER_TSCDEADLINE:
		if (!tsc_deadline_reached(lapic))
			return;
		lapic->state.tsc_deadline = 0;
		break;
	}
	WRITE_ONCE(lapic->deadline, 0);
	lapic_local_interrupt(lapic, APIC_LVTT);
}

static enum hrtimer_restart timer_callback(struct hrtimer *timer)
{
	struct axvm_lapic *lapic = container_of(timer, struct axvm_lapic, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	/* Neither stopped nor started anew while this waited for the lock? */
	if (lapic->deadline && !hrtimer_is_queued(timer))
		timer_expire(lapic);
	lapic_unlock(lapic, flags);
	return HRTIMER_NORESTART;
}

/**
 * lapic_timer_init() - make the timer of an APIC
 * @lapic: the APIC
 */
void lapic_timer_init(struct axvm_lapic *lapic)
{
	axvm_hrtimer_setup(&lapic->timer, timer_callback, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
}

/**
 * lapic_timer_stop() - disarm
 * @lapic: the APIC; lapic->lock held
 *
 * The callback may still be on its way; it will do nothing.
 */
void lapic_timer_stop(struct axvm_lapic *lapic)
{
	WRITE_ONCE(lapic->deadline, 0);
	lapic->state.tsc_deadline = 0;
	hrtimer_try_to_cancel(&lapic->timer);
}

/**
 * lapic_timer_start() - the guest writes the initial count
 * @lapic: the APIC; lapic->lock held
 * @count: ticks of the divided clock; 0 stops
 *
 * Ignored in TSC-deadline mode (10.5.4.1).
 */
void lapic_timer_start(struct axvm_lapic *lapic, u32 count)
{
	u64 ns = (u64)count << timer_shift(lapic);

	if (timer_mode(lapic) == APIC_LVT_TIMER_TSCDEADLINE)
		return;
	lapic_set(lapic, APIC_TMICT, count);
	if (!count) {
		lapic_timer_stop(lapic);
		return;
	}
	if (timer_mode(lapic) == APIC_LVT_TIMER_PERIODIC)
		ns = max_t(u64, ns, LAPIC_TIMER_MIN_PERIOD);
	timer_arm(lapic, ktime_get_ns() + ns);
}

/**
 * lapic_timer_set_lvt() - the guest writes the timer's LVT entry
 * @lapic: the APIC; lapic->lock held
 * @lvt: the new entry
 *
 * To and from TSC-deadline mode the timer is disarmed (10.5.4.1).
 */
void lapic_timer_set_lvt(struct axvm_lapic *lapic, u32 lvt)
{
	u32 mode = lvt & LAPIC_TIMER_MODE;

	if (mode != timer_mode(lapic) && (mode == APIC_LVT_TIMER_TSCDEADLINE ||
					  timer_mode(lapic) == APIC_LVT_TIMER_TSCDEADLINE))
		lapic_timer_stop(lapic);
	lapic_set(lapic, APIC_LVTT, lvt);
}

/**
 * lapic_timer_set_divide() - the guest writes the divide configuration
 * @lapic: the APIC; lapic->lock held
 * @divide: the register
 *
 * A count that is under way goes on from where it is, at the new pace.
 */
void lapic_timer_set_divide(struct axvm_lapic *lapic, u32 divide)
{
	u32 count = lapic_timer_count(lapic);

	lapic_set(lapic, APIC_TDCR, divide);
	if (count)
		timer_arm(lapic, ktime_get_ns() + ((u64)count << divide_shift(divide)));
}

/**
 * lapic_timer_set_tsc_deadline() - the guest writes IA32_TSC_DEADLINE
 * @lapic: the APIC; lapic->lock held
 * @deadline: value of the guest's TSC; 0 disarms
 *
 * Ignored in the other modes, where it always reads as 0 (10.5.4.1).
 */
void lapic_timer_set_tsc_deadline(struct axvm_lapic *lapic, u64 deadline)
{
	if (timer_mode(lapic) != APIC_LVT_TIMER_TSCDEADLINE)
		return;
	lapic_timer_stop(lapic);
	lapic->state.tsc_deadline = deadline;
	if (deadline)
		timer_expire(lapic);
}

/**
 * axvm_lapic_tsc_changed() - the vCPU's TSC was written: a deadline may be reached
 * @vcpu: the vCPU
 *
 * Context: any.
 */
void axvm_lapic_tsc_changed(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	unsigned long flags;

	if (!lapic)
		return;
	raw_spin_lock_irqsave(&lapic->lock, flags);
	if (lapic->state.tsc_deadline)
		timer_expire(lapic);
	lapic_unlock(lapic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_tsc_changed);

/**
 * lapic_timer_left() - time until the timer expires
 * @lapic: the APIC
 *
 * Context: any.
 * Return: ns, 1 at least; 0: it does not run.
 */
u64 lapic_timer_left(const struct axvm_lapic *lapic)
{
	u64 deadline = READ_ONCE(lapic->deadline);
	s64 left;

	if (!deadline)
		return 0;
	left = deadline - ktime_get_ns();
	return max(left, 1LL);
}

/**
 * lapic_timer_count() - the current count register
 * @lapic: the APIC
 *
 * Context: any.
 * Return: ticks of the divided clock; 0: expired, stopped, or TSC-deadline mode.
 */
u32 lapic_timer_count(const struct axvm_lapic *lapic)
{
	u64 count = lapic_timer_left(lapic) >> timer_shift(lapic);

	if (timer_mode(lapic) == APIC_LVT_TIMER_TSCDEADLINE)
		return 0;
	/* More than that is a stretched period. */
	return min_t(u64, count, lapic_get(lapic, APIC_TMICT));
}

/**
 * lapic_timer_resume() - arm the timer of a restored APIC
 * @lapic: the APIC, with its registers; lapic->lock held; the timer is stopped
 * @left: what lapic_timer_left() gave
 */
void lapic_timer_resume(struct axvm_lapic *lapic, u64 left)
{
	if (lapic->state.tsc_deadline)
		timer_expire(lapic);
	else if (left && timer_mode(lapic) != APIC_LVT_TIMER_TSCDEADLINE)
		timer_arm(lapic, ktime_get_ns() + left);
}
