// SPDX-License-Identifier: GPL-2.0
/* faults.c on x86. */
#include "faults.h"
#include "x86.h"

const struct axvm_create_device fault_devices[] = {
	{ .name = "local APIC", .type = AXVM_DEV_LAPIC, .base = X86_LAPIC },
	{ .name = "8259A", .type = AXVM_DEV_PIC },
	{ .name = "IOAPIC", .type = AXVM_DEV_IOAPIC, .base = X86_IOAPIC },
	{ .name = "8254", .type = AXVM_DEV_PIT },
	{ .name = "UART", .type = AXVM_DEV_CONSOLE, .base = 0x3f8, .irq = 4 },
	{ .name = "RTC", .type = AXVM_DEV_RTC_CMOS, .irq = 8 },
	{ .name = "ACPI PM", .type = AXVM_DEV_ACPI_PM, .base = 0x600, .irq = 9 },
	{ .name = "reset", .type = AXVM_DEV_PC_RESET },
	{ .name = "debug exit", .type = AXVM_DEV_DEBUG_EXIT, .base = GUEST_EXIT },
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
	vm_add_pc_devices(vm);
	return vm_add_device(vm, AXVM_DEV_CONSOLE, 0x3f8, 8, 4);
}

/* Writes to 14 pages, 2 MiB apart from each other, and touches a device */
BLOB(walker, 64,
	"	mov	$0x200000, %ebx\n"
	"	mov	$14, %ecx\n"
	"1:	movl	$1, (%rbx)\n"
	"	add	$0x200000, %rbx\n"
	"	loop	1b\n"
	"	mov	$0xfec00000, %ebx\n"
	"	mov	(%rbx), %eax\n"
	"	incl	(%rbx)\n"
	"	mov	$0x5a, %al\n"
	"	out	%al, $0xf4\n");

/**
 * fault_load_walker() - a guest that touches memory and a device, and ends with 0x5a
 * @vm: the VM, with 32 MiB
 */
void fault_load_walker(struct vm *vm)
{
	vm_load(vm, GUEST_PAGED, &walker);
}
