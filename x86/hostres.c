// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on x86: the host's ports, and the physical addresses that no guest is given,
 * whoever has claimed them or not.
 */
#include <linux/io.h>
#include <linux/kernel.h>
#include <asm/hpet.h>

#include "../core/compat.h"
#include "../devices/passthrough.h"

/* Where chipsets decode them; all messages of devices to local APICs go to the last one */
static const struct {
	u64 first;
	u64 last;
	const char *what;
} kept[] = {
	{ 0xfec00000, 0xfecfffff, "are the IOAPICs'" },
	{ 0xfee00000, 0xfeefffff, "are the local APICs'" },
};

/* The kernel claims its registers as a device's, not as its own. */
#define HPET_FIRST	0xfed00000ULL
#define HPET_LAST	0xfed03fffULL

/* The end of a guest's interrupt does not reach the host's controller. */
struct axvm_host_link *axvm_host_irq_link(struct axvm_vm *vm, u32 line, unsigned int irq)
{
	return NULL;
}

void axvm_host_irq_unlink(struct axvm_host_link *link)
{
}

bool axvm_host_irq_fire(struct axvm_host_link *link)
{
	return false;
}

bool axvm_host_has_ports(void)
{
	return true;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_host_has_ports);

const char *axvm_host_keeps(u64 first, u64 last)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (first <= kept[i].last && kept[i].first <= last)
			return kept[i].what;
	if (first <= HPET_LAST && HPET_FIRST <= last && is_hpet_enabled())
		return "are the HPET's, which the host uses";
	return NULL;
}

/* They are no memory. */
bool axvm_host_ports_at(u64 first, u64 last, struct resource *ports)
{
	return false;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_host_ports_at);

u32 axvm_host_in(u16 port, unsigned int width)
{
	switch (width) {
	case 1:
		return inb(port);
	case 2:
		return inw(port);
	default:
		return inl(port);
	}
}

void axvm_host_out(u16 port, unsigned int width, u32 value)
{
	switch (width) {
	case 1:
		outb(value, port);
		break;
	case 2:
		outw(value, port);
		break;
	default:
		outl(value, port);
		break;
	}
}
