/* SPDX-License-Identifier: GPL-2.0 */
/* What module.c needs of each family: a console, and a guest of the sample device. */
#ifndef TESTS_MODULE_H
#define TESTS_MODULE_H

#include "vm.h"

#define SAMPLE_BASE	0xd0000000UL

#ifdef __aarch64__
#define CONSOLE_BASE	GUEST_UART
#define CONSOLE_LENGTH	0x1000
#define CONSOLE_IRQ	33
#define SAMPLE_IRQ	37
#define SAMPLE_TAKEN	37	/* the INTID */
#else
#define CONSOLE_BASE	0x3f8
#define CONSOLE_LENGTH	8
#define CONSOLE_IRQ	4
#define SAMPLE_IRQ	5
#define SAMPLE_TAKEN	0x45	/* the vector */
#endif

/*
 * Adds 5 and 7 to the counter, reads it to the first word of its data, what is behind the
 * device's end to the second, has it raise its line, and ends with SAMPLE_TAKEN from the handler.
 */
void sample_load(struct vm *vm);
void sample_add_devices(struct vm *vm);

#endif /* TESTS_MODULE_H */
