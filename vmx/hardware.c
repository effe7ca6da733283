// SPDX-License-Identifier: GPL-2.0
/*
 * Who has VMX: switched on for our VMs, or shared with who switched it on.
 *
 * Nothing is taken when the module is loaded. With the first VM, all online CPUs
 * are looked at:
 *  - CR4.VMXE set: another hypervisor (KVM from its load on, in Linux 6.12) is in
 *    VMX operation. We borrow: no VMXON, and the entry window puts its VMCS back.
 *    Should it leave VMX while our VMs run, VMPTRLD fails and they end with -ENODEV.
 *  - clear: we enter VMX operation on each CPU and leave it with the last VM; CPU
 *    hotplug, suspend, reboot and kexec are followed meanwhile.
 *
 * Locks: hw_lock around taking and giving back. The hotplug callback runs under the
 * hotplug lock and reads hw_own only, which changes under both locks.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/reboot.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "vmx.h"

static DEFINE_MUTEX(hw_lock);
static unsigned int hw_users;
static bool hw_own;
static bool hw_shut_down;
static DEFINE_PER_CPU(void *, vmxon_region);
static DEFINE_PER_CPU(bool, vmx_is_on);

/* --- one CPU ------------------------------------------------------------------- */

static int cpu_vmx_on(void)
{
	if (__this_cpu_read(vmx_is_on))
		return 0;
	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	if (axvm_cr4_set_vmxe())
		return -EOPNOTSUPP;
	if (!vmx_on(virt_to_phys(__this_cpu_read(vmxon_region)))) {
		axvm_cr4_clear_vmxe();
		return -EIO;
	}
	__this_cpu_write(vmx_is_on, true);
	return 0;
}

static void cpu_vmx_off(void *unused)
{
	if (!__this_cpu_read(vmx_is_on))
		return;
	__this_cpu_write(vmx_is_on, false);
	vmx_off();
	axvm_cr4_clear_vmxe();
}

static void cpu_vmx_on_ipi(void *failed)
{
	if (cpu_vmx_on())
		atomic_inc(failed);
}

static int vmx_cpu_online(unsigned int cpu)
{
	unsigned long flags;
	int ret = 0;

	local_irq_save(flags);
	if (hw_own)
		ret = cpu_vmx_on();
	local_irq_restore(flags);
	return ret;
}

static int vmx_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	cpu_vmx_off(NULL);
	local_irq_restore(flags);
	return 0;
}

/* --- suspend, reboot, kexec ---------------------------------------------------- */

/* Of the last CPU; the others went through hotplug */
static int vmx_suspend(void)
{
	cpu_vmx_off(NULL);
	return 0;
}

static void vmx_resume(void)
{
	if (hw_own && cpu_vmx_on())
		pr_warn("axvm: VMX did not come back after suspend: running VMs will end\n");
}

/* An INIT is blocked in VMX operation: no CPU may be left in it (SDM Vol. 3C 24.8). */
static int vmx_reboot(struct notifier_block *nb, unsigned long event, void *unused)
{
	WRITE_ONCE(hw_shut_down, true);
	on_each_cpu(cpu_vmx_off, NULL, 1);
	return NOTIFY_DONE;
}

static struct notifier_block vmx_reboot_nb = {
	.notifier_call = vmx_reboot,
};

/* --- looking ------------------------------------------------------------------- */

static void count_vmxe(void *count)
{
	if (__read_cr4() & X86_CR4_VMXE)
		atomic_inc(count);
}

/* How many online CPUs have CR4.VMXE set by somebody else */
static unsigned int others_vmxe(void)
{
	atomic_t count = ATOMIC_INIT(0);

	if (hw_own)
		return 0;
	on_each_cpu(count_vmxe, &count, 1);
	return atomic_read(&count);
}

static int say(struct axvm_reason *why, int err, const char *text)
{
	strscpy(why->text, text, sizeof(why->text));
	return err;
}

/**
 * vmx_probe_cpu() - can this CPU do it, whoever has it?
 * @why: the reason if not
 *
 * Return: 0, -EOPNOTSUPP or -EPERM.
 */
int vmx_probe_cpu(struct axvm_reason *why)
{
	u64 feat;

	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL &&
	    boot_cpu_data.x86_vendor != X86_VENDOR_CENTAUR &&
	    boot_cpu_data.x86_vendor != X86_VENDOR_ZHAOXIN)
		return say(why, -EOPNOTSUPP,
			   "this CPU is not from Intel: axvm needs VMX, and AMD's SVM is not supported");
	if (!(cpuid_ecx(1) & BIT(5)))
		return say(why, -EOPNOTSUPP,
			   "this CPU has no VMX; in a virtual machine, let its hypervisor offer nested VMX");
	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &feat) || !(feat & FEAT_CTL_LOCKED))
		return say(why, -EPERM,
			   "the firmware left IA32_FEATURE_CONTROL unlocked and the kernel did not set it: build the kernel with CONFIG_IA32_FEAT_CTL");
	if (!(feat & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return say(why, -EPERM,
			   "the firmware has locked VMX off: enable virtualization (VT-x) in the firmware setup");
	return vmx_controls_init(why);
}

/**
 * vmx_probe() - can guests run here?
 * @why: the reason if not
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP, -EPERM or -EBUSY.
 */
int vmx_probe(struct axvm_reason *why)
{
	unsigned int others;
	int ret = vmx_probe_cpu(why);

	if (ret)
		return ret;
	cpus_read_lock();
	others = others_vmxe();
	ret = others && others != num_online_cpus() ? -EBUSY : 0;
	cpus_read_unlock();
	if (ret)
		return say(why, ret,
			   "another hypervisor uses VMX on some CPUs only: end it (VirtualBox, VMware: unload vboxdrv, vmmon), or load kvm_intel");
	if (!others && !AXVM_CAN_OWN_VMX)
		return say(why, -EOPNOTSUPP,
			   "this kernel lets no module but KVM switch VMX on: load kvm_intel, axvm then shares it");
	if (READ_ONCE(hw_shut_down))
		return say(why, -EBUSY, "the machine is shutting down");
	return 0;
}

/**
 * vmx_borrowed() - does somebody else have VMX on this CPU?
 */
bool vmx_borrowed(void)
{
	return !hw_own && (__read_cr4() & X86_CR4_VMXE);
}

/* --- taking and giving back ---------------------------------------------------- */

static int hw_take(struct axvm_reason *why)
{
	atomic_t failed = ATOMIC_INIT(0);
	int ret = 0;

	cpus_read_lock();
	if (!others_vmxe()) {
		on_each_cpu(cpu_vmx_on_ipi, &failed, 1);
		hw_own = true;
	}
	if (atomic_read(&failed)) {
		on_each_cpu(cpu_vmx_off, NULL, 1);
		hw_own = false;
		ret = say(why, -EIO,
			  "VMXON failed: another hypervisor is taking VMX, or the firmware forbids it");
	}
	cpus_read_unlock();
	return ret;
}

/**
 * vmx_hw_get() - switch VMX on everywhere, for one more VM
 * @why: the reason if not
 *
 * Context: may sleep.
 * Return: 0, or an errno as vmx_probe().
 */
int vmx_hw_get(struct axvm_reason *why)
{
	int ret;

	mutex_lock(&hw_lock);
	ret = vmx_probe(why);
	if (!ret && !hw_users)
		ret = hw_take(why);
	if (!ret)
		hw_users++;
	mutex_unlock(&hw_lock);
	return ret;
}

/**
 * vmx_hw_put() - one VM less; with the last one VMX is given back
 *
 * Context: may sleep.
 */
void vmx_hw_put(void)
{
	mutex_lock(&hw_lock);
	if (!--hw_users && hw_own) {
		cpus_read_lock();
		on_each_cpu(cpu_vmx_off, NULL, 1);
		hw_own = false;
		cpus_read_unlock();
	}
	mutex_unlock(&hw_lock);
}

/* --- module -------------------------------------------------------------------- */

static enum cpuhp_state hp_state;

static void free_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(vmxon_region, cpu));
		per_cpu(vmxon_region, cpu) = NULL;
	}
}

/* A VMXON region starts with the revision of the VMCS (SDM Vol. 3C 25.11.5) */
static int alloc_regions(void)
{
	u64 basic;
	int cpu;

	if (rdmsrl_safe(MSR_IA32_VMX_BASIC, &basic))
		return 0;	/* no VMX: vmx_probe() will say so */
	for_each_possible_cpu(cpu) {
		u32 *region = (u32 *)get_zeroed_page(GFP_KERNEL);

		if (!region) {
			free_regions();
			return -ENOMEM;
		}
		*region = basic & 0x7fffffff;
		per_cpu(vmxon_region, cpu) = region;
	}
	return 0;
}

/**
 * vmx_hardware_init() - at module load: memory and callbacks; takes nothing
 *
 * Return: 0 or an errno.
 */
int vmx_hardware_init(void)
{
	int ret = alloc_regions();

	if (ret)
		return ret;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "axvm/vmx:online", vmx_cpu_online,
					vmx_cpu_offline);
	if (ret < 0)
		goto free;
	hp_state = ret;
	ret = register_reboot_notifier(&vmx_reboot_nb);
	if (ret)
		goto remove;
	axvm_register_syscore(vmx_suspend, vmx_resume);
	return 0;
remove:
	cpuhp_remove_state_nocalls(hp_state);
free:
	free_regions();
	return ret;
}

/**
 * vmx_hardware_exit() - the reverse
 */
void vmx_hardware_exit(void)
{
	axvm_unregister_syscore();
	unregister_reboot_notifier(&vmx_reboot_nb);
	cpuhp_remove_state_nocalls(hp_state);
	free_regions();
}
