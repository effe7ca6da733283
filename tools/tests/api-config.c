// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that say what a VM is made of: memory, vCPUs, devices; and what the module tells
 * of itself and of its VMs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api.h"
#include "check.h"

static struct axvm_info info(void)
{
	struct axvm_info info = { .size = sizeof(info) };

	if (ioctl(vm_system(), AXVM_GET_INFO, &info))
		die("AXVM_GET_INFO");
	return info;
}

TEST(api, info_tells_what_there_is)
{
	struct axvm_info i = info();

	CHECK_EQ(i.size, sizeof(i));
	CHECK_EQ(i.api_version, AXVM_API_VERSION);
	CHECK_EQ(i.arch, FAMILY_ARCH);
	CHECK_EQ(i.run_size, 4096);
	CHECK_EQ(i.regs_size, sizeof(FAMILY_REGS));
	CHECK(i.max_vcpus >= 1 && i.max_slots >= 1);
	CHECK(i.fpu_size >= FAMILY_FPU_SIZE);
	CHECK(i.gpa_bits >= 32 && i.gpa_bits <= 52);
	CHECK(i.features & AXVM_FEATURE_HARDWARE);
	CHECK(!strncmp(i.backend, FAMILY_BACKEND, strlen(FAMILY_BACKEND)));
	CHECK(!i.reason[0]);
	CHECK_EQ(i.reserved, 0);
}

TEST(api, info_tells_who_has_the_hardware)
{
	/* On arm64 nothing is borrowed: a host at EL2 lends it entry by entry. */
	bool kvm = info().arch == AXVM_ARCH_X86_64 && !access("/dev/kvm", F_OK);

	CHECK_EQ(!!(info().features & AXVM_FEATURE_BORROWED), kvm);
}

/* A longer structure keeps what the module knows nothing of. */
TEST(api, an_answer_is_cut_to_what_the_caller_has)
{
	struct {
		struct axvm_info info;
		uint64_t more;
	} longer = { .info.size = sizeof(longer) };

	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &longer));
	CHECK_EQ(longer.info.api_version, AXVM_API_VERSION);
	CHECK_EQ(longer.more, 0);
}

/* --- memory ------------------------------------------------------------------- */

static struct vm vm;
static uint8_t *spare;

#define SPARE	(8UL << 20)

static void setup(void)
{
	vm_create(&vm, 0);
	spare = mmap(NULL, SPARE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (spare == MAP_FAILED)
		die("mmap");
}

static int set(uint32_t slot, uint64_t gpa, uint64_t length, const void *hva)
{
	struct axvm_memory mem = {
		.size = sizeof(mem), .slot = slot, .gpa = gpa, .length = length,
		.hva = (uintptr_t)hva,
	};

	return ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem);
}

TEST(api, memory_slots_do_not_overlap)
{
	setup();
	CHECK_OK(set(1, 0x10000000, 0x10000, spare));
	CHECK_ERR(set(2, 0x10000000, 0x10000, spare), EEXIST);
	CHECK_ERR(set(2, 0x1000f000, 0x1000, spare), EEXIST);
	CHECK_ERR(set(2, 0x0ffff000, 0x2000, spare), EEXIST);
	CHECK_ERR(set(2, 0x0fff0000, 0x100000, spare), EEXIST);
	CHECK_ERR(set(2, 0x10004000, 0x1000, spare), EEXIST);
	/* Touching is not overlapping. */
	CHECK_OK(set(2, 0x10010000, 0x1000, spare));
	CHECK_OK(set(3, 0x0ffff000, 0x1000, spare));
	/* A slot may be moved over its own old place. */
	CHECK_OK(set(1, 0x10001000, 0x8000, spare));
	CHECK_ERR(set(1, 0x10001000, 0x10000, spare), EEXIST);
	/* Two slots may show the same memory. */
	CHECK_OK(set(4, 0x20000000, 0x10000, spare));
}

TEST(api, memory_is_made_of_pages)
{
	setup();
	CHECK_ERR(set(1, 0x10000800, 0x1000, spare), EINVAL);
	CHECK_ERR(set(1, 0x10000000, 0x1800, spare), EINVAL);
	CHECK_ERR(set(1, 0x10000000, 1, spare), EINVAL);
	CHECK_ERR(set(1, 0x10000000, 0x1000, spare + 8), EINVAL);
}

TEST(api, memory_lies_in_both_address_spaces)
{
	uint64_t limit = 1ULL << info().gpa_bits;
	uint64_t user_end = (1ULL << FAMILY_USER_BITS) - 4096;

	setup();
	/* The end of guest-physical addresses */
	CHECK_ERR(set(1, limit, 0x1000, spare), EINVAL);
	CHECK_ERR(set(1, limit - 0x1000, 0x2000, spare), EINVAL);
	CHECK_OK(set(1, limit - 0x1000, 0x1000, spare));
	/* Around the top */
	CHECK_ERR(set(2, -0x1000ULL, 0x2000, spare), EINVAL);
	CHECK_ERR(set(2, -0x1000ULL, 0x1000, spare), EINVAL);
	CHECK_ERR(set(2, 0x10000000, -0x1000ULL, spare), EINVAL);
	CHECK_ERR(set(2, 0x10000000, 1ULL << 63, spare), EINVAL);
	/* The end of the launcher's addresses */
	CHECK_ERR(set(2, 0x10000000, 0x2000, (void *)user_end), EINVAL);
	CHECK_ERR(set(2, 0x10000000, 0x1000, (void *)-4096L), EINVAL);
	CHECK_ERR(set(2, 0x10000000, 0x2000, (void *)-4096L), EINVAL);
}

TEST(api, memory_slots_are_numbered)
{
	uint32_t max = info().max_slots, i;

	setup();
	CHECK_ERR(set(max, 0x10000000, 0x1000, spare), EINVAL);
	CHECK_ERR(set(~0U, 0x10000000, 0x1000, spare), EINVAL);
	for (i = 1; i < max; i++)
		CHECK_OK(set(i, 0x10000000 + 0x1000 * i, 0x1000, spare));
	for (i = 1; i < max; i++)
		CHECK_OK(set(i, 0, 0, NULL));
}

TEST(api, memory_slots_can_be_removed_once)
{
	struct axvm_memory mem = { .size = sizeof(mem), .slot = 1, .flags = AXVM_MEM_READONLY };

	setup();
	CHECK_ERR(set(1, 0, 0, NULL), ENOENT);
	CHECK_OK(set(1, 0x10000000, 0x1000, spare));
	/* To remove is to say nothing else. */
	CHECK_ERR(set(1, 0x10000000, 0, NULL), EINVAL);
	CHECK_ERR(set(1, 0, 0, spare), EINVAL);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem), EINVAL);
	CHECK_OK(set(1, 0, 0, NULL));
	CHECK_ERR(set(1, 0, 0, NULL), ENOENT);
}

/* --- vCPUs ---------------------------------------------------------------------- */

static int create_vcpu(uint32_t id)
{
	struct axvm_create_vcpu create = { .size = sizeof(create), .id = id };

	return ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create);
}

TEST(api, vcpus_are_numbered)
{
	uint32_t max = info().max_vcpus;
	int fd;

	setup();
	CHECK_ERR(create_vcpu(0), EEXIST);
	CHECK_ERR(create_vcpu(max), EINVAL);
	CHECK_ERR(create_vcpu(~0U), EINVAL);
	fd = create_vcpu(max - 1);
	CHECK(fd >= 0);
	CHECK_ERR(create_vcpu(max - 1), EEXIST);
	/* A vCPU lives as long as its VM, its descriptor closed or not. */
	close(fd);
	CHECK_ERR(create_vcpu(max - 1), EEXIST);
	vm_boot(&vm);
	CHECK_ERR(create_vcpu(1), EBUSY);
}

TEST(api, the_run_page_is_one_shared_page)
{
	void *page;

	setup();
	page = mmap(NULL, 8192, PROT_READ, MAP_SHARED, vm.vcpu, 0);
	CHECK(page == MAP_FAILED && errno == EINVAL);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm.vcpu, 4096);
	CHECK(page == MAP_FAILED && errno == EINVAL);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, vm.vcpu, 0);
	CHECK(page == MAP_FAILED && errno == EINVAL);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm.fd, 0);
	CHECK(page == MAP_FAILED && errno == ENODEV);
	/* It cannot grow. */
	page = mremap(vm.run, 4096, 8192, MREMAP_MAYMOVE);
	if (page != MAP_FAILED)
		CHECK_EQ(((struct axvm_run *)page)->exit_reason, 0);
}

/* --- devices ------------------------------------------------------------------------ */

static int create(uint32_t type, uint64_t base, uint64_t length, uint32_t irq)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = type, .base = base, .length = length, .irq = irq,
	};

	return ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device);
}

TEST(api, devices_have_a_type)
{
	struct axvm_create_device device = { .size = sizeof(device), .type = AXVM_DEV_ANY };

	setup();
	CHECK_ERR(create(0x77777, 0x1000, 4, 0), ENODEV);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), ENODEV);
	strcpy(device.type_name, "no-such-type");
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), ENODEV);
	/* A name that is not closed by a zero is none. */
	memset(device.type_name, 'x', sizeof(device.type_name));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), ENODEV);
	memset(device.type_name, 0, sizeof(device.type_name));
	strcpy(device.type_name, "debug-exit");
	CHECK_OK(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device));
	CHECK_EQ(device.fd, -1);
	device.nr_cfg = AXVM_MAX_CFG + 1;
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EINVAL);
}

TEST(api, device_regions_do_not_overlap)
{
	setup();
	CHECK_OK(create(AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0));
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0), EEXIST);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x103, 4, 0), EEXIST);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0xfd, 4, 0), EEXIST);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x80, 0x100, 0), EEXIST);
	CHECK_OK(create(AXVM_DEV_DEBUG_EXIT, 0x104, 4, 0));
	CHECK_OK(create(AXVM_DEV_DEBUG_EXIT, 0xfc, 4, 0));
}

TEST(api, device_regions_lie_in_their_space)
{
	setup();
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0xffff, 2, 0), EINVAL);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x10000, 1, 0), EINVAL);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, -1ULL, 2, 0), EINVAL);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x100, -1ULL, 0), EINVAL);
	CHECK_OK(create(AXVM_DEV_DEBUG_EXIT, 0xffff, 1, 0));
	CHECK_ERR(create(AXVM_DEV_CONSOLE, CONSOLE_BASE, CONSOLE_LENGTH, 5000), EINVAL);
}

static int remove_device(uint32_t id)
{
	struct axvm_device_ref ref = { .size = sizeof(ref), .id = id };

	return ioctl(vm.fd, AXVM_VM_REMOVE_DEVICE, &ref);
}

TEST(api, devices_can_be_removed_once)
{
	uint32_t id;

	setup();
	CHECK_ERR(remove_device(0x1234), ENOENT);
	id = vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0);
	CHECK_OK(remove_device(id));
	CHECK_ERR(remove_device(id), ENOENT);
	CHECK_OK(create(AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0));
}

TEST(api, a_vm_has_so_many_devices)
{
	unsigned int i;

	setup();
	for (i = 0; i < 1024; i++)
		if (create(AXVM_DEV_DEBUG_EXIT, 0x1000 + i, 1, 0))
			break;
	CHECK_EQ(i, 1024);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x8000, 1, 0), ENOSPC);
}

/* The descriptor of a console outlives its device and its VM; it says so. */
TEST(api, a_console_descriptor_may_be_the_last_one)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_CONSOLE, .base = CONSOLE_BASE,
		.length = CONSOLE_LENGTH, .irq = CONSOLE_IRQ,
	};
	char byte;

	setup();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device));
	CHECK(device.fd >= 0);
	CHECK(fcntl(device.fd, F_GETFD) & FD_CLOEXEC);
	CHECK_OK(fcntl(device.fd, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(device.fd, &byte, 1), EAGAIN);
	CHECK_OK(remove_device(device.id));
	CHECK(read(device.fd, &byte, 1) <= 0);
	vm_destroy(&vm);
	CHECK(read(device.fd, &byte, 1) <= 0);
	CHECK_OK(close(device.fd));
}

TEST(api, device_types_are_listed)
{
	struct axvm_device_type_info type = { .size = sizeof(type) };
	bool chip = false;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		memset(&type, 0, sizeof(type));
		type.size = sizeof(type);
		type.index = i;
		if (ioctl(vm_system(), AXVM_DEVICE_TYPE, &type))
			break;
		CHECK(memchr(type.name, 0, sizeof(type.name)) && type.name[0]);
		if (type.number == FAMILY_CHIP)
			chip = !strcmp(type.name, FAMILY_CHIP_NAME);
	}
	CHECK_EQ(errno, ENOENT);
	CHECK(i >= FAMILY_TYPES && chip);
}

/* --- device state --------------------------------------------------------------------- */

static int state(unsigned int call, uint32_t id, void *data, uint64_t *length)
{
	struct axvm_device_state arg = {
		.size = sizeof(arg), .id = id, .data = (uintptr_t)data, .length = *length,
	};
	int ret = ioctl(vm.fd, call, &arg);

	*length = arg.length;
	return ret;
}

TEST(api, device_state_has_a_length)
{
	static uint8_t data[65536];
	uint64_t length = 0, wanted;
	uint32_t id;

	setup();
	id = vm_add_device(&vm, FAMILY_STATEFUL, 0, 0, 0);
	CHECK_ERR(state(AXVM_VM_GET_DEVICE_STATE, 0x1234, data, &length), ENOENT);
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, 0x1234, data, &length), ENOENT);
	CHECK_ERR(state(AXVM_VM_GET_DEVICE_STATE, id, data, &length), ENOSPC);
	CHECK(length > 0 && length < sizeof(data));
	wanted = length--;
	CHECK_ERR(state(AXVM_VM_GET_DEVICE_STATE, id, data, &length), ENOSPC);
	length = wanted;
	CHECK_ERR(state(AXVM_VM_GET_DEVICE_STATE, id, NULL, &length), EFAULT);
	CHECK_OK(state(AXVM_VM_GET_DEVICE_STATE, id, data, &length));
	CHECK_EQ(length, wanted);
	CHECK_OK(state(AXVM_VM_SET_DEVICE_STATE, id, data, &length));
	length = wanted - 1;
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, data, &length), EINVAL);
	length = wanted + 1;
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, data, &length), EINVAL);
	length = wanted;
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, NULL, &length), EFAULT);
	memset(data, 0xff, wanted);
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, data, &length), EINVAL);
	vm_boot(&vm);
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, data, &length), EBUSY);
}

TEST(api, a_device_may_have_no_state)
{
	uint64_t length = 0;
	uint32_t id;

	setup();
	id = vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0);
	CHECK_ERR(state(AXVM_VM_GET_DEVICE_STATE, id, NULL, &length), EOPNOTSUPP);
	CHECK_ERR(state(AXVM_VM_SET_DEVICE_STATE, id, NULL, &length), EOPNOTSUPP);
}

/* --- seen by others ----------------------------------------------------------------------- */

TEST(api, vms_are_listed)
{
	struct axvm_vm_stat stat = { .size = sizeof(stat) };
	struct vm second;
	uint32_t first;

	setup();
	sample_add_devices(&vm);
	first = vm.id;
	vm_create(&second, 0);
	stat.id = first;
	CHECK_OK(ioctl(vm_system(), AXVM_VM_STAT, &stat));
	CHECK_EQ(stat.id, first);
	CHECK_EQ(stat.state, AXVM_STATE_LOADED);
	CHECK_EQ(stat.nr_vcpus, 1);
	CHECK_EQ(stat.memory, GUEST_MEMORY);
	CHECK_EQ(stat.nr_devices, FAMILY_DEVICES);
	CHECK_EQ(stat.pid, getpid());
	CHECK(!strcmp(stat.name, "test"));
	stat = (struct axvm_vm_stat){ .size = sizeof(stat), .id = first + 1 };
	CHECK_OK(ioctl(vm_system(), AXVM_VM_STAT, &stat));
	CHECK_EQ(stat.id, second.id);
	stat = (struct axvm_vm_stat){ .size = sizeof(stat), .id = second.id + 1 };
	CHECK_ERR(ioctl(vm_system(), AXVM_VM_STAT, &stat), ENOENT);
	vm_destroy(&vm);
	stat = (struct axvm_vm_stat){ .size = sizeof(stat), .id = first };
	CHECK_OK(ioctl(vm_system(), AXVM_VM_STAT, &stat));
	CHECK_EQ(stat.id, second.id);
}

/* A name that fills its field, without a zero */
TEST(api, a_name_is_closed_by_the_module)
{
	struct axvm_create_vm arg = { .size = sizeof(arg) };
	struct axvm_vm_stat stat = { .size = sizeof(stat) };
	int fd;

	memset(arg.name, 'n', sizeof(arg.name));
	fd = ioctl(vm_system(), AXVM_CREATE_VM, &arg);
	CHECK(fd >= 0);
	stat.id = arg.id;
	CHECK_OK(ioctl(vm_system(), AXVM_VM_STAT, &stat));
	CHECK_EQ(strnlen(stat.name, sizeof(stat.name)), sizeof(stat.name) - 1);
}

/* The VM's memory is its maker's address space: nobody else's. */
static void calls_of_another_process(void)
{
	struct axvm_vm_status status = { .size = sizeof(status) };

	CHECK_ERR(set(1, 0x10000000, 0x1000, spare), EIO);
	CHECK_ERR(create_vcpu(1), EIO);
	CHECK_ERR(create(AXVM_DEV_DEBUG_EXIT, 0x100, 4, 0), EIO);
	CHECK_ERR(remove_device(1), EIO);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EIO);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_GET_STATUS, &status));
}

TEST(api, another_process_may_look_but_not_run)
{
	int status;
	pid_t pid;

	setup();
	vm_boot(&vm);
	pid = fork();
	if (!pid) {
		calls_of_another_process();
		_exit(checks_failed());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	/* The child's copies of the descriptors are gone; ours work. */
	CHECK_OK(set(1, 0x10000000, 0x1000, spare));
}
