// SPDX-License-Identifier: GPL-2.0
/*
 * Debug exit: a test inside the guest ends its VM and hands out a verdict.
 *
 * A write of any width to any of its addresses stops the VM with AXVM_STOP_DEBUG_EXIT;
 * the value written is the code. Reads give 0. There is no state and so no lock;
 * the first stop of a VM wins, see axvm_vm_stop().
 *
 * cfg[0]: 0: I/O ports; 1: memory, where the base has to be given.
 */
#include "builtin.h"

/* Four ports, so that OUT of a byte, a word and a doubleword all reach it */
#define DEBUG_EXIT_BASE		0xf4
#define DEBUG_EXIT_PORTS	4

static int debug_exit_read(struct axvm_device *dev, struct axvm_access *access)
{
	access->data = 0;
	return AXVM_HANDLED;
}

static int debug_exit_write(struct axvm_device *dev, struct axvm_access *access)
{
	axvm_vm_stop(dev->vm, AXVM_STOP_DEBUG_EXIT, access->data);
	return AXVM_HANDLED;
}

static int debug_exit_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	u64 in_memory = config->nr_cfg ? config->cfg[0] : 0;

	if (config->nr_cfg > 1 || in_memory > 1 || (in_memory && !config->base))
		return -EINVAL;
	return axvm_device_add_region(dev, in_memory ? AXVM_BUS_MMIO : AXVM_BUS_PORT,
				      config->base ?: DEBUG_EXIT_BASE,
				      config->length ?: DEBUG_EXIT_PORTS);
}

static const struct axvm_device_ops debug_exit_ops = {
	.read = debug_exit_read,
	.write = debug_exit_write,
};

struct axvm_device_type axvm_debug_exit_type = {
	.name = "debug-exit",
	.number = AXVM_DEV_DEBUG_EXIT,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct axvm_device),
	.init = debug_exit_init,
	.ops = &debug_exit_ops,
};
