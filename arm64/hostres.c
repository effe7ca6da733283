// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on arm64: no ports, and the physical addresses that no guest is given, whoever
 * has claimed them or not: the GIC's, of which the host's device tree tells.
 *
 * On a host with ACPI its driver's claims are all there is to refuse them by.
 */
#include <linux/ioport.h>
#include <linux/of.h>
#include <linux/of_address.h>

#include "../core/compat.h"
#include "../devices/passthrough.h"

static const struct of_device_id gics[] = {
	{ .compatible = "arm,gic-v3" },
	{ .compatible = "arm,gic-v3-its" },
	{ .compatible = "arm,gic-400" },
	{ .compatible = "arm,cortex-a15-gic" },
	{ .compatible = "arm,gic-v2m-frame" },
	{}
};

/* Distributor, redistributors, CPU interfaces ... */
static bool has_any_of(struct device_node *node, u64 first, u64 last)
{
	struct resource res;
	int i;

	for (i = 0; !of_address_to_resource(node, i, &res); i++)
		if (first <= res.end && res.start <= last)
			return true;
	return false;
}

bool axvm_host_has_ports(void)
{
	return false;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_host_has_ports);

const char *axvm_host_keeps(u64 first, u64 last)
{
	struct device_node *node;

	for_each_matching_node(node, gics) {
		if (!has_any_of(node, first, last))
			continue;
		of_node_put(node);
		return "are the GIC's";
	}
	return NULL;
}

/* Never called: there are none to pass. */
u32 axvm_host_in(u16 port, unsigned int width)
{
	return ~0U;
}

void axvm_host_out(u16 port, unsigned int width, u32 value)
{
}
