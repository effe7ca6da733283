// SPDX-License-Identifier: GPL-2.0
/*
 * x86's part of making a vCPU, whichever vendor's extension runs it: its local APIC,
 * and power-on state as the SDM has it (Vol. 3A table 10-1).
 */
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/fpu/types.h>
#include <asm/processor-flags.h>

#include "../devices/lapic.h"
#include "msr.h"
#include "vcpu.h"
#include "x86.h"

/**
 * axvm_arch_vcpu_attach() - make what a vCPU has beside the backend's part
 * @vcpu: the vCPU; vm->lock held
 *
 * Return: 0 or -ENOMEM.
 */
int axvm_arch_vcpu_attach(struct axvm_vcpu *vcpu)
{
	int ret;

	ret = x86_emulation_create(vcpu);
	if (ret)
		return ret;
	ret = axvm_lapic_attach(vcpu);
	if (ret)
		x86_emulation_destroy(vcpu);
	return ret;
}

/**
 * axvm_arch_vcpu_detach() - the reverse
 * @vcpu: the vCPU
 */
void axvm_arch_vcpu_detach(struct axvm_vcpu *vcpu)
{
	axvm_lapic_detach(vcpu);
	x86_emulation_destroy(vcpu);
}

static void set_segment(struct axvm_x86_segment *seg, u16 selector, u64 base, u32 attr)
{
	*seg = (struct axvm_x86_segment){
		.base = base, .limit = 0xffff, .selector = selector, .attr = attr,
	};
}

/**
 * x86_reset_regs() - registers after RESET or INIT
 * @vcpu: the vCPU
 * @init: INIT: CR0.CD and CR0.NW keep their values, and so does XCR0
 */
void x86_reset_regs(struct axvm_vcpu *vcpu, bool init)
{
	struct x86_state *state = &vcpu->arch.state;
	struct axvm_x86_regs *regs = &state->regs;
	u64 cache = init ? regs->cr0 & (X86_CR0_CD | X86_CR0_NW) : X86_CR0_CD | X86_CR0_NW;
	u64 xcr0 = init ? regs->xcr0 : XFEATURE_MASK_FP;
	unsigned int i;

	memset(regs, 0, sizeof(*regs));
	regs->size = sizeof(*regs);
	regs->gpr[AXVM_X86_RDX] = 0x600;	/* family 6 */
	regs->rip = 0xfff0;
	regs->rflags = X86_EFLAGS_FIXED;
	regs->cr0 = X86_CR0_ET | cache;
	regs->xcr0 = xcr0;
	regs->dr[6] = DR6_RESERVED;
	regs->dr[7] = X86_DR7_FIXED;
	regs->gdt_limit = 0xffff;
	regs->idt_limit = 0xffff;
	for (i = AXVM_X86_ES; i <= AXVM_X86_GS; i++)
		set_segment(&regs->seg[i], 0, 0, 0x93);
	set_segment(&regs->seg[AXVM_X86_CS], 0xf000, 0xffff0000, 0x9b);
	set_segment(&regs->seg[AXVM_X86_LDTR], 0, 0, 0x82);
	set_segment(&regs->seg[AXVM_X86_TR], 0, 0, 0x8b);
	state->valid = X86_ALL;
	state->dirty = X86_ALL;
}

/**
 * x86_start_at() - a start-up IPI came (SDM Vol. 3A 9.4.4)
 * @vcpu: the vCPU, waiting for it
 * @vector: page number of the entry point
 */
void x86_start_at(struct axvm_vcpu *vcpu, u8 vector)
{
	struct axvm_x86_regs *regs = x86_change(vcpu, X86_SEGS | X86_RIP);

	set_segment(&regs->seg[AXVM_X86_CS], vector << 8, vector << 12, 0x9b);
	regs->rip = 0;
}
