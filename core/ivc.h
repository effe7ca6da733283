/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels between VMs, and between VMs and processes (IVC): memory that several share, and a
 * doorbell.
 *
 *	ivc.c		the table of channels: publish, subscribe, ring, end
 *	ivc_access.c	who may subscribe
 *	ivc_memory.c	pages, and how they come into and out of a VM's stage 2
 *	ivc_vm.c	a VM as a peer; hypercall.c: what its guest calls
 *	ivc_file.c	a process as a peer
 *
 * A channel has *ends*, one for each who shares it; the first is its publisher's. When that
 * goes, the channel ends: every other end loses the pages before they are freed, and reads
 * zeros from then on.
 *
 * Locks: axvm_ivc_lock, a mutex, for all that changes: the table, ends, windows, who may. It
 * is taken in hypercalls, with vcpu->lock held, and under vm->lock; neither is waited for
 * under it. Beside it, so that these need not wait for it:
 *	channel->lock		spinlock: the list of ends, for the doorbell
 *	channel->memory_lock	rwsem: channel->memory, for page faults of processes
 *	vm->s2_lock		spinlock: vm->ivc.maps, for stage-2 faults
 * Order: vm->lock -> vcpu->lock -> axvm_ivc_lock -> one of the three; mmap_lock ->
 * memory_lock; channel->lock -> the interrupt router's.
 */
#ifndef AXVM_CORE_IVC_H
#define AXVM_CORE_IVC_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../uapi/axvm.h"

struct axvm_device;
struct axvm_ivc;
struct axvm_ivc_acl;
struct axvm_ivc_end;
struct axvm_ivc_memory;
struct axvm_vcpu;
struct axvm_vm;

#define AXVM_IVC_MAX_SIZE	(64ULL << 20)	/* of a channel; and of all that a VM publishes */
#define AXVM_IVC_MAX_ENDS	64		/* of a channel */
#define AXVM_IVC_MAX_MAPS	64		/* of a VM: what it publishes and subscribes to */
#define AXVM_IVC_MAX_PEERS	64		/* entries of a list of who may */

/**
 * struct axvm_ivc_party - who publishes or subscribes
 * @vm: a VM; NULL: a process
 * @user: of the process, or of the one that made the VM
 */
struct axvm_ivc_party {
	struct axvm_vm *vm;
	kuid_t user;
};

/**
 * struct axvm_ivc - a channel
 * @ref: references: each end
 * @list: in the table, until it ends; axvm_ivc_lock
 * @serial: [I] its number in `axvm ivc ls`
 * @publisher: [I] number of the VM, or AXVM_IVC_HOST
 * @key: [I] its key
 * @size: [I] bytes, whole pages
 * @readonly: [I] subscribers only read
 * @owner: [I] who published it; its VM only until the channel ends
 * @acl: [I] of a process's channel: who may subscribe; a VM has one list for all of its own
 * @memory_lock: @memory, for page faults
 * @memory: the pages; NULL: it has ended. axvm_ivc_lock and @memory_lock to change
 * @lock: @ends, @rings and what ends count
 * @ends: all ends, the publisher's first; axvm_ivc_lock and @lock to change
 * @nr_ends: how many; axvm_ivc_lock
 * @rings: how often the doorbell was rung
 */
struct axvm_ivc {
	struct kref ref;
	struct list_head list;
	u64 serial;
	u32 publisher;
	u64 key;
	u64 size;
	bool readonly;
	struct axvm_ivc_party owner;
	struct axvm_ivc_acl *acl;
	struct rw_semaphore memory_lock;	/* see above */
	struct axvm_ivc_memory *memory;
	spinlock_t lock;			/* see above */
	struct list_head ends;
	unsigned int nr_ends;
	u64 rings;
};

/**
 * struct axvm_ivc_end_ops - what an end is told
 * @ring: the doorbell; channel->lock held
 * @revoke: the channel has ended: when this returns, nobody reaches its pages by this end.
 *          axvm_ivc_lock held; may sleep
 * @describe: fill in vm, gpa, pid; axvm_ivc_lock held
 */
struct axvm_ivc_end_ops {
	void (*ring)(struct axvm_ivc_end *end);
	void (*revoke)(struct axvm_ivc_end *end);
	void (*describe)(const struct axvm_ivc_end *end, struct axvm_ivc_stat *stat);
};

/**
 * struct axvm_ivc_end - an end of a channel
 * @ops: [I] what it is told
 * @channel: the channel, with a reference; NULL: of none yet
 * @list: in channel->ends
 * @publisher: the publisher's end
 * @readonly: only reads
 */
struct axvm_ivc_end {
	const struct axvm_ivc_end_ops *ops;
	struct axvm_ivc *channel;
	struct list_head list;
	bool publisher;
	bool readonly;
};

/**
 * struct axvm_ivc_map - a VM's end: where in its window the channel is
 * @end: the end
 * @vm: [I] the VM
 * @list: in vm->ivc.maps; axvm_ivc_lock and vm->s2_lock to change
 * @gpa: [I] guest-physical address
 * @size: [I] bytes
 * @memory: the pages; NULL: zeros, as the channel has ended; vm->s2_lock
 */
struct axvm_ivc_map {
	struct axvm_ivc_end end;
	struct axvm_vm *vm;
	struct list_head list;
	u64 gpa;
	u64 size;
	struct axvm_ivc_memory *memory;
};

/**
 * struct axvm_ivc_vm - what channels a VM has
 * @serial: [I] tells it from VMs that had its number before, or will
 * @user: [I] who made it
 * @window: the device in whose region channels appear, or NULL; axvm_ivc_lock
 * @closed: the VM's descriptor is closed: nothing new; axvm_ivc_lock
 * @acl: who may subscribe to what it publishes, or NULL: nobody; axvm_ivc_lock
 * @maps: its ends; axvm_ivc_lock and vm->s2_lock to change
 * @nr_maps: how many; axvm_ivc_lock
 * @published: bytes that it publishes; axvm_ivc_lock
 * @unmapping: unmappings of stage 2 under way: meanwhile faults map nothing; vm->s2_lock
 */
struct axvm_ivc_vm {
	u64 serial;
	kuid_t user;
	struct axvm_device *window;
	bool closed;
	struct axvm_ivc_acl *acl;
	struct list_head maps;
	unsigned int nr_maps;
	u64 published;
	unsigned int unmapping;
};

extern struct mutex axvm_ivc_lock;

/* ivc.c; axvm_ivc_lock held, but for create(), put(), ring() and stat() */
struct axvm_ivc *axvm_ivc_create(const struct axvm_ivc_party *owner, u64 key, u64 size,
				 bool readonly);
void axvm_ivc_put(struct axvm_ivc *channel);
int axvm_ivc_publish(struct axvm_ivc *channel, struct axvm_ivc_end *end);
int axvm_ivc_find(const struct axvm_ivc_party *who, u32 publisher, u64 key, bool *readonly,
		  struct axvm_ivc **channel);
int axvm_ivc_join(struct axvm_ivc *channel, struct axvm_ivc_end *end);
void axvm_ivc_leave(struct axvm_ivc_end *end);
void axvm_ivc_ring(struct axvm_ivc *channel, const struct axvm_ivc_end *except);
int axvm_ivc_stat(struct axvm_ivc_stat *stat);

/* ivc_access.c */
enum axvm_ivc_right {
	AXVM_IVC_NOTHING,
	AXVM_IVC_READ,
	AXVM_IVC_READ_WRITE,
};

struct axvm_ivc_acl *axvm_ivc_acl_make(const struct axvm_ivc_peer *peers, u32 nr);
struct axvm_ivc_acl *axvm_ivc_acl_read(u64 peers, u32 nr);
enum axvm_ivc_right axvm_ivc_right(const struct axvm_ivc *channel,
				   const struct axvm_ivc_party *who);

/* ivc_memory.c */
struct axvm_ivc_memory *axvm_ivc_memory_alloc(u64 size);
void axvm_ivc_memory_free(struct axvm_ivc_memory *memory);
void *axvm_ivc_memory_at(const struct axvm_ivc_memory *memory, u64 offset);
int axvm_ivc_fault(struct axvm_vcpu *vcpu, u64 gpa, u32 access);
int axvm_ivc_access(struct axvm_vm *vm, u64 gpa, unsigned int width, u64 *data, bool write);
void axvm_ivc_map_add(struct axvm_ivc_map *map);
void axvm_ivc_map_revoke(struct axvm_ivc_map *map);
void axvm_ivc_map_remove(struct axvm_ivc_map *map);

/* ivc_vm.c: a VM as a peer; its vm->lock may be held or not */
void axvm_ivc_vm_init(struct axvm_vm *vm);
void axvm_ivc_vm_reset(struct axvm_vm *vm);
void axvm_ivc_vm_release(struct axvm_vm *vm);
void axvm_ivc_vm_destroy(struct axvm_vm *vm);
void axvm_ivc_vm_allow(struct axvm_vm *vm, struct axvm_ivc_acl *acl);
int axvm_ivc_vm_publish(struct axvm_vm *vm, u64 key, bool readonly, u64 *size, u64 *gpa);
int axvm_ivc_vm_subscribe(struct axvm_vm *vm, u32 publisher, u64 key, bool readonly, u64 *size,
			  u64 *gpa);
int axvm_ivc_vm_leave(struct axvm_vm *vm, u32 publisher, u64 key, bool published);
int axvm_ivc_vm_notify(struct axvm_vm *vm, u32 publisher, u64 key);
int axvm_ivc_set_window(struct axvm_vm *vm, struct axvm_device *window);

/* devices/ivc_channel.c: addresses in the window; axvm_ivc_lock, or vm->lock, held */
int axvm_devices_alloc_ivc_channel(struct axvm_vm *vm, u64 size, u64 *gpa);
int axvm_devices_release_ivc_channel(struct axvm_vm *vm, u64 gpa, u64 size);

/* hypercall.c */
bool axvm_hypercall(struct axvm_vcpu *vcpu, u32 nr, const u64 *args, u64 *result);

#endif /* AXVM_CORE_IVC_H */
