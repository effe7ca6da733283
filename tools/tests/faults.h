/* SPDX-License-Identifier: GPL-2.0 */
/* What faults.c wants of the family. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "vm.h"

#ifdef __aarch64__
typedef struct axvm_arm64_regs fault_regs;
#else
typedef struct axvm_x86_regs fault_regs;
#endif

/* Devices of all types, in an order in which a VM takes them; the last has no name */
extern const struct axvm_create_device fault_devices[];

uint32_t fault_add_devices(struct vm *vm);
void fault_load_walker(struct vm *vm);

#endif /* TESTS_FAULTS_H */
