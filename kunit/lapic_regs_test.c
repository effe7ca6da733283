// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's registers in xAPIC and x2APIC mode, and the changes between its modes.
 * Sections: chapter 10 of the SDM Vol. 3A.
 */
#include "lapic.h"

/* --- xAPIC mode ----------------------------------------------------------- */

static void lapic_power_on_test(struct kunit *test)
{
	/* 10.4.7.1, and LINT0 of vCPU 0 as firmware leaves it */
	static const struct { u32 reg, cpu0, cpu1; } row[] = {
		{ APIC_ID, 0, 1 << 24 },
		{ APIC_LVR, 0x50014, 0x50014 },
		{ APIC_TASKPRI, 0, 0 },
		{ APIC_ARBPRI, 0, 0 },
		{ APIC_PROCPRI, 0, 0 },
		{ APIC_EOI, 0, 0 },
		{ APIC_LDR, 0, 0 },
		{ APIC_DFR, 0xffffffff, 0xffffffff },
		{ APIC_SPIV, 0xff, 0xff },
		{ APIC_ISR, 0, 0 },
		{ APIC_ISR + 0x70, 0, 0 },
		{ APIC_TMR, 0, 0 },
		{ APIC_IRR, 0, 0 },
		{ APIC_ESR, 0, 0 },
		{ APIC_ICR, 0, 0 },
		{ APIC_ICR2, 0, 0 },
		{ APIC_LVTT, APIC_LVT_MASKED, APIC_LVT_MASKED },
		{ APIC_LVTTHMR, APIC_LVT_MASKED, APIC_LVT_MASKED },
		{ APIC_LVTPC, APIC_LVT_MASKED, APIC_LVT_MASKED },
		{ APIC_LVT0, APIC_DM_EXTINT, APIC_LVT_MASKED },
		{ APIC_LVT1, APIC_LVT_MASKED, APIC_LVT_MASKED },
		{ APIC_LVTERR, APIC_LVT_MASKED, APIC_LVT_MASKED },
		{ APIC_TMICT, 0, 0 },
		{ APIC_TMCCT, 0, 0 },
		{ APIC_TDCR, 0, 0 },
	};
	struct axvm_vm *vm = fixture_vm(test, 2);
	unsigned int i;

	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vm->vcpus[0], row[i].reg), row[i].cpu0,
				    "register %#x", row[i].reg);
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vm->vcpus[1], row[i].reg), row[i].cpu1,
				    "register %#x", row[i].reg);
	}
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vm->vcpus[0]),
			BASE | XAPIC_ENABLE | MSR_IA32_APICBASE_BSP);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vm->vcpus[1]), BASE | XAPIC_ENABLE);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[1]->arch.start), 0);
	/* An access of the host sees vCPU 0. */
	KUNIT_EXPECT_EQ(test, (u32)fixture_load(vm, NULL, BASE + APIC_LVT0, 4), APIC_DM_EXTINT);
}

/* Writable bits take what is written, the others keep their value. */
static void lapic_writable_bits_test(struct kunit *test)
{
	static const struct { u32 reg, ones, zeros; } row[] = {
		{ APIC_ID, 0, 0 },
		{ APIC_LVR, 0x50014, 0x50014 },
		{ APIC_TASKPRI, 0xff, 0 },
		{ APIC_ARBPRI, 0, 0 },
		{ APIC_PROCPRI, 0, 0 },
		{ APIC_LDR, 0xff000000, 0 },
		{ APIC_DFR, 0xffffffff, 0x0fffffff },
		{ APIC_SPIV, 0x3ff, 0x100 },
		{ APIC_ISR, 0, 0 },
		{ APIC_TMR + 0x70, 0, 0 },
		{ APIC_IRR, 0, 0 },
		{ APIC_ICR2, 0xff000000, 0 },
		{ APIC_LVTT, 0x700ff, 0 },
		{ APIC_LVTTHMR, 0x107ff, 0 },
		{ APIC_LVTPC, 0x107ff, 0 },
		{ APIC_LVT0, 0x1a7ff, 0 },
		{ APIC_LVT1, 0x1a7ff, 0 },
		{ APIC_LVTERR, 0x100ff, 0 },
		{ APIC_TMICT, 0, 0 },	/* LVTT says TSC-deadline */
		{ APIC_TMCCT, 0, 0 },
		{ APIC_TDCR, 0xb, 0 },
	};
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u32 zeros, i;

	xapic_write(vcpu, APIC_LVTT, APIC_LVT_MASKED | APIC_LVT_TIMER_TSCDEADLINE);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		/* Without its enable bit SPIV would mask the LVT. */
		zeros = row[i].reg == APIC_SPIV ? APIC_SPIV_APIC_ENABLED : 0;
		if (row[i].reg == APIC_TMICT)
			xapic_write(vcpu, APIC_LVTT, APIC_LVT_MASKED | APIC_LVT_TIMER_TSCDEADLINE);
		xapic_write(vcpu, row[i].reg, U32_MAX);
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vcpu, row[i].reg), row[i].ones,
				    "register %#x", row[i].reg);
		xapic_write(vcpu, row[i].reg, zeros);
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vcpu, row[i].reg), row[i].zeros,
				    "register %#x", row[i].reg);
	}
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), 0U);
}

static void lapic_widths_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	xapic_write(vcpu, APIC_LVTT, 0x2009b);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT, 1), 0x9bULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT + 2, 1), 2ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT + 2, 2), 2ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT + 1, 4), 0x200ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT, 8), 0x2009bULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT + 4, 4), 0ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, vcpu, BASE + APIC_LVTT + 15, 1), 0ULL);

	fixture_store(vm, vcpu, BASE + APIC_LVTT, 1, 0x11);
	fixture_store(vm, vcpu, BASE + APIC_LVTT, 2, 0x11);
	fixture_store(vm, vcpu, BASE + APIC_LVTT, 8, 0x11);
	fixture_store(vm, vcpu, BASE + APIC_LVTT + 1, 4, 0x11);
	fixture_store(vm, vcpu, BASE + APIC_LVTT + 4, 4, 0x11);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_LVTT), 0x2009bU);
	/* An EOI of another width is none. */
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x40), 0);
	KUNIT_ASSERT_EQ(test, axvm_x86_irq_ack(vcpu), 0x40);
	fixture_store(vm, vcpu, BASE + APIC_EOI, 1, 0);
	fixture_store(vm, vcpu, BASE + APIC_EOI + 4, 4, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + 0x20), 1U);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + 0x20), 0U);
}

/* 10.5.3: ESR shows what came up between its last two writes. */
static void lapic_illegal_address_test(struct kunit *test)
{
	static const u32 reserved[] = {
		0x000, 0x010, 0x040, 0x070, APIC_RRR, 0x290, APIC_LVTCMCI, 0x3a0, 0x3d0,
		APIC_SELF_IPI, 0x400, 0xff0,
	};
	static const u32 exists[] = { APIC_ID, APIC_ARBPRI, APIC_EOI, APIC_TMCCT, APIC_ICR2 };
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++) {
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, reserved[i]), 0U);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), 0U);
		xapic_write(vcpu, APIC_ESR, 0);
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vcpu, APIC_ESR), APIC_ESR_ILLREGA,
				    "read of %#x", reserved[i]);
		xapic_write(vcpu, APIC_ESR, U32_MAX);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), 0U);
		xapic_write(vcpu, reserved[i], U32_MAX);
		xapic_write(vcpu, APIC_ESR, 0);
		KUNIT_EXPECT_EQ_MSG(test, xapic_read(vcpu, APIC_ESR), APIC_ESR_ILLREGA,
				    "write of %#x", reserved[i]);
		xapic_write(vcpu, APIC_ESR, 0);
	}
	for (i = 0; i < ARRAY_SIZE(exists); i++) {
		xapic_read(vcpu, exists[i]);
		xapic_write(vcpu, exists[i], 0);
	}
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), 0U);
}

/* 10.4.7.2 */
static void lapic_software_disable_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u32 lvt;

	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 0x10)
		xapic_write(vcpu, lvt, 0x77);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x50), 0);
	xapic_write(vcpu, APIC_SPIV, 0xff);
	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 0x10) {
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, lvt), APIC_LVT_MASKED | 0x77U);
		xapic_write(vcpu, lvt, 0x66);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, lvt), APIC_LVT_MASKED | 0x66U);
	}
	KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vcpu, 0x60), -EAGAIN);
	/* What had come stays. */
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x50);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_SPIV, SPIV_ON);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_LVTPC), APIC_LVT_MASKED | 0x66U);
	KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vcpu, 0x60), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x60);
}

/* --- modes ---------------------------------------------------------------- */

/* 10.12.5, Figure 10-27 */
static void lapic_mode_changes_test(struct kunit *test)
{
	static const u64 mode[] = {
		0, XAPIC_ENABLE, XAPIC_ENABLE | X2APIC_ENABLE, X2APIC_ENABLE,
	};
	static const bool legal[3][4] = {
		{ true, true, false, false },
		{ true, true, true, false },
		{ true, false, true, false },
	};
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	unsigned int from, to, i;
	int ret;

	for (from = 0; from < 3; from++) {
		for (to = 0; to < 4; to++) {
			axvm_lapic_reset(vcpu);
			axvm_lapic_set_base(vcpu, BASE);
			for (i = 1; i <= from; i++)
				KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, BASE | mode[i]), 0);
			ret = axvm_lapic_set_base(vcpu, BASE | mode[to]);
			KUNIT_EXPECT_EQ_MSG(test, ret, legal[from][to] ? 0 : -EINVAL,
					    "from mode %u to %u", from, to);
			KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vcpu),
					BASE | mode[legal[from][to] ? to : from]);
		}
	}
}

static void lapic_base_reserved_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	u64 base = axvm_lapic_get_base(vcpu), value;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		if (bit >= 8 && bit < 48 && bit != 9)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, axvm_lapic_set_base(vcpu, base | BIT_ULL(bit)), -EINVAL,
				    "bit %u", bit);
	}
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vcpu), base);

	/* Moved away, it answers nowhere, and comes back as it was. */
	xapic_write(vcpu, APIC_TASKPRI, 0x40);
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, base + 0x1000), 0);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vcpu->vm, vcpu, BASE, 4, &value),
			AXVM_UNCLAIMED);
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, base), 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TASKPRI), 0x40U);
}

/* 10.4.3: off by hardware, and what comes back */
static void lapic_hardware_disable_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	struct axvm_apic_msg nmi = { .mode = LAPIC_DM_NMI };
	u64 value = 0;

	xapic_write(vcpu, APIC_TASKPRI, 0x20);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x50), 0);
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, BASE), 0);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vcpu, 0x50), -EAGAIN);
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vcpu->vm, &nmi), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 0);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vcpu->vm, vcpu, BASE + APIC_ID, 4,
							    &value), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, value, (u64)U32_MAX);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_write(vcpu->vm, vcpu, BASE + APIC_EOI, 4,
							     0), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, msr_read(vcpu, X2APIC_MSR(APIC_ID), &value), AXVM_FAULT);

	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, BASE | XAPIC_ENABLE), 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_SPIV), 0xffU);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TASKPRI), 0U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_LVT0), (u32)APIC_LVT_MASKED);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR + 0x20), 0U);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
}

/* 10.4.7.3 */
static void lapic_init_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[1];

	xapic_write(vcpu, APIC_TASKPRI, 0x40);
	xapic_write(vcpu, APIC_LVT0, APIC_DM_EXTINT);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x50), 0);
	axvm_lapic_init(vcpu);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TASKPRI), 0U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_SPIV), 0xffU);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_LVT0), (u32)APIC_LVT_MASKED);
	x2apic_enter(test, vcpu);
	x2apic_write(test, vcpu, APIC_SPIV, SPIV_ON);
	axvm_lapic_init(vcpu);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vcpu), BASE | XAPIC_ENABLE | X2APIC_ENABLE);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ID), 1ULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_LDR), 2ULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_SPIV), 0xffULL);
}

/* --- x2APIC mode ---------------------------------------------------------- */

/* 10.12.1.2, 10.12.1.3: which MSRs there are, and which of their bits */
static void lapic_x2apic_msrs_test(struct kunit *test)
{
	static const struct { u32 reg; bool readable, writable; u64 bits; } row[] = {
		{ APIC_ID, true, false },
		{ APIC_LVR, true, false },
		{ APIC_TASKPRI, true, true, 0xff },
		{ APIC_ARBPRI, false, false },
		{ APIC_PROCPRI, true, false },
		{ APIC_EOI, false, true, 0 },
		{ APIC_LDR, true, false },
		{ APIC_DFR, false, false },
		{ APIC_SPIV, true, true, 0x3ff },
		{ APIC_ISR, true, false },
		{ APIC_ISR + 0x70, true, false },
		{ APIC_TMR, true, false },
		{ APIC_TMR + 0x70, true, false },
		{ APIC_IRR, true, false },
		{ APIC_IRR + 0x70, true, false },
		{ APIC_ESR, true, true, 0 },
		{ APIC_LVTCMCI, false, false },
		{ APIC_ICR, true, true, 0xffffffff000cdfff },
		{ APIC_ICR2, false, false },
		{ APIC_LVTT, true, true, 0x710ff },
		{ APIC_LVTTHMR, true, true, 0x117ff },
		{ APIC_LVTPC, true, true, 0x117ff },
		{ APIC_LVT0, true, true, 0x1f7ff },
		{ APIC_LVT1, true, true, 0x1f7ff },
		{ APIC_LVTERR, true, true, 0x110ff },
		{ APIC_TMICT, true, true, 0xffffffff },
		{ APIC_TMCCT, true, false },
		{ 0x3a0, false, false },
		{ APIC_TDCR, true, true, 0xb },
		{ APIC_SELF_IPI, false, true, 0xff },
		{ 0x000, false, false },
		{ 0x400, false, false },
		{ 0xff0, false, false },
	};
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	unsigned int i, bit;
	u64 value;
	u32 msr;

	x2apic_enter(test, vcpu);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		msr = X2APIC_MSR(row[i].reg);
		KUNIT_EXPECT_EQ_MSG(test, msr_read(vcpu, msr, &value) == AXVM_HANDLED,
				    row[i].readable, "read of %#x", msr);
		KUNIT_EXPECT_EQ_MSG(test, msr_write(vcpu, msr, 0) == AXVM_HANDLED,
				    row[i].writable, "write of %#x", msr);
		for (bit = 0; row[i].writable && bit < 64; bit++)
			KUNIT_EXPECT_EQ_MSG(test, msr_write(vcpu, msr, BIT_ULL(bit)),
					    row[i].bits & BIT_ULL(bit) ? AXVM_HANDLED : AXVM_FAULT,
					    "bit %u of %#x", bit, msr);
	}
}

static void lapic_x2apic_registers_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 20);
	struct axvm_vcpu *vcpu = vm->vcpus[18];
	u64 value;

	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ID), 18U << 24);
	KUNIT_EXPECT_EQ(test, msr_read(vcpu, X2APIC_MSR(APIC_ID), &value), AXVM_FAULT);
	KUNIT_EXPECT_EQ(test, msr_write(vcpu, X2APIC_MSR(APIC_EOI), 0), AXVM_FAULT);
	xapic_write(vcpu, APIC_LVTPC, 0x4aa);
	xapic_write(vcpu, APIC_ICR2, 0xff000000);
	xapic_write(vcpu, APIC_LDR, 0x12000000);

	/* 10.12.5.1: all but ICR high and LDR stay. */
	x2apic_enter(test, vcpu);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vm, vcpu, BASE + APIC_ID, 4, &value),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_write(vm, vcpu, BASE + APIC_EOI, 4, 0),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ID), 18ULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_LVR), 0x50014ULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_LDR), 0x10004ULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_LVTPC), 0x4aaULL);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_SPIV), (u64)SPIV_ON);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ICR), 0ULL);
	/* ICR is one register of 64 bits; the delivery status bit is not kept. */
	x2apic_write(test, vcpu, APIC_ICR, 0x1234567800001040);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ICR), 0x1234567800000040ULL);
	x2apic_write(test, vcpu, APIC_LVT0, 0x5700);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_LVT0), 0x700ULL);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* The other vCPUs are still in xAPIC mode. */
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[17], APIC_ID), 17U << 24);
}

static void lapic_x2apic_interrupts_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	x2apic_enter(test, vcpu);
	x2apic_write(test, vcpu, APIC_TASKPRI, 0x30);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_tpr(vcpu), 3ULL);
	x2apic_write(test, vcpu, APIC_SELF_IPI, 0x41);
	x2apic_write(test, vcpu, APIC_SELF_IPI, 0x31);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_IRR + 0x20), 2ULL);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x41);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_PROCPRI), 0x40ULL);
	KUNIT_EXPECT_EQ(test, msr_write(vcpu, X2APIC_MSR(APIC_EOI), 1), AXVM_FAULT);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ISR + 0x20), 2ULL);
	x2apic_write(test, vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ISR + 0x20), 0ULL);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	x2apic_write(test, vcpu, APIC_TASKPRI, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x31);
	/* An illegal vector is an error of the sender. */
	x2apic_write(test, vcpu, APIC_SELF_IPI, 0xf);
	x2apic_write(test, vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, vcpu, APIC_ESR), (u64)APIC_ESR_SENDILL);
}

static struct kunit_case lapic_regs_cases[] = {
	KUNIT_CASE(lapic_power_on_test),
	KUNIT_CASE(lapic_writable_bits_test),
	KUNIT_CASE(lapic_widths_test),
	KUNIT_CASE(lapic_illegal_address_test),
	KUNIT_CASE(lapic_software_disable_test),
	KUNIT_CASE(lapic_mode_changes_test),
	KUNIT_CASE(lapic_base_reserved_test),
	KUNIT_CASE(lapic_hardware_disable_test),
	KUNIT_CASE(lapic_x2apic_msrs_test),
	KUNIT_CASE(lapic_x2apic_registers_test),
	KUNIT_CASE(lapic_x2apic_interrupts_test),
	KUNIT_CASE(lapic_init_test),
	{}
};

static struct kunit_suite lapic_regs_suite = {
	.name = "axvm_lapic_regs",
	.test_cases = lapic_regs_cases,
};

kunit_test_suite(lapic_regs_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: registers of the local APIC");
