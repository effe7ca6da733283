// SPDX-License-Identifier: GPL-2.0
/*
 * Calls by HVC and SMC, by the SMC Calling Convention 1.1 (DEN0028): the guest finds out
 * about its firmware, and there it is us. PSCI is arm64/psci.c; here are the rest:
 * workarounds for CPU bugs, random numbers (DEN0098), and hypercalls.
 *
 * Nothing is passed on to the host's firmware as it is. A workaround that the host's
 * firmware has is run for a guest that asks for it: it takes no arguments.
 *
 * Locks: none.
 */
#include <linux/random.h>

#include <asm/cpufeature.h>

#include "psci.h"
#include "smccc.h"

/* Calls of the standard service owner: numbers of PSCI (DEN0022 5.1) and of TRNG (DEN0098 2) */
#define PSCI_LAST		0x1f
#define TRNG_FIRST		0x50
#define TRNG_LAST		0x5f

#define TRNG_VERSION_1_0	0x10000
#define TRNG_INVALID_PARAMETERS	(-2)
#define TRNG_NO_ENTROPY		(-3)

/* DEN0028 2.5: bits that a fast call must have zero */
#define SMCCC_RESERVED		GENMASK(23, 16)

/* General service queries of each owner (DEN0028 6.2): count, UID, revision */
#define SMCCC_QUERY_FIRST	0xff00

/* --- the architecture's calls ---------------------------------------------------------- */

/**
 * struct workaround - a call that works around a CPU's bug
 * @id: function identifier
 * @capability: set in a kernel that runs on such CPUs
 * @callable: the call has no arguments and no state: it can be run for a guest
 */
struct workaround {
	u32 id;
	unsigned int capability;
	bool callable;
};

static const struct workaround workarounds[] = {
	{ ARM_SMCCC_ARCH_WORKAROUND_1, ARM64_SPECTRE_V2, true },
	{ ARM_SMCCC_ARCH_WORKAROUND_2, ARM64_SPECTRE_V4, false },
	{ ARM_SMCCC_ARCH_WORKAROUND_3, ARM64_SPECTRE_BHB, true },
};

static const struct workaround *find_workaround(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(workarounds); i++)
		if (workarounds[i].id == id)
			return &workarounds[i];
	return NULL;
}

static bool firmware_has(u32 id)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_invoke(ARM_SMCCC_ARCH_FEATURES_FUNC_ID, id, &res);
	return (s32)res.a0 == SMCCC_RET_SUCCESS;
}

static s32 arch_feature(u32 id)
{
	const struct workaround *w = find_workaround(id);

	if (id == ARM_SMCCC_VERSION_FUNC_ID || id == ARM_SMCCC_ARCH_FEATURES_FUNC_ID)
		return SMCCC_RET_SUCCESS;
	if (!w)
		return SMCCC_RET_NOT_SUPPORTED;
	if (!cpus_have_cap(w->capability))
		return SMCCC_ARCH_WORKAROUND_RET_UNAFFECTED;
	return w->callable && firmware_has(id) ? SMCCC_RET_SUCCESS : SMCCC_RET_NOT_SUPPORTED;
}

/* A guest that asks for a workaround that it was not offered gets the answer to any other. */
static s32 run_workaround(u32 id)
{
	const struct workaround *w = find_workaround(id);

	if (!w || !w->callable || !cpus_have_cap(w->capability) || !firmware_has(id))
		return SMCCC_RET_NOT_SUPPORTED;
	arm_smccc_1_1_invoke(id, NULL);
	return SMCCC_RET_SUCCESS;
}

static int arch_call(struct axvm_vcpu *vcpu)
{
	const u64 *x = vcpu->arch.regs.x;

	switch ((u32)x[0]) {
	case ARM_SMCCC_VERSION_FUNC_ID:
		return arm64_smccc_return(vcpu, ARM_SMCCC_VERSION_1_1);
	case ARM_SMCCC_ARCH_FEATURES_FUNC_ID:
		return arm64_smccc_return(vcpu, arch_feature(x[1]));
	}
	return arm64_smccc_return(vcpu, run_workaround(x[0]));
}

/* --- random numbers -------------------------------------------------------------------- */

static s32 trng_feature(u32 id)
{
	switch (id) {
	case ARM_SMCCC_TRNG_VERSION:
	case ARM_SMCCC_TRNG_FEATURES:
	case ARM_SMCCC_TRNG_GET_UUID:
	case ARM_SMCCC_TRNG_RND32:
	case ARM_SMCCC_TRNG_RND64:
		return SMCCC_RET_SUCCESS;
	}
	return SMCCC_RET_NOT_SUPPORTED;
}

/* Names this source of entropy: W0 to W3 */
static int trng_uuid(struct axvm_vcpu *vcpu)
{
	static const u32 uuid[] = { 0xe6bebaec, 0xff462cdd, 0xdcee1d9d, 0x30b5b2d9 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uuid); i++)
		vcpu->arch.regs.x[i] = uuid[i];
	return 1;
}

/* The lowest bits in the third register, @width bits each; those not asked for are 0 (2.5) */
static int trng_rnd(struct axvm_vcpu *vcpu, unsigned int width)
{
	u64 *x = vcpu->arch.regs.x;
	u64 left = width == 64 ? x[1] : (u32)x[1];
	unsigned int i, bits;
	u64 random[3];

	if (!left || left > 3 * width)
		return arm64_smccc_return(vcpu, TRNG_INVALID_PARAMETERS);
	if (!rng_is_initialized())
		return arm64_smccc_return(vcpu, TRNG_NO_ENTROPY);
	get_random_bytes(random, sizeof(random));
	for (i = 0; i < ARRAY_SIZE(random); i++) {
		bits = min_t(u64, left, width);
		x[3 - i] = bits ? random[i] & GENMASK_ULL(bits - 1, 0) : 0;
		left -= bits;
	}
	memzero_explicit(random, sizeof(random));
	return arm64_smccc_return(vcpu, SMCCC_RET_SUCCESS);
}

static int trng_call(struct axvm_vcpu *vcpu)
{
	const u64 *x = vcpu->arch.regs.x;

	switch ((u32)x[0]) {
	case ARM_SMCCC_TRNG_VERSION:
		return arm64_smccc_return(vcpu, TRNG_VERSION_1_0);
	case ARM_SMCCC_TRNG_FEATURES:
		return arm64_smccc_return(vcpu, trng_feature(x[1]));
	case ARM_SMCCC_TRNG_GET_UUID:
		return trng_uuid(vcpu);
	case ARM_SMCCC_TRNG_RND32:
		return trng_rnd(vcpu, 32);
	case ARM_SMCCC_TRNG_RND64:
		return trng_rnd(vcpu, 64);
	}
	return arm64_smccc_return(vcpu, SMCCC_RET_NOT_SUPPORTED);
}

/* --- all calls ------------------------------------------------------------------------- */

static int standard_call(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	u32 number = ARM_SMCCC_FUNC_NUM(vcpu->arch.regs.x[0]);

	if (number <= PSCI_LAST)
		return arm64_psci_call(vcpu, exit);
	if (number >= TRNG_FIRST && number <= TRNG_LAST)
		return trng_call(vcpu);
	return arm64_smccc_return(vcpu, SMCCC_RET_NOT_SUPPORTED);
}

/* Userspace may know more of these than we do; core/vcpu.c asks it. */
static int hypercall(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	const u64 *x = vcpu->arch.regs.x;

	*exit = (struct axvm_exit){ .type = AXVM_X_HYPERCALL, .addr = (u32)x[0] };
	memcpy(exit->args, &x[1], sizeof(exit->args));
	return 0;
}

int arm64_smccc(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	u32 id = vcpu->arch.regs.x[0];

	/* Numbers older than the convention are among those of yielding calls. */
	if (!ARM_SMCCC_IS_FAST_CALL(id))
		return hypercall(vcpu, exit);
	if (id & SMCCC_RESERVED)
		return arm64_smccc_return(vcpu, SMCCC_RET_NOT_SUPPORTED);
	switch (ARM_SMCCC_OWNER_NUM(id)) {
	case ARM_SMCCC_OWNER_ARCH:
		return arch_call(vcpu);
	case ARM_SMCCC_OWNER_STANDARD:
		return standard_call(vcpu, exit);
	case ARM_SMCCC_OWNER_VENDOR_HYP:
		if (ARM_SMCCC_FUNC_NUM(id) < SMCCC_QUERY_FIRST)
			return hypercall(vcpu, exit);
		break;
	}
	return arm64_smccc_return(vcpu, SMCCC_RET_NOT_SUPPORTED);
}
