/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the CPU says of a synchronous exit, read at EL2 while the guest's registers are still in
 * place. Inline, for code that runs at any address.
 */
#ifndef AXVM_ARM64_FAULT_H
#define AXVM_ARM64_FAULT_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/esr.h>
#include <asm/sysreg.h>

/* How the guest was left: the vector taken (ARM DDI 0487 D1.3.1.5), or not entered at all */
#define ARM64_EXIT_SYNC		0
#define ARM64_EXIT_IRQ		1
#define ARM64_EXIT_FIQ		2
#define ARM64_EXIT_SERROR	3
#define ARM64_EXIT_PENDING	4	/* an interrupt or SError waits for the host: not entered */
#define ARM64_EXIT_RETRY	5	/* the fault was gone when it was looked at */

/**
 * struct arm64_fault - what the CPU says of the last synchronous exit
 * @code: ARM64_EXIT_*
 * @esr: ESR_EL2
 * @far: FAR_EL2
 * @ipa: page of the faulting IPA, from HPFAR_EL2; aborts only
 * @disr: DISR_EL1: an SError that the exit synchronised (ESB); 0: none
 */
struct arm64_fault {
	u64 code;
	u64 esr;
	u64 far;
	u64 ipa;
	u64 disr;
};

/* After a permission fault HPFAR_EL2 is UNKNOWN, but of a walk's (ARM DDI 0487 D19.2.65). */
static __always_inline bool arm64_hpfar_valid(u64 esr)
{
	return esr & ESR_ELx_S1PTW || (esr & ESR_ELx_FSC_TYPE) != ESR_ELx_FSC_PERM;
}

/* Walk the guest's stage 1 by hand. False: another vCPU changed it meanwhile. */
static __always_inline bool arm64_walk_stage1(struct arm64_fault *fault)
{
	u64 saved = read_sysreg(par_el1), par;

	asm volatile("at s1e1r, %0" : : "r" (fault->far));
	isb();
	par = read_sysreg(par_el1);
	write_sysreg(saved, par_el1);
	fault->ipa = par & GENMASK_ULL(51, 12);
	return !(par & BIT(0));
}

/* Fill all but @code and @disr; a fault that is gone makes @code ARM64_EXIT_RETRY */
static __always_inline void arm64_read_fault(struct arm64_fault *fault)
{
	u64 ec;

	fault->esr = read_sysreg(esr_el2);
	fault->far = read_sysreg(far_el2);
	ec = ESR_ELx_EC(fault->esr);
	if (fault->code != ARM64_EXIT_SYNC ||
	    (ec != ESR_ELx_EC_DABT_LOW && ec != ESR_ELx_EC_IABT_LOW))
		return;
	/* FIPA, bits 43:4, is bits 51:12 of the address */
	if (arm64_hpfar_valid(fault->esr))
		fault->ipa = (read_sysreg(hpfar_el2) & GENMASK_ULL(43, 4)) << 8;
	else if (!arm64_walk_stage1(fault))
		fault->code = ARM64_EXIT_RETRY;
}

#endif /* AXVM_ARM64_FAULT_H */
