// SPDX-License-Identifier: GPL-2.0
/* KVM and axvm on one arm64 CPU: guests of both in turns and at the same time. */
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "check.h"
#include "kvm.h"
#include "vm.h"

/*
 * A pseudo-random sequence that goes through a general register, memory, a vector register,
 * registers of EL1 and of EL0; each number is written to word 0 and announced by a store to
 * memory of nobody. X20: the data, X21: nobody's memory.
 */
BLOB(sequence,
	"	movz	x20, #0x4000, lsl #16\n"
	"	add	x20, x20, #8, lsl #12\n"
	"	movz	x21, #0x1000, lsl #16\n"
	"	mov	x0, #(3 << 20)\n"
	"	msr	cpacr_el1, x0\n"
	"	isb\n"
	"	ldr	w0, [x20, #16]\n"
	"	movz	w1, #0x4e6d\n"
	"	movk	w1, #0x41c6, lsl #16\n"
	"	mov	w2, #12345\n"
	"1:	madd	w0, w0, w1, w2\n"
	"	fmov	s5, w0\n"
	"	msr	tpidr_el1, x0\n"
	"	msr	tpidr_el0, x0\n"
	"	msr	far_el1, x0\n"
	"	str	wzr, [x20]\n"
	"	str	wzr, [x21]\n"
	"	mrs	x3, tpidr_el1\n"
	"	mrs	x4, tpidr_el0\n"
	"	mrs	x5, far_el1\n"
	"	fmov	w6, s5\n"
	"	cmp	w0, w3\n"
	"	ccmp	w0, w4, #0, eq\n"
	"	ccmp	w0, w5, #0, eq\n"
	"	ccmp	w0, w6, #0, eq\n"
	"	b.ne	2f\n"
	"	str	w0, [x20]\n"
	"	str	wzr, [x21]\n"
	"	b	1b\n"
	"2:	wfi\n"
	"	b	2b\n");

static uint32_t next(uint32_t x)
{
	return x * 1103515245 + 12345;
}

static void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

static uint32_t *kvm_word(struct kvm *kvm, unsigned int index)
{
	return (uint32_t *)(kvm->memory + GUEST_DATA) + index;
}

static void make_pair(struct kvm *kvm, struct vm *vm)
{
	if (!kvm_present())
		skip("the host has no KVM");
	kvm_create(kvm);
	kvm_load(kvm, GUEST_FLAT, &sequence);
	*kvm_word(kvm, 4) = 1;
	vm_create(vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_board_devices(vm);
	vm_load(vm, GUEST_FLAT, &sequence);
	*vm_word(vm, 4) = 2;
	vm_boot(vm);
}

static bool kvm_step(struct kvm *kvm)
{
	return kvm_run(kvm) == KVM_EXIT_MMIO;
}

static bool axvm_step(struct vm *vm)
{
	return vm_run(vm) == AXVM_EXIT_MMIO;
}

static bool take_turns(struct kvm *kvm, struct vm *vm)
{
	uint32_t of_kvm = 1, of_axvm = 2;
	int i;

	for (i = 0; i < 1000; i++) {
		if (!kvm_step(kvm) || !axvm_step(vm) || !kvm_step(kvm) || !axvm_step(vm))
			return false;
		of_kvm = next(of_kvm);
		of_axvm = next(of_axvm);
		if (*kvm_word(kvm, 0) != of_kvm || *vm_word(vm, 0) != of_axvm)
			return false;
	}
	return true;
}

TEST(together, a_thousand_turns_on_one_cpu)
{
	struct kvm kvm;
	struct vm vm;

	pin_to(0);
	make_pair(&kvm, &vm);
	CHECK(take_turns(&kvm, &vm));
}

/* --- at the same time --------------------------------------------------------------------------- */

static bool stop;

static void *kvm_thread(void *arg)
{
	struct kvm *kvm = arg;
	uint32_t value = 1, wrong = 0;

	pin_to(0);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		wrong += !kvm_step(kvm) || !kvm_step(kvm);
		value = next(value);
		wrong += *kvm_word(kvm, 0) != value;
	}
	CHECK_EQ(wrong, 0);
	return NULL;
}

TEST(together, at_the_same_time)
{
	uint32_t value = 2, wrong = 0;
	pthread_t thread;
	struct kvm kvm;
	struct vm vm;
	int i;

	pin_to(0);
	make_pair(&kvm, &vm);
	CHECK_EQ(pthread_create(&thread, NULL, kvm_thread, &kvm), 0);
	for (i = 0; i < 20000 * count_of(1, 20); i++) {
		wrong += !axvm_step(&vm) || !axvm_step(&vm);
		value = next(value);
		wrong += *vm_word(&vm, 0) != value;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK_EQ(wrong, 0);
}
