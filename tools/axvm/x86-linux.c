// SPDX-License-Identifier: GPL-2.0
/*
 * Linux bzImage files by the 64-bit boot protocol (Documentation/arch/x86/boot.rst
 * of the kernel, "64-bit Boot Protocol"): the setup code of the image is not
 * run; the launcher fills boot_params itself and enters the kernel in long mode.
 */
#include <asm/bootparam.h>
#include <string.h>

#include "x86.h"

/* Where the loader's own pieces go; all below 64 KiB + the command line's maximum */
#define GDT_AT			0x6000ULL
#define ZERO_PAGE_AT		0x7000ULL
#define PAGE_TABLES_AT		0x8000ULL	/* six pages */
#define CMDLINE_AT		0x10000ULL
#define CMDLINE_LIMIT		0x10000ULL	/* bytes, with the NUL */

#define HEADER_AT		0x1f1ULL	/* struct setup_header in the file */
#define HEADER_JUMP_AT		0x201ULL	/* its jump's displacement: the header's end */
#define HEADER_MAGIC_AT		0x202ULL
#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define BOOT_FLAG		0xaa55
#define OLDEST_VERSION		0x020c		/* 2.12: xloadflags */
#define SECTOR			512ULL
#define ENTRY_64		0x200ULL	/* startup_64 in the protected-mode code */
#define LOADER_UNDEFINED	0xff
#define AXVISOR_STUB		0x8000ULL
#define DEFAULT_CMDLINE		"console=ttyS0"

/**
 * struct kernel - what the header of a bzImage says
 * @header: the header
 * @header_size: bytes of it that the file has
 * @payload: where the protected-mode code starts in the file
 * @payload_size: its bytes
 * @load: where it is loaded
 * @end: first byte behind the memory that it needs before it knows the memory map
 */
struct kernel {
	struct setup_header header;
	u32 header_size;
	u64 payload;
	u64 payload_size;
	u64 load;
	u64 end;
};

static bool probe(const struct boot *boot)
{
	u32 magic;

	if (boot->head_size < HEADER_MAGIC_AT + sizeof(magic))
		return false;
	memcpy(&magic, boot->head + HEADER_MAGIC_AT, sizeof(magic));
	return magic == HEADER_MAGIC;
}

static int read_header(const struct boot *boot, struct kernel *kernel)
{
	const char *path = boot->kernel.path;
	struct setup_header *h = &kernel->header;
	u32 end = HEADER_JUMP_AT + 1 + boot->head[HEADER_JUMP_AT];

	if (boot->head_size < HEADER_AT + sizeof(*h))
		return fail("%s: truncated: %llu bytes", path, boot->kernel.size);
	if (end > HEADER_AT + sizeof(*h))
		end = HEADER_AT + sizeof(*h);
	kernel->header_size = end - HEADER_AT;
	memcpy(h, boot->head + HEADER_AT, sizeof(*h));
	if (h->boot_flag != BOOT_FLAG)
		return fail("%s: damaged: a bzImage without boot sector signature", path);
	if (h->version < OLDEST_VERSION)
		return fail("%s: boot protocol %u.%02u; 2.12 (Linux 3.8) or newer is needed",
			    path, h->version >> 8, h->version & 0xff);
	if (end < HEADER_AT + offsetof(struct setup_header, handover_offset))
		return fail("%s: damaged: its header is too short", path);
	if (!(h->loadflags & LOADED_HIGH))
		return fail("%s: a zImage (loaded low); a bzImage is needed", path);
	if (!(h->xloadflags & XLF_KERNEL_64))
		return fail("%s: a 32-bit kernel, or one without 64-bit entry", path);
	return 0;
}

/* Where the code is in the file, and that all of it is there */
static int find_payload(const struct boot *boot, struct kernel *kernel)
{
	const struct setup_header *h = &kernel->header;
	u64 setup = (h->setup_sects ? h->setup_sects : 4) + 1;
	u64 code = (u64)h->syssize * 16, rest;

	kernel->payload = setup * SECTOR;
	if (boot->kernel.size <= kernel->payload)
		return fail("%s: truncated: %llu bytes, its set-up code alone has %llu",
			    boot->kernel.path, boot->kernel.size, kernel->payload);
	rest = boot->kernel.size - kernel->payload;
	if (code <= ENTRY_64)
		return fail("%s: damaged: its header says that there is no kernel in it",
			    boot->kernel.path);
	if (code > align_up(rest, 16))
		return fail("%s: truncated: %llu bytes, %llu are needed", boot->kernel.path,
			    boot->kernel.size, kernel->payload + code);
	/* Behind the code there may be a signature, which is no business of the CPU's */
	kernel->payload_size = code < rest ? code : rest;
	return 0;
}

/*
 * An AxVisor file has the address of the code that AxVisor puts in front of the kernel;
 * here there is none, and the kernel is entered where its header says.
 */
static int check_entry(const struct boot *boot, const struct kernel *kernel)
{
	const struct number_config *entry = &boot->config->entry;

	if (!entry->given || entry->value == AXVISOR_STUB || entry->value == kernel->load ||
	    entry->value == kernel->load + ENTRY_64)
		return 0;
	return boot_no_entry(boot->config, "a bzImage starts where its header says");
}

/* The kernel unpacks itself at pref_address or above: there it needs init_size bytes */
static int place_kernel(const struct boot *boot, const struct guest_memory *memory,
			struct kernel *kernel)
{
	const struct number_config *address = &boot->config->kernel_addr;
	const struct setup_header *h = &kernel->header;
	u64 alignment = h->relocatable_kernel ? h->kernel_alignment : 1;
	u64 need = h->init_size > kernel->payload_size ? h->init_size : kernel->payload_size;
	char text[32];
	u64 at;

	if (!alignment || (alignment & (alignment - 1)) || alignment > GIB)
		return fail("%s: damaged: alignment %#x", boot->kernel.path, h->kernel_alignment);
	if (h->pref_address < X86_FIRMWARE_END || h->pref_address >= X86_HIGH_START)
		return fail("%s: wants to be loaded at %#llx", boot->kernel.path,
			    (u64)h->pref_address);
	at = align_up(h->pref_address, alignment);
	kernel->load = address->given ? address->value : at;
	if (kernel->load != at && !h->relocatable_kernel)
		return config_fail(boot->config, address->line,
				   "kernel_load_addr %#llx: this bzImage can only be at %#llx",
				   kernel->load, at);
	if (kernel->load % alignment || kernel->load < X86_FIRMWARE_END ||
	    kernel->load >= X86_HIGH_START)
		return config_fail(boot->config, address->line,
				   "kernel_load_addr %#llx: this bzImage wants a multiple of %#llx",
				   kernel->load, alignment);
	/* Below its preferred address it moves itself there */
	kernel->end = (kernel->load > at ? kernel->load : at) + need;
	if (kernel->end > x86_low_end(memory))
		return config_fail(boot->config, boot->config->kernel_line,
				   "%s: does not fit into memory: it needs %s from %#llx on",
				   boot->kernel.path,
				   size_text(align_up(need, MIB), text, sizeof(text)),
				   kernel->load > at ? kernel->load : at);
	return check_entry(boot, kernel);
}

static int load_kernel(const struct boot *boot, struct guest_memory *memory,
		       const struct kernel *kernel)
{
	return image_read(&boot->kernel, kernel->payload,
			  memory_at(memory, kernel->load, kernel->payload_size),
			  kernel->payload_size);
}

static int load_cmdline(const struct boot *boot, struct guest_memory *memory,
			const struct kernel *kernel)
{
	const char *text = boot->config->cmdline ? boot->config->cmdline : DEFAULT_CMDLINE;
	u64 length = strlen(text), limit = kernel->header.cmdline_size;

	if (!limit || limit >= CMDLINE_LIMIT)
		limit = CMDLINE_LIMIT - 1;
	if (length > limit)
		return config_fail(boot->config, boot->config->cmdline_line,
				   "the command line has %llu characters; %s takes %llu", length,
				   boot->kernel.path, limit);
	memcpy(memory_at(memory, CMDLINE_AT, length + 1), text, length + 1);
	return 0;
}

/* Where the user says */
static int load_initrd_at(const struct boot *boot, struct guest_memory *memory,
			  const struct kernel *kernel, u64 start, u64 size)
{
	u64 limit = (u64)kernel->header.initrd_addr_max + 1;

	if (start < X86_FIRMWARE_END || !memory_at(memory, start, size) ||
	    start + size > limit || (start < kernel->end && start + size > kernel->load))
		return config_fail(boot->config, boot->config->initrd_addr.line,
				   "ramdisk_load_addr %#llx: no room in memory beside the kernel for %#llx bytes",
				   start, size);
	return boot_load_initrd(boot, memory, start);
}

/* All -i files, one behind the other, as high as the kernel can reach */
static int load_initrd(const struct boot *boot, struct guest_memory *memory,
		       const struct kernel *kernel, u64 *start, u64 *size)
{
	u64 limit = x86_low_end(memory), at;

	*start = 0;
	if (boot_initrd_size(boot, size))
		return -1;
	if (!*size)
		return 0;
	if (boot->config->initrd_addr.given) {
		*start = boot->config->initrd_addr.value;
		return load_initrd_at(boot, memory, kernel, *start, *size);
	}
	if (limit > (u64)kernel->header.initrd_addr_max + 1)
		limit = (u64)kernel->header.initrd_addr_max + 1;
	if (limit < kernel->end || *size > limit - kernel->end)
		return fail("%s: does not fit into memory beside the kernel",
			    boot->modules[0].path);
	at = align_down(limit - *size, PAGE_BYTES);
	if (at < kernel->end)
		return fail("%s: does not fit into memory beside the kernel",
			    boot->modules[0].path);
	*start = at;
	return boot_load_initrd(boot, memory, at);
}

/* Maps the first 4 GiB to themselves by 2 MiB pages (SDM Vol. 3A 4.5) */
static void write_page_tables(struct guest_memory *memory)
{
	u64 *tables = memory_at(memory, PAGE_TABLES_AT, 6 * PAGE_BYTES);
	const u64 present_writable = 0x3, huge = 0x83, entries = PAGE_BYTES / 8;
	u64 i;

	tables[0] = (PAGE_TABLES_AT + PAGE_BYTES) | present_writable;
	for (i = 0; i < 4; i++)
		tables[entries + i] = (PAGE_TABLES_AT + (2 + i) * PAGE_BYTES) | present_writable;
	for (i = 0; i < 4 * entries; i++)
		tables[2 * entries + i] = i * 2 * MIB | huge;
}

static void write_zero_page(struct guest_memory *memory, const struct kernel *kernel, u64 rsdp,
			    u64 initrd, u64 initrd_size)
{
	struct boot_params *params = memory_at(memory, ZERO_PAGE_AT, sizeof(*params));
	struct x86_e820 map[X86_E820_MAX];
	unsigned int i;

	memset(params, 0, sizeof(*params));
	memcpy(&params->hdr, &kernel->header, kernel->header_size);
	params->hdr.type_of_loader = LOADER_UNDEFINED;
	params->hdr.vid_mode = 0xffff;		/* "normal" */
	params->hdr.code32_start = kernel->load;
	params->hdr.cmd_line_ptr = CMDLINE_AT;
	params->hdr.ramdisk_image = initrd;
	params->hdr.ramdisk_size = initrd_size;
	params->hdr.setup_data = 0;
	params->ext_ramdisk_image = initrd >> 32;
	params->ext_ramdisk_size = initrd_size >> 32;
	params->acpi_rsdp_addr = rsdp;
	params->e820_entries = x86_memory_map(memory, map);
	for (i = 0; i < params->e820_entries; i++) {
		params->e820_table[i].addr = map[i].base;
		params->e820_table[i].size = map[i].length;
		params->e820_table[i].type = map[i].type;
	}
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	u64 rsdp, initrd, initrd_size;
	struct kernel kernel;

	if (read_header(boot, &kernel) || find_payload(boot, &kernel) ||
	    place_kernel(boot, memory, &kernel) || load_cmdline(boot, memory, &kernel) ||
	    load_initrd(boot, memory, &kernel, &initrd, &initrd_size) ||
	    load_kernel(boot, memory, &kernel) || x86_firmware(boot, memory, &rsdp))
		return -1;
	write_page_tables(memory);
	x86_write_gdt(memory_at(memory, GDT_AT, X86_GDT_BYTES), true);
	write_zero_page(memory, &kernel, rsdp, initrd, initrd_size);
	x86_regs_long(regs, kernel.load + ENTRY_64, GDT_AT, PAGE_TABLES_AT);
	x86_regs(regs)->gpr[AXVM_X86_RSI] = ZERO_PAGE_AT;
	return 0;
}

const struct boot_protocol x86_linux = {
	.name = "Linux",
	.probe = probe,
	.load = load,
};
