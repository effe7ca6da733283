// SPDX-License-Identifier: GPL-2.0
/*
 * unit: guests are built into a buffer, and what is in it is compared with what
 * the boot protocols and ACPI ask for. No hypervisor is needed.
 */
#include <asm/bootparam.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "../x86.h"
#include "check.h"

/**
 * struct built - a guest built from options
 * @config: its configuration
 * @boot: its images
 * @memory: its memory
 * @regs: its first vCPU
 */
struct built {
	struct vm_config config;
	struct boot boot;
	struct guest_memory memory;
	struct boot_regs regs;
};

static struct built b;

/* Return: 0 if the guest was built, -1 if it was refused; discard() is due */
static int build(const char **options)
{
	char *argv[40] = { (char *)"run" };
	int argc = 1;

	while (*options)
		argv[argc++] = (char *)*options++;
	memset(&b, 0, sizeof(b));
	config_init(&b.config);
	if (options_parse(&b.config, argc, argv) != OPTIONS_RUN || config_check(&b.config) ||
	    boot_open(&b.boot, &b.config))
		return -1;
	check_memory(&b.memory, b.config.memory);
	return boot_load(&b.boot, &b.memory, &b.regs);
}

static void discard(void)
{
	check_memory_free(&b.memory);
	boot_close(&b.boot);
	config_free(&b.config);
}

#define BUILD(...)	build((const char *[]){ __VA_ARGS__, NULL })

/* A refusal is one line, and it has the word */
static void check_refusal(int line, const char *word, int result)
{
	char text[4096];
	unsigned int lines = check_caught(text, sizeof(text));

	check_show_messages();
	discard();
	check_that(result == -1, "line %d: taken, but should be refused: %s", line, word);
	check_that(lines == 1 && !strncmp(text, "axvm: ", 6), "line %d: not one line: %s", line,
		   text);
	check_that(strstr(text, word), "line %d: no '%s' in: %s", line, word, text);
}

#define REFUSED(word, ...)						\
	do {								\
		check_catch_messages();					\
		check_refusal(__LINE__, word, BUILD(__VA_ARGS__));	\
	} while (0)

static u8 image[SAMPLE_BYTES];

/* What the identity mapping makes of an address */
static u64 walk(u64 cr3, u64 address)
{
	const u64 mask = 0xffffffffff000ULL;
	u64 entry = cr3;
	int shift;

	for (shift = 39; shift >= 21; shift -= 9) {
		entry = check_get(memory_at(&b.memory, entry & mask, PAGE_BYTES),
				  ((address >> shift) & 511) * 8, 8);
		if (!(entry & 1))
			return ~0ULL;
	}
	return entry & 0x80 ? (entry & mask) + (address & 0x1fffff) : ~0ULL;
}

static void check_e820(const struct boot_params *params, unsigned int i, u64 base, u64 end,
		       u32 type)
{
	CHECK_EQUAL(params->e820_table[i].addr, base);
	CHECK_EQUAL(params->e820_table[i].addr + params->e820_table[i].size, end);
	CHECK_EQUAL(params->e820_table[i].type, type);
}

static void check_long_mode(const struct axvm_x86_regs *r)
{
	const u8 *gdt = memory_at(&b.memory, r->gdt_base, r->gdt_limit + 1);

	CHECK_EQUAL(r->size, sizeof(*r));
	CHECK_EQUAL(r->cr0 & 0x80000021, 0x80000021);
	CHECK_EQUAL(r->cr4, 0x20);
	CHECK_EQUAL(r->efer, 0x500);
	CHECK_EQUAL(r->rflags, 2);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].selector, 0x10);
	CHECK_EQUAL(r->seg[AXVM_X86_DS].selector, 0x18);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].attr, 0xa09b);
	CHECK_EQUAL(check_get(gdt, 0x10, 8), 0x00af9b000000ffffULL);
	CHECK_EQUAL(check_get(gdt, 0x18, 8), 0x00cf93000000ffffULL);
	CHECK_EQUAL(walk(r->cr3, 0), 0);
	CHECK_EQUAL(walk(r->cr3, 0x1234567), 0x1234567);
	CHECK_EQUAL(walk(r->cr3, 0xfee00123), 0xfee00123);
	CHECK_EQUAL(walk(r->cr3, 4 * GIB), ~0ULL);
}

static void test_linux(void)
{
	const char *kernel = check_file(0, image, sample_linux(image));
	const char *first = check_file(1, "12345", 5), *second = check_file(2, "abc", 3);
	const struct boot_params *params;
	const struct axvm_x86_regs *r;
	const char *initrd;

	CHECK(!BUILD("-k", kernel, "-i", first, "-i", second, "-m", "64M", "-a", "quiet x=1"));
	r = x86_regs(&b.regs);
	CHECK_EQUAL(r->rip, SAMPLE_LINUX_LOAD + 0x200);
	check_long_mode(r);
	params = memory_at(&b.memory, r->gpr[AXVM_X86_RSI], sizeof(*params));
	CHECK(params && !memcmp(&params->hdr.version, image + 0x206, 2));
	CHECK_EQUAL(params->sentinel, 0);
	CHECK_EQUAL(params->hdr.type_of_loader, 0xff);
	CHECK_EQUAL(params->e820_entries, 3);
	check_e820(params, 0, 0, 0x9fc00, 1);
	check_e820(params, 1, 0x9fc00, 0x100000, 2);
	check_e820(params, 2, 0x100000, 64 * MIB, 1);
	CHECK(!strcmp(memory_at(&b.memory, params->hdr.cmd_line_ptr, 256), "quiet x=1"));
	CHECK_EQUAL(params->hdr.ramdisk_size, 12);
	CHECK_EQUAL(params->hdr.ramdisk_image % PAGE_BYTES, 0);
	CHECK(params->hdr.ramdisk_image >= SAMPLE_LINUX_LOAD + SAMPLE_LINUX_INIT);
	initrd = memory_at(&b.memory, params->hdr.ramdisk_image, 12);
	CHECK(initrd && !memcmp(initrd, "12345\0\0\0abc", 12));
	CHECK(!memcmp(memory_at(&b.memory, SAMPLE_LINUX_LOAD, SAMPLE_LINUX_CODE), image + 1024,
		      SAMPLE_LINUX_CODE));
	CHECK_EQUAL(params->acpi_rsdp_addr, 0xe0000);
	discard();

	CHECK(!BUILD("-k", kernel));
	params = memory_at(&b.memory, x86_regs(&b.regs)->gpr[AXVM_X86_RSI], sizeof(*params));
	CHECK(!strcmp(memory_at(&b.memory, params->hdr.cmd_line_ptr, 256), "console=ttyS0"));
	CHECK_EQUAL(params->hdr.ramdisk_size, 0);
	discard();
}

/* A bzImage with one number changed */
static const char *changed(size_t offset, unsigned int width, u64 value)
{
	size_t length = sample_linux(image);

	x86_put(image, offset, width, value);
	return check_file(0, image, length);
}

#define FIELD(name)	(0x1f1 + offsetof(struct setup_header, name))

static void test_linux_refusals(void)
{
	char cmdline[SAMPLE_LINUX_CMDLINE + 2], args[64];
	size_t length = sample_linux(image);
	const char *good;

	REFUSED("not a kernel", "-k", changed(FIELD(header), 4, 0));
	REFUSED("signature", "-k", changed(FIELD(boot_flag), 2, 0));
	REFUSED("2.11", "-k", changed(FIELD(version), 2, 0x20b));
	REFUSED("header is too short", "-k", changed(0x201, 1, 4));
	REFUSED("zImage", "-k", changed(FIELD(loadflags), 1, 0));
	REFUSED("32-bit", "-k", changed(FIELD(xloadflags), 2, 0));
	REFUSED("no kernel in it", "-k", changed(FIELD(syssize), 4, 0));
	REFUSED("truncated", "-k", changed(FIELD(syssize), 4, 0xffffffff));
	REFUSED("truncated", "-k", changed(FIELD(setup_sects), 1, 255));
	REFUSED("alignment", "-k", changed(FIELD(kernel_alignment), 4, 0x1234));
	REFUSED("wants to be loaded", "-k", changed(FIELD(pref_address), 8, 0));
	REFUSED("wants to be loaded", "-k", changed(FIELD(pref_address), 8, ~0ULL));
	REFUSED("does not fit", "-k", changed(FIELD(init_size), 4, 0xffffffff));
	REFUSED("does not fit", "-k", changed(FIELD(pref_address), 8, 0xf0000000));

	sample_linux(image);
	REFUSED("truncated", "-k", check_file(0, image, length - 17));
	REFUSED("truncated", "-k", check_file(0, image, 1024));
	REFUSED("truncated", "-k", check_file(0, image, 0x220));
	REFUSED("not a kernel", "-k", check_file(0, image, 0x200));
	REFUSED("empty", "-k", check_file(0, image, 0));
	good = check_file(0, image, length);
	REFUSED("does not fit", "-k", good, "-m", "16M");
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	cmdline[sizeof(cmdline) - 1] = '\0';
	REFUSED("command line", "-k", good, "-a", cmdline);
	snprintf(args, sizeof(args), "%s,args", check_file(1, "x", 1));
	REFUSED("takes no arguments", "-k", good, "-i", args);
	REFUSED("regular", "-k", good, "-i", "/dev/null");
	REFUSED("beside the kernel", "-k", changed(FIELD(initrd_addr_max), 4, 0x1000), "-i",
		check_file(1, "x", 1));
}

static bool sums_to_zero(const u8 *bytes, u64 count)
{
	u8 sum = 0;

	while (count--)
		sum += *bytes++;
	return !sum;
}

static const u8 *table_at(u64 gpa, const char *signature)
{
	const u8 *t = memory_at(&b.memory, gpa, 36);
	u64 length = t ? check_get(t, 4, 4) : 0;

	CHECK(t && !memcmp(t, signature, 4));
	CHECK(gpa >= 0xe0000 && gpa + length <= 0x100000);
	CHECK(!strcmp(signature, "FACS") || sums_to_zero(t, length));
	return t;
}

static void check_fadt(const u8 *fadt)
{
	CHECK_EQUAL(fadt[8], 5);
	CHECK_EQUAL(check_get(fadt, 46, 2), 9);
	CHECK_EQUAL(check_get(fadt, 48, 4), 0);
	CHECK_EQUAL(check_get(fadt, 56, 4), 0x600);
	CHECK_EQUAL(check_get(fadt, 64, 4), 0x604);
	CHECK_EQUAL(check_get(fadt, 76, 4), 0x608);
	CHECK_EQUAL(check_get(fadt, 148 + 4, 8), 0x600);
	CHECK_EQUAL(check_get(fadt, 172 + 4, 8), 0x604);
	CHECK_EQUAL(check_get(fadt, 208 + 4, 8), 0x608);
	CHECK_EQUAL(check_get(fadt, 116 + 4, 8), 0xcf9);
	CHECK_EQUAL(fadt[128], 6);
	CHECK_EQUAL(fadt[108], 0x32);
	CHECK_EQUAL(check_get(fadt, 109, 2) & 3, 1);
	/* RESET_REG_SUP, TMR_VAL_EXT, and no hardware-reduced ACPI */
	CHECK_EQUAL(check_get(fadt, 112, 4) & (BIT(8) | BIT(10) | BIT(20)), BIT(8) | BIT(10));
	table_at(check_get(fadt, 36, 4), "FACS");
	CHECK_EQUAL(check_get(fadt, 36, 4) % 64, 0);
	table_at(check_get(fadt, 40, 4), "DSDT");
	CHECK_EQUAL(check_get(fadt, 140, 8), check_get(fadt, 40, 4));
}

static void check_madt(const u8 *madt, unsigned int nr_vcpus)
{
	unsigned int count[16] = { 0 };
	u64 at, length = check_get(madt, 4, 4);

	CHECK_EQUAL(check_get(madt, 36, 4), 0xfee00000);
	CHECK_EQUAL(check_get(madt, 40, 4), 1);
	for (at = 44; at < length && madt[at + 1]; at += madt[at + 1]) {
		if (madt[at] == 0)
			CHECK_EQUAL(madt[at + 3], count[0]);
		if (madt[at] == 1)
			CHECK_EQUAL(check_get(madt, at + 4, 4), 0xfec00000);
		if (madt[at] == 2 && !madt[at + 3])
			CHECK_EQUAL(check_get(madt, at + 4, 4), 2);
		count[madt[at] & 15]++;
	}
	CHECK_EQUAL(at, length);
	CHECK_EQUAL(count[0], nr_vcpus);
	CHECK_EQUAL(count[1], 1);
	CHECK_EQUAL(count[2], 2);
	CHECK_EQUAL(count[4], 1);
}

static void test_acpi(const char *cpus)
{
	const char *kernel = check_file(0, image, sample_linux(image));
	const u8 *rsdp, *xsdt;

	CHECK(!BUILD("-k", kernel, "-m", "32M", "-c", cpus));
	rsdp = memory_at(&b.memory, 0xe0000, 36);
	CHECK(!memcmp(rsdp, "RSD PTR ", 8));
	CHECK(sums_to_zero(rsdp, 20) && sums_to_zero(rsdp, 36));
	xsdt = table_at(check_get(rsdp, 24, 8), "XSDT");
	CHECK_EQUAL(check_get(xsdt, 4, 4), 36 + 16);
	check_fadt(table_at(check_get(xsdt, 36, 8), "FACP"));
	check_madt(table_at(check_get(xsdt, 44, 8), "APIC"), atoi(cpus));
	CHECK_EQUAL(check_get(memory_at(&b.memory, 0x40e, 2), 0, 2), 0x9fc0);
	discard();
}

static void check_multiboot(u64 code, const char *kernel)
{
	const char *module = check_file(1, "module", 6);
	const struct axvm_x86_regs *r;
	const u8 *info, *m;
	char with_args[64];

	snprintf(with_args, sizeof(with_args), "%s,one two", module);
	CHECK(!BUILD("-k", kernel, "-m", "16M", "-a", "a command", "-i", with_args, "-i", module));
	r = x86_regs(&b.regs);
	CHECK_EQUAL(r->gpr[AXVM_X86_RAX], 0x2badb002);
	CHECK_EQUAL(r->rip, SAMPLE_ELF_LOAD + 0x10);
	CHECK_EQUAL(r->cr0 & 0x80000001, 1);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].attr, 0xc09b);
	CHECK_EQUAL(r->seg[AXVM_X86_DS].attr, 0xc093);
	CHECK(!memcmp(memory_at(&b.memory, SAMPLE_ELF_LOAD, SAMPLE_ELF_CODE), image + code,
		      SAMPLE_ELF_CODE));
	info = memory_at(&b.memory, r->gpr[AXVM_X86_RBX], 120);
	CHECK_EQUAL(check_get(info, 0, 4) & 0x4d, 0x4d);
	CHECK_EQUAL(check_get(info, 4, 4), 639);
	CHECK_EQUAL(check_get(info, 8, 4), 15 * 1024);
	CHECK(!strcmp(memory_at(&b.memory, check_get(info, 16, 4), 16), "a command"));
	CHECK_EQUAL(check_get(info, 20, 4), 2);
	CHECK_EQUAL(check_get(info, 44, 4), 3 * 24);
	m = memory_at(&b.memory, check_get(info, 24, 4), 32);
	CHECK_EQUAL(check_get(m, 0, 4), SAMPLE_ELF_LOAD + SAMPLE_ELF_CODE + SAMPLE_ELF_BSS);
	CHECK_EQUAL(check_get(m, 4, 4) - check_get(m, 0, 4), 6);
	CHECK(!memcmp(memory_at(&b.memory, check_get(m, 16, 4), 6), "module", 6));
	CHECK(!strcmp(memory_at(&b.memory, check_get(m, 8, 4), 8), "one two"));
	discard();
}

static void test_multiboot(void)
{
	check_multiboot(0x1000, check_file(0, image, sample_elf32(image)));
	check_multiboot(0x1000, check_file(0, image, sample_elf64(image)));
	check_multiboot(0x100, check_file(0, image, sample_addresses(image)));
}

static const char *changed_elf(size_t offset, unsigned int width, u64 value)
{
	size_t length = sample_elf32(image);

	x86_put(image, offset, width, value);
	return check_file(0, image, length);
}

static void test_multiboot_refusals(void)
{
	size_t length = sample_elf32(image);

	/* ELF header 16 type, 18 machine, 24 entry, 28 phoff, 44 phnum; segment 1 at 84 */
	REFUSED("without multiboot", "-k", changed_elf(0x1004, 4, 0));
	REFUSED("not for x86", "-k", changed_elf(18, 2, 40));
	REFUSED("not for x86", "-k", changed_elf(5, 1, 2));
	REFUSED("not an executable", "-k", changed_elf(16, 2, 1));
	REFUSED("entry point", "-k", changed_elf(24, 4, 0x1000));
	REFUSED("truncated", "-k", changed_elf(28, 4, 0xffffffff));
	REFUSED("program headers", "-k", changed_elf(44, 2, 0));
	REFUSED("program headers", "-k", changed_elf(44, 2, 0xffff));
	REFUSED("truncated", "-k", changed_elf(84 + 4, 4, 0xfffffff0));
	REFUSED("where the firmware is", "-k", changed_elf(84 + 12, 4, 0x9f000));
	REFUSED("does not fit", "-k", changed_elf(84 + 12, 4, 0xfffff000));
	REFUSED("larger in the file", "-k", changed_elf(84 + 16, 4, 0x8000));
	REFUSED("does not fit", "-k", changed_elf(84 + 20, 4, 0xffffffff));
	REFUSED("nothing to load", "-k", changed_elf(84, 4, 4));
	sample_elf32(image);
	REFUSED("truncated", "-k", check_file(0, image, length - 1));

	length = sample_addresses(image);
	x86_put(image, 0x20c, 4, SAMPLE_ELF_LOAD + 0x10000);
	REFUSED("before the file", "-k", check_file(0, image, length));
	sample_addresses(image);
	x86_put(image, 0x214, 4, 1);
	REFUSED("loads nothing", "-k", check_file(0, image, length));
	sample_addresses(image);
	x86_put(image, 0x21c, 4, 1);
	REFUSED("entry point", "-k", check_file(0, image, length));
}

static void test_flat(void)
{
	const char *file = check_file(0, "flat", 4);
	const struct axvm_x86_regs *r = x86_regs(&b.regs);
	char at[64], other[64];

	snprintf(at, sizeof(at), "%s@0x7c00", file);
	CHECK(!BUILD("--flat", at, "--entry", "0x7c00", "-m", "4M"));
	CHECK(!memcmp(memory_at(&b.memory, 0x7c00, 4), "flat", 4));
	CHECK_EQUAL(r->rip, 0x7c00);
	CHECK_EQUAL(r->cr0 & 1, 0);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].selector, 0);
	CHECK_EQUAL(r->gpr[AXVM_X86_RSP], 0x7c00);
	discard();

	snprintf(at, sizeof(at), "%s@0xf0000", file);
	CHECK(!BUILD("--flat", at, "--entry", "0xffff0", "-m", "4M"));
	CHECK_EQUAL(r->seg[AXVM_X86_CS].selector, 0xf000);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].base, 0xf0000);
	CHECK_EQUAL(r->rip, 0xfff0);
	CHECK_EQUAL(r->gpr[AXVM_X86_RSP], 0);
	discard();

	snprintf(at, sizeof(at), "%s@2M", file);
	snprintf(other, sizeof(other), "%s@0x200003", file);
	CHECK(!BUILD("--flat", at, "--entry", "2M", "--mode", "32", "-m", "4M"));
	CHECK_EQUAL(r->rip, 2 * MIB);
	CHECK_EQUAL(r->seg[AXVM_X86_CS].attr, 0xc09b);
	CHECK_EQUAL(r->gpr[AXVM_X86_RSP], 2 * MIB);
	discard();
	REFUSED("overlap", "--flat", at, "--flat", other, "--entry", "2M", "--mode", "32");
	REFUSED("does not fit", "--flat", at, "--entry", "0", "-m", "2M", "-m", "4M", "--flat",
		"/bin/sh@0x3fffff");
	REFUSED("real mode", "--flat", at, "--entry", "2M");
	REFUSED("no memory", "--flat", at, "--entry", "8M", "--mode", "32", "-m", "4M");
}

static void test_memory_map(void)
{
	struct x86_e820 map[X86_E820_MAX];
	struct guest_memory memory = { .size = 5 * GIB };

	arch_map_memory(&memory);
	CHECK_EQUAL(memory.nr_regions, 2);
	CHECK_EQUAL(memory.regions[0].size, 3 * GIB);
	CHECK_EQUAL(memory.regions[1].gpa, 4 * GIB);
	CHECK_EQUAL(memory.regions[1].size, 2 * GIB);
	CHECK_EQUAL(memory.regions[1].offset, 3 * GIB);
	CHECK_EQUAL(x86_memory_map(&memory, map), 4);
	CHECK_EQUAL(map[2].base + map[2].length, 3 * GIB);
	CHECK_EQUAL(map[3].base, 4 * GIB);
	CHECK_EQUAL(map[3].length, 2 * GIB);
	CHECK(!memory_at(&memory, 3 * GIB - 1, 2));
	CHECK(!memory_at(&memory, ~0ULL, 2));
	CHECK(!memory_at(&memory, 0, ~0ULL));
	CHECK(!memory_at(&memory, 6 * GIB, 1));
}

static void test_numbers(void)
{
	u64 v;

	CHECK(parse_size("512M", &v) && v == 512 * MIB);
	CHECK(parse_size("0x10k", &v) && v == 16 * KIB);
	CHECK(parse_size("3g", &v) && v == 3 * GIB);
	CHECK(parse_size("18446744073709551615", &v) && v == ~0ULL);
	CHECK(!parse_size("18446744073709551616", &v));
	CHECK(!parse_size("16777216T", &v));
	CHECK(!parse_size("", &v) && !parse_size("M", &v) && !parse_size("1MM", &v));
	CHECK(!parse_size("-1", &v) && !parse_size(" 1", &v) && !parse_size("0x", &v));
	CHECK(!parse_number("1K", &v) && parse_number("0", &v) && !v);
}

static void test_devices(void)
{
	static const u32 order[] = {
		AXVM_DEV_LAPIC, AXVM_DEV_PIC, AXVM_DEV_IOAPIC, AXVM_DEV_PIT, AXVM_DEV_CONSOLE,
		AXVM_DEV_RTC_CMOS, AXVM_DEV_ACPI_PM, AXVM_DEV_PC_RESET, AXVM_DEV_DEBUG_EXIT,
	};
	const char *kernel = check_file(0, image, sample_linux(image));
	size_t i;

	CHECK(!BUILD("-k", kernel, "--rtc", "1000000000", "--debug-exit", "0x501", "-m", "32M"));
	CHECK_EQUAL(b.config.nr_emu_devices, ARRAY_SIZE(order));
	for (i = 0; i < ARRAY_SIZE(order); i++)
		CHECK_EQUAL(b.config.emu_devices[i].type, order[i]);
	CHECK_EQUAL(b.config.emu_devices[5].cfg[0], 1000000000);
	CHECK_EQUAL(b.config.emu_devices[8].base, 0x501);
	discard();
	CHECK(!BUILD("-k", kernel, "--no-debug-exit", "-m", "32M"));
	CHECK_EQUAL(b.config.nr_emu_devices, ARRAY_SIZE(order) - 1);
	discard();
}

int main(void)
{
	test_numbers();
	test_memory_map();
	test_devices();
	test_linux();
	test_linux_refusals();
	test_acpi("1");
	test_acpi("3");
	test_acpi("254");
	test_multiboot();
	test_multiboot_refusals();
	test_flat();
	printf("unit: %s, %u failures\n", check_failures ? "FAIL" : "ok", check_failures);
	return check_failures ? 1 : 0;
}
