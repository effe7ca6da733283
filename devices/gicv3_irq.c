// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, interrupts: how they become pending (wires, SGIs, the host), and who must look
 * then. See gicv3.h for the locks and for where the state of an interrupt is.
 *
 * Every change of state ends in gicv3_update(), which marks the vCPUs for which it may
 * matter as dirty; gicv3_unlock() kicks them. What is delivered is decided when they
 * enter the guest (arm64/gic_lr.c).
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "gicv3.h"

/* An exit takes microseconds, unless the host is a guest whose CPU does not run just now. */
#define SETTLE_LIMIT	(500 * NSEC_PER_MSEC)

/* ICC_SGI1R_EL1 and its brothers: 12.2.18 */
#define SGI_TARGET_LIST	GENMASK_ULL(15, 0)
#define SGI_AFF1	GENMASK_ULL(23, 16)
#define SGI_INTID	GENMASK_ULL(27, 24)
#define SGI_AFF2	GENMASK_ULL(39, 32)
#define SGI_IRM		BIT_ULL(40)
#define SGI_RS		GENMASK_ULL(47, 44)
#define SGI_AFF3	GENMASK_ULL(55, 48)

/* vCPUs with the same Aff1 */
#define GICV3_CLUSTER	16

#define MPIDR_AFF0	GENMASK_ULL(7, 0)
#define MPIDR_AFF1	GENMASK_ULL(15, 8)
#define MPIDR_AFF2	GENMASK_ULL(23, 16)
#define MPIDR_AFF3	GENMASK_ULL(39, 32)

/* --- who must look -------------------------------------------------------- */

/**
 * gicv3_kick() - gicv3_unlock()'s, after the lock
 * @gic: the GIC
 * @vcpus: whom, a bit each
 */
void gicv3_kick(struct arm64_gic *gic, u64 vcpus)
{
	unsigned long left = vcpus;
	unsigned int id;

	/* Not by vm->vcpus: one that is just being made is not there yet, but in the GIC. */
	while (gicv3_next_bit(&left, &id))
		axvm_vcpu_kick(READ_ONCE(gic->cpu[id])->vcpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_kick);

/**
 * gicv3_touch_all() - all vCPUs must look at everything; gic->lock held
 * @gic: the GIC
 */
void gicv3_touch_all(struct arm64_gic *gic)
{
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		if (!gic->cpu[i])
			continue;
		gic->cpu[i]->banks = U32_MAX & ~BIT(0);
		gicv3_touch(gic->cpu[i]);
	}
}

/**
 * gicv3_touch_whose() - those to whom SPIs go must look; gic->lock held
 * @gic: the GIC
 * @n: the SPIs' bank
 * @mask: which of it
 */
void gicv3_touch_whose(struct arm64_gic *gic, unsigned int n, u32 mask)
{
	unsigned long left = mask;
	unsigned int bit;
	u8 whose;

	while (gicv3_next_bit(&left, &bit)) {
		whose = gicv3_whose(gic, n * GICV3_BANK_BITS + bit);
		if (whose == GICV3_NOBODY || !gic->cpu[whose])
			continue;
		gic->cpu[whose]->banks |= BIT(n);
		gicv3_touch(gic->cpu[whose]);
	}
}
EXPORT_SYMBOL_AXVM_KUNIT(gicv3_touch_whose);

/* --- what is in list registers -------------------------------------------- */

/* The next list register of @cpu, from *i on, that has an interrupt of bank @n, or false */
static bool next_lr(const struct arm64_gic_cpu *cpu, unsigned int n, unsigned int *i)
{
	for (; *i < cpu->hw.used; (*i)++)
		if ((u32)cpu->hw.lr[*i] / GICV3_BANK_BITS == n)
			return true;
	return false;
}

/* The next vCPU, from *id on, that may have an interrupt of bank @n listed */
static struct arm64_gic_cpu *next_lister(struct arm64_gic *gic, struct arm64_gic_cpu *cpu,
					 unsigned int n, unsigned int *id)
{
	for (; *id < AXVM_MAX_VCPUS; (*id)++)
		if (gic->cpu[*id] && (n || gic->cpu[*id] == cpu) && gic->cpu[*id]->hw.used)
			return gic->cpu[*id];
	return NULL;
}

/**
 * gicv3_drop() - clear the pending or active state of what is listed; gic->lock held
 * @gic: the GIC
 * @n: bank
 * @cpu: whose, for bank 0
 * @mask: which of it
 * @active: the active state, not the pending one
 *
 * It is done when the vCPU leaves the guest, to which gicv3_update() makes it.
 */
void gicv3_drop(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 mask,
		bool active)
{
	struct arm64_gic_cpu *lister;
	unsigned int i, id;
	u32 intid;

	if (!(mask & gicv3_bank(gic, cpu, n)->listed))
		return;
	for (id = 0; (lister = next_lister(gic, cpu, n, &id)); id++) {
		for (i = 0; next_lr(lister, n, &i); i++) {
			intid = lister->hw.lr[i];
			if (!(mask & BIT(intid % GICV3_BANK_BITS)))
				continue;
			if (active)
				lister->drop_active |= BIT(i);
			else
				lister->drop_pending |= BIT(i);
		}
	}
}

/**
 * gicv3_forget() - as by GICD_ICPENDR: no edge is pending any more; gic->lock held
 * @gic: the GIC
 * @n: bank
 * @cpu: whose, for bank 0
 * @mask: which of it
 */
void gicv3_forget(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 mask)
{
	gicv3_bank(gic, cpu, n)->latch &= ~mask;
	gicv3_drop(gic, n, cpu, mask, false);
	gicv3_update(gic, cpu, n, mask);
	gicv3_gone(gic, n, mask);
}

/**
 * gicv3_peek() - what was put into list registers of a bank's interrupts; gic->lock held
 * @gic: the GIC
 * @n: bank
 * @cpu: whose, for bank 0
 * @pending: bits are added: pending by a latch
 * @active: likewise: active
 */
void gicv3_peek(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 *pending,
		u32 *active)
{
	struct arm64_gic_cpu *lister;
	unsigned int i, id;
	u32 bit;

	if (!gicv3_bank(gic, cpu, n)->listed)
		return;
	for (id = 0; (lister = next_lister(gic, cpu, n, &id)); id++) {
		for (i = 0; next_lr(lister, n, &i); i++) {
			bit = BIT((u32)lister->hw.lr[i] % GICV3_BANK_BITS);
			if (lister->latched & ~lister->drop_pending & BIT(i))
				*pending |= bit;
			if (lister->hw.lr[i] & ARM64_LR_ACTIVE && !(lister->drop_active & BIT(i)))
				*active |= bit;
		}
	}
}

/**
 * gicv3_settle() - wait until vCPUs that were kicked have left the guest once
 * @gic: the GIC
 * @vcpus: which, a bit each; the caller's own is not in the guest
 *
 * For what takes effect at once (ICENABLER) or is to be seen as it is now (ISACTIVER).
 * Gives up after SETTLE_LIMIT: then it takes effect a little later.
 *
 * Context: task context, interrupts on, no lock held.
 */
void gicv3_settle(struct arm64_gic *gic, u64 vcpus)
{
	u64 limit = ktime_get_ns() + SETTLE_LIMIT;
	struct arm64_gic_cpu *cpu;
	u32 folds;

	for (; vcpus; vcpus &= vcpus - 1) {
		cpu = gic->cpu[__ffs64(vcpus)];
		folds = READ_ONCE(cpu->folds);
		while (READ_ONCE(cpu->vcpu->mode) == AXVM_IN_GUEST &&
		       READ_ONCE(cpu->folds) == folds && ktime_get_ns() < limit)
			cpu_relax();
	}
}

/* --- sources of interrupts ------------------------------------------------ */

/* Who has this affinity? vCPU n has Aff1 = n / 16, Aff0 = n % 16, so that a list reaches 16. */
static u8 find_vcpu(const struct arm64_gic *gic, u64 affinity)
{
	u64 id = (affinity >> 8) * GICV3_CLUSTER + (affinity & MPIDR_AFF0);

	if ((affinity & MPIDR_AFF0) >= GICV3_CLUSTER || id >= AXVM_MAX_VCPUS || !gic->cpu[id])
		return GICV3_NOBODY;
	return id;
}

/**
 * gicv3_route() - work out to whom an SPI goes; gic->lock held
 * @gic: the GIC
 * @intid: an SPI
 *
 * Not to any of several: GICD_TYPER.No1N.
 */
void gicv3_route(struct arm64_gic *gic, u32 intid)
{
	gic->target[intid] = find_vcpu(gic, gic->state.router[intid]);
}

/* A wire; gic->lock held */
static void set_wire(struct arm64_gic *gic, struct arm64_gic_cpu *cpu, u32 intid, bool level)
{
	unsigned int n = intid / GICV3_BANK_BITS;
	struct gicv3_bank *bank = gicv3_bank(gic, cpu, n);
	u32 bit = BIT(intid % GICV3_BANK_BITS);

	if (!!(bank->level & bit) == level)
		return;
	bank->level ^= bit;
	if (level)
		bank->latch |= bank->edge & bit;
	gicv3_update(gic, cpu, n, bit);
}

/**
 * gicv3_set_level() - a wire of the VM has changed
 * @gic: the GIC
 * @irq: INTID; others than SPIs are ignored
 * @level: what it is now
 *
 * Context: any.
 */
void gicv3_set_level(struct arm64_gic *gic, u32 irq, bool level)
{
	unsigned long flags;

	if (irq < GICV3_NR_PRIVATE || irq >= GICV3_NR_INTIDS)
		return;
	flags = gicv3_lock(gic);
	set_wire(gic, NULL, irq, level);
	gicv3_unlock(gic, flags);
}

/**
 * arm64_gic_ppi() - a private wire of a vCPU: its timers
 * @vcpu: the vCPU
 * @intid: 16 to 31
 * @level: what it is now
 *
 * Context: any; a lock of the timer may be held, not one of the scheduler.
 */
void arm64_gic_ppi(struct axvm_vcpu *vcpu, u32 intid, bool level)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	unsigned long flags;

	if (!cpu || intid < GICV3_NR_SGIS || intid >= GICV3_NR_PRIVATE)
		return;
	flags = gicv3_lock(cpu->gic);
	set_wire(cpu->gic, cpu, intid, level);
	gicv3_unlock(cpu->gic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_ppi);

/**
 * arm64_gic_inject() - make an interrupt pending, once
 * @vcpu: the vCPU; an SPI goes where it is routed to
 * @intid: 0 to 1019
 *
 * Context: any.
 * Return: 0; -EINVAL: no such INTID; -ENODEV: no GIC.
 */
int arm64_gic_inject(struct axvm_vcpu *vcpu, u32 intid)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	unsigned int n = intid / GICV3_BANK_BITS;
	u32 bit = BIT(intid % GICV3_BANK_BITS);
	unsigned long flags;

	if (intid >= GICV3_NR_INTIDS)
		return -EINVAL;
	if (!cpu)
		return -ENODEV;
	flags = gicv3_lock(cpu->gic);
	gicv3_bank(cpu->gic, cpu, n)->latch |= bit;
	gicv3_update(cpu->gic, cpu, n, bit);
	gicv3_unlock(cpu->gic, flags);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_inject);

/* ICC_SGI0R_EL1 and ICC_ASGI1R_EL1 reach SGIs of Group 0 only: 12.1.10. gic->lock held */
static void send_sgi(struct arm64_gic_cpu *cpu, u32 intid, u32 group)
{
	struct gicv3_bank *bank = &cpu->state.bank;

	if (!group && bank->group & BIT(intid))
		return;
	bank->latch |= BIT(intid);
	gicv3_update(cpu->gic, cpu, 0, BIT(intid));
}

/* All but the sender; gic->lock held */
static void send_sgi_all(struct arm64_gic_cpu *sender, u32 intid, u32 group)
{
	struct arm64_gic *gic = sender->gic;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (gic->cpu[i] && gic->cpu[i] != sender)
			send_sgi(gic->cpu[i], intid, group);
}

static u64 sgi_affinity(u64 value)
{
	return FIELD_PREP(MPIDR_AFF3, FIELD_GET(SGI_AFF3, value)) |
	       FIELD_PREP(MPIDR_AFF2, FIELD_GET(SGI_AFF2, value)) |
	       FIELD_PREP(MPIDR_AFF1, FIELD_GET(SGI_AFF1, value)) |
	       FIELD_GET(SGI_RS, value) * GICV3_CLUSTER;
}

/* To those of a list; gic->lock held */
static void send_sgi_list(struct arm64_gic *gic, u32 intid, u32 group, u64 value)
{
	unsigned long targets = FIELD_GET(SGI_TARGET_LIST, value);
	unsigned int bit;
	u8 id;

	while (gicv3_next_bit(&targets, &bit)) {
		id = find_vcpu(gic, sgi_affinity(value) | bit);
		if (id != GICV3_NOBODY)
			send_sgi(gic->cpu[id], intid, group);
	}
}

/* To those of a list, without affinities: it is that of the first vCPUs. gic->lock held */
static void send_sgi_first(struct arm64_gic *gic, u32 intid, u32 group, unsigned long targets)
{
	unsigned int id;

	while (gicv3_next_bit(&targets, &id))
		if (gic->cpu[id])
			send_sgi(gic->cpu[id], intid, group);
}

/**
 * arm64_gic_sgi() - the guest writes one of the registers that send SGIs
 * @vcpu: the vCPU that writes
 * @group: 1 for ICC_SGI1R_EL1, 0 for ICC_SGI0R_EL1 and ICC_ASGI1R_EL1
 * @value: what it writes: 12.2.18
 *
 * Context: the vCPU's own thread, no lock held.
 */
void arm64_gic_sgi(struct axvm_vcpu *vcpu, u32 group, u64 value)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	u32 intid = FIELD_GET(SGI_INTID, value);
	unsigned long flags;

	if (!cpu)
		return;
	flags = gicv3_lock(cpu->gic);
	if (likely(!(value & ~(SGI_INTID | SGI_TARGET_LIST))))
		send_sgi_first(cpu->gic, intid, group, value & SGI_TARGET_LIST);
	else if (value & SGI_IRM)
		send_sgi_all(cpu, intid, group);
	else
		send_sgi_list(cpu->gic, intid, group, value);
	/* The sender itself looks before it enters again, as after each exit. */
	cpu->gic->kicks &= ~BIT_ULL(vcpu->id);
	gicv3_unlock(cpu->gic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_sgi);

/**
 * arm64_gic_dir() - the guest writes ICC_DIR_EL1 while that traps
 * @vcpu: the vCPU that writes
 * @value: what it writes
 *
 * Context: the vCPU's own thread.
 */
void arm64_gic_dir(struct axvm_vcpu *vcpu, u64 value)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	u32 intid = value & GENMASK(23, 0);
	unsigned int n = intid / GICV3_BANK_BITS;
	struct gicv3_bank *bank;
	unsigned long flags;

	if (!cpu || intid >= GICV3_NR_INTIDS)
		return;
	flags = gicv3_lock(cpu->gic);
	if (cpu->hw.used)
		gicv3_fold(cpu);
	bank = gicv3_bank(cpu->gic, cpu, n);
	if (!n || gicv3_whose(cpu->gic, intid) == vcpu->id) {
		bank->active &= ~BIT(intid % GICV3_BANK_BITS);
		gicv3_note_end(cpu, intid);
		gicv3_update(cpu->gic, cpu, n, BIT(intid % GICV3_BANK_BITS));
		gicv3_gone(cpu->gic, n, BIT(intid % GICV3_BANK_BITS));
		gicv3_touch(cpu);
	}
	gicv3_unlock(cpu->gic, flags);
	if (unlikely(cpu->any_ended))
		gicv3_tell_ended(cpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_dir);
