// SPDX-License-Identifier: GPL-2.0
/*
 * IOAPIC: 82093AA datasheet, with the EOI register of version 20H (ICH9 datasheet, 13.5).
 * It turns the lines of the VM into messages to the local APICs (axvm_apic_deliver()).
 *
 * The wiring of this machine: line n is pin n, but line 0 (the 8254) is pin 2, as on every
 * PC, where the MADT tells of it; pin 0 and line 2 are not connected. Lines are asserted or
 * not: the polarity bit of an entry is kept, and means nothing.
 *
 * An edge is a line going up. On a masked pin it is lost (datasheet 3.2.4, bit 16). A level
 * is sent once, sets Remote IRR if a local APIC took it, and is sent again when the EOI
 * has come and the line is still up, or when the entry is written while it is up. SMI and
 * ExtINT go nowhere: no local APIC takes them (lapic_irq.c). NMI and INIT are edges
 * whatever the entry says.
 *
 * Registers are read and written by aligned accesses of 32 bits; other reads give those of
 * their bytes that lie in a register. IOREGSEL takes writes of any width, IOWIN and EOIR of
 * 32 bits alone.
 *
 * Owns: struct ioapic_state. Locks: ioapic->lock, an irqchip lock (core/irq.h): taken under
 * the router's, held while local APICs take messages. Reads of registers take none.
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <asm/apicdef.h>

#include "../core/vm.h"
#include "../x86/x86.h"
#include "builtin.h"

#define IOAPIC_PINS		24
#define IOAPIC_LENGTH		0x1000

/* The only line that is not the pin of its number */
#define PIT_LINE		0
#define PIT_PIN			2

/* Offsets: datasheet 3.0 */
#define IOREGSEL		0x00
#define IOWIN			0x10
#define EOIR			0x40

/* Indices in IOREGSEL */
#define IOAPICID		0x00
#define IOAPICVER		0x01
#define IOAPICARB		0x02
#define IOREDTBL		0x10

#define IOAPIC_VERSION		(0x20 | (IOAPIC_PINS - 1) << 16)
#define IOAPIC_ID		GENMASK(27, 24)

/* IOREDTBL: datasheet 3.2.4 */
#define RED_VECTOR		GENMASK_ULL(7, 0)
#define RED_DELIVERY_MODE	GENMASK_ULL(10, 8)
#define RED_LOGICAL		BIT_ULL(11)
#define RED_DELIVERY_STATUS	BIT_ULL(12)
#define RED_POLARITY		BIT_ULL(13)
#define RED_REMOTE_IRR		BIT_ULL(14)
#define RED_LEVEL		BIT_ULL(15)
#define RED_MASK		BIT_ULL(16)
#define RED_DESTINATION		GENMASK_ULL(63, 56)
#define RED_WRITABLE		(RED_VECTOR | RED_DELIVERY_MODE | RED_LOGICAL | RED_POLARITY | \
				 RED_LEVEL | RED_MASK | RED_DESTINATION)

/* Fixed and lowest priority; the modes after them know no level. */
#define LAST_LEVEL_MODE		1

/**
 * struct ioapic_state - all that the guest can see
 * @entry: the redirection table, without the bits that only the IOAPIC writes
 * @lines: bit: the pin is asserted
 * @remote_irr: bit: Remote IRR of the pin
 * @id: IOAPICID
 * @select: IOREGSEL
 */
struct ioapic_state {
	u64 entry[IOAPIC_PINS];
	u32 lines;
	u32 remote_irr;
	u32 id;
	u32 select;
};

struct ioapic {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct ioapic_state state;
};

static struct ioapic *to_ioapic(struct axvm_device *dev)
{
	return container_of(dev, struct ioapic, dev);
}

/* --- interrupts; ioapic->lock held ---------------------------------------- */

static bool entry_is_level(u64 entry)
{
	return entry & RED_LEVEL && FIELD_GET(RED_DELIVERY_MODE, entry) <= LAST_LEVEL_MODE;
}

/* True if a local APIC took it. */
static bool ioapic_send(struct ioapic *ioapic, unsigned int pin)
{
	u64 entry = ioapic->state.entry[pin];
	struct axvm_apic_msg msg = {
		.dest = FIELD_GET(RED_DESTINATION, entry),
		.vector = FIELD_GET(RED_VECTOR, entry),
		.mode = FIELD_GET(RED_DELIVERY_MODE, entry),
		.logical = entry & RED_LOGICAL,
		.level = entry_is_level(entry),
	};

	return axvm_apic_deliver(ioapic->dev.vm, &msg) > 0;
}

static void ioapic_send_level(struct ioapic *ioapic, unsigned int pin)
{
	struct ioapic_state *state = &ioapic->state;
	u64 entry = state->entry[pin];

	if (entry & RED_MASK || !entry_is_level(entry) ||
	    !(state->lines & ~state->remote_irr & BIT(pin)))
		return;
	if (ioapic_send(ioapic, pin))
		WRITE_ONCE(state->remote_irr, state->remote_irr | BIT(pin));
}

static void ioapic_set_pin(struct ioapic *ioapic, unsigned int pin, bool level)
{
	struct ioapic_state *state = &ioapic->state;
	bool rises = level && !(state->lines & BIT(pin));
	u64 entry = state->entry[pin];

	if (level)
		state->lines |= BIT(pin);
	else
		state->lines &= ~BIT(pin);

	if (entry_is_level(entry))
		ioapic_send_level(ioapic, pin);
	else if (rises && !(entry & RED_MASK))
		ioapic_send(ioapic, pin);
}

/* The pins that wait for the end of @vector */
static unsigned long ioapic_pins_of(const struct ioapic *ioapic, u8 vector)
{
	const struct ioapic_state *state = &ioapic->state;
	unsigned long irr = state->remote_irr, pins = 0;
	unsigned int pin;

	for_each_set_bit(pin, &irr, IOAPIC_PINS)
		if (FIELD_GET(RED_VECTOR, state->entry[pin]) == vector)
			pins |= BIT(pin);
	return pins;
}

/* What is still asserted comes again. */
static void ioapic_end_pins(struct ioapic *ioapic, unsigned long pins)
{
	struct ioapic_state *state = &ioapic->state;
	unsigned int pin;

	for_each_set_bit(pin, &pins, IOAPIC_PINS) {
		WRITE_ONCE(state->remote_irr, state->remote_irr & ~BIT(pin));
		ioapic_send_level(ioapic, pin);
	}
}

static void ioapic_set_level(struct axvm_device *chip, u32 irq, bool level)
{
	struct ioapic *ioapic = to_ioapic(chip);
	unsigned int pin = irq == PIT_LINE ? PIT_PIN : irq;
	unsigned long flags;

	if (pin >= IOAPIC_PINS || irq == PIT_PIN)
		return;
	raw_spin_lock_irqsave(&ioapic->lock, flags);
	ioapic_set_pin(ioapic, pin, level);
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
}

/*
 * @vector ends; ioapic->lock not held. First those hear of it who hold the lines up until
 * then; meanwhile Remote IRR keeps what they raise again.
 */
static void ioapic_end_vector(struct ioapic *ioapic, u8 vector)
{
	unsigned long flags, pins;
	unsigned int pin;

	raw_spin_lock_irqsave(&ioapic->lock, flags);
	pins = ioapic_pins_of(ioapic, vector);
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
	if (!pins)
		return;
	for_each_set_bit(pin, &pins, IOAPIC_PINS)
		axvm_irq_ended(ioapic->dev.vm, pin == PIT_PIN ? PIT_LINE : pin);
	raw_spin_lock_irqsave(&ioapic->lock, flags);
	ioapic_end_pins(ioapic, pins & ioapic_pins_of(ioapic, vector));
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
}

static void ioapic_eoi(struct axvm_device *chip, struct axvm_vcpu *vcpu, u32 irq)
{
	ioapic_end_vector(to_ioapic(chip), irq);
}

static const struct axvm_irqchip_ops ioapic_irqchip_ops = {
	.set_level = ioapic_set_level,
	.eoi = ioapic_eoi,
};

/* --- registers ------------------------------------------------------------ */

/* Half of an entry; Delivery Status is never seen set, as messages take no time. */
static u32 ioapic_read_entry(const struct ioapic_state *state, unsigned int index)
{
	unsigned int pin = (index - IOREDTBL) / 2;
	u64 entry;

	if (pin >= IOAPIC_PINS)
		return 0;
	entry = READ_ONCE(state->entry[pin]);
	if (index & 1)
		return entry >> 32;
	return entry | (READ_ONCE(state->remote_irr) & BIT(pin) ? RED_REMOTE_IRR : 0);
}

static u32 ioapic_read_window(const struct ioapic_state *state)
{
	unsigned int index = READ_ONCE(state->select);

	if (index >= IOREDTBL)
		return ioapic_read_entry(state, index);
	switch (index) {
	case IOAPICID:
	case IOAPICARB:	/* loaded whenever the id is written: datasheet 3.2.3 */
		return READ_ONCE(state->id);
	case IOAPICVER:
		return IOAPIC_VERSION;
	default:
		return 0;
	}
}

static int ioapic_read(struct axvm_device *dev, struct axvm_access *access)
{
	const struct ioapic_state *state = &to_ioapic(dev)->state;
	u32 value = 0;

	switch (access->offset & ~3ULL) {
	case IOREGSEL:
		value = READ_ONCE(state->select);
		break;
	case IOWIN:
		value = ioapic_read_window(state);
		break;
	}
	access->data = value >> (8 * (access->offset & 3));
	return AXVM_HANDLED;
}

/* Half of an entry. An entry that is not level-triggered has no Remote IRR. */
static void ioapic_write_entry(struct ioapic *ioapic, unsigned int index, u32 value)
{
	struct ioapic_state *state = &ioapic->state;
	unsigned int pin = (index - IOREDTBL) / 2;
	u64 entry;

	if (pin >= IOAPIC_PINS)
		return;
	if (index & 1)
		entry = (u64)value << 32 | lower_32_bits(state->entry[pin]);
	else
		entry = (state->entry[pin] & ~(u64)U32_MAX) | value;
	WRITE_ONCE(state->entry[pin], entry & RED_WRITABLE);
	if (!entry_is_level(entry))
		WRITE_ONCE(state->remote_irr, state->remote_irr & ~BIT(pin));
	ioapic_send_level(ioapic, pin);
}

static void ioapic_write_window(struct ioapic *ioapic, u32 value)
{
	struct ioapic_state *state = &ioapic->state;

	if (state->select >= IOREDTBL)
		ioapic_write_entry(ioapic, state->select, value);
	else if (state->select == IOAPICID)
		WRITE_ONCE(state->id, value & IOAPIC_ID);
}

static int ioapic_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct ioapic *ioapic = to_ioapic(dev);
	unsigned long flags;

	if (access->offset != IOREGSEL && access->width != 4)
		return AXVM_HANDLED;
	if (access->offset == EOIR) {
		ioapic_end_vector(ioapic, access->data);
		return AXVM_HANDLED;
	}
	raw_spin_lock_irqsave(&ioapic->lock, flags);
	switch (access->offset) {
	case IOREGSEL:
		WRITE_ONCE(ioapic->state.select, access->data & 0xff);
		break;
	case IOWIN:
		ioapic_write_window(ioapic, access->data);
		break;
	}
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
	return AXVM_HANDLED;
}

/* --- life ----------------------------------------------------------------- */

/* The lines are not the IOAPIC's to reset. */
static void ioapic_reset(struct axvm_device *dev)
{
	struct ioapic *ioapic = to_ioapic(dev);
	struct ioapic_state *state = &ioapic->state;
	unsigned long flags;
	unsigned int pin;

	raw_spin_lock_irqsave(&ioapic->lock, flags);
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		state->entry[pin] = RED_MASK;
	state->remote_irr = 0;
	state->id = 0;
	state->select = 0;
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
}

static int ioapic_init(struct axvm_device *dev)
{
	struct ioapic *ioapic = to_ioapic(dev);
	u64 base = dev->config.base ? dev->config.base : IO_APIC_DEFAULT_PHYS_BASE;
	int ret;

	if (dev->config.nr_cfg || !IS_ALIGNED(base, IOAPIC_LENGTH) ||
	    (dev->config.length && dev->config.length != IOAPIC_LENGTH))
		return -EINVAL;
	raw_spin_lock_init(&ioapic->lock);
	ioapic_reset(dev);
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, base, IOAPIC_LENGTH);
	if (ret)
		return ret;
	return axvm_irqchip_register(dev, &ioapic_irqchip_ops);
}

static void ioapic_destroy(struct axvm_device *dev)
{
	axvm_irqchip_unregister(dev);
}

static void ioapic_save(struct axvm_device *dev, void *buf)
{
	struct ioapic *ioapic = to_ioapic(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&ioapic->lock, flags);
	memcpy(buf, &ioapic->state, sizeof(ioapic->state));
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
}

static bool state_is_valid(const struct ioapic_state *state)
{
	unsigned int pin;

	if ((state->lines | state->remote_irr) >> IOAPIC_PINS || state->id & ~IOAPIC_ID ||
	    state->select > 0xff)
		return false;
	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		if (state->entry[pin] & ~RED_WRITABLE)
			return false;
		if (state->remote_irr & BIT(pin) && !entry_is_level(state->entry[pin]))
			return false;
	}
	return true;
}

/* Sends nothing: what was to be sent waits in the local APICs, restored on their own. */
static int ioapic_restore(struct axvm_device *dev, const void *buf)
{
	const struct ioapic_state *state = buf;
	struct ioapic *ioapic = to_ioapic(dev);
	unsigned long flags;

	if (!state_is_valid(state))
		return -EINVAL;
	raw_spin_lock_irqsave(&ioapic->lock, flags);
	ioapic->state = *state;
	raw_spin_unlock_irqrestore(&ioapic->lock, flags);
	return 0;
}

static const struct axvm_device_ops ioapic_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
	.reset = ioapic_reset,
	.destroy = ioapic_destroy,
	.save = ioapic_save,
	.restore = ioapic_restore,
};

struct axvm_device_type axvm_ioapic_type = {
	.name = "ioapic",
	.number = AXVM_DEV_IOAPIC,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct ioapic),
	.state_size = sizeof(struct ioapic_state),
	.init = ioapic_init,
	.ops = &ioapic_ops,
};
