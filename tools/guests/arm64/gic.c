// SPDX-License-Identifier: GPL-2.0
/* What one CPU sees of its GIC and timers. */
#include "guest.h"

const char *const guest_name = "gic";
const u32 guest_cpus = 1;

static struct cpu *const me = &cpus[0];

static void sgi(u32 intid)
{
	set(ICC_SGI1R, (u64)intid << 24 | 1);
}

static void identification(void)
{
	CHECK_EQ(rd(GICD) & 0x7fffffff, 0x53);
	CHECK_EQ(rd(GICD + 0xffe8) >> 4 & 15, 3);
	CHECK_EQ(rd(GICR(0) + 0xffe8) >> 4 & 15, 3);
	CHECK_EQ(rd(GICR(0) + 8) >> 8 & 0xffff, 0);
	CHECK_EQ(get(ICC_SRE), 7);
	CHECK_EQ(get(ICC_IAR1), SPURIOUS);
	CHECK_EQ(get(ICC_HPPIR1), SPURIOUS);
	CHECK_EQ(get(ICC_RPR), 0xff);
}

static void sgi_to_self(void)
{
	u32 i;

	for (i = 0; i < 16; i++)
		gic_on(i, 0x80);
	irqs_on();
	for (i = 0; i < 16; i++) {
		sgi(i);
		CHECK(wait_for(&me->nr, i + 1));
	}
	for (i = 0; i < 16; i++)
		CHECK_EQ(me->log[i], i);
	/* Twice pending is once; while they are off it waits. */
	irqs_off();
	sgi(3);
	sgi(3);
	CHECK(gic_is(ISPENDR, 3));
	CHECK_EQ(get(ICC_HPPIR1), 3);
	CHECK_EQ(me->nr, 16);
	irqs_on();
	CHECK(wait_for(&me->nr, 17));
	delay_us(200);
	CHECK_EQ(me->nr, 17);
	CHECK(!gic_is(ISPENDR, 3));
	/* Not to nobody, not to all others */
	set(ICC_SGI1R, 3UL << 24);
	set(ICC_SGI1R, 3UL << 24 | 3UL << 16 | 1);
	set(ICC_SGI1R, 3UL << 24 | SGI_ALL_OTHERS);
	delay_us(200);
	CHECK_EQ(me->nr, 17);
}

static void priorities(void)
{
	static const u8 priority[8] = { 0x60, 0x20, 0xa0, 0x40, 0xe0, 0x80, 0x10, 0xc0 };
	static const u8 order[8] = { 6, 1, 3, 0, 5, 2, 7, 4 };
	u32 i;

	for (i = 0; i < 8; i++)
		gic_on(i, priority[i]);
	for (i = 0; i < 8; i++)
		sgi(i);
	irqs_on();
	CHECK(wait_for(&me->nr, 8));
	for (i = 0; i < 8; i++)
		CHECK_EQ(me->log[i], order[i]);
	/* A mask lets through what is more urgent. */
	irqs_off();
	set(ICC_PMR, 0x60);
	for (i = 0; i < 8; i++)
		sgi(i);
	irqs_on();
	delay_us(300);
	CHECK_EQ(me->nr, 11);
	CHECK_EQ(me->log[10], 3);
	set(ICC_PMR, 0xf8);
	CHECK(wait_for(&me->nr, 16));
	CHECK_EQ(me->log[11], 0);
	CHECK_EQ(me->log[15], 4);
}

/* Each handler sends the next more urgent one, twelve deep. */
static void nest(u32 intid)
{
	u32 depth = me->depth;

	CHECK_EQ(get(ICC_RPR), 0xd0 - intid * 0x10);
	if (intid == 11)
		return;
	sgi(intid + 1);
	irqs_on();
	CHECK(wait_for(&me->count[intid + 1], me->count[intid]));
	irqs_off();
	CHECK_EQ(me->depth, depth);
}

static void preemption(void)
{
	u32 i, round;

	for (i = 0; i < 12; i++)
		gic_on(i, 0xd0 - i * 0x10);
	me->hook = nest;
	irqs_on();
	for (round = 1; round <= 20; round++) {
		sgi(0);
		CHECK(wait_for(&me->count[0], round));
		CHECK(wait_for(&me->nr, 12 * round));
		for (i = 0; i < 12; i++)
			CHECK_EQ(me->count[i], round);
		CHECK_EQ(get(ICC_RPR), 0xff);
		CHECK_EQ(rd(GICR(0) + SGI_BASE + ISACTIVER), 0);
	}
}

/* --- timers --------------------------------------------------------------- */

static u32 stop_after;
static volatile u32 fired;

static void stop_timer(u32 intid)
{
	(void)intid;
	if (++fired >= stop_after) {
		set("cntv_ctl_el0", 0);
		set("cntp_ctl_el0", 0);
	}
}

/* A level: comes again and again until the handler sees to its cause */
static void timer_level(u32 intid)
{
	me->hook = stop_timer;
	fired = 0;
	stop_after = 5;
	gic_on(intid, 0x80);
	irqs_on();
	if (intid == PPI_VTIMER) {
		set("cntv_cval_el0", 0);
		set("cntv_ctl_el0", 1);
	} else {
		set("cntp_cval_el0", 0);
		set("cntp_ctl_el0", 1);
	}
	CHECK(wait_for(&fired, 5));
	delay_us(200);
	CHECK_EQ(fired, 5);
	CHECK(!gic_is(ISPENDR, intid));
	CHECK(!gic_is(ISACTIVER, intid));
}

static void virtual_timer_level(void)
{
	timer_level(PPI_VTIMER);
}

static void physical_timer_level(void)
{
	timer_level(PPI_PTIMER);
}

static volatile u64 fired_at;

static void rearm_virtual(u32 intid)
{
	(void)intid;
	fired_at = get("cntvct_el0");
	if (++fired < stop_after)
		set("cntv_cval_el0", get("cntv_cval_el0") + get("cntfrq_el0") / 1000);
	else
		set("cntv_ctl_el0", 2);
}

/* On time while running; the handler sees ENABLE and ISTATUS, and nothing that is not its own. */
static void see_ctl(u32 intid)
{
	CHECK_EQ(get("cntv_ctl_el0"), 5);
	rearm_virtual(intid);
}

static void virtual_timer_ticks(void)
{
	u64 start;

	me->hook = see_ctl;
	fired = 0;
	stop_after = 50;
	gic_on(PPI_VTIMER, 0x80);
	irqs_on();
	start = get("cntvct_el0");
	set("cntv_cval_el0", start + get("cntfrq_el0") / 1000);
	set("cntv_ctl_el0", 1);
	CHECK(wait_for(&fired, 50));
	CHECK(fired_at >= start + 50 * (get("cntfrq_el0") / 1000));
	CHECK_EQ(get("cntv_ctl_el0"), 2);
}

/* The same asleep */
static void wait_for_interrupt(const volatile u32 *value, u32 at_least)
{
	u64 end = get("cntvct_el0") + 20 * get("cntfrq_el0");

	while (*value < at_least && get("cntvct_el0") < end) {
		irqs_off();
		if (*value < at_least)
			asm volatile("wfi" : : : "memory");
		irqs_on();
	}
	CHECK(*value >= at_least);
}

static void virtual_timer_wakes(void)
{
	me->hook = rearm_virtual;
	fired = 0;
	stop_after = 50;
	gic_on(PPI_VTIMER, 0x80);
	set("cntv_tval_el0", get("cntfrq_el0") / 1000);
	set("cntv_ctl_el0", 1);
	wait_for_interrupt(&fired, 50);
}

static void physical_timer_wakes(void)
{
	u32 i;

	me->hook = stop_timer;
	fired = 0;
	stop_after = 0;
	gic_on(PPI_PTIMER, 0x80);
	for (i = 1; i <= 10; i++) {
		set("cntp_tval_el0", get("cntfrq_el0") / 1000);
		set("cntp_ctl_el0", 1);
		wait_for_interrupt(&fired, i);
		CHECK_EQ(get("cntp_ctl_el0"), 0);
	}
}

/* Taken away again before it is acknowledged; and it still works afterwards. */
static void timer_withdrawn(void)
{
	u32 i;

	gic_on(PPI_VTIMER, 0x80);
	for (i = 1; i <= 20; i++) {
		irqs_off();
		set("cntv_cval_el0", 0);
		set("cntv_ctl_el0", 1);
		delay_us(50);
		CHECK(gic_is(ISPENDR, PPI_VTIMER));
		set("cntv_ctl_el0", 0);
		delay_us(20);
		CHECK(!gic_is(ISPENDR, PPI_VTIMER));
		irqs_on();
		delay_us(20);
		CHECK_EQ(me->nr, i - 1);
		me->hook = stop_timer;
		stop_after = 0;
		set("cntv_ctl_el0", 1);
		CHECK(wait_for(&me->nr, i));
	}
	/* Not enabled at the GIC, then enabled, with the line up all the time */
	gic_bit(ICENABLER, PPI_VTIMER);
	set("cntv_ctl_el0", 1);
	delay_us(300);
	CHECK_EQ(me->nr, 20);
	gic_bit(ISENABLER, PPI_VTIMER);
	CHECK(wait_for(&me->nr, 21));
}

/* --- SPIs ----------------------------------------------------------------- */

static void spi_edge(void)
{
	u32 i;

	gic_on(40, 0x80);
	irqs_on();
	for (i = 1; i <= 20; i++) {
		gic_bit(ISPENDR, 40);
		CHECK(wait_for(&me->nr, i));
	}
	CHECK_EQ(me->count[40], 20);
	irqs_off();
	gic_bit(ISPENDR, 40);
	CHECK(gic_is(ISPENDR, 40));
	gic_bit(ICPENDR, 40);
	CHECK(!gic_is(ISPENDR, 40));
	irqs_on();
	delay_us(100);
	CHECK_EQ(me->nr, 20);
}

/* The UART's transmit interrupt: stays up until it is cleared */
static void clear_uart(u32 intid)
{
	CHECK_EQ(intid, SPI_UART);
	if (++fired >= 4)
		wr(UART + 0x44, 0x7ff);	/* ICR */
}

static void spi_level(void)
{
	gic_route(SPI_UART, 0);
	gic_priority(SPI_UART, 0x80);
	me->hook = clear_uart;
	fired = 0;
	wr(UART + 0x44, 0x7ff);
	wr(UART + 0x38, 0x20);	/* IMSC: transmit */
	gic_bit(ISENABLER, SPI_UART);
	irqs_on();
	print("#");
	CHECK(wait_for(&fired, 4));
	delay_us(300);
	wr(UART + 0x38, 0);
	CHECK_EQ(fired, 4);
	CHECK(!gic_is(ISPENDR, SPI_UART));
	CHECK(!gic_is(ISACTIVER, SPI_UART));
	print("\n");
}

/* 64 at once, eight priorities: in order of priority, then of INTID. Each once. */
static void spi_overflow(void)
{
	u32 i, round;

	for (i = 64; i < 128; i++)
		gic_on(i, (i & 7) * 0x10 + 0x40);
	for (round = 1; round <= 10; round++) {
		irqs_off();
		me->nr = 0;
		wr(GICD + ISPENDR + 8, ~0U);
		wr(GICD + ISPENDR + 12, ~0U);
		irqs_on();
		CHECK(wait_for(&me->nr, 64));
		delay_us(100);
		CHECK_EQ(me->nr, 64);
		for (i = 64; i < 128; i++)
			CHECK_EQ(me->count[i], round);
		for (i = 0; i < 64; i++)
			CHECK_EQ(me->log[i], 64 + (i & 7) * 8 + (i >> 3));
	}
}

/* --- active --------------------------------------------------------------- */

static void see_active(u32 intid)
{
	CHECK(gic_is(ISACTIVER, intid));
	CHECK(!gic_is(ISPENDR, intid));
	gic_bit(ISPENDR, intid);
	CHECK(gic_is(ISPENDR, intid));
	if (me->count[intid] >= 3)
		gic_bit(ICPENDR, intid);
}

static void active(void)
{
	gic_on(50, 0x80);
	gic_on(7, 0x80);
	me->hook = see_active;
	irqs_on();
	gic_bit(ISPENDR, 50);
	CHECK(wait_for(&me->count[50], 3));
	sgi(7);
	CHECK(wait_for(&me->count[7], 3));
	delay_us(100);
	CHECK_EQ(me->count[50], 3);
	CHECK_EQ(me->count[7], 3);
	CHECK(!gic_is(ISACTIVER, 50));
	/* Made active by software, it does not come. */
	me->hook = 0;
	gic_bit(ISACTIVER, 50);
	gic_bit(ISPENDR, 50);
	delay_us(100);
	CHECK_EQ(me->count[50], 3);
	gic_bit(ICACTIVER, 50);
	CHECK(wait_for(&me->count[50], 4));
}

/* EOImode 1: the end drops the priority, ICC_DIR_EL1 deactivates. */
static void eoi_mode_1(void)
{
	static const u8 order[8] = { 3, 7, 0, 6, 1, 5, 2, 4 };
	u32 i, left = 0xff << 4;

	set(ICC_CTLR, CTLR_EOIMODE);
	for (i = 0; i < 8; i++)
		gic_on(100 + i, 0x80);
	irqs_on();
	wr(GICD + ISPENDR + 12, 0xff << 4);
	CHECK(wait_for(&me->nr, 8));
	CHECK_EQ(get(ICC_RPR), 0xff);
	CHECK_EQ(rd(GICD + ISACTIVER + 12), 0xff << 4);
	/* Active, they do not come again. */
	wr(GICD + ISPENDR + 12, 0xff << 4);
	delay_us(100);
	CHECK_EQ(me->nr, 8);
	for (i = 0; i < 8; i++) {
		set(ICC_DIR, 100 + order[i]);
		CHECK(wait_for(&me->nr, 9 + i));
		CHECK_EQ(me->log[8 + i], 100 + order[i]);
	}
	for (i = 0; i < 8; i++) {
		CHECK_EQ(rd(GICD + ISACTIVER + 12), left);
		set(ICC_DIR, 100 + order[i]);
		left &= ~(1U << (order[i] + 4));
	}
	CHECK_EQ(rd(GICD + ISACTIVER + 12), 0);
	CHECK_EQ(me->nr, 16);
	/* A timer's, which is the host's own */
	me->hook = stop_timer;
	stop_after = 0;
	gic_on(PPI_VTIMER, 0x80);
	set("cntv_cval_el0", 0);
	for (i = 17; i < 22; i++) {
		set("cntv_ctl_el0", 1);
		CHECK(wait_for(&me->nr, i));
		CHECK(gic_is(ISACTIVER, PPI_VTIMER));
		set("cntv_ctl_el0", 1);
		delay_us(50);
		CHECK_EQ(me->nr, i);
		set("cntv_ctl_el0", 0);
		set(ICC_DIR, PPI_VTIMER);
		CHECK(!gic_is(ISACTIVER, PPI_VTIMER));
	}
	set(ICC_CTLR, 0);
}

/* --- groups --------------------------------------------------------------- */

static void group_0(void)
{
	wr(GICR(0) + SGI_BASE + IGROUPR, ~0x30U);
	gic_on(4, 0x80);
	gic_on(5, 0x80);
	gic_on(6, 0x80);
	irqs_on();
	set(ICC_SGI0R, 4UL << 24 | 1);
	CHECK(wait_for(&me->count[4], 1));
	CHECK_EQ(me->fiqs, 1);
	/* It reaches no Group 1. */
	set(ICC_SGI0R, 6UL << 24 | 1);
	gic_bit(ISPENDR, 5);
	CHECK(wait_for(&me->count[5], 1));
	CHECK_EQ(me->fiqs, 2);
	CHECK_EQ(me->count[6], 0);
	sgi(6);
	CHECK(wait_for(&me->count[6], 1));
	CHECK_EQ(me->fiqs, 2);
	/* Groups are held back one by one, at the interface and at the distributor. */
	set(ICC_IGRPEN0, 0);
	gic_priority(6, 0x40);
	gic_bit(ISPENDR, 4);
	sgi(6);
	CHECK(wait_for(&me->count[6], 2));
	delay_us(100);
	CHECK_EQ(me->count[4], 1);
	set(ICC_IGRPEN0, 1);
	CHECK(wait_for(&me->count[4], 2));
	wr(GICD, 0x12);
	gic_bit(ISPENDR, 4);
	delay_us(100);
	CHECK_EQ(me->count[4], 2);
	wr(GICD, 0x13);
	CHECK(wait_for(&me->count[4], 3));
}

const struct test tests[] = {
	{ "identification", identification },
	{ "sgi-to-self", sgi_to_self },
	{ "priorities", priorities },
	{ "preemption", preemption },
	{ "virtual-timer-level", virtual_timer_level },
	{ "physical-timer-level", physical_timer_level },
	{ "virtual-timer-ticks", virtual_timer_ticks },
	{ "virtual-timer-wakes", virtual_timer_wakes },
	{ "physical-timer-wakes", physical_timer_wakes },
	{ "timer-withdrawn", timer_withdrawn },
	{ "spi-edge", spi_edge },
	{ "spi-level", spi_level },
	{ "spi-overflow", spi_overflow },
	{ "active", active },
	{ "eoi-mode-1", eoi_mode_1 },
	{ "group-0", group_0 },
	{ 0, 0 }
};
