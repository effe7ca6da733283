// SPDX-License-Identifier: GPL-2.0
/*
 * Another module that interrupts guests: axvm_inject_irq_to_vcpu() from a kernel thread or
 * from a timer's hard interrupt. The tests use it. A write of struct storm to /dev/axvm-storm
 * does the whole of it: a burst of interrupts, each of another number, wait until the guest has
 * counted them all, the next burst. It returns when all are counted, or with an error: what
 * the injection said, or -ETIME when the guest does not count.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../core/compat.h"
#include "../core/irq.h"

#define PATIENCE	(40 * HZ)
#define MAX_BURST	16

/**
 * struct storm - what is written to the device
 * @vm: number of the VM
 * @vcpu: of the vCPU
 * @irq: the burst's first vector or INTID
 * @count: how many bursts
 * @hardirq: 1: from hard-interrupt context
 * @burst: how many interrupts in one, 1 to 16: @irq, @irq + 1, ...
 * @counter: the writer's address of a __u32 for each of them, where the guest counts
 */
struct storm {
	u32 vm;
	u32 vcpu;
	u32 irq;
	u32 count;
	u32 hardirq;
	u32 burst;
	u64 counter;
};

struct run {
	struct storm storm;
	struct mm_struct *mm;
	struct hrtimer timer;
	struct completion rang;
	struct completion done;
	int ret;
};

static int inject(struct run *run)
{
	struct storm *storm = &run->storm;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < storm->burst; i++)
		ret = axvm_inject_irq_to_vcpu(storm->vm, storm->vcpu, storm->irq + i);
	return ret;
}

static enum hrtimer_restart rings(struct hrtimer *timer)
{
	struct run *run = container_of(timer, struct run, timer);

	run->ret = inject(run);
	complete(&run->rang);
	return HRTIMER_NORESTART;
}

static int send(struct run *run)
{
	if (!run->storm.hardirq)
		return inject(run);
	hrtimer_start(&run->timer, ns_to_ktime(20 * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	wait_for_completion(&run->rang);
	return run->ret;
}

static int await(u32 __user *counter, u32 wanted)
{
	unsigned long end = jiffies + PATIENCE;
	unsigned int tries = 0;
	u32 count;

	for (;;) {
		if (get_user(count, counter))
			return -EFAULT;
		if (count == wanted)
			return 0;
		if (kthread_should_stop())
			return -EINTR;
		if ((s32)(count - wanted) > 0)
			return -EOVERFLOW;	/* one was doubled */
		if (time_after(jiffies, end))
			return -ETIME;
		if (++tries % 16)
			cond_resched();
		else
			usleep_range(20, 50);
	}
}

/* What the guest has counted before */
static int read_counters(u32 __user *counter, u32 *first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (get_user(first[i], counter + i))
			return -EFAULT;
	return 0;
}

static int send_all(struct run *run)
{
	u32 __user *counter = u64_to_user_ptr(run->storm.counter);
	u32 first[MAX_BURST], i, round;
	int ret;

	ret = read_counters(counter, first, run->storm.burst);
	for (round = 1; !ret && round <= run->storm.count; round++) {
		ret = send(run);
		for (i = 0; !ret && i < run->storm.burst; i++)
			ret = await(counter + i, first[i] + round);
	}
	return ret;
}

static int storm_thread(void *data)
{
	struct run *run = data;

	kthread_use_mm(run->mm);
	run->ret = send_all(run);
	kthread_unuse_mm(run->mm);
	complete(&run->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static ssize_t storm_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct run run = { .mm = current->mm };
	struct task_struct *task;
	int ret;

	if (size != sizeof(run.storm))
		return -EINVAL;
	if (copy_from_user(&run.storm, user, size))
		return -EFAULT;
	if (!run.storm.burst || run.storm.burst > MAX_BURST)
		return -EINVAL;
	init_completion(&run.rang);
	init_completion(&run.done);
	axvm_hrtimer_setup(&run.timer, rings, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	task = kthread_run(storm_thread, &run, "axvm-storm");
	if (IS_ERR(task))
		return PTR_ERR(task);
	ret = wait_for_completion_killable(&run.done);
	kthread_stop(task);
	hrtimer_cancel(&run.timer);
	ret = ret ? ret : run.ret;
	return ret ? ret : size;
}

static const struct file_operations storm_fops = {
	.owner = THIS_MODULE,
	.write = storm_write,
	.llseek = noop_llseek,
};

static struct miscdevice storm_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "axvm-storm",
	.fops = &storm_fops,
	.mode = 0600,
};
module_misc_device(storm_device);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Interrupts guests of axvm from kernel threads and from timers");
