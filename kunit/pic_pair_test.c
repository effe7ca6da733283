// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pic8259.c against the 8259A datasheet (Intel 231468): inputs by edge and level,
 * master and slave, and the device's life. The command words are in pic8259_test.c.
 */
#include <linux/prandom.h>
#include <asm/apicdef.h>

#include "../x86/x86.h"
#include "pic8259.h"

static void pic_edge(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	line(vm, 4, true);
	expect_vector(test, vm, 4);
	fixture_out(vm, MASTER, 1, EOI);
	/* Still up: no new edge */
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0);
	line(vm, 4, false);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	line(vm, 4, true);
	line(vm, 4, false);
	line(vm, 4, true);
	expect_vector(test, vm, 4);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* An edge while in service is not lost */
	line(vm, 4, false);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
	pulse(vm, 4);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 4);
}

static void pic_level(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, ELCR, 1, 0x20);
	fixture_out(vm, ELCR + 1, 1, 0x04);
	line(vm, 5, true);
	expect_vector(test, vm, 5);
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0x20);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER, 1, EOI);
	/* Still up: again */
	expect_vector(test, vm, 5);
	line(vm, 5, false);
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* A pulse is nothing */
	pulse(vm, 5);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* On the slave: from EOI to EOI */
	line(vm, 10, true);
	expect_vector(test, vm, 10);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, SLAVE, 1, EOI);
	expect_vector(test, vm, 10);
	line(vm, 10, false);
	eoi(vm, 10);
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

static void pic_elcr(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR, 2), 0);
	/* 0, 1, 2, 8 and 13 are edge triggered for ever */
	fixture_out(vm, ELCR, 1, 0xff);
	fixture_out(vm, ELCR + 1, 1, 0xff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR, 1), 0xf8);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR + 1, 1), 0xde);
	fixture_out(vm, ELCR, 2, 0x0c28);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR, 2), 0x0c28);
	/* ICW1 leaves it alone */
	program(vm, 0x11, 0x01, 0x01);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR, 2), 0x0c28);
	/* A level that becomes an edge input has had its edge; an edge does not survive */
	line(vm, 3, true);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	fixture_out(vm, ELCR, 1, 0);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	line(vm, 3, false);
	pulse(vm, 3);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	fixture_out(vm, ELCR, 1, 0x08);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, ELCR, 1, 0);
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

/* LTIM makes all inputs of the chip level triggered */
static void pic_ltim(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	program(vm, 0x19, 0x01, 0x01);
	line(vm, 0, true);
	expect_vector(test, vm, 0);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 0);
	line(vm, 0, false);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	line(vm, 13, true);
	expect_vector(test, vm, 13);
	eoi(vm, 13);
	expect_vector(test, vm, 13);
	line(vm, 13, false);
	eoi(vm, 13);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0);
}

static void pic_spurious(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	/* Nothing at all: IR7, nothing in service, and its EOI would be another's */
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 7);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	/* A level that goes before the INTA cycle */
	fixture_out(vm, ELCR, 2, 0x0820);
	line(vm, 5, true);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	line(vm, 5, false);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 7);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	/* On the slave: IR15, and the cascade is in service */
	line(vm, 11, true);
	line(vm, 11, false);
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 15);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x04);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* A real one of level 7 is told apart by the ISR */
	pulse(vm, 7);
	expect_vector(test, vm, 7);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x80);
}

static void pic_special_fully_nested(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	/* Without: a slave in service is locked out of the master */
	pulse(vm, 12);
	expect_vector(test, vm, 12);
	pulse(vm, 9);
	KUNIT_EXPECT_FALSE(test, intr(vm));

	program(vm, 0x11, SFNM, 0x01);
	pulse(vm, 12);
	expect_vector(test, vm, 12);
	pulse(vm, 3);
	pulse(vm, 14);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	pulse(vm, 9);
	expect_vector(test, vm, 9);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0x12);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x04);
	/* EOI to the slave; while it has more in service, none to the master */
	fixture_out(vm, SLAVE, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, SLAVE, 1, EOI);
	expect_vector(test, vm, 14);
	fixture_out(vm, SLAVE, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 3);
	/* Inputs without a slave do not nest */
	pulse(vm, 3);
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

static void pic_cascade(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	/* All of the slave are at level 2 of the master */
	pulse(vm, 3);
	pulse(vm, 15);
	pulse(vm, 1);
	expect_vector(test, vm, 1);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 15);
	pulse(vm, 8);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	pulse(vm, 0);
	expect_vector(test, vm, 0);
	fixture_out(vm, MASTER, 1, EOI);
	fixture_out(vm, MASTER, 1, EOI);
	/* The slave's INT rose for 8 when 15 was in service: it is higher there */
	expect_vector(test, vm, 8);
	fixture_out(vm, SLAVE, 1, EOI);
	fixture_out(vm, SLAVE, 1, EOI);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 3);
	fixture_out(vm, MASTER, 1, EOI);
	/* Several at once: each waits for its predecessor's EOI */
	pulse(vm, 14);
	pulse(vm, 9);
	expect_vector(test, vm, 9);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, SLAVE, 1, EOI);
	expect_vector(test, vm, 14);
	eoi(vm, 14);
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

/* ICW3 that does not fit the wiring: nobody drives the data bus */
static void pic_wrong_icw3(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, SLAVE, 1, 0x11);
	fixture_out(vm, SLAVE + 1, 1, BASE + 8);
	fixture_out(vm, SLAVE + 1, 1, 0xfd);
	fixture_out(vm, SLAVE + 1, 1, 0x01);
	pulse(vm, 9);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, inta(vm), 0xff);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x04);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);
	fixture_out(vm, MASTER, 1, EOI);
	/* With the ID on the cascade lines that the slave has, it answers */
	fixture_out(vm, MASTER, 1, 0x11);
	fixture_out(vm, MASTER + 1, 1, BASE);
	fixture_out(vm, MASTER + 1, 1, 0x20);
	fixture_out(vm, MASTER + 1, 1, 0x01);
	pulse(vm, 5);
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 9);
	/* IR2 is an input as any other now */
	fixture_out(vm, MASTER, 1, EOI);
	fixture_out(vm, SLAVE, 1, EOI);
	pulse(vm, 9);
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 2);
}

static void pic_lines(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	line(vm, 2, true);
	line(vm, 16, true);
	line(vm, 23, true);
	line(vm, AXVM_MAX_IRQS - 1, true);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0);
	KUNIT_EXPECT_EQ(test, irr(vm, SLAVE), 0);
}

/* Lines that are up when the chips come */
static void pic_late(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);

	line(vm, 5, true);
	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	fixture_out(vm, ELCR, 1, 0x20);
	program(vm, 0x11, 0x01, 0x01);
	expect_vector(test, vm, 5);
}

/*
 * Each rise of INTR is told to the local APIC: with LINT0 programmed as an ordinary vector
 * it shows as an interrupt. Staying up is no rise, and INTA cycles have no part in it.
 */
static void pic_intr_rises(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	program(vm, 0x11, 0x01, 0x01);
	fixture_store(vm, vcpu, APIC_DEFAULT_PHYS_BASE + APIC_SPIV, 4, 0x1ff);
	fixture_store(vm, vcpu, APIC_DEFAULT_PHYS_BASE + APIC_LVT0, 4, 0x55);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));

	/* By a line ... */
	line(vm, 5, true);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x55);
	fixture_store(vm, vcpu, APIC_DEFAULT_PHYS_BASE + APIC_EOI, 4, 0);
	pulse(vm, 3);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* ... and by a register: the mask, the EOI */
	fixture_out(vm, MASTER + DATA, 1, 0xff);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	fixture_out(vm, MASTER + DATA, 1, 0x00);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x55);
	fixture_store(vm, vcpu, APIC_DEFAULT_PHYS_BASE + APIC_EOI, 4, 0);
	expect_vector(test, vm, 3);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
}

static void save(struct axvm_vm *vm, struct pic_saved state[2])
{
	pic_of(vm)->type->ops->save(pic_of(vm), state);
}

static int restore(struct axvm_vm *vm, const struct pic_saved state[2])
{
	return pic_of(vm)->type->ops->restore(pic_of(vm), state);
}

static void pic_save_restore(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test), *other;
	struct pic_saved state[2], again[2];

	KUNIT_ASSERT_EQ(test, pic_of(vm)->type->state_size, sizeof(state));
	fixture_out(vm, MASTER + 1, 1, 0x40);
	fixture_out(vm, ELCR + 1, 1, 0x02);
	fixture_out(vm, MASTER, 1, SET_PRIORITY | 0);
	pulse(vm, 5);
	expect_vector(test, vm, 5);
	line(vm, 9, true);
	line(vm, 4, true);
	expect_vector(test, vm, 9);
	fixture_out(vm, MASTER, 1, READ_ISR);
	save(vm, state);

	other = fixture_vm(test, 0);
	fixture_device(test, other, AXVM_DEV_PIC, 0, 0);
	KUNIT_ASSERT_EQ(test, restore(other, state), 0);
	save(other, again);
	KUNIT_EXPECT_EQ(test, memcmp(state, again, sizeof(state)), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(other, MASTER, 1), 0x24);
	KUNIT_EXPECT_EQ(test, fixture_in(other, MASTER + 1, 1), 0x40);
	/* Devices restored afterwards raise their lines: that is no edge */
	fixture_out(other, SLAVE, 1, EOI);
	fixture_out(other, MASTER, 1, SPECIFIC_EOI | 2);
	expect_vector(test, other, 9);
	line(other, 9, true);
	line(other, 9, false);
	eoi(other, 9);
	expect_vector(test, other, 4);
	line(other, 4, true);
	fixture_out(other, MASTER, 1, SPECIFIC_EOI | 4);
	fixture_out(other, MASTER, 1, SPECIFIC_EOI | 5);
	KUNIT_EXPECT_FALSE(test, intr(other));
	line(other, 4, false);
	line(other, 4, true);
	expect_vector(test, other, 4);

	/* In the middle of the ICWs */
	fixture_out(vm, MASTER, 1, 0x11);
	fixture_out(vm, MASTER + 1, 1, 0x50);
	save(vm, state);
	KUNIT_ASSERT_EQ(test, restore(other, state), 0);
	fixture_out(other, MASTER + 1, 1, 0x04);
	fixture_out(other, MASTER + 1, 1, 0x01);
	pulse(other, 6);
	KUNIT_EXPECT_EQ(test, inta(other), 0x56);
}

static void pic_restore_refuses(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);
	struct pic_saved good[2], now[2], bad[2];
	static const struct { u8 chip, offset, value; } hostile[] = {
		{ 0, offsetof(struct pic_saved, step), 5 },
		{ 1, offsetof(struct pic_saved, lowest), 8 },
		{ 0, offsetof(struct pic_saved, lowest), 255 },
		{ 0, offsetof(struct pic_saved, elcr), 0x04 },
		{ 1, offsetof(struct pic_saved, elcr), 0x01 },
		{ 0, offsetof(struct pic_saved, icw2), 0x01 },
		{ 1, offsetof(struct pic_saved, icw3), 0x08 },
		{ 1, offsetof(struct pic_saved, icw4), 0x20 },
		{ 0, offsetof(struct pic_saved, edges), 0x20 },
		{ 0, offsetof(struct pic_saved, read_isr), 2 },
		{ 0, offsetof(struct pic_saved, poll), 2 },
		{ 0, offsetof(struct pic_saved, special_mask), 0x80 },
		{ 1, offsetof(struct pic_saved, rotate_aeoi), 3 },
		{ 1, offsetof(struct pic_saved, reserved), 1 },
	};
	unsigned int i;

	fixture_out(vm, ELCR, 1, 0x20);
	save(vm, good);
	for (i = 0; i < ARRAY_SIZE(hostile); i++) {
		memcpy(bad, good, sizeof(bad));
		bad[0].imr = 0x77;
		((u8 *)&bad[hostile[i].chip])[hostile[i].offset] = hostile[i].value;
		KUNIT_EXPECT_EQ_MSG(test, restore(vm, bad), -EINVAL, "%u", i);
		save(vm, now);
		KUNIT_EXPECT_EQ(test, memcmp(now, good, sizeof(now)), 0);
	}
	KUNIT_EXPECT_EQ(test, restore(vm, good), 0);
}

static void pic_reset(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, ELCR, 2, 0x0820);
	fixture_out(vm, MASTER + 1, 1, 0x08);
	line(vm, 11, true);
	pulse(vm, 1);
	expect_vector(test, vm, 1);
	pulse(vm, 0);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	pic_of(vm)->type->ops->reset(pic_of(vm));
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR, 2), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 2), 0);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	/* The line is still up, and level triggered it counts */
	fixture_out(vm, ELCR + 1, 1, 0x08);
	program(vm, 0x11, 0x01, 0x01);
	expect_vector(test, vm, 11);
}

static void pic_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_PIC };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device *dev;

	config.base = 0xa0;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.base = 0x20;
	config.length = 4;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.length = 2;
	config.nr_cfg = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	KUNIT_EXPECT_NULL(test, vm->arch.extint);
	config.nr_cfg = 0;
	dev = fixture_try_device(vm, &config);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_PTR_EQ(test, vm->arch.pic, dev);

	/* One pair a VM, which goes without a trace */
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, vm->arch.pic, dev);
	KUNIT_EXPECT_NOT_NULL(test, vm->arch.extint);
	program(vm, 0x11, 0x01, 0x01);
	pulse(vm, 1);
	KUNIT_EXPECT_TRUE(test, vm->arch.extint_up);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, dev->id), 0);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_NULL(test, vm->arch.extint);
	KUNIT_EXPECT_NULL(test, vm->arch.pic);
	KUNIT_EXPECT_FALSE(test, vm->arch.extint_up);
	line(vm, 5, true);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0xff);
	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	KUNIT_EXPECT_NOT_NULL(test, vm->arch.extint);
}

/* Any sequence of accesses, lines and INTA cycles leaves a state that could be saved */
static void pic_hostile(struct kunit *test)
{
	static const u16 port[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	struct axvm_vm *vm = pic_vm(test);
	struct pic_saved state[2];
	struct rnd_state rnd;
	unsigned int i;
	int vector;

	prandom_seed_state(&rnd, 8259);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);
		u16 at = port[(r >> 8) % ARRAY_SIZE(port)];

		switch (r % 5) {
		case 0:
			fixture_out(vm, at, 1 + (r >> 16 & 1), r >> 20);
			break;
		case 1:
			fixture_in(vm, at, 1 + (r >> 16 & 1));
			break;
		case 2:
			line(vm, r >> 16 & 15, r >> 20 & 1);
			break;
		case 3:
			vector = inta(vm);
			KUNIT_ASSERT_TRUE(test, vector >= 0 && vector <= 255);
			break;
		default:
			save(vm, state);
			KUNIT_ASSERT_EQ(test, restore(vm, state), 0);
		}
	}
	program(vm, 0x11, 0x01, 0x01);
	line(vm, 1, false);
	line(vm, 1, true);
	expect_vector(test, vm, 1);
}

static struct kunit_case pic_pair_cases[] = {
	KUNIT_CASE(pic_edge),
	KUNIT_CASE(pic_level),
	KUNIT_CASE(pic_elcr),
	KUNIT_CASE(pic_ltim),
	KUNIT_CASE(pic_spurious),
	KUNIT_CASE(pic_special_fully_nested),
	KUNIT_CASE(pic_cascade),
	KUNIT_CASE(pic_wrong_icw3),
	KUNIT_CASE(pic_lines),
	KUNIT_CASE(pic_late),
	KUNIT_CASE(pic_intr_rises),
	KUNIT_CASE(pic_save_restore),
	KUNIT_CASE(pic_restore_refuses),
	KUNIT_CASE(pic_reset),
	KUNIT_CASE(pic_config),
	KUNIT_CASE(pic_hostile),
	{}
};

static struct kunit_suite pic_pair_suite = {
	.name = "axvm-pic-pair",
	.test_cases = pic_pair_cases,
};

kunit_test_suite(pic_pair_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the pair of 8259As of a PC");
