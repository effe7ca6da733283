// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU and its run loop: enter the guest, answer what it did, until an exit that
 * the kernel does not answer, a signal, or the end of the VM.
 *
 * Owns: struct axvm_vcpu, its run page, and the knowledge of where the vCPU resides
 * (vcpu->pcpu, vcpu->mode), which interrupt senders rely on (core/irq.c).
 *
 * Locks: vcpu->lock is held by the caller of axvm_vcpu_run(); nothing else is held
 * over an entry.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "trace.h"
#include "vm.h"

/* What an exit handler returns beside an errno */
#define LEAVE	0	/* out of the loop: run->exit_reason is set */
#define RESUME	1	/* enter the guest again */
#define AGAIN	2	/* vcpu->exit holds the instruction's next access */

/*
 * Work of the thread that must not wait long: do it, or leave for it: -EINTR for a
 * signal. The kernel's own helper for this needs a struct kvm_vcpu. Task work is run on the way to
 * userspace only; the pretended signal makes the kernel restart the call after it.
 */
static int thread_work(void)
{
	if (need_resched())
		schedule();
	if (signal_pending(current))
		return -EINTR;
	if (!test_thread_flag(TIF_NOTIFY_RESUME))
		return 0;
	set_thread_flag(TIF_SIGPENDING);
	return -ERESTARTNOINTR;
}

/* --- residency ----------------------------------------------------------------- */

static void vcpu_load(struct axvm_vcpu *vcpu)
{
	vcpu->vm->ops->load(vcpu);
	WRITE_ONCE(vcpu->pcpu, smp_processor_id());
}

static void vcpu_put(struct axvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->pcpu, -1);
	vcpu->vm->ops->put(vcpu);
}

#if AXVM_HAVE_PREEMPT_NOTIFIERS
static void vcpu_sched_in(struct preempt_notifier *notifier, int cpu)
{
	vcpu_load(container_of(notifier, struct axvm_vcpu, notifier));
}

static void vcpu_sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	vcpu_put(container_of(notifier, struct axvm_vcpu, notifier));
}

static struct preempt_ops vcpu_preempt_ops = {
	.sched_in = vcpu_sched_in,
	.sched_out = vcpu_sched_out,
};

/* The notifiers cost the scheduler something: they are on while there are vCPUs. */
static void vcpu_notifier_init(struct axvm_vcpu *vcpu)
{
	preempt_notifier_init(&vcpu->notifier, &vcpu_preempt_ops);
	preempt_notifier_inc();
}

static void vcpu_notifier_exit(struct axvm_vcpu *vcpu)
{
	preempt_notifier_dec();
}

static void vcpu_settle(struct axvm_vcpu *vcpu)
{
	preempt_disable();
	preempt_notifier_register(&vcpu->notifier);
	vcpu_load(vcpu);
	preempt_enable();
}

static void vcpu_unsettle(struct axvm_vcpu *vcpu)
{
	preempt_disable();
	vcpu_put(vcpu);
	preempt_notifier_unregister(&vcpu->notifier);
	preempt_enable();
}

static int vcpu_enter(struct axvm_vcpu *vcpu)
{
	return axvm_arch_run(vcpu, &vcpu->exit);
}
#else
static void vcpu_notifier_init(struct axvm_vcpu *vcpu)
{
}

static void vcpu_notifier_exit(struct axvm_vcpu *vcpu)
{
}

static void vcpu_settle(struct axvm_vcpu *vcpu)
{
}

static void vcpu_unsettle(struct axvm_vcpu *vcpu)
{
}

static int vcpu_enter(struct axvm_vcpu *vcpu)
{
	int ret;

	preempt_disable();
	vcpu_load(vcpu);
	ret = axvm_arch_run(vcpu, &vcpu->exit);
	vcpu_put(vcpu);
	preempt_enable();
	return ret;
}
#endif

/* --- exits --------------------------------------------------------------------- */

static int leave(struct axvm_vcpu *vcpu, u32 reason)
{
	vcpu->run->exit_reason = reason;
	return LEAVE;
}

static bool is_read(const struct axvm_exit *exit)
{
	return exit->type == AXVM_X_MMIO_READ || exit->type == AXVM_X_IO_READ ||
	       exit->type == AXVM_X_SYSREG_READ;
}

/* The access is answered (a read's value in exit->data): what next? */
static __always_inline int access_done(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	int ret;

	if (unlikely(exit->more)) {
		ret = vcpu->vm->ops->next(vcpu, exit);
		return ret ? ret : AGAIN;
	}
	axvm_arch_access_done(vcpu, exit);
	return RESUME;
}

/* Nobody claims it: userspace if the VM asked for that, else an open bus */
static noinline int access_unclaimed(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct axvm_run *run = vcpu->run;
	bool mmio = exit->type == AXVM_X_MMIO_READ || exit->type == AXVM_X_MMIO_WRITE;

	if (!(vcpu->vm->flags & AXVM_VM_EXIT_UNCLAIMED))
		return access_done(vcpu, exit);

	vcpu->pending_user = true;
	vcpu->stats.user++;
	if (mmio) {
		run->mmio.gpa = exit->addr;
		run->mmio.data = is_read(exit) ? 0 : exit->data;
		run->mmio.width = exit->width;
		run->mmio.is_write = !is_read(exit);
		return leave(vcpu, AXVM_EXIT_MMIO);
	}
	run->io.port = exit->addr;
	run->io.data = is_read(exit) ? 0 : exit->data;
	run->io.width = exit->width;
	run->io.is_write = !is_read(exit);
	return leave(vcpu, AXVM_EXIT_IO);
}

/* Userspace answered vcpu->exit in the run page */
static int user_answered(struct axvm_vcpu *vcpu)
{
	struct axvm_exit *exit = &vcpu->exit;
	struct axvm_run *run = vcpu->run;

	vcpu->pending_user = false;
	if (exit->type == AXVM_X_HYPERCALL) {
		vcpu->vm->ops->hypercall_done(vcpu, run->hypercall.ret);
		return RESUME;
	}
	if (exit->type == AXVM_X_MMIO_READ)
		exit->data = run->mmio.data;
	else if (exit->type == AXVM_X_IO_READ)
		exit->data = run->io.data;
	if (is_read(exit) && exit->width < 8)
		exit->data &= BIT_ULL(exit->width * 8) - 1;
	return access_done(vcpu, exit);
}

static __always_inline int access_result(struct axvm_vcpu *vcpu, struct axvm_exit *exit, int result)
{
	if (likely(result == AXVM_HANDLED))
		return access_done(vcpu, exit);
	if (result == AXVM_UNCLAIMED)
		return access_unclaimed(vcpu, exit);
	if (result == AXVM_FAULT) {
		vcpu->vm->ops->fault(vcpu, exit);
		return RESUME;
	}
	axvm_vm_stop_at(vcpu, AXVM_STOP_ERROR, -result);
	return RESUME;
}

static int exit_none(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return RESUME;
}

static int exit_mmio_read(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return access_result(vcpu, exit,
			     axvm_devices_handle_mmio_read(vcpu->vm, vcpu, exit->addr,
							   exit->width, &exit->data));
}

static int exit_mmio_write(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return access_result(vcpu, exit,
			     axvm_devices_handle_mmio_write(vcpu->vm, vcpu, exit->addr,
							    exit->width, exit->data));
}

static int exit_io_read(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return access_result(vcpu, exit,
			     axvm_devices_handle_port_read(vcpu->vm, vcpu, exit->addr,
							   exit->width, &exit->data));
}

static int exit_io_write(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return access_result(vcpu, exit,
			     axvm_devices_handle_port_write(vcpu->vm, vcpu, exit->addr,
							    exit->width, exit->data));
}

/* A system register that no device has does not exist: it faults. */
static int sysreg_result(struct axvm_vcpu *vcpu, struct axvm_exit *exit, int result)
{
	return access_result(vcpu, exit, result == AXVM_UNCLAIMED ? AXVM_FAULT : result);
}

static int exit_sysreg_read(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return sysreg_result(vcpu, exit, axvm_devices_handle_sysreg_read(vcpu->vm, vcpu, exit->addr,
									 &exit->data));
}

static int exit_sysreg_write(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	return sysreg_result(vcpu, exit,
			     axvm_devices_handle_sysreg_write(vcpu->vm, vcpu, exit->addr,
							      exit->data));
}

static int exit_stage2_fault(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	int ret = axvm_memory_fault(vcpu, exit->addr, exit->access);

	if (!ret)
		return RESUME;
	if (ret == -EINTR)
		return ret;
	if (ret == -ENOENT) {
		ret = vcpu->vm->ops->mmio_decode(vcpu, exit);
		if (ret >= 0)
			return ret ? RESUME : AGAIN;
	}
	axvm_vm_stop_at(vcpu, AXVM_STOP_ERROR, -ret);
	return RESUME;
}

/* One of those about channels, perhaps: only a VM with a window for them asks */
static noinline bool channel_hypercall(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	u64 result;

	if (!axvm_hypercall(vcpu, exit->addr, exit->args, &result))
		return false;
	vcpu->vm->ops->hypercall_done(vcpu, result);
	return true;
}

static int exit_hypercall(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct axvm_run *run = vcpu->run;

	if (unlikely(READ_ONCE(vcpu->vm->ivc.window)) && channel_hypercall(vcpu, exit))
		return RESUME;
	if (!(vcpu->vm->flags & AXVM_VM_EXIT_UNCLAIMED)) {
		vcpu->vm->ops->hypercall_done(vcpu, -1ULL);
		return RESUME;
	}
	vcpu->pending_user = true;
	vcpu->stats.user++;
	run->hypercall.nr = exit->addr;
	memcpy(run->hypercall.args, exit->args, sizeof(exit->args));
	run->hypercall.ret = -1ULL;
	return leave(vcpu, AXVM_EXIT_HYPERCALL);
}

static bool vcpu_wakeful(struct axvm_vcpu *vcpu)
{
	return vcpu->vm->ops->interruptible(vcpu) || READ_ONCE(vcpu->requests) ||
	       READ_ONCE(vcpu->run->immediate_exit);
}

static int exit_halt(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	vcpu->stats.halts++;
	WRITE_ONCE(vcpu->mode, AXVM_BLOCKED);
	smp_mb();	/* pairs with the one in axvm_vcpu_kick() */
	rcuwait_wait_event(&vcpu->wait, vcpu_wakeful(vcpu), TASK_INTERRUPTIBLE);
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
	return RESUME;
}

static int exit_system_down(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	vcpu->vm->ops->get_regs(vcpu, &vcpu->run->regs);
	axvm_vm_stop_at(vcpu, exit->addr, exit->data);
	return RESUME;
}

static int exit_fail_entry(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	vcpu->run->fail_entry.code = exit->addr;
	vcpu->run->fail_entry.qualification = exit->data;
	vcpu->vm->ops->get_regs(vcpu, &vcpu->run->regs);
	axvm_vm_stop_at(vcpu, AXVM_STOP_ERROR, EIO);
	return leave(vcpu, AXVM_EXIT_FAIL_ENTRY);
}

static int (*const exit_handlers[AXVM_NR_EXITS])(struct axvm_vcpu *, struct axvm_exit *) = {
	[AXVM_X_NONE] = exit_none,
	[AXVM_X_MMIO_READ] = exit_mmio_read,
	[AXVM_X_MMIO_WRITE] = exit_mmio_write,
	[AXVM_X_IO_READ] = exit_io_read,
	[AXVM_X_IO_WRITE] = exit_io_write,
	[AXVM_X_SYSREG_READ] = exit_sysreg_read,
	[AXVM_X_SYSREG_WRITE] = exit_sysreg_write,
	[AXVM_X_STAGE2_FAULT] = exit_stage2_fault,
	[AXVM_X_HYPERCALL] = exit_hypercall,
	[AXVM_X_HALT] = exit_halt,
	[AXVM_X_SYSTEM_DOWN] = exit_system_down,
	[AXVM_X_FAIL_ENTRY] = exit_fail_entry,
};

static __always_inline int vcpu_handle_exit(struct axvm_vcpu *vcpu)
{
	struct axvm_exit *exit = &vcpu->exit;
	int ret;

	trace_axvm_exit(vcpu->vm->id, vcpu->id, exit->type, exit->addr, exit->data, exit->width);
	vcpu->stats.by_type[exit->type]++;
	do {
		ret = exit_handlers[exit->type](vcpu, exit);
	} while (ret == AGAIN);
	return ret;
}

/* --- the loop ------------------------------------------------------------------ */

/*
 * axvm_vcpu_enter_guest() said no. The one place that decides whether to leave:
 * 1: no; 0: the VM is not Running; errno
 */
static int vcpu_may_enter(struct axvm_vcpu *vcpu)
{
	int ret;

	ret = thread_work();
	if (ret)
		return ret;
	if (READ_ONCE(vcpu->run->immediate_exit))
		return -EINTR;
	clear_bit(AXVM_REQ_LOOK, &vcpu->requests);
	/* A full barrier: the bit is gone before the state is read. */
	test_and_clear_bit(AXVM_REQ_STATE, &vcpu->requests);
	return READ_ONCE(vcpu->vm->state) == AXVM_STATE_RUNNING;
}

/* 1: the VM's state wants looking at; 0: an exit for userspace; errno */
static int vcpu_loop(struct axvm_vcpu *vcpu)
{
	int ret;

	if (vcpu->pending_user) {
		ret = user_answered(vcpu);
		if (ret == AGAIN)
			ret = vcpu_handle_exit(vcpu);
		if (ret <= 0)
			return ret;
	}
	for (;;) {
		ret = vcpu_enter(vcpu);
		if (likely(ret == AXVM_RUN_EXIT))
			ret = vcpu_handle_exit(vcpu);
		if (likely(ret == RESUME))
			continue;
		if (ret != AXVM_RUN_NOT_ENTERED)
			return ret;
		ret = vcpu_may_enter(vcpu);
		if (ret <= 0)
			return ret ? ret : 1;
	}
}

/**
 * axvm_vcpu_run() - AXVM_VCPU_RUN
 * @vcpu: the vCPU; vcpu->lock held; the caller's address space is the VM's
 *
 * Return: 0: run->exit_reason says why; -EINTR: a signal or immediate_exit; other
 * errnos: the VM has been stopped with that error.
 */
int axvm_vcpu_run(struct axvm_vcpu *vcpu)
{
	int ret;

	do {
		if (READ_ONCE(vcpu->run->immediate_exit)) {
			ret = -EINTR;
			break;
		}
		ret = axvm_vm_enter(vcpu);
		if (ret)
			break;
		vcpu_settle(vcpu);
		ret = vcpu_loop(vcpu);
		vcpu_unsettle(vcpu);
		if (ret < 0 && ret != -EINTR && ret != -ERESTARTNOINTR)
			axvm_vm_stop_at(vcpu, AXVM_STOP_ERROR, -ret);
		axvm_vm_leave(vcpu);
	} while (ret > 0);

	vcpu->run->exits = vcpu->stats.exits;
	if (ret == -EINTR)
		leave(vcpu, AXVM_EXIT_INTR);
	if (ret > 0)
		return leave(vcpu, AXVM_EXIT_STOPPED);
	return ret;
}

/* --- life ---------------------------------------------------------------------- */

static int vcpu_init(struct axvm_vcpu *vcpu)
{
	struct axvm_vm *vm = vcpu->vm;
	int ret;

	vcpu->run = (struct axvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run)
		return -ENOMEM;
	ret = vm->ops->vcpu_init(vcpu);
	if (ret)
		goto free_run;
	ret = axvm_arch_vcpu_attach(vcpu);
	if (ret)
		goto destroy;
	vm->ops->vcpu_reset(vcpu);
	return 0;
destroy:
	vm->ops->vcpu_destroy(vcpu);
free_run:
	free_page((unsigned long)vcpu->run);
	return ret;
}

/**
 * axvm_vcpu_create() - make a vCPU
 * @vm: the VM; vm->lock held
 * @id: its number
 *
 * It lives as long as the VM.
 *
 * Context: may sleep.
 * Return: the vCPU; -EINVAL: number too large; -EEXIST: taken; -EBUSY: the VM was booted.
 */
struct axvm_vcpu *axvm_vcpu_create(struct axvm_vm *vm, u32 id)
{
	struct axvm_vcpu *vcpu;
	int ret;

	BUILD_BUG_ON(sizeof(struct axvm_run) > PAGE_SIZE);
	if (id >= AXVM_MAX_VCPUS)
		return ERR_PTR(-EINVAL);
	if (vm->vcpus[id])
		return ERR_PTR(-EEXIST);
	if (vm->state > AXVM_STATE_LOADED)
		return ERR_PTR(-EBUSY);

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->pcpu = -1;
	mutex_init(&vcpu->lock);
	rcuwait_init(&vcpu->wait);
	axvm_vcpu_kick_init(vcpu);
	ret = vcpu_init(vcpu);
	if (ret) {
		kfree(vcpu);
		return ERR_PTR(ret);
	}
	vcpu_notifier_init(vcpu);
	/* A sender that finds it finds it whole. */
	smp_store_release(&vm->vcpus[id], vcpu);
	vm->nr_vcpus++;
	axvm_vm_loaded(vm);
	return vcpu;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_vcpu_create);

/**
 * axvm_vcpu_destroy() - free a vCPU whose VM is being freed
 * @vcpu: the vCPU; nobody can find it any more
 */
void axvm_vcpu_destroy(struct axvm_vcpu *vcpu)
{
	axvm_vcpu_kick_sync(vcpu);
	vcpu_notifier_exit(vcpu);
	axvm_arch_vcpu_detach(vcpu);
	vcpu->vm->ops->vcpu_destroy(vcpu);
	axvm_s2_drain(vcpu);
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
}
