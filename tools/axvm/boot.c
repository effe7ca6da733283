// SPDX-License-Identifier: GPL-2.0
/*
 * Opening of a configuration's images and the choice of the boot protocol.
 */
#include <string.h>

#include "arch.h"
#include "boot.h"

#define INITRD_ALIGN	4ULL	/* of each piece of an initramfs: cpio archives begin so */

/* What people give by mistake, by the first bytes of it */
static const struct {
	u8 magic[6];
	u8 length;
	const char *what;
} known_mistakes[] = {
	{ "MZ\0\0zi", 6, "a compressed EFI image (give the Image that is in it)" },
	{ "\037\213", 2, "a gzip file" },
	{ "\3757zXZ", 6, "an xz file" },
	{ "\050\265\057\375", 4, "a zstd file" },
	{ "070701", 6, "a cpio archive (an initramfs is given with -i)" },
	{ "!<arch", 6, "an archive" },
	{ "#!", 2, "a script" },
};

static int not_a_kernel(const struct boot *boot)
{
	size_t i;

	if (boot->head_size >= 4 && !memcmp(boot->head, "\177ELF", 4))
		return fail("%s: not a kernel that axvm can boot: it is %s", boot->kernel.path,
			    arch_elf_mistake);
	for (i = 0; i < ARRAY_SIZE(known_mistakes); i++)
		if (boot->head_size >= known_mistakes[i].length &&
		    !memcmp(boot->head, known_mistakes[i].magic, known_mistakes[i].length))
			return fail("%s: not a kernel that axvm can boot: it is %s",
				    boot->kernel.path, known_mistakes[i].what);
	return fail("%s: not a kernel that axvm can boot (%s)", boot->kernel.path,
		    arch_kernel_kinds);
}

/* Messages about a file of the configuration file name both */
static int open_image(const struct boot *boot, struct image *image, const char *path, u32 line)
{
	const char *why = image_open(image, path);

	return why ? config_fail(boot->config, line, "%s: %s", path, why) : 0;
}

static int add_flat(struct boot *boot, const char *path, u64 gpa, u32 line)
{
	struct boot_flat *flat = &boot->flats[boot->nr_flats];

	boot->nr_flats++;
	flat->gpa = gpa;
	flat->line = line;
	return open_image(boot, &flat->image, path, line);
}

/* Of no known kind, but it is said where it goes */
static int kernel_is_flat(struct boot *boot)
{
	const struct vm_config *config = boot->config;

	if (config->nr_modules)
		return config_fail(config, config->modules[0].line,
				   "%s: a flat binary, which takes no initramfs and no modules",
				   config->kernel_path);
	if (config->cmdline)
		return config_fail(config, config->cmdline_line,
				   "%s: a flat binary, which takes no command line",
				   config->kernel_path);
	if (!config->entry.given)
		return config_fail(config, config->kernel_line,
				   "%s: a flat binary, which needs an entry_point",
				   config->kernel_path);
	image_close(&boot->kernel);
	boot->protocol = &arch_flat;
	return add_flat(boot, config->kernel_path, config->kernel_addr.value,
			config->kernel_line);
}

static int open_kernel(struct boot *boot)
{
	const struct boot_protocol *const *protocol;

	if (open_image(boot, &boot->kernel, boot->config->kernel_path, boot->config->kernel_line))
		return -1;
	boot->head_size = sizeof(boot->head);
	if (boot->kernel.size < boot->head_size)
		boot->head_size = boot->kernel.size;
	if (image_read(&boot->kernel, 0, boot->head, boot->head_size))
		return -1;
	for (protocol = arch_protocols; *protocol; protocol++) {
		if ((*protocol)->probe(boot)) {
			boot->protocol = *protocol;
			return 0;
		}
	}
	if (boot->config->kernel_addr.given)
		return kernel_is_flat(boot);
	return not_a_kernel(boot);
}

/* What a BIOS starts is its own business: both are copied */
static int open_bios(struct boot *boot)
{
	const struct vm_config *config = boot->config;

	boot->protocol = &arch_flat;
	if (add_flat(boot, config->bios.path, config->bios_addr.value, config->bios.line))
		return -1;
	return add_flat(boot, config->kernel_path, config->kernel_addr.value,
			config->kernel_line);
}

static int open_flats(struct boot *boot)
{
	const struct flat_config *flats = boot->config->flats;
	unsigned int i;

	boot->protocol = &arch_flat;
	for (i = 0; i < boot->config->nr_flats; i++)
		if (add_flat(boot, flats[i].path, flats[i].gpa, flats[i].line))
			return -1;
	return 0;
}

/**
 * boot_open() - open the images and find out what they are
 * @boot: filled in
 * @config: a checked configuration; must stay
 *
 * Return: 0, or -1 with a message; boot_close() is due either way.
 */
int boot_open(struct boot *boot, const struct vm_config *config)
{
	unsigned int i;
	int ret;

	memset(boot, 0, sizeof(*boot));
	boot->config = config;
	boot->kernel.fd = -1;
	for (i = 0; i < CONFIG_MAX_MODULES; i++)
		boot->modules[i].fd = -1;
	for (i = 0; i < BOOT_MAX_FLATS; i++)
		boot->flats[i].image.fd = -1;

	if (config_uses_bios(config))
		ret = open_bios(boot);
	else if (config->kernel_path)
		ret = open_kernel(boot);
	else
		ret = open_flats(boot);
	if (!ret && config->boot_method == BOOT_MULTIBOOT && boot->protocol == arch_protocols[0])
		ret = config_fail(config, config->boot_method_line,
				  "boot_protocol multiboot: %s is a Linux kernel",
				  config->kernel_path);
	for (i = 0; i < config->nr_modules && !ret; i++)
		ret = open_image(boot, &boot->modules[i], config->modules[i].path,
				 config->modules[i].line);
	return ret;
}

/**
 * boot_initrd_size() - all files of -i as one initramfs
 * @boot: the images
 * @size: out: bytes that they need in memory, one behind the other
 *
 * Return: 0, or -1 with a message.
 */
int boot_initrd_size(const struct boot *boot, u64 *size)
{
	unsigned int i;

	*size = 0;
	for (i = 0; i < boot->config->nr_modules; i++) {
		if (boot->config->modules[i].args)
			return fail("-i %s: a Linux initramfs takes no arguments",
				    boot->modules[i].path);
		if (boot->modules[i].size > ARCH_MAX_MEMORY)
			return fail("%s: does not fit into memory", boot->modules[i].path);
		*size += align_up(boot->modules[i].size, INITRD_ALIGN);
	}
	return 0;
}

/**
 * boot_load_initrd() - put them there
 * @boot: the images
 * @memory: the memory
 * @at: where boot_initrd_size() bytes are free
 *
 * Return: 0, or -1 with a message.
 */
int boot_load_initrd(const struct boot *boot, const struct guest_memory *memory, u64 at)
{
	unsigned int i;
	void *to;

	for (i = 0; i < boot->config->nr_modules; i++) {
		to = memory_at(memory, at, boot->modules[i].size);
		if (image_read(&boot->modules[i], 0, to, boot->modules[i].size))
			return -1;
		at += align_up(boot->modules[i].size, INITRD_ALIGN);
	}
	return 0;
}

static int check_overlap(const struct boot *boot, unsigned int i)
{
	const struct boot_flat *flats = boot->flats;
	unsigned int j;

	for (j = 0; j < i; j++)
		if (flats[i].gpa < flats[j].gpa + flats[j].image.size &&
		    flats[j].gpa < flats[i].gpa + flats[i].image.size)
			return config_fail(boot->config, flats[i].line, "%s and %s overlap",
					   flats[j].image.path, flats[i].image.path);
	return 0;
}

/**
 * boot_load_flats() - copy the flat binaries to their addresses
 * @boot: the images
 * @memory: the memory
 *
 * Return: 0, or -1 with a message.
 */
int boot_load_flats(const struct boot *boot, const struct guest_memory *memory)
{
	const struct boot_flat *flat;
	unsigned int i;
	void *to;

	for (i = 0; i < boot->nr_flats; i++) {
		flat = &boot->flats[i];
		to = memory_at(memory, flat->gpa, flat->image.size);
		if (!to)
			return config_fail(boot->config, flat->line,
					   "%s: does not fit into memory at %#llx",
					   flat->image.path, flat->gpa);
		if (check_overlap(boot, i))
			return -1;
		if (image_read(&flat->image, 0, to, flat->image.size))
			return -1;
	}
	return 0;
}

/**
 * boot_no_entry() - say that a VM cannot start where it should
 * @config: the configuration
 * @why: the reason, behind the address
 *
 * Return: -1.
 */
int boot_no_entry(const struct vm_config *config, const char *why)
{
	return config_fail(config, config->entry.line, "%s %#llx: %s",
			   config->entry.line ? "entry_point" : "--entry", config->entry.value,
			   why);
}

/**
 * boot_close() - close the images
 * @boot: opened, or failed to open
 */
void boot_close(struct boot *boot)
{
	unsigned int i;

	image_close(&boot->kernel);
	for (i = 0; i < CONFIG_MAX_MODULES; i++)
		image_close(&boot->modules[i]);
	for (i = 0; i < BOOT_MAX_FLATS; i++)
		image_close(&boot->flats[i].image);
}
