// SPDX-License-Identifier: GPL-2.0
/*
 * axvm-test GROUP [CASE]...: run the cases of a group, or those that are named, a line
 * each. Status 1: one failed; 4: none ran.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define CASE_SECONDS	60	/* of the machine; the debug kernel is slow */

static struct test *tests, **last = &tests;
static unsigned int failures;

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

/**
 * check_failed() - a check of this case failed
 * @file: where
 * @line: where
 * @what: printf format: what was found
 */
void check_failed(const char *file, int line, const char *what, ...)
{
	const char *base = strrchr(file, '/');
	va_list args;

	failures++;
	printf("  %s:%d: ", base ? base + 1 : file, line);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	putchar('\n');
}

/**
 * check_equal() - two numbers are the same
 * @file: where
 * @line: where
 * @what: the expression
 * @value: its value
 * @wanted: what it should be
 */
void check_equal(const char *file, int line, const char *what, uint64_t value, uint64_t wanted)
{
	if (value != wanted)
		check_failed(file, line, "%s is %#llx, not %#llx", what, (unsigned long long)value,
			     (unsigned long long)wanted);
}

/**
 * check_errno() - a system call gave what it should
 * @file: where
 * @line: where
 * @what: the call
 * @result: what it returned, errno set
 * @wanted: errno, 0: success
 */
void check_errno(const char *file, int line, const char *what, long result, int wanted)
{
	int error = result < 0 ? errno : 0;

	if (error != wanted)
		check_failed(file, line, "%s: %s, not %s", what, strerror(error),
			     strerror(wanted));
}

/**
 * checks_failed() - has any check of this process failed?
 *
 * Return: 1 or 0, good as an exit status.
 */
int checks_failed(void)
{
	fflush(stdout);
	return failures != 0;
}

/**
 * skip() - this case cannot run here
 * @why: what is missing
 */
void skip(const char *why)
{
	printf("  %s\n", why);
	fflush(stdout);
	_exit(SKIPPED);
}

/**
 * soak() - is there time for long runs?
 *
 * Return: true or false.
 */
bool soak(void)
{
	const char *value = getenv("AXVM_SOAK");

	return value && *value;
}

/**
 * slow_kernel() - is it the debug kernel?
 *
 * Return: true or false.
 */
bool slow_kernel(void)
{
	const char *kernel = getenv("BED_KERNEL");

	return kernel && !strcmp(kernel, "debug");
}

/**
 * count_of() - how often to do something
 * @usual: in `make check`; on the debug kernel, which takes ten times as long, a quarter of it
 * @long_run: in `make soak`, on all kernels
 *
 * Return: one of them.
 */
int count_of(int usual, int long_run)
{
	if (soak())
		return long_run;
	return slow_kernel() ? (usual + 3) / 4 : usual;
}

/* The status of one case, in a process of its own */
static int run(const struct test *test)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(CASE_SECONDS * (soak() ? 30 : 1));
		test->run();
		_exit(checks_failed());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("axvm-test");
		return 1;
	}
	if (WIFSIGNALED(status)) {
		printf("  %s\n", WTERMSIG(status) == SIGALRM ? "no end in time" :
							       strsignal(WTERMSIG(status)));
		return 1;
	}
	return WEXITSTATUS(status);
}

static bool wanted(const struct test *test, int argc, char **argv)
{
	int i;

	if (strcmp(test->group, argv[1]))
		return false;
	for (i = 2; i < argc; i++)
		if (!strcmp(test->name, argv[i]))
			return true;
	return argc == 2;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0, skipped = 0;
	const struct test *test;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: axvm-test GROUP [CASE]...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (test = tests; test; test = test->next) {
		if (!wanted(test, argc, argv))
			continue;
		status = run(test);
		passed += !status;
		skipped += status == SKIPPED;
		failed += status && status != SKIPPED;
		printf("%s %s\n", !status ? "ok  " : status == SKIPPED ? "skip" : "FAIL",
		       test->name);
	}
	printf("%s: %u passed, %u failed, %u skipped\n", argv[1], passed, failed, skipped);
	return failed ? 1 : passed ? 0 : SKIPPED;
}
