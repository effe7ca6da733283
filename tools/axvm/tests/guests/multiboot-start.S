/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Header and entry of the multiboot guest. With ADDRESSES defined, the header
 * itself says where the file is loaded, so that a raw binary boots too.
 */
#ifdef ADDRESSES
#define FLAGS	0x00010003
#else
#define FLAGS	0x00000003
#endif

	.section .header, "ax"
	.balign	4
header:
	.long	0x1badb002
	.long	FLAGS
	.long	-(0x1badb002 + FLAGS)
#ifdef ADDRESSES
	.long	header
	.long	image_start
	.long	image_load_end
	.long	image_end
	.long	_start
#endif
	.text
	.globl	_start
_start:
	movl	$stack_top, %esp
	pushl	%ebx
	pushl	%eax
	call	kernel_main

	.bss
	.balign	16
	.space	4096
stack_top:
	.section .note.GNU-stack, "", @progbits
