// SPDX-License-Identifier: GPL-2.0
/*
 * Who has EL2.
 *
 * A host kernel that runs at EL2 (VHE) has it, and lends it to us entry by entry: nothing is
 * taken and nothing is given back, and KVM may do the same at other times.
 *
 * A host at EL1 leaves EL2 to KVM, or with kvm-arm.mode=none to a stub. From the stub it is
 * taken with the first VM, on all CPUs, and given back with the last; hotplug, idle states that
 * lose EL2, reboot and kexec are followed meanwhile.
 *
 * Locks: hw_lock around taking and giving back. The callbacks read hw_own only, which changes
 * under it and the hotplug lock.
 */
#include <linux/cpu.h>
#include <linux/cpu_pm.h>
#include <linux/cpuhotplug.h>
#include <linux/kernel.h>
#include <linux/reboot.h>
#include <asm/virt.h>

#include "el2.h"
#include "gic.h"
#include "timer.h"

static DEFINE_MUTEX(hw_lock);
static unsigned int hw_users;
static bool hw_own;
static bool hw_shut_down;

/* --- one CPU ------------------------------------------------------------------------------ */

static void take(void *unused)
{
	arm64_nvhe_take();
}

static void give_back(void *unused)
{
	arm64_nvhe_give_back();
}

static int hw_cpu_online(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	if (hw_own)
		arm64_nvhe_take();
	local_irq_restore(flags);
	return 0;
}

static int hw_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	arm64_nvhe_give_back();
	local_irq_restore(flags);
	return 0;
}

/* --- idle, suspend, reboot, kexec ---------------------------------------------------------- */

/* A CPU that loses its power comes back with the stub at EL2. Interrupts are off. */
static int hw_pm(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case CPU_PM_ENTER:
		arm64_nvhe_give_back();
		break;
	case CPU_PM_ENTER_FAILED:
	case CPU_PM_EXIT:
		if (hw_own)
			arm64_nvhe_take();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block hw_pm_nb = {
	.notifier_call = hw_pm,
};

static int hw_reboot(struct notifier_block *nb, unsigned long event, void *unused)
{
	WRITE_ONCE(hw_shut_down, true);
	hw_own = false;
	on_each_cpu(give_back, NULL, 1);
	return NOTIFY_DONE;
}

static struct notifier_block hw_reboot_nb = {
	.notifier_call = hw_reboot,
};

/* --- looking ------------------------------------------------------------------------------- */

static int say(struct axvm_reason *why, int err, const char *text)
{
	strscpy(why->text, text, sizeof(why->text));
	return err;
}

static int probe_el2(struct axvm_reason *why)
{
	if (is_kernel_in_hyp_mode())
		return 0;
	if (!(read_sanitised_ftr_reg(SYS_ID_AA64PFR0_EL1) >> 8 & 0xf))
		return say(why, -EOPNOTSUPP,
			   "this CPU offers no EL2: in a virtual machine, let its hypervisor offer nested virtualization");
	switch (arm64_nvhe_holder()) {
	case ARM64_HOLDER_NONE:
		return say(why, -EOPNOTSUPP,
			   "this kernel was started at EL1 and cannot reach EL2: its firmware or boot loader must start it at EL2");
	case ARM64_HOLDER_KVM:
		return say(why, -EBUSY,
			   "KVM holds EL2: boot the kernel with kvm-arm.mode=none");
	}
	return 0;
}

/**
 * arm64_probe() - axvm_backend.probe()
 * @why: the reason if no guest can run here
 *
 * Return: 0, -EOPNOTSUPP or -EBUSY.
 */
int arm64_probe(struct axvm_reason *why)
{
	int ret = probe_el2(why);

	if (ret)
		return ret;
	if (!arm64_vtcr)
		return say(why, -EOPNOTSUPP,
			   "this kernel has pages of 16 or 64 KiB: axvm needs a kernel with 4-KiB pages");
	if (READ_ONCE(hw_shut_down))
		return say(why, -EBUSY, "the machine is shutting down");
	ret = arm64_gic_probe(why);
	return ret ? ret : arm64_timer_probe(why);
}

/* --- taking and giving back ----------------------------------------------------------------- */

/**
 * arm64_hw_get() - axvm_backend.hw_get()
 * @why: the reason if not
 *
 * Context: may sleep.
 * Return: as arm64_probe().
 */
int arm64_hw_get(struct axvm_reason *why)
{
	int ret;

	mutex_lock(&hw_lock);
	ret = arm64_probe(why);
	if (!ret && !hw_users++ && !is_kernel_in_hyp_mode()) {
		cpus_read_lock();
		hw_own = true;
		on_each_cpu(take, NULL, 1);
		cpus_read_unlock();
	}
	mutex_unlock(&hw_lock);
	return ret;
}

/**
 * arm64_hw_put() - axvm_backend.hw_put()
 *
 * Context: may sleep.
 */
void arm64_hw_put(void)
{
	mutex_lock(&hw_lock);
	if (!--hw_users && hw_own) {
		cpus_read_lock();
		hw_own = false;
		on_each_cpu(give_back, NULL, 1);
		cpus_read_unlock();
	}
	mutex_unlock(&hw_lock);
}

/**
 * arm64_panic() - the host took an exception while the guest's vectors were in place
 * @esr: ESR_EL2
 * @elr: ELR_EL2
 * @far: FAR_EL2
 *
 * From arm64/entry.S; there is no way back.
 */
void __noreturn arm64_panic(u64 esr, u64 elr, u64 far)
{
	panic("axvm: exception in the world switch: ESR %#llx ELR %#llx FAR %#llx", esr, elr, far);
}

/* --- module --------------------------------------------------------------------------------- */

static int hp_state;

/**
 * arm64_hardware_init() - at module load: memory and callbacks; takes nothing
 *
 * Return: 0 or an errno.
 */
int arm64_hardware_init(void)
{
	int ret;

	if (is_kernel_in_hyp_mode())
		return 0;
	axvm_arch_backend.name = "el2-nvhe";
	ret = arm64_nvhe_init();
	if (ret)
		return ret;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "axvm/el2:online", hw_cpu_online,
					hw_cpu_offline);
	if (ret < 0)
		goto free;
	hp_state = ret;
	ret = register_reboot_notifier(&hw_reboot_nb);
	if (ret)
		goto remove;
	ret = cpu_pm_register_notifier(&hw_pm_nb);
	if (ret)
		goto unregister;
	return 0;
unregister:
	unregister_reboot_notifier(&hw_reboot_nb);
remove:
	cpuhp_remove_state_nocalls(hp_state);
free:
	arm64_nvhe_exit();
	return ret;
}

/**
 * arm64_hardware_exit() - the reverse
 */
void arm64_hardware_exit(void)
{
	if (is_kernel_in_hyp_mode())
		return;
	cpu_pm_unregister_notifier(&hw_pm_nb);
	unregister_reboot_notifier(&hw_reboot_nb);
	cpuhp_remove_state_nocalls(hp_state);
	arm64_nvhe_exit();
}
