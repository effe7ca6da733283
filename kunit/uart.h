/* SPDX-License-Identifier: GPL-2.0 */
/* A UART in a VM, its registers, and its host side's file, for the suites about it. */
#ifndef AXVM_KUNIT_UART_H
#define AXVM_KUNIT_UART_H

#include <linux/delay.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/serial_reg.h>
#include <asm/ioctls.h>

#include "fixture.h"

#define COM1		0x3f8
#define IRQ		4
#define TX_BYTES	65536	/* the host side's buffers */
#define RX_BYTES	4096
#define FIFO		16

#define LSR_IDLE	(UART_LSR_THRE | UART_LSR_TEMT)
#define MSR_PEER	(UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)
#define MCR_ON		(UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2)
#define FCR_ON		UART_FCR_ENABLE_FIFO
#define IIR_FIFO	0xc0

struct uart_test {
	struct kunit *test;
	struct axvm_vm *vm;
	struct fixture_chip *chip;
	struct axvm_device *dev;
	struct file *file;
};

static inline u8 in(struct uart_test *t, unsigned int reg)
{
	return fixture_in(t->vm, COM1 + reg, 1);
}

static inline void out(struct uart_test *t, unsigned int reg, u8 value)
{
	fixture_out(t->vm, COM1 + reg, 1, value);
}

static inline bool line(struct uart_test *t)
{
	return READ_ONCE(t->chip->level[IRQ]);
}

/* The last reference to a file is put at once, so that release() has run afterwards. */
static inline void put_file(void *file)
{
	__fput_sync(file);
}

/* Open the host side; the descriptor itself is not needed any more with the file at hand */
static inline struct file *open_host(struct uart_test *t, bool nonblock)
{
	int fd = t->dev->type->ops->open_host(t->dev);
	struct file *file;

	KUNIT_ASSERT_GE(t->test, fd, 0);
	file = fget(fd);
	close_fd(fd);
	KUNIT_ASSERT_NOT_NULL(t->test, file);
	KUNIT_ASSERT_EQ(t->test, kunit_add_action_or_reset(t->test, put_file, file), 0);
	if (nonblock) {
		spin_lock(&file->f_lock);
		file->f_flags |= O_NONBLOCK;
		spin_unlock(&file->f_lock);
	}
	return file;
}

static inline void close_host(struct uart_test *t)
{
	kunit_release_action(t->test, put_file, t->file);
	t->file = NULL;
}

static inline struct uart_test *uart_unopened(struct kunit *test)
{
	struct uart_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->vm = fixture_vm(test, 0);
	t->chip = fixture_chip(test, t->vm);
	t->dev = fixture_device(test, t->vm, AXVM_DEV_CONSOLE, 0, IRQ);
	return t;
}

static inline struct uart_test *uart(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);

	t->file = open_host(t, true);
	return t;
}

static inline void divisor(struct uart_test *t, u16 value)
{
	u8 lcr = in(t, UART_LCR);

	out(t, UART_LCR, lcr | UART_LCR_DLAB);
	fixture_out(t->vm, COM1, 2, value);
	out(t, UART_LCR, lcr);
}

/* FIFOs on with a trigger level, interrupts through to the line, no timeout for 20 seconds */
static inline void start(struct uart_test *t, u8 fcr, u8 ier)
{
	divisor(t, 0xffff);
	out(t, UART_LCR, UART_LCR_WLEN8);
	out(t, UART_FCR, fcr);
	out(t, UART_MCR, MCR_ON);
	out(t, UART_IER, ier);
}

static inline ssize_t host_read(struct uart_test *t, void *buf, size_t length)
{
	loff_t pos = 0;

	return kernel_read(t->file, buf, length, &pos);
}

static inline ssize_t host_write(struct uart_test *t, const void *buf, size_t length)
{
	loff_t pos = 0;

	return kernel_write(t->file, buf, length, &pos);
}

static inline void type(struct uart_test *t, const char *text)
{
	KUNIT_EXPECT_EQ(t->test, host_write(t, text, strlen(text)), strlen(text));
}

static inline long send_break(struct uart_test *t)
{
	return t->file->f_op->unlocked_ioctl(t->file, TCSBRK, 0);
}

static inline void print(struct uart_test *t, const char *text)
{
	while (*text)
		out(t, UART_TX, *text++);
}

static inline void expect_printed(struct uart_test *t, const char *text)
{
	char buf[64] = "";
	ssize_t length = host_read(t, buf, sizeof(buf) - 1);

	KUNIT_EXPECT_EQ(t->test, length, *text ? strlen(text) : -EAGAIN);
	KUNIT_EXPECT_STREQ(t->test, buf, text);
}

static inline void expect_received(struct uart_test *t, const char *text)
{
	for (; *text; text++) {
		KUNIT_EXPECT_EQ(t->test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
		KUNIT_EXPECT_EQ(t->test, in(t, UART_RX), *text);
	}
	KUNIT_EXPECT_EQ(t->test, in(t, UART_LSR), LSR_IDLE);
}

static inline bool wait_for_line(struct uart_test *t)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && !line(t); ms += 20)
		msleep(20);
	return line(t);
}

static inline void fill(struct uart_test *t)
{
	unsigned int i;

	for (i = 0; i < TX_BYTES; i++)
		out(t, UART_TX, i * 7);
}

/* What fill() sent, the first @length bytes of it */
static inline void expect_fill(struct uart_test *t, unsigned int from, unsigned int length)
{
	u8 *buf = kunit_kzalloc(t->test, length, GFP_KERNEL);
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(t->test, buf);
	KUNIT_EXPECT_EQ(t->test, host_read(t, buf, length), length);
	for (i = 0; i < length; i++)
		wrong += buf[i] != (u8)((from + i) * 7);
	KUNIT_EXPECT_EQ(t->test, wrong, 0);
}

#endif /* AXVM_KUNIT_UART_H */
