/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMX instructions (SDM Vol. 3C chapter 31). Each has a fault fix-up: when the
 * hypervisor we borrow VMX from switches it off, they fail instead of raising #UD.
 *
 * VMREAD and VMWRITE are for the entry window only (vmx/window.c), where a VMCS of
 * ours is current; they cannot fail there other than by a wrong field.
 */
#ifndef AXVM_VMX_INSN_H
#define AXVM_VMX_INSN_H

#include <linux/types.h>
#include <asm/asm.h>
#include <asm/vmx.h>

/*
 * Each returns false if the instruction failed or faulted. VMfailInvalid sets CF,
 * VMfailValid sets ZF (SDM Vol. 3C 31.2): JNA catches both.
 */

static inline bool vmx_on(phys_addr_t region)
{
	asm goto("1: vmxon %0\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (region) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline bool vmx_off(void)
{
	asm goto("1: vmxoff\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline bool vmx_clear(phys_addr_t vmcs)
{
	asm goto("1: vmclear %0\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (vmcs) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline bool vmx_load(phys_addr_t vmcs)
{
	asm goto("1: vmptrld %0\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (vmcs) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

/* The current VMCS, or ~0 if there is none; false only if VMX is off */
static inline bool vmx_current(phys_addr_t *vmcs)
{
	asm goto("1: vmptrst %0\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (*vmcs) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline bool vmx_write(unsigned long field, unsigned long value)
{
	asm goto("1: vmwrite %1, %0\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "r" (field), "rm" (value) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline unsigned long vmx_read(unsigned long field)
{
	unsigned long value;

	/* The fix-up makes the result 0. */
	asm volatile("1: vmread %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_ZERO_REG, %0)
		     : "=r" (value) : "r" (field) : "cc");
	return value;
}

/* INVEPT and INVVPID take a type and a descriptor (SDM Vol. 3C 29.4.3) */
struct vmx_inv_desc {
	u64 id;
	u64 addr;
};

#define VMX_INVEPT_CONTEXT	1
#define VMX_INVVPID_CONTEXT	1

static inline bool vmx_invept(u64 eptp)
{
	struct vmx_inv_desc desc = { eptp, 0 };

	asm goto("1: invept %0, %1\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (desc), "r" ((unsigned long)VMX_INVEPT_CONTEXT) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

static inline bool vmx_invvpid(u16 vpid)
{
	struct vmx_inv_desc desc = { vpid, 0 };

	asm goto("1: invvpid %0, %1\n\t"
		 "jna %l[fail]\n\t"
		 _ASM_EXTABLE(1b, %l[fail])
		 : : "m" (desc), "r" ((unsigned long)VMX_INVVPID_CONTEXT) : "cc", "memory" : fail);
	return true;
fail:
	return false;
}

#endif /* AXVM_VMX_INSN_H */
