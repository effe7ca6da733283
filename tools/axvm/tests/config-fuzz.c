// SPDX-License-Identifier: GPL-2.0
/*
 * config-fuzz DIRECTORY [COUNT [SEED]]: configuration files with changed bytes, numbers
 * and lines are explained and checked. Each must be taken without a word on stderr, or
 * refused with exactly one line; sanitizers watch. The same seed gives the same files.
 *
 * What they start from are the files of DIRECTORY that are of this architecture. They lie
 * in /proc/self/fd, so an image's name is a number.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "check.h"

#define SEEDS_MAX	16
#define TEXT_MAX	8192

struct text {
	size_t length;
	char bytes[TEXT_MAX];
};

static struct text seeds[SEEDS_MAX];
static unsigned int nr_seeds;

/* Names in the files, and the number that check_file() gives for them */
static const struct {
	const char *name;
	unsigned int number;
} images[] = {
	{ "\"bzImage\"", 1 }, { "\"Image\"", 1 }, { "\"initramfs\"", 2 }, { "\"nimbos.bin\"", 2 },
	{ "\"axvm-bios.bin\"", 3 }, { "\"arceos.bin\"", 1 }, { "\"code.bin\"", 2 },
	{ "\"data.bin\"", 3 },
};

static void add_text(struct text *text, const char *bytes, size_t length)
{
	if (length > TEXT_MAX - text->length)
		length = TEXT_MAX - text->length;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static const char *image_number(unsigned int number)
{
	static u8 kernel[SAMPLE_BYTES];
	size_t length = 64;
	const char *path;

	memset(kernel, 0, sizeof(kernel));
	if (number == 1)
		length = sample_kernel(kernel);
	path = check_file(number, kernel, length);
	return strrchr(path, '/') + 1;
}

/* A seed is a file with the names of its images replaced */
static void add_seed(const char *path)
{
	struct text *seed = &seeds[nr_seeds];
	char line[512], number[32], *at;
	FILE *f = fopen(path, "r");
	size_t i;

	if (!f || nr_seeds == SEEDS_MAX)
		abort();
	while (fgets(line, sizeof(line), f)) {
		for (i = 0; i < ARRAY_SIZE(images); i++) {
			at = strstr(line, images[i].name);
			if (!at)
				continue;
			snprintf(number, sizeof(number), "\"%s\"", image_number(images[i].number));
			add_text(seed, line, at - line);
			add_text(seed, number, strlen(number));
			memmove(line, at + strlen(images[i].name),
				strlen(at + strlen(images[i].name)) + 1);
		}
		add_text(seed, line, strlen(line));
	}
	fclose(f);
	nr_seeds++;
}

/* --- mutations ---------------------------------------------------------------------- */

static void replace(struct text *text, size_t at, size_t old, const char *bytes, size_t length)
{
	struct text after = { 0 };

	add_text(&after, text->bytes, at);
	add_text(&after, bytes, length);
	add_text(&after, text->bytes + at + old, text->length - at - old);
	*text = after;
}

static void change_byte(struct text *text)
{
	static const char interesting[] = "\"[]{}=.,#'\\\n\r\t 0x-+_e:\0\177\200\377";
	size_t at = check_random(text->length);

	if (check_random(2))
		text->bytes[at] = interesting[check_random(sizeof(interesting) - 1)];
	else
		text->bytes[at] ^= BIT(check_random(8));
}

static void change_number(struct text *text)
{
	static const char *const numbers[] = {
		"0", "1", "2", "-1", "0x7fffffffffffffff", "-0x8000000000000000",
		"0x8000000000000000", "0xfffffffff000", "0x1000", "0xfff", "255", "0xffff",
		"4294967296", "0xfee00000", "1.5", "nan", "1979-05-27", "true", "[]", "{}", "\"\"",
		"[[[[[[[[[[[[0]]]]]]]]]]]]",
	};
	size_t at = check_random(text->length), end;
	const char *number = numbers[check_random(ARRAY_SIZE(numbers))];

	while (at < text->length && (text->bytes[at] < '0' || text->bytes[at] > '9'))
		at++;
	for (end = at; end < text->length && strchr("0123456789abcdefx_", text->bytes[end]) &&
	     text->bytes[end]; end++)
		;
	replace(text, at, end - at, number, strlen(number));
}

/* The bounds of the line in which a byte is */
static size_t find_line(const struct text *text, size_t at, size_t *length)
{
	size_t start = at, end = at;

	while (start && text->bytes[start - 1] != '\n')
		start--;
	while (end < text->length && text->bytes[end] != '\n')
		end++;
	*length = end < text->length ? end + 1 - start : end - start;
	return start;
}

/* A line goes, or is there twice, or one of another file comes in */
static void change_line(struct text *text)
{
	const struct text *other = &seeds[check_random(nr_seeds)];
	size_t length, start = find_line(text, check_random(text->length), &length);
	size_t other_length, other_start;
	char line[TEXT_MAX];

	switch (check_random(3)) {
	case 0:
		replace(text, start, length, "", 0);
		break;
	case 1:
		memcpy(line, text->bytes + start, length);
		replace(text, start, 0, line, length);
		break;
	case 2:
		other_start = find_line(other, check_random(other->length), &other_length);
		replace(text, start, check_random(2) ? length : 0, other->bytes + other_start,
			other_length);
	}
}

/* Keys as deep in each other as the longest line lets them */
static void add_depth(struct text *text)
{
	char line[TEXT_MAX];
	size_t length = 2 * (1 + check_random(2000)), i;

	for (i = 0; i < length; i += 2)
		memcpy(line + i, check_random(2) ? "a." : "[ ", 2);
	replace(text, text->length, 0, line, length);
}

static void mutate(struct text *text)
{
	unsigned int changes = 1 + check_random(4);

	while (changes-- && text->length) {
		switch (check_random(12)) {
		case 0 ... 3:
			change_byte(text);
			break;
		case 4 ... 7:
			change_number(text);
			break;
		case 8 ... 9:
			change_line(text);
			break;
		case 10:
			text->length = check_random(text->length);
			break;
		default:
			if (!check_random(20))
				add_depth(text);
		}
	}
}

/* --- the test ------------------------------------------------------------------------ */

/* Return: whether it was taken */
static bool try_file(const struct text *text, const char *verb)
{
	char *argv[4] = { (char *)"config", (char *)verb };
	unsigned int lines;
	char said[4096];
	int status;

	argv[2] = (char *)check_file(0, text->bytes, text->length);
	check_catch_messages();
	status = command_config(3, argv);
	lines = check_caught(said, sizeof(said));
	check_show_messages();
	check_that(lines == (status == STATUS_ERROR) && status >= 0 && status <= STATUS_ERROR,
		   "%s: status %d, %u lines: %s", verb, status, lines, said);
	return status != STATUS_ERROR;
}

static void show(const struct text *text)
{
	fprintf(stderr, "--- the file:\n%.*s\n---\n", (int)text->length, text->bytes);
}

static void find_seeds(const char *directory)
{
	char pattern[512];
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/%s-*.toml", directory,
		 arch_number == AXVM_ARCH_X86_64 ? "x86" : "arm64");
	if (glob(pattern, 0, NULL, &found))
		abort();
	for (i = 0; i < found.gl_pathc; i++)
		add_seed(found.gl_pathv[i]);
	globfree(&found);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 10000, i, taken = 0;
	struct text text;

	if (argc < 2 || !freopen("/dev/null", "w", stdout))
		return STATUS_ERROR;
	check_random_seed(argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
	find_seeds(argv[1]);
	for (i = 0; i < nr_seeds; i++)
		check_that(try_file(&seeds[i], "explain"), "file %lu is refused", i);
	for (i = 0; i < count && !check_failures; i++) {
		text = seeds[i % nr_seeds];
		mutate(&text);
		taken += try_file(&text, check_random(2) ? "check" : "explain");
		if (check_failures)
			show(&text);
	}
	fprintf(stderr, "config-fuzz: %s, %lu files, %lu of them taken\n",
		check_failures ? "FAIL" : "ok", i, taken);
	return check_failures ? 1 : 0;
}
