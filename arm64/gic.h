/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GICv3 as the world switch, the timers and PSCI see it. The distributor and the
 * redistributors are a device (devices/gicv3*.c); the CPU interface is the host's own, its
 * list registers filled before an entry and folded after an exit.
 */
#ifndef AXVM_ARM64_GIC_H
#define AXVM_ARM64_GIC_H

#include <linux/types.h>

struct axvm_reason;
struct axvm_vcpu;

#define ARM64_GIC_MAX_LRS	16

/**
 * struct arm64_gic_hw - what the GIC's EL2 registers hold for a vCPU
 * @hcr: ICH_HCR_EL2 to run with
 * @vmcr: ICH_VMCR_EL2
 * @ap0r: ICH_AP0R<n>_EL2
 * @ap1r: ICH_AP1R<n>_EL2
 * @lr: ICH_LR<n>_EL2
 * @used: how many of @lr hold something
 */
struct arm64_gic_hw {
	u64 hcr;
	u64 vmcr;
	u32 ap0r[4];
	u32 ap1r[4];
	u64 lr[ARM64_GIC_MAX_LRS];
	u32 used;
};

/* Once: is there a GICv3 with a virtual CPU interface? 0, or -EOPNOTSUPP with the reason */
int arm64_gic_probe(struct axvm_reason *why);

/* The vCPU's thread comes to, leaves a pCPU. Preemption off. */
void arm64_gic_load(struct axvm_vcpu *vcpu);
void arm64_gic_put(struct axvm_vcpu *vcpu);

/*
 * Interrupts off, before an entry: what is pending goes into list registers. After an exit:
 * what the guest acknowledged and ended comes out of them. Both return at once when
 * there is nothing to do (a handful of instructions).
 */
void arm64_gic_enter(struct axvm_vcpu *vcpu);
void arm64_gic_leave(struct axvm_vcpu *vcpu);

/* Is anything pending and enabled that would be signalled? Ends WFI. Any context. */
bool arm64_gic_pending(struct axvm_vcpu *vcpu);

/* Make an INTID pending as an edge (SGI, PPI, SPI routed to this vCPU). Any context; no kick. */
int arm64_gic_inject(struct axvm_vcpu *vcpu, u32 intid);

/* A private level line: timers. Any context; kicks the vCPU when it goes up. */
void arm64_gic_ppi(struct axvm_vcpu *vcpu, u32 intid, bool level);

/* Trapped ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1: the value written. */
void arm64_gic_sgi(struct axvm_vcpu *vcpu, u32 group, u64 value);

/* Power-on state of this vCPU's part */
void arm64_gic_reset_vcpu(struct axvm_vcpu *vcpu);

#endif /* AXVM_ARM64_GIC_H */
