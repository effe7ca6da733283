// SPDX-License-Identifier: GPL-2.0
/*
 * The host side of a serial port: a byte stream with a file descriptor.
 *
 *	read   what the guest sent. Waits for a byte (O_NONBLOCK: -EAGAIN), then gives what
 *	       there is. 0 when the device is gone and all is read.
 *	write  what the guest is to receive. Takes what there is room for; waits if that is
 *	       nothing (O_NONBLOCK: -EAGAIN). -EPIPE when the device is gone.
 *	poll   POLLIN: bytes to be read; POLLOUT: half of the buffer is free; POLLHUP: the
 *	       device is gone.
 *	ioctl  TCSBRK 0 and TCSBRKP, so tcsendbreak(3): the guest receives a break.
 *	fdinfo what is in the buffers, and what was dropped.
 *
 * There is one descriptor at a time (-EBUSY): two readers of one stream would each get
 * a part of it. It may be duplicated and passed on. It outlives the device, and with it
 * the VM: it holds a reference to struct uart_host only, from which the device detaches.
 *
 * While there is a descriptor no byte is lost: a guest that sends faster than somebody
 * reads finds its transmitter busy. Without one the newest bytes are dropped and
 * counted, so a console that nobody watches never stops its guest.
 *
 * A guest prints one byte an exit. Waking the reader for each would cost many times the
 * exit, so it is woken UART_HOST_DELAY_NS after the first byte, for all that came since.
 *
 * Locks: host->lock, never across a copy from or to userspace.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include <asm/ioctls.h>

#include "../core/compat.h"
#include "uart_host.h"

#define UART_HOST_DELAY_NS	(1 * NSEC_PER_MSEC)
#define UART_HOST_CHUNK		256	/* bytes moved under the lock at once */

/* Writers go on when half of the buffer is free, not for each single byte. */
#define UART_HOST_RX_LOW	(UART_HOST_RX_CHARS / 2)

static enum hrtimer_restart uart_host_alarm(struct hrtimer *timer)
{
	wake_up_interruptible(&container_of(timer, struct uart_host, alarm)->wait);
	return HRTIMER_NORESTART;
}

/**
 * uart_host_create() - make the host side of a UART
 * @dev: the UART
 * @changed: see struct uart_host
 *
 * Context: may sleep.
 * Return: the host side, with one reference for uart_host_put(); NULL: no memory.
 */
struct uart_host *uart_host_create(struct axvm_device *dev,
				   void (*changed)(struct axvm_device *dev))
{
	struct uart_host *host = kvzalloc(sizeof(*host), GFP_KERNEL_ACCOUNT);

	if (!host)
		return NULL;
	raw_spin_lock_init(&host->lock);
	kref_init(&host->ref);
	host->dev = dev;
	host->changed = changed;
	init_waitqueue_head(&host->wait);
	/* Wait queues are woken in softirq at the earliest: their locks sleep on PREEMPT_RT. */
	axvm_hrtimer_setup(&host->alarm, uart_host_alarm, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	INIT_KFIFO(host->tx);
	INIT_KFIFO(host->rx);
	return host;
}

static void uart_host_free(struct kref *ref)
{
	struct uart_host *host = container_of(ref, struct uart_host, ref);

	hrtimer_cancel(&host->alarm);
	kvfree(host);
}

/**
 * uart_host_put() - one reference less; the last one frees the host side
 * @host: the host side
 *
 * Context: may sleep.
 */
void uart_host_put(struct uart_host *host)
{
	kref_put(&host->ref, uart_host_free);
}

/**
 * uart_host_detach() - the UART goes away
 * @host: the host side
 *
 * Afterwards changed() is not running and is not called again.
 *
 * Context: may sleep.
 */
void uart_host_detach(struct uart_host *host)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&host->lock, flags);
	host->dev = NULL;
	host->wake = true;
	uart_host_unlock(host, flags);
}

/**
 * uart_host_send() - a character leaves the UART
 * @host: the host side
 * @byte: the character
 *
 * Context: host->lock held.
 * Return: false: no room, the UART must keep it and will hear by changed().
 */
bool uart_host_send(struct uart_host *host, u8 byte)
{
	bool first = kfifo_is_empty(&host->tx);

	if (unlikely(!kfifo_put(&host->tx, byte))) {
		if (host->open)
			return false;
		host->dropped++;
		return true;
	}
	if (first && host->open)
		hrtimer_start(&host->alarm, ns_to_ktime(UART_HOST_DELAY_NS),
			      HRTIMER_MODE_REL_SOFT);
	return true;
}

/**
 * uart_host_receive() - the UART takes the next character from the host
 * @host: the host side
 * @c: the character, or UART_HOST_BREAK
 *
 * Context: host->lock held.
 * Return: false: there is none; changed() tells when there is.
 */
bool uart_host_receive(struct uart_host *host, u16 *c)
{
	if (!kfifo_get(&host->rx, c))
		return false;
	if (kfifo_len(&host->rx) == UART_HOST_RX_LOW)
		host->wake = true;
	return true;
}

static void uart_host_tell(struct uart_host *host)
{
	if (host->dev)
		host->changed(host->dev);
}

static bool uart_host_readable(struct uart_host *host)
{
	return !kfifo_is_empty(&host->tx) || !READ_ONCE(host->dev);
}

static bool uart_host_writable(struct uart_host *host)
{
	return kfifo_len(&host->rx) <= UART_HOST_RX_LOW || !READ_ONCE(host->dev);
}

/* Bytes taken; -EAGAIN: none yet; 0: there will be no more */
static ssize_t uart_host_take(struct uart_host *host, u8 *bytes, size_t length)
{
	unsigned long flags;
	ssize_t taken;

	raw_spin_lock_irqsave(&host->lock, flags);
	taken = kfifo_out(&host->tx, bytes, length);
	if (taken)
		uart_host_tell(host);
	else if (host->dev)
		taken = -EAGAIN;
	uart_host_unlock(host, flags);
	return taken;
}

/* host->lock held */
static ssize_t uart_host_store(struct uart_host *host, const u8 *bytes, size_t length, u16 kind)
{
	ssize_t stored = 0;

	if (!host->dev)
		return -EPIPE;
	while (stored < length && kfifo_put(&host->rx, (u16)(bytes[stored] | kind)))
		stored++;
	if (!stored)
		return -EAGAIN;
	host->changed(host->dev);
	return stored;
}

/* Bytes stored; -EAGAIN: no room; -EPIPE: there is no guest */
static ssize_t uart_host_give(struct uart_host *host, const u8 *bytes, size_t length, u16 kind)
{
	unsigned long flags;
	ssize_t ret;

	raw_spin_lock_irqsave(&host->lock, flags);
	ret = uart_host_store(host, bytes, length, kind);
	uart_host_unlock(host, flags);
	return ret;
}

static bool uart_host_nowait(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
}

static ssize_t uart_host_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct uart_host *host = iocb->ki_filp->private_data;
	u8 bytes[UART_HOST_CHUNK];
	ssize_t done = 0;
	ssize_t ret;

	while (iov_iter_count(to)) {
		ret = uart_host_take(host, bytes, min(iov_iter_count(to), sizeof(bytes)));
		if (ret > 0) {
			if (copy_to_iter(bytes, ret, to) != ret)
				return done ?: -EFAULT;
			done += ret;
			continue;
		}
		if (!ret || done)
			return done;
		if (uart_host_nowait(iocb))
			return -EAGAIN;
		ret = wait_event_interruptible(host->wait, uart_host_readable(host));
		if (ret)
			return ret;
	}
	return done;
}

static ssize_t uart_host_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct uart_host *host = iocb->ki_filp->private_data;
	u8 bytes[UART_HOST_CHUNK];
	ssize_t done = 0;
	ssize_t ret;
	size_t length;

	while (iov_iter_count(from)) {
		length = copy_from_iter(bytes, min(iov_iter_count(from), sizeof(bytes)), from);
		if (!length)
			return done ?: -EFAULT;
		ret = uart_host_give(host, bytes, length, 0);
		iov_iter_revert(from, length - max_t(ssize_t, ret, 0));
		if (ret > 0) {
			done += ret;
			continue;
		}
		if (done)
			return done;
		if (ret != -EAGAIN || uart_host_nowait(iocb))
			return ret;
		ret = wait_event_interruptible(host->wait, uart_host_writable(host));
		if (ret)
			return ret;
	}
	return done;
}

static __poll_t uart_host_poll(struct file *file, poll_table *table)
{
	struct uart_host *host = file->private_data;
	unsigned long flags;
	__poll_t events = 0;

	poll_wait(file, &host->wait, table);
	raw_spin_lock_irqsave(&host->lock, flags);
	if (!kfifo_is_empty(&host->tx))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!host->dev)
		events |= EPOLLHUP | EPOLLRDHUP;
	else if (uart_host_writable(host))
		events |= EPOLLOUT | EPOLLWRNORM;
	raw_spin_unlock_irqrestore(&host->lock, flags);
	return events;
}

/* Numbers of the terminal's, so that tcsendbreak(3) works; nothing else of a terminal does. */
static long uart_host_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	static const u8 zero;
	ssize_t ret;

	if (cmd != TCSBRKP && (cmd != TCSBRK || arg))
		return -ENOTTY;
	ret = uart_host_give(file->private_data, &zero, 1, UART_HOST_BREAK);
	return ret < 0 ? ret : 0;
}

static void uart_host_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct uart_host *host = file->private_data;
	unsigned int tx, rx;
	unsigned long flags;
	u64 dropped;

	raw_spin_lock_irqsave(&host->lock, flags);
	tx = kfifo_len(&host->tx);
	rx = kfifo_len(&host->rx);
	dropped = host->dropped;
	raw_spin_unlock_irqrestore(&host->lock, flags);
	seq_printf(m, "uart-to-read:\t%u\nuart-to-guest:\t%u\nuart-dropped:\t%llu\n", tx, rx,
		   dropped);
}

static int uart_host_release(struct inode *inode, struct file *file)
{
	struct uart_host *host = file->private_data;
	unsigned long flags;

	raw_spin_lock_irqsave(&host->lock, flags);
	host->open = false;
	/* A transmitter that waited for this reader drops what it holds. */
	uart_host_tell(host);
	uart_host_unlock(host, flags);
	uart_host_put(host);
	return 0;
}

static const struct file_operations uart_host_fops = {
	.owner = THIS_MODULE,
	.read_iter = uart_host_read_iter,
	.write_iter = uart_host_write_iter,
	.poll = uart_host_poll,
	.unlocked_ioctl = uart_host_ioctl,
	.compat_ioctl = uart_host_ioctl,
	.show_fdinfo = uart_host_show_fdinfo,
	.release = uart_host_release,
};

/**
 * uart_host_open() - a descriptor for the other end of the line
 * @host: the host side; the device lives
 *
 * Context: may sleep.
 * Return: the descriptor; -EBUSY: there is one already; or another errno.
 */
int uart_host_open(struct uart_host *host)
{
	unsigned long flags;
	bool busy;
	int fd;

	raw_spin_lock_irqsave(&host->lock, flags);
	busy = host->open;
	host->open = true;
	raw_spin_unlock_irqrestore(&host->lock, flags);
	if (busy)
		return -EBUSY;

	kref_get(&host->ref);
	fd = anon_inode_getfd("axvm-uart", &uart_host_fops, host, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	raw_spin_lock_irqsave(&host->lock, flags);
	host->open = false;
	uart_host_tell(host);
	uart_host_unlock(host, flags);
	uart_host_put(host);
	return fd;
}
