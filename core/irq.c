// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts, as irq.h lays them down: the lines of a VM and its irqchips. The way of one
 * interrupt to one vCPU is kick.c's.
 *
 * Owns: struct axvm_irq_router in each VM, axvm_device.asserted.
 *
 * Locks: axvm_irq_router.lock, raw, interrupts off, taken with a device's lock held
 * and held over the irqchips' set_level(). An irqchip's eoi() is called under vm->srcu
 * only.
 */
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "../devices/device.h"
#include "trace.h"
#include "vm.h"

/* --- lines -------------------------------------------------------------------------- */

/**
 * axvm_irq_router_init() - all lines down, no irqchip
 * @router: zeroed memory
 */
void axvm_irq_router_init(struct axvm_irq_router *router)
{
	raw_spin_lock_init(&router->lock);
	INIT_LIST_HEAD(&router->listeners);
}

/* router->lock held */
static void line_changed(struct axvm_vm *vm, u32 irq, bool level)
{
	struct axvm_irq_router *router = &vm->irq;
	unsigned int i;

	trace_axvm_irq_line(vm->id, irq, level);
	for (i = 0; i < router->nr_chips; i++)
		if (router->chips[i].dev)
			router->chips[i].ops->set_level(router->chips[i].dev, irq, level);
}

/*
 * One holder more or less; router->lock held. There are at most AXVM_MAX_DEVICES,
 * AXVM_MAX_IRQFDS, a message and userspace, so the count cannot overflow.
 */
static void line_hold(struct axvm_vm *vm, u32 irq)
{
	if (!vm->irq.holders[irq]++)
		line_changed(vm, irq, true);
}

static void line_release(struct axvm_vm *vm, u32 irq)
{
	if (!--vm->irq.holders[irq])
		line_changed(vm, irq, false);
}

/* router->lock held */
static void device_drive(struct axvm_device *dev, unsigned int line, bool level)
{
	if (!!(dev->asserted & BIT(line)) == level)
		return;
	dev->asserted ^= BIT(line);
	if (level)
		line_hold(dev->vm, dev->lines[line]);
	else
		line_release(dev->vm, dev->lines[line]);
}

/**
 * axvm_device_raise() - hold a line up
 * @dev: the device
 * @line: index in the order of axvm_device_add_line(); one not declared is ignored, so
 *        that a device need not ask whether it was given a line
 *
 * Holding it twice is holding it once.
 *
 * Context: any.
 */
void axvm_device_raise(struct axvm_device *dev, unsigned int line)
{
	unsigned long flags;

	if (line >= dev->nr_lines)
		return;
	raw_spin_lock_irqsave(&dev->vm->irq.lock, flags);
	device_drive(dev, line, true);
	raw_spin_unlock_irqrestore(&dev->vm->irq.lock, flags);
}
EXPORT_SYMBOL_GPL(axvm_device_raise);

/**
 * axvm_device_lower() - hold a line up no longer
 * @dev: the device
 * @line: as for axvm_device_raise()
 *
 * It goes down when nobody else holds it up.
 *
 * Context: any.
 */
void axvm_device_lower(struct axvm_device *dev, unsigned int line)
{
	unsigned long flags;

	if (line >= dev->nr_lines)
		return;
	raw_spin_lock_irqsave(&dev->vm->irq.lock, flags);
	device_drive(dev, line, false);
	raw_spin_unlock_irqrestore(&dev->vm->irq.lock, flags);
}
EXPORT_SYMBOL_GPL(axvm_device_lower);

/**
 * axvm_device_pulse() - raise and lower a line with nothing in between
 * @dev: the device
 * @line: as for axvm_device_raise()
 *
 * Afterwards this device does not hold the line. Where somebody else holds it up, there
 * is no edge, as on a wire.
 *
 * Context: any.
 */
void axvm_device_pulse(struct axvm_device *dev, unsigned int line)
{
	unsigned long flags;

	if (line >= dev->nr_lines)
		return;
	raw_spin_lock_irqsave(&dev->vm->irq.lock, flags);
	device_drive(dev, line, true);
	device_drive(dev, line, false);
	raw_spin_unlock_irqrestore(&dev->vm->irq.lock, flags);
}
EXPORT_SYMBOL_GPL(axvm_device_pulse);

/**
 * axvm_irq_release_device() - let go of all lines of a device
 * @dev: a device that drives none of them meanwhile
 *
 * Context: any.
 */
void axvm_irq_release_device(struct axvm_device *dev)
{
	unsigned int line;

	for (line = 0; line < dev->nr_lines; line++)
		axvm_device_lower(dev, line);
}

/**
 * axvm_irq_hold() - somebody who is not a device holds a line up, or no longer
 * @vm: the VM
 * @irq: the line, below AXVM_MAX_IRQS
 * @held: the holder's note whether it does; the router's lock protects it
 * @level: true: hold it; false: let go
 *
 * Context: any.
 * Return: true: this holder has changed its mind.
 */
bool axvm_irq_hold(struct axvm_vm *vm, u32 irq, bool *held, bool level)
{
	unsigned long flags;
	bool changed;

	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	changed = *held != level;
	*held = level;
	if (changed && level)
		line_hold(vm, irq);
	else if (changed)
		line_release(vm, irq);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return changed;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irq_hold);

/**
 * axvm_irq_pulse() - raise and lower a line with nothing in between
 * @vm: the VM
 * @irq: the line, below AXVM_MAX_IRQS
 *
 * Where somebody else holds it up, there is no edge, as on a wire.
 *
 * Context: any.
 * Return: 0, or -ESHUTDOWN: the VM has ended.
 */
int axvm_irq_pulse(struct axvm_vm *vm, u32 irq)
{
	unsigned long flags;

	if (READ_ONCE(vm->state) >= AXVM_STATE_STOPPING)
		return -ESHUTDOWN;
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	line_hold(vm, irq);
	line_release(vm, irq);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irq_pulse);

/* router->lock held */
static void user_drive(struct axvm_vm *vm, u32 irq, bool level)
{
	if (test_bit(irq, vm->irq.user) == level)
		return;
	__change_bit(irq, vm->irq.user);
	if (level)
		line_hold(vm, irq);
	else
		line_release(vm, irq);
}

/**
 * axvm_irq_line_user() - drive a line for userspace, which counts as one device
 * @vm: the VM
 * @irq: GSI or INTID
 * @op: AXVM_IRQ_RAISE, AXVM_IRQ_LOWER, AXVM_IRQ_PULSE
 *
 * A level may be set when the VM has ended: it is there when it boots again.
 *
 * Context: any.
 * Return: 0; -EINVAL: no such line or operation; -ESHUTDOWN: a pulse, and the VM has ended.
 */
int axvm_irq_line_user(struct axvm_vm *vm, u32 irq, u32 op)
{
	unsigned long flags;

	if (irq >= AXVM_MAX_IRQS || op > AXVM_IRQ_PULSE)
		return -EINVAL;
	if (op == AXVM_IRQ_PULSE && READ_ONCE(vm->state) >= AXVM_STATE_STOPPING)
		return -ESHUTDOWN;
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	if (op != AXVM_IRQ_LOWER)
		user_drive(vm, irq, true);
	if (op != AXVM_IRQ_RAISE)
		user_drive(vm, irq, false);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irq_line_user);

/* --- irqchips ----------------------------------------------------------------------- */

/**
 * axvm_irqchip_register() - give the lines of the VM to an interrupt controller
 * @chip: the device, in its init(), its lock initialised
 * @ops: its operations
 *
 * It is told at once of the lines that are up.
 *
 * Context: vm->lock held.
 * Return: 0; -EEXIST: it is registered; -ENOSPC: the VM has AXVM_MAX_IRQCHIPS.
 */
int axvm_irqchip_register(struct axvm_device *chip, const struct axvm_irqchip_ops *ops)
{
	struct axvm_irq_router *router = &chip->vm->irq;
	unsigned int i, slot = AXVM_MAX_IRQCHIPS;
	unsigned long flags;
	int ret = -ENOSPC;
	u32 irq;

	raw_spin_lock_irqsave(&router->lock, flags);
	for (i = AXVM_MAX_IRQCHIPS; i--; ) {
		if (router->chips[i].dev == chip) {
			ret = -EEXIST;
			goto unlock;
		}
		if (!router->chips[i].dev)
			slot = i;
	}
	if (slot == AXVM_MAX_IRQCHIPS)
		goto unlock;

	router->chips[slot].ops = ops;
	/* axvm_irq_eoi() looks without the lock: what it finds is whole. */
	smp_store_release(&router->chips[slot].dev, chip);
	WRITE_ONCE(router->nr_chips, max(router->nr_chips, slot + 1));
	for (irq = 0; irq < AXVM_MAX_IRQS; irq++)
		if (router->holders[irq])
			ops->set_level(chip, irq, true);
	ret = 0;
unlock:
	raw_spin_unlock_irqrestore(&router->lock, flags);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irqchip_register);

/**
 * axvm_irqchip_unregister() - the reverse
 * @chip: the device, in its destroy(); nothing happens if it is not registered
 *
 * When it returns, no operation of the chip is under way and none follows: those under
 * the router's lock because the lock was taken, eoi() because the readers of vm->srcu
 * have been waited for. Its slot is not taken by another chip before that, as vm->lock
 * is held.
 *
 * Context: vm->lock held; may sleep.
 */
void axvm_irqchip_unregister(struct axvm_device *chip)
{
	struct axvm_irq_router *router = &chip->vm->irq;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&router->lock, flags);
	for (i = 0; i < router->nr_chips; i++)
		if (router->chips[i].dev == chip)
			WRITE_ONCE(router->chips[i].dev, NULL);
	raw_spin_unlock_irqrestore(&router->lock, flags);
	synchronize_srcu_expedited(&chip->vm->srcu);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irqchip_unregister);

/**
 * axvm_irq_eoi() - a vCPU has dealt with an interrupt
 * @vcpu: the vCPU
 * @irq: x86: the vector; arm64: the INTID
 *
 * Context: any; no lock of an irqchip or of the router held, since the chips may take
 * those in their eoi().
 */
void axvm_irq_eoi(struct axvm_vcpu *vcpu, u32 irq)
{
	struct axvm_vm *vm = vcpu->vm;
	struct axvm_device *chip;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&vm->srcu);
	for (i = 0; i < READ_ONCE(vm->irq.nr_chips); i++) {
		/* Pairs with axvm_irqchip_register(). */
		chip = smp_load_acquire(&vm->irq.chips[i].dev);
		if (chip && vm->irq.chips[i].ops->eoi)
			vm->irq.chips[i].ops->eoi(chip, vcpu, irq);
	}
	srcu_read_unlock(&vm->srcu, idx);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irq_eoi);

static noinline void tell_listeners(struct axvm_vm *vm, u32 irq)
{
	struct axvm_irq_listener *listener;
	int idx;

	idx = srcu_read_lock(&vm->srcu);
	list_for_each_entry_srcu(listener, &vm->irq.listeners, list,
				 srcu_read_lock_held(&vm->srcu))
		if (listener->irq == irq)
			listener->ended(listener);
	srcu_read_unlock(&vm->srcu, idx);
}

/**
 * axvm_irq_ended() - the guest has ended the interrupt of a level-triggered line
 * @vm: the VM
 * @irq: the line
 *
 * An irqchip calls it before it looks whether the line is still up: who holds it may have
 * waited for this to let go.
 *
 * Context: any; no lock of an irqchip or of the router held.
 */
void axvm_irq_ended(struct axvm_vm *vm, u32 irq)
{
	if (irq < AXVM_MAX_IRQS && unlikely(test_bit(irq, vm->irq.resampled)))
		tell_listeners(vm, irq);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irq_ended);

/**
 * axvm_irq_listen() - from now on be told when the guest has ended the interrupt of a line
 * @vm: the VM; vm->lock held
 * @listener: irq, below AXVM_MAX_IRQS, and ended() filled in
 */
void axvm_irq_listen(struct axvm_vm *vm, struct axvm_irq_listener *listener)
{
	list_add_tail_rcu(&listener->list, &vm->irq.listeners);
	set_bit(listener->irq, vm->irq.resampled);
}

/**
 * axvm_irq_unlisten() - no longer
 * @vm: the VM; vm->lock held
 * @listener: as it was given; its ended() is not under way when this returns
 *
 * Context: may sleep.
 */
void axvm_irq_unlisten(struct axvm_vm *vm, struct axvm_irq_listener *listener)
{
	struct axvm_irq_listener *other;
	bool any = false;

	list_del_rcu(&listener->list);
	list_for_each_entry_srcu(other, &vm->irq.listeners, list, lockdep_is_held(&vm->lock))
		any |= other->irq == listener->irq;
	assign_bit(listener->irq, vm->irq.resampled, any);
	synchronize_srcu_expedited(&vm->srcu);
}
