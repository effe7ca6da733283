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

/* 6.12: no more PTE, but what is in it; until 6.10 that was asked of the mm */
#include <linux/mm.h>
static inline int axvm_follow_pfn(struct vm_area_struct *vma, unsigned long address,
				  unsigned long *pfn, bool *writable)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct follow_pfnmap_args args = { .vma = vma, .address = address };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	*pfn = args.pfn;
	*writable = args.writable;
	follow_pfnmap_end(&args);
#else
	spinlock_t *lock;	/* of the page table */
	pte_t *pte;
	int ret;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	ret = follow_pte(vma, address, &pte, &lock);
#else
	ret = follow_pte(vma->vm_mm, address, &pte, &lock);
#endif
	if (ret)
		return ret;
	*pfn = pte_pfn(*pte);
	*writable = pte_write(*pte);
	pte_unmap_unlock(pte, lock);
#endif
	return 0;
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

/*
 * The notification vector of posted interrupts has a handler if there is KVM. 6.6 made the
 * operations of the APIC static calls, 6.18 keeps them to KVM.
 */
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#if IS_ENABLED(CONFIG_KVM) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define AXVM_HAVE_POSTED_VECTOR 1
static inline void axvm_send_posted_vector(int pcpu)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	apic->send_IPI_mask(cpumask_of(pcpu), POSTED_INTR_VECTOR);
#else
	__apic_send_IPI_mask(cpumask_of(pcpu), POSTED_INTR_VECTOR);
#endif
}
#else
#define AXVM_HAVE_POSTED_VECTOR 0
#ifndef POSTED_INTR_VECTOR
#define POSTED_INTR_VECTOR 0
#endif
static inline void axvm_send_posted_vector(int pcpu)
{
}
#endif

/* Flexible return and event delivery: no IDT */
static inline bool axvm_host_has_fred(void)
{
#ifdef X86_FEATURE_FRED
	return boot_cpu_has(X86_FEATURE_FRED);
#else
	return false;
#endif
}
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
