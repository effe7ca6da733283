// SPDX-License-Identifier: GPL-2.0
/*
 * A stand-in for /dev/axvm inside the launcher's process: the test program
 * axvm-fake is the launcher with open() and ioctl() wrapped (ld --wrap). It keeps
 * the interface's rules (sizes, reserved fields, order) and plays a guest by a
 * script:
 *
 *	AXVM_FAKE=STEP,STEP...	what vCPU 0 does, the others wait for the end:
 *	  print:TEXT  flood:BYTES  echo (a line of input)  wait (for the end)
 *	  io  mmio  hypercall (unclaimed exits, their answers checked)
 *	  poweroff  reset  triple  exit:N  error:ERRNO  failentry  unknown  errno:ERRNO
 *	AXVM_FAKE_FAIL=NR:ERRNO	the ioctl with this number fails
 *	AXVM_FAKE_REASON=TEXT	no hardware, for this reason
 *	AXVM_FAKE_VERSION=N	version of the interface
 *
 * A broken rule ends the process by abort().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../vm.h"
#include "fake.h"

#define MAX_VCPUS	8

static struct {
	pthread_mutex_t lock;
	int system_fd, vm_fd, stop_fd;
	int console;			/* the guest's end */
	u32 state, reason, stop_vcpu;
	u64 code;
	u64 memory_end;
	unsigned int nr_vcpus, nr_devices, running;
	int vcpu_fd[MAX_VCPUS];
	struct axvm_run *run[MAX_VCPUS];
	struct axvm_x86_regs regs[MAX_VCPUS];
	bool regs_set[MAX_VCPUS];
	const char *step;		/* the rest of the script */
	u32 answer;			/* exit whose answer is due */
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .system_fd = -1, .vm_fd = -1 };

static void expect(bool kept, const char *what)
{
	if (kept)
		return;
	dprintf(STDERR_FILENO, "FAKE: not so: %s\n", what);
	abort();
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	if (!strcmp(path, AXVM_DEVICE_FILE)) {
		fake.system_fd = memfd_create("system", MFD_CLOEXEC);
		return fake.system_fd;
	}
	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	return __real_open(path, flags, mode);
}

static int get_info(struct axvm_info *info)
{
	const char *reason = getenv("AXVM_FAKE_REASON"), *version = getenv("AXVM_FAKE_VERSION");

	expect(info->size == sizeof(*info), "info size");
	info->api_version = version ? (u32)atoi(version) : AXVM_API_VERSION;
	info->arch = AXVM_ARCH_X86_64;
	info->max_vcpus = MAX_VCPUS;
	info->max_slots = 32;
	info->run_size = align_up(sizeof(struct axvm_run), PAGE_BYTES);
	info->regs_size = sizeof(struct axvm_x86_regs);
	info->gpa_bits = 39;
	snprintf(info->backend, sizeof(info->backend), "fake");
	if (reason)
		snprintf(info->reason, sizeof(info->reason), "%s", reason);
	else
		info->features = AXVM_FEATURE_HARDWARE | AXVM_FEATURE_HUGE_2M;
	return 0;
}

static int vm_stat(struct axvm_vm_stat *stat)
{
	expect(stat->size == sizeof(*stat), "stat size");
	if (stat->id > 7) {
		errno = ENOENT;
		return -1;
	}
	stat->id = stat->id > 3 ? 7 : 3;
	stat->state = AXVM_STATE_RUNNING;
	stat->nr_vcpus = stat->id;
	stat->memory = stat->id * 512 * MIB;
	stat->exits = 123456;
	stat->user_exits = 1;
	stat->nr_devices = 9;
	stat->pid = 4711;
	snprintf(stat->name, sizeof(stat->name), "%s", stat->id == 3 ? "three" : "seven");
	return 0;
}

static int device_type(struct axvm_device_type_info *info)
{
	expect(info->size == sizeof(*info) && !info->reserved && !info->number &&
	       !info->name[0], "device type");
	if (info->index > 1) {
		errno = ENOENT;
		return -1;
	}
	info->number = info->index ? AXVM_DEV_PIT : AXVM_DEV_CONSOLE;
	snprintf(info->name, sizeof(info->name), "%s", info->index ? "pit" : "console");
	return 0;
}

static int create_vm(struct axvm_create_vm *arg)
{
	expect(arg->size == sizeof(*arg) && !arg->flags, "create VM");
	/* A configuration file may leave it out. */
	expect(arg->interrupt_mode <= AXVM_IRQ_EMULATED, "interrupt mode");
	expect(arg->name[0] && memchr(arg->name, 0, sizeof(arg->name)), "a VM's name");
	fake.vm_fd = memfd_create("vm", MFD_CLOEXEC);
	fake.stop_fd = eventfd(0, EFD_CLOEXEC);
	fake.step = getenv("AXVM_FAKE");
	expect(fake.step, "AXVM_FAKE is set");
	return fake.vm_fd;
}

static int set_memory(const struct axvm_memory *arg)
{
	expect(arg->size == sizeof(*arg) && !arg->reserved, "memory");
	expect(!(arg->flags & ~(AXVM_MEM_READONLY | AXVM_MEM_NOEXEC)), "flags of memory");
	expect(!((arg->gpa | arg->hva | arg->length) % PAGE_BYTES), "memory is aligned");
	expect(arg->length, "memory is not nothing");
	expect(arg->gpa >= fake.memory_end, "memory slots ascend");
	expect(!msync((void *)arg->hva, arg->length, MS_ASYNC), "memory is there");
	fake.memory_end = arg->gpa + arg->length;
	return 0;
}

static int create_vcpu(const struct axvm_create_vcpu *arg)
{
	u64 size = align_up(sizeof(struct axvm_run), PAGE_BYTES);
	int fd = memfd_create("vcpu", MFD_CLOEXEC);

	expect(arg->size == sizeof(*arg) && !arg->flags && !arg->reserved, "create vCPU");
	expect(arg->id == fake.nr_vcpus && !fake.nr_devices, "vCPUs before devices");
	if (ftruncate(fd, size))
		abort();
	fake.run[arg->id] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fake.vcpu_fd[arg->id] = fd;
	fake.nr_vcpus++;
	return fd;
}

static int create_device(struct axvm_create_device *arg)
{
	int pair[2];

	expect(arg->size == sizeof(*arg) && !arg->flags && !arg->reserved, "create device");
	arg->id = fake.nr_devices++;
	arg->fd = -1;
	if (arg->type == AXVM_DEV_CONSOLE) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			abort();
		arg->fd = pair[0];
		fake.console = pair[1];
	}
	return 0;
}

static void stop(u32 reason, u32 vcpu, u64 code)
{
	u64 one = 1;

	pthread_mutex_lock(&fake.lock);
	if (fake.state == AXVM_STATE_RUNNING) {
		fake.reason = reason;
		fake.stop_vcpu = vcpu;
		fake.code = code;
		fake.state = AXVM_STATE_STOPPED;
		if (write(fake.stop_fd, &one, sizeof(one)) < 0)
			abort();
	}
	pthread_mutex_unlock(&fake.lock);
}

static int request_stop(void)
{
	unsigned int running;

	stop(AXVM_STOP_REQUEST, ~0U, 0);
	do {
		usleep(1000);
		pthread_mutex_lock(&fake.lock);
		running = fake.running;
		pthread_mutex_unlock(&fake.lock);
	} while (running);
	return 0;
}

static int vm_boot_call(void)
{
	unsigned int i;

	for (i = 0; i < fake.nr_vcpus; i++)
		expect(fake.regs_set[i], "each vCPU has registers");
	expect(fake.state < AXVM_STATE_RUNNING, "the VM is new");
	fake.state = AXVM_STATE_RUNNING;
	return 0;
}

static int vm_reset_call(void)
{
	u64 count;

	expect(fake.state == AXVM_STATE_STOPPED, "the VM has stopped");
	if (read(fake.stop_fd, &count, sizeof(count)) < 0)
		abort();
	memset(fake.regs_set, 0, sizeof(fake.regs_set));
	fake.state = AXVM_STATE_LOADED;
	return 0;
}

static int get_status(struct axvm_vm_status *arg)
{
	expect(arg->size == sizeof(*arg), "status size");
	arg->state = fake.state;
	arg->stop_reason = fake.reason;
	arg->stop_vcpu = fake.stop_vcpu;
	arg->stop_code = fake.code;
	return 0;
}

static int set_regs(unsigned int id, const struct axvm_x86_regs *regs)
{
	expect(regs->size == sizeof(*regs) && !regs->reserved, "registers");
	expect(regs->mp_state == (id ? 1 : 0), "only the first vCPU runs");
	expect(regs->rflags & 2, "rflags bit 1");
	fake.regs[id] = *regs;
	fake.regs_set[id] = true;
	return 0;
}

/* Writes all of it to the console, whatever the launcher's speed */
static void print(const char *text, size_t count)
{
	ssize_t n;

	while (count) {
		n = write(fake.console, text, count);
		if (n < 0)
			return;
		text += n;
		count -= n;
	}
}

static void flood(size_t count)
{
	char line[64];
	size_t i;

	for (i = 0; i < count; i += sizeof(line)) {
		memset(line, 'a' + i / sizeof(line) % 26, sizeof(line));
		line[sizeof(line) - 1] = '\n';
		print(line, sizeof(line));
	}
}

static void echo(void)
{
	char line[256];
	size_t used = 0;

	while (used < sizeof(line) && read(fake.console, line + used, 1) == 1) {
		if (line[used] == '\n' || line[used] == '\r')
			break;
		used++;
	}
	print("got:", 4);
	print(line, used);
	print("\n", 1);
}

/* Return: 0 when the VM has stopped, -1 with EINTR */
static int wait_stop(struct axvm_run *run)
{
	struct pollfd ready = { .fd = fake.stop_fd, .events = POLLIN };

	if (run->immediate_exit || poll(&ready, 1, -1) < 0) {
		errno = EINTR;
		return -1;
	}
	run->exit_reason = AXVM_EXIT_STOPPED;
	return 0;
}

static bool take_step(const char *name, const char **value)
{
	size_t length = strlen(name);

	if (strncmp(fake.step, name, length) ||
	    (fake.step[length] && fake.step[length] != ',' && fake.step[length] != ':'))
		return false;
	fake.step += length;
	*value = *fake.step == ':' ? fake.step + 1 : fake.step;
	fake.step += strcspn(fake.step, ",");
	fake.step += *fake.step == ',';
	return true;
}

/* Unclaimed accesses. Return: whether the step is one */
static bool leave_step(struct axvm_run *run)
{
	const char *value;

	memset(run->pad, 0, sizeof(run->pad));
	if (take_step("io", &value)) {
		run->exit_reason = AXVM_EXIT_IO;
		run->io.port = 0x1234;
		run->io.width = 2;
	} else if (take_step("mmio", &value)) {
		run->exit_reason = AXVM_EXIT_MMIO;
		run->mmio.width = 4;
	} else if (take_step("hypercall", &value)) {
		run->exit_reason = AXVM_EXIT_HYPERCALL;
	} else if (take_step("failentry", &value)) {
		run->exit_reason = AXVM_EXIT_FAIL_ENTRY;
		run->fail_entry.code = 0x21;
		run->regs.x86 = fake.regs[0];
	} else if (take_step("unknown", &value)) {
		run->exit_reason = 99;
	} else {
		return false;
	}
	fake.answer = run->exit_reason;
	return true;
}

static void check_answer(const struct axvm_run *run)
{
	if (fake.answer == AXVM_EXIT_IO)
		expect(run->io.data == ~0U, "answer to IN");
	if (fake.answer == AXVM_EXIT_MMIO)
		expect(run->mmio.data == ~0ULL, "answer to a load");
	if (fake.answer == AXVM_EXIT_HYPERCALL)
		expect(run->hypercall.ret == ~0ULL, "answer to a hypercall");
	fake.answer = 0;
}

/* Steps that end the VM. Return: whether the step is one */
static bool end_step(struct axvm_run *run)
{
	const char *value;

	if (take_step("poweroff", &value)) {
		stop(AXVM_STOP_POWEROFF, 0, 0);
	} else if (take_step("reset", &value)) {
		stop(AXVM_STOP_RESET, 0, 0);
	} else if (take_step("triple", &value)) {
		run->regs.x86 = fake.regs[0];
		stop(AXVM_STOP_TRIPLE_FAULT, 0, 0);
	} else if (take_step("exit", &value)) {
		stop(AXVM_STOP_DEBUG_EXIT, 0, strtoull(value, NULL, 0));
	} else if (take_step("error", &value)) {
		stop(AXVM_STOP_ERROR, 0, strtoull(value, NULL, 0));
	} else {
		return false;
	}
	return true;
}

/* Return: as an ioctl; 1: go on with the next step */
static int play(struct axvm_run *run)
{
	const char *value;

	if (fake.state != AXVM_STATE_RUNNING || !*fake.step || take_step("wait", &value))
		return wait_stop(run);
	if (leave_step(run))
		return 0;
	if (end_step(run))
		return 1;
	if (take_step("errno", &value)) {
		errno = atoi(value);
		return -1;
	}
	if (take_step("print", &value)) {
		print(value, strcspn(value, ","));
		print("\n", 1);
	} else if (take_step("flood", &value)) {
		flood(strtoull(value, NULL, 0));
	} else {
		expect(take_step("echo", &value), "the step is known");
		echo();
	}
	return 1;
}

static int run_vcpu(unsigned int id)
{
	struct axvm_run *run = fake.run[id];
	int ret;

	pthread_mutex_lock(&fake.lock);
	fake.running++;
	pthread_mutex_unlock(&fake.lock);
	if (id) {
		ret = wait_stop(run);
	} else {
		check_answer(run);
		do
			ret = play(run);
		while (ret > 0);
	}
	pthread_mutex_lock(&fake.lock);
	fake.running--;
	pthread_mutex_unlock(&fake.lock);
	return ret;
}

static int system_call(unsigned long request, void *arg)
{
	switch (request) {
	case AXVM_GET_INFO:
		return get_info(arg);
	case AXVM_VM_STAT:
		return vm_stat(arg);
	case AXVM_DEVICE_TYPE:
		return device_type(arg);
	case AXVM_CREATE_VM:
		return create_vm(arg);
	}
	expect(false, "the system call is known");
	return -1;
}

static int vm_call(unsigned long request, void *arg)
{
	switch (request) {
	case AXVM_VM_SET_MEMORY:
		return set_memory(arg);
	case AXVM_VM_CREATE_VCPU:
		return create_vcpu(arg);
	case AXVM_VM_CREATE_DEVICE:
		return create_device(arg);
	case AXVM_VM_BOOT:
		return vm_boot_call();
	case AXVM_VM_RESET:
		return vm_reset_call();
	case AXVM_VM_STOP:
		return request_stop();
	case AXVM_VM_GET_STATUS:
		return get_status(arg);
	}
	expect(false, "the VM call is known");
	return -1;
}

static bool shall_fail(unsigned long request)
{
	const char *fail = getenv("AXVM_FAKE_FAIL");
	unsigned int nr, error;

	if (!fail || sscanf(fail, "%x:%u", &nr, &error) != 2 || _IOC_NR(request) != nr)
		return false;
	errno = error;
	return true;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	unsigned int i;

	if (_IOC_TYPE(request) != AXVM_IOC)
		return __real_ioctl(fd, request, arg);
	if (shall_fail(request))
		return -1;
	if (fd == fake.system_fd)
		return system_call(request, arg);
	if (fd == fake.vm_fd)
		return vm_call(request, arg);
	for (i = 0; i < fake.nr_vcpus; i++) {
		if (fd != fake.vcpu_fd[i])
			continue;
		if (request == AXVM_VCPU_SET_REGS)
			return set_regs(i, arg);
		expect(request == AXVM_VCPU_RUN, "the vCPU call is known");
		return run_vcpu(i);
	}
	expect(false, "the descriptor is known");
	return -1;
}
