// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that touch a device's memory, or move strings between ports and memory:
 * what the backend calls.
 *
 * A plain load or store becomes one access in struct axvm_exit, and the backend does the
 * rest. All others go through stages (emulate_stages.c), which stop at each access to a
 * device until the core has answered it. Operands in memory are all translated first,
 * so that a fault comes before anything was done; results are committed last.
 *
 * A read-modify-write is two accesses, with LOCK, too: another vCPU's may come between.
 *
 * Not done here, #UD instead: what the decoder does not know, and INS and OUTS whose
 * port made no exit. #GP instead: an access to a device that crosses a page, which
 * would be two accesses.
 *
 * The bytes at RIP are read after the exit, when another vCPU may have changed them: the
 * access is made only if it is the one that the hardware reported, or if the guest's
 * page tables allow it now.
 *
 * Owns: vcpu->arch.emul. No locks: the vCPU's own thread.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <asm/debugreg.h>

#include "alu.h"
#include "emulate.h"

/* --- what instructions do beside their work ---------------------------------- */

int x86_inject(struct axvm_vcpu *vcpu, const struct x86_exception *exc)
{
	x86_queue_exception(vcpu, exc);
	return X86_DONE;
}

int x86_inject_fault(struct axvm_vcpu *vcpu, u8 vector)
{
	struct x86_exception exc;

	x86_fault(x86_get(vcpu, X86_CRS), vector, &exc);
	return x86_inject(vcpu, &exc);
}

/* Single step: a trap after the instruction, or after a repetition of it */
void x86_trap_step(struct axvm_vcpu *vcpu)
{
	static const struct x86_exception debug = { .vector = X86_TRAP_DB };

	x86_change(vcpu, X86_DEBUG)->dr[6] |= DR_STEP;
	x86_queue_exception(vcpu, &debug);
}

/**
 * x86_step_over_odd() - x86_step_over() where something beside RIP changes
 * @vcpu: the vCPU; its own thread
 * @next: RIP + length, not cut yet
 */
void x86_step_over_odd(struct axvm_vcpu *vcpu, u64 next)
{
	struct axvm_x86_regs *regs = x86_change(vcpu, X86_RIP | X86_FLAGS);

	/* Into the next 4 GiB: outside 64-bit mode EIP wraps */
	if (((next ^ regs->rip) >> 32) &&
	    x86_code_bits(x86_get(vcpu, X86_CRS | X86_CODE)) != 64)
		next = (u32)next;
	regs->rip = next;
	regs->rflags &= ~(u64)X86_EFLAGS_RF;
	if (x86_get(vcpu, X86_INTR)->interruptibility & X86_SHADOW)
		x86_change(vcpu, X86_INTR)->interruptibility &= ~X86_SHADOW;
	if (regs->rflags & X86_EFLAGS_TF)
		x86_trap_step(vcpu);
}

/* --- device memory ----------------------------------------------------------- */

/* The segment's base, in 64-bit mode FS's and GS's only */
static u64 segment_base(struct axvm_vcpu *vcpu, unsigned int seg)
{
	if (seg < AXVM_X86_FS && x86_code_bits(x86_get(vcpu, X86_CRS | X86_CODE)) == 64)
		return 0;
	return x86_get(vcpu, X86_SEGS)->seg[seg].base;
}

/* Is it the access that the hardware reported, as far as that can be seen without a walk? */
static bool is_reported(struct axvm_vcpu *vcpu, const struct x86_insn *insn, u64 gpa, u32 access)
{
	u64 linear = x86_address_sum(vcpu, insn);

	if (insn->addr_size != 8 || insn->seg >= AXVM_X86_FS)
		linear += segment_base(vcpu, insn->seg);
	return insn->access == access && offset_in_page(linear ^ gpa) == 0 &&
	       offset_in_page(gpa) + insn->width <= PAGE_SIZE;
}

/* One access, which the backend finishes: struct axvm_exit says it all */
static __always_inline void plain_access(struct axvm_vcpu *vcpu, const struct x86_insn *insn,
					 u64 gpa, struct axvm_exit *exit)
{
	u64 value;

	vcpu->arch.insn_len = insn->length;
	exit->addr = gpa;
	exit->width = insn->width;
	exit->more = false;
	if (insn->form == X86_REG_MEM) {
		exit->type = AXVM_X_MMIO_READ;
		exit->reg = insn->reg;
		exit->reg_width = insn->reg_width;
		exit->sign_extend = insn->sign_extend;
		return;
	}
	exit->type = AXVM_X_MMIO_WRITE;
	if (insn->form == X86_MEM_IMM)
		value = insn->imm;
	else
		value = x86_get_reg(vcpu, insn->reg) >> insn->reg_shift;
	exit->data = value & x86_mask(insn->width);
}

/*
 * Is there no memory for @access in the slots, nor can it come without them, as a channel does?
 * They are not older than those that @decoded was read from, and if they are newer, its trail
 * does not hold any more.
 */
static void remember_device(struct axvm_vcpu *vcpu, struct x86_decoded *decoded, u64 gpa,
			    u32 access)
{
	int srcu = srcu_read_lock(&vcpu->vm->srcu);
	const struct axvm_slot *slot = axvm_slot_find(vcpu->vm, gpa);

	decoded->device_page = gpa & PAGE_MASK;
	decoded->device_access = 0;
	if (slot ? access == AXVM_ACCESS_WRITE && (slot->flags & AXVM_MEM_READONLY) :
		   !axvm_in_window(vcpu->vm, gpa))
		decoded->device_access = access;
	srcu_read_unlock(&vcpu->vm->srcu, srcu);
}

/**
 * x86_emulate_again() - a stage-2 fault that is the same access to a device as before?
 * @vcpu: the vCPU; its own thread
 * @gpa: the address
 * @exit: @exit->access: AXVM_ACCESS_*, as the hardware reported it. Filled in, if so, as
 *        x86_emulate_mmio() does it for a plain access
 *
 * Drivers do little else, and this needs no look at the memory slots. Where a segment's
 * base counts, the same instruction in the same page is taken for the same access.
 *
 * Context: interrupts off.
 * Return: true if @exit is filled; false: nothing was done.
 */
bool x86_emulate_again(struct axvm_vcpu *vcpu, u64 gpa, struct axvm_exit *exit)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FETCH_GROUPS);
	struct x86_decoded *decoded = x86_decoded_at(regs, vcpu->arch.emul->decoded);
	const struct x86_insn *insn = &decoded->insn;

	if (!x86_same_registers(decoded, regs) || decoded->device_page != (gpa & PAGE_MASK) ||
	    decoded->device_access != exit->access || !exit->access)
		return false;
	if (offset_in_page(gpa) + insn->width > PAGE_SIZE)
		return false;
	if (likely(insn->addr_size == 8 && insn->seg < AXVM_X86_FS) &&
	    offset_in_page(x86_address_sum(vcpu, insn) ^ gpa))
		return false;
	if (!x86_trail_holds_atomic(vcpu->vm, &decoded->trail))
		return false;
	plain_access(vcpu, insn, gpa, exit);
	return true;
}

static bool lies_in_page(const struct x86_operand *operand, u8 place, u64 gpa)
{
	if (place == X86_NOWHERE)
		return false;
	if (((operand->gpa[0] ^ gpa) & PAGE_MASK) == 0)
		return true;
	return operand->split && ((operand->gpa[1] ^ gpa) & PAGE_MASK) == 0;
}

/**
 * x86_emulate_mmio() - the guest touched memory that is a device's
 * @vcpu: the vCPU; its own thread
 * @gpa: the address
 * @exit: @exit->access: AXVM_ACCESS_*, as the hardware reported it. Filled in: a plain
 *        load or store without @more, vcpu->arch.insn_len set for the backend's finish();
 *        or the first access of several.
 *
 * Context: may sleep.
 * Return: 0: @exit is filled; 1: enter the guest (a fault was queued, or what lies at RIP
 * is not any more what made the access); errno: the launcher took memory away.
 */
int x86_emulate_mmio(struct axvm_vcpu *vcpu, u64 gpa, struct axvm_exit *exit)
{
	struct x86_emulation *e = vcpu->arch.emul;
	struct x86_decoded *decoded;
	const struct x86_insn *insn;
	int ret;

	ret = x86_fetch(vcpu, e->decoded, &decoded);
	if (ret != X86_GO_ON)
		return ret;
	insn = &decoded->insn;
	/* The core gives a load's value to a whole register, not to AH */
	if (insn->op == X86_MOV && !(insn->form == X86_REG_MEM && insn->reg_shift) &&
	    is_reported(vcpu, insn, gpa, exit->access)) {
		remember_device(vcpu, decoded, gpa, exit->access);
		plain_access(vcpu, insn, gpa, exit);
		return X86_ACCESS;
	}

	/* Hardware has done the port's part of it, and checked whether it may */
	if (insn->op == X86_INS || insn->op == X86_OUTS)
		return x86_inject_fault(vcpu, X86_TRAP_UD);
	e->insn = *insn;
	ret = x86_emulate_start(vcpu);
	if (ret != X86_GO_ON)
		return ret;
	if (!lies_in_page(&e->source, e->place[0], gpa) &&
	    !lies_in_page(&e->destination, e->place[1], gpa))
		return X86_DONE;
	return x86_emulate_stages(vcpu, exit);
}

/* --- string I/O -------------------------------------------------------------- */

/**
 * x86_emulate_string_io() - INS or OUTS, with or without REP
 * @vcpu: the vCPU; its own thread; vcpu->arch.insn_len is the instruction's length
 * @port: port
 * @width: 1, 2 or 4
 * @in: INS
 * @rep: with a REP prefix
 * @addr_size: address size in bytes: 2, 4 or 8
 * @seg: OUTS: segment of the source, AXVM_X86_ES to AXVM_X86_GS
 * @exit: filled with the first access
 *
 * Context: may sleep.
 * Return: as x86_emulate_next().
 */
int x86_emulate_string_io(struct axvm_vcpu *vcpu, u16 port, unsigned int width, bool in, bool rep,
			  unsigned int addr_size, unsigned int seg, struct axvm_exit *exit)
{
	struct x86_emulation *e = vcpu->arch.emul;
	int ret;

	e->insn = (struct x86_insn) {
		.op = in ? X86_INS : X86_OUTS, .form = X86_STRING,
		.access = in ? AXVM_ACCESS_WRITE : AXVM_ACCESS_READ,
		.length = vcpu->arch.insn_len, .width = width, .reg_width = width,
		.rep = rep ? X86_REPE : 0, .addr_size = addr_size, .seg = seg,
		.base = X86_NO_REG, .index = X86_NO_REG,
	};
	e->port = port;
	ret = x86_emulate_start(vcpu);
	return ret == X86_GO_ON ? x86_emulate_stages(vcpu, exit) : ret;
}

/* --- both -------------------------------------------------------------------- */

/**
 * x86_emulate_next() - the access that x86_emulate_* asked for was made
 * @vcpu: the vCPU; its own thread
 * @exit: that access, a read's value in @exit->data; filled with the next one
 *
 * Context: may sleep.
 * Return: 0: @exit is the instruction's next access; 1: nothing more to do, enter the guest
 * (the instruction is done, or faults, or is interrupted between two repetitions); errno.
 */
int x86_emulate_next(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct x86_emulation *e = vcpu->arch.emul;

	if (e->answer)
		*e->answer = exit->data & x86_mask(e->insn.width);
	e->answer = NULL;
	return x86_emulate_stages(vcpu, exit);
}

/**
 * x86_emulation_create() - make vcpu->arch.emul
 * @vcpu: a vCPU that is being made
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int x86_emulation_create(struct axvm_vcpu *vcpu)
{
	vcpu->arch.emul = kzalloc(sizeof(*vcpu->arch.emul), GFP_KERNEL_ACCOUNT);
	return vcpu->arch.emul ? 0 : -ENOMEM;
}

void x86_emulation_destroy(struct axvm_vcpu *vcpu)
{
	kfree(vcpu->arch.emul);
	vcpu->arch.emul = NULL;
}
