// SPDX-License-Identifier: GPL-2.0
/* devices/debug_exit.c: any write ends the VM with the value as its code. */
#include "fixture.h"

#define PORT	0xf4

static struct axvm_vm *debug_exit_vm(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);

	fixture_device(test, vm, AXVM_DEV_DEBUG_EXIT, 0, 0);
	return vm;
}

static void expect_stop(struct kunit *test, struct axvm_vm *vm, u32 reason, u64 code)
{
	KUNIT_EXPECT_EQ(test, READ_ONCE(vm->stop_reason), reason);
	KUNIT_EXPECT_EQ(test, vm->stop_code, code);
}

static void debug_exit_read(struct kunit *test)
{
	struct axvm_vm *vm = debug_exit_vm(test);

	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT, 1), 0);
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT, 4), 0);
	/* Beyond its end is open bus. */
	KUNIT_EXPECT_EQ(test, fixture_in(vm, PORT + 4, 1), 0xff);
	expect_stop(test, vm, AXVM_STOP_NONE, 0);
}

static void debug_exit_widths(struct kunit *test)
{
	static const struct {
		u16 port;
		unsigned int width;
		u32 value;
	} writes[] = {
		{ PORT, 1, 0 },
		{ PORT, 1, 0xa5 },
		{ PORT, 2, 0xbeef },
		{ PORT, 4, 0xdeadbeef },
		{ PORT + 3, 1, 7 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		struct axvm_vm *vm = debug_exit_vm(test);

		fixture_out(vm, writes[i].port, writes[i].width, writes[i].value);
		expect_stop(test, vm, AXVM_STOP_DEBUG_EXIT, writes[i].value);
	}
}

static void debug_exit_first_wins(struct kunit *test)
{
	struct axvm_vm *vm = debug_exit_vm(test);

	fixture_out(vm, PORT, 1, 3);
	fixture_out(vm, PORT, 1, 4);
	expect_stop(test, vm, AXVM_STOP_DEBUG_EXIT, 3);
}

static void debug_exit_config(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_DEBUG_EXIT, .base = 0x501,
					     .length = 2 };
	struct axvm_vm *vm = fixture_vm(test, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	fixture_out(vm, 0x503, 1, 1);
	fixture_out(vm, 0x500, 1, 1);
	fixture_out(vm, 0x502, 2, 1);
	expect_stop(test, vm, AXVM_STOP_NONE, 0);
	fixture_out(vm, 0x502, 1, 9);
	expect_stop(test, vm, AXVM_STOP_DEBUG_EXIT, 9);
}

static void debug_exit_in_memory(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_DEBUG_EXIT, .base = 0x09020000,
					     .length = 4, .nr_cfg = 1, .cfg = { 1 } };
	struct axvm_vm *vm = fixture_vm(test, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, 0x09020000, 4), 0);
	fixture_store(vm, NULL, 0x09020004, 4, 1);
	expect_stop(test, vm, AXVM_STOP_NONE, 0);
	fixture_store(vm, NULL, 0x09020000, 4, 77);
	expect_stop(test, vm, AXVM_STOP_DEBUG_EXIT, 77);
}

static void debug_exit_refused(struct kunit *test)
{
	static const struct axvm_device_config refused[] = {
		{ .type = AXVM_DEV_DEBUG_EXIT, .nr_cfg = 1, .cfg = { 1 } },
		{ .type = AXVM_DEV_DEBUG_EXIT, .nr_cfg = 1, .cfg = { 2 }, .base = 0x1000 },
		{ .type = AXVM_DEV_DEBUG_EXIT, .nr_cfg = 2 },
		{ .type = AXVM_DEV_DEBUG_EXIT, .base = 0xffff },
	};
	struct axvm_vm *vm = fixture_vm(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_TRUE(test, IS_ERR(fixture_try_device(vm, &refused[i])));
}

static struct kunit_case debug_exit_cases[] = {
	KUNIT_CASE(debug_exit_read),
	KUNIT_CASE(debug_exit_widths),
	KUNIT_CASE(debug_exit_first_wins),
	KUNIT_CASE(debug_exit_config),
	KUNIT_CASE(debug_exit_in_memory),
	KUNIT_CASE(debug_exit_refused),
	{}
};

static struct kunit_suite debug_exit_suite = {
	.name = "axvm-debug-exit",
	.test_cases = debug_exit_cases,
};

kunit_test_suite(debug_exit_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the debug exit port");
