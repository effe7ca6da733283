// SPDX-License-Identifier: GPL-2.0
/*
 * The emulator's operands in memory: where they are, and how they are read and written.
 *
 * No locks: the vCPU's own thread.
 */
#include <linux/log2.h>
#include <linux/mm.h>

#include "alu.h"
#include "emulate.h"

/* Where ModRM points to in the segment; the operation may have a say in it */
static u64 modrm_address(struct axvm_vcpu *vcpu, const struct x86_insn *insn)
{
	u64 address = x86_address_sum(vcpu, insn);
	s64 bit;

	if (insn->op == X86_POP && insn->base == AXVM_X86_RSP)
		address += insn->width;	/* RSP as it is after the POP */
	if (insn->form == X86_MEM_REG && insn->op >= X86_BT && insn->op <= X86_BTC) {
		/* A string of bits: the register counts from its start, both ways */
		bit = x86_sign_extend(x86_get_reg(vcpu, insn->reg), insn->width);
		address += (bit >> (ilog2(insn->width) + 3)) * insn->width;
	}
	return address & x86_mask(insn->addr_size);
}

/* Bytes of the stack pointer that count */
unsigned int x86_stack_size(struct axvm_vcpu *vcpu)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_CRS | X86_CODE);

	if (x86_code_bits(regs) == 64)
		return 8;
	return regs->seg[AXVM_X86_SS].attr & X86_SEG_DB ? 4 : 2;
}

static u64 place_address(struct axvm_vcpu *vcpu, const struct x86_insn *insn, enum x86_place place,
			 unsigned int *seg)
{
	u64 address;

	switch (place) {
	case X86_AT_SI:
		*seg = insn->seg;
		return x86_get_reg(vcpu, AXVM_X86_RSI) & x86_mask(insn->addr_size);
	case X86_AT_DI:
		*seg = AXVM_X86_ES;
		return x86_get_reg(vcpu, AXVM_X86_RDI) & x86_mask(insn->addr_size);
	case X86_AT_PUSH:
	case X86_AT_POP:
		*seg = AXVM_X86_SS;
		address = x86_get_reg(vcpu, AXVM_X86_RSP);
		if (place == X86_AT_PUSH)
			address -= insn->width;
		return address & x86_mask(x86_stack_size(vcpu));
	default:
		*seg = insn->seg;
		return modrm_address(vcpu, insn);
	}
}

/*
 * Linear to guest-physical. Until the guest is entered again it can invalidate no
 * translation (a TLB could keep them, too), so the last page is remembered.
 */
static int locate(struct axvm_vcpu *vcpu, struct x86_operand *operand, u64 linear, u32 access,
		  u64 *gpa, struct x86_exception *exc)
{
	u64 page = linear & PAGE_MASK;
	int ret;

	if (!operand->known || operand->page != page) {
		operand->known = false;
		ret = x86_gva_to_gpa(vcpu, linear, access, gpa, exc);
		if (ret)
			return ret;
		operand->page = page;
		operand->frame = *gpa & PAGE_MASK;
		operand->known = true;
	}
	*gpa = operand->frame | offset_in_page(linear);
	return 0;
}

static bool is_memory(struct axvm_vcpu *vcpu, u64 gpa)
{
	u8 byte;

	return !axvm_guest_read(vcpu->vm, gpa, &byte, 1);
}

/* The part of an operand that lies in a second page */
static int translate_rest(struct axvm_vcpu *vcpu, struct x86_operand *operand, u64 linear,
			  u32 access, struct x86_exception *exc)
{
	int ret;

	if (x86_code_bits(x86_get(vcpu, X86_CRS | X86_CODE)) != 64)
		linear = (u32)linear;
	ret = locate(vcpu, operand, linear, access, &operand->gpa[1], exc);
	if (ret || (is_memory(vcpu, operand->gpa[0]) && is_memory(vcpu, operand->gpa[1])))
		return ret;
	x86_fault(x86_get(vcpu, X86_CRS), X86_TRAP_GP, exc);
	return 1;
}

/**
 * x86_translate_operand() - where an operand of the instruction under way is
 * @vcpu: the vCPU
 * @place: what the instruction says
 * @access: AXVM_ACCESS_*
 * @operand: its gpa and split are filled in
 *
 * Return: X86_GO_ON; X86_DONE: a fault was queued; errno.
 */
int x86_translate_operand(struct axvm_vcpu *vcpu, enum x86_place place, u32 access,
			  struct x86_operand *operand)
{
	const struct x86_insn *insn = &vcpu->arch.emul->insn;
	struct x86_exception exc;
	unsigned int seg, first;
	u64 linear, offset;
	int ret;

	operand->split = 0;
	offset = place_address(vcpu, insn, place, &seg);
	ret = x86_linear(vcpu, seg, offset, insn->width, access, &linear, &exc);
	if (ret)
		return x86_inject(vcpu, &exc);
	ret = locate(vcpu, operand, linear, access, &operand->gpa[0], &exc);
	first = PAGE_SIZE - offset_in_page(linear);
	if (!ret && first < insn->width) {
		operand->split = first;
		ret = translate_rest(vcpu, operand, linear + first, access, &exc);
	}
	if (ret > 0)
		return x86_inject(vcpu, &exc);
	return ret ? ret : X86_GO_ON;
}

/**
 * x86_ask() - have the core make an access
 * @vcpu: the vCPU
 * @exit: to be filled in
 * @type: what it is
 * @addr: port or GPA
 * @data: of a write
 * @answer: where the value goes that is read; NULL for a write
 *
 * Return: X86_ACCESS.
 */
int x86_ask(struct axvm_vcpu *vcpu, struct axvm_exit *exit, enum axvm_exit_type type, u64 addr,
	    u64 data, u64 *answer)
{
	struct x86_emulation *e = vcpu->arch.emul;

	e->answer = answer;
	exit->type = type;
	exit->width = e->insn.width;
	exit->more = true;
	exit->addr = addr;
	exit->data = data & x86_mask(e->insn.width);
	return X86_ACCESS;
}

/*
 * Both operands may be memory or a device's: a string instruction has memory on its
 * other side, and a read-only slot is read like memory and written like a device.
 */
int x86_read_operand(struct axvm_vcpu *vcpu, struct x86_operand *operand, struct axvm_exit *exit)
{
	unsigned int width = vcpu->arch.emul->insn.width;
	unsigned int first = operand->split ? operand->split : width;
	u8 *value = (u8 *)&operand->value;
	int ret;

	operand->value = 0;
	ret = axvm_guest_read(vcpu->vm, operand->gpa[0], value, first);
	if (!ret && operand->split)
		ret = axvm_guest_read(vcpu->vm, operand->gpa[1], value + first, width - first);
	if (!ret)
		return X86_GO_ON;
	if (operand->split)	/* It was memory when it was translated */
		return x86_inject_fault(vcpu, X86_TRAP_GP);
	return x86_ask(vcpu, exit, AXVM_X_MMIO_READ, operand->gpa[0], 0, &operand->value);
}

int x86_write_operand(struct axvm_vcpu *vcpu, struct x86_operand *operand, struct axvm_exit *exit)
{
	unsigned int width = vcpu->arch.emul->insn.width;
	unsigned int first = operand->split ? operand->split : width;
	const u8 *value = (const u8 *)&operand->value;
	int ret;

	ret = axvm_guest_write(vcpu->vm, operand->gpa[0], value, first);
	if (operand->split) {
		/* What does not go into a ROM is dropped */
		axvm_guest_write(vcpu->vm, operand->gpa[1], value + first, width - first);
		return X86_GO_ON;
	}
	if (!ret)
		return X86_GO_ON;
	return x86_ask(vcpu, exit, AXVM_X_MMIO_WRITE, operand->gpa[0], operand->value, NULL);
}
