// SPDX-License-Identifier: GPL-2.0
/*
 * Making a VM of a configuration by the ioctls of /dev/axvm: memory, then vCPUs,
 * then devices (a local APIC device serves the vCPUs that are there), and hardware.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "pci-bus.h"
#include "vm.h"

/**
 * vm_ioctl_failed() - say that the kernel refused something
 * @what: what was wanted, "cannot ..." follows it; errno says why not
 *
 * Return: -1.
 */
int vm_ioctl_failed(const char *what)
{
	int error = errno;
	const char *hint = "";

	switch (error) {
	case EBUSY:
	case ENODEV:
	case EOPNOTSUPP:
	case EPERM:
	case EACCES:
		hint = " (`axvm doctor` says more)";
		break;
	case ENOTTY:
	case E2BIG:
		hint = " (module and launcher are of different versions?)";
		break;
	}
	return fail("cannot %s: %s%s", what, strerror(error), hint);
}

/**
 * vm_open_system() - open /dev/axvm
 * @absent: NULL, or out: nothing was said because the file can't be opened
 *
 * Return: a descriptor, or -1.
 */
int vm_open_system(bool *absent)
{
	int fd = open(AXVM_DEVICE_FILE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (absent) {
		*absent = true;
		return -1;
	}
	if (errno == ENOENT)
		return fail("%s: no such file; the module is not loaded (`axvm doctor` says more)",
			    AXVM_DEVICE_FILE);
	return vm_ioctl_failed("open " AXVM_DEVICE_FILE);
}

static int check_info(struct vm *vm)
{
	struct axvm_info *info = &vm->info;

	info->size = sizeof(*info);
	if (ioctl(vm->system_fd, AXVM_GET_INFO, info))
		return vm_ioctl_failed("ask " AXVM_DEVICE_FILE);
	if (info->api_version != AXVM_API_VERSION)
		return fail("the module speaks version %u of the interface, this launcher %u",
			    info->api_version, AXVM_API_VERSION);
	if (info->arch != arch_number)
		return fail("this launcher was built for another architecture");
	if (!(info->features & AXVM_FEATURE_HARDWARE))
		return fail("no guest can run here: %.*s (`axvm doctor` says more)",
			    (int)sizeof(info->reason), info->reason);
	if (info->run_size < sizeof(struct axvm_run))
		return fail("the module's run page is too small: is it of another version?");
	if (vm->config->nr_vcpus > info->max_vcpus)
		return fail("%u vCPUs: this host gives a VM %u at most", vm->config->nr_vcpus,
			    info->max_vcpus);
	return 0;
}

static int create_vm(struct vm *vm)
{
	struct axvm_create_vm arg = {
		.size = sizeof(arg),
		.interrupt_mode = vm->config->interrupt_mode,
		.flags = vm->config->nr_vfio ? AXVM_VM_EXIT_UNCLAIMED : 0,
	};

	memcpy(arg.name, vm->config->name, sizeof(arg.name));
	vm->fd = ioctl(vm->system_fd, AXVM_CREATE_VM, &arg);
	if (vm->fd < 0)
		return vm_ioctl_failed("create a VM");
	return 0;
}

/* Who may subscribe to what the guest publishes; nobody, if that is not said */
static int allow_ivc(struct vm *vm)
{
	const struct vm_config *config = vm->config;
	struct axvm_ivc_allow arg = {
		.size = sizeof(arg),
		.nr_peers = config->nr_ivc_peers,
		.peers = (uintptr_t)config->ivc_peers,
	};

	if (!config->nr_ivc_peers || !ioctl(vm->fd, AXVM_VM_IVC_ALLOW, &arg))
		return 0;
	if (errno == ENOENT)
		return config_fail(config, config->ivc_line,
				   "who may subscribe to channels: there is no VM of that number");
	return vm_ioctl_failed("say who may subscribe to channels");
}

static int set_memory(struct vm *vm, const struct guest_memory *memory)
{
	const struct memory_region *region;
	unsigned int i;

	for (i = 0; i < memory->nr_regions; i++) {
		struct axvm_memory arg = { .size = sizeof(arg), .slot = i };

		region = &memory->regions[i];
		arg.gpa = region->gpa;
		arg.length = region->size;
		arg.flags = region->flags;
		arg.hva = (uintptr_t)(memory->host + region->offset);
		if (vm->info.gpa_bits < 64 &&
		    (arg.gpa + arg.length - 1) >> vm->info.gpa_bits)
			return fail("too much memory: this host's guests have addresses of %u bits",
				    vm->info.gpa_bits);
		if (ioctl(vm->fd, AXVM_VM_SET_MEMORY, &arg))
			return vm_ioctl_failed("give the VM its memory");
	}
	return 0;
}

static int create_vcpu(struct vm *vm, struct vcpu *vcpu)
{
	struct axvm_create_vcpu arg = { .size = sizeof(arg), .id = vcpu->id };
	void *run;

	vcpu->fd = ioctl(vm->fd, AXVM_VM_CREATE_VCPU, &arg);
	if (vcpu->fd < 0)
		return vm_ioctl_failed("create a vCPU");
	run = mmap(NULL, vm->info.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return vm_ioctl_failed("map a vCPU's run page");
	vcpu->run = run;
	return 0;
}

static int create_vcpus(struct vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config->nr_vcpus; i++)
		if (create_vcpu(vm, &vm->vcpus[i]))
			return -1;
	return 0;
}

static int create_device(struct vm *vm, const struct device_config *device)
{
	struct axvm_create_device arg = {
		.size = sizeof(arg),
		.type = device->type,
		.irq = device->irq,
		.base = device->base,
		.length = device->length,
		.nr_cfg = device->nr_cfg,
		.fd = -1,
	};
	char what[80];

	memcpy(arg.cfg, device->cfg, sizeof(arg.cfg));
	memcpy(arg.type_name, device->type_name, sizeof(arg.type_name));
	memcpy(arg.name, device->name, sizeof(arg.name));
	if (ioctl(vm->fd, AXVM_VM_CREATE_DEVICE, &arg)) {
		snprintf(what, sizeof(what), "create the device %.*s", AXVM_NAME_LEN - 1,
			 device->name[0] ? device->name : device->type_name);
		if (device->line)
			return config_fail(vm->config, device->line, "cannot %s: %s", what,
					   strerror(errno));
		return vm_ioctl_failed(what);
	}
	if (arg.fd < 0)
		return 0;
	if (!device->console || vm->console_fd >= 0) {
		close(arg.fd);
		return 0;
	}
	vm->console_fd = arg.fd;
	if (fcntl(arg.fd, F_SETFL, O_NONBLOCK))
		return vm_ioctl_failed("set up the console");
	return 0;
}

static int create_devices(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->config->nr_emu_devices; i++)
		if (create_device(vm, &vm->config->emu_devices[i]))
			return -1;
	return 0;
}

static int make_room(struct vm *vm)
{
	u32 i;

	vm->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->vcpus = calloc(vm->config->nr_vcpus, sizeof(*vm->vcpus));
	if (vm->done_fd < 0 || !vm->vcpus)
		return fail_errno(errno, "cannot prepare the VM");
	for (i = 0; i < vm->config->nr_vcpus; i++) {
		vm->vcpus[i].vm = vm;
		vm->vcpus[i].id = i;
		vm->vcpus[i].fd = -1;
	}
	return 0;
}

/**
 * vm_create() - make a VM with its memory, vCPUs and devices
 * @vm: filled in
 * @config: a checked configuration; must stay
 * @memory: its memory; must stay
 *
 * Return: 0, or -1 with a message; vm_destroy() is due either way.
 */
int vm_create(struct vm *vm, const struct vm_config *config, const struct guest_memory *memory)
{
	memset(vm, 0, sizeof(*vm));
	vm->config = config;
	vm->fd = -1;
	vm->console_fd = -1;
	vm->done_fd = -1;
	vm->system_fd = vm_open_system(NULL);
	if (vm->system_fd < 0)
		return -1;
	if (make_room(vm) || check_info(vm) || create_vm(vm) || allow_ivc(vm) ||
	    set_memory(vm, memory) || create_vcpus(vm) || create_devices(vm) ||
	    vm_pass_through(vm) || pci_bus_create(vm, memory))
		return -1;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/**
 * vm_destroy() - undo vm_create(); no vCPU thread may be left
 * @vm: the VM
 */
void vm_destroy(struct vm *vm)
{
	u32 i;

	pci_bus_destroy(vm);
	for (i = 0; vm->vcpus && i < vm->config->nr_vcpus; i++) {
		if (vm->vcpus[i].run)
			munmap(vm->vcpus[i].run, vm->info.run_size);
		close_fd(&vm->vcpus[i].fd);
	}
	free(vm->vcpus);
	vm->vcpus = NULL;
	close_fd(&vm->console_fd);
	close_fd(&vm->fd);
	close_fd(&vm->done_fd);
	close_fd(&vm->system_fd);
}

/**
 * vm_set_regs() - put all vCPUs into the state in which they start
 * @vm: the VM, not running
 * @first: registers of vCPU 0; the others wait for it
 *
 * Return: 0, or -1 with a message.
 */
int vm_set_regs(struct vm *vm, const struct boot_regs *first)
{
	struct boot_regs regs;
	u32 i;

	for (i = 0; i < vm->config->nr_vcpus; i++) {
		if (i)
			arch_secondary_regs(&regs);
		else
			regs = *first;
		if (ioctl(vm->vcpus[i].fd, AXVM_VCPU_SET_REGS, &regs))
			return vm_ioctl_failed("set a vCPU's registers");
	}
	return 0;
}

/**
 * vm_reset() - devices and vCPUs as at power-on
 * @vm: the VM, stopped
 *
 * Return: 0, or -1 with a message.
 */
int vm_reset(struct vm *vm)
{
	if (ioctl(vm->fd, AXVM_VM_RESET, 0))
		return vm_ioctl_failed("reset the VM");
	return 0;
}

/**
 * vm_boot() - let the VM run; its vCPUs wait for their threads
 * @vm: the VM, new or reset
 *
 * Return: 0, or -1 with a message.
 */
int vm_boot(struct vm *vm)
{
	if (ioctl(vm->fd, AXVM_VM_BOOT, 0))
		return vm_ioctl_failed("boot the VM");
	return 0;
}

/**
 * vm_status() - ask for a VM's state
 * @vm: the VM
 * @status: filled in
 *
 * Return: 0, or -1 with a message.
 */
int vm_status(struct vm *vm, struct axvm_vm_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	if (ioctl(vm->fd, AXVM_VM_GET_STATUS, status))
		return vm_ioctl_failed("ask for the VM's state");
	return 0;
}
