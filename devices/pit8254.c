// SPDX-License-Identifier: GPL-2.0
/*
 * The 82C54 interval timer of a PC: ports 0x40 to 0x43, and the system control port 0x61,
 * through which counter 2 is gated and its output is read. What one counter does is in
 * pit_counter.c; here are the ports, the clock and the interrupt.
 *
 * CLK pulses ("ticks" below) are counted from the host's boot, so that all conversions
 * are of one straight line and nothing drifts. Reads are answered often and quickly: for
 * them the TSC carries the last look at the clock on for a while.
 *
 * OUT of counter 0 is the interrupt line, and an hrtimer is set for its next rising edge
 * only. Where the chip has OUT low for one tick, the line goes down and up again at once;
 * in mode 3 it stays up in the low half of the square wave: one edge a period.
 *  - Edges of the line come no closer than PIT_MIN_TICKS, so no count makes a storm.
 *  - Edges for which the host was too late are lost: the next one is the counter's next
 *    that lies in the future. None is made up for.
 *
 * DRAM refresh (port 0x61, bit 4) toggles whatever counter 1 does.
 *
 * Locks: one of its own around everything, also while the line is driven.
 */
#include <linux/bitfield.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timex.h>

#include <asm/tsc.h>

#include "../core/compat.h"
#include "builtin.h"
#include "pit_counter.h"

#define PIT_BASE		0x40
#define PIT_PORTS		4
#define PIT_CONTROL		3	/* offset of the control word */
#define PIT_PORT61		0x61
#define PIT_LENGTH		(PIT_PORT61 - PIT_BASE + 1)	/* 0x44 to 0x60 are not ours */
#define PIT_COUNTERS		3

/* Control Word Format; the rest is in pit_counter.h */
#define CW_SC			GENMASK(7, 6)	/* select counter */
#define CW_SC_READ_BACK		3

/* Read-Back Command */
#define RB_NO_COUNT		BIT(5)
#define RB_NO_STATUS		BIT(4)
#define RB_COUNTER(n)		BIT((n) + 1)

/* Port 0x61 */
#define PORT61_GATE2		BIT(0)
#define PORT61_WRITABLE		GENMASK(3, 0)	/* gate, speaker, two NMI masks without effect */
#define PORT61_REFRESH		BIT(4)
#define PORT61_OUT2		BIT(5)
#define REFRESH_TICKS		18	/* 15 us */

/* Tick t begins at t * 2^40 / PIT_MULT ns: PIT_TICK_RATE to 3 parts in 10^10 */
#define PIT_SHIFT		40
#define PIT_MULT		((u32)(((u64)PIT_TICK_RATE << PIT_SHIFT) / NSEC_PER_SEC))
#define PIT_MIN_TICKS		120	/* 100.6 us */

/* TSC cycles to ticks: 32 bits after the point */
#define PIT_TSC_SHIFT		32

/**
 * struct pit_state - what the guest can see
 * @counter: the counters
 * @port61: bits of port 0x61 that can be written
 * @line: level of the interrupt line
 * @reserved: 0
 */
struct pit_state {
	struct pit_counter counter[PIT_COUNTERS];
	u8 port61;
	u8 line;
	u8 reserved[6];
};

/**
 * struct pit8254 - an instance
 * @dev: the device
 * @lock: everything below
 * @state: what the guest can see
 * @tick: the last look at the clock
 * @tsc: the TSC then
 * @tsc_reach: cycles for which @tsc is carried on: 1 ms; 0: this host's TSC can't be trusted
 * @tsc_mult: ticks in a cycle << PIT_TSC_SHIFT
 * @due: tick of the rising edge that @timer is set for, or PIT_NEVER
 * @last_edge: tick of the last one
 * @timer: fires at @due
 */
struct pit8254 {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct pit_state state;
	s64 tick;
	u64 tsc;
	u32 tsc_reach;
	u32 tsc_mult;
	s64 due;
	s64 last_edge;
	struct hrtimer timer;
};

static struct pit8254 *to_pit(struct axvm_device *dev)
{
	return container_of(dev, struct pit8254, dev);
}

/* --- ticks ------------------------------------------------------------------------- */

static void pit_calibrate(struct pit8254 *pit)
{
	u64 mult = tsc_khz ? div_u64((u64)PIT_TICK_RATE << PIT_TSC_SHIFT, tsc_khz) / 1000 : 0;

	if (check_tsc_unstable() || !mult || mult > U32_MAX)
		return;
	pit->tsc_mult = mult;
	pit->tsc_reach = tsc_khz;
}

/* The present tick. It never goes back behind one that pit_now_soon() gave. */
static noinline s64 pit_now(struct pit8254 *pit)
{
	u64 tsc = rdtsc(), since = min_t(u64, tsc - pit->tsc, pit->tsc_reach);
	s64 now = mul_u64_u32_shr(ktime_get_ns(), PIT_MULT, PIT_SHIFT);

	pit->tick = max_t(s64, now, pit->tick + (since * pit->tsc_mult >> PIT_TSC_SHIFT));
	pit->tsc = tsc;
	return pit->tick;
}

/* The same to a part of a tick, for a look at a counter */
static __always_inline s64 pit_now_soon(struct pit8254 *pit)
{
	u64 since = rdtsc() - pit->tsc;

	if (unlikely(since >= pit->tsc_reach))
		return pit_now(pit);
	return pit->tick + (since * pit->tsc_mult >> PIT_TSC_SHIFT);
}

/* When pit_now() is sure to give @tick; it is near the present, so nothing overflows. */
static ktime_t pit_time(s64 tick)
{
	return ns_to_ktime(mul_u64_u64_div_u64(tick, BIT_ULL(PIT_SHIFT), PIT_MULT) + 1);
}

/* --- the interrupt line; the lock is held ------------------------------------------- */

static void pit_set_line(struct pit8254 *pit, bool level)
{
	pit->state.line = level;
	axvm_device_set_line(&pit->dev, 0, level);
}

/* The edge that was waited for, if its time has come */
static void pit_deliver(struct pit8254 *pit, s64 now)
{
	if (now < pit->due)
		return;
	pit->last_edge = pit->due;
	pit->due = PIT_NEVER;
	pit_set_line(pit, false);
	pit_set_line(pit, true);
}

static void pit_arm(struct pit8254 *pit, s64 now)
{
	pit->due = pit_counter_next_rise(&pit->state.counter[0], now);
	if (pit->due == PIT_NEVER) {
		hrtimer_try_to_cancel(&pit->timer);
		return;
	}
	pit->due = max(pit->due, pit->last_edge + PIT_MIN_TICKS);
	hrtimer_start(&pit->timer, pit_time(pit->due), HRTIMER_MODE_ABS_HARD);
}

/*
 * A write may have set the timer anew while this waited for the lock: then the edge is not
 * due, and the timer is set for the same time once more.
 */
static enum hrtimer_restart pit_timer(struct hrtimer *timer)
{
	struct pit8254 *pit = container_of(timer, struct pit8254, timer);
	unsigned long flags;
	s64 now;

	raw_spin_lock_irqsave(&pit->lock, flags);
	now = pit_now(pit);
	pit_deliver(pit, now);
	pit_arm(pit, now);
	raw_spin_unlock_irqrestore(&pit->lock, flags);
	return HRTIMER_NORESTART;
}

/* --- registers; the lock is held --------------------------------------------------------- */

static void pit_read_back(struct pit8254 *pit, u8 command, s64 now)
{
	unsigned int i;

	for (i = 0; i < PIT_COUNTERS; i++) {
		if (!(command & RB_COUNTER(i)))
			continue;
		if (!(command & RB_NO_COUNT))
			pit_counter_latch_count(&pit->state.counter[i], now);
		if (!(command & RB_NO_STATUS))
			pit_counter_latch_status(&pit->state.counter[i], now);
	}
}

/* A control word that programs counter @n, or a byte of its count */
static void pit_program(struct pit8254 *pit, unsigned int n, bool control, u8 value, s64 now)
{
	struct pit_counter *c = &pit->state.counter[n];

	if (n == 0)
		pit_deliver(pit, now);
	if (control)
		pit_counter_write_control(c, value, now);
	else
		pit_counter_write(c, value, now);
	if (n == 0) {
		pit_set_line(pit, pit_counter_out(c, now));
		pit_arm(pit, now);
	}
}

static void pit_write_byte(struct pit8254 *pit, unsigned int offset, u8 value)
{
	unsigned int n = FIELD_GET(CW_SC, value);
	s64 now = pit_now(pit);

	if (offset != PIT_CONTROL)
		pit_program(pit, offset, false, value, now);
	else if (n == CW_SC_READ_BACK)
		pit_read_back(pit, value, now);
	else if (FIELD_GET(CW_RW, value) == CW_RW_LATCH)
		pit_counter_latch_count(&pit->state.counter[n], now);
	else
		pit_program(pit, n, true, value, now);
}

static void pit_write_port61(struct pit8254 *pit, u8 value)
{
	u8 changed = pit->state.port61 ^ value;

	pit->state.port61 = value & PORT61_WRITABLE;
	if (changed & PORT61_GATE2)
		pit_counter_set_gate(&pit->state.counter[2], value & PORT61_GATE2,
				     pit_now_soon(pit));
}

static noinline u8 pit_read_port61(struct pit8254 *pit)
{
	u8 value = pit->state.port61;
	u64 now = pit_now_soon(pit);

	if (pit_counter_out(&pit->state.counter[2], now))
		value |= PORT61_OUT2;
	if (now / REFRESH_TICKS & 1)
		value |= PORT61_REFRESH;
	return value;
}

/* --- accesses -------------------------------------------------------------------------- */

static __always_inline u8 pit_read_byte(struct pit8254 *pit, unsigned int offset)
{
	if (unlikely(offset == PIT_CONTROL))
		return 0xff;	/* "No-Operation (3-State)" */
	return pit_counter_read(&pit->state.counter[offset], pit_now_soon(pit));
}

/* The chip has 8 data lines: the bus makes a wider access several, the lowest port first. */
static noinline void pit_read_rest(struct pit8254 *pit, struct axvm_access *access)
{
	unsigned int i;

	for (i = 1; i < access->width; i++)
		access->data |= (u64)pit_read_byte(pit, access->offset + i) << 8 * i;
}

static int pit_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct pit8254 *pit = to_pit(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pit->lock, flags);
	if (access->region)
		access->data = pit_read_port61(pit);
	else
		access->data = pit_read_byte(pit, access->offset);
	if (unlikely(access->width > 1))
		pit_read_rest(pit, access);
	raw_spin_unlock_irqrestore(&pit->lock, flags);
	return AXVM_HANDLED;
}

static int pit_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct pit8254 *pit = to_pit(dev);
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&pit->lock, flags);
	if (access->region)
		pit_write_port61(pit, access->data);
	else
		for (i = 0; i < access->width; i++)
			pit_write_byte(pit, access->offset + i, access->data >> 8 * i);
	raw_spin_unlock_irqrestore(&pit->lock, flags);
	return AXVM_HANDLED;
}

/* --- life ------------------------------------------------------------------------------ */

/* Datasheet: undefined. Here: mode 0 without a count; GATE 0 and GATE 1 are tied to +5 V. */
static void pit_reset(struct axvm_device *dev)
{
	struct pit8254 *pit = to_pit(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pit->lock, flags);
	memset(&pit->state, 0, sizeof(pit->state));
	pit->state.counter[0].gate = 1;
	pit->state.counter[1].gate = 1;
	pit->due = PIT_NEVER;
	pit_set_line(pit, false);
	raw_spin_unlock_irqrestore(&pit->lock, flags);
	hrtimer_cancel(&pit->timer);
}

static void pit_save(struct axvm_device *dev, void *buf)
{
	struct pit8254 *pit = to_pit(dev);
	struct pit_state *to = buf;
	unsigned long flags;
	unsigned int i;
	s64 now;

	raw_spin_lock_irqsave(&pit->lock, flags);
	now = pit_now(pit);
	pit_deliver(pit, now);
	pit_arm(pit, now);
	memcpy(to, &pit->state, sizeof(*to));
	raw_spin_unlock_irqrestore(&pit->lock, flags);

	for (i = 0; i < PIT_COUNTERS; i++)
		pit_counter_save(&to->counter[i], now);
}

static bool pit_state_valid(const struct pit_state *s)
{
	unsigned int i;

	for (i = 0; i < PIT_COUNTERS; i++)
		if (!pit_counter_valid(&s->counter[i]))
			return false;
	if (!s->counter[0].gate || !s->counter[1].gate ||
	    s->counter[2].gate != (s->port61 & PORT61_GATE2))
		return false;
	return !(s->port61 & ~PORT61_WRITABLE) && s->line <= 1 &&
	       !memchr_inv(s->reserved, 0, sizeof(s->reserved));
}

/* The counters go on from where they were: they did not count in between. */
static int pit_restore(struct axvm_device *dev, const void *buf)
{
	struct pit8254 *pit = to_pit(dev);
	unsigned long flags;
	unsigned int i;
	s64 now;

	if (!pit_state_valid(buf))
		return -EINVAL;
	raw_spin_lock_irqsave(&pit->lock, flags);
	memcpy(&pit->state, buf, sizeof(pit->state));
	now = pit_now(pit);
	for (i = 0; i < PIT_COUNTERS; i++)
		pit_counter_restore(&pit->state.counter[i], now);
	pit_set_line(pit, pit->state.line);
	pit_arm(pit, now);
	raw_spin_unlock_irqrestore(&pit->lock, flags);
	return 0;
}

static void pit_destroy(struct axvm_device *dev)
{
	hrtimer_cancel(&to_pit(dev)->timer);
}

static int pit_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	struct pit8254 *pit = to_pit(dev);
	int ret;

	if ((config->base && config->base != PIT_BASE) ||
	    (config->length && config->length != PIT_LENGTH) || config->nr_cfg)
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_PORT, PIT_BASE, PIT_PORTS);
	if (ret)
		return ret;
	ret = axvm_device_add_region(dev, AXVM_BUS_PORT, PIT_PORT61, 1);
	if (ret)
		return ret;
	ret = axvm_device_add_line(dev, config->irq);
	if (ret)
		return ret;
	raw_spin_lock_init(&pit->lock);
	pit_calibrate(pit);
	axvm_hrtimer_setup(&pit->timer, pit_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	pit_reset(dev);
	return 0;
}

static const struct axvm_device_ops pit_ops = {
	.read = pit_read,
	.write = pit_write,
	.reset = pit_reset,
	.destroy = pit_destroy,
	.save = pit_save,
	.restore = pit_restore,
};

struct axvm_device_type axvm_pit8254_type = {
	.name = "pit8254",
	.number = AXVM_DEV_PIT,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct pit8254),
	.state_size = sizeof(struct pit_state),
	.init = pit_init,
	.ops = &pit_ops,
};
