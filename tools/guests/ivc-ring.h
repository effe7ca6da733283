/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings in the memory of a channel, in which three send each other messages: a guest that
 * publishes the channel, a guest and a process that subscribe to it. The guests and the
 * process are built of the same header.
 *
 * A ring has one who puts and one who gets. Each counts in a word of its own, which the other
 * only reads; no atomic instruction is needed, so a guest without caches can take part, too.
 */
#ifndef GUESTS_IVC_RING_H
#define GUESTS_IVC_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "../../uapi/axvm.h"

#define IVC_KEY		0x72696e67
#define IVC_SIZE	(0x200000 + 0x10000)	/* a page of 2 MiB, and small ones */
#define RING_SLOTS	16

/* Who sends to whom: 0 the publisher, 1 the subscriber, 2 the process; n sends to n + 1 */
#define IVC_PARTIES	3

struct ring_message {
	uint64_t number;
	uint64_t value;
};

/**
 * struct ring - messages from one to another
 * @put: how many were put; written by who puts
 * @got: how many were got; written by who gets
 * @pad1: each word is in a cache line of its own
 * @pad2: likewise
 * @slot: the messages
 */
struct ring {
	volatile uint32_t put;
	uint32_t pad1[15];
	volatile uint32_t got;
	uint32_t pad2[15];
	volatile struct ring_message slot[RING_SLOTS];
};

/**
 * struct ring_channel - how the channel begins
 * @header: the kernel's
 * @wanted: how many messages each sends; 0: wait; written by the process
 * @subscribed: the subscriber is there, and has seen all pages
 * @finished: the process has got all; the publisher may go
 * @pad: the rings begin at a cache line
 * @ring: ring n leads from party n to the next
 */
struct ring_channel {
	volatile struct axvm_ivc_header header;
	volatile uint32_t wanted;
	volatile uint32_t subscribed;
	volatile uint32_t finished;
	uint32_t pad[9];
	struct ring ring[IVC_PARTIES];
};

static inline void ring_barrier(void)
{
#ifdef __aarch64__
	asm volatile("dmb sy" : : : "memory");
#else
	asm volatile("mfence" : : : "memory");
#endif
}

/* False: the ring is full */
static inline bool ring_put(struct ring *ring, uint64_t number, uint64_t value)
{
	uint32_t put = ring->put;

	if (put - ring->got == RING_SLOTS)
		return false;
	ring->slot[put % RING_SLOTS].number = number;
	ring->slot[put % RING_SLOTS].value = value;
	ring_barrier();
	ring->put = put + 1;
	/* Whoever is rung after this sees it. */
	ring_barrier();
	return true;
}

/* False: the ring is empty */
static inline bool ring_get(struct ring *ring, uint64_t *number, uint64_t *value)
{
	uint32_t got = ring->got;

	if (ring->put == got)
		return false;
	ring_barrier();
	*number = ring->slot[got % RING_SLOTS].number;
	*value = ring->slot[got % RING_SLOTS].value;
	ring_barrier();
	ring->got = got + 1;
	ring_barrier();
	return true;
}

/*
 * After ring_get(): does who puts perhaps wait for room? Then it is to be rung. It looks whether
 * there is room after it has put, as we look what it has put after we have got.
 */
static inline bool ring_made_room(const struct ring *ring)
{
	return ring->put - ring->got >= RING_SLOTS - 1;
}

/* What message @number has when its first sender sends it; each who passes it on adds one */
static inline uint64_t ring_value(uint64_t number)
{
	return number * 0x9e3779b97f4a7c15;
}

/* What the publisher writes to the end of each page but the first */
static inline uint64_t ring_page_mark(uint32_t page)
{
	return 0x1d0c000000000000 | page;
}

#define RING_MARK_OFFSET	0xff8

#endif /* GUESTS_IVC_RING_H */
