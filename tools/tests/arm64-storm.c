// SPDX-License-Identifier: GPL-2.0
/* arm64's guest that counts its interrupts: see storm.h. */
#include <sys/ioctl.h>

#include "storm.h"

#define STACKS		0x20000

/* X0: number of the vCPU; X19: its struct storm_control; X20: where it counts */
BLOB(counting,
	"	adr	x1, 9f\n"
	"	msr	vbar_el1, x1\n"
	"	mov	x1, #7\n"
	"	msr	S3_0_C12_C12_5, x1\n"		/* ICC_SRE_EL1 */
	"	isb\n"
	"	mov	x1, #0xff\n"
	"	msr	S3_0_C4_C6_0, x1\n"		/* ICC_PMR_EL1 */
	"	mov	x1, #1\n"
	"	msr	S3_0_C12_C12_7, x1\n"		/* ICC_IGRPEN1_EL1 */
	"	isb\n"
	"	movz	x3, #0x080a, lsl #16\n"		/* the redistributor */
	"	add	x3, x3, x0, lsl #17\n"
	"	str	wzr, [x3, #0x14]\n"		/* GICR_WAKER */
	"	add	x3, x3, #0x10, lsl #12\n"
	"	mov	w4, #0xffffff\n"
	"	str	w4, [x3, #0x100]\n"		/* GICR_ISENABLER0: SGIs, PPIs */
	"	cbnz	x0, 1f\n"
	"	movz	x3, #0x0800, lsl #16\n"		/* the distributor */
	"	mov	w4, #2\n"
	"	str	w4, [x3]\n"			/* GICD_CTLR: Group 1 */
	"	mov	w4, #0xaaaaaaaa\n"
	"	str	w4, [x3, #0xc0c]\n"		/* GICD_ICFGR3, 4: 48 to 79 are edges */
	"	str	w4, [x3, #0xc10]\n"
	"	movz	w4, #0x400\n"
	"	movk	w4, #0xff, lsl #16\n"
	"	str	w4, [x3, #0x104]\n"		/* GICD_ISENABLER1: 42, 48 to 55 */
	"	mov	w4, #0xffff\n"
	"	str	w4, [x3, #0x108]\n"		/* GICD_ISENABLER2: 64 to 79 */
	"	add	x5, x3, #6, lsl #12\n"
	"	mov	x4, #1\n"
	"	str	x4, [x5, #8 * 42]\n"		/* GICD_IROUTER: to vCPU 1 */
	"	mov	x6, #72\n"
	"4:	str	x4, [x5, x6, lsl #3]\n"
	"	add	x6, x6, #1\n"
	"	cmp	x6, #80\n"
	"	b.lo	4b\n"
	"1:	mov	w4, #1\n"
	"	str	w4, [x19, #28]\n"
	"1:	msr	daifset, #2\n"		/* what comes from here on ends the WFI */
	"	ldr	w0, [x19]\n"
	"	add	w0, w0, #1\n"
	"	str	w0, [x19]\n"
	"	ldr	w1, [x19, #4]\n"
	"	ldr	w2, [x19, #8]\n"
	"	cmp	w1, w2\n"
	"	b.hs	2f\n"
	"	ldr	w3, [x19, #20]\n"
	"	ldr	w4, [x3]\n"
	"	cmp	w4, w1\n"
	"	b.ne	2f\n"
	"	add	w1, w1, #1\n"
	"	str	w1, [x19, #4]\n"
	"	ldr	x5, [x19, #32]\n"
	"	msr	S3_0_C12_C11_5, x5\n"		/* ICC_SGI1R_EL1 */
	"	isb\n"
	"2:	ldr	w2, [x19, #24]\n"
	"	tst	w0, w2\n"
	"	b.ne	3f\n"
	"	wfi\n"
	"3:	msr	daifclr, #2\n"
	"	isb\n"
	"	b	1b\n"
	"	.skip	0x800 - (. - counting_start)\n"
	"9:	.skip	0x280\n"
	"	stp	x0, x1, [sp, #-32]!\n"
	"	str	x2, [sp, #16]\n"
	"	mrs	x0, S3_0_C12_C12_0\n"		/* ICC_IAR1_EL1 */
	"	cmp	x0, #1020\n"
	"	b.hs	3f\n"
	"	add	x1, x20, x0, lsl #2\n"
	"	ldr	w2, [x1]\n"
	"	add	w2, w2, #1\n"
	"	str	w2, [x1]\n"
	"	msr	S3_0_C12_C12_1, x0\n"		/* ICC_EOIR1_EL1 */
	"	isb\n"
	"3:	ldr	x2, [sp, #16]\n"
	"	ldp	x0, x1, [sp], #32\n"
	"	eret\n");

static uint64_t guest_address(struct storm *storm, void *at)
{
	return GUEST_RAM + ((uint8_t *)at - storm->vm.memory);
}

/**
 * storm_add_devices() - what the guest needs
 * @storm: the VM
 */
void storm_add_devices(struct storm *storm)
{
	vm_add_board_devices(&storm->vm);
}

/**
 * storm_load() - code and the registers of all vCPUs
 * @storm: the VM
 */
void storm_load(struct storm *storm)
{
	struct axvm_arm64_regs regs = { .size = sizeof(regs) };
	unsigned int i;

	vm_load(&storm->vm, GUEST_FLAT, &counting);
	vm_get_regs(&storm->vm, &regs);
	for (i = 0; i < STORM_VCPUS; i++) {
		regs.x[0] = i;
		regs.x[19] = guest_address(storm, storm_control(storm, i));
		regs.x[20] = guest_address(storm, storm_count(storm, i, 0));
		regs.sp_el1 = GUEST_RAM + STACKS + (i + 1) * 0x1000;
		if (ioctl(storm->vcpu[i], AXVM_VCPU_SET_REGS, &regs))
			die("AXVM_VCPU_SET_REGS");
	}
}
