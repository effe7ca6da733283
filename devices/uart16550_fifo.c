// SPDX-License-Identifier: GPL-2.0
/*
 * The 16550A's way of the characters: its receiver and its transmitter with their FIFOs,
 * the character timeout, and the interrupts that follow (PC16550D datasheet, June 1995).
 * devices/uart16550.c has the registers.
 *
 * An interrupt line that is edge-triggered sees only edges. Where the chip would lower
 * its interrupt for the time that a character takes, it is lowered and raised here.
 *
 * Locks: the one of struct uart_host is held by the callers; the timer takes it.
 */
#include <linux/math64.h>

#include "uart16550.h"

#define UART_CLOCK		(1843200 / 16)	/* baud at divisor 1 */
#define UART_BREAK_CHAR		((UART_LSR_BI | UART_LSR_FE) << 8)

/* The character timeout is no shorter, however fast the line is said to be */
#define UART_TIMEOUT_MIN_NS	(100 * NSEC_PER_USEC)

/* --- interrupts ---------------------------------------------------------------------- */

/* Characters that make "received data available"; 16450 mode has trigger bits of 0 */
static unsigned int uart_trigger(const struct uart_state *s)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	return level[UART_FCR_R_TRIG_BITS(s->fcr)];
}

/**
 * uart_interrupt() - the pending interrupt of highest priority
 * @s: the state
 *
 * Return: bits 3:0 of IIR.
 */
u8 uart_interrupt(const struct uart_state *s)
{
	/* A kernel that prints has none enabled. */
	if (!s->ier)
		return UART_IIR_NO_INT;
	if (s->ier & UART_IER_RLSI && s->lsr)
		return UART_IIR_RLSI;
	if (s->ier & UART_IER_RDI && s->timeout)
		return UART_IIR_RX_TIMEOUT;
	if (s->ier & UART_IER_RDI && s->rx_count >= uart_trigger(s))
		return UART_IIR_RDI;
	if (s->ier & UART_IER_THRI && s->thre)
		return UART_IIR_THRI;
	if (s->ier & UART_IER_MSI && s->msr & UART_MSR_ANY_DELTA)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

/**
 * uart_update() - drive the line, after every change that can cause or end an interrupt
 * @uart: the UART
 */
void uart_update(struct uart16550 *uart)
{
	const struct uart_state *s = &uart->state;
	bool gate = (s->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) == UART_MCR_OUT2;
	bool irq = gate && uart_interrupt(s) != UART_IIR_NO_INT;

	if (irq == uart->irq)
		return;
	uart->irq = irq;
	axvm_device_set_line(&uart->dev, 0, irq);
}

/* --- receiver ------------------------------------------------------------------------ */

/* Four characters: start bit, data, parity, stop bits (1.5 stop bits count as 2) */
static u64 uart_timeout_ns(const struct uart_state *s)
{
	unsigned int divisor = s->dll | s->dlm << 8;
	unsigned int bits = 1 + 5 + (s->lcr & UART_LCR_WLEN8) + !!(s->lcr & UART_LCR_PARITY) +
			    1 + !!(s->lcr & UART_LCR_STOP);

	return max_t(u64, div_u64(4ULL * bits * divisor * NSEC_PER_SEC, UART_CLOCK),
		     UART_TIMEOUT_MIN_NS);
}

/**
 * uart_arm_timeout() - let the character timeout run
 * @uart: the UART
 * @ns: from now on
 */
void uart_arm_timeout(struct uart16550 *uart, u64 ns)
{
	uart->timeout_at = ktime_add_ns(ktime_get(), ns);
	/* One that fires too early starts itself again: most characters need no new timer. */
	if (!hrtimer_is_queued(&uart->timer) ||
	    ktime_before(uart->timeout_at, hrtimer_get_expires(&uart->timer)))
		hrtimer_start(&uart->timer, uart->timeout_at, HRTIMER_MODE_ABS_HARD);
}

/* A character came or was read: with something left to read the timeout begins anew */
static void uart_restart_timeout(struct uart16550 *uart)
{
	const struct uart_state *s = &uart->state;

	if (uart_fifo_mode(s) && s->rx_count)
		uart_arm_timeout(uart, uart_timeout_ns(s));
	else
		uart->timeout_at = 0;
}

/**
 * uart_timeout() - the character timeout is due, or may have moved on
 * @timer: uart16550.timer
 *
 * Context: hard-irq.
 */
enum hrtimer_restart uart_timeout(struct hrtimer *timer)
{
	struct uart16550 *uart = container_of(timer, struct uart16550, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	if (uart->timeout_at && ktime_before(ktime_get(), uart->timeout_at)) {
		hrtimer_start(timer, uart->timeout_at, HRTIMER_MODE_ABS_HARD);
	} else if (uart->timeout_at) {
		uart->timeout_at = 0;
		uart->state.timeout = 1;
		uart_update(uart);
	}
	raw_spin_unlock_irqrestore(&uart->host->lock, flags);
	return HRTIMER_NORESTART;
}

/* The errors of a character are shown when it is the next to be read */
static void uart_show_errors(struct uart_state *s)
{
	u16 *first = &s->rx[s->rx_first];

	s->lsr |= *first >> 8;
	*first &= 0xff;
}

/* A character, with its errors in bits 15:8, is complete in the shift register */
static void uart_receive(struct uart_state *s, u16 c)
{
	if (s->rx_count == uart_depth(s)) {
		s->lsr |= UART_LSR_OE;
		if (uart_fifo_mode(s))
			return;
		s->rx_count = 0;
	}
	s->rx[(s->rx_first + s->rx_count) % UART_FIFO_DEPTH] = c;
	if (!s->rx_count++)
		uart_show_errors(s);
}

/**
 * uart_pump_rx() - take from the host what there is room for; in loopback the line is cut
 * @uart: the UART
 */
void uart_pump_rx(struct uart16550 *uart)
{
	struct uart_state *s = &uart->state;
	bool any = false;
	u16 c;

	if (s->mcr & UART_MCR_LOOP)
		return;
	while (s->rx_count < uart_depth(s) && uart_host_receive(uart->host, &c)) {
		uart_receive(s, c & UART_HOST_BREAK ? UART_BREAK_CHAR : c);
		any = true;
	}
	if (any)
		uart_restart_timeout(uart);
}

/**
 * uart_clear_rx() - forget what was received
 * @uart: the UART
 */
void uart_clear_rx(struct uart16550 *uart)
{
	struct uart_state *s = &uart->state;

	s->rx_count = 0;
	s->lsr &= ~UART_LSR_CHAR;
	s->timeout = 0;
	uart->timeout_at = 0;
}

/**
 * uart_read_rbr() - the guest reads the oldest character
 * @uart: the UART
 *
 * Return: it, or 0 if there is none.
 */
u8 uart_read_rbr(struct uart16550 *uart)
{
	struct uart_state *s = &uart->state;
	u8 c;

	if (!s->rx_count)
		return 0;
	c = s->rx[s->rx_first];
	s->rx_first = (s->rx_first + 1) % UART_FIFO_DEPTH;
	if (--s->rx_count)
		uart_show_errors(s);
	s->timeout = 0;
	uart_restart_timeout(uart);
	/* The interrupt goes down before the next character comes. */
	if (uart->irq)
		uart_update(uart);
	uart_pump_rx(uart);
	return c;
}

/* --- transmitter --------------------------------------------------------------------- */

/**
 * uart_pump_tx() - send what the other end takes: the host, or in loopback the receiver
 * @uart: the UART
 */
void uart_pump_tx(struct uart16550 *uart)
{
	struct uart_state *s = &uart->state;
	unsigned int sent;

	if (!s->tx_count)
		return;
	for (sent = 0; sent < s->tx_count; sent++) {
		if (s->mcr & UART_MCR_LOOP)
			uart_receive(s, s->tx[sent]);
		else if (!uart_host_send(uart->host, s->tx[sent]))
			break;
	}
	s->tx_count -= sent;
	if (s->tx_count)
		memmove(s->tx, s->tx + sent, s->tx_count);
	else
		s->thre = 1;
	if (s->mcr & UART_MCR_LOOP)
		uart_restart_timeout(uart);
}

/**
 * uart_clear_tx() - forget what was not sent
 * @s: the state
 */
void uart_clear_tx(struct uart_state *s)
{
	if (!s->tx_count)
		return;
	s->tx_count = 0;
	s->thre = 1;
}

/**
 * uart_write_thr() - the guest writes a character
 * @uart: the UART
 * @c: the character
 */
void uart_write_thr(struct uart16550 *uart, u8 c)
{
	struct uart_state *s = &uart->state;

	/* The interrupt goes down before the transmitter is empty again. */
	s->thre = 0;
	if (uart->irq)
		uart_update(uart);
	if (s->tx_count < uart_depth(s)) {
		s->tx[s->tx_count++] = c;
		uart_pump_tx(uart);
		return;
	}
	/* A guest that does not look at THRE: a full FIFO takes no more, the register does. */
	uart->host->dropped++;
	if (!uart_fifo_mode(s))
		s->tx[0] = c;
}
