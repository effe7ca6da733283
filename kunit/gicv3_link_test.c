// SPDX-License-Identifier: GPL-2.0
/*
 * Level interrupts of the host in list registers with HW set: the rule of devices/gicv3_link.c,
 * against a host's GIC of this suite's own that has one SPI.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/prandom.h>

#include "gicv3.h"

#define SPI		40U
#define HOST_INTID	77U

/**
 * struct host - the host's GIC, with a device at its one SPI
 * @irq: its number
 * @level: the device wants it
 * @active: acknowledged and not deactivated
 * @fired: how often it came
 * @released: how often it was deactivated by software
 * @link: the link
 */
static struct host {
	int irq;
	bool level;
	bool active;
	unsigned int fired;
	unsigned int released;
	struct axvm_host_link link;
} host;

static int host_set_state(struct irq_data *data, enum irqchip_irq_state which, bool on)
{
	if (which != IRQCHIP_STATE_ACTIVE || on)
		return -EINVAL;
	host.active = false;
	host.released++;
	return 0;
}

static struct irq_chip host_chip = {
	.name = "axvm-test",
	.irq_set_irqchip_state = host_set_state,
};

/* It comes as soon as it can. */
static void host_poll(void)
{
	if (!host.level || host.active)
		return;
	host.active = true;
	host.fired++;
	gicv3_link_fire(&host.link);
}

static void host_level(bool level)
{
	host.level = level;
	host_poll();
}

static void host_free(void *irq)
{
	irq_free_desc((long)irq);
}

static void host_unlink(void *unused)
{
	if (host.link.gic)
		gicv3_unlink(&host.link);
	host.link.gic = NULL;
}

/* A VM whose SPI is the host's, enabled, to vCPU 0 */
static struct axvm_vm *linked_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_vm *vm;

	host_unlink(NULL);
	host = (struct host){ .irq = irq_alloc_desc(NUMA_NO_NODE) };
	KUNIT_ASSERT_GT(test, host.irq, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, host_free, (void *)(long)host.irq),
			0);
	irq_set_chip_and_handler(host.irq, &host_chip, handle_simple_irq);

	vm = gic_vm(test, nr_vcpus);
	gic_on(vm);
	gic_route(vm, SPI, 0);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	host.link.intid = SPI;
	host.link.irq = host.irq;
	host.link.host_intid = HOST_INTID;
	KUNIT_ASSERT_EQ(test, gicv3_link(vm->arch.gic, &host.link), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, host_unlink, NULL), 0);
	return vm;
}

static u64 *lr_of(struct axvm_vm *vm, unsigned int n, u32 intid)
{
	struct arm64_gic_hw *hw = &gic_cpu(vm, n)->hw;
	unsigned int i;

	for (i = 0; i < hw->used; i++)
		if ((u32)hw->lr[i] == intid)
			return &hw->lr[i];
	return NULL;
}

/* The list register of the SPI has these bits of HW, EOI, PENDING and ACTIVE, and no others. */
static void expect_lr(struct kunit *test, struct axvm_vm *vm, unsigned int n, u64 bits)
{
	const u64 *lr = lr_of(vm, n, SPI);

	KUNIT_ASSERT_NOT_NULL(test, lr);
	if (*lr & ARM64_LR_HW) {
		KUNIT_EXPECT_EQ(test, FIELD_GET(ARM64_LR_HOST_INTID, *lr), HOST_INTID);
		KUNIT_EXPECT_EQ(test, *lr & (ARM64_LR_HW | ARM64_LR_PENDING | ARM64_LR_ACTIVE),
				bits);
	} else {
		KUNIT_EXPECT_EQ(test, *lr & (ARM64_LR_EOI | ARM64_LR_PENDING | ARM64_LR_ACTIVE),
				bits);
	}
}

#define PENDING_HW	(ARM64_LR_PENDING | ARM64_LR_HW)
#define ACTIVE_HW	(ARM64_LR_ACTIVE | ARM64_LR_HW)
#define PENDING_EOI	(ARM64_LR_PENDING | ARM64_LR_EOI)
#define ACTIVE_EOI	(ARM64_LR_ACTIVE | ARM64_LR_EOI)

/* The guest deactivates the SPI; so does the CPU with that of the host: 5.2.3. */
static void spi_end(struct axvm_vm *vm, unsigned int n)
{
	const u64 *lr = lr_of(vm, n, SPI);
	bool host_too = lr && (*lr & ACTIVE_HW) == ACTIVE_HW;

	guest_end(vm, n, SPI);
	if (host_too)
		host.active = false;
	if (guest_maintenance(gic_cpu(vm, n)))
		guest_out(vm, n);
	host_poll();
}

/* --- the usual case ------------------------------------------------------- */

/* Taken and ended without a maintenance interrupt, twice, as the device wants it still */
static void ends_by_itself(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);

	host_level(true);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	/* Left and entered for some other reason */
	guest_out(vm, 0);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISACTIVER, SPI));
	guest_in(vm, 0);
	expect_lr(test, vm, 0, ACTIVE_HW);
	KUNIT_EXPECT_EQ(test, cpu->hw.hcr, ARM64_ICH_EN);
	host_poll();
	KUNIT_EXPECT_EQ(test, host.fired, 1U);

	/* It comes again before the list register has been folded, and is not lost by that. */
	KUNIT_EXPECT_FALSE(test, cpu->dirty);
	spi_end(vm, 0);
	KUNIT_EXPECT_EQ(test, host.fired, 2U);
	KUNIT_EXPECT_TRUE(test, cpu->dirty);
	expect_lr(test, vm, 0, ARM64_LR_HW);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	host_level(false);
	spi_end(vm, 0);
	KUNIT_EXPECT_FALSE(test, guest_maintenance(cpu));
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_FALSE(test, host.active);
	KUNIT_EXPECT_EQ(test, host.fired, 2U);
	KUNIT_EXPECT_EQ(test, host.released, 0U);
}

/* Routed elsewhere while it is active: the next one goes there, whoever ended the one before. */
static void again_elsewhere(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 2);

	host_level(true);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	gic_route(vm, SPI, 1);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, ACTIVE_HW);
	spi_end(vm, 0);
	KUNIT_EXPECT_EQ(test, host.fired, 2U);
	KUNIT_EXPECT_TRUE(test, gic_cpu(vm, 0)->dirty);
	guest_in(vm, 0);
	KUNIT_EXPECT_NULL(test, lr_of(vm, 0, SPI));
	guest_in(vm, 1);
	expect_lr(test, vm, 1, PENDING_HW);
}

/* GICD_ISPENDR makes one without the host: its end is one of nothing. */
static void pending_by_software(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);

	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	/* The host's, beside the one that is active: both end, the first one heard by nobody */
	host_level(true);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, ACTIVE_EOI | ARM64_LR_PENDING);
	spi_end(vm, 0);
	KUNIT_EXPECT_TRUE(test, host.active);
	expect_lr(test, vm, 0, PENDING_EOI);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	host_level(false);
	spi_end(vm, 0);
	KUNIT_EXPECT_FALSE(test, host.active);
	KUNIT_EXPECT_EQ(test, host.released, 1U);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

/* --- other ends ------------------------------------------------------------ */

enum place { PENDING, LISTED_PENDING, ACTIVE, LISTED_ACTIVE, NR_PLACES };

/* The host's interrupt comes and is somewhere in the guest. */
static void bring_to(struct kunit *test, struct axvm_vm *vm, enum place place)
{
	host_level(true);
	if (place != PENDING)
		guest_in(vm, 0);
	if (place >= ACTIVE)
		KUNIT_ASSERT_EQ(test, guest_ack(vm, 0), SPI);
	if (place == ACTIVE)
		guest_out(vm, 0);
	KUNIT_ASSERT_TRUE(test, host.active);
}

/* Cleared by software, wherever it is, it comes again while it is wanted. */
static void cleared(struct kunit *test)
{
	struct axvm_vm *vm;
	enum place place;

	for (place = PENDING; place < NR_PLACES; place++) {
		vm = linked_vm(test, 1);
		bring_to(test, vm, place);
		/* What is not there can be cleared, too. */
		gic_bit(vm, 0, place < ACTIVE ? GICD_ICACTIVER : GICD_ICPENDR, SPI);
		guest_in(vm, 0);
		KUNIT_EXPECT_EQ_MSG(test, host.released, 0U, "place %u", place);
		gic_bit(vm, 0, place < ACTIVE ? GICD_ICPENDR : GICD_ICACTIVER, SPI);
		guest_in(vm, 0);
		KUNIT_EXPECT_EQ_MSG(test, host.released, 1U, "place %u", place);
		host_poll();
		KUNIT_EXPECT_EQ_MSG(test, host.fired, 2U, "place %u", place);
		guest_in(vm, 0);
		expect_lr(test, vm, 0, PENDING_HW);
	}
}

/* Active, in no list register: four more urgent ones are. */
static void crowd_out(struct kunit *test, struct axvm_vm *vm)
{
	unsigned int i;

	bring_to(test, vm, ACTIVE);
	for (i = 0; i < LRS; i++) {
		gic_edge(vm, 100 + i);
		gic_route(vm, 100 + i, 0);
		gic_priority(vm, 0, 100 + i, 0x80 - i * 16);
		gic_bit(vm, 0, GICD_ISENABLER, 100 + i);
	}
	gic_priority(vm, 0, SPI, 0xa0);
	for (i = 0; i < LRS; i++) {
		gic_bit(vm, 0, GICD_ISPENDR, 100 + i);
		guest_in(vm, 0);
		KUNIT_ASSERT_EQ(test, guest_ack(vm, 0), 100 + i);
		guest_out(vm, 0);
	}
	guest_in(vm, 0);
	KUNIT_ASSERT_NULL(test, lr_of(vm, 0, SPI));
}

static void ended_unlisted(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);
	unsigned int i;

	crowd_out(test, vm);
	for (i = LRS; i--; )
		guest_end(vm, 0, 100 + i);
	KUNIT_EXPECT_EQ(test, host.released, 0U);
	spi_end(vm, 0);
	KUNIT_EXPECT_EQ(test, host.released, 1U);
	KUNIT_EXPECT_EQ(test, host.fired, 2U);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
}

static void deactivated_unlisted(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 2);

	crowd_out(test, vm);
	arm64_gic_dir(vm->vcpus[1], SPI);
	KUNIT_EXPECT_EQ(test, host.released, 0U);
	arm64_gic_dir(vm->vcpus[0], SPI);
	KUNIT_EXPECT_EQ(test, host.released, 1U);
	host_poll();
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
}

static struct axvm_device *gic_device(struct axvm_vm *vm)
{
	return list_first_entry(&vm->devices.list, struct axvm_device, list);
}

static void reset(struct kunit *test)
{
	struct axvm_vm *vm;
	enum place place;

	for (place = PENDING; place < NR_PLACES; place++) {
		vm = linked_vm(test, 1);
		bring_to(test, vm, place);
		gic_device(vm)->type->ops->reset(gic_device(vm));
		KUNIT_EXPECT_FALSE(test, host.active);
		KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
		host_poll();
		KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
		guest_in(vm, 0);
		KUNIT_EXPECT_NULL(test, lr_of(vm, 0, SPI));
	}
}

/* A saved state has the guest's part only; the host's is as it is now. */
static void restored(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);
	struct axvm_device *dev = gic_device(vm);
	void *state = kunit_kzalloc(test, dev->type->state_size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, state);
	dev->type->ops->save(dev, state);
	bring_to(test, vm, LISTED_ACTIVE);
	KUNIT_EXPECT_EQ(test, dev->type->ops->restore(dev, state), 0);
	KUNIT_EXPECT_FALSE(test, host.active);
	host_poll();
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	guest_out(vm, 0);
	dev->type->ops->save(dev, state);
	spi_end(vm, 0);
	KUNIT_EXPECT_EQ(test, dev->type->ops->restore(dev, state), 0);
	/* Active again, and the host's comes beside it */
	host_poll();
	guest_in(vm, 0);
	expect_lr(test, vm, 0, ACTIVE_EOI | ARM64_LR_PENDING);
}

/* Of one vCPU: the SPI is the VM's. */
static void reset_vcpu(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);

	bring_to(test, vm, LISTED_PENDING);
	arm64_gic_reset_vcpu(vm->vcpus[0]);
	KUNIT_EXPECT_EQ(test, host.released, 0U);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
}

/* --- with others ------------------------------------------------------------ */

/* Is somebody to be told of the end of the SPI? Once */
static bool told(struct arm64_gic_cpu *cpu)
{
	cpu->any_ended = false;
	return __test_and_clear_bit(SPI, cpu->ended);
}

/* Another holder of the line hears of the end, also if he came when it was listed as the host's. */
static void shared(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);

	set_bit(SPI, vm->irq.resampled);
	host_level(true);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	gic_line(vm, SPI, true);
	KUNIT_EXPECT_TRUE(test, cpu->dirty);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, ACTIVE_EOI);
	host_level(false);
	spi_end(vm, 0);
	KUNIT_EXPECT_FALSE(test, host.active);
	KUNIT_EXPECT_EQ(test, host.released, 1U);
	KUNIT_EXPECT_TRUE(test, told(cpu));
	gic_line(vm, SPI, false);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);

	/* His alone */
	gic_line(vm, SPI, true);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_EOI);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	spi_end(vm, 0);
	KUNIT_EXPECT_TRUE(test, told(cpu));
	gic_line(vm, SPI, false);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);

	/* The host's alone: nobody is told, as nobody waits */
	host_level(true);
	guest_in(vm, 0);
	expect_lr(test, vm, 0, PENDING_HW);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	host_level(false);
	spi_end(vm, 0);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, told(cpu));
}

/* --- life --------------------------------------------------------------------- */

static void refused(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);
	static const u32 bad[] = { 0, 31, 1020, ~0U };
	struct axvm_host_link other = { .intid = SPI, .irq = host.irq, .host_intid = 78 };
	unsigned int i;

	KUNIT_EXPECT_EQ(test, gicv3_link(vm->arch.gic, &other), -EBUSY);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		other.intid = bad[i];
		KUNIT_EXPECT_EQ(test, gicv3_link(vm->arch.gic, &other), -EINVAL);
	}
	other.intid = 1019;
	KUNIT_EXPECT_EQ(test, gicv3_link(vm->arch.gic, &other), 0);
	gicv3_unlink(&other);
}

/* Whatever was under way, the guest does not reach the host any more. */
static void unlinked(struct kunit *test)
{
	struct axvm_vm *vm;
	enum place place;

	for (place = PENDING; place < NR_PLACES; place++) {
		vm = linked_vm(test, 1);
		bring_to(test, vm, place);
		host_unlink(NULL);
		guest_in(vm, 0);
		if (place < ACTIVE) {
			KUNIT_EXPECT_NULL(test, lr_of(vm, 0, SPI));
			continue;
		}
		expect_lr(test, vm, 0, ARM64_LR_ACTIVE);
		host.level = false;
		spi_end(vm, 0);
		KUNIT_EXPECT_TRUE(test, host.active);
		KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	}
}

/* Without its GIC nobody ends it: he who asked is told. */
static void gic_removed(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 1);

	bring_to(test, vm, LISTED_PENDING);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, gic_device(vm)->id), 0);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, host.active);
	KUNIT_EXPECT_FALSE(test, gicv3_link_fire(&host.link));
}

/* --- all at once ---------------------------------------------------------------- */

/* Will what vCPU @n has listed of the SPI lead to the end of the host's? */
static bool will_end(struct axvm_vm *vm, unsigned int n)
{
	const struct arm64_gic_cpu *cpu = gic_cpu(vm, n);
	const u64 *lr = lr_of(vm, n, SPI);

	if (!lr)
		return false;
	return *lr & (ARM64_LR_PENDING | ARM64_LR_ACTIVE) || !(*lr & ARM64_LR_HW) ||
	       (cpu->drop_pending | cpu->drop_active) & BIT(lr - cpu->hw.lr);
}

/* While the host's is active, the guest has something of it that will end. */
static bool rule_holds(struct axvm_vm *vm)
{
	const struct gicv3_bank *bank = &vm->arch.gic->state.bank[SPI / 32];
	unsigned int n;

	if (!host.active || (bank->latch | bank->active) & BIT(SPI % 32))
		return true;
	for (n = 0; n < vm->nr_vcpus; n++)
		if (will_end(vm, n))
			return true;
	return false;
}

static const u32 pokes[] = { GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER,
			     GICD_ISENABLER, GICD_ICENABLER };

static bool is_active(struct axvm_vm *vm, unsigned int n)
{
	const u64 *lr = lr_of(vm, n, SPI);

	return lr && *lr & ARM64_LR_ACTIVE;
}

static void disorder(struct kunit *test)
{
	struct axvm_vm *vm = linked_vm(test, 2);
	struct rnd_state rnd;
	unsigned int i, n;

	prandom_seed_state(&rnd, 7);
	for (i = 0; i < 100000; i++) {
		u32 dice = prandom_u32_state(&rnd);

		n = dice >> 8 & 1;
		switch (dice & 31) {
		case 0 ... 3:
			host_level(dice & 0x300);
			break;
		case 4:
			gic_line(vm, SPI, dice & 256);
			break;
		case 5:
			gic_route(vm, SPI, n);
			break;
		case 6:
			gic_bit(vm, 0, pokes[(dice >> 16) % ARRAY_SIZE(pokes)], SPI);
			break;
		case 7 ... 9:
			guest_out(vm, n);
			break;
		case 10 ... 17:
			guest_in(vm, n);
			break;
		case 18 ... 24:
			guest_ack(vm, n);
			break;
		default:
			if (is_active(vm, n))
				spi_end(vm, n);
		}
		host_poll();
		KUNIT_ASSERT_TRUE_MSG(test, rule_holds(vm),
				      "step %u: the host's is active, and nobody will end it", i);
	}
	KUNIT_EXPECT_GT(test, host.fired, 1000U);
	KUNIT_EXPECT_GT(test, host.released, 500U);
	KUNIT_EXPECT_GT(test, host.fired, host.released + 300U);

	/* It works still. */
	gic_line(vm, SPI, false);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	guest_out(vm, 0);
	guest_out(vm, 1);
	gic_bit(vm, 0, GICD_ICACTIVER, SPI);
	gic_route(vm, SPI, 0);
	host_level(true);
	for (i = 0; i < 3; i++) {
		guest_in(vm, 0);
		KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
		spi_end(vm, 0);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ends_by_itself),
	KUNIT_CASE(again_elsewhere),
	KUNIT_CASE(pending_by_software),
	KUNIT_CASE(cleared),
	KUNIT_CASE(ended_unlisted),
	KUNIT_CASE(deactivated_unlisted),
	KUNIT_CASE(reset),
	KUNIT_CASE(restored),
	KUNIT_CASE(reset_vcpu),
	KUNIT_CASE(shared),
	KUNIT_CASE(refused),
	KUNIT_CASE(unlinked),
	KUNIT_CASE(gic_removed),
	KUNIT_CASE(disorder),
	{}
};

static struct kunit_suite suite = {
	.name = "axvm_gicv3_link",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: GICv3, SPIs that are interrupts of the host");
