// SPDX-License-Identifier: GPL-2.0
/*
 * Small valid kernel images, from which tests and the fuzzer make invalid ones.
 */
#include <asm/bootparam.h>
#include <linux/elf.h>
#include <stddef.h>
#include <string.h>

#include "../x86.h"
#include "check.h"

#define LINUX_SETUP	1024	/* setup_sects 1 */

static void fill(u8 *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = i * 7 + (i >> 8);
}

/**
 * sample_linux() - a bzImage
 * @image: SAMPLE_BYTES
 *
 * Return: its length.
 */
size_t sample_linux(u8 *image)
{
	struct setup_header h = {
		.setup_sects = 1,
		.syssize = SAMPLE_LINUX_CODE / 16,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,
		.header = 0x53726448,
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = SAMPLE_LINUX_CMDLINE,
		.pref_address = SAMPLE_LINUX_LOAD,
		.init_size = SAMPLE_LINUX_INIT,
	};

	memset(image, 0, LINUX_SETUP);
	memcpy(image + 0x1f1, &h, sizeof(h));
	fill(image + LINUX_SETUP, SAMPLE_LINUX_CODE);
	return LINUX_SETUP + SAMPLE_LINUX_CODE;
}

static void put_multiboot_header(u8 *at, u32 flags)
{
	x86_put(at, 0, 4, 0x1badb002);
	x86_put(at, 4, 4, flags);
	x86_put(at, 8, 4, -(0x1badb002 + flags));
}

/**
 * sample_elf32() - a 32-bit multiboot ELF file, linked higher than it is loaded
 * @image: SAMPLE_BYTES
 *
 * Return: its length.
 */
size_t sample_elf32(u8 *image)
{
	struct elf32_hdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = SAMPLE_ELF_VIRTUAL + 0x10,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(struct elf32_phdr),
		.e_phnum = 2,
	};
	struct elf32_phdr p[2] = {
		{ .p_type = PT_NOTE },
		{ .p_type = PT_LOAD, .p_offset = 0x1000, .p_vaddr = SAMPLE_ELF_VIRTUAL,
		  .p_paddr = SAMPLE_ELF_LOAD, .p_filesz = SAMPLE_ELF_CODE,
		  .p_memsz = SAMPLE_ELF_CODE + SAMPLE_ELF_BSS },
	};

	memset(image, 0, 0x1000);
	memcpy(image, &h, sizeof(h));
	memcpy(image + h.e_phoff, p, sizeof(p));
	fill(image + 0x1000, SAMPLE_ELF_CODE);
	put_multiboot_header(image + 0x1004, 3);
	return 0x1000 + SAMPLE_ELF_CODE;
}

/**
 * sample_elf64() - a 64-bit multiboot ELF file
 * @image: SAMPLE_BYTES
 *
 * Return: its length.
 */
size_t sample_elf64(u8 *image)
{
	struct elf64_hdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = SAMPLE_ELF_LOAD + 0x10,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(struct elf64_phdr),
		.e_phnum = 1,
	};
	struct elf64_phdr p = {
		.p_type = PT_LOAD, .p_offset = 0x1000, .p_vaddr = 0xffffffff80200000ULL,
		.p_paddr = SAMPLE_ELF_LOAD, .p_filesz = SAMPLE_ELF_CODE,
		.p_memsz = SAMPLE_ELF_CODE + SAMPLE_ELF_BSS
	};

	memset(image, 0, 0x1000);
	memcpy(image, &h, sizeof(h));
	memcpy(image + h.e_phoff, &p, sizeof(p));
	fill(image + 0x1000, SAMPLE_ELF_CODE);
	put_multiboot_header(image + 0x1004, 3);
	return 0x1000 + SAMPLE_ELF_CODE;
}

/**
 * sample_addresses() - a file whose multiboot header says where it is loaded
 * @image: SAMPLE_BYTES
 *
 * Its first 0x100 bytes are not loaded.
 *
 * Return: its length.
 */
size_t sample_addresses(u8 *image)
{
	u8 *header = image + 0x200;

	fill(image, 0x100 + SAMPLE_ELF_CODE);
	put_multiboot_header(header, 0x10003);
	x86_put(header, 12, 4, SAMPLE_ELF_LOAD + 0x100);
	x86_put(header, 16, 4, SAMPLE_ELF_LOAD);
	x86_put(header, 20, 4, SAMPLE_ELF_LOAD + SAMPLE_ELF_CODE);
	x86_put(header, 24, 4, SAMPLE_ELF_LOAD + SAMPLE_ELF_CODE + SAMPLE_ELF_BSS);
	x86_put(header, 28, 4, SAMPLE_ELF_LOAD + 0x10);
	return 0x100 + SAMPLE_ELF_CODE;
}

/**
 * sample_kernel() - the architecture's usual kernel
 * @image: SAMPLE_BYTES
 *
 * Return: its length.
 */
size_t sample_kernel(u8 *image)
{
	return sample_linux(image);
}
