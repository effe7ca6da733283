// SPDX-License-Identifier: GPL-2.0
/* Eventfds as interrupts, message-signalled interrupts, routes: what they do, refuse, leave behind. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "storm.h"

static struct storm storm;

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

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

/* Wait until it was signalled, and take the signal */
static bool rang(int fd, int ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t value;

	return poll(&wait, 1, ms) == 1 && read(fd, &value, sizeof(value)) == sizeof(value);
}

static int irqfd(int fd, uint32_t gsi, uint32_t flags, int resample)
{
	struct axvm_irqfd arg = {
		.size = sizeof(arg), .fd = fd, .gsi = gsi, .flags = flags, .resample_fd = resample,
	};

	return ioctl(storm.vm.fd, AXVM_VM_IRQFD, &arg);
}

static int set_routes(const struct axvm_route *routes, uint32_t nr)
{
	struct axvm_routes arg = {
		.size = sizeof(arg), .nr = nr, .routes = (uintptr_t)routes,
	};

	return ioctl(storm.vm.fd, AXVM_VM_SET_ROUTES, &arg);
}

static int msi(uint64_t address, uint32_t data)
{
	struct axvm_msi arg = { .size = sizeof(arg), .address = address, .data = data };

	return ioctl(storm.vm.fd, AXVM_VM_SIGNAL_MSI, &arg);
}

static void start(void)
{
	storm_make(&storm);
	storm_start(&storm);
}

static void finish(void)
{
	storm_stop(&storm);
	storm_destroy(&storm);
}

static bool settled_edges(uint32_t count)
{
	return storm_settled(&storm, STORM_EDGE_VCPU, STORM_EDGE, count);
}

static bool settled_levels(uint32_t count)
{
	return storm_settled(&storm, STORM_LEVEL_VCPU, STORM_LEVEL, count);
}

static bool settled_messages(uint32_t count)
{
	return storm_settled(&storm, STORM_MSI_VCPU, STORM_MSI_IRQ, count);
}

/* --- edges --------------------------------------------------------------------------------- */

TEST(eventfd, a_signal_is_an_edge)
{
	int fd = new_eventfd();
	uint32_t i;

	start();
	CHECK_OK(irqfd(fd, STORM_EDGE_GSI, 0, 0));
	for (i = 1; i <= 50; i++) {
		ring(fd);
		CHECK(wait_for(storm_count(&storm, STORM_EDGE_VCPU, STORM_EDGE), i));
	}
	CHECK(settled_edges(50));
	/* The signal was taken: nobody else finds it. */
	CHECK(!rang(fd, 0));
	CHECK_OK(irqfd(fd, STORM_EDGE_GSI, AXVM_IRQFD_DEASSIGN, 0));
	ring(fd);
	CHECK(settled_edges(50));
	CHECK(rang(fd, 0));
	finish();
}

TEST(eventfd, what_was_signalled_before_is_an_interrupt)
{
	int fd = new_eventfd();

	start();
	ring(fd);
	ring(fd);
	CHECK_OK(irqfd(fd, STORM_EDGE_GSI, 0, 0));
	CHECK(settled_edges(1));
	CHECK(!rang(fd, 0));
	finish();
}

TEST(eventfd, irqfds_share_a_line)
{
	int a = new_eventfd(), b = new_eventfd();

	start();
	CHECK_OK(irqfd(a, STORM_EDGE_GSI, 0, 0));
	CHECK_OK(irqfd(b, STORM_EDGE_GSI, 0, 0));
	ring(a);
	CHECK(settled_edges(1));
	ring(b);
	CHECK(settled_edges(2));
	CHECK_OK(irqfd(a, STORM_EDGE_GSI, AXVM_IRQFD_DEASSIGN, 0));
	ring(a);
	ring(b);
	CHECK(settled_edges(3));
	finish();
}

/* --- levels -------------------------------------------------------------------------------- */

TEST(eventfd, a_level_lasts_until_the_guest_ends_it)
{
	int fd = new_eventfd(), resample = new_eventfd();
	uint32_t i;

	start();
	CHECK_OK(irqfd(fd, STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample));
	CHECK(!rang(resample, 10));
	for (i = 1; i <= 30; i++) {
		ring(fd);
		CHECK(rang(resample, 20000));
		CHECK(settled_levels(i));
		CHECK(!rang(resample, 0));
	}
	CHECK_OK(irqfd(fd, STORM_LEVEL_GSI, AXVM_IRQFD_DEASSIGN, 0));
	ring(fd);
	CHECK(settled_levels(30));
	finish();
}

/* Each who held the line up is told; the line is down when all have let go. */
TEST(eventfd, levels_share_a_line)
{
	int fd[3], resample[3], i, round;
	uint32_t count;

	start();
	for (i = 0; i < 3; i++) {
		fd[i] = new_eventfd();
		resample[i] = new_eventfd();
		CHECK_OK(irqfd(fd[i], STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample[i]));
	}
	for (round = 0; round < 10; round++) {
		ring(fd[0]);
		ring(fd[1]);
		CHECK(rang(resample[0], 20000));
		CHECK(rang(resample[1], 20000));
		CHECK(!rang(resample[2], 0));
	}
	sleep_ms(20);
	count = *storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL);
	CHECK(count >= 10 && count <= 20);
	CHECK(settled_levels(count));
	finish();
}

/* Beside somebody else who holds the line: it stays up, and is sent again after each EOI. */
TEST(eventfd, a_level_beside_another_holder)
{
	struct axvm_irq_line line = { .size = sizeof(line), .irq = STORM_LEVEL_GSI };
	int fd = new_eventfd(), resample = new_eventfd();
	uint32_t count;

	start();
	CHECK_OK(irqfd(fd, STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample));
	ring(fd);
	CHECK(rang(resample, 20000));
	line.op = AXVM_IRQ_RAISE;
	CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_IRQ_LINE, &line));
	CHECK(wait_for(storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL), 20));
	ring(fd);
	CHECK(rang(resample, 20000));
	line.op = AXVM_IRQ_LOWER;
	CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_IRQ_LINE, &line));
	sleep_ms(20);
	count = *storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL);
	CHECK(settled_levels(count));
	finish();
}

/* A line that is up when its irqfd goes is let go. */
TEST(eventfd, a_level_goes_with_its_irqfd)
{
	int fd = new_eventfd(), resample = new_eventfd(), how;
	uint32_t count;

	for (how = 0; how < 2; how++) {
		start();
		CHECK_OK(irqfd(fd, STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample));
		CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_SUSPEND, 0));
		ring(fd);
		if (how == 0)
			CHECK_OK(irqfd(fd, STORM_LEVEL_GSI, AXVM_IRQFD_DEASSIGN, 0));
		else
			close(fd);
		sleep_ms(20);
		CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_RESUME, 0));
		sleep_ms(30);
		count = *storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL);
		CHECK(count <= 1);
		CHECK(settled_levels(count));
		CHECK(!rang(resample, 0));
		finish();
	}
}

/* --- messages and routes ------------------------------------------------------------------- */

TEST(eventfd, a_message_is_an_interrupt)
{
	uint32_t i;

	start();
	for (i = 1; i <= 20; i++) {
		CHECK_OK(msi(STORM_MSI_ADDRESS, STORM_MSI_IRQ));
		CHECK(wait_for(storm_count(&storm, STORM_MSI_VCPU, STORM_MSI_IRQ), i));
	}
	CHECK(settled_messages(20));
	CHECK_ERR(msi(STORM_MSI_ADDRESS, 5), EINVAL);
	CHECK_ERR(msi(STORM_MSI_ADDRESS + (1ULL << 32), STORM_MSI_IRQ), EINVAL);
	CHECK_ERR(msi(0, STORM_MSI_IRQ), EINVAL);
	CHECK_ERR(msi(GUEST_RAM, STORM_MSI_IRQ), EINVAL);
#ifdef __aarch64__
	CHECK_ERR(msi(STORM_MSI_ADDRESS, 1020), EINVAL);
	CHECK_ERR(msi(STORM_MSI_ADDRESS, 1 << 16 | STORM_MSI_IRQ), EINVAL);
	CHECK_ERR(msi(STORM_MSI_ADDRESS + 8, STORM_MSI_IRQ), EINVAL);
#else
	CHECK_ERR(msi(0xfee3f000, STORM_MSI_IRQ), EAGAIN);	/* nobody has this id */
#endif
	storm_stop(&storm);
	CHECK_ERR(msi(STORM_MSI_ADDRESS, STORM_MSI_IRQ), ESHUTDOWN);
	storm_destroy(&storm);
}

TEST(eventfd, routes_lead_gsis)
{
	struct axvm_route routes[] = {
		{ .gsi = 4095, .type = AXVM_ROUTE_MSI, .address = STORM_MSI_ADDRESS,
		  .data = STORM_MSI_IRQ },
		{ .gsi = 2000, .type = AXVM_ROUTE_LINE, .irq = STORM_EDGE_GSI },
		{ .gsi = STORM_EDGE_GSI, .type = AXVM_ROUTE_NONE },
	};
	int message = new_eventfd(), line = new_eventfd(), none = new_eventfd();

	start();
	CHECK_OK(irqfd(message, 4095, 0, 0));
	CHECK_OK(irqfd(line, 2000, 0, 0));
	CHECK_OK(irqfd(none, STORM_EDGE_GSI, 0, 0));
	/* Without routes, these lead nowhere but the last. */
	ring(message);
	ring(line);
	ring(none);
	CHECK(settled_edges(1));
	CHECK(settled_messages(0));
	CHECK_OK(set_routes(routes, 3));
	ring(none);
	CHECK(settled_edges(1));
	ring(line);
	CHECK(settled_edges(2));
	ring(message);
	CHECK(settled_messages(1));
	/* The table is replaced whole. */
	routes[1] = (struct axvm_route){
		.gsi = 2000, .type = AXVM_ROUTE_MSI, .address = STORM_MSI_ADDRESS,
		.data = STORM_MSI_IRQ,
	};
	CHECK_OK(set_routes(routes + 1, 1));
	ring(message);
	CHECK(settled_messages(1));
	ring(line);
	CHECK(settled_messages(2));
	ring(none);
	CHECK(settled_edges(3));
	CHECK_OK(set_routes(NULL, 0));
	ring(line);
	CHECK(settled_messages(2));
	finish();
}

TEST(eventfd, routes_are_checked)
{
	static const struct axvm_route bad[] = {
		{ .gsi = 4096, .type = AXVM_ROUTE_LINE },
		{ .gsi = ~0U, .type = AXVM_ROUTE_LINE },
		{ .type = AXVM_ROUTE_MSI + 1 },
		{ .type = AXVM_ROUTE_NONE, .irq = 1 },
		{ .type = AXVM_ROUTE_NONE, .address = 1 },
		{ .type = AXVM_ROUTE_LINE, .irq = 1020 },
		{ .type = AXVM_ROUTE_LINE, .data = 1 },
		{ .type = AXVM_ROUTE_LINE, .address = 1 },
		{ .type = AXVM_ROUTE_MSI, .address = STORM_MSI_ADDRESS, .data = 5 },
		{ .type = AXVM_ROUTE_MSI, .address = STORM_MSI_ADDRESS, .data = STORM_MSI_IRQ,
		  .irq = 1 },
		{ .type = AXVM_ROUTE_MSI, .data = STORM_MSI_IRQ },
	};
	struct axvm_route twice[2] = {
		{ .gsi = 9, .type = AXVM_ROUTE_LINE }, { .gsi = 9, .type = AXVM_ROUTE_LINE },
	};
	struct axvm_routes arg = { .size = sizeof(arg), .nr = 1, .routes = (uintptr_t)twice };
	unsigned int i;

	storm_make(&storm);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ERR(set_routes(&bad[i], 1), EINVAL);
	CHECK_ERR(set_routes(twice, 2), EEXIST);
	CHECK_ERR(set_routes(twice, 4097), EINVAL);
	CHECK_ERR(set_routes(NULL, 1), EFAULT);
	arg.flags = 1;
	CHECK_ERR(ioctl(storm.vm.fd, AXVM_VM_SET_ROUTES, &arg), EINVAL);
	arg.flags = 0;
	arg.reserved = 1;
	CHECK_ERR(ioctl(storm.vm.fd, AXVM_VM_SET_ROUTES, &arg), EINVAL);
	storm_destroy(&storm);
}

/* --- refusals ------------------------------------------------------------------------------ */

TEST(eventfd, irqfds_are_checked)
{
	struct axvm_irqfd arg = { .size = sizeof(arg), .reserved = 1 };
	struct axvm_route route = {
		.gsi = 100, .type = AXVM_ROUTE_MSI, .address = STORM_MSI_ADDRESS,
		.data = STORM_MSI_IRQ,
	};
	int fd = new_eventfd(), other = new_eventfd(), file = open("/dev/null", O_RDWR);

	storm_make(&storm);
	CHECK_ERR(irqfd(-1, 5, 0, 0), EBADF);
	CHECK_ERR(irqfd(file, 5, 0, 0), EINVAL);
	CHECK_ERR(irqfd(fd, 4096, 0, 0), EINVAL);
	CHECK_ERR(irqfd(fd, ~0U, 0, 0), EINVAL);
	CHECK_ERR(irqfd(fd, 5, 4, 0), EINVAL);
	CHECK_ERR(irqfd(fd, 5, 0, other), EINVAL);
	CHECK_ERR(irqfd(fd, 5, AXVM_IRQFD_RESAMPLE, -1), EBADF);
	CHECK_ERR(irqfd(fd, 5, AXVM_IRQFD_RESAMPLE, file), EINVAL);
	CHECK_ERR(irqfd(fd, 2000, AXVM_IRQFD_RESAMPLE, other), EINVAL);
	CHECK_OK(set_routes(&route, 1));
	CHECK_ERR(irqfd(fd, 100, AXVM_IRQFD_RESAMPLE, other), EINVAL);
	arg.fd = fd;
	CHECK_ERR(ioctl(storm.vm.fd, AXVM_VM_IRQFD, &arg), EINVAL);
	CHECK_ERR(irqfd(fd, 5, AXVM_IRQFD_DEASSIGN, 0), ENOENT);
	CHECK_ERR(irqfd(file, 5, AXVM_IRQFD_DEASSIGN, 0), EINVAL);
	CHECK_ERR(irqfd(-1, 5, AXVM_IRQFD_DEASSIGN, 0), EBADF);

	CHECK_OK(irqfd(fd, 5, 0, 0));
	CHECK_ERR(irqfd(fd, 5, 0, 0), EBUSY);
	CHECK_ERR(irqfd(fd, 6, 0, 0), EBUSY);
	CHECK_ERR(irqfd(fd, 6, AXVM_IRQFD_RESAMPLE, other), EBUSY);
	CHECK_ERR(irqfd(fd, 6, AXVM_IRQFD_DEASSIGN, 0), ENOENT);
	CHECK_ERR(irqfd(other, 5, AXVM_IRQFD_DEASSIGN, 0), ENOENT);
	CHECK_OK(irqfd(fd, 5, AXVM_IRQFD_DEASSIGN, 0));
	CHECK_ERR(irqfd(fd, 5, AXVM_IRQFD_DEASSIGN, 0), ENOENT);
	CHECK_OK(irqfd(fd, 6, 0, 0));
	storm_destroy(&storm);
}

/* --- in which order things go --------------------------------------------------------------- */

static void add_all(int *fd, int *resample, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		fd[i] = new_eventfd();
		resample[i] = new_eventfd();
		if (i % 2)
			CHECK_OK(irqfd(fd[i], STORM_LEVEL_GSI, AXVM_IRQFD_RESAMPLE, resample[i]));
		else
			CHECK_OK(irqfd(fd[i], STORM_EDGE_GSI, 0, 0));
		ring(fd[i]);
	}
}

TEST(eventfd, eventfds_are_closed_first)
{
	int fd[8], resample[8], i, round;

	start();
	for (round = 0; round < count_of(10, 500); round++) {
		add_all(fd, resample, 8);
		for (i = 0; i < 8; i++) {
			close(i < 4 ? fd[i] : resample[i]);
			close(i < 4 ? resample[i] : fd[i]);
		}
	}
	finish();
}

TEST(eventfd, the_vm_is_closed_first)
{
	int fd[8], resample[8], i;

	start();
	add_all(fd, resample, 8);
	close(storm.vm.fd);
	for (i = 0; i < 8; i++)
		ring(fd[i]);
	storm_join(&storm);
	for (i = 0; i < 8; i++) {
		ring(fd[i]);
		CHECK(rang(fd[i], 0));
		close(fd[i]);
	}
}

/* By another thread, while signals come */
static void *ringer(void *fds)
{
	int *fd = fds, i;

	for (i = 0; i < count_of(2000, 100000); i++)
		ring(fd[i % 8]);
	return NULL;
}

TEST(eventfd, irqfds_come_and_go_under_signals)
{
	int fd[8], resample[8], i, round;
	pthread_t thread;
	uint32_t count;

	start();
	add_all(fd, resample, 8);
	CHECK(!pthread_create(&thread, NULL, ringer, fd));
	for (round = 0; round < count_of(20, 1000); round++)
		for (i = 0; i < 8; i++) {
			CHECK_OK(irqfd(fd[i], i % 2 ? STORM_LEVEL_GSI : STORM_EDGE_GSI,
				       AXVM_IRQFD_DEASSIGN, 0));
			CHECK_OK(irqfd(fd[i], i % 2 ? STORM_LEVEL_GSI : STORM_EDGE_GSI,
				       i % 2 ? AXVM_IRQFD_RESAMPLE : 0, i % 2 ? resample[i] : 0));
		}
	pthread_join(thread, NULL);
	sleep_ms(20);
	count = *storm_count(&storm, STORM_LEVEL_VCPU, STORM_LEVEL);
	CHECK(settled_levels(count));
	finish();
}

TEST(eventfd, the_process_is_killed)
{
	int fd[8], resample[8], status, round;
	pthread_t thread;
	pid_t pid;

	for (round = 0; round < count_of(5, 200); round++) {
		pid = fork();
		if (!pid) {
			start();
			add_all(fd, resample, 8);
			pthread_create(&thread, NULL, ringer, fd);
			pause();
		}
		sleep_ms(20 + 13 * round % 60);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
	}
}
