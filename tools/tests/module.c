// SPDX-License-Identifier: GPL-2.0
/* The module and those who use it: it cannot go while anything of it is in use. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

TEST(module, it_stays_while_its_device_is_open)
{
	vm_system();
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
}

/* A VM, of which one thing after another is let go */
TEST(module, it_stays_while_anything_of_a_vm_is_held)
{
	struct axvm_create_device console = {
		.size = sizeof(console), .type = AXVM_DEV_CONSOLE, .base = 0x3f8, .length = 8,
		.irq = 4,
	};
	struct vm vm;

	vm_create(&vm, 0);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &console));
	close(vm_system());
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
	close(vm.fd);
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
	close(vm.vcpu);
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
	munmap(vm.run, 4096);
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
	close(console.fd);
}

TEST(module, it_goes_when_nothing_is_held)
{
	CHECK_OK(unload("axvm"));
	CHECK_EQ(system("modprobe axvm"), 0);
}

TEST(module, it_comes_and_goes)
{
	int i;

	for (i = 0; i < count_of(10, 100); i++) {
		CHECK_OK(unload("axvm"));
		CHECK_EQ(access("/dev/axvm", F_OK), -1);
		CHECK_EQ(access("/sys/kernel/debug/axvm", F_OK), -1);
		CHECK_EQ(system("modprobe axvm"), 0);
		CHECK_EQ(access("/dev/axvm", F_OK), 0);
	}
}

/* --- a device model in another module ---------------------------------------------------------- */

#define SAMPLE	"axvm_sample_counter"

/* Adds to the counter at 0xd0000000, reads it, and has it raise its line, input 5 of the IOAPIC */
BLOB(sample_user, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x8045, 0xfec00010\n"
	"	movl	$5, 0xd0000000\n"
	"	movl	$7, 0xd0000000\n"
	"	mov	0xd0000000, %eax\n"
	"	mov	%eax, 0x8000\n"
	"	mov	0xd0000010, %eax\n"	/* behind its end */
	"	mov	%eax, 0x8004\n"
	"	movl	$1, 0xd0000008\n"
	"	sti\n"
	"1:	hlt\n"
	"	jmp	1b\n"
	"	.org	sample_user_start + 0x100\n"
	"	movl	$0, 0xd0000008\n"
	"	movl	$0, 0xfee000b0\n"
	"	mov	$0x45, %al\n"
	"	out	%al, $0xf4\n"
	"	iret\n");

static int add_sample(struct vm *vm)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_ANY, .base = 0xd0000000, .irq = 5,
		.type_name = "sample-counter",
	};

	return ioctl(vm->fd, AXVM_VM_CREATE_DEVICE, &device);
}

TEST(module, a_device_model_may_be_a_module)
{
	struct vm vm;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	CHECK_ERR(add_sample(&vm), ENODEV);
	if (system("modprobe " SAMPLE))
		die("no module " SAMPLE);
	CHECK_OK(add_sample(&vm));
	CHECK_ERR(add_sample(&vm), EEXIST);
	vm_load_interruptible(&vm, &sample_user);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 0x45);
	CHECK_EQ(*vm_word(&vm, 0), 12);
	CHECK_EQ(*vm_word(&vm, 1), ~0U);
	/* In use, it stays; and so does what it uses itself. */
	CHECK_ERR(unload(SAMPLE), EWOULDBLOCK);
	vm_destroy(&vm);
	CHECK_ERR(unload("axvm"), EWOULDBLOCK);
	CHECK_OK(unload(SAMPLE));
	vm_create(&vm, 0);
	CHECK_ERR(add_sample(&vm), ENODEV);
}
