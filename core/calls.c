// SPDX-License-Identifier: GPL-2.0
/*
 * The table of all ioctls, and the bodies of those on a VM and on a vCPU. Locks and
 * copying are core/ioctl.c's, as the table says.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../devices/passthrough.h"
#include "ioctl.h"

/* --- on a VM ------------------------------------------------------------------- */

static long vm_set_memory(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_memory *mem = arg;

	return mem->reserved ? -EINVAL : axvm_memory_set(vm, mem);
}

static long vm_create_vcpu(struct axvm_vm *vm, struct axvm_vcpu *unused, void *arg)
{
	struct axvm_create_vcpu *config = arg;
	struct axvm_vcpu *vcpu;

	if (config->flags || config->reserved)
		return -EINVAL;
	if (config->id >= AXVM_MAX_VCPUS)
		return -EINVAL;
	/* One whose descriptor could not be made is there already. */
	vcpu = vm->vcpus[config->id];
	if (!vcpu || vcpu->has_file)
		vcpu = axvm_vcpu_create(vm, config->id);
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	return axvm_vcpu_fd(vcpu);
}

static long vm_create_device(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_create_device *create = arg;
	struct axvm_device_config *config;
	struct axvm_device *dev;

	if (create->flags || create->reserved || create->nr_cfg > AXVM_MAX_CFG)
		return -EINVAL;
	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	config->type = create->type;
	config->base = create->base;
	config->length = create->length;
	config->irq = create->irq;
	config->nr_cfg = create->nr_cfg;
	memcpy(config->cfg, create->cfg, create->nr_cfg * sizeof(config->cfg[0]));
	strscpy(config->type_name, create->type_name, sizeof(config->type_name));
	strscpy(config->name, create->name, sizeof(config->name));
	dev = axvm_devices_add(vm, config);
	kfree(config);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	create->id = dev->id;
	create->fd = -1;
	if (!dev->type->ops->open_host)
		return 0;
	create->fd = dev->type->ops->open_host(dev);
	if (create->fd >= 0)
		return 0;
	axvm_devices_remove(vm, dev->id);
	return create->fd;
}

static long vm_remove_device(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_device_ref *ref = arg;

	return axvm_devices_remove(vm, ref->id);
}

static long vm_pass_through(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_pass_through(vm, arg);
}

static long vm_boot(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_vm_boot(vm);
}

static long vm_reset(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_vm_reset(vm);
}

static long vm_suspend(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_vm_suspend(vm);
}

static long vm_resume(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_vm_resume(vm);
}

static long vm_stop(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_vm_request_stop(vm);
}

static long vm_get_status(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_vm_status *status = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	status->state = vm->state;
	status->stop_reason = vm->stop_reason;
	status->stop_vcpu = vm->stop_vcpu;
	status->stop_code = vm->stop_code;
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	return 0;
}

static long vm_irq_line(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_irq_line *line = arg;

	return line->reserved ? -EINVAL : axvm_irq_line_user(vm, line->irq, line->op);
}

static long vm_inject(struct axvm_vm *vm, struct axvm_vcpu *unused, void *arg)
{
	struct axvm_inject *inject = arg;
	struct axvm_vcpu *vcpu;

	if (inject->reserved)
		return -EINVAL;
	vcpu = inject->vcpu < AXVM_MAX_VCPUS ? READ_ONCE(vm->vcpus[inject->vcpu]) : NULL;
	return vcpu ? axvm_vcpu_inject(vcpu, inject->irq) : -ENOENT;
}

static long vm_get_device_state(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_device_state *state = arg;
	struct axvm_device *dev = axvm_devices_find(vm, state->id);
	u64 room = state->length;
	long ret = 0;
	void *buf;

	if (!dev)
		return -ENOENT;
	if (!dev->type->state_size || !dev->type->ops->save)
		return -EOPNOTSUPP;
	state->length = dev->type->state_size;
	if (room < state->length)
		return -ENOSPC;
	buf = kvzalloc(state->length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	dev->type->ops->save(dev, buf);
	if (copy_to_user(u64_to_user_ptr(state->data), buf, state->length))
		ret = -EFAULT;
	kvfree(buf);
	return ret;
}

static long vm_set_device_state(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_device_state *state = arg;
	struct axvm_device *dev = axvm_devices_find(vm, state->id);
	long ret = -EFAULT;
	void *buf;

	if (!dev)
		return -ENOENT;
	if (!dev->type->state_size || !dev->type->ops->restore)
		return -EOPNOTSUPP;
	if (state->length != dev->type->state_size)
		return -EINVAL;
	/* vm->lock keeps it from starting again meanwhile. */
	if (vm->state == AXVM_STATE_RUNNING || READ_ONCE(vm->running))
		return -EBUSY;
	buf = kvmalloc(state->length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	if (!copy_from_user(buf, u64_to_user_ptr(state->data), state->length))
		ret = dev->type->ops->restore(dev, buf);
	kvfree(buf);
	return ret;
}

static long vm_irqfd(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_irqfd_set(vm, arg);
}

static long vm_ioeventfd(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_ioeventfd_set(vm, arg);
}

static long vm_signal_msi(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_msi *msi = arg;

	return axvm_msi(vm, msi->address, msi->data);
}

static long vm_set_routes(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_routes_set(vm, arg);
}

static long vm_ivc_allow(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	const struct axvm_ivc_allow *allow = arg;
	struct axvm_ivc_acl *acl;

	if (allow->flags || allow->reserved)
		return -EINVAL;
	acl = axvm_ivc_acl_read(allow->peers, allow->nr_peers);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	axvm_ivc_vm_allow(vm, acl);
	return 0;
}

/* --- on a vCPU ----------------------------------------------------------------- */

static long vcpu_run(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return vm->state == AXVM_STATE_LOADING ? -EINVAL : axvm_vcpu_run(vcpu);
}

static long vcpu_get_regs(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return vm->ops->get_regs(vcpu, arg);
}

static long vcpu_set_regs(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return vm->ops->set_regs(vcpu, arg);
}

static long vcpu_get_sysreg(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_sysreg *reg = arg;

	return reg->reserved ? -EINVAL : vm->ops->get_sysreg(vcpu, reg->reg, &reg->value);
}

static long vcpu_set_sysreg(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_sysreg *reg = arg;

	return reg->reserved ? -EINVAL : vm->ops->set_sysreg(vcpu, reg->reg, reg->value);
}

static long vcpu_fpu(struct axvm_vcpu *vcpu, struct axvm_fpu *fpu, bool set)
{
	const struct axvm_backend *ops = vcpu->vm->ops;
	void __user *user = u64_to_user_ptr(fpu->data);
	long ret;
	void *buf;

	if (fpu->length != ops->fpu_size)
		return -EINVAL;
	buf = kvzalloc(fpu->length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	if (set) {
		ret = copy_from_user(buf, user, fpu->length) ? -EFAULT : ops->set_fpu(vcpu, buf);
	} else {
		ret = ops->get_fpu(vcpu, buf);
		if (!ret && copy_to_user(user, buf, fpu->length))
			ret = -EFAULT;
	}
	kvfree(buf);
	return ret;
}

static long vcpu_get_fpu(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return vcpu_fpu(vcpu, arg, false);
}

static long vcpu_set_fpu(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return vcpu_fpu(vcpu, arg, true);
}

/* --- the table ----------------------------------------------------------------- */

#define OUT	AXVM_CALL_OUT
#define VM	AXVM_CALL_LOCK_VM
#define VCPU	AXVM_CALL_LOCK_VCPU
#define MM	AXVM_CALL_MM
#define REGS	AXVM_CALL_REGS
#define ANYONE	(-1)

#define CALL(cmd_, object_, flags_, cap_, size_, fn_)				\
	{ .cmd = cmd_, .name = #cmd_, .object = AXVM_ON_##object_, .flags = flags_,	\
	  .capability = cap_, .size = size_, .fn = fn_ }

const struct axvm_call axvm_calls[] = {
	CALL(AXVM_VCPU_RUN, VCPU, VCPU | MM, ANYONE, 0, vcpu_run),
	CALL(AXVM_VCPU_GET_REGS, VCPU, OUT | VCPU | REGS, ANYONE, 0, vcpu_get_regs),
	CALL(AXVM_VCPU_SET_REGS, VCPU, VCPU | REGS, ANYONE, 0, vcpu_set_regs),
	CALL(AXVM_VCPU_GET_SYSREG, VCPU, OUT | VCPU, ANYONE, sizeof(struct axvm_sysreg),
	     vcpu_get_sysreg),
	CALL(AXVM_VCPU_SET_SYSREG, VCPU, VCPU, ANYONE, sizeof(struct axvm_sysreg),
	     vcpu_set_sysreg),
	CALL(AXVM_VCPU_GET_FPU, VCPU, VCPU, ANYONE, sizeof(struct axvm_fpu), vcpu_get_fpu),
	CALL(AXVM_VCPU_SET_FPU, VCPU, VCPU, ANYONE, sizeof(struct axvm_fpu), vcpu_set_fpu),

	CALL(AXVM_VM_INJECT, VM, 0, ANYONE, sizeof(struct axvm_inject), vm_inject),
	CALL(AXVM_VM_IRQ_LINE, VM, 0, ANYONE, sizeof(struct axvm_irq_line), vm_irq_line),
	CALL(AXVM_VM_SIGNAL_MSI, VM, 0, ANYONE, sizeof(struct axvm_msi), vm_signal_msi),
	CALL(AXVM_VM_IRQFD, VM, VM, ANYONE, sizeof(struct axvm_irqfd), vm_irqfd),
	CALL(AXVM_VM_IOEVENTFD, VM, VM, ANYONE, sizeof(struct axvm_ioeventfd), vm_ioeventfd),
	CALL(AXVM_VM_SET_ROUTES, VM, VM, ANYONE, sizeof(struct axvm_routes), vm_set_routes),
	CALL(AXVM_VM_IVC_ALLOW, VM, 0, ANYONE, sizeof(struct axvm_ivc_allow), vm_ivc_allow),
	CALL(AXVM_VM_SET_MEMORY, VM, VM | MM, ANYONE, sizeof(struct axvm_memory), vm_set_memory),
	CALL(AXVM_VM_CREATE_VCPU, VM, VM | MM, ANYONE, sizeof(struct axvm_create_vcpu),
	     vm_create_vcpu),
	CALL(AXVM_VM_CREATE_DEVICE, VM, OUT | VM | MM, ANYONE, sizeof(struct axvm_create_device),
	     vm_create_device),
	CALL(AXVM_VM_REMOVE_DEVICE, VM, VM | MM, ANYONE, sizeof(struct axvm_device_ref),
	     vm_remove_device),
	CALL(AXVM_VM_PASS_THROUGH, VM, OUT | VM | MM, CAP_SYS_RAWIO,
	     sizeof(struct axvm_pass_through), vm_pass_through),
	CALL(AXVM_VM_BOOT, VM, VM, ANYONE, 0, vm_boot),
	CALL(AXVM_VM_RESET, VM, VM, ANYONE, 0, vm_reset),
	CALL(AXVM_VM_SUSPEND, VM, 0, ANYONE, 0, vm_suspend),
	CALL(AXVM_VM_RESUME, VM, VM, ANYONE, 0, vm_resume),
	CALL(AXVM_VM_STOP, VM, 0, ANYONE, 0, vm_stop),
	CALL(AXVM_VM_GET_STATUS, VM, OUT, ANYONE, sizeof(struct axvm_vm_status), vm_get_status),
	CALL(AXVM_VM_GET_DEVICE_STATE, VM, OUT | VM, ANYONE, sizeof(struct axvm_device_state),
	     vm_get_device_state),
	CALL(AXVM_VM_SET_DEVICE_STATE, VM, VM, ANYONE, sizeof(struct axvm_device_state),
	     vm_set_device_state),

	CALL(AXVM_GET_INFO, SYSTEM, OUT, ANYONE, sizeof(struct axvm_info), axvm_get_info),
	CALL(AXVM_CREATE_VM, SYSTEM, OUT, ANYONE, sizeof(struct axvm_create_vm), axvm_create_vm),
	CALL(AXVM_VM_STAT, SYSTEM, OUT, ANYONE, sizeof(struct axvm_vm_stat), axvm_stat),
	CALL(AXVM_DEVICE_TYPE, SYSTEM, OUT, ANYONE, sizeof(struct axvm_device_type_info),
	     axvm_type_info),
	CALL(AXVM_IVC_PUBLISH, SYSTEM, OUT, ANYONE, sizeof(struct axvm_ivc_publish),
	     axvm_ivc_publish_file),
	CALL(AXVM_IVC_SUBSCRIBE, SYSTEM, OUT, ANYONE, sizeof(struct axvm_ivc_subscribe),
	     axvm_ivc_subscribe_file),
	CALL(AXVM_IVC_STAT, SYSTEM, OUT, ANYONE, sizeof(struct axvm_ivc_stat),
	     axvm_ivc_stat_call),
};
EXPORT_SYMBOL_AXVM_KUNIT(axvm_calls);

const unsigned int axvm_nr_calls = ARRAY_SIZE(axvm_calls);
EXPORT_SYMBOL_AXVM_KUNIT(axvm_nr_calls);
