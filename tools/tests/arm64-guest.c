// SPDX-License-Identifier: GPL-2.0
/* Guests of a few instructions on arm64: what they may do, and what it does to them. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "check.h"
#include "vm.h"

/* X19: memory of nobody, X20: the data, X24: the debug exit */
#define REGISTERS								\
	"	movz	x19, #0x1000, lsl #16\n"				\
	"	movz	x20, #0x4000, lsl #16\n"				\
	"	add	x20, x20, #8, lsl #12\n"				\
	"	movz	x24, #0x0903, lsl #16\n"
#define EXIT	"	str	wzr, [x24]\n	b	.\n"

/* VBAR_EL1 is the code's start plus 0x800; only the vector of the current level is used */
#define VECTORS									\
	"	adr	x0, 9f\n"						\
	"	msr	vbar_el1, x0\n"						\
	"	isb\n"
#define HANDLER(name, text)							\
	"	.skip	0x800 - (. - " #name "_start)\n"			\
	"9:	.skip	0x200\n"						\
	text

static void make(struct vm *vm, const struct blob *code)
{
	vm_create(vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_board_devices(vm);
	vm_load(vm, GUEST_FLAT, code);
}

static uint64_t *data(struct vm *vm)
{
	return (uint64_t *)vm_word(vm, 0);
}

/* --- loads from devices --------------------------------------------------------------------- */

BLOB(loads,
	REGISTERS
	"	ldrb	w0, [x19]\n	str	x0, [x20]\n"
	"	ldrh	w0, [x19]\n	str	x0, [x20, #8]\n"
	"	ldr	w0, [x19]\n	str	x0, [x20, #16]\n"
	"	ldr	x0, [x19]\n	str	x0, [x20, #24]\n"
	"	ldrsb	w0, [x19]\n	str	x0, [x20, #32]\n"
	"	ldrsb	x0, [x19]\n	str	x0, [x20, #40]\n"
	"	ldrsh	w0, [x19]\n	str	x0, [x20, #48]\n"
	"	ldrsw	x0, [x19]\n	str	x0, [x20, #56]\n"
	"	ldr	wzr, [x19]\n	str	xzr, [x20, #64]\n"
	"	ldp	x0, x1, [x19], #16\n"
	"	stp	x0, x1, [x20, #72]\n"
	EXIT);

TEST(guest, loads_of_all_widths)
{
	static const uint64_t wanted[] = {
		0x88, 0x9988, 0xbbaa9988, 0xffeeddccbbaa9988,
		0xffffff88, 0xffffffffffffff88, 0xffff9988, 0xffffffffbbaa9988, 0,
		0xffeeddccbbaa9988, 0xffeeddccbbaa9988,
	};
	struct vm vm;
	unsigned int i;

	make(&vm, &loads);
	vm_boot(&vm);
	while (vm_run(&vm) == AXVM_EXIT_MMIO) {
		CHECK(!vm.run->mmio.is_write);
		vm.run->mmio.data = 0xffeeddccbbaa9988;
	}
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		CHECK_EQ(data(&vm)[i], wanted[i]);
	vm_destroy(&vm);
}

/* --- what is hidden --------------------------------------------------------------------------- */

BLOB(hidden,
	REGISTERS VECTORS
	"	mrs	x0, id_aa64pfr0_el1\n	str	x0, [x20]\n"
	"	mrs	x0, id_aa64pfr1_el1\n	str	x0, [x20, #8]\n"
	"	mrs	x0, id_aa64isar1_el1\n	str	x0, [x20, #16]\n"
	"	mrs	x0, id_aa64dfr0_el1\n	str	x0, [x20, #24]\n"
	"	mov	x1, #0\n"
	"	mrs	x0, pmcr_el0\n"
	"	mrs	x0, S3_0_C1_C2_0\n"		/* ZCR_EL1 */
	"	mrs	x0, S3_0_C2_C1_0\n"		/* APIAKEYLO_EL1 */
	"	mrs	x0, S3_0_C1_C0_5\n"		/* RGSR_EL1 */
	"	mrs	x0, S3_0_C9_C9_0\n"		/* PMSCR_EL1 */
	"	str	x1, [x20, #32]\n"
	"	str	x2, [x20, #40]\n"
	EXIT
	HANDLER(hidden,
		"	add	x1, x1, #1\n"
		"	mrs	x2, esr_el1\n"
		"	mrs	x3, elr_el1\n"
		"	add	x3, x3, #4\n"
		"	msr	elr_el1, x3\n"
		"	eret\n"));

TEST(guest, what_is_not_offered_is_undefined)
{
	struct vm vm;

	make(&vm, &hidden);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(data(&vm)[0] & 0xff, 0x11);		/* EL0, EL1: AArch64 only */
	CHECK_EQ(data(&vm)[0] >> 28 & 0xff, 0);		/* RAS, SVE */
	CHECK_EQ(data(&vm)[1] >> 8 & 0xf, 0);		/* MTE */
	CHECK_EQ(data(&vm)[2] >> 4 & 0xff, 0);		/* APA, API */
	CHECK_EQ(data(&vm)[3] >> 8 & 0xf, 0);		/* PMUVer */
	CHECK_EQ(data(&vm)[4], 5);
	CHECK_EQ(data(&vm)[5] >> 26, 0);		/* EC: unknown reason */
	vm_destroy(&vm);
}

/* --- vector registers ------------------------------------------------------------------------ */

/* Adds up in D8 to D10, with a visit to userspace in between */
BLOB(vectors_kept,
	REGISTERS
	"	mov	x0, #(3 << 20)\n	msr	cpacr_el1, x0\n	isb\n"
	"	ldr	d8, [x20, #8]\n"
	"	fmov	d9, #1.0\n"
	"	mov	w1, #100\n"
	"1:	fadd	d8, d8, d9\n"
	"	str	wzr, [x19]\n"
	"	subs	w1, w1, #1\n"
	"	b.ne	1b\n"
	"	str	d8, [x20]\n"
	EXIT);

TEST(guest, vector_registers_are_ones_own)
{
	register double mine asm("d11") = 42.5;
	struct vm vm[2];
	double sums[2];
	int i, n;

	for (i = 0; i < 2; i++) {
		make(&vm[i], &vectors_kept);
		((double *)data(&vm[i]))[1] = 1000.0 * (i + 1);
		vm_boot(&vm[i]);
	}
	asm volatile("" : "+w" (mine));
	for (n = 0; n < 101; n++)
		for (i = 0; i < 2; i++)
			vm_run(&vm[i]);
	asm volatile("" : "+w" (mine));
	for (i = 0; i < 2; i++) {
		sums[i] = ((double *)data(&vm[i]))[0];
		CHECK(sums[i] == 1000.0 * (i + 1) + 100);
		vm_destroy(&vm[i]);
	}
	CHECK(mine == 42.5);
}

/* --- memory ------------------------------------------------------------------------------------ */

#define OTHER	(GUEST_RAM + 0x100000)

BLOB(reader,
	REGISTERS
	"	movz	x1, #0x4010, lsl #16\n"
	"1:	ldr	w0, [x1]\n"
	"	str	w0, [x19]\n"
	"	b	1b\n");

/* What the launcher maps at an address, the guest sees there, at once. */
TEST(guest, memory_is_what_is_mapped)
{
	struct vm vm;
	uint32_t i;

	make(&vm, &reader);
	vm_boot(&vm);
	for (i = 1; i < 50; i++) {
		uint8_t *page = vm.memory + (OTHER - GUEST_RAM);

		CHECK(mmap(page, 4096, PROT_READ | PROT_WRITE,
			   MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0) == page);
		*(uint32_t *)page = i;
		vm_run(&vm);
		CHECK_EQ(vm.run->mmio.data, i);
	}
	vm_destroy(&vm);
}

BLOB(rom_writer,
	REGISTERS
	"	movz	x1, #0x5000, lsl #16\n"
	"	ldr	w0, [x1]\n"
	"	str	w0, [x20]\n"
	"	mov	w0, #7\n"
	"	str	w0, [x1]\n"
	"	ldr	w0, [x1]\n"
	"	str	w0, [x20, #4]\n"
	EXIT);

TEST(guest, a_write_to_a_rom_is_an_access_to_nobody)
{
	uint32_t *rom = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vm vm;

	make(&vm, &rom_writer);
	*rom = 5;
	vm_set_slot(&vm, 1, AXVM_MEM_READONLY, 0x50000000, rom, 4096);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	CHECK_EQ(vm.run->mmio.gpa, 0x50000000);
	CHECK_EQ(vm.run->mmio.data, 7);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 5);
	CHECK_EQ(*vm_word(&vm, 1), 5);
	vm_destroy(&vm);
}

/* --- single steps ------------------------------------------------------------------------------- */

/* The guest steps itself over three instructions (ARM DDI 0487 D2.12): MDSCR_EL1.SS, KDE */
BLOB(stepper,
	REGISTERS VECTORS
	"	msr	oslar_el1, xzr\n"
	"	mov	x1, #0\n"
	"	mov	x0, #1\n"
	"	orr	x0, x0, #(1 << 13)\n"
	"	msr	mdscr_el1, x0\n"
	"	isb\n"
	"	adr	x0, 2f\n"
	"	msr	elr_el1, x0\n"
	"	mov	x0, #0x1c5\n"
	"	orr	x0, x0, #(1 << 21)\n"
	"	msr	spsr_el1, x0\n"
	"	eret\n"
	"2:	nop\n"
	"	str	wzr, [x19]\n"
	"	nop\n"
	"3:	b	3b\n"
	HANDLER(stepper,
		"	add	x1, x1, #1\n"
		"	mrs	x2, esr_el1\n"
		"	lsr	x2, x2, #26\n"
		"	str	x2, [x20, #8]\n"
		"	str	x1, [x20]\n"
		"	cmp	x1, #3\n"
		"	b.eq	4f\n"
		"	mrs	x0, spsr_el1\n"
		"	orr	x0, x0, #(1 << 21)\n"
		"	msr	spsr_el1, x0\n"
		"	eret\n"
		"4:	str	wzr, [x24]\n"
		"	b	.\n"));

TEST(guest, a_guest_steps_itself)
{
	struct vm vm;

	make(&vm, &stepper);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	vm_finish(&vm);
	CHECK_EQ(data(&vm)[0], 3);
	CHECK_EQ(data(&vm)[1], 0x33);	/* EC: software step, same level */
	vm_destroy(&vm);
}

/* --- from outside ----------------------------------------------------------------------------------- */

BLOB(nothing, "	b	.\n");

TEST(guest, registers_that_no_guest_can_have_are_refused)
{
	static const uint64_t modes[] = { 0x9, 0x8, 0xd, 0x10, 0x13, 0x6, 1ULL << 32 | 5 };
	struct axvm_arm64_regs regs;
	struct vm vm;
	unsigned int i;

	make(&vm, &nothing);
	vm_get_regs(&vm, &regs);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		regs.pstate = modes[i];
		CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_SET_REGS, &regs), EINVAL);
	}
	vm_destroy(&vm);
}
