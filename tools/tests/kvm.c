// SPDX-License-Identifier: GPL-2.0
/* A small virtual machine on /dev/kvm: see kvm.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm.h"
#include "x86.h"

#define NR_CPUID	200
#define TSS_ADDRESS	0xfffbd000UL	/* three pages that no guest of ours uses */

static int kvm_system(void)
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

/* The guest sees the CPU that KVM offers. */
static void set_cpuid(struct kvm *kvm)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[NR_CPUID];
	} cpuid = { .head.nent = NR_CPUID };

	if (ioctl(kvm_system(), KVM_GET_SUPPORTED_CPUID, &cpuid) ||
	    ioctl(kvm->vcpu, KVM_SET_CPUID2, &cpuid))
		die("KVM's CPUID");
}

/**
 * kvm_create() - a VM with GUEST_MEMORY bytes of memory, PC devices and vCPU 0
 * @kvm: filled in
 */
void kvm_create(struct kvm *kvm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_MEMORY };

	kvm->fd = ioctl(kvm_system(), KVM_CREATE_VM, 0);
	if (kvm->fd < 0)
		die("KVM_CREATE_VM");
	if (ioctl(kvm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) ||
	    ioctl(kvm->fd, KVM_CREATE_IRQCHIP, 0) || ioctl(kvm->fd, KVM_CREATE_PIT2, &pit))
		die("KVM's devices");
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
	set_cpuid(kvm);
	kvm->run_size = ioctl(kvm_system(), KVM_GET_VCPU_MMAP_SIZE, 0);
	kvm->run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->vcpu, 0);
	if (kvm->run == MAP_FAILED)
		die("mmap of KVM's run page");
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = ~0U, .selector = selector, .type = type, .present = 1, .s = 1, .db = 1,
		.g = 1,
	};
}

/**
 * kvm_load() - put a guest's code into memory and set the registers for its start
 * @kvm: the VM
 * @mode: GUEST_FLAT or GUEST_PAGED
 * @code: its code
 */
void kvm_load(struct kvm *kvm, enum guest_mode mode, const struct blob *code)
{
	struct kvm_regs regs = { .rip = GUEST_CODE, .rsp = GUEST_STACK, .rflags = 2 };
	struct kvm_sregs sregs;

	memcpy(kvm->memory + GUEST_CODE, code->start, code->end - code->start);
	if (ioctl(kvm->vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.cs = flat_segment(8, 11);
	sregs.ds = flat_segment(16, 3);
	sregs.es = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.fs = sregs.ds;
	sregs.gs = sregs.ds;
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;
	if (mode == GUEST_PAGED) {
		write_page_tables(kvm->memory);
		sregs.cr0 |= X86_CR0_PG;
		sregs.cr3 = GUEST_TABLES;
		sregs.cr4 = X86_CR4_PAE | X86_CR4_OSFXSR;
		sregs.efer = EFER_LME | EFER_LMA;
		sregs.cs.db = 0;
		sregs.cs.l = 1;
	}
	if (ioctl(kvm->vcpu, KVM_SET_SREGS, &sregs) || ioctl(kvm->vcpu, KVM_SET_REGS, &regs))
		die("KVM's registers");
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
	close(kvm->fd);
	munmap(kvm->memory, GUEST_MEMORY);
}
