// SPDX-License-Identifier: GPL-2.0
/*
 * x86/emulate*.c, x86/fetch.c: which accesses an instruction makes and when its results
 * are committed; faults, modes, stacks; and bytes that nobody wrote. What instructions
 * compute is compared with the CPU in emulate_native_test.c.
 */
#include "x86_guest.h"

#include <linux/prandom.h>

#define R	AXVM_ACCESS_READ
#define W	AXVM_ACCESS_WRITE

/* --- plain accesses ------------------------------------------------------------ */

#define LOAD	AXVM_X_MMIO_READ
#define STORE	AXVM_X_MMIO_WRITE

/* RBX points to the device, RCX is 0x1122334455667788 */
static const struct plain_case {
	const char *text;
	u8 bytes[16];
	u8 length;
	enum axvm_exit_type type;
	u8 width;
	u8 reg;
	u8 reg_width;
	bool sign_extend;
	u64 data;
} plain[] = {
	{ "movb (%rbx),%al", "\x8a\x03", 2, LOAD, 1, 0, 1, false },
	{ "movw (%rbx),%r9w", "\x66\x44\x8b\x0b", 4, LOAD, 2, 9, 2, false },
	{ "movl (%rbx),%esp", "\x8b\x23", 2, LOAD, 4, 4, 4, false },
	{ "movq (%rbx),%r15", "\x4c\x8b\x3b", 3, LOAD, 8, 15, 8, false },
	{ "movzbl (%rbx),%esi", "\x0f\xb6\x33", 3, LOAD, 1, 6, 4, false },
	{ "movsbw (%rbx),%dx", "\x66\x0f\xbe\x13", 4, LOAD, 1, 2, 2, true },
	{ "movswq (%rbx),%rbp", "\x48\x0f\xbf\x2b", 4, LOAD, 2, 5, 8, true },
	{ "movslq (%rbx),%rax", "\x48\x63\x03", 3, LOAD, 4, 0, 8, true },
	{ "movabsl 0x300000,%eax", "\xa1\0\0\x30\0\0\0\0\0", 9, LOAD, 4, 0, 4, false },
	{ "movb %cl,(%rbx)", "\x88\x0b", 2, STORE, 1, .data = 0x88 },
	{ "movb %ch,(%rbx)", "\x88\x2b", 2, STORE, 1, .data = 0x77 },
	{ "movw %cx,(%rbx)", "\x66\x89\x0b", 3, STORE, 2, .data = 0x7788 },
	{ "movl %ecx,(%rbx)", "\x89\x0b", 2, STORE, 4, .data = 0x55667788 },
	{ "movq %rcx,(%rbx)", "\x48\x89\x0b", 3, STORE, 8, .data = 0x1122334455667788 },
	{ "movnti %ecx,(%rbx)", "\x0f\xc3\x0b", 3, STORE, 4, .data = 0x55667788 },
	{ "movb $-1,(%rbx)", "\xc6\x03\xff", 3, STORE, 1, .data = 0xff },
	{ "movw $-2,(%rbx)", "\x66\xc7\x03\xfe\xff", 5, STORE, 2, .data = 0xfffe },
	{ "movq $-3,(%rbx)", "\x48\xc7\x03\xfd\xff\xff\xff", 7, STORE, 8, .data = -3ULL },
	{ "movl %ecx,%gs:0x10", "\x65\x89\x0c\x25\x10\x00\x00\x00", 8, STORE, 4,
	  .data = 0x55667788 },
};

static void emulate_plain(struct kunit *test)
{
	unsigned int i;

	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0x100;
	*gpr(AXVM_X86_RCX) = 0x1122334455667788;
	machine_regs()->seg[AXVM_X86_GS].base = GUEST_DEVICE;
	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		const struct plain_case *c = &plain[i];
		struct axvm_exit exit = {
			.access = c->type == AXVM_X_MMIO_READ ? R : W, .more = true,
		};
		u64 gpa = GUEST_DEVICE + (strstr(c->text, "0x300000") ? 0 :
					  strstr(c->text, "gs") ? 0x10 : 0x100);

		guest_code(c->bytes, c->length);
		/* Not a byte of guest memory is touched but the code and its tables */
		machine->missing = machine->ram + GUEST_DATA;
		KUNIT_EXPECT_EQ(test, x86_emulate_mmio(&machine->vcpu, gpa, &exit), 0);
		KUNIT_EXPECT_EQ_MSG(test, exit.type, c->type, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, exit.width, c->width, "%s", c->text);
		KUNIT_EXPECT_FALSE_MSG(test, exit.more, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, exit.addr, gpa, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, machine->vcpu.arch.insn_len, c->length, "%s", c->text);
		KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE);
		if (exit.type == AXVM_X_MMIO_WRITE) {
			KUNIT_EXPECT_EQ_MSG(test, exit.data, c->data, "%s", c->text);
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, exit.reg, c->reg, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, exit.reg_width, c->reg_width, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, exit.sign_extend, c->sign_extend, "%s", c->text);
	}
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
}

static void emulate_other_modes(struct kunit *test)
{
	struct axvm_x86_regs *regs = machine_regs();

	machine_mode(16);
	regs->seg[AXVM_X86_CS].base = 0xfff0;
	regs->seg[AXVM_X86_ES].base = GUEST_DEVICE - 0x10;
	*gpr(AXVM_X86_RDI) = 0xdead0010;	/* DI only */
	*gpr(AXVM_X86_RAX) = 0xcafe1234;
	CODE("\x26\x89\x05");			/* mov %ax,%es:(%di) */
	KUNIT_EXPECT_EQ(test, regs->rip, 0x10);
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, W), 1);
	KUNIT_EXPECT_EQ(test, device->bytes[1] << 8 | device->bytes[0], 0x1234);
	KUNIT_EXPECT_EQ(test, device->bytes[2], 0);
	KUNIT_EXPECT_EQ(test, regs->rip, 0x13);

	machine_mode(32);
	regs->seg[AXVM_X86_CS].base = 0xfffff000;	/* linear addresses wrap */
	regs->seg[AXVM_X86_DS].base = 0xfff00000;
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0x100000;
	CODE("\x0f\xbe\x03");			/* movsbl (%ebx),%eax */
	regs->rip = GUEST_CODE + 0x1000;
	device->bytes[0] = 0x80;
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RAX), 0xffffff80);
	KUNIT_EXPECT_EQ(test, regs->rip, GUEST_CODE + 0x1003);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
}

/* --- what the hardware reported, and what lies at RIP now --------------------- */

static void emulate_changed_code(struct kunit *test)
{
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0x10;
	*gpr(AXVM_X86_RDX) = GUEST_DATA + 0x10;
	/* Another offset, another page: not the access of that exit */
	CODE("\x89\x03");			/* mov %eax,(%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x1014, W), 1);
	CODE("\x89\x02");			/* mov %eax,(%rdx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x14, W), 1);
	CODE("\x01\x02");			/* add %eax,(%rdx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x10, R | W), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 0);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_CODE);

	/* A load was reported, a store is there: only if the tables let it */
	guest_map(0, GUEST_DEVICE, PAGE & ~(PTE_RW | PTE_D));
	*gpr(AXVM_X86_RBX) = GUEST_ALIAS + 0x10;
	CODE("\x89\x03");
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x10, R), 1);
	expect_exception(test, X86_TRAP_PF, true, X86_PF_PROT | X86_PF_WRITE);
	KUNIT_EXPECT_EQ(test, machine->exception.cr2, GUEST_ALIAS + 0x10);
	guest_map(0, GUEST_DEVICE, PAGE);
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x10, R), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 1);
	expect_access(test, 0, AXVM_X_MMIO_WRITE, GUEST_DEVICE + 0x10, 4, (u32)*gpr(0));
}

static void emulate_undefined(struct kunit *test)
{
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;
	*gpr(AXVM_X86_RSI) = GUEST_DEVICE;
	CODE("\xf7\x23");			/* mul (%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	expect_exception(test, X86_TRAP_UD, false, 0);
	CODE("\x6f");				/* outsl: its port was not asked about */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	expect_exception(test, X86_TRAP_UD, false, 0);
	machine_regs()->rip = GUEST_DEVICE;	/* no code at all: an open bus */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, AXVM_ACCESS_EXEC), 1);
	expect_exception(test, X86_TRAP_UD, false, 0);
	KUNIT_EXPECT_EQ(test, machine_regs()->rip, GUEST_DEVICE);
}

static void emulate_code_in_two_pages(struct kunit *test)
{
	static const u8 code[] = { 0xc7, 0x83, 0, 1, 0, 0, 0x78, 0x56, 0x34, 0x12 };
	unsigned int first;
	u64 rip;

	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;	/* movl $0x12345678,0x100(%rbx) */
	for (first = 1; first < sizeof(code); first++) {
		rip = GUEST_ALIAS + PAGE_SIZE - first;
		guest_map(0, 0x10000, PAGE);
		guest_map(1, 0x12000, PAGE);
		memcpy(machine->ram + 0x11000 - first, code, first);
		memcpy(machine->ram + 0x12000, code + first, sizeof(code) - first);
		machine_regs()->rip = rip;
		memset(device->bytes + 0x100, 0, 4);
		KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x100, W), 1);
		KUNIT_EXPECT_EQ(test, get_unaligned((u32 *)(device->bytes + 0x100)), 0x12345678);
		KUNIT_EXPECT_EQ(test, machine_regs()->rip, rip + sizeof(code));

		device->nr = 0;
		guest_map(1, 0, 0);
		machine_regs()->rip = rip;
		KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x100, W), 1);
		expect_exception(test, X86_TRAP_PF, true, X86_PF_INSTR);
		KUNIT_EXPECT_EQ(test, machine->exception.cr2, GUEST_ALIAS + PAGE_SIZE);
	}
	/* What ends with the page does not look at the next */
	memcpy(machine->ram + 0x11000 - 2, "\x89\x0b", 2);
	machine_regs()->rip = GUEST_ALIAS + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, W), 1);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
}

static void emulate_crossing(struct kunit *test)
{
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0xffe;
	CODE("\x89\x03");			/* mov %eax,(%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0xffe, W), 1);
	expect_exception(test, X86_TRAP_GP, true, 0);
	/* Memory, then the device */
	guest_map(0, GUEST_DATA, PAGE);
	guest_map(1, GUEST_DEVICE, PAGE);
	*gpr(AXVM_X86_RBX) = GUEST_ALIAS + 0xffe;
	CODE("\x03\x03");			/* add (%rbx),%eax */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	expect_exception(test, X86_TRAP_GP, true, 0);
	/* Real mode pushes no error code */
	machine_mode(16);
	machine_regs()->seg[AXVM_X86_DS].base = GUEST_DEVICE;
	*gpr(AXVM_X86_RBX) = 0xfff;
	CODE("\x89\x07");			/* mov %ax,(%bx) */
	machine_regs()->seg[AXVM_X86_CS].base = GUEST_CODE;
	machine_regs()->rip = 0;
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0xfff, W), 1);
	expect_exception(test, X86_TRAP_GP, false, 0);
}

/* --- several accesses ------------------------------------------------------------ */

static void emulate_commits_last(struct kunit *test)
{
	struct axvm_exit exit = { .access = R | W };
	struct axvm_x86_regs *regs = machine_regs();
	struct axvm_x86_regs before;

	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;
	*gpr(AXVM_X86_RCX) = 0x7fffffff;
	CODE("\xf0\x0f\xc1\x0b");		/* lock xadd %ecx,(%rbx) */
	before = *regs;
	KUNIT_EXPECT_EQ(test, x86_emulate_mmio(&machine->vcpu, GUEST_DEVICE, &exit), 0);
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_MMIO_READ);
	KUNIT_EXPECT_TRUE(test, exit.more);
	exit.data = 0xdead00000001;		/* more than was asked for */
	KUNIT_EXPECT_EQ(test, x86_emulate_next(&machine->vcpu, &exit), 0);
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_MMIO_WRITE);
	KUNIT_EXPECT_EQ(test, exit.data, 0x80000000);
	KUNIT_EXPECT_EQ(test, memcmp(&before, regs, sizeof(before)), 0);
	KUNIT_EXPECT_EQ(test, x86_emulate_next(&machine->vcpu, &exit), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RCX), 1);
	KUNIT_EXPECT_EQ(test, regs->rip, GUEST_CODE + 4);
	KUNIT_EXPECT_EQ(test, regs->rflags & X86_ARITHMETIC_FLAGS,
			X86_EFLAGS_OF | X86_EFLAGS_SF | X86_EFLAGS_AF | X86_EFLAGS_PF);
}

/* A ROM is read as memory and written as a device */
static void emulate_rom(struct kunit *test)
{
	*(u8 *)machine->slots[1].hva = 0x41;
	*gpr(AXVM_X86_RBX) = MACHINE_ROM;
	CODE("\x80\x03\x02");			/* addb $2,(%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, MACHINE_ROM, R | W), 1);
	KUNIT_EXPECT_EQ(test, device->nr, 1);
	expect_access(test, 0, AXVM_X_MMIO_WRITE, MACHINE_ROM, 1, 0x43);
	KUNIT_EXPECT_EQ(test, *(u8 *)machine->slots[1].hva, 0x41);
}

/* The last things an instruction does: trap flag, RF, shadows */
static void emulate_step_over(struct kunit *test)
{
	struct axvm_x86_regs *regs = machine_regs();

	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;
	regs->rflags |= X86_EFLAGS_TF | X86_EFLAGS_RF;
	regs->interruptibility = 8 | 2 | 1;
	machine->vcpu.arch.state.dirty = 0;
	CODE("\xfe\x03");			/* incb (%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R | W), 1);
	KUNIT_EXPECT_EQ(test, regs->interruptibility, 8);
	KUNIT_EXPECT_EQ(test, regs->rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF), X86_EFLAGS_TF);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 1);
	KUNIT_EXPECT_EQ(test, machine->exception.vector, X86_TRAP_DB);
	KUNIT_EXPECT_FALSE(test, machine->exception.has_error);
	KUNIT_EXPECT_EQ(test, regs->dr[6] & DR_STEP, DR_STEP);
	KUNIT_EXPECT_EQ(test, machine->vcpu.arch.state.dirty,
			X86_RIP | X86_FLAGS | X86_INTR | X86_DEBUG);
	machine_mode(32);
	regs->rip = 0xfffffffe;
	x86_step_over(&machine->vcpu, 3);
	KUNIT_EXPECT_EQ(test, regs->rip, 1);
}

/* --- the stack -------------------------------------------------------------------- */

static void emulate_stack(struct kunit *test)
{
	u64 top = GUEST_STACK + 0x800;

	put_unaligned(0x1122334455667788, (u64 *)device->bytes);
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;
	CODE("\xff\x33");			/* push (%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RSP), top - 8);
	KUNIT_EXPECT_EQ(test, *machine_u64(top - 8), 0x1122334455667788);
	CODE("\x66\x8f\x43\x20");		/* popw 0x20(%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x20, W), 1);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RSP), top - 6);
	KUNIT_EXPECT_EQ(test, get_unaligned((u32 *)(device->bytes + 0x20)), 0x7788);

	/* POP's address comes after its increment: -8(%rsp) is where it was read */
	*gpr(AXVM_X86_RSP) = GUEST_DEVICE + 0x100;
	device->nr = 0;
	CODE("\x8f\x44\x24\x08");		/* pop 8(%rsp) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x100, R), 1);
	expect_access(test, 0, AXVM_X_MMIO_READ, GUEST_DEVICE + 0x100, 8, 0);
	expect_access(test, 1, AXVM_X_MMIO_WRITE, GUEST_DEVICE + 0x110, 8, 0);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RSP), GUEST_DEVICE + 0x108);

	/* The stack segment has a size of its own */
	machine_mode(32);
	machine_regs()->seg[AXVM_X86_SS].base = GUEST_DATA;
	machine_regs()->seg[AXVM_X86_SS].attr &= ~X86_SEG_DB;
	*gpr(AXVM_X86_RSP) = 0xabcd0002;
	CODE("\xff\x33");			/* pushl (%ebx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE, R), 1);
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
	KUNIT_EXPECT_EQ(test, *gpr(AXVM_X86_RSP), 0xabcdfffe);
}

/* --- anything ----------------------------------------------------------------------- */

/* Random bytes and registers: an end, and either a step, a fault or nothing at all */
static void emulate_hostile(struct kunit *test)
{
	static const u64 places[] = {
		GUEST_DATA, GUEST_DEVICE, GUEST_DEVICE + 0xff9, GUEST_ALIAS, MACHINE_ROM, ~0ULL,
	};
	struct axvm_x86_regs *regs = machine_regs();
	unsigned int i, j, busy = 0;
	struct rnd_state rnd;
	u8 bytes[16];

	prandom_seed_state(&rnd, 20261122);
	for (i = 0; i < 20000; i++) {
		unsigned int bits = 16 << prandom_u32_state(&rnd) % 3;

		prandom_bytes_state(&rnd, bytes, sizeof(bytes));
		bytes[1] &= 0x3f;	/* often memory by a register */
		machine_mode(bits);
		for (j = 0; j < AXVM_X86_NR_GPR; j++)
			*gpr(j) = places[prandom_u32_state(&rnd) % ARRAY_SIZE(places)];
		*gpr(AXVM_X86_RCX) = prandom_u32_state(&rnd);
		regs->seg[AXVM_X86_DS].base = bits == 16 ? GUEST_DEVICE : 0;
		guest_code(bytes, sizeof(bytes));
		regs->rip = GUEST_CODE;
		device->nr = 0;
		machine->nr_exceptions = 0;
		KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE | (*gpr(3) & 0xfff), R), 1);
		KUNIT_EXPECT_LE(test, machine->nr_exceptions, 1);
		KUNIT_EXPECT_LE(test, regs->rip - GUEST_CODE, 15);
		KUNIT_EXPECT_LE(test, device->nr, 2 * 64);
		busy += device->nr != 0;
	}
	KUNIT_EXPECT_GT(test, busy, 500);
}

static int fetch(const struct x86_insn **insn)
{
	struct x86_decoded *decoded;
	int ret = x86_fetch(&machine->vcpu, machine->vcpu.arch.emul->decoded, &decoded);

	*insn = &decoded->insn;
	return ret;
}

/* What is remembered of an instruction must go with anything that it followed from */
static void emulate_remembered(struct kunit *test)
{
	struct axvm_x86_regs *regs = machine_regs();
	const struct x86_insn *insn;
	struct x86_decoded *decoded;
	unsigned int i;

	guest_map(0, GUEST_CODE, PAGE);
	memcpy(machine->ram + GUEST_CODE, "\x89\x03\x90", 3);	/* mov %eax,(%rbx) */
	memcpy(machine->ram + GUEST_DATA, "\x8b\x0b\x90", 3);	/* mov (%rbx),%ecx */
	regs->rip = GUEST_ALIAS;
	decoded = x86_decoded_at(regs, machine->vcpu.arch.emul->decoded);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
		KUNIT_EXPECT_EQ(test, insn->form, X86_MEM_REG);
		KUNIT_EXPECT_EQ(test, insn->width, 4);
		KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &decoded->trail));
	}
	guest_map(0, GUEST_DATA, PAGE);
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->form, X86_REG_MEM);
	machine->ram[GUEST_DATA] = 0x8a;	/* mov (%rbx),%cl */
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->width, 1);

	/* The same bytes, another mode, another privilege, another paging */
	machine->ram[GUEST_DATA] = 0x8b;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->addr_size, 8);
	regs->seg[AXVM_X86_CS].attr = 0xc09b;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->addr_size, 4);
	guest_map(0, GUEST_DATA, PAGE & ~PTE_US);
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	machine_ring(3);
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_DONE);
	expect_exception(test, X86_TRAP_PF, true, X86_PF_PROT | X86_PF_USER | X86_PF_INSTR);
	machine_ring(0);
	guest_map(0, GUEST_DATA, PAGE);
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	regs->cr4 |= X86_CR4_SMEP;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_DONE);
	expect_exception(test, X86_TRAP_PF, true, X86_PF_PROT | X86_PF_INSTR);
	regs->cr4 &= ~X86_CR4_SMEP;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	regs->cr3 = 0x8000;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_DONE);
	expect_exception(test, X86_TRAP_PF, true, X86_PF_INSTR);
	regs->cr3 = 0x1000;

	regs->efer = 0;		/* the same tables, read as PAE's */
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_DONE);
	expect_exception(test, X86_TRAP_PF, true, 0);
	regs->efer = EFER_LME | EFER_LMA | EFER_NX;

	/* Ten bytes: all of them count */
	memcpy(machine->ram + GUEST_DATA, "\xc7\x83\x00\x01\x00\x00\x78\x56\x34\x12", 10);
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->imm, 0x12345678);
	machine->ram[GUEST_DATA + 9] = 0x21;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_GO_ON);
	KUNIT_EXPECT_EQ(test, insn->imm, 0x21345678);

	/* What could not be decoded is not remembered */
	machine->ram[GUEST_DATA] = 0xf4;
	KUNIT_EXPECT_EQ(test, fetch(&insn), X86_DONE);
	expect_exception(test, X86_TRAP_UD, false, 0);
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &decoded->trail));
	machine->missing = machine->ram + GUEST_DATA;
	KUNIT_EXPECT_EQ(test, fetch(&insn), -EFAULT);
}

static bool again(u64 gpa, u32 access, struct axvm_exit *exit)
{
	unsigned long flags;
	bool same;

	*exit = (struct axvm_exit) { .type = AXVM_X_STAGE2_FAULT, .addr = gpa, .access = access };
	local_irq_save(flags);
	same = x86_emulate_again(&machine->vcpu, gpa, exit);
	local_irq_restore(flags);
	return same;
}

/* The short way is taken for what went the long way before, and for nothing else */
static void emulate_again(struct kunit *test)
{
	struct axvm_x86_regs *regs = machine_regs();
	struct axvm_exit exit;

	CODE("\x89\x0b");			/* mov %ecx,(%rbx) */
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0x10;
	*gpr(AXVM_X86_RCX) = 0x55667788;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x10, W, &exit));
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_STAGE2_FAULT);
	KUNIT_EXPECT_EQ(test, x86_emulate_mmio(&machine->vcpu, GUEST_DEVICE + 0x10, &exit), 0);
	*gpr(AXVM_X86_RBX) += 0x20;
	KUNIT_EXPECT_TRUE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_MMIO_WRITE);
	KUNIT_EXPECT_EQ(test, exit.addr, GUEST_DEVICE + 0x30);
	KUNIT_EXPECT_EQ(test, exit.width, 4);
	KUNIT_EXPECT_EQ(test, exit.data, 0x55667788);
	KUNIT_EXPECT_FALSE(test, exit.more);
	KUNIT_EXPECT_EQ(test, machine->vcpu.arch.insn_len, 2);

	/* Another offset, page, kind of access; none that is known; one too wide */
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x34, W, &exit));
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x1030, W, &exit));
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, R, &exit));
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, R | W, &exit));
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, 0, &exit));
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0xffd;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0xffd, W, &exit));
	*gpr(AXVM_X86_RBX) = GUEST_DEVICE + 0x30;
	KUNIT_EXPECT_TRUE(test, again(GUEST_DEVICE + 0x30, W, &exit));

	/* Other code, other registers, other slots */
	machine->ram[GUEST_CODE + 1] = 0x13;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	machine->ram[GUEST_CODE + 1] = 0x0b;
	machine_ring(3);
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	machine_ring(0);
	KUNIT_EXPECT_TRUE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	machine->map.generation++;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, W, &exit));

	/* New slots with memory there, which the fault was too early to see */
	machine->slots[1].gpa = GUEST_DEVICE;
	machine->slots[1].flags = 0;
	KUNIT_EXPECT_EQ(test, x86_emulate_mmio(&machine->vcpu, GUEST_DEVICE + 0x30, &exit), 0);
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	machine->slots[1].flags = AXVM_MEM_READONLY;
	KUNIT_EXPECT_EQ(test, x86_emulate_mmio(&machine->vcpu, GUEST_DEVICE + 0x30, &exit), 0);
	KUNIT_EXPECT_TRUE(test, again(GUEST_DEVICE + 0x30, W, &exit));

	/* What takes several accesses goes the long way each time */
	CODE("\x09\x0b");			/* or %ecx,(%rbx) */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x30, R | W), 1);
	regs->rip = GUEST_CODE;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, R | W, &exit));
	CODE("\x8f\x03");			/* pop (%rbx): where a plain store was */
	KUNIT_EXPECT_EQ(test, guest_mmio(test, GUEST_DEVICE + 0x30, W), 1);
	regs->rip = GUEST_CODE;
	KUNIT_EXPECT_FALSE(test, again(GUEST_DEVICE + 0x30, W, &exit));
	KUNIT_EXPECT_EQ(test, machine->nr_exceptions, 0);
}

/* For a person to read: under Bochs with one CPU these are instructions */
static void emulate_cost(struct kunit *test)
{
	u64 start, now, first = 0, known = ~0ULL, same = ~0ULL, step = ~0ULL;
	struct axvm_exit exit = {};
	unsigned long flags;
	unsigned int i;

	*gpr(AXVM_X86_RBX) = GUEST_DEVICE;
	guest_map(0, GUEST_CODE, PAGE);
	CODE("\x89\x83\x80\x00\x00\x00");	/* mov %eax,0x80(%rbx), by four levels */
	for (i = 0; i < 100; i++) {
		machine_regs()->rip = GUEST_ALIAS;
		exit.access = W;
		start = get_cycles();
		x86_emulate_mmio(&machine->vcpu, GUEST_DEVICE + 0x80, &exit);
		now = get_cycles();
		first = first ? first : now - start;
		known = min(known, now - start);
		local_irq_save(flags);
		start = get_cycles();
		x86_emulate_again(&machine->vcpu, GUEST_DEVICE + 0x80, &exit);
		now = get_cycles();
		local_irq_restore(flags);
		x86_step_over(&machine->vcpu, machine->vcpu.arch.insn_len);
		step = min(step, get_cycles() - now);
		same = min(same, now - start);
	}
	KUNIT_EXPECT_EQ(test, exit.type, AXVM_X_MMIO_WRITE);
	kunit_info(test, "a plain store: first %llu, known %llu, again %llu, step over %llu\n",
		   first, known, same, step);
}

static int emulate_init(struct kunit *test)
{
	guest_new(test);
	return 0;
}

static struct kunit_case emulate_cases[] = {
	KUNIT_CASE(emulate_plain),
	KUNIT_CASE(emulate_other_modes),
	KUNIT_CASE(emulate_changed_code),
	KUNIT_CASE(emulate_undefined),
	KUNIT_CASE(emulate_code_in_two_pages),
	KUNIT_CASE(emulate_crossing),
	KUNIT_CASE(emulate_commits_last),
	KUNIT_CASE(emulate_rom),
	KUNIT_CASE(emulate_step_over),
	KUNIT_CASE(emulate_stack),
	KUNIT_CASE(emulate_hostile),
	KUNIT_CASE(emulate_remembered),
	KUNIT_CASE(emulate_again),
	KUNIT_CASE(emulate_cost),
	{}
};

static struct kunit_suite emulate_suite = {
	.name = "axvm-emulate",
	.init = emulate_init,
	.test_cases = emulate_cases,
};

kunit_test_suite(emulate_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 emulator");
