/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Eventfds of a VM, in the semantics that vhost and VFIO expect, and where they lead:
 *
 *	irqfd		a signalled eventfd is an interrupt of the guest	(eventfd.c)
 *	ioeventfd	a write of the guest signals an eventfd			(doorbell.c)
 *	routes		from GSIs to lines and messages; MSIs			(route.c)
 */
#ifndef AXVM_CORE_EVENTFD_H
#define AXVM_CORE_EVENTFD_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../uapi/axvm.h"

#define AXVM_MAX_IRQFDS		4096
#define AXVM_MAX_IOEVENTFDS	1024
#define AXVM_MAX_GSIS		4096

struct axvm_doorbells;
struct axvm_routing;
struct axvm_vm;

/**
 * struct axvm_eventfds - the eventfds of a VM
 * @lock: irqs off; @irqfds and @hung_up, taken under an eventfd's own lock
 * @irqfds: irqfds; vm->lock to add
 * @hung_up: irqfds whose eventfd was closed, for @work to free
 * @work: frees them
 * @nr_irqfds: how many there are; vm->lock
 * @refused: signals that came when the VM did not take interrupts (approximate)
 * @routing: [S] of RCU: routes that userspace set, or NULL
 * @doorbells: per bus, as the maps of struct axvm_devices: ioeventfds, or NULL
 */
struct axvm_eventfds {
	spinlock_t lock;	/* see above */
	struct list_head irqfds;
	struct list_head hung_up;
	struct work_struct work;
	unsigned int nr_irqfds;
	u64 refused;
	struct axvm_routing __rcu *routing;
	struct axvm_doorbells __rcu *doorbells[2];
};

/* eventfd.c; vm->lock held, but for init() and finish() */
void axvm_eventfds_init(struct axvm_vm *vm);
void axvm_eventfds_release(struct axvm_vm *vm);
void axvm_eventfds_finish(struct axvm_vm *vm);
int axvm_irqfd_set(struct axvm_vm *vm, const struct axvm_irqfd *arg);

/* doorbell.c; vm->lock held, but for ring() */
int axvm_ioeventfd_set(struct axvm_vm *vm, const struct axvm_ioeventfd *arg);
void axvm_ioeventfds_release(struct axvm_vm *vm);
bool axvm_doorbell_within(struct axvm_vm *vm, unsigned int bus, u64 base, u64 last);
bool axvm_doorbell_ring(struct axvm_vm *vm, unsigned int bus, u64 addr, unsigned int width,
			u64 value);

/* route.c */
int axvm_msi(struct axvm_vm *vm, u64 address, u32 data);
int axvm_routes_set(struct axvm_vm *vm, const struct axvm_routes *arg);
void axvm_routes_release(struct axvm_vm *vm);
int axvm_gsi_line(struct axvm_vm *vm, u32 gsi);
int axvm_gsi_fire(struct axvm_vm *vm, u32 gsi);

#endif /* AXVM_CORE_EVENTFD_H */
