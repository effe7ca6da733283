/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arithmetic and logic as an x86 CPU does it, flags included.
 */
#ifndef AXVM_X86_ALU_H
#define AXVM_X86_ALU_H

#include <linux/bits.h>
#include <linux/types.h>

/* The flags that arithmetic changes: OF, SF, ZF, AF, PF, CF */
#define X86_ARITHMETIC_FLAGS	0x8d5ULL

/* The low @width bytes */
static inline u64 x86_mask(unsigned int width)
{
	return GENMASK_ULL(width * 8 - 1, 0);
}

static inline u64 x86_sign_extend(u64 value, unsigned int width)
{
	unsigned int unused = 64 - width * 8;

	return (u64)((s64)(value << unused) >> unused);
}

u64 x86_alu(unsigned int op, unsigned int width, u64 dst, u64 src, u64 *flags);

#endif /* AXVM_X86_ALU_H */
