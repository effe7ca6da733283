// SPDX-License-Identifier: GPL-2.0
/*
 * The container: groups, the guest's memory as devices see it, and calls on devices. All ends
 * with its descriptors, whoever closes them: VFIO resets the devices, and unpins the memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pci.h"
#include "vfio.h"

#define CONTAINER	"/dev/vfio/vfio"

/**
 * vfio_open() - an empty container
 * @vfio: filled in
 * @config: the VM's description; must stay
 *
 * Return: 0, or -1 with a message; vfio_close() is due either way.
 */
int vfio_open(struct vfio *vfio, const struct vm_config *config)
{
	vfio->config = config;
	vfio->nr_groups = 0;
	vfio->mapped = 0;
	vfio->fd = open(CONTAINER, O_RDWR | O_CLOEXEC);
	if (vfio->fd < 0 && errno == ENOENT)
		return config_fail(config, config->vfio[0].line,
				   "%s: no such file: this host's kernel has no VFIO, or its modules are not loaded",
				   CONTAINER);
	if (vfio->fd < 0)
		return config_fail(config, config->vfio[0].line, "%s: %s", CONTAINER,
				   strerror(errno));
	if (ioctl(vfio->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    !ioctl(vfio->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		return config_fail(config, config->vfio[0].line,
				   "%s: this kernel's VFIO has no IOMMU of type 1", CONTAINER);
	return 0;
}

/**
 * vfio_close() - give all back; devices were closed before
 * @vfio: opened, or failed to open
 */
void vfio_close(struct vfio *vfio)
{
	while (vfio->nr_groups)
		close(vfio->groups[--vfio->nr_groups].fd);
	if (vfio->fd >= 0)
		close(vfio->fd);
	vfio->fd = -1;
}

/* --- devices ------------------------------------------------------------------------- */

static int open_group(struct vfio *vfio, const struct vfio_config *which, unsigned int number)
{
	const struct vm_config *config = vfio->config;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/vfio/%u", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == EBUSY)
		return config_fail(config, which->line,
				   "%s: another virtual machine or process has it (%s is open)",
				   which->address, path);
	return config_fail(config, which->line, "%s: %s: %s", which->address, path,
			   strerror(errno));
}

static int join(struct vfio *vfio, const struct vfio_config *which, unsigned int number, int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status))
		return fail_errno(errno, "%s: cannot ask for its group", which->address);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return vfio_not_viable(vfio->config, which, number);
	if (ioctl(fd, VFIO_GROUP_SET_CONTAINER, &vfio->fd))
		return fail_errno(errno, "%s: cannot use its group", which->address);
	/* The container's type is set with its first group. */
	if (!vfio->nr_groups && ioctl(vfio->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return fail_errno(errno,
				  "%s: cannot use the IOMMU that is in front of it (the kernel's log may say why)",
				  which->address);
	return 0;
}

/* The descriptor of a group that is in the container; -1: with a message */
static int get_group(struct vfio *vfio, const struct vfio_config *which)
{
	unsigned int number, i;
	int fd;

	if (vfio_find_group(vfio->config, which, &number))
		return -1;
	for (i = 0; i < vfio->nr_groups; i++)
		if (vfio->groups[i].number == number)
			return vfio->groups[i].fd;
	fd = open_group(vfio, which, number);
	if (fd < 0)
		return -1;
	if (join(vfio, which, number, fd)) {
		close(fd);
		return -1;
	}
	vfio->groups[vfio->nr_groups++] = (struct vfio_group){ number, fd };
	return fd;
}

/**
 * vfio_open_device() - take a device
 * @vfio: the container
 * @which: the device
 *
 * Return: its descriptor, or -1 with a message.
 */
int vfio_open_device(struct vfio *vfio, const struct vfio_config *which)
{
	int group = get_group(vfio, which), fd;

	if (group < 0)
		return -1;
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, which->address);
	if (fd < 0)
		return fail_errno(errno, "%s: VFIO does not give it", which->address);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/**
 * vfio_set_irqs() - say where interrupts of a device go
 * @device: its descriptor
 * @index: VFIO_PCI_*_IRQ_INDEX
 * @action: VFIO_IRQ_SET_ACTION_*
 * @fds: an eventfd for each, from the first on; NULL: none of this index
 * @count: how many, up to PCI_VECTORS; 0 with @fds NULL
 *
 * Return: 0, a number of interrupts if the host has no more, or -1 with errno.
 */
int vfio_set_irqs(int device, u32 index, u32 action, const int *fds, u32 count)
{
	struct {
		struct vfio_irq_set set;
		int fds[PCI_VECTORS];
	} arg = {
		.set = {
			.argsz = sizeof(arg.set) + count * sizeof(*fds),
			.flags = action | (fds ? VFIO_IRQ_SET_DATA_EVENTFD :
					   VFIO_IRQ_SET_DATA_NONE),
			.index = index,
			.count = count,
		},
	};

	if (fds)
		memcpy(arg.fds, fds, count * sizeof(*fds));
	return ioctl(device, VFIO_DEVICE_SET_IRQS, &arg);
}

/* --- memory -------------------------------------------------------------------------- */

static int map_failed(const struct memory_region *region, int error)
{
	char text[32], allowed[32];
	struct rlimit limit;

	size_text(region->size, text, sizeof(text));
	if (error != ENOMEM || getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return fail_errno(error, "cannot give devices the guest's %s of memory at %#llx",
				  text, region->gpa);
	return fail("cannot pin the guest's %s of memory for DMA: RLIMIT_MEMLOCK (ulimit -l) is %s",
		    text, size_text(limit.rlim_cur, allowed, sizeof(allowed)));
}

/**
 * vfio_map() - let the devices reach the guest's memory
 * @vfio: the container, with a group in it
 * @memory: the memory, which is pinned from now on
 *
 * Return: 0, or -1 with a message.
 */
int vfio_map(struct vfio *vfio, const struct guest_memory *memory)
{
	const struct memory_region *region;

	for (vfio->mapped = 0; vfio->mapped < memory->nr_regions; vfio->mapped++) {
		struct vfio_iommu_type1_dma_map map = {
			.argsz = sizeof(map),
			.flags = VFIO_DMA_MAP_FLAG_READ,
		};

		region = &memory->regions[vfio->mapped];
		if (!(region->flags & AXVM_MEM_READONLY))
			map.flags |= VFIO_DMA_MAP_FLAG_WRITE;
		map.vaddr = (uintptr_t)(memory->host + region->offset);
		map.iova = region->gpa;
		map.size = region->size;
		if (ioctl(vfio->fd, VFIO_IOMMU_MAP_DMA, &map))
			return map_failed(region, errno);
	}
	return 0;
}

/**
 * vfio_unmap() - no device reaches it any more, and it is not pinned
 * @vfio: the container
 * @memory: what was mapped
 */
void vfio_unmap(struct vfio *vfio, const struct guest_memory *memory)
{
	const struct memory_region *region;

	while (vfio->mapped) {
		struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap) };

		region = &memory->regions[--vfio->mapped];
		unmap.iova = region->gpa;
		unmap.size = region->size;
		if (ioctl(vfio->fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
			fail_errno(errno, "cannot take the guest's memory from devices");
	}
}
