// SPDX-License-Identifier: GPL-2.0
/*
 * What all ioctls have in common: the descriptor they are on, the size at the start of
 * their structure, the tail of a longer one, reserved fields, bad pointers.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api.h"
#include "check.h"

enum object { SYSTEM, VM, VCPU, NR_OBJECTS };

/* Every call, with the size of its structure (0: it takes none) */
struct call {
	const char *name;
	unsigned int cmd;
	enum object object;
	uint32_t size;
};

#define CALL(cmd_, object_, size_)	{ #cmd_, cmd_, object_, size_ }

static const struct call calls[] = {
	CALL(AXVM_GET_INFO, SYSTEM, sizeof(struct axvm_info)),
	CALL(AXVM_CREATE_VM, SYSTEM, sizeof(struct axvm_create_vm)),
	CALL(AXVM_VM_STAT, SYSTEM, sizeof(struct axvm_vm_stat)),
	CALL(AXVM_DEVICE_TYPE, SYSTEM, sizeof(struct axvm_device_type_info)),
	CALL(AXVM_IVC_PUBLISH, SYSTEM, sizeof(struct axvm_ivc_publish)),
	CALL(AXVM_IVC_SUBSCRIBE, SYSTEM, sizeof(struct axvm_ivc_subscribe)),
	CALL(AXVM_IVC_STAT, SYSTEM, sizeof(struct axvm_ivc_stat)),
	CALL(AXVM_VM_IVC_ALLOW, VM, sizeof(struct axvm_ivc_allow)),
	CALL(AXVM_VM_SET_MEMORY, VM, sizeof(struct axvm_memory)),
	CALL(AXVM_VM_CREATE_VCPU, VM, sizeof(struct axvm_create_vcpu)),
	CALL(AXVM_VM_CREATE_DEVICE, VM, sizeof(struct axvm_create_device)),
	CALL(AXVM_VM_PASS_THROUGH, VM, sizeof(struct axvm_pass_through)),
	CALL(AXVM_VM_REMOVE_DEVICE, VM, sizeof(struct axvm_device_ref)),
	CALL(AXVM_VM_GET_STATUS, VM, sizeof(struct axvm_vm_status)),
	CALL(AXVM_VM_IRQ_LINE, VM, sizeof(struct axvm_irq_line)),
	CALL(AXVM_VM_INJECT, VM, sizeof(struct axvm_inject)),
	CALL(AXVM_VM_GET_DEVICE_STATE, VM, sizeof(struct axvm_device_state)),
	CALL(AXVM_VM_SET_DEVICE_STATE, VM, sizeof(struct axvm_device_state)),
	CALL(AXVM_VM_IRQFD, VM, sizeof(struct axvm_irqfd)),
	CALL(AXVM_VM_IOEVENTFD, VM, sizeof(struct axvm_ioeventfd)),
	CALL(AXVM_VM_SIGNAL_MSI, VM, sizeof(struct axvm_msi)),
	CALL(AXVM_VM_SET_ROUTES, VM, sizeof(struct axvm_routes)),
	CALL(AXVM_VCPU_GET_REGS, VCPU, sizeof(FAMILY_REGS)),
	CALL(AXVM_VCPU_SET_REGS, VCPU, sizeof(FAMILY_REGS)),
	CALL(AXVM_VCPU_GET_SYSREG, VCPU, sizeof(struct axvm_sysreg)),
	CALL(AXVM_VCPU_SET_SYSREG, VCPU, sizeof(struct axvm_sysreg)),
	CALL(AXVM_VCPU_GET_FPU, VCPU, sizeof(struct axvm_fpu)),
	CALL(AXVM_VCPU_SET_FPU, VCPU, sizeof(struct axvm_fpu)),
	CALL(AXVM_VM_BOOT, VM, 0),
	CALL(AXVM_VM_RESET, VM, 0),
	CALL(AXVM_VM_SUSPEND, VM, 0),
	CALL(AXVM_VM_RESUME, VM, 0),
	CALL(AXVM_VM_STOP, VM, 0),
	CALL(AXVM_VCPU_RUN, VCPU, 0),
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))
#define NR_STRUCTS	28

static struct vm vm;
static int fds[NR_OBJECTS];
static uint8_t buffer[3 * 4096] __attribute__((aligned(4096)));

static void setup(void)
{
	vm_create(&vm, 0);
	fds[SYSTEM] = vm_system();
	fds[VM] = vm.fd;
	fds[VCPU] = vm.vcpu;
}

/* The result of a call with the structure that it was given: an errno */
static int result_of(const struct call *call, void *arg)
{
	errno = 0;
	return ioctl(fds[call->object], call->cmd, arg) < 0 ? errno : 0;
}

static void expect(const struct call *call, const char *when, int result, int wanted)
{
	if (result != wanted)
		check_failed(__FILE__, __LINE__, "%s, %s: %s, not %s", call->name, when,
			     strerror(result), strerror(wanted));
}

/* A structure of so many bytes, zero but for its size */
static void *structure(uint32_t size)
{
	memset(buffer, 0, sizeof(buffer));
	memcpy(buffer, &size, sizeof(size));
	return buffer;
}

TEST(api, a_call_is_known_on_its_own_object_only)
{
	const struct call *call;
	int object;

	setup();
	for (call = calls; call < calls + NR_CALLS; call++)
		for (object = 0; object < NR_OBJECTS; object++)
			if (object != (int)call->object)
				CHECK_ERR(ioctl(fds[object], call->cmd, structure(call->size)),
					  ENOTTY);
}

static bool is_call(unsigned int cmd, int object)
{
	const struct call *call;

	for (call = calls; call < calls + NR_CALLS; call++)
		if (call->cmd == cmd && (int)call->object == object)
			return true;
	return false;
}

TEST(api, unknown_numbers_are_refused)
{
	unsigned int nr, cmd;
	int object;

	setup();
	for (object = 0; object < NR_OBJECTS; object++) {
		for (nr = 0; nr < 256; nr++) {
			cmd = _IO(AXVM_IOC, nr);
			if (!is_call(cmd, object))
				CHECK_ERR(ioctl(fds[object], cmd, buffer), ENOTTY);
		}
		/* The right number in another encoding is another call. */
		CHECK_ERR(ioctl(fds[object], _IOWR(AXVM_IOC, 0x80, uint64_t), buffer), ENOTTY);
		CHECK_ERR(ioctl(fds[object], _IO('k', 0x80), buffer), ENOTTY);
	}
}

TEST(api, a_short_structure_is_refused)
{
	const struct call *call;

	setup();
	for (call = calls; call < calls + NR_STRUCTS; call++) {
		expect(call, "size 0", result_of(call, structure(0)), EINVAL);
		expect(call, "size 4", result_of(call, structure(4)), EINVAL);
		expect(call, "size - 1", result_of(call, structure(call->size - 1)), EINVAL);
	}
}

/*
 * What the exact structure gives, a longer one gives too if its tail is zero. With zeros,
 * some calls succeed and some do not: either is an answer of the call itself.
 */
TEST(api, a_longer_structure_with_zeros_behind_is_taken)
{
	const struct call *call;
	int exact;

	for (call = calls; call < calls + NR_STRUCTS; call++) {
		setup();
		exact = result_of(call, structure(call->size));
		CHECK(exact != E2BIG);
		vm_destroy(&vm);
		setup();
		expect(call, "size + 8", result_of(call, structure(call->size + 8)), exact);
		vm_destroy(&vm);
		setup();
		expect(call, "4096 bytes", result_of(call, structure(4096)), exact);
		vm_destroy(&vm);
	}
}

TEST(api, a_longer_structure_with_something_behind_is_refused)
{
	const struct call *call;

	setup();
	for (call = calls; call < calls + NR_STRUCTS; call++) {
		structure(call->size + 8);
		buffer[call->size] = 1;
		expect(call, "first byte behind", result_of(call, buffer), E2BIG);
		structure(4096);
		buffer[4095] = 0x80;
		expect(call, "last byte of a page", result_of(call, buffer), E2BIG);
		/* Nobody has structures as long as that, zeros or not. */
		expect(call, "4097 bytes", result_of(call, structure(4097)), E2BIG);
		expect(call, "size ~0", result_of(call, structure(~0U)), E2BIG);
	}
}

TEST(api, bad_pointers_are_refused)
{
	const struct call *call;
	uint8_t *edge;

	setup();
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(edge != MAP_FAILED);
	CHECK_OK(mprotect(edge + 4096, 4096, PROT_NONE));
	for (call = calls; call < calls + NR_STRUCTS; call++) {
		expect(call, "NULL", result_of(call, NULL), EFAULT);
		expect(call, "a kernel address", result_of(call, (void *)-4096L), EFAULT);
		/* The size can be read, the rest cannot. */
		memcpy(edge + 4096 - 4, &call->size, 4);
		expect(call, "its start mapped", result_of(call, edge + 4096 - 4), EFAULT);
	}
}

/* What is returned needs memory that can be written. */
TEST(api, read_only_memory_takes_no_answer)
{
	static const unsigned int answers[] = {
		AXVM_GET_INFO, AXVM_VM_GET_STATUS, AXVM_VCPU_GET_REGS, AXVM_VCPU_GET_SYSREG,
	};
	const struct call *call;
	unsigned int i;

	setup();
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		for (call = calls; call->cmd != answers[i]; call++)
			;
		structure(call->size);
		if (call->cmd == AXVM_VCPU_GET_SYSREG)
			((struct axvm_sysreg *)buffer)->reg = FAMILY_SYSREG;
		CHECK_OK(mprotect(buffer, sizeof(buffer), PROT_READ));
		expect(call, "read-only memory", result_of(call, buffer), EFAULT);
		CHECK_OK(mprotect(buffer, sizeof(buffer), PROT_READ | PROT_WRITE));
	}
}

TEST(api, a_call_without_structure_takes_no_pointer)
{
	const struct call *call;

	setup();
	for (call = calls + NR_STRUCTS; call < calls + NR_CALLS; call++)
		expect(call, "argument 1", result_of(call, (void *)1), EINVAL);
}

/* Reserved fields and flags of calls that are valid otherwise */
static const struct {
	unsigned int cmd;
	size_t offset;
	const char *name;
} reserved[] = {
#define RESERVED(cmd, type, field)	{ cmd, offsetof(struct type, field), #type "." #field }
	RESERVED(AXVM_CREATE_VM, axvm_create_vm, id),
	RESERVED(AXVM_DEVICE_TYPE, axvm_device_type_info, reserved),
	RESERVED(AXVM_IVC_PUBLISH, axvm_ivc_publish, reserved),
	RESERVED(AXVM_IVC_SUBSCRIBE, axvm_ivc_subscribe, reserved),
	RESERVED(AXVM_VM_IVC_ALLOW, axvm_ivc_allow, flags),
	RESERVED(AXVM_VM_IVC_ALLOW, axvm_ivc_allow, reserved),
	RESERVED(AXVM_VM_SET_MEMORY, axvm_memory, reserved),
	RESERVED(AXVM_VM_CREATE_VCPU, axvm_create_vcpu, flags),
	RESERVED(AXVM_VM_CREATE_VCPU, axvm_create_vcpu, reserved),
	RESERVED(AXVM_VM_CREATE_DEVICE, axvm_create_device, flags),
	RESERVED(AXVM_VM_CREATE_DEVICE, axvm_create_device, reserved),
	RESERVED(AXVM_VM_IRQ_LINE, axvm_irq_line, reserved),
	RESERVED(AXVM_VM_INJECT, axvm_inject, reserved),
	RESERVED(AXVM_VCPU_GET_SYSREG, axvm_sysreg, reserved),
	RESERVED(AXVM_VCPU_SET_SYSREG, axvm_sysreg, reserved),
};

/* Make the zeroed structure one that the call accepts */
static void make_valid(unsigned int cmd)
{
	switch (cmd) {
	case AXVM_IVC_PUBLISH:
		((struct axvm_ivc_publish *)buffer)->length = 4096;
		break;
	case AXVM_VM_SET_MEMORY: {
		struct axvm_memory *mem = (void *)buffer;

		mem->slot = 1;
		mem->gpa = 0x10000000;
		mem->length = 4096;
		mem->hva = (uintptr_t)vm.memory;
		break;
	}
	case AXVM_VM_CREATE_VCPU:
		((struct axvm_create_vcpu *)buffer)->id = 1;
		break;
	case AXVM_VM_CREATE_DEVICE:
		((struct axvm_create_device *)buffer)->type = AXVM_DEV_DEBUG_EXIT;
		break;
	case AXVM_VM_INJECT:
		((struct axvm_inject *)buffer)->irq = FAMILY_IRQ;
		break;
	case AXVM_VCPU_GET_SYSREG:
	case AXVM_VCPU_SET_SYSREG:
		((struct axvm_sysreg *)buffer)->reg = FAMILY_SYSREG;
		((struct axvm_sysreg *)buffer)->value = FAMILY_SYSREG_VALUE;
		break;
	}
}

static const struct call *find(unsigned int cmd)
{
	const struct call *call = calls;

	while (call->cmd != cmd)
		call++;
	return call;
}

TEST(api, reserved_fields_must_be_zero)
{
	const struct call *call;
	uint32_t bit;
	unsigned int i;
	int ret;

	setup();
	sample_add_devices(&vm);
	ioctl(vm.fd, AXVM_VM_REMOVE_DEVICE, structure(8));
	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		call = find(reserved[i].cmd);
		for (bit = 1; bit; bit <<= 1) {
			structure(call->size);
			make_valid(call->cmd);
			memcpy(buffer + reserved[i].offset, &bit, sizeof(bit));
			/* The one flag of a VM that there is */
			ret = result_of(call, buffer);
			if (ret != EINVAL)
				check_failed(__FILE__, __LINE__, "%s = %#x: %s", reserved[i].name,
					     bit, strerror(ret));
		}
	}
}

TEST(api, unknown_flags_are_refused)
{
	struct axvm_create_vm create = { .size = sizeof(create) };
	struct axvm_memory mem = {
		.size = sizeof(mem), .slot = 1, .gpa = 0x10000000, .length = 4096,
	};
	uint32_t bit;
	int fd;

	setup();
	mem.hva = (uintptr_t)vm.memory;
	for (bit = 1; bit; bit <<= 1) {
		if (bit != AXVM_VM_EXIT_UNCLAIMED) {
			create.flags = bit;
			CHECK_ERR(ioctl(vm_system(), AXVM_CREATE_VM, &create), EINVAL);
		}
		if (bit & (AXVM_MEM_READONLY | AXVM_MEM_NOEXEC))
			continue;
		mem.flags = bit;
		CHECK_ERR(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem), EINVAL);
	}
	create.flags = 0;
	create.interrupt_mode = AXVM_IRQ_PASSTHROUGH + 1;
	CHECK_ERR(ioctl(vm_system(), AXVM_CREATE_VM, &create), EINVAL);
	create.interrupt_mode = AXVM_IRQ_EMULATED;
	fd = ioctl(vm_system(), AXVM_CREATE_VM, &create);
	CHECK(fd >= 0);
	CHECK(create.id > vm.id);
}
