/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GICv3: the registers of the virtual CPU interface, ICH_*_EL2 (ARM IHI 0069 12.4), to and
 * from struct arm64_gic_hw. All of it is inline, calls nothing and has no tables, so that it
 * can be part of code that runs at EL2 of an nVHE host, at any address.
 */
#ifndef AXVM_ARM64_GIC_HW_H
#define AXVM_ARM64_GIC_HW_H

#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "gic.h"

/* ICC_SRE_EL2.Enable: EL1 may access ICC_SRE_EL1. 12.2.24 */
#define ARM64_SRE_ENABLE	BIT_ULL(3)

/* One row a list register */
#define GIC_HW_LRS(ROW)						\
	ROW(0)	ROW(1)	ROW(2)	ROW(3)	ROW(4)	ROW(5)	ROW(6)	ROW(7)	\
	ROW(8)	ROW(9)	ROW(10)	ROW(11)	ROW(12)	ROW(13)	ROW(14)	ROW(15)

static __always_inline void gic_hw_read_lrs(struct arm64_gic_hw *hw)
{
	u32 used = hw->used;
	u64 lr;

	hw->changed = false;
#define READ_LR(i)						\
	if (used <= (i))					\
		return;						\
	lr = read_sysreg_s(SYS_ICH_LR##i##_EL2);		\
	if (lr != hw->lr[i]) {					\
		hw->changed = true;				\
		hw->lr[i] = lr;					\
	}
	GIC_HW_LRS(READ_LR)
#undef READ_LR
}

/* Those in use; others that may hold something are cleared. */
static __always_inline void gic_hw_write_lrs(struct arm64_gic_hw *hw)
{
	u32 used = hw->used, last = hw->written > used ? hw->written : used;

	hw->written = used;
#define WRITE_LR(i)						\
	if (last <= (i))					\
		return;						\
	write_sysreg_s((i) < used ? hw->lr[i] : 0, SYS_ICH_LR##i##_EL2);
	GIC_HW_LRS(WRITE_LR)
#undef WRITE_LR
}

static __always_inline void gic_hw_clear_lrs(struct arm64_gic_hw *hw)
{
	u32 last = hw->written;

	hw->written = 0;
#define CLEAR_LR(i)						\
	if (last <= (i))					\
		return;						\
	write_sysreg_s(0, SYS_ICH_LR##i##_EL2);
	GIC_HW_LRS(CLEAR_LR)
#undef CLEAR_LR
}

/* What the guest changes of the interface by itself: masks, priorities in progress */
static __always_inline void gic_hw_read_priorities(struct arm64_gic_hw *hw)
{
	hw->vmcr = read_sysreg_s(SYS_ICH_VMCR_EL2);
	hw->ap0r[0] = read_sysreg_s(SYS_ICH_AP0R0_EL2);
	hw->ap1r[0] = read_sysreg_s(SYS_ICH_AP1R0_EL2);
	if (hw->nr_aprs < 2)
		return;
	hw->ap0r[1] = read_sysreg_s(SYS_ICH_AP0R1_EL2);
	hw->ap1r[1] = read_sysreg_s(SYS_ICH_AP1R1_EL2);
	if (hw->nr_aprs < 4)
		return;
	hw->ap0r[2] = read_sysreg_s(SYS_ICH_AP0R2_EL2);
	hw->ap0r[3] = read_sysreg_s(SYS_ICH_AP0R3_EL2);
	hw->ap1r[2] = read_sysreg_s(SYS_ICH_AP1R2_EL2);
	hw->ap1r[3] = read_sysreg_s(SYS_ICH_AP1R3_EL2);
}

static __always_inline void gic_hw_write_priorities(const struct arm64_gic_hw *hw)
{
	write_sysreg_s(hw->vmcr, SYS_ICH_VMCR_EL2);
	write_sysreg_s(hw->ap0r[0], SYS_ICH_AP0R0_EL2);
	write_sysreg_s(hw->ap1r[0], SYS_ICH_AP1R0_EL2);
	if (hw->nr_aprs < 2)
		return;
	write_sysreg_s(hw->ap0r[1], SYS_ICH_AP0R1_EL2);
	write_sysreg_s(hw->ap1r[1], SYS_ICH_AP1R1_EL2);
	if (hw->nr_aprs < 4)
		return;
	write_sysreg_s(hw->ap0r[2], SYS_ICH_AP0R2_EL2);
	write_sysreg_s(hw->ap0r[3], SYS_ICH_AP0R3_EL2);
	write_sysreg_s(hw->ap1r[2], SYS_ICH_AP1R2_EL2);
	write_sysreg_s(hw->ap1r[3], SYS_ICH_AP1R3_EL2);
}

/* EL1 may, or may not, switch its CPU interface from system registers to memory */
static __always_inline void gic_hw_let_sre(bool let)
{
	u64 sre = read_sysreg_s(SYS_ICC_SRE_EL2);

	write_sysreg_s(let ? sre | ARM64_SRE_ENABLE : sre & ~ARM64_SRE_ENABLE, SYS_ICC_SRE_EL2);
}

/* An nVHE host's EL2, right before the guest and right after it */
static __always_inline void gic_hw_enter(struct arm64_gic_hw *hw)
{
	gic_hw_let_sre(false);
	gic_hw_write_priorities(hw);
	gic_hw_write_lrs(hw);
	write_sysreg_s(hw->hcr, SYS_ICH_HCR_EL2);
}

/* Without ICH_HCR_EL2.En there is no maintenance interrupt. */
static __always_inline void gic_hw_leave(struct arm64_gic_hw *hw)
{
	gic_hw_read_priorities(hw);
	gic_hw_read_lrs(hw);
	hw->hcr = read_sysreg_s(SYS_ICH_HCR_EL2);
	write_sysreg_s(0, SYS_ICH_HCR_EL2);
	gic_hw_let_sre(true);
}

#endif /* AXVM_ARM64_GIC_HW_H */
