// SPDX-License-Identifier: GPL-2.0
/*
 * An interrupt of the host as a line of the guest: the host's handler does nothing but to
 * drive the line.
 *
 * An edge of the host is an edge of the line. A level cannot be quieted here, as only the
 * guest's driver knows how: the line goes up and the host's interrupt is disabled, until the
 * guest has ended its interrupt (axvm_irq_ended()); then the line goes down and the interrupt is
 * enabled, and comes again at once if the hardware still wants it.
 *
 * Owns: the interrupt, exclusively. Whatever state it is in when it is given back, the next who
 * requests it finds it enabled: that is what request_irq() does for an interrupt that is
 * not shared.
 *
 * Locks: axvm_host_irq.lock, raw, interrupts off; under it the interrupt router's, and the
 * kernel's own of the interrupt. vm->lock is held for taking and giving back.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "../core/vm.h"
#include "passthrough.h"

static irqreturn_t host_interrupt(int irq, void *data)
{
	struct axvm_host_irq *host = data;
	unsigned long flags;

	if (!host->level) {
		axvm_device_pulse(host->dev, 0);
		return IRQ_HANDLED;
	}
	raw_spin_lock_irqsave(&host->lock, flags);
	if (!host->masked) {
		host->masked = true;
		disable_irq_nosync(irq);
		axvm_device_raise(host->dev, 0);
	}
	raw_spin_unlock_irqrestore(&host->lock, flags);
	return IRQ_HANDLED;
}

/* The line goes down first: what the hardware wants still, raises it anew. */
static void let_go(struct axvm_host_irq *host)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&host->lock, flags);
	if (host->masked) {
		host->masked = false;
		axvm_device_lower(host->dev, 0);
		enable_irq(host->irq);
	}
	raw_spin_unlock_irqrestore(&host->lock, flags);
}

static void guest_ended(struct axvm_irq_listener *listener)
{
	let_go(container_of(listener, struct axvm_host_irq, listener));
}

static bool is_level(struct irq_data *data)
{
	u32 type = irqd_get_trigger_type(data);

	/* Some controllers know it without having been told */
	return type ? type & IRQ_TYPE_LEVEL_MASK : irqd_is_level_type(data);
}

/*
 * Those that cannot be enabled and disabled from any context, behind slow buses, are not for
 * us. request_irq() refuses private ones of a CPU, and what is no device's.
 */
static int look_at(struct axvm_host_irq *host)
{
	struct irq_data *data = irq_get_irq_data(host->irq);

	if (!data || !data->chip || data->chip->irq_bus_lock)
		return -EINVAL;
	host->level = is_level(data);
	return 0;
}

/**
 * axvm_host_irq_take() - take an interrupt of the host for a device's line 0
 * @host: zeroed; stays in use until axvm_host_irq_give_back()
 * @dev: the device, in its init(), the line declared
 * @irq: the interrupt's number in Linux
 * @name: for /proc/interrupts; must stay
 *
 * Context: vm->lock held; may sleep.
 * Return: 0; -EINVAL: no such interrupt, or not one that can be passed; -EBUSY: it has a
 * handler; -ENOMEM.
 */
int axvm_host_irq_take(struct axvm_host_irq *host, struct axvm_device *dev, unsigned int irq,
		       const char *name)
{
	int ret;

	host->irq = irq;
	raw_spin_lock_init(&host->lock);
	ret = look_at(host);
	if (ret)
		return ret;
	host->dev = dev;
	host->listener.irq = dev->lines[0];
	host->listener.ended = guest_ended;
	axvm_irq_listen(dev->vm, &host->listener);
	/* It is refused if anybody has it; the kernel's log names him then. */
	ret = request_irq(irq, host_interrupt, IRQF_NO_THREAD | IRQF_NO_AUTOEN, name, host);
	if (ret) {
		axvm_irq_unlisten(dev->vm, &host->listener);
		host->dev = NULL;
		return ret == -EBUSY || ret == -ENOMEM ? ret : -EINVAL;
	}
	/* Disabled shall mean masked at once: a level would come once more otherwise. */
	if (host->level)
		irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
	enable_irq(irq);
	return 0;
}

/**
 * axvm_host_irq_give_back() - the reverse
 * @host: as it was taken; nothing happens if it was not
 *
 * Context: vm->lock held; may sleep.
 */
void axvm_host_irq_give_back(struct axvm_host_irq *host)
{
	if (!host->dev)
		return;
	axvm_irq_unlisten(host->dev->vm, &host->listener);
	/* Waits for the handler */
	free_irq(host->irq, host);
	if (host->level)
		irq_clear_status_flags(host->irq, IRQ_DISABLE_UNLAZY);
	axvm_device_lower(host->dev, 0);
	host->dev = NULL;
}

/**
 * axvm_host_irq_reset() - the guest that held up an interrupt is gone
 * @host: the interrupt, or one that was not taken
 */
void axvm_host_irq_reset(struct axvm_host_irq *host)
{
	if (host->dev)
		let_go(host);
}
