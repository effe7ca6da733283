// SPDX-License-Identifier: GPL-2.0
/* x86's part of the small virtual machine on /dev/kvm: see kvm.h. */
#include <string.h>
#include <sys/ioctl.h>

#include "kvm.h"
#include "x86.h"

#define NR_CPUID	200
#define TSS_ADDRESS	0xfffbd000UL	/* three pages that no guest of ours uses */

/**
 * kvm_create_devices() - what has to be there before vCPU 0
 * @kvm: the VM
 */
void kvm_create_devices(struct kvm *kvm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (ioctl(kvm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) ||
	    ioctl(kvm->fd, KVM_CREATE_IRQCHIP, 0) || ioctl(kvm->fd, KVM_CREATE_PIT2, &pit))
		die("KVM's devices");
}

/**
 * kvm_set_cpuid() - a vCPU has what the host has
 * @vcpu: its descriptor
 */
void kvm_set_cpuid(int vcpu)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[NR_CPUID];
	} cpuid = { .head.nent = NR_CPUID };

	if (ioctl(kvm_system(), KVM_GET_SUPPORTED_CPUID, &cpuid) ||
	    ioctl(vcpu, KVM_SET_CPUID2, &cpuid))
		die("KVM's CPUID");
}

/**
 * kvm_init_vcpu() - the guest sees the CPU that KVM offers
 * @kvm: the VM
 */
void kvm_init_vcpu(struct kvm *kvm)
{
	kvm_set_cpuid(kvm->vcpu);
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
