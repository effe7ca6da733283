/* SPDX-License-Identifier: GPL-2.0 */
/* arm64's part of vm.h, which includes it. */
#ifndef TESTS_ARM64_VM_H
#define TESTS_ARM64_VM_H

/* Where the guest's memory is, and where things are in it */
#define GUEST_RAM	0x40000000UL
#define GUEST_CODE	0x1000
#define GUEST_STACK	0x7000		/* grows down */
#define GUEST_DATA	0x8000		/* the guest's own */

/* Devices, at the places that the launcher gives them; a debug exit */
#define GUEST_GICD	0x08000000UL
#define GUEST_GICR	0x080a0000UL
#define GUEST_UART	0x09000000UL
#define GUEST_EXIT	0x09030000UL

/* In which mode a guest starts */
enum guest_mode {
	GUEST_FLAT,	/* EL1, interrupts masked, no translation */
	NR_GUEST_MODES
};

/* BLOB(name, "instructions"): a guest's code in this file */
#define BLOB(name, text)							\
	extern const char name##_start[], name##_end[];			\
	asm(".pushsection .rodata\n"						\
	    ".balign 4\n"							\
	    #name "_start:\n" text "\n" #name "_end:\n"				\
	    ".popsection");							\
	static const struct blob name = { name##_start, name##_end }

void vm_add_board_devices(struct vm *vm);
void vm_add_debug_exit(struct vm *vm, uint64_t base);
int vm_add_vcpu(struct vm *vm, uint32_t id);
void vm_get_regs(struct vm *vm, struct axvm_arm64_regs *regs);
void vm_set_regs(struct vm *vm, const struct axvm_arm64_regs *regs);

#endif /* TESTS_ARM64_VM_H */
