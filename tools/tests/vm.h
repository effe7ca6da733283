/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small virtual machine for tests and benchmarks: one slot of memory from GUEST_RAM on,
 * vCPU 0, and the code of a guest at GUEST_CODE. What differs between the families is in
 * x86-vm.h and arm64-vm.h.
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

#define GUEST_MEMORY	0x200000	/* bytes a VM has if it does not say */

/* A guest's code, as the assembler left it in this program */
struct blob {
	const char *start;
	const char *end;
};

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
uint32_t vm_create_device(struct vm *vm, struct axvm_create_device *device);
uint32_t vm_add_device(struct vm *vm, uint32_t type, uint64_t base, uint64_t length, uint32_t irq);
void vm_boot(struct vm *vm);
uint32_t vm_run(struct vm *vm);
uint64_t vm_finish(struct vm *vm);
void vm_start_thread(struct vm *vm);
void vm_join_thread(struct vm *vm);
void vm_inject(struct vm *vm, uint32_t vector);
uint64_t vm_count(struct vm *vm, const char *what);
void vm_status(struct vm *vm, struct axvm_vm_status *status);
void vm_destroy(struct vm *vm);

void sleep_ms(unsigned int ms);
bool wait_for(const uint32_t *value, uint32_t at_least);

#ifdef __aarch64__
#include "arm64-vm.h"
#else
#include "x86-vm.h"
#endif

void vm_load(struct vm *vm, enum guest_mode mode, const struct blob *code);
unsigned long long vm_pc(struct vm *vm);

/* A word of the guest's data */
static inline uint32_t *vm_word(struct vm *vm, unsigned int index)
{
	return (uint32_t *)(vm->memory + GUEST_DATA) + index;
}

#endif /* TESTS_VM_H */
