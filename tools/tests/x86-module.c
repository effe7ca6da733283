// SPDX-License-Identifier: GPL-2.0
/* x86's guest of the sample device, whose line is input 5 of the IOAPIC: see module.h. */
#include "module.h"

BLOB(sample_user, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x8045, 0xfec00010\n"
	"	movl	$5, 0xd0000000\n"
	"	movl	$7, 0xd0000000\n"
	"	mov	0xd0000000, %eax\n"
	"	mov	%eax, 0x8000\n"
	"	mov	0xd0000010, %eax\n"	/* behind its end */
	"	mov	%eax, 0x8004\n"
	"	movl	$1, 0xd0000008\n"
	"	sti\n"
	"1:	hlt\n"
	"	jmp	1b\n"
	"	.org	sample_user_start + 0x100\n"
	"	movl	$0, 0xd0000008\n"
	"	movl	$0, 0xfee000b0\n"
	"	mov	$0x45, %al\n"
	"	out	%al, $0xf4\n"
	"	iret\n");

/**
 * sample_add_devices() - what the guest needs beside the sample device
 * @vm: the VM
 */
void sample_add_devices(struct vm *vm)
{
	vm_add_pc_devices(vm);
}

/**
 * sample_load() - put the guest into memory
 * @vm: the VM
 */
void sample_load(struct vm *vm)
{
	vm_load_interruptible(vm, &sample_user);
}
