// SPDX-License-Identifier: GPL-2.0
/*
 * From a guest's virtual addresses to guest-physical ones: a walk of stage 1 of the EL1&0
 * regime (ARM DDI 0487 D8), with granules of 4, 16 and 64 KiB and addresses of 48 bits.
 *
 * Nothing is cached. Access flags and dirty state are not updated: where the CPU would do
 * that by itself, an entry counts as if it were marked.
 *
 * Locks: vm->srcu while tables are read.
 */
#include <linux/bitfield.h>
#include <asm/esr.h>
#include <asm/pgtable-hwdef.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>

#include "../core/vm.h"
#include "emulate.h"
#include "gva.h"

#define INPUT_BITS_MAX		48
#define LAST_LEVEL		3

/* Descriptors (D8.3) */
#define DESC_VALID		BIT_ULL(0)
#define DESC_TABLE		BIT_ULL(1)	/* at the last level: a page */
#define DESC_AP_EL0		BIT_ULL(6)
#define DESC_AP_READONLY	BIT_ULL(7)
#define DESC_AF			BIT_ULL(10)
#define DESC_DBM		BIT_ULL(51)
#define DESC_APTABLE_NO_EL0	BIT_ULL(61)
#define DESC_APTABLE_READONLY	BIT_ULL(62)

/* Fault status codes of the ISS (D24.2.40): of each kind, with the level in bits 1:0 */
#define FSC_TRANSLATION		ESR_ELx_FSC_FAULT
#define FSC_ACCESS_FLAG		ESR_ELx_FSC_ACCESS
#define FSC_PERMISSION		ESR_ELx_FSC_PERM
#define FSC_EXTERNAL_ON_WALK	0x14

/**
 * struct regime - one half of a guest's address space
 * @tcr: TCR_EL1
 * @ttbr: the TTBR of this half
 * @granule: bits of an address within a page
 * @bits: bits of an address that are translated
 * @tables: there are any (EPD)
 * @hpd: table descriptors give no rights (HPD)
 */
struct regime {
	u64 tcr;
	u64 ttbr;
	unsigned int granule;
	unsigned int bits;
	bool tables;
	bool hpd;
};

/* 0: reserved */
static const u8 granule_of_tg0[] = { 12, 16, 14, 0 };
static const u8 granule_of_tg1[] = { 0, 14, 12, 16 };

static bool upper_half(u64 va)
{
	return va & BIT_ULL(55);
}

static void find_regime(struct axvm_vcpu *vcpu, u64 va, struct regime *r)
{
	r->tcr = arm64_read_el1(vcpu, SYS_TCR_EL1);
	if (upper_half(va)) {
		r->ttbr = arm64_read_el1(vcpu, SYS_TTBR1_EL1);
		r->granule = granule_of_tg1[(r->tcr & TCR_TG1_MASK) >> TCR_TG1_SHIFT];
		r->bits = 64 - (r->tcr >> TCR_T1SZ_OFFSET & 0x3f);
		r->tables = !(r->tcr & TCR_EPD1_MASK);
		r->hpd = r->tcr & TCR_HPD1;
	} else {
		r->ttbr = arm64_read_el1(vcpu, SYS_TTBR0_EL1);
		r->granule = granule_of_tg0[(r->tcr & TCR_TG0_MASK) >> TCR_TG0_SHIFT];
		r->bits = 64 - (r->tcr >> TCR_T0SZ_OFFSET & 0x3f);
		r->tables = !(r->tcr & TCR_EPD0_MASK);
		r->hpd = r->tcr & TCR_HPD0;
	}
}

/**
 * arm64_strip_tag() - a virtual address without what TCR_EL1.TBI makes a tag
 * @vcpu: the vCPU, its own thread
 * @va: the address
 *
 * Return: the address with bits 63:56 like bit 55, if they are ignored.
 */
u64 arm64_strip_tag(struct axvm_vcpu *vcpu, u64 va)
{
	u64 tcr = arm64_read_el1(vcpu, SYS_TCR_EL1);

	return tcr & (upper_half(va) ? TCR_TBI1 : TCR_TBI0) ? sign_extend64(va, 55) : va;
}

/* Bits above those that are translated are all alike. */
static bool translated(const struct regime *r, u64 va)
{
	if (!r->granule || r->bits > INPUT_BITS_MAX || r->bits <= r->granule || !r->tables)
		return false;
	return va >> r->bits == (upper_half(va) ? ~0ULL >> r->bits : 0);
}

/* Does the entry at the end refuse @access? @table: what those before it take away */
static bool denied(struct axvm_vcpu *vcpu, const struct regime *r, u64 leaf, u64 table, u32 access)
{
	u64 pstate = vcpu->arch.regs.pstate;
	bool el0 = (pstate & PSR_MODE_MASK) == PSR_MODE_EL0t;
	bool el0_page = (leaf & DESC_AP_EL0) && !(table & DESC_APTABLE_NO_EL0);
	bool readonly = leaf & DESC_AP_READONLY && !(leaf & DESC_DBM && r->tcr & TCR_HD);

	/* That code can be executed has been seen by the CPU. */
	if (access & AXVM_ACCESS_EXEC)
		return false;
	if (el0 ? !el0_page : el0_page && (pstate & PSR_PAN_BIT))
		return true;
	return access & AXVM_ACCESS_WRITE && (readonly || table & DESC_APTABLE_READONLY);
}

/* Blocks: of 4 KiB granules at levels 1 and 2, of the others at level 2 */
static bool block_at(const struct regime *r, int level)
{
	return level == 2 || (level == 1 && r->granule == 12);
}

/* vm->srcu held. 0: @gpa is found; else a fault status code */
static int walk(struct axvm_vcpu *vcpu, const struct regime *r, u64 va, u32 access, u64 *gpa)
{
	unsigned int stride = r->granule - 3;
	int level = LAST_LEVEL + 1 - DIV_ROUND_UP(r->bits - r->granule, stride);
	unsigned int shift = r->granule + (LAST_LEVEL - level) * stride;
	unsigned int index_bits = r->bits - shift;
	u64 table = r->ttbr & GENMASK_ULL(47, index_bits + 3);
	u64 desc, rights = 0;

	for (;; level++, shift -= stride, index_bits = stride) {
		u64 index = va >> shift & (BIT_ULL(index_bits) - 1);

		if (axvm_guest_read_u64(vcpu->vm, table + index * 8, &desc))
			return FSC_EXTERNAL_ON_WALK + level;
		if (!(desc & DESC_VALID))
			return FSC_TRANSLATION + level;
		if (level == LAST_LEVEL || !(desc & DESC_TABLE))
			break;
		if (!r->hpd)
			rights |= desc;
		table = desc & GENMASK_ULL(47, r->granule);
	}
	if (level == LAST_LEVEL ? !(desc & DESC_TABLE) : !block_at(r, level))
		return FSC_TRANSLATION + level;
	if (!(desc & DESC_AF) && !(r->tcr & TCR_HA))
		return FSC_ACCESS_FLAG + level;
	if (denied(vcpu, r, desc, rights, access))
		return FSC_PERMISSION + level;
	*gpa = (desc & GENMASK_ULL(47, shift)) | (va & (BIT_ULL(shift) - 1));
	return 0;
}

/**
 * arm64_translate() - where a virtual address is
 * @vcpu: the vCPU, its own thread
 * @va: the address, without tag
 * @access: AXVM_ACCESS_READ, AXVM_ACCESS_WRITE, AXVM_ACCESS_EXEC
 * @gpa: the guest-physical address
 *
 * Context: may sleep.
 * Return: 0, or the fault status code of the abort that the CPU would take.
 */
int arm64_translate(struct axvm_vcpu *vcpu, u64 va, u32 access, u64 *gpa)
{
	struct regime r;
	int idx, ret;

	if (!(arm64_read_el1(vcpu, SYS_SCTLR_EL1) & SCTLR_ELx_M)) {
		*gpa = va;
		return 0;
	}
	find_regime(vcpu, va, &r);
	if (!translated(&r, va))
		return FSC_TRANSLATION;
	idx = srcu_read_lock(&vcpu->vm->srcu);
	ret = walk(vcpu, &r, va, access, gpa);
	srcu_read_unlock(&vcpu->vm->srcu, idx);
	return ret;
}
