// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm doctor`: can this host run guests, and if not, who or what prevents it
 * and what can be done. One line a check. The module has the last word: the other
 * checks are there for when it can't be asked, or says no.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch.h"
#include "commands.h"
#include "doctor.h"
#include "vm.h"

static const char usage[] =
"Usage: axvm doctor\n"
"Check whether this host can run guests. Each line is a check; below a problem stands\n"
"what to do. Exit status 0 if guests can run, 1 if not.\n";

/* Modules of other hypervisors, and what they mean to us */
static const struct {
	const char *module;
	const char *who;
	enum finding finding;
	const char *todo;
} others[] = {
	{ "kvm_intel", "KVM is loaded; it and axvm share the CPU", FOUND_OK, NULL },
	{ "kvm_amd", "KVM is loaded for AMD CPUs", FOUND_NOTE, NULL },
	{ "vboxdrv", "VirtualBox is loaded; its VMs and axvm's can't run at the same time",
	  FOUND_NOTE, "if guests fail to start: end the VirtualBox VMs (modprobe -r vboxdrv)" },
	{ "vmmon", "VMware is loaded; its VMs and axvm's can't run at the same time",
	  FOUND_NOTE, "if guests fail to start: end the VMware VMs (modprobe -r vmmon)" },
};

/**
 * doctor_say() - one check's result
 * @finding: how bad
 * @todo: what to do about it, or NULL
 * @fmt: what was found
 */
void doctor_say(enum finding finding, const char *todo, const char *fmt, ...)
{
	static const char *const names[] = { "ok", "note", "problem" };
	va_list args;

	printf("%-8s ", names[finding]);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	if (todo)
		printf("%-8s -> %s\n", "", todo);
}

/**
 * doctor_word_in_file() - look for a word in the first line that begins with a key
 * @path: the file
 * @key: how the line begins
 * @word: the word, delimited by blanks
 *
 * Return: whether it is there.
 */
bool doctor_word_in_file(const char *path, const char *key, const char *word)
{
	char line[8192], *token, *rest;
	bool found = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		for (rest = line; (token = strtok_r(rest, " \t\n", &rest));)
			found |= !strcmp(token, word);
		break;
	}
	fclose(f);
	return found;
}

static bool is_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static void check_others(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (is_loaded(others[i].module))
			doctor_say(others[i].finding, others[i].todo, "others: %s", others[i].who);
}

/* Why a module might not load although it is there */
static void check_signatures(void)
{
	if (doctor_word_in_file("/sys/module/module/parameters/sig_enforce", "", "Y"))
		doctor_say(FOUND_NOTE,
			   "sign axvm.ko with a key that this kernel trusts (kmodsign, mokutil)",
			   "module: this kernel loads signed modules only");
	else if (doctor_word_in_file("/sys/kernel/security/lockdown", "", "[integrity]") ||
		 doctor_word_in_file("/sys/kernel/security/lockdown", "", "[confidentiality]"))
		doctor_say(FOUND_NOTE,
			   "sign axvm.ko, or switch Secure Boot off in the firmware's set-up",
			   "module: this kernel is locked down (Secure Boot)");
}

static void check_module(void)
{
	struct utsname kernel;

	if (is_loaded("axvm")) {
		doctor_say(FOUND_OK, NULL, "module: axvm is loaded");
		return;
	}
	uname(&kernel);
	doctor_say(FOUND_PROBLEM, "modprobe axvm, or insmod axvm.ko, built for this kernel",
		   "module: axvm is not loaded (kernel %s)", kernel.release);
	check_signatures();
}

/* Names from the files themselves: getpwuid() would want shared libraries when static */
static void owner_name(uid_t uid, char *buf, size_t length)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *entry;

	snprintf(buf, length, "%u", uid);
	if (!f)
		return;
	while ((entry = fgetpwent(f)))
		if (entry->pw_uid == uid)
			snprintf(buf, length, "%s", entry->pw_name);
	fclose(f);
}

static void group_name(gid_t gid, char *buf, size_t length)
{
	FILE *f = fopen("/etc/group", "re");
	struct group *entry;

	snprintf(buf, length, "%u", gid);
	if (!f)
		return;
	while ((entry = fgetgrent(f)))
		if (entry->gr_gid == gid)
			snprintf(buf, length, "%s", entry->gr_name);
	fclose(f);
}

static void explain_permission(void)
{
	char todo[160], owner[40], group[40];
	struct stat st;

	if (stat(AXVM_DEVICE_FILE, &st))
		return;
	owner_name(st.st_uid, owner, sizeof(owner));
	group_name(st.st_gid, group, sizeof(group));
	if ((st.st_mode & 060) == 060)
		snprintf(todo, sizeof(todo),
			 "run it as root, or join the group: usermod -aG %s USER", group);
	else
		snprintf(todo, sizeof(todo),
			 "run it as root, or let a group in: chgrp kvm %s; chmod g+rw %s",
			 AXVM_DEVICE_FILE, AXVM_DEVICE_FILE);
	doctor_say(FOUND_PROBLEM, todo,
		   "file: no permission for %s (owner %s, group %s, mode %03o)",
		   AXVM_DEVICE_FILE, owner, group, st.st_mode & 0777);
}

static int check_file(void)
{
	const char *todo = "load the module; the file comes with it";
	bool absent;
	int fd = vm_open_system(&absent);

	if (fd >= 0) {
		doctor_say(FOUND_OK, NULL, "file: %s can be opened", AXVM_DEVICE_FILE);
		return fd;
	}
	switch (errno) {
	case ENOENT:
		if (is_loaded("axvm"))
			todo = "mount a devtmpfs on /dev, or make it: its number is in /proc/misc";
		doctor_say(FOUND_PROBLEM, todo, "file: there is no %s", AXVM_DEVICE_FILE);
		break;
	case EACCES:
	case EPERM:
		explain_permission();
		break;
	case ENXIO:
	case ENODEV:
		doctor_say(FOUND_PROBLEM, "remove it and load the module",
			   "file: %s has no module behind it", AXVM_DEVICE_FILE);
		break;
	default:
		doctor_say(FOUND_PROBLEM, NULL, "file: %s: %s", AXVM_DEVICE_FILE,
			   strerror(errno));
	}
	return -1;
}

static void print_features(const struct axvm_info *info)
{
	doctor_say(FOUND_OK, NULL,
		   "limits: %u vCPUs and %u memory slots a VM, addresses of %u bits",
		   info->max_vcpus, info->max_slots, info->gpa_bits);
	doctor_say(FOUND_OK, NULL, "memory: pages of 4K%s%s",
		   info->features & AXVM_FEATURE_HUGE_2M ? ", 2M" : "",
		   info->features & AXVM_FEATURE_HUGE_1G ? ", 1G" : "");
	if (info->features & AXVM_FEATURE_BORROWED)
		doctor_say(FOUND_OK, NULL,
			   "others: another hypervisor holds the hardware; axvm shares it");
}

/* Return: whether guests can run */
static bool ask_module(int fd)
{
	struct axvm_info info = { .size = sizeof(info) };

	if (ioctl(fd, AXVM_GET_INFO, &info)) {
		doctor_say(FOUND_PROBLEM, "build module and launcher from the same source",
			   "interface: the module does not answer: %s", strerror(errno));
		return false;
	}
	if (info.api_version != AXVM_API_VERSION || info.arch != arch_number) {
		doctor_say(FOUND_PROBLEM, "build module and launcher from the same source",
			   "interface: version %u.%u; this launcher has %u.%u",
			   info.api_version, info.arch, AXVM_API_VERSION, arch_number);
		return false;
	}
	doctor_say(FOUND_OK, NULL, "interface: version %u", info.api_version);
	if (!(info.features & AXVM_FEATURE_HARDWARE)) {
		doctor_say(FOUND_PROBLEM, NULL, "hardware: %.*s", (int)sizeof(info.reason),
			   info.reason[0] ? info.reason : "the module can't use it");
		return false;
	}
	doctor_say(FOUND_OK, NULL, "hardware: %.*s", (int)sizeof(info.backend), info.backend);
	print_features(&info);
	return true;
}

/**
 * command_doctor() - `axvm doctor`
 * @argc: arguments, the first of them "doctor"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_doctor(int argc, char **argv)
{
	int fd, status = no_options(argc, argv, usage);
	bool good = false;

	if (status >= 0)
		return status;
	arch_doctor_cpu();
	check_others();
	check_module();
	fd = check_file();
	if (fd >= 0) {
		good = ask_module(fd);
		close(fd);
	}
	puts(good ? "Guests can run." : "No guest can run here.");
	return good ? 0 : STATUS_NO_GUESTS;
}
