// SPDX-License-Identifier: GPL-2.0
/*
 * Flat binaries: files copied to where the user says, entered at EL1 with the MMU off.
 * A device tree is in the last 2 MiB of memory, its address in X0; without room for it,
 * X0 is 0.
 */
#include "arm64.h"

static u64 place_dtb(const struct boot *boot, const struct guest_memory *memory)
{
	const struct flat_config *flats = boot->config->flats;
	const struct memory_region *ram = &memory->regions[memory->nr_regions - 1];
	u64 end = ram->gpa + ram->size, at = align_down(end - ARM64_DTB_SIZE, ARM64_DTB_SIZE);
	unsigned int i;

	if (at < ram->gpa)
		return 0;
	for (i = 0; i < boot->config->nr_flats; i++)
		if (flats[i].gpa < at + ARM64_DTB_SIZE && at < flats[i].gpa + boot->flats[i].size)
			return 0;
	return at;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	const struct arm64_dtb dtb = { .cmdline = NULL };
	u64 at = place_dtb(boot, memory);

	if (!memory_at(memory, boot->config->entry, 4))
		return fail("--entry %#llx: there is no memory", boot->config->entry);
	if (!at && boot->config->dtb_path)
		return fail("%s: no room for it in the last 2M of memory",
			    boot->config->dtb_path);
	if (boot_load_flats(boot, memory))
		return -1;
	if (at && arm64_dtb_build(boot->config, memory, &dtb, at))
		return -1;
	arm64_regs_start(regs, boot->config->entry, at);
	return 0;
}

const struct boot_protocol arch_flat = {
	.name = "flat",
	.load = load,
};
