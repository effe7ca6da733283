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
 * @entry: its first instruction
 * @end: first byte behind what it needs
 * @dtb: the device tree
 * @dtb_room: bytes for it
 * @initrd: the initramfs
 * @initrd_size: its bytes
 */
struct layout {
	u64 kernel;
	u64 entry;
	u64 end;
	u64 dtb;
	u64 dtb_room;
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

static int read_header(const struct boot *boot, struct image_header *header)
{
	const char *path = boot->kernel.path;

	memcpy(header, boot->head, sizeof(*header));
	if (header->flags & IMAGE_BIG_ENDIAN)
		return fail("%s: a big-endian kernel", path);
	if (!header->image_size)
		header->text_offset = OLD_TEXT_OFFSET;
	if (header->text_offset % 4 || header->text_offset > GIB || header->image_size > GIB)
		return fail("%s: damaged: its header asks for %#llx bytes at %#llx", path,
			    header->image_size, header->text_offset);
	return 0;
}

/* Where the user says, if the kernel can be there; else at the start of memory */
static int place_kernel(const struct boot *boot, const struct guest_memory *memory,
			struct layout *layout)
{
	const struct vm_config *config = boot->config;
	u64 size = boot->kernel.size;
	struct image_header header;

	if (read_header(boot, &header))
		return -1;
	if (header.image_size > size)
		size = header.image_size;
	layout->kernel = align_up(memory->regions[0].gpa, IMAGE_ALIGN) + header.text_offset;
	if (config->kernel_addr.given) {
		layout->kernel = config->kernel_addr.value;
		if ((layout->kernel - header.text_offset) % IMAGE_ALIGN)
			return config_fail(config, config->kernel_addr.line,
					   "kernel_load_addr %#llx: this Image has to be %#llx behind a multiple of 2M",
					   layout->kernel, header.text_offset);
		if (!memory_at(memory, layout->kernel, size))
			return config_fail(config, config->kernel_addr.line,
					   "kernel_load_addr %#llx: no memory there for %#llx bytes",
					   layout->kernel, size);
	}
	layout->end = layout->kernel + size;
	layout->entry = config->entry.given ? config->entry.value : layout->kernel;
	if (layout->entry < layout->kernel || layout->entry >= layout->end)
		return boot_no_entry(config, "it is not in the kernel");
	return 0;
}

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Where the user says: then it has the room up to what follows, 2 MiB at most */
static int place_dtb_at(const struct boot *boot, const struct guest_memory *memory,
			struct layout *layout)
{
	const struct number_config *address = &boot->config->dtb_addr;
	const struct number_config *initrd = &boot->config->initrd_addr;

	layout->dtb = address->value;
	layout->dtb_room = ARM64_DTB_SIZE;
	if (layout->kernel > layout->dtb && layout->kernel - layout->dtb < layout->dtb_room)
		layout->dtb_room = layout->kernel - layout->dtb;
	if (initrd->given && initrd->value > layout->dtb &&
	    initrd->value - layout->dtb < layout->dtb_room)
		layout->dtb_room = initrd->value - layout->dtb;
	while (layout->dtb_room && !memory_at(memory, layout->dtb, layout->dtb_room))
		layout->dtb_room = align_down(layout->dtb_room / 2, 8);
	if (layout->dtb % 8 || layout->dtb_room < ARM64_DTB_LEAST ||
	    overlaps(layout->dtb, layout->dtb_room, layout->kernel,
		     layout->end - layout->kernel))
		return config_fail(boot->config, address->line,
				   "dtb_load_addr %#llx: no room in memory for a device tree",
				   layout->dtb);
	return 0;
}

static int place_dtb(const struct boot *boot, const struct guest_memory *memory,
		     struct layout *layout)
{
	const struct memory_region *ram = &memory->regions[0];
	char text[32];

	if (boot->config->dtb_addr.given)
		return place_dtb_at(boot, memory, layout);
	layout->dtb = align_up(layout->end, IMAGE_ALIGN);
	layout->dtb_room = ARM64_DTB_SIZE;
	if (!memory_at(memory, layout->kernel, layout->dtb + ARM64_DTB_SIZE - layout->kernel))
		return fail("%s: does not fit into memory: with a device tree it needs %s",
			    boot->kernel.path,
			    size_text(align_up(layout->dtb + ARM64_DTB_SIZE - ram->gpa, MIB), text,
				      sizeof(text)));
	return 0;
}

static int place_initrd(const struct boot *boot, const struct guest_memory *memory,
			struct layout *layout)
{
	const struct number_config *address = &boot->config->initrd_addr;

	if (boot_initrd_size(boot, &layout->initrd_size))
		return -1;
	if (!layout->initrd_size)
		return 0;
	if (address->given) {
		layout->initrd = address->value;
		if (memory_at(memory, layout->initrd, layout->initrd_size) &&
		    !overlaps(layout->initrd, layout->initrd_size, layout->kernel,
			      layout->end - layout->kernel) &&
		    !overlaps(layout->initrd, layout->initrd_size, layout->dtb,
			      layout->dtb_room))
			return 0;
		return config_fail(boot->config, address->line,
				   "ramdisk_load_addr %#llx: no room in memory for %#llx bytes",
				   layout->initrd, layout->initrd_size);
	}
	layout->initrd = layout->dtb + layout->dtb_room;
	if (layout->initrd < layout->end)
		layout->initrd = align_up(layout->end, PAGE_BYTES);
	if (memory_at(memory, layout->initrd, layout->initrd_size))
		return 0;
	return fail("%s: does not fit into memory beside the kernel", boot->modules[0].path);
}

/* A device tree of the user's may have a command line that he means */
static const char *cmdline(const struct vm_config *config)
{
	if (config->cmdline || config->dtb.path)
		return config->cmdline;
	return DEFAULT_CMDLINE;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	struct arm64_dtb dtb = { .cmdline = cmdline(boot->config) };
	struct layout layout = { 0 };

	if (dtb.cmdline && strlen(dtb.cmdline) >= CMDLINE_LIMIT)
		return config_fail(boot->config, boot->config->cmdline_line,
				   "the command line has %zu characters; Linux takes %d",
				   strlen(dtb.cmdline), CMDLINE_LIMIT - 1);
	if (place_kernel(boot, memory, &layout) || place_dtb(boot, memory, &layout) ||
	    place_initrd(boot, memory, &layout))
		return -1;
	if (image_read(&boot->kernel, 0, memory_at(memory, layout.kernel, boot->kernel.size),
		       boot->kernel.size) ||
	    boot_load_initrd(boot, memory, layout.initrd))
		return -1;
	dtb.room = layout.dtb_room;
	dtb.initrd = layout.initrd;
	dtb.initrd_size = layout.initrd_size;
	if (arm64_dtb_build(boot->config, memory, &dtb, layout.dtb))
		return -1;
	arm64_regs_start(regs, layout.entry, layout.dtb);
	return 0;
}

const struct boot_protocol arm64_linux = {
	.name = "Linux",
	.probe = probe,
	.load = load,
};
