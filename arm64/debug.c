// SPDX-License-Identifier: GPL-2.0
/*
 * Debug registers of a guest (ARM DDI 0487 D2, H9; traps by MDCR_EL2.TDA, TDRA, TDOSA).
 *
 * All accesses trap, so the host's breakpoints stay hidden and the guest's stay out of the
 * host. What the guest set up works in its own code: MDSCR_EL1 is switched in the window, the
 * breakpoint registers too while MDSCR_EL1.MDE lets them do anything.
 *
 * Locks: none; the vCPU's own thread.
 */
#include <asm/cpufeature.h>
#include <asm/debug-monitors.h>

#include "el2.h"

/* Bits of MDSCR_EL1 that mean something without an external debugger (D19.3.20) */
#define MDSCR_SS	BIT_ULL(0)
#define MDSCR_KDE	BIT_ULL(13)
#define MDSCR_MDE	BIT_ULL(15)
#define MDSCR_GUEST	(MDSCR_SS | BIT_ULL(12) | MDSCR_KDE | MDSCR_MDE)

/*
 * DBGBCR, DBGWCR: no linking to contexts of EL2, no security state but the present one, and no
 * matching at EL2 (HMC, SSC) (D19.3.2, D19.3.11).
 */
#define BCR_GUEST	(BIT_ULL(0) | GENMASK_ULL(2, 1) | GENMASK_ULL(8, 5) | \
			 GENMASK_ULL(19, 16) | GENMASK_ULL(22, 20))
#define WCR_GUEST	(GENMASK_ULL(12, 0) | GENMASK_ULL(19, 16) | BIT_ULL(20) | \
			 GENMASK_ULL(28, 24))

/* BT: types that compare a VMID or CONTEXTIDR_EL2 are none of the guest's */
static u64 bcr_value(u64 value)
{
	return (value >> 20 & 0xf) > 3 ? 0 : value & BCR_GUEST;
}

static unsigned int nr_brps(void)
{
	return (read_sanitised_ftr_reg(SYS_ID_AA64DFR0_EL1) >> 12 & 0xf) + 1;
}

static unsigned int nr_wrps(void)
{
	return (read_sanitised_ftr_reg(SYS_ID_AA64DFR0_EL1) >> 20 & 0xf) + 1;
}

/* --- traps --------------------------------------------------------------------------------- */

/* DBGB{V,C}R<n>, DBGW{V,C}R<n>: op0 2, op1 0, CRn 0, CRm n, op2 4 to 7. NULL: there is none */
static u64 *breakpoint(struct arm64_vcpu *v, u32 reg)
{
	unsigned int n = sys_reg_CRm(reg);

	if (sys_reg_Op1(reg) || sys_reg_CRn(reg))
		return NULL;
	switch (sys_reg_Op2(reg)) {
	case 4:
		return n < nr_brps() ? &v->debug.bvr[n] : NULL;
	case 5:
		return n < nr_brps() ? &v->debug.bcr[n] : NULL;
	case 6:
		return n < nr_wrps() ? &v->debug.wvr[n] : NULL;
	case 7:
		return n < nr_wrps() ? &v->debug.wcr[n] : NULL;
	}
	return NULL;
}

#define OSLSR_IMPLEMENTED	BIT_ULL(3)	/* OSLM: 0b10 */
#define OSLSR_LOCKED		BIT_ULL(1)

/**
 * arm64_debug_read() - MRS of a register with op0 2
 * @v: the vCPU
 * @reg: which
 * @value: its value
 *
 * Return: false: UNDEFINED.
 */
bool arm64_debug_read(struct arm64_vcpu *v, u32 reg, u64 *value)
{
	u64 *bp = breakpoint(v, reg);

	*value = 0;
	if (bp) {
		*value = *bp;
		return true;
	}
	switch (reg) {
	case SYS_MDSCR_EL1:
		*value = v->debug.mdscr;
		return true;
	case SYS_MDCCINT_EL1:
		*value = v->debug.mdccint;
		return true;
	case SYS_OSLSR_EL1:
		*value = OSLSR_IMPLEMENTED | (v->debug.os_lock ? OSLSR_LOCKED : 0);
		return true;
	case SYS_DBGCLAIMSET_EL1:
		*value = 0xff;
		return true;
	case SYS_DBGCLAIMCLR_EL1:
		*value = v->debug.claim;
		return true;
	case SYS_MDRAR_EL1:
	case SYS_OSDLR_EL1:
	case SYS_DBGPRCR_EL1:
	case SYS_DBGAUTHSTATUS_EL1:
	case SYS_OSDTRRX_EL1:
	case SYS_OSDTRTX_EL1:
	case SYS_OSECCR_EL1:
	case SYS_MDCCSR_EL0:
	case SYS_DBGDTR_EL0:
	case SYS_DBGDTRRX_EL0:
		return true;
	}
	return false;
}

static bool write_breakpoint(struct arm64_vcpu *v, u32 reg, u64 value)
{
	u64 *bp = breakpoint(v, reg);

	if (!bp)
		return false;
	switch (sys_reg_Op2(reg)) {
	case 5:
		value = bcr_value(value);
		break;
	case 7:
		value &= WCR_GUEST;
		break;
	}
	*bp = value;
	return true;
}

/**
 * arm64_debug_write() - MSR to a register with op0 2
 * @v: the vCPU
 * @reg: which
 * @value: what is written
 *
 * Return: false: UNDEFINED.
 */
bool arm64_debug_write(struct arm64_vcpu *v, u32 reg, u64 value)
{
	if (write_breakpoint(v, reg, value))
		return true;
	switch (reg) {
	case SYS_MDSCR_EL1:
		v->debug.mdscr = value & MDSCR_GUEST;
		return true;
	case SYS_MDCCINT_EL1:
		v->debug.mdccint = value & GENMASK_ULL(30, 29);
		return true;
	case SYS_OSLAR_EL1:
		v->debug.os_lock = value & 1;
		return true;
	case SYS_DBGCLAIMSET_EL1:
		v->debug.claim |= value;
		return true;
	case SYS_DBGCLAIMCLR_EL1:
		v->debug.claim &= ~value;
		return true;
	case SYS_OSDLR_EL1:
	case SYS_DBGPRCR_EL1:
	case SYS_OSDTRRX_EL1:
	case SYS_OSDTRTX_EL1:
	case SYS_OSECCR_EL1:
	case SYS_DBGDTR_EL0:
	case SYS_DBGDTRTX_EL0:
		return true;
	}
	return false;
}

/* --- the window ---------------------------------------------------------------------------- */

/* A register's number is part of the instruction: all pairs of them up to number @n */
#define FOR_EACH_PAIR(ACCESS, n)	do {	\
	ACCESS(0, n);	ACCESS(1, n);		\
	ACCESS(2, n);	ACCESS(3, n);		\
	ACCESS(4, n);	ACCESS(5, n);		\
	ACCESS(6, n);	ACCESS(7, n);		\
	ACCESS(8, n);	ACCESS(9, n);		\
	ACCESS(10, n);	ACCESS(11, n);		\
	ACCESS(12, n);	ACCESS(13, n);		\
	ACCESS(14, n);	ACCESS(15, n);		\
} while (0)

static void save_breakpoints(struct arm64_debug *to, unsigned int nr)
{
#define SAVE_PAIR(i, n) { if ((n) <= (i)) return; \
		to->bvr[i] = read_sysreg_s(SYS_DBGBVRn_EL1(i)); \
		to->bcr[i] = read_sysreg_s(SYS_DBGBCRn_EL1(i)); }
	FOR_EACH_PAIR(SAVE_PAIR, nr);
#undef SAVE_PAIR
}

static void save_watchpoints(struct arm64_debug *to, unsigned int nr)
{
#define SAVE_PAIR(i, n) { if ((n) <= (i)) return; \
		to->wvr[i] = read_sysreg_s(SYS_DBGWVRn_EL1(i)); \
		to->wcr[i] = read_sysreg_s(SYS_DBGWCRn_EL1(i)); }
	FOR_EACH_PAIR(SAVE_PAIR, nr);
#undef SAVE_PAIR
}

static void load_breakpoints(const struct arm64_debug *from, unsigned int nr)
{
#define LOAD_PAIR(i, n) { if ((n) <= (i)) return; \
		write_sysreg_s(from->bvr[i], SYS_DBGBVRn_EL1(i)); \
		write_sysreg_s(from->bcr[i], SYS_DBGBCRn_EL1(i)); }
	FOR_EACH_PAIR(LOAD_PAIR, nr);
#undef LOAD_PAIR
}

static void load_watchpoints(const struct arm64_debug *from, unsigned int nr)
{
#define LOAD_PAIR(i, n) { if ((n) <= (i)) return; \
		write_sysreg_s(from->wvr[i], SYS_DBGWVRn_EL1(i)); \
		write_sysreg_s(from->wcr[i], SYS_DBGWCRn_EL1(i)); }
	FOR_EACH_PAIR(LOAD_PAIR, nr);
#undef LOAD_PAIR
}

static noinline void load_all(const struct arm64_debug *from)
{
	load_breakpoints(from, nr_brps());
	load_watchpoints(from, nr_wrps());
}

static noinline void save_all(struct arm64_debug *to)
{
	save_breakpoints(to, nr_brps());
	save_watchpoints(to, nr_wrps());
}

/* The OS lock holds all debug exceptions back but those of BRK (D2.2.3). */
static u64 effective_mdscr(const struct arm64_debug *debug)
{
	return debug->os_lock ? 0 : debug->mdscr;
}

/**
 * arm64_debug_enter() - the guest's debug registers into the CPU, as far as they matter
 * @v: the vCPU
 *
 * Context: all exceptions masked.
 */
void arm64_debug_enter(struct arm64_vcpu *v)
{
	u64 mdscr = effective_mdscr(&v->debug);

	v->host.mdscr = read_sysreg(mdscr_el1);
	if (likely(v->host.mdscr == mdscr && !mdscr))
		return;
	write_sysreg(mdscr, mdscr_el1);
	if (likely(!(mdscr & MDSCR_MDE)))
		return;
	save_all(&v->host.debug);
	load_all(&v->debug);
}

/**
 * arm64_debug_leave() - the host's again
 * @v: the vCPU
 *
 * Context: all exceptions masked.
 */
void arm64_debug_leave(struct arm64_vcpu *v)
{
	u64 mdscr = effective_mdscr(&v->debug);

	if (likely(v->host.mdscr == mdscr && !mdscr))
		return;
	if (unlikely(mdscr & MDSCR_MDE))
		load_all(&v->host.debug);
	write_sysreg(v->host.mdscr, mdscr_el1);
}
