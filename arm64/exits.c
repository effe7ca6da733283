// SPDX-License-Identifier: GPL-2.0
/*
 * Why the guest was left: one table by exception class (ARM DDI 0487 D19.2.37, ESR_EL2.EC).
 *
 * What has no row was not offered to the guest, and is UNDEFINED to it: SVE, SME, pointer
 * authentication, AArch32, and what the architecture will think of.
 *
 * A handler runs with interrupts and preemption on. It returns 1: answered here, enter again;
 * 0: @exit is filled for the core; an errno: the VM ends.
 */
#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <asm/neon.h>

#include "el2.h"
#include "emulate.h"
#include "psci.h"

static int exit_undefined(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_inject_undefined(v->vcpu);
	return 1;
}

/* ISS of WFx (D19.2.37): TI: 0 WFI, 1 WFE, 2 WFIT, 3 WFET */
static int exit_wfx(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_skip(v->vcpu);
	if (v->fault.esr & ESR_ELx_WFx_ISS_WFE) {
		yield();
		return 1;
	}
	exit->type = AXVM_X_HALT;
	return 0;
}

/* The address of the next instruction is in the PC already. */
static int exit_hvc(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	return arm64_smccc(v->vcpu, exit);
}

/* Trapped before it was executed; nothing of it reaches the firmware. */
static int exit_smc(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_skip(v->vcpu);
	return arm64_smccc(v->vcpu, exit);
}

/* The window could not load the registers: the thread's own are still in them. */
static int exit_fp(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	kernel_neon_begin();
	kernel_neon_end();
	return 1;
}

static int exit_sysreg(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	return arm64_sysreg_trap(v, exit);
}

/* --- aborts ------------------------------------------------------------------------------ */

/* What the access wanted; a walk of stage 1 reads, and writes flags where it may read */
static u8 access_of(u64 esr)
{
	if (esr & ESR_ELx_S1PTW)
		return (esr & ESR_ELx_FSC_TYPE) == ESR_ELx_FSC_PERM ? AXVM_ACCESS_WRITE :
								      AXVM_ACCESS_READ;
	if (ESR_ELx_EC(esr) == ESR_ELx_EC_IABT_LOW)
		return AXVM_ACCESS_EXEC;
	return esr & ESR_ELx_WNR ? AXVM_ACCESS_WRITE : AXVM_ACCESS_READ;
}

static int abort_guest(struct arm64_vcpu *v)
{
	arm64_inject_abort(v->vcpu, ESR_ELx_EC(v->fault.esr) == ESR_ELx_EC_IABT_LOW, v->fault.far);
	return 1;
}

static int exit_abort(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	const struct arm64_fault *fault = &v->fault;

	switch (fault->esr & ESR_ELx_FSC_TYPE) {
	case ESR_ELx_FSC_FAULT:
	case ESR_ELx_FSC_ACCESS:
	case ESR_ELx_FSC_PERM:
		break;
	default:
		/* External aborts, addresses beyond stage 2, accesses memory cannot do */
		return abort_guest(v);
	}
	exit->type = AXVM_X_STAGE2_FAULT;
	exit->access = access_of(fault->esr);
	exit->addr = fault->ipa | (fault->far & ~PAGE_MASK);
	return 0;
}

/* The access by its syndrome (ISS of data aborts, ISV set) */
static int decode_syndrome(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	u64 esr = v->fault.esr;

	*exit = (struct axvm_exit){
		.type = esr & ESR_ELx_WNR ? AXVM_X_MMIO_WRITE : AXVM_X_MMIO_READ,
		.width = 1 << FIELD_GET(ESR_ELx_SAS, esr),
		.reg = FIELD_GET(ESR_ELx_SRT_MASK, esr),
		.reg_width = esr & ESR_ELx_SF ? 8 : 4,
		.sign_extend = esr & ESR_ELx_SSE,
		.addr = exit->addr,
	};
	if (esr & ESR_ELx_WNR) {
		exit->data = arm64_gpr(v->vcpu, exit->reg);
		if (exit->width < 8)
			exit->data &= BIT_ULL(exit->width * 8) - 1;
	}
	return 0;
}

/**
 * arm64_mmio_decode() - axvm_backend.mmio_decode()
 * @vcpu: the vCPU
 * @exit: the stage-2 fault; becomes the access
 */
int arm64_mmio_decode(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct arm64_vcpu *v = to_arm64(vcpu);
	u64 esr = v->fault.esr;

	/* Instructions and translation tables are not fetched from devices. */
	if (ESR_ELx_EC(esr) == ESR_ELx_EC_IABT_LOW || esr & ESR_ELx_S1PTW)
		return abort_guest(v);
	if (esr & ESR_ELx_CM) {	/* cache maintenance of what is no memory */
		arm64_skip(vcpu);
		return 1;
	}
	if (esr & ESR_ELx_ISV)
		return decode_syndrome(v, exit);
	return arm64_emulate_mmio(vcpu, v->fault.far, exit->addr, exit);
}

/* --- all ----------------------------------------------------------------------------------- */

static int (*const handlers[ESR_ELx_EC_MAX + 1])(struct arm64_vcpu *, struct axvm_exit *) = {
	[ESR_ELx_EC_WFx] = exit_wfx,
	[ESR_ELx_EC_FP_ASIMD] = exit_fp,
	[ESR_ELx_EC_HVC64] = exit_hvc,
	[ESR_ELx_EC_SMC64] = exit_smc,
	[ESR_ELx_EC_SYS64] = exit_sysreg,
	[ESR_ELx_EC_IABT_LOW] = exit_abort,
	[ESR_ELx_EC_DABT_LOW] = exit_abort,
};

/* ESR_EL2 of an SError, and DISR_EL1, which has the same fields (D19.2.37; D1.3.6.3) */
#define SERROR_IDS		BIT_ULL(24)	/* implementation defined */
#define SERROR_AET		GENMASK_ULL(12, 10)
#define SERROR_AET_UC		0		/* uncontainable */
#define SERROR_AET_UEU		1		/* unrecoverable */
#define SERROR_AET_UEO		2		/* restartable */
#define SERROR_AET_CE		6		/* corrected */

/*
 * An error of the memory system hit the guest. Uncontained, it may have hit the host too;
 * otherwise it is the guest's.
 */
static int serror(u64 syndrome)
{
	u64 aet = FIELD_GET(SERROR_AET, syndrome);

	if (syndrome & SERROR_IDS || !cpus_have_final_cap(ARM64_HAS_RAS_EXTN))
		return -EIO;
	if (aet == SERROR_AET_CE || aet == SERROR_AET_UEO)
		return 1;
	if (aet == SERROR_AET_UC)
		panic("axvm: uncontainable SError in a guest, syndrome %#llx", syndrome);
	return -EIO;
}

/**
 * arm64_handle_exit() - answer the last exit
 * @v: the vCPU
 * @exit: for the core
 *
 * Context: interrupts and preemption on.
 * Return: 1: enter again; 0: @exit is filled; an errno: the VM ends.
 */
int arm64_handle_exit(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	int (*handler)(struct arm64_vcpu *v, struct axvm_exit *exit);
	int ret;

	if (unlikely(v->fault.disr)) {
		ret = serror(v->fault.disr);
		if (ret < 0)
			return ret;
	}
	if (v->fault.code == ARM64_EXIT_SERROR)
		return serror(v->fault.esr);
	/* Interrupts were the host's: taken when interrupts went on. */
	if (v->fault.code != ARM64_EXIT_SYNC)
		return 1;
	handler = handlers[ESR_ELx_EC(v->fault.esr)];
	return handler ? handler(v, exit) : exit_undefined(v, exit);
}
