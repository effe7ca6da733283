// SPDX-License-Identifier: GPL-2.0
/* What arm64's ioctls refuse of registers, devices and interrupts. */
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "vm.h"

static struct vm vm;

/* --- registers that no entry takes --------------------------------------------------------- */

static struct axvm_arm64_regs good(void)
{
	static const struct blob nothing;
	struct axvm_arm64_regs regs;

	vm_load(&vm, GUEST_FLAT, &nothing);
	vm_get_regs(&vm, &regs);
	return regs;
}

#define REFUSED(change)							\
	do {								\
		struct axvm_arm64_regs regs = good();			\
									\
		change;							\
		CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_SET_REGS, &regs), EINVAL); \
	} while (0)

/* PSTATE.M (ARM DDI 0487 C5.2.19) */
#define EL0T	0x0
#define EL1T	0x4
#define EL1H	0x5
#define EL2H	0x9
#define EL3H	0xd
#define AARCH32	0x10

TEST(api, impossible_registers_are_refused)
{
	vm_create(&vm, 0);
	REFUSED(regs.mp_state = 3);
	REFUSED(regs.mp_state = ~0U);
	REFUSED(regs.pstate = EL2H);
	REFUSED(regs.pstate = EL3H);
	REFUSED(regs.pstate = 0x7);
	REFUSED(regs.pstate = AARCH32);
	REFUSED(regs.pstate = AARCH32 | 0x3);
	REFUSED(regs.pstate |= 1ULL << 32);
	REFUSED(regs.spsr_el1 = 1ULL << 32);
}

TEST(api, possible_registers_are_kept)
{
	static const uint64_t modes[] = { EL0T, EL1T, EL1H };
	struct axvm_arm64_regs regs;
	unsigned int i;

	vm_create(&vm, 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		regs = good();
		regs.pstate = modes[i];
		regs.pc = 0xffff800012345678;
		regs.sp_el0 = 1;
		regs.sp_el1 = 2;
		regs.elr_el1 = 3;
		regs.spsr_el1 = 4;
		regs.x[30] = 5;
		vm_set_regs(&vm, &regs);
		vm_get_regs(&vm, &regs);
		CHECK_EQ(regs.pstate, modes[i]);
		CHECK_EQ(regs.pc, 0xffff800012345678);
		CHECK(regs.sp_el0 == 1 && regs.sp_el1 == 2 && regs.elr_el1 == 3);
		CHECK(regs.spsr_el1 == 4 && regs.x[30] == 5);
	}
}

/* Refused registers change nothing. */
TEST(api, refused_registers_leave_the_old_ones)
{
	struct axvm_arm64_regs before, regs;

	vm_create(&vm, 0);
	before = good();
	regs = before;
	regs.pc = 0x1234;
	regs.pstate = EL2H;
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_SET_REGS, &regs), EINVAL);
	vm_get_regs(&vm, &regs);
	CHECK(!memcmp(&regs, &before, sizeof(regs)));
}

static int sysreg(unsigned int call, uint64_t reg, uint64_t *value)
{
	struct axvm_sysreg arg = { .size = sizeof(arg), .reg = reg, .value = *value };
	int ret = ioctl(vm.vcpu, call, &arg);

	*value = arg.value;
	return ret;
}

/* As SYS_* of the kernel has them: op0, op1, CRn, CRm, op2 (ARM DDI 0487 C5.1.2) */
#define REG(op0, op1, n, m, op2)	((op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)
#define VBAR_EL1	REG(3, 0, 12, 0, 0)
#define TPIDR_EL0	REG(3, 3, 13, 0, 2)
#define MPIDR_EL1	REG(3, 0, 0, 0, 5)
#define HCR_EL2		REG(3, 4, 1, 1, 0)
#define PMCR_EL0	REG(3, 3, 9, 12, 0)

TEST(api, system_registers_are_known_or_not)
{
	static const uint32_t kept[] = { VBAR_EL1, TPIDR_EL0 };
	uint64_t value = 0;
	unsigned int i;

	vm_create(&vm, 0);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, HCR_EL2, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, HCR_EL2, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, PMCR_EL0, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, VBAR_EL1 | 1, &value), ENOENT);
	CHECK_ERR(sysreg(AXVM_VCPU_GET_SYSREG, 1ULL << 32 | VBAR_EL1, &value), ENOENT);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		value = 0xffff888012345800;
		CHECK_OK(sysreg(AXVM_VCPU_SET_SYSREG, kept[i], &value));
		value = 0;
		CHECK_OK(sysreg(AXVM_VCPU_GET_SYSREG, kept[i], &value));
		CHECK_EQ(value, 0xffff888012345800);
	}
	/* Read-only: its own value is taken, no other. */
	CHECK_OK(sysreg(AXVM_VCPU_GET_SYSREG, MPIDR_EL1, &value));
	CHECK_OK(sysreg(AXVM_VCPU_SET_SYSREG, MPIDR_EL1, &value));
	value++;
	CHECK_ERR(sysreg(AXVM_VCPU_SET_SYSREG, MPIDR_EL1, &value), EINVAL);
}

/* What the guest left there, userspace sees and changes between two runs. */
BLOB(tpidr_twice,
	"	movz	x19, #0x1000, lsl #16\n"
	"	movz	x20, #0x4000, lsl #16\n"
	"	add	x20, x20, #8, lsl #12\n"
	"	movz	x24, #0x0903, lsl #16\n"
	"	mov	x0, #0x111\n"
	"	msr	tpidr_el0, x0\n"
	"	msr	far_el1, x0\n"
	"	str	wzr, [x19]\n"		/* here it changes */
	"	mrs	x0, tpidr_el0\n"
	"	str	x0, [x20]\n"
	"	mrs	x0, far_el1\n"
	"	str	x0, [x20, #8]\n"
	"	str	wzr, [x19]\n"		/* here nothing does */
	"	mrs	x0, far_el1\n"
	"	str	x0, [x20, #16]\n"
	"	str	wzr, [x24]\n"
	"	b	.\n");

#define FAR_EL1		REG(3, 0, 6, 0, 0)

TEST(api, registers_change_between_two_runs)
{
	uint64_t *data, value = 0;

	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_board_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &tpidr_twice);
	data = (uint64_t *)vm_word(&vm, 0);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	CHECK_OK(sysreg(AXVM_VCPU_GET_SYSREG, TPIDR_EL0, &value));
	CHECK_EQ(value, 0x111);
	value = 0x222;
	CHECK_OK(sysreg(AXVM_VCPU_SET_SYSREG, TPIDR_EL0, &value));
	value = 0x333;
	CHECK_OK(sysreg(AXVM_VCPU_SET_SYSREG, FAR_EL1, &value));
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	CHECK_EQ(data[0], 0x222);
	CHECK_EQ(data[1], 0x333);
	vm_finish(&vm);
	CHECK_EQ(data[2], 0x333);
}

static int fpu(unsigned int call, void *data, uint32_t length)
{
	struct axvm_fpu arg = { .size = sizeof(arg), .length = length, .data = (uintptr_t)data };

	return ioctl(vm.vcpu, call, &arg);
}

TEST(api, an_fpu_image_has_a_length)
{
	struct axvm_info info = { .size = sizeof(info) };
	static uint8_t image[4096];
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
}

/* --- devices and interrupts ------------------------------------------------------------------- */

static int inject(uint32_t vcpu, uint32_t irq)
{
	struct axvm_inject arg = { .size = sizeof(arg), .vcpu = vcpu, .irq = irq };

	return ioctl(vm.fd, AXVM_VM_INJECT, &arg);
}

TEST(api, an_interrupt_needs_somebody_to_take_it)
{
	vm_create(&vm, 0);
	CHECK_ERR(inject(0, 0x40), ENODEV);			/* no GIC */
	vm_add_board_devices(&vm);
	CHECK_ERR(inject(1, 0x40), ENOENT);
	CHECK_ERR(inject(63, 0x40), ENOENT);
	CHECK_ERR(inject(~0U, 0x40), ENOENT);
	CHECK_ERR(inject(0, 1020), EINVAL);
	CHECK_ERR(inject(0, ~0U), EINVAL);
	CHECK_OK(inject(0, 0));
	CHECK_OK(inject(0, 16));
	CHECK_OK(inject(0, 1019));
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	CHECK_ERR(inject(0, 0x40), ESHUTDOWN);
}

/* A device with several regions: half of it free is not enough, and leaves nothing. */
TEST(api, all_regions_of_a_device_or_none)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_GICV3, .base = GUEST_GICD, .nr_cfg = 1,
		.cfg = { GUEST_GICR },
	};

	vm_create(&vm, 0);
	vm_add_debug_exit(&vm, GUEST_GICR + 0x1000);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EEXIST);
	vm_add_debug_exit(&vm, GUEST_GICD);
	device.base = GUEST_GICD + 0x100800;			/* not aligned */
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_CREATE_DEVICE, &device), EINVAL);
}
