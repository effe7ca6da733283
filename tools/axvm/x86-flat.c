// SPDX-License-Identifier: GPL-2.0
/*
 * Flat binaries: files copied to where the user says, entered in real mode or in
 * 32-bit protected mode with flat segments. The stack starts just below the
 * lowest of them.
 */
#include <string.h>

#include "x86.h"

#define GDT_AT			0x800ULL	/* behind the interrupt vectors and the BDA */

/* What AxVisor's own BIOS leaves in EAX; EBX, the information structure, is 0 */
#define MULTIBOOT_LOADER	0x2badb002ULL

/**
 * struct start - where and how the first instruction is executed
 * @entry: its address
 * @mode: mode of the CPU
 * @magic: EAX
 */
struct start {
	u64 entry;
	enum entry_mode mode;
	u64 magic;
};

static u64 lowest(const struct boot *boot)
{
	u64 low = ~0ULL;
	unsigned int i;

	for (i = 0; i < boot->nr_flats; i++)
		if (boot->flats[i].gpa < low)
			low = boot->flats[i].gpa;
	return low;
}

/* Where and how it starts, and that it can */
static int find_start(const struct boot *boot, struct start *start)
{
	const struct vm_config *config = boot->config;

	start->entry = config->entry.value;
	start->mode = config->entry_mode;
	start->magic = 0;
	if (config->enable_bios.given && config->enable_bios.value && !config->bios.path) {
		start->entry = config->kernel_addr.value;
		start->mode = ENTRY_PROTECTED32;
		start->magic = MULTIBOOT_LOADER;
	}
	if (start->mode == ENTRY_REAL && start->entry >= X86_FIRMWARE_END)
		return boot_no_entry(config, "real mode reaches the first megabyte only");
	if (start->entry > 0xffffffffULL)
		return boot_no_entry(config, "32-bit code starts below 4G");
	return 0;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	u64 rsdp, stack = lowest(boot);
	struct start start;

	if (find_start(boot, &start))
		return -1;
	if (!memory_at(memory, start.entry, 1))
		return boot_no_entry(boot->config, "there is no memory");
	/* Files last: they may replace what the firmware left */
	if (x86_firmware(boot, memory, &rsdp))
		return -1;
	x86_write_gdt(memory_at(memory, GDT_AT, X86_GDT_BYTES), false);
	if (boot_load_flats(boot, memory))
		return -1;
	if (start.mode == ENTRY_REAL) {
		x86_regs_real(regs, start.entry);
		stack = stack > 0xffff ? 0 : stack;	/* 0: 64 KiB and down */
	} else {
		x86_regs_protected(regs, start.entry, GDT_AT);
		stack = stack > 0xffffffff ? 0 : stack;
	}
	x86_regs(regs)->gpr[AXVM_X86_RSP] = stack;
	x86_regs(regs)->gpr[AXVM_X86_RAX] = start.magic;
	return 0;
}

const struct boot_protocol arch_flat = {
	.name = "flat",
	.load = load,
};
