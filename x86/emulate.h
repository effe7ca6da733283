/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the emulator's files share: the instruction under way, and addresses.
 */
#ifndef AXVM_X86_EMULATE_H
#define AXVM_X86_EMULATE_H

#include <asm/trapnr.h>

#include "fetch.h"
#include "x86.h"

/**
 * enum x86_place - where an operand in memory is
 * @X86_NOWHERE: there is none
 * @X86_AT_MODRM: where ModRM says
 * @X86_AT_SI: DS:rSI, or another segment
 * @X86_AT_DI: ES:rDI
 * @X86_AT_PUSH: where PUSH writes
 * @X86_AT_POP: where POP reads
 */
enum x86_place {
	X86_NOWHERE,
	X86_AT_MODRM,
	X86_AT_SI,
	X86_AT_DI,
	X86_AT_PUSH,
	X86_AT_POP,
};

/**
 * struct x86_operand - an operand in memory
 * @gpa: guest-physical address of its first byte, and of its first byte in a second page
 * @split: bytes in the first page, if it crosses into a second, else 0
 * @page: linear page for which @frame holds
 * @frame: guest-physical page; good until the guest is entered
 * @known: @page and @frame are filled in
 * @value: what was read, or is to be written
 */
struct x86_operand {
	u64 gpa[2];
	u8 split;
	bool known;
	u64 page;
	u64 frame;
	u64 value;
};

/**
 * struct x86_emulation - an instruction that takes several accesses
 * @decoded: instructions seen lately, by a hash of RIP (x86/fetch.c)
 * @insn: the instruction
 * @stage: what is to be done next (x86/emulate_stages.c)
 * @place: enum x86_place of the source and the destination
 * @port: of INS and OUTS
 * @left: repetitions until the guest is entered again, for its interrupts
 * @source: the memory operand that is read only
 * @destination: the memory operand that is written, or the first of two read
 * @answer: where the value goes that the access under way reads, or NULL
 * @out_width: bytes of the register result; 0: none
 * @out_reg: its register
 * @out_shift: 8 for AH, CH, DH, BH
 * @out_value: the register result
 * @flags: X86_ARITHMETIC_FLAGS when it is done
 *
 * The outputs are committed when the instruction, or a repetition, is done: until then
 * it can be begun anew.
 */
struct x86_emulation {
	struct x86_decoded decoded[1 << X86_DECODED_BITS];
	struct x86_insn insn;
	u8 stage;
	u8 place[2];
	u16 port;
	unsigned int left;
	struct x86_operand source;
	struct x86_operand destination;
	u64 *answer;
	u8 out_width;
	u8 out_reg;
	u8 out_shift;
	u64 out_value;
	u64 flags;
};

/* All but RSP are always there */
static inline u64 x86_get_reg(struct axvm_vcpu *vcpu, unsigned int reg)
{
	return x86_get(vcpu, unlikely(reg == AXVM_X86_RSP) ? X86_RSP : 0)->gpr[reg];
}

/* The sum that ModRM describes, not yet cut to the address size */
static inline u64 x86_address_sum(struct axvm_vcpu *vcpu, const struct x86_insn *insn)
{
	u64 sum = insn->disp;

	if (insn->base < AXVM_X86_NR_GPR)
		sum += x86_get_reg(vcpu, insn->base);
	else if (insn->base == X86_RIP_REG)
		sum += x86_get(vcpu, X86_RIP)->rip + insn->length;
	if (unlikely(insn->index != X86_NO_REG))
		sum += x86_get_reg(vcpu, insn->index) << insn->scale;
	return sum;
}

/* x86/emulate.c */
int x86_inject(struct axvm_vcpu *vcpu, const struct x86_exception *exc);
int x86_inject_fault(struct axvm_vcpu *vcpu, u8 vector);
void x86_trap_step(struct axvm_vcpu *vcpu);

/* x86/emulate_stages.c */
int x86_emulate_start(struct axvm_vcpu *vcpu);
int x86_emulate_stages(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/* x86/emulate_operand.c */
unsigned int x86_stack_size(struct axvm_vcpu *vcpu);
int x86_translate_operand(struct axvm_vcpu *vcpu, enum x86_place place, u32 access,
			  struct x86_operand *operand);
int x86_read_operand(struct axvm_vcpu *vcpu, struct x86_operand *operand, struct axvm_exit *exit);
int x86_write_operand(struct axvm_vcpu *vcpu, struct x86_operand *operand, struct axvm_exit *exit);
int x86_ask(struct axvm_vcpu *vcpu, struct axvm_exit *exit, enum axvm_exit_type type, u64 addr,
	    u64 data, u64 *answer);

/* x86/gva.c */
int x86_linear(struct axvm_vcpu *vcpu, unsigned int seg, u64 offset, unsigned int width, u32 access,
	       u64 *linear, struct x86_exception *exc);
void x86_fault(const struct axvm_x86_regs *regs, u8 vector, struct x86_exception *exc);

#endif /* AXVM_X86_EMULATE_H */
