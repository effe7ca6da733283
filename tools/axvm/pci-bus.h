/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI bus as the rest of the launcher sees it.
 */
#ifndef AXVM_TOOL_PCI_BUS_H
#define AXVM_TOOL_PCI_BUS_H

#include "memory.h"

struct axvm_run;
struct vm;

int pci_bus_create(struct vm *vm, const struct guest_memory *memory);
int pci_bus_start(struct vm *vm);
void pci_bus_stop(struct vm *vm);
void pci_bus_destroy(struct vm *vm);
bool pci_bus_access(struct vm *vm, struct axvm_run *run);

#endif /* AXVM_TOOL_PCI_BUS_H */
