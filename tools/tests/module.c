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
#include "module.h"
#include "vm.h"

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
		.size = sizeof(console), .type = AXVM_DEV_CONSOLE, .base = CONSOLE_BASE,
		.length = CONSOLE_LENGTH, .irq = CONSOLE_IRQ,
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

static int add_sample(struct vm *vm)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_ANY, .base = SAMPLE_BASE, .irq = SAMPLE_IRQ,
		.type_name = "sample-counter",
	};

	return ioctl(vm->fd, AXVM_VM_CREATE_DEVICE, &device);
}

TEST(module, a_device_model_may_be_a_module)
{
	struct vm vm;

	vm_create(&vm, 0);
	sample_add_devices(&vm);
	CHECK_ERR(add_sample(&vm), ENODEV);
	if (system("modprobe " SAMPLE))
		die("no module " SAMPLE);
	CHECK_OK(add_sample(&vm));
	CHECK_ERR(add_sample(&vm), EEXIST);
	sample_load(&vm);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), SAMPLE_TAKEN);
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
