// SPDX-License-Identifier: GPL-2.0
/*
 * Flat binaries: files copied to where the user says, entered in real mode or in
 * 32-bit protected mode with flat segments. The stack starts just below the
 * lowest of them.
 */
#include <string.h>

#include "x86.h"

#define GDT_AT	0x800ULL	/* not among the interrupt vectors, not in the BDA */

static u64 lowest(const struct vm_config *config)
{
	u64 low = ~0ULL;
	unsigned int i;

	for (i = 0; i < config->nr_flats; i++)
		if (config->flats[i].gpa < low)
			low = config->flats[i].gpa;
	return low;
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

static int load_files(const struct boot *boot, struct guest_memory *memory)
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

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	const struct vm_config *config = boot->config;
	u64 rsdp, stack = lowest(config);

	if (!memory_at(memory, config->entry, 1))
		return fail("--entry %#llx: there is no memory", config->entry);
	/* Files last: they may replace what the firmware left */
	if (x86_firmware(boot, memory, &rsdp))
		return -1;
	x86_write_gdt(memory_at(memory, GDT_AT, X86_GDT_BYTES), false);
	if (load_files(boot, memory))
		return -1;
	if (config->entry_mode == ENTRY_REAL) {
		x86_regs_real(regs, config->entry);
		stack = stack > 0xffff ? 0 : stack;	/* 0: 64 KiB and down */
	} else {
		x86_regs_protected(regs, config->entry, GDT_AT);
		stack = stack > 0xffffffff ? 0 : stack;
	}
	x86_regs(regs)->gpr[AXVM_X86_RSP] = stack;
	return 0;
}

const struct boot_protocol arch_flat = {
	.name = "flat",
	.load = load,
};
