// SPDX-License-Identifier: GPL-2.0
/*
 * What the registry counted, in debugfs: three files in the VM's directory.
 *
 *	devices		a line a region: accesses and mean time
 *	latency		a line a region and power of two: how long accesses took
 *	interrupts	a line an interrupt of the host that was passed: which way it goes, and
 *			how often it came
 *
 * Times are in ticks of axvm_arch_cycles(): on x86 the TSC, on arm64 the counter.
 *
 * Locks: vm->lock while a file is read; so whoever removes the files must not hold it.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "../core/vm.h"

static const char *const bus_names[AXVM_NR_BUSES] = {
	[AXVM_BUS_MMIO] = "mmio",
	[AXVM_BUS_PORT] = "port",
	[AXVM_BUS_SYSREG] = "sysreg",
};

struct region_sum {
	u64 reads;
	u64 writes;
	u64 cycles;
	u64 latency[AXVM_LATENCY_BUCKETS];
};

/* Over all CPUs. They go on counting: the figures need not match to the last access. */
static void region_sum(const struct axvm_region *region, struct region_sum *sum)
{
	const struct axvm_region_stats *stats;
	unsigned int i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(region->stats, cpu);
		sum->reads += READ_ONCE(stats->reads);
		sum->writes += READ_ONCE(stats->writes);
		sum->cycles += READ_ONCE(stats->cycles);
		for (i = 0; i < AXVM_LATENCY_BUCKETS; i++)
			sum->latency[i] += READ_ONCE(stats->latency[i]);
	}
}

static void show_region(struct seq_file *file, const struct axvm_region *region)
{
	struct region_sum sum;
	u64 accesses;

	region_sum(region, &sum);
	accesses = sum.reads + sum.writes;
	seq_printf(file, "%-31s %-6s %#18llx %#18llx %12llu %12llu %12llu\n",
		   region->dev->config.name, bus_names[region->bus], region->base, region->last,
		   sum.reads, sum.writes, accesses ? div64_u64(sum.cycles, accesses) : 0);
}

static void show_latency(struct seq_file *file, const struct axvm_region *region)
{
	struct region_sum sum;
	unsigned int i;

	region_sum(region, &sum);
	for (i = 0; i < AXVM_LATENCY_BUCKETS; i++) {
		if (!sum.latency[i])
			continue;
		seq_printf(file, "%-31s %-6s %#18llx %20llu %12llu\n", region->dev->config.name,
			   bus_names[region->bus], region->base, GENMASK_ULL(i, 0),
			   sum.latency[i]);
	}
}

typedef void show_region_fn(struct seq_file *file, const struct axvm_region *region);

static void show_regions(struct axvm_vm *vm, struct seq_file *file, show_region_fn *show)
{
	struct axvm_device *dev;
	unsigned int i;

	list_for_each_entry(dev, &vm->devices.list, list)
		for (i = 0; i < dev->nr_regions; i++)
			show(file, dev->regions[i]);
}

static int devices_show(struct seq_file *file, void *unused)
{
	struct axvm_vm *vm = file->private;
	unsigned int bus;

	seq_printf(file, "%-31s %-6s %18s %18s %12s %12s %12s\n", "device", "bus", "first", "last",
		   "reads", "writes", "mean-cycles");
	mutex_lock(&vm->lock);
	show_regions(vm, file, show_region);
	mutex_unlock(&vm->lock);

	seq_puts(file, "\nopen bus (no device claimed the access):");
	for (bus = 0; bus < AXVM_NR_BUSES; bus++)
		seq_printf(file, " %s %llu", bus_names[bus], READ_ONCE(vm->devices.open_bus[bus]));
	seq_putc(file, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(devices);

static int latency_show(struct seq_file *file, void *unused)
{
	struct axvm_vm *vm = file->private;

	seq_printf(file, "%-31s %-6s %18s %20s %12s\n", "device", "bus", "first", "cycles-up-to",
		   "accesses");
	mutex_lock(&vm->lock);
	show_regions(vm, file, show_latency);
	mutex_unlock(&vm->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int interrupts_show(struct seq_file *file, void *unused)
{
	struct axvm_vm *vm = file->private;
	struct axvm_device *dev;

	seq_printf(file, "%-31s %5s %5s %-6s %12s\n", "device", "host", "line", "way",
		   "interrupts");
	mutex_lock(&vm->lock);
	list_for_each_entry(dev, &vm->devices.list, list)
		if (dev->type->ops->show_irq)
			dev->type->ops->show_irq(dev, file);
	mutex_unlock(&vm->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(interrupts);

/**
 * axvm_devices_debugfs() - make the registry's files
 * @vm: the VM, with its directory
 */
void axvm_devices_debugfs(struct axvm_vm *vm)
{
	debugfs_create_file("devices", 0400, vm->debugfs, vm, &devices_fops);
	debugfs_create_file("latency", 0400, vm->debugfs, vm, &latency_fops);
	debugfs_create_file("interrupts", 0400, vm->debugfs, vm, &interrupts_fops);
}
