// SPDX-License-Identifier: GPL-2.0
/* The time-stamp counter: one for all CPUs, and written as SDM Vol. 3B 18.17 says (now 19.17). */
#include "guest.h"

const char *const guest_name = "tsc";

/* A turn taken with the counter read in it: never before what the other CPU read */
static volatile u64 last, end;
static volatile u32 turns;
static u32 backwards;
static u64 worst;

static void take_turns(void)
{
	u32 odd = this_id() != 0, turn;
	u64 now;

	for (turn = odd; ; turn += 2) {
		while (turns < turn && rdtsc() < end)
			cpu_relax();
		now = rdtsc();
		if (turns < turn || now >= end)
			break;
		if (now < last) {
			backwards++;
			if (last - now > worst)
				worst = last - now;
		}
		last = now;
		__atomic_store_n(&turns, turn + 1, __ATOMIC_RELEASE);
	}
}

/* What the machine beneath may do: emulated CPUs, which take turns, are not in step to the tick. */
#define STEP	2000

static void test_consistent(void)
{
	u32 i;

	for (i = 1; i < nr_cpus; i++) {
		turns = 0;
		last = 0;
		end = rdtsc() + tsc_hz() / 20;
		start_run_on(i, take_turns);
		take_turns();
		join(i);
	}
	if (backwards) {
		print("TSC went back, times and ticks at most: ");
		print_number(backwards);
		print(" ");
		print_number(worst);
		print("\n");
	}
	CHECK(worst < STEP);
}

/* One CPU alone, wherever the host has it run, never sees it go back. */
static void test_monotonic(void)
{
	u64 before = rdtsc(), now;
	u32 i;

	for (i = 0; i < 20000; i++) {
		now = rdtsc();
		CHECK(now >= before);
		if (now < before)
			break;
		before = now;
	}
}

static bool near(u64 value, u64 wanted)
{
	return value - wanted < tsc_hz() * 10;
}

/* A write sets it, and TSC_ADJUST gets the difference. */
static void test_write(void)
{
	u64 before, adjust;

	before = rdtsc();
	CHECK_EQ(rdmsr(MSR_TSC_ADJUST), 0);
	CHECK(near(rdmsr(MSR_TSC), before));
	wrmsr(MSR_TSC, before + (1UL << 40));
	CHECK(near(rdtsc(), before + (1UL << 40)));
	CHECK(near(rdmsr(MSR_TSC), before + (1UL << 40)));
	adjust = rdmsr(MSR_TSC_ADJUST);
	CHECK(near((1UL << 40), adjust));
	wrmsr(MSR_TSC_ADJUST, 0);
	CHECK_EQ(rdmsr(MSR_TSC_ADJUST), 0);
	CHECK(near(rdtsc(), before));
}

static void test_adjust(void)
{
	u64 before = rdtsc();

	wrmsr(MSR_TSC_ADJUST, 1UL << 45);
	CHECK_EQ(rdmsr(MSR_TSC_ADJUST), 1UL << 45);
	CHECK(near(rdtsc(), before + (1UL << 45)));
	wrmsr(MSR_TSC_ADJUST, 1UL << 44);
	CHECK(near(rdtsc(), before + (1UL << 44)));
	wrmsr(MSR_TSC_ADJUST, -(1UL << 20));
	wrmsr(MSR_TSC_ADJUST, 0);
	CHECK(near(rdtsc(), before));
}

static u64 others_tsc, others_adjust;

static void read_tsc(void)
{
	others_tsc = rdtsc();
	others_adjust = rdmsr(MSR_TSC_ADJUST);
}

/* It is the CPU's own. */
static void test_adjust_is_local(void)
{
	u64 before = rdtsc();

	if (nr_cpus < 2)
		return;
	wrmsr(MSR_TSC_ADJUST, 1UL << 45);
	run_on(1, read_tsc);
	CHECK(near(others_tsc, before));
	CHECK_EQ(others_adjust, 0);
	wrmsr(MSR_TSC_ADJUST, 0);
}

static void adjust_here(void)
{
	wrmsr(MSR_TSC_ADJUST, 1UL << 42);
}

/* INIT leaves it alone: table 9-1. */
static void test_init_keeps(void)
{
	if (nr_cpus < 2)
		return;
	run_on(1, adjust_here);
	init_and_start(1);
	run_on(1, read_tsc);
	CHECK_EQ(others_adjust, 1UL << 42);
	init_and_start(1);
}

/* A deadline is a value of the counter, also when the counter is written afterwards. */
static void test_deadline_follows(void)
{
	struct cpu *cpu = this_cpu();
	u64 at = rdtsc() + (1UL << 40);

	apic_write(APIC_LVTT, LVT_DEADLINE | 0x50);
	wrmsr(MSR_TSC_DEADLINE, at);
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 0);
	wrmsr(MSR_TSC, at + 1);
	irqs_on();
	CHECK(wait_for(&cpu->count[0x50], 1));
	irqs_off();
	/* And back: what was near is far now. */
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_hz() / 200);
	wrmsr(MSR_TSC_ADJUST, 0);
	cpu->count[0x50] = 0;
	at = rdtsc();
	while (rdtsc() - at < tsc_hz() / 50)
		cpu_relax();
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 0);
	CHECK(rdmsr(MSR_TSC_DEADLINE) != 0);
	wrmsr(MSR_TSC_DEADLINE, 0);
}

static void test_rdtscp(void)
{
	u32 out[4], low, high, aux;
	u64 before;

	cpuid(0x80000001, 0, out);
	if (!(out[3] & BIT(27)))
		return;
	wrmsr(0xc0000103, 0x1234);
	before = rdtsc();
	asm volatile("rdtscp" : "=a" (low), "=d" (high), "=c" (aux));
	CHECK_EQ(aux, 0x1234);
	CHECK((low | (u64)high << 32) >= before);
}

const struct test tests[] = {
	{ "consistent", test_consistent },
	{ "monotonic", test_monotonic },
	{ "write", test_write },
	{ "adjust", test_adjust },
	{ "adjust is the CPU's own", test_adjust_is_local },
	{ "INIT keeps it", test_init_keeps },
	{ "deadline follows", test_deadline_follows },
	{ "RDTSCP", test_rdtscp },
	{ }
};
