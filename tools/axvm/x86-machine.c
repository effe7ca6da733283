// SPDX-License-Identifier: GPL-2.0
/*
 * The PC that a guest finds: where its RAM is, which devices it has, and what
 * its firmware would have left in memory.
 */
#include <string.h>

#include "x86.h"

const u32 arch_number = AXVM_ARCH_X86_64;
const struct boot_protocol *const arch_protocols[] = { &x86_linux, &x86_multiboot, NULL };
const char *const arch_kernel_kinds =
	"a 64-bit Linux bzImage, a multiboot ELF file, or a file with a multiboot header";
const char *const arch_elf_mistake =
	"an ELF file without multiboot header (of Linux, give the bzImage)";
const u32 arch_rtc = AXVM_DEV_RTC_CMOS;
const char *const arch_usage =
"  -k, --kernel FILE        kernel: Linux bzImage or multiboot (found out by itself)\n"
"  -i, --initrd FILE        Linux: initramfs (more than one are joined)\n"
"  -i, --initrd FILE[,ARGS] multiboot: module with its command line\n"
"  -a, --cmdline TEXT       the kernel's command line (Linux, if not given: console=ttyS0)\n"
"      --mode real|32       start flat binaries in this mode of the CPU (real)\n"
"      --debug-exit PORT    port that ends the VM with the status written to it (0xf4)\n";

/*
 * In the order in which they are made: interrupt controllers first. A zero base
 * is the type's own.
 */
static const struct device_config pc_devices[] = {
	{ .type = AXVM_DEV_LAPIC, .name = "lapic", .base = X86_LAPIC_BASE },
	{ .type = AXVM_DEV_PIC, .name = "pic" },
	{ .type = AXVM_DEV_IOAPIC, .name = "ioapic", .base = X86_IOAPIC_BASE },
	{ .type = AXVM_DEV_PIT, .name = "pit", .irq = 0 },
	{ .type = AXVM_DEV_CONSOLE, .name = "com1", .base = X86_COM1_BASE, .length = 8,
	  .irq = X86_COM1_IRQ, .console = true },
	{ .type = AXVM_DEV_RTC_CMOS, .name = "rtc", .irq = X86_RTC_IRQ },
	{ .type = AXVM_DEV_ACPI_PM, .name = "acpi-pm", .base = X86_ACPI_PM_BASE,
	  .irq = X86_SCI_IRQ },
	{ .type = AXVM_DEV_PC_RESET, .name = "reset" },
	{ .type = AXVM_DEV_DEBUG_EXIT, .name = "debug-exit", .base = X86_DEBUG_EXIT_PORT,
	  .length = 4 },
};

void arch_default_devices(struct vm_config *config)
{
	memcpy(config->emu_devices, pc_devices, sizeof(pc_devices));
	config->nr_emu_devices = ARRAY_SIZE(pc_devices);
}

int arch_set_mode(struct vm_config *config, const char *mode)
{
	if (!strcmp(mode, "real"))
		config->entry_mode = ENTRY_REAL;
	else if (!strcmp(mode, "32"))
		config->entry_mode = ENTRY_PROTECTED32;
	else
		return fail("--mode %s: it is real or 32", mode);
	return 0;
}

int arch_set_debug_exit(struct vm_config *config, u64 address)
{
	struct device_config *device = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	if (!address || address > 0x10000 - 4)
		return fail("--debug-exit: a port is 1 to 0xfffc");
	if (device)
		device->base = address;
	return 0;
}

int arch_check_config(struct vm_config *config)
{
	unsigned int i;

	if (config->dtb_path)
		return fail("--dtb: a PC has no device tree");
	if (config->nr_flats && config->entry_mode == ENTRY_REAL &&
	    config->entry >= X86_FIRMWARE_END)
		return fail("--entry %#llx: real mode reaches the first megabyte only",
			    config->entry);
	if (config->nr_flats && config->entry > 0xffffffffULL)
		return fail("--entry %#llx: 32-bit code starts below 4G", config->entry);
	for (i = 0; i < config->nr_modules; i++)
		if (config->modules[i].args && strlen(config->modules[i].args) >= 4 * KIB)
			return fail("-i %s: its command line is too long",
				    config->modules[i].path);
	return 0;
}

void arch_map_memory(struct guest_memory *memory)
{
	u64 low = memory->size < X86_LOW_LIMIT ? memory->size : X86_LOW_LIMIT;

	memory_add_region(memory, 0, low);
	if (memory->size > low)
		memory_add_region(memory, X86_HIGH_START, memory->size - low);
}

/**
 * x86_low_end() - where the RAM below the device hole ends
 * @memory: the VM's memory
 *
 * Return: a guest-physical address.
 */
u64 x86_low_end(const struct guest_memory *memory)
{
	return memory->regions[0].size;
}

/**
 * x86_memory_map() - what a BIOS would answer to INT 15h E820h
 * @memory: the VM's memory
 * @map: out: X86_E820_MAX entries
 *
 * Return: how many are used.
 */
unsigned int x86_memory_map(const struct guest_memory *memory, struct x86_e820 *map)
{
	unsigned int i, n = 0;

	map[n++] = (struct x86_e820){ 0, X86_EBDA, X86_E820_RAM };
	map[n++] = (struct x86_e820){ X86_EBDA, X86_FIRMWARE_END - X86_EBDA,
				      X86_E820_RESERVED };
	map[n++] = (struct x86_e820){ X86_FIRMWARE_END, x86_low_end(memory) - X86_FIRMWARE_END,
				      X86_E820_RAM };
	for (i = 1; i < memory->nr_regions && n < X86_E820_MAX; i++)
		map[n++] = (struct x86_e820){ memory->regions[i].gpa, memory->regions[i].size,
					      X86_E820_RAM };
	return n;
}

/**
 * x86_firmware() - leave in memory what a PC's firmware leaves
 * @boot: what boots
 * @memory: the VM's memory
 * @rsdp: out: where the ACPI root pointer is
 *
 * Return: 0, or -1 with a message.
 */
int x86_firmware(const struct boot *boot, struct guest_memory *memory, u64 *rsdp)
{
	u64 length = X86_FIRMWARE_END - X86_FIRMWARE;
	void *bda = memory_at(memory, 0, PAGE_BYTES);

	x86_put(bda, X86_BDA_EBDA, 2, X86_EBDA >> 4);
	x86_put(bda, X86_BDA_BASE_KIB, 2, X86_EBDA / KIB);
	return x86_acpi_build(boot->config, memory_at(memory, X86_FIRMWARE, length),
			      X86_FIRMWARE, length, rsdp);
}

/**
 * x86_put() - write a little-endian number
 * @base: a buffer
 * @offset: where in it
 * @width: bytes, up to 8
 * @value: the number
 */
void x86_put(void *base, u64 offset, unsigned int width, u64 value)
{
	u8 *p = (u8 *)base + offset;

	while (width--) {
		*p++ = value;
		value >>= 8;
	}
}
