/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the EL2 backend share: a vCPU's and a VM's part that the core does not
 * see, and who offers what to whom.
 */
#ifndef AXVM_ARM64_EL2_H
#define AXVM_ARM64_EL2_H

#include <linux/bitops.h>
#include <linux/types.h>
#include <asm/debug-monitors.h>
#include <asm/esr.h>
#include <asm/fpsimd.h>
#include <asm/kvm_arm.h>
#include <asm/sysreg.h>

#include "../core/vm.h"
#include "fault.h"

#define ARM64_MAX_BRPS		16	/* ID_AA64DFR0_EL1.BRPs, WRPs: 4-bit fields */

/**
 * struct arm64_debug - the debug registers of a guest
 * @mdscr: MDSCR_EL1
 * @mdccint: MDCCINT_EL1
 * @os_lock: OSLSR_EL1.OSLK
 * @claim: DBGCLAIM tags
 * @bvr: DBGBVR<n>_EL1
 * @bcr: DBGBCR<n>_EL1
 * @wvr: DBGWVR<n>_EL1
 * @wcr: DBGWCR<n>_EL1
 */
struct arm64_debug {
	u64 mdscr;
	u64 mdccint;
	bool os_lock;
	u8 claim;
	u64 bvr[ARM64_MAX_BRPS];
	u64 bcr[ARM64_MAX_BRPS];
	u64 wvr[ARM64_MAX_BRPS];
	u64 wcr[ARM64_MAX_BRPS];
};

/**
 * struct arm64_host - what the host has in registers that are the guest's between load and put
 * @vbar: VBAR_EL2
 * @mdcr: MDCR_EL2
 * @tpidr: TPIDR_EL0
 * @tpidrro: TPIDRRO_EL0
 * @hfg: HFGRTR, HFGWTR, HFGITR, HDFGRTR, HDFGWTR _EL2 (FEAT_FGT)
 * @hafgrtr: HAFGRTR_EL2 (FEAT_FGT and activity monitors)
 * @hcrx: HCRX_EL2 (FEAT_HCX)
 * @cptr: CPTR_EL2; this and what follows: in the window only
 * @mdscr: MDSCR_EL1
 * @debug: breakpoints and watchpoints
 * @pmscr: PMSCR_EL1; on a host at EL1
 * @trfcr: TRFCR_EL1; likewise
 */
struct arm64_host {
	u64 vbar;
	u64 mdcr;
	u64 tpidr;
	u64 tpidrro;
	u64 hfg[5];
	u64 hafgrtr;
	u64 hcrx;
	u64 cptr;
	u64 mdscr;
	struct arm64_debug debug;
	u64 pmscr;
	u64 trfcr;
};

/**
 * struct arm64_visit - when a vCPU came to the pCPU where it was last
 * @thread: its thread then
 * @born: start_time of @thread, as another may have its address by now
 * @switches: the context switches of @thread until then
 */
struct arm64_visit {
	const struct task_struct *thread;
	u64 born;
	unsigned long switches;
};

/**
 * struct arm64_vcpu - the backend's part of a vCPU [T]
 * @vcpu: the vCPU
 * @hyp: [I] on a host at EL1: the vCPU as EL2 sees it
 * @fp: V0 to V31, FPSR, FPCR; in the CPU only within a window, while @fp_loaded
 * @fp_loaded: see @fp
 * @hcr: HCR_EL2 to run with
 * @mitigate: what arm64_mitigation() said of this pCPU
 * @flush: drop the translations of our VMID on this pCPU before the next entry
 * @entered: the guest ran since load: it left translations
 * @visit: when it came to the pCPU where it was last
 * @generation: vm->s2_generation that the last flush here covers
 * @fault: the last exit
 * @gap: where the guest last touched what is no memory
 * @debug: debug registers
 * @host: the other side
 */
struct arm64_vcpu {
	struct axvm_vcpu *vcpu;
	struct arm64_hyp *hyp;
	struct user_fpsimd_state fp;
	bool fp_loaded;
	u64 hcr;
	u64 mitigate;
	bool flush;
	bool entered;
	struct arm64_visit visit;
	u64 generation;
	struct arm64_fault fault;
	struct axvm_gap gap;
	struct arm64_debug debug;
	struct arm64_host host;
};

/**
 * struct arm64_vm - the backend's part of a VM
 * @root: table of the first level; several, contiguous, if the IPA size wants it
 * @vttbr: VTTBR_EL2: @root and the VMID
 * @mapped: something was mapped since the last set/way maintenance [vm->s2_lock]
 */
struct arm64_vm {
	u64 *root;
	u64 vttbr;
	bool mapped;
};

struct arm64_hyp;

/*
 * MDCR_EL2 (ARM DDI 0487 D19.3.17): the guest sees no PMU, no profiling, no trace, and only our
 * debug registers. E2PB and E2TB clear make the buffers EL2's, so that their registers trap.
 */
#define MDCR_TRAPS	(MDCR_EL2_TPM | MDCR_EL2_TPMCR | MDCR_EL2_TPMS | MDCR_EL2_TTRF | \
			 MDCR_EL2_TDRA | MDCR_EL2_TDOSA | MDCR_EL2_TDA | MDCR_EL2_TDCC)

/* CPTR_EL2 with HCR_EL2.E2H (D19.2.32): SVE and SME trap, and vector registers but for FPEN */
#define ARM64_CPTR_E2H	(BIT(28) | CPTR_EL2_TAM)	/* trace registers, activity monitors */
#define ARM64_CPTR_FPEN	(3UL << 20)

static inline struct arm64_vcpu *to_arm64(const struct axvm_vcpu *vcpu)
{
	return vcpu->backend;
}

static inline struct arm64_vm *to_arm64_vm(const struct axvm_vm *vm)
{
	return vm->backend;
}

/**
 * arm64_skip() - step over the instruction that trapped
 * @vcpu: the vCPU
 *
 * As if it had been executed: PSTATE.BTYPE and PSTATE.SS change too (ARM DDI 0487 D2.12, D8.4.7).
 */
static inline void arm64_skip(struct axvm_vcpu *vcpu)
{
	vcpu->arch.regs.pc += 4;
	vcpu->arch.regs.pstate &= ~(u64)(PSR_BTYPE_MASK | DBG_SPSR_SS);
}

/* A general register as an instruction names it: 31 is XZR */
static inline u64 arm64_gpr(const struct axvm_vcpu *vcpu, unsigned int n)
{
	return n < 31 ? vcpu->arch.regs.x[n] : 0;
}

static inline void arm64_set_gpr(struct axvm_vcpu *vcpu, unsigned int n, u64 value)
{
	if (n < 31)
		vcpu->arch.regs.x[n] = value;
}

/* What axvm_arch_access_done() does */
static __always_inline void arm64_access_done(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	u64 value = exit->data;

	if (exit->type == AXVM_X_MMIO_READ || exit->type == AXVM_X_SYSREG_READ) {
		if (unlikely(exit->sign_extend))
			value = sign_extend64(value, exit->width * 8 - 1);
		/* A write of 32 bits clears the rest of the register. */
		arm64_set_gpr(vcpu, exit->reg, exit->reg_width == 4 ? (u32)value : value);
	}
	arm64_skip(vcpu);
}

/* arm64/stage2.c */
extern u64 arm64_vtcr;
int arm64_s2_setup(void);
int arm64_s2_init(struct axvm_vm *vm);
void arm64_s2_destroy(struct axvm_vm *vm);
int arm64_s2_map(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift, u32 prot);
bool arm64_s2_unmap(struct axvm_vm *vm, u64 gpa, u64 length);
void arm64_s2_set_way(struct axvm_vm *vm);
void arm64_clean_to_memory(void *start, size_t size);

/* arm64/vhe.c: the world switch of a host that runs at EL2 */
void arm64_vhe_open(struct arm64_vcpu *v);
void arm64_vhe_close(struct arm64_vcpu *v);
void arm64_vhe_load(struct arm64_vcpu *v, bool stayed);
bool arm64_vhe_undisturbed(const struct arm64_vcpu *v);
void arm64_vhe_put(struct arm64_vcpu *v);
void arm64_vhe_reload(struct arm64_vcpu *v);

/* arm64/nvhe.c: the same on a host at EL1, and EL2's own life there */
#define ARM64_HOLDER_STUB	0	/* nobody, or we */
#define ARM64_HOLDER_KVM	1
#define ARM64_HOLDER_NONE	2	/* out of reach */
void arm64_nvhe_open(struct arm64_vcpu *v);
void arm64_nvhe_enter(struct arm64_vcpu *v);
void arm64_nvhe_close(struct arm64_vcpu *v);
void arm64_nvhe_load(struct arm64_vcpu *v);
void arm64_nvhe_put(struct arm64_vcpu *v);
int arm64_nvhe_vcpu_init(struct arm64_vcpu *v);
void arm64_nvhe_vcpu_destroy(struct arm64_vcpu *v);
int arm64_nvhe_init(void);
void arm64_nvhe_exit(void);
void arm64_nvhe_take(void);
void arm64_nvhe_give_back(void);
int arm64_nvhe_holder(void);

/* arm64/entry.S */
u32 arm64_enter(struct axvm_arm64_regs *regs, u64 vbar, u64 mitigate, u64 *disr);
void arm64_fp_save(struct user_fpsimd_state *fp);
void arm64_fp_load(const struct user_fpsimd_state *fp);

/* arm64/fpsimd.c */
bool arm64_fp_enter(struct arm64_vcpu *v);
void arm64_fp_leave(struct arm64_vcpu *v);
void arm64_fp_prepare(void);

/* arm64/mitigations.c */
u64 arm64_mitigation(void);

/* arm64/exits.c: AXVM_RUN_EXIT: @exit is filled; AXVM_RUN_HANDLED: enter again; an errno */
#define ARM64_LATER	16	/* ask arm64_handle_exit() after the window */
int arm64_answer_exit(struct arm64_vcpu *v, struct axvm_exit *exit);
int arm64_handle_exit(struct arm64_vcpu *v, struct axvm_exit *exit);
int arm64_mmio_decode(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/* arm64/sysreg.c */
int arm64_sysreg_trap(struct arm64_vcpu *v, struct axvm_exit *exit, bool may_sleep);
int arm64_get_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 *value);
int arm64_set_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 value);

/* arm64/idregs.c */
void arm64_id_setup(void);
bool arm64_id_read(u32 reg, u64 *value);

/* arm64/debug.c */
bool arm64_debug_read(struct arm64_vcpu *v, u32 reg, u64 *value);
bool arm64_debug_write(struct arm64_vcpu *v, u32 reg, u64 value);
void arm64_debug_enter(struct arm64_vcpu *v);
void arm64_debug_leave(struct arm64_vcpu *v);

/* arm64/hardware.c */
int arm64_probe(struct axvm_reason *why);
int arm64_hw_get(struct axvm_reason *why);
void arm64_hw_put(void);
int arm64_hardware_init(void);
void arm64_hardware_exit(void);
asmlinkage void __noreturn arm64_panic(u64 esr, u64 elr, u64 far);

/* arm64/vcpu.c */
int arm64_vcpu_init(struct axvm_vcpu *vcpu);
void arm64_vcpu_destroy(struct axvm_vcpu *vcpu);
void arm64_vcpu_reset(struct axvm_vcpu *vcpu);
int arm64_get_regs(struct axvm_vcpu *vcpu, void *buf);
int arm64_set_regs(struct axvm_vcpu *vcpu, const void *buf);
int arm64_get_fpu(struct axvm_vcpu *vcpu, void *buf);
int arm64_set_fpu(struct axvm_vcpu *vcpu, const void *buf);

#endif /* AXVM_ARM64_EL2_H */
