// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls: copying, privilege and locking, done once for all of them by what the
 * table (core/calls.c) says of each. The bodies do none of it.
 *
 * A structure starts with its size as the caller knows it. A shorter one than ours
 * reads as if followed by zeros; a longer one must end in zeros (-E2BIG).
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ioctl.h"

static const struct axvm_call *find(enum axvm_object object, unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < axvm_nr_calls; i++)
		if (axvm_calls[i].cmd == cmd && axvm_calls[i].object == object)
			return &axvm_calls[i];
	return NULL;
}

static size_t call_size(const struct axvm_call *call, struct axvm_vm *vm)
{
	return call->flags & AXVM_CALL_REGS ? vm->ops->regs_size : call->size;
}

/* Most structures are that small: interrupts above all, which are not to wait for an allocator */
#define SMALL	64

static void put_arg(void *arg, void *small)
{
	if (arg != small)
		kfree(arg);
}

/*
 * Copy the caller's structure in, to @small if it fits, else to where put_arg() frees it;
 * @user_size gets what the caller said it has
 */
static void *copy_in(const struct axvm_call *call, size_t size, void __user *user, u32 *user_size,
		     void *small)
{
	size_t min = call->min_size ? call->min_size : size;
	void *arg;
	int ret;

	if (get_user(*user_size, (u32 __user *)user))
		return ERR_PTR(-EFAULT);
	if (*user_size < min)
		return ERR_PTR(-EINVAL);
	if (*user_size > PAGE_SIZE)
		return ERR_PTR(-E2BIG);
	arg = size > SMALL ? kzalloc(size, GFP_KERNEL_ACCOUNT) : small;
	if (!arg)
		return ERR_PTR(-ENOMEM);
	ret = copy_struct_from_user(arg, size, user, *user_size);
	if (ret) {
		put_arg(arg, small);
		return ERR_PTR(ret);
	}
	return arg;
}

static int lock(const struct axvm_call *call, struct axvm_vm *vm, struct axvm_vcpu *vcpu)
{
	if ((call->flags & AXVM_CALL_LOCK_VM) && mutex_lock_killable(&vm->lock))
		return -EINTR;
	if ((call->flags & AXVM_CALL_LOCK_VCPU) && mutex_lock_killable(&vcpu->lock)) {
		if (call->flags & AXVM_CALL_LOCK_VM)
			mutex_unlock(&vm->lock);
		return -EINTR;
	}
	return 0;
}

static void unlock(const struct axvm_call *call, struct axvm_vm *vm, struct axvm_vcpu *vcpu)
{
	if (call->flags & AXVM_CALL_LOCK_VCPU)
		mutex_unlock(&vcpu->lock);
	if (call->flags & AXVM_CALL_LOCK_VM)
		mutex_unlock(&vm->lock);
}

static long call_locked(const struct axvm_call *call, struct axvm_vm *vm, struct axvm_vcpu *vcpu,
			void *arg)
{
	long ret = lock(call, vm, vcpu);

	if (ret)
		return ret;
	ret = call->fn(vm, vcpu, arg);
	unlock(call, vm, vcpu);
	return ret;
}

/*
 * A call with a structure. Not inline: the kernel's compilers clear what is on the stack, for
 * which AXVM_VCPU_RUN, which has no structure, need not wait.
 */
static noinline long call_with_arg(const struct axvm_call *call, struct axvm_vm *vm,
				   struct axvm_vcpu *vcpu, void __user *user, size_t size)
{
	u64 small[SMALL / sizeof(u64)];
	u32 user_size;
	void *arg;
	long ret;

	arg = copy_in(call, size, user, &user_size, small);
	if (IS_ERR(arg))
		return PTR_ERR(arg);
	ret = call_locked(call, vm, vcpu, arg);
	if ((call->flags & AXVM_CALL_OUT) && (ret >= 0 || ret == -ENOSPC) &&
	    copy_to_user(user, arg, min_t(size_t, size, user_size)))
		ret = -EFAULT;
	put_arg(arg, small);
	return ret;
}

/**
 * axvm_ioctl() - dispatch an ioctl by the table
 * @object: what descriptor it came on
 * @vm: the VM, if the object has one
 * @vcpu: the vCPU, if the object is one
 * @cmd: AXVM_*
 * @arg: the caller's pointer, or 0
 *
 * Return: what the call returns; -ENOTTY: no such call on this object; -EPERM; -EFAULT;
 * -EINVAL; -E2BIG; -EIO: the caller is not the process that made the VM.
 */
long axvm_ioctl(enum axvm_object object, struct axvm_vm *vm, struct axvm_vcpu *vcpu,
		unsigned int cmd, unsigned long arg)
{
	const struct axvm_call *call = find(object, cmd);
	size_t size;

	if (!call)
		return -ENOTTY;
	if (call->capability >= 0 && !capable(call->capability))
		return -EPERM;
	if ((call->flags & AXVM_CALL_MM) && current->mm != vm->mm)
		return -EIO;
	size = call_size(call, vm);
	if (size)
		return call_with_arg(call, vm, vcpu, (void __user *)arg, size);
	if (arg)
		return -EINVAL;
	return call_locked(call, vm, vcpu, NULL);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ioctl);
