// SPDX-License-Identifier: GPL-2.0
/* devices/uart_host.c: the file that is the other end of a UART's line. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/poll.h>

#include "uart.h"

static int events(struct uart_test *t)
{
	return (__force int)vfs_poll(t->file, NULL);
}

static void remove(struct uart_test *t)
{
	int ret;

	mutex_lock(&t->vm->lock);
	ret = axvm_devices_remove(t->vm, t->dev->id);
	mutex_unlock(&t->vm->lock);
	KUNIT_EXPECT_EQ(t->test, ret, 0);
}

/* --- the host's side --------------------------------------------------------------------- */

static void uart_back_pressure(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int i;

	start(t, FCR_ON, UART_IER_THRI);
	fill(t);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	KUNIT_EXPECT_TRUE(test, line(t));
	/* The first that does not fit stays in the transmitter, with 15 after it. */
	for (i = 0; i < FIFO; i++) {
		out(t, UART_TX, 'a' + i);
		KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
		KUNIT_EXPECT_FALSE(test, line(t));
	}
	/* A guest that does not look loses the next; the interrupt cannot be provoked. */
	out(t, UART_TX, '!');
	out(t, UART_IER, 0);
	out(t, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	/* Some room: the FIFO is not empty yet. */
	expect_fill(t, 0, FIFO - 1);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* Room for the last: the interrupt comes with the read. */
	expect_fill(t, FIFO - 1, 1);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_THRI);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	expect_fill(t, FIFO, TX_BYTES - FIFO);
	expect_printed(t, "abcdefghijklmnop");
}

static void uart_back_pressure_ends(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, FCR_ON, UART_IER_THRI);
	fill(t);
	print(t, "abc");
	in(t, UART_IIR);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	/* Cleared by the guest */
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_XMIT);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	KUNIT_EXPECT_TRUE(test, line(t));
	/* Looped back instead */
	print(t, "def");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	out(t, UART_MCR, UART_MCR_LOOP);
	expect_received(t, "def");
	out(t, UART_MCR, MCR_ON);
	/* Without FIFO the holding register is overwritten. */
	out(t, UART_FCR, 0);
	print(t, "gh");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	out(t, UART_MCR, UART_MCR_LOOP);
	expect_received(t, "h");
	out(t, UART_MCR, MCR_ON);
	out(t, UART_FCR, FCR_ON);
	/* Nobody is there any more: dropped */
	print(t, "ijk");
	in(t, UART_IIR);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	close_host(t);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	KUNIT_EXPECT_TRUE(test, line(t));
	/* Somebody is again, until the device goes: what was held goes with it. */
	t->file = open_host(t, true);
	print(t, "lmn");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), 0);
	remove(t);
	expect_fill(t, 0, TX_BYTES);
	KUNIT_EXPECT_EQ(test, events(t), POLLHUP | POLLRDHUP);
}

static void uart_nobody_reads(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);

	fill(t);
	print(t, "lost");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	t->file = open_host(t, true);
	expect_fill(t, 0, TX_BYTES);
	expect_printed(t, "");
	print(t, "seen");
	expect_printed(t, "seen");
}

static void uart_host_poll(struct kunit *test)
{
	struct uart_test *t = uart(test);
	char *c = kunit_kzalloc(test, RX_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_EQ(test, events(t), POLLOUT | POLLWRNORM);
	KUNIT_EXPECT_EQ(test, host_read(t, c, 0), 0);
	KUNIT_EXPECT_EQ(test, host_read(t, c, 1), -EAGAIN);
	print(t, "ab");
	KUNIT_EXPECT_EQ(test, events(t), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	KUNIT_EXPECT_EQ(test, host_read(t, c, 1), 1);
	KUNIT_EXPECT_TRUE(test, events(t) & POLLIN);
	KUNIT_EXPECT_EQ(test, host_read(t, c, 2), 1);
	KUNIT_EXPECT_FALSE(test, events(t) & POLLIN);

	/* Half full is writable; one more, besides the one in the chip, is not. */
	KUNIT_EXPECT_EQ(test, host_write(t, c, RX_BYTES / 2 + 1), RX_BYTES / 2 + 1);
	KUNIT_EXPECT_TRUE(test, events(t) & POLLOUT);
	KUNIT_EXPECT_EQ(test, host_write(t, c, 1), 1);
	KUNIT_EXPECT_FALSE(test, events(t) & POLLOUT);
	in(t, UART_RX);
	KUNIT_EXPECT_TRUE(test, events(t) & POLLOUT);
}

static void uart_partial_writes(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int i, wrong = 0;
	u8 *buf = kunit_kzalloc(test, 2 * RX_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < 2 * RX_BYTES; i++)
		buf[i] = i * 3;
	start(t, FCR_ON, 0);
	KUNIT_EXPECT_EQ(test, host_write(t, buf, 0), 0);
	/* The first bytes go to the chip at once, and make room. */
	KUNIT_EXPECT_EQ(test, host_write(t, buf, FIFO), FIFO);
	KUNIT_EXPECT_EQ(test, host_write(t, buf + FIFO, 2 * RX_BYTES - FIFO), RX_BYTES);
	KUNIT_EXPECT_EQ(test, host_write(t, buf, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, send_break(t), -EAGAIN);
	for (i = 0; i < RX_BYTES + FIFO; i++)
		wrong += in(t, UART_RX) != (u8)(i * 3);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
}

static void uart_one_opener(struct kunit *test)
{
	struct uart_test *t = uart(test);

	KUNIT_EXPECT_EQ(test, t->dev->type->ops->open_host(t->dev), -EBUSY);
	print(t, "a");
	close_host(t);
	print(t, "b");
	t->file = open_host(t, true);
	KUNIT_EXPECT_EQ(test, t->dev->type->ops->open_host(t->dev), -EBUSY);
	expect_printed(t, "ab");
}

/* --- lifetime and sleeping ----------------------------------------------------------------- */

/* The file outlives the device: the rest can be read, then it is the end. */
static void uart_outlived(struct kunit *test)
{
	struct uart_test *t = uart(test);
	char buf[8];

	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RDI | UART_IER_THRI);
	KUNIT_EXPECT_TRUE(test, line(t));
	print(t, "last");
	type(t, "x");
	remove(t);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, events(t), POLLIN | POLLRDNORM | POLLHUP | POLLRDHUP);
	KUNIT_EXPECT_EQ(test, host_write(t, "y", 1), -EPIPE);
	KUNIT_EXPECT_EQ(test, send_break(t), -EPIPE);
	KUNIT_EXPECT_EQ(test, host_read(t, buf, sizeof(buf)), 4);
	KUNIT_EXPECT_MEMEQ(test, buf, "last", 4);
	KUNIT_EXPECT_EQ(test, events(t), POLLHUP | POLLRDHUP);
	KUNIT_EXPECT_EQ(test, host_read(t, buf, sizeof(buf)), 0);
	KUNIT_EXPECT_EQ(test, host_read(t, buf, sizeof(buf)), 0);
	/* The timer that ran does not come back. */
	msleep(20);
	close_host(t);
}

/**
 * struct sleeper - somebody who reads or writes and has to wait
 * @t: where
 * @write: writes instead of reading
 * @buf: what
 * @length: how much
 * @ret: what came of it
 * @done: ... is known
 */
struct sleeper {
	struct uart_test *t;
	bool write;
	char buf[RX_BYTES];
	size_t length;
	ssize_t ret;
	struct completion done;
};

static int sleeper_thread(void *arg)
{
	struct sleeper *s = arg;

	s->ret = s->write ? host_write(s->t, s->buf, s->length) :
			    host_read(s->t, s->buf, s->length);
	complete(&s->done);
	return 0;
}

static struct sleeper *sleeper_start(struct uart_test *t, bool write, size_t length)
{
	struct sleeper *s = kunit_kzalloc(t->test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(t->test, s);
	s->t = t;
	s->write = write;
	s->length = length;
	init_completion(&s->done);
	KUNIT_ASSERT_FALSE(t->test, IS_ERR(kthread_run(sleeper_thread, s, "axvm-uart-test")));
	return s;
}

/* Start one, and see that it waits */
static struct sleeper *sleeper(struct uart_test *t, bool write, size_t length)
{
	struct sleeper *s = sleeper_start(t, write, length);

	KUNIT_EXPECT_EQ(t->test, wait_for_completion_timeout(&s->done, HZ / 20), 0);
	return s;
}

static bool awake(struct sleeper *s)
{
	return wait_for_completion_timeout(&s->done, 20 * HZ);
}

static void uart_sleeping_reader(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);
	struct sleeper *s;

	t->file = open_host(t, false);
	s = sleeper(t, false, 10);
	out(t, UART_TX, 'a');
	KUNIT_ASSERT_TRUE(test, awake(s));
	KUNIT_EXPECT_EQ(test, s->ret, 1);
	KUNIT_EXPECT_EQ(test, s->buf[0], 'a');

	s = sleeper(t, false, 10);
	remove(t);
	KUNIT_ASSERT_TRUE(test, awake(s));
	KUNIT_EXPECT_EQ(test, s->ret, 0);
}

static void uart_sleeping_writer(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);
	struct sleeper *s;
	unsigned int i;

	t->file = open_host(t, false);
	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, host_write(t, s->buf, 1), 1);
	KUNIT_EXPECT_EQ(test, host_write(t, s->buf, RX_BYTES), RX_BYTES);

	s = sleeper(t, true, 1);
	for (i = 0; i < RX_BYTES / 2; i++)
		in(t, UART_RX);
	KUNIT_ASSERT_TRUE(test, awake(s));
	KUNIT_EXPECT_EQ(test, s->ret, 1);

	KUNIT_EXPECT_EQ(test, host_write(t, s->buf, RX_BYTES), RX_BYTES / 2 - 1);
	s = sleeper(t, true, 1);
	remove(t);
	KUNIT_ASSERT_TRUE(test, awake(s));
	KUNIT_EXPECT_EQ(test, s->ret, -EPIPE);
}

/* Guest, host and timer at once; KASAN and lockdep are the judges. */
static void uart_concurrent(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);
	struct sleeper *s[4];
	unsigned int i;

	t->file = open_host(t, false);
	start(t, FCR_ON, 0x0f);
	divisor(t, 1);
	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = sleeper_start(t, i & 1, i & 1 ? RX_BYTES : 2000);
	for (i = 0; i < 3 * RX_BYTES / 2; i++) {
		out(t, UART_TX, i);
		in(t, UART_LSR);
		in(t, UART_RX);
		if (i % 1024 == 0)
			msleep(20);
	}
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		KUNIT_ASSERT_TRUE(test, awake(s[i]));
		KUNIT_EXPECT_GT(test, s[i]->ret, 0);
	}
	remove(t);
}

static struct kunit_case uart_host_cases[] = {
	KUNIT_CASE(uart_back_pressure),
	KUNIT_CASE(uart_back_pressure_ends),
	KUNIT_CASE(uart_nobody_reads),
	KUNIT_CASE(uart_host_poll),
	KUNIT_CASE(uart_partial_writes),
	KUNIT_CASE(uart_one_opener),
	KUNIT_CASE(uart_outlived),
	KUNIT_CASE(uart_sleeping_reader),
	KUNIT_CASE(uart_sleeping_writer),
	KUNIT_CASE(uart_concurrent),
	{}
};

static struct kunit_suite uart_host_suite = {
	.name = "axvm-uart-host",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = uart_host_cases,
};

kunit_test_suite(uart_host_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: a UART's host side");
