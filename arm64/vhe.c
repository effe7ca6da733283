// SPDX-License-Identifier: GPL-2.0
/*
 * The world switch of a host that runs at EL2 (VHE).
 *
 * Three depths, so that an exit costs little:
 *  - between load and put the guest's EL1 registers are in the CPU; the host does not use them;
 *  - in the window (interrupts off, all exceptions masked) HCR_EL2 is the guest's, and what
 *    the host needs itself is switched: CPTR_EL2, MDSCR_EL1, the vectors, V0 to V31;
 *  - general registers in arm64/entry.S.
 *
 * KVM may be initialised, and even clear VTTBR_EL2 under us (a page it takes from its guest
 * is flushed in the context of any thread), so the window looks at it. VMIDs are shared with
 * KVM without asking: translations of ours live between load and put only.
 *
 * Locks: none; the vCPU's own thread, preemption off.
 */
#include <linux/kernel.h>
#include <asm/barrier.h>
#include <asm/cpufeature.h>
#include <asm/daifflags.h>

#include "el2.h"
#include "vhe.h"

/* --- registers that stay between load and put ---------------------------------------- */

#define SAVE(name, guest, vhe)	el1[ARM64_##name] = read_sysreg_s(vhe);
#define LOAD(name, guest, vhe)	write_sysreg_s(el1[ARM64_##name], vhe);

static void save_el1(u64 *el1)
{
	ARM64_EL1_REGISTERS(SAVE)
}

static void load_el1(const u64 *el1)
{
	ARM64_EL1_REGISTERS(LOAD)
}

/* Those that the host uses, or may use, out of the window: load after the vCPU has stayed. */
static void load_shared(const u64 *el1)
{
	write_sysreg(el1[ARM64_TPIDR_EL0], tpidr_el0);
	write_sysreg(el1[ARM64_TPIDRRO_EL0], tpidrro_el0);
	write_sysreg(el1[ARM64_TPIDR_EL1], tpidr_el1);
	write_sysreg(el1[ARM64_CSSELR], csselr_el1);
	write_sysreg(el1[ARM64_PAR], par_el1);
}

/* ID_AA64MMFR0_EL1.FGT, ID_AA64MMFR1_EL1.HCX, ID_AA64PFR0_EL1.AMU of this CPU */
static bool has_fgt(void)
{
	return read_sysreg_s(SYS_ID_AA64MMFR0_EL1) >> 56 & 0xf;
}

static bool has_hcx(void)
{
	return read_sysreg_s(SYS_ID_AA64MMFR1_EL1) >> 40 & 0xf;
}

static bool has_amu(void)
{
	return read_sysreg_s(SYS_ID_AA64PFR0_EL1) >> 44 & 0xf;
}

/*
 * Fine-grained traps (ARM DDI 0487 D19.2, HFGRTR_EL2 and its kin): bits of old registers trap
 * when set, those of new features when clear. All clear is what we want: everything that is new
 * traps, the rest is left to HCR_EL2 and MDCR_EL2.
 */
#define SYS_HFGRTR		sys_reg(3, 4, 1, 1, 4)
#define SYS_HFGWTR		sys_reg(3, 4, 1, 1, 5)
#define SYS_HFGITR		sys_reg(3, 4, 1, 1, 6)
#define SYS_HDFGRTR		sys_reg(3, 4, 3, 1, 4)
#define SYS_HDFGWTR		sys_reg(3, 4, 3, 1, 5)
#define SYS_HAFGRTR		sys_reg(3, 4, 3, 1, 6)
#define SYS_HCRX		sys_reg(3, 4, 1, 2, 2)

#define SWAP(host, value, reg) do {			\
	(host) = read_sysreg_s(reg);			\
	write_sysreg_s(value, reg);			\
} while (0)

static void load_fine_traps(struct arm64_host *host)
{
	if (has_hcx())
		SWAP(host->hcrx, 0, SYS_HCRX);
	if (!has_fgt())
		return;
	SWAP(host->hfg[0], 0, SYS_HFGRTR);
	SWAP(host->hfg[1], 0, SYS_HFGWTR);
	SWAP(host->hfg[2], 0, SYS_HFGITR);
	SWAP(host->hfg[3], 0, SYS_HDFGRTR);
	SWAP(host->hfg[4], 0, SYS_HDFGWTR);
	if (has_amu())
		SWAP(host->hafgrtr, 0, SYS_HAFGRTR);
}

static void put_fine_traps(const struct arm64_host *host)
{
	if (has_hcx())
		write_sysreg_s(host->hcrx, SYS_HCRX);
	if (!has_fgt())
		return;
	write_sysreg_s(host->hfg[0], SYS_HFGRTR);
	write_sysreg_s(host->hfg[1], SYS_HFGWTR);
	write_sysreg_s(host->hfg[2], SYS_HFGITR);
	write_sysreg_s(host->hfg[3], SYS_HDFGRTR);
	write_sysreg_s(host->hfg[4], SYS_HDFGWTR);
	if (has_amu())
		write_sysreg_s(host->hafgrtr, SYS_HAFGRTR);
}

/**
 * arm64_vhe_undisturbed() - has KVM run no guest on this pCPU since the vCPU was entered?
 * @v: the vCPU that was the last of ours here
 *
 * To run one, KVM writes VTTBR_EL2, and never what is there of ours.
 *
 * Context: preemption off.
 */
bool arm64_vhe_undisturbed(const struct arm64_vcpu *v)
{
	return read_sysreg(vttbr_el2) == to_arm64_vm(v->vcpu->vm)->vttbr;
}

/**
 * arm64_vhe_load() - the vCPU's thread comes to this pCPU
 * @v: the vCPU
 * @stayed: its registers are still here, but for those that the host uses
 */
void arm64_vhe_load(struct arm64_vcpu *v, bool stayed)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct arm64_host *host = &v->host;
	unsigned long flags;

	local_irq_save(flags);
	host->vbar = read_sysreg(vbar_el1);
	host->tpidr = read_sysreg(tpidr_el0);
	host->tpidrro = read_sysreg(tpidrro_el0);
	host->mdcr = read_sysreg(mdcr_el2);
	write_sysreg(host->mdcr | MDCR_TRAPS, mdcr_el2);
	load_fine_traps(host);
	write_sysreg(BIT(15), hstr_el2);	/* T15: AArch32 at EL0 */
	if (stayed) {
		load_shared(vcpu->arch.el1);
	} else {
		write_sysreg(read_cpuid_id(), vpidr_el2);
		write_sysreg(vcpu->arch.mpidr, vmpidr_el2);
		if (cpus_have_final_cap(ARM64_HAS_RAS_EXTN))
			write_sysreg_s(0, SYS_VDISR_EL2);
		load_el1(vcpu->arch.el1);
	}
	vcpu->arch.loaded = true;
	local_irq_restore(flags);

	v->mitigate = arm64_mitigation();
	v->flush = true;
	v->entered = false;
}

/**
 * arm64_vhe_reload() - vcpu->arch.el1 was written while the registers are in the CPU
 * @v: the vCPU, loaded
 */
void arm64_vhe_reload(struct arm64_vcpu *v)
{
	load_el1(v->vcpu->arch.el1);
}

/* Interrupts off, our VTTBR_EL2 in place */
static void flush_vmid(void)
{
	asm volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" : : : "memory");
}

/* KVM may give our VMID to a guest of its own. */
static void forget_translations(struct arm64_vcpu *v)
{
	write_sysreg(to_arm64_vm(v->vcpu->vm)->vttbr, vttbr_el2);
	write_sysreg(arm64_vtcr, vtcr_el2);
	isb();
	write_sysreg(v->hcr, hcr_el2);
	isb();
	flush_vmid();
	write_sysreg(HCR_HOST_VHE_FLAGS, hcr_el2);
	isb();
}

/**
 * arm64_vhe_put() - it leaves this pCPU
 * @v: the vCPU
 */
void arm64_vhe_put(struct arm64_vcpu *v)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct arm64_host *host = &v->host;
	unsigned long flags;

	local_irq_save(flags);
	if (v->entered)
		forget_translations(v);
	save_el1(vcpu->arch.el1);
	vcpu->arch.loaded = false;
	write_sysreg(0, hstr_el2);
	put_fine_traps(host);
	write_sysreg(host->mdcr, mdcr_el2);
	write_sysreg(host->tpidr, tpidr_el0);
	write_sysreg(host->tpidrro, tpidrro_el0);
	isb();
	local_irq_restore(flags);
}

/* --- the window ------------------------------------------------------------------------ */

/*
 * Whoever unmaps something has an interrupt on its way here then (axvm_vm_flush_stage2()), which
 * closes the window: so once in each is enough.
 */
static __always_inline void drop_stale_translations(struct arm64_vcpu *v)
{
	u64 generation = READ_ONCE(v->vcpu->vm->s2_generation);

	if (likely(!v->flush && v->generation == generation))
		return;
	v->generation = generation;
	v->flush = false;
	isb();
	flush_vmid();
}

/**
 * arm64_vhe_open() - the window opens: what the guest and the host have in common is the guest's
 * @v: the vCPU, loaded
 *
 * Stage 2 and stage 1 must be in place before TGE goes (erratum 1165522).
 *
 * Context: interrupts off; all exceptions masked until the window closes.
 */
void arm64_vhe_open(struct arm64_vcpu *v)
{
	u64 vttbr = to_arm64_vm(v->vcpu->vm)->vttbr;

	/* Interrupts masked by priority would not end the guest either. */
	local_daif_mask();
	pmr_sync();
	if (unlikely(read_sysreg(vttbr_el2) != vttbr || read_sysreg(vtcr_el2) != arm64_vtcr)) {
		write_sysreg(arm64_vtcr, vtcr_el2);
		write_sysreg(vttbr, vttbr_el2);
		isb();
	}
	v->host.cptr = read_sysreg(cptr_el2);
	write_sysreg(ARM64_CPTR_E2H, cptr_el2);
	arm64_debug_enter(v);
	write_sysreg(v->hcr, hcr_el2);
	v->entered = true;
	drop_stale_translations(v);
}

/**
 * arm64_vhe_close() - the window closes
 * @v: the vCPU
 */
void arm64_vhe_close(struct arm64_vcpu *v)
{
	arm64_fp_leave(v);
	write_sysreg(HCR_HOST_VHE_FLAGS, hcr_el2);
	asm(ALTERNATIVE("nop", "isb", ARM64_WORKAROUND_SPECULATIVE_AT));
	write_sysreg(v->host.cptr, cptr_el2);
	arm64_debug_leave(v);
	isb();
	local_daif_restore(DAIF_PROCCTX_NOIRQ);
}
