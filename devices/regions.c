// SPDX-License-Identifier: GPL-2.0
/*
 * What a device declares in its init(), regions and lines, and how its regions come
 * into the maps of the VM and leave them again.
 *
 * Owns: struct axvm_region, struct axvm_bus_map. The entries of a map never change: a new
 * map is made, put in place of the old one, and the old one freed when no access can
 * be using it.
 *
 * Locks: vm->lock is held for everything here; readers of the maps are in vm->srcu.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../core/vm.h"

static bool overlaps(const struct axvm_region *region, u64 base, u64 last)
{
	return base <= region->last && region->base <= last;
}

/* Is any of it taken, by a device of the VM or by this one? vm->lock held */
static bool range_taken(struct axvm_device *dev, enum axvm_bus bus, u64 base, u64 last)
{
	const struct axvm_bus_map *map;
	unsigned int i;

	map = rcu_dereference_protected(dev->vm->devices.map[bus],
					lockdep_is_held(&dev->vm->lock));
	for (i = 0; map && i < map->nr; i++)
		if (overlaps(map->entry[i].region, base, last))
			return true;
	for (i = 0; i < dev->nr_regions; i++)
		if (dev->regions[i]->bus == bus && overlaps(dev->regions[i], base, last))
			return true;
	return false;
}

/**
 * axvm_device_add_region() - declare addresses that the device answers
 * @dev: the device, in its init()
 * @bus: the address space
 * @base: first address
 * @length: how many: bytes, ports, registers
 *
 * The first region declared is number 0 in struct axvm_access, the next 1 ... The
 * guest reaches none of them before init() has returned 0.
 *
 * Context: init() only.
 * Return: 0; -EINVAL: no such bus, no length, beyond the end of the address space, or
 * a device without read() or write(); -EEXIST: some of it is taken; -ENOSPC: the device
 * has AXVM_DEVICE_MAX_REGIONS; -EBUSY: not in init(); -ENOMEM.
 */
int axvm_device_add_region(struct axvm_device *dev, enum axvm_bus bus, u64 base, u64 length)
{
	u64 last = base + length - 1;
	struct axvm_region *region;

	if (!list_empty(&dev->list))
		return -EBUSY;
	if (bus >= AXVM_NR_BUSES || !length || last < base)
		return -EINVAL;
	if (bus == AXVM_BUS_PORT && last > U16_MAX)
		return -EINVAL;
	if (!dev->type->ops->read || !dev->type->ops->write)
		return -EINVAL;
	if (dev->nr_regions == AXVM_DEVICE_MAX_REGIONS)
		return -ENOSPC;
	if (range_taken(dev, bus, base, last))
		return -EEXIST;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->stats = alloc_percpu_gfp(struct axvm_region_stats, GFP_KERNEL_ACCOUNT);
	if (!region->stats) {
		kfree(region);
		return -ENOMEM;
	}
	region->dev = dev;
	region->ops = dev->type->ops;
	region->bus = bus;
	region->index = dev->nr_regions;
	region->base = base;
	region->last = last;
	region->length = length;
	region->atomic = dev->type->atomic && !axvm_doorbell_within(dev->vm, bus, base, last);
	dev->regions[dev->nr_regions++] = region;
	return 0;
}
EXPORT_SYMBOL_GPL(axvm_device_add_region);

/**
 * axvm_device_add_line() - declare an interrupt line that the device drives
 * @dev: the device, in its init()
 * @irq: GSI or INTID
 *
 * The first line declared is number 0 for axvm_device_raise(), the next 1 ... Devices
 * may share a line: it is up while any of them holds it up.
 *
 * Context: init() only.
 * Return: 0; -EINVAL: no such line; -EEXIST: the device has it already; -ENOSPC: the device
 * has AXVM_DEVICE_MAX_LINES; -EBUSY: not in init().
 */
int axvm_device_add_line(struct axvm_device *dev, u32 irq)
{
	unsigned int i;

	if (!list_empty(&dev->list))
		return -EBUSY;
	if (irq >= AXVM_MAX_IRQS)
		return -EINVAL;
	for (i = 0; i < dev->nr_lines; i++)
		if (dev->lines[i] == irq)
			return -EEXIST;
	if (dev->nr_lines == AXVM_DEVICE_MAX_LINES)
		return -ENOSPC;
	dev->lines[dev->nr_lines++] = irq;
	return 0;
}
EXPORT_SYMBOL_GPL(axvm_device_add_line);

/* --- maps ---------------------------------------------------------------------- */

static void map_free(struct axvm_bus_map *map)
{
	if (!map)
		return;
	free_percpu(map->recent);
	kvfree(map);
}

static struct axvm_bus_map *map_alloc(unsigned int nr)
{
	struct axvm_bus_map *map;

	map = kvzalloc(struct_size(map, entry, nr), GFP_KERNEL_ACCOUNT);
	if (!map)
		return NULL;
	map->recent = alloc_percpu_gfp(const struct axvm_region *, GFP_KERNEL_ACCOUNT);
	if (!map->recent) {
		kvfree(map);
		return NULL;
	}
	return map;
}

static void map_insert(struct axvm_bus_map *map, struct axvm_region *region)
{
	unsigned int i;

	for (i = map->nr++; i && map->entry[i - 1].base > region->base; i--)
		map->entry[i] = map->entry[i - 1];
	map->entry[i].base = region->base;
	map->entry[i].last = region->last;
	map->entry[i].region = region;
}

static unsigned int regions_on(const struct axvm_device *dev, enum axvm_bus bus)
{
	unsigned int i, nr = 0;

	for (i = 0; i < dev->nr_regions; i++)
		nr += dev->regions[i]->bus == bus;
	return nr;
}

/*
 * The map that is to follow the present one of @bus: with the regions of @dev, or
 * without them. NULL: there are none at all. vm->lock held
 */
static struct axvm_bus_map *map_make(struct axvm_device *dev, enum axvm_bus bus, bool with)
{
	unsigned int i, nr = regions_on(dev, bus);
	const struct axvm_region **recent;
	const struct axvm_bus_map *old;
	struct axvm_bus_map *map;
	int cpu;

	old = rcu_dereference_protected(dev->vm->devices.map[bus],
					lockdep_is_held(&dev->vm->lock));
	nr = (old ? old->nr : 0) + (with ? nr : -nr);
	if (!nr)
		return NULL;
	map = map_alloc(nr);
	if (!map)
		return ERR_PTR(-ENOMEM);

	for (i = 0; old && i < old->nr; i++)
		if (old->entry[i].region->dev != dev)
			map->entry[map->nr++] = old->entry[i];
	for (i = 0; with && i < dev->nr_regions; i++)
		if (dev->regions[i]->bus == bus)
			map_insert(map, dev->regions[i]);
	for_each_possible_cpu(cpu) {
		recent = per_cpu_ptr(map->recent, cpu);
		*recent = map->entry[0].region;
	}
	return map;
}

/**
 * axvm_regions_publish() - let the guest reach all regions of a device, or none any more
 * @dev: the device
 * @with: true: they come into the maps; false: they leave them
 *
 * All or nothing. When it returns, no access uses the former maps, nor, without @with,
 * the device.
 *
 * The grace periods are expedited ones, and waited for: those of call_srcu() take ticks,
 * and the removal of a device would have to wait for them.
 *
 * Context: vm->lock held; may sleep; not in an access of the guest.
 * Return: 0, or -ENOMEM: nothing has changed.
 */
int axvm_regions_publish(struct axvm_device *dev, bool with)
{
	struct axvm_bus_map *map[AXVM_NR_BUSES];
	struct axvm_vm *vm = dev->vm;
	unsigned int bus;

	for (bus = 0; bus < AXVM_NR_BUSES; bus++) {
		map[bus] = map_make(dev, bus, with);
		if (IS_ERR(map[bus])) {
			while (bus--)
				map_free(map[bus]);
			return -ENOMEM;
		}
	}
	for (bus = 0; bus < AXVM_NR_BUSES; bus++)
		map[bus] = rcu_replace_pointer(vm->devices.map[bus], map[bus],
					       lockdep_is_held(&vm->lock));
	axvm_vm_synchronize(vm);
	for (bus = 0; bus < AXVM_NR_BUSES; bus++)
		map_free(map[bus]);
	return 0;
}

/**
 * axvm_regions_mark_atomic() - after a change of ioeventfds: which regions have none?
 * @vm: the VM; vm->lock held
 * @bus: the address space
 */
void axvm_regions_mark_atomic(struct axvm_vm *vm, unsigned int bus)
{
	const struct axvm_bus_map *map;
	struct axvm_region *region;
	unsigned int i;

	map = rcu_dereference_protected(vm->devices.map[bus], lockdep_is_held(&vm->lock));
	for (i = 0; map && i < map->nr; i++) {
		region = map->entry[i].region;
		WRITE_ONCE(region->atomic, region->dev->type->atomic &&
			   !axvm_doorbell_within(vm, bus, region->base, region->last));
	}
}

/**
 * axvm_regions_free() - free the regions of a device
 * @dev: a device of which the guest can reach none
 */
void axvm_regions_free(struct axvm_device *dev)
{
	while (dev->nr_regions) {
		struct axvm_region *region = dev->regions[--dev->nr_regions];

		free_percpu(region->stats);
		kfree(region);
	}
}

/**
 * axvm_regions_hide_all() - empty maps, for a VM that runs no more
 * @vm: the VM; vm->lock held
 */
void axvm_regions_hide_all(struct axvm_vm *vm)
{
	unsigned int bus;

	for (bus = 0; bus < AXVM_NR_BUSES; bus++)
		map_free(rcu_replace_pointer(vm->devices.map[bus], NULL,
					     lockdep_is_held(&vm->lock)));
}
