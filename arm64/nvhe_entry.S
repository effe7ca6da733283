/* SPDX-License-Identifier: GPL-2.0 */
/*
 * EL2 of a host at EL1: how it is taken, the calls it answers, and the way into the guest
 * and back. This section is copied to pages of its own and runs there at physical
 * addresses, so it refers to nothing but itself and its arguments.
 *
 * There are two vector tables: with the host running, X0 to X17 are free at a hypercall and
 * nothing else comes here; with the guest running all registers are its, and SP_EL2 is right.
 */
#include <linux/linkage.h>
#include <asm/assembler.h>
#include <asm/sysreg.h>
#include <asm/virt.h>

#include "nvhe.h"

/* struct axvm_arm64_regs, at the start of struct arm64_hyp */
#define X(n)		(8 + 8 * (n))
#define REGS_PC		256	/* and PSTATE */
#define REGS_SP_EL0	272

/* Our frame at the end of the vCPU's page */
#define F_X19		16
#define F_X18		96	/* and the host's SP_EL0 */
#define F_RETURN	112	/* the host's ELR_EL2, SPSR_EL2 */
#define F_HYP		128
#define F_SIZE		144

/* MAIR_EL2: attribute 0 is normal memory, write-back */
#define HYP_MAIR	0xff
/* SCTLR_EL2 (ARM DDI 0487 D19.2.119): bits that are RES1; MMU, caches, stack alignment */
#define HYP_SCTLR	(0x30c50830 | SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I | SCTLR_ELx_SA)

	.section .axvm.hyp.text, "ax"
	.align	12
/*
 * HVC_SOFT_RESTART brings us here at EL2, the MMU off. x0: TTBR0_EL2, x1: TCR_EL2.
 * Returns to EL1 with x0: the stub's VBAR_EL2, x1: its SCTLR_EL2, x2: ICH_VTR_EL2.
 */
SYM_CODE_START(arm64_hyp_start)
	msr	ttbr0_el2, x0
	msr	tcr_el2, x1
	mov	x3, #HYP_MAIR
	msr	mair_el2, x3
	mrs	x0, vbar_el2
	mrs	x1, sctlr_el2
	tlbi	alle2
	dsb	nsh
	isb
	mov_q	x3, HYP_SCTLR
	msr	sctlr_el2, x3
	isb
	adr	x3, host_vectors
	msr	vbar_el2, x3
	mrs_s	x2, SYS_ICH_VTR_EL2
	eret
	sb
SYM_CODE_END(arm64_hyp_start)

	.align	3
/* The stub's VBAR_EL2 and SCTLR_EL2; filled in when they are known */
SYM_DATA_START(arm64_hyp_stub)
	.quad	0, 0
SYM_DATA_END(arm64_hyp_stub)

	.macro	never
	.align	7
	b	.
	.endm

	.align	11
SYM_CODE_START_LOCAL(host_vectors)
	.rept	8
	never
	.endr
	.align	7
	b	hypercall
	.rept	7
	never
	.endr
SYM_CODE_END(host_vectors)

	.macro	from_guest code
	.align	7
	esb
	stp	x0, x1, [sp, #-16]!
	mov	w1, #\code
	b	from_guest
	.endm

	.align	11
SYM_CODE_START_LOCAL(guest_vectors)
	.rept	8
	never
	.endr
	.rept	2			/* AArch64; AArch32 at EL0 */
	from_guest 0
	from_guest 1
	from_guest 2
	from_guest 3
	.endr
SYM_CODE_END(guest_vectors)

SYM_CODE_START_LOCAL(hypercall)
	cmp	x0, #HYP_RUN
	b.eq	run
	cmp	x0, #HVC_STUB_HCALL_NR
	b.lo	for_stub
	cmp	x0, #HYP_OFFSET
	b.eq	1f
	cmp	x0, #HYP_FORGET
	b.eq	2f
	cmp	x0, #HYP_GIVE_BACK
	b.eq	for_stub
	mov_q	x0, HVC_STUB_ERR
	eret
1:	msr	cntvoff_el2, x1
	isb
	eret
2:	dsb	ishst
	tlbi	alle2is
	dsb	ish
	isb
	eret
	sb
SYM_CODE_END(hypercall)

/* The stub gets EL2 back, and a call that is its own. */
SYM_CODE_START_LOCAL(for_stub)
	adr	x5, arm64_hyp_stub
	ldp	x6, x7, [x5]
	msr	sctlr_el2, x7
	isb
	tlbi	alle2
	dsb	nsh
	msr	vbar_el2, x6
	isb
	cmp	x0, #HYP_GIVE_BACK
	b.eq	1f
	add	x6, x6, #0x400		/* synchronous, lower level, AArch64 */
	br	x6
1:	mov	x0, xzr
	eret
	sb
SYM_CODE_END(for_stub)

/* x1: struct arm64_hyp */
SYM_CODE_START_LOCAL(run)
	add	x2, x1, #HYP_PAGE_SIZE
	mov	sp, x2
	stp	x29, x30, [sp, #-F_SIZE]!
	stp	x19, x20, [sp, #F_X19]
	stp	x21, x22, [sp, #F_X19 + 16]
	stp	x23, x24, [sp, #F_X19 + 32]
	stp	x25, x26, [sp, #F_X19 + 48]
	stp	x27, x28, [sp, #F_X19 + 64]
	mrs	x2, sp_el0
	stp	x18, x2, [sp, #F_X18]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [sp, #F_RETURN]
	str	x1, [sp, #F_HYP]
	mov	x19, x1
	mov	x0, x1
	bl	arm64_hyp_to_guest
	mov	x30, x19
	adr	x4, guest_vectors
	msr	vbar_el2, x4
	ldp	x4, x5, [x30, #REGS_PC]
	msr	elr_el2, x4
	msr	spsr_el2, x5
	ldr	x4, [x30, #REGS_SP_EL0]
	msr	sp_el0, x4
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
SYM_CODE_END(run)

/* w1: code; x0 and x1 of the guest on the stack, above our frame */
SYM_CODE_START_LOCAL(from_guest)
	ldr	x0, [sp, #16 + F_HYP]
	stp	x2, x3, [x0, #X(2)]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0, #X(0)]
	stp	x4, x5, [x0, #X(4)]
	stp	x6, x7, [x0, #X(6)]
	stp	x8, x9, [x0, #X(8)]
	stp	x10, x11, [x0, #X(10)]
	stp	x12, x13, [x0, #X(12)]
	stp	x14, x15, [x0, #X(14)]
	stp	x16, x17, [x0, #X(16)]
	stp	x18, x19, [x0, #X(18)]
	stp	x20, x21, [x0, #X(20)]
	stp	x22, x23, [x0, #X(22)]
	stp	x24, x25, [x0, #X(24)]
	stp	x26, x27, [x0, #X(26)]
	stp	x28, x29, [x0, #X(28)]
	str	x30, [x0, #X(30)]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #REGS_PC]
	mrs	x2, sp_el0
	str	x2, [x0, #REGS_SP_EL0]
	adr	x2, host_vectors
	msr	vbar_el2, x2

	/* As in arm64/entry.S: before any branch that the guest may have trained */
	mov	x19, x0
	mov	w20, w1
	ldr	x5, [x0, #HYP_MITIGATE]
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
	b	4f
5:	hint	#22			/* CLRBHB */
	isb
4:
	mov	x0, x19
	mov	w1, w20
	bl	arm64_hyp_to_host
	mov	w0, w20
	ldp	x2, x3, [sp, #F_RETURN]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldp	x18, x2, [sp, #F_X18]
	msr	sp_el0, x2
	ldp	x19, x20, [sp, #F_X19]
	ldp	x21, x22, [sp, #F_X19 + 16]
	ldp	x23, x24, [sp, #F_X19 + 32]
	ldp	x25, x26, [sp, #F_X19 + 48]
	ldp	x27, x28, [sp, #F_X19 + 64]
	ldp	x29, x30, [sp], #F_SIZE
	eret
	sb
SYM_CODE_END(from_guest)
