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

static int open_kernel(struct boot *boot)
{
	const struct boot_protocol *const *protocol;

	if (image_open(&boot->kernel, boot->config->kernel_path))
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
	return not_a_kernel(boot);
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

	memset(boot, 0, sizeof(*boot));
	boot->config = config;
	boot->kernel.fd = -1;
	for (i = 0; i < CONFIG_MAX_MODULES; i++)
		boot->modules[i].fd = -1;
	for (i = 0; i < CONFIG_MAX_FLATS; i++)
		boot->flats[i].fd = -1;

	if (config->kernel_path) {
		if (open_kernel(boot))
			return -1;
	} else {
		boot->protocol = &arch_flat;
	}
	for (i = 0; i < config->nr_modules; i++)
		if (image_open(&boot->modules[i], config->modules[i].path))
			return -1;
	for (i = 0; i < config->nr_flats; i++)
		if (image_open(&boot->flats[i], config->flats[i].path))
			return -1;
	return 0;
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
	const struct flat_config *flats = boot->config->flats;
	unsigned int j;

	for (j = 0; j < i; j++)
		if (flats[i].gpa < flats[j].gpa + boot->flats[j].size &&
		    flats[j].gpa < flats[i].gpa + boot->flats[i].size)
			return fail("%s and %s overlap", flats[j].path, flats[i].path);
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
	unsigned int i;
	void *to;

	for (i = 0; i < boot->config->nr_flats; i++) {
		to = memory_at(memory, boot->config->flats[i].gpa, boot->flats[i].size);
		if (!to)
			return fail("%s: does not fit into memory at %#llx", boot->flats[i].path,
				    boot->config->flats[i].gpa);
		if (check_overlap(boot, i))
			return -1;
		if (image_read(&boot->flats[i], 0, to, boot->flats[i].size))
			return -1;
	}
	return 0;
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
	for (i = 0; i < CONFIG_MAX_FLATS; i++)
		image_close(&boot->flats[i]);
}
