// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: lines that are shared, held and released, the irqchips that hear of them,
 * and the way of one interrupt to one vCPU: pending, woken, forced out of the guest.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "fixture.h"

#define WIRE_TYPE	0x7f000110
#define EOI_TYPE	0x7f000111

/* --- a device with lines, cfg[] -------------------------------------------------- */

static int wire_init(struct axvm_device *dev)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < dev->config.nr_cfg; i++)
		ret = axvm_device_add_line(dev, dev->config.cfg[i]);
	return ret;
}

static const struct axvm_device_ops wire_ops = {};

static struct axvm_device_type wire_type = {
	.name = "wire",
	.number = WIRE_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct axvm_device),
	.init = wire_init,
	.ops = &wire_ops,
};

static struct axvm_device *add_wire(struct kunit *test, struct axvm_vm *vm, u32 irq, u32 irq2)
{
	struct axvm_device_config config = {
		.type = WIRE_TYPE,
		.nr_cfg = 2,
		.cfg = { irq, irq2 },
	};
	struct axvm_device *dev = fixture_try_device(vm, &config);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	return dev;
}

/* --- an irqchip that hears of ends of interrupts ---------------------------------- */

struct eoi_chip {
	struct axvm_device dev;
	unsigned int eois;
	u32 irq;
	struct axvm_vcpu *vcpu;
};

static void eoi_set_level(struct axvm_device *dev, u32 irq, bool level)
{
}

static void eoi_eoi(struct axvm_device *dev, struct axvm_vcpu *vcpu, u32 irq)
{
	struct eoi_chip *chip = container_of(dev, struct eoi_chip, dev);

	chip->eois++;
	chip->irq = irq;
	chip->vcpu = vcpu;
}

static const struct axvm_irqchip_ops eoi_chip_ops = {
	.set_level = eoi_set_level,
	.eoi = eoi_eoi,
};

static int eoi_init(struct axvm_device *dev)
{
	return axvm_irqchip_register(dev, &eoi_chip_ops);
}

static void eoi_destroy(struct axvm_device *dev)
{
	axvm_irqchip_unregister(dev);
}

static const struct axvm_device_ops eoi_ops = {
	.destroy = eoi_destroy,
};

static struct axvm_device_type eoi_type = {
	.name = "eoi",
	.number = EOI_TYPE,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct eoi_chip),
	.init = eoi_init,
	.ops = &eoi_ops,
};

/* --- a backend that notes what is injected ---------------------------------------- */

static unsigned int nr_injected;
static u32 injected[4];
static bool in_hardirq_context;

static int note_inject(struct axvm_vcpu *vcpu, u32 irq)
{
	if (irq > 255)
		return -EINVAL;
	in_hardirq_context = in_hardirq();
	injected[vcpu->id] = irq;
	WRITE_ONCE(nr_injected, nr_injected + 1);
	axvm_vcpu_kick(vcpu);
	return 0;
}

static struct axvm_backend note_backend;

static struct axvm_vm *note_vm(struct kunit *test, unsigned int nr_vcpus)
{
	struct axvm_create_vm config = { .size = sizeof(config) };
	struct axvm_vm *vm = axvm_vm_create(&note_backend, &config);
	unsigned int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vm));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_put_vm, vm), 0);
	mutex_lock(&vm->lock);
	for (i = 0; i < nr_vcpus; i++)
		KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, i)));
	mutex_unlock(&vm->lock);
	return vm;
}

static int irq_suite_init(struct kunit_suite *suite)
{
	int ret = fixture_suite_init(suite);

	note_backend = fixture_backend;
	note_backend.inject = note_inject;
	if (!ret)
		ret = axvm_register_device_type(&wire_type);
	if (!ret)
		ret = axvm_register_device_type(&eoi_type);
	return ret;
}

static void irq_suite_exit(struct kunit_suite *suite)
{
	axvm_unregister_device_type(&eoi_type);
	axvm_unregister_device_type(&wire_type);
	fixture_suite_exit(suite);
}

static int irq_init(struct kunit *test)
{
	nr_injected = 0;
	memset(injected, 0, sizeof(injected));
	return 0;
}

static int remove_device(struct axvm_vm *vm, u32 id)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, id);
	mutex_unlock(&vm->lock);
	return ret;
}

static void expect_line(struct kunit *test, const struct fixture_chip *chip, u32 irq, bool level,
			unsigned int rises, unsigned int falls)
{
	KUNIT_EXPECT_EQ(test, chip->level[irq], level);
	KUNIT_EXPECT_EQ(test, chip->rises[irq], rises);
	KUNIT_EXPECT_EQ(test, chip->falls[irq], falls);
}

/* --- lines --------------------------------------------------------------------------- */

static void irq_line_follows_its_device(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *dev = add_wire(test, vm, 3, 4);

	axvm_device_raise(dev, 0);
	expect_line(test, chip, 3, true, 1, 0);
	axvm_device_raise(dev, 0);
	expect_line(test, chip, 3, true, 1, 0);
	expect_line(test, chip, 4, false, 0, 0);
	axvm_device_lower(dev, 1);
	expect_line(test, chip, 4, false, 0, 0);
	axvm_device_set_line(dev, 1, true);
	axvm_device_set_line(dev, 1, true);
	expect_line(test, chip, 4, true, 1, 0);
	axvm_device_lower(dev, 0);
	axvm_device_lower(dev, 0);
	expect_line(test, chip, 3, false, 1, 1);
	axvm_device_set_line(dev, 1, false);
	expect_line(test, chip, 4, false, 1, 1);
	KUNIT_EXPECT_EQ(test, dev->asserted, 0);
}

static void irq_line_not_declared_is_ignored(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *dev = add_wire(test, vm, 3, 4);

	axvm_device_raise(dev, 2);
	axvm_device_raise(dev, 31);
	axvm_device_raise(dev, 32);
	axvm_device_raise(dev, ~0U);
	axvm_device_lower(dev, 2);
	axvm_device_pulse(dev, 64);
	KUNIT_EXPECT_EQ(test, dev->asserted, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(chip->rises, 0, sizeof(chip->rises)));
	KUNIT_EXPECT_NULL(test, memchr_inv(vm->irq.holders, 0, sizeof(vm->irq.holders)));
}

static void irq_line_is_shared(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *a = add_wire(test, vm, 5, 6);
	struct axvm_device *b = add_wire(test, vm, 7, 5);

	axvm_device_raise(a, 0);
	axvm_device_raise(b, 1);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 5, AXVM_IRQ_RAISE), 0);
	expect_line(test, chip, 5, true, 1, 0);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[5], 3);
	axvm_device_lower(a, 0);
	axvm_device_lower(a, 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 5, AXVM_IRQ_LOWER), 0);
	expect_line(test, chip, 5, true, 1, 0);
	axvm_device_lower(b, 1);
	expect_line(test, chip, 5, false, 1, 1);
}

static void irq_line_pulses(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *a = add_wire(test, vm, 5, 6);
	struct axvm_device *b = add_wire(test, vm, 5, 7);

	axvm_device_pulse(a, 0);
	axvm_device_pulse(a, 0);
	expect_line(test, chip, 5, false, 2, 2);
	/* somebody else holds it up: no edge */
	axvm_device_raise(b, 0);
	axvm_device_pulse(a, 0);
	expect_line(test, chip, 5, true, 3, 2);
	/* the device itself holds it up: it ends down */
	axvm_device_pulse(b, 0);
	expect_line(test, chip, 5, false, 3, 3);
}

static void irq_line_driven_by_userspace(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);

	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_LOWER), 0);
	expect_line(test, chip, 9, false, 0, 0);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[9], 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_RAISE), 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_RAISE), 0);
	expect_line(test, chip, 9, true, 1, 0);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[9], 1);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_LOWER), 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_LOWER), 0);
	expect_line(test, chip, 9, false, 1, 1);
	KUNIT_EXPECT_EQ(test, vm->irq.holders[9], 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_PULSE), 0);
	expect_line(test, chip, 9, false, 2, 2);

	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, AXVM_MAX_IRQS - 1, AXVM_IRQ_PULSE), 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, AXVM_MAX_IRQS, AXVM_IRQ_PULSE), -EINVAL);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, U32_MAX, AXVM_IRQ_LOWER), -EINVAL);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, AXVM_IRQ_PULSE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 9, U32_MAX), -EINVAL);
	expect_line(test, chip, 9, false, 2, 2);
}

static void irq_line_falls_with_its_device(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *a = add_wire(test, vm, 5, 6);
	struct axvm_device *b = add_wire(test, vm, 6, 7);

	axvm_device_raise(a, 0);
	axvm_device_raise(a, 1);
	axvm_device_raise(b, 0);
	KUNIT_EXPECT_EQ(test, remove_device(vm, a->id), 0);
	expect_line(test, chip, 5, false, 1, 1);
	expect_line(test, chip, 6, true, 1, 0);
	KUNIT_EXPECT_EQ(test, remove_device(vm, b->id), 0);
	expect_line(test, chip, 6, false, 1, 1);
}

/* Holders who are not devices count like them. */
static void irq_line_has_other_holders(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	struct axvm_device *dev = add_wire(test, vm, 5, 6);
	bool a = false, b = false;

	KUNIT_EXPECT_FALSE(test, axvm_irq_hold(vm, 5, &a, false));
	KUNIT_EXPECT_TRUE(test, axvm_irq_hold(vm, 5, &a, true));
	KUNIT_EXPECT_FALSE(test, axvm_irq_hold(vm, 5, &a, true));
	KUNIT_EXPECT_TRUE(test, axvm_irq_hold(vm, 5, &b, true));
	axvm_device_raise(dev, 0);
	expect_line(test, chip, 5, true, 1, 0);
	KUNIT_EXPECT_TRUE(test, axvm_irq_hold(vm, 5, &a, false));
	axvm_device_lower(dev, 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_pulse(vm, 5), 0);
	expect_line(test, chip, 5, true, 1, 0);
	KUNIT_EXPECT_TRUE(test, axvm_irq_hold(vm, 5, &b, false));
	expect_line(test, chip, 5, false, 1, 1);
	KUNIT_EXPECT_EQ(test, axvm_irq_pulse(vm, 5), 0);
	expect_line(test, chip, 5, false, 2, 2);
	KUNIT_EXPECT_EQ(test, axvm_gsi_fire(vm, 5), 0);
	expect_line(test, chip, 5, false, 3, 3);
	KUNIT_EXPECT_EQ(test, axvm_gsi_fire(vm, AXVM_MAX_IRQS), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_gsi_fire(vm, U32_MAX), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_msi(vm, 0, 0), -EOPNOTSUPP);
	axvm_irq_ended(vm, 5);
	axvm_irq_ended(vm, U32_MAX);
}

/* Edges are refused by a VM that has ended; levels are kept. */
static void irq_line_of_an_ended_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip = fixture_chip(test, vm);
	bool held = false;

	axvm_vm_stop(vm, AXVM_STOP_REQUEST, 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_pulse(vm, 5), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, axvm_gsi_fire(vm, 5), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, axvm_msi(vm, 0, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 5, AXVM_IRQ_PULSE), -ESHUTDOWN);
	expect_line(test, chip, 5, false, 0, 0);
	KUNIT_EXPECT_TRUE(test, axvm_irq_hold(vm, 5, &held, true));
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 5, AXVM_IRQ_RAISE), 0);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 5, AXVM_IRQ_LOWER), 0);
	expect_line(test, chip, 5, true, 1, 0);
	axvm_irq_hold(vm, 5, &held, false);
}

/* --- irqchips ------------------------------------------------------------------------ */

static void irq_chip_hears_of_high_lines(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct axvm_device *dev = add_wire(test, vm, 1, 2);
	struct fixture_chip *first, *second;

	axvm_device_raise(dev, 1);
	KUNIT_EXPECT_EQ(test, axvm_irq_line_user(vm, 31, AXVM_IRQ_RAISE), 0);
	first = fixture_chip(test, vm);
	expect_line(test, first, 1, false, 0, 0);
	expect_line(test, first, 2, true, 1, 0);
	expect_line(test, first, 31, true, 1, 0);

	/* Both hear of what follows */
	second = fixture_chip(test, vm);
	axvm_device_lower(dev, 1);
	axvm_device_raise(dev, 0);
	expect_line(test, first, 2, false, 1, 1);
	expect_line(test, second, 2, false, 1, 1);
	expect_line(test, first, 1, true, 1, 0);
	expect_line(test, second, 1, true, 1, 0);
}

static void irq_chips_are_bounded(struct kunit *test)
{
	struct axvm_device_config config = { .type = FIXTURE_CHIP_TYPE };
	struct axvm_vm *vm = fixture_vm(test, 0);
	struct fixture_chip *chip[AXVM_MAX_IRQCHIPS];
	struct axvm_device *wire = add_wire(test, vm, 1, 2);
	unsigned int i;

	for (i = 0; i < AXVM_MAX_IRQCHIPS; i++) {
		chip[i] = fixture_chip(test, vm);
		mutex_lock(&vm->lock);
		KUNIT_EXPECT_EQ(test, axvm_irqchip_register(&chip[i]->dev, &fixture_chip_ops),
				-EEXIST);
		mutex_unlock(&vm->lock);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -ENOSPC);

	/* The place of one that went is free; the others hear on */
	KUNIT_EXPECT_EQ(test, remove_device(vm, chip[1]->dev.id), 0);
	axvm_device_raise(wire, 0);
	expect_line(test, chip[0], 1, true, 1, 0);
	expect_line(test, chip[3], 1, true, 1, 0);
	chip[1] = fixture_chip(test, vm);
	expect_line(test, chip[1], 1, true, 1, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -ENOSPC);
}

static void irq_eoi_reaches_chips(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct axvm_device *dev[2];
	struct eoi_chip *chip[2];
	int i;

	axvm_irq_eoi(vm->vcpus[0], 1);
	fixture_chip(test, vm);		/* has no eoi() */
	for (i = 0; i < 2; i++) {
		dev[i] = fixture_device(test, vm, EOI_TYPE, 0, 0);
		chip[i] = container_of(dev[i], struct eoi_chip, dev);
	}
	axvm_irq_eoi(vm->vcpus[0], 0x51);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, chip[i]->eois, 1);
		KUNIT_EXPECT_EQ(test, chip[i]->irq, 0x51);
		KUNIT_EXPECT_PTR_EQ(test, chip[i]->vcpu, vm->vcpus[0]);
	}
	KUNIT_EXPECT_EQ(test, remove_device(vm, dev[0]->id), 0);
	axvm_irq_eoi(vm->vcpus[0], 0x52);
	KUNIT_EXPECT_EQ(test, chip[1]->eois, 2);
}

/* --- one interrupt to one vCPU ------------------------------------------------------- */

static void irq_injects_by_number(struct kunit *test)
{
	struct axvm_vm *vm = note_vm(test, 2);
	u32 id = vm->id;

	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, 1, 0x31), 0);
	KUNIT_EXPECT_EQ(test, injected[1], 0x31);
	KUNIT_EXPECT_EQ(test, injected[0], 0);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, 0, 256), -EINVAL);

	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, 2, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, AXVM_MAX_VCPUS, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, U32_MAX, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(0, 0, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(U32_MAX, 0, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, nr_injected, 1);
	KUNIT_EXPECT_EQ(test, vm->vcpus[1]->stats.kicks, 0);

	axvm_vm_stop(vm, AXVM_STOP_REQUEST, 0);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, 0, 0x31), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, nr_injected, 1);

	kunit_release_action(test, fixture_put_vm, vm);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(id, 0, 0x31), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(id, 0), -ENOENT);
}

static void irq_knows_residency(struct kunit *test)
{
	struct axvm_vm *vm = note_vm(test, 1);

	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(vm->id, 0), -ESRCH);
	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(vm->id, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(vm->id, AXVM_MAX_VCPUS), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(U32_MAX, 0), -ENOENT);
	WRITE_ONCE(vm->vcpus[0]->pcpu, 1);
	KUNIT_EXPECT_EQ(test, axvm_vcpu_resides_on(vm->id, 0), 1);
	WRITE_ONCE(vm->vcpus[0]->pcpu, -1);
}

struct bell {
	struct hrtimer timer;
	u32 vm;
	int ret;
};

static enum hrtimer_restart bell_rings(struct hrtimer *timer)
{
	struct bell *bell = container_of(timer, struct bell, timer);

	bell->ret = axvm_inject_irq_to_vcpu(bell->vm, 0, 0x40);
	return HRTIMER_NORESTART;
}

static void set_bell(struct bell *bell, struct axvm_vm *vm)
{
	bell->vm = vm->id;
	axvm_hrtimer_setup(&bell->timer, bell_rings, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&bell->timer, ms_to_ktime(5), HRTIMER_MODE_REL_HARD);
}

/* Asleep in HLT: as core/vcpu.c does it */
static int halted_vcpu(void *data)
{
	struct axvm_vcpu *vcpu = data;

	WRITE_ONCE(vcpu->mode, AXVM_BLOCKED);
	smp_mb();	/* pairs with axvm_vcpu_kick() */
	rcuwait_wait_event(&vcpu->wait, READ_ONCE(nr_injected) || kthread_should_stop(),
			   TASK_UNINTERRUPTIBLE);
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static bool soon(const int *value, int wanted)
{
	unsigned int ms;

	for (ms = 0; ms < 10000; ms++) {
		if (READ_ONCE(*value) == wanted)
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

static void irq_wakes_a_halted_vcpu(struct kunit *test)
{
	struct axvm_vm *vm = note_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];
	struct bell bell = {};
	struct task_struct *task = kthread_run(halted_vcpu, vcpu, "axvm-halted");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_EXPECT_TRUE(test, soon(&vcpu->mode, AXVM_BLOCKED));
	set_bell(&bell, vm);
	KUNIT_EXPECT_TRUE(test, soon(&vcpu->mode, AXVM_OUTSIDE));
	KUNIT_EXPECT_EQ(test, bell.ret, 0);
	KUNIT_EXPECT_TRUE(test, in_hardirq_context);
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 0);
	hrtimer_cancel(&bell.timer);
	kthread_stop(task);
}

/* Where a vCPU in the guest would be: this CPU, and another one */
static int two_cpus(struct kunit *test, int *other)
{
	int this = get_cpu();

	*other = cpumask_any_but(cpu_online_mask, this);
	put_cpu();
	if (*other >= nr_cpu_ids)
		kunit_skip(test, "one CPU only");
	return this;
}

static void irq_kicks_the_other_cpu_only(struct kunit *test)
{
	struct axvm_vm *vm = note_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];
	int other, this = two_cpus(test, &other);

	/* Outside: nothing to do */
	WRITE_ONCE(vcpu->pcpu, other);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(vm->id, 0, 0x41), 0);
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 0);

	/* In the guest, there: may wait, may not wait */
	set_cpus_allowed_ptr(current, cpumask_of(this));
	WRITE_ONCE(vcpu->mode, AXVM_IN_GUEST);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(vm->id, 0, 0x42), 0);
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 1);
	KUNIT_EXPECT_TRUE(test, soon(&vcpu->ipis.counter, 0));
	local_irq_disable();
	axvm_inject_irq_to_vcpu(vm->id, 0, 0x43);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 2);
	KUNIT_EXPECT_TRUE(test, soon(&vcpu->ipis.counter, 0));
	KUNIT_EXPECT_EQ(test, vcpu->stats.late, 0);

	/* In the guest, here: whoever runs here has it out; and on no CPU */
	WRITE_ONCE(vcpu->pcpu, this);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(vm->id, 0, 0x44), 0);
	WRITE_ONCE(vcpu->pcpu, -1);
	KUNIT_EXPECT_EQ(test, axvm_inject_irq_to_vcpu(vm->id, 0, 0x45), 0);
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 2);
	KUNIT_EXPECT_EQ(test, nr_injected, 5);
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* Keeps IPIs out of its CPU from *stage 1 to 2; gives up after a while */
static int deaf_cpu(void *data)
{
	int *stage = data;
	unsigned int us;

	local_irq_disable();
	WRITE_ONCE(*stage, 1);
	for (us = 0; us < 1000000 && READ_ONCE(*stage) == 1; us++)
		udelay(1);
	local_irq_enable();
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * The vCPU moves while an IPI is on its way to where it was. A second interrupt finds
 * that one still queued (-EBUSY), so it has to be sent after the vCPU.
 */
static void irq_ipi_follows_a_vcpu_that_moved(struct kunit *test)
{
	struct axvm_vm *vm = note_vm(test, 1);
	struct axvm_vcpu *vcpu = vm->vcpus[0];
	int other, this = two_cpus(test, &other);
	struct task_struct *task;
	int stage = 0;

	set_cpus_allowed_ptr(current, cpumask_of(this));
	task = kthread_create_on_cpu(deaf_cpu, &stage, other, "axvm-deaf/%u");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wake_up_process(task);
	KUNIT_EXPECT_TRUE(test, soon(&stage, 1));

	WRITE_ONCE(vcpu->pcpu, other);
	WRITE_ONCE(vcpu->mode, AXVM_IN_GUEST);
	local_irq_disable();
	axvm_inject_irq_to_vcpu(vm->id, 0, 0x50);
	axvm_inject_irq_to_vcpu(vm->id, 0, 0x51);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->ipis), 1);

	WRITE_ONCE(vcpu->pcpu, this);
	WRITE_ONCE(stage, 2);
	KUNIT_EXPECT_TRUE(test, soon(&vcpu->ipis.counter, 0));
	KUNIT_EXPECT_EQ(test, vcpu->stats.late, 1);
	KUNIT_EXPECT_EQ(test, vcpu->stats.kicks, 2);
	WRITE_ONCE(vcpu->mode, AXVM_OUTSIDE);
	kthread_stop(task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static struct kunit_case irq_cases[] = {
	KUNIT_CASE(irq_line_follows_its_device),
	KUNIT_CASE(irq_line_not_declared_is_ignored),
	KUNIT_CASE(irq_line_is_shared),
	KUNIT_CASE(irq_line_pulses),
	KUNIT_CASE(irq_line_driven_by_userspace),
	KUNIT_CASE(irq_line_falls_with_its_device),
	KUNIT_CASE(irq_line_has_other_holders),
	KUNIT_CASE(irq_line_of_an_ended_vm),
	KUNIT_CASE(irq_chip_hears_of_high_lines),
	KUNIT_CASE(irq_chips_are_bounded),
	KUNIT_CASE(irq_eoi_reaches_chips),
	KUNIT_CASE(irq_injects_by_number),
	KUNIT_CASE(irq_knows_residency),
	KUNIT_CASE(irq_wakes_a_halted_vcpu),
	KUNIT_CASE(irq_kicks_the_other_cpu_only),
	KUNIT_CASE(irq_ipi_follows_a_vcpu_that_moved),
	{}
};

static struct kunit_suite irq_suite = {
	.name = "axvm_irq",
	.suite_init = irq_suite_init,
	.suite_exit = irq_suite_exit,
	.init = irq_init,
	.test_cases = irq_cases,
};

kunit_test_suite(irq_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm: interrupt lines and injection");
