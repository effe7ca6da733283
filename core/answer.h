/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way of an access: answered in the backend's entry loop, with interrupts off,
 * if its device never sleeps. All others go the long way, through core/vcpu.c.
 *
 * Inline, as it stands on the path of most exits.
 */
#ifndef AXVM_CORE_ANSWER_H
#define AXVM_CORE_ANSWER_H

#include "../devices/access.h"

/**
 * axvm_answer_atomic() - answer an access, if its device never sleeps
 * @vcpu: the vCPU; its own thread
 * @exit: the exit
 * @done: what axvm_arch_access_done() does
 *
 * Context: interrupts off.
 * Return: true: answered, enter the guest again; false: nothing was done.
 */
static __always_inline bool
axvm_answer_atomic(struct axvm_vcpu *vcpu, struct axvm_exit *exit,
		   void (*done)(struct axvm_vcpu *vcpu, const struct axvm_exit *exit))
{
	int result;

	if (unlikely(exit->type > AXVM_X_SYSREG_WRITE || exit->more))
		return false;
	result = axvm_devices_handle_atomic(vcpu, exit);
	if (unlikely(result == AXVM_UNCLAIMED))
		return false;

	trace_axvm_exit(vcpu->vm->id, vcpu->id, exit->type, exit->addr, exit->data, exit->width);
	vcpu->stats.by_type[exit->type]++;
	if (likely(result == AXVM_HANDLED))
		done(vcpu, exit);
	else if (result == AXVM_FAULT)
		vcpu->vm->ops->fault(vcpu, exit);
	else
		axvm_vm_stop_at(vcpu, AXVM_STOP_ERROR, -result);
	return true;
}

#endif /* AXVM_CORE_ANSWER_H */
