// SPDX-License-Identifier: GPL-2.0
/*
 * The two reset buttons that PC software knows.
 *
 *  - The keyboard controller's command "pulse output port" at port 0x64 (8042: the
 *    processor's reset hangs on bit 0 of that port). No keyboard controller is here
 *    otherwise: it behaves as one whose output buffer is stuck. A driver that empties
 *    the buffer before it starts gives up after a few bytes (Linux: "No controller
 *    found", after 16), one that waits for an answer to a command gets a wrong one at
 *    once, and the input buffer is never full, so nobody waits before the reset
 *    command. The buffer does run dry in the end, for loops that empty it to the last.
 *  - The reset control register at port 0xcf9 (ICH9 datasheet, 13.7.5), also the reset
 *    register of ACPI's FADT. It is one byte in the middle of the PCI configuration
 *    address register, which has other widths.
 *
 * Both stop the VM with AXVM_STOP_RESET. Locks: its own, around the state.
 */
#include <linux/bits.h>
#include <linux/spinlock.h>

#include "builtin.h"

/* Regions: one port each */
enum { KBC_DATA, KBC_STATUS, RST_CNT };

static const u16 pc_reset_ports[] = {
	[KBC_DATA] = 0x60,
	[KBC_STATUS] = 0x64,	/* writes: commands */
	[RST_CNT] = 0xcf9,
};

#define KBC_STATUS_OBF		BIT(0)	/* output buffer full: a byte is to be read */
#define KBC_CMD_PULSE		0xf0	/* 0xf0 to 0xff: pulse those of bits 3:0 that are 0 */
#define KBC_OUT_RESET		BIT(0)
#define KBC_NO_DATA		0xff
#define KBC_STUCK_BYTES		64

#define RST_CNT_SYS_RST		BIT(1)	/* kind of reset; all kinds are one here */
#define RST_CNT_RST_CPU		BIT(2)	/* 0 to 1: reset now */
#define RST_CNT_FULL_RST	BIT(3)
#define RST_CNT_BITS		(RST_CNT_SYS_RST | RST_CNT_RST_CPU | RST_CNT_FULL_RST)

/**
 * struct pc_reset_state - what the guest can see
 * @stuck: bytes that can still be read from the keyboard controller
 * @rst_cnt: reset control register
 */
struct pc_reset_state {
	u8 stuck;
	u8 rst_cnt;
};

struct pc_reset {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct pc_reset_state state;
};

static struct pc_reset *to_pc_reset(struct axvm_device *dev)
{
	return container_of(dev, struct pc_reset, dev);
}

static u8 kbc_read_data(struct pc_reset_state *s)
{
	if (s->stuck)
		s->stuck--;
	return KBC_NO_DATA;
}

static int pc_reset_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pc->lock, flags);
	if (access->region == KBC_DATA)
		access->data = kbc_read_data(&pc->state);
	else if (access->region == KBC_STATUS)
		access->data = pc->state.stuck ? KBC_STATUS_OBF : 0;
	else
		access->data = pc->state.rst_cnt;
	raw_spin_unlock_irqrestore(&pc->lock, flags);
	return AXVM_HANDLED;
}

/* Returns true if this is a reset */
static bool kbc_command(struct pc_reset_state *s, u8 command)
{
	s->stuck = KBC_STUCK_BYTES;
	return (command & (KBC_CMD_PULSE | KBC_OUT_RESET)) == KBC_CMD_PULSE;
}

/* Returns true if this is a reset */
static bool rst_cnt_write(struct pc_reset_state *s, u8 value)
{
	bool rising = value & ~s->rst_cnt & RST_CNT_RST_CPU;

	s->rst_cnt = value & RST_CNT_BITS;
	return rising;
}

static int pc_reset_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned long flags;
	bool reset = false;

	raw_spin_lock_irqsave(&pc->lock, flags);
	if (access->region == KBC_DATA)
		pc->state.stuck = KBC_STUCK_BYTES;
	else if (access->region == KBC_STATUS)
		reset = kbc_command(&pc->state, access->data);
	else
		reset = rst_cnt_write(&pc->state, access->data);
	raw_spin_unlock_irqrestore(&pc->lock, flags);
	if (reset)
		axvm_vm_stop(dev->vm, AXVM_STOP_RESET, 0);
	return AXVM_HANDLED;
}

static void pc_reset_reset(struct axvm_device *dev)
{
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pc->lock, flags);
	pc->state = (struct pc_reset_state){ .stuck = KBC_STUCK_BYTES };
	raw_spin_unlock_irqrestore(&pc->lock, flags);
}

static void pc_reset_save(struct axvm_device *dev, void *buf)
{
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pc->lock, flags);
	memcpy(buf, &pc->state, sizeof(pc->state));
	raw_spin_unlock_irqrestore(&pc->lock, flags);
}

static int pc_reset_restore(struct axvm_device *dev, const void *buf)
{
	const struct pc_reset_state *from = buf;
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned long flags;

	if (from->stuck > KBC_STUCK_BYTES || from->rst_cnt & ~RST_CNT_BITS)
		return -EINVAL;
	raw_spin_lock_irqsave(&pc->lock, flags);
	pc->state = *from;
	raw_spin_unlock_irqrestore(&pc->lock, flags);
	return 0;
}

static int pc_reset_init(struct axvm_device *dev)
{
	struct pc_reset *pc = to_pc_reset(dev);
	unsigned int i;
	int ret;

	/* Every PC has it at these ports. */
	if (dev->config.base || dev->config.length || dev->config.nr_cfg)
		return -EINVAL;
	raw_spin_lock_init(&pc->lock);
	pc_reset_reset(dev);
	for (i = 0; i < ARRAY_SIZE(pc_reset_ports); i++) {
		ret = axvm_device_add_region(dev, AXVM_BUS_PORT, pc_reset_ports[i], 1);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct axvm_device_ops pc_reset_ops = {
	.read = pc_reset_read,
	.write = pc_reset_write,
	.reset = pc_reset_reset,
	.save = pc_reset_save,
	.restore = pc_reset_restore,
};

struct axvm_device_type axvm_pc_reset_type = {
	.name = "pc-reset",
	.number = AXVM_DEV_PC_RESET,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct pc_reset),
	.state_size = sizeof(struct pc_reset_state),
	.init = pc_reset_init,
	.ops = &pc_reset_ops,
};
