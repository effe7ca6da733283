/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small virtual machine for tests and benchmarks: one slot of memory from address 0,
 * vCPU 0, and the code of a guest at GUEST_CODE.
 *
 * Whatever fails here ends the process with a line that says what and where.
 */
#ifndef TESTS_VM_H
#define TESTS_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../uapi/axvm.h"

/* Where things are in a guest's memory */
#define GUEST_CODE	0x1000
#define GUEST_STACK	0x7000		/* grows down */
#define GUEST_DATA	0x8000		/* the guest's own */
#define GUEST_TABLES	0x10000		/* page tables, GUEST_PAGED: 24 KiB */
#define GUEST_MEMORY	0x200000	/* bytes a VM has if it does not say */

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
};

/* A guest's code, as the assembler left it in this program */
struct blob {
	const char *start;
	const char *end;
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

struct vm {
	int fd;
	int vcpu;
	uint32_t id;
	struct axvm_run *run;
	uint8_t *memory;
	size_t size;
	pthread_t thread;
};

void die(const char *what, ...) __attribute__((format(printf, 1, 2), noreturn));

int vm_system(void);
void vm_create(struct vm *vm, uint32_t flags);
void vm_create_sized(struct vm *vm, uint32_t flags, size_t size);
void vm_set_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, void *memory,
		 size_t length);
void vm_add_pc_devices(struct vm *vm);
uint32_t vm_add_device(struct vm *vm, uint32_t type, uint64_t base, uint64_t length, uint32_t irq);
void vm_load(struct vm *vm, enum guest_mode mode, const struct blob *code);
void vm_load_interruptible(struct vm *vm, const struct blob *code);
void vm_get_regs(struct vm *vm, struct axvm_x86_regs *regs);
void vm_set_regs(struct vm *vm, const struct axvm_x86_regs *regs);
void vm_boot(struct vm *vm);
uint32_t vm_run(struct vm *vm);
uint64_t vm_finish(struct vm *vm);
void vm_start_thread(struct vm *vm);
void vm_join_thread(struct vm *vm);
void vm_inject(struct vm *vm, uint32_t vector);
uint64_t vm_count(struct vm *vm, const char *what);
void vm_status(struct vm *vm, struct axvm_vm_status *status);
void vm_destroy(struct vm *vm);

void write_page_tables(uint8_t *memory);
void sleep_ms(unsigned int ms);
bool wait_for(const uint32_t *value, uint32_t at_least);

/* A word of the guest's data */
static inline uint32_t *vm_word(struct vm *vm, unsigned int index)
{
	return (uint32_t *)(vm->memory + GUEST_DATA) + index;
}

#endif /* TESTS_VM_H */
