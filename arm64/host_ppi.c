// SPDX-License-Identifier: GPL-2.0
/*
 * Two private interrupts of the host that end the guest: that of the virtual timer, and
 * the maintenance interrupt of the GIC's virtual CPU interface.
 *
 * Neither needs a handler that does anything: an exit is all that is wanted, and its
 * cause is seen to then. But they must be enabled. Where KVM is initialised, they are
 * KVM's, whose handlers ignore what is not for a guest of its own; else they are
 * requested here.
 *
 * The timer's is *forwarded* (irq_set_vcpu_affinity(), by KVM or here): the host's GIC driver
 * acknowledges it and leaves it active, until a guest deactivates it through a list
 * register, or somebody else does: arm64_host_timer_set_active().
 *
 * Owns: the requests. Locks: none; module load and unload, and CPU hotplug.
 */
#include <linux/acpi.h>
#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>

#include "host_ppi.h"

/**
 * struct host_ppi - a private interrupt of the host
 * @name: for /proc/interrupts
 * @compatible: the node of the device tree that has it
 * @index: its place there
 * @forwarded: the guest deactivates it
 * @irq: its number in Linux; 0: there is none
 * @ours: it was requested here
 */
struct host_ppi {
	const char *name;
	const char *compatible;
	int index;
	bool forwarded;
	unsigned int irq;
	bool ours;
};

enum { TIMER, MAINTENANCE, NR_PPIS };

/* Bindings arm,arch_timer (third: virtual) and arm,gic-v3 */
static struct host_ppi ppis[NR_PPIS] = {
	[TIMER] = { "axvm-timer", "arm,armv8-timer", 2, true },
	[MAINTENANCE] = { "axvm-gic", "arm,gic-v3", 0, false },
};

static u32 __percpu *cookie;
static int hotplug_state;

static irqreturn_t ppi_handler(int irq, void *data)
{
	return IRQ_HANDLED;
}

/* --- where they are --------------------------------------------------------- */

#ifdef CONFIG_ACPI
/* ACPI 6.5, 5.2.24 (GTDT), and 5.2.12.14 (GICC in the MADT) */
static u32 gtdt_virtual_timer(u32 *flags)
{
	struct acpi_table_header *table;
	u32 gsi;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_GTDT, 0, &table)))
		return 0;
	gsi = ((struct acpi_table_gtdt *)table)->virtual_timer_interrupt;
	*flags = ((struct acpi_table_gtdt *)table)->virtual_timer_flags;
	acpi_put_table(table);
	return gsi;
}

static u32 madt_maintenance(u32 *flags)
{
	struct acpi_table_header *table;
	struct acpi_subtable_header *entry;
	void *end;
	u32 gsi = 0;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MADT, 0, &table)))
		return 0;
	end = (void *)table + table->length;
	entry = (void *)table + sizeof(struct acpi_table_madt);
	while (!gsi && (void *)entry + sizeof(*entry) <= end && entry->length) {
		struct acpi_madt_generic_interrupt *gicc = (void *)entry;

		if (entry->type == ACPI_MADT_TYPE_GENERIC_INTERRUPT &&
		    (void *)(&gicc->vgic_interrupt + 1) <= end) {
			gsi = gicc->vgic_interrupt;
			if (gicc->flags & ACPI_MADT_VGIC_IRQ_MODE)
				*flags = ACPI_GTDT_INTERRUPT_MODE;
		}
		entry = (void *)entry + entry->length;
	}
	acpi_put_table(table);
	return gsi;
}

static unsigned int find_in_acpi(unsigned int which)
{
	u32 flags = 0, gsi;
	int irq;

	gsi = which == TIMER ? gtdt_virtual_timer(&flags) : madt_maintenance(&flags);
	if (!gsi)
		return 0;
	irq = acpi_register_gsi(NULL, gsi,
				flags & ACPI_GTDT_INTERRUPT_MODE ? ACPI_EDGE_SENSITIVE :
								   ACPI_LEVEL_SENSITIVE,
				flags & ACPI_GTDT_INTERRUPT_POLARITY ? ACPI_ACTIVE_LOW :
								       ACPI_ACTIVE_HIGH);
	return irq > 0 ? irq : 0;
}
#else
static unsigned int find_in_acpi(unsigned int which)
{
	return 0;
}
#endif

static unsigned int find(unsigned int which)
{
	struct device_node *node;
	unsigned int irq;

	if (!acpi_disabled)
		return find_in_acpi(which);
	node = of_find_compatible_node(NULL, NULL, ppis[which].compatible);
	if (!node)
		return 0;
	irq = irq_of_parse_and_map(node, ppis[which].index);
	of_node_put(node);
	return irq;
}

/* --- on each CPU ------------------------------------------------------------ */

static int cpu_up(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < NR_PPIS; i++)
		if (ppis[i].ours)
			enable_percpu_irq(ppis[i].irq, IRQ_TYPE_NONE);
	return 0;
}

static int cpu_down(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < NR_PPIS; i++)
		if (ppis[i].ours)
			disable_percpu_irq(ppis[i].irq);
	return 0;
}

/**
 * arm64_host_ppis_load() - a vCPU comes to this pCPU: they must be enabled here
 *
 * Some versions of KVM have theirs enabled only while there are guests of KVM.
 *
 * Context: preemption off.
 */
void arm64_host_ppis_load(void)
{
	unsigned int i;

	for (i = 0; i < NR_PPIS; i++)
		if (ppis[i].irq && unlikely(!irq_percpu_is_enabled(ppis[i].irq)))
			enable_percpu_irq(ppis[i].irq, IRQ_TYPE_NONE);
}

/* --- module load and unload --------------------------------------------------- */

/* Ours, if it is nobody's */
static void request(struct host_ppi *ppi)
{
	if (!ppi->irq || irq_has_action(ppi->irq))
		return;
	if (request_percpu_irq(ppi->irq, ppi_handler, ppi->name, cookie))
		return;
	if (ppi->forwarded && irq_set_vcpu_affinity(ppi->irq, ppi)) {
		free_percpu_irq(ppi->irq, cookie);
		ppi->irq = 0;
		return;
	}
	ppi->ours = true;
}

static void release(struct host_ppi *ppi)
{
	if (!ppi->ours)
		return;
	if (ppi->forwarded)
		irq_set_vcpu_affinity(ppi->irq, NULL);
	free_percpu_irq(ppi->irq, cookie);
	ppi->ours = false;
}

/**
 * arm64_host_ppis_init() - find them, and request those that nobody has
 *
 * Context: module load; may sleep.
 * Return: 0 (also if there are none: arm64_host_ppis_probe() tells) or an errno.
 */
int arm64_host_ppis_init(void)
{
	unsigned int i;
	int ret;

	cookie = alloc_percpu(u32);
	if (!cookie)
		return -ENOMEM;
	for (i = 0; i < NR_PPIS; i++) {
		ppis[i].irq = find(i);
		request(&ppis[i]);
	}
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "axvm/arm64:ppi", cpu_up, cpu_down);
	if (ret < 0) {
		for (i = 0; i < NR_PPIS; i++)
			release(&ppis[i]);
		free_percpu(cookie);
		return ret;
	}
	hotplug_state = ret;
	return 0;
}

/**
 * arm64_host_ppis_exit() - the reverse
 */
void arm64_host_ppis_exit(void)
{
	unsigned int i;

	cpuhp_remove_state(hotplug_state);
	for (i = 0; i < NR_PPIS; i++)
		release(&ppis[i]);
	free_percpu(cookie);
}

/**
 * arm64_host_ppis_probe() - are they there?
 * @why: the reason if not
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int arm64_host_ppis_probe(struct axvm_reason *why)
{
	if (ppis[TIMER].irq && ppis[MAINTENANCE].irq)
		return 0;
	snprintf(why->text, sizeof(why->text),
		 "the host's firmware (device tree, ACPI) tells of no interrupt %s",
		 ppis[TIMER].irq ? "of the GIC for maintenance" :
				   "of the virtual timer that a guest can have");
	return -EOPNOTSUPP;
}

/* --- the timer's -------------------------------------------------------------- */

/**
 * arm64_host_timer_intid() - INTID of the virtual timer at the host's GIC
 *
 * Return: the INTID, or 0: there is none.
 */
u32 arm64_host_timer_intid(void)
{
	struct irq_data *data = irq_get_irq_data(ppis[TIMER].irq);

	return ppis[TIMER].irq && data ? data->hwirq : 0;
}

/**
 * arm64_host_gic_domain() - the host's GIC
 *
 * Return: its interrupts' domain, or NULL: unknown.
 */
const struct irq_domain *arm64_host_gic_domain(void)
{
	struct irq_data *data = irq_get_irq_data(ppis[TIMER].irq);

	return ppis[TIMER].irq && data ? data->domain : NULL;
}

/**
 * arm64_host_timer_set_active() - make the virtual timer's interrupt of this CPU active, or not
 * @active: active: it does not come, as a guest has it in hand
 *
 * Context: preemption off.
 */
void arm64_host_timer_set_active(bool active)
{
	if (ppis[TIMER].irq)
		irq_set_irqchip_state(ppis[TIMER].irq, IRQCHIP_STATE_ACTIVE, active);
}
