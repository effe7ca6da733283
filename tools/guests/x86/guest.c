// SPDX-License-Identifier: GPL-2.0
/* The ground under the x86 guests: console, interrupts, APICs, other CPUs. See guest.h. */
#include "guest.h"

#define APIC_MMIO	0xfee00000UL
#define IOAPIC_MMIO	0xfec00000UL
#define STACK_SHIFT	14

/* A debug kernel underneath is slow, and so is a busy machine: seconds, if it fails */
#define LIMIT_SECONDS	20

struct cpu cpus[MAX_CPUS];
u32 nr_cpus;

/* --- console and verdict --------------------------------------------------- */

void print_char(char c)
{
	while (!(in8(COM1 + 5) & 0x20))	/* LSR.THRE */
		;
	out8(COM1, c);
}

void quiet(void)
{
	irqs_off();
}

static __attribute__((noreturn)) void end(u8 verdict)
{
	for (;;)
		out8(DEBUG_EXIT, verdict);
}

/* --- time ------------------------------------------------------------------ */

/* By CPUID leaf 15H; without it some round number */
u64 tsc_hz(void)
{
	static u64 hz;
	u32 out[4];

	if (!hz) {
		cpuid(0, 0, out);
		hz = 1000000000;
		if (out[0] >= 0x15) {
			cpuid(0x15, 0, out);
			if (out[0] && out[1] && out[2])
				hz = (u64)out[2] * out[1] / out[0];
		}
	}
	return hz;
}

bool time_is_up(u64 since)
{
	return (s64)(rdtsc() - since) > (s64)(LIMIT_SECONDS * tsc_hz());
}

bool wait_for(const volatile u32 *value, u32 at_least)
{
	u64 begin = rdtsc();

	while (*value < at_least) {
		if (time_is_up(begin))
			return false;
		cpu_relax();
	}
	return true;
}

/* --- interrupts ------------------------------------------------------------ */

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

static struct gate idt[256];

static void idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lidt %0" : : "m" (pointer));
}

static void idt_make(void)
{
	u32 i;
	u64 at;

	for (i = 0; i < 256; i++) {
		at = (u64)stubs + 16 * i;
		idt[i] = (struct gate){ .offset_low = at, .offset_middle = at >> 16,
					.selector = 8, .type = 0x8e };
	}
}

u32 this_id(void)
{
	return ((u64)__builtin_frame_address(0) - (u64)stacks) >> STACK_SHIFT;
}

struct cpu *this_cpu(void)
{
	return &cpus[this_id()];
}

static void take_fault(struct cpu *cpu, struct frame *frame)
{
	if (cpu->skip) {
		cpu->fault = frame->vector;
		frame->rip += cpu->skip;
		cpu->skip = 0;
		return;
	}
	print("FAILED ");
	print(test_running());
	print(": exception, RIP, error code, CPU: ");
	print_number(frame->vector);
	print(" ");
	print_number(frame->rip);
	print(" ");
	print_number(frame->error);
	print(" ");
	print_number(this_id());
	print("\n");
	end(2);
}

void guest_interrupt(struct frame *frame)
{
	struct cpu *cpu = this_cpu();
	u8 vector = frame->vector;

	if (vector < 32 && vector != VECTOR_NMI) {
		take_fault(cpu, frame);
		return;
	}
	cpu->count[vector]++;
	if (vector != VECTOR_SYNC && vector != VECTOR_WORK) {
		cpu->log[cpu->nr++ & 255] = vector;
		cpu->depth++;
		if (cpu->hook)
			cpu->hook(frame);
		cpu->depth--;
	}
	if (vector != VECTOR_NMI && vector != VECTOR_SPURIOUS &&
	    (!cpu->no_eoi || vector == VECTOR_SYNC || vector == VECTOR_WORK))
		apic_write(APIC_EOI, 0);
}

u32 wrmsr_fault(u32 msr, u64 value)
{
	struct cpu *cpu = this_cpu();

	cpu->fault = 0;
	cpu->skip = 2;
	wrmsr(msr, value);
	cpu->skip = 0;
	return cpu->fault;
}

u32 rdmsr_fault(u32 msr)
{
	struct cpu *cpu = this_cpu();

	cpu->fault = 0;
	cpu->skip = 2;
	rdmsr(msr);
	cpu->skip = 0;
	return cpu->fault;
}

u32 set_cr8_fault(u64 value)
{
	struct cpu *cpu = this_cpu();

	cpu->fault = 0;
	cpu->skip = 4;	/* with %rax */
	asm volatile("movq %0, %%cr8" : : "a" (value) : "memory");
	cpu->skip = 0;
	return cpu->fault;
}

/* --- the local APIC -------------------------------------------------------- */

u32 apic_read(u32 reg)
{
	if (this_cpu()->x2apic)
		return rdmsr(MSR_X2APIC + reg / 16);
	return rd(APIC_MMIO + reg);
}

void apic_write(u32 reg, u32 value)
{
	if (this_cpu()->x2apic)
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		wr(APIC_MMIO + reg, value);
}

void apic_send(u32 dest, u32 icr)
{
	if (this_cpu()->x2apic) {
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (u64)dest << 32 | icr);
		return;
	}
	wr(APIC_MMIO + APIC_ICR2, dest << 24);
	wr(APIC_MMIO + APIC_ICR, icr);
}

bool apic_has(u32 bank, u8 vector)
{
	return apic_read(bank + vector / 32 * 16) >> vector % 32 & 1;
}

void apic_self_ipi(u8 vector)
{
	if (this_cpu()->x2apic)
		apic_write(APIC_SELF_IPI, vector);
	else
		apic_send(0, ICR_SELF | vector);
}

/* On, with everything masked and the task priority 0 */
static void apic_reset(void)
{
	u32 lvt;

	apic_write(APIC_SVR, SVR_ENABLED | VECTOR_SPURIOUS);
	for (lvt = APIC_LVTT; lvt <= APIC_LVT_ERROR; lvt += 16)
		apic_write(lvt, LVT_MASKED);
	apic_write(APIC_TMICT, 0);
	apic_write(APIC_TPR, 0);
}

/* From x2APIC mode, the way back leads through "off" (SDM 10.12.5) and clears the rest. */
void apic_set_x2apic(bool on)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (on == this_cpu()->x2apic)
		return;
	if (!on) {
		wrmsr(MSR_APIC_BASE, base & ~(BASE_ENABLED | BASE_X2APIC));
		wrmsr(MSR_APIC_BASE, (base & ~BASE_X2APIC) | BASE_ENABLED);
	} else {
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	}
	this_cpu()->x2apic = on;
	apic_reset();
}

/* --- the IOAPIC ------------------------------------------------------------ */

u32 ioapic_read(u32 index)
{
	wr(IOAPIC_MMIO, index);
	return rd(IOAPIC_MMIO + 0x10);
}

void ioapic_write(u32 index, u32 value)
{
	wr(IOAPIC_MMIO, index);
	wr(IOAPIC_MMIO + 0x10, value);
}

void ioapic_set(u32 pin, u32 low, u8 dest)
{
	ioapic_write(0x10 + 2 * pin, RED_MASKED);
	ioapic_write(0x11 + 2 * pin, (u32)dest << 24);
	ioapic_write(0x10 + 2 * pin, low);
}

u32 ioapic_get(u32 pin)
{
	return ioapic_read(0x10 + 2 * pin);
}

/* --- other CPUs ------------------------------------------------------------ */

void start_run_on(u32 id, void (*work)(void))
{
	cpus[id].work = work;
	apic_send(id, DM_FIXED | ICR_ASSERT | VECTOR_WORK);
}

void join(u32 id)
{
	u64 begin = rdtsc();

	while (cpus[id].work && !time_is_up(begin))
		cpu_relax();
	CHECK_EQ((u64)cpus[id].work, 0);
}

void run_on(u32 id, void (*work)(void))
{
	start_run_on(id, work);
	join(id);
}

/* Whatever was sent to that CPU before, and comes before the lowest vector, has come. */
void sync_with(u32 id)
{
	u32 next = cpus[id].count[VECTOR_SYNC] + 1;

	apic_send(id, DM_FIXED | ICR_ASSERT | VECTOR_SYNC);
	CHECK(wait_for(&cpus[id].count[VECTOR_SYNC], next));
}

void init_and_start(u32 id)
{
	u32 next = cpus[id].starts + 1;

	cpus[id].work = NULL;
	apic_send(id, DM_INIT | ICR_LEVEL | ICR_ASSERT);
	apic_send(id, DM_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
	CHECK(wait_for(&cpus[id].starts, next));
}

static __attribute__((noreturn)) void secondary(struct cpu *cpu)
{
	idt_load();
	cpu->x2apic = rdmsr(MSR_APIC_BASE) & BASE_X2APIC;
	cpu->skip = 0;
	cpu->depth = 0;
	apic_reset();
	cpu->starts++;
	for (;;) {
		if (cpu->work) {
			cpu->work();
			irqs_off();
			cpu->work = NULL;
		} else {
			sleep_until_interrupt();
		}
	}
}

static void start_all(void)
{
	u32 out[4], i;

	cpuid(0xb, 1, out);
	nr_cpus = out[1] > MAX_CPUS ? MAX_CPUS : out[1] ? out[1] : 1;
	for (i = 1; i < nr_cpus; i++)
		init_and_start(i);
}

/* --- all ------------------------------------------------------------------- */

/* In front of each test: APICs in xAPIC mode with all masked, nothing noted */
static void reset_cpu(void)
{
	struct cpu *cpu = this_cpu();
	u32 i;

	apic_set_x2apic(false);
	apic_reset();
	apic_write(APIC_DFR, ~0U);
	apic_write(APIC_ESR, 0);
	for (i = 0; i < 256; i++)
		cpu->count[i] = 0;
	cpu->nr = 0;
	cpu->hook = NULL;
	cpu->no_eoi = false;
}

void reset_all(void)
{
	u32 i;

	irqs_off();
	for (i = 0; i < 24; i++)
		ioapic_set(i, RED_MASKED, 0);
	out8(COM1 + 1, 0);	/* IER */
	for (i = 1; i < nr_cpus; i++)
		run_on(i, reset_cpu);
	reset_cpu();
}

void guest_start(u32 id)
{
	if (id)
		secondary(&cpus[id]);
	/* The 8259A pair is masked, COM1's line goes out. */
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
	out8(COM1 + 4, 0x0b);
	idt_make();
	idt_load();
	apic_reset();
	start_all();
	end(run_all() ? 0 : 1);
}
