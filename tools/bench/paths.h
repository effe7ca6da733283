/* SPDX-License-Identifier: GPL-2.0 */
/* What is measured: the guest's code of each path of an exit. */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include "vm.h"

#define NR_SAMPLES	256	/* 32 bits each, from GUEST_DATA */
#define PATH_END	0xfe	/* a port: the guest writes to it when it has all samples */

/**
 * struct path - one path of an exit
 * @name: what a person calls it
 * @budget: instructions allowed, 0: no budget
 * @user: it goes through userspace
 * @flat: the guest for GUEST_FLAT
 * @paged: the guest for GUEST_PAGED
 */
struct path {
	const char *name;
	uint32_t budget;
	bool user;
	const struct blob *flat;
	const struct blob *paged;
};

/* Ends with a name of NULL */
extern const struct path paths[];

/* IN from the last port after IN from PATH_END: for the cost of finding the device */
extern const struct path path_lookup;

#define PATH_OTHER_PORTS	0x100
#define PATH_LAST_PORT		0x8000

static inline const struct blob *path_code(const struct path *path, enum guest_mode mode)
{
	return mode == GUEST_PAGED ? path->paged : path->flat;
}

#endif /* BENCH_PATHS_H */
