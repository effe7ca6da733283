// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration model's defaults, building blocks and rules: what any front
 * end uses to fill it, and the check that every configuration must pass.
 */
#include <errno.h>
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

	free(config->kernel_path);
	free(config->cmdline);
	free(config->dtb_path);
	for (i = 0; i < config->nr_modules; i++) {
		free(config->modules[i].path);
		free(config->modules[i].args);
	}
	for (i = 0; i < config->nr_flats; i++)
		free(config->flats[i].path);
	memset(config, 0, sizeof(*config));
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
 * config_check() - the rules that every configuration obeys
 * @config: the configuration; what was left open gets its default
 *
 * Return: 0, or -1 with a message.
 */
int config_check(struct vm_config *config)
{
	if (!config->kernel_path && !config->nr_flats)
		return fail("nothing to run: give a kernel (-k FILE) or --flat FILE@ADDRESS");
	if (config->kernel_path && config->nr_flats)
		return fail("-k and --flat exclude each other");
	if (config->nr_flats && config->nr_modules)
		return fail("-i needs a kernel (-k); a flat binary takes no modules");
	if (config->nr_flats && config->cmdline)
		return fail("-a needs a kernel (-k); a flat binary takes no command line");
	if (config->memory < ARCH_MIN_MEMORY)
		return fail("a VM needs at least %lluM of memory", ARCH_MIN_MEMORY / MIB);
	if (config->memory % PAGE_BYTES)
		return fail("memory comes in pages of %llu bytes", PAGE_BYTES);
	if (config->memory > ARCH_MAX_MEMORY)
		return fail("a VM has at most %lluG of memory", ARCH_MAX_MEMORY / GIB);
	if (!config->nr_vcpus || config->nr_vcpus > ARCH_MAX_VCPUS)
		return fail("a VM has 1 to %d vCPUs", ARCH_MAX_VCPUS);
	if (!config->name[0])
		default_name(config);
	return arch_check_config(config);
}
