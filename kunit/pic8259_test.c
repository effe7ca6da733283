// SPDX-License-Identifier: GPL-2.0
/*
 * devices/pic8259.c against the 8259A datasheet (Intel 231468): the test is the CPU and
 * the devices, and drives lines as userspace does.
 */
#include <linux/prandom.h>

#include "fixture.h"

#define MASTER		0x20
#define SLAVE		0xa0
#define COMMAND		0
#define DATA		1
#define ELCR		0x4d0

#define BASE		0x20	/* vectors of the master; the slave's follow */

#define EOI		0x20	/* OCW2 */
#define SPECIFIC_EOI	0x60
#define ROTATE_EOI	0xa0
#define ROTATE_SPECIFIC	0xe0
#define ROTATE_AEOI_ON	0x80
#define ROTATE_AEOI_OFF	0x00
#define SET_PRIORITY	0xc0
#define NO_OPERATION	0x40

#define READ_IRR	0x0a	/* OCW3 */
#define READ_ISR	0x0b
#define POLL		0x0c
#define SPECIAL_MASK	0x68
#define NORMAL_MASK	0x48

#define AEOI		0x03	/* ICW4, with uPM */
#define SFNM		0x11

/* The device's saved state: two of these */
struct pic_saved {
	u8 lines, edges, isr, imr, elcr, icw1, icw2, icw3, icw4;
	u8 step, lowest, read_isr, poll, special_mask, rotate_aeoi, reserved;
};

static struct axvm_device *pic_of(struct axvm_vm *vm)
{
	return vm->arch.pic;
}

static bool intr(struct axvm_vm *vm)
{
	return vm->arch.extint->pending(pic_of(vm));
}

/* The CPU's INTA cycle */
static int inta(struct axvm_vm *vm)
{
	return vm->arch.extint->ack(pic_of(vm));
}

static void line(struct axvm_vm *vm, unsigned int irq, bool level)
{
	axvm_irq_line_user(vm, irq, level ? AXVM_IRQ_RAISE : AXVM_IRQ_LOWER);
}

static void pulse(struct axvm_vm *vm, unsigned int irq)
{
	axvm_irq_line_user(vm, irq, AXVM_IRQ_PULSE);
}

static u8 irr(struct axvm_vm *vm, u16 chip)
{
	fixture_out(vm, chip, 1, READ_IRR);
	return fixture_in(vm, chip, 1);
}

static u8 isr(struct axvm_vm *vm, u16 chip)
{
	fixture_out(vm, chip, 1, READ_ISR);
	return fixture_in(vm, chip, 1);
}

static void program(struct axvm_vm *vm, u8 icw1, u8 master_icw4, u8 slave_icw4)
{
	fixture_out(vm, MASTER + COMMAND, 1, icw1);
	fixture_out(vm, MASTER + DATA, 1, BASE);
	fixture_out(vm, MASTER + DATA, 1, 0x04);
	fixture_out(vm, MASTER + DATA, 1, master_icw4);
	fixture_out(vm, SLAVE + COMMAND, 1, icw1);
	fixture_out(vm, SLAVE + DATA, 1, BASE + 8);
	fixture_out(vm, SLAVE + DATA, 1, 0x02);
	fixture_out(vm, SLAVE + DATA, 1, slave_icw4);
}

/* A VM with the pair, as a PC's firmware leaves it */
static struct axvm_vm *pic_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);

	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, vm->arch.extint);
	program(vm, 0x11, 0x01, 0x01);
	return vm;
}

static void eoi(struct axvm_vm *vm, unsigned int irq)
{
	if (irq >= 8)
		fixture_out(vm, SLAVE, 1, EOI);
	fixture_out(vm, MASTER, 1, EOI);
}

static void expect_vector(struct kunit *test, struct axvm_vm *vm, unsigned int irq)
{
	KUNIT_EXPECT_TRUE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + irq);
}

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
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, dev->id), 0);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_NULL(test, vm->arch.extint);
	KUNIT_EXPECT_NULL(test, vm->arch.pic);
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
	KUNIT_CASE(pic_edge),
	KUNIT_CASE(pic_level),
	KUNIT_CASE(pic_elcr),
	KUNIT_CASE(pic_ltim),
	KUNIT_CASE(pic_spurious),
	KUNIT_CASE(pic_poll),
	KUNIT_CASE(pic_status),
	KUNIT_CASE(pic_special_mask),
	KUNIT_CASE(pic_special_fully_nested),
	KUNIT_CASE(pic_cascade),
	KUNIT_CASE(pic_wrong_icw3),
	KUNIT_CASE(pic_lines),
	KUNIT_CASE(pic_late),
	KUNIT_CASE(pic_widths),
	KUNIT_CASE(pic_save_restore),
	KUNIT_CASE(pic_restore_refuses),
	KUNIT_CASE(pic_reset),
	KUNIT_CASE(pic_config),
	KUNIT_CASE(pic_hostile),
	{}
};

static struct kunit_suite pic_suite = {
	.name = "axvm-pic8259",
	.test_cases = pic_cases,
};

kunit_test_suite(pic_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: 8259A interrupt controllers");
