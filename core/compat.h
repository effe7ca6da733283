/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernel versions that axvm builds on: here and nowhere else.
 */
#ifndef AXVM_CORE_COMPAT_H
#define AXVM_CORE_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/preempt.h>
#include <linux/version.h>

/* 6.13: hrtimer_setup() takes the function; before, it was set by hand */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void axvm_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*function)(struct hrtimer *),
				      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#else
#define axvm_hrtimer_setup hrtimer_setup
#endif

/* Exports that only KUnit suites use; 6.1 has no <kunit/visibility.h> */
#if IS_ENABLED(CONFIG_KUNIT) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#include <kunit/visibility.h>
#define AXVM_EXPORT_FOR_KUNIT(symbol) EXPORT_SYMBOL_IF_KUNIT(symbol)
#else
#define AXVM_EXPORT_FOR_KUNIT(symbol)
#endif

/* Selected by KVM only: without it a vCPU is loaded and put around each entry */
#ifdef CONFIG_PREEMPT_NOTIFIERS
#define AXVM_HAVE_PREEMPT_NOTIFIERS 1
#define axvm_preempt_notifier preempt_notifier
#else
#define AXVM_HAVE_PREEMPT_NOTIFIERS 0
struct axvm_preempt_notifier {};
#endif

#endif /* AXVM_CORE_COMPAT_H */
