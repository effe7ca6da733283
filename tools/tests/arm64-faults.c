// SPDX-License-Identifier: GPL-2.0
/* faults.c on arm64. */
#include "faults.h"

const struct axvm_create_device fault_devices[] = {
	{ .name = "GICv3", .type = AXVM_DEV_GICV3, .base = GUEST_GICD, .nr_cfg = 1,
	  .cfg = { GUEST_GICR } },
	{ .name = "UART", .type = AXVM_DEV_CONSOLE, .base = GUEST_UART, .length = 0x1000,
	  .irq = 33 },
	{ .name = "RTC", .type = AXVM_DEV_PL031, .base = GUEST_UART + 0x10000, .length = 0x1000,
	  .irq = 34 },
	{ .name = "debug exit", .type = AXVM_DEV_DEBUG_EXIT, .base = GUEST_EXIT, .length = 4,
	  .nr_cfg = 1, .cfg = { 1 } },
	{ .name = "" }
};

/**
 * fault_add_devices() - what the guest wants, and a console
 * @vm: the VM
 *
 * Return: the console's number.
 */
uint32_t fault_add_devices(struct vm *vm)
{
	vm_add_board_devices(vm);
	return vm_add_device(vm, AXVM_DEV_CONSOLE, GUEST_UART + 0x20000, 0x1000, 35);
}

/* Writes to 14 pages, 2 MiB apart from each other, and touches a device */
BLOB(walker,
	"	movz	x0, #0x4020, lsl #16\n"
	"	mov	w1, #14\n"
	"1:	str	w1, [x0]\n"
	"	add	x0, x0, #0x200, lsl #12\n"
	"	subs	w1, w1, #1\n"
	"	b.ne	1b\n"
	"	movz	x0, #0x0800, lsl #16\n"
	"	ldr	w1, [x0]\n"
	"	ldr	w2, [x0, #4]!\n"
	"	movz	x0, #0x0903, lsl #16\n"
	"	mov	w1, #0x5a\n"
	"	str	w1, [x0]\n"
	"	b	.\n");

/**
 * fault_load_walker() - a guest that touches memory and a device, and ends with 0x5a
 * @vm: the VM, with 32 MiB
 */
void fault_load_walker(struct vm *vm)
{
	vm_load(vm, GUEST_FLAT, &walker);
}
