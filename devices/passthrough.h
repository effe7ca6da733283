/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pass-through: hardware of the host as a device of a VM.
 *
 *	what is claimed and checked, and how accesses reach it	passthrough.c
 *	its interrupt						passthrough_irq.c
 *	what of a host is never passed, and its ports		x86/hostres.c, arm64/hostres.c
 *	interrupts that the guest ends by itself		arm64/host_spi.c
 */
#ifndef AXVM_DEVICES_PASSTHROUGH_H
#define AXVM_DEVICES_PASSTHROUGH_H

#include <linux/ioport.h>
#include <linux/spinlock.h>

#include "../core/irq.h"
#include "device.h"

struct axvm_host_link;
struct axvm_slot;
struct seq_file;

/**
 * struct axvm_host_irq - an interrupt of the host that is one of the guest
 * @dev: the device, whose line 0 it drives; NULL: there is none
 * @irq: its number in Linux
 * @level: it stays until the guest has ended it
 * @link: @level only: the guest ends it by itself; NULL: it does not
 * @count: how often it came; the handler's
 * @lock: irqs off; @masked, and the line with it
 * @masked: @level only: the line is up, and the host's interrupt is disabled
 * @listener: hears of the guest's end of the interrupt
 */
struct axvm_host_irq {
	struct axvm_device *dev;
	unsigned int irq;
	bool level;
	struct axvm_host_link *link;
	u64 count;
	raw_spinlock_t lock;	/* see above */
	bool masked;
	struct axvm_irq_listener listener;
};

/**
 * struct axvm_passthrough - hardware of the host, given to a VM
 * @dev: a device like any other; all that follows is immutable once made
 * @flags: AXVM_PASS_*
 * @host: host-physical address, or port, of the first byte
 * @widths: widths that are forwarded, a bit each, at its own value
 * @claim: what holds the range; NULL: there is none
 * @port_claim: memory: what holds the ports that are there; NULL: there are none
 * @claim_name: its name in /proc/iomem or /proc/ioports, and in /proc/interrupts
 * @regs: memory: its registers
 * @direct: memory, AXVM_PASS_MAPPED: the part of stage 2
 * @ports_open: ports, AXVM_PASS_MAPPED: they do not exit
 * @irq: the interrupt
 */
struct axvm_passthrough {
	struct axvm_device dev;
	u32 flags;
	u64 host;
	u32 widths;
	struct resource *claim;
	struct resource *port_claim;
	char claim_name[64];
	void __iomem *regs;
	struct axvm_slot *direct;
	bool ports_open;
	struct axvm_host_irq irq;
};

/* passthrough.c */
int axvm_pass_through(struct axvm_vm *vm, struct axvm_pass_through *arg);

/* passthrough_irq.c */
int axvm_host_irq_take(struct axvm_host_irq *host, struct axvm_device *dev, unsigned int irq,
		       const char *name);
void axvm_host_irq_give_back(struct axvm_host_irq *host);
void axvm_host_irq_reset(struct axvm_host_irq *host);
void axvm_host_irq_show(const struct axvm_host_irq *host, struct seq_file *file);

/*
 * hostres.c of each family, and arm64/host_spi.c.
 */

/**
 * axvm_host_irq_link() - let the guest end an interrupt of the host by itself
 * @vm: the VM; vm->lock held
 * @line: which one it is in the guest
 * @irq: its number in Linux: requested, a level, disabled
 *
 * Context: may sleep.
 * Return: the link; NULL: it cannot be had here, or of this one.
 */
struct axvm_host_link *axvm_host_irq_link(struct axvm_vm *vm, u32 line, unsigned int irq);

/**
 * axvm_host_irq_unlink() - the reverse; the host has it, as it has any
 * @link: the link; the interrupt is disabled
 *
 * Context: may sleep; vm->lock held.
 */
void axvm_host_irq_unlink(struct axvm_host_link *link);

/**
 * axvm_host_irq_fire() - give a linked interrupt that has come to the guest
 * @link: the link
 *
 * Context: the interrupt's handler.
 * Return: false: the guest will not end it.
 */
bool axvm_host_irq_fire(struct axvm_host_link *link);

/**
 * axvm_host_has_ports() - whether this family has I/O ports
 */
bool axvm_host_has_ports(void);

/**
 * axvm_host_keeps() - is a range of physical addresses one that no guest is ever given?
 * @first: first address
 * @last: last address
 *
 * RAM is not among them: the same for all families.
 *
 * Context: may sleep.
 * Return: what is there, for a person; or NULL.
 */
const char *axvm_host_keeps(u64 first, u64 last);

/**
 * axvm_host_ports_at() - which ports of the host are at a range of physical addresses?
 * @first: first address
 * @last: last address
 * @ports: out: those of them that are, by the numbers under which drivers claim them
 *
 * Context: may sleep.
 * Return: true; false: none.
 */
bool axvm_host_ports_at(u64 first, u64 last, struct resource *ports);

/* Ports of the host; @width is 1, 2 or 4 */
u32 axvm_host_in(u16 port, unsigned int width);
void axvm_host_out(u16 port, unsigned int width, u32 value);

#endif /* AXVM_DEVICES_PASSTHROUGH_H */
