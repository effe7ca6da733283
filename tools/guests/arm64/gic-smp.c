// SPDX-License-Identifier: GPL-2.0
/* What two CPUs do to each other by the GIC. */
#include "guest.h"

const char *const guest_name = "gic-smp";
const u32 guest_cpus = 2;

static struct cpu *const me = &cpus[0], *const other = &cpus[1];

static volatile u32 stop;

/* CPU 1 takes interrupts, awake or asleep. */
static void listen_awake(void)
{
	irqs_on();
	while (!stop)
		;
}

static void listen_asleep(void)
{
	while (!stop) {
		asm volatile("wfi" : : : "memory");
		irqs_on();
		irqs_off();
	}
}

/* CPU 1 is there, and takes none. */
static void ignore(void)
{
	while (!stop)
		;
}

static void listening(void (*how)(void))
{
	u32 i;

	for (i = 0; i < 8; i++)
		gic_bit_of(1, ISENABLER, i);
	stop = 0;
	run_on_1(how);
}

static void stopped(void)
{
	stop = 1;
	barrier();
	set(ICC_SGI1R, 7UL << 24 | 2);	/* from its sleep */
	join_1();
}

static void send(void (*how)(void))
{
	u32 i;

	listening(how);
	for (i = 1; i <= 200; i++) {
		set(ICC_SGI1R, 2UL << 24 | 2);
		if (!wait_for(&other->count[2], i))
			break;
	}
	CHECK_EQ(other->count[2], 200);
	set(ICC_SGI1R, 3UL << 24 | SGI_ALL_OTHERS);
	CHECK(wait_for(&other->count[3], 1));
	CHECK_EQ(me->nr, 0);
	stopped();
}

static void sgi_awake(void)
{
	send(listen_awake);
}

static void sgi_asleep(void)
{
	send(listen_asleep);
}

/* Back and forth from the handlers */
static void answer(u32 intid)
{
	set(ICC_SGI1R, (u64)intid << 24 | (this_cpu() ? 1 : 2));
}

static void ping_pong(void)
{
	gic_on(1, 0x80);
	other->hook = answer;
	listening(listen_asleep);
	irqs_on();
	me->hook = answer;
	set(ICC_SGI1R, 1UL << 24 | 2);
	CHECK(wait_for(&me->count[1], 300));
	me->hook = 0;
	other->hook = 0;
	delay_us(500);
	CHECK(me->count[1] <= other->count[1] + 1 && other->count[1] <= me->count[1] + 1);
	stopped();
}

static void routes(void)
{
	u32 i;

	listening(listen_awake);
	gic_on(60, 0x80);
	irqs_on();
	for (i = 1; i <= 50; i++) {
		gic_route(60, 1);
		gic_bit(ISPENDR, 60);
		CHECK(wait_for(&other->count[60], i));
		gic_route(60, 0);
		gic_bit(ISPENDR, 60);
		CHECK(wait_for(&me->count[60], i));
	}
	CHECK_EQ(me->count[60], 50);
	CHECK_EQ(other->count[60], 50);
	/* Nobody's: it waits. */
	gic_route(60, 9);
	gic_bit(ISPENDR, 60);
	delay_us(100);
	CHECK(gic_is(ISPENDR, 60));
	gic_route(60, 1);
	CHECK(wait_for(&other->count[60], 51));
	stopped();
}

/* What waits on CPU 1, which does not take it, is taken back from there. */
static void taken_back(void)
{
	u32 i;

	listening(ignore);
	gic_on(61, 0x80);
	irqs_on();
	for (i = 1; i <= 20; i++) {
		gic_route(61, 1);
		gic_bit(ISPENDR, 61);
		delay_us(100);
		CHECK(gic_is(ISPENDR, 61));
		if (i & 1) {
			gic_bit(ICPENDR, 61);
			CHECK(!gic_is(ISPENDR, 61));
			gic_bit(ISPENDR, 61);
		}
		CHECK_EQ(me->nr, i - 1);
		gic_route(61, 0);
		CHECK(wait_for(&me->nr, i));
	}
	stopped();
	CHECK_EQ(other->nr, 0);
}

/* CPU 1 stays in a handler until it is told. */
static volatile u32 inside, leave;

static void stay(u32 intid)
{
	(void)intid;
	inside = 1;
	while (!leave)
		;
}

static void active_elsewhere(void)
{
	u32 i;

	gic_on(62, 0x80);
	gic_route(62, 1);
	other->hook = stay;
	listening(listen_awake);
	for (i = 1; i <= 20; i++) {
		inside = 0;
		leave = 0;
		gic_bit(ISPENDR, 62);
		CHECK(wait_for(&inside, 1));
		CHECK(gic_is(ISACTIVER, 62));
		CHECK(!gic_is(ISPENDR, 62));
		leave = 1;
		CHECK(wait_until(ISACTIVER, 62, false));
	}
	CHECK_EQ(other->count[62], 20);
	stopped();
}

/* Disabled means disabled when the write, and RWP, are done; who took it before may yet count it. */
static void disabled(void)
{
	u32 i, before;

	listening(listen_awake);
	gic_on(63, 0x80);
	gic_route(63, 1);
	for (i = 0; i < 200; i++) {
		gic_bit(ISPENDR, 63);
		gic_bit(ICENABLER, 63);
		while (rd(GICD) >> 31)
			;
		delay_us(20);
		while (other->taking)
			;
		barrier();
		before = other->count[63];
		gic_bit(ISPENDR, 63);
		delay_us(20);
		CHECK_EQ(other->count[63], before);
		gic_bit(ISENABLER, 63);
		CHECK(wait_for(&other->count[63], before + 1));
	}
	stopped();
}

/* Both are busy with all there is: nothing is lost. */
static volatile u32 sent[32];

static void forward(u32 intid)
{
	u32 n = intid - 200;

	if (intid < 200 || intid >= 232 || sent[n] >= 100)
		return;
	sent[n]++;
	gic_bit(ISPENDR, intid);
}

static void storm(void)
{
	u32 i, n, total = 0;

	for (n = 0; n < 32; n++) {
		sent[n] = 1;
		gic_on(200 + n, 0x80 + (n & 3) * 0x10);
		gic_route(200 + n, n & 1);
	}
	me->hook = forward;
	other->hook = forward;
	listening(listen_asleep);
	irqs_on();
	for (n = 0; n < 32; n++)
		gic_bit(ISPENDR, 200 + n);
	for (i = 0; i < 40000 && total < 3200; i++) {
		delay_us(1000);
		total = 0;
		for (n = 0; n < 32; n++)
			total += me->count[200 + n] + other->count[200 + n];
	}
	for (n = 0; n < 32; n++) {
		CHECK_EQ(n & 1 ? other->count[200 + n] : me->count[200 + n], 100);
		CHECK_EQ(n & 1 ? me->count[200 + n] : other->count[200 + n], 0);
	}
	stopped();
}

const struct test tests[] = {
	{ "sgi-awake", sgi_awake },
	{ "sgi-asleep", sgi_asleep },
	{ "ping-pong", ping_pong },
	{ "routes", routes },
	{ "taken-back", taken_back },
	{ "active-elsewhere", active_elsewhere },
	{ "disabled", disabled },
	{ "storm", storm },
	{ 0, 0 }
};
