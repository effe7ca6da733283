/* SPDX-License-Identifier: GPL-2.0 */
/* Power-on state: see vcpu.c. */
#ifndef AXVM_X86_VCPU_H
#define AXVM_X86_VCPU_H

#include <linux/bits.h>
#include <linux/types.h>

struct axvm_vcpu;

/* axvm_x86_regs.mp_state */
#define X86_RUNS	0
#define X86_WAITS_SIPI	1
#define X86_HALTED	2

/* DR7 bit 10 reads as 1 (SDM Vol. 3B 18.2.4) */
#define X86_DR7_FIXED	BIT(10)

void x86_reset_regs(struct axvm_vcpu *vcpu, bool init);
void x86_start_at(struct axvm_vcpu *vcpu, u8 vector);

#endif /* AXVM_X86_VCPU_H */
