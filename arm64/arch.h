/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What arm64 adds to a VM and a vCPU, whichever way the host's EL2 is reached.
 * Included as <arch.h>.
 */
#ifndef AXVM_ARM64_ARCH_H
#define AXVM_ARM64_ARCH_H

#include <linux/types.h>

#include "../uapi/axvm.h"

struct axvm_device;
struct axvm_vcpu;
struct axvm_vm;
struct arm64_gic;
struct arm64_gic_cpu;
struct arm64_timers;
struct arm64_emulation;

/**
 * struct axvm_vcpu_arch - arm64's part of a vCPU
 * @regs: general registers, PC, PSTATE, as of the last exit
 * @mpidr: [I] what the guest reads in MPIDR_EL1
 * @gic: the redistributor and CPU interface; NULL until the GIC is made
 * @timers: virtual and physical timer; NULL until the vCPU is attached
 * @emul: an instruction that takes several accesses (arm64/emulate.c)
 */
struct axvm_vcpu_arch {
	struct axvm_arm64_regs regs;
	u64 mpidr;
	struct arm64_gic_cpu *gic;
	struct arm64_timers *timers;
	struct arm64_emulation *emul;
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

#endif /* AXVM_ARM64_ARCH_H */
