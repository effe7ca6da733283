// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through: which ranges are refused and by what, that a refusal leaves nothing claimed, ports
 * that are opened and closed, and levels of an interrupt that this suite makes itself.
 */
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/irq.h>
#include <linux/pci.h>

#include "fixture.h"
#include "../devices/passthrough.h"

/* Where no machine of the bed has anything, nor RAM */
#define FREE		0xd8000000ULL
#define FREE_PORTS	0x7c00
#define GUEST		0x50000000ULL
#define LINE		5

/* --- the backend's part --------------------------------------------------------------- */

static DECLARE_BITMAP(open_ports, 0x10000);
static int ports_error;

static int note_ports(struct axvm_vm *vm, u16 first, u16 last, bool open)
{
	if (open && ports_error)
		return ports_error;
	if (open)
		bitmap_set(open_ports, first, last - first + 1);
	else
		bitmap_clear(open_ports, first, last - first + 1);
	return 0;
}

/* A VM with a backend that has ports */
static struct axvm_vm *new_vm(struct kunit *test)
{
	static struct axvm_backend backend;
	struct axvm_vm *vm = fixture_vm(test, 0);

	backend = fixture_backend;
	backend.ports = note_ports;
	vm->ops = &backend;
	return vm;
}

static int pass(struct axvm_vm *vm, struct axvm_pass_through *arg)
{
	int ret;

	arg->size = sizeof(*arg);
	mutex_lock(&vm->lock);
	ret = axvm_pass_through(vm, arg);
	mutex_unlock(&vm->lock);
	return ret;
}

static int pass_memory(struct axvm_vm *vm, u64 base, u64 host, u64 length, u32 flags)
{
	struct axvm_pass_through arg = {
		.flags = flags, .base = base, .host = host, .length = length, .name = "memory",
	};

	return pass(vm, &arg);
}

static int pass_ports(struct axvm_vm *vm, u64 base, u64 host, u64 length, u32 flags)
{
	return pass_memory(vm, base, host, length, flags | AXVM_PASS_PORTS);
}

static int remove(struct axvm_vm *vm, u32 id)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, id);
	mutex_unlock(&vm->lock);
	return ret;
}

/* Would anybody get the range? Asked by taking it. */
static bool is_free(u64 first, u64 length)
{
	if (!request_mem_region(first, length, "axvm-test"))
		return false;
	release_mem_region(first, length);
	return true;
}

/* --- ranges ------------------------------------------------------------------------------ */

static void bad_ranges(struct kunit *test)
{
	const u64 limit = 1ULL << fixture_backend.gpa_bits;
	struct axvm_vm *vm = new_vm(test);
	static const struct {
		u64 base;
		u64 host;
		u64 length;
		u32 flags;
	} bad[] = {
		{ GUEST, FREE, 0, 0 },
		{ GUEST, FREE, 0, AXVM_PASS_MAPPED },
		{ GUEST, -0x1000ULL, 0x2000, 0 },
		{ -0x1000ULL, FREE, 0x2000, 0 },
		{ GUEST, FREE, -0x1000ULL, 0 },
		{ GUEST, FREE, ~0ULL, 0 },
		{ GUEST + 4, FREE, 0x1000, AXVM_PASS_MAPPED },
		{ GUEST, FREE + 4, 0x1000, AXVM_PASS_MAPPED },
		{ GUEST, FREE, 0x800, AXVM_PASS_MAPPED },
		{ GUEST, FREE, 0x1000, 8 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, pass_memory(vm, bad[i].base, bad[i].host, bad[i].length,
						      bad[i].flags), -EINVAL, "%u", i);
		KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x1000));
	}
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, limit - 0x1000, 0x2000, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, limit, FREE, 0x1000, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 0);
}

static void bad_words(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	const struct axvm_pass_through good = {
		.base = GUEST, .host = FREE, .length = 0x1000, .name = "words",
	};
	struct axvm_pass_through arg = good;

	arg.widths = 16;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	arg = good;
	arg.id = 1;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	arg = good;
	arg.irq = LINE;		/* and no interrupt that it could be */
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	arg = good;
	arg.flags = AXVM_PASS_MAPPED;
	arg.widths = 4;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	arg = good;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), 0);
	KUNIT_EXPECT_FALSE(test, is_free(FREE, 1));
	KUNIT_EXPECT_EQ(test, remove(vm, arg.id), 0);
	KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x1000));
}

/* Each part of a refused one is given back, also what was taken before the refusal. */
static void refusals_unwind(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct axvm_pass_through arg = {
		.flags = AXVM_PASS_MAPPED | AXVM_PASS_IRQ, .base = GUEST, .host = FREE,
		.length = 0x1000, .irq = LINE, .host_irq = 1U << 20, .name = "unwind",
	};

	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x1000));
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, axvm_memory_overlaps(vm, GUEST, 0x1000));
	mutex_unlock(&vm->lock);
	arg.irq = AXVM_MAX_IRQS;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x1000));

	/* The place is free in the guest, too. */
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), 0);
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 1);
}

static void held_by_the_host(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);

	KUNIT_ASSERT_NOT_NULL(test, request_mem_region(FREE + 0x800, 0x10, "axvm-test"));
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), -EBUSY);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE + 0x808, 4, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE + 0x810, 4, 0), 0);
	release_mem_region(FREE + 0x800, 0x10);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST + 0x1000, FREE, 0x810, 0), 0);
}

static void held_by_another_vm(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test), *other = new_vm(test);

	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), 0);
	KUNIT_EXPECT_EQ(test, pass_memory(other, GUEST, FREE, 0x1000, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST + 0x1000, FREE, 0x1000, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pass_memory(other, GUEST, FREE + 0x1000, 0x1000, 0), 0);
}

/* The end of the VM is the end of its claims. */
static void vm_end_gives_back(struct kunit *test)
{
	const struct axvm_create_vm config = { .size = sizeof(config) };
	struct axvm_vm *vm = axvm_vm_create(&fixture_backend, &config);

	KUNIT_ASSERT_FALSE(test, IS_ERR(vm));
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), 0);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST + 0x1000, FREE + 0x1000, 0x1000, 0), 0);
	KUNIT_EXPECT_FALSE(test, is_free(FREE, 0x2000));
	axvm_vm_put(vm);
	KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x2000));
}

static void ram_never(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	u64 ram;

	ram = virt_to_phys(kunit_kzalloc(test, 64, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, ram & PAGE_MASK, PAGE_SIZE, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, ram & PAGE_MASK, PAGE_SIZE,
					  AXVM_PASS_MAPPED), -EPERM);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, ram, 1, 0), -EPERM);
}

/* Another device's place, and what of the guest is direct is no memory to the kernel. */
static void places_in_the_guest(struct kunit *test)
{
	struct axvm_device_config emulated = {
		.type = AXVM_DEV_DEBUG_EXIT, .base = GUEST + 0x800, .length = 4,
		.nr_cfg = 1, .cfg = { 1 },
	};
	struct axvm_vm *vm = new_vm(test);
	struct axvm_gap gap;
	struct axvm_device *dev;

	dev = fixture_try_device(vm, &emulated);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), -EEXIST);
	KUNIT_EXPECT_TRUE(test, is_free(FREE, 0x1000));
	KUNIT_EXPECT_EQ(test, remove(vm, dev->id), 0);

	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE, 0x1000, AXVM_PASS_MAPPED), 0);
	KUNIT_EXPECT_EQ(test, pass_memory(vm, GUEST, FREE + 0x1000, 0x1000, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &emulated)), -EEXIST);

	local_irq_disable();
	KUNIT_EXPECT_NULL(test, axvm_slot_find(vm, GUEST));
	KUNIT_EXPECT_FALSE(test, axvm_slot_gap(vm, GUEST + 0xfff, &gap));
	KUNIT_EXPECT_TRUE(test, axvm_slot_gap(vm, GUEST + 0x1000, &gap));
	KUNIT_EXPECT_EQ(test, gap.first, GUEST + 0x1000);
	local_irq_enable();
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_TRUE(test, axvm_memory_overlaps(vm, GUEST + 0xfff, 1));
	KUNIT_EXPECT_FALSE(test, axvm_memory_overlaps(vm, GUEST + 0x1000, 0x1000));
	KUNIT_EXPECT_EQ(test, axvm_memory_size(vm), 0);
	mutex_unlock(&vm->lock);
}

/* What does not reach the hardware, for its width or for how it lies, is an open bus. */
static void widths(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct axvm_pass_through arg = {
		.base = GUEST, .host = FREE + 2, .length = 0x10, .widths = 4, .name = "widths",
	};
	const u64 open_bus = vm->devices.open_bus[AXVM_BUS_MMIO];

	KUNIT_ASSERT_EQ(test, pass(vm, &arg), 0);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GUEST + 2, 1), 0xff);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GUEST + 2, 2), 0xffff);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GUEST + 6, 8), ~0ULL);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, GUEST, 4), ~0U);	/* not aligned there */
	fixture_store(vm, NULL, GUEST + 2, 1, 0);
	KUNIT_EXPECT_EQ(test, vm->devices.open_bus[AXVM_BUS_MMIO], open_bus + 5);
}

/* --- ports ------------------------------------------------------------------------------- */

static void ports_on_x86(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct axvm_pass_through arg = {
		.flags = AXVM_PASS_PORTS | AXVM_PASS_MAPPED, .base = FREE_PORTS,
		.host = FREE_PORTS, .length = 5, .name = "ports",
	};

	if (!axvm_host_has_ports())
		kunit_skip(test, "no ports here");
	bitmap_zero(open_ports, 0x10000);
	ports_error = 0;
	KUNIT_EXPECT_EQ(test, pass_ports(vm, 0xffff, 0xffff, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pass_ports(vm, 0x10000, 0x10000, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pass_ports(vm, FREE_PORTS + 8, FREE_PORTS, 8, AXVM_PASS_MAPPED),
			-EINVAL);
	arg.widths = 8;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EINVAL);
	arg.widths = 0;
	KUNIT_EXPECT_TRUE(test, bitmap_empty(open_ports, 0x10000));

	KUNIT_EXPECT_EQ(test, pass(vm, &arg), 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(open_ports, 0x10000), 5);
	KUNIT_EXPECT_EQ(test, find_first_bit(open_ports, 0x10000), FREE_PORTS);
	KUNIT_EXPECT_EQ(test, pass_ports(vm, FREE_PORTS + 4, FREE_PORTS + 4, 1, 0), -EEXIST);
	KUNIT_EXPECT_NULL(test, request_region(FREE_PORTS, 1, "axvm-test"));
	KUNIT_EXPECT_EQ(test, remove(vm, arg.id), 0);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(open_ports, 0x10000));

	/* Routed: another place, and nothing is open */
	KUNIT_EXPECT_EQ(test, pass_ports(vm, FREE_PORTS + 8, FREE_PORTS, 8, 0), 0);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(open_ports, 0x10000));
}

static void ports_unwind(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);

	if (!axvm_host_has_ports()) {
		KUNIT_EXPECT_EQ(test, pass_ports(vm, FREE_PORTS, FREE_PORTS, 8, 0), -EINVAL);
		return;
	}
	ports_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, pass_ports(vm, FREE_PORTS, FREE_PORTS, 8, AXVM_PASS_MAPPED),
			-ENOMEM);
	ports_error = 0;
	KUNIT_EXPECT_NOT_NULL(test, request_region(FREE_PORTS, 8, "axvm-test"));
	release_region(FREE_PORTS, 8);
}

/* Ports that are memory: who has claimed the ports has the memory, and the other way round. */
static void ports_in_memory(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct axvm_pass_through arg = { .base = GUEST, .length = 8, .name = "ports" };
	struct resource ports;
	u64 at;

	if (axvm_host_has_ports()) {
		KUNIT_EXPECT_FALSE(test, axvm_host_ports_at(0, ~0ULL, &ports));
		return;
	}
	at = pci_pio_to_address(FREE_PORTS);
	KUNIT_ASSERT_TRUE(test, axvm_host_ports_at(at, at + 7, &ports));
	KUNIT_EXPECT_EQ(test, ports.start, FREE_PORTS);
	KUNIT_EXPECT_EQ(test, ports.end, FREE_PORTS + 7);
	/* What is only in part of the window has the ports of that part. */
	at = pci_pio_to_address(0);
	KUNIT_ASSERT_TRUE(test, axvm_host_ports_at(at - 16, at + 7, &ports));
	KUNIT_EXPECT_EQ(test, ports.start, 0);
	KUNIT_EXPECT_EQ(test, ports.end, 7);
	KUNIT_EXPECT_FALSE(test, axvm_host_ports_at(at - 16, at - 1, &ports));

	at = pci_pio_to_address(FREE_PORTS);
	KUNIT_ASSERT_NOT_NULL(test, request_region(FREE_PORTS, 8, "axvm-test"));
	arg.host = at;
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), -EBUSY);
	KUNIT_EXPECT_TRUE(test, is_free(at, 8));
	release_region(FREE_PORTS, 8);
	KUNIT_EXPECT_EQ(test, pass(vm, &arg), 0);
	KUNIT_EXPECT_NULL(test, request_region(FREE_PORTS + 7, 1, "axvm-test"));
	KUNIT_EXPECT_EQ(test, remove(vm, arg.id), 0);
	KUNIT_EXPECT_NOT_NULL(test, request_region(FREE_PORTS, 8, "axvm-test"));
	release_region(FREE_PORTS, 8);
}

/* --- an interrupt -------------------------------------------------------------------------- */

/**
 * struct fake - an interrupt controller with one interrupt
 * @irq: its number
 * @masked: the controller holds it back
 * @level: the hardware wants it
 * @lazy: the controller let it through at a time when disabling it would not have masked it
 */
static struct fake {
	int irq;
	bool masked;
	bool level;
	bool lazy;
} fake;

static void fake_mask(struct irq_data *data)
{
	WRITE_ONCE(fake.masked, true);
}

static void fake_unmask(struct irq_data *data)
{
	if (!(irq_data_to_desc(data)->status_use_accessors & IRQ_DISABLE_UNLAZY))
		fake.lazy = true;
	WRITE_ONCE(fake.masked, false);
}

static int fake_set_type(struct irq_data *data, unsigned int type)
{
	irqd_set_trigger_type(data, type);
	return IRQ_SET_MASK_OK_NOCOPY;
}

static struct irq_chip fake_chip = {
	.name = "axvm-test",
	.irq_mask = fake_mask,
	.irq_unmask = fake_unmask,
	.irq_ack = fake_mask,
	.irq_set_type = fake_set_type,
};

static void fake_free(void *unused)
{
	irq_free_desc(fake.irq);
}

static void fake_make(struct kunit *test, u32 type)
{
	fake = (struct fake){ .irq = irq_alloc_desc(NUMA_NO_NODE), .masked = true };
	KUNIT_ASSERT_GT(test, fake.irq, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fake_free, NULL), 0);
	irq_set_chip_and_handler(fake.irq, &fake_chip, type & IRQ_TYPE_LEVEL_MASK ?
				 handle_level_irq : handle_simple_irq);
	irq_set_irq_type(fake.irq, type);
	irq_clear_status_flags(fake.irq, IRQ_NOREQUEST);
}

/* As long as the hardware wants it and the controller lets it through, it comes. */
static unsigned int fake_deliver(void)
{
	unsigned long flags;
	unsigned int n = 0;

	while (fake.level && !READ_ONCE(fake.masked) && n < 100) {
		local_irq_save(flags);
		generic_handle_irq(fake.irq);
		local_irq_restore(flags);
		n++;
	}
	return n;
}

static int pass_irq(struct axvm_vm *vm, u32 *id)
{
	struct axvm_pass_through arg = {
		.flags = AXVM_PASS_IRQ, .irq = LINE, .host_irq = fake.irq, .name = "a/b irq",
	};
	int ret = pass(vm, &arg);

	*id = arg.id;
	return ret;
}

/* Up and masked from the interrupt to the guest's end of it, and again while it is wanted */
static void level_until_the_end(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct fixture_chip *chip = fixture_chip(test, vm);
	u32 id;

	fake_make(test, IRQ_TYPE_LEVEL_HIGH);
	KUNIT_ASSERT_EQ(test, pass_irq(vm, &id), 0);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	KUNIT_EXPECT_FALSE(test, fake.lazy);
	fake.level = true;
	KUNIT_EXPECT_EQ(test, fake_deliver(), 1);
	KUNIT_EXPECT_TRUE(test, fake.masked);
	KUNIT_EXPECT_TRUE(test, chip->level[LINE]);
	/* Of another line */
	axvm_irq_ended(vm, LINE + 1);
	KUNIT_EXPECT_TRUE(test, fake.masked);

	axvm_irq_ended(vm, LINE);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	KUNIT_EXPECT_FALSE(test, chip->level[LINE]);
	KUNIT_EXPECT_EQ(test, fake_deliver(), 1);
	KUNIT_EXPECT_TRUE(test, chip->level[LINE]);
	KUNIT_EXPECT_EQ(test, chip->rises[LINE], 2);

	fake.level = false;
	axvm_irq_ended(vm, LINE);
	axvm_irq_ended(vm, LINE);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	KUNIT_EXPECT_EQ(test, fake_deliver(), 0);
	KUNIT_EXPECT_FALSE(test, chip->level[LINE]);
	KUNIT_EXPECT_EQ(test, chip->falls[LINE], 2);
	KUNIT_EXPECT_EQ(test, remove(vm, id), 0);
}

static irqreturn_t host_handler(int irq, void *data)
{
	fake.level = false;
	return IRQ_HANDLED;
}

/* Given back in the middle of it, the host's next driver has it enabled, and once. */
static void level_given_back(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct fixture_chip *chip = fixture_chip(test, vm);
	u32 id;

	fake_make(test, IRQ_TYPE_LEVEL_HIGH);
	KUNIT_ASSERT_EQ(test, pass_irq(vm, &id), 0);
	fake.level = true;
	fake_deliver();
	KUNIT_EXPECT_TRUE(test, chip->level[LINE]);
	KUNIT_EXPECT_EQ(test, remove(vm, id), 0);
	KUNIT_EXPECT_FALSE(test, chip->level[LINE]);
	KUNIT_EXPECT_TRUE(test, fake.masked);
	axvm_irq_ended(vm, LINE);	/* too late */
	KUNIT_EXPECT_TRUE(test, fake.masked);
	KUNIT_EXPECT_FALSE(test, test_bit(LINE, vm->irq.resampled));

	KUNIT_ASSERT_EQ(test, request_irq(fake.irq, host_handler, 0, "axvm-test", test), 0);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	KUNIT_EXPECT_EQ(test, fake_deliver(), 1);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	/* And now it is the host's. */
	KUNIT_EXPECT_EQ(test, pass_irq(vm, &id), -EBUSY);
	free_irq(fake.irq, test);
	KUNIT_EXPECT_EQ(test, pass_irq(vm, &id), 0);
	KUNIT_EXPECT_EQ(test, remove(vm, id), 0);
}

/* A reset of the guest ends what it had not ended. */
static void level_reset(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	struct fixture_chip *chip = fixture_chip(test, vm);
	u32 id;

	fake_make(test, IRQ_TYPE_LEVEL_LOW);
	KUNIT_ASSERT_EQ(test, pass_irq(vm, &id), 0);
	fake.level = true;
	fake_deliver();
	KUNIT_EXPECT_TRUE(test, chip->level[LINE]);
	mutex_lock(&vm->lock);
	axvm_devices_reset(vm);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, chip->level[LINE]);
	KUNIT_EXPECT_FALSE(test, fake.masked);
	KUNIT_EXPECT_EQ(test, remove(vm, id), 0);
}

static void edges(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test), *other = new_vm(test);
	struct fixture_chip *chip = fixture_chip(test, vm);
	unsigned int i;
	u32 id, other_id;

	fake_make(test, IRQ_TYPE_EDGE_RISING);
	KUNIT_ASSERT_EQ(test, pass_irq(vm, &id), 0);
	for (i = 1; i <= 3; i++) {
		local_irq_disable();
		generic_handle_irq(fake.irq);
		local_irq_enable();
		KUNIT_EXPECT_EQ(test, chip->rises[LINE], i);
		KUNIT_EXPECT_FALSE(test, chip->level[LINE]);
		KUNIT_EXPECT_FALSE(test, fake.masked);
	}
	KUNIT_EXPECT_EQ(test, pass_irq(other, &other_id), -EBUSY);
	KUNIT_EXPECT_EQ(test, remove(vm, id), 0);
}

static void no_such_interrupt(struct kunit *test)
{
	struct axvm_vm *vm = new_vm(test);
	u32 id;

	fake_make(test, IRQ_TYPE_LEVEL_HIGH);
	irq_set_status_flags(fake.irq, IRQ_NOREQUEST);
	KUNIT_EXPECT_EQ(test, pass_irq(vm, &id), -EINVAL);
	KUNIT_EXPECT_FALSE(test, test_bit(LINE, vm->irq.resampled));
	KUNIT_EXPECT_EQ(test, vm->devices.nr, 0);
}

static struct kunit_case passthrough_cases[] = {
	KUNIT_CASE(bad_ranges),
	KUNIT_CASE(bad_words),
	KUNIT_CASE(refusals_unwind),
	KUNIT_CASE(held_by_the_host),
	KUNIT_CASE(held_by_another_vm),
	KUNIT_CASE(vm_end_gives_back),
	KUNIT_CASE(ram_never),
	KUNIT_CASE(places_in_the_guest),
	KUNIT_CASE(widths),
	KUNIT_CASE(ports_on_x86),
	KUNIT_CASE(ports_unwind),
	KUNIT_CASE(ports_in_memory),
	KUNIT_CASE(level_until_the_end),
	KUNIT_CASE(level_given_back),
	KUNIT_CASE(level_reset),
	KUNIT_CASE(edges),
	KUNIT_CASE(no_such_interrupt),
	{}
};

static struct kunit_suite passthrough_suite = {
	.name = "axvm_passthrough",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = passthrough_cases,
};

kunit_test_suite(passthrough_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of pass-through devices and interrupts");
