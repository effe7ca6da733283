// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's VMX part: made, reset, its registers read and written from outside.
 *
 * Owns: the VMCS page, the VPID, the FPU image. Context: vcpu->lock held, the vCPU
 * does not run.
 */
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/fpu/types.h>
#include <asm/msr-index.h>

#include "../x86/cpuid.h"
#include "../x86/msr.h"
#include "../x86/vcpu.h"
#include "vmx.h"

#define MXCSR_RESET	0x1f80
#define FCW_RESET	0x37f
#define PAT_RESET	0x0007040600070406ULL

static DEFINE_IDA(vpids);

/**
 * vmx_vcpu_init() - axvm_backend.vcpu_init()
 * @vcpu: the vCPU
 */
int vmx_vcpu_init(struct axvm_vcpu *vcpu)
{
	struct vmx_vcpu *v;
	int ret = -ENOMEM;

	/* entry.S knows where these are. */
	BUILD_BUG_ON(HOST_RSP != 0x6c14);
	BUILD_BUG_ON(offsetof(struct axvm_x86_regs, gpr) != 8);
	BUILD_BUG_ON(offsetof(struct axvm_x86_regs, cr2) != 8 + 8 * 16 + 8 * 3);

	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return -ENOMEM;
	v->vcpu = vcpu;
	v->last_cpu = -1;
	v->vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	/* XSAVE wants 64-byte alignment; pages have it. */
	v->fpu = alloc_pages_exact(PAGE_ALIGN(vmx_fpu_size()), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!v->vmcs || !v->fpu)
		goto free;
	ret = ida_alloc_range(&vpids, 1, 0xffff, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		goto free;
	v->vpid = ret;
	*(u32 *)v->vmcs = vmx_caps.basic & 0x7fffffff;
	v->vmcs_pa = virt_to_phys(v->vmcs);
	ret = vmx_apicv_vcpu_init(v);
	if (ret)
		goto free_vpid;
	vcpu->backend = v;
	vcpu->arch.refill = vmx_refill;
	return 0;
free_vpid:
	ida_free(&vpids, v->vpid);
free:
	if (v->fpu)
		free_pages_exact(v->fpu, PAGE_ALIGN(vmx_fpu_size()));
	free_page((unsigned long)v->vmcs);
	kfree(v);
	return ret;
}

/**
 * vmx_vcpu_destroy() - axvm_backend.vcpu_destroy()
 * @vcpu: the vCPU
 */
void vmx_vcpu_destroy(struct axvm_vcpu *vcpu)
{
	struct vmx_vcpu *v = to_vmx(vcpu);

	vmx_mitigate_forget(v);
	vmx_apicv_vcpu_destroy(v);
	ida_free(&vpids, v->vpid);
	free_pages_exact(v->fpu, PAGE_ALIGN(vmx_fpu_size()));
	free_page((unsigned long)v->vmcs);
	kfree(v);
}

static void reset_fpu(struct vmx_vcpu *v)
{
	memset(v->fpu, 0, vmx_fpu_size());
	v->fpu->i387.cwd = FCW_RESET;
	v->fpu->i387.mxcsr = MXCSR_RESET;
	v->fpu->header.xfeatures = XFEATURE_MASK_FPSSE;
}

static void reset_msrs(struct vmx_vcpu *v)
{
	v->star = 0;
	v->lstar = 0;
	v->cstar = 0;
	v->sfmask = 0;
	v->kernel_gs_base = 0;
	v->tsc_aux = 0;
	v->sysenter_cs = 0;
	v->sysenter_esp = 0;
	v->sysenter_eip = 0;
	v->pat = PAT_RESET;
	v->debugctl = 0;
	WRITE_ONCE(v->vcpu->arch.tsc_adjust, 0);
	x86_msrs_reset(v->vcpu);
}

/**
 * vmx_vcpu_reset() - axvm_backend.vcpu_reset()
 * @vcpu: the vCPU
 */
void vmx_vcpu_reset(struct axvm_vcpu *vcpu)
{
	struct vmx_vcpu *v = to_vmx(vcpu);

	x86_reset_regs(vcpu, false);
	reset_fpu(v);
	reset_msrs(v);
	vcpu->arch.state.dirty |= VMX_DIRTY_MSRS;
	v->idle = vcpu->id ? X86_WAITS_SIPI : X86_RUNS;
	v->event = 0;
	v->dr_used = false;
	v->cpu_controls = vmx_caps.cpu;
	v->apic_mode = LAPIC_ABSENT;
	v->initialised = false;
	v->launched = false;
	atomic_set(&vcpu->arch.nmi_pending, 0);
	atomic_set(&vcpu->arch.start, 0);
	if (vcpu->arch.lapic)
		axvm_lapic_reset(vcpu);
}

/**
 * vmx_get_regs() - axvm_backend.get_regs()
 * @vcpu: the vCPU
 * @buf: struct axvm_x86_regs
 */
int vmx_get_regs(struct axvm_vcpu *vcpu, void *buf)
{
	struct axvm_x86_regs *regs = buf;

	*regs = *x86_get(vcpu, X86_ALL);
	regs->size = sizeof(*regs);
	regs->mp_state = to_vmx(vcpu)->idle;
	regs->cr8 = axvm_lapic_get_tpr(vcpu);
	return 0;
}

/* What the CPU would refuse at entry in a way that is hard to tell (SDM Vol. 3C 27.3) */
static int check_regs(const struct axvm_x86_regs *regs)
{
	unsigned int i;

	if (regs->mp_state > X86_HALTED || regs->reserved || regs->interruptibility & ~0xbU)
		return -EINVAL;
	if (regs->cr0 >> 32 || (!(regs->cr0 & X86_CR0_PE) && (regs->cr0 & X86_CR0_PG)))
		return -EINVAL;
	if (regs->cr4 & ~(x86_cr4_allowed() & vmx_caps.cr4_allowed))
		return -EINVAL;
	if (regs->efer & ~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX))
		return -EINVAL;
	/* LMA is LME with paging; then PAE is a must */
	if (!(regs->efer & EFER_LMA) !=
	    !((regs->efer & EFER_LME) && (regs->cr0 & X86_CR0_PG)))
		return -EINVAL;
	if ((regs->efer & EFER_LMA) && !(regs->cr4 & X86_CR4_PAE))
		return -EINVAL;
	if (!x86_xcr0_ok(regs->xcr0) || regs->cr8 > 15 || regs->cr3 >> 52)
		return -EINVAL;
	if (regs->dr[6] >> 32 || regs->dr[7] >> 32 || regs->gdt_limit >> 16 ||
	    regs->idt_limit >> 16)
		return -EINVAL;
	for (i = 0; i < AXVM_X86_NR_SEG; i++)
		if (regs->seg[i].reserved || regs->seg[i].reserved2 ||
		    regs->seg[i].attr & ~0x1f0ffU)
			return -EINVAL;
	return 0;
}

/**
 * vmx_set_regs() - axvm_backend.set_regs()
 * @vcpu: the vCPU
 * @buf: struct axvm_x86_regs
 */
int vmx_set_regs(struct axvm_vcpu *vcpu, const void *buf)
{
	const struct axvm_x86_regs *regs = buf;
	struct x86_state *state = &vcpu->arch.state;
	int ret = check_regs(regs);

	if (ret)
		return ret;
	state->regs = *regs;
	state->regs.rflags = (regs->rflags & ~0xffc08028ULL & GENMASK_ULL(31, 0)) |
			     X86_EFLAGS_FIXED;
	state->regs.dr[7] |= X86_DR7_FIXED;
	state->valid = X86_ALL;
	state->dirty |= X86_ALL;
	to_vmx(vcpu)->idle = regs->mp_state;
	to_vmx(vcpu)->event = 0;
	to_vmx(vcpu)->dr_used = true;
	if (vcpu->arch.lapic)
		axvm_lapic_set_tpr(vcpu, regs->cr8);
	return 0;
}

/**
 * vmx_get_fpu() - axvm_backend.get_fpu()
 * @vcpu: the vCPU
 * @buf: an XSAVE image in standard form
 */
int vmx_get_fpu(struct axvm_vcpu *vcpu, void *buf)
{
	memcpy(buf, to_vmx(vcpu)->fpu, vmx_fpu_size());
	return 0;
}

/**
 * vmx_set_fpu() - axvm_backend.set_fpu()
 * @vcpu: the vCPU
 * @buf: an XSAVE image in standard form
 *
 * Refuses what XRSTOR would fault on (SDM Vol. 1 13.8.1).
 */
int vmx_set_fpu(struct axvm_vcpu *vcpu, const void *buf)
{
	const struct xregs_state *image = buf;

	if (image->header.xfeatures & ~vmx_guest_xfeatures || image->header.xcomp_bv ||
	    memchr_inv(image->header.reserved, 0, sizeof(image->header.reserved)) ||
	    image->i387.mxcsr & ~0xffffU)
		return -EINVAL;
	memcpy(to_vmx(vcpu)->fpu, buf, vmx_fpu_size());
	return 0;
}
