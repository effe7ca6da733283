// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm config`: what a configuration file means (explain), and whether `axvm run` would
 * take it (check). Neither needs a hypervisor; explain does not need the images either.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "commands.h"
#include "config-file.h"

static const char help[] =
"Usage: axvm config check FILE\n"
"       axvm config explain FILE\n"
"check    read a configuration file and its images, and say what `axvm run FILE` would\n"
"         say before it asks the hypervisor.\n"
"         Exit status: 0 it would run; 1 something is not supported by this version;\n"
"         2 something is wrong.\n"
"explain  show the VM that the file describes: what is where, and which line says so.\n";

/* --- explain: the table --------------------------------------------------------------- */

/**
 * struct row - a line of the table
 * @ports: of the ports' table
 * @base: first address or port
 * @length: how many
 * @line: in the file; 0: the launcher's own
 * @text: what is there
 */
struct row {
	bool ports;
	u64 base;
	u64 length;
	u32 line;
	char text[120];
};

struct table {
	unsigned int count;
	struct row rows[CONFIG_MAX_RAM + CONFIG_MAX_REGIONS + CONFIG_MAX_PASSTHROUGH +
			CONFIG_MAX_DEVICES * ARCH_DEVICE_RANGES + 2];
};

static void __printf(4, 5) add_row(struct table *table, const struct device_range *range, u32 line,
				   const char *fmt, ...)
{
	struct row *row = &table->rows[table->count++];
	va_list args;

	row->ports = range->ports;
	row->base = range->base;
	row->length = range->length;
	row->line = line;
	va_start(args, fmt);
	vsnprintf(row->text, sizeof(row->text), fmt, args);
	va_end(args);
}

static void add_ram(struct table *table, const struct vm_config *config)
{
	struct guest_memory memory = { .size = config->memory };
	const struct memory_region *region;
	struct device_range range = { .ports = false };
	unsigned int i;

	config_map_memory(config, &memory);
	for (i = 0; i < memory.nr_regions; i++) {
		region = &memory.regions[i];
		range.base = region->gpa;
		range.length = region->size;
		add_row(table, &range, config->nr_ram ? config->ram[i].line : config->memory_line,
			"RAM%s%s", region->flags & AXVM_MEM_READONLY ? ", read-only" : "",
			region->flags & AXVM_MEM_NOEXEC ? ", not executable" : "");
	}
	for (i = 0; i < config->nr_regions; i++) {
		if (config->regions[i].map_type != MAP_RESERVED)
			continue;
		range.base = config->regions[i].gpa;
		range.length = config->regions[i].size;
		add_row(table, &range, config->regions[i].line,
			"memory that the host has reserved there");
	}
}

static void irq_text(u32 irq, char *text, size_t size)
{
	text[0] = '\0';
	if (irq)
		snprintf(text, size, ", interrupt %u", irq);
}

static const char *device_kind(const struct device_config *device)
{
	static const struct {
		u32 type;
		const char *name;
	} kinds[] = {
		{ AXVM_DEV_LAPIC, "local APIC" }, { AXVM_DEV_IOAPIC, "IOAPIC" },
		{ AXVM_DEV_PIC, "8259A pair" }, { AXVM_DEV_PIT, "8254" },
		{ AXVM_DEV_CONSOLE, "UART" }, { AXVM_DEV_RTC_CMOS, "CMOS clock" },
		{ AXVM_DEV_ACPI_PM, "ACPI power management" },
		{ AXVM_DEV_PC_RESET, "reset register" }, { AXVM_DEV_DEBUG_EXIT, "debug exit" },
		{ AXVM_DEV_IVC_CHANNEL, "window for channels (IVC)" },
		{ AXVM_DEV_GICV3, "GICv3" }, { AXVM_DEV_PL031, "PL031 clock" },
	};
	size_t i;

	if (device->emu_type)
		return config_emu_name(device->emu_type);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == device->type)
			return kinds[i].name;
	return "a device type of the module's";
}

static void add_device(struct table *table, const struct vm_config *config,
		       const struct device_config *device)
{
	struct device_range ranges[ARCH_DEVICE_RANGES];
	unsigned int i, n = arch_device_ranges(config, device, ranges);
	char irq[32];

	/* Of a type that is not known here */
	if (!n) {
		ranges[n++] = (struct device_range){ .ports = device->base < 0x10000,
						     .base = device->base,
						     .length = device->length };
	}
	for (i = 0; i < n; i++) {
		irq_text(i ? 0 : device->irq, irq, sizeof(irq));
		add_row(table, &ranges[i], device->line, "%s: %s%s%s%s", device->name,
			device_kind(device), device->type == AXVM_DEV_GICV3 && i ?
			", redistributors" : "", irq, device->console ? ", the console" : "");
	}
}

static void add_passthrough(struct table *table, const struct vm_config *config,
			    const struct passthrough_config *p)
{
	struct device_range range = { p->ports, p->gpa, p->length };
	char irq[64] = "";

	if (!config_gives_range(p))
		return;
	if (p->irq && !config_gives_irq(config, p))
		snprintf(irq, sizeof(irq), ", interrupt %u not passed", p->irq);
	else if (p->irq != p->host_irq)
		snprintf(irq, sizeof(irq), ", interrupt %u, the host's %u", p->irq, p->host_irq);
	else
		irq_text(p->irq, irq, sizeof(irq));
	add_row(table, &range, p->line, "%s%sthe host's at %#llx, %s%s", p->name ? p->name : "",
		p->name ? ": " : "", p->hpa, config_is_mapped(config, p) ? "mapped" : "routed",
		irq);
}

static void add_pci(struct table *table, const struct vm_config *config)
{
	const struct device_range ecam = { false, arch_pci.ecam, arch_pci.ecam_size };
	const struct device_range window = { false, arch_pci.window, arch_pci.window_size };

	if (!config->nr_vfio)
		return;
	add_row(table, &ecam, config->vfio[0].line, "PCI: configuration space (ECAM)");
	add_row(table, &window, config->vfio[0].line, "PCI: registers of devices");
}

static int by_place(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->ports != y->ports)
		return x->ports - y->ports;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return x->length < y->length ? -1 : x->length > y->length;
}

static void print_row(const struct row *row)
{
	char size[32], line[16];
	u64 last = row->base + (row->length ? row->length - 1 : 0);

	snprintf(line, sizeof(line), row->line ? "%u" : "-", row->line);
	if (row->ports)
		printf("  %#6llx-%#-22llx  %6llu  %5s  %s\n", row->base, last, row->length, line,
		       row->text);
	else
		printf("  0x%012llx-0x%012llx  %6s  %5s  %s\n", row->base, last,
		       size_text(row->length, size, sizeof(size)), line, row->text);
}

static void print_table(struct table *table)
{
	unsigned int i;

	qsort(table->rows, table->count, sizeof(*table->rows), by_place);
	printf("\n  %-29s  %6s  %5s  %s\n", "guest-physical", "size", "line", "what is there");
	for (i = 0; i < table->count; i++) {
		if (table->rows[i].ports && (!i || !table->rows[i - 1].ports))
			printf("\n  %-29s  %6s  %5s  %s\n", "ports", "count", "line",
			       "what is there");
		print_row(&table->rows[i]);
	}
}

/* --- explain: the rest ---------------------------------------------------------------- */

/* "  what   text (line N)" */
static void __printf(3, 4) print_fact(const char *what, u32 line, const char *fmt, ...)
{
	va_list args;

	printf("  %-14s ", what);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (line)
		printf(" (line %u)", line);
	putchar('\n');
}

static void print_number(const char *what, const struct number_config *number)
{
	if (number->given)
		print_fact(what, number->line, "%#llx", number->value);
}

static void print_cpus(const struct vm_config *config)
{
	u32 i;

	print_fact("vCPUs", config->vcpus_line, "%u", config->nr_vcpus);
	for (i = 0; i < config->nr_cpu_sets; i++)
		print_fact("", config->cpus_line, "vCPU %u runs on the CPUs in %#llx", i,
			   config->cpu_sets[i]);
	for (i = 0; i < config->nr_cpu_ids && !config->nr_cpu_sets; i++)
		print_fact("", config->cpus_line, "vCPU %u runs on the CPU with the id %#llx", i,
			   config->cpu_ids[i]);
	if (config->nr_cpu_ids && config->nr_cpu_sets)
		print_fact("", 0, "phys_cpu_ids: phys_cpu_sets decide");
}

static void print_images(const struct vm_config *config)
{
	unsigned int i;

	if (config->kernel_path)
		print_fact("kernel", config->kernel_line, "%s", config->kernel_path);
	print_number("at", &config->kernel_addr);
	print_number("entry point", &config->entry);
	if (config_uses_bios(config))
		print_fact("BIOS", config->bios.line, "%s", config->bios.path);
	else if (config->bios.path)
		print_fact("BIOS", config->enable_bios.line, "switched off by enable_bios");
	else if (config->enable_bios.given && config->enable_bios.value && !config->uefi.path)
		print_fact("BIOS", config->enable_bios.line, "the launcher's own");
	if (config->uefi.path)
		print_fact("UEFI firmware", config->uefi.line, "%s", config->uefi.path);
	print_number("at", &config->bios_addr);
	if (config->cmdline)
		print_fact("command line", config->cmdline_line, "%s", config->cmdline);
	for (i = 0; i < config->nr_modules; i++)
		print_fact("initrd, module", config->modules[i].line, "%s",
			   config->modules[i].path);
	print_number("at", &config->initrd_addr);
	for (i = 0; i < config->nr_flats; i++)
		print_fact("flat binary", config->flats[i].line, "%s at %#llx",
			   config->flats[i].path, config->flats[i].gpa);
	if (config->dtb.path)
		print_fact("device tree", config->dtb.line, "%s", config->dtb.path);
	else if (config->dtb_addr.given)
		print_fact("device tree", 0, "the launcher's own");
	print_number("at", &config->dtb_addr);
	if (config->disk.path)
		print_fact("disk", config->disk.line, "%s", config->disk.path);
}

static void print_passthrough(const struct vm_config *config)
{
	const struct passthrough_config *p;
	unsigned int i;

	for (i = 0; i < config->nr_passthrough; i++) {
		p = &config->passthrough[i];
		if (p->kind == PASSTHROUGH_PATH)
			print_fact("passed through", p->line, "%s of the host's device tree",
				   p->name);
		else if (p->kind == PASSTHROUGH_EXCLUDED)
			print_fact("but not", p->line, "%s", p->name);
	}
}

static void print_vfio(const struct vm_config *config)
{
	unsigned int i;

	for (i = 0; i < config->nr_vfio; i++)
		print_fact("VFIO", config->vfio[i].line,
			   "the host's %s is 0000:00:%02x.0, interrupt %u or messages",
			   config->vfio[i].address, i + 1, arch_pci.irq + i);
}

static void say_to_stdout(const struct vm_config *config, u32 line, const char *text)
{
	printf("%s:%u: %s is not supported by this version\n", config->file, line, text);
}

static void say_left_out(const struct vm_config *config, u32 line, const char *text)
{
	printf("%s:%u: left out: %s\n", config->file, line, text);
}

static int explain(struct vm_config *config)
{
	static const char *const modes[] = {
		[AXVM_IRQ_NONE] = "no_irq", [AXVM_IRQ_EMULATED] = "emulated",
		[AXVM_IRQ_PASSTHROUGH] = "passthrough",
	};
	static struct table table;
	unsigned int i;

	table.count = 0;
	printf("%s: %s\n", config->file, config->name);
	print_cpus(config);
	print_images(config);
	print_fact("interrupt mode", config->interrupt_mode_line, "%s",
		   modes[config->interrupt_mode]);
	print_passthrough(config);
	print_vfio(config);
	add_ram(&table, config);
	for (i = 0; i < config->nr_emu_devices; i++)
		add_device(&table, config, &config->emu_devices[i]);
	for (i = 0; i < config->nr_passthrough; i++)
		add_passthrough(&table, config, &config->passthrough[i]);
	add_pci(&table, config);
	print_table(&table);
	putchar('\n');
	config_unsupported(config, say_to_stdout);
	return 0;
}

/* --- check ---------------------------------------------------------------------------- */

static int check_file(const struct vm_config *config, const char *path, u32 line)
{
	struct image image;
	const char *why;

	if (!path)
		return 0;
	why = image_open(&image, path);
	if (why)
		return config_fail(config, line, "%s: %s", path, why);
	image_close(&image);
	return 0;
}

static int check_files(const struct vm_config *config)
{
	unsigned int i;

	if (check_file(config, config->kernel_path, config->kernel_line) ||
	    check_file(config, config->dtb.path, config->dtb.line) ||
	    check_file(config, config->uefi.path, config->uefi.line) ||
	    check_file(config, config->disk.path, config->disk.line) ||
	    (config_uses_bios(config) &&
	     check_file(config, config->bios.path, config->bios.line)))
		return -1;
	for (i = 0; i < config->nr_modules; i++)
		if (check_file(config, config->modules[i].path, config->modules[i].line))
			return -1;
	for (i = 0; i < config->nr_flats; i++)
		if (check_file(config, config->flats[i].path, config->flats[i].line))
			return -1;
	return 0;
}

/* Put the images where they go, as `axvm run` does. Return: 0, or -1 with a message */
static int try_to_load(struct vm_config *config)
{
	static struct guest_memory memory;
	static struct boot_regs regs;
	static struct boot boot;
	int ret;

	memory.fd = -1;
	ret = boot_open(&boot, config);
	if (!ret)
		ret = memory_create(&memory, config->memory, config->hugepages);
	if (!ret) {
		config_map_memory(config, &memory);
		ret = boot_load(&boot, &memory, &regs);
	}
	boot_close(&boot);
	memory_destroy(&memory);
	return ret;
}

static int check(struct vm_config *config)
{
	if (check_files(config))
		return STATUS_ERROR;
	if (config_unsupported(config, say_to_stdout))
		return STATUS_NO_GUESTS;
	if (try_to_load(config))
		return STATUS_ERROR;
	printf("%s: %s: good\n", config->file, config->name);
	return 0;
}

/**
 * command_config() - `axvm config`
 * @argc: arguments, the first of them "config"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_config(int argc, char **argv)
{
	static struct vm_config config;
	bool wants_check;
	int status = STATUS_ERROR;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(help, stdout);
		return 0;
	}
	if (argc != 3 || (strcmp(argv[1], "check") && strcmp(argv[1], "explain"))) {
		fail("config: it is `axvm config check FILE` or `axvm config explain FILE`");
		return STATUS_ERROR;
	}
	wants_check = !strcmp(argv[1], "check");
	config_init(&config);
	if (!config_file_read(&config, argv[2])) {
		if (config.no_passthrough)
			config_leave_out(&config, say_left_out);
		if (!config_check(&config))
			status = wants_check ? check(&config) : explain(&config);
	}
	config_free(&config);
	return status;
}
