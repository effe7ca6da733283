/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The launcher's commands: each takes its own arguments and returns the exit
 * status.
 */
#ifndef AXVM_TOOL_COMMANDS_H
#define AXVM_TOOL_COMMANDS_H

#include "config.h"

/* What options_parse() found */
enum options_result {
	OPTIONS_RUN,	/* a VM to run */
	OPTIONS_HELP,	/* help was wanted and printed */
	OPTIONS_BAD,	/* something is wrong and was said */
};

enum options_result options_parse(struct vm_config *config, int argc, char **argv);

int command_run(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_config(int argc, char **argv);
int command_ps(int argc, char **argv);
int command_devices(int argc, char **argv);
int command_ivc(int argc, char **argv);

/* For commands without options of their own: -1 to go on, or the exit status */
int no_options(int argc, char **argv, const char *help);

#endif /* AXVM_TOOL_COMMANDS_H */
