/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arm64: the guest-physical memory map, register states at which guests start, and
 * the pieces that the boot protocols (arm64-linux.c, arm64-flat.c) share.
 */
#ifndef AXVM_TOOL_ARM64_H
#define AXVM_TOOL_ARM64_H

#include "arch.h"

/* Devices; RAM follows */
#define ARM64_GICD_BASE		0x08000000ULL
#define ARM64_GICD_SIZE		0x10000ULL
#define ARM64_GICR_BASE		0x080a0000ULL
#define ARM64_GICR_SIZE		0x20000ULL	/* of each vCPU */
#define ARM64_PL011_BASE	0x09000000ULL
#define ARM64_PL011_IRQ		33
#define ARM64_PL031_BASE	0x09010000ULL
#define ARM64_PL031_IRQ		34
#define ARM64_PERIPHERAL_SIZE	0x1000ULL
#define ARM64_PCI_BASE		0x10000000ULL	/* if there are PCI devices */
#define ARM64_ECAM_BASE		0x3f000000ULL
#define ARM64_ECAM_SIZE		0x100000ULL
#define ARM64_RAM_BASE		0x40000000ULL

/* Interrupts: INTIDs of the GIC; its SPIs start there */
#define ARM64_SPI_FIRST		32
#define ARM64_SPI_LAST		1019

/* Those of the PCI bus */
#define ARM64_PCI_IRQ		64
#define ARM64_PCI_MESSAGES	128
#define ARM64_PCI_NR_MESSAGES	256

/* The redistributors lie between that of the distributor and the UART */
#define ARM64_MAX_VCPUS		((ARM64_PL011_BASE - ARM64_GICR_BASE) / ARM64_GICR_SIZE)

/* A device tree has this room; Linux allows 2 MiB. Where it is said where it goes, less will do */
#define ARM64_DTB_SIZE		(2 * MIB)
#define ARM64_DTB_LEAST		(32 * KIB)

/* axvm_arm64_regs.mp_state */
#define ARM64_MP_RUNS		0
#define ARM64_MP_OFF		1

/**
 * struct arm64_dtb - what is in a device tree beside the machine
 * @room: bytes for it
 * @cmdline: /chosen/bootargs; NULL: leave what is there
 * @initrd: where the initramfs is
 * @initrd_size: its bytes; 0: there is none
 */
struct arm64_dtb {
	u64 room;
	const char *cmdline;
	u64 initrd;
	u64 initrd_size;
};

/* arm64-fdt.c */
int arm64_dtb_build(const struct vm_config *config, const struct guest_memory *memory,
		    const struct arm64_dtb *dtb, u64 at);

/* arm64-regs.c */
struct axvm_arm64_regs *arm64_regs(struct boot_regs *regs);
void arm64_regs_start(struct boot_regs *regs, u64 entry, u64 dtb);

/* arm64-machine.c: what the kernel calls the CPU with this number (MPIDR_EL1) */
u32 arm64_mpidr(u32 vcpu);

/* arm64-linux.c */
extern const struct boot_protocol arm64_linux;

#endif /* AXVM_TOOL_ARM64_H */
