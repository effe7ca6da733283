// SPDX-License-Identifier: GPL-2.0
/*
 * The IOAPIC: edges, levels, Remote IRR (82093AA datasheet). The line is COM1's: up while its
 * transmitter is empty and may say so. Edges are its going up.
 */
#include "guest.h"

const char *const guest_name = "ioapic";

#define LEVEL	(RED_LEVEL | DM_FIXED)

static void line_up(void)
{
	while (!(in8(COM1 + 5) & 0x20))	/* LSR.THRE */
		cpu_relax();
	out8(COM1 + 1, 2);		/* IER.ETBEI */
}

static void line_down(void)
{
	out8(COM1 + 1, 0);
}

static void line_pulse(void)
{
	line_up();
	line_down();
}

static bool remote_irr(void)
{
	return ioapic_get(PIN_COM1) & RED_REMOTE_IRR;
}

static void test_registers(void)
{
	ioapic_write(0, ~0U);
	CHECK_EQ(ioapic_read(0), 0x0f000000);
	ioapic_write(0, 0);
	CHECK_EQ(ioapic_read(0), 0);
	CHECK_EQ(ioapic_read(1) >> 16 & 0xff, 23);
	ioapic_write(0x10 + 2 * 5, ~0U);
	ioapic_write(0x11 + 2 * 5, ~0U);
	CHECK_EQ(ioapic_read(0x10 + 2 * 5), 0x1afff);
	CHECK_EQ(ioapic_read(0x11 + 2 * 5), 0xff000000);
	ioapic_set(5, RED_MASKED, 0);
	CHECK_EQ(ioapic_get(5), RED_MASKED);
}

/* An edge is sent once, however long the line stays up. */
static void test_edge(void)
{
	struct cpu *cpu = this_cpu();

	ioapic_set(PIN_COM1, 0x50, 0);
	line_up();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	CHECK(!remote_irr());
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	line_down();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	line_pulse();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 2);
	/* Edges that nobody took yet are one. */
	line_pulse();
	line_pulse();
	irqs_window();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 3);
}

/* An edge on a masked pin is lost. */
static void test_edge_masked(void)
{
	ioapic_set(PIN_COM1, 0x50 | RED_MASKED, 0);
	line_pulse();
	line_up();
	ioapic_set(PIN_COM1, 0x50, 0);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	line_down();
}

static void quiet_in_handler(struct frame *frame)
{
	CHECK(remote_irr());
	CHECK(apic_has(APIC_TMR, frame->vector));
	line_down();
}

/* A level sets Remote IRR until its EOI. */
static void test_level(void)
{
	struct cpu *cpu = this_cpu();

	cpu->hook = quiet_in_handler;
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	CHECK(!remote_irr());
	line_up();
	CHECK(remote_irr());
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	CHECK(!remote_irr());
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
}

static void quiet_the_third_time(struct frame *frame)
{
	if (this_cpu()->count[frame->vector] == 3)
		line_down();
}

/* It is sent again after the EOI while the line is up. */
static void test_level_again(void)
{
	struct cpu *cpu = this_cpu();
	u32 i;

	cpu->hook = quiet_the_third_time;
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	line_up();
	for (i = 0; i < 6; i++)
		irqs_window();
	CHECK_EQ(cpu->count[0x50], 3);
	CHECK(!remote_irr());
}

/* Before the EOI nothing is sent, also if the line goes down and up. */
static void test_level_before_eoi(void)
{
	struct cpu *cpu = this_cpu();

	cpu->no_eoi = true;
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	line_up();
	irqs_window();
	line_down();
	CHECK(remote_irr());
	line_up();
	CHECK(!apic_has(APIC_IRR, 0x50));
	apic_write(APIC_EOI, 0);
	CHECK(apic_has(APIC_IRR, 0x50));
	CHECK(remote_irr());
	line_down();
	/* It was sent while the line was up, and comes. */
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 2);
	apic_write(APIC_EOI, 0);
	CHECK(!remote_irr());
}

/* A masked level is sent when it is unmasked. */
static void test_level_masked(void)
{
	struct cpu *cpu = this_cpu();

	cpu->hook = quiet_in_handler;
	ioapic_set(PIN_COM1, 0x50 | LEVEL | RED_MASKED, 0);
	line_up();
	irqs_window();
	CHECK_EQ(cpu->nr, 0);
	CHECK(!remote_irr());
	ioapic_write(0x10 + 2 * PIN_COM1, 0x50 | LEVEL);
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
}

/* Masked between sending and EOI: Remote IRR goes with the EOI, and no more comes. */
static void mask_in_handler(struct frame *frame)
{
	ioapic_write(0x10 + 2 * PIN_COM1, frame->vector | LEVEL | RED_MASKED);
	CHECK(remote_irr());
}

static void test_level_masked_in_service(void)
{
	struct cpu *cpu = this_cpu();

	cpu->hook = mask_in_handler;
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	line_up();
	irqs_window();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	CHECK(!remote_irr());
	line_down();
	ioapic_write(0x10 + 2 * PIN_COM1, 0x50 | LEVEL);
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
}

/* The trick of Linux: what is stuck in Remote IRR is freed by being an edge for a moment. */
static void test_remote_irr_cleared_by_edge(void)
{
	struct cpu *cpu = this_cpu();

	cpu->no_eoi = true;
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	line_up();
	irqs_window();
	line_down();
	CHECK(remote_irr());
	ioapic_write(0x10 + 2 * PIN_COM1, 0x50 | RED_MASKED);
	ioapic_write(0x10 + 2 * PIN_COM1, 0x50 | LEVEL | RED_MASKED);
	CHECK(!remote_irr());
	apic_write(APIC_EOI, 0);
}

/* An EOI of an edge is nobody's business. */
static void test_edge_sets_no_tmr(void)
{
	ioapic_set(PIN_COM1, 0x50 | LEVEL, 0);
	line_up();
	CHECK(apic_has(APIC_TMR, 0x50));
	line_down();
	irqs_window();
	ioapic_set(PIN_COM1, 0x50, 0);
	line_pulse();
	CHECK(apic_has(APIC_IRR, 0x50));
	CHECK(!apic_has(APIC_TMR, 0x50));
	irqs_window();
	CHECK_EQ(this_cpu()->count[0x50], 2);
}

/* To another CPU, physically and logically */
static void test_destinations(void)
{
	struct cpu *other = cpu_of(1);

	if (nr_cpus < 2)
		return;
	ioapic_set(PIN_COM1, 0x50, 1);
	line_pulse();
	CHECK(wait_for(&other->count[0x50], 1));
	ioapic_set(PIN_COM1, 0x51 | RED_LOGICAL, 0x80);	/* nobody's */
	line_pulse();
	ioapic_set(PIN_COM1, 0x52, 0xff);		/* all */
	line_pulse();
	CHECK(wait_for(&other->count[0x52], 1));
	irqs_window();
	CHECK_EQ(this_cpu()->count[0x52], 1);
	CHECK_EQ(this_cpu()->nr, 1);
	CHECK_EQ(other->nr, 2);
}

/* NMI is an edge, and needs no vector. */
static void test_nmi(void)
{
	ioapic_set(PIN_COM1, DM_NMI, 0);
	line_up();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 1));
	line_down();
	line_pulse();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 2));
	CHECK_EQ(this_cpu()->nr, 2);
}

const struct test tests[] = {
	{ "registers", test_registers },
	{ "edge", test_edge },
	{ "edge, masked", test_edge_masked },
	{ "level", test_level },
	{ "level, again", test_level_again },
	{ "level before EOI", test_level_before_eoi },
	{ "level, masked", test_level_masked },
	{ "level, masked in service", test_level_masked_in_service },
	{ "Remote IRR cleared by an edge", test_remote_irr_cleared_by_edge },
	{ "TMR", test_edge_sets_no_tmr },
	{ "destinations", test_destinations },
	{ "NMI", test_nmi },
	{ }
};
