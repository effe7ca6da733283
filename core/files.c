// SPDX-License-Identifier: GPL-2.0
/*
 * The file operations of the three objects: /dev/axvm, a VM, a vCPU. Each of the
 * latter two holds a reference to the VM, so that it lives until the last of its
 * descriptors is closed; with the VM's own descriptor it is stopped.
 *
 * The module cannot be unloaded while any of them is open (.owner).
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "ioctl.h"

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return axvm_ioctl(AXVM_ON_SYSTEM, NULL, NULL, cmd, arg);
}

const struct file_operations axvm_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return axvm_ioctl(AXVM_ON_VM, file->private_data, NULL, cmd, arg);
}

static int vm_release(struct inode *inode, struct file *file)
{
	struct axvm_vm *vm = file->private_data;

	axvm_vm_stop(vm, AXVM_STOP_REQUEST, 0);
	/* Nobody can remove them any more, while vCPUs' descriptors may keep the VM. */
	mutex_lock(&vm->lock);
	axvm_eventfds_release(vm);
	mutex_unlock(&vm->lock);
	axvm_ivc_vm_release(vm);
	axvm_vm_put(vm);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct axvm_vcpu *vcpu = file->private_data;

	return axvm_ioctl(AXVM_ON_VCPU, vcpu->vm, vcpu, cmd, arg);
}

static vm_fault_t run_page_fault(struct vm_fault *vmf)
{
	struct axvm_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(vcpu->run);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct run_page_ops = {
	.fault = run_page_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma_pages(vma) != 1 || vma->vm_pgoff || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &run_page_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct axvm_vcpu *vcpu = file->private_data;

	axvm_vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

/**
 * axvm_vm_fd() - a descriptor for a new VM
 * @vm: the VM; its reference becomes the descriptor's
 *
 * Return: the descriptor, or an errno: the reference is still the caller's then.
 */
int axvm_vm_fd(struct axvm_vm *vm)
{
	return anon_inode_getfd("axvm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
}

/**
 * axvm_vcpu_fd() - the descriptor of a vCPU
 * @vcpu: the vCPU; vm->lock held
 *
 * Return: the descriptor, or an errno.
 */
int axvm_vcpu_fd(struct axvm_vcpu *vcpu)
{
	int fd;

	axvm_vm_get(vcpu->vm);
	fd = anon_inode_getfd("axvm-vcpu", &vcpu_fops, vcpu, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		/* Not the last reference: the caller has one. */
		axvm_vm_put(vcpu->vm);
		return fd;
	}
	vcpu->has_file = true;
	return fd;
}
