/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of an access to its device, from the map of regions to the device's read() or
 * write(), with counting. Inline: it stands on the path of most exits.
 *
 * Locks: a read section of the map, see registry.c.
 */
#ifndef AXVM_DEVICES_ACCESS_H
#define AXVM_DEVICES_ACCESS_H

#include <linux/nospec.h>
#include <linux/overflow.h>

#include "../core/trace.h"
#include "../core/vm.h"

const struct axvm_region *axvm_region_search(const struct axvm_bus_map *map, u64 addr, u64 last);
int axvm_devices_handle_doorbell(struct axvm_vcpu *vcpu, const struct axvm_exit *exit);
void axvm_region_trace(struct axvm_vm *vm, const struct axvm_region *region, enum axvm_bus bus,
		       bool is_write, u64 addr, unsigned int width, u64 value, int result);

/*
 * The region that has all of [addr, addr + length - 1], or NULL. A driver talks to a
 * device many times in a row: the region found last on this CPU is tried first.
 */
static __always_inline const struct axvm_region *map_find(const struct axvm_bus_map *map, u64 addr,
							  unsigned int length)
{
	const struct axvm_region *region;
	u64 last;

	/* What wraps around the top of the space is in no region. */
	if (unlikely(!map || check_add_overflow(addr, (u64)(length - 1), &last)))
		return NULL;
	region = this_cpu_read(*map->recent);
	if (likely(addr >= region->base && last <= region->last))
		return region;
	return axvm_region_search(map, addr, last);
}

/* How many addresses an access takes: a system register is 8 bytes at one of them */
static __always_inline unsigned int span(enum axvm_bus bus, unsigned int width)
{
	return bus == AXVM_BUS_SYSREG ? 1 : width;
}

/* The bits of a value of so many bytes */
static const u64 axvm_width_mask[] = {
	[1] = U8_MAX,
	[2] = U16_MAX,
	[4] = U32_MAX,
	[8] = U64_MAX,
};

/*
 * The counters are per CPU and each is changed on its own, so the thread may move between
 * them. With interrupts off (@atomic, a constant) that need not be atomic, which is
 * cheaper on some CPUs. 32 bits of time are enough for some seconds and cheaper.
 */
static __always_inline void count_access(const struct axvm_region *region, bool is_write, u32 start,
					 bool atomic)
{
	u32 cycles = axvm_arch_cycles() - start;
	struct axvm_region_stats *mine;

	if (atomic) {
		mine = raw_cpu_ptr(region->stats);
		mine->cycles += cycles;
		mine->latency[__fls(cycles | 1)]++;
		*(is_write ? &mine->writes : &mine->reads) += 1;
		return;
	}
	this_cpu_add(region->stats->cycles, cycles);
	this_cpu_inc(region->stats->latency[__fls(cycles | 1)]);
	if (is_write)
		this_cpu_inc(region->stats->writes);
	else
		this_cpu_inc(region->stats->reads);
}

/*
 * The offset of addr, which is in the region. It is kept there also while the CPU only
 * guesses that it is: no guest has a device's code reach elsewhere in speculation
 * (Spectre variant 1, Documentation/admin-guide/hw-vuln/spectre.rst of the kernel).
 */
static __always_inline u64 region_offset(const struct axvm_region *region, u64 addr)
{
	return array_index_nospec(addr - region->base, region->length);
}

static __always_inline int region_read(const struct axvm_region *region, struct axvm_vcpu *vcpu,
				       u64 addr, unsigned int width, u64 *value, bool atomic)
{
	struct axvm_access access = {
		.vcpu = vcpu,
		.region = region->index,
		.width = width,
		.offset = region_offset(region, addr),
	};
	u32 start = axvm_arch_cycles();
	int result = region->ops->read(region->dev, &access);

	count_access(region, false, start, atomic);
	*value = access.data & axvm_width_mask[width];
	return result;
}

static __always_inline int region_write(const struct axvm_region *region, struct axvm_vcpu *vcpu,
					u64 addr, unsigned int width, u64 value,
					bool atomic)
{
	struct axvm_access access = {
		.vcpu = vcpu,
		.region = region->index,
		.width = width,
		.offset = region_offset(region, addr),
		.data = value & axvm_width_mask[width],
	};
	u32 start = axvm_arch_cycles();
	int result = region->ops->write(region->dev, &access);

	count_access(region, true, start, atomic);
	return result;
}

/* The exits that are accesses come in pairs, in the order of the address spaces. */
static_assert(AXVM_X_MMIO_READ == 2 * AXVM_BUS_MMIO);
static_assert(AXVM_X_IO_READ == 2 * AXVM_BUS_PORT);
static_assert(AXVM_X_SYSREG_WRITE == 2 * AXVM_BUS_SYSREG + 1);

/**
 * axvm_devices_handle_atomic() - any access, if its device never sleeps
 * @vcpu: the vCPU
 * @exit: the access; a read's result goes to @exit->data
 *
 * Context: interrupts off.
 * Return: as axvm_devices_handle_mmio_read(); AXVM_UNCLAIMED: nothing was done, ask again
 * where sleeping is allowed.
 */
static __always_inline int axvm_devices_handle_atomic(struct axvm_vcpu *vcpu,
						      struct axvm_exit *exit)
{
	enum axvm_bus bus = exit->type / 2;
	const struct axvm_region *region;
	int result;

	region = map_find(rcu_dereference_check(vcpu->vm->devices.map[bus], irqs_disabled()),
			  exit->addr, span(bus, exit->width));
	if (unlikely(!region || !READ_ONCE(region->atomic)))
		return axvm_devices_handle_doorbell(vcpu, exit);
	if (exit->type % 2)
		result = region_write(region, vcpu, exit->addr, exit->width, exit->data, true);
	else
		result = region_read(region, vcpu, exit->addr, exit->width, &exit->data, true);
	if (trace_axvm_device_enabled())
		axvm_region_trace(vcpu->vm, region, bus, exit->type % 2, exit->addr, exit->width,
				  exit->data, result);
	return result;
}

#endif /* AXVM_DEVICES_ACCESS_H */
