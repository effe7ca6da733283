// SPDX-License-Identifier: GPL-2.0
/* Interrupts and the GIC, against ARM IHI 0069: sources, list registers, the guest's part. */
#include <linux/prandom.h>

#include "gicv3.h"

#define SPI	40U

/* An SPI that is enabled and goes to a vCPU */
static void spi_on(struct axvm_vm *vm, u32 intid, unsigned int vcpu)
{
	gic_route(vm, intid, vcpu >> 4 << 8 | (vcpu & 15));
	gic_bit(vm, 0, GICD_ISENABLER, intid);
}

static struct axvm_vm *running_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_vm *vm = gic_vm(test, nr_vcpus);

	gic_on(vm);
	spi_on(vm, SPI, 0);
	return vm;
}

/* --- edges and levels: 4.4 ------------------------------------------------ */

static void edge(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);

	gic_edge(vm, SPI);
	gic_line(vm, SPI, true);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	/* Its end is none, and it stays pending when the line is down. */
	gic_line(vm, SPI, false);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

/* An edge is not lost wherever the interrupt is when it comes: listed, taken, both. */
static void edge_while_listed(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);

	gic_edge(vm, SPI);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	KUNIT_EXPECT_TRUE(test, gic_cpu(vm, 0)->dirty);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	guest_end(vm, 0, SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);

	/* It is kicked while it has it active: then it is active and pending. */
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 1U);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.lr[0] >> 62, 3ULL);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	guest_end(vm, 0, SPI);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	guest_end(vm, 0, SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	/* Two that come while it is listed are one. */
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	guest_in(vm, 0);
	axvm_irq_line_user(vm, SPI, AXVM_IRQ_PULSE);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

static void level(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	unsigned int i;

	gic_line(vm, SPI, true);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	/* Taken back before it is acknowledged */
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 1U);
	gic_line(vm, SPI, false);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	/* Down while it is active: not again */
	gic_line(vm, SPI, true);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	gic_line(vm, SPI, false);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	guest_end(vm, 0, SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	/* Up while it is active: again after its end, of which the host is told */
	gic_line(vm, SPI, true);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	KUNIT_EXPECT_FALSE(test, guest_maintenance(gic_cpu(vm, 0)));
	guest_end(vm, 0, SPI);
	KUNIT_EXPECT_TRUE(test, guest_maintenance(gic_cpu(vm, 0)));
	guest_out(vm, 0);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

/* ISPENDR latches a level; ICPENDR clears the latch, not the wire. */
static void level_latched(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);

	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_line(vm, SPI, true);
	gic_bit(vm, 0, GICD_ICPENDR, SPI);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	gic_line(vm, SPI, false);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_bit(vm, 0, GICD_ICPENDR, SPI);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
}

/* Lines that are no SPIs, or driven from where they should not be */
static void lines(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	u32 intid;

	gicr_set(vm, 0, SGI_FRAME + GICR_ISENABLER0, ~0);
	for (intid = 0; intid < 32; intid++)
		gic_line(vm, intid, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	spi_on(vm, 32, 0);
	spi_on(vm, 1019, 0);
	gic_line(vm, 1019, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 1019U);
	gic_line(vm, 1019, false);
	gic_line(vm, 32, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 32U);
	gic_line(vm, 32, false);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	arm64_gic_ppi(vm->vcpus[0], 27, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 27U);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 27U);
	arm64_gic_ppi(vm->vcpus[0], 27, false);
	arm64_gic_ppi(vm->vcpus[0], 3, true);
	arm64_gic_ppi(vm->vcpus[0], 32, true);
	arm64_gic_ppi(vm->vcpus[0], ~0, true);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], 1020), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], ~0), -EINVAL);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], 0), 0);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], 31), 0);
	KUNIT_EXPECT_EQ(test, arm64_gic_inject(vm->vcpus[0], 1019), 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 0U);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 31U);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 1019U);
}

/* --- what keeps it back --------------------------------------------------- */

static void gates(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);

	gic_line(vm, SPI, true);
	gic_bit(vm, 0, GICD_ICENABLER, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	/* Group 1 by GICD_CTLR bit 1, Group 0 by bit 0 */
	gicd_set(vm, GICD_CTLR, 1);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	gicd_set(vm, GICD_IGROUPR + 4, ~(u32)BIT(SPI % 32));
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 1U);
	KUNIT_EXPECT_FALSE(test, gic_cpu(vm, 0)->hw.lr[0] & ARM64_LR_GROUP1);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	gicd_set(vm, GICD_CTLR, 2);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	gicd_set(vm, GICD_CTLR, 3);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
	/* Active, it is not signalled again. */
	gic_bit(vm, 0, GICD_ISACTIVER, SPI);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	guest_out(vm, 0);
	gic_bit(vm, 0, GICD_ICACTIVER, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

/* Listed and not taken, it comes back when it is disabled, cleared, or sent elsewhere. */
static void withdrawn(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 2);

	gic_edge(vm, SPI);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	gic_bit(vm, 0, GICD_ICENABLER, SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 1U);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	gic_bit(vm, 0, GICD_ICPENDR, SPI);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISPENDR, SPI));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);

	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	gic_route(vm, SPI, 1);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 1), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);

	/* Active, it is its taker's whatever the route; pending again, it goes the new way. */
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 1);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 1), SPI);
	gic_route(vm, SPI, 0);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 1);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_TRUE(test, gic_is(vm, 0, GICD_ISACTIVER, SPI));
	gic_bit(vm, 0, GICD_ICACTIVER, SPI);
	KUNIT_EXPECT_FALSE(test, gic_is(vm, 0, GICD_ISACTIVER, SPI));
	guest_out(vm, 1);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 1), NONE);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), SPI);
}

/* Latched again while it is active, and routed elsewhere: it is not to come where it is active. */
static void rerouted(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 2);

	gic_edge(vm, SPI);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), SPI);
	gic_route(vm, SPI, 1);
	gic_bit(vm, 0, GICD_ISPENDR, SPI);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, 1U);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.lr[0] >> 62, 2ULL);
	KUNIT_EXPECT_FALSE(test, guest_maintenance(gic_cpu(vm, 0)));
	KUNIT_EXPECT_EQ(test, guest_take(vm, 1), NONE);
	guest_end(vm, 0, SPI);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	KUNIT_EXPECT_TRUE(test, guest_maintenance(gic_cpu(vm, 0)));
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 1), SPI);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 1), NONE);
}

/* --- SGIs: 12.2.18 -------------------------------------------------------- */

#define SGI(intid)	((u64)(intid) << 24)
#define IRM		BIT_ULL(40)

static const struct {
	u64 value;
	u32 reach;	/* vCPUs of 20, sent by number 1 */
} sgis[] = {
	{ SGI(3) | 1, BIT(0) },
	{ SGI(3) | 0x8002, BIT(1) | BIT(15) },
	{ SGI(3) | 0xffff, 0xffff },
	{ SGI(3) | 1ULL << 16 | 0xffff, 0xf0000 },
	{ SGI(3) | 1ULL << 16 | 0xfff0, 0 },
	{ SGI(3) | 4ULL << 16 | 0xffff, 0 },
	{ SGI(3) | 1ULL << 32 | 0xffff, 0 },
	{ SGI(3) | 1ULL << 48 | 0xffff, 0 },
	{ SGI(3) | 1ULL << 44 | 0xffff, 0 },
	{ SGI(3) | IRM, 0xffffd },
	{ SGI(3) | IRM | 0xff00ff00ff00ffULL, 0xffffd },
	{ SGI(3), 0 },
};

static void sgi_targets(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 20);
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sgis); i++) {
		arm64_gic_sgi(vm->vcpus[1], 1, sgis[i].value);
		for (n = 0; n < 20; n++) {
			KUNIT_EXPECT_EQ_MSG(test, gicr(vm, n, SGI_FRAME + GICR_ISPENDR0),
					    sgis[i].reach & BIT(n) ? BIT(3) : 0, "row %u vCPU %u",
					    i, n);
			gicr_set(vm, n, SGI_FRAME + GICR_ICPENDR0, ~0);
		}
	}
	for (i = 0; i < 16; i++)
		arm64_gic_sgi(vm->vcpus[1], 1, SGI(i) | 1);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISPENDR0), 0xffffU);
}

static void sgi_groups(struct kunit *test)
{
	struct axvm_vm *vm = gic_vm(test, 1);

	gicr_set(vm, 0, SGI_FRAME + GICR_IGROUPR0, BIT(1));
	arm64_gic_sgi(vm->vcpus[0], 0, SGI(0) | 1);
	arm64_gic_sgi(vm->vcpus[0], 0, SGI(1) | 1);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISPENDR0), 1U);
	arm64_gic_sgi(vm->vcpus[0], 1, SGI(1) | 1);
	KUNIT_EXPECT_EQ(test, gicr(vm, 0, SGI_FRAME + GICR_ISPENDR0), 3U);
}

/* --- priorities and list registers ---------------------------------------- */

static void priorities(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	static const u8 order[] = { 5, 2, 7, 0, 3, 6, 1, 4 };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		spi_on(vm, 100 + i, 0);
		gic_edge(vm, 100 + i);
		gic_priority(vm, 0, 100 + i, order[i] * 16 + 32);
		gic_bit(vm, 0, GICD_ISPENDR, 100 + i);
	}
	/* The most urgent SGI of all comes last. */
	gicr_set(vm, 0, SGI_FRAME + GICR_ISENABLER0, BIT(9));
	gic_priority(vm, 0, 9, 8);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.used, LRS);
	arm64_gic_sgi(vm->vcpus[0], 1, SGI(9) | 1);
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 9U);
	for (i = 0; i < 8; i++) {
		u32 intid = guest_take(vm, 0);

		KUNIT_ASSERT_TRUE(test, intid >= 100 && intid < 108);
		KUNIT_EXPECT_EQ(test, order[intid - 100], i);
	}
	KUNIT_EXPECT_EQ(test, guest_take(vm, 0), NONE);
	/* Of equal priority: the lowest INTID */
	for (i = 0; i < 8; i++)
		gic_priority(vm, 0, 100 + i, 0x80);
	gicd_set(vm, GICD_ISPENDR + 12, 0xff << 4);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, guest_take(vm, 0), 100 + i);
}

/* 64 SPIs, four list registers: all come, and the host is told each time they run out. */
static void overflow(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	unsigned int i, outs = 0;
	u32 intid;

	for (i = 64; i < 128; i++)
		spi_on(vm, i, 0);
	gicd_set(vm, GICD_ICFGR + 16, ~0);
	gicd_set(vm, GICD_ICFGR + 20, ~0);
	gicd_set(vm, GICD_ICFGR + 24, ~0);
	gicd_set(vm, GICD_ICFGR + 28, ~0);
	gicd_set(vm, GICD_ISPENDR + 8, ~0);
	gicd_set(vm, GICD_ISPENDR + 12, ~0);
	guest_in(vm, 0);
	for (i = 64; i < 128; i++) {
		intid = guest_ack(vm, 0);
		KUNIT_EXPECT_EQ(test, intid, i);
		guest_end(vm, 0, intid);
		if (guest_maintenance(gic_cpu(vm, 0))) {
			guest_out(vm, 0);
			guest_in(vm, 0);
			outs++;
		}
	}
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), NONE);
	KUNIT_EXPECT_LE(test, outs, 22U);
	KUNIT_EXPECT_EQ(test, gic_cpu(vm, 0)->hw.hcr, ARM64_ICH_EN);
}

/* Ten that preempt one another: six are active in no list register, and ended in order. */
static void nested(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);
	unsigned int i;

	for (i = 0; i < 10; i++) {
		spi_on(vm, 100 + i, 0);
		gic_edge(vm, 100 + i);
		gic_priority(vm, 0, 100 + i, 0xa0 - i * 16);
	}
	for (i = 0; i < 10; i++) {
		gic_bit(vm, 0, GICD_ISPENDR, 100 + i);
		guest_in(vm, 0);
		KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), 100 + i);
		guest_out(vm, 0);
	}
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12), 0x3ffU << 4);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, cpu->hw.used, LRS);
	KUNIT_EXPECT_TRUE(test, cpu->hw.hcr & ARM64_ICH_LRENPIE);
	KUNIT_EXPECT_TRUE(test, cpu->hw.hcr & ARM64_ICH_TDIR);
	/* The guest runs on without looking back until EOIcount stops it. */
	for (i = 10; i--; ) {
		guest_end(vm, 0, 100 + i);
		KUNIT_EXPECT_EQ(test, guest_maintenance(cpu), i < 6);
		if (guest_maintenance(cpu)) {
			guest_out(vm, 0);
			KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12), (BIT(i) - 1) << 4);
			guest_in(vm, 0);
			/* The others are listed again: ended one at a time */
			while (i--) {
				guest_end(vm, 0, 100 + i);
				guest_out(vm, 0);
				KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12),
						(BIT(i) - 1) << 4);
				guest_in(vm, 0);
			}
			break;
		}
	}
	KUNIT_EXPECT_EQ(test, cpu->hw.used, 0U);
	KUNIT_EXPECT_EQ(test, cpu->hw.hcr, ARM64_ICH_EN);
}

/* EOImode = 1: eight are acknowledged, their priority dropped, and deactivated in any order. */
static void deactivated_later(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 2);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);
	static const u8 order[] = { 3, 7, 0, 6, 1, 5, 2, 4 };
	unsigned int i, j;
	u32 left = 0xff << 4;

	for (i = 0; i < 8; i++) {
		spi_on(vm, 100 + i, 0);
		gic_edge(vm, 100 + i);
	}
	cpu->hw.vmcr |= ARM64_VMCR_VEOIM;
	gicd_set(vm, GICD_ISPENDR + 12, 0xff << 4);
	guest_in(vm, 0);
	for (i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), 100 + i);
		/* Dropping a priority ends nothing, even where it counts as if. */
		cpu->hw.hcr += FIELD_PREP(ARM64_ICH_EOICOUNT, 1);
		if (guest_maintenance(cpu)) {
			guest_out(vm, 0);
			guest_in(vm, 0);
		}
	}
	guest_out(vm, 0);
	KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12), left);
	for (i = 0; i < 8; i++) {
		bool listed = false;

		guest_in(vm, 0);
		for (j = 0; j < cpu->hw.used; j++)
			listed |= (u32)cpu->hw.lr[j] == 100 + order[i];
		if (listed)
			guest_end(vm, 0, 100 + order[i]);
		guest_out(vm, 0);
		if (!listed) {
			/* Somebody else cannot end it. */
			arm64_gic_dir(vm->vcpus[1], 100 + order[i]);
			KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12), left);
			arm64_gic_dir(vm->vcpus[0], 100 + order[i]);
		}
		left &= ~(BIT(order[i]) << 4);
		KUNIT_EXPECT_EQ(test, gicd(vm, GICD_ISACTIVER + 12), left);
	}
}

/* --- the host's timer interrupt, handed through --------------------------- */

static void handed_through(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	cpu->mapped = 27;
	cpu->host_intid = 21;
	gicr_set(vm, 0, SGI_FRAME + GICR_ISENABLER0, BIT(27));
	arm64_gic_ppi(vcpu, 27, true);
	guest_in(vm, 0);
	KUNIT_EXPECT_EQ(test, cpu->hw.used, 1U);
	KUNIT_EXPECT_TRUE(test, cpu->hw.lr[0] & ARM64_LR_HW);
	KUNIT_EXPECT_EQ(test, FIELD_GET(ARM64_LR_HOST_INTID, cpu->hw.lr[0]), 21ULL);
	KUNIT_EXPECT_EQ(test, cpu->hw.lr[0] >> 62, 1ULL);
	KUNIT_EXPECT_FALSE(test, arm64_gic_host_active(vcpu));
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), 27U);
	KUNIT_EXPECT_TRUE(test, arm64_gic_host_active(vcpu));
	guest_out(vm, 0);
	KUNIT_EXPECT_TRUE(test, arm64_gic_host_active(vcpu));
	/* Latched too, it is not active and pending at once: 12.4.6 */
	gicr_set(vm, 0, SGI_FRAME + GICR_ISPENDR0, BIT(27));
	arm64_gic_ppi(vcpu, 27, false);
	guest_in(vm, 0);
	KUNIT_EXPECT_TRUE(test, cpu->hw.lr[0] & ARM64_LR_HW);
	KUNIT_EXPECT_EQ(test, cpu->hw.lr[0] >> 62, 2ULL);
	guest_end(vm, 0, 27);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, arm64_gic_host_active(vcpu));
	/* That instance is not the host's. */
	guest_in(vm, 0);
	KUNIT_EXPECT_FALSE(test, cpu->hw.lr[0] & ARM64_LR_HW);
	KUNIT_EXPECT_EQ(test, guest_ack(vm, 0), 27U);
	guest_out(vm, 0);
	KUNIT_EXPECT_FALSE(test, arm64_gic_host_active(vcpu));
	guest_in(vm, 0);
	KUNIT_EXPECT_FALSE(test, cpu->hw.lr[0] & ARM64_LR_HW);
}

/* --- what ends a WFI ------------------------------------------------------ */

static bool deliverable(struct axvm_vm *vm)
{
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);
	unsigned long flags;
	bool yes;

	guest_out(vm, 0);
	flags = gicv3_lock(cpu->gic);
	yes = gicv3_deliverable(cpu);
	gicv3_unlock(cpu->gic, flags);
	return yes;
}

static void wakes(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 1);
	struct arm64_gic_cpu *cpu = gic_cpu(vm, 0);

	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	gic_priority(vm, 0, SPI, 0x80);
	gic_line(vm, SPI, true);
	KUNIT_EXPECT_TRUE(test, deliverable(vm));
	/* Also after it was listed and not taken */
	guest_in(vm, 0);
	KUNIT_EXPECT_TRUE(test, deliverable(vm));

	cpu->hw.vmcr = ARM64_VMCR_VENG1 | FIELD_PREP(ARM64_VMCR_VPMR, 0x80);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	cpu->hw.vmcr = ARM64_VMCR_VENG1 | FIELD_PREP(ARM64_VMCR_VPMR, 0x88);
	KUNIT_EXPECT_TRUE(test, deliverable(vm));
	cpu->hw.vmcr = ARM64_VMCR_VENG0 | FIELD_PREP(ARM64_VMCR_VPMR, 0x88);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	cpu->hw.vmcr |= ARM64_VMCR_VENG1;
	cpu->hw.ap1r[0] = BIT(0x80 >> 3);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	cpu->hw.ap1r[0] = BIT(0x88 >> 3);
	KUNIT_EXPECT_TRUE(test, deliverable(vm));
	cpu->hw.ap0r[0] = BIT(0x20 >> 3);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	cpu->hw.ap0r[0] = 0;
	gic_bit(vm, 0, GICD_ICENABLER, SPI);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	gic_bit(vm, 0, GICD_ISENABLER, SPI);
	KUNIT_EXPECT_TRUE(test, deliverable(vm));
	gicd_set(vm, GICD_CTLR, 1);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
	gicd_set(vm, GICD_CTLR, 2);
	gic_bit(vm, 0, GICD_ISACTIVER, SPI);
	KUNIT_EXPECT_FALSE(test, deliverable(vm));
}

/* --- all at once ---------------------------------------------------------- */

/* No INTID is in two list registers of the VM; what is listed is marked as such. */
static void check_lists(struct kunit *test, struct axvm_vm *vm)
{
	static DECLARE_BITMAP(seen, 1024);
	unsigned int n, i;

	bitmap_zero(seen, 1024);
	for (n = 0; n < vm->nr_vcpus; n++) {
		struct arm64_gic_cpu *cpu = gic_cpu(vm, n);

		for (i = 0; i < cpu->hw.used; i++) {
			u32 intid = cpu->hw.lr[i];

			KUNIT_ASSERT_TRUE(test, intid < 1020);
			KUNIT_EXPECT_TRUE(test, gicv3_bank(cpu->gic, cpu, intid / 32)->listed &
						BIT(intid % 32));
			if (intid >= 32)
				KUNIT_EXPECT_FALSE(test, test_and_set_bit(intid, seen));
		}
	}
}

/* Edges to three vCPUs in disorder: each that was sent is taken, none that was not. */
static void disorder(struct kunit *test)
{
	struct axvm_vm *vm = running_vm(test, 3);
	static u8 owed[1020];
	struct rnd_state rnd;
	unsigned int i, n;
	u32 intid;

	prandom_seed_state(&rnd, 5);
	memset(owed, 0, sizeof(owed));
	for (intid = 32; intid < 96; intid++) {
		spi_on(vm, intid, intid % 3);
		gic_edge(vm, intid);
	}
	for (i = 0; i < 30000; i++) {
		u32 dice = prandom_u32_state(&rnd);

		intid = 32 + (dice >> 8) % 64;
		n = (dice >> 16) % 3;
		switch (dice & 7) {
		case 0 ... 1:
			owed[intid] = 1;
			axvm_irq_line_user(vm, intid, AXVM_IRQ_PULSE);
			break;
		case 2:
			gic_route(vm, intid, n);
			break;
		case 3:
			gic_priority(vm, 0, intid, dice >> 24 & 0x78);
			break;
		case 4:
			guest_out(vm, n);
			break;
		default:
			intid = guest_take(vm, n);
			if (intid == NONE)
				break;
			KUNIT_EXPECT_EQ_MSG(test, owed[intid], 1, "INTID %u, step %u", intid, i);
			owed[intid] = 0;
		}
		check_lists(test, vm);
	}
	for (n = 0; n < 3; n++)
		guest_out(vm, n);
	for (n = 0; n < 3; n++)
		while ((intid = guest_take(vm, n)) != NONE)
			owed[intid] = 0;
	for (intid = 0; intid < 1020; intid++)
		KUNIT_EXPECT_EQ_MSG(test, owed[intid], 0, "INTID %u is lost", intid);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(edge),
	KUNIT_CASE(edge_while_listed),
	KUNIT_CASE(level),
	KUNIT_CASE(level_latched),
	KUNIT_CASE(lines),
	KUNIT_CASE(gates),
	KUNIT_CASE(withdrawn),
	KUNIT_CASE(rerouted),
	KUNIT_CASE(sgi_targets),
	KUNIT_CASE(sgi_groups),
	KUNIT_CASE(priorities),
	KUNIT_CASE(overflow),
	KUNIT_CASE(nested),
	KUNIT_CASE(deactivated_later),
	KUNIT_CASE(handed_through),
	KUNIT_CASE(wakes),
	KUNIT_CASE(disorder),
	{}
};

static struct kunit_suite suite = {
	.name = "axvm_gicv3_irq",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("axvm: GICv3 interrupts");
MODULE_LICENSE("GPL");
