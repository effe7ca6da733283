// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/stage2.c: tables as the manual lays them out (ARM DDI 0487 D8.3), mapped, unmapped,
 * split and mapped large again. It is part of this module; the tables are read by a walk of the
 * suite's own, and no guest runs.
 */
#define axvm_arch_backend	stage2_test_backend
#define axvm_vm_flush_stage2	stage2_test_flush

#include "fixture.h"
#include "../arm64/stage2.c"

struct axvm_backend stage2_test_backend;

void stage2_test_flush(struct axvm_vm *vm)
{
}

#define VALID		BIT_ULL(0)
#define TABLE		BIT_ULL(1)
#define READ_OK		BIT_ULL(6)
#define WRITE_OK	BIT_ULL(7)
#define ACCESSED	BIT_ULL(10)
#define XN		BIT_ULL(54)
#define ADDRESS		GENMASK_ULL(47, 12)

#define RWX	(AXVM_S2_READ | AXVM_S2_WRITE | AXVM_S2_EXEC)
#define DEVICE	(AXVM_S2_READ | AXVM_S2_WRITE | AXVM_S2_DEVICE)	/* no cache maintenance */

struct stage2 {
	struct axvm_vm vm;
	struct axvm_vcpu vcpu;
	struct arm64_vm s;
	struct arm64_vcpu v;
	struct page *page;	/* 2 MiB to map */
	u64 hpa;
};

static unsigned int start_level(void)
{
	return (arm64_vtcr >> VTCR_EL2_SL0_SHIFT & 3) == 2 ? 0 : 1;
}

/* The manual's level of the entry found goes to @level */
static u64 walk(struct stage2 *t, u64 ipa, unsigned int *level)
{
	u64 *table = t->s.root, entry;

	for (*level = start_level(); ; (*level)++) {
		unsigned int shift = 12 + 9 * (3 - *level);
		u64 index = ipa >> shift;

		entry = table[*level == start_level() ? index : index & 511];
		if (*level == 3 || (entry & (VALID | TABLE)) != (VALID | TABLE))
			return entry;
		table = phys_to_virt(entry & ADDRESS);
	}
}

static int map(struct stage2 *t, u64 gpa, u64 hpa, unsigned int shift, u32 prot)
{
	int ret = axvm_s2_topup(&t->vcpu);

	if (ret)
		return ret;
	spin_lock(&t->vm.s2_lock);
	ret = arm64_s2_map(&t->vcpu, gpa, hpa, shift, prot);
	spin_unlock(&t->vm.s2_lock);
	return ret;
}

static bool unmap(struct stage2 *t, u64 gpa, u64 length)
{
	bool any;

	spin_lock(&t->vm.s2_lock);
	any = arm64_s2_unmap(&t->vm, gpa, length);
	spin_unlock(&t->vm.s2_lock);
	return any;
}

static unsigned int nr_stale(struct stage2 *t)
{
	struct list_head *node;
	unsigned int nr = 0;

	list_for_each(node, &t->vm.s2_stale)
		nr++;
	return nr;
}

static int stage2_init(struct kunit *test)
{
	struct stage2 *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	if (arm64_s2_setup())
		kunit_skip(test, "this kernel's pages are not of 4 KiB");
	t->vm.backend = &t->s;
	t->vcpu.vm = &t->vm;
	t->vcpu.backend = &t->v;
	t->v.vcpu = &t->vcpu;
	spin_lock_init(&t->vm.s2_lock);
	INIT_LIST_HEAD(&t->vm.s2_stale);
	t->page = alloc_pages(GFP_KERNEL, PMD_SHIFT - PAGE_SHIFT);
	if (!t->page)
		return -ENOMEM;
	t->hpa = page_to_phys(t->page);
	test->priv = t;
	return arm64_s2_init(&t->vm);
}

static void stage2_exit(struct kunit *test)
{
	struct stage2 *t = test->priv;

	if (!t)
		return;
	axvm_s2_drain(&t->vcpu);
	arm64_s2_destroy(&t->vm);
	__free_pages(t->page, PMD_SHIFT - PAGE_SHIFT);
}

static void stage2_vttbr(struct kunit *test)
{
	struct stage2 *t = test->priv;

	KUNIT_EXPECT_EQ(test, t->s.vttbr & ADDRESS, virt_to_phys(t->s.root));
	/* VMID 0 is the host's on nVHE. */
	KUNIT_EXPECT_NE(test, t->s.vttbr >> 48, 0);
}

static void stage2_page(struct kunit *test)
{
	struct stage2 *t = test->priv;
	unsigned int level;
	u64 entry;

	KUNIT_EXPECT_EQ(test, map(t, 0x40003000, t->hpa, PAGE_SHIFT, RWX), 0);
	entry = walk(t, 0x40003000, &level);
	KUNIT_EXPECT_EQ(test, level, 3);
	KUNIT_EXPECT_EQ(test, entry & ADDRESS, t->hpa);
	KUNIT_EXPECT_EQ(test, entry & (VALID | TABLE | READ_OK | WRITE_OK | ACCESSED | XN),
			VALID | TABLE | READ_OK | WRITE_OK | ACCESSED);
	KUNIT_EXPECT_FALSE(test, walk(t, 0x40002000, &level) & VALID);
	KUNIT_EXPECT_FALSE(test, walk(t, 0x40004000, &level) & VALID);
	KUNIT_EXPECT_TRUE(test, unmap(t, 0x40003000, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, walk(t, 0x40003000, &level) & VALID);
	KUNIT_EXPECT_FALSE(test, unmap(t, 0x40003000, PAGE_SIZE));
}

static void stage2_rights(struct kunit *test)
{
	struct stage2 *t = test->priv;
	unsigned int level;
	u64 entry;

	KUNIT_EXPECT_EQ(test, map(t, 0, t->hpa, PAGE_SHIFT, AXVM_S2_READ), 0);
	entry = walk(t, 0, &level);
	KUNIT_EXPECT_EQ(test, entry & (READ_OK | WRITE_OK | XN), READ_OK | XN);
	/* More rights to the same page: the cached translation must go. */
	t->v.flush = false;
	KUNIT_EXPECT_EQ(test, map(t, 0, t->hpa, PAGE_SHIFT, RWX), 0);
	entry = walk(t, 0, &level);
	KUNIT_EXPECT_EQ(test, entry & (READ_OK | WRITE_OK | XN), READ_OK | WRITE_OK);
	KUNIT_EXPECT_TRUE(test, t->v.flush);
	/* Another page: not without an unmapping in between (D8.17.1) */
	KUNIT_EXPECT_EQ(test, map(t, 0, t->hpa + PAGE_SIZE, PAGE_SHIFT, RWX), 0);
	KUNIT_EXPECT_EQ(test, walk(t, 0, &level) & ADDRESS, t->hpa);
}

/* A block that is unmapped in part goes whole; pages come in its place; then a block again. */
static void stage2_split_and_collapse(struct kunit *test)
{
	struct stage2 *t = test->priv;
	unsigned int level;

	KUNIT_EXPECT_EQ(test, map(t, 0x40000000, t->hpa, PMD_SHIFT, RWX), 0);
	KUNIT_EXPECT_EQ(test, walk(t, 0x40123000, &level) & ADDRESS, t->hpa);
	KUNIT_EXPECT_EQ(test, level, 2);
	/* A page inside of it is there already. */
	KUNIT_EXPECT_EQ(test, map(t, 0x40005000, t->hpa + 0x5000, PAGE_SHIFT, RWX), 0);
	walk(t, 0x40005000, &level);
	KUNIT_EXPECT_EQ(test, level, 2);

	KUNIT_EXPECT_TRUE(test, unmap(t, 0x40005000, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, walk(t, 0x40123000, &level) & VALID);
	KUNIT_EXPECT_EQ(test, nr_stale(t), 0);

	KUNIT_EXPECT_EQ(test, map(t, 0x40006000, t->hpa + 0x6000, PAGE_SHIFT, RWX), 0);
	KUNIT_EXPECT_EQ(test, map(t, 0x40000000, t->hpa, PMD_SHIFT, RWX), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, unmap(t, 0x40000000, PMD_SIZE));
	/* The table of pages waits for the flush. */
	KUNIT_EXPECT_EQ(test, nr_stale(t), 1);
	KUNIT_EXPECT_EQ(test, map(t, 0x40000000, t->hpa, PMD_SHIFT, RWX), 0);
	walk(t, 0x40006000, &level);
	KUNIT_EXPECT_EQ(test, level, 2);
}

static void stage2_largest(struct kunit *test)
{
	struct stage2 *t = test->priv;
	unsigned int level;

	KUNIT_EXPECT_EQ(test, map(t, SZ_1G, SZ_1G, PUD_SHIFT, DEVICE), 0);
	KUNIT_EXPECT_EQ(test, walk(t, SZ_1G + 0x12345000, &level) & ADDRESS, SZ_1G);
	KUNIT_EXPECT_EQ(test, level, 1);
	KUNIT_EXPECT_TRUE(test, unmap(t, SZ_1G + SZ_2M, SZ_2M));
	KUNIT_EXPECT_FALSE(test, walk(t, SZ_1G, &level) & VALID);
}

static void stage2_limits(struct kunit *test)
{
	struct stage2 *t = test->priv;
	u64 top = 1ULL << (64 - (arm64_vtcr & 0x3f));
	unsigned int level;

	KUNIT_EXPECT_EQ(test, map(t, top, t->hpa, PAGE_SHIFT, RWX), -ERANGE);
	KUNIT_EXPECT_EQ(test, map(t, top - PAGE_SIZE, t->hpa, PAGE_SHIFT, RWX), 0);
	KUNIT_EXPECT_EQ(test, walk(t, top - PAGE_SIZE, &level) & ADDRESS, t->hpa);
	KUNIT_EXPECT_EQ(test, map(t, 0, t->hpa, PAGE_SHIFT, RWX), 0);
	KUNIT_EXPECT_TRUE(test, unmap(t, 0, top));
	KUNIT_EXPECT_FALSE(test, walk(t, top - PAGE_SIZE, &level) & VALID);
	KUNIT_EXPECT_FALSE(test, walk(t, 0, &level) & VALID);
}

static struct kunit_case stage2_cases[] = {
	KUNIT_CASE(stage2_vttbr),
	KUNIT_CASE(stage2_page),
	KUNIT_CASE(stage2_rights),
	KUNIT_CASE(stage2_split_and_collapse),
	KUNIT_CASE(stage2_largest),
	KUNIT_CASE(stage2_limits),
	{}
};

static struct kunit_suite stage2_suite = {
	.name = "axvm-arm64-stage2",
	.init = stage2_init,
	.exit = stage2_exit,
	.test_cases = stage2_cases,
};

kunit_test_suite(stage2_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: stage 2 of arm64");
