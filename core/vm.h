/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two objects of the core: a virtual machine and its vCPUs.
 *
 * Lock legend, per field:
 *	[I] immutable once made		[V] vm->lock		[C] vcpu->lock
 *	[S] vm->lock to change; vm->srcu, or interrupts off, to read
 *	[a] atomic
 *	[T] only the vCPU's own thread, or [C] while it does not run
 * Order: vm->lock -> vcpu->lock -> vm->s2_lock; interrupt locks: core/irq.h.
 */
#ifndef AXVM_CORE_VM_H
#define AXVM_CORE_VM_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/smp.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include <arch.h>
#include "backend.h"
#include "compat.h"
#include "eventfd.h"
#include "irq.h"
#include "ivc.h"
#include "memory.h"
#include "../devices/registry.h"
#include "../uapi/axvm.h"

#define AXVM_MAX_VCPUS	64

/* axvm_vcpu.mode */
#define AXVM_OUTSIDE	0	/* in the kernel or in userspace */
#define AXVM_IN_GUEST	1	/* entering, in, or leaving the guest: kick it by an IPI */
#define AXVM_BLOCKED	2	/* asleep in HLT or WFI: wake it */

/* axvm_vcpu.requests */
#define AXVM_REQ_STATE	0	/* the VM's state changed */
#define AXVM_REQ_LOOK	1	/* the vCPU itself made something pending, between two entries */

/**
 * struct axvm_vcpu_stats - what a vCPU counts [T]; read by anyone, torn at worst
 * @exits: VM exits
 * @handled: exits that the backend answered itself
 * @by_type: exits that reached the core, by type
 * @user: exits that left the run loop with an access for userspace
 * @kicks: IPIs sent to it [a-less: approximate]
 * @late: those of them that did not find it on that pCPU any more [likewise]
 * @halts: times it slept
 */
struct axvm_vcpu_stats {
	u64 exits;
	u64 handled;
	u64 by_type[AXVM_NR_EXITS];
	u64 user;
	u64 kicks;
	u64 late;
	u64 halts;
};

/**
 * struct axvm_vcpu - a virtual CPU
 * @vm: [I] its VM
 * @id: [I] its number; x86: also the APIC id
 * @lock: held through AXVM_VCPU_RUN and every other vCPU call
 * @run: [I] the page shared with userspace
 * @backend: [I] the backend's own part
 * @arch: architecture's part (x86/arch.h, arm64/arch.h)
 * @pcpu: [a] the pCPU on which it resides, or -1
 * @mode: [a] AXVM_OUTSIDE, AXVM_IN_GUEST, AXVM_BLOCKED
 * @requests: [a] AXVM_REQ_* bits
 * @wait: where it sleeps in HLT
 * @kick: for the IPI from contexts that may not wait
 * @kick_queued: [a] 1: somebody has taken @kick, until it has arrived
 * @ipis: [a] IPIs under way
 * @notifier: tells when its thread leaves or comes to a pCPU
 * @exit: [T] the exit being handled
 * @pending_user: [T] @exit waits for userspace's answer in @run
 * @has_file: [V] its descriptor was made
 * @stats: counters
 * @s2_pool: spare pages for stage-2 tables (core/s2_pool.c)
 * @nr_s2_pool: how many
 */
struct axvm_vcpu {
	struct axvm_vm *vm;
	u32 id;
	struct mutex lock;	/* see above */
	struct axvm_run *run;
	void *backend;
	struct axvm_vcpu_arch arch;

	int pcpu;
	int mode;
	unsigned long requests;
	struct rcuwait wait;
	call_single_data_t kick;
	atomic_t kick_queued;
	atomic_t ipis;
	struct axvm_preempt_notifier notifier;

	struct axvm_exit exit;
	bool pending_user;
	bool has_file;
	struct axvm_vcpu_stats stats;

	struct page *s2_pool[AXVM_S2_POOL];
	unsigned int nr_s2_pool;
};

/**
 * struct axvm_vm - a virtual machine
 * @ref: references: its descriptor, its vCPUs' descriptors
 * @rcu: freed after a grace period: interrupt senders find it by id under RCU
 * @id: [I] number, unique while it lives
 * @name: [I] name
 * @flags: [I] AXVM_VM_*
 * @interrupt_mode: [I] AXVM_IRQ_*
 * @pid: [I] who made it
 * @mm: [I] address space its memory slots are in
 * @ops: [I] the backend
 * @backend: [I] the backend's own part
 * @arch: architecture's part
 * @lock: configuration and state changes
 * @srcu: readers of @slots and @devices
 * @state_lock: raw, irqs off: @state, @running, @stop_*; any context
 * @state: AXVM_STATE_*; read by anyone (READ_ONCE)
 * @running: vCPUs inside the run loop
 * @state_wait: woken when @state changes or @running falls to 0
 * @state_work: wakes @state_wait for contexts that may not
 * @stop_reason: AXVM_STOP_*: the first wins
 * @stop_vcpu: which vCPU, or ~0
 * @stop_code: with the reason
 * @nr_vcpus: [V] made so far
 * @vcpus: [V] set once each; read by anyone (READ_ONCE)
 * @slots: [S] guest memory
 * @s2_lock: the stage-2 tables
 * @s2_generation: [a] counts flushes
 * @s2_stale: table pages (by page->lru) to be freed after the next flush; s2_lock
 * @devices: the registry
 * @irq: interrupt lines
 * @eventfds: irqfds, ioeventfds, routes
 * @ivc: channels to others
 * @debugfs: [I] its directory
 */
struct axvm_vm {
	struct kref ref;
	struct rcu_head rcu;
	u32 id;
	char name[AXVM_NAME_LEN];
	u32 flags;
	u32 interrupt_mode;
	struct pid *pid;
	struct mm_struct *mm;
	const struct axvm_backend *ops;
	void *backend;
	struct axvm_vm_arch arch;

	struct mutex lock;	/* see above */
	struct srcu_struct srcu;
	raw_spinlock_t state_lock;
	int state;
	unsigned int running;
	wait_queue_head_t state_wait;
	struct irq_work state_work;
	u32 stop_reason;
	u32 stop_vcpu;
	u64 stop_code;

	unsigned int nr_vcpus;
	struct axvm_vcpu *vcpus[AXVM_MAX_VCPUS];

	struct axvm_slots __rcu *slots;
	spinlock_t s2_lock;	/* see above */
	u64 s2_generation;
	struct list_head s2_stale;

	struct axvm_devices devices;
	struct axvm_irq_router irq;
	struct axvm_eventfds eventfds;
	struct axvm_ivc_vm ivc;
	struct dentry *debugfs;
};

/* core/vm.c: all VMs by number; an entry is freed an RCU grace period after it left */
extern struct xarray axvm_vms;

struct axvm_vm *axvm_vm_create(const struct axvm_backend *ops, const struct axvm_create_vm *config);
void axvm_vm_get(struct axvm_vm *vm);
void axvm_vm_put(struct axvm_vm *vm);
struct axvm_vm *axvm_vm_next(u32 id);
void axvm_vm_flush_stage2(struct axvm_vm *vm);
void axvm_vm_synchronize(struct axvm_vm *vm);

/* core/state.c */
void axvm_state_init(struct axvm_vm *vm);
void axvm_vm_loaded(struct axvm_vm *vm);
int axvm_vm_boot(struct axvm_vm *vm);
int axvm_vm_reset(struct axvm_vm *vm);
int axvm_vm_suspend(struct axvm_vm *vm);
int axvm_vm_resume(struct axvm_vm *vm);
int axvm_vm_request_stop(struct axvm_vm *vm);
void axvm_vm_stop_at(struct axvm_vcpu *vcpu, u32 reason, u64 code);
bool axvm_vm_has_runners(struct axvm_vm *vm);
int axvm_vm_enter(struct axvm_vcpu *vcpu);
void axvm_vm_leave(struct axvm_vcpu *vcpu);

/* core/stats.c */
int axvm_debugfs_init(void);
void axvm_debugfs_exit(void);
void axvm_vm_debugfs(struct axvm_vm *vm);
void axvm_vm_stat(struct axvm_vm *vm, struct axvm_vm_stat *stat);

/* core/vcpu.c */
struct axvm_vcpu *axvm_vcpu_create(struct axvm_vm *vm, u32 id);
void axvm_vcpu_destroy(struct axvm_vcpu *vcpu);
int axvm_vcpu_run(struct axvm_vcpu *vcpu);

/**
 * axvm_in_gap() - is an address known to be in no slot?
 * @vm: the VM
 * @gap: from axvm_slot_gap()
 * @gpa: the address
 *
 * Context: interrupts off.
 * Return: false: unknown.
 */
static __always_inline bool axvm_in_gap(const struct axvm_vm *vm, const struct axvm_gap *gap,
					u64 gpa)
{
	const struct axvm_slots *slots = rcu_dereference_check(vm->slots, irqs_disabled());

	return slots && slots->generation == gap->generation && gpa >= gap->first &&
	       gpa <= gap->last;
}

/**
 * axvm_s2_take() - a page of zeros for a table
 * @vcpu: the vCPU that the fault is of
 *
 * Context: vm->s2_lock held, after axvm_s2_topup().
 */
static inline struct page *axvm_s2_take(struct axvm_vcpu *vcpu)
{
	return vcpu->s2_pool[--vcpu->nr_s2_pool];
}

/**
 * axvm_in_window() - is an address where channels appear?
 * @vm: the VM
 * @gpa: the address, which is in no slot
 *
 * Context: vm->srcu read side, or interrupts off.
 */
static inline bool axvm_in_window(struct axvm_vm *vm, u64 gpa)
{
	const struct axvm_slots *slots = srcu_dereference_check(vm->slots, &vm->srcu,
								irqs_disabled());

	return slots && gpa >= slots->window && gpa - slots->window < slots->window_size;
}

/**
 * axvm_vcpu_wanted() - does anything want the vCPU out of the guest?
 * @vcpu: this thread's vCPU
 *
 * A request, or work of the thread: rescheduling, a signal, task work.
 */
static __always_inline bool axvm_vcpu_wanted(const struct axvm_vcpu *vcpu)
{
	const unsigned long work = _TIF_NEED_RESCHED | _TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL |
				   _TIF_NOTIFY_RESUME;

	return READ_ONCE(vcpu->requests) || (read_thread_flags() & work);
}

/**
 * axvm_vcpu_look() - what is pending is to be looked at before the next entry
 * @vcpu: the vCPU
 *
 * For what a vCPU does to itself with interrupts off, where a backend enters again without
 * asking axvm_vcpu_enter_guest(): others force it out by an interrupt.
 *
 * Context: any.
 */
static inline void axvm_vcpu_look(struct axvm_vcpu *vcpu)
{
	set_bit(AXVM_REQ_LOOK, &vcpu->requests);
}

/**
 * axvm_vcpu_only_look() - axvm_vcpu_wanted(), but perhaps only by its own note to look
 * @vcpu: this thread's vCPU
 *
 * Return: true: the caller looks at what is pending and may enter again.
 */
static inline bool axvm_vcpu_only_look(struct axvm_vcpu *vcpu)
{
	clear_bit(AXVM_REQ_LOOK, &vcpu->requests);
	return !axvm_vcpu_wanted(vcpu);
}

/**
 * axvm_vcpu_enter_guest() - the last look before an entry
 * @vcpu: this thread's vCPU
 *
 * From here on a sender sees the vCPU in guest mode and forces it out by an IPI,
 * which stays pending while interrupts are off and ends the guest right after the
 * entry. What was made pending before is seen by the caller, who looks at it next.
 *
 * Context: interrupts off.
 * Return: false: do not enter, go round the run loop.
 */
static __always_inline bool axvm_vcpu_enter_guest(struct axvm_vcpu *vcpu)
{
	/* The caller looks after this. */
	if (unlikely(READ_ONCE(vcpu->requests) & BIT(AXVM_REQ_LOOK)))
		clear_bit(AXVM_REQ_LOOK, &vcpu->requests);
	/* Whoever sees the mode sees on which pCPU. */
	smp_store_release(&vcpu->mode, AXVM_IN_GUEST);
	smp_mb();	/* pairs with the one in axvm_vcpu_kick() */
	if (likely(!axvm_vcpu_wanted(vcpu)))
		return true;
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
	return false;
}

/**
 * axvm_vcpu_leave_guest() - after an exit, before interrupts go on
 * @vcpu: this thread's vCPU
 */
static __always_inline void axvm_vcpu_leave_guest(struct axvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
}

/**
 * axvm_vcpu_request() - leave a note for a vCPU and make it look
 * @vcpu: the vCPU
 * @request: AXVM_REQ_*
 *
 * Context: any.
 */
static inline void axvm_vcpu_request(struct axvm_vcpu *vcpu, unsigned int request)
{
	set_bit(request, &vcpu->requests);
	axvm_vcpu_kick(vcpu);
}

#endif /* AXVM_CORE_VM_H */
