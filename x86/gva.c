// SPDX-License-Identifier: GPL-2.0
/*
 * From what the guest's program says to guest-physical memory: segmentation (x86_linear)
 * and paging (x86_gva_*), with the faults that the CPU would raise (SDM Vol. 3A, chapters
 * 3, 4 and 5).
 *
 * Nothing is cached: a TLB may keep a translation only until INVLPG or MOV to CR3,
 * which make no exit.
 *
 * Accessed and dirty bits: set on the way to data as the CPU would; on the way to
 * code not, as the CPU that could not finish the instruction had fetched it. PAE's
 * four top entries are read from memory each time, not kept from the last MOV to CR3.
 * Protection keys and shadow stacks are not offered to guests and not looked at.
 *
 * Locks: vm->srcu while tables are read.
 */
#include <linux/mm.h>

#include <asm/processor-flags.h>
#include <asm/trap_pf.h>

#include "emulate.h"
#include "view.h"

/* Paging-structure entries (SDM Vol. 3A 4.3 to 4.5) */
#define PTE_P		BIT_ULL(0)
#define PTE_RW		BIT_ULL(1)
#define PTE_US		BIT_ULL(2)
#define PTE_A		BIT_ULL(5)
#define PTE_D		BIT_ULL(6)
#define PTE_PS		BIT_ULL(7)
#define PTE_XD		BIT_ULL(63)
#define PTE_ADDRESS	GENMASK_ULL(51, 12)
#define PDPTE_RESERVED	(GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1))	/* PAE's */
#define PSE_HIGH	GENMASK_ULL(20, 13)	/* address bits 39:32 of a 4-MiB page */
#define PSE_RESERVED	BIT_ULL(21)

/* How often a table that others change is walked anew before its A and D bits are let be */
#define MAX_RETRIES	8

/**
 * struct walk - a walk and what it found
 * @gva: the address
 * @mark: bits to be set in the last entry, with PTE_A in all others; 0: only look
 * @shift: the page has 1 << @shift bytes
 * @frame: where it starts
 * @leaf: its entry
 * @all: the rights that every entry gives
 * @any: bits set in any entry
 * @reserved: bits of @any that should not be
 */
struct walk {
	u64 gva;
	u64 mark;
	unsigned int shift;
	u64 frame;
	u64 leaf;
	u64 all;
	u64 any;
	u64 reserved;
};

/* #GP, #SS or #UD; real mode pushes no error codes */
void x86_fault(const struct axvm_x86_regs *regs, u8 vector, struct x86_exception *exc)
{
	*exc = (struct x86_exception) {
		.vector = vector,
		.has_error = vector != X86_TRAP_UD && (regs->cr0 & X86_CR0_PE),
	};
}

/* --- segmentation ---------------------------------------------------------- */

/* Four or five levels: bits 63 to 47 or 56 are all alike (SDM Vol. 1 3.3.7.1) */
static bool canonical(const struct axvm_x86_regs *regs, u64 linear)
{
	unsigned int unused = regs->cr4 & X86_CR4_LA57 ? 64 - 57 : 64 - 48;

	return (u64)((s64)(linear << unused) >> unused) == linear;
}

/* Segment type and limit (SDM Vol. 3A 5.3, 5.5); real and virtual-8086 mode have a limit only */
static bool segment_allows(const struct axvm_x86_regs *regs, const struct axvm_x86_segment *seg,
			   u64 offset, unsigned int width, u32 access)
{
	u64 last = offset + width - 1, max = seg->attr & X86_SEG_DB ? U32_MAX : U16_MAX;
	bool code = seg->attr & X86_SEG_TYPE_CODE;

	if (!(regs->cr0 & X86_CR0_PE) || (regs->rflags & X86_EFLAGS_VM))
		return last <= seg->limit;
	if (seg->attr & X86_SEG_UNUSABLE)
		return false;
	if ((access & AXVM_ACCESS_WRITE) && (code || !(seg->attr & X86_SEG_TYPE_WRITABLE)))
		return false;
	if (code)
		return (seg->attr & X86_SEG_TYPE_READABLE) && last <= seg->limit;
	if (seg->attr & X86_SEG_TYPE_EXPAND)
		return offset > seg->limit && last <= max;
	return last <= seg->limit;
}

/**
 * x86_linear() - linear address of data
 * @vcpu: the vCPU; its own thread
 * @seg: AXVM_X86_ES to AXVM_X86_GS
 * @offset: effective address, cut to the address size
 * @width: bytes
 * @access: AXVM_ACCESS_READ, AXVM_ACCESS_WRITE or both
 * @linear: the result
 * @exc: the fault: #GP, or #SS for the stack segment
 *
 * Return: 0, or 1 with @exc filled.
 */
int x86_linear(struct axvm_vcpu *vcpu, unsigned int seg, u64 offset, unsigned int width, u32 access,
	       u64 *linear, struct x86_exception *exc)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FLAGS | X86_CRS | X86_CODE);
	const struct axvm_x86_segment *segment = &regs->seg[seg];
	bool allowed, flat = x86_code_bits(regs) == 64;

	if (!flat || seg >= AXVM_X86_FS)
		x86_get(vcpu, X86_SEGS);
	if (flat) {
		*linear = offset + (seg >= AXVM_X86_FS ? segment->base : 0);
		allowed = canonical(regs, *linear) && canonical(regs, *linear + width - 1);
	} else {
		*linear = (u32)(offset + segment->base);
		allowed = segment_allows(regs, segment, offset, width, access);
	}
	if (allowed)
		return 0;
	x86_fault(regs, seg == AXVM_X86_SS ? X86_TRAP_SS : X86_TRAP_GP, exc);
	return 1;
}

/* --- paging ---------------------------------------------------------------- */

static int mark_entry(struct x86_view *view, u64 at, unsigned int width, u64 entry, u64 bits)
{
	if ((entry & bits) == bits)
		return 0;
	return x86_view_set(view, at, width, entry, bits);
}

/*
 * Tables of 512 entries, from the one at @table down: its entries stand for 1 << @shift
 * bytes each. 0: found; 1: an entry is not present; errno.
 */
static int walk_tables(struct x86_view *view, struct walk *walk, u64 table, unsigned int shift)
{
	u64 entry, at;
	int ret;

	for (;; shift -= 9) {
		at = table + (walk->gva >> shift & 0x1ff) * 8;
		ret = x86_view_read(view, at, &entry);
		if (ret)
			return ret;
		if (!(entry & PTE_P))
			return 1;
		walk->all &= entry;
		walk->any |= entry;
		if (shift == PAGE_SHIFT || (entry & PTE_PS))
			break;
		if (walk->mark) {
			ret = mark_entry(view, at, 8, entry, PTE_A);
			if (ret)
				return ret;
		}
		table = entry & PTE_ADDRESS;
	}
	walk->shift = shift;
	walk->leaf = entry;
	walk->frame = entry & PTE_ADDRESS & GENMASK_ULL(63, shift);
	/* A large page is aligned; there are none of 512 GiB */
	if (shift > PAGE_SHIFT)
		walk->reserved |= shift > PUD_SHIFT ? PTE_PS : entry & GENMASK_ULL(shift - 1, 13);
	return walk->mark ? mark_entry(view, at, 8, entry, walk->mark) : 0;
}

static int walk_pae(struct x86_view *view, struct walk *walk, u64 cr3)
{
	u64 entry;
	int ret = x86_view_read(view, (cr3 & GENMASK_ULL(31, 5)) + (walk->gva >> 30) * 8, &entry);

	if (ret)
		return ret;
	if (!(entry & PTE_P))
		return 1;
	/* Rights are in the levels below only */
	walk->reserved |= GENMASK_ULL(62, 52);
	if (entry & (walk->reserved | PDPTE_RESERVED | PTE_XD)) {
		walk->any = walk->reserved;
		return 1;
	}
	return walk_tables(view, walk, entry & PTE_ADDRESS, PMD_SHIFT);
}

/* Two levels of 1024 entries of 4 bytes (SDM Vol. 3A 4.3) */
static int walk_legacy(struct x86_view *view, struct walk *walk, u64 cr3, bool pse)
{
	u64 at = (cr3 & GENMASK_ULL(31, 12)) + (walk->gva >> 22) * 4;
	unsigned int shift = 22;
	u32 entry;
	int ret;

	for (;; shift = PAGE_SHIFT) {
		ret = x86_view_read32(view, at, &entry);
		if (ret)
			return ret;
		if (!(entry & PTE_P))
			return 1;
		walk->all &= entry;
		walk->any |= entry;
		if (shift == PAGE_SHIFT || (pse && (entry & PTE_PS)))
			break;
		if (walk->mark) {
			ret = mark_entry(view, at, 4, entry, PTE_A);
			if (ret)
				return ret;
		}
		at = (entry & GENMASK(31, 12)) + (walk->gva >> PAGE_SHIFT & 0x3ff) * 4;
	}
	walk->shift = shift;
	walk->leaf = entry;
	walk->frame = entry & GENMASK(31, shift);
	if (shift > PAGE_SHIFT) {
		walk->frame |= (entry & PSE_HIGH) << 19;
		walk->reserved |= entry & PSE_RESERVED;
	}
	return walk->mark ? mark_entry(view, at, 4, entry, walk->mark) : 0;
}

/* 0: found; 1: not; errno. In the first two cases walk->any & walk->reserved counts, too. */
static int walk_once(struct x86_view *view, struct walk *walk, const struct axvm_x86_regs *regs)
{
	walk->all = ~0ULL;
	walk->any = 0;
	walk->reserved = 0;
	if (!(regs->cr4 & X86_CR4_PAE))
		return walk_legacy(view, walk, regs->cr3, regs->cr4 & X86_CR4_PSE);
	walk->reserved = GENMASK_ULL(51, view->vm->ops->gpa_bits);
	if (!(regs->efer & EFER_NX))
		walk->reserved |= PTE_XD;
	if (!(regs->efer & EFER_LMA))
		return walk_pae(view, walk, regs->cr3);
	return walk_tables(view, walk, regs->cr3 & PTE_ADDRESS,
			   regs->cr4 & X86_CR4_LA57 ? 48 : 39);
}

/* Do the rights refuse @access? (SDM Vol. 3A 4.6.1) */
static bool denied(const struct walk *walk, const struct axvm_x86_regs *regs, u32 access)
{
	bool user = x86_cpl(regs) == 3, user_page = walk->all & PTE_US;

	if (user && !user_page)
		return true;
	if ((access & AXVM_ACCESS_WRITE) && !(walk->all & PTE_RW) &&
	    (user || (regs->cr0 & X86_CR0_WP)))
		return true;
	if (access & AXVM_ACCESS_EXEC)
		return (walk->any & PTE_XD) ||
		       (!user && user_page && (regs->cr4 & X86_CR4_SMEP));
	return !user && user_page && (regs->cr4 & X86_CR4_SMAP) &&
	       !(regs->rflags & X86_EFLAGS_AC);
}

static int page_fault(const struct axvm_x86_regs *regs, u64 gva, u32 access, u32 error,
		      struct x86_exception *exc)
{
	bool xd = (regs->cr4 & X86_CR4_PAE) && (regs->efer & EFER_NX);

	if (access & AXVM_ACCESS_WRITE)
		error |= X86_PF_WRITE;
	if (x86_cpl(regs) == 3)
		error |= X86_PF_USER;
	if ((access & AXVM_ACCESS_EXEC) && (xd || (regs->cr4 & X86_CR4_SMEP)))
		error |= X86_PF_INSTR;
	*exc = (struct x86_exception) {
		.vector = X86_TRAP_PF, .has_error = true, .error = error, .cr2 = gva,
	};
	return 1;
}

/* Walk once more and set what the CPU would set. 0 or an errno. */
static int mark_accessed(struct x86_view *view, struct walk *walk,
			 const struct axvm_x86_regs *regs, u64 bits)
{
	int ret;

	walk->mark = bits;
	ret = walk_once(view, walk, regs);
	return ret == 1 ? -EAGAIN : ret;
}

/*
 * @gva to *gpa, tables read through @view, which is open. 0; 1: @exc filled;
 * -EAGAIN: the tables were changed meanwhile; -EFAULT.
 */
static int translate(struct x86_view *view, const struct axvm_x86_regs *regs, u64 gva, u32 access,
		     u64 *gpa, struct x86_exception *exc)
{
	u64 bits = access & AXVM_ACCESS_WRITE ? PTE_A | PTE_D : PTE_A;
	struct walk walk = { .gva = gva };
	int ret;

	if (!(regs->efer & EFER_LMA)) {
		walk.gva = (u32)gva;
	} else if (!canonical(regs, gva)) {
		x86_fault(regs, X86_TRAP_GP, exc);
		return 1;
	}
	if (!(regs->cr0 & X86_CR0_PG)) {
		*gpa = walk.gva;
		return 0;
	}
	ret = walk_once(view, &walk, regs);
	if (ret < 0)
		return ret;
	if (walk.any & walk.reserved)
		return page_fault(regs, walk.gva, access, X86_PF_PROT | X86_PF_RSVD, exc);
	if (ret)
		return page_fault(regs, walk.gva, access, 0, exc);
	if (denied(&walk, regs, access))
		return page_fault(regs, walk.gva, access, X86_PF_PROT, exc);
	*gpa = walk.frame | (walk.gva & (BIT_ULL(walk.shift) - 1));
	if (access & AXVM_ACCESS_EXEC)
		return 0;
	if ((walk.all & PTE_A) && !(bits & ~walk.leaf))
		return 0;
	return mark_accessed(view, &walk, regs, bits);
}

/**
 * x86_gva_to_gpa() - translate a linear address by the guest's page tables
 * @vcpu: the vCPU; its own thread
 * @gva: linear address
 * @access: AXVM_ACCESS_*: what the guest does there, at its current privilege level
 * @gpa: the result; whether there is memory is not looked at
 * @exc: the fault: #PF, or #GP if @gva is not canonical
 *
 * A table that lies where there is no memory reads as all ones: a reserved bit is set.
 *
 * Context: may sleep; no lock that page faults may need.
 * Return: 0; 1: @exc filled; -EFAULT: the launcher took a page table's memory away.
 */
int x86_gva_to_gpa(struct axvm_vcpu *vcpu, u64 gva, u32 access, u64 *gpa,
		   struct x86_exception *exc)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FLAGS | X86_CRS | X86_CODE);
	unsigned int retries = MAX_RETRIES;
	struct x86_view view;
	int ret;

	x86_view_open(&view, vcpu->vm, NULL);
	do {
		ret = translate(&view, regs, gva, access, gpa, exc);
	} while (ret == -EAGAIN && retries--);
	x86_view_close(&view);
	return ret == -EAGAIN ? 0 : ret;
}

/* Bytes of [@gva, @gva + @length) that lie in the first page */
static size_t first_part(u64 gva, size_t length)
{
	return min_t(size_t, length, PAGE_SIZE - offset_in_page(gva));
}

/**
 * x86_gva_read() - read what a linear address of the guest names
 * @vcpu: the vCPU; its own thread
 * @gva: linear address
 * @buf: where to; may be partly filled when there is a fault
 * @length: bytes; they may lie in several pages
 * @access: AXVM_ACCESS_READ or AXVM_ACCESS_EXEC
 * @exc: the fault
 *
 * Context: may sleep.
 * Return: 0; 1: @exc filled; -EFAULT: there is no memory.
 */
int x86_gva_read(struct axvm_vcpu *vcpu, u64 gva, void *buf, size_t length, u32 access,
		 struct x86_exception *exc)
{
	size_t part;
	u64 gpa;
	int ret;

	for (; length; gva += part, buf += part, length -= part) {
		part = first_part(gva, length);
		ret = x86_gva_to_gpa(vcpu, gva, access, &gpa, exc);
		if (!ret)
			ret = axvm_guest_read(vcpu->vm, gpa, buf, part);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * x86_gva_write() - write where a linear address of the guest points
 * @vcpu: the vCPU; its own thread
 * @gva: linear address
 * @buf: where from
 * @length: bytes; they may lie in several pages
 * @exc: the fault; what lies in pages before it is written
 *
 * Context: may sleep.
 * Return: 0; 1: @exc filled; -EFAULT: there is no memory that may be written.
 */
int x86_gva_write(struct axvm_vcpu *vcpu, u64 gva, const void *buf, size_t length,
		  struct x86_exception *exc)
{
	size_t part;
	u64 gpa;
	int ret;

	for (; length; gva += part, buf += part, length -= part) {
		part = first_part(gva, length);
		ret = x86_gva_to_gpa(vcpu, gva, AXVM_ACCESS_WRITE, &gpa, exc);
		if (!ret)
			ret = axvm_guest_write(vcpu->vm, gpa, buf, part);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * x86_gva_fetch() - read instruction bytes
 * @vcpu: the vCPU; its own thread
 * @gva: linear address
 * @bytes: 16 bytes, of which those behind the page's end are not written; ones where
 *         there is no memory: FF FF is no instruction
 * @trail: where to write down what they were read from
 * @exc: the fault
 *
 * Context: may sleep.
 * Return: 0; 1: @exc filled; -EFAULT: the launcher has no memory there.
 */
int x86_gva_fetch(struct axvm_vcpu *vcpu, u64 gva, u8 *bytes, struct x86_trail *trail,
		  struct x86_exception *exc)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FETCH_GROUPS);
	unsigned int skip, offset = offset_in_page(gva);
	struct x86_view view;
	u64 gpa, words[2];
	int ret;

	/* Sixteen bytes in one page, from @gva on or around it */
	skip = offset - min_t(unsigned int, offset, PAGE_SIZE - sizeof(words));
	x86_view_open(&view, vcpu->vm, trail);
	ret = translate(&view, regs, gva, AXVM_ACCESS_EXEC, &gpa, exc);
	if (!ret)
		ret = x86_view_read(&view, gpa - skip, &words[0]);
	if (!ret)
		ret = x86_view_read(&view, gpa - skip + 8, &words[1]);
	if (!ret)
		memcpy(bytes, (u8 *)words + skip, sizeof(words) - skip);
	x86_view_close(&view);
	return ret;
}
