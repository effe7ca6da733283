// SPDX-License-Identifier: GPL-2.0
/*
 * The board that a guest finds: where its RAM is and which devices it has. Addresses are
 * those of QEMU's "virt" machine, which many guests know.
 */
#include <string.h>

#include "arm64.h"

const u32 arch_number = AXVM_ARCH_ARM64;
const struct boot_protocol *const arch_protocols[] = { &arm64_linux, NULL };
const char *const arch_kernel_kinds = "a Linux Image, not compressed";
const char *const arch_elf_mistake = "an ELF file (of Linux, give arch/arm64/boot/Image)";
const u32 arch_rtc = AXVM_DEV_PL031;
const char *const arch_usage =
"  -k, --kernel FILE        kernel: Linux Image\n"
"  -i, --initrd FILE        initramfs (more than one are joined)\n"
"  -a, --cmdline TEXT       the kernel's command line (if not given: console=ttyAMA0)\n"
"      --dtb FILE           device tree instead of the launcher's own; its memory and\n"
"                           /chosen are filled in\n"
"      --debug-exit ADDRESS 4 bytes that end the VM with the status written to them\n";

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

/* The device in memory: cfg[0] is 1 */
int arch_set_debug_exit(struct vm_config *config, u64 address)
{
	const struct device_config device = {
		.type = AXVM_DEV_DEBUG_EXIT, .name = "debug-exit", .base = address, .length = 4,
		.nr_cfg = 1, .cfg = { 1 },
	};
	struct device_config *old = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	if (!address || address % 4 || address >= ARM64_RAM_BASE)
		return fail("--debug-exit: an address below %#llx that 4 divides", ARM64_RAM_BASE);
	if (old)
		config_remove_device(config, old);
	return config_add_device(config, &device) ? 0 : -1;
}

int arch_check_config(struct vm_config *config)
{
	if (config->nr_vcpus > ARM64_MAX_VCPUS)
		return fail("%u vCPUs: there is room for %llu", config->nr_vcpus, ARM64_MAX_VCPUS);
	if (config->entry % 4)
		return fail("--entry %#llx: instructions are at multiples of 4", config->entry);
	return 0;
}

void arch_map_memory(struct guest_memory *memory)
{
	memory_add_region(memory, ARM64_RAM_BASE, memory->size);
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
