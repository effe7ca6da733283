// SPDX-License-Identifier: GPL-2.0
/*
 * axvm-bench: what an exit costs, in ticks of the CPU's counter from one instruction of the
 * guest to the next, on KVM and on axvm, with the same guest code.
 *
 * In the test bed with one CPU a tick is an instruction: the figures are instructions of
 * host and guest together, and the same in every run. Of many samples the one that comes
 * most often is shown; some hold a timer interrupt of the host.
 *
 *   axvm-bench           a table, with the budgets
 *   axvm-bench --tsv     family, path, KVM, axvm
 *   axvm-bench --check   the table; status 1 if a path costs more than with KVM, or the
 *                        registry more than its budget for twice the devices
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pairs.h"

#define DOUBLING_BUDGET	10

/* A line of the table. 0: not measured, or no budget */
struct row {
	const char *family;
	char path[48];
	uint32_t kvm;
	uint32_t axvm;
	uint32_t budget;
};

static struct row rows[64];
static unsigned int nr_rows;

static struct row *add_row(const char *family, const char *path)
{
	struct row *row = &rows[nr_rows++];

	row->family = family;
	snprintf(row->path, sizeof(row->path), "%s", path);
	return row;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/**
 * typical() - the sample that comes most often; the least of them if there are several
 * @sample: NR_SAMPLES of them; they are sorted
 *
 * Return: the sample.
 */
uint32_t typical(uint32_t *sample)
{
	unsigned int i, run = 0, most = 0;
	uint32_t value = 0;

	qsort(sample, NR_SAMPLES, sizeof(*sample), compare);
	for (i = 0; i < NR_SAMPLES; i++) {
		run = i && sample[i] == sample[i - 1] ? run + 1 : 1;
		if (run > most) {
			most = run;
			value = sample[i];
		}
	}
	return value;
}

static uint32_t measure_kvm(const struct path *path, enum guest_mode mode)
{
	struct kvm kvm;
	uint32_t reason, result;

	if (path->only_ours || !kvm_present())
		return 0;
	kvm_create(&kvm);
	kvm_load(&kvm, mode, path->code[mode]);
	do {
		reason = kvm_run(&kvm);
		if (path_ended_kvm(&kvm, reason))
			break;
	} while (reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO);
	if (!path_ended_kvm(&kvm, reason))
		die("%s: KVM left the guest for reason %u", path->name, reason);
	result = typical((uint32_t *)(kvm.memory + GUEST_DATA));
	kvm_destroy(&kvm);
	return result;
}

static uint32_t run_axvm(struct vm *vm, const struct path *path, enum guest_mode mode)
{
	struct axvm_vm_status status;
	uint32_t reason;

	vm_load(vm, mode, path->code[mode]);
	vm_boot(vm);
	do {
		reason = vm_run(vm);
	} while (reason == AXVM_EXIT_IO || reason == AXVM_EXIT_MMIO || reason == AXVM_EXIT_INTR);
	vm_status(vm, &status);
	if (status.stop_reason != AXVM_STOP_DEBUG_EXIT)
		die("%s: axvm left the guest for reason %u, stop reason %u code %llu", path->name,
		    reason, status.stop_reason, status.stop_code);
	return typical((uint32_t *)(vm->memory + GUEST_DATA));
}

static uint32_t measure_axvm(const struct path *path, enum guest_mode mode)
{
	uint32_t result;
	struct vm vm;

	vm_create(&vm, path->user ? AXVM_VM_EXIT_UNCLAIMED : 0);
	path_add_devices(&vm);
	result = run_axvm(&vm, path, mode);
	vm_destroy(&vm);
	return result;
}

static void measure_paths(const struct family *family)
{
	const struct path *path;
	struct row *row;

	for (path = paths; path->name; path++) {
		row = add_row(family->name, path->name);
		row->budget = path->budget;
		row->kvm = measure_kvm(path, family->mode);
		row->axvm = measure_axvm(path, family->mode);
	}
}

static void measure_pairs(void)
{
	const struct pair *pair;
	struct row *row;

	for (pair = pairs; pair->name; pair++) {
		row = add_row(families[0].name, pair->name);
		row->kvm = kvm_present() ? pair->measure(false) : 0;
		row->axvm = pair->measure(true);
	}
}

/*
 * A read from a device, each time after an access to another device, with more and more
 * devices in the VM, all alike. It is the last one, which takes the most steps to find.
 */
static uint32_t measure_lookup(unsigned int devices)
{
	unsigned int i;
	uint32_t result;
	struct vm vm;

	vm_create(&vm, 0);
	path_add_last(&vm);
	for (i = 0; i < devices - 2; i++)
		path_add_other(&vm, i);
	result = run_axvm(&vm, &path_lookup, GUEST_FLAT);
	vm_destroy(&vm);
	return result;
}

static void measure_registry(void)
{
	unsigned int devices;
	struct row *row;
	char name[48];

	for (devices = 2; devices <= MOST_DEVICES; devices *= 2) {
		snprintf(name, sizeof(name), "%s, one of %u devices", path_lookup.name, devices);
		row = add_row("registry", name);
		row->axvm = measure_lookup(devices);
		if (devices > 2)
			row->budget = row[-1].axvm + DOUBLING_BUDGET;
	}
}

static bool exceeded(const struct row *row)
{
	return row->budget && row->axvm > row->budget;
}

/* What must never happen: dearer than KVM, or a registry that does not scale */
static bool lost(const struct row *row)
{
	return row->kvm ? row->axvm > row->kvm : !strcmp(row->family, "registry") && exceeded(row);
}

static void print_tsv(void)
{
	const struct row *row;

	for (row = rows; row < rows + nr_rows; row++) {
		printf("%s\t%s\t", row->family, row->path);
		if (row->kvm)
			printf("%u", row->kvm);
		else
			putchar('-');
		printf("\t%u\n", row->axvm);
	}
}

static void print_optional(uint32_t value)
{
	if (value)
		printf(" %8u", value);
	else
		printf(" %8s", "-");
}

static void print_table(void)
{
	const struct row *row;

	printf("%-10s %-32s %8s %8s %8s %8s\n", "family", "path", "KVM", "axvm", "KVM/axvm", "budget");
	for (row = rows; row < rows + nr_rows; row++) {
		printf("%-10s %-32s", row->family, row->path);
		print_optional(row->kvm);
		printf(" %8u", row->axvm);
		if (row->kvm)
			printf(" %8.1f", (double)row->kvm / row->axvm);
		else
			printf(" %8s", "-");
		print_optional(row->budget);
		printf("%s\n", exceeded(row) ? "  EXCEEDED" : "");
	}
}

int main(int argc, char **argv)
{
	const char *option = argc > 1 ? argv[1] : "";
	unsigned int i, bad = 0, behind = 0;
	const struct family *family;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (family = families; family->name; family++)
		measure_paths(family);
	measure_pairs();
	measure_registry();
	for (i = 0; i < nr_rows; i++)
		bad += exceeded(&rows[i]);
	for (i = 0; i < nr_rows; i++)
		behind += lost(&rows[i]);
	if (!strcmp(option, "--tsv")) {
		print_tsv();
		return 0;
	}
	print_table();
	if (bad)
		printf("%u of %u budgets exceeded\n", bad, nr_rows);
	else
		printf("within all budgets\n");
	if (behind)
		printf("%u paths cost more than with KVM, or grow too fast\n", behind);
	return behind && !strcmp(option, "--check");
}
