// SPDX-License-Identifier: GPL-2.0
/*
 * The stages through which the emulator takes an instruction: translate the operands,
 * read them, execute, write, retire. What an instruction does not have, its stage skips.
 * A string instruction goes through them once for each repetition.
 *
 * No locks: the vCPU's own thread.
 */
#include <linux/kernel.h>

#include "alu.h"
#include "emulate.h"

/* Repetitions of a string instruction before the guest gets its interrupts */
#define MAX_REPETITIONS	64

enum stage {
	TRANSLATE,
	READ_SOURCE,
	READ_DESTINATION,
	READ_PORT,
	EXECUTE,
	WRITE_DESTINATION,
	WRITE_PORT,
	RETIRE,
};

/* Operands in memory of what has no ModRM, or more than it */
static const struct {
	u8 source;
	u8 destination;
} places[X86_NR_OPS] = {
	[X86_PUSH] = { X86_AT_MODRM, X86_AT_PUSH },
	[X86_POP] = { X86_AT_POP, X86_AT_MODRM },
	[X86_MOVS] = { X86_AT_SI, X86_AT_DI },
	[X86_CMPS] = { X86_AT_DI, X86_AT_SI },
	[X86_STOS] = { X86_NOWHERE, X86_AT_DI },
	[X86_LODS] = { X86_AT_SI, X86_NOWHERE },
	[X86_SCAS] = { X86_AT_DI, X86_NOWHERE },
	[X86_INS] = { X86_NOWHERE, X86_AT_DI },
	[X86_OUTS] = { X86_AT_SI, X86_NOWHERE },
};

static u32 destination_access(const struct x86_emulation *e)
{
	if (e->place[1] == X86_NOWHERE)
		return 0;
	return e->insn.op == X86_PUSH ? AXVM_ACCESS_WRITE : e->insn.access;
}

static int stage_translate(struct axvm_vcpu *vcpu, struct x86_emulation *e)
{
	int ret = X86_GO_ON;

	e->out_width = 0;
	e->flags = x86_get(vcpu, X86_FLAGS)->rflags & X86_ARITHMETIC_FLAGS;
	if (e->place[0] != X86_NOWHERE)
		ret = x86_translate_operand(vcpu, e->place[0], AXVM_ACCESS_READ, &e->source);
	if (ret == X86_GO_ON && e->place[1] != X86_NOWHERE)
		ret = x86_translate_operand(vcpu, e->place[1], destination_access(e),
					    &e->destination);
	return ret;
}

/* --- execute --------------------------------------------------------------- */

static void set_output(struct x86_emulation *e, u8 reg, u8 shift, u8 width, u64 value)
{
	e->out_reg = reg;
	e->out_shift = shift;
	e->out_width = width;
	e->out_value = value;
}

/* The first operand is a register, the second is in memory */
static void execute_load(struct x86_emulation *e, u64 reg)
{
	const struct x86_insn *insn = &e->insn;
	u64 value = e->source.value, result;

	if (insn->sign_extend)
		value = x86_sign_extend(value, insn->width);
	result = x86_alu(insn->op, insn->reg_width, reg, value, &e->flags);
	if (insn->op != X86_CMP)
		set_output(e, insn->reg, insn->reg_shift, insn->reg_width, result);
}

/* The first operand, or the only one, is in memory; @src is the second */
static void execute_store(struct axvm_vcpu *vcpu, struct x86_emulation *e, u64 src)
{
	const struct x86_insn *insn = &e->insn;
	u64 old = e->destination.value;

	if (insn->op == X86_CMPXCHG) {
		/* Not equal: the old value is written back and goes to the accumulator */
		if (x86_alu(X86_CMP, insn->width, x86_get_reg(vcpu, AXVM_X86_RAX), old, &e->flags))
			set_output(e, AXVM_X86_RAX, 0, insn->width, old);
		else
			e->destination.value = src;
		return;
	}
	e->destination.value = x86_alu(insn->op, insn->width, old, src, &e->flags);
	if (insn->op == X86_XCHG || insn->op == X86_XADD)
		set_output(e, insn->reg, insn->reg_shift, insn->reg_width, old);
}

static void execute_string(struct axvm_vcpu *vcpu, struct x86_emulation *e)
{
	u64 acc = x86_get_reg(vcpu, AXVM_X86_RAX);

	switch (e->insn.op) {
	case X86_MOVS:
		e->destination.value = e->source.value;
		break;
	case X86_STOS:
		e->destination.value = acc;
		break;
	case X86_LODS:
		set_output(e, AXVM_X86_RAX, 0, e->insn.width, e->source.value);
		break;
	case X86_CMPS:
		x86_alu(X86_CMP, e->insn.width, e->destination.value, e->source.value, &e->flags);
		break;
	case X86_SCAS:
		x86_alu(X86_CMP, e->insn.width, acc, e->source.value, &e->flags);
		break;
	}
}

static int stage_execute(struct axvm_vcpu *vcpu, struct x86_emulation *e)
{
	const struct x86_insn *insn = &e->insn;
	u64 reg = x86_get_reg(vcpu, insn->reg) >> insn->reg_shift;

	if (insn->form == X86_STRING)
		execute_string(vcpu, e);
	else if (insn->op == X86_PUSH || insn->op == X86_POP)
		e->destination.value = e->source.value;
	else if (insn->form == X86_REG_MEM)
		execute_load(e, reg);
	else
		execute_store(vcpu, e, insn->form == X86_MEM_IMM ? insn->imm : reg);
	return X86_GO_ON;
}

/* --- retire ---------------------------------------------------------------- */

static u64 repetitions(struct axvm_vcpu *vcpu, const struct x86_insn *insn)
{
	return x86_get_reg(vcpu, AXVM_X86_RCX) & x86_mask(insn->addr_size);
}

static void move_pointer(struct axvm_vcpu *vcpu, const struct x86_insn *insn, u8 place)
{
	unsigned int reg = place == X86_AT_SI ? AXVM_X86_RSI : AXVM_X86_RDI;
	u64 value = x86_get_reg(vcpu, reg);

	if (place == X86_NOWHERE)
		return;
	if (x86_get(vcpu, X86_FLAGS)->rflags & X86_EFLAGS_DF)
		value -= insn->width;
	else
		value += insn->width;
	x86_set_reg(vcpu, reg, 0, insn->addr_size, value);
}

/* After a repetition: true if it was the last */
static bool string_ends(struct axvm_vcpu *vcpu, const struct x86_emulation *e)
{
	const struct x86_insn *insn = &e->insn;
	u64 left;

	move_pointer(vcpu, insn, e->place[0]);
	move_pointer(vcpu, insn, e->place[1]);
	if (!insn->rep)
		return true;
	left = repetitions(vcpu, insn) - 1;
	x86_set_reg(vcpu, AXVM_X86_RCX, 0, insn->addr_size, left);
	if (!left)
		return true;
	if (insn->op != X86_CMPS && insn->op != X86_SCAS)
		return false;
	return !!(e->flags & X86_EFLAGS_ZF) != (insn->rep == X86_REPE);
}

static void move_stack(struct axvm_vcpu *vcpu, const struct x86_insn *insn)
{
	u64 value = x86_get_reg(vcpu, AXVM_X86_RSP);

	if (insn->op == X86_POP)
		value += insn->width;
	else
		value -= insn->width;
	x86_set_reg(vcpu, AXVM_X86_RSP, 0, x86_stack_size(vcpu), value);
}

static int stage_retire(struct axvm_vcpu *vcpu, struct x86_emulation *e)
{
	struct axvm_x86_regs *regs = x86_change(vcpu, X86_RIP | X86_FLAGS);
	const struct x86_insn *insn = &e->insn;

	regs->rflags = (regs->rflags & ~X86_ARITHMETIC_FLAGS) | e->flags;
	if (e->out_width)
		x86_set_reg(vcpu, e->out_reg, e->out_shift, e->out_width, e->out_value);
	if (insn->op == X86_PUSH || insn->op == X86_POP)
		move_stack(vcpu, insn);
	if (insn->form == X86_STRING && !string_ends(vcpu, e)) {
		if (regs->rflags & X86_EFLAGS_TF)
			x86_trap_step(vcpu);
		else if (--e->left)
			return X86_GO_ON;
		return X86_DONE;
	}
	x86_step_over(vcpu, insn->length);
	return X86_DONE;
}

/* --- all of them ----------------------------------------------------------- */

static int do_stage(struct axvm_vcpu *vcpu, struct x86_emulation *e, enum stage stage,
		    struct axvm_exit *exit)
{
	u32 access = destination_access(e);

	switch (stage) {
	case TRANSLATE:
		return stage_translate(vcpu, e);
	case READ_SOURCE:
		if (e->place[0] == X86_NOWHERE)
			return X86_GO_ON;
		return x86_read_operand(vcpu, &e->source, exit);
	case READ_DESTINATION:
		if (!(access & AXVM_ACCESS_READ))
			return X86_GO_ON;
		return x86_read_operand(vcpu, &e->destination, exit);
	case READ_PORT:
		if (e->insn.op != X86_INS)
			return X86_GO_ON;
		return x86_ask(vcpu, exit, AXVM_X_IO_READ, e->port, 0, &e->destination.value);
	case EXECUTE:
		return stage_execute(vcpu, e);
	case WRITE_DESTINATION:
		if (!(access & AXVM_ACCESS_WRITE))
			return X86_GO_ON;
		return x86_write_operand(vcpu, &e->destination, exit);
	case WRITE_PORT:
		if (e->insn.op != X86_OUTS)
			return X86_GO_ON;
		return x86_ask(vcpu, exit, AXVM_X_IO_WRITE, e->port, e->source.value, NULL);
	default:
		return stage_retire(vcpu, e);
	}
}

/**
 * x86_emulate_stages() - go on until the next access, or the end
 * @vcpu: the vCPU; what its emulation asked for last has been answered
 * @exit: filled in, if there is a next access
 *
 * Return: X86_ACCESS, X86_DONE, or an errno.
 */
int x86_emulate_stages(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct x86_emulation *e = vcpu->arch.emul;
	int ret;

	do {
		ret = do_stage(vcpu, e, e->stage, exit);
		e->stage = e->stage == RETIRE ? TRANSLATE : e->stage + 1;
	} while (ret == X86_GO_ON);
	return ret;
}

/**
 * x86_emulate_start() - begin with the instruction in vcpu->arch.emul->insn
 * @vcpu: the vCPU
 *
 * Return: X86_GO_ON: the operands are translated and the other stages follow; X86_DONE:
 * a fault was queued, or there is nothing to repeat; errno.
 */
int x86_emulate_start(struct axvm_vcpu *vcpu)
{
	struct x86_emulation *e = vcpu->arch.emul;
	const struct x86_insn *insn = &e->insn;

	e->stage = READ_SOURCE;
	e->answer = NULL;
	e->left = MAX_REPETITIONS;
	e->source.known = false;
	e->destination.known = false;
	e->place[0] = places[insn->op].source;
	e->place[1] = places[insn->op].destination;
	if (insn->form == X86_REG_MEM)
		e->place[0] = X86_AT_MODRM;
	else if (insn->form != X86_STRING && insn->op != X86_PUSH)
		e->place[1] = X86_AT_MODRM;
	if (insn->rep && insn->form == X86_STRING && !repetitions(vcpu, insn)) {
		x86_step_over(vcpu, insn->length);
		return X86_DONE;
	}
	return stage_translate(vcpu, e);
}
