// SPDX-License-Identifier: GPL-2.0
/*
 * The ID registers of a guest: what all CPUs of the host have, and this backend can give.
 *
 * A table of allowed fields, each with the largest value we know how to serve; everything
 * else reads as zero, "not implemented" in nearly every field (ARM DDI 0487 D19.1.3). They
 * trap by HCR_EL2.TID3. Owns: the computed values, constant after arm64_id_setup().
 *
 * Hidden on purpose: SVE, SME, tags, pointer authentication, PMU, trace, profiling, activity
 * monitors, RAS, AArch32, EL2 and EL3, and what needs HCRX_EL2 or fine-grained traps to be enabled.
 */
#include <linux/kernel.h>
#include <asm/cpufeature.h>

#include "el2.h"

/* A field of 4 bits; "none" is 0xf in signed fields, which must come through as it is */
struct field {
	u8 shift;
	u8 most;
	bool is_signed;
};

#define NR_FIELDS	16

struct id_reg {
	u32 reg;
	u64 fixed;
	struct field fields[NR_FIELDS];
};

#define F(shift, most)		{ shift, most, false }
#define S(shift, most)		{ shift, most, true }

static const struct id_reg id_regs[] = {
	{ SYS_ID_AA64PFR0_EL1, 0x11, {	/* EL0, EL1: AArch64 only */
		S(16, 1),	/* FP */
		S(20, 1),	/* AdvSIMD */
		F(24, 1),	/* GIC: system registers of GICv3 */
		F(48, 1),	/* DIT */
		F(56, 1),	/* CSV2 */
		F(60, 1),	/* CSV3 */
	} },
	{ SYS_ID_AA64PFR1_EL1, 0, {
		F(0, 1),	/* BT */
		F(4, 2),	/* SSBS */
	} },
	{ SYS_ID_AA64DFR0_EL1, 0, {
		F(0, 8),	/* DebugVer */
		F(12, 15),	/* BRPs */
		F(20, 15),	/* WRPs */
		F(28, 15),	/* CTX_CMPs */
	} },
	{ SYS_ID_AA64ISAR0_EL1, 0, {
		F(4, 2),	/* AES */
		F(8, 1),	/* SHA1 */
		F(12, 2),	/* SHA2 */
		F(16, 1),	/* CRC32 */
		F(20, 2),	/* Atomic */
		F(28, 1),	/* RDM */
		F(32, 1),	/* SHA3 */
		F(36, 1),	/* SM3 */
		F(40, 1),	/* SM4 */
		F(44, 1),	/* DP */
		F(48, 1),	/* FHM */
		F(52, 2),	/* TS */
		F(56, 2),	/* TLB */
		F(60, 1),	/* RNDR */
	} },
	{ SYS_ID_AA64ISAR1_EL1, 0, {
		F(0, 2),	/* DPB */
		F(12, 1),	/* JSCVT */
		F(16, 1),	/* FCMA */
		F(20, 2),	/* LRCPC */
		F(32, 1),	/* FRINTTS */
		F(36, 1),	/* SB */
		F(40, 1),	/* SPECRES */
		F(44, 1),	/* BF16 */
		F(48, 1),	/* DGH */
		F(52, 1),	/* I8MM */
	} },
	{ SYS_ID_AA64ISAR2_EL1, 0, {
		F(28, 1),	/* CLRBHB */
	} },
	{ SYS_ID_AA64MMFR0_EL1, 0, {
		F(4, 2),	/* ASIDBits */
		F(20, 1),	/* TGran16 */
		S(24, 0),	/* TGran64 */
		S(28, 0),	/* TGran4 */
	} },
	{ SYS_ID_AA64MMFR1_EL1, 0, {
		F(0, 2),	/* HAFDBS */
		F(12, 2),	/* HPDS */
		F(20, 3),	/* PAN */
		F(36, 2),	/* ETS */
		F(60, 1),	/* ECBHB */
	} },
	{ SYS_ID_AA64MMFR2_EL1, 0, {
		F(4, 1),	/* UAO */
		F(8, 1),	/* LSM */
		F(12, 1),	/* IESB */
		F(16, 1),	/* VARange */
		F(20, 1),	/* CCIDX */
		F(28, 1),	/* ST */
		F(32, 1),	/* AT */
		F(48, 1),	/* TTL */
		F(52, 2),	/* BBM */
		F(60, 1),	/* E0PD */
	} },
};

static u64 id_values[ARRAY_SIZE(id_regs)];

static u64 limit(const struct field *field, u64 host)
{
	u64 value = host >> field->shift & 0xf;

	if (field->is_signed && value >= 8)
		return value << field->shift;
	return min_t(u64, value, field->most) << field->shift;
}

static u64 compute(const struct id_reg *id)
{
	u64 host = read_sanitised_ftr_reg(id->reg), value = id->fixed;
	unsigned int i;

	for (i = 0; i < NR_FIELDS; i++)
		value |= limit(&id->fields[i], host);
	return value;
}

/**
 * arm64_id_setup() - once at module load, after arm64_s2_setup()
 */
void arm64_id_setup(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(id_regs); i++) {
		id_values[i] = compute(&id_regs[i]);
		/* PARange is the reach of stage 2, not the host's. */
		if (id_regs[i].reg == SYS_ID_AA64MMFR0_EL1)
			id_values[i] |= arm64_vtcr >> VTCR_EL2_PS_SHIFT & 7;
	}
}

/**
 * arm64_id_read() - MRS of an ID register
 * @reg: SYS_* encoding
 * @value: its value
 *
 * All of op0 3, op1 0, CRn 0, CRm 1 to 7 are ID registers, named or reserved, and the reserved
 * ones read as zero (D23.3.1).
 *
 * Return: false: not an ID register.
 */
bool arm64_id_read(u32 reg, u64 *value)
{
	unsigned int i;

	if (sys_reg_Op0(reg) != 3 || sys_reg_Op1(reg) || sys_reg_CRn(reg) || !sys_reg_CRm(reg) ||
	    sys_reg_CRm(reg) > 7)
		return false;
	*value = 0;
	for (i = 0; i < ARRAY_SIZE(id_regs); i++)
		if (id_regs[i].reg == reg)
			*value = id_values[i];
	return true;
}
