/* SPDX-License-Identifier: GPL-2.0 */
/* What faults.c wants of the family. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "vm.h"

/* Large enough for the registers of any family */
union fault_regs {
	__u32 size;
	struct axvm_arm64_regs arm64;
	struct axvm_x86_regs x86;
};

/* How large this family's are */
#ifdef __aarch64__
#define FAULT_REGS_SIZE	sizeof(struct axvm_arm64_regs)
#else
#define FAULT_REGS_SIZE	sizeof(struct axvm_x86_regs)
#endif

/* Devices of all types, in an order in which a VM takes them; the last has no name */
extern const struct axvm_create_device fault_devices[];

uint32_t fault_add_devices(struct vm *vm);
void fault_load_walker(struct vm *vm);

#endif /* TESTS_FAULTS_H */
