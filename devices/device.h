/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device contract: what a device model gives to the registry (AxVmDevices),
 * and what the registry gives to it.
 *
 * A device *type* is registered by name and number, by axvm.ko itself or by any
 * other module. A VM's configuration makes *instances* of it. The registry
 * allocates an instance, calls the type's init(), which declares regions and
 * interrupt lines, and from then on calls read() and write() for each guest
 * access that lies whole inside one of the regions, with the *offset* into it.
 * Counting, timing and tracing of accesses belong to the registry.
 *
 * Locks: the registry holds none around read() and write() (a read section
 * only): they may sleep, and run on several vCPUs at once, so a device has a lock
 * of its own. A type whose read() and write() never sleep says so (@atomic): its
 * accesses are then answered with interrupts off, without leaving the entry window,
 * which halves what they cost. Interrupt lines may be driven from any context, also with that
 * lock held; a lock held while driving a line must be a raw_spinlock_t taken
 * with interrupts off. A device keeps all that the guest can see in one plain
 * struct, so that saving and restoring it is a copy.
 */
#ifndef AXVM_DEVICES_DEVICE_H
#define AXVM_DEVICES_DEVICE_H

#include <linux/list.h>
#include <linux/module.h>
#include <linux/types.h>

#include "../uapi/axvm.h"

struct axvm_device;
struct axvm_vcpu;
struct axvm_vm;
struct seq_file;

#define AXVM_DEVICE_MAX_REGIONS	8
#define AXVM_DEVICE_MAX_LINES	32

/**
 * enum axvm_bus - the address spaces in which a region may lie
 * @AXVM_BUS_MMIO: guest-physical memory
 * @AXVM_BUS_PORT: x86 I/O ports, 0 to 0xffff
 * @AXVM_BUS_SYSREG: system registers: MSR numbers, or arm64 encodings
 * @AXVM_NR_BUSES: how many there are
 */
enum axvm_bus {
	AXVM_BUS_MMIO,
	AXVM_BUS_PORT,
	AXVM_BUS_SYSREG,
	AXVM_NR_BUSES
};

/**
 * enum axvm_result - what read() and write() return; a negative errno stops the VM
 * @AXVM_HANDLED: done
 * @AXVM_UNCLAIMED: as if there were no device: open bus, or exit to userspace
 * @AXVM_FAULT: the access faults in the guest (system registers: #GP, UNDEFINED)
 */
enum axvm_result {
	AXVM_HANDLED = 0,
	AXVM_UNCLAIMED = 1,
	AXVM_FAULT = 2,
};

/**
 * struct axvm_access - one access of the guest to a region
 * @vcpu: the vCPU that makes it; NULL in tests and for accesses of the host
 * @region: index of the region, in the order of axvm_device_add_region()
 * @width: bytes: 1, 2, 4 or 8
 * @offset: of the first byte, from the start of the region
 * @data: write: the value, upper bytes zero; read: to be filled in (the registry
 *        cuts it to @width)
 */
struct axvm_access {
	struct axvm_vcpu *vcpu;
	unsigned int region;
	unsigned int width;
	u64 offset;
	u64 data;
};

/**
 * struct axvm_device_ops - what a device model does
 * @read: answer a load, IN or register read; may sleep
 * @write: take a store, OUT or register write; may sleep
 * @reset: power-on state; no vCPU runs meanwhile; may sleep
 * @destroy: stop timers, free what init() allocated (not the instance). No access
 *           is under way any more and none follows; may sleep
 * @save: copy the guest-visible state to @buf (type->state_size bytes); may sleep
 * @restore: the reverse, re-arming timers; -EINVAL refuses nonsense and changes nothing
 * @open_host: make the host side: returns a new file descriptor or an errno
 * @show_irq: a line about the interrupt of the host that it has, if it has one, for debugfs
 *
 * @read and @write are needed by a device with regions; the others may be NULL.
 */
struct axvm_device_ops {
	int (*read)(struct axvm_device *dev, struct axvm_access *access);
	int (*write)(struct axvm_device *dev, struct axvm_access *access);
	void (*reset)(struct axvm_device *dev);
	void (*destroy)(struct axvm_device *dev);
	void (*save)(struct axvm_device *dev, void *buf);
	int (*restore)(struct axvm_device *dev, const void *buf);
	int (*open_host)(struct axvm_device *dev);
	void (*show_irq)(struct axvm_device *dev, struct seq_file *file);
};

/**
 * struct axvm_device_config - how a VM's configuration describes an instance
 * @type: number of the type, or AXVM_DEV_ANY
 * @type_name: name of the type, for AXVM_DEV_ANY
 * @name: the instance's name
 * @base: first GPA or port; 0: the type's own
 * @length: bytes or ports; 0: the type's own
 * @irq: interrupt line
 * @nr_cfg: entries in @cfg
 * @cfg: the type's own parameters
 */
struct axvm_device_config {
	u32 type;
	char type_name[AXVM_NAME_LEN];
	char name[AXVM_NAME_LEN];
	u64 base;
	u64 length;
	u32 irq;
	u32 nr_cfg;
	u64 cfg[AXVM_MAX_CFG];
};

/**
 * struct axvm_device_type - a device model
 * @name: unique name, below AXVM_NAME_LEN bytes
 * @number: unique number: AXVM_DEV_*, or from 0x10000 for modules of others
 * @owner: THIS_MODULE; held while instances live
 * @instance_size: bytes of an instance; its struct has a struct axvm_device as first member
 * @state_size: bytes save() writes; 0: no state
 * @atomic: read() and write() never sleep; they may be called with interrupts off
 * @init: check dev->config (-EINVAL), declare regions and lines. What the registry
 *        was given is taken back by it when init() fails; the rest is init()'s.
 *        May sleep. No access comes before it has returned 0.
 * @ops: the model
 * @list: the registry's
 */
struct axvm_device_type {
	const char *name;
	u32 number;
	struct module *owner;
	size_t instance_size;
	size_t state_size;
	bool atomic;
	int (*init)(struct axvm_device *dev);
	const struct axvm_device_ops *ops;
	struct list_head list;
};

struct axvm_region;

/**
 * struct axvm_device - an instance; embedded as first member in the model's own struct
 * @vm: the VM it belongs to
 * @type: its type
 * @config: its configuration; base and length still 0 where the type's own apply
 * @id: its number in the VM
 * @nr_regions: regions declared
 * @nr_lines: lines declared
 * @regions: the registry's
 * @lines: GSI or INTID of each line
 * @asserted: bit i: line i is up; the interrupt router's, under its lock
 * @list: in axvm_devices.list
 */
struct axvm_device {
	struct axvm_vm *vm;
	const struct axvm_device_type *type;
	struct axvm_device_config config;
	u32 id;
	unsigned int nr_regions;
	unsigned int nr_lines;
	struct axvm_region *regions[AXVM_DEVICE_MAX_REGIONS];
	u32 lines[AXVM_DEVICE_MAX_LINES];
	u32 asserted;
	struct list_head list;
};

int axvm_register_device_type(struct axvm_device_type *type);
void axvm_unregister_device_type(struct axvm_device_type *type);

/* For init() only */
int axvm_device_add_region(struct axvm_device *dev, enum axvm_bus bus, u64 base, u64 length);
int axvm_device_add_line(struct axvm_device *dev, u32 irq);

/* From any context */
void axvm_device_raise(struct axvm_device *dev, unsigned int line);
void axvm_device_lower(struct axvm_device *dev, unsigned int line);
void axvm_device_pulse(struct axvm_device *dev, unsigned int line);

/**
 * axvm_device_set_line() - drive a line to a level
 * @dev: the device
 * @line: index in the order of axvm_device_add_line()
 * @level: true raises, false lowers; the same level again changes nothing
 *
 * Context: any.
 */
static inline void axvm_device_set_line(struct axvm_device *dev, unsigned int line, bool level)
{
	if (level)
		axvm_device_raise(dev, line);
	else
		axvm_device_lower(dev, line);
}

/* Ends the VM; the first reason wins. From any context. (core/vm.c) */
void axvm_vm_stop(struct axvm_vm *vm, u32 reason, u64 code);

/**
 * axvm_register_builtin_types() - register the types that axvm.ko itself brings
 *
 * Context: module init. Return: 0 or an errno, nothing left registered then.
 */
int axvm_register_builtin_types(void);
void axvm_unregister_builtin_types(void);

#endif /* AXVM_DEVICES_DEVICE_H */
