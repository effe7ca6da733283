/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an architecture gives to the launcher. Its files are <arch>-*.c, chosen
 * by the Makefile; nothing else in the launcher knows registers, memory maps or
 * image formats.
 */
#ifndef AXVM_TOOL_ARCH_H
#define AXVM_TOOL_ARCH_H

#include <stdio.h>

#include "boot.h"
#include "config.h"
#include "memory.h"

#define ARCH_MIN_MEMORY		(4 * MIB)
#define ARCH_MAX_MEMORY		(1024 * GIB)
#define ARCH_MAX_VCPUS		254

/* AXVM_ARCH_* of this launcher, as axvm_info.arch says it */
extern const u32 arch_number;

/* Kinds of kernel images, NULL at the end, and their names for a message */
extern const struct boot_protocol *const arch_protocols[];
extern const char *const arch_kernel_kinds;

/* What an ELF file is that is no such image */
extern const char *const arch_elf_mistake;

/* What the architecture adds to `axvm run --help`: lines of options */
extern const char *const arch_usage;

/* How flat binaries are started */
extern const struct boot_protocol arch_flat;

/* For how many vCPUs the machine has room */
extern const u32 arch_max_vcpus;

/**
 * struct pci_layout - a machine's PCI bus; all 0: it has none
 * @ecam: where its configuration space is
 * @ecam_size: bytes of that: 1 MiB, of one bus
 * @window: where BARs can be
 * @window_size: bytes of that
 * @irq: the interrupt of its first device; the next ones follow
 * @messages: the first interrupt that messages are
 * @nr_messages: how many
 */
struct pci_layout {
	u64 ecam;
	u64 ecam_size;
	u64 window;
	u64 window_size;
	u32 irq;
	u32 messages;
	u32 nr_messages;
};

/* Where it is, if a VM has devices for it */
extern const struct pci_layout arch_pci;

/* AXVM_DEV_* of the clock that --rtc sets: seconds in cfg[0] */
extern const u32 arch_rtc;

/* The devices of a VM whose user asks for none */
void arch_default_devices(struct vm_config *config);

/**
 * struct device_range - where a device is
 * @ports: I/O ports, not memory
 * @base: first of them
 * @length: how many
 */
struct device_range {
	bool ports;
	u64 base;
	u64 length;
};

#define ARCH_DEVICE_RANGES	4

/* Where one is, as far as it is known here. Return: how many ranges, up to ARCH_DEVICE_RANGES */
unsigned int arch_device_ranges(const struct vm_config *config, const struct device_config *device,
				struct device_range *ranges);

/* The interrupt of a device whose configuration says 0; 0: it has none, or has its own */
u32 arch_usual_irq(const struct device_config *device);

/* Interrupts that a device may have */
bool arch_irq_valid(u32 irq);

/* The physical CPU with that hardware id (MPIDR, APIC id). Return: its number, or -1 */
int arch_host_cpu(u64 id);

/* Which of the host's interrupt controllers numbers what can be passed: its name in sysfs */
extern const char *const arch_host_controller;

/* Below that, its numbers are Linux's own */
extern const u32 arch_host_irq_own;

/* The architecture's own rules. Return: 0, or -1 with a message */
int arch_check_config(struct vm_config *config);

/* Where RAM appears */
void arch_map_memory(struct guest_memory *memory);

/* Registers of a vCPU that waits to be started by the first one */
void arch_secondary_regs(struct boot_regs *regs);

/* Registers as text; @regs as in axvm_run.regs */
void arch_print_regs(FILE *f, const void *regs);

/* --mode: how flat binaries are entered. Return: 0, or -1 with a message */
int arch_set_mode(struct vm_config *config, const char *mode);

/* Of a debug-exit device: what --debug-exit and --no-debug-exit change */
int arch_set_debug_exit(struct vm_config *config, u64 address);
bool arch_debug_exit_valid(const struct vm_config *config, u64 address);
extern const char *const arch_debug_exit_places;

/* doctor: checks of the CPU. Return: how many problems it told */
int arch_doctor_cpu(void);

#endif /* AXVM_TOOL_ARCH_H */
