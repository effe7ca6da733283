// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm run`: from a configuration to a VM's end. All that can be wrong with
 * arguments and images is found before /dev/axvm is opened.
 */
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "commands.h"
#include "console.h"
#include "pci-bus.h"
#include "terminal.h"
#include "vm.h"

/**
 * struct session - all that belongs to one run
 * @config: the VM's description
 * @boot: its images
 * @memory: its memory
 * @regs: registers of vCPU 0 at the start
 * @vm: the VM in the kernel
 * @console: its console
 * @status: how it ended
 */
struct session {
	struct vm_config config;
	struct boot boot;
	struct guest_memory memory;
	struct boot_regs regs;
	struct vm vm;
	struct console console;
	struct axvm_vm_status status;
};

static void triple_fault(const struct session *s)
{
	u32 id = s->status.stop_vcpu;

	if (id >= s->config.nr_vcpus) {
		note("the guest's CPU shut down (triple fault)");
		return;
	}
	note("vCPU %u shut down (triple fault); its registers:", id);
	arch_print_regs(stderr, &s->vm.vcpus[id].run->regs);
}

static void entry_failed(const struct vcpu *vcpu)
{
	const struct axvm_run *run = vcpu->run;

	note("vCPU %u: the CPU refuses to run the guest: code %#llx, qualification %#llx",
	     vcpu->id, run->fail_entry.code, run->fail_entry.qualification);
	arch_print_regs(stderr, &run->regs);
}

static bool any_vcpu_failed(const struct session *s)
{
	u32 i;

	for (i = 0; i < s->config.nr_vcpus; i++)
		if (s->vm.vcpus[i].failed)
			return true;
	return false;
}

static int requested_status(const struct session *s)
{
	if (s->console.output_lost)
		return STATUS_ERROR;
	if (s->console.ended)
		return STATUS_ENDED;
	if (signals_ended_by())
		return STATUS_SIGNAL + signals_ended_by();
	note("the VM was stopped");
	return STATUS_ENDED;
}

/* Says what is worth saying about the end. Return: the exit status */
static int explain_end(const struct session *s)
{
	u32 i;

	for (i = 0; i < s->config.nr_vcpus; i++)
		if (s->vm.vcpus[i].entry_failed)
			entry_failed(&s->vm.vcpus[i]);
	if (any_vcpu_failed(s))
		return STATUS_VM_ERROR;
	switch (s->status.stop_reason) {
	case AXVM_STOP_REQUEST:
		return requested_status(s);
	case AXVM_STOP_POWEROFF:
		return STATUS_POWEROFF;
	case AXVM_STOP_RESET:
		if (s->console.stopping)
			return requested_status(s);
		note("the guest asked for a reset");
		return STATUS_RESET;
	case AXVM_STOP_TRIPLE_FAULT:
		triple_fault(s);
		return STATUS_TRIPLE_FAULT;
	case AXVM_STOP_DEBUG_EXIT:
		return s->status.stop_code & 0xff;
	case AXVM_STOP_ERROR:
		fail_errno((int)s->status.stop_code, "the VM failed");
		return STATUS_VM_ERROR;
	}
	fail("the VM ended for an unknown reason (%u)", s->status.stop_reason);
	return STATUS_VM_ERROR;
}

static bool again(const struct session *s)
{
	return s->config.reboot && s->status.stop_reason == AXVM_STOP_RESET &&
	       !any_vcpu_failed(s) && !s->console.stopping;
}

/* One boot of the VM, up to its end. Return: 0, or -1 with a message */
static int run_once(struct session *s)
{
	if (vm_set_regs(&s->vm, &s->regs) || vm_boot(&s->vm) || vcpus_start(&s->vm))
		return -1;
	console_run(&s->console, &s->vm);
	vcpus_join(&s->vm);
	return vm_status(&s->vm, &s->status);
}

/* Everything as before the first boot. Return: 0, or -1 with a message */
static int start_over(struct session *s)
{
	pci_bus_stop(&s->vm);
	if (vm_reset(&s->vm) || memory_clear(&s->memory) ||
	    boot_load(&s->boot, &s->memory, &s->regs))
		return -1;
	return pci_bus_start(&s->vm);
}

static int run_vm(struct session *s)
{
	int ret;

	console_open(&s->console);
	for (;;) {
		ret = run_once(s);
		if (ret || !again(s))
			break;
		note("the guest resets");
		ret = start_over(s);
		if (ret)
			break;
	}
	console_close(&s->console);
	return ret ? STATUS_ERROR : explain_end(s);
}

static int prepare(struct session *s)
{
	if (boot_open(&s->boot, &s->config))
		return -1;
	if (memory_create(&s->memory, s->config.memory, s->config.hugepages))
		return -1;
	config_map_memory(&s->config, &s->memory);
	return boot_load(&s->boot, &s->memory, &s->regs);
}

static void say_left_out(const struct vm_config *config, u32 line, const char *text)
{
	note("%s:%u: left out: %s", config->file, line, text);
}

/* The first one is enough; `axvm config check` lists all */
static void say_unsupported(const struct vm_config *config, u32 line, const char *text)
{
	static bool said;

	if (!said)
		config_fail(config, line, "%s is not supported by this version", text);
	said = true;
}

/* Return: 0 if the VM can run as far as its configuration tells, or -1 with a message */
static int config_ready(struct vm_config *config)
{
	if (config->no_passthrough)
		config_leave_out(config, say_left_out);
	if (config_check(config))
		return -1;
	if (config_unsupported(config, say_unsupported))
		return -1;
	return config_check_host(config);
}

/**
 * command_run() - `axvm run`
 * @argc: arguments, the first of them "run"
 * @argv: them
 *
 * Return: the exit status.
 */
int command_run(int argc, char **argv)
{
	static struct session s;
	int status = STATUS_ERROR;

	s.memory.fd = -1;
	config_init(&s.config);
	switch (options_parse(&s.config, argc, argv)) {
	case OPTIONS_HELP:
		status = 0;
		goto out_config;
	case OPTIONS_BAD:
		goto out_config;
	case OPTIONS_RUN:
		break;
	}
	if (config_ready(&s.config))
		goto out_config;
	if (!prepare(&s) && !signals_init()) {
		if (!vm_create(&s.vm, &s.config, &s.memory))
			status = run_vm(&s);
		vm_destroy(&s.vm);
	}
	boot_close(&s.boot);
	memory_destroy(&s.memory);
out_config:
	config_free(&s.config);
	return status;
}
