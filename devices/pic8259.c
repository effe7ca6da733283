// SPDX-License-Identifier: GPL-2.0
/*
 * The two 8259A interrupt controllers of a PC: the master at ports 0x20 and 0x21, the
 * slave at 0xa0 and 0xa1 with its INT output wired to the master's IR2, and the edge/level
 * registers (ELCR) that the chipset adds at 0x4d0 and 0x4d1.
 *
 * An irqchip: lines 0, 1 and 3 to 15 of the VM are the inputs; line 2 does not exist, as
 * IR2 is the cascade. The master's INT output is INTR, which the local APICs ask for
 * through struct axvm_extint_ops, as they do for the vector at the INTA cycle.
 *
 * Register-exact after the 8259A datasheet (Intel 231468), but for:
 *  - A request by an edge stays until it is acknowledged. The chip forgets one whose
 *    input falls first and answers with IR7; devices here may pulse their lines.
 *  - MCS-80/85 mode (uPM = 0) gives the same vectors as 8086 mode: a CPU that wants a
 *    CALL instruction is not there. Buffered mode changes nothing.
 *  - A chip makes no interrupts between power-on and the end of its first ICW sequence.
 *
 * Locks: one of its own around every change, an irqchip lock (core/irq.h); INTR and the
 * registers are looked at without it. Nothing is called with it held.
 */
#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "../x86/x86.h"
#include "builtin.h"

#define PIC_LINES		16
#define PIC_CHIP_LINES		8
#define PIC_CASCADE		2	/* the master's input that the slave's INT output drives */
#define PIC_SPURIOUS		7	/* Interrupt Sequence: "issue an interrupt level 7" */
#define PIC_DATA_BUS_IDLE	0xff	/* what the CPU reads when no chip drives the data bus */

/* Offset in a chip's region: address line A0 */
#define PIC_COMMAND		0
#define PIC_DATA		1

/* Initialization Command Words */
#define ICW1			BIT(4)	/* A0 = 0: this is ICW1 */
#define ICW1_LTIM		BIT(3)	/* all inputs level triggered */
#define ICW1_SNGL		BIT(1)	/* no cascade, no ICW3 */
#define ICW1_IC4		BIT(0)	/* ICW4 follows */
#define ICW2_VECTOR		GENMASK(7, 3)
#define ICW3_SLAVE_ID		GENMASK(2, 0)
#define ICW4_SFNM		BIT(4)	/* special fully nested mode */
#define ICW4_AEOI		BIT(1)	/* automatic EOI */
#define ICW4_BITS		GENMASK(4, 0)

/* Operation Command Words; the IMR is OCW1 */
#define OCW2_ROTATE		BIT(7)
#define OCW2_SPECIFIC		BIT(6)
#define OCW2_EOI		BIT(5)
#define OCW2_LEVEL		GENMASK(2, 0)
#define OCW3			BIT(3)	/* A0 = 0, not ICW1: this is OCW3 */
#define OCW3_ESMM		BIT(6)	/* SMM counts */
#define OCW3_SMM		BIT(5)
#define OCW3_POLL		BIT(2)
#define OCW3_RR			BIT(1)	/* RIS counts */
#define OCW3_RIS		BIT(0)
#define POLL_INTERRUPT		BIT(7)

enum pic_region { PIC_MASTER, PIC_SLAVE, PIC_ELCR };

/* Inputs whose ELCR bit is fixed at "edge": timer, keyboard, cascade; RTC, FPU */
static const u8 elcr_writable[] = { 0xf8, 0xde };

/* What the next write with A0 = 1 is; in PIC_OFF and PIC_READY it is OCW1 */
enum pic_step { PIC_OFF, PIC_ICW2, PIC_ICW3, PIC_ICW4, PIC_READY };

/**
 * struct pic_chip - what the guest can see of one 8259A
 * @lines: levels of the inputs
 * @edges: edge-triggered inputs that rose and are not acknowledged yet
 * @isr: in-service register
 * @imr: interrupt mask register
 * @elcr: edge/level register: set bits are level triggered
 * @icw1: as written
 * @icw2: vector of IR0
 * @icw3: master: the inputs that have slaves; slave: its ID
 * @icw4: as written, 0 without ICW4
 * @step: enum pic_step
 * @lowest: the input of lowest priority, 7 until a rotation
 * @read_isr: A0 = 0 reads the ISR, not the IRR
 * @poll: the next read is a poll
 * @special_mask: special mask mode
 * @rotate_aeoi: automatic EOIs rotate the priorities
 * @reserved: 0
 */
struct pic_chip {
	u8 lines;
	u8 edges;
	u8 isr;
	u8 imr;
	u8 elcr;
	u8 icw1;
	u8 icw2;
	u8 icw3;
	u8 icw4;
	u8 step;
	u8 lowest;
	u8 read_isr;
	u8 poll;
	u8 special_mask;
	u8 rotate_aeoi;
	u8 reserved;
};

struct pic_state {
	struct pic_chip chip[2];
};

/**
 * struct pic8259 - an instance
 * @dev: the device
 * @lock: everything below
 * @state: what the guest can see
 * @intr: level of INTR, which follows from @state
 * @ended: level-triggered lines whose interrupt the guest has ended: pic_unlock() tells
 */
struct pic8259 {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct pic_state state;
	bool intr;
	u16 ended;
};

static struct pic8259 *to_pic(struct axvm_device *dev)
{
	return container_of(dev, struct pic8259, dev);
}

/* --- inputs and priorities; the lock is held ------------------------------------- */

static u8 pic_level_triggered(const struct pic_chip *chip)
{
	return chip->icw1 & ICW1_LTIM ? 0xff : chip->elcr;
}

static u8 pic_irr(const struct pic_chip *chip)
{
	return chip->edges | (chip->lines & pic_level_triggered(chip));
}

/* What is requested and not masked */
static u8 pic_unmasked(const struct pic_chip *chip)
{
	return pic_irr(chip) & ~chip->imr;
}

static void pic_set_input(struct pic_chip *chip, unsigned int input, bool level)
{
	u8 bit = BIT(input);

	if (!level) {
		chip->lines &= ~bit;
		return;
	}
	if (!(chip->lines & bit) && !(pic_level_triggered(chip) & bit))
		chip->edges |= bit;
	chip->lines |= bit;
}

/* Rank of the highest-priority bit of @inputs: 0 is the best, PIC_CHIP_LINES: none is set */
static unsigned int pic_rank(const struct pic_chip *chip, u8 inputs)
{
	u8 ranked = ror8(inputs, chip->lowest + 1);

	return ranked ? __ffs(ranked) : PIC_CHIP_LINES;
}

static unsigned int pic_at_rank(const struct pic_chip *chip, unsigned int rank)
{
	return (chip->lowest + 1 + rank) % PIC_CHIP_LINES;
}

/* May this input interrupt again while it is in service? Special Fully Nested Mode */
static bool pic_nests(const struct pic8259 *pic, const struct pic_chip *chip, unsigned int input)
{
	return chip == &pic->state.chip[PIC_MASTER] && chip->icw4 & ICW4_SFNM &&
	       chip->icw3 & BIT(input);
}

/* The input for which the chip has its INT output up, or -1 */
static int pic_request(const struct pic8259 *pic, const struct pic_chip *chip)
{
	unsigned int wanted, busy, input;
	u8 requests = pic_unmasked(chip);
	u8 in_service = chip->isr;

	if (!requests || chip->step != PIC_READY)
		return -1;
	/* Special Mask Mode: levels that are masked hold up nobody. */
	if (chip->special_mask)
		in_service &= ~chip->imr;
	wanted = pic_rank(chip, requests);
	busy = pic_rank(chip, in_service);
	if (wanted > busy)
		return -1;
	input = pic_at_rank(chip, wanted);
	if (wanted == busy && !pic_nests(pic, chip, input))
		return -1;
	return input;
}

/*
 * Bring INT of the slave to the master, and INTR up to date. Mostly nothing is requested and
 * nothing was: then there is nothing to do.
 *
 * Return: true if INTR rose: pic_unlock() tells.
 */
static noinline bool pic_resolve(struct pic8259 *pic)
{
	struct pic_chip *master = &pic->state.chip[PIC_MASTER];
	bool was = pic->intr, intr;

	pic_set_input(master, PIC_CASCADE, pic_request(pic, &pic->state.chip[PIC_SLAVE]) >= 0);
	intr = pic_request(pic, master) >= 0;
	WRITE_ONCE(pic->intr, intr);
	WRITE_ONCE(pic->dev.vm->arch.extint_up, intr);
	return intr && !was;
}

static __always_inline bool pic_quiet(const struct pic8259 *pic)
{
	const struct pic_chip *master = &pic->state.chip[PIC_MASTER];
	const struct pic_chip *slave = &pic->state.chip[PIC_SLAVE];

	return !(pic_unmasked(master) | pic_unmasked(slave) | pic->intr |
		 (master->lines & BIT(PIC_CASCADE)));
}

static void pic_unlock(struct pic8259 *pic, unsigned long flags)
	__releases(&pic->lock)
{
	unsigned long ended = pic->ended;
	bool rose = !pic_quiet(pic) && pic_resolve(pic);
	unsigned int line;

	pic->ended = 0;
	raw_spin_unlock_irqrestore(&pic->lock, flags);
	if (rose)
		axvm_x86_extint_changed(pic->dev.vm);
	if (likely(!ended))
		return;
	for_each_set_bit(line, &ended, 2 * PIC_CHIP_LINES)
		axvm_irq_ended(pic->dev.vm, line);
}

/* The guest is done with an input; the lock is held, by none who drives a line. */
static void pic_note_end(struct pic8259 *pic, const struct pic_chip *chip, unsigned int input)
{
	if (pic_level_triggered(chip) & BIT(input))
		pic->ended |= BIT(input) << (chip - pic->state.chip) * PIC_CHIP_LINES;
}

/* --- acknowledging; the lock is held --------------------------------------------- */

/* What an INTA cycle or a poll does to a chip. Return: the input, or -1: spurious */
static int pic_acknowledge(struct pic8259 *pic, struct pic_chip *chip)
{
	int input = pic_request(pic, chip);

	if (input < 0)
		return -1;
	chip->edges &= ~BIT(input);
	if (!(chip->icw4 & ICW4_AEOI))
		chip->isr |= BIT(input);
	else if (chip->rotate_aeoi)
		chip->lowest = input;
	if (chip->icw4 & ICW4_AEOI)
		pic_note_end(pic, chip, input);
	/* INT falls, and rises again for a further request: an edge for the master. */
	if (chip == &pic->state.chip[PIC_SLAVE])
		pic_set_input(&pic->state.chip[PIC_MASTER], PIC_CASCADE, false);
	return input;
}

/* The slave answers the second INTA pulse if it finds its ID on the cascade lines. */
static u8 pic_slave_vector(struct pic8259 *pic, unsigned int id)
{
	struct pic_chip *slave = &pic->state.chip[PIC_SLAVE];
	int input;

	if (slave->step != PIC_READY || slave->icw3 != id)
		return PIC_DATA_BUS_IDLE;
	input = pic_acknowledge(pic, slave);
	return slave->icw2 | (input < 0 ? PIC_SPURIOUS : input);
}

static bool pic_pending(struct axvm_device *dev)
{
	return READ_ONCE(to_pic(dev)->intr);
}

/*
 * The INTA cycle. Nobody is told if INTR stays up or rises again: the vCPU that
 * acknowledges looks at pending() once more before it enters the guest.
 */
static int pic_ack(struct axvm_device *dev)
{
	struct pic8259 *pic = to_pic(dev);
	struct pic_chip *master = &pic->state.chip[PIC_MASTER];
	unsigned long flags;
	int input;
	u8 vector;

	raw_spin_lock_irqsave(&pic->lock, flags);
	input = pic_acknowledge(pic, master);
	if (input < 0)
		vector = master->icw2 | PIC_SPURIOUS;
	else if (master->icw3 & BIT(input))
		vector = pic_slave_vector(pic, input);
	else
		vector = master->icw2 | input;
	pic_resolve(pic);
	raw_spin_unlock_irqrestore(&pic->lock, flags);
	return vector;
}

static const struct axvm_extint_ops pic_extint_ops = {
	.pending = pic_pending,
	.ack = pic_ack,
};

/* --- registers; the lock is held -------------------------------------------------- */

/* "The following automatically occur", a to f. Besides, no level is in service. */
static void pic_write_icw1(struct pic8259 *pic, struct pic_chip *chip, u8 value)
{
	bool slave = chip == &pic->state.chip[PIC_SLAVE];

	chip->icw1 = value;
	chip->edges = 0;
	chip->imr = 0;
	chip->isr = 0;
	chip->lowest = 7;
	chip->icw3 = slave ? 7 : 0;
	chip->icw4 = 0;
	chip->special_mask = 0;
	chip->rotate_aeoi = 0;
	chip->read_isr = 0;
	chip->poll = 0;
	chip->step = PIC_ICW2;
}

/* The end of interrupt of @input, or of the highest one in service. Return: it, or -1 */
static int pic_eoi(struct pic_chip *chip, u8 value)
{
	u8 in_service = chip->isr;
	unsigned int rank;
	int input;

	if (value & OCW2_SPECIFIC) {
		input = value & OCW2_LEVEL;
	} else {
		/* Special Mask Mode: a masked bit "will not be cleared by a non-specific EOI". */
		if (chip->special_mask)
			in_service &= ~chip->imr;
		rank = pic_rank(chip, in_service);
		if (rank == PIC_CHIP_LINES)
			return -1;
		input = pic_at_rank(chip, rank);
	}
	chip->isr &= ~BIT(input);
	return input;
}

static void pic_write_ocw2(struct pic8259 *pic, struct pic_chip *chip, u8 value)
{
	int input = value & OCW2_LEVEL;

	if (value & OCW2_EOI) {
		input = pic_eoi(chip, value);
		if (input >= 0)
			pic_note_end(pic, chip, input);
	} else if (!(value & OCW2_SPECIFIC)) {
		chip->rotate_aeoi = !!(value & OCW2_ROTATE);
	}

	/* Rotation: by EOI of either kind, or by the set-priority command */
	if (value & OCW2_ROTATE && value & (OCW2_EOI | OCW2_SPECIFIC) && input >= 0)
		chip->lowest = input;
}

static void pic_write_ocw3(struct pic_chip *chip, u8 value)
{
	if (value & OCW3_ESMM)
		chip->special_mask = !!(value & OCW3_SMM);
	if (value & OCW3_RR)
		chip->read_isr = !!(value & OCW3_RIS);
	WRITE_ONCE(chip->poll, !!(value & OCW3_POLL));
}

/* Initialisation: what comes after ICW1, in the order that ICW1 says */
static noinline void pic_write_icw(struct pic8259 *pic, struct pic_chip *chip, u8 value)
{
	u8 last = chip->icw1 & ICW1_IC4 ? PIC_ICW4 : PIC_READY;

	switch (chip->step) {
	case PIC_ICW2:
		chip->icw2 = value & ICW2_VECTOR;
		chip->step = chip->icw1 & ICW1_SNGL ? last : PIC_ICW3;
		break;
	case PIC_ICW3:
		if (chip == &pic->state.chip[PIC_SLAVE])
			value &= ICW3_SLAVE_ID;
		chip->icw3 = value;
		chip->step = last;
		break;
	default:
		chip->icw4 = value & ICW4_BITS;
		chip->step = PIC_READY;
	}
}

static void pic_write_data(struct pic8259 *pic, struct pic_chip *chip, u8 value)
{
	if (likely(chip->step == PIC_READY || chip->step == PIC_OFF))
		WRITE_ONCE(chip->imr, value);
	else
		pic_write_icw(pic, chip, value);
}

static void pic_write_elcr(struct pic_chip *chip, u8 value)
{
	WRITE_ONCE(chip->elcr, value);
	chip->edges &= ~pic_level_triggered(chip);
}

static void pic_write_byte(struct pic8259 *pic, unsigned int region, unsigned int offset, u8 value)
{
	struct pic_chip *chip;

	if (region == PIC_ELCR) {
		pic_write_elcr(&pic->state.chip[offset], value & elcr_writable[offset]);
		return;
	}
	chip = &pic->state.chip[region];
	if (offset == PIC_DATA)
		pic_write_data(pic, chip, value);
	else if (value & ICW1)
		pic_write_icw1(pic, chip, value);
	else if (value & OCW3)
		pic_write_ocw3(chip, value);
	else
		pic_write_ocw2(pic, chip, value);
}

/* --- accesses ----------------------------------------------------------------------- */

/* Poll Command: the next RD pulse, whatever A0 is, is an interrupt acknowledge. */
static noinline u8 pic_poll(struct pic8259 *pic, struct pic_chip *chip)
{
	unsigned long flags;
	int input;

	raw_spin_lock_irqsave(&pic->lock, flags);
	WRITE_ONCE(chip->poll, 0);
	input = pic_acknowledge(pic, chip);
	pic_unlock(pic, flags);
	return input < 0 ? 0 : POLL_INTERRUPT | input;
}

/* Registers are bytes: they are read without the lock. */
static u8 pic_read_byte(struct pic8259 *pic, unsigned int region, unsigned int offset)
{
	struct pic_chip *chip;

	if (region == PIC_ELCR)
		return READ_ONCE(pic->state.chip[offset].elcr);
	chip = &pic->state.chip[region];
	if (READ_ONCE(chip->poll))
		return pic_poll(pic, chip);
	if (offset == PIC_DATA)
		return READ_ONCE(chip->imr);
	return READ_ONCE(chip->read_isr) ? READ_ONCE(chip->isr) : pic_irr(chip);
}

/* The chips have 8 data lines: the bus makes a wider access two, the lower port first. */
static int pic_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct pic8259 *pic = to_pic(dev);
	unsigned int i;

	access->data = pic_read_byte(pic, access->region, access->offset);
	for (i = 1; i < access->width; i++)
		access->data |= (u64)pic_read_byte(pic, access->region, access->offset + i) <<
				8 * i;
	return AXVM_HANDLED;
}

static int pic_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct pic8259 *pic = to_pic(dev);
	unsigned long flags;
	unsigned int i = 0;

	raw_spin_lock_irqsave(&pic->lock, flags);
	do {
		pic_write_byte(pic, access->region, access->offset + i, access->data >> 8 * i);
	} while (unlikely(++i < access->width));
	pic_unlock(pic, flags);
	return AXVM_HANDLED;
}

static void pic_set_level(struct axvm_device *dev, u32 irq, bool level)
{
	struct pic8259 *pic = to_pic(dev);
	unsigned long flags;

	if (irq >= PIC_LINES || irq == PIC_CASCADE)
		return;
	raw_spin_lock_irqsave(&pic->lock, flags);
	pic_set_input(&pic->state.chip[irq / PIC_CHIP_LINES], irq % PIC_CHIP_LINES, level);
	pic_unlock(pic, flags);
}

static const struct axvm_irqchip_ops pic_irqchip_ops = {
	.set_level = pic_set_level,
};

/* --- life ----------------------------------------------------------------------------- */

/* The inputs stay: they are the devices'. */
static void pic_reset(struct axvm_device *dev)
{
	struct pic8259 *pic = to_pic(dev);
	struct pic_chip *chip;
	unsigned long flags;

	raw_spin_lock_irqsave(&pic->lock, flags);
	for (chip = pic->state.chip; chip < pic->state.chip + 2; chip++)
		*chip = (struct pic_chip){ .lines = chip->lines, .lowest = 7 };
	pic_unlock(pic, flags);
}

static void pic_save(struct axvm_device *dev, void *buf)
{
	struct pic8259 *pic = to_pic(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pic->lock, flags);
	memcpy(buf, &pic->state, sizeof(pic->state));
	raw_spin_unlock_irqrestore(&pic->lock, flags);
}

static bool pic_chip_valid(const struct pic_chip *chip, unsigned int n)
{
	if (chip->step > PIC_READY || chip->lowest >= PIC_CHIP_LINES || chip->reserved)
		return false;
	if (chip->elcr & ~elcr_writable[n] || chip->edges & pic_level_triggered(chip))
		return false;
	if (chip->icw2 & ~ICW2_VECTOR || chip->icw4 & ~ICW4_BITS)
		return false;
	if (n == PIC_SLAVE && chip->icw3 & ~ICW3_SLAVE_ID)
		return false;
	return (chip->read_isr | chip->poll | chip->special_mask | chip->rotate_aeoi) <= 1;
}

/*
 * The inputs are restored too, so that a device that raises its line when it is restored
 * in its turn makes no edge of what was none.
 */
static int pic_restore(struct axvm_device *dev, const void *buf)
{
	struct pic8259 *pic = to_pic(dev);
	const struct pic_state *from = buf;
	unsigned long flags;

	if (!pic_chip_valid(&from->chip[PIC_MASTER], PIC_MASTER) ||
	    !pic_chip_valid(&from->chip[PIC_SLAVE], PIC_SLAVE))
		return -EINVAL;
	raw_spin_lock_irqsave(&pic->lock, flags);
	pic->state = *from;
	pic_unlock(pic, flags);
	return 0;
}

/* Readers of vm->arch.extint are RCU read sections: when they are gone, so may the chips. */
static void pic_destroy(struct axvm_device *dev)
{
	struct axvm_vm_arch *arch = &dev->vm->arch;

	axvm_irqchip_unregister(dev);
	WRITE_ONCE(arch->extint, NULL);
	synchronize_rcu();
	WRITE_ONCE(arch->extint_up, false);
	WRITE_ONCE(arch->pic, NULL);
}

static int pic_init(struct axvm_device *dev)
{
	static const u16 base[] = { [PIC_MASTER] = 0x20, [PIC_SLAVE] = 0xa0, [PIC_ELCR] = 0x4d0 };
	const struct axvm_device_config *config = &dev->config;
	struct axvm_vm_arch *arch = &dev->vm->arch;
	struct pic8259 *pic = to_pic(dev);
	unsigned int i;
	int ret;

	if ((config->base && config->base != base[PIC_MASTER]) ||
	    (config->length && config->length != 2) || config->nr_cfg)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(base); i++) {
		ret = axvm_device_add_region(dev, AXVM_BUS_PORT, base[i], 2);
		if (ret)
			return ret;
	}
	raw_spin_lock_init(&pic->lock);
	pic_reset(dev);
	ret = axvm_irqchip_register(dev, &pic_irqchip_ops);
	if (ret)
		return ret;
	WRITE_ONCE(arch->pic, dev);
	/* Who sees the operations sees the chips, ready for use. */
	smp_store_release(&arch->extint, &pic_extint_ops);
	return 0;
}

static const struct axvm_device_ops pic_ops = {
	.read = pic_read,
	.write = pic_write,
	.reset = pic_reset,
	.destroy = pic_destroy,
	.save = pic_save,
	.restore = pic_restore,
};

struct axvm_device_type axvm_pic8259_type = {
	.name = "pic8259",
	.number = AXVM_DEV_PIC,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct pic8259),
	.state_size = sizeof(struct pic_state),
	.init = pic_init,
	.ops = &pic_ops,
};
