/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real-mode flat binary: writes "real" to COM1 and ends by the debug-exit port
 * with 16, or 1 if CS, DS or the stack are not as promised. Linked at 0x7c00.
 */
	.code16
	.text
	.globl	_start
_start:
	movw	$1, %bx
	movw	%cs, %ax
	testw	%ax, %ax
	jnz	1f
	movw	%ds, %ax
	testw	%ax, %ax
	jnz	1f
	cmpw	$0x7c00, %sp
	jne	1f
	movw	$16, %bx
1:	movw	$text, %si
	cld
2:	lodsb
	testb	%al, %al
	jz	3f
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	2b
3:	movw	%bx, %ax
	movw	$0xf4, %dx
	outb	%al, %dx
4:	hlt
	jmp	4b
text:	.asciz	"real\r\n"
