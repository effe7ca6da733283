// SPDX-License-Identifier: GPL-2.0
/*
 * vCPU threads. The kernel answers what a guest does with its devices; a thread
 * comes back only for a signal, for what nobody answers, or at the end.
 *
 * A thread that ends counts down vm->nr_running and writes to vm->done_fd. If it
 * ends because of a failure, it has stopped the VM before, so that all end.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pci-bus.h"
#include "vm.h"

#define KICK_SIGNAL	SIGUSR1
#define NOT_SUPPORTED	(~0ULL)

/* Its arrival is its meaning: it makes AXVM_VCPU_RUN return */
static void on_kick(int signo)
{
	(void)signo;
}

/* Return: whether to go on */
static bool handle_exit(struct vcpu *vcpu)
{
	struct axvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case AXVM_EXIT_INTR:
		return true;
	case AXVM_EXIT_MMIO:
		if (!pci_bus_access(vcpu->vm, run) && !run->mmio.is_write)
			run->mmio.data = ~0ULL;
		return true;
	case AXVM_EXIT_IO:
		if (!run->io.is_write)
			run->io.data = ~0U;
		return true;
	case AXVM_EXIT_HYPERCALL:
		run->hypercall.ret = NOT_SUPPORTED;
		return true;
	case AXVM_EXIT_STOPPED:
		return false;
	case AXVM_EXIT_FAIL_ENTRY:
		vcpu->entry_failed = true;
		break;
	default:
		fail("vCPU %u: unknown exit %u", vcpu->id, run->exit_reason);
	}
	vcpu->failed = true;
	return false;
}

static void run_loop(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	while (!atomic_load(&vm->quit)) {
		if (ioctl(vcpu->fd, AXVM_VCPU_RUN, 0)) {
			if (errno == EINTR)
				continue;
			vm_ioctl_failed("run a vCPU");
			vcpu->failed = true;
			return;
		}
		if (!handle_exit(vcpu))
			return;
	}
}

static void *vcpu_main(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;
	u64 one = 1;
	char name[16];
	ssize_t n;

	snprintf(name, sizeof(name), "axvm-vcpu%u", vcpu->id);
	prctl(PR_SET_NAME, name);
	run_loop(vcpu);
	if (vcpu->failed)
		ioctl(vm->fd, AXVM_VM_STOP, 0);
	atomic_fetch_sub(&vm->nr_running, 1);
	n = write(vm->done_fd, &one, sizeof(one));
	(void)n;	/* can't fail: the counter is far from full */
	return NULL;
}

/* The kick reaches a thread that is about to enter the kernel by @immediate_exit */
static void kick_all(struct vm *vm)
{
	u32 i;

	atomic_store(&vm->quit, true);
	for (i = 0; i < vm->config->nr_vcpus; i++) {
		if (!vm->vcpus[i].started)
			continue;
		__atomic_store_n(&vm->vcpus[i].run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(vm->vcpus[i].thread, KICK_SIGNAL);
	}
}

/*
 * For threads that are made now: signals from outside are the main thread's, but the
 * kick and those that mean a crash are everybody's.
 */
static void block_signals(sigset_t *before)
{
	static const int own[] = {
		KICK_SIGNAL, SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS,
	};
	sigset_t set;
	size_t i;

	sigfillset(&set);
	for (i = 0; i < ARRAY_SIZE(own); i++)
		sigdelset(&set, own[i]);
	pthread_sigmask(SIG_SETMASK, &set, before);
}

/* A thread that is bound to physical CPUs starts there. Return: an error number */
static int start_thread(struct vcpu *vcpu)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int error;

	error = pthread_attr_init(&attr);
	if (error)
		return error;
	if (config_cpus(vcpu->vm->config, vcpu->id, &cpus))
		error = pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	if (!error)
		error = pthread_create(&vcpu->thread, &attr, vcpu_main, vcpu);
	pthread_attr_destroy(&attr);
	return error;
}

/**
 * vcpus_start() - start a thread for each vCPU
 * @vm: a VM that boots
 *
 * Signals other than the kick stay with the calling thread.
 *
 * Return: 0, or -1 with a message, and then no thread is left.
 */
int vcpus_start(struct vm *vm)
{
	struct sigaction action = { .sa_handler = on_kick };
	sigset_t before;
	int error = 0;
	u32 i;

	sigaction(KICK_SIGNAL, &action, NULL);
	block_signals(&before);
	atomic_store(&vm->quit, false);
	atomic_store(&vm->nr_running, 0);
	for (i = 0; i < vm->config->nr_vcpus && !error; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		vcpu->failed = false;
		vcpu->entry_failed = false;
		vcpu->run->immediate_exit = 0;
		atomic_fetch_add(&vm->nr_running, 1);
		error = start_thread(vcpu);
		vcpu->started = !error;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		return 0;
	fail_errno(error, "cannot start a vCPU's thread");
	vcpus_stop(vm);
	vcpus_join(vm);
	return -1;
}

static void *stopper_main(void *arg)
{
	struct vm *vm = arg;

	ioctl(vm->fd, AXVM_VM_STOP, 0);
	return NULL;
}

/**
 * vcpus_stop() - end the VM from outside; one that has stopped stays as it is
 * @vm: the VM; vcpus_join() must follow
 *
 * AXVM_VM_STOP waits until no vCPU runs. A thread of its own does so, and the caller
 * goes on taking output and signals.
 */
void vcpus_stop(struct vm *vm)
{
	sigset_t before;

	if (vm->stopping)
		return;
	block_signals(&before);
	vm->stopping = !pthread_create(&vm->stopper, NULL, stopper_main, vm);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!vm->stopping)
		ioctl(vm->fd, AXVM_VM_STOP, 0);
}

/**
 * vcpus_join() - end all vCPU threads
 * @vm: the VM, stopped: threads that have not noticed are made to
 */
void vcpus_join(struct vm *vm)
{
	u32 i;

	kick_all(vm);
	for (i = 0; i < vm->config->nr_vcpus; i++) {
		if (vm->vcpus[i].started)
			pthread_join(vm->vcpus[i].thread, NULL);
		vm->vcpus[i].started = false;
	}
	if (vm->stopping)
		pthread_join(vm->stopper, NULL);
	vm->stopping = false;
}
