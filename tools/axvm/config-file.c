// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration files. The format is AxVisor's, both generations of it, with the tables
 * [base], [kernel] and [devices]; what a VM of axvm has besides is in [axvm]. Each key
 * is a row below. A key without a row is an error: nothing is ignored in silence.
 *
 * Documentation/configuration.rst says what each key means here.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "config-file.h"

#define FILE_LIMIT	(64 * KIB)
#define LINE_LIMIT	4096	/* a line is what keys can be nested in */

/**
 * struct key - a key of a table
 * @name: the key
 * @type: of its value
 * @take: put its value into a configuration. Return: 0, or -1 with a message.
 * @offset: for some: where in struct vm_config it goes
 */
struct key {
	const char *name;
	enum toml_type type;
	int (*take)(struct vm_config *config, const struct toml_node *node,
		    const struct key *key);
	size_t offset;
};

#define OFFSET(member)	offsetof(struct vm_config, member)

static const char *const type_names[] = {
	[TOML_TABLE] = "a table",
	[TOML_ARRAY] = "an array",
	[TOML_STRING] = "a string",
	[TOML_INTEGER] = "a number",
	[TOML_BOOLEAN] = "true or false",
};

/* --- values ------------------------------------------------------------------------- */

static int bad_value(const struct vm_config *config, const struct toml_node *node,
		     const char *what)
{
	return config_fail(config, node->line, "%s: %s", node->key, what);
}

/* A path of a file is meant from where the file is. Return: a copy, or NULL with a message */
static char *full_path(const struct vm_config *config, const char *path)
{
	const char *slash = strrchr(config->file, '/');
	size_t length = slash && path[0] != '/' ? slash + 1 - config->file : 0;
	char *full = malloc(length + strlen(path) + 1);

	if (!full) {
		fail_errno(ENOMEM, "%s", config->file);
		return NULL;
	}
	memcpy(full, config->file, length);
	memcpy(full + length, path, strlen(path) + 1);
	return full;
}

static int take_path(struct vm_config *config, const struct toml_node *node,
		     const struct key *key)
{
	struct path_config *path = (struct path_config *)((char *)config + key->offset);

	if (!node->text[0])
		return bad_value(config, node, "an empty path");
	path->path = full_path(config, node->text);
	path->line = node->line;
	return path->path ? 0 : -1;
}

static int take_number(struct vm_config *config, const struct toml_node *node,
		       const struct key *key)
{
	struct number_config *number = (struct number_config *)((char *)config + key->offset);

	if (node->number < 0)
		return bad_value(config, node, "a negative number");
	number->value = node->number;
	number->given = true;
	number->line = node->line;
	return 0;
}

static int take_bool(struct vm_config *config, const struct toml_node *node,
		     const struct key *key)
{
	*((bool *)((char *)config + key->offset)) = node->number;
	return 0;
}

/* Numbers of an array. Return: how many, or -1 with a message */
static int take_numbers(struct vm_config *config, const struct toml_node *node, u64 *numbers)
{
	const struct toml_node *entry;
	int count = 0;

	for (entry = node->first; entry; entry = entry->next) {
		if (count == ARCH_MAX_VCPUS)
			return bad_value(config, node, "too many entries");
		if (entry->type != TOML_INTEGER || entry->number < 0)
			return config_fail(config, entry->line, "%s: a number from 0 on is wanted",
					   node->key);
		numbers[count++] = entry->number;
	}
	config->cpus_line = node->line;
	return count;
}

/* --- [base] -------------------------------------------------------------------------- */

static int take_name(struct vm_config *config, const struct toml_node *node,
		     const struct key *key)
{
	size_t length = strlen(node->text), i;

	(void)key;
	if (!length || length >= sizeof(config->name))
		return bad_value(config, node, "1 to 31 characters are possible");
	memset(config->name, 0, sizeof(config->name));
	for (i = 0; i < length; i++)
		config->name[i] = node->text[i] > ' ' && node->text[i] <= '~' ? node->text[i] : '_';
	return 0;
}

static int take_vm_type(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	if (node->number > 2)
		return bad_value(config, node, "0, 1 or 2");
	return take_number(config, node, key);
}

static int take_cpu_num(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	(void)key;
	config->vcpus_line = node->line;
	if (node->number < 1 || node->number > ARCH_MAX_VCPUS)
		return config_fail(config, node->line, "cpu_num: a VM has 1 to %d vCPUs",
				   ARCH_MAX_VCPUS);
	config->nr_vcpus = node->number;
	return 0;
}

static int take_cpu_ids(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	int count = take_numbers(config, node, config->cpu_ids);

	(void)key;
	if (!count)
		return bad_value(config, node, "no entries");
	config->nr_cpu_ids = count > 0 ? count : 0;
	return count < 0 ? -1 : 0;
}

static int take_cpu_sets(struct vm_config *config, const struct toml_node *node,
			 const struct key *key)
{
	int i, count = take_numbers(config, node, config->cpu_sets);

	(void)key;
	if (!count)
		return bad_value(config, node, "no entries");
	for (i = 0; i < count; i++)
		if (!config->cpu_sets[i])
			return bad_value(config, node, "an empty set");
	config->nr_cpu_sets = count > 0 ? count : 0;
	return count < 0 ? -1 : 0;
}

static const struct key base_keys[] = {
	{ "id", TOML_INTEGER, take_number, OFFSET(id) },
	{ "name", TOML_STRING, take_name, 0 },
	{ "vm_type", TOML_INTEGER, take_vm_type, OFFSET(vm_type) },
	{ "cpu_num", TOML_INTEGER, take_cpu_num, 0 },
	{ "phys_cpu_ids", TOML_ARRAY, take_cpu_ids, 0 },
	{ "phys_cpu_sets", TOML_ARRAY, take_cpu_sets, 0 },
	{ }
};

/* --- [kernel] ------------------------------------------------------------------------ */

static int take_kernel_path(struct vm_config *config, const struct toml_node *node,
			    const struct key *key)
{
	(void)key;
	if (!node->text[0])
		return bad_value(config, node, "an empty path");
	config->kernel_path = full_path(config, node->text);
	config->kernel_line = node->line;
	return config->kernel_path ? 0 : -1;
}

static int take_cmdline(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	(void)key;
	config->cmdline_line = node->line;
	return config_set(&config->cmdline, node->text);
}

static int add_module(struct vm_config *config, const struct toml_node *node, const char *path,
		      const char *args)
{
	struct module_config *module = &config->modules[config->nr_modules];

	if (config->nr_modules == CONFIG_MAX_MODULES)
		return config_fail(config, node->line, "more than %d modules", CONFIG_MAX_MODULES);
	if (!path[0])
		return config_fail(config, node->line, "an empty path");
	config->nr_modules++;
	module->line = node->line;
	module->path = full_path(config, path);
	return module->path ? config_set(&module->args, args) : -1;
}

static int take_ramdisk(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	(void)key;
	return add_module(config, node, node->text, NULL);
}

/* Where an image comes from: here from a file of the host's, in both cases */
static int take_location(struct vm_config *config, const struct toml_node *node,
			 const struct key *key)
{
	(void)key;
	if (strcmp(node->text, "fs") && strcmp(node->text, "memory"))
		return bad_value(config, node, "\"fs\" or \"memory\"");
	return 0;
}

static int take_enable_bios(struct vm_config *config, const struct toml_node *node,
			    const struct key *key)
{
	return take_number(config, node, key);
}

static int take_boot_protocol(struct vm_config *config, const struct toml_node *node,
			      const struct key *key)
{
	static const char *const names[] = {
		[BOOT_DIRECT] = "direct", [BOOT_MULTIBOOT] = "multiboot", [BOOT_UEFI] = "uefi",
	};
	unsigned int i;

	(void)key;
	config->boot_method_line = node->line;
	for (i = BOOT_DIRECT; i <= BOOT_UEFI; i++) {
		if (!strcmp(node->text, names[i])) {
			config->boot_method = i;
			return 0;
		}
	}
	return bad_value(config, node, "\"direct\", \"multiboot\" or \"uefi\"");
}

#define REGION_NAMES	"memory_regions: an entry is [gpa, size, flags, map_type]"

static int take_region(struct vm_config *config, const struct toml_node *entry)
{
	struct region_config *region = &config->regions[config->nr_regions];
	const struct toml_node *node;
	u64 values[4], n = 0;

	if (entry->type != TOML_ARRAY || entry->count != ARRAY_SIZE(values))
		return config_fail(config, entry->line, REGION_NAMES);
	for (node = entry->first; node; node = node->next) {
		if (node->type != TOML_INTEGER || node->number < 0)
			return config_fail(config, node->line, REGION_NAMES);
		values[n++] = node->number;
	}
	if (config->nr_regions == CONFIG_MAX_REGIONS)
		return config_fail(config, entry->line, "memory_regions: more than %d",
				   CONFIG_MAX_REGIONS);
	if (values[2] & ~(u64)REGION_FLAGS)
		return config_fail(config, entry->line, "memory_regions: unknown flags %#llx",
				   values[2] & ~(u64)REGION_FLAGS);
	if (!(values[2] & REGION_READ))
		return config_fail(config, entry->line,
				   "memory_regions: memory that cannot be read (flags %#llx)",
				   values[2]);
	if (values[3] >= MAP_TYPES)
		return config_fail(config, entry->line,
				   "memory_regions: map_type %llu: 0 alloc, 1 identical, 2 reserved",
				   values[3]);
	config->nr_regions++;
	*region = (struct region_config){
		.gpa = values[0], .size = values[1], .flags = values[2],
		.map_type = values[3], .line = entry->line,
	};
	return 0;
}

static int take_regions(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	const struct toml_node *entry;

	(void)key;
	for (entry = node->first; entry; entry = entry->next)
		if (take_region(config, entry))
			return -1;
	return 0;
}

static const struct key kernel_keys[] = {
	{ "entry_point", TOML_INTEGER, take_number, OFFSET(entry) },
	{ "kernel_path", TOML_STRING, take_kernel_path, 0 },
	{ "kernel_load_addr", TOML_INTEGER, take_number, OFFSET(kernel_addr) },
	{ "cmdline", TOML_STRING, take_cmdline, 0 },
	{ "ramdisk_path", TOML_STRING, take_ramdisk, 0 },
	{ "ramdisk_load_addr", TOML_INTEGER, take_number, OFFSET(initrd_addr) },
	{ "dtb_path", TOML_STRING, take_path, OFFSET(dtb) },
	{ "dtb_load_addr", TOML_INTEGER, take_number, OFFSET(dtb_addr) },
	{ "bios_path", TOML_STRING, take_path, OFFSET(bios) },
	{ "bios_load_addr", TOML_INTEGER, take_number, OFFSET(bios_addr) },
	{ "enable_bios", TOML_BOOLEAN, take_enable_bios, OFFSET(enable_bios) },
	{ "boot_protocol", TOML_STRING, take_boot_protocol, 0 },
	{ "uefi_firmware_path", TOML_STRING, take_path, OFFSET(uefi) },
	{ "disk_path", TOML_STRING, take_path, OFFSET(disk) },
	{ "image_location", TOML_STRING, take_location, 0 },
	{ "memory_regions", TOML_ARRAY, take_regions, 0 },
	{ }
};

/* --- [devices] ----------------------------------------------------------------------- */

static int take_emu_devices(struct vm_config *config, const struct toml_node *node,
			    const struct key *key)
{
	(void)key;
	return config_take_emu_devices(config, node);
}

/* @offset is the kind */
static int take_passthrough(struct vm_config *config, const struct toml_node *node,
			    const struct key *key)
{
	return config_take_passthrough(config, node, (enum passthrough_kind)key->offset);
}

static int take_interrupt_mode(struct vm_config *config, const struct toml_node *node,
			       const struct key *key)
{
	static const struct {
		const char *name;
		u32 mode;
	} modes[] = {
		{ "no_irq", AXVM_IRQ_NONE },
		{ "no", AXVM_IRQ_NONE },
		{ "none", AXVM_IRQ_NONE },
		{ "emu", AXVM_IRQ_EMULATED },
		{ "emulated", AXVM_IRQ_EMULATED },
		{ "passthrough", AXVM_IRQ_PASSTHROUGH },
		{ "pt", AXVM_IRQ_PASSTHROUGH },
	};
	size_t i;

	(void)key;
	config->interrupt_mode_line = node->line;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(node->text, modes[i].name)) {
			config->interrupt_mode = modes[i].mode;
			return 0;
		}
	}
	return bad_value(config, node, "\"no_irq\", \"emulated\" or \"passthrough\"");
}

static int take_space(struct vm_config *config, const struct toml_node *node,
		      const struct key *key)
{
	(void)key;
	if (!strcmp(node->text, "passthrough"))
		config->passthrough_space = node->line;
	else if (strcmp(node->text, "virtualized"))
		return bad_value(config, node, "\"virtualized\" or \"passthrough\"");
	return 0;
}

static const struct key devices_keys[] = {
	{ "interrupt_mode", TOML_STRING, take_interrupt_mode, 0 },
	{ "emu_devices", TOML_ARRAY, take_emu_devices, 0 },
	{ "passthrough_devices", TOML_ARRAY, take_passthrough, PASSTHROUGH_DEVICE },
	{ "passthrough_addresses", TOML_ARRAY, take_passthrough, PASSTHROUGH_ADDRESSES },
	{ "passthrough_ports", TOML_ARRAY, take_passthrough, PASSTHROUGH_PORTS },
	{ "excluded_devices", TOML_ARRAY, take_passthrough, PASSTHROUGH_EXCLUDED },
	{ "address_space_policy", TOML_STRING, take_space, 0 },
	{ }
};

/* --- [axvm]: what `axvm run` has as options ------------------------------------------- */

static int take_memory(struct vm_config *config, const struct toml_node *node,
		       const struct key *key)
{
	(void)key;
	config->memory_line = node->line;
	if (!parse_size(node->text, &config->memory))
		return bad_value(config, node, "not a size like \"512M\" or \"2G\"");
	return 0;
}

static int take_no_passthrough(struct vm_config *config, const struct toml_node *node,
			       const struct key *key)
{
	(void)key;
	config->no_passthrough = !node->number;
	return 0;
}

static int take_mode(struct vm_config *config, const struct toml_node *node,
		     const struct key *key)
{
	(void)key;
	if (arch_number != AXVM_ARCH_X86_64)
		return bad_value(config, node, "flat binaries are entered at EL1 only");
	if (strcmp(node->text, "real") && strcmp(node->text, "32"))
		return bad_value(config, node, "\"real\" or \"32\"");
	return arch_set_mode(config, node->text);
}

static int take_rtc(struct vm_config *config, const struct toml_node *node,
		    const struct key *key)
{
	struct device_config *rtc = config_find_device(config, arch_rtc);

	(void)key;
	if (!rtc)
		return bad_value(config, node, "this machine has no such clock");
	if (node->number <= 0 || node->number > 0x7fffffffffffLL)
		return bad_value(config, node, "not a number of seconds since 1970");
	rtc->cfg[0] = node->number;
	rtc->nr_cfg = 1;
	return 0;
}

/* A port or an address, or false: there is none */
static int take_debug_exit(struct vm_config *config, const struct toml_node *node,
			   const struct key *key)
{
	struct device_config *device = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	(void)key;
	if (node->type == TOML_BOOLEAN && !node->number) {
		if (device)
			config_remove_device(config, device);
		return 0;
	}
	if (node->type != TOML_INTEGER || !arch_debug_exit_valid(config, node->number))
		return bad_value(config, node, arch_debug_exit_places);
	if (arch_set_debug_exit(config, node->number))
		return -1;
	device = config_find_device(config, AXVM_DEV_DEBUG_EXIT);
	if (device)
		device->line = node->line;
	return 0;
}

static int take_modules(struct vm_config *config, const struct toml_node *node,
			const struct key *key)
{
	const struct toml_node *entry, *path, *args;

	(void)key;
	for (entry = node->first; entry; entry = entry->next) {
		path = entry->first;
		args = path ? path->next : NULL;
		if (entry->type != TOML_ARRAY || !path || entry->count > 2 ||
		    path->type != TOML_STRING || (args && args->type != TOML_STRING))
			return config_fail(config, entry->line,
					   "modules: an entry is [path] or [path, arguments]");
		if (add_module(config, entry, path->text, args ? args->text : NULL))
			return -1;
	}
	return 0;
}

static int take_flats(struct vm_config *config, const struct toml_node *node,
		      const struct key *key)
{
	const struct toml_node *entry, *path;
	struct flat_config *flat;

	(void)key;
	for (entry = node->first; entry; entry = entry->next) {
		path = entry->first;
		if (entry->type != TOML_ARRAY || entry->count != 2 ||
		    path->type != TOML_STRING || !path->text[0] ||
		    path->next->type != TOML_INTEGER || path->next->number < 0)
			return config_fail(config, entry->line,
					   "flat: an entry is [path, address]");
		if (config->nr_flats == CONFIG_MAX_FLATS)
			return config_fail(config, entry->line, "flat: more than %d",
					   CONFIG_MAX_FLATS);
		flat = &config->flats[config->nr_flats++];
		flat->line = entry->line;
		flat->gpa = path->next->number;
		flat->path = full_path(config, path->text);
		if (!flat->path)
			return -1;
	}
	return 0;
}

static int take_ivc_allow(struct vm_config *config, const struct toml_node *node,
			  const struct key *key)
{
	(void)key;
	return config_take_ivc_allow(config, node);
}

static int take_vfio(struct vm_config *config, const struct toml_node *node,
		     const struct key *key)
{
	(void)key;
	return config_take_vfio(config, node);
}

static const struct key axvm_keys[] = {
	{ "memory", TOML_STRING, take_memory, 0 },
	{ "hugepages", TOML_BOOLEAN, take_bool, OFFSET(hugepages) },
	{ "reboot", TOML_BOOLEAN, take_bool, OFFSET(reboot) },
	{ "passthrough", TOML_BOOLEAN, take_no_passthrough, 0 },
	{ "host_devices", TOML_ARRAY, take_passthrough, PASSTHROUGH_HOST },
	{ "routed", TOML_BOOLEAN, take_bool, OFFSET(routed) },
	{ "modules", TOML_ARRAY, take_modules, 0 },
	{ "flat", TOML_ARRAY, take_flats, 0 },
	{ "mode", TOML_STRING, take_mode, 0 },
	{ "rtc", TOML_INTEGER, take_rtc, 0 },
	{ "debug_exit", TOML_OTHER, take_debug_exit, 0 },
	{ "ivc_allow", TOML_ARRAY, take_ivc_allow, 0 },
	{ "vfio", TOML_ARRAY, take_vfio, 0 },
	{ }
};

/* --- tables -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const struct key *keys;
} tables[] = {
	{ "base", base_keys },
	{ "kernel", kernel_keys },
	{ "devices", devices_keys },
	{ "axvm", axvm_keys },
};

/* A key of the type TOML_OTHER looks at its value itself */
static int take_key(struct vm_config *config, const char *table, const struct key *keys,
		    const struct toml_node *node)
{
	const struct key *key;

	for (key = keys; key->name; key++) {
		if (strcmp(key->name, node->key))
			continue;
		if (key->type != TOML_OTHER && key->type != node->type)
			return config_fail(config, node->line, "%s: %s is wanted", node->key,
					   type_names[key->type]);
		return key->take(config, node, key);
	}
	return config_fail(config, node->line, "[%s] has no key \"%s\"", table, node->key);
}

static int take_table(struct vm_config *config, const struct toml_node *node, const char *name,
		      const struct key *keys)
{
	const struct toml_node *child;

	if (node->type != TOML_TABLE)
		return config_fail(config, node->line, "%s: a table is wanted", node->key);
	for (child = node->first; child; child = child->next)
		if (take_key(config, name, keys, child))
			return -1;
	return 0;
}

/* The tree is sorted by name; what is taken first is what others build on */
static int take_tables(struct vm_config *config, const struct toml_node *root)
{
	const struct toml_node *node;
	unsigned int taken = 0;
	size_t i;

	for (node = root->first; node; node = node->next) {
		for (i = 0; i < ARRAY_SIZE(tables); i++)
			if (!strcmp(tables[i].name, node->key))
				break;
		if (i == ARRAY_SIZE(tables))
			return config_fail(config, node->line,
					   "there is no \"%s\"; tables are [base], [kernel], [devices], [axvm]",
					   node->key);
	}
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (node = root->first; node; node = node->next) {
			if (strcmp(tables[i].name, node->key))
				continue;
			if (take_table(config, node, tables[i].name, tables[i].keys))
				return -1;
			taken++;
		}
	}
	return taken ? 0 : config_fail(config, 1, "nothing is said here");
}

/* Keys that do not go together, or say nothing without another */
static int check_keys(const struct vm_config *config)
{
	if (config->nr_regions && config->memory_line)
		return config_fail(config, config->memory_line,
				   "memory: memory_regions (line %u) says how much there is",
				   config->regions[0].line);
	if (config->initrd_addr.given && !config->nr_modules)
		return config_fail(config, config->initrd_addr.line,
				   "ramdisk_load_addr needs a ramdisk_path");
	if (config->bios_addr.given && !config->bios.path && !config->uefi.path &&
	    !config->enable_bios.given)
		return config_fail(config, config->bios_addr.line,
				   "bios_load_addr needs a bios_path");
	if (config->kernel_addr.given && !config->kernel_path)
		return config_fail(config, config->kernel_addr.line,
				   "kernel_load_addr needs a kernel_path");
	if (config->nr_flats && !config->entry.given)
		return config_fail(config, config->flats[0].line, "flat needs an entry_point");
	return 0;
}

/* Longer lines could only nest keys deeper than there is stack for */
static int check_lines(const struct vm_config *config, const char *text, size_t length)
{
	size_t i, start = 0;
	u32 line = 1;

	for (i = 0; i <= length; i++) {
		if (i < length && text[i] != '\n')
			continue;
		if (i - start > LINE_LIMIT)
			return config_fail(config, line, "a line has at most %d bytes",
					   LINE_LIMIT);
		start = i + 1;
		line++;
	}
	return 0;
}

/**
 * config_file_parse() - fill a configuration from the text of a file
 * @config: initialised
 * @path: the file's name
 * @text: what is in it
 * @length: bytes
 *
 * Return: 0, or -1 with a message.
 */
int config_file_parse(struct vm_config *config, const char *path, const char *text,
		      size_t length)
{
	struct toml_error error = { .line = 0 };
	struct toml_node *root;
	int ret;

	if (config_set(&config->file, path) || check_lines(config, text, length))
		return -1;
	root = toml_read(text, length, &error);
	if (!root)
		return config_fail(config, error.line ? error.line : 1, "%s", error.text);
	/* As AxVisor has it for a file that says nothing */
	config->interrupt_mode = AXVM_IRQ_NONE;
	ret = take_tables(config, root);
	toml_free(root);
	return ret ? -1 : check_keys(config);
}

static int read_text(struct vm_config *config, struct image *image)
{
	char *text;
	int ret;

	if (image->size > FILE_LIMIT)
		return fail("%s: a configuration file has at most %lluK", image->path,
			    FILE_LIMIT / KIB);
	text = malloc(image->size);
	if (!text)
		return fail_errno(ENOMEM, "%s", image->path);
	ret = image_read(image, 0, text, image->size);
	if (!ret)
		ret = config_file_parse(config, image->path, text, image->size);
	free(text);
	return ret;
}

/**
 * config_file_read() - fill a configuration from a file
 * @config: initialised
 * @path: the file
 *
 * Return: 0, or -1 with a message.
 */
int config_file_read(struct vm_config *config, const char *path)
{
	struct image image;
	const char *why = image_open(&image, path);
	int ret;

	if (why)
		return fail("%s: %s", path, why);
	ret = read_text(config, &image);
	image_close(&image);
	return ret;
}
