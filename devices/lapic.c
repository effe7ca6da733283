// SPDX-License-Identifier: GPL-2.0
/*
 * The local APICs of a VM: the device. lapic_regs.c is what the guest reads and writes,
 * lapic_irq.c what the APICs do with interrupts, lapic_timer.c their timer; lapic.h tells
 * the locks and the sections of the manual.
 *
 * One device stands for all of them: which APIC is meant is a matter of who asks. It
 * answers a page of memory (xAPIC mode), the MSRs 800H to 8FFH (x2APIC mode) and
 * IA32_TSC_DEADLINE. IA32_APIC_BASE is the backend's, by axvm_lapic_get_base() and
 * axvm_lapic_set_base().
 *
 * The state belongs to the vCPU and lives as long as it does, also when the device is
 * removed, which only switches the APICs off: so nobody who reaches for one (any vCPU,
 * any context) needs a lock to keep it from going away.
 *
 * Owns: vcpu->arch.lapic and vm->arch.lapic; both change under vm->lock.
 */
#include <linux/slab.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include "builtin.h"
#include "lapic.h"

#define LAPIC_LENGTH	0x1000
#define X2APIC_MSRS	0x100	/* 800H to 8FFH: 10.12.1.2 */

/* The device's regions, in the order of their declaration */
enum { REGION_MMIO, REGION_X2APIC, REGION_TSC_DEADLINE };

static int tsc_deadline_write(struct axvm_lapic *lapic, const struct axvm_access *access)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_timer_set_tsc_deadline(lapic, access->data);
	lapic_unlock(lapic, flags);
	return AXVM_HANDLED;
}

static struct axvm_lapic *lapic_of(struct axvm_device *dev, const struct axvm_access *access)
{
	struct axvm_vcpu *vcpu = access->vcpu;

	if (unlikely(!vcpu))
		vcpu = READ_ONCE(dev->vm->vcpus[0]);
	return likely(vcpu) ? READ_ONCE(vcpu->arch.lapic) : NULL;
}

static int lapic_device_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct axvm_lapic *lapic = lapic_of(dev, access);

	if (unlikely(!lapic))
		return AXVM_UNCLAIMED;
	switch (access->region) {
	case REGION_MMIO:
		return lapic_mmio_read(lapic, access);
	case REGION_X2APIC:
		return lapic_msr_read(lapic, access);
	default:
		access->data = READ_ONCE(lapic->state.tsc_deadline);
		return AXVM_HANDLED;
	}
}

static int lapic_device_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct axvm_lapic *lapic = lapic_of(dev, access);

	if (unlikely(!lapic))
		return AXVM_UNCLAIMED;
	switch (access->region) {
	case REGION_MMIO:
		return lapic_mmio_write(lapic, access);
	case REGION_X2APIC:
		return lapic_msr_write(lapic, access);
	default:
		return tsc_deadline_write(lapic, access);
	}
}

/* --- life ----------------------------------------------------------------- */

/**
 * axvm_lapic_reset() - power-on state
 * @vcpu: the vCPU
 *
 * Leaves alone what waits in vcpu->arch (NMI, INIT, SIPI).
 *
 * Context: any.
 */
void axvm_lapic_reset(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	unsigned long flags;

	if (!lapic || !READ_ONCE(vcpu->vm->arch.lapic))
		return;
	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_power_on(lapic);
	lapic_unlock(lapic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_reset);

/**
 * axvm_lapic_init() - the vCPU takes an INIT: as power-on, but the mode stays (10.4.7.3)
 * @vcpu: the vCPU
 *
 * Leaves alone what waits in vcpu->arch (NMI, INIT, SIPI).
 *
 * Context: any.
 */
void axvm_lapic_init(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	unsigned long flags;

	if (!lapic)
		return;
	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_reset_registers(lapic);
	lapic_unlock(lapic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_init);

static u64 device_base(const struct axvm_device *dev)
{
	return dev->config.base ? dev->config.base : APIC_DEFAULT_PHYS_BASE;
}

/**
 * axvm_lapic_attach() - give a new vCPU its local APIC, if its VM has them
 * @vcpu: the vCPU
 *
 * Context: may sleep; vm->lock held.
 * Return: 0 or -ENOMEM.
 */
int axvm_lapic_attach(struct axvm_vcpu *vcpu)
{
	struct axvm_device *dev = vcpu->vm->arch.lapic;
	struct axvm_lapic *lapic = vcpu->arch.lapic;

	if (!dev)
		return 0;
	if (!lapic) {
		lapic = kzalloc(sizeof(*lapic), GFP_KERNEL_ACCOUNT);
		if (!lapic)
			return -ENOMEM;
		lapic->vcpu = vcpu;
		lapic_page_attach(lapic);
		raw_spin_lock_init(&lapic->lock);
		lapic_timer_init(lapic);
		/* Whoever sees it sees it made; nobody waits for anything else. */
		smp_store_release(&vcpu->arch.lapic, lapic);
	}
	lapic->region = device_base(dev);
	axvm_lapic_reset(vcpu);
	return 0;
}

/* As if there were none */
static void lapic_switch_off(struct axvm_lapic *lapic)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_timer_stop(lapic);
	lapic_change_base(lapic, 0);
	lapic_unlock(lapic, flags);
	hrtimer_cancel(&lapic->timer);
}

/**
 * axvm_lapic_detach() - free the local APIC of a vCPU that goes away
 * @vcpu: the vCPU; nobody reaches for it any more
 *
 * Context: may sleep.
 */
void axvm_lapic_detach(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = vcpu->arch.lapic;

	if (!lapic)
		return;
	lapic_switch_off(lapic);
	vcpu->arch.lapic = NULL;
	kfree(lapic);
}

/* The next vCPU with a local APIC from number *i on, or NULL */
static struct axvm_lapic *next_lapic(struct axvm_device *dev, unsigned int *i)
{
	struct axvm_vcpu *vcpu;

	for (; *i < AXVM_MAX_VCPUS; (*i)++) {
		vcpu = dev->vm->vcpus[*i];
		if (vcpu && vcpu->arch.lapic)
			return vcpu->arch.lapic;
	}
	return NULL;
}

static void lapic_device_destroy(struct axvm_device *dev)
{
	struct axvm_lapic *lapic;
	unsigned int i;

	WRITE_ONCE(dev->vm->arch.lapic, NULL);
	for (i = 0; (lapic = next_lapic(dev, &i)); i++)
		lapic_switch_off(lapic);
}

static int lapic_device_attach_all(struct axvm_device *dev)
{
	struct axvm_vm *vm = dev->vm;
	unsigned int i;
	int ret;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		ret = axvm_lapic_attach(vm->vcpus[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int lapic_device_init(struct axvm_device *dev)
{
	int ret;

	if (dev->config.nr_cfg || !IS_ALIGNED(device_base(dev), LAPIC_LENGTH) ||
	    (dev->config.length && dev->config.length != LAPIC_LENGTH))
		return -EINVAL;
	if (dev->vm->arch.lapic)
		return -EEXIST;
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, device_base(dev), LAPIC_LENGTH);
	if (ret)
		return ret;
	ret = axvm_device_add_region(dev, AXVM_BUS_SYSREG, APIC_BASE_MSR, X2APIC_MSRS);
	if (ret)
		return ret;
	ret = axvm_device_add_region(dev, AXVM_BUS_SYSREG, MSR_IA32_TSC_DEADLINE, 1);
	if (ret)
		return ret;
	WRITE_ONCE(dev->vm->arch.lapic, dev);
	ret = lapic_device_attach_all(dev);
	if (ret)
		lapic_device_destroy(dev);
	return ret;
}

static void lapic_device_reset(struct axvm_device *dev)
{
	struct axvm_lapic *lapic;
	unsigned int i;

	for (i = 0; (lapic = next_lapic(dev, &i)); i++)
		axvm_lapic_reset(lapic->vcpu);
}

/* --- saving and restoring ------------------------------------------------- */

static void lapic_device_save(struct axvm_device *dev, void *buf)
{
	struct axvm_lapic_state *state = buf;
	struct axvm_lapic *lapic;
	unsigned long flags;
	unsigned int i;

	memset(state, 0, dev->type->state_size);
	for (i = 0; (lapic = next_lapic(dev, &i)); i++) {
		raw_spin_lock_irqsave(&lapic->lock, flags);
		state[i] = lapic->state;
		lapic_page_save(lapic, &state[i]);
		state[i].timer_left = lapic_timer_left(lapic);
		state[i].present = 1;
		raw_spin_unlock_irqrestore(&lapic->lock, flags);
	}
}

static int lapic_device_restore(struct axvm_device *dev, const void *buf)
{
	const struct axvm_lapic_state *state = buf;
	struct axvm_lapic *lapic;
	struct axvm_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		vcpu = dev->vm->vcpus[i];
		if (!lapic_state_is_valid(vcpu ? vcpu->arch.lapic : NULL, &state[i]))
			return -EINVAL;
	}
	for (i = 0; (lapic = next_lapic(dev, &i)); i++)
		lapic_load_state(lapic, &state[i]);
	return 0;
}

static const struct axvm_device_ops lapic_ops = {
	.read = lapic_device_read,
	.write = lapic_device_write,
	.reset = lapic_device_reset,
	.destroy = lapic_device_destroy,
	.save = lapic_device_save,
	.restore = lapic_device_restore,
};

struct axvm_device_type axvm_lapic_type = {
	.name = "lapic",
	.number = AXVM_DEV_LAPIC,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct axvm_device),
	.state_size = AXVM_MAX_VCPUS * sizeof(struct axvm_lapic_state),
	.init = lapic_device_init,
	.ops = &lapic_ops,
};
