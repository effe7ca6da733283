// SPDX-License-Identifier: GPL-2.0
/*
 * System registers: those that trap, answered by a table; and all of them as userspace and
 * the rest of this folder read and write them.
 *
 * What no row and no rule knows is offered to the devices of the VM; if none has it, it is
 * UNDEFINED to the guest. So nothing of the host shows by accident.
 *
 * Locks: none; the vCPU's own thread, or the vCPU does not run.
 */
#include <linux/bsearch.h>
#include <linux/kernel.h>

#include "el2.h"
#include "emulate.h"
#include "gic.h"
#include "timer.h"

/* --- registers of EL1 and EL0 that the guest has in hardware -------------------------------- */

#define INDEX(name, guest, vhe)	case guest: return ARM64_##name;

static int el1_index(u64 reg)
{
	switch (reg) {
	ARM64_EL1_REGISTERS(INDEX)
	}
	return -1;
}

#define READ_CPU(name, guest, vhe)	case ARM64_##name: return read_sysreg_s(vhe);

static u64 read_cpu(int index)
{
	switch (index) {
	ARM64_EL1_REGISTERS(READ_CPU)
	}
	return 0;
}

#define WRITE_CPU(name, guest, vhe)	case ARM64_##name: write_sysreg_s(value, vhe); break;

static void write_cpu(int index, u64 value)
{
	switch (index) {
	ARM64_EL1_REGISTERS(WRITE_CPU)
	}
}

/**
 * arm64_read_el1() - a register of EL1 or EL0, wherever it is at the moment
 * @vcpu: the vCPU: its own thread, or not running
 * @reg: SYS_* encoding of a row of context.h
 *
 * Return: its value; 0 for an unknown one.
 */
u64 arm64_read_el1(struct axvm_vcpu *vcpu, u32 reg)
{
	int index = el1_index(reg);
	u64 value;

	if (index < 0)
		return 0;
	preempt_disable();
	value = vcpu->arch.loaded ? read_cpu(index) : vcpu->arch.el1[index];
	preempt_enable();
	return value;
}

/**
 * arm64_write_el1() - the reverse
 * @vcpu: the vCPU: its own thread, or not running
 * @reg: SYS_* encoding of a row of context.h
 * @value: what to write
 */
void arm64_write_el1(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	int index = el1_index(reg);

	if (index < 0)
		return;
	preempt_disable();
	if (vcpu->arch.loaded) {
		write_cpu(index, value);
	} else {
		vcpu->arch.el1[index] = value;
		vcpu->arch.el1_changed = true;
	}
	preempt_enable();
}

/* --- traps ---------------------------------------------------------------------------------- */

/* Both return false for what is UNDEFINED. */
struct trap {
	u32 reg;
	bool (*read)(struct axvm_vcpu *vcpu, u32 reg, u64 *value);
	bool (*write)(struct axvm_vcpu *vcpu, u32 reg, u64 value);
	bool sleeps;
};

static bool read_zero(struct axvm_vcpu *vcpu, u32 reg, u64 *value)
{
	*value = 0;
	return true;
}

static bool write_ignored(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	return true;
}

static bool read_timer(struct axvm_vcpu *vcpu, u32 reg, u64 *value)
{
	return !arm64_timer_read(vcpu, reg, value);
}

static bool write_timer(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	return !arm64_timer_write(vcpu, reg, value);
}

/* Self-synchronising variants are read as the plain ones; trapping synchronises. */
static bool read_counter(struct axvm_vcpu *vcpu, u32 reg, u64 *value)
{
	return read_timer(vcpu, SYS_CNTPCT_EL0, value);
}

static bool write_set_way(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	arm64_s2_set_way(vcpu->vm);
	return true;
}

/* ICC_SGI0R, ICC_SGI1R, ICC_ASGI1R; what "the other group" means says the GIC */
static bool write_sgi(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	if (!vcpu->arch.gic)
		return false;
	arm64_gic_sgi(vcpu, reg == SYS_ICC_SGI1R_EL1, value);
	return true;
}

/* While not all active interrupts are in list registers */
static bool write_dir(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	if (!vcpu->arch.gic)
		return false;
	arm64_gic_dir(vcpu, value);
	return true;
}

/* System registers, for good: SRE, DFB, DIB (ARM IHI 0069 12.2.22) */
static bool read_sre(struct axvm_vcpu *vcpu, u32 reg, u64 *value)
{
	*value = 7;
	return vcpu->arch.gic;
}

#define CNTP(op2)	sys_reg(3, 3, 14, 2, op2)	/* CNTP_{TVAL,CTL,CVAL}_EL0 */
#define CNTV(op2)	sys_reg(3, 3, 14, 3, op2)	/* CNTV_{TVAL,CTL,CVAL}_EL0 */

/* Sorted by encoding: op0, op1, CRn, CRm, op2 */
static const struct trap traps[] = {
	{ SYS_DC_ISW, NULL, write_set_way, true },
	{ SYS_DC_CSW, NULL, write_set_way, true },
	{ SYS_DC_CISW, NULL, write_set_way, true },
	{ SYS_ACTLR_EL1, read_zero, write_ignored },
	{ SYS_ICC_DIR_EL1, NULL, write_dir },
	{ SYS_ICC_SGI1R_EL1, NULL, write_sgi },
	{ SYS_ICC_ASGI1R_EL1, NULL, write_sgi },
	{ SYS_ICC_SGI0R_EL1, NULL, write_sgi },
	{ SYS_ICC_SRE_EL1, read_sre, write_ignored },
	{ SYS_CNTPCT_EL0, read_counter, NULL },
	{ SYS_CNTPCTSS_EL0, read_counter, NULL },
	{ CNTP(0), read_timer, write_timer },
	{ CNTP(1), read_timer, write_timer },
	{ CNTP(2), read_timer, write_timer },
	{ CNTV(0), read_timer, write_timer },
	{ CNTV(1), read_timer, write_timer },
	{ CNTV(2), read_timer, write_timer },
};

static __always_inline int compare(const void *key, const void *row)
{
	u32 reg = *(const u32 *)key, other = ((const struct trap *)row)->reg;

	return reg < other ? -1 : reg > other;
}

static const struct trap *find_trap(u32 reg)
{
	/* ID registers have no rows. */
	if (sys_reg_Op0(reg) == 3 && !sys_reg_CRn(reg))
		return NULL;
	return __inline_bsearch(&reg, traps, ARRAY_SIZE(traps), sizeof(traps[0]), compare);
}

/* A trapped register is ours: answered. False: not ours */
static bool trap_read(struct arm64_vcpu *v, const struct trap *trap, u32 reg, u64 *value)
{
	if (trap)
		return trap->read && trap->read(v->vcpu, reg, value);
	if (sys_reg_Op0(reg) == 2)
		return arm64_debug_read(v, reg, value);
	return arm64_id_read(reg, value);
}

static bool trap_write(struct arm64_vcpu *v, const struct trap *trap, u32 reg, u64 value)
{
	if (trap)
		return trap->write && trap->write(v->vcpu, reg, value);
	if (sys_reg_Op0(reg) == 2)
		return arm64_debug_write(v, reg, value);
	return false;
}

/* ISS of MSR, MRS and SYS (ARM DDI 0487 D19.2.37) */
#define ISS_READ	BIT_ULL(0)

static int ask_device(struct axvm_exit *exit, u32 reg, unsigned int rt, bool read, u64 value)
{
	*exit = (struct axvm_exit){
		.type = read ? AXVM_X_SYSREG_READ : AXVM_X_SYSREG_WRITE,
		.width = 8,
		.reg = rt,
		.reg_width = 8,
		.addr = reg,
		.data = value,
	};
	return 0;
}

/**
 * arm64_sysreg_trap() - the guest accessed a register that traps
 * @v: the vCPU
 * @exit: filled for AXVM_RUN_EXIT: a device may have it
 * @may_sleep: out of the window
 *
 * Return: AXVM_RUN_EXIT, AXVM_RUN_HANDLED, or ARM64_LATER.
 */
int arm64_sysreg_trap(struct arm64_vcpu *v, struct axvm_exit *exit, bool may_sleep)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	u32 reg = esr_sys64_to_sysreg(v->fault.esr);
	const struct trap *trap = find_trap(reg);
	unsigned int rt = v->fault.esr >> 5 & 31;
	u64 value;

	if (trap && trap->sleeps && !may_sleep)
		return ARM64_LATER;
	if (v->fault.esr & ISS_READ) {
		if (!trap_read(v, trap, reg, &value))
			return ask_device(exit, reg, rt, true, 0);
		arm64_set_gpr(vcpu, rt, value);
	} else {
		value = arm64_gpr(vcpu, rt);
		if (!trap_write(v, trap, reg, value))
			return ask_device(exit, reg, rt, false, value);
	}
	arm64_skip(vcpu);
	return AXVM_RUN_HANDLED;
}

/* --- userspace ------------------------------------------------------------------------------ */

/**
 * arm64_get_sysreg() - axvm_backend.get_sysreg()
 * @vcpu: the vCPU
 * @reg: SYS_* encoding
 * @value: its value
 *
 * Return: 0, or -ENOENT: the guest has no such register, or it is part of a device's state.
 */
int arm64_get_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 *value)
{
	if (reg >> 21 || reg & 31)
		return -ENOENT;
	if (reg == SYS_MPIDR_EL1) {
		*value = vcpu->arch.mpidr;
		return 0;
	}
	if (reg == ARM64_SYS_SP_EL0) {
		*value = vcpu->arch.regs.sp_el0;
		return 0;
	}
	if (el1_index(reg) >= 0) {
		*value = arm64_read_el1(vcpu, reg);
		return 0;
	}
	return trap_read(to_arm64(vcpu), find_trap(reg), reg, value) ? 0 : -ENOENT;
}

/**
 * arm64_set_sysreg() - axvm_backend.set_sysreg()
 * @vcpu: the vCPU
 * @reg: SYS_* encoding
 * @value: what to write
 *
 * Return: 0; -ENOENT as arm64_get_sysreg(); -EINVAL: read-only, and has another value.
 */
int arm64_set_sysreg(struct axvm_vcpu *vcpu, u64 reg, u64 value)
{
	u64 now;

	if (arm64_get_sysreg(vcpu, reg, &now))
		return -ENOENT;
	if (reg == ARM64_SYS_SP_EL0) {
		vcpu->arch.regs.sp_el0 = value;
		return 0;
	}
	if (el1_index(reg) >= 0) {
		arm64_write_el1(vcpu, reg, value);
		return 0;
	}
	if (reg != SYS_MPIDR_EL1 && trap_write(to_arm64(vcpu), find_trap(reg), reg, value))
		return 0;
	return now == value ? 0 : -EINVAL;
}
