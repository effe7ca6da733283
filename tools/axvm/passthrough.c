// SPDX-License-Identifier: GPL-2.0
/*
 * Giving hardware of the host to a VM: what the configuration says, as the module wants it; and
 * when the module says no, who has it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch.h"
#include "vm.h"

/* --- interrupts ---------------------------------------------------------------------- */

/* A line of /sys/kernel/irq/NUMBER/WHAT. False: there is none */
static bool irq_says(u32 irq, const char *what, char *text, size_t size)
{
	char path[64];
	FILE *f;
	bool there;

	snprintf(path, sizeof(path), "/sys/kernel/irq/%u/%s", irq, what);
	f = fopen(path, "re");
	if (!f)
		return false;
	there = fgets(text, size, f);
	fclose(f);
	if (there)
		text[strcspn(text, "\n")] = '\0';
	return there;
}

/* Linux' numbers have gaps, and end somewhere. */
#define IRQ_LIMIT	4096

/* What Linux calls an interrupt of the controller. Return: its number, or -1 */
static int linux_irq(u32 number)
{
	char text[80];
	u32 irq;

	if (number < arch_host_irq_own)
		return number;
	for (irq = 0; irq < IRQ_LIMIT; irq++) {
		if (!irq_says(irq, "chip_name", text, sizeof(text)) ||
		    !strstr(text, arch_host_controller))
			continue;
		if (irq_says(irq, "hwirq", text, sizeof(text)) &&
		    strtoul(text, NULL, 10) == number)
			return irq;
	}
	return -1;
}

/* --- who has it ------------------------------------------------------------------------ */

/* The innermost range of the host that has any of it */
static bool find_holder(const struct passthrough_config *p, char *holder, size_t size)
{
	FILE *f = fopen(p->ports ? "/proc/ioports" : "/proc/iomem", "re");
	unsigned long long first, last;
	char line[160], name[100];
	bool found = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%llx : %99[^\n]", &first, &last, name) != 3 ||
		    first > p->hpa + p->length - 1 || last < p->hpa)
			continue;
		snprintf(holder, size, "%s", name);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

static int say_busy(const struct vm_config *config, const struct passthrough_config *p,
		    const char *name, int irq)
{
	char holder[100];

	if (irq >= 0 && irq_says(irq, "actions", holder, sizeof(holder)) && holder[0])
		return config_fail(config, p->line,
				   "%s: the host uses interrupt %u, %s has it: unbind that driver",
				   name, p->host_irq, holder);
	if (find_holder(p, holder, sizeof(holder)))
		return config_fail(config, p->line,
				   "%s: the host uses what is at %#llx, %s has it: unbind that driver",
				   name, p->hpa, holder);
	return config_fail(config, p->line,
			   "%s: the host uses what is at %#llx: the kernel's log says more", name,
			   p->hpa);
}

static int say_refused(const struct vm_config *config, const struct passthrough_config *p,
		       const char *name, int irq)
{
	switch (errno) {
	case EBUSY:
		return say_busy(config, p, name, irq);
	case EPERM:
		return config_fail(config, p->line,
				   "%s: not without CAP_SYS_RAWIO, and never RAM, an interrupt controller, or the host's time: the kernel's log says which",
				   name);
	case ENOTTY:
		return config_fail(config, p->line,
				   "%s: the module is older and passes nothing", name);
	default:
		return config_fail(config, p->line, "cannot pass %s: %s", name, strerror(errno));
	}
}

/* --- passing ---------------------------------------------------------------------------- */

/* Is all of it in another range, at the same place? Of two that are equal the first counts. */
static bool is_covered(const struct vm_config *config, const struct passthrough_config *p)
{
	const struct passthrough_config *other = config->passthrough;
	const struct passthrough_config *end = other + config->nr_passthrough;

	for (; other < end; other++) {
		if (other == p || !config_gives_range(other) || other->ports != p->ports ||
		    other->gpa - other->hpa != p->gpa - p->hpa)
			continue;
		if (p->gpa < other->gpa || p->gpa + p->length > other->gpa + other->length)
			continue;
		if (other < p || other->length != p->length)
			return true;
	}
	return false;
}

static void fill_range(const struct vm_config *config, const struct passthrough_config *p,
		       struct axvm_pass_through *arg)
{
	if (is_covered(config, p))
		return;
	arg->base = p->gpa;
	arg->host = p->hpa;
	arg->length = p->length;
	if (p->ports)
		arg->flags |= AXVM_PASS_PORTS;
	if (config_is_mapped(config, p))
		arg->flags |= AXVM_PASS_MAPPED;
}

static int pass(struct vm *vm, const struct passthrough_config *p)
{
	struct axvm_pass_through arg = { .size = sizeof(arg) };
	int irq = -1;

	if (p->name)
		snprintf(arg.name, sizeof(arg.name), "%.31s", p->name);
	else
		snprintf(arg.name, sizeof(arg.name), "%s-%#llx", p->ports ? "ports" : "memory",
			 p->hpa);
	fill_range(vm->config, p, &arg);
	if (config_gives_irq(vm->config, p)) {
		irq = linux_irq(p->host_irq);
		if (irq < 0)
			return config_fail(vm->config, p->line,
					   "%s: this host's Linux does not know its interrupt %u: no driver has ever asked for it",
					   arg.name, p->host_irq);
		arg.flags |= AXVM_PASS_IRQ;
		arg.irq = p->irq;
		arg.host_irq = irq;
	}
	if ((arg.length || irq >= 0) && ioctl(vm->fd, AXVM_VM_PASS_THROUGH, &arg))
		return say_refused(vm->config, p, arg.name, irq);
	return 0;
}

/**
 * vm_pass_through() - give a VM what of the host its configuration says
 * @vm: the VM, with its devices
 *
 * Return: 0, or -1 with a message.
 */
int vm_pass_through(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->config->nr_passthrough; i++)
		if (config_gives_range(&vm->config->passthrough[i]) &&
		    pass(vm, &vm->config->passthrough[i]))
			return -1;
	return 0;
}
