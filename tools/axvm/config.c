// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration model's defaults, building blocks and rules: what any front
 * end uses to fill it, and the check that every configuration must pass.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "config.h"

/**
 * config_init() - a VM with the architecture's usual devices and no image
 * @config: filled in
 */
void config_init(struct vm_config *config)
{
	memset(config, 0, sizeof(*config));
	config->nr_vcpus = 1;
	config->memory = 512 * MIB;
	config->interrupt_mode = AXVM_IRQ_EMULATED;
	arch_default_devices(config);
}

/**
 * config_free() - free what a configuration owns
 * @config: the configuration
 */
void config_free(struct vm_config *config)
{
	unsigned int i;

	free(config->file);
	free(config->kernel_path);
	free(config->cmdline);
	free(config->dtb.path);
	free(config->bios.path);
	free(config->uefi.path);
	free(config->disk.path);
	config_drop_modules(config);
	config_drop_flats(config);
	for (i = 0; i < config->nr_passthrough; i++)
		free(config->passthrough[i].name);
	memset(config, 0, sizeof(*config));
}

/**
 * config_fail() - say what is wrong with a configuration
 * @config: the configuration
 * @line: of its file; 0: it did not come from there
 * @fmt: printf format
 *
 * Return: -1.
 */
int config_fail(const struct vm_config *config, u32 line, const char *fmt, ...)
{
	char text[900];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!line)
		return fail("%s", text);
	return fail("%s:%u: %s", config->file, line, text);
}

/**
 * config_set() - replace a string of a configuration by a copy
 * @where: the string
 * @text: what to copy, or NULL
 *
 * Return: 0, or -1 with a message.
 */
int config_set(char **where, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return fail_errno(ENOMEM, "configuration");
	}
	free(*where);
	*where = copy;
	return 0;
}

/**
 * config_set_name() - name the VM
 * @config: the configuration
 * @name: at most AXVM_NAME_LEN - 1 printable characters
 *
 * Return: 0, or -1 with a message.
 */
int config_set_name(struct vm_config *config, const char *name)
{
	size_t i, length = strlen(name);

	if (!length || length >= sizeof(config->name))
		return fail("name '%.40s': 1 to %zu characters are possible", name,
			    sizeof(config->name) - 1);
	for (i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return fail("a VM's name has printable characters only");
	memset(config->name, 0, sizeof(config->name));
	memcpy(config->name, name, length);
	return 0;
}

/**
 * config_add_module() - add an initramfs or multiboot module
 * @config: the configuration
 * @path: the file
 * @args: its command line, or NULL
 *
 * Return: 0, or -1 with a message.
 */
int config_add_module(struct vm_config *config, const char *path, const char *args)
{
	struct module_config *module = &config->modules[config->nr_modules];

	if (config->nr_modules == CONFIG_MAX_MODULES)
		return fail("more than %d files with -i", CONFIG_MAX_MODULES);
	config->nr_modules++;
	if (config_set(&module->path, path))
		return -1;
	return config_set(&module->args, args);
}

/**
 * config_add_flat() - add a flat binary
 * @config: the configuration
 * @path: the file
 * @gpa: where it goes
 *
 * Return: 0, or -1 with a message.
 */
int config_add_flat(struct vm_config *config, const char *path, u64 gpa)
{
	struct flat_config *flat = &config->flats[config->nr_flats];

	if (config->nr_flats == CONFIG_MAX_FLATS)
		return fail("more than %d files with --flat", CONFIG_MAX_FLATS);
	config->nr_flats++;
	flat->gpa = gpa;
	return config_set(&flat->path, path);
}

/**
 * config_drop_modules() - take all modules out
 * @config: the configuration
 */
void config_drop_modules(struct vm_config *config)
{
	while (config->nr_modules) {
		struct module_config *module = &config->modules[--config->nr_modules];

		free(module->path);
		free(module->args);
		memset(module, 0, sizeof(*module));
	}
	memset(&config->initrd_addr, 0, sizeof(config->initrd_addr));
}

/**
 * config_drop_flats() - take all flat binaries out
 * @config: the configuration
 */
void config_drop_flats(struct vm_config *config)
{
	while (config->nr_flats) {
		struct flat_config *flat = &config->flats[--config->nr_flats];

		free(flat->path);
		memset(flat, 0, sizeof(*flat));
	}
}

/**
 * config_add_passthrough() - add a piece of hardware
 * @config: the configuration
 * @kind: what it is
 *
 * Return: where to fill it in, or NULL if there is no room.
 */
struct passthrough_config *config_add_passthrough(struct vm_config *config,
						  enum passthrough_kind kind)
{
	struct passthrough_config *passthrough = &config->passthrough[config->nr_passthrough];

	if (config->nr_passthrough == CONFIG_MAX_PASSTHROUGH)
		return NULL;
	config->nr_passthrough++;
	memset(passthrough, 0, sizeof(*passthrough));
	passthrough->kind = kind;
	return passthrough;
}

/**
 * config_add_device() - add an emulated device
 * @config: the configuration
 * @device: copied
 *
 * Return: the copy, or NULL with a message.
 */
struct device_config *config_add_device(struct vm_config *config,
					const struct device_config *device)
{
	if (config->nr_emu_devices == CONFIG_MAX_DEVICES) {
		fail("more than %d devices", CONFIG_MAX_DEVICES);
		return NULL;
	}
	config->emu_devices[config->nr_emu_devices] = *device;
	return &config->emu_devices[config->nr_emu_devices++];
}

/**
 * config_find_device() - the first device of a type
 * @config: the configuration
 * @type: AXVM_DEV_*
 *
 * Return: the device or NULL.
 */
struct device_config *config_find_device(struct vm_config *config, u32 type)
{
	unsigned int i;

	for (i = 0; i < config->nr_emu_devices; i++)
		if (config->emu_devices[i].type == type)
			return &config->emu_devices[i];
	return NULL;
}

/**
 * config_remove_device() - take a device out
 * @config: the configuration
 * @device: one of its devices
 */
void config_remove_device(struct vm_config *config, struct device_config *device)
{
	struct device_config *end = config->emu_devices + config->nr_emu_devices;

	memmove(device, device + 1, (end - device - 1) * sizeof(*device));
	config->nr_emu_devices--;
}

/* Names a VM after its image if nobody named it */
static void default_name(struct vm_config *config)
{
	const char *path = config->kernel_path ? config->kernel_path : config->flats[0].path;
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t i;

	for (i = 0; i < sizeof(config->name) - 1 && base[i]; i++)
		config->name[i] = base[i] > ' ' && base[i] <= '~' ? base[i] : '_';
}

/**
 * config_uses_bios() - whether a flat binary starts the kernel
 * @config: the configuration
 *
 * Return: so it is.
 */
bool config_uses_bios(const struct vm_config *config)
{
	return config->bios.path && (!config->enable_bios.given || config->enable_bios.value);
}

/* Files that exclude each other, or need each other */
static int check_images(const struct vm_config *config)
{
	if (!config->kernel_path && !config->nr_flats)
		return fail("nothing to run: give a kernel (-k FILE) or --flat FILE@ADDRESS");
	if (config->kernel_path && config->nr_flats)
		return fail("-k and --flat exclude each other");
	if (config->nr_flats && config->nr_modules)
		return config_fail(config, config->modules[0].line,
				   "-i needs a kernel (-k); a flat binary takes no modules");
	if (config->nr_flats && config->cmdline)
		return config_fail(config, config->cmdline_line,
				   "-a needs a kernel (-k); a flat binary takes no command line");
	if (config->boot_method == BOOT_DIRECT &&
	    (config_uses_bios(config) || (config->enable_bios.given && config->enable_bios.value)))
		return config_fail(config, config->boot_method_line,
				   "boot_protocol direct: without a BIOS");
	if (!config_uses_bios(config))
		return 0;
	if (config->nr_flats)
		return config_fail(config, config->bios.line, "bios_path needs a kernel_path");
	if (!config->bios_addr.given)
		return config_fail(config, config->bios.line, "bios_path needs a bios_load_addr");
	if (!config->kernel_addr.given)
		return config_fail(config, config->bios.line,
				   "bios_path needs a kernel_load_addr");
	if (!config->entry.given)
		return config_fail(config, config->bios.line, "bios_path needs an entry_point");
	return 0;
}

static int check_memory(const struct vm_config *config)
{
	u32 line = config->memory_line;

	if (config->memory < ARCH_MIN_MEMORY)
		return config_fail(config, line, "a VM needs at least %lluM of memory",
				   ARCH_MIN_MEMORY / MIB);
	if (config->memory % PAGE_BYTES)
		return config_fail(config, line, "memory comes in pages of %llu bytes",
				   PAGE_BYTES);
	if (config->memory > ARCH_MAX_MEMORY)
		return config_fail(config, line, "a VM has at most %lluG of memory",
				   ARCH_MAX_MEMORY / GIB);
	return 0;
}

static int check_cpus(const struct vm_config *config)
{
	if (!config->nr_vcpus || config->nr_vcpus > ARCH_MAX_VCPUS)
		return config_fail(config, config->vcpus_line, "a VM has 1 to %d vCPUs",
				   ARCH_MAX_VCPUS);
	if (config->nr_vcpus > arch_max_vcpus)
		return config_fail(config, config->vcpus_line, "%u vCPUs: there is room for %u",
				   config->nr_vcpus, arch_max_vcpus);
	if (config->nr_cpu_sets && config->nr_cpu_sets != config->nr_vcpus)
		return config_fail(config, config->cpus_line,
				   "phys_cpu_sets has %u entries for %u vCPUs",
				   config->nr_cpu_sets, config->nr_vcpus);
	if (config->nr_cpu_ids && config->nr_cpu_ids != config->nr_vcpus)
		return config_fail(config, config->cpus_line,
				   "phys_cpu_ids has %u entries for %u vCPUs", config->nr_cpu_ids,
				   config->nr_vcpus);
	return 0;
}

/**
 * config_check() - the rules that every configuration obeys
 * @config: the configuration; what was left open gets its default
 *
 * Return: 0, or -1 with a message.
 */
int config_check(struct vm_config *config)
{
	if (check_images(config) || check_cpus(config) || config_check_ivc(config) ||
	    config_check_vfio(config) || config_lay_out(config) || check_memory(config))
		return -1;
	if (!config->name[0])
		default_name(config);
	return arch_check_config(config);
}
