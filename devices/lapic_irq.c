// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC, interrupts: how a vector comes in (messages: lapic_ipi.c; the LVT), which
 * one the CPU gets, and how it ends. See lapic.h for the locks and the sections of the manual.
 *
 * A vector waits in IRR, moves to ISR when the CPU takes it, and leaves ISR at EOI. The
 * CPU gets the highest one of IRR if its class (bits 7:4) is above that of PPR, which is
 * the higher of the task priority and of the highest one in ISR. lapic_update() works
 * that out at each change, so that the question before each entry of the guest, "is
 * there anything?", costs a load.
 *
 * The 8259A pair's output goes to LINT0 of vCPU 0 alone. The CPU asks the pair for the
 * vector itself (ExtINT), so nothing of it waits here.
 */
#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <asm/apicdef.h>

#include "lapic.h"

#define PRIORITY_CLASS	0xf0

/* --- the vectors of one APIC ---------------------------------------------- */

/* The highest vector of IRR, ISR or TMR; 0: none, as mostly. Two registers at a time. */
static __always_inline u32 lapic_highest(const struct axvm_lapic *lapic, unsigned int bank)
{
	const u64 *pair = (const u64 *)&lapic->state.reg[LAPIC_INDEX(bank)];
	int i;

	if (unlikely(lapic->page) && lapic->vid && bank != APIC_TMR)
		return lapic_page_highest(lapic, bank);
	if (!(pair[0] | pair[1] | pair[2] | pair[3]))
		return 0;
	for (i = 3; i >= 0; i--)
		if (pair[i])
			return i * 64 + __fls(pair[i]);
	return 0;
}

static __always_inline unsigned int vector_word(unsigned int bank, u8 vector)
{
	return bank + vector / 32 * 0x10;
}

static void lapic_set_vector(struct axvm_lapic *lapic, unsigned int bank, u8 vector)
{
	unsigned int word = vector_word(bank, vector);

	lapic_set(lapic, word, lapic_get(lapic, word) | BIT(vector % 32));
}

static void lapic_clear_vector(struct axvm_lapic *lapic, unsigned int bank, u8 vector)
{
	unsigned int word = vector_word(bank, vector);

	lapic_set(lapic, word, lapic_get(lapic, word) & ~BIT(vector % 32));
}

static bool lapic_has_vector(const struct axvm_lapic *lapic, unsigned int bank, u8 vector)
{
	return lapic_get(lapic, vector_word(bank, vector)) & BIT(vector % 32);
}

/*
 * With hardware help: the TPR below which the guest must exit, as something waits that TPR
 * alone keeps back; or that the hardware's idea of IRR and ISR is out of date.
 */
static noinline void update_page(struct axvm_lapic *lapic, u32 irrv, u32 isrv, u32 ppr)
{
	u8 threshold = 0;

	if (lapic->vid) {
		WRITE_ONCE(lapic->sync, true);
		axvm_vcpu_look(lapic->vcpu);
		return;
	}
	irrv &= PRIORITY_CLASS;
	if (irrv > isrv && irrv <= (ppr & PRIORITY_CLASS))
		threshold = irrv >> 4;
	if (threshold == lapic->threshold)
		return;
	WRITE_ONCE(lapic->threshold, threshold);
	axvm_vcpu_look(lapic->vcpu);
}

/**
 * lapic_update() - after a change of TPR, IRR or ISR: PPR, and what the CPU would take
 * @lapic: the APIC
 *
 * 10.8.3.1.
 *
 * Context: any, lapic->lock held.
 */
void lapic_update(struct axvm_lapic *lapic)
{
	u32 tpr = lapic_get(lapic, APIC_TASKPRI);
	u32 isrv = lapic_highest(lapic, APIC_ISR) & PRIORITY_CLASS;
	u32 irrv = lapic_highest(lapic, APIC_IRR);
	u32 ppr = isrv > (tpr & PRIORITY_CLASS) ? isrv : tpr;

	lapic_set(lapic, APIC_PROCPRI, ppr);
	if (unlikely(lapic->page))
		update_page(lapic, irrv, isrv, ppr);
	if ((irrv & PRIORITY_CLASS) <= (ppr & PRIORITY_CLASS))
		irrv = 0;
	WRITE_ONCE(lapic->deliverable, irrv);
	if (irrv)
		axvm_vcpu_look(lapic->vcpu);
}

/*
 * 10.8.4: into IRR. The vCPU is kicked only for a vector that it would take before
 * what it has been kicked for already: the others follow with an EOI or a write of TPR,
 * which are exits. Where the guest may lower TPR without one, only ISR counts.
 */
static void lapic_raise_vector(struct axvm_lapic *lapic, u8 vector, bool level)
{
	u32 ppr = lapic->page ? lapic_highest(lapic, APIC_ISR) : lapic_get(lapic, APIC_PROCPRI);

	if (level)
		lapic_set_vector(lapic, APIC_TMR, vector);
	else
		lapic_clear_vector(lapic, APIC_TMR, vector);
	if (lapic->vid) {
		lapic_page_post(lapic, vector, level);
		return;
	}
	lapic_set_vector(lapic, APIC_IRR, vector);

	if ((vector & PRIORITY_CLASS) > (ppr & PRIORITY_CLASS) && vector >= lapic->deliverable) {
		WRITE_ONCE(lapic->deliverable, vector);
		lapic->kick = true;
	}
}

/**
 * lapic_accept() - a fixed interrupt arrives
 * @lapic: the APIC
 * @vector: its vector
 * @level: level triggered
 *
 * Context: any, lapic->lock held.
 * Return: false: refused (10.4.7.2, 10.5.2).
 */
bool lapic_accept(struct axvm_lapic *lapic, u8 vector, bool level)
{
	if (!lapic_software_enabled(lapic))
		return false;
	if (vector < LAPIC_FIRST_VECTOR) {
		lapic_error(lapic, APIC_ESR_RECVILL);
		return false;
	}
	lapic_raise_vector(lapic, vector, level);
	return true;
}

/**
 * lapic_error() - the APIC detects an error
 * @lapic: the APIC
 * @error: APIC_ESR_*
 *
 * 10.5.3. An error that waits to be shown in ESR raises no second interrupt, also when
 * it is the error interrupt whose vector is illegal.
 *
 * Context: any, lapic->lock held.
 */
void lapic_error(struct axvm_lapic *lapic, u32 error)
{
	u32 lvt = lapic_get(lapic, APIC_LVTERR);
	u8 vector = lvt & APIC_VECTOR_MASK;

	if (lapic->state.errors & error)
		return;
	lapic->state.errors |= error;
	if (lvt & APIC_LVT_MASKED)
		return;
	if (vector < LAPIC_FIRST_VECTOR)
		lapic->state.errors |= APIC_ESR_RECVILL;
	else
		lapic_raise_vector(lapic, vector, false);
}

/**
 * lapic_nmi() - an NMI arrives; who calls kicks the vCPU
 * @vcpu: the vCPU
 *
 * Context: any.
 */
void lapic_nmi(struct axvm_vcpu *vcpu)
{
	/* One that the CPU handles, one that waits; more are the same one (SDM 6.7.1). */
	atomic_fetch_add_unless(&vcpu->arch.nmi_pending, 1, 2);
}

/**
 * lapic_local_interrupt() - a source in the local vector table fires
 * @lapic: the APIC
 * @lvt: offset of its entry
 *
 * 10.5.1. Sources without a delivery mode have zeros there, which is fixed. SMI and INIT
 * are ignored; ExtINT is no event (see axvm_x86_irq_pending()).
 *
 * Context: any, lapic->lock held.
 */
void lapic_local_interrupt(struct axvm_lapic *lapic, unsigned int lvt)
{
	u32 entry = lapic_get(lapic, lvt);

	if (entry & APIC_LVT_MASKED)
		return;
	switch (entry & APIC_MODE_MASK) {
	case APIC_DM_FIXED:
		lapic_accept(lapic, entry & APIC_VECTOR_MASK, false);
		break;
	case APIC_DM_NMI:
		lapic_nmi(lapic->vcpu);
		lapic->kick = true;
		break;
	}
}

/**
 * lapic_unlock() - leave lapic->lock, and make the vCPU look if there is something new
 * @lapic: the APIC
 * @flags: of raw_spin_lock_irqsave()
 */
void lapic_unlock(struct axvm_lapic *lapic, unsigned long flags)
	__releases(&lapic->lock)
{
	bool kick = lapic->kick, notify = lapic->notify;

	lapic->kick = false;
	lapic->notify = false;
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
	if (kick)
		axvm_vcpu_kick(lapic->vcpu);
	else if (notify)
		lapic->vcpu->arch.apic_notify(lapic->vcpu);
}

/**
 * lapic_eoi() - the guest ends the interrupt it handles
 * @lapic: the APIC
 *
 * 10.8.5. The IOAPIC hears of a level-triggered one, and may send it again at once.
 *
 * Context: any, no lock of an irqchip or an APIC held.
 */
void lapic_eoi(struct axvm_lapic *lapic)
{
	bool level = false;
	unsigned long flags;
	u32 vector;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	vector = lapic_highest(lapic, APIC_ISR);
	if (vector) {
		lapic_clear_vector(lapic, APIC_ISR, vector);
		lapic_update(lapic);
		level = lapic_has_vector(lapic, APIC_TMR, vector);
	}
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
	if (level)
		axvm_irq_eoi(lapic->vcpu, vector);
}

/* --- what the CPU sees ---------------------------------------------------- */

static bool extint_reaches(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	return lapic ? READ_ONCE(lapic->extint) : vcpu->id == 0;
}

/*
 * The operations of the pair, or NULL. In an RCU read section: the pair waits for those
 * after it has cleared the pointer. Acquire: vm->arch.pic is set before it.
 */
static const struct axvm_extint_ops *extint_ops(struct axvm_vm *vm)
{
	return smp_load_acquire(&vm->arch.extint);	/* see above */
}

/**
 * axvm_x86_extint_pending() - would the CPU take an interrupt of the 8259A pair now?
 * @vcpu: the vCPU
 *
 * Context: any, no lock of an irqchip held.
 * Return: true if axvm_x86_extint_ack() would give a vector.
 */
bool axvm_x86_extint_pending(struct axvm_vcpu *vcpu)
{
	const struct axvm_extint_ops *ops;
	bool pending;

	if (!extint_reaches(vcpu))
		return false;
	rcu_read_lock();
	ops = extint_ops(vcpu->vm);
	pending = ops && ops->pending(vcpu->vm->arch.pic);
	rcu_read_unlock();
	return pending;
}

/**
 * axvm_x86_extint_ack() - the CPU takes it
 * @vcpu: the vCPU
 *
 * Context: any, no lock of an irqchip held.
 * Return: the vector; -1: there is none (any more).
 */
int axvm_x86_extint_ack(struct axvm_vcpu *vcpu)
{
	const struct axvm_extint_ops *ops;
	int vector = -1;

	if (!extint_reaches(vcpu))
		return -1;
	rcu_read_lock();
	ops = extint_ops(vcpu->vm);
	if (ops && ops->pending(vcpu->vm->arch.pic))
		vector = ops->ack(vcpu->vm->arch.pic);
	rcu_read_unlock();
	return vector;
}

/* The vector that the CPU would take now, or 0; with a page, TPR may have changed. */
static u32 next_vector(struct axvm_lapic *lapic)
{
	if (lapic->page) {
		lapic_page_merge(lapic);
		lapic_update(lapic);
	}
	return lapic->deliverable;
}

static bool lapic_pending(struct axvm_lapic *lapic)
{
	unsigned long flags;
	bool pending;

	if (lapic->vid)
		return lapic_page_pending(lapic);
	if (likely(!lapic->page || !READ_ONCE(lapic->deliverable)))
		return READ_ONCE(lapic->deliverable);
	raw_spin_lock_irqsave(&lapic->lock, flags);
	pending = next_vector(lapic);
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
	return pending;
}

/**
 * axvm_x86_irq_pending() - would the CPU take a maskable interrupt now?
 * @vcpu: the vCPU
 *
 * From the local APIC, or from the 8259A pair if its output reaches this CPU: through
 * LINT0 of vCPU 0 programmed as ExtINT, or past a local APIC that is switched off.
 *
 * Context: any, no lock of an irqchip held; with a virtual-APIC page, the vCPU's own thread.
 * Return: true if axvm_x86_irq_ack() would give a vector.
 */
bool axvm_x86_irq_pending(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	if (lapic && lapic_pending(lapic))
		return true;
	return axvm_x86_extint_pending(vcpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_x86_irq_pending);

/**
 * axvm_x86_irq_ack() - the CPU takes an interrupt
 * @vcpu: the vCPU
 *
 * Context: any, no lock of an irqchip held.
 * Return: the vector, now in service; -1: there is none (any more).
 */
int axvm_x86_irq_ack(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	unsigned long flags;
	u32 vector;

	if (!lapic || !lapic_pending(lapic))
		return axvm_x86_extint_ack(vcpu);

	raw_spin_lock_irqsave(&lapic->lock, flags);
	vector = next_vector(lapic);
	if (vector) {
		lapic_clear_vector(lapic, APIC_IRR, vector);
		lapic_set_vector(lapic, APIC_ISR, vector);
		lapic_update(lapic);
	}
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
	return vector ? vector : -1;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_x86_irq_ack);

/**
 * axvm_x86_extint_changed() - the output of the 8259A pair went up or down
 * @vm: the VM
 *
 * LINT0 programmed as fixed interrupt or NMI takes the rising edge.
 *
 * Context: any; called by the pair itself, whose lock may be held: its pending() takes none.
 */
void axvm_x86_extint_changed(struct axvm_vm *vm)
{
	const struct axvm_extint_ops *ops = extint_ops(vm);
	struct axvm_vcpu *vcpu = READ_ONCE(vm->vcpus[0]);
	struct axvm_lapic *lapic;
	unsigned long flags;

	if (!vcpu || !ops || !ops->pending(vm->arch.pic))
		return;
	if (extint_reaches(vcpu)) {
		axvm_vcpu_kick(vcpu);
		return;
	}
	lapic = READ_ONCE(vcpu->arch.lapic);
	if (!lapic || lapic_get(lapic, APIC_LVT0) & APIC_LVT_MASKED)
		return;
	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_local_interrupt(lapic, APIC_LVT0);
	lapic_unlock(lapic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_x86_extint_changed);
