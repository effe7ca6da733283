// SPDX-License-Identifier: GPL-2.0
/*
 * arm64/emulate.c and arm64/inject.c: loads and stores from the abort to the last register,
 * and the faults that come instead.
 *
 * The guest's address space is flat, but for the pages of struct place, which are elsewhere.
 */
#include "arm64_guest.h"
#include "../arm64/decode.c"
#include "../arm64/inject.c"
#include "../arm64/emulate.c"

#define DEVICE		0x09000000ULL
#define CODE		RAM
#define VECTORS		0xffff800000010000ULL

#define DAIF		(PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)

/* Virtual pages that are not where a flat address space has them */
static struct place {
	u64 va;
	u64 gpa;
	int fsc;
} places[2];

static bool tags;

u64 arm64_strip_tag(struct axvm_vcpu *vcpu, u64 va)
{
	return tags ? sign_extend64(va, 55) : va;
}

int arm64_translate(struct axvm_vcpu *vcpu, u64 va, u32 access, u64 *gpa)
{
	unsigned int i;

	*gpa = va;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i].va || (va ^ places[i].va) >> 12)
			continue;
		*gpa = places[i].gpa | (va & 0xfff);
		return places[i].fsc;
	}
	return 0;
}

/**
 * struct log - the accesses of an instruction, and what the device answered
 * @nr: how many
 * @access: them
 * @answer: for reads, the value; it gets one more with each
 */
static struct log {
	unsigned int nr;
	struct axvm_exit access[8];
	u64 answer;
} log;

/* An instruction at PC aborts at @far, of which the guest-physical address is @gpa */
static void run(struct kunit *test, u32 code, u64 far, u64 gpa)
{
	struct axvm_exit exit;
	int ret;

	KUNIT_ASSERT_EQ(test, guest.vcpu->arch.regs.pc, CODE);
	memcpy(guest.memory, &code, sizeof(code));
	log.nr = 0;
	ret = arm64_emulate_mmio(guest.vcpu, far, gpa, &exit);
	while (!ret && log.nr < ARRAY_SIZE(log.access)) {
		KUNIT_EXPECT_TRUE(test, exit.more);
		log.access[log.nr++] = exit;
		if (exit.type == AXVM_X_MMIO_READ)
			exit.data = log.answer++;
		ret = arm64_emulate_next(guest.vcpu, &exit);
	}
	KUNIT_EXPECT_EQ(test, ret, 1);
}

static void start(struct kunit *test)
{
	unsigned int i;

	guest_create(test);
	memset(places, 0, sizeof(places));
	tags = false;
	log.answer = 0x8182838485868788;
	*el1(SYS_VBAR_EL1) = VECTORS;
	*el1(SYS_SCTLR_EL1) = SCTLR_EL1_SPAN;
	*el1(ARM64_SYS_SP_EL1) = DEVICE;
	guest.vcpu->arch.regs.sp_el0 = DEVICE + 0x800;
	for (i = 0; i < 31; i++)
		guest.vcpu->arch.regs.x[i] = 0x1010101010101010ULL * (i % 15 + 1) + i;
	for (i = 0; i < 32; i++) {
		vreg(guest.vcpu, i)[0] = 0xa0a0a0a0a0a0a000 + i;
		vreg(guest.vcpu, i)[1] = 0xb0b0b0b0b0b0b000 + i;
	}
	guest.vcpu->arch.regs.x[1] = DEVICE;
}

static u64 *x(unsigned int n)
{
	return &guest.vcpu->arch.regs.x[n];
}

static void expect_access(struct kunit *test, unsigned int n, enum axvm_exit_type type, u64 addr,
			  unsigned int width)
{
	KUNIT_EXPECT_GT(test, log.nr, n);
	KUNIT_EXPECT_EQ(test, log.access[n].type, type);
	KUNIT_EXPECT_EQ(test, log.access[n].addr, addr);
	KUNIT_EXPECT_EQ(test, log.access[n].width, width);
}

static void expect_store(struct kunit *test, unsigned int n, u64 addr, unsigned int width, u64 data)
{
	expect_access(test, n, AXVM_X_MMIO_WRITE, addr, width);
	KUNIT_EXPECT_EQ(test, log.access[n].data, data);
}

static void expect_done(struct kunit *test, unsigned int accesses)
{
	KUNIT_EXPECT_EQ(test, log.nr, accesses);
	KUNIT_EXPECT_EQ(test, guest.vcpu->arch.regs.pc, CODE + 4);
	guest.vcpu->arch.regs.pc = CODE;
}

/* --- what is done ----------------------------------------------------------------------- */

static void emulate_pairs(struct kunit *test)
{
	start(test);
	run(test, 0xa9400c22, DEVICE, DEVICE);			/* ldp x2, x3, [x1] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 8);
	expect_access(test, 1, AXVM_X_MMIO_READ, DEVICE + 8, 8);
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *x(2), 0x8182838485868788);
	KUNIT_EXPECT_EQ(test, *x(3), 0x8182838485868789);

	run(test, 0x29430c22, DEVICE + 0x18, DEVICE + 0x18);	/* ldp w2, w3, [x1, #24] */
	expect_access(test, 1, AXVM_X_MMIO_READ, DEVICE + 0x1c, 4);
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *x(2), 0x8586878a);
	KUNIT_EXPECT_EQ(test, *x(3), 0x8586878b);

	run(test, 0x69400c22, DEVICE, DEVICE);			/* ldpsw x2, x3, [x1] */
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *x(2), 0xffffffff8586878c);
	KUNIT_EXPECT_EQ(test, *x(3), 0xffffffff8586878d);

	*x(2) = 0x1122334455667788;
	run(test, 0xa9007c22, DEVICE, DEVICE);			/* stp x2, xzr, [x1] */
	expect_store(test, 0, DEVICE, 8, 0x1122334455667788);
	expect_store(test, 1, DEVICE + 8, 8, 0);
	expect_done(test, 2);

	*x(14) = DEVICE + 0x100;
	/* stp wzr, w2, [x14]; it is the second that aborts */
	run(test, 0x290009df, DEVICE + 0x104, DEVICE + 0x104);
	expect_store(test, 0, DEVICE + 0x100, 4, 0);
	expect_store(test, 1, DEVICE + 0x104, 4, 0x55667788);
	expect_done(test, 2);
}

static void emulate_writeback(struct kunit *test)
{
	start(test);
	run(test, 0xf8408422, DEVICE, DEVICE);			/* ldr x2, [x1], #8 */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 8);
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(1), DEVICE + 8);
	run(test, 0x385ffc22, DEVICE + 7, DEVICE + 7);		/* ldrb w2, [x1, #-1]! */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 7, 1);
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(1), DEVICE + 7);
	KUNIT_EXPECT_EQ(test, *x(2), 0x89);
	*x(1) = DEVICE;
	run(test, 0x38801422, DEVICE, DEVICE);			/* ldrsb x2, [x1], #1 */
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(2), 0xffffffffffffff8a);
	*x(1) = DEVICE;
	run(test, 0x78c01422, DEVICE, DEVICE);			/* ldrsh w2, [x1], #1 */
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(2), 0xffff878b);
	*x(1) = DEVICE;
	run(test, 0xa9bf0c22, DEVICE - 16, DEVICE - 16);	/* stp x2, x3, [x1, #-16]! */
	expect_store(test, 0, DEVICE - 16, 8, 0xffff878b);
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *x(1), DEVICE - 16);
}

/* Register 31 as a base: the stack pointer of the exception level, or of SPSel */
static void emulate_stack(struct kunit *test)
{
	struct axvm_arm64_regs *regs;

	start(test);
	regs = &guest.vcpu->arch.regs;
	run(test, 0xa8c10fe2, DEVICE, DEVICE);			/* ldp x2, x3, [sp], #16 */
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *el1(ARM64_SYS_SP_EL1), DEVICE + 16);
	KUNIT_EXPECT_EQ(test, regs->sp_el0, DEVICE + 0x800);
	regs->pstate = PSTATE_EL1T;
	run(test, 0xa9be0fe2, DEVICE + 0x7e0, DEVICE + 0x7e0);	/* stp x2, x3, [sp, #-32]! */
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, regs->sp_el0, DEVICE + 0x7e0);
	regs->pstate = PSTATE_EL0;
	run(test, 0xf85f87e2, DEVICE + 0x7e0, DEVICE + 0x7e0);	/* ldr x2, [sp], #-8 */
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, regs->sp_el0, DEVICE + 0x7d8);
	KUNIT_EXPECT_EQ(test, *el1(ARM64_SYS_SP_EL1), DEVICE + 16);
}

static void emulate_vectors(struct kunit *test)
{
	u64 *v;

	start(test);
	run(test, 0x3cc10422, DEVICE, DEVICE);			/* ldr q2, [x1], #16 */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 8);
	expect_access(test, 1, AXVM_X_MMIO_READ, DEVICE + 8, 8);
	expect_done(test, 2);
	v = vreg(guest.vcpu, 2);
	KUNIT_EXPECT_EQ(test, v[0], 0x8182838485868788);
	KUNIT_EXPECT_EQ(test, v[1], 0x8182838485868789);
	KUNIT_EXPECT_EQ(test, *x(1), DEVICE + 16);

	*x(1) = DEVICE;
	run(test, 0xad001fe6, DEVICE, DEVICE);			/* stp q6, q7, [sp] */
	expect_store(test, 0, DEVICE, 8, 0xa0a0a0a0a0a0a006);
	expect_store(test, 1, DEVICE + 8, 8, 0xb0b0b0b0b0b0b006);
	expect_store(test, 2, DEVICE + 16, 8, 0xa0a0a0a0a0a0a007);
	expect_store(test, 3, DEVICE + 24, 8, 0xb0b0b0b0b0b0b007);
	expect_done(test, 4);

	run(test, 0x3d400025, DEVICE, DEVICE);			/* ldr b5, [x1] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 1);
	expect_done(test, 1);
	v = vreg(guest.vcpu, 5);
	KUNIT_EXPECT_EQ(test, v[0], 0x8a);
	KUNIT_EXPECT_EQ(test, v[1], 0);

	run(test, 0x2d402829, DEVICE, DEVICE);			/* ldp s9, s10, [x1] */
	expect_access(test, 1, AXVM_X_MMIO_READ, DEVICE + 4, 4);
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, vreg(guest.vcpu, 9)[0], 0x8586878b);
	KUNIT_EXPECT_EQ(test, vreg(guest.vcpu, 10)[0], 0x8586878c);
	KUNIT_EXPECT_EQ(test, vreg(guest.vcpu, 10)[1], 0);
	/* General registers of these numbers are as before. */
	KUNIT_EXPECT_EQ(test, *x(9), 0xa0a0a0a0a0a0a0a9);
}

static void emulate_addresses(struct kunit *test)
{
	start(test);
	*x(3) = 0xfffffffffffffff0;
	run(test, 0xb863d822, DEVICE - 0x40, DEVICE - 0x40);	/* ldr w2, [x1, w3, sxtw #2] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE - 0x40, 4);
	expect_done(test, 1);
	*x(3) = 0xffffffff00000010;
	run(test, 0xf8235822, DEVICE + 0x80, DEVICE + 0x80);	/* str x2, [x1, w3, uxtw #3] */
	expect_access(test, 0, AXVM_X_MMIO_WRITE, DEVICE + 0x80, 8);
	expect_done(test, 1);
	*x(3) = 0x20;
	run(test, 0x38636822, DEVICE + 0x20, DEVICE + 0x20);	/* ldrb w2, [x1, x3] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 0x20, 1);
	expect_done(test, 1);
	*x(3) = -0x20;
	run(test, 0xf823e822, DEVICE - 0x20, DEVICE - 0x20);	/* str x2, [x1, x3, sxtx] */
	expect_access(test, 0, AXVM_X_MMIO_WRITE, DEVICE - 0x20, 8);
	expect_done(test, 1);
	run(test, 0x58000042, CODE + 8, DEVICE + 8);		/* ldr x2, . + 8 */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 8, 8);
	expect_done(test, 1);
	run(test, 0x88dffc22, DEVICE, DEVICE);			/* ldar w2, [x1] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 4);
	expect_done(test, 1);
	/* A register that is read into nowhere */
	run(test, 0xf840843f, DEVICE, DEVICE);			/* ldr xzr, [x1], #8 */
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(1), DEVICE + 8);
}

/* With the guest-physical page elsewhere, and a tag in the address */
static void emulate_translated(struct kunit *test)
{
	start(test);
	tags = true;
	*x(1) = 0x5aff800012345ff0;
	run(test, 0xa9400c22, 0x5aff800012345ff0, DEVICE + 0xff0);
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 0xff0, 8);
	expect_access(test, 1, AXVM_X_MMIO_READ, DEVICE + 0xff8, 8);
	expect_done(test, 2);
	run(test, 0xa8c10c22, 0xffff800012345ff0, DEVICE + 0xff0);
	expect_done(test, 2);
	KUNIT_EXPECT_EQ(test, *x(1), 0x5aff800012346000);
}

/* --- two pages -------------------------------------------------------------------------- */

static void emulate_device_then_memory(struct kunit *test)
{
	start(test);
	places[0] = (struct place){ .va = 0x20001000, .gpa = RAM + 0x5000 };
	*x(1) = 0x20000ff8;
	memcpy(ram(RAM + 0x5000, 8), "memory!!", 8);
	run(test, 0xa9400c22, 0x20000ff8, DEVICE + 0xff8);	/* ldp x2, x3, [x1] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 0xff8, 8);
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(2), 0x8182838485868788);
	KUNIT_EXPECT_MEMEQ(test, x(3), "memory!!", 8);
	*x(3) = 0x1122334455667788;
	run(test, 0xa9000c22, 0x20000ff8, DEVICE + 0xff8);	/* stp x2, x3, [x1] */
	expect_done(test, 1);
	KUNIT_EXPECT_MEMEQ(test, ram(RAM + 0x5000, 8), x(3), 8);
}

static void emulate_memory_then_device(struct kunit *test)
{
	start(test);
	places[0] = (struct place){ .va = 0x20000000, .gpa = RAM + 0x5000 };
	*x(1) = 0x20000ffc;
	memset(ram(RAM + 0x5ff8, 4), 0xff, 4);
	memcpy(ram(RAM + 0x5ffc, 4), "\x44\x33\x22\x91", 4);
	run(test, 0x69400c22, 0x20001000, DEVICE);		/* ldpsw x2, x3, [x1] */
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE, 4);
	expect_done(test, 1);
	KUNIT_EXPECT_EQ(test, *x(2), 0xffffffff91223344);
	KUNIT_EXPECT_EQ(test, *x(3), 0xffffffff85868788);
	/* Nothing of it is left over from a wider one */
	*x(1) = 0x20000ff8;
	run(test, 0xa9400c22, 0x20001000, DEVICE);		/* ldp x2, x3, [x1] */
	expect_done(test, 1);
	*x(1) = 0x20000ffc;
	run(test, 0x2d402829, 0x20001000, DEVICE);		/* ldp s9, s10, [x1] */
	KUNIT_EXPECT_EQ(test, vreg(guest.vcpu, 9)[0], 0x91223344);
	KUNIT_EXPECT_EQ(test, vreg(guest.vcpu, 9)[1], 0);
}

static void emulate_two_devices(struct kunit *test)
{
	start(test);
	places[0] = (struct place){ .va = 0x20001000, .gpa = 0x0a000000 };
	*x(1) = 0x20000ff8;
	run(test, 0xa9000c22, 0x20000ff8, DEVICE + 0xff8);
	expect_store(test, 0, DEVICE + 0xff8, 8, *x(2));
	expect_store(test, 1, 0x0a000000, 8, *x(3));
	expect_done(test, 2);
}

/* --- faults ----------------------------------------------------------------------------- */

static void expect_fault(struct kunit *test, u64 ec, u64 iss, u64 far, u64 vector)
{
	struct axvm_arm64_regs *regs = &guest.vcpu->arch.regs;

	KUNIT_EXPECT_EQ(test, *el1(SYS_ESR_EL1), ec << 26 | BIT_ULL(25) | iss);
	KUNIT_EXPECT_EQ(test, *el1(SYS_FAR_EL1), far);
	KUNIT_EXPECT_EQ(test, *el1(SYS_ELR_EL1), CODE);
	KUNIT_EXPECT_EQ(test, regs->pc, VECTORS + vector);
	KUNIT_EXPECT_EQ(test, regs->pstate & (DAIF | PSR_MODE_MASK), DAIF | PSTATE_EL1H);
	regs->pc = CODE;
	regs->pstate = PSTATE_EL1H;
}

/* The second half faults: no register has changed, not the base either */
static void emulate_fault_on_the_way(struct kunit *test)
{
	u64 before;

	start(test);
	before = *x(2);
	places[0] = (struct place){ .va = 0x20001000, .fsc = 0x07 };
	*x(1) = 0x20000ff8;
	run(test, 0xa8c10c22, 0x20000ff8, DEVICE + 0xff8);	/* ldp x2, x3, [x1], #16 */
	KUNIT_EXPECT_EQ(test, log.nr, 1);
	expect_fault(test, 0x25, 0x07, 0x20001000, 0x200);
	KUNIT_EXPECT_EQ(test, *x(1), 0x20000ff8);
	KUNIT_EXPECT_EQ(test, *x(2), before);
	places[0].fsc = 0x0f;
	run(test, 0xa8810c22, 0x20000ff8, DEVICE + 0xff8);	/* stp x2, x3, [x1], #16 */
	expect_fault(test, 0x25, 0x4f, 0x20001000, 0x200);
	KUNIT_EXPECT_EQ(test, *x(1), 0x20000ff8);
}

static void emulate_refused(struct kunit *test)
{
	static const struct {
		const char *text;
		u32 code;
		u64 iss;
	} refused[] = {
		{ "ld1 {v0.16b}, [x1]", 0x4c407020, 0x10 },
		{ "dc zva, x1", 0xd50b7421, 0x10 },
		{ "str x1, [x1], #8", 0xf8008421, 0x10 },
		{ "ldxr x2, [x1]", 0xc85f7c22, 0x35 },
		{ "stxr w3, x2, [x1]", 0xc8037c22, 0x35 },
		{ "ldadd x3, x2, [x1]", 0xf8230022, 0x35 },
		{ "cas x3, x2, [x1]", 0xc8a37c22, 0x35 },
		{ "ldxp x2, x3, [x1]", 0xc87f0c22, 0x35 },
	};
	unsigned int i;

	start(test);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		run(test, refused[i].code, DEVICE, DEVICE);
		KUNIT_EXPECT_EQ_MSG(test, log.nr, 0, "%s", refused[i].text);
		expect_fault(test, 0x25, refused[i].iss, DEVICE, 0x200);
	}
	*el1(SYS_SCTLR_EL1) |= SCTLR_ELx_EE;
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_fault(test, 0x25, 0x10, DEVICE, 0x200);
	guest.vcpu->arch.regs.pstate = PSTATE_EL0;
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_done(test, 2);
	*el1(SYS_SCTLR_EL1) = SCTLR_EL1_SPAN | SCTLR_EL1_E0E;
	guest.vcpu->arch.regs.pstate = PSTATE_EL0;
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_fault(test, 0x24, 0x10, DEVICE, 0x400);
	*el1(SYS_SCTLR_EL1) = SCTLR_EL1_SPAN;
	guest.vcpu->arch.regs.pstate = PSR_MODE32_BIT;
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_fault(test, 0x24, 0x10, DEVICE, 0x600);
}

/* A register's bytes in two pages */
static void emulate_unaligned(struct kunit *test)
{
	start(test);
	*x(1) = DEVICE + 0xffc;
	run(test, 0xf8408422, DEVICE + 0xffc, DEVICE + 0xffc);	/* ldr x2, [x1], #8 */
	KUNIT_EXPECT_EQ(test, log.nr, 0);
	expect_fault(test, 0x25, 0x21, DEVICE + 0xffc, 0x200);
	*x(1) = DEVICE + 0xffb;
	run(test, 0xf8408422, DEVICE + 0x1000, DEVICE + 0x1000);
	expect_fault(test, 0x25, 0x21, DEVICE + 0xffb, 0x200);
	/* In one page it is what it is */
	*x(1) = DEVICE + 1;
	run(test, 0xf8408422, DEVICE + 1, DEVICE + 1);
	expect_access(test, 0, AXVM_X_MMIO_READ, DEVICE + 1, 8);
	expect_done(test, 1);
}

/* Another vCPU unmapped the code, or changed it */
static void emulate_code_changes(struct kunit *test)
{
	start(test);
	places[0] = (struct place){ .va = CODE, .fsc = 0x06 };
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_fault(test, 0x21, 0x06, CODE, 0x200);
	places[0] = (struct place){ .va = CODE, .gpa = DEVICE };
	run(test, 0xa9400c22, DEVICE, DEVICE);
	expect_fault(test, 0x21, 0x10, CODE, 0x200);
	places[0].va = 0;
	/* It could not have aborted there: try again. */
	run(test, 0xa9400c22, DEVICE + 16, DEVICE + 16);
	KUNIT_EXPECT_EQ(test, log.nr, 0);
	KUNIT_EXPECT_EQ(test, guest.vcpu->arch.regs.pc, CODE);
	run(test, 0xa9400c22, DEVICE - 1, DEVICE - 1);
	KUNIT_EXPECT_EQ(test, log.nr, 0);
	KUNIT_EXPECT_EQ(test, guest.vcpu->arch.regs.pc, CODE);
}

/* --- exceptions ------------------------------------------------------------------------- */

static void inject_pstate(struct kunit *test)
{
	static const struct {
		u64 before, sctlr, after;
	} cases[] = {
		{ PSTATE_EL1H, SCTLR_EL1_SPAN, 0 },
		{ PSTATE_EL1H | PSR_PAN_BIT, SCTLR_EL1_SPAN, PSR_PAN_BIT },
		{ PSTATE_EL1H, 0, PSR_PAN_BIT },
		{ PSTATE_EL0 | PSR_UAO_BIT | PSR_IL_BIT, SCTLR_EL1_SPAN, 0 },
		{ PSTATE_EL0 | PSR_SSBS_BIT, SCTLR_EL1_SPAN, 0 },
		{ PSTATE_EL0, SCTLR_EL1_SPAN | SCTLR_ELx_DSSBS, PSR_SSBS_BIT },
		{ PSTATE_EL1T | PSR_N_BIT | PSR_C_BIT, SCTLR_EL1_SPAN, PSR_N_BIT | PSR_C_BIT },
		{ PSTATE_EL1T | PSR_Z_BIT | PSR_V_BIT | PSR_DIT_BIT, SCTLR_EL1_SPAN,
		  PSR_Z_BIT | PSR_V_BIT | PSR_DIT_BIT },
		{ PSTATE_EL1H | PSR_BTYPE_C | DBG_SPSR_SS, SCTLR_EL1_SPAN, 0 },
	};
	unsigned int i;

	start(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guest.vcpu->arch.regs.pc = CODE;
		guest.vcpu->arch.regs.pstate = cases[i].before;
		*el1(SYS_SCTLR_EL1) = cases[i].sctlr;
		arm64_inject_undefined(guest.vcpu);
		KUNIT_EXPECT_EQ_MSG(test, guest.vcpu->arch.regs.pstate,
				    DAIF | PSTATE_EL1H | cases[i].after, "%u", i);
		KUNIT_EXPECT_EQ(test, *el1(SYS_SPSR_EL1), cases[i].before);
		KUNIT_EXPECT_EQ(test, *el1(SYS_ELR_EL1), CODE);
		KUNIT_EXPECT_EQ(test, *el1(SYS_ESR_EL1), BIT_ULL(25));
	}
}

static void inject_vectors(struct kunit *test)
{
	static const struct {
		u64 pstate, vector, dabt, iabt;
	} cases[] = {
		{ PSTATE_EL1T, 0x000, 0x25, 0x21 },
		{ PSTATE_EL1H, 0x200, 0x25, 0x21 },
		{ PSTATE_EL0, 0x400, 0x24, 0x20 },
		{ PSR_MODE32_BIT, 0x600, 0x24, 0x20 },
	};
	unsigned int i;

	start(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guest.vcpu->arch.regs.pstate = cases[i].pstate;
		arm64_inject_abort(guest.vcpu, false, 0x1234);
		expect_fault(test, cases[i].dabt, 0x10, 0x1234, cases[i].vector);
		guest.vcpu->arch.regs.pstate = cases[i].pstate;
		arm64_inject_abort(guest.vcpu, true, 0x4321);
		expect_fault(test, cases[i].iabt, 0x10, 0x4321, cases[i].vector);
		guest.vcpu->arch.regs.pstate = cases[i].pstate;
		arm64_inject_fault(guest.vcpu, AXVM_ACCESS_WRITE, 0x21, ~0ULL);
		expect_fault(test, cases[i].dabt, 0x61, ~0ULL, cases[i].vector);
	}
}

static struct kunit_case emulate_cases[] = {
	KUNIT_CASE(emulate_pairs),
	KUNIT_CASE(emulate_writeback),
	KUNIT_CASE(emulate_stack),
	KUNIT_CASE(emulate_vectors),
	KUNIT_CASE(emulate_addresses),
	KUNIT_CASE(emulate_translated),
	KUNIT_CASE(emulate_device_then_memory),
	KUNIT_CASE(emulate_memory_then_device),
	KUNIT_CASE(emulate_two_devices),
	KUNIT_CASE(emulate_fault_on_the_way),
	KUNIT_CASE(emulate_refused),
	KUNIT_CASE(emulate_unaligned),
	KUNIT_CASE(emulate_code_changes),
	KUNIT_CASE(inject_pstate),
	KUNIT_CASE(inject_vectors),
	{}
};

static struct kunit_suite emulate_suite = {
	.name = "axvm-arm64-emulate",
	.test_cases = emulate_cases,
};

kunit_test_suite(emulate_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: loads and stores without a syndrome");
