// SPDX-License-Identifier: GPL-2.0
/*
 * One counter of an 82C54, register-exact after its datasheet (Intel 231244): modes, read
 * and write formats, latches, null count, GATE and OUT.
 *
 * Nothing ticks: a counter remembers at which CLK pulse ("tick") it was loaded, and count
 * and OUT are computed for the tick at which somebody looks.
 *
 * What the datasheet calls illegal or undefined: a count of 1 in modes 2 and 3 leaves OUT
 * as it is; BCD digits above 9 count as their value; before its first control word a
 * counter is in mode 0, without a count.
 *
 * Owns nothing, takes no locks: pit8254.c does.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "pit_counter.h"

enum pit_mode {
	PIT_TERMINAL_COUNT,	/* 0: interrupt on terminal count */
	PIT_ONE_SHOT,		/* 1: hardware retriggerable one-shot */
	PIT_RATE,		/* 2: rate generator */
	PIT_SQUARE,		/* 3: square wave */
	PIT_STROBE,		/* 4: software triggered strobe */
	PIT_HW_STROBE,		/* 5: hardware triggered strobe */
};

static u8 counter_mode(u8 control)
{
	u8 mode = FIELD_GET(CW_MODE, control);

	return mode > PIT_HW_STROBE ? mode - 4 : mode;	/* 6 and 7 are 2 and 3 */
}

static bool counter_periodic(const struct pit_counter *c)
{
	return c->mode == PIT_RATE || c->mode == PIT_SQUARE;
}

/* Ticks since the load; -1: the load is to come with the next tick. */
static s64 counter_elapsed(const struct pit_counter *c, s64 now)
{
	return c->counting ? now - c->since : c->since;
}

/* Mode 3: "for odd counts, OUT will be high for (N + 1)/2 counts and low for (N - 1)/2" */
static u32 counter_high_half(u32 count)
{
	return (count + 1) / 2;
}

/* --- the counting element and OUT ------------------------------------------------- */

/*
 * Modes 2 and 3: take a new count at the end of the period (mode 2) or of the half period
 * (mode 3), and leave out the periods that are over: counter_elapsed() < loaded_count then.
 */
static void counter_sync(struct pit_counter *c, s64 now)
{
	s64 elapsed;

	if (!c->counting || !counter_periodic(c))
		return;
	if (c->null_count && now >= c->reload_at) {
		bool low_half = c->reload_at < c->since + c->loaded_count;

		c->since = c->reload_at - (low_half ? counter_high_half(c->count) : 0);
		c->loaded_count = c->count;
		c->null_count = 0;
	}
	elapsed = now - c->since;
	if (elapsed >= c->loaded_count)
		c->since = now - elapsed % c->loaded_count;
}

static u16 to_bcd(u32 value)
{
	return value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
}

/* Value of the counting element, as it is read; after counter_sync() */
static u16 counter_element(const struct pit_counter *c, s64 now)
{
	s64 elapsed = counter_elapsed(c, now);
	s64 value = c->loaded_count - elapsed;

	if (!c->loaded || elapsed < 0)
		return c->element;
	if (c->mode == PIT_SQUARE) {
		/* Counts by two, twice a period, from the count less its bit 0 */
		if (elapsed >= counter_high_half(c->loaded_count))
			elapsed -= counter_high_half(c->loaded_count);
		value = (c->loaded_count & ~1) - 2 * elapsed;
	}
	if (!(c->control & CW_BCD))
		return value;
	value %= 10000;
	return to_bcd(value < 0 ? value + 10000 : value);
}

/**
 * pit_counter_out() - level of OUT
 * @c: the counter
 * @now: the present tick
 *
 * Return: true: high.
 */
bool pit_counter_out(struct pit_counter *c, s64 now)
{
	s64 elapsed;

	counter_sync(c, now);
	elapsed = counter_elapsed(c, now);
	if (!c->loaded)
		return c->mode != PIT_TERMINAL_COUNT;
	if (elapsed < 0)
		return c->out;
	switch (c->mode) {
	case PIT_TERMINAL_COUNT:
	case PIT_ONE_SHOT:
		return elapsed >= c->loaded_count;
	case PIT_RATE:
		return !c->counting || elapsed != c->loaded_count - 1;
	case PIT_SQUARE:
		return !c->counting || elapsed < counter_high_half(c->loaded_count);
	default:
		return elapsed != c->loaded_count;
	}
}

/**
 * pit_counter_next_rise() - when OUT rises next if nobody touches the counter
 * @c: the counter; its GATE never changes
 * @now: the present tick
 *
 * Return: the tick, after @now, or PIT_NEVER.
 */
s64 pit_counter_next_rise(struct pit_counter *c, s64 now)
{
	s64 end;

	counter_sync(c, now);
	end = c->since + c->loaded_count;
	if (!c->counting)
		return PIT_NEVER;
	switch (c->mode) {
	case PIT_TERMINAL_COUNT:
		return end > now ? end : PIT_NEVER;
	case PIT_STROBE:
		return end >= now ? end + 1 : PIT_NEVER;
	case PIT_SQUARE:
		/* The low half that is to come is one of the new count. */
		if (c->null_count && c->reload_at < end)
			return c->reload_at + c->count / 2;
		fallthrough;
	case PIT_RATE:
		return c->loaded_count > 1 || c->null_count ? end : PIT_NEVER;
	default:
		return PIT_NEVER;	/* no trigger, no edge */
	}
}

/* The count register goes to the counting element, with the next tick if that counts. */
static void counter_load(struct pit_counter *c, s64 now)
{
	u8 mode = c->mode;

	/* Mode 0 has OUT low from the write on. */
	c->out = mode != PIT_TERMINAL_COUNT && pit_counter_out(c, now);
	c->element = counter_element(c, now);
	c->loaded_count = c->count;
	c->null_count = 0;
	c->loaded = 1;
	c->counting = c->gate || mode == PIT_ONE_SHOT || mode == PIT_HW_STROBE;
	c->since = c->counting ? now + 1 : 0;
}

/* The counting element keeps its value until the next load. */
static void counter_unload(struct pit_counter *c, s64 now)
{
	c->element = counter_element(c, now);
	c->loaded_count = 0;
	c->loaded = 0;
	c->counting = 0;
	c->since = 0;
}

/* --- GATE ----------------------------------------------------------------------------- */

/* The counter stands still with what it has counted. */
static void counter_pause(struct pit_counter *c, s64 now)
{
	if (!c->counting)
		return;
	c->since = max(counter_elapsed(c, now), 0LL);
	c->counting = 0;
}

static void counter_resume(struct pit_counter *c, s64 now)
{
	if (!c->loaded || c->counting)
		return;
	c->since = now - c->since;
	c->counting = 1;
}

/**
 * pit_counter_set_gate() - drive GATE; "Gate Pin Operations Summary"
 * @c: the counter
 * @gate: the level
 * @now: the present tick
 */
void pit_counter_set_gate(struct pit_counter *c, bool gate, s64 now)
{
	bool trigger = gate && c->count;

	if (c->gate == gate)
		return;
	counter_sync(c, now);
	c->gate = gate;
	switch (c->mode) {
	case PIT_TERMINAL_COUNT:
	case PIT_STROBE:
		if (gate)
			counter_resume(c, now);
		else
			counter_pause(c, now);
		break;
	case PIT_RATE:
	case PIT_SQUARE:
		if (!gate)
			counter_pause(c, now);
		fallthrough;
	default:
		if (trigger)
			counter_load(c, now);
	}
}

/* --- writing -------------------------------------------------------------------------- */

/**
 * pit_counter_write_control() - a control word that programs the counter
 * @c: the counter
 * @control: the control word; not a latch or read-back command
 * @now: the present tick
 *
 * "All Control Logic is immediately reset and OUT goes to a known initial state."
 */
void pit_counter_write_control(struct pit_counter *c, u8 control, s64 now)
{
	counter_sync(c, now);
	counter_unload(c, now);
	c->control = control & CW_COUNTER;
	c->mode = counter_mode(control);
	c->count = 0;
	c->null_count = 1;
	c->write_msb = 0;
	c->read_msb = 0;
	c->latched = 0;
	c->status_latched = 0;
}

static u32 counter_decode(const struct pit_counter *c, u16 value)
{
	u32 count = value;

	if (!(c->control & CW_BCD))
		return count ?: 0x10000;
	count = (value >> 12) * 1000 + (value >> 8 & 0xf) * 100 + (value >> 4 & 0xf) * 10 +
		(value & 0xf);
	return count % 10000 ?: 10000;
}

/* The count register has got a new count. */
static void counter_write_count(struct pit_counter *c, u16 value, s64 now)
{
	u8 mode = c->mode;

	c->count = counter_decode(c, value);
	c->null_count = 1;
	if (mode == PIT_TERMINAL_COUNT || mode == PIT_STROBE ||
	    (counter_periodic(c) && !c->loaded)) {
		counter_load(c, now);
		return;
	}
	if (!counter_periodic(c) || !c->counting)
		return;		/* a trigger loads it */
	c->reload_at = c->since + c->loaded_count;
	if (mode == PIT_SQUARE &&
	    counter_elapsed(c, now) < counter_high_half(c->loaded_count))
		c->reload_at = c->since + counter_high_half(c->loaded_count);
}

/**
 * pit_counter_write() - a byte written to the counter's port
 * @c: the counter
 * @byte: the byte
 * @now: the present tick
 */
void pit_counter_write(struct pit_counter *c, u8 byte, s64 now)
{
	counter_sync(c, now);
	switch (FIELD_GET(CW_RW, c->control)) {
	case CW_RW_LSB:
		counter_write_count(c, byte, now);
		break;
	case CW_RW_MSB:
		counter_write_count(c, byte << 8, now);
		break;
	case CW_RW_BOTH:
		c->write_msb = !c->write_msb;
		if (!c->write_msb) {
			counter_write_count(c, byte << 8 | c->lsb, now);
			break;
		}
		c->lsb = byte;
		/* "Writing the first byte disables counting. OUT is set low immediately" */
		if (c->mode == PIT_TERMINAL_COUNT)
			counter_unload(c, now);
		break;
	default:	/* no control word yet */
		break;
	}
}

/* --- reading -------------------------------------------------------------------------- */

/**
 * pit_counter_latch_count() - Counter Latch Command, or its half of a Read-Back Command
 * @c: the counter
 * @now: the present tick
 */
void pit_counter_latch_count(struct pit_counter *c, s64 now)
{
	if (c->latched)
		return;
	counter_sync(c, now);
	c->latch = counter_element(c, now);
	c->latched = 1;
}

/**
 * pit_counter_latch_status() - the other half of a Read-Back Command
 * @c: the counter
 * @now: the present tick
 */
void pit_counter_latch_status(struct pit_counter *c, s64 now)
{
	if (c->status_latched)
		return;
	c->status = c->control;
	if (pit_counter_out(c, now))
		c->status |= STATUS_OUT;
	if (c->null_count || counter_elapsed(c, now) < 0)
		c->status |= STATUS_NULL_COUNT;
	c->status_latched = 1;
}

/* The byte of a 16-bit value that is next: with both, the low one first. Is it the last? */
static u8 counter_next_byte(struct pit_counter *c, u16 value, bool *last)
{
	u8 rw = FIELD_GET(CW_RW, c->control);
	bool msb = rw == CW_RW_MSB;

	if (rw == CW_RW_BOTH) {
		msb = c->read_msb;
		c->read_msb = !msb;
	}
	*last = rw != CW_RW_BOTH || msb;
	return msb ? value >> 8 : value;
}

static noinline u8 counter_read_latched(struct pit_counter *c)
{
	bool last;
	u8 byte;

	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	byte = counter_next_byte(c, c->latch, &last);
	c->latched = !last;
	return byte;
}

/**
 * pit_counter_read() - a byte read from the counter's port
 * @c: the counter
 * @now: the present tick
 *
 * Return: the status byte if latched; else the next byte of the count, latched or as it is.
 */
u8 pit_counter_read(struct pit_counter *c, s64 now)
{
	bool last;

	if (unlikely(c->status_latched || c->latched))
		return counter_read_latched(c);
	counter_sync(c, now);
	return counter_next_byte(c, counter_element(c, now), &last);
}

/* --- saved state ---------------------------------------------------------------------- */

/**
 * pit_counter_save() - make the ticks in a copy of a counter independent of the present
 * @c: the copy
 * @now: the present tick
 */
void pit_counter_save(struct pit_counter *c, s64 now)
{
	counter_sync(c, now);
	c->since = counter_elapsed(c, now);
	c->reload_at = c->null_count && c->counting && counter_periodic(c) ? c->reload_at - now : 0;
}

/**
 * pit_counter_restore() - the reverse
 * @c: a counter that is pit_counter_valid()
 * @now: the present tick
 */
void pit_counter_restore(struct pit_counter *c, s64 now)
{
	if (c->counting)
		c->since = now - c->since;
	c->reload_at += now;
}

static bool counter_flags_valid(const struct pit_counter *c)
{
	if ((c->gate | c->loaded | c->counting | c->null_count | c->write_msb | c->read_msb |
	     c->latched | c->status_latched | c->out) > 1)
		return false;
	return !(c->control & ~CW_COUNTER) && c->mode == counter_mode(c->control) &&
	       !memchr_inv(c->reserved, 0, sizeof(c->reserved));
}

/**
 * pit_counter_valid() - could this have come from pit_counter_save()?
 * @c: the saved counter
 *
 * Return: true if pit_counter_restore() may have it.
 */
bool pit_counter_valid(const struct pit_counter *c)
{
	u32 most = c->control & CW_BCD ? 10000 : 0x10000;

	if (!counter_flags_valid(c) || c->count > most || c->loaded_count > most)
		return false;
	if (!c->loaded)
		return !c->counting && !c->since && !c->reload_at;
	if (!c->count || !c->loaded_count)
		return false;
	if (c->since < (c->counting ? -1 : 0) || c->since > (s64)PIT_LONGEST)
		return false;
	if (!counter_periodic(c))
		return !c->reload_at;
	if (c->since >= c->loaded_count)
		return false;
	if (!c->null_count || !c->counting)
		return !c->reload_at;
	return c->reload_at > 0 && c->reload_at <= c->loaded_count - c->since;
}
