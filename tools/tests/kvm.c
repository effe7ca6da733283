// SPDX-License-Identifier: GPL-2.0
/* A small virtual machine on /dev/kvm, whichever family: see kvm.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm.h"

/**
 * kvm_system() - /dev/kvm, opened once
 *
 * Return: its descriptor.
 */
int kvm_system(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/kvm");
	return fd;
}

/**
 * kvm_present() - is there a KVM?
 *
 * Return: true or false.
 */
bool kvm_present(void)
{
	return !access("/dev/kvm", F_OK);
}

/**
 * kvm_create() - a VM with GUEST_MEMORY bytes of memory, the family's devices and vCPU 0
 * @kvm: filled in
 */
void kvm_create(struct kvm *kvm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_RAM,
		.memory_size = GUEST_MEMORY,
	};

	kvm->other = -1;
	kvm->fd = ioctl(kvm_system(), KVM_CREATE_VM, 0);
	if (kvm->fd < 0)
		die("KVM_CREATE_VM");
	kvm_create_devices(kvm);
	kvm->memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (kvm->memory == MAP_FAILED)
		die("mmap");
	region.userspace_addr = (uintptr_t)kvm->memory;
	if (ioctl(kvm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION");
	kvm->vcpu = ioctl(kvm->fd, KVM_CREATE_VCPU, 0);
	if (kvm->vcpu < 0)
		die("KVM_CREATE_VCPU");
	kvm_init_vcpu(kvm);
	kvm->run_size = ioctl(kvm_system(), KVM_GET_VCPU_MMAP_SIZE, 0);
	kvm->run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->vcpu, 0);
	if (kvm->run == MAP_FAILED)
		die("mmap of KVM's run page");
}

/**
 * kvm_run() - run vCPU 0 until it leaves the kernel
 * @kvm: the VM
 *
 * Return: KVM_EXIT_*.
 */
uint32_t kvm_run(struct kvm *kvm)
{
	if (ioctl(kvm->vcpu, KVM_RUN, 0) && errno != EINTR)
		die("KVM_RUN");
	return kvm->run->exit_reason;
}

/**
 * kvm_destroy() - end it and give back what it had
 * @kvm: the VM
 */
void kvm_destroy(struct kvm *kvm)
{
	munmap(kvm->run, kvm->run_size);
	close(kvm->vcpu);
	if (kvm->other >= 0)
		close(kvm->other);
	close(kvm->fd);
	munmap(kvm->memory, GUEST_MEMORY);
}
