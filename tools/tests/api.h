/* SPDX-License-Identifier: GPL-2.0 */
/* What is different between the families in the tests of the ioctls. */
#ifndef TESTS_API_H
#define TESTS_API_H

#include "module.h"

#ifdef __aarch64__
#define FAMILY_ARCH		AXVM_ARCH_ARM64
#define FAMILY_BACKEND		"el2-"		/* how its name starts */
#define FAMILY_REGS		struct axvm_arm64_regs
#define FAMILY_FPU_SIZE		520
#define FAMILY_USER_BITS	48
#define FAMILY_CHIP		AXVM_DEV_GICV3
#define FAMILY_CHIP_NAME	"gicv3"
#define FAMILY_TYPES		5
#define FAMILY_DEVICES		3		/* of sample_add_devices() */
#define FAMILY_STATEFUL		AXVM_DEV_GICV3
#define FAMILY_IRQ		0x40		/* an SPI */
#define FAMILY_SYSREG		0x18a200UL	/* MAIR_EL1 */
#define FAMILY_SYSREG_VALUE	0xff440c0400UL
#else
#define FAMILY_ARCH		AXVM_ARCH_X86_64
#define FAMILY_BACKEND		"vmx"
#define FAMILY_REGS		struct axvm_x86_regs
#define FAMILY_FPU_SIZE		576
#define FAMILY_USER_BITS	47
#define FAMILY_CHIP		AXVM_DEV_LAPIC
#define FAMILY_CHIP_NAME	"lapic"
#define FAMILY_TYPES		10
#define FAMILY_DEVICES		5
#define FAMILY_STATEFUL		AXVM_DEV_PIT
#define FAMILY_IRQ		0x40		/* a vector */
#define FAMILY_SYSREG		0x277		/* IA32_PAT */
#define FAMILY_SYSREG_VALUE	0x0007040600070406
#endif

#endif /* TESTS_API_H */
