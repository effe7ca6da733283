// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/sysreg.c, idregs.c and debug.c: what a guest reads in ID registers, and what it may
 * do to the registers that trap. They are part of this module; the rest is played here.
 */
#include "fixture.h"

#include "../arm64/debug.c"
#include "../arm64/idregs.c"
#include "../arm64/sysreg.c"

/* VTCR_EL2.PS: 44 bits */
u64 arm64_vtcr = 4ULL << 16;

static unsigned int set_ways;
static u64 sgi;

void arm64_s2_set_way(struct axvm_vm *vm)
{
	set_ways++;
}

int arm64_timer_read(struct axvm_vcpu *vcpu, u64 reg, u64 *value)
{
	*value = reg;
	return 0;
}

int arm64_timer_write(struct axvm_vcpu *vcpu, u64 reg, u64 value)
{
	return 0;
}

void arm64_gic_sgi(struct axvm_vcpu *vcpu, u32 group, u64 value)
{
	sgi = value << 1 | group;
}

void arm64_gic_dir(struct axvm_vcpu *vcpu, u64 value)
{
}

struct state {
	struct axvm_vcpu vcpu;
	struct arm64_vcpu v;
};

static int sysreg_init(struct kunit *test)
{
	struct state *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->vcpu.backend = &t->v;
	t->v.vcpu = &t->vcpu;
	t->vcpu.arch.mpidr = 0x80000003;
	test->priv = t;
	arm64_id_setup();
	return 0;
}

/* As the CPU reports MRS or MSR with @rt (ARM DDI 0487 D19.2.37, ISS of EC 0x18) */
static int trap_as(struct state *t, u32 reg, unsigned int rt, bool read, struct axvm_exit *exit)
{
	t->v.fault.esr = (u64)ESR_ELx_EC_SYS64 << ESR_ELx_EC_SHIFT |
			 sys_reg_Op0(reg) << 20 | sys_reg_Op2(reg) << 17 | sys_reg_Op1(reg) << 14 |
			 sys_reg_CRn(reg) << 10 | rt << 5 | sys_reg_CRm(reg) << 1 | read;
	return arm64_sysreg_trap(&t->v, exit, true);
}

static void sysreg_rows_are_sorted(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(traps); i++)
		KUNIT_EXPECT_LT(test, traps[i - 1].reg, traps[i].reg);
}

/* Register, shift, and what a field of 4 bits must be whatever the host has */
static const struct {
	u32 reg;
	u8 shift;
	u8 value;
} hidden[] = {
	{ SYS_ID_AA64PFR0_EL1, 0, 1 }, { SYS_ID_AA64PFR0_EL1, 4, 1 },	/* AArch64 only */
	{ SYS_ID_AA64PFR0_EL1, 8, 0 }, { SYS_ID_AA64PFR0_EL1, 12, 0 },	/* EL2, EL3 */
	{ SYS_ID_AA64PFR0_EL1, 28, 0 }, { SYS_ID_AA64PFR0_EL1, 32, 0 },	/* RAS, SVE */
	{ SYS_ID_AA64PFR0_EL1, 40, 0 }, { SYS_ID_AA64PFR0_EL1, 44, 0 },	/* MPAM, AMU */
	{ SYS_ID_AA64PFR1_EL1, 8, 0 }, { SYS_ID_AA64PFR1_EL1, 24, 0 },	/* MTE, SME */
	{ SYS_ID_AA64DFR0_EL1, 8, 0 }, { SYS_ID_AA64DFR0_EL1, 32, 0 },	/* PMU, SPE */
	{ SYS_ID_AA64DFR0_EL1, 4, 0 }, { SYS_ID_AA64DFR0_EL1, 44, 0 },	/* trace */
	{ SYS_ID_AA64ISAR1_EL1, 4, 0 }, { SYS_ID_AA64ISAR1_EL1, 8, 0 },	/* APA, API */
	{ SYS_ID_AA64ISAR1_EL1, 24, 0 }, { SYS_ID_AA64ISAR1_EL1, 28, 0 },	/* GPA, GPI */
	{ SYS_ID_AA64MMFR0_EL1, 0, 4 },					/* PARange: stage 2's */
	{ SYS_ID_AA64MMFR1_EL1, 4, 0 }, { SYS_ID_AA64MMFR1_EL1, 8, 0 },	/* VMIDBits, VH */
	{ SYS_ID_AA64MMFR2_EL1, 0, 0 },					/* CnP */
};

static void sysreg_what_is_hidden(struct kunit *test)
{
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		KUNIT_EXPECT_TRUE(test, arm64_id_read(hidden[i].reg, &value));
		KUNIT_EXPECT_EQ_MSG(test, value >> hidden[i].shift & 0xf, hidden[i].value,
				    "row %u", i);
	}
	/* Reserved ones read as zero; others are no ID registers. */
	KUNIT_EXPECT_TRUE(test, arm64_id_read(sys_reg(3, 0, 0, 7, 7), &value));
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_FALSE(test, arm64_id_read(SYS_SCTLR_EL1, &value));
	KUNIT_EXPECT_FALSE(test, arm64_id_read(SYS_MIDR_EL1, &value));
}

static void sysreg_traps(struct kunit *test)
{
	struct state *t = test->priv;
	struct axvm_arm64_regs *regs = &t->vcpu.arch.regs;
	struct axvm_exit exit;

	regs->x[3] = 7;
	regs->pc = 0x1000;
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_ACTLR_EL1, 3, true, &exit), AXVM_RUN_HANDLED);
	KUNIT_EXPECT_EQ(test, regs->x[3], 0);
	KUNIT_EXPECT_EQ(test, regs->pc, 0x1004);
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_DC_CISW, 3, false, &exit), AXVM_RUN_HANDLED);
	KUNIT_EXPECT_EQ(test, set_ways, 1);
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_CNTPCT_EL0, 4, true, &exit), AXVM_RUN_HANDLED);
	KUNIT_EXPECT_EQ(test, regs->x[4], SYS_CNTPCT_EL0);
	/* Register 31 is none. */
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_ID_AA64PFR0_EL1, 31, true, &exit), AXVM_RUN_HANDLED);
	/* What nobody here knows is a device's, perhaps; the PC stays. */
	regs->pc = 0x1000;
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_PMCR_EL0, 5, true, &exit), AXVM_RUN_EXIT);
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_SYSREG_READ);
	KUNIT_EXPECT_EQ(test, exit.addr, SYS_PMCR_EL0);
	KUNIT_EXPECT_EQ(test, exit.reg, 5);
	KUNIT_EXPECT_EQ(test, regs->pc, 0x1000);
	/* Without a GIC its registers are undefined. */
	KUNIT_EXPECT_EQ(test, trap_as(t, SYS_ICC_SGI1R_EL1, 3, false, &exit), AXVM_RUN_EXIT);
	KUNIT_EXPECT_EQ(test, sgi, 0);
}

static void sysreg_debug(struct kunit *test)
{
	struct state *t = test->priv;
	u64 value;

	KUNIT_EXPECT_TRUE(test, arm64_debug_write(&t->v, SYS_OSLAR_EL1, 1));
	KUNIT_EXPECT_TRUE(test, arm64_debug_read(&t->v, SYS_OSLSR_EL1, &value));
	KUNIT_EXPECT_EQ(test, value, 0xa);
	KUNIT_EXPECT_TRUE(test, arm64_debug_write(&t->v, SYS_MDSCR_EL1, ~0ULL));
	/* The lock holds debug exceptions back. */
	KUNIT_EXPECT_EQ(test, effective_mdscr(&t->v.debug), 0);
	KUNIT_EXPECT_TRUE(test, arm64_debug_write(&t->v, SYS_OSLAR_EL1, 0));
	KUNIT_EXPECT_EQ(test, effective_mdscr(&t->v.debug), 0xb001);
	/* No matching at EL2 (HMC), no linking to VMIDs */
	KUNIT_EXPECT_TRUE(test, arm64_debug_write(&t->v, SYS_DBGBCRn_EL1(0), 0x1e3ff & ~0U));
	KUNIT_EXPECT_TRUE(test, arm64_debug_read(&t->v, SYS_DBGBCRn_EL1(0), &value));
	KUNIT_EXPECT_EQ(test, value & (BIT(13) | GENMASK(15, 14)), 0);
	KUNIT_EXPECT_TRUE(test, arm64_debug_write(&t->v, SYS_DBGBCRn_EL1(0), 8 << 20 | 1));
	KUNIT_EXPECT_TRUE(test, arm64_debug_read(&t->v, SYS_DBGBCRn_EL1(0), &value));
	KUNIT_EXPECT_EQ(test, value, 0);
	/* One more than there are */
	KUNIT_EXPECT_EQ(test, arm64_debug_write(&t->v, SYS_DBGBCRn_EL1(15), 1), nr_brps() == 16);
	KUNIT_EXPECT_FALSE(test, arm64_debug_read(&t->v, sys_reg(2, 3, 7, 7, 7), &value));
}

static void sysreg_from_outside(struct kunit *test)
{
	struct state *t = test->priv;
	u64 value;

	KUNIT_EXPECT_EQ(test, arm64_set_sysreg(&t->vcpu, SYS_TTBR0_EL1, 0x1234), 0);
	KUNIT_EXPECT_EQ(test, arm64_get_sysreg(&t->vcpu, SYS_TTBR0_EL1, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x1234);
	KUNIT_EXPECT_EQ(test, t->vcpu.arch.el1[ARM64_TTBR0], 0x1234);
	KUNIT_EXPECT_EQ(test, arm64_get_sysreg(&t->vcpu, SYS_MPIDR_EL1, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x80000003);
	/* Read-only: the same value or none */
	KUNIT_EXPECT_EQ(test, arm64_set_sysreg(&t->vcpu, SYS_MPIDR_EL1, value), 0);
	KUNIT_EXPECT_EQ(test, arm64_set_sysreg(&t->vcpu, SYS_MPIDR_EL1, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_set_sysreg(&t->vcpu, SYS_ID_AA64PFR0_EL1, ~0ULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_get_sysreg(&t->vcpu, SYS_PMCR_EL0, &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_get_sysreg(&t->vcpu, 1ULL << 40, &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, arm64_get_sysreg(&t->vcpu, SYS_TTBR0_EL1 | 1, &value), -ENOENT);
}

static struct kunit_case sysreg_cases[] = {
	KUNIT_CASE(sysreg_rows_are_sorted),
	KUNIT_CASE(sysreg_what_is_hidden),
	KUNIT_CASE(sysreg_traps),
	KUNIT_CASE(sysreg_debug),
	KUNIT_CASE(sysreg_from_outside),
	{}
};

static struct kunit_suite sysreg_suite = {
	.name = "axvm-arm64-sysreg",
	.init = sysreg_init,
	.test_cases = sysreg_cases,
};

kunit_test_suite(sysreg_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: system registers of arm64");
