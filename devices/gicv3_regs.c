// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3, registers: what the guest reads and writes of the distributor and of the
 * redistributors. See gicv3.h for the manual and the locks.
 *
 * Most registers are fields of so many bits an interrupt, at the same offsets in the
 * distributor (SPIs) and in the SGI_base frame of a redistributor (SGIs and PPIs): the
 * table fields[] has them all. Each is aligned to its own size there, so that bits 11:7
 * of the offset find the row and the bits below the interrupt.
 *
 * What the guest gets is a GIC with one security state (GICD_CTLR.DS is 1 and stays 1), with
 * affinity routing only (ARE is 1), without LPIs, with message-based SPIs (gicv3_msi.c): what
 * a machine without EL3 has. All
 * interrupts start in Group 1, as firmware leaves them for those who run in the
 * Non-secure state of another machine and cannot set the group.
 *
 * Accesses are those of 12.1.3: 32 bits; 8 bits too for priorities; 64 bits too for
 * GICD_IROUTER and GICR_TYPER. Others read as zero and write nothing, as do registers that
 * such a GIC does not have.
 */
#include <linux/bitfield.h>
#include <linux/irqchip/arm-gic-v3.h>

#include "../arm64/timer.h"
#include "gicv3.h"

/* 12.9.38: 1020 INTIDs of 10 bits, none that goes to any of several PEs */
#define TYPER_NO1N	BIT(25)
#define TYPER_IDBITS	GENMASK(23, 19)
#define TYPER_MBIS	BIT(16)		/* messages set SPIs pending */
#define DIST_TYPER	(TYPER_NO1N | FIELD_PREP(TYPER_IDBITS, 9) | TYPER_MBIS |	\
			 (GICV3_NR_BANKS - 1))

/* 12.9.36: the INTID that a message is for */
#define SETSPI_INTID	GENMASK(12, 0)

/* 12.9.10, 12.10.18: product 'A', implementer as for all that follows Arm's architecture */
#define IIDR		0x4100043b

/* 12.9.1: ArchRev 3 */
#define PIDR2		0x3b

/* 12.10.40: ProcessorSleep is acknowledged by ChildrenAsleep at once */
#define WAKER_BITS	(GICR_WAKER_ProcessorSleep | GICR_WAKER_ChildrenAsleep)

/* A redistributor's second frame */
#define SGI_BASE	SZ_64K

#define FIRST_FIELD	GICD_IGROUPR
#define END_OF_FIELDS	0x1000

/**
 * struct view - the interrupts that an access is about
 * @gic: the GIC
 * @cpu: whose, for bank 0
 * @bank: their bank
 * @n: its number
 * @first: the first of them in it
 */
struct view {
	struct arm64_gic *gic;
	struct arm64_gic_cpu *cpu;
	struct gicv3_bank *bank;
	unsigned int n;
	unsigned int first;
};

#define WAITS_READ	1
#define WAITS_WRITE	2

/**
 * struct field - a register that has some bits for each interrupt
 * @bits: how many
 * @waits: reads, writes: a vCPU that has such an interrupt listed is waited for
 * @read: value of the bits; NULL: 0
 * @write: gic->lock held, bits of interrupts that do not exist are 0; NULL: ignored
 */
struct field {
	u8 bits;
	u8 waits;
	u32 (*read)(const struct view *view);
	void (*write)(const struct view *view, u32 value);
};

/* --- fields of one bit ---------------------------------------------------- */

static u32 read_group(const struct view *view)
{
	return READ_ONCE(view->bank->group);
}

static void write_group(const struct view *view, u32 value)
{
	view->bank->group = value;
	gicv3_update(view->gic, view->cpu, view->n, U32_MAX);
}

static u32 read_enabled(const struct view *view)
{
	return READ_ONCE(view->bank->enabled);
}

/* Nobody need look for what is so already. */
static void set_enabled(const struct view *view, u32 value)
{
	value &= ~view->bank->enabled;
	if (!value)
		return;
	view->bank->enabled |= value;
	gicv3_update(view->gic, view->cpu, view->n, value);
}

static void clear_enabled(const struct view *view, u32 value)
{
	view->bank->enabled &= ~value;
	gicv3_update(view->gic, view->cpu, view->n, value);
}

/* What vCPUs in the guest have listed is seen when they have left it once. */
static u32 read_state(const struct view *view, bool active)
{
	u32 states[2] = {};
	unsigned long flags;

	flags = gicv3_lock(view->gic);
	if (view->bank->listed && !irqs_disabled_flags(flags)) {
		gicv3_update(view->gic, view->cpu, view->n, view->bank->listed);
		gicv3_settle(view->gic, gicv3_unlock(view->gic, flags));
		flags = gicv3_lock(view->gic);
	}
	states[false] = gicv3_pending(view->bank);
	states[true] = view->bank->active;
	gicv3_peek(view->gic, view->n, view->cpu, &states[false], &states[true]);
	gicv3_unlock(view->gic, flags);
	return states[active];
}

static u32 read_pending(const struct view *view)
{
	return read_state(view, false);
}

static void set_pending(const struct view *view, u32 value)
{
	view->bank->latch |= value;
	gicv3_update(view->gic, view->cpu, view->n, value);
}

/* A level stays pending while it is up. */
static void clear_pending(const struct view *view, u32 value)
{
	gicv3_forget(view->gic, view->n, view->cpu, value);
}

static u32 read_active(const struct view *view)
{
	return read_state(view, true);
}

/* An SPI becomes active on the vCPU it is routed to, or on the first one. */
static void set_active(const struct view *view, u32 value)
{
	unsigned long left = value & ~(view->bank->active | view->bank->listed);
	unsigned int bit;

	while (gicv3_next_bit(&left, &bit)) {
		u32 intid = view->n * GICV3_BANK_BITS + bit;
		u8 target = view->gic->target[intid];

		if (view->n)
			view->gic->state.owner[intid] = target == GICV3_NOBODY ? 0 : target;
	}
	view->bank->active |= value;
	gicv3_update(view->gic, view->cpu, view->n, value);
}

static void clear_active(const struct view *view, u32 value)
{
	view->bank->active &= ~value;
	gicv3_drop(view->gic, view->n, view->cpu, value, true);
	gicv3_update(view->gic, view->cpu, view->n, value);
	gicv3_gone(view->gic, view->n, value);
}

/* --- wider fields --------------------------------------------------------- */

static u32 read_priority(const struct view *view)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < 4 && view->first + i < GICV3_BANK_BITS; i++)
		value |= (u32)READ_ONCE(view->bank->priority[view->first + i]) << (8 * i);
	return value;
}

/* One byte; write_field() makes several of a word. */
static void write_priority(const struct view *view, u32 value)
{
	if (!(GICV3_BANK_MASK(view->n) & BIT(view->first)))
		return;
	view->bank->priority[view->first] = value & view->gic->priority_mask;
	gicv3_update(view->gic, view->cpu, view->n, BIT(view->first));
}

static u32 read_config(const struct view *view)
{
	u32 edge = READ_ONCE(view->bank->edge) >> view->first;
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < 16; i++)
		value |= (edge >> i & 1) << (2 * i + 1);
	return value;
}

/* SGIs are edges, PPIs of this machine levels. */
static void write_config(const struct view *view, u32 value)
{
	u32 edge = 0;
	unsigned int i;

	if (!view->n)
		return;
	for (i = 0; i < 16; i++)
		edge |= (value >> (2 * i + 1) & 1) << i;
	edge <<= view->first;
	edge |= view->bank->edge & ~(0xffffU << view->first);
	view->bank->edge = edge & GICV3_BANK_MASK(view->n);
	gicv3_update(view->gic, view->cpu, view->n, 0xffffU << view->first);
}

#define FIELD_SLOT(offset)	((offset) >> 7)

#define PRIORITY	{ .bits = 8, .read = read_priority, .write = write_priority }
#define CONFIG		{ .bits = 2, .read = read_config, .write = write_config }

/* 12.8, 12.10: a row for each 128 bytes; those that are not here are zero */
static const struct field fields[FIELD_SLOT(END_OF_FIELDS)] = {
	[FIELD_SLOT(GICD_IGROUPR)] = { 1, 0, read_group, write_group },
	[FIELD_SLOT(GICD_ISENABLER)] = { 1, 0, read_enabled, set_enabled },
	[FIELD_SLOT(GICD_ICENABLER)] = { 1, WAITS_WRITE, read_enabled, clear_enabled },
	[FIELD_SLOT(GICD_ISPENDR)] = { 1, WAITS_READ, read_pending, set_pending },
	[FIELD_SLOT(GICD_ICPENDR)] = { 1, WAITS_READ | WAITS_WRITE, read_pending, clear_pending },
	[FIELD_SLOT(GICD_ISACTIVER)] = { 1, WAITS_READ, read_active, set_active },
	[FIELD_SLOT(GICD_ICACTIVER)] = { 1, WAITS_READ | WAITS_WRITE, read_active, clear_active },
	[FIELD_SLOT(GICD_IPRIORITYR) ... FIELD_SLOT(GICD_IPRIORITYR + 0x380)] = PRIORITY,
	[FIELD_SLOT(GICD_ICFGR) ... FIELD_SLOT(GICD_ICFGR + 0x80)] = CONFIG,
};

/* The row of an access, with its view of the banks; NULL: reads as zero, ignores writes */
static __always_inline const struct field *
find_field(struct arm64_gic *gic, struct arm64_gic_cpu *cpu, const struct axvm_access *access,
	   struct view *view)
{
	const struct field *field = &fields[FIELD_SLOT(access->offset)];
	unsigned int intid, size = 0x80 * field->bits;

	if (!field->bits || !IS_ALIGNED(access->offset, access->width))
		return NULL;
	if (access->width != 4 && !(access->width == 1 && field->bits == 8))
		return NULL;
	intid = (access->offset & (size - 1)) * 8 / field->bits;
	view->n = intid / GICV3_BANK_BITS;
	view->first = intid % GICV3_BANK_BITS;
	/* The distributor has no bank 0, a redistributor no other. */
	if (!view->n != !!cpu)
		return NULL;
	view->gic = gic;
	view->cpu = cpu;
	view->bank = gicv3_bank(gic, cpu, view->n);
	return field;
}

/*
 * With interrupts off nobody is waited for, as two vCPUs would wait for each other: the access
 * comes again with interrupts on.
 */
static bool must_come_again(const struct field *field, unsigned int way, const struct view *view)
{
	return field->waits & way && READ_ONCE(view->bank->listed) && irqs_disabled();
}

static int read_field(struct arm64_gic *gic, struct arm64_gic_cpu *cpu,
		      struct axvm_access *access)
{
	const struct field *field;
	struct view view;

	field = find_field(gic, cpu, access, &view);
	if (!field)
		return AXVM_HANDLED;
	if (unlikely(must_come_again(field, WAITS_READ, &view)))
		return AXVM_UNCLAIMED;
	access->data = field->read(&view);
	return AXVM_HANDLED;
}

/* gic->lock held; bytes of priorities one by one */
static void write_wide(const struct field *field, struct view *view, u32 value, unsigned int width)
{
	unsigned int i;

	if (field->bits == 2)
		field->write(view, value);
	else
		for (i = 0; i < width; i++, view->first++, value >>= 8)
			field->write(view, value);
}

static noinline int write_wide_field(struct arm64_gic *gic, struct arm64_gic_cpu *cpu,
				     const struct axvm_access *access)
{
	const struct field *field;
	unsigned long flags;
	struct view view;

	field = find_field(gic, cpu, access, &view);
	if (!field)
		return AXVM_HANDLED;
	flags = gicv3_lock(gic);
	write_wide(field, &view, access->data, access->width);
	gicv3_unlock(gic, flags);
	return AXVM_HANDLED;
}

/* Of what is written, one bit an interrupt is most, and none other waits. */
static __always_inline int write_field(struct arm64_gic *gic, struct arm64_gic_cpu *cpu,
				       const struct axvm_access *access)
{
	const struct field *field = &fields[FIELD_SLOT(access->offset)];
	unsigned int n = (access->offset & 0x7f) / 4;
	unsigned long flags;
	struct view view;
	u64 kicks;

	if (unlikely(field->bits != 1))
		return write_wide_field(gic, cpu, access);
	if (unlikely(access->width != 4 || access->offset & 3 || !n != !!cpu))
		return AXVM_HANDLED;
	view.gic = gic;
	view.cpu = cpu;
	view.bank = gicv3_bank(gic, cpu, n);
	view.n = n;
	if (unlikely(must_come_again(field, WAITS_WRITE, &view)))
		return AXVM_UNCLAIMED;
	flags = gicv3_lock(gic);
	field->write(&view, access->data & GICV3_BANK_MASK(n));
	kicks = gicv3_unlock(gic, flags);
	if (unlikely(field->waits & WAITS_WRITE && !irqs_disabled()))
		gicv3_settle(gic, kicks);
	return AXVM_HANDLED;
}

/* --- distributor ---------------------------------------------------------- */

/* GICD_IROUTER: an SPI's, or NULL; the offset is 64 bits wide or half of that. */
static u64 *find_router(struct arm64_gic *gic, const struct axvm_access *access)
{
	u64 intid = (access->offset - GICD_IROUTER) / 8;

	if (access->width < 4 || !IS_ALIGNED(access->offset, access->width))
		return NULL;
	if (intid < GICV3_NR_PRIVATE || intid >= GICV3_NR_INTIDS)
		return NULL;
	return &gic->state.router[intid];
}

static u64 read_router(struct arm64_gic *gic, const struct axvm_access *access)
{
	const u64 *router = find_router(gic, access);

	return router ? READ_ONCE(*router) >> (8 * (access->offset & 4)) : 0;
}

static void write_router(struct arm64_gic *gic, const struct axvm_access *access)
{
	u32 intid = (access->offset - GICD_IROUTER) / 8;
	unsigned int n = intid / GICV3_BANK_BITS;
	u64 *router = find_router(gic, access);
	u64 value = access->data;
	unsigned long flags;

	if (!router)
		return;
	flags = gicv3_lock(gic);
	if (access->width == 4 && access->offset & 4)
		value = value << 32 | lower_32_bits(*router);
	else if (access->width == 4)
		value |= *router & GENMASK_ULL(63, 32);
	/* Who has it listed gives it back; then it goes the new way. */
	gicv3_update(gic, NULL, n, BIT(intid % GICV3_BANK_BITS));
	WRITE_ONCE(*router, value & GICV3_ROUTER_BITS);
	gicv3_route(gic, intid);
	gicv3_update(gic, NULL, n, BIT(intid % GICV3_BANK_BITS));
	gicv3_unlock(gic, flags);
}

static int write_ctlr(struct arm64_gic *gic, u32 value)
{
	unsigned long flags;

	if (irqs_disabled())
		return AXVM_UNCLAIMED;	/* and again with interrupts on */
	flags = gicv3_lock(gic);
	WRITE_ONCE(gic->state.ctlr, value & (GICV3_CTLR_GRP0 | GICV3_CTLR_GRP1));
	gicv3_touch_all(gic);
	gicv3_settle(gic, gicv3_unlock(gic, flags));
	return AXVM_HANDLED;
}

/* A write is complete when the guest goes on: RWP is never seen set. */
static u32 read_dist_word(const struct arm64_gic *gic, u64 offset)
{
	switch (offset) {
	case GICD_CTLR:
		return READ_ONCE(gic->state.ctlr) | GICD_CTLR_ARE_NS | GICD_CTLR_DS;
	case GICD_TYPER:
		return DIST_TYPER;
	case GICD_IIDR:
		return IIDR;
	case GICD_PIDR2:
		return PIDR2;
	default:
		return 0;
	}
}

/* AXVM_UNCLAIMED with interrupts off: ask again with interrupts on. */
static __always_inline int dist_read(struct arm64_gic *gic, struct axvm_access *access)
{
	if (access->offset >= FIRST_FIELD && access->offset < END_OF_FIELDS)
		return read_field(gic, NULL, access);
	if (access->offset >= GICD_IROUTER && access->offset < GICD_IDREGS)
		access->data = read_router(gic, access);
	else if (access->width == 4)
		access->data = read_dist_word(gic, access->offset);
	return AXVM_HANDLED;
}

/* AXVM_UNCLAIMED with interrupts off: ask again with interrupts on. */
static __always_inline int dist_write(struct arm64_gic *gic, struct axvm_access *access)
{
	if (access->offset >= FIRST_FIELD && access->offset < END_OF_FIELDS)
		return write_field(gic, NULL, access);
	if (access->width == 4 && access->offset == GICD_CTLR)
		return write_ctlr(gic, access->data);
	/* 12.1.3: 16 or 32 bits. With DS = 1 the registers of Secure state do nothing. */
	if (access->width & (2 | 4) &&
	    (access->offset == GICD_SETSPI_NSR || access->offset == GICD_CLRSPI_NSR))
		gicv3_message(gic, access->data & SETSPI_INTID,
			      access->offset == GICD_SETSPI_NSR);
	else if (access->offset >= GICD_IROUTER && access->offset < GICD_IDREGS)
		write_router(gic, access);
	return AXVM_HANDLED;
}

/* --- redistributors ------------------------------------------------------- */

/* 12.10.39 */
static u64 read_redist_typer(const struct arm64_gic_cpu *cpu, unsigned int frame)
{
	u64 mpidr = cpu->vcpu->arch.mpidr;
	u64 value;

	value = (mpidr >> 32 & 0xff) << 56 | (mpidr & GENMASK(23, 0)) << 32;
	value |= frame << 8;
	if (frame + 1 == READ_ONCE(cpu->gic->nr_frames))
		value |= GICR_TYPER_LAST;
	return value;
}

static u64 read_rd_base(const struct arm64_gic_cpu *cpu, unsigned int frame,
			const struct axvm_access *access)
{
	if (access->width == 8)
		return access->offset == GICR_TYPER ? read_redist_typer(cpu, frame) : 0;
	if (access->width != 4)
		return 0;
	switch (access->offset) {
	case GICR_IIDR:
		return IIDR;
	case GICR_TYPER:
		return lower_32_bits(read_redist_typer(cpu, frame));
	case GICR_TYPER + 4:
		return upper_32_bits(read_redist_typer(cpu, frame));
	case GICR_WAKER:
		return READ_ONCE(cpu->state.waker) ? WAKER_BITS : 0;
	case GICR_PIDR2:
		return PIDR2;
	default:
		return 0;
	}
}

/* AXVM_UNCLAIMED with interrupts off: ask again with interrupts on. */
static __always_inline int redist_read(struct arm64_gic_cpu *cpu, unsigned int frame,
				       struct axvm_access *access)
{
	if (access->offset < SGI_BASE) {
		access->data = read_rd_base(cpu, frame, access);
		return AXVM_HANDLED;
	}
	access->offset -= SGI_BASE;
	/* The guest has programmed its virtual timer without an exit. */
	if (access->offset >= GICR_ISPENDR0 && access->offset < GICR_ISACTIVER0 &&
	    access->vcpu == cpu->vcpu)
		arm64_timer_update(access->vcpu);
	if (access->offset >= FIRST_FIELD && access->offset < END_OF_FIELDS)
		return read_field(cpu->gic, cpu, access);
	return AXVM_HANDLED;
}

/* AXVM_UNCLAIMED with interrupts off: ask again with interrupts on. */
static __always_inline int redist_write(struct arm64_gic_cpu *cpu, struct axvm_access *access)
{
	if (access->offset < SGI_BASE) {
		/* Interrupts reach the CPU interface, asleep or not. */
		if (access->width == 4 && access->offset == GICR_WAKER)
			WRITE_ONCE(cpu->state.waker, !!(access->data & GICR_WAKER_ProcessorSleep));
		return AXVM_HANDLED;
	}
	access->offset -= SGI_BASE;
	if (access->offset >= FIRST_FIELD && access->offset < END_OF_FIELDS)
		return write_field(cpu->gic, cpu, access);
	return AXVM_HANDLED;
}

/* --- all accesses --------------------------------------------------------- */

/* Whose redistributor is meant; the offset becomes that from its start. */
static __always_inline struct arm64_gic_cpu *find_redist(struct arm64_gic *gic,
							 struct axvm_access *access,
							 unsigned int *frame)
{
	*frame = access->offset / GICV3_REDIST_LENGTH;
	access->offset %= GICV3_REDIST_LENGTH;
	if (*frame >= AXVM_MAX_VCPUS)
		return NULL;
	return READ_ONCE(gic->frame[*frame]);
}

/**
 * gicv3_read() - the guest reads the distributor or a redistributor
 * @dev: the device
 * @access: the access
 *
 * Return: AXVM_HANDLED; AXVM_UNCLAIMED: there is no such redistributor; or, with interrupts
 * off: ask again with interrupts on.
 */
int gicv3_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct arm64_gic *gic = gicv3_of(dev);
	struct arm64_gic_cpu *cpu;
	unsigned int frame;

	if (access->region == GICV3_REGION_DIST)
		return dist_read(gic, access);
	cpu = find_redist(gic, access, &frame);
	return cpu ? redist_read(cpu, frame, access) : AXVM_UNCLAIMED;
}

/**
 * gicv3_write() - the guest writes the distributor or a redistributor
 * @dev: the device
 * @access: the access
 *
 * Return: as gicv3_read().
 */
int gicv3_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct arm64_gic *gic = gicv3_of(dev);
	struct arm64_gic_cpu *cpu;
	unsigned int frame;

	if (access->region == GICV3_REGION_DIST)
		return dist_write(gic, access);
	cpu = find_redist(gic, access, &frame);
	return cpu ? redist_write(cpu, access) : AXVM_UNCLAIMED;
}
