// SPDX-License-Identifier: GPL-2.0
/*
 * The world switch of a host at EL1: at EL2, between the host's EL1 and the guest's.
 *
 * Runs at EL2 at physical addresses, with a stack of some 2 KiB: nothing here calls or refers
 * to anything outside this section, and the compiler is kept from adding such (Kbuild).
 *
 * The order is that of erratum 1319367 (Cortex-A57, A72), whose CPUs walk tables by
 * speculation while the registers are half of one world and half of the other: with
 * TCR_EL1.EPD0 and EPD1 set, and SCTLR_EL1.M, there are no walks.
 */
#include <asm/barrier.h>
#include <asm/kvm_arm.h>
#include <asm/sysreg.h>

#include "gic_hw.h"
#include "nvhe.h"

#define __hyp	__section(".axvm.hyp.text") notrace __no_kcsan __no_sanitize_address __nocfi

#define TCR_EPDS	(BIT_ULL(7) | BIT_ULL(23))	/* TCR_EL1: EPD0, EPD1 */

/* All but SCTLR_EL1 and TCR_EL1, which come first or last */
#define SAVE(name, el1, vhe)	to[ARM64_##name] = read_sysreg_s(el1);
#define LOAD(name, el1, vhe)						\
	if (ARM64_##name != ARM64_SCTLR && ARM64_##name != ARM64_TCR)	\
		write_sysreg_s(from[ARM64_##name], el1);

static __always_inline void save_el1(u64 *to)
{
	ARM64_EL1_REGISTERS(SAVE)
}

static __always_inline void load_el1(const u64 *from)
{
	ARM64_EL1_REGISTERS(LOAD)
}

static __always_inline void stop_walks(u64 tcr, u64 sctlr)
{
	write_sysreg_s(tcr | TCR_EPDS, SYS_TCR_EL1);
	isb();
	write_sysreg_s(sctlr | SCTLR_ELx_M, SYS_SCTLR_EL1);
	isb();
}

static __always_inline void allow_walks(u64 tcr, u64 sctlr)
{
	isb();
	write_sysreg_s(sctlr, SYS_SCTLR_EL1);
	isb();
	write_sysreg_s(tcr, SYS_TCR_EL1);
}

static __always_inline void save_traps(struct arm64_hyp_traps *to, bool fgt, bool hcx)
{
	to->hcr = read_sysreg(hcr_el2);
	to->cptr = read_sysreg(cptr_el2);
	to->mdcr = read_sysreg(mdcr_el2);
	to->hstr = read_sysreg(hstr_el2);
	to->cnthctl = read_sysreg(cnthctl_el2);
	to->vpidr = read_sysreg(vpidr_el2);
	to->vmpidr = read_sysreg(vmpidr_el2);
	if (hcx)
		to->hcrx = read_sysreg_s(sys_reg(3, 4, 1, 2, 2));
	if (!fgt)
		return;
	to->hfg[0] = read_sysreg_s(sys_reg(3, 4, 1, 1, 4));
	to->hfg[1] = read_sysreg_s(sys_reg(3, 4, 1, 1, 5));
	to->hfg[2] = read_sysreg_s(sys_reg(3, 4, 1, 1, 6));
	to->hfg[3] = read_sysreg_s(sys_reg(3, 4, 3, 1, 4));
	to->hfg[4] = read_sysreg_s(sys_reg(3, 4, 3, 1, 5));
}

static __always_inline void load_traps(const struct arm64_hyp_traps *from, bool fgt, bool hcx)
{
	write_sysreg(from->vtcr, vtcr_el2);
	write_sysreg(from->vttbr, vttbr_el2);
	write_sysreg(from->cptr, cptr_el2);
	write_sysreg(from->mdcr, mdcr_el2);
	write_sysreg(from->hstr, hstr_el2);
	write_sysreg(from->cnthctl, cnthctl_el2);
	write_sysreg(from->vpidr, vpidr_el2);
	write_sysreg(from->vmpidr, vmpidr_el2);
	if (hcx)
		write_sysreg_s(from->hcrx, sys_reg(3, 4, 1, 2, 2));
	if (fgt) {
		write_sysreg_s(from->hfg[0], sys_reg(3, 4, 1, 1, 4));
		write_sysreg_s(from->hfg[1], sys_reg(3, 4, 1, 1, 5));
		write_sysreg_s(from->hfg[2], sys_reg(3, 4, 1, 1, 6));
		write_sysreg_s(from->hfg[3], sys_reg(3, 4, 3, 1, 4));
		write_sysreg_s(from->hfg[4], sys_reg(3, 4, 3, 1, 5));
	}
	isb();
	write_sysreg(from->hcr, hcr_el2);
	isb();
}

/* CNTHCTL_EL2 without E2H (D19.12.15): EL1 reads the physical counter, its timer traps */
#define CNTHCTL_EL1PCTEN_	BIT_ULL(0)
#define CNTHCTL_EL1PCEN_	BIT_ULL(1)

/**
 * arm64_hyp_to_guest() - everything but general registers
 * @hyp: the vCPU
 */
__hyp void arm64_hyp_to_guest(struct arm64_hyp *hyp)
{
	save_el1(hyp->host);
	save_traps(&hyp->host_traps, hyp->has_fgt, hyp->has_hcx);
	hyp->guest_traps.cnthctl = (hyp->host_traps.cnthctl | CNTHCTL_EL1PCTEN_) &
				   ~CNTHCTL_EL1PCEN_;
	stop_walks(hyp->guest[ARM64_TCR], hyp->host[ARM64_SCTLR]);
	load_el1(hyp->guest);
	if (hyp->has_ras)
		write_sysreg_s(0, SYS_VDISR_EL2);
	load_traps(&hyp->guest_traps, hyp->has_fgt, hyp->has_hcx);
	allow_walks(hyp->guest[ARM64_TCR], hyp->guest[ARM64_SCTLR]);
	gic_hw_enter(&hyp->gic);
	if (!hyp->flush)
		return;
	isb();
	asm volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" : : : "memory");
}

/**
 * arm64_hyp_to_host() - the reverse
 * @hyp: the vCPU
 * @code: ARM64_EXIT_*
 */
__hyp void arm64_hyp_to_host(struct arm64_hyp *hyp, u64 code)
{
	hyp->fault.code = code;
	hyp->fault.disr = 0;
	if (hyp->has_ras) {
		hyp->fault.disr = read_sysreg_s(SYS_DISR_EL1);
		write_sysreg_s(0, SYS_DISR_EL1);
	}
	arm64_read_fault(&hyp->fault);
	gic_hw_leave(&hyp->gic);
	save_el1(hyp->guest);
	stop_walks(hyp->guest[ARM64_TCR], hyp->guest[ARM64_SCTLR]);
	load_traps(&hyp->host_traps, hyp->has_fgt, hyp->has_hcx);
	load_el1(hyp->host);
	allow_walks(hyp->host[ARM64_TCR], hyp->host[ARM64_SCTLR]);
}
