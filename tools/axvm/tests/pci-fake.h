/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stand-in for VFIO and for the VM behind the launcher's PCI bus: files of bytes are devices,
 * and calls are checked against what the interfaces promise (pci-fake.c).
 */
#ifndef AXVM_TOOL_TESTS_PCI_FAKE_H
#define AXVM_TOOL_TESTS_PCI_FAKE_H

#include <sys/types.h>

#include "../pci-vfio.h"

#define FAKE_DEVICES	2
#define FAKE_REGION	(4 * MIB)	/* from one to the next in a device's file */
#define FAKE_SLOTS	64
#define FAKE_GICD	0x08000000ULL

/**
 * struct fake_device - a device of the host
 * @config: its configuration space at power-on
 * @sizes: of its BARs
 * @unmapped: bits of BARs that cannot be mapped
 * @has_intx: it has an interrupt line
 * @table: where the guest's MSI-X table is, of which the device gets to know nothing
 * @table_bar: in which BAR
 * @table_size: its bytes; 0: there is none
 * @fd: its file, while it is open
 * @written: where configuration space was written last, and what
 * @written_width: as wide as that; 0: not at all
 * @written_data: what
 * @irqs: which VFIO_PCI_*_IRQ_INDEX is on, or -1
 * @vectors: how many of it
 * @resets: how often it was reset
 */
struct fake_device {
	u8 config[PCI_CONFIG_BYTES];
	u64 sizes[PCI_BARS];
	u32 unmapped;
	bool has_intx;
	u32 table;
	u32 table_bar;
	u32 table_size;
	int fd;
	u32 written;
	u32 written_width;
	u64 written_data;
	int irqs;
	u32 vectors;
	unsigned int resets;
};

/**
 * struct fake_slot - a memory slot of the VM's
 * @gpa: where it is
 * @length: its bytes; 0: there is none
 */
struct fake_slot {
	u64 gpa;
	u64 length;
};

/**
 * struct fake_irqfd - an irqfd of the VM's
 * @fd: its eventfd; 0: there is none
 * @gsi: its GSI
 */
struct fake_irqfd {
	int fd;
	u32 gsi;
};

/**
 * struct fake_host - all of it
 * @devices: the devices
 * @slots: of the VM
 * @irqfds: of the VM
 * @nr_routes: entries in @routes
 * @routes: of the VM
 * @pinned: bytes of memory that devices reach
 * @fail_map: DMA cannot be mapped
 */
struct fake_host {
	struct fake_device devices[FAKE_DEVICES];
	struct fake_slot slots[FAKE_SLOTS];
	struct fake_irqfd irqfds[PCI_DEVICES * PCI_VECTORS];
	u32 nr_routes;
	struct axvm_route routes[PCI_DEVICES * PCI_VECTORS];
	u64 pinned;
	bool fail_map;
};

extern struct fake_host fake;

void fake_power_on(void);
unsigned int fake_nr_slots(void);
unsigned int fake_nr_irqfds(void);

/* What `ld --wrap` puts in place of the C library's and of the launcher's */
int __real_open(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
ssize_t __real_pread(int fd, void *buf, size_t count, off_t offset);
ssize_t __real_pwrite(int fd, const void *buf, size_t count, off_t offset);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
ssize_t __wrap_pread(int fd, void *buf, size_t count, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t count, off_t offset);
int __wrap_vfio_find_group(const struct vm_config *config, const struct vfio_config *which,
			   unsigned int *number);

#endif /* AXVM_TOOL_TESTS_PCI_FAKE_H */
