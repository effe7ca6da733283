// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction at RIP, fetched and decoded.
 *
 * A driver touches its device from few places, and finding the instruction there costs
 * more than all the rest of an exit: a walk through the page tables, and decoding.
 * So what was found is remembered with all that it followed from: registers,
 * page-table entries, bytes. They are all read and compared each time. While they
 * are the same, so is what follows from them: that is no cache which could be stale,
 * as a TLB may be.
 *
 * Owns: the table of decoded instructions in vcpu->arch.emul. Locks: vm->srcu while
 * guest memory is read.
 */
#include <linux/mm.h>

#include "emulate.h"

static void remember_registers(struct x86_decoded *decoded, const struct axvm_x86_regs *regs)
{
	decoded->rip = regs->rip;
	decoded->cr0 = regs->cr0;
	decoded->cr3 = regs->cr3;
	decoded->cr4 = regs->cr4;
	decoded->efer = regs->efer;
	decoded->cs_base = regs->seg[AXVM_X86_CS].base;
	decoded->cs_attr = regs->seg[AXVM_X86_CS].attr;
	decoded->ss_attr = regs->seg[AXVM_X86_SS].attr;
}

static int undefined(struct axvm_vcpu *vcpu, const u8 *bytes)
{
	pr_debug_ratelimited("axvm: vm %u vcpu %u: cannot emulate %*ph at 0x%llx\n", vcpu->vm->id,
			     vcpu->id, X86_MAX_INSN, bytes, x86_get(vcpu, X86_RIP)->rip);
	return x86_inject_fault(vcpu, X86_TRAP_UD);
}

/* An instruction in the first of two words does not depend on the second */
static void forget_tail(struct x86_decoded *decoded, u64 linear)
{
	if (decoded->insn.length <= 8 && decoded->trail.nr &&
	    offset_in_page(linear) <= PAGE_SIZE - 16)
		decoded->trail.nr--;
}

/* 0; 1: @exc filled; -EINVAL, -ENODATA: no instruction for us; -EFAULT */
static int read_insn(struct axvm_vcpu *vcpu, struct x86_decoded *decoded, u8 *bytes,
		     struct x86_exception *exc)
{
	const struct axvm_x86_regs *regs = x86_get(vcpu, X86_FETCH_GROUPS);
	unsigned int avail, bits = x86_code_bits(regs);
	u64 linear = regs->rip;
	int ret;

	if (bits != 64)
		linear = (u32)(linear + regs->seg[AXVM_X86_CS].base);
	ret = x86_gva_fetch(vcpu, linear, bytes, &decoded->trail, exc);
	if (ret)
		return ret;
	avail = min_t(unsigned int, X86_MAX_INSN, PAGE_SIZE - offset_in_page(linear));
	ret = x86_decode(&decoded->insn, bytes, avail, bits);
	if (!ret)
		forget_tail(decoded, linear);
	if (ret != -ENODATA || avail == X86_MAX_INSN)
		return ret;
	/* It goes on in the next page */
	linear += avail;
	if (bits != 64)
		linear = (u32)linear;
	ret = x86_gva_fetch(vcpu, linear, bytes + avail, &decoded->trail, exc);
	return ret ? ret : x86_decode(&decoded->insn, bytes, X86_MAX_INSN, bits);
}

/**
 * x86_fetch_anew() - x86_fetch() where nothing is remembered
 * @vcpu: the vCPU
 * @decoded: where the instruction is to be remembered
 *
 * Context: may sleep.
 * Return: as x86_fetch().
 */
int x86_fetch_anew(struct axvm_vcpu *vcpu, struct x86_decoded *decoded)
{
	u8 bytes[X86_INSN_BUFFER] = {};
	struct x86_exception exc;
	int ret;

	decoded->device_access = 0;
	x86_trail_begin(&decoded->trail);
	remember_registers(decoded, x86_get(vcpu, X86_FETCH_GROUPS));
	ret = read_insn(vcpu, decoded, bytes, &exc);
	if (!ret)
		return X86_GO_ON;
	x86_trail_spoil(&decoded->trail);
	if (ret > 0)
		return x86_inject(vcpu, &exc);
	return ret == -EFAULT ? ret : undefined(vcpu, bytes);
}
