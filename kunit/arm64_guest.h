/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that does not run: EL1 registers and memory that arm64/gva.c, arm64/emulate.c and
 * arm64/inject.c find instead of a vCPU's. For suites that have those files compiled in.
 */
#ifndef AXVM_KUNIT_ARM64_GUEST_H
#define AXVM_KUNIT_ARM64_GUEST_H

#include "fixture.h"
#include "../arm64/el2.h"
#include "../arm64/emulate.h"

#define RAM		0x40000000ULL
#define RAM_SIZE	SZ_1M

#define PSTATE_EL0	PSR_MODE_EL0t
#define PSTATE_EL1T	PSR_MODE_EL1t
#define PSTATE_EL1H	PSR_MODE_EL1h

/**
 * struct guest - what the code under test sees
 * @vcpu: a vCPU of a VM that never runs
 * @backend: its part of the backend: V registers
 * @memory: RAM_SIZE bytes at RAM
 * @el1: registers that were written; others are 0
 * @nr_el1: how many
 */
struct guest {
	struct axvm_vcpu *vcpu;
	struct arm64_vcpu backend;
	u8 *memory;
	struct {
		u32 reg;
		u64 value;
	} el1[16];
	unsigned int nr_el1;
};

static struct guest guest;

static inline u64 *el1(u32 reg)
{
	unsigned int i;

	for (i = 0; i < guest.nr_el1 && guest.el1[i].reg != reg; i++)
		;
	if (i == guest.nr_el1) {
		WARN_ON(i == ARRAY_SIZE(guest.el1));
		guest.el1[guest.nr_el1++].reg = reg;
	}
	return &guest.el1[i].value;
}

u64 arm64_read_el1(struct axvm_vcpu *vcpu, u32 reg)
{
	return *el1(reg);
}

void arm64_write_el1(struct axvm_vcpu *vcpu, u32 reg, u64 value)
{
	*el1(reg) = value;
}

static inline void *ram(u64 gpa, size_t length)
{
	if (gpa < RAM || gpa - RAM > RAM_SIZE - length)
		return NULL;
	return guest.memory + (gpa - RAM);
}

int axvm_guest_read(struct axvm_vm *vm, u64 gpa, void *buf, size_t length)
{
	void *from = ram(gpa, length);

	if (!from)
		return -EFAULT;
	memcpy(buf, from, length);
	return 0;
}

int axvm_guest_read_u64(struct axvm_vm *vm, u64 gpa, u64 *value)
{
	return gpa % 8 ? -EINVAL : axvm_guest_read(vm, gpa, value, sizeof(*value));
}

int axvm_guest_write(struct axvm_vm *vm, u64 gpa, const void *buf, size_t length)
{
	void *to = ram(gpa, length);

	if (!to)
		return -EFAULT;
	memcpy(to, buf, length);
	return 0;
}

static inline void guest_free(void *unused)
{
	kvfree(guest.memory);
}

static inline void guest_create(struct kunit *test)
{
	memset(&guest, 0, sizeof(guest));
	guest.memory = kvzalloc(RAM_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, guest.memory);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, guest_free, NULL), 0);
	guest.vcpu = fixture_vm(test, 1)->vcpus[0];
	guest.vcpu->backend = &guest.backend;
	guest.vcpu->arch.regs.pstate = PSTATE_EL1H;
	guest.vcpu->arch.regs.pc = RAM;
}

#endif /* AXVM_KUNIT_ARM64_GUEST_H */
