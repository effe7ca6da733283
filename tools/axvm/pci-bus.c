// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI bus of a VM: made when its configuration has devices for it, reset with the guest.
 *
 * While the guest's memory changes under the devices (a reset makes new pages of it), they
 * do not reach it: VFIO would hold on to the old ones.
 */
#include <stdlib.h>

#include "arch.h"
#include "pci-bus.h"
#include "pci-vfio.h"
#include "vm.h"

/**
 * pci_bus_create() - take the devices of the configuration
 * @vm: the VM, with memory and interrupt controller
 * @memory: its memory; must stay
 *
 * Return: 0, or -1 with a message; pci_bus_destroy() is due either way.
 */
int pci_bus_create(struct vm *vm, const struct guest_memory *memory)
{
	const struct vm_config *config = vm->config;
	struct pci_bus *bus;
	unsigned int i;

	if (!config->nr_vfio)
		return 0;
	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return fail("no memory");
	vm->pci = bus;
	bus->vm_fd = vm->fd;
	bus->max_slots = vm->info.max_slots;
	bus->memory = memory;
	bus->slots = BIT_ULL(memory->nr_regions) - 1;
	pci_host_init(&bus->host, &arch_pci);
	if (vfio_open(&bus->vfio, config))
		return -1;
	for (i = 0; i < config->nr_vfio; i++)
		if (!pci_vfio_open(bus, &config->vfio[i]))
			return -1;
	for (i = 0; i < bus->nr_devices; i++)
		pci_vfio_reset(bus->devices[i]);
	return pci_bus_start(vm);
}

/**
 * pci_bus_start() - let the devices reach the guest's memory and interrupt it
 * @vm: the VM; no vCPU runs
 *
 * Return: 0, or -1 with a message.
 */
int pci_bus_start(struct vm *vm)
{
	struct pci_bus *bus = vm->pci;
	unsigned int i;

	if (!bus)
		return 0;
	if (vfio_map(&bus->vfio, bus->memory))
		return -1;
	bus->running = true;
	for (i = 0; i < bus->nr_devices; i++)
		pci_irq_update(bus->devices[i]);
	return 0;
}

/**
 * pci_bus_stop() - undo pci_bus_start(), and reset the devices
 * @vm: the VM; no vCPU runs
 */
void pci_bus_stop(struct vm *vm)
{
	struct pci_bus *bus = vm->pci;
	unsigned int i;

	if (!bus)
		return;
	bus->running = false;
	for (i = 0; i < bus->nr_devices; i++)
		pci_vfio_reset(bus->devices[i]);
	vfio_unmap(&bus->vfio, bus->memory);
}

/**
 * pci_bus_destroy() - undo pci_bus_create()
 * @vm: the VM; no vCPU runs
 */
void pci_bus_destroy(struct vm *vm)
{
	struct pci_bus *bus = vm->pci;

	if (!bus)
		return;
	pci_bus_stop(vm);
	while (bus->nr_devices)
		pci_vfio_close(bus->devices[--bus->nr_devices]);
	vfio_close(&bus->vfio);
	pthread_mutex_destroy(&bus->host.lock);
	free(bus);
	vm->pci = NULL;
}

/**
 * pci_bus_access() - AXVM_EXIT_MMIO
 * @vm: the VM
 * @run: the vCPU's run page
 *
 * Context: a vCPU's thread.
 * Return: whether the address is the bus's, and the access answered.
 */
bool pci_bus_access(struct vm *vm, struct axvm_run *run)
{
	u64 data = run->mmio.data;

	if (!vm->pci || !pci_host_access(&vm->pci->host, run->mmio.gpa, run->mmio.width,
					 run->mmio.is_write, &data))
		return false;
	if (!run->mmio.is_write)
		run->mmio.data = data;
	return true;
}
