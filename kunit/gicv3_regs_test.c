// SPDX-License-Identifier: GPL-2.0
/* The registers of the GIC, against ARM IHI 0069, by tables. */
#include <linux/prandom.h>

#include "gicv3.h"

#define FULL	GENMASK(31, 0)
#define TOP	GENMASK(27, 0)	/* INTIDs 992 to 1019 */

/* --- power-on ------------------------------------------------------------- */

static u32 dist_at_power_on(u32 offset)
{
	switch (offset) {
	case GICD_CTLR:
		return 0x50;	/* DS, ARE; no group forwarded */
	case GICD_TYPER:
		return BIT(25) | 9 << 19 | BIT(16) | 31;
	case GICD_IIDR:
		return 0x4100043b;
	case GICD_IGROUPR + 4 ... GICD_IGROUPR + 0x7b:
		return FULL;
	case GICD_IGROUPR + 0x7c:
		return TOP;
	case GICD_PIDR2:
		return 0x3b;
	default:
		return 0;
	}
}

static u32 redist_at_power_on(u32 offset)
{
	switch (offset) {
	case GICR_IIDR:
		return 0x4100043b;
	case GICR_TYPER:
		return 0x010;	/* the last one, number 0 */
	case GICR_WAKER:
		return 6;
	case GICR_PIDR2:
		return 0x3b;
	case SGI_FRAME + GICR_IGROUPR0:
		return FULL;
	case SGI_FRAME + GICR_ICFGR0:
		return 0xaaaaaaaa;
	default:
		return 0;
	}
}

static void power_on(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);
	u32 offset;

	for (offset = 0; offset < SZ_64K; offset += 4)
		KUNIT_EXPECT_EQ_MSG(test, gicd(vm, offset), dist_at_power_on(offset),
				    "GICD + %#x", offset);
	for (offset = 0; offset < SZ_128K; offset += 4)
		KUNIT_EXPECT_EQ_MSG(test, gicr(vm, 0, offset), redist_at_power_on(offset),
				    "GICR + %#x", offset);
}

/* --- what keeps what is written --------------------------------------------- */

static const struct {
	u32 offset;
	u32 mask;
} writable[] = {
	{ GICD_IGROUPR + 4, FULL }, { GICD_IGROUPR + 0x7c, TOP },
	{ GICD_ISENABLER + 4, FULL }, { GICD_ISENABLER + 0x7c, TOP },
	{ GICD_ISPENDR + 4, FULL }, { GICD_ISPENDR + 0x7c, TOP },
	{ GICD_ISACTIVER + 4, FULL }, { GICD_ISACTIVER + 0x7c, TOP },
	{ GICD_IPRIORITYR + 32, 0xf8f8f8f8 }, { GICD_IPRIORITYR + 1016, 0xf8f8f8f8 },
	{ GICD_IPRIORITYR + 1020, 0 },
	{ GICD_ICFGR + 8, 0xaaaaaaaa }, { GICD_ICFGR + 0xf8, 0xaaaaaaaa },
	{ GICD_ICFGR + 0xfc, 0x00aaaaaa },
	/* Not in the distributor: SGIs and PPIs; not with affinity routing: targets, SGIR */
	{ GICD_IGROUPR, 0 }, { GICD_ISENABLER, 0 }, { GICD_ISPENDR, 0 }, { GICD_ISACTIVER, 0 },
	{ GICD_IPRIORITYR, 0 }, { GICD_IPRIORITYR + 28, 0 },
	{ GICD_ICFGR, 0 }, { GICD_ICFGR + 4, 0 },
	{ GICD_ITARGETSR + 32, 0 }, { GICD_IGRPMODR + 4, 0 }, { GICD_NSACR + 8, 0 },
	{ GICD_SGIR, 0 }, { GICD_SETSPI_NSR, 0 }, { GICD_STATUSR, 0 },
	{ GICD_IROUTER + 31 * 8, 0 }, { GICD_IROUTER + 32 * 8, 0x00ffffff },
	{ GICD_IROUTER + 32 * 8 + 4, 0xff }, { GICD_IROUTER + 1019 * 8, 0x00ffffff },
	{ GICD_IROUTER + 1020 * 8, 0 },
};

static void dist_writes(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		gicd_set(vm, writable[i].offset, FULL);
		KUNIT_EXPECT_EQ_MSG(test, gicd(vm, writable[i].offset), writable[i].mask,
				    "GICD + %#x", writable[i].offset);
	}
	/* What is there to be read only */
	gicd_set(vm, GICD_CTLR, FULL);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_CTLR), 0x53U);
	gicd_set(vm, GICD_CTLR, 0);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_CTLR), 0x50U);
	gicd_set(vm, GICD_TYPER, 0);
	gicd_set(vm, GICD_PIDR2, 0);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_TYPER), dist_at_power_on(GICD_TYPER));
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_PIDR2), 0x3bU);
}

static const struct {
	u32 offset;
	u32 mask;
} writable_private[] = {
	{ GICR_WAKER, 6 }, { GICR_CTLR, 0 }, { GICR_STATUSR, 0 },
	{ GICR_PROPBASER, 0 }, { GICR_PENDBASER, 0 }, { GICR_SETLPIR, 0 },
	{ SGI_FRAME + GICR_IGROUPR0, FULL }, { SGI_FRAME + GICR_ISENABLER0, FULL },
	{ SGI_FRAME + GICR_ISPENDR0, FULL }, { SGI_FRAME + GICR_ISACTIVER0, FULL },
	{ SGI_FRAME + GICR_IPRIORITYR0, 0xf8f8f8f8 },
	{ SGI_FRAME + GICR_IPRIORITYR0 + 28, 0xf8f8f8f8 },
	{ SGI_FRAME + GICR_IPRIORITYR0 + 32, 0 },
	{ SGI_FRAME + GICR_IGROUPR0 + 4, 0 }, { SGI_FRAME + GICR_ISENABLER0 + 4, 0 },
	{ SGI_FRAME + GICR_ICFGR0, 0xaaaaaaaa }, { SGI_FRAME + GICR_ICFGR0 + 4, 0 },
	{ SGI_FRAME + GICR_ICFGR0 + 8, 0 }, { SGI_FRAME + GICR_NSACR, 0 },
};

static void redist_writes(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writable_private); i++) {
		gicr_set(vm, 1, writable_private[i].offset, FULL);
		KUNIT_EXPECT_EQ_MSG(test, gicr(vm, 1, writable_private[i].offset),
				    writable_private[i].mask, "GICR + %#x",
				    writable_private[i].offset);
	}
	/* Each its own */
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISENABLER0), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISPENDR0), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISACTIVER0), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_IPRIORITYR0), 0U);
	gicr_set(vm, 1, GICR_WAKER, 0);
	KUNIT_EXPECT_EQ(test, gicr(vm, 1, GICR_WAKER), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, GICR_WAKER), 6U);
}

/* Writing ones to the one sets, to the other clears; both read the same; zeros do nothing. */
static void set_and_clear(struct kunit *test)
{
	static const struct {
		u32 set, clear;
	} pairs[] = {
		{ GICD_ISENABLER, GICD_ICENABLER }, { GICD_ISPENDR, GICD_ICPENDR },
		{ GICD_ISACTIVER, GICD_ICACTIVER },
	};
	struct axvm_vm *vm = gic_vm(test, 1);
	unsigned int i;
	u32 intid;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (intid = 0; intid < 1020; intid += 5) {
			gic_bit(vm, 0, pairs[i].set, intid);
			KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, pairs[i].set, intid));
			KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, pairs[i].clear, intid));
			KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, pairs[i].set, intid ^ 1));
		}
		gicd_set(vm, pairs[i].set + 4, 0);
		gicd_set(vm, pairs[i].clear + 4, 0);
		KUNIT_EXPECT_EQ(test, gicd(vm, pairs[i].set + 4), 0x10842108U);
		for (intid = 0; intid < 1020; intid += 5) {
			gic_bit(vm, 0, pairs[i].clear, intid);
			KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, pairs[i].set, intid));
			KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, pairs[i].clear, intid));
		}
	}
}

/* --- widths --------------------------------------------------------------- */

static void widths(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);
	unsigned int i;

	/* Priorities: a byte at a time, or a word; nothing else */
	for (i = 32; i < 40; i++)
		fixture_store(vm, NULL, GICD + GICD_IPRIORITYR + i, 1, i * 8);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IPRIORITYR + 32), 0x18100800U);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IPRIORITYR + 36), 0x38302820U);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_IPRIORITYR + 37, 1), 0x28ULL);
	gicd_set(vm, GICD_IPRIORITYR + 36, 0x10203040);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_IPRIORITYR + 37, 1), 0x30ULL);
	fixture_store(vm, NULL, GICD + GICD_IPRIORITYR + 36, 2, 0);
	fixture_store(vm, NULL, GICD + GICD_IPRIORITYR + 32, 8, 0);
	fixture_store(vm, NULL, GICD + GICD_IPRIORITYR + 33, 4, 0);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IPRIORITYR + 36), 0x10203040U);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_IPRIORITYR + 36, 2), 0ULL);

	/* One bit an interrupt: words */
	fixture_store(vm, NULL, GICD + GICD_ISENABLER + 4, 1, 0xff);
	fixture_store(vm, NULL, GICD + GICD_ISENABLER + 4, 2, 0xff);
	fixture_store(vm, NULL, GICD + GICD_ISENABLER + 8, 8, ~0ULL);
	fixture_store(vm, NULL, GICD + GICD_ISENABLER + 6, 4, ~0ULL);
	for (i = 4; i < 0x80; i += 4)
		KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISENABLER + i), 0U);
	fixture_store(vm, NULL, GICD + GICD_CTLR, 1, 3);
	fixture_store(vm, NULL, GICD + GICD_CTLR, 8, 3);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_CTLR), 0x50U);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_TYPER, 2), 0ULL);

	/* GICD_IROUTER: whole, or either half */
	gic_route(vm, 40, 0xffULL << 32 | 0x010203);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IROUTER + 320), 0x010203U);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IROUTER + 324), 0xffU);
	gicd_set(vm, GICD_IROUTER + 324, 0x21);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IROUTER + 320), 0x010203U);
	gicd_set(vm, GICD_IROUTER + 320, 0x80040506);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_IROUTER + 320, 8),
			0x2100040506ULL);
	fixture_store(vm, NULL, GICD + GICD_IROUTER + 320, 2, 0);
	fixture_store(vm, NULL, GICD + GICD_IROUTER + 324, 8, 0);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GICD + GICD_IROUTER + 320, 8),
			0x2100040506ULL);
}

/* --- frames --------------------------------------------------------------- */

static void frames(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 20);
	u64 typer, expected;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		typer = fixture_load(vm, NULL, GICR + i * GICR_STRIDE + GICR_TYPER, 8);
		expected = (u64)((i >> 4) << 8 | (i & 15)) << 32 | i << 8 | (i == 19 ? 0x10 : 0);
		KUNIT_EXPECT_EQ(test, typer, expected);
		KUNIT_EXPECT_EQ(test, gicr(vm, i, GICR_TYPER), lower_32_bits(expected));
		KUNIT_EXPECT_EQ(test, gicr(vm, i, GICR_TYPER + 4), upper_32_bits(expected));
	}
	/* Nobody there */
	KUNIT_EXPECT_EQ(test, gicr(vm, 20, GICR_PIDR2), FULL);
	KUNIT_EXPECT_EQ(test, gicr(vm, 63, GICR_PIDR2), FULL);
	gicr_set(vm, 20, SGI_FRAME + GICR_ISENABLER0, FULL);
}

/* vCPUs that are made after the device, numbers with gaps between them */
static void frames_late(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	static const u32 ids[] = { 0, 5, 33 };
	unsigned int i;

	fixture_device(test, vm, AXVM_DEV_GICV3, 0, 0);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, 33)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, 5)));
	mutex_unlock(&vm->lock);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		KUNIT_EXPECT_EQ(test, gicr(vm, i, GICR_TYPER + 4),
				(ids[i] >> 4) << 8 | (ids[i] & 15));
		KUNIT_EXPECT_EQ(test, gicr(vm, i, GICR_TYPER), i << 8 | (i == 2 ? 0x10 : 0));
	}
	KUNIT_EXPECT_EQ(test, gicr(vm, 3, GICR_TYPER), FULL);
}

/* --- configurations ------------------------------------------------------- */

static void configurations(struct kunit *test)
{
	static const struct axvm_device_config good[] = {
		{ .type = AXVM_DEV_GICV3 },
		{ .type = AXVM_DEV_GICV3, .base = 0x10000000, .length = 0x10000 },
		{ .type = AXVM_DEV_GICV3, .base = 0x2f000000, .nr_cfg = 1, .cfg = { 0x2f100000 } },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 2, .cfg = { 0x08010000, 2 } },
	};
	static const struct axvm_device_config bad[] = {
		{ .type = AXVM_DEV_GICV3, .base = 0x1000 },
		{ .type = AXVM_DEV_GICV3, .length = 0x1000 },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 1, .cfg = { 0x1000 } },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 2, .cfg = { 0, 65 } },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 2, .cfg = { 0, ~0ULL } },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 3 },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 1, .cfg = { 0x08000000 } },
		{ .type = AXVM_DEV_GICV3, .nr_cfg = 1, .cfg = { 0xffffffffffff0000ULL } },
	};
	struct axvm_device *dev;
	struct axvm_vm *vm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		vm = fixture_vm(test, 1);
		dev = fixture_try_device(vm, &good[i]);
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(dev), "good %u", i);
		/* One a VM */
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &good[1])), -EEXIST);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		vm = fixture_vm(test, 1);
		dev = fixture_try_device(vm, &bad[i]);
		KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(dev), "bad %u", i);
		KUNIT_EXPECT_NULL(test, vm->vcpus[0]->arch.gic);
		KUNIT_EXPECT_NULL(test, vm->arch.gic);
	}
}

/* --- a hostile guest ------------------------------------------------------ */

/* What it leaves behind must at least be a state that can be restored. */
static void hostile(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 3);
	struct axvm_device *dev;
	struct rnd_state rnd;
	unsigned int i;
	void *state;
	u64 gpa;

	prandom_seed_state(&rnd, 3);
	dev = list_first_entry(&vm->devices.list, struct axvm_device, list);
	state = kunit_kzalloc(test, dev->type->state_size, GFP_KERNEL);
	for (i = 0; i < 200000; i++) {
		u32 dice = prandom_u32_state(&rnd);
		unsigned int width = 1 << (dice >> 30);

		gpa = dice & BIT(0) ? GICD + (prandom_u32_state(&rnd) & 0xffff) :
				      GICR + prandom_u32_state(&rnd) % (5 * GICR_STRIDE);
		if (dice & BIT(1))	/* where something is */
			gpa &= ~(u64)0xf000;
		if (dice & BIT(2))
			gpa &= ~7ULL;
		if (dice & BIT(3))
			fixture_store(vm, NULL, gpa, width, prandom_u32_state(&rnd));
		else
			fixture_load(vm, NULL, gpa, width);
		if (!(dice >> 4 & 0x3f)) {
			guest_take(vm, dice >> 10 & 1);
			arm64_gic_sgi(vm->vcpus[0], dice >> 11 & 1,
				      (u64)prandom_u32_state(&rnd) << 32 | prandom_u32_state(&rnd));
			arm64_gic_dir(vm->vcpus[1], prandom_u32_state(&rnd));
			gic_line(vm, 32 + prandom_u32_state(&rnd) % 988, dice >> 12 & 1);
		}
	}
	dev->type->ops->save(dev, state);
	KUNIT_EXPECT_EQ(test, dev->type->ops->restore(dev, state), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(power_on),
	KUNIT_CASE(dist_writes),
	KUNIT_CASE(redist_writes),
	KUNIT_CASE(set_and_clear),
	KUNIT_CASE(widths),
	KUNIT_CASE(frames),
	KUNIT_CASE(frames_late),
	KUNIT_CASE(configurations),
	KUNIT_CASE(hostile),
	{}
};

static struct kunit_suite suite = {
	.name = "axvm_gicv3_regs",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("axvm: GICv3 registers");
MODULE_LICENSE("GPL");
