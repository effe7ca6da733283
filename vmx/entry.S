/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Into the guest and back: general registers, which the CPU does not switch.
 * Everything else is in the VMCS or switched in C around this. And the call of a handler in the
 * host's IDT.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>

#define HOST_RSP	0x6c14	/* VMCS field; checked in vmx/vcpu.c, as what follows */

/* struct axvm_x86_regs */
#define GPR(n)		(8 + 8 * (n))
#define RAX		0
#define RCX		1
#define RDX		2
#define RBX		3
#define RBP		5
#define RSI		6
#define RDI		7
#define REGS_CR2	(8 + 8 * 16 + 8 * 3)

	.text

/*
 * int vmx_enter(struct axvm_x86_regs *regs, bool launched, bool verw)
 *
 * Interrupts off, our VMCS current. Returns 0 after an exit, 1 if the entry failed
 * (VMfail) and 2 if the instruction faulted: VMX is off.
 */
SYM_FUNC_START(vmx_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi

	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax

	/* VERW writes over CPU buffers (MDS and the like); the selector is any writable one. */
	test	%dl, %dl
	jz	1f
	push	$__KERNEL_DS
	verw	(%rsp)
	lea	8(%rsp), %rsp
1:
	mov	REGS_CR2(%rdi), %rax
	mov	%cr2, %rcx
	cmp	%rax, %rcx
	je	2f
	mov	%rax, %cr2
2:
	/* The flags of this test live until the branch: MOV changes none. */
	test	%sil, %sil
	mov	GPR(RAX)(%rdi), %rax
	mov	GPR(RCX)(%rdi), %rcx
	mov	GPR(RDX)(%rdi), %rdx
	mov	GPR(RBX)(%rdi), %rbx
	mov	GPR(RBP)(%rdi), %rbp
	mov	GPR(RSI)(%rdi), %rsi
	mov	GPR(8)(%rdi), %r8
	mov	GPR(9)(%rdi), %r9
	mov	GPR(10)(%rdi), %r10
	mov	GPR(11)(%rdi), %r11
	mov	GPR(12)(%rdi), %r12
	mov	GPR(13)(%rdi), %r13
	mov	GPR(14)(%rdi), %r14
	mov	GPR(15)(%rdi), %r15
	mov	GPR(RDI)(%rdi), %rdi
	jz	.Llaunch

.Lresume:
	vmresume
	jmp	.Lfailed
.Llaunch:
	vmlaunch
	jmp	.Lfailed

	_ASM_EXTABLE(.Lresume, .Lfaulted)
	_ASM_EXTABLE(.Llaunch, .Lfaulted)

/* HOST_RIP */
SYM_INNER_LABEL_ALIGN(vmx_exit_point, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	/* The guest's RDI onto the stack, so that RDI can point at the registers */
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, GPR(RAX)(%rdi)
	mov	%rcx, GPR(RCX)(%rdi)
	mov	%rdx, GPR(RDX)(%rdi)
	mov	%rbx, GPR(RBX)(%rdi)
	mov	%rbp, GPR(RBP)(%rdi)
	mov	%rsi, GPR(RSI)(%rdi)
	mov	%r8, GPR(8)(%rdi)
	mov	%r9, GPR(9)(%rdi)
	mov	%r10, GPR(10)(%rdi)
	mov	%r11, GPR(11)(%rdi)
	mov	%r12, GPR(12)(%rdi)
	mov	%r13, GPR(13)(%rdi)
	mov	%r14, GPR(14)(%rdi)
	mov	%r15, GPR(15)(%rdi)
	pop	%rax
	mov	%rax, GPR(RDI)(%rdi)
	mov	%cr2, %rax
	mov	%rax, REGS_CR2(%rdi)

	/*
	 * No value of the guest stays in a register the host might speculate with; those
	 * that are popped below get the host's.
	 */
	xor	%eax, %eax
.Lclear:
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d

	/* Return predictions that the guest planted are not used (as KVM's exit does). */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE
#ifdef X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
	push	%rax
	CLEAR_BRANCH_HISTORY_VMEXIT
	pop	%rax
#endif
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET

.Lfailed:
	mov	$1, %eax
	jmp	.Lclear
.Lfaulted:
	mov	$2, %eax
	jmp	.Lclear
SYM_FUNC_END(vmx_enter)
STACK_FRAME_NON_STANDARD vmx_enter

/*
 * void vmx_call_gate(unsigned long handler)
 *
 * As the CPU would call the handler of an interrupt: with the frame that its IRET takes off
 * (SDM Vol. 3A 6.14.2), RSP aligned.
 */
SYM_FUNC_START(vmx_call_gate)
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	push	$__KERNEL_DS
	push	%rbp
	pushf
	push	$__KERNEL_CS
	CALL_NOSPEC rdi
	mov	%rbp, %rsp
	pop	%rbp
	RET
SYM_FUNC_END(vmx_call_gate)
