// SPDX-License-Identifier: GPL-2.0
/*
 * guest-load SECONDS: what an operating system with several CPUs does all day, all at once:
 * messages between threads, memory barriers on all CPUs, address spaces that change under
 * threads that use them, threads that migrate, timers, CPUs that go offline and come back.
 *
 * Each worker counts; one that gets nowhere, a clock that goes back, a CPU that does not
 * come back is a failure: status 1. The last line of output sums up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* <linux/membarrier.h>, which static libcs of other families do not always bring */
#define MEMBARRIER_GLOBAL_EXPEDITED		2
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED	4
#define MEMBARRIER_PRIVATE_EXPEDITED		8
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED	16

#define MESSAGE		100
#define MAP_PAGES	16
#define MAX_WORKERS	128
#define PATIENCE	60	/* seconds */

/**
 * struct worker - a thread that does one thing
 * @thread: the thread
 * @what: its name
 * @run: once round its loop; false: failed
 * @count: rounds
 * @fd: messages: its end
 * @number: of its kind
 * @failed: said so
 * @ended: messages: the other end is gone
 */
struct worker {
	pthread_t thread;
	const char *what;
	bool (*run)(struct worker *worker);
	atomic_ulong count;
	int fd;
	unsigned int number;
	bool failed;
	bool ended;
};

static struct worker workers[MAX_WORKERS];
static unsigned int nr_workers;
static unsigned int nr_cpus;
static atomic_bool stop;
static atomic_uint failures;

static void complain(const char *what)
{
	if (atomic_fetch_add(&failures, 1) < 10)
		printf("load: FAILED: %s: %s\n", what, strerror(errno));
}

/* --- the workers --------------------------------------------------------------- */

/* One sends, the other answers: each message wakes somebody, mostly on another CPU. */
static bool run_messenger(struct worker *worker)
{
	char message[MESSAGE] = { 0 };

	if (send(worker->fd, message, sizeof(message), 0) != sizeof(message))
		return false;
	return recv(worker->fd, message, sizeof(message), MSG_WAITALL) == sizeof(message);
}

static bool run_answerer(struct worker *worker)
{
	char message[MESSAGE];
	ssize_t got = recv(worker->fd, message, sizeof(message), MSG_WAITALL);

	worker->ended = !got;
	if (!got)
		return true;
	return got == sizeof(message) && send(worker->fd, message, got, 0) == got;
}

/* IPIs to all CPUs on which the process, or any that asked for it, runs */
static bool run_membarrier(struct worker *worker)
{
	int command = atomic_load(&worker->count) % 2 ? MEMBARRIER_PRIVATE_EXPEDITED :
		      MEMBARRIER_GLOBAL_EXPEDITED;

	return !syscall(SYS_membarrier, command, 0);
}

/* Translations to be dropped on all CPUs on which the process runs */
static bool run_mapper(struct worker *worker)
{
	size_t page = sysconf(_SC_PAGESIZE), length = MAP_PAGES * page, i;
	char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok = true;

	if (at == MAP_FAILED)
		return false;
	for (i = 0; i < length; i += page)
		at[i] = worker->number + 1;
	ok &= !mprotect(at, length, PROT_READ);
	for (i = 0; i < length; i += page)
		ok &= at[i] == (char)(worker->number + 1);
	ok &= !madvise(at, length, MADV_DONTNEED);
	for (i = 0; i < length; i += page)
		ok &= !at[i];
	return !munmap(at, length) && ok;
}

/* From CPU to CPU; one that has gone offline refuses. */
static bool run_migrant(struct worker *worker)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((atomic_load(&worker->count) + worker->number) % nr_cpus, &set);
	return !sched_setaffinity(0, sizeof(set), &set) || errno == EINVAL;
}

/* Timers; and the clock, which no CPU may see go back after another one has read it */
static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec clock_last;

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec >= b->tv_nsec;
}

static bool run_sleeper(struct worker *worker)
{
	const struct timespec pause = { .tv_nsec = 200000 * (1 + worker->number) };
	struct timespec now;
	bool ok;

	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	pthread_mutex_lock(&clock_lock);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ok = later(&now, &clock_last);
	clock_last = now;
	pthread_mutex_unlock(&clock_lock);
	if (!ok)
		printf("load: the clock went back\n");
	return ok;
}

static bool set_online(unsigned int cpu, bool online)
{
	char path[64];
	int fd, got;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	got = write(fd, online ? "1" : "0", 1);
	close(fd);
	return got == 1;
}

static bool run_hotplugger(struct worker *worker)
{
	unsigned int cpu = 1 + atomic_load(&worker->count) % (nr_cpus - 1);

	if (!set_online(cpu, false))
		return false;
	return set_online(cpu, true);
}

/* --- all of them ----------------------------------------------------------------- */

/* Who answers goes on until nobody asks: a message on its way is waited for. */
static bool goes_on(struct worker *worker)
{
	return worker->run == run_answerer ? !worker->ended : !atomic_load(&stop);
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;

	while (goes_on(worker)) {
		if (!worker->run(worker)) {
			worker->failed = true;
			complain(worker->what);
			break;
		}
		atomic_fetch_add(&worker->count, 1);
	}
	if (worker->run == run_messenger || worker->run == run_answerer)
		shutdown(worker->fd, SHUT_RDWR);
	return NULL;
}

static struct worker *add(const char *what, bool (*run)(struct worker *), unsigned int number)
{
	struct worker *worker = &workers[nr_workers++];

	worker->what = what;
	worker->run = run;
	worker->number = number;
	return worker;
}

static void add_messengers(unsigned int number)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		complain("socketpair");
		return;
	}
	add("messages", run_messenger, number)->fd = pair[0];
	add("answers", run_answerer, number)->fd = pair[1];
}

static void add_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		add_messengers(i);
		add("maps", run_mapper, i);
		add("sleeps", run_sleeper, i);
	}
	for (i = 0; i < 2; i++) {
		add("membarriers", run_membarrier, i);
		add("migrations", run_migrant, i);
	}
	if (nr_cpus > 1)
		add("hotplugs", run_hotplugger, 0);
}

/* Rounds of all workers of a kind, if this is the first of it; all must have got somewhere. */
static void sum_up(unsigned int first)
{
	unsigned long sum = 0, count;
	unsigned int i;

	for (i = 0; i < first; i++)
		if (!strcmp(workers[i].what, workers[first].what))
			return;
	for (i = first; i < nr_workers; i++) {
		if (strcmp(workers[i].what, workers[first].what))
			continue;
		count = atomic_load(&workers[i].count);
		sum += count;
		if (!count && !workers[i].failed) {
			errno = 0;
			complain(workers[i].what);
		}
	}
	printf(" %s %lu", workers[first].what, sum);
}

static bool all_got_somewhere(void)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		if (!atomic_load(&workers[i].count) && !workers[i].failed)
			return false;
	return true;
}

/* On a machine that somebody uses it would switch CPUs off: only linux-smp.sh's guests boot so. */
static bool in_guest(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return strstr(line, "rdinit=/smp-init");
}

int main(int argc, char **argv)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!in_guest()) {
		fprintf(stderr, "guest-load: not in a guest of linux-smp.sh\n");
		return 2;
	}
	nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (argc != 2 || nr_cpus > 16) {
		fprintf(stderr, "usage: guest-load SECONDS, on 16 CPUs at most\n");
		return 2;
	}
	if (syscall(SYS_membarrier, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED, 0) ||
	    syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0))
		complain("membarrier");
	add_all();
	for (i = 0; i < nr_workers; i++)
		if (pthread_create(&workers[i].thread, NULL, worker_thread, &workers[i])) {
			complain("pthread_create");
			return 1;
		}
	sleep(atoi(argv[1]));
	/* On a slow machine somebody may not have had a turn yet. */
	for (i = 0; i < PATIENCE && !all_got_somewhere(); i++)
		sleep(1);
	atomic_store(&stop, true);
	for (i = 0; i < nr_workers; i++)
		pthread_join(workers[i].thread, NULL);
	printf("load: CPUs %u:", nr_cpus);
	for (i = 0; i < nr_workers; i++)
		sum_up(i);
	printf("\n%s\n", atomic_load(&failures) ? "load: failures" : "load: all is well");
	return !!atomic_load(&failures);
}
