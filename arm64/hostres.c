// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on arm64: no ports, and the physical addresses that no guest is given, whoever
 * has claimed them or not: the GIC's, of which the host's device tree tells.
 *
 * On a host with ACPI its driver's claims are all there is to refuse them by.
 *
 * Ports of PCI devices are memory: a window of the host bridge. Linux gives them numbers, and
 * drivers claim those, not the memory.
 */
#include <linux/ioport.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/pci.h>

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

#ifdef CONFIG_PCI
/* A bridge's window: which of its ports are there? */
static bool window_has(const struct resource *window, u64 first, u64 last, struct resource *ports)
{
	u64 base, end;

	if (!window || resource_type(window) != IORESOURCE_IO)
		return false;
	base = pci_pio_to_address(window->start);
	end = base + resource_size(window) - 1;
	if (last < base || end < first)
		return false;
	ports->start = window->start + max(first, base) - base;
	ports->end = window->start + min(last, end) - base;
	return true;
}

static bool bridge_has(struct pci_bus *bus, u64 first, u64 last, struct resource *ports)
{
	struct resource *window;
	int i;

	pci_bus_for_each_resource(bus, window, i)
		if (window_has(window, first, last, ports))
			return true;
	return false;
}

/* No range is in the windows of two. */
bool axvm_host_ports_at(u64 first, u64 last, struct resource *ports)
{
	struct pci_bus *bus = NULL;
	bool found = false;

	pci_lock_rescan_remove();
	while (!found && (bus = pci_find_next_bus(bus)))
		found = bridge_has(bus, first, last, ports);
	pci_unlock_rescan_remove();
	return found;
}
#else
bool axvm_host_ports_at(u64 first, u64 last, struct resource *ports)
{
	return false;
}
#endif
EXPORT_SYMBOL_AXVM_KUNIT(axvm_host_ports_at);

/* Never called: there are none to pass. */
u32 axvm_host_in(u16 port, unsigned int width)
{
	return ~0U;
}

void axvm_host_out(u16 port, unsigned int width, u32 value)
{
}
