// SPDX-License-Identifier: GPL-2.0
/*
 * 16550A UART: the serial port of a PC (National Semiconductor PC16550D datasheet,
 * June 1995).
 *
 * The line is infinitely fast: what the guest writes leaves the transmitter at once,
 * and what the host wrote arrives as soon as the receiver has room, so that only
 * loopback can overrun it. Two things still take time: the character timeout, four
 * characters at the programmed speed, and a host that does not read, which leaves the
 * transmitter busy. The other end always has its modem lines up.
 *
 * On a PC the interrupt pin goes to the interrupt controller through a gate that OUT2
 * opens. Loopback takes the modem control outputs from their pins, so it closes it.
 *
 * Here are its registers and the device; devices/uart16550_fifo.c has the receiver, the
 * transmitter and their interrupts.
 *
 * Locks: the one of struct uart_host, around all state and while driving the line.
 */
#include "../core/compat.h"
#include "builtin.h"
#include "uart16550.h"

#define UART_BASE		0x3f8
#define UART_PORTS		8
#define UART_DIVISOR		12		/* 9600 baud: as a BIOS leaves it */

#define UART_IIR_16550A		0xc0	/* FIFOs are on */
#define UART_IER_BITS		0x0f
#define UART_MCR_BITS		0x1f
#define UART_FCR_BITS		(UART_FCR_ENABLE_FIFO | UART_FCR_DMA_SELECT | \
				 UART_FCR_TRIGGER_MASK)
#define UART_MSR_INPUTS		(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_RI | UART_MSR_DCD)
#define UART_MSR_PEER		(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD)

/* A saved character timeout is no longer */
#define UART_TIMEOUT_MAX_NS	(30 * NSEC_PER_SEC)

/* --- registers ----------------------------------------------------------------------- */

/* Inputs change with what they are connected to; differences are remembered */
static void uart_update_modem(struct uart_state *s)
{
	u8 inputs = UART_MSR_PEER;
	u8 changed;

	if (s->mcr & UART_MCR_LOOP)
		inputs = (s->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			 (s->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			 (s->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			 (s->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
	changed = (s->msr ^ inputs) & UART_MSR_INPUTS;
	/* TERI tells of the trailing edge only. */
	if (inputs & UART_MSR_RI)
		changed &= ~UART_MSR_RI;
	s->msr = inputs | changed >> 4 | (s->msr & UART_MSR_ANY_DELTA);
}

static void uart_write_ier(struct uart_state *s, u8 value)
{
	u8 set = value & ~s->ier;

	s->ier = value & UART_IER_BITS;
	if (set & UART_IER_THRI && !s->tx_count)
		s->thre = 1;
}

/* Switching the FIFOs on or off empties them; without FIFOs no other bit is programmed */
static void uart_write_fcr(struct uart16550 *uart, u8 value)
{
	struct uart_state *s = &uart->state;
	bool on = value & UART_FCR_ENABLE_FIFO;
	bool both = on != uart_fifo_mode(s);

	if (both || (on && value & UART_FCR_CLEAR_RCVR))
		uart_clear_rx(uart);
	if (both || (on && value & UART_FCR_CLEAR_XMIT))
		uart_clear_tx(s);
	s->fcr = on ? value & UART_FCR_BITS : 0;
	uart_update(uart);
	uart_pump_rx(uart);
}

static void uart_write_mcr(struct uart16550 *uart, u8 value)
{
	struct uart_state *s = &uart->state;

	s->mcr = value & UART_MCR_BITS;
	uart_update_modem(s);
	uart_pump_tx(uart);
	uart_pump_rx(uart);
}

static u8 uart_read_iir(struct uart_state *s)
{
	u8 id = uart_interrupt(s);

	if (id == UART_IIR_THRI)
		s->thre = 0;
	return id | (uart_fifo_mode(s) ? UART_IIR_16550A : 0);
}

static u8 uart_read_lsr(struct uart_state *s)
{
	u8 lsr = s->lsr;
	u8 errors = lsr & UART_LSR_CHAR;
	unsigned int i;

	for (i = 0; i < s->rx_count; i++)
		errors |= s->rx[(s->rx_first + i) % UART_FIFO_DEPTH] >> 8;
	if (errors && uart_fifo_mode(s))
		lsr |= UART_LSR_FIFOE;
	if (s->rx_count)
		lsr |= UART_LSR_DR;
	if (!s->tx_count)
		lsr |= UART_LSR_THRE | UART_LSR_TEMT;
	s->lsr = 0;
	return lsr;
}

static u8 uart_read_msr(struct uart_state *s)
{
	u8 msr = s->msr;

	s->msr &= ~UART_MSR_ANY_DELTA;
	return msr;
}

static u8 uart_read_register(struct uart16550 *uart, unsigned int reg)
{
	struct uart_state *s = &uart->state;
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return dlab ? s->dll : uart_read_rbr(uart);
	case UART_IER:
		return dlab ? s->dlm : s->ier;
	case UART_IIR:
		return uart_read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return uart_read_lsr(s);
	case UART_MSR:
		return uart_read_msr(s);
	default:
		return s->scr;
	}
}

/* Writes to LSR and MSR are for the tests of the factory: ignored */
static void uart_write_register(struct uart16550 *uart, unsigned int reg, u8 value)
{
	struct uart_state *s = &uart->state;
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (dlab)
			s->dll = value;
		else
			uart_write_thr(uart, value);
		break;
	case UART_IER:
		if (dlab)
			s->dlm = value;
		else
			uart_write_ier(s, value);
		break;
	case UART_FCR:
		uart_write_fcr(uart, value);
		break;
	case UART_LCR:
		s->lcr = value;
		break;
	case UART_MCR:
		uart_write_mcr(uart, value);
		break;
	case UART_SCR:
		s->scr = value;
		break;
	}
}

/* The bus is one byte wide: a wider access is one after another, from the lowest port on */
static int uart_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct uart16550 *uart = to_uart(dev);
	unsigned long flags;
	unsigned int i;
	u64 data = 0;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	for (i = 0; i < access->width; i++)
		data |= (u64)uart_read_register(uart, access->offset + i) << 8 * i;
	uart_update(uart);
	uart_host_unlock(uart->host, flags);
	access->data = data;
	return AXVM_HANDLED;
}

static int uart_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct uart16550 *uart = to_uart(dev);
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	for (i = 0; i < access->width; i++)
		uart_write_register(uart, access->offset + i, access->data >> 8 * i);
	uart_update(uart);
	uart_host_unlock(uart->host, flags);
	return AXVM_HANDLED;
}

/* --- the device ---------------------------------------------------------------------- */

/* Put a whole state in place of the present one, and go on from there */
static void uart_set_state(struct uart16550 *uart, const struct uart_state *state)
{
	struct uart_state *s = &uart->state;
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	*s = *state;
	uart->timeout_at = 0;
	if (s->timeout_ns)
		uart_arm_timeout(uart, s->timeout_ns);
	s->timeout_ns = 0;
	uart_update_modem(s);
	/* Down and up again where it stays up: whoever waits for an edge gets one. */
	uart->irq = false;
	axvm_device_lower(&uart->dev, 0);
	uart_pump_tx(uart);
	uart_pump_rx(uart);
	uart_update(uart);
	uart_host_unlock(uart->host, flags);
}

/* Master reset. What is in the host's buffers is on the line, not in the chip. */
static void uart_reset(struct axvm_device *dev)
{
	static const struct uart_state power_on = {
		.msr = UART_MSR_PEER,
		.dll = UART_DIVISOR,
	};

	uart_set_state(to_uart(dev), &power_on);
}

static void uart_save(struct axvm_device *dev, void *buf)
{
	struct uart16550 *uart = to_uart(dev);
	struct uart_state *to = buf;
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	memcpy(to, &uart->state, sizeof(*to));
	if (uart->timeout_at)
		to->timeout_ns = clamp_t(s64, ktime_to_ns(ktime_sub(uart->timeout_at, ktime_get())),
					 1, UART_TIMEOUT_MAX_NS);
	raw_spin_unlock_irqrestore(&uart->host->lock, flags);
}

static bool uart_state_valid(const struct uart_state *s)
{
	unsigned int i;

	for (i = 0; i < UART_FIFO_DEPTH; i++)
		if (s->rx[i] >> 8 & ~UART_LSR_CHAR)
			return false;
	if (s->ier & ~UART_IER_BITS || s->fcr & ~UART_FCR_BITS || s->mcr & ~UART_MCR_BITS)
		return false;
	if (!uart_fifo_mode(s) && (s->fcr || s->timeout || s->timeout_ns))
		return false;
	if (s->lsr & ~UART_LSR_BRK_ERROR_BITS || s->thre > 1 || s->timeout > 1)
		return false;
	if (s->rx_first >= UART_FIFO_DEPTH || s->rx_count > uart_depth(s) ||
	    s->tx_count > uart_depth(s))
		return false;
	if (!s->rx_count && (s->timeout || s->timeout_ns))
		return false;
	return s->timeout_ns <= UART_TIMEOUT_MAX_NS && !s->reserved[0] && !s->reserved[1];
}

static int uart_restore(struct axvm_device *dev, const void *buf)
{
	const struct uart_state *from = buf;

	if (!uart_state_valid(from))
		return -EINVAL;
	uart_set_state(to_uart(dev), from);
	return 0;
}

/* The host read, wrote or went away */
static void uart_host_changed(struct axvm_device *dev)
{
	struct uart16550 *uart = to_uart(dev);

	uart_pump_tx(uart);
	uart_pump_rx(uart);
	uart_update(uart);
}

static int uart_open_host(struct axvm_device *dev)
{
	return uart_host_open(to_uart(dev)->host);
}

static void uart_destroy(struct axvm_device *dev)
{
	struct uart16550 *uart = to_uart(dev);
	struct uart_host *host = uart->host;

	/* First those who start the timer, then the timer, then the lock that it takes. */
	uart_host_detach(host);
	hrtimer_cancel(&uart->timer);
	uart_host_put(host);
}

static int uart_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	struct uart16550 *uart = to_uart(dev);
	int ret;

	if ((config->length && config->length != UART_PORTS) || config->nr_cfg)
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_PORT, config->base ?: UART_BASE, UART_PORTS);
	if (ret)
		return ret;
	ret = axvm_device_add_line(dev, config->irq);
	if (ret)
		return ret;
	uart->host = uart_host_create(dev, uart_host_changed);
	if (!uart->host)
		return -ENOMEM;
	axvm_hrtimer_setup(&uart->timer, uart_timeout, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	uart_reset(dev);
	return 0;
}

static const struct axvm_device_ops uart16550_ops = {
	.read = uart_read,
	.write = uart_write,
	.reset = uart_reset,
	.destroy = uart_destroy,
	.save = uart_save,
	.restore = uart_restore,
	.open_host = uart_open_host,
};

struct axvm_device_type axvm_uart16550_type = {
	.name = "uart16550",
	.number = AXVM_DEV_CONSOLE,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct uart16550),
	.state_size = sizeof(struct uart_state),
	.init = uart_init,
	.ops = &uart16550_ops,
};
