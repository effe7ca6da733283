// SPDX-License-Identifier: GPL-2.0
/* devices/uart16550.c against the PC16550D datasheet, from the guest's side. */
#include <linux/prandom.h>

#include "uart.h"

/* The saved state: its layout is part of what userspace may keep */
struct uart_saved {
	u8 ier, fcr, lcr, mcr, lsr, msr, scr, dll, dlm;
	u8 thre, timeout, rx_first, rx_count, tx_count;
	u8 tx[FIFO];
	u8 reserved[2];
	u16 rx[FIFO];
	u64 timeout_ns;
};

/* --- registers ------------------------------------------------------------------------ */

static void uart_power_on(struct kunit *test)
{
	struct uart_test *t = uart(test);

	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_IER), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
	KUNIT_EXPECT_EQ(test, in(t, UART_LCR), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_MCR), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR), MSR_PEER);
	KUNIT_EXPECT_EQ(test, in(t, UART_SCR), 0);
	KUNIT_EXPECT_FALSE(test, line(t));
}

static void uart_registers(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int value;

	for (value = 0; value <= 0xff; value++) {
		out(t, UART_SCR, value);
		KUNIT_EXPECT_EQ(test, in(t, UART_SCR), value);
		out(t, UART_LCR, value);
		KUNIT_EXPECT_EQ(test, in(t, UART_LCR), value);
		out(t, UART_LCR, 0);
		out(t, UART_IER, value);
		KUNIT_EXPECT_EQ(test, in(t, UART_IER), value & 0x0f);
		out(t, UART_MCR, value);
		KUNIT_EXPECT_EQ(test, in(t, UART_MCR), value & 0x1f);
	}
	out(t, UART_IER, 0);
	out(t, UART_MCR, 0);
	in(t, UART_MSR);
	/* Writes to LSR and MSR have no effect. */
	out(t, UART_LSR, 0xff);
	out(t, UART_MSR, 0xff);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR), MSR_PEER);
	expect_printed(t, "");
}

static void uart_dlab(struct kunit *test)
{
	struct uart_test *t = uart(test);

	out(t, UART_IER, 0x05);
	out(t, UART_LCR, UART_LCR_DLAB);
	out(t, UART_DLL, 0xab);
	out(t, UART_DLM, 0xcd);
	KUNIT_EXPECT_EQ(test, in(t, UART_DLL), 0xab);
	KUNIT_EXPECT_EQ(test, in(t, UART_DLM), 0xcd);
	out(t, UART_LCR, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_IER), 0x05);
	expect_printed(t, "");
	/* A character waits while the divisor is read. */
	type(t, "x");
	out(t, UART_LCR, UART_LCR_DLAB);
	KUNIT_EXPECT_EQ(test, in(t, UART_DLL), 0xab);
	/* The other registers are where they were. */
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
	out(t, UART_LCR, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'x');
}

static void uart_fifo_detection(struct kunit *test)
{
	struct uart_test *t = uart(test);

	/* Other bits are programmed only together with the enable bit. */
	out(t, UART_FCR, 0xc8);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
	out(t, UART_FCR, FCR_ON);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	/* No 64-byte FIFO */
	out(t, UART_LCR, UART_LCR_DLAB);
	out(t, UART_FCR, FCR_ON | UART_FCR7_64BYTE);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	out(t, UART_FCR, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
}

/* Wide accesses are byte accesses one after another */
static void uart_widths(struct kunit *test)
{
	struct uart_test *t = uart(test);
	u64 value;

	fixture_out(t->vm, COM1 + UART_LCR, 2, 0x0b03);
	KUNIT_EXPECT_EQ(test, in(t, UART_LCR), 0x03);
	KUNIT_EXPECT_EQ(test, in(t, UART_MCR), 0x0b);
	KUNIT_EXPECT_EQ(test, fixture_in(t->vm, COM1 + UART_LCR, 4),
			MSR_PEER << 24 | LSR_IDLE << 16 | 0x0b03);
	fixture_out(t->vm, COM1, 4, 0x0001055a);
	KUNIT_EXPECT_EQ(test, in(t, UART_IER), 0x05);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	expect_printed(t, "Z");
	/* Across either end: not ours */
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(t->vm, NULL, COM1 + 6, 4, &value),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(t->vm, NULL, COM1 - 1, 2, &value),
			AXVM_UNCLAIMED);
}

/* --- transmitter ----------------------------------------------------------------------- */

static void uart_transmit(struct kunit *test)
{
	struct uart_test *t = uart_unopened(test);

	/* What was sent before somebody listened is not lost. */
	print(t, "early ");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	t->file = open_host(t, true);
	print(t, "late");
	expect_printed(t, "early late");
	expect_printed(t, "");
	out(t, UART_FCR, FCR_ON);
	print(t, "with FIFO");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	expect_printed(t, "with FIFO");
	/* Eight bits, whatever the word length is said to be */
	out(t, UART_LCR, UART_LCR_WLEN5);
	out(t, UART_TX, 0xff);
	expect_printed(t, "\xff");
}

static void uart_thre_interrupt(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int rises;

	start(t, FCR_ON, 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* Raised when it is enabled while THR is empty, */
	out(t, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_TRUE(test, line(t));
	/* not cleared by reading other registers, */
	in(t, UART_LSR);
	in(t, UART_MSR);
	in(t, UART_RX);
	KUNIT_EXPECT_TRUE(test, line(t));
	/* cleared by reading IIR, */
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_THRI);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	/* not raised by writing the same again, */
	out(t, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* raised when a character has left. */
	out(t, UART_TX, 'a');
	KUNIT_EXPECT_TRUE(test, line(t));
	/* Each write of THR ends it until that character has left: an edge each. */
	rises = t->chip->rises[IRQ];
	print(t, "bcd");
	KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], rises + 3);
	/* Disabled and enabled: raised again */
	in(t, UART_IIR);
	out(t, UART_IER, 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_THRI);
	expect_printed(t, "abcd");
}

/* A guest that polls makes no edges. */
static void uart_polled(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, FCR_ON, 0);
	print(t, "polled");
	KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], 0);
	expect_printed(t, "polled");
}

/* OUT2 opens the gate to the interrupt controller, loopback closes it. */
static void uart_gate(struct kunit *test)
{
	struct uart_test *t = uart(test);

	out(t, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_MCR, 0x1f & ~UART_MCR_OUT2 & ~UART_MCR_LOOP);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_MCR, UART_MCR_OUT2);
	KUNIT_EXPECT_TRUE(test, line(t));
	out(t, UART_MCR, UART_MCR_OUT2 | UART_MCR_LOOP);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_MCR, UART_MCR_OUT2);
	KUNIT_EXPECT_TRUE(test, line(t));
	out(t, UART_MCR, 0);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* The interrupt itself was there all the time. */
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_THRI);
}

/* --- receiver -------------------------------------------------------------------------- */

static void uart_receive_16450(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int i;

	start(t, 0, UART_IER_RDI);
	type(t, "0123456789");
	for (i = 0; i < 10; i++) {
		/* One interrupt each, with an edge */
		KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], i + 1);
		KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_RDI);
		KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
		KUNIT_EXPECT_EQ(test, in(t, UART_RX), '0' + i);
	}
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
}

static void uart_trigger_levels(struct kunit *test)
{
	static const struct {
		u8 fcr;
		unsigned int level;
	} triggers[] = {
		{ UART_FCR_TRIGGER_1, 1 },
		{ UART_FCR_TRIGGER_4, 4 },
		{ UART_FCR_TRIGGER_8, 8 },
		{ UART_FCR_TRIGGER_14, 14 },
	};
	struct uart_test *t = uart(test);
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(triggers); i++) {
		start(t, FCR_ON | triggers[i].fcr, UART_IER_RDI);
		for (n = 0; n < triggers[i].level; n++) {
			KUNIT_EXPECT_FALSE(test, line(t));
			KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
			type(t, "x");
			KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
		}
		KUNIT_EXPECT_TRUE(test, line(t));
		/* Reading IIR does not end it, */
		KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RDI);
		KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RDI);
		/* falling below the level does. */
		in(t, UART_RX);
		KUNIT_EXPECT_FALSE(test, line(t));
		KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
		while (in(t, UART_LSR) & UART_LSR_DR)
			in(t, UART_RX);
	}
}

/* More than the FIFO holds waits on the host's side: nothing is overrun. */
static void uart_flow(struct kunit *test)
{
	struct uart_test *t = uart(test);
	char text[101];
	unsigned int i;

	for (i = 0; i < 100; i++)
		text[i] = '!' + i % 90;
	text[100] = 0;
	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RDI);
	type(t, text);
	KUNIT_EXPECT_TRUE(test, line(t));
	expect_received(t, text);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* Typed with no FIFO, switched on later */
	start(t, 0, 0);
	type(t, "abcdef");
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'a');
	/* The switch loses what is in the chip: the 'b'. */
	out(t, UART_FCR, FCR_ON);
	expect_received(t, "cdef");
}

static void uart_timeout(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RDI);
	divisor(t, 1);
	type(t, "ab");
	KUNIT_EXPECT_TRUE(test, wait_for_line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RX_TIMEOUT);
	/* Not by reading IIR or LSR: by reading a character, and it begins anew. */
	in(t, UART_LSR);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RX_TIMEOUT);
	divisor(t, 0xffff);
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'a');
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
	/* Four characters at 1.76 baud are 22 seconds. */
	msleep(30);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* A faster line: the next character does not wait for the timer that runs. */
	divisor(t, 1);
	type(t, "c");
	KUNIT_EXPECT_TRUE(test, wait_for_line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'b');
	KUNIT_EXPECT_TRUE(test, wait_for_line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'c');
	/* Nothing left, no timeout */
	msleep(30);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
}

/* No timeout is shorter than it may be, whatever the divisor; nor without FIFO, nor disabled */
static void uart_timeout_limits(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int rises;

	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RDI);
	divisor(t, 0);
	type(t, "a");
	KUNIT_EXPECT_TRUE(test, wait_for_line(t));
	/* It fires once. */
	rises = t->chip->rises[IRQ];
	msleep(30);
	KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], rises);
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_14);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);

	/* Cleared before it was due */
	divisor(t, 200);
	type(t, "a");
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_14);
	msleep(150);
	KUNIT_EXPECT_FALSE(test, line(t));

	/* The next character puts it off, here for 22 seconds. */
	type(t, "a");
	divisor(t, 0xffff);
	type(t, "b");
	msleep(150);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_14);

	divisor(t, 1);
	out(t, UART_IER, 0);
	type(t, "a");
	msleep(30);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* It is pending all the same. */
	out(t, UART_IER, UART_IER_RDI);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RX_TIMEOUT);

	out(t, UART_FCR, 0);
	type(t, "a");
	msleep(30);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_RDI);
}

static void uart_break(struct kunit *test)
{
	struct uart_test *t = uart(test);
	const u8 broken = UART_LSR_BI | UART_LSR_FE;

	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RLSI);
	type(t, "a");
	KUNIT_EXPECT_EQ(test, send_break(t), 0);
	type(t, "b");
	/* Known to be somewhere in the FIFO, shown when it is next */
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_FIFOE);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_FIFOE);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'a');
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RLSI);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_FIFOE | broken);
	/* Reading LSR ends it. */
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 'b');

	/* At the top at once; without FIFO there is no FIFO error. */
	start(t, 0, UART_IER_RLSI);
	KUNIT_EXPECT_EQ(test, send_break(t), 0);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | broken);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_RX), 0);
	/* Other terminal calls do not exist, tcdrain(3) among them. */
	KUNIT_EXPECT_EQ(test, t->file->f_op->unlocked_ioctl(t->file, TCGETS, 0), -ENOTTY);
	KUNIT_EXPECT_EQ(test, t->file->f_op->unlocked_ioctl(t->file, TCSBRK, 1), -ENOTTY);
	KUNIT_EXPECT_EQ(test, t->file->f_op->unlocked_ioctl(t->file, TCSBRKP, 5), 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | broken);
}

/* FCR clears what it says; a change of mode clears both. */
static void uart_fifo_control(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, FCR_ON | UART_FCR_TRIGGER_4, UART_IER_RDI);
	type(t, "abcd");
	KUNIT_EXPECT_TRUE(test, line(t));
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_XMIT | UART_FCR_TRIGGER_4);
	KUNIT_EXPECT_TRUE(test, line(t));
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_4);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	/* The bits clear themselves. */
	type(t, "abcd");
	expect_received(t, "abcd");
	/* Without the enable bit it is the change of mode that clears. */
	type(t, "abcd");
	out(t, UART_FCR, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	type(t, "e");
	out(t, UART_FCR, UART_FCR_CLEAR_RCVR);
	expect_received(t, "e");
	type(t, "f");
	out(t, UART_FCR, FCR_ON);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	/* The break that is cleared is not reported. */
	KUNIT_EXPECT_EQ(test, send_break(t), 0);
	out(t, UART_FCR, FCR_ON | UART_FCR_CLEAR_RCVR);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
}

/* --- loopback, modem, priorities --------------------------------------------------------- */

static void uart_loopback(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int i;

	start(t, FCR_ON | UART_FCR_TRIGGER_8, UART_IER_RDI);
	out(t, UART_MCR, UART_MCR_LOOP);
	/* What the host sends waits outside, what the guest sends does not get there. */
	type(t, "host");
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE);
	for (i = 0; i < FIFO; i++)
		out(t, UART_TX, 'A' + i);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RDI);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR);
	/* One too many: it is lost, and the FIFO keeps what it has. */
	out(t, UART_TX, '!');
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
	expect_received(t, "ABCDEFGHIJKLMNOP");
	expect_printed(t, "");
	/* The character timeout works here too. */
	divisor(t, 1);
	out(t, UART_TX, 'Q');
	msleep(30);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RX_TIMEOUT);
	expect_received(t, "Q");
	/* And no interrupt on the line all the time */
	KUNIT_EXPECT_EQ(test, t->chip->rises[IRQ], 0);
	out(t, UART_MCR, MCR_ON);
	expect_received(t, "host");
}

static void uart_overrun_16450(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, 0, UART_IER_RLSI);
	out(t, UART_MCR, UART_MCR_LOOP);
	print(t, "ab");
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_RLSI);
	KUNIT_EXPECT_EQ(test, in(t, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
	/* The new one has replaced the old one. */
	expect_received(t, "b");
}

static void uart_modem(struct kunit *test)
{
	static const struct {
		u8 mcr, msr;
	} loop[] = {
		{ UART_MCR_RTS, UART_MSR_CTS },
		{ UART_MCR_DTR, UART_MSR_DSR },
		{ UART_MCR_OUT1, UART_MSR_RI },
		{ UART_MCR_OUT2, UART_MSR_DCD },
	};
	struct uart_test *t = uart(test);
	unsigned int i;

	/* The peer's lines fall: three of them change. */
	out(t, UART_MCR, UART_MCR_LOOP);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR), UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR), 0);
	for (i = 0; i < ARRAY_SIZE(loop); i++) {
		u8 delta = loop[i].msr >> 4;

		out(t, UART_MCR, UART_MCR_LOOP | loop[i].mcr);
		/* RI tells only of its end. */
		KUNIT_EXPECT_EQ(test, in(t, UART_MSR),
				loop[i].msr | (loop[i].msr == UART_MSR_RI ? 0 : delta));
		out(t, UART_MCR, UART_MCR_LOOP);
		KUNIT_EXPECT_EQ(test, in(t, UART_MSR), delta);
	}
	/* What Linux' probe does */
	out(t, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR) & 0xf0, UART_MSR_DCD | UART_MSR_CTS);
	/* Changes add up until they are read. */
	out(t, UART_MCR, UART_MCR_LOOP);
	out(t, UART_MCR, UART_MCR_LOOP | UART_MCR_DTR);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR),
			UART_MSR_DSR | UART_MSR_DDSR | UART_MSR_DCTS | UART_MSR_DDCD);
	out(t, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR) & 0xf0, MSR_PEER);
	/* Without loopback the outputs do not come back. */
	out(t, UART_MCR, 0x0f);
	KUNIT_EXPECT_EQ(test, in(t, UART_MSR), MSR_PEER);
}

static void uart_modem_interrupt(struct kunit *test)
{
	struct uart_test *t = uart(test);

	start(t, 0, UART_IER_MSI);
	out(t, UART_MCR, UART_MCR_LOOP);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_MSI);
	KUNIT_EXPECT_FALSE(test, line(t));
	out(t, UART_MCR, UART_MCR_OUT2);
	KUNIT_EXPECT_TRUE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_MSI);
	in(t, UART_MSR);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), UART_IIR_NO_INT);
}

/* All four at once: each is shown when those above it are served. */
static void uart_priorities(struct kunit *test)
{
	struct uart_test *t = uart(test);
	unsigned int falls;

	start(t, FCR_ON, 0x0f);
	/* Modem status from two changes of mode, an overrun from in between */
	out(t, UART_MCR, UART_MCR_LOOP);
	print(t, "0123456789abcdef!");
	out(t, UART_MCR, MCR_ON);
	KUNIT_EXPECT_TRUE(test, line(t));
	falls = t->chip->falls[IRQ];
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RLSI);
	KUNIT_EXPECT_TRUE(test, in(t, UART_LSR) & UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_RDI);
	expect_received(t, "0123456789abcdef");
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_THRI);
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_MSI);
	/* The line was never down in between. */
	KUNIT_EXPECT_EQ(test, t->chip->falls[IRQ], falls);
	KUNIT_EXPECT_TRUE(test, line(t));
	in(t, UART_MSR);
	KUNIT_EXPECT_FALSE(test, line(t));
	KUNIT_EXPECT_EQ(test, in(t, UART_IIR), IIR_FIFO | UART_IIR_NO_INT);
}

/* --- state ------------------------------------------------------------------------------- */

static struct uart_saved save(struct uart_test *t)
{
	struct uart_saved state;

	KUNIT_ASSERT_EQ(t->test, t->dev->type->state_size, sizeof(state));
	t->dev->type->ops->save(t->dev, &state);
	return state;
}

static int restore(struct uart_test *t, const struct uart_saved *state)
{
	return t->dev->type->ops->restore(t->dev, state);
}

static void uart_reset(struct kunit *test)
{
	struct uart_test *t = uart(test);
	struct uart_saved first = save(t), now;

	start(t, FCR_ON | UART_FCR_TRIGGER_14, 0x0f);
	divisor(t, 200);
	type(t, "lost");
	KUNIT_EXPECT_EQ(test, send_break(t), 0);
	print(t, "sent");
	out(t, UART_SCR, 0x5a);
	out(t, UART_LCR, 0x1b);
	KUNIT_EXPECT_TRUE(test, line(t));
	t->dev->type->ops->reset(t->dev);
	KUNIT_EXPECT_FALSE(test, line(t));
	now = save(t);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)&now, (u8 *)&first, sizeof(now));
	/* The timeout that ran is cancelled. */
	start(t, FCR_ON | UART_FCR_TRIGGER_14, UART_IER_RDI);
	msleep(150);
	KUNIT_EXPECT_FALSE(test, line(t));
	/* What had left the chip before is still on its way. */
	expect_printed(t, "sent");
}

static void uart_save_restore(struct kunit *test)
{
	struct uart_test *t = uart(test), *u;
	struct uart_saved saved, now;

	start(t, FCR_ON | UART_FCR_TRIGGER_4, 0x0f);
	out(t, UART_SCR, 0xc3);
	/* A ring that wraps, with a break in it and the timeout running */
	type(t, "0123456789ab");
	while (in(t, UART_LSR) & UART_LSR_DR)
		in(t, UART_RX);
	type(t, "abcdef");
	send_break(t);
	saved = save(t);
	KUNIT_EXPECT_EQ(test, saved.rx_count, 7);
	KUNIT_EXPECT_EQ(test, saved.tx_count, 0);
	KUNIT_EXPECT_GT(test, saved.timeout_ns, 10 * NSEC_PER_SEC);
	KUNIT_EXPECT_LT(test, saved.timeout_ns, 30 * NSEC_PER_SEC);

	/* As if nobody had read there */
	memcpy(saved.tx, "held", 4);
	saved.tx_count = 4;
	saved.thre = 0;
	u = uart(test);
	KUNIT_ASSERT_EQ(test, restore(u, &saved), 0);
	KUNIT_EXPECT_TRUE(test, line(u));
	KUNIT_EXPECT_EQ(test, in(u, UART_IIR), IIR_FIFO | UART_IIR_RDI);
	KUNIT_EXPECT_EQ(test, in(u, UART_SCR), 0xc3);
	KUNIT_EXPECT_EQ(test, in(u, UART_IER), 0x0f);
	/* Here the host has room: what was held goes out. */
	KUNIT_EXPECT_EQ(test, in(u, UART_LSR), LSR_IDLE | UART_LSR_DR | UART_LSR_FIFOE);
	expect_printed(u, "held");
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'a');
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'b');
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'c');
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'd');
	KUNIT_EXPECT_EQ(test, in(u, UART_IIR), IIR_FIFO | UART_IIR_THRI);
	KUNIT_EXPECT_FALSE(test, line(u));
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'e');
	KUNIT_EXPECT_EQ(test, in(u, UART_RX), 'f');
	KUNIT_EXPECT_TRUE(test, in(u, UART_LSR) & UART_LSR_BI);

	/* The timeout goes on where it was: here, shortly before its end. */
	saved.rx_count = 1;
	saved.ier = UART_IER_RDI;
	saved.timeout_ns = 5 * NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, restore(u, &saved), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_line(u));
	KUNIT_EXPECT_EQ(test, in(u, UART_IIR), IIR_FIFO | UART_IIR_RX_TIMEOUT);
	now = save(u);
	KUNIT_EXPECT_EQ(test, now.timeout, 1);
	KUNIT_EXPECT_EQ(test, now.timeout_ns, 0);
}

/* One byte of a good state is made bad. */
static void uart_restore_refuses(struct kunit *test)
{
	static const struct {
		size_t at;
		u8 value;
	} bad[] = {
		{ offsetof(struct uart_saved, ier), 0x10 },
		{ offsetof(struct uart_saved, fcr), 0x03 },
		{ offsetof(struct uart_saved, fcr), 0x80 },
		{ offsetof(struct uart_saved, mcr), 0x20 },
		{ offsetof(struct uart_saved, lsr), UART_LSR_DR },
		{ offsetof(struct uart_saved, lsr), UART_LSR_THRE },
		{ offsetof(struct uart_saved, lsr), UART_LSR_FIFOE },
		{ offsetof(struct uart_saved, thre), 2 },
		{ offsetof(struct uart_saved, timeout), 2 },
		{ offsetof(struct uart_saved, rx_first), 16 },
		{ offsetof(struct uart_saved, rx_first), 0xff },
		{ offsetof(struct uart_saved, rx_count), 0 },
		{ offsetof(struct uart_saved, rx_count), 17 },
		{ offsetof(struct uart_saved, tx_count), 17 },
		{ offsetof(struct uart_saved, reserved), 1 },
		{ offsetof(struct uart_saved, reserved) + 1, 1 },
		{ offsetof(struct uart_saved, rx) + 1, UART_LSR_OE },
		{ offsetof(struct uart_saved, rx) + 2 * FIFO - 1, 0x80 },
		{ offsetof(struct uart_saved, timeout_ns) + 7, 0x80 },
	};
	struct uart_test *t = uart(test);
	struct uart_saved good, wrong, now;
	unsigned int i;

	start(t, FCR_ON | UART_FCR_TRIGGER_14, 0x0f);
	type(t, "abc");
	good = save(t);
	KUNIT_EXPECT_EQ(test, restore(t, &good), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		wrong = good;
		((u8 *)&wrong)[bad[i].at] = bad[i].value;
		KUNIT_EXPECT_EQ_MSG(test, restore(t, &wrong), -EINVAL, "byte %zu", bad[i].at);
	}
	/* Only FIFO mode has a depth of 16 and a timeout. */
	wrong = (struct uart_saved){ .rx_count = 2 };
	KUNIT_EXPECT_EQ(test, restore(t, &wrong), -EINVAL);
	wrong = (struct uart_saved){ .tx_count = 2 };
	KUNIT_EXPECT_EQ(test, restore(t, &wrong), -EINVAL);
	wrong = (struct uart_saved){ .rx_count = 1, .timeout = 1 };
	KUNIT_EXPECT_EQ(test, restore(t, &wrong), -EINVAL);
	wrong = (struct uart_saved){ .rx_count = 1, .timeout_ns = 1 };
	KUNIT_EXPECT_EQ(test, restore(t, &wrong), -EINVAL);

	now = save(t);
	now.timeout_ns = good.timeout_ns;
	KUNIT_EXPECT_MEMEQ(test, (u8 *)&now, (u8 *)&good, sizeof(now));
	expect_received(t, "abc");
}

/* Whatever the guest does: the state is one that can be restored, and the UART works. */
static void uart_hostile(struct kunit *test)
{
	struct uart_test *t = uart(test);
	static const u8 widths[] = { 1, 1, 2, 4 };
	struct rnd_state rnd;
	struct uart_saved now;
	unsigned int i;
	char buf[32];

	prandom_seed_state(&rnd, 16550);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);
		u16 port = COM1 + (r & 7);
		unsigned int width = widths[r >> 3 & 3];

		if (r & 0x20)
			fixture_out(t->vm, port, width, prandom_u32_state(&rnd));
		else
			fixture_in(t->vm, port, width);
		if (!(r & 0xf00))
			host_write(t, "0123456789abcdef01234567", r >> 12 & 0x1f);
		if (!(r & 0xf000))
			host_read(t, buf, r >> 16 & 0x1f);
		if (!(r & 0xf0000))
			send_break(t);
		if (i % 16)
			continue;
		now = save(t);
		KUNIT_ASSERT_EQ(test, restore(t, &now), 0);
	}
	t->dev->type->ops->reset(t->dev);
	start(t, FCR_ON, 0);
	while (host_read(t, buf, sizeof(buf)) > 0)
		;
	print(t, "alive");
	expect_printed(t, "alive");
}

static void uart_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_CONSOLE, .length = 7 };
	struct axvm_vm *vm = fixture_vm(test, 0);

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.length = 8;
	config.nr_cfg = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.nr_cfg = 0;
	config.irq = AXVM_MAX_IRQS;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.irq = 3;
	config.base = 0xfff9;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config.base = 0x2f8;
	KUNIT_EXPECT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	config.base = 0;
	KUNIT_EXPECT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EEXIST);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, 0x2f8 + UART_LSR, 1), LSR_IDLE);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, 0x3f8 + UART_LSR, 1), LSR_IDLE);
}

static struct kunit_case uart16550_cases[] = {
	KUNIT_CASE(uart_power_on),
	KUNIT_CASE(uart_registers),
	KUNIT_CASE(uart_dlab),
	KUNIT_CASE(uart_fifo_detection),
	KUNIT_CASE(uart_widths),
	KUNIT_CASE(uart_transmit),
	KUNIT_CASE(uart_thre_interrupt),
	KUNIT_CASE(uart_polled),
	KUNIT_CASE(uart_gate),
	KUNIT_CASE(uart_receive_16450),
	KUNIT_CASE(uart_trigger_levels),
	KUNIT_CASE(uart_flow),
	KUNIT_CASE(uart_timeout),
	KUNIT_CASE(uart_timeout_limits),
	KUNIT_CASE(uart_break),
	KUNIT_CASE(uart_fifo_control),
	KUNIT_CASE(uart_loopback),
	KUNIT_CASE(uart_overrun_16450),
	KUNIT_CASE(uart_modem),
	KUNIT_CASE(uart_modem_interrupt),
	KUNIT_CASE(uart_priorities),
	KUNIT_CASE(uart_reset),
	KUNIT_CASE(uart_save_restore),
	KUNIT_CASE(uart_restore_refuses),
	KUNIT_CASE(uart_hostile),
	KUNIT_CASE(uart_config),
	{}
};

static struct kunit_suite uart16550_suite = {
	.name = "axvm-uart16550",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = uart16550_cases,
};

kunit_test_suite(uart16550_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the 16550A UART");
