// SPDX-License-Identifier: GPL-2.0
/*
 * `axvm doctor` on x86: what /proc/cpuinfo says about VMX, and what the module uses of it for
 * local APICs. The kernel takes the flag away if the firmware has locked VMX off.
 */
#include "arch.h"
#include "doctor.h"

#define CPUINFO		"/proc/cpuinfo"
#define APICV		"/sys/module/axvm/parameters/apicv"

static bool has_flag(const char *flag)
{
	return doctor_word_in_file(CPUINFO, "flags", flag);
}

static int no_vmx(void)
{
	if (has_flag("svm"))
		doctor_say(FOUND_PROBLEM, "use a machine with an Intel CPU",
			   "CPU: AMD SVM; axvm has no support for it yet");
	else if (has_flag("hypervisor"))
		doctor_say(FOUND_PROBLEM,
			   "switch nested virtualization on for this machine in its hypervisor",
			   "CPU: no VMX; this is itself a virtual machine");
	else
		doctor_say(FOUND_PROBLEM,
			   "switch \"Intel Virtualization Technology\" on in the firmware's set-up",
			   "CPU: no VMX; the CPU lacks it or the firmware has it locked off");
	return 1;
}

/* The module's parameter is the level in use, once it is loaded. */
static void say_apicv(void)
{
	static const struct {
		const char *level, *what;
	} levels[] = {
		{ "0", "emulated; each access exits" },
		{ "1", "TPR shadow" },
		{ "2", "register virtualisation, virtual-interrupt delivery" },
		{ "3", "virtual-interrupt delivery, posted interrupts" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (doctor_word_in_file(APICV, "", levels[i].level))
			doctor_say(FOUND_OK, NULL, "local APIC: %s", levels[i].what);
}

int arch_doctor_cpu(void)
{
	static const char *const needed[] = { "ept", "unrestricted_guest" };
	int problems = 0;
	size_t i;

	if (!has_flag("vmx"))
		return no_vmx();
	doctor_say(FOUND_OK, NULL, "CPU: Intel VMX");
	say_apicv();
	/* Kernels before 5.6 have no such line; then the module knows */
	if (!doctor_word_in_file(CPUINFO, "vmx flags", "vmx"))
		return 0;
	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (doctor_word_in_file(CPUINFO, "vmx flags", needed[i]))
			continue;
		doctor_say(FOUND_PROBLEM, "use a newer CPU (Westmere, 2010, or later)",
			   "CPU: its VMX lacks %s", needed[i]);
		problems++;
	}
	return problems;
}
