// SPDX-License-Identifier: GPL-2.0
/*
 * x86/alu.c: results and flags against those of the CPU that this runs on, for all
 * pairs of interesting values, with and without carry.
 *
 * Flags that the manual leaves undefined are not compared (SDM Vol. 1, appendix A).
 */
#include <kunit/test.h>

#include <asm/processor-flags.h>

#include "../x86/alu.c"

#define LOGIC_FLAGS	(X86_ARITHMETIC_FLAGS & ~(u64)X86_EFLAGS_AF)
#define BIT_FLAGS	((u64)X86_EFLAGS_CF)

static const u64 values[] = {
	0, 1, 2, 7, 8, 0xf, 0x10, 0x3f, 0x40, 0x55, 0x7e, 0x7f, 0x80, 0x81, 0xaa, 0xfe, 0xff,
	0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x12345678, 0x7fffffff, 0x80000000,
	0xfffffffe, 0xffffffff, 0x100000000, 0x123456789abcdef0, 0x7fffffffffffffff,
	0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

/* One instruction with the arithmetic flags set to *flags; they are read back */
#define NATIVE(insn, dst, src, flags)						\
	asm volatile("push %[f]\n\tpopfq\n\t" insn "\n\tpushfq\n\tpop %[f]"	\
		     : [d] "+q" (dst), [f] "+r" (flags) : [s] "q" (src) : "cc", "memory")

#define NATIVE_TWO(name, mnemonic)						\
static u64 native_##name(unsigned int width, u64 dst, u64 src, u64 *flags)	\
{										\
	u64 f = (native_save_fl() & ~X86_ARITHMETIC_FLAGS) | *flags;		\
										\
	switch (width) {							\
	case 1:									\
		NATIVE(mnemonic "b %b[s], %b[d]", dst, src, f);			\
		break;								\
	case 2:									\
		NATIVE(mnemonic "w %w[s], %w[d]", dst, src, f);			\
		break;								\
	case 4:									\
		NATIVE(mnemonic "l %k[s], %k[d]", dst, src, f);			\
		break;								\
	default:								\
		NATIVE(mnemonic "q %q[s], %q[d]", dst, src, f);			\
		break;								\
	}									\
	*flags = f & X86_ARITHMETIC_FLAGS;					\
	return dst & x86_mask(width);						\
}

#define NATIVE_ONE(name, mnemonic)						\
static u64 native_##name(unsigned int width, u64 dst, u64 src, u64 *flags)	\
{										\
	u64 f = (native_save_fl() & ~X86_ARITHMETIC_FLAGS) | *flags;		\
										\
	switch (width) {							\
	case 1:									\
		NATIVE(mnemonic "b %b[d]", dst, src, f);			\
		break;								\
	case 2:									\
		NATIVE(mnemonic "w %w[d]", dst, src, f);			\
		break;								\
	case 4:									\
		NATIVE(mnemonic "l %k[d]", dst, src, f);			\
		break;								\
	default:								\
		NATIVE(mnemonic "q %q[d]", dst, src, f);			\
		break;								\
	}									\
	*flags = f & X86_ARITHMETIC_FLAGS;					\
	return dst & x86_mask(width);						\
}

/* Bit tests have no form for bytes */
#define NATIVE_BIT(name, mnemonic)						\
static u64 native_##name(unsigned int width, u64 dst, u64 src, u64 *flags)	\
{										\
	u64 f = (native_save_fl() & ~X86_ARITHMETIC_FLAGS) | *flags;		\
										\
	switch (width) {							\
	case 2:									\
		NATIVE(mnemonic "w %w[s], %w[d]", dst, src, f);			\
		break;								\
	case 4:									\
		NATIVE(mnemonic "l %k[s], %k[d]", dst, src, f);			\
		break;								\
	default:								\
		NATIVE(mnemonic "q %q[s], %q[d]", dst, src, f);			\
		break;								\
	}									\
	*flags = f & X86_ARITHMETIC_FLAGS;					\
	return dst & x86_mask(width);						\
}

NATIVE_TWO(add, "add")
NATIVE_TWO(or, "or")
NATIVE_TWO(adc, "adc")
NATIVE_TWO(sbb, "sbb")
NATIVE_TWO(and, "and")
NATIVE_TWO(sub, "sub")
NATIVE_TWO(xor, "xor")
NATIVE_ONE(not, "not")
NATIVE_ONE(neg, "neg")
NATIVE_ONE(inc, "inc")
NATIVE_ONE(dec, "dec")
NATIVE_BIT(bt, "bt")
NATIVE_BIT(bts, "bts")
NATIVE_BIT(btr, "btr")
NATIVE_BIT(btc, "btc")

struct alu_case {
	const char *name;
	unsigned int op;
	unsigned int min_width;
	u64 (*native)(unsigned int width, u64 dst, u64 src, u64 *flags);
	u64 defined;
};

/* CMP is SUB and TEST is AND, so far */
static const struct alu_case alu_ops[] = {
	{ "add", X86_ADD, 1, native_add, X86_ARITHMETIC_FLAGS },
	{ "xadd", X86_XADD, 1, native_add, X86_ARITHMETIC_FLAGS },
	{ "or", X86_OR, 1, native_or, LOGIC_FLAGS },
	{ "adc", X86_ADC, 1, native_adc, X86_ARITHMETIC_FLAGS },
	{ "sbb", X86_SBB, 1, native_sbb, X86_ARITHMETIC_FLAGS },
	{ "and", X86_AND, 1, native_and, LOGIC_FLAGS },
	{ "test", X86_TEST, 1, native_and, LOGIC_FLAGS },
	{ "sub", X86_SUB, 1, native_sub, X86_ARITHMETIC_FLAGS },
	{ "cmp", X86_CMP, 1, native_sub, X86_ARITHMETIC_FLAGS },
	{ "cmpxchg", X86_CMPXCHG, 1, native_sub, X86_ARITHMETIC_FLAGS },
	{ "xor", X86_XOR, 1, native_xor, LOGIC_FLAGS },
	{ "not", X86_NOT, 1, native_not, X86_ARITHMETIC_FLAGS },
	{ "neg", X86_NEG, 1, native_neg, X86_ARITHMETIC_FLAGS },
	{ "inc", X86_INC, 1, native_inc, X86_ARITHMETIC_FLAGS },
	{ "dec", X86_DEC, 1, native_dec, X86_ARITHMETIC_FLAGS },
	{ "bt", X86_BT, 2, native_bt, BIT_FLAGS },
	{ "bts", X86_BTS, 2, native_bts, BIT_FLAGS },
	{ "btr", X86_BTR, 2, native_btr, BIT_FLAGS },
	{ "btc", X86_BTC, 2, native_btc, BIT_FLAGS },
};

static void compare(struct kunit *test, const struct alu_case *c, unsigned int width, u64 dst,
		    u64 src, u64 before)
{
	u64 want_flags = before, flags = before;
	u64 want = c->native(width, dst, src, &want_flags);
	u64 result = x86_alu(c->op, width, dst, src, &flags);

	if (result == want && !((flags ^ want_flags) & c->defined))
		return;
	KUNIT_FAIL(test, "%s%u %llx,%llx flags %llx: %llx flags %llx, not %llx flags %llx",
		   c->name, width, src, dst, before, result, flags, want, want_flags);
}

static void alu_against_cpu(struct kunit *test)
{
	unsigned int i, d, s, width;

	for (i = 0; i < ARRAY_SIZE(alu_ops); i++)
		for (width = alu_ops[i].min_width; width <= 8; width *= 2)
			for (d = 0; d < ARRAY_SIZE(values); d++)
				for (s = 0; s < ARRAY_SIZE(values); s++) {
					compare(test, &alu_ops[i], width, values[d], values[s], 0);
					compare(test, &alu_ops[i], width, values[d], values[s],
						X86_ARITHMETIC_FLAGS);
				}
}

/* All bytes: every carry chain that there is */
static void alu_bytes(struct kunit *test)
{
	unsigned int i, dst, src;

	for (i = 0; i < ARRAY_SIZE(alu_ops); i++) {
		if (alu_ops[i].op != X86_ADC && alu_ops[i].op != X86_SBB)
			continue;
		for (dst = 0; dst < 256; dst++)
			for (src = 0; src < 256; src++) {
				compare(test, &alu_ops[i], 1, dst, src, 0);
				compare(test, &alu_ops[i], 1, dst, src, X86_EFLAGS_CF);
			}
	}
}

/* What the CPU need not promise, and we do: nothing else changes */
static void alu_left_alone(struct kunit *test)
{
	u64 flags;

	for (flags = 0; flags <= X86_ARITHMETIC_FLAGS; flags += X86_ARITHMETIC_FLAGS) {
		u64 now = flags;

		KUNIT_EXPECT_EQ(test, x86_alu(X86_BTS, 4, 0, 35, &now), 8);
		KUNIT_EXPECT_EQ(test, now & ~BIT_FLAGS, flags & ~BIT_FLAGS);
		now = flags;
		KUNIT_EXPECT_EQ(test, x86_alu(X86_MOV, 2, 1, 0x12345678, &now), 0x5678);
		KUNIT_EXPECT_EQ(test, x86_alu(X86_XCHG, 8, 1, ~0ULL, &now), ~0ULL);
		KUNIT_EXPECT_EQ(test, now, flags);
	}
}

static void alu_sign_extend(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, x86_sign_extend(0x80, 1), ~0x7fULL);
	KUNIT_EXPECT_EQ(test, x86_sign_extend(0x17f, 1), 0x7fULL);
	KUNIT_EXPECT_EQ(test, x86_sign_extend(0x8000, 2), ~0x7fffULL);
	KUNIT_EXPECT_EQ(test, x86_sign_extend(0x80000000, 4), ~0x7fffffffULL);
	KUNIT_EXPECT_EQ(test, x86_sign_extend(1ULL << 63, 8), 1ULL << 63);
	KUNIT_EXPECT_EQ(test, x86_mask(1), 0xffULL);
	KUNIT_EXPECT_EQ(test, x86_mask(8), ~0ULL);
}

static struct kunit_case alu_cases[] = {
	KUNIT_CASE(alu_against_cpu),
	KUNIT_CASE(alu_bytes),
	KUNIT_CASE(alu_left_alone),
	KUNIT_CASE(alu_sign_extend),
	{}
};

static struct kunit_suite alu_suite = {
	.name = "axvm-alu",
	.test_cases = alu_cases,
};
kunit_test_suite(alu_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 arithmetic");
