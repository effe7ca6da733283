// SPDX-License-Identifier: GPL-2.0
/*
 * What the CPU holds besides the VMCS, switched between host and guest:
 *  - syscall MSRs, selectors, user bases: from load to put, as the kernel itself uses
 *    none of them before it returns to userspace;
 *  - FPU and vector registers: around each entry, with interrupts off;
 *  - debug registers: when the guest first touches them, until put.
 * And the host-state fields of the VMCS, which the CPU loads at each exit.
 *
 * Context: preemption off, the vCPU's own thread.
 */
#include <linux/smp.h>
#include <asm/cpu_entry_area.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/segment.h>

#include "vmx.h"

/* --- load and put -------------------------------------------------------------- */

static void save_host(struct vmx_host *host)
{
	savesegment(fs, host->fs);
	savesegment(gs, host->gs);
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	host->ldt = 0;
	asm("sldt %0" : "=m" (host->ldt));
	rdmsrl(MSR_FS_BASE, host->fs_base);
	rdmsrl(MSR_KERNEL_GS_BASE, host->gs_base);
	rdmsrl(MSR_STAR, host->star);
	rdmsrl(MSR_LSTAR, host->lstar);
	rdmsrl(MSR_CSTAR, host->cstar);
	rdmsrl(MSR_SYSCALL_MASK, host->sfmask);
	if (vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP)
		rdmsrl(MSR_TSC_AUX, host->tsc_aux);
}

/*
 * From here until it returns to userspace, this thread's own FPU registers are in
 * memory and nobody's in the CPU: so a window may load and save the guest's there
 * with interrupts off, and needs no kernel_fpu_begin() of its own.
 */
static void free_fpu(void)
{
	kernel_fpu_begin_mask(0);
	kernel_fpu_end();
}

/**
 * vmx_load_context() - axvm_backend.load(): the guest's MSRs into this pCPU
 * @v: the vCPU
 */
void vmx_load_context(struct vmx_vcpu *v)
{
	free_fpu();
	save_host(&v->host);
	wrmsrl(MSR_KERNEL_GS_BASE, v->kernel_gs_base);
	wrmsrl(MSR_STAR, v->star);
	wrmsrl(MSR_LSTAR, v->lstar);
	wrmsrl(MSR_CSTAR, v->cstar);
	wrmsrl(MSR_SYSCALL_MASK, v->sfmask);
	if (vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP)
		wrmsrl(MSR_TSC_AUX, v->tsc_aux);
	v->host_stale = true;
	vmx_mitigate_load(v);
}

/* An exit leaves null selectors, and limits of its own in TR and GDTR (SDM Vol. 3C 28.5.2) */
static void restore_segments(const struct vmx_host *host)
{
	if (unlikely(host->ldt))
		asm volatile("lldt %0" : : "m" (host->ldt));
	if (unlikely(host->ds | host->es)) {
		loadsegment(ds, host->ds);
		loadsegment(es, host->es);
	}
	if (unlikely(host->fs))
		loadsegment(fs, host->fs);
	if (unlikely(host->gs))
		load_gs_index(host->gs);
	wrmsrl(MSR_FS_BASE, host->fs_base);
	wrmsrl(MSR_KERNEL_GS_BASE, host->gs_base);
	invalidate_tss_limit();
	axvm_load_gdt();
}

/**
 * vmx_put_debug() - the guest's debug registers out of the CPU, the host's back
 * @v: the vCPU
 *
 * Context: preemption off.
 */
void vmx_put_debug(struct vmx_vcpu *v)
{
	struct axvm_x86_regs *regs = &v->vcpu->arch.state.regs;
	unsigned long value;

	if (!v->dr_loaded)
		return;
	v->dr_loaded = false;
	v->cpu_controls |= CPU_BASED_MOV_DR_EXITING;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_CONTROLS;
	get_debugreg(value, 0);
	regs->dr[0] = value;
	get_debugreg(value, 1);
	regs->dr[1] = value;
	get_debugreg(value, 2);
	regs->dr[2] = value;
	get_debugreg(value, 3);
	regs->dr[3] = value;
	get_debugreg(value, 6);
	regs->dr[6] = value;
	set_debugreg(DR6_RESERVED, 6);
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
}

/**
 * vmx_put_context() - axvm_backend.put(): the host's MSRs back
 * @v: the vCPU
 */
void vmx_put_context(struct vmx_vcpu *v)
{
	const struct vmx_host *host = &v->host;
	unsigned long flags;

	/* The guest swaps it without an exit. */
	rdmsrl(MSR_KERNEL_GS_BASE, v->kernel_gs_base);
	local_irq_save(flags);
	restore_segments(host);
	local_irq_restore(flags);
	wrmsrl(MSR_STAR, host->star);
	wrmsrl(MSR_LSTAR, host->lstar);
	wrmsrl(MSR_CSTAR, host->cstar);
	wrmsrl(MSR_SYSCALL_MASK, host->sfmask);
	if (vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP)
		wrmsrl(MSR_TSC_AUX, host->tsc_aux);
	vmx_put_debug(v);
	vmx_forget(v);
}

/* --- host-state fields --------------------------------------------------------- */

static void write_host_constants(struct vmx_vcpu *v)
{
	struct desc_ptr idt;
	u32 low, high;
	u64 value;

	vmx_write(HOST_CR0, read_cr0() & ~(u64)X86_CR0_TS);
	vmx_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmx_write(HOST_SS_SELECTOR, __KERNEL_DS);
	vmx_write(HOST_DS_SELECTOR, 0);
	vmx_write(HOST_ES_SELECTOR, 0);
	vmx_write(HOST_FS_SELECTOR, 0);
	vmx_write(HOST_GS_SELECTOR, 0);
	vmx_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	store_idt(&idt);
	vmx_write(HOST_IDTR_BASE, idt.address);
	rdmsr(MSR_IA32_SYSENTER_CS, low, high);
	vmx_write(HOST_IA32_SYSENTER_CS, low);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmx_write(HOST_IA32_SYSENTER_EIP, value);
	rdmsrl(MSR_EFER, value);
	vmx_write(HOST_IA32_EFER, value);
	rdmsrl(MSR_IA32_CR_PAT, value);
	vmx_write(HOST_IA32_PAT, value);
	vmx_write(HOST_RIP, (unsigned long)vmx_exit_point);
}

/* What differs from pCPU to pCPU and from thread to thread */
static void write_host_cpu(struct vmx_vcpu *v)
{
	int cpu = smp_processor_id();
	u64 value;

	vmx_write(HOST_FS_BASE, v->host.fs_base);
	rdmsrl(MSR_GS_BASE, value);
	vmx_write(HOST_GS_BASE, value);
	vmx_write(HOST_TR_BASE, (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	vmx_write(HOST_GDTR_BASE, (unsigned long)get_current_gdt_ro());
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	vmx_write(HOST_IA32_SYSENTER_ESP, value);
}

/**
 * vmx_write_host_state() - what the next exit loads; something of it changed
 * @v: the vCPU; in the window
 * @cr3: the host's CR3
 * @cr4: the host's CR4
 */
void vmx_write_host_state(struct vmx_vcpu *v, u64 cr3, u64 cr4)
{
	if (!v->initialised) {
		write_host_constants(v);
		vmx_write_controls(v);
		v->initialised = true;
	}
	if (v->host_stale)
		write_host_cpu(v);
	v->host_stale = false;
	vmx_write(HOST_CR3, cr3);
	v->host_cr3 = cr3;
	vmx_write(HOST_CR4, cr4);
	v->host_cr4 = cr4;
}

/* --- FPU ----------------------------------------------------------------------- */

/*
 * What a guest may have: components that need nothing but XCR0. Protection keys have
 * a register outside the guest's control (PKRU), AMX needs a permission.
 */
#define GUEST_XFEATURES	(XFEATURE_MASK_FP | XFEATURE_MASK_SSE | XFEATURE_MASK_YMM |	\
			 XFEATURE_MASK_OPMASK | XFEATURE_MASK_ZMM_Hi256 | XFEATURE_MASK_Hi16_ZMM)

/* vmx_xfeatures() as it was at load; it does not change */
u64 vmx_guest_xfeatures;
u64 vmx_host_xcr0;

/**
 * vmx_xfeatures() - the XCR0 bits a guest may set
 */
u64 vmx_xfeatures(void)
{
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & GUEST_XFEATURES;
}

/**
 * vmx_fpu_size() - bytes of a guest's XSAVE image in standard form
 */
u32 vmx_fpu_size(void)
{
	u64 features = vmx_xfeatures() & ~(u64)XFEATURE_MASK_FPSSE;
	u32 size = sizeof(struct fxregs_state) + sizeof(struct xstate_header);
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	for (i = 2; i < 63; i++) {
		if (!(features & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		size = max(size, ebx + eax);
	}
	return size;
}

/* --- debug registers ----------------------------------------------------------- */

/**
 * vmx_load_debug() - the guest uses its debug registers: give it the real ones
 * @v: the vCPU
 *
 * DR7 is in the VMCS. Until put, MOV DR does not exit.
 *
 * Context: preemption off.
 */
void vmx_load_debug(struct vmx_vcpu *v)
{
	const struct axvm_x86_regs *regs = &v->vcpu->arch.state.regs;

	set_debugreg(regs->dr[0], 0);
	set_debugreg(regs->dr[1], 1);
	set_debugreg(regs->dr[2], 2);
	set_debugreg(regs->dr[3], 3);
	set_debugreg(regs->dr[6], 6);
	v->dr_loaded = true;
	v->dr_used = true;
	v->cpu_controls &= ~CPU_BASED_MOV_DR_EXITING;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_CONTROLS;
}
