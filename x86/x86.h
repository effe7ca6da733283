/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86 facts shared by the backend, the emulator and the interrupt controllers.
 */
#ifndef AXVM_X86_X86_H
#define AXVM_X86_X86_H

#include <linux/mm.h>
#include <asm/processor-flags.h>

#include "../core/vm.h"

/**
 * x86_get() - the cached registers, with at least @groups valid
 * @vcpu: the vCPU; its own thread, or vcpu->lock held
 * @groups: X86_*
 */
static inline struct axvm_x86_regs *x86_get(struct axvm_vcpu *vcpu, u32 groups)
{
	struct x86_state *state = &vcpu->arch.state;

	if (groups & ~state->valid)
		vcpu->arch.refill(vcpu, groups & ~state->valid);
	return &state->regs;
}

/**
 * x86_change() - the same, to be written back before the next entry
 * @vcpu: the vCPU
 * @groups: X86_* groups that the caller changes
 */
static inline struct axvm_x86_regs *x86_change(struct axvm_vcpu *vcpu, u32 groups)
{
	struct axvm_x86_regs *regs = x86_get(vcpu, groups);

	vcpu->arch.state.dirty |= groups;
	return regs;
}

/**
 * x86_write_gpr() - write a general register as an instruction does
 * @vcpu: the vCPU
 * @reg: number
 * @width: 1, 2: the rest stays; 4: the upper half becomes 0; 8
 * @value: value
 *
 * All but RSP are loaded at each entry, so they need no mark.
 */
static inline void x86_write_gpr(struct axvm_vcpu *vcpu, unsigned int reg, unsigned int width,
				 u64 value)
{
	static const u64 keep[9] = { [1] = ~0xffULL, [2] = ~0xffffULL };
	static const u64 take[9] = { [1] = 0xff, [2] = 0xffff, [4] = 0xffffffff, [8] = ~0ULL };
	u64 *gpr = &vcpu->arch.state.regs.gpr[reg];

	if (unlikely(reg == AXVM_X86_RSP))
		x86_change(vcpu, X86_RSP);
	*gpr = (*gpr & keep[width]) | (value & take[width]);
}

/* An exception to be given to the guest at the next entry */
struct x86_exception {
	u8 vector;
	bool has_error;
	u32 error;
	u64 cr2;	/* #PF only */
};

/* vmx: queue it; replaces nothing that is already pending (double-fault rules: SDM 6.15) */
void x86_queue_exception(struct axvm_vcpu *vcpu, const struct x86_exception *exc);

/* x86/gva.c: guest-virtual addresses. 0, 1 with @exc filled, or an errno. May sleep. */
int x86_gva_to_gpa(struct axvm_vcpu *vcpu, u64 gva, u32 access, u64 *gpa,
		   struct x86_exception *exc);
int x86_gva_read(struct axvm_vcpu *vcpu, u64 gva, void *buf, size_t length, u32 access,
		 struct x86_exception *exc);
int x86_gva_write(struct axvm_vcpu *vcpu, u64 gva, const void *buf, size_t length,
		  struct x86_exception *exc);

/* x86/emulate.c */
bool x86_emulate_again(struct axvm_vcpu *vcpu, u64 gpa, struct axvm_exit *exit);
int x86_emulate_mmio(struct axvm_vcpu *vcpu, u64 gpa, struct axvm_exit *exit);
int x86_emulate_string_io(struct axvm_vcpu *vcpu, u16 port, unsigned int width, bool in, bool rep,
			  unsigned int addr_size, unsigned int seg, struct axvm_exit *exit);
int x86_emulate_next(struct axvm_vcpu *vcpu, struct axvm_exit *exit);
void x86_step_over_odd(struct axvm_vcpu *vcpu, u64 next);

/* axvm_x86_regs.interruptibility: what lasts for one instruction: blocking by STI, by MOV SS */
#define X86_SHADOW	(BIT(0) | BIT(1))

/**
 * x86_step_over() - an instruction was done for the guest: go to the next
 * @vcpu: the vCPU; its own thread, after an exit: RIP, RFLAGS and shadow are cached
 * @length: bytes of the instruction
 *
 * Ends what lasts for one instruction (the shadow of STI and MOV SS, RF), and traps if
 * the guest single-steps.
 */
static __always_inline void x86_step_over(struct axvm_vcpu *vcpu, unsigned int length)
{
	struct axvm_x86_regs *regs = &vcpu->arch.state.regs;
	u64 next = regs->rip + length;

	if (unlikely((next ^ regs->rip) >> 32 || (regs->interruptibility & X86_SHADOW)))
		goto odd;
	if (regs->rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF)) {
		if (unlikely(regs->rflags & X86_EFLAGS_TF))
			goto odd;
		/* Set by exits that are faults (SDM Vol. 3C 28.3.3) */
		regs->rflags &= ~(u64)X86_EFLAGS_RF;
		vcpu->arch.state.dirty |= X86_FLAGS;
	}
	regs->rip = next;
	vcpu->arch.state.dirty |= X86_RIP;
	return;
odd:
	x86_step_over_odd(vcpu, next);
}

/* vcpu->arch.emul; for the backend's vcpu_init() and vcpu_destroy() */
int x86_emulation_create(struct axvm_vcpu *vcpu);
void x86_emulation_destroy(struct axvm_vcpu *vcpu);

/*
 * The vCPU's interrupt controller as the backend sees it: devices/lapic.c
 * (with the 8259A pair behind LINT0). Any context.
 */
bool axvm_x86_irq_pending(struct axvm_vcpu *vcpu);
int axvm_x86_irq_ack(struct axvm_vcpu *vcpu);
bool axvm_x86_extint_pending(struct axvm_vcpu *vcpu);
int axvm_x86_extint_ack(struct axvm_vcpu *vcpu);
int axvm_lapic_inject(struct axvm_vcpu *vcpu, u8 vector);
void axvm_lapic_reset(struct axvm_vcpu *vcpu);
void axvm_lapic_init(struct axvm_vcpu *vcpu);
u64 axvm_lapic_get_base(struct axvm_vcpu *vcpu);
int axvm_lapic_set_base(struct axvm_vcpu *vcpu, u64 value);
u64 axvm_lapic_get_tpr(struct axvm_vcpu *vcpu);
void axvm_lapic_set_tpr(struct axvm_vcpu *vcpu, u64 cr8);
void axvm_lapic_tsc_changed(struct axvm_vcpu *vcpu);

/* What is added to the host's TSC for this vCPU */
static inline u64 x86_tsc_offset(const struct axvm_vcpu *vcpu)
{
	return vcpu->vm->arch.tsc_offset + READ_ONCE(vcpu->arch.tsc_adjust);
}

/**
 * struct axvm_apic_msg - an interrupt message on the (virtual) APIC bus
 * @dest: APIC id or logical destination
 * @vector: vector
 * @mode: delivery mode: APIC_MODE_* >> 8: 0 fixed, 1 lowest, 2 SMI, 4 NMI, 5 INIT, 6 SIPI, 7 ExtINT
 * @logical: logical destination mode
 * @level: level-triggered
 */
struct axvm_apic_msg {
	u32 dest;
	u8 vector;
	u8 mode;
	bool logical;
	bool level;
};

/* Deliver to all matching local APICs of the VM; how many took it. Any context. */
int axvm_apic_deliver(struct axvm_vm *vm, const struct axvm_apic_msg *msg);

/* A message of a device (x86/msi.c); see axvm_backend.msi */
int axvm_x86_msi(struct axvm_vm *vm, u64 address, u32 data, bool send);

/* The PIC's output changed. Any context. */
void axvm_x86_extint_changed(struct axvm_vm *vm);

#endif /* AXVM_X86_X86_H */
