/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What takes more than one guest's own clock: two vCPUs, two VMs, the host's userspace and a
 * guest. pairs.c measures, the families have the guests.
 */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include "paths.h"

/**
 * struct box - a VM of either hypervisor
 * @ours: axvm's
 * @vm: it, if @ours
 * @kvm: it, if not
 */
struct box {
	bool ours;
	struct vm vm;
	struct kvm kvm;
};

/**
 * struct pair - something that is measured between two
 * @name: what a person calls it
 * @measure: does it: ticks, as often as not
 */
struct pair {
	const char *name;
	uint32_t (*measure)(bool ours);
};

/* Ends with a name of NULL */
extern const struct pair pairs[];

/* The sample that comes most often (bench.c) */
uint32_t typical(uint32_t *sample);

/* --- the family's own ------------------------------------------------------------------------- */

/* Interrupt controllers, and what ends the guest */
void pair_add_devices(struct vm *vm);
/* The counter, as userspace reads it */
uint64_t pair_now(void);

/* Leaves for userspace again and again; its samples are from one return to the next leave */
extern const struct blob *const pair_switch;
extern const enum guest_mode pair_mode;

/* vCPU 0 sends an interrupt to vCPU 1, which sleeps, sleeps itself, and is woken by vCPU 1's */
void pair_load_ipi(struct box *box, int other);
/* Leaves for userspace: ready. Takes PAIR_IRQ, and leaves first thing in its handler. */
void pair_load_interrupt(struct box *box);
/*
 * Subscribes to channel 1 of a process, the doorbell being PAIR_IRQ, and leaves for userspace:
 * ready. Then it answers doorbells; or it asks by one, and leaves when it has all samples.
 */
void pair_load_doorbell(struct vm *vm, bool asks);
/* vCPU 1 of a VM of KVM's: its descriptor */
int pair_kvm_second(struct kvm *kvm);
/* The line of PAIR_IRQ, as KVM_IRQ_LINE and AXVM_VM_IRQ_LINE name it */
extern const uint32_t pair_kvm_irq, pair_axvm_irq;

#endif /* BENCH_PAIRS_H */
