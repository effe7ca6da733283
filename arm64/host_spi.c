// SPDX-License-Identifier: GPL-2.0
/*
 * Level interrupts of the host that a guest ends by itself: which can be had, and the host's side
 * of it. devices/gicv3_link.c is the guest's.
 *
 * The interrupt is *forwarded* (irq_set_vcpu_affinity(), as the virtual timer's in host_ppi.c):
 * the host's GIC driver leaves it active after its handler. It must be an SPI of the host's
 * GICv3, if another controller is in between (one that turns levels over, say): a list register
 * names it by its INTID there. The GIC's domain is that of the virtual timer's interrupt.
 *
 * Owns: the links, from axvm_host_irq_link() to axvm_host_irq_unlink(). Locks: vm->lock for both.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "../devices/gicv3.h"
#include "../devices/passthrough.h"
#include "host_ppi.h"

static bool link_irqs = true;
module_param(link_irqs, bool, 0644);
MODULE_PARM_DESC(link_irqs, "A guest ends level interrupts of passed devices without an exit");

/* INTID of the interrupt at the host's GIC; 0: it is none of its SPIs */
static u32 find_spi(unsigned int irq)
{
	const struct irq_domain *gic = arm64_host_gic_domain();
	struct irq_data *data = irq_get_irq_data(irq);

	while (data && data->domain != gic)
		data = data->parent_data;
	if (!gic || !data || data->hwirq < GICV3_NR_PRIVATE || data->hwirq >= GICV3_NR_INTIDS)
		return 0;
	return data->hwirq;
}

/**
 * struct host_spi - an interrupt of the host that a guest ends by itself
 * @link: the guest's side
 * @moves: tells that the interrupt goes to another CPU now
 */
struct host_spi {
	struct axvm_host_link link;
	struct irq_affinity_notify moves;
};

static void deactivate(const struct host_spi *spi)
{
	irq_set_irqchip_state(spi->link.irq, IRQCHIP_STATE_ACTIVE, false);
}

/*
 * It may come to its new CPU when the handler is not over yet on the old one: the kernel drops it
 * then, and would have nobody deactivate it. So it is deactivated once more, the handler being
 * over. If it was not dropped, it may come once too often, which a level may.
 *
 * Not synchronize_irq(), which waits for as long as the guest has it active.
 */
static void moved(struct irq_affinity_notify *notify, const cpumask_t *mask)
{
	struct host_spi *spi = container_of(notify, struct host_spi, moves);

	synchronize_hardirq(spi->link.irq);
	deactivate(spi);
}

/* host_spi is freed by axvm_host_irq_unlink(), after this. */
static void moves_no_more(struct kref *ref)
{
}

/* Without EL2 of its own, or with another EOI mode, the host's GIC driver refuses. */
static int forward(struct host_spi *spi)
{
	int ret = irq_set_vcpu_affinity(spi->link.irq, spi);

	if (ret)
		return ret;
	return irqd_is_forwarded_to_vcpu(irq_get_irq_data(spi->link.irq)) ? 0 : -EOPNOTSUPP;
}

/* What a guest had in hand, the host has again. */
static void take_back(struct host_spi *spi)
{
	irq_set_affinity_notifier(spi->link.irq, NULL);
	irq_set_vcpu_affinity(spi->link.irq, NULL);
	deactivate(spi);
}

static int establish(struct host_spi *spi, struct arm64_gic *gic)
{
	int ret = forward(spi);

	if (!ret)
		ret = irq_set_affinity_notifier(spi->link.irq, &spi->moves);
	if (!ret)
		ret = gicv3_link(gic, &spi->link);
	if (ret)
		take_back(spi);
	return ret;
}

struct axvm_host_link *axvm_host_irq_link(struct axvm_vm *vm, u32 line, unsigned int irq)
{
	u32 host_intid = READ_ONCE(link_irqs) ? find_spi(irq) : 0;
	struct host_spi *spi;

	if (!host_intid || !vm->arch.gic)
		return NULL;
	spi = kzalloc(sizeof(*spi), GFP_KERNEL_ACCOUNT);
	if (!spi)
		return NULL;
	spi->link.intid = line;
	spi->link.irq = irq;
	spi->link.host_intid = host_intid;
	spi->moves.notify = moved;
	spi->moves.release = moves_no_more;
	if (!establish(spi, vm->arch.gic))
		return &spi->link;
	kfree(spi);
	return NULL;
}

void axvm_host_irq_unlink(struct axvm_host_link *link)
{
	struct host_spi *spi = container_of(link, struct host_spi, link);

	synchronize_hardirq(link->irq);
	gicv3_unlink(link);
	take_back(spi);
	kfree(spi);
}

bool axvm_host_irq_fire(struct axvm_host_link *link)
{
	return gicv3_link_fire(link);
}
