/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mode that a vCPU is in, and the instruction at which it is (fetch.c).
 */
#ifndef AXVM_X86_FETCH_H
#define AXVM_X86_FETCH_H

#include <linux/hash.h>

#include <asm/msr-index.h>

#include "decode.h"
#include "view.h"
#include "x86.h"

/* What steps return beside an errno; the first two are those of axvm_backend.next() */
#define X86_ACCESS		0	/* the exit is filled in */
#define X86_DONE		1	/* enter the guest */
#define X86_GO_ON		2

/* What fetching and decoding looks at: with what of cr0, cr4 and efer is always cached */
#define X86_FETCH_GROUPS	(X86_GPRS | X86_RIP | X86_CR3 | X86_CODE)

/* Segment attributes, as a VMCS has them (SDM Vol. 3C 24.4.1) */
#define X86_SEG_TYPE_CODE	BIT(3)
#define X86_SEG_TYPE_EXPAND	BIT(2)	/* data: limit is a lower bound */
#define X86_SEG_TYPE_WRITABLE	BIT(1)	/* data */
#define X86_SEG_TYPE_READABLE	BIT(1)	/* code */
#define X86_SEG_DPL_SHIFT	5
#define X86_SEG_L		BIT(13)
#define X86_SEG_DB		BIT(14)
#define X86_SEG_UNUSABLE	BIT(16)

/* Current privilege level: also right in real mode (0) and virtual-8086 mode (3) */
static inline unsigned int x86_cpl(const struct axvm_x86_regs *regs)
{
	return regs->seg[AXVM_X86_SS].attr >> X86_SEG_DPL_SHIFT & 3;
}

/* 16, 32 or 64: the code segment's default */
static inline unsigned int x86_code_bits(const struct axvm_x86_regs *regs)
{
	u32 attr = regs->seg[AXVM_X86_CS].attr;

	if ((attr & X86_SEG_L) && (regs->efer & EFER_LMA))
		return 64;
	return attr & X86_SEG_DB ? 32 : 16;
}

/* Decoded instructions that are remembered: the places where drivers touch their devices */
#define X86_DECODED_BITS	4

/**
 * struct x86_decoded - an instruction, and all that it followed from
 * @rip: where it is
 * @cr0: paging
 * @cr3: page tables
 * @cr4: paging
 * @efer: paging
 * @cs_base: code segment
 * @cs_attr: its mode
 * @ss_attr: privilege level
 * @trail: page-table entries and code
 * @insn: what the decoder made of it
 * @device_page: guest-physical page that it touched last, where the slots of the trail's
 *               generation have no memory for it
 * @device_access: how: AXVM_ACCESS_*; 0: none is known
 */
struct x86_decoded {
	u64 rip;
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 cs_base;
	u32 cs_attr;
	u32 ss_attr;
	struct x86_trail trail;
	struct x86_insn insn;
	u64 device_page;
	u32 device_access;
};

/* x86/fetch.c */
int x86_fetch_anew(struct axvm_vcpu *vcpu, struct x86_decoded *decoded);

/* x86/gva.c */
int x86_gva_fetch(struct axvm_vcpu *vcpu, u64 gva, u8 *bytes, struct x86_trail *trail,
		  struct x86_exception *exc);

static inline bool x86_same_registers(const struct x86_decoded *decoded,
				      const struct axvm_x86_regs *regs)
{
	return decoded->rip == regs->rip && decoded->cr3 == regs->cr3 &&
	       decoded->cr0 == regs->cr0 && decoded->cr4 == regs->cr4 &&
	       decoded->efer == regs->efer &&
	       decoded->cs_base == regs->seg[AXVM_X86_CS].base &&
	       decoded->cs_attr == regs->seg[AXVM_X86_CS].attr &&
	       decoded->ss_attr == regs->seg[AXVM_X86_SS].attr;
}

/* Where the instruction at RIP is remembered, if it is: 1 << X86_DECODED_BITS in @table */
static inline struct x86_decoded *x86_decoded_at(const struct axvm_x86_regs *regs,
						 struct x86_decoded *table)
{
	return &table[hash_64(regs->rip ^ regs->cr3, X86_DECODED_BITS)];
}

/**
 * x86_fetch() - the instruction at RIP
 * @vcpu: the vCPU; its own thread
 * @table: instructions that are remembered
 * @result: the instruction, good until the next call
 *
 * Context: may sleep.
 * Return: X86_GO_ON; X86_DONE: a fault was queued; -EFAULT: the launcher took memory away.
 */
static inline int x86_fetch(struct axvm_vcpu *vcpu, struct x86_decoded *table,
			    struct x86_decoded **result)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FETCH_GROUPS);
	struct x86_decoded *decoded = x86_decoded_at(regs, table);

	*result = decoded;
	if (x86_same_registers(decoded, regs) && x86_trail_holds(vcpu->vm, &decoded->trail))
		return X86_GO_ON;
	return x86_fetch_anew(vcpu, decoded);
}

#endif /* AXVM_X86_FETCH_H */
