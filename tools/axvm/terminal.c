// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal's mode and the signals that end the launcher.
 *
 * The first signal that asks for the end is noted and told by an eventfd, so that
 * the VM is stopped in order; the second ends the process at once. Both, and
 * crashes, leave the terminal as it was found. Handlers use nothing but
 * async-signal-safe functions.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static struct termios saved;
static atomic_int is_raw;
static atomic_int ended_by;
static int event_fd = -1;

static bool set_raw(void)
{
	struct termios raw = saved;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw))
		return false;
	is_raw = 1;
	return true;
}

/**
 * terminal_restore() - put the terminal back; harmless if it is not raw
 */
void terminal_restore(void)
{
	if (!is_raw)
		return;
	is_raw = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	messages_need_cr(false);
}

/**
 * terminal_raw() - make the terminal raw if stdin is one and it is ours
 *
 * Return: whether it is raw now.
 */
bool terminal_raw(void)
{
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved))
		return false;
	/* In the background, the first touch of the terminal would stop us */
	if (tcgetpgrp(STDIN_FILENO) != getpgrp())
		return false;
	if (!set_raw())
		return false;
	atexit(terminal_restore);
	messages_need_cr(true);
	return true;
}

static void on_end(int signo)
{
	int error = errno;
	u64 one = 1;
	ssize_t n;

	if (ended_by) {
		terminal_restore();
		_exit(STATUS_SIGNAL + signo);
	}
	ended_by = signo;
	n = write(event_fd, &one, sizeof(one));
	(void)n;
	errno = error;
}

static void on_crash(int signo)
{
	terminal_restore();
	raise(signo);	/* SA_RESETHAND: the default action now */
}

static void on_suspend(int signo)
{
	bool was_raw = is_raw;
	int error = errno;

	(void)signo;
	terminal_restore();
	raise(SIGSTOP);
	if (was_raw && set_raw())
		messages_need_cr(true);
	errno = error;
}

static void handle(const int *signals, size_t count, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	size_t i;

	sigfillset(&action.sa_mask);
	for (i = 0; i < count; i++)
		sigaction(signals[i], &action, NULL);
}

/**
 * signals_init() - from now on, signals end a VM in order
 *
 * Return: 0, or -1 with a message.
 */
int signals_init(void)
{
	static const int end[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	static const int suspend[] = { SIGTSTP };
#ifndef __SANITIZE_ADDRESS__
	static const int crash[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };

	handle(crash, ARRAY_SIZE(crash), on_crash, SA_RESETHAND | SA_NODEFER);
#else
	(void)on_crash;
#endif
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return fail_errno(errno, "cannot prepare for signals");
	/* No SA_RESTART: a write to a stuck pipe returns to see that the end is wanted */
	handle(end, ARRAY_SIZE(end), on_end, 0);
	handle(suspend, ARRAY_SIZE(suspend), on_suspend, SA_RESTART);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/**
 * signals_fd() - a descriptor that becomes readable when a signal asks for the end
 *
 * Return: the descriptor.
 */
int signals_fd(void)
{
	return event_fd;
}

/**
 * signals_ended_by() - the signal that asked for the end
 *
 * Return: its number, or 0.
 */
int signals_ended_by(void)
{
	return ended_by;
}
