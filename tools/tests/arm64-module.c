// SPDX-License-Identifier: GPL-2.0
/* arm64's guest of the sample device, whose line is an SPI: see module.h. */
#include "module.h"

/*
 * X19: the device, X20: the data, X21: distributor, X22: redistributor, X24: the debug exit.
 * GICD_CTLR, GICR_WAKER, GICD_ISENABLER1, ICC_PMR_EL1, ICC_IGRPEN1_EL1; in the handler
 * ICC_IAR1_EL1 and ICC_EOIR1_EL1.
 */
BLOB(sample_user,
	"	movz	x19, #0xd000, lsl #16\n"
	"	movz	x20, #0x4000, lsl #16\n"
	"	add	x20, x20, #8, lsl #12\n"
	"	movz	x21, #0x0800, lsl #16\n"
	"	movz	x22, #0x080a, lsl #16\n"
	"	movz	x24, #0x0903, lsl #16\n"
	"	adr	x0, 9f\n"
	"	msr	vbar_el1, x0\n"
	"	mov	w0, #0x12\n"
	"	str	w0, [x21]\n"
	"	str	wzr, [x22, #0x14]\n"
	"	mov	w0, #1 << (37 - 32)\n"
	"	str	w0, [x21, #0x104]\n"
	"	mov	x0, #0xf0\n"
	"	msr	S3_0_C4_C6_0, x0\n"
	"	mov	x0, #1\n"
	"	msr	S3_0_C12_C12_7, x0\n"
	"	isb\n"
	"	mov	w0, #5\n"
	"	str	w0, [x19]\n"
	"	mov	w0, #7\n"
	"	str	w0, [x19]\n"
	"	ldr	w0, [x19]\n"
	"	str	w0, [x20]\n"
	"	ldr	w0, [x19, #0x10]\n"	/* behind its end */
	"	str	w0, [x20, #4]\n"
	"	mov	w0, #1\n"
	"	str	w0, [x19, #8]\n"
	"	msr	daifclr, #2\n"
	"1:	wfi\n"
	"	b	1b\n"
	"	.skip	0x800 - (. - sample_user_start)\n"
	"9:	.skip	0x280\n"
	"	mrs	x0, S3_0_C12_C12_0\n"
	"	str	wzr, [x19, #8]\n"
	"	msr	S3_0_C12_C12_1, x0\n"
	"	str	w0, [x24]\n"
	"	b	.\n");

/**
 * sample_add_devices() - what the guest needs beside the sample device
 * @vm: the VM
 */
void sample_add_devices(struct vm *vm)
{
	vm_add_board_devices(vm);
}

/**
 * sample_load() - put the guest into memory
 * @vm: the VM
 */
void sample_load(struct vm *vm)
{
	vm_load(vm, GUEST_FLAT, &sample_user);
}
