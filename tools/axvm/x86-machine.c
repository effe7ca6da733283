// SPDX-License-Identifier: GPL-2.0
/*
 * The PC that a guest finds: where its RAM is, which devices it has, and what
 * its firmware would have left in memory.
 */
#include <stdio.h>
#include <string.h>

#include "x86.h"

const u32 arch_number = AXVM_ARCH_X86_64;
const struct boot_protocol *const arch_protocols[] = { &x86_linux, &x86_multiboot, NULL };
const char *const arch_kernel_kinds =
	"a 64-bit Linux bzImage, a multiboot ELF file, or a file with a multiboot header";
const char *const arch_elf_mistake =
	"an ELF file without multiboot header (of Linux, give the bzImage)";
const u32 arch_max_vcpus = ARCH_MAX_VCPUS;
const u32 arch_rtc = AXVM_DEV_RTC_CMOS;
const char *const arch_host_controller = "IO-APIC";
const u32 arch_host_irq_own = 16;	/* the ISA bus */
const struct pci_layout arch_pci;	/* none */
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

const char *const arch_debug_exit_places = "a port is 1 to 0xfffc";

bool arch_debug_exit_valid(const struct vm_config *config, u64 address)
{
	(void)config;
	return address && address <= 0x10000 - 4;
}

int arch_set_debug_exit(struct vm_config *config, u64 address)
{
	struct device_config *device = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	if (!arch_debug_exit_valid(config, address))
		return fail("--debug-exit: %s", arch_debug_exit_places);
	if (device)
		device->base = address;
	return 0;
}

/* The ACPI tables say where these are */
static int check_devices(struct vm_config *config)
{
	static const struct {
		u32 type;
		u64 base;
	} fixed[] = {
		{ AXVM_DEV_LAPIC, X86_LAPIC_BASE },
		{ AXVM_DEV_IOAPIC, X86_IOAPIC_BASE },
		{ AXVM_DEV_ACPI_PM, X86_ACPI_PM_BASE },
	};
	const struct device_config *device;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		device = config_find_device(config, fixed[i].type);
		if (device && device->base != fixed[i].base)
			return config_fail(config, device->line, "%s: on a PC it is at %#llx",
					   device->name, fixed[i].base);
	}
	return 0;
}

/* The launcher puts its own pieces into the first megabyte */
static int check_ram(const struct vm_config *config)
{
	const struct ram_config *low = &config->ram[0];

	if (!config->nr_ram)
		return 0;
	if (low->gpa || low->size < X86_FIRMWARE_END || low->flags & AXVM_MEM_READONLY)
		return config_fail(config, low->line,
				   "memory_regions: a PC has memory in the first megabyte");
	return 0;
}

int arch_check_config(struct vm_config *config)
{
	unsigned int i;

	if (config->dtb.path)
		return config_fail(config, config->dtb.line, "%s: a PC has no device tree",
				   config->dtb.line ? "dtb_path" : "--dtb");
	if (config->dtb_addr.given)
		return config_fail(config, config->dtb_addr.line,
				   "dtb_load_addr: a PC has no device tree");
	if (check_devices(config) || check_ram(config))
		return -1;
	for (i = 0; i < config->nr_modules; i++)
		if (config->modules[i].args && strlen(config->modules[i].args) >= 4 * KIB)
			return config_fail(config, config->modules[i].line,
					   "-i %s: its command line is too long",
					   config->modules[i].path);
	return 0;
}

/* What there is of each type of device; a base or length of 0 is the configuration's */
static const struct {
	u32 type;
	struct device_range range;
} device_sizes[] = {
	{ AXVM_DEV_LAPIC, { false, 0, 0x1000 } },
	{ AXVM_DEV_IOAPIC, { false, 0, 0x1000 } },
	{ AXVM_DEV_PIC, { true, 0x20, 2 } },
	{ AXVM_DEV_PIC, { true, 0xa0, 2 } },
	{ AXVM_DEV_PIC, { true, 0x4d0, 2 } },
	{ AXVM_DEV_PIT, { true, 0x40, 4 } },
	{ AXVM_DEV_PIT, { true, 0x61, 1 } },
	{ AXVM_DEV_CONSOLE, { true, 0, 8 } },
	{ AXVM_DEV_RTC_CMOS, { true, 0x70, 2 } },
	{ AXVM_DEV_ACPI_PM, { true, 0, 12 } },
	{ AXVM_DEV_PC_RESET, { true, 0x60, 1 } },
	{ AXVM_DEV_PC_RESET, { true, 0x64, 1 } },
	{ AXVM_DEV_PC_RESET, { true, 0xcf9, 1 } },
	{ AXVM_DEV_DEBUG_EXIT, { true, 0, 0 } },
	{ AXVM_DEV_IVC_CHANNEL, { false, 0, 0 } },
};

unsigned int arch_device_ranges(const struct vm_config *config, const struct device_config *device,
				struct device_range *ranges)
{
	unsigned int n = 0;
	size_t i;

	(void)config;
	for (i = 0; i < ARRAY_SIZE(device_sizes); i++) {
		if (device_sizes[i].type != device->type)
			continue;
		ranges[n] = device_sizes[i].range;
		if (!ranges[n].base)
			ranges[n].base = device->base;
		if (!ranges[n].length)
			ranges[n].length = device->length;
		n++;
	}
	/* Of a type that is not known here, memory is all that can be told from ports */
	if (!n && device->length && device->base + device->length > 0x10000)
		ranges[n++] = (struct device_range){ .base = device->base,
						     .length = device->length };
	return n;
}

u32 arch_usual_irq(const struct device_config *device)
{
	if (device->type == AXVM_DEV_CONSOLE)
		return device->base & 0x100 ? X86_COM1_IRQ : X86_COM2_IRQ;
	if (device->type == AXVM_DEV_RTC_CMOS)
		return X86_RTC_IRQ;
	return device->type == AXVM_DEV_ACPI_PM ? X86_SCI_IRQ : 0;
}

bool arch_irq_valid(u32 irq)
{
	return irq < X86_IOAPIC_PINS;
}

int arch_host_cpu(u64 id)
{
	unsigned long long value;
	FILE *f = fopen("/proc/cpuinfo", "re");
	int cpu = -1, found = -1;
	char line[256];

	while (f && found < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "processor : %d", &cpu) == 1)
			continue;
		if (sscanf(line, "apicid : %llu", &value) == 1 && value == id)
			found = cpu;
	}
	if (f)
		fclose(f);
	return found;
}

void arch_map_memory(struct guest_memory *memory)
{
	u64 low = memory->size < X86_LOW_LIMIT ? memory->size : X86_LOW_LIMIT;

	memory_add_region(memory, 0, low, 0);
	if (memory->size > low)
		memory_add_region(memory, X86_HIGH_START, memory->size - low, 0);
}

/**
 * x86_low_end() - where the RAM below the device hole ends
 * @memory: the VM's memory
 *
 * Return: a guest-physical address.
 */
u64 x86_low_end(const struct guest_memory *memory)
{
	return memory->regions[0].size < X86_LOW_LIMIT ? memory->regions[0].size : X86_LOW_LIMIT;
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
	if (memory->regions[0].size > X86_FIRMWARE_END)
		map[n++] = (struct x86_e820){ X86_FIRMWARE_END,
					      memory->regions[0].size - X86_FIRMWARE_END,
					      X86_E820_RAM };
	for (i = 1; i < memory->nr_regions && n < X86_E820_MAX; i++)
		map[n++] = (struct x86_e820){ memory->regions[i].gpa, memory->regions[i].size,
					      memory->regions[i].flags & AXVM_MEM_READONLY ?
					      X86_E820_RESERVED : X86_E820_RAM };
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
