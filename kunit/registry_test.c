// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: which device answers an access of the guest, what comes back, and which
 * regions and configurations are refused.
 */
#include "probe.h"

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
	struct axvm_device_config many = {
		.type = PROBE_TYPE,
		.nr_cfg = AXVM_MAX_CFG + 1,
		.cfg = { 0, 0, 1, 0, 1, 1, 0, 2, 1, 0, 3, 1, 0, 4, 1 },
	};
	struct axvm_device_config mute = { .type = MUTE_TYPE, .length = 1 };

	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &unknown)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &unnamed)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &many)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &mute)), -EINVAL);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 0);
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
	{}
};

static struct kunit_suite registry_suite = {
	.name = "axvm_registry",
	.suite_init = probe_suite_init,
	.suite_exit = probe_suite_exit,
	.init = probe_case_init,
	.test_cases = registry_cases,
};

kunit_test_suite(registry_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm: the way of an access to its device");
