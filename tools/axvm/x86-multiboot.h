/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two halves of the multiboot loader share: the kernel while it is
 * loaded.
 */
#ifndef AXVM_TOOL_X86_MULTIBOOT_H
#define AXVM_TOOL_X86_MULTIBOOT_H

#include "x86.h"

#define MULTIBOOT_MAX_SEGMENTS	32

/**
 * struct multiboot_segment - a piece of the file that becomes memory
 * @offset: where it is in the file
 * @file_size: its bytes there
 * @gpa: where it goes
 * @vaddr: the address for which it was linked
 * @memory_size: its bytes in memory, zero behind those of the file
 */
struct multiboot_segment {
	u64 offset;
	u64 file_size;
	u64 gpa;
	u64 vaddr;
	u64 memory_size;
};

/**
 * struct multiboot_load - a kernel while it is loaded
 * @boot: the images
 * @memory: the VM's memory
 * @entry: where it starts, physical
 * @end: first byte behind all that was loaded
 * @nr_segments: entries in @segments
 * @segments: what was loaded of the kernel
 * @modules: where the modules are
 */
struct multiboot_load {
	const struct boot *boot;
	struct guest_memory *memory;
	u64 entry;
	u64 end;
	unsigned int nr_segments;
	struct multiboot_segment segments[MULTIBOOT_MAX_SEGMENTS];
	u64 modules[CONFIG_MAX_MODULES];
};

int multiboot_add(struct multiboot_load *load, const struct multiboot_segment *segment);
int multiboot_load_elf(struct multiboot_load *load);

#endif /* AXVM_TOOL_X86_MULTIBOOT_H */
