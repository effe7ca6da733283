// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, the CPU interface: the hardware's part. The guest uses the CPU interface of the
 * host's GIC (HCR_EL2.IMO and FMO turn ICC_*_EL1 into the virtual ones); what it is to
 * see there is worked out by gic_lr.c.
 *
 * On a VHE host the registers stay in the CPU from load to put; an entry writes the list
 * registers when something changed, an exit reads them when any is in use. On an
 * nVHE host they can be reached at EL2 only, where the world switch moves all of struct
 * arm64_gic_hw at each entry and exit.
 *
 * The maintenance interrupt is only there to end the guest: every exit looks at the list
 * registers, and takes away its cause (ICH_HCR_EL2.En) before the host can see it.
 *
 * Locks: gic->lock around gic_lr.c's work.
 */
#include <linux/bitfield.h>
#include <asm/cpufeature.h>
#include <asm/virt.h>

#include "../devices/gicv3.h"
#include "gic_hw.h"
#include "host_ppi.h"
#include "timer.h"

/* ICC_SRE_EL1.SRE: the host uses system registers, as GICv3 has them */
#define SRE_SRE		BIT(0)

/* ICH_VTR_EL2 of a CPU not asked: PRIbits and PREbits are 5, there are four list registers */
#define VTR_DEFAULT	(4UL << 29 | 4 << 26 | (4 - 1))

/* A VM without a GIC: all registers of the CPU interface trap */
#define NO_GIC		(ARM64_ICH_TALL0 | ARM64_ICH_TALL1 | ARM64_ICH_TC)

static u64 gic_vtr = VTR_DEFAULT;

/**
 * arm64_gic_probe() - is there a GICv3 with a virtual CPU interface?
 * @why: the reason if not
 *
 * Context: any; on an nVHE host only the half that EL1 can see.
 * Return: 0 or -EOPNOTSUPP.
 */
int arm64_gic_probe(struct axvm_reason *why)
{
	u64 pfr0 = read_sanitised_ftr_reg(SYS_ID_AA64PFR0_EL1);

	if (!cpuid_feature_extract_unsigned_field(pfr0, ID_AA64PFR0_EL1_GIC_SHIFT)) {
		strscpy(why->text,
			"the host has no GICv3: a guest's CPU interface must be that of the host's",
			sizeof(why->text));
		return -EOPNOTSUPP;
	}
	if (!(read_sysreg_s(SYS_ICC_SRE_EL1) & SRE_SRE)) {
		strscpy(why->text,
			"the host uses its GICv3 as a GICv2: its firmware has it so",
			sizeof(why->text));
		return -EOPNOTSUPP;
	}
	if (arm64_host_at_el2())
		gic_vtr = read_sysreg_s(SYS_ICH_VTR_EL2);
	return 0;
}

/**
 * arm64_gic_set_vtr() - what the virtual CPU interface of an nVHE host can do
 * @vtr: its ICH_VTR_EL2
 */
void arm64_gic_set_vtr(u64 vtr)
{
	gic_vtr = vtr;
}

/**
 * gicv3_interface_features() - note what the CPU interface can do
 * @cpu: a new one
 */
void gicv3_interface_features(struct arm64_gic_cpu *cpu)
{
	unsigned int preemption_bits = FIELD_GET(ARM64_VTR_PREBITS, gic_vtr) + 1;
	unsigned int priority_bits = FIELD_GET(ARM64_VTR_PRIBITS, gic_vtr) + 1;
	unsigned int lrs = FIELD_GET(ARM64_VTR_LISTREGS, gic_vtr) + 1;

	preemption_bits = clamp(preemption_bits, 5U, 7U);
	cpu->nr_lrs = min_t(unsigned int, lrs, ARM64_GIC_MAX_LRS);
	cpu->preemption_shift = 8 - preemption_bits;
	cpu->hw.nr_aprs = 1 << (preemption_bits - 5);
	cpu->traps_dir = gic_vtr & ARM64_VTR_TDS;
	/* Handed through: see timer.c */
	cpu->host_intid = arm64_host_timer_intid();
	cpu->mapped = cpu->host_intid ? ARM64_PPI_VTIMER : 0;
	cpu->gic->priority_mask = 0xff << (8 - clamp(priority_bits, 5U, 8U));
}

/**
 * arm64_gic_load() - the vCPU's thread has come to this pCPU
 * @vcpu: the vCPU
 *
 * Context: preemption off.
 */
void arm64_gic_load(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);

	/* Something may be left over in list registers, if only from power-on. */
	if (cpu)
		cpu->hw.written = cpu->nr_lrs;
	if (!arm64_host_at_el2())
		return;
	gic_hw_let_sre(false);
	if (!cpu) {
		write_sysreg_s(NO_GIC, SYS_ICH_HCR_EL2);
		return;
	}
	gic_hw_write_priorities(&cpu->hw);
	gic_hw_write_lrs(&cpu->hw);
	write_sysreg_s(cpu->hw.hcr, SYS_ICH_HCR_EL2);
	cpu->loaded = true;
}

/**
 * arm64_gic_put() - the vCPU's thread leaves this pCPU
 * @vcpu: the vCPU
 *
 * Context: preemption off; locks of the scheduler may be held.
 */
void arm64_gic_put(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);

	if (!arm64_host_at_el2())
		return;
	write_sysreg_s(0, SYS_ICH_HCR_EL2);
	if (cpu && cpu->loaded) {
		gic_hw_read_priorities(&cpu->hw);
		gic_hw_clear_lrs(&cpu->hw);
		cpu->loaded = false;
	}
	gic_hw_let_sre(true);
}

/**
 * gicv3_enter() - arm64_gic_enter() of a vCPU that is dirty
 * @cpu: its part
 */
void gicv3_enter(struct arm64_gic_cpu *cpu)
{
	gicv3_lock_window(cpu);
	/* Unchanged since an earlier entry, or listed for one that was called off */
	if (cpu->hw.used)
		gicv3_fold(cpu);
	gicv3_fill(cpu);
	gicv3_unlock_window(cpu);
	/* Nothing has ended: the guest has not run since the last look. */
	if (!cpu->loaded)
		return;
	gic_hw_write_lrs(&cpu->hw);
	write_sysreg_s(cpu->hw.hcr, SYS_ICH_HCR_EL2);
}

/**
 * gicv3_leave() - arm64_gic_leave() of a vCPU that has something listed
 * @cpu: its part
 *
 * As long as no list register changes, none of the conditions is there for which there are
 * maintenance interrupts: gicv3_fill() asks for none that is true from the beginning.
 */
void gicv3_leave(struct arm64_gic_cpu *cpu)
{
	if (cpu->loaded)
		gic_hw_read_lrs(&cpu->hw);
	if (likely(!cpu->hw.changed && cpu->hw.hcr == ARM64_ICH_EN && !READ_ONCE(cpu->dirty)))
		return;
	if (cpu->loaded) {
		/* EOIcount is asked for only where not all active interrupts are listed. */
		if (unlikely(cpu->hw.hcr != ARM64_ICH_EN)) {
			cpu->hw.hcr = read_sysreg_s(SYS_ICH_HCR_EL2);
			if (cpu->hw.hcr & ARM64_ICH_EOICOUNT)
				gic_hw_read_priorities(&cpu->hw);
		}
		write_sysreg_s(0, SYS_ICH_HCR_EL2);
	}
	gicv3_lock_window(cpu);
	gicv3_fold(cpu);
	gicv3_unlock_window(cpu);
	if (unlikely(cpu->any_ended))
		gicv3_tell_ended(cpu);
}

/**
 * arm64_gic_pending() - would an interrupt be signalled to the guest?
 * @vcpu: the vCPU, out of the guest
 *
 * Whether its PSTATE masks interrupts does not matter to a WFI (ARM DDI 0487 D1.6.2).
 *
 * Context: the vCPU's own thread, no lock held.
 */
bool arm64_gic_pending(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	unsigned long flags;
	bool deliverable;

	if (!cpu)
		return false;
	arm64_timer_update(vcpu);
	preempt_disable();
	if (cpu->loaded)
		gic_hw_read_priorities(&cpu->hw);
	preempt_enable();
	flags = gicv3_lock(cpu->gic);
	if (cpu->hw.used)
		gicv3_fold(cpu);
	deliverable = gicv3_deliverable(cpu);
	gicv3_unlock(cpu->gic, flags);
	return deliverable;
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_pending);

/**
 * arm64_gic_host_active() - will the guest deactivate the host's interrupt?
 * @vcpu: the vCPU, out of the guest
 *
 * True while it has acknowledged its virtual timer's interrupt as that of the host, and has
 * not ended it.
 *
 * Context: the vCPU's own thread.
 */
bool arm64_gic_host_active(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);

	return cpu && gicv3_host_active(cpu);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_host_active);
