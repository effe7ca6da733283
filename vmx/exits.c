// SPDX-License-Identifier: GPL-2.0
/*
 * VM exits: one table says, for each exit reason, what to read of the VMCS while
 * the window is open, and who answers.
 *
 * A handler runs with interrupts and preemption on. It returns 1: answered here,
 * enter again; 0: @exit is filled for the core; an errno: the VM ends.
 */
#include <linux/sched.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <uapi/asm/vmx.h>

#include "../x86/cpuid.h"
#include "../x86/vcpu.h"
#include "vmx.h"

/* What of struct vmx_exit_info a reason has (beside what every exit has) */
#define QUALIFICATION	BIT(16)
#define GPA		BIT(17)
#define INTR_INFO	BIT(18)
#define DETAILS		(QUALIFICATION | GPA | INTR_INFO)
#define IN_WINDOW	BIT(19)	/* answered with interrupts off: never sleeps */
#define GROUPS		GENMASK(15, 0)	/* the rest: X86_* groups */

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

/* The interrupt itself was taken when interrupts went on. */
static int exit_nothing(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return 1;
}

/* NMIs and machine checks were handed to the host in the window (vmx/vmx.c). */
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

static int exit_init(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return 1;
}

/* --- MSRs: ours, policy's, or a device's --------------------------------------- */

static int ask_device(struct vmx_vcpu *v, struct axvm_exit *exit, enum axvm_exit_type type,
		      u32 msr, u64 value)
{
	v->vcpu->arch.insn_len = v->info.insn_len;
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

static int exit_wrmsr(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 *gpr = v->vcpu->arch.state.regs.gpr;
	u64 value = (u32)gpr[AXVM_X86_RAX] | gpr[AXVM_X86_RDX] << 32;
	u32 msr = gpr[AXVM_X86_RCX];
	int ret = vmx_set_msr(v->vcpu, msr, value);

	if (ret == -ENOENT)
		return ask_device(v, exit, AXVM_X_SYSREG_WRITE, msr, value);
	if (ret)
		return vmx_gp(v);
	vmx_skip(v);
	return 1;
}

/* --- for the core -------------------------------------------------------------- */

/* Exit qualification for I/O instructions (SDM Vol. 3C table 28-5) */
#define IO_SIZE(q)	(((q) & 7) + 1)
#define IO_IN(q)	(((q) >> 3) & 1)
#define IO_STRING(q)	(((q) >> 4) & 1)
#define IO_REP(q)	(((q) >> 5) & 1)
#define IO_PORT(q)	((u16)((q) >> 16))
/* VM-exit instruction information for INS and OUTS (table 28-8) */
#define IO_ADDR_SIZE(i)	(2 << (((i) >> 7) & 7))
#define IO_SEG(i)	(((i) >> 15) & 7)

static int exit_io(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u64 q = v->info.qualification;

	v->vcpu->arch.insn_len = v->info.insn_len;
	if (unlikely(IO_STRING(q)))
		return x86_emulate_string_io(v->vcpu, IO_PORT(q), IO_SIZE(q), IO_IN(q), IO_REP(q),
					     IO_ADDR_SIZE(v->info.insn_info),
					     IO_SEG(v->info.insn_info), exit);
	exit->type = IO_IN(q) ? AXVM_X_IO_READ : AXVM_X_IO_WRITE;
	exit->addr = IO_PORT(q);
	exit->width = IO_SIZE(q);
	exit->reg = AXVM_X86_RAX;
	exit->reg_width = IO_SIZE(q);
	exit->sign_extend = false;
	exit->more = false;
	exit->data = v->vcpu->arch.state.regs.gpr[AXVM_X86_RAX] & (~0U >> (32 - 8 * IO_SIZE(q)));
	return 0;
}

static int exit_ept_violation(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	u64 q = v->info.qualification;

	exit->type = AXVM_X_STAGE2_FAULT;
	exit->addr = v->info.gpa;
	exit->width = 0;
	exit->data = 0;
	exit->access = (q & EPT_VIOLATION_ACC_READ ? AXVM_ACCESS_READ : 0) |
		       (q & EPT_VIOLATION_ACC_WRITE ? AXVM_ACCESS_WRITE : 0) |
		       (q & EPT_VIOLATION_ACC_INSTR ? AXVM_ACCESS_EXEC : 0);
	/* Of the instruction itself, not of the CPU's walk of the guest's tables? */
	if ((q & (EPT_VIOLATION_GVA_IS_VALID | EPT_VIOLATION_GVA_TRANSLATED)) ==
	    (EPT_VIOLATION_GVA_IS_VALID | EPT_VIOLATION_GVA_TRANSLATED))
		x86_emulate_again(v->vcpu, v->info.gpa, exit);
	return 0;
}

static int exit_vmcall(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	const u64 *gpr = v->vcpu->arch.state.regs.gpr;

	/* A hypercall is the kernel's to make. */
	if (cpl(v))
		return vmx_ud(v);
	v->vcpu->arch.insn_len = v->info.insn_len;
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

/* --- the table ----------------------------------------------------------------- */

struct vmx_exit_row {
	u32 needs;
	int (*handle)(struct vmx_vcpu *v, struct axvm_exit *exit);
};

#define CODE	(X86_CODE | X86_CRS)

static const struct vmx_exit_row exits[] = {
	[EXIT_REASON_EXCEPTION_NMI] = { INTR_INFO, exit_exception },
	[EXIT_REASON_EXTERNAL_INTERRUPT] = { 0, exit_nothing },
	[EXIT_REASON_TRIPLE_FAULT] = { 0, exit_triple_fault },
	[EXIT_REASON_INIT_SIGNAL] = { 0, exit_init },
	[EXIT_REASON_INTERRUPT_WINDOW] = { IN_WINDOW, exit_nothing },
	[EXIT_REASON_NMI_WINDOW] = { IN_WINDOW, exit_nothing },
	[EXIT_REASON_TASK_SWITCH] = { QUALIFICATION, exit_task_switch },
	[EXIT_REASON_CPUID] = { IN_WINDOW, exit_cpuid },
	[EXIT_REASON_HLT] = { 0, exit_hlt },
	[EXIT_REASON_INVD] = { 0, exit_skip },
	[EXIT_REASON_RDPMC] = { 0, exit_rdpmc },
	[EXIT_REASON_VMCALL] = { X86_CODE, exit_vmcall },
	[EXIT_REASON_VMCLEAR] = { 0, exit_undefined },
	[EXIT_REASON_VMLAUNCH] = { 0, exit_undefined },
	[EXIT_REASON_VMPTRLD] = { 0, exit_undefined },
	[EXIT_REASON_VMPTRST] = { 0, exit_undefined },
	[EXIT_REASON_VMREAD] = { 0, exit_undefined },
	[EXIT_REASON_VMRESUME] = { 0, exit_undefined },
	[EXIT_REASON_VMWRITE] = { 0, exit_undefined },
	[EXIT_REASON_VMOFF] = { 0, exit_undefined },
	[EXIT_REASON_VMON] = { 0, exit_undefined },
	[EXIT_REASON_CR_ACCESS] = { QUALIFICATION | CODE | X86_RSP,
				    vmx_exit_cr_access },
	[EXIT_REASON_DR_ACCESS] = { 0, vmx_exit_dr_access },
	[EXIT_REASON_IO_INSTRUCTION] = { QUALIFICATION, exit_io },
	[EXIT_REASON_MSR_READ] = { 0, exit_rdmsr },
	[EXIT_REASON_MSR_WRITE] = { 0, exit_wrmsr },
	[EXIT_REASON_INVALID_STATE] = { QUALIFICATION | X86_ALL, exit_fail },
	[EXIT_REASON_MSR_LOAD_FAIL] = { QUALIFICATION | X86_ALL, exit_fail },
	[EXIT_REASON_MWAIT_INSTRUCTION] = { 0, exit_undefined },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { 0, exit_undefined },
	[EXIT_REASON_EPT_VIOLATION] = { QUALIFICATION | GPA | CODE, exit_ept_violation },
	[EXIT_REASON_EPT_MISCONFIG] = { GPA | X86_ALL, exit_fail },
	[EXIT_REASON_INVEPT] = { 0, exit_undefined },
	[EXIT_REASON_INVVPID] = { 0, exit_undefined },
	[EXIT_REASON_WBINVD] = { 0, exit_skip },
	[EXIT_REASON_XSETBV] = { X86_CODE, vmx_exit_xsetbv },
};

/* What an exit is after it was answered in the window */
static const struct vmx_exit_row answered = { 0, exit_nothing };

static const struct vmx_exit_row *row_of(u32 reason)
{
	static const struct vmx_exit_row unknown = { QUALIFICATION | X86_ALL, exit_fail };
	u16 basic = reason;

	/* With the failure bit only the entry-failure reasons are meant. */
	if (basic >= ARRAY_SIZE(exits) || !exits[basic].handle)
		return &unknown;
	return &exits[basic];
}

static void read_details(struct vmx_exit_info *info, u32 needs)
{
	if (needs & QUALIFICATION)
		info->qualification = vmx_read(EXIT_QUALIFICATION);
	if (needs & GPA)
		info->gpa = vmx_read(GUEST_PHYSICAL_ADDRESS);
	if (needs & INTR_INFO) {
		info->intr_info = vmx_read(VM_EXIT_INTR_INFO);
		info->intr_error = vmx_read(VM_EXIT_INTR_ERROR_CODE);
	}
	if (unlikely(info->reason == EXIT_REASON_IO_INSTRUCTION &&
		     IO_STRING(info->qualification)))
		info->insn_info = vmx_read(VMX_INSTRUCTION_INFO);
}

/**
 * vmx_read_exit() - read what the hardware says of the exit
 * @v: the vCPU; in the window
 */
void vmx_read_exit(struct vmx_vcpu *v)
{
	struct x86_state *state = &v->vcpu->arch.state;
	struct vmx_exit_info *info = &v->info;
	u32 needs;

	info->reason = vmx_read(VM_EXIT_REASON);
	info->vectoring = vmx_read(IDT_VECTORING_INFO_FIELD);
	info->insn_len = vmx_read(VM_EXIT_INSTRUCTION_LEN);
	state->regs.rip = vmx_read(GUEST_RIP);
	state->regs.rflags = vmx_read(GUEST_RFLAGS);
	state->regs.interruptibility = vmx_read(GUEST_INTERRUPTIBILITY_INFO);
	state->valid = X86_GPRS | X86_RIP | X86_INTR;

	v->row = row_of(info->reason);
	needs = v->row->needs;
	if (needs & DETAILS)
		read_details(info, needs);
	if (needs & GROUPS)
		vmx_window_refill(v, needs & GROUPS);
	if (unlikely(info->vectoring & VECTORING_INFO_VALID_MASK))
		info->vectoring_error = vmx_read(IDT_VECTORING_ERROR_CODE);
}

static __always_inline int handle(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	int ret;

	if (unlikely(v->info.vectoring & VECTORING_INFO_VALID_MASK))
		vmx_requeue_event(v);
	ret = v->row->handle(v, exit);
	if (ret > 0)
		v->vcpu->stats.handled++;
	return ret;
}

/**
 * vmx_answered_in_window() - answer the exit that was read, if that is quick
 * @v: the vCPU; in the window
 *
 * Return: true: answered, the guest may go on.
 */
bool vmx_answered_in_window(struct vmx_vcpu *v)
{
	bool done = false;

	if (v->row->needs & IN_WINDOW) {
		v->in_window = true;
		done = handle(v, NULL) > 0;
		v->in_window = false;
		/* Not to be answered again if the window closes now */
		v->row = &answered;
		v->info.vectoring = 0;
	}
	return done;
}

/**
 * vmx_handle_exit() - answer the exit that was read, or fill in @exit
 * @v: the vCPU
 * @exit: for the core
 *
 * Context: may sleep. Return: as axvm_arch_run().
 */
int vmx_handle_exit(struct vmx_vcpu *v, struct axvm_exit *exit)
{
	return v->row == &answered ? AXVM_RUN_HANDLED : handle(v, exit);
}
