// SPDX-License-Identifier: GPL-2.0
/* The ground under the arm64 guests: console, exceptions, a second CPU, the GIC's registers. */
#include "guest.h"

#define PSCI_SYSTEM_OFF	0x84000008UL
#define PSCI_CPU_ON	0xc4000003UL

struct cpu cpus[2];

/* --- console -------------------------------------------------------------- */

void print_char(char c)
{
	while (rd(UART + 0x18) & 0x20)	/* FR.TXFF */
		;
	wr(UART, c);
}

void quiet(void)
{
	irqs_off();
}

/* --- time ----------------------------------------------------------------- */

void delay_us(u32 us)
{
	u64 end = get("cntvct_el0") + us * (get("cntfrq_el0") / 1000) / 1000;

	while (get("cntvct_el0") < end)
		;
}

/* A debug kernel underneath is slow, and so is a busy machine: seconds, if it fails */
#define LIMIT_SECONDS	20

bool wait_for(const volatile u32 *value, u32 at_least)
{
	u64 end = get("cntvct_el0") + LIMIT_SECONDS * get("cntfrq_el0");

	while (*value < at_least)
		if (get("cntvct_el0") > end)
			return false;
	return true;
}

/* A bit of the GIC's, likewise */
bool wait_until(u32 bank, u32 intid, bool value)
{
	u64 end = get("cntvct_el0") + LIMIT_SECONDS * get("cntfrq_el0");

	while (gic_is(bank, intid) != value)
		if (get("cntvct_el0") > end)
			return false;
	return true;
}

/* --- PSCI ----------------------------------------------------------------- */

static u64 psci(u64 function, u64 arg1, u64 arg2, u64 arg3)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = arg1;
	register u64 x2 asm("x2") = arg2;
	register u64 x3 asm("x3") = arg3;

	asm volatile("hvc #0" : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3) : :
		     "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		     "x16", "x17", "memory");
	return x0;
}

/* --- exceptions ----------------------------------------------------------- */

u32 this_cpu(void)
{
	return get("mpidr_el1") & 0xf;
}

static void handle(struct cpu *cpu, u32 intid)
{
	if (intid >= 1020)
		return;
	cpu->count[intid]++;
	cpu->log[cpu->nr++ & 255] = intid;
	cpu->depth++;
	if (cpu->hook)
		cpu->hook(intid);
	cpu->depth--;
}

void guest_exception(u64 kind)
{
	struct cpu *cpu = &cpus[this_cpu()];
	u32 intid;

	if (kind == 1) {
		cpu->taking++;
		barrier();
		intid = get(ICC_IAR1);
		handle(cpu, intid);
		if (intid < 1020)
			set(ICC_EOIR1, intid);
		barrier();
		cpu->taking--;
	} else if (kind == 2) {
		cpu->fiqs++;
		intid = get(ICC_IAR0);
		handle(cpu, intid);
		if (intid < 1020)
			set(ICC_EOIR0, intid);
	} else {
		print("FAILED: an exception: ESR, ELR, FAR: ");
		print_number(get("esr_el1"));
		print(" ");
		print_number(get("elr_el1"));
		print(" ");
		print_number(get("far_el1"));
		print("\n");
		psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
}

/* --- the GIC -------------------------------------------------------------- */

void gic_bit_of(u32 cpu, u32 bank, u32 intid)
{
	if (intid < 32)
		wr(GICR(cpu) + SGI_BASE + bank, 1U << intid);
	else
		wr(GICD + bank + intid / 32 * 4, 1U << intid % 32);
	barrier();
}

void gic_bit(u32 bank, u32 intid)
{
	gic_bit_of(this_cpu(), bank, intid);
}

bool gic_is(u32 bank, u32 intid)
{
	u64 base = intid < 32 ? GICR(this_cpu()) + SGI_BASE : GICD;

	return rd(base + bank + intid / 32 * 4) >> intid % 32 & 1;
}

void gic_priority(u32 intid, u8 priority)
{
	u64 base = intid < 32 ? GICR(this_cpu()) + SGI_BASE : GICD;

	*(volatile u8 *)(base + IPRIORITYR + intid) = priority;
	barrier();
}

void gic_route(u32 intid, u32 cpu)
{
	*(volatile u64 *)(GICD + IROUTER + 8 * intid) = cpu;
	barrier();
}

void gic_edge(u32 intid)
{
	u64 at = GICD + ICFGR + intid / 16 * 4;

	wr(at, rd(at) | 2U << intid % 16 * 2);
}

/* Enabled, to CPU 0, an edge if it is an SPI */
void gic_on(u32 intid, u8 priority)
{
	if (intid >= 32) {
		gic_edge(intid);
		gic_route(intid, 0);
	}
	gic_priority(intid, priority);
	gic_bit(ISENABLER, intid);
}

static void interface_on(void)
{
	set(ICC_SRE, 7);
	set(ICC_PMR, 0xf8);
	set(ICC_BPR1, 0);
	set(ICC_CTLR, 0);
	set(ICC_IGRPEN0, 1);
	set(ICC_IGRPEN1, 1);
}

static void redist_on(u32 cpu)
{
	wr(GICR(cpu) + 0x14, 0);	/* WAKER */
	while (rd(GICR(cpu) + 0x14) & 4)
		;
	wr(GICR(cpu) + SGI_BASE + IGROUPR, ~0U);
}

/* Before each test: nothing enabled, pending or active, nothing noted */
void reset_all(void)
{
	u32 i, cpu;

	irqs_off();
	set("cntv_ctl_el0", 0);
	set("cntp_ctl_el0", 0);
	for (i = 1; i < 32; i++) {
		wr(GICD + ICENABLER + i * 4, ~0U);
		wr(GICD + ICPENDR + i * 4, ~0U);
		wr(GICD + ICACTIVER + i * 4, ~0U);
		wr(GICD + IGROUPR + i * 4, ~0U);
	}
	for (cpu = 0; cpu < 2; cpu++) {
		wr(GICR(cpu) + SGI_BASE + ICENABLER, ~0U);
		wr(GICR(cpu) + SGI_BASE + ICPENDR, ~0U);
		wr(GICR(cpu) + SGI_BASE + ICACTIVER, ~0U);
		wr(GICR(cpu) + SGI_BASE + IGROUPR, ~0U);
		for (i = 0; i < 8; i++)
			wr(GICR(cpu) + SGI_BASE + IPRIORITYR + 4 * i, 0x80808080);
		for (i = 0; i < 1024; i++)
			cpus[cpu].count[i] = 0;
		cpus[cpu].nr = 0;
		cpus[cpu].fiqs = 0;
		cpus[cpu].hook = 0;
	}
	while (rd(GICD) >> 31)	/* CTLR.RWP */
		;
	barrier();
	interface_on();
}

/* --- a second CPU --------------------------------------------------------- */

static volatile u32 second_is_up;

static void second_main(void)
{
	redist_on(1);
	interface_on();
	second_is_up = 1;
	for (;;) {
		if (cpus[1].work) {
			cpus[1].work();
			irqs_off();
			barrier();
			cpus[1].work = 0;
		}
	}
}

void run_on_1(void (*work)(void))
{
	barrier();
	cpus[1].work = work;
}

void join_1(void)
{
	u64 end = get("cntvct_el0") + LIMIT_SECONDS * get("cntfrq_el0");

	while (cpus[1].work && get("cntvct_el0") < end)
		;
	CHECK_EQ((u64)cpus[1].work, 0);
}

/* --- all ------------------------------------------------------------------ */

void guest_main(u64 cpu)
{
	if (cpu)
		second_main();
	wr(UART + 0x30, 0x301);	/* CR: on */
	wr(UART + 0x2c, 0x70);	/* LCR_H: 8 bits, FIFOs */
	wr(GICD, 0x10);
	wr(GICD, 0x13);		/* ARE, both groups */
	redist_on(0);
	if (guest_cpus > 1) {
		CHECK_EQ(psci(PSCI_CPU_ON, 1, (u64)secondary_start, 1), 0);
		CHECK(wait_for(&second_is_up, 1));
	}
	run_all();
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}
