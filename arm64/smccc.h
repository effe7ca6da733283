/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside PSCI and SMCCC: what arm64/smccc.c, which takes all calls, and arm64/psci.c share.
 */
#ifndef AXVM_ARM64_SMCCC_H
#define AXVM_ARM64_SMCCC_H

#include <linux/arm-smccc.h>

#include "../core/vm.h"

int arm64_psci_call(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/**
 * arm64_smccc_return() - the result of a call that is answered
 * @vcpu: the vCPU
 * @result: for W0; X0 is the same number
 *
 * Return: 1, as arm64_smccc().
 */
static inline int arm64_smccc_return(struct axvm_vcpu *vcpu, s32 result)
{
	vcpu->arch.regs.x[0] = (s64)result;
	return 1;
}

#endif /* AXVM_ARM64_SMCCC_H */
