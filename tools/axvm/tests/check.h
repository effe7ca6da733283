/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the launcher's test programs share: checks that count, guest memory on the
 * heap (so that a sanitizer sees its edges), images made of bytes, and messages
 * caught instead of shown.
 */
#ifndef AXVM_TOOL_TESTS_CHECK_H
#define AXVM_TOOL_TESTS_CHECK_H

#include "../arch.h"

extern unsigned int check_failures;

void __printf(2, 3) check_that(bool good, const char *fmt, ...);

#define CHECK(condition)	check_that(condition, "%s:%d: %s", __FILE__, __LINE__, #condition)
#define CHECK_EQUAL(value, wanted)	check_equal(value, wanted, #value, __FILE__, __LINE__)

void check_equal(u64 value, u64 wanted, const char *what, const char *file, int line);
void check_catch_messages(void);
unsigned int check_caught(char *text, size_t length);
void check_show_messages(void);

void check_memory(struct guest_memory *memory, u64 size);
void check_memory_free(struct guest_memory *memory);
const char *check_file(unsigned int number, const void *bytes, size_t length);
void check_random_seed(u64 seed);
u64 check_random(u64 below);
u64 check_get(const void *base, u64 offset, unsigned int width);

/* samples.c, arm64-samples.c: small valid images; each returns its length */
#define SAMPLE_BYTES		(40 * 1024)
#define SAMPLE_LINUX_LOAD	0x1000000ULL
#define SAMPLE_LINUX_INIT	(8 * MIB)
#define SAMPLE_LINUX_CODE	(32 * KIB)
#define SAMPLE_LINUX_CMDLINE	255
#define SAMPLE_ELF_LOAD		0x200000ULL
#define SAMPLE_ELF_VIRTUAL	0xc0200000ULL
#define SAMPLE_ELF_BSS		0x3000ULL
#define SAMPLE_ELF_CODE		0x1000ULL
size_t sample_kernel(u8 *image);
size_t sample_linux(u8 *image);
size_t sample_elf32(u8 *image);
size_t sample_elf64(u8 *image);
size_t sample_addresses(u8 *image);

#endif /* AXVM_TOOL_TESTS_CHECK_H */
