// SPDX-License-Identifier: GPL-2.0
/* Pass-through on both families: what is refused, and a page of the host in a guest. */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "passthrough.h"

static struct vm vm;

/**
 * pass() - AXVM_VM_PASS_THROUGH
 * @v: the VM
 * @arg: what is asked for
 *
 * Return: as ioctl().
 */
int pass(struct vm *v, struct axvm_pass_through *arg)
{
	arg->size = sizeof(*arg);
	if (!arg->name[0])
		strcpy(arg->name, "passed");
	return ioctl(v->fd, AXVM_VM_PASS_THROUGH, arg);
}

/**
 * pass_memory() - pass a range, without an interrupt
 * @v: the VM
 * @base: where in the guest
 * @host: where on the host
 * @length: how much
 * @flags: AXVM_PASS_*
 *
 * Return: the device's number, or -1.
 */
int pass_memory(struct vm *v, uint64_t base, uint64_t host, uint64_t length, uint32_t flags)
{
	struct axvm_pass_through arg = {
		.flags = flags, .base = base, .host = host, .length = length,
	};

	return pass(v, &arg) ? -1 : (int)arg.id;
}

/**
 * pass_remove() - take a device away
 * @v: the VM
 * @id: its number
 *
 * Return: as ioctl().
 */
int pass_remove(struct vm *v, uint32_t id)
{
	struct axvm_device_ref ref = { .size = sizeof(ref), .id = id };

	return ioctl(v->fd, AXVM_VM_REMOVE_DEVICE, &ref);
}

/**
 * pass_accesses() - accesses that the registry counted
 * @v: the VM
 * @name: the device's name
 * @reads: out
 * @writes: out
 */
void pass_accesses(struct vm *v, const char *name, unsigned long long *reads,
		   unsigned long long *writes)
{
	char path[64], line[256], word[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/axvm/%u/devices", v->id);
	file = fopen(path, "r");
	if (!file)
		die("%s", path);
	*reads = ~0ULL;
	*writes = ~0ULL;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s", word) == 1 && !strcmp(word, name))
			sscanf(line, "%*s %*s %*s %*s %llu %llu", reads, writes);
	fclose(file);
}

/**
 * host_irq() - which interrupt of Linux is that of a controller
 * @chip: how the controller's name begins
 * @hwirq: the controller's number
 *
 * Return: the number; -1: Linux does not have it.
 */
int host_irq(const char *chip, unsigned int hwirq)
{
	char path[80], name[64];
	unsigned int i, n;
	FILE *file;
	bool same;

	for (i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/irq/%u/chip_name", i);
		file = fopen(path, "r");
		if (!file)
			continue;
		same = fscanf(file, "%63s", name) == 1 && !strncmp(name, chip, strlen(chip));
		fclose(file);
		snprintf(path, sizeof(path), "/sys/kernel/irq/%u/hwirq", i);
		file = same ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		same = fscanf(file, "%u", &n) == 1 && n == hwirq;
		fclose(file);
		if (same)
			return i;
	}
	return -1;
}

/* The host's own eyes; closed before the range is claimed */
static volatile uint32_t *host_page(void)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	void *page;

	if (fd < 0)
		die("/dev/mem");
	page = mmap(NULL, PASS_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PASS_HOST);
	if (page == MAP_FAILED)
		die("/dev/mem: %#lx", PASS_HOST);
	close(fd);
	return page;
}

static uint32_t host_word(void)
{
	volatile uint32_t *page = host_page();
	uint32_t value = page[PASS_WORD / 4];

	munmap((void *)page, PASS_LENGTH);
	return value;
}

static void set_host_word(uint32_t value)
{
	volatile uint32_t *page = host_page();

	page[PASS_WORD / 4] = value;
	munmap((void *)page, PASS_LENGTH);
}

static void make(const struct blob *code)
{
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, NR_GUEST_MODES - 1, code);
}

/* --- refusals -------------------------------------------------------------------------- */

static void refused(const struct pass_refusal *r)
{
	int id = pass_memory(&vm, r->base, r->host, r->length, r->flags), error = errno;

	if (id >= 0 || error != r->error)
		check_failed(__FILE__, __LINE__, "%s: %s, not %s", r->what,
			     id >= 0 ? "passed" : strerror(error), strerror(r->error));
}

TEST(passthrough, wrong_ranges_are_refused)
{
	static const struct { uint64_t base; uint64_t length; } device = PASS_DEVICES;
	const struct pass_refusal common[] = {
		{ "no length", PASS_GUEST, PASS_HOST, 0, 0, EINVAL },
		{ "unknown flag", PASS_GUEST, PASS_HOST, 0x1000, 8, EINVAL },
		{ "wrap on the host", PASS_GUEST, -0x1000UL, 0x2000, 0, EINVAL },
		{ "wrap in the guest", -0x1000UL, PASS_HOST, 0x2000, 0, EINVAL },
		{ "beyond the host's addresses", PASS_GUEST, 1UL << 52, 0x1000, 0, EINVAL },
		{ "beyond the guest's addresses", 1UL << 52, PASS_HOST, 0x1000, 0, EINVAL },
		{ "not a page, guest", PASS_GUEST + 4, PASS_HOST, 0x1000, AXVM_PASS_MAPPED,
		  EINVAL },
		{ "not a page, host", PASS_GUEST, PASS_HOST + 4, 0x1000, AXVM_PASS_MAPPED,
		  EINVAL },
		{ "not a page, length", PASS_GUEST, PASS_HOST, 0x100, AXVM_PASS_MAPPED, EINVAL },
		{ "RAM", PASS_GUEST, PASS_RAM, 0x1000, AXVM_PASS_MAPPED, EPERM },
		{ "RAM, routed", PASS_GUEST, PASS_RAM, 4, 0, EPERM },
		{ "memory of the guest", GUEST_RAM + 0x3000, PASS_HOST, 0x1000, 0, EEXIST },
		{ "memory of the guest, mapped", GUEST_RAM + 0x3000, PASS_HOST, 0x1000,
		  AXVM_PASS_MAPPED, EEXIST },
		{ "an emulated device", device.base & -0x1000UL, PASS_HOST, 0x1000, 0, EEXIST },
		{ "an emulated device, mapped", device.base & -0x1000UL, PASS_HOST, 0x1000,
		  AXVM_PASS_MAPPED, EEXIST },
		{ "the host's", PASS_GUEST, PASS_HELD, 0x1000, AXVM_PASS_MAPPED, EBUSY },
		{ "part of the host's", PASS_GUEST, PASS_HELD + 0x20, 4, 0, EBUSY },
	};
	const struct pass_refusal *r;
	unsigned int i;

	make(pass_touch);
	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		refused(&common[i]);
	for (r = pass_family_refusals; r->what; r++)
		refused(r);
	/* All of that left nothing behind. */
	CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, AXVM_PASS_MAPPED));
	vm_destroy(&vm);
}

TEST(passthrough, what_another_vm_has_is_refused)
{
	struct vm other;
	int id;

	make(pass_touch);
	vm_create(&other, 0);
	id = pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, AXVM_PASS_MAPPED);
	CHECK_OK(id);
	CHECK_ERR(pass_memory(&other, PASS_GUEST, PASS_HOST, 0x1000, AXVM_PASS_MAPPED), EBUSY);
	CHECK_ERR(pass_memory(&other, PASS_GUEST, PASS_HOST + 0xffc, 4, 0), EBUSY);
	CHECK_ERR(pass_memory(&vm, PASS_GUEST + 0x1000, PASS_HOST, 0x1000, 0), EBUSY);
	CHECK_OK(pass_remove(&vm, id));
	CHECK_ERR(pass_remove(&vm, id), ENOENT);
	CHECK_OK(pass_memory(&other, PASS_GUEST, PASS_HOST, 0x1000, AXVM_PASS_MAPPED));
	/* With its end the other one's is free, too */
	vm_destroy(&other);
	CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, 0));
	vm_destroy(&vm);
}

/* Memory that comes later, and devices */
TEST(passthrough, nothing_comes_over_it)
{
	struct axvm_memory mem = {
		.size = sizeof(mem), .slot = 1, .gpa = PASS_GUEST, .length = 0x1000,
	};
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_DEBUG_EXIT, .base = PASS_GUEST + 8,
		.length = 4, .nr_cfg = 1, .cfg = { 1 },
	};

	make(pass_touch);
	mem.hva = (uintptr_t)vm.memory;
	CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, AXVM_PASS_MAPPED));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem), EEXIST);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EEXIST);
	vm_destroy(&vm);
}

/* The type is not to be had without the privilege */
TEST(passthrough, the_privilege_is_needed)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_ANY, .base = PASS_GUEST, .length = 0x1000,
		.type_name = "pass-through",
	};

	make(pass_touch);
	CHECK_OK(syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1U << CAP_SYS_RAWIO);
	CHECK_OK(syscall(SYS_capset, &head, data));
	CHECK_ERR(pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, 0), EPERM);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), ENODEV);
	data[0].effective |= 1U << CAP_SYS_RAWIO;
	CHECK_OK(syscall(SYS_capset, &head, data));
	CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, 0x1000, 0));
	vm_destroy(&vm);
}

TEST(passthrough, wrong_interrupts_are_refused)
{
	struct axvm_pass_through arg = { .flags = AXVM_PASS_IRQ, .irq = 5, .host_irq = 1U << 30 };

	make(pass_touch);
	CHECK_ERR(pass(&vm, &arg), EINVAL);
	arg.host_irq = PASS_HELD_IRQ;
	CHECK_ERR(pass(&vm, &arg), EBUSY);
	arg.irq = 1020;
	CHECK_ERR(pass(&vm, &arg), EINVAL);
	arg.flags = 0;
	arg.irq = 5;
	arg.base = PASS_GUEST;
	arg.host = PASS_HOST;
	arg.length = 0x1000;
	CHECK_ERR(pass(&vm, &arg), EINVAL);
	vm_destroy(&vm);
}

/* --- a page at another address --------------------------------------------------------- */

static void touch(uint32_t flags, unsigned long long reads, unsigned long long writes)
{
	unsigned long long r, w;

	set_host_word(0x5a);
	make(pass_touch);
	CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, PASS_LENGTH, flags));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0x5a);
	CHECK_EQ(*vm_word(&vm, 1), 0xa5);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(r, reads);
	CHECK_EQ(w, writes);
	vm_destroy(&vm);
	CHECK_EQ(host_word(), 0xa5);
}

TEST(passthrough, a_routed_page)
{
	touch(0, 2, 1);
}

TEST(passthrough, a_mapped_page)
{
	touch(AXVM_PASS_MAPPED, 0, 0);
}

/* Part of a page, not at the same place in it */
TEST(passthrough, a_routed_word)
{
	unsigned long long r, w;

	set_host_word(0x5a);
	make(pass_touch);
	CHECK_OK(pass_memory(&vm, PASS_GUEST + PASS_WORD - 0x10, PASS_HOST + PASS_WORD - 0x10, 0x14,
			     0));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0x5a);
	CHECK_EQ(*vm_word(&vm, 1), 0xa5);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(r, 2);
	CHECK_EQ(w, 1);
	vm_destroy(&vm);
}

/* --- while the guest runs -------------------------------------------------------------- */

/**
 * pass_under_guest() - what comes, is seen, and when it is gone nothing of it is
 * @to: the VM, with the guest that waits; it is destroyed
 * @give: pass it: its number, or -1
 */
void pass_under_guest(struct vm *to, int (*give)(struct vm *to))
{
	uint32_t count;
	int id;

	vm_start_thread(to);
	sleep_ms(5);
	CHECK_EQ(*vm_word(to, 0), 0);
	id = give(to);
	CHECK_OK(id);
	CHECK(wait_for(vm_word(to, 0), 100));
	CHECK_OK(pass_remove(to, id));
	/* From here on it has at most to count what it has seen before. */
	count = __atomic_load_n(vm_word(to, 0), __ATOMIC_RELAXED);
	vm_join_thread(to);
	CHECK(*vm_word(to, 0) <= count + 1);
	vm_finish(to);
	vm_destroy(to);
}

static int give_mapped(struct vm *to)
{
	return pass_memory(to, PASS_GUEST, PASS_HOST, PASS_LENGTH, AXVM_PASS_MAPPED);
}

static int give_routed(struct vm *to)
{
	return pass_memory(to, PASS_GUEST, PASS_HOST, PASS_LENGTH, 0);
}

static void come_and_go(int (*give)(struct vm *to))
{
	int i, n = count_of(3, 30);

	for (i = 0; i < n; i++) {
		set_host_word(0x5a);
		make(pass_wait);
		pass_under_guest(&vm, give);
	}
}

TEST(passthrough, a_mapped_page_comes_and_goes)
{
	come_and_go(give_mapped);
}

TEST(passthrough, a_routed_page_comes_and_goes)
{
	come_and_go(give_routed);
}

/* --- memory slots over device memory --------------------------------------------------- */

/* A mapping without pages, as those of VFIO are, is memory of a slot like any other. */
TEST(passthrough, a_slot_over_device_memory)
{
	volatile uint32_t *page = host_page();
	struct axvm_vm_status status;

	page[PASS_WORD / 4] = 0x5a;
	make(pass_touch);
	vm_set_slot(&vm, 1, 0, PASS_GUEST, (void *)page, PASS_LENGTH);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0x5a);
	CHECK_EQ(*vm_word(&vm, 1), 0xa5);
	CHECK_EQ(page[PASS_WORD / 4], 0xa5);

	/* Unmapped by the process, it is nothing for the guest */
	munmap((void *)page, PASS_LENGTH);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESET, 0));
	vm_load(&vm, NR_GUEST_MODES - 1, pass_touch);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_ERROR);
	CHECK_EQ(status.stop_code, EFAULT);
	vm_destroy(&vm);
}

/* A read-only one is read, and written nowhere. */
TEST(passthrough, a_readonly_slot_over_device_memory)
{
	volatile uint32_t *page = host_page();

	page[PASS_WORD / 4] = 0x5a;
	make(pass_touch);
	vm_set_slot(&vm, 1, AXVM_MEM_READONLY, PASS_GUEST, (void *)page, PASS_LENGTH);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0x5a);
	CHECK_EQ(*vm_word(&vm, 1), 0x5a);
	CHECK_EQ(page[PASS_WORD / 4], 0x5a);
	vm_destroy(&vm);
}

/* --- who is killed leaves nothing ------------------------------------------------------ */

static void take_forever(void)
{
	int id;

	for (;;) {
		make(pass_wait);
		vm_start_thread(&vm);
		id = pass_memory(&vm, PASS_GUEST, PASS_HOST, PASS_LENGTH, AXVM_PASS_MAPPED);
		if (id < 0)
			die("pass");
		if (pass_remove(&vm, id) ||
		    pass_memory(&vm, PASS_GUEST, PASS_HOST, PASS_LENGTH, AXVM_PASS_MAPPED) < 0)
			die("pass again");
		/* With the thread in the guest */
		ioctl(vm.fd, AXVM_VM_STOP, 0);
		vm_join_thread(&vm);
		vm_destroy(&vm);
	}
}

TEST(passthrough, who_is_killed_leaves_nothing)
{
	int i, n = count_of(20, 400), status;
	pid_t child;

	srand(5);
	for (i = 0; i < n; i++) {
		child = fork();
		if (!child)
			take_forever();
		usleep(rand() % 30000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		CHECK(WIFSIGNALED(status));
		make(pass_touch);
		CHECK_OK(pass_memory(&vm, PASS_GUEST, PASS_HOST, PASS_LENGTH, AXVM_PASS_MAPPED));
		vm_destroy(&vm);
	}
}
