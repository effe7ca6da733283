/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The architected timers of a vCPU as the world switch sees them (arm64/timer.c).
 */
#ifndef AXVM_ARM64_TIMER_H
#define AXVM_ARM64_TIMER_H

#include <linux/types.h>

struct axvm_reason;
struct axvm_vcpu;

#define ARM64_PPI_VTIMER	27
#define ARM64_PPI_PTIMER	30

/* Once at module load, and the reverse: the host's PPI where nobody owns it */
int arm64_timer_init(void);
void arm64_timer_exit(void);

int arm64_timer_attach(struct axvm_vcpu *vcpu);
void arm64_timer_detach(struct axvm_vcpu *vcpu);
void arm64_timer_reset(struct axvm_vcpu *vcpu);

/* The vCPU's thread comes to, leaves a pCPU. Preemption off. */
void arm64_timer_load(struct axvm_vcpu *vcpu);
void arm64_timer_put(struct axvm_vcpu *vcpu);

/* Interrupts off, right after an exit and right before an entry */
void arm64_timer_leave(struct axvm_vcpu *vcpu);
void arm64_timer_enter(struct axvm_vcpu *vcpu);

/* Trapped accesses to CNTP_*_EL0, CNTV_*_EL0, CNTPCT_EL0; reg: ARM64_REG() encoding */
int arm64_timer_read(struct axvm_vcpu *vcpu, u64 reg, u64 *value);
int arm64_timer_write(struct axvm_vcpu *vcpu, u64 reg, u64 value);

#endif /* AXVM_ARM64_TIMER_H */
