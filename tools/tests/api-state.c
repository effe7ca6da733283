// SPDX-License-Identifier: GPL-2.0
/*
 * Calls in every state of a VM, registers that are refused, and interrupts from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static struct vm vm;

static uint32_t state(void)
{
	struct axvm_vm_status status;

	vm_status(&vm, &status);
	return status.state;
}

/* --- the state machine -------------------------------------------------------------------- */

static void to_loading(void)
{
	struct axvm_create_vm create = { .size = sizeof(create) };

	memset(&vm, 0, sizeof(vm));
	vm.fd = ioctl(vm_system(), AXVM_CREATE_VM, &create);
	vm.vcpu = -1;
	CHECK(vm.fd >= 0);
}

static void to_loaded(void)
{
	vm_create(&vm, 0);
}

static void to_running(void)
{
	to_loaded();
	vm_boot(&vm);
}

static void to_suspended(void)
{
	to_running();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
}

static void to_stopped(void)
{
	to_running();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
}

/* One row a state: how to get there, and what each call says there and leads to */
static const struct {
	const char *name;
	uint32_t state;
	void (*go)(void);
	struct {
		int error;
		uint32_t state;
	} boot, reset, suspend, resume, stop;
} states[] = {
#define SAME(error_, state_)	{ error_, AXVM_STATE_##state_ }
	{ "Loading", AXVM_STATE_LOADING, to_loading,
	  .boot = SAME(EINVAL, LOADING), .reset = SAME(EBUSY, LOADING),
	  .suspend = SAME(EBUSY, LOADING), .resume = SAME(EBUSY, LOADING),
	  .stop = SAME(0, STOPPED) },
	{ "Loaded", AXVM_STATE_LOADED, to_loaded,
	  .boot = SAME(0, RUNNING), .reset = SAME(0, LOADED),
	  .suspend = SAME(EBUSY, LOADED), .resume = SAME(EBUSY, LOADED),
	  .stop = SAME(0, STOPPED) },
	{ "Running", AXVM_STATE_RUNNING, to_running,
	  .boot = SAME(EBUSY, RUNNING), .reset = SAME(EBUSY, RUNNING),
	  .suspend = SAME(0, SUSPENDED), .resume = SAME(EBUSY, RUNNING),
	  .stop = SAME(0, STOPPED) },
	{ "Suspended", AXVM_STATE_SUSPENDED, to_suspended,
	  .boot = SAME(EBUSY, SUSPENDED), .reset = SAME(EBUSY, SUSPENDED),
	  .suspend = SAME(EBUSY, SUSPENDED), .resume = SAME(0, RUNNING),
	  .stop = SAME(0, STOPPED) },
	{ "Stopped", AXVM_STATE_STOPPED, to_stopped,
	  .boot = SAME(0, RUNNING), .reset = SAME(0, LOADED),
	  .suspend = SAME(EBUSY, STOPPED), .resume = SAME(EBUSY, STOPPED),
	  .stop = SAME(0, STOPPED) },
#undef SAME
};

#define TRY(row, call_, CMD)								\
	try_call((row)->name, #call_, CMD, (row)->go, (row)->call_.error, (row)->call_.state)

static void try_call(const char *from, const char *call, unsigned int cmd, void (*go)(void),
		     int error, uint32_t next)
{
	int result;

	go();
	errno = 0;
	result = ioctl(vm.fd, cmd, 0) ? errno : 0;
	if (result != error)
		check_failed(__FILE__, __LINE__, "%s, %s: %s, not %s", from, call, strerror(result),
			     strerror(error));
	if (state() != next)
		check_failed(__FILE__, __LINE__, "%s, %s: state %u, not %u", from, call, state(),
			     next);
	if (vm.run)
		vm_destroy(&vm);
	else
		close(vm.fd);
}

TEST(api, every_call_in_every_state)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		TRY(&states[i], boot, AXVM_VM_BOOT);
		TRY(&states[i], reset, AXVM_VM_RESET);
		TRY(&states[i], suspend, AXVM_VM_SUSPEND);
		TRY(&states[i], resume, AXVM_VM_RESUME);
		TRY(&states[i], stop, AXVM_VM_STOP);
	}
}

TEST(api, a_vm_needs_memory_and_a_vcpu_to_boot)
{
	struct axvm_create_vcpu create = { .size = sizeof(create) };
	static uint8_t page[4096] __attribute__((aligned(4096)));

	to_loading();
	vm_set_slot(&vm, 0, 0, 0, page, sizeof(page));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
	CHECK(ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create) >= 0);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_BOOT, 0));
	to_loading();
	create.id = 0;
	vm.vcpu = ioctl(vm.fd, AXVM_VM_CREATE_VCPU, &create);
	CHECK(vm.vcpu >= 0);
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINVAL);
	CHECK_EQ(state(), AXVM_STATE_LOADING);
}

/* To stop a VM that never was complete does not make it complete. */
TEST(api, an_incomplete_vm_does_not_boot_after_stop)
{
	to_loading();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
}

/* Nor does a complete one whose memory has gone boot. */
TEST(api, a_vm_without_memory_does_not_boot)
{
	struct axvm_memory mem = { .size = sizeof(mem) };

	to_loaded();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem));
	CHECK_ERR(ioctl(vm.fd, AXVM_VM_BOOT, 0), EINVAL);
}

TEST(api, a_stop_tells_why)
{
	struct axvm_vm_status status;

	to_running();
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_NONE);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_status(&vm, &status);
	CHECK_EQ(status.state, AXVM_STATE_STOPPED);
	CHECK_EQ(status.stop_reason, AXVM_STOP_REQUEST);
	CHECK_EQ(status.stop_vcpu, ~0U);
	CHECK_EQ(status.stop_code, 0);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESET, 0));
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_NONE);
}

/* The VM's descriptor is its owner: closing it ends the VM for those who hold a vCPU. */
TEST(api, closing_the_vm_stops_it)
{
	to_running();
	close(vm.fd);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
}

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
	to_loaded();
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

	to_loaded();
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

	to_loaded();
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

	to_loaded();
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

	to_loaded();
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

/* --- interrupts from outside ------------------------------------------------------------------- */

static int inject(uint32_t vcpu, uint32_t irq)
{
	struct axvm_inject arg = { .size = sizeof(arg), .vcpu = vcpu, .irq = irq };

	return ioctl(vm.fd, AXVM_VM_INJECT, &arg);
}

static int line(uint32_t irq, uint32_t op)
{
	struct axvm_irq_line arg = { .size = sizeof(arg), .irq = irq, .op = op };

	return ioctl(vm.fd, AXVM_VM_IRQ_LINE, &arg);
}

TEST(api, an_interrupt_needs_somebody_to_take_it)
{
	to_loaded();
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

TEST(api, lines_are_numbered)
{
	to_loaded();
	CHECK_OK(line(0, AXVM_IRQ_RAISE));
	CHECK_OK(line(0, AXVM_IRQ_RAISE));
	CHECK_OK(line(0, AXVM_IRQ_LOWER));
	CHECK_OK(line(0, AXVM_IRQ_LOWER));
	CHECK_OK(line(23, AXVM_IRQ_PULSE));
	CHECK_OK(line(1019, AXVM_IRQ_PULSE));
	CHECK_ERR(line(1020, AXVM_IRQ_RAISE), EINVAL);
	CHECK_ERR(line(~0U, AXVM_IRQ_RAISE), EINVAL);
	CHECK_ERR(line(4, AXVM_IRQ_PULSE + 1), EINVAL);
	CHECK_ERR(line(4, ~0U), EINVAL);
}
