// SPDX-License-Identifier: GPL-2.0
/*
 * Why the guest was left: one table by exception class (ARM DDI 0487 D19.2.37, ESR_EL2.EC).
 *
 * What has no row was not offered to the guest, and is UNDEFINED to it: SVE, SME, pointer
 * authentication, AArch32, and what the architecture will think of.
 *
 * A row has up to two answers. answer() is asked first, in the window, and must not sleep;
 * handle() with interrupts and preemption on, if there is no answer() or it says ARM64_LATER. Both
 * return AXVM_RUN_HANDLED: enter again; AXVM_RUN_EXIT: @exit is filled for the core; an errno:
 * the VM ends.
 */
#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "../core/answer.h"
#include "el2.h"
#include "emulate.h"
#include "gic.h"
#include "psci.h"

static int exit_undefined(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_inject_undefined(v->vcpu);
	return AXVM_RUN_HANDLED;
}

/* ISS of WFx (D19.2.37): TI: 0 WFI, 1 WFE, 2 WFIT, 3 WFET */
static int exit_wfx(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_skip(v->vcpu);
	if (v->fault.esr & ESR_ELx_WFx_ISS_WFE) {
		yield();
		return AXVM_RUN_HANDLED;
	}
	*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
	return AXVM_RUN_EXIT;
}

/* The address of the next instruction is in the PC already. */
static int answer_hvc(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	return arm64_smccc(v->vcpu, exit);
}

/* Trapped before it was executed; nothing of it reaches the firmware. */
static int answer_smc(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_skip(v->vcpu);
	return arm64_smccc(v->vcpu, exit);
}

static int answer_fp(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	return arm64_fp_enter(v) ? AXVM_RUN_HANDLED : ARM64_LATER;
}

static int exit_fp(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	arm64_fp_prepare();
	return AXVM_RUN_HANDLED;
}

/* ISS of MSR to ICC_SGI1R_EL1, but for Rt (D19.2.37): most traps of guests with several CPUs */
#define SGI1R_MASK	(ESR_ELx_SYS64_ISS_SYS_MASK | ESR_ELx_SYS64_ISS_DIR_MASK)
#define SGI1R_WRITE	(ESR_ELx_SYS64_ISS_SYS_VAL(3, 0, 5, 12, 11) | ESR_ELx_SYS64_ISS_DIR_WRITE)

static int answer_sysreg(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	u64 esr = v->fault.esr;

	if ((esr & SGI1R_MASK) == SGI1R_WRITE && likely(v->vcpu->arch.gic)) {
		arm64_gic_sgi(v->vcpu, 1, arm64_gpr(v->vcpu, ESR_ELx_SYS64_ISS_RT(esr)));
		arm64_skip(v->vcpu);
		return AXVM_RUN_HANDLED;
	}
	return arm64_sysreg_trap(v, exit, false);
}

static int exit_sysreg(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	return arm64_sysreg_trap(v, exit, true);
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
	return AXVM_RUN_HANDLED;
}

static u64 fault_address(const struct arm64_fault *fault)
{
	return fault->ipa | (fault->far & ~PAGE_MASK);
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
	*exit = (struct axvm_exit){
		.type = AXVM_X_STAGE2_FAULT,
		.access = access_of(fault->esr),
		.addr = fault_address(fault),
	};
	return AXVM_RUN_EXIT;
}

/* The access by its syndrome (ISS of data aborts, ISV set) */
static __always_inline void decode_syndrome(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	u64 esr = v->fault.esr;

	exit->type = esr & ESR_ELx_WNR ? AXVM_X_MMIO_WRITE : AXVM_X_MMIO_READ;
	exit->width = 1 << FIELD_GET(ESR_ELx_SAS, esr);
	exit->reg = FIELD_GET(ESR_ELx_SRT_MASK, esr);
	exit->reg_width = esr & ESR_ELx_SF ? 8 : 4;
	exit->sign_extend = esr & ESR_ELx_SSE;
	exit->more = false;
	exit->access = 0;
	exit->addr = fault_address(&v->fault);
	exit->data = esr & ESR_ELx_WNR ? arm64_gpr(v->vcpu, exit->reg) : 0;
}

/* Devices are given so many bytes of the data only, userspace all of it. */
static void cut_data(struct axvm_exit *exit)
{
	if (exit->width < 8)
		exit->data &= BIT_ULL(exit->width * 8) - 1;
}

/* A translation fault of a load or store with a syndrome: what a driver's access looks like */
#define PLAIN_MASK	(ESR_ELx_ISV | ESR_ELx_CM | ESR_ELx_S1PTW | ESR_ELx_FSC_TYPE)
#define PLAIN		(ESR_ELx_ISV | ESR_ELx_FSC_FAULT)

/* False: not such an access, or to memory that is not mapped yet */
static __always_inline bool plain_access(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	if ((v->fault.esr & PLAIN_MASK) != PLAIN)
		return false;
	if (unlikely(!axvm_in_gap(v->vcpu->vm, &v->gap, v->fault.ipa)) &&
	    !axvm_slot_gap(v->vcpu->vm, v->fault.ipa, &v->gap))
		return false;
	decode_syndrome(v, exit);
	return true;
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
	if (esr & ESR_ELx_ISV) {
		decode_syndrome(v, exit);
		cut_data(exit);
		return 0;
	}
	return arm64_emulate_mmio(vcpu, v->fault.far, exit->addr, exit);
}

/* --- all ----------------------------------------------------------------------------------- */

struct exit_row {
	int (*handle)(struct arm64_vcpu *v, struct axvm_exit *exit);
	int (*answer)(struct arm64_vcpu *v, struct axvm_exit *exit);
};

static const struct exit_row exits[ESR_ELx_EC_MAX + 1] = {
	[ESR_ELx_EC_WFx] = { exit_wfx },
	[ESR_ELx_EC_FP_ASIMD] = { exit_fp, answer_fp },
	[ESR_ELx_EC_HVC64] = { NULL, answer_hvc },
	[ESR_ELx_EC_SMC64] = { NULL, answer_smc },
	[ESR_ELx_EC_SYS64] = { exit_sysreg, answer_sysreg },
	[ESR_ELx_EC_IABT_LOW] = { exit_abort },
	[ESR_ELx_EC_DABT_LOW] = { exit_abort },		/* or plain_access() */
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
		return AXVM_RUN_HANDLED;
	if (aet == SERROR_AET_UC)
		panic("axvm: uncontainable SError in a guest, syndrome %#llx", syndrome);
	return -EIO;
}

/**
 * arm64_answer_exit() - answer the last exit, if that is quick
 * @v: the vCPU, its window open
 * @exit: filled for AXVM_RUN_EXIT
 *
 * Return: AXVM_RUN_EXIT, AXVM_RUN_HANDLED, an errno, or ARM64_LATER.
 */
int arm64_answer_exit(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	const struct exit_row *row;
	int ret;

	BUILD_BUG_ON(ARM64_EXIT_SYNC);
	if (unlikely(v->fault.code | v->fault.disr))
		return v->fault.code == ARM64_EXIT_RETRY && !v->fault.disr ? AXVM_RUN_HANDLED :
									     ARM64_LATER;
	/* By far the most frequent ones go without an indirect call. */
	if (likely(ESR_ELx_EC(v->fault.esr) == ESR_ELx_EC_DABT_LOW)) {
		if (unlikely(!plain_access(v, exit)))
			return ARM64_LATER;
	} else {
		row = &exits[ESR_ELx_EC(v->fault.esr)];
		if (!row->answer)
			return ARM64_LATER;
		ret = row->answer(v, exit);
		if (ret != AXVM_RUN_EXIT)
			return ret;
	}
	/* A system register may be a device's, too. */
	if (likely(axvm_answer_atomic(v->vcpu, exit, arm64_access_done)))
		return AXVM_RUN_HANDLED;
	if (exit->type == AXVM_X_MMIO_WRITE)
		cut_data(exit);
	return AXVM_RUN_EXIT;
}

/**
 * arm64_handle_exit() - answer the last exit, after ARM64_LATER
 * @v: the vCPU
 * @exit: filled for AXVM_RUN_EXIT
 *
 * Context: interrupts and preemption on.
 * Return: AXVM_RUN_EXIT, AXVM_RUN_HANDLED, or an errno: the VM ends.
 */
int arm64_handle_exit(struct arm64_vcpu *v, struct axvm_exit *exit)
{
	const struct exit_row *row = &exits[ESR_ELx_EC(v->fault.esr)];
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
		return AXVM_RUN_HANDLED;
	if (row->handle)
		return row->handle(v, exit);
	return row->answer ? row->answer(v, exit) : exit_undefined(v, exit);
}
