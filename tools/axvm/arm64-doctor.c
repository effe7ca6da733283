// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm doctor` on arm64: what the kernel's command line and KVM's presence say. Whether
 * the kernel was entered at EL2 is not in any file: the module knows.
 */
#include <unistd.h>

#include "arch.h"
#include "doctor.h"

#define CMDLINE		"/proc/cmdline"

static const struct {
	const char *option;
	enum finding finding;
	const char *what;
	const char *todo;
} modes[] = {
	{ "kvm-arm.mode=none", FOUND_OK, "KVM leaves EL2 alone (kvm-arm.mode=none)", NULL },
	{ "kvm-arm.mode=protected", FOUND_PROBLEM, "KVM keeps EL2 for itself (protected mode)",
	  "boot the kernel without kvm-arm.mode=protected" },
	{ "kvm-arm.mode=nvhe", FOUND_NOTE, "KVM was told to use EL2 alone (kvm-arm.mode=nvhe)",
	  "if guests can't run: boot the kernel with kvm-arm.mode=none" },
};

int arch_doctor_cpu(void)
{
	int problems = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!doctor_word_in_file(CMDLINE, "", modes[i].option))
			continue;
		doctor_say(modes[i].finding, modes[i].todo, "EL2: %s", modes[i].what);
		problems += modes[i].finding == FOUND_PROBLEM;
	}
	if (!access("/dev/kvm", F_OK))
		doctor_say(FOUND_OK, NULL,
			   "EL2: KVM is there; with VHE it and axvm share the CPU");
	return problems;
}
