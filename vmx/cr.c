// SPDX-License-Identifier: GPL-2.0
/*
 * Control registers, EFER, XCR0 and debug registers: the rules for their values
 * (SDM Vol. 3A 2.5, 4.1), and the exits their changes make.
 *
 * The guest owns the harmless bits of CR0 and CR4 and all of CR3 (vmx/controls.c);
 * the rest comes here. A forbidden value is #GP(0).
 *
 * Context: the vCPU's own thread, or vcpu->lock.
 */
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "../x86/cpuid.h"
#include "vmx.h"

#define CR0_DEFINED	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET |	\
			 X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD |	\
			 X86_CR0_PG)
#define PDPTE_RESERVED	(GENMASK_ULL(63, 52) | GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1))
#define TR_BUSY_64	11

static bool pae_paging(u64 cr0, u64 cr4, u64 efer)
{
	return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(efer & EFER_LMA);
}

/*
 * Entering PAE paging loads four entries from memory (SDM Vol. 3A 4.4.1). A guest's
 * MOV to CR3 does so by itself; MOV to CR0 and CR4 exited before it could.
 */
static int load_pdptes(struct vmx_vcpu *v, u64 cr3)
{
	u64 pdpte[4];
	unsigned int i;

	if (axvm_guest_read(v->vcpu->vm, cr3 & 0xffffffe0, pdpte, sizeof(pdpte)))
		return -EINVAL;
	for (i = 0; i < 4; i++)
		if ((pdpte[i] & 1) && (pdpte[i] & PDPTE_RESERVED))
			return -EINVAL;
	memcpy(v->pdpte, pdpte, sizeof(pdpte));
	v->vcpu->arch.state.dirty |= VMX_DIRTY_PDPTES;
	return 0;
}

/* Long mode needs a 64-bit TSS; a 16-bit one would make the entry fail (27.3.1.2) */
static void fix_tss(struct vmx_vcpu *v)
{
	struct axvm_x86_regs *regs = x86_change(v->vcpu, X86_SEGS);
	u32 *attr = &regs->seg[AXVM_X86_TR].attr;

	*attr = (*attr & ~0xf) | TR_BUSY_64;
}

static int enter_long_mode(struct vmx_vcpu *v, struct axvm_x86_regs *regs)
{
	if (!(regs->cr4 & X86_CR4_PAE) || (x86_get(v->vcpu, X86_CODE)->seg[AXVM_X86_CS].attr &
					   VMX_SEGMENT_AR_L_MASK))
		return -EINVAL;
	fix_tss(v);
	regs->efer |= EFER_LMA;
	return 0;
}

static int leave_paging(struct vmx_vcpu *v, struct axvm_x86_regs *regs)
{
	bool code64 = (regs->efer & EFER_LMA) &&
		      (x86_get(v->vcpu, X86_CODE)->seg[AXVM_X86_CS].attr & VMX_SEGMENT_AR_L_MASK);

	if (code64 || (regs->cr4 & X86_CR4_PCIDE))
		return -EINVAL;
	regs->efer &= ~(u64)EFER_LMA;
	return 0;
}

/**
 * vmx_set_cr0() - MOV to CR0
 * @v: the vCPU
 * @value: the value
 *
 * Return: 0, or -EINVAL: #GP(0).
 */
int vmx_set_cr0(struct vmx_vcpu *v, u64 value)
{
	struct axvm_x86_regs *regs = x86_change(v->vcpu, X86_CRS);
	u64 old = regs->cr0;
	int ret = 0;

	if (value >> 32)
		return -EINVAL;
	value = (value & CR0_DEFINED) | X86_CR0_ET;
	if ((value & X86_CR0_PG) && !(value & X86_CR0_PE))
		return -EINVAL;
	if ((value & X86_CR0_NW) && !(value & X86_CR0_CD))
		return -EINVAL;
	if ((value & ~old & X86_CR0_PG) && (regs->efer & EFER_LME))
		ret = enter_long_mode(v, regs);
	else if (old & ~value & X86_CR0_PG)
		ret = leave_paging(v, regs);
	if (ret)
		return ret;
	if (((old ^ value) & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)) &&
	    pae_paging(value, regs->cr4, regs->efer))
		ret = load_pdptes(v, regs->cr3);
	if (ret)
		return ret;
	regs->cr0 = value;
	return 0;
}

/**
 * vmx_set_cr4() - MOV to CR4
 * @v: the vCPU
 * @value: the value
 *
 * Return: 0, or -EINVAL: #GP(0).
 */
int vmx_set_cr4(struct vmx_vcpu *v, u64 value)
{
	const u64 paging = X86_CR4_PAE | X86_CR4_PSE | X86_CR4_PGE | X86_CR4_SMEP;
	struct axvm_x86_regs *regs = x86_change(v->vcpu, X86_CRS);

	if (value & ~(x86_cr4_allowed() & vmx_caps.cr4_allowed))
		return -EINVAL;
	if ((regs->efer & EFER_LMA) && !(value & X86_CR4_PAE))
		return -EINVAL;
	if ((value & ~regs->cr4 & X86_CR4_PCIDE) &&
	    (!(regs->efer & EFER_LMA) || (regs->cr3 & 0xfff)))
		return -EINVAL;
	if (((regs->cr4 ^ value) & paging) && pae_paging(regs->cr0, value, regs->efer) &&
	    load_pdptes(v, regs->cr3))
		return -EINVAL;
	regs->cr4 = value;
	return 0;
}

/**
 * vmx_set_efer() - WRMSR to IA32_EFER
 * @v: the vCPU
 * @value: the value
 *
 * Return: 0, or -EINVAL: #GP(0).
 */
int vmx_set_efer(struct vmx_vcpu *v, u64 value)
{
	struct axvm_x86_regs *regs = x86_change(v->vcpu, X86_CRS);

	if (value & ~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX))
		return -EINVAL;
	if ((regs->cr0 & X86_CR0_PG) && ((regs->efer ^ value) & EFER_LME))
		return -EINVAL;
	regs->efer = (value & ~(u64)EFER_LMA) | (regs->efer & EFER_LMA);
	return 0;
}

/* --- exits --------------------------------------------------------------------- */

/* Exit qualification for control-register accesses (SDM Vol. 3C table 28-3) */
#define CR_NUMBER(q)	((q) & 0xf)
#define CR_TYPE(q)	(((q) >> 4) & 3)
#define CR_GPR(q)	(((q) >> 8) & 0xf)
#define CR_LMSW(q)	(((q) >> 16) & 0xffff)
enum { CR_MOV_TO, CR_MOV_FROM, CR_CLTS, CR_LMSW_TYPE };

static int mov_to_cr(struct vmx_vcpu *v, unsigned int cr, u64 value)
{
	switch (cr) {
	case 0:
		return vmx_set_cr0(v, value);
	case 4:
		return vmx_set_cr4(v, value);
	case 8:
		if (value & ~0xfULL)
			return -EINVAL;
		axvm_lapic_set_tpr(v->vcpu, value);
		return 0;
	default:
		return -EINVAL;
	}
}

/* In 64-bit mode 64 bits of the register are taken, else 32 */
static u64 operand(struct vmx_vcpu *v, unsigned int gpr)
{
	struct axvm_x86_regs *regs = x86_get(v->vcpu, X86_CRS | X86_CODE |
					     (gpr == AXVM_X86_RSP ? X86_RSP : 0));
	bool code64 = (regs->efer & EFER_LMA) &&
		      (regs->seg[AXVM_X86_CS].attr & VMX_SEGMENT_AR_L_MASK);

	return code64 ? regs->gpr[gpr] : (u32)regs->gpr[gpr];
}

/**
 * vmx_exit_cr_access() - MOV to or from a control register, CLTS, LMSW
 * @v: the vCPU
 * @exit: unused
 */
int vmx_exit_cr_access(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u64 q = v->info.qualification, cr0;
	unsigned int gpr = CR_GPR(q);
	int ret = 0;

	switch (CR_TYPE(q)) {
	case CR_MOV_TO:
		ret = mov_to_cr(v, CR_NUMBER(q), operand(v, gpr));
		break;
	case CR_MOV_FROM:
		/* Only CR8 exits. */
		x86_change(v->vcpu, gpr == AXVM_X86_RSP ? X86_RSP : X86_GPRS)->gpr[gpr] =
			axvm_lapic_get_tpr(v->vcpu);
		break;
	case CR_CLTS:
		cr0 = x86_get(v->vcpu, X86_CRS)->cr0;
		ret = vmx_set_cr0(v, cr0 & ~(u64)X86_CR0_TS);
		break;
	case CR_LMSW_TYPE:
		/* Sets PE but cannot clear it */
		cr0 = x86_get(v->vcpu, X86_CRS)->cr0;
		ret = vmx_set_cr0(v, (cr0 & ~0xeULL) | (CR_LMSW(q) & 0xf));
		break;
	}
	if (ret)
		return vmx_gp(v);
	vmx_skip(v);
	return 1;
}

/**
 * vmx_exit_dr_access() - the guest touches a debug register: it gets the real ones
 * @v: the vCPU
 * @exit: unused
 *
 * The instruction is executed again and does not exit any more.
 */
int vmx_exit_dr_access(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	preempt_disable();
	if (v->vcpu->pcpu >= 0)
		vmx_load_debug(v);
	preempt_enable();
	return 1;
}

/**
 * vmx_exit_xsetbv() - XSETBV always exits
 * @v: the vCPU
 * @exit: unused
 */
int vmx_exit_xsetbv(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	struct axvm_x86_regs *regs = x86_get(v->vcpu, X86_CODE);
	u64 value = (u32)regs->gpr[AXVM_X86_RAX] | regs->gpr[AXVM_X86_RDX] << 32;

	/* CPL is SS.DPL */
	if (((regs->seg[AXVM_X86_SS].attr >> 5) & 3) || (u32)regs->gpr[AXVM_X86_RCX] ||
	    !x86_xcr0_ok(value))
		return vmx_gp(v);
	regs->xcr0 = value;
	vmx_skip(v);
	return 1;
}
