// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: a memfd, so that whoever gets its descriptor sees the same
 * pages, filled by the host as the guest touches it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

/* Bytes of a field of /proc/meminfo that is given in kB; ~0 if it isn't there */
static u64 host_memory(const char *field)
{
	unsigned long long kib;
	char line[128];
	u64 bytes = ~0ULL;
	size_t length = strlen(field);
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return bytes;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, length) || line[length] != ':')
			continue;
		if (sscanf(line + length + 1, "%llu", &kib) == 1)
			bytes = kib * KIB;
		break;
	}
	fclose(f);
	return bytes;
}

/* Refuses what the host could only give by starving everybody else */
static int check_available(u64 size)
{
	u64 available = host_memory("MemAvailable"), swap = host_memory("SwapFree");
	char want[32], have[32];

	if (available == ~0ULL)
		return 0;
	if (swap != ~0ULL)
		available += swap;
	if (size <= available)
		return 0;
	return fail("%s of memory: the host has only %s available",
		    size_text(size, want, sizeof(want)),
		    size_text(available, have, sizeof(have)));
}

/**
 * memory_create() - make a VM's memory, all zero
 * @memory: filled in, without regions
 * @size: bytes, a multiple of the page size
 * @hugepages: from the host's pool of huge pages
 *
 * Return: 0, or -1 with a message.
 */
int memory_create(struct guest_memory *memory, u64 size, bool hugepages)
{
	char text[32];

	memset(memory, 0, sizeof(*memory));
	memory->fd = -1;
	if (!hugepages && check_available(size))
		return -1;
	size_text(size, text, sizeof(text));
	memory->fd = memfd_create("axvm-guest", MFD_CLOEXEC | (hugepages ? MFD_HUGETLB : 0));
	if (memory->fd < 0)
		return fail_errno(errno, "guest memory of %s", text);
	if (ftruncate(memory->fd, size)) {
		fail_errno(errno, "guest memory of %s", text);
		goto err_close;
	}
	memory->host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
	if (memory->host == MAP_FAILED) {
		memory->host = NULL;
		if (hugepages)
			fail("guest memory of %s: not enough free huge pages (see /proc/meminfo)",
			     text);
		else
			fail_errno(errno, "guest memory of %s", text);
		goto err_close;
	}
	if (!hugepages)
		madvise(memory->host, size, MADV_HUGEPAGE);
	madvise(memory->host, size, MADV_DONTDUMP);
	memory->size = size;
	return 0;

err_close:
	close(memory->fd);
	memory->fd = -1;
	return -1;
}

/**
 * memory_destroy() - give a VM's memory back
 * @memory: made by memory_create(), also if that failed
 */
void memory_destroy(struct guest_memory *memory)
{
	if (memory->host)
		munmap(memory->host, memory->size);
	if (memory->fd >= 0)
		close(memory->fd);
	memory->host = NULL;
	memory->fd = -1;
}

/**
 * memory_clear() - make all of it zero again
 * @memory: the memory
 *
 * Return: 0, or -1 with a message.
 */
int memory_clear(struct guest_memory *memory)
{
	if (madvise(memory->host, memory->size, MADV_REMOVE))
		return fail_errno(errno, "cannot clear guest memory");
	return 0;
}

/**
 * memory_add_region() - let the next bytes of the memory appear at an address
 * @memory: the memory; no more than MEMORY_MAX_REGIONS, no more than it has
 * @gpa: the address, above all regions so far
 * @size: bytes
 * @flags: AXVM_MEM_*
 */
void memory_add_region(struct guest_memory *memory, u64 gpa, u64 size, u32 flags)
{
	struct memory_region *region = &memory->regions[memory->nr_regions];
	struct memory_region *before = region - 1;

	region->offset = memory->nr_regions ? before->offset + before->size : 0;
	region->gpa = gpa;
	region->size = size;
	region->flags = flags;
	memory->nr_regions++;
}

/**
 * memory_at() - where a range of guest-physical addresses is mapped
 * @memory: the memory
 * @gpa: its start
 * @length: its bytes
 *
 * Return: the launcher's address, or NULL unless all of it is RAM of one region.
 */
void *memory_at(const struct guest_memory *memory, u64 gpa, u64 length)
{
	const struct memory_region *region;
	unsigned int i;

	for (i = 0; i < memory->nr_regions; i++) {
		region = &memory->regions[i];
		if (gpa >= region->gpa && gpa - region->gpa <= region->size &&
		    length <= region->size - (gpa - region->gpa))
			return memory->host + region->offset + (gpa - region->gpa);
	}
	return NULL;
}
