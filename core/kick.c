// SPDX-License-Identifier: GPL-2.0
/*
 * One interrupt to one vCPU: where it resides, and how it is made to look at what is pending
 * for it. The order on both sides stands at axvm_vcpu_notify().
 *
 * Owns: the IPIs that force vCPUs out of the guest. Locks: none; VMs are found by number
 * under RCU.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>

#include "trace.h"
#include "vm.h"

/*
 * The IPI that forces a vCPU out of the guest. On the pCPU where the vCPU resides, its
 * arrival is all that was wanted: what is pending is looked at before the next entry.
 *
 * If the vCPU has moved on, whoever asked for an IPI while this one was on its way
 * (-EBUSY in send_async()) relies on it in vain, so it is sent after the vCPU. The barrier
 * makes this complete: the asker made its interrupt pending before it found this IPI
 * still queued, and we look where the vCPU is after the IPI left the queue. So either we
 * see the vCPU in the guest elsewhere, or it has yet to look at what is pending.
 */
static void ipi_arrived(void *info)
{
	struct axvm_vcpu *vcpu = info;

	smp_mb();	/* see above */
	if (READ_ONCE(vcpu->pcpu) != smp_processor_id()) {
		WRITE_ONCE(vcpu->stats.late, vcpu->stats.late + 1);
		axvm_vcpu_kick(vcpu);
	}
	/* Last: axvm_vcpu_kick_sync() waits for it and the vCPU may go. */
	atomic_dec_return_release(&vcpu->ipis);
}

/* The one from contexts that may not wait has left the queue: the next may be sent. */
static void kick_arrived(void *info)
{
	struct axvm_vcpu *vcpu = info;

	atomic_set(&vcpu->kick_queued, 0);
	ipi_arrived(vcpu);
}

/*
 * smp_call_function_single_async() leaves it to its callers that only one at a time queues
 * vcpu->kick: it looks whether the CSD is in use, and takes it, in two steps. Two that
 * queue it at once make the target's list of calls a circle, and it never ends.
 */
static int send_async(struct axvm_vcpu *vcpu, int pcpu)
{
	int ret;

	if (atomic_xchg(&vcpu->kick_queued, 1))
		return -EBUSY;
	ret = smp_call_function_single_async(pcpu, &vcpu->kick);
	if (ret)
		atomic_set(&vcpu->kick_queued, 0);
	return ret;
}

/* Preemption off, and @pcpu is not this CPU. */
static void send_ipi(struct axvm_vcpu *vcpu, int pcpu)
{
	int ret;

	atomic_inc(&vcpu->ipis);
	if (in_task() && !irqs_disabled())
		ret = smp_call_function_single(pcpu, ipi_arrived, vcpu, false);
	else
		ret = send_async(vcpu, pcpu);
	if (!ret) {
		WRITE_ONCE(vcpu->stats.kicks, vcpu->stats.kicks + 1);
		return;
	}
	/*
	 * -EBUSY: an earlier one is still queued, and ipi_arrived() does for both.
	 * -ENXIO: the pCPU went offline, so the vCPU is not there any more.
	 */
	atomic_dec(&vcpu->ipis);
}

/**
 * axvm_vcpu_notify() - make a vCPU, or the pCPU that it resides on, look at what is pending
 * @vcpu: the vCPU
 * @send: how to tell another pCPU on which the vCPU is in the guest; preemption is off
 *
 * The caller has made something pending: an interrupt, a request, a state.
 *
 *	sender				the vCPU's thread
 *	------				-----------------
 *	pending = 1			mode = IN_GUEST, or BLOCKED
 *	smp_mb()			smp_mb()
 *	look at mode			look at what is pending
 *					enter, or sleep
 *
 * At least one of them sees what the other wrote. If the thread sees it, it does not
 * enter. If the sender sees the mode, it wakes the thread, or sends an IPI to its pCPU;
 * the thread has had interrupts off since before it wrote the mode, so the IPI arrives
 * in the guest, or is pending at the entry: either way the guest is left.
 * No IPI is needed to the sender's own pCPU: whoever runs there has the guest out. If it is
 * the vCPU's thread itself, on its way to the next entry, a note to look will do.
 *
 * Context: any.
 */
void axvm_vcpu_notify(struct axvm_vcpu *vcpu, void (*send)(struct axvm_vcpu *vcpu, int pcpu))
{
	int mode, pcpu;

	smp_mb();	/* see above */
	/* Acquire: with the mode IN_GUEST comes the pCPU it was written on. */
	mode = smp_load_acquire(&vcpu->mode);
	if (mode == AXVM_BLOCKED)
		rcuwait_wake_up(&vcpu->wait);
	if (mode != AXVM_IN_GUEST)
		return;

	preempt_disable();
	pcpu = READ_ONCE(vcpu->pcpu);
	if (pcpu == smp_processor_id())
		axvm_vcpu_look(vcpu);
	else if (pcpu >= 0)
		send(vcpu, pcpu);
	preempt_enable();
}

/**
 * axvm_vcpu_kick() - make a vCPU look at what is pending for it: it leaves the guest
 * @vcpu: the vCPU
 *
 * See axvm_vcpu_notify().
 *
 * Context: any.
 */
void axvm_vcpu_kick(struct axvm_vcpu *vcpu)
{
	axvm_vcpu_notify(vcpu, send_ipi);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_vcpu_kick);

/**
 * axvm_vcpu_kick_init() - prepare a new vCPU for axvm_vcpu_kick()
 * @vcpu: the vCPU
 */
void axvm_vcpu_kick_init(struct axvm_vcpu *vcpu)
{
	INIT_CSD(&vcpu->kick, kick_arrived, vcpu);
}

/**
 * axvm_vcpu_kick_sync() - wait for the IPIs that are still under way
 * @vcpu: a vCPU that nobody kicks any more
 *
 * Context: may sleep.
 */
void axvm_vcpu_kick_sync(struct axvm_vcpu *vcpu)
{
	while (atomic_read_acquire(&vcpu->ipis))
		usleep_range(10, 100);
}

/**
 * axvm_vcpu_inject() - make an interrupt pending on a vCPU
 * @vcpu: the vCPU
 * @irq: x86: vector; arm64: INTID
 *
 * Context: any.
 * Return: 0; -ESHUTDOWN: the VM has ended; or what the vCPU's controller says of @irq.
 */
int axvm_vcpu_inject(struct axvm_vcpu *vcpu, u32 irq)
{
	struct axvm_vm *vm = vcpu->vm;
	int ret = -ESHUTDOWN;

	if (likely(READ_ONCE(vm->state) < AXVM_STATE_STOPPING))
		ret = vm->ops->inject(vcpu, irq);
	trace_axvm_inject(vm->id, vcpu->id, irq, ret);
	return ret;
}

/* In an RCU read section */
static struct axvm_vcpu *vcpu_find(u32 vm_id, u32 vcpu_id)
{
	struct axvm_vm *vm = xa_load(&axvm_vms, vm_id);

	if (!vm || vcpu_id >= AXVM_MAX_VCPUS)
		return NULL;
	return READ_ONCE(vm->vcpus[vcpu_id]);
}

/**
 * axvm_inject_irq_to_vcpu() - make an interrupt pending on any vCPU of any VM
 * @vm_id: the VM's number
 * @vcpu_id: the vCPU's number in it
 * @irq: x86: vector; arm64: INTID
 *
 * Context: any.
 * Return: as axvm_vcpu_inject(); -ENOENT: no such VM or vCPU.
 */
int axvm_inject_irq_to_vcpu(u32 vm_id, u32 vcpu_id, u32 irq)
{
	struct axvm_vcpu *vcpu;
	int ret = -ENOENT;

	rcu_read_lock();
	vcpu = vcpu_find(vm_id, vcpu_id);
	if (vcpu)
		ret = axvm_vcpu_inject(vcpu, irq);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(axvm_inject_irq_to_vcpu);

/**
 * axvm_vcpu_resides_on() - where is a vCPU?
 * @vm_id: the VM's number
 * @vcpu_id: the vCPU's number in it
 *
 * The answer may be out of date when the caller sees it.
 *
 * Context: any.
 * Return: the pCPU; -ESRCH: on none at the moment; -ENOENT: no such VM or vCPU.
 */
int axvm_vcpu_resides_on(u32 vm_id, u32 vcpu_id)
{
	struct axvm_vcpu *vcpu;
	int ret = -ENOENT;

	rcu_read_lock();
	vcpu = vcpu_find(vm_id, vcpu_id);
	if (vcpu) {
		ret = READ_ONCE(vcpu->pcpu);
		if (ret < 0)
			ret = -ESRCH;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(axvm_vcpu_resides_on);
