// SPDX-License-Identifier: GPL-2.0
/*
 * Posted interrupts (SDM Vol. 3C 30.6): an edge for a vCPU whose guest runs on another pCPU
 * gets there without an exit. The sender sets the vector's bit in the vCPU's descriptor
 * (devices/lapic_page.c) and sends the notification vector to the pCPU, as an IPI. If the guest
 * still runs there, the CPU takes the bits over into the virtual APIC and delivers. If not, the
 * host takes the IPI, which says nothing to it, and the next entry finds the descriptor's ON bit.
 *
 * The vector is the one that the kernel has for this, for KVM's use and ours: a notification
 * that was meant for somebody else's guest finds nothing posted.
 *
 * The CPU can tell that vector from the others only by acknowledging the interrupt at the
 * exit. What was acknowledged so no longer waits for the host to switch interrupts on: it is
 * called through its gate in the IDT (vmx_host_interrupt()).
 *
 * Owns: the descriptor of each vCPU. Locks: none.
 */
#include <linux/slab.h>
#include <asm/desc.h>
#include <asm/irq_vectors.h>
#include <asm/vmx.h>

#include "../core/compat.h"
#include "vmx.h"

static_assert(sizeof(struct axvm_posted) == 64);

/**
 * vmx_has_posted() - can this CPU and this kernel do it?
 *
 * With FRED there are no gates to call.
 *
 * Return: true if so.
 */
bool vmx_has_posted(void)
{
	if (!AXVM_HAVE_POSTED_VECTOR || axvm_host_has_fred())
		return false;
	return vmx_control_may_be_on(MSR_IA32_VMX_TRUE_PINBASED_CTLS, PIN_BASED_POSTED_INTR) &&
	       vmx_control_may_be_on(MSR_IA32_VMX_TRUE_EXIT_CTLS, VM_EXIT_ACK_INTR_ON_EXIT);
}

static void send_notification(struct axvm_vcpu *vcpu, int pcpu)
{
	struct vmx_vcpu *v = to_vmx(vcpu);

	WRITE_ONCE(v->notified, v->notified + 1);
	axvm_send_posted_vector(pcpu);
}

static void notify(struct axvm_vcpu *vcpu)
{
	axvm_vcpu_notify(vcpu, send_notification);
}

/**
 * vmx_posted_init() - make a vCPU's descriptor, if they are in use
 * @v: the vCPU
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_posted_init(struct vmx_vcpu *v)
{
	if (vmx_apicv_level < VMX_APICV_POSTED)
		return 0;
	/* Of a size that is a power of two, it is aligned to it. */
	v->posted = kzalloc(sizeof(*v->posted), GFP_KERNEL_ACCOUNT);
	if (!v->posted)
		return -ENOMEM;
	v->vcpu->arch.apic_posted = v->posted;
	v->vcpu->arch.apic_notify = notify;
	return 0;
}

/**
 * vmx_posted_destroy() - the reverse; the local APIC is gone
 * @v: the vCPU
 */
void vmx_posted_destroy(struct vmx_vcpu *v)
{
	kfree(v->posted);
}

/**
 * vmx_posted_write_controls() - fields of a new VMCS
 * @v: the vCPU, with a descriptor; in the window
 */
void vmx_posted_write_controls(struct vmx_vcpu *v)
{
	vmx_write(VM_EXIT_CONTROLS, vmx_caps.exit | VM_EXIT_ACK_INTR_ON_EXIT);
	vmx_write(POSTED_INTR_NV, POSTED_INTR_VECTOR);
	vmx_write(POSTED_INTR_DESC_ADDR, virt_to_phys(v->posted));
}

/**
 * vmx_posted_enable() - on or off, as virtual-interrupt delivery is
 * @v: the vCPU, with a descriptor; in the window
 * @on: on
 */
void vmx_posted_enable(struct vmx_vcpu *v, bool on)
{
	vmx_write(PIN_BASED_VM_EXEC_CONTROL, vmx_caps.pin | (on ? PIN_BASED_POSTED_INTR : 0));
}

/**
 * vmx_host_interrupt() - the host has its interrupt that was acknowledged at an exit
 * @vector: which
 *
 * Context: interrupts off, and as they were before the entry in everything else.
 */
void vmx_host_interrupt(u8 vector)
{
	const gate_desc *idt;
	struct desc_ptr table;

	store_idt(&table);
	idt = (const gate_desc *)table.address;
	vmx_call_gate(gate_offset(&idt[vector]));
}
