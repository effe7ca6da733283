/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system registers of EL1 and EL0 that a guest uses in hardware: one row each.
 *
 * The first column names the row, the second the register as the guest knows it (SYS_*_EL1),
 * the third the same register as a VHE host reaches it: under HCR_EL2.E2H an access to
 * an EL1 register that the host needs itself goes to its EL2 counterpart, the guest's has a name of
 * its own (ARM DDI 0487 D8.9, "Register redirection"). From EL2 without E2H the second is right.
 */
#ifndef AXVM_ARM64_CONTEXT_H
#define AXVM_ARM64_CONTEXT_H

#include <asm/sysreg.h>

/* The manual's encodings of registers that the kernel names by text, or not at all */
#define ARM64_SYS_SP_EL0	sys_reg(3, 0, 4, 1, 0)
#define ARM64_SYS_SP_EL1	sys_reg(3, 4, 4, 1, 0)
#define ARM64_SYS_TPIDR_EL1	sys_reg(3, 0, 13, 0, 4)
#define ARM64_SYS_CSSELR_EL1	sys_reg(3, 2, 0, 0, 0)

#define ARM64_EL1_REGISTERS(R)						\
	R(SCTLR, SYS_SCTLR_EL1, SYS_SCTLR_EL12)				\
	R(CPACR, SYS_CPACR_EL1, SYS_CPACR_EL12)				\
	R(TTBR0, SYS_TTBR0_EL1, SYS_TTBR0_EL12)				\
	R(TTBR1, SYS_TTBR1_EL1, SYS_TTBR1_EL12)				\
	R(TCR, SYS_TCR_EL1, SYS_TCR_EL12)				\
	R(ESR, SYS_ESR_EL1, SYS_ESR_EL12)				\
	R(AFSR0, SYS_AFSR0_EL1, SYS_AFSR0_EL12)				\
	R(AFSR1, SYS_AFSR1_EL1, SYS_AFSR1_EL12)				\
	R(FAR, SYS_FAR_EL1, SYS_FAR_EL12)				\
	R(MAIR, SYS_MAIR_EL1, SYS_MAIR_EL12)				\
	R(AMAIR, SYS_AMAIR_EL1, SYS_AMAIR_EL12)				\
	R(VBAR, SYS_VBAR_EL1, SYS_VBAR_EL12)				\
	R(CONTEXTIDR, SYS_CONTEXTIDR_EL1, SYS_CONTEXTIDR_EL12)		\
	R(CNTKCTL, SYS_CNTKCTL_EL1, SYS_CNTKCTL_EL12)			\
	R(ELR, SYS_ELR_EL1, SYS_ELR_EL12)				\
	R(SPSR, SYS_SPSR_EL1, SYS_SPSR_EL12)				\
	R(PAR, SYS_PAR_EL1, SYS_PAR_EL1)				\
	R(SP_EL1, ARM64_SYS_SP_EL1, ARM64_SYS_SP_EL1)			\
	R(TPIDR_EL1, ARM64_SYS_TPIDR_EL1, ARM64_SYS_TPIDR_EL1)		\
	R(TPIDR_EL0, SYS_TPIDR_EL0, SYS_TPIDR_EL0)			\
	R(TPIDRRO_EL0, SYS_TPIDRRO_EL0, SYS_TPIDRRO_EL0)		\
	R(CSSELR, ARM64_SYS_CSSELR_EL1, ARM64_SYS_CSSELR_EL1)

#define ARM64_EL1_NAME(name, guest, vhe)	ARM64_##name,

/* Index into axvm_vcpu_arch.el1 */
enum arm64_el1 {
	ARM64_EL1_REGISTERS(ARM64_EL1_NAME)
	ARM64_NR_EL1
};

#endif /* AXVM_ARM64_CONTEXT_H */
