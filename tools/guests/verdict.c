// SPDX-License-Identifier: GPL-2.0
/* Tests, one after the other, and what came of them. See verdict.h. */
#include "verdict.h"

#define MAX_FAILURES	40	/* that are printed */

static const char *test_name = "start";
static u32 failures;

void print(const char *text)
{
	while (*text)
		print_char(*text++);
}

void print_number(u64 value)
{
	static const char digits[] = "0123456789abcdef";
	char text[19], *p = text + 18;

	*p = 0;
	do {
		*--p = digits[value & 15];
		value >>= 4;
	} while (value);
	*--p = 'x';
	*--p = '0';
	print(p);
}

void failed(const char *what, int line, u64 value, u64 wanted)
{
	if (failures++ > MAX_FAILURES)
		return;
	print("FAILED ");
	print(test_name);
	print(", line ");
	print_number(line);
	print(": ");
	print(what);
	print(" is ");
	print_number(value);
	print(", not ");
	print_number(wanted);
	print("\n");
}

/* The name of the test that runs */
const char *test_running(void)
{
	return test_name;
}

/* True: nothing failed. */
bool run_all(void)
{
	const struct test *test;
	u32 before;

	for (test = tests; test->name; test++) {
		reset_all();
		test_name = test->name;
		before = failures;
		test->run();
		quiet();
		if (failures == before) {
			print("ok ");
			print(test_name);
			print("\n");
		}
	}
	print(guest_name);
	print(failures ? ": failures\n" : ": all is well\n");
	return !failures;
}
