// SPDX-License-Identifier: GPL-2.0
/* The device types that axvm.ko brings on x86: what a PC kernel needs to boot. */
#include <linux/kernel.h>

#include "../devices/builtin.h"

struct axvm_device_type *const axvm_builtin_types[] = {
	&axvm_uart16550_type,
	&axvm_pic8259_type,
	&axvm_pit8254_type,
	&axvm_lapic_type,
	&axvm_ioapic_type,
	&axvm_rtc_cmos_type,
	&axvm_acpi_pm_type,
	&axvm_pc_reset_type,
	&axvm_debug_exit_type,
	&axvm_ivc_channel_type,
};

const unsigned int axvm_nr_builtin_types = ARRAY_SIZE(axvm_builtin_types);
