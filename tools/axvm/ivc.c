// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm ivc ls`: who shares what.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "vm.h"

static const char usage[] =
"Usage: axvm ivc ls\n"
"List the channels between virtual machines and processes: for each its publisher (a\n"
"VM's number, or \"host\"), key, size, and how often its doorbell was rung; then, a line\n"
"each, who shares it, the publisher first: the VM with the address where it has it, or the\n"
"process (0: not visible from here), and whether it may write.\n";

/* Return: 1 for an end from there on, 0 if there is none, -1 with a message */
static int next_end(int fd, u64 channel, u32 end, struct axvm_ivc_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	stat->channel = channel;
	stat->end = end;
	if (!ioctl(fd, AXVM_IVC_STAT, stat))
		return 1;
	return errno == ENOENT ? 0 : vm_ioctl_failed("list the channels");
}

static void print_channel(const struct axvm_ivc_stat *stat)
{
	char publisher[16] = "host", size[32];

	if (stat->publisher != AXVM_IVC_HOST)
		snprintf(publisher, sizeof(publisher), "%u", stat->publisher);
	printf("%-9s %#18llx %7s %12llu\n", publisher, stat->key,
	       size_text(stat->length, size, sizeof(size)), stat->rings);
}

static void print_end(const struct axvm_ivc_stat *stat)
{
	const char *role = stat->flags & AXVM_IVC_PUBLISHER ? "publisher " : "subscriber";
	const char *right = stat->flags & AXVM_IVC_READONLY ? "read" : "read and write";

	if (stat->vm)
		printf("  %s VM %u at %#llx, process %u: %s\n", role, stat->vm, stat->gpa,
		       stat->pid, right);
	else
		printf("  %s process %u: %s\n", role, stat->pid, right);
}

static int list(int fd)
{
	struct axvm_ivc_stat stat;
	u64 channel = 0, last = 0;
	u32 end = 0;
	int ret;

	printf("%-9s %18s %7s %12s\n", "PUBLISHER", "KEY", "SIZE", "RINGS");
	while ((ret = next_end(fd, channel, end, &stat)) > 0) {
		if (stat.channel != last)
			print_channel(&stat);
		print_end(&stat);
		last = stat.channel;
		channel = last;
		end = stat.end + 1;
	}
	return ret;
}

/**
 * command_ivc() - `axvm ivc ls`
 * @argc: arguments, the first of them "ivc"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_ivc(int argc, char **argv)
{
	int fd, ret;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 2 || strcmp(argv[1], "ls")) {
		fail("ivc: it is `axvm ivc ls`");
		return STATUS_ERROR;
	}
	fd = vm_open_system(NULL);
	if (fd < 0)
		return STATUS_ERROR;
	ret = list(fd);
	close(fd);
	return ret < 0 ? STATUS_ERROR : 0;
}
