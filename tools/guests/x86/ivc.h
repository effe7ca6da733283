/* SPDX-License-Identifier: GPL-2.0 */
/* x86's part of the guests of a channel: VMCALL, and a doorbell by the IOAPIC. */
#ifndef GUESTS_X86_IVC_H
#define GUESTS_X86_IVC_H

#include "guest.h"

#define IVC_WINDOW	0xd0000000UL
#define IVC_PIN		10
#define IVC_VECTOR	0x61

static inline u64 hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	u64 result;

	asm volatile("vmcall" : "=a" (result) : "a" (nr), "D" (a), "S" (b), "d" (c), "c" (d) :
		     "memory");
	return result;
}

static inline void doorbell_on(void)
{
	ioapic_set(IVC_PIN, IVC_VECTOR, 0);
}

static inline u32 doorbells(void)
{
	return this_cpu()->count[IVC_VECTOR];
}

/* Interrupts are off: one that came after the last look ends the sleep at once. */
static inline void wait_for_doorbell(void)
{
	sleep_until_interrupt();
}

#endif /* GUESTS_X86_IVC_H */
