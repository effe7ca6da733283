// SPDX-License-Identifier: GPL-2.0
/*
 * x86/decode.c: what it makes of instructions as an assembler writes them, of rarer
 * spellings, of what it must refuse, and of bytes that nobody wrote.
 *
 * The decoder is compiled in here: it is a function of its arguments.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../x86/decode.c"

/* Names of decode_cases.h */
enum { R_ = AXVM_ACCESS_READ, W_ = AXVM_ACCESS_WRITE };
#define R	R_
#define W	W_
#define RW	(R_ | W_)
enum { ES, CS, SS, DS, FS, GS };
enum {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
	RIP = X86_RIP_REG, NONE = X86_NO_REG
};

struct decode_case {
	unsigned int bits;
	const char *text;
	u8 bytes[16];
	struct x86_insn insn;
};

static const struct decode_case cases[] = {
#include "decode_cases.h"
};

/* Decode what is in a buffer filled up with @filler; @avail bytes are the guest's */
static int decode(struct x86_insn *insn, const struct decode_case *c, unsigned int length,
		  unsigned int avail, u8 filler)
{
	u8 buffer[X86_INSN_BUFFER];

	memset(buffer, filler, sizeof(buffer));
	memcpy(buffer, c->bytes, length);
	return x86_decode(insn, buffer, avail, c->bits);
}

static void expect_insn(struct kunit *test, const struct decode_case *c, unsigned int avail,
			u8 filler)
{
	struct x86_insn insn;

	memset(&insn, 0x5a, sizeof(insn));
	KUNIT_EXPECT_EQ_MSG(test, decode(&insn, c, c->insn.length, avail, filler), 0, "%u: %s",
			    c->bits, c->text);
	KUNIT_EXPECT_MEMEQ_MSG(test, &insn, &c->insn, sizeof(insn), "%u: %s", c->bits, c->text);
}

static void decode_assembled(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		expect_insn(test, &cases[i], X86_MAX_INSN, 0xff);
}

/* What lies behind the bytes that are there does not matter; fewer are too few */
static void decode_cut(struct kunit *test)
{
	struct x86_insn insn;
	unsigned int i, avail;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct decode_case *c = &cases[i];

		expect_insn(test, c, c->insn.length, 0);
		for (avail = 1; avail < c->insn.length; avail++)
			KUNIT_EXPECT_EQ_MSG(test, decode(&insn, c, c->insn.length, avail, 0xff),
					    -ENODATA, "%s", c->text);
	}
}

/* Spellings that assemblers do not choose */
static const struct decode_case rare[] = {
	{ 64, "REX before a prefix counts for nothing", "\x48\x66\x89\x03",
	  { X86_MOV, X86_MEM_REG, W, 4, 2, 0, 0, 2, 0, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "REX.W wins over 66", "\x66\x48\x89\x03",
	  { X86_MOV, X86_MEM_REG, W, 4, 8, 0, 0, 8, 0, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "the last REX counts", "\x4d\x40\x89\x03",
	  { X86_MOV, X86_MEM_REG, W, 4, 4, 0, 0, 4, 0, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "an empty REX makes it SPL, not AH", "\x40\x88\x23",
	  { X86_MOV, X86_MEM_REG, W, 3, 1, 4, 0, 1, 0, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "DS override after FS is ignored", "\x64\x3e\x89\x03",
	  { X86_MOV, X86_MEM_REG, W, 4, 4, 0, 0, 4, 0, 0, 0, 8, FS, RBX, NONE, 0, 0, 0 } },
	{ 32, "the last override counts", "\x64\x26\x89\x03",
	  { X86_MOV, X86_MEM_REG, W, 4, 4, 0, 0, 4, 0, 0, 0, 4, ES, RBX, NONE, 0, 0, 0 } },
	{ 64, "no base and no index: absolute", "\x89\x04\x25\x00\x10\x00\x80",
	  { X86_MOV, X86_MEM_REG, W, 7, 4, 0, 0, 4, 0, 0, 0, 8, DS, NONE, NONE, 0,
	    -0x7ffff000, 0 } },
	{ 64, "R12 as index, RSP as base", "\x42\x89\x04\x64",
	  { X86_MOV, X86_MEM_REG, W, 4, 4, 0, 0, 4, 0, 0, 0, 8, SS, RSP, R12, 1, 0, 0 } },
	{ 64, "R13 as base needs a displacement", "\x41\x89\x45\x00",
	  { X86_MOV, X86_MEM_REG, W, 4, 4, 0, 0, 4, 0, 0, 0, 8, DS, R13, NONE, 0, 0, 0 } },
	{ 64, "RIP-relative with REX.B is RIP-relative", "\x41\x89\x05\x04\x00\x00\x00",
	  { X86_MOV, X86_MEM_REG, W, 7, 4, 0, 0, 4, 0, 0, 0, 8, DS, RIP, NONE, 0, 4, 0 } },
	{ 32, "the same is absolute", "\x89\x05\x04\x00\x00\x00",
	  { X86_MOV, X86_MEM_REG, W, 6, 4, 0, 0, 4, 0, 0, 0, 4, DS, NONE, NONE, 0, 4, 0 } },
	{ 64, "F6 /1 is TEST, too", "\xf6\x0b\x80",
	  { X86_TEST, X86_MEM_IMM, R, 3, 1, 0, 0, 1, 0, 0, 0, 8, DS, RBX, NONE, 0, 0, -128 } },
	{ 32, "82 is 80", "\x82\x33\x7f",
	  { X86_XOR, X86_MEM_IMM, RW, 3, 1, 0, 0, 1, 0, 0, 0, 4, DS, RBX, NONE, 0, 0, 127 } },
	{ 64, "MOVSXD to 32 bits", "\x63\x0b",
	  { X86_MOV, X86_REG_MEM, R, 2, 4, 1, 0, 4, 1, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "MOVSXD to 16 bits", "\x66\x63\x0b",
	  { X86_MOV, X86_REG_MEM, R, 3, 2, 1, 0, 2, 1, 0, 0, 8, DS, RBX, NONE, 0, 0, 0 } },
	{ 64, "INS has no 64 bits", "\x48\x6d",
	  { X86_INS, X86_STRING, W, 2, 4, 0, 0, 8, 0, 0, 0, 8, DS, NONE, NONE, 0, 0, 0 } },
	{ 64, "fifteen bytes",
	  "\x66\x66\x66\x66\x66\x66\x66\xc7\x05\x01\x00\x00\x00\x02\x00",
	  { X86_MOV, X86_MEM_IMM, W, 15, 2, 0, 0, 2, 0, 0, 0, 8, DS, RIP, NONE, 0, 1, 2 } },
};

static void decode_rare(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rare); i++)
		expect_insn(test, &rare[i], X86_MAX_INSN, 0xff);
}

static const struct decode_case refused[] = {
	{ 64, "mov %eax,%ebx", "\x89\xc3" },
	{ 64, "bt $1,%eax", "\x0f\xba\xe0\x01" },
	{ 64, "lock mov %eax,(%rbx)", "\xf0\x89\x03" },
	{ 64, "lock cmp %eax,(%rbx)", "\xf0\x39\x03" },
	{ 64, "lock add (%rbx),%eax", "\xf0\x03\x03" },
	{ 64, "lock bt %eax,(%rbx)", "\xf0\x0f\xa3\x03" },
	{ 64, "lock test", "\xf0\xf7\x03\x00\x00\x00\x00" },
	{ 64, "lock push (%rbx)", "\xf0\xff\x33" },
	{ 64, "lock pop (%rbx)", "\xf0\x8f\x03" },
	{ 64, "lock movsb", "\xf0\xa4" },
	{ 64, "lock mov %al,moffs", "\xf0\xa2\x00\x00\x00\x00\x00\x00\x00\x00" },
	{ 64, "82 in 64-bit mode", "\x82\x33\x7f" },
	{ 32, "arpl", "\x63\x03" },
	{ 32, "inc %eax", "\x40\x89\x03" },
	{ 64, "8F /1", "\x8f\x0b" },
	{ 64, "C7 /1", "\xc7\x0b\x00\x00\x00\x00" },
	{ 64, "FE /6", "\xfe\x33" },
	{ 64, "FF /2: call", "\xff\x13" },
	{ 64, "FF /4: jmp", "\xff\x23" },
	{ 64, "0F BA /0", "\x0f\xba\x03\x00" },
	{ 64, "mul (%rbx)", "\xf7\x23" },
	{ 64, "div (%rbx)", "\xf7\x33" },
	{ 64, "shl (%rbx)", "\xd1\x23" },
	{ 64, "mov %ds,(%rbx)", "\x8c\x1b" },
	{ 64, "fld (%rbx)", "\xd9\x03" },
	{ 64, "movaps (%rbx),%xmm0", "\x0f\x28\x03" },
	{ 64, "vmovdqu (%rbx),%ymm0", "\xc5\xfe\x6f\x03" },
	{ 64, "ret", "\xc3" },
	{ 64, "ones", "\xff\xff" },
	{ 64, "zeros to a register", "\x00\xc0" },
};

static void decode_refused(struct kunit *test)
{
	struct x86_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode(&insn, &refused[i], X86_MAX_INSN, X86_MAX_INSN, 0),
				    -EINVAL, "%s", refused[i].text);
}

/* Prefixes without end, and one byte more than there may be */
static void decode_too_long(struct kunit *test)
{
	static const u8 prefixes[] = { 0x26, 0x3e, 0x64, 0x66, 0x67, 0xf2, 0xf3, 0x48 };
	u8 bytes[X86_INSN_BUFFER];
	struct x86_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		memset(bytes, prefixes[i], sizeof(bytes));
		KUNIT_EXPECT_EQ(test, x86_decode(&insn, bytes, 15, 64), -ENODATA);
		bytes[12] = 0x89;
		bytes[13] = 0x43;	/* mov %eax,disp8(%rbx): 15 bytes */
		KUNIT_EXPECT_EQ(test, x86_decode(&insn, bytes, 15, 64), 0);
		KUNIT_EXPECT_EQ(test, insn.length, 15);
		bytes[13] = 0x44;	/* mov %eax,disp8(%base,%index): 16 */
		KUNIT_EXPECT_EQ(test, x86_decode(&insn, bytes, 15, 64), -ENODATA);
	}
}

static void expect_sane(struct kunit *test, const struct x86_insn *insn)
{
	KUNIT_EXPECT_GE(test, insn->length, 1);
	KUNIT_EXPECT_LE(test, insn->length, X86_MAX_INSN);
	KUNIT_EXPECT_GT(test, insn->op, X86_NONE);
	KUNIT_EXPECT_LT(test, insn->op, X86_NR_OPS);
	KUNIT_EXPECT_LT(test, insn->form, X86_NR_FORMS);
	KUNIT_EXPECT_NE(test, insn->access, 0);
	KUNIT_EXPECT_LE(test, insn->width, 8);
	KUNIT_EXPECT_EQ(test, insn->width & (insn->width - 1), 0);
	KUNIT_EXPECT_NE(test, insn->width, 0);
	KUNIT_EXPECT_GE(test, insn->reg_width, insn->width);
	KUNIT_EXPECT_LT(test, insn->reg, AXVM_X86_NR_GPR);
	KUNIT_EXPECT_LE(test, insn->seg, AXVM_X86_GS);
	KUNIT_EXPECT_LE(test, insn->scale, 3);
	KUNIT_EXPECT_TRUE(test, insn->base < AXVM_X86_NR_GPR || insn->base >= X86_RIP_REG);
	KUNIT_EXPECT_TRUE(test, insn->index < AXVM_X86_NR_GPR || insn->index == X86_NO_REG);
}

static void decode_hostile(struct kunit *test)
{
	struct rnd_state rnd;
	u8 bytes[X86_INSN_BUFFER];
	struct x86_insn insn;
	unsigned int i, good = 0;
	int ret;

	prandom_seed_state(&rnd, 20261122);
	for (i = 0; i < 100000; i++) {
		unsigned int bits = 16 << i % 3, avail = 1 + i % X86_MAX_INSN;

		prandom_bytes_state(&rnd, bytes, sizeof(bytes));
		memset(&insn, 0xaa, sizeof(insn));
		ret = x86_decode(&insn, bytes, avail, bits);
		if (ret) {
			KUNIT_EXPECT_TRUE(test, ret == -EINVAL || ret == -ENODATA);
			continue;
		}
		good++;
		expect_sane(test, &insn);
		KUNIT_EXPECT_LE(test, insn.length, avail);
	}
	/* About one in eight is one; else this tests nothing */
	KUNIT_EXPECT_GT(test, good, 5000);
}

static struct kunit_case decode_cases[] = {
	KUNIT_CASE(decode_assembled),
	KUNIT_CASE(decode_cut),
	KUNIT_CASE(decode_rare),
	KUNIT_CASE(decode_refused),
	KUNIT_CASE(decode_too_long),
	KUNIT_CASE(decode_hostile),
	{}
};

static struct kunit_suite decode_suite = {
	.name = "axvm-decode",
	.test_cases = decode_cases,
};

kunit_test_suite(decode_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 instruction decoder");
