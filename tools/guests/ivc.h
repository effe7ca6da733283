/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two guests of a channel, whichever family; included by FAMILY/ivc-publisher.c and
 * FAMILY/ivc-subscriber.c, after guest.h. The family has hypercall(), doorbell_on() and
 * wait_for_doorbell().
 */
#ifndef GUESTS_IVC_H
#define GUESTS_IVC_H

#include "ivc-ring.h"

#define REFUSED		(~0UL)

static volatile u64 ivc_base, ivc_size;
static struct ring_channel *channel;
static u32 publisher;
static u32 doorbells_rung;

static volatile u64 *page_mark(u32 page)
{
	return (volatile u64 *)(ivc_base + 4096UL * page + RING_MARK_OFFSET);
}

static void ring_doorbell(void)
{
	CHECK_EQ(hypercall(AXVM_HC_IVC_NOTIFY, publisher, IVC_KEY, 0, 0), 0);
	doorbells_rung++;
}

/* So many messages, which the publisher sends first, and gets back in their order */
static void exchange(u32 me, u32 wanted)
{
	struct ring *in = &channel->ring[(me + IVC_PARTIES - 1) % IVC_PARTIES];
	struct ring *out = &channel->ring[me];
	u32 sent = 0, received = 0, wrong = 0;
	u64 number, value;
	bool idle;

	while (received < wanted || sent < wanted) {
		idle = true;
		if (!me && sent < wanted && ring_put(out, sent, ring_value(sent))) {
			sent++;
			idle = false;
			ring_doorbell();
		}
		/* Who passes on takes only what it can pass on. */
		if ((!me || out->put - out->got < RING_SLOTS) && ring_get(in, &number, &value)) {
			wrong += number != received ||
				 value != ring_value(number) + (me ? me - 1 : IVC_PARTIES - 1);
			received++;
			idle = false;
			if (me) {
				ring_put(out, number, value + 1);
				sent++;
			}
			if (me || ring_made_room(in))
				ring_doorbell();
		}
		if (idle)
			wait_for_doorbell();
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(received, wanted);
}

/* The process says when and how many. */
static u32 wait_for_start(void)
{
	while (!channel->wanted)
		wait_for_doorbell();
	return channel->wanted;
}

#endif /* GUESTS_IVC_H */
