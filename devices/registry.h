/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AxVmDevices: the registry of a VM's devices, as the core sees it.
 * Device models include device.h instead.
 */
#ifndef AXVM_DEVICES_REGISTRY_H
#define AXVM_DEVICES_REGISTRY_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "device.h"

#define AXVM_MAX_DEVICES	1024
#define AXVM_LATENCY_BUCKETS	32	/* bucket n: below 2^(n+1) cycles */

/**
 * struct axvm_region_stats - what one CPU counted of a region
 * @reads: reads
 * @writes: writes
 * @cycles: cycles spent in the device
 * @latency: accesses by log2 of their cycles
 */
struct axvm_region_stats {
	u64 reads;
	u64 writes;
	u64 cycles;
	u32 latency[AXVM_LATENCY_BUCKETS];
};

/**
 * struct axvm_region - a range of addresses that a device answers
 * @dev: the device
 * @ops: its model
 * @base: first address
 * @last: last address (inclusive: a region may end at the top of the space)
 * @length: how many addresses
 * @stats: per-CPU counters
 * @index: which of the device's regions
 * @bus: address space
 * @atomic: the device never sleeps, and no ioeventfd (core/doorbell.c) lies in the region
 */
struct axvm_region {
	struct axvm_device *dev;
	const struct axvm_device_ops *ops;
	u64 base;
	u64 last;
	u64 length;
	struct axvm_region_stats __percpu *stats;
	unsigned int index;
	enum axvm_bus bus;
	bool atomic;
};

/**
 * struct axvm_map_entry - a region in a map, with what a search looks at beside it
 * @base: region->base
 * @last: region->last
 * @region: the region
 */
struct axvm_map_entry {
	u64 base;
	u64 last;
	struct axvm_region *region;
};

/**
 * struct axvm_bus_map - all regions of one address space; replaced whole
 * @nr: regions, at least one
 * @recent: per CPU, the region that was found last
 * @entry: sorted
 */
struct axvm_bus_map {
	unsigned int nr;
	const struct axvm_region *__percpu *recent;
	struct axvm_map_entry entry[];
};

/**
 * struct axvm_devices - the registry of one VM
 * @list: all devices; vm->lock
 * @nr: how many; vm->lock
 * @next_id: vm->lock
 * @map: per bus, readers under vm->srcu or with interrupts off
 * @open_bus: accesses that no device claimed, per bus (approximate)
 */
struct axvm_devices {
	struct list_head list;
	unsigned int nr;
	u32 next_id;
	struct axvm_bus_map __rcu *map[AXVM_NR_BUSES];
	u64 open_bus[AXVM_NR_BUSES];
};

void axvm_devices_init(struct axvm_vm *vm);
void axvm_devices_destroy(struct axvm_vm *vm);
void axvm_devices_reset(struct axvm_vm *vm);

/* vm->lock held. May sleep. */
struct axvm_device *axvm_devices_add(struct axvm_vm *vm, const struct axvm_device_config *config);
struct axvm_device *axvm_devices_add_of(struct axvm_vm *vm, const struct axvm_device_type *type,
					const struct axvm_device_config *config);
int axvm_devices_remove(struct axvm_vm *vm, u32 id);
struct axvm_device *axvm_devices_find(struct axvm_vm *vm, u32 id);

/*
 * A guest access: AXVM_HANDLED, AXVM_UNCLAIMED (no device: *value is all ones),
 * AXVM_FAULT, or an errno that ends the VM. May sleep.
 */
int axvm_devices_handle_mmio_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 addr,
				  unsigned int width, u64 *value);
int axvm_devices_handle_mmio_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 addr,
				   unsigned int width, u64 value);
int axvm_devices_handle_port_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u16 port,
				  unsigned int width, u64 *value);
int axvm_devices_handle_port_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u16 port,
				   unsigned int width, u64 value);
int axvm_devices_handle_sysreg_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 reg,
				    u64 *value);
int axvm_devices_handle_sysreg_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 reg,
				     u64 value);

/* devices/regions.c */
int axvm_regions_publish(struct axvm_device *dev, bool with);
void axvm_regions_free(struct axvm_device *dev);
void axvm_regions_mark_atomic(struct axvm_vm *vm, unsigned int bus);
void axvm_regions_hide_all(struct axvm_vm *vm);

/* devices/types.c: the list of registered types */
const struct axvm_device_type *axvm_device_type_get(const struct axvm_device_config *config);
void axvm_device_type_put(const struct axvm_device_type *type);
int axvm_device_type_info(u32 index, struct axvm_device_type_info *info);

/* devices/stats.c */
void axvm_devices_debugfs(struct axvm_vm *vm);

#endif /* AXVM_DEVICES_REGISTRY_H */
