// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own reads and writes of guest memory, through the launcher's addresses: only
 * where there is a slot, and only for a thread that has the launcher's address space.
 *
 * Locks: vm->srcu for the slots.
 */
#include <linux/uaccess.h>

#include "vm.h"

static int guest_copy(struct axvm_vm *vm, u64 gpa, void *buf, size_t length, bool write)
{
	while (length) {
		struct axvm_slot *slot = axvm_slot_find(vm, gpa);
		void __user *user;
		size_t part;

		if (unlikely(!slot || (write && (slot->flags & AXVM_MEM_READONLY))))
			return -EFAULT;
		part = min_t(u64, length, slot->gpa + slot->length - gpa);
		user = (void __user *)(slot->hva + (gpa - slot->gpa));
		if (unlikely(write ? copy_to_user(user, buf, part) :
				     copy_from_user(buf, user, part)))
			return -EFAULT;
		gpa += part;
		buf += part;
		length -= part;
	}
	return 0;
}

/**
 * axvm_guest_read() - read guest memory
 * @vm: the VM; the caller's address space is the VM's
 * @gpa: guest-physical address
 * @buf: where to
 * @length: bytes
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT: not all of it is memory (@buf may be partly written).
 */
int axvm_guest_read(struct axvm_vm *vm, u64 gpa, void *buf, size_t length)
{
	int idx, ret;

	if (unlikely(current->mm != vm->mm || !vm->mm))
		return -EFAULT;
	idx = srcu_read_lock(&vm->srcu);
	ret = guest_copy(vm, gpa, buf, length, false);
	srcu_read_unlock(&vm->srcu, idx);
	return ret;
}

/**
 * axvm_guest_read_u64() - read 8 aligned bytes: a page-table entry
 * @vm: the VM; the caller's address space is the VM's
 * @gpa: guest-physical address, a multiple of 8
 * @value: where to
 *
 * Context: may sleep; vm->srcu read side.
 * Return: 0, or -EFAULT.
 */
int axvm_guest_read_u64(struct axvm_vm *vm, u64 gpa, u64 *value)
{
	struct axvm_slot *slot = axvm_slot_find(vm, gpa);

	if (unlikely(!slot))
		return -EFAULT;
	return get_user(*value, (u64 __user *)(slot->hva + (gpa - slot->gpa)));
}

/**
 * axvm_guest_write() - write guest memory
 * @vm: the VM; the caller's address space is the VM's
 * @gpa: guest-physical address
 * @buf: where from
 * @length: bytes
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT: not all of it is writable memory (part may be written).
 */
int axvm_guest_write(struct axvm_vm *vm, u64 gpa, const void *buf, size_t length)
{
	int idx, ret;

	if (unlikely(current->mm != vm->mm || !vm->mm))
		return -EFAULT;
	idx = srcu_read_lock(&vm->srcu);
	ret = guest_copy(vm, gpa, (void *)buf, length, true);
	srcu_read_unlock(&vm->srcu, idx);
	return ret;
}
