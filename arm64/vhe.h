/* SPDX-License-Identifier: GPL-2.0 */
/* One entry on a host that runs at EL2 (arm64/vhe.c), inline in the loop of entries. */
#ifndef AXVM_ARM64_VHE_H
#define AXVM_ARM64_VHE_H

#include "el2.h"

/**
 * arm64_vhe_enter() - one entry and exit
 * @v: the vCPU, its window open
 */
static __always_inline void arm64_vhe_enter(struct arm64_vcpu *v)
{
	v->fault.code = arm64_enter(&v->vcpu->arch.regs, v->host.vbar, v->mitigate, &v->fault.disr);
	arm64_read_fault(&v->fault);
}

#endif /* AXVM_ARM64_VHE_H */
