/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device with which the registry is tested: regions as configured, remembers the
 * last access, answers what it is told to; and its misshapen relatives.
 */
#ifndef AXVM_KUNIT_PROBE_H
#define AXVM_KUNIT_PROBE_H

#include <linux/completion.h>

#include "fixture.h"

#define PROBE_TYPE	0x7f000100
#define FAILING_TYPE	0x7f000101
#define MUTE_TYPE	0x7f000102
#define COMING_TYPE	0x7f000103

#define COMING		0x1000
#define STAYING		0x2000

#define PROBE_ALIVE	0xa11fe

/**
 * struct probe - a device that remembers the last access and answers what it is told to
 * @dev: a device
 * @alive: PROBE_ALIVE between init() and destroy()
 * @last: the last access
 * @accesses: how many
 * @value: answer to a read
 * @result: result of an access
 * @entered: if not NULL: completed in a read, which then waits for @leave
 * @leave: see @entered
 */
struct probe {
	struct axvm_device dev;
	unsigned int alive;
	struct axvm_access last;
	unsigned int accesses;
	u64 value;
	int result;
	struct completion *entered;
	struct completion *leave;
};

/* Ids of devices in the order in which reset() and destroy() were called */
static u32 reset_order[8];
static unsigned int nr_reset;
static u32 destroy_order[8];
static unsigned int nr_destroyed;
static atomic_t dead_accesses;

static struct probe *to_probe(struct axvm_device *dev)
{
	return container_of(dev, struct probe, dev);
}

static int probe_access(struct probe *probe, struct axvm_access *access)
{
	if (READ_ONCE(probe->alive) != PROBE_ALIVE)
		atomic_inc(&dead_accesses);
	probe->last = *access;
	probe->accesses++;
	return probe->result;
}

static int probe_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct probe *probe = to_probe(dev);

	if (probe->entered) {
		complete(probe->entered);
		wait_for_completion_timeout(probe->leave, 10 * HZ);
	}
	access->data = probe->value;
	return probe_access(probe, access);
}

static int probe_write(struct axvm_device *dev, struct axvm_access *access)
{
	return probe_access(to_probe(dev), access);
}

static void probe_reset(struct axvm_device *dev)
{
	reset_order[nr_reset++ % ARRAY_SIZE(reset_order)] = dev->id;
}

static void probe_destroy(struct axvm_device *dev)
{
	WRITE_ONCE(to_probe(dev)->alive, 0);
	destroy_order[nr_destroyed++ % ARRAY_SIZE(destroy_order)] = dev->id;
}

/* cfg[]: bus, base and length of each region; without: MMIO at config.base */
static int probe_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	unsigned int i;
	int ret = 0;

	to_probe(dev)->alive = PROBE_ALIVE;
	to_probe(dev)->value = U64_MAX;
	if (!config->nr_cfg)
		ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, config->base, config->length);
	for (i = 0; !ret && i + 2 < config->nr_cfg; i += 3)
		ret = axvm_device_add_region(dev, config->cfg[i], config->cfg[i + 1],
					     config->cfg[i + 2]);
	return ret ? ret : axvm_device_add_line(dev, config->irq);
}

static const struct axvm_device_ops probe_ops = {
	.read = probe_read,
	.write = probe_write,
	.reset = probe_reset,
	.destroy = probe_destroy,
};

static struct axvm_device_type probe_type = {
	.name = "probe",
	.number = PROBE_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct probe),
	.init = probe_init,
	.ops = &probe_ops,
};

/* Has everything, then changes its mind */
static int failing_init(struct axvm_device *dev)
{
	int ret = probe_init(dev);

	axvm_device_raise(dev, 0);
	return ret ? ret : -EBADMSG;
}

static struct axvm_device_type failing_type = {
	.name = "failing",
	.number = FAILING_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct probe),
	.init = failing_init,
	.ops = &probe_ops,
};

/* A device that answers nothing may have no regions */
static const struct axvm_device_ops mute_ops = {};

static struct axvm_device_type mute_type = {
	.name = "mute",
	.number = MUTE_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct probe),
	.init = probe_init,
	.ops = &mute_ops,
};

/* Answers with COMING from its first access on */
static int coming_init(struct axvm_device *dev)
{
	int ret = probe_init(dev);

	to_probe(dev)->value = COMING;
	return ret;
}

static struct axvm_device_type coming_type = {
	.name = "coming",
	.number = COMING_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct probe),
	.init = coming_init,
	.ops = &probe_ops,
};

static struct axvm_device_type *const probe_types[] = {
	&probe_type,
	&failing_type,
	&mute_type,
	&coming_type,
};

static inline int probe_suite_init(struct kunit_suite *suite)
{
	int ret = fixture_suite_init(suite);
	unsigned int i;

	for (i = 0; !ret && i < ARRAY_SIZE(probe_types); i++)
		ret = axvm_register_device_type(probe_types[i]);
	return ret;
}

static inline void probe_suite_exit(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probe_types); i++)
		axvm_unregister_device_type(probe_types[i]);
	fixture_suite_exit(suite);
}

/* Before each case */
static inline int probe_case_init(struct kunit *test)
{
	nr_reset = 0;
	nr_destroyed = 0;
	atomic_set(&dead_accesses, 0);
	return 0;
}

/* A probe with one region; an error pointer if refused */
static struct axvm_device *try_probe(struct axvm_vm *vm, enum axvm_bus bus, u64 base, u64 length)
{
	struct axvm_device_config config = {
		.type = PROBE_TYPE,
		.nr_cfg = 3,
		.cfg = { bus, base, length },
	};

	return fixture_try_device(vm, &config);
}

static struct probe *add_probe(struct kunit *test, struct axvm_vm *vm, enum axvm_bus bus, u64 base,
			       u64 length)
{
	struct axvm_device *dev = try_probe(vm, bus, base, length);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	return to_probe(dev);
}

static inline int remove_device(struct axvm_vm *vm, u32 id)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, id);
	mutex_unlock(&vm->lock);
	return ret;
}

static inline int mmio_read(struct axvm_vm *vm, u64 addr, unsigned int width)
{
	u64 value;

	return axvm_devices_handle_mmio_read(vm, NULL, addr, width, &value);
}

#endif /* AXVM_KUNIT_PROBE_H */
