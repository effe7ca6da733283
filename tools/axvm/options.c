// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines: that of `axvm run`, as a front end of the configuration model, and
 * those of commands that have no options.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "commands.h"
#include "config-file.h"

static const char usage_first[] =
"Usage: axvm run FILE.toml [OPTION]...\n"
"       axvm run -k KERNEL [-i FILE[,ARGS]]... [-m SIZE] [-c N] [-a TEXT] [OPTION]...\n"
"       axvm run --flat FILE@ADDRESS... --entry ADDRESS [OPTION]...\n"
"Run a virtual machine with its console on this terminal. Options change what the\n"
"configuration file says.\n"
"\n";

/* Between the two: arch_usage */
static const char usage_last[] =
"  -m, --memory SIZE        memory, with K, M or G (512M)\n"
"  -c, --cpus N             virtual CPUs (1)\n"
"      --name NAME          name in `axvm ps` (the image's)\n"
"      --flat FILE@ADDRESS  copy a file to an address as it is\n"
"      --entry ADDRESS      start flat binaries there\n"
"      --reboot             boot again when the guest resets\n"
"      --hugepages          take memory from the host's pool of huge pages\n"
"      --ivc ADDR,SIZE[,N]  channels to others appear there, their doorbell is interrupt N\n"
"      --ivc-allow WHO[,ro] who may subscribe: user (mine), uid:NUMBER, vm:NUMBER\n"
"      --vfio ADDRESS       give a PCI device of the host to the guest (arm64)\n"
"      --rtc SECONDS        start the guest's clock at this Unix time (the host's)\n"
"      --no-passthrough     leave out what a file passes through\n"
"      --no-debug-exit      nothing that ends the VM with a status\n"
"  -h, --help               show this\n"
"\n"
"In the terminal, Ctrl-A x ends the VM and Ctrl-A h shows more keys.\n"
"\n"
"Exit status: what the guest wrote to its debug-exit device; 0 it switched itself off;\n"
"100 it asked for a reset; 101 triple fault; 102 the VM failed; 103 ended by Ctrl-A x;\n"
"128+N ended by signal N; 2 bad arguments or images, or no hypervisor.\n";

enum {
	OPT_NAME = 256,
	OPT_FLAT,
	OPT_ENTRY,
	OPT_DTB,
	OPT_MODE,
	OPT_REBOOT,
	OPT_HUGEPAGES,
	OPT_RTC,
	OPT_DEBUG_EXIT,
	OPT_NO_DEBUG_EXIT,
	OPT_NO_PASSTHROUGH,
	OPT_IVC,
	OPT_IVC_ALLOW,
	OPT_VFIO,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "cmdline", required_argument, NULL, 'a' },
	{ "memory", required_argument, NULL, 'm' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "flat", required_argument, NULL, OPT_FLAT },
	{ "entry", required_argument, NULL, OPT_ENTRY },
	{ "dtb", required_argument, NULL, OPT_DTB },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "reboot", no_argument, NULL, OPT_REBOOT },
	{ "hugepages", no_argument, NULL, OPT_HUGEPAGES },
	{ "rtc", required_argument, NULL, OPT_RTC },
	{ "debug-exit", required_argument, NULL, OPT_DEBUG_EXIT },
	{ "no-debug-exit", no_argument, NULL, OPT_NO_DEBUG_EXIT },
	{ "no-passthrough", no_argument, NULL, OPT_NO_PASSTHROUGH },
	{ "ivc", required_argument, NULL, OPT_IVC },
	{ "ivc-allow", required_argument, NULL, OPT_IVC_ALLOW },
	{ "vfio", required_argument, NULL, OPT_VFIO },
	{ NULL, 0, NULL, 0 }
};

static const char short_options[] = ":k:i:a:m:c:h";

/* What the file does not decide, or only the end of the command line can */
struct given {
	bool kernel;
	bool modules;
	bool flats;
	bool entry;
	bool mode;
	bool debug_exit;
	bool no_debug_exit;
};

static int add_module(struct vm_config *config, const char *arg)
{
	const char *comma = strchr(arg, ',');
	char *path;
	int ret;

	/* A file may have a comma in its name */
	if (!comma || !access(arg, F_OK))
		return config_add_module(config, arg, NULL);
	path = strndup(arg, comma - arg);
	if (!path)
		return fail("no memory");
	ret = config_add_module(config, path, comma + 1);
	free(path);
	return ret;
}

static int add_flat(struct vm_config *config, const char *arg)
{
	const char *at = strrchr(arg, '@');
	char *path;
	u64 gpa;
	int ret;

	if (!at || at == arg || !parse_size(at + 1, &gpa))
		return fail("--flat %s: it is FILE@ADDRESS", arg);
	path = strndup(arg, at - arg);
	if (!path)
		return fail("no memory");
	ret = config_add_flat(config, path, gpa);
	free(path);
	return ret;
}

static int set_memory(struct vm_config *config, const char *arg)
{
	if (config->nr_regions)
		return fail("-m %s: memory_regions of %s (line %u) says how much there is", arg,
			    config->file, config->regions[0].line);
	config->memory_line = 0;
	if (!parse_size(arg, &config->memory))
		return fail("-m %s: not a size like 512M or 2G", arg);
	return 0;
}

static int set_cpus(struct vm_config *config, const char *arg)
{
	u64 value;

	if (!parse_number(arg, &value) || !value || value > ARCH_MAX_VCPUS)
		return fail("-c %s: a VM has 1 to %d vCPUs", arg, ARCH_MAX_VCPUS);
	config->nr_vcpus = value;
	config->vcpus_line = 0;
	return 0;
}

static int set_rtc(struct vm_config *config, const char *arg)
{
	struct device_config *rtc = config_find_device(config, arch_rtc);
	u64 value;

	if (!parse_number(arg, &value) || !value || value > 0x7fffffffffffULL)
		return fail("--rtc %s: not a number of seconds since 1970", arg);
	if (!rtc)
		return fail("--rtc: this machine has no such clock");
	rtc->cfg[0] = value;
	rtc->nr_cfg = 1;
	return 0;
}

static int set_debug_exit(struct vm_config *config, const char *arg)
{
	u64 value;

	if (!parse_number(arg, &value))
		return fail("--debug-exit %s: not a port or address", arg);
	return arch_set_debug_exit(config, value);
}

static int set_entry(struct vm_config *config, const char *arg)
{
	if (!parse_size(arg, &config->entry.value))
		return fail("--entry %s: not an address", arg);
	config->entry.given = true;
	config->entry.line = 0;
	return 0;
}

static int set_kernel(struct vm_config *config, struct given *given, const char *arg)
{
	if (given->kernel)
		return fail("-k %s: there is a kernel already", arg);
	given->kernel = true;
	config->kernel_line = 0;
	return config_set(&config->kernel_path, arg);
}

/* The first one takes the place of what a file names */
static int replace_modules(struct vm_config *config, struct given *given, const char *arg)
{
	if (!given->modules)
		config_drop_modules(config);
	given->modules = true;
	return add_module(config, arg);
}

static int replace_flats(struct vm_config *config, struct given *given, const char *arg)
{
	if (!given->flats)
		config_drop_flats(config);
	given->flats = true;
	return add_flat(config, arg);
}

static int set_cmdline(struct vm_config *config, const char *arg)
{
	config->cmdline_line = 0;
	return config_set(&config->cmdline, arg);
}

static int set_dtb(struct vm_config *config, const char *arg)
{
	config->dtb.line = 0;
	return config_set(&config->dtb.path, arg);
}

static int take_option(struct vm_config *config, struct given *given, int option, const char *arg)
{
	switch (option) {
	case 'k':
		return set_kernel(config, given, arg);
	case 'i':
		return replace_modules(config, given, arg);
	case 'a':
		return set_cmdline(config, arg);
	case 'm':
		return set_memory(config, arg);
	case 'c':
		return set_cpus(config, arg);
	case OPT_NAME:
		return config_set_name(config, arg);
	case OPT_FLAT:
		return replace_flats(config, given, arg);
	case OPT_ENTRY:
		given->entry = true;
		return set_entry(config, arg);
	case OPT_DTB:
		return set_dtb(config, arg);
	case OPT_MODE:
		given->mode = true;
		return arch_set_mode(config, arg);
	case OPT_REBOOT:
		config->reboot = true;
		return 0;
	case OPT_HUGEPAGES:
		config->hugepages = true;
		return 0;
	case OPT_RTC:
		return set_rtc(config, arg);
	case OPT_DEBUG_EXIT:
		given->debug_exit = true;
		return set_debug_exit(config, arg);
	case OPT_NO_DEBUG_EXIT:
		given->no_debug_exit = true;
		return 0;
	case OPT_NO_PASSTHROUGH:
		config->no_passthrough = true;
		return 0;
	case OPT_IVC:
		return config_set_ivc_window(config, arg);
	case OPT_IVC_ALLOW:
		return config_allow_ivc(config, arg, 0);
	case OPT_VFIO:
		return config_add_vfio(config, arg, 0);
	}
	return -1;
}

static int bad_option(int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return fail("%s needs a value (axvm run --help)", word);
	if (optopt > ' ' && optopt < 127)
		return fail("there is no option -%c (axvm run --help)", optopt);
	return fail("there is no option %s (axvm run --help)", word);
}

static int finish(struct vm_config *config, const struct given *given)
{
	struct device_config *device = config_find_device(config, AXVM_DEV_DEBUG_EXIT);

	if (config->nr_flats && !config->entry.given)
		return fail("--flat needs --entry ADDRESS");
	if (!config->nr_flats && !config->kernel_addr.given && (given->entry || given->mode))
		return fail("--entry and --mode need --flat FILE@ADDRESS");
	if (given->debug_exit && given->no_debug_exit)
		return fail("--debug-exit and --no-debug-exit exclude each other");
	if (given->no_debug_exit && device)
		config_remove_device(config, device);
	return 0;
}

/*
 * The file comes first, wherever it stands: options change what it says. Return: its
 * name, or NULL
 */
static const char *find_file(int argc, char **argv)
{
	int option;

	optind = 1;
	do
		option = getopt_long(argc, argv, short_options, long_options, NULL);
	while (option != -1 && option != '?' && option != ':' && option != 'h');
	return option == -1 && optind < argc ? argv[optind] : NULL;
}

/**
 * options_parse() - fill a configuration from the arguments of `axvm run`
 * @config: initialised
 * @argc: arguments, the first of them "run"
 * @argv: them
 *
 * Return: what to do now.
 */
enum options_result options_parse(struct vm_config *config, int argc, char **argv)
{
	struct given given = { 0 };
	const char *file;
	int option;

	opterr = 0;
	file = find_file(argc, argv);
	if (file && config_file_read(config, file))
		return OPTIONS_BAD;
	optind = 1;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage_first, stdout);
			fputs(arch_usage, stdout);
			fputs(usage_last, stdout);
			return OPTIONS_HELP;
		}
		if (option == '?' || option == ':') {
			bad_option(option, argv);
			return OPTIONS_BAD;
		}
		if (take_option(config, &given, option, optarg))
			return OPTIONS_BAD;
	}
	if (optind + !!file < argc) {
		fail("'%s': what is this? (axvm run --help)", argv[optind + !!file]);
		return OPTIONS_BAD;
	}
	return finish(config, &given) ? OPTIONS_BAD : OPTIONS_RUN;
}

/**
 * no_options() - the arguments of a command that takes none but --help
 * @argc: arguments, the first of them the command
 * @argv: them
 * @help: what --help prints
 *
 * Return: -1 to go on, or the exit status.
 */
int no_options(int argc, char **argv, const char *help)
{
	if (argc < 2)
		return -1;
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(help, stdout);
		return 0;
	}
	fail("%s: '%s': it takes no arguments", argv[0], argv[1]);
	return STATUS_ERROR;
}
