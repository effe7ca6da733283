// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC, messages: who is meant by one of another APIC, of the IOAPIC or of a
 * device (MSI), and what it does there; the sending of IPIs. See lapic.h for the locks and
 * the sections of the manual.
 *
 * Owns nothing: a message takes the lock of one APIC at a time, and only to change it.
 */
#include <asm/apicdef.h>

#include "lapic.h"

static bool lapic_hardware_enabled(const struct axvm_lapic *lapic)
{
	return READ_ONCE(lapic->state.base) & XAPIC_ENABLE;
}

/* 10.6.2.2: is this APIC in the logical destination of a message? */
static bool lapic_matches_logical(const struct axvm_lapic *lapic, u32 dest)
{
	u32 ldr = lapic_get(lapic, APIC_LDR);

	if (lapic_in_x2apic_mode(lapic))	/* 10.12.10.1 */
		return dest >> 16 == ldr >> 16 && dest & ldr & 0xffff;
	if (dest > LAPIC_BROADCAST_8)
		return false;
	ldr >>= 24;
	switch (lapic_get(lapic, APIC_DFR)) {
	case APIC_DFR_FLAT:
		return dest & ldr;
	case APIC_DFR_CLUSTER:
		return dest >> 4 == ldr >> 4 && dest & ldr & 0xf;
	default:
		return false;
	}
}

/* APIC ids end at 63, so that eight ones are never one of them. */
static bool lapic_matches(const struct axvm_lapic *lapic, const struct axvm_apic_msg *msg)
{
	if (msg->dest == LAPIC_BROADCAST)
		return true;
	if (msg->dest == LAPIC_BROADCAST_8 && !(msg->logical && lapic_in_x2apic_mode(lapic)))
		return true;
	if (msg->logical)
		return lapic_matches_logical(lapic, msg->dest);
	return msg->dest == lapic->vcpu->id;
}

static bool lapic_take_fixed(struct axvm_lapic *lapic, u8 vector, bool level)
{
	unsigned long flags;
	bool taken;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	taken = lapic_accept(lapic, vector, level);
	lapic_unlock(lapic, flags);
	return taken;
}

/* The last of several counts; an INIT before it stays. */
static void lapic_startup(struct axvm_vcpu *vcpu, u8 vector)
{
	int old = atomic_read(&vcpu->arch.start);

	while (!atomic_try_cmpxchg(&vcpu->arch.start, &old, (old & X86_INIT) | X86_SIPI | vector))
		;
}

/* A message for this APIC. SMI: there is no SMM. ExtINT: comes by LINT0 only. */
static bool lapic_take(struct axvm_lapic *lapic, const struct axvm_apic_msg *msg)
{
	struct axvm_vcpu *vcpu = lapic->vcpu;

	if (!lapic_hardware_enabled(lapic))
		return false;
	switch (msg->mode) {
	case LAPIC_DM_FIXED:
	case LAPIC_DM_LOWEST:
		return lapic_take_fixed(lapic, msg->vector, msg->level);
	case LAPIC_DM_NMI:
		lapic_nmi(vcpu);
		break;
	case LAPIC_DM_INIT:
		atomic_set(&vcpu->arch.start, X86_INIT);
		break;
	case LAPIC_DM_STARTUP:
		lapic_startup(vcpu, msg->vector);
		break;
	default:
		return false;
	}
	axvm_vcpu_kick(vcpu);
	return true;
}

static struct axvm_lapic *vm_lapic(struct axvm_vm *vm, u32 id)
{
	struct axvm_vcpu *vcpu = READ_ONCE(vm->vcpus[id]);

	return vcpu ? READ_ONCE(vcpu->arch.lapic) : NULL;
}

/*
 * 10.6.2.4: the one of them that does the least important work; they take turns if
 * equal. All vCPUs with an APIC are seen after vm->nr_vcpus of them.
 */
static int deliver_lowest(struct axvm_vm *vm, const struct axvm_apic_msg *msg,
			  const struct axvm_lapic *but)
{
	u32 start = READ_ONCE(vm->arch.lowest_next);
	u32 left = READ_ONCE(vm->nr_vcpus);
	struct axvm_lapic *best = NULL, *lapic;
	u32 i, ppr, best_ppr = 0;

	for (i = 0; left && i < AXVM_MAX_VCPUS; i++) {
		lapic = vm_lapic(vm, (start + i) % AXVM_MAX_VCPUS);
		if (!lapic)
			continue;
		left--;
		ppr = lapic_get(lapic, APIC_PROCPRI);
		if (lapic == but || (best && ppr >= best_ppr) ||
		    !lapic_matches(lapic, msg) || !lapic_software_enabled(lapic))
			continue;
		best = lapic;
		best_ppr = ppr;
	}
	if (!best)
		return 0;
	WRITE_ONCE(vm->arch.lowest_next, best->vcpu->id + 1);
	return lapic_take(best, msg);
}

static int deliver_all(struct axvm_vm *vm, const struct axvm_apic_msg *msg,
		       const struct axvm_lapic *but)
{
	u32 left = READ_ONCE(vm->nr_vcpus);
	struct axvm_lapic *lapic;
	int taken = 0;
	u32 i;

	for (i = 0; left && i < AXVM_MAX_VCPUS; i++) {
		lapic = vm_lapic(vm, i);
		if (!lapic)
			continue;
		left--;
		if (lapic != but && lapic_matches(lapic, msg))
			taken += lapic_take(lapic, msg);
	}
	return taken;
}

static int deliver(struct axvm_vm *vm, const struct axvm_apic_msg *msg,
		   const struct axvm_lapic *but)
{
	if (msg->mode == LAPIC_DM_LOWEST)
		return deliver_lowest(vm, msg, but);
	return deliver_all(vm, msg, but);
}

/**
 * axvm_apic_deliver() - send a message over the APIC bus
 * @vm: the VM
 * @msg: the message
 *
 * An IOAPIC may hold its lock. APIC ids are the numbers of the vCPUs.
 *
 * Context: any, no lock of a local APIC held.
 * Return: how many local APICs took it; 0: it is lost.
 */
int axvm_apic_deliver(struct axvm_vm *vm, const struct axvm_apic_msg *msg)
{
	struct axvm_lapic *lapic;

	if (!msg->logical && msg->dest < AXVM_MAX_VCPUS) {
		lapic = vm_lapic(vm, msg->dest);
		return lapic && lapic_take(lapic, msg);
	}
	return deliver(vm, msg, NULL);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_apic_deliver);

/**
 * lapic_send_ipi() - the guest writes ICR
 * @lapic: the sender
 * @icr: bits 31:0
 * @dest: the destination, 8 or 32 bits by the mode the sender is in
 *
 * 10.6.1. Level-triggered IPIs exist no more: only INIT looks at the trigger mode, to
 * ignore its de-assertion. A sender that is software-disabled can still send.
 *
 * Context: any, no lock of a local APIC held.
 */
void lapic_send_ipi(struct axvm_lapic *lapic, u32 icr, u32 dest)
{
	struct axvm_apic_msg msg = {
		.dest = dest,
		.vector = icr & APIC_VECTOR_MASK,
		.mode = (icr & APIC_MODE_MASK) >> 8,
		.logical = icr & APIC_DEST_LOGICAL,
	};
	u32 shorthand = icr & APIC_DEST_ALLBUT;
	unsigned long flags;

	if (msg.mode <= LAPIC_DM_LOWEST && msg.vector < LAPIC_FIRST_VECTOR) {
		raw_spin_lock_irqsave(&lapic->lock, flags);
		lapic_error(lapic, APIC_ESR_SENDILL);
		lapic_unlock(lapic, flags);
		return;
	}
	if (msg.mode == LAPIC_DM_INIT && icr & APIC_INT_LEVELTRIG && !(icr & APIC_INT_ASSERT))
		return;

	switch (shorthand) {
	case APIC_DEST_SELF:
		lapic_take(lapic, &msg);
		return;
	case APIC_DEST_ALLINC:
	case APIC_DEST_ALLBUT:
		msg.dest = LAPIC_BROADCAST;
		deliver(lapic->vcpu->vm, &msg, shorthand == APIC_DEST_ALLBUT ? lapic : NULL);
		return;
	}
	/* In x2APIC mode this is the id 255, which nobody has. */
	if (msg.dest == LAPIC_BROADCAST_8 && !msg.logical && lapic_in_x2apic_mode(lapic))
		return;
	axvm_apic_deliver(lapic->vcpu->vm, &msg);
}

/**
 * axvm_lapic_inject() - make a vector pending on one vCPU, as an edge-triggered message would
 * @vcpu: the vCPU
 * @vector: 16 to 255
 *
 * Context: any.
 * Return: 0; -EINVAL: reserved vector; -ENODEV: no local APIC; -EAGAIN: it is switched
 * off by its guest.
 */
int axvm_lapic_inject(struct axvm_vcpu *vcpu, u8 vector)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	if (vector < LAPIC_FIRST_VECTOR)
		return -EINVAL;
	if (!lapic)
		return -ENODEV;
	return lapic_take_fixed(lapic, vector, false) ? 0 : -EAGAIN;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_inject);
