// SPDX-License-Identifier: GPL-2.0
/* NMIs: delivery, blocking until IRET, windows, and what wakes a CPU: SDM Vol. 3A 6.7. */
#include "guest.h"

const char *const guest_name = "nmi";

#define NMI_TO_SELF()	apic_send(0, DM_NMI | ICR_ASSERT)

static volatile u32 in_nmi, nmi_depth, deepest;

/* IF does not matter. */
static void test_interrupts_off(void)
{
	NMI_TO_SELF();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 1));
	NMI_TO_SELF();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 2));
	CHECK_EQ(this_cpu()->nr, 2);
}

/* Nor does TPR. */
static void test_tpr(void)
{
	set_cr8(15);
	NMI_TO_SELF();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 1));
	set_cr8(0);
}

/* More while one is handled: one waits, the others are the same. None nests. */
static void nmis_in_nmi(struct frame *frame)
{
	u32 i;

	if (frame->vector != VECTOR_NMI)
		return;
	nmi_depth++;
	if (nmi_depth > deepest)
		deepest = nmi_depth;
	if (this_cpu()->count[VECTOR_NMI] == 1) {
		for (i = 0; i < 5; i++)
			NMI_TO_SELF();
	}
	nmi_depth--;
}

static void test_blocked_until_iret(void)
{
	struct cpu *cpu = this_cpu();

	nmi_depth = 0;
	deepest = 0;
	cpu->hook = nmis_in_nmi;
	NMI_TO_SELF();
	CHECK(wait_for(&cpu->count[VECTOR_NMI], 2));
	NMI_TO_SELF();	/* by then a third would have come */
	CHECK(wait_for(&cpu->count[VECTOR_NMI], 3));
	CHECK_EQ(cpu->count[VECTOR_NMI], 3);
	CHECK_EQ(deepest, 1);
}

/* An IRET of an interrupt inside the NMI's handler ends the blocking: so it is. */
static void interrupt_in_nmi(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (frame->vector != VECTOR_NMI || cpu->count[VECTOR_NMI] > 1)
		return;
	NMI_TO_SELF();
	CHECK_EQ(cpu->count[VECTOR_NMI], 1);
	apic_send(0, ICR_SELF | 0x50);
	irqs_window();
	CHECK_EQ(cpu->count[0x50], 1);
	CHECK_EQ(cpu->count[VECTOR_NMI], 2);
}

static void test_iret_unblocks(void)
{
	this_cpu()->hook = interrupt_in_nmi;
	NMI_TO_SELF();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 2));
}

/* A fixed interrupt and an NMI at once: the NMI first. */
static void test_before_interrupts(void)
{
	struct cpu *cpu = this_cpu();

	set_cr8(15);
	apic_send(0, ICR_SELF | 0x50);
	apic_send(0, ICR_SELF | 0x60);
	irqs_on();
	NMI_TO_SELF();
	set_cr8(0);
	asm volatile("nop");
	irqs_off();
	CHECK_EQ(cpu->nr, 3);
	CHECK_EQ(cpu->log[0], VECTOR_NMI);
	CHECK_EQ(cpu->log[1], 0x60);
	CHECK_EQ(cpu->log[2], 0x50);
}

/* The handler of an NMI has interrupts off: what comes waits for its end. */
static void fixed_in_nmi(struct frame *frame)
{
	if (frame->vector != VECTOR_NMI)
		return;
	apic_send(0, ICR_SELF | 0x50);
	apic_send(0, ICR_SELF | 0x51);
	CHECK_EQ(this_cpu()->nr, 1);
}

static void test_interrupts_wait(void)
{
	struct cpu *cpu = this_cpu();

	cpu->hook = fixed_in_nmi;
	irqs_on();
	NMI_TO_SELF();
	CHECK(wait_for(&cpu->nr, 3));
	irqs_off();
	CHECK_EQ(cpu->count[0x50], 1);
	CHECK_EQ(cpu->count[0x51], 1);
}

/* --- HLT -------------------------------------------------------------------- */

static void halt_masked(void)
{
	in_nmi = 0;
	asm volatile("cli\n\thlt" : : : "memory");
	in_nmi = 1;
}

/* HLT with interrupts off ends by an NMI only. */
static void test_wakes(void)
{
	struct cpu *other = &cpus[1];

	if (nr_cpus < 2)
		return;
	in_nmi = 2;
	start_run_on(1, halt_masked);
	while (in_nmi)
		cpu_relax();
	apic_send(1, 0x50);
	/* A while for it to wake wrongly: NMIs to ourselves are exits, too */
	NMI_TO_SELF();
	CHECK(wait_for(&this_cpu()->count[VECTOR_NMI], 1));
	CHECK_EQ(in_nmi, 0);
	apic_send(1, DM_NMI | ICR_ASSERT);
	join(1);
	CHECK_EQ(other->count[VECTOR_NMI], 1);
	sync_with(1);
	CHECK_EQ(other->count[0x50], 1);
}

static volatile u32 halted, woken;

/* In the handler of an NMI, another one does not end a HLT, but a timer does. */
static void halt_in_nmi(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (frame->vector != VECTOR_NMI || cpu->count[VECTOR_NMI] > 1)
		return;
	NMI_TO_SELF();
	apic_write(APIC_TDCR, TDCR_DIV_1);
	apic_write(APIC_LVTT, 0x50);
	apic_write(APIC_TMICT, 2000000);
	halted = 1;
	sleep_until_interrupt();
	woken = cpu->count[0x50];
}

static void test_blocked_halt(void)
{
	struct cpu *cpu = this_cpu();

	woken = 0;
	cpu->hook = halt_in_nmi;
	NMI_TO_SELF();
	CHECK(wait_for(&cpu->count[VECTOR_NMI], 2));
	CHECK_EQ(halted, 1);
	CHECK_EQ(woken, 1);
}

/* --- shadows ---------------------------------------------------------------- */

/* One that comes in the shadow of MOV SS waits for an instruction; then it comes. */
static void test_mov_ss_shadow(void)
{
	struct cpu *cpu = this_cpu();
	u32 id = 0, i;

	for (i = 0; i < 20; i++) {
		NMI_TO_SELF();
		asm volatile("movw %%ss, %%ax\n\tmovw %%ax, %%ss\n\tcpuid"
			     : "+a" (id) : "c" (0) : "rbx", "rdx", "memory");
		CHECK(wait_for(&cpu->count[VECTOR_NMI], i + 1));
	}
}

/* A burst from another CPU: at least one comes, none too many, and the last is not lost. */
static void burst(void)
{
	u32 i;

	for (i = 0; i < 50; i++)
		apic_send(0, DM_NMI | ICR_ASSERT);
	apic_send(0, 0x50);
}

static void test_burst(void)
{
	struct cpu *cpu = this_cpu();
	u32 n;

	if (nr_cpus < 2)
		return;
	start_run_on(1, burst);
	irqs_on();
	CHECK(wait_for(&cpu->count[0x50], 1));
	irqs_off();
	join(1);
	n = cpu->count[VECTOR_NMI];
	CHECK(n >= 1 && n <= 50);
	NMI_TO_SELF();
	CHECK(wait_for(&cpu->count[VECTOR_NMI], n + 1));
	CHECK_EQ(cpu->count[VECTOR_NMI], n + 1);
}

/* --- by the local vector table ----------------------------------------------- */

static void spin_a_while(void)
{
	u64 begin = rdtsc();

	while (rdtsc() - begin < tsc_hz() / 100)
		cpu_relax();
}

/* LINT0 programmed as NMI takes the rising edges of the 8259A's output: "NMI watchdog" */
static void test_lint0(void)
{
	struct cpu *cpu = this_cpu();
	u32 n;

	/* The pair: ICW1 to 4, vector 0x20 on, all masked but input 0 */
	out8(0x20, 0x11);
	out8(0x21, 0x20);
	out8(0x21, 0x04);
	out8(0x21, 0x01);
	out8(0x21, 0xfe);
	apic_write(APIC_LVT0, DM_NMI);
	/* The 8254: mode 4, 1 ms, once */
	out8(0x43, 0x38);
	out8(0x40, 1193 & 0xff);
	out8(0x40, 1193 >> 8);
	CHECK(wait_for(&cpu->count[VECTOR_NMI], 1));
	apic_write(APIC_LVT0, DM_NMI | LVT_MASKED);
	out8(0x20, 0x0c);	/* poll: it is acknowledged */
	in8(0x20);
	out8(0x20, 0x20);
	n = cpu->count[VECTOR_NMI];
	out8(0x40, 1193 & 0xff);
	out8(0x40, 1193 >> 8);
	spin_a_while();
	CHECK_EQ(cpu->count[VECTOR_NMI], n);
	out8(0x21, 0xff);
}

const struct test tests[] = {
	{ "interrupts off", test_interrupts_off },
	{ "TPR", test_tpr },
	{ "blocked until IRET", test_blocked_until_iret },
	{ "IRET unblocks", test_iret_unblocks },
	{ "before interrupts", test_before_interrupts },
	{ "interrupts wait", test_interrupts_wait },
	{ "HLT, interrupts off", test_wakes },
	{ "HLT while blocked", test_blocked_halt },
	{ "MOV SS shadow", test_mov_ss_shadow },
	{ "burst", test_burst },
	{ "LINT0", test_lint0 },
	{ }
};
