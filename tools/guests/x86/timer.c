// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of the local APIC: one-shot, periodic, TSC deadline: SDM Vol. 3A 10.5.4. Nothing
 * here asks how long anything took, but for what must not be too early.
 */
#include "guest.h"

const char *const guest_name = "timer";

#define VECTOR	0x50
#define COUNT	1000000		/* at 1 GHz: 1 ms */
#define LONG	0xffffffffU

static void start(u32 lvt, u32 count)
{
	apic_write(APIC_TDCR, TDCR_DIV_1);
	apic_write(APIC_LVTT, lvt | VECTOR);
	apic_write(APIC_TMICT, count);
}

static bool comes(u32 times)
{
	bool came;

	irqs_on();
	came = wait_for(&this_cpu()->count[VECTOR], times);
	irqs_off();
	return came;
}

/* Longer than the timer would take */
static void wait_a_while(void)
{
	u64 begin = rdtsc(), ticks = tsc_hz() / 250;

	while (rdtsc() - begin < ticks)
		cpu_relax();
}

static void test_one_shot(void)
{
	start(0, COUNT);
	CHECK_EQ(apic_read(APIC_TMICT), COUNT);
	CHECK(apic_read(APIC_TMCCT) <= COUNT);
	CHECK(comes(1));
	CHECK_EQ(apic_read(APIC_TMCCT), 0);
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->count[VECTOR], 1);
	/* Again by writing the count again */
	apic_write(APIC_TMICT, COUNT);
	CHECK(comes(2));
}

static void test_counts_down(void)
{
	u32 before, i, now;

	start(LVT_MASKED, LONG);
	before = apic_read(APIC_TMCCT);
	for (i = 0; i < 100; i++) {
		now = apic_read(APIC_TMCCT);
		CHECK(now <= before);
		before = now;
	}
	CHECK(before < LONG);
	apic_write(APIC_TMICT, 0);
	CHECK_EQ(apic_read(APIC_TMCCT), 0);
}

static void test_stop(void)
{
	start(0, COUNT);
	apic_write(APIC_TMICT, 0);
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
}

static void test_periodic(void)
{
	start(LVT_PERIODIC, COUNT);
	CHECK(comes(5));
	CHECK(apic_read(APIC_TMCCT) <= COUNT);
	apic_write(APIC_TMICT, 0);
	irqs_window();
	this_cpu()->count[VECTOR] = 0;
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->count[VECTOR], 0);
}

/* Masked, it runs all the same; unmasked, what ran out before is not made up for. */
static void test_masked(void)
{
	start(LVT_MASKED, COUNT);
	while (apic_read(APIC_TMCCT))
		cpu_relax();
	apic_write(APIC_LVTT, VECTOR);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	start(LVT_MASKED | LVT_PERIODIC, COUNT);
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	apic_write(APIC_LVTT, LVT_PERIODIC | VECTOR);
	CHECK(comes(2));
}

/* The divider slows the count: with 128 it must not come 64 times too early. */
static void test_divide(void)
{
	u64 begin, fast, slow;

	start(0, 200000);
	begin = rdtsc();
	CHECK(comes(1));
	fast = rdtsc() - begin;
	apic_write(APIC_TDCR, 0xa);	/* 128 */
	begin = rdtsc();
	apic_write(APIC_TMICT, 200000);
	CHECK(comes(2));
	slow = rdtsc() - begin;
	/* 25.6 ms, by the guest's own clock */
	CHECK(slow > tsc_hz() / 50);
	CHECK(slow > fast);
}

/* Sleeping CPUs are woken by it. */
static void test_halt(void)
{
	u32 i;

	for (i = 1; i < 5; i++) {
		start(0, COUNT);
		sleep_until_interrupt();
		CHECK_EQ(this_cpu()->count[VECTOR], i);
	}
}

/* --- TSC deadline: 10.5.4.1 ------------------------------------------------ */

static void deadline_mode(void)
{
	apic_write(APIC_LVTT, LVT_DEADLINE | VECTOR);
}

static void test_deadline(void)
{
	struct cpu *cpu = this_cpu();
	u64 at;

	deadline_mode();
	at = rdtsc() + tsc_hz() / 500;
	wrmsr(MSR_TSC_DEADLINE, at);
	CHECK(comes(1));
	CHECK(rdtsc() >= at);
	CHECK_EQ(rdmsr(MSR_TSC_DEADLINE), 0);
	/* One that is over comes at once. */
	wrmsr(MSR_TSC_DEADLINE, 1);
	irqs_window();
	CHECK_EQ(cpu->count[VECTOR], 2);
	/* 0 disarms. */
	at = rdtsc() + tsc_hz() / 500;
	wrmsr(MSR_TSC_DEADLINE, at);
	wrmsr(MSR_TSC_DEADLINE, 0);
	wait_a_while();
	irqs_window();
	CHECK_EQ(cpu->count[VECTOR], 2);
	/* A later one takes the place of an earlier one. */
	at = rdtsc() + tsc_hz() / 200;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz() / 1000);
	wrmsr(MSR_TSC_DEADLINE, at);
	CHECK(comes(3));
	CHECK(rdtsc() >= at);
}

static void test_deadline_far(void)
{
	deadline_mode();
	wrmsr(MSR_TSC_DEADLINE, ~0UL);
	CHECK_EQ(rdmsr(MSR_TSC_DEADLINE), ~0UL);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	wrmsr(MSR_TSC_DEADLINE, 0);
}

/* In the other modes the MSR is 0 and ignored; in this one the counts are. */
static void test_modes_apart(void)
{
	start(0, LONG);
	wrmsr(MSR_TSC_DEADLINE, 1);
	CHECK_EQ(rdmsr(MSR_TSC_DEADLINE), 0);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	deadline_mode();
	CHECK_EQ(apic_read(APIC_TMCCT), 0);
	apic_write(APIC_TMICT, COUNT);
	CHECK_EQ(apic_read(APIC_TMCCT), 0);
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
	/* Leaving the mode disarms. */
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz() / 1000);
	apic_write(APIC_LVTT, VECTOR);
	wait_a_while();
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
}

static void test_deadline_halt(void)
{
	u32 i;

	deadline_mode();
	for (i = 1; i < 5; i++) {
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz() / 1000);
		sleep_until_interrupt();
		CHECK_EQ(this_cpu()->count[VECTOR], i);
	}
}

/* Each CPU has its own. */
static void start_on_other(void)
{
	deadline_mode();
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz() / 1000);
	irqs_on();
	wait_for(&this_cpu()->count[VECTOR], 1);
}

static void test_each_cpu(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++)
		start_run_on(i, start_on_other);
	start_on_other();
	irqs_off();
	for (i = 1; i < nr_cpus; i++)
		join(i);
	for (i = 0; i < nr_cpus; i++)
		CHECK_EQ(cpus[i].count[VECTOR], 1);
}

const struct test tests[] = {
	{ "one-shot", test_one_shot },
	{ "counts down", test_counts_down },
	{ "stop", test_stop },
	{ "periodic", test_periodic },
	{ "masked", test_masked },
	{ "divide", test_divide },
	{ "HLT", test_halt },
	{ "TSC deadline", test_deadline },
	{ "TSC deadline, far", test_deadline_far },
	{ "modes apart", test_modes_apart },
	{ "TSC deadline, HLT", test_deadline_halt },
	{ "each CPU", test_each_cpu },
	{ }
};
