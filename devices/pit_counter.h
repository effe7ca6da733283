/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One counter of an 82C54 (Intel 231244), as pit8254.c sees it: see pit_counter.c.
 */
#ifndef AXVM_DEVICES_PIT_COUNTER_H
#define AXVM_DEVICES_PIT_COUNTER_H

#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/types.h>

/* Control Word Format; bits 7:6 select the counter */
#define CW_RW			GENMASK(5, 4)
#define CW_RW_LATCH		0		/* Counter Latch Command */
#define CW_RW_LSB		1
#define CW_RW_MSB		2
#define CW_RW_BOTH		3
#define CW_MODE			GENMASK(3, 1)
#define CW_BCD			BIT(0)
#define CW_COUNTER		GENMASK(5, 0)	/* what a counter keeps and the status shows */

/* Status Byte */
#define STATUS_OUT		BIT(7)
#define STATUS_NULL_COUNT	BIT(6)

#define PIT_NEVER		S64_MAX
#define PIT_LONGEST		BIT_ULL(50)	/* the most ticks restored: 29 years */

/**
 * struct pit_counter - what the guest can see of a counter
 * @since: while @counting: the tick of the load, moved on by whole periods in modes 2 and
 *         3 and by the time that the gate was low; else: ticks counted up to then.
 *         Saved: ticks counted, in both cases
 * @reload_at: tick at which a count written while counting is taken (modes 2 and 3,
 *             @null_count and @counting set). Saved: ticks until then
 * @count: count register: 1 to 65536; 0: not written yet
 * @loaded_count: what the counting element was loaded with
 * @element: what the counting element holds until the tick of the load
 * @latch: output latch, if @latched
 * @control: RW, mode and BCD as in the control word
 * @mode: 0 to 5, as @control says
 * @gate: level of GATE
 * @loaded: the counting element was loaded since the control word
 * @counting: and it counts; it does not while GATE holds it up
 * @null_count: the count register is newer than the counting element
 * @lsb: first byte of a count of two
 * @write_msb: the next byte written is the second
 * @read_msb: the next byte read is the second
 * @latched: @latch is to be read
 * @status_latched: @status is to be read
 * @status: status byte
 * @out: OUT until the tick of the load
 * @reserved: 0
 */
struct pit_counter {
	s64 since;
	s64 reload_at;
	u32 count;
	u32 loaded_count;
	u16 element;
	u16 latch;
	u8 control;
	u8 mode;
	u8 gate;
	u8 loaded;
	u8 counting;
	u8 null_count;
	u8 lsb;
	u8 write_msb;
	u8 read_msb;
	u8 latched;
	u8 status_latched;
	u8 status;
	u8 out;
	u8 reserved[7];
};

/* For all: the caller's lock is held, and @now is the present tick. */
void pit_counter_write_control(struct pit_counter *c, u8 control, s64 now);
void pit_counter_write(struct pit_counter *c, u8 byte, s64 now);
void pit_counter_set_gate(struct pit_counter *c, bool gate, s64 now);
void pit_counter_latch_count(struct pit_counter *c, s64 now);
void pit_counter_latch_status(struct pit_counter *c, s64 now);
u8 pit_counter_read(struct pit_counter *c, s64 now);
bool pit_counter_out(struct pit_counter *c, s64 now);
s64 pit_counter_next_rise(struct pit_counter *c, s64 now);
void pit_counter_save(struct pit_counter *c, s64 now);
bool pit_counter_valid(const struct pit_counter *c);
void pit_counter_restore(struct pit_counter *c, s64 now);

#endif /* AXVM_DEVICES_PIT_COUNTER_H */
