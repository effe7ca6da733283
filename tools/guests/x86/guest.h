/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the x86 guests stand on: CPUs in 64-bit mode, each with a stack of its own, one
 * interrupt table, local APIC and IOAPIC, a console on COM1, the verdict by the debug-exit port.
 * guest.c has it; a guest is one file with a table of tests.
 */
#ifndef GUESTS_X86_GUEST_H
#define GUESTS_X86_GUEST_H

#include <stddef.h>

#include "../verdict.h"

#define MAX_CPUS	16
#define TRAMPOLINE	0x8000

#define COM1		0x3f8
#define DEBUG_EXIT	0xf4

/* Vectors that are not the tests' to use */
#define VECTOR_NMI	2
#define VECTOR_UD	6
#define VECTOR_GP	13
#define VECTOR_SYNC	0x20	/* the lowest there is */
#define VECTOR_WORK	0xf0
#define VECTOR_SPURIOUS	0xff

/* Registers of the local APIC: SDM Vol. 3A table 10-1; the MSR is 0x800 + offset / 16 */
#define APIC_ID		0x020
#define APIC_VERSION	0x030
#define APIC_TPR	0x080
#define APIC_PPR	0x0a0
#define APIC_EOI	0x0b0
#define APIC_LDR	0x0d0
#define APIC_DFR	0x0e0
#define APIC_SVR	0x0f0
#define APIC_ISR	0x100
#define APIC_TMR	0x180
#define APIC_IRR	0x200
#define APIC_ESR	0x280
#define APIC_ICR	0x300
#define APIC_ICR2	0x310
#define APIC_LVTT	0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF	0x340
#define APIC_LVT0	0x350
#define APIC_LVT1	0x360
#define APIC_LVT_ERROR	0x370
#define APIC_TMICT	0x380
#define APIC_TMCCT	0x390
#define APIC_TDCR	0x3e0
#define APIC_SELF_IPI	0x3f0

#define SVR_ENABLED	BIT(8)
#define LVT_MASKED	BIT(16)
#define LVT_PERIODIC	BIT(17)
#define LVT_DEADLINE	BIT(18)
#define TDCR_DIV_1	0xb
#define ESR_SEND_ILLEGAL	BIT(5)
#define ESR_RECEIVE_ILLEGAL	BIT(6)
#define ESR_ILLEGAL_REGISTER	BIT(7)

/* Delivery modes, of ICR, LVT and IOAPIC */
#define DM_FIXED	0x000
#define DM_LOWEST	0x100
#define DM_NMI		0x400
#define DM_INIT		0x500
#define DM_STARTUP	0x600
#define DM_EXTINT	0x700

/* ICR */
#define ICR_LOGICAL	BIT(11)
#define ICR_ASSERT	BIT(14)
#define ICR_LEVEL	BIT(15)
#define ICR_SELF	(1 << 18)
#define ICR_ALL		(2 << 18)
#define ICR_OTHERS	(3 << 18)

#define MSR_TSC		0x010
#define MSR_APIC_BASE	0x01b
#define MSR_TSC_ADJUST	0x03b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC	0x800
#define BASE_BSP	BIT(8)
#define BASE_X2APIC	BIT(10)
#define BASE_ENABLED	BIT(11)

/* Entries of the IOAPIC's table */
#define RED_LOGICAL	BIT(11)
#define RED_REMOTE_IRR	BIT(14)
#define RED_LEVEL	BIT(15)
#define RED_MASKED	BIT(16)
#define PIN_PIT		2
#define PIN_COM1	4

#define BIT(n)		(1UL << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What start.S pushes */
struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

/*
 * struct cpu: what a CPU notes
 * @count: how often each vector came
 * @log: vectors in the order in which they came
 * @nr: how many
 * @depth: handlers that are running
 * @hook: called in a handler, before the EOI
 * @no_eoi: handlers make no EOI
 * @skip: bytes of an instruction that may fault, and is then stepped over
 * @fault: vector of that fault, 0: none
 * @starts: how often it was started
 * @x2apic: its APIC is in x2APIC mode
 * @work: to be done; NULL: idle
 */
struct cpu {
	volatile u32 count[256];
	volatile u8 log[256];
	volatile u32 nr;
	volatile u32 depth;
	void (*volatile hook)(struct frame *frame);
	volatile bool no_eoi;
	volatile u32 skip;
	volatile u32 fault;
	volatile u32 starts;
	bool x2apic;
	void (*volatile work)(void);
};

extern struct cpu cpus[MAX_CPUS];
extern u32 nr_cpus;

/* start.S, and what it calls */
extern char stacks[], stubs[];
void guest_start(u32 id);
void guest_interrupt(struct frame *frame);

static inline void out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a" (value), "Nd" (port) : "memory");
}

static inline u8 in8(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a" (value) : "Nd" (port) : "memory");
	return value;
}

static inline u32 rd(u64 at)
{
	return *(volatile u32 *)at;
}

static inline void wr(u64 at, u32 value)
{
	*(volatile u32 *)at = value;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr) : "memory");
	return low | (u64)high << 32;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("lfence\n\trdtsc" : "=a" (low), "=d" (high) : : "memory");
	return low | (u64)high << 32;
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	asm volatile("cpuid" : "=a" (out[0]), "=b" (out[1]), "=c" (out[2]), "=d" (out[3])
		     : "a" (leaf), "c" (subleaf));
}

static inline void set_cr8(u64 value)
{
	asm volatile("movq %0, %%cr8" : : "r" (value) : "memory");
}

static inline u64 get_cr8(void)
{
	u64 value;

	asm volatile("movq %%cr8, %0" : "=r" (value) : : "memory");
	return value;
}

static inline void irqs_on(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void irqs_off(void)
{
	asm volatile("cli" : : : "memory");
}

/* What is pending and may come, comes in here. */
static inline void irqs_window(void)
{
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
}

static inline void sleep_until_interrupt(void)
{
	asm volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline struct cpu *cpu_of(u32 id)
{
	return &cpus[id];
}

u32 this_id(void);
struct cpu *this_cpu(void);

bool wait_for(const volatile u32 *value, u32 at_least);
bool time_is_up(u64 since);
u64 tsc_hz(void);

/* An instruction that may fault: the vector, or 0 */
u32 wrmsr_fault(u32 msr, u64 value);
u32 rdmsr_fault(u32 msr);
u32 set_cr8_fault(u64 value);

/* The local APIC, in the mode it is in */
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_send(u32 dest, u32 icr);
bool apic_has(u32 bank, u8 vector);
void apic_set_x2apic(bool on);
void apic_self_ipi(u8 vector);

/* The IOAPIC */
u32 ioapic_read(u32 index);
void ioapic_write(u32 index, u32 value);
void ioapic_set(u32 pin, u32 low, u8 dest);
u32 ioapic_get(u32 pin);

/* Other CPUs */
void run_on(u32 id, void (*work)(void));
void start_run_on(u32 id, void (*work)(void));
void join(u32 id);
void sync_with(u32 id);
void init_and_start(u32 id);

#endif /* GUESTS_X86_GUEST_H */
