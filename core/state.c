// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine of a VM:
 *
 *	Loading -> Loaded -> Running <-> Suspended
 *	              ^         |           |
 *	              |         v           v
 *	              +------ Stopped <- Stopping
 *
 * A VM is Loaded when it has memory and a vCPU. Whoever changes the state kicks
 * every vCPU; a vCPU looks at the state before each entry (AXVM_REQ_STATE) and
 * leaves the run loop unless it is Running. Stopping becomes Stopped when the last
 * vCPU has left.
 *
 * Locks: vm->state_lock, raw, interrupts off: a device may end its VM from a timer.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "trace.h"
#include "vm.h"

static void state_wake(struct irq_work *work)
{
	struct axvm_vm *vm = container_of(work, struct axvm_vm, state_work);

	wake_up_all(&vm->state_wait);
}

/**
 * axvm_state_init() - a new VM is Loading
 * @vm: the VM
 */
void axvm_state_init(struct axvm_vm *vm)
{
	raw_spin_lock_init(&vm->state_lock);
	init_waitqueue_head(&vm->state_wait);
	init_irq_work(&vm->state_work, state_wake);
	vm->state = AXVM_STATE_LOADING;
	vm->stop_vcpu = ~0U;
}

/* state_lock held */
static void set_state(struct axvm_vm *vm, int state)
{
	trace_axvm_state(vm->id, vm->state, state);
	WRITE_ONCE(vm->state, state);
	irq_work_queue(&vm->state_work);
}

static void kick_all(struct axvm_vm *vm)
{
	struct axvm_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		vcpu = READ_ONCE(vm->vcpus[i]);
		if (vcpu)
			axvm_vcpu_request(vcpu, AXVM_REQ_STATE);
	}
}

/* From one of the states in the mask @from to @to, kicking all vCPUs; false: not in @from */
static bool change_state(struct axvm_vm *vm, unsigned int from, int to)
{
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	ok = BIT(vm->state) & from;
	if (ok)
		set_state(vm, to);
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	if (ok)
		kick_all(vm);
	return ok;
}

static bool has_all(struct axvm_vm *vm)
{
	return vm->nr_vcpus && axvm_memory_size(vm);
}

/**
 * axvm_vm_loaded() - after memory or a vCPU came or went: is the VM complete?
 * @vm: the VM; vm->lock held
 */
void axvm_vm_loaded(struct axvm_vm *vm)
{
	if (has_all(vm))
		change_state(vm, BIT(AXVM_STATE_LOADING), AXVM_STATE_LOADED);
	else
		change_state(vm, BIT(AXVM_STATE_LOADED), AXVM_STATE_LOADING);
}

/**
 * axvm_vm_reset() - from Stopped (or Loaded) to Loaded: all as at power-on, but memory
 * @vm: the VM; vm->lock held
 *
 * Return: 0, or -EBUSY in any other state.
 */
int axvm_vm_reset(struct axvm_vm *vm)
{
	unsigned long flags;
	unsigned int i;

	if (vm->state != AXVM_STATE_STOPPED && vm->state != AXVM_STATE_LOADED)
		return -EBUSY;
	axvm_devices_reset(vm);
	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		struct axvm_vcpu *vcpu = vm->vcpus[i];

		if (!vcpu)
			continue;
		mutex_lock(&vcpu->lock);
		vcpu->pending_user = false;
		vm->ops->vcpu_reset(vcpu);
		mutex_unlock(&vcpu->lock);
	}
	raw_spin_lock_irqsave(&vm->state_lock, flags);
	vm->stop_reason = AXVM_STOP_NONE;
	vm->stop_vcpu = ~0U;
	vm->stop_code = 0;
	set_state(vm, has_all(vm) ? AXVM_STATE_LOADED : AXVM_STATE_LOADING);
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	return 0;
}

/**
 * axvm_vm_boot() - let the vCPUs run
 * @vm: the VM; vm->lock held
 *
 * A Stopped VM is reset first and starts at the reset vector.
 *
 * Return: 0; -EINVAL: no memory or no vCPU yet; -EBUSY: it runs or is stopping.
 */
int axvm_vm_boot(struct axvm_vm *vm)
{
	int ret;

	if (vm->state == AXVM_STATE_LOADING)
		return -EINVAL;
	if (vm->state == AXVM_STATE_STOPPED) {
		ret = axvm_vm_reset(vm);
		if (ret)
			return ret;
	}
	if (change_state(vm, BIT(AXVM_STATE_LOADED), AXVM_STATE_RUNNING))
		return 0;
	return vm->state == AXVM_STATE_LOADING ? -EINVAL : -EBUSY;
}

/* Or does nobody want it any more, as it was resumed or stopped meanwhile? */
static bool suspended(struct axvm_vm *vm)
{
	return !READ_ONCE(vm->running) || READ_ONCE(vm->state) != AXVM_STATE_SUSPENDED;
}

/**
 * axvm_vm_suspend() - stop the vCPUs where they are; returns when none runs
 * @vm: the VM; no lock held
 *
 * Return: 0 (also if somebody else resumes or stops it meanwhile); -EBUSY: not Running; -EINTR:
 * a fatal signal (the VM is Suspended all the same).
 */
int axvm_vm_suspend(struct axvm_vm *vm)
{
	if (!change_state(vm, BIT(AXVM_STATE_RUNNING), AXVM_STATE_SUSPENDED))
		return -EBUSY;
	return wait_event_killable(vm->state_wait, suspended(vm)) ? -EINTR : 0;
}

/**
 * axvm_vm_resume() - the reverse
 * @vm: the VM; vm->lock held
 *
 * Return: 0, or -EBUSY: not Suspended.
 */
int axvm_vm_resume(struct axvm_vm *vm)
{
	return change_state(vm, BIT(AXVM_STATE_SUSPENDED), AXVM_STATE_RUNNING) ? 0 : -EBUSY;
}

static void stop(struct axvm_vm *vm, u32 reason, u32 vcpu, u64 code)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	if (vm->state >= AXVM_STATE_STOPPING) {
		raw_spin_unlock_irqrestore(&vm->state_lock, flags);
		return;
	}
	vm->stop_reason = reason;
	vm->stop_vcpu = vcpu;
	vm->stop_code = code;
	set_state(vm, AXVM_STATE_STOPPING);
	if (!vm->running)
		set_state(vm, AXVM_STATE_STOPPED);
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	kick_all(vm);
}

/**
 * axvm_vm_stop() - end the VM; the first reason wins
 * @vm: the VM
 * @reason: AXVM_STOP_*
 * @code: what goes with it
 *
 * Does not wait for the vCPUs.
 *
 * Context: any.
 */
void axvm_vm_stop(struct axvm_vm *vm, u32 reason, u64 code)
{
	stop(vm, reason, ~0U, code);
}
EXPORT_SYMBOL_GPL(axvm_vm_stop);

/**
 * axvm_vm_stop_at() - the same, for what a vCPU did
 * @vcpu: the vCPU
 * @reason: AXVM_STOP_*
 * @code: what goes with it
 *
 * Context: any.
 */
void axvm_vm_stop_at(struct axvm_vcpu *vcpu, u32 reason, u64 code)
{
	stop(vcpu->vm, reason, vcpu->id, code);
}

/**
 * axvm_vm_request_stop() - AXVM_VM_STOP: end the VM and wait until no vCPU runs
 * @vm: the VM; no lock held
 *
 * Return: 0 (also if it had stopped before), or -EINTR: a fatal signal.
 */
int axvm_vm_request_stop(struct axvm_vm *vm)
{
	axvm_vm_stop(vm, AXVM_STOP_REQUEST, 0);
	/* Stopped, or even booted again by somebody else */
	return wait_event_killable(vm->state_wait,
				   READ_ONCE(vm->state) != AXVM_STATE_STOPPING) ? -EINTR : 0;
}

/**
 * axvm_vm_has_runners() - is any vCPU inside the run loop?
 * @vm: the VM
 *
 * A vCPU that comes in after a false answer sees all that the caller wrote before.
 *
 * Context: any.
 */
bool axvm_vm_has_runners(struct axvm_vm *vm)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	any = vm->running;
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	return any;
}

/* Count the vCPU in if the VM runs. 0: in; 1: not now; 2: the VM has stopped */
static int try_enter(struct axvm_vm *vm)
{
	unsigned long flags;
	int ret = 1;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	if (vm->state == AXVM_STATE_RUNNING) {
		vm->running++;
		ret = 0;
	} else if (vm->state >= AXVM_STATE_STOPPING) {
		ret = 2;
	}
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
	return ret;
}

/**
 * axvm_vm_enter() - a vCPU wants to run: wait for it to be allowed
 * @vcpu: the vCPU; vcpu->lock held, given up while waiting
 *
 * Return: 0: go on, axvm_vm_leave() must follow; 1: the VM has stopped; -EINTR: a
 * signal, or run->immediate_exit.
 */
int axvm_vm_enter(struct axvm_vcpu *vcpu)
{
	struct axvm_vm *vm = vcpu->vm;
	int ret;

	for (;;) {
		ret = try_enter(vm);
		if (ret != 1)
			return ret ? 1 : 0;
		mutex_unlock(&vcpu->lock);
		ret = wait_event_interruptible(vm->state_wait,
					       READ_ONCE(vm->state) == AXVM_STATE_RUNNING ||
					       READ_ONCE(vm->state) >= AXVM_STATE_STOPPING ||
					       READ_ONCE(vcpu->run->immediate_exit));
		mutex_lock(&vcpu->lock);
		if (ret || READ_ONCE(vcpu->run->immediate_exit))
			return -EINTR;
	}
}

/**
 * axvm_vm_leave() - a vCPU left the run loop
 * @vcpu: the vCPU
 */
void axvm_vm_leave(struct axvm_vcpu *vcpu)
{
	struct axvm_vm *vm = vcpu->vm;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->state_lock, flags);
	/* Who waits for the vCPUs to leave changed the state first. */
	if (!--vm->running && vm->state != AXVM_STATE_RUNNING) {
		if (vm->state == AXVM_STATE_STOPPING)
			set_state(vm, AXVM_STATE_STOPPED);
		irq_work_queue(&vm->state_work);
	}
	raw_spin_unlock_irqrestore(&vm->state_lock, flags);
}
