/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMX backend's own structures.
 *
 * The VMCS of a vCPU is touched in the *entry window* only: interrupts off, between
 * vmx_window_open() and vmx_window_close(), which put back the VMCS that was current
 * before, KVM's perhaps. Everything else works on the cached registers of
 * x86/arch.h and the fields here; the window flushes them in and refills them out.
 * So it does not matter who else uses VMX on this CPU between two windows.
 */
#ifndef AXVM_VMX_VMX_H
#define AXVM_VMX_VMX_H

#include <linux/io.h>
#include <linux/types.h>
#include <asm/fpu/types.h>
#include <asm/vmx.h>

#include "../devices/lapic.h"
#include "../x86/x86.h"
#include "insn.h"

/**
 * struct vmx_caps - what this CPU's VMX can do, and the control words chosen for it
 * @basic: IA32_VMX_BASIC
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP
 * @pin: pin-based controls
 * @cpu: primary processor-based controls
 * @cpu2: secondary ones
 * @entry: VM-entry controls
 * @exit: VM-exit controls
 * @cr0_fixed1: CR0 bits that are 1 in VMX operation (SDM Vol. 3D A.7), less PE and PG
 *              (unrestricted guest)
 * @cr4_fixed1: CR4 bits that are 1 (A.8)
 * @cr4_allowed: CR4 bits that may be 1
 */
struct vmx_caps {
	u64 basic;
	u64 ept_vpid;
	u32 pin;
	u32 cpu;
	u32 cpu2;
	u32 entry;
	u32 exit;
	u64 cr0_fixed1;
	u64 cr4_fixed1;
	u64 cr4_allowed;
};

extern struct vmx_caps vmx_caps;

/**
 * struct vmx_vm - VMX's part of a VM
 * @root: top EPT table
 * @eptp: EPT pointer (SDM Vol. 3C 25.6.11)
 * @flushed: per pCPU: the vm->s2_generation whose stale translations are gone there
 * @apic_access: APIC-access page, or NULL (vmx/apicv.c)
 * @apic_gpa: where it is mapped; vm->s2_lock
 * @apic_mapped: whether it is; vm->s2_lock
 * @io_bitmaps: the ports that exit: the pages that all VMs share, or one of @io_own
 * @io_own: once the guest has ports of its own: the pages in use, and those that follow
 *          (vmx/ports.c)
 */
struct vmx_vm {
	u64 *root;
	u64 eptp;
	u64 __percpu *flushed;
	void *apic_access;
	u64 apic_gpa;
	bool apic_mapped;
	unsigned long *io_bitmaps;
	unsigned long *io_own[2];
};

/**
 * struct vmx_host - what of the host a vCPU displaces between load and put
 * @fs_base: user's FS base
 * @gs_base: user's GS base (MSR_KERNEL_GS_BASE while in the kernel)
 * @fs: selector
 * @gs: selector
 * @ds: selector
 * @es: selector
 * @ldt: selector
 * @star: MSR_STAR
 * @lstar: MSR_LSTAR
 * @cstar: MSR_CSTAR
 * @sfmask: MSR_SYSCALL_MASK
 * @tsc_aux: MSR_TSC_AUX
 */
struct vmx_host {
	u64 fs_base;
	u64 gs_base;
	u16 fs;
	u16 gs;
	u16 ds;
	u16 es;
	u16 ldt;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 tsc_aux;
};

/**
 * struct vmx_exit_info - what the hardware said of the last exit; read in the window
 * @reason: exit reason (SDM Vol. 3C 25.9.1)
 * @qualification: exit qualification
 * @intr_info: VM-exit interruption information
 * @insn_info: VM-exit instruction information
 * @vectoring: IDT-vectoring information
 * @vectoring_error: its error code
 */
struct vmx_exit_info {
	u32 reason;
	u32 intr_info;
	u32 insn_info;
	u64 qualification;
	u32 vectoring;
	u32 vectoring_error;
};

/* Basic exit reasons that we know (SDM Vol. 3D C) */
#define VMX_NR_REASONS	(EXIT_REASON_APIC_WRITE + 1)

/**
 * struct vmx_vcpu - VMX's part of a vCPU; its own thread's, or under vcpu->lock
 * @vcpu: the vCPU
 * @vmcs: its VMCS
 * @vmcs_pa: physical address
 * @other_vmcs: in the window: what was current before
 * @launched: VMLAUNCH was done since the last VMCLEAR
 * @initialised: control fields are written
 * @last_cpu: pCPU of the last entry, -1 before
 * @s2_generation: vm->s2_generation whose stale translations are gone on this pCPU
 * @host_stale: host-state fields want writing (the vCPU was loaded on a pCPU)
 * @vpid: virtual processor id, from 1
 * @host_cr3: HOST_CR3 as last written
 * @host_cr4: HOST_CR4 as last written
 * @cpu_controls: primary controls wanted (windows open and close)
 * @in_window: the VMCS is current: vmx_refill() need not open a window
 * @info: the last exit
 * @event: VM-entry interruption information to deliver next, 0: none
 * @event_error: its error code
 * @event_len: its instruction length (software interrupts)
 * @idle: 0 runs; AXVM mp_state values of uapi: 1 waits for SIPI, 2 halted
 * @dr_loaded: guest's DR0-3 and DR6 are in the CPU
 * @dr_used: the guest has touched them since its reset: load them with it
 * @host: displaced host state
 * @star: guest's MSR_STAR
 * @lstar: guest's MSR_LSTAR
 * @cstar: guest's MSR_CSTAR
 * @sfmask: guest's MSR_SYSCALL_MASK
 * @kernel_gs_base: guest's MSR_KERNEL_GS_BASE, while not loaded
 * @tsc_aux: guest's IA32_TSC_AUX
 * @sysenter_cs: guest's IA32_SYSENTER_CS
 * @sysenter_esp: guest's IA32_SYSENTER_ESP
 * @sysenter_eip: guest's IA32_SYSENTER_EIP
 * @pat: guest's IA32_PAT
 * @debugctl: guest's IA32_DEBUGCTL
 * @pdpte: PDPTEs to be written (PAE paging was switched on)
 * @fpu: guest's XSAVE image
 * @apic_page: virtual-APIC page, or NULL: no hardware help (vmx/apicv.c)
 * @tpr_threshold: as in the VMCS
 * @apic_mode: LAPIC_*: the mode that the VMCS is made for
 * @eoi_exits: EOI-exit bitmap as in the VMCS
 * @posted: posted-interrupt descriptor, or NULL (vmx/posted.c)
 * @notified: notifications sent; approximate
 * @io_bitmaps: as in the VMCS
 * @reasons: exits, by reason
 */
struct vmx_vcpu {
	struct axvm_vcpu *vcpu;
	void *vmcs;
	phys_addr_t vmcs_pa;
	phys_addr_t other_vmcs;
	bool launched;
	bool initialised;
	int last_cpu;
	u64 s2_generation;
	bool host_stale;
	u16 vpid;
	u64 host_cr3;
	u64 host_cr4;
	u32 cpu_controls;

	bool in_window;
	struct vmx_exit_info info;
	u32 event;
	u32 event_error;
	u32 event_len;
	u32 idle;
	bool dr_loaded;
	bool dr_used;

	struct vmx_host host;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 tsc_aux;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 pat;
	u64 debugctl;
	u64 pdpte[4];

	struct xregs_state *fpu;

	u32 *apic_page;
	u8 tpr_threshold;
	u8 apic_mode;
	u64 eoi_exits[4];
	struct axvm_posted *posted;
	unsigned long notified;
	unsigned long *io_bitmaps;
	u64 reasons[VMX_NR_REASONS];
};

static inline struct vmx_vcpu *to_vmx(struct axvm_vcpu *vcpu)
{
	return vcpu->backend;
}

static inline struct vmx_vm *to_vmx_vm(struct axvm_vm *vm)
{
	return vm->backend;
}

/* vmx/hardware.c: who has VMX */
int vmx_hardware_init(void);
void vmx_hardware_exit(void);
int vmx_probe_cpu(struct axvm_reason *why);
int vmx_probe(struct axvm_reason *why);
bool vmx_borrowed(void);
int vmx_hw_get(struct axvm_reason *why);
void vmx_hw_put(void);

/* vmx/controls.c: control fields */
int vmx_controls_init(struct axvm_reason *why);
int vmx_bitmaps_init(void);
void vmx_bitmaps_exit(void);
void vmx_write_controls(struct vmx_vcpu *v);
extern unsigned long *vmx_io_bitmaps;
extern unsigned long *vmx_msr_bitmap;

/* vmx/ports.c: ports that do not exit */
int vmx_ports(struct axvm_vm *vm, u16 first, u16 last, bool open);
void vmx_ports_destroy(struct vmx_vm *x);
void vmx_write_io_bitmaps(struct vmx_vcpu *v);

/* They change with vm->s2_generation: whoever looks at that asks here, too. */
static inline void vmx_follow_ports(struct vmx_vcpu *v)
{
	if (unlikely(v->io_bitmaps != READ_ONCE(to_vmx_vm(v->vcpu->vm)->io_bitmaps)))
		vmx_write_io_bitmaps(v);
}

/* Bits of CR0 and CR4 that the guest changes without an exit: paging depends on none but WP */
#define VMX_CR0_OWN	((u64)(X86_CR0_TS | X86_CR0_MP | X86_CR0_EM | X86_CR0_WP | X86_CR0_AM))
#define VMX_CR4_OWN	((u64)(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |		\
			       X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT))

/* In struct x86_state.dirty beside the X86_* groups: fields that are VMX's own */
#define VMX_DIRTY_MSRS		BIT(16)	/* sysenter_*, pat, debugctl */
#define VMX_DIRTY_PDPTES	BIT(17)	/* pdpte[] */
#define VMX_DIRTY_CONTROLS	BIT(18)	/* cpu_controls */
#define VMX_DIRTY_APIC		BIT(19)	/* apic_mode */
#define VMX_DIRTY_TSC		BIT(20)	/* the TSC offset */

/**
 * vmx_window_open() - make this vCPU's VMCS current
 * @v: the vCPU
 *
 * Context: interrupts off.
 * Return: false: VMX is off on this CPU.
 */
static __always_inline bool vmx_window_open(struct vmx_vcpu *v)
{
	if (unlikely(!vmx_current(&v->other_vmcs)))
		return false;
	return likely(vmx_load(v->vmcs_pa));
}

/**
 * vmx_window_close() - put back what was current before
 * @v: the vCPU
 *
 * Context: interrupts off.
 */
static __always_inline void vmx_window_close(struct vmx_vcpu *v)
{
	if (v->other_vmcs != ~0ULL)
		vmx_load(v->other_vmcs);
}

/* vmx/window.c: the entry window */
void vmx_window_flush(struct vmx_vcpu *v, u32 dirty);
void vmx_window_refill(struct vmx_vcpu *v, u32 groups);
void vmx_refill(struct axvm_vcpu *vcpu, u32 groups);
void vmx_forget(struct vmx_vcpu *v);

/* What the instruction at RIP depends on, beside what every exit reads */
static __always_inline void vmx_window_refill_fetch(struct vmx_vcpu *v)
{
	struct x86_state *state = &v->vcpu->arch.state;
	struct axvm_x86_regs *regs = &state->regs;

	state->valid |= X86_CR3 | X86_CODE;
	regs->cr3 = vmx_read(GUEST_CR3);
	regs->seg[AXVM_X86_CS].base = vmx_read(GUEST_CS_BASE);
	regs->seg[AXVM_X86_CS].attr = vmx_read(GUEST_CS_AR_BYTES);
	regs->seg[AXVM_X86_SS].attr = vmx_read(GUEST_SS_AR_BYTES);
}

/* In the window: the cached registers, refilled directly */
static inline const struct axvm_x86_regs *vmx_window_regs(struct vmx_vcpu *v, u32 groups)
{
	struct x86_state *state = &v->vcpu->arch.state;

	if (groups & ~state->valid)
		vmx_window_refill(v, groups & ~state->valid);
	return &state->regs;
}

extern u64 vmx_guest_xfeatures;
extern u64 vmx_host_xcr0;

/* vmx/context.c: host and guest context around runs */
void vmx_load_context(struct vmx_vcpu *v);
void vmx_put_context(struct vmx_vcpu *v);
void vmx_write_host_state(struct vmx_vcpu *v, u64 cr3, u64 cr4);

/* The guest's FPU registers, with interrupts off: see vmx_load_context() */
static __always_inline void vmx_fpu_enter(struct vmx_vcpu *v)
{
	asm volatile("xrstor64 %0" : : "m" (*v->fpu), "a" ((u32)vmx_guest_xfeatures), "d" (0)
		     : "memory");
}

static __always_inline void vmx_fpu_leave(struct vmx_vcpu *v)
{
	asm volatile("xsave64 %0" : "+m" (*v->fpu) : "a" ((u32)vmx_guest_xfeatures), "d" (0)
		     : "memory");
}

void vmx_load_debug(struct vmx_vcpu *v);
void vmx_put_debug(struct vmx_vcpu *v);
u32 vmx_fpu_size(void);
u64 vmx_xfeatures(void);

/* vmx/mitigations.c: what the running kernel does against CPU bugs for KVM's guests */
void vmx_mitigations_init(void);
void vmx_mitigate_load(struct vmx_vcpu *v);
void vmx_mitigate_forget(struct vmx_vcpu *v);
extern bool vmx_verw;
extern bool vmx_flush_l1d;

/* What the host left in the L1 data cache is not readable by the guest */
static __always_inline void vmx_mitigate_enter(void)
{
	if (unlikely(vmx_flush_l1d))
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
}

/* vmx/entry.S */
int vmx_enter(struct axvm_x86_regs *regs, bool launched, bool verw);
extern char vmx_exit_point[];

/* vmx/exits.c */
int vmx_answer_exit(struct vmx_vcpu *v, struct axvm_exit *exit);
int vmx_handle_exit(struct vmx_vcpu *v, struct axvm_exit *exit);

#define VMX_LATER	3	/* beside AXVM_RUN_* */

/* vmx/event.c: events into the guest */
void vmx_inject_waiting(struct vmx_vcpu *v);
void vmx_requeue_event(struct vmx_vcpu *v);
bool vmx_interruptible(struct axvm_vcpu *vcpu);

#define VMX_WINDOWS	(CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_NMI_WINDOW_EXITING)

/* Is there anything that vmx_inject_waiting() would look at? */
static __always_inline bool vmx_event_waits(const struct vmx_vcpu *v)
{
	const struct axvm_vcpu *vcpu = v->vcpu;
	const struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	u32 waits = v->event | (v->cpu_controls & VMX_WINDOWS);

	waits |= atomic_read(&vcpu->arch.nmi_pending);
	waits |= READ_ONCE(vcpu->vm->arch.extint_up);
	if (lapic)
		waits |= READ_ONCE(lapic->deliverable) | READ_ONCE(lapic->sync) |
			 (READ_ONCE(lapic->threshold) ^ v->tpr_threshold);
	if (vcpu->arch.apic_posted)
		waits |= READ_ONCE(vcpu->arch.apic_posted->control);
	return waits;
}

/* vmx/apicv.c: hardware help for the local APIC */
enum { VMX_APICV_NONE, VMX_APICV_TPR, VMX_APICV_VID, VMX_APICV_POSTED };

extern int vmx_apicv_level;

int vmx_apicv_init(void);
void vmx_apicv_exit(void);
int vmx_apicv_vm_init(struct vmx_vm *x);
void vmx_apicv_vm_destroy(struct vmx_vm *x);
int vmx_apicv_vcpu_init(struct vmx_vcpu *v);
void vmx_apicv_vcpu_destroy(struct vmx_vcpu *v);
bool vmx_apicv_map(struct vmx_vcpu *v, u64 gpa);
void vmx_apicv_switch(struct vmx_vcpu *v);
void vmx_apicv_write_mode(struct vmx_vcpu *v);
void vmx_apicv_write_controls(struct vmx_vcpu *v);
void vmx_apicv_sync(struct vmx_vcpu *v);
void vmx_apicv_write_threshold(struct vmx_vcpu *v);
int vmx_answer_apic_write(struct vmx_vcpu *v, struct axvm_exit *exit);
int vmx_answer_tpr(struct vmx_vcpu *v, struct axvm_exit *exit);
int vmx_answer_eoi(struct vmx_vcpu *v, struct axvm_exit *exit);
void vmx_show(struct axvm_vcpu *vcpu, struct seq_file *seq);

bool vmx_control_may_be_on(u32 msr, u32 bits);

/* vmx/posted.c: posted interrupts */
bool vmx_has_posted(void);
int vmx_posted_init(struct vmx_vcpu *v);
void vmx_posted_destroy(struct vmx_vcpu *v);
void vmx_posted_write_controls(struct vmx_vcpu *v);
void vmx_posted_enable(struct vmx_vcpu *v, bool on);
void vmx_host_interrupt(u8 vector);

/* vmx/entry.S */
void vmx_call_gate(unsigned long handler);

/* LAPIC_*: the mode that the local APIC is in; not LAPIC_ABSENT only with a page */
static __always_inline u8 vmx_apic_mode(const struct axvm_vcpu *vcpu)
{
	const struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	return lapic ? READ_ONCE(lapic->mode) : LAPIC_ABSENT;
}

/* vmx/ept.c */
int vmx_ept_init(struct axvm_vm *vm);
void vmx_ept_destroy(struct axvm_vm *vm);
int vmx_ept_map(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift, u32 prot);
bool vmx_ept_unmap(struct axvm_vm *vm, u64 gpa, u64 length);

/* vmx/vcpu.c */
int vmx_vcpu_init(struct axvm_vcpu *vcpu);
void vmx_vcpu_destroy(struct axvm_vcpu *vcpu);
void vmx_vcpu_reset(struct axvm_vcpu *vcpu);
int vmx_get_regs(struct axvm_vcpu *vcpu, void *regs);
int vmx_set_regs(struct axvm_vcpu *vcpu, const void *regs);
int vmx_get_fpu(struct axvm_vcpu *vcpu, void *buf);
int vmx_set_fpu(struct axvm_vcpu *vcpu, const void *buf);

/* vmx/msr.c: MSRs that are the backend's to keep */
int vmx_get_msr(struct axvm_vcpu *vcpu, u32 msr, u64 *value);
int vmx_set_msr(struct axvm_vcpu *vcpu, u32 msr, u64 value);

/* vmx/cr.c: control registers and debug registers */
int vmx_set_cr0(struct vmx_vcpu *v, u64 value);
int vmx_set_cr4(struct vmx_vcpu *v, u64 value);
int vmx_set_efer(struct vmx_vcpu *v, u64 value);
int vmx_exit_cr_access(struct vmx_vcpu *v, struct axvm_exit *exit);
int vmx_exit_dr_access(struct vmx_vcpu *v, struct axvm_exit *exit);
int vmx_exit_xsetbv(struct vmx_vcpu *v, struct axvm_exit *exit);

/* Steps over the instruction that exited */
static inline void vmx_skip(struct vmx_vcpu *v)
{
	x86_step_over(v->vcpu, v->vcpu->arch.insn_len);
}

/* Queue #GP(0) or #UD; return 1: enter again */
int vmx_gp(struct vmx_vcpu *v);
int vmx_ud(struct vmx_vcpu *v);

#endif /* AXVM_VMX_VMX_H */
