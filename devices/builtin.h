/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device types that axvm.ko brings: one line a model. The folder of the
 * architecture (x86/devices.c) says which it has; devices/types.c registers them.
 */
#ifndef AXVM_DEVICES_BUILTIN_H
#define AXVM_DEVICES_BUILTIN_H

#include "device.h"

extern struct axvm_device_type axvm_uart16550_type;
extern struct axvm_device_type axvm_pic8259_type;
extern struct axvm_device_type axvm_pit8254_type;
extern struct axvm_device_type axvm_lapic_type;
extern struct axvm_device_type axvm_ioapic_type;
extern struct axvm_device_type axvm_rtc_cmos_type;
extern struct axvm_device_type axvm_acpi_pm_type;
extern struct axvm_device_type axvm_pc_reset_type;
extern struct axvm_device_type axvm_debug_exit_type;
extern struct axvm_device_type axvm_ivc_channel_type;
extern struct axvm_device_type axvm_gicv3_type;
extern struct axvm_device_type axvm_pl011_type;
extern struct axvm_device_type axvm_pl031_type;

extern struct axvm_device_type *const axvm_builtin_types[];
extern const unsigned int axvm_nr_builtin_types;

#endif /* AXVM_DEVICES_BUILTIN_H */
