// SPDX-License-Identifier: GPL-2.0
/*
 * Where everything is in a guest's address space: RAM made of the regions of a
 * configuration file, and the check that no two things are at one place.
 *
 * Regions of type MAP_ALLOC lie where they say. Those of type MAP_IDENTICAL give way to
 * them: in AxVisor their address is whatever memory was free, so files have both at
 * address 0. MAP_RESERVED takes its place, and is no memory of the launcher's.
 */
#include <stdlib.h>
#include <string.h>

#include "arch.h"

#define ADDRESS_LIMIT	(1ULL << 48)
#define PORT_LIMIT	0x10000ULL

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* --- RAM --------------------------------------------------------------------------- */

static u32 slot_flags(u32 flags)
{
	return (flags & REGION_WRITE ? 0 : AXVM_MEM_READONLY) |
	       (flags & REGION_EXEC ? 0 : AXVM_MEM_NOEXEC);
}

static int check_region(const struct vm_config *config, const struct region_config *region)
{
	const struct region_config *other;

	if (!region->size)
		return config_fail(config, region->line, "memory_regions: a region of 0 bytes");
	if (region->gpa % PAGE_BYTES || region->size % PAGE_BYTES)
		return config_fail(config, region->line,
				   "memory_regions: not a multiple of a page of %llu bytes",
				   PAGE_BYTES);
	if (region->gpa >= ADDRESS_LIMIT || region->size > ADDRESS_LIMIT - region->gpa)
		return config_fail(config, region->line,
				   "memory_regions: it ends behind the last address");
	for (other = config->regions; other < region; other++) {
		if (other->map_type != region->map_type && other->map_type != MAP_RESERVED &&
		    region->map_type != MAP_RESERVED)
			continue;
		if (overlap(other->gpa, other->size, region->gpa, region->size))
			return config_fail(config, region->line,
					   "memory_regions: it overlaps that of line %u",
					   other->line);
	}
	return 0;
}

static int add_ram(struct vm_config *config, u64 gpa, u64 end, const struct region_config *region)
{
	if (gpa == end)
		return 0;
	if (config->nr_ram == CONFIG_MAX_RAM)
		return config_fail(config, region->line, "memory_regions: too many pieces");
	config->ram[config->nr_ram++] = (struct ram_config){
		.gpa = gpa,
		.size = end - gpa,
		.flags = slot_flags(region->flags),
		.line = region->line,
	};
	return 0;
}

/* The region of type MAP_ALLOC that is next from an address on, or NULL */
static const struct region_config *next_alloc(const struct vm_config *config, u64 gpa, u64 end)
{
	const struct region_config *region, *found = NULL;
	unsigned int i;

	for (i = 0; i < config->nr_regions; i++) {
		region = &config->regions[i];
		if (region->map_type != MAP_ALLOC || region->gpa >= end ||
		    region->gpa + region->size <= gpa)
			continue;
		if (!found || region->gpa < found->gpa)
			found = region;
	}
	return found;
}

/* What others leave of it */
static int add_identical(struct vm_config *config, const struct region_config *region)
{
	u64 gpa = region->gpa, end = gpa + region->size;
	const struct region_config *alloc;

	while (gpa < end) {
		alloc = next_alloc(config, gpa, end);
		if (!alloc)
			return add_ram(config, gpa, end, region);
		if (alloc->gpa > gpa && add_ram(config, gpa, alloc->gpa, region))
			return -1;
		gpa = alloc->gpa + alloc->size;
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct ram_config *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* Neighbours with the same flags are one: an image may lie across them */
static void join_ram(struct vm_config *config)
{
	struct ram_config *ram = config->ram;
	unsigned int i, n = 0;

	qsort(ram, config->nr_ram, sizeof(*ram), by_address);
	for (i = 1; i < config->nr_ram; i++) {
		if (ram[n].gpa + ram[n].size == ram[i].gpa && ram[n].flags == ram[i].flags)
			ram[n].size += ram[i].size;
		else
			ram[++n] = ram[i];
	}
	if (config->nr_ram)
		config->nr_ram = n + 1;
}

static int make_ram(struct vm_config *config)
{
	const struct region_config *region;
	unsigned int i;
	int ret = 0;

	config->nr_ram = 0;
	for (i = 0; i < config->nr_regions; i++) {
		region = &config->regions[i];
		if (check_region(config, region))
			return -1;
	}
	for (i = 0; i < config->nr_regions && !ret; i++) {
		region = &config->regions[i];
		if (region->map_type == MAP_ALLOC)
			ret = add_ram(config, region->gpa, region->gpa + region->size, region);
		else if (region->map_type == MAP_IDENTICAL)
			ret = add_identical(config, region);
	}
	if (ret)
		return -1;
	join_ram(config);
	config->memory = 0;
	for (i = 0; i < config->nr_ram; i++)
		config->memory += config->ram[i].size;
	config->memory_line = config->regions[0].line;
	return 0;
}

/**
 * config_map_memory() - let a VM's memory appear where its configuration says
 * @config: a checked configuration
 * @memory: the memory
 */
void config_map_memory(const struct vm_config *config, struct guest_memory *memory)
{
	unsigned int i;

	if (!config->nr_ram) {
		arch_map_memory(memory);
		return;
	}
	for (i = 0; i < config->nr_ram; i++)
		memory_add_region(memory, config->ram[i].gpa, config->ram[i].size,
				  config->ram[i].flags);
}

/* --- devices ------------------------------------------------------------------------ */

/**
 * struct place - a range that somebody has
 * @range: the range
 * @name: whose it is
 * @line: in the configuration file
 */
struct place {
	struct device_range range;
	const char *name;
	u32 line;
};

struct places {
	unsigned int count;
	struct place list[CONFIG_MAX_DEVICES * ARCH_DEVICE_RANGES + CONFIG_MAX_RAM + 2];
};

static int add_place(const struct vm_config *config, struct places *places,
		     const struct device_range *range, const char *name, u32 line)
{
	u64 limit = range->ports ? PORT_LIMIT : ADDRESS_LIMIT;
	const struct place *other;

	if (!range->length)
		return config_fail(config, line, "%s: it has no length", name);
	if (range->base >= limit || range->length > limit - range->base)
		return config_fail(config, line, "%s: it ends behind the last %s", name,
				   range->ports ? "port" : "address");
	for (other = places->list; other < places->list + places->count; other++)
		if (other->range.ports == range->ports &&
		    overlap(other->range.base, other->range.length, range->base, range->length))
			return config_fail(config, line ? line : other->line,
					   "%s overlaps %s at %#llx", name, other->name,
					   other->range.base > range->base ? other->range.base :
					   range->base);
	places->list[places->count++] = (struct place){ *range, name, line };
	return 0;
}

static int add_memory(const struct vm_config *config, struct places *places)
{
	struct guest_memory memory = { .size = config->memory };
	struct device_range range = { .ports = false };
	unsigned int i;

	config_map_memory(config, &memory);
	for (i = 0; i < memory.nr_regions; i++) {
		range.base = memory.regions[i].gpa;
		range.length = memory.regions[i].size;
		if (range.length && add_place(config, places, &range, "memory",
					      config->nr_ram ? config->ram[i].line : 0))
			return -1;
	}
	for (i = 0; i < config->nr_regions; i++) {
		if (config->regions[i].map_type != MAP_RESERVED)
			continue;
		range.base = config->regions[i].gpa;
		range.length = config->regions[i].size;
		if (add_place(config, places, &range, "reserved memory", config->regions[i].line))
			return -1;
	}
	return 0;
}

static int check_irq(const struct vm_config *config, unsigned int i)
{
	const struct device_config *device = &config->emu_devices[i];
	unsigned int j;

	if (!device->irq)
		return 0;
	if (device->line && !arch_irq_valid(device->irq))
		return config_fail(config, device->line, "%s: there is no interrupt %u",
				   device->name, device->irq);
	for (j = 0; j < i; j++)
		if (config->emu_devices[j].irq == device->irq)
			return config_fail(config, device->line ? device->line :
					   config->emu_devices[j].line,
					   "%s and %s have the same interrupt %u",
					   config->emu_devices[j].name, device->name, device->irq);
	return 0;
}

static int add_devices(const struct vm_config *config, struct places *places)
{
	struct device_range ranges[ARCH_DEVICE_RANGES];
	const struct device_config *device;
	unsigned int i, j, n;

	for (i = 0; i < config->nr_emu_devices; i++) {
		device = &config->emu_devices[i];
		n = arch_device_ranges(config, device, ranges);
		if (device->line && n == 1 && device->length &&
		    device->length != ranges[0].length)
			return config_fail(config, device->line, "%s: its length is %#llx",
					   device->name, ranges[0].length);
		for (j = 0; j < n; j++)
			if (add_place(config, places, &ranges[j], device->name, device->line))
				return -1;
		if (check_irq(config, i))
			return -1;
	}
	return 0;
}

static int add_pci(const struct vm_config *config, struct places *places)
{
	const struct device_range ecam = { false, arch_pci.ecam, arch_pci.ecam_size };
	const struct device_range window = { false, arch_pci.window, arch_pci.window_size };
	u32 line = config->vfio[0].line;

	if (!config->nr_vfio)
		return 0;
	return add_place(config, places, &ecam, "the PCI bus", line) ||
	       add_place(config, places, &window, "the PCI bus", line);
}

/* The bus does not give way to hardware, as the machine's own devices do. */
static bool meets_pci(const struct vm_config *config, const struct passthrough_config *p)
{
	return config->nr_vfio && !p->ports &&
	       (overlap(arch_pci.ecam, arch_pci.ecam_size, p->gpa, p->length) ||
		overlap(arch_pci.window, arch_pci.window_size, p->gpa, p->length));
}

/*
 * Hardware may take the place of a device that the file does not name: then it is the
 * launcher's own. Ranges of hardware may lie in each other, if they agree.
 */
static int check_passthrough(const struct vm_config *config, const struct places *places,
			     unsigned int i)
{
	const struct passthrough_config *p = &config->passthrough[i], *other;
	bool ports = p->ports;
	struct places scratch = { .count = 0 };
	const struct place *place;
	struct device_range range = { ports, p->gpa, p->length };
	const char *name = p->name ? p->name : ports ? "passthrough_ports" :
			   "passthrough_addresses";

	if (!config_gives_range(p))
		return 0;
	if (add_place(config, &scratch, &range, name, p->line))
		return -1;
	if (p->kind == PASSTHROUGH_HOST && p->irq && !arch_irq_valid(p->irq))
		return config_fail(config, p->line, "%s: there is no interrupt %u", name, p->irq);
	range.base = p->hpa;
	scratch.count = 0;
	if (add_place(config, &scratch, &range, name, p->line))
		return -1;
	for (place = places->list; place < places->list + places->count; place++)
		if (place->line && place->range.ports == ports &&
		    overlap(place->range.base, place->range.length, p->gpa, p->length))
			return config_fail(config, p->line, "%s overlaps %s (line %u)", name,
					   place->name, place->line);
	if (meets_pci(config, p))
		return config_fail(config, p->line, "%s overlaps the PCI bus", name);
	for (other = config->passthrough; other < p; other++) {
		if (other->ports == ports && other->length &&
		    overlap(other->gpa, other->length, p->gpa, p->length) &&
		    other->gpa - other->hpa != p->gpa - p->hpa)
			return config_fail(config, p->line,
					   "%s overlaps that of line %u, with another host address",
					   name, other->line);
	}
	return 0;
}

static bool controls_interrupts(const struct device_config *device)
{
	return device->type == AXVM_DEV_LAPIC || device->type == AXVM_DEV_PIC ||
	       device->type == AXVM_DEV_IOAPIC || device->type == AXVM_DEV_GICV3;
}

static bool in_the_way(const struct vm_config *config, const struct device_config *device,
		       const struct passthrough_config *p)
{
	struct device_range ranges[ARCH_DEVICE_RANGES];
	unsigned int i, n = arch_device_ranges(config, device, ranges);

	for (i = 0; i < n; i++)
		if (ranges[i].ports == p->ports &&
		    overlap(ranges[i].base, ranges[i].length, p->gpa, p->length))
			return true;
	return false;
}

/**
 * config_meets() - does hardware lie where the machine has a device of its own?
 * @config: a configuration
 * @p: the hardware
 * @controller: whether interrupt controllers are meant, or all others
 *
 * Return: that device, or NULL.
 */
struct device_config *config_meets(struct vm_config *config, const struct passthrough_config *p,
				   bool controller)
{
	struct device_config *device = config->emu_devices;
	unsigned int i;

	for (i = 0; config_gives_range(p) && i < config->nr_emu_devices; i++, device++)
		if (!device->line && controls_interrupts(device) == controller &&
		    in_the_way(config, device, p))
			return device;
	return NULL;
}

/* The machine's own devices go where hardware comes, but for its interrupt controllers. */
static void give_way(struct vm_config *config)
{
	struct device_config *device;
	unsigned int i;

	for (i = 0; i < config->nr_passthrough; i++)
		while ((device = config_meets(config, &config->passthrough[i], false)))
			config_remove_device(config, device);
}

/**
 * config_lay_out() - make RAM of the regions, and check that all has a place of its own
 * @config: the configuration
 *
 * Return: 0, or -1 with a message.
 */
int config_lay_out(struct vm_config *config)
{
	static struct places places;
	unsigned int i;

	places.count = 0;
	if (config->nr_regions && make_ram(config))
		return -1;
	/* What is wrong with the size, config_check() says better */
	if (config->memory > ARCH_MAX_MEMORY || config->memory < ARCH_MIN_MEMORY)
		return 0;
	if (add_memory(config, &places) || add_devices(config, &places) ||
	    add_pci(config, &places))
		return -1;
	for (i = 0; i < config->nr_passthrough; i++)
		if (check_passthrough(config, &places, i))
			return -1;
	give_way(config);
	return 0;
}
