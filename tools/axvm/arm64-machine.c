// SPDX-License-Identifier: GPL-2.0
/*
 * The board that a guest finds: where its RAM is and which devices it has. Addresses are
 * those of QEMU's "virt" machine, which many guests know.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arm64.h"

const u32 arch_number = AXVM_ARCH_ARM64;
const struct boot_protocol *const arch_protocols[] = { &arm64_linux, NULL };
const char *const arch_kernel_kinds = "a Linux Image, not compressed";
const char *const arch_elf_mistake = "an ELF file (of Linux, give arch/arm64/boot/Image)";
const u32 arch_max_vcpus = ARM64_MAX_VCPUS;
const u32 arch_rtc = AXVM_DEV_PL031;
const char *const arch_host_controller = "GIC";
const u32 arch_host_irq_own;	/* none */
const char *const arch_usage =
"  -k, --kernel FILE        kernel: Linux Image\n"
"  -i, --initrd FILE        initramfs (more than one are joined)\n"
"  -a, --cmdline TEXT       the kernel's command line (if not given: console=ttyAMA0)\n"
"      --dtb FILE           device tree instead of the launcher's own; its memory and\n"
"                           /chosen are filled in\n"
"      --debug-exit ADDRESS 4 bytes that end the VM with the status written to them\n";

const struct pci_layout arch_pci = {
	.ecam = ARM64_ECAM_BASE,
	.ecam_size = ARM64_ECAM_SIZE,
	.window = ARM64_PCI_BASE,
	.window_size = ARM64_ECAM_BASE - ARM64_PCI_BASE,
	.irq = ARM64_PCI_IRQ,
	.messages = ARM64_PCI_MESSAGES,
	.nr_messages = ARM64_PCI_NR_MESSAGES,
};

/* In the order in which they are made: the interrupt controller first */
static const struct device_config board_devices[] = {
	{ .type = AXVM_DEV_GICV3, .name = "gic", .base = ARM64_GICD_BASE, .nr_cfg = 1,
	  .cfg = { ARM64_GICR_BASE } },
	{ .type = AXVM_DEV_CONSOLE, .name = "uart", .base = ARM64_PL011_BASE,
	  .length = ARM64_PERIPHERAL_SIZE, .irq = ARM64_PL011_IRQ, .console = true },
	{ .type = AXVM_DEV_PL031, .name = "rtc", .base = ARM64_PL031_BASE,
	  .length = ARM64_PERIPHERAL_SIZE, .irq = ARM64_PL031_IRQ },
};

void arch_default_devices(struct vm_config *config)
{
	memcpy(config->emu_devices, board_devices, sizeof(board_devices));
	config->nr_emu_devices = ARRAY_SIZE(board_devices);
}

int arch_set_mode(struct vm_config *config, const char *mode)
{
	(void)config;
	return fail("--mode %s: flat binaries are entered at EL1, without a choice", mode);
}

const char *const arch_debug_exit_places = "an address below 0x40000000 that 4 divides";

/* Above that, without memory_regions, is RAM */
bool arch_debug_exit_valid(const struct vm_config *config, u64 address)
{
	return address && address % 4 == 0 && (config->nr_regions || address < ARM64_RAM_BASE);
}

/* The device in memory: cfg[0] is 1 */
int arch_set_debug_exit(struct vm_config *config, u64 address)
{
	const struct device_config device = {
		.type = AXVM_DEV_DEBUG_EXIT, .name = "debug-exit", .base = address, .length = 4,
		.nr_cfg = 1, .cfg = { 1 },
	};
	struct device_config *old = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	if (!arch_debug_exit_valid(config, address))
		return fail("--debug-exit: %s", arch_debug_exit_places);
	if (old)
		config_remove_device(config, old);
	return config_add_device(config, &device) ? 0 : -1;
}

int arch_check_config(struct vm_config *config)
{
	const struct device_config *gic = config_find_device(config, AXVM_DEV_GICV3);

	if (gic && gic->nr_cfg > 1 && gic->cfg[1] < config->nr_vcpus)
		return config_fail(config, gic->line, "redistributors for %llu of %u vCPUs",
				   gic->cfg[1], config->nr_vcpus);
	if (config->entry.value % 4)
		return boot_no_entry(config, "instructions are at multiples of 4");
	if (config_uses_bios(config) || (config->enable_bios.given && config->enable_bios.value))
		return config_fail(config, config->bios.line ?: config->enable_bios.line,
				   "an arm64 board has no BIOS");
	if (config->boot_method == BOOT_MULTIBOOT)
		return config_fail(config, config->boot_method_line,
				   "boot_protocol multiboot: there is none on arm64");
	return 0;
}

/* What there is of each type of device; a base or length of 0 is the configuration's */
static const struct {
	u32 type;
	u64 base;
	u64 length;
} device_sizes[] = {
	{ AXVM_DEV_GICV3, ARM64_GICD_BASE, ARM64_GICD_SIZE },
	{ AXVM_DEV_CONSOLE, ARM64_PL011_BASE, ARM64_PERIPHERAL_SIZE },
	{ AXVM_DEV_PL031, ARM64_PL031_BASE, ARM64_PERIPHERAL_SIZE },
};

unsigned int arch_device_ranges(const struct vm_config *config, const struct device_config *device,
				struct device_range *ranges)
{
	unsigned int n = 0;
	size_t i;

	ranges[0] = (struct device_range){ .base = device->base, .length = device->length };
	for (i = 0; i < ARRAY_SIZE(device_sizes); i++) {
		if (device_sizes[i].type != device->type)
			continue;
		ranges[0].length = device_sizes[i].length;
		if (!ranges[0].base)
			ranges[0].base = device_sizes[i].base;
	}
	n = ranges[0].length ? 1 : 0;
	if (device->type == AXVM_DEV_GICV3)
		ranges[n++] = (struct device_range){
			.base = device->nr_cfg && device->cfg[0] ? device->cfg[0] :
				ARM64_GICR_BASE,
			.length = ARM64_GICR_SIZE * config->nr_vcpus,
		};
	return n;
}

u32 arch_usual_irq(const struct device_config *device)
{
	if (device->type == AXVM_DEV_CONSOLE &&
	    (!device->base || device->base == ARM64_PL011_BASE))
		return ARM64_PL011_IRQ;
	return device->type == AXVM_DEV_PL031 ? ARM64_PL031_IRQ : 0;
}

bool arch_irq_valid(u32 irq)
{
	return irq >= ARM64_SPI_FIRST && irq <= ARM64_SPI_LAST;
}

/* The host's device tree has them: one cell or two. Hosts without one do not say */
int arch_host_cpu(u64 id)
{
	long cpu, count = sysconf(_SC_NPROCESSORS_CONF);
	unsigned char bytes[8];
	char path[80];
	size_t n, i;
	u64 value;
	FILE *f;

	for (cpu = 0; cpu < count; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/of_node/reg", cpu);
		f = fopen(path, "re");
		if (!f)
			continue;
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		for (i = 0, value = 0; i < n; i++)
			value = value << 8 | bytes[i];
		if (n && value == id)
			return cpu;
	}
	return -1;
}

void arch_map_memory(struct guest_memory *memory)
{
	memory_add_region(memory, ARM64_RAM_BASE, memory->size, 0);
}

/**
 * arm64_mpidr() - the affinity numbers of a vCPU, as the module gives them
 * @vcpu: its number
 *
 * A GIC sends SGIs to lists of 16 with the same Aff1.
 *
 * Return: Aff1 and Aff0, in their places of MPIDR_EL1.
 */
u32 arm64_mpidr(u32 vcpu)
{
	return (vcpu >> 4) << 8 | (vcpu & 15);
}
