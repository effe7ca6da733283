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
 * An interrupt line that is edge-triggered sees only edges. Where the chip would lower
 * its interrupt for the time that a character takes, it is lowered and raised here.
 *
 * Locks: the one of struct uart_host, around all state and while driving the line.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/serial_reg.h>

#include "../core/compat.h"
#include "builtin.h"
#include "uart_host.h"

#define UART_BASE		0x3f8
#define UART_PORTS		8
#define UART_FIFO_DEPTH		16
#define UART_CLOCK		(1843200 / 16)	/* baud at divisor 1 */
#define UART_DIVISOR		12		/* 9600 baud: as a BIOS leaves it */

#define UART_IIR_16550A		0xc0	/* FIFOs are on */
#define UART_IER_BITS		0x0f
#define UART_MCR_BITS		0x1f
#define UART_FCR_BITS		(UART_FCR_ENABLE_FIFO | UART_FCR_DMA_SELECT | \
				 UART_FCR_TRIGGER_MASK)
#define UART_MSR_INPUTS		(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_RI | UART_MSR_DCD)
#define UART_MSR_PEER		(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD)

/* Errors that belong to a character; an overrun belongs to none. */
#define UART_LSR_CHAR		(UART_LSR_BI | UART_LSR_FE | UART_LSR_PE)
#define UART_BREAK_CHAR		((UART_LSR_BI | UART_LSR_FE) << 8)

/* The character timeout is no shorter, however fast the line is said to be; nor longer. */
#define UART_TIMEOUT_MIN_NS	(100 * NSEC_PER_USEC)
#define UART_TIMEOUT_MAX_NS	(30 * NSEC_PER_SEC)

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

static struct uart16550 *to_uart(struct axvm_device *dev)
{
	return container_of(dev, struct uart16550, dev);
}

/* --- interrupts ---------------------------------------------------------------------- */

static bool uart_fifo_mode(const struct uart_state *s)
{
	return s->fcr & UART_FCR_ENABLE_FIFO;
}

static unsigned int uart_depth(const struct uart_state *s)
{
	return uart_fifo_mode(s) ? UART_FIFO_DEPTH : 1;
}

/* Characters that make "received data available"; 16450 mode has trigger bits of 0 */
static unsigned int uart_trigger(const struct uart_state *s)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	return level[UART_FCR_R_TRIG_BITS(s->fcr)];
}

/* Bits 3:0 of IIR: the pending interrupt of highest priority */
static u8 uart_interrupt(const struct uart_state *s)
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

/* After every change that can cause or end an interrupt */
static void uart_update(struct uart16550 *uart)
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

static void uart_arm_timeout(struct uart16550 *uart, u64 ns)
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

static enum hrtimer_restart uart_timeout(struct hrtimer *timer)
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

/* Take from the host what there is room for; in loopback the line is cut */
static void uart_pump_rx(struct uart16550 *uart)
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

static void uart_clear_rx(struct uart16550 *uart)
{
	struct uart_state *s = &uart->state;

	s->rx_count = 0;
	s->lsr &= ~UART_LSR_CHAR;
	s->timeout = 0;
	uart->timeout_at = 0;
}

static u8 uart_read_rbr(struct uart16550 *uart)
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

/* Send what the other end takes: the host, or in loopback the receiver */
static void uart_pump_tx(struct uart16550 *uart)
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

static void uart_clear_tx(struct uart_state *s)
{
	if (!s->tx_count)
		return;
	s->tx_count = 0;
	s->thre = 1;
}

static void uart_write_thr(struct uart16550 *uart, u8 c)
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

/* The host read, wrote or went away */
static void uart_host_changed(struct axvm_device *dev)
{
	struct uart16550 *uart = to_uart(dev);

	uart_pump_tx(uart);
	uart_pump_rx(uart);
	uart_update(uart);
}

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
