// SPDX-License-Identifier: GPL-2.0
/*
 * A device that VFIO gives, on the guest's bus. What of its BARs the host lets us map becomes
 * memory slots where the guest puts them, so accesses there do not exit; the rest, and the
 * pages with the MSI-X table, come here and go to the device by its descriptor.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pci-vfio.h"

/* Room for a region's list of what can be mapped */
#define INFO_BYTES	1024

static struct pci_vfio *to_vfio(struct pci_device *dev)
{
	return (struct pci_vfio *)dev;
}

/* --- the guest's accesses --------------------------------------------------------------- */

/* What fails is an open bus */
static u64 read_at(struct pci_vfio *v, u64 offset, u32 width)
{
	u64 data = 0;

	if (pread(v->fd, &data, width, offset) != (ssize_t)width)
		return ~0ULL;
	return data;
}

static void write_at(struct pci_vfio *v, u64 offset, u32 width, u64 data)
{
	ssize_t n = pwrite(v->fd, &data, width, offset);

	(void)n;
}

static u32 config_read(struct pci_device *dev, u32 offset, u32 width)
{
	return read_at(to_vfio(dev), to_vfio(dev)->config + offset, width);
}

static void config_write(struct pci_device *dev, u32 offset, u32 width, u32 data)
{
	write_at(to_vfio(dev), to_vfio(dev)->config + offset, width, data);
}

static void config_written(struct pci_device *dev)
{
	pci_irq_update(to_vfio(dev));
}

static u64 bar_read(struct pci_device *dev, unsigned int bar, u64 offset, u32 width)
{
	struct pci_vfio *v = to_vfio(dev);

	if (pci_in_table(v, bar, offset, width))
		return pci_table_read(v, offset, width);
	return read_at(v, v->regions[bar].offset + offset, width);
}

static void bar_write(struct pci_device *dev, unsigned int bar, u64 offset, u32 width, u64 data)
{
	struct pci_vfio *v = to_vfio(dev);

	if (pci_in_table(v, bar, offset, width))
		pci_table_write(v, offset, width, data);
	else
		write_at(v, v->regions[bar].offset + offset, width, data);
}

/* --- BARs as memory slots ---------------------------------------------------------------- */

static int set_slot(struct pci_bus *bus, int slot, u64 gpa, const struct pci_area *area)
{
	struct axvm_memory arg = { .size = sizeof(arg), .slot = slot };

	if (area) {
		arg.flags = AXVM_MEM_NOEXEC;
		arg.gpa = gpa;
		arg.length = area->length;
		arg.hva = (uintptr_t)area->host;
	}
	return ioctl(bus->vm_fd, AXVM_VM_SET_MEMORY, &arg);
}

static int free_slot(const struct pci_bus *bus)
{
	u32 i;

	for (i = 0; i < bus->max_slots && i < 64; i++)
		if (!(bus->slots & BIT_ULL(i)))
			return i;
	return -1;
}

/* Without a slot its accesses exit, which is slow but right */
static void map_area(struct pci_vfio *v, u64 gpa, struct pci_area *area)
{
	int slot = free_slot(v->bus);

	if (slot < 0 || gpa % PAGE_BYTES || set_slot(v->bus, slot, gpa, area))
		return;
	v->bus->slots |= BIT_ULL(slot);
	area->slot = slot;
}

static void bar_on(struct pci_device *dev, unsigned int bar)
{
	struct pci_vfio *v = to_vfio(dev);
	struct pci_region *region = &v->regions[bar];
	unsigned int i;

	for (i = 0; i < region->nr_areas; i++)
		map_area(v, dev->bars[bar].at + region->areas[i].offset, &region->areas[i]);
}

static void bar_off(struct pci_device *dev, unsigned int bar)
{
	struct pci_vfio *v = to_vfio(dev);
	struct pci_region *region = &v->regions[bar];
	struct pci_area *area;
	unsigned int i;

	for (i = 0; i < region->nr_areas; i++) {
		area = &region->areas[i];
		if (area->slot < 0)
			continue;
		if (set_slot(v->bus, area->slot, 0, NULL))
			fail_errno(errno, "%s: cannot unmap BAR %u", dev->name, bar);
		v->bus->slots &= ~BIT_ULL(area->slot);
		area->slot = -1;
	}
}

static const struct pci_device_ops ops = {
	.config_read = config_read,
	.config_write = config_write,
	.config_written = config_written,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.bar_on = bar_on,
	.bar_off = bar_off,
};

/* --- opening: BARs -------------------------------------------------------------------------- */

/* From one that can be mapped; no more than there is room for */
static void add_area(struct pci_region *region, u64 start, u64 end)
{
	start = align_up(start, PAGE_BYTES);
	end = align_down(end, PAGE_BYTES);
	if (start < end && region->nr_areas < PCI_AREAS)
		region->areas[region->nr_areas++] = (struct pci_area){
			.offset = start, .length = end - start, .slot = -1,
		};
}

/* Without the pages of the MSI-X table, which the guest must not reach */
static void add_areas(const struct pci_vfio *v, unsigned int bar, struct pci_region *region,
		      u64 start, u64 end)
{
	u64 table = align_down(v->dev.table, PAGE_BYTES);
	u64 behind = align_up(v->dev.table + (u64)v->dev.nr_vectors * PCI_MSIX_ENTRY_SIZE,
			      PAGE_BYTES);

	if (!v->dev.msix || v->dev.table_bar != bar || behind <= start || table >= end) {
		add_area(region, start, end);
		return;
	}
	add_area(region, start, table);
	add_area(region, behind, end);
}

/* The list of what can be mapped, if there is one (VFIO_REGION_INFO_CAP_SPARSE_MMAP) */
static const struct vfio_region_info_cap_sparse_mmap *
sparse_list(const struct vfio_region_info *info)
{
	const struct vfio_info_cap_header *header;
	const struct vfio_region_info_cap_sparse_mmap *list;
	u32 at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	while (at && at + sizeof(*list) <= INFO_BYTES) {
		header = (const void *)((const u8 *)info + at);
		list = (const void *)header;
		if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return list->nr_areas <= (INFO_BYTES - at - sizeof(*list)) /
						 sizeof(list->areas[0]) ? list : NULL;
		at = header->next > at ? header->next : 0;
	}
	return NULL;
}

static void find_areas(struct pci_vfio *v, unsigned int bar, const struct vfio_region_info *info)
{
	const u32 need = VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_WRITE;
	const struct vfio_region_info_cap_sparse_mmap *list = sparse_list(info);
	struct pci_region *region = &v->regions[bar];
	u32 i;

	if ((info->flags & need) != need)
		return;
	if (!list)
		add_areas(v, bar, region, 0, info->size);
	for (i = 0; list && i < list->nr_areas; i++)
		add_areas(v, bar, region, list->areas[i].offset,
			  list->areas[i].offset + list->areas[i].size);
}

static void map_areas(struct pci_vfio *v, struct pci_region *region)
{
	struct pci_area *area;
	unsigned int i;
	void *host;

	for (i = 0; i < region->nr_areas; i++) {
		area = &region->areas[i];
		host = mmap(NULL, area->length, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd,
			    region->offset + area->offset);
		if (host == MAP_FAILED) {
			region->nr_areas = i;
			return;
		}
		area->host = host;
	}
}

static int region_info(const struct pci_vfio *v, u32 index, struct vfio_region_info *info)
{
	memset(info, 0, INFO_BYTES);
	info->argsz = INFO_BYTES;
	info->index = index;
	if (ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, info))
		return fail_errno(errno, "%s: cannot ask for its region %u", v->dev.name, index);
	return 0;
}

/* --- opening: the rest ------------------------------------------------------------------------ */

static int look_at_device(struct pci_vfio *v, struct vfio_region_info *info)
{
	struct vfio_device_info device = { .argsz = sizeof(device) };
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_PCI_INTX_IRQ_INDEX };

	if (ioctl(v->fd, VFIO_DEVICE_GET_INFO, &device))
		return fail_errno(errno, "%s: cannot ask what it is", v->dev.name);
	if (!(device.flags & VFIO_DEVICE_FLAGS_PCI) ||
	    device.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return fail("%s: VFIO does not give it as a PCI device", v->dev.name);
	v->can_reset = device.flags & VFIO_DEVICE_FLAGS_RESET;
	if (!ioctl(v->fd, VFIO_DEVICE_GET_IRQ_INFO, &irq))
		v->has_intx = irq.count;
	if (region_info(v, VFIO_PCI_CONFIG_REGION_INDEX, info))
		return -1;
	v->config = info->offset;
	return info->size < PCI_CONFIG_BYTES ?
	       fail("%s: its configuration space is too small", v->dev.name) : 0;
}

static int look_at_bars(struct pci_vfio *v, struct vfio_region_info *info)
{
	unsigned int i;

	for (i = 0; i < PCI_BARS; i++) {
		if (region_info(v, VFIO_PCI_BAR0_REGION_INDEX + i, info))
			return -1;
		v->regions[i].offset = info->offset;
		v->dev.bars[i].size = info->size;
	}
	if (pci_config_init(&v->dev, v->has_intx))
		return -1;
	for (i = 0; i < PCI_BARS; i++) {
		if (!v->dev.bars[i].size)
			continue;
		if (region_info(v, VFIO_PCI_BAR0_REGION_INDEX + i, info))
			return -1;
		find_areas(v, i, info);
		map_areas(v, &v->regions[i]);
	}
	return 0;
}

static int look(struct pci_vfio *v)
{
	struct vfio_region_info *info = malloc(INFO_BYTES);
	int ret = -1;

	if (!info)
		return fail("no memory");
	if (!look_at_device(v, info) && !look_at_bars(v, info))
		ret = 0;
	free(info);
	return ret;
}

/**
 * pci_vfio_open() - take a device and put it on the bus
 * @bus: the bus, with fewer than CONFIG_MAX_VFIO
 * @which: the device
 *
 * Return: the device, or NULL with a message.
 */
struct pci_vfio *pci_vfio_open(struct pci_bus *bus, const struct vfio_config *which)
{
	struct pci_vfio *v = calloc(1, sizeof(*v));

	if (!v) {
		fail("no memory");
		return NULL;
	}
	v->bus = bus;
	v->which = which;
	v->number = bus->nr_devices;
	v->irq = bus->host.layout.irq + v->number;
	v->dev.ops = &ops;
	v->dev.name = which->address;
	pci_irq_init(v);
	v->fd = vfio_open_device(&bus->vfio, which);
	if (v->fd < 0 || look(v)) {
		pci_vfio_close(v);
		return NULL;
	}
	bus->devices[bus->nr_devices++] = v;
	pci_host_add(&bus->host, &v->dev);
	return v;
}

/**
 * pci_vfio_close() - give a device back
 * @v: the device, reset, or not opened whole
 */
void pci_vfio_close(struct pci_vfio *v)
{
	unsigned int i, j;

	for (i = 0; i < PCI_BARS; i++)
		for (j = 0; j < v->regions[i].nr_areas; j++)
			if (v->regions[i].areas[j].host)
				munmap(v->regions[i].areas[j].host, v->regions[i].areas[j].length);
	if (v->fd >= 0)
		close(v->fd);
	free(v);
}

/**
 * pci_vfio_reset() - a device as at power-on, its interrupts not connected
 * @v: the device; the bus does not run
 *
 * One that cannot be reset at least does no DMA any more.
 */
void pci_vfio_reset(struct pci_vfio *v)
{
	pci_irq_reset(v);
	pci_config_reset(&v->dev);
	if (v->can_reset && ioctl(v->fd, VFIO_DEVICE_RESET))
		note("%s: it was not reset: %s", v->dev.name, strerror(errno));
}
