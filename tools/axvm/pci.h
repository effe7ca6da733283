/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI bus of a VM: one bus, devices with one function each. What a guest does to it
 * comes here as unclaimed accesses (AXVM_EXIT_MMIO): to configuration space by ECAM, and to
 * what of BARs is no memory slot.
 *
 * pci-host.c routes them, pci-config.c is the configuration space of a device; both know
 * nothing of where a device comes from. Names of registers are those of <linux/pci_regs.h>;
 * PCI means the PCI Local Bus Specification 3.0, PCIe the PCI Express Base Specification 4.0.
 *
 * Locks: pci_host.lock is held over each access and whatever it leads to. Without vCPU
 * threads none is needed.
 */
#ifndef AXVM_TOOL_PCI_H
#define AXVM_TOOL_PCI_H

#include <linux/pci_regs.h>
#include <pthread.h>

#include "arch.h"
#include "config.h"
#include "util.h"

#define PCI_CONFIG_BYTES	256	/* what is behind is extended configuration space */
#define PCI_BARS		6
#define PCI_DEVICES		CONFIG_MAX_VFIO
#define PCI_VECTORS		64	/* of MSI-X, of a device */

struct pci_device;
struct pci_host;

/**
 * struct pci_bar - a range of addresses that the guest places
 * @size: bytes, a power of two from 16 on; 0: there is none
 * @type: its low bits (PCI_BASE_ADDRESS_MEM_*)
 * @on: it is decoded, at @at
 * @at: guest-physical address
 */
struct pci_bar {
	u64 size;
	u32 type;
	bool on;
	u64 at;
};

/**
 * struct pci_device_ops - what a device does by itself
 * @config_read: read its own configuration space; @width 1, 2 or 4, @offset aligned, below 256
 * @config_write: write to it, likewise
 * @config_written: bits of the launcher's may have been changed by the guest
 * @bar_read: an access that lies in a BAR that is on; @width 1, 2, 4 or 8, perhaps not aligned
 * @bar_write: likewise
 * @bar_on: a BAR is decoded from now on
 * @bar_off: it is not any more, and nothing may be left of it
 */
struct pci_device_ops {
	u32 (*config_read)(struct pci_device *dev, u32 offset, u32 width);
	void (*config_write)(struct pci_device *dev, u32 offset, u32 width, u32 data);
	void (*config_written)(struct pci_device *dev);
	u64 (*bar_read)(struct pci_device *dev, unsigned int bar, u64 offset, u32 width);
	void (*bar_write)(struct pci_device *dev, unsigned int bar, u64 offset, u32 width,
			  u64 data);
	void (*bar_on)(struct pci_device *dev, unsigned int bar);
	void (*bar_off)(struct pci_device *dev, unsigned int bar);
};

/**
 * struct pci_device - a function of the bus
 * @ops: what it does
 * @host: its bus
 * @name: for messages
 * @config: the bits of configuration space that the launcher says
 * @initial: @config at power-on
 * @ours: which bits these are; others are the device's own
 * @writable: which of them the guest may change
 * @passes: bytes of which writes reach the device (but for bits in @ours, which are 0 then)
 * @memory: the guest has memory decoding on (PCI_COMMAND_MEMORY)
 * @bars: of one of 64 bits the second is none
 * @msi: where the MSI capability is, or 0
 * @msix: where the MSI-X capability is, or 0
 * @table_bar: the BAR in which the MSI-X table is
 * @table: where in it
 * @nr_vectors: its entries that the guest sees
 * @warned: the guest was told off about a BAR's place
 */
struct pci_device {
	const struct pci_device_ops *ops;
	struct pci_host *host;
	const char *name;
	u8 config[PCI_CONFIG_BYTES];
	u8 initial[PCI_CONFIG_BYTES];
	u8 ours[PCI_CONFIG_BYTES];
	u8 writable[PCI_CONFIG_BYTES];
	bool passes[PCI_CONFIG_BYTES];
	bool memory;
	struct pci_bar bars[PCI_BARS];
	u8 msi;
	u8 msix;
	u32 table_bar;
	u32 table;
	u32 nr_vectors;
	bool warned;
};

/**
 * struct pci_host - the bridge between a VM's memory and its bus
 * @lock: held over accesses
 * @layout: where it is
 * @nr_devices: entries in @devices
 * @devices: the first is number 1 of the bus, and so on
 */
struct pci_host {
	pthread_mutex_t lock;
	struct pci_layout layout;
	unsigned int nr_devices;
	struct pci_device *devices[PCI_DEVICES];
};

/* pci-host.c */
void pci_host_init(struct pci_host *host, const struct pci_layout *layout);
void pci_host_add(struct pci_host *host, struct pci_device *dev);
bool pci_host_access(struct pci_host *host, u64 gpa, u32 width, bool write, u64 *data);
bool pci_host_has_room(const struct pci_host *host, u64 at, u64 size);

/* pci-config.c */
int pci_config_init(struct pci_device *dev, bool intx);
u32 pci_config_read(struct pci_device *dev, u32 offset, u32 width);
void pci_config_write(struct pci_device *dev, u32 offset, u32 width, u32 data);
void pci_config_reset(struct pci_device *dev);
u32 pci_config_get(const u8 *bytes, u32 width);
void pci_config_put(u8 *bytes, u32 width, u32 value);

#endif /* AXVM_TOOL_PCI_H */
