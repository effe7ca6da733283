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
	if (boot_load_flats(boot, memory))
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
