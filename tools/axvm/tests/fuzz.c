// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [COUNT [SEED]]: kernel images with changed bytes and cut ends are loaded
 * into a buffer. Each must be taken, or refused with exactly one line; sanitizers
 * watch. The same seed gives the same images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define MEMORY	(32 * MIB)

static const struct {
	const char *name;
	size_t (*make)(u8 *image);
	/* Where its headers are */
	u32 start;
	u32 length;
} samples[] = {
	{ "linux", sample_linux, 0x1f1, 0x80 },
	{ "elf32", sample_elf32, 0, 120 },
	{ "elf64", sample_elf64, 0, 130 },
	{ "multiboot", sample_elf32, 0x1000, 40 },
	{ "addresses", sample_addresses, 0x200, 32 },
};

static void change(u8 *image, size_t length, unsigned int which)
{
	static const u8 edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe };
	unsigned int changes = 1 + check_random(4);
	size_t at;

	while (changes--) {
		if (check_random(8))
			at = samples[which].start + check_random(samples[which].length);
		else
			at = check_random(length);
		if (check_random(2))
			image[at] = edges[check_random(ARRAY_SIZE(edges))];
		else
			image[at] ^= BIT(check_random(8));
		if (!check_random(4) && at + 4 < length)
			memset(image + at, image[at], 4);
	}
}

/* Return: whether it was taken */
static bool load(struct guest_memory *memory, struct vm_config *config, size_t length)
{
	static struct boot boot;
	struct boot_regs regs;
	char text[4096];
	unsigned int lines;
	int ret;

	check_catch_messages();
	ret = boot_open(&boot, config);
	if (!ret)
		ret = boot_load(&boot, memory, &regs);
	boot_close(&boot);
	lines = check_caught(text, sizeof(text));
	check_show_messages();
	/* A request for a video mode is one more line */
	if (strstr(text, "wants a video mode"))
		lines--;
	check_that(lines == (ret ? 1 : 0), "%u lines, result %d, length %zu: %s", lines, ret,
		   length, text);
	return !ret;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000, i, taken = 0;
	static u8 image[SAMPLE_BYTES];
	static struct vm_config config;
	struct guest_memory memory;
	unsigned int which;
	size_t length;

	check_random_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	config_init(&config);
	config.memory = MEMORY;
	config_add_module(&config, check_file(1, "module", 6), NULL);
	check_memory(&memory, MEMORY);
	for (i = 0; i < count && !check_failures; i++) {
		which = i % ARRAY_SIZE(samples);
		length = samples[which].make(image);
		change(image, length, which);
		if (!check_random(4))
			length = 1 + check_random(length);
		config_set(&config.kernel_path, check_file(0, image, length));
		taken += load(&memory, &config, length);
		if (check_failures)
			printf("image %lu (%s)\n", i, samples[which].name);
	}
	check_memory_free(&memory);
	config_free(&config);
	printf("fuzz: %s, %lu images, %lu of them taken\n", check_failures ? "FAIL" : "ok", i,
	       taken);
	return check_failures ? 1 : 0;
}
