/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Into the guest and back, from EL2: general registers, SP_EL0, and the vectors that
 * bring the CPU back here. Everything else is switched in C around this.
 */
#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/assembler.h>
#include <asm/cpucaps.h>
#include <asm/sysreg.h>

/* struct axvm_arm64_regs; checked in arm64/vcpu.c */
#define X(n)		(8 + 8 * (n))
#define REGS_PC		256	/* and PSTATE */
#define REGS_SP_EL0	272

/* Our frame on the host's stack */
#define F_X19		16
#define F_X18		96	/* and SP_EL0, which is the host's current task */
#define F_REGS		112	/* and the host's VBAR_EL2 */
#define F_MITIGATE	128	/* and where DISR_EL1 goes */
#define F_SIZE		144

#define EXIT_PENDING	4	/* ARM64_EXIT_PENDING */

	.text

/*
 * u32 arm64_enter(struct axvm_arm64_regs *regs, u64 vbar, u64 mitigate, u64 *disr)
 *
 * All exceptions are masked. Returns ARM64_EXIT_*. SP_EL2 survives the guest, so the frame is
 * found again.
 */
SYM_FUNC_START(arm64_enter)
	stp	x29, x30, [sp, #-F_SIZE]!
	mov	x29, sp
	stp	x19, x20, [sp, #F_X19]
	stp	x21, x22, [sp, #F_X19 + 16]
	stp	x23, x24, [sp, #F_X19 + 32]
	stp	x25, x26, [sp, #F_X19 + 48]
	stp	x27, x28, [sp, #F_X19 + 64]
	mrs	x4, sp_el0
	stp	x18, x4, [sp, #F_X18]
	stp	x0, x1, [sp, #F_REGS]
	stp	x2, x3, [sp, #F_MITIGATE]

	/* What waits for the host would end the guest at once; an SError is not the guest's. */
	mrs	x4, isr_el1
	cbnz	x4, 1f

	adr_l	x4, arm64_vectors
	msr	vbar_el2, x4
	ldp	x4, x5, [x0, #REGS_PC]
	msr	elr_el2, x4
	msr	spsr_el2, x5
	ldr	x4, [x0, #REGS_SP_EL0]
	msr	sp_el0, x4
	mov	x30, x0
	ldp	x0, x1, [x30, #X(0)]
	ldp	x2, x3, [x30, #X(2)]
	ldp	x4, x5, [x30, #X(4)]
	ldp	x6, x7, [x30, #X(6)]
	ldp	x8, x9, [x30, #X(8)]
	ldp	x10, x11, [x30, #X(10)]
	ldp	x12, x13, [x30, #X(12)]
	ldp	x14, x15, [x30, #X(14)]
	ldp	x16, x17, [x30, #X(16)]
	ldp	x18, x19, [x30, #X(18)]
	ldp	x20, x21, [x30, #X(20)]
	ldp	x22, x23, [x30, #X(22)]
	ldp	x24, x25, [x30, #X(24)]
	ldp	x26, x27, [x30, #X(26)]
	ldp	x28, x29, [x30, #X(28)]
	ldr	x30, [x30, #X(30)]
	eret
	sb
1:
	/* Who called relies on our being a context synchronisation event, as ERET is. */
	isb
	mov	w0, #EXIT_PENDING
	ldp	x29, x30, [sp], #F_SIZE
	ret
SYM_FUNC_END(arm64_enter)

	/* From the guest. ESB: an SError that the guest caused is put down in DISR_EL1 (RAS). */
	.macro	from_guest code
	.align	7
	esb
	stp	x0, x1, [sp, #-16]!
	mov	w0, #\code
	b	arm64_exit
	.endm

	/* From the few instructions above and below that run with these vectors */
	.macro	from_host
	.align	7
	b	arm64_lost
	.endm

	.align	11
SYM_CODE_START_LOCAL(arm64_vectors)
	.rept	8
	from_host
	.endr
	from_guest 0			/* AArch64 */
	from_guest 1
	from_guest 2
	from_guest 3
	from_guest 0			/* AArch32: EL0 of a guest that was not offered it */
	from_guest 1
	from_guest 2
	from_guest 3
SYM_CODE_END(arm64_vectors)

/* x0: code; x0 and x1 of the guest on the stack, above our frame */
SYM_CODE_START_LOCAL(arm64_exit)
	ALTERNATIVE(nop, SET_PSTATE_PAN(1), ARM64_HAS_PAN, CONFIG_ARM64_PAN)
	ldr	x1, [sp, #16 + F_REGS]
	stp	x2, x3, [x1, #X(2)]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x1, #X(0)]
	stp	x4, x5, [x1, #X(4)]
	stp	x6, x7, [x1, #X(6)]
	stp	x8, x9, [x1, #X(8)]
	stp	x10, x11, [x1, #X(10)]
	stp	x12, x13, [x1, #X(12)]
	stp	x14, x15, [x1, #X(14)]
	stp	x16, x17, [x1, #X(16)]
	stp	x18, x19, [x1, #X(18)]
	stp	x20, x21, [x1, #X(20)]
	stp	x22, x23, [x1, #X(22)]
	stp	x24, x25, [x1, #X(24)]
	stp	x26, x27, [x1, #X(26)]
	stp	x28, x29, [x1, #X(28)]
	str	x30, [x1, #X(30)]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x1, #REGS_PC]
	mrs	x2, sp_el0
	str	x2, [x1, #REGS_SP_EL0]

	ldr	x2, [sp, #F_REGS + 8]
	msr	vbar_el2, x2
	ldp	x18, x2, [sp, #F_X18]
	msr	sp_el0, x2
	ldp	x19, x20, [sp, #F_X19]
	ldp	x21, x22, [sp, #F_X19 + 16]
	ldp	x23, x24, [sp, #F_X19 + 32]
	ldp	x25, x26, [sp, #F_X19 + 48]
	ldp	x27, x28, [sp, #F_X19 + 64]

	/*
	 * Before any indirect branch: what the guest trained the branch predictor to do must not
	 * happen (arm64/mitigations.c). Bit 32: ask the firmware; else so many branches.
	 */
	mov	w4, w0
	ldp	x5, x6, [sp, #F_MITIGATE]
	cbz	x5, 4f
	tbnz	x5, #32, 3f
	tbnz	x5, #33, 5f
1:	b	2f
2:	subs	w5, w5, #1
	b.ne	1b
	sb
	b	4f
3:	mov	w0, w5
	smc	#0
	ldr	x6, [sp, #F_MITIGATE + 8]
	b	4f
5:	hint	#22			/* CLRBHB */
	isb
4:
alternative_if ARM64_HAS_RAS_EXTN
	mrs_s	x5, SYS_DISR_EL1
	str	x5, [x6]
	cbz	x5, 6f
	msr_s	SYS_DISR_EL1, xzr
6:
alternative_else_nop_endif
	mov	w0, w4
	ldp	x29, x30, [sp], #F_SIZE
	ret
SYM_CODE_END(arm64_exit)

/* A bug of ours: nothing can be trusted but the stack. */
SYM_CODE_START_LOCAL(arm64_lost)
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	bl	arm64_panic
	b	.
SYM_CODE_END(arm64_lost)

/* struct user_fpsimd_state: V0 to V31, FPSR, FPCR */
#define FP_FPSR		512
#define FP_FPCR		516

	.arch_extension fp
	.arch_extension simd

	.macro	fp_all insn
	\insn	q0, q1, [x0, #32 * 0]
	\insn	q2, q3, [x0, #32 * 1]
	\insn	q4, q5, [x0, #32 * 2]
	\insn	q6, q7, [x0, #32 * 3]
	\insn	q8, q9, [x0, #32 * 4]
	\insn	q10, q11, [x0, #32 * 5]
	\insn	q12, q13, [x0, #32 * 6]
	\insn	q14, q15, [x0, #32 * 7]
	\insn	q16, q17, [x0, #32 * 8]
	\insn	q18, q19, [x0, #32 * 9]
	\insn	q20, q21, [x0, #32 * 10]
	\insn	q22, q23, [x0, #32 * 11]
	\insn	q24, q25, [x0, #32 * 12]
	\insn	q26, q27, [x0, #32 * 13]
	\insn	q28, q29, [x0, #32 * 14]
	\insn	q30, q31, [x0, #32 * 15]
	.endm

/* void arm64_fp_save(struct user_fpsimd_state *fp) */
SYM_FUNC_START(arm64_fp_save)
	fp_all	stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	str	w1, [x0, #FP_FPSR]
	str	w2, [x0, #FP_FPCR]
	ret
SYM_FUNC_END(arm64_fp_save)

/* void arm64_fp_load(const struct user_fpsimd_state *fp) */
SYM_FUNC_START(arm64_fp_load)
	fp_all	ldp
	ldr	w1, [x0, #FP_FPSR]
	ldr	w2, [x0, #FP_FPCR]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
SYM_FUNC_END(arm64_fp_load)
