/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host side of a serial port: two byte buffers between a UART model and the
 * file descriptor of whoever plays the other end of the line. devices/uart_host.c
 * says how the descriptor behaves.
 *
 * The object lives as long as the device or the descriptor, whichever is longer. Its
 * raw spinlock is also the UART's own, so that a character, the room it takes and the
 * interrupt it causes change together. Nothing sleeps and nobody is woken under it:
 * uart_host_unlock() does the waking that fell due.
 */
#ifndef AXVM_DEVICES_UART_HOST_H
#define AXVM_DEVICES_UART_HOST_H

#include <linux/hrtimer.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "device.h"

#define UART_HOST_TX_BYTES	65536
#define UART_HOST_RX_CHARS	4096

/* What comes from the host: a byte, or a break (the byte is 0 then) */
#define UART_HOST_BREAK		BIT(8)

/**
 * struct uart_host - a host side
 * @lock: everything here, and the UART's state
 * @ref: the device's reference and the descriptor's
 * @dev: the device, or NULL when it is gone
 * @changed: the UART's: there is room in @tx that was not there, or more in @rx. Called
 *           with @lock held, only while @dev is not NULL; may drive lines
 * @open: there is a descriptor
 * @wake: uart_host_unlock() is to wake @wait
 * @dropped: characters that the guest sent and nobody will read
 * @wait: readers, writers, pollers
 * @alarm: wakes @wait some time after @tx got its first byte
 * @tx: guest to host
 * @rx: host to guest: bytes and UART_HOST_BREAK
 */
struct uart_host {
	raw_spinlock_t lock;
	struct kref ref;
	struct axvm_device *dev;
	void (*changed)(struct axvm_device *dev);
	bool open;
	bool wake;
	u64 dropped;
	wait_queue_head_t wait;
	struct hrtimer alarm;
	DECLARE_KFIFO(tx, u8, UART_HOST_TX_BYTES);
	DECLARE_KFIFO(rx, u16, UART_HOST_RX_CHARS);
};

struct uart_host *uart_host_create(struct axvm_device *dev,
				   void (*changed)(struct axvm_device *dev));
void uart_host_put(struct uart_host *host);
void uart_host_detach(struct uart_host *host);
int uart_host_open(struct uart_host *host);

/* With host->lock held; uart_host_unlock() must follow */
bool uart_host_send(struct uart_host *host, u8 byte);
bool uart_host_receive(struct uart_host *host, u16 *c);

/**
 * uart_host_unlock() - let go of the lock, and wake whom it concerns
 * @host: the host side; host->lock was taken by raw_spin_lock_irqsave()
 * @flags: from there
 *
 * Context: any in which a wait queue may be woken: not hard-irq, no raw lock held.
 */
static inline void uart_host_unlock(struct uart_host *host, unsigned long flags)
{
	bool wake = host->wake;

	host->wake = false;
	raw_spin_unlock_irqrestore(&host->lock, flags);
	if (unlikely(wake))
		wake_up_interruptible(&host->wait);
}

#endif /* AXVM_DEVICES_UART_HOST_H */
