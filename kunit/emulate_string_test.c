// SPDX-License-Identifier: GPL-2.0
/*
 * x86/emulate*.c: string instructions and string I/O: repetitions, where they are
 * interrupted, faults in between, address sizes.
 */
#include "x86_guest.h"

#define R	AXVM_ACCESS_READ
#define W	AXVM_ACCESS_WRITE

/* --- strings ---------------------------------------------------------------------- */

static void string_batches(struct kunit *test)
{
	unsigned int rounds = 0;

	*gpr(AXVM_X86_RDI) = GUEST_DEVICE;
	*gpr(AXVM_X86_RCX) = 1000;
	*gpr(AXVM_X86_RAX) = 0x5a;
	CODE("\xf3\xaa");			/* rep stosb */
	while (machine_regs()->rip == GUEST_CODE && rounds < 100) {
		rounds++;
		KUNIT_EXPECT_EQ(test, guest_mmio(test, *gpr(AXVM_X86_RDI), W), 1);
		KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 1000 - device->nr);
		KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RDI), GUEST_DEVICE + device->nr);
		KUNIT_EXPECT_LE(test, device->nr, 64 * rounds);
	}
	KUNIT_EXPECT_EQ(test, rounds, 16);
	KUNIT_EXPECT_EQ(test, device->nr, 1000);
	KUNIT_EXPECT_EQ(test, device->bytes[999], 0x5a);
	KUNIT_EXPECT_EQ(test, device->bytes[1000], 0);

	/* Single-stepped: a trap after each, the instruction not left before the last */
	*gpr(AXVM_X86_RCX) = 2;
	machine_regs()->rflags |= X86_EFLAGS_TF;
	machine_regs()->rip = GUEST_CODE;
	KUNIT_EXPECT_EQ(test, guest_mmio(test, *gpr(AXVM_X86_RDI), W), 1);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 1);
	KUNIT_EXPECT_EQ(test, machine->exception.vector, X86_TRAP_DB);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE);
	KUNIT_EXPECT_EQ(test, guest_mmio(test, *gpr(AXVM_X86_RDI), W), 1);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 2);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE + 2);
}

/* A fault in the middle: what was done is done, the rest is restarted */
static void string_fault(struct kunit *test)
{
	guest_map(0, GUEST_DATA, PAGE & ~PTE_D);
	guest_map(1, 0, 0);
	*gpr(AXVM_X86_RSI) = GUEST_DEVICE;
	*gpr(AXVM_X86_RDI) = GUEST_ALIAS + 0xff8;
	*gpr(AXVM_X86_RCX) = 5;
	CODE("\xf3\xa5");			/* rep movsl */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 2);	/* not a read for what can't be written */
	KUNIT_EXPECT_EQ(test, machine->exception.vector, X86_TRAP_PF);
	KUNIT_EXPECT_EQ(test, machine->exception.error, X86_PF_WRITE);
	KUNIT_EXPECT_EQ(test, machine->exception.cr2, GUEST_ALIAS + 0x1000);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 3);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RSI), GUEST_DEVICE + 8);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE);
	/* The page's dirty bit tells the guest's kernel that it was written */
	KUNIT_EXPECT_EQ(test, *machine_u64(0x4000) & PTE_D, PTE_D);
	/* An element in two pages of memory */
	guest_map(1, GUEST_DATA + 0x3000, PAGE);
	*gpr(AXVM_X86_RDI) = GUEST_ALIAS + 0xffe;
	put_unaligned(0x44332211, (u32 *)(device->bytes + 8));
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 8, R), 1);
	KUNIT_EXPECT_EQ(test, *(u16 *)(machine->ram + GUEST_DATA + 0xffe), 0x2211);
	KUNIT_EXPECT_EQ(test, *(u16 *)(machine->ram + GUEST_DATA + 0x3000), 0x4433);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE + 2);
}

static void string_address_sizes(struct kunit *test)
{
	struct axvm_x86_regs *regs = machine_regs();

	*gpr(AXVM_X86_RDI) = 0xabc00000000 | GUEST_DEVICE;
	*gpr(AXVM_X86_RCX) = 0xabc00000002;
	CODE("\x67\xf3\xaa");			/* addr32 rep stosb */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, W), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RDI), GUEST_DEVICE + 2);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 0);
	KUNIT_EXPECT_EQ(test, regs->rip, GUEST_CODE + 3);

	machine_mode(16);
	regs->seg[AXVM_X86_CS].base = GUEST_CODE;
	regs->seg[AXVM_X86_ES].base = GUEST_DEVICE;
	regs->rflags |= X86_EFLAGS_DF;
	*gpr(AXVM_X86_RDI) = 0xabcd0001;
	*gpr(AXVM_X86_RCX) = 0xabcd0002;
	CODE("\xf3\xaa");
	device->nr = 0;
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 1, W), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RDI), 0xabcdffff);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 0xabcd0000);
	expect_access(test, 1, AXVM_X_MMIO_WRITE, GUEST_DEVICE, 1, (u8)*gpr(0));
}

/* --- string I/O -------------------------------------------------------------------- */

static int port_io(struct kunit *test, unsigned int width, bool in, bool rep)
{
	struct axvm_exit exit = {};

	machine_regs()->rip = GUEST_CODE;
	machine->vcpu.arch.insn_len = 2;
	return guest_loop(test, x86_emulate_string_io(&machine->vcpu, 0x1f0, width, in, rep, 8,
						      AXVM_X86_DS, &exit), &exit);
}

static void string_io(struct kunit *test)
{
	*gpr(AXVM_X86_RDI) = GUEST_DATA;
	*gpr(AXVM_X86_RCX) = 3;
	device->port_value = 0xfffffff0;
	KUNIT_EXPECT_EQ(test, port_io(test, 2, true, true), 1);
	expect_access(test, 2, AXVM_X_IO_READ, 0x1f0, 2, 0);
	KUNIT_EXPECT_EQ(test, *machine_u64(GUEST_DATA), 0xfff2fff1fff0);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RDI), GUEST_DATA + 6);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 0);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE + 2);

	device->nr = 0;
	*gpr(AXVM_X86_RSI) = GUEST_DATA;
	*gpr(AXVM_X86_RCX) = 7;
	KUNIT_EXPECT_EQ(test, port_io(test, 4, false, false), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 1);
	expect_access(test, 0, AXVM_X_IO_WRITE, 0x1f0, 4, 0xfff1fff0);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 7);

	*gpr(AXVM_X86_RCX) = 0;
	KUNIT_EXPECT_EQ(test, port_io(test, 4, true, true), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 1);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE + 2);

	/* To a device's memory, and from it */
	*gpr(AXVM_X86_RDI) = GUEST_DEVICE;
	KUNIT_EXPECT_EQ(test, port_io(test, 1, true, false), 1);
	expect_access(test, 2, AXVM_X_MMIO_WRITE, GUEST_DEVICE, 1, 0xf3);
	*gpr(AXVM_X86_RSI) = GUEST_DEVICE;
	KUNIT_EXPECT_EQ(test, port_io(test, 1, false, false), 1);
	expect_access(test, 4, AXVM_X_IO_WRITE, 0x1f0, 1, 0xf3);
}

/* Nothing is taken from a port that could not be put anywhere */
static void string_io_fault(struct kunit *test)
{
	*gpr(AXVM_X86_RDI) = GUEST_ALIAS;
	KUNIT_EXPECT_EQ(test, port_io(test, 4, true, false), 1);
	expect_exception(test, X86_TRAP_PF, true, X86_PF_WRITE);
	*gpr(AXVM_X86_RDI) = BIT_ULL(47);
	KUNIT_EXPECT_EQ(test, port_io(test, 4, true, false), 1);
	expect_exception(test, X86_TRAP_GP, true, 0);
	machine_mode(32);
	machine_regs()->seg[AXVM_X86_ES].limit = 0xfff;
	*gpr(AXVM_X86_RDI) = 0xffd;
	KUNIT_EXPECT_EQ(test, port_io(test, 4, true, false), 1);
	expect_exception(test, X86_TRAP_GP, true, 0);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE);
}

static int string_init(struct kunit *test)
{
	guest_new(test);
	return 0;
}

static struct kunit_case string_cases[] = {
	KUNIT_CASE(string_batches),
	KUNIT_CASE(string_fault),
	KUNIT_CASE(string_address_sizes),
	KUNIT_CASE(string_io),
	KUNIT_CASE(string_io_fault),
	{}
};

static struct kunit_suite string_suite = {
	.name = "axvm-emulate_string",
	.init = string_init,
	.test_cases = string_cases,
};

kunit_test_suite(string_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 emulator: string instructions");
