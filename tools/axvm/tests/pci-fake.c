// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO and a VM inside the test program, which is linked with open(), ioctl(), pread(), pwrite()
 * and vfio_find_group() wrapped (ld --wrap). A device is a memfd: its BARs, one behind the
 * other, then its configuration space. What the launcher must never do is a failed check:
 * touch a device outside of its regions or in its MSI-X table, map memory that is not a BAR's, or
 * put it outside of the bus's window.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "pci-fake.h"

#define CONFIG_OFFSET	(PCI_BARS * FAKE_REGION)
#define SETSPI		0x40		/* GICD_SETSPI_NSR (ARM IHI 0069, 12.9.36) */

struct fake_host fake;

static struct fake_device *device_of(int fd)
{
	unsigned int i;

	for (i = 0; i < FAKE_DEVICES; i++)
		if (fake.devices[i].fd >= 0 && fake.devices[i].fd == fd)
			return &fake.devices[i];
	return NULL;
}

/**
 * fake_power_on() - a host with devices that nobody has
 */
void fake_power_on(void)
{
	unsigned int i;

	memset(&fake, 0, sizeof(fake));
	for (i = 0; i < FAKE_DEVICES; i++) {
		fake.devices[i].fd = -1;
		fake.devices[i].irqs = -1;
	}
}

/**
 * fake_nr_slots() - how many memory slots the VM has
 *
 * Return: their number.
 */
unsigned int fake_nr_slots(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < FAKE_SLOTS; i++)
		n += !!fake.slots[i].length;
	return n;
}

/**
 * fake_nr_irqfds() - how many irqfds the VM has
 *
 * Return: their number.
 */
unsigned int fake_nr_irqfds(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(fake.irqfds); i++)
		n += !!fake.irqfds[i].fd;
	return n;
}

/* --- the VM ----------------------------------------------------------------------- */

static bool is_mapped(u64 hva, u64 length)
{
	u64 start = align_down(hva, PAGE_BYTES);

	return !msync((void *)(uintptr_t)start, hva + length - start, MS_ASYNC);
}

static int set_memory(const struct axvm_memory *arg)
{
	struct fake_slot *slot = &fake.slots[arg->slot];
	unsigned int i;

	if (arg->slot >= FAKE_SLOTS) {
		CHECK(arg->slot < FAKE_SLOTS);
		return -1;
	}
	if (!arg->length) {
		CHECK(slot->length);
		slot->length = 0;
		return 0;
	}
	CHECK(!slot->length);
	CHECK(!((arg->gpa | arg->length | arg->hva) % PAGE_BYTES));
	CHECK(arg->gpa >= arch_pci.window &&
	      arg->gpa + arg->length <= arch_pci.window + arch_pci.window_size);
	CHECK(is_mapped(arg->hva, arg->length));
	for (i = 0; i < FAKE_SLOTS; i++)
		CHECK(!fake.slots[i].length ||
		      arg->gpa >= fake.slots[i].gpa + fake.slots[i].length ||
		      fake.slots[i].gpa >= arg->gpa + arg->length);
	*slot = (struct fake_slot){ arg->gpa, arg->length };
	return 0;
}

static int set_irqfd(const struct axvm_irqfd *arg)
{
	bool gone = arg->flags & AXVM_IRQFD_DEASSIGN;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fake.irqfds); i++) {
		if (fake.irqfds[i].fd != (gone ? arg->fd : 0) || (gone && !arg->fd))
			continue;
		CHECK(!gone || fake.irqfds[i].gsi == arg->gsi);
		fake.irqfds[i] = (struct fake_irqfd){ gone ? 0 : arg->fd, arg->gsi };
		return 0;
	}
	CHECK(gone);
	errno = ENOENT;
	return -1;
}

/* As core/route.c and arm64_gic_msi() have it */
static int set_routes(const struct axvm_routes *arg)
{
	const struct axvm_route *routes = (const void *)(uintptr_t)arg->routes;
	u32 i;

	if (arg->nr > ARRAY_SIZE(fake.routes)) {
		CHECK(arg->nr <= ARRAY_SIZE(fake.routes));
		return -1;
	}
	for (i = 0; i < arg->nr; i++) {
		CHECK(routes[i].gsi >= 1020 && routes[i].gsi < 4096);
		if (routes[i].address == FAKE_GICD + SETSPI && routes[i].data >= 32 &&
		    routes[i].data < 1020)
			continue;
		errno = EINVAL;
		return -1;
	}
	memcpy(fake.routes, routes, arg->nr * sizeof(*routes));
	fake.nr_routes = arg->nr;
	return 0;
}

static int vm_call(unsigned long request, const void *arg)
{
	switch (request) {
	case AXVM_VM_SET_MEMORY:
		return set_memory(arg);
	case AXVM_VM_IRQFD:
		return set_irqfd(arg);
	case AXVM_VM_SET_ROUTES:
		return set_routes(arg);
	}
	CHECK(!request);
	return -1;
}

/* --- VFIO ------------------------------------------------------------------------- */

static int region_info(const struct fake_device *device, struct vfio_region_info *info)
{
	info->offset = info->index * FAKE_REGION;
	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->offset = CONFIG_OFFSET;
		info->size = 4096;
		return 0;
	}
	CHECK(info->index < PCI_BARS);
	info->size = device->sizes[info->index];
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!(device->unmapped & BIT(info->index)) && info->size >= PAGE_BYTES)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return 0;
}

static int set_irqs(struct fake_device *device, const struct vfio_irq_set *set)
{
	u32 action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	if (action == VFIO_IRQ_SET_ACTION_UNMASK) {
		CHECK(device->irqs == VFIO_PCI_INTX_IRQ_INDEX);
		return 0;
	}
	if (!set->count) {
		CHECK(device->irqs == (int)set->index);
		device->irqs = -1;
		return 0;
	}
	/* One kind at a time */
	CHECK(device->irqs == -1);
	CHECK(set->argsz == sizeof(*set) + set->count * sizeof(int));
	device->irqs = set->index;
	device->vectors = set->count;
	return 0;
}

static int device_call(struct fake_device *device, unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;
	struct vfio_irq_info *irq = arg;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(device, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		irq->count = device->has_intx;
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(device, arg);
	case VFIO_DEVICE_RESET:
		/* Nothing of the guest's is reached then */
		CHECK(!fake_nr_irqfds() || device->irqs == -1);
		device->resets++;
		return 0;
	}
	CHECK(!request);
	return -1;
}

static int open_device(unsigned int n)
{
	struct fake_device *device = &fake.devices[n];

	device->fd = memfd_create("device", MFD_CLOEXEC);
	if (ftruncate(device->fd, CONFIG_OFFSET + 4096) ||
	    __real_pwrite(device->fd, device->config, PCI_CONFIG_BYTES, CONFIG_OFFSET) !=
	    PCI_CONFIG_BYTES)
		abort();
	return device->fd;
}

static int vfio_call(int fd, unsigned long request, void *arg)
{
	struct vfio_iommu_type1_dma_unmap *unmap = arg;
	struct vfio_iommu_type1_dma_map *map = arg;
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return 1;
	case VFIO_GROUP_GET_STATUS:
		status->flags = VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
	case VFIO_SET_IOMMU:
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return open_device(((const char *)arg)[9] - '1');
	case VFIO_IOMMU_MAP_DMA:
		if (fake.fail_map) {
			errno = ENOMEM;
			return -1;
		}
		CHECK(is_mapped(map->vaddr, map->size));
		fake.pinned += map->size;
		return 0;
	case VFIO_IOMMU_UNMAP_DMA:
		fake.pinned -= unmap->size;
		return 0;
	}
	check_that(false, "unknown call %#lx on %d", request, fd);
	return -1;
}

/* --- the C library's -------------------------------------------------------------- */

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	if (!strncmp(path, "/dev/vfio/", 10))
		return memfd_create("vfio", MFD_CLOEXEC);
	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	return __real_open(path, flags, mode);
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct fake_device *device = device_of(fd);

	if (_IOC_TYPE(request) == AXVM_IOC)
		return vm_call(request, arg);
	if (_IOC_TYPE(request) != VFIO_TYPE)
		return __real_ioctl(fd, request, arg);
	return device ? device_call(device, request, arg) : vfio_call(fd, request, arg);
}

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* An access of a device lies in one of its regions, and not in the MSI-X table */
static void check_access(const struct fake_device *device, size_t count, u64 offset)
{
	u64 bar = offset / FAKE_REGION, at = offset % FAKE_REGION;

	CHECK(count == 1 || count == 2 || count == 4 || count == 8);
	if (offset >= CONFIG_OFFSET) {
		CHECK(offset + count <= CONFIG_OFFSET + PCI_CONFIG_BYTES);
		return;
	}
	check_that(at + count <= device->sizes[bar], "%zu bytes at %#llx of BAR %llu", count, at,
		   bar);
	if (bar == device->table_bar && device->table_size)
		CHECK(!overlap(at, count, device->table, device->table_size));
}

ssize_t __wrap_pread(int fd, void *buf, size_t count, off_t offset)
{
	struct fake_device *device = device_of(fd);

	if (device)
		check_access(device, count, offset);
	return __real_pread(fd, buf, count, offset);
}

/* The host takes BARs away that are not decoded: no slot may be there then. */
static void check_command(u32 offset, u32 command)
{
	bool alone = fake.devices[0].fd < 0 || fake.devices[1].fd < 0;

	if (offset == PCI_COMMAND && !(command & PCI_COMMAND_MEMORY) && alone)
		CHECK(!fake_nr_slots());
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t count, off_t offset)
{
	struct fake_device *device = device_of(fd);

	if (device) {
		check_access(device, count, offset);
		if (offset >= (off_t)CONFIG_OFFSET) {
			device->written = offset - CONFIG_OFFSET;
			device->written_width = count;
			device->written_data = 0;
			memcpy(&device->written_data, buf, count);
			check_command(device->written, device->written_data);
		}
	}
	return __real_pwrite(fd, buf, count, offset);
}

int __wrap_vfio_find_group(const struct vm_config *config, const struct vfio_config *which,
			   unsigned int *number)
{
	(void)config;
	*number = which->address[9] - '0';
	return 0;
}
