// SPDX-License-Identifier: GPL-2.0
/*
 * CPU bugs that a guest could use to read the host: what the running kernel does
 * about them for KVM's guests is done for ours (Documentation/admin-guide/hw-vuln of
 * the kernel). Return predictions and branch history are cleared in vmx/entry.S.
 *
 * Guests are offered no SPEC_CTRL, so the host's value stays in force in them.
 *
 * Owns: what was found out at load. Context: as said at each function.
 */
#include <linux/cpu.h>
#include <linux/percpu.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "vmx.h"

bool vmx_verw;
bool vmx_flush_l1d;
static bool barrier;
static DEFINE_PER_CPU(struct vmx_vcpu *, last_vcpu);

/**
 * vmx_mitigations_init() - at module load: which ones are on
 */
void vmx_mitigations_init(void)
{
	if (cpu_mitigations_off())
		return;
	vmx_verw = axvm_host_clears_cpu_buffers();
	vmx_flush_l1d = boot_cpu_has_bug(X86_BUG_L1TF) && boot_cpu_has(X86_FEATURE_FLUSH_L1D) &&
			axvm_host_flushes_l1d();
	barrier = boot_cpu_has(X86_FEATURE_USE_IBPB);
}

/**
 * vmx_mitigate_load() - another guest's branch predictions are not used
 * @v: the vCPU being loaded on this pCPU
 *
 * Context: preemption off.
 */
void vmx_mitigate_load(struct vmx_vcpu *v)
{
	if (!barrier || __this_cpu_read(last_vcpu) == v)
		return;
	__this_cpu_write(last_vcpu, v);
	wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/**
 * vmx_mitigate_forget() - a vCPU is freed: another at its address is another guest
 * @v: the vCPU
 */
void vmx_mitigate_forget(struct vmx_vcpu *v)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(per_cpu_ptr(&last_vcpu, cpu), v, NULL);
}
