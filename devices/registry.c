// SPDX-License-Identifier: GPL-2.0
/*
 * AxVmDevices: the devices of a VM, and the way of an access of the guest to the one
 * that answers it.
 *
 *	exit -> axvm_devices_handle_*() -> map_find() -> device's read() or write()
 *	(devices/access.h: inline, for the short way of core/answer.h too)
 *
 * Owns: struct axvm_devices in each VM: the list of devices, and for each address
 * space (bus) a sorted map of their regions, which never overlap. Adding or removing a
 * device replaces the maps (regions.c).
 *
 * Locks: vm->lock for every change, init(), reset() and destroy() of devices
 * included. An access takes no lock: it is one read section of vm->srcu, in which
 * the device may sleep; or, if the device never sleeps, one of RCU, since the
 * entry window has interrupts off anyway. Removing a device waits for the accesses that
 * were under way when its regions left the maps, and later ones do not find it: so
 * devices come and go while vCPUs run. An access must therefore never wait for vm->lock.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../core/vm.h"
#include "access.h"

/* --- the way of an access ------------------------------------------------------- */

/**
 * axvm_region_search() - binary search for the region that has all of an access
 * @map: the regions
 * @addr: first address of the access
 * @last: its last address
 *
 * Context: a read section of @map; preemption may be on.
 * Return: the region, found first by the next map_find() on this CPU; or NULL.
 */
const struct axvm_region *axvm_region_search(const struct axvm_bus_map *map, u64 addr, u64 last)
{
	const struct axvm_map_entry *entry;
	unsigned long half, n, i = 0;

	for (n = map->nr; n > 1; n -= half) {
		half = n / 2;
		if (map->entry[i + half].base <= addr)
			i += half;
	}
	entry = &map->entry[i];
	if (addr < entry->base || last > entry->last)
		return NULL;
	this_cpu_write(*map->recent, entry->region);
	return entry->region;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_region_search);

/**
 * axvm_devices_handle_doorbell() - an access that is no atomic device's: is it an ioeventfd's?
 * @vcpu: the vCPU
 * @exit: the access
 *
 * Context: interrupts off.
 * Return: AXVM_HANDLED; AXVM_UNCLAIMED: ask again where sleeping is allowed.
 */
int axvm_devices_handle_doorbell(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	/* There, to signal an eventfd is to sleep. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || exit->type % 2 == 0)
		return AXVM_UNCLAIMED;
	if (!axvm_doorbell_ring(vcpu->vm, exit->type / 2, exit->addr, exit->width, exit->data))
		return AXVM_UNCLAIMED;
	return AXVM_HANDLED;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_doorbell);

/* Nobody claimed it. Two accesses at once may count as one: nobody waits for the other. */
static noinline void open_bus(struct axvm_vm *vm, enum axvm_bus bus)
{
	u64 *count = &vm->devices.open_bus[bus];

	WRITE_ONCE(*count, READ_ONCE(*count) + 1);
}

/* The tracepoint axvm_device; apart, for what is inline in access.h */
void axvm_region_trace(struct axvm_vm *vm, const struct axvm_region *region, enum axvm_bus bus,
		       bool is_write, u64 addr, unsigned int width, u64 value, int result)
{
	trace_axvm_device(vm->id, region ? region->dev->config.name : "open-bus", bus, is_write,
			  addr, width, value, result);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_region_trace);

static __always_inline int handle_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu,
				       enum axvm_bus bus, u64 addr, unsigned int width, u64 *value)
{
	int idx = srcu_read_lock(&vm->srcu);
	const struct axvm_region *region;
	int result = AXVM_UNCLAIMED;

	region = map_find(srcu_dereference(vm->devices.map[bus], &vm->srcu), addr,
			  span(bus, width));
	if (likely(region))
		result = region_read(region, vcpu, addr, width, value, false);
	if (unlikely(result == AXVM_UNCLAIMED)) {
		*value = axvm_width_mask[width];
		open_bus(vm, bus);
	}
	if (trace_axvm_device_enabled())
		axvm_region_trace(vm, region, bus, false, addr, width, *value, result);
	srcu_read_unlock(&vm->srcu, idx);
	return result;
}

static __always_inline int handle_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu,
					enum axvm_bus bus, u64 addr, unsigned int width, u64 value)
{
	int idx = srcu_read_lock(&vm->srcu);
	const struct axvm_region *region;
	int result = AXVM_UNCLAIMED;

	if (unlikely(axvm_doorbell_ring(vm, bus, addr, width, value))) {
		srcu_read_unlock(&vm->srcu, idx);
		return AXVM_HANDLED;
	}
	region = map_find(srcu_dereference(vm->devices.map[bus], &vm->srcu), addr,
			  span(bus, width));
	if (likely(region))
		result = region_write(region, vcpu, addr, width, value, false);
	if (unlikely(result == AXVM_UNCLAIMED))
		open_bus(vm, bus);
	if (trace_axvm_device_enabled())
		axvm_region_trace(vm, region, bus, true, addr, width, value, result);
	srcu_read_unlock(&vm->srcu, idx);
	return result;
}

/**
 * axvm_devices_handle_mmio_read() - the guest loads from memory that no slot has
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @addr: guest-physical address
 * @width: bytes: 1, 2, 4 or 8
 * @value: the result, cut to @width
 *
 * Context: may sleep; vm->lock not held.
 * Return: AXVM_HANDLED; AXVM_UNCLAIMED: no device has all of it (*@value is all ones of
 * @width); AXVM_FAULT; or the device's errno, which ends the VM.
 */
int axvm_devices_handle_mmio_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 addr,
				  unsigned int width, u64 *value)
{
	return handle_read(vm, vcpu, AXVM_BUS_MMIO, addr, width, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_mmio_read);

/**
 * axvm_devices_handle_mmio_write() - the guest stores to memory that no slot has
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @addr: guest-physical address
 * @width: bytes: 1, 2, 4 or 8
 * @value: the value; bytes above @width are ignored
 *
 * Context: may sleep; vm->lock not held.
 * Return: as axvm_devices_handle_mmio_read().
 */
int axvm_devices_handle_mmio_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 addr,
				   unsigned int width, u64 value)
{
	return handle_write(vm, vcpu, AXVM_BUS_MMIO, addr, width, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_mmio_write);

/**
 * axvm_devices_handle_port_read() - IN
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @port: first port
 * @width: ports: 1, 2 or 4
 * @value: the result, cut to @width
 *
 * Context: may sleep; vm->lock not held.
 * Return: as axvm_devices_handle_mmio_read().
 */
int axvm_devices_handle_port_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u16 port,
				  unsigned int width, u64 *value)
{
	return handle_read(vm, vcpu, AXVM_BUS_PORT, port, width, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_port_read);

/**
 * axvm_devices_handle_port_write() - OUT
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @port: first port
 * @width: ports: 1, 2 or 4
 * @value: the value; bytes above @width are ignored
 *
 * Context: may sleep; vm->lock not held.
 * Return: as axvm_devices_handle_mmio_read().
 */
int axvm_devices_handle_port_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u16 port,
				   unsigned int width, u64 value)
{
	return handle_write(vm, vcpu, AXVM_BUS_PORT, port, width, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_port_write);

/**
 * axvm_devices_handle_sysreg_read() - RDMSR, MRS
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @reg: number of the register
 * @value: the result, 64 bits
 *
 * Context: may sleep; vm->lock not held.
 * Return: as axvm_devices_handle_mmio_read().
 */
int axvm_devices_handle_sysreg_read(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 reg,
				    u64 *value)
{
	return handle_read(vm, vcpu, AXVM_BUS_SYSREG, reg, 8, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_sysreg_read);

/**
 * axvm_devices_handle_sysreg_write() - WRMSR, MSR
 * @vm: the VM
 * @vcpu: the vCPU, or NULL
 * @reg: number of the register
 * @value: the value, 64 bits
 *
 * Context: may sleep; vm->lock not held.
 * Return: as axvm_devices_handle_mmio_read().
 */
int axvm_devices_handle_sysreg_write(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 reg,
				     u64 value)
{
	return handle_write(vm, vcpu, AXVM_BUS_SYSREG, reg, 8, value);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_handle_sysreg_write);

/* --- devices --------------------------------------------------------------------- */

/* A name stands in one column of a table: printable, no space */
static void make_name(struct axvm_device *dev)
{
	char *name = dev->config.name;

	if (!name[0])
		strscpy(name, dev->type->name, AXVM_NAME_LEN);
	name[AXVM_NAME_LEN - 1] = '\0';
	for (; *name; name++)
		if (!isascii(*name) || !isgraph(*name))
			*name = '_';
}

static struct axvm_device *instance_alloc(struct axvm_vm *vm, const struct axvm_device_type *type,
					  const struct axvm_device_config *config)
{
	struct axvm_device *dev = kzalloc(type->instance_size, GFP_KERNEL_ACCOUNT);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	__module_get(type->owner);
	dev->vm = vm;
	dev->type = type;
	dev->config = *config;
	INIT_LIST_HEAD(&dev->list);
	make_name(dev);
	do {
		dev->id = vm->devices.next_id++;
	} while (axvm_devices_find(vm, dev->id));
	return dev;
}

/* The device has been destroyed, or its init() failed; the guest cannot reach it. */
static void instance_free(struct axvm_device *dev)
{
	const struct axvm_device_type *type = dev->type;

	axvm_irq_release_device(dev);
	axvm_regions_free(dev);
	kfree(dev);
	axvm_device_type_put(type);
}

static void instance_destroy(struct axvm_device *dev)
{
	if (dev->type->ops->destroy)
		dev->type->ops->destroy(dev);
	instance_free(dev);
}

/**
 * axvm_devices_add() - make a device
 * @vm: the VM; vm->lock held; vCPUs may run
 * @config: what and where; copied
 *
 * All or nothing: the guest reaches all its regions when this has succeeded, and
 * none, not even for a moment, when it has not.
 *
 * Context: may sleep; not in an access of the guest.
 * Return: the device, or an error pointer: -ENODEV: no such type; -EINVAL: too many
 * parameters; -ENOSPC: the VM has AXVM_MAX_DEVICES; -ENOMEM; or what the type's init()
 * said, with axvm_device_add_region() and axvm_device_add_line() among it.
 */
struct axvm_device *axvm_devices_add(struct axvm_vm *vm, const struct axvm_device_config *config)
{
	const struct axvm_device_type *type;
	struct axvm_device *dev;

	if (config->nr_cfg > AXVM_MAX_CFG)
		return ERR_PTR(-EINVAL);
	type = axvm_device_type_get(config);
	if (IS_ERR(type))
		return ERR_CAST(type);
	dev = axvm_devices_add_of(vm, type, config);
	axvm_device_type_put(type);
	return dev;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_add);

/**
 * axvm_devices_add_of() - make a device of a type that need not be registered
 * @vm: the VM; vm->lock held; vCPUs may run
 * @type: the type; its module is held by the caller
 * @config: what and where; copied
 *
 * Context: may sleep; not in an access of the guest.
 * Return: as axvm_devices_add().
 */
struct axvm_device *axvm_devices_add_of(struct axvm_vm *vm, const struct axvm_device_type *type,
					const struct axvm_device_config *config)
{
	struct axvm_device *dev;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vm->devices.nr == AXVM_MAX_DEVICES)
		return ERR_PTR(-ENOSPC);
	dev = instance_alloc(vm, type, config);
	if (IS_ERR(dev))
		return dev;
	ret = dev->type->init(dev);
	if (ret) {
		instance_free(dev);
		return ERR_PTR(ret);
	}
	ret = axvm_regions_publish(dev, true);
	if (ret) {
		instance_destroy(dev);
		return ERR_PTR(ret);
	}
	list_add_tail(&dev->list, &vm->devices.list);
	vm->devices.nr++;
	return dev;
}

/**
 * axvm_devices_remove() - take a device out
 * @vm: the VM; vm->lock held; vCPUs may run
 * @id: the device's number
 *
 * Accesses that are under way in the device end first; later ones find an open bus.
 * Its interrupt lines go down.
 *
 * Context: may sleep; not in an access of the guest.
 * Return: 0; -ENOENT: no such device; -ENOMEM: it is still there.
 */
int axvm_devices_remove(struct axvm_vm *vm, u32 id)
{
	struct axvm_device *dev;
	int ret;

	lockdep_assert_held(&vm->lock);
	dev = axvm_devices_find(vm, id);
	if (!dev)
		return -ENOENT;
	ret = axvm_regions_publish(dev, false);
	if (ret)
		return ret;
	list_del(&dev->list);
	vm->devices.nr--;
	instance_destroy(dev);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_remove);

/**
 * axvm_devices_find() - the device with this number
 * @vm: the VM; vm->lock held
 * @id: the number
 *
 * Return: the device, which lives while vm->lock is held, or NULL.
 */
struct axvm_device *axvm_devices_find(struct axvm_vm *vm, u32 id)
{
	struct axvm_device *dev;

	list_for_each_entry(dev, &vm->devices.list, list)
		if (dev->id == id)
			return dev;
	return NULL;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_find);

/**
 * axvm_devices_reset() - power-on state for all devices, in the order of their creation
 * @vm: the VM; vm->lock held; no vCPU runs
 *
 * Context: may sleep.
 */
void axvm_devices_reset(struct axvm_vm *vm)
{
	struct axvm_device *dev;

	list_for_each_entry(dev, &vm->devices.list, list)
		if (dev->type->ops->reset)
			dev->type->ops->reset(dev);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_reset);

/**
 * axvm_devices_init() - an empty registry
 * @vm: a new VM
 */
void axvm_devices_init(struct axvm_vm *vm)
{
	INIT_LIST_HEAD(&vm->devices.list);
}

/**
 * axvm_devices_destroy() - remove all devices, the youngest first
 * @vm: the VM, found by nobody any more; vm->lock held
 *
 * Context: may sleep.
 */
void axvm_devices_destroy(struct axvm_vm *vm)
{
	struct axvm_device *dev, *next;

	/* No vCPU runs any more, so there are no accesses to wait for. */
	axvm_regions_hide_all(vm);
	list_for_each_entry_safe_reverse(dev, next, &vm->devices.list, list) {
		list_del(&dev->list);
		vm->devices.nr--;
		instance_destroy(dev);
	}
}
