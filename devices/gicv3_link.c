// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, links: SPIs of the guest that are level interrupts of the host, which the guest itself
 * deactivates at the host's GIC by a list register with ICH_LR<n>_EL2.HW (ARM IHI 0069 5.2.3).
 *
 * The host's GIC driver acknowledges such an interrupt and leaves it active: it does not come
 * again before somebody has deactivated it. So each time that it comes is one instance for
 * the guest, which is latched here, as an edge is. For the rest one rule holds:
 *
 *	While the host's is active, there is an instance for the guest: latched, listed
 *	or active. Goes the last one, the host's is deactivated: by the CPU if it was in a
 *	list register with HW set, else here (gicv3_gone()).
 *
 * If the hardware still wants it then, it comes again, and is latched anew. It may come before
 * the vCPU that ended the one before has folded its list register: then it is latched beside
 * what is listed, and the vCPU is kicked, folds, and finds it. To deactivate what is not active
 * does nothing, so nobody has to know which instance was the host's and which was made by
 * GICD_ISPENDR.
 *
 * A line may have other holders. While one of them holds it up, the SPI is listed without HW,
 * with a maintenance interrupt at its end, of which they want to know (gic_lr.c).
 *
 * Locks: gic->lock, and under it the kernel's own of the host's interrupt, which is raw and
 * not held around its handler, and so around gicv3_link_fire().
 */
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "gicv3.h"

/* gic->lock held */
static struct axvm_host_link *find(const struct arm64_gic *gic, u32 intid)
{
	struct axvm_host_link *link;

	list_for_each_entry(link, &gic->links, list)
		if (link->intid == intid)
			return link;
	return NULL;
}

/* The host's interrupt may come again. gic->lock held */
static void deactivate(const struct axvm_host_link *link)
{
	irq_set_irqchip_state(link->irq, IRQCHIP_STATE_ACTIVE, false);
}

/**
 * gicv3_host_intid() - which INTID of the host's GIC is this SPI?
 * @gic: the GIC; gic->lock held
 * @intid: an SPI with a link
 *
 * Return: the INTID, or 0: it has no link.
 */
u32 gicv3_host_intid(const struct arm64_gic *gic, u32 intid)
{
	const struct axvm_host_link *link = find(gic, intid);

	return link ? link->host_intid : 0;
}

/**
 * gicv3_release_links() - gicv3_gone()'s: the guest has nothing left of these SPIs
 * @gic: the GIC; gic->lock held
 * @n: their bank
 * @mask: which of it; they have links
 */
void gicv3_release_links(struct arm64_gic *gic, unsigned int n, u32 mask)
{
	unsigned long left = mask;
	unsigned int bit;

	while (gicv3_next_bit(&left, &bit))
		deactivate(find(gic, n * GICV3_BANK_BITS + bit));
}

/**
 * gicv3_release_all_links() - all that was under way is forgotten
 * @gic: the GIC; gic->lock held
 *
 * What is still, or again, active in the guest may then be latched beside that.
 */
void gicv3_release_all_links(struct arm64_gic *gic)
{
	struct axvm_host_link *link;

	list_for_each_entry(link, &gic->links, list)
		deactivate(link);
}

/**
 * gicv3_link() - from now on an SPI is an interrupt of the host
 * @gic: the GIC
 * @link: intid, irq and host_intid filled in; the host's interrupt is not active
 *
 * Context: any.
 * Return: 0; -EINVAL: not an SPI; -EBUSY: the SPI has a link.
 */
int gicv3_link(struct arm64_gic *gic, struct axvm_host_link *link)
{
	unsigned long flags;
	int ret = -EBUSY;

	if (link->intid < GICV3_NR_PRIVATE || link->intid >= GICV3_NR_INTIDS)
		return -EINVAL;
	flags = gicv3_lock(gic);
	if (!find(gic, link->intid)) {
		kref_get(&gic->ref);
		link->gic = gic;
		list_add_tail(&link->list, &gic->links);
		gic->linked[link->intid / GICV3_BANK_BITS] |= BIT(link->intid % GICV3_BANK_BITS);
		ret = 0;
	}
	gicv3_unlock(gic, flags);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_link);

/**
 * gicv3_unlink() - the reverse; what is pending is not any more
 * @link: the link; its interrupt does not come any more
 *
 * Afterwards no list register leads to the host's interrupt. Whether that is active is the
 * caller's to see to.
 *
 * Context: may sleep; interrupts on, no lock of ours but vm->lock held.
 */
void gicv3_unlink(struct axvm_host_link *link)
{
	unsigned int n = link->intid / GICV3_BANK_BITS;
	u32 bit = BIT(link->intid % GICV3_BANK_BITS);
	struct arm64_gic *gic = link->gic;
	unsigned long flags;

	flags = gicv3_lock(gic);
	list_del(&link->list);
	gic->linked[n] &= ~bit;
	gicv3_forget(gic, n, NULL, bit);
	gicv3_settle(gic, gicv3_unlock(gic, flags));
	gicv3_put(gic);
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_unlink);

/**
 * gicv3_link_fire() - the host's interrupt has come
 * @link: the link
 *
 * Context: any, but for the kernel's lock of the interrupt, which must not be held.
 * Return: false: the GIC was removed from its VM, and nothing will end the interrupt.
 */
bool gicv3_link_fire(struct axvm_host_link *link)
{
	unsigned int n = link->intid / GICV3_BANK_BITS;
	u32 bit = BIT(link->intid % GICV3_BANK_BITS);
	struct arm64_gic *gic = link->gic;
	unsigned long flags;
	bool there;

	flags = gicv3_lock(gic);
	/* gicv3_destroy() takes it away before it releases all. */
	there = READ_ONCE(gic->vm->arch.gic) == gic;
	if (there) {
		gic->state.bank[n].latch |= bit;
		gicv3_update(gic, NULL, n, bit);
	}
	gicv3_unlock(gic, flags);
	return there;
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_link_fire);
