// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC with hardware help: a virtual-APIC page (SDM Vol. 3C 30.1), a register
 * every 16 bytes, which the guest reads, and in part writes, without an exit.
 *
 * struct axvm_lapic_state stays what is saved and restored, and is the truth for all
 * registers but those that the guest changes in the page behind our back:
 *
 *	with a page alone (TPR shadow)		TPR
 *	with virtual-interrupt delivery	TPR, PPR, IRR, ISR, ICR
 *
 * lapic_get() knows which; lapic_set() writes both. So a register that the guest wrote
 * into the page and that its exit has not answered yet is not believed by anyone.
 *
 * With virtual-interrupt delivery the page's IRR and ISR belong to the CPU while the guest
 * runs. A vector that comes is written down in lapic->posted, and moved into IRR by
 * lapic_page_sync(), between two entries, by the vCPU's own thread.
 *
 * With posted interrupts, too, edges go into the backend's descriptor (lapic->pir) instead. The
 * CPU moves them into IRR itself when it is notified in the guest, and lapic_page_sync() those
 * whose notification came elsewhere. Levels stay in lapic->posted: the CPU must be told first
 * that their EOI is to exit.
 *
 * Page and descriptor are the backend's; they live longer than the APIC.
 *
 * Locks: lapic->lock for lapic->posted and, but for the CPU, which is atomic, for lapic->pir;
 * the page's IRR and ISR are changed by the vCPU's own thread outside the guest, or while
 * it does not run.
 */
#include <asm/apicdef.h>

#include "lapic.h"

#define NR_VECTOR_WORDS	8	/* of 32 bits */

static u32 *page_word(const struct axvm_lapic *lapic, unsigned int bank, unsigned int word)
{
	return &lapic->page[bank / 4 + word * 4];
}

/**
 * lapic_page_attach() - the registers are in a page from now on, if the backend has one
 * @lapic: a new APIC, not reset yet
 */
void lapic_page_attach(struct axvm_lapic *lapic)
{
	lapic->page = lapic->vcpu->arch.apic_page;
	lapic->vid = lapic->page && lapic->vcpu->arch.apic_vid;
	lapic->pir = lapic->vid ? lapic->vcpu->arch.apic_posted : NULL;
}

/**
 * lapic_page_clear() - all registers are 0, no vector waits
 * @lapic: the APIC; so is its state
 */
void lapic_page_clear(struct axvm_lapic *lapic)
{
	if (!lapic->page)
		return;
	memset(lapic->page, 0, PAGE_SIZE);
	memset(lapic->posted, 0, sizeof(lapic->posted));
	if (lapic->pir)
		memset(lapic->pir, 0, sizeof(*lapic->pir));
	WRITE_ONCE(lapic->sync, lapic->vid);
}

/**
 * lapic_page_load() - take the state over
 * @lapic: the APIC, whose state was just loaded
 */
void lapic_page_load(struct axvm_lapic *lapic)
{
	unsigned int i;

	if (!lapic->page)
		return;
	lapic_page_clear(lapic);
	for (i = 0; i < LAPIC_NR_REGS; i++)
		lapic_set(lapic, i << 4, lapic->state.reg[i]);
}

/* Vectors 64 * @i to 64 * @i + 63 that came and are not in IRR yet */
static u64 posted(const struct axvm_lapic *lapic, unsigned int i)
{
	return lapic->posted[i] | (lapic->pir ? READ_ONCE(lapic->pir->vectors[i]) : 0);
}

/**
 * lapic_page_save() - complete a copy of the state with what is in the page
 * @lapic: the APIC
 * @state: a copy of lapic->state
 */
void lapic_page_save(struct axvm_lapic *lapic, struct axvm_lapic_state *state)
{
	unsigned int i;

	if (!lapic->page)
		return;
	lapic_update(lapic);	/* PPR follows TPR */
	for (i = 0; i < LAPIC_NR_REGS; i++)
		state->reg[i] = lapic_get(lapic, i << 4);
	for (i = 0; i < NR_VECTOR_WORDS; i++)
		state->reg[LAPIC_INDEX(APIC_IRR) + i] |= posted(lapic, i / 2) >> 32 * (i % 2);
}

/**
 * lapic_page_post() - a vector comes; virtual-interrupt delivery
 * @lapic: the APIC
 * @vector: 16 to 255
 * @level: level triggered
 *
 * The guest may be running: whether it takes the vector, only the CPU can say. So the CPU is
 * notified of each one that does not wait already, or the vCPU made to look at it.
 */
void lapic_page_post(struct axvm_lapic *lapic, u8 vector, bool level)
{
	u64 *word = &lapic->posted[vector / 64];

	if (lapic->pir && !level) {
		if (test_and_set_bit(vector, lapic->pir->vectors))
			return;
		set_bit(X86_POSTED_ON, &lapic->pir->control);
		lapic->notify = true;
		return;
	}
	if (*word & BIT_ULL(vector % 64))
		return;
	*word |= BIT_ULL(vector % 64);
	WRITE_ONCE(lapic->sync, true);
	lapic->kick = true;
}

/**
 * lapic_page_merge() - move what was posted into IRR
 * @lapic: the APIC; the guest does not run
 */
void lapic_page_merge(struct axvm_lapic *lapic)
{
	unsigned int i;
	u64 vectors;

	if (!lapic->vid)
		return;
	if (lapic->pir)
		clear_bit(X86_POSTED_ON, &lapic->pir->control);
	for (i = 0; i < 4; i++) {
		vectors = lapic->posted[i];
		lapic->posted[i] = 0;
		if (lapic->pir && lapic->pir->vectors[i])
			vectors |= xchg(&lapic->pir->vectors[i], 0);
		*page_word(lapic, APIC_IRR, 2 * i) |= vectors;
		*page_word(lapic, APIC_IRR, 2 * i + 1) |= vectors >> 32;
	}
}

/**
 * lapic_page_highest() - the highest vector of a bank
 * @lapic: the APIC
 * @bank: APIC_IRR or APIC_ISR
 *
 * Return: the vector; 0: none.
 */
u32 lapic_page_highest(const struct axvm_lapic *lapic, unsigned int bank)
{
	int i;

	for (i = NR_VECTOR_WORDS - 1; i >= 0; i--) {
		u32 word = READ_ONCE(*page_word(lapic, bank, i));

		if (word)
			return i * 32 + __fls(word);
	}
	return 0;
}

static u32 highest_posted(const struct axvm_lapic *lapic)
{
	int i;

	for (i = 3; i >= 0; i--)
		if (posted(lapic, i))
			return i * 64 + __fls(posted(lapic, i));
	return 0;
}

/**
 * lapic_page_pending() - would the guest take an interrupt now? Virtual-interrupt delivery
 * @lapic: the APIC; its vCPU's own thread, outside the guest
 *
 * Changes nothing.
 *
 * Context: any, lapic->lock not held.
 * Return: true if so.
 */
bool lapic_page_pending(struct axvm_lapic *lapic)
{
	unsigned long flags;
	u32 irrv, isrv, tpr;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	irrv = max(lapic_page_highest(lapic, APIC_IRR), highest_posted(lapic));
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
	isrv = lapic_page_highest(lapic, APIC_ISR);
	tpr = lapic_get(lapic, APIC_TASKPRI);
	return irrv >> 4 > max(isrv, tpr) >> 4;
}

/**
 * lapic_page_sync() - before an entry: what came is in the page. Virtual-interrupt delivery
 * @lapic: the APIC; its vCPU's own thread
 * @level: filled in: the vectors whose EOI others want to hear of (TMR)
 *
 * Context: interrupts off, lapic->lock not held.
 * Return: guest interrupt status (SDM Vol. 3C 25.4.2): RVI in bits 7:0, SVI in bits 15:8.
 */
u16 lapic_page_sync(struct axvm_lapic *lapic, u64 level[4])
{
	u16 status;

	raw_spin_lock(&lapic->lock);
	lapic_page_merge(lapic);
	WRITE_ONCE(lapic->sync, false);
	WRITE_ONCE(lapic->deliverable, 0);
	memcpy(level, &lapic->state.reg[LAPIC_INDEX(APIC_TMR)], 4 * sizeof(*level));
	raw_spin_unlock(&lapic->lock);
	status = lapic_page_highest(lapic, APIC_IRR);
	return status | lapic_page_highest(lapic, APIC_ISR) << 8;
}

/**
 * lapic_page_refresh() - IRR, PPR and what is deliverable are as the guest may expect them now
 * @lapic: the APIC; its vCPU's own thread, outside the guest
 *
 * The guest may have written TPR in the page, and a vector may have been posted.
 *
 * Context: any, lapic->lock not held.
 */
void lapic_page_refresh(struct axvm_lapic *lapic)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_page_merge(lapic);
	lapic_update(lapic);
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
}

/**
 * lapic_page_restore() - after the guest wrote a register: the page shows what became of it
 * @lapic: the APIC; its vCPU's own thread
 * @offset: the register
 *
 * What was ignored of the value, reserved bits or all of it, is not to be read back.
 */
void lapic_page_restore(struct axvm_lapic *lapic, unsigned int offset)
{
	if (!lapic_lives_in_page(lapic, offset))
		WRITE_ONCE(lapic->page[offset / 4], lapic->state.reg[LAPIC_INDEX(offset)]);
}
