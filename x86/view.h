/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A view of guest memory for page walks: entries are read one after the other, mostly
 * from one slot, so the slot is looked up once and each entry costs a comparison and
 * a load. An entry is changed by compare-exchange only, as other vCPUs walk the same
 * tables.
 *
 * Locks: vm->srcu, from open to close. What was read may be stale at once, as it is
 * for the hardware.
 */
#ifndef AXVM_X86_VIEW_H
#define AXVM_X86_VIEW_H

#include <linux/sched.h>
#include <linux/uaccess.h>

#include "../core/vm.h"

/**
 * struct x86_view - guest memory, open for reading
 * @vm: the VM
 * @srcu: for closing it
 * @flags: AXVM_MEM_* of the slot used last
 * @gpa: where that slot starts
 * @length: its bytes: whole pages; 0: none was used yet
 * @hva: the launcher's address of @gpa
 */
struct x86_view {
	struct axvm_vm *vm;
	int srcu;
	u32 flags;
	u64 gpa;
	u64 length;
	unsigned long hva;
};

/**
 * x86_view_open() - begin to read
 * @view: to be filled in
 * @vm: the VM; the caller's address space is the VM's
 *
 * Context: may sleep until x86_view_close().
 */
static inline void x86_view_open(struct x86_view *view, struct axvm_vm *vm)
{
	view->vm = vm;
	view->gpa = 0;
	view->length = 0;
	view->srcu = srcu_read_lock(&vm->srcu);
}

static inline void x86_view_close(struct x86_view *view)
{
	srcu_read_unlock(&view->vm->srcu, view->srcu);
}

static noinline bool x86_view_find(struct x86_view *view, u64 gpa)
{
	struct axvm_slot *slot = axvm_slot_find(view->vm, gpa);

	if (!slot || current->mm != view->vm->mm)
		return false;
	view->flags = slot->flags;
	view->gpa = slot->gpa;
	view->length = slot->length;
	view->hva = slot->hva;
	return true;
}

/* The launcher's address of what lies at @gpa, in one page; NULL: no memory there */
static __always_inline void __user *x86_view_at(struct x86_view *view, u64 gpa)
{
	if (unlikely(gpa - view->gpa >= view->length) && !x86_view_find(view, gpa))
		return NULL;
	return (void __user *)(view->hva + (gpa - view->gpa));
}

/**
 * x86_view_read() - read 8 bytes
 * @view: open
 * @gpa: guest-physical address; the bytes lie in one page
 * @value: where to; all ones where there is no memory, as on a bus that nobody drives
 *
 * Return: 0, or -EFAULT: the launcher has no memory there.
 */
static __always_inline int x86_view_read(struct x86_view *view, u64 gpa, u64 *value)
{
	u64 __user *at = x86_view_at(view, gpa);

	*value = ~0ULL;
	if (unlikely(!at))
		return 0;
	if (unlikely(!user_access_begin(at, sizeof(*at))))
		return -EFAULT;
	unsafe_get_user(*value, at, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/* The same for 4 bytes */
static __always_inline int x86_view_read32(struct x86_view *view, u64 gpa, u32 *value)
{
	u32 __user *at = x86_view_at(view, gpa);

	*value = ~0U;
	if (unlikely(!at))
		return 0;
	return get_user(*value, at);
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

#endif /* AXVM_X86_VIEW_H */
