/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's stage 1 in software (arm64/gva.c).
 */
#ifndef AXVM_ARM64_GVA_H
#define AXVM_ARM64_GVA_H

#include <linux/types.h>

struct axvm_vcpu;

u64 arm64_strip_tag(struct axvm_vcpu *vcpu, u64 va);
int arm64_translate(struct axvm_vcpu *vcpu, u64 va, u32 access, u64 *gpa);

#endif /* AXVM_ARM64_GVA_H */
