/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM's PCI bus of devices that VFIO gives: pci-bus.c makes and resets it, pci-vfio.c is a
 * device on it, pci-irq.c its interrupts.
 *
 * Locks: as in pci.h; slots and routes, which are of the whole VM, are under pci_host.lock too.
 */
#ifndef AXVM_TOOL_PCI_VFIO_H
#define AXVM_TOOL_PCI_VFIO_H

#include "pci.h"
#include "vfio.h"

#define PCI_AREAS	4	/* pieces of a BAR that can be mapped */
#define PCI_NO_IRQS	(~0U)	/* pci_vfio.irqs: none are on */

/**
 * struct pci_area - what of a BAR the guest reaches without an exit
 * @offset: where in it
 * @length: bytes, whole pages
 * @host: where the launcher has it
 * @slot: the memory slot, or -1: it has none
 */
struct pci_area {
	u64 offset;
	u64 length;
	void *host;
	int slot;
};

/**
 * struct pci_region - a BAR on VFIO's side
 * @offset: where it is in the device's descriptor
 * @nr_areas: entries in @areas
 * @areas: what of it is mapped
 */
struct pci_region {
	u64 offset;
	unsigned int nr_areas;
	struct pci_area areas[PCI_AREAS];
};

/**
 * struct pci_vector - an entry of the MSI-X table (PCI 6.8.2.6); the first one is MSI's too
 * @address: of the message
 * @data: of the message
 * @control: PCI_MSIX_ENTRY_CTRL_MASKBIT
 * @fd: the eventfd that VFIO signals; -1: there is none
 * @armed: it is an irqfd
 * @armed_address: the message to which it leads
 * @armed_data: likewise
 */
struct pci_vector {
	u64 address;
	u32 data;
	u32 control;
	int fd;
	bool armed;
	u64 armed_address;
	u32 armed_data;
};

struct pci_bus;

/**
 * struct pci_vfio - a device of the host
 * @dev: what the guest sees
 * @bus: where it is
 * @number: which of @bus
 * @which: its configuration
 * @fd: its descriptor
 * @config: where its configuration space is in there
 * @can_reset: VFIO can reset it
 * @regions: its BARs
 * @irq: its line in the guest
 * @has_intx: it has an interrupt line on the host
 * @irqs: which of its interrupts are on: VFIO_PCI_*_IRQ_INDEX or PCI_NO_IRQS
 * @intx: the eventfd that VFIO signals
 * @intx_ended: the eventfd that tells VFIO that the guest has ended it
 * @vectors: messages
 * @warned: something was said of its interrupts
 */
struct pci_vfio {
	struct pci_device dev;	/* first */
	struct pci_bus *bus;
	unsigned int number;
	const struct vfio_config *which;
	int fd;
	u64 config;
	bool can_reset;
	struct pci_region regions[PCI_BARS];
	u32 irq;
	bool has_intx;
	u32 irqs;
	int intx;
	int intx_ended;
	struct pci_vector vectors[PCI_VECTORS];
	bool warned;
};

/**
 * struct pci_bus - all of it
 * @vm_fd: the VM
 * @max_slots: how many memory slots it may have
 * @memory: its memory
 * @vfio: the container
 * @host: the bridge
 * @nr_devices: entries in @devices
 * @devices: the devices
 * @slots: numbers of memory slots that are taken, a bit each
 * @running: interrupts are connected
 */
struct pci_bus {
	int vm_fd;
	u32 max_slots;
	const struct guest_memory *memory;
	struct vfio vfio;
	struct pci_host host;
	unsigned int nr_devices;
	struct pci_vfio *devices[CONFIG_MAX_VFIO];
	u64 slots;
	bool running;
};

/* pci-vfio.c */
struct pci_vfio *pci_vfio_open(struct pci_bus *bus, const struct vfio_config *which);
void pci_vfio_close(struct pci_vfio *v);
void pci_vfio_reset(struct pci_vfio *v);

/* pci-irq.c */
void pci_irq_init(struct pci_vfio *v);
void pci_irq_update(struct pci_vfio *v);
void pci_irq_reset(struct pci_vfio *v);
bool pci_in_table(const struct pci_vfio *v, unsigned int bar, u64 offset, u32 width);
u64 pci_table_read(struct pci_vfio *v, u64 offset, u32 width);
void pci_table_write(struct pci_vfio *v, u64 offset, u32 width, u64 data);

#endif /* AXVM_TOOL_PCI_VFIO_H */
