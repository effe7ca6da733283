/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every suite stands on: a VM without hardware (its vCPUs can be made but not
 * run), devices in it by the same path as an ioctl takes, and an irqchip that
 * writes down what the devices do to their lines.
 */
#ifndef AXVM_KUNIT_FIXTURE_H
#define AXVM_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include <linux/err.h>

#include "../core/vm.h"

/* The backend of a VM that never runs */
static int fixture_nothing_vm(struct axvm_vm *vm)
{
	return 0;
}

static void fixture_no_vm(struct axvm_vm *vm)
{
}

static int fixture_nothing_vcpu(struct axvm_vcpu *vcpu)
{
	return 0;
}

static void fixture_no_vcpu(struct axvm_vcpu *vcpu)
{
}

static bool fixture_unmap(struct axvm_vm *vm, u64 gpa, u64 length)
{
	return false;
}

static const struct axvm_backend fixture_backend = {
	.name = "fixture",
	.gpa_bits = 48,
	.page_sizes = PAGE_SIZE,
	.vm_init = fixture_nothing_vm,
	.vm_destroy = fixture_no_vm,
	.vcpu_init = fixture_nothing_vcpu,
	.vcpu_destroy = fixture_no_vcpu,
	.vcpu_reset = fixture_no_vcpu,
	.s2_unmap = fixture_unmap,
};

static inline void fixture_put_vm(void *vm)
{
	axvm_vm_put(vm);
}

/**
 * fixture_vm() - a VM for this test case, gone after it
 * @test: the case
 * @nr_vcpus: vCPUs to make in it, numbered from 0
 */
static inline struct axvm_vm *fixture_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_create_vm config = {
		.size = sizeof(config),
		.interrupt_mode = AXVM_IRQ_EMULATED,
	};
	struct axvm_vm *vm = axvm_vm_create(&fixture_backend, &config);
	unsigned int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vm));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_put_vm, vm), 0);
	mutex_lock(&vm->lock);
	for (i = 0; i < nr_vcpus; i++)
		KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, i)));
	mutex_unlock(&vm->lock);
	return vm;
}

/**
 * fixture_try_device() - make a device; NULL-free: an error pointer if refused
 * @vm: the VM
 * @config: the configuration
 */
static inline struct axvm_device *fixture_try_device(struct axvm_vm *vm,
						     const struct axvm_device_config *config)
{
	struct axvm_device *dev;

	mutex_lock(&vm->lock);
	dev = axvm_devices_add(vm, config);
	mutex_unlock(&vm->lock);
	return dev;
}

/**
 * fixture_device() - make a device of a builtin type that must not be refused
 * @test: the case
 * @vm: the VM
 * @type: AXVM_DEV_*
 * @base: base, or 0
 * @irq: line
 */
static inline struct axvm_device *fixture_device(struct kunit *test, struct axvm_vm *vm, u32 type,
						 u64 base, u32 irq)
{
	struct axvm_device_config config = { .type = type, .base = base, .irq = irq };
	struct axvm_device *dev = fixture_try_device(vm, &config);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	return dev;
}

/* Port and MMIO accesses as a guest makes them, through the registry */
static inline u32 fixture_in(struct axvm_vm *vm, u16 port, unsigned int width)
{
	u64 value = 0;

	axvm_devices_handle_port_read(vm, NULL, port, width, &value);
	return value;
}

static inline void fixture_out(struct axvm_vm *vm, u16 port, unsigned int width, u32 value)
{
	axvm_devices_handle_port_write(vm, NULL, port, width, value);
}

static inline u64 fixture_load(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 gpa,
			       unsigned int width)
{
	u64 value = 0;

	axvm_devices_handle_mmio_read(vm, vcpu, gpa, width, &value);
	return value;
}

static inline void fixture_store(struct axvm_vm *vm, struct axvm_vcpu *vcpu, u64 gpa,
				 unsigned int width, u64 value)
{
	axvm_devices_handle_mmio_write(vm, vcpu, gpa, width, value);
}

#define FIXTURE_CHIP_TYPE	0x7f000001
#define FIXTURE_LINES		32

/**
 * struct fixture_chip - the irqchip that writes down
 * @dev: a device
 * @level: level of each line
 * @rises: how often each went up
 * @falls: how often each went down
 */
struct fixture_chip {
	struct axvm_device dev;
	bool level[FIXTURE_LINES];
	unsigned int rises[FIXTURE_LINES];
	unsigned int falls[FIXTURE_LINES];
};

static void fixture_chip_set_level(struct axvm_device *dev, u32 irq, bool level)
{
	struct fixture_chip *chip = container_of(dev, struct fixture_chip, dev);

	if (irq >= FIXTURE_LINES)
		return;
	WRITE_ONCE(chip->level[irq], level);
	if (level)
		WRITE_ONCE(chip->rises[irq], chip->rises[irq] + 1);
	else
		WRITE_ONCE(chip->falls[irq], chip->falls[irq] + 1);
}

static const struct axvm_irqchip_ops fixture_chip_ops = {
	.set_level = fixture_chip_set_level,
};

static int fixture_chip_init(struct axvm_device *dev)
{
	return axvm_irqchip_register(dev, &fixture_chip_ops);
}

static void fixture_chip_destroy(struct axvm_device *dev)
{
	axvm_irqchip_unregister(dev);
}

static const struct axvm_device_ops fixture_chip_device_ops = {
	.destroy = fixture_chip_destroy,
};

static struct axvm_device_type fixture_chip_type = {
	.name = "fixture-chip",
	.number = FIXTURE_CHIP_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct fixture_chip),
	.init = fixture_chip_init,
	.ops = &fixture_chip_device_ops,
};

/* For suite_init and suite_exit of suites that use fixture_chip() */
static inline int fixture_suite_init(struct kunit_suite *suite)
{
	return axvm_register_device_type(&fixture_chip_type);
}

static inline void fixture_suite_exit(struct kunit_suite *suite)
{
	axvm_unregister_device_type(&fixture_chip_type);
}

/**
 * fixture_chip() - add the irqchip that writes down
 * @test: the case
 * @vm: the VM
 */
static inline struct fixture_chip *fixture_chip(struct kunit *test, struct axvm_vm *vm)
{
	struct axvm_device *dev = fixture_device(test, vm, FIXTURE_CHIP_TYPE, 0, 0);

	return container_of(dev, struct fixture_chip, dev);
}

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

#endif /* AXVM_KUNIT_FIXTURE_H */
