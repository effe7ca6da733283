/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 32-bit flat binary: writes "flat" to COM1 and ends by the debug-exit port with
 * 32, or 1 if the segments are not flat. Linked at 1 MiB.
 */
	.text
	.globl	_start
_start:
	movl	$32, %ebx
	pushl	$0x12345678
	cmpl	$0x12345678, (0x100000 - 4)
	je	1f
	movl	$1, %ebx
1:	movw	%ds, %ax	/* the GDT must hold what the hidden parts hold */
	movw	%ax, %es
	movl	$text, %esi
	cld
2:	lodsb
	testb	%al, %al
	jz	3f
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	2b
3:	movl	%ebx, %eax
	movw	$0xf4, %dx
	outb	%al, %dx
4:	hlt
	jmp	4b
text:	.asciz	"flat\r\n"
