// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes the instructions that a guest may use on a device's memory: those with a
 * memory operand out of MOV and its kin, the arithmetic and logic group, the bit
 * tests, exchanges, PUSH, POP, and the string instructions.
 *
 * Opcodes are rows of three tables (one-byte, two-byte, groups by ModRM.reg); SDM
 * Vol. 2D, appendix A has the same maps. A row not filled in, and a ModRM that names
 * a register, is not an instruction that can touch a device: -EINVAL. So are shifts,
 * multiplications, segment loads, and all of x87, SSE and AVX.
 *
 * Pure: no state, no locks, no guest memory.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "../core/backend.h"
#include "../core/compat.h"
#include "../uapi/axvm.h"
#include "decode.h"

/* More forms, of table rows only */
enum {
	PREFIX = X86_NR_FORMS,	/* op: enum prefix */
	GROUP,			/* op: enum group; the row there is taken, flags of both */
	LOAD_OFFSET,		/* A0, A1: rAX from an absolute address */
	STORE_OFFSET,		/* A2, A3: the reverse */
};

enum prefix {
	PREFIX_REX,
	PREFIX_SEG,		/* flags: the segment */
	PREFIX_OPERAND,
	PREFIX_ADDRESS,
	PREFIX_LOCK,
	PREFIX_REPNE,
	PREFIX_REPE,
};

enum group {
	GROUP_ALU, GROUP_8F, GROUP_BA, GROUP_C6, GROUP_F6, GROUP_FE, GROUP_FF, NR_GROUPS
};

/* row.flags; without any: operands of the operand size, immediate of at most 4 bytes */
#define BYTE	BIT(0)	/* operands of one byte */
#define IMM8	BIT(1)	/* the immediate has one byte, also for wider operands */
#define STACK	BIT(2)	/* in 64-bit mode the operand size is 8 or 2 */
#define FROM8	BIT(3)	/* memory has 1 byte whatever the register has */
#define FROM16	BIT(4)	/* 2 bytes */
#define FROM32	BIT(5)	/* at most 4 bytes */
#define SIGNED	BIT(6)	/* the load extends the sign */
#define ONLY64	BIT(7)	/* another instruction outside 64-bit mode */
#define NOT64	BIT(8)	/* undefined in 64-bit mode */
#define WIDE	BIT(9)	/* operands of 4 bytes, or 8 with REX.W */

/* REX bits (SDM Vol. 2A 2.2.1.2) */
#define REX_W	8
#define REX_R	4
#define REX_X	2
#define REX_B	1

struct row {
	u8 op;
	u8 form;
	u16 flags;
};

/* Short names of forms, for the tables */
#define MR	X86_MEM_REG
#define RM	X86_REG_MEM
#define MI	X86_MEM_IMM
#define M	X86_MEM

static const struct row one_byte[256] = {
	[0x00] = { X86_ADD, MR, BYTE }, { X86_ADD, MR }, { X86_ADD, RM, BYTE }, { X86_ADD, RM },
	[0x08] = { X86_OR, MR, BYTE }, { X86_OR, MR }, { X86_OR, RM, BYTE }, { X86_OR, RM },
	[0x10] = { X86_ADC, MR, BYTE }, { X86_ADC, MR }, { X86_ADC, RM, BYTE }, { X86_ADC, RM },
	[0x18] = { X86_SBB, MR, BYTE }, { X86_SBB, MR }, { X86_SBB, RM, BYTE }, { X86_SBB, RM },
	[0x20] = { X86_AND, MR, BYTE }, { X86_AND, MR }, { X86_AND, RM, BYTE }, { X86_AND, RM },
	[0x28] = { X86_SUB, MR, BYTE }, { X86_SUB, MR }, { X86_SUB, RM, BYTE }, { X86_SUB, RM },
	[0x30] = { X86_XOR, MR, BYTE }, { X86_XOR, MR }, { X86_XOR, RM, BYTE }, { X86_XOR, RM },
	[0x38] = { X86_CMP, MR, BYTE }, { X86_CMP, MR }, { X86_CMP, RM, BYTE }, { X86_CMP, RM },
	[0x26] = { PREFIX_SEG, PREFIX, AXVM_X86_ES },
	[0x2e] = { PREFIX_SEG, PREFIX, AXVM_X86_CS },
	[0x36] = { PREFIX_SEG, PREFIX, AXVM_X86_SS },
	[0x3e] = { PREFIX_SEG, PREFIX, AXVM_X86_DS },
	[0x40 ... 0x4f] = { PREFIX_REX, PREFIX },
	[0x63] = { X86_MOV, RM, FROM32 | SIGNED | ONLY64 },
	[0x64] = { PREFIX_SEG, PREFIX, AXVM_X86_FS },
	[0x65] = { PREFIX_SEG, PREFIX, AXVM_X86_GS },
	[0x66] = { PREFIX_OPERAND, PREFIX },
	[0x67] = { PREFIX_ADDRESS, PREFIX },
	[0x6c] = { X86_INS, X86_STRING, BYTE }, { X86_INS, X86_STRING, FROM32 },
	[0x6e] = { X86_OUTS, X86_STRING, BYTE }, { X86_OUTS, X86_STRING, FROM32 },
	[0x80] = { GROUP_ALU, GROUP, BYTE },
	[0x81] = { GROUP_ALU, GROUP },
	[0x82] = { GROUP_ALU, GROUP, BYTE | NOT64 },
	[0x83] = { GROUP_ALU, GROUP, IMM8 },
	[0x84] = { X86_TEST, MR, BYTE },
	[0x85] = { X86_TEST, MR },
	[0x86] = { X86_XCHG, MR, BYTE },
	[0x87] = { X86_XCHG, MR },
	[0x88] = { X86_MOV, MR, BYTE },
	[0x89] = { X86_MOV, MR },
	[0x8a] = { X86_MOV, RM, BYTE },
	[0x8b] = { X86_MOV, RM },
	[0x8f] = { GROUP_8F, GROUP },
	[0xa0] = { X86_MOV, LOAD_OFFSET, BYTE },
	[0xa1] = { X86_MOV, LOAD_OFFSET },
	[0xa2] = { X86_MOV, STORE_OFFSET, BYTE },
	[0xa3] = { X86_MOV, STORE_OFFSET },
	[0xa4] = { X86_MOVS, X86_STRING, BYTE }, { X86_MOVS, X86_STRING },
	[0xa6] = { X86_CMPS, X86_STRING, BYTE }, { X86_CMPS, X86_STRING },
	[0xaa] = { X86_STOS, X86_STRING, BYTE }, { X86_STOS, X86_STRING },
	[0xac] = { X86_LODS, X86_STRING, BYTE }, { X86_LODS, X86_STRING },
	[0xae] = { X86_SCAS, X86_STRING, BYTE }, { X86_SCAS, X86_STRING },
	[0xc6] = { GROUP_C6, GROUP, BYTE },
	[0xc7] = { GROUP_C6, GROUP },
	[0xf0] = { PREFIX_LOCK, PREFIX },
	[0xf2] = { PREFIX_REPNE, PREFIX },
	[0xf3] = { PREFIX_REPE, PREFIX },
	[0xf6] = { GROUP_F6, GROUP, BYTE },
	[0xf7] = { GROUP_F6, GROUP },
	[0xfe] = { GROUP_FE, GROUP, BYTE },
	[0xff] = { GROUP_FF, GROUP },
};

/* Behind 0F */
static const struct row two_byte[256] = {
	[0xa3] = { X86_BT, MR },
	[0xab] = { X86_BTS, MR },
	[0xb0] = { X86_CMPXCHG, MR, BYTE },
	[0xb1] = { X86_CMPXCHG, MR },
	[0xb3] = { X86_BTR, MR },
	[0xb6] = { X86_MOV, RM, FROM8 },
	[0xb7] = { X86_MOV, RM, FROM16 },
	[0xba] = { GROUP_BA, GROUP, IMM8 },
	[0xbb] = { X86_BTC, MR },
	[0xbe] = { X86_MOV, RM, FROM8 | SIGNED },
	[0xbf] = { X86_MOV, RM, FROM16 | SIGNED },
	[0xc0] = { X86_XADD, MR, BYTE },
	[0xc1] = { X86_XADD, MR },
	[0xc3] = { X86_MOV, MR, WIDE },	/* MOVNTI */
};

/* By ModRM.reg */
static const struct row groups[NR_GROUPS][8] = {
	[GROUP_ALU] = {
		{ X86_ADD, MI }, { X86_OR, MI }, { X86_ADC, MI }, { X86_SBB, MI },
		{ X86_AND, MI }, { X86_SUB, MI }, { X86_XOR, MI }, { X86_CMP, MI },
	},
	[GROUP_8F] = { [0] = { X86_POP, M, STACK } },
	[GROUP_BA] = {
		[4] = { X86_BT, MI }, { X86_BTS, MI }, { X86_BTR, MI }, { X86_BTC, MI },
	},
	[GROUP_C6] = { [0] = { X86_MOV, MI } },
	[GROUP_F6] = {
		[0] = { X86_TEST, MI }, { X86_TEST, MI }, { X86_NOT, M }, { X86_NEG, M },
	},
	[GROUP_FE] = { [0] = { X86_INC, M }, { X86_DEC, M } },
	[GROUP_FF] = { [0] = { X86_INC, M }, { X86_DEC, M }, [6] = { X86_PUSH, M, STACK } },
};

#define R AXVM_ACCESS_READ
#define W AXVM_ACCESS_WRITE

/* What each operation does to memory that is its first or only operand */
static const u8 memory_access[X86_NR_OPS] = {
	[X86_ADD] = R | W, [X86_OR] = R | W, [X86_ADC] = R | W, [X86_SBB] = R | W,
	[X86_AND] = R | W, [X86_SUB] = R | W, [X86_XOR] = R | W, [X86_CMP] = R,
	[X86_BT] = R, [X86_BTS] = R | W, [X86_BTR] = R | W, [X86_BTC] = R | W,
	[X86_MOV] = W, [X86_TEST] = R, [X86_NOT] = R | W, [X86_NEG] = R | W,
	[X86_INC] = R | W, [X86_DEC] = R | W,
	[X86_XCHG] = R | W, [X86_CMPXCHG] = R | W, [X86_XADD] = R | W,
	[X86_PUSH] = R, [X86_POP] = W,
	[X86_MOVS] = W, [X86_CMPS] = R, [X86_STOS] = W, [X86_LODS] = R, [X86_SCAS] = R,
	[X86_INS] = W, [X86_OUTS] = R,
};

#undef R
#undef W

/* ModRM.rm with 16-bit addresses (SDM Vol. 2A table 2-1) */
static const struct {
	u8 base;
	u8 index;
} address16[8] = {
	{ AXVM_X86_RBX, AXVM_X86_RSI },
	{ AXVM_X86_RBX, AXVM_X86_RDI },
	{ AXVM_X86_RBP, AXVM_X86_RSI },
	{ AXVM_X86_RBP, AXVM_X86_RDI },
	{ AXVM_X86_RSI, X86_NO_REG },
	{ AXVM_X86_RDI, X86_NO_REG },
	{ AXVM_X86_RBP, X86_NO_REG },
	{ AXVM_X86_RBX, X86_NO_REG },
};

struct prefixes {
	bool operand;
	bool address;
	u8 rex;
	u8 seg;		/* X86_NO_REG: none */
};

static void take_prefix(struct x86_insn *insn, struct prefixes *prefixes, const struct row *row,
			u8 byte, unsigned int bits)
{
	/* A REX prefix counts only right before the opcode */
	prefixes->rex = 0;
	switch (row->op) {
	case PREFIX_REX:
		prefixes->rex = byte;
		break;
	case PREFIX_SEG:
		/* In 64-bit mode the others are ignored */
		if (bits != 64 || row->flags >= AXVM_X86_FS)
			prefixes->seg = row->flags;
		break;
	case PREFIX_OPERAND:
		prefixes->operand = true;
		break;
	case PREFIX_ADDRESS:
		prefixes->address = true;
		break;
	case PREFIX_LOCK:
		insn->lock = true;
		break;
	default:
		insn->rep = byte;
	}
}

static u8 operand_size(const struct prefixes *prefixes, unsigned int bits, u16 flags)
{
	if (flags & BYTE)
		return 1;
	if (prefixes->rex & REX_W)
		return 8;
	if (bits == 64 && (flags & STACK))
		return prefixes->operand ? 2 : 8;
	if (flags & WIDE)
		return 4;
	return prefixes->operand == (bits == 16) ? 4 : 2;
}

static u8 address_size(const struct prefixes *prefixes, unsigned int bits)
{
	if (bits == 64)
		return prefixes->address ? 4 : 8;
	return prefixes->address == (bits == 16) ? 4 : 2;
}

static void set_sizes(struct x86_insn *insn, const struct prefixes *prefixes, unsigned int bits,
		      u16 flags)
{
	u8 size = operand_size(prefixes, bits, flags);

	insn->addr_size = address_size(prefixes, bits);
	insn->width = size;
	insn->reg_width = size;
	if (flags & (FROM8 | FROM16 | FROM32)) {
		insn->width = flags & FROM8 ? 1 : flags & FROM16 ? 2 : min_t(u8, size, 4);
		insn->sign_extend = flags & SIGNED;
	}
}

/* Displacement by ModRM.mod; with mod 0 there is none here */
static const u8 *get_disp(struct x86_insn *insn, const u8 *p, unsigned int mod)
{
	if (mod == 1) {
		insn->disp = (s8)*p;
		return p + 1;
	}
	if (mod == 2) {
		insn->disp = (s32)get_unaligned_le32(p);
		return p + 4;
	}
	return p;
}

static const u8 *get_address16(struct x86_insn *insn, const u8 *p)
{
	unsigned int mod = *p >> 6, rm = *p & 7;

	p++;
	if (mod == 0 && rm == 6) {
		insn->disp = get_unaligned_le16(p);
		return p + 2;
	}
	insn->base = address16[rm].base;
	insn->index = address16[rm].index;
	if (insn->base == AXVM_X86_RBP)
		insn->seg = AXVM_X86_SS;
	if (mod == 2) {
		insn->disp = (s16)get_unaligned_le16(p);
		return p + 2;
	}
	return get_disp(insn, p, mod);
}

static const u8 *get_address(struct x86_insn *insn, const u8 *p, u8 rex, unsigned int bits)
{
	unsigned int mod = *p >> 6, rm = *p & 7;
	bool sib = rm == 4;

	p++;
	if (sib) {
		u8 index = (*p >> 3 & 7) | (rex & REX_X) << 2;

		if (index != AXVM_X86_RSP)
			insn->index = index;
		insn->scale = *p >> 6;
		rm = *p & 7;
		p++;
	}
	if (mod == 0 && rm == 5) {
		if (bits == 64 && !sib)
			insn->base = X86_RIP_REG;
		return get_disp(insn, p, 2);
	}
	insn->base = rm | (rex & REX_B) << 3;
	if (insn->base == AXVM_X86_RSP || insn->base == AXVM_X86_RBP)
		insn->seg = AXVM_X86_SS;
	return get_disp(insn, p, mod);
}

static void get_reg(struct x86_insn *insn, u8 modrm, u8 rex)
{
	insn->reg = (modrm >> 3 & 7) | (rex & REX_R) << 1;
	/* AH, CH, DH, BH: only without REX */
	if (insn->reg_width == 1 && !rex && insn->reg >= 4) {
		insn->reg -= 4;
		insn->reg_shift = 8;
	}
}

static const u8 *get_immediate(struct x86_insn *insn, const u8 *p, u16 flags)
{
	if (insn->width == 1 || (flags & IMM8)) {
		insn->imm = (s8)*p;
		return p + 1;
	}
	if (insn->width == 2) {
		insn->imm = (s16)get_unaligned_le16(p);
		return p + 2;
	}
	insn->imm = (s32)get_unaligned_le32(p);
	return p + 4;
}

/* Opcodes A0 to A3: an address of the address size, register rAX */
static const u8 *get_offset(struct x86_insn *insn, const u8 *p)
{
	if (insn->addr_size == 8)
		insn->disp = get_unaligned_le64(p);
	else if (insn->addr_size == 4)
		insn->disp = get_unaligned_le32(p);
	else
		insn->disp = get_unaligned_le16(p);
	return p + insn->addr_size;
}

/* ModRM and what follows it. NULL: the operand is a register, or LOCK stands where it may not */
static const u8 *get_operands(struct x86_insn *insn, const u8 *p, u16 flags, u8 rex,
			      unsigned int bits)
{
	u8 modrm = *p;

	if (modrm >= 0xc0)
		return NULL;
	if (insn->form != X86_REG_MEM)
		insn->access = memory_access[insn->op];
	if (insn->lock && insn->access != (AXVM_ACCESS_READ | AXVM_ACCESS_WRITE))
		return NULL;
	if (insn->form <= X86_REG_MEM)
		get_reg(insn, modrm, rex);
	if (insn->addr_size == 2)
		p = get_address16(insn, p);
	else
		p = get_address(insn, p, rex, bits);
	return insn->form == X86_MEM_IMM ? get_immediate(insn, p, flags) : p;
}

/* The forms without ModRM. NULL: LOCK stands where it may not */
static const u8 *get_implied(struct x86_insn *insn, const u8 *p)
{
	if (insn->lock)
		return NULL;
	if (insn->form == X86_STRING) {
		insn->access = memory_access[insn->op];
		return p;
	}
	insn->form = insn->form == LOAD_OFFSET ? X86_REG_MEM : X86_MEM_REG;
	if (insn->form == X86_MEM_REG)
		insn->access = AXVM_ACCESS_WRITE;
	return get_offset(insn, p);
}

/**
 * x86_decode() - decode one instruction
 * @insn: filled in, if 0 is returned
 * @bytes: X86_INSN_BUFFER bytes, of which @avail are the guest's, the others anything
 * @avail: 1 to X86_MAX_INSN
 * @bits: 16, 32 or 64: what the code segment makes the default
 *
 * Context: any.
 * Return: 0; -EINVAL: cannot be emulated; -ENODATA: longer than @avail.
 */
int x86_decode(struct x86_insn *insn, const u8 *bytes, unsigned int avail, unsigned int bits)
{
	struct prefixes prefixes = { .seg = X86_NO_REG };
	const u8 *p = bytes, *end = bytes + avail;
	const struct row *row;
	u16 flags;

	*insn = (struct x86_insn) {
		.access = AXVM_ACCESS_READ,
		.seg = AXVM_X86_DS, .base = X86_NO_REG, .index = X86_NO_REG,
	};
	while ((row = &one_byte[*p])->form == PREFIX) {
		if (row->op == PREFIX_REX && bits != 64)
			return -EINVAL;
		take_prefix(insn, &prefixes, row, *p, bits);
		if (++p == end)
			return -ENODATA;
	}
	if (*p++ == 0x0f) {
		if (p == end)
			return -ENODATA;
		row = &two_byte[*p++];
	}
	flags = row->flags;
	if (row->form == GROUP) {
		if (p == end)
			return -ENODATA;
		row = &groups[row->op][*p >> 3 & 7];
		flags |= row->flags;
	}
	if (row->op == X86_NONE || (flags & (bits == 64 ? NOT64 : ONLY64)))
		return -EINVAL;
	insn->op = row->op;
	insn->form = row->form;
	set_sizes(insn, &prefixes, bits, flags);
	if (insn->form >= X86_STRING) {
		p = get_implied(insn, p);
	} else {
		if (p == end)
			return -ENODATA;
		p = get_operands(insn, p, flags, prefixes.rex, bits);
	}
	if (!p)
		return -EINVAL;
	if (p > end)
		return -ENODATA;
	if (prefixes.seg != X86_NO_REG)
		insn->seg = prefixes.seg;
	insn->length = p - bytes;
	return 0;
}
