// SPDX-License-Identifier: GPL-2.0
/*
 * No interrupt is lost, none is doubled. All kinds of sources at once interrupt vCPUs that
 * run, sleep, and are moved from CPU to CPU.
 *
 * The rule: interrupts of one number that meet before the guest has taken the first are one.
 * So a source that sends the next only when the guest has counted the last is counted
 * exactly; one that does not wait is counted as often as it sent at most, and once at least
 * after the last. A line that is let go at the end of each interrupt is down at the end.
 *
 * A round of a source is a burst: an interrupt of each of its numbers, so that many are
 * pending together, and then the wait for each. The line and the vCPUs' IPIs are one a round.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <poll.h>
#include <unistd.h>

#include "check.h"
#include "storm.h"

/* As in samples/axvm_storm.c */
struct storm_order {
	uint32_t vm;
	uint32_t vcpu;
	uint32_t irq;
	uint32_t count;
	uint32_t hardirq;
	uint32_t burst;
	uint64_t counter;
};

#define NR_THREADS	4
/* Counted exactly: threads, ioctl, edges, messages; the line, two IPIs */
#define A_ROUND		((NR_THREADS + 3) * STORM_BURST + 3)
#define ROUNDS(interrupts) (((interrupts) + A_ROUND - 1) / A_ROUND)
#define MESSAGE_GSI	1000

static struct storm storm;
static uint32_t rounds;
static volatile bool over;

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd");
	return fd;
}

static void ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		die("write to an eventfd");
}

/* Wait until the guest has counted; gives way at once, unlike wait_for() */
static bool counted(const uint32_t *counter, uint32_t wanted)
{
	unsigned int i;

	for (i = 0; i < 400000; i++) {
		if (__atomic_load_n(counter, __ATOMIC_RELAXED) >= wanted)
			return true;
		if (i % 16)
			sched_yield();
		else
			usleep(50);
	}
	return false;
}

/* All numbers of a source, so often each */
static bool all_counted(unsigned int vcpu, uint32_t irq, uint32_t wanted)
{
	unsigned int i;

	for (i = 0; i < STORM_BURST; i++)
		if (!counted(storm_count(&storm, vcpu, irq + i), wanted))
			return false;
	return true;
}

static void *thread_source(void *number)
{
	unsigned int i = (uintptr_t)number;
	struct storm_order order = {
		.vm = storm.vm.id,
		.vcpu = i % STORM_VCPUS,
		.irq = STORM_THREAD(i),
		.count = rounds,
		.hardirq = i / 2,
		.burst = STORM_BURST,
		.counter = (uintptr_t)storm_count(&storm, i % STORM_VCPUS, STORM_THREAD(i)),
	};
	int fd = open("/dev/axvm-storm", O_WRONLY);

	if (fd < 0)
		die("/dev/axvm-storm");
	CHECK_OK(write(fd, &order, sizeof(order)));
	close(fd);
	return NULL;
}

static void *ioctl_source(void *unused)
{
	uint32_t round, i;

	(void)unused;
	for (round = 1; round <= rounds; round++) {
		for (i = 0; i < STORM_BURST; i++)
			CHECK_OK(storm_inject(&storm, 0, STORM_IOCTL + i));
		if (!all_counted(0, STORM_IOCTL, round))
			break;
	}
	return NULL;
}

static int assign(uint32_t gsi, uint32_t flags, int resample)
{
	struct axvm_irqfd arg = {
		.size = sizeof(arg), .gsi = gsi, .flags = flags, .resample_fd = resample,
	};

	arg.fd = new_eventfd();
	if (ioctl(storm.vm.fd, AXVM_VM_IRQFD, &arg))
		die("AXVM_VM_IRQFD");
	return arg.fd;
}

/* irqfds of as many GSIs */
static void ring_bells(uint32_t gsi, unsigned int vcpu, uint32_t irq)
{
	int fd[STORM_BURST];
	uint32_t round, i;

	for (i = 0; i < STORM_BURST; i++)
		fd[i] = assign(gsi + i, 0, 0);
	for (round = 1; round <= rounds; round++) {
		for (i = 0; i < STORM_BURST; i++)
			ring(fd[i]);
		if (!all_counted(vcpu, irq, round))
			break;
	}
}

static void *edge_source(void *unused)
{
	(void)unused;
	ring_bells(STORM_EDGE_GSI, STORM_EDGE_VCPU, STORM_EDGE);
	return NULL;
}

static void *message_source(void *unused)
{
	(void)unused;
	ring_bells(MESSAGE_GSI, STORM_MSI_VCPU, STORM_MSI_IRQ);
	return NULL;
}

static void *level_source(void *unused)
{
	int resample = new_eventfd(), fd = assign(STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample);
	struct pollfd wait = { .fd = resample, .events = POLLIN };
	uint64_t value;
	uint32_t i;

	(void)unused;
	for (i = 1; i <= rounds; i++) {
		ring(fd);
		if (poll(&wait, 1, 40000) != 1 || read(resample, &value, sizeof(value)) < 0)
			break;
		CHECK_EQ(value, 1);
	}
	return NULL;
}

/* Without waiting: the last at least is counted after it was sent. */
static void *flood_source(void *unused)
{
	const uint32_t *counter = storm_count(&storm, 1, STORM_FLOOD);
	uint32_t i, before = 0;

	(void)unused;
	for (i = 1; i <= rounds; i++) {
		before = __atomic_load_n(counter, __ATOMIC_RELAXED);
		CHECK_OK(storm_inject(&storm, 1, STORM_FLOOD));
		if (i % 64 == 0)
			sched_yield();
	}
	CHECK(counted(counter, before + 1));
	CHECK(*counter <= rounds);
	return NULL;
}

/* Moves the vCPUs about, and wakes those who wait for the other's IPI to be counted */
static void *mover(void *unused)
{
	unsigned int i, seed = 1, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	(void)unused;
	while (!over) {
		for (i = 0; i < STORM_VCPUS; i++) {
			CPU_ZERO(&set);
			CPU_SET(rand_r(&seed) % cpus, &set);
			sched_setaffinity(storm.tid[i], sizeof(set), &set);
			CHECK_OK(storm_inject(&storm, i, STORM_TICK));
		}
		usleep(2000);
	}
	return NULL;
}

static void set_message_routes(void)
{
	struct axvm_route route[STORM_BURST] = { 0 };
	struct axvm_routes arg = {
		.size = sizeof(arg), .nr = STORM_BURST, .routes = (uintptr_t)route,
	};
	unsigned int i;

	for (i = 0; i < STORM_BURST; i++) {
		route[i].gsi = MESSAGE_GSI + i;
		route[i].type = AXVM_ROUTE_MSI;
		route[i].address = STORM_MSI_ADDRESS;
		route[i].data = STORM_MSI_IRQ + i;
	}
	CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_SET_ROUTES, &arg));
}

static void check_burst(unsigned int vcpu, uint32_t irq)
{
	unsigned int i;

	for (i = 0; i < STORM_BURST; i++)
		CHECK_EQ(*storm_count(&storm, vcpu, irq + i), rounds);
}

static void check_counts(void)
{
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++)
		check_burst(i % STORM_VCPUS, STORM_THREAD(i));
	check_burst(0, STORM_IOCTL);
	check_burst(STORM_EDGE_VCPU, STORM_EDGE);
	check_burst(STORM_MSI_VCPU, STORM_MSI_IRQ);
	CHECK_EQ(*storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL), rounds);
	for (i = 0; i < STORM_VCPUS; i++)
		CHECK_EQ(*storm_count(&storm, i, STORM_IPI(i)), rounds);
}

/*
 * @long_run: how many interrupts in a soak; all weathers together: a million. With one CPU, a
 * vCPU that never sleeps lets nobody else run before a tick.
 */
static void weather(uint32_t awake, int long_run)
{
	static void *(*const sources[])(void *) = {
		thread_source, thread_source, thread_source, thread_source,
		ioctl_source, edge_source, level_source, message_source, flood_source,
	};
	pthread_t thread[sizeof(sources) / sizeof(sources[0])], moves;
	uintptr_t i;

	rounds = count_of(60, ROUNDS(long_run));
	over = false;
	storm_make(&storm);
	set_message_routes();
	for (i = 0; i < STORM_VCPUS; i++)
		storm_control(&storm, i)->awake = awake;
	storm_start(&storm);
	/* Not before all have their interrupts on */
	for (i = 0; i < STORM_VCPUS; i++)
		storm_control(&storm, i)->limit = rounds;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		CHECK(!pthread_create(&thread[i], NULL, sources[i], (void *)i));
	CHECK(!pthread_create(&moves, NULL, mover, NULL));
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < STORM_VCPUS; i++)
		CHECK(counted(storm_count(&storm, i, STORM_IPI(i)), rounds));
	over = true;
	pthread_join(moves, NULL);
	sleep_ms(20);
	check_counts();
	if (!checks_failed())
		printf("  %u interrupts, each counted once\n", rounds * A_ROUND);
	storm_stop(&storm);
	storm_destroy(&storm);
}

TEST(storm, none_is_lost_by_sleepers)
{
	weather(0, 450000);
}

TEST(storm, none_is_lost_by_who_sleeps_now_and_then)
{
	weather(0x3f, 450000);
}

TEST(storm, none_is_lost_by_runners)
{
	weather(~0U, 100000);
}

/* --- another VM, and a VM that ends ------------------------------------------------------------ */

static void order(uint32_t vm, uint32_t irq, uint32_t *counter, int wanted)
{
	struct storm_order order = {
		.vm = vm, .irq = irq, .count = 5, .hardirq = 1, .burst = 1,
		.counter = (uintptr_t)counter,
	};
	int fd = open("/dev/axvm-storm", O_WRONLY);

	CHECK_ERR(write(fd, &order, sizeof(order)), wanted);
	close(fd);
}

TEST(storm, another_vm_is_reached_by_its_number)
{
	struct storm other;
	uint32_t id;

	storm_make(&storm);
	storm_make(&other);
	storm_start(&storm);
	order(storm.vm.id, STORM_THREAD(0), storm_count(&storm, 0, STORM_THREAD(0)), 0);
	CHECK_EQ(*storm_count(&storm, 0, STORM_THREAD(0)), 5);
	CHECK_EQ(*storm_count(&other, 0, STORM_THREAD(0)), 0);
	id = storm.vm.id;
	storm_stop(&storm);
	order(id, STORM_THREAD(0), storm_count(&storm, 0, STORM_THREAD(0)), ESHUTDOWN);
	storm_destroy(&storm);
	order(id, STORM_THREAD(0), storm_count(&other, 0, STORM_THREAD(0)), ENOENT);
	storm_destroy(&other);
}

/* Sends until it is refused: what was taken before was taken by a VM that ran. */
static void *until_refused(void *number)
{
	struct axvm_irq_line line = {
		.size = sizeof(line), .irq = STORM_EDGE_GSI, .op = AXVM_IRQ_PULSE,
	};
	struct axvm_msi msi = {
		.size = sizeof(msi), .address = STORM_MSI_ADDRESS, .data = STORM_MSI_IRQ,
	};
	uintptr_t kind = (uintptr_t)number;
	int ret;

	do {
		if (kind == 0)
			ret = storm_inject(&storm, 1, STORM_IOCTL);
		else if (kind == 1)
			ret = ioctl(storm.vm.fd, AXVM_VM_IRQ_LINE, &line);
		else
			ret = ioctl(storm.vm.fd, AXVM_VM_SIGNAL_MSI, &msi);
	} while (!ret);
	CHECK_EQ(errno, ESHUTDOWN);
	return NULL;
}

TEST(storm, a_vm_that_ends_refuses)
{
	struct axvm_irqfd arg = { .size = sizeof(arg), .gsi = STORM_EDGE_GSI };
	pthread_t thread[3];
	int round, i;

	arg.fd = new_eventfd();
	for (round = 0; round < count_of(8, 1000); round++) {
		storm_make(&storm);
		CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_IRQFD, &arg));
		storm_start(&storm);
		for (i = 0; i < 3; i++)
			CHECK(!pthread_create(&thread[i], NULL, until_refused, (void *)(uintptr_t)i));
		ring(arg.fd);
		usleep(round * 137 % 1000);
		storm_stop(&storm);
		for (i = 0; i < 3; i++)
			pthread_join(thread[i], NULL);
		ring(arg.fd);
		storm_destroy(&storm);
	}
}
