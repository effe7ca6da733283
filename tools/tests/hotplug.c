// SPDX-License-Identifier: GPL-2.0
/* CPUs that go and come, and a host that sleeps, while guests run. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"

#define CPU1	"/sys/devices/system/cpu/cpu1/online"

#ifdef __aarch64__
BLOB(counter, "movz x1, #0x4000, lsl #16\n add x1, x1, #8, lsl #12\n"
	      "1: ldr w0, [x1]\n add w0, w0, #1\n str w0, [x1]\n b 1b\n");
#define MODE	GUEST_FLAT
#define add_devices	vm_add_board_devices
#else
BLOB(counter, 64, "1: incl 0x8000\n jmp 1b\n");
#define MODE	GUEST_PAGED
#define add_devices	vm_add_pc_devices
#endif

static struct vm vm;

static int write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_TRUNC), error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static void start(void)
{
	vm_create(&vm, 0);
	add_devices(&vm);
	vm_load(&vm, MODE, &counter);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 0), 1));
}

static void check_progress(void)
{
	CHECK(wait_for(vm_word(&vm, 0), *vm_word(&vm, 0) + 10));
}

static void stop(void)
{
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_join_thread(&vm);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_STOPPED);
	vm_destroy(&vm);
}

static void move_thread_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_EQ(pthread_setaffinity_np(vm.thread, sizeof(set), &set), 0);
}

static void need_cpu1(void)
{
	if (access(CPU1, W_OK))
		skip("there is no CPU 1 that can go offline");
}

TEST(hotplug, a_guest_moves_when_its_cpu_goes)
{
	int i;

	need_cpu1();
	start();
	for (i = 0; i < count_of(5, 100); i++) {
		move_thread_to(1);
		check_progress();
		CHECK_EQ(write_file(CPU1, "0"), 0);
		check_progress();
		CHECK_EQ(write_file(CPU1, "1"), 0);
		check_progress();
	}
	stop();
}

/* A CPU that was offline when the VM was made takes it like the others. */
TEST(hotplug, a_cpu_that_comes_later_runs_guests)
{
	need_cpu1();
	CHECK_EQ(write_file(CPU1, "0"), 0);
	start();
	CHECK_EQ(write_file(CPU1, "1"), 0);
	move_thread_to(1);
	sleep_ms(20);
	check_progress();
	stop();
}

/* Without VMs nobody has VMX or EL2: CPUs come and go, and VMs can be made. */
TEST(hotplug, cpus_come_and_go_without_guests)
{
	need_cpu1();
	start();
	stop();
	CHECK_EQ(write_file(CPU1, "0"), 0);
	CHECK_EQ(write_file(CPU1, "1"), 0);
	start();
	move_thread_to(1);
	check_progress();
	stop();
}

/*
 * The host sleeps as far as a test of its own goes: "core" stops tasks, devices, the other
 * CPUs, and what the last CPU holds, and comes back.
 */
TEST(hotplug, a_guest_survives_the_hosts_sleep)
{
	static const char *const depths[] = { "freezer", "devices", "processors", "core" };
	char states[64] = "";
	unsigned int i;
	FILE *file = fopen("/sys/power/state", "r");

#ifdef __aarch64__
	skip("QEMU's machine does not wake up again, with axvm or without");
#endif
	if (!file || !fgets(states, sizeof(states), file) || !strstr(states, "mem"))
		skip("this host cannot sleep");
	fclose(file);
	write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	start();
	for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		if (write_file("/sys/power/pm_test", depths[i]))
			skip("this kernel does not test its sleep");
		CHECK_EQ(write_file("/sys/power/state", "mem"), 0);
		check_progress();
	}
	stop();
}
