/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start of a guest: from a multiboot loader, or from a start-up IPI, into 64-bit mode and
 * guest_start(), with a stack for each CPU. And the entries of all interrupts.
 *
 * The first 4 GiB are mapped one to one, with pages of 2 MiB. The header has addresses, so
 * that the flat file boots as well.
 */
#define MAGIC		0x1badb002
#define FLAGS		0x00010003
#define TRAMPOLINE	0x8000		/* guest.h has it too */
#define STACK_SHIFT	14

#define CR0_PE		(1 << 0)
#define CR0_PG		(1 << 31)
#define CR4_PAE		(1 << 5)
#define EFER		0xc0000080
#define EFER_LME	(1 << 8)
#define CODE64		8
#define DATA		16
#define CODE32		24

	.section .header, "ax"
	.code32
	.balign	4
header:
	.long	MAGIC, FLAGS, -(MAGIC + FLAGS)
	.long	header, image_start, image_load_end, image_end, _start

	.text
	.globl	_start
_start:
	cld
	cli
	/* One page of PDPT, four of page directories with 2 MiB each entry */
	movl	$pml4, %edi
	movl	$pdpt + 3, (%edi)
	movl	$pdpt, %edi
	movl	$directories + 3, %eax
1:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	cmpl	$pdpt + 4 * 8, %edi
	jne	1b
	movl	$directories, %edi
	movl	$0x83, %eax
2:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	cmpl	$directories + 4 * 0x1000, %edi
	jne	2b
	/* Where CPUs start, below 1 MiB */
	movl	$trampoline, %esi
	movl	$TRAMPOLINE, %edi
	movl	$trampoline_end - trampoline, %ecx
	rep movsb

	/* All CPUs come here, flat 32-bit mode, paging off. */
enter:
	lgdt	gdt_pointer
	ljmp	$CODE32, $3f
3:	movw	$DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	andl	$0x9fffffff, %eax	/* caches on */
	orl	$(CR0_PG | CR0_PE), %eax
	movl	%eax, %cr0
	ljmp	$CODE64, $4f
	.code64
4:	movl	$1, %eax
	cpuid
	shrl	$24, %ebx		/* the APIC id */
	movl	%ebx, %edi
	incl	%ebx
	shll	$STACK_SHIFT, %ebx
	leaq	stacks(%rbx), %rsp
	call	guest_start
5:	cli
	hlt
	jmp	5b

	.code16
trampoline:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	trampoline_gdt - trampoline + TRAMPOLINE
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$CODE32, $6f - trampoline + TRAMPOLINE
	.code32
6:	movw	$DATA, %ax
	movw	%ax, %ds
	movl	$enter, %eax
	jmp	*%eax
trampoline_gdt:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* CODE64 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00cf9b000000ffff	/* CODE32 */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

/* --- interrupts ------------------------------------------------------------ */

	.text
	.code64
	/* 16 bytes each: an error code where the CPU pushes none, the vector */
	.macro	stub vector
	.balign	16
	.if	!(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17)
	pushq	$0
	.endif
	pushq	$\vector
	jmp	common
	.endm

	.balign	16
	.globl	stubs
stubs:
	.set	n, 0
	.rept	256
	stub	n
	.set	n, n + 1
	.endr

	/* struct frame in guest.h */
common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	call	guest_interrupt
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.bss
	.balign	4096
pml4:	.space	4096
pdpt:	.space	4096
directories:
	.space	4 * 4096
	.globl	stacks
stacks:	.space	16 << STACK_SHIFT
	.section .note.GNU-stack, "", @progbits
