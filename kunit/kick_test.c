// SPDX-License-Identifier: GPL-2.0
/*
 * The IPI that forces a vCPU out of the guest, sent by two CPUs in the same moment, both from
 * where they may not wait: none breaks a list of calls of the kernel's.
 *
 * The moment is a few instructions long. It is met in a machine whose processors are threads,
 * within a million kicks or so: on the plain kernel, as the debug kernel has no time for so many.
 *
 * bed: arch=arm64 kernels=plain parallel=1
 */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "fixture.h"

#define KICKS		3000000
#define SENDERS		2

/**
 * struct crowd - several who kick one vCPU
 * @vcpu: the vCPU
 * @gone: how many are done
 */
struct crowd {
	struct axvm_vcpu *vcpu;
	atomic_t gone;
};

/* Each on a CPU of its own sends to the other's, as to a vCPU that moves to and fro. */
static int sender(void *data)
{
	struct crowd *crowd = data;
	int i;

	for (i = 0; i < KICKS; i++) {
		local_irq_disable();
		WRITE_ONCE(crowd->vcpu->pcpu, 1 - smp_processor_id());
		axvm_vcpu_kick(crowd->vcpu);
		local_irq_enable();
		cond_resched();
	}
	atomic_inc(&crowd->gone);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static bool soon(atomic_t *value, int wanted)
{
	unsigned int ms;

	for (ms = 0; ms < 40000; ms++) {
		if (atomic_read(value) == wanted)
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

static void two_senders_at_once(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct crowd crowd = { .vcpu = vm->vcpus[0] };
	struct task_struct *task[SENDERS];
	unsigned int i;

	if (num_online_cpus() < SENDERS)
		kunit_skip(test, "one CPU only");
	WRITE_ONCE(crowd.vcpu->mode, AXVM_IN_GUEST);
	for (i = 0; i < SENDERS; i++) {
		task[i] = kthread_create_on_cpu(sender, &crowd, i, "axvm-sender-%u");
		KUNIT_ASSERT_FALSE(test, IS_ERR(task[i]));
	}
	for (i = 0; i < SENDERS; i++)
		wake_up_process(task[i]);
	KUNIT_EXPECT_TRUE(test, soon(&crowd.gone, SENDERS));
	KUNIT_EXPECT_TRUE_MSG(test, soon(&crowd.vcpu->ipis, 0), "an IPI or a CPU is lost");
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd.vcpu->kick_queued), 0);
	KUNIT_EXPECT_GE(test, crowd.vcpu->stats.kicks, 1);
	for (i = 0; i < SENDERS; i++)
		kthread_stop(task[i]);
	WRITE_ONCE(crowd.vcpu->mode, AXVM_OUTSIDE);
	WRITE_ONCE(crowd.vcpu->pcpu, -1);
}

static struct kunit_case kick_cases[] = {
	KUNIT_CASE(two_senders_at_once),
	{}
};

static struct kunit_suite kick_suite = {
	.name = "axvm_kick",
	.test_cases = kick_cases,
};

kunit_test_suite(kick_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: axvm, a vCPU kicked by several at once");
