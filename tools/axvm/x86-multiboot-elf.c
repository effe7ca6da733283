// SPDX-License-Identifier: GPL-2.0
/*
 * The segments of a multiboot kernel that is an ELF file, of 32 or of 64 bits
 * (the latter starts in 32-bit mode all the same, and gets itself into long mode).
 */
#include <linux/elf.h>
#include <string.h>

#include "x86-multiboot.h"

#define MAX_HEADERS	64	/* a kernel has a handful */

/**
 * struct elf - what of an ELF header is of use, whatever its class
 * @is_64: the class
 * @entry: entry point, as linked
 * @table: offset of the program headers
 * @count: how many
 * @each: bytes of each
 */
struct elf {
	bool is_64;
	u64 entry;
	u64 table;
	u32 count;
	u32 each;
};

static int read_header(const struct boot *boot, struct elf *elf)
{
	const char *path = boot->kernel.path;
	struct elf32_hdr h32;
	struct elf64_hdr h64;
	u32 machine, type, each;

	if (boot->head_size < sizeof(h64))
		return fail("%s: truncated: %llu bytes", path, boot->kernel.size);
	memcpy(&h32, boot->head, sizeof(h32));
	memcpy(&h64, boot->head, sizeof(h64));
	if (h32.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (h32.e_ident[EI_CLASS] != ELFCLASS32 && h32.e_ident[EI_CLASS] != ELFCLASS64))
		return fail("%s: an ELF file, but not for x86", path);
	elf->is_64 = h32.e_ident[EI_CLASS] == ELFCLASS64;
	machine = elf->is_64 ? h64.e_machine : h32.e_machine;
	type = elf->is_64 ? h64.e_type : h32.e_type;
	each = elf->is_64 ? h64.e_phentsize : h32.e_phentsize;
	elf->entry = elf->is_64 ? h64.e_entry : h32.e_entry;
	elf->table = elf->is_64 ? h64.e_phoff : h32.e_phoff;
	elf->count = elf->is_64 ? h64.e_phnum : h32.e_phnum;
	elf->each = elf->is_64 ? sizeof(struct elf64_phdr) : sizeof(struct elf32_phdr);
	if (machine != (elf->is_64 ? EM_X86_64 : EM_386))
		return fail("%s: an ELF file, but not for x86", path);
	if (type != ET_EXEC && type != ET_DYN)
		return fail("%s: an ELF file, but not an executable one", path);
	if (each != elf->each || !elf->count || elf->count > MAX_HEADERS)
		return fail("%s: damaged: its ELF header has no usable program headers", path);
	return 0;
}

/* Return: 1 if it is to be loaded, 0 if not, -1 with a message */
static int read_segment(const struct boot *boot, const struct elf *elf, u32 index,
			struct multiboot_segment *segment)
{
	struct elf32_phdr p32;
	struct elf64_phdr p64;
	u64 at;

	if (__builtin_add_overflow(elf->table, (u64)index * elf->each, &at))
		return fail("%s: the file is truncated", boot->kernel.path);
	if (elf->is_64) {
		if (image_read(&boot->kernel, at, &p64, sizeof(p64)))
			return -1;
		*segment = (struct multiboot_segment){
			p64.p_offset, p64.p_filesz, p64.p_paddr, p64.p_vaddr, p64.p_memsz
		};
		return p64.p_type == PT_LOAD && p64.p_memsz;
	}
	if (image_read(&boot->kernel, at, &p32, sizeof(p32)))
		return -1;
	*segment = (struct multiboot_segment){
		p32.p_offset, p32.p_filesz, p32.p_paddr, p32.p_vaddr, p32.p_memsz
	};
	return p32.p_type == PT_LOAD && p32.p_memsz;
}

/* The entry point is given as linked; some give the physical one instead */
static int find_entry(struct multiboot_load *load, u64 entry)
{
	const struct multiboot_segment *s;
	unsigned int i;

	for (i = 0; i < load->nr_segments; i++) {
		s = &load->segments[i];
		if (entry >= s->vaddr && entry - s->vaddr < s->memory_size) {
			load->entry = entry - s->vaddr + s->gpa;
			return 0;
		}
	}
	for (i = 0; i < load->nr_segments; i++) {
		s = &load->segments[i];
		if (entry >= s->gpa && entry - s->gpa < s->memory_size) {
			load->entry = entry;
			return 0;
		}
	}
	return fail("%s: its entry point %#llx is not in it", load->boot->kernel.path, entry);
}

/**
 * multiboot_load_elf() - load an ELF file's segments and find its entry point
 * @load: the kernel
 *
 * Return: 0, or -1 with a message.
 */
int multiboot_load_elf(struct multiboot_load *load)
{
	struct multiboot_segment segment;
	struct elf elf;
	u32 i;
	int ret;

	if (read_header(load->boot, &elf))
		return -1;
	for (i = 0; i < elf.count; i++) {
		ret = read_segment(load->boot, &elf, i, &segment);
		if (ret > 0)
			ret = multiboot_add(load, &segment);
		if (ret < 0)
			return -1;
	}
	if (!load->nr_segments)
		return fail("%s: there is nothing to load in it", load->boot->kernel.path);
	return find_entry(load, elf.entry);
}
