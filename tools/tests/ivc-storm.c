// SPDX-License-Identifier: GPL-2.0
/*
 * Everybody at once: processes and VMs that publish, subscribe, ring, read and go, by chance,
 * under a few names that all of them use. Whatever is in a channel of a key was written by
 * who published that key, or is zero.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ivc.h"

#define KEYS		4
#define SIZE		8192UL
#define HEADER		2	/* words */
#define PROCESSES	3
#define VMS		2

static unsigned int rounds;

static uint64_t pattern(unsigned int key)
{
	return 0x1d0c000000000000 | key;
}

/* --- a process ------------------------------------------------------------------------------- */

/* What it has under a key, as publisher and as subscriber */
struct end {
	int fd;
	volatile uint64_t *at;
};

static void leave(struct end *end)
{
	if (!end->at)
		return;
	munmap((void *)end->at, SIZE);
	close(end->fd);
	end->at = NULL;
}

static void join(struct end *end, int fd, int prot)
{
	void *at;

	if (fd < 0)
		return;		/* It is taken, not there, or full. */
	at = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap of a channel");
	end->fd = fd;
	end->at = at;
}

static void publish(struct end *end, unsigned int key)
{
	struct axvm_ivc_peer peer = ivc_user(0);
	unsigned int i;

	if (end->at)
		return;
	join(end, ivc_publish(key, SIZE, 0, &peer, 1), PROT_READ | PROT_WRITE);
	for (i = HEADER; end->at && i < SIZE / 8; i += 7)
		end->at[i] = pattern(key);
}

static void look(const struct end *end, unsigned int key)
{
	uint64_t value;
	unsigned int i;

	for (i = HEADER; end->at && i < SIZE / 8; i++) {
		value = end->at[i];
		if (value && value != pattern(key))
			check_failed(__FILE__, __LINE__, "%#llx in a channel of key %u",
				     (unsigned long long)value, key);
	}
}

static void ring(const struct end *end)
{
	uint64_t one = 1;

	/* It may have ended: EPIPE. */
	if (end->at && write(end->fd, &one, 8) < 0 && errno != EPIPE)
		check_failed(__FILE__, __LINE__, "a write to a channel fails");
}

static void be_a_process(void)
{
	struct end mine[KEYS] = { { 0 } }, others[KEYS] = { { 0 } };
	struct axvm_ivc_stat stat = { .size = sizeof(stat) };
	unsigned int i, key;

	for (i = 0; i < rounds && !checks_failed(); i++) {
		key = random() % KEYS;
		switch (random() % 8) {
		case 0:
			publish(&mine[key], key);
			break;
		case 1:
			leave(&mine[key]);
			break;
		case 2:
			leave(&others[key]);
			join(&others[key], ivc_subscribe(random() % (VMS + 1), key, 0), PROT_READ);
			break;
		case 3:
			ring(&mine[key]);
			ring(&others[key]);
			break;
		case 4:
			ioctl(vm_system(), AXVM_IVC_STAT, &stat);
			stat.end++;
			break;
		default:
			look(&mine[key], key);
			look(&others[key], key);
		}
	}
}

/* --- a VM ------------------------------------------------------------------------------------ */

/* A few words: each takes a while. */
static void look_in_vm(struct vm *vm, uint64_t base, unsigned int key)
{
	uint64_t value = ivc_vm_load(vm, base + 8 * (HEADER + random() % (SIZE / 8 - HEADER)));

	if (value && value != pattern(key) && value != ~0ULL)
		check_failed(__FILE__, __LINE__, "%#llx in a channel of key %u",
			     (unsigned long long)value, key);
}

static void be_a_vm(void)
{
	uint64_t mine[KEYS] = { 0 }, others[KEYS] = { 0 }, base;
	uint32_t publisher[KEYS] = { 0 };
	unsigned int i, key;
	struct vm vm;

	ivc_vm_start(&vm);
	ivc_allow_user(&vm, 0);
	for (i = 0; i < rounds / 4 && !checks_failed(); i++) {
		key = random() % KEYS;
		switch (random() % 6) {
		case 0:
			if (ivc_vm_publish(&vm, key, SIZE, &base))
				break;
			mine[key] = base;
			ivc_do(&vm, IVC_FILL, 0, base + 8 * HEADER, base + SIZE, pattern(key), 0);
			break;
		case 1:
			ivc_vm_call(&vm, AXVM_HC_IVC_UNPUBLISH, key, 0);
			mine[key] = 0;
			break;
		case 2:
			ivc_vm_call(&vm, AXVM_HC_IVC_UNSUBSCRIBE, publisher[key], key);
			others[key] = 0;
			publisher[key] = random() % (VMS + 1);
			if (!ivc_vm_subscribe(&vm, publisher[key], key, &base))
				others[key] = base;
			break;
		case 3:
			ivc_vm_call(&vm, AXVM_HC_IVC_NOTIFY, publisher[key], key);
			ivc_vm_call(&vm, AXVM_HC_IVC_NOTIFY, vm.id, key);
			break;
		default:
			if (mine[key])
				look_in_vm(&vm, mine[key], key);
			if (others[key])
				look_in_vm(&vm, others[key], key);
		}
	}
	/* One with everything it has, one tidily */
	if (vm.id % 2)
		ivc_vm_stop(&vm);
}

/* --- all ------------------------------------------------------------------------------------- */

static pid_t start(void (*run)(void), unsigned int seed)
{
	pid_t pid;

	vm_system();
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom(seed);
	run();
	_exit(checks_failed());
}

TEST(ivc_kill, everybody_at_once)
{
	pid_t pids[PROCESSES + VMS];
	unsigned int i;
	int status;

	rounds = count_of(120, 20000);
	for (i = 0; i < PROCESSES + VMS; i++)
		pids[i] = start(i < PROCESSES ? be_a_process : be_a_vm, i + 1);
	for (i = 0; i < PROCESSES + VMS; i++)
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && !status);
	CHECK_EQ(ivc_pages_used(), 0);
}
