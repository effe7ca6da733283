// SPDX-License-Identifier: GPL-2.0
/*
 * V0 to V31: the guest's are in the CPU only within a window, and only if the guest touched them
 * there: its first touch traps.
 *
 * With interrupts off nobody of the host can want the registers meanwhile, softirqs included,
 * and nothing of the kernel's bookkeeping is touched. That the thread's own registers are in
 * memory, and will be loaded from there before it returns to userspace, says
 * TIF_FOREIGN_FPSTATE; where it is clear, kernel_neon_begin() does that, out of the window.
 *
 * Locks: none; the vCPU's own thread.
 */
#include <linux/thread_info.h>
#include <asm/barrier.h>
#include <asm/neon.h>
#include <asm/virt.h>

#include "el2.h"

/**
 * arm64_fp_enter() - the guest's registers into the CPU
 * @v: the vCPU, its window open
 *
 * Return: false: not now; arm64_fp_prepare() first.
 */
bool arm64_fp_enter(struct arm64_vcpu *v)
{
	bool vhe = arm64_host_at_el2();

	if (!test_thread_flag(TIF_FOREIGN_FPSTATE))
		return false;
	/* Streaming mode may be a left-over of the thread's; the guest has none. */
	if (system_supports_sme()) {
		if (vhe) {
			write_sysreg(v->host.cptr, cptr_el2);
			isb();
		}
		sme_smstop();
	}
	if (vhe) {
		write_sysreg(ARM64_CPTR_E2H | ARM64_CPTR_FPEN, cptr_el2);
		isb();
	}
	arm64_fp_load(&v->fp);
	v->fp_loaded = true;
	return true;
}

/**
 * arm64_fp_leave() - out of the CPU again, if they are there
 * @v: the vCPU, its window still open
 */
void arm64_fp_leave(struct arm64_vcpu *v)
{
	if (likely(!v->fp_loaded))
		return;
	arm64_fp_save(&v->fp);
	v->fp_loaded = false;
}

/**
 * arm64_fp_prepare() - the thread's own registers into memory
 *
 * Context: interrupts on.
 */
void arm64_fp_prepare(void)
{
	kernel_neon_begin();
	kernel_neon_end();
}
