/* SPDX-License-Identifier: GPL-2.0 */
/* arm64's part of the guests of a channel: HVC, and a doorbell by the GIC. */
#ifndef GUESTS_ARM64_IVC_H
#define GUESTS_ARM64_IVC_H

#include <stddef.h>

#include "guest.h"

#define IVC_WINDOW	0x20000000UL
#define IVC_INTID	50

const u32 guest_cpus = 1;

static inline u64 hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	register u64 x0 asm("x0") = nr;
	register u64 x1 asm("x1") = a;
	register u64 x2 asm("x2") = b;
	register u64 x3 asm("x3") = c;
	register u64 x4 asm("x4") = d;

	asm volatile("hvc #0" : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3), "+r" (x4) : :
		     "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		     "x16", "x17", "memory");
	return x0;
}

static inline void doorbell_on(void)
{
	gic_on(IVC_INTID, 0x80);
}

static inline u32 doorbells(void)
{
	return cpus[0].count[IVC_INTID];
}

/* WFI ends with a pending interrupt, though it is masked: one after the last look is not lost. */
static inline void wait_for_doorbell(void)
{
	asm volatile("dsb sy\n\twfi" : : : "memory");
	irqs_on();
	irqs_off();
}

#endif /* GUESTS_ARM64_IVC_H */
