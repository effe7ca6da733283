/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of the local APIC and of the IOAPIC share: VMs with local APICs, their
 * registers as the guest's vCPUs reach them, and what the CPU would see of interrupts.
 */
#ifndef AXVM_KUNIT_LAPIC_H
#define AXVM_KUNIT_LAPIC_H

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include "../devices/lapic.h"
#include "../x86/x86.h"
#include "fixture.h"

#define BASE		0xfee00000ULL
#define X2APIC_MSR(reg)	(APIC_BASE_MSR + ((reg) >> 4))
#define SPIV_ON		(APIC_SPIV_APIC_ENABLED | 0xff)

/*
 * Where the local APICs keep their registers: 0: in the plain state; 1: TPR in a virtual-APIC
 * page; 2: IRR and ISR, too; 3: edges are posted (devices/lapic_page.c). tools/tests/apicv.sh
 * asks for all.
 */
static int apic_page;
module_param(apic_page, int, 0444);

/* Long enough on any machine for what must happen, and only then waited for. */
#define PATIENCE	(20 * HZ)

static inline u32 xapic_read(struct axvm_vcpu *vcpu, u32 reg)
{
	return fixture_load(vcpu->vm, vcpu, BASE + reg, 4);
}

static inline void xapic_write(struct axvm_vcpu *vcpu, u32 reg, u32 value)
{
	fixture_store(vcpu->vm, vcpu, BASE + reg, 4, value);
}

static inline int msr_read(struct axvm_vcpu *vcpu, u32 msr, u64 *value)
{
	return axvm_devices_handle_sysreg_read(vcpu->vm, vcpu, msr, value);
}

static inline int msr_write(struct axvm_vcpu *vcpu, u32 msr, u64 value)
{
	return axvm_devices_handle_sysreg_write(vcpu->vm, vcpu, msr, value);
}

/* An x2APIC register that must be readable */
static inline u64 x2apic_read(struct kunit *test, struct axvm_vcpu *vcpu, u32 reg)
{
	u64 value = 0;

	KUNIT_EXPECT_EQ(test, msr_read(vcpu, X2APIC_MSR(reg), &value), AXVM_HANDLED);
	return value;
}

static inline void x2apic_write(struct kunit *test, struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	KUNIT_EXPECT_EQ(test, msr_write(vcpu, X2APIC_MSR(reg), value), AXVM_HANDLED);
}

static inline void x2apic_enter(struct kunit *test, struct axvm_vcpu *vcpu)
{
	u64 base = axvm_lapic_get_base(vcpu);

	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, base | X2APIC_ENABLE), 0);
}

/* What comes waits until it is asked for: nobody has to be told. */
static inline void lapic_no_notice(struct axvm_vcpu *vcpu)
{
}

/**
 * lapic_vm() - a VM whose local APICs are on, with LINT0 masked
 * @test: the case
 * @nr_vcpus: vCPUs
 */
static inline struct axvm_vm *lapic_vm(struct kunit *test, unsigned int nr_vcpus)
{
	/* Made first: they go after the VM. */
	u8 *pages = apic_page ? kunit_kzalloc(test, nr_vcpus * PAGE_SIZE, GFP_KERNEL) : NULL;
	struct axvm_posted *posted = apic_page > 2 ?
		kunit_kcalloc(test, nr_vcpus, sizeof(*posted), GFP_KERNEL) : NULL;
	struct axvm_vm *vm = fixture_vm(test, nr_vcpus);
	unsigned int i;

	for (i = 0; pages && i < nr_vcpus; i++) {
		vm->vcpus[i]->arch.apic_page = (u32 *)(pages + i * PAGE_SIZE);
		vm->vcpus[i]->arch.apic_vid = apic_page > 1;
		vm->vcpus[i]->arch.apic_posted = posted ? &posted[i] : NULL;
		vm->vcpus[i]->arch.apic_notify = lapic_no_notice;
	}
	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	for (i = 0; i < nr_vcpus; i++) {
		xapic_write(vm->vcpus[i], APIC_SPIV, SPIV_ON);
		xapic_write(vm->vcpus[i], APIC_LVT0, APIC_LVT_MASKED);
	}
	return vm;
}

/* The vector that the CPU gets now and ends at once, or -1 */
static inline int lapic_handle(struct axvm_vcpu *vcpu)
{
	int vector = axvm_x86_irq_pending(vcpu) ? axvm_x86_irq_ack(vcpu) : -1;

	if (vector >= 0)
		xapic_write(vcpu, APIC_EOI, 0);
	return vector;
}

/* Waits for an interrupt. False: none came. */
static inline bool lapic_wait(struct axvm_vcpu *vcpu)
{
	unsigned long end = jiffies + PATIENCE;

	while (!axvm_x86_irq_pending(vcpu)) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(100, 1000);
	}
	return true;
}

#endif /* AXVM_KUNIT_LAPIC_H */
