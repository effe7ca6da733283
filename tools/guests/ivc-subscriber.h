/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest that subscribes to a channel: it looks for the publisher, sees its pages, passes
 * messages on, and goes on reading when the publisher has gone. Included as ivc.h is.
 */
#include "ivc.h"

const char *const guest_name = "ivc-subscriber";

/* Publishers have small numbers; who it is, the channel says. */
static void find_publisher(void)
{
	u32 id = 0;

	while (hypercall(AXVM_HC_IVC_SUBSCRIBE, ++id, IVC_KEY, (u64)&ivc_base, (u64)&ivc_size))
		if (id == 64)
			id = 0;
	publisher = id;
	channel = (struct ring_channel *)ivc_base;
}

static void see_pages(void)
{
	u32 page, wrong = 0;

	for (page = 1; page < IVC_SIZE / 4096; page++)
		while (*page_mark(page) != ring_page_mark(page))
			wrong = channel->header.publisher ? wrong : wrong + 1;
	CHECK_EQ(wrong, 0);
	ring_barrier();
	channel->subscribed = 1;
}

/* The publisher has gone: all is zeros, what is written is lost, and that stays so. */
static void see_zeros(void)
{
	u32 page, wrong = 0;

	for (page = 1; page < IVC_SIZE / 4096; page++)
		wrong += *page_mark(page) != 0;
	CHECK_EQ(wrong, 0);
	*page_mark(1) = 5;
	CHECK_EQ(*page_mark(1), 0);
	CHECK_EQ(hypercall(AXVM_HC_IVC_NOTIFY, publisher, IVC_KEY, 0, 0), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNSUBSCRIBE, publisher, IVC_KEY, 0, 0), 0);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNSUBSCRIBE, publisher, IVC_KEY, 0, 0), REFUSED);
	CHECK_EQ(*page_mark(1), ~0UL);
}

static void messages(void)
{
	doorbell_on();
	find_publisher();
	CHECK_EQ(ivc_size, IVC_SIZE);
	CHECK_EQ(channel->header.publisher, publisher);
	CHECK_EQ(channel->header.key, IVC_KEY);
	see_pages();
	exchange(1, wait_for_start());
	CHECK(doorbells() > 0);
	while (channel->header.publisher)
		wait_for_doorbell();
	see_zeros();
}

const struct test tests[] = {
	{ "messages", messages },
	{ 0, 0 }
};
