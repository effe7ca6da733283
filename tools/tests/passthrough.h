/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of pass-through: what is common to the families, and what the machine of the bed has
 * to be passed: a page of which the host makes no use, with a word that can be written, and a
 * device that interrupts.
 */
#ifndef TESTS_PASSTHROUGH_H
#define TESTS_PASSTHROUGH_H

#include "vm.h"
#ifndef __aarch64__
#include "x86.h"
#endif

#define PASS_WORD	0x400		/* where in the page the word is */
#define PASS_LENGTH	0x1000

#ifdef __aarch64__
#define PASS_HOST	0x09030000UL	/* PL061 (ARM DDI 0190), whose register GPIODIR it is */
#define PASS_GUEST	0x70000000UL
#define PASS_HELD	0x09000000UL	/* the host's console */
#define PASS_HELD_IRQ	host_irq("GIC", 34)	/* its clock's SPI */
#define PASS_RAM	0x40000000UL
#define PASS_DEVICES	{ GUEST_EXIT, 4 }
#else
#define PASS_HOST	0x000b8000UL	/* the text of a VGA */
#define PASS_GUEST	0xd0000000UL
#define PASS_HELD	0xf0000UL	/* System ROM */
#define PASS_HELD_IRQ	0		/* the timer's */
#define PASS_RAM	0x100000UL
#define PASS_DEVICES	{ X86_IOAPIC, 0x1000 }
#endif

/* Ranges that are refused on this family only */
struct pass_refusal {
	const char *what;
	uint64_t base;
	uint64_t host;
	uint64_t length;
	uint32_t flags;
	int error;
};

extern const struct pass_refusal pass_family_refusals[];	/* up to one without @what */

/*
 * Guests. The first reads the word into data[0], writes 0xa5 into it and reads it into data[1].
 * The second waits until the word is not all ones, counts in data[0] until it is, and ends.
 */
extern const struct blob *const pass_touch, *const pass_wait;

void pass_add_devices(struct vm *vm);
int pass(struct vm *vm, struct axvm_pass_through *arg);
int pass_memory(struct vm *vm, uint64_t base, uint64_t host, uint64_t length, uint32_t flags);
int pass_remove(struct vm *vm, uint32_t id);
void pass_under_guest(struct vm *vm, int (*give)(struct vm *vm));
void pass_accesses(struct vm *vm, const char *name, unsigned long long *reads,
		   unsigned long long *writes);
int host_irq(const char *chip, unsigned int hwirq);

#endif /* TESTS_PASSTHROUGH_H */
