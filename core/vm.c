// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine: made, found by its number, freed.
 *
 * Owns: axvm_vms, the table of all VMs. A VM is referenced by its descriptor and by
 * those of its vCPUs; with the last reference gone it leaves the table, loses its
 * devices, vCPUs and memory, and is freed after an RCU grace period, because
 * interrupt senders look it up under RCU only (core/irq.c).
 *
 * Locks: the table's own spinlock; see core/vm.h for the fields.
 */
#include <linux/debugfs.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "vm.h"

DEFINE_XARRAY_ALLOC1(axvm_vms);

static void vm_destroy(struct axvm_vm *vm)
{
	unsigned int i;

	/* Whoever sends interrupts first: eventfds, then devices, whose timers reach for vCPUs. */
	axvm_eventfds_finish(vm);
	mutex_lock(&vm->lock);
	axvm_devices_destroy(vm);
	mutex_unlock(&vm->lock);

	axvm_ivc_vm_destroy(vm);
	axvm_memory_destroy(vm);
	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (vm->vcpus[i])
			axvm_vcpu_destroy(vm->vcpus[i]);
	vm->ops->vm_destroy(vm);
	irq_work_sync(&vm->state_work);
	cleanup_srcu_struct(&vm->srcu);
	put_pid(vm->pid);
	if (vm->mm)
		mmdrop(vm->mm);
	kfree(vm);
}

static void vm_release(struct kref *ref)
{
	struct axvm_vm *vm = container_of(ref, struct axvm_vm, ref);
	const struct axvm_backend *ops = vm->ops;

	xa_erase(&axvm_vms, vm->id);
	debugfs_remove_recursive(vm->debugfs);
	synchronize_rcu();
	vm_destroy(vm);
	if (ops->hw_put)
		ops->hw_put();
}

/**
 * axvm_vm_get() - one more reference
 * @vm: a VM the caller has a reference to
 */
void axvm_vm_get(struct axvm_vm *vm)
{
	kref_get(&vm->ref);
}

/**
 * axvm_vm_put() - one reference less; the last one frees the VM
 * @vm: the VM
 *
 * Context: may sleep.
 */
void axvm_vm_put(struct axvm_vm *vm)
{
	kref_put(&vm->ref, vm_release);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_vm_put);

/**
 * axvm_vm_next() - find the VM with the smallest number from @id on
 * @id: the smallest number wanted
 *
 * Return: the VM with a reference for the caller, or NULL.
 */
struct axvm_vm *axvm_vm_next(u32 id)
{
	unsigned long index = id;
	struct axvm_vm *vm;

	rcu_read_lock();
	vm = xa_find(&axvm_vms, &index, U32_MAX, XA_PRESENT);
	while (vm && !kref_get_unless_zero(&vm->ref))
		vm = xa_find_after(&axvm_vms, &index, U32_MAX, XA_PRESENT);
	rcu_read_unlock();
	return vm;
}

static void vm_init_fields(struct axvm_vm *vm, const struct axvm_backend *ops,
			   const struct axvm_create_vm *config)
{
	kref_init(&vm->ref);
	strscpy(vm->name, config->name, sizeof(vm->name));
	vm->flags = config->flags;
	vm->interrupt_mode = config->interrupt_mode;
	vm->ops = ops;
	mutex_init(&vm->lock);
	spin_lock_init(&vm->s2_lock);
	INIT_LIST_HEAD(&vm->s2_stale);
	axvm_state_init(vm);
	axvm_irq_router_init(&vm->irq);
	axvm_eventfds_init(vm);
	axvm_ivc_vm_init(vm);
	axvm_devices_init(vm);
	vm->pid = get_pid(task_tgid(current));
	/* A KUnit thread has none; such a VM has no memory. */
	vm->mm = current->mm;
	if (vm->mm)
		mmgrab(vm->mm);
}

/**
 * axvm_vm_create() - make a VM
 * @ops: the backend that will run it
 * @config: its configuration, checked by the caller
 *
 * The caller has taken the hardware for it (axvm_backend.hw_get()); the end of the
 * VM gives it back.
 *
 * Context: may sleep.
 * Return: the VM with one reference, or an error pointer.
 */
struct axvm_vm *axvm_vm_create(const struct axvm_backend *ops, const struct axvm_create_vm *config)
{
	struct axvm_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	ret = init_srcu_struct(&vm->srcu);
	if (ret)
		goto free;
	vm_init_fields(vm, ops, config);
	ret = ops->vm_init(vm);
	if (ret)
		goto drop;
	ret = xa_alloc(&axvm_vms, &vm->id, vm, XA_LIMIT(1, INT_MAX), GFP_KERNEL_ACCOUNT);
	if (ret)
		goto destroy;
	axvm_vm_debugfs(vm);
	return vm;
destroy:
	ops->vm_destroy(vm);
drop:
	if (vm->mm)
		mmdrop(vm->mm);
	put_pid(vm->pid);
	cleanup_srcu_struct(&vm->srcu);
free:
	kfree(vm);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_vm_create);

/**
 * axvm_vm_synchronize() - wait for everyone who reads what [S] marks in core/vm.h
 * @vm: the VM
 *
 * Context: may sleep; not in such a section.
 */
void axvm_vm_synchronize(struct axvm_vm *vm)
{
	synchronize_srcu_expedited(&vm->srcu);
	/* Interrupts off is a read section of RCU. Only vCPUs that run read there. */
	if (axvm_vm_has_runners(vm))
		synchronize_rcu_expedited();
}

static void flush_ipi(void *unused)
{
	/* The exit that this interrupt forces is all that is wanted. */
}

/**
 * axvm_vm_flush_stage2() - no vCPU uses a translation that was unmapped before the call
 * @vm: the VM
 *
 * Table pages that were taken out of use before (vm->s2_stale) are freed.
 *
 * Pairs with the backend's look at vm->s2_generation, which comes after the vCPU
 * declared itself in guest mode: either it sees the new generation, or we see it
 * in guest mode, force it out, and it sees it before its next entry.
 *
 * Context: interrupts on, no spinlock that an IPI handler takes.
 */
void axvm_vm_flush_stage2(struct axvm_vm *vm)
{
	struct axvm_vcpu *vcpu;
	struct page *page, *next;
	LIST_HEAD(stale);
	unsigned int i;
	int pcpu;

	spin_lock(&vm->s2_lock);
	WRITE_ONCE(vm->s2_generation, vm->s2_generation + 1);
	list_splice_init(&vm->s2_stale, &stale);
	spin_unlock(&vm->s2_lock);
	smp_mb();	/* pairs with the one in axvm_vcpu_enter_guest() */
	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		vcpu = READ_ONCE(vm->vcpus[i]);
		if (!vcpu || READ_ONCE(vcpu->mode) != AXVM_IN_GUEST)
			continue;
		pcpu = READ_ONCE(vcpu->pcpu);
		if (pcpu >= 0)
			smp_call_function_single(pcpu, flush_ipi, NULL, true);
	}
	list_for_each_entry_safe(page, next, &stale, lru)
		__free_page(page);
}
