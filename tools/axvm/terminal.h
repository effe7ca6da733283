/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal's mode, and the signals that end the launcher: together, because
 * whatever ends it has to put the terminal back.
 */
#ifndef AXVM_TOOL_TERMINAL_H
#define AXVM_TOOL_TERMINAL_H

#include "util.h"

int signals_init(void);
int signals_fd(void);
int signals_ended_by(void);

bool terminal_raw(void);
void terminal_restore(void);

#endif /* AXVM_TOOL_TERMINAL_H */
