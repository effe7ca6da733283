// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts from CPU to CPU: modes, destinations, shorthands, INIT and start-up, in xAPIC
 * and x2APIC mode: SDM Vol. 3A 10.6, 10.12.9 and 9.4.
 */
#include "guest.h"

const char *const guest_name = "ipi";

#define VECTOR	0x50

/* Each CPU of @ids (bits) got @vector once since the last time, and no other did. */
static void expect(u32 ids, u8 vector)
{
	u32 i;

	for (i = 0; i < nr_cpus; i++) {
		if (i)
			sync_with(i);
		else
			irqs_window();
		CHECK_EQ(cpus[i].count[vector], ids >> i & 1);
		cpus[i].count[vector] = 0;
	}
}

static u32 all(void)
{
	return (1U << nr_cpus) - 1;
}

static void enter_x2apic(void)
{
	apic_set_x2apic(true);
}

static void all_to_x2apic(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++)
		run_on(i, enter_x2apic);
	enter_x2apic();
}

/* --- destinations ---------------------------------------------------------- */

static void physical(void)
{
	u32 i;

	for (i = 0; i < nr_cpus; i++) {
		apic_send(i, VECTOR);
		expect(1U << i, VECTOR);
	}
	apic_send(nr_cpus, VECTOR);	/* nobody */
	expect(0, VECTOR);
}

static void shorthands(void)
{
	apic_send(0, ICR_SELF | VECTOR);
	expect(1, VECTOR);
	apic_send(0, ICR_ALL | VECTOR);
	expect(all(), VECTOR);
	apic_send(0, ICR_OTHERS | VECTOR);
	expect(all() & ~1, VECTOR);
}

static void test_physical(void)
{
	physical();
	apic_send(0xff, VECTOR);	/* broadcast */
	expect(all(), VECTOR);
}

static void test_shorthands(void)
{
	shorthands();
}

static void test_x2apic_physical(void)
{
	all_to_x2apic();
	physical();
	apic_send(0xffffffff, VECTOR);
	expect(all(), VECTOR);
	apic_send(0xff, VECTOR);	/* an id like any other, nobody's */
	expect(0, VECTOR);
}

static void test_x2apic_shorthands(void)
{
	all_to_x2apic();
	shorthands();
}

/* 10.6.2.2: the flat model is a bit a CPU. */
static void flat_ldr(void)
{
	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_LDR, 1U << (24 + this_id()));
}

static void test_flat(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++)
		run_on(i, flat_ldr);
	flat_ldr();
	for (i = 1; i < 1U << nr_cpus && i < 16; i++) {
		apic_send(i, ICR_LOGICAL | VECTOR);
		expect(i, VECTOR);
	}
	apic_send(0xff, ICR_LOGICAL | VECTOR);
	expect(all(), VECTOR);
	apic_send(0, ICR_LOGICAL | VECTOR);
	expect(0, VECTOR);
}

/* The cluster model: two CPUs in each cluster; a message goes to CPUs of one. */
static void cluster_ldr(void)
{
	u32 id = this_id();

	apic_write(APIC_DFR, 0x0fffffff);
	apic_write(APIC_LDR, (id / 2 << 4 | 1U << id % 2) << 24);
}

static void test_cluster(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++)
		run_on(i, cluster_ldr);
	cluster_ldr();
	for (i = 0; i < nr_cpus; i++) {
		apic_send(i / 2 << 4 | 1U << i % 2, ICR_LOGICAL | VECTOR);
		expect(1U << i, VECTOR);
	}
	for (i = 0; i < nr_cpus; i += 2) {
		apic_send(i / 2 << 4 | 3, ICR_LOGICAL | VECTOR);
		expect(3U << i & all(), VECTOR);
	}
	apic_send(0x71, ICR_LOGICAL | VECTOR);	/* a cluster without CPUs */
	expect(0, VECTOR);
	apic_send(0xff, ICR_LOGICAL | VECTOR);
	expect(all(), VECTOR);
}

/* 10.12.10: cluster and bit follow from the id. */
static void test_x2apic_logical(void)
{
	u32 i;

	all_to_x2apic();
	for (i = 0; i < nr_cpus; i++) {
		apic_send(1U << i, ICR_LOGICAL | VECTOR);
		expect(1U << i, VECTOR);
	}
	apic_send(5, ICR_LOGICAL | VECTOR);
	expect(5 & all(), VECTOR);
	apic_send(0x10001, ICR_LOGICAL | VECTOR);	/* CPU 16 */
	expect(0, VECTOR);
	apic_send(0xffffffff, ICR_LOGICAL | VECTOR);
	expect(all(), VECTOR);
}

/* --- lowest priority: 10.6.2.4 --------------------------------------------- */

static void raise_tpr(void)
{
	apic_write(APIC_TPR, 0x20 + this_id() * 0x10);
}

static void test_lowest_priority(void)
{
	u32 i, j, sum;

	if (nr_cpus < 2)
		return;
	for (i = 1; i < nr_cpus; i++)
		run_on(i, flat_ldr);
	flat_ldr();
	/* Equal ones: one of them, whichever */
	for (j = 0; j < 8; j++) {
		apic_send(0xff, ICR_LOGICAL | DM_LOWEST | 0xe0);
		for (i = 0, sum = 0; i < nr_cpus; i++) {
			if (i)
				sync_with(i);
			else
				irqs_window();
			sum += cpus[i].count[0xe0];
		}
		CHECK_EQ(sum, j + 1);
	}
	for (i = 0; i < nr_cpus; i++)
		cpus[i].count[0xe0] = 0;
	/* CPU 1 has the lowest but for CPU 0, which is not asked. */
	apic_write(APIC_TPR, 0xd0);
	for (i = nr_cpus - 1; i; i--) {
		start_run_on(i, raise_tpr);
		join(i);
	}
	for (j = 0; j < 4; j++)
		apic_send(0xff, ICR_LOGICAL | DM_LOWEST | 0xe0);
	CHECK(wait_for(&cpus[1].count[0xe0], 1));
	apic_write(APIC_TPR, 0);
	irqs_window();
	for (i = 0; i < nr_cpus; i++)
		CHECK_EQ(!!cpus[i].count[0xe0], i == 1);
}

/* --- NMI, INIT, start-up ---------------------------------------------------- */

static void test_nmi(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++) {
		apic_send(i, DM_NMI | ICR_ASSERT);
		CHECK(wait_for(&cpus[i].count[VECTOR_NMI], 1));
	}
	apic_send(0, ICR_OTHERS | DM_NMI | ICR_ASSERT);
	for (i = 1; i < nr_cpus; i++)
		CHECK(wait_for(&cpus[i].count[VECTOR_NMI], 2));
	CHECK_EQ(cpus[0].nr, 0);
}

static void spin_masked(void)
{
	irqs_off();
	wait_for(&cpus[0].count[0x90], 1);
}

/* INIT stops a CPU whatever it does, and only a start-up IPI starts it again. */
static void test_init(void)
{
	struct cpu *other = &cpus[1];
	u32 starts = other->starts;

	if (nr_cpus < 2)
		return;
	/* A start-up IPI to one that runs does nothing, nor does an INIT's de-assertion. */
	apic_send(1, DM_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	apic_send(1, DM_INIT | ICR_LEVEL);
	sync_with(1);
	CHECK_EQ(other->starts, starts);

	/* One that sleeps, one that spins with interrupts off */
	init_and_start(1);
	CHECK_EQ(other->starts, starts + 1);
	start_run_on(1, spin_masked);
	init_and_start(1);
	CHECK_EQ(other->starts, starts + 2);
	sync_with(1);
}

/* 9.4.4: what is sent while it waits is no use; its APIC was reset. */
static void test_wait_for_sipi(void)
{
	struct cpu *other = &cpus[1];
	u32 starts = other->starts;

	if (nr_cpus < 2)
		return;
	apic_send(1, DM_INIT | ICR_LEVEL | ICR_ASSERT);
	apic_send(1, VECTOR);	/* not accepted: it is off by software */
	apic_send(1, DM_NMI | ICR_ASSERT);	/* in real mode it would be the end */
	apic_send(1, DM_INIT | ICR_LEVEL | ICR_ASSERT);
	CHECK_EQ(other->count[VECTOR], 0);
	CHECK_EQ(other->starts, starts);
	/* Two start-up IPIs, as everybody sends them, start it once. */
	apic_send(1, DM_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	apic_send(1, DM_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	CHECK(wait_for(&other->starts, starts + 1));
	sync_with(1);
	sync_with(1);
	CHECK_EQ(other->starts, starts + 1);
	CHECK_EQ(other->count[VECTOR], 0);
}

/* INIT keeps x2APIC mode: 10.12.5.1. */
static void test_init_in_x2apic(void)
{
	if (nr_cpus < 2)
		return;
	all_to_x2apic();
	init_and_start(1);
	CHECK(cpus[1].x2apic);
	apic_send(1, VECTOR);
	CHECK(wait_for(&cpus[1].count[VECTOR], 1));
}

static void test_all_start_again(void)
{
	u32 i, starts[MAX_CPUS];

	for (i = 1; i < nr_cpus; i++)
		starts[i] = cpus[i].starts;
	apic_send(0, ICR_OTHERS | DM_INIT | ICR_LEVEL | ICR_ASSERT);
	apic_send(0, ICR_OTHERS | DM_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	for (i = 1; i < nr_cpus; i++)
		CHECK(wait_for(&cpus[i].starts, starts[i] + 1));
}

/* --- many ------------------------------------------------------------------- */

#define PING	0x60
#define PONG	0x61
#define ROUNDS	200

static void pong(struct frame *frame)
{
	if (frame->vector == PING)
		apic_send(0, PONG);
}

/* Back and forth; none may be lost. */
static void test_ping_pong(void)
{
	struct cpu *cpu = this_cpu();
	u32 i, id;

	for (id = 1; id < nr_cpus; id++)
		cpus[id].hook = pong;
	for (i = 0; i < ROUNDS && nr_cpus > 1; i++) {
		apic_send(1 + i % (nr_cpus - 1), PING);
		while (cpu->count[PONG] <= i)
			sleep_until_interrupt();
	}
	CHECK_EQ(cpu->count[PONG], nr_cpus > 1 ? ROUNDS : 0);
}

/*
 * Everybody to everybody, round by round. A vector for even rounds and one for odd ones, as
 * nobody is more than one round ahead: none falls together with the one before.
 */
static u8 round_vector(u32 id, u32 round)
{
	return 0x70 + 2 * id + round % 2;
}

static void all_to_all(void)
{
	u32 id = this_id(), i, j;

	for (i = 0; i < ROUNDS; i++) {
		apic_send(0, ICR_OTHERS | round_vector(id, i));
		for (j = 0; j < nr_cpus; j++)
			while (j != id && cpus[id].count[round_vector(j, i)] < i / 2 + 1)
				sleep_until_interrupt();
	}
}

static void test_all_to_all(void)
{
	u32 i, j;

	for (i = 1; i < nr_cpus; i++)
		start_run_on(i, all_to_all);
	all_to_all();
	for (i = 1; i < nr_cpus; i++)
		join(i);
	for (i = 0; i < nr_cpus; i++)
		for (j = 0; j < nr_cpus; j++)
			CHECK_EQ(cpus[i].count[round_vector(j, 1)], i == j ? 0 : ROUNDS / 2);
}

const struct test tests[] = {
	{ "physical", test_physical },
	{ "shorthands", test_shorthands },
	{ "logical, flat", test_flat },
	{ "logical, cluster", test_cluster },
	{ "lowest priority", test_lowest_priority },
	{ "x2APIC physical", test_x2apic_physical },
	{ "x2APIC shorthands", test_x2apic_shorthands },
	{ "x2APIC logical", test_x2apic_logical },
	{ "NMI", test_nmi },
	{ "INIT", test_init },
	{ "waiting for start-up", test_wait_for_sipi },
	{ "INIT in x2APIC mode", test_init_in_x2apic },
	{ "all start again", test_all_start_again },
	{ "ping-pong", test_ping_pong },
	{ "all to all", test_all_to_all },
	{ }
};
