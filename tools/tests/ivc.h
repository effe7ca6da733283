/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels between VMs and processes: what their tests stand on.
 *
 * A VM's guest is told what to do by words in its memory: hypercalls, loads, stores, fills. In
 * between it reads a range again and again, and counts words that are neither zero nor what
 * they should be. ivc-vm.c has the VM; x86-ivc.c and arm64-ivc.c the guest's code.
 */
#ifndef TESTS_IVC_H
#define TESTS_IVC_H

#include "vm.h"

#ifdef __aarch64__
#define IVC_WINDOW	0x20000000UL
#define IVC_LINE	50
#else
#define IVC_WINDOW	0xd0000000UL
#define IVC_LINE	10
#endif
#define IVC_WINDOW_SIZE	0x1000000UL

#define REFUSED		(~0ULL)

enum ivc_op {
	IVC_IDLE,
	IVC_HYPERCALL,	/* nr, arg[] */
	IVC_LOAD,	/* 8 bytes at arg[0] */
	IVC_STORE,	/* arg[1] at arg[0] */
	IVC_FILL,	/* arg[2] from arg[0] to before arg[1] */
};

/* In the guest's data; its code knows the offsets. */
struct ivc_control {
	uint64_t op;		/* 0: set last, cleared by the guest */
	uint64_t nr;		/* 8 */
	uint64_t arg[4];	/* 16 */
	uint64_t result;	/* 48 */
	uint64_t base;		/* 56: read from here; 0: nothing */
	uint64_t size;		/* 64 */
	uint64_t expected;	/* 72 */
	uint64_t passes;	/* 80 */
	uint64_t bad;		/* 88 */
	uint64_t bad_value;	/* 96: the last one */
	uint64_t bad_at;	/* 104 */
	uint64_t answer[2];	/* 112: where hypercalls write */
};

const struct blob *ivc_guest(void);

/* A VM with a window, running its guest in a thread; returns the window's number */
uint32_t ivc_vm_start(struct vm *vm);
void ivc_vm_stop(struct vm *vm);
struct ivc_control *ivc_control(struct vm *vm);
uint64_t ivc_do(struct vm *vm, enum ivc_op op, uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d);
void ivc_allow_user(struct vm *vm, uint32_t flags);
int ivc_allow(struct vm *vm, const struct axvm_ivc_peer *peers, uint32_t nr);

/* Hypercalls of its guest: 0 or REFUSED; where the channel is */
uint64_t ivc_vm_publish(struct vm *vm, uint64_t key, uint64_t size, uint64_t *base);
uint64_t ivc_vm_subscribe(struct vm *vm, uint32_t publisher, uint64_t key, uint64_t *base);
uint64_t ivc_vm_call(struct vm *vm, uint64_t nr, uint64_t a, uint64_t b);
uint64_t ivc_vm_load(struct vm *vm, uint64_t at);
void ivc_vm_store(struct vm *vm, uint64_t at, uint64_t value);

/* A process: descriptors, or -1 with errno */
int ivc_publish(uint64_t key, uint64_t length, uint32_t flags, const struct axvm_ivc_peer *peers,
		uint32_t nr);
int ivc_subscribe(uint32_t publisher, uint64_t key, uint32_t flags);
struct axvm_ivc_peer ivc_user(uint32_t flags);
void ivc_ring(int fd);
bool ivc_rang(int fd, int ms);
long ivc_pages_used(void);

#endif /* TESTS_IVC_H */
