// SPDX-License-Identifier: GPL-2.0
/* The device types that axvm.ko brings on arm64: what a kernel with a device tree needs to boot. */
#include <linux/kernel.h>

#include "../devices/builtin.h"

struct axvm_device_type *const axvm_builtin_types[] = {
	&axvm_gicv3_type,
	&axvm_pl011_type,
	&axvm_pl031_type,
	&axvm_debug_exit_type,
	&axvm_ivc_channel_type,
};

const unsigned int axvm_nr_builtin_types = ARRAY_SIZE(axvm_builtin_types);
