/* SPDX-License-Identifier: GPL-2.0 */
/* x86's part of vm.h, which includes it. */
#ifndef TESTS_X86_VM_H
#define TESTS_X86_VM_H

/* Where things are in a guest's memory */
#define GUEST_RAM	0x0
#define GUEST_CODE	0x1000
#define GUEST_STACK	0x7000		/* grows down */
#define GUEST_DATA	0x8000		/* the guest's own */
#define GUEST_TABLES	0x10000		/* page tables, GUEST_PAGED: 24 KiB */

/* Tables that vm_load_interruptible() writes; a handler is at GUEST_CODE + 0x100 */
#define GUEST_GDT	0x2000
#define GUEST_IDT	0x2800
#define GUEST_HANDLER	(GUEST_CODE + 0x100)

/* The debug-exit port */
#define GUEST_EXIT	0xf4

/* In which mode a guest starts; all segments are flat */
enum guest_mode {
	GUEST_REAL,	/* real mode, CS:IP 0:GUEST_CODE */
	GUEST_FLAT,	/* 32 bits, no paging */
	GUEST_PAGED,	/* 64 bits, 4-level paging, 4 GiB mapped one to one by 2 MiB pages */
	NR_GUEST_MODES
};

/*
 * BLOB(name, bits, "instructions"): a guest's code in this file. `bits` is 16, 32 or 64.
 */
#define BLOB(name, bits, text)							\
	extern const char name##_start[], name##_end[];			\
	asm(".pushsection .rodata\n"						\
	    ".code" #bits "\n"							\
	    #name "_start:\n" text "\n" #name "_end:\n"				\
	    ".code64\n.popsection");						\
	static const struct blob name = { name##_start, name##_end }

void vm_add_pc_devices(struct vm *vm);
void vm_load_interruptible(struct vm *vm, const struct blob *code);
void vm_get_regs(struct vm *vm, struct axvm_x86_regs *regs);
void vm_set_regs(struct vm *vm, const struct axvm_x86_regs *regs);
void write_page_tables(uint8_t *memory);
void write_descriptor_tables(uint8_t *memory);

#endif /* TESTS_X86_VM_H */
