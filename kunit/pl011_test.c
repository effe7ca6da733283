// SPDX-License-Identifier: GPL-2.0
/* devices/pl011.c against ARM DDI 0183 (r1p5), from the guest's side. */
#include <linux/amba/serial.h>
#include <linux/prandom.h>

#include "uart.h"

#define BASE		0x09000000
#define DEPTH		32
#define FR_PEER		(UART01x_FR_CTS | UART01x_FR_DSR | UART01x_FR_DCD)
#define FR_IDLE		(FR_PEER | UART011_FR_TXFE | UART01x_FR_RXFE)
#define CR_ON		(UART01x_CR_UARTEN | UART011_CR_TXE | UART011_CR_RXE)
#define MODEM		(UART011_RIMIS | UART011_CTSMIS | UART011_DCDMIS | UART011_DSRMIS)

/* The saved state: its layout is part of what userspace may keep */
struct pl011_saved {
	u16 ibrd, cr, imsc, ris, inputs;
	u8 fbrd, lcrh, ifls, rsr, dmacr, ilpr, rx_first, rx_count, tx_count, overrun;
	u8 tx[DEPTH];
	u16 rx[DEPTH];
};

static u32 rd(struct uart_test *t, unsigned int offset)
{
	return fixture_load(t->vm, NULL, BASE + offset, 4);
}

static void wr(struct uart_test *t, unsigned int offset, u32 value)
{
	fixture_store(t->vm, NULL, BASE + offset, 4, value);
}

static void send(struct uart_test *t, const char *text)
{
	while (*text)
		wr(t, UART01x_DR, *text++);
}

static struct uart_test *fifo(struct kunit *test)
{
	struct uart_test *t = uart(test);

	wr(t, UART011_LCRH, UART01x_LCRH_WLEN_8 | UART01x_LCRH_FEN);
	return t;
}

/* --- registers ------------------------------------------------------------------------ */

static void pl011_power_on(struct kunit *test)
{
	static const u8 id[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	struct uart_test *t = uart(test);
	unsigned int i;

	for (i = 0; i < 0x1000; i += 4) {
		u32 expected = i == UART01x_FR ? FR_IDLE : i == UART011_CR ? CR_ON :
			       i == UART011_IFLS ? 0x12 : i >= 0xfe0 ? id[(i - 0xfe0) / 4] : 0;

		KUNIT_EXPECT_EQ_MSG(test, rd(t, i), expected, "offset %#x", i);
	}
	KUNIT_EXPECT_FALSE(test, line(t));
}

static void pl011_registers(struct kunit *test)
{
	static const struct {
		unsigned int offset;
		u32 mask;
	} registers[] = {
		{ UART01x_ILPR, 0xff }, { UART011_IBRD, 0xffff }, { UART011_FBRD, 0x3f },
		{ UART011_LCRH, 0xff }, { UART011_CR, 0xff87 }, { UART011_IFLS, 0x3f },
		{ UART011_IMSC, 0x7ff }, { UART011_DMACR, 7 },
	};
	struct uart_test *t = uart(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		wr(t, registers[i].offset, ~0);
		KUNIT_EXPECT_EQ_MSG(test, rd(t, registers[i].offset), registers[i].mask,
				    "offset %#x", registers[i].offset);
		wr(t, registers[i].offset, 0);
		KUNIT_EXPECT_EQ(test, rd(t, registers[i].offset), 0);
	}
	/* Read-only */
	wr(t, UART011_ICR, 0x7ff);
	wr(t, UART01x_FR, 0);
	wr(t, UART011_RIS, ~0);
	wr(t, UART011_MIS, ~0);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_MIS), 0);
}

static void pl011_widths(struct kunit *test)
{
	struct uart_test *t = uart(test);

	fixture_store(t->vm, NULL, BASE + UART01x_DR, 1, 'a');
	fixture_store(t->vm, NULL, BASE + UART01x_DR, 2, 'b');
	expect_printed(t, "ab");
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + UART011_CR + 1, 1), CR_ON >> 8);
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + UART011_CR, 1), CR_ON & 0xff);
	KUNIT_EXPECT_EQ(test, fixture_load(t->vm, NULL, BASE + UART011_CR, 8),
			CR_ON | 0x12ULL << 32);
	fixture_store(t->vm, NULL, BASE + UART011_IBRD - 4, 8, 0x1234ULL << 32 | 0x56);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_IBRD), 0x1234);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_ILPR), 0x56);
}

/* --- transmitter ---------------------------------------------------------------------- */

static void pl011_transmit(struct kunit *test)
{
	struct uart_test *t = fifo(test);

	send(t, "hello");
	expect_printed(t, "hello");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), UART011_TXIS);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_MIS), 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	wr(t, UART011_IMSC, UART011_TXIM);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_MIS), UART011_TXIS);
	KUNIT_EXPECT_TRUE(test, line(t));
	wr(t, UART011_ICR, UART011_TXIS);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), 0);
	send(t, "x");
	KUNIT_EXPECT_TRUE(test, line(t));
	expect_printed(t, "x");
}

/* A host that does not read: the FIFO fills, a character more is lost, reading goes on */
static void pl011_busy(struct kunit *test)
{
	struct uart_test *t = fifo(test);
	unsigned int i;
	u8 *buf = kunit_kzalloc(test, TX_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < TX_BYTES; i++)
		wr(t, UART01x_DR, 'a');
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	wr(t, UART011_ICR, UART011_TXIS);
	for (i = 0; i < DEPTH; i++) {
		KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR) & UART01x_FR_TXFF, 0);
		wr(t, UART01x_DR, 'A' + i);
	}
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR),
			FR_PEER | UART01x_FR_RXFE | UART01x_FR_TXFF | UART01x_FR_BUSY);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), 0);
	wr(t, UART01x_DR, '!');
	wr(t, UART011_IMSC, UART011_TXIM);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, host_read(t, buf, TX_BYTES), TX_BYTES);
	KUNIT_EXPECT_EQ(test, host_read(t, buf, TX_BYTES), DEPTH);
	KUNIT_EXPECT_EQ(test, buf[0], 'A');
	KUNIT_EXPECT_EQ(test, buf[DEPTH - 1], 'A' + DEPTH - 1);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
}

static void pl011_off(struct kunit *test)
{
	struct uart_test *t = fifo(test);

	wr(t, UART011_CR, UART01x_CR_UARTEN);
	send(t, "later");
	type(t, "also");
	expect_printed(t, "");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_PEER | UART01x_FR_RXFE | UART01x_FR_BUSY);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), 0);
	wr(t, UART011_CR, UART01x_CR_UARTEN | UART011_CR_TXE);
	expect_printed(t, "later");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	wr(t, UART011_CR, UART011_CR_RXE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	wr(t, UART011_CR, CR_ON);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'a');
}

/* --- receiver -------------------------------------------------------------------------- */

static void pl011_receive(struct kunit *test)
{
	struct uart_test *t = fifo(test);
	const char *text = "0123456789abcdef0123456789abcdefX";
	unsigned int i;

	wr(t, UART011_IMSC, UART011_RXIM);
	type(t, "0123456789abcde");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_PEER | UART011_FR_TXFE);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), UART011_RTIS);
	KUNIT_EXPECT_FALSE(test, line(t));
	type(t, "f");
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), UART011_RTIS | UART011_RXIS);
	KUNIT_EXPECT_TRUE(test, line(t));
	type(t, text + 16);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_PEER | UART011_FR_TXFE | UART011_FR_RXFF);
	for (i = 0; text[i]; i++) {
		KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), text[i]);
		/* One more was waiting at the host: 32 are there until it is in. */
		KUNIT_EXPECT_EQ(test, line(t), i < 17);
		KUNIT_EXPECT_EQ(test, !!(rd(t, UART011_RIS) & UART011_RTIS), i < 32);
	}
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 0);
}

/* The interrupts of what is in the FIFO can be cleared without reading it */
static void pl011_receive_cleared(struct kunit *test)
{
	struct uart_test *t = fifo(test);

	wr(t, UART011_IMSC, UART011_RTIM);
	type(t, "a");
	KUNIT_EXPECT_TRUE(test, line(t));
	wr(t, UART011_ICR, UART011_RTIS);
	KUNIT_EXPECT_FALSE(test, line(t));
	type(t, "b");
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'a');
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'b');
	KUNIT_EXPECT_FALSE(test, line(t));
}

static void pl011_levels(struct kunit *test)
{
	static const u8 level[] = { 4, 8, 16, 24, 28, 28, 28, 28 };
	struct uart_test *t = fifo(test);
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(level); i++) {
		wr(t, UART011_IFLS, i << 3);
		for (n = 1; n <= level[i]; n++) {
			type(t, "x");
			KUNIT_EXPECT_EQ_MSG(test, !!(rd(t, UART011_RIS) & UART011_RXIS),
					    n == level[i], "select %u, %u characters", i, n);
		}
		while (!(rd(t, UART01x_FR) & UART01x_FR_RXFE))
			rd(t, UART01x_DR);
	}
}

static void pl011_without_fifo(struct kunit *test)
{
	struct uart_test *t = uart(test);

	wr(t, UART011_IMSC, UART011_RXIM);
	type(t, "ab");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_PEER | UART011_FR_TXFE | UART011_FR_RXFF);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), UART011_RXIS);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'a');
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'b');
	KUNIT_EXPECT_FALSE(test, line(t));
	/* Switching them on or off empties both. */
	type(t, "c");
	wr(t, UART011_LCRH, UART01x_LCRH_FEN);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	KUNIT_EXPECT_FALSE(test, line(t));
}

static void pl011_break(struct kunit *test)
{
	struct uart_test *t = fifo(test);

	KUNIT_EXPECT_EQ(test, send_break(t), 0);
	type(t, "a");
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), UART011_BEIS | UART011_FEIS | UART011_RTIS);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), UART011_DR_BE | UART011_DR_FE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), UART01x_RSR_BE | UART01x_RSR_FE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'a');
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), 0);
}

/* --- loopback -------------------------------------------------------------------------- */

static void pl011_loopback(struct kunit *test)
{
	struct uart_test *t = fifo(test);
	unsigned int i;

	wr(t, UART011_CR, CR_ON | UART011_CR_LBE);
	type(t, "not now");
	for (i = 0; i < DEPTH; i++)
		wr(t, UART01x_DR, '0' + i);
	expect_printed(t, "");
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS) & UART011_OEIS, 0);
	wr(t, UART01x_DR, '!');
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS) & UART011_OEIS, UART011_OEIS);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), UART01x_RSR_OE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), UART011_DR_OE | '0');
	wr(t, UART01x_DR, '?');
	for (i = 1; i < DEPTH; i++)
		KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), '0' + i);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), '?');
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), UART01x_RSR_OE);
	wr(t, UART01x_ECR, 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_RSR), 0);
	wr(t, UART011_CR, CR_ON);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'n');
}

static void pl011_modem(struct kunit *test)
{
	static const struct {
		u32 output, input, interrupt;
	} lines[] = {
		{ UART011_CR_RTS, UART01x_FR_CTS, UART011_CTSMIS },
		{ UART011_CR_DTR, UART01x_FR_DSR, UART011_DSRMIS },
		{ UART011_CR_OUT1, UART01x_FR_DCD, UART011_DCDMIS },
		{ UART011_CR_OUT2, UART011_FR_RI, UART011_RIMIS },
	};
	const u32 inputs = FR_PEER | UART011_FR_RI;
	struct uart_test *t = uart(test);
	unsigned int i;

	wr(t, UART011_CR, CR_ON | UART011_CR_LBE);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR) & inputs, 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), MODEM & ~UART011_RIMIS);
	wr(t, UART011_ICR, MODEM);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		wr(t, UART011_CR, CR_ON | UART011_CR_LBE | lines[i].output);
		KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR) & inputs, lines[i].input);
		KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), lines[i].interrupt);
		wr(t, UART011_CR, CR_ON | UART011_CR_LBE);
		wr(t, UART011_ICR, MODEM);
	}
	/* Outside of loopback, outputs go nowhere. */
	wr(t, UART011_CR, CR_ON);
	wr(t, UART011_ICR, MODEM);
	wr(t, UART011_CR, CR_ON | UART011_CR_RTS | UART011_CR_OUT2);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_RIS), 0);
}

/* --- life ------------------------------------------------------------------------------ */

static void pl011_reset_test(struct kunit *test)
{
	struct uart_test *t = fifo(test);

	wr(t, UART011_IMSC, 0x7ff);
	wr(t, UART011_IBRD, 3);
	send(t, "kept");
	KUNIT_EXPECT_TRUE(test, line(t));
	t->dev->type->ops->reset(t->dev);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, rd(t, UART011_IMSC), 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_IBRD), 0);
	KUNIT_EXPECT_EQ(test, rd(t, UART011_CR), CR_ON);
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_FR), FR_IDLE);
	expect_printed(t, "kept");
}

static void pl011_save_restore(struct kunit *test)
{
	struct uart_test *t = fifo(test), *other = uart(test);
	struct pl011_saved saved;

	KUNIT_ASSERT_EQ(test, t->dev->type->state_size, sizeof(saved));
	wr(t, UART011_IMSC, UART011_RTIM);
	wr(t, UART011_IBRD, 13);
	type(t, "in");
	wr(t, UART011_CR, UART01x_CR_UARTEN | UART011_CR_RXE);
	send(t, "out");
	t->dev->type->ops->save(t->dev, &saved);
	KUNIT_EXPECT_EQ(test, saved.tx_count, 3);
	KUNIT_ASSERT_EQ(test, other->dev->type->ops->restore(other->dev, &saved), 0);
	KUNIT_EXPECT_TRUE(test, line(other));
	KUNIT_EXPECT_EQ(test, rd(other, UART011_IBRD), 13);
	KUNIT_EXPECT_EQ(test, rd(other, UART01x_DR), 'i');
	KUNIT_EXPECT_EQ(test, rd(other, UART01x_DR), 'n');
	KUNIT_EXPECT_FALSE(test, line(other));
	wr(other, UART011_CR, CR_ON);
	expect_printed(other, "out");
	expect_printed(t, "");
}

static void pl011_restore_refused(struct kunit *test)
{
	struct uart_test *t = uart(test);
	struct pl011_saved good, bad;

	t->dev->type->ops->save(t->dev, &good);
#define REFUSED(change)								\
	do {									\
		bad = good;							\
		bad.change;							\
		KUNIT_EXPECT_EQ_MSG(test, t->dev->type->ops->restore(t->dev, &bad),	\
				    -EINVAL, #change);				\
	} while (0)
	REFUSED(rx[31] = 0x800);
	REFUSED(cr = 0x08);
	REFUSED(imsc = 0x800);
	REFUSED(ris = 0x800);
	REFUSED(inputs = 0x10);
	REFUSED(fbrd = 0x40);
	REFUSED(ifls = 0x40);
	REFUSED(rsr = 0x10);
	REFUSED(dmacr = 8);
	REFUSED(rx_first = DEPTH);
	REFUSED(rx_count = 2);
	REFUSED(tx_count = 2);
	REFUSED(overrun = 2);
#undef REFUSED
	KUNIT_EXPECT_EQ(test, t->dev->type->ops->restore(t->dev, &good), 0);
}

static void pl011_config(struct kunit *test)
{
	static const struct axvm_device_config refused[] = {
		{ .type = AXVM_DEV_CONSOLE, .length = 0x100 },
		{ .type = AXVM_DEV_CONSOLE, .nr_cfg = 1 },
		{ .type = AXVM_DEV_CONSOLE, .irq = 1020 },
	};
	struct axvm_vm *vm = fixture_vm(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_TRUE(test, IS_ERR(fixture_try_device(vm, &refused[i])));
	KUNIT_EXPECT_EQ(test, fixture_device(test, vm, AXVM_DEV_CONSOLE, 0, 0)->lines[0], 33);
}

/* Whatever a guest does, it can get back to a UART that works */
static void pl011_hostile(struct kunit *test)
{
	static const u8 widths[] = { 1, 2, 4, 8 };
	struct uart_test *t = uart(test);
	struct pl011_saved saved;
	struct rnd_state rnd;
	unsigned int i, width, offset;
	char buf[64];

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 20000; i++) {
		width = widths[prandom_u32_state(&rnd) % 4];
		offset = prandom_u32_state(&rnd) % (i & 1 ? 0x50 : 0x1000 - 8);
		if (prandom_u32_state(&rnd) & 1)
			fixture_store(t->vm, NULL, BASE + offset, width, prandom_u32_state(&rnd));
		else
			fixture_load(t->vm, NULL, BASE + offset, width);
		if (!(i % 64))
			host_write(t, "hello", 5);
		if (!(i % 128))
			host_read(t, buf, sizeof(buf));
	}
	t->dev->type->ops->save(t->dev, &saved);
	KUNIT_EXPECT_EQ(test, t->dev->type->ops->restore(t->dev, &saved), 0);
	while (host_read(t, buf, sizeof(buf)) > 0)
		;
	t->dev->type->ops->reset(t->dev);
	while (!(rd(t, UART01x_FR) & UART01x_FR_RXFE))
		rd(t, UART01x_DR);
	send(t, "well");
	expect_printed(t, "well");
	type(t, "x");
	KUNIT_EXPECT_EQ(test, rd(t, UART01x_DR), 'x');
}

static struct kunit_case pl011_cases[] = {
	KUNIT_CASE(pl011_power_on),
	KUNIT_CASE(pl011_registers),
	KUNIT_CASE(pl011_widths),
	KUNIT_CASE(pl011_transmit),
	KUNIT_CASE(pl011_busy),
	KUNIT_CASE(pl011_off),
	KUNIT_CASE(pl011_receive),
	KUNIT_CASE(pl011_receive_cleared),
	KUNIT_CASE(pl011_levels),
	KUNIT_CASE(pl011_without_fifo),
	KUNIT_CASE(pl011_break),
	KUNIT_CASE(pl011_loopback),
	KUNIT_CASE(pl011_modem),
	KUNIT_CASE(pl011_reset_test),
	KUNIT_CASE(pl011_save_restore),
	KUNIT_CASE(pl011_restore_refused),
	KUNIT_CASE(pl011_config),
	KUNIT_CASE(pl011_hostile),
	{}
};

static struct kunit_suite pl011_suite = {
	.name = "axvm-pl011",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = pl011_cases,
};

kunit_test_suite(pl011_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the PL011 UART");
