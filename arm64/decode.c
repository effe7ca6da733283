// SPDX-License-Identifier: GPL-2.0
/*
 * A64 loads and stores of one or two registers (ARM DDI 0487 C4.1.94, "Loads and Stores").
 *
 * A trap tells of most single loads and stores what they do (ESR_EL2.ISS.ISV); the others,
 * pairs, those that write their base register back and those of V registers, are decoded
 * here. All forms of single accesses are, so that nobody has to know which they are.
 *
 * Atomic instructions are recognised and not more. Structures of vectors (LD1 to LD4),
 * memory tags, memory copies and anything UNDEFINED are refused, and so is what the manual
 * leaves CONSTRAINED UNPREDICTABLE: a register loaded twice, or both loaded and written back.
 *
 * A function of its arguments: no locks, no state.
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "decode.h"

/* Fields that most formats have at the same place */
#define F_SIZE		GENMASK(31, 30)
#define F_V		BIT(26)
#define F_PAIR_MODE	GENMASK(24, 23)
#define F_OPC		GENMASK(23, 22)
#define F_L		BIT(22)
#define F_RM		GENMASK(20, 16)
#define F_RT2		GENMASK(14, 10)
#define F_RN		GENMASK(9, 5)
#define F_RT		GENMASK(4, 0)
#define F_IMM7		GENMASK(21, 15)
#define F_IMM9		GENMASK(20, 12)
#define F_IMM12		GENMASK(21, 10)
#define F_IMM19		GENMASK(23, 5)
#define F_OPTION	GENMASK(15, 13)
#define F_S		BIT(12)
#define F_INDEX		GENMASK(11, 10)
/* Load/store exclusive and ordered */
#define F_O2		BIT(23)
#define F_O1		BIT(21)

#define SP		31

static s32 imm9(u32 code)
{
	return sign_extend32(FIELD_GET(F_IMM9, code), 8);
}

/* Size and opc of a single V register: 8 to 128 bits */
static int decode_simd(struct arm64_insn *insn, unsigned int size, unsigned int opc)
{
	insn->simd = true;
	insn->kind = opc & 1 ? ARM64_LOAD : ARM64_STORE;
	if (opc & 2) {
		if (size)
			return -EINVAL;
		size = 4;
	}
	insn->width = 1 << size;
	return 0;
}

/* Size and opc of a single general register; size 3 with opc 2 is a prefetch */
static int decode_size(struct arm64_insn *insn, u32 code)
{
	unsigned int size = FIELD_GET(F_SIZE, code), opc = FIELD_GET(F_OPC, code);

	insn->count = 1;
	if (code & F_V)
		return decode_simd(insn, size, opc);
	insn->width = 1 << size;
	switch (opc) {
	case 0:
		insn->kind = ARM64_STORE;
		return 0;
	case 1:
		insn->reg_width = size == 3 ? 8 : 4;
		return 0;
	case 2:
		insn->sign_extend = true;
		insn->reg_width = 8;
		return size == 3 ? -EINVAL : 0;
	default:
		insn->sign_extend = true;
		insn->reg_width = 4;
		return size >= 2 ? -EINVAL : 0;
	}
}

/* A base register that is written back must not be among those that are transferred. */
static int check_writeback(const struct arm64_insn *insn)
{
	if (insn->mode != ARM64_PRE_INDEX && insn->mode != ARM64_POST_INDEX)
		return 0;
	if (insn->simd || insn->rn == SP)
		return 0;
	return insn->rn == insn->rt || (insn->count == 2 && insn->rn == insn->rt2) ? -EINVAL : 0;
}

/* --- formats: each decoded from @code into @insn, whose rt and rn are there already -------- */

/* LDAR, STLR, LDLAR, STLLR; the others here are exclusives and compare-and-swap. */
static int decode_ordered(struct arm64_insn *insn, u32 code)
{
	unsigned int size = FIELD_GET(F_SIZE, code);

	if (!(code & F_O2) || code & F_O1) {
		insn->kind = ARM64_ATOMIC;
		return 0;
	}
	insn->kind = code & F_L ? ARM64_LOAD : ARM64_STORE;
	insn->count = 1;
	insn->width = 1 << size;
	insn->reg_width = size == 3 ? 8 : 4;
	return 0;
}

/* LDR, LDRSW (literal) */
static int decode_literal(struct arm64_insn *insn, u32 code)
{
	unsigned int opc = FIELD_GET(F_SIZE, code);

	if (opc == 3)
		return -EINVAL;
	insn->mode = ARM64_LITERAL;
	insn->count = 1;
	insn->offset = sign_extend32(FIELD_GET(F_IMM19, code), 18) * 4;
	if (code & F_V) {
		insn->simd = true;
		insn->width = 4 << opc;
		return 0;
	}
	insn->width = opc == 1 ? 8 : 4;
	insn->reg_width = opc ? 8 : 4;
	insn->sign_extend = opc == 2;
	return 0;
}

/* LDP, STP, LDPSW, LDNP, STNP */
static int decode_pair(struct arm64_insn *insn, u32 code)
{
	static const u8 modes[] = {
		ARM64_OFFSET, ARM64_POST_INDEX, ARM64_OFFSET, ARM64_PRE_INDEX
	};
	unsigned int opc = FIELD_GET(F_SIZE, code), mode = FIELD_GET(F_PAIR_MODE, code);

	insn->kind = code & F_L ? ARM64_LOAD : ARM64_STORE;
	insn->mode = modes[mode];
	insn->count = 2;
	insn->rt2 = FIELD_GET(F_RT2, code);
	if (opc == 3)
		return -EINVAL;
	if (code & F_V) {
		insn->simd = true;
		insn->width = 4 << opc;
	} else {
		/* 1: LDPSW; there is no store, and none without temporal hint */
		if (opc == 1 && (insn->kind == ARM64_STORE || !mode))
			return -EINVAL;
		insn->width = opc == 2 ? 8 : 4;
		insn->reg_width = opc ? 8 : 4;
		insn->sign_extend = opc == 1;
	}
	insn->offset = sign_extend32(FIELD_GET(F_IMM7, code), 6) * insn->width;
	if (insn->kind == ARM64_LOAD && insn->rt == insn->rt2)
		return -EINVAL;
	return 0;
}

/* LDUR and STUR, LDTR and STTR, immediate pre- and post-index */
static int decode_imm9(struct arm64_insn *insn, u32 code)
{
	static const u8 modes[] = {
		ARM64_OFFSET, ARM64_POST_INDEX, ARM64_OFFSET, ARM64_PRE_INDEX
	};
	unsigned int index = FIELD_GET(F_INDEX, code);

	/* Unprivileged ones have no V registers. */
	if (index == 2 && code & F_V)
		return -EINVAL;
	insn->mode = modes[index];
	insn->offset = imm9(code);
	return decode_size(insn, code);
}

static int decode_register(struct arm64_insn *insn, u32 code)
{
	int ret = decode_size(insn, code);

	insn->mode = ARM64_REGISTER;
	insn->rm = FIELD_GET(F_RM, code);
	insn->extend = FIELD_GET(F_OPTION, code);
	if (code & F_S)
		insn->shift = __ffs(insn->width);
	/* Options that extend from less than a word are UNDEFINED. */
	return insn->extend & 2 ? ret : -EINVAL;
}

static int decode_imm12(struct arm64_insn *insn, u32 code)
{
	int ret = decode_size(insn, code);

	insn->offset = FIELD_GET(F_IMM12, code) * insn->width;
	return ret;
}

/* LDAPUR, STLUR and the like: without V registers */
static int decode_ordered_imm9(struct arm64_insn *insn, u32 code)
{
	insn->offset = imm9(code);
	return decode_size(insn, code);
}

/* LDAPR: among the atomics */
static int decode_ldapr(struct arm64_insn *insn, u32 code)
{
	unsigned int size = FIELD_GET(F_SIZE, code);

	insn->count = 1;
	insn->width = 1 << size;
	insn->reg_width = size == 3 ? 8 : 4;
	return 0;
}

static int decode_atomic(struct arm64_insn *insn, u32 code)
{
	insn->kind = ARM64_ATOMIC;
	return 0;
}

/* --- the table ----------------------------------------------------------------------------- */

/**
 * struct format - a group of instructions that are alike
 * @mask: bits that tell the group
 * @value: their values
 * @decode: 0, or -EINVAL
 */
struct format {
	u32 mask;
	u32 value;
	int (*decode)(struct arm64_insn *insn, u32 code);
};

/* The first that matches */
static const struct format formats[] = {
	{ 0x3f000000, 0x08000000, decode_ordered },
	{ 0x3b000000, 0x18000000, decode_literal },
	{ 0x3a000000, 0x28000000, decode_pair },
	{ 0x3ffffc00, 0x38bfc000, decode_ldapr },
	{ 0x3f200c00, 0x38200000, decode_atomic },
	{ 0x3b200c00, 0x38200800, decode_register },
	{ 0x3b200000, 0x38000000, decode_imm9 },
	{ 0x3b000000, 0x39000000, decode_imm12 },
	{ 0x3f200c00, 0x19000000, decode_ordered_imm9 },
};

/**
 * arm64_decode() - decode a load or store
 * @insn: the result; undefined if it is refused
 * @code: the instruction
 *
 * Context: any.
 * Return: 0, or -EINVAL: something else.
 */
int arm64_decode(struct arm64_insn *insn, u32 code)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if ((code & formats[i].mask) != formats[i].value)
			continue;
		memset(insn, 0, sizeof(*insn));
		insn->rt = FIELD_GET(F_RT, code);
		insn->rn = FIELD_GET(F_RN, code);
		ret = formats[i].decode(insn, code);
		return ret ? ret : check_writeback(insn);
	}
	return -EINVAL;
}
