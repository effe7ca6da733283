// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic and logic as an x86 CPU does it, flags included. The emulator computes
 * here what an instruction does to values that came from a device.
 *
 * Pure: no state, no locks.
 */
#include <linux/bitops.h>

#include <asm/processor-flags.h>

#include "alu.h"
#include "decode.h"

/* SF, ZF and PF of a result: the same for all operations that change them */
static u64 result_flags(unsigned int width, u64 result)
{
	u64 flags = 0;

	if (!result)
		flags |= X86_EFLAGS_ZF;
	if (result >> (width * 8 - 1))
		flags |= X86_EFLAGS_SF;
	if (hweight8(result) % 2 == 0)
		flags |= X86_EFLAGS_PF;
	return flags;
}

/*
 * CF, AF and OF of an addition or subtraction. Bit n of @carry: a carry (borrow) out
 * of bit n. Bit n of @overflow: the signed result does not fit in n + 1 bits.
 */
static u64 carry_flags(unsigned int width, u64 carry, u64 overflow)
{
	unsigned int top = width * 8 - 1;
	u64 flags = 0;

	if (carry >> top & 1)
		flags |= X86_EFLAGS_CF;
	if (carry >> 3 & 1)
		flags |= X86_EFLAGS_AF;
	if (overflow >> top & 1)
		flags |= X86_EFLAGS_OF;
	return flags;
}

static u64 add(unsigned int width, u64 a, u64 b, bool carry, u64 *flags)
{
	u64 sum = (a + b + carry) & x86_mask(width);

	*flags = result_flags(width, sum) |
		 carry_flags(width, (a & b) | ((a | b) & ~sum), (a ^ sum) & (b ^ sum));
	return sum;
}

static u64 subtract(unsigned int width, u64 a, u64 b, bool borrow, u64 *flags)
{
	u64 difference = (a - b - borrow) & x86_mask(width);

	*flags = result_flags(width, difference) |
		 carry_flags(width, (~a & b) | ((~a | b) & difference),
			     (a ^ b) & (a ^ difference));
	return difference;
}

/* CF and OF are cleared; AF is undefined, CPUs clear it */
static u64 logic(unsigned int width, u64 result, u64 *flags)
{
	*flags = result_flags(width, result);
	return result;
}

/* CF is the bit; the others are undefined or unchanged, CPUs leave them all */
static u64 bit_test(unsigned int op, unsigned int width, u64 dst, u64 src, u64 *flags)
{
	u64 bit = BIT_ULL(src % (width * 8));

	if (dst & bit)
		*flags |= X86_EFLAGS_CF;
	else
		*flags &= ~(u64)X86_EFLAGS_CF;
	switch (op) {
	case X86_BTS:
		return dst | bit;
	case X86_BTR:
		return dst & ~bit;
	case X86_BTC:
		return dst ^ bit;
	default:
		return dst;
	}
}

/**
 * x86_alu() - compute
 * @op: enum x86_op. CMP, TEST and BT give a result too, which is not to be stored.
 *      CMPXCHG compares @dst with @src, XADD adds.
 * @width: bytes of the operands: 1, 2, 4 or 8
 * @dst: first operand; bits above @width are ignored
 * @src: second operand, likewise; not used by NOT, NEG, INC, DEC
 * @flags: X86_ARITHMETIC_FLAGS before, and after
 *
 * Context: any.
 * Return: the result, bits above @width zero. @src for what is not computed here (MOV,
 *         XCHG and the like), flags unchanged.
 */
u64 x86_alu(unsigned int op, unsigned int width, u64 dst, u64 src, u64 *flags)
{
	bool carry = *flags & X86_EFLAGS_CF;
	u64 result;

	dst &= x86_mask(width);
	src &= x86_mask(width);
	switch (op) {
	case X86_ADC:
		return add(width, dst, src, carry, flags);
	case X86_ADD:
	case X86_XADD:
		return add(width, dst, src, false, flags);
	case X86_SBB:
		return subtract(width, dst, src, carry, flags);
	case X86_SUB:
	case X86_CMP:
	case X86_CMPXCHG:
	case X86_CMPS:
	case X86_SCAS:
		return subtract(width, dst, src, false, flags);
	case X86_NEG:
		return subtract(width, 0, dst, false, flags);
	case X86_INC:
		result = add(width, dst, 1, false, flags);
		break;
	case X86_DEC:
		result = subtract(width, dst, 1, false, flags);
		break;
	case X86_OR:
		return logic(width, dst | src, flags);
	case X86_XOR:
		return logic(width, dst ^ src, flags);
	case X86_AND:
	case X86_TEST:
		return logic(width, dst & src, flags);
	case X86_NOT:
		return ~dst & x86_mask(width);
	case X86_BT:
	case X86_BTS:
	case X86_BTR:
	case X86_BTC:
		return bit_test(op, width, dst, src, flags);
	default:
		return src;
	}
	/* INC and DEC leave CF */
	*flags = (*flags & ~(u64)X86_EFLAGS_CF) | (carry ? X86_EFLAGS_CF : 0);
	return result;
}
