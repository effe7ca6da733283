/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's console on the launcher's stdin and stdout.
 */
#ifndef AXVM_TOOL_CONSOLE_H
#define AXVM_TOOL_CONSOLE_H

#include "vm.h"

/**
 * struct console - what is between terminal and guest
 * @raw: stdin is a terminal in raw mode: the escape key works
 * @escaped: the escape key was pressed, its second key follows
 * @input_open: there may come more on stdin
 * @ended: the escape key asked for the end
 * @output_lost: stdout can't be written any more
 * @stopping: the VM has been told to stop
 * @in_line: the last byte of output was no newline
 * @used: bytes in @input
 * @input: from stdin, not yet taken by the guest
 */
struct console {
	bool raw;
	bool escaped;
	bool input_open;
	bool ended;
	bool output_lost;
	bool stopping;
	bool in_line;
	size_t used;
	u8 input[4096];
};

void console_open(struct console *console);
void console_run(struct console *console, struct vm *vm);
void console_close(struct console *console);

#endif /* AXVM_TOOL_CONSOLE_H */
