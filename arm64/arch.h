/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What arm64 adds to a VM and a vCPU, whichever way the host's EL2 is reached.
 * Included as <arch.h>.
 */
#ifndef AXVM_ARM64_ARCH_H
#define AXVM_ARM64_ARCH_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/sysreg.h>

#include "../uapi/axvm.h"
#include "context.h"
#include "emulate.h"

struct axvm_device;
struct axvm_vcpu;
struct axvm_vm;
struct arm64_gic;
struct arm64_gic_cpu;
struct arm64_timers;

/*
 * axvm_vcpu_arch.power: PSCI's view of a vCPU (DEN0022 5.1.5, AFFINITY_INFO). Off to claimed to
 * pending by the vCPU that calls CPU_ON; pending to on, and on to off, by the vCPU itself.
 */
#define ARM64_POWER_ON		0
#define ARM64_POWER_OFF		1
#define ARM64_POWER_CLAIMED	2	/* CPU_ON is about to fill in @start */
#define ARM64_POWER_PENDING	3	/* @start is valid: wake up and take it */

/**
 * struct axvm_vcpu_arch - arm64's part of a vCPU
 * @regs: general registers, SP_EL0, PC, PSTATE, as of the last exit; sp_el1, elr_el1 and
 *        spsr_el1 are in @el1
 * @el1: EL1 and EL0 system registers, valid while @loaded is false
 * @el1_changed: [T] @el1 was written since they were in the CPU
 * @loaded: they are in the CPU: use arm64_read_el1(), arm64_write_el1()
 * @mpidr: [I] what the guest reads in MPIDR_EL1
 * @power: [a] ARM64_POWER_*
 * @start: where CPU_ON starts it; valid while @power is ARM64_POWER_PENDING
 * @start.pc: entry point
 * @start.context: for X0
 * @gic: the redistributor and CPU interface; NULL until the GIC is made
 * @timers: virtual and physical timer; NULL until the vCPU is attached
 * @emul: [T] an instruction that is emulated
 */
struct axvm_vcpu_arch {
	struct axvm_arm64_regs regs;
	u64 el1[ARM64_NR_EL1];
	bool el1_changed;
	bool loaded;
	u64 mpidr;
	atomic_t power;
	struct {
		u64 pc;
		u64 context;
	} start;
	struct arm64_gic_cpu *gic;
	struct arm64_timers *timers;
	struct arm64_emulation emul;
};

/**
 * struct axvm_vm_arch - arm64's part of a VM
 * @gic: the distributor, or NULL
 * @cntvoff: subtracted from the host's counter for the guest's virtual counter
 */
struct axvm_vm_arch {
	struct arm64_gic *gic;
	u64 cntvoff;
};

/* What statistics are counted in: the counter, not ordered with other instructions */
static inline u32 axvm_arch_cycles(void)
{
	return read_sysreg(cntvct_el0);
}

/* Is the host kernel at EL2? As is_kernel_in_hyp_mode(), but decided once, at boot */
static __always_inline bool arm64_host_at_el2(void)
{
	return cpus_have_final_cap(ARM64_HAS_VIRT_HOST_EXTN);
}

#endif /* AXVM_ARM64_ARCH_H */
