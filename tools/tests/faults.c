// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail: every call that makes something is made again and again, and the
 * first, second, third ... allocation in it fails, until there is none left to fail. It
 * then says ENOMEM, or could do without; it leaves nothing behind, and the next try works.
 *
 * For kernels with CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC; see the kernel's
 * fault-injection documentation on /proc/<pid>/fail-nth. What differs between the families
 * is in x86-faults.c and arm64-faults.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "faults.h"
#include "passthrough.h"

#define MOST_ALLOCATIONS	400	/* in one call; more mean that something does not end */

/* A call under test: 0 or a descriptor that is closed again, or -1 and errno */
typedef int (*call_fn)(void *arg);

static int nth_file = -1;

static void set_option(const char *fault, const char *option)
{
	char name[96];
	int fd;

	snprintf(name, sizeof(name), "/sys/kernel/debug/%s/%s", fault, option);
	fd = open(name, O_WRONLY);
	if (fd < 0)
		skip("this kernel lets no allocation fail on purpose");
	CHECK_EQ(write(fd, "0", 1), 1);
	close(fd);
}

/* Also those that may wait, of highmem, and of single pages; and no word about it in the log */
static void setup(void)
{
	set_option("failslab", "verbose");
	set_option("fail_page_alloc", "verbose");
	set_option("failslab", "ignore-gfp-wait");
	set_option("fail_page_alloc", "ignore-gfp-wait");
	set_option("fail_page_alloc", "ignore-gfp-highmem");
	set_option("fail_page_alloc", "min-order");
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_file < 0)
		skip("this kernel has no fail-nth");
}

/* The n-th allocation from here on fails; 0: none */
static void fail_nth(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_file, text, length, 0) != length)
		die("fail-nth");
}

/* Did it? Else there were fewer. */
static bool has_failed(void)
{
	char text[16] = "";

	if (pread(nth_file, text, sizeof(text) - 1, 0) <= 0)
		die("fail-nth");
	return atoi(text) == 0;
}

/**
 * fail_each() - make the call with each of its allocations failing in turn, then with none
 * @name: for a person
 * @call: the call
 * @arg: its argument
 * @undo: what is to be done after it succeeded and before it is made again, or NULL
 *
 * Return: what it returned in the end.
 */
static int fail_each(const char *name, call_fn call, void *arg, void (*undo)(void *arg, int ret))
{
	unsigned int n, refused = 0;
	bool failed;
	int ret;

	for (n = 1; n < MOST_ALLOCATIONS; n++) {
		fail_nth(n);
		errno = 0;
		ret = call(arg);
		failed = has_failed();
		fail_nth(0);
		if (ret < 0 && errno != ENOMEM)
			check_failed(__FILE__, __LINE__, "%s, allocation %u: %s", name, n,
				     strerror(errno));
		if (ret < 0 && !failed)
			check_failed(__FILE__, __LINE__, "%s: ENOMEM for no reason", name);
		if (!failed)
			break;
		refused += ret < 0;
		if (ret >= 0 && undo)
			undo(arg, ret);
	}
	printf("  %s: %u allocations, %u of them needed\n", name, n - 1, refused);
	CHECK(n < MOST_ALLOCATIONS);
	return ret;
}

/* --- VMs and vCPUs ---------------------------------------------------------------------- */

static struct vm vm;

static void close_it(void *arg, int fd)
{
	(void)arg;
	close(fd);
}

static int open_system(void *arg)
{
	(void)arg;
	return open("/dev/axvm", O_RDWR | O_CLOEXEC);
}

static int create_vm(void *arg)
{
	struct axvm_create_vm create = {
		.size = sizeof(create), .interrupt_mode = AXVM_IRQ_EMULATED, .name = "faulty",
	};

	(void)arg;
	return ioctl(vm_system(), AXVM_CREATE_VM, &create);
}

static unsigned int vms(void)
{
	struct axvm_vm_stat stat = { .size = sizeof(stat) };
	unsigned int n = 0;

	for (stat.id = 0; !ioctl(vm_system(), AXVM_VM_STAT, &stat); stat.id++)
		n++;
	return n;
}

TEST(faults, a_vm)
{
	unsigned int before;

	setup();
	close(fail_each("open", open_system, NULL, close_it));
	before = vms();
	close(fail_each("AXVM_CREATE_VM", create_vm, NULL, close_it));
	CHECK_EQ(vms(), before);
}

static int next_vcpu;

static int create_vcpu(void *arg)
{
	struct axvm_create_vcpu create = { .size = sizeof(create), .id = next_vcpu };

	(void)arg;
	return ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create);
}

static void another_vcpu(void *arg, int fd)
{
	(void)arg;
	close(fd);
	next_vcpu++;
}

TEST(faults, a_vcpu)
{
	int fd;

	setup();
	vm_create(&vm, 0);
	next_vcpu = 1;
	fd = fail_each("AXVM_VM_CREATE_VCPU", create_vcpu, NULL, another_vcpu);
	CHECK(fd >= 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
}

/* --- memory --------------------------------------------------------------------------------- */

static int set_memory(void *arg)
{
	return ioctl(vm.fd, AXVM_VM_SET_MEMORY, arg);
}

static void remove_memory(void *arg, int ret)
{
	const struct axvm_memory *made = arg;
	struct axvm_memory mem = { .size = sizeof(mem), .slot = made->slot };

	(void)ret;
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem));
}

static void restore_memory(void *arg, int ret)
{
	(void)arg;
	(void)ret;
	vm_set_slot(&vm, 7, 0, 0x20000000, vm.memory, 0x100000);
}

TEST(faults, memory)
{
	struct axvm_memory mem = {
		.size = sizeof(mem), .slot = 7, .gpa = 0x10000000, .length = 0x100000,
	};

	setup();
	vm_create(&vm, 0);
	mem.hva = (uintptr_t)vm.memory;
	fail_each("AXVM_VM_SET_MEMORY, new", set_memory, &mem, remove_memory);
	mem.gpa = 0x20000000;
	fail_each("AXVM_VM_SET_MEMORY, moved", set_memory, &mem, NULL);
	mem = (struct axvm_memory){ .size = sizeof(mem), .slot = 7 };
	fail_each("AXVM_VM_SET_MEMORY, removed", set_memory, &mem, restore_memory);
}

/* --- devices --------------------------------------------------------------------------------- */

static int create_device(void *arg)
{
	return ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, arg);
}

static void remove_device(void *arg, int ret)
{
	struct axvm_create_device *device = arg;
	struct axvm_device_ref ref = { .size = sizeof(ref), .id = device->id };

	(void)ret;
	if (device->fd >= 0)
		close(device->fd);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_REMOVE_DEVICE, &ref));
}

TEST(faults, devices)
{
	struct axvm_create_device device;
	unsigned int i;

	setup();
	vm_create(&vm, 0);
	for (i = 0; fault_devices[i].name[0]; i++) {
		device = fault_devices[i];
		device.size = sizeof(device);
		fail_each(device.name, create_device, &device, remove_device);
	}
}

/* --- hardware of the host -------------------------------------------------------------------- */

static uint32_t passed;

/* A claim that fails for want of memory looks like one that somebody else has. */
static int pass_page(void *arg)
{
	struct axvm_pass_through through = {
		.flags = *(uint32_t *)arg, .base = PASS_GUEST, .host = PASS_HOST,
		.length = PASS_LENGTH,
	};
	int ret = pass(&vm, &through);

	if (ret && errno == EBUSY)
		errno = ENOMEM;
	passed = through.id;
	return ret;
}

static int remove_page(void *arg)
{
	(void)arg;
	return pass_remove(&vm, passed);
}

static void take_page_back(void *arg, int ret)
{
	(void)ret;
	CHECK_OK(remove_page(arg));
}

static void give_page_again(void *arg, int ret)
{
	(void)ret;
	CHECK_OK(pass_page(arg));
}

TEST(faults, pass_through)
{
	uint32_t flags[] = { 0, AXVM_PASS_MAPPED };
	unsigned int i;

	setup();
	vm_create(&vm, 0);
	for (i = 0; i < 2; i++) {
		fail_each("AXVM_VM_PASS_THROUGH", pass_page, &flags[i], take_page_back);
		fail_each("AXVM_VM_REMOVE_DEVICE", remove_page, &flags[i], give_page_again);
	}
}

/* --- state ------------------------------------------------------------------------------------ */

/* A vCPU call with a structure */
struct request {
	int fd;
	unsigned int cmd;
	void *data;
};

static int do_request(void *arg)
{
	struct request *request = arg;

	return ioctl(request->fd, request->cmd, request->data);
}

static void fail_request(const char *name, int fd, unsigned int cmd, void *data)
{
	struct request request = { .fd = fd, .cmd = cmd, .data = data };

	fail_each(name, do_request, &request, NULL);
}

TEST(faults, state)
{
	struct axvm_device_state state = { .size = sizeof(state) };
	union fault_regs regs = { .size = FAULT_REGS_SIZE };
	struct axvm_fpu fpu = { .size = sizeof(fpu) };
	struct axvm_info info = { .size = sizeof(info) };
	static uint8_t buffer[65536];

	setup();
	vm_create(&vm, 0);
	state.id = fault_add_devices(&vm);
	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &info));
	fail_request("AXVM_VCPU_GET_REGS", vm.vcpu, AXVM_VCPU_GET_REGS, &regs);
	fail_request("AXVM_VCPU_SET_REGS", vm.vcpu, AXVM_VCPU_SET_REGS, &regs);
	fpu.length = info.fpu_size;
	fpu.data = (uintptr_t)buffer;
	fail_request("AXVM_VCPU_GET_FPU", vm.vcpu, AXVM_VCPU_GET_FPU, &fpu);
	fail_request("AXVM_VCPU_SET_FPU", vm.vcpu, AXVM_VCPU_SET_FPU, &fpu);
	state.data = (uintptr_t)buffer;
	state.length = sizeof(buffer);
	fail_request("AXVM_VM_GET_DEVICE_STATE", vm.fd, AXVM_VM_GET_DEVICE_STATE, &state);
	fail_request("AXVM_VM_SET_DEVICE_STATE", vm.fd, AXVM_VM_SET_DEVICE_STATE, &state);
	fail_request("AXVM_VM_BOOT", vm.fd, AXVM_VM_BOOT, NULL);
}

/* --- running ---------------------------------------------------------------------------------- */

static void new_guest(void)
{
	vm_create_sized(&vm, 0, 32UL << 20);
	fault_add_devices(&vm);
	fault_load_walker(&vm);
	vm_boot(&vm);
}

/*
 * Memory for page tables is got while the guest runs: what fails there ends the VM, with
 * ENOMEM, and nothing else.
 */
TEST(faults, running)
{
	struct axvm_vm_status status;
	unsigned int n, stopped = 0;
	bool failed = true;

	setup();
	for (n = 1; failed && n < MOST_ALLOCATIONS; n++) {
		new_guest();
		fail_nth(n);
		errno = 0;
		if (ioctl(vm.vcpu, AXVM_VCPU_RUN, 0) && errno != ENOMEM && errno != EFAULT)
			check_failed(__FILE__, __LINE__, "allocation %u: %s", n, strerror(errno));
		failed = has_failed();
		fail_nth(0);
		vm_status(&vm, &status);
		CHECK_EQ(status.state, AXVM_STATE_STOPPED);
		if (status.stop_reason == AXVM_STOP_ERROR) {
			CHECK(failed);
			CHECK(status.stop_code == ENOMEM || status.stop_code == EFAULT);
			stopped++;
		} else {
			CHECK_EQ(status.stop_reason, AXVM_STOP_DEBUG_EXIT);
			CHECK_EQ(status.stop_code, 0x5a);
		}
		vm_destroy(&vm);
	}
	printf("  %u allocations, %u of them needed\n", n - 2, stopped);
	CHECK(n < MOST_ALLOCATIONS);
	CHECK(stopped);
}
