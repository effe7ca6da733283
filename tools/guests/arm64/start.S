/* SPDX-License-Identifier: GPL-2.0 */
/* Start, vectors and secondary start of a guest: EL1, MMU off. */

#define STACK_SHIFT	14

	.section .text.start, "ax"
	.global	_start
_start:
	mov	x19, #0
	b	1f

	/* CPU_ON: the number of the CPU is in X0. */
	.global	secondary_start
secondary_start:
	mov	x19, x0
1:	adr	x1, stacks
	add	x2, x19, #1
	add	x1, x1, x2, lsl #STACK_SHIFT
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	mov	x0, x19
	bl	guest_main
2:	wfi
	b	2b

	.macro	entry kind
	.balign	128
	sub	sp, sp, #208
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x29, [sp, #144]
	mov	x0, #\kind
	b	common
	.endm

	.balign	2048
vectors:
	.rept	4
	entry	0
	.endr
	entry	0	/* synchronous, SP_EL1 */
	entry	1	/* IRQ */
	entry	2	/* FIQ */
	entry	0
	.rept	8
	entry	0
	.endr

common:
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x30, x1, [sp, #160]
	str	x2, [sp, #176]
	bl	guest_exception
	ldr	x2, [sp, #176]
	ldp	x30, x1, [sp, #160]
	msr	spsr_el1, x2
	msr	elr_el1, x1
	ldp	x18, x29, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #208
	eret

	.bss
	.balign	16
stacks:
	.space	2 << STACK_SHIFT
