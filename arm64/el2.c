// SPDX-License-Identifier: GPL-2.0
/*
 * ARM's EL2 as axvm's backend: the table of its operations, and one entry into the guest
 * from beginning to end (axvm_arch_run()).
 *
 * In this folder: hardware.c (who has EL2), vhe.c (the world switch of a host at EL2), entry.S
 * (its general registers and vectors), nvhe*.[cS] (the same for a host at EL1), fpsimd.c
 * (vector registers), context.h (the registers of EL1), debug.c (debug registers), stage2.c
 * (guest memory), exits.c (why the guest was left), sysreg.c and idregs.c (system registers
 * that trap), mitigations.c (speculation), vcpu.c (a vCPU from outside); gic*.c, timer.c,
 * host_ppi.c (interrupts and time), psci.c and smccc.c (calls), decode.c, emulate.c, gva.c and
 * inject.c (loads and stores without a syndrome, exceptions into the guest).
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <asm/virt.h>

#include "../devices/gicv3.h"
#include "el2.h"
#include "emulate.h"
#include "psci.h"
#include "timer.h"
#include "vhe.h"

/* --- one entry --------------------------------------------------------------------------- */

static __always_inline void open_window(struct arm64_vcpu *v)
{
	if (arm64_host_at_el2())
		arm64_vhe_open(v);
	else
		arm64_nvhe_open(v);
}

static __always_inline void close_window(struct arm64_vcpu *v)
{
	if (arm64_host_at_el2())
		arm64_vhe_close(v);
	else
		arm64_nvhe_close(v);
}

/* One entry, one exit. As axvm_arch_run(), or ARM64_LATER */
static __always_inline int enter_once(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	struct axvm_vcpu *vcpu = v->vcpu;

	arm64_timer_enter(vcpu);
	arm64_gic_enter(vcpu);
	if (arm64_host_at_el2())
		arm64_vhe_enter(v);
	else
		arm64_nvhe_enter(v);
	arm64_gic_leave(vcpu);
	arm64_timer_leave(vcpu);
	vcpu->stats.exits++;
	return arm64_answer_exit(v, exit);
}

/* Interrupts are off. Enters until an exit can't be answered so. As enter_once() */
static int enter_in_window(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	int ret;

	open_window(v);
	do {
		ret = enter_once(v, exit);
	} while (ret == AXVM_RUN_HANDLED && (likely(!axvm_vcpu_wanted(v->vcpu)) ||
					     axvm_vcpu_only_look(v->vcpu)));
	close_window(v);
	return ret;
}

/* Switched off by PSCI, or never on: true: it may run */
static bool started(struct axvm_vcpu *vcpu)
{
	return atomic_read(&vcpu->arch.power) == ARM64_POWER_ON || arm64_psci_start(vcpu);
}

int axvm_arch_run(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct arm64_vcpu *v = to_arm64(vcpu);
	int ret = AXVM_RUN_NOT_ENTERED;

	if (unlikely(!started(vcpu))) {
		if (axvm_vcpu_wanted(vcpu))
			return AXVM_RUN_NOT_ENTERED;
		*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
		return AXVM_RUN_EXIT;
	}
	local_irq_disable();
	if (likely(axvm_vcpu_enter_guest(vcpu))) {
		ret = enter_in_window(v, exit);
		axvm_vcpu_leave_guest(vcpu);
		/* To RCU, a guest is as userspace: no read section goes on in it. */
		if (v->fault.code == ARM64_EXIT_IRQ)
			rcu_note_context_switch(false);
	}
	local_irq_enable();
	return ret == ARM64_LATER ? arm64_handle_exit(v, exit) : ret;
}

/* --- answers to exits -------------------------------------------------------------------- */

void axvm_arch_access_done(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	arm64_access_done(vcpu, exit);
}

static void el2_fault(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	if (exit->type == AXVM_X_SYSREG_READ || exit->type == AXVM_X_SYSREG_WRITE)
		arm64_inject_undefined(vcpu);
	else
		arm64_inject_abort(vcpu, false, to_arm64(vcpu)->fault.far);
}

static void el2_hypercall_done(struct axvm_vcpu *vcpu, u64 result)
{
	vcpu->arch.regs.x[0] = result;
}

static bool el2_interruptible(struct axvm_vcpu *vcpu)
{
	if (atomic_read(&vcpu->arch.power) != ARM64_POWER_ON)
		return arm64_psci_wakeful(vcpu);
	return arm64_gic_pending(vcpu);
}

static int el2_inject(struct axvm_vcpu *vcpu, u32 irq)
{
	return arm64_gic_inject(vcpu, irq);
}

/* --- coming and going ---------------------------------------------------------------------- */

/* Whose registers each pCPU had last */
static DEFINE_PER_CPU(const struct arm64_vcpu *, last_vcpu);

static unsigned long switches(const struct task_struct *thread)
{
	return thread->nvcsw + thread->nivcsw;
}

/*
 * A thread that goes to userspace and back has the pCPU to itself meanwhile, as a rule: no
 * context switch, so no other guest of a thread of KVM's, no idle state, no hotplug; and
 * what it may have done in between itself is run another vCPU, of ours or of KVM's.
 * Then registers that the host does not use still have what the guest left there.
 */
static bool stayed(const struct arm64_vcpu *v)
{
	const struct arm64_visit *visit = &v->visit;

	return !v->vcpu->arch.el1_changed && __this_cpu_read(last_vcpu) == v &&
	       visit->thread == current && visit->born == current->start_time &&
	       visit->switches == switches(current) &&
	       (!arm64_host_at_el2() || arm64_vhe_undisturbed(v));
}

static void el2_load(struct axvm_vcpu *vcpu)
{
	struct arm64_vcpu *v = to_arm64(vcpu);
	bool same = stayed(v);

	/* A WFE that waits for a lock's holder should let others run, if there are any. */
	v->hcr &= ~HCR_TWE;
	if (!single_task_running())
		v->hcr |= HCR_TWE;
	if (arm64_host_at_el2())
		arm64_vhe_load(v, same);
	else
		arm64_nvhe_load(v);
	arm64_timer_load(vcpu, same);
	arm64_gic_load(vcpu);
	if (same)
		return;
	v->visit = (struct arm64_visit){ current, current->start_time, switches(current) };
	vcpu->arch.el1_changed = false;
	__this_cpu_write(last_vcpu, v);
}

static void el2_put(struct axvm_vcpu *vcpu)
{
	struct arm64_vcpu *v = to_arm64(vcpu);

	arm64_gic_put(vcpu);
	arm64_timer_put(vcpu);
	if (arm64_host_at_el2())
		arm64_vhe_put(v);
	else
		arm64_nvhe_put(v);
}

/* --- VMs, vCPUs and the module ------------------------------------------------------------- */

static int el2_vm_init(struct axvm_vm *vm)
{
	struct arm64_vm *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!s)
		return -ENOMEM;
	vm->backend = s;
	ret = arm64_s2_init(vm);
	if (ret)
		kfree(s);
	return ret;
}

static void el2_vm_destroy(struct axvm_vm *vm)
{
	arm64_s2_destroy(vm);
	kfree(vm->backend);
}

int axvm_arch_vcpu_attach(struct axvm_vcpu *vcpu)
{
	int ret;

	/* Aff0 has 16 vCPUs: what one SGI reaches (ARM IHI 0069 12.2.19, TargetList) */
	vcpu->arch.mpidr = BIT_ULL(31) | (vcpu->id >> 4) << 8 | (vcpu->id & 15);
	ret = arm64_timer_attach(vcpu);
	if (ret)
		return ret;
	ret = arm64_gic_attach(vcpu);
	if (ret)
		arm64_timer_detach(vcpu);
	return ret;
}

void axvm_arch_vcpu_detach(struct axvm_vcpu *vcpu)
{
	arm64_timer_detach(vcpu);
	arm64_gic_detach(vcpu);
}

static bool el2_borrowed(void)
{
	return false;
}

static int el2_init(void)
{
	int ret;

	axvm_arch_backend.fpu_size = offsetofend(struct user_fpsimd_state, fpcr);
	if (arm64_s2_setup())
		return 0;	/* loaded, to say why not */
	ret = arm64_hardware_init();
	if (ret)
		return ret;
	ret = arm64_timer_init();
	if (ret) {
		arm64_hardware_exit();
		return ret;
	}
	arm64_id_setup();
	return 0;
}

static void el2_exit(void)
{
	if (!arm64_vtcr)
		return;
	arm64_timer_exit();
	arm64_hardware_exit();
}

struct axvm_backend axvm_arch_backend = {
	.name = "el2-vhe",
	.arch = AXVM_ARCH_ARM64,
	.regs_size = sizeof(struct axvm_arm64_regs),
	.init = el2_init,
	.exit = el2_exit,
	.probe = arm64_probe,
	.borrowed = el2_borrowed,
	.hw_get = arm64_hw_get,
	.hw_put = arm64_hw_put,
	.vm_init = el2_vm_init,
	.vm_destroy = el2_vm_destroy,
	.vcpu_init = arm64_vcpu_init,
	.vcpu_destroy = arm64_vcpu_destroy,
	.vcpu_reset = arm64_vcpu_reset,
	.load = el2_load,
	.put = el2_put,
	.next = arm64_emulate_next,
	.mmio_decode = arm64_mmio_decode,
	.fault = el2_fault,
	.hypercall_done = el2_hypercall_done,
	.interruptible = el2_interruptible,
	.inject = el2_inject,
	.msi = arm64_gic_msi,
	.get_regs = arm64_get_regs,
	.set_regs = arm64_set_regs,
	.get_sysreg = arm64_get_sysreg,
	.set_sysreg = arm64_set_sysreg,
	.get_fpu = arm64_get_fpu,
	.set_fpu = arm64_set_fpu,
	.s2_map = arm64_s2_map,
	.s2_unmap = arm64_s2_unmap,
};
