// SPDX-License-Identifier: GPL-2.0
/*
 * What a VM shows of itself: its line of `axvm ps`, and its directory
 * /sys/kernel/debug/axvm/NUMBER (file `vcpus`; devices/stats.c adds the devices').
 *
 * Locks: none for counters (torn at worst, they are a vCPU's own); vm->lock for
 * what the configuration changes.
 */
#include <linux/debugfs.h>
#include <linux/pid.h>
#include <linux/seq_file.h>

#include "vm.h"

static struct dentry *axvm_debugfs_root;

static const char *const exit_names[AXVM_NR_EXITS] = {
	[AXVM_X_NONE] = "none",
	[AXVM_X_MMIO_READ] = "mmio-read",
	[AXVM_X_MMIO_WRITE] = "mmio-write",
	[AXVM_X_IO_READ] = "io-read",
	[AXVM_X_IO_WRITE] = "io-write",
	[AXVM_X_SYSREG_READ] = "sysreg-read",
	[AXVM_X_SYSREG_WRITE] = "sysreg-write",
	[AXVM_X_STAGE2_FAULT] = "stage2-fault",
	[AXVM_X_HYPERCALL] = "hypercall",
	[AXVM_X_HALT] = "halt",
	[AXVM_X_SYSTEM_DOWN] = "system-down",
	[AXVM_X_FAIL_ENTRY] = "fail-entry",
};

/**
 * axvm_vm_stat() - fill the VM's line of `axvm ps`
 * @vm: the VM, with a reference
 * @stat: where to
 *
 * Context: may sleep.
 */
void axvm_vm_stat(struct axvm_vm *vm, struct axvm_vm_stat *stat)
{
	unsigned int i;

	mutex_lock(&vm->lock);
	stat->id = vm->id;
	stat->state = READ_ONCE(vm->state);
	stat->nr_vcpus = vm->nr_vcpus;
	stat->memory = axvm_memory_size(vm);
	stat->pid = pid_vnr(vm->pid);
	stat->nr_devices = vm->devices.nr;
	stat->exits = 0;
	stat->user_exits = 0;
	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		stat->exits += READ_ONCE(vm->vcpus[i]->stats.exits);
		stat->user_exits += READ_ONCE(vm->vcpus[i]->stats.user);
	}
	memcpy(stat->name, vm->name, sizeof(stat->name));
	mutex_unlock(&vm->lock);
}

static void show_vcpu(struct seq_file *seq, struct axvm_vcpu *vcpu)
{
	const struct axvm_vcpu_stats *stats = &vcpu->stats;
	unsigned int i;

	seq_printf(seq, "vcpu %u: pcpu %d exits %llu handled-inside %llu to-user %llu ",
		   vcpu->id, READ_ONCE(vcpu->pcpu), stats->exits, stats->handled, stats->user);
	seq_printf(seq, "halts %llu kicks %llu\n", stats->halts, stats->kicks);
	for (i = 0; i < AXVM_NR_EXITS; i++)
		if (stats->by_type[i])
			seq_printf(seq, "  %-14s %llu\n", exit_names[i], stats->by_type[i]);
	if (vcpu->vm->ops->show)
		vcpu->vm->ops->show(vcpu, seq);
}

static int vcpus_show(struct seq_file *seq, void *unused)
{
	struct axvm_vm *vm = seq->private;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		struct axvm_vcpu *vcpu = smp_load_acquire(&vm->vcpus[i]);	/* made whole */

		if (vcpu)
			show_vcpu(seq, vcpu);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcpus);

/**
 * axvm_vm_debugfs() - make a new VM's directory
 * @vm: the VM; it has its number
 */
void axvm_vm_debugfs(struct axvm_vm *vm)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", vm->id);
	vm->debugfs = debugfs_create_dir(name, axvm_debugfs_root);
	debugfs_create_file("vcpus", 0400, vm->debugfs, vm, &vcpus_fops);
	axvm_devices_debugfs(vm);
}

/**
 * axvm_debugfs_init() - make the directory of all VMs
 *
 * Return: 0; without debugfs there is nothing to see, which is no error.
 */
int axvm_debugfs_init(void)
{
	axvm_debugfs_root = debugfs_create_dir("axvm", NULL);
	return 0;
}

/**
 * axvm_debugfs_exit() - the reverse
 */
void axvm_debugfs_exit(void)
{
	debugfs_remove_recursive(axvm_debugfs_root);
}
