// SPDX-License-Identifier: GPL-2.0
/* What x86's ioctls refuse of registers, devices and interrupts. */
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static struct vm vm;

/* --- registers that no entry takes --------------------------------------------------------- */

static struct axvm_x86_regs good(void)
{
	static const struct blob nothing;
	struct axvm_x86_regs regs;

	vm_load(&vm, GUEST_PAGED, &nothing);
	vm_get_regs(&vm, &regs);
	return regs;
}

#define REFUSED(change)							\
	do {								\
		struct axvm_x86_regs regs = good();			\
									\
		change;							\
		CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_SET_REGS, &regs), EINVAL); \
	} while (0)

TEST(api, impossible_registers_are_refused)
{
	vm_create(&vm, 0);
	REFUSED(regs.mp_state = 3);
	REFUSED(regs.mp_state = ~0U);
	REFUSED(regs.reserved = 1);
	REFUSED(regs.interruptibility = 4);
	REFUSED(regs.interruptibility = 16);
	REFUSED(regs.cr0 |= 1ULL << 32);
	REFUSED(regs.cr0 &= ~X86_CR0_PE);			/* paging without protection */
	REFUSED(regs.cr3 = 1ULL << 52);
	REFUSED(regs.cr4 |= 1ULL << 13);			/* VMXE: no nested guests */
	REFUSED(regs.cr4 |= 1ULL << 40);
	REFUSED(regs.cr4 &= ~X86_CR4_PAE);			/* long mode without PAE */
	REFUSED(regs.efer &= ~EFER_LMA);			/* LME and paging make LMA */
	REFUSED(regs.efer &= ~EFER_LME);
	REFUSED(regs.efer |= 1ULL << 12);			/* SVME */
	REFUSED(regs.efer |= 1ULL << 1);
	REFUSED(regs.cr8 = 16);
	REFUSED(regs.xcr0 = 0);
	REFUSED(regs.xcr0 = 5);					/* AVX without SSE */
	REFUSED(regs.xcr0 = 1ULL << 62 | 1);
	REFUSED(regs.dr[6] = 1ULL << 32);
	REFUSED(regs.dr[7] = 1ULL << 32);
	REFUSED(regs.gdt_limit = 0x10000);
	REFUSED(regs.idt_limit = 0x10000);
	REFUSED(regs.seg[AXVM_X86_CS].attr |= 1U << 17);
	REFUSED(regs.seg[AXVM_X86_SS].attr |= 1U << 8);
	REFUSED(regs.seg[AXVM_X86_TR].reserved = 1);
	REFUSED(regs.seg[AXVM_X86_GS].reserved2 = 1);
}

/* Refused registers change nothing. */
TEST(api, refused_registers_leave_the_old_ones)
{
	struct axvm_x86_regs before, regs;

	vm_create(&vm, 0);
	before = good();
	regs = before;
	regs.rip = 0x1234;
	regs.xcr0 = 0;
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_SET_REGS, &regs), EINVAL);
	vm_get_regs(&vm, &regs);
	CHECK(!memcmp(&regs, &before, sizeof(regs)));
}

/* What the CPU alone can refuse is an entry that fails: told with all registers. */
TEST(api, a_state_the_cpu_refuses_is_told)
{
	struct axvm_vm_status status;
	struct axvm_x86_regs regs;

	vm_create(&vm, 0);
	regs = good();
	regs.seg[AXVM_X86_TR].attr = 0x82;			/* an LDT's type */
	vm_set_regs(&vm, &regs);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_FAIL_ENTRY);
	/* Invalid guest state is basic exit reason 33, an entry failure bit 31. */
	CHECK_EQ(vm.run->fail_entry.code, 0x80000021);
	CHECK_EQ(vm.run->regs.x86.rip, GUEST_CODE);
	CHECK_EQ(vm.run->regs.x86.seg[AXVM_X86_TR].attr, 0x82);
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_ERROR);
	CHECK_EQ(status.stop_code, EIO);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
}

static int sysreg(unsigned int call, uint64_t reg, uint64_t *value)
{
	struct axvm_sysreg arg = { .size = sizeof(arg), .reg = reg, .value = *value };
	int ret = ioctl(vm.vcpu, call, &arg);

	*value = arg.value;
	return ret;
}

TEST(api, msrs_are_known_or_not)
{
	static const uint32_t addresses[] = {
		0xc0000082, 0xc0000083, 0xc0000102, 0x175, 0x176,	/* LSTAR, CSTAR, KERNEL_GS_BASE, SYSENTER_ESP, _EIP */
	};
	uint64_t value = 0;
	unsigned int i;

	vm_create(&vm, 0);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, 0x12345, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, 0x12345, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, 1ULL << 32 | 0x277, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, 1ULL << 32 | 0x277, &value), ENOENT);
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		value = 0xffff888012345678;
		CHECK_OK(sysreg(AXVM_VCPU_SET_SYSREG, addresses[i], &value));
		value = 0;
		CHECK_OK(sysreg(AXVM_VCPU_GET_SYSREG, addresses[i], &value));
		CHECK_EQ(value, 0xffff888012345678);
		/* Not canonical */
		value = 0x1234567890abcdef;
		CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, addresses[i], &value), EINVAL);
	}
	value = 8;						/* no memory type */
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, 0x277, &value), EINVAL);
	value = 1ULL << 20;
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, 0xc0000080, &value), EINVAL);
}

static int fpu(unsigned int call, void *data, uint32_t length)
{
	struct axvm_fpu arg = { .size = sizeof(arg), .length = length, .data = (uintptr_t)data };

	return ioctl(vm.vcpu, call, &arg);
}

#define XSTATE_BV	512	/* XSAVE header (SDM Vol. 1 13.4.2) */
#define XCOMP_BV	520
#define MXCSR		24

TEST(api, an_fpu_image_is_checked)
{
	struct axvm_info info = { .size = sizeof(info) };
	static uint8_t image[16384];
	uint32_t length;

	vm_create(&vm, 0);
	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &info));
	length = info.fpu_size;
	CHECK(length <= sizeof(image));
	CHECK_ERR(fpu(AXVM_VCPU_GET_FPU, image, length - 1), EINVAL);
	CHECK_ERR(fpu(AXVM_VCPU_GET_FPU, image, length + 1), EINVAL);
	CHECK_ERR(fpu(AXVM_VCPU_GET_FPU, NULL, length), EFAULT);
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, image, 0), EINVAL);
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, NULL, length), EFAULT);
	CHECK_OK(fpu(AXVM_VCPU_GET_FPU, image, length));
	CHECK_OK(fpu(AXVM_VCPU_SET_FPU, image, length));
	/* What XRSTOR would fault on */
	image[XSTATE_BV + 7] |= 0x40;
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, image, length), EINVAL);
	image[XSTATE_BV + 7] &= ~0x40;
	image[XCOMP_BV + 7] = 0x80;
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, image, length), EINVAL);
	image[XCOMP_BV + 7] = 0;
	image[XCOMP_BV + 8] = 1;
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, image, length), EINVAL);
	image[XCOMP_BV + 8] = 0;
	image[MXCSR + 2] = 1;
	CHECK_ERR(fpu(AXVM_VCPU_SET_FPU, image, length), EINVAL);
	image[MXCSR + 2] = 0;
	CHECK_OK(fpu(AXVM_VCPU_SET_FPU, image, length));
}

/* --- devices and interrupts -------------------------------------------------------------------- */

static int inject(uint32_t vcpu, uint32_t irq)
{
	struct axvm_inject arg = { .size = sizeof(arg), .vcpu = vcpu, .irq = irq };

	return ioctl(vm.fd, AXVM_VM_INJECT, &arg);
}

TEST(api, an_interrupt_needs_somebody_to_take_it)
{
	vm_create(&vm, 0);
	CHECK_ERR(inject(0, 0x40), ENODEV);			/* no local APIC */
	vm_add_pc_devices(&vm);
	CHECK_ERR(inject(1, 0x40), ENOENT);
	CHECK_ERR(inject(63, 0x40), ENOENT);
	CHECK_ERR(inject(~0U, 0x40), ENOENT);
	CHECK_ERR(inject(0, 15), EINVAL);
	CHECK_ERR(inject(0, 0), EINVAL);
	CHECK_ERR(inject(0, 256), EINVAL);
	CHECK_ERR(inject(0, ~0U), EINVAL);
	/* After a reset a local APIC is switched off by software. */
	CHECK_ERR(inject(0, 0x40), EAGAIN);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	CHECK_ERR(inject(0, 0x40), ESHUTDOWN);
}

/* A device with several regions: half of it free is not enough, and leaves nothing. */
TEST(api, all_regions_of_a_device_or_none)
{
	struct axvm_create_device device = { .size = sizeof(device), .type = AXVM_DEV_PIC };

	vm_create(&vm, 0);
	vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0xa1, 1, 0);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EEXIST);
	vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x20, 2, 0);
	device.type = AXVM_DEV_IOAPIC;
	device.base = 0xfec00800;			/* not aligned */
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EINVAL);
}
