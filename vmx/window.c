// SPDX-License-Identifier: GPL-2.0
/*
 * The entry window: the only place where a VMCS is touched. Between open and close,
 * with interrupts off, our VMCS is the current one of this CPU; before and after it
 * is whatever it was, KVM's perhaps.
 *
 * Around an entry, cached registers that changed are flushed into the VMCS, and
 * what each exit needs is refilled. Whoever wants more later (an ioctl, the emulator)
 * asks through vmx_refill(), which opens a window for it.
 *
 * Owns: the mapping between struct x86_state and VMCS fields. Context: the vCPU's
 * own thread, or vcpu->lock.
 */
#include <linux/preempt.h>
#include <linux/smp.h>

#include "vmx.h"

/**
 * vmx_forget() - this pCPU holds nothing of the VMCS any more
 * @v: the vCPU
 *
 * VMCLEAR writes it to memory, so that another pCPU can load it.
 *
 * Context: preemption off.
 */
void vmx_forget(struct vmx_vcpu *v)
{
	unsigned long flags;

	local_irq_save(flags);
	vmx_clear(v->vmcs_pa);
	local_irq_restore(flags);
	v->launched = false;
}

/* --- flush: cached registers into the VMCS ------------------------------------- */

/* Fields of one segment register are 2 apart in each of four series (SDM Vol. 3D B) */
static const struct {
	unsigned long selector, base, limit, attr;
} seg_fields[AXVM_X86_NR_SEG] = {
#define SEG(name) { GUEST_##name##_SELECTOR, GUEST_##name##_BASE, GUEST_##name##_LIMIT, \
		    GUEST_##name##_AR_BYTES }
	[AXVM_X86_ES] = SEG(ES),
	[AXVM_X86_CS] = SEG(CS),
	[AXVM_X86_SS] = SEG(SS),
	[AXVM_X86_DS] = SEG(DS),
	[AXVM_X86_FS] = SEG(FS),
	[AXVM_X86_GS] = SEG(GS),
	[AXVM_X86_LDTR] = SEG(LDTR),
	[AXVM_X86_TR] = SEG(TR),
#undef SEG
};

static void flush_seg(unsigned int i, const struct axvm_x86_segment *seg)
{
	vmx_write(seg_fields[i].selector, seg->selector);
	vmx_write(seg_fields[i].base, seg->base);
	vmx_write(seg_fields[i].limit, seg->limit);
	vmx_write(seg_fields[i].attr, seg->attr);
}

static void flush_crs(struct vmx_vcpu *v)
{
	const struct axvm_x86_regs *regs = &v->vcpu->arch.state.regs;

	/* What the CPU runs with: the guest's wish, and what VMX operation demands */
	vmx_write(GUEST_CR0, regs->cr0 | vmx_caps.cr0_fixed1);
	vmx_write(CR0_READ_SHADOW, regs->cr0);
	vmx_write(GUEST_CR3, regs->cr3);
	vmx_write(GUEST_CR4, regs->cr4 | vmx_caps.cr4_fixed1);
	vmx_write(CR4_READ_SHADOW, regs->cr4);
	vmx_write(GUEST_IA32_EFER, regs->efer);
	vmx_write(VM_ENTRY_CONTROLS, vmx_caps.entry |
		  (regs->efer & EFER_LMA ? VM_ENTRY_IA32E_MODE : 0));
	/* A MOV to a control register that changes paging leaves no translation behind. */
	vmx_invvpid(v->vpid);
}

static void flush_pdptes(struct vmx_vcpu *v)
{
	vmx_write(GUEST_PDPTR0, v->pdpte[0]);
	vmx_write(GUEST_PDPTR1, v->pdpte[1]);
	vmx_write(GUEST_PDPTR2, v->pdpte[2]);
	vmx_write(GUEST_PDPTR3, v->pdpte[3]);
}

static void flush_msrs(struct vmx_vcpu *v)
{
	vmx_write(GUEST_SYSENTER_CS, v->sysenter_cs);
	vmx_write(GUEST_SYSENTER_ESP, v->sysenter_esp);
	vmx_write(GUEST_SYSENTER_EIP, v->sysenter_eip);
	vmx_write(GUEST_IA32_PAT, v->pat);
	vmx_write(GUEST_IA32_DEBUGCTL, v->debugctl);
}

/**
 * vmx_window_flush() - write what changed since the last exit, beside RIP and RFLAGS
 * @v: the vCPU; in the window
 * @dirty: X86_* groups and VMX_DIRTY_*
 */
void vmx_window_flush(struct vmx_vcpu *v, u32 dirty)
{
	const struct axvm_x86_regs *regs = &v->vcpu->arch.state.regs;
	unsigned int i;

	if (dirty & X86_INTR)
		vmx_write(GUEST_INTERRUPTIBILITY_INFO, regs->interruptibility);
	if (dirty & VMX_DIRTY_CONTROLS)
		vmx_write(CPU_BASED_VM_EXEC_CONTROL, v->cpu_controls);
	if (dirty & VMX_DIRTY_TSC)
		vmx_write(TSC_OFFSET, x86_tsc_offset(v->vcpu));
	if (dirty & VMX_DIRTY_APIC)
		vmx_apicv_write_mode(v);
	if (dirty & X86_RSP)
		vmx_write(GUEST_RSP, regs->gpr[AXVM_X86_RSP]);
	if (dirty & X86_CRS)
		flush_crs(v);
	if (dirty & X86_SEGS)
		for (i = 0; i < AXVM_X86_NR_SEG; i++)
			flush_seg(i, &regs->seg[i]);
	if (dirty & X86_TABLES) {
		vmx_write(GUEST_GDTR_BASE, regs->gdt_base);
		vmx_write(GUEST_GDTR_LIMIT, regs->gdt_limit);
		vmx_write(GUEST_IDTR_BASE, regs->idt_base);
		vmx_write(GUEST_IDTR_LIMIT, regs->idt_limit);
	}
	if (dirty & X86_DEBUG)
		vmx_write(GUEST_DR7, regs->dr[7]);
	if (dirty & VMX_DIRTY_MSRS)
		flush_msrs(v);
	if (dirty & VMX_DIRTY_PDPTES)
		flush_pdptes(v);
}

/* --- refill: the VMCS into cached registers ------------------------------------ */

static void refill_seg(unsigned int i, struct axvm_x86_segment *seg)
{
	seg->selector = vmx_read(seg_fields[i].selector);
	seg->base = vmx_read(seg_fields[i].base);
	seg->limit = vmx_read(seg_fields[i].limit);
	seg->attr = vmx_read(seg_fields[i].attr);
}

/* What the guest does not own of them, and EFER, does not change without us. */
static void refill_crs(struct axvm_x86_regs *regs)
{
	regs->cr0 = (vmx_read(GUEST_CR0) & VMX_CR0_OWN) | (regs->cr0 & ~VMX_CR0_OWN);
	regs->cr3 = vmx_read(GUEST_CR3);
	regs->cr4 = (vmx_read(GUEST_CR4) & VMX_CR4_OWN) | (regs->cr4 & ~VMX_CR4_OWN);
}

/**
 * vmx_window_refill() - read groups of registers
 * @v: the vCPU; in the window
 * @groups: X86_*
 *
 * RIP, RFLAGS and interruptibility are read after each exit (vmx_answer_exit()).
 */
void vmx_window_refill(struct vmx_vcpu *v, u32 groups)
{
	struct x86_state *state = &v->vcpu->arch.state;
	struct axvm_x86_regs *regs = &state->regs;
	unsigned int i;

	state->valid |= groups;
	if (groups & X86_RIP)
		regs->rip = vmx_read(GUEST_RIP);
	if (groups & X86_FLAGS)
		regs->rflags = vmx_read(GUEST_RFLAGS);
	if (groups & X86_RSP)
		regs->gpr[AXVM_X86_RSP] = vmx_read(GUEST_RSP);
	if (groups & X86_INTR)
		regs->interruptibility = vmx_read(GUEST_INTERRUPTIBILITY_INFO);
	if (groups & X86_CRS) {
		state->valid |= X86_CR3;
		refill_crs(regs);
	}
	if (groups & (X86_CR3 | X86_CODE))
		vmx_window_refill_fetch(v);
	if (groups & X86_SEGS) {
		state->valid |= X86_CODE;
		for (i = 0; i < AXVM_X86_NR_SEG; i++)
			refill_seg(i, &regs->seg[i]);
	}
	if (groups & X86_TABLES) {
		regs->gdt_base = vmx_read(GUEST_GDTR_BASE);
		regs->gdt_limit = vmx_read(GUEST_GDTR_LIMIT);
		regs->idt_base = vmx_read(GUEST_IDTR_BASE);
		regs->idt_limit = vmx_read(GUEST_IDTR_LIMIT);
	}
	if (groups & X86_DEBUG)
		regs->dr[7] = vmx_read(GUEST_DR7);
}

/**
 * vmx_refill() - struct axvm_vcpu_arch.refill: open a window for a few reads
 * @vcpu: the vCPU
 * @groups: X86_*
 *
 * If VMX has gone away, the groups keep their old values: the next entry fails.
 */
void vmx_refill(struct axvm_vcpu *vcpu, u32 groups)
{
	struct vmx_vcpu *v = to_vmx(vcpu);
	unsigned long flags;

	if (v->in_window) {
		vmx_window_refill(v, groups);
		return;
	}
	/* Outside a run the VMCS may be loaded on no pCPU: leave it so. */
	preempt_disable();
	local_irq_save(flags);
	if (vmx_window_open(v)) {
		vmx_window_refill(v, groups);
		vmx_window_close(v);
	}
	local_irq_restore(flags);
	if (READ_ONCE(vcpu->pcpu) < 0)
		vmx_forget(v);
	preempt_enable();
}
