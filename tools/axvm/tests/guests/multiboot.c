// SPDX-License-Identifier: GPL-2.0
/*
 * A multiboot kernel that writes to COM1 what its loader told it: memory, command
 * line, modules with their first bytes, and ends by the debug-exit port with 42
 * if all of it makes sense, 1 if not.
 */
#include "multiboot.h"

#define COM1		0x3f8
#define DEBUG_EXIT	0xf4

static inline void out8(unsigned short port, unsigned char value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline unsigned char in8(unsigned short port)
{
	unsigned char value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(const char *text)
{
	for (; *text; text++) {
		while (!(in8(COM1 + 5) & 0x20))
			;
		out8(COM1, *text);
	}
}

static void put_hex(unsigned int value)
{
	char text[9];
	int i;

	for (i = 7; i >= 0; i--, value >>= 4)
		text[i] = "0123456789abcdef"[value & 15];
	text[8] = 0;
	put(text);
}

static void put_map(const struct info *info)
{
	const struct map_entry *e = (const void *)info->mmap_addr;
	const char *end = (const char *)info->mmap_addr + info->mmap_length;

	for (; (const char *)e < end; e = (const void *)((const char *)e + e->size + 4)) {
		put("map ");
		put_hex(e->base_high);
		put_hex(e->base);
		put(" ");
		put_hex(e->length_high);
		put_hex(e->length);
		put(e->type == 1 ? " ram\r\n" : " reserved\r\n");
	}
}

static void put_modules(const struct info *info)
{
	const struct module *m = (const void *)info->mods_addr;
	unsigned int i;

	for (i = 0; i < info->mods_count; i++, m++) {
		put("module ");
		put((const char *)m->args);
		put(": ");
		put((m->start & 0xfff) ? "not aligned " : "");
		/* The tests give short text files, ended by the zeros behind them */
		put((const char *)m->start);
		put("\r\n");
	}
}

static char zeros[100000];
static int data = 0x600d;

void kernel_main(unsigned int magic, const struct info *info)
{
	unsigned int i, status = 42;

	put("multiboot guest\r\n");
	if (magic != 0x2badb002)
		status = 1;
	/* The loader's work: the compiler may not know it already */
	asm volatile("" : "+m"(zeros), "+m"(data));
	for (i = 0; i < sizeof(zeros); i++)
		if (zeros[i])
			status = 1;
	if (data != 0x600d)
		status = 1;
	if (status == 42) {
		put("lower ");
		put_hex(info->mem_lower);
		put(" upper ");
		put_hex(info->mem_upper);
		put("\r\nloader ");
		put((const char *)info->loader);
		put("\r\ncmdline ");
		put((const char *)info->cmdline);
		put("\r\n");
		put_map(info);
		put_modules(info);
	}
	out8(DEBUG_EXIT, status);
	for (;;)
		asm volatile("hlt");
}
