// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pic8259.c against the 8259A datasheet (Intel 231468): the command words of a
 * chip. Inputs, cascade and state are in pic_pair_test.c.
 */
#include "pic8259.h"

static void pic_vectors(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);
	unsigned int irq;

	for (irq = 0; irq < 16; irq++) {
		if (irq == 2)
			continue;
		KUNIT_EXPECT_FALSE(test, intr(vm));
		line(vm, irq, true);
		KUNIT_EXPECT_EQ(test, irr(vm, MASTER), irq < 8 ? 1 << irq : 4);
		KUNIT_EXPECT_EQ(test, irr(vm, SLAVE), irq < 8 ? 0 : 1 << (irq - 8));
		expect_vector(test, vm, irq);
		KUNIT_EXPECT_FALSE(test, intr(vm));
		KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0);
		KUNIT_EXPECT_EQ(test, irr(vm, SLAVE), 0);
		KUNIT_EXPECT_EQ(test, isr(vm, MASTER), irq < 8 ? 1 << irq : 4);
		KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), irq < 8 ? 0 : 1 << (irq - 8));
		line(vm, irq, false);
		eoi(vm, irq);
		KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
		KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);
	}
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

/* ICW2's low three bits are the input's; ICW4's are not ICW2's */
static void pic_vector_base(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, MASTER, 1, 0x11);
	fixture_out(vm, MASTER + 1, 1, 0xff);
	fixture_out(vm, MASTER + 1, 1, 0x04);
	fixture_out(vm, MASTER + 1, 1, 0x01);
	pulse(vm, 1);
	KUNIT_EXPECT_EQ(test, inta(vm), 0xf9);
	pulse(vm, 9);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 9);
}

static void pic_initialization(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);

	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	/* The IMR is there before, as the probe of Linux wants it */
	fixture_out(vm, MASTER + 1, 1, 0xfb);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0xfb);
	fixture_out(vm, MASTER + 1, 1, 0x00);
	line(vm, 1, true);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	line(vm, 1, false);

	fixture_out(vm, MASTER + 1, 1, 0x5a);
	fixture_out(vm, MASTER, 1, 0x11);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0);
	pulse(vm, 3);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER + 1, 1, BASE);
	fixture_out(vm, MASTER + 1, 1, 0x04);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER + 1, 1, 0x01);
	/* ... and each write from now on is OCW1 */
	expect_vector(test, vm, 3);
	fixture_out(vm, MASTER + 1, 1, 0xa5);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0xa5);

	/* ICW1 forgets edges, what is in service, and read and mask modes */
	fixture_out(vm, MASTER + 1, 1, 0x00);
	line(vm, 0, true);
	fixture_out(vm, MASTER, 1, SPECIAL_MASK);
	fixture_out(vm, MASTER, 1, READ_ISR);
	program(vm, 0x11, 0x01, 0x01);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	line(vm, 0, false);
	line(vm, 0, true);
	expect_vector(test, vm, 0);
	fixture_out(vm, MASTER + 1, 1, 0x01);
	pulse(vm, 1);
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

/* Sequences of two and three words */
static void pic_short_initialization(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	/* No ICW4: the AEOI of before is gone */
	program(vm, 0x11, AEOI, 0x01);
	fixture_out(vm, MASTER, 1, 0x10);
	fixture_out(vm, MASTER + 1, 1, BASE);
	fixture_out(vm, MASTER + 1, 1, 0x04);
	fixture_out(vm, MASTER + 1, 1, 0xfe);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0xfe);
	pulse(vm, 0);
	expect_vector(test, vm, 0);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 1);

	/* Single: no ICW3, and IR2 has no slave */
	fixture_out(vm, MASTER, 1, 0x13);
	fixture_out(vm, MASTER + 1, 1, BASE);
	fixture_out(vm, MASTER + 1, 1, 0x01);
	fixture_out(vm, MASTER + 1, 1, 0xf0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0xf0);
	pulse(vm, 12);
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + 2);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);

	/* Single without ICW4 */
	fixture_out(vm, MASTER, 1, 0x12);
	fixture_out(vm, MASTER + 1, 1, BASE);
	fixture_out(vm, MASTER + 1, 1, 0x0f);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0x0f);

	/* A new ICW1 in the middle starts again */
	fixture_out(vm, MASTER, 1, 0x11);
	fixture_out(vm, MASTER + 1, 1, 0x40);
	program(vm, 0x11, 0x01, 0x01);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
}

static void pic_fully_nested(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	pulse(vm, 5);
	pulse(vm, 3);
	pulse(vm, 6);
	expect_vector(test, vm, 3);
	/* Lower ones wait, the same one too, higher ones do not */
	KUNIT_EXPECT_FALSE(test, intr(vm));
	pulse(vm, 3);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	pulse(vm, 1);
	expect_vector(test, vm, 1);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x0a);
	/* A non-specific EOI is for the highest in service */
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x08);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 3);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 5);
	fixture_out(vm, MASTER, 1, EOI);
	expect_vector(test, vm, 6);
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	/* One too many does nothing */
	fixture_out(vm, MASTER, 1, EOI);
	fixture_out(vm, MASTER, 1, ROTATE_EOI);
	pulse(vm, 7);
	pulse(vm, 0);
	expect_vector(test, vm, 0);
}

static void pic_specific_eoi(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);
	unsigned int irq;

	for (irq = 8; irq-- > 0; ) {
		if (irq == 2)
			continue;
		pulse(vm, irq);
		expect_vector(test, vm, irq);
	}
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0xfb);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 5);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0xdb);
	fixture_out(vm, MASTER, 1, NO_OPERATION | 6);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 5);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 2);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0xdb);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 0);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0xda);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 7);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x5a);
}

/* The order in which all inputs of the master but the cascade are served, with EOIs */
static void expect_order(struct kunit *test, struct axvm_vm *vm, unsigned int first)
{
	unsigned int i, irq;

	for (irq = 0; irq < 8; irq++)
		if (irq != 2)
			pulse(vm, irq);
	for (i = 0; i < 8; i++) {
		irq = (first + i) % 8;
		if (irq == 2)
			continue;
		expect_vector(test, vm, irq);
		fixture_out(vm, MASTER, 1, SPECIFIC_EOI | irq);
	}
	KUNIT_EXPECT_FALSE(test, intr(vm));
}

static void pic_rotation(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);
	unsigned int lowest;

	expect_order(test, vm, 0);
	for (lowest = 0; lowest < 8; lowest++) {
		fixture_out(vm, MASTER, 1, SET_PRIORITY | lowest);
		expect_order(test, vm, (lowest + 1) % 8);
	}
	/* Rotate on specific EOI: ends the one, which becomes the lowest */
	fixture_out(vm, MASTER, 1, SET_PRIORITY | 7);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
	fixture_out(vm, MASTER, 1, ROTATE_SPECIFIC | 4);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	expect_order(test, vm, 5);
	/* Rotate on non-specific EOI: the highest in service, by the present priorities */
	pulse(vm, 3);
	expect_vector(test, vm, 3);
	pulse(vm, 6);
	expect_vector(test, vm, 6);
	fixture_out(vm, MASTER, 1, ROTATE_EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x08);
	fixture_out(vm, MASTER, 1, SPECIFIC_EOI | 3);
	expect_order(test, vm, 7);
	/* The datasheet's example: IR4 and IR6 requested and in service, then 4 is lowest */
	program(vm, 0x11, 0x01, 0x01);
	pulse(vm, 6);
	expect_vector(test, vm, 6);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
	fixture_out(vm, MASTER, 1, ROTATE_EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x40);
	pulse(vm, 4);
	pulse(vm, 5);
	expect_vector(test, vm, 5);
}

static void pic_automatic_eoi(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	program(vm, 0x11, AEOI, AEOI);
	pulse(vm, 0);
	pulse(vm, 3);
	expect_vector(test, vm, 0);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	expect_vector(test, vm, 3);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* Several of the slave: its INT makes an edge for each */
	pulse(vm, 8);
	pulse(vm, 12);
	pulse(vm, 15);
	expect_vector(test, vm, 8);
	expect_vector(test, vm, 12);
	expect_vector(test, vm, 15);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);
	KUNIT_EXPECT_FALSE(test, intr(vm));

	/* Rotation in automatic EOI mode */
	fixture_out(vm, MASTER, 1, ROTATE_AEOI_ON);
	pulse(vm, 3);
	expect_vector(test, vm, 3);
	pulse(vm, 3);
	pulse(vm, 0);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
	expect_vector(test, vm, 0);
	expect_vector(test, vm, 3);
	fixture_out(vm, MASTER, 1, ROTATE_AEOI_OFF);
	pulse(vm, 5);
	expect_vector(test, vm, 5);
	pulse(vm, 5);
	pulse(vm, 4);
	expect_vector(test, vm, 4);
	expect_vector(test, vm, 5);
}

static void pic_mask(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, MASTER + 1, 1, 0x10);
	fixture_out(vm, SLAVE + 1, 1, 0x02);
	pulse(vm, 4);
	pulse(vm, 9);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* Masked requests are seen, and wait */
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0x10);
	KUNIT_EXPECT_EQ(test, irr(vm, SLAVE), 0x02);
	fixture_out(vm, SLAVE + 1, 1, 0x00);
	expect_vector(test, vm, 9);
	eoi(vm, 9);
	fixture_out(vm, MASTER + 1, 1, 0xff);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER + 1, 1, 0xef);
	expect_vector(test, vm, 4);
	/* Masking one that is in service does not let lower ones pass */
	fixture_out(vm, MASTER + 1, 1, 0x10);
	pulse(vm, 5);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* The cascade can be masked */
	fixture_out(vm, MASTER, 1, EOI);
	fixture_out(vm, MASTER + 1, 1, 0x24);
	pulse(vm, 14);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, irr(vm, MASTER), 0x24);
	fixture_out(vm, MASTER + 1, 1, 0x20);
	expect_vector(test, vm, 14);
}

static void pic_poll(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	fixture_out(vm, MASTER, 1, POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0);
	pulse(vm, 6);
	pulse(vm, 10);
	/* One read only, and it acknowledges */
	fixture_out(vm, MASTER, 1, POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x82);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x04);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x04);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0);
	fixture_out(vm, SLAVE, 1, POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, SLAVE, 1), 0x82);
	KUNIT_EXPECT_EQ(test, isr(vm, SLAVE), 0x04);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	eoi(vm, 10);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	/* At the data port too: the next read is a poll, then the IMR is back */
	fixture_out(vm, MASTER + 1, 1, 0x01);
	fixture_out(vm, MASTER, 1, POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0x86);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 1), 0x01);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* Blocked by what is in service: nothing to report */
	pulse(vm, 7);
	fixture_out(vm, MASTER, 1, POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0);
	/* Poll wins over a register read in the same word, and the choice holds after it */
	fixture_out(vm, MASTER, 1, POLL | READ_ISR);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x40);
}

static void pic_status(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	pulse(vm, 1);
	expect_vector(test, vm, 1);
	pulse(vm, 4);
	/* IRR after ICW1; RIS counts only with RR; no OCW2 or OCW1 changes it */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x10);
	fixture_out(vm, MASTER, 1, 0x09);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x10);
	fixture_out(vm, MASTER, 1, READ_ISR);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x02);
	fixture_out(vm, MASTER, 1, 0x08);
	fixture_out(vm, MASTER, 1, NO_OPERATION);
	fixture_out(vm, MASTER + 1, 1, 0x00);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x02);
	fixture_out(vm, MASTER, 1, READ_IRR);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x10);
	/* The chips have a choice each */
	fixture_out(vm, SLAVE, 1, READ_ISR);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 1), 0x10);
}

static void pic_special_mask(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	pulse(vm, 3);
	expect_vector(test, vm, 3);
	pulse(vm, 5);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* SMM counts only with ESMM */
	fixture_out(vm, MASTER + 1, 1, 0x08);
	fixture_out(vm, MASTER, 1, 0x28);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* The routine of IR3 masks its own level: all others may interrupt */
	fixture_out(vm, MASTER, 1, SPECIAL_MASK);
	expect_vector(test, vm, 5);
	pulse(vm, 3);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	pulse(vm, 6);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	/* A non-specific EOI leaves out the masked one; there is no other in service then */
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x08);
	fixture_out(vm, MASTER, 1, EOI);
	fixture_out(vm, MASTER, 1, ROTATE_EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0x08);
	expect_vector(test, vm, 6);
	fixture_out(vm, MASTER, 1, EOI);
	pulse(vm, 7);
	KUNIT_EXPECT_TRUE(test, intr(vm));
	fixture_out(vm, MASTER, 1, NORMAL_MASK);
	KUNIT_EXPECT_FALSE(test, intr(vm));
	fixture_out(vm, MASTER, 1, EOI);
	KUNIT_EXPECT_EQ(test, isr(vm, MASTER), 0);
	expect_vector(test, vm, 7);
}

static void pic_widths(struct kunit *test)
{
	struct axvm_vm *vm = pic_vm(test);

	pulse(vm, 4);
	fixture_out(vm, MASTER + 1, 1, 0x33);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 2), 0x3310);
	/* The lower port first: OCW3, then the IMR */
	fixture_out(vm, MASTER, 2, 0x6600 | READ_ISR);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 2), 0x6600);
	/* Poll at the lower port, IMR at the upper */
	fixture_out(vm, MASTER, 2, 0x0100 | POLL);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 2), 0x0184);
	/* Not whole inside: nobody's */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER, 4), 0xffffffff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, MASTER + 1, 2), 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, ELCR + 1, 2), 0xffff);
}

static struct kunit_case pic_cases[] = {
	KUNIT_CASE(pic_vectors),
	KUNIT_CASE(pic_vector_base),
	KUNIT_CASE(pic_initialization),
	KUNIT_CASE(pic_short_initialization),
	KUNIT_CASE(pic_fully_nested),
	KUNIT_CASE(pic_specific_eoi),
	KUNIT_CASE(pic_rotation),
	KUNIT_CASE(pic_automatic_eoi),
	KUNIT_CASE(pic_mask),
	KUNIT_CASE(pic_poll),
	KUNIT_CASE(pic_status),
	KUNIT_CASE(pic_special_mask),
	KUNIT_CASE(pic_widths),
	{}
};

static struct kunit_suite pic_suite = {
	.name = "axvm-pic8259",
	.test_cases = pic_cases,
};

kunit_test_suite(pic_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: 8259A command words");
