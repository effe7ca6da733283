// SPDX-License-Identifier: GPL-2.0
/*
 * What a configuration says of channels to others (IVC): where their window is, and who may
 * subscribe to what the guest publishes. Documentation/ivc.rst.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "config-file.h"

/* "vm:3", "uid:1000" or "user", perhaps with ",ro" behind it. Return: false: it is none */
static bool parse_peer(const char *text, struct axvm_ivc_peer *peer)
{
	size_t length = strlen(text);
	char word[32];
	u64 id;

	memset(peer, 0, sizeof(*peer));
	if (length > 3 && !strcmp(text + length - 3, ",ro")) {
		peer->flags = AXVM_IVC_READONLY;
		length -= 3;
	}
	if (length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (!strcmp(word, "user")) {
		peer->kind = AXVM_IVC_PEER_USER;
		peer->id = geteuid();
		return true;
	}
	if (!strncmp(word, "vm:", 3)) {
		peer->kind = AXVM_IVC_PEER_VM;
		if (!parse_number(word + 3, &id) || !id || id > 0x7fffffff)
			return false;
	} else if (!strncmp(word, "uid:", 4)) {
		peer->kind = AXVM_IVC_PEER_USER;
		if (!parse_number(word + 4, &id) || id >= 0xffffffff)
			return false;
	} else {
		return false;
	}
	peer->id = id;
	return true;
}

/**
 * config_allow_ivc() - one more who may subscribe to what the guest publishes
 * @config: the configuration
 * @text: "user", "uid:NUMBER" or "vm:NUMBER", perhaps with ",ro" behind it
 * @line: in the configuration file, or 0
 *
 * Return: 0, or -1 with a message.
 */
int config_allow_ivc(struct vm_config *config, const char *text, u32 line)
{
	const char *what = line ? "ivc_allow" : "--ivc-allow";

	if (config->nr_ivc_peers == CONFIG_MAX_IVC_PEERS)
		return config_fail(config, line, "%s: more than %d", what, CONFIG_MAX_IVC_PEERS);
	if (!parse_peer(text, &config->ivc_peers[config->nr_ivc_peers]))
		return config_fail(config, line,
				   "%s %.40s: it is user, uid:NUMBER or vm:NUMBER, and ,ro for who only reads",
				   what, text);
	config->nr_ivc_peers++;
	if (line)
		config->ivc_line = line;
	return 0;
}

/**
 * config_take_ivc_allow() - axvm/ivc_allow
 * @config: the configuration
 * @node: the array
 *
 * Return: 0, or -1 with a message.
 */
int config_take_ivc_allow(struct vm_config *config, const struct toml_node *node)
{
	const struct toml_node *entry;

	for (entry = node->first; entry; entry = entry->next) {
		if (entry->type != TOML_STRING)
			return config_fail(config, entry->line, "ivc_allow: an entry is a string");
		if (config_allow_ivc(config, entry->text, entry->line))
			return -1;
	}
	return 0;
}

/**
 * config_set_ivc_window() - --ivc BASE,SIZE[,LINE]
 * @config: the configuration
 * @arg: what follows the option
 *
 * Return: 0, or -1 with a message.
 */
int config_set_ivc_window(struct vm_config *config, const char *arg)
{
	struct device_config device = { .type = AXVM_DEV_IVC_CHANNEL, .name = "ivc" };
	struct device_config *old = config_find_device(config, AXVM_DEV_IVC_CHANNEL);
	char *copy = strdup(arg), *size = copy ? strchr(copy, ',') : NULL, *irq = NULL;
	u64 line = 0;
	bool good = size;

	if (good) {
		*size++ = '\0';
		irq = strchr(size, ',');
		if (irq)
			*irq++ = '\0';
		good = parse_size(copy, &device.base) && parse_size(size, &device.length) &&
		       (!irq || (parse_number(irq, &line) && line <= 0xffffffff));
	}
	free(copy);
	if (!good)
		return fail("--ivc %s: it is ADDRESS,SIZE or ADDRESS,SIZE,INTERRUPT", arg);
	device.irq = line;
	if (old)
		*old = device;
	else if (!config_add_device(config, &device))
		return -1;
	return 0;
}

static int check_window(const struct vm_config *config, const struct device_config *device)
{
	if (device->nr_cfg)
		return config_fail(config, device->line,
				   "%s: a window for channels takes no cfg", device->name);
	if (!device->base || !device->length ||
	    (device->base | device->length) % PAGE_BYTES)
		return config_fail(config, device->line,
				   "%s: a window for channels lies in pages of %llu bytes",
				   device->name, PAGE_BYTES);
	return 0;
}

/**
 * config_check_ivc() - is the window one?
 * @config: the configuration
 *
 * Return: 0, or -1 with a message.
 */
int config_check_ivc(const struct vm_config *config)
{
	const struct device_config *device, *window = NULL;
	unsigned int i;

	for (i = 0; i < config->nr_emu_devices; i++) {
		device = &config->emu_devices[i];
		if (device->type != AXVM_DEV_IVC_CHANNEL)
			continue;
		if (window)
			return config_fail(config, device->line,
					   "%s: there is a window for channels already: %s",
					   device->name, window->name);
		window = device;
		if (check_window(config, device))
			return -1;
	}
	if (config->nr_ivc_peers && !window)
		return config_fail(config, config->ivc_line,
				   "who may subscribe says nothing without a window for channels");
	return 0;
}
