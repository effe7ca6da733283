/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine (x86_machine.h) with the emulator compiled in, page tables that map each
 * address to itself, and a device: two pages of bytes that remember how they were
 * touched. What the core does with an exit is done here.
 */
#ifndef AXVM_KUNIT_X86_GUEST_H
#define AXVM_KUNIT_X86_GUEST_H

#include "x86_machine.h"

#include "../x86/alu.c"
#include "../x86/decode.c"
#include "../x86/emulate.c"
#include "../x86/emulate_operand.c"
#include "../x86/emulate_stages.c"
#include "../x86/fetch.c"
#include "../x86/gva.c"

/* Where things are; GPA and linear address are the same */
#define GUEST_CODE	0x10000ULL
#define GUEST_DATA	0x20000ULL
#define GUEST_STACK	0x30000ULL
#define GUEST_DEVICE	MACHINE_DEVICE
#define GUEST_ALIAS	0x40000000ULL	/* 512 pages, mapped one by one: guest_map() */

/* For cases */
#define PAGE	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define CODE(s)	guest_code((const u8 *)(s), sizeof(s) - 1)

#define DEVICE_BYTES	(2 * PAGE_SIZE)
#define MAX_ACCESSES	128

/**
 * struct guest_device - what was done to the device
 * @bytes: its content
 * @nr: accesses so far, port I/O too
 * @access: the first of them
 * @port_value: what the next IN reads; it counts up
 */
struct guest_device {
	u8 bytes[DEVICE_BYTES];
	unsigned int nr;
	struct axvm_exit access[MAX_ACCESSES];
	u64 port_value;
};

static struct guest_device *device;

static inline void guest_map(unsigned int page, u64 gpa, u64 flags)
{
	*machine_u64(0x4000 + page * 8) = gpa | flags;
}

static void guest_new(struct kunit *test)
{
	machine_new(test);
	device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, device);
	machine->vcpu.arch.emul = kunit_kzalloc(test, sizeof(*machine->vcpu.arch.emul), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, machine->vcpu.arch.emul);
	/* The first GiB as it is, the second by a table of small pages */
	*machine_u64(0x1000) = 0x2000 | PTE_P | PTE_RW | PTE_US | PTE_A;
	*machine_u64(0x2000) = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_PS;
	*machine_u64(0x2008) = 0x3000 | PTE_P | PTE_RW | PTE_US | PTE_A;
	*machine_u64(0x3000) = 0x4000 | PTE_P | PTE_RW | PTE_US | PTE_A;
	machine_regs()->cr3 = 0x1000;
	machine_regs()->gpr[AXVM_X86_RSP] = GUEST_STACK + 0x800;
}

static inline void guest_code(const u8 *bytes, size_t length)
{
	memset(machine->ram + GUEST_CODE, 0xcc, 32);
	memcpy(machine->ram + GUEST_CODE, bytes, length);
	machine_regs()->rip = GUEST_CODE;
	if (x86_code_bits(machine_regs()) != 64)
		machine_regs()->rip -= machine_regs()->seg[AXVM_X86_CS].base;
}

static inline void guest_answer(struct kunit *test, struct axvm_exit *exit)
{
	u8 *at = device->bytes + (exit->addr - GUEST_DEVICE);

	if (device->nr < MAX_ACCESSES)
		device->access[device->nr] = *exit;
	device->nr++;
	if (exit->type == AXVM_X_IO_READ)
		exit->data = device->port_value++;
	if (exit->type == AXVM_X_IO_READ || exit->type == AXVM_X_IO_WRITE)
		return;
	if (exit->addr == (exit->addr & ~(PAGE_SIZE - 1)) + MACHINE_ROM)
		return;
	if (exit->addr < GUEST_DEVICE || exit->addr + exit->width > GUEST_DEVICE + DEVICE_BYTES) {
		exit->data = ~0ULL;	/* open bus; the core does not cut it either */
		return;
	}
	if (exit->type == AXVM_X_MMIO_READ) {
		exit->data = 0;
		memcpy(&exit->data, at, exit->width);
	} else {
		memcpy(at, &exit->data, exit->width);
	}
}

/* What the backend does with an access without @more */
static inline void guest_finish(const struct axvm_exit *exit)
{
	u64 value = exit->data;

	if (exit->type == AXVM_X_MMIO_READ) {
		if (exit->sign_extend)
			value = x86_sign_extend(value, exit->width);
		x86_write_gpr(&machine->vcpu, exit->reg, exit->reg_width, value);
	}
	x86_step_over(&machine->vcpu, machine->vcpu.arch.insn_len);
}

static inline int guest_loop(struct kunit *test, int ret, struct axvm_exit *exit)
{
	unsigned int limit = 1000;

	while (!ret && limit--) {
		guest_answer(test, exit);
		if (!exit->more) {
			guest_finish(exit);
			return 1;
		}
		ret = x86_emulate_next(&machine->vcpu, exit);
	}
	return ret;
}

/* One exit for an access to @gpa, until the guest would be entered again */
static inline int guest_mmio(struct kunit *test, u64 gpa, u32 access)
{
	struct axvm_exit exit = { .type = AXVM_X_STAGE2_FAULT, .addr = gpa, .access = access };

	return guest_loop(test, x86_emulate_mmio(&machine->vcpu, gpa, &exit), &exit);
}

static inline u64 *gpr(unsigned int reg)
{
	return &machine_regs()->gpr[reg];
}

static inline void expect_exception(struct kunit *test, u8 vector, bool has_error, u32 error)
{
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 1);
	KUNIT_EXPECT_EQ(test, machine->exception.vector, vector);
	KUNIT_EXPECT_EQ(test, machine->exception.has_error, has_error);
	KUNIT_EXPECT_EQ(test, machine->exception.error, error);
	KUNIT_EXPECT_EQ(test, device->nr, 0);
	machine->nr_exceptions = 0;
}

static inline void expect_access(struct kunit *test, unsigned int i, enum axvm_exit_type type,
				 u64 addr, unsigned int width, u64 data)
{
	const struct axvm_exit *exit = &device->access[i];

	KUNIT_EXPECT_GT(test, device->nr, i);
	KUNIT_EXPECT_EQ(test, exit->type, type);
	KUNIT_EXPECT_EQ(test, exit->addr, addr);
	KUNIT_EXPECT_EQ(test, exit->width, width);
	KUNIT_EXPECT_TRUE(test, exit->more);
	if (type == AXVM_X_MMIO_WRITE || type == AXVM_X_IO_WRITE)
		KUNIT_EXPECT_EQ(test, exit->data, data);
}

#endif /* AXVM_KUNIT_X86_GUEST_H */
