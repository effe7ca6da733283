/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GICv3 as the world switch, the timers and PSCI see it. The distributor and the
 * redistributors are a device (devices/gicv3*.c); the CPU interface is the host's own, its
 * list registers filled before an entry and folded after an exit.
 */
#ifndef AXVM_ARM64_GIC_H
#define AXVM_ARM64_GIC_H

#include <linux/bits.h>
#include <linux/types.h>

struct axvm_reason;
struct axvm_vcpu;
struct axvm_vm;

#define ARM64_GIC_MAX_LRS	16

/* ICH_LR<n>_EL2: ARM IHI 0069 12.4.6 */
#define ARM64_LR_INTID		GENMASK_ULL(31, 0)
#define ARM64_LR_HOST_INTID	GENMASK_ULL(44, 32)
#define ARM64_LR_EOI		BIT_ULL(41)	/* only without ARM64_LR_HW */
#define ARM64_LR_PRIORITY	GENMASK_ULL(55, 48)
#define ARM64_LR_GROUP1		BIT_ULL(60)
#define ARM64_LR_HW		BIT_ULL(61)
#define ARM64_LR_PENDING	BIT_ULL(62)
#define ARM64_LR_ACTIVE		BIT_ULL(63)

/* ICH_HCR_EL2: 12.4.5 */
#define ARM64_ICH_EN		BIT_ULL(0)
#define ARM64_ICH_UIE		BIT_ULL(1)
#define ARM64_ICH_LRENPIE	BIT_ULL(2)
#define ARM64_ICH_NPIE		BIT_ULL(3)
#define ARM64_ICH_TC		BIT_ULL(10)
#define ARM64_ICH_TALL0		BIT_ULL(11)
#define ARM64_ICH_TALL1		BIT_ULL(12)
#define ARM64_ICH_TDIR		BIT_ULL(14)
#define ARM64_ICH_EOICOUNT	GENMASK_ULL(31, 27)

/* ICH_VMCR_EL2: 12.4.8 */
#define ARM64_VMCR_VENG0	BIT_ULL(0)
#define ARM64_VMCR_VENG1	BIT_ULL(1)
#define ARM64_VMCR_VFIQEN	BIT_ULL(3)
#define ARM64_VMCR_VEOIM	BIT_ULL(9)
#define ARM64_VMCR_VPMR		GENMASK_ULL(31, 24)

/* ICH_VTR_EL2: 12.4.9 */
#define ARM64_VTR_LISTREGS	GENMASK_ULL(4, 0)
#define ARM64_VTR_TDS		BIT_ULL(19)
#define ARM64_VTR_PREBITS	GENMASK_ULL(28, 26)
#define ARM64_VTR_PRIBITS	GENMASK_ULL(31, 29)

/**
 * struct arm64_gic_hw - what the GIC's EL2 registers hold for a vCPU
 * @hcr: ICH_HCR_EL2 to run with
 * @vmcr: ICH_VMCR_EL2
 * @ap0r: ICH_AP0R<n>_EL2
 * @ap1r: ICH_AP1R<n>_EL2
 * @lr: ICH_LR<n>_EL2
 * @used: how many of @lr hold something
 * @written: how many list registers of the CPU may not be 0
 * @changed: reading the list registers found one that the guest has changed
 * @nr_aprs: how many of @ap0r and @ap1r the CPU has: 1, 2 or 4
 */
struct arm64_gic_hw {
	u64 hcr;
	u64 vmcr;
	u32 ap0r[4];
	u32 ap1r[4];
	u64 lr[ARM64_GIC_MAX_LRS];
	u32 used;
	u32 written;
	bool changed;
	u32 nr_aprs;
};

/* Is there a GICv3 with a virtual CPU interface? 0, or -EOPNOTSUPP with the reason */
int arm64_gic_probe(struct axvm_reason *why);

/* ICH_VTR_EL2, from whoever runs at EL2: needed on an nVHE host, before the first VM */
void arm64_gic_set_vtr(u64 vtr);

/*
 * Of the making of vCPUs, vcpu->arch.mpidr being set, and the timers stopped in the end.
 * vm->lock held; may sleep. 0 or -ENOMEM; nothing happens in a VM without a GIC.
 */
int arm64_gic_attach(struct axvm_vcpu *vcpu);
void arm64_gic_detach(struct axvm_vcpu *vcpu);

/* The vCPU's thread comes to, leaves a pCPU. Preemption off. */
void arm64_gic_load(struct axvm_vcpu *vcpu);
void arm64_gic_put(struct axvm_vcpu *vcpu);

/* Is anything pending and enabled that would be signalled? Ends WFI. The vCPU's own thread. */
bool arm64_gic_pending(struct axvm_vcpu *vcpu);

/* Make an INTID pending as an edge: an SGI or PPI of this vCPU, an SPI where it is routed. */
int arm64_gic_inject(struct axvm_vcpu *vcpu, u32 intid);

/* A message of a device (devices/gicv3_msi.c); see axvm_backend.msi */
int arm64_gic_msi(struct axvm_vm *vm, u64 address, u32 data, bool send);

/* A private level line: timers. Any context; kicks the vCPU when it goes up. */
void arm64_gic_ppi(struct axvm_vcpu *vcpu, u32 intid, bool level);

/* Is the guest about to deactivate the host's virtual timer interrupt? Own thread. */
bool arm64_gic_host_active(struct axvm_vcpu *vcpu);

/*
 * Trapped ICC_SGI1R_EL1: group 1; ICC_SGI0R_EL1, ICC_ASGI1R_EL1: group 0; ICC_DIR_EL1: the
 * value written. Other registers that trap: ICC_SRE_EL1 reads as 7 and ignores writes;
 * in a VM without a GIC all do, and are undefined.
 */
void arm64_gic_sgi(struct axvm_vcpu *vcpu, u32 group, u64 value);
void arm64_gic_dir(struct axvm_vcpu *vcpu, u64 value);

/* Power-on state of this vCPU's part; it does not run */
void arm64_gic_reset_vcpu(struct axvm_vcpu *vcpu);

#endif /* AXVM_ARM64_GIC_H */
