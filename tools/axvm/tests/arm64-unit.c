// SPDX-License-Identifier: GPL-2.0
/*
 * arm64-unit: arm64 guests are built into a buffer, and what is in it is compared with
 * what the boot protocol asks for. It runs on any machine. What the device tree says is
 * read by dtc, see tools/tests/host/launcher-arm64.sh.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "../arm64.h"
#include "../commands.h"
#include "check.h"

#define IMAGE_BYTES	4096
#define IMAGE_SIZE	(3 * MIB)	/* in memory */
#define TEXT_OFFSET	0x80000ULL

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

static u8 image[IMAGE_BYTES];

static void put(size_t offset, unsigned int width, u64 value)
{
	while (width--) {
		image[offset++] = value;
		value >>= 8;
	}
}

/* A small Image; @offset of it changed to @value */
static const char *sample(size_t offset, unsigned int width, u64 value)
{
	size_t i;

	for (i = 0; i < sizeof(image); i++)
		image[i] = i * 7;
	put(8, 8, TEXT_OFFSET);
	put(16, 8, IMAGE_SIZE);
	put(24, 8, 0xa);
	put(0x38, 4, 0x644d5241);
	put(offset, width, value);
	return check_file(0, image, sizeof(image));
}

#define KERNEL	sample(0, 1, 0)

static const void *dtb(void)
{
	const void *fdt = memory_at(&b.memory, arm64_regs(&b.regs)->x[0], ARM64_DTB_SIZE);

	CHECK(fdt && !fdt_check_header(fdt));
	return fdt;
}

/* A property of a number of cells as one number; ~0: not there or of another size */
static u64 property(const void *fdt, const char *path, const char *name, int bytes)
{
	int length, node = fdt_path_offset(fdt, path);
	const u8 *p = node < 0 ? NULL : fdt_getprop(fdt, node, name, &length);
	u64 value = 0;

	if (!p || length != bytes)
		return ~0ULL;
	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

static const char *text(const void *fdt, const char *path, const char *name)
{
	int node = fdt_path_offset(fdt, path);
	const char *p = node < 0 ? NULL : fdt_getprop(fdt, node, name, NULL);

	return p ? p : "";
}

static void check_start(u64 entry)
{
	const struct axvm_arm64_regs *r = arm64_regs(&b.regs);
	int i;

	CHECK_EQUAL(r->size, sizeof(*r));
	CHECK_EQUAL(r->mp_state, 0);
	CHECK_EQUAL(r->pc, entry);
	CHECK_EQUAL(r->pstate, 0x3c5);
	CHECK_EQUAL(r->x[0] % 8, 0);
	for (i = 1; i < 31; i++)
		CHECK_EQUAL(r->x[i], 0);
}

static void test_linux(void)
{
	const char *first = check_file(1, "12345", 5), *second = check_file(2, "abc", 3);
	const void *fdt;
	u64 initrd;

	CHECK(!BUILD("-k", KERNEL, "-i", first, "-i", second, "-m", "64M", "-a", "quiet x=1"));
	check_start(0x40000000 + TEXT_OFFSET);
	CHECK(!memcmp(memory_at(&b.memory, 0x40080000, sizeof(image)), image, sizeof(image)));
	fdt = dtb();
	CHECK(!strcmp(text(fdt, "/chosen", "bootargs"), "quiet x=1"));
	initrd = property(fdt, "/chosen", "linux,initrd-start", 8);
	CHECK_EQUAL(property(fdt, "/chosen", "linux,initrd-end", 8) - initrd, 12);
	CHECK(!memcmp(memory_at(&b.memory, initrd, 12), "12345\0\0\0abc", 12));
	CHECK(initrd >= arm64_regs(&b.regs)->x[0] + fdt_totalsize(fdt));
	CHECK(arm64_regs(&b.regs)->x[0] >= 0x40080000 + IMAGE_SIZE);
	CHECK_EQUAL(property(fdt, "/memory@40000000", "reg", 16), 64 * MIB);
	discard();

	CHECK(!BUILD("-k", KERNEL));
	fdt = dtb();
	CHECK(!strcmp(text(fdt, "/chosen", "bootargs"), "console=ttyAMA0"));
	CHECK_EQUAL(property(fdt, "/chosen", "linux,initrd-start", 8), ~0ULL);
	discard();

	/* Before Linux 3.17 the header had no size, and the offset was not used */
	CHECK(!BUILD("-k", sample(16, 8, 0)));
	check_start(0x40080000);
	discard();
	CHECK(!BUILD("-k", sample(8, 8, 0)));
	check_start(0x40000000);
	discard();
}

static void test_linux_refusals(void)
{
	char cmdline[2049], args[64];

	REFUSED("not a kernel", "-k", sample(0x38, 4, 0));
	REFUSED("big-endian", "-k", sample(24, 8, 1));
	REFUSED("damaged", "-k", sample(8, 8, ~0ULL));
	REFUSED("damaged", "-k", sample(8, 8, 2));
	REFUSED("damaged", "-k", sample(16, 8, ~0ULL));
	REFUSED("does not fit", "-k", sample(16, 8, 64 * MIB), "-m", "64M");
	REFUSED("does not fit", "-k", KERNEL, "-m", "4M");
	REFUSED("beside the kernel", "-k", KERNEL, "-m", "6M", "-i", check_file(1, image, 1));
	snprintf(args, sizeof(args), "%s,args", check_file(1, "x", 1));
	REFUSED("takes no arguments", "-k", KERNEL, "-i", args);
	REFUSED("ELF", "-k", "/proc/self/exe");
	sample(0, 8, 0x697a00005a4d);
	REFUSED("not a kernel", "-k", check_file(0, image, 60));
	REFUSED("compressed EFI", "-k", check_file(0, image, 50));
	memset(cmdline, 'x', sizeof(cmdline) - 1);
	cmdline[sizeof(cmdline) - 1] = '\0';
	REFUSED("command line", "-k", KERNEL, "-a", cmdline);
	REFUSED("--mode", "-k", KERNEL, "--mode", "32");
	REFUSED("room for 123", "-k", KERNEL, "-c", "124");
	REFUSED("--debug-exit", "-k", KERNEL, "--debug-exit", "0x40000000");
}

static void test_flat(void)
{
	const char *file = check_file(1, "12345678", 8);
	char at[64];

	snprintf(at, sizeof(at), "%s@0x40000000", file);
	CHECK(!BUILD("--flat", at, "--entry", "0x40000004", "-m", "8M"));
	check_start(0x40000004);
	CHECK(!memcmp(memory_at(&b.memory, 0x40000000, 8), "12345678", 8));
	CHECK_EQUAL(arm64_regs(&b.regs)->x[0], 0x40600000);
	CHECK_EQUAL(property(dtb(), "/memory@40000000", "reg", 16), 8 * MIB);
	discard();

	snprintf(at, sizeof(at), "%s@0x407ffff8", file);
	CHECK(!BUILD("--flat", at, "--entry", "0x407ffff8", "-m", "8M"));
	check_start(0x407ffff8);
	CHECK_EQUAL(arm64_regs(&b.regs)->x[0], 0);
	discard();
	REFUSED("no room", "--flat", at, "--entry", "0x407ffff8", "-m", "8M", "--dtb", "/dev/null");
	REFUSED("does not fit", "--flat", at, "--entry", "0x40000000", "-m", "4M");
	REFUSED("no memory", "--flat", at, "--entry", "0", "-m", "8M");
	REFUSED("multiples of 4", "--flat", at, "--entry", "0x40000002");
}

/* A tree of one's own: what is in it stays, memory and /chosen are the launcher's */
static void test_own_tree(void)
{
	const u64 reg = 0x1000;
	const char *path;
	char tree[4096];
	const void *fdt;
	int node;

	CHECK(!fdt_create_empty_tree(tree, sizeof(tree)));
	node = fdt_add_subnode(tree, 0, "memory@1000");
	CHECK(!fdt_setprop_string(tree, node, "device_type", "memory"));
	CHECK(!fdt_setprop_u64(tree, node, "reg", reg));
	node = fdt_add_subnode(tree, 0, "chosen");
	CHECK(!fdt_setprop_string(tree, node, "bootargs", "mine"));
	CHECK(!fdt_setprop_u32(tree, 0, "#address-cells", 2));
	CHECK(!fdt_setprop_u32(tree, 0, "#size-cells", 1));
	CHECK(!fdt_pack(tree));
	path = check_file(3, tree, fdt_totalsize(tree));
	CHECK(!BUILD("-k", KERNEL, "--dtb", path, "-m", "64M"));
	fdt = dtb();
	CHECK(!strcmp(text(fdt, "/chosen", "bootargs"), "mine"));
	CHECK(fdt_path_offset(fdt, "/memory@1000") < 0);
	CHECK(fdt_path_offset(fdt, "/cpus") < 0);
	CHECK_EQUAL(property(fdt, "/memory@40000000", "reg", 12), 64 * MIB | 0x4000000000000000);
	discard();
	CHECK(!BUILD("-k", KERNEL, "--dtb", path, "-m", "64M", "-a", "yours"));
	CHECK(!strcmp(text(dtb(), "/chosen", "bootargs"), "yours"));
	discard();
	REFUSED("not a device tree", "-k", KERNEL, "--dtb", check_file(3, tree, 100));
	REFUSED("not a device tree", "-k", KERNEL, "--dtb", check_file(3, image, 100));
	tree[fdt_off_dt_struct(tree)] = 0x55;
	REFUSED("not a device tree", "-k", KERNEL, "--dtb",
		check_file(3, tree, fdt_totalsize(tree)));
}

static void test_secondary(void)
{
	struct boot_regs regs;

	memset(&regs, 0x55, sizeof(regs));
	arch_secondary_regs(&regs);
	CHECK_EQUAL(arm64_regs(&regs)->mp_state, 1);
	CHECK_EQUAL(arm64_regs(&regs)->size, sizeof(struct axvm_arm64_regs));
	CHECK_EQUAL(arm64_regs(&regs)->x[30], 0);
	CHECK_EQUAL(arm64_mpidr(0), 0);
	CHECK_EQUAL(arm64_mpidr(15), 15);
	CHECK_EQUAL(arm64_mpidr(16), 0x100);
	CHECK_EQUAL(arm64_mpidr(63), 0x30f);
}

static void test_devices(void)
{
	const char *kernel = KERNEL;

	CHECK(!BUILD("-k", kernel, "--rtc", "1000000000", "--debug-exit", "0x9020000"));
	CHECK_EQUAL(b.config.nr_emu_devices, 4);
	CHECK_EQUAL(b.config.emu_devices[0].type, AXVM_DEV_GICV3);
	CHECK_EQUAL(b.config.emu_devices[0].cfg[0], 0x080a0000);
	CHECK_EQUAL(b.config.emu_devices[2].cfg[0], 1000000000);
	CHECK_EQUAL(b.config.emu_devices[3].type, AXVM_DEV_DEBUG_EXIT);
	CHECK_EQUAL(b.config.emu_devices[3].base, 0x9020000);
	CHECK_EQUAL(b.config.emu_devices[3].cfg[0], 1);
	discard();
}

int main(void)
{
	test_linux();
	test_linux_refusals();
	test_flat();
	test_own_tree();
	test_secondary();
	test_devices();
	printf("arm64-unit: %s\n", check_failures ? "FAIL" : "ok");
	return check_failures ? 1 : 0;
}
