// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/decode.c: what it makes of loads and stores as an assembler writes them, of what it
 * must refuse, and of words that nobody wrote.
 *
 * The decoder is compiled in here: it is a function of its arguments.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../arm64/decode.c"

struct decode_case {
	const char *text;
	u32 code;
	struct arm64_insn insn;
};

static const struct decode_case cases[] = {
#include "arm64_decode_cases.h"
};

static void decode_assembled(struct kunit *test)
{
	struct arm64_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&insn, 0x5a, sizeof(insn));
		KUNIT_EXPECT_EQ_MSG(test, arm64_decode(&insn, cases[i].code), 0, "%s",
				    cases[i].text);
		KUNIT_EXPECT_MEMEQ_MSG(test, &insn, &cases[i].insn, sizeof(insn), "%s",
				       cases[i].text);
	}
}

/* Bits that should be one are not looked at */
static void decode_should_be_one(struct kunit *test)
{
	struct arm64_insn a, b;

	KUNIT_ASSERT_EQ(test, arm64_decode(&a, 0x88dffc41), 0);	/* ldar w1, [x2] */
	KUNIT_ASSERT_EQ(test, arm64_decode(&b, 0x88c08041), 0);
	KUNIT_EXPECT_MEMEQ(test, &a, &b, sizeof(a));
}

static void decode_refused(struct kunit *test)
{
	static const struct {
		const char *text;
		u32 code;
	} refused[] = {
		{ "nop", 0xd503201f },
		{ "udf #0", 0x00000000 },
		{ "all ones", 0xffffffff },
		{ "dc zva, x1", 0xd50b7421 },
		{ "prfm pldl1keep, [x1]", 0xf9800020 },
		{ "prfm pldl1keep, [x1, x2]", 0xf8a26820 },
		{ "prfum pldl1keep, [x1]", 0xf8800020 },
		{ "prfm pldl1keep, literal", 0xd8000000 },
		{ "ld1 {v0.16b}, [x1]", 0x4c407020 },
		{ "st1 {v0.b}[1], [x1]", 0x0d000420 },
		{ "stgp x0, x1, [x2]", 0x69000440 },
		{ "stg x0, [x1]", 0xd9200820 },
		{ "ldraa x0, [x1]", 0xf8200420 },
		{ "cpyp [x0]!, [x1]!, x2!", 0x1d010440 },
		{ "ldr with option 0", 0xf8620820 },
		{ "ldr with option 4", 0xf8628820 },
		{ "ldrsh to 32 bits of a word", 0xb8c00020 },
		{ "ldr x1, [x1], #8", 0xf8408421 },
		{ "ldr x1, [x1, #8]!", 0xf8408c21 },
		{ "str x1, [x1], #8", 0xf8008421 },
		{ "ldp x1, x2, [x1], #16", 0xa8c10821 },
		{ "ldp x1, x2, [x2, #16]!", 0xa9c10841 },
		{ "ldp x1, x1, [x2]", 0xa9400441 },
		{ "ldp q1, q1, [x2]", 0xad400441 },
		{ "opc 3 of pairs", 0xe9400841 },
		{ "opc 3 of pairs of V registers", 0xed400841 },
		{ "opc 3 of literals of V registers", 0xdc000000 },
		{ "128 bits of another size", 0x7dc00020 },
		{ "unprivileged V register", 0x3c400820 },
	};
	struct arm64_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_EQ_MSG(test, arm64_decode(&insn, refused[i].code), -EINVAL, "%s",
				    refused[i].text);
	/* SP is no X31, and V registers are no base registers */
	KUNIT_EXPECT_EQ(test, arm64_decode(&insn, 0xf84087ff), 0);	/* ldr xzr, [sp], #8 */
	KUNIT_EXPECT_EQ(test, arm64_decode(&insn, 0xfc408421), 0);	/* ldr d1, [x1], #8 */
}

/* What the emulator relies on, of any word at all */
static bool sane(const struct arm64_insn *insn)
{
	if (insn->kind == ARM64_ATOMIC)
		return true;
	if (insn->kind > ARM64_ATOMIC || insn->mode > ARM64_LITERAL)
		return false;
	if (insn->count < 1 || insn->count > 2 || hweight8(insn->width) != 1 ||
	    insn->width > (insn->simd ? 16 : 8))
		return false;
	if (insn->rt > 31 || insn->rt2 > 31 || insn->rn > 31 || insn->rm > 31 || insn->shift > 4)
		return false;
	if (insn->mode == ARM64_REGISTER && insn->extend != ARM64_UXTW &&
	    insn->extend != ARM64_LSL && insn->extend != ARM64_SXTW && insn->extend != ARM64_SXTX)
		return false;
	return insn->simd || insn->kind == ARM64_STORE || insn->reg_width == 4 ||
	       insn->reg_width == 8;
}

static void decode_random(struct kunit *test)
{
	unsigned int i, known = 0;
	struct arm64_insn insn;
	struct rnd_state rnd;
	u32 code;

	prandom_seed_state(&rnd, 64);
	for (i = 0; i < 300000; i++) {
		code = prandom_u32_state(&rnd);
		/* Loads and stores have bit 27 set and bit 25 clear. */
		if (i & 1)
			code = (code | BIT(27)) & ~BIT(25);
		memset(&insn, 0xff, sizeof(insn));
		if (arm64_decode(&insn, code))
			continue;
		known++;
		KUNIT_ASSERT_EQ_MSG(test, code & (BIT(27) | BIT(25)), BIT(27), "%#x", code);
		KUNIT_ASSERT_TRUE_MSG(test, sane(&insn), "%#x", code);
	}
	KUNIT_EXPECT_GT(test, known, 50000);
}

static struct kunit_case decode_test_cases[] = {
	KUNIT_CASE(decode_assembled),
	KUNIT_CASE(decode_should_be_one),
	KUNIT_CASE(decode_refused),
	KUNIT_CASE(decode_random),
	{}
};

static struct kunit_suite decode_suite = {
	.name = "axvm-arm64-decode",
	.test_cases = decode_test_cases,
};

kunit_test_suite(decode_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the decoder of A64 loads and stores");
