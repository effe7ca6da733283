/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The multiboot guest: what its loader hands over, and its entry in C.
 */
#ifndef AXVM_TOOL_TESTS_MULTIBOOT_H
#define AXVM_TOOL_TESTS_MULTIBOOT_H

struct info {
	unsigned int flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	unsigned int syms[4], mmap_length, mmap_addr, drives[2], config, loader;
};

struct module {
	unsigned int start, end, args, reserved;
};

struct map_entry {
	unsigned int size, base, base_high, length, length_high, type;
};

void kernel_main(unsigned int magic, const struct info *info);

#endif /* AXVM_TOOL_TESTS_MULTIBOOT_H */
