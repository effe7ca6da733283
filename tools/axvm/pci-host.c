// SPDX-License-Identifier: GPL-2.0
/*
 * The host bridge: accesses of the guest to the ECAM window (PCIe 7.2.2) and to the window in
 * which BARs lie. Bus 0 is all there is. The guest knows both windows from its device tree.
 */
#include "pci.h"

#define ONES	(~0ULL)

/* ECAM: bits of an address */
#define ECAM_REGISTER(offset)	((offset) & 0xfff)
#define ECAM_FUNCTION(offset)	((offset) >> 12 & 7)
#define ECAM_DEVICE(offset)	((offset) >> 15 & 31)
#define ECAM_BUS(offset)	((offset) >> 20)

/**
 * pci_host_init() - a bus without devices
 * @host: filled in
 * @layout: where it is
 */
void pci_host_init(struct pci_host *host, const struct pci_layout *layout)
{
	pthread_mutex_init(&host->lock, NULL);
	host->layout = *layout;
	host->nr_devices = 0;
}

/**
 * pci_host_add() - one more device
 * @host: the bus, with fewer than PCI_DEVICES
 * @dev: the device
 */
void pci_host_add(struct pci_host *host, struct pci_device *dev)
{
	dev->host = host;
	host->devices[host->nr_devices++] = dev;
}

static bool within(u64 at, u64 size, u64 start, u64 length)
{
	return at >= start && size <= length && at - start <= length - size;
}

/**
 * pci_host_has_room() - may a BAR be there?
 * @host: the bus
 * @at: guest-physical address
 * @size: bytes
 *
 * In the window there is neither memory nor a device of the machine (config-layout.c).
 *
 * Return: it lies in the window, and nothing else is there.
 */
bool pci_host_has_room(const struct pci_host *host, u64 at, u64 size)
{
	const struct pci_bar *bar;
	unsigned int i, j;

	if (!within(at, size, host->layout.window, host->layout.window_size))
		return false;
	for (i = 0; i < host->nr_devices; i++) {
		for (j = 0; j < PCI_BARS; j++) {
			bar = &host->devices[i]->bars[j];
			if (bar->on && at < bar->at + bar->size && bar->at < at + size)
				return false;
		}
	}
	return true;
}

/* Extended configuration space (PCIe 7.6): an empty list */
static u64 config_access(struct pci_device *dev, u32 offset, u32 width, bool write, u64 data)
{
	if (width > 4 || offset % width)
		return ONES;
	if (offset >= PCI_CONFIG_BYTES)
		return 0;
	if (!write)
		return pci_config_read(dev, offset, width);
	pci_config_write(dev, offset, width, data);
	return 0;
}

static u64 ecam_access(struct pci_host *host, u64 offset, u32 width, bool write, u64 data)
{
	unsigned int device = ECAM_DEVICE(offset);

	if (ECAM_BUS(offset) || ECAM_FUNCTION(offset) || !device || device > host->nr_devices)
		return ONES;
	return config_access(host->devices[device - 1], ECAM_REGISTER(offset), width, write, data);
}

static u64 bar_access(struct pci_host *host, u64 gpa, u32 width, bool write, u64 data)
{
	struct pci_device *dev;
	unsigned int i, j;

	for (i = 0; i < host->nr_devices; i++) {
		dev = host->devices[i];
		for (j = 0; j < PCI_BARS; j++) {
			if (!dev->bars[j].on ||
			    !within(gpa, width, dev->bars[j].at, dev->bars[j].size))
				continue;
			if (!write)
				return dev->ops->bar_read(dev, j, gpa - dev->bars[j].at, width);
			dev->ops->bar_write(dev, j, gpa - dev->bars[j].at, width, data);
			return 0;
		}
	}
	return ONES;
}

/**
 * pci_host_access() - an access of the guest that no device of the module claims
 * @host: the bus
 * @gpa: guest-physical address
 * @width: 1, 2, 4 or 8
 * @write: it is a write
 * @data: in: what is written; out: what is read, all ones where nothing is
 *
 * Context: any vCPU's thread.
 * Return: whether the address is the bus's.
 */
bool pci_host_access(struct pci_host *host, u64 gpa, u32 width, bool write, u64 *data)
{
	const struct pci_layout *layout = &host->layout;
	bool ecam = within(gpa, width, layout->ecam, layout->ecam_size);
	u64 result;

	if (!ecam && !within(gpa, width, layout->window, layout->window_size))
		return false;
	pthread_mutex_lock(&host->lock);
	if (ecam)
		result = ecam_access(host, gpa - layout->ecam, width, write, *data);
	else
		result = bar_access(host, gpa, width, write, *data);
	pthread_mutex_unlock(&host->lock);
	if (!write)
		*data = result;
	return true;
}
