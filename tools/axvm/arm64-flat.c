// SPDX-License-Identifier: GPL-2.0
/*
 * Flat binaries: files copied to where the user says, entered at EL1 with the MMU off.
 * A device tree is in the last 2 MiB of memory, its address in X0; without room for it,
 * X0 is 0.
 */
#include "arm64.h"

/* Bytes up to the first flat binary behind an address; 0 if one is at it */
static u64 room_at(const struct boot *boot, const struct guest_memory *memory, u64 at)
{
	const struct boot_flat *flats = boot->flats;
	u64 room = ARM64_DTB_SIZE;
	unsigned int i;

	for (i = 0; i < boot->nr_flats; i++) {
		if (flats[i].gpa <= at && at - flats[i].gpa < flats[i].image.size)
			return 0;
		if (flats[i].gpa > at && flats[i].gpa - at < room)
			room = flats[i].gpa - at;
	}
	while (room && !memory_at(memory, at, room))
		room = align_down(room / 2, 8);
	return room;
}

static u64 place_dtb(const struct boot *boot, const struct guest_memory *memory, u64 *room)
{
	const struct memory_region *ram = &memory->regions[memory->nr_regions - 1];
	u64 end = ram->gpa + ram->size, at = align_down(end - ARM64_DTB_SIZE, ARM64_DTB_SIZE);

	if (boot->config->dtb_addr.given) {
		*room = room_at(boot, memory, boot->config->dtb_addr.value);
		return boot->config->dtb_addr.value;
	}
	*room = ARM64_DTB_SIZE;
	if (at < ram->gpa || room_at(boot, memory, at) < ARM64_DTB_SIZE)
		return 0;
	return at;
}

static int load(struct boot *boot, struct guest_memory *memory, struct boot_regs *regs)
{
	const struct vm_config *config = boot->config;
	struct arm64_dtb dtb = { .cmdline = NULL };
	u64 at = place_dtb(boot, memory, &dtb.room);

	if (!memory_at(memory, config->entry.value, 4))
		return boot_no_entry(config, "there is no memory");
	if (dtb.room < ARM64_DTB_LEAST)
		return config_fail(config, config->dtb_addr.line,
				   "dtb_load_addr %#llx: no room in memory for a device tree", at);
	if (!at && config->dtb.path)
		return config_fail(config, config->dtb.line,
				   "%s: no room for it in the last 2M of memory",
				   config->dtb.path);
	if (boot_load_flats(boot, memory))
		return -1;
	if (at && arm64_dtb_build(config, memory, &dtb, at))
		return -1;
	arm64_regs_start(regs, config->entry.value, at);
	return 0;
}

const struct boot_protocol arch_flat = {
	.name = "flat",
	.load = load,
};
