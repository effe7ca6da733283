// SPDX-License-Identifier: GPL-2.0
/* arm64's part of the small virtual machine on /dev/kvm: see kvm.h. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm.h"

static void set_attribute(int fd, uint32_t group, uint64_t attribute, uint64_t value)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)&value,
	};

	if (ioctl(fd, KVM_SET_DEVICE_ATTR, &attr))
		die("KVM's GIC: group %u attribute %llu", group, (unsigned long long)attribute);
}

/**
 * kvm_create_devices() - what has to be there before vCPU 0: nothing
 * @kvm: the VM
 */
void kvm_create_devices(struct kvm *kvm)
{
	(void)kvm;
}

/* The GIC is made when all vCPUs are there. */
static void create_gic(struct kvm *kvm)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	if (ioctl(kvm->fd, KVM_CREATE_DEVICE, &device))
		die("KVM's GIC");
	set_attribute(device.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, GUEST_GICD);
	set_attribute(device.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		      GUEST_GICR);
	set_attribute(device.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	close(device.fd);
}

static void init_vcpu(struct kvm *kvm, int vcpu, uint32_t features)
{
	struct kvm_vcpu_init init;

	if (ioctl(kvm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		die("KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= features;
	if (ioctl(vcpu, KVM_ARM_VCPU_INIT, &init))
		die("KVM_ARM_VCPU_INIT");
}

/**
 * kvm_init_vcpu() - vCPU 0 with PSCI, vCPU 1 which is off, and the GIC of both
 * @kvm: the VM
 */
void kvm_init_vcpu(struct kvm *kvm)
{
	int other = ioctl(kvm->fd, KVM_CREATE_VCPU, 1);

	if (other < 0)
		die("KVM_CREATE_VCPU");
	init_vcpu(kvm, kvm->vcpu, 1U << KVM_ARM_VCPU_PSCI_0_2);
	init_vcpu(kvm, other, 1U << KVM_ARM_VCPU_PSCI_0_2 | 1U << KVM_ARM_VCPU_POWER_OFF);
	create_gic(kvm);
	kvm->other = other;
}

/* A register of struct kvm_regs: 64 bits each up to PSTATE */
static void set_core_reg(struct kvm *kvm, size_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      offset / sizeof(uint32_t),
		.addr = (uintptr_t)&value,
	};

	if (ioctl(kvm->vcpu, KVM_SET_ONE_REG, &reg))
		die("KVM_SET_ONE_REG");
}

/**
 * kvm_load() - put a guest's code into memory and set the registers for its start
 * @kvm: the VM
 * @mode: GUEST_FLAT
 * @code: its code
 */
void kvm_load(struct kvm *kvm, enum guest_mode mode, const struct blob *code)
{
	(void)mode;
	memcpy(kvm->memory + GUEST_CODE, code->start, code->end - code->start);
	set_core_reg(kvm, offsetof(struct kvm_regs, regs.pc), GUEST_RAM + GUEST_CODE);
	set_core_reg(kvm, offsetof(struct kvm_regs, sp_el1), GUEST_RAM + GUEST_STACK);
}
