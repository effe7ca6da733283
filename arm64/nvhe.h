/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a host at EL1 (arm64/nvhe.c) and our code at EL2 (arm64/nvhe_entry.S,
 * arm64/nvhe_switch.c): hypercalls, and one page per vCPU.
 *
 * At EL2 only what is mapped there exists: the code, and these pages, all at their
 * physical addresses.
 */
#ifndef AXVM_ARM64_NVHE_H
#define AXVM_ARM64_NVHE_H

/* HVC #0 with one of these in X0. Smaller numbers are the kernel's hyp stub's (asm/virt.h). */
#define HYP_RUN		0x100	/* X1: the page of a vCPU; X0: ARM64_EXIT_* */
#define HYP_OFFSET	0x101	/* X1: CNTVOFF_EL2 */
#define HYP_FORGET	0x102	/* EL2's translations of what was unmapped */
#define HYP_GIVE_BACK	0x103	/* the stub again */

/* struct arm64_hyp; checked in arm64/nvhe.c */
#define HYP_MITIGATE	304
#define HYP_PAGE_SIZE	4096

#ifndef __ASSEMBLY__
#include "context.h"
#include "el2.h"
#include "fault.h"
#include "gic.h"

/**
 * struct arm64_hyp_traps - registers of EL2 that say what traps, and whose translation it is
 * @hcr: HCR_EL2
 * @cptr: CPTR_EL2
 * @mdcr: MDCR_EL2
 * @hstr: HSTR_EL2
 * @cnthctl: CNTHCTL_EL2
 * @vttbr: VTTBR_EL2; 0 for the host, whose own translations have VMID 0
 * @vtcr: VTCR_EL2
 * @vpidr: VPIDR_EL2
 * @vmpidr: VMPIDR_EL2
 * @hcrx: HCRX_EL2
 * @hfg: HFGRTR, HFGWTR, HFGITR, HDFGRTR, HDFGWTR _EL2
 */
struct arm64_hyp_traps {
	u64 hcr;
	u64 cptr;
	u64 mdcr;
	u64 hstr;
	u64 cnthctl;
	u64 vttbr;
	u64 vtcr;
	u64 vpidr;
	u64 vmpidr;
	u64 hcrx;
	u64 hfg[5];
};

/**
 * struct arm64_hyp - a vCPU as EL2 sees it; its page's other end is EL2's stack
 * @regs: general registers of the guest
 * @mitigate: arm64_mitigation()
 * @guest: registers of EL1 and EL0
 * @host: those of the host
 * @guest_traps: to run with
 * @host_traps: as they were
 * @fault: the last exit
 * @gic: CPU interface
 * @flush: drop the translations of the VMID on this CPU first
 * @fp: V0 to V31 are the guest's
 * @has_fgt: FEAT_FGT
 * @has_hcx: FEAT_HCX
 * @has_ras: FEAT_RAS
 */
struct arm64_hyp {
	struct axvm_arm64_regs regs;
	u64 mitigate;
	u64 guest[ARM64_NR_EL1];
	u64 host[ARM64_NR_EL1];
	struct arm64_hyp_traps guest_traps;
	struct arm64_hyp_traps host_traps;
	struct arm64_fault fault;
	struct arm64_gic_hw gic;
	bool flush;
	bool fp;
	bool has_fgt;
	bool has_hcx;
	bool has_ras;
};

/* arm64/nvhe_entry.S, nvhe_switch.c, nvhe_end.S: one piece of code, copied to where EL2 runs it */
extern char arm64_hyp_start[], arm64_hyp_stub[], arm64_hyp_end[];
void arm64_hyp_to_guest(struct arm64_hyp *hyp);
void arm64_hyp_to_host(struct arm64_hyp *hyp, u64 code);

#endif /* __ASSEMBLY__ */
#endif /* AXVM_ARM64_NVHE_H */
