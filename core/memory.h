/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory contract: guest-physical memory.
 *
 * A slot is a guest-physical range that stands for a range of the launcher's
 * address space. Stage 2 is filled on fault and follows the launcher's page tables
 * by an interval notifier per slot, so nothing stays pinned. Guest memory is
 * touched by the kernel through axvm_guest_read() and axvm_guest_write() only.
 *
 * Locks: vm->lock (mutex) for changing slots; readers look up under vm->srcu.
 * vm->s2_lock (spinlock) for stage-2 tables; taken inside the notifier.
 */
#ifndef AXVM_CORE_MEMORY_H
#define AXVM_CORE_MEMORY_H

#include <linux/mmu_notifier.h>
#include <linux/types.h>

struct axvm_vcpu;
struct axvm_vm;
struct axvm_memory;

#define AXVM_MAX_SLOTS	64

/* The most that one s2_map() takes: a table for each level below the root, of five */
#define AXVM_S2_POOL	4

/* axvm_slot.number of a direct range: no slot of userspace has it */
#define AXVM_DIRECT	AXVM_MAX_SLOTS

/**
 * struct axvm_slot - a memory slot, or a direct range
 * @vm: the VM
 * @number: slot number; AXVM_DIRECT: a direct range: device memory of the host, of which
 *          nothing but stage 2 knows
 * @flags: AXVM_MEM_*
 * @gpa: guest-physical start
 * @length: bytes
 * @hva: the launcher's address of @gpa
 * @hpa: of a direct range: the host-physical address of @gpa
 * @notifier: tells of changes to [@hva, @hva + @length)
 */
struct axvm_slot {
	struct axvm_vm *vm;
	u32 number;
	u32 flags;
	u64 gpa;
	u64 length;
	unsigned long hva;
	phys_addr_t hpa;
	struct mmu_interval_notifier notifier;
};

/**
 * struct axvm_slots - what readers see: all slots, sorted by GPA; replaced whole
 * @generation: counts replacements: the same number, the same slots
 * @window: where channels appear (core/ivc.h), in what no slot has
 * @window_size: bytes; 0: there is no window
 * @nr: entries
 * @slot: the slots
 */
struct axvm_slots {
	u64 generation;
	u64 window;
	u64 window_size;
	unsigned int nr;
	struct axvm_slot *slot[];
};

/**
 * struct axvm_gap - guest-physical addresses that are in no slot, nor where channels appear
 * @generation: of the slots; 0: nothing is known
 * @first: the first such address
 * @last: the last one
 */
struct axvm_gap {
	u64 generation;
	u64 first;
	u64 last;
};

int axvm_memory_set(struct axvm_vm *vm, const struct axvm_memory *mem);
void axvm_memory_unmap(struct axvm_vm *vm, u64 gpa, u64 length);
int axvm_memory_set_window(struct axvm_vm *vm, u64 gpa, u64 size);
void axvm_memory_destroy(struct axvm_vm *vm);
u64 axvm_memory_size(struct axvm_vm *vm);

/**
 * struct axvm_host_page - what the launcher's page tables have at an address
 * @page: referenced; NULL: a frame that has none: device memory, for example
 * @hpa: where the page is
 * @shift: as large as this, in bits, they map what is around it
 * @prot: AXVM_S2_* that it and the slot allow
 */
struct axvm_host_page {
	struct page *page;
	phys_addr_t hpa;
	unsigned int shift;
	u32 prot;
};

/* core/host_page.c */
int axvm_host_page_find(struct axvm_slot *slot, unsigned long hva, u32 access,
			struct axvm_host_page *page);
void axvm_host_page_dirty(struct axvm_host_page *page);
void axvm_host_page_put(struct axvm_host_page *page);

/* Direct ranges; vm->lock held. May sleep. */
struct axvm_slot *axvm_direct_add(struct axvm_vm *vm, u64 gpa, phys_addr_t hpa, u64 length);
void axvm_direct_remove(struct axvm_slot *slot);

/* vm->lock or vm->srcu held */
bool axvm_memory_overlaps(struct axvm_vm *vm, u64 gpa, u64 length);

/* vm->srcu held. NULL: no memory there. */
struct axvm_slot *axvm_slot_find(struct axvm_vm *vm, u64 gpa);
bool axvm_slot_gap(struct axvm_vm *vm, u64 gpa, struct axvm_gap *gap);

/* core/s2_pool.c */
int axvm_s2_topup(struct axvm_vcpu *vcpu);
void axvm_s2_drain(struct axvm_vcpu *vcpu);

int axvm_memory_fault(struct axvm_vcpu *vcpu, u64 gpa, u32 access);

/* The thread's mm must be the VM's: a vCPU thread or an ioctl. May sleep. */
int axvm_guest_read(struct axvm_vm *vm, u64 gpa, void *buf, size_t length);
int axvm_guest_read_u64(struct axvm_vm *vm, u64 gpa, u64 *value);
int axvm_guest_write(struct axvm_vm *vm, u64 gpa, const void *buf, size_t length);

#endif /* AXVM_CORE_MEMORY_H */
