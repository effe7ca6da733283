// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/psci.c and arm64/smccc.c: calls as a guest makes them, against DEN0022, DEN0028 and
 * DEN0098. Both are part of this module; what they want from the rest is played here.
 */
#define axvm_vcpu_kick		psci_test_kick
#define axvm_slot_find		psci_test_slot_find
#define rng_is_initialized	psci_test_rng_is_initialized

#include "fixture.h"
#include "../arm64/psci.c"
#include "../arm64/smccc.c"

#define RAM		0x40000000ULL
#define RAM_SIZE	0x10000000ULL

#define CPU_ON32	PSCI_0_2_FN_CPU_ON
#define CPU_ON64	PSCI_0_2_FN64_CPU_ON
#define AFFINITY32	PSCI_0_2_FN_AFFINITY_INFO
#define AFFINITY64	PSCI_0_2_FN64_AFFINITY_INFO

#define NOT_SUPPORTED	(-1LL)

/* --- the rest of the module ----------------------------------------------------------- */

static struct axvm_vcpu *kicked;

void psci_test_kick(struct axvm_vcpu *vcpu)
{
	kicked = vcpu;
}

struct axvm_slot *psci_test_slot_find(struct axvm_vm *vm, u64 gpa)
{
	static struct axvm_slot slot;

	return gpa - RAM < RAM_SIZE ? &slot : NULL;
}

static bool entropy;

bool psci_test_rng_is_initialized(void)
{
	return entropy;
}

void arm64_reset_regs(struct axvm_vcpu *vcpu)
{
	memset(&vcpu->arch.regs, 0, sizeof(vcpu->arch.regs));
	vcpu->arch.regs.pstate = 0x3c5;
}

/* --- calls ------------------------------------------------------------------------------ */

struct psci_test {
	struct kunit *test;
	struct axvm_vm *vm;
	struct axvm_exit exit;
};

/* Four vCPUs; all but the first are off, the last is in another cluster */
static struct psci_test *machine(struct kunit *test)
{
	struct psci_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->vm = fixture_vm(test, 4);
	for (i = 0; i < 4; i++) {
		t->vm->vcpus[i]->arch.mpidr = BIT_ULL(31) | (i == 3 ? 0x100 : i);
		atomic_set(&t->vm->vcpus[i]->arch.power, i ? ARM64_POWER_OFF : ARM64_POWER_ON);
	}
	kicked = NULL;
	return t;
}

/* A call by vCPU 0: arm64_smccc()'s result. Registers beyond the results must stay. */
static int call(struct psci_test *t, u64 id, u64 a1, u64 a2, u64 a3)
{
	u64 *x = t->vm->vcpus[0]->arch.regs.x;
	unsigned int i;
	int ret;

	for (i = 4; i < 31; i++)
		x[i] = 0x1111111111111111ULL * (i % 15 + 1);
	x[0] = id;
	x[1] = a1;
	x[2] = a2;
	x[3] = a3;
	memset(&t->exit, 0x55, sizeof(t->exit));
	ret = arm64_smccc(t->vm->vcpus[0], &t->exit);
	for (i = 4; i < 31; i++)
		KUNIT_EXPECT_EQ(t->test, x[i], 0x1111111111111111ULL * (i % 15 + 1));
	return ret;
}

static s64 answer(struct psci_test *t, u64 id, u64 a1, u64 a2, u64 a3)
{
	KUNIT_EXPECT_EQ_MSG(t->test, call(t, id, a1, a2, a3), 1, "%#llx", id);
	return t->vm->vcpus[0]->arch.regs.x[0];
}

static void expect_power(struct psci_test *t, unsigned int vcpu, int power)
{
	KUNIT_EXPECT_EQ(t->test, atomic_read(&t->vm->vcpus[vcpu]->arch.power), power);
}

/* --- PSCI ------------------------------------------------------------------------------- */

static void psci_versions(struct kunit *test)
{
	struct psci_test *t = machine(test);

	KUNIT_EXPECT_EQ(test, answer(t, PSCI_0_2_FN_PSCI_VERSION, 0, 0, 0), 0x10001);
	KUNIT_EXPECT_EQ(test, answer(t, PSCI_0_2_FN_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_VERSION_FUNC_ID, 0, 0, 0), 0x10001);
	/* Bits above the identifier's 32 do not count. */
	KUNIT_EXPECT_EQ(test, answer(t, 0xdead000000000000 | PSCI_0_2_FN_PSCI_VERSION, 0, 0, 0),
			0x10001);
}

static void psci_features_test(struct kunit *test)
{
	static const struct {
		u32 id;
		s64 answer;
	} features[] = {
		{ PSCI_0_2_FN_PSCI_VERSION, 0 }, { PSCI_0_2_FN_CPU_SUSPEND, 0 },
		{ PSCI_0_2_FN64_CPU_SUSPEND, 0 }, { PSCI_0_2_FN_CPU_OFF, 0 },
		{ CPU_ON32, 0 }, { CPU_ON64, 0 }, { AFFINITY32, 0 }, { AFFINITY64, 0 },
		{ PSCI_0_2_FN_MIGRATE_INFO_TYPE, 0 }, { PSCI_0_2_FN_SYSTEM_OFF, 0 },
		{ PSCI_0_2_FN_SYSTEM_RESET, 0 }, { PSCI_1_0_FN_PSCI_FEATURES, 0 },
		{ PSCI_1_1_FN_SYSTEM_RESET2, 0 }, { PSCI_1_1_FN64_SYSTEM_RESET2, 0 },
		{ ARM_SMCCC_VERSION_FUNC_ID, 0 },
		{ PSCI_0_2_FN_MIGRATE, -1 }, { PSCI_0_2_FN64_MIGRATE, -1 },
		{ PSCI_0_2_FN_MIGRATE_INFO_UP_CPU, -1 }, { PSCI_1_0_FN_CPU_FREEZE, -1 },
		{ PSCI_1_0_FN_SYSTEM_SUSPEND, -1 }, { PSCI_1_0_FN64_SYSTEM_SUSPEND, -1 },
		{ PSCI_1_1_FN_MEM_PROTECT, -1 }, { PSCI_0_2_FN64_BASE, -1 },
		{ PSCI_0_2_FN64_BASE + 2, -1 }, { PSCI_0_2_FN64_BASE + 8, -1 },
		{ 0, -1 }, { 0x84000013, -1 }, { 0x8400ffff, -1 }, { 0xffffffff, -1 },
		{ ARM_SMCCC_TRNG_VERSION, -1 }, { ARM_SMCCC_ARCH_WORKAROUND_1, -1 },
	};
	struct psci_test *t = machine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    answer(t, PSCI_1_0_FN_PSCI_FEATURES, features[i].id, 0, 0),
				    features[i].answer, "%#x", features[i].id);
}

static void psci_start(struct kunit *test)
{
	struct psci_test *t = machine(test);
	struct axvm_vcpu *target = t->vm->vcpus[1];

	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 1, 0, 0), PSCI_0_2_AFFINITY_LEVEL_OFF);
	KUNIT_EXPECT_FALSE(test, arm64_psci_wakeful(target));
	KUNIT_EXPECT_FALSE(test, arm64_psci_start(target));
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 1, RAM + 0x80000, 0x123456789abcdef0), 0);
	KUNIT_EXPECT_PTR_EQ(test, kicked, target);
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 1, 0, 0), PSCI_0_2_AFFINITY_LEVEL_ON_PENDING);
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 1, RAM, 1), PSCI_RET_ON_PENDING);
	KUNIT_EXPECT_TRUE(test, arm64_psci_wakeful(target));

	memset(target->arch.regs.x, 0x77, sizeof(target->arch.regs.x));
	KUNIT_EXPECT_TRUE(test, arm64_psci_start(target));
	KUNIT_EXPECT_EQ(test, target->arch.regs.pc, RAM + 0x80000);
	KUNIT_EXPECT_EQ(test, target->arch.regs.x[0], 0x123456789abcdef0);
	KUNIT_EXPECT_EQ(test, target->arch.regs.x[1], 0);
	KUNIT_EXPECT_EQ(test, target->arch.regs.pstate, 0x3c5);
	KUNIT_EXPECT_FALSE(test, arm64_psci_wakeful(target));
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 1, 0, 0), PSCI_0_2_AFFINITY_LEVEL_ON);
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 1, RAM, 0), PSCI_RET_ALREADY_ON);
	/* Also itself, and while another is about to start it */
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 0, RAM, 0), PSCI_RET_ALREADY_ON);
	atomic_set(&t->vm->vcpus[2]->arch.power, ARM64_POWER_CLAIMED);
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 2, RAM, 0), PSCI_RET_ON_PENDING);
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 2, 0, 0), PSCI_0_2_AFFINITY_LEVEL_ON_PENDING);
	KUNIT_EXPECT_FALSE(test, arm64_psci_wakeful(t->vm->vcpus[2]));
	KUNIT_EXPECT_FALSE(test, arm64_psci_start(t->vm->vcpus[2]));
}

/* The 32-bit forms take W registers: upper halves do not count */
static void psci_32bit(struct kunit *test)
{
	const u64 high = 0xffffffff00000000;
	struct psci_test *t = machine(test);

	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY32, high | 0x100, high, 0), 1);
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON32, high | 0x100, high | RAM, high | 5), 0);
	KUNIT_EXPECT_TRUE(test, arm64_psci_start(t->vm->vcpus[3]));
	KUNIT_EXPECT_EQ(test, t->vm->vcpus[3]->arch.regs.pc, RAM);
	KUNIT_EXPECT_EQ(test, t->vm->vcpus[3]->arch.regs.x[0], 5);
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, high | 0x100, 0, 0), PSCI_RET_INVALID_PARAMS);
}

static void psci_bad_arguments(struct kunit *test)
{
	static const u64 targets[] = {
		3, 4, 0x80000000, 0x80000001, 0x101, 0x200, 0x10000, 0x100000001, 0xff00ffffff,
		~0ULL, BIT_ULL(63) | 1,
	};
	static const u64 entries[] = {
		0, 1, RAM + 1, RAM + 2, RAM - 4, RAM + RAM_SIZE, ~3ULL, BIT_ULL(63),
	};
	struct psci_test *t = machine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		KUNIT_EXPECT_EQ_MSG(test, answer(t, CPU_ON64, targets[i], RAM, 0),
				    PSCI_RET_INVALID_PARAMS, "%#llx", targets[i]);
		KUNIT_EXPECT_EQ_MSG(test, answer(t, AFFINITY64, targets[i], 0, 0),
				    PSCI_RET_INVALID_PARAMS, "%#llx", targets[i]);
	}
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		KUNIT_EXPECT_EQ_MSG(test, answer(t, CPU_ON64, 1, entries[i], 0),
				    PSCI_RET_INVALID_ADDRESS, "%#llx", entries[i]);
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 1, 1, 0), PSCI_RET_INVALID_PARAMS);
	KUNIT_EXPECT_EQ(test, answer(t, AFFINITY64, 1, ~0ULL, 0), PSCI_RET_INVALID_PARAMS);
	expect_power(t, 1, ARM64_POWER_OFF);
	KUNIT_EXPECT_PTR_EQ(test, kicked, NULL);
}

static void psci_stop(struct kunit *test)
{
	struct psci_test *t = machine(test);

	KUNIT_EXPECT_EQ(test, call(t, PSCI_0_2_FN_CPU_OFF, 0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, t->exit.type, AXVM_X_HALT);
	expect_power(t, 0, ARM64_POWER_OFF);
	KUNIT_EXPECT_FALSE(test, arm64_psci_start(t->vm->vcpus[0]));
	KUNIT_EXPECT_EQ(test, answer(t, CPU_ON64, 0, RAM, 9), 0);
	KUNIT_EXPECT_TRUE(test, arm64_psci_start(t->vm->vcpus[0]));
	expect_power(t, 0, ARM64_POWER_ON);
}

/* Both kinds of state are WFI, and the call has succeeded when that ends */
static void psci_suspend(struct kunit *test)
{
	static const u32 ids[] = { PSCI_0_2_FN_CPU_SUSPEND, PSCI_0_2_FN64_CPU_SUSPEND };
	static const u32 good[] = { 0, 0x10000, 0xffff, 0x0301ffff };
	struct psci_test *t = machine(test);
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(ids) * ARRAY_SIZE(good); i++) {
		KUNIT_EXPECT_EQ(test, call(t, ids[i % 2], good[i / 2], ~0ULL, 0), 0);
		KUNIT_EXPECT_EQ(test, t->exit.type, AXVM_X_HALT);
		KUNIT_EXPECT_EQ(test, t->vm->vcpus[0]->arch.regs.x[0], 0);
		expect_power(t, 0, ARM64_POWER_ON);
	}
	for (bit = 17; bit < 32; bit++)
		if (bit < 24 || bit > 25)
			KUNIT_EXPECT_EQ(test, answer(t, ids[bit % 2], BIT(bit), 0, 0),
					PSCI_RET_INVALID_PARAMS);
}

static void psci_system(struct kunit *test)
{
	static const struct {
		u32 id;
		u64 type, reason;
	} calls[] = {
		{ PSCI_0_2_FN_SYSTEM_OFF, 0, AXVM_STOP_POWEROFF },
		{ PSCI_0_2_FN_SYSTEM_RESET, 0, AXVM_STOP_RESET },
		{ PSCI_1_1_FN_SYSTEM_RESET2, 0, AXVM_STOP_RESET },
		{ PSCI_1_1_FN64_SYSTEM_RESET2, 0, AXVM_STOP_RESET },
	};
	struct psci_test *t = machine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		KUNIT_EXPECT_EQ(test, call(t, calls[i].id, calls[i].type, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, t->exit.type, AXVM_X_SYSTEM_DOWN);
		KUNIT_EXPECT_EQ(test, t->exit.addr, calls[i].reason);
		KUNIT_EXPECT_EQ(test, t->exit.data, 0);
	}
	KUNIT_EXPECT_EQ(test, answer(t, PSCI_1_1_FN_SYSTEM_RESET2, 1, 0, 0),
			PSCI_RET_INVALID_PARAMS);
	KUNIT_EXPECT_EQ(test, answer(t, PSCI_1_1_FN64_SYSTEM_RESET2, 0x80000000, 0, 0),
			PSCI_RET_INVALID_PARAMS);
}

/* --- the rest of SMCCC ------------------------------------------------------------------ */

static void smccc_features(struct kunit *test)
{
	struct psci_test *t = machine(test);
	unsigned int i;
	s64 feature, ran;

	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, 0x80000000, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, 0x80000001, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, ARM_SMCCC_ARCH_SOC_ID,
				     0, 0), NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, PSCI_0_2_FN_PSCI_VERSION,
				     0, 0), NOT_SUPPORTED);
	for (i = 0; i < ARRAY_SIZE(workarounds); i++) {
		feature = answer(t, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, workarounds[i].id, 0, 0);
		ran = answer(t, workarounds[i].id, 0, 0, 0);
		if (!cpus_have_cap(workarounds[i].capability))
			KUNIT_EXPECT_EQ(test, feature, 1);
		else
			KUNIT_EXPECT_EQ(test, feature, ran);
		KUNIT_EXPECT_EQ(test, ran, feature ? NOT_SUPPORTED : 0);
	}
}

static void trng_features(struct kunit *test)
{
	struct psci_test *t = machine(test);
	const u64 *x = t->vm->vcpus[0]->arch.regs.x;
	u32 id;

	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_VERSION, 0, 0, 0), 0x10000);
	for (id = 0x84000050; id <= 0x84000053; id++)
		KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_FEATURES, id, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_FEATURES, ARM_SMCCC_TRNG_RND64, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_FEATURES, 0x84000054, 0, 0), NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_FEATURES, 0xc4000050, 0, 0), NOT_SUPPORTED);
	/* W0 is not what says "unknown function" */
	KUNIT_EXPECT_EQ(test, call(t, ARM_SMCCC_TRNG_GET_UUID, 0, 0, 0), 1);
	KUNIT_EXPECT_NE(test, (u32)x[0], U32_MAX);
	KUNIT_EXPECT_EQ(test, (x[0] | x[1] | x[2] | x[3]) >> 32, 0);
}

/* DEN0098 2.5: bits [191:128] in X1, [63:0] in X3, those not asked for are 0 */
static void trng_random(struct kunit *test)
{
	struct psci_test *t = machine(test);
	const u64 *x = t->vm->vcpus[0]->arch.regs.x;
	unsigned int width, bits, i, n, left;
	u64 seen[3], bit_mask;

	entropy = false;
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND64, 1, 0, 0), -3);
	entropy = true;
	for (width = 32; width <= 64; width += 32) {
		for (bits = 1; bits <= 3 * width; bits++) {
			memset(seen, 0, sizeof(seen));
			for (n = 0; n < 40; n++) {
				KUNIT_ASSERT_EQ(test, answer(t, width == 64 ? ARM_SMCCC_TRNG_RND64 :
							     ARM_SMCCC_TRNG_RND32, bits, 0, 0), 0);
				for (i = 0; i < 3; i++)
					seen[i] |= x[3 - i];
			}
			for (i = 0, left = bits; i < 3; i++, left -= min(left, width)) {
				bit_mask = left ? GENMASK_ULL(min(left, width) - 1, 0) : 0;
				KUNIT_EXPECT_EQ_MSG(test, seen[i], bit_mask, "%u of %u bits", bits,
						    width);
			}
		}
	}
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND32, 0, 0, 0), -2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND32, 97, 0, 0), -2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND64, 0, 0, 0), -2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND64, 193, 0, 0), -2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND64, 0x100000001, 0, 0), -2);
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_TRNG_RND32, 0x100000001, 0, 0), 0);
}

/* Calls that are userspace's to know: ours as a hypervisor, and older than the convention */
static void smccc_hypercalls(struct kunit *test)
{
	static const u32 ids[] = {
		0, 1, 0x01000000, 0x7fffffff, 0x86000000, 0x8600feff, 0xc6000000, 0xc600feff,
	};
	struct psci_test *t = machine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		KUNIT_EXPECT_EQ_MSG(test, call(t, ids[i], 11, 12, 13), 0, "%#x", ids[i]);
		KUNIT_EXPECT_EQ(test, t->exit.type, AXVM_X_HYPERCALL);
		KUNIT_EXPECT_EQ(test, t->exit.addr, ids[i]);
		KUNIT_EXPECT_EQ(test, t->exit.args[0], 11);
		KUNIT_EXPECT_EQ(test, t->exit.args[2], 13);
		KUNIT_EXPECT_EQ(test, t->exit.args[5], t->vm->vcpus[0]->arch.regs.x[6]);
	}
}

/* All fast calls whose number is not known, in every owner's range, are -1 and no more */
static void smccc_unknown(struct kunit *test)
{
	struct psci_test *t = machine(test);
	unsigned int owner, conv, n;
	u32 id;

	for (owner = 0; owner < 64; owner++) {
		for (conv = 2; conv <= 3; conv++) {
			for (n = 0; n < 0x10000; n += n < 0x100 || n >= 0xff00 ? 1 : 0x80) {
				id = conv << 30 | owner << 24 | n;
				if (owner == 6 && n < 0xff00)
					continue;
				if (owner == 0 && (n <= 1 || find_workaround(id)))
					continue;
				if (owner == 4 && (n <= 0x12 || (n >= 0x50 && n <= 0x53)))
					continue;
				KUNIT_ASSERT_EQ_MSG(test, answer(t, id, 1, RAM, 2), NOT_SUPPORTED,
						    "%#x", id);
			}
		}
	}
	/* Bits that must be zero */
	for (n = 16; n < 24; n++) {
		KUNIT_EXPECT_EQ(test, answer(t, PSCI_0_2_FN_PSCI_VERSION | BIT(n), 0, 0, 0),
				NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, answer(t, 0x86000000 | BIT(n), 0, 0, 0), NOT_SUPPORTED);
	}
	/* Identification of a hypervisor: none that anybody knows */
	KUNIT_EXPECT_EQ(test, answer(t, ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID, 0, 0, 0),
			NOT_SUPPORTED);
	expect_power(t, 0, ARM64_POWER_ON);
	expect_power(t, 1, ARM64_POWER_OFF);
}

static struct kunit_case psci_cases[] = {
	KUNIT_CASE(psci_versions),
	KUNIT_CASE(psci_features_test),
	KUNIT_CASE(psci_start),
	KUNIT_CASE(psci_32bit),
	KUNIT_CASE(psci_bad_arguments),
	KUNIT_CASE(psci_stop),
	KUNIT_CASE(psci_suspend),
	KUNIT_CASE(psci_system),
	KUNIT_CASE(smccc_features),
	KUNIT_CASE(trng_features),
	KUNIT_CASE(trng_random),
	KUNIT_CASE(smccc_hypercalls),
	KUNIT_CASE(smccc_unknown),
	{}
};

static struct kunit_suite psci_suite = {
	.name = "axvm-arm64-psci",
	.test_cases = psci_cases,
};

kunit_test_suite(psci_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: PSCI and SMCCC");
