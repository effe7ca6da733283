// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the launcher's test programs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

unsigned int check_failures;

static int caught_fd = -1;
static int stderr_fd = -1;

/**
 * check_that() - count and show a failed check
 * @good: the check
 * @fmt: what it was
 */
void check_that(bool good, const char *fmt, ...)
{
	va_list args;

	if (good)
		return;
	check_failures++;
	va_start(args, fmt);
	fputs("FAIL ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

/**
 * check_equal() - a check of a number, by CHECK_EQUAL()
 * @value: the number
 * @wanted: what it should be
 * @what: what it is
 * @file: where the check is
 * @line: where in it
 */
void check_equal(u64 value, u64 wanted, const char *what, const char *file, int line)
{
	check_that(value == wanted, "%s:%d: %s is %#llx, not %#llx", file, line, what, value,
		   wanted);
}

/**
 * check_catch_messages() - what is written to stderr from now on is caught
 */
void check_catch_messages(void)
{
	if (caught_fd < 0) {
		caught_fd = memfd_create("messages", MFD_CLOEXEC);
		stderr_fd = dup(STDERR_FILENO);
	}
	if (ftruncate(caught_fd, 0) || lseek(caught_fd, 0, SEEK_SET))
		abort();
	dup2(caught_fd, STDERR_FILENO);
}

/**
 * check_caught() - what was caught since check_catch_messages()
 * @text: out: the text
 * @length: bytes at @text
 *
 * Return: lines.
 */
unsigned int check_caught(char *text, size_t length)
{
	ssize_t n = pread(caught_fd, text, length - 1, 0);
	unsigned int lines = 0;
	ssize_t i;

	for (i = 0; i < n; i++)
		lines += text[i] == '\n';
	text[n > 0 ? n : 0] = '\0';
	return lines;
}

/**
 * check_show_messages() - stderr is stderr again
 */
void check_show_messages(void)
{
	dup2(stderr_fd, STDERR_FILENO);
}

/**
 * check_memory() - guest memory of exactly that many heap bytes, all zero
 * @memory: filled in
 * @size: bytes
 */
void check_memory(struct guest_memory *memory, u64 size)
{
	memset(memory, 0, sizeof(*memory));
	memory->fd = -1;
	memory->size = size;
	memory->host = calloc(1, size);
	if (!memory->host)
		abort();
	arch_map_memory(memory);
}

/**
 * check_memory_free() - the reverse
 * @memory: the memory
 */
void check_memory_free(struct guest_memory *memory)
{
	free(memory->host);
}

/**
 * check_file() - a file made of bytes
 * @number: up to 8 files are there at once
 * @bytes: what is in it
 * @length: how many
 *
 * Return: its path.
 */
const char *check_file(unsigned int number, const void *bytes, size_t length)
{
	static char paths[8][32];
	static int fds[8];

	if (!fds[number]) {
		fds[number] = memfd_create("image", MFD_CLOEXEC);
		snprintf(paths[number], sizeof(paths[number]), "/proc/self/fd/%d", fds[number]);
	}
	if (ftruncate(fds[number], 0) || pwrite(fds[number], bytes, length, 0) != (ssize_t)length)
		abort();
	return paths[number];
}

static u64 random_state;

/**
 * check_random_seed() - start a sequence of random numbers
 * @seed: not 0; the same one gives the same sequence
 */
void check_random_seed(u64 seed)
{
	random_state = seed;
}

/**
 * check_random() - the next one: xorshift64, enough to choose bytes
 * @below: a bound
 *
 * Return: a number below it.
 */
u64 check_random(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/**
 * check_get() - read a little-endian number
 * @base: a buffer
 * @offset: where in it
 * @width: bytes, up to 8
 *
 * Return: the number.
 */
u64 check_get(const void *base, u64 offset, unsigned int width)
{
	const u8 *p = (const u8 *)base + offset;
	u64 value = 0;

	while (width--)
		value = value << 8 | p[width];
	return value;
}
