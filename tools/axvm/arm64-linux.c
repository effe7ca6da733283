// SPDX-License-Identifier: GPL-2.0
/*
 * Linux Image files by the boot protocol of arm64 (Documentation/arch/arm64/booting.rst of
 * the kernel): the image at its offset from a multiple of 2 MiB, behind it the device
 * tree and the initramfs.
 */
#include <string.h>

#include "arm64.h"

#define IMAGE_ALIGN		(2 * MIB)
#define IMAGE_MAGIC		0x644d5241	/* "ARM\x64" */
#define IMAGE_BIG_ENDIAN	BIT_ULL(0)	/* in image_header.flags */
#define OLD_TEXT_OFFSET		0x80000ULL	/* before Linux 3.17, when image_size is 0 */
#define DEFAULT_CMDLINE		"console=ttyAMA0"
#define CMDLINE_LIMIT		2048		/* COMMAND_LINE_SIZE, with the NUL */

/* What an Image begins with; all numbers little-endian */
struct image_header {
	u32 code0;
	u32 code1;
	u64 text_offset;
	u64 image_size;
	u64 flags;
	u64 res2;
	u64 res3;
	u64 res4;
	u32 magic;
	u32 res5;
};

/**
 * struct layout - where everything goes
 * @kernel: the Image
 * @dtb: the device tree
 * @initrd: the initramfs
 * @initrd_size: its bytes
 */
struct layout {
	u64 kernel;
	u64 dtb;
	u64 initrd;
	u64 initrd_size;
};

static bool probe(const struct boot *boot)
{
	struct image_header header;

	if (boot->head_size < sizeof(header))
		return false;
	memcpy(&header, boot->head, sizeof(header));
	return header.magic == IMAGE_MAGIC;
}

static int place_kernel(const struct boot *boot, const struct guest_memory *memory,
			struct layout *layout)
{
	const struct memory_region *ram = &memory->regions[0];
	u64 base = align_up(ram->gpa, IMAGE_ALIGN), size = boot->kernel.size;
	const char *path = boot->kernel.path;
	struct image_header header;
	char text[32];

	memcpy(&header, boot->head, sizeof(header));
	if (header.flags & IMAGE_BIG_ENDIAN)
		return fail("%s: a big-endian kernel", path);
	if (!header.image_size)
		header.text_offset = OLD_TEXT_OFFSET;
	if (header.text_offset % 4 || header.text_offset > GIB || header.image_size > GIB)
		return fail("%s: damaged: its header asks for %#llx bytes at %#llx", path,
			    header.image_size, header.text_offset);
	if (header.image_size > size)
		size = header.image_size;
	layout->kernel = base + header.text_offset;
	layout->dtb = align_up(layout->kernel + size, IMAGE_ALIGN);
	if (!memory_at(memory, layout->kernel, layout->dtb + ARM64_DTB_SIZE - layout->kernel))
		return fail("%s: does not fit into memory: with a device tree it needs %s", path,
			    size_text(align_up(layout->dtb + ARM64_DTB_SIZE - ram->gpa, MIB), text,
				      sizeof(text)));
	return 0;
}

static int place_initrd(const struct boot *boot, const struct guest_memory *memory,
			struct layout *layout)
{
	if (boot_initrd_size(boot, &layout->initrd_size))
		return -1;
	layout->initrd = layout->dtb + ARM64_DTB_SIZE;
	if (memory_at(memory, layout->initrd, layout->initrd_size))
		return 0;
	return fail("%s: does not fit into memory beside the kernel", boot->modules[0].path);
}

/* A device tree of the user's may have a command line that he means */
static const char *cmdline(const struct vm_config *config)
{
	if (config->cmdline || config->dtb_path)
		return config->cmdline;
	return DEFAULT_CMDLINE;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	struct arm64_dtb dtb = { .cmdline = cmdline(boot->config) };
	struct layout layout;

	if (dtb.cmdline && strlen(dtb.cmdline) >= CMDLINE_LIMIT)
		return fail("the command line has %zu characters; Linux takes %d",
			    strlen(dtb.cmdline), CMDLINE_LIMIT - 1);
	if (place_kernel(boot, memory, &layout) || place_initrd(boot, memory, &layout))
		return -1;
	if (image_read(&boot->kernel, 0, memory_at(memory, layout.kernel, boot->kernel.size),
		       boot->kernel.size) ||
	    boot_load_initrd(boot, memory, layout.initrd))
		return -1;
	dtb.initrd = layout.initrd;
	dtb.initrd_size = layout.initrd_size;
	if (arm64_dtb_build(boot->config, memory, &dtb, layout.dtb))
		return -1;
	arm64_regs_start(regs, layout.kernel, layout.dtb);
	return 0;
}

const struct boot_protocol arm64_linux = {
	.name = "Linux",
	.probe = probe,
	.load = load,
};
