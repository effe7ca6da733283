// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration space of a device (PCI 6.1): part of it the launcher says, the rest is the
 * device's own. Bits that are ours are kept in dev->config; reads of others, and writes to
 * bytes that pass, go to the device.
 *
 * Ours are BARs, interrupt pin and line, the list of capabilities, and what of them a guest
 * must not do or the bus does not have. A capability without a row below is not shown.
 */
#include <string.h>

#include "pci.h"

#define CAPABILITIES_MAX	48	/* as many as fit */
#define MEM_MASK		((u64)PCI_BASE_ADDRESS_MEM_MASK)

/**
 * pci_config_get() - a register of bytes in memory
 * @bytes: little-endian
 * @width: 1, 2 or 4
 *
 * Return: its value.
 */
u32 pci_config_get(const u8 *bytes, u32 width)
{
	u32 value = 0;

	while (width--)
		value = value << 8 | bytes[width];
	return value;
}

/**
 * pci_config_put() - set it
 * @bytes: little-endian
 * @width: 1, 2 or 4
 * @value: what it becomes
 */
void pci_config_put(u8 *bytes, u32 width, u32 value)
{
	while (width--) {
		*bytes++ = value;
		value >>= 8;
	}
}

/* A register is ours: what it says, and which of its bits the guest may change */
static void own(struct pci_device *dev, u32 offset, u32 width, u32 value, u32 writable)
{
	memset(dev->ours + offset, 0xff, width);
	memset(dev->passes + offset, 0, width);
	pci_config_put(dev->config + offset, width, value);
	pci_config_put(dev->writable + offset, width, writable);
}

/* Bits of the device's register say this instead */
static void own_bits(struct pci_device *dev, u32 offset, u32 width, u32 bits, u32 value)
{
	pci_config_put(dev->ours + offset, width, bits);
	pci_config_put(dev->config + offset, width, value & bits);
}

static void show(struct pci_device *dev, u32 offset, u32 count)
{
	memset(dev->ours + offset, 0, count);
}

static void pass(struct pci_device *dev, u32 offset, u32 count)
{
	show(dev, offset, count);
	memset(dev->passes + offset, 1, count);
}

/* --- capabilities --------------------------------------------------------------------- */

/*
 * Power management (PCI PM 1.2, 3.2): the guest may think that the device sleeps. In truth it
 * stays in D0, as in D3 the host takes its BARs away.
 */
static bool show_pm(struct pci_device *dev, u32 at)
{
	show(dev, at, PCI_PM_CTRL);
	own(dev, at + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
	/* No PME */
	own_bits(dev, at + PCI_PM_PMC, 2, PCI_PM_CAP_PME_MASK, 0);
	return true;
}

static bool show_vpd(struct pci_device *dev, u32 at)
{
	pass(dev, at + PCI_VPD_ADDR, 6);
	return true;
}

static bool show_vendor(struct pci_device *dev, u32 at)
{
	u32 length = dev->ops->config_read(dev, at + PCI_CAP_FLAGS, 1);

	if (length < 3)
		length = 3;
	if (at + length > PCI_CONFIG_BYTES)
		length = PCI_CONFIG_BYTES - at;
	show(dev, at + PCI_CAP_FLAGS, 1);
	pass(dev, at + 3, length - 3);
	return true;
}

static bool show_subsystem(struct pci_device *dev, u32 at)
{
	show(dev, at + PCI_CAP_FLAGS, 6);
	return true;
}

/*
 * PCI Express (PCIe 7.5.3). There is no port above the device, so it is an integrated endpoint,
 * which has no link. Who resets it is the launcher: a function-level reset would leave
 * what we say of it as it was.
 */
static bool show_express(struct pci_device *dev, u32 at)
{
	u32 flags = dev->ops->config_read(dev, at + PCI_EXP_FLAGS, 2);

	own(dev, at + PCI_EXP_FLAGS, 2, (flags & PCI_EXP_FLAGS_VERS) | PCI_EXP_TYPE_RC_END << 4,
	    0);
	show(dev, at + PCI_EXP_DEVCAP, 4);
	own_bits(dev, at + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR, 0);
	pass(dev, at + PCI_EXP_DEVCTL, 4);
	own_bits(dev, at + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR, 0);
	if ((flags & PCI_EXP_FLAGS_VERS) < 2)
		return true;
	show(dev, at + PCI_EXP_DEVCAP2, 4);
	pass(dev, at + PCI_EXP_DEVCTL2, 2);
	return true;
}

/* PCI 6.8.1: one message, which cannot be masked. Only the flags of others are the device's */
static bool show_msi(struct pci_device *dev, u32 at)
{
	u32 flags = dev->ops->config_read(dev, at + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_64BIT;
	u32 data = flags ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;

	own(dev, at + PCI_MSI_FLAGS, 2, flags, PCI_MSI_FLAGS_ENABLE);
	own(dev, at + PCI_MSI_ADDRESS_LO, 4, 0, ~3U);
	if (flags)
		own(dev, at + PCI_MSI_ADDRESS_HI, 4, 0, ~0U);
	own(dev, at + data, 2, 0, 0xffff);
	dev->msi = at;
	return true;
}

/* PCI 6.8.2: a table that is whole in a BAR; of a long one the guest sees the beginning */
static bool show_msix(struct pci_device *dev, u32 at)
{
	u32 count = dev->ops->config_read(dev, at + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE;
	u32 table = dev->ops->config_read(dev, at + PCI_MSIX_TABLE, 4);
	u32 bar = table & PCI_MSIX_TABLE_BIR, offset = table & PCI_MSIX_TABLE_OFFSET;

	count = count + 1 < PCI_VECTORS ? count + 1 : PCI_VECTORS;
	if (bar >= PCI_BARS || dev->bars[bar].size < offset + (u64)count * PCI_MSIX_ENTRY_SIZE)
		return false;
	own(dev, at + PCI_MSIX_FLAGS, 2, count - 1,
	    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	show(dev, at + PCI_MSIX_TABLE, 8);
	dev->msix = at;
	dev->table_bar = bar;
	dev->table = offset;
	dev->nr_vectors = count;
	return true;
}

static const struct capability {
	u8 id;
	u8 length;
	bool (*show)(struct pci_device *dev, u32 at);
} capabilities[] = {
	{ PCI_CAP_ID_PM, PCI_PM_SIZEOF, show_pm },
	{ PCI_CAP_ID_VPD, 8, show_vpd },
	{ PCI_CAP_ID_MSI, PCI_MSI_DATA_64 + 2, show_msi },
	{ PCI_CAP_ID_VNDR, 3, show_vendor },
	{ PCI_CAP_ID_SSVID, 8, show_subsystem },
	{ PCI_CAP_ID_EXP, PCI_EXP_DEVCTL2 + 2, show_express },
	{ PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF, show_msix },
};

static const struct capability *find_capability(u32 id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (capabilities[i].id == id)
			return &capabilities[i];
	return NULL;
}

/* Those with a row, in the device's order. A list that goes in circles, or out, ends there. */
static void show_capabilities(struct pci_device *dev)
{
	u32 at = dev->ops->config_read(dev, PCI_CAPABILITY_LIST, 1) & ~3U;
	u32 link = PCI_CAPABILITY_LIST, id, count;
	const struct capability *cap;

	if (!(dev->ops->config_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		at = 0;
	for (count = 0; count < CAPABILITIES_MAX && at >= PCI_STD_HEADER_SIZEOF; count++) {
		id = dev->ops->config_read(dev, at + PCI_CAP_LIST_ID, 1);
		cap = find_capability(id);
		if (cap && at + cap->length <= PCI_CONFIG_BYTES && dev->config[at] != id &&
		    cap->show(dev, at)) {
			own(dev, at + PCI_CAP_LIST_ID, 1, id, 0);
			own(dev, at + PCI_CAP_LIST_NEXT, 1, 0, 0);
			dev->config[link] = at;
			link = at + PCI_CAP_LIST_NEXT;
		}
		at = dev->ops->config_read(dev, at + PCI_CAP_LIST_NEXT, 1) & ~3U;
	}
	if (!dev->config[PCI_CAPABILITY_LIST])
		own_bits(dev, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
}

/* --- the header ------------------------------------------------------------------------ */

static bool is_wide(const struct pci_bar *bar)
{
	return (bar->type & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static u32 bar_offset(unsigned int i)
{
	return PCI_BASE_ADDRESS_0 + 4 * i;
}

/* PCI 6.2.5.1: the bits of an address that a BAR's size leaves can be written */
static int init_bar(struct pci_device *dev, unsigned int i)
{
	struct pci_bar *bar = &dev->bars[i];

	bar->type = dev->ops->config_read(dev, bar_offset(i), 4) & ~PCI_BASE_ADDRESS_MEM_MASK;
	if (bar->type & PCI_BASE_ADDRESS_SPACE_IO)
		bar->size = 0;
	if (!bar->size)
		return 0;
	if (bar->size & (bar->size - 1) || bar->size < 16 || (!is_wide(bar) && bar->size >> 32) ||
	    (is_wide(bar) && i == PCI_BARS - 1))
		return fail("%s: its BAR %u has %#llx bytes: that cannot be", dev->name, i,
			    bar->size);
	own(dev, bar_offset(i), 4, bar->type, ~(bar->size - 1) & MEM_MASK);
	if (!is_wide(bar))
		return 0;
	dev->bars[i + 1].size = 0;
	own(dev, bar_offset(i + 1), 4, 0, ~(bar->size - 1) >> 32);
	return 1;
}

/**
 * pci_config_init() - find out what a device has and what of it the guest sees
 * @dev: the device: ops, name, and the sizes of its BARs are there
 * @intx: it has an interrupt line
 *
 * I/O BARs and the ROM are not shown.
 *
 * Return: 0, or -1 with a message.
 */
int pci_config_init(struct pci_device *dev, bool intx)
{
	unsigned int i;
	int second;

	if ((dev->ops->config_read(dev, PCI_HEADER_TYPE, 1) & 0x7f) != PCI_HEADER_TYPE_NORMAL)
		return fail("%s: it is a bridge", dev->name);
	memset(dev->ours, 0xff, sizeof(dev->ours));
	show(dev, PCI_VENDOR_ID, 4);
	pass(dev, PCI_COMMAND, 4);
	show(dev, PCI_CLASS_REVISION, 4);
	pass(dev, PCI_CACHE_LINE_SIZE, 1);
	show(dev, PCI_SUBSYSTEM_VENDOR_ID, 4);
	for (i = 0; i < PCI_BARS; i += 1 + second) {
		second = init_bar(dev, i);
		if (second < 0)
			return -1;
	}
	own(dev, PCI_INTERRUPT_LINE, 1, 0, 0xff);
	own(dev, PCI_INTERRUPT_PIN, 1, intx, 0);
	show_capabilities(dev);
	memcpy(dev->initial, dev->config, sizeof(dev->initial));
	return 0;
}

/* --- BARs ------------------------------------------------------------------------------- */

/* Where the guest has it; 0: nowhere, or its size is being asked for */
static u64 bar_address(const struct pci_device *dev, unsigned int i)
{
	const struct pci_bar *bar = &dev->bars[i];
	u64 at = pci_config_get(dev->config + bar_offset(i), 4) & (u32)MEM_MASK;
	u64 ones = is_wide(bar) ? ~0ULL : 0xffffffff;

	if (is_wide(bar))
		at |= (u64)pci_config_get(dev->config + bar_offset(i + 1), 4) << 32;
	return (at | (bar->size - 1)) == ones ? 0 : at;
}

static void turn_off(struct pci_device *dev, bool all)
{
	unsigned int i;

	for (i = 0; i < PCI_BARS; i++) {
		if (!dev->bars[i].on || (!all && dev->bars[i].at == bar_address(dev, i)))
			continue;
		dev->ops->bar_off(dev, i);
		dev->bars[i].on = false;
	}
}

static void turn_on(struct pci_device *dev)
{
	struct pci_bar *bar;
	unsigned int i;
	u64 at;

	for (i = 0; i < PCI_BARS; i++) {
		bar = &dev->bars[i];
		at = bar->size ? bar_address(dev, i) : 0;
		if (!at || bar->on)
			continue;
		if (!pci_host_has_room(dev->host, at, bar->size)) {
			if (!dev->warned)
				note("%s: the guest puts BAR %u at %#llx, where it cannot be",
				     dev->name, i, at);
			dev->warned = true;
			continue;
		}
		bar->at = at;
		bar->on = true;
		dev->ops->bar_on(dev, i);
	}
}

/* --- accesses --------------------------------------------------------------------------- */

/**
 * pci_config_read() - the guest reads
 * @dev: the device
 * @offset: below 256, aligned
 * @width: 1, 2 or 4
 *
 * Return: what it finds.
 */
u32 pci_config_read(struct pci_device *dev, u32 offset, u32 width)
{
	u32 ours = pci_config_get(dev->ours + offset, width);
	u32 all = width == 4 ? ~0U : BIT(8 * width) - 1;
	u32 value = pci_config_get(dev->config + offset, width) & ours;

	if (ours != all)
		value |= dev->ops->config_read(dev, offset, width) & all & ~ours;
	return value;
}

static void pass_write(struct pci_device *dev, u32 offset, u32 width, u32 data)
{
	u32 i, passing = 0;

	data &= ~pci_config_get(dev->ours + offset, width);
	for (i = 0; i < width; i++)
		passing += dev->passes[offset + i];
	if (passing == width) {
		dev->ops->config_write(dev, offset, width, data);
		return;
	}
	for (i = 0; i < width; i++)
		if (dev->passes[offset + i])
			dev->ops->config_write(dev, offset + i, 1, data >> 8 * i & 0xff);
}

/**
 * pci_config_write() - the guest writes
 * @dev: the device
 * @offset: below 256, aligned
 * @width: 1, 2 or 4
 * @data: what
 *
 * A BAR is off before the device stops decoding it, and on after it has begun to: in between
 * the host has nothing where it is mapped.
 */
void pci_config_write(struct pci_device *dev, u32 offset, u32 width, u32 data)
{
	u32 i;

	for (i = 0; i < width; i++) {
		u8 writable = dev->writable[offset + i], byte = data >> 8 * i;

		dev->config[offset + i] = (dev->config[offset + i] & ~writable) | (byte & writable);
	}
	if (offset == PCI_COMMAND)
		dev->memory = data & PCI_COMMAND_MEMORY;
	turn_off(dev, !dev->memory);
	pass_write(dev, offset, width, data);
	if (dev->memory)
		turn_on(dev);
	dev->ops->config_written(dev);
}

/**
 * pci_config_reset() - as at power-on; no vCPU runs
 * @dev: the device; bus mastering and decoding are off afterwards
 */
void pci_config_reset(struct pci_device *dev)
{
	dev->memory = false;
	turn_off(dev, true);
	memcpy(dev->config, dev->initial, sizeof(dev->config));
	dev->ops->config_written(dev);
	dev->ops->config_write(dev, PCI_COMMAND, 2, 0);
}
