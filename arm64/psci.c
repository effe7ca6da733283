// SPDX-License-Identifier: GPL-2.0
/*
 * PSCI 1.1 (DEN0022 issue F): the guest switches its CPUs on and off, and itself off.
 *
 * Owns: vcpu->arch.power and vcpu->arch.start. A vCPU is started in two steps, so that two
 * others who want that at once do not mix their entry points: off becomes claimed, and
 * when the entry point is written down, pending. Its own thread takes it from there.
 *
 * Suspend is always a standby state, as 5.4.2 allows: a vCPU has no power to save
 * beyond the thread that sleeps.
 *
 * Locks: none; what several vCPUs write is atomic.
 */
#include <linux/bits.h>
#include <linux/nospec.h>
#include <uapi/linux/psci.h>

#include <asm/cputype.h>

#include "../core/vm.h"
#include "psci.h"
#include "smccc.h"

/* CPU_SUSPEND, power_state in the original format (5.4.2): bits that must be zero */
#define POWER_STATE_RESERVED	(GENMASK(31, 26) | GENMASK(23, 17))

static struct axvm_vcpu *find_vcpu(struct axvm_vm *vm, u64 mpidr)
{
	struct axvm_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		vcpu = READ_ONCE(vm->vcpus[i]);
		if (vcpu && (vcpu->arch.mpidr & MPIDR_HWID_BITMASK) == mpidr)
			return vcpu;
	}
	return NULL;
}

static bool entry_valid(struct axvm_vm *vm, u64 pc)
{
	bool valid;
	int idx;

	idx = srcu_read_lock(&vm->srcu);
	valid = !(pc & 3) && axvm_slot_find(vm, pc);
	srcu_read_unlock(&vm->srcu, idx);
	return valid;
}

/* --- functions: @args are X1 to X3, or W1 to W3 ---------------------------------------- */

static int psci_version(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	return arm64_smccc_return(vcpu, PSCI_VERSION(1, 1));
}

static int psci_cpu_suspend(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	if (args[0] & POWER_STATE_RESERVED)
		return arm64_smccc_return(vcpu, PSCI_RET_INVALID_PARAMS);
	arm64_smccc_return(vcpu, PSCI_RET_SUCCESS);
	*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
	return 0;
}

static int psci_cpu_off(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	atomic_set_release(&vcpu->arch.power, ARM64_POWER_OFF);
	*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
	return 0;
}

static int psci_cpu_on(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	struct axvm_vcpu *target = find_vcpu(vcpu->vm, args[0]);
	int was;

	if (!target)
		return arm64_smccc_return(vcpu, PSCI_RET_INVALID_PARAMS);
	if (!entry_valid(vcpu->vm, args[1]))
		return arm64_smccc_return(vcpu, PSCI_RET_INVALID_ADDRESS);
	was = atomic_cmpxchg(&target->arch.power, ARM64_POWER_OFF, ARM64_POWER_CLAIMED);
	if (was != ARM64_POWER_OFF)
		return arm64_smccc_return(vcpu, was == ARM64_POWER_ON ? PSCI_RET_ALREADY_ON :
					  PSCI_RET_ON_PENDING);
	target->arch.start.pc = args[1];
	target->arch.start.context = args[2];
	atomic_set_release(&target->arch.power, ARM64_POWER_PENDING);
	axvm_vcpu_kick(target);
	return arm64_smccc_return(vcpu, PSCI_RET_SUCCESS);
}

/* Levels above that of a CPU are optional since 1.0 (5.7.2). */
static int psci_affinity_info(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	struct axvm_vcpu *target = args[1] ? NULL : find_vcpu(vcpu->vm, args[0]);

	if (!target)
		return arm64_smccc_return(vcpu, PSCI_RET_INVALID_PARAMS);
	switch (atomic_read(&target->arch.power)) {
	case ARM64_POWER_ON:
		return arm64_smccc_return(vcpu, PSCI_0_2_AFFINITY_LEVEL_ON);
	case ARM64_POWER_OFF:
		return arm64_smccc_return(vcpu, PSCI_0_2_AFFINITY_LEVEL_OFF);
	}
	return arm64_smccc_return(vcpu, PSCI_0_2_AFFINITY_LEVEL_ON_PENDING);
}

/* There is no trusted OS to migrate. */
static int psci_migrate_info_type(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	return arm64_smccc_return(vcpu, PSCI_0_2_TOS_MP);
}

static int system_down(struct axvm_exit *exit, u32 reason)
{
	*exit = (struct axvm_exit){ .type = AXVM_X_SYSTEM_DOWN, .addr = reason };
	return 0;
}

static int psci_system_off(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	return system_down(exit, AXVM_STOP_POWEROFF);
}

static int psci_system_reset(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	return system_down(exit, AXVM_STOP_RESET);
}

static int psci_system_reset2(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	if ((u32)args[0] != PSCI_1_1_RESET_TYPE_SYSTEM_WARM_RESET)
		return arm64_smccc_return(vcpu, PSCI_RET_INVALID_PARAMS);
	return system_down(exit, AXVM_STOP_RESET);
}

static int psci_features(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit);

/* --- the table ------------------------------------------------------------------------- */

/**
 * struct psci_function - a function that is there
 * @call: answers it, as arm64_smccc()
 * @has64: there is a form with 64-bit arguments
 */
struct psci_function {
	int (*call)(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit);
	bool has64;
};

#define NUMBER(name)	((name) - PSCI_0_2_FN_BASE)

/* By function number (5.1); one with 64-bit arguments has the same as without */
static const struct psci_function functions[] = {
	[NUMBER(PSCI_0_2_FN_PSCI_VERSION)] = { psci_version },
	[NUMBER(PSCI_0_2_FN_CPU_SUSPEND)] = { psci_cpu_suspend, true },
	[NUMBER(PSCI_0_2_FN_CPU_OFF)] = { psci_cpu_off },
	[NUMBER(PSCI_0_2_FN_CPU_ON)] = { psci_cpu_on, true },
	[NUMBER(PSCI_0_2_FN_AFFINITY_INFO)] = { psci_affinity_info, true },
	[NUMBER(PSCI_0_2_FN_MIGRATE_INFO_TYPE)] = { psci_migrate_info_type },
	[NUMBER(PSCI_0_2_FN_SYSTEM_OFF)] = { psci_system_off },
	[NUMBER(PSCI_0_2_FN_SYSTEM_RESET)] = { psci_system_reset },
	[NUMBER(PSCI_1_0_FN_PSCI_FEATURES)] = { psci_features },
	[NUMBER(PSCI_1_1_FN_SYSTEM_RESET2)] = { psci_system_reset2, true },
};

static const struct psci_function *find_function(u32 id)
{
	u32 number = NUMBER(id & ~PSCI_0_2_64BIT);
	const struct psci_function *function;

	if (number >= ARRAY_SIZE(functions))
		return NULL;
	function = &functions[array_index_nospec(number, ARRAY_SIZE(functions))];
	if (!function->call || (id & PSCI_0_2_64BIT && !function->has64))
		return NULL;
	return function;
}

/* No function has flags to tell: suspend takes the original format, no OS-initiated mode. */
static int psci_features(struct axvm_vcpu *vcpu, const u64 *args, struct axvm_exit *exit)
{
	bool known = (u32)args[0] == ARM_SMCCC_VERSION_FUNC_ID || find_function(args[0]);

	return arm64_smccc_return(vcpu, known ? PSCI_RET_SUCCESS : PSCI_RET_NOT_SUPPORTED);
}

/**
 * arm64_psci_call() - a call in SMCCC's range of PSCI
 * @vcpu: the vCPU, its own thread
 * @exit: filled for 0
 *
 * Context: interrupts on or off; does not sleep.
 * Return: as arm64_smccc().
 */
int arm64_psci_call(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	const u64 *x = vcpu->arch.regs.x;
	const struct psci_function *function = find_function(x[0]);
	u64 mask = x[0] & PSCI_0_2_64BIT ? U64_MAX : U32_MAX;
	u64 args[] = { x[1] & mask, x[2] & mask, x[3] & mask };

	if (!function)
		return arm64_smccc_return(vcpu, PSCI_RET_NOT_SUPPORTED);
	return function->call(vcpu, args, exit);
}

bool arm64_psci_wakeful(struct axvm_vcpu *vcpu)
{
	return atomic_read(&vcpu->arch.power) == ARM64_POWER_PENDING;
}

bool arm64_psci_start(struct axvm_vcpu *vcpu)
{
	if (atomic_read_acquire(&vcpu->arch.power) != ARM64_POWER_PENDING)
		return false;
	arm64_reset_regs(vcpu);
	vcpu->arch.regs.pc = vcpu->arch.start.pc;
	vcpu->arch.regs.x[0] = vcpu->arch.start.context;
	atomic_set_release(&vcpu->arch.power, ARM64_POWER_ON);
	return true;
}
