// SPDX-License-Identifier: GPL-2.0
/*
 * The launcher's front door: which command is wanted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define VERSION	"1"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "run", command_run, "run a virtual machine on this terminal" },
	{ "config", command_config, "check or explain a configuration file" },
	{ "ps", command_ps, "list running virtual machines" },
	{ "ivc", command_ivc, "list the channels between virtual machines and processes" },
	{ "doctor", command_doctor, "say whether this host can run guests, and if not, why" },
	{ "devices", command_devices, "list the device types that the module knows" },
};

static void print_help(void)
{
	size_t i;

	puts("Usage: axvm COMMAND [OPTION]...\n"
	     "Virtual machines by the kernel module axvm.\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].what);
	puts("\n`axvm COMMAND --help` says more. A first try:\n"
	     "  axvm doctor\n"
	     "  axvm run -k bzImage -i initramfs.cpio.gz");
}

/* A closed stdin or stdout must not become an image's or a VM's descriptor */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	size_t i;

	open_standard_files();

	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_help();
		return argc > 1 ? 0 : STATUS_ERROR;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("axvm %s (interface version %d)\n", VERSION, AXVM_API_VERSION);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fail("'%s' is no command of axvm (axvm --help)", name);
	return STATUS_ERROR;
}
