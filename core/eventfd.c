// SPDX-License-Identifier: GPL-2.0
/*
 * irqfds: an eventfd that is signalled is an interrupt of the guest. The signal is taken in
 * the eventfd's own wake-up, in whatever context it comes, and goes the way of any
 * interrupt (irq.c, route.c): no thread runs in between.
 *
 * A plain irqfd is an edge: on the line or the message to which its GSI leads.
 * A resampling one is a level: it holds its line up from the signal until the guest ends the
 * interrupt (axvm_irq_ended()); then it lets go, and the second eventfd tells whoever
 * drives the first to look again.
 *
 * Life: made and removed by AXVM_VM_IRQFD, under vm->lock. When the eventfd is closed
 * (EPOLLHUP), the wake-up unlists the irqfd and leaves it to a work item. Whoever unlists
 * it, under eventfds->lock, frees it.
 *
 * Locks: vm->lock -> eventfds->lock; the eventfd's own lock -> eventfds->lock, router's
 * lock. A resample eventfd is signalled without any lock, in a read section of vm->srcu.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "compat.h"
#include "vm.h"

/**
 * struct irqfd - one irqfd
 * @vm: its VM
 * @list: in eventfds->irqfds or eventfds->hung_up
 * @listener: of a resampling one: told when the guest has ended the interrupt
 * @gsi: where its interrupts go
 * @line: of a resampling one: the line it holds
 * @up: it holds @line up; the router's lock
 * @listed: it is in eventfds->irqfds; eventfds->lock
 * @ctx: the eventfd
 * @resample: the eventfd to signal when the guest has ended the interrupt, or NULL
 * @wait: in the eventfd's wait queue
 * @head: that queue
 * @poll: for getting there
 */
struct irqfd {
	struct axvm_vm *vm;
	struct list_head list;
	struct axvm_irq_listener listener;
	u32 gsi;
	u32 line;
	bool up;
	bool listed;
	struct eventfd_ctx *ctx;
	struct eventfd_ctx *resample;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	poll_table poll;
};

/* --- the interrupt ------------------------------------------------------------------ */

/* The eventfd's lock is held, interrupts are off. */
static void irqfd_fire(struct irqfd *irqfd)
{
	struct axvm_vm *vm = irqfd->vm;
	u64 count = 0;

	eventfd_ctx_do_read(irqfd->ctx, &count);
	if (!count)
		return;
	if (irqfd->resample)
		axvm_irq_hold(vm, irqfd->line, &irqfd->up, true);
	else if (axvm_gsi_fire(vm, irqfd->gsi))
		WRITE_ONCE(vm->eventfds.refused, READ_ONCE(vm->eventfds.refused) + 1);
}

/* The guest has ended the interrupt: see struct axvm_irq_listener */
static void irqfd_ended(struct axvm_irq_listener *listener)
{
	struct irqfd *irqfd = container_of(listener, struct irqfd, listener);

	if (axvm_irq_hold(irqfd->vm, irqfd->line, &irqfd->up, false))
		axvm_eventfd_signal(irqfd->resample);
}

/* --- life ---------------------------------------------------------------------------- */

/* eventfds->lock held. False: somebody else has unlisted it. */
static bool irqfd_unlist(struct irqfd *irqfd)
{
	if (!irqfd->listed)
		return false;
	irqfd->listed = false;
	list_del(&irqfd->list);
	return true;
}

/* An unlisted one; vm->lock held */
static void irqfd_free(struct irqfd *irqfd)
{
	struct axvm_vm *vm = irqfd->vm;
	u64 count;

	/* Waits for a wake-up that is under way. */
	if (irqfd->head)
		eventfd_ctx_remove_wait_queue(irqfd->ctx, &irqfd->wait, &count);
	if (irqfd->listener.ended)
		axvm_irq_unlisten(vm, &irqfd->listener);
	if (irqfd->resample) {
		axvm_irq_hold(vm, irqfd->line, &irqfd->up, false);
		eventfd_ctx_put(irqfd->resample);
	}
	eventfd_ctx_put(irqfd->ctx);
	vm->eventfds.nr_irqfds--;
	kfree(irqfd);
}

static void free_hung_up(struct work_struct *work)
{
	struct axvm_eventfds *eventfds = container_of(work, struct axvm_eventfds, work);
	struct axvm_vm *vm = container_of(eventfds, struct axvm_vm, eventfds);
	struct irqfd *irqfd, *next;
	LIST_HEAD(dead);

	spin_lock_irq(&eventfds->lock);
	list_splice_init(&eventfds->hung_up, &dead);
	spin_unlock_irq(&eventfds->lock);

	mutex_lock(&vm->lock);
	list_for_each_entry_safe(irqfd, next, &dead, list)
		irqfd_free(irqfd);
	mutex_unlock(&vm->lock);
}

/* The eventfd is being closed; its lock is held, interrupts are off. */
static void irqfd_hung_up(struct irqfd *irqfd)
{
	struct axvm_eventfds *eventfds = &irqfd->vm->eventfds;

	spin_lock(&eventfds->lock);
	if (irqfd_unlist(irqfd)) {
		list_add(&irqfd->list, &eventfds->hung_up);
		schedule_work(&eventfds->work);
	}
	spin_unlock(&eventfds->lock);
}

static int irqfd_woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);

	if (events & EPOLLIN)
		irqfd_fire(irqfd);
	if (events & EPOLLHUP)
		irqfd_hung_up(irqfd);
	return 0;
}

static void irqfd_queue(struct file *file, wait_queue_head_t *head, poll_table *poll)
{
	struct irqfd *irqfd = container_of(poll, struct irqfd, poll);

	irqfd->head = head;
	add_wait_queue(head, &irqfd->wait);
}

/* vm->lock held, so that nobody else adds one */
static struct irqfd *irqfd_find(struct axvm_vm *vm, const struct eventfd_ctx *ctx)
{
	struct irqfd *irqfd;

	list_for_each_entry(irqfd, &vm->eventfds.irqfds, list)
		if (irqfd->ctx == ctx)
			return irqfd;
	return NULL;
}

/* Into the lists. -EBUSY: this eventfd is an irqfd of the VM already. vm->lock held */
static int irqfd_list(struct irqfd *irqfd)
{
	struct axvm_eventfds *eventfds = &irqfd->vm->eventfds;
	int ret = 0;

	spin_lock_irq(&eventfds->lock);
	if (irqfd_find(irqfd->vm, irqfd->ctx)) {
		ret = -EBUSY;
	} else {
		list_add_tail(&irqfd->list, &eventfds->irqfds);
		irqfd->listed = true;
	}
	spin_unlock_irq(&eventfds->lock);
	return ret;
}

static int irqfd_find_line(struct irqfd *irqfd)
{
	int line = axvm_gsi_line(irqfd->vm, irqfd->gsi);

	if (line < 0)
		return line;
	irqfd->line = line;
	return 0;
}

static struct irqfd *irqfd_alloc(struct axvm_vm *vm, const struct axvm_irqfd *arg,
				 struct file *file)
{
	struct irqfd *irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!irqfd)
		return ERR_PTR(-ENOMEM);
	irqfd->vm = vm;
	irqfd->gsi = arg->gsi;
	init_waitqueue_func_entry(&irqfd->wait, irqfd_woken);
	init_poll_funcptr(&irqfd->poll, irqfd_queue);
	irqfd->ctx = eventfd_ctx_fileget(file);
	ret = PTR_ERR_OR_ZERO(irqfd->ctx);
	if (ret)
		goto free;
	if (!(arg->flags & AXVM_IRQFD_RESAMPLE))
		return irqfd;
	ret = irqfd_find_line(irqfd);
	if (ret)
		goto put;
	irqfd->resample = eventfd_ctx_fdget(arg->resample_fd);
	ret = PTR_ERR_OR_ZERO(irqfd->resample);
	if (!ret)
		return irqfd;
put:
	eventfd_ctx_put(irqfd->ctx);
free:
	kfree(irqfd);
	return ERR_PTR(ret);
}

/* @file is held, so that the eventfd does not hang up meanwhile. vm->lock held */
static int irqfd_assign_file(struct axvm_vm *vm, const struct axvm_irqfd *arg, struct file *file)
{
	struct irqfd *irqfd = irqfd_alloc(vm, arg, file);
	int ret;

	if (IS_ERR(irqfd))
		return PTR_ERR(irqfd);
	vm->eventfds.nr_irqfds++;
	ret = irqfd_list(irqfd);
	if (ret) {
		irqfd_free(irqfd);
		return ret;
	}
	if (irqfd->resample) {
		irqfd->listener.irq = irqfd->line;
		irqfd->listener.ended = irqfd_ended;
		axvm_irq_listen(vm, &irqfd->listener);
	}

	/* From here on it is woken; what was signalled before is an interrupt too. */
	vfs_poll(file, &irqfd->poll);
	spin_lock_irq(&irqfd->head->lock);
	irqfd_fire(irqfd);
	spin_unlock_irq(&irqfd->head->lock);
	return 0;
}

static int irqfd_assign(struct axvm_vm *vm, const struct axvm_irqfd *arg)
{
	struct file *file;
	int ret;

	if (arg->gsi >= AXVM_MAX_GSIS)
		return -EINVAL;
	if (arg->resample_fd && !(arg->flags & AXVM_IRQFD_RESAMPLE))
		return -EINVAL;
	if (vm->eventfds.nr_irqfds == AXVM_MAX_IRQFDS)
		return -ENOSPC;
	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	ret = irqfd_assign_file(vm, arg, file);
	fput(file);
	return ret;
}

static int irqfd_deassign(struct axvm_vm *vm, const struct axvm_irqfd *arg)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(arg->fd);
	struct irqfd *irqfd;
	bool found;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	spin_lock_irq(&vm->eventfds.lock);
	irqfd = irqfd_find(vm, ctx);
	found = irqfd && irqfd->gsi == arg->gsi && irqfd_unlist(irqfd);
	spin_unlock_irq(&vm->eventfds.lock);
	eventfd_ctx_put(ctx);
	if (!found)
		return -ENOENT;
	irqfd_free(irqfd);
	return 0;
}

/**
 * axvm_irqfd_set() - AXVM_VM_IRQFD
 * @vm: the VM; vm->lock held
 * @arg: what to make or remove
 *
 * When one was removed, no interrupt of it follows, and it holds no line.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: unknown flags, no such GSI, not an eventfd, or resampling where the
 * GSI leads to no line; -EBADF: no such descriptor; -EBUSY: the eventfd is an irqfd of the VM
 * already; -ENOENT: nothing to remove; -ENOSPC: the VM has AXVM_MAX_IRQFDS; -ENOMEM.
 */
int axvm_irqfd_set(struct axvm_vm *vm, const struct axvm_irqfd *arg)
{
	if (arg->flags & ~(AXVM_IRQFD_DEASSIGN | AXVM_IRQFD_RESAMPLE) || arg->reserved)
		return -EINVAL;
	if (arg->flags & AXVM_IRQFD_DEASSIGN)
		return irqfd_deassign(vm, arg);
	return irqfd_assign(vm, arg);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_irqfd_set);

/* --- of the VM ------------------------------------------------------------------------ */

/**
 * axvm_eventfds_init() - a new VM has none
 * @vm: the VM
 */
void axvm_eventfds_init(struct axvm_vm *vm)
{
	struct axvm_eventfds *eventfds = &vm->eventfds;

	spin_lock_init(&eventfds->lock);
	INIT_LIST_HEAD(&eventfds->irqfds);
	INIT_LIST_HEAD(&eventfds->hung_up);
	INIT_WORK(&eventfds->work, free_hung_up);
}

static struct irqfd *unlist_first(struct axvm_eventfds *eventfds)
{
	struct irqfd *irqfd;

	spin_lock_irq(&eventfds->lock);
	irqfd = list_first_entry_or_null(&eventfds->irqfds, struct irqfd, list);
	if (irqfd)
		irqfd_unlist(irqfd);
	spin_unlock_irq(&eventfds->lock);
	return irqfd;
}

/**
 * axvm_eventfds_release() - let go of all eventfds
 * @vm: the VM, whose descriptor is being closed; vm->lock held
 *
 * Context: may sleep.
 */
void axvm_eventfds_release(struct axvm_vm *vm)
{
	struct irqfd *irqfd;

	while ((irqfd = unlist_first(&vm->eventfds)))
		irqfd_free(irqfd);
	axvm_ioeventfds_release(vm);
}

/**
 * axvm_eventfds_finish() - free all that is left
 * @vm: the VM, found by nobody any more; vm->lock not held
 *
 * Context: may sleep.
 */
void axvm_eventfds_finish(struct axvm_vm *vm)
{
	mutex_lock(&vm->lock);
	axvm_eventfds_release(vm);
	axvm_routes_release(vm);
	mutex_unlock(&vm->lock);
	/* For those whose eventfds were closed before */
	flush_work(&vm->eventfds.work);
}
