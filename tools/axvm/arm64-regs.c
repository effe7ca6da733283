// SPDX-License-Identifier: GPL-2.0
/*
 * arm64 registers: the states in which vCPUs start, and registers as text.
 */
#include <assert.h>
#include <string.h>

#include "arm64.h"

/* SPSR_EL2 (ARM DDI 0487 C5.2.19): EL1 with its own stack pointer, all interrupts masked */
#define PSTATE_EL1H	0x5ULL
#define PSTATE_DAIF	0x3c0ULL

static_assert(sizeof(struct axvm_arm64_regs) <= sizeof(struct boot_regs), "too small for arm64");

/**
 * arm64_regs() - registers as what they are on arm64
 * @regs: the opaque form
 *
 * Return: the same memory.
 */
struct axvm_arm64_regs *arm64_regs(struct boot_regs *regs)
{
	return (struct axvm_arm64_regs *)regs->raw;
}

/**
 * arm64_regs_start() - at EL1, MMU and caches off, as Linux' boot protocol wants it
 * @regs: filled in
 * @entry: first instruction
 * @dtb: for X0: where the device tree is, or 0
 */
void arm64_regs_start(struct boot_regs *regs, u64 entry, u64 dtb)
{
	struct axvm_arm64_regs *r = arm64_regs(regs);

	memset(regs, 0, sizeof(*regs));
	r->size = sizeof(*r);
	r->pc = entry;
	r->pstate = PSTATE_DAIF | PSTATE_EL1H;
	r->x[0] = dtb;
}

/* PSCI says where they start */
void arch_secondary_regs(struct boot_regs *regs)
{
	arm64_regs_start(regs, 0, 0);
	arm64_regs(regs)->mp_state = ARM64_MP_OFF;
}

void arch_print_regs(FILE *f, const void *regs)
{
	const struct axvm_arm64_regs *r = regs;
	int i;

	fprintf(f, "  pc  %016llx  pstate %016llx\n", r->pc, r->pstate);
	for (i = 0; i < 31; i++)
		fprintf(f, "  x%-2d %016llx%s", i, r->x[i], i % 4 == 3 || i == 30 ? "\n" : "");
	fprintf(f, "  sp_el0  %016llx  sp_el1   %016llx\n", r->sp_el0, r->sp_el1);
	fprintf(f, "  elr_el1 %016llx  spsr_el1 %016llx\n", r->elr_el1, r->spsr_el1);
}
