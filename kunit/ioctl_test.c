// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl table: that its rows make sense, that version 1's structures keep their sizes,
 * and what the dispatcher refuses before a body sees it. (What the bodies refuse needs a
 * process: tools/tests/api-*.c.)
 */
#include <linux/capability.h>
#include <linux/cred.h>

#include "../core/ioctl.h"
#include "fixture.h"

/* --- the rows ------------------------------------------------------------------ */

static void calls_are_numbered(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < axvm_nr_calls; i++) {
		const struct axvm_call *call = &axvm_calls[i];

		KUNIT_EXPECT_EQ_MSG(test, _IOC_TYPE(call->cmd), AXVM_IOC, "%s", call->name);
		/* Sizes are told by the structures, which grow: the numbers stay. */
		KUNIT_EXPECT_EQ_MSG(test, _IOC_SIZE(call->cmd), 0, "%s", call->name);
		KUNIT_EXPECT_EQ_MSG(test, _IOC_DIR(call->cmd), _IOC_NONE, "%s", call->name);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_FALSE_MSG(test, axvm_calls[j].cmd == call->cmd &&
					       axvm_calls[j].object == call->object,
					       "%s stands there twice", call->name);
	}
}

static void calls_ask_for_what_there_is(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < axvm_nr_calls; i++) {
		const struct axvm_call *call = &axvm_calls[i];
		u32 locks = call->flags & (AXVM_CALL_LOCK_VM | AXVM_CALL_LOCK_VCPU);
		bool has_arg = call->size || (call->flags & AXVM_CALL_REGS);

		KUNIT_EXPECT_NOT_NULL_MSG(test, call->fn, "%s", call->name);
		if (call->object == AXVM_ON_SYSTEM)
			KUNIT_EXPECT_FALSE_MSG(test, locks || (call->flags & AXVM_CALL_MM),
					       "%s", call->name);
		if (call->object != AXVM_ON_VCPU)
			KUNIT_EXPECT_FALSE_MSG(test, call->flags &
					       (AXVM_CALL_LOCK_VCPU | AXVM_CALL_REGS),
					       "%s", call->name);
		if (call->flags & AXVM_CALL_OUT)
			KUNIT_EXPECT_TRUE_MSG(test, has_arg, "%s answers nowhere", call->name);
		if (call->flags & AXVM_CALL_REGS)
			KUNIT_EXPECT_EQ_MSG(test, call->size, 0, "%s", call->name);
		KUNIT_EXPECT_TRUE_MSG(test, call->capability == -1 || cap_valid(call->capability),
				      "%s", call->name);
	}
}

/* --- sizes --------------------------------------------------------------------- */

/* Version 1 of every structure, in bytes */
static const struct {
	unsigned int cmd;
	enum axvm_object object;
	size_t size;
} version_1[] = {
	{ AXVM_GET_INFO, AXVM_ON_SYSTEM, 336 },
	{ AXVM_CREATE_VM, AXVM_ON_SYSTEM, 48 },
	{ AXVM_VM_STAT, AXVM_ON_SYSTEM, 80 },
	{ AXVM_DEVICE_TYPE, AXVM_ON_SYSTEM, 48 },
	{ AXVM_IVC_PUBLISH, AXVM_ON_SYSTEM, 40 },
	{ AXVM_IVC_SUBSCRIBE, AXVM_ON_SYSTEM, 32 },
	{ AXVM_IVC_STAT, AXVM_ON_SYSTEM, 64 },
	{ AXVM_VM_IVC_ALLOW, AXVM_ON_VM, 24 },
	{ AXVM_VM_SET_MEMORY, AXVM_ON_VM, 40 },
	{ AXVM_VM_CREATE_VCPU, AXVM_ON_VM, 16 },
	{ AXVM_VM_CREATE_DEVICE, AXVM_ON_VM, 240 },
	{ AXVM_VM_REMOVE_DEVICE, AXVM_ON_VM, 8 },
	{ AXVM_VM_GET_STATUS, AXVM_ON_VM, 24 },
	{ AXVM_VM_IRQ_LINE, AXVM_ON_VM, 16 },
	{ AXVM_VM_INJECT, AXVM_ON_VM, 16 },
	{ AXVM_VM_GET_DEVICE_STATE, AXVM_ON_VM, 24 },
	{ AXVM_VM_SET_DEVICE_STATE, AXVM_ON_VM, 24 },
	{ AXVM_VCPU_GET_SYSREG, AXVM_ON_VCPU, 24 },
	{ AXVM_VCPU_SET_SYSREG, AXVM_ON_VCPU, 24 },
	{ AXVM_VCPU_GET_FPU, AXVM_ON_VCPU, 16 },
	{ AXVM_VCPU_SET_FPU, AXVM_ON_VCPU, 16 },
	{ AXVM_VM_BOOT, AXVM_ON_VM, 0 },
	{ AXVM_VM_RESET, AXVM_ON_VM, 0 },
	{ AXVM_VM_SUSPEND, AXVM_ON_VM, 0 },
	{ AXVM_VM_RESUME, AXVM_ON_VM, 0 },
	{ AXVM_VM_STOP, AXVM_ON_VM, 0 },
	{ AXVM_VCPU_RUN, AXVM_ON_VCPU, 0 },
};

static const struct axvm_call *find(unsigned int cmd, enum axvm_object object)
{
	unsigned int i;

	for (i = 0; i < axvm_nr_calls; i++)
		if (axvm_calls[i].cmd == cmd && axvm_calls[i].object == object)
			return &axvm_calls[i];
	return NULL;
}

/* Who was compiled with version 1 goes on working: shorter is not asked, longer is no loss */
static void sizes_of_version_1_are_taken(struct kunit *test)
{
	const struct axvm_call *call;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(version_1); i++) {
		call = find(version_1[i].cmd, version_1[i].object);
		KUNIT_ASSERT_NOT_NULL(test, call);
		KUNIT_EXPECT_EQ_MSG(test, call->min_size ?: call->size, version_1[i].size, "%s",
				    call->name);
		KUNIT_EXPECT_LE_MSG(test, call->min_size, call->size, "%s", call->name);
		KUNIT_EXPECT_LE_MSG(test, call->size, 4096, "%s", call->name);
	}
	/* The run page and the registers are shared with userspace, too. */
	KUNIT_EXPECT_EQ(test, sizeof(struct axvm_x86_segment), 24);
	KUNIT_EXPECT_EQ(test, sizeof(struct axvm_x86_regs), 496);
	KUNIT_EXPECT_EQ(test, offsetof(struct axvm_run, mmio), 16);
	KUNIT_EXPECT_EQ(test, offsetof(struct axvm_run, regs), 256);
}

/* --- the dispatcher ------------------------------------------------------------- */

static void calls_belong_to_their_object(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	enum axvm_object object;
	unsigned int i;

	for (i = 0; i < axvm_nr_calls; i++)
		for (object = AXVM_ON_SYSTEM; object <= AXVM_ON_VCPU; object++)
			if (!find(axvm_calls[i].cmd, object))
				KUNIT_EXPECT_EQ_MSG(test, -ENOTTY,
						    axvm_ioctl(object, vm, vm->vcpus[0],
							       axvm_calls[i].cmd, 0),
						    "%s", axvm_calls[i].name);
}

static void unknown_calls_are_refused(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	enum axvm_object object;
	unsigned int nr;

	for (object = AXVM_ON_SYSTEM; object <= AXVM_ON_VCPU; object++)
		for (nr = 0; nr < 256; nr++)
			if (!find(_IO(AXVM_IOC, nr), object))
				KUNIT_EXPECT_EQ(test, -ENOTTY,
						axvm_ioctl(object, vm, vm->vcpus[0],
							   _IO(AXVM_IOC, nr), 0));
}

/* This thread has no address space: a pointer leads nowhere, and the VM is another's. */
static void arguments_are_looked_at_first(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	unsigned int i;
	long ret;

	KUNIT_ASSERT_PTR_EQ(test, current->mm, vm->mm);
	for (i = 0; i < axvm_nr_calls; i++) {
		const struct axvm_call *call = &axvm_calls[i];
		bool has_arg = call->size || (call->flags & AXVM_CALL_REGS);

		/* The fixture has no registers. */
		if (call->flags & AXVM_CALL_REGS)
			continue;
		ret = axvm_ioctl(call->object, vm, vm->vcpus[0], call->cmd, has_arg ? 0 : 1);
		KUNIT_EXPECT_EQ_MSG(test, ret, has_arg ? -EFAULT : -EINVAL, "%s", call->name);
	}
}

static void another_process_is_refused(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct mm_struct *mm = vm->mm;
	unsigned int i;
	long ret;

	/* Only compared with */
	vm->mm = (struct mm_struct *)vm;
	for (i = 0; i < axvm_nr_calls; i++) {
		if (!(axvm_calls[i].flags & AXVM_CALL_MM))
			continue;
		ret = axvm_ioctl(axvm_calls[i].object, vm, vm->vcpus[0], axvm_calls[i].cmd, 0);
		KUNIT_EXPECT_EQ_MSG(test, ret, -EIO, "%s", axvm_calls[i].name);
	}
	vm->mm = mm;
}

/* What needs a capability is refused without it, before anything else is looked at. */
static void capabilities_are_needed(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 1);
	struct cred *powerless = prepare_creds();
	const struct cred *own;
	unsigned int i;
	long ret;

	KUNIT_ASSERT_NOT_NULL(test, powerless);
	cap_clear(powerless->cap_effective);
	own = override_creds(powerless);
	for (i = 0; i < axvm_nr_calls; i++) {
		if (axvm_calls[i].capability < 0)
			continue;
		ret = axvm_ioctl(axvm_calls[i].object, vm, vm->vcpus[0], axvm_calls[i].cmd, 0);
		KUNIT_EXPECT_EQ_MSG(test, ret, -EPERM, "%s", axvm_calls[i].name);
	}
	revert_creds(own);
	put_cred(powerless);
}

static struct kunit_case ioctl_cases[] = {
	KUNIT_CASE(calls_are_numbered),
	KUNIT_CASE(calls_ask_for_what_there_is),
	KUNIT_CASE(sizes_of_version_1_are_taken),
	KUNIT_CASE(calls_belong_to_their_object),
	KUNIT_CASE(unknown_calls_are_refused),
	KUNIT_CASE(arguments_are_looked_at_first),
	KUNIT_CASE(another_process_is_refused),
	KUNIT_CASE(capabilities_are_needed),
	{}
};

static struct kunit_suite ioctl_suite = {
	.name = "axvm-ioctl",
	.test_cases = ioctl_cases,
};

kunit_test_suite(ioctl_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: the ioctl table");
