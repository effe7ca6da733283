/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO (<linux/vfio.h>, the kernel's Documentation/driver-api/vfio.rst): devices of the host in
 * the hands of a process, behind an IOMMU. One container is the VM's: all its devices reach
 * the guest's memory at guest-physical addresses, and nothing else.
 */
#ifndef AXVM_TOOL_VFIO_H
#define AXVM_TOOL_VFIO_H

#include <linux/vfio.h>

#include "config.h"
#include "memory.h"

/**
 * struct vfio_group - what the IOMMU cannot tell apart
 * @number: its number in sysfs
 * @fd: its descriptor
 */
struct vfio_group {
	unsigned int number;
	int fd;
};

/**
 * struct vfio - a container
 * @config: the VM's description
 * @fd: its descriptor
 * @nr_groups: entries in @groups
 * @groups: the groups in it
 * @mapped: regions of memory that are mapped, from the first on
 */
struct vfio {
	const struct vm_config *config;
	int fd;
	unsigned int nr_groups;
	struct vfio_group groups[CONFIG_MAX_VFIO];
	unsigned int mapped;
};

/* vfio.c */
int vfio_open(struct vfio *vfio, const struct vm_config *config);
void vfio_close(struct vfio *vfio);
int vfio_open_device(struct vfio *vfio, const struct vfio_config *which);
int vfio_map(struct vfio *vfio, const struct guest_memory *memory);
void vfio_unmap(struct vfio *vfio, const struct guest_memory *memory);
int vfio_set_irqs(int device, u32 index, u32 action, const int *fds, u32 count);

/* vfio-group.c */
int vfio_find_group(const struct vm_config *config, const struct vfio_config *which,
		    unsigned int *number);
int vfio_not_viable(const struct vm_config *config, const struct vfio_config *which,
		    unsigned int number);

#endif /* AXVM_TOOL_VFIO_H */
