// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, list registers: what goes into them before an entry, and comes out of them after
 * an exit. Works on struct arm64_gic_cpu alone; gic_cpu.c and the world switch bring
 * @hw to the CPU and back. Section numbers are those of ARM IHI 0069.
 *
 * Into the list registers go the active interrupts, since the guest ends what is found
 * there, and the pending ones, the most urgent first; one register at least is for what
 * is pending. With more than fit:
 *
 *	pending	an underflow or "no pending" maintenance interrupt ends the guest when
 *		the listed ones have been taken (5.4.4)
 *	active	an EOI that finds no list register counts in EOIcount and ends the guest: it was
 *		that of the most urgent one, as the guest ends them in that order
 *		(4.1.1). Deactivation by ICC_DIR_EL1 traps meanwhile, where it can.
 *
 * A level that is up asks for a maintenance interrupt at its EOI: is it still up, it is
 * pending again. An interrupt of the host's that is handed through (the virtual timer, and
 * SPIs with a link: devices/gicv3_link.c) needs none: its deactivation is that of the host's
 * (5.2.3), whose interrupt then comes and ends the guest, if it is to come again.
 *
 * Locks: gic->lock is held by the callers.
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>

#include "../devices/gicv3.h"

#define GROUPS_ALL	(GICV3_CTLR_GRP0 | GICV3_CTLR_GRP1)

/* Of equal priorities, the lower INTID is the more urgent one. */
static u32 urgency(u32 intid, u8 priority)
{
	return priority << 16 | intid;
}

static u32 intid_of(u32 urgency)
{
	return urgency & 0xffff;
}

static u8 priority_of(u32 urgency)
{
	return urgency >> 16;
}

static struct gicv3_choice *choose_from(struct gicv3_choice *choice, unsigned int room)
{
	choice->room = room;
	choice->nr = 0;
	choice->more = false;
	return choice;
}

static void choose(struct gicv3_choice *choice, u32 what)
{
	unsigned int i;

	if (choice->nr == choice->room) {
		choice->more = true;
		if (!choice->nr || what >= choice->urgency[choice->nr - 1])
			return;
		choice->nr--;
	}
	for (i = choice->nr++; i && choice->urgency[i - 1] > what; i--)
		choice->urgency[i] = choice->urgency[i - 1];
	choice->urgency[i] = what;
}

/* Which of them are this vCPU's? */
static u32 own(const struct arm64_gic_cpu *cpu, unsigned int n, u32 mask)
{
	unsigned long left = mask;
	unsigned int bit;

	if (!n)
		return mask;
	while (gicv3_next_bit(&left, &bit))
		if (gicv3_whose(cpu->gic, n * GICV3_BANK_BITS + bit) != cpu->vcpu->id)
			mask &= ~BIT(bit);
	return mask;
}

static void choose_all(struct gicv3_choice *choice, const struct gicv3_bank *bank,
		       unsigned int n, u32 mask)
{
	unsigned long left = mask;
	unsigned int bit;

	while (gicv3_next_bit(&left, &bit))
		choose(choice, urgency(n * GICV3_BANK_BITS + bit, bank->priority[bit]));
}

/*
 * Look through the banks for what is active, and for what is pending and not active and of
 * these groups. A bank that has nothing for this vCPU is not looked at again before
 * gicv3_update() says so; one whose interrupts are only disabled is, by that, too.
 */
static void survey(struct arm64_gic_cpu *cpu, u32 groups, struct gicv3_choice *actives,
		   struct gicv3_choice *pendings)
{
	struct arm64_gic *gic = cpu->gic;
	unsigned long banks = cpu->banks | BIT(0);
	struct gicv3_bank *bank;
	u32 active, pending;
	unsigned int n;

	groups &= gic->state.ctlr;
	while (gicv3_next_bit(&banks, &n)) {
		bank = gicv3_bank(gic, cpu, n);
		active = own(cpu, n, bank->active);
		pending = own(cpu, n, gicv3_pending(bank) & bank->enabled & ~bank->active);
		if (!(active | pending))
			cpu->banks &= ~BIT(n);
		if (active)
			choose_all(actives, bank, n, active);
		pending &= gicv3_forwarded(bank, groups);
		if (pending)
			choose_all(pendings, bank, n, pending);
	}
}

/* --- into list registers -------------------------------------------------- */

/* Is this instance the host's interrupt? If it is pending, it is if the wire is up. */
static bool is_host_instance(struct arm64_gic_cpu *cpu, const struct gicv3_bank *bank, u32 intid,
			     bool active)
{
	if (!intid || intid != cpu->mapped)
		return false;
	if (!active)
		cpu->mapped_live = bank->level & BIT(intid);
	return cpu->mapped_live;
}

/* Once it is not active any more, a pending SPI is signalled where it is routed to now: 4.2.3 */
static bool stays_here(const struct arm64_gic_cpu *cpu, unsigned int n, u32 intid)
{
	return !n || cpu->gic->target[intid] == cpu->vcpu->id;
}

/*
 * Is the end of this instance all the host's to hear? Not while somebody else holds the line,
 * who waits for it, nor of one that is pending already for another time (12.4.6).
 */
static bool ends_unheard(const struct arm64_gic_cpu *cpu, const struct gicv3_bank *bank,
			 unsigned int n, u32 bit, bool active)
{
	return cpu->gic->linked[n] & bit && !(bank->level & ~bank->edge & bit) &&
	       !(active && bank->latch & bit);
}

/* The host's INTID that the guest's deactivation is to deactivate, or 0 */
static u32 handed_through(struct arm64_gic_cpu *cpu, const struct gicv3_bank *bank, u32 intid,
			  bool active)
{
	unsigned int n = intid / GICV3_BANK_BITS;

	if (is_host_instance(cpu, bank, intid, active))
		return cpu->host_intid;
	if (unlikely(ends_unheard(cpu, bank, n, BIT(intid % GICV3_BANK_BITS), active)))
		return gicv3_host_intid(cpu->gic, intid);
	return 0;
}

/*
 * An active one is pending too if it was latched again; but not the host's: 12.4.6. Neither is
 * one that is another's next time, whose end we want to hear of, as that of one with a link.
 */
static void list(struct arm64_gic_cpu *cpu, u32 intid, bool active)
{
	unsigned int n = intid / GICV3_BANK_BITS;
	struct gicv3_bank *bank = gicv3_bank(cpu->gic, cpu, n);
	u32 bit = BIT(intid % GICV3_BANK_BITS);
	u32 host_intid = handed_through(cpu, bank, intid, active);
	unsigned int i = cpu->hw.used++;
	u64 lr = intid;

	lr |= FIELD_PREP(ARM64_LR_PRIORITY, bank->priority[intid % GICV3_BANK_BITS]);
	lr |= bank->group & bit ? ARM64_LR_GROUP1 : 0;
	lr |= active ? ARM64_LR_ACTIVE : ARM64_LR_PENDING;
	if (host_intid) {
		lr |= ARM64_LR_HW | FIELD_PREP(ARM64_LR_HOST_INTID, host_intid);
	} else {
		if (bank->latch & bit && (!active || bank->enabled & bit) &&
		    stays_here(cpu, n, intid))
			lr |= ARM64_LR_PENDING;
		if (((bank->level & ~bank->edge) | cpu->gic->linked[n]) & bit ||
		    (active && !stays_here(cpu, n, intid)))
			lr |= ARM64_LR_EOI;
	}
	if (lr & ARM64_LR_PENDING && bank->latch & bit) {
		bank->latch &= ~bit;
		cpu->latched |= BIT(i);
	}
	bank->active &= ~bit;
	bank->listed |= bit;
	if (n)
		cpu->gic->state.owner[intid] = cpu->vcpu->id;
	cpu->hw.lr[i] = lr;
}

static u64 interface_control(const struct arm64_gic_cpu *cpu, bool pending_left,
			     bool active_left)
{
	u64 hcr = ARM64_ICH_EN;

	/* With one register in use, underflow would be there from the beginning. */
	if (pending_left)
		hcr |= ARM64_ICH_NPIE | (cpu->hw.used > 1 ? ARM64_ICH_UIE : 0);
	if (active_left)
		hcr |= ARM64_ICH_LRENPIE | (cpu->traps_dir ? ARM64_ICH_TDIR : 0);
	return hcr;
}

/* As list() with a pending SGI or PPI that is not the host's; nothing else is listed. */
static void list_one(struct arm64_gic_cpu *cpu, u32 intid)
{
	struct gicv3_bank *bank = &cpu->state.bank;
	u64 lr = intid | ARM64_LR_PENDING;
	u32 bit = BIT(intid);

	lr |= FIELD_PREP(ARM64_LR_PRIORITY, bank->priority[intid]);
	lr |= bank->group & bit ? ARM64_LR_GROUP1 : 0;
	lr |= bank->level & ~bank->edge & bit ? ARM64_LR_EOI : 0;
	cpu->latched = !!(bank->latch & bit);
	bank->latch &= ~bit;
	bank->listed |= bit;
	cpu->hw.lr[0] = lr;
	cpu->hw.used = 1;
}

/* The usual case: one interrupt of the vCPU's own at most, and nothing active. False: it is not */
static __always_inline bool fill_one(struct arm64_gic_cpu *cpu)
{
	const struct gicv3_bank *bank = &cpu->state.bank;
	u32 pending;

	if (cpu->banks | bank->active)
		return false;
	pending = gicv3_pending(bank) & bank->enabled &
		  gicv3_forwarded(bank, GROUPS_ALL & cpu->gic->state.ctlr);
	if (pending & (pending - 1) || (pending && pending == BIT(cpu->mapped)))
		return false;
	cpu->hw.used = 0;
	cpu->hw.hcr = ARM64_ICH_EN;
	if (pending)
		list_one(cpu, __ffs(pending));
	return true;
}

static noinline void fill_all(struct arm64_gic_cpu *cpu)
{
	struct gicv3_choice *actives, *pendings;
	unsigned int i, nr_active, nr_pending;

	actives = choose_from(&cpu->actives, cpu->nr_lrs);
	pendings = choose_from(&cpu->pendings, cpu->nr_lrs);
	survey(cpu, GROUPS_ALL, actives, pendings);
	nr_active = min(actives->nr, cpu->nr_lrs - !!pendings->nr);
	nr_pending = min(pendings->nr, cpu->nr_lrs - nr_active);

	cpu->hw.used = 0;
	for (i = 0; i < nr_active; i++)
		list(cpu, intid_of(actives->urgency[i]), true);
	for (i = 0; i < nr_pending; i++)
		list(cpu, intid_of(pendings->urgency[i]), false);
	cpu->hw.hcr = interface_control(cpu, pendings->more || nr_pending < pendings->nr,
					actives->more || nr_active < actives->nr);
}

/**
 * gicv3_fill() - put into list registers what the guest is to see
 * @cpu: a vCPU about to enter; nothing of it is listed
 *
 * Context: gic->lock held.
 */
void gicv3_fill(struct arm64_gic_cpu *cpu)
{
	WRITE_ONCE(cpu->dirty, false);
	if (unlikely(!fill_one(cpu)))
		fill_all(cpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_fill);

/* --- out of list registers ------------------------------------------------ */

static void unlist(struct arm64_gic_cpu *cpu, unsigned int i)
{
	u64 lr = cpu->hw.lr[i];
	u32 intid = FIELD_GET(ARM64_LR_INTID, lr);
	unsigned int n = intid / GICV3_BANK_BITS;
	struct gicv3_bank *bank = gicv3_bank(cpu->gic, cpu, n);
	bool over = !(lr & (ARM64_LR_PENDING | ARM64_LR_ACTIVE));
	u32 bit = BIT(intid % GICV3_BANK_BITS);

	bank->listed &= ~bit;
	if (lr & ARM64_LR_PENDING && cpu->latched & ~cpu->drop_pending & BIT(i))
		bank->latch |= bit;
	if (lr & ARM64_LR_ACTIVE && !(cpu->drop_active & BIT(i)))
		bank->active |= bit;
	/* If the CPU has ended it at the host too, nobody waits for the end. */
	if (over && !(lr & ARM64_LR_HW))
		gicv3_note_end(cpu, intid);
	if (!over || !(lr & ARM64_LR_HW) || (cpu->drop_pending | cpu->drop_active) & BIT(i))
		gicv3_gone(cpu->gic, n, bit);
	/* What others were told of it while it was listed may be theirs now. */
	if (n)
		gicv3_update(cpu->gic, cpu, n, bit);
}

/*
 * EOIs of active interrupts that were in no list register: the most urgent ones. If all were
 * listed, the guest ended what was not active. With EOImode = 1 they deactivate nothing, and
 * should not count (12.4.5; QEMU's do), and ICC_DIR_EL1 traps.
 */
static void end_unlisted(struct arm64_gic_cpu *cpu)
{
	unsigned int count = FIELD_GET(ARM64_ICH_EOICOUNT, cpu->hw.hcr);

	if (!(cpu->hw.hcr & ARM64_ICH_LRENPIE) ||
	    (cpu->hw.vmcr & ARM64_VMCR_VEOIM && cpu->traps_dir))
		return;
	while (count--) {
		struct gicv3_choice *actives = choose_from(&cpu->actives, 1);
		unsigned int n;
		u32 bit;

		survey(cpu, 0, actives, choose_from(&cpu->pendings, 0));
		if (!actives->nr)
			return;
		n = intid_of(actives->urgency[0]) / GICV3_BANK_BITS;
		bit = BIT(intid_of(actives->urgency[0]) % GICV3_BANK_BITS);
		gicv3_bank(cpu->gic, cpu, n)->active &= ~bit;
		gicv3_note_end(cpu, intid_of(actives->urgency[0]));
		gicv3_gone(cpu->gic, n, bit);
		gicv3_update(cpu->gic, cpu, n, bit);
	}
}

static noinline void unlist_all(struct arm64_gic_cpu *cpu)
{
	unsigned int i;

	end_unlisted(cpu);
	for (i = 0; i < cpu->hw.used; i++)
		unlist(cpu, i);
}

/**
 * gicv3_fold() - take back what is in list registers
 * @cpu: a vCPU that has left the guest, @cpu->hw as the CPU left it; @hw.vmcr only matters if
 *       there were EOIs of what was not listed
 *
 * Afterwards nothing of it is listed, and it is dirty. The vCPU's thread calls
 * gicv3_tell_ended() when it has given up the lock.
 *
 * Context: gic->lock held.
 */
void gicv3_fold(struct arm64_gic_cpu *cpu)
{
	u32 intid = cpu->hw.lr[0];

	/* The usual case: the one SGI or PPI that was listed, and the guest is done with it */
	if (likely(cpu->hw.used == 1 && intid < GICV3_NR_PRIVATE && cpu->hw.hcr == ARM64_ICH_EN &&
		   !(cpu->hw.lr[0] & (ARM64_LR_PENDING | ARM64_LR_ACTIVE))))
		cpu->state.bank.listed &= ~BIT(intid);
	else
		unlist_all(cpu);
	cpu->hw.used = 0;
	cpu->hw.hcr = ARM64_ICH_EN;
	cpu->latched = 0;
	cpu->drop_pending = 0;
	cpu->drop_active = 0;
	WRITE_ONCE(cpu->dirty, true);
	WRITE_ONCE(cpu->folds, cpu->folds + 1);
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_fold);

/**
 * gicv3_host_active() - will the guest deactivate the host's interrupt?
 * @cpu: a vCPU out of the guest
 *
 * True while it has acknowledged the interrupt @cpu->mapped, as one of the host's, and has
 * not ended it.
 *
 * Context: the vCPU's own thread.
 * Return: see above.
 */
bool gicv3_host_active(const struct arm64_gic_cpu *cpu)
{
	unsigned int i;

	if (!cpu->mapped || !cpu->mapped_live)
		return false;
	for (i = 0; i < cpu->hw.used; i++)
		if (FIELD_GET(ARM64_LR_INTID, cpu->hw.lr[i]) == cpu->mapped)
			return cpu->hw.lr[i] & ARM64_LR_ACTIVE;
	return READ_ONCE(cpu->state.bank.active) & BIT(cpu->mapped);
}

/* --- would an interrupt be signalled? ------------------------------------- */

/*
 * The priority of what is being handled: the lowest active-priority bit, whose place is
 * its group priority: 4.8.2, 12.4.3. 256: nothing is.
 */
static unsigned int running_priority(const struct arm64_gic_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpu->hw.ap1r); i++)
		if (cpu->hw.ap0r[i] | cpu->hw.ap1r[i])
			return (i * 32 + __ffs(cpu->hw.ap0r[i] | cpu->hw.ap1r[i])) <<
			       cpu->preemption_shift;
	return 256;
}

/**
 * gicv3_deliverable() - is anything pending that the CPU interface would signal?
 * @cpu: a vCPU out of the guest, @cpu->hw.vmcr and the active priorities up to date
 *
 * Context: gic->lock held.
 */
bool gicv3_deliverable(struct arm64_gic_cpu *cpu)
{
	struct gicv3_choice *pendings = choose_from(&cpu->pendings, 1);
	u8 priority;

	survey(cpu, cpu->hw.vmcr & GROUPS_ALL, choose_from(&cpu->actives, 0), pendings);
	if (!pendings->nr)
		return false;
	priority = priority_of(pendings->urgency[0]);
	return priority < FIELD_GET(ARM64_VMCR_VPMR, cpu->hw.vmcr) &&
	       priority < running_priority(cpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_deliverable);

/**
 * gicv3_reset_interface() - power-on state of the CPU interface
 * @cpu: whose; nothing of it is listed
 *
 * Context: gic->lock held.
 */
void gicv3_reset_interface(struct arm64_gic_cpu *cpu)
{
	memset(cpu->hw.ap0r, 0, sizeof(cpu->hw.ap0r));
	memset(cpu->hw.ap1r, 0, sizeof(cpu->hw.ap1r));
	cpu->hw.vmcr = ARM64_VMCR_VFIQEN;
	cpu->hw.hcr = ARM64_ICH_EN;
	cpu->hw.used = 0;
}
