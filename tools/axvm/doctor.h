/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the checks of `axvm doctor` share.
 */
#ifndef AXVM_TOOL_DOCTOR_H
#define AXVM_TOOL_DOCTOR_H

#include "util.h"

enum finding {
	FOUND_OK,
	FOUND_NOTE,
	FOUND_PROBLEM,
};

void __printf(3, 4) doctor_say(enum finding finding, const char *todo, const char *fmt, ...);
bool doctor_word_in_file(const char *path, const char *key, const char *word);

#endif /* AXVM_TOOL_DOCTOR_H */
