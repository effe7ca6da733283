/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A view of guest memory for page walks: words are read one after the other, mostly from
 * one slot, so the slot is looked up once. A word is changed by compare-exchange only,
 * as other vCPUs walk the same tables.
 *
 * What was read can be written down (struct x86_trail), so that later it can be seen
 * with little effort whether reading it again would give the same.
 *
 * Locks: vm->srcu, from open to close. What was read may be stale at once, as it is
 * for the hardware.
 */
#ifndef AXVM_X86_VIEW_H
#define AXVM_X86_VIEW_H

#include <linux/sched.h>
#include <linux/uaccess.h>

#include "../core/vm.h"

/* Two walks of five levels, and two words of code at the end of each */
#define X86_TRAIL_WORDS	14

/**
 * struct x86_trail - the words that were read
 * @generation: of the memory slots when it began: they are never the same again once
 *              they were changed; 0: something was not written down, nothing more is
 * @nr: how many
 * @word: where and what
 */
struct x86_trail {
	u64 generation;
	unsigned int nr;
	struct {
		const u64 __user *at;
		u64 value;
	} word[X86_TRAIL_WORDS];
};

/**
 * struct x86_view - guest memory, open for reading
 * @vm: the VM
 * @trail: where to write down what is read, or NULL
 * @srcu: for closing it
 * @flags: AXVM_MEM_* of the slot used last
 * @gpa: where that slot starts
 * @length: its bytes: whole pages; 0: none was used yet
 * @hva: the launcher's address of @gpa
 */
struct x86_view {
	struct axvm_vm *vm;
	struct x86_trail *trail;
	int srcu;
	u32 flags;
	u64 gpa;
	u64 length;
	unsigned long hva;
};

#define X86_TRAIL_NEW	(~0ULL)	/* x86_trail.generation before the first word */

static inline void x86_trail_begin(struct x86_trail *trail)
{
	trail->generation = X86_TRAIL_NEW;
	trail->nr = 0;
}

/* Something of what follows is not in it: it is of no use */
static inline void x86_trail_spoil(struct x86_trail *trail)
{
	trail->generation = 0;
	trail->nr = 0;
}

/* vm->srcu held; 0: there is no memory */
static inline u64 x86_view_generation(struct axvm_vm *vm)
{
	const struct axvm_slots *slots = srcu_dereference(vm->slots, &vm->srcu);

	return slots ? slots->generation : 0;
}

/**
 * x86_view_open() - begin to read
 * @view: to be filled in
 * @vm: the VM; the caller's address space is the VM's
 * @trail: where to write down what is read, after what it has already; or NULL
 *
 * Context: may sleep until x86_view_close().
 */
static inline void x86_view_open(struct x86_view *view, struct axvm_vm *vm,
				 struct x86_trail *trail)
{
	*view = (struct x86_view) { .vm = vm, .trail = trail };
	view->srcu = srcu_read_lock(&vm->srcu);
	if (trail && trail->generation == X86_TRAIL_NEW)
		trail->generation = x86_view_generation(vm);
}

static inline void x86_view_close(struct x86_view *view)
{
	srcu_read_unlock(&view->vm->srcu, view->srcu);
}

/* The launcher's address of what lies at @gpa, in one page; NULL: no memory there */
static inline void __user *x86_view_at(struct x86_view *view, u64 gpa)
{
	const struct axvm_slot *slot;

	if (gpa - view->gpa >= view->length) {
		slot = axvm_slot_find(view->vm, gpa);
		if (!slot || current->mm != view->vm->mm)
			return NULL;
		view->flags = slot->flags;
		view->gpa = slot->gpa;
		view->length = slot->length;
		view->hva = slot->hva;
	}
	return (void __user *)(view->hva + (gpa - view->gpa));
}

/* @at: NULL if there was nothing to read */
static inline void x86_view_note(struct x86_view *view, const u64 __user *at, u64 value)
{
	struct x86_trail *trail = view->trail;

	if (!trail || !trail->generation)
		return;
	if (!at || trail->nr == X86_TRAIL_WORDS) {
		x86_trail_spoil(trail);
		return;
	}
	trail->word[trail->nr].at = at;
	trail->word[trail->nr].value = value;
	trail->nr++;
}

/**
 * x86_view_read() - read 8 bytes
 * @view: open
 * @gpa: guest-physical address; the bytes lie in one page
 * @value: where to; all ones where there is no memory, as on a bus that nobody drives
 *
 * Return: 0, or -EFAULT: the launcher has no memory there.
 */
static inline int x86_view_read(struct x86_view *view, u64 gpa, u64 *value)
{
	const u64 __user *at = x86_view_at(view, gpa);

	*value = ~0ULL;
	if (at) {
		if (!user_access_begin(at, sizeof(*at)))
			return -EFAULT;
		unsafe_get_user(*value, at, fault);
		user_access_end();
	}
	x86_view_note(view, at, *value);
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/* The same for 4 aligned bytes */
static inline int x86_view_read32(struct x86_view *view, u64 gpa, u32 *value)
{
	u64 word;
	int ret = x86_view_read(view, gpa & ~7ULL, &word);

	*value = word >> (gpa & 4) * 8;
	return ret;
}

/**
 * x86_view_set() - set bits in an entry, if it still has the value that was read
 * @view: open
 * @gpa: guest-physical address, a multiple of @width
 * @width: bytes of the entry: 4 or 8
 * @old: the value
 * @bits: what to set
 *
 * Return: 0: done, or there is no memory that may be written; -EAGAIN: it has changed;
 * -EFAULT: the launcher has no memory there.
 */
static inline int x86_view_set(struct x86_view *view, u64 gpa, unsigned int width, u64 old,
			       u64 bits)
{
	void __user *at = x86_view_at(view, gpa);
	u32 old32 = old;
	bool done;

	if (!at || (view->flags & AXVM_MEM_READONLY))
		return 0;
	if (!user_access_begin(at, width))
		return -EFAULT;
	if (width == 8)
		done = unsafe_try_cmpxchg_user((u64 __user *)at, &old, old | bits, fault);
	else
		done = unsafe_try_cmpxchg_user((u32 __user *)at, &old32, (u32)(old | bits), fault);
	user_access_end();
	return done ? 0 : -EAGAIN;
fault:
	user_access_end();
	return -EFAULT;
}

/* All addresses are the user's: they are in slots of the trail's generation */
static __always_inline bool x86_trail_same(const struct x86_trail *trail)
{
	bool same = false;
	unsigned int i;
	u64 value;

	if (unlikely(!user_access_begin(trail->word[0].at, sizeof(value))))
		return false;
	for (i = 0; i < trail->nr; i++) {
		unsafe_get_user(value, trail->word[i].at, out);
		if (unlikely(value != trail->word[i].value))
			goto out;
	}
	same = true;
out:
	user_access_end();
	return same;
}

/**
 * x86_trail_holds() - would the same be read again?
 * @vm: the VM; the caller's address space is the VM's
 * @trail: what was read from it
 *
 * Context: may sleep.
 * Return: true if it would; false also if it can't be told.
 */
static inline bool x86_trail_holds(struct axvm_vm *vm, const struct x86_trail *trail)
{
	int srcu = srcu_read_lock(&vm->srcu);
	bool same = trail->nr && trail->generation == x86_view_generation(vm) &&
		    x86_trail_same(trail);

	srcu_read_unlock(&vm->srcu, srcu);
	return same;
}

/**
 * x86_trail_holds_atomic() - x86_trail_holds() with interrupts off
 * @vm: the VM; the caller's address space is the VM's
 * @trail: what was read from it
 *
 * Return: true; false also if something of it is paged out.
 */
static __always_inline bool x86_trail_holds_atomic(struct axvm_vm *vm,
						   const struct x86_trail *trail)
{
	const struct axvm_slots *slots = rcu_dereference_check(vm->slots, irqs_disabled());
	bool same;

	if (unlikely(!trail->nr || !slots || trail->generation != slots->generation))
		return false;
	pagefault_disable();
	same = x86_trail_same(trail);
	pagefault_enable();
	return same;
}

#endif /* AXVM_X86_VIEW_H */
