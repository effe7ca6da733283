// SPDX-License-Identifier: GPL-2.0
/* Suspend, resume, stop, reset and boot again with several vCPUs, whatever they are doing. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "check.h"
#include "storm.h"

static struct storm storm;

static void call(unsigned int cmd)
{
	CHECK_OK(ioctl(storm.vm.fd, cmd, 0));
}

static uint32_t loops(unsigned int vcpu)
{
	return __atomic_load_n(&storm_control(&storm, vcpu)->loops, __ATOMIC_RELAXED);
}

static void tick(void)
{
	unsigned int i;

	for (i = 0; i < STORM_VCPUS; i++)
		CHECK_OK(storm_inject(&storm, i, STORM_TICK));
}

/* Suspended, none of them moves; resumed, all do. */
static void suspend_and_resume(void)
{
	uint32_t before[STORM_VCPUS];
	unsigned int i;

	call(AXVM_VM_SUSPEND);
	for (i = 0; i < STORM_VCPUS; i++)
		before[i] = loops(i);
	tick();
	sleep_ms(3);
	for (i = 0; i < STORM_VCPUS; i++)
		CHECK_EQ(loops(i), before[i]);
	call(AXVM_VM_RESUME);
	for (i = 0; i < STORM_VCPUS; i++)
		CHECK(wait_for(&storm_control(&storm, i)->loops, before[i] + 1));
}

/* Asleep, busy, one of each */
TEST(storm, all_vcpus_are_suspended)
{
	static const uint32_t awake[][STORM_VCPUS] = { { 0, 0 }, { ~0U, ~0U }, { 0, ~0U } };
	unsigned int mode, i;
	int round;

	for (mode = 0; mode < 3; mode++) {
		storm_make(&storm);
		for (i = 0; i < STORM_VCPUS; i++)
			storm_control(&storm, i)->awake = awake[mode][i];
		storm_start(&storm);
		/* They are busy with each other, too. */
		for (i = 0; i < STORM_VCPUS; i++)
			storm_control(&storm, i)->limit = ~0U;
		for (round = 0; round < count_of(10, 300); round++)
			suspend_and_resume();
		call(AXVM_VM_SUSPEND);
		storm_stop(&storm);
		storm_destroy(&storm);
	}
}

/* With their memory gone from under them again and again: in page faults */
TEST(storm, all_vcpus_are_suspended_in_page_faults)
{
	unsigned int i;
	int round;

	storm_make(&storm);
	for (i = 0; i < STORM_VCPUS; i++)
		storm_control(&storm, i)->awake = ~0U;
	storm_start(&storm);
	for (round = 0; round < count_of(20, 1000); round++) {
		/* The pages are shared memory's and keep what they have; the translations go. */
		CHECK_OK(madvise(storm.vm.memory, storm.vm.size, MADV_DONTNEED));
		if (round % 4 == 0)
			suspend_and_resume();
	}
	storm_stop(&storm);
	storm_destroy(&storm);
}

TEST(storm, all_vcpus_stop_and_boot_again)
{
	int round;

	storm_make(&storm);
	for (round = 0; round < count_of(6, 200); round++) {
		storm_control(&storm, 0)->awake = round % 2 ? ~0U : 0;
		storm_start(&storm);
		tick();
		if (round % 3 == 0)
			call(AXVM_VM_SUSPEND);
		storm_stop(&storm);
		call(AXVM_VM_RESET);
		memset(vm_word(&storm.vm, 0), 0, 0x4000);
		storm_reload(&storm);
	}
	storm_destroy(&storm);
}

static void *resumer(void *unused)
{
	volatile bool *over = unused;

	while (!*over) {
		ioctl(storm.vm.fd, AXVM_VM_RESUME, 0);
		sleep_ms(0);
	}
	return NULL;
}

/* Two who do not agree: each call returns, whatever the other one does. */
TEST(storm, suspend_and_resume_at_once)
{
	static volatile bool over;
	pthread_t thread[2];
	int round, i;

	storm_make(&storm);
	storm_start(&storm);
	for (i = 0; i < 2; i++)
		CHECK(!pthread_create(&thread[i], NULL, resumer, (void *)&over));
	for (round = 0; round < count_of(200, 10000); round++)
		ioctl(storm.vm.fd, AXVM_VM_SUSPEND, 0);
	over = true;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	storm_stop(&storm);
	storm_destroy(&storm);
}
