// SPDX-License-Identifier: GPL-2.0
/* devices/pc_reset.c: the keyboard controller's reset, and port 0xcf9. */
#include "fixture.h"

#define KBC_DATA	0x60
#define KBC_STATUS	0x64
#define KBC_OBF		0x01
#define KBC_IBF		0x02
#define RST_CNT		0xcf9

static struct axvm_vm *pc_reset_vm(struct kunit *test, struct axvm_device **dev)
{
	struct axvm_vm *vm = fixture_vm(test, 0);

	*dev = fixture_device(test, vm, AXVM_DEV_PC_RESET, 0, 0);
	return vm;
}

static void expect_stop(struct kunit *test, struct axvm_vm *vm, u32 reason)
{
	KUNIT_EXPECT_EQ(test, READ_ONCE(vm->stop_reason), reason);
	KUNIT_EXPECT_EQ(test, vm->stop_code, 0);
}

/* What Linux' i8042 driver does first: read 16 bytes, and give up if there is one more */
static bool probe_fails(struct kunit *test, struct axvm_vm *vm)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (!(fixture_in(vm, KBC_STATUS, 1) & KBC_OBF))
			return false;
		KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_DATA, 1), 0xff);
	}
	return fixture_in(vm, KBC_STATUS, 1) & KBC_OBF;
}

static void pc_reset_probe(struct kunit *test)
{
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);

	/* Nobody waits for the input buffer. */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_STATUS, 1), KBC_OBF);
	/* A probe after a kexec finds the same. */
	KUNIT_EXPECT_TRUE(test, probe_fails(test, vm));
	KUNIT_EXPECT_TRUE(test, probe_fails(test, vm));
	expect_stop(test, vm, AXVM_STOP_NONE);
}

/* "while (inb(0x64) & 1) inb(0x60)" ends */
static unsigned int drain(struct axvm_vm *vm)
{
	unsigned int reads = 0;

	while (fixture_in(vm, KBC_STATUS, 1) & KBC_OBF && reads < 1000) {
		fixture_in(vm, KBC_DATA, 1);
		reads++;
	}
	return reads;
}

static void pc_reset_drain(struct kunit *test)
{
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);

	KUNIT_EXPECT_EQ(test, drain(vm), 64);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_STATUS, 1), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_DATA, 1), 0xff);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_STATUS, 1), 0);
	/* Whoever sends a command and waits for the answer gets one, a wrong one. */
	fixture_out(vm, KBC_STATUS, 1, 0xaa);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_STATUS, 1), KBC_OBF);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_DATA, 1), 0xff);
	drain(vm);
	fixture_out(vm, KBC_DATA, 1, 0xf2);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, KBC_STATUS, 1), KBC_OBF);
	expect_stop(test, vm, AXVM_STOP_NONE);
}

static void pc_reset_kbc_commands(struct kunit *test)
{
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);
	unsigned int command;

	for (command = 0; command <= 0xff; command++) {
		bool resets = command >= 0xf0 && !(command & 1);

		/* Data is no command. */
		fixture_out(vm, KBC_DATA, 1, command);
		expect_stop(test, vm, AXVM_STOP_NONE);
		fixture_out(vm, KBC_STATUS, 1, command);
		expect_stop(test, vm, resets ? AXVM_STOP_RESET : AXVM_STOP_NONE);
		if (resets)
			vm = pc_reset_vm(test, &dev);
	}
}

static void pc_reset_register(struct kunit *test)
{
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);

	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0);
	fixture_out(vm, RST_CNT, 1, 0xf1);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0);
	fixture_out(vm, RST_CNT, 1, 0x02);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0x02);
	fixture_out(vm, RST_CNT, 1, 0x0a);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0x0a);
	expect_stop(test, vm, AXVM_STOP_NONE);
	fixture_out(vm, RST_CNT, 1, 0x06);
	expect_stop(test, vm, AXVM_STOP_RESET);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0x06);

	/* In one go, as ACPI writes it; and without SYS_RST */
	vm = pc_reset_vm(test, &dev);
	fixture_out(vm, RST_CNT, 1, 0x06);
	expect_stop(test, vm, AXVM_STOP_RESET);
	vm = pc_reset_vm(test, &dev);
	fixture_out(vm, RST_CNT, 1, 0x04);
	expect_stop(test, vm, AXVM_STOP_RESET);
}

/* Only 0 to 1 of RST_CPU resets */
static void pc_reset_edge(struct kunit *test)
{
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);
	u8 state[] = { 64, 0x04 };

	KUNIT_ASSERT_EQ(test, dev->type->state_size, sizeof(state));
	KUNIT_ASSERT_EQ(test, dev->type->ops->restore(dev, state), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0x04);
	fixture_out(vm, RST_CNT, 1, 0x06);
	fixture_out(vm, RST_CNT, 1, 0x02);
	expect_stop(test, vm, AXVM_STOP_NONE);
	fixture_out(vm, RST_CNT, 1, 0x06);
	expect_stop(test, vm, AXVM_STOP_RESET);
}

/* The ports beside ours are somebody else's, and so is any access that reaches them. */
static void pc_reset_neighbours(struct kunit *test)
{
	static const struct {
		u16 port;
		unsigned int width;
	} others[] = {
		{ 0x61, 1 }, { 0x60, 2 }, { 0x63, 2 }, { 0x64, 2 }, { 0x64, 4 }, { 0x65, 1 },
		{ 0xcf8, 1 }, { 0xcf8, 2 }, { 0xcf8, 4 }, { 0xcf9, 2 }, { 0xcfa, 1 },
	};
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		KUNIT_EXPECT_EQ(test, axvm_devices_handle_port_read(vm, NULL, others[i].port,
								    others[i].width, &value),
				AXVM_UNCLAIMED);
		fixture_out(vm, others[i].port, others[i].width, 0x06060606);
		fixture_out(vm, others[i].port, others[i].width, 0xfefefefe);
	}
	expect_stop(test, vm, AXVM_STOP_NONE);
}

static void pc_reset_state(struct kunit *test)
{
	static const u8 bad[][2] = { { 65, 0 }, { 255, 0 }, { 0, 1 }, { 0, 0x10 }, { 64, 0xff } };
	struct axvm_device *dev;
	struct axvm_vm *vm = pc_reset_vm(test, &dev);
	u8 saved[2], now[2];
	unsigned int i;

	fixture_in(vm, KBC_DATA, 1);
	fixture_out(vm, RST_CNT, 1, 0x0a);
	dev->type->ops->save(dev, saved);
	KUNIT_EXPECT_EQ(test, saved[0], 63);
	KUNIT_EXPECT_EQ(test, saved[1], 0x0a);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, dev->type->ops->restore(dev, bad[i]), -EINVAL);
		dev->type->ops->save(dev, now);
		KUNIT_EXPECT_MEMEQ(test, now, saved, sizeof(saved));
	}

	dev->type->ops->reset(dev);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0);
	KUNIT_EXPECT_EQ(test, drain(vm), 64);
	KUNIT_EXPECT_EQ(test, dev->type->ops->restore(dev, saved), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, RST_CNT, 1), 0x0a);
	KUNIT_EXPECT_EQ(test, drain(vm), 63);
}

static void pc_reset_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_PC_RESET };
	struct axvm_vm *vm = fixture_vm(test, 0);

	config.base = 0x64;
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config = (struct axvm_device_config){ .type = AXVM_DEV_PC_RESET, .length = 1 };
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config = (struct axvm_device_config){ .type = AXVM_DEV_PC_RESET, .nr_cfg = 1 };
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	config = (struct axvm_device_config){ .type = AXVM_DEV_PC_RESET };
	KUNIT_EXPECT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EEXIST);
}

static struct kunit_case pc_reset_cases[] = {
	KUNIT_CASE(pc_reset_probe),
	KUNIT_CASE(pc_reset_drain),
	KUNIT_CASE(pc_reset_kbc_commands),
	KUNIT_CASE(pc_reset_register),
	KUNIT_CASE(pc_reset_edge),
	KUNIT_CASE(pc_reset_neighbours),
	KUNIT_CASE(pc_reset_state),
	KUNIT_CASE(pc_reset_config),
	{}
};

static struct kunit_suite pc_reset_suite = {
	.name = "axvm-pc-reset",
	.test_cases = pc_reset_cases,
};

kunit_test_suite(pc_reset_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the reset ports of a PC");
