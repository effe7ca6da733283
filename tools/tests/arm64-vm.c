// SPDX-License-Identifier: GPL-2.0
/* arm64's part of the small virtual machine on /dev/axvm: see arm64-vm.h. */
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

/* SPSR_EL2: EL1 with its own stack pointer, DAIF masked (ARM DDI 0487 C5.2.19) */
#define PSTATE_EL1H	0x3c5

/**
 * vm_add_debug_exit() - a word of memory that ends the VM with what is written to it
 * @vm: the VM
 * @base: its address
 */
void vm_add_debug_exit(struct vm *vm, uint64_t base)
{
	struct axvm_create_device device = {
		.type = AXVM_DEV_DEBUG_EXIT, .base = base, .length = 4, .nr_cfg = 1, .cfg = { 1 },
	};

	vm_create_device(vm, &device);
}

/**
 * vm_add_board_devices() - interrupt controller, UART, and debug exit at GUEST_EXIT
 * @vm: the VM
 */
void vm_add_board_devices(struct vm *vm)
{
	struct axvm_create_device gic = {
		.type = AXVM_DEV_GICV3, .base = GUEST_GICD, .nr_cfg = 1, .cfg = { GUEST_GICR },
	};

	vm_create_device(vm, &gic);
	vm_add_device(vm, AXVM_DEV_CONSOLE, GUEST_UART, 0x1000, 33);
	vm_add_debug_exit(vm, GUEST_EXIT);
}

/**
 * vm_add_vcpu() - one more vCPU, which is off
 * @vm: the VM, not booted
 * @id: its number
 *
 * Return: its descriptor.
 */
int vm_add_vcpu(struct vm *vm, uint32_t id)
{
	struct axvm_create_vcpu vcpu = { .size = sizeof(vcpu), .id = id };
	int fd = ioctl(vm->fd, AXVM_VM_CREATE_VCPU, &vcpu);

	if (fd < 0)
		die("AXVM_VM_CREATE_VCPU: %u", id);
	return fd;
}

/**
 * vm_load() - put a guest's code into memory and set the registers for its start
 * @vm: a VM, not running
 * @mode: GUEST_FLAT
 * @code: its code
 */
void vm_load(struct vm *vm, enum guest_mode mode, const struct blob *code)
{
	struct axvm_arm64_regs regs;

	(void)mode;
	memcpy(vm->memory + GUEST_CODE, code->start, code->end - code->start);
	vm_get_regs(vm, &regs);
	memset(regs.x, 0, sizeof(regs.x));
	regs.mp_state = 0;
	regs.pc = GUEST_RAM + GUEST_CODE;
	regs.sp_el1 = GUEST_RAM + GUEST_STACK;
	regs.pstate = PSTATE_EL1H;
	vm_set_regs(vm, &regs);
}

/**
 * vm_get_regs() - read the registers of vCPU 0
 * @vm: the VM
 * @regs: filled in
 */
void vm_get_regs(struct vm *vm, struct axvm_arm64_regs *regs)
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
void vm_set_regs(struct vm *vm, const struct axvm_arm64_regs *regs)
{
	if (ioctl(vm->vcpu, AXVM_VCPU_SET_REGS, regs))
		die("AXVM_VCPU_SET_REGS");
}

/**
 * vm_pc() - where vCPU 0 is
 * @vm: the VM, not running
 *
 * Return: PC.
 */
unsigned long long vm_pc(struct vm *vm)
{
	struct axvm_arm64_regs regs;

	vm_get_regs(vm, &regs);
	return regs.pc;
}
