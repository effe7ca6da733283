/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instruction decoder: bytes in, a description out, nothing else touched.
 */
#ifndef AXVM_X86_DECODE_H
#define AXVM_X86_DECODE_H

#include <linux/types.h>

/* No instruction is longer (SDM Vol. 2A 2.3.11) */
#define X86_MAX_INSN	15

/*
 * What x86_decode() wants to find behind its pointer: it looks at a whole operand
 * before it knows that the instruction is too long: 14 prefixes, two bytes of opcode,
 * ModRM, SIB, 4 of displacement, 4 of immediate.
 */
#define X86_INSN_BUFFER	32

/* What an instruction does; MOV stands for MOVZX, MOVSX, MOVSXD and MOVNTI, too */
enum x86_op {
	X86_NONE,
	X86_ADD, X86_OR, X86_ADC, X86_SBB, X86_AND, X86_SUB, X86_XOR, X86_CMP,
	X86_BT, X86_BTS, X86_BTR, X86_BTC,
	X86_MOV, X86_TEST, X86_NOT, X86_NEG, X86_INC, X86_DEC,
	X86_XCHG, X86_CMPXCHG, X86_XADD, X86_PUSH, X86_POP,
	X86_MOVS, X86_CMPS, X86_STOS, X86_LODS, X86_SCAS, X86_INS, X86_OUTS,
	X86_NR_OPS
};

/**
 * enum x86_form - where the operands are; the destination first
 * @X86_MEM_REG: memory, register
 * @X86_REG_MEM: register, memory
 * @X86_MEM_IMM: memory, immediate
 * @X86_MEM: memory only
 * @X86_STRING: DS:rSI, ES:rDI, rAX, as the operation has it
 * @X86_NR_FORMS: how many there are
 */
enum x86_form {
	X86_MEM_REG,
	X86_REG_MEM,
	X86_MEM_IMM,
	X86_MEM,
	X86_STRING,
	X86_NR_FORMS
};

/* x86_insn.base and .index besides register numbers */
#define X86_NO_REG	0xff
#define X86_RIP_REG	0xfe

/* x86_insn.rep */
#define X86_REPNE	0xf2
#define X86_REPE	0xf3

/**
 * struct x86_insn - a decoded instruction
 * @op: enum x86_op
 * @form: enum x86_form
 * @access: AXVM_ACCESS_* of the memory operand that ModRM or the instruction itself gives
 * @length: bytes of the instruction
 * @width: bytes of the operand in memory
 * @reg: the register operand
 * @reg_shift: 8 for AH, CH, DH, BH (@reg is 0 to 3 then), else 0
 * @reg_width: bytes of the register operand
 * @sign_extend: a load into a wider register extends the sign
 * @lock: LOCK prefix
 * @rep: X86_REPNE, X86_REPE (also plain REP), or 0
 * @addr_size: address size in bytes: 2, 4, 8
 * @seg: segment of the memory operand; of string instructions, the source's
 * @base: base register, X86_RIP_REG or X86_NO_REG
 * @index: index register or X86_NO_REG
 * @scale: the index is shifted left by that
 * @disp: displacement; 64 bits wide only for opcodes A0 to A3
 * @imm: immediate, its sign extended
 */
struct x86_insn {
	u8 op;
	u8 form;
	u8 access;
	u8 length;
	u8 width;
	u8 reg;
	u8 reg_shift;
	u8 reg_width;
	bool sign_extend;
	bool lock;
	u8 rep;
	u8 addr_size;
	u8 seg;
	u8 base;
	u8 index;
	u8 scale;
	s64 disp;
	s64 imm;
};

int x86_decode(struct x86_insn *insn, const u8 *bytes, unsigned int avail, unsigned int bits);

#endif /* AXVM_X86_DECODE_H */
