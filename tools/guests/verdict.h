/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guests of all families have in common: a table of tests, checks that tell what they
 * found, and a verdict at the end (verdict.c). What the family gives to that stands below.
 */
#ifndef GUESTS_VERDICT_H
#define GUESTS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

/**
 * struct test - a test
 * @name: its name
 * @run: CPU 0, all interrupts off and idle
 */
struct test {
	const char *name;
	void (*run)(void);
};

/* The guest's own; the table ends with one that has no name */
extern const char *const guest_name;
extern const struct test tests[];

/* The family's: a character to the console; all interrupts off; likewise, and nothing noted */
void print_char(char c);
void quiet(void);
void reset_all(void);

void print(const char *text);
void print_number(u64 value);
const char *test_running(void);
void failed(const char *what, int line, u64 value, u64 wanted);
bool run_all(void);

#define CHECK_EQ(value, wanted) do {						\
	u64 value_ = (value), wanted_ = (wanted);				\
										\
	if (value_ != wanted_)							\
		failed(#value, __LINE__, value_, wanted_);			\
} while (0)

#define CHECK(condition)	CHECK_EQ(!!(condition), 1)

#endif /* GUESTS_VERDICT_H */
