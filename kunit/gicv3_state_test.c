// SPDX-License-Identifier: GPL-2.0
/* The GIC's state: reset, saving and restoring, a device that comes and goes. */
#include "gicv3.h"

#define SPI	40U

struct saved {
	struct gicv3_dist_state dist;
	struct gicv3_cpu_state cpu[AXVM_MAX_VCPUS];
};

static struct axvm_device *gic_device(struct axvm_vm *vm)
{
	return list_first_entry(&vm->devices.list, struct axvm_device, list);
}

static struct saved *save(struct kunit *test, struct axvm_vm *vm)
{
	struct axvm_device *dev = gic_device(vm);
	struct saved *state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, state);
	KUNIT_ASSERT_EQ(test, dev->type->state_size, sizeof(*state));
	dev->type->ops->save(dev, state);
	return state;
}

static int restore(struct axvm_vm *vm, const struct saved *state)
{
	struct axvm_device *dev = gic_device(vm);

	return dev->type->ops->restore(dev, state);
}

/* A little of everything: pending, active, listed, routed, masked */
static void live(struct axvm_vm *vm)
{
	u32 intid;

	gic_on(vm);
	for (intid = 36; intid < 44; intid++) {
		gic_edge(vm, intid);
		gic_route(vm, intid, intid & 1);
		gic_priority(vm, 0, intid, (intid & 7) << 4);
		gic_bit(vm, 0, GICD_ISENABLER, intid);
		gic_bit(vm, 0, GICD_ISPENDR, intid);
	}
	gicr_set(vm, 0, GICR_WAKER, 0);
	gicr_set(vm, 1, SGI_FRAME + GICR_ISENABLER0, 0xffff);
	arm64_gic_sgi(vm->vcpus[0], 1, 5 << 24 | 2);
	guest_in(vm, 0);
	guest_ack(vm, 0);
	guest_out(vm, 0);
	gic_cpu(vm, 0)->hw.ap1r[0] = BIT(0);
}

static void roundtrip(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 2), *other = gic_vm(test, 2);
	struct saved *first, *second;
	unsigned int n;
	u32 intid;

	live(vm);
	first = save(test, vm);
	KUNIT_EXPECT_EQ(test, restore(other, first), 0);
	second = save(test, other);
	KUNIT_EXPECT_EQ(test, memcmp(first, second, sizeof(*first)), 0);
	/* Both go on alike. */
	guest_end(vm, 0, 40);
	for (n = 0; n < 2; n++) {
		do {
			intid = guest_take(vm, n);
			KUNIT_EXPECT_EQ(test, guest_take(other, n), intid);
		} while (intid != NONE);
	}
	KUNIT_EXPECT_TRUE(test, gic_is(other, 0, GICD_ISACTIVER, 40));
}

/* A VM that runs is saved as if its vCPUs were out of the guest. */
static void saved_while_listed(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1), *other = gic_vm(test, 1);
	struct saved *state;

	gic_on(vm);
	gic_edge(vm, SPI);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	state = save(test, vm);
	KUNIT_EXPECT_EQ(test, restore(other, state), 0);
	KUNIT_EXPECT_EQ(test, guest_take(other, 0), SPI);
	guest_ack(vm, 0);
	guest_out(vm, 0);
	guest_in(vm, 0);
	state = save(test, vm);
	KUNIT_EXPECT_EQ(test, restore(other, state), 0);
	KUNIT_EXPECT_TRUE(test, gic_is(other, 0, GICD_ISACTIVER, SPI));
	KUNIT_EXPECT_FALSE(test, gic_is(other, 0, GICD_ISPENDR, SPI));
}

/* A byte each that no guest can bring about */
static const struct {
	size_t offset;
	u8 value;
} spoilt[] = {
	{ offsetof(struct saved, dist.ctlr), 4 },
	{ offsetof(struct saved, dist.reserved), 1 },
	{ offsetof(struct saved, dist.bank[1].listed), 1 },
	{ offsetof(struct saved, dist.bank[31].enabled) + 3, 0x10 },
	{ offsetof(struct saved, dist.bank[2].priority[3]), 0x81 },
	{ offsetof(struct saved, dist.bank[9].reserved), 1 },
	{ offsetof(struct saved, dist.owner[33]), AXVM_MAX_VCPUS },
	{ offsetof(struct saved, dist.owner[1023]), 0xff },
	{ offsetof(struct saved, cpu[0].present), 0 },
	{ offsetof(struct saved, cpu[1].present), 1 },
	{ offsetof(struct saved, cpu[0].waker), 2 },
	{ offsetof(struct saved, cpu[0].vmcr) + 5, 1 },
	{ offsetof(struct saved, cpu[0].bank.edge), 0 },
	{ offsetof(struct saved, cpu[0].bank.listed), 1 },
};

static void nonsense(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);
	struct saved *good, *state, *after;
	unsigned int i;

	live(gic_vm(test, 2));
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	good = save(test, vm);
	state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(spoilt); i++) {
		*state = *good;
		((u8 *)state)[spoilt[i].offset] = spoilt[i].value;
		KUNIT_EXPECT_EQ_MSG(test, restore(vm, state), -EINVAL, "row %u", i);
	}
	after = save(test, vm);
	KUNIT_EXPECT_EQ(test, memcmp(good, after, sizeof(*good)), 0);
	KUNIT_EXPECT_EQ(test, restore(vm, good), 0);
	/* A route may lead nowhere, as a guest's may; other bits of it there are none. */
	good->dist.router[SPI] = ~0ULL;
	KUNIT_EXPECT_EQ(test, restore(vm, good), 0);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_IROUTER + SPI * 8), 0x00ffffffU);
	/* An owner that does not exist: whose interrupt it is, is not asked of anybody. */
	good->dist.owner[SPI] = 60;
	good->dist.bank[1].active = BIT(SPI % 32);
	KUNIT_EXPECT_EQ(test, restore(vm, good), 0);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

static void reset(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 2);
	struct saved *fresh = save(test, vm), *after;

	live(vm);
	guest_in(vm, 1);
	gic_device(vm)->type->ops->reset(gic_device(vm));
	after = save(test, vm);
	KUNIT_EXPECT_EQ(test, memcmp(fresh, after, sizeof(*fresh)), 0);
	guest_in(vm, 0);
	guest_in(vm, 1);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 0U);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 1)->hw.used, 0U);

	/* A wire is not reset by the GIC; what it means is. */
	gic_line(vm, SPI, true);
	gic_device(vm)->type->ops->reset(gic_device(vm));
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
}

/* Of one vCPU: what it has listed of the VM's stays pending. */
static void reset_vcpu(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 2);

	gic_on(vm);
	gic_edge(vm, SPI);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	gicr_set(vm, 0, SGI_FRAME + GICR_ISENABLER0, 1);
	gicr_set(vm, 0, SGI_FRAME + GICR_ISPENDR0, 1);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 2U);
	arm64_gic_reset_vcpu(vm->vcpus[0]);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISENABLER0), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISPENDR0), 0U);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, GICR_WAKER), 6U);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

static void removed(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);
	u32 id = gic_device(vm)->id;

	gic_on(vm);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	gic_line(vm, SPI, true);
	guest_in(vm, 0);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, id), 0);
	/* A vCPU that comes now has none. */
	KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, 1)));
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_NULL(test, vm->vcpus[1]->arch.gic);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_PIDR2), U32_MAX);
	/* The vCPU keeps its own, which says nothing any more. */
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], SPI), 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	arm64_gic_sgi(vm->vcpus[0], 1, BIT_ULL(40));
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[1], SPI), -ENODEV);
	arm64_gic_sgi(vm->vcpus[1], 1, BIT_ULL(40));
	arm64_gic_dir(vm->vcpus[1], 0);
	arm64_gic_ppi(vm->vcpus[1], 27, true);
	arm64_gic_reset_vcpu(vm->vcpus[1]);
	KUNIT_EXPECT_FALSE(test, arm64_gic_pending(vm->vcpus[1]));

	/* And again, with both */
	fixture_device(test, vm, AXVM_DEV_GICV3, 0, 0);
	KUNIT_EXPECT_NOT_NULL(test, vm->vcpus[1]->arch.gic);
	KUNIT_EXPECT_EQ(test, gicr(vm, 1, GICR_TYPER), 0x110U);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_CTLR), 0x50U);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_on(vm);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(roundtrip),
	KUNIT_CASE(saved_while_listed),
	KUNIT_CASE(nonsense),
	KUNIT_CASE(reset),
	KUNIT_CASE(reset_vcpu),
	KUNIT_CASE(removed),
	{}
};

static struct kunit_suite suite = {
	.name = "axvm_gicv3_state",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: GICv3, its state");
