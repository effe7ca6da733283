// SPDX-License-Identifier: GPL-2.0
/*
 * Costs between two: vCPUs of one VM, two VMs, the host's userspace and a guest.
 *
 * All of it is on one CPU, where a tick is an instruction: who waits for the other sleeps
 * or yields meanwhile, so a figure is the sum of what both sides and the scheduler execute.
 * Guests and host have different offsets of the counter, so each figure is taken from one
 * clock: there and back.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pairs.h"

static void box_create(struct box *box, bool ours)
{
	memset(box, 0, sizeof(*box));
	box->ours = ours;
	if (!ours) {
		kvm_create(&box->kvm);
		return;
	}
	vm_create(&box->vm, AXVM_VM_EXIT_UNCLAIMED);
}

static void box_boot(struct box *box)
{
	if (box->ours)
		vm_boot(&box->vm);
}

static uint32_t *box_samples(struct box *box)
{
	return (uint32_t *)((box->ours ? box->vm.memory : box->kvm.memory) + GUEST_DATA);
}

static void box_destroy(struct box *box)
{
	if (box->ours)
		vm_destroy(&box->vm);
	else
		kvm_destroy(&box->kvm);
}

static bool run_ours(struct vm *vm)
{
	struct axvm_vm_status status;
	uint32_t reason;

	do {
		reason = vm_run(vm);
	} while (reason == AXVM_EXIT_INTR);
	if (reason == AXVM_EXIT_IO || reason == AXVM_EXIT_MMIO)
		return true;
	vm_status(vm, &status);
	if (status.stop_reason != AXVM_STOP_DEBUG_EXIT)
		die("axvm left the guest for reason %u, stop reason %u code %llu", reason,
		    status.stop_reason, status.stop_code);
	return false;
}

static bool run_kvm(struct kvm *kvm)
{
	uint32_t reason;

	do {
		reason = kvm_run(kvm);
	} while (reason == KVM_EXIT_INTR);
	if (path_ended_kvm(kvm, reason))
		return false;
	if (reason != KVM_EXIT_IO && reason != KVM_EXIT_MMIO)
		die("KVM left the guest for reason %u", reason);
	return true;
}

/* Until the guest leaves for userspace; false: it has ended */
static bool box_run(struct box *box)
{
	return box->ours ? run_ours(&box->vm) : run_kvm(&box->kvm);
}

static void leave_must_come(struct box *box)
{
	if (!box_run(box))
		die("the guest has ended");
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg, int policy)
{
	struct sched_param priority = { .sched_priority = policy == SCHED_FIFO };
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, policy);
	pthread_attr_setschedparam(&attr, &priority);
	errno = pthread_create(thread, &attr, run, arg);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attr);
}

/* --- two VMs ---------------------------------------------------------------------------- */

/* The first thread that is there waits for the other. */
static pthread_barrier_t both_there;

static void *take_turns(void *box)
{
	pthread_barrier_wait(&both_there);
	while (box_run(box))
		sched_yield();
	return NULL;
}

/*
 * Two threads of equal real-time priority, each with a VM that leaves for userspace again and
 * again: each leave is the other's turn.
 */
static uint32_t measure_switch(bool ours)
{
	pthread_t thread[2];
	struct box box[2];
	unsigned int i;
	uint32_t value;

	for (i = 0; i < 2; i++) {
		box_create(&box[i], ours);
		if (ours) {
			pair_add_devices(&box[i].vm);
			vm_load(&box[i].vm, pair_mode, pair_switch);
		} else {
			kvm_load(&box[i].kvm, pair_mode, pair_switch);
		}
		box_boot(&box[i]);
		/* What a VM's first entry waits for must not wait for the other's thread. */
		leave_must_come(&box[i]);
	}
	pthread_barrier_init(&both_there, NULL, 2);
	for (i = 0; i < 2; i++)
		start(&thread[i], take_turns, &box[i], SCHED_FIFO);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&both_there);
	value = typical(box_samples(&box[0]));
	for (i = 0; i < 2; i++)
		box_destroy(&box[i]);
	return value;
}

/* --- two vCPUs -------------------------------------------------------------------------- */

struct second {
	int vcpu;
	bool ours;
	volatile bool over;
};

static void no_more(int signal)
{
	(void)signal;
}

static void *run_second(void *arg)
{
	struct second *second = arg;

	while (!second->over)
		if (ioctl(second->vcpu, second->ours ? AXVM_VCPU_RUN : KVM_RUN, 0) && errno != EINTR)
			die("vCPU 1");
	return NULL;
}

static uint32_t measure_ipi(bool ours)
{
	struct sigaction action = { .sa_handler = no_more };
	struct axvm_create_vcpu vcpu = { .size = sizeof(vcpu), .id = 1 };
	struct second second = { .ours = ours };
	pthread_t thread;
	struct box box;
	uint32_t value;

	sigaction(SIGUSR1, &action, NULL);
	box_create(&box, ours);
	if (ours) {
		second.vcpu = ioctl(box.vm.fd, AXVM_VM_CREATE_VCPU, &vcpu);
		if (second.vcpu < 0)
			die("AXVM_VM_CREATE_VCPU");
		pair_add_devices(&box.vm);
	} else {
		second.vcpu = pair_kvm_second(&box.kvm);
	}
	pair_load_ipi(&box, second.vcpu);
	box_boot(&box);
	start(&thread, run_second, &second, SCHED_OTHER);
	while (box_run(&box))
		;
	second.over = true;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	value = typical(box_samples(&box));
	if (ours)
		close(second.vcpu);
	box_destroy(&box);
	return value;
}

/* --- an interrupt from userspace -------------------------------------------------------- */

static void set_line(struct box *box, bool level)
{
	struct axvm_irq_line ours = {
		.size = sizeof(ours), .irq = pair_axvm_irq,
		.op = level ? AXVM_IRQ_RAISE : AXVM_IRQ_LOWER,
	};
	struct kvm_irq_level theirs = { .irq = pair_kvm_irq, .level = level };

	if (box->ours ? ioctl(box->vm.fd, AXVM_VM_IRQ_LINE, &ours) :
			ioctl(box->kvm.fd, KVM_IRQ_LINE, &theirs))
		die("the guest's interrupt line");
}

/* The line goes up, the vCPU is run, and its handler's first instruction leaves. */
static uint32_t measure_interrupt(bool ours)
{
	uint32_t sample[NR_SAMPLES];
	struct box box;
	unsigned int i;
	uint64_t start_at;

	box_create(&box, ours);
	if (ours)
		pair_add_devices(&box.vm);
	pair_load_interrupt(&box);
	box_boot(&box);
	for (i = 0; i < NR_SAMPLES; i++) {
		leave_must_come(&box);
		start_at = pair_now();
		set_line(&box, true);
		leave_must_come(&box);
		sample[i] = pair_now() - start_at;
		set_line(&box, false);
	}
	box_destroy(&box);
	return typical(sample);
}

/* --- channels --------------------------------------------------------------------------- */

#ifdef __aarch64__
#define WINDOW	0x20000000
#else
#define WINDOW	0xd0000000
#endif

/* Channel 1 of this process */
static int publish(void)
{
	struct axvm_ivc_peer peer = { .kind = AXVM_IVC_PEER_USER, .id = geteuid() };
	struct axvm_ivc_publish arg = {
		.size = sizeof(arg), .key = 1, .length = 4096, .nr_peers = 1,
		.peers = (uintptr_t)&peer,
	};
	int fd = ioctl(vm_system(), AXVM_IVC_PUBLISH, &arg);

	if (fd < 0)
		die("AXVM_IVC_PUBLISH");
	return fd;
}

static void make_subscriber(struct box *box, bool asks)
{
	box_create(box, true);
	pair_add_devices(&box->vm);
	vm_add_device(&box->vm, AXVM_DEV_IVC_CHANNEL, WINDOW, 0x100000, pair_axvm_irq);
	pair_load_doorbell(&box->vm, asks);
	box_boot(box);
	leave_must_come(box);
}

static void *run_to_end(void *box)
{
	while (vm_run(&((struct box *)box)->vm) != AXVM_EXIT_STOPPED)
		;
	return NULL;
}

static void stop(struct box *box, pthread_t thread)
{
	if (ioctl(box->vm.fd, AXVM_VM_STOP, 0))
		die("AXVM_VM_STOP");
	pthread_join(thread, NULL);
	box_destroy(box);
}

/* The process rings, and waits for the guest to ring. */
static uint32_t measure_doorbell(bool ours)
{
	uint64_t start_at, rings = 1;
	uint32_t sample[NR_SAMPLES];
	pthread_t thread;
	unsigned int i;
	struct box box;
	int fd;

	if (!ours)
		return 0;
	fd = publish();
	make_subscriber(&box, false);
	start(&thread, run_to_end, &box, SCHED_OTHER);
	for (i = 0; i < NR_SAMPLES; i++) {
		start_at = pair_now();
		if (write(fd, &rings, 8) != 8 || read(fd, &rings, 8) != 8)
			die("a doorbell");
		sample[i] = pair_now() - start_at;
	}
	stop(&box, thread);
	close(fd);
	return typical(sample);
}

/* A guest rings, and waits for another one to ring. */
static uint32_t measure_guests(bool ours)
{
	pthread_t thread;
	struct box box[2];
	uint32_t value;
	int fd;

	if (!ours)
		return 0;
	fd = publish();
	make_subscriber(&box[0], true);
	make_subscriber(&box[1], false);
	start(&thread, run_to_end, &box[1], SCHED_OTHER);
	while (run_ours(&box[0].vm))
		;
	value = typical(box_samples(&box[0]));
	stop(&box[1], thread);
	box_destroy(&box[0]);
	close(fd);
	return value;
}

const struct pair pairs[] = {
	{ "IPI to a sleeping vCPU, and back", measure_ipi },
	{ "VM switch, and back", measure_switch },
	{ "interrupt in, its answer out", measure_interrupt },
	{ "doorbell to a guest, and back", measure_doorbell },
	{ "doorbell between VMs, and back", measure_guests },
	{ .name = NULL }
};
