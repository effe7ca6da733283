// SPDX-License-Identifier: GPL-2.0
/*
 * The process among the three of tools/guests/ivc-ring.h: two guests are run by the launcher
 * (ivc.sh), and messages go round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../guests/ivc-ring.h"
#include "check.h"
#include "ivc.h"

#define ME	2
#define WAIT_MS	30000

/* The channel that the publisher's guest makes, whatever number its VM has */
static int find_channel(struct axvm_ivc_stat *stat)
{
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		memset(stat, 0, sizeof(*stat));
		stat->size = sizeof(*stat);
		while (!ioctl(vm_system(), AXVM_IVC_STAT, stat)) {
			if (stat->key == IVC_KEY && stat->length == IVC_SIZE)
				return ivc_subscribe(stat->publisher, IVC_KEY, 0);
			stat->channel++;
		}
		sleep_ms(10);
	}
	die("no guest publishes");
}

static void see_pages(const struct ring_channel *channel)
{
	uint32_t page, wrong = 0;

	for (page = 1; page < IVC_SIZE / 4096; page++)
		wrong += *(volatile uint64_t *)((uint8_t *)channel + 4096 * page +
						RING_MARK_OFFSET) != ring_page_mark(page);
	CHECK_EQ(wrong, 0);
}

/* Take what comes round, and pass it on */
static void exchange(struct ring_channel *channel, int fd, uint32_t wanted)
{
	struct ring *in = &channel->ring[ME - 1], *out = &channel->ring[ME];
	uint32_t received = 0, wrong = 0, rings = 0;
	uint64_t number, value;

	while (received < wanted) {
		if (out->put - out->got < RING_SLOTS && ring_get(in, &number, &value)) {
			wrong += number != received || value != ring_value(number) + ME - 1;
			received++;
			ring_put(out, number, value + 1);
			ivc_ring(fd);
			continue;
		}
		if (!ivc_rang(fd, WAIT_MS)) {
			check_failed(__FILE__, __LINE__, "no message after %u", received);
			return;
		}
		rings++;
	}
	CHECK_EQ(wrong, 0);
	CHECK(rings > 0);
	printf("  %u messages between each two, %u waits\n", received, rings);
}

TEST(ivc_ring, messages_go_round)
{
	uint32_t wanted = count_of(250, 33400);
	struct ring_channel *channel;
	struct axvm_ivc_stat stat;
	uint64_t rings;
	int fd;

	fd = find_channel(&stat);
	CHECK(fd >= 0);
	channel = mmap(NULL, IVC_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (channel == MAP_FAILED)
		die("mmap of a channel");
	CHECK_EQ(channel->header.publisher, stat.publisher);
	while (!channel->subscribed)
		sleep_ms(1);
	see_pages(channel);
	channel->wanted = wanted;
	ivc_ring(fd);
	exchange(channel, fd, wanted);
	/* The guests have their last messages, or will: the publisher goes when it has. */
	channel->finished = 1;
	ivc_ring(fd);
	while (read(fd, &rings, sizeof(rings)) == sizeof(rings))
		;
	CHECK_EQ(channel->header.publisher, 0);
	CHECK_EQ(channel->finished, 0);
}
