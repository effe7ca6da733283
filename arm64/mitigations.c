// SPDX-License-Identifier: GPL-2.0
/*
 * What must happen between the guest and the first indirect branch of the host, on the CPU at
 * hand: Spectre v2 (CVE-2017-5715) and Spectre-BHB (CVE-2022-23960), as Arm's "Cache
 * Speculation Side-channels" and "Spectre-BHB" papers ask. arm64/entry.S does it.
 *
 * Decided once per CPU from what the kernel found out about it, and done as far as the kernel
 * does it for itself: not with mitigations=off, and not if it was built without.
 */
#include <linux/arm-smccc.h>
#include <linux/cpu.h>
#include <linux/percpu.h>
#include <asm/cpucaps.h>
#include <asm/cpufeature.h>
#include <asm/cputype.h>

#include "el2.h"

/* The value arm64/entry.S takes: so many branches, or one of these */
#define MITIGATE_FIRMWARE	BIT_ULL(32)	/* the function identifier is in the low bits */
#define MITIGATE_CLRBHB		BIT_ULL(33)
#define MITIGATE_KNOWN		BIT_ULL(63)	/* decided; not for entry.S */

static DEFINE_PER_CPU(u64, mitigation);

/* Branches that overwrite the branch history: "Spectre-BHB", table 1; part number of MIDR_EL1 */
static const struct {
	u16 part;
	u8 branches;
} arm_loops[] = {
	{ ARM_CPU_PART_CORTEX_A57, 8 },
	{ ARM_CPU_PART_CORTEX_A72, 8 },
	{ ARM_CPU_PART_CORTEX_A76, 24 },
	{ ARM_CPU_PART_CORTEX_A77, 24 },
	{ ARM_CPU_PART_NEOVERSE_N1, 24 },
	{ ARM_CPU_PART_CORTEX_A78, 32 },
	{ ARM_CPU_PART_CORTEX_A710, 32 },
	{ ARM_CPU_PART_CORTEX_X1, 32 },
	{ ARM_CPU_PART_CORTEX_X2, 32 },
	{ ARM_CPU_PART_NEOVERSE_N2, 32 },
};

#define BRANCHES_AT_MOST	132

static u64 branch_loop(void)
{
	u32 midr = read_cpuid_id();
	unsigned int i;

	if (MIDR_IMPLEMENTOR(midr) == ARM_CPU_IMP_ARM)
		for (i = 0; i < ARRAY_SIZE(arm_loops); i++)
			if (arm_loops[i].part == MIDR_PARTNUM(midr))
				return arm_loops[i].branches;
	return BRANCHES_AT_MOST;
}

/* Does the firmware have it and does this CPU need it (0)? 1 and errors: no */
static bool firmware_has(u32 function)
{
	struct arm_smccc_res res;

	if (arm_smccc_1_1_get_conduit() != SMCCC_CONDUIT_SMC)
		return false;
	arm_smccc_1_1_smc(ARM_SMCCC_ARCH_FEATURES_FUNC_ID, function, &res);
	return !(s32)res.a0;
}

static u64 decide(void)
{
	bool bhb = IS_ENABLED(CONFIG_MITIGATE_SPECTRE_BRANCH_HISTORY) &&
		   this_cpu_has_cap(ARM64_SPECTRE_BHB);
	bool v2 = this_cpu_has_cap(ARM64_SPECTRE_V2);

	if (cpu_mitigations_off() || (!bhb && !v2))
		return 0;
	/* CLRBHB: ID_AA64ISAR2_EL1 31:28 */
	if (bhb && read_sysreg_s(SYS_ID_AA64ISAR2_EL1) >> 28 & 0xf)
		return MITIGATE_CLRBHB;
	if (firmware_has(ARM_SMCCC_ARCH_WORKAROUND_3))
		return MITIGATE_FIRMWARE | ARM_SMCCC_ARCH_WORKAROUND_3;
	if (v2 && firmware_has(ARM_SMCCC_ARCH_WORKAROUND_1))
		return MITIGATE_FIRMWARE | ARM_SMCCC_ARCH_WORKAROUND_1;
	return bhb ? branch_loop() : 0;
}

/**
 * arm64_mitigation() - what to do after each exit on this CPU
 *
 * Context: preemption off.
 * Return: for arm64_enter().
 */
u64 arm64_mitigation(void)
{
	u64 value = __this_cpu_read(mitigation);

	if (unlikely(!value)) {
		value = decide() | MITIGATE_KNOWN;
		__this_cpu_write(mitigation, value);
	}
	return value & ~MITIGATE_KNOWN;
}
