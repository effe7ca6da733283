// SPDX-License-Identifier: GPL-2.0
/*
 * PL011 UART: the serial port of an Arm machine (ARM DDI 0183, revision r1p5).
 *
 * The line is infinitely fast: what the guest writes leaves the transmitter at once,
 * what the host wrote arrives as soon as the receiver has room, and a bit takes no time,
 * so that the receive timeout has always passed when no more comes. Only loopback can
 * overrun the receiver; only a host that does not read leaves the transmitter busy. The
 * other end always has its modem lines up.
 *
 * The transmit interrupt of the chip is raised when its FIFO empties through the trigger
 * level. Here each character does that: it was there, and it went.
 *
 * Out of reset the UART is on, as firmware would leave it. There is no DMA and no IrDA:
 * their registers can be written and read. Test registers read 0.
 *
 * Locks: the one of struct uart_host, around all state and while driving the line.
 */
#include <linux/amba/serial.h>
#include <linux/bitfield.h>

#include "builtin.h"
#include "uart_host.h"

#define PL011_BASE		0x09000000
#define PL011_SIZE		0x1000
#define PL011_DEFAULT_IRQ	33
#define PL011_FIFO_DEPTH	32

#define PL011_ID		0xfe0	/* eight registers, a byte each (3.3.15, 3.3.16) */

#define PL011_DR_ERRORS		(UART011_DR_FE | UART011_DR_PE | UART011_DR_BE)
#define PL011_BREAK_CHAR	(UART011_DR_BE | UART011_DR_FE)
#define PL011_RSR_BITS		0x0f
#define PL011_LCRH_BITS		0xff
#define PL011_CR_BITS		0xff87
#define PL011_INT_BITS		0x7ff
#define PL011_IFLS_TX		GENMASK(2, 0)
#define PL011_IFLS_RX		GENMASK(5, 3)
#define PL011_IFLS_RESET	0x12	/* both FIFOs at 1/2 */

/* Modem inputs as UARTFR shows them; the other end has these up */
#define PL011_FR_INPUTS		(UART01x_FR_CTS | UART01x_FR_DSR | UART01x_FR_DCD | UART011_FR_RI)
#define PL011_FR_PEER		(UART01x_FR_CTS | UART01x_FR_DSR | UART01x_FR_DCD)

/**
 * struct pl011_state - what the guest can see
 * @ibrd: integer baud rate register
 * @fbrd: fractional baud rate register
 * @lcrh: line control register
 * @cr: control register
 * @ifls: interrupt FIFO level select register
 * @imsc: interrupt mask
 * @ris: raw interrupts
 * @rsr: receive status register
 * @dmacr: DMA control register
 * @ilpr: IrDA low-power counter register
 * @inputs: modem inputs, as in UARTFR
 * @rx_first: where the oldest character is in @rx
 * @rx_count: characters in @rx
 * @tx_count: characters in @tx: some only while the transmitter is off or nobody reads
 * @overrun: 1: a character was lost and none was received since
 * @tx: transmit FIFO, or holding register; the oldest first
 * @rx: receive FIFO, or holding register: as in UARTDR, without OE
 */
struct pl011_state {
	u16 ibrd;
	u16 cr;
	u16 imsc;
	u16 ris;
	u16 inputs;
	u8 fbrd;
	u8 lcrh;
	u8 ifls;
	u8 rsr;
	u8 dmacr;
	u8 ilpr;
	u8 rx_first;
	u8 rx_count;
	u8 tx_count;
	u8 overrun;
	u8 tx[PL011_FIFO_DEPTH];
	u16 rx[PL011_FIFO_DEPTH];
};

/**
 * struct pl011 - an instance
 * @dev: the device
 * @host: the other end of the line; its lock is ours
 * @state: what the guest can see
 * @irq: level of the interrupt line
 */
struct pl011 {
	struct axvm_device dev;
	struct uart_host *host;
	struct pl011_state state;
	bool irq;
};

static struct pl011 *to_pl011(struct axvm_device *dev)
{
	return container_of(dev, struct pl011, dev);
}

/* --- interrupts ---------------------------------------------------------------------- */

static unsigned int pl011_depth(const struct pl011_state *s)
{
	return s->lcrh & UART01x_LCRH_FEN ? PL011_FIFO_DEPTH : 1;
}

/* Characters at which a FIFO's interrupt is (3.3.9); values that are reserved as the last */
static unsigned int pl011_level(const struct pl011_state *s, unsigned int select)
{
	static const u8 level[] = {
		PL011_FIFO_DEPTH / 8, PL011_FIFO_DEPTH / 4, PL011_FIFO_DEPTH / 2,
		PL011_FIFO_DEPTH * 3 / 4, PL011_FIFO_DEPTH * 7 / 8,
	};

	if (!(s->lcrh & UART01x_LCRH_FEN))
		return 1;
	return level[min_t(unsigned int, select, ARRAY_SIZE(level) - 1)];
}

static unsigned int pl011_rx_level(const struct pl011_state *s)
{
	return pl011_level(s, FIELD_GET(PL011_IFLS_RX, s->ifls));
}

/* After every change that can cause or end an interrupt */
static void pl011_update(struct pl011 *uart)
{
	bool irq = uart->state.ris & uart->state.imsc;

	if (irq == uart->irq)
		return;
	uart->irq = irq;
	axvm_device_set_line(&uart->dev, 0, irq);
}

/* --- receiver ------------------------------------------------------------------------ */

static bool pl011_receives(const struct pl011_state *s)
{
	return (s->cr & (UART01x_CR_UARTEN | UART011_CR_RXE)) ==
	       (UART01x_CR_UARTEN | UART011_CR_RXE);
}

/* A character, with its errors in bits 10:8, is complete in the shift register */
static void pl011_receive(struct pl011_state *s, u16 c)
{
	if (s->rx_count == pl011_depth(s)) {
		s->overrun = 1;
		s->rsr |= UART01x_RSR_OE;
		s->ris |= UART011_OEIS;
		return;
	}
	s->overrun = 0;
	s->rx[(s->rx_first + s->rx_count++) % PL011_FIFO_DEPTH] = c;
	if (c & UART011_DR_FE)
		s->ris |= UART011_FEIS;
	if (c & UART011_DR_PE)
		s->ris |= UART011_PEIS;
	if (c & UART011_DR_BE)
		s->ris |= UART011_BEIS;
	if (s->rx_count >= pl011_rx_level(s))
		s->ris |= UART011_RXIS;
	if (s->lcrh & UART01x_LCRH_FEN)
		s->ris |= UART011_RTIS;
}

/* Take from the host what there is room for; in loopback the line is cut */
static void pl011_pump_rx(struct pl011 *uart)
{
	struct pl011_state *s = &uart->state;
	u16 c;

	if (s->cr & UART011_CR_LBE || !pl011_receives(s))
		return;
	while (s->rx_count < pl011_depth(s) && uart_host_receive(uart->host, &c))
		pl011_receive(s, c & UART_HOST_BREAK ? PL011_BREAK_CHAR : c);
}

static u16 pl011_read_dr(struct pl011 *uart)
{
	struct pl011_state *s = &uart->state;
	u16 c = s->overrun ? UART011_DR_OE : 0;

	if (!s->rx_count)
		return c;
	c |= s->rx[s->rx_first];
	s->rx_first = (s->rx_first + 1) % PL011_FIFO_DEPTH;
	s->rx_count--;
	/* 3.3.2: errors of the character that was read; OE is not one of them */
	s->rsr = (s->rsr & UART01x_RSR_OE) | (c & PL011_DR_ERRORS) >> 8;
	if (s->rx_count < pl011_rx_level(s))
		s->ris &= ~UART011_RXIS;
	if (!s->rx_count)
		s->ris &= ~UART011_RTIS;
	pl011_pump_rx(uart);
	return c;
}

/* --- transmitter --------------------------------------------------------------------- */

static bool pl011_transmits(const struct pl011_state *s)
{
	return (s->cr & (UART01x_CR_UARTEN | UART011_CR_TXE)) ==
	       (UART01x_CR_UARTEN | UART011_CR_TXE);
}

/* Send what the other end takes: the host, or in loopback the receiver */
static void pl011_pump_tx(struct pl011 *uart)
{
	struct pl011_state *s = &uart->state;
	unsigned int sent;

	if (!s->tx_count || !pl011_transmits(s))
		return;
	for (sent = 0; sent < s->tx_count; sent++) {
		if (!(s->cr & UART011_CR_LBE)) {
			if (!uart_host_send(uart->host, s->tx[sent]))
				break;
		} else if (pl011_receives(s)) {
			pl011_receive(s, s->tx[sent]);
		}
	}
	if (!sent)
		return;
	s->tx_count -= sent;
	memmove(s->tx, s->tx + sent, s->tx_count);
	if (s->tx_count <= pl011_level(s, FIELD_GET(PL011_IFLS_TX, s->ifls)))
		s->ris |= UART011_TXIS;
}

static void pl011_write_dr(struct pl011 *uart, u8 c)
{
	struct pl011_state *s = &uart->state;

	if (s->tx_count == pl011_depth(s)) {
		/* A guest that does not look at TXFF */
		uart->host->dropped++;
		return;
	}
	s->tx[s->tx_count++] = c;
	pl011_pump_tx(uart);
}

static void pl011_pump(struct pl011 *uart)
{
	pl011_pump_tx(uart);
	pl011_pump_rx(uart);
}

/* The host read, wrote or went away */
static void pl011_host_changed(struct axvm_device *dev)
{
	struct pl011 *uart = to_pl011(dev);

	pl011_pump(uart);
	pl011_update(uart);
}

/* --- registers ----------------------------------------------------------------------- */

static u16 pl011_read_fr(const struct pl011_state *s)
{
	u16 fr = s->inputs;

	if (!s->rx_count)
		fr |= UART01x_FR_RXFE;
	if (s->rx_count == pl011_depth(s))
		fr |= UART011_FR_RXFF;
	if (!s->tx_count)
		fr |= UART011_FR_TXFE;
	else
		fr |= UART01x_FR_BUSY;
	if (s->tx_count == pl011_depth(s))
		fr |= UART01x_FR_TXFF;
	return fr;
}

/* FEN going either way empties both FIFOs */
static void pl011_write_lcrh(struct pl011_state *s, u8 value)
{
	if ((value ^ s->lcrh) & UART01x_LCRH_FEN) {
		s->rx_count = 0;
		s->tx_count = 0;
		s->ris &= ~(UART011_RXIS | UART011_RTIS);
	}
	s->lcrh = value & PL011_LCRH_BITS;
}

/* Inputs change with what they are connected to (2.7.1, 3.3.8: LBE) */
static void pl011_write_cr(struct pl011_state *s, u16 value)
{
	static const struct {
		u16 input, output, interrupt;
	} modem[] = {
		{ UART01x_FR_CTS, UART011_CR_RTS, UART011_CTSMIS },
		{ UART01x_FR_DSR, UART011_CR_DTR, UART011_DSRMIS },
		{ UART01x_FR_DCD, UART011_CR_OUT1, UART011_DCDMIS },
		{ UART011_FR_RI, UART011_CR_OUT2, UART011_RIMIS },
	};
	u16 inputs = value & UART011_CR_LBE ? 0 : PL011_FR_PEER;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modem); i++) {
		if (value & UART011_CR_LBE && value & modem[i].output)
			inputs |= modem[i].input;
		if ((inputs ^ s->inputs) & modem[i].input)
			s->ris |= modem[i].interrupt;
	}
	s->inputs = inputs;
	s->cr = value & PL011_CR_BITS;
}

static u8 pl011_read_id(unsigned int offset)
{
	/* UARTPeriphID0 to 3: part 0x011, designer 0x41, r1p5; UARTPCellID0 to 3 */
	static const u8 id[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return offset < PL011_ID ? 0 : id[(offset - PL011_ID) / 4];
}

static u16 pl011_read_register(struct pl011 *uart, unsigned int offset)
{
	struct pl011_state *s = &uart->state;

	switch (offset) {
	case UART01x_DR:
		return pl011_read_dr(uart);
	case UART01x_RSR:
		return s->rsr;
	case UART01x_FR:
		return pl011_read_fr(s);
	case UART01x_ILPR:
		return s->ilpr;
	case UART011_IBRD:
		return s->ibrd;
	case UART011_FBRD:
		return s->fbrd;
	case UART011_LCRH:
		return s->lcrh;
	case UART011_CR:
		return s->cr;
	case UART011_IFLS:
		return s->ifls;
	case UART011_IMSC:
		return s->imsc;
	case UART011_RIS:
		return s->ris;
	case UART011_MIS:
		return s->ris & s->imsc;
	case UART011_DMACR:
		return s->dmacr;
	}
	return pl011_read_id(offset);
}

static void pl011_write_register(struct pl011 *uart, unsigned int offset, u16 value)
{
	struct pl011_state *s = &uart->state;

	switch (offset) {
	case UART01x_DR:
		pl011_write_dr(uart, value);
		break;
	case UART01x_ECR:
		s->rsr = 0;
		break;
	case UART01x_ILPR:
		s->ilpr = value;
		break;
	case UART011_IBRD:
		s->ibrd = value;
		break;
	case UART011_FBRD:
		s->fbrd = value & 0x3f;
		break;
	case UART011_LCRH:
		pl011_write_lcrh(s, value);
		pl011_pump(uart);
		break;
	case UART011_CR:
		pl011_write_cr(s, value);
		pl011_pump(uart);
		break;
	case UART011_IFLS:
		s->ifls = value & (PL011_IFLS_RX | PL011_IFLS_TX);
		break;
	case UART011_IMSC:
		s->imsc = value & PL011_INT_BITS;
		break;
	case UART011_ICR:
		s->ris &= ~value;
		break;
	case UART011_DMACR:
		s->dmacr = value & 7;
		break;
	}
}

/* --- accesses ------------------------------------------------------------------------ */

/*
 * The bus has 32 data lines: a doubleword is two registers, and a part of a word is that
 * part of the register's value. What is written goes to the register as a whole.
 */
static int pl011_read(struct axvm_device *dev, struct axvm_access *access)
{
	unsigned int shift = access->offset % 4 * 8;
	unsigned int offset = access->offset & ~3;
	struct pl011 *uart = to_pl011(dev);
	unsigned long flags;

	/* What a driver polls: as it is at some moment, which takes no lock. */
	if (access->offset == UART01x_FR && access->width <= 4) {
		access->data = pl011_read_fr(&uart->state);
		return AXVM_HANDLED;
	}
	raw_spin_lock_irqsave(&uart->host->lock, flags);
	access->data = (u64)pl011_read_register(uart, offset) >> shift;
	if (access->width == 8)
		access->data |= (u64)pl011_read_register(uart, offset + 4) << 32;
	if (offset == UART01x_DR)	/* No other read changes anything. */
		pl011_update(uart);
	uart_host_unlock(uart->host, flags);
	return AXVM_HANDLED;
}

static int pl011_write(struct axvm_device *dev, struct axvm_access *access)
{
	unsigned int shift = access->offset % 4 * 8;
	unsigned int offset = access->offset & ~3;
	struct pl011 *uart = to_pl011(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	pl011_write_register(uart, offset, access->data << shift);
	if (access->width == 8)
		pl011_write_register(uart, offset + 4, access->data >> 32);
	pl011_update(uart);
	uart_host_unlock(uart->host, flags);
	return AXVM_HANDLED;
}

/* --- life ---------------------------------------------------------------------------- */

static void pl011_set_state(struct pl011 *uart, const struct pl011_state *from)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	uart->state = *from;
	pl011_pump(uart);
	pl011_update(uart);
	uart_host_unlock(uart->host, flags);
}

static void pl011_reset(struct axvm_device *dev)
{
	static const struct pl011_state power_on = {
		.cr = UART01x_CR_UARTEN | UART011_CR_TXE | UART011_CR_RXE,
		.ifls = PL011_IFLS_RESET,
		.inputs = PL011_FR_PEER,
	};

	pl011_set_state(to_pl011(dev), &power_on);
}

static void pl011_save(struct axvm_device *dev, void *buf)
{
	struct pl011 *uart = to_pl011(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&uart->host->lock, flags);
	memcpy(buf, &uart->state, sizeof(uart->state));
	raw_spin_unlock_irqrestore(&uart->host->lock, flags);
}

static bool pl011_state_valid(const struct pl011_state *s)
{
	unsigned int i;

	for (i = 0; i < PL011_FIFO_DEPTH; i++)
		if (s->rx[i] & ~(PL011_DR_ERRORS | 0xff))
			return false;
	if (s->cr & ~PL011_CR_BITS || s->imsc & ~PL011_INT_BITS || s->ris & ~PL011_INT_BITS ||
	    s->inputs & ~PL011_FR_INPUTS || s->fbrd > 0x3f || s->rsr & ~PL011_RSR_BITS ||
	    s->ifls & ~(PL011_IFLS_RX | PL011_IFLS_TX) || s->dmacr > 7 || s->overrun > 1)
		return false;
	return s->rx_first < PL011_FIFO_DEPTH && s->rx_count <= pl011_depth(s) &&
	       s->tx_count <= pl011_depth(s);
}

static int pl011_restore(struct axvm_device *dev, const void *buf)
{
	const struct pl011_state *from = buf;

	if (!pl011_state_valid(from))
		return -EINVAL;
	pl011_set_state(to_pl011(dev), from);
	return 0;
}

static int pl011_open_host(struct axvm_device *dev)
{
	return uart_host_open(to_pl011(dev)->host);
}

static void pl011_destroy(struct axvm_device *dev)
{
	struct uart_host *host = to_pl011(dev)->host;

	uart_host_detach(host);
	uart_host_put(host);
}

static int pl011_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	struct pl011 *uart = to_pl011(dev);
	int ret;

	if ((config->length && config->length != PL011_SIZE) || config->nr_cfg)
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, config->base ?: PL011_BASE, PL011_SIZE);
	if (ret)
		return ret;
	ret = axvm_device_add_line(dev, config->irq ?: PL011_DEFAULT_IRQ);
	if (ret)
		return ret;
	uart->host = uart_host_create(dev, pl011_host_changed);
	if (!uart->host)
		return -ENOMEM;
	pl011_reset(dev);
	return 0;
}

static const struct axvm_device_ops pl011_ops = {
	.read = pl011_read,
	.write = pl011_write,
	.reset = pl011_reset,
	.destroy = pl011_destroy,
	.save = pl011_save,
	.restore = pl011_restore,
	.open_host = pl011_open_host,
};

struct axvm_device_type axvm_pl011_type = {
	.name = "pl011",
	.number = AXVM_DEV_CONSOLE,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct pl011),
	.state_size = sizeof(struct pl011_state),
	.init = pl011_init,
	.ops = &pl011_ops,
};
