// SPDX-License-Identifier: GPL-2.0
/*
 * What a configuration says of PCI devices of the host that VFIO gives to the guest. They are on
 * a bus of the machine's (arch_pci) in the order in which they are named.
 */
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "config-file.h"

/* "0000:00:02.0", or without the domain. False: it is none */
static bool parse_address(const char *text, char *address, size_t size)
{
	unsigned int domain = 0, bus, device, function;
	int end = -1;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4) {
		domain = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3)
			return false;
	}
	/* sscanf() takes signs and blanks for parts of numbers */
	if (end < 0 || text[end] || strspn(text, "0123456789abcdefABCDEF:.") != strlen(text) ||
	    device > 31 || function > 7)
		return false;
	snprintf(address, size, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return true;
}

/**
 * config_add_vfio() - one more device
 * @config: the configuration
 * @text: its PCI address on the host
 * @line: in the configuration file, or 0
 *
 * Return: 0, or -1 with a message.
 */
int config_add_vfio(struct vm_config *config, const char *text, u32 line)
{
	struct vfio_config *vfio = &config->vfio[config->nr_vfio];
	const char *what = line ? "vfio" : "--vfio";
	unsigned int i;

	if (!arch_pci.window_size)
		return config_fail(config, line,
				   "%s %.40s: this machine has no PCI bus; only that for arm64 has one",
				   what, text);
	if (config->nr_vfio == CONFIG_MAX_VFIO)
		return config_fail(config, line, "%s: more than %d devices", what, CONFIG_MAX_VFIO);
	if (!parse_address(text, vfio->address, sizeof(vfio->address)))
		return config_fail(config, line,
				   "%s %.40s: not a PCI address like 0000:00:02.0 or 00:02.0", what,
				   text);
	for (i = 0; i < config->nr_vfio; i++)
		if (!strcmp(config->vfio[i].address, vfio->address))
			return config_fail(config, line, "%s %s: it is named twice", what,
					   vfio->address);
	vfio->line = line;
	config->nr_vfio++;
	return 0;
}

/**
 * config_take_vfio() - axvm/vfio
 * @config: the configuration
 * @node: the array
 *
 * Return: 0, or -1 with a message.
 */
int config_take_vfio(struct vm_config *config, const struct toml_node *node)
{
	const struct toml_node *entry;

	for (entry = node->first; entry; entry = entry->next) {
		if (entry->type != TOML_STRING)
			return config_fail(config, entry->line, "vfio: an entry is a string");
		if (config_add_vfio(config, entry->text, entry->line))
			return -1;
	}
	return 0;
}

/* Lines of the bus, and messages */
static bool is_of_bus(const struct vm_config *config, u32 irq)
{
	return (irq >= arch_pci.irq && irq - arch_pci.irq < config->nr_vfio) ||
	       (irq >= arch_pci.messages && irq - arch_pci.messages < arch_pci.nr_messages);
}

/**
 * config_check_vfio() - do the bus's interrupts belong to nobody else?
 * @config: the configuration
 *
 * Where its windows are, config_lay_out() looks.
 *
 * Return: 0, or -1 with a message.
 */
int config_check_vfio(const struct vm_config *config)
{
	unsigned int i;

	if (!config->nr_vfio)
		return 0;
	for (i = 0; i < config->nr_emu_devices; i++)
		if (is_of_bus(config, config->emu_devices[i].irq))
			return config_fail(config, config->emu_devices[i].line,
					   "%s: interrupt %u is the PCI bus's",
					   config->emu_devices[i].name, config->emu_devices[i].irq);
	for (i = 0; i < config->nr_passthrough; i++)
		if (config_gives_irq(config, &config->passthrough[i]) &&
		    is_of_bus(config, config->passthrough[i].irq))
			return config_fail(config, config->passthrough[i].line,
					   "interrupt %u is the PCI bus's",
					   config->passthrough[i].irq);
	return 0;
}
