// SPDX-License-Identifier: GPL-2.0
/*
 * AxVmDevices: which device answers an access, and what comes back; adding and removing
 * devices, also under the feet of readers; the types of devices.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

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

static struct axvm_device_type *const test_types[] = {
	&probe_type,
	&failing_type,
	&mute_type,
	&coming_type,
};

static int registry_suite_init(struct kunit_suite *suite)
{
	int ret = fixture_suite_init(suite);
	unsigned int i;

	for (i = 0; !ret && i < ARRAY_SIZE(test_types); i++)
		ret = axvm_register_device_type(test_types[i]);
	return ret;
}

static void registry_suite_exit(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(test_types); i++)
		axvm_unregister_device_type(test_types[i]);
	fixture_suite_exit(suite);
}

static int registry_init(struct kunit *test)
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

static int remove_device(struct axvm_vm *vm, u32 id)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, id);
	mutex_unlock(&vm->lock);
	return ret;
}

static int mmio_read(struct axvm_vm *vm, u64 addr, unsigned int width)
{
	u64 value;

	return axvm_devices_handle_mmio_read(vm, NULL, addr, width, &value);
}

/* --- which device, which offset --------------------------------------------------- */

static void registry_routes_to_region_and_offset(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct probe *a = add_probe(test, vm, AXVM_BUS_MMIO, 0x1000, 0x100);
	struct probe *b = add_probe(test, vm, AXVM_BUS_MMIO, 0x1100, 0x100);
	struct probe *c = add_probe(test, vm, AXVM_BUS_PORT, 0x1000, 0x100);
	u64 value;

	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_write(vm, vm->vcpus[0], 0x1010, 4, 0x55),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, a->accesses, 1);
	KUNIT_EXPECT_PTR_EQ(test, a->last.vcpu, vm->vcpus[0]);
	KUNIT_EXPECT_EQ(test, a->last.region, 0);
	KUNIT_EXPECT_EQ(test, a->last.width, 4);
	KUNIT_EXPECT_EQ(test, a->last.offset, 0x10);
	KUNIT_EXPECT_EQ(test, a->last.data, 0x55);

	b->value = 0x1234;
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vm, NULL, 0x1104, 2, &value),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, value, 0x1234);
	KUNIT_EXPECT_EQ(test, b->last.offset, 4);
	KUNIT_EXPECT_PTR_EQ(test, b->last.vcpu, NULL);

	c->value = 0xab;
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(vm, NULL, 0x1020, 1, &value),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, value, 0xab);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_write(vm, NULL, 0x10ff, 1, 7), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, c->last.offset, 0xff);
	KUNIT_EXPECT_EQ(test, c->last.data, 7);

	KUNIT_EXPECT_EQ(test, a->accesses, 1);
	KUNIT_EXPECT_EQ(test, b->accesses, 1);
	KUNIT_EXPECT_EQ(test, c->accesses, 2);
}

static void registry_tells_regions_of_a_device_apart(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device_config config = {
		.type = PROBE_TYPE,
		.nr_cfg = 12,
		.cfg = {
			AXVM_BUS_MMIO, 0x2000, 16,
			AXVM_BUS_PORT, 0x60, 1,
			AXVM_BUS_MMIO, 0x1000, 16,
			AXVM_BUS_PORT, 0x64, 1,
		},
	};
	struct axvm_device *dev = fixture_try_device(vm, &config);
	struct probe *probe = to_probe(dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	fixture_store(vm, NULL, 0x1008, 8, 0);
	KUNIT_EXPECT_EQ(test, probe->last.region, 2);
	KUNIT_EXPECT_EQ(test, probe->last.offset, 8);
	fixture_store(vm, NULL, 0x2004, 4, 0);
	KUNIT_EXPECT_EQ(test, probe->last.region, 0);
	KUNIT_EXPECT_EQ(test, probe->last.offset, 4);
	fixture_out(vm, 0x64, 1, 0);
	KUNIT_EXPECT_EQ(test, probe->last.region, 3);
	fixture_out(vm, 0x60, 1, 0);
	KUNIT_EXPECT_EQ(test, probe->last.region, 1);
	KUNIT_EXPECT_EQ(test, probe->accesses, 4);
}

static void registry_wants_whole_accesses(struct kunit *test)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *low = add_probe(test, vm, AXVM_BUS_MMIO, 0x1000, 0x10);
	struct probe *high = add_probe(test, vm, AXVM_BUS_MMIO, 0x1010, 0x10);
	unsigned int i, width;

	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		width = widths[i];
		low->accesses = 0;
		high->accesses = 0;
		/* the first and the last that fit */
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000, width), AXVM_HANDLED);
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1010 - width, width), AXVM_HANDLED);
		KUNIT_EXPECT_EQ(test, low->last.offset, 0x10 - width);
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1010, width), AXVM_HANDLED);
		KUNIT_EXPECT_EQ(test, high->last.offset, 0);
		KUNIT_EXPECT_EQ(test, low->accesses, 2);
		KUNIT_EXPECT_EQ(test, high->accesses, 1);
		/* into the void before, into the void behind */
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000 - width, width), AXVM_UNCLAIMED);
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1020, width), AXVM_UNCLAIMED);
		if (width == 1)
			continue;
		/* over an edge: of nobody, of the neighbour, of nobody */
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x0fff, width), AXVM_UNCLAIMED);
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x100f, width), AXVM_UNCLAIMED);
		KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x101f, width), AXVM_UNCLAIMED);
		KUNIT_EXPECT_EQ(test, low->accesses, 2);
		KUNIT_EXPECT_EQ(test, high->accesses, 1);
	}
}

static void registry_ends_at_the_top(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *top = add_probe(test, vm, AXVM_BUS_MMIO, U64_MAX - 15, 16);
	struct probe *zero = add_probe(test, vm, AXVM_BUS_MMIO, 0, 16);

	KUNIT_EXPECT_EQ(test, mmio_read(vm, U64_MAX, 1), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, top->last.offset, 15);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, U64_MAX - 7, 8), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, U64_MAX, 2), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, U64_MAX - 6, 8), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, top->accesses, 2);
	KUNIT_EXPECT_EQ(test, zero->accesses, 0);

	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_MMIO, U64_MAX - 31, 17)), -EEXIST);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_MMIO, U64_MAX - 31, 33)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_MMIO, 0x1000, U64_MAX)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_MMIO, 0x1000, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_MMIO, 0, 0)), -EINVAL);
}

static void registry_knows_64k_ports(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *last = add_probe(test, vm, AXVM_BUS_PORT, 0xffff, 1);
	u64 value = 0;

	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(vm, NULL, 0xffff, 1, &value),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(vm, NULL, 0xffff, 2, &value),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, value, 0xffff);
	KUNIT_EXPECT_EQ(test, last->accesses, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_PORT, 0xfff0, 0x11)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_PORT, 0x10000, 1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_PORT, U64_MAX, 1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_NR_BUSES, 0, 1)), -EINVAL);
	KUNIT_EXPECT_FALSE(test, IS_ERR(try_probe(vm, AXVM_BUS_PORT, 0, 0xffff)));
}

static void registry_gives_a_register_one_address(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *a = add_probe(test, vm, AXVM_BUS_SYSREG, 0x800, 0x40);
	struct probe *b = add_probe(test, vm, AXVM_BUS_SYSREG, 0x840, 1);
	u64 value;

	a->value = 0x123456789abcdef0;
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_read(vm, NULL, 0x83f, &value),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, value, 0x123456789abcdef0);
	KUNIT_EXPECT_EQ(test, a->last.offset, 0x3f);
	KUNIT_EXPECT_EQ(test, a->last.width, 8);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_write(vm, NULL, 0x840, U64_MAX),
			AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, b->last.offset, 0);
	KUNIT_EXPECT_EQ(test, b->last.data, U64_MAX);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_read(vm, NULL, 0x7ff, &value),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_write(vm, NULL, 0x841, 0), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, a->accesses, 1);
	KUNIT_EXPECT_EQ(test, b->accesses, 1);
}

/* --- values and results ----------------------------------------------------------- */

static void registry_cuts_values_to_width(struct kunit *test)
{
	static const struct {
		unsigned int width;
		u64 mask;
	} rows[] = { { 1, 0xff }, { 2, 0xffff }, { 4, 0xffffffff }, { 8, U64_MAX } };
	const u64 pattern = 0xfedcba9876543210;
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *probe = add_probe(test, vm, AXVM_BUS_MMIO, 0, 0x100);
	unsigned int i;
	u64 value;

	probe->value = pattern;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		value = 0;
		axvm_devices_handle_mmio_read(vm, NULL, 0, rows[i].width, &value);
		KUNIT_EXPECT_EQ(test, value, pattern & rows[i].mask);
		axvm_devices_handle_mmio_write(vm, NULL, 0, rows[i].width, pattern);
		KUNIT_EXPECT_EQ(test, probe->last.data, pattern & rows[i].mask);
		/* nobody home */
		value = 0;
		KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vm, NULL, 0x1000, rows[i].width,
								    &value), AXVM_UNCLAIMED);
		KUNIT_EXPECT_EQ(test, value, rows[i].mask);
	}
}

static void registry_passes_results_through(struct kunit *test)
{
	static const int results[] = { AXVM_HANDLED, AXVM_UNCLAIMED, AXVM_FAULT, -EIO };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *probe = add_probe(test, vm, AXVM_BUS_SYSREG, 0, 1);
	unsigned int i;
	u64 value;

	probe->value = 0x77;
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		probe->result = results[i];
		KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_read(vm, NULL, 0, &value),
				results[i]);
		if (results[i] == AXVM_UNCLAIMED)
			KUNIT_EXPECT_EQ(test, value, U64_MAX);
		KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_write(vm, NULL, 0, 1), results[i]);
	}
	KUNIT_EXPECT_EQ(test, probe->accesses, 2 * ARRAY_SIZE(results));
}

static void registry_counts(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *probe = add_probe(test, vm, AXVM_BUS_MMIO, 0, 16);
	u64 reads = 0, writes = 0, timed = 0, value;
	struct axvm_region_stats *stats;
	unsigned int i;
	int cpu;

	for (i = 0; i < 5; i++)
		axvm_devices_handle_mmio_read(vm, NULL, 0, 1, &value);
	for (i = 0; i < 3; i++)
		axvm_devices_handle_mmio_write(vm, NULL, 0, 1, 0);
	probe->result = AXVM_UNCLAIMED;
	axvm_devices_handle_mmio_read(vm, NULL, 0, 1, &value);
	axvm_devices_handle_mmio_write(vm, NULL, 16, 1, 0);
	axvm_devices_handle_port_read(vm, NULL, 0, 1, &value);

	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(probe->dev.regions[0]->stats, cpu);
		reads += stats->reads;
		writes += stats->writes;
		for (i = 0; i < AXVM_LATENCY_BUCKETS; i++)
			timed += stats->latency[i];
	}
	KUNIT_EXPECT_EQ(test, reads, 6);
	KUNIT_EXPECT_EQ(test, writes, 3);
	KUNIT_EXPECT_EQ(test, timed, 9);
	KUNIT_EXPECT_EQ(test, vm->devices.open_bus[AXVM_BUS_MMIO], 2);
	KUNIT_EXPECT_EQ(test, vm->devices.open_bus[AXVM_BUS_PORT], 1);
	KUNIT_EXPECT_EQ(test, vm->devices.open_bus[AXVM_BUS_SYSREG], 0);
}

/* --- what is refused ---------------------------------------------------------------- */

static void registry_refuses_overlap(struct kunit *test)
{
	static const struct {
		u64 base, length;
		long error;
	} rows[] = {
		{ 0x1000, 0x1000, -EEXIST },	/* the same */
		{ 0x1000, 1, -EEXIST },		/* first byte */
		{ 0x1fff, 1, -EEXIST },		/* last byte */
		{ 0x1400, 0x100, -EEXIST },	/* inside */
		{ 0x0800, 0x2000, -EEXIST },	/* around */
		{ 0x0000, 0x1001, -EEXIST },	/* one byte from below */
		{ 0x1fff, 0x1000, -EEXIST },	/* one byte from above */
		{ 0x0000, U64_MAX, -EEXIST },	/* nearly everything */
		{ 0x0000, 0x1000, 0 },		/* touching from below */
		{ 0x2000, 0x1000, 0 },		/* touching from above */
		{ 0x0fff, 2, -EEXIST },		/* now that is taken on both sides */
	};
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *probe = add_probe(test, vm, AXVM_BUS_MMIO, 0x1000, 0x1000);
	struct axvm_device *dev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		dev = try_probe(vm, AXVM_BUS_MMIO, rows[i].base, rows[i].length);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(dev), rows[i].error, "row %u", i);
	}
	/* The buses are spaces of their own */
	KUNIT_EXPECT_FALSE(test, IS_ERR(try_probe(vm, AXVM_BUS_PORT, 0x1000, 0x1000)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(try_probe(vm, AXVM_BUS_SYSREG, 0x1000, 0x1000)));
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000, 1), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, probe->accesses, 1);
}

static void registry_refuses_overlap_with_itself(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device_config config = {
		.type = PROBE_TYPE,
		.nr_cfg = 6,
		.cfg = { AXVM_BUS_MMIO, 0x1000, 0x10, AXVM_BUS_MMIO, 0x100f, 1 },
	};

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EEXIST);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000, 1), AXVM_UNCLAIMED);
	config.cfg[4] = 0x1010;
	KUNIT_EXPECT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
}

static void registry_bounds_regions_and_lines(struct kunit *test)
{
	struct axvm_device dev = { .type = &probe_type, .vm = fixture_vm(test, 0) };
	unsigned int i;

	INIT_LIST_HEAD(&dev.list);
	mutex_lock(&dev.vm->lock);
	for (i = 0; i < AXVM_DEVICE_MAX_REGIONS; i++)
		KUNIT_EXPECT_EQ(test, axvm_device_add_region(&dev, AXVM_BUS_MMIO, i, 1), 0);
	KUNIT_EXPECT_EQ(test, axvm_device_add_region(&dev, AXVM_BUS_MMIO, i, 1), -ENOSPC);
	mutex_unlock(&dev.vm->lock);
	for (i = 0; i < AXVM_DEVICE_MAX_REGIONS; i++) {
		free_percpu(dev.regions[i]->stats);
		kfree(dev.regions[i]);
	}

	KUNIT_EXPECT_EQ(test, axvm_device_add_line(&dev, AXVM_MAX_IRQS), -EINVAL);
	KUNIT_EXPECT_EQ(test, axvm_device_add_line(&dev, U32_MAX), -EINVAL);
	for (i = 0; i < AXVM_DEVICE_MAX_LINES; i++) {
		KUNIT_EXPECT_EQ(test, axvm_device_add_line(&dev, AXVM_MAX_IRQS - 1 - i), 0);
		KUNIT_EXPECT_EQ(test, axvm_device_add_line(&dev, AXVM_MAX_IRQS - 1), -EEXIST);
	}
	KUNIT_EXPECT_EQ(test, axvm_device_add_line(&dev, 0), -ENOSPC);
}

static void registry_declares_in_init_only(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe *probe = add_probe(test, vm, AXVM_BUS_MMIO, 0, 16);

	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_device_add_region(&probe->dev, AXVM_BUS_MMIO, 16, 16), -EBUSY);
	KUNIT_EXPECT_EQ(test, axvm_device_add_line(&probe->dev, 5), -EBUSY);
	mutex_unlock(&vm->lock);
}

static void registry_refuses_configurations(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device_config unknown = { .type = 0x7fffffff };
	struct axvm_device_config unnamed = { .type = AXVM_DEV_ANY };
	struct axvm_device_config many = { .type = PROBE_TYPE, .nr_cfg = AXVM_MAX_CFG + 1 };
	struct axvm_device_config mute = { .type = MUTE_TYPE, .length = 1 };

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &unknown)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &unnamed)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &many)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &mute)), -EINVAL);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 0);
}

/* --- life of a device ---------------------------------------------------------------- */

static void registry_rolls_back(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	int refs = module_refcount(THIS_MODULE);
	struct axvm_device_config config = {
		.type = FAILING_TYPE,
		.irq = 4,
		.nr_cfg = 9,
		.cfg = { AXVM_BUS_MMIO, 0, 16, AXVM_BUS_PORT, 0, 16, AXVM_BUS_SYSREG, 0, 16 },
	};
	u64 value;

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EBADMSG);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 1);
	KUNIT_EXPECT_EQ(test, nr_destroyed, 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0, 1), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(vm, NULL, 0, 1, &value),
			AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_sysreg_read(vm, NULL, 0, &value), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, chip->rises[4], 1);
	KUNIT_EXPECT_EQ(test, chip->falls[4], 1);

	config.type = PROBE_TYPE;
	KUNIT_EXPECT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs + 1);
}

static void registry_removes(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	int refs = module_refcount(THIS_MODULE);
	struct probe *a = add_probe(test, vm, AXVM_BUS_MMIO, 0x1000, 16);
	struct probe *b = add_probe(test, vm, AXVM_BUS_MMIO, 0x2000, 16);
	u32 id = a->dev.id;

	KUNIT_EXPECT_NE(test, id, b->dev.id);
	KUNIT_EXPECT_EQ(test, remove_device(vm, id), 0);
	KUNIT_EXPECT_EQ(test, nr_destroyed, 1);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs + 1);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000, 1), AXVM_UNCLAIMED);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x2000, 1), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, remove_device(vm, id), -ENOENT);
	KUNIT_EXPECT_EQ(test, remove_device(vm, 0x12345), -ENOENT);

	/* Numbers may come round; one that is in use is not given twice */
	vm->devices.next_id = b->dev.id;
	a = add_probe(test, vm, AXVM_BUS_MMIO, 0x1000, 16);
	KUNIT_EXPECT_NE(test, a->dev.id, b->dev.id);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, 0x1000, 1), AXVM_HANDLED);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 2);
}

static void registry_keeps_order(struct kunit *test)
{
	struct axvm_create_vm config = { .size = sizeof(config) };
	struct axvm_vm *vm = axvm_vm_create(&fixture_backend, &config);
	u32 id[3];
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vm));
	for (i = 0; i < 3; i++)
		id[i] = add_probe(test, vm, AXVM_BUS_MMIO, (3 - i) * 0x1000, 16)->dev.id;
	mutex_lock(&vm->lock);
	axvm_devices_reset(vm);
	mutex_unlock(&vm->lock);
	axvm_vm_put(vm);

	KUNIT_ASSERT_EQ(test, nr_reset, 3);
	KUNIT_ASSERT_EQ(test, nr_destroyed, 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, reset_order[i], id[i]);
		KUNIT_EXPECT_EQ(test, destroy_order[i], id[2 - i]);
	}
}

static void registry_names(struct kunit *test)
{
	static const char *const rows[][2] = {
		{ "", "probe" },
		{ "com1", "com1" },
		{ "a b\n\x1b\xff", "a_b___" },
		{ "0123456789012345678901234567890", "0123456789012345678901234567890" },
	};
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device_config config = { .type = PROBE_TYPE, .length = 1 };
	struct axvm_device *dev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		config.base = i;
		strscpy(config.name, rows[i][0], sizeof(config.name));
		dev = fixture_try_device(vm, &config);
		KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
		KUNIT_EXPECT_STREQ(test, dev->config.name, rows[i][1]);
	}
	/* Without an end: cut */
	config.base = i;
	memset(config.name, 'x', sizeof(config.name));
	dev = fixture_try_device(vm, &config);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_EQ(test, strnlen(dev->config.name, AXVM_NAME_LEN), AXVM_NAME_LEN - 1);
}

#define MANY	AXVM_MAX_DEVICES
#define STRIDE	0x20

/* Every device answers at its own addresses, and nobody at those in between */
static void expect_many(struct kunit *test, struct axvm_vm *vm, struct probe **probes)
{
	unsigned int i, wrong = 0;
	u64 base, value;

	for (i = 0; i < MANY; i++) {
		base = (u64)i * STRIDE;
		if (mmio_read(vm, base + STRIDE / 2, 1) != AXVM_UNCLAIMED)
			wrong++;
		if (axvm_devices_handle_mmio_read(vm, NULL, base + 4, 4, &value) != AXVM_HANDLED) {
			wrong += !!probes[i];
			continue;
		}
		if (!probes[i] || value != i || probes[i]->last.offset != 4)
			wrong++;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void registry_holds_many(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct probe **probes = kunit_kcalloc(test, MANY, sizeof(*probes), GFP_KERNEL);
	unsigned int i, at;

	KUNIT_ASSERT_NOT_NULL(test, probes);
	for (i = 0; i < MANY; i++) {
		at = i * 389 % MANY;	/* in no order */
		probes[at] = add_probe(test, vm, AXVM_BUS_MMIO, (u64)at * STRIDE, STRIDE / 2);
		probes[at]->value = at;
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(try_probe(vm, AXVM_BUS_PORT, 0, 1)), -ENOSPC);
	expect_many(test, vm, probes);

	for (i = 0; i < MANY; i += 3) {
		KUNIT_EXPECT_EQ(test, remove_device(vm, probes[i]->dev.id), 0);
		probes[i] = NULL;
	}
	expect_many(test, vm, probes);
	KUNIT_EXPECT_FALSE(test, IS_ERR(try_probe(vm, AXVM_BUS_PORT, 0, 1)));
}

/* --- while accesses are under way ----------------------------------------------------- */

static int hammer(void *data)
{
	struct axvm_vm *vm = data;
	unsigned int wrong = 0;
	u64 value;
	int ret;

	while (!kthread_should_stop()) {
		ret = axvm_devices_handle_mmio_read(vm, NULL, STAYING, 4, &value);
		wrong += ret != AXVM_HANDLED || value != STAYING;
		ret = axvm_devices_handle_mmio_read(vm, NULL, COMING, 4, &value);
		wrong += !(ret == AXVM_HANDLED && value == COMING) &&
			 !(ret == AXVM_UNCLAIMED && value == U32_MAX);
		cond_resched();
	}
	return wrong;
}

static void registry_changes_under_readers(struct kunit *test)
{
	struct axvm_device_config config = { .type = COMING_TYPE, .base = COMING, .length = 16 };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct task_struct *reader[3];
	struct axvm_device *dev;
	int i;

	add_probe(test, vm, AXVM_BUS_MMIO, STAYING, 16)->value = STAYING;
	for (i = 0; i < ARRAY_SIZE(reader); i++)
		reader[i] = kthread_run(hammer, vm, "axvm-hammer");

	for (i = 0; i < 200; i++) {
		dev = fixture_try_device(vm, &config);
		if (IS_ERR(dev)) {
			KUNIT_FAIL(test, "round %d: %ld", i, PTR_ERR(dev));
			break;
		}
		if (i % 8 == 0)
			msleep(20);
		KUNIT_EXPECT_EQ(test, remove_device(vm, dev->id), 0);
	}
	for (i = 0; i < ARRAY_SIZE(reader); i++)
		if (!IS_ERR(reader[i]))
			KUNIT_EXPECT_EQ(test, kthread_stop(reader[i]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dead_accesses), 0);
	KUNIT_EXPECT_EQ(test, nr_destroyed, 200);
}

struct remover {
	struct axvm_vm *vm;
	u32 id;
	struct completion done;
};

static int remover(void *data)
{
	struct remover *job = data;
	int ret = remove_device(job->vm, job->id);

	complete(&job->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return ret;
}

static int sleeper(void *data)
{
	int ret = mmio_read(data, 0, 1);

	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return ret;
}

/* A device that sleeps in an access is not destroyed before the access ends */
static void registry_waits_for_accesses(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(entered);
	DECLARE_COMPLETION_ONSTACK(leave);
	struct remover job = { .vm = fixture_vm(test, 0) };
	struct probe *probe = add_probe(test, job.vm, AXVM_BUS_MMIO, 0, 16);
	struct task_struct *reading, *removing;

	probe->entered = &entered;
	probe->leave = &leave;
	job.id = probe->dev.id;
	init_completion(&job.done);
	reading = kthread_run(sleeper, job.vm, "axvm-sleeper");
	KUNIT_ASSERT_FALSE(test, IS_ERR(reading));
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&entered, 10 * HZ), 0);

	removing = kthread_run(remover, &job, "axvm-remover");
	KUNIT_EXPECT_FALSE(test, IS_ERR(removing));
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&job.done, HZ / 10), 0);
	KUNIT_EXPECT_EQ(test, nr_destroyed, 0);
	complete(&leave);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&job.done, 10 * HZ), 0);
	KUNIT_EXPECT_EQ(test, nr_destroyed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&dead_accesses), 0);
	KUNIT_EXPECT_EQ(test, kthread_stop(reading), AXVM_HANDLED);
	if (!IS_ERR(removing))
		KUNIT_EXPECT_EQ(test, kthread_stop(removing), 0);
	KUNIT_EXPECT_EQ(test, mmio_read(job.vm, 0, 1), AXVM_UNCLAIMED);
}

/* --- types --------------------------------------------------------------------------- */

static void registry_refuses_types(struct kunit *test)
{
	static const char long_name[AXVM_NAME_LEN + 1] = "01234567890123456789012345678901";
	const struct axvm_device_type good = {
		.name = "good",
		.number = 0x7f000200,
		.owner = THIS_MODULE,
		.instance_size = sizeof(struct probe),
		.init = probe_init,
		.ops = &probe_ops,
	};
	struct axvm_device_type first = good, type = good;

	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&first), 0);
	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&first), -EEXIST);
	type.name = "other";
	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&type), -EEXIST);
	type = good;
	type.number = 0x7f000201;
	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&type), -EEXIST);
	/* Not registered: nothing happens, also to the one that has its number */
	type = good;
	axvm_unregister_device_type(&type);
	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&type), -EEXIST);
	axvm_unregister_device_type(&first);
	KUNIT_EXPECT_EQ(test, axvm_register_device_type(&type), 0);
	axvm_unregister_device_type(&type);

#define EXPECT_REFUSED(member, bad)							\
	do {										\
		type = good;								\
		type.member = bad;							\
		KUNIT_EXPECT_EQ(test, axvm_register_device_type(&type), -EINVAL);	\
	} while (0)
	EXPECT_REFUSED(name, NULL);
	EXPECT_REFUSED(name, "");
	EXPECT_REFUSED(name, long_name);
	EXPECT_REFUSED(number, AXVM_DEV_ANY);
	EXPECT_REFUSED(init, NULL);
	EXPECT_REFUSED(ops, NULL);
	EXPECT_REFUSED(instance_size, sizeof(struct axvm_device) - 1);
	EXPECT_REFUSED(instance_size, 0);
#undef EXPECT_REFUSED
}

static void registry_lists_types(struct kunit *test)
{
	struct axvm_device_type_info info;
	unsigned int found = 0;
	u32 index;

	for (index = 0; index < 1000; index++) {
		memset(&info, 0xff, sizeof(info));
		if (axvm_device_type_info(index, &info))
			break;
		KUNIT_EXPECT_EQ(test, info.index, index);
		if (info.number != PROBE_TYPE)
			continue;
		found++;
		KUNIT_EXPECT_STREQ(test, info.name, "probe");
		KUNIT_EXPECT_NULL(test, memchr_inv(info.name + 5, 0, sizeof(info.name) - 5));
	}
	KUNIT_EXPECT_EQ(test, found, 1);
	KUNIT_EXPECT_EQ(test, axvm_device_type_info(index, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_device_type_info(U32_MAX, &info), -ENOENT);
}

static void registry_finds_type_by_name(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device_config config = {
		.type = AXVM_DEV_ANY,
		.type_name = "probe",
		.length = 1,
	};
	struct axvm_device *dev = fixture_try_device(vm, &config);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_PTR_EQ(test, dev->type, &probe_type);
	strscpy(config.type_name, "prob", sizeof(config.type_name));
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -ENODEV);
	/* A name that fills its array without an end is no name */
	memset(config.type_name, 'p', sizeof(config.type_name));
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -ENODEV);
}

/* samples/axvm_sample_counter.c: a device in a module of its own */
static void registry_runs_the_sample(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device_config config = {
		.type = AXVM_DEV_ANY,
		.type_name = "sample-counter",
		.base = 0xd0000000,
		.irq = 9,
	};
	struct axvm_device *dev = fixture_try_device(vm, &config);

	if (PTR_ERR(dev) == -ENODEV)
		kunit_skip(test, "axvm_sample_counter.ko is not loaded");
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, config.base, 8), 0);
	fixture_store(vm, NULL, config.base, 4, 40);
	fixture_store(vm, NULL, config.base, 1, 2);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, config.base, 8), 42);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, config.base + 8, 4), U32_MAX);
	fixture_store(vm, NULL, config.base + 8, 4, 1);
	KUNIT_EXPECT_TRUE(test, chip->level[9]);
	fixture_store(vm, NULL, config.base + 8, 4, 0);
	KUNIT_EXPECT_FALSE(test, chip->level[9]);

	fixture_store(vm, NULL, config.base + 8, 4, 1);
	mutex_lock(&vm->lock);
	axvm_devices_reset(vm);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, chip->level[9]);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, config.base, 8), 0);
	KUNIT_EXPECT_EQ(test, remove_device(vm, dev->id), 0);
	KUNIT_EXPECT_EQ(test, mmio_read(vm, config.base, 8), AXVM_UNCLAIMED);
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(registry_routes_to_region_and_offset),
	KUNIT_CASE(registry_tells_regions_of_a_device_apart),
	KUNIT_CASE(registry_wants_whole_accesses),
	KUNIT_CASE(registry_ends_at_the_top),
	KUNIT_CASE(registry_knows_64k_ports),
	KUNIT_CASE(registry_gives_a_register_one_address),
	KUNIT_CASE(registry_cuts_values_to_width),
	KUNIT_CASE(registry_passes_results_through),
	KUNIT_CASE(registry_counts),
	KUNIT_CASE(registry_refuses_overlap),
	KUNIT_CASE(registry_refuses_overlap_with_itself),
	KUNIT_CASE(registry_bounds_regions_and_lines),
	KUNIT_CASE(registry_declares_in_init_only),
	KUNIT_CASE(registry_refuses_configurations),
	KUNIT_CASE(registry_rolls_back),
	KUNIT_CASE(registry_removes),
	KUNIT_CASE(registry_keeps_order),
	KUNIT_CASE(registry_names),
	KUNIT_CASE(registry_holds_many),
	KUNIT_CASE(registry_changes_under_readers),
	KUNIT_CASE(registry_waits_for_accesses),
	KUNIT_CASE(registry_refuses_types),
	KUNIT_CASE(registry_lists_types),
	KUNIT_CASE(registry_finds_type_by_name),
	KUNIT_CASE(registry_runs_the_sample),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "axvm_registry",
	.suite_init = registry_suite_init,
	.suite_exit = registry_suite_exit,
	.init = registry_init,
	.test_cases = registry_cases,
};

kunit_test_suite(registry_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm: the device registry");
