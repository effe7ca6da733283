/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory on the launcher's side: one memfd, mapped once, that the
 * architecture cuts into regions of guest-physical addresses.
 */
#ifndef AXVM_TOOL_MEMORY_H
#define AXVM_TOOL_MEMORY_H

#include "util.h"

#define MEMORY_MAX_REGIONS	40

/**
 * struct memory_region - a range of guest-physical addresses that is RAM
 * @gpa: its start
 * @size: its bytes
 * @offset: where it starts in the memfd
 * @flags: AXVM_MEM_*: what the guest may not do there
 */
struct memory_region {
	u64 gpa;
	u64 size;
	u64 offset;
	u32 flags;
};

/**
 * struct guest_memory - all RAM of a VM
 * @host: where it is mapped
 * @size: its bytes
 * @fd: the memfd
 * @nr_regions: entries in @regions
 * @regions: by ascending address, no two touching the same bytes
 */
struct guest_memory {
	u8 *host;
	u64 size;
	int fd;
	unsigned int nr_regions;
	struct memory_region regions[MEMORY_MAX_REGIONS];
};

int memory_create(struct guest_memory *memory, u64 size, bool hugepages);
void memory_destroy(struct guest_memory *memory);
int memory_clear(struct guest_memory *memory);
void memory_add_region(struct guest_memory *memory, u64 gpa, u64 size, u32 flags);
void *memory_at(const struct guest_memory *memory, u64 gpa, u64 length);

#endif /* AXVM_TOOL_MEMORY_H */
