// SPDX-License-Identifier: GPL-2.0
/*
 * The front door: loading and unloading the module, /dev/axvm, and the calls made
 * on it: what can this host do, make a VM, list the VMs, list the device types.
 *
 * Loading takes nothing: the hardware is taken with the first VM and given back
 * with the last (axvm_hw_get(), axvm_hw_put()).
 *
 * The story goes on in core/vm.c, core/vcpu.c (the run loop), devices/registry.c.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "core/ioctl.h"

static struct axvm_backend *const backend = &axvm_arch_backend;

/* --- calls on /dev/axvm -------------------------------------------------------- */

long axvm_get_info(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_info *info = arg;
	struct axvm_reason why = { "" };

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->api_version = AXVM_API_VERSION;
	info->arch = backend->arch;
	info->max_vcpus = AXVM_MAX_VCPUS;
	info->max_slots = AXVM_MAX_SLOTS;
	info->run_size = PAGE_SIZE;
	info->regs_size = backend->regs_size;
	info->fpu_size = backend->fpu_size;
	info->gpa_bits = backend->gpa_bits;
	info->features = AXVM_FEATURE_STATE | AXVM_FEATURE_IRQFD | AXVM_FEATURE_IOEVENTFD |
			 AXVM_FEATURE_MSI | AXVM_FEATURE_ROUTES | AXVM_FEATURE_PASS_THROUGH |
			 AXVM_FEATURE_IVC;
	strscpy(info->backend, backend->name, sizeof(info->backend));
	if (backend->probe(&why))
		strscpy(info->reason, why.text, sizeof(info->reason));
	else
		info->features |= AXVM_FEATURE_HARDWARE;
	if (backend->borrowed())
		info->features |= AXVM_FEATURE_BORROWED;
	if (backend->page_sizes & BIT_ULL(21))
		info->features |= AXVM_FEATURE_HUGE_2M;
	if (backend->page_sizes & BIT_ULL(30))
		info->features |= AXVM_FEATURE_HUGE_1G;
	return 0;
}

long axvm_create_vm(struct axvm_vm *unused, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_create_vm *config = arg;
	struct axvm_reason why = { "" };
	struct axvm_vm *vm;
	int ret;

	if (config->flags & ~AXVM_VM_EXIT_UNCLAIMED || config->id ||
	    config->interrupt_mode > AXVM_IRQ_PASSTHROUGH)
		return -EINVAL;
	config->name[sizeof(config->name) - 1] = 0;
	ret = backend->hw_get(&why);
	if (ret) {
		pr_info_ratelimited("axvm: no VM: %s\n", why.text);
		return ret;
	}
	vm = axvm_vm_create(backend, config);
	if (IS_ERR(vm)) {
		backend->hw_put();
		return PTR_ERR(vm);
	}
	config->id = vm->id;
	ret = axvm_vm_fd(vm);
	if (ret < 0)
		axvm_vm_put(vm);
	return ret;
}

long axvm_stat(struct axvm_vm *unused, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_vm_stat *stat = arg;
	struct axvm_vm *vm = axvm_vm_next(stat->id);

	if (!vm)
		return -ENOENT;
	axvm_vm_stat(vm, stat);
	axvm_vm_put(vm);
	return 0;
}

long axvm_type_info(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_device_type_info *info = arg;

	return info->number || info->reserved ? -EINVAL : axvm_device_type_info(info->index, info);
}

/* --- the module ---------------------------------------------------------------- */

static struct miscdevice axvm_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "axvm",
	.fops = &axvm_dev_fops,
	.mode = 0660,
};

static int __init axvm_init(void)
{
	struct axvm_reason why = { "" };
	int ret;

	ret = backend->init();
	if (ret)
		return ret;
	ret = axvm_register_builtin_types();
	if (ret)
		goto exit_backend;
	axvm_debugfs_init();
	ret = misc_register(&axvm_misc);
	if (ret)
		goto exit_debugfs;
	if (backend->probe(&why))
		pr_info("axvm: loaded, but no guest can run here: %s\n", why.text);
	else
		pr_info("axvm: loaded, backend %s\n", backend->name);
	return 0;

exit_debugfs:
	axvm_debugfs_exit();
	axvm_unregister_builtin_types();
exit_backend:
	backend->exit();
	return ret;
}

static void __exit axvm_exit(void)
{
	misc_deregister(&axvm_misc);
	axvm_debugfs_exit();
	axvm_unregister_builtin_types();
	backend->exit();
}

module_init(axvm_init);
module_exit(axvm_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The axvm authors");
MODULE_DESCRIPTION("A hypervisor that is one kernel module");
