// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, numbers and sizes. A message is one line on stderr, written at once,
 * so that lines of several threads do not mix.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

static bool need_cr;

/**
 * messages_need_cr() - say whether the terminal is raw
 * @yes: end lines with CR LF from now on
 */
void messages_need_cr(bool yes)
{
	need_cr = yes;
}

static void message(int error, const char *fmt, va_list args)
{
	char line[1024];
	size_t used, i;
	ssize_t n;

	used = snprintf(line, sizeof(line), "axvm: ");
	vsnprintf(line + used, sizeof(line) - used - 2, fmt, args);
	used = strlen(line);
	if (error) {
		snprintf(line + used, sizeof(line) - used - 2, ": %s", strerror(error));
		used = strlen(line);
	}
	/* Names come from files and command lines: one line stays one, a terminal as it is */
	for (i = 0; i < used; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	if (need_cr)
		line[used++] = '\r';
	line[used++] = '\n';
	n = write(STDERR_FILENO, line, used);
	(void)n;	/* there is nobody left to tell */
}

/**
 * note() - say something
 * @fmt: printf format, without "axvm:" and newline
 *
 * Return: 0.
 */
int note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(0, fmt, args);
	va_end(args);
	return 0;
}

/**
 * note_errno() - say something, with the text of an errno
 * @error: the errno
 * @fmt: printf format
 *
 * Return: 0.
 */
int note_errno(int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(error, fmt, args);
	va_end(args);
	return 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Digits at *@text; advances it. False if there is none or the value overflows. */
static bool take_digits(const char **text, u64 *value)
{
	const char *p = *text;
	unsigned int base = 10;
	u64 v = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	if ((unsigned int)digit_value(*p) >= base)
		return false;
	while ((unsigned int)digit_value(*p) < base) {
		if (__builtin_mul_overflow(v, (u64)base, &v) ||
		    __builtin_add_overflow(v, (u64)digit_value(*p), &v))
			return false;
		p++;
	}
	*text = p;
	*value = v;
	return true;
}

/**
 * parse_number() - read a whole string as a decimal or 0x number
 * @text: the string
 * @value: out
 *
 * Return: whether it is one that fits.
 */
bool parse_number(const char *text, u64 *value)
{
	return take_digits(&text, value) && !*text;
}

/**
 * parse_size() - read a whole string as bytes, or with K, M, G or T
 * @text: the string
 * @value: out: bytes
 *
 * Return: whether it is one that fits.
 */
bool parse_size(const char *text, u64 *value)
{
	static const char suffixes[] = "KMGT";
	const char *found;
	unsigned int shift = 0;
	u64 v;

	if (!take_digits(&text, &v))
		return false;
	if (*text) {
		found = strchr(suffixes, *text >= 'a' ? *text - 'a' + 'A' : *text);
		if (!found || text[1])
			return false;
		shift = 10 * (found - suffixes + 1);
	}
	if (v > ~0ULL >> shift)
		return false;
	*value = v << shift;
	return true;
}

/**
 * size_text() - a size as people write it
 * @bytes: the size
 * @buf: where to
 * @length: bytes at @buf
 *
 * Return: @buf.
 */
const char *size_text(u64 bytes, char *buf, size_t length)
{
	static const char suffixes[] = "BKMGT";
	unsigned int i = 0;
	u64 whole = bytes;

	while (whole >= 10 * KIB && i < 4) {
		whole /= KIB;
		i++;
	}
	while (whole && !(whole % KIB) && i < 4) {
		whole /= KIB;
		i++;
	}
	snprintf(buf, length, "%llu%c", whole, suffixes[i]);
	return buf;
}
