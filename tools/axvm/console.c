// SPDX-License-Identifier: GPL-2.0
/*
 * The console: moves bytes between stdin, stdout and the console device until the
 * VM's last vCPU thread has ended. Input waits here until the guest takes it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "terminal.h"

#define ESCAPE_KEY	0x01	/* Ctrl-A */

enum {
	POLL_DONE,
	POLL_SIGNAL,
	POLL_GUEST,
	POLL_STDIN,
	NR_POLL
};

/**
 * console_open() - begin with the terminal
 * @console: filled in
 */
void console_open(struct console *console)
{
	memset(console, 0, sizeof(*console));
	console->input_open = true;
	console->raw = terminal_raw();
	if (console->raw)
		note("Ctrl-A x ends the VM, Ctrl-A h shows more keys");
	else if (isatty(STDIN_FILENO))
		console->input_open = false;	/* in the background: not ours to read */
}

/**
 * console_close() - leave the terminal as it was
 * @console: the console
 */
void console_close(struct console *console)
{
	ssize_t n = 0;

	terminal_restore();
	/* What follows on this terminal begins a line of its own */
	if (console->raw && console->in_line)
		n = write(STDERR_FILENO, "\n", 1);
	(void)n;
	console->raw = false;
}

static void end_vm(struct console *console, struct vm *vm)
{
	console->stopping = true;
	vcpus_stop(vm);
}

static void write_stdout(struct console *console, struct vm *vm, const u8 *bytes, size_t count)
{
	struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	while (count && !console->output_lost) {
		n = write(STDOUT_FILENO, bytes, count);
		if (n >= 0) {
			bytes += n;
			count -= n;
		} else if (errno == EAGAIN) {
			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			fail_errno(errno, "standard output");
			console->output_lost = true;
			end_vm(console, vm);
		}
		if (n < 0 && signals_ended_by())
			return;		/* who waits for the end does not wait for a stuck pipe */
	}
}

/* Return: whether the stream is still of use */
static bool take_output(struct console *console, struct vm *vm)
{
	u8 bytes[4096];
	ssize_t n;

	n = read(vm->console_fd, bytes, sizeof(bytes));
	if (n > 0) {
		write_stdout(console, vm, bytes, n);
		console->in_line = bytes[n - 1] != '\n';
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What the guest has written before its end */
static void drain_output(struct console *console, struct vm *vm)
{
	struct pollfd ready = { .fd = vm->console_fd, .events = POLLIN };

	while (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN))
		if (!take_output(console, vm))
			break;
}

static void give_input(struct console *console, struct vm *vm)
{
	ssize_t n;

	n = write(vm->console_fd, console->input, console->used);
	if (n <= 0)
		return;
	console->used -= n;
	memmove(console->input, console->input + n, console->used);
}

static void queue_input(struct console *console, u8 byte)
{
	/* Full: only a terminal comes here then, and there one can type it again */
	if (console->used < sizeof(console->input))
		console->input[console->used++] = byte;
}

static void escape_key(struct console *console, struct vm *vm, u8 key)
{
	switch (key) {
	case 'x':
	case 'X':
		if (console->ended) {
			terminal_restore();
			_exit(STATUS_ENDED);
		}
		console->ended = true;
		end_vm(console, vm);
		break;
	case ESCAPE_KEY:
		queue_input(console, ESCAPE_KEY);
		break;
	case 'h':
	case 'H':
	case '?':
		note("Ctrl-A x       end the VM (twice: at once, without waiting for it)");
		note("Ctrl-A Ctrl-A  send Ctrl-A to the guest");
		note("Ctrl-A h       show this");
		break;
	}
}

static void take_input(struct console *console, struct vm *vm)
{
	size_t room = sizeof(console->input) - console->used, i;
	u8 bytes[sizeof(console->input)];
	ssize_t n;

	n = read(STDIN_FILENO, bytes, console->raw ? sizeof(bytes) : room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		console->input_open = false;
		return;
	}
	for (i = 0; i < (size_t)n; i++) {
		if (console->escaped) {
			console->escaped = false;
			escape_key(console, vm, bytes[i]);
		} else if (console->raw && bytes[i] == ESCAPE_KEY) {
			console->escaped = true;
		} else {
			queue_input(console, bytes[i]);
		}
	}
}

static void set_poll(struct console *console, struct vm *vm, struct pollfd *set)
{
	bool want_input = console->input_open &&
			  (console->raw || console->used < sizeof(console->input));

	memset(set, 0, NR_POLL * sizeof(*set));
	set[POLL_DONE].fd = vm->done_fd;
	set[POLL_DONE].events = POLLIN;
	set[POLL_SIGNAL].fd = console->stopping ? -1 : signals_fd();
	set[POLL_SIGNAL].events = POLLIN;
	set[POLL_GUEST].fd = vm->console_fd;
	set[POLL_GUEST].events = POLLIN | (console->used ? POLLOUT : 0);
	set[POLL_STDIN].fd = want_input ? STDIN_FILENO : -1;
	set[POLL_STDIN].events = POLLIN;
}

/**
 * console_run() - serve the console until all vCPU threads have ended
 * @console: the console
 * @vm: the VM, running
 */
void console_run(struct console *console, struct vm *vm)
{
	struct pollfd set[NR_POLL];
	bool guest_open = true;
	u64 count;
	ssize_t n;

	console->stopping = false;
	while (atomic_load(&vm->nr_running)) {
		set_poll(console, vm, set);
		if (!guest_open)
			set[POLL_GUEST].fd = -1;
		if (poll(set, NR_POLL, -1) < 0 && errno != EINTR)
			break;
		if (signals_ended_by() && !console->stopping)
			end_vm(console, vm);
		if (set[POLL_DONE].revents) {
			n = read(vm->done_fd, &count, sizeof(count));
			(void)n;
		}
		if (set[POLL_STDIN].revents)
			take_input(console, vm);
		if (set[POLL_GUEST].revents & POLLIN)
			guest_open = take_output(console, vm);
		else if (set[POLL_GUEST].revents & (POLLERR | POLLHUP | POLLNVAL))
			guest_open = false;
		if (set[POLL_GUEST].revents & POLLOUT)
			give_input(console, vm);
	}
	if (guest_open && vm->console_fd >= 0)
		drain_output(console, vm);
}
