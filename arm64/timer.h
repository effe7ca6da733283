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

/* Once at module load, and the reverse: the host's interrupts where nobody owns them */
int arm64_timer_init(void);
void arm64_timer_exit(void);

/* Can guests have timers here? 0, or -EOPNOTSUPP with the reason */
int arm64_timer_probe(struct axvm_reason *why);

int arm64_timer_attach(struct axvm_vcpu *vcpu);
void arm64_timer_detach(struct axvm_vcpu *vcpu);
void arm64_timer_reset(struct axvm_vcpu *vcpu);

/*
 * The vCPU's thread comes to, leaves a pCPU. Preemption off. On an nVHE host CNTVOFF_EL2 and
 * CNTHCTL_EL2 are the EL2 code's to write: vm->arch.cntvoff from load to put (0 outside), and
 * EL1PCEN clear around the guest.
 */
void arm64_timer_load(struct axvm_vcpu *vcpu);
void arm64_timer_put(struct axvm_vcpu *vcpu);

/* Interrupts off, right before an entry, before arm64_gic_enter() */
void arm64_timer_enter(struct axvm_vcpu *vcpu);

/* Right after an exit: nothing to do, as the virtual timer stays in the CPU */
static inline void arm64_timer_leave(struct axvm_vcpu *vcpu)
{
}

/* Has a timer expired? Then its interrupt is pending. The vCPU's own thread, any time. */
void arm64_timer_update(struct axvm_vcpu *vcpu);

/*
 * Accesses to CNTP_*_EL0, CNTV_*_EL0, CNTPCT_EL0, CNTVCT_EL0, trapped or from outside (the vCPU
 * does not run); reg: SYS_* encoding. 0, or -ENOENT: none of them, or read-only.
 */
int arm64_timer_read(struct axvm_vcpu *vcpu, u64 reg, u64 *value);
int arm64_timer_write(struct axvm_vcpu *vcpu, u64 reg, u64 value);

#endif /* AXVM_ARM64_TIMER_H */
