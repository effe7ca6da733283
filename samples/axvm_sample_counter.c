// SPDX-License-Identifier: GPL-2.0
/*
 * A device in a module of its own: a counter that the guest reads, adds to, and that
 * interrupts it. device.h is all it needs. In the guest, from the base of the device:
 *
 *	0x0	COUNT	read: the counter; write: add the value to it
 *	0x8	LINE	write: not 0 raises the interrupt line, 0 lowers it
 */
#include <linux/atomic.h>
#include <linux/module.h>

#include "device.h"

#define REG_COUNT	0x0
#define REG_LINE	0x8
#define REGS_SIZE	0x10

/* An instance. What the guest can see is in @count: that is all there is to save. */
struct sample_counter {
	struct axvm_device dev;		/* first */
	atomic64_t count;		/* several vCPUs may access the device at once */
};

static struct sample_counter *to_counter(struct axvm_device *dev)
{
	return container_of(dev, struct sample_counter, dev);
}

/* The guest loads: access->offset says where, access->data takes the answer. */
static int counter_read(struct axvm_device *dev, struct axvm_access *access)
{
	if (access->offset != REG_COUNT)
		return AXVM_UNCLAIMED;
	access->data = atomic64_read(&to_counter(dev)->count);
	return AXVM_HANDLED;
}

/* The guest stores access->data. */
static int counter_write(struct axvm_device *dev, struct axvm_access *access)
{
	switch (access->offset) {
	case REG_COUNT:
		atomic64_add(access->data, &to_counter(dev)->count);
		return AXVM_HANDLED;
	case REG_LINE:
		axvm_device_set_line(dev, 0, access->data);
		return AXVM_HANDLED;
	default:
		return AXVM_UNCLAIMED;
	}
}

/* Power-on state */
static void counter_reset(struct axvm_device *dev)
{
	atomic64_set(&to_counter(dev)->count, 0);
	axvm_device_lower(dev, 0);
}

/* A VM's configuration asks for an instance: say where it is and what it drives. */
static int counter_init(struct axvm_device *dev)
{
	int ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, dev->config.base, REGS_SIZE);

	return ret ? ret : axvm_device_add_line(dev, dev->config.irq);
}

static const struct axvm_device_ops counter_ops = {
	.read = counter_read,
	.write = counter_write,
	.reset = counter_reset,
};

static struct axvm_device_type counter_type = {
	.name = "sample-counter",
	.number = 0x10000,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct sample_counter),
	.init = counter_init,
	.ops = &counter_ops,
};

static int __init sample_counter_init(void)
{
	return axvm_register_device_type(&counter_type);
}
module_init(sample_counter_init);

static void __exit sample_counter_exit(void)
{
	axvm_unregister_device_type(&counter_type);
}
module_exit(sample_counter_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Sample of a device model for axvm: a counter");
