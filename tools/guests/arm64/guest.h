/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the arm64 guests stand on: two CPUs of a machine like QEMU's "virt" (on which they run
 * as well: the reference), at EL1 with the MMU off. guest.c has it; a guest is one file with a
 * table of tests.
 */
#ifndef GUESTS_ARM64_GUEST_H
#define GUESTS_ARM64_GUEST_H

#include "../verdict.h"

#define GICD		0x08000000UL
#define GICR(cpu)	(0x080a0000UL + (cpu) * 0x20000UL)
#define SGI_BASE	0x10000UL
#define UART		0x09000000UL

/* The same in the distributor and in a redistributor's SGI_base */
#define IGROUPR		0x080
#define ISENABLER	0x100
#define ICENABLER	0x180
#define ISPENDR		0x200
#define ICPENDR		0x280
#define ISACTIVER	0x300
#define ICACTIVER	0x380
#define IPRIORITYR	0x400
#define ICFGR		0xc00
#define IROUTER		0x6000

#define PPI_VTIMER	27
#define PPI_PTIMER	30
#define SPI_UART	33
#define SPURIOUS	1023

/* ICC_*_EL1 by encoding: assemblers differ in the names they know */
#define ICC_PMR		"S3_0_C4_C6_0"
#define ICC_IAR0	"S3_0_C12_C8_0"
#define ICC_EOIR0	"S3_0_C12_C8_1"
#define ICC_DIR		"S3_0_C12_C11_1"
#define ICC_RPR		"S3_0_C12_C11_3"
#define ICC_SGI1R	"S3_0_C12_C11_5"
#define ICC_SGI0R	"S3_0_C12_C11_7"
#define ICC_IAR1	"S3_0_C12_C12_0"
#define ICC_EOIR1	"S3_0_C12_C12_1"
#define ICC_HPPIR1	"S3_0_C12_C12_2"
#define ICC_BPR1	"S3_0_C12_C12_3"
#define ICC_CTLR	"S3_0_C12_C12_4"
#define ICC_SRE		"S3_0_C12_C12_5"
#define ICC_IGRPEN0	"S3_0_C12_C12_6"
#define ICC_IGRPEN1	"S3_0_C12_C12_7"

#define CTLR_EOIMODE	2
#define SGI_ALL_OTHERS	(1UL << 40)

#define get(reg)	({ u64 v_; asm volatile("mrs %0, " reg : "=r" (v_) : : "memory"); v_; })
#define set(reg, value)	asm volatile("msr " reg ", %0\n\tisb" : : "r" ((u64)(value)) : "memory")

static inline u32 rd(u64 at)
{
	return *(volatile u32 *)at;
}

static inline void wr(u64 at, u32 value)
{
	*(volatile u32 *)at = value;
}

static inline void barrier(void)
{
	asm volatile("dsb sy" : : : "memory");
}

static inline void irqs_on(void)
{
	asm volatile("msr daifclr, #3\n\tisb" : : : "memory");
}

static inline void irqs_off(void)
{
	asm volatile("msr daifset, #3\n\tisb" : : : "memory");
}

/*
 * struct cpu: what a CPU notes of its interrupts
 * @count: how often each came
 * @log: their INTIDs in the order in which they came
 * @nr: how many
 * @depth: handlers that are running
 * @hook: called in a handler before the end of the interrupt
 * @fiqs: how many came as FIQ
 * @work: for CPU 1: to be done; NULL: idle
 */
struct cpu {
	volatile u32 count[1024];
	volatile u32 log[256];
	volatile u32 nr;
	volatile u32 depth;
	volatile u32 taking;	/* between an exception and the end of its interrupt */
	void (*volatile hook)(u32 intid);
	volatile u32 fiqs;
	void (*volatile work)(void);
};

extern struct cpu cpus[2];

/* The guest's own */
extern const u32 guest_cpus;	/* how many it uses */

/* start.S, and what it calls */
extern char secondary_start[];
void guest_main(u64 cpu);
void guest_exception(u64 kind);

u32 this_cpu(void);
bool wait_for(const volatile u32 *value, u32 at_least);
bool wait_until(u32 bank, u32 intid, bool value);
void delay_us(u32 us);
void run_on_1(void (*work)(void));
void join_1(void);

/* One bit of ISENABLER and its kin; priority; route; edge-triggered */
void gic_bit(u32 bank, u32 intid);
bool gic_is(u32 bank, u32 intid);
void gic_bit_of(u32 cpu, u32 bank, u32 intid);
void gic_priority(u32 intid, u8 priority);
void gic_route(u32 intid, u32 cpu);
void gic_edge(u32 intid);
void gic_on(u32 intid, u8 priority);

#endif /* GUESTS_ARM64_GUEST_H */
