/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame of axvm-test: test cases in groups, each run in a process of its own, so that
 * what it leaves open is closed, and what crashes or hangs is a failure of it alone.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* A case may skip itself: the status that says so */
#define SKIPPED	4

struct test {
	const char *group;
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);

/* TEST(group, name) { ... } */
#define TEST(group_, name_)						\
	static void name_(void);					\
	static void __attribute__((constructor)) name_##_register(void)	\
	{								\
		static struct test test = {				\
			.group = #group_, .name = #name_, .run = name_,	\
		};							\
									\
		test_register(&test);					\
	}								\
	static void name_(void)

/* A failed check is told and counted, and the case goes on. */
void check_failed(const char *file, int line, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
void check_equal(const char *file, int line, const char *what, uint64_t value, uint64_t wanted);
void check_errno(const char *file, int line, const char *what, long result, int wanted);
int checks_failed(void);
void skip(const char *why) __attribute__((noreturn));
bool soak(void);
bool slow_kernel(void);
int count_of(int usual, int long_run);

#define CHECK(condition)						\
	do {								\
		if (!(condition))					\
			check_failed(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

#define CHECK_EQ(value, wanted)						\
	check_equal(__FILE__, __LINE__, #value, (uint64_t)(value), (uint64_t)(wanted))

/* A system call that succeeds */
#define CHECK_OK(call)							\
	check_errno(__FILE__, __LINE__, #call, (errno = 0, (long)(call)), 0)

/* A system call that is refused */
#define CHECK_ERR(call, error)						\
	check_errno(__FILE__, __LINE__, #call, (errno = 0, (long)(call)), error)

#endif /* TESTS_CHECK_H */
