// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/gva.c: the walk of stage 1 (ARM DDI 0487 D8) on tables that are made here, for all
 * granules and sizes of the address space, with all that makes a CPU fault.
 */
#include <linux/prandom.h>

#include "arm64_guest.h"
#include "../arm64/gva.c"

#define PAGE	0x80000000ULL	/* a guest-physical address for things to be mapped to */

#define RW	0ULL
#define VALID	(DESC_VALID | DESC_TABLE | DESC_AF)

/* Fault status codes at a level */
#define T(level)	(0x04 + (level))
#define AF(level)	(0x08 + (level))
#define P(level)	(0x0c + (level))
#define X(level)	(0x14 + (level))

/**
 * struct space - a half of an address space
 * @upper: which
 * @granule: bits of a page
 * @bits: bits of an address
 * @tables: bytes that tables take so far
 */
struct space {
	bool upper;
	unsigned int granule;
	unsigned int bits;
	u64 tables;
};

static const unsigned int granules[] = { 12, 14, 16 };
static const unsigned int sizes[] = { 25, 30, 31, 36, 39, 40, 42, 47, 48 };

/* TCR_EL1 and TTBR for a space; its tables start at RAM, two pages for the first */
static void use(struct space *s)
{
	static const u64 tg0[] = { [12] = 0, [14] = 2, [16] = 1 };
	static const u64 tg1[] = { [12] = 2, [14] = 1, [16] = 3 };
	u64 tcr = (64 - s->bits) << 16 | (64 - s->bits) | tg0[s->granule] << 14 |
		  tg1[s->granule] << 30;

	tcr |= s->upper ? TCR_EPD0_MASK : TCR_EPD1_MASK;
	*el1(SYS_TCR_EL1) = tcr;
	*el1(SYS_SCTLR_EL1) = SCTLR_ELx_M;
	*el1(s->upper ? SYS_TTBR1_EL1 : SYS_TTBR0_EL1) = RAM | 0xabULL << 48;
	memset(guest.memory, 0, RAM_SIZE);
	s->tables = BIT_ULL(s->granule);
}

static u64 address(const struct space *s, u64 offset)
{
	return s->upper ? ~0ULL << s->bits | offset : offset;
}

static int first_level(const struct space *s)
{
	return 4 - DIV_ROUND_UP(s->bits - s->granule, s->granule - 3);
}

/* The entry of @va at @level; tables above are made with @rights */
static u64 *entry(struct space *s, u64 va, int level, u64 rights)
{
	unsigned int stride = s->granule - 3;
	u64 table = RAM, *desc;
	int i = first_level(s);

	va &= BIT_ULL(s->bits) - 1;
	for (;; i++) {
		unsigned int shift = s->granule + (3 - i) * stride;
		u64 index = va >> shift;

		if (i != first_level(s))
			index &= BIT_ULL(stride) - 1;
		desc = ram(table + index * 8, 8);
		if (i == level)
			return desc;
		if (!*desc) {
			*desc = (RAM + s->tables) | 3;
			s->tables += BIT_ULL(s->granule);
		}
		*desc |= rights;
		table = *desc & GENMASK_ULL(47, s->granule);
	}
}

static u64 *map(struct space *s, u64 va, u64 attributes)
{
	u64 *desc = entry(s, va, 3, 0);

	*desc = PAGE | VALID | attributes;
	return desc;
}

static int translate(u64 va, u32 access, u64 *gpa)
{
	*gpa = ~0ULL;
	return arm64_translate(guest.vcpu, va, access, gpa);
}

static void expect_gpa(struct kunit *test, u64 va, u64 expected)
{
	u64 gpa;

	KUNIT_EXPECT_EQ_MSG(test, translate(va, AXVM_ACCESS_READ, &gpa), 0, "va %#llx", va);
	KUNIT_EXPECT_EQ_MSG(test, gpa, expected, "va %#llx", va);
}

static void expect_fault(struct kunit *test, u64 va, u32 access, int fsc)
{
	u64 gpa;

	KUNIT_EXPECT_EQ_MSG(test, translate(va, access, &gpa), fsc, "va %#llx", va);
}

/* --- what is found --------------------------------------------------------------------- */

static void gva_off(struct kunit *test)
{
	guest_create(test);
	expect_gpa(test, 0x12345678, 0x12345678);
	expect_gpa(test, 0xffff000012345678, 0xffff000012345678);
}

/* A page in every kind of address space; around it is nothing */
static void gva_pages(struct kunit *test)
{
	unsigned int g, i, half;

	guest_create(test);
	for (g = 0; g < ARRAY_SIZE(granules); g++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			for (half = 0; half < 2; half++) {
				struct space s = { half, granules[g], sizes[i] };
				u64 page = BIT_ULL(s.granule);
				u64 va = address(&s, BIT_ULL(s.bits) - 4 * page);

				use(&s);
				map(&s, va, RW);
				expect_gpa(test, va, PAGE);
				expect_gpa(test, va + page - 1, PAGE + page - 1);
				expect_fault(test, va - 1, AXVM_ACCESS_READ, T(3));
				expect_fault(test, va + page, AXVM_ACCESS_READ, T(3));
				expect_fault(test, address(&s, 0), AXVM_ACCESS_READ,
					     T(first_level(&s)));
				/* Beyond it, and the other half */
				expect_fault(test, va ^ BIT_ULL(s.bits), AXVM_ACCESS_READ, T(0));
				expect_fault(test, ~va, AXVM_ACCESS_READ, T(0));
			}
		}
	}
}

/* Blocks are at level 2, of 4 KiB granules at level 1 as well */
static void gva_blocks(struct kunit *test)
{
	unsigned int g, shift;
	int level;
	u64 *desc;

	guest_create(test);
	for (g = 0; g < ARRAY_SIZE(granules); g++) {
		for (level = 0; level < 4; level++) {
			struct space s = { false, granules[g], 48 };
			u64 va = 0x1234567ff000;
			bool good = level == 2 || (level == 1 && s.granule == 12);

			if (level < first_level(&s))
				continue;
			use(&s);
			shift = s.granule + (3 - level) * (s.granule - 3);
			desc = entry(&s, va, level, 0);
			/* At the last level, what would be a block is nothing. */
			*desc = (0x654300000000 & GENMASK_ULL(47, shift)) | DESC_VALID | DESC_AF;
			if (good)
				expect_gpa(test, va, (0x654300000000 & GENMASK_ULL(47, shift)) |
					   (va & (BIT_ULL(shift) - 1)));
			else
				expect_fault(test, va, AXVM_ACCESS_READ, T(level));
		}
	}
}

/* The first table is as small as the address space wants it, and aligned to that */
static void gva_small_table(struct kunit *test)
{
	struct space s = { false, 12, 25 };
	const u64 table = RAM + 0x2080, va = 15ULL << 21;
	u64 *desc;

	guest_create(test);
	use(&s);
	*el1(SYS_TTBR0_EL1) = table | 0x41;	/* CnP, and bits that do not count */
	desc = ram(table + 15 * 8, 8);
	*desc = PAGE | DESC_VALID | DESC_AF;
	expect_gpa(test, va + 0x1ffff8, PAGE + 0x1ffff8);
	expect_fault(test, va - 1, AXVM_ACCESS_READ, T(2));
}

/* --- rights ----------------------------------------------------------------------------- */

#define R	AXVM_ACCESS_READ
#define W	AXVM_ACCESS_WRITE
#define E	AXVM_ACCESS_EXEC

static void gva_rights(struct kunit *test)
{
	static const struct {
		const char *what;
		u64 leaf, table, tcr, pstate;
		u8 allowed;
	} cases[] = {
		{ "EL1, its page", 0, 0, 0, PSTATE_EL1H, R | W | E },
		{ "EL0, EL1's page", 0, 0, 0, PSTATE_EL0, E },
		{ "EL0, its page", DESC_AP_EL0, 0, 0, PSTATE_EL0, R | W | E },
		{ "EL1, EL0's page", DESC_AP_EL0, 0, 0, PSTATE_EL1H, R | W | E },
		{ "PAN", DESC_AP_EL0, 0, 0, PSTATE_EL1H | PSR_PAN_BIT, E },
		{ "PAN at EL0", DESC_AP_EL0, 0, 0, PSTATE_EL0 | PSR_PAN_BIT, R | W | E },
		{ "PAN, EL1's page", 0, 0, 0, PSTATE_EL1H | PSR_PAN_BIT, R | W | E },
		{ "read-only", DESC_AP_READONLY, 0, 0, PSTATE_EL1H, R | E },
		{ "read-only at EL0", DESC_AP_READONLY | DESC_AP_EL0, 0, 0, PSTATE_EL0, R | E },
		{ "DBM without HD", DESC_AP_READONLY | DESC_DBM, 0, 0, PSTATE_EL1H, R | E },
		{ "DBM", DESC_AP_READONLY | DESC_DBM, 0, TCR_HD, PSTATE_EL1H, R | W | E },
		{ "HD without DBM", DESC_AP_READONLY, 0, TCR_HD, PSTATE_EL1H, R | E },
		{ "APTable read-only", 0, DESC_APTABLE_READONLY, 0, PSTATE_EL1H, R | E },
		{ "APTable and DBM", DESC_AP_READONLY | DESC_DBM, DESC_APTABLE_READONLY, TCR_HD,
		  PSTATE_EL1H, R | E },
		{ "APTable no EL0", DESC_AP_EL0, DESC_APTABLE_NO_EL0, 0, PSTATE_EL0, E },
		{ "APTable no EL0, PAN", DESC_AP_EL0, DESC_APTABLE_NO_EL0, 0,
		  PSTATE_EL1H | PSR_PAN_BIT, R | W | E },
		{ "HPD", DESC_AP_EL0, DESC_APTABLE_NO_EL0 | DESC_APTABLE_READONLY, TCR_HPD0,
		  PSTATE_EL0, R | W | E },
		{ "the other half's HPD", DESC_AP_EL0, DESC_APTABLE_NO_EL0, TCR_HPD1, PSTATE_EL0,
		  E },
	};
	static const u32 accesses[] = { R, W, E };
	struct space s = { false, 12, 39 };
	const u64 va = 0x12345000;
	unsigned int i, a;
	u64 gpa;
	int fsc;

	guest_create(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		use(&s);
		*el1(SYS_TCR_EL1) |= cases[i].tcr;
		map(&s, va, cases[i].leaf);
		/* One table in between is enough */
		entry(&s, va, 2, cases[i].table);
		guest.vcpu->arch.regs.pstate = cases[i].pstate;
		for (a = 0; a < ARRAY_SIZE(accesses); a++) {
			fsc = P(3);
			if (cases[i].allowed & accesses[a])
				fsc = 0;
			KUNIT_EXPECT_EQ_MSG(test, translate(va, accesses[a], &gpa), fsc, "%s, %u",
					    cases[i].what, accesses[a]);
		}
	}
}

#undef R
#undef W
#undef E

static void gva_access_flag(struct kunit *test)
{
	struct space s = { true, 16, 48 };
	u64 va = address(&s, 0x10000);
	u64 *desc;

	guest_create(test);
	use(&s);
	desc = map(&s, va, RW);
	*desc &= ~DESC_AF;
	expect_fault(test, va, AXVM_ACCESS_READ, AF(3));
	*el1(SYS_TCR_EL1) |= TCR_HA;
	expect_gpa(test, va, PAGE);
}

/* --- faults ----------------------------------------------------------------------------- */

static void gva_faults(struct kunit *test)
{
	struct space s = { false, 12, 48 };
	const u64 va = 0x123456789000;
	u64 *desc, tcr;
	int level;

	guest_create(test);
	for (level = 0; level < 4; level++) {
		use(&s);
		map(&s, va, RW);
		expect_gpa(test, va, PAGE);
		/* Nothing there; a table that is no memory */
		desc = entry(&s, va, level, 0);
		*desc = DESC_TABLE;
		expect_fault(test, va, AXVM_ACCESS_READ, T(level));
		*desc = 0x10003;
		if (level < 3)
			expect_fault(test, va, AXVM_ACCESS_READ, X(level + 1));
	}
	use(&s);
	map(&s, va, RW);
	*el1(SYS_TTBR0_EL1) = 0x1000;
	expect_fault(test, va, AXVM_ACCESS_READ, X(0));
	use(&s);
	map(&s, va, RW);
	tcr = *el1(SYS_TCR_EL1);
	*el1(SYS_TCR_EL1) = tcr | TCR_EPD0_MASK;
	expect_fault(test, va, AXVM_ACCESS_READ, T(0));
	/* A granule that is reserved; sizes that are not translated */
	*el1(SYS_TCR_EL1) = tcr | TCR_TG0_MASK;
	expect_fault(test, va, AXVM_ACCESS_READ, T(0));
	*el1(SYS_TCR_EL1) = tcr & ~TCR_T0SZ_MASK;
	expect_fault(test, va, AXVM_ACCESS_READ, T(0));
	*el1(SYS_TCR_EL1) = tcr | TCR_T0SZ_MASK;
	expect_fault(test, 0, AXVM_ACCESS_READ, T(0));
}

static void gva_tags(struct kunit *test)
{
	struct space s = { false, 12, 48 };
	const u64 tagged = 0xa500000000012345, upper = 0xa5ff000000012345;

	guest_create(test);
	use(&s);
	KUNIT_EXPECT_EQ(test, arm64_strip_tag(guest.vcpu, tagged), tagged);
	*el1(SYS_TCR_EL1) |= TCR_TBI0;
	KUNIT_EXPECT_EQ(test, arm64_strip_tag(guest.vcpu, tagged), 0x12345);
	KUNIT_EXPECT_EQ(test, arm64_strip_tag(guest.vcpu, upper), upper);
	*el1(SYS_TCR_EL1) |= TCR_TBI1;
	KUNIT_EXPECT_EQ(test, arm64_strip_tag(guest.vcpu, upper), 0xffff000000012345);
	expect_fault(test, tagged, AXVM_ACCESS_READ, T(0));
}

/* Registers and tables that nobody made: always an address or a fault */
static void gva_hostile(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i, found = 0;
	u64 va, gpa;
	int fsc;

	guest_create(test);
	prandom_seed_state(&rnd, 8);
	*el1(SYS_SCTLR_EL1) = SCTLR_ELx_M;
	for (i = 0; i < 50000; i++) {
		prandom_bytes_state(&rnd, el1(SYS_TCR_EL1), 8);
		prandom_bytes_state(&rnd, el1(SYS_TTBR0_EL1), 8);
		prandom_bytes_state(&rnd, &va, 8);
		if (i & 1)
			*el1(SYS_TTBR0_EL1) = RAM + (*el1(SYS_TTBR0_EL1) & (RAM_SIZE - 1));
		if (i & 2)
			va &= GENMASK_ULL(i % 48, 0);
		if (i & 4)
			*el1(SYS_TCR_EL1) &= ~TCR_EPD0_MASK;
		if (!(i % 1000)) {
			prandom_bytes_state(&rnd, guest.memory, RAM_SIZE);
			if (i & 8)
				memset(guest.memory, 0xff, RAM_SIZE / 2);
		}
		fsc = translate(va, 1 << i % 3, &gpa);
		found += !fsc;
		KUNIT_ASSERT_TRUE(test, fsc ? fsc >= 4 && fsc <= 0x17 : !(gpa >> 48));
	}
	KUNIT_EXPECT_GT(test, found, 0);
}

static struct kunit_case gva_cases[] = {
	KUNIT_CASE(gva_off),
	KUNIT_CASE(gva_pages),
	KUNIT_CASE(gva_blocks),
	KUNIT_CASE(gva_small_table),
	KUNIT_CASE(gva_rights),
	KUNIT_CASE(gva_access_flag),
	KUNIT_CASE(gva_faults),
	KUNIT_CASE(gva_tags),
	KUNIT_CASE(gva_hostile),
	{}
};

static struct kunit_suite gva_suite = {
	.name = "axvm-arm64-gva",
	.test_cases = gva_cases,
};

kunit_test_suite(gva_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: stage 1 in software");
