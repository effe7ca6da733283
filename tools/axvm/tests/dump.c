// SPDX-License-Identifier: GPL-2.0
/*
 * dump OUT <options of axvm run>: build a guest's memory and registers as the
 * launcher does, and write them to files instead of giving them to a hypervisor:
 * OUT.mem the memory from address 0 on, OUT.high that from 4 GiB on, OUT.regs the
 * registers of vCPU 0. For looking at tables with other tools.
 */
#include <stdio.h>
#include <string.h>

#include "../arch.h"
#include "../commands.h"

static int write_file(const char *base, const char *suffix, const void *bytes, u64 count)
{
	char path[4096];
	FILE *f;
	int bad;

	snprintf(path, sizeof(path), "%s.%s", base, suffix);
	f = fopen(path, "w");
	if (!f)
		return fail("cannot write %s", path);
	bad = fwrite(bytes, 1, count, f) != count;
	if (fclose(f) || bad)
		return fail("cannot write %s", path);
	return 0;
}

static int write_regs(const char *base, const struct boot_regs *regs)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s.regs", base);
	f = fopen(path, "w");
	if (!f)
		return fail("cannot write %s", path);
	arch_print_regs(f, regs);
	return fclose(f) ? fail("cannot write %s", path) : 0;
}

static int write_memory(const char *base, const struct guest_memory *memory)
{
	const struct memory_region *r = memory->regions;

	if (write_file(base, "mem", memory->host, r[0].size))
		return -1;
	if (memory->nr_regions < 2)
		return 0;
	return write_file(base, "high", memory->host + r[1].offset, r[1].size);
}

int main(int argc, char **argv)
{
	static struct guest_memory memory;
	static struct vm_config config;
	static struct boot_regs regs;
	static struct boot boot;

	if (argc < 3)
		return fail("usage: dump OUT OPTIONS") & STATUS_ERROR;
	config_init(&config);
	if (options_parse(&config, argc - 1, argv + 1) != OPTIONS_RUN || config_check(&config) ||
	    boot_open(&boot, &config) ||
	    memory_create(&memory, config.memory, config.hugepages))
		return STATUS_ERROR;
	config_map_memory(&config, &memory);
	if (boot_load(&boot, &memory, &regs) || write_memory(argv[1], &memory) ||
	    write_regs(argv[1], &regs))
		return STATUS_ERROR;
	boot_close(&boot);
	memory_destroy(&memory);
	config_free(&config);
	return 0;
}
