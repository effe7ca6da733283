/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt contract: anyone -> vCPU.
 *
 * An interrupt goes to any vCPU of any VM, from any context, hard-irq included
 * ("any context" below is any but NMI).
 * It is first marked pending (atomically, in the vCPU's interrupt controller),
 * then residency is looked up: a blocked vCPU is woken; one in the guest on
 * another pCPU is made to exit by smp_call_function_single() there (its
 * asynchronous form where the caller may not wait); else nothing is to be done,
 * as a vCPU looks at what is pending, interrupts off, before each entry.
 *
 * Two levels:
 *  - a line (GSI, INTID) of the VM, driven by devices and userspace. Several
 *    devices may share one: it is up while any of them holds it up. Changes go to
 *    the irqchips of the VM (8259A, IOAPIC, GIC distributor).
 *  - an interrupt of one vCPU (vector, INTID), made pending by an irqchip, an IPI,
 *    or axvm_inject_irq_to_vcpu().
 *
 * Lock order: device lock -> axvm_irq_router.lock -> irqchip lock -> the vCPU's
 * controller lock. All raw, all taken with interrupts off.
 */
#ifndef AXVM_CORE_IRQ_H
#define AXVM_CORE_IRQ_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct axvm_device;
struct axvm_vcpu;
struct axvm_vm;

#define AXVM_MAX_IRQS		1020	/* GICv3 SPIs end at INTID 1019; x86 uses 24 */
#define AXVM_MAX_IRQCHIPS	4

/**
 * struct axvm_irqchip_ops - an interrupt controller that takes lines of the VM
 * @set_level: line @irq is now @level; called on changes only, under the router's
 *             lock, interrupts off. A chip ignores lines it does not have.
 * @eoi: a vCPU signals the end of @irq (x86: the vector; arm64: the INTID); may be NULL.
 *       Any context, no lock of the caller held.
 */
struct axvm_irqchip_ops {
	void (*set_level)(struct axvm_device *chip, u32 irq, bool level);
	void (*eoi)(struct axvm_device *chip, struct axvm_vcpu *vcpu, u32 irq);
};

/**
 * struct axvm_irq_listener - somebody who holds a level until the guest has ended its interrupt
 * @list: in axvm_irq_router.listeners
 * @irq: the line
 * @ended: the guest has ended the line's interrupt. Any context, no lock of an irqchip or of
 *         the router held, in a read section of vm->srcu.
 */
struct axvm_irq_listener {
	struct list_head list;
	u32 irq;
	void (*ended)(struct axvm_irq_listener *listener);
};

/**
 * struct axvm_irq_router - the lines of a VM
 * @lock: protects everything here, and axvm_device.asserted
 * @nr_chips: slots of @chips that are in use, or were
 * @chips: the irqchips; changed under @lock, also read under vm->srcu
 * @chips.dev: the device, or NULL
 * @chips.ops: what it does
 * @holders: how many hold each line up: each device, irqfd, message and userspace count once
 *           at most
 * @user: bit: userspace holds the line up (AXVM_VM_IRQ_LINE)
 * @resampled: [a] bit: somebody in @listeners wants to know when the guest has ended the
 *             line's interrupt
 * @listeners: vm->lock to change, vm->srcu to read
 */
struct axvm_irq_router {
	raw_spinlock_t lock;
	unsigned int nr_chips;
	struct {
		struct axvm_device *dev;
		const struct axvm_irqchip_ops *ops;
	} chips[AXVM_MAX_IRQCHIPS];
	u16 holders[AXVM_MAX_IRQS];
	DECLARE_BITMAP(user, AXVM_MAX_IRQS);
	DECLARE_BITMAP(resampled, AXVM_MAX_IRQS);
	struct list_head listeners;
};

void axvm_irq_router_init(struct axvm_irq_router *router);

/* For an irqchip's init() and destroy() */
int axvm_irqchip_register(struct axvm_device *chip, const struct axvm_irqchip_ops *ops);
void axvm_irqchip_unregister(struct axvm_device *chip);

/* For holders of lines who are not devices */
bool axvm_irq_hold(struct axvm_vm *vm, u32 irq, bool *held, bool level);
int axvm_irq_pulse(struct axvm_vm *vm, u32 irq);
void axvm_irq_listen(struct axvm_vm *vm, struct axvm_irq_listener *listener);
void axvm_irq_unlisten(struct axvm_vm *vm, struct axvm_irq_listener *listener);

/* For irqchips: the guest has ended the interrupt of a line */
void axvm_irq_ended(struct axvm_vm *vm, u32 irq);

int axvm_irq_line_user(struct axvm_vm *vm, u32 irq, u32 op);
void axvm_irq_release_device(struct axvm_device *dev);
void axvm_irq_eoi(struct axvm_vcpu *vcpu, u32 irq);

/* core/kick.c: one interrupt to one vCPU */
int axvm_inject_irq_to_vcpu(u32 vm_id, u32 vcpu_id, u32 irq);
int axvm_vcpu_resides_on(u32 vm_id, u32 vcpu_id);
int axvm_vcpu_inject(struct axvm_vcpu *vcpu, u32 irq);
void axvm_vcpu_notify(struct axvm_vcpu *vcpu, void (*send)(struct axvm_vcpu *vcpu, int pcpu));
void axvm_vcpu_kick(struct axvm_vcpu *vcpu);

/* For making and freeing a vCPU: after sync() no IPI of ours is on its way any more */
void axvm_vcpu_kick_init(struct axvm_vcpu *vcpu);
void axvm_vcpu_kick_sync(struct axvm_vcpu *vcpu);

#endif /* AXVM_CORE_IRQ_H */
