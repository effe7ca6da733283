// SPDX-License-Identifier: GPL-2.0
/*
 * MSRs that the VMCS or the context switch keeps for each vCPU. The rest is policy
 * (x86/msr.c) or the local APIC's (a device).
 *
 * Context: the vCPU's own thread, or vcpu->lock.
 */
#include <linux/preempt.h>
#include <linux/smp.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "../x86/msr.h"
#include "vmx.h"

static bool canonical(u64 addr)
{
	return (u64)((s64)(addr << 16) >> 16) == addr;
}

/*
 * Fields of struct vmx_vcpu that are loaded into the CPU between load and put:
 * where a write must go too, if the vCPU is loaded.
 */
static void set_loaded(struct vmx_vcpu *v, u32 msr, u64 value)
{
	preempt_disable();
	if (v->vcpu->pcpu == smp_processor_id())
		wrmsrl(msr, value);
	preempt_enable();
}

static u64 get_kernel_gs_base(struct vmx_vcpu *v)
{
	preempt_disable();
	if (v->vcpu->pcpu == smp_processor_id())
		rdmsrl(MSR_KERNEL_GS_BASE, v->kernel_gs_base);
	preempt_enable();
	return v->kernel_gs_base;
}

/**
 * vmx_get_msr() - read an MSR
 * @vcpu: the vCPU
 * @msr: number
 * @value: where to
 *
 * Return: 0, or -ENOENT: neither ours nor policy's.
 */
int vmx_get_msr(struct axvm_vcpu *vcpu, u32 msr, u64 *value)
{
	struct vmx_vcpu *v = to_vmx(vcpu);

	switch (msr) {
	case MSR_EFER:
		*value = x86_get(vcpu, X86_CRS)->efer;
		return 0;
	case MSR_FS_BASE:
		*value = x86_get(vcpu, X86_SEGS)->seg[AXVM_X86_FS].base;
		return 0;
	case MSR_GS_BASE:
		*value = x86_get(vcpu, X86_SEGS)->seg[AXVM_X86_GS].base;
		return 0;
	case MSR_KERNEL_GS_BASE:
		*value = get_kernel_gs_base(v);
		return 0;
	case MSR_STAR:
		*value = v->star;
		return 0;
	case MSR_LSTAR:
		*value = v->lstar;
		return 0;
	case MSR_CSTAR:
		*value = v->cstar;
		return 0;
	case MSR_SYSCALL_MASK:
		*value = v->sfmask;
		return 0;
	case MSR_TSC_AUX:
		*value = v->tsc_aux;
		return vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP ? 0 : -ENOENT;
	case MSR_IA32_SYSENTER_CS:
		*value = v->sysenter_cs;
		return 0;
	case MSR_IA32_SYSENTER_ESP:
		*value = v->sysenter_esp;
		return 0;
	case MSR_IA32_SYSENTER_EIP:
		*value = v->sysenter_eip;
		return 0;
	case MSR_IA32_CR_PAT:
		*value = v->pat;
		return 0;
	case MSR_IA32_DEBUGCTLMSR:
		*value = 0;
		return 0;
	case MSR_IA32_TSC:
		*value = rdtsc() + x86_tsc_offset(vcpu);
		return 0;
	case MSR_IA32_TSC_ADJUST:
		*value = vcpu->arch.tsc_adjust;
		return 0;
	case MSR_IA32_APICBASE:
		*value = axvm_lapic_get_base(vcpu);
		return 0;
	default:
		return x86_get_msr(vcpu, msr, value);
	}
}

static int set_address(struct vmx_vcpu *v, u32 msr, u64 *kept, u64 value)
{
	if (!canonical(value))
		return -EINVAL;
	*kept = value;
	set_loaded(v, msr, value);
	return 0;
}

static int set_plain(struct vmx_vcpu *v, u32 msr, u64 *kept, u64 value)
{
	*kept = value;
	set_loaded(v, msr, value);
	return 0;
}

static int set_base(struct axvm_vcpu *vcpu, unsigned int seg, u64 value)
{
	if (!canonical(value))
		return -EINVAL;
	x86_change(vcpu, X86_SEGS)->seg[seg].base = value;
	return 0;
}

/* Those that the VMCS holds are written to it at the next entry. */
static int set_in_vmcs(struct vmx_vcpu *v, u64 *kept, u64 value)
{
	*kept = value;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_MSRS;
	return 0;
}

/* The VM has one TSC; what a vCPU writes is a difference to that (SDM Vol. 3B 18.17.3). */
static int set_tsc_adjust(struct vmx_vcpu *v, u64 value)
{
	WRITE_ONCE(v->vcpu->arch.tsc_adjust, value);
	v->vcpu->arch.state.dirty |= VMX_DIRTY_TSC;
	axvm_lapic_tsc_changed(v->vcpu);
	return 0;
}

/**
 * vmx_set_msr() - write an MSR
 * @vcpu: the vCPU
 * @msr: number
 * @value: value
 *
 * Return: 0; -EINVAL: #GP(0); -ENOENT: neither ours nor policy's.
 */
int vmx_set_msr(struct axvm_vcpu *vcpu, u32 msr, u64 value)
{
	struct vmx_vcpu *v = to_vmx(vcpu);

	switch (msr) {
	case MSR_EFER:
		return vmx_set_efer(v, value);
	case MSR_FS_BASE:
		return set_base(vcpu, AXVM_X86_FS, value);
	case MSR_GS_BASE:
		return set_base(vcpu, AXVM_X86_GS, value);
	case MSR_KERNEL_GS_BASE:
		return set_address(v, msr, &v->kernel_gs_base, value);
	case MSR_STAR:
		return set_plain(v, msr, &v->star, value);
	case MSR_LSTAR:
		return set_address(v, msr, &v->lstar, value);
	case MSR_CSTAR:
		return set_address(v, msr, &v->cstar, value);
	case MSR_SYSCALL_MASK:
		return value >> 32 ? -EINVAL : set_plain(v, msr, &v->sfmask, value);
	case MSR_TSC_AUX:
		if (!(vmx_caps.cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP))
			return -ENOENT;
		return value >> 32 ? -EINVAL : set_plain(v, msr, &v->tsc_aux, value);
	case MSR_IA32_SYSENTER_CS:
		return set_in_vmcs(v, &v->sysenter_cs, (u32)value);
	case MSR_IA32_SYSENTER_ESP:
		return canonical(value) ? set_in_vmcs(v, &v->sysenter_esp, value) : -EINVAL;
	case MSR_IA32_SYSENTER_EIP:
		return canonical(value) ? set_in_vmcs(v, &v->sysenter_eip, value) : -EINVAL;
	case MSR_IA32_CR_PAT:
		return x86_pat_ok(value) ? set_in_vmcs(v, &v->pat, value) : -EINVAL;
	case MSR_IA32_DEBUGCTLMSR:
		return value ? -EINVAL : 0;
	case MSR_IA32_TSC:
		return set_tsc_adjust(v, value - rdtsc() - vcpu->vm->arch.tsc_offset);
	case MSR_IA32_TSC_ADJUST:
		return set_tsc_adjust(v, value);
	case MSR_IA32_APICBASE:
		return axvm_lapic_set_base(vcpu, value) ? -EINVAL : 0;
	default:
		return x86_set_msr(vcpu, msr, value);
	}
}
