// SPDX-License-Identifier: GPL-2.0
/* The IOAPIC, against the 82093AA datasheet, with the local APICs that take its messages. */
#include "lapic.h"

#define IOAPIC		0xfec00000ULL
#define IOREGSEL	0x00
#define IOWIN		0x10
#define EOIR		0x40
#define PINS		24

/* Low half of an entry */
#define LOWEST		0x0100
#define SMI		0x0200
#define NMI		0x0400
#define INIT		0x0500
#define EXTINT		0x0700
#define LOGICAL		0x0800
#define POLARITY	0x2000
#define REMOTE_IRR	0x4000
#define LEVEL		0x8000
#define MASK		0x10000

static u32 ioapic_get(struct axvm_vm *vm, u32 index)
{
	fixture_store(vm, NULL, IOAPIC + IOREGSEL, 4, index);
	return fixture_load(vm, NULL, IOAPIC + IOWIN, 4);
}

static void ioapic_set(struct axvm_vm *vm, u32 index, u32 value)
{
	fixture_store(vm, NULL, IOAPIC + IOREGSEL, 4, index);
	fixture_store(vm, NULL, IOAPIC + IOWIN, 4, value);
}

static void set_entry(struct axvm_vm *vm, u32 pin, u32 low, u8 dest)
{
	ioapic_set(vm, 0x11 + 2 * pin, (u32)dest << 24);
	ioapic_set(vm, 0x10 + 2 * pin, low);
}

static u32 get_entry(struct axvm_vm *vm, u32 pin)
{
	return ioapic_get(vm, 0x10 + 2 * pin);
}

static void line(struct axvm_vm *vm, u32 irq, bool level)
{
	axvm_irq_line_user(vm, irq, level ? AXVM_IRQ_RAISE : AXVM_IRQ_LOWER);
}

static void pulse(struct axvm_vm *vm, u32 irq)
{
	axvm_irq_line_user(vm, irq, AXVM_IRQ_PULSE);
}

static struct axvm_vm *ioapic_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_vm *vm = lapic_vm(test, nr_vcpus);

	fixture_device(test, vm, AXVM_DEV_IOAPIC, 0, 0);
	return vm;
}

/* --- registers ------------------------------------------------------------ */

static void ioapic_registers_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	u32 pin;

	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0), 0U);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 1), 0x00170020U);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 2), 0U);
	for (pin = 0; pin < PINS; pin++) {
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x10 + 2 * pin), (u32)MASK);
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x11 + 2 * pin), 0U);
	}
	/* The arbitration id is loaded with the id. */
	ioapic_set(vm, 0, U32_MAX);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0), 0x0f000000U);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 2), 0x0f000000U);
	ioapic_set(vm, 1, U32_MAX);
	ioapic_set(vm, 2, 0);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 1), 0x00170020U);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 2), 0x0f000000U);
	/* Each half of each entry is its own; read-only bits stay 0. */
	for (pin = 0; pin < PINS; pin++) {
		ioapic_set(vm, 0x10 + 2 * pin, MASK | pin);
		ioapic_set(vm, 0x11 + 2 * pin, pin << 24 | 0xffffff);
	}
	for (pin = 0; pin < PINS; pin++) {
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x10 + 2 * pin), MASK | pin);
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x11 + 2 * pin), pin << 24);
	}
	ioapic_set(vm, 0x10, U32_MAX);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x10), 0x0001afffU);
	ioapic_set(vm, 0x11, U32_MAX);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x10), 0x0001afffU);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x11), 0xff000000U);
	/* Nothing behind the last one, up to the last index there is */
	for (pin = 0x40; pin < 0x100; pin++) {
		ioapic_set(vm, pin, U32_MAX);
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, pin), 0U);
	}
	for (pin = 3; pin < 0x10; pin++) {
		ioapic_set(vm, pin, U32_MAX);
		KUNIT_EXPECT_EQ(test, ioapic_get(vm, pin), 0U);
	}
}

static void ioapic_widths_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);

	fixture_store(vm, NULL, IOAPIC + IOREGSEL, 4, 0x12345601);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOREGSEL, 4), 1ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOREGSEL, 1), 1ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOWIN, 1), 0x20ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOWIN + 2, 1), 0x17ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOWIN + 2, 2), 0x17ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOWIN, 8), 0x170020ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + 4, 4), 0ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + 0x20, 4), 0ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + EOIR, 4), 0ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + 0xffc, 4), 0ULL);

	fixture_store(vm, NULL, IOAPIC + IOREGSEL, 1, 0x16);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOREGSEL, 4), 0x16ULL);
	fixture_store(vm, NULL, IOAPIC + IOWIN, 1, 0x55);
	fixture_store(vm, NULL, IOAPIC + IOWIN, 2, 0x55);
	fixture_store(vm, NULL, IOAPIC + IOWIN, 8, 0x55);
	fixture_store(vm, NULL, IOAPIC + IOWIN + 1, 4, 0x55);
	fixture_store(vm, NULL, IOAPIC + 0x20, 4, 0x55);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOWIN, 4), (u64)MASK);
}

/* --- edges ---------------------------------------------------------------- */

/* Line n is pin n, but 0 is 2; 2 is nothing. */
static void ioapic_wiring_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	u32 pin;

	for (pin = 0; pin < PINS; pin++)
		set_entry(vm, pin, 0x40 + pin, 0);
	for (pin = 0; pin < PINS + 4; pin++) {
		int want = pin >= PINS || pin == 2 ? -1 : pin ? 0x40 + (int)pin : 0x42;

		pulse(vm, pin);
		KUNIT_EXPECT_EQ_MSG(test, lapic_handle(vm->vcpus[0]), want, "line %u", pin);
	}
}

static void ioapic_edge_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	set_entry(vm, 4, 0x64, 0);
	line(vm, 4, true);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 4), 0x64U);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x64);
	/* Staying up and falling are no edges. */
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	set_entry(vm, 4, 0x64, 0);
	line(vm, 4, false);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* Masked: lost, also if the line is still up afterwards */
	set_entry(vm, 4, MASK | 0x64, 0);
	pulse(vm, 4);
	line(vm, 4, true);
	set_entry(vm, 4, 0x64, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	line(vm, 4, false);
	line(vm, 4, true);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x64);
	line(vm, 4, false);
	/* Two edges before the first is taken are one. */
	pulse(vm, 4);
	pulse(vm, 4);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x64);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	/* The polarity says how a line is wired, not what it means. */
	set_entry(vm, 4, POLARITY | 0x64, 0);
	pulse(vm, 4);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x64);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_TMR + 0x30), 0U);
}

/* --- levels --------------------------------------------------------------- */

static void ioapic_level_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	set_entry(vm, 10, LEVEL | 0x6a, 0);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	/* Still up at EOI: again */
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	/* Down before EOI: over */
	line(vm, 10, false);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	/* Up again before EOI: once more after it, and not twice */
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	line(vm, 10, false);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	line(vm, 10, false);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
}

static void ioapic_level_masked_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	set_entry(vm, 10, MASK | LEVEL | 0x6a, 0);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), MASK | LEVEL | 0x6aU);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* Unmasked while up: it comes. */
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	/* Masked before EOI: it does not come again until unmasked. */
	set_entry(vm, 10, MASK | LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), MASK | LEVEL | REMOTE_IRR | 0x6aU);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), MASK | LEVEL | 0x6aU);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	/* Writing an entry whose Remote IRR is set sends nothing. */
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	line(vm, 10, false);
	xapic_write(vcpu, APIC_EOI, 0);
	/* Masked and gone: nothing was. */
	set_entry(vm, 10, MASK | LEVEL | 0x6a, 0);
	pulse(vm, 10);
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
}

/* Several pins with one vector, and vectors that are not the IOAPIC's */
static void ioapic_shared_vector_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[1];

	set_entry(vm, 10, LEVEL | 0x6a, 1);
	set_entry(vm, 11, LEVEL | 0x6a, 1);
	set_entry(vm, 12, LEVEL | 0x6c, 1);
	line(vm, 10, true);
	line(vm, 11, true);
	line(vm, 12, true);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6c);
	line(vm, 12, false);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 12), LEVEL | 0x6cU);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 11), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	line(vm, 10, false);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 11), LEVEL | REMOTE_IRR | 0x6aU);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	line(vm, 11, false);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
}

/* The EOI register, and leaving level mode, which is how software gets rid of Remote IRR */
static void ioapic_eoi_register_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	set_entry(vm, 10, LEVEL | 0x6a, 0);
	line(vm, 10, true);
	line(vm, 10, false);
	fixture_store(vm, NULL, IOAPIC + EOIR, 4, 0x6b);
	fixture_store(vm, NULL, IOAPIC + EOIR, 1, 0x6a);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | REMOTE_IRR | 0x6aU);
	fixture_store(vm, NULL, IOAPIC + EOIR, 4, 0x6a);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6a);

	line(vm, 10, true);
	set_entry(vm, 10, MASK | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), MASK | 0x6aU);
	set_entry(vm, 10, MASK | LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), MASK | LEVEL | 0x6aU);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6a);
	/* From edge to level with the line up */
	set_entry(vm, 10, LEVEL | 0x6b, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6b);
}

/* Nobody takes it: no Remote IRR, so that it comes when somebody does. */
static void ioapic_level_refused_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	xapic_write(vcpu, APIC_SPIV, 0xff);
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	xapic_write(vcpu, APIC_SPIV, SPIV_ON);
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6a);
	/* To a vCPU there is not, with a vector there is not */
	line(vm, 10, false);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6a);
	set_entry(vm, 10, LEVEL | 0x6a, 9);
	set_entry(vm, 11, LEVEL | 0x0a, 0);
	line(vm, 10, true);
	line(vm, 11, true);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 11), LEVEL | 0x0aU);
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), (u32)APIC_ESR_RECVILL);
}

/* --- destinations and delivery modes -------------------------------------- */

static u32 who_got(struct axvm_vm *vm, int vector)
{
	u32 mask = 0, i;

	for (i = 0; i < 4; i++)
		if (lapic_handle(vm->vcpus[i]) == vector)
			mask |= BIT(i);
	return mask;
}

static void ioapic_destinations_test(struct kunit *test)
{
	static const struct { u32 low; u8 dest; u32 mask; } row[] = {
		{ 0x70, 0, 0x1 },
		{ 0x70, 3, 0x8 },
		{ 0x70, 4, 0x0 },
		{ 0x70, 0xff, 0xf },
		{ LOGICAL | 0x70, 0x01, 0x1 },
		{ LOGICAL | 0x70, 0x0c, 0xc },
		{ LOGICAL | 0x70, 0x30, 0x0 },
		{ LOGICAL | 0x70, 0xff, 0xf },
		{ LOWEST | LOGICAL | 0x70, 0x0f, 0x4 },
		{ LOWEST | LOGICAL | 0x70, 0x02, 0x2 },
		{ SMI, 0xff, 0 },
		{ EXTINT | 0x70, 0xff, 0 },
		{ 0x300 | 0x70, 0xff, 0 },
		{ 0x600 | 0x70, 0xff, 0 },
	};
	struct axvm_vm *vm = ioapic_vm(test, 4);
	u32 i;

	for (i = 0; i < 4; i++) {
		xapic_write(vm->vcpus[i], APIC_LDR, 1 << (24 + i));
		xapic_write(vm->vcpus[i], APIC_TASKPRI, i == 2 ? 0x10 : 0x20);
	}
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		set_entry(vm, 5, row[i].low, row[i].dest);
		pulse(vm, 5);
		KUNIT_EXPECT_EQ_MSG(test, who_got(vm, 0x70), row[i].mask, "row %u", i);
	}
	/* A level to several: one EOI of any ends it, as on the datasheet's bus. */
	set_entry(vm, 5, LEVEL | LOGICAL | 0x70, 0x3);
	line(vm, 5, true);
	line(vm, 5, false);
	KUNIT_EXPECT_EQ(test, who_got(vm, 0x70), 0x3U);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 5), LEVEL | LOGICAL | 0x70U);
}

/* NMI and INIT are edges, and have no Remote IRR. */
static void ioapic_nmi_init_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[1];

	set_entry(vm, 5, NMI | LEVEL, 1);
	line(vm, 5, true);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 1);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 5), (u32)(NMI | LEVEL));
	set_entry(vm, 5, NMI | LEVEL, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 1);
	line(vm, 5, false);
	pulse(vm, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 2);
	set_entry(vm, 6, INIT, 1);
	pulse(vm, 6);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.start), (int)X86_INIT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[0]->arch.start), 0);
}

/* --- life ----------------------------------------------------------------- */

static struct axvm_device *find(struct axvm_vm *vm)
{
	return vm->irq.chips[0].dev;
}

/* What ioapic.c saves */
struct saved_ioapic {
	u64 entry[PINS];
	u32 lines;
	u32 remote_irr;
	u32 id;
	u32 select;
};

static struct saved_ioapic *saved(struct kunit *test, struct axvm_vm *vm)
{
	struct axvm_device *dev = find(vm);
	struct saved_ioapic *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, dev->type->state_size, sizeof(*buf));
	dev->type->ops->save(dev, buf);
	return buf;
}

static int load(struct axvm_vm *vm, const struct saved_ioapic *state)
{
	return find(vm)->type->ops->restore(find(vm), state);
}

static void ioapic_restore_test(struct kunit *test)
{
	struct axvm_vm *from = ioapic_vm(test, 2), *to = ioapic_vm(test, 2);
	struct axvm_vcpu *vcpu = to->vcpus[1];
	struct saved_ioapic *state, *again;

	ioapic_set(from, 0, 0x05000000);
	set_entry(from, 10, LEVEL | 0x6a, 1);
	set_entry(from, 11, 0x6b, 1);
	line(from, 10, true);
	line(from, 11, true);
	ioapic_get(from, 0x35);
	state = saved(test, from);
	KUNIT_ASSERT_EQ(test, load(to, state), 0);
	again = saved(test, to);
	KUNIT_EXPECT_EQ(test, memcmp(again, state, sizeof(*state)), 0);
	/* The messages it sent are the local APICs' to restore. */
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, (u32)fixture_load(to, NULL, IOAPIC + IOREGSEL, 4), 0x35U);
	KUNIT_EXPECT_EQ(test, get_entry(to, 10), LEVEL | REMOTE_IRR | 0x6aU);
	/* The devices raise their lines anew: no second edge, no second level. */
	line(to, 10, true);
	line(to, 11, true);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* The end comes, and it goes on. */
	fixture_store(to, NULL, IOAPIC + EOIR, 4, 0x6a);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6a);
	line(to, 11, false);
	line(to, 11, true);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6b);
}

static void ioapic_restore_refuses_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct saved_ioapic *good = saved(test, vm), bad;

#define REFUSED(what)						\
	do {							\
		bad = *good;					\
		bad.entry[3] = 0x33;				\
		bad.what;					\
		KUNIT_EXPECT_EQ_MSG(test, load(vm, &bad), -EINVAL, #what); \
		KUNIT_EXPECT_EQ(test, memcmp(saved(test, vm), good, sizeof(*good)), 0); \
	} while (0)
	REFUSED(lines = BIT(24));
	REFUSED(remote_irr = BIT(24));
	REFUSED(remote_irr = BIT(3));
	REFUSED(id = 1);
	REFUSED(select = 0x100);
	REFUSED(entry[23] = BIT_ULL(12));
	REFUSED(entry[0] = BIT_ULL(14));
	REFUSED(entry[0] = BIT_ULL(17));
	REFUSED(entry[0] = BIT_ULL(55));
#undef REFUSED
}

static void ioapic_reset_test(struct kunit *test)
{
	struct axvm_vm *vm = ioapic_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	ioapic_set(vm, 0, 0x05000000);
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x6a);
	find(vm)->type->ops->reset(find(vm));
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, IOAPIC + IOREGSEL, 4), 0ULL);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0), 0U);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), (u32)MASK);
	KUNIT_EXPECT_EQ(test, ioapic_get(vm, 0x25), 0U);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* The line is still up. */
	set_entry(vm, 10, LEVEL | 0x6b, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x6b);
}

static void ioapic_config_test(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_IOAPIC, .base = 0xfec00010 };
	struct axvm_vm *vm = lapic_vm(test, 1);
	int ret;

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	config.base = 0;
	config.length = 0x100;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	config.length = 0x1000;
	config.nr_cfg = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	config.nr_cfg = 0;
	config.base = 0xd0000000;
	/* A line that is up already is up for it, too. */
	line(vm, 10, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	fixture_store(vm, NULL, 0xd0000000 + IOREGSEL, 4, 0x24);
	fixture_store(vm, NULL, 0xd0000000 + IOWIN, 4, LEVEL | 0x6a);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), 0x6a);
	/* Gone, it sends nothing. */
	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, find(vm)->id);
	mutex_unlock(&vm->lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), 0x6a);
	line(vm, 10, false);
	line(vm, 10, true);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), -1);
}

/* Without local APICs there is nobody to send to. */
static void ioapic_alone_test(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);

	fixture_device(test, vm, AXVM_DEV_IOAPIC, 0, 0);
	set_entry(vm, 10, LEVEL | 0x6a, 0);
	set_entry(vm, 11, LOWEST | LOGICAL | 0x6a, 0xff);
	line(vm, 10, true);
	pulse(vm, 11);
	KUNIT_EXPECT_EQ(test, get_entry(vm, 10), LEVEL | 0x6aU);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[0]));
}

static struct kunit_case ioapic_cases[] = {
	KUNIT_CASE(ioapic_registers_test),
	KUNIT_CASE(ioapic_widths_test),
	KUNIT_CASE(ioapic_wiring_test),
	KUNIT_CASE(ioapic_edge_test),
	KUNIT_CASE(ioapic_level_test),
	KUNIT_CASE(ioapic_level_masked_test),
	KUNIT_CASE(ioapic_shared_vector_test),
	KUNIT_CASE(ioapic_eoi_register_test),
	KUNIT_CASE(ioapic_level_refused_test),
	KUNIT_CASE(ioapic_destinations_test),
	KUNIT_CASE(ioapic_nmi_init_test),
	KUNIT_CASE(ioapic_restore_test),
	KUNIT_CASE(ioapic_restore_refuses_test),
	KUNIT_CASE(ioapic_reset_test),
	KUNIT_CASE(ioapic_config_test),
	KUNIT_CASE(ioapic_alone_test),
	{}
};

static struct kunit_suite ioapic_suite = {
	.name = "axvm_ioapic",
	.test_cases = ioapic_cases,
};

kunit_test_suite(ioapic_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: IOAPIC");
