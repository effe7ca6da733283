// SPDX-License-Identifier: GPL-2.0
/*
 * PL031 real-time clock: a counter of seconds with an alarm (ARM DDI 0224).
 *
 * The counter is the host's clock and an offset that the guest's writes to RTCLR change,
 * so that it follows when the host's clock is set. It runs from power-on, and keeps
 * running over a reset as from a battery.
 *
 * The alarm comes when the counter becomes equal to RTCMR: with 32 bits that is every 136
 * years, unless either of them is written.
 *
 * cfg[0]: time at creation, seconds since 1970 UTC; 0: the host's time.
 *
 * Locks: one of its own around everything, also while the line is driven.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "../core/compat.h"
#include "builtin.h"

#define PL031_BASE		0x09010000
#define PL031_SIZE		0x1000
#define PL031_DEFAULT_IRQ	34

/* Registers (3.2) */
#define RTCDR			0x00
#define RTCMR			0x04
#define RTCLR			0x08
#define RTCCR			0x0c
#define RTCIMSC			0x10
#define RTCRIS			0x14
#define RTCMIS			0x18
#define RTCICR			0x1c
#define PL031_ID		0xfe0	/* eight registers, a byte each */

#define RTCCR_START		BIT(0)
#define RTC_INTERRUPT		BIT(0)	/* in RTCIMSC, RTCRIS, RTCMIS, RTCICR */

/**
 * struct pl031_state - what the guest can see
 * @last: host time in seconds up to which @ris is right
 * @offset: RTCDR is host time plus this
 * @match: RTCMR
 * @load: RTCLR, as it was written last
 * @imsc: RTCIMSC
 * @ris: RTCRIS
 * @reserved: 0
 */
struct pl031_state {
	s64 last;
	u32 offset;
	u32 match;
	u32 load;
	u8 imsc;
	u8 ris;
	u8 reserved[2];
};

/**
 * struct pl031 - an instance
 * @dev: the device
 * @lock: everything below
 * @state: what the guest can see
 * @timer: for the alarm
 */
struct pl031 {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct pl031_state state;
	struct hrtimer timer;
};

static struct pl031 *to_pl031(struct axvm_device *dev)
{
	return container_of(dev, struct pl031, dev);
}

static s64 pl031_host_seconds(void)
{
	return div_s64(ktime_get_real_ns(), NSEC_PER_SEC);
}

static u32 pl031_counter(const struct pl031_state *s)
{
	return s->last + s->offset;
}

/* Bring counter and alarm up to now; a host's clock that was set back raises no alarm. */
static void pl031_sync(struct pl031_state *s)
{
	s64 now = pl031_host_seconds();
	u32 left = s->match - pl031_counter(s);

	if (left && now - s->last >= left)
		s->ris = RTC_INTERRUPT;
	s->last = now;
}

/* After any change: line and timer follow the state. */
static void pl031_follow(struct pl031 *rtc)
{
	struct pl031_state *s = &rtc->state;
	u32 left = s->match - pl031_counter(s);

	axvm_device_set_line(&rtc->dev, 0, s->ris & s->imsc);
	if (left && s->imsc && !s->ris)
		hrtimer_start(&rtc->timer, ktime_set(s->last + left, 0), HRTIMER_MODE_ABS_HARD);
	else
		hrtimer_try_to_cancel(&rtc->timer);
}

static enum hrtimer_restart pl031_timer(struct hrtimer *timer)
{
	struct pl031 *rtc = container_of(timer, struct pl031, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&rtc->lock, flags);
	pl031_sync(&rtc->state);
	pl031_follow(rtc);
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
	return HRTIMER_NORESTART;
}

/* --- registers; the lock is held, and pl031_sync() was done --------------------------- */

static u32 pl031_read_register(const struct pl031_state *s, unsigned int offset)
{
	/* RTCPeriphID0 to 3: part 0x031, designer 0x41; RTCPCellID0 to 3 */
	static const u8 id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	switch (offset) {
	case RTCDR:
		return pl031_counter(s);
	case RTCMR:
		return s->match;
	case RTCLR:
		return s->load;
	case RTCCR:
		return RTCCR_START;
	case RTCIMSC:
		return s->imsc;
	case RTCRIS:
		return s->ris;
	case RTCMIS:
		return s->ris & s->imsc;
	}
	return offset < PL031_ID ? 0 : id[(offset - PL031_ID) / 4];
}

/* RTCCR: once it runs, writes have no effect (3.3.4) */
static void pl031_write_register(struct pl031_state *s, unsigned int offset, u32 value)
{
	switch (offset) {
	case RTCMR:
		s->match = value;
		break;
	case RTCLR:
		s->load = value;
		s->offset = value - (u32)s->last;
		break;
	case RTCIMSC:
		s->imsc = value & RTC_INTERRUPT;
		return;
	case RTCICR:
		s->ris &= ~value;
		return;
	default:
		return;
	}
	if (pl031_counter(s) == s->match)
		s->ris = RTC_INTERRUPT;
}

/* --- accesses -------------------------------------------------------------------------- */

/* 32 data lines: a doubleword is two registers, a part of a word a part of its register. */
static int pl031_read(struct axvm_device *dev, struct axvm_access *access)
{
	unsigned int shift = access->offset % 4 * 8;
	unsigned int offset = access->offset & ~3;
	struct pl031 *rtc = to_pl031(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&rtc->lock, flags);
	pl031_sync(&rtc->state);
	access->data = (u64)pl031_read_register(&rtc->state, offset) >> shift;
	if (access->width == 8)
		access->data |= (u64)pl031_read_register(&rtc->state, offset + 4) << 32;
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
	return AXVM_HANDLED;
}

static int pl031_write(struct axvm_device *dev, struct axvm_access *access)
{
	unsigned int shift = access->offset % 4 * 8;
	unsigned int offset = access->offset & ~3;
	struct pl031 *rtc = to_pl031(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&rtc->lock, flags);
	pl031_sync(&rtc->state);
	pl031_write_register(&rtc->state, offset, access->data << shift);
	if (access->width == 8)
		pl031_write_register(&rtc->state, offset + 4, access->data >> 32);
	pl031_follow(rtc);
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
	return AXVM_HANDLED;
}

/* --- life ------------------------------------------------------------------------------- */

/* The counter and what was last loaded into it stay. */
static void pl031_reset(struct axvm_device *dev)
{
	struct pl031 *rtc = to_pl031(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&rtc->lock, flags);
	pl031_sync(&rtc->state);
	rtc->state.match = 0;
	rtc->state.imsc = 0;
	rtc->state.ris = 0;
	pl031_follow(rtc);
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
	hrtimer_cancel(&rtc->timer);
}

static void pl031_save(struct axvm_device *dev, void *buf)
{
	struct pl031 *rtc = to_pl031(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&rtc->lock, flags);
	pl031_sync(&rtc->state);
	memcpy(buf, &rtc->state, sizeof(rtc->state));
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
}

static bool pl031_state_valid(const struct pl031_state *s)
{
	return s->last >= 0 && s->last <= KTIME_SEC_MAX / 2 && !(s->imsc & ~RTC_INTERRUPT) &&
	       !(s->ris & ~RTC_INTERRUPT) && !s->reserved[0] && !s->reserved[1];
}

/* Like a machine that was off meanwhile, it finds that the clock went on. */
static int pl031_restore(struct axvm_device *dev, const void *buf)
{
	struct pl031 *rtc = to_pl031(dev);
	const struct pl031_state *from = buf;
	unsigned long flags;

	if (!pl031_state_valid(from))
		return -EINVAL;
	raw_spin_lock_irqsave(&rtc->lock, flags);
	rtc->state = *from;
	pl031_sync(&rtc->state);
	pl031_follow(rtc);
	raw_spin_unlock_irqrestore(&rtc->lock, flags);
	return 0;
}

static void pl031_destroy(struct axvm_device *dev)
{
	hrtimer_cancel(&to_pl031(dev)->timer);
}

static int pl031_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	u64 time = config->nr_cfg ? config->cfg[0] : 0;
	struct pl031 *rtc = to_pl031(dev);
	int ret;

	if ((config->length && config->length != PL031_SIZE) || config->nr_cfg > 1 ||
	    time > U32_MAX)
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, config->base ?: PL031_BASE, PL031_SIZE);
	if (ret)
		return ret;
	ret = axvm_device_add_line(dev, config->irq ?: PL031_DEFAULT_IRQ);
	if (ret)
		return ret;
	raw_spin_lock_init(&rtc->lock);
	axvm_hrtimer_setup(&rtc->timer, pl031_timer, CLOCK_REALTIME, HRTIMER_MODE_ABS_HARD);
	rtc->state.last = pl031_host_seconds();
	if (time)
		rtc->state.offset = (u32)time - (u32)rtc->state.last;
	pl031_reset(dev);
	return 0;
}

static const struct axvm_device_ops pl031_ops = {
	.read = pl031_read,
	.write = pl031_write,
	.reset = pl031_reset,
	.destroy = pl031_destroy,
	.save = pl031_save,
	.restore = pl031_restore,
};

struct axvm_device_type axvm_pl031_type = {
	.name = "pl031",
	.number = AXVM_DEV_PL031,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct pl031),
	.state_size = sizeof(struct pl031_state),
	.init = pl031_init,
	.ops = &pl031_ops,
};
