// SPDX-License-Identifier: GPL-2.0
/*
 * What a configuration may say, but this version or this host cannot do. All of it is
 * read, checked and explained; `axvm run` refuses it. Whoever makes one of these things
 * work removes its lines here.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch.h"
#include "config-file.h"

/**
 * struct listing - where findings go
 * @config: the configuration
 * @say: told of each
 * @count: how many there were
 */
struct listing {
	const struct vm_config *config;
	config_say say;
	unsigned int count;
};

static void __printf(3, 4) found(struct listing *list, u32 line, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	list->say(list->config, line, text);
	list->count++;
}

/* What of a region stage 2 cannot give: another type of memory than RAM */
static void look_at_regions(struct listing *list)
{
	const struct vm_config *config = list->config;
	const struct region_config *region;
	unsigned int i;

	for (i = 0; i < config->nr_regions; i++) {
		region = &config->regions[i];
		if (region->map_type == MAP_RESERVED)
			found(list, region->line, "memory of map_type 2 (reserved)");
		else if (region->flags & (REGION_DEVICE | REGION_UNCACHED))
			found(list, region->line, "memory with the flags DEVICE or UNCACHED");
	}
}

static void look_at_devices(struct listing *list)
{
	const struct vm_config *config = list->config;
	const struct device_config *device;
	unsigned int i;

	for (i = 0; i < config->nr_emu_devices; i++) {
		device = &config->emu_devices[i];
		if (device->emu_type)
			found(list, device->line, "%s: a device of type %#x (%s)", device->name,
			      device->emu_type, config_emu_name(device->emu_type));
	}
}

const char *const config_passthrough_keys[] = {
	[PASSTHROUGH_DEVICE] = "passthrough_devices",
	[PASSTHROUGH_PATH] = "passthrough_devices",
	[PASSTHROUGH_ADDRESSES] = "passthrough_addresses",
	[PASSTHROUGH_PORTS] = "passthrough_ports",
	[PASSTHROUGH_EXCLUDED] = "excluded_devices",
	[PASSTHROUGH_HOST] = "host_devices",
};

/**
 * config_gives_range() - does it say where the hardware is?
 * @p: hardware
 *
 * Return: false: it is a path in a device tree.
 */
bool config_gives_range(const struct passthrough_config *p)
{
	return p->kind != PASSTHROUGH_PATH && p->kind != PASSTHROUGH_EXCLUDED;
}

/**
 * config_is_mapped() - does the guest reach it without an exit?
 * @config: the configuration
 * @p: hardware that has a range
 *
 * Return: false: it is routed, because it was asked for or cannot be otherwise.
 */
bool config_is_mapped(const struct vm_config *config, const struct passthrough_config *p)
{
	if (config->routed || p->routed)
		return false;
	return p->ports ? p->gpa == p->hpa : !((p->gpa | p->hpa | p->length) % PAGE_BYTES);
}

/**
 * config_gives_irq() - does it bring its interrupt?
 * @config: the configuration
 * @p: hardware
 *
 * AxVisor's files have numbers for devices that have none, too.
 *
 * Return: so it does.
 */
bool config_gives_irq(const struct vm_config *config, const struct passthrough_config *p)
{
	if (p->kind == PASSTHROUGH_HOST)
		return p->irq;
	return p->irq && arch_irq_valid(p->irq) && config->interrupt_mode != AXVM_IRQ_NONE;
}

static void passthrough_text(const struct passthrough_config *p, char *text, size_t size)
{
	if (p->name)
		snprintf(text, size, "%s: %.80s", config_passthrough_keys[p->kind], p->name);
	else
		snprintf(text, size, "%s: %#llx", config_passthrough_keys[p->kind], p->gpa);
}

/* What the host does not let go of, and what needs its device tree */
static void look_at_passthrough(struct listing *list)
{
	const struct vm_config *config = list->config;
	const struct passthrough_config *p;
	char text[160];
	unsigned int i;

	for (i = 0; i < config->nr_passthrough; i++) {
		p = &config->passthrough[i];
		passthrough_text(p, text, sizeof(text));
		if (!config_gives_range(p))
			found(list, p->line, "%s", text);
		else if (config_meets((struct vm_config *)config, p, true))
			found(list, p->line, "%s, an interrupt controller,", text);
	}
	if (config->passthrough_space)
		found(list, config->passthrough_space, "address_space_policy passthrough");
}

static void list_passthrough(struct listing *list)
{
	const struct vm_config *config = list->config;
	char text[160];
	unsigned int i;

	if (config->interrupt_mode == AXVM_IRQ_PASSTHROUGH)
		found(list, config->interrupt_mode_line, "interrupt_mode passthrough");
	for (i = 0; i < config->nr_passthrough; i++) {
		passthrough_text(&config->passthrough[i], text, sizeof(text));
		found(list, config->passthrough[i].line, "%s", text);
	}
	for (i = 0; i < config->nr_vfio; i++)
		found(list, config->vfio[i].line, "vfio: %s", config->vfio[i].address);
	if (config->passthrough_space)
		found(list, config->passthrough_space, "address_space_policy passthrough");
}

/**
 * config_unsupported() - list what this version cannot do
 * @config: a checked configuration
 * @say: told of each, without "is not supported by this version"
 *
 * Return: how many there are.
 */
unsigned int config_unsupported(const struct vm_config *config, config_say say)
{
	struct listing list = { .config = config, .say = say };

	if (config->vm_type.given && !config->vm_type.value)
		found(&list, config->vm_type.line, "vm_type 0 (the host itself as a VM)");
	if (config->boot_method == BOOT_UEFI)
		found(&list, config->boot_method_line, "boot_protocol uefi");
	else if (config->uefi.path)
		found(&list, config->uefi.line, "uefi_firmware_path");
	if (config->disk.path)
		found(&list, config->disk.line, "disk_path");
	look_at_regions(&list);
	look_at_devices(&list);
	look_at_passthrough(&list);
	return list.count;
}

/**
 * config_leave_out() - --no-passthrough: do without the host's hardware
 * @config: the configuration, changed
 * @say: told of each thing that is left out
 */
void config_leave_out(struct vm_config *config, config_say say)
{
	struct listing list = { .config = config, .say = say };
	struct device_config *device;
	unsigned int i;

	list_passthrough(&list);
	if (config->interrupt_mode == AXVM_IRQ_PASSTHROUGH)
		config->interrupt_mode = AXVM_IRQ_EMULATED;
	for (i = 0; i < config->nr_passthrough; i++)
		free(config->passthrough[i].name);
	config->nr_passthrough = 0;
	config->nr_vfio = 0;
	config->passthrough_space = 0;
	for (i = 0; i < config->nr_emu_devices;) {
		device = &config->emu_devices[i];
		if (device->emu_type == EMU_GPPT_ITS) {
			found(&list, device->line, "%s: the host's ITS", device->name);
			config_remove_device(config, device);
		} else {
			i++;
		}
	}
}

/**
 * config_check_host() - whether this host has the CPUs that are asked for
 * @config: a checked configuration
 *
 * Return: 0, or -1 with a message.
 */
int config_check_host(const struct vm_config *config)
{
	cpu_set_t allowed, wanted;
	u32 i;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return 0;
	for (i = 0; i < config->nr_vcpus; i++) {
		if (!config_cpus(config, i, &wanted))
			continue;
		CPU_AND(&wanted, &wanted, &allowed);
		if (CPU_COUNT(&wanted))
			continue;
		if (config->nr_cpu_sets)
			return config_fail(config, config->cpus_line,
					   "phys_cpu_sets: vCPU %u may run on %#llx: this host has none of these CPUs",
					   i, config->cpu_sets[i]);
		return config_fail(config, config->cpus_line,
				   "phys_cpu_ids: vCPU %u is for the CPU with the id %#llx: this host has none",
				   i, config->cpu_ids[i]);
	}
	return 0;
}

/**
 * config_cpus() - the physical CPUs of a vCPU
 * @config: a checked configuration
 * @vcpu: its number
 * @set: out: a cpu_set_t: they; empty if there is no such
 *
 * Return: whether it is bound to any.
 */
bool config_cpus(const struct vm_config *config, u32 vcpu, void *set)
{
	cpu_set_t *cpus = set;
	unsigned int bit;
	int cpu;

	CPU_ZERO(cpus);
	if (config->nr_cpu_sets) {
		for (bit = 0; bit < 64; bit++)
			if (config->cpu_sets[vcpu] >> bit & 1)
				CPU_SET(bit, cpus);
		return true;
	}
	if (!config->nr_cpu_ids)
		return false;
	cpu = arch_host_cpu(config->cpu_ids[vcpu]);
	if (cpu >= 0)
		CPU_SET(cpu, cpus);
	return true;
}
