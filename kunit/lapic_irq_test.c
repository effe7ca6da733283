// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC's interrupts: priorities, EOI, messages and IPIs in all modes, errors.
 * Sections: chapter 10 of the SDM Vol. 3A.
 */
#include <linux/kthread.h>

#include "lapic.h"

static void inject(struct kunit *test, struct axvm_vcpu *vcpu, u8 vector)
{
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, vector), 0);
}

/* --- priorities ----------------------------------------------------------- */

static void irq_order_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	inject(test, vcpu, 0x31);
	inject(test, vcpu, 0xfe);
	inject(test, vcpu, 0x3f);
	inject(test, vcpu, 0x10);
	inject(test, vcpu, 0x3f);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR), 1U << 16);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR + 0x10), 1U << 31 | 1U << 17);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR + 0x70), 1U << 30);

	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0xfe);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x3f);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x31);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x10);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

/* Every vector there is, alone */
static void irq_every_vector_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	unsigned int vector;

	for (vector = 0; vector < 16; vector++)
		KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vcpu, vector), -EINVAL);
	for (vector = 16; vector < 256; vector++) {
		inject(test, vcpu, vector);
		KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
		KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), (int)vector);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR + vector / 32 * 0x10), 0U);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + vector / 32 * 0x10),
				1U << vector % 32);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), vector & 0xf0);
		KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
		xapic_write(vcpu, APIC_EOI, 0);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + vector / 32 * 0x10), 0U);
	}
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0U);
}

/* 10.8.4, 10.8.5: a higher class interrupts, the same one waits; EOI ends the highest. */
static void irq_nesting_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	inject(test, vcpu, 0x42);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x42);
	inject(test, vcpu, 0x4f);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	inject(test, vcpu, 0x42);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	inject(test, vcpu, 0x50);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x50);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x50U);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x40U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + 0x20), 1U << 2);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x4f);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x42);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* One too many does nothing. */
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0U);
}

/* 10.8.3.1, 10.8.6 */
static void irq_task_priority_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];

	inject(test, vcpu, 0x5f);
	xapic_write(vcpu, APIC_TASKPRI, 0x50);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x50U);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	xapic_write(vcpu, APIC_TASKPRI, 0x4f);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x4fU);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
	axvm_lapic_set_tpr(vcpu, 0xf);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TASKPRI), 0xf0U);
	axvm_lapic_set_tpr(vcpu, 4);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_tpr(vcpu), 4ULL);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x5f);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x50U);
	xapic_write(vcpu, APIC_TASKPRI, 0x63);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x63U);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_tpr(vcpu), 6ULL);
	xapic_write(vcpu, APIC_TASKPRI, 0x13);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x50U);
	/* Raising the priority keeps out what came before; nothing is lost. */
	inject(test, vcpu, 0x71);
	axvm_lapic_set_tpr(vcpu, 7);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	axvm_lapic_set_tpr(vcpu, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x71);
}

/* --- an irqchip that hears of ends ---------------------------------------- */

#define EAR_TYPE	0x7f000002

struct ear {
	struct axvm_device dev;
	unsigned int count;
	u32 vector;
	u32 vcpu;
};

static void ear_set_level(struct axvm_device *dev, u32 irq, bool level)
{
}

static void ear_eoi(struct axvm_device *dev, struct axvm_vcpu *vcpu, u32 irq)
{
	struct ear *ear = container_of(dev, struct ear, dev);
	struct axvm_apic_msg again = { .dest = vcpu->id, .vector = irq, .level = true };

	ear->count++;
	ear->vector = irq;
	ear->vcpu = vcpu->id;
	/* As an IOAPIC may: the APIC is not locked. */
	if (ear->count == 1)
		axvm_apic_deliver(dev->vm, &again);
}

static const struct axvm_irqchip_ops ear_irqchip_ops = {
	.set_level = ear_set_level,
	.eoi = ear_eoi,
};

static int ear_init(struct axvm_device *dev)
{
	return axvm_irqchip_register(dev, &ear_irqchip_ops);
}

static void ear_destroy(struct axvm_device *dev)
{
	axvm_irqchip_unregister(dev);
}

static const struct axvm_device_ops ear_ops = {
	.destroy = ear_destroy,
};

static struct axvm_device_type ear_type = {
	.name = "fixture-ear",
	.number = EAR_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct ear),
	.init = ear_init,
	.ops = &ear_ops,
};

static void irq_eoi_broadcast_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct ear *ear = container_of(fixture_device(test, vm, EAR_TYPE, 0, 0), struct ear, dev);
	struct axvm_apic_msg level = { .dest = 1, .vector = 0x53, .level = true };
	struct axvm_vcpu *vcpu = vm->vcpus[1];

	inject(test, vcpu, 0x53);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMR + 0x20), 0U);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x53);
	KUNIT_EXPECT_EQ(test, ear->count, 0U);

	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &level), 1);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMR + 0x20), 1U << 19);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x53);
	KUNIT_EXPECT_EQ(test, ear->count, 1U);
	KUNIT_EXPECT_EQ(test, ear->vector, 0x53U);
	KUNIT_EXPECT_EQ(test, ear->vcpu, 1U);
	/* It came again while it was ended. */
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x53);
	KUNIT_EXPECT_EQ(test, ear->count, 2U);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* The next one says what it is anew. */
	inject(test, vcpu, 0x53);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMR + 0x20), 0U);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x53);
	KUNIT_EXPECT_EQ(test, ear->count, 2U);
}

/* --- messages ------------------------------------------------------------- */

/* Which vCPUs got @vector, as a bit mask; it is ended everywhere. */
static u32 who_got(struct axvm_vm *vm, int vector)
{
	u32 mask = 0, i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (vm->vcpus[i] && lapic_handle(vm->vcpus[i]) == vector)
			mask |= BIT(i);
	return mask;
}

static void send(struct axvm_vcpu *vcpu, u32 dest, u32 icr)
{
	xapic_write(vcpu, APIC_ICR2, dest << 24);
	xapic_write(vcpu, APIC_ICR, icr);
}

static void irq_physical_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 4);
	struct axvm_apic_msg msg = { .vector = 0x77 };
	u32 dest;

	for (dest = 0; dest < 300; dest++) {
		msg.dest = dest;
		KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg),
				dest == 0xff ? 4 : dest < 4 ? 1 : 0);
		KUNIT_EXPECT_EQ(test, who_got(vm, 0x77),
				dest == 0xff ? 0xfU : dest < 4 ? 1U << dest : 0U);
	}
	msg.dest = LAPIC_BROADCAST;
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 4);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x77), 0xfU);
	/* One that is switched off takes nothing. */
	xapic_write(vm->vcpus[2], APIC_SPIV, 0xff);
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 3);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x77), 0xbU);
}

/* 10.6.2.2 */
static void irq_logical_test(struct kunit *test)
{
	static const struct { u32 dfr, ldr[4]; u8 dest; u32 mask; } row[] = {
		/* flat */
		{ U32_MAX, { 1, 2, 4, 8 }, 0x01, 0x1 },
		{ U32_MAX, { 1, 2, 4, 8 }, 0x0a, 0xa },
		{ U32_MAX, { 1, 2, 4, 8 }, 0xf0, 0x0 },
		{ U32_MAX, { 1, 2, 4, 8 }, 0x00, 0x0 },
		{ U32_MAX, { 0x81, 0x82, 0, 0 }, 0x80, 0x3 },
		{ U32_MAX, { 1, 2, 4, 0 }, 0xff, 0xf },
		/* cluster */
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0x11, 0x1 },
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0x13, 0x3 },
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0x2f, 0xc },
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0x31, 0x0 },
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0x20, 0x0 },
		{ 0, { 0x11, 0x12, 0x21, 0x22 }, 0xff, 0xf },
		/* no such model */
		{ 0x7fffffff, { 0xff, 0xff, 0xff, 0xff }, 0x11, 0x0 },
	};
	struct axvm_vm *vm = lapic_vm(test, 4);
	struct axvm_apic_msg msg = { .vector = 0x77, .logical = true };
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		for (n = 0; n < 4; n++) {
			xapic_write(vm->vcpus[n], APIC_DFR, row[i].dfr);
			xapic_write(vm->vcpus[n], APIC_LDR, row[i].ldr[n] << 24);
		}
		msg.dest = row[i].dest;
		KUNIT_EXPECT_EQ_MSG(test, axvm_apic_deliver(vm, &msg), hweight32(row[i].mask),
				    "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, who_got(vm, 0x77), row[i].mask, "row %u", i);
		send(vm->vcpus[3], row[i].dest, APIC_DEST_LOGICAL | 0x78);
		KUNIT_EXPECT_EQ_MSG(test, who_got(vm, 0x78), row[i].mask, "IPI, row %u", i);
	}
	/* 32 bits are not eight. */
	xapic_write(vm->vcpus[0], APIC_DFR, U32_MAX);
	xapic_write(vm->vcpus[0], APIC_LDR, 1 << 24);
	msg.dest = 0x101;
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 0);
	msg.dest = 0x001;
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 1);
}

static u32 x2apic_who_got(struct kunit *test, struct axvm_vm *vm, int vector)
{
	u32 mask = 0, i;

	for (i = 0; i < 20; i++) {
		if (axvm_x86_irq_ack(vm->vcpus[i]) != vector)
			continue;
		mask |= BIT(i);
		x2apic_write(test, vm->vcpus[i], APIC_EOI, 0);
	}
	return mask;
}

/* 10.12.9, 10.12.10 */
static void irq_x2apic_destinations_test(struct kunit *test)
{
	static const struct { u64 icr; u32 mask; } row[] = {
		{ 0x0000000000000060, 0x1 },
		{ 0x0000001300000060, 0x80000 },
		{ 0x0000001400000060, 0 },
		{ 0x000000ff00000060, 0 },
		{ 0xffffffff00000060, 0xfffff },
		{ 0xffffffff00000860, 0xfffff },
		{ 0x0000000100000860, 0x1 },
		{ 0x0000800500000860, 0x8005 },
		{ 0x000000ff00000860, 0xff },
		{ 0x0001000f00000860, 0xf0000 },
		{ 0x0001fff000000860, 0 },
		{ 0x0002ffff00000860, 0 },
		{ 0x0000000000040060, 0x20 },
		{ 0x0000000000080060, 0xfffff },
		{ 0x00000000000c0060, 0xfffdf },
	};
	struct axvm_vm *vm = lapic_vm(test, 20);
	struct axvm_apic_msg msg = { .dest = 0xff, .vector = 0x61 };
	u32 i;

	for (i = 0; i < 20; i++)
		x2apic_enter(test, vm->vcpus[i]);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		x2apic_write(test, vm->vcpus[5], APIC_ICR, row[i].icr);
		KUNIT_EXPECT_EQ_MSG(test, x2apic_who_got(test, vm, 0x60), row[i].mask,
				    "ICR %#llx", row[i].icr);
	}
	/* The IOAPIC has but eight bits: all ones are everybody. */
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 20);
	KUNIT_EXPECT_EQ(test, x2apic_who_got(test, vm, 0x61), 0xfffffU);
}

/* 10.6.2.3 */
static void irq_shorthands_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 4);

	send(vm->vcpus[1], 3, APIC_DEST_SELF | 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0x2U);
	send(vm->vcpus[1], 3, APIC_DEST_ALLINC | 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0xfU);
	send(vm->vcpus[1], 3, APIC_DEST_ALLBUT | 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0xdU);
	send(vm->vcpus[1], 3, 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0x8U);
	send(vm->vcpus[1], 0xff, 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0xfU);
	send(vm->vcpus[1], 0x20, 0x70);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0U);
	/* The delivery status is never busy. */
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[1], APIC_ICR), 0x70U);
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[1], APIC_ICR2), 0x20000000U);
	/* Level-triggered IPIs are a thing of the past: nothing in TMR. */
	send(vm->vcpus[1], 2, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | 0x70);
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[2], APIC_TMR + 0x30), 0U);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0x4U);
	/* Off by software, it can still send. */
	xapic_write(vm->vcpus[0], APIC_SPIV, 0xff);
	send(vm->vcpus[0], 2, 0x71);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x71), 0x4U);
}

/* 10.6.2.4 */
static void irq_lowest_priority_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 4);
	struct axvm_apic_msg msg = {
		.dest = 0x0f, .vector = 0x80, .mode = LAPIC_DM_LOWEST, .logical = true,
	};
	u32 i, got = 0;

	for (i = 0; i < 4; i++) {
		xapic_write(vm->vcpus[i], APIC_LDR, 1 << (24 + i));
		xapic_write(vm->vcpus[i], APIC_TASKPRI, 0x40);
	}
	xapic_write(vm->vcpus[2], APIC_TASKPRI, 0x30);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 1);
		KUNIT_EXPECT_EQ(test, who_got(vm, 0x80), 0x4U);
	}
	/* What is in service counts. */
	inject(test, vm->vcpus[2], 0x90);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vm->vcpus[2]), 0x90);
	xapic_write(vm->vcpus[1], APIC_TASKPRI, 0x3f);
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 1);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x80), 0x2U);
	xapic_write(vm->vcpus[2], APIC_EOI, 0);

	/* Equals take turns: four messages, four takers. */
	for (i = 0; i < 4; i++)
		xapic_write(vm->vcpus[i], APIC_TASKPRI, 0);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 1);
		got |= who_got(vm, 0x80);
	}
	KUNIT_EXPECT_EQ(test, got, 0xfU);
	/* Only those that are meant, and on */
	msg.dest = 0x0c;
	xapic_write(vm->vcpus[3], APIC_SPIV, 0xff);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 1);
		KUNIT_EXPECT_EQ(test, who_got(vm, 0x80), 0x4U);
	}
	msg.dest = 0x08;
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 0);
	xapic_write(vm->vcpus[3], APIC_SPIV, SPIV_ON);
	/* All but the sender: one of them, though the sender would be the lowest */
	for (i = 1; i < 4; i++)
		xapic_write(vm->vcpus[i], APIC_TASKPRI, 0x20);
	send(vm->vcpus[0], 0, APIC_DEST_ALLBUT | APIC_DM_LOWEST | 0x81);
	got = who_got(vm, 0x81);
	KUNIT_EXPECT_EQ(test, hweight32(got), 1U);
	KUNIT_EXPECT_EQ(test, got & 0xe, got);
}

/* 10.6.1: the messages that are no vectors */
static void irq_nmi_init_sipi_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 3);
	struct axvm_vcpu *vcpu = vm->vcpus[1];
	struct axvm_apic_msg msg = { .dest = 1, .vector = 0x99 };

	send(vm->vcpus[0], 1, APIC_DM_NMI);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 1);
	send(vm->vcpus[0], 1, APIC_DM_NMI);
	send(vm->vcpus[0], 1, APIC_DM_NMI);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 2);

	send(vm->vcpus[0], 1, APIC_DM_STARTUP | 0x33);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)X86_SIPI | 0x33);
	send(vm->vcpus[0], 1, APIC_DM_INIT | APIC_INT_LEVELTRIG);
	KUNIT_EXPECT_FALSE(test, atomic_read(&vcpu->arch.start) & X86_INIT);
	send(vm->vcpus[0], 1, APIC_DM_INIT | APIC_INT_LEVELTRIG | APIC_INT_ASSERT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)X86_INIT);
	send(vm->vcpus[0], 1, APIC_DM_STARTUP | 0x00);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)(X86_INIT | X86_SIPI));
	send(vm->vcpus[0], 1, APIC_DM_STARTUP | 0x44);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)(X86_INIT | X86_SIPI) | 0x44);
	send(vm->vcpus[0], 1, APIC_DM_INIT | APIC_INT_ASSERT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)X86_INIT);

	send(vm->vcpus[0], 0, APIC_DEST_ALLBUT | APIC_DM_INIT | APIC_INT_ASSERT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[0]->arch.start), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[2]->arch.start), (int)X86_INIT);
	/* Also those whose APIC is off by software take them. */
	xapic_write(vm->vcpus[2], APIC_SPIV, 0xff);
	send(vm->vcpus[0], 2, APIC_DM_NMI);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[2]->arch.nmi_pending), 1);

	/* SMI, the reserved one, ExtINT */
	for (msg.mode = 2; msg.mode < 8; msg.mode++)
		if (msg.mode == 2 || msg.mode == 3 || msg.mode == 7)
			KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
}

/* --- errors, 10.5.3 ------------------------------------------------------- */

static u32 errors(struct axvm_vcpu *vcpu)
{
	xapic_write(vcpu, APIC_ESR, 0);
	return xapic_read(vcpu, APIC_ESR);
}

static void irq_errors_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[0];
	struct axvm_apic_msg msg = { .dest = 1, .vector = 0xf };

	send(vcpu, 1, 0x0f);
	KUNIT_EXPECT_EQ(test, errors(vcpu), (u32)APIC_ESR_SENDILL);
	KUNIT_EXPECT_EQ(test, errors(vcpu), 0U);
	KUNIT_EXPECT_EQ(test, errors(vm->vcpus[1]), 0U);
	send(vcpu, 1, APIC_DM_LOWEST);
	KUNIT_EXPECT_EQ(test, errors(vcpu), (u32)APIC_ESR_SENDILL);
	KUNIT_EXPECT_EQ(test, axvm_apic_deliver(vm, &msg), 0);
	KUNIT_EXPECT_EQ(test, errors(vm->vcpus[1]), (u32)APIC_ESR_RECVILL);
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[1], APIC_IRR), 0U);
	/* A vector means nothing to an NMI. */
	send(vcpu, 1, APIC_DM_NMI | 1);
	KUNIT_EXPECT_EQ(test, errors(vcpu), 0U);

	/* The error interrupt: once until ESR is written */
	xapic_write(vcpu, APIC_LVTERR, 0xfe);
	send(vcpu, 1, 0x01);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0xfe);
	send(vcpu, 1, 0x01);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_read(vcpu, 0x400);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0xfe);
	KUNIT_EXPECT_EQ(test, errors(vcpu), (u32)(APIC_ESR_SENDILL | APIC_ESR_ILLREGA));
	send(vcpu, 1, 0x01);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0xfe);
	/* Its own vector may be illegal. */
	errors(vcpu);
	xapic_write(vcpu, APIC_LVTERR, 0x05);
	send(vcpu, 1, 0x01);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	KUNIT_EXPECT_EQ(test, errors(vcpu), (u32)(APIC_ESR_SENDILL | APIC_ESR_RECVILL));
	xapic_write(vcpu, APIC_LVTERR, APIC_LVT_MASKED | 0xfe);
	send(vcpu, 1, 0x01);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

/* --- from elsewhere at the same time ------------------------------------------ */

#define ROUNDS	200

static int inject_all(void *data)
{
	struct axvm_vcpu *vcpu = data;
	unsigned int round, vector;

	for (round = 0; round < ROUNDS; round++) {
		for (vector = 0x20; vector < 0x100; vector++)
			axvm_lapic_inject(vcpu, vector);
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Another thread sends while the vCPU takes: none comes unsent, none that was sent stays. */
static void irq_concurrent_test(struct kunit *test)
{
	struct axvm_vcpu *vcpu = lapic_vm(test, 1)->vcpus[0];
	unsigned int *count = kunit_kcalloc(test, 256, sizeof(*count), GFP_KERNEL);
	struct task_struct *sender;
	unsigned int vector;
	int got, i;

	KUNIT_ASSERT_NOT_NULL(test, count);
	sender = kthread_run(inject_all, vcpu, "axvm-inject");
	KUNIT_ASSERT_FALSE(test, IS_ERR(sender));
	KUNIT_EXPECT_TRUE(test, lapic_wait(vcpu));
	for (i = 0; i < 10000; i++) {
		got = lapic_handle(vcpu);
		if (got >= 0)
			count[got]++;
		else
			cond_resched();
	}
	kthread_stop(sender);
	while ((got = lapic_handle(vcpu)) >= 0)
		count[got]++;

	for (vector = 0; vector < 256; vector++) {
		KUNIT_EXPECT_LE(test, count[vector], vector < 0x20 ? 0U : ROUNDS);
		KUNIT_EXPECT_GE(test, count[vector], vector < 0x20 ? 0U : 1U);
	}
	for (vector = 0; vector < 256; vector += 32) {
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_IRR + vector / 2), 0U);
		KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ISR + vector / 2), 0U);
	}
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0U);
}

static int lapic_irq_suite_init(struct kunit_suite *suite)
{
	return axvm_register_device_type(&ear_type);
}

static void lapic_irq_suite_exit(struct kunit_suite *suite)
{
	axvm_unregister_device_type(&ear_type);
}

static struct kunit_case lapic_irq_cases[] = {
	KUNIT_CASE(irq_order_test),
	KUNIT_CASE(irq_every_vector_test),
	KUNIT_CASE(irq_nesting_test),
	KUNIT_CASE(irq_task_priority_test),
	KUNIT_CASE(irq_eoi_broadcast_test),
	KUNIT_CASE(irq_physical_test),
	KUNIT_CASE(irq_logical_test),
	KUNIT_CASE(irq_x2apic_destinations_test),
	KUNIT_CASE(irq_shorthands_test),
	KUNIT_CASE(irq_lowest_priority_test),
	KUNIT_CASE(irq_nmi_init_sipi_test),
	KUNIT_CASE(irq_errors_test),
	KUNIT_CASE(irq_concurrent_test),
	{}
};

static struct kunit_suite lapic_irq_suite = {
	.name = "axvm_lapic_irq",
	.suite_init = lapic_irq_suite_init,
	.suite_exit = lapic_irq_suite_exit,
	.test_cases = lapic_irq_cases,
};

kunit_test_suite(lapic_irq_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: interrupts of the local APIC");
