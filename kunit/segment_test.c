// SPDX-License-Identifier: GPL-2.0
/*
 * x86/gva.c: segmentation as SDM Vol. 3A, chapters 3 and 5 have it: types, limits, modes.
 */
#include "x86_machine.h"

#include "../x86/gva.c"

#define R	AXVM_ACCESS_READ
#define W	AXVM_ACCESS_WRITE
#define ADDRESS	0x00007a5a5a5a5123ULL

struct segment_case {
	u32 attr;	/* type, S, P; D/B and G where they count */
	u32 limit;
	u64 offset;
	unsigned int width;
	u32 access;
	bool good;
};

static const struct segment_case segments[] = {
	{ 0x93, 0xfff, 0xffc, 4, R, true },		/* data, writable */
	{ 0x93, 0xfff, 0xffd, 4, R, false },
	{ 0x93, 0xfff, 0xfff, 1, W, true },
	{ 0x93, 0xfff, 0x1000, 1, W, false },
	{ 0x91, 0xfff, 0, 1, R, true },			/* data, read-only */
	{ 0x91, 0xfff, 0, 1, W, false },
	{ 0x91, 0xfff, 0, 1, R | W, false },
	{ 0x9b, 0xfff, 0, 1, R, true },			/* code, readable */
	{ 0x9b, 0xfff, 0, 1, W, false },
	{ 0x99, 0xfff, 0, 1, R, false },		/* code, execute-only */
	{ 0x97, 0xfff, 0x1000, 1, W, true },		/* data, expand-down */
	{ 0x97, 0xfff, 0xfff, 1, W, false },
	{ 0x97, 0xfff, 0xfffd, 4, R, false },		/* 16 bits: up to 0xffff */
	{ 0x97, 0xfff, 0xfffc, 4, R, true },
	{ 0x4097, 0xfff, 0xfffd, 4, R, true },		/* 32 bits: up to 0xffffffff */
	{ 0x4097, 0xfff, 0xfffffffd, 4, R, false },
	{ 0x4097, 0xffffffff, 0xffffffff, 1, R, false },
	{ 0xc093, 0xffffffff, 0xfffffffc, 4, W, true },
	{ 0xc093, 0xffffffff, 0xfffffffd, 4, W, false },
	{ 0x10000, 0xffffffff, 0, 1, R, false },	/* unusable: a null selector */
};

static int linear(unsigned int seg, u64 offset, unsigned int width, u32 access, u64 *result,
		  struct x86_exception *exc)
{
	memset(exc, 0, sizeof(*exc));
	return x86_linear(&machine->vcpu, seg, offset, width, access, result, exc);
}

static void segment_rights(struct kunit *test)
{
	struct axvm_x86_segment *ds = &machine_regs()->seg[AXVM_X86_DS];
	struct x86_exception exc;
	unsigned int i;
	u64 result;
	int ret;

	machine_mode(32);
	for (i = 0; i < ARRAY_SIZE(segments); i++) {
		const struct segment_case *c = &segments[i];

		ds->base = 0xfff00000;
		ds->attr = c->attr;
		ds->limit = c->limit;
		ret = linear(AXVM_X86_DS, c->offset, c->width, c->access, &result, &exc);
		KUNIT_EXPECT_EQ_MSG(test, ret, !c->good, "case %u", i);
		if (ret) {
			KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_GP);
			KUNIT_EXPECT_TRUE(test, exc.has_error);
		} else {
			KUNIT_EXPECT_EQ(test, result, (u32)(c->offset + 0xfff00000));
		}
	}
	/* Virtual-8086 mode: the limit only */
	machine_regs()->rflags |= X86_EFLAGS_VM;
	ds->attr = 0xf1;
	ds->limit = 0xffff;
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, 0xfffe, 2, W, &result, &exc), 0);
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, 0xffff, 2, W, &result, &exc), 1);
}

static void segment_stack_and_real(struct kunit *test)
{
	struct x86_exception exc;
	u64 result;

	machine_mode(32);
	machine_regs()->seg[AXVM_X86_SS].limit = 0xff;
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_SS, 0x100, 1, R, &result, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_SS);
	KUNIT_EXPECT_TRUE(test, exc.has_error);
	machine_mode(16);
	machine_regs()->seg[AXVM_X86_DS].base = 0xffff0;
	machine_regs()->seg[AXVM_X86_DS].attr = 0x9b;	/* the type does not matter */
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, 0xffff, 1, W, &result, &exc), 0);
	KUNIT_EXPECT_EQ(test, result, 0x10ffef);
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, 0xffff, 2, W, &result, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_GP);
	KUNIT_EXPECT_FALSE(test, exc.has_error);
}

static void segment_flat(struct kunit *test)
{
	struct axvm_x86_segment *seg = machine_regs()->seg;
	struct x86_exception exc;
	u64 result;

	seg[AXVM_X86_DS].base = 0x1000;		/* base, limit and type do not count, */
	seg[AXVM_X86_DS].limit = 0;
	seg[AXVM_X86_DS].attr = X86_SEG_UNUSABLE;
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, ADDRESS, 8, W, &result, &exc), 0);
	KUNIT_EXPECT_EQ(test, result, ADDRESS);
	seg[AXVM_X86_GS].base = 0xffff800000000000;	/* but for FS's and GS's base */
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_GS, 0x10, 8, W, &result, &exc), 0);
	KUNIT_EXPECT_EQ(test, result, 0xffff800000000010);
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, BIT_ULL(47) - 8, 8, R, &result, &exc), 0);
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_DS, BIT_ULL(47) - 7, 8, R, &result, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_GP);
	KUNIT_EXPECT_EQ(test, linear(AXVM_X86_SS, BIT_ULL(47), 8, R, &result, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_SS);
}

static int segment_init(struct kunit *test)
{
	machine_new(test);
	return 0;
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(segment_rights),
	KUNIT_CASE(segment_stack_and_real),
	KUNIT_CASE(segment_flat),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "axvm-segment",
	.init = segment_init,
	.test_cases = segment_cases,
};

kunit_test_suite(segment_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 segmentation");
