// SPDX-License-Identifier: GPL-2.0
/*
 * Stage 2: guest-physical to host-physical (ARM DDI 0487 D8.2, VMSAv8-64, 4-KiB granule):
 * pages of 4 KiB, 2 MiB and 1 GiB.
 *
 * A table that an unmapping empties whole is taken out and put on vm->s2_stale; the caller's
 * flush frees it, after no CPU can walk it any more. The pages for new tables come from the
 * vCPU's pool (core/s2_pool.c). A valid entry never changes to another
 * address or size (break-before-make, D8.17.1): unmapping and the flush come first.
 *
 * Locks: vm->s2_lock around map and unmap.
 */
#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/cacheflush.h>
#include <asm/cpufeature.h>

#include "el2.h"

/* Descriptors (D8.3.1, D8.3.2) */
#define S2_VALID	BIT_ULL(0)
#define S2_TABLE	BIT_ULL(1)	/* a table; at the last level: a page */
#define S2_ATTR		GENMASK_ULL(5, 2)
#define S2_READ		BIT_ULL(6)
#define S2_WRITE	BIT_ULL(7)
#define S2_SH_INNER	(3ULL << 8)
#define S2_AF		BIT_ULL(10)
#define S2_XN		BIT_ULL(54)
#define S2_ADDR		GENMASK_ULL(47, 12)

/* MemAttr (D8.6.5), without and with FEAT_S2FWB */
#define ATTR_NORMAL_WB		0xf
#define ATTR_DEVICE		0x1	/* nGnRE */
#define ATTR_FWB_NORMAL_WB	0x6

/* ID_AA64MMFR0_EL1.PARange */
static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

/* VTCR_EL2 for all VMs; 0: there can be none */
u64 arm64_vtcr;

static unsigned int levels;
static unsigned int root_pages;
static unsigned int vmid_bits;
static bool fwb;

/*
 * Level 1 holds 4-KiB pages; entries of level n span this many bits. (The manual counts the
 * other way: its level 3 is our 1.)
 */
static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

/* The root may be several tables side by side: its index is not cut off at 512. */
static u64 *entry_at(u64 *table, u64 gpa, unsigned int level)
{
	u64 index = gpa >> level_shift(level);

	return &table[level == levels ? index : index & 511];
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & S2_ADDR);
}

static bool is_table(u64 entry, unsigned int level)
{
	return level > 1 && (entry & S2_VALID) && (entry & S2_TABLE);
}

/* --- tables ---------------------------------------------------------------------------- */

/* The walker sees an entry only after what it points to. */
static void set_entry(u64 *entry, u64 value)
{
	dma_wmb();
	WRITE_ONCE(*entry, value);
}

/* The table below @entry, made if there is none; NULL: a page is mapped there */
static u64 *descend(struct axvm_vcpu *vcpu, u64 *entry)
{
	u64 old = READ_ONCE(*entry);

	if (!(old & S2_VALID)) {
		struct page *page = axvm_s2_take(vcpu);

		set_entry(entry, page_to_phys(page) | S2_TABLE | S2_VALID);
		return page_address(page);
	}
	return old & S2_TABLE ? table_of(old) : NULL;
}

static u64 leaf(phys_addr_t hpa, unsigned int level, u32 prot)
{
	u64 entry = hpa | S2_AF | S2_SH_INNER | S2_VALID | (level == 1 ? S2_TABLE : 0);
	u64 attr = fwb ? ATTR_FWB_NORMAL_WB : ATTR_NORMAL_WB;

	if (prot & AXVM_S2_DEVICE)
		attr = ATTR_DEVICE;
	if (prot & AXVM_S2_READ)
		entry |= S2_READ;
	if (prot & AXVM_S2_WRITE)
		entry |= S2_WRITE;
	if (!(prot & AXVM_S2_EXEC))
		entry |= S2_XN;
	return entry | FIELD_PREP(S2_ATTR, attr);
}

/* --- caches ---------------------------------------------------------------------------- */

/**
 * arm64_clean_to_memory() - write back what the data caches hold, and drop it
 * @start: where
 * @size: bytes
 */
void arm64_clean_to_memory(void *start, size_t size)
{
	u64 ctr = read_sanitised_ftr_reg(SYS_CTR_EL0);
	size_t line = 4UL << (ctr >> 16 & 0xf);	/* DminLine: log2 of words */
	void *p;

	for (p = start; p < start + size; p += line)
		asm volatile("dc civac, %0" : : "r" (p) : "memory");
	dsb(sy);
}

/*
 * What the host wrote must be where the guest looks: a guest whose caches are off looks into
 * memory, unless FEAT_S2FWB overrides it; instructions come by the instruction cache, which
 * may hold what was at this address before (B2.7.4.2, CTR_EL0.{IDC,DIC}).
 */
static void make_coherent(phys_addr_t hpa, size_t size, u32 prot)
{
	void *start = phys_to_virt(hpa);

	if (prot & AXVM_S2_DEVICE)
		return;
	if (!fwb)
		arm64_clean_to_memory(start, size);
	if (!(prot & AXVM_S2_EXEC) || cpus_have_final_cap(ARM64_HAS_CACHE_DIC))
		return;
	if (fwb && !cpus_have_final_cap(ARM64_HAS_CACHE_IDC))
		arm64_clean_to_memory(start, size);
	/* By address would do where the instruction cache is no virtual one, line by line. */
	asm volatile("ic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

/* --- mapping --------------------------------------------------------------------------- */

/**
 * arm64_s2_map() - axvm_backend.s2_map()
 * @vcpu: the vCPU whose pool is used
 * @gpa: guest-physical address, aligned to the page
 * @hpa: host-physical address, likewise
 * @shift: 12, 21 or 30
 * @prot: AXVM_S2_*
 *
 * Context: vm->s2_lock held; the pool is full.
 * Return: 0; -EAGAIN: part of the range is mapped smaller: map a 4-KiB page; -ERANGE: out of
 * reach of the tables.
 */
int arm64_s2_map(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift, u32 prot)
{
	unsigned int level, target = (shift - PAGE_SHIFT) / 9 + 1;
	struct arm64_vm *s = to_arm64_vm(vcpu->vm);
	u64 new = leaf(hpa, target, prot), old;
	u64 *table = s->root;
	u64 *entry;

	if (gpa >> axvm_arch_backend.gpa_bits || hpa & ~S2_ADDR)
		return -ERANGE;
	for (level = levels; level > target; level--) {
		table = descend(vcpu, entry_at(table, gpa, level));
		if (!table)
			return 0;	/* another vCPU mapped a larger page meanwhile */
	}
	entry = entry_at(table, gpa, target);
	old = READ_ONCE(*entry);
	if (is_table(old, target))
		return -EAGAIN;
	if (old & S2_VALID) {
		/* Of a slot that is just being replaced: its removal is under way. */
		if ((old ^ new) & S2_ADDR)
			return 0;
		/* The translation that lacked the right may be cached here. */
		to_arm64(vcpu)->flush = true;
		new |= old & (S2_READ | S2_WRITE);
	} else {
		make_coherent(hpa, 1UL << shift, prot);
	}
	s->mapped = true;
	set_entry(entry, new);
	/* For the walker of this CPU; the others' have at worst one more fault. */
	dsb(ishst);
	return 0;
}

/* Take the subtree below @entry out of use: its tables wait for the flush */
static void retire(struct axvm_vm *vm, u64 entry, unsigned int level)
{
	u64 *table = table_of(entry);
	unsigned int i;

	if (level > 1)
		for (i = 0; i < 512; i++)
			if (is_table(table[i], level))
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
		if (!(old & S2_VALID))
			continue;
		if (is_table(old, level)) {
			if (next - gpa < span) {
				any |= unmap_level(vm, table_of(old), level - 1, gpa, next);
				continue;
			}
			retire(vm, old, level - 1);
		}
		WRITE_ONCE(*entry, 0);
		any = true;
	}
	if (any)
		dsb(ishst);
	return any;
}

/**
 * arm64_s2_unmap() - axvm_backend.s2_unmap()
 * @vm: the VM
 * @gpa: guest-physical start, page aligned
 * @length: bytes
 *
 * Return: was anything mapped?
 */
bool arm64_s2_unmap(struct axvm_vm *vm, u64 gpa, u64 length)
{
	return unmap_level(vm, to_arm64_vm(vm)->root, levels, gpa, gpa + length);
}

/**
 * arm64_s2_set_way() - a guest maintains the data cache by set and way
 * @vm: the VM
 *
 * Which guest memory that is nobody knows, so it is all (D7.5.9.5 leaves it to us): what is
 * unmapped is cleaned to memory when it faults in again. A guest that goes through the
 * whole cache line by line pays once.
 *
 * Context: may sleep.
 */
void arm64_s2_set_way(struct axvm_vm *vm)
{
	struct arm64_vm *s = to_arm64_vm(vm);
	bool flush = false;

	if (fwb || !READ_ONCE(s->mapped))
		return;
	spin_lock(&vm->s2_lock);
	if (s->mapped)
		flush = arm64_s2_unmap(vm, 0, 1ULL << axvm_arch_backend.gpa_bits);
	s->mapped = false;
	spin_unlock(&vm->s2_lock);
	if (flush)
		axvm_vm_flush_stage2(vm);
}

/* --- life ------------------------------------------------------------------------------ */

static atomic_t last_vmid = ATOMIC_INIT(0);

/*
 * Counted down from the top, where KVM, which counts up, comes late. Two VMs with one
 * VMID do no harm: translations live between load and put.
 */
static u64 next_vmid(void)
{
	u32 mask = (1U << vmid_bits) - 1;
	u32 n = atomic_inc_return(&last_vmid);

	return mask - n % mask;
}

/**
 * arm64_s2_init() - make a VM's stage 2
 * @vm: the VM
 *
 * Return: 0 or -ENOMEM.
 */
int arm64_s2_init(struct axvm_vm *vm)
{
	struct arm64_vm *s = to_arm64_vm(vm);

	/* Aligned to the size rounded up to a power of two, as VTTBR_EL2 wants it */
	s->root = alloc_pages_exact(root_pages * PAGE_SIZE, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!s->root)
		return -ENOMEM;
	s->vttbr = virt_to_phys(s->root) | next_vmid() << VTTBR_VMID_SHIFT;
	return 0;
}

/**
 * arm64_s2_destroy() - the reverse; no vCPU runs, all slots are unmapped
 * @vm: the VM
 */
void arm64_s2_destroy(struct axvm_vm *vm)
{
	struct arm64_vm *s = to_arm64_vm(vm);
	struct page *page, *next;
	unsigned int i;

	for (i = 0; i < root_pages * 512; i++)
		if (is_table(s->root[i], levels))
			retire(vm, s->root[i], levels - 1);
	list_for_each_entry_safe(page, next, &vm->s2_stale, lru)
		__free_page(page);
	INIT_LIST_HEAD(&vm->s2_stale);
	free_pages_exact(s->root, root_pages * PAGE_SIZE);
}

/**
 * arm64_s2_setup() - VTCR_EL2 from what all CPUs can do
 *
 * Input and output addresses are as large as the smallest CPU's, at most 48 bits. From 44 bits
 * on there are four levels; below, three, with up to eight tables side by side at the first
 * (D8.2.3, D8.2.6.2). VTCR_EL2: D19.2.162.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int arm64_s2_setup(void)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	u64 mmfr1 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR1_EL1);
	unsigned int range = min_t(u64, mmfr0 & 0xf, 5), bits = pa_bits[range];

	if (PAGE_SHIFT != 12)
		return -EOPNOTSUPP;
	fwb = cpus_have_final_cap(ARM64_HAS_STAGE2_FWB);
	vmid_bits = (mmfr1 >> 4 & 0xf) == 2 ? 16 : 8;
	levels = bits >= 44 ? 4 : 3;
	root_pages = bits == 40 ? 2 : bits == 42 ? 8 : 1;
	arm64_vtcr = VTCR_EL2_RES1 | (u64)range << VTCR_EL2_PS_SHIFT | VTCR_EL2_TG0_4K |
		     VTCR_EL2_SH0_INNER | VTCR_EL2_ORGN0_WBWA | VTCR_EL2_IRGN0_WBWA |
		     (levels - 2) << VTCR_EL2_SL0_SHIFT | (64 - bits);
	if (vmid_bits == 16)
		arm64_vtcr |= VTCR_EL2_VS_16BIT;
	axvm_arch_backend.gpa_bits = bits;
	/* Cleaning 1 GiB line by line takes too long for a spinlock. */
	axvm_arch_backend.page_sizes = PAGE_SIZE | SZ_2M | (fwb ? SZ_1G : 0);
	return 0;
}
