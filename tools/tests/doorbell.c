// SPDX-License-Identifier: GPL-2.0
/* A guest's writes as doorbells: which of them signal an eventfd, and which go on to others. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "storm.h"

static struct vm vm;

/* The accesses of one round, in this order; then a write at the end of the page */
enum { BYTE, HALF, WORD, DOUBLE, WORD_OF_2, NEXT_WORD, READ, NR_ACCESSES };

#define ALL	((1U << NR_ACCESSES) - 1)
#define END	0x100

#ifdef __aarch64__
#define PAGE	0x10000000UL
#define MODE	GUEST_FLAT
BLOB(writer,
	"	movz	x19, #0x1000, lsl #16\n"
	"	mov	x1, #1\n"
	"	mov	x2, #2\n"
	"1:	strb	w1, [x19]\n"
	"	strh	w1, [x19]\n"
	"	str	w1, [x19]\n"
	"	str	x1, [x19]\n"
	"	str	w2, [x19]\n"
	"	str	w1, [x19, #4]\n"
	"	ldr	w3, [x19]\n"
	"	str	wzr, [x19, #0x100]\n"
	"	b	1b\n");
#else
#define PAGE	0xd0000000UL
#define MODE	GUEST_PAGED
BLOB(writer, 64,
	"	mov	$0xd0000000, %ebx\n"
	"1:	movb	$1, (%rbx)\n"
	"	movw	$1, (%rbx)\n"
	"	movl	$1, (%rbx)\n"
	"	movq	$1, (%rbx)\n"
	"	movl	$2, (%rbx)\n"
	"	movl	$1, 4(%rbx)\n"
	"	movl	(%rbx), %eax\n"
	"	movl	$0, 0x100(%rbx)\n"
	"	jmp	1b\n");
#endif

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		die("eventfd");
	return fd;
}

/* How often it was signalled since the last time */
static uint64_t rings(int fd)
{
	uint64_t value;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static int set(int fd, uint64_t addr, uint32_t width, uint32_t flags, uint64_t value)
{
	struct axvm_ioeventfd arg = {
		.size = sizeof(arg), .fd = fd, .addr = addr, .width = width, .flags = flags,
		.datamatch = value,
	};

	return ioctl(vm.fd, AXVM_VM_IOEVENTFD, &arg);
}

static void make(void)
{
	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_load(&vm, MODE, &writer);
	vm_boot(&vm);
}

static unsigned int which(void)
{
	if (!vm.run->mmio.is_write)
		return READ;
	if (vm.run->mmio.gpa != PAGE)
		return NEXT_WORD;
	if (vm.run->mmio.data == 2)
		return WORD_OF_2;
	return vm.run->mmio.width == 1 ? BYTE : vm.run->mmio.width == 2 ? HALF :
	       vm.run->mmio.width == 4 ? WORD : DOUBLE;
}

/* Which accesses of the next round came to userspace? */
static uint32_t round_trip(void)
{
	uint32_t mask = 0;

	while (vm_run(&vm) == AXVM_EXIT_MMIO) {
		if (vm.run->mmio.gpa == PAGE + END)
			return mask;
		mask |= 1U << which();
	}
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_MMIO);
	return ~0U;
}

TEST(eventfd, a_doorbell_has_a_width)
{
	static const uint32_t widths[] = { 1, 2, 4, 8 };
	static const uint32_t claimed[] = {
		1U << BYTE, 1U << HALF, 1U << WORD | 1U << WORD_OF_2, 1U << DOUBLE,
	};
	int fd = new_eventfd();
	unsigned int i;

	make();
	CHECK_EQ(round_trip(), ALL);
	for (i = 0; i < 4; i++) {
		CHECK_OK(set(fd, PAGE, widths[i], 0, 0));
		CHECK_EQ(round_trip(), ALL & ~claimed[i]);
		CHECK_EQ(rings(fd), widths[i] == 4 ? 2 : 1);
		CHECK_OK(set(fd, PAGE, widths[i], AXVM_IOEVENTFD_DEASSIGN, 0));
		CHECK_EQ(round_trip(), ALL);
	}
	vm_destroy(&vm);
}

TEST(eventfd, a_doorbell_of_any_width)
{
	int fd = new_eventfd();

	make();
	CHECK_OK(set(fd, PAGE, 0, 0, 0));
	CHECK_EQ(round_trip(), 1U << NEXT_WORD | 1U << READ);
	CHECK_EQ(rings(fd), 5);
	vm_destroy(&vm);
}

TEST(eventfd, doorbells_have_values)
{
	int one = new_eventfd(), two = new_eventfd(), three = new_eventfd();
	const uint32_t match = AXVM_IOEVENTFD_DATAMATCH;

	make();
	CHECK_OK(set(one, PAGE, 4, match, 1));
	CHECK_OK(set(two, PAGE, 4, match, 2));
	CHECK_OK(set(three, PAGE, 4, match, 3));
	CHECK_EQ(round_trip(), ALL & ~(1U << WORD | 1U << WORD_OF_2));
	CHECK_EQ(rings(one), 1);
	CHECK_EQ(rings(two), 1);
	CHECK_EQ(rings(three), 0);
	CHECK_OK(set(one, PAGE, 4, match | AXVM_IOEVENTFD_DEASSIGN, 1));
	CHECK_EQ(round_trip(), ALL & ~(1U << WORD_OF_2));
	CHECK_OK(set(one, PAGE, 8, match, 1));
	CHECK_OK(set(one, PAGE, 1, match, 1));
	CHECK_OK(set(one, PAGE + 4, 4, 0, 0));
	CHECK_EQ(round_trip(), 1U << HALF | 1U << WORD | 1U << READ);
	CHECK_EQ(rings(one), 3);
	vm_destroy(&vm);
}

/* What a doorbell matches does not come to the device that has the address; the rest does. */
TEST(eventfd, a_doorbell_lies_in_a_device)
{
	struct axvm_create_device device = {
		.type = AXVM_DEV_DEBUG_EXIT, .base = PAGE, .length = 4, .nr_cfg = 1, .cfg = { 1 },
	};
	struct axvm_vm_status status;
	int fd = new_eventfd(), before;

	for (before = 0; before < 2; before++) {
		make();
		if (before)
			CHECK_OK(set(fd, PAGE, 0, 0, 0));
		vm_create_device(&vm, &device);
		if (!before)
			CHECK_OK(set(fd, PAGE, 0, 0, 0));
		CHECK_EQ(round_trip(), 1U << NEXT_WORD);
		CHECK_EQ(rings(fd), 5);
		CHECK_OK(set(fd, PAGE, 0, AXVM_IOEVENTFD_DEASSIGN, 0));
		CHECK_OK(set(fd, PAGE, 1, 0, 0));
		CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
		CHECK_EQ(rings(fd), 1);
		vm_status(&vm, &status);
		CHECK_EQ(status.stop_reason, AXVM_STOP_DEBUG_EXIT);
		vm_destroy(&vm);
	}
}

/* The other side is woken in the kernel: another VM is interrupted. */
TEST(eventfd, a_doorbell_interrupts_another_vm)
{
	struct axvm_irqfd arg = { .size = sizeof(arg), .gsi = STORM_EDGE_GSI };
	struct storm storm;
	uint32_t i;

	storm_make(&storm);
	storm_start(&storm);
	make();
	arg.fd = new_eventfd();
	CHECK_OK(ioctl(storm.vm.fd, AXVM_VM_IRQFD, &arg));
	CHECK_OK(set(arg.fd, PAGE + 4, 4, AXVM_IOEVENTFD_DATAMATCH, 1));
	for (i = 1; i <= 30; i++) {
		CHECK_EQ(round_trip(), ALL & ~(1U << NEXT_WORD));
		CHECK(wait_for(storm_count(&storm, STORM_EDGE_VCPU, STORM_EDGE), i));
	}
	CHECK(storm_settled(&storm, STORM_EDGE_VCPU, STORM_EDGE, 30));
	storm_stop(&storm);
	storm_destroy(&storm);
	/* Nobody listens any more: it rings all the same. */
	CHECK_EQ(round_trip(), ALL & ~(1U << NEXT_WORD));
	CHECK_EQ(rings(arg.fd), 1);
	vm_destroy(&vm);
}

TEST(eventfd, doorbells_are_checked)
{
	const uint32_t port = AXVM_IOEVENTFD_PORT, match = AXVM_IOEVENTFD_DATAMATCH;
	int fd = new_eventfd(), file = open("/dev/null", O_RDWR);

	make();
	CHECK_ERR(set(-1, PAGE, 4, 0, 0), EBADF);
	CHECK_ERR(set(file, PAGE, 4, 0, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 4, 8, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 3, 0, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 5, 0, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 16, 0, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, ~0U, 0, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 0, match, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 4, 0, 1), EINVAL);
	CHECK_ERR(set(fd, PAGE, 4, match, 1ULL << 32), EINVAL);
	CHECK_ERR(set(fd, PAGE, 1, match, 256), EINVAL);
	CHECK_ERR(set(fd, ~0ULL, 2, 0, 0), EINVAL);
	CHECK_ERR(set(fd, 0x100, 8, port, 0), EINVAL);
	CHECK_ERR(set(fd, 0x10000, 1, port, 0), EINVAL);
	CHECK_ERR(set(fd, 0xfffd, 4, port, 0), EINVAL);
	CHECK_ERR(set(fd, PAGE, 4, AXVM_IOEVENTFD_DEASSIGN, 0), ENOENT);
	CHECK_OK(set(fd, ~0ULL, 1, 0, 0));
	CHECK_OK(set(fd, 0xfffc, 4, port, 0));
	CHECK_OK(set(fd, 0xfffc, 4, 0, 0));

	/* Taken, if one write could be for both */
	CHECK_OK(set(fd, PAGE, 4, match, 1));
	CHECK_ERR(set(fd, PAGE, 4, match, 1), EEXIST);
	CHECK_ERR(set(file, PAGE, 4, match, 1), EINVAL);
	CHECK_ERR(set(fd, PAGE, 4, 0, 0), EEXIST);
	CHECK_ERR(set(fd, PAGE, 0, 0, 0), EEXIST);
	CHECK_OK(set(fd, PAGE, 4, match, 2));
	CHECK_OK(set(fd, PAGE, 2, match, 1));
	CHECK_OK(set(fd, PAGE + 4, 0, 0, 0));
	CHECK_ERR(set(fd, PAGE + 4, 8, match, 1), EEXIST);
	CHECK_OK(set(fd, PAGE + 8, 8, 0, 0));
	CHECK_ERR(set(fd, PAGE + 8, 8, match, 1), EEXIST);

	/* Removed, if it is exactly this */
	CHECK_ERR(set(fd, PAGE, 4, match | AXVM_IOEVENTFD_DEASSIGN, 3), ENOENT);
	CHECK_ERR(set(fd, PAGE, 4, AXVM_IOEVENTFD_DEASSIGN, 0), ENOENT);
	CHECK_ERR(set(fd, PAGE, 0, AXVM_IOEVENTFD_DEASSIGN, 0), ENOENT);
	CHECK_ERR(set(new_eventfd(), PAGE, 4, match | AXVM_IOEVENTFD_DEASSIGN, 1), ENOENT);
	CHECK_ERR(set(fd, 0xfffc, 4, match | port | AXVM_IOEVENTFD_DEASSIGN, 1), ENOENT);
	CHECK_OK(set(fd, PAGE, 4, match | AXVM_IOEVENTFD_DEASSIGN, 1));
	CHECK_ERR(set(fd, PAGE, 4, match | AXVM_IOEVENTFD_DEASSIGN, 1), ENOENT);
	vm_destroy(&vm);
}

TEST(eventfd, there_is_an_end_of_doorbells)
{
	int fd = new_eventfd(), i, error = 0;

	make();
	for (i = 0; !error && i < 5000; i++)
		error = set(fd, PAGE + 0x1000 + 4 * i, 4, 0, 0) ? errno : 0;
	CHECK_EQ(i, 1025);
	CHECK_EQ(error, ENOSPC);
	CHECK_EQ(round_trip(), ALL);
	vm_destroy(&vm);
}

TEST(eventfd, doorbells_come_and_go_under_the_guest)
{
	int fd[2] = { new_eventfd(), new_eventfd() }, i;

	make();
	for (i = 0; i < count_of(100, 5000); i++) {
		CHECK_OK(set(fd[i % 2], PAGE, 0, 0, 0));
		if (i % 8 == 0)
			CHECK_EQ(round_trip(), 1U << NEXT_WORD | 1U << READ);
		CHECK_OK(set(fd[i % 2], PAGE, 0, AXVM_IOEVENTFD_DEASSIGN, 0));
		if (i % 8 == 0)
			CHECK_EQ(round_trip(), ALL);
	}
	/* The eventfd may go first: the VM keeps it. */
	CHECK_OK(set(fd[0], PAGE, 0, 0, 0));
	close(fd[0]);
	CHECK_EQ(round_trip(), 1U << NEXT_WORD | 1U << READ);
	vm_destroy(&vm);
}

#ifdef __x86_64__
BLOB(port_writer, 64,
	"	mov	$0x300, %edx\n"
	"	mov	$1, %eax\n"
	"1:	out	%al, %dx\n"
	"	out	%ax, %dx\n"
	"	out	%eax, %dx\n"
	"	in	%dx, %al\n"
	"	mov	$1, %eax\n"
	"	mov	%eax, 0xd0000100\n"
	"	jmp	1b\n");

static uint32_t widths_written(void)
{
	uint32_t mask = 0;

	while (vm_run(&vm) == AXVM_EXIT_IO)
		mask |= vm.run->io.is_write ? vm.run->io.width : 8;
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_MMIO);
	return mask;
}

TEST(eventfd, a_doorbell_is_a_port)
{
	int fd = new_eventfd();

	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_load(&vm, GUEST_PAGED, &port_writer);
	vm_boot(&vm);
	CHECK_EQ(widths_written(), 1 | 2 | 4 | 8);
	CHECK_OK(set(fd, 0x300, 2, AXVM_IOEVENTFD_PORT, 0));
	CHECK_EQ(widths_written(), 1 | 4 | 8);
	CHECK_EQ(rings(fd), 1);
	CHECK_OK(set(fd, 0x300, 4, AXVM_IOEVENTFD_PORT | AXVM_IOEVENTFD_DATAMATCH, 1));
	CHECK_OK(set(fd, 0x300, 1, AXVM_IOEVENTFD_PORT | AXVM_IOEVENTFD_DATAMATCH, 2));
	CHECK_EQ(widths_written(), 1 | 8);
	CHECK_EQ(rings(fd), 2);
	vm_destroy(&vm);
}
#endif
