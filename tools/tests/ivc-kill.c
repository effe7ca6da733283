// SPDX-License-Identifier: GPL-2.0
/*
 * Publishers that go at any moment, killed or not, while a guest and a process read on: what
 * these see is what the publisher wrote, or zeros, and never anything of anybody else. Memory
 * that is given back is at once filled with other things, by a process that does nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ivc.h"

#define KEY	5
#define SIZE	(64 * 4096UL)
#define HEADER	2	/* words */

/* How a publisher goes */
enum way { KILLED, CLOSED, VM_KILLED, VM_UNPUBLISHED, NR_WAYS };

/* Shared by all processes of a case */
static struct shared {
	volatile uint64_t pattern;	/* what this round's publisher writes */
	volatile uint32_t ready;	/* it has */
	volatile uint32_t publisher;	/* its number */
	volatile uint32_t go;		/* it shall go, if it does so by itself */
	volatile uint64_t passes, bad, bad_value;	/* of the process that reads */
} *shared;

static pid_t start(void (*run)(void))
{
	pid_t pid;

	vm_system();
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Takes free memory and fills it, again and again */
static void make_dirt(void)
{
	const size_t size = 2 << 20;
	uint64_t *at, i;

	for (;;) {
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (i = 0; at != MAP_FAILED && i < size / 8; i++)
			at[i] = 0xdeadbeefdeadbeef;
		munmap(at, size);
		usleep(1000);
	}
}

/* --- publishers ------------------------------------------------------------------------------ */

static void publish_from_process(void)
{
	struct axvm_ivc_peer peer = ivc_user(0);
	uint64_t *at, i;
	int fd;

	fd = ivc_publish(KEY, SIZE, 0, &peer, 1);
	if (fd < 0)
		die("AXVM_IVC_PUBLISH");
	at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap of a channel");
	for (i = HEADER; i < SIZE / 8; i++)
		at[i] = shared->pattern;
	shared->publisher = AXVM_IVC_HOST;
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	while (!shared->go)
		usleep(100);
	munmap(at, SIZE);
	close(fd);
	pause();
}

static void publish_from_vm(void)
{
	uint64_t base;
	struct vm vm;

	ivc_vm_start(&vm);
	ivc_allow_user(&vm, 0);
	if (ivc_vm_publish(&vm, KEY, SIZE, &base))
		die("a guest cannot publish");
	ivc_do(&vm, IVC_FILL, 0, base + HEADER * 8, base + SIZE, shared->pattern, 0);
	shared->publisher = vm.id;
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	while (!shared->go)
		usleep(100);
	ivc_vm_call(&vm, AXVM_HC_IVC_UNPUBLISH, KEY, 0);
	pause();
}

/* --- readers --------------------------------------------------------------------------------- */

/* A process that subscribes when the publisher is ready, and reads until it sees zeros only */
static void read_in_process(void)
{
	volatile uint64_t *at;
	uint64_t i, value, seen, pattern;
	int fd;

	for (;;) {
		while (!__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE))
			usleep(100);
		fd = ivc_subscribe(shared->publisher, KEY, 0);
		if (fd < 0) {
			usleep(100);
			continue;	/* It was quicker. */
		}
		at = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			die("mmap of a channel");
		/* That of a later round at most: then this channel is zeros. */
		pattern = shared->pattern;
		do {
			for (i = HEADER, seen = 0; i < SIZE / 8; i++) {
				value = at[i];
				seen |= value;
				if (value && value != pattern) {
					shared->bad_value = value;
					shared->bad++;
				}
			}
			shared->passes++;
		} while (seen || shared->ready);
		munmap((void *)at, SIZE);
		close(fd);
	}
}

static bool passed(volatile uint64_t *passes, uint64_t more)
{
	uint64_t until = *passes + more;
	unsigned int i;

	for (i = 0; i < 20000 && *passes < until; i++)
		usleep(500);
	return *passes >= until;
}

/* --- a round --------------------------------------------------------------------------------- */

static void go(pid_t pid, enum way way)
{
	if (way == KILLED || way == VM_KILLED) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	} else {
		shared->go = 1;
	}
}

/* Time for everybody to be anywhere */
static void some_time(void)
{
	usleep(random() % 8000);
}

static void one_round(struct vm *vm, unsigned int number)
{
	struct ivc_control *reader = ivc_control(vm);
	enum way way = number % NR_WAYS;
	uint64_t base = 0;
	unsigned int i;
	pid_t pid;

	shared->pattern = 0x1d0c000000000000 | number;
	reader->expected = shared->pattern;
	shared->go = 0;
	pid = start(way == KILLED || way == CLOSED ? publish_from_process : publish_from_vm);
	while (!__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE))
		usleep(100);
	CHECK_EQ(ivc_vm_subscribe(vm, shared->publisher, KEY, &base), 0);
	CHECK_EQ(ivc_vm_load(vm, base + 8), KEY);
	CHECK_EQ(ivc_vm_load(vm, base + 16), shared->pattern);
	reader->size = SIZE;
	reader->base = base;
	some_time();
	go(pid, way);

	/* When it has gone, zeros are all there is, and stay it. */
	for (i = 0; i < 20000 && ivc_vm_load(vm, base + 8); i++)
		usleep(100);
	CHECK_EQ(ivc_vm_load(vm, base), 0);
	CHECK_EQ(ivc_vm_load(vm, base + 8), 0);
	CHECK_EQ(ivc_vm_load(vm, base + SIZE - 8), 0);
	CHECK(passed(&reader->passes, 3));
	CHECK_EQ(ivc_vm_load(vm, base + 16), 0);
	shared->ready = 0;
	end(pid);
	reader->base = 0;
	if (number % 3)
		CHECK_EQ(ivc_vm_call(vm, AXVM_HC_IVC_UNSUBSCRIBE, shared->publisher, KEY), 0);
}

/*
 * The first publisher that comes after one that was not unsubscribed from takes its place in
 * the guest: publishers are mostly the same by name.
 */
TEST(ivc_kill, a_publisher_goes_at_any_moment)
{
	unsigned int rounds = count_of(8, 200), i;
	pid_t dirt, process;
	struct vm vm;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	srandom(7);
	dirt = start(make_dirt);
	process = start(read_in_process);
	ivc_vm_start(&vm);
	for (i = 0; i < rounds; i++) {
		one_round(&vm, i);
		CHECK_EQ(ivc_control(&vm)->bad, 0);
		CHECK_EQ(ivc_control(&vm)->bad_value, 0);
		CHECK_EQ(shared->bad, 0);
		CHECK_EQ(shared->bad_value, 0);
		if (checks_failed())
			break;
	}
	CHECK(shared->passes > rounds);
	end(process);
	end(dirt);
	ivc_vm_stop(&vm);
	for (i = 0; i < 200 && ivc_pages_used(); i++)
		sleep_ms(10);
	CHECK_EQ(ivc_pages_used(), 0);
}
