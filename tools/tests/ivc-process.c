// SPDX-License-Identifier: GPL-2.0
/* Channels between processes: what they are refused, what they get, how a channel ends. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ivc.h"

#define PAGE	4096UL

static uint64_t *map(int fd, size_t length, int prot, off_t offset)
{
	void *at = mmap(NULL, length, prot, MAP_SHARED, fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

static int publish_to_user(uint64_t key, uint64_t length, uint32_t flags)
{
	struct axvm_ivc_peer peer = ivc_user(0);
	int fd = ivc_publish(key, length, flags, &peer, 1);

	if (fd < 0)
		die("AXVM_IVC_PUBLISH");
	return fd;
}

static void forget(void)
{
	/* Closed by all who have it, the channel ends. */
	CHECK_EQ(ivc_pages_used(), 0);
}

TEST(ivc, a_bad_publication_is_refused)
{
	struct axvm_ivc_peer peers[65] = { { 0 } };
	struct axvm_ivc_publish publish = { .size = sizeof(publish), .length = PAGE };
	unsigned int i;

	CHECK_ERR(ivc_publish(1, 0, 0, NULL, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, (64 << 20) + 1, 0, NULL, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, ~0ULL, 0, NULL, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, PAGE, 2, NULL, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, PAGE, AXVM_IVC_PUBLISHER, NULL, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, PAGE, 0, (void *)peers, 0), EINVAL);
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 1), EINVAL);
	publish.peers = 1UL << 63;
	publish.nr_peers = 1;
	CHECK_ERR(ioctl(vm_system(), AXVM_IVC_PUBLISH, &publish), EFAULT);
	for (i = 0; i < 65; i++)
		peers[i] = ivc_user(0);
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 65), EINVAL);
	peers[63].flags = 2;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), EINVAL);
	peers[63].flags = 0;
	peers[63].reserved = 1;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), EINVAL);
	peers[63].reserved = 0;
	peers[63].kind = 3;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), EINVAL);
	peers[63].id = ~0U;
	peers[63].kind = AXVM_IVC_PEER_USER;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), EINVAL);
	peers[63].id = 4711;
	peers[63].kind = AXVM_IVC_PEER_VM;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), ENOENT);
	peers[63].id = 0;
	CHECK_ERR(ivc_publish(1, PAGE, 0, peers, 64), ENOENT);
	forget();
	peers[63] = ivc_user(0);
	CHECK_OK(ivc_publish(1, PAGE, 0, peers, 64));
	CHECK_EQ(ivc_pages_used(), 1);
	CHECK_ERR(ivc_publish(1, PAGE, 0, NULL, 0), EEXIST);
	CHECK_EQ(ivc_pages_used(), 1);
	CHECK_OK(ivc_publish(2, 64 << 20, 0, NULL, 0));
	CHECK_EQ(ivc_pages_used(), 1 + (64 << 8));
}

TEST(ivc, only_who_is_allowed_subscribes)
{
	struct axvm_ivc_peer other = { .kind = AXVM_IVC_PEER_USER, .id = 12345 };
	struct axvm_ivc_subscribe subscribe = { .size = sizeof(subscribe), .key = 3 };
	int fd, status;
	pid_t pid;

	CHECK_ERR(ivc_subscribe(0, 1, 0), ENOENT);
	fd = ivc_publish(1, PAGE, 0, NULL, 0);
	CHECK(fd >= 0);
	CHECK_ERR(ivc_subscribe(0, 1, 0), EACCES);
	CHECK_ERR(ivc_subscribe(0, 2, 0), ENOENT);
	CHECK_ERR(ivc_subscribe(1, 1, 0), ENOENT);
	fd = ivc_publish(2, PAGE, 0, &other, 1);
	CHECK(fd >= 0);
	CHECK_ERR(ivc_subscribe(0, 2, 0), EACCES);
	fd = publish_to_user(3, 3 * PAGE - 5, 0);
	CHECK_ERR(ivc_subscribe(0, 3, 2), EINVAL);
	CHECK_OK(ivc_subscribe(0, 3, 0));
	CHECK_OK(ioctl(vm_system(), AXVM_IVC_SUBSCRIBE, &subscribe));
	CHECK_EQ(subscribe.length, 3 * PAGE);
	CHECK_EQ(subscribe.flags, 0);
	CHECK_ERR(ioctl(vm_system(), AXVM_IVC_SUBSCRIBE, &subscribe), EINVAL);

	/* Processes of another user have keys of their own, whatever they are allowed. */
	vm_system();
	fflush(NULL);
	pid = fork();
	if (!pid) {
		CHECK_OK(setuid(12345));
		CHECK_ERR(ivc_subscribe(0, 1, 0), ENOENT);
		CHECK_ERR(ivc_subscribe(0, 2, 0), ENOENT);
		CHECK_ERR(ivc_subscribe(0, 3, 0), ENOENT);
		CHECK_OK(ivc_publish(1, PAGE, 0, NULL, 0));
		CHECK_ERR(ivc_publish(1, PAGE, 0, NULL, 0), EEXIST);
		_exit(checks_failed());
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
}

TEST(ivc, a_channel_has_so_many_ends)
{
	int fd = publish_to_user(1, PAGE, 0), last = -1, i;

	for (i = 1; i < 64; i++) {
		last = ivc_subscribe(0, 1, 0);
		CHECK(last >= 0);
	}
	CHECK_ERR(ivc_subscribe(0, 1, 0), ENOSPC);
	close(last);
	CHECK_OK(ivc_subscribe(0, 1, 0));
	CHECK_ERR(ivc_subscribe(0, 1, 0), ENOSPC);
	close(fd);
	CHECK_ERR(ivc_subscribe(0, 1, 0), ENOENT);
	forget();
}

TEST(ivc, mappings_have_bounds_and_rights)
{
	int rw, ro, fd = publish_to_user(1, 4 * PAGE, 0);
	void *at;

	rw = ivc_subscribe(0, 1, 0);
	ro = ivc_subscribe(0, 1, AXVM_IVC_READONLY);
	CHECK_ERR((long)map(fd, 5 * PAGE, PROT_READ, 0) ?: -1, EINVAL);
	CHECK_ERR((long)map(fd, PAGE, PROT_READ, 4 * PAGE) ?: -1, EINVAL);
	CHECK_ERR((long)map(fd, 2 * PAGE, PROT_READ, 3 * PAGE) ?: -1, EINVAL);
	CHECK_ERR((long)map(fd, PAGE, PROT_READ, 1L << 62) ?: -1, EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0) == MAP_FAILED && errno == EINVAL);
	CHECK_ERR((long)map(rw, PAGE, PROT_READ | PROT_EXEC, 0) ?: -1, EACCES);
	CHECK_ERR((long)map(ro, PAGE, PROT_READ | PROT_WRITE, 0) ?: -1, EACCES);
	at = map(ro, PAGE, PROT_READ, 0);
	CHECK(at);
	CHECK_ERR(mprotect(at, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHECK_ERR(mprotect(at, PAGE, PROT_READ | PROT_EXEC), EACCES);
	CHECK(mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	at = map(rw, PAGE, PROT_READ, 3 * PAGE);
	CHECK_OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	*(uint64_t *)at = 1;
	CHECK_EQ(map(ro, 4 * PAGE, PROT_READ, 0)[3 * 512], 1);
}

TEST(ivc, who_may_only_read_is_told)
{
	struct axvm_ivc_peer peer = ivc_user(AXVM_IVC_READONLY);
	struct axvm_ivc_subscribe subscribe = { .size = sizeof(subscribe) };
	int fd;

	/* Nobody writes but the publisher ... */
	publish_to_user(0, PAGE, AXVM_IVC_READONLY);
	fd = ioctl(vm_system(), AXVM_IVC_SUBSCRIBE, &subscribe);
	CHECK(fd >= 0);
	CHECK_EQ(subscribe.flags, AXVM_IVC_READONLY);
	CHECK(!map(fd, PAGE, PROT_READ | PROT_WRITE, 0));
	/* ... or not these. */
	fd = ivc_publish(1, PAGE, 0, &peer, 1);
	CHECK(map(fd, PAGE, PROT_READ | PROT_WRITE, 0));
	subscribe = (struct axvm_ivc_subscribe){ .size = sizeof(subscribe), .key = 1 };
	fd = ioctl(vm_system(), AXVM_IVC_SUBSCRIBE, &subscribe);
	CHECK_EQ(subscribe.flags, AXVM_IVC_READONLY);
	CHECK(!map(fd, PAGE, PROT_READ | PROT_WRITE, 0));
	/* It may ring. */
	ivc_ring(fd);
}

TEST(ivc, memory_is_zeros_and_shared)
{
	uint64_t *mine, *others, *once_more, i, not_zero = 0;
	const size_t size = (4 << 20) + PAGE;
	int fd, other;

	/* What the host's memory has been before */
	mine = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(mine, 0x5a, 16 << 20);
	munmap(mine, 16 << 20);
	fd = publish_to_user(9, size, 0);
	other = ivc_subscribe(0, 9, 0);
	mine = map(fd, size, PROT_READ | PROT_WRITE, 0);
	others = map(other, size, PROT_READ | PROT_WRITE, 0);
	once_more = map(other, size, PROT_READ | PROT_WRITE, 0);
	CHECK_EQ(others[0], AXVM_IVC_HOST);
	CHECK_EQ(others[1], 9);
	for (i = 2; i < size / 8; i++)
		not_zero += others[i] != 0;
	CHECK_EQ(not_zero, 0);
	for (i = 2; i < size / 8; i += 509)
		mine[i] = i;
	for (i = 2; i < size / 8; i += 509)
		not_zero += others[i] != i || once_more[i] != i;
	CHECK_EQ(not_zero, 0);
	CHECK_EQ(ivc_pages_used(), size / PAGE);
}

TEST(ivc, doorbells_are_counted)
{
	struct pollfd wait = { .events = POLLIN | POLLOUT };
	int fd = publish_to_user(1, PAGE, 0), a, b;
	uint64_t rings;
	char byte;

	a = ivc_subscribe(0, 1, 0);
	b = ivc_subscribe(0, 1, AXVM_IVC_READONLY);
	fcntl(a, F_SETFL, O_NONBLOCK);
	CHECK_ERR(read(a, &rings, 8), EAGAIN);
	CHECK_ERR(read(a, &byte, 1), EINVAL);
	CHECK_ERR(write(a, &byte, 1), EINVAL);
	CHECK_ERR(write(a, (void *)(1UL << 63), 8), EFAULT);
	ivc_ring(fd);
	ivc_ring(b);
	ivc_ring(fd);
	CHECK_EQ(read(a, &rings, 8), 8);
	CHECK_EQ(rings, 3);
	CHECK_ERR(read(a, &rings, 8), EAGAIN);
	CHECK_EQ(read(b, &rings, 8), 8);
	CHECK_EQ(rings, 2);
	CHECK_EQ(read(fd, &rings, 8), 8);
	CHECK_EQ(rings, 1);
	wait.fd = a;
	CHECK_EQ(poll(&wait, 1, 0), 1);
	CHECK_EQ(wait.revents, POLLOUT);
	ivc_ring(fd);
	CHECK_EQ(poll(&wait, 1, 0), 1);
	CHECK_EQ(wait.revents, POLLIN | POLLOUT);
}

/* A read that waits is woken by a ring, and by a signal. */
TEST(ivc, a_read_waits)
{
	int fd = publish_to_user(1, PAGE, 0), other = ivc_subscribe(0, 1, 0), status;
	uint64_t rings = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(other, &rings, 8), 8);
		_exit(rings != 1);
	}
	sleep_ms(20);
	ivc_ring(fd);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	pid = fork();
	if (!pid) {
		read(other, &rings, 8);
		_exit(0);
	}
	sleep_ms(20);
	CHECK(!waitpid(pid, &status, WNOHANG));
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

static sigjmp_buf faulted;

static void on_fault(int sig)
{
	siglongjmp(faulted, sig);
}

static int fault_of_write(volatile uint64_t *at)
{
	int sig = sigsetjmp(faulted, 1);

	if (!sig)
		*at = 1;
	return sig;
}

TEST(ivc, an_ended_channel_is_zeros)
{
	struct pollfd wait = { .events = POLLIN };
	int fd = publish_to_user(1, 3 * PAGE, 0), other = ivc_subscribe(0, 1, 0);
	volatile uint64_t *mine, *others, *late;
	uint64_t rings;

	mine = map(fd, 3 * PAGE, PROT_READ | PROT_WRITE, 0);
	others = map(other, 3 * PAGE, PROT_READ | PROT_WRITE, 0);
	late = map(other, 3 * PAGE, PROT_READ | PROT_WRITE, 0);
	mine[2] = 5;
	mine[512] = 6;
	CHECK_EQ(others[2], 5);
	CHECK_EQ(late[512], 6);
	/* While the publisher has it mapped, it has not let go. */
	close(fd);
	CHECK_EQ(others[2], 5);
	CHECK_EQ(ivc_pages_used(), 3);
	munmap((void *)mine, 3 * PAGE);
	CHECK_EQ(ivc_pages_used(), 0);
	CHECK_EQ(others[0], 0);
	CHECK_EQ(others[1], 0);
	CHECK_EQ(others[2], 0);
	CHECK_EQ(others[512], 0);
	CHECK_EQ(late[2 * 512], 0);
	wait.fd = other;
	CHECK_EQ(poll(&wait, 1, 0), 1);
	CHECK_EQ(wait.revents, POLLIN | POLLHUP);
	CHECK_EQ(read(other, &rings, 8), 8);
	CHECK_EQ(rings, 1);
	CHECK_EQ(read(other, &rings, 8), 0);
	CHECK_ERR(write(other, &rings, 8), EPIPE);
	/* A new one of that name is another. */
	fd = publish_to_user(1, PAGE, 0);
	mine = map(fd, PAGE, PROT_READ | PROT_WRITE, 0);
	mine[2] = 7;
	CHECK_EQ(others[2], 0);
	CHECK_EQ(late[2], 0);
	signal(SIGBUS, on_fault);
	CHECK_EQ(fault_of_write(&others[2]), SIGBUS);
	CHECK_EQ(fault_of_write(&others[1024 + 3]), SIGBUS);
	CHECK_EQ(others[2], 0);
	others = map(other, 3 * PAGE, PROT_READ | PROT_WRITE, 0);
	CHECK_EQ(others[2], 0);
	CHECK_EQ(fault_of_write(&others[512]), SIGBUS);
	CHECK_EQ(mine[2], 7);
}

/* A mapping that a child inherits is found, too. */
TEST(ivc, a_child_loses_the_pages)
{
	int fd = publish_to_user(1, PAGE, 0), other = ivc_subscribe(0, 1, 0), status;
	volatile uint64_t *mine = map(fd, PAGE, PROT_READ | PROT_WRITE, 0);
	volatile uint64_t *others = map(other, PAGE, PROT_READ, 0);
	int pipes[2];
	pid_t pid;
	char byte;

	mine[2] = 5;
	CHECK_EQ(others[2], 5);
	CHECK_OK(pipe(pipes));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd);
		munmap((void *)mine, PAGE);
		close(other);
		CHECK_EQ(others[2], 5);
		CHECK_EQ(read(pipes[0], &byte, 1), 1);
		CHECK_EQ(others[2], 0);
		_exit(checks_failed());
	}
	sleep_ms(20);
	close(fd);
	munmap((void *)mine, PAGE);
	CHECK_EQ(write(pipes[1], "x", 1), 1);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK_EQ(others[2], 0);
}

TEST(ivc, the_list_says_who_shares_what)
{
	struct axvm_ivc_stat stat = { .size = sizeof(stat) };
	int fd, a, b;

	CHECK_ERR(ioctl(vm_system(), AXVM_IVC_STAT, &stat), ENOENT);
	fd = publish_to_user(5, 2 * PAGE, 0);
	a = ivc_subscribe(0, 5, AXVM_IVC_READONLY);
	b = ivc_publish(6, PAGE, 0, NULL, 0);
	ivc_ring(fd);
	CHECK_OK(ioctl(vm_system(), AXVM_IVC_STAT, &stat));
	CHECK_EQ(stat.key, 5);
	CHECK_EQ(stat.length, 2 * PAGE);
	CHECK_EQ(stat.publisher, AXVM_IVC_HOST);
	CHECK_EQ(stat.flags, AXVM_IVC_PUBLISHER);
	CHECK_EQ(stat.pid, getpid());
	CHECK_EQ(stat.vm, 0);
	CHECK_EQ(stat.rings, 1);
	stat.end++;
	CHECK_OK(ioctl(vm_system(), AXVM_IVC_STAT, &stat));
	CHECK_EQ(stat.key, 5);
	CHECK_EQ(stat.end, 1);
	CHECK_EQ(stat.flags, AXVM_IVC_READONLY);
	stat.end++;
	CHECK_OK(ioctl(vm_system(), AXVM_IVC_STAT, &stat));
	CHECK_EQ(stat.key, 6);
	CHECK_EQ(stat.end, 0);
	stat.channel++;
	CHECK_ERR(ioctl(vm_system(), AXVM_IVC_STAT, &stat), ENOENT);
	close(a);
	close(b);
	stat = (struct axvm_ivc_stat){ .size = sizeof(stat), .end = 1 };
	CHECK_OK(ioctl(vm_system(), AXVM_IVC_STAT, &stat));
	CHECK_EQ(stat.end, 0);
	close(fd);
	CHECK_ERR(ioctl(vm_system(), AXVM_IVC_STAT, &stat), ENOENT);
}
