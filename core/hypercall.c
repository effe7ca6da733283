// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that the kernel answers: those about channels (IVC), of a guest whose VM has a
 * window for them. All others are userspace's, as all are of a VM without a window.
 *
 * The numbers 3 to 6 and what they take are AxVisor's; the doorbell, and ends that only read,
 * are ours. A guest is told that it was refused (-1), not why: what it may not have is not there.
 *
 * Locks: none here; a vCPU's thread holds vcpu->lock.
 */
#include <linux/kernel.h>

#include "vm.h"

/* A number in guest memory: 8 aligned bytes, and not in a window */
static int read_u64(struct axvm_vm *vm, u64 gpa, u64 *value)
{
	return gpa % sizeof(*value) ? -EINVAL : axvm_guest_read(vm, gpa, value, sizeof(*value));
}

static int write_u64(struct axvm_vm *vm, u64 gpa, u64 value)
{
	return gpa % sizeof(value) ? -EINVAL : axvm_guest_write(vm, gpa, &value, sizeof(value));
}

/* Tell the guest where its channel is. It has none if that cannot be told. */
static int tell(struct axvm_vm *vm, const u64 *where, u64 gpa, u64 size)
{
	int ret = write_u64(vm, where[0], gpa);

	return ret ? ret : write_u64(vm, where[1], size);
}

static bool is_publisher(u64 number)
{
	return number <= U32_MAX;
}

/* key, address of the base, address of the length */
static int publish(struct axvm_vm *vm, const u64 *args, bool readonly)
{
	u64 size, gpa;
	int ret;

	ret = read_u64(vm, args[2], &size);
	if (ret)
		return ret;
	ret = axvm_ivc_vm_publish(vm, args[0], readonly, &size, &gpa);
	if (ret)
		return ret;
	ret = tell(vm, &args[1], gpa, size);
	if (ret)
		axvm_ivc_vm_leave(vm, vm->id, args[0], true);
	return ret;
}

/* publisher, key, address of the base, address of the length */
static int subscribe(struct axvm_vm *vm, const u64 *args, bool readonly)
{
	u64 size, gpa;
	int ret;

	if (!is_publisher(args[0]))
		return -ENOENT;
	ret = axvm_ivc_vm_subscribe(vm, args[0], args[1], readonly, &size, &gpa);
	if (ret)
		return ret;
	ret = tell(vm, &args[2], gpa, size);
	if (ret)
		axvm_ivc_vm_leave(vm, args[0], args[1], false);
	return ret;
}

static int call_publish(struct axvm_vm *vm, const u64 *args)
{
	return publish(vm, args, false);
}

static int call_publish_readonly(struct axvm_vm *vm, const u64 *args)
{
	return publish(vm, args, true);
}

static int call_subscribe(struct axvm_vm *vm, const u64 *args)
{
	return subscribe(vm, args, false);
}

static int call_subscribe_readonly(struct axvm_vm *vm, const u64 *args)
{
	return subscribe(vm, args, true);
}

static int call_unpublish(struct axvm_vm *vm, const u64 *args)
{
	return axvm_ivc_vm_leave(vm, vm->id, args[0], true);
}

static int call_unsubscribe(struct axvm_vm *vm, const u64 *args)
{
	return is_publisher(args[0]) ? axvm_ivc_vm_leave(vm, args[0], args[1], false) : -ENOENT;
}

static int call_notify(struct axvm_vm *vm, const u64 *args)
{
	return is_publisher(args[0]) ? axvm_ivc_vm_notify(vm, args[0], args[1]) : -ENOENT;
}

static const struct {
	u32 nr;
	int (*call)(struct axvm_vm *vm, const u64 *args);
} calls[] = {
	{ AXVM_HC_IVC_NOTIFY, call_notify },
	{ AXVM_HC_IVC_PUBLISH, call_publish },
	{ AXVM_HC_IVC_SUBSCRIBE, call_subscribe },
	{ AXVM_HC_IVC_UNPUBLISH, call_unpublish },
	{ AXVM_HC_IVC_UNSUBSCRIBE, call_unsubscribe },
	{ AXVM_HC_IVC_PUBLISH_RO, call_publish_readonly },
	{ AXVM_HC_IVC_SUBSCRIBE_RO, call_subscribe_readonly },
};

/**
 * axvm_hypercall() - answer a hypercall, if it is the kernel's to answer
 * @vcpu: the vCPU; its own thread
 * @nr: its number, of which 32 bits count
 * @args: six arguments
 * @result: filled in, if so: 0, or -1: refused
 *
 * Context: may sleep.
 * Return: false: it is not.
 */
bool axvm_hypercall(struct axvm_vcpu *vcpu, u32 nr, const u64 *args, u64 *result)
{
	unsigned int i;

	if (!READ_ONCE(vcpu->vm->ivc.window))
		return false;
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].nr != nr)
			continue;
		*result = calls[i].call(vcpu->vm, args) ? -1ULL : 0;
		return true;
	}
	return false;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_hypercall);
