/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two files of the 16550A share: its state, and the way of the characters
 * (devices/uart16550_fifo.c) for its registers (devices/uart16550.c).
 */
#ifndef AXVM_DEVICES_UART16550_H
#define AXVM_DEVICES_UART16550_H

#include <linux/hrtimer.h>
#include <linux/serial_reg.h>

#include "uart_host.h"

#define UART_FIFO_DEPTH		16

/* Errors that belong to a character; an overrun belongs to none. */
#define UART_LSR_CHAR		(UART_LSR_BI | UART_LSR_FE | UART_LSR_PE)

/**
 * struct uart_state - what the guest can see
 * @ier: interrupt enable register
 * @fcr: FIFO control register, without the bits that clear themselves
 * @lcr: line control register
 * @mcr: modem control register
 * @lsr: line status register: the error bits; the others follow from the counts
 * @msr: modem status register
 * @scr: scratch register
 * @dll: divisor latch, low byte
 * @dlm: divisor latch, high byte
 * @thre: 1: the "transmitter holding register empty" interrupt is pending
 * @timeout: 1: the character timeout interrupt is pending
 * @rx_first: where the oldest character is in @rx
 * @rx_count: characters in @rx
 * @tx_count: characters in @tx: some only while the host does not read
 * @tx: transmitter FIFO, or holding register; the oldest first
 * @reserved: 0
 * @rx: receiver FIFO, or buffer register: bits 7:0 the character, 15:8 its LSR errors
 *      that were not shown in @lsr yet
 * @timeout_ns: in a saved state: time until the character timeout; 0: it does not run
 */
struct uart_state {
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 lsr;
	u8 msr;
	u8 scr;
	u8 dll;
	u8 dlm;
	u8 thre;
	u8 timeout;
	u8 rx_first;
	u8 rx_count;
	u8 tx_count;
	u8 tx[UART_FIFO_DEPTH];
	u8 reserved[2];
	u16 rx[UART_FIFO_DEPTH];
	u64 timeout_ns;
};

/**
 * struct uart16550 - an instance
 * @dev: the device
 * @host: the other end of the line; its lock is ours
 * @state: what the guest can see
 * @irq: level of the interrupt line
 * @timer: for the character timeout: fires at @timeout_at or earlier
 * @timeout_at: when it is due; 0: it does not run
 */
struct uart16550 {
	struct axvm_device dev;
	struct uart_host *host;
	struct uart_state state;
	bool irq;
	struct hrtimer timer;
	ktime_t timeout_at;
};

static inline struct uart16550 *to_uart(struct axvm_device *dev)
{
	return container_of(dev, struct uart16550, dev);
}

static inline bool uart_fifo_mode(const struct uart_state *s)
{
	return s->fcr & UART_FCR_ENABLE_FIFO;
}

static inline unsigned int uart_depth(const struct uart_state *s)
{
	return uart_fifo_mode(s) ? UART_FIFO_DEPTH : 1;
}

/* All with host->lock held */
u8 uart_interrupt(const struct uart_state *s);
void uart_update(struct uart16550 *uart);
void uart_arm_timeout(struct uart16550 *uart, u64 ns);
void uart_pump_rx(struct uart16550 *uart);
void uart_clear_rx(struct uart16550 *uart);
u8 uart_read_rbr(struct uart16550 *uart);
void uart_pump_tx(struct uart16550 *uart);
void uart_clear_tx(struct uart_state *s);
void uart_write_thr(struct uart16550 *uart, u8 c);

/* For uart16550.timer; takes the lock */
enum hrtimer_restart uart_timeout(struct hrtimer *timer);

#endif /* AXVM_DEVICES_UART16550_H */
