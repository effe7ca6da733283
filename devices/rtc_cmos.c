// SPDX-License-Identifier: GPL-2.0
/*
 * The real-time clock and CMOS RAM of a PC: a Motorola MC146818 with 128 bytes, at ports
 * 0x70 (index) and 0x71 (data).
 *
 * The clock is the host's CLOCK_REALTIME, and the time registers are bytes as on the chip:
 * they hold what was written or last updated, and when somebody looks they are brought
 * forward by the seconds that have passed. So the guest may set any time; from then on
 * both clocks go on alike, also when the host's is set. An update takes no time at the
 * end of the second; UIP announces it 244 us before.
 *
 * Flags of register C are found when somebody looks, too. There is an hrtimer only while
 * an interrupt is enabled and the line is down, for the first event that would raise it:
 * at most one interrupt for each read of register C, at 8192 Hz (122 us) at most.
 *
 * Beyond the chip: the century at 0x32. Left out: daylight saving (DSE) and the SQW pin.
 * Times that do not exist are undefined on the chip; here the nearest that do count.
 *
 * config.cfg[0]: time at creation, seconds since 1970 UTC; 0: the host's time.
 *
 * Locks: one of its own around everything, also while the line is driven.
 */
#include <linux/bcd.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mc146818rtc.h>
#include <linux/spinlock.h>
#include <linux/time.h>

#include "../core/compat.h"
#include "builtin.h"

#define CMOS_BASE		0x70
#define CMOS_PORTS		2
#define CMOS_INDEX		0	/* offsets */
#define CMOS_DATA		1
#define CMOS_DEFAULT_IRQ	8
#define CMOS_BYTES		128	/* bit 7 of the index masks NMIs: there are none */

#define CMOS_CENTURY		0x32
#define CMOS_HOUR_PM		BIT(7)
#define CMOS_IRQS		(RTC_PIE | RTC_AIE | RTC_UIE)	/* flags have the same places */

#define CMOS_UIP_NS		(244 * NSEC_PER_USEC)
#define CMOS_RESET_NS		(NSEC_PER_SEC / 2)
#define CMOS_LAST_TIME		253402300799ULL			/* 9999-12-31 23:59:59 */
#define CMOS_NEVER		S64_MAX

/* Firmware's choice: 32.768 kHz, 1024 Hz; BCD, 24 hours */
#define CMOS_REG_A		(RTC_REF_CLCK_32KHZ | 6)
#define CMOS_REG_B		RTC_24H

/**
 * struct cmos_state - what the guest can see
 * @last: clock time, see cmos_now(), for which @ram and the flags are right
 * @phase: where the divider chain is, against the host's seconds: ns, below a second
 * @index: index register
 * @reserved: 0
 * @ram: all bytes; register A without UIP, register C without IRQF
 */
struct cmos_state {
	s64 last;
	u32 phase;
	u8 index;
	u8 reserved[3];
	u8 ram[CMOS_BYTES];
};

/**
 * struct rtc_cmos - an instance
 * @dev: the device
 * @lock: everything below
 * @state: what the guest can see
 * @timer: for the next interrupt
 */
struct rtc_cmos {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct cmos_state state;
	struct hrtimer timer;
};

static struct rtc_cmos *to_cmos(struct axvm_device *dev)
{
	return container_of(dev, struct rtc_cmos, dev);
}

/* ns since 1970 at which the divider chain would be where it is: it updates every 10^9. */
static s64 cmos_now(const struct cmos_state *s)
{
	return ktime_get_real_ns() + s->phase;
}

/* The divider chain runs: of the values of DV, only this one fits the PC's crystal. */
static bool cmos_ticking(const struct cmos_state *s)
{
	return (s->ram[RTC_REG_A] & RTC_DIV_CTL) == RTC_REF_CLCK_32KHZ;
}

/* Once a second there is an update. */
static bool cmos_updating(const struct cmos_state *s)
{
	return cmos_ticking(s) && !(s->ram[RTC_REG_B] & RTC_SET);
}

/* --- the time registers ------------------------------------------------------------- */

static unsigned int cmos_decode(const struct cmos_state *s, u8 byte)
{
	return s->ram[RTC_REG_B] & RTC_DM_BINARY ? byte : bcd2bin(byte);
}

static u8 cmos_encode(const struct cmos_state *s, unsigned int value)
{
	return s->ram[RTC_REG_B] & RTC_DM_BINARY ? value : bin2bcd(value);
}

static unsigned int cmos_decode_hour(const struct cmos_state *s, u8 byte)
{
	if (s->ram[RTC_REG_B] & RTC_24H)
		return cmos_decode(s, byte);
	return cmos_decode(s, byte & ~CMOS_HOUR_PM) % 12 + (byte & CMOS_HOUR_PM ? 12 : 0);
}

static u8 cmos_encode_hour(const struct cmos_state *s, unsigned int hour)
{
	if (s->ram[RTC_REG_B] & RTC_24H)
		return cmos_encode(s, hour);
	return cmos_encode(s, hour % 12 ?: 12) | (hour >= 12 ? CMOS_HOUR_PM : 0);
}

static time64_t cmos_get_time(const struct cmos_state *s)
{
	unsigned int year = cmos_decode(s, s->ram[CMOS_CENTURY]) * 100 +
			    cmos_decode(s, s->ram[RTC_YEAR]);

	return mktime64(max(year, 1U),
			clamp(cmos_decode(s, s->ram[RTC_MONTH]), 1U, 12U),
			clamp(cmos_decode(s, s->ram[RTC_DAY_OF_MONTH]), 1U, 31U),
			min(cmos_decode_hour(s, s->ram[RTC_HOURS]), 23U),
			min(cmos_decode(s, s->ram[RTC_MINUTES]), 59U),
			min(cmos_decode(s, s->ram[RTC_SECONDS]), 59U));
}

static void cmos_set_time(struct cmos_state *s, time64_t time)
{
	unsigned int year;
	struct tm tm;

	time64_to_tm(time, 0, &tm);
	year = tm.tm_year + 1900;
	s->ram[RTC_SECONDS] = cmos_encode(s, tm.tm_sec);
	s->ram[RTC_MINUTES] = cmos_encode(s, tm.tm_min);
	s->ram[RTC_HOURS] = cmos_encode_hour(s, tm.tm_hour);
	s->ram[RTC_DAY_OF_WEEK] = cmos_encode(s, tm.tm_wday + 1);
	s->ram[RTC_DAY_OF_MONTH] = cmos_encode(s, tm.tm_mday);
	s->ram[RTC_MONTH] = cmos_encode(s, tm.tm_mon + 1);
	s->ram[RTC_YEAR] = cmos_encode(s, year % 100);
	s->ram[CMOS_CENTURY] = cmos_encode(s, year / 100 % 100);
}

/* --- events --------------------------------------------------------------------------- */

/* Don't-care codes are those from 0xc0 to 0xff */
static bool alarm_exists(u8 byte, unsigned int value, unsigned int limit)
{
	return byte >= RTC_ALARM_DONT_CARE || value < limit;
}

static bool alarm_matches(u8 byte, unsigned int value, unsigned int is)
{
	return byte >= RTC_ALARM_DONT_CARE || value == is;
}

/*
 * Seconds until the alarm, 1 to 86400, or 0: it is at a time that does not exist. The loop
 * leaves out hours, then minutes that do not match: it is over after some 250 rounds.
 */
static unsigned int cmos_alarm_delay(const struct cmos_state *s)
{
	u8 hour_byte = s->ram[RTC_HOURS_ALARM], minute_byte = s->ram[RTC_MINUTES_ALARM];
	u8 second_byte = s->ram[RTC_SECONDS_ALARM];
	unsigned int hour = cmos_decode_hour(s, hour_byte);
	unsigned int minute = cmos_decode(s, minute_byte);
	unsigned int second = cmos_decode(s, second_byte);
	unsigned int now, t;
	s32 day_second;

	if (!alarm_exists(hour_byte, hour, 24) || !alarm_exists(minute_byte, minute, 60) ||
	    !alarm_exists(second_byte, second, 60))
		return 0;
	div_s64_rem(cmos_get_time(s), 86400, &day_second);
	now = day_second < 0 ? day_second + 86400 : day_second;
	for (t = now + 1; t < now + 86400; ) {
		if (!alarm_matches(hour_byte, hour, t / 3600 % 24))
			t = (t / 3600 + 1) * 3600;
		else if (!alarm_matches(minute_byte, minute, t / 60 % 60))
			t = (t / 60 + 1) * 60;
		else if (!alarm_matches(second_byte, second, t % 60))
			t++;
		else
			break;
	}
	return min(t - now, 86400U);
}

/* Periodic interrupts a second, by RS; "256 Hz" and "128 Hz" are both there twice. 0: none */
static unsigned int cmos_rate(const struct cmos_state *s)
{
	unsigned int rs = s->ram[RTC_REG_A] & RTC_RATE_SELECT;

	if (!rs)
		return 0;
	return 32768 >> ((rs < 3 ? rs + 7 : rs) - 1);
}

/* How many periods of @rate had ended at clock time @now */
static s64 cmos_periods(s64 now, unsigned int rate)
{
	s32 ns;
	s64 second = div_s64_rem(now, NSEC_PER_SEC, &ns);

	return second * rate + div_s64((s64)ns * rate, NSEC_PER_SEC);
}

/* @seconds have passed, backwards too if the host's clock was set back. */
static void cmos_update(struct cmos_state *s, s64 seconds)
{
	unsigned int alarm = cmos_alarm_delay(s);

	s->ram[RTC_REG_C] |= RTC_UF;
	if (alarm && seconds >= alarm)
		s->ram[RTC_REG_C] |= RTC_AF;
	cmos_set_time(s, cmos_get_time(s) + seconds);
}

/* Bring time and flags up to clock time @now. */
static void cmos_sync(struct cmos_state *s, s64 now)
{
	s64 seconds = div_s64(now, NSEC_PER_SEC) - div_s64(s->last, NSEC_PER_SEC);
	unsigned int rate = cmos_rate(s);

	if (seconds && cmos_updating(s))
		cmos_update(s, seconds);
	if (rate && cmos_ticking(s) && cmos_periods(now, rate) != cmos_periods(s->last, rate))
		s->ram[RTC_REG_C] |= RTC_PF;
	s->last = now;
}

static bool cmos_irqf(const struct cmos_state *s)
{
	return s->ram[RTC_REG_C] & s->ram[RTC_REG_B] & CMOS_IRQS;
}

/* Clock time of the next event that raises the line, or CMOS_NEVER; after cmos_sync() */
static s64 cmos_next_event(const struct cmos_state *s)
{
	s64 second = div_s64(s->last, NSEC_PER_SEC);
	unsigned int rate = cmos_rate(s);
	u8 b = s->ram[RTC_REG_B];
	s64 next = CMOS_NEVER;
	unsigned int alarm;
	u64 in_second;

	if (cmos_irqf(s) || !cmos_ticking(s))
		return CMOS_NEVER;
	if (b & RTC_PIE && rate) {
		in_second = cmos_periods(s->last, rate) - second * rate + 1;
		next = second * NSEC_PER_SEC + DIV_ROUND_UP_ULL(in_second * NSEC_PER_SEC, rate);
	}
	if (!cmos_updating(s))
		return next;
	if (b & RTC_UIE)
		next = min(next, (second + 1) * NSEC_PER_SEC);
	if (b & RTC_AIE) {
		alarm = cmos_alarm_delay(s);
		if (alarm)
			next = min(next, (second + alarm) * NSEC_PER_SEC);
	}
	return next;
}

/* After any change: line and timer follow the state. The lock is held. */
static void cmos_follow(struct rtc_cmos *cmos)
{
	s64 next = cmos_next_event(&cmos->state);

	axvm_device_set_line(&cmos->dev, 0, cmos_irqf(&cmos->state));
	if (next == CMOS_NEVER)
		hrtimer_try_to_cancel(&cmos->timer);
	else
		hrtimer_start(&cmos->timer, ns_to_ktime(next - cmos->state.phase),
			      HRTIMER_MODE_ABS_HARD);
}

static enum hrtimer_restart cmos_timer(struct hrtimer *timer)
{
	struct rtc_cmos *cmos = container_of(timer, struct rtc_cmos, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&cmos->lock, flags);
	cmos_sync(&cmos->state, cmos_now(&cmos->state));
	cmos_follow(cmos);
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
	return HRTIMER_NORESTART;
}

/* --- registers; the lock is held, and cmos_sync() was done --------------------------- */

static u8 cmos_read_register(struct rtc_cmos *cmos)
{
	struct cmos_state *s = &cmos->state;
	u8 value = s->ram[s->index];
	s32 ns;

	if (s->index == RTC_REG_A) {
		div_s64_rem(s->last, NSEC_PER_SEC, &ns);
		if (cmos_updating(s) && ns >= NSEC_PER_SEC - CMOS_UIP_NS)
			value |= RTC_UIP;
	} else if (s->index == RTC_REG_C) {
		if (cmos_irqf(s))
			value |= RTC_IRQF;
		s->ram[RTC_REG_C] = 0;
		cmos_follow(cmos);
	}
	return value;
}

/* Out of reset: the first update is half a second later (datasheet, DV2 to DV0). */
static void cmos_start_divider(struct cmos_state *s)
{
	s64 host = s->last - s->phase;
	s32 ns;

	div_s64_rem(host, NSEC_PER_SEC, &ns);
	s->phase = (NSEC_PER_SEC + CMOS_RESET_NS - ns) % NSEC_PER_SEC;
	s->last = host + s->phase;
}

static void cmos_write_register(struct rtc_cmos *cmos, u8 value)
{
	struct cmos_state *s = &cmos->state;
	bool ticking = cmos_ticking(s);

	switch (s->index) {
	case RTC_REG_A:
		s->ram[RTC_REG_A] = value & ~RTC_UIP;
		if (!ticking && cmos_ticking(s))
			cmos_start_divider(s);
		break;
	case RTC_REG_B:
		/* Datasheet, UIE: cleared by RESET low or SET going high */
		if (value & RTC_SET && !(s->ram[RTC_REG_B] & RTC_SET))
			value &= ~RTC_UIE;
		s->ram[RTC_REG_B] = value;
		break;
	case RTC_REG_C:
	case RTC_REG_D:
		return;		/* read-only */
	default:
		s->ram[s->index] = value;
	}
	if (s->index <= RTC_REG_B)
		cmos_follow(cmos);
}

/* --- accesses -------------------------------------------------------------------------- */

/* The chip has 8 data lines: the bus makes a wider access two, the lower port first. */
static int cmos_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct rtc_cmos *cmos = to_cmos(dev);
	unsigned long flags;
	unsigned int i;
	u8 byte;

	access->data = 0;
	raw_spin_lock_irqsave(&cmos->lock, flags);
	for (i = 0; i < access->width; i++) {
		byte = 0xff;	/* the index cannot be read */
		if (access->offset + i == CMOS_DATA) {
			cmos_sync(&cmos->state, cmos_now(&cmos->state));
			byte = cmos_read_register(cmos);
		}
		access->data |= (u64)byte << 8 * i;
	}
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
	return AXVM_HANDLED;
}

static int cmos_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct rtc_cmos *cmos = to_cmos(dev);
	struct cmos_state *s = &cmos->state;
	unsigned long flags;
	unsigned int i;
	u8 byte;

	raw_spin_lock_irqsave(&cmos->lock, flags);
	for (i = 0; i < access->width; i++) {
		byte = access->data >> 8 * i;
		if (access->offset + i == CMOS_INDEX) {
			s->index = byte % CMOS_BYTES;
			continue;
		}
		cmos_sync(s, cmos_now(s));
		cmos_write_register(cmos, byte);
	}
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
	return AXVM_HANDLED;
}

/* --- life ------------------------------------------------------------------------------- */

/*
 * The battery keeps time and RAM over a reset. The RESET pin clears enables and flags; the
 * rest of A and B is set as firmware would.
 */
static void cmos_reset(struct axvm_device *dev)
{
	struct rtc_cmos *cmos = to_cmos(dev);
	struct cmos_state *s = &cmos->state;
	unsigned long flags;
	time64_t time;

	raw_spin_lock_irqsave(&cmos->lock, flags);
	cmos_sync(s, cmos_now(s));
	time = cmos_get_time(s);
	s->ram[RTC_REG_A] = CMOS_REG_A;
	s->ram[RTC_REG_B] = CMOS_REG_B;
	s->ram[RTC_REG_C] = 0;
	s->ram[RTC_REG_D] = RTC_VRT;
	s->index = 0;
	cmos_set_time(s, time);
	cmos_follow(cmos);
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
	hrtimer_cancel(&cmos->timer);
}

/* The time of an event is in @last, the registers and the host's clock: nothing to add. */
static void cmos_save(struct axvm_device *dev, void *buf)
{
	struct rtc_cmos *cmos = to_cmos(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&cmos->lock, flags);
	cmos_sync(&cmos->state, cmos_now(&cmos->state));
	memcpy(buf, &cmos->state, sizeof(cmos->state));
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
}

static bool cmos_state_valid(const struct cmos_state *s)
{
	if (s->last < 0 || s->last / NSEC_PER_SEC > KTIME_SEC_MAX / 2)
		return false;
	if (s->phase >= NSEC_PER_SEC || s->index >= CMOS_BYTES)
		return false;
	return !(s->ram[RTC_REG_A] & RTC_UIP) && !(s->ram[RTC_REG_C] & ~CMOS_IRQS) &&
	       s->ram[RTC_REG_D] == RTC_VRT && !memchr_inv(s->reserved, 0, sizeof(s->reserved));
}

/* Like a machine that was off meanwhile, it finds that the clock went on. */
static int cmos_restore(struct axvm_device *dev, const void *buf)
{
	struct rtc_cmos *cmos = to_cmos(dev);
	const struct cmos_state *from = buf;
	unsigned long flags;

	if (!cmos_state_valid(from))
		return -EINVAL;
	raw_spin_lock_irqsave(&cmos->lock, flags);
	cmos->state = *from;
	cmos_sync(&cmos->state, cmos_now(&cmos->state));
	cmos_follow(cmos);
	raw_spin_unlock_irqrestore(&cmos->lock, flags);
	return 0;
}

static void cmos_destroy(struct axvm_device *dev)
{
	hrtimer_cancel(&to_cmos(dev)->timer);
}

static int cmos_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	u64 time = config->nr_cfg ? config->cfg[0] : 0;
	struct rtc_cmos *cmos = to_cmos(dev);
	struct cmos_state *s = &cmos->state;
	int ret;

	if ((config->base && config->base != CMOS_BASE) ||
	    (config->length && config->length != CMOS_PORTS) ||
	    config->nr_cfg > 1 || time > CMOS_LAST_TIME)
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_PORT, CMOS_BASE, CMOS_PORTS);
	if (ret)
		return ret;
	ret = axvm_device_add_line(dev, config->irq ?: CMOS_DEFAULT_IRQ);
	if (ret)
		return ret;
	raw_spin_lock_init(&cmos->lock);
	axvm_hrtimer_setup(&cmos->timer, cmos_timer, CLOCK_REALTIME, HRTIMER_MODE_ABS_HARD);
	s->last = cmos_now(s);
	s->ram[RTC_REG_B] = CMOS_REG_B;
	cmos_set_time(s, time ?: div_s64(s->last, NSEC_PER_SEC));
	cmos_reset(dev);
	return 0;
}

static const struct axvm_device_ops cmos_ops = {
	.read = cmos_read,
	.write = cmos_write,
	.reset = cmos_reset,
	.destroy = cmos_destroy,
	.save = cmos_save,
	.restore = cmos_restore,
};

struct axvm_device_type axvm_rtc_cmos_type = {
	.name = "rtc-cmos",
	.number = AXVM_DEV_RTC_CMOS,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct rtc_cmos),
	.state_size = sizeof(struct cmos_state),
	.init = cmos_init,
	.ops = &cmos_ops,
};
