// SPDX-License-Identifier: GPL-2.0
/* A small virtual machine on /dev/axvm, whichever family: see vm.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

/**
 * die() - end the process with a message
 * @what: printf format; errno's text follows if errno is set
 */
void die(const char *what, ...)
{
	int error = errno;
	va_list args;

	fflush(stdout);
	va_start(args, what);
	vfprintf(stderr, what, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

/**
 * vm_system() - /dev/axvm, opened once
 *
 * Return: its descriptor.
 */
int vm_system(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/axvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/axvm");
	return fd;
}

/**
 * vm_create() - a VM with GUEST_MEMORY bytes of memory and vCPU 0
 * @vm: filled in
 * @flags: AXVM_VM_*
 */
void vm_create(struct vm *vm, uint32_t flags)
{
	vm_create_sized(vm, flags, GUEST_MEMORY);
}

/**
 * vm_create_sized() - a VM with memory from GUEST_RAM on and vCPU 0
 * @vm: filled in
 * @flags: AXVM_VM_*
 * @size: bytes of memory
 */
void vm_create_sized(struct vm *vm, uint32_t flags, size_t size)
{
	struct axvm_create_vm create = {
		.size = sizeof(create),
		.flags = flags,
		.interrupt_mode = AXVM_IRQ_EMULATED,
		.name = "test",
	};
	struct axvm_create_vcpu vcpu = { .size = sizeof(vcpu) };

	memset(vm, 0, sizeof(*vm));
	vm->fd = ioctl(vm_system(), AXVM_CREATE_VM, &create);
	if (vm->fd < 0)
		die("AXVM_CREATE_VM");
	vm->id = create.id;
	vm->size = size;
	vm->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm->memory == MAP_FAILED)
		die("mmap of %zu bytes", size);
	vm_set_slot(vm, 0, 0, GUEST_RAM, vm->memory, size);
	vm->vcpu = ioctl(vm->fd, AXVM_VM_CREATE_VCPU, &vcpu);
	if (vm->vcpu < 0)
		die("AXVM_VM_CREATE_VCPU");
	vm->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		die("mmap of a run page");
}

/**
 * vm_set_slot() - give the VM memory
 * @vm: the VM
 * @slot: slot number
 * @flags: AXVM_MEM_*
 * @gpa: guest-physical address
 * @memory: what is there
 * @length: bytes
 */
void vm_set_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, void *memory,
		 size_t length)
{
	struct axvm_memory mem = {
		.size = sizeof(mem),
		.slot = slot,
		.flags = flags,
		.gpa = gpa,
		.length = length,
		.hva = (uintptr_t)memory,
	};

	if (ioctl(vm->fd, AXVM_VM_SET_MEMORY, &mem))
		die("AXVM_VM_SET_MEMORY: slot %u", slot);
}

/**
 * vm_add_device() - make a device
 * @vm: the VM
 * @type: AXVM_DEV_*
 * @base: first address or port; 0: the type's own
 * @length: bytes or ports; 0: the type's own
 * @irq: its line
 *
 * Return: its number.
 */
uint32_t vm_add_device(struct vm *vm, uint32_t type, uint64_t base, uint64_t length, uint32_t irq)
{
	struct axvm_create_device device = {
		.type = type,
		.base = base,
		.length = length,
		.irq = irq,
	};

	return vm_create_device(vm, &device);
}

/**
 * vm_create_device() - make a device that has settings of its own
 * @vm: the VM
 * @device: what is asked for
 *
 * Return: its number.
 */
uint32_t vm_create_device(struct vm *vm, struct axvm_create_device *device)
{
	device->size = sizeof(*device);
	if (ioctl(vm->fd, AXVM_VM_CREATE_DEVICE, device))
		die("AXVM_VM_CREATE_DEVICE: type %#x", device->type);
	if (device->fd >= 0)
		close(device->fd);
	return device->id;
}

/**
 * vm_boot() - let the VM run
 * @vm: the VM
 */
void vm_boot(struct vm *vm)
{
	if (ioctl(vm->fd, AXVM_VM_BOOT, 0))
		die("AXVM_VM_BOOT");
}

/**
 * vm_run() - run vCPU 0 until it leaves the kernel
 * @vm: the VM
 *
 * Return: AXVM_EXIT_*.
 */
uint32_t vm_run(struct vm *vm)
{
	if (ioctl(vm->vcpu, AXVM_VCPU_RUN, 0) && errno != EINTR)
		die("AXVM_VCPU_RUN");
	return vm->run->exit_reason;
}

/**
 * vm_finish() - run vCPU 0 until the guest writes to its debug-exit device
 * @vm: the VM; no exit for userspace comes before
 *
 * Return: what it wrote.
 */
uint64_t vm_finish(struct vm *vm)
{
	struct axvm_vm_status status;
	uint32_t reason;

	do {
		reason = vm_run(vm);
	} while (reason == AXVM_EXIT_INTR);
	vm_status(vm, &status);
	errno = 0;
	if (reason != AXVM_EXIT_STOPPED || status.stop_reason != AXVM_STOP_DEBUG_EXIT)
		die("the guest left for reason %u; stop reason %u, code %#llx, PC %#llx", reason,
		    status.stop_reason, status.stop_code, vm_pc(vm));
	return status.stop_code;
}

static void *run_thread(void *vm)
{
	while (vm_run(vm) == AXVM_EXIT_INTR)
		;
	return NULL;
}

/**
 * vm_start_thread() - boot the VM and run vCPU 0 in a thread, up to its first exit
 * @vm: the VM
 */
void vm_start_thread(struct vm *vm)
{
	vm_boot(vm);
	errno = pthread_create(&vm->thread, NULL, run_thread, vm);
	if (errno)
		die("pthread_create");
}

/**
 * vm_join_thread() - wait until vCPU 0 has left the kernel
 * @vm: the VM
 */
void vm_join_thread(struct vm *vm)
{
	errno = pthread_join(vm->thread, NULL);
	if (errno)
		die("pthread_join");
}

/**
 * vm_inject() - make an interrupt pending on vCPU 0
 * @vm: the VM
 * @vector: vector
 */
void vm_inject(struct vm *vm, uint32_t vector)
{
	struct axvm_inject inject = { .size = sizeof(inject), .irq = vector };

	if (ioctl(vm->fd, AXVM_VM_INJECT, &inject))
		die("AXVM_VM_INJECT");
}

/**
 * vm_count() - a number that the module counted for vCPU 0
 * @vm: the VM
 * @what: the word before it in debugfs
 *
 * Return: the number; 0 if there is none.
 */
uint64_t vm_count(struct vm *vm, const char *what)
{
	char name[64], word[64];
	unsigned long long value = 0;
	bool found = false;
	FILE *file;

	snprintf(name, sizeof(name), "/sys/kernel/debug/axvm/%u/vcpus", vm->id);
	file = fopen(name, "r");
	if (!file)
		die("%s", name);
	while (!found && fscanf(file, "%63s", word) == 1)
		found = !strcmp(word, what) && fscanf(file, "%llu", &value) == 1;
	fclose(file);
	return value;
}

/**
 * sleep_ms() - let others run
 * @ms: milliseconds
 */
void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

/**
 * wait_for() - wait until a guest has counted so far
 * @value: its counter
 * @at_least: how far
 *
 * Return: false: not within 20 seconds.
 */
bool wait_for(const uint32_t *value, uint32_t at_least)
{
	unsigned int i;

	for (i = 0; i < 20000 && __atomic_load_n(value, __ATOMIC_RELAXED) < at_least; i++)
		sleep_ms(1);
	return __atomic_load_n(value, __ATOMIC_RELAXED) >= at_least;
}

/**
 * vm_status() - ask for the VM's state
 * @vm: the VM
 * @status: filled in
 */
void vm_status(struct vm *vm, struct axvm_vm_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	if (ioctl(vm->fd, AXVM_VM_GET_STATUS, status))
		die("AXVM_VM_GET_STATUS");
}

/**
 * vm_destroy() - end it and give back what it had
 * @vm: the VM
 */
void vm_destroy(struct vm *vm)
{
	munmap(vm->run, 4096);
	close(vm->vcpu);
	close(vm->fd);
	munmap(vm->memory, vm->size);
}
