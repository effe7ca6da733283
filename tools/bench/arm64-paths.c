// SPDX-License-Identifier: GPL-2.0
/*
 * The guests that measure on arm64. Each has a loop that stores the ticks between two reads
 * of the virtual counter with one instruction, and an ISB, in between.
 */
#include <unistd.h>

#include "pairs.h"

#define PATH_END	0x09040000UL	/* a word in memory */
#define PATH_LAST	0x0e000000UL
#define PATH_OTHERS	0x0c000000UL	/* 16 bytes apart */

/*
 * X19: memory of nobody, X20: samples left, X21: distributor, X22: redistributor,
 * X23: where the next sample goes, X24: the word that ends the guest, X25: UART,
 * X26: SGI 1 to vCPU 0, X27: to vCPU 1 (ICC_SGI1R_EL1: ARM IHI 0069 12.2.20).
 */
#define REGISTERS								\
	"	movz	x19, #0x1000, lsl #16\n"				\
	"	mov	x20, #256\n"						\
	"	movz	x21, #0x0800, lsl #16\n"				\
	"	movz	x22, #0x080a, lsl #16\n"				\
	"	movz	x23, #0x4000, lsl #16\n"				\
	"	add	x23, x23, #8, lsl #12\n"				\
	"	movz	x24, #0x0904, lsl #16\n"				\
	"	movz	x25, #0x0900, lsl #16\n"				\
	"	movz	x26, #0x0100, lsl #16\n"				\
	"	orr	x27, x26, #2\n"						\
	"	orr	x26, x26, #1\n"

/*
 * The GIC: affinity routing and group 1 (GICD_CTLR), the redistributor awake, SGIs in
 * group 1 and enabled, all priorities pass (ICC_PMR_EL1), group 1 on (ICC_IGRPEN1_EL1).
 */
#define GIC									\
	"	mov	w0, #0x12\n"						\
	"	str	w0, [x21]\n"						\
	"	str	wzr, [x22, #0x14]\n"					\
	"	add	x1, x22, #0x10, lsl #12\n"				\
	"	mov	w0, #-1\n"						\
	"	str	w0, [x1, #0x80]\n"					\
	"	mov	w0, #0xffff\n"						\
	"	str	w0, [x1, #0x100]\n"					\
	"	mov	x0, #0xf0\n"						\
	"	msr	S3_0_C4_C6_0, x0\n"					\
	"	mov	x0, #1\n"						\
	"	msr	S3_0_C12_C12_7, x0\n"					\
	"	isb\n"

#define MEASURE(name, set_up, before, instruction, after)			\
	BLOB(name,								\
	     REGISTERS								\
	     set_up								\
	     "1:\n"								\
	     before "\n"							\
	     "	isb\n"								\
	     "	mrs	x4, cntvct_el0\n"					\
	     instruction "\n"							\
	     "	isb\n"								\
	     "	mrs	x5, cntvct_el0\n"					\
	     "	sub	x6, x5, x4\n"						\
	     "	str	w6, [x23], #4\n"					\
	     after "\n"								\
	     "	subs	x20, x20, #1\n"						\
	     "	b.ne	1b\n"							\
	     "	str	wzr, [x24]\n"						\
	     "	b	.\n")

#define LOOP(name, before, instruction, after)					\
	MEASURE(name, GIC, before, instruction, after)

/* ICC_SGI1R_EL1, ICC_IAR1_EL1, ICC_EOIR1_EL1 */
#define SGI_SELF	"	msr	S3_0_C12_C11_5, x26\n"
#define SGI_OTHER	"	msr	S3_0_C12_C11_5, x27\n"
#define ACKNOWLEDGE	"	mrs	x7, S3_0_C12_C12_0\n"
#define END		"	msr	S3_0_C12_C12_1, x7\n"

LOOP(nothing, "", "", "");
LOOP(hvc, "", "movz x0, #0x8400, lsl #16\n hvc #0", "");
LOOP(sysreg, "", "mrs x7, id_aa64isar0_el1", "");
LOOP(gicd_read, "", "ldr w7, [x21, #4]", "");
LOOP(gicd_write, "", "str wzr, [x21, #0x104]", "");
LOOP(gicr_read, "", "ldr w7, [x22, #8]", "");
LOOP(uart_read, "", "ldr w7, [x25, #0x18]", "");
LOOP(sgi_self, "", SGI_SELF, ACKNOWLEDGE END);
LOOP(sgi_taken, "", SGI_SELF "	isb\n" ACKNOWLEDGE, END);
LOOP(sgi_other, "", SGI_OTHER, "");
LOOP(eoi, SGI_SELF "	isb\n" ACKNOWLEDGE, END, "");
LOOP(write_user, "", "str wzr, [x19]", "");
LOOP(read_user, "", "ldr w7, [x19]", "");
MEASURE(read_last, "movz x25, #0x0e00, lsl #16\n", "ldr w7, [x24]", "ldr w7, [x25]", "");

#define PATH(name_, blob, budget_, user_, ours_)				\
	{ .name = name_, .budget = budget_, .user = user_, .only_ours = ours_,	\
	  .code = { [GUEST_FLAT] = &blob } }

const struct family families[] = {
	{ "arm64", GUEST_FLAT },
	{ .name = NULL }
};

const struct path paths[] = {
	PATH("nothing: what counting costs", nothing, 0, false, false),
	PATH("HVC, PSCI_VERSION", hvc, 300, false, false),
	PATH("read of ID_AA64ISAR0_EL1", sysreg, 0, false, false),
	PATH("MMIO read of the distributor", gicd_read, 400, false, false),
	PATH("MMIO write of the distributor", gicd_write, 400, false, false),
	PATH("MMIO read of a redistributor", gicr_read, 400, false, false),
	PATH("MMIO read of the UART", uart_read, 400, false, true),
	PATH("SGI to itself", sgi_self, 500, false, false),
	PATH("SGI to itself, acknowledged", sgi_taken, 0, false, false),
	PATH("SGI to another vCPU, off", sgi_other, 0, false, false),
	PATH("EOI of an SGI", eoi, 0, false, false),
	PATH("MMIO write to userspace and back", write_user, 2000, true, false),
	PATH("MMIO read from userspace and back", read_user, 2000, true, false),
	{ .name = NULL }
};

const struct path path_lookup = PATH("MMIO read", read_last, 0, false, true);

/**
 * path_add_devices() - what a VM has that is measured
 * @vm: the VM
 */
void path_add_devices(struct vm *vm)
{
	close(vm_add_vcpu(vm, 1));
	pair_add_devices(vm);
}

/**
 * path_ended_kvm() - has the guest all samples?
 * @kvm: the VM
 * @reason: KVM_EXIT_*
 *
 * Return: true or false.
 */
bool path_ended_kvm(const struct kvm *kvm, uint32_t reason)
{
	return reason == KVM_EXIT_MMIO && kvm->run->mmio.phys_addr == PATH_END;
}

/**
 * path_add_last() - the device that is looked up, and the one that ends the guest
 * @vm: the VM
 */
void path_add_last(struct vm *vm)
{
	vm_add_debug_exit(vm, PATH_LAST);
	vm_add_debug_exit(vm, PATH_END);
}

/**
 * path_add_other() - another device
 * @vm: the VM
 * @number: which
 */
void path_add_other(struct vm *vm, unsigned int number)
{
	vm_add_debug_exit(vm, PATH_OTHERS + 16 * number);
}

/* --- between two: pairs.h --------------------------------------------------------------------- */

/* PSCI's CPU_ON; vCPU 1 has the next redistributor, and the same code from 1: on. */
BLOB(ipi,
	REGISTERS GIC
	"	movz	x0, #0xc400, lsl #16\n"
	"	movk	x0, #3\n"
	"	mov	x1, #1\n"
	"	adr	x2, 1f\n"
	"	hvc	#0\n"
	"2:	isb\n"
	"	mrs	x4, cntvct_el0\n"
	SGI_OTHER
	"3:	wfi\n"
	ACKNOWLEDGE
	"	cmp	x7, #1020\n"
	"	b.hs	3b\n"
	"	isb\n"
	"	mrs	x5, cntvct_el0\n"
	END
	"	sub	x6, x5, x4\n"
	"	str	w6, [x23], #4\n"
	"	subs	x20, x20, #1\n"
	"	b.ne	2b\n"
	"	str	wzr, [x24]\n"
	"	b	.\n"
	"1:\n"
	REGISTERS
	"	add	x22, x22, #0x20, lsl #12\n"
	GIC
	"4:	wfi\n"
	ACKNOWLEDGE
	"	cmp	x7, #1020\n"
	"	b.hs	4b\n"
	END
	SGI_SELF			/* to vCPU 0, that is */
	"	b	4b\n");

/* SPI 37 is an edge: group 1, enabled, to vCPU 0. GICD_IGROUPR1, ICFGR2, ISENABLER1, IROUTER37 */
#define SPI_37									\
	"	mov	w0, #0x20\n"						\
	"	str	w0, [x21, #0x84]\n"					\
	"	mov	w0, #0x800\n"						\
	"	str	w0, [x21, #0xc08]\n"					\
	"	mov	w0, #0x20\n"						\
	"	str	w0, [x21, #0x104]\n"					\
	"	mov	x0, #0x6128\n"						\
	"	str	xzr, [x21, x0]\n"

/* An answer by MMIO in the handler */
BLOB(interrupt,
	REGISTERS GIC SPI_37
	"	adr	x0, 2f\n"
	"	msr	vbar_el1, x0\n"
	"	isb\n"
	"	msr	daifclr, #2\n"
	"1:	str	wzr, [x19]\n"
	"	b	1b\n"
	"	.skip	0x800 - (. - interrupt_start)\n"
	"2:	.skip	0x280\n"
	"	str	wzr, [x19]\n"
	ACKNOWLEDGE
	END
	"	eret\n");

/*
 * Subscribes to channel 1 of a process, with X28 for where it is; X0 is 1 in a guest that asks.
 * Its doorbell is SPI 37, too.
 */
#define RING									\
	"	movz	x0, #0x4158, lsl #16\n"				\
	"	mov	x1, #0\n"						\
	"	mov	x2, #1\n"						\
	"	hvc	#0\n"
BLOB(doorbell,
	"	mov	x29, x0\n"
	REGISTERS GIC SPI_37
	"	add	x28, x23, #1, lsl #12\n"
	"	mov	x0, #4\n"
	"	mov	x1, #0\n"
	"	mov	x2, #1\n"
	"	mov	x3, x28\n"
	"	add	x4, x28, #8\n"
	"	hvc	#0\n"
	"	str	w0, [x19]\n"
	"	cbnz	x29, 2f\n"
	"1:	wfi\n"
	ACKNOWLEDGE
	"	cmp	x7, #1020\n"
	"	b.hs	1b\n"
	RING
	END
	"	b	1b\n"
	"2:	isb\n"
	"	mrs	x9, cntvct_el0\n"
	RING
	"3:	wfi\n"
	ACKNOWLEDGE
	"	cmp	x7, #1020\n"
	"	b.hs	3b\n"
	"	isb\n"
	"	mrs	x5, cntvct_el0\n"
	END
	"	sub	x6, x5, x9\n"
	"	str	w6, [x23], #4\n"
	"	subs	x20, x20, #1\n"
	"	b.ne	2b\n"
	"	str	wzr, [x24]\n"
	"	b	.\n");

const struct blob *const pair_switch = &write_user;
const enum guest_mode pair_mode = GUEST_FLAT;
const uint32_t pair_kvm_irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 37;
const uint32_t pair_axvm_irq = 37;

/**
 * pair_add_devices() - interrupt controller, and what ends the guest
 * @vm: the VM
 */
void pair_add_devices(struct vm *vm)
{
	vm_add_board_devices(vm);
	vm_add_debug_exit(vm, PATH_END);
}

/**
 * pair_now() - the counter, as userspace reads it
 *
 * Return: ticks.
 */
uint64_t pair_now(void)
{
	uint64_t now;

	asm volatile("isb\n mrs %0, cntvct_el0" : "=r" (now) : : "memory");
	return now;
}

static void load(struct box *box, const struct blob *code)
{
	if (box->ours)
		vm_load(&box->vm, GUEST_FLAT, code);
	else
		kvm_load(&box->kvm, GUEST_FLAT, code);
}

/**
 * pair_load_ipi() - the guest of two vCPUs
 * @box: the VM
 * @other: vCPU 1, which vCPU 0 switches on
 */
void pair_load_ipi(struct box *box, int other)
{
	(void)other;
	load(box, &ipi);
}

/**
 * pair_load_interrupt() - the guest that is interrupted
 * @box: the VM
 */
void pair_load_interrupt(struct box *box)
{
	load(box, &interrupt);
}

/**
 * pair_load_doorbell() - the guest that answers doorbells, or asks by one
 * @vm: the VM
 * @asks: it asks
 */
void pair_load_doorbell(struct vm *vm, bool asks)
{
	struct axvm_arm64_regs regs;

	vm_load(vm, GUEST_FLAT, &doorbell);
	vm_get_regs(vm, &regs);
	regs.x[0] = asks;
	vm_set_regs(vm, &regs);
}

/**
 * pair_kvm_second() - vCPU 1
 * @kvm: the VM
 *
 * Return: its descriptor.
 */
int pair_kvm_second(struct kvm *kvm)
{
	return kvm->other;
}
