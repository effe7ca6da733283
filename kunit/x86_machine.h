/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU with memory for the suites of x86/gva.c and x86/emulate.c, which compile those
 * files in: guest memory is the kernel's own, reached through the very code that
 * reads a launcher's (x86/view.h), and exceptions are written down.
 *
 * A case has one machine at a time. Include this first, then the .c files.
 */
#ifndef AXVM_KUNIT_X86_MACHINE_H
#define AXVM_KUNIT_X86_MACHINE_H

#include <kunit/test.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../x86/x86.h"

#define MACHINE_RAM	(64 * PAGE_SIZE)	/* at GPA 0 */
#define MACHINE_ROM	0x200000ULL		/* one read-only page */
#define MACHINE_DEVICE	0x300000ULL		/* nothing from here on */

/**
 * struct machine - a vCPU and its memory
 * @vm: a VM of which only the memory is real
 * @vcpu: its vCPU, all registers cached
 * @ops: its backend: gpa_bits
 * @ram: MACHINE_RAM bytes, then the ROM's page
 * @slots: RAM, ROM
 * @map: what vm.slots points to: not looked into but for its generation
 * @missing: an address in @ram whose page the launcher does not have
 * @race: somebody else writes there
 * @race_after: just before it is touched for that many times
 * @race_value: what
 * @nr_exceptions: queued so far
 * @exception: the last one
 */
struct machine {
	struct axvm_vm vm;
	struct axvm_vcpu vcpu;
	struct axvm_backend ops;
	u8 *ram;
	struct axvm_slot slots[2];
	struct axvm_slots map;
	u8 *missing;
	u64 *race;
	unsigned int race_after;
	u64 race_value;
	unsigned int nr_exceptions;
	struct x86_exception exception;
};

static struct machine *machine;

/* --- what stands for the launcher's address space --------------------------- */

static inline bool machine_has(const void *at)
{
	unsigned long missing = (unsigned long)machine->missing;

	return !missing || (((unsigned long)at ^ missing) & PAGE_MASK);
}

/* All else that <linux/uaccess.h> has works on the kernel's addresses, too */
static inline bool machine_access_begin(const void __user *at, size_t length)
{
	const void *there = (const void __force *)at;

	if (machine->race == there && !--machine->race_after)
		*machine->race = machine->race_value;
	return machine_has(there);
}

static inline void machine_access_end(void)
{
}

#undef user_access_begin
#undef user_access_end
#define user_access_begin	machine_access_begin
#define user_access_end		machine_access_end

static struct axvm_slot *machine_slot(struct axvm_vm *vm, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(machine->slots); i++) {
		struct axvm_slot *slot = &machine->slots[i];

		if (gpa >= slot->gpa && gpa - slot->gpa < slot->length)
			return slot;
	}
	return NULL;
}

static int machine_copy(struct axvm_vm *vm, u64 gpa, void *buf, size_t length, bool write)
{
	struct axvm_slot *slot = machine_slot(vm, gpa);
	u8 *at;

	if (!slot || gpa - slot->gpa + length > slot->length ||
	    (write && (slot->flags & AXVM_MEM_READONLY)))
		return -EFAULT;
	at = (u8 *)slot->hva + (gpa - slot->gpa);
	if (!machine_has(at))
		return -EFAULT;
	if (write)
		memcpy(at, buf, length);
	else
		memcpy(buf, at, length);
	return 0;
}

static inline int machine_read(struct axvm_vm *vm, u64 gpa, void *buf, size_t length)
{
	return machine_copy(vm, gpa, buf, length, false);
}

static inline int machine_write(struct axvm_vm *vm, u64 gpa, const void *buf, size_t length)
{
	return machine_copy(vm, gpa, (void *)buf, length, true);
}

static inline void machine_queue_exception(struct axvm_vcpu *vcpu, const struct x86_exception *exc)
{
	machine->nr_exceptions++;
	machine->exception = *exc;
}

#define axvm_slot_find		machine_slot
#define axvm_guest_read		machine_read
#define axvm_guest_write	machine_write
#define x86_queue_exception	machine_queue_exception

#include "../x86/emulate.h"

/* --- the machine ------------------------------------------------------------- */

static inline struct axvm_x86_regs *machine_regs(void)
{
	return &machine->vcpu.arch.state.regs;
}

static inline u64 *machine_u64(u64 gpa)
{
	return (u64 *)(machine->ram + gpa);
}

static inline u32 *machine_u32(u64 gpa)
{
	return (u32 *)(machine->ram + gpa);
}

static void machine_no_refill(struct axvm_vcpu *vcpu, u32 groups)
{
	WARN_ONCE(1, "registers %x asked for twice\n", groups);
}

/* Segments as after a jump to code of @bits (16: real mode); flat, ring 0 */
static void machine_mode(unsigned int bits)
{
	struct axvm_x86_regs *regs = machine_regs();
	unsigned int i;

	for (i = 0; i <= AXVM_X86_GS; i++) {
		regs->seg[i].base = 0;
		regs->seg[i].limit = bits == 16 ? 0xffff : 0xffffffff;
		regs->seg[i].attr = bits == 16 ? 0x93 : 0xc093;	/* data, written, present; G, D/B */
	}
	if (bits == 64)
		regs->seg[AXVM_X86_CS].attr = 0xa09b;		/* code, readable; G, L */
	else if (bits == 32)
		regs->seg[AXVM_X86_CS].attr = 0xc09b;		/* G, D */
	regs->cr0 = bits == 16 ? 0 : X86_CR0_PE;
	regs->cr4 = 0;
	regs->efer = 0;
	regs->rflags = X86_EFLAGS_FIXED;
	if (bits == 64) {
		regs->efer = EFER_LME | EFER_LMA | EFER_NX;
		regs->cr0 |= X86_CR0_PG | X86_CR0_WP;
		regs->cr4 = X86_CR4_PAE;
	}
}

static inline void machine_ring(unsigned int cpl)
{
	struct axvm_x86_segment *ss = &machine_regs()->seg[AXVM_X86_SS];

	ss->attr = (ss->attr & ~(3U << X86_SEG_DPL_SHIFT)) | cpl << X86_SEG_DPL_SHIFT;
}

static void machine_free(void *unused)
{
	cleanup_srcu_struct(&machine->vm.srcu);
	vfree(machine->ram);
	machine = NULL;
}

/* A machine in 64-bit mode whose page tables are yet to be made, for this test case */
static void machine_new(struct kunit *test)
{
	machine = kunit_kzalloc(test, sizeof(*machine), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, machine);
	machine->ram = vzalloc(MACHINE_RAM + PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, machine->ram);
	KUNIT_ASSERT_EQ(test, init_srcu_struct(&machine->vm.srcu), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, machine_free, NULL), 0);
	machine->slots[0] = (struct axvm_slot) {
		.gpa = 0, .length = MACHINE_RAM, .hva = (unsigned long)machine->ram,
	};
	machine->slots[1] = (struct axvm_slot) {
		.gpa = MACHINE_ROM, .length = PAGE_SIZE, .flags = AXVM_MEM_READONLY,
		.hva = (unsigned long)machine->ram + MACHINE_RAM,
	};
	machine->map.generation = 1;
	RCU_INIT_POINTER(machine->vm.slots, &machine->map);
	machine->ops.gpa_bits = 40;
	machine->vm.ops = &machine->ops;
	machine->vm.mm = current->mm;
	machine->vcpu.vm = &machine->vm;
	machine->vcpu.arch.state.valid = X86_ALL;
	machine->vcpu.arch.refill = machine_no_refill;
	machine_mode(64);
}

#endif /* AXVM_KUNIT_X86_MACHINE_H */
