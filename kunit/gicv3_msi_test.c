// SPDX-License-Identifier: GPL-2.0
/* Messages to the GIC, against ARM IHI 0069: GICD_SETSPI_NSR, GICD_CLRSPI_NSR. */
#include "gicv3.h"

#define SPI	40U

static struct axvm_vm *running_vm(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);

	gic_on(vm);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	return vm;
}

static void message_as_edge(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test);

	gic_edge(vm, SPI);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	/* 16 bits are allowed too. */
	fixture_store(vm, NULL, GICD + GICD_SETSPI_NSR, 2, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	/* Taken back before it is acknowledged, also when it is in a list register */
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	gicd_set(vm, GICD_CLRSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	guest_in(vm, 0);
	gicd_set(vm, GICD_CLRSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

static void message_as_level(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test);

	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 1);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 1);
	gicd_set(vm, GICD_CLRSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 0);

	/* Beside a device, and over a reset */
	gic_line(vm, SPI, true);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	gicd_set(vm, GICD_CLRSPI_NSR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	gic_line(vm, SPI, false);
	gicd_set(vm, GICD_SETSPI_NSR, SPI);
	mutex_lock(&vm->lock);
	axvm_devices_reset(vm);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 0);
}

static void message_is_checked(struct kunit *test)
{
	struct axvm_vm *empty = fixture_vm(test, 1), *vm = running_vm(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, arm64_gic_msi(empty, GICD + GICD_SETSPI_NSR, SPI, true), -ENODEV);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_NSR, SPI, false), 0);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 0);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_NSR, SPI, true), 0);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI], 1);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_NSR, 31, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_NSR, 1020, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_NSR, U32_MAX, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_CLRSPI_NSR, SPI, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, GICD + GICD_SETSPI_SR, SPI, true), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_msi(vm, 0, SPI, true), -EINVAL);
	/* What the guest writes and no SPI is does nothing. */
	for (i = 0; i < 32; i++)
		gicd_set(vm, GICD_SETSPI_NSR, i);
	gicd_set(vm, GICD_SETSPI_NSR, 1020);
	gicd_set(vm, GICD_SETSPI_NSR, 8191);
	gicd_set(vm, GICD_SETSPI_SR, SPI + 1);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[SPI + 1], 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

/* Whoever wants to know hears of the end, once, whatever way it comes. */
static void end_is_noted(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);

	gic_line(vm, SPI, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_FALSE(test, cpu->any_ended);
	set_bit(SPI, vm->irq.resampled);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, cpu->any_ended);
	guest_in(vm, 0);
	guest_end(vm, 0, SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_TRUE(test, cpu->any_ended);
	KUNIT_EXPECT_TRUE(test, test_bit(SPI, cpu->ended));
	cpu->any_ended = false;
	bitmap_zero(cpu->ended, GICV3_NR_INTIDS);
	/* By ICC_DIR_EL1 while that traps: told at once */
	gic_bit(vm, 0, GICD_ISACTIVER, SPI);
	arm64_gic_dir(vm->vcpus[0], SPI);
	KUNIT_EXPECT_FALSE(test, cpu->any_ended);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISACTIVER, SPI));
	clear_bit(SPI, vm->irq.resampled);
}

static struct kunit_case gicv3_msi_cases[] = {
	KUNIT_CASE(message_as_edge),
	KUNIT_CASE(message_as_level),
	KUNIT_CASE(message_is_checked),
	KUNIT_CASE(end_is_noted),
	{}
};

static struct kunit_suite gicv3_msi_suite = {
	.name = "axvm-gicv3-msi",
	.test_cases = gicv3_msi_cases,
};

kunit_test_suite(gicv3_msi_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of messages to axvm's GIC");
