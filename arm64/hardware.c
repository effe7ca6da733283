// SPDX-License-Identifier: GPL-2.0
/*
 * Who has EL2.
 *
 * A host kernel that runs at EL2 (VHE) has it, and lends it to us entry by entry: nothing is
 * taken and nothing is given back, and KVM may do the same at other times. A host at EL1 leaves EL2 to
 * KVM, or to a stub (kvm-arm.mode=none).
 *
 * Locks: none.
 */
#include <linux/kernel.h>
#include <asm/virt.h>

#include "el2.h"
#include "gic.h"
#include "timer.h"

static int say(struct axvm_reason *why, int err, const char *text)
{
	strscpy(why->text, text, sizeof(why->text));
	return err;
}

/**
 * arm64_probe() - axvm_backend.probe()
 * @why: the reason if no guest can run here
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int arm64_probe(struct axvm_reason *why)
{
	int ret;

	if (!(read_sanitised_ftr_reg(SYS_ID_AA64PFR0_EL1) >> 8 & 0xf) && !is_kernel_in_hyp_mode())
		return say(why, -EOPNOTSUPP,
			   "this CPU offers no EL2: in a virtual machine, let its hypervisor offer nested virtualization");
	if (!is_kernel_in_hyp_mode())
		return say(why, -EOPNOTSUPP,
			   "this kernel runs at EL1: axvm needs a host that runs at EL2 (VHE, Armv8.1)");
	if (!arm64_vtcr)
		return say(why, -EOPNOTSUPP,
			   "this kernel has pages of 16 or 64 KiB: axvm needs a kernel with 4-KiB pages");
	ret = arm64_gic_probe(why);
	return ret ? ret : arm64_timer_probe(why);
}

/**
 * arm64_hw_get() - axvm_backend.hw_get()
 * @why: the reason if not
 */
int arm64_hw_get(struct axvm_reason *why)
{
	return arm64_probe(why);
}

/**
 * arm64_hw_put() - axvm_backend.hw_put()
 */
void arm64_hw_put(void)
{
}

/**
 * arm64_panic() - the host took an exception while the guest's vectors were in place
 * @esr: ESR_EL2
 * @elr: ELR_EL2
 * @far: FAR_EL2
 *
 * From arm64/entry.S; there is no way back.
 */
asmlinkage void __noreturn arm64_panic(u64 esr, u64 elr, u64 far);
asmlinkage void __noreturn arm64_panic(u64 esr, u64 elr, u64 far)
{
	panic("axvm: exception in the world switch: ESR %#llx ELR %#llx FAR %#llx", esr, elr, far);
}
