/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest that publishes a channel: what it is refused, what it gets, messages round all
 * three, and the end. Included as ivc.h is.
 */
#include "ivc.h"

const char *const guest_name = "ivc-publisher";

static u64 publish(u64 key, u64 base, u64 size)
{
	return hypercall(AXVM_HC_IVC_PUBLISH, key, base, size, 0);
}

static void refusals(void)
{
	u64 base = (u64)&ivc_base, size = (u64)&ivc_size;

	ivc_size = 0;
	CHECK_EQ(publish(1, base, size), REFUSED);
	ivc_size = ~0UL;
	CHECK_EQ(publish(1, base, size), REFUSED);
	ivc_size = 65UL << 20;
	CHECK_EQ(publish(1, base, size), REFUSED);
	ivc_size = 4096;
	CHECK_EQ(publish(1, base + 1, size), REFUSED);
	CHECK_EQ(publish(1, base, size + 4), REFUSED);
	CHECK_EQ(publish(1, 0xfffffffff000, size), REFUSED);
	CHECK_EQ(publish(1, base, 0xfffffffff000), REFUSED);
	CHECK_EQ(publish(1, IVC_WINDOW, size), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 1, 0, 0, 0), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_NOTIFY, 1, 1, 0, 0), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_NOTIFY, ~0UL, 1, 0, 0), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNSUBSCRIBE, 1, 1, 0, 0), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_SUBSCRIBE, 1UL << 32, 1, base, size), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_SUBSCRIBE, 0, 0x1234, base, size), REFUSED);
	CHECK_EQ(hypercall(0x41580003, 0, 0, 0, 0), REFUSED);
	CHECK_EQ(hypercall(2, 0, 0, 0, 0), REFUSED);
	/* Nothing stayed of what could not be told. */
	CHECK_EQ(publish(1, base, size), 0);
	CHECK_EQ(ivc_base, IVC_WINDOW);
	CHECK_EQ(publish(1, base, size), REFUSED);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 1, 0, 0, 0), 0);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 1, 0, 0, 0), REFUSED);
}

/* One instruction for all: what it found at an address once must not be taken for granted. */
static __attribute__((noinline)) u64 peek(u64 at)
{
	return *(volatile u64 *)at;
}

static void own_memory(void)
{
	u64 base = (u64)&ivc_base, size = (u64)&ivc_size;
	u64 at[2], i;

	/* Touched while nothing is there: an open bus, which is not remembered as one */
	for (i = 0; i < 4; i++)
		CHECK_EQ(peek(IVC_WINDOW + 16), ~0UL);
	for (i = 0; i < 2; i++) {
		ivc_size = 100;
		CHECK_EQ(publish(i, base, size), 0);
		CHECK_EQ(ivc_size, 4096);
		at[i] = ivc_base;
		CHECK_EQ(peek(at[i] + 8), i);
		CHECK_EQ(peek(at[i] + 16), 0);
		*(volatile u64 *)(at[i] + 16) = 5 + i;
	}
	CHECK_EQ(peek(at[0] + 16), 5);
	CHECK_EQ(peek(at[0]), peek(at[1]));
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 0, 0, 0, 0), 0);
	CHECK_EQ(peek(at[0] + 16), ~0UL);
	CHECK_EQ(peek(at[1] + 16), 6);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 1, 0, 0, 0), 0);
	CHECK_EQ(peek(at[1] + 16), ~0UL);
	/* What is published again is zeros. */
	ivc_size = 4096;
	CHECK_EQ(publish(7, base, size), 0);
	CHECK_EQ(ivc_base, at[0]);
	CHECK_EQ(peek(at[0] + 16), 0);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, 7, 0, 0, 0), 0);
}

static void messages(void)
{
	u32 page;

	doorbell_on();
	ivc_size = IVC_SIZE;
	CHECK_EQ(publish(IVC_KEY, (u64)&ivc_base, (u64)&ivc_size), 0);
	CHECK_EQ(ivc_size, IVC_SIZE);
	channel = (struct ring_channel *)ivc_base;
	publisher = channel->header.publisher;
	CHECK_EQ(channel->header.key, IVC_KEY);
	for (page = 1; page < IVC_SIZE / 4096; page++)
		*page_mark(page) = ring_page_mark(page);
	exchange(0, wait_for_start());
	while (!channel->finished)
		wait_for_doorbell();
	CHECK(doorbells() > 0);
	CHECK_EQ(hypercall(AXVM_HC_IVC_UNPUBLISH, IVC_KEY, 0, 0, 0), 0);
}

const struct test tests[] = {
	{ "refusals", refusals },
	{ "own-memory", own_memory },
	{ "messages", messages },
	{ 0, 0 }
};
