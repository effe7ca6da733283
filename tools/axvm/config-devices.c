// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a configuration file: emu_devices, and what is passed through. Entries
 * are arrays, and a value's place says what it is.
 *
 * The launcher's machine is there before; an entry takes the place of the machine's own
 * device of that type, or is one more.
 */
#include <string.h>

#include "arch.h"
#include "config-file.h"

#define X86	BIT(0)
#define ARM64	BIT(1)
#define OTHER	0	/* of an architecture that axvm is not for */

/* GICv3 (ARM IHI 0069, 12.8, 12.10) */
#define GICD_LENGTH	0x10000ULL
#define GICR_STRIDE	0x20000ULL

/* What AxVisor's numbers are here. AXVM_DEV_ANY: nothing yet */
static const struct emu_type {
	u32 number;
	const char *name;
	u32 archs;
	u32 x86;
	u32 arm64;
} emu_types[] = {
	{ 0x01, "interrupt controller", X86 | ARM64, AXVM_DEV_LAPIC, AXVM_DEV_GICV3 },
	{ 0x02, "console", X86 | ARM64, AXVM_DEV_CONSOLE, AXVM_DEV_CONSOLE },
	{ 0x03, "fw_cfg", X86 | ARM64, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0x0a, "IVC channel", X86 | ARM64, AXVM_DEV_IVC_CHANNEL, AXVM_DEV_IVC_CHANNEL },
	{ 0x20, "GIC redistributor", ARM64, AXVM_DEV_ANY, AXVM_DEV_GICV3 },
	{ 0x21, "GIC distributor", ARM64, AXVM_DEV_ANY, AXVM_DEV_GICV3 },
	{ 0x22, "GIC ITS", ARM64, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0x23, "IOAPIC", X86, AXVM_DEV_IOAPIC, AXVM_DEV_ANY },
	{ 0x24, "PIT", X86, AXVM_DEV_PIT, AXVM_DEV_ANY },
	{ 0x25, "LoongArch PCH-PIC", OTHER, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0x30, "RISC-V PLIC", OTHER, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0xe1, "virtio-blk", X86 | ARM64, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0xe2, "virtio-net", X86 | ARM64, AXVM_DEV_ANY, AXVM_DEV_ANY },
	{ 0xe3, "virtio-console", X86 | ARM64, AXVM_DEV_ANY, AXVM_DEV_ANY },
};

static const struct emu_type *find_emu_type(u32 number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(emu_types); i++)
		if (emu_types[i].number == number)
			return &emu_types[i];
	return NULL;
}

/**
 * config_emu_name() - what AxVisor's number of a type of device means
 * @emu_type: the number
 *
 * Return: its name.
 */
const char *config_emu_name(u32 emu_type)
{
	const struct emu_type *type = find_emu_type(emu_type);

	return type ? type->name : "unknown";
}

/* --- entries ------------------------------------------------------------------------ */

/* Entry @entry of array @key must have these values, "s" a string, "n" a number, "a" an array */
static int check_entry(const struct vm_config *config, const char *key,
		       const struct toml_node *entry, const char *values, const char *names)
{
	static const char *const kinds[] = {
		[TOML_STRING] = "a string", [TOML_INTEGER] = "a number", [TOML_ARRAY] = "an array",
	};
	const struct toml_node *node;
	enum toml_type want;
	unsigned int i = 0;

	if (entry->type != TOML_ARRAY || entry->count != strlen(values))
		return config_fail(config, entry->line, "%s: an entry is [%s]", key, names);
	for (node = entry->first; node; node = node->next, i++) {
		want = values[i] == 's' ? TOML_STRING : values[i] == 'n' ? TOML_INTEGER :
		       TOML_ARRAY;
		if (node->type != want)
			return config_fail(config, node->line,
					   "%s: value %u of an entry is %s: [%s]", key, i + 1,
					   kinds[want], names);
		if (want == TOML_INTEGER && node->number < 0)
			return config_fail(config, node->line, "%s: a negative number", key);
	}
	return 0;
}

static const struct toml_node *value(const struct toml_node *entry, unsigned int which)
{
	const struct toml_node *node = entry->first;

	while (which--)
		node = node->next;
	return node;
}

static u64 number(const struct toml_node *entry, unsigned int which)
{
	return value(entry, which)->number;
}

static int check_array(const struct vm_config *config, const struct toml_node *node)
{
	if (node->type != TOML_ARRAY)
		return config_fail(config, node->line, "%s: an array is wanted", node->key);
	return 0;
}

/* --- emulated devices ---------------------------------------------------------------- */

#define EMU_KEY		"emu_devices"
#define EMU_NAMES	"name, base_gpa, length, irq_id, emu_type, [cfg ...]"

static int take_cfg(const struct vm_config *config, struct device_config *device,
		    const struct toml_node *list)
{
	const struct toml_node *node;

	if (list->count > AXVM_MAX_CFG)
		return config_fail(config, list->line, EMU_KEY ": more than %d values of cfg",
				   AXVM_MAX_CFG);
	for (node = list->first; node; node = node->next) {
		if (node->type != TOML_INTEGER || node->number < 0)
			return config_fail(config, node->line,
					   EMU_KEY ": cfg has numbers from 0 on");
		device->cfg[device->nr_cfg++] = node->number;
	}
	return 0;
}

/* What AxVisor calls it, as a device of axvm's */
static int take_type(const struct vm_config *config, struct device_config *device, u64 emu_type)
{
	const struct emu_type *type;

	if (emu_type >= EMU_OWN && emu_type < AXVM_DEV_ANY) {
		device->type = emu_type;
		return 0;
	}
	type = emu_type < EMU_OWN ? find_emu_type(emu_type) : NULL;
	if (!type)
		return config_fail(config, device->line, EMU_KEY ": %s: there is no type %#llx",
				   device->name, emu_type);
	if (!(type->archs & (arch_number == AXVM_ARCH_X86_64 ? X86 : ARM64)))
		return config_fail(config, device->line,
				   EMU_KEY ": %s: type %#llx (%s) is of another architecture",
				   device->name, emu_type, type->name);
	device->type = arch_number == AXVM_ARCH_X86_64 ? type->x86 : type->arm64;
	if (device->type == AXVM_DEV_ANY)
		device->emu_type = emu_type;
	return 0;
}

/* The machine's own device of that type, if the file has not replaced it yet */
static struct device_config *machine_device(struct vm_config *config, u32 type)
{
	unsigned int i;

	for (i = 0; i < config->nr_emu_devices; i++)
		if (config->emu_devices[i].type == type && !config->emu_devices[i].line)
			return &config->emu_devices[i];
	return NULL;
}

/* They belong to the distributor: [vcpus, stride, first host CPU] */
static int take_redistributor(struct vm_config *config, const struct device_config *device)
{
	struct device_config *gic = config_find_device(config, AXVM_DEV_GICV3);

	if (!gic)
		return config_fail(config, device->line,
				   EMU_KEY ": %s: a redistributor needs a distributor before it",
				   device->name);
	if (device->nr_cfg > 3)
		return config_fail(config, device->line,
				   EMU_KEY ": %s: cfg is [vcpus, stride, first CPU]", device->name);
	if (device->nr_cfg > 1 && device->cfg[1] != GICR_STRIDE)
		return config_fail(config, device->line,
				   EMU_KEY ": %s: redistributors are %#llx bytes apart",
				   device->name, GICR_STRIDE);
	if (device->nr_cfg && device->length != device->cfg[0] * GICR_STRIDE)
		return config_fail(config, device->line,
				   EMU_KEY ": %s: redistributors for %llu vCPUs have %#llx bytes",
				   device->name, device->cfg[0], device->cfg[0] * GICR_STRIDE);
	gic->cfg[0] = device->base;
	gic->nr_cfg = 1;
	gic->line = device->line;
	if (device->nr_cfg) {
		gic->cfg[1] = device->cfg[0];
		gic->nr_cfg = 2;
	}
	return 0;
}

/* The distributor: where the redistributors are, another entry says */
static int take_distributor(struct vm_config *config, const struct device_config *device,
			    struct device_config *gic)
{
	if (device->nr_cfg)
		return config_fail(config, device->line, EMU_KEY ": %s: it takes no cfg",
				   device->name);
	if (device->length != GICD_LENGTH)
		return config_fail(config, device->line, EMU_KEY ": %s: its length is %#llx",
				   device->name, GICD_LENGTH);
	gic->base = device->base;
	gic->line = device->line;
	memcpy(gic->name, device->name, sizeof(gic->name));
	return 0;
}

static int place_device(struct vm_config *config, struct device_config *device)
{
	struct device_config *machine = machine_device(config, device->type);

	if (machine && device->type == AXVM_DEV_GICV3)
		return take_distributor(config, device, machine);
	if (machine) {
		device->console = machine->console;
		*machine = *device;
		return 0;
	}
	if (device->type == AXVM_DEV_CONSOLE && !config_find_device(config, AXVM_DEV_CONSOLE))
		device->console = true;
	if (config->nr_emu_devices == CONFIG_MAX_DEVICES)
		return config_fail(config, device->line, EMU_KEY ": more than %d devices",
				   CONFIG_MAX_DEVICES);
	return config_add_device(config, device) ? 0 : -1;
}

static int take_emu_device(struct vm_config *config, const struct toml_node *entry)
{
	struct device_config device = { .line = entry->line };
	const char *name;

	if (check_entry(config, EMU_KEY, entry, "snnnna", EMU_NAMES))
		return -1;
	name = value(entry, 0)->text;
	if (!name[0] || strlen(name) >= sizeof(device.name))
		return config_fail(config, entry->line,
				   EMU_KEY ": a name has 1 to %zu characters",
				   sizeof(device.name) - 1);
	memcpy(device.name, name, strlen(name));
	device.base = number(entry, 1);
	device.length = number(entry, 2);
	if (number(entry, 3) > 0xffffffff)
		return config_fail(config, entry->line, EMU_KEY ": %s: there is no interrupt %llu",
				   name, number(entry, 3));
	device.irq = number(entry, 3);
	if (take_type(config, &device, number(entry, 4)) ||
	    take_cfg(config, &device, value(entry, 5)))
		return -1;
	if (!device.irq && !device.emu_type)
		device.irq = arch_usual_irq(&device);
	if (number(entry, 4) == EMU_GPPT_REDISTRIBUTOR)
		return take_redistributor(config, &device);
	return place_device(config, &device);
}

/**
 * config_take_emu_devices() - devices/emu_devices
 * @config: the configuration
 * @node: the array
 *
 * Return: 0, or -1 with a message.
 */
int config_take_emu_devices(struct vm_config *config, const struct toml_node *node)
{
	const struct toml_node *entry;

	if (check_array(config, node))
		return -1;
	for (entry = node->first; entry; entry = entry->next)
		if (take_emu_device(config, entry))
			return -1;
	return 0;
}

/* --- what is passed through ----------------------------------------------------------- */

/* The values of an entry, and where they go */
static const struct {
	const char *values;
	const char *names;
} passthrough_entries[] = {
	[PASSTHROUGH_DEVICE] = { "snnnn", "name, base_gpa, base_hpa, length, irq_id" },
	[PASSTHROUGH_PATH] = { "s", "path" },
	[PASSTHROUGH_ADDRESSES] = { "nn", "base_gpa, length" },
	[PASSTHROUGH_PORTS] = { "nn", "base, length" },
	[PASSTHROUGH_EXCLUDED] = { "s", "path" },
	[PASSTHROUGH_HOST] = { "snnnnns",
			       "name, base, host_base, length, irq_id, host_irq_id, how" },
};

/* What host_devices says of how something is passed: words with commas between */
static const struct {
	const char *word;
	bool ports;
	bool routed;
	u32 node;
} hows[] = {
	{ .word = "mapped" },
	{ .word = "routed", .routed = true },
	{ .word = "ports", .ports = true },
	{ .word = "pl011", .node = AXVM_DEV_CONSOLE },
	{ .word = "pl031", .node = AXVM_DEV_PL031 },
	{ .word = "ns16550a", .node = NODE_NS16550A },
};

static int take_how(const struct vm_config *config, struct passthrough_config *p, const char *text)
{
	size_t length, i;

	for (;; text += length + 1) {
		length = strcspn(text, ",");
		for (i = 0; i < ARRAY_SIZE(hows); i++)
			if (strlen(hows[i].word) == length && !strncmp(hows[i].word, text, length))
				break;
		if (i == ARRAY_SIZE(hows) ||
		    (hows[i].node && arch_number != AXVM_ARCH_ARM64) ||
		    (hows[i].ports && arch_number != AXVM_ARCH_X86_64))
			return config_fail(config, p->line, "%s: \"%.*s\" is no way to pass it",
					   p->name, (int)length, text);
		p->ports |= hows[i].ports;
		p->routed |= hows[i].routed;
		p->node |= hows[i].node;
		if (!text[length])
			return 0;
	}
}

static int fill_passthrough(const struct vm_config *config, struct passthrough_config *p,
			    const struct toml_node *entry)
{
	unsigned int first = p->kind == PASSTHROUGH_DEVICE || p->kind == PASSTHROUGH_HOST;

	p->ports = p->kind == PASSTHROUGH_PORTS;
	p->line = entry->line;
	if (p->kind != PASSTHROUGH_ADDRESSES && p->kind != PASSTHROUGH_PORTS) {
		if (!value(entry, 0)->text[0])
			return config_fail(config, entry->line, "%s: an empty name",
					   config_passthrough_keys[p->kind]);
		if (config_set(&p->name, value(entry, 0)->text))
			return -1;
	}
	if (p->kind == PASSTHROUGH_PATH || p->kind == PASSTHROUGH_EXCLUDED)
		return 0;
	p->gpa = number(entry, first);
	p->hpa = first ? number(entry, 2) : p->gpa;
	p->length = number(entry, first ? 3 : 1);
	if (!first)
		return 0;
	if (number(entry, 4) > 0xffffffff)
		return config_fail(config, entry->line, "%s: there is no interrupt %llu", p->name,
				   number(entry, 4));
	p->irq = number(entry, 4);
	p->host_irq = p->irq;
	if (p->kind == PASSTHROUGH_DEVICE)
		return 0;
	if (number(entry, 5) > 0xffffffff || !number(entry, 5) != !p->irq)
		return config_fail(config, entry->line, "%s: there is no interrupt %llu", p->name,
				   number(entry, 5));
	p->host_irq = number(entry, 5);
	return take_how(config, p, value(entry, 6)->text);
}

/* One entry of excluded_devices may have several paths */
static int take_excluded(struct vm_config *config, const struct toml_node *entry)
{
	struct passthrough_config *p;
	const struct toml_node *node;

	if (entry->type != TOML_ARRAY)
		return config_fail(config, entry->line, "excluded_devices: an entry is [path ...]");
	for (node = entry->first; node; node = node->next) {
		if (node->type != TOML_STRING || !node->text[0])
			return config_fail(config, node->line,
					   "excluded_devices: an entry is [path ...]");
		p = config_add_passthrough(config, PASSTHROUGH_EXCLUDED);
		if (!p)
			return config_fail(config, node->line, "excluded_devices: too many");
		p->line = node->line;
		if (config_set(&p->name, node->text))
			return -1;
	}
	return 0;
}

static int take_passthrough(struct vm_config *config, const struct toml_node *entry,
			    enum passthrough_kind kind)
{
	struct passthrough_config *p;

	if (kind == PASSTHROUGH_EXCLUDED)
		return take_excluded(config, entry);
	if (kind == PASSTHROUGH_DEVICE && entry->type == TOML_ARRAY && entry->count == 1)
		kind = PASSTHROUGH_PATH;
	if (check_entry(config, config_passthrough_keys[kind], entry,
			passthrough_entries[kind].values, passthrough_entries[kind].names))
		return -1;
	p = config_add_passthrough(config, kind);
	if (!p)
		return config_fail(config, entry->line, "%s: more than %d entries",
				   config_passthrough_keys[kind], CONFIG_MAX_PASSTHROUGH);
	return fill_passthrough(config, p, entry);
}

/**
 * config_take_passthrough() - devices/passthrough_devices and its kin
 * @config: the configuration
 * @node: the array
 * @kind: which it is
 *
 * Return: 0, or -1 with a message.
 */
int config_take_passthrough(struct vm_config *config, const struct toml_node *node,
			    enum passthrough_kind kind)
{
	const struct toml_node *entry;

	if (check_array(config, node))
		return -1;
	for (entry = node->first; entry; entry = entry->next)
		if (take_passthrough(config, entry, kind))
			return -1;
	return 0;
}
