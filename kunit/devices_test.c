// SPDX-License-Identifier: GPL-2.0
/*
 * The life of devices: made, named, reset, removed, also under the feet of accesses;
 * and the types they are made from, also one from another module.
 *
 * Many grace periods, each of which takes a tick with two CPUs: dear where a tick is ten
 * million instructions.
 *
 * bed: arch=x86_64
 * bed: arch=arm64 cpus=1 kvm=1
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "probe.h"

/* --- life of a device ---------------------------------------------------------------- */

static void devices_roll_back(struct kunit *test)
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

static void devices_are_removed(struct kunit *test)
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

static void devices_keep_order(struct kunit *test)
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

static void devices_have_names(struct kunit *test)
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

static void devices_may_be_many(struct kunit *test)
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

#define CHANGES	60

static void devices_change_under_readers(struct kunit *test)
{
	struct axvm_device_config config = { .type = COMING_TYPE, .base = COMING, .length = 16 };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct task_struct *reader[3];
	struct axvm_device *dev;
	int i;

	add_probe(test, vm, AXVM_BUS_MMIO, STAYING, 16)->value = STAYING;
	for (i = 0; i < ARRAY_SIZE(reader); i++)
		reader[i] = kthread_run(hammer, vm, "axvm-hammer");

	for (i = 0; i < CHANGES; i++) {
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
	KUNIT_EXPECT_EQ(test, nr_destroyed, CHANGES);
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
static void devices_outlive_accesses(struct kunit *test)
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

static void types_may_be_refused(struct kunit *test)
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
		axvm_unregister_device_type(&type);					\
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

static void types_are_listed(struct kunit *test)
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

static void types_are_found_by_name(struct kunit *test)
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
static void types_come_from_other_modules(struct kunit *test)
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

static struct kunit_case devices_cases[] = {
	KUNIT_CASE(devices_roll_back),
	KUNIT_CASE(devices_are_removed),
	KUNIT_CASE(devices_keep_order),
	KUNIT_CASE(devices_have_names),
	KUNIT_CASE(devices_may_be_many),
	KUNIT_CASE(devices_change_under_readers),
	KUNIT_CASE(devices_outlive_accesses),
	KUNIT_CASE(types_may_be_refused),
	KUNIT_CASE(types_are_listed),
	KUNIT_CASE(types_are_found_by_name),
	KUNIT_CASE(types_come_from_other_modules),
	{}
};

static struct kunit_suite devices_suite = {
	.name = "axvm_devices",
	.suite_init = probe_suite_init,
	.suite_exit = probe_suite_exit,
	.init = probe_case_init,
	.test_cases = devices_cases,
};

kunit_test_suite(devices_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm: the life of devices and their types");
