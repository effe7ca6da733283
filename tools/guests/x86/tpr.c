// SPDX-License-Identifier: GPL-2.0
/* Priorities: TPR, CR8, PPR, nesting: SDM Vol. 3A 10.8.3 and 10.8.6. */
#include "guest.h"

const char *const guest_name = "tpr";

/* CR8 is bits 7:4 of TPR, and both ways it is the same register. */
static void test_cr8_is_tpr(void)
{
	u32 i;

	for (i = 0; i < 16; i++) {
		set_cr8(i);
		CHECK_EQ(apic_read(APIC_TPR), i << 4);
		CHECK_EQ(get_cr8(), i);
	}
	apic_write(APIC_TPR, 0x7b);
	CHECK_EQ(get_cr8(), 7);
	CHECK_EQ(apic_read(APIC_TPR), 0x7b);	/* a read changes nothing */
	set_cr8(7);
	CHECK_EQ(apic_read(APIC_TPR), 0x70);	/* a write clears bits 3:0 */
	CHECK_EQ(set_cr8_fault(16), VECTOR_GP);
	CHECK_EQ(set_cr8_fault(1UL << 32), VECTOR_GP);
	CHECK_EQ(get_cr8(), 7);
	set_cr8(0);
}

/* A vector comes if its class is above that of TPR, not if it is the same. */
static void test_masks_classes(void)
{
	struct cpu *cpu = this_cpu();
	u32 class, vector;

	for (class = 2; class < 15; class++) {
		vector = class << 4 | 9;
		set_cr8(class);
		apic_send(0, ICR_SELF | vector);
		irqs_window();
		CHECK_EQ(cpu->count[vector], 0);
		CHECK(apic_has(APIC_IRR, vector));
		set_cr8(class - 1);
		irqs_window();
		CHECK_EQ(cpu->count[vector], 1);
		set_cr8(0);
	}
}

/* Lowered with interrupts on, by each way: what waits comes before the next instructions. */
static void test_lowering_delivers(void)
{
	struct cpu *cpu = this_cpu();
	u32 way;

	for (way = 0; way < 3; way++) {
		apic_set_x2apic(way == 2);
		set_cr8(15);
		apic_send(0, ICR_SELF | 0x80);
		irqs_on();
		asm volatile("nop");
		CHECK_EQ(cpu->count[0x80], way);
		if (way)
			apic_write(APIC_TPR, 0);
		else
			set_cr8(0);
		asm volatile("nop");
		CHECK_EQ(cpu->count[0x80], way + 1);
		irqs_off();
	}
}

/* Of what waits, only what is above the new value comes. */
static void test_lowering_in_steps(void)
{
	struct cpu *cpu = this_cpu();
	u32 class;

	set_cr8(15);
	for (class = 3; class < 15; class++)
		apic_send(0, ICR_SELF | class << 4 | 1);
	irqs_on();
	for (class = 14; class >= 3; class--) {
		set_cr8(class);
		asm volatile("nop");
		CHECK_EQ(cpu->nr, 14 - class);
	}
	set_cr8(0);
	asm volatile("nop");
	irqs_off();
	CHECK_EQ(cpu->nr, 12);
	for (class = 14; class >= 3; class--)
		CHECK_EQ(cpu->log[14 - class], class << 4 | 1);
}

static void test_ppr(void)
{
	apic_write(APIC_TPR, 0x5a);
	CHECK_EQ(apic_read(APIC_PPR), 0x5a);
	set_cr8(0);
	CHECK_EQ(apic_read(APIC_PPR), 0);
}

/* In a handler PPR is the class in service, unless TPR is above. */
static void ppr_in_handler(struct frame *frame)
{
	CHECK_EQ(apic_read(APIC_PPR), 0x60);
	apic_write(APIC_TPR, 0x20);
	CHECK_EQ(apic_read(APIC_PPR), 0x60);
	apic_write(APIC_TPR, 0x93);
	CHECK_EQ(apic_read(APIC_PPR), 0x93);
	apic_write(APIC_TPR, 0);
	CHECK_EQ(frame->vector, 0x64);
}

static void test_ppr_in_service(void)
{
	this_cpu()->hook = ppr_in_handler;
	apic_send(0, ICR_SELF | 0x64);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 1);
}

/* In a handler: the same class waits, the next one interrupts it. */
static void nesting(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (frame->vector != 0x50)
		return;
	apic_send(0, ICR_SELF | 0x5f);
	apic_send(0, ICR_SELF | 0x41);
	irqs_window();
	CHECK_EQ(cpu->nr, 1);
	apic_send(0, ICR_SELF | 0x60);
	irqs_window();
	CHECK_EQ(cpu->nr, 2);
	CHECK_EQ(cpu->log[1], 0x60);
}

static void test_nesting(void)
{
	struct cpu *cpu = this_cpu();

	cpu->hook = nesting;
	apic_send(0, ICR_SELF | 0x50);
	irqs_window();
	irqs_window();
	irqs_window();
	CHECK_EQ(cpu->nr, 4);
	CHECK_EQ(cpu->log[2], 0x5f);
	CHECK_EQ(cpu->log[3], 0x41);
}

/* Without EOI the class stays masked; EOI ends the highest in service, whoever wrote it. */
static void test_eoi(void)
{
	struct cpu *cpu = this_cpu();

	cpu->no_eoi = true;
	apic_send(0, ICR_SELF | 0x50);
	irqs_window();
	apic_send(0, ICR_SELF | 0x70);
	irqs_window();
	CHECK_EQ(cpu->nr, 2);
	CHECK(apic_has(APIC_ISR, 0x50) && apic_has(APIC_ISR, 0x70));
	apic_send(0, ICR_SELF | 0x51);
	apic_send(0, ICR_SELF | 0x61);
	irqs_window();
	CHECK_EQ(cpu->nr, 2);
	apic_write(APIC_EOI, 0);
	CHECK(apic_has(APIC_ISR, 0x50) && !apic_has(APIC_ISR, 0x70));
	irqs_window();
	CHECK_EQ(cpu->nr, 3);
	CHECK_EQ(cpu->log[2], 0x61);
	apic_write(APIC_EOI, 0);
	irqs_window();
	CHECK_EQ(cpu->nr, 3);
	apic_write(APIC_EOI, 0);
	irqs_window();
	CHECK_EQ(cpu->nr, 4);
	apic_write(APIC_EOI, 0);
	CHECK_EQ(apic_read(APIC_PPR), 0);
	apic_write(APIC_EOI, 0);	/* one too many does nothing */
}

/* HLT with all masked by TPR: what comes is not enough, NMI aside. */
static void test_halted_and_masked(void)
{
	struct cpu *cpu = this_cpu();

	set_cr8(5);
	apic_write(APIC_TDCR, TDCR_DIV_1);
	apic_write(APIC_LVTT, 0x48);
	apic_write(APIC_TMICT, 100000);
	apic_send(0, ICR_SELF | 0x52);
	while (apic_read(APIC_TMCCT))
		cpu_relax();
	apic_write(APIC_LVTT, 0x68);
	apic_write(APIC_TMICT, 100000);
	sleep_until_interrupt();	/* wakes by 0x68 alone */
	CHECK_EQ(cpu->nr, 1);
	CHECK_EQ(cpu->log[0], 0x68);
	set_cr8(0);
	irqs_window();
	irqs_window();
	CHECK_EQ(cpu->nr, 3);
}

const struct test tests[] = {
	{ "CR8 is TPR", test_cr8_is_tpr },
	{ "TPR masks classes", test_masks_classes },
	{ "lowering TPR delivers", test_lowering_delivers },
	{ "lowering TPR in steps", test_lowering_in_steps },
	{ "PPR", test_ppr },
	{ "PPR in service", test_ppr_in_service },
	{ "nesting", test_nesting },
	{ "EOI", test_eoi },
	{ "HLT, masked by TPR", test_halted_and_masked },
	{ }
};
