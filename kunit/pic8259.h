/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of devices/pic8259.c stand on: the test is the CPU, which takes the
 * interrupts, and the devices, whose lines it drives as userspace does.
 */
#ifndef AXVM_KUNIT_PIC8259_H
#define AXVM_KUNIT_PIC8259_H

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

static inline struct axvm_device *pic_of(struct axvm_vm *vm)
{
	return vm->arch.pic;
}

static inline bool intr(struct axvm_vm *vm)
{
	return vm->arch.extint->pending(pic_of(vm));
}

/* The CPU's INTA cycle */
static inline int inta(struct axvm_vm *vm)
{
	return vm->arch.extint->ack(pic_of(vm));
}

static inline void line(struct axvm_vm *vm, unsigned int irq, bool level)
{
	axvm_irq_line_user(vm, irq, level ? AXVM_IRQ_RAISE : AXVM_IRQ_LOWER);
}

static inline void pulse(struct axvm_vm *vm, unsigned int irq)
{
	axvm_irq_line_user(vm, irq, AXVM_IRQ_PULSE);
}

static inline u8 irr(struct axvm_vm *vm, u16 chip)
{
	fixture_out(vm, chip, 1, READ_IRR);
	return fixture_in(vm, chip, 1);
}

static inline u8 isr(struct axvm_vm *vm, u16 chip)
{
	fixture_out(vm, chip, 1, READ_ISR);
	return fixture_in(vm, chip, 1);
}

static inline void program(struct axvm_vm *vm, u8 icw1, u8 master_icw4, u8 slave_icw4)
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
static inline struct axvm_vm *pic_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);

	fixture_device(test, vm, AXVM_DEV_PIC, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, vm->arch.extint);
	program(vm, 0x11, 0x01, 0x01);
	return vm;
}

static inline void eoi(struct axvm_vm *vm, unsigned int irq)
{
	if (irq >= 8)
		fixture_out(vm, SLAVE, 1, EOI);
	fixture_out(vm, MASTER, 1, EOI);
}

static inline void expect_vector(struct kunit *test, struct axvm_vm *vm, unsigned int irq)
{
	KUNIT_EXPECT_TRUE(test, intr(vm));
	KUNIT_EXPECT_EQ(test, inta(vm), BASE + irq);
}

#endif /* AXVM_KUNIT_PIC8259_H */
