// SPDX-License-Identifier: GPL-2.0
/*
 * Where an interrupt of userspace's leads: messages (MSI), and the routes from GSIs, the
 * numbers that irqfds have, to lines and messages.
 *
 * A GSI without a route leads to the line of its number. Lines themselves, of devices and of
 * AXVM_VM_IRQ_LINE, are not routed.
 *
 * Owns: struct axvm_routing, which is replaced whole.
 *
 * Locks: vm->lock to change; RCU to read.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vm.h"

/**
 * struct route - where a GSI leads
 * @set: userspace says it, by what follows
 * @type: AXVM_ROUTE_*
 * @irq: the line
 * @data: of the message
 * @address: of the message
 */
struct route {
	bool set;
	u32 type;
	u32 irq;
	u32 data;
	u64 address;
};

/**
 * struct axvm_routing - all routes that userspace has set
 * @nr: the highest GSI among them, plus one
 * @route: by GSI
 */
struct axvm_routing {
	unsigned int nr;
	struct route route[];
};

/**
 * axvm_msi() - a message-signalled interrupt
 * @vm: the VM
 * @address: as a device would write it
 * @data: likewise
 *
 * Context: any.
 * Return: 0; -ESHUTDOWN: the VM has ended; -EINVAL: no message has this address, or this
 * data; -ENODEV: no interrupt controller for it; -EAGAIN: x86: no local APIC took it;
 * -EOPNOTSUPP: the backend has no messages.
 */
int axvm_msi(struct axvm_vm *vm, u64 address, u32 data)
{
	if (READ_ONCE(vm->state) >= AXVM_STATE_STOPPING)
		return -ESHUTDOWN;
	return vm->ops->msi ? vm->ops->msi(vm, address, data, true) : -EOPNOTSUPP;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_msi);

/* In an RCU read section, or vm->lock held */
static struct route find_route(struct axvm_vm *vm, u32 gsi)
{
	const struct axvm_routing *routing;

	routing = rcu_dereference_check(vm->eventfds.routing, lockdep_is_held(&vm->lock));
	if (routing && gsi < routing->nr && routing->route[gsi].set)
		return routing->route[gsi];
	return (struct route){
		.type = gsi < AXVM_MAX_IRQS ? AXVM_ROUTE_LINE : AXVM_ROUTE_NONE,
		.irq = gsi,
	};
}

/**
 * axvm_gsi_line() - to which line does a GSI lead?
 * @vm: the VM; vm->lock held
 * @gsi: the GSI
 *
 * Return: the line, or -EINVAL: to none.
 */
int axvm_gsi_line(struct axvm_vm *vm, u32 gsi)
{
	struct route route = find_route(vm, gsi);

	return route.type == AXVM_ROUTE_LINE ? route.irq : -EINVAL;
}

static int follow(struct axvm_vm *vm, struct route route)
{
	switch (route.type) {
	case AXVM_ROUTE_LINE:
		return axvm_irq_pulse(vm, route.irq);
	case AXVM_ROUTE_MSI:
		return axvm_msi(vm, route.address, route.data);
	default:
		return -ENOENT;
	}
}

/**
 * axvm_gsi_fire() - an edge on a GSI
 * @vm: the VM
 * @gsi: the GSI
 *
 * Context: any.
 * Return: 0; as axvm_msi(); -ENOENT: it leads nowhere.
 */
int axvm_gsi_fire(struct axvm_vm *vm, u32 gsi)
{
	int ret;

	/* The whole way is in the section: axvm_routes_set() waits for it. */
	rcu_read_lock();
	ret = follow(vm, find_route(vm, gsi));
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_gsi_fire);

/* --- setting --------------------------------------------------------------------------- */

static int check_route(struct axvm_vm *vm, const struct axvm_route *from)
{
	if (from->gsi >= AXVM_MAX_GSIS)
		return -EINVAL;
	switch (from->type) {
	case AXVM_ROUTE_NONE:
		return from->irq || from->data || from->address ? -EINVAL : 0;
	case AXVM_ROUTE_LINE:
		return from->irq >= AXVM_MAX_IRQS || from->data || from->address ? -EINVAL : 0;
	case AXVM_ROUTE_MSI:
		if (from->irq)
			return -EINVAL;
		return vm->ops->msi ? vm->ops->msi(vm, from->address, from->data, false) :
				      -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

static int fill(struct axvm_vm *vm, struct axvm_routing *routing, const struct axvm_route *from)
{
	struct route *route = &routing->route[from->gsi];
	int ret = check_route(vm, from);

	if (ret)
		return ret;
	if (route->set)
		return -EEXIST;
	*route = (struct route){
		.set = true,
		.type = from->type,
		.irq = from->irq,
		.data = from->data,
		.address = from->address,
	};
	return 0;
}

static struct axvm_routing *routing_make(struct axvm_vm *vm, const struct axvm_route *from,
					 unsigned int nr)
{
	struct axvm_routing *routing;
	unsigned int i, size = 0;
	int ret;

	for (i = 0; i < nr; i++) {
		if (from[i].gsi >= AXVM_MAX_GSIS)
			return ERR_PTR(-EINVAL);
		size = max(size, from[i].gsi + 1);
	}
	routing = kvzalloc(struct_size(routing, route, size), GFP_KERNEL_ACCOUNT);
	if (!routing)
		return ERR_PTR(-ENOMEM);
	routing->nr = size;
	for (i = 0; i < nr; i++) {
		ret = fill(vm, routing, &from[i]);
		if (ret) {
			kvfree(routing);
			return ERR_PTR(ret);
		}
	}
	return routing;
}

static void publish(struct axvm_vm *vm, struct axvm_routing *routing)
{
	struct axvm_routing *old;

	old = rcu_replace_pointer(vm->eventfds.routing, routing, lockdep_is_held(&vm->lock));
	/* Also for the promise that no interrupt takes a former route any more */
	synchronize_rcu_expedited();
	kvfree(old);
}

/**
 * axvm_routes_set() - AXVM_VM_SET_ROUTES: all routes, in place of those before
 * @vm: the VM; vm->lock held
 * @arg: the table
 *
 * Irqfds that resample stay on the line that they have.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: something in a route that is not there or not 0; -EEXIST: a GSI is
 * named twice; -EFAULT; -ENOMEM; or what the backend says of a message. Nothing has
 * changed then.
 */
int axvm_routes_set(struct axvm_vm *vm, const struct axvm_routes *arg)
{
	struct axvm_routing *routing = NULL;
	struct axvm_route *from;

	if (arg->flags || arg->reserved || arg->nr > AXVM_MAX_GSIS)
		return -EINVAL;
	if (arg->nr) {
		from = vmemdup_user(u64_to_user_ptr(arg->routes),
				    array_size(arg->nr, sizeof(*from)));
		if (IS_ERR(from))
			return PTR_ERR(from);
		routing = routing_make(vm, from, arg->nr);
		kvfree(from);
		if (IS_ERR(routing))
			return PTR_ERR(routing);
	}
	publish(vm, routing);
	return 0;
}

/**
 * axvm_routes_release() - forget all routes
 * @vm: the VM, no interrupt of userspace's is under way; vm->lock held
 */
void axvm_routes_release(struct axvm_vm *vm)
{
	kvfree(rcu_replace_pointer(vm->eventfds.routing, NULL, lockdep_is_held(&vm->lock)));
}
