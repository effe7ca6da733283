// SPDX-License-Identifier: GPL-2.0
/*
 * VM exits: one table says, for each exit reason, who answers: an answer() in the window
 * still, with interrupts off; a handle() after it, where it may sleep.
 *
 * Each returns 1: answered here, enter again; 0: @exit is filled for the core; an
 * errno: the VM ends. An answer() may also return VMX_LATER: it read what handle() will
 * need of the VMCS, which saves opening another window for it.
 */
#include <linux/sched.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <uapi/asm/vmx.h>

#include "../core/answer.h"
#include "../x86/cpuid.h"
#include "../x86/vcpu.h"
#include "vmx.h"

static int inject(struct vmx_vcpu *v, u8 vector, bool has_error)
{
	struct x86_exception exc = { .vector = vector, .has_error = has_error };

	x86_queue_exception(v->vcpu, &exc);
	return 1;
}

int vmx_gp(struct vmx_vcpu *v)
{
	return inject(v, X86_TRAP_GP, true);
}

int vmx_ud(struct vmx_vcpu *v)
{
	return inject(v, X86_TRAP_UD, false);
}

static u8 cpl(struct vmx_vcpu *v)
{
	return (x86_get(v->vcpu, X86_CODE)->seg[AXVM_X86_SS].attr >> 5) & 3;
}

/* --- answered here ------------------------------------------------------------- */

/* The interrupt itself was taken when interrupts went on, or by tell_host(). */
static int exit_nothing(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return 1;
}

/*
 * Was an event being delivered? Only faults on the way interrupt that, never an
 * instruction, so this is not for those that instructions make (SDM Vol. 3C 25.9.3).
 */
static __always_inline void requeue_interrupted(struct vmx_vcpu *v)
{
	struct vmx_exit_info *info = &v->info;

	info->vectoring = vmx_read(IDT_VECTORING_INFO_FIELD);
	if (unlikely(info->vectoring & VECTORING_INFO_VALID_MASK)) {
		info->vectoring_error = vmx_read(IDT_VECTORING_ERROR_CODE);
		vmx_requeue_event(v);
	}
}

static int answer_exception(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	v->info.intr_info = vmx_read(VM_EXIT_INTR_INFO);
	requeue_interrupted(v);
	return VMX_LATER;
}

/* The host was given its NMI or machine check before interrupts went on (vmx/vmx.c). */
static int exit_exception(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return 1;
}

static int exit_cpuid(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u64 *gpr = v->vcpu->arch.state.regs.gpr;
	struct x86_cpuid out;

	x86_cpuid_query(v->vcpu, gpr[AXVM_X86_RAX], gpr[AXVM_X86_RCX], &out);
	gpr[AXVM_X86_RAX] = out.eax;
	gpr[AXVM_X86_RBX] = out.ebx;
	gpr[AXVM_X86_RCX] = out.ecx;
	gpr[AXVM_X86_RDX] = out.edx;
	vmx_skip(v);
	return 1;
}

/* Instructions of features that the guest was not offered */
static int exit_undefined(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return vmx_ud(v);
}

static int exit_rdpmc(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return vmx_gp(v);
}

/* RAM is write-back and coherent: there is nothing to write back for the guest. */
static int exit_skip(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	vmx_skip(v);
	return 1;
}

static int exit_task_switch(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	axvm_vm_stop_at(v->vcpu, AXVM_STOP_ERROR, EOPNOTSUPP);
	return 1;
}

static int answer_asynchronous(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	/* It is valid if the interrupt was acknowledged: see vmx/posted.c */
	v->info.intr_info = vmx_read(VM_EXIT_INTR_INFO);
	requeue_interrupted(v);
	return VMX_LATER;
}

/* The guest can take now what waits. */
static int answer_window(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	axvm_vcpu_look(v->vcpu);
	return 1;
}

static int answer_cr_access(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	vmx_window_refill(v, X86_CODE | X86_CRS | X86_RSP);
	return VMX_LATER;
}

/* --- MSRs: ours, policy's, or a device's --------------------------------------- */

static int ask_device(struct vmx_vcpu *v, struct axvm_exit *exit, enum axvm_exit_type type,
		      u32 msr, u64 value)
{
	exit->type = type;
	exit->addr = msr;
	exit->data = value;
	exit->width = 8;
	exit->sign_extend = false;
	exit->more = false;
	return 0;
}

static int exit_rdmsr(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u64 *gpr = v->vcpu->arch.state.regs.gpr;
	u32 msr = gpr[AXVM_X86_RCX];
	u64 value;

	if (vmx_get_msr(v->vcpu, msr, &value))
		return ask_device(v, exit, AXVM_X_SYSREG_READ, msr, 0);
	gpr[AXVM_X86_RAX] = (u32)value;
	gpr[AXVM_X86_RDX] = value >> 32;
	vmx_skip(v);
	return 1;
}

/* It may change what the VMCS does for the local APIC: the next entry is to look at that. */
static int exit_wrmsr_apic_base(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 *gpr = v->vcpu->arch.state.regs.gpr;

	if (vmx_set_msr(v->vcpu, MSR_IA32_APICBASE,
			(u32)gpr[AXVM_X86_RAX] | gpr[AXVM_X86_RDX] << 32))
		return vmx_gp(v);
	vmx_skip(v);
	return 1;
}

static int answer_wrmsr(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 *gpr = v->vcpu->arch.state.regs.gpr;
	u64 value = (u32)gpr[AXVM_X86_RAX] | gpr[AXVM_X86_RDX] << 32;
	u32 msr = gpr[AXVM_X86_RCX];
	int ret;

	if (unlikely(msr == MSR_IA32_APICBASE))
		return VMX_LATER;
	ret = vmx_set_msr(v->vcpu, msr, value);
	if (ret == -ENOENT)
		return ask_device(v, exit, AXVM_X_SYSREG_WRITE, msr, value);
	if (ret)
		return vmx_gp(v);
	vmx_skip(v);
	return 1;
}

/* --- for the core, and back from it ---------------------------------------------- */

/* Exit qualification for I/O instructions (SDM Vol. 3C table 28-5) */
#define IO_SIZE(q)	(((q) & 7) + 1)
#define IO_IN(q)	(((q) >> 3) & 1)
#define IO_STRING(q)	(((q) >> 4) & 1)
#define IO_REP(q)	(((q) >> 5) & 1)
#define IO_PORT(q)	((u16)((q) >> 16))
/* VM-exit instruction information for INS and OUTS (table 28-8) */
#define IO_ADDR_SIZE(i)	(2 << (((i) >> 7) & 7))
#define IO_SEG(i)	(((i) >> 15) & 7)

static int answer_io(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u32 q = v->info.qualification;
	unsigned int width = IO_SIZE(q);

	if (unlikely(IO_STRING(q))) {
		v->info.insn_info = vmx_read(VMX_INSTRUCTION_INFO);
		return VMX_LATER;
	}
	exit->type = IO_IN(q) ? AXVM_X_IO_READ : AXVM_X_IO_WRITE;
	exit->addr = IO_PORT(q);
	exit->width = width;
	exit->reg = AXVM_X86_RAX;
	exit->reg_width = width;
	exit->sign_extend = false;
	exit->more = false;
	exit->data = v->vcpu->arch.state.regs.gpr[AXVM_X86_RAX] & (~0U >> (32 - 8 * width));
	return 0;
}

static int exit_string_io(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u32 q = v->info.qualification, info = v->info.insn_info;

	return x86_emulate_string_io(v->vcpu, IO_PORT(q), IO_SIZE(q), IO_IN(q), IO_REP(q),
				     IO_ADDR_SIZE(info), IO_SEG(info), exit);
}

/* @instruction: of the instruction itself, not of the CPU's walk of the guest's tables */
static __always_inline int stage2_fault(struct vmx_vcpu *v, struct axvm_exit *exit, u64 gpa,
					u8 access, bool instruction)
{
	requeue_interrupted(v);
	exit->type = AXVM_X_STAGE2_FAULT;
	exit->addr = gpa;
	exit->width = 0;
	exit->data = 0;
	exit->access = access;
	if (instruction) {
		vmx_window_refill_fetch(v);
		x86_emulate_again(v->vcpu, gpa, exit);
	}
	return 0;
}

static int exit_ept_violation(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 translated = EPT_VIOLATION_GVA_IS_VALID | EPT_VIOLATION_GVA_TRANSLATED;
	u64 q = v->info.qualification;
	u8 access = (q & EPT_VIOLATION_ACC_READ ? AXVM_ACCESS_READ : 0) |
		    (q & EPT_VIOLATION_ACC_WRITE ? AXVM_ACCESS_WRITE : 0) |
		    (q & EPT_VIOLATION_ACC_INSTR ? AXVM_ACCESS_EXEC : 0);

	return stage2_fault(v, exit, vmx_read(GUEST_PHYSICAL_ADDRESS), access,
			    (q & translated) == translated);
}

/*
 * Exit qualification of APIC-access exits (SDM Vol. 3C table 28-6). All other types are
 * accesses that no instruction makes by itself.
 */
#define APIC_OFFSET(q)	((q) & 0xfff)
#define APIC_TYPE(q)	(((q) >> 12) & 0xf)

/* An access to the APIC-access page that the hardware does not answer: as without it */
static int exit_apic_access(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	static const u8 access[] = { AXVM_ACCESS_READ, AXVM_ACCESS_WRITE, AXVM_ACCESS_EXEC };
	u64 q = v->info.qualification;
	unsigned int type = APIC_TYPE(q);
	bool instruction = type < ARRAY_SIZE(access);

	return stage2_fault(v, exit, v->vcpu->arch.lapic->region + APIC_OFFSET(q),
			    instruction ? access[type] : 0, instruction);
}

static int exit_vmcall(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 *gpr = v->vcpu->arch.state.regs.gpr;

	/* A hypercall is the kernel's to make. */
	if (cpl(v))
		return vmx_ud(v);
	*exit = (struct axvm_exit){
		.type = AXVM_X_HYPERCALL,
		.addr = gpr[AXVM_X86_RAX],
		.args = { gpr[AXVM_X86_RDI], gpr[AXVM_X86_RSI], gpr[AXVM_X86_RDX],
			  gpr[AXVM_X86_RCX], gpr[AXVM_X86_R8], gpr[AXVM_X86_R9] },
	};
	return 0;
}

static int exit_hlt(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	vmx_skip(v);
	/* Until an interrupt comes, also over signals: see started() in vmx/vmx.c */
	v->idle = X86_HALTED;
	*exit = (struct axvm_exit){ .type = AXVM_X_HALT };
	return 0;
}

static int exit_triple_fault(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	*exit = (struct axvm_exit){ .type = AXVM_X_SYSTEM_DOWN, .addr = AXVM_STOP_TRIPLE_FAULT };
	return 0;
}

static int exit_fail(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	*exit = (struct axvm_exit){ .type = AXVM_X_FAIL_ENTRY, .addr = v->info.reason,
				    .data = v->info.qualification };
	return 0;
}

static __always_inline void access_done(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	u64 *gpr = vcpu->arch.state.regs.gpr;
	u64 value = exit->data;

	if (exit->type == AXVM_X_SYSREG_READ) {
		gpr[AXVM_X86_RAX] = (u32)value;
		gpr[AXVM_X86_RDX] = value >> 32;
	} else if (!(exit->type % 2)) {
		if (unlikely(exit->sign_extend))
			value = sign_extend64(value, exit->width * 8 - 1);
		x86_write_gpr(vcpu, exit->reg, exit->reg_width, value);
	}
	x86_step_over(vcpu, vcpu->arch.insn_len);
}

void axvm_arch_access_done(struct axvm_vcpu *vcpu, const struct axvm_exit *exit)
{
	access_done(vcpu, exit);
}

/* --- the table ----------------------------------------------------------------- */

struct vmx_exit_row {
	int (*handle)(struct vmx_vcpu *v, struct axvm_exit *exit);
	int (*answer)(struct vmx_vcpu *v, struct axvm_exit *exit);
};

static const struct vmx_exit_row exits[VMX_NR_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI] = { exit_exception, answer_exception },
	[EXIT_REASON_EXTERNAL_INTERRUPT] = { exit_nothing, answer_asynchronous },
	[EXIT_REASON_TRIPLE_FAULT] = { exit_triple_fault },
	[EXIT_REASON_INIT_SIGNAL] = { exit_nothing, answer_asynchronous },
	[EXIT_REASON_INTERRUPT_WINDOW] = { NULL, answer_window },
	[EXIT_REASON_NMI_WINDOW] = { NULL, answer_window },
	[EXIT_REASON_TASK_SWITCH] = { exit_task_switch },
	[EXIT_REASON_CPUID] = { NULL, exit_cpuid },
	[EXIT_REASON_HLT] = { exit_hlt },
	[EXIT_REASON_INVD] = { exit_skip },
	[EXIT_REASON_RDPMC] = { exit_rdpmc },
	[EXIT_REASON_VMCALL] = { NULL, exit_vmcall },
	[EXIT_REASON_VMCLEAR] = { exit_undefined },
	[EXIT_REASON_VMLAUNCH] = { exit_undefined },
	[EXIT_REASON_VMPTRLD] = { exit_undefined },
	[EXIT_REASON_VMPTRST] = { exit_undefined },
	[EXIT_REASON_VMREAD] = { exit_undefined },
	[EXIT_REASON_VMRESUME] = { exit_undefined },
	[EXIT_REASON_VMWRITE] = { exit_undefined },
	[EXIT_REASON_VMOFF] = { exit_undefined },
	[EXIT_REASON_VMON] = { exit_undefined },
	[EXIT_REASON_CR_ACCESS] = { vmx_exit_cr_access, answer_cr_access },
	[EXIT_REASON_DR_ACCESS] = { vmx_exit_dr_access },
	[EXIT_REASON_IO_INSTRUCTION] = { exit_string_io, answer_io },
	[EXIT_REASON_MSR_READ] = { NULL, exit_rdmsr },
	[EXIT_REASON_MSR_WRITE] = { exit_wrmsr_apic_base, answer_wrmsr },
	[EXIT_REASON_INVALID_STATE] = { exit_fail },
	[EXIT_REASON_MSR_LOAD_FAIL] = { exit_fail },
	[EXIT_REASON_MWAIT_INSTRUCTION] = { exit_undefined },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { exit_undefined },
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = { NULL, vmx_answer_tpr },
	[EXIT_REASON_APIC_ACCESS] = { NULL, exit_apic_access },
	[EXIT_REASON_EOI_INDUCED] = { NULL, vmx_answer_eoi },
	[EXIT_REASON_EPT_VIOLATION] = { NULL, exit_ept_violation },
	[EXIT_REASON_EPT_MISCONFIG] = { exit_fail },
	[EXIT_REASON_INVEPT] = { exit_undefined },
	[EXIT_REASON_INVVPID] = { exit_undefined },
	[EXIT_REASON_WBINVD] = { exit_skip },
	[EXIT_REASON_XSETBV] = { vmx_exit_xsetbv },
	[EXIT_REASON_APIC_WRITE] = { NULL, vmx_answer_apic_write },
};

/* The failure bit is cut off: with it, only the entry-failure reasons are meant. */
static __always_inline const struct vmx_exit_row *row_of(u32 reason)
{
	static const struct vmx_exit_row unknown;
	u16 basic = reason;

	return likely(basic < ARRAY_SIZE(exits)) ? &exits[basic] : &unknown;
}

/* What the hardware says of the exit. Return: the exit reason */
static __always_inline u32 read_exit(struct vmx_vcpu *v, struct axvm_vcpu_arch *arch)
{
	struct axvm_x86_regs *regs = &arch->state.regs;
	u32 reason;

	v->info.qualification = vmx_read(EXIT_QUALIFICATION);
	arch->insn_len = vmx_read(VM_EXIT_INSTRUCTION_LEN);
	regs->rip = vmx_read(GUEST_RIP);
	regs->rflags = vmx_read(GUEST_RFLAGS);
	regs->interruptibility = vmx_read(GUEST_INTERRUPTIBILITY_INFO);
	arch->state.valid = X86_GPRS | X86_RIP | X86_FLAGS | X86_INTR;
	reason = vmx_read(VM_EXIT_REASON);
	v->info.reason = reason;
	return reason;
}

/**
 * vmx_answer_exit() - read the exit that was just made, and answer it if that is quick
 * @v: the vCPU; in the window
 * @exit: filled in for the core
 *
 * Return: AXVM_RUN_EXIT, AXVM_RUN_HANDLED, an errno, or VMX_LATER: vmx_handle_exit() is to
 * be asked after the window.
 */
int vmx_answer_exit(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	struct axvm_vcpu *vcpu = v->vcpu;
	u16 reason = read_exit(v, &vcpu->arch);
	const struct vmx_exit_row *row = row_of(reason);
	int ret = VMX_LATER;

	vcpu->stats.exits++;
	if (likely(reason < VMX_NR_REASONS))
		v->reasons[reason]++;
	if (row->answer)
		ret = row->answer(v, exit);
	if (!ret && axvm_answer_atomic(vcpu, exit, access_done))
		return AXVM_RUN_HANDLED;
	if (ret == AXVM_RUN_HANDLED)
		vcpu->stats.handled++;
	return ret;
}

/**
 * vmx_handle_exit() - handle the exit that was read, or fill in @exit
 * @v: the vCPU
 * @exit: for the core
 *
 * Context: may sleep. Return: as axvm_arch_run().
 */
int vmx_handle_exit(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const struct vmx_exit_row *row = row_of(v->info.reason);
	int ret = row->handle ? row->handle(v, exit) : exit_fail(v, exit);

	if (ret > 0)
		v->vcpu->stats.handled++;
	return ret;
}
