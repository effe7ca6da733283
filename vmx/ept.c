// SPDX-License-Identifier: GPL-2.0
/*
 * Extended page tables (SDM Vol. 3C 29.3): four levels, 4 KiB, 2 MiB and 1 GiB pages.
 *
 * A table that an unmapping empties whole is taken out and put on vm->s2_stale; the
 * caller's flush frees it, after no CPU can walk it any more. The pages for new
 * tables come from the vCPU's pool (core/s2_pool.c).
 *
 * Locks: vm->s2_lock around map and unmap.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <asm/vmx.h>

#include "vmx.h"

#define EPT_LEVELS	4
#define EPT_TABLE	(VMX_EPT_READABLE_MASK | VMX_EPT_WRITABLE_MASK | VMX_EPT_EXECUTABLE_MASK)
#define EPT_PRESENT	EPT_TABLE
#define EPT_LARGE	BIT_ULL(7)
#define EPT_ADDR	GENMASK_ULL(51, 12)
#define EPT_TYPE_UC	(0ULL << VMX_EPT_MT_EPTE_SHIFT)
#define EPT_TYPE_WB	(6ULL << VMX_EPT_MT_EPTE_SHIFT)

/* Level 1 holds 4-KiB pages; entries of level n span this many bits */
static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static u64 *entry_at(u64 *table, u64 gpa, unsigned int level)
{
	return &table[(gpa >> level_shift(level)) & 511];
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & EPT_ADDR);
}

/* --- tables -------------------------------------------------------------------- */

/* The table below @entry, made if there is none; NULL: a page is mapped there */
static u64 *descend(struct axvm_vcpu *vcpu, u64 *entry)
{
	u64 old = READ_ONCE(*entry);

	if (!(old & EPT_PRESENT)) {
		struct page *page = axvm_s2_take(vcpu);

		WRITE_ONCE(*entry, page_to_phys(page) | EPT_TABLE);
		return page_address(page);
	}
	return old & EPT_LARGE ? NULL : table_of(old);
}

static u64 leaf(phys_addr_t hpa, unsigned int level, u32 prot)
{
	u64 entry = hpa | (level > 1 ? EPT_LARGE : 0);

	if (prot & AXVM_S2_READ)
		entry |= VMX_EPT_READABLE_MASK;
	if (prot & AXVM_S2_WRITE)
		entry |= VMX_EPT_WRITABLE_MASK;
	if (prot & AXVM_S2_EXEC)
		entry |= VMX_EPT_EXECUTABLE_MASK;
	/* RAM is write-back whatever the guest's PAT says: the host maps it so too. */
	return entry | (prot & AXVM_S2_DEVICE ? EPT_TYPE_UC : EPT_TYPE_WB | VMX_EPT_IPAT_BIT);
}

/**
 * vmx_ept_map() - axvm_backend.s2_map()
 * @vcpu: the vCPU whose pool is used
 * @gpa: guest-physical address, aligned to the page
 * @hpa: host-physical address, likewise
 * @shift: 12, 21 or 30
 * @prot: AXVM_S2_*
 *
 * Context: vm->s2_lock held; the pool is full.
 * Return: 0, or -EAGAIN: part of the range is mapped smaller; map a 4-KiB page.
 */
int vmx_ept_map(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift, u32 prot)
{
	unsigned int level, target = (shift - PAGE_SHIFT) / 9 + 1;
	u64 *table = to_vmx_vm(vcpu->vm)->root;
	u64 *entry;

	for (level = EPT_LEVELS; level > target; level--) {
		table = descend(vcpu, entry_at(table, gpa, level));
		if (!table)
			return 0;	/* another vCPU mapped a larger page meanwhile */
	}
	entry = entry_at(table, gpa, target);
	if (target > 1 && (*entry & EPT_PRESENT) && !(*entry & EPT_LARGE))
		return -EAGAIN;
	WRITE_ONCE(*entry, leaf(hpa, target, prot));
	return 0;
}

/* --- unmapping ----------------------------------------------------------------- */

/* Take the subtree below @entry out of use: its tables wait for the flush */
static void retire(struct axvm_vm *vm, u64 entry, unsigned int level)
{
	u64 *table = table_of(entry);
	unsigned int i;

	if (level > 1)
		for (i = 0; i < 512; i++)
			if ((table[i] & EPT_PRESENT) && !(table[i] & EPT_LARGE))
				retire(vm, table[i], level - 1);
	list_add(&virt_to_page(table)->lru, &vm->s2_stale);
}

/* A large page that is unmapped in part goes whole: the rest faults in again. */
static bool unmap_level(struct axvm_vm *vm, u64 *table, unsigned int level, u64 gpa, u64 end)
{
	u64 span = 1ULL << level_shift(level), next;
	bool any = false;

	for (; gpa < end; gpa = next) {
		u64 *entry = entry_at(table, gpa, level);
		u64 old = *entry;

		next = min(end, (gpa & ~(span - 1)) + span);
		if (!(old & EPT_PRESENT))
			continue;
		if (level > 1 && !(old & EPT_LARGE)) {
			if (next - gpa < span) {
				any |= unmap_level(vm, table_of(old), level - 1, gpa, next);
				continue;
			}
			retire(vm, old, level - 1);
		}
		WRITE_ONCE(*entry, 0);
		any = true;
	}
	return any;
}

/**
 * vmx_ept_unmap() - axvm_backend.s2_unmap()
 * @vm: the VM
 * @gpa: guest-physical start, page aligned
 * @length: bytes
 */
bool vmx_ept_unmap(struct axvm_vm *vm, u64 gpa, u64 length)
{
	return unmap_level(vm, to_vmx_vm(vm)->root, EPT_LEVELS, gpa, gpa + length);
}

/* --- life ---------------------------------------------------------------------- */

/**
 * vmx_ept_init() - make a VM's EPT
 * @vm: the VM
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_ept_init(struct axvm_vm *vm)
{
	struct vmx_vm *x = to_vmx_vm(vm);
	int cpu;

	x->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	x->flushed = alloc_percpu(u64);
	if (!x->root || !x->flushed) {
		vmx_ept_destroy(vm);
		return -ENOMEM;
	}
	/* Of an earlier VM with the same root something may be left on each CPU. */
	for_each_possible_cpu(cpu)
		WRITE_ONCE(*per_cpu_ptr(x->flushed, cpu), ~0ULL);
	x->eptp = virt_to_phys(x->root) | VMX_EPTP_MT_WB | VMX_EPTP_PWL_4;
	return 0;
}

/**
 * vmx_ept_destroy() - the reverse; no vCPU runs, all slots are unmapped
 * @vm: the VM
 */
void vmx_ept_destroy(struct axvm_vm *vm)
{
	struct vmx_vm *x = to_vmx_vm(vm);
	struct page *page, *next;
	unsigned int i;

	if (x->root)
		for (i = 0; i < 512; i++)
			if (x->root[i] & EPT_PRESENT)
				retire(vm, x->root[i], EPT_LEVELS - 1);
	list_for_each_entry_safe(page, next, &vm->s2_stale, lru)
		__free_page(page);
	INIT_LIST_HEAD(&vm->s2_stale);
	free_page((unsigned long)x->root);
	free_percpu(x->flushed);
}
