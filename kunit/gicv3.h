/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the GIC's suites share: a VM with a GIC, accesses to its registers, and a guest that
 * does with list registers what the virtual CPU interface does (ARM IHI 0069 5.2).
 */
#ifndef AXVM_KUNIT_GICV3_H
#define AXVM_KUNIT_GICV3_H

#include <linux/bitfield.h>
#include <linux/irqchip/arm-gic-v3.h>

#include "../devices/gicv3.h"
#include "fixture.h"

#define GICD		0x08000000ULL
#define GICR		0x080a0000ULL
#define GICR_STRIDE	0x20000
#define SGI_FRAME	0x10000
#define NONE		1023U
#define LRS		4

static inline u32 gicd(struct axvm_vm *vm, u32 offset)
{
	return fixture_load(vm, NULL, GICD + offset, 4);
}

static inline void gicd_set(struct axvm_vm *vm, u32 offset, u32 value)
{
	fixture_store(vm, NULL, GICD + offset, 4, value);
}

/* RD_base of a vCPU; from 0x10000 on its SGI_base */
static inline u32 gicr(struct axvm_vm *vm, unsigned int n, u32 offset)
{
	return fixture_load(vm, NULL, GICR + n * GICR_STRIDE + offset, 4);
}

static inline void gicr_set(struct axvm_vm *vm, unsigned int n, u32 offset, u32 value)
{
	fixture_store(vm, NULL, GICR + n * GICR_STRIDE + offset, 4, value);
}

static inline struct arm64_gic_cpu *gic_cpu(struct axvm_vm *vm, unsigned int n)
{
	return vm->vcpus[n]->arch.gic;
}

/* Four list registers, priorities of 5 bits, nothing handed through, whatever the machine has */
static inline struct axvm_vm *gic_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_vm *vm = fixture_vm(test, nr_vcpus);
	struct arm64_gic_cpu *cpu;
	unsigned int i;

	fixture_device(test, vm, AXVM_DEV_GICV3, 0, 0);
	for (i = 0; i < nr_vcpus; i++) {
		cpu = gic_cpu(vm, i);
		KUNIT_ASSERT_NOT_NULL(test, cpu);
		cpu->nr_lrs = LRS;
		cpu->preemption_shift = 3;
		cpu->traps_dir = true;
		cpu->mapped = 0;
		cpu->gic->priority_mask = 0xf8;
	}
	return vm;
}

/* Groups forwarded, and all priorities let through by all CPU interfaces */
static inline void gic_on(struct axvm_vm *vm)
{
	unsigned int i;

	gicd_set(vm, GICD_CTLR, 3);
	for (i = 0; i < vm->nr_vcpus; i++)
		gic_cpu(vm, i)->hw.vmcr = ARM64_VMCR_VENG0 | ARM64_VMCR_VENG1 |
					  ARM64_VMCR_VFIQEN |
					  FIELD_PREP(ARM64_VMCR_VPMR, 0xf8);
}

/* A write of ISENABLER and its kin for one INTID */
static inline void gic_bit(struct axvm_vm *vm, unsigned int vcpu, u32 bank, u32 intid)
{
	if (intid < 32)
		gicr_set(vm, vcpu, SGI_FRAME + bank, BIT(intid % 32));
	else
		gicd_set(vm, bank + intid / 32 * 4, BIT(intid % 32));
}

static inline bool gic_is(struct axvm_vm *vm, unsigned int vcpu, u32 bank, u32 intid)
{
	if (intid < 32)
		return gicr(vm, vcpu, SGI_FRAME + bank) & BIT(intid);
	return gicd(vm, bank + intid / 32 * 4) & BIT(intid % 32);
}

static inline void gic_priority(struct axvm_vm *vm, unsigned int vcpu, u32 intid, u8 priority)
{
	if (intid < 32)
		fixture_store(vm, NULL, GICR + vcpu * GICR_STRIDE + SGI_FRAME + GICD_IPRIORITYR +
			      intid, 1, priority);
	else
		fixture_store(vm, NULL, GICD + GICD_IPRIORITYR + intid, 1, priority);
}

static inline void gic_route(struct axvm_vm *vm, u32 intid, u64 affinity)
{
	fixture_store(vm, NULL, GICD + GICD_IROUTER + intid * 8, 8, affinity);
}

static inline void gic_edge(struct axvm_vm *vm, u32 intid)
{
	u32 offset = GICD_ICFGR + intid / 16 * 4;

	gicd_set(vm, offset, gicd(vm, offset) | 2U << intid % 16 * 2);
}

static inline void gic_line(struct axvm_vm *vm, u32 intid, bool level)
{
	axvm_irq_line_user(vm, intid, level ? AXVM_IRQ_RAISE : AXVM_IRQ_LOWER);
}

/* --- the guest ------------------------------------------------------------ */

static inline void guest_in(struct axvm_vm *vm, unsigned int n)
{
	struct arm64_gic_cpu *cpu = gic_cpu(vm, n);
	unsigned long flags = gicv3_lock(cpu->gic);

	/* It was kicked: left, and entered again */
	if (cpu->dirty && cpu->hw.used)
		gicv3_fold(cpu);
	if (cpu->dirty)
		gicv3_fill(cpu);
	gicv3_unlock(cpu->gic, flags);
}

static inline void guest_out(struct axvm_vm *vm, unsigned int n)
{
	struct arm64_gic_cpu *cpu = gic_cpu(vm, n);
	unsigned long flags = gicv3_lock(cpu->gic);

	if (cpu->hw.used)
		gicv3_fold(cpu);
	gicv3_unlock(cpu->gic, flags);
}

/* Does the guest have to be left for this? What the maintenance interrupt says: 12.4.7 */
static inline bool guest_maintenance(const struct arm64_gic_cpu *cpu)
{
	unsigned int i, valid = 0, pending = 0;

	for (i = 0; i < cpu->hw.used; i++) {
		valid += !!(cpu->hw.lr[i] & (ARM64_LR_PENDING | ARM64_LR_ACTIVE));
		pending += !!(cpu->hw.lr[i] & ARM64_LR_PENDING);
		if (!(cpu->hw.lr[i] & (ARM64_LR_PENDING | ARM64_LR_ACTIVE | ARM64_LR_HW)) &&
		    cpu->hw.lr[i] & ARM64_LR_EOI)
			return true;
	}
	return (cpu->hw.hcr & ARM64_ICH_UIE && valid <= 1) ||
	       (cpu->hw.hcr & ARM64_ICH_NPIE && !pending) ||
	       (cpu->hw.hcr & ARM64_ICH_LRENPIE && cpu->hw.hcr & ARM64_ICH_EOICOUNT);
}

/* ICC_IAR1_EL1, whatever the group: the most urgent pending interrupt becomes active. */
static inline u32 guest_ack(struct axvm_vm *vm, unsigned int n)
{
	struct arm64_gic_cpu *cpu = gic_cpu(vm, n);
	unsigned int i, best = ARM64_GIC_MAX_LRS;

	for (i = 0; i < cpu->hw.used; i++)
		if ((cpu->hw.lr[i] & (ARM64_LR_PENDING | ARM64_LR_ACTIVE)) == ARM64_LR_PENDING &&
		    (best == ARM64_GIC_MAX_LRS ||
		     (cpu->hw.lr[i] & ARM64_LR_PRIORITY) < (cpu->hw.lr[best] & ARM64_LR_PRIORITY)))
			best = i;
	if (best == ARM64_GIC_MAX_LRS)
		return NONE;
	cpu->hw.lr[best] ^= ARM64_LR_PENDING | ARM64_LR_ACTIVE;
	return cpu->hw.lr[best];
}

/* Deactivation, by ICC_EOIR1_EL1 or, with EOImode = 1, ICC_DIR_EL1 */
static inline void guest_end(struct axvm_vm *vm, unsigned int n, u32 intid)
{
	struct arm64_gic_cpu *cpu = gic_cpu(vm, n);
	unsigned int i;

	for (i = 0; i < cpu->hw.used; i++) {
		if ((u32)cpu->hw.lr[i] == intid && cpu->hw.lr[i] & ARM64_LR_ACTIVE) {
			cpu->hw.lr[i] &= ~ARM64_LR_ACTIVE;
			return;
		}
	}
	cpu->hw.hcr += FIELD_PREP(ARM64_ICH_EOICOUNT, 1);
}

/* One interrupt, taken and ended, or NONE; left for maintenance only */
static inline u32 guest_take(struct axvm_vm *vm, unsigned int n)
{
	u32 intid;

	guest_in(vm, n);
	intid = guest_ack(vm, n);
	if (guest_maintenance(gic_cpu(vm, n))) {
		guest_out(vm, n);
		guest_in(vm, n);
	}
	if (intid != NONE)
		guest_end(vm, n, intid);
	if (guest_maintenance(gic_cpu(vm, n)))
		guest_out(vm, n);
	return intid;
}

#endif /* AXVM_KUNIT_GICV3_H */
