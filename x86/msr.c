// SPDX-License-Identifier: GPL-2.0
/*
 * MSR policy: the MSRs that are plain storage or constants, as a table. Those that
 * the hardware keeps per vCPU are the backend's (vmx/msr.c), those of the local APIC
 * its device's. Any other does not exist: #GP.
 *
 * Owns: vcpu->arch.msrs. Context: the vCPU's own thread, or vcpu->lock.
 */
#include <linux/slab.h>
#include <asm/msr-index.h>

#include "msr.h"
#include "x86.h"

/* A memory type an MTRR or PAT entry may name: UC, WC, WT, WP, WB */
static bool memory_type_ok(u8 type)
{
	return type < 7 && ((1 << type) & 0x73);
}

static bool eight_types_ok(u64 value)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if (!memory_type_ok(value >> i))
			return false;
	return true;
}

/* Reserved: bits 11 to 8 */
static bool mtrr_base_ok(u64 value)
{
	return memory_type_ok(value) && !(value & 0xf00);
}

static bool mtrr_def_type_ok(u64 value)
{
	return memory_type_ok(value) && !(value & ~0xcffULL);
}

/**
 * x86_pat_ok() - may IA32_PAT take this value? Each entry also may be UC- (7).
 * @value: the value
 */
bool x86_pat_ok(u64 value)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if ((u8)(value >> i) != 7 && !memory_type_ok(value >> i))
			return false;
	return true;
}

/* MTRRs are kept for the guest to read back: memory types are the host's (EPT). */
#define MTRRCAP	0x508	/* write combining, fixed ranges, 8 variable ranges */

/**
 * struct msr_row - one MSR, or a range of alike ones
 * @first: first number
 * @last: last number
 * @initial: value at power-on
 * @writable: bits a guest can change; others must be written as they are
 * @ok: further check, or NULL
 */
struct msr_row {
	u32 first;
	u32 last;
	u64 initial;
	u64 writable;
	bool (*ok)(u64 value);
};

static const struct msr_row rows[] = {
	{ MSR_IA32_PLATFORM_ID, MSR_IA32_PLATFORM_ID },
	{ MSR_IA32_FEAT_CTL, MSR_IA32_FEAT_CTL, FEAT_CTL_LOCKED },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, 0, ~0ULL },
	{ MSR_MTRRcap, MSR_MTRRcap, MTRRCAP },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE,
	  MSR_IA32_MISC_ENABLE_FAST_STRING | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |
	  MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL,
	  MSR_IA32_MISC_ENABLE_FAST_STRING | MSR_IA32_MISC_ENABLE_LIMIT_CPUID },
	{ 0x200, 0x20f, 0, GENMASK_ULL(51, 0), NULL },
	{ MSR_MTRRfix64K_00000, MSR_MTRRfix64K_00000, 0, ~0ULL, eight_types_ok },
	{ MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000, 0, ~0ULL, eight_types_ok },
	{ MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000, 0, ~0ULL, eight_types_ok },
	{ MSR_MTRRdefType, MSR_MTRRdefType, 0, ~0ULL, mtrr_def_type_ok },
};

static bool row_ok(const struct msr_row *row, u32 msr, u64 value)
{
	/* Variable ranges: even numbers are bases, odd ones masks with a valid bit */
	if (row->first == 0x200)
		return msr & 1 ? !(value & 0x7ff) : mtrr_base_ok(value);
	return !row->ok || row->ok(value);
}

/* The row of an MSR and where its value is kept */
static const struct msr_row *find(struct axvm_vcpu *vcpu, u32 msr, u64 **value)
{
	unsigned int i, index = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (msr >= rows[i].first && msr <= rows[i].last) {
			*value = &vcpu->arch.msrs[index + msr - rows[i].first];
			return &rows[i];
		}
		index += rows[i].last - rows[i].first + 1;
	}
	return NULL;
}

/**
 * x86_msrs_reset() - power-on values
 * @vcpu: the vCPU
 */
void x86_msrs_reset(struct axvm_vcpu *vcpu)
{
	unsigned int i, index = 0;
	u32 msr;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (msr = rows[i].first; msr <= rows[i].last; msr++)
			vcpu->arch.msrs[index++] = rows[i].initial;
	WARN_ON_ONCE(index > X86_NR_MSRS);
}

/**
 * x86_get_msr() - read an MSR of the table
 * @vcpu: the vCPU
 * @msr: number
 * @value: where to
 *
 * Return: 0 or -ENOENT.
 */
int x86_get_msr(struct axvm_vcpu *vcpu, u32 msr, u64 *value)
{
	u64 *kept;

	if (!find(vcpu, msr, &kept))
		return -ENOENT;
	*value = *kept;
	return 0;
}

/**
 * x86_set_msr() - write an MSR of the table
 * @vcpu: the vCPU
 * @msr: number
 * @value: value
 *
 * Return: 0; -EINVAL: a reserved bit or value; -ENOENT.
 */
int x86_set_msr(struct axvm_vcpu *vcpu, u32 msr, u64 value)
{
	const struct msr_row *row;
	u64 *kept;

	row = find(vcpu, msr, &kept);
	if (!row)
		return -ENOENT;
	if ((value ^ *kept) & ~row->writable || !row_ok(row, msr, value))
		return -EINVAL;
	*kept = value;
	return 0;
}
