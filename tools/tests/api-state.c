// SPDX-License-Identifier: GPL-2.0
/* Calls in every state of a VM, and interrupt lines from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"

static struct vm vm;

static uint32_t state(void)
{
	struct axvm_vm_status status;

	vm_status(&vm, &status);
	return status.state;
}

/* --- the state machine -------------------------------------------------------------------- */

static void to_loading(void)
{
	struct axvm_create_vm create = { .size = sizeof(create) };

	memset(&vm, 0, sizeof(vm));
	vm.fd = ioctl(vm_system(), AXVM_CREATE_VM, &create);
	vm.vcpu = -1;
	CHECK(vm.fd >= 0);
}

static void to_loaded(void)
{
	vm_create(&vm, 0);
}

static void to_running(void)
{
	to_loaded();
	vm_boot(&vm);
}

static void to_suspended(void)
{
	to_running();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
}

static void to_stopped(void)
{
	to_running();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
}

/* One row a state: how to get there, and what each call says there and leads to */
static const struct {
	const char *name;
	uint32_t state;
	void (*go)(void);
	struct {
		int error;
		uint32_t state;
	} boot, reset, suspend, resume, stop;
} states[] = {
#define SAME(error_, state_)	{ error_, AXVM_STATE_##state_ }
	{ "Loading", AXVM_STATE_LOADING, to_loading,
	  .boot = SAME(EINVAL, LOADING), .reset = SAME(EBUSY, LOADING),
	  .suspend = SAME(EBUSY, LOADING), .resume = SAME(EBUSY, LOADING),
	  .stop = SAME(0, STOPPED) },
	{ "Loaded", AXVM_STATE_LOADED, to_loaded,
	  .boot = SAME(0, RUNNING), .reset = SAME(0, LOADED),
	  .suspend = SAME(EBUSY, LOADED), .resume = SAME(EBUSY, LOADED),
	  .stop = SAME(0, STOPPED) },
	{ "Running", AXVM_STATE_RUNNING, to_running,
	  .boot = SAME(EBUSY, RUNNING), .reset = SAME(EBUSY, RUNNING),
	  .suspend = SAME(0, SUSPENDED), .resume = SAME(EBUSY, RUNNING),
	  .stop = SAME(0, STOPPED) },
	{ "Suspended", AXVM_STATE_SUSPENDED, to_suspended,
	  .boot = SAME(EBUSY, SUSPENDED), .reset = SAME(EBUSY, SUSPENDED),
	  .suspend = SAME(EBUSY, SUSPENDED), .resume = SAME(0, RUNNING),
	  .stop = SAME(0, STOPPED) },
	{ "Stopped", AXVM_STATE_STOPPED, to_stopped,
	  .boot = SAME(0, RUNNING), .reset = SAME(0, LOADED),
	  .suspend = SAME(EBUSY, STOPPED), .resume = SAME(EBUSY, STOPPED),
	  .stop = SAME(0, STOPPED) },
#undef SAME
};

#define TRY(row, call_, CMD)								\
	try_call((row)->name, #call_, CMD, (row)->go, (row)->call_.error, (row)->call_.state)

static void try_call(const char *from, const char *call, unsigned int cmd, void (*go)(void),
		     int error, uint32_t next)
{
	int result;

	go();
	errno = 0;
	result = ioctl(vm.fd, cmd, 0) ? errno : 0;
	if (result != error)
		check_failed(__FILE__, __LINE__, "%s, %s: %s, not %s", from, call, strerror(result),
			     strerror(error));
	if (state() != next)
		check_failed(__FILE__, __LINE__, "%s, %s: state %u, not %u", from, call, state(),
			     next);
	if (vm.run)
		vm_destroy(&vm);
	else
		close(vm.fd);
}

TEST(api, every_call_in_every_state)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		TRY(&states[i], boot, AXVM_VM_BOOT);
		TRY(&states[i], reset, AXVM_VM_RESET);
		TRY(&states[i], suspend, AXVM_VM_SUSPEND);
		TRY(&states[i], resume, AXVM_VM_RESUME);
		TRY(&states[i], stop, AXVM_VM_STOP);
	}
}

TEST(api, a_vm_needs_memory_and_a_vcpu_to_boot)
{
	struct axvm_create_vcpu create = { .size = sizeof(create) };
	static uint8_t page[4096] __attribute__((aligned(4096)));

	to_loading();
	vm_set_slot(&vm, 0, 0, 0, page, sizeof(page));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
	CHECK(ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create) >= 0);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_BOOT, 0));
	to_loading();
	create.id = 0;
	vm.vcpu = ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create);
	CHECK(vm.vcpu >= 0);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINVAL);
	CHECK_EQ(state(), AXVM_STATE_LOADING);
}

/* To stop a VM that never was complete does not make it complete. */
TEST(api, an_incomplete_vm_does_not_boot_after_stop)
{
	to_loading();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
}

/* Nor does a complete one whose memory has gone boot. */
TEST(api, a_vm_without_memory_does_not_boot)
{
	struct axvm_memory mem = { .size = sizeof(mem) };

	to_loaded();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
}

TEST(api, a_stop_tells_why)
{
	struct axvm_vm_status status;

	to_running();
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_NONE);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_status(&vm, &status);
	CHECK_EQ(status.state, AXVM_STATE_STOPPED);
	CHECK_EQ(status.stop_reason, AXVM_STOP_REQUEST);
	CHECK_EQ(status.stop_vcpu, ~0U);
	CHECK_EQ(status.stop_code, 0);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESET, 0));
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_NONE);
}

/* The VM's descriptor is its owner: closing it ends the VM for those who hold a vCPU. */
TEST(api, closing_the_vm_stops_it)
{
	to_running();
	close(vm.fd);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
}

/* --- interrupts from outside ------------------------------------------------------------------- */

static int line(uint32_t irq, uint32_t op)
{
	struct axvm_irq_line arg = { .size = sizeof(arg), .irq = irq, .op = op };

	return ioctl(vm.fd, AXVM_VM_IRQ_LINE, &arg);
}

TEST(api, lines_are_numbered)
{
	to_loaded();
	CHECK_OK(line(0, AXVM_IRQ_RAISE));
	CHECK_OK(line(0, AXVM_IRQ_RAISE));
	CHECK_OK(line(0, AXVM_IRQ_LOWER));
	CHECK_OK(line(0, AXVM_IRQ_LOWER));
	CHECK_OK(line(23, AXVM_IRQ_PULSE));
	CHECK_OK(line(1019, AXVM_IRQ_PULSE));
	CHECK_ERR(line(1020, AXVM_IRQ_RAISE), EINVAL);
	CHECK_ERR(line(~0U, AXVM_IRQ_RAISE), EINVAL);
	CHECK_ERR(line(4, AXVM_IRQ_PULSE + 1), EINVAL);
	CHECK_ERR(line(4, ~0U), EINVAL);
}
