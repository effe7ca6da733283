// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and stores whose trap does not say what they do: the instruction is read from the
 * guest's memory and executed here, one piece of at most 8 bytes after the other, each by
 * the device that is there.
 *
 * Owns: vcpu->arch.emul, from arm64_emulate_mmio() to the last arm64_emulate_next().
 * Registers change when the last piece is answered, so that a fault on the way leaves the
 * instruction to be executed again. Pieces in pages other than that of the fault may be
 * memory: they are translated by arm64/gva.c.
 *
 * Memory that a device answers is Device memory: atomic instructions may abort there (ARM
 * DDI 0487 B2.9), and so may accesses that are not aligned (B2.7.2); the latter do if they
 * cross a page. Instructions that are not known abort as if nothing were there, as do
 * big-endian data.
 *
 * Locks: none; the vCPU's own thread.
 */
#include <linux/sizes.h>
#include <asm/esr.h>

#include "el2.h"
#include "emulate.h"
#include "gva.h"

/* Fault status codes that the kernel has no names for (D24.2.40, ISS of data aborts) */
#define FSC_ALIGNMENT		0x21
#define FSC_UNSUPPORTED_ATOMIC	0x35

#define SP			31

/* The smallest pages that stage 1 can have */
#define SMALL_PAGE_MASK		(~(u64)(SZ_4K - 1))

/* --- registers ----------------------------------------------------------------------------- */

static bool uses_sp_el1(const struct axvm_vcpu *vcpu)
{
	return (vcpu->arch.regs.pstate & PSR_MODE_MASK) == PSR_MODE_EL1h;
}

static u64 read_base(struct axvm_vcpu *vcpu, unsigned int n)
{
	if (n != SP)
		return vcpu->arch.regs.x[n];
	return uses_sp_el1(vcpu) ? arm64_read_el1(vcpu, ARM64_SYS_SP_EL1) :
				   vcpu->arch.regs.sp_el0;
}

static void write_base(struct axvm_vcpu *vcpu, unsigned int n, u64 value)
{
	if (n != SP)
		vcpu->arch.regs.x[n] = value;
	else if (uses_sp_el1(vcpu))
		arm64_write_el1(vcpu, ARM64_SYS_SP_EL1, value);
	else
		vcpu->arch.regs.sp_el0 = value;
}

static u64 register_offset(const struct axvm_vcpu *vcpu, const struct arm64_insn *insn)
{
	u64 value = arm64_gpr(vcpu, insn->rm);

	if (insn->extend == ARM64_UXTW)
		value = (u32)value;
	else if (insn->extend == ARM64_SXTW)
		value = (s32)value;
	return value << insn->shift;
}

/* The address, and what the base register becomes */
static u64 find_address(struct axvm_vcpu *vcpu, struct arm64_emulation *e)
{
	const struct arm64_insn *insn = &e->insn;
	u64 base;

	if (insn->mode == ARM64_LITERAL)
		return vcpu->arch.regs.pc + insn->offset;
	base = read_base(vcpu, insn->rn);
	if (insn->mode == ARM64_REGISTER)
		return base + register_offset(vcpu, insn);
	e->base = base + insn->offset;
	return insn->mode == ARM64_POST_INDEX ? base : e->base;
}

/* Halves of V registers: those of 128 bits are two pieces */
static u64 *vreg(struct axvm_vcpu *vcpu, unsigned int n)
{
	return (u64 *)&to_arm64(vcpu)->fp.vregs[n];
}

static unsigned int pieces_of_register(const struct arm64_emulation *e)
{
	return e->nr / e->insn.count;
}

static u64 cut(u64 value, unsigned int width)
{
	return width < 8 ? value & (BIT_ULL(width * 8) - 1) : value;
}

static void collect(struct axvm_vcpu *vcpu, struct arm64_emulation *e)
{
	const u8 reg[] = { e->insn.rt, e->insn.rt2 };
	unsigned int i, each = pieces_of_register(e);
	u64 value;

	for (i = 0; i < e->nr; i++) {
		if (e->insn.simd)
			value = vreg(vcpu, reg[i / each])[i % each];
		else
			value = arm64_gpr(vcpu, reg[i]);
		e->data[i] = cut(value, e->width);
	}
}

static void write_general(struct axvm_vcpu *vcpu, const struct arm64_insn *insn, unsigned int n,
			  u64 value)
{
	if (insn->sign_extend)
		value = sign_extend64(value, insn->width * 8 - 1);
	arm64_set_gpr(vcpu, n, insn->reg_width == 4 ? (u32)value : value);
}

static void distribute(struct axvm_vcpu *vcpu, struct arm64_emulation *e)
{
	const u8 reg[] = { e->insn.rt, e->insn.rt2 };
	unsigned int i, each = pieces_of_register(e);

	for (i = 0; i < e->nr; i++) {
		if (!e->insn.simd) {
			write_general(vcpu, &e->insn, reg[i], e->data[i]);
			continue;
		}
		if (i % each == 0)
			vreg(vcpu, reg[i / each])[1] = 0;
		vreg(vcpu, reg[i / each])[i % each] = e->data[i];
	}
}

static int finish(struct axvm_vcpu *vcpu, struct arm64_emulation *e)
{
	if (e->insn.kind == ARM64_LOAD)
		distribute(vcpu, e);
	if (e->insn.mode == ARM64_PRE_INDEX || e->insn.mode == ARM64_POST_INDEX)
		write_base(vcpu, e->insn.rn, e->base);
	arm64_skip(vcpu);
	return 1;
}

/* --- pieces -------------------------------------------------------------------------------- */

static u32 access_of(const struct arm64_emulation *e)
{
	return e->insn.kind == ARM64_LOAD ? AXVM_ACCESS_READ : AXVM_ACCESS_WRITE;
}

static bool in_page_of_fault(const struct axvm_vcpu *vcpu, const struct arm64_emulation *e, u64 va)
{
	/* The tag of @far, if it has one, is not among the bits that are compared. */
	return !((va ^ e->far) << 8 >> 8 & SMALL_PAGE_MASK);
}

/* A piece in another page than the fault: 0: memory, done; 1: @gpa is no memory; else FSC */
static int other_page(struct axvm_vcpu *vcpu, struct arm64_emulation *e, u64 va, u64 *gpa)
{
	u64 *data = &e->data[e->done];
	int fsc = arm64_translate(vcpu, va, access_of(e), gpa);

	if (fsc)
		return fsc;
	if (e->insn.kind == ARM64_STORE)
		return axvm_guest_write(vcpu->vm, *gpa, data, e->width) ? 1 : 0;
	*data = 0;
	return axvm_guest_read(vcpu->vm, *gpa, data, e->width) ? 1 : 0;
}

static int fault(struct axvm_vcpu *vcpu, const struct arm64_emulation *e, u32 fsc, u64 va)
{
	arm64_inject_fault(vcpu, access_of(e), fsc, va);
	return 1;
}

/* Up to the next piece that a device answers: 0: @exit; 1: done or a fault */
static int go_on(struct axvm_vcpu *vcpu, struct arm64_emulation *e, struct axvm_exit *exit)
{
	u64 va, gpa;
	int ret;

	for (; e->done < e->nr; e->done++) {
		va = e->va + e->done * e->width;
		if ((va ^ (va + e->width - 1)) & SMALL_PAGE_MASK)
			return fault(vcpu, e, FSC_ALIGNMENT, va);
		gpa = (e->far_gpa & SMALL_PAGE_MASK) | (va & ~SMALL_PAGE_MASK);
		if (!in_page_of_fault(vcpu, e, va)) {
			ret = other_page(vcpu, e, va, &gpa);
			if (!ret)
				continue;
			if (ret != 1)
				return fault(vcpu, e, ret, va);
		}
		*exit = (struct axvm_exit){
			.type = e->insn.kind == ARM64_LOAD ? AXVM_X_MMIO_READ : AXVM_X_MMIO_WRITE,
			.width = e->width,
			.more = true,
			.addr = gpa,
			.data = e->data[e->done],
		};
		return 0;
	}
	return finish(vcpu, e);
}

/* --- the instruction ----------------------------------------------------------------------- */

/* 0: @code is there; 1: the page is not mapped any more: a fault was put into the guest */
static int fetch(struct axvm_vcpu *vcpu, u32 *code)
{
	u64 pc = vcpu->arch.regs.pc;
	__le32 bytes;
	int fsc;
	u64 gpa;

	fsc = arm64_translate(vcpu, arm64_strip_tag(vcpu, pc), AXVM_ACCESS_EXEC, &gpa);
	if (!fsc && axvm_guest_read(vcpu->vm, gpa, &bytes, sizeof(bytes)))
		fsc = ESR_ELx_FSC_EXTABT;
	if (fsc) {
		arm64_inject_fault(vcpu, AXVM_ACCESS_EXEC, fsc, pc);
		return 1;
	}
	*code = le32_to_cpu(bytes);
	return 0;
}

static bool big_endian(struct axvm_vcpu *vcpu)
{
	u64 sctlr = arm64_read_el1(vcpu, SYS_SCTLR_EL1);
	bool el0 = (vcpu->arch.regs.pstate & PSR_MODE_MASK) == PSR_MODE_EL0t;

	return sctlr & (el0 ? SCTLR_EL1_E0E : SCTLR_ELx_EE);
}

/* Is the abort one that the instruction could have had? Another vCPU may change code. */
static bool touches(const struct arm64_emulation *e)
{
	return (e->far - e->va) << 8 >> 8 < e->nr * e->width;
}

/**
 * arm64_emulate_mmio() - a load or store without syndrome found no memory
 * @vcpu: the vCPU, its own thread
 * @far: FAR_EL2
 * @gpa: the guest-physical address of that
 * @exit: out: its first access
 *
 * Context: may sleep.
 * Return: 0: @exit is filled; 1: a fault was put into the guest, or it shall try again.
 */
int arm64_emulate_mmio(struct axvm_vcpu *vcpu, u64 far, u64 gpa, struct axvm_exit *exit)
{
	struct arm64_emulation *e = &vcpu->arch.emul;
	u32 code;

	e->far = far;
	e->far_gpa = gpa;
	if (vcpu->arch.regs.pstate & PSR_MODE32_BIT || big_endian(vcpu)) {
		arm64_inject_abort(vcpu, false, far);
		return 1;
	}
	if (fetch(vcpu, &code))
		return 1;
	if (arm64_decode(&e->insn, code)) {
		arm64_inject_abort(vcpu, false, far);
		return 1;
	}
	if (e->insn.kind == ARM64_ATOMIC) {
		arm64_inject_fault(vcpu, AXVM_ACCESS_READ, FSC_UNSUPPORTED_ATOMIC, far);
		return 1;
	}
	e->width = min_t(u8, e->insn.width, 8);
	e->nr = e->insn.count * (e->insn.width / e->width);
	e->done = 0;
	e->va = arm64_strip_tag(vcpu, find_address(vcpu, e));
	if (!touches(e))
		return 1;
	if (e->insn.kind == ARM64_STORE)
		collect(vcpu, e);
	return go_on(vcpu, e, exit);
}

/**
 * arm64_emulate_next() - axvm_backend.next()
 * @vcpu: the vCPU, its own thread
 * @exit: the access that was answered; out: the next
 *
 * Context: may sleep.
 * Return: 0: @exit is filled; 1: the instruction is done, or a fault was put into the guest.
 */
int arm64_emulate_next(struct axvm_vcpu *vcpu, struct axvm_exit *exit)
{
	struct arm64_emulation *e = &vcpu->arch.emul;

	if (e->insn.kind == ARM64_LOAD)
		e->data[e->done] = cut(exit->data, e->width);
	e->done++;
	return go_on(vcpu, e, exit);
}
