// SPDX-License-Identifier: GPL-2.0
/* x86's part of the small virtual machine on /dev/axvm: see x86-vm.h. */
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"
#include "x86.h"

/**
 * vm_add_pc_devices() - interrupt controllers, timer, and debug exit at GUEST_EXIT
 * @vm: the VM
 */
void vm_add_pc_devices(struct vm *vm)
{
	vm_add_device(vm, AXVM_DEV_LAPIC, X86_LAPIC, 0, 0);
	vm_add_device(vm, AXVM_DEV_PIC, 0, 0, 0);
	vm_add_device(vm, AXVM_DEV_IOAPIC, X86_IOAPIC, 0, 0);
	vm_add_device(vm, AXVM_DEV_PIT, 0, 0, 0);
	vm_add_device(vm, AXVM_DEV_DEBUG_EXIT, GUEST_EXIT, 4, 0);
}

/**
 * write_page_tables() - map 4 GiB one to one at GUEST_TABLES
 * @memory: the guest's
 */
void write_page_tables(uint8_t *memory)
{
	uint64_t *table = (uint64_t *)(memory + GUEST_TABLES);
	uint64_t *directories = table + 2 * 512;
	unsigned int i;

	/* Level 4, level 3, and four directories of 2 MiB pages */
	table[0] = (GUEST_TABLES + 4096) | PTE_PRESENT | PTE_WRITE | PTE_USER;
	for (i = 0; i < 4; i++)
		table[512 + i] = (GUEST_TABLES + 8192 + 4096 * i) | PTE_PRESENT | PTE_WRITE |
				 PTE_USER;
	for (i = 0; i < 4 * 512; i++)
		directories[i] = (uint64_t)i << 21 | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_LARGE;
}

static void set_segments(struct axvm_x86_regs *regs, uint16_t selector, uint32_t limit,
			 uint32_t code, uint32_t data)
{
	static const uint8_t data_segments[] = {
		AXVM_X86_ES, AXVM_X86_SS, AXVM_X86_DS, AXVM_X86_FS, AXVM_X86_GS,
	};
	unsigned int i;

	regs->seg[AXVM_X86_CS] = (struct axvm_x86_segment){
		.selector = selector, .limit = limit, .attr = code,
	};
	for (i = 0; i < sizeof(data_segments); i++)
		regs->seg[data_segments[i]] = (struct axvm_x86_segment){
			.selector = selector ? selector + 8 : 0, .limit = limit, .attr = data,
		};
}

/**
 * vm_load() - put a guest's code into memory and set the registers for its start
 * @vm: a VM, not running
 * @mode: how it starts
 * @code: its code
 */
void vm_load(struct vm *vm, enum guest_mode mode, const struct blob *code)
{
	struct axvm_x86_regs regs;

	memcpy(vm->memory + GUEST_CODE, code->start, code->end - code->start);
	vm_get_regs(vm, &regs);
	memset(regs.gpr, 0, sizeof(regs.gpr));
	regs.rip = GUEST_CODE;
	regs.gpr[AXVM_X86_RSP] = GUEST_STACK;
	regs.cr0 = X86_CR0_ET;
	regs.cr3 = 0;
	regs.cr4 = 0;
	regs.efer = 0;
	if (mode == GUEST_REAL) {
		set_segments(&regs, 0, 0xffff, X86_CODE16, X86_DATA16);
	} else {
		regs.cr0 |= X86_CR0_PE | X86_CR0_NE;
		set_segments(&regs, 8, ~0U, X86_CODE32, X86_DATA32);
	}
	if (mode == GUEST_PAGED) {
		write_page_tables(vm->memory);
		regs.cr0 |= X86_CR0_PG;
		regs.cr3 = GUEST_TABLES;
		regs.cr4 = X86_CR4_PAE | X86_CR4_OSFXSR;
		regs.efer = EFER_LME | EFER_LMA;
		regs.seg[AXVM_X86_CS].attr = X86_CODE64;
	}
	vm_set_regs(vm, &regs);
}

/**
 * write_descriptor_tables() - a gate to GUEST_HANDLER for each vector, and flat segments
 * @memory: the guest's
 */
void write_descriptor_tables(uint8_t *memory)
{
	uint64_t *gdt = (uint64_t *)(memory + GUEST_GDT), *idt = (uint64_t *)(memory + GUEST_IDT);
	unsigned int i;

	gdt[0] = 0;
	gdt[1] = 0x00cf9b000000ffff;	/* code, 32 bits, 4 GiB */
	gdt[2] = 0x00cf93000000ffff;	/* data */
	for (i = 0; i < 256; i++)	/* interrupt gates (SDM Vol. 3A 6.11) */
		idt[i] = 0x00008e0000080000 | GUEST_HANDLER;
}

/**
 * vm_load_interruptible() - as vm_load() with GUEST_FLAT, and all vectors go to GUEST_HANDLER
 * @vm: a VM, not running
 * @code: its code, with a handler at offset 0x100
 */
void vm_load_interruptible(struct vm *vm, const struct blob *code)
{
	struct axvm_x86_regs regs;

	vm_load(vm, GUEST_FLAT, code);
	write_descriptor_tables(vm->memory);
	vm_get_regs(vm, &regs);
	regs.gdt_base = GUEST_GDT;
	regs.gdt_limit = 3 * 8 - 1;
	regs.idt_base = GUEST_IDT;
	regs.idt_limit = 256 * 8 - 1;
	vm_set_regs(vm, &regs);
}

/**
 * vm_get_regs() - read the registers of vCPU 0
 * @vm: the VM
 * @regs: filled in
 */
void vm_get_regs(struct vm *vm, struct axvm_x86_regs *regs)
{
	regs->size = sizeof(*regs);
	if (ioctl(vm->vcpu, AXVM_VCPU_GET_REGS, regs))
		die("AXVM_VCPU_GET_REGS");
}

/**
 * vm_set_regs() - write the registers of vCPU 0
 * @vm: the VM
 * @regs: them
 */
void vm_set_regs(struct vm *vm, const struct axvm_x86_regs *regs)
{
	if (ioctl(vm->vcpu, AXVM_VCPU_SET_REGS, regs))
		die("AXVM_VCPU_SET_REGS");
}

/**
 * vm_pc() - where vCPU 0 stopped with a triple fault
 * @vm: the VM
 *
 * Return: RIP.
 */
unsigned long long vm_pc(struct vm *vm)
{
	return vm->run->regs.x86.rip;
}
