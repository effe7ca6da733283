// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's EL2 part: made, reset, its registers read and written from outside.
 *
 * Context: vcpu->lock held; the vCPU does not run, but for its own reset by PSCI.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/debug-monitors.h>
#include <asm/ptrace.h>
#include <asm/virt.h>

#include "el2.h"
#include "emulate.h"
#include "gic.h"
#include "psci.h"
#include "timer.h"

/* struct axvm_arm64_regs.mp_state */
#define MP_RUNS		0
#define MP_OFF		1
#define MP_WFI		2

/*
 * HCR_EL2 of every guest (ARM DDI 0487 D19.2.48). What is not given away traps: set/way
 * maintenance, implementation-defined registers, ACTLR_EL1, limited ordering regions, group 3
 * of the ID registers, SMC, WFI, the RAS registers. API, APK, ATA, EnSCXT and FIEN are clear:
 * pointer authentication, tags, SCXTNUM and fault injection trap as well. FB and BSU: what the
 * guest does to the CPU it is on is done to all, as it may be on another one the next moment.
 */
#define GUEST_HCR	(HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_AMO | HCR_TSC | \
			 HCR_TWI | HCR_TSW | HCR_TIDCP | HCR_TACR | HCR_TLOR | HCR_TID3 | \
			 HCR_PTW | HCR_BSU_IS | HCR_FB | HCR_SWIO)

static u64 guest_hcr(void)
{
	u64 hcr = GUEST_HCR;

	if (is_kernel_in_hyp_mode())
		hcr |= HCR_E2H;
	if (cpus_have_final_cap(ARM64_HAS_RAS_EXTN))
		hcr |= HCR_TERR;
	if (cpus_have_final_cap(ARM64_HAS_STAGE2_FWB))
		hcr |= HCR_FWB;
	/* ID_AA64PFR1_EL1.MTE: GMID_EL1 traps too */
	if (read_sanitised_ftr_reg(SYS_ID_AA64PFR1_EL1) >> 8 & 0xf)
		hcr |= HCR_TID5;
	return hcr;
}

/**
 * arm64_vcpu_init() - axvm_backend.vcpu_init()
 * @vcpu: the vCPU
 */
int arm64_vcpu_init(struct axvm_vcpu *vcpu)
{
	struct arm64_vcpu *v;

	/* arm64/entry.S knows where these are. */
	BUILD_BUG_ON(offsetof(struct axvm_arm64_regs, x) != 8);
	BUILD_BUG_ON(offsetof(struct axvm_arm64_regs, pc) != 256);
	BUILD_BUG_ON(offsetof(struct axvm_arm64_regs, pstate) != 264);
	BUILD_BUG_ON(offsetof(struct axvm_arm64_regs, sp_el0) != 272);
	BUILD_BUG_ON(offsetof(struct user_fpsimd_state, fpsr) != 512);
	BUILD_BUG_ON(offsetof(struct user_fpsimd_state, fpcr) != 516);

	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return -ENOMEM;
	v->vcpu = vcpu;
	v->hcr = guest_hcr();
	if (!is_kernel_in_hyp_mode() && arm64_nvhe_vcpu_init(v)) {
		kfree(v);
		return -ENOMEM;
	}
	vcpu->backend = v;
	return 0;
}

/**
 * arm64_vcpu_destroy() - axvm_backend.vcpu_destroy()
 * @vcpu: the vCPU
 */
void arm64_vcpu_destroy(struct axvm_vcpu *vcpu)
{
	struct arm64_vcpu *v = to_arm64(vcpu);

	if (v->hyp)
		arm64_nvhe_vcpu_destroy(v);
	kfree(v);
}

/* The MMU and caches off, and the bits that are RES1 while nothing changes them (D19.2.118) */
#define SCTLR_RESET	0x30d00980ULL

/**
 * arm64_reset_regs() - registers as after a warm reset (D1.2.5.1)
 * @vcpu: the vCPU, its own thread, or not running
 */
void arm64_reset_regs(struct axvm_vcpu *vcpu)
{
	struct arm64_vcpu *v = to_arm64(vcpu);

	preempt_disable();
	memset(&vcpu->arch.regs, 0, sizeof(vcpu->arch.regs));
	memset(vcpu->arch.el1, 0, sizeof(vcpu->arch.el1));
	vcpu->arch.regs.pstate = PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT;
	vcpu->arch.el1[ARM64_SCTLR] = SCTLR_RESET;
	vcpu->arch.el1_changed = true;
	if (vcpu->arch.loaded)
		arm64_vhe_reload(v);
	memset(&v->debug, 0, sizeof(v->debug));
	v->debug.os_lock = true;
	memset(&v->fp, 0, sizeof(v->fp));
	preempt_enable();
}

/**
 * arm64_vcpu_reset() - axvm_backend.vcpu_reset()
 * @vcpu: the vCPU
 */
void arm64_vcpu_reset(struct axvm_vcpu *vcpu)
{
	arm64_reset_regs(vcpu);
	atomic_set(&vcpu->arch.power, vcpu->id ? ARM64_POWER_OFF : ARM64_POWER_ON);
	if (vcpu->arch.timers)
		arm64_timer_reset(vcpu);
	if (vcpu->arch.gic)
		arm64_gic_reset_vcpu(vcpu);
}

/**
 * arm64_get_regs() - axvm_backend.get_regs()
 * @vcpu: the vCPU
 * @buf: struct axvm_arm64_regs
 */
int arm64_get_regs(struct axvm_vcpu *vcpu, void *buf)
{
	struct axvm_arm64_regs *regs = buf;

	*regs = vcpu->arch.regs;
	regs->size = sizeof(*regs);
	regs->mp_state = atomic_read(&vcpu->arch.power) == ARM64_POWER_ON ? MP_RUNS : MP_OFF;
	regs->sp_el1 = arm64_read_el1(vcpu, ARM64_SYS_SP_EL1);
	regs->elr_el1 = arm64_read_el1(vcpu, SYS_ELR_EL1);
	regs->spsr_el1 = arm64_read_el1(vcpu, SYS_SPSR_EL1);
	return 0;
}

/* What an exception return to a guest may carry: EL0 or EL1, AArch64 (D19.2.131, SPSR_EL2) */
static bool pstate_ok(u64 pstate)
{
	u64 mode = pstate & (PSR_MODE32_BIT | PSR_MODE_MASK);

	if (pstate >> 32)
		return false;
	return mode == PSR_MODE_EL0t || mode == PSR_MODE_EL1t || mode == PSR_MODE_EL1h;
}

/**
 * arm64_set_regs() - axvm_backend.set_regs()
 * @vcpu: the vCPU
 * @buf: struct axvm_arm64_regs
 *
 * Return: 0, or -EINVAL: not a state of a guest at EL0 or EL1.
 */
int arm64_set_regs(struct axvm_vcpu *vcpu, const void *buf)
{
	const struct axvm_arm64_regs *regs = buf;

	if (regs->mp_state > MP_WFI || !pstate_ok(regs->pstate) || regs->spsr_el1 >> 32)
		return -EINVAL;
	vcpu->arch.regs = *regs;
	arm64_write_el1(vcpu, ARM64_SYS_SP_EL1, regs->sp_el1);
	arm64_write_el1(vcpu, SYS_ELR_EL1, regs->elr_el1);
	arm64_write_el1(vcpu, SYS_SPSR_EL1, regs->spsr_el1);
	/* WFI may end at any time: one that lasts is executed again. */
	atomic_set(&vcpu->arch.power,
		   regs->mp_state == MP_OFF ? ARM64_POWER_OFF : ARM64_POWER_ON);
	return 0;
}

/**
 * arm64_get_fpu() - axvm_backend.get_fpu()
 * @vcpu: the vCPU
 * @buf: V0 to V31, FPSR, FPCR
 */
int arm64_get_fpu(struct axvm_vcpu *vcpu, void *buf)
{
	memcpy(buf, &to_arm64(vcpu)->fp, axvm_arch_backend.fpu_size);
	return 0;
}

/**
 * arm64_set_fpu() - axvm_backend.set_fpu()
 * @vcpu: the vCPU
 * @buf: V0 to V31, FPSR, FPCR
 */
int arm64_set_fpu(struct axvm_vcpu *vcpu, const void *buf)
{
	memcpy(&to_arm64(vcpu)->fp, buf, axvm_arch_backend.fpu_size);
	return 0;
}
