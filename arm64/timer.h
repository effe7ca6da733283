/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The architected timers of a vCPU as the world switch sees them (arm64/timer.c).
 */
#ifndef AXVM_ARM64_TIMER_H
#define AXVM_ARM64_TIMER_H

#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <asm/sysreg.h>

#include "../core/vm.h"

struct axvm_reason;

#define ARM64_PPI_VTIMER	27
#define ARM64_PPI_PTIMER	30

/* CNT{P,V}_CTL_EL0: D19.12.16, D19.12.22 */
#define ARM64_CTL_ENABLE	BIT(0)
#define ARM64_CTL_IMASK	BIT(1)
#define ARM64_CTL_ISTATUS	BIT(2)
#define ARM64_CTL_WRITABLE	(ARM64_CTL_ENABLE | ARM64_CTL_IMASK)
#define ARM64_CTL_FIRES	(ARM64_CTL_ENABLE | ARM64_CTL_ISTATUS)	/* without ARM64_CTL_IMASK */

/**
 * struct arm64_timer - a timer's registers
 * @ctl: ENABLE and IMASK
 * @cval: compare value
 * @line: the line to the GIC is up
 * @hrtimer: waits in its place
 */
struct arm64_timer {
	u32 ctl;
	u64 cval;
	bool line;
	struct hrtimer hrtimer;
};

/**
 * struct arm64_timers - the timers of a vCPU
 * @vcpu: the vCPU
 * @virt: registers valid while @loaded is false [T]
 * @loaded: the virtual timer is in the CPU [T]
 * @waits: an hrtimer waits for the virtual timer, or did [T]
 * @cnthctl: the host's CNTHCTL_EL2, while @loaded [T]
 * @lock: protects what follows
 * @phys: the physical timer
 */
struct arm64_timers {
	struct axvm_vcpu *vcpu;
	struct arm64_timer virt;
	bool loaded;
	bool waits;
	u64 cnthctl;
	raw_spinlock_t lock;
	struct arm64_timer phys;
};

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
 * EL1PCEN clear around the guest. stayed: the vCPU's thread has had this pCPU to itself since
 * the put before, so the host's interrupts are as they were.
 */
void arm64_timer_load(struct axvm_vcpu *vcpu, bool stayed);
void arm64_timer_put(struct axvm_vcpu *vcpu);

static __always_inline u64 arm64_timer_read_ctl(void)
{
	return arm64_host_at_el2() ? read_sysreg_s(SYS_CNTV_CTL_EL02) :
					 read_sysreg_s(SYS_CNTV_CTL_EL0);
}

bool arm64_timer_virt_fires(struct arm64_timers *timers);
void arm64_timer_line_changed(struct arm64_timers *timers);

/**
 * arm64_timer_enter() - before an entry: is the virtual timer's line up?
 * @vcpu: the vCPU
 *
 * Context: interrupts off, the vCPU loaded and out of the guest; before arm64_gic_enter().
 */
static __always_inline void arm64_timer_enter(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	bool fires;

	if (likely(timers->loaded))
		fires = (arm64_timer_read_ctl() & (ARM64_CTL_FIRES | ARM64_CTL_IMASK)) ==
			ARM64_CTL_FIRES;
	else
		fires = arm64_timer_virt_fires(timers);
	if (unlikely(fires != timers->virt.line))
		arm64_timer_line_changed(timers);
}

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
