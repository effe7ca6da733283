// SPDX-License-Identifier: GPL-2.0
/*
 * Multiboot 0.6.96 ("multiboot 1") kernels: ELF files, or any file whose header
 * says itself where it is loaded. They are entered in 32-bit protected mode with
 * EBX at the information structure. The file's headers are read here; where its
 * code goes is x86-multiboot-elf.c's part if it is ELF.
 */
#include <string.h>

#include "x86-multiboot.h"

#define SEARCH_BYTES		8192U		/* 3.1: the header is in these */
#define HEADER_MAGIC		0x1badb002U
#define LOADER_MAGIC		0x2badb002U
#define AXVISOR_BIOS		0x8000ULL	/* as entry point: a loader before the kernel */
#define LOADER_NAME		"axvm"

/* Header flags, 3.1.2; bits 0 to 15 that a loader doesn't know must stop it */
#define WANTS_PAGES		BIT(0)
#define WANTS_MEMORY		BIT(1)
#define WANTS_VIDEO		BIT(2)
#define HAS_ADDRESSES		BIT(16)
#define MUST_KNOW		0xffffU

/* The information structure, 3.3 */
#define INFO_BYTES		120
#define INFO_MEMORY		BIT(0)
#define INFO_CMDLINE		BIT(2)
#define INFO_MODULES		BIT(3)
#define INFO_MAP		BIT(6)
#define INFO_LOADER		BIT(9)
#define MODULE_BYTES		16
#define MAP_ENTRY_BYTES		24

/* The information block is put into low memory, from here on, if there is room */
#define BLOCK_AT		0x10000ULL

static u32 get32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

/* Return: offset of the header, or -1 */
static int find_header(const struct boot *boot)
{
	u32 end = boot->head_size < SEARCH_BYTES ? boot->head_size : SEARCH_BYTES;
	const u8 *p;
	u32 at;

	for (at = 0; at + 12 <= end; at += 4) {
		p = boot->head + at;
		if (get32(p) == HEADER_MAGIC && !(u32)(get32(p) + get32(p + 4) + get32(p + 8)))
			return at;
	}
	return -1;
}

static bool probe(const struct boot *boot)
{
	return find_header(boot) >= 0;
}

/**
 * multiboot_add() - copy a piece of the file, with zeros behind it, into memory
 * @load: the kernel so far; the piece is added to it
 * @segment: the piece
 *
 * Return: 0, or -1 with a message.
 */
int multiboot_add(struct multiboot_load *load, const struct multiboot_segment *segment)
{
	const struct image *image = &load->boot->kernel;
	u64 start = segment->gpa, size = segment->memory_size;
	bool low = start < X86_EBDA && size <= X86_EBDA - start;
	bool high = start >= X86_FIRMWARE_END;
	void *to = memory_at(load->memory, start, size);

	if (load->nr_segments == MULTIBOOT_MAX_SEGMENTS)
		return fail("%s: more than %d segments", image->path, MULTIBOOT_MAX_SEGMENTS);
	if (segment->file_size > size)
		return fail("%s: damaged: a segment is larger in the file than in memory",
			    image->path);
	if (!to || start >= X86_HIGH_START)
		return fail("%s: does not fit into memory: it needs %llu bytes at %#llx",
			    image->path, size, start);
	if (!low && !high)
		return fail("%s: wants to be loaded at %#llx, where the firmware is", image->path,
			    start);
	if (image_read(image, segment->offset, to, segment->file_size))
		return -1;
	load->segments[load->nr_segments++] = *segment;
	if (start + size > load->end)
		load->end = start + size;
	return 0;
}

/* 3.1.3: the header's own address fields; what it leaves out is the whole file */
static int load_by_addresses(struct multiboot_load *load, u32 at)
{
	const struct image *image = &load->boot->kernel;
	const u8 *p = load->boot->head + at;
	u32 header, start, load_end, bss_end, size;
	struct multiboot_segment segment;

	if (at + 32 > load->boot->head_size)
		return fail("%s: truncated in its multiboot header", image->path);
	header = get32(p + 12);
	start = get32(p + 16);
	load_end = get32(p + 20);
	bss_end = get32(p + 24);
	load->entry = get32(p + 28);
	if (start > header || header - start > at)
		return fail("%s: damaged: its multiboot header loads what is before the file",
			    image->path);
	segment.offset = at - (header - start);
	if (load_end && load_end <= start)
		return fail("%s: damaged: its multiboot header loads nothing", image->path);
	if (!load_end && image->size - segment.offset > 0xffffffffU - start)
		return fail("%s: does not fit into memory", image->path);
	size = load_end ? load_end - start : image->size - segment.offset;
	segment.gpa = start;
	segment.vaddr = start;
	segment.file_size = size;
	segment.memory_size = size;
	if (bss_end && bss_end > start + size)
		segment.memory_size = bss_end - start;
	if (load->entry < start || load->entry >= start + segment.memory_size)
		return fail("%s: its entry point %#llx is not in it", image->path, load->entry);
	return multiboot_add(load, &segment);
}

static int load_kernel(struct multiboot_load *load)
{
	const char *path = load->boot->kernel.path;
	u32 at = find_header(load->boot);
	u32 flags = get32(load->boot->head + at + 4);
	u32 unknown = flags & MUST_KNOW & ~(WANTS_PAGES | WANTS_MEMORY | WANTS_VIDEO);

	if (flags & WANTS_VIDEO)
		note("%s: wants a video mode; there is no screen", path);
	if (unknown)
		return fail("%s: its multiboot header asks for what axvm does not have (flags %#x)",
			    path, unknown);
	if (flags & HAS_ADDRESSES)
		return load_by_addresses(load, at);
	if (memcmp(load->boot->head, "\177ELF", 4))
		return fail("%s: its multiboot header has no addresses, and it is no ELF file",
			    path);
	return multiboot_load_elf(load);
}

/* What a configuration file says must be what the image says */
static int check_place(const struct multiboot_load *load)
{
	const struct vm_config *config = load->boot->config;
	u64 low = load->segments[0].gpa;
	unsigned int i;

	for (i = 1; i < load->nr_segments; i++)
		if (load->segments[i].gpa < low)
			low = load->segments[i].gpa;
	if (config->kernel_addr.given && config->kernel_addr.value != low)
		return config_fail(config, config->kernel_addr.line,
				   "kernel_load_addr %#llx: the multiboot header loads this kernel at %#llx",
				   config->kernel_addr.value, low);
	if (config->entry.given && config->entry.value != load->entry &&
	    config->entry.value != AXVISOR_BIOS)
		return boot_no_entry(config, "a multiboot kernel starts where its header says");
	if (config->initrd_addr.given)
		return config_fail(config, config->initrd_addr.line,
				   "ramdisk_load_addr: a multiboot kernel's modules lie behind it");
	return 0;
}

/* Modules lie behind the kernel, each at a page's start */
static int load_modules(struct multiboot_load *load)
{
	const struct image *image;
	unsigned int i;
	void *to;
	u64 at;

	at = load->end > X86_FIRMWARE_END ? load->end : X86_FIRMWARE_END;
	for (i = 0; i < load->boot->config->nr_modules; i++) {
		image = &load->boot->modules[i];
		at = align_up(at, PAGE_BYTES);
		to = at < X86_HIGH_START ? memory_at(load->memory, at, image->size) : NULL;
		if (!to)
			return fail("%s: does not fit into memory behind the kernel", image->path);
		if (image_read(image, 0, to, image->size))
			return -1;
		load->modules[i] = at;
		at += image->size;
	}
	load->end = at;
	return 0;
}

static bool is_free(const struct multiboot_load *load, u64 start, u64 size)
{
	const struct multiboot_segment *s;
	unsigned int i;

	for (i = 0; i < load->nr_segments; i++) {
		s = &load->segments[i];
		if (start < s->gpa + s->memory_size && s->gpa < start + size)
			return false;
	}
	return true;
}

/* Room for the information block: in low memory, or else behind the modules */
static void *place_block(const struct multiboot_load *load, u64 size, u64 *gpa)
{
	u64 at;

	for (at = BLOCK_AT; at + size <= X86_EBDA; at += PAGE_BYTES) {
		if (is_free(load, at, size)) {
			*gpa = at;
			return memory_at(load->memory, at, size);
		}
	}
	*gpa = align_up(load->end, PAGE_BYTES);
	return *gpa < X86_HIGH_START ? memory_at(load->memory, *gpa, size) : NULL;
}

/**
 * struct block - the information block while it is written
 * @base: the launcher's address
 * @gpa: the guest's
 * @used: bytes in use
 */
struct block {
	u8 *base;
	u64 gpa;
	u64 used;
};

static u64 put_string(struct block *block, const char *text)
{
	u64 gpa = block->gpa + block->used;
	size_t length = strlen(text) + 1;

	memcpy(block->base + block->used, text, length);
	block->used += length;
	return gpa;
}

static void put_map(const struct multiboot_load *load, u8 *info, struct block *block)
{
	struct x86_e820 map[X86_E820_MAX];
	unsigned int i, count = x86_memory_map(load->memory, map);
	u8 *p;

	x86_put(info, 44, 4, count * MAP_ENTRY_BYTES);
	x86_put(info, 48, 4, block->gpa + block->used);
	for (i = 0; i < count; i++) {
		p = block->base + block->used;
		x86_put(p, 0, 4, MAP_ENTRY_BYTES - 4);
		x86_put(p, 4, 8, map[i].base);
		x86_put(p, 12, 8, map[i].length);
		x86_put(p, 20, 4, map[i].type);
		block->used += MAP_ENTRY_BYTES;
	}
}

static void put_modules(const struct multiboot_load *load, u8 *info, struct block *block)
{
	const struct vm_config *config = load->boot->config;
	u8 *p = block->base + block->used;
	unsigned int i;

	x86_put(info, 20, 4, config->nr_modules);
	x86_put(info, 24, 4, block->gpa + block->used);
	block->used += config->nr_modules * MODULE_BYTES;
	for (i = 0; i < config->nr_modules; i++, p += MODULE_BYTES) {
		x86_put(p, 0, 4, load->modules[i]);
		x86_put(p, 4, 4, load->modules[i] + load->boot->modules[i].size);
		x86_put(p, 8, 4, put_string(block, config->modules[i].args ?
					    config->modules[i].args : ""));
	}
}

static u64 block_size(const struct vm_config *config)
{
	u64 size = INFO_BYTES + X86_GDT_BYTES + X86_E820_MAX * MAP_ENTRY_BYTES +
		   config->nr_modules * MODULE_BYTES + sizeof(LOADER_NAME);
	unsigned int i;

	size += (config->cmdline ? strlen(config->cmdline) : 0) + 1;
	for (i = 0; i < config->nr_modules; i++)
		size += (config->modules[i].args ? strlen(config->modules[i].args) : 0) + 1;
	return align_up(size, PAGE_BYTES);
}

/* Writes GDT and information structure. Return: 0, or -1 with a message */
static int write_info(const struct multiboot_load *load, u64 *info_gpa, u64 *gdt_gpa)
{
	const struct vm_config *config = load->boot->config;
	struct block block = { 0 };
	u64 size = block_size(config);
	u8 *info;

	block.base = place_block(load, size, &block.gpa);
	if (!block.base)
		return fail("%s: no room in memory for the boot information",
			    load->boot->kernel.path);
	*gdt_gpa = block.gpa;
	x86_write_gdt(block.base, false);
	*info_gpa = block.gpa + X86_GDT_BYTES;
	info = block.base + X86_GDT_BYTES;
	block.used = X86_GDT_BYTES + INFO_BYTES;
	x86_put(info, 0, 4, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP | INFO_LOADER);
	x86_put(info, 4, 4, X86_EBDA / KIB);
	x86_put(info, 8, 4, (x86_low_end(load->memory) - X86_FIRMWARE_END) / KIB);
	put_map(load, info, &block);
	put_modules(load, info, &block);
	x86_put(info, 16, 4, put_string(&block, config->cmdline ? config->cmdline : ""));
	x86_put(info, 64, 4, put_string(&block, LOADER_NAME));
	return 0;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	struct multiboot_load kernel = { .boot = boot, .memory = memory };
	u64 info, gdt, rsdp;

	if (x86_firmware(boot, memory, &rsdp) || load_kernel(&kernel) || check_place(&kernel) ||
	    load_modules(&kernel) || write_info(&kernel, &info, &gdt))
		return -1;
	x86_regs_protected(regs, kernel.entry, gdt);
	x86_regs(regs)->gpr[AXVM_X86_RAX] = LOADER_MAGIC;
	x86_regs(regs)->gpr[AXVM_X86_RBX] = info;
	return 0;
}

const struct boot_protocol x86_multiboot = {
	.name = "multiboot",
	.probe = probe,
	.load = load,
};
