// SPDX-License-Identifier: GPL-2.0
/*
 * Events into the guest: exceptions, NMIs, external interrupts. One event can be
 * delivered with an entry (SDM Vol. 3C 27.6); what must wait opens a window (an exit
 * as soon as the guest can take it).
 *
 * vmx_vcpu.event holds the event that comes first: an exception our side raised, or
 * one whose delivery an exit interrupted.
 *
 * Context: the vCPU's own thread; vmx_inject_waiting() in the entry window.
 */
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../x86/vcpu.h"
#include "vmx.h"

#define HAS_ERROR	INTR_INFO_DELIVER_CODE_MASK
#define VALID		INTR_INFO_VALID_MASK

/* Contributory exceptions (SDM Vol. 3A table 6-5) */
static bool contributory(u8 vector)
{
	return vector == X86_TRAP_DE || (vector >= X86_TRAP_TS && vector <= X86_TRAP_GP);
}

static void queue(struct vmx_vcpu *v, u32 info, u32 error)
{
	v->event = info;
	v->event_error = error;
	v->event_len = 0;
	axvm_vcpu_look(v->vcpu);
}

/**
 * x86_queue_exception() - the guest takes an exception at the next entry
 * @vcpu: the vCPU; its own thread
 * @exc: the exception
 *
 * A second one while the first is not delivered makes a double fault or a triple
 * one, as in hardware (SDM Vol. 3A 6.15).
 */
void x86_queue_exception(struct axvm_vcpu *vcpu, const struct x86_exception *exc)
{
	struct vmx_vcpu *v = to_vmx(vcpu);
	u8 first = v->event & INTR_INFO_VECTOR_MASK;
	bool pending = (v->event & VALID) &&
		       (v->event & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION;

	if (pending && first == X86_TRAP_DF) {
		axvm_vm_stop_at(vcpu, AXVM_STOP_TRIPLE_FAULT, 0);
		return;
	}
	if (pending && (first == X86_TRAP_PF || contributory(first)) &&
	    (contributory(exc->vector) || (first == X86_TRAP_PF && exc->vector == X86_TRAP_PF))) {
		queue(v, VALID | INTR_TYPE_HARD_EXCEPTION | HAS_ERROR | X86_TRAP_DF, 0);
		return;
	}
	if (exc->vector == X86_TRAP_PF)
		vcpu->arch.state.regs.cr2 = exc->cr2;
	queue(v, VALID | INTR_TYPE_HARD_EXCEPTION | exc->vector |
	      (exc->has_error ? HAS_ERROR : 0), exc->error);
}

/**
 * vmx_requeue_event() - an exit interrupted the delivery of an event: do it again
 * @v: the vCPU
 *
 * Context: after an exit whose IDT-vectoring information is valid (SDM Vol. 3C 25.9.3).
 */
void vmx_requeue_event(struct vmx_vcpu *v)
{
	u32 info = v->info.vectoring;
	struct axvm_x86_regs *regs;

	/* Bit 12 is undefined in what was reported, and reserved in what is delivered. */
	queue(v, info & ~INTR_INFO_UNBLOCK_NMI, v->info.vectoring_error);
	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
		v->event_len = v->vcpu->arch.insn_len;
		break;
	case INTR_TYPE_NMI_INTR:
		/* It is delivered anew, so it blocks nothing yet. */
		regs = x86_change(v->vcpu, X86_INTR);
		regs->interruptibility &= ~GUEST_INTR_STATE_NMI;
		break;
	}
}

static void deliver(struct vmx_vcpu *v, u32 info)
{
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, info);
	if (info & HAS_ERROR)
		vmx_write(VM_ENTRY_EXCEPTION_ERROR_CODE, v->event_error);
	if (v->event_len)
		vmx_write(VM_ENTRY_INSTRUCTION_LEN, v->event_len);
}

static bool nmi_pending(struct axvm_vcpu *vcpu)
{
	return atomic_read(&vcpu->arch.nmi_pending) > 0;
}

/* True if an NMI goes in with this entry */
static bool inject_nmi(struct vmx_vcpu *v, u32 interruptibility)
{
	const u32 blocked = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS | GUEST_INTR_STATE_NMI;

	if (interruptibility & blocked)
		return false;
	atomic_dec(&v->vcpu->arch.nmi_pending);
	deliver(v, VALID | INTR_TYPE_NMI_INTR | X86_TRAP_NMI);
	return true;
}

/* With virtual-interrupt delivery, the local APIC's are not ours to inject. */
static bool cpu_delivers(const struct vmx_vcpu *v)
{
	return v->vcpu->arch.apic_vid && v->apic_mode != LAPIC_ABSENT;
}

static bool irq_pending(const struct vmx_vcpu *v)
{
	return cpu_delivers(v) ? axvm_x86_extint_pending(v->vcpu) : axvm_x86_irq_pending(v->vcpu);
}

static bool inject_irq(struct vmx_vcpu *v, const struct axvm_x86_regs *regs)
{
	const u32 blocked = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	int vector;

	if (!(regs->rflags & X86_EFLAGS_IF) || (regs->interruptibility & blocked))
		return false;
	vector = cpu_delivers(v) ? axvm_x86_extint_ack(v->vcpu) : axvm_x86_irq_ack(v->vcpu);
	if (vector < 0)
		return false;
	deliver(v, VALID | INTR_TYPE_EXT_INTR | vector);
	return true;
}

/* Windows that the CPU is asked for; a change is flushed with this entry */
static void ask_for_windows(struct vmx_vcpu *v, u32 windows)
{
	u32 controls = v->cpu_controls & ~VMX_WINDOWS;

	controls |= windows;
	if (controls == v->cpu_controls)
		return;
	v->cpu_controls = controls;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_CONTROLS;
}

/**
 * vmx_inject_waiting() - give the guest what is pending, or open a window for it
 * @v: the vCPU; in the window, before the flush
 */
void vmx_inject_waiting(struct vmx_vcpu *v)
{
	const struct axvm_x86_regs *regs = vmx_window_regs(v, X86_INTR | X86_FLAGS);
	struct axvm_vcpu *vcpu = v->vcpu;
	bool taken = false;
	u32 windows = 0;

	if (cpu_delivers(v))
		vmx_apicv_sync(v);
	if (v->event & VALID) {
		deliver(v, v->event);
		v->event = 0;
		taken = true;
	}
	if (nmi_pending(vcpu)) {
		/* While the guest handles one, all that come are one (SDM Vol. 3A 6.7.1). */
		if (regs->interruptibility & GUEST_INTR_STATE_NMI)
			atomic_cmpxchg(&vcpu->arch.nmi_pending, 2, 1);
		if (!taken)
			taken = inject_nmi(v, regs->interruptibility);
		if (nmi_pending(vcpu))
			windows |= CPU_BASED_NMI_WINDOW_EXITING;
	}
	if (irq_pending(v)) {
		if (!taken)
			inject_irq(v, regs);
		/* One at a time: the next comes through its window. */
		if (irq_pending(v))
			windows |= CPU_BASED_INTR_WINDOW_EXITING;
	}
	if (v->apic_mode != LAPIC_ABSENT)
		vmx_apicv_write_threshold(v);
	ask_for_windows(v, windows);
}

/**
 * vmx_interruptible() - axvm_backend.interruptible(): does anything end a HLT, or the
 * waiting for a start-up IPI?
 * @vcpu: the vCPU; its own thread, after the HLT (RFLAGS and interruptibility are cached)
 */
bool vmx_interruptible(struct axvm_vcpu *vcpu)
{
	const struct axvm_x86_regs *regs = &vcpu->arch.state.regs;
	const int start = atomic_read(&vcpu->arch.start);

	if (start & X86_INIT)
		return true;
	/* Nothing else reaches one that waits for it (SDM Vol. 3A 9.4.4). */
	if (to_vmx(vcpu)->idle == X86_WAITS_SIPI)
		return start;
	if (nmi_pending(vcpu) && !(regs->interruptibility & GUEST_INTR_STATE_NMI))
		return true;
	return (regs->rflags & X86_EFLAGS_IF) && axvm_x86_irq_pending(vcpu);
}
