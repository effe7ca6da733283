/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads and stores of A64, as the emulator wants them (arm64/decode.c).
 */
#ifndef AXVM_ARM64_DECODE_H
#define AXVM_ARM64_DECODE_H

#include <linux/types.h>

/* arm64_insn.kind */
#define ARM64_LOAD		0
#define ARM64_STORE		1
#define ARM64_ATOMIC		2	/* exclusives too: nothing else is decoded */

/* arm64_insn.mode: where the address comes from; @offset is added */
#define ARM64_OFFSET		0	/* base register */
#define ARM64_PRE_INDEX		1	/* base register, which becomes the address */
#define ARM64_POST_INDEX	2	/* base register alone; @offset is added to it afterwards */
#define ARM64_REGISTER		3	/* base register and another, extended and shifted */
#define ARM64_LITERAL		4	/* PC */

/* arm64_insn.extend: option field (ARM DDI 0487 C1.3.3), those that loads and stores have */
#define ARM64_UXTW		2
#define ARM64_LSL		3
#define ARM64_SXTW		6
#define ARM64_SXTX		7

/**
 * struct arm64_insn - a load or store
 * @kind: ARM64_LOAD, ARM64_STORE, ARM64_ATOMIC
 * @mode: ARM64_OFFSET ...
 * @simd: the registers are V registers, else general ones
 * @count: registers: 1 or 2
 * @width: bytes in memory of each: 1, 2, 4, 8, or for V registers also 16
 * @reg_width: loads of general registers: bytes that are written, 4 or 8; the rest is 0
 * @sign_extend: loads of general registers: from @width to @reg_width
 * @rt: first register; 31 is XZR
 * @rt2: second register
 * @rn: base register; 31 is SP
 * @rm: ARM64_REGISTER: offset register; 31 is XZR
 * @extend: ARM64_REGISTER: how @rm is extended
 * @shift: ARM64_REGISTER: by how many bits it is shifted then
 * @offset: bytes
 */
struct arm64_insn {
	u8 kind;
	u8 mode;
	bool simd;
	u8 count;
	u8 width;
	u8 reg_width;
	bool sign_extend;
	u8 rt;
	u8 rt2;
	u8 rn;
	u8 rm;
	u8 extend;
	u8 shift;
	s32 offset;
};

int arm64_decode(struct arm64_insn *insn, u32 code);

#endif /* AXVM_ARM64_DECODE_H */
