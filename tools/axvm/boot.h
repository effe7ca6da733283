/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Booting: from the images of a configuration to guest memory and the registers
 * with which the first vCPU starts. Pure work on files and a buffer: it needs no
 * hypervisor, and every refusal of an image happens here.
 */
#ifndef AXVM_TOOL_BOOT_H
#define AXVM_TOOL_BOOT_H

#include "config.h"
#include "image.h"
#include "memory.h"

/**
 * struct boot_regs - the registers of this architecture, opaque to common code
 * @raw: struct axvm_x86_regs, ...: what AXVM_VCPU_SET_REGS takes
 */
struct boot_regs {
	u64 raw[128];
};

struct boot;

/**
 * struct boot_protocol - a kind of kernel image
 * @name: what it is called in messages
 * @probe: whether the opened kernel is of this kind, by its magic number only
 * @load: check it, put it and all it needs into memory, and set the registers of
 *        the first vCPU. Return: 0, or -1 with a message.
 */
struct boot_protocol {
	const char *name;
	bool (*probe)(const struct boot *boot);
	int (*load)(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs);
};

/**
 * struct boot_flat - a file that is copied as it is
 * @image: the file
 * @gpa: where to
 * @line: in the configuration file
 */
struct boot_flat {
	struct image image;
	u64 gpa;
	u32 line;
};

/* Those of the configuration, or a kernel of no known kind and what starts it */
#define BOOT_MAX_FLATS	(CONFIG_MAX_FLATS > 2 ? CONFIG_MAX_FLATS : 2)

/**
 * struct boot - the images of a configuration
 * @config: the configuration
 * @protocol: what the images are
 * @kernel: the kernel, if there is one
 * @modules: as in the configuration
 * @nr_flats: entries in @flats
 * @flats: flat binaries
 * @head: the kernel's first bytes
 * @head_size: how many of them there are
 */
struct boot {
	const struct vm_config *config;
	const struct boot_protocol *protocol;
	struct image kernel;
	struct image modules[CONFIG_MAX_MODULES];
	unsigned int nr_flats;
	struct boot_flat flats[BOOT_MAX_FLATS];
	u8 head[16 * 1024];
	u32 head_size;
};

int boot_open(struct boot *boot, const struct vm_config *config);
void boot_close(struct boot *boot);
int boot_initrd_size(const struct boot *boot, u64 *size);
int boot_load_initrd(const struct boot *boot, const struct guest_memory *memory, u64 at);
int boot_load_flats(const struct boot *boot, const struct guest_memory *memory);
int boot_no_entry(const struct vm_config *config, const char *why);

/**
 * boot_load() - fill memory and registers
 * @boot: opened images
 * @memory: all zero
 * @regs: out: registers of the first vCPU
 *
 * Return: 0, or -1 with a message.
 */
static inline int boot_load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	return boot->protocol->load(boot, memory, regs);
}

#endif /* AXVM_TOOL_BOOT_H */
