// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions that a vCPU takes to EL1 because of what it did: what AArch64.TakeException()
 * of the manual does (ARM DDI 0487, D1.3.1 and the pseudocode of J1.1), done to the registers
 * of the guest.
 *
 * Locks: none; the vCPU's own thread.
 */
#include <asm/esr.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>

#include "../core/vm.h"
#include "emulate.h"

/* D1.3.1.5, table of vector offsets: synchronous exceptions */
#define VECTOR_CURRENT_SP0	0x000
#define VECTOR_CURRENT_SPX	0x200
#define VECTOR_LOWER_A64	0x400
#define VECTOR_LOWER_A32	0x600

/* Bits of PSTATE that an exception leaves as they are; PAN see below */
#define PSTATE_KEPT		(PSR_N_BIT | PSR_Z_BIT | PSR_C_BIT | PSR_V_BIT | PSR_DIT_BIT | \
				 PSR_PAN_BIT)

static bool from_el0(u64 pstate)
{
	return pstate & PSR_MODE32_BIT || (pstate & PSR_MODE_MASK) == PSR_MODE_EL0t;
}

static unsigned int vector_offset(u64 pstate)
{
	if (pstate & PSR_MODE32_BIT)
		return VECTOR_LOWER_A32;
	switch (pstate & PSR_MODE_MASK) {
	case PSR_MODE_EL1t:
		return VECTOR_CURRENT_SP0;
	case PSR_MODE_EL1h:
		return VECTOR_CURRENT_SPX;
	}
	return VECTOR_LOWER_A64;
}

static void take_exception(struct axvm_vcpu *vcpu, u64 esr)
{
	struct axvm_arm64_regs *regs = &vcpu->arch.regs;
	u64 sctlr = arm64_read_el1(vcpu, SYS_SCTLR_EL1);
	u64 pstate = (regs->pstate & PSTATE_KEPT) | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT |
		     PSR_MODE_EL1h;

	if (!(sctlr & SCTLR_EL1_SPAN))
		pstate |= PSR_PAN_BIT;
	if (sctlr & SCTLR_ELx_DSSBS)
		pstate |= PSR_SSBS_BIT;
	arm64_write_el1(vcpu, SYS_ESR_EL1, esr);
	arm64_write_el1(vcpu, SYS_ELR_EL1, regs->pc);
	arm64_write_el1(vcpu, SYS_SPSR_EL1, regs->pstate);
	regs->pc = arm64_read_el1(vcpu, SYS_VBAR_EL1) + vector_offset(regs->pstate);
	regs->pstate = pstate;
}

/**
 * arm64_inject_undefined() - the instruction at PC is UNDEFINED
 * @vcpu: the vCPU, its own thread, out of the guest
 */
void arm64_inject_undefined(struct axvm_vcpu *vcpu)
{
	take_exception(vcpu, ESR_ELx_EC_UNKNOWN << ESR_ELx_EC_SHIFT | ESR_ELx_IL);
}

/**
 * arm64_inject_fault() - an instruction or data abort
 * @vcpu: the vCPU, its own thread, out of the guest
 * @access: AXVM_ACCESS_EXEC: fetching the instruction; else data
 * @fsc: fault status code (D24.2.40, ISS of aborts)
 * @far: the virtual address
 */
void arm64_inject_fault(struct axvm_vcpu *vcpu, u32 access, u32 fsc, u64 far)
{
	bool lower = from_el0(vcpu->arch.regs.pstate);
	u64 ec, iss = fsc;

	if (access & AXVM_ACCESS_EXEC) {
		ec = lower ? ESR_ELx_EC_IABT_LOW : ESR_ELx_EC_IABT_CUR;
	} else {
		ec = lower ? ESR_ELx_EC_DABT_LOW : ESR_ELx_EC_DABT_CUR;
		if (access & AXVM_ACCESS_WRITE)
			iss |= ESR_ELx_WNR;
	}
	arm64_write_el1(vcpu, SYS_FAR_EL1, far);
	take_exception(vcpu, ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | iss);
}

/**
 * arm64_inject_abort() - nothing answers at an address: synchronous external abort
 * @vcpu: the vCPU, its own thread, out of the guest
 * @is_insn: it was fetching the instruction, else data
 * @far: the virtual address
 */
void arm64_inject_abort(struct axvm_vcpu *vcpu, bool is_insn, u64 far)
{
	arm64_inject_fault(vcpu, is_insn ? AXVM_ACCESS_EXEC : AXVM_ACCESS_READ, ESR_ELx_FSC_EXTABT,
			   far);
}
