/* SPDX-License-Identifier: GPL-2.0 */
/* CPUID policy: see cpuid.c. */
#ifndef AXVM_X86_CPUID_H
#define AXVM_X86_CPUID_H

#include <linux/types.h>

struct axvm_vcpu;

struct x86_cpuid {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

/**
 * struct x86_cpuid_limits - what the backend can give a guest
 * @xfeatures: XCR0 bits
 * @rdtscp: RDTSCP and RDPID work
 * @invpcid: INVPCID works
 */
struct x86_cpuid_limits {
	u64 xfeatures;
	bool rdtscp;
	bool invpcid;
};

void x86_cpuid_init(const struct x86_cpuid_limits *limits);
void x86_cpuid_query(struct axvm_vcpu *vcpu, u32 leaf, u32 subleaf, struct x86_cpuid *out);
u64 x86_cr4_allowed(void);
bool x86_xcr0_ok(u64 value);

#endif /* AXVM_X86_CPUID_H */
