/* SPDX-License-Identifier: GPL-2.0 */
/* MSR policy: see msr.c. */
#ifndef AXVM_X86_MSR_H
#define AXVM_X86_MSR_H

#include <linux/types.h>

struct axvm_vcpu;

void x86_msrs_reset(struct axvm_vcpu *vcpu);
int x86_get_msr(struct axvm_vcpu *vcpu, u32 msr, u64 *value);
int x86_set_msr(struct axvm_vcpu *vcpu, u32 msr, u64 value);
bool x86_pat_ok(u64 value);

#endif /* AXVM_X86_MSR_H */
