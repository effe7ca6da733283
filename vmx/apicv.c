// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware help for the local APIC (SDM Vol. 3C chapter 30), found at run time. Levels, each
 * with all of the one before:
 *
 *	0  nothing: every access exits and is emulated
 *	1  TPR shadow: CR8 and TPR cost no exit, unless TPR falls below what something waits
 *	   for (TPR threshold)
 *	2  APIC-register virtualisation and virtual-interrupt delivery: reads, EOI and self-IPIs
 *	   cost no exit, writes of other registers one that needs no decoding, and the CPU
 *	   delivers what is in IRR as soon as the guest can take it
 *	3  posted interrupts: an edge from elsewhere comes into the running guest without an
 *	   exit (vmx/posted.c)
 *
 * The registers are in the virtual-APIC page of the vCPU, see devices/lapic_page.c. How the
 * guest gets there depends on its APIC's mode (axvm_lapic.mode):
 *
 *	xAPIC	the APIC-access page, one a VM, is mapped at the device's region; accesses to
 *		it are "virtualised APIC accesses". It is mapped while all APICs of the VM are in
 *		this mode: for another one it would be a page of memory.
 *	x2APIC	"virtualise x2APIC mode", and a bitmap of MSRs that lets those through
 *	other	neither: level 2 goes on delivering
 *
 * What is left (an instruction fetch, an access of odd width, the current count of the
 * timer) exits, and the device answers it from the same page.
 *
 * Owns: the level, both kinds of pages, the MSR bitmap for x2APIC mode. Locks: vm->s2_lock for
 * the mapping.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/trace_events.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <uapi/asm/vmx.h>

#include "../core/answer.h"
#include "vmx.h"

#define CPU2_VID	(SECONDARY_EXEC_APIC_REGISTER_VIRT |	\
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)
#define CPU2_APICV	(CPU2_VID | SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES |	\
			 SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE)

int vmx_apicv_level = VMX_APICV_POSTED;
module_param_named(apicv, vmx_apicv_level, int, 0444);
MODULE_PARM_DESC(apicv, "Hardware help for the local APIC: at most 0 none, 1 TPR shadow, 2 virtual-interrupt delivery, 3 posted interrupts");

static bool has_x2apic_mode;
static unsigned long *x2apic_bitmap;

/* --- what there is --------------------------------------------------------------- */

/**
 * vmx_control_may_be_on() - has this CPU these controls?
 * @msr: the capability MSR (SDM Vol. 3D A.3 to A.5)
 * @bits: the controls
 *
 * Return: true: all of them.
 */
bool vmx_control_may_be_on(u32 msr, u32 bits)
{
	u32 must, allowed;

	return !rdmsr_safe(msr, &must, &allowed) && (allowed & bits) == bits;
}

static int best_level(void)
{
	if (!vmx_control_may_be_on(MSR_IA32_VMX_TRUE_PROCBASED_CTLS, CPU_BASED_TPR_SHADOW) ||
	    !vmx_control_may_be_on(MSR_IA32_VMX_PROCBASED_CTLS2,
				   SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES))
		return VMX_APICV_NONE;
	if (!vmx_control_may_be_on(MSR_IA32_VMX_PROCBASED_CTLS2, CPU2_VID))
		return VMX_APICV_TPR;
	return vmx_has_posted() ? VMX_APICV_POSTED : VMX_APICV_VID;
}

/*
 * x2APIC registers whose reading needs no exit: those that there are, but the current count,
 * which is computed, and ICR, whose upper half is elsewhere in the page.
 */
static const struct {
	u16 first, last;
} free_reads[] = {
	{ APIC_ID, APIC_LVR }, { APIC_TASKPRI, APIC_TASKPRI }, { APIC_PROCPRI, APIC_PROCPRI },
	{ APIC_LDR, APIC_LDR }, { APIC_SPIV, APIC_ESR }, { APIC_LVTT, APIC_LVTERR },
	{ APIC_TMICT, APIC_TMICT }, { APIC_TDCR, APIC_TDCR },
};

/* Reading low MSRs: the first KiB; writing them: the third (SDM Vol. 3C 25.6.9) */
static void free_read(unsigned int reg)
{
	clear_bit(APIC_BASE_MSR + (reg >> 4), x2apic_bitmap);
}

static void free_write(unsigned int reg)
{
	clear_bit(APIC_BASE_MSR + (reg >> 4) + 2 * 8192, x2apic_bitmap);
}

static void fill_x2apic_bitmap(void)
{
	unsigned int i, reg;

	memcpy(x2apic_bitmap, vmx_msr_bitmap, PAGE_SIZE);
	free_read(APIC_TASKPRI);
	free_write(APIC_TASKPRI);
	if (vmx_apicv_level < VMX_APICV_VID)
		return;
	for (i = 0; i < ARRAY_SIZE(free_reads); i++)
		for (reg = free_reads[i].first; reg <= free_reads[i].last; reg += 0x10)
			free_read(reg);
	free_write(APIC_EOI);
	free_write(APIC_SELF_IPI);
}

/**
 * vmx_apicv_init() - at module load: which level is it?
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_apicv_init(void)
{
	vmx_apicv_level = clamp(vmx_apicv_level, 0, best_level());
	if (!vmx_apicv_level)
		return 0;
	has_x2apic_mode = vmx_control_may_be_on(MSR_IA32_VMX_PROCBASED_CTLS2,
						SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE);
	x2apic_bitmap = (unsigned long *)__get_free_page(GFP_KERNEL);
	if (!x2apic_bitmap)
		return -ENOMEM;
	fill_x2apic_bitmap();
	return 0;
}

/**
 * vmx_apicv_exit() - the reverse
 */
void vmx_apicv_exit(void)
{
	free_page((unsigned long)x2apic_bitmap);
	x2apic_bitmap = NULL;
}

/* --- VMs and vCPUs ----------------------------------------------------------------- */

/**
 * vmx_apicv_vm_init() - make a VM's APIC-access page
 * @x: the VM's part
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_apicv_vm_init(struct vmx_vm *x)
{
	if (!vmx_apicv_level)
		return 0;
	x->apic_access = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return x->apic_access ? 0 : -ENOMEM;
}

/**
 * vmx_apicv_vm_destroy() - the reverse; no vCPU runs
 * @x: the VM's part
 */
void vmx_apicv_vm_destroy(struct vmx_vm *x)
{
	free_page((unsigned long)x->apic_access);
}

/**
 * vmx_apicv_vcpu_init() - make a vCPU's virtual-APIC page
 * @v: the vCPU
 *
 * Return: 0 or -ENOMEM; then nothing is left.
 */
int vmx_apicv_vcpu_init(struct vmx_vcpu *v)
{
	struct axvm_vcpu_arch *arch = &v->vcpu->arch;
	int ret;

	if (!vmx_apicv_level)
		return 0;
	v->apic_page = (u32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!v->apic_page)
		return -ENOMEM;
	ret = vmx_posted_init(v);
	if (ret) {
		free_page((unsigned long)v->apic_page);
		return ret;
	}
	arch->apic_page = v->apic_page;
	arch->apic_vid = vmx_apicv_level >= VMX_APICV_VID;
	return 0;
}

/**
 * vmx_apicv_vcpu_destroy() - the reverse; the local APIC is gone
 * @v: the vCPU
 */
void vmx_apicv_vcpu_destroy(struct vmx_vcpu *v)
{
	vmx_posted_destroy(v);
	free_page((unsigned long)v->apic_page);
}

/* --- the mapping of the APIC-access page --------------------------------------------- */

/* vm->s2_lock held. A vCPU that changes its mode afterwards takes the lock to unmap. */
static bool all_in_xapic_mode(struct axvm_vm *vm)
{
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		struct axvm_vcpu *vcpu = READ_ONCE(vm->vcpus[i]);

		if (vcpu && vmx_apic_mode(vcpu) != LAPIC_XAPIC)
			return false;
	}
	return true;
}

/**
 * vmx_apicv_map() - an EPT violation: is it the APIC's page, to be mapped?
 * @v: the vCPU; its own thread
 * @gpa: the address, which no memory slot holds
 *
 * Context: may sleep.
 * Return: true: mapped, execute the instruction again.
 */
bool vmx_apicv_map(struct vmx_vcpu *v, u64 gpa)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	struct axvm_vm *vm = vcpu->vm;
	struct vmx_vm *x = to_vmx_vm(vm);
	bool mapped = false;
	u64 region;
	int idx;

	if (v->apic_mode != LAPIC_XAPIC)
		return false;
	region = vcpu->arch.lapic->region;
	if ((gpa & PAGE_MASK) != region || axvm_s2_topup(vcpu))
		return false;
	/* A slot that comes waits for us, and unmaps (core/memory.c). */
	idx = srcu_read_lock(&vm->srcu);
	spin_lock(&vm->s2_lock);
	if (!axvm_slot_find(vm, region) && all_in_xapic_mode(vm)) {
		mapped = !vmx_ept_map(vcpu, region, virt_to_phys(x->apic_access), PAGE_SHIFT,
				      AXVM_S2_READ | AXVM_S2_WRITE);
		x->apic_gpa = region;
		x->apic_mapped = mapped;
	}
	spin_unlock(&vm->s2_lock);
	srcu_read_unlock(&vm->srcu, idx);
	return mapped;
}

static void unmap(struct axvm_vm *vm)
{
	struct vmx_vm *x = to_vmx_vm(vm);
	bool flush;

	spin_lock(&vm->s2_lock);
	flush = x->apic_mapped && vmx_ept_unmap(vm, x->apic_gpa, PAGE_SIZE);
	x->apic_mapped = false;
	spin_unlock(&vm->s2_lock);
	if (flush)
		axvm_vm_flush_stage2(vm);
}

/* --- modes ------------------------------------------------------------------------- */

/**
 * vmx_apicv_switch() - the local APIC changed its mode
 * @v: the vCPU; its own thread, before an entry
 *
 * Context: may sleep.
 */
void vmx_apicv_switch(struct vmx_vcpu *v)
{
	const u32 cr8_exits = CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING;

	v->apic_mode = vmx_apic_mode(v->vcpu);
	if (v->apic_mode != LAPIC_XAPIC)
		unmap(v->vcpu->vm);
	v->cpu_controls &= ~(u32)(cr8_exits | CPU_BASED_TPR_SHADOW);
	v->cpu_controls |= v->apic_mode == LAPIC_ABSENT ? cr8_exits : CPU_BASED_TPR_SHADOW;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_CONTROLS | VMX_DIRTY_APIC;
}

static u32 secondary_controls(const struct vmx_vcpu *v)
{
	u32 controls = vmx_caps.cpu2 & ~(u32)CPU2_APICV;

	if (v->apic_mode == LAPIC_ABSENT)
		return controls;
	if (vmx_apicv_level >= VMX_APICV_VID)
		controls |= CPU2_VID;
	if (v->apic_mode == LAPIC_XAPIC)
		controls |= SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;
	if (v->apic_mode == LAPIC_X2APIC && has_x2apic_mode)
		controls |= SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE;
	return controls;
}

/**
 * vmx_apicv_write_mode() - VMX_DIRTY_APIC: what depends on the mode
 * @v: the vCPU; in the window
 */
void vmx_apicv_write_mode(struct vmx_vcpu *v)
{
	u32 controls = secondary_controls(v);
	bool x2apic = controls & SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE;

	vmx_write(SECONDARY_VM_EXEC_CONTROL, controls);
	if (v->posted)
		vmx_posted_enable(v, controls & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
	vmx_write(MSR_BITMAP, virt_to_phys(x2apic ? x2apic_bitmap : vmx_msr_bitmap));
}

/**
 * vmx_apicv_write_controls() - fields of a new VMCS
 * @v: the vCPU; in the window
 */
void vmx_apicv_write_controls(struct vmx_vcpu *v)
{
	if (!v->apic_page)
		return;
	vmx_write(VIRTUAL_APIC_PAGE_ADDR, virt_to_phys(v->apic_page));
	vmx_write(APIC_ACCESS_ADDR, virt_to_phys(to_vmx_vm(v->vcpu->vm)->apic_access));
	vmx_write(TPR_THRESHOLD, 0);
	v->tpr_threshold = 0;
	v->vcpu->arch.state.dirty |= VMX_DIRTY_APIC;
	if (vmx_apicv_level < VMX_APICV_VID)
		return;
	vmx_write(EOI_EXIT_BITMAP0, 0);
	vmx_write(EOI_EXIT_BITMAP1, 0);
	vmx_write(EOI_EXIT_BITMAP2, 0);
	vmx_write(EOI_EXIT_BITMAP3, 0);
	vmx_write(GUEST_INTR_STATUS, 0);
	memset(v->eoi_exits, 0, sizeof(v->eoi_exits));
	if (v->posted)
		vmx_posted_write_controls(v);
	if (v->apic_mode != LAPIC_ABSENT)
		vmx_apicv_sync(v);
}

/* --- interrupts ---------------------------------------------------------------------- */

/**
 * vmx_apicv_sync() - what came for the vCPU is the CPU's to deliver; level 2
 * @v: the vCPU, with a local APIC; in the window
 */
void vmx_apicv_sync(struct vmx_vcpu *v)
{
	u64 level[4];
	unsigned int i;

	vmx_write(GUEST_INTR_STATUS, lapic_page_sync(v->vcpu->arch.lapic, level));
	for (i = 0; i < 4; i++) {
		if (level[i] == v->eoi_exits[i])
			continue;
		v->eoi_exits[i] = level[i];
		vmx_write(EOI_EXIT_BITMAP0 + 2 * i, level[i]);
	}
}

/**
 * vmx_apicv_write_threshold() - the TPR below which the guest must exit; level 1, else always 0
 * @v: the vCPU, with a local APIC; in the window
 */
void vmx_apicv_write_threshold(struct vmx_vcpu *v)
{
	u8 threshold = READ_ONCE(v->vcpu->arch.lapic->threshold);

	if (threshold == v->tpr_threshold)
		return;
	v->tpr_threshold = threshold;
	vmx_write(TPR_THRESHOLD, threshold);
}

/* --- exits --------------------------------------------------------------------------- */

static void nothing_more(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
}

/**
 * vmx_answer_apic_write() - the guest has written a register in the page (SDM Vol. 3C 30.4.3)
 * @v: the vCPU
 * @exit: scratch
 *
 * To the device it is a write as any other. It comes after the instruction: there is nothing
 * to step over.
 *
 * Return: 1: enter again.
 */
int vmx_answer_apic_write(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	struct axvm_lapic *lapic = v->vcpu->arch.lapic;
	unsigned int offset = v->info.qualification & 0xff0;

	exit->data = v->apic_page[offset / 4];
	exit->more = false;
	if (v->apic_mode == LAPIC_X2APIC) {
		exit->type = AXVM_X_SYSREG_WRITE;
		exit->addr = APIC_BASE_MSR + (offset >> 4);
		exit->width = 8;
	} else {
		exit->type = AXVM_X_MMIO_WRITE;
		exit->addr = lapic->region + offset;
		exit->width = 4;
	}
	axvm_answer_atomic(v->vcpu, exit, nothing_more);
	if (offset < LAPIC_NR_REGS << 4)
		lapic_page_restore(lapic, offset);
	return 1;
}

/**
 * vmx_answer_tpr() - TPR fell below what something waits for; level 1
 * @v: the vCPU
 * @exit: unused
 *
 * Return: 1: enter again.
 */
int vmx_answer_tpr(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	lapic_page_refresh(v->vcpu->arch.lapic);
	return 1;
}

/**
 * vmx_answer_eoi() - the CPU did an EOI that somebody wants to hear of (30.1.4)
 * @v: the vCPU
 * @exit: unused
 *
 * Return: 1: enter again.
 */
int vmx_answer_eoi(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	axvm_irq_eoi(v->vcpu, v->info.qualification & 0xff);
	return 1;
}

/* --- what is in use ------------------------------------------------------------------ */

/**
 * vmx_show() - axvm_backend.show(): the level, what was posted, and how often the guest exited
 * for what reason
 * @vcpu: the vCPU
 * @seq: where to
 */
void vmx_show(struct axvm_vcpu *vcpu, struct seq_file *seq)
{
	static const struct trace_print_flags names[] = { VMX_EXIT_REASONS };
	static const char *const modes[] = {
		[LAPIC_ABSENT] = "no-apic", [LAPIC_OTHER] = "other-mode",
		[LAPIC_XAPIC] = "xapic", [LAPIC_X2APIC] = "x2apic",
	};
	const struct vmx_vcpu *v = to_vmx(vcpu);
	unsigned int i;

	seq_printf(seq, "  apicv %d %s\n", vmx_apicv_level, modes[vmx_apic_mode(vcpu)]);
	if (v->posted)
		seq_printf(seq, "  apicv-notified %lu\n", READ_ONCE(v->notified));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].mask < VMX_NR_REASONS && v->reasons[names[i].mask])
			seq_printf(seq, "  vmx-%s %llu\n", names[i].name,
				   v->reasons[names[i].mask]);
}
