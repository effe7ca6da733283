// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU that waits for its start-up IPI and gets all but that, for two seconds: it must cost
 * the host nothing, which is for the host to look at. Then it is started.
 */
#include "guest.h"

const char *const guest_name = "park";

static void test_park(void)
{
	u64 begin;
	u32 i;

	if (nr_cpus < 2)
		return;
	apic_send(1, DM_INIT | ICR_LEVEL | ICR_ASSERT);
	for (i = 0; i < 3; i++)
		apic_send(1, DM_NMI | ICR_ASSERT);
	apic_send(1, 0x50);
	print("parked\n");
	apic_write(APIC_TDCR, TDCR_DIV_1);
	apic_write(APIC_LVTT, LVT_PERIODIC | 0x40);
	apic_write(APIC_TMICT, 100000000);
	for (begin = rdtsc(); rdtsc() - begin < 2 * tsc_hz(); )
		sleep_until_interrupt();
	init_and_start(1);
	CHECK_EQ(cpus[1].count[VECTOR_NMI], 0);
}

const struct test tests[] = {
	{ "park", test_park },
	{ }
};
