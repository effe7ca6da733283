// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of channels, and how they come into the stage 2 of a VM and out of it.
 *
 * A page is mapped when the guest first touches it, in a page of 2 MiB where there is one and
 * both addresses are aligned to it; never executable: no guest runs another one's code. When a
 * channel has ended, a subscriber's addresses lead to the host's page of zeros, read-only; what
 * the guest writes there is dropped, as is what a read-only end writes.
 *
 * Taking pages out: the map forgets them, or is forgotten; then stage 2 is unmapped, and stale
 * translations are flushed (axvm_memory_unmap()). A fault meanwhile maps nothing, and its vCPU
 * tries again: so no page is mapped while a translation to another one may live there, which
 * arm64 does not allow (break-before-make, ARM DDI 0487 D8.17.1).
 *
 * Owns: struct axvm_ivc_memory. Locks: vm->s2_lock; those who change maps hold axvm_ivc_lock.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../devices/device.h"
#include "vm.h"

#define HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define HUGE_PAGES	BIT(HUGE_ORDER)

/* A guest that asks for much gets less, rather than the host into trouble. */
#define PAGE_FLAGS	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define HUGE_FLAGS	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NORETRY | __GFP_NOWARN | \
			 __GFP_COMP)

/**
 * struct axvm_ivc_memory - the pages of a channel
 * @nr: how many
 * @huge: bit n: the pages from n times 2 MiB on are one of 2 MiB
 * @pages: them
 */
struct axvm_ivc_memory {
	unsigned long nr;
	u64 huge;
	struct page *pages[];
};

static_assert(AXVM_IVC_MAX_SIZE >> 21 <= 64);

/* --- pages ------------------------------------------------------------------------------ */

static atomic_long_t pages_used = ATOMIC_LONG_INIT(0);

static int get_pages_used(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(&pages_used));
}

static int set_pages_used(const char *value, const struct kernel_param *param)
{
	return -EPERM;
}

static const struct kernel_param_ops pages_used_ops = {
	.get = get_pages_used,
	.set = set_pages_used,
};

module_param_cb(ivc_pages, &pages_used_ops, NULL, 0444);
MODULE_PARM_DESC(ivc_pages, "pages that channels have now (read only)");

/* The pages from number @first on. Return: how many; 0: there is no memory */
static unsigned long take_pages(struct axvm_ivc_memory *memory, unsigned long first)
{
	struct page *page = NULL;
	unsigned long i;

	if (!(first % HUGE_PAGES) && memory->nr - first >= HUGE_PAGES)
		page = alloc_pages(HUGE_FLAGS, HUGE_ORDER);
	if (!page) {
		memory->pages[first] = alloc_page(PAGE_FLAGS);
		return memory->pages[first] ? 1 : 0;
	}
	memory->huge |= BIT_ULL(first / HUGE_PAGES);
	for (i = 0; i < HUGE_PAGES; i++)
		memory->pages[first + i] = page + i;
	return HUGE_PAGES;
}

/* Of a memory with its first @nr pages */
static void free_pages_of(struct axvm_ivc_memory *memory, unsigned long nr)
{
	unsigned long i = 0;

	while (i < nr) {
		if (memory->huge & BIT_ULL(i / HUGE_PAGES)) {
			__free_pages(memory->pages[i], HUGE_ORDER);
			i += HUGE_PAGES;
		} else {
			__free_page(memory->pages[i++]);
		}
		cond_resched();
	}
	kvfree(memory);
}

/**
 * axvm_ivc_memory_alloc() - pages for a channel, all zeros
 * @size: bytes: whole pages, AXVM_IVC_MAX_SIZE at most
 *
 * Context: may sleep.
 * Return: the pages, or an error pointer: -ENOMEM; -EINTR: a fatal signal.
 */
struct axvm_ivc_memory *axvm_ivc_memory_alloc(u64 size)
{
	unsigned long i = 0, n, nr = size >> PAGE_SHIFT;
	struct axvm_ivc_memory *memory;
	int ret = 0;

	memory = kvzalloc(struct_size(memory, pages, nr), GFP_KERNEL_ACCOUNT);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	memory->nr = nr;
	while (i < nr && !ret) {
		n = take_pages(memory, i);
		i += n;
		if (!n)
			ret = -ENOMEM;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	if (ret) {
		free_pages_of(memory, i);
		return ERR_PTR(ret);
	}
	atomic_long_add(nr, &pages_used);
	return memory;
}

/**
 * axvm_ivc_memory_free() - give the pages back, which nobody reaches any more
 * @memory: them, or NULL
 *
 * Context: may sleep.
 */
void axvm_ivc_memory_free(struct axvm_ivc_memory *memory)
{
	if (!memory)
		return;
	atomic_long_sub(memory->nr, &pages_used);
	free_pages_of(memory, memory->nr);
}

/**
 * axvm_ivc_memory_at() - where the kernel has a page of a channel
 * @memory: the pages
 * @offset: byte in the channel
 *
 * Return: the address of this byte; good up to the end of its page.
 */
void *axvm_ivc_memory_at(const struct axvm_ivc_memory *memory, u64 offset)
{
	return page_address(memory->pages[offset >> PAGE_SHIFT]) + offset_in_page(offset);
}

/* --- into stage 2 ----------------------------------------------------------------------- */

/* vm->s2_lock held */
static struct axvm_ivc_map *find_map(struct axvm_vm *vm, u64 gpa)
{
	struct axvm_ivc_map *map;

	list_for_each_entry(map, &vm->ivc.maps, list)
		if (gpa >= map->gpa && gpa - map->gpa < map->size)
			return map;
	return NULL;
}

static bool is_readonly(const struct axvm_ivc_map *map)
{
	return map->end.readonly || !map->memory;
}

/* May the 2 MiB around @gpa be one page of stage 2? A memory slot may lie among them. */
static bool maps_huge(struct axvm_vm *vm, const struct axvm_ivc_map *map, u64 gpa)
{
	u64 start = gpa & PMD_MASK;

	return vm->ops->page_sizes & PMD_SIZE && !(map->gpa & ~PMD_MASK) &&
	       map->memory->huge & BIT_ULL((gpa - map->gpa) >> PMD_SHIFT) &&
	       !axvm_memory_overlaps(vm, start, PMD_SIZE);
}

/* vm->s2_lock and vm->srcu held, the pool is full */
static int map_page(struct axvm_vcpu *vcpu, const struct axvm_ivc_map *map, u64 gpa, u32 access)
{
	const struct axvm_backend *ops = vcpu->vm->ops;
	u32 prot = AXVM_S2_READ | (is_readonly(map) ? 0 : AXVM_S2_WRITE);
	u64 page = gpa & PAGE_MASK;
	u64 start = gpa & PMD_MASK;
	int ret;

	if (access & AXVM_ACCESS_EXEC || (access & AXVM_ACCESS_WRITE && is_readonly(map)))
		return -ENOENT;
	if (vcpu->vm->ivc.unmapping)
		return 0;
	if (!map->memory)
		return ops->s2_map(vcpu, page, page_to_phys(ZERO_PAGE(0)), PAGE_SHIFT, prot);
	if (maps_huge(vcpu->vm, map, gpa)) {
		ret = ops->s2_map(vcpu, start,
				  virt_to_phys(axvm_ivc_memory_at(map->memory, start - map->gpa)),
				  PMD_SHIFT, prot);
		if (ret != -EAGAIN)
			return ret;
	}
	return ops->s2_map(vcpu, page,
			   virt_to_phys(axvm_ivc_memory_at(map->memory, page - map->gpa)),
			   PAGE_SHIFT, prot);
}

/**
 * axvm_ivc_fault() - a vCPU touched memory that no slot has
 * @vcpu: the vCPU; its own thread
 * @gpa: the address
 * @access: AXVM_ACCESS_*
 *
 * A slot that comes meanwhile waits for the read section, and then unmaps what is mapped here
 * (core/memory.c).
 *
 * Context: vm->srcu read side; may sleep.
 * Return: 0: mapped, or to be tried again; -ENOENT: no channel is there, or not one for this
 * access; other errnos.
 */
int axvm_ivc_fault(struct axvm_vcpu *vcpu, u64 gpa, u32 access)
{
	struct axvm_vm *vm = vcpu->vm;
	struct axvm_ivc_map *map;
	int ret = -ENOENT;

	if (!axvm_in_window(vm, gpa))
		return -ENOENT;
	ret = axvm_s2_topup(vcpu);
	if (ret)
		return ret;
	spin_lock(&vm->s2_lock);
	map = find_map(vm, gpa);
	ret = map ? map_page(vcpu, map, gpa, access) : -ENOENT;
	spin_unlock(&vm->s2_lock);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_fault);

/* --- out of it; axvm_ivc_lock held ------------------------------------------------------ */

/**
 * axvm_ivc_map_add() - let stage-2 faults find a VM's end
 * @map: the end, joined to a channel that has its pages
 *
 * Context: axvm_ivc_lock held.
 */
void axvm_ivc_map_add(struct axvm_ivc_map *map)
{
	struct axvm_vm *vm = map->vm;

	spin_lock(&vm->s2_lock);
	map->memory = map->end.channel->memory;
	list_add_tail(&map->list, &vm->ivc.maps);
	spin_unlock(&vm->s2_lock);
}

/**
 * axvm_ivc_map_revoke() - zeros instead of pages
 * @map: the end
 *
 * When it returns, the guest reaches the pages no more.
 *
 * Context: axvm_ivc_lock held; may sleep.
 */
void axvm_ivc_map_revoke(struct axvm_ivc_map *map)
{
	spin_lock(&map->vm->s2_lock);
	map->memory = NULL;
	spin_unlock(&map->vm->s2_lock);
	axvm_memory_unmap(map->vm, map->gpa, map->size);
}

/**
 * axvm_ivc_map_remove() - nothing instead of pages, or of zeros
 * @map: the end
 *
 * Context: axvm_ivc_lock held; may sleep.
 */
void axvm_ivc_map_remove(struct axvm_ivc_map *map)
{
	spin_lock(&map->vm->s2_lock);
	list_del(&map->list);
	spin_unlock(&map->vm->s2_lock);
	axvm_memory_unmap(map->vm, map->gpa, map->size);
}

/* --- without stage 2 -------------------------------------------------------------------- */

/* Aligned: whole to who looks from the other side */
static void access_whole(void *at, unsigned int width, u64 *data, bool write)
{
	switch (width) {
	case 8:
		if (write)
			WRITE_ONCE(*(u64 *)at, *data);
		else
			*data = READ_ONCE(*(u64 *)at);
		break;
	case 4:
		if (write)
			WRITE_ONCE(*(u32 *)at, *data);
		else
			*data = READ_ONCE(*(u32 *)at);
		break;
	case 2:
		if (write)
			WRITE_ONCE(*(u16 *)at, *data);
		else
			*data = READ_ONCE(*(u16 *)at);
		break;
	case 1:
		if (write)
			WRITE_ONCE(*(u8 *)at, *data);
		else
			*data = READ_ONCE(*(u8 *)at);
		break;
	}
}

/* vm->s2_lock held; all of it is in @map */
static void access_map(const struct axvm_ivc_map *map, u64 offset, unsigned int width, u64 *data,
		       bool write)
{
	unsigned int i;
	u64 byte;

	if (!write)
		*data = 0;
	if (!map->memory || (write && map->end.readonly))
		return;
	if (!(offset % width)) {
		access_whole(axvm_ivc_memory_at(map->memory, offset), width, data, write);
		return;
	}
	/* Perhaps over the end of a page */
	for (i = 0; i < width; i++) {
		byte = *data >> 8 * i & 0xff;
		access_whole(axvm_ivc_memory_at(map->memory, offset + i), 1, &byte, write);
		if (!write)
			*data |= byte << 8 * i;
	}
}

/**
 * axvm_ivc_access() - an access that an emulator makes for the guest
 * @vm: the VM
 * @gpa: the address, in the window
 * @width: bytes: 1, 2, 4 or 8
 * @data: the value
 * @write: a store
 *
 * As the hardware does it by stage 2: for instructions that have a device's memory as their
 * other operand, and for what a read-only end writes.
 *
 * Context: process context.
 * Return: AXVM_HANDLED, or AXVM_UNCLAIMED: not all of it is a channel's.
 */
int axvm_ivc_access(struct axvm_vm *vm, u64 gpa, unsigned int width, u64 *data, bool write)
{
	const struct axvm_ivc_map *map;
	int ret = AXVM_UNCLAIMED;

	spin_lock(&vm->s2_lock);
	map = find_map(vm, gpa);
	if (map && gpa - map->gpa + width <= map->size) {
		access_map(map, gpa - map->gpa, width, data, write);
		ret = AXVM_HANDLED;
	}
	spin_unlock(&vm->s2_lock);
	return ret;
}
