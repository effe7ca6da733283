// SPDX-License-Identifier: GPL-2.0
/*
 * The machine restarts, or goes over into another kernel, while a guest runs. What becomes
 * of that, who started the machine sees: tools/tests/host/reboot.sh.
 *
 * A CPU that is left in VMX operation blocks INIT (SDM Vol. 3C 24.8), so the next kernel
 * does not get it started; and on the one that goes over, clearing CR4.VMXE faults.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"

BLOB(counter, 64, "1: incl 0x8000\n jmp 1b\n");

/* A guest that runs to the end of this machine; it has been on the CPU */
static void start_guest(void)
{
	static struct vm vm;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &counter);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 0), 1000));
}

static void reboot_machine(unsigned int command)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);
	die("reboot");
}

/* --- restart ------------------------------------------------------------------------------ */

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define CMOS_NOTE	0x6e	/* a byte that nobody uses; it survives a reset */
#define NOTE		0xa5

static uint8_t take_note(uint8_t value)
{
	uint8_t old;

	if (iopl(3))
		die("iopl");
	outb(CMOS_NOTE, CMOS_INDEX);
	old = inb(CMOS_DATA);
	outb(CMOS_NOTE, CMOS_INDEX);
	outb(value, CMOS_DATA);
	return old;
}

/* The second time it is here, the machine has come back. */
TEST(reboot, restart)
{
	if (take_note(NOTE) == NOTE) {
		take_note(0);
		return;
	}
	start_guest();
	reboot_machine(LINUX_REBOOT_CMD_RESTART);
}

/* --- another kernel --------------------------------------------------------------------------- */

/* Where the next kernel finds things (Documentation/arch/x86/boot.rst, zero-page.rst) */
#define PARAMS		0x10000
#define COMMAND_LINE	0x11000
#define JUMP		0x12000
#define KERNEL		0x1000000
#define INITRD		0x8000000
#define ENTRY_64	0x200
#define PAGE		4096UL
#define PAGES(bytes)	(((bytes) + PAGE - 1) & ~(PAGE - 1))

/* Offsets in boot_params */
#define E820_ENTRIES	0x1e8
#define SETUP_SECTS	0x1f1
#define HEADER_END	0x201	/* its length behind 0x202 */
#define LOADER_TYPE	0x210
#define RAMDISK_IMAGE	0x218
#define RAMDISK_SIZE	0x21c
#define CMD_LINE_PTR	0x228
#define INIT_SIZE	0x260
#define E820_TABLE	0x2d0
#define E820_SIZE	20
#define E820_MOST	128

static uint8_t params[PAGE];

static uint8_t *read_file(const char *name, size_t *size)
{
	int fd = open(name, O_RDONLY);
	struct stat stat;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &stat))
		die("%s", name);
	data = malloc(stat.st_size);
	for (*size = 0; *size < (size_t)stat.st_size;) {
		ssize_t got = read(fd, data + *size, stat.st_size - *size);

		if (got <= 0)
			die("%s", name);
		*size += got;
	}
	close(fd);
	return data;
}

static void put32(unsigned int offset, uint32_t value)
{
	memcpy(params + offset, &value, sizeof(value));
}

static uint32_t memory_type(const char *name)
{
	if (!strcmp(name, "System RAM"))
		return 1;
	if (!strncmp(name, "ACPI Tables", 11))
		return 3;
	return 2;
}

/* The same memory as this kernel has: the outermost lines */
static void write_memory_map(void)
{
	FILE *file = fopen("/proc/iomem", "r");
	unsigned int n = 0;
	char line[128], name[64];
	unsigned long long first, last;

	if (!file)
		die("/proc/iomem");
	while (n < E820_MOST && fgets(line, sizeof(line), file)) {
		uint8_t *entry = params + E820_TABLE + n * E820_SIZE;
		uint32_t type;

		if (line[0] == ' ' ||
		    sscanf(line, "%llx-%llx : %63[^\n]", &first, &last, name) != 3)
			continue;
		type = memory_type(name);
		last = last - first + 1;
		memcpy(entry, &first, 8);
		memcpy(entry + 8, &last, 8);
		memcpy(entry + 16, &type, 4);
		n++;
	}
	fclose(file);
	params[E820_ENTRIES] = n;
}

static void write_params(const uint8_t *image, size_t initrd_size)
{
	memcpy(params + SETUP_SECTS, image + SETUP_SECTS,
	       HEADER_END + 1 + image[HEADER_END] - SETUP_SECTS);
	params[LOADER_TYPE] = 0xff;
	put32(RAMDISK_IMAGE, INITRD);
	put32(RAMDISK_SIZE, initrd_size);
	put32(CMD_LINE_PTR, COMMAND_LINE);
	write_memory_map();
}

/* The kernel and initramfs of /guest, with this kernel's command line and "bed=demo" */
static void load_kernel(void)
{
	/* mov $PARAMS, %esi; mov $KERNEL + ENTRY_64, %eax; jmp *%rax */
	static const uint8_t jump[] = {
		0xbe, PARAMS & 0xff, PARAMS >> 8 & 0xff, PARAMS >> 16, 0,
		0xb8, 0, ENTRY_64 >> 8, KERNEL >> 16 & 0xff, KERNEL >> 24, 0xff, 0xe0,
	};
	static const char command_line[] = "console=ttyS0,115200 idle=halt bed=demo";
	size_t image_size, initrd_size, setup;
	uint8_t *image = read_file("/guest/bzImage", &image_size);
	uint8_t *initrd = read_file("/guest/initramfs", &initrd_size);
	uint32_t init_size;

	struct kexec_segment segments[] = {
		{ params, sizeof(params), (void *)PARAMS, PAGE },
		{ command_line, sizeof(command_line), (void *)COMMAND_LINE, PAGE },
		{ jump, sizeof(jump), (void *)JUMP, PAGE },
		{ initrd, initrd_size, (void *)INITRD, PAGES(initrd_size) },
		{ image, image_size, (void *)KERNEL, 0 },
	};
	struct kexec_segment *kernel = &segments[4];

	write_params(image, initrd_size);
	memcpy(&init_size, image + INIT_SIZE, sizeof(init_size));
	setup = (image[SETUP_SECTS] + 1) * 512;
	kernel->buf = image + setup;
	kernel->bufsz -= setup;
	kernel->memsz = PAGES(init_size);
	if (syscall(SYS_kexec_load, JUMP, sizeof(segments) / sizeof(segments[0]), segments,
		    KEXEC_ARCH_DEFAULT))
		die("kexec_load");
	free(image);
	free(initrd);
}

TEST(reboot, kexec)
{
	load_kernel();
	start_guest();
	reboot_machine(LINUX_REBOOT_CMD_KEXEC);
}
