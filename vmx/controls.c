// SPDX-License-Identifier: GPL-2.0
/*
 * The control fields of a VMCS: which are wanted, whether this CPU has them, and the
 * bitmaps of ports and MSRs that do not exit.
 *
 * Owns: vmx_caps, the bitmap pages a VMCS points to. All ports exit, but for those that were
 * passed to a VM (ports.c); the MSRs that do not are those that the VMCS or the context switch
 * keeps per vCPU.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/trapnr.h>

#include "vmx.h"

struct vmx_caps vmx_caps;

unsigned long *vmx_io_bitmaps;	/* ports 0 to 0x7fff, then 0x8000 to 0xffff */
unsigned long *vmx_msr_bitmap;

/* A control word: what must be on, what is taken if it is there (SDM Vol. 3D A.3 to A.5) */
struct control {
	const char *what;
	u32 msr;
	u32 need;
	u32 want;
	u32 *word;
};

#define NEED_CPU	(CPU_BASED_HLT_EXITING | CPU_BASED_USE_TSC_OFFSETTING |	\
			 CPU_BASED_USE_IO_BITMAPS | CPU_BASED_USE_MSR_BITMAPS |	\
			 CPU_BASED_MOV_DR_EXITING | CPU_BASED_CR8_LOAD_EXITING |	\
			 CPU_BASED_CR8_STORE_EXITING | CPU_BASED_MWAIT_EXITING |	\
			 CPU_BASED_MONITOR_EXITING | CPU_BASED_RDPMC_EXITING |	\
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define NEED_CPU2	(SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_UNRESTRICTED_GUEST |	\
			 SECONDARY_EXEC_ENABLE_VPID)
#define WANT_CPU2	(SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_INVPCID |	\
			 SECONDARY_EXEC_WBINVD_EXITING)

static const struct control controls[] = {
	{ "external-interrupt exiting and virtual NMIs", MSR_IA32_VMX_PINBASED_CTLS,
	  PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS, 0,
	  &vmx_caps.pin },
	{ "the primary processor-based controls", MSR_IA32_VMX_PROCBASED_CTLS, NEED_CPU, 0,
	  &vmx_caps.cpu },
	{ "EPT, VPID or unrestricted guest", MSR_IA32_VMX_PROCBASED_CTLS2, NEED_CPU2, WANT_CPU2,
	  &vmx_caps.cpu2 },
	{ "the VM-entry controls", MSR_IA32_VMX_ENTRY_CTLS,
	  VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_EFER | VM_ENTRY_LOAD_IA32_PAT, 0,
	  &vmx_caps.entry },
	{ "the VM-exit controls", MSR_IA32_VMX_EXIT_CTLS,
	  VM_EXIT_SAVE_DEBUG_CONTROLS | VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_SAVE_IA32_EFER |
	  VM_EXIT_LOAD_IA32_EFER | VM_EXIT_LOAD_IA32_PAT, 0,
	  &vmx_caps.exit },
};

/*
 * The "true" capability MSRs allow CR3 exiting to be off; without them it is a
 * default1 control (A.3.2). We rely on them.
 */
static u32 true_msr(u32 msr)
{
	switch (msr) {
	case MSR_IA32_VMX_PINBASED_CTLS:
		return MSR_IA32_VMX_TRUE_PINBASED_CTLS;
	case MSR_IA32_VMX_PROCBASED_CTLS:
		return MSR_IA32_VMX_TRUE_PROCBASED_CTLS;
	case MSR_IA32_VMX_ENTRY_CTLS:
		return MSR_IA32_VMX_TRUE_ENTRY_CTLS;
	case MSR_IA32_VMX_EXIT_CTLS:
		return MSR_IA32_VMX_TRUE_EXIT_CTLS;
	default:
		return msr;
	}
}

static bool choose(const struct control *c)
{
	u32 must, may;

	/* low half: bits that must be 1; high half: bits that may be 1 */
	if (rdmsr_safe(true_msr(c->msr), &must, &may))
		return false;
	*c->word = ((c->need | c->want) & may) | must;
	return (*c->word & c->need) == c->need;
}

/* INVVPID's bits are in the upper half of the MSR (A.10) */
#define NEED_EPT	(VMX_EPT_PAGE_WALK_4_BIT | VMX_EPTP_WB_BIT | VMX_EPT_INVEPT_BIT |	\
			 VMX_EPT_EXTENT_CONTEXT_BIT | (u64)VMX_VPID_INVVPID_BIT << 32 |	\
			 (u64)VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT << 32)

/**
 * vmx_controls_init() - read this CPU's capabilities and choose the control words
 * @why: what is missing, if something is
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int vmx_controls_init(struct axvm_reason *why)
{
	u64 cr4_fixed1;
	unsigned int i;

	rdmsrl(MSR_IA32_VMX_BASIC, vmx_caps.basic);
	if (!(vmx_caps.basic & BIT_ULL(55))) {
		snprintf(why->text, sizeof(why->text),
			 "this CPU's VMX is too old: it has no TRUE capability MSRs");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		if (choose(&controls[i]))
			continue;
		snprintf(why->text, sizeof(why->text),
			 "this CPU's VMX lacks %s, which axvm needs", controls[i].what);
		return -EOPNOTSUPP;
	}
	rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, vmx_caps.ept_vpid);
	if ((vmx_caps.ept_vpid & NEED_EPT) != NEED_EPT) {
		snprintf(why->text, sizeof(why->text),
			 "this CPU's EPT lacks 4-level write-back tables, INVEPT or INVVPID");
		return -EOPNOTSUPP;
	}
	if (!boot_cpu_has(X86_FEATURE_XSAVE)) {
		snprintf(why->text, sizeof(why->text), "this CPU or kernel has no XSAVE");
		return -EOPNOTSUPP;
	}
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, vmx_caps.cr0_fixed1);
	vmx_caps.cr0_fixed1 &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, vmx_caps.cr4_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, cr4_fixed1);
	vmx_caps.cr4_allowed = cr4_fixed1;
	return 0;
}

/* --- bitmaps ------------------------------------------------------------------- */

/* MSRs that a guest reads and writes without an exit: all of them are switched */
static const u32 free_msrs[] = {
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

/* Four bitmaps of 1 KiB: read low, read high, write low, write high (SDM Vol. 3C 25.6.9) */
static void msr_free(u32 msr)
{
	unsigned int bit = (msr & 0x1fff) + (msr >= 0xc0000000 ? 8192 : 0);

	clear_bit(bit, vmx_msr_bitmap);
	clear_bit(bit + 2 * 8192, vmx_msr_bitmap);
}

/**
 * vmx_bitmaps_init() - make the bitmaps
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_bitmaps_init(void)
{
	unsigned int i;

	vmx_io_bitmaps = (unsigned long *)__get_free_pages(GFP_KERNEL, 1);
	vmx_msr_bitmap = (unsigned long *)__get_free_page(GFP_KERNEL);
	if (!vmx_io_bitmaps || !vmx_msr_bitmap) {
		vmx_bitmaps_exit();
		return -ENOMEM;
	}
	memset(vmx_io_bitmaps, 0xff, 2 * PAGE_SIZE);
	memset(vmx_msr_bitmap, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(free_msrs); i++)
		msr_free(free_msrs[i]);
	return 0;
}

/**
 * vmx_bitmaps_exit() - free them
 */
void vmx_bitmaps_exit(void)
{
	free_pages((unsigned long)vmx_io_bitmaps, 1);
	free_page((unsigned long)vmx_msr_bitmap);
	vmx_io_bitmaps = NULL;
	vmx_msr_bitmap = NULL;
}

/* --- the VMCS ------------------------------------------------------------------ */

/**
 * vmx_write_controls() - write a new VMCS' fields that stay
 * @v: the vCPU; in the window
 */
void vmx_write_controls(struct vmx_vcpu *v)
{
	/* CR0 and CR4 bits that the guest changes without an exit */
	vmx_write(PIN_BASED_VM_EXEC_CONTROL, vmx_caps.pin);
	vmx_write(CPU_BASED_VM_EXEC_CONTROL, v->cpu_controls);
	vmx_write(SECONDARY_VM_EXEC_CONTROL, vmx_caps.cpu2);
	vmx_write(VM_EXIT_CONTROLS, vmx_caps.exit);

	vmx_write(EXCEPTION_BITMAP, BIT(X86_TRAP_MC));
	vmx_write(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmx_write(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmx_write(CR3_TARGET_COUNT, 0);
	vmx_write(VM_EXIT_MSR_STORE_COUNT, 0);
	vmx_write(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmx_write_io_bitmaps(v);
	vmx_write(MSR_BITMAP, virt_to_phys(vmx_msr_bitmap));
	vmx_write(VMCS_LINK_POINTER, ~0ULL);
	vmx_write(TSC_OFFSET, x86_tsc_offset(v->vcpu));
	vmx_write(VIRTUAL_PROCESSOR_ID, v->vpid);
	vmx_write(EPT_POINTER, to_vmx_vm(v->vcpu->vm)->eptp);
	vmx_write(CR0_GUEST_HOST_MASK, ~VMX_CR0_OWN);
	vmx_write(CR4_GUEST_HOST_MASK, ~VMX_CR4_OWN);
	vmx_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmx_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmx_apicv_write_controls(v);
}
