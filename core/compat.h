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

/* 6.8: eventfd_signal() adds one; before, as many as it is told */
#include <linux/eventfd.h>
static inline void axvm_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

/* 6.12 moved it */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

/* 6.3 wants vma->vm_flags changed by helpers only */
#include <linux/mm.h>
static inline void axvm_vma_change_flags(struct vm_area_struct *vma, unsigned long set,
					 unsigned long clear)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#else
	vm_flags_mod(vma, set, clear);
#endif
}

/* Exports that only KUnit suites use; 6.1 has no <kunit/visibility.h> */
#if IS_ENABLED(CONFIG_KUNIT) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#include <kunit/visibility.h>
#define EXPORT_SYMBOL_AXVM_KUNIT(symbol) EXPORT_SYMBOL_IF_KUNIT(symbol)
#else
#define EXPORT_SYMBOL_AXVM_KUNIT(symbol)
#endif

/* Selected by KVM only: without it a vCPU is loaded and put around each entry */
#ifdef CONFIG_PREEMPT_NOTIFIERS
#define AXVM_HAVE_PREEMPT_NOTIFIERS 1
#define axvm_preempt_notifier preempt_notifier
#else
#define AXVM_HAVE_PREEMPT_NOTIFIERS 0
struct axvm_preempt_notifier {};
#endif

/*
 * 6.19 gave syscore operations an argument and another registration, and a stable release
 * of 6.12 did so too: no version tells, Kbuild looks.
 */
#include <linux/syscore_ops.h>
#ifdef AXVM_HAVE_STRUCT_SYSCORE
static int (*axvm_syscore_suspend)(void) __maybe_unused;
static void (*axvm_syscore_resume)(void) __maybe_unused;

static inline int axvm_call_syscore_suspend(void *data)
{
	return axvm_syscore_suspend();
}

static inline void axvm_call_syscore_resume(void *data)
{
	axvm_syscore_resume();
}

static const struct syscore_ops axvm_syscore_ops __maybe_unused = {
	.suspend = axvm_call_syscore_suspend,
	.resume = axvm_call_syscore_resume,
};

static struct syscore axvm_syscore __maybe_unused = { .ops = &axvm_syscore_ops };

static inline void axvm_register_syscore(int (*suspend)(void), void (*resume)(void))
{
	axvm_syscore_suspend = suspend;
	axvm_syscore_resume = resume;
	register_syscore(&axvm_syscore);
}

static inline void axvm_unregister_syscore(void)
{
	unregister_syscore(&axvm_syscore);
}
#else
static struct syscore_ops axvm_syscore_ops __maybe_unused;

static inline void axvm_register_syscore(int (*suspend)(void), void (*resume)(void))
{
	axvm_syscore_ops.suspend = suspend;
	axvm_syscore_ops.resume = resume;
	register_syscore_ops(&axvm_syscore_ops);
}

static inline void axvm_unregister_syscore(void)
{
	unregister_syscore_ops(&axvm_syscore_ops);
}
#endif

#ifdef CONFIG_X86_64
#include <asm/tlbflush.h>
#include <asm/desc.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <asm/gsseg.h>	/* load_gs_index() */
#endif

/* An exit leaves the GDT limit at 64 KiB */
static inline void axvm_load_gdt(void)
{
	struct desc_ptr gdt = {
		.size = GDT_SIZE - 1,
		.address = (unsigned long)get_current_gdt_ro(),
	};

	load_gdt(&gdt);
}

#include <asm/cpufeature.h>
#include <asm/nospec-branch.h>
#include <asm/vmx.h>
/* Does the kernel overwrite CPU buffers (VERW) on the way to userspace or to a guest? */
static inline bool axvm_host_clears_cpu_buffers(void)
{
#if defined(X86_FEATURE_CLEAR_CPU_BUF_VM)
	return boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF_VM);
#elif defined(X86_FEATURE_CLEAR_CPU_BUF)
	return boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF) ||
	       static_key_enabled(&mmio_stale_data_clear);
#else
	return static_key_enabled(&mds_user_clear) || static_key_enabled(&mmio_stale_data_clear);
#endif
}

/* 6.19 keeps l1tf_vmx_mitigation to KVM: then flush whenever the CPU has the bug */
static inline bool axvm_host_flushes_l1d(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return l1tf_vmx_mitigation != VMENTER_L1D_FLUSH_NEVER &&
	       l1tf_vmx_mitigation != VMENTER_L1D_FLUSH_NOT_REQUIRED;
#else
	return true;
#endif
}

/* 6.19 keeps the CR4 helpers to KVM: there VMX can be borrowed only */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define AXVM_CAN_OWN_VMX 1
static inline int axvm_cr4_set_vmxe(void)
{
	cr4_set_bits(X86_CR4_VMXE);
	return 0;
}

static inline void axvm_cr4_clear_vmxe(void)
{
	cr4_clear_bits(X86_CR4_VMXE);
}
#else
#define AXVM_CAN_OWN_VMX 0
static inline int axvm_cr4_set_vmxe(void)
{
	return -EOPNOTSUPP;
}

static inline void axvm_cr4_clear_vmxe(void)
{
}
#endif
#endif /* CONFIG_X86_64 */

#ifdef CONFIG_ARM64
#include <asm/sysreg.h>
/* 6.12 has these names, 6.1 not yet */
#ifndef SYS_CNTPCT_EL0
#define SYS_CNTPCT_EL0		sys_reg(3, 3, 14, 0, 1)
#endif
#ifndef SYS_CNTVCT_EL0
#define SYS_CNTVCT_EL0		sys_reg(3, 3, 14, 0, 2)
#endif
#ifndef SYS_CNTPCTSS_EL0
#define SYS_CNTPCTSS_EL0	sys_reg(3, 3, 14, 0, 5)
#endif
#ifndef TCR_HPD0
#define TCR_HPD0		(UL(1) << 41)
#define TCR_HPD1		(UL(1) << 42)
#endif
#endif /* CONFIG_ARM64 */

#endif /* AXVM_CORE_COMPAT_H */
