// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs knows of a device that is to be given away: whether there is an IOMMU in front of
 * it, who has it, and with whom it shares a group. Most of what can be wrong is said here.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfio.h"

#define DRIVER		"vfio-pci"
#define HOW		"(Documentation/passthrough.rst says how)"

/* The last part of what a link of a device points to. False: there is no such link */
static bool link_name(const char *address, const char *what, char *name, size_t size)
{
	char path[128], target[256];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, what);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
	return true;
}

/* A group that VFIO made up, as there is no IOMMU (vfio_noiommu) */
static bool is_made_up(const char *group)
{
	char path[128], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/name", group);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	return !strncmp(name, "vfio-noiommu", strlen("vfio-noiommu"));
}

/**
 * vfio_find_group() - the group of a device that vfio-pci has
 * @config: for messages
 * @which: the device
 * @number: out: the group
 *
 * Return: 0, or -1 with a message.
 */
int vfio_find_group(const struct vm_config *config, const struct vfio_config *which,
		    unsigned int *number)
{
	char path[128], group[32], driver[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", which->address);
	if (access(path, F_OK))
		return config_fail(config, which->line, "%s: this host has no such PCI device",
				   which->address);
	if (!link_name(which->address, "iommu_group", group, sizeof(group)) || is_made_up(group))
		return config_fail(config, which->line,
				   "%s: no IOMMU is in front of it, or the kernel does not use it: its DMA could not be contained",
				   which->address);
	if (!link_name(which->address, "driver", driver, sizeof(driver)))
		return config_fail(config, which->line,
				   "%s: no driver has it: bind it to " DRIVER " " HOW,
				   which->address);
	if (strcmp(driver, DRIVER))
		return config_fail(config, which->line,
				   "%s: %s has it: unbind that driver, and bind " DRIVER " " HOW,
				   which->address, driver);
	*number = strtoul(group, NULL, 10);
	return 0;
}

/**
 * vfio_not_viable() - say why a group cannot be given away
 * @config: for messages
 * @which: the device that was wanted
 * @number: its group, in which the host uses something
 *
 * Return: -1.
 */
int vfio_not_viable(const struct vm_config *config, const struct vfio_config *which,
		    unsigned int number)
{
	char path[64], driver[64], others[256] = "";
	struct dirent *entry;
	size_t used = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", number);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    !link_name(entry->d_name, "driver", driver, sizeof(driver)) ||
		    !strcmp(driver, DRIVER) || used >= sizeof(others))
			continue;
		used += snprintf(others + used, sizeof(others) - used, "%s%.12s (%.40s)",
				 used ? ", " : "", entry->d_name, driver);
	}
	if (dir)
		closedir(dir);
	return config_fail(config, which->line,
			   "%s: the host uses what is in its group (IOMMU group %u) too: %s: unbind it",
			   which->address, number, others[0] ? others : "something");
}
