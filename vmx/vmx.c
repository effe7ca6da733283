// SPDX-License-Identifier: GPL-2.0
/*
 * Intel VMX as axvm's backend: the table of its operations, and one entry into the
 * guest from beginning to end (axvm_arch_run()).
 *
 * In this folder: hardware.c (who has VMX), controls.c (what is wanted of it),
 * window.c (the only place that touches a VMCS), context.c (what the VMCS does not
 * switch), entry.S (general registers), event.c (interrupts and exceptions),
 * exits.c (why the guest was left), cr.c and msr.c (registers with rules),
 * ept.c (guest memory), ports.c (ports without an exit), apicv.c and posted.c (help for the
 * local APIC), vcpu.c (a vCPU from outside).
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/irq_vectors.h>
#include <asm/mce.h>
#include <asm/msr.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <uapi/asm/vmx.h>

#include "../x86/cpuid.h"
#include "../x86/vcpu.h"
#include "vmx.h"

/* --- one entry ----------------------------------------------------------------- */

/* Unmapped was what stale translations may still lead to: drop them */
static noinline void drop_stale_translations(struct vmx_vcpu *v, u64 generation)
{
	struct vmx_vm *x = to_vmx_vm(v->vcpu->vm);

	vmx_invept(x->eptp);
	__this_cpu_write(*x->flushed, generation);
	v->s2_generation = generation;
	vmx_follow_ports(v);
}

/* The vCPU comes to this pCPU: what may be stale here? */
static void settle(struct vmx_vcpu *v)
{
	int cpu = smp_processor_id();

	v->s2_generation = __this_cpu_read(*to_vmx_vm(v->vcpu->vm)->flushed);
	vmx_follow_ports(v);
	/* What the guest invalidated elsewhere, it did not invalidate here. */
	if (v->last_cpu != cpu)
		vmx_invvpid(v->vpid);
	v->last_cpu = cpu;
}

/* What the host is to know of the exit before interrupts go on */
static void tell_host(struct vmx_vcpu *v)
{
	u32 info = v->info.intr_info;

	if (v->info.reason == EXIT_REASON_EXTERNAL_INTERRUPT) {
		/* To RCU, a guest is as userspace: no read section goes on in it. */
		rcu_note_context_switch(false);
		if (info & INTR_INFO_VALID_MASK)
			vmx_host_interrupt(info & INTR_INFO_VECTOR_MASK);
		return;
	}
	if (v->info.reason != EXIT_REASON_EXCEPTION_NMI)
		return;
	/* An NMI or machine check that came while the guest ran: let it have it now. */
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		asm volatile("int $2");
	else if ((info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC)
		asm volatile("int $18");
}

/* The instruction error of a VMfail (SDM Vol. 3C 31.4), or that VMX is off */
static int entry_failed(struct vmx_vcpu *v, struct axvm_exit *exit, int how)
{
	if (how == 2)
		return -ENODEV;
	*exit = (struct axvm_exit){
		.type = AXVM_X_FAIL_ENTRY,
		.addr = vmx_read(VM_INSTRUCTION_ERROR),
	};
	return AXVM_RUN_EXIT;
}

/*
 * What changes with interrupts on only: the host's state; translations, whose owner has an
 * interrupt on its way here after it unmapped something (axvm_vm_flush_stage2()); what is
 * pending, likewise, but for what the vCPU does to itself (look()).
 */
static __always_inline void prepare_window(struct vmx_vcpu *v)
{
	u64 generation = READ_ONCE(v->vcpu->vm->s2_generation);
	u64 cr3 = __read_cr3(), cr4 = __read_cr4();

	if (unlikely(v->host_stale || cr3 != v->host_cr3 || cr4 != v->host_cr4)) {
		if (v->host_stale)
			settle(v);
		vmx_write_host_state(v, cr3, cr4);
	}
	if (unlikely(v->s2_generation != generation))
		drop_stale_translations(v, generation);
	/* DR7 is in the VMCS: what it enables must not watch the host's addresses. */
	if (unlikely(v->dr_used && !v->dr_loaded))
		vmx_load_debug(v);
	if (unlikely(vmx_event_waits(v)))
		vmx_inject_waiting(v);
}

/* What the VMCS must hold before this entry and does not yet */
static __always_inline void prepare_entry(struct vmx_vcpu *v)
{
	struct x86_state *state = &v->vcpu->arch.state;
	u32 dirty;

	dirty = state->dirty;
	state->dirty = 0;
	if (dirty & X86_RIP)
		vmx_write(GUEST_RIP, state->regs.rip);
	if (dirty & X86_FLAGS)
		vmx_write(GUEST_RFLAGS, state->regs.rflags);
	if (unlikely(dirty & ~(X86_GPRS | X86_RIP | X86_FLAGS)))
		vmx_window_flush(v, dirty);
	vmx_mitigate_enter();
}

/*
 * XCR0 holds the guest's value in the guest only: the host's XSAVE needs the host's.
 * A guest without CR4.OSXSAVE has nothing that would obey it. The bit changes with an
 * exit only, so the cached CR4 has it right.
 */
static __always_inline bool switch_xcr0(const struct axvm_x86_regs *regs)
{
	return regs->xcr0 != vmx_host_xcr0 && (regs->cr4 & X86_CR4_OSXSAVE);
}

/* One entry, one exit. As axvm_arch_run(), or VMX_LATER */
static __always_inline int enter_once(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	int failed;

	prepare_entry(v);
	failed = vmx_enter(&v->vcpu->arch.state.regs, v->launched, vmx_verw);
	if (unlikely(failed))
		return entry_failed(v, exit, failed);
	v->launched = true;
	return vmx_answer_exit(v, exit);
}

static bool needs_start(struct vmx_vcpu *v)
{
	return v->idle | atomic_read(&v->vcpu->arch.start);
}

/* Something wants the vCPU out, or is only to be looked at: may it enter again? */
static noinline bool look(struct vmx_vcpu *v)
{
	/* An INIT that it sent to itself is for started(). */
	if (needs_start(v) || !axvm_vcpu_only_look(v->vcpu))
		return false;
	if (vmx_event_waits(v))
		vmx_inject_waiting(v);
	return true;
}

/* Interrupts are off. Enters until an exit can't be answered so. As enter_once() */
static int enter_in_window(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	struct axvm_x86_regs *regs = &v->vcpu->arch.state.regs;
	int ret;

	if (unlikely(!vmx_window_open(v)))
		return -ENODEV;
	v->in_window = true;
	vmx_fpu_enter(v);
	prepare_window(v);
	if (unlikely(switch_xcr0(regs)))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, regs->xcr0);
	do {
		ret = enter_once(v, exit);
	} while (ret == AXVM_RUN_HANDLED && (likely(!axvm_vcpu_wanted(v->vcpu)) || look(v)));
	if (unlikely(switch_xcr0(regs)))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, vmx_host_xcr0);
	vmx_fpu_leave(v);
	v->in_window = false;
	vmx_window_close(v);
	return ret;
}

/* INIT and SIPI (SDM Vol. 3A 9.4), and the end of HLT. True: the vCPU may run */
static bool started(struct vmx_vcpu *v)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	const int start = atomic_xchg(&vcpu->arch.start, 0);

	if (unlikely(start & X86_INIT)) {
		x86_get(vcpu, X86_ALL);
		x86_reset_regs(vcpu, true);
		v->event = 0;
		axvm_lapic_init(vcpu);
		v->idle = vcpu->id ? X86_WAITS_SIPI : X86_RUNS;
	}
	if (v->idle == X86_HALTED && vmx_interruptible(vcpu))
		v->idle = X86_RUNS;
	if (v->idle != X86_WAITS_SIPI)
		return v->idle == X86_RUNS;
	if (!(start & X86_SIPI))
		return false;
	/* There is nobody yet who could handle what came meanwhile. */
	atomic_set(&vcpu->arch.nmi_pending, 0);
	x86_start_at(vcpu, start & X86_SIPI_VECTOR);
	v->idle = X86_RUNS;
	return true;
}

int axvm_arch_run(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct vmx_vcpu *v = to_vmx(vcpu);
	int ret = AXVM_RUN_NOT_ENTERED;

	if (unlikely(needs_start(v)) && !started(v)) {
		if (axvm_vcpu_wanted(vcpu))
			return AXVM_RUN_NOT_ENTERED;
		*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
		return AXVM_RUN_EXIT;
	}
	if (unlikely(vmx_apic_mode(vcpu) != v->apic_mode))
		vmx_apicv_switch(v);
	local_irq_disable();
	if (likely(axvm_vcpu_enter_guest(vcpu))) {
		/* One that came since started() found us not in the guest yet, and did not kick. */
		if (unlikely(atomic_read(&vcpu->arch.start)))
			ret = AXVM_RUN_HANDLED;
		else
			ret = enter_in_window(v, exit);
		axvm_vcpu_leave_guest(vcpu);
		if (ret == VMX_LATER)
			tell_host(v);
		/* An exit switches the host's breakpoints off (SDM Vol. 3C 28.5.1). */
		if (unlikely(hw_breakpoint_active())) {
			vmx_put_debug(v);
			hw_breakpoint_restore();
		}
	}
	local_irq_enable();
	return ret == VMX_LATER ? vmx_handle_exit(v, exit) : ret;
}

/* --- answers to exits ---------------------------------------------------------- */

static void vmx_fault(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	vmx_gp(to_vmx(vcpu));
}

static void vmx_hypercall_done(struct axvm_vcpu *vcpu, u64 result)
{
	vcpu->arch.state.regs.gpr[AXVM_X86_RAX] = result;
	x86_step_over(vcpu, vcpu->arch.insn_len);
}

static int vmx_mmio_decode(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct vmx_vcpu *v = to_vmx(vcpu);
	const u64 q = v->info.qualification;

	if (v->info.reason == EXIT_REASON_EPT_VIOLATION) {
		if (vmx_apicv_map(v, exit->addr))
			return AXVM_RUN_HANDLED;
		/* Not the instruction's access, but the CPU's walk of the guest's tables */
		if ((q & EPT_VIOLATION_GVA_IS_VALID) && !(q & EPT_VIOLATION_GVA_TRANSLATED))
			exit->access = 0;
	}
	return x86_emulate_mmio(vcpu, exit->addr, exit);
}

static int vmx_inject_vector(struct axvm_vcpu *vcpu, u32 irq)
{
	if (irq < 16 || irq > 255)
		return -EINVAL;
	return axvm_lapic_inject(vcpu, irq);
}

static void vmx_vcpu_load(struct axvm_vcpu *vcpu)
{
	vmx_load_context(to_vmx(vcpu));
}

static void vmx_vcpu_put(struct axvm_vcpu *vcpu)
{
	vmx_put_context(to_vmx(vcpu));
}

static int vmx_get_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 *value)
{
	return reg >> 32 ? -ENOENT : vmx_get_msr(vcpu, reg, value);
}

/* From outside the TSC is not written: vCPUs, written one after the other, would differ. */
static int vmx_set_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 value)
{
	if (reg == MSR_IA32_TSC)
		return 0;
	return reg >> 32 ? -ENOENT : vmx_set_msr(vcpu, reg, value);
}

/* --- VMs and the module -------------------------------------------------------- */

static int vmx_vm_init(struct axvm_vm *vm)
{
	struct vmx_vm *x = kzalloc(sizeof(*x), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!x)
		return -ENOMEM;
	vm->backend = x;
	x->io_bitmaps = vmx_io_bitmaps;
	/* Guest time starts with the VM. */
	vm->arch.tsc_offset = -rdtsc();
	ret = vmx_ept_init(vm);
	if (ret)
		goto free;
	ret = vmx_apicv_vm_init(x);
	if (ret)
		goto destroy;
	return 0;
destroy:
	vmx_ept_destroy(vm);
free:
	kfree(x);
	return ret;
}

static void vmx_vm_destroy(struct axvm_vm *vm)
{
	vmx_ept_destroy(vm);
	vmx_apicv_vm_destroy(to_vmx_vm(vm));
	vmx_ports_destroy(to_vmx_vm(vm));
	kfree(vm->backend);
}

static void init_sizes(void)
{
	struct axvm_backend *ops = &axvm_arch_backend;
	u32 phys_bits = boot_cpu_data.x86_phys_bits;

	ops->gpa_bits = min(phys_bits, 48U);	/* four levels of EPT */
	ops->page_sizes = PAGE_SIZE;
	if (vmx_caps.ept_vpid & VMX_EPT_2MB_PAGE_BIT)
		ops->page_sizes |= PMD_SIZE;
	if (vmx_caps.ept_vpid & VMX_EPT_1GB_PAGE_BIT)
		ops->page_sizes |= PUD_SIZE;
	ops->fpu_size = vmx_fpu_size();
}

static int vmx_init(void)
{
	struct x86_cpuid_limits limits;
	struct axvm_reason unused;
	int ret;

	ret = vmx_hardware_init();
	if (ret)
		return ret;
	ret = vmx_bitmaps_init();
	if (ret) {
		vmx_hardware_exit();
		return ret;
	}
	if (vmx_probe_cpu(&unused)) {
		vmx_apicv_level = VMX_APICV_NONE;
		return 0;	/* loaded, to say why not */
	}
	ret = vmx_apicv_init();
	if (ret) {
		vmx_bitmaps_exit();
		vmx_hardware_exit();
		return ret;
	}
	vmx_host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	vmx_guest_xfeatures = vmx_xfeatures();
	limits.xfeatures = vmx_guest_xfeatures;
	limits.rdtscp = vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP;
	limits.invpcid = vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_INVPCID;
	x86_cpuid_init(&limits);
	vmx_mitigations_init();
	init_sizes();
	return 0;
}

static void vmx_exit(void)
{
	vmx_apicv_exit();
	vmx_bitmaps_exit();
	vmx_hardware_exit();
}

struct axvm_backend axvm_arch_backend = {
	.name = "vmx",
	.arch = AXVM_ARCH_X86_64,
	.regs_size = sizeof(struct axvm_x86_regs),
	.init = vmx_init,
	.exit = vmx_exit,
	.probe = vmx_probe,
	.borrowed = vmx_borrowed,
	.hw_get = vmx_hw_get,
	.hw_put = vmx_hw_put,
	.vm_init = vmx_vm_init,
	.vm_destroy = vmx_vm_destroy,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_destroy = vmx_vcpu_destroy,
	.vcpu_reset = vmx_vcpu_reset,
	.load = vmx_vcpu_load,
	.put = vmx_vcpu_put,
	.next = x86_emulate_next,
	.mmio_decode = vmx_mmio_decode,
	.fault = vmx_fault,
	.hypercall_done = vmx_hypercall_done,
	.interruptible = vmx_interruptible,
	.inject = vmx_inject_vector,
	.msi = axvm_x86_msi,
	.get_regs = vmx_get_regs,
	.set_regs = vmx_set_regs,
	.get_sysreg = vmx_get_sysreg,
	.set_sysreg = vmx_set_sysreg,
	.get_fpu = vmx_get_fpu,
	.set_fpu = vmx_set_fpu,
	.show = vmx_show,
	.s2_map = vmx_ept_map,
	.s2_unmap = vmx_ept_unmap,
	.ports = vmx_ports,
};
