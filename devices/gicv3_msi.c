// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, what goes between the distributor and the lines of the VM in the other direction than
 * gicv3_set_level(): messages that make SPIs pending (ARM IHI 0069, GICD_SETSPI_NSR: 12.9.36,
 * GICD_CLRSPI_NSR: 12.9.3), and the ends of SPIs for those who hold a line until then.
 *
 * A message drives the SPI's line like any other device. For an edge-triggered SPI it
 * pulses the line. For a level-sensitive one it holds the line up until the other
 * register is written.
 *
 * Locks: none held by the callers; the router's is taken (core/irq.h).
 */
#include <linux/irqchip/arm-gic-v3.h>

#include "gicv3.h"

/**
 * gicv3_tell_ended() - after gicv3_fold(): tell of the SPIs that the guest has ended
 * @cpu: a vCPU out of the guest
 *
 * Context: the vCPU's own thread, no lock held.
 */
void gicv3_tell_ended(struct arm64_gic_cpu *cpu)
{
	unsigned int intid;

	cpu->any_ended = false;
	for_each_set_bit(intid, cpu->ended, GICV3_NR_INTIDS) {
		__clear_bit(intid, cpu->ended);
		axvm_irq_ended(cpu->gic->vm, intid);
	}
}

/* As by GICD_ICPENDR */
static void forget_edge(struct arm64_gic *gic, u32 intid)
{
	unsigned long flags;

	flags = gicv3_lock(gic);
	gicv3_forget(gic, intid / GICV3_BANK_BITS, NULL, BIT(intid % GICV3_BANK_BITS));
	gicv3_unlock(gic, flags);
}

/**
 * gicv3_message() - a message for an SPI
 * @gic: the GIC
 * @intid: the SPI
 * @level: true: GICD_SETSPI_NSR; false: GICD_CLRSPI_NSR
 *
 * Context: any.
 * Return: 0; -EINVAL: not an SPI; -ESHUTDOWN: an edge, and the VM has ended.
 */
int gicv3_message(struct arm64_gic *gic, u32 intid, bool level)
{
	u32 edge;

	if (intid < GICV3_NR_PRIVATE || intid >= GICV3_NR_INTIDS)
		return -EINVAL;
	edge = READ_ONCE(gic->state.bank[intid / GICV3_BANK_BITS].edge);
	if (edge & BIT(intid % GICV3_BANK_BITS) && level)
		return axvm_irq_pulse(gic->vm, intid);
	axvm_irq_hold(gic->vm, intid, &gic->message[intid], level);
	if (edge & BIT(intid % GICV3_BANK_BITS))
		forget_edge(gic, intid);
	return 0;
}

/**
 * gicv3_drop_messages() - no line is held by a message any more
 * @gic: the GIC
 *
 * Context: any.
 */
void gicv3_drop_messages(struct arm64_gic *gic)
{
	unsigned int intid;

	for (intid = GICV3_NR_PRIVATE; intid < GICV3_NR_INTIDS; intid++)
		axvm_irq_hold(gic->vm, intid, &gic->message[intid], false);
}

/**
 * arm64_gic_msi() - axvm_backend.msi
 * @vm: the VM
 * @address: where the device writes: GICD_SETSPI_NSR
 * @data: what it writes: the INTID
 * @send: false: only check them
 *
 * There is no ITS, hence no LPI.
 *
 * Context: any.
 * Return: as gicv3_message(); -EINVAL: another address; -ENODEV: no GIC.
 */
int arm64_gic_msi(struct axvm_vm *vm, u64 address, u32 data, bool send)
{
	struct arm64_gic *gic;
	int idx, ret = 0;

	/* gicv3_destroy() waits for those in this section. */
	idx = srcu_read_lock(&vm->srcu);
	gic = READ_ONCE(vm->arch.gic);
	if (!gic)
		ret = -ENODEV;
	else if (address != gic->base + GICD_SETSPI_NSR ||
		 data < GICV3_NR_PRIVATE || data >= GICV3_NR_INTIDS)
		ret = -EINVAL;
	else if (send)
		ret = gicv3_message(gic, data, true);
	srcu_read_unlock(&vm->srcu, idx);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_msi);
