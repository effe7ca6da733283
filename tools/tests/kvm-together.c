// SPDX-License-Identifier: GPL-2.0
/*
 * KVM and axvm on one machine: guests of both on the same CPU, in turns and at the same
 * time; and KVM that comes or goes while a guest of axvm lives.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "kvm.h"
#include "vm.h"
#include "x86.h"

static void load_kvm(void)
{
	if (kvm_present())
		return;
	if (system("modprobe kvm-intel") || !kvm_present())
		skip("there is no kvm-intel to load");
}

static void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

/* --- in turns ----------------------------------------------------------------------------- */

/*
 * A pseudo-random sequence that goes through a general register, memory, a vector register
 * and CR2; each number is written to word 0 and announced by an OUT.
 */
BLOB(sequence, 64,
	"	mov	0x8010, %eax\n"
	"1:	imul	$1103515245, %eax, %eax\n"
	"	add	$12345, %eax\n"
	"	movd	%eax, %xmm5\n"
	"	mov	%rax, %cr2\n"
	"	movl	$0, 0x8000\n"
	"	out	%al, $0x10\n"
	"	mov	%cr2, %rbx\n"
	"	movd	%xmm5, %eax\n"
	"	cmp	%ebx, %eax\n"
	"	jne	2f\n"
	"	mov	%eax, 0x8000\n"
	"	out	%al, $0x10\n"
	"	jmp	1b\n"
	"2:	ud2\n");

static uint32_t next(uint32_t x)
{
	return x * 1103515245 + 12345;
}

static uint32_t *kvm_word(struct kvm *kvm, unsigned int index)
{
	return (uint32_t *)(kvm->memory + GUEST_DATA) + index;
}

static void make_pair(struct kvm *kvm, struct vm *vm, const struct blob *code)
{
	kvm_create(kvm);
	kvm_load(kvm, GUEST_PAGED, code);
	*kvm_word(kvm, 4) = 1;
	vm_create(vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_pc_devices(vm);
	vm_load(vm, GUEST_PAGED, code);
	*vm_word(vm, 4) = 2;
	vm_boot(vm);
}

static bool take_turns(struct kvm *kvm, struct vm *vm)
{
	uint32_t of_kvm = 1, of_axvm = 2;
	int i;

	for (i = 0; i < 1000; i++) {
		if (kvm_run(kvm) != KVM_EXIT_IO || vm_run(vm) != AXVM_EXIT_IO)
			return false;
		if (kvm_run(kvm) != KVM_EXIT_IO || vm_run(vm) != AXVM_EXIT_IO)
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

	load_kvm();
	pin_to(0);
	make_pair(&kvm, &vm, &sequence);
	CHECK(take_turns(&kvm, &vm));
}

/* --- at the same time ----------------------------------------------------------------------- */

/* Counts in word 0; word 1 counts rounds in which registers were not what they should be */
BLOB(keeper, 64,
	"	movq	0x8010, %xmm0\n"
	"	movq	0x8010, %xmm13\n"
	"	mov	0x8010, %r13\n"
	"	mov	%r13, %cr2\n"
	"1:	movq	%xmm0, %rax\n"
	"	movq	%xmm13, %rbx\n"
	"	mov	%cr2, %rcx\n"
	"	cmp	%r13, %rax\n"
	"	jne	2f\n"
	"	cmp	%r13, %rbx\n"
	"	jne	2f\n"
	"	cmp	%r13, %rcx\n"
	"	je	3f\n"
	"2:	incl	0x8004\n"
	"3:	incl	0x8000\n"
	"	cmpl	$0, 0x8008\n"
	"	je	1b\n"
	"	out	%al, $0x10\n");

static void *kvm_thread(void *kvm)
{
	while (kvm_run(kvm) != KVM_EXIT_IO)
		;
	return NULL;
}

static void *axvm_thread(void *vm)
{
	while (vm_run(vm) != AXVM_EXIT_IO)
		;
	return NULL;
}

static void run_both(unsigned int ms)
{
	pthread_t threads[2];
	struct kvm kvm;
	struct vm vm;

	make_pair(&kvm, &vm, &keeper);
	CHECK_EQ(pthread_create(&threads[0], NULL, kvm_thread, &kvm), 0);
	CHECK_EQ(pthread_create(&threads[1], NULL, axvm_thread, &vm), 0);
	CHECK(wait_for(kvm_word(&kvm, 0), 1000));
	CHECK(wait_for(vm_word(&vm, 0), 1000));
	sleep_ms(ms);
	*kvm_word(&kvm, 2) = 1;
	*vm_word(&vm, 2) = 1;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK_EQ(*kvm_word(&kvm, 1), 0);
	CHECK_EQ(*vm_word(&vm, 1), 0);
	kvm_destroy(&kvm);
	vm_destroy(&vm);
}

TEST(together, at_the_same_time_on_one_cpu)
{
	load_kvm();
	pin_to(0);
	run_both(count_of(300, 10000));
}

TEST(together, at_the_same_time_on_all_cpus)
{
	load_kvm();
	run_both(count_of(300, 10000));
}

/* --- KVM comes and goes ---------------------------------------------------------------------- */

BLOB(counter, 64, "1: incl 0x8000\n jmp 1b\n");

static void make_counter(struct vm *vm)
{
	vm_create(vm, 0);
	vm_add_pc_devices(vm);
	vm_load(vm, GUEST_PAGED, &counter);
}

static void start_counter(struct vm *vm)
{
	make_counter(vm);
	vm_start_thread(vm);
	CHECK(wait_for(vm_word(vm, 0), 1));
}

static void check_progress(struct vm *vm)
{
	CHECK(wait_for(vm_word(vm, 0), *vm_word(vm, 0) + 10));
}

static void stop_counter(struct vm *vm)
{
	CHECK_OK(ioctl(vm->fd, AXVM_VM_STOP, 0));
	vm_join_thread(vm);
	vm_destroy(vm);
}

static bool borrowed(void)
{
	struct axvm_info info = { .size = sizeof(info) };

	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &info));
	return info.features & AXVM_FEATURE_BORROWED;
}

/* What one VM has, KVM cannot take: it is told so, and the guest does not notice. */
TEST(together, kvm_is_refused_while_a_guest_has_vmx)
{
	struct vm vm;

	if (kvm_present() && system("rmmod kvm-intel"))
		skip("KVM is in the kernel, or in use");
	start_counter(&vm);
	CHECK(!borrowed());
	CHECK(system("modprobe kvm-intel 2>/dev/null") != 0);
	check_progress(&vm);
	stop_counter(&vm);
	/* With the last VM it is free again. */
	load_kvm();
	start_counter(&vm);
	CHECK(borrowed());
	check_progress(&vm);
	stop_counter(&vm);
}

/* The errno with which vCPU 0 leaves the kernel for good */
static void *run_to_error(void *vm)
{
	int fd = ((struct vm *)vm)->vcpu;

	while (!ioctl(fd, AXVM_VCPU_RUN, 0) || errno == EINTR)
		;
	return (void *)(intptr_t)errno;
}

/* Who lent it takes it away: the guest ends with an error, and the host goes on. */
TEST(together, a_guest_ends_when_kvm_goes)
{
	struct axvm_vm_status status;
	void *error = NULL;
	struct vm vm;

	load_kvm();
	make_counter(&vm);
	vm_boot(&vm);
	CHECK_EQ(pthread_create(&vm.thread, NULL, run_to_error, &vm), 0);
	CHECK(wait_for(vm_word(&vm, 0), 1));
	CHECK(borrowed());
	if (system("rmmod kvm-intel"))
		skip("KVM cannot be unloaded");
	pthread_join(vm.thread, &error);
	CHECK_EQ((intptr_t)error, ENODEV);
	vm_status(&vm, &status);
	CHECK_EQ(status.state, AXVM_STATE_STOPPED);
	CHECK_EQ(status.stop_reason, AXVM_STOP_ERROR);
	CHECK_EQ(status.stop_code, ENODEV);
	vm_destroy(&vm);
	/* The next VM finds VMX free. */
	start_counter(&vm);
	CHECK(!borrowed());
	check_progress(&vm);
	stop_counter(&vm);
}
