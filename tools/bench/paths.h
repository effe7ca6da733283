/* SPDX-License-Identifier: GPL-2.0 */
/* What is measured: the guest's code of each path of an exit. Each family has its own. */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include "kvm.h"
#include "vm.h"

#define NR_SAMPLES	256	/* 32 bits each, from GUEST_DATA */
#define MOST_DEVICES	1024	/* in a VM */

/**
 * struct path - one path of an exit
 * @name: what a person calls it
 * @budget: instructions allowed, 0: no budget
 * @user: it goes through userspace
 * @only_ours: KVM has no such device
 * @code: the guest, for each mode in which it is measured
 */
struct path {
	const char *name;
	uint32_t budget;
	bool user;
	bool only_ours;
	const struct blob *code[NR_GUEST_MODES];
};

/**
 * struct family - guests that start in the same way
 * @name: what a person calls them
 * @mode: how they start
 */
struct family {
	const char *name;
	enum guest_mode mode;
};

/* Both end with a name of NULL */
extern const struct family families[];
extern const struct path paths[];

/* The last device of many is read after another one: for the cost of finding it */
extern const struct path path_lookup;

/* A guest writes to the device of path_add_devices() when it has all samples. */
void path_add_devices(struct vm *vm);
bool path_ended_kvm(const struct kvm *kvm, uint32_t reason);

/* The devices of path_lookup: the last, which is read, and any number of others like it */
void path_add_last(struct vm *vm);
void path_add_other(struct vm *vm, unsigned int number);

#endif /* BENCH_PATHS_H */
