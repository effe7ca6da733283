// SPDX-License-Identifier: GPL-2.0
/* The registers of the local APIC, in both modes: SDM Vol. 3A chapter 10 (newer editions: 11). */
#include "guest.h"

const char *const guest_name = "apic";

#define BASE_ADDRESS	0xfee00000UL

static void test_power_on(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	CHECK_EQ(base & ~0xfffUL, BASE_ADDRESS);
	CHECK_EQ(base & 0xfff, BASE_ENABLED | BASE_BSP);
	CHECK_EQ(apic_read(APIC_ID), 0);
	CHECK_EQ(apic_read(APIC_VERSION) & 0xf0, 0x10);	/* integrated */
	CHECK(apic_read(APIC_VERSION) >> 16 >= 5);	/* six LVT entries */
}

/* What a register keeps of ones in all bits */
static void test_writable_bits(void)
{
	static const struct {
		u32 reg, keeps;
	} rows[] = {
		{ APIC_TPR, 0xff },
		{ APIC_LDR, 0xff000000 },
		{ APIC_DFR, 0xffffffff },
		{ APIC_LVTT, 0x100ff | LVT_PERIODIC },
		{ APIC_LVT_THERMAL, 0x107ff },
		{ APIC_LVT_PERF, 0x107ff },
		{ APIC_LVT0, 0x1a7ff },
		{ APIC_LVT1, 0x1a7ff },
		{ APIC_LVT_ERROR, 0x100ff },
		{ APIC_TDCR, 0xb },
		{ APIC_ICR2, 0xff000000 },
	};
	u32 i, all, reg;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		reg = rows[i].reg;
		/* Bit 18 of the timer's entry with bit 17 is a reserved mode. */
		all = reg == APIC_LVTT ? ~(u32)LVT_DEADLINE : ~0U;
		apic_write(reg, all);
		CHECK_EQ(apic_read(reg), rows[i].keeps);
		apic_write(reg, reg == APIC_DFR ? ~0U : LVT_MASKED);
	}
	/* Read-only */
	apic_write(APIC_VERSION, 0);
	CHECK_EQ(apic_read(APIC_VERSION) & 0xf0, 0x10);
	apic_write(APIC_PPR, 0xff);
	CHECK_EQ(apic_read(APIC_PPR), 0);
	apic_write(APIC_IRR, ~0U);
	CHECK_EQ(apic_read(APIC_IRR), 0);
}

/* 10.4.7.2: switched off by software, the LVT is masked and stays so. */
static void test_software_disable(void)
{
	apic_write(APIC_LVTT, 0x40);
	CHECK_EQ(apic_read(APIC_LVTT), 0x40);
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	CHECK_EQ(apic_read(APIC_LVTT), 0x40 | LVT_MASKED);
	apic_write(APIC_LVTT, 0x41);
	CHECK_EQ(apic_read(APIC_LVTT), 0x41 | LVT_MASKED);
	/* No fixed interrupt is accepted; not by the shorthand, which hardware help may take. */
	apic_send(0, DM_FIXED | ICR_ASSERT | 0x50);
	CHECK(!apic_has(APIC_IRR, 0x50));
	apic_write(APIC_SVR, SVR_ENABLED | VECTOR_SPURIOUS);
	CHECK_EQ(apic_read(APIC_LVTT), 0x41 | LVT_MASKED);
	irqs_window();
	CHECK_EQ(this_cpu()->nr, 0);
}

/* What waits when it is switched off, is kept and delivered. */
static void test_software_disable_keeps(void)
{
	apic_send(0, ICR_SELF | 0x50);
	CHECK(apic_has(APIC_IRR, 0x50));
	apic_write(APIC_SVR, VECTOR_SPURIOUS);
	irqs_window();
	CHECK_EQ(this_cpu()->count[0x50], 1);
	apic_write(APIC_SVR, SVR_ENABLED | VECTOR_SPURIOUS);
}

static void look_at_banks(struct frame *frame)
{
	CHECK(apic_has(APIC_ISR, frame->vector));
	CHECK(!apic_has(APIC_IRR, frame->vector));
	CHECK(!apic_has(APIC_TMR, frame->vector));
	CHECK_EQ(apic_read(APIC_PPR), frame->vector & 0xf0);
	/* The same again, while it is in service: waits in IRR */
	if (this_cpu()->nr == 1) {
		apic_send(0, ICR_SELF | frame->vector);
		CHECK(apic_has(APIC_IRR, frame->vector));
	}
}

static void test_irr_isr(void)
{
	this_cpu()->hook = look_at_banks;
	apic_send(0, ICR_SELF | 0x71);
	apic_send(0, ICR_SELF | 0x71);	/* one with the first */
	CHECK(apic_has(APIC_IRR, 0x71));
	CHECK(!apic_has(APIC_ISR, 0x71));
	irqs_window();
	irqs_window();
	CHECK_EQ(this_cpu()->count[0x71], 2);
	CHECK_EQ(apic_read(APIC_PPR), 0);
}

/* Every vector from 16 on, but those of exceptions, arrives; the highest first. */
static void test_all_vectors(void)
{
	struct cpu *cpu = this_cpu();
	u32 v, last = 256;

	for (v = 32; v < 255; v++)
		if (v != VECTOR_SYNC && v != VECTOR_WORK)
			apic_send(0, ICR_SELF | v);
	for (v = 0; v < 300; v++)
		irqs_window();
	CHECK_EQ(cpu->nr, 255 - 32 - 2);
	for (v = 0; v < cpu->nr; v++) {
		CHECK(cpu->log[v] < last);
		last = cpu->log[v];
	}
}

/* 10.5.3: ESR shows what came up since it was written last. */
static void test_errors(void)
{
	apic_write(APIC_LVT_ERROR, 0x60);
	apic_send(0, ICR_SELF | 5);
	CHECK_EQ(apic_read(APIC_ESR), 0);
	apic_write(APIC_ESR, 0);
	CHECK_EQ(apic_read(APIC_ESR), ESR_SEND_ILLEGAL);
	apic_write(APIC_ESR, 0);
	CHECK_EQ(apic_read(APIC_ESR), 0);
	apic_read(0x3c0);	/* there is no such register */
	apic_write(APIC_ESR, 0);
	CHECK_EQ(apic_read(APIC_ESR), ESR_ILLEGAL_REGISTER);
	irqs_window();
	irqs_window();
	CHECK(this_cpu()->count[0x60] >= 1);
}

/* --- x2APIC mode: 10.12 ---------------------------------------------------- */

static void test_mode_changes(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	const u64 off = base & ~BASE_ENABLED, x2 = base | BASE_X2APIC;

	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, off | BASE_X2APIC), VECTOR_GP);	/* invalid */
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, base | 1), VECTOR_GP);		/* reserved */
	CHECK_EQ(rdmsr_fault(MSR_X2APIC + APIC_ID / 16), VECTOR_GP);
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, x2), 0);
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, base), VECTOR_GP);	/* back only by "off" */
	CHECK_EQ(rdmsr_fault(MSR_X2APIC + APIC_ID / 16), 0);
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, off), 0);
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, x2), VECTOR_GP);	/* from "off" to xAPIC first */
	CHECK_EQ(wrmsr_fault(MSR_APIC_BASE, base), 0);
	CHECK(!(apic_read(APIC_SVR) & SVR_ENABLED));		/* reset on the way */
}

static void test_x2apic_registers(void)
{
	static const struct {
		u32 reg, read, write;	/* the faults of RDMSR and of WRMSR of 0 */
	} rows[] = {
		{ APIC_ID, 0, VECTOR_GP },
		{ APIC_VERSION, 0, VECTOR_GP },
		{ APIC_TPR, 0, 0 },
		{ 0x090, VECTOR_GP, VECTOR_GP },	/* no arbitration priority */
		{ APIC_PPR, 0, VECTOR_GP },
		{ APIC_EOI, VECTOR_GP, 0 },
		{ APIC_LDR, 0, VECTOR_GP },
		{ APIC_DFR, VECTOR_GP, VECTOR_GP },
		{ APIC_ISR, 0, VECTOR_GP },
		{ APIC_TMR, 0, VECTOR_GP },
		{ APIC_IRR, 0, VECTOR_GP },
		{ APIC_ESR, 0, 0 },
		{ APIC_ICR2, VECTOR_GP, VECTOR_GP },
		{ APIC_TMCCT, 0, VECTOR_GP },
		{ APIC_SELF_IPI, VECTOR_GP, 0 },
		{ 0x3c0, VECTOR_GP, VECTOR_GP },
	};
	u32 i, msr;

	apic_set_x2apic(true);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		msr = MSR_X2APIC + rows[i].reg / 16;
		CHECK_EQ(rdmsr_fault(msr), rows[i].read);
		CHECK_EQ(wrmsr_fault(msr, 0), rows[i].write);
	}
	/* Reserved bits fault, in the upper half too. */
	CHECK_EQ(wrmsr_fault(MSR_X2APIC + APIC_TPR / 16, 0x100), VECTOR_GP);
	CHECK_EQ(wrmsr_fault(MSR_X2APIC + APIC_TPR / 16, 1UL << 32), VECTOR_GP);
	CHECK_EQ(wrmsr_fault(MSR_X2APIC + APIC_EOI / 16, 1), VECTOR_GP);
	CHECK_EQ(wrmsr_fault(MSR_X2APIC + APIC_ESR / 16, 1), VECTOR_GP);
	CHECK_EQ(wrmsr_fault(MSR_X2APIC + APIC_SELF_IPI / 16, 0x100), VECTOR_GP);
}

static void test_x2apic_ids(void)
{
	apic_set_x2apic(true);
	CHECK_EQ(apic_read(APIC_ID), 0);
	CHECK_EQ(apic_read(APIC_LDR), 1);	/* cluster 0, the first in it: 10.12.10.2 */
	wrmsr(MSR_X2APIC + APIC_ICR / 16, 0x12345678UL << 32 | ICR_LOGICAL | 0x50);
	CHECK_EQ(rdmsr(MSR_X2APIC + APIC_ICR / 16), 0x12345678UL << 32 | ICR_LOGICAL | 0x50);
}

/* Registers but LDR, DFR and ICR keep their values from one mode to the other. */
static void test_x2apic_keeps(void)
{
	apic_write(APIC_TPR, 0x35);
	apic_write(APIC_LVTT, 0x43 | LVT_MASKED);
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_X2APIC);
	this_cpu()->x2apic = true;
	CHECK_EQ(apic_read(APIC_TPR), 0x35);
	CHECK_EQ(apic_read(APIC_LVTT), 0x43 | LVT_MASKED);
	CHECK(apic_read(APIC_SVR) & SVR_ENABLED);
}

static void test_self_ipi(void)
{
	u32 i;

	apic_set_x2apic(true);
	for (i = 0x30; i < 0x38; i++)
		apic_self_ipi(i);
	for (i = 0; i < 16; i++)
		irqs_window();
	for (i = 0x30; i < 0x38; i++)
		CHECK_EQ(this_cpu()->count[i], 1);
	CHECK_EQ(this_cpu()->log[0], 0x37);
}

const struct test tests[] = {
	{ "power-on", test_power_on },
	{ "writable bits", test_writable_bits },
	{ "software disable", test_software_disable },
	{ "software disable keeps what waits", test_software_disable_keeps },
	{ "IRR and ISR", test_irr_isr },
	{ "all vectors", test_all_vectors },
	{ "errors", test_errors },
	{ "mode changes", test_mode_changes },
	{ "x2APIC registers", test_x2apic_registers },
	{ "x2APIC ids", test_x2apic_ids },
	{ "x2APIC keeps registers", test_x2apic_keeps },
	{ "self-IPI register", test_self_ipi },
	{ }
};
