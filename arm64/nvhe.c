// SPDX-License-Identifier: GPL-2.0
/*
 * A host at EL1 (nVHE: Cortex-A57, A72, or by choice) whose EL2 nobody uses: it is taken from
 * the kernel's hyp stub and given back to it.
 *
 * EL2 gets translation tables of its own, in which exist the copy of our code and one page per
 * vCPU (struct arm64_hyp), at their physical addresses. An entry into the guest is a
 * hypercall; all registers are switched there (arm64/nvhe_switch.c).
 *
 * Owns: the tables, the copy, which CPUs' EL2 is ours. Locks: tables_lock around changes
 * of the tables. Taking and giving back: arm64/hardware.c, interrupts off, on the CPU itself.
 */
#include <linux/arm-smccc.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <asm/arch_timer.h>
#include <asm/barrier.h>
#include <asm/cacheflush.h>
#include <asm/daifflags.h>
#include <asm/virt.h>

#include "../devices/gicv3.h"
#include "nvhe.h"

static DEFINE_MUTEX(tables_lock);
static u64 *root;
static void *code;
static size_t code_size;
static DEFINE_PER_CPU(bool, taken);

/* --- hypercalls ------------------------------------------------------------------------ */

/* HVC #0: X0 to X4 in, X0 to X2 out; the callee may use X0 to X17 */
static u64 call_el2(u64 function, u64 arg1, u64 arg2, u64 arg3, u64 out[2])
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = arg1;
	register u64 x2 asm("x2") = arg2;
	register u64 x3 asm("x3") = arg3;
	register u64 x4 asm("x4") = 0;

	asm volatile("hvc #0"
		     : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3), "+r" (x4)
		     :
		     : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		       "x16", "x17", "memory");
	if (out) {
		out[0] = x1;
		out[1] = x2;
	}
	return x0;
}

/* --- EL2's tables (ARM DDI 0487 D8.3: stage 1, one range of addresses, 4-KiB granule) ----- */

#define S1_TABLE	3ULL		/* or a page, at the last level */
#define S1_AP_RES1	BIT_ULL(6)
#define S1_READONLY	BIT_ULL(7)
#define S1_SH_INNER	(3ULL << 8)
#define S1_AF		BIT_ULL(10)
#define S1_XN		BIT_ULL(54)
#define S1_ADDR		GENMASK_ULL(47, 12)

#define HYP_LEVELS	4

/* The entry of the last level for @pa; NULL: no memory for a table */
static u64 *entry_of(phys_addr_t pa)
{
	u64 *table = root;
	unsigned int level;

	for (level = HYP_LEVELS; level > 1; level--) {
		u64 *entry = &table[pa >> (PAGE_SHIFT + 9 * (level - 1)) & 511];

		if (!*entry) {
			void *page = (void *)get_zeroed_page(GFP_KERNEL);

			if (!page)
				return NULL;
			dma_wmb();
			WRITE_ONCE(*entry, virt_to_phys(page) | S1_TABLE);
		}
		table = phys_to_virt(*entry & S1_ADDR);
	}
	return &table[pa >> PAGE_SHIFT & 511];
}

static int map(const void *page, u64 rights)
{
	phys_addr_t pa = virt_to_phys(page);
	u64 *entry;

	mutex_lock(&tables_lock);
	entry = entry_of(pa);
	if (entry)
		WRITE_ONCE(*entry, pa | rights | S1_AP_RES1 | S1_SH_INNER | S1_AF | S1_TABLE);
	dsb(ishst);
	mutex_unlock(&tables_lock);
	return entry ? 0 : -ENOMEM;
}

static void unmap(const void *page)
{
	u64 *entry;

	mutex_lock(&tables_lock);
	entry = entry_of(virt_to_phys(page));
	if (entry)
		WRITE_ONCE(*entry, 0);
	mutex_unlock(&tables_lock);
	preempt_disable();
	/* Where EL2 is not ours there are no translations left either. */
	if (__this_cpu_read(taken))
		call_el2(HYP_FORGET, 0, 0, 0, NULL);
	preempt_enable();
}

static void free_tables(u64 *table, unsigned int level)
{
	unsigned int i;

	if (level > 1)
		for (i = 0; i < 512; i++)
			if (table[i])
				free_tables(phys_to_virt(table[i] & S1_ADDR), level - 1);
	free_page((unsigned long)table);
}

/* TCR_EL2 without E2H (D19.2.139): 48 bits, write-back tables, 4 KiB */
#define TCR_EL2_VALUE(ps)	(TCR_EL2_RES1 | (u64)(ps) << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 16)

static u64 tcr_el2(void)
{
	u64 range = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1) & 0xf;

	return TCR_EL2_VALUE(min_t(u64, range, 5));
}

/* --- taking EL2 and giving it back ------------------------------------------------------ */

/* Where the copy has what the linker put at @symbol */
static void *copy_of(const char *symbol)
{
	return code + (symbol - arm64_hyp_start);
}

/**
 * arm64_nvhe_take() - EL2 of this CPU
 *
 * Context: interrupts off.
 */
void arm64_nvhe_take(void)
{
	u64 out[2], *stub = copy_of(arm64_hyp_stub);

	if (__this_cpu_read(taken))
		return;
	/* The same on every CPU. EL2 reads it by the caches, as we write it. */
	stub[0] = call_el2(HVC_SOFT_RESTART, virt_to_phys(code), virt_to_phys(root), tcr_el2(),
			   out);
	stub[1] = out[0];
	arm64_gic_set_vtr(out[1]);
	__this_cpu_write(taken, true);
}

/**
 * arm64_nvhe_give_back() - the stub has EL2 of this CPU again
 *
 * Context: interrupts off.
 */
void arm64_nvhe_give_back(void)
{
	if (!__this_cpu_read(taken))
		return;
	__this_cpu_write(taken, false);
	call_el2(HYP_GIVE_BACK, 0, 0, 0, NULL);
}

/* What the stub says to a number it does not know; KVM's EL2 code says -1 (SMCCC) */
#define UNKNOWN_FUNCTION	0xfff

/**
 * arm64_nvhe_holder() - who has EL2?
 *
 * A kernel that was started at EL2 uses the physical timer, one that was started at EL1 the
 * virtual one: there a hypercall goes who knows where, so none is made.
 *
 * Return: ARM64_HOLDER_*.
 */
int arm64_nvhe_holder(void)
{
	u64 ret;

	if (arm_smccc_1_1_get_conduit() == SMCCC_CONDUIT_HVC)
		return ARM64_HOLDER_NONE;
	preempt_disable();
	if (__this_cpu_read(taken)) {
		preempt_enable();
		return ARM64_HOLDER_STUB;
	}
	if (read_sysreg(cntv_ctl_el0) & ARCH_TIMER_CTRL_ENABLE &&
	    !(read_sysreg(cntp_ctl_el0) & ARCH_TIMER_CTRL_ENABLE)) {
		preempt_enable();
		return ARM64_HOLDER_NONE;
	}
	ret = call_el2(UNKNOWN_FUNCTION, 0, 0, 0, NULL);
	preempt_enable();
	return ret == HVC_STUB_ERR ? ARM64_HOLDER_STUB : ARM64_HOLDER_KVM;
}

/* --- one entry --------------------------------------------------------------------------- */

/* A VM without a GIC: all registers of the CPU interface trap */
#define NO_GIC		(ARM64_ICH_TALL0 | ARM64_ICH_TALL1 | ARM64_ICH_TC)

/*
 * The host's profiling and trace buffers are filled by the translations of EL1, which will be
 * the guest's: they are drained and stopped around it (D17, D6).
 */
#define PMSVER		(0xfULL << 32)	/* ID_AA64DFR0_EL1: FEAT_SPE */
#define TRACEFILT	(0xfULL << 40)	/* FEAT_TRF */

static void stop_buffers(struct arm64_vcpu *v)
{
	u64 dfr0 = read_sysreg_s(SYS_ID_AA64DFR0_EL1);

	v->host.pmscr = 0;
	v->host.trfcr = 0;
	if (likely(!(dfr0 & (PMSVER | TRACEFILT))))
		return;
	if (dfr0 & PMSVER) {
		v->host.pmscr = read_sysreg_s(SYS_PMSCR_EL1);
		write_sysreg_s(0, SYS_PMSCR_EL1);
	}
	if (dfr0 & TRACEFILT) {
		v->host.trfcr = read_sysreg_s(SYS_TRFCR_EL1);
		write_sysreg_s(0, SYS_TRFCR_EL1);
	}
	isb();
	/* PSB CSYNC and TSB CSYNC are hints: nothing where there is none of these. */
	asm volatile("hint #17\n\thint #18\n\tdsb nsh" : : : "memory");
}

static void start_buffers(const struct arm64_vcpu *v)
{
	if (v->host.pmscr)
		write_sysreg_s(v->host.pmscr, SYS_PMSCR_EL1);
	if (v->host.trfcr)
		write_sysreg_s(v->host.trfcr, SYS_TRFCR_EL1);
}

/* CPTR_EL2 without E2H (D19.2.32) */
#define CPTR_GUEST	(CPTR_NVHE_EL2_RES1 | CPTR_EL2_TTA | CPTR_EL2_TAM | CPTR_EL2_TZ | \
			 CPTR_EL2_TSM)

static void bring(struct arm64_vcpu *v)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct arm64_hyp *hyp = v->hyp;
	u64 generation = READ_ONCE(vcpu->vm->s2_generation);

	hyp->regs = vcpu->arch.regs;
	memcpy(hyp->guest, vcpu->arch.el1, sizeof(hyp->guest));
	if (vcpu->arch.gic)
		hyp->gic = vcpu->arch.gic->hw;
	hyp->mitigate = v->mitigate;
	hyp->guest_traps.hcr = v->hcr;
	hyp->guest_traps.cptr = CPTR_GUEST | (v->fp_loaded ? 0 : CPTR_EL2_TFP);
	hyp->flush = v->flush || v->generation != generation;
	v->generation = generation;
	v->flush = false;
}

static void fetch(struct arm64_vcpu *v)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct arm64_hyp *hyp = v->hyp;

	vcpu->arch.regs = hyp->regs;
	memcpy(vcpu->arch.el1, hyp->guest, sizeof(hyp->guest));
	if (vcpu->arch.gic)
		vcpu->arch.gic->hw = hyp->gic;
	v->fault = hyp->fault;
}

/**
 * arm64_nvhe_open() - the window opens: what EL1 can do for the guest
 * @v: the vCPU, loaded
 *
 * Context: interrupts off; all exceptions masked until the window closes.
 */
void arm64_nvhe_open(struct arm64_vcpu *v)
{
	local_daif_mask();
	pmr_sync();
	stop_buffers(v);
	arm64_debug_enter(v);
}

#define ISR_SERROR	BIT_ULL(8)	/* ISR_EL1.A */

/**
 * arm64_nvhe_enter() - one entry and exit
 * @v: the vCPU, its window open
 */
void arm64_nvhe_enter(struct arm64_vcpu *v)
{
	/* An SError that waits is the host's, whatever the guest does. */
	if (unlikely(read_sysreg(isr_el1) & ISR_SERROR)) {
		v->fault.code = ARM64_EXIT_PENDING;
		return;
	}
	bring(v);
	call_el2(HYP_RUN, virt_to_phys(v->hyp), 0, 0, NULL);
	fetch(v);
}

/**
 * arm64_nvhe_close() - the window closes
 * @v: the vCPU
 */
void arm64_nvhe_close(struct arm64_vcpu *v)
{
	arm64_debug_leave(v);
	start_buffers(v);
	arm64_fp_leave(v);
	isb();
	local_daif_restore(DAIF_PROCCTX_NOIRQ);
}

/**
 * arm64_nvhe_load() - the vCPU's thread comes to this pCPU
 * @v: the vCPU
 */
void arm64_nvhe_load(struct arm64_vcpu *v)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct arm64_hyp *hyp = v->hyp;

	hyp->guest_traps.mdcr = MDCR_TRAPS | (read_sysreg_s(SYS_PMCR_EL0) >> 11 & 0x1f);
	hyp->guest_traps.hstr = BIT(15);
	hyp->guest_traps.vttbr = to_arm64_vm(vcpu->vm)->vttbr;
	hyp->guest_traps.vtcr = arm64_vtcr;
	hyp->guest_traps.vpidr = read_cpuid_id();
	hyp->guest_traps.vmpidr = vcpu->arch.mpidr;
	hyp->has_fgt = read_sysreg_s(SYS_ID_AA64MMFR0_EL1) >> 56 & 0xf;
	hyp->has_hcx = read_sysreg_s(SYS_ID_AA64MMFR1_EL1) >> 40 & 0xf;
	hyp->has_ras = read_sysreg_s(SYS_ID_AA64PFR0_EL1) >> 28 & 0xf;
	if (!vcpu->arch.gic)
		hyp->gic.hcr = NO_GIC;
	v->mitigate = arm64_mitigation();
	v->flush = true;
	if (__this_cpu_read(taken))
		call_el2(HYP_OFFSET, vcpu->vm->arch.cntvoff, 0, 0, NULL);
}

/**
 * arm64_nvhe_put() - it leaves this pCPU
 * @v: the vCPU
 */
void arm64_nvhe_put(struct arm64_vcpu *v)
{
	if (__this_cpu_read(taken))
		call_el2(HYP_OFFSET, 0, 0, 0, NULL);
}

/* --- life ---------------------------------------------------------------------------------- */

/**
 * arm64_nvhe_vcpu_init() - a page for the vCPU at EL2
 * @v: the vCPU
 *
 * Return: 0 or -ENOMEM.
 */
int arm64_nvhe_vcpu_init(struct arm64_vcpu *v)
{
	BUILD_BUG_ON(offsetof(struct arm64_hyp, mitigate) != HYP_MITIGATE);
	/* The rest is EL2's stack. */
	BUILD_BUG_ON(sizeof(struct arm64_hyp) > HYP_PAGE_SIZE / 2);

	v->hyp = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!v->hyp)
		return -ENOMEM;
	if (map(v->hyp, S1_XN)) {
		free_page((unsigned long)v->hyp);
		return -ENOMEM;
	}
	return 0;
}

/**
 * arm64_nvhe_vcpu_destroy() - the reverse
 * @v: the vCPU
 */
void arm64_nvhe_vcpu_destroy(struct arm64_vcpu *v)
{
	unmap(v->hyp);
	free_page((unsigned long)v->hyp);
}

/* EL2 fetches the first instructions past the caches. */
static int make_code(void)
{
	size_t i;

	code_size = PAGE_ALIGN(arm64_hyp_end - arm64_hyp_start);
	code = alloc_pages_exact(code_size, GFP_KERNEL | __GFP_ZERO);
	if (!code)
		return -ENOMEM;
	memcpy(code, arm64_hyp_start, arm64_hyp_end - arm64_hyp_start);
	arm64_clean_to_memory(code, code_size);
	caches_clean_inval_pou((unsigned long)code, (unsigned long)code + code_size);
	for (i = 0; i < code_size; i += PAGE_SIZE)
		if (map(code + i, S1_READONLY))
			return -ENOMEM;
	return 0;
}

/**
 * arm64_nvhe_init() - at module load: memory; takes nothing
 *
 * Return: 0, -ENOMEM; -ENOEXEC: this module was not linked as it should be.
 */
int arm64_nvhe_init(void)
{
	int ret;

	if (&arm64_hyp_end[0] <= &arm64_hyp_start[0] || arm64_hyp_end - arm64_hyp_start > SZ_64K)
		return -ENOEXEC;
	root = (u64 *)get_zeroed_page(GFP_KERNEL);
	ret = root ? make_code() : -ENOMEM;
	if (ret)
		arm64_nvhe_exit();
	return ret;
}

/**
 * arm64_nvhe_exit() - the reverse; EL2 has been given back
 */
void arm64_nvhe_exit(void)
{
	if (code)
		free_pages_exact(code, code_size);
	if (root)
		free_tables(root, HYP_LEVELS);
	code = NULL;
	root = NULL;
}
