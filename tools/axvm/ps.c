// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm ps` and `axvm devices`: tables of what the module has.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "vm.h"

static const char ps_usage[] =
"Usage: axvm ps\n"
"List the virtual machines of this host: number, name, state, virtual CPUs, memory,\n"
"exits from the guest, those of them that the launcher had to answer, devices, and the\n"
"process that runs it (0: not visible from here).\n";

static const char devices_usage[] =
"Usage: axvm devices\n"
"List the device types that are registered with the module, by number and name.\n";

static const char *state_name(u32 state)
{
	static const char *const names[] = {
		[AXVM_STATE_LOADING] = "loading",
		[AXVM_STATE_LOADED] = "loaded",
		[AXVM_STATE_RUNNING] = "running",
		[AXVM_STATE_SUSPENDED] = "suspended",
		[AXVM_STATE_STOPPING] = "stopping",
		[AXVM_STATE_STOPPED] = "stopped",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "?";
}

/* Return: 1 for a VM with this or a larger number, 0 if there is none, -1 with a message */
static int next_vm(int fd, u32 id, struct axvm_vm_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	stat->id = id;
	if (!ioctl(fd, AXVM_VM_STAT, stat))
		return 1;
	return errno == ENOENT ? 0 : vm_ioctl_failed("list the VMs");
}

/**
 * command_ps() - `axvm ps`
 * @argc: arguments, the first of them "ps"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_ps(int argc, char **argv)
{
	int fd, ret, status = no_options(argc, argv, ps_usage);
	struct axvm_vm_stat stat;
	char memory[32];
	u32 id = 0;

	if (status >= 0)
		return status;
	fd = vm_open_system(NULL);
	if (fd < 0)
		return STATUS_ERROR;
	printf("%5s  %-20s %-9s %5s %7s %12s %11s %7s %7s\n", "ID", "NAME", "STATE", "VCPUS",
	       "MEMORY", "EXITS", "USER-EXITS", "DEVICES", "PID");
	while ((ret = next_vm(fd, id, &stat)) > 0) {
		printf("%5u  %-20.*s %-9s %5u %7s %12llu %11llu %7u %7u\n", stat.id,
		       (int)sizeof(stat.name), stat.name, state_name(stat.state), stat.nr_vcpus,
		       size_text(stat.memory, memory, sizeof(memory)), stat.exits,
		       stat.user_exits, stat.nr_devices, stat.pid);
		id = stat.id + 1;
		if (!id)
			break;
	}
	close(fd);
	return ret < 0 ? STATUS_ERROR : 0;
}

/* Return: 1 for a type with this index, 0 if there is none, -1 with a message */
static int next_type(int fd, u32 index, struct axvm_device_type_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->index = index;
	if (!ioctl(fd, AXVM_DEVICE_TYPE, info))
		return 1;
	return errno == ENOENT ? 0 : vm_ioctl_failed("list the device types");
}

/**
 * command_devices() - `axvm devices`
 * @argc: arguments, the first of them "devices"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_devices(int argc, char **argv)
{
	struct axvm_device_type_info info;
	u32 index;
	int fd, status = no_options(argc, argv, devices_usage);

	if (status >= 0)
		return status;
	fd = vm_open_system(NULL);
	if (fd < 0)
		return STATUS_ERROR;
	printf("%10s  %s\n", "NUMBER", "NAME");
	for (index = 0; (status = next_type(fd, index, &info)) > 0; index++)
		printf("%#10x  %.*s\n", info.number, (int)sizeof(info.name), info.name);
	close(fd);
	return status < 0 ? STATUS_ERROR : 0;
}
