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
#define NATIVE(name, insn)							\
static u64 native_##name(u64 dst, u64 src, u64 *flags)				\
{										\
	u64 f = (native_save_fl() & ~X86_ARITHMETIC_FLAGS) | *flags;		\
										\
	asm volatile("push %[f]\n\tpopfq\n\t" insn "\n\tpushfq\n\tpop %[f]"	\
		     : [d] "+q" (dst), [f] "+r" (f) : [s] "q" (src) : "cc", "memory");	\
	*flags = f & X86_ARITHMETIC_FLAGS;					\
	return dst;								\
}

NATIVE(addb, "addb %b[s], %b[d]")
NATIVE(addw, "addw %w[s], %w[d]")
NATIVE(addl, "addl %k[s], %k[d]")
NATIVE(addq, "addq %q[s], %q[d]")
NATIVE(orb, "orb %b[s], %b[d]")
NATIVE(orw, "orw %w[s], %w[d]")
NATIVE(orl, "orl %k[s], %k[d]")
NATIVE(orq, "orq %q[s], %q[d]")
NATIVE(adcb, "adcb %b[s], %b[d]")
NATIVE(adcw, "adcw %w[s], %w[d]")
NATIVE(adcl, "adcl %k[s], %k[d]")
NATIVE(adcq, "adcq %q[s], %q[d]")
NATIVE(sbbb, "sbbb %b[s], %b[d]")
NATIVE(sbbw, "sbbw %w[s], %w[d]")
NATIVE(sbbl, "sbbl %k[s], %k[d]")
NATIVE(sbbq, "sbbq %q[s], %q[d]")
NATIVE(andb, "andb %b[s], %b[d]")
NATIVE(andw, "andw %w[s], %w[d]")
NATIVE(andl, "andl %k[s], %k[d]")
NATIVE(andq, "andq %q[s], %q[d]")
NATIVE(subb, "subb %b[s], %b[d]")
NATIVE(subw, "subw %w[s], %w[d]")
NATIVE(subl, "subl %k[s], %k[d]")
NATIVE(subq, "subq %q[s], %q[d]")
NATIVE(xorb, "xorb %b[s], %b[d]")
NATIVE(xorw, "xorw %w[s], %w[d]")
NATIVE(xorl, "xorl %k[s], %k[d]")
NATIVE(xorq, "xorq %q[s], %q[d]")
NATIVE(notb, "notb %b[d]")
NATIVE(notw, "notw %w[d]")
NATIVE(notl, "notl %k[d]")
NATIVE(notq, "notq %q[d]")
NATIVE(negb, "negb %b[d]")
NATIVE(negw, "negw %w[d]")
NATIVE(negl, "negl %k[d]")
NATIVE(negq, "negq %q[d]")
NATIVE(incb, "incb %b[d]")
NATIVE(incw, "incw %w[d]")
NATIVE(incl, "incl %k[d]")
NATIVE(incq, "incq %q[d]")
NATIVE(decb, "decb %b[d]")
NATIVE(decw, "decw %w[d]")
NATIVE(decl, "decl %k[d]")
NATIVE(decq, "decq %q[d]")
NATIVE(btw, "btw %w[s], %w[d]")
NATIVE(btl, "btl %k[s], %k[d]")
NATIVE(btq, "btq %q[s], %q[d]")
NATIVE(btsw, "btsw %w[s], %w[d]")
NATIVE(btsl, "btsl %k[s], %k[d]")
NATIVE(btsq, "btsq %q[s], %q[d]")
NATIVE(btrw, "btrw %w[s], %w[d]")
NATIVE(btrl, "btrl %k[s], %k[d]")
NATIVE(btrq, "btrq %q[s], %q[d]")
NATIVE(btcw, "btcw %w[s], %w[d]")
NATIVE(btcl, "btcl %k[s], %k[d]")
NATIVE(btcq, "btcq %q[s], %q[d]")

typedef u64 (*native_fn)(u64 dst, u64 src, u64 *flags);

/* By log2 of the width; bit tests have no form for bytes. CMP is SUB and TEST is AND, so far. */
static const struct alu_case {
	unsigned int op;
	u64 defined;
	native_fn native[4];
} alu_ops[] = {
	{ X86_ADD, X86_ARITHMETIC_FLAGS,
	  { native_addb, native_addw, native_addl, native_addq } },
	{ X86_XADD, X86_ARITHMETIC_FLAGS,
	  { native_addb, native_addw, native_addl, native_addq } },
	{ X86_OR, LOGIC_FLAGS,
	  { native_orb, native_orw, native_orl, native_orq } },
	{ X86_ADC, X86_ARITHMETIC_FLAGS,
	  { native_adcb, native_adcw, native_adcl, native_adcq } },
	{ X86_SBB, X86_ARITHMETIC_FLAGS,
	  { native_sbbb, native_sbbw, native_sbbl, native_sbbq } },
	{ X86_AND, LOGIC_FLAGS,
	  { native_andb, native_andw, native_andl, native_andq } },
	{ X86_TEST, LOGIC_FLAGS,
	  { native_andb, native_andw, native_andl, native_andq } },
	{ X86_SUB, X86_ARITHMETIC_FLAGS,
	  { native_subb, native_subw, native_subl, native_subq } },
	{ X86_CMP, X86_ARITHMETIC_FLAGS,
	  { native_subb, native_subw, native_subl, native_subq } },
	{ X86_CMPXCHG, X86_ARITHMETIC_FLAGS,
	  { native_subb, native_subw, native_subl, native_subq } },
	{ X86_XOR, LOGIC_FLAGS,
	  { native_xorb, native_xorw, native_xorl, native_xorq } },
	{ X86_NOT, X86_ARITHMETIC_FLAGS,
	  { native_notb, native_notw, native_notl, native_notq } },
	{ X86_NEG, X86_ARITHMETIC_FLAGS,
	  { native_negb, native_negw, native_negl, native_negq } },
	{ X86_INC, X86_ARITHMETIC_FLAGS,
	  { native_incb, native_incw, native_incl, native_incq } },
	{ X86_DEC, X86_ARITHMETIC_FLAGS,
	  { native_decb, native_decw, native_decl, native_decq } },
	{ X86_BT, BIT_FLAGS,
	  { NULL, native_btw, native_btl, native_btq } },
	{ X86_BTS, BIT_FLAGS,
	  { NULL, native_btsw, native_btsl, native_btsq } },
	{ X86_BTR, BIT_FLAGS,
	  { NULL, native_btrw, native_btrl, native_btrq } },
	{ X86_BTC, BIT_FLAGS,
	  { NULL, native_btcw, native_btcl, native_btcq } },
};

static void compare(struct kunit *test, const struct alu_case *c, unsigned int shift, u64 dst,
		    u64 src, u64 before)
{
	u64 want_flags = before, flags = before, want, result;

	/* One failure tells enough */
	if (!c->native[shift] || test->status == KUNIT_FAILURE)
		return;
	want = c->native[shift](dst, src, &want_flags) & x86_mask(1 << shift);
	result = x86_alu(c->op, 1 << shift, dst, src, &flags);
	if (result == want && !((flags ^ want_flags) & c->defined))
		return;
	KUNIT_FAIL(test, "%ps %llx,%llx flags %llx: %llx flags %llx, not %llx flags %llx",
		   c->native[shift], src, dst, before, result, flags, want, want_flags);
}

static void alu_against_cpu(struct kunit *test)
{
	unsigned int i, d, s, shift;

	for (i = 0; i < ARRAY_SIZE(alu_ops); i++)
		for (shift = 0; shift < 4; shift++)
			for (d = 0; d < ARRAY_SIZE(values); d++)
				for (s = 0; s < ARRAY_SIZE(values); s++) {
					compare(test, &alu_ops[i], shift, values[d], values[s], 0);
					compare(test, &alu_ops[i], shift, values[d], values[s],
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
				compare(test, &alu_ops[i], 0, dst, src, 0);
				compare(test, &alu_ops[i], 0, dst, src, X86_EFLAGS_CF);
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
