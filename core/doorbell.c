// SPDX-License-Identifier: GPL-2.0
/*
 * ioeventfds: a write of the guest to an address signals an eventfd, and that is all of it:
 * the guest goes on without the launcher, whoever waits for the eventfd is woken.
 *
 * An ioeventfd comes before the device that has its address, and so may lie in the region
 * of one (a doorbell among the registers of a virtio device); what it does not match (another
 * width, another value, a read) is the device's, or userspace's. Regions with doorbells in
 * them are no longer answered in the short way of core/answer.h (axvm_region.atomic is false):
 * so those without pay nothing. Doorbells themselves are, with interrupts off in the
 * entry window.
 *
 * Owns: struct axvm_doorbells: sorted by address, replaced whole as the maps of regions
 * (devices/regions.c).
 *
 * Locks: vm->lock to change; readers in vm->srcu, or with interrupts off.
 */
#include <linux/eventfd.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "compat.h"
#include "trace.h"
#include "vm.h"

/**
 * struct doorbell - one ioeventfd
 * @addr: address or port
 * @value: what must be written, if @exact
 * @width: of the write; 0: any
 * @exact: only @value counts
 * @ctx: the eventfd
 */
struct doorbell {
	u64 addr;
	u64 value;
	u32 width;
	bool exact;
	struct eventfd_ctx *ctx;
};

/**
 * struct axvm_doorbells - all ioeventfds of an address space
 * @nr: how many, at least one
 * @entry: sorted by address
 */
struct axvm_doorbells {
	unsigned int nr;
	struct doorbell entry[];
};

static_assert(AXVM_BUS_MMIO < 2 && AXVM_BUS_PORT < 2);

/* --- ringing ------------------------------------------------------------------------- */

/* The first doorbell at @addr or above */
static unsigned int lower_bound(const struct axvm_doorbells *bells, u64 addr)
{
	unsigned int low = 0, high = bells->nr, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (bells->entry[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/**
 * axvm_doorbell_ring() - the guest writes: signal what is there
 * @vm: the VM
 * @bus: AXVM_BUS_*
 * @addr: address or port
 * @width: bytes
 * @value: what it writes; bytes above @width are ignored
 *
 * Context: a read section of vm->srcu, or interrupts off (not on PREEMPT_RT).
 * Return: true: the write is done; false: there is no such ioeventfd.
 */
bool axvm_doorbell_ring(struct axvm_vm *vm, unsigned int bus, u64 addr, unsigned int width,
			u64 value)
{
	const struct axvm_doorbells *bells;
	const struct doorbell *bell;
	unsigned int i;

	if (bus >= ARRAY_SIZE(vm->eventfds.doorbells))
		return false;
	bells = rcu_dereference_check(vm->eventfds.doorbells[bus],
				      srcu_read_lock_held(&vm->srcu) || irqs_disabled());
	if (!bells)
		return false;
	if (width < 8)
		value &= BIT_ULL(8 * width) - 1;
	for (i = lower_bound(bells, addr); i < bells->nr && bells->entry[i].addr == addr; i++) {
		bell = &bells->entry[i];
		if ((bell->width && bell->width != width) || (bell->exact && bell->value != value))
			continue;
		axvm_eventfd_signal(bell->ctx);
		trace_axvm_device(vm->id, "ioeventfd", bus, true, addr, width, value,
				  AXVM_HANDLED);
		return true;
	}
	return false;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_doorbell_ring);

/* --- changing; vm->lock held ---------------------------------------------------------- */

static struct axvm_doorbells *bells_of(struct axvm_vm *vm, unsigned int bus)
{
	if (bus >= ARRAY_SIZE(vm->eventfds.doorbells))
		return NULL;
	return rcu_dereference_protected(vm->eventfds.doorbells[bus], lockdep_is_held(&vm->lock));
}

/**
 * axvm_doorbell_within() - is any ioeventfd in this range?
 * @vm: the VM; vm->lock held
 * @bus: AXVM_BUS_*
 * @base: first address
 * @last: last address
 */
bool axvm_doorbell_within(struct axvm_vm *vm, unsigned int bus, u64 base, u64 last)
{
	const struct axvm_doorbells *bells = bells_of(vm, bus);
	unsigned int i;

	if (!bells)
		return false;
	i = lower_bound(bells, base);
	return i < bells->nr && bells->entry[i].addr <= last;
}

/* Put in place; @bells may be NULL. When it returns, nobody uses the former ones. */
static void publish(struct axvm_vm *vm, unsigned int bus, struct axvm_doorbells *bells)
{
	struct axvm_doorbells *old;

	old = rcu_replace_pointer(vm->eventfds.doorbells[bus], bells, lockdep_is_held(&vm->lock));
	axvm_regions_mark_atomic(vm, bus);
	axvm_vm_synchronize(vm);
	kvfree(old);
}

static struct axvm_doorbells *bells_alloc(unsigned int nr)
{
	struct axvm_doorbells *bells;

	bells = kvzalloc(struct_size(bells, entry, nr), GFP_KERNEL_ACCOUNT);
	if (bells)
		bells->nr = nr;
	return bells;
}

/* Would one write be for both of them? */
static bool collide(const struct doorbell *a, const struct doorbell *b)
{
	if (a->addr != b->addr)
		return false;
	if (!a->width || !b->width)
		return true;
	return a->width == b->width && (!a->exact || !b->exact || a->value == b->value);
}

static int doorbell_add(struct axvm_vm *vm, unsigned int bus, const struct doorbell *bell)
{
	const struct axvm_doorbells *old = bells_of(vm, bus);
	unsigned int i, at, nr = old ? old->nr : 0;
	struct axvm_doorbells *bells;

	for (i = 0; i < nr; i++)
		if (collide(&old->entry[i], bell))
			return -EEXIST;
	if (nr == AXVM_MAX_IOEVENTFDS)
		return -ENOSPC;
	bells = bells_alloc(nr + 1);
	if (!bells)
		return -ENOMEM;
	at = old ? lower_bound(old, bell->addr) : 0;
	if (old) {
		memcpy(bells->entry, old->entry, at * sizeof(*bell));
		memcpy(&bells->entry[at + 1], &old->entry[at], (nr - at) * sizeof(*bell));
	}
	bells->entry[at] = *bell;
	publish(vm, bus, bells);
	return 0;
}

static bool same(const struct doorbell *a, const struct doorbell *b)
{
	return a->addr == b->addr && a->width == b->width && a->exact == b->exact &&
	       a->ctx == b->ctx && (!a->exact || a->value == b->value);
}

static int doorbell_remove(struct axvm_vm *vm, unsigned int bus, const struct doorbell *bell)
{
	const struct axvm_doorbells *old = bells_of(vm, bus);
	struct axvm_doorbells *bells = NULL;
	unsigned int i, nr = old ? old->nr : 0;

	for (i = 0; i < nr && !same(&old->entry[i], bell); i++)
		;
	if (i == nr)
		return -ENOENT;
	if (nr > 1) {
		bells = bells_alloc(nr - 1);
		if (!bells)
			return -ENOMEM;
		memcpy(bells->entry, old->entry, i * sizeof(*bell));
		memcpy(&bells->entry[i], &old->entry[i + 1], (nr - i - 1) * sizeof(*bell));
	}
	publish(vm, bus, bells);
	/* The reference of the one that was removed; the caller has another. */
	eventfd_ctx_put(bell->ctx);
	return 0;
}

static int check(const struct axvm_ioeventfd *arg)
{
	const u32 flags = AXVM_IOEVENTFD_DEASSIGN | AXVM_IOEVENTFD_PORT | AXVM_IOEVENTFD_DATAMATCH;
	bool port = arg->flags & AXVM_IOEVENTFD_PORT;
	u64 last;

	if (arg->flags & ~flags)
		return -EINVAL;
	switch (arg->width) {
	case 0:
		if (arg->flags & AXVM_IOEVENTFD_DATAMATCH)
			return -EINVAL;
		break;
	case 8:
		if (port)
			return -EINVAL;
		break;
	case 1:
	case 2:
	case 4:
		break;
	default:
		return -EINVAL;
	}
	if (check_add_overflow(arg->addr, (u64)(arg->width ? arg->width - 1 : 0), &last) ||
	    (port && last > U16_MAX))
		return -EINVAL;
	if (arg->flags & AXVM_IOEVENTFD_DATAMATCH) {
		if (arg->width < 8 && arg->datamatch >> (8 * arg->width))
			return -EINVAL;	/* It could never match. */
	} else if (arg->datamatch) {
		return -EINVAL;
	}
	return 0;
}

/**
 * axvm_ioeventfd_set() - AXVM_VM_IOEVENTFD
 * @vm: the VM; vm->lock held
 * @arg: what to make or remove
 *
 * Context: may sleep; not in an access of the guest.
 * Return: 0; -EINVAL: unknown flags, a width that is none, a range beyond the address space,
 * a value that does not fit or is not asked for, not an eventfd; -EBADF: no such
 * descriptor; -EEXIST: a write could be for another one too; -ENOENT: nothing to remove;
 * -ENOSPC: there are AXVM_MAX_IOEVENTFDS; -ENOMEM.
 */
int axvm_ioeventfd_set(struct axvm_vm *vm, const struct axvm_ioeventfd *arg)
{
	unsigned int bus = arg->flags & AXVM_IOEVENTFD_PORT ? AXVM_BUS_PORT : AXVM_BUS_MMIO;
	struct doorbell bell = {
		.addr = arg->addr,
		.value = arg->datamatch,
		.width = arg->width,
		.exact = arg->flags & AXVM_IOEVENTFD_DATAMATCH,
	};
	int ret = check(arg);

	if (ret)
		return ret;
	bell.ctx = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(bell.ctx))
		return PTR_ERR(bell.ctx);
	if (arg->flags & AXVM_IOEVENTFD_DEASSIGN)
		ret = doorbell_remove(vm, bus, &bell);
	else
		ret = doorbell_add(vm, bus, &bell);
	if (ret || arg->flags & AXVM_IOEVENTFD_DEASSIGN)
		eventfd_ctx_put(bell.ctx);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ioeventfd_set);

/**
 * axvm_ioeventfds_release() - remove all
 * @vm: the VM; vm->lock held
 *
 * Context: may sleep.
 */
void axvm_ioeventfds_release(struct axvm_vm *vm)
{
	struct axvm_doorbells *bells;
	unsigned int bus, i;

	for (bus = 0; bus < ARRAY_SIZE(vm->eventfds.doorbells); bus++) {
		bells = bells_of(vm, bus);
		if (!bells)
			continue;
		RCU_INIT_POINTER(vm->eventfds.doorbells[bus], NULL);
		axvm_regions_mark_atomic(vm, bus);
		axvm_vm_synchronize(vm);
		for (i = 0; i < bells->nr; i++)
			eventfd_ctx_put(bells->entry[i].ctx);
		kvfree(bells);
	}
}
