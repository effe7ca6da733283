// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a device that VFIO gives. From the host's interrupt handler to the guest's they
 * go by eventfds (AXVM_VM_IRQFD); the launcher only connects them: when the guest switches
 * between line and messages, and when it changes a message.
 *
 * The line is a level: VFIO masks the host's interrupt when it comes, and unmasks it when the
 * guest has ended its own. A message that the guest has masked is an eventfd that is no
 * irqfd; what comes meanwhile stays in it, as in a pending bit.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pci-vfio.h"

/* GSIs of messages: behind those that are lines */
#define FIRST_GSI	1024

static u32 gsi_of(const struct pci_vfio *v, unsigned int i)
{
	return FIRST_GSI + v->number * PCI_VECTORS + i;
}

static void __printf(2, 3) warn(struct pci_vfio *v, const char *fmt, ...)
{
	char text[160];
	va_list args;

	if (v->warned)
		return;
	v->warned = true;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	note("%s: %s", v->dev.name, text);
}

static int irqfd(const struct pci_vfio *v, u32 flags, int fd, u32 gsi, int resample)
{
	struct axvm_irqfd arg = {
		.size = sizeof(arg), .flags = flags, .fd = fd, .gsi = gsi, .resample_fd = resample,
	};

	return ioctl(v->bus->vm_fd, AXVM_VM_IRQFD, &arg);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- the line --------------------------------------------------------------------------- */

static void line_off(struct pci_vfio *v)
{
	vfio_set_irqs(v->fd, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER, NULL, 0);
	irqfd(v, AXVM_IRQFD_DEASSIGN, v->intx, v->irq, 0);
	close_fd(&v->intx);
	close_fd(&v->intx_ended);
}

static int line_on(struct pci_vfio *v)
{
	v->intx = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	v->intx_ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->intx >= 0 && v->intx_ended >= 0 &&
	    !irqfd(v, AXVM_IRQFD_RESAMPLE, v->intx, v->irq, v->intx_ended) &&
	    !vfio_set_irqs(v->fd, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER, &v->intx,
			   1) &&
	    !vfio_set_irqs(v->fd, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK,
			   &v->intx_ended, 1))
		return 0;
	warn(v, "its interrupt line does not work: %s", strerror(errno));
	line_off(v);
	return -1;
}

/* --- messages ----------------------------------------------------------------------------- */

/* All routes of the VM: of the messages that are armed, and of one that will be */
static int set_routes(struct pci_bus *bus, const struct pci_vector *more)
{
	struct axvm_route routes[CONFIG_MAX_VFIO * PCI_VECTORS];
	struct axvm_routes arg = { .size = sizeof(arg), .routes = (u64)(uintptr_t)routes };
	const struct pci_vector *vector;
	unsigned int i, j;

	for (i = 0; i < bus->nr_devices; i++) {
		for (j = 0; j < PCI_VECTORS; j++) {
			vector = &bus->devices[i]->vectors[j];
			if (!vector->armed && vector != more)
				continue;
			routes[arg.nr++] = (struct axvm_route){
				.gsi = gsi_of(bus->devices[i], j),
				.type = AXVM_ROUTE_MSI,
				.address = vector->armed_address,
				.data = vector->armed_data,
			};
		}
	}
	return ioctl(bus->vm_fd, AXVM_VM_SET_ROUTES, &arg);
}

static void disarm(struct pci_vfio *v, unsigned int i)
{
	if (v->vectors[i].armed)
		irqfd(v, AXVM_IRQFD_DEASSIGN, v->vectors[i].fd, gsi_of(v, i), 0);
	v->vectors[i].armed = false;
}

static void arm(struct pci_vfio *v, unsigned int i, u64 address, u32 data)
{
	struct pci_vector *vector = &v->vectors[i];

	vector->armed_address = address;
	vector->armed_data = data;
	if (set_routes(v->bus, vector) || irqfd(v, 0, vector->fd, gsi_of(v, i), 0))
		warn(v, "the guest's message %#x to %#llx leads nowhere", data, address);
	else
		vector->armed = true;
}

/* The message that a vector is to send now. False: none */
static bool wanted(const struct pci_vfio *v, unsigned int i, u64 *address, u32 *data)
{
	const u8 *msi = v->dev.config + v->dev.msi, *msix = v->dev.config + v->dev.msix;
	const struct pci_vector *vector = &v->vectors[i];
	u32 flags;

	if (vector->fd < 0)
		return false;
	if (v->irqs == VFIO_PCI_MSIX_IRQ_INDEX) {
		*address = vector->address;
		*data = vector->data;
		return !(pci_config_get(msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_MASKALL) &&
		       !(vector->control & PCI_MSIX_ENTRY_CTRL_MASKBIT);
	}
	flags = pci_config_get(msi + PCI_MSI_FLAGS, 2);
	*address = pci_config_get(msi + PCI_MSI_ADDRESS_LO, 4);
	*data = pci_config_get(msi + PCI_MSI_DATA_32, 2);
	if (flags & PCI_MSI_FLAGS_64BIT) {
		*address |= (u64)pci_config_get(msi + PCI_MSI_ADDRESS_HI, 4) << 32;
		*data = pci_config_get(msi + PCI_MSI_DATA_64, 2);
	}
	return true;
}

static void update_vector(struct pci_vfio *v, unsigned int i)
{
	struct pci_vector *vector = &v->vectors[i];
	u64 address = 0;
	u32 data = 0;
	bool want = wanted(v, i, &address, &data);

	if (vector->armed && want && vector->armed_address == address &&
	    vector->armed_data == data)
		return;
	disarm(v, i);
	if (want)
		arm(v, i, address, data);
}

static void messages_off(struct pci_vfio *v)
{
	unsigned int i;

	for (i = 0; i < PCI_VECTORS; i++)
		disarm(v, i);
	vfio_set_irqs(v->fd, v->irqs, VFIO_IRQ_SET_ACTION_TRIGGER, NULL, 0);
	for (i = 0; i < PCI_VECTORS; i++)
		close_fd(&v->vectors[i].fd);
}

/* The host may have fewer than the guest sees: the others stay silent. */
static int messages_on(struct pci_vfio *v, u32 index, u32 count)
{
	int fds[PCI_VECTORS], ret = -1;
	unsigned int i;

	for (i = 0; i < count; i++) {
		v->vectors[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		fds[i] = v->vectors[i].fd;
		if (fds[i] < 0)
			break;
	}
	if (i == count)
		ret = vfio_set_irqs(v->fd, index, VFIO_IRQ_SET_ACTION_TRIGGER, fds, count);
	if (ret > 0 && (u32)ret < count) {
		warn(v, "the host gives it %d of %u message interrupts", ret, count);
		ret = vfio_set_irqs(v->fd, index, VFIO_IRQ_SET_ACTION_TRIGGER, fds, ret);
	}
	if (!ret)
		return 0;
	warn(v, "its message interrupts do not work: %s", strerror(errno));
	while (i--)
		close_fd(&v->vectors[i].fd);
	return -1;
}

/* --- both ------------------------------------------------------------------------------------ */

static bool enabled(const struct pci_vfio *v, u32 at, u32 flags, u32 enable)
{
	return at && pci_config_get(v->dev.config + at + flags, 2) & enable;
}

static u32 wanted_irqs(const struct pci_vfio *v)
{
	if (!v->bus->running)
		return PCI_NO_IRQS;
	if (enabled(v, v->dev.msix, PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE))
		return VFIO_PCI_MSIX_IRQ_INDEX;
	if (enabled(v, v->dev.msi, PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE))
		return VFIO_PCI_MSI_IRQ_INDEX;
	return v->has_intx ? VFIO_PCI_INTX_IRQ_INDEX : PCI_NO_IRQS;
}

/* VFIO has one kind of them on at a time. What did not work is not tried again until then. */
static void switch_irqs(struct pci_vfio *v, u32 irqs)
{
	if (v->irqs == VFIO_PCI_INTX_IRQ_INDEX)
		line_off(v);
	else if (v->irqs != PCI_NO_IRQS)
		messages_off(v);
	v->irqs = irqs;
	if (irqs == VFIO_PCI_INTX_IRQ_INDEX)
		line_on(v);
	else if (irqs != PCI_NO_IRQS)
		messages_on(v, irqs, irqs == VFIO_PCI_MSIX_IRQ_INDEX ? v->dev.nr_vectors : 1);
}

/**
 * pci_irq_update() - connect interrupts as the guest has them now
 * @v: the device
 */
void pci_irq_update(struct pci_vfio *v)
{
	u32 irqs = wanted_irqs(v);
	unsigned int i;

	if (v->irqs != irqs)
		switch_irqs(v, irqs);
	if (irqs == PCI_NO_IRQS || irqs == VFIO_PCI_INTX_IRQ_INDEX)
		return;
	for (i = 0; i < PCI_VECTORS; i++)
		update_vector(v, i);
}

/**
 * pci_irq_reset() - the MSI-X table as at power-on
 * @v: the device; the bus does not run
 */
void pci_irq_reset(struct pci_vfio *v)
{
	unsigned int i;

	for (i = 0; i < PCI_VECTORS; i++) {
		v->vectors[i].address = 0;
		v->vectors[i].data = 0;
		v->vectors[i].control = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
}

/**
 * pci_irq_init() - nothing is connected
 * @v: the device, new
 */
void pci_irq_init(struct pci_vfio *v)
{
	unsigned int i;

	v->irqs = PCI_NO_IRQS;
	v->intx = -1;
	v->intx_ended = -1;
	for (i = 0; i < PCI_VECTORS; i++)
		v->vectors[i].fd = -1;
	pci_irq_reset(v);
}

/* --- the MSI-X table ------------------------------------------------------------------------ */

/**
 * pci_in_table() - is any of an access in the MSI-X table?
 * @v: the device
 * @bar: number of the BAR
 * @offset: in it
 * @width: bytes
 */
bool pci_in_table(const struct pci_vfio *v, unsigned int bar, u64 offset, u32 width)
{
	u64 end = v->dev.table + (u64)v->dev.nr_vectors * PCI_MSIX_ENTRY_SIZE;

	return v->dev.msix && bar == v->dev.table_bar && offset + width > v->dev.table &&
	       offset < end;
}

/*
 * A table begins at a multiple of 8, so what is aligned lies whole in it. Return: the vector, and
 * which of its 4-byte words; NULL: the table has no such accesses
 */
static struct pci_vector *table_word(struct pci_vfio *v, u64 offset, u32 width, unsigned int *word)
{
	if (width < 4 || offset % width)
		return NULL;
	offset -= v->dev.table;
	*word = offset % PCI_MSIX_ENTRY_SIZE / 4;
	return &v->vectors[offset / PCI_MSIX_ENTRY_SIZE];
}

static u32 read_word(const struct pci_vector *vector, unsigned int word)
{
	const u32 words[] = {
		vector->address, vector->address >> 32, vector->data, vector->control,
	};

	return words[word];
}

static void write_word(struct pci_vector *vector, unsigned int word, u32 data)
{
	switch (word * 4) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		vector->address = (vector->address & ~0xffffffffULL) | (data & ~3U);
		break;
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		vector->address = (vector->address & 0xffffffff) | (u64)data << 32;
		break;
	case PCI_MSIX_ENTRY_DATA:
		vector->data = data;
		break;
	case PCI_MSIX_ENTRY_VECTOR_CTRL:
		vector->control = data & PCI_MSIX_ENTRY_CTRL_MASKBIT;
		break;
	}
}

/**
 * pci_table_read() - the guest reads the MSI-X table
 * @v: the device
 * @offset: in the BAR; pci_in_table() is true
 * @width: of 4 or 8 aligned bytes; others read as all ones
 *
 * Return: what is there.
 */
u64 pci_table_read(struct pci_vfio *v, u64 offset, u32 width)
{
	unsigned int word;
	struct pci_vector *vector = table_word(v, offset, width, &word);
	u64 data;

	if (!vector)
		return ~0ULL;
	data = read_word(vector, word);
	if (width == 8)
		data |= (u64)read_word(vector, word + 1) << 32;
	return data;
}

/**
 * pci_table_write() - the guest writes to it
 * @v: the device
 * @offset: as pci_table_read()
 * @width: likewise; other writes are dropped
 * @data: what
 */
void pci_table_write(struct pci_vfio *v, u64 offset, u32 width, u64 data)
{
	unsigned int word;
	struct pci_vector *vector = table_word(v, offset, width, &word);

	if (!vector)
		return;
	write_word(vector, word, data);
	if (width == 8)
		write_word(vector, word + 1, data >> 32);
	if (v->irqs == VFIO_PCI_MSIX_IRQ_INDEX)
		update_vector(v, vector - v->vectors);
}
