// SPDX-License-Identifier: GPL-2.0
/* Message-signalled interrupts on x86, against the SDM (Vol. 3A 10.11). */
#include "lapic.h"

#define ADDRESS(dest)	(0xfee00000ULL | (u64)(dest) << 12)
#define LOGICAL		BIT_ULL(2)
#define HINT		BIT_ULL(3)
#define LOWEST		BIT(8)
#define NMI		(4 << 8)
#define LEVEL		BIT(15)

static void msi_goes_where_it_says(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 3);

	KUNIT_EXPECT_EQ(test, axvm_x86_msi(vm, ADDRESS(1), 0x41, true), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), -1);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[2]), -1);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[1]), 0x41);

	KUNIT_EXPECT_EQ(test, axvm_x86_msi(vm, ADDRESS(0xff), 0x42 | LEVEL, true), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), 0x42);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[1]), 0x42);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[2]), 0x42);

	KUNIT_EXPECT_EQ(test, axvm_x86_msi(vm, ADDRESS(3), 0x43, true), -EAGAIN);
}

static void msi_to_one_of_several(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		xapic_write(vm->vcpus[i], APIC_DFR, APIC_DFR_FLAT);
		xapic_write(vm->vcpus[i], APIC_LDR, BIT(i) << 24);
	}
	KUNIT_EXPECT_EQ(test, axvm_x86_msi(vm, ADDRESS(3) | LOGICAL, 0x44, true), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), 0x44);
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[1]), 0x44);
	for (i = 0; i < 2; i++) {
		u32 mode = i ? LOWEST : 0;

		KUNIT_EXPECT_EQ(test, axvm_x86_msi(vm, ADDRESS(3) | LOGICAL | HINT, 0x45 | mode,
						   true), 0);
		KUNIT_EXPECT_EQ(test, (lapic_handle(vm->vcpus[0]) == 0x45) +
				(lapic_handle(vm->vcpus[1]) == 0x45), 1);
	}
}

static void msi_is_checked(struct kunit *test)
{
	static const struct {
		u64 address;
		u32 data;
		int ret;
	} cases[] = {
		{ ADDRESS(0), 16, 0 },
		{ ADDRESS(0), 255, 0 },
		{ ADDRESS(200), 0x40, 0 },
		{ ADDRESS(0), NMI, 0 },
		{ ADDRESS(0), 15, -EINVAL },
		{ ADDRESS(0), 0, -EINVAL },
		{ ADDRESS(0), LOWEST | 3, -EINVAL },
		{ 0xfed00000, 0x40, -EINVAL },
		{ 0xfef00000, 0x40, -EINVAL },
		{ 0, 0x40, -EINVAL },
		{ BIT_ULL(32) | ADDRESS(0), 0x40, -EINVAL },
		{ BIT_ULL(63) | ADDRESS(0), 0x40, -EINVAL },
	};
	struct axvm_vm *vm = lapic_vm(test, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, axvm_x86_msi(vm, cases[i].address, cases[i].data, false),
				    cases[i].ret, "case %u", i);
	/* Checked only: nothing was sent. */
	KUNIT_EXPECT_EQ(test, lapic_handle(vm->vcpus[0]), -1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->vcpus[0]->arch.nmi_pending), 0);
}

static struct kunit_case msi_cases[] = {
	KUNIT_CASE(msi_goes_where_it_says),
	KUNIT_CASE(msi_to_one_of_several),
	KUNIT_CASE(msi_is_checked),
	{}
};

static struct kunit_suite msi_suite = {
	.name = "axvm-msi",
	.test_cases = msi_cases,
};

kunit_test_suite(msi_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's message-signalled interrupts");
