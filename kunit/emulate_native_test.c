// SPDX-License-Identifier: GPL-2.0
/*
 * x86/emulate*.c against the CPU that this runs on: each instruction below is executed
 * on a buffer, and its bytes, read from this module's own text, are emulated on a
 * device with the same content. Memory, registers and flags must come out alike.
 */
#include "x86_guest.h"

#include <linux/prandom.h>

#define ROUNDS		40
#define AREA		512	/* bytes of memory that an instruction may see */
#define RBX_AT		128	/* where the pointers start in it */
#define RDI_AT		128
#define RSI_AT		320

/* native.kind */
#define PLAIN		0
#define LOGIC		1	/* AF is undefined */
#define BIT_STRING	2	/* RCX is a bit number; all flags but CF are undefined */
#define STRING		3	/* RCX counts; RSI, RDI and DF are used */
#define STRING_FROM	4	/* the same with RSI only */
#define STRING_TO	5	/* the same with RDI only */

/* Registers before and after an instruction, and the instruction's bytes */
struct native {
	u64 rax, rcx, rdx, rbx, rsi, rdi, flags;
	const u8 *begin, *end;
};

#define NATIVE(name, text)							\
static noinline void native_##name(struct native *n)				\
{										\
	u64 clean = native_save_fl();						\
										\
	asm volatile("lea 1f(%%rip), %[begin]\n\t"				\
		     "lea 2f(%%rip), %[end]\n\t"				\
		     "push %[flags]\n\tpopfq\n"					\
		     "1:\t" text "\n"						\
		     "2:\tpushfq\n\tpop %[flags]\n\t"				\
		     "push %[clean]\n\tpopfq"					\
		     : "+a" (n->rax), "+c" (n->rcx), "+d" (n->rdx), "+S" (n->rsi),	\
		       "+D" (n->rdi), [flags] "+r" (n->flags),			\
		       [begin] "=&r" (n->begin), [end] "=&r" (n->end)		\
		     : "b" (n->rbx), [clean] "r" (clean) : "cc", "memory");		\
}

NATIVE(mov_bm, "movb %%cl, (%%rbx)")
NATIVE(mov_hm, "movb %%ch, 5(%%rbx)")
NATIVE(mov_wm, "movw %%cx, (%%rbx)")
NATIVE(mov_lm, "movl %%ecx, 8(%%rbx)")
NATIVE(mov_qm, "movq %%rcx, (%%rbx)")
NATIVE(mov_mb, "movb (%%rbx), %%dl")
NATIVE(mov_mh, "movb 3(%%rbx), %%dh")
NATIVE(mov_mw, "movw (%%rbx), %%dx")
NATIVE(mov_ml, "movl (%%rbx), %%edx")
NATIVE(mov_mq, "movq (%%rbx), %%rdx")
NATIVE(mov_msil, "movb (%%rbx), %%sil")
NATIVE(mov_ib, "movb $0x81, (%%rbx)")
NATIVE(mov_iw, "movw $0x8123, (%%rbx)")
NATIVE(mov_il, "movl $0x87654321, (%%rbx)")
NATIVE(mov_iq, "movq $-3, (%%rbx)")
NATIVE(movnti_l, "movnti %%ecx, (%%rbx)")
NATIVE(movnti_q, "movnti %%rcx, (%%rbx)")
NATIVE(movzx_bw, "movzbw (%%rbx), %%dx")
NATIVE(movzx_bl, "movzbl (%%rbx), %%edx")
NATIVE(movzx_wq, "movzwq (%%rbx), %%rdx")
NATIVE(movsx_bw, "movsbw (%%rbx), %%dx")
NATIVE(movsx_bl, "movsbl (%%rbx), %%edx")
NATIVE(movsx_bq, "movsbq (%%rbx), %%rdx")
NATIVE(movsx_wl, "movswl (%%rbx), %%edx")
NATIVE(movsx_lq, "movslq (%%rbx), %%rdx")
NATIVE(add_bm, "addb %%cl, (%%rbx)")
NATIVE(add_hm, "addb %%ah, (%%rbx)")
NATIVE(add_wm, "addw %%cx, (%%rbx)")
NATIVE(add_lm, "lock addl %%ecx, (%%rbx)")
NATIVE(add_qm, "addq %%rcx, -16(%%rbx)")
NATIVE(add_mb, "addb (%%rbx), %%dl")
NATIVE(add_mh, "addb (%%rbx), %%dh")
NATIVE(add_mw, "addw (%%rbx), %%dx")
NATIVE(add_ml, "addl (%%rbx), %%edx")
NATIVE(add_mq, "addq (%%rbx), %%rdx")
NATIVE(adc_bm, "adcb %%cl, (%%rbx)")
NATIVE(adc_ml, "adcl (%%rbx), %%edx")
NATIVE(adc_iq, "lock adcq $-100, (%%rbx)")
NATIVE(sbb_wm, "sbbw %%cx, (%%rbx)")
NATIVE(sbb_mq, "sbbq (%%rbx), %%rdx")
NATIVE(sub_lm, "subl %%ecx, (%%rbx)")
NATIVE(sub_mb, "subb (%%rbx), %%al")
NATIVE(sub_il, "subl $0x12345678, (%%rbx)")
NATIVE(cmp_bm, "cmpb %%cl, (%%rbx)")
NATIVE(cmp_qm, "cmpq %%rcx, (%%rbx)")
NATIVE(cmp_mw, "cmpw (%%rbx), %%dx")
NATIVE(cmp_ib, "cmpb $1, (%%rbx)")
NATIVE(cmp_iq, "cmpq $-0x7654321, (%%rbx)")
NATIVE(and_lm, "lock andl %%ecx, (%%rbx)")
NATIVE(and_mw, "andw (%%rbx), %%dx")
NATIVE(and_iq, "andq $-16, (%%rbx)")
NATIVE(or_bm, "orb %%cl, (%%rbx)")
NATIVE(or_ml, "orl (%%rbx), %%edx")
NATIVE(or_iw, "orw $0x1234, (%%rbx)")
NATIVE(xor_qm, "xorq %%rcx, (%%rbx)")
NATIVE(xor_mb, "xorb (%%rbx), %%dl")
NATIVE(xor_ib, "lock xorb $0x55, (%%rbx)")
NATIVE(test_bm, "testb %%cl, (%%rbx)")
NATIVE(test_qm, "testq %%rcx, (%%rbx)")
NATIVE(test_iw, "testw $0x8001, (%%rbx)")
NATIVE(test_iq, "testq $-256, (%%rbx)")
NATIVE(not_b, "notb (%%rbx)")
NATIVE(not_q, "lock notq (%%rbx)")
NATIVE(neg_w, "negw (%%rbx)")
NATIVE(neg_l, "negl (%%rbx)")
NATIVE(inc_b, "incb (%%rbx)")
NATIVE(inc_q, "lock incq (%%rbx)")
NATIVE(dec_w, "decw (%%rbx)")
NATIVE(dec_l, "lock decl (%%rbx)")
NATIVE(xchg_b, "xchgb %%cl, (%%rbx)")
NATIVE(xchg_h, "xchgb %%ch, (%%rbx)")
NATIVE(xchg_w, "xchgw %%cx, (%%rbx)")
NATIVE(xchg_l, "xchgl %%ecx, (%%rbx)")
NATIVE(xchg_q, "xchgq %%rcx, (%%rbx)")
NATIVE(xadd_b, "xaddb %%cl, (%%rbx)")
NATIVE(xadd_h, "xaddb %%ah, (%%rbx)")
NATIVE(xadd_l, "lock xaddl %%ecx, (%%rbx)")
NATIVE(xadd_q, "xaddq %%rax, (%%rbx)")
NATIVE(cmpxchg_b, "cmpxchgb %%cl, (%%rbx)")
NATIVE(cmpxchg_w, "lock cmpxchgw %%cx, (%%rbx)")
NATIVE(cmpxchg_l, "cmpxchgl %%ecx, (%%rbx)")
NATIVE(cmpxchg_q, "lock cmpxchgq %%rcx, (%%rbx)")
NATIVE(bt_w, "btw %%cx, (%%rbx)")
NATIVE(bts_l, "lock btsl %%ecx, (%%rbx)")
NATIVE(btr_q, "btrq %%rcx, (%%rbx)")
NATIVE(btc_w, "btcw %%cx, (%%rbx)")
NATIVE(bt_il, "btl $31, (%%rbx)")
NATIVE(bts_iq, "btsq $63, (%%rbx)")
NATIVE(btr_iw, "btrw $15, (%%rbx)")
NATIVE(btc_il, "lock btcl $7, (%%rbx)")
NATIVE(movs_b, "movsb")
NATIVE(movs_q, "movsq")
NATIVE(rep_movs_b, "rep movsb")
NATIVE(rep_movs_w, "rep movsw")
NATIVE(rep_movs_l, "rep movsl")
NATIVE(rep_movs_q, "rep movsq")
NATIVE(stos_w, "stosw")
NATIVE(rep_stos_b, "rep stosb")
NATIVE(rep_stos_l, "rep stosl")
NATIVE(repne_stos_q, "repne stosq")
NATIVE(lods_b, "lodsb")
NATIVE(lods_l, "lodsl")
NATIVE(rep_lods_w, "rep lodsw")
NATIVE(cmps_b, "cmpsb")
NATIVE(repe_cmps_b, "repe cmpsb")
NATIVE(repne_cmps_b, "repne cmpsb")
NATIVE(repe_cmps_l, "repe cmpsl")
NATIVE(scas_q, "scasq")
NATIVE(repe_scas_b, "repe scasb")
NATIVE(repne_scas_b, "repne scasb")
NATIVE(repne_scas_w, "repne scasw")

static const struct insn_case {
	unsigned int kind;
	void (*native)(struct native *n);
} insns[] = {
	{ PLAIN, native_mov_bm },
	{ PLAIN, native_mov_hm },
	{ PLAIN, native_mov_wm },
	{ PLAIN, native_mov_lm },
	{ PLAIN, native_mov_qm },
	{ PLAIN, native_mov_mb },
	{ PLAIN, native_mov_mh },
	{ PLAIN, native_mov_mw },
	{ PLAIN, native_mov_ml },
	{ PLAIN, native_mov_mq },
	{ PLAIN, native_mov_msil },
	{ PLAIN, native_mov_ib },
	{ PLAIN, native_mov_iw },
	{ PLAIN, native_mov_il },
	{ PLAIN, native_mov_iq },
	{ PLAIN, native_movnti_l },
	{ PLAIN, native_movnti_q },
	{ PLAIN, native_movzx_bw },
	{ PLAIN, native_movzx_bl },
	{ PLAIN, native_movzx_wq },
	{ PLAIN, native_movsx_bw },
	{ PLAIN, native_movsx_bl },
	{ PLAIN, native_movsx_bq },
	{ PLAIN, native_movsx_wl },
	{ PLAIN, native_movsx_lq },
	{ PLAIN, native_add_bm },
	{ PLAIN, native_add_hm },
	{ PLAIN, native_add_wm },
	{ PLAIN, native_add_lm },
	{ PLAIN, native_add_qm },
	{ PLAIN, native_add_mb },
	{ PLAIN, native_add_mh },
	{ PLAIN, native_add_mw },
	{ PLAIN, native_add_ml },
	{ PLAIN, native_add_mq },
	{ PLAIN, native_adc_bm },
	{ PLAIN, native_adc_ml },
	{ PLAIN, native_adc_iq },
	{ PLAIN, native_sbb_wm },
	{ PLAIN, native_sbb_mq },
	{ PLAIN, native_sub_lm },
	{ PLAIN, native_sub_mb },
	{ PLAIN, native_sub_il },
	{ PLAIN, native_cmp_bm },
	{ PLAIN, native_cmp_qm },
	{ PLAIN, native_cmp_mw },
	{ PLAIN, native_cmp_ib },
	{ PLAIN, native_cmp_iq },
	{ LOGIC, native_and_lm },
	{ LOGIC, native_and_mw },
	{ LOGIC, native_and_iq },
	{ LOGIC, native_or_bm },
	{ LOGIC, native_or_ml },
	{ LOGIC, native_or_iw },
	{ LOGIC, native_xor_qm },
	{ LOGIC, native_xor_mb },
	{ LOGIC, native_xor_ib },
	{ LOGIC, native_test_bm },
	{ LOGIC, native_test_qm },
	{ LOGIC, native_test_iw },
	{ LOGIC, native_test_iq },
	{ PLAIN, native_not_b },
	{ PLAIN, native_not_q },
	{ PLAIN, native_neg_w },
	{ PLAIN, native_neg_l },
	{ PLAIN, native_inc_b },
	{ PLAIN, native_inc_q },
	{ PLAIN, native_dec_w },
	{ PLAIN, native_dec_l },
	{ PLAIN, native_xchg_b },
	{ PLAIN, native_xchg_h },
	{ PLAIN, native_xchg_w },
	{ PLAIN, native_xchg_l },
	{ PLAIN, native_xchg_q },
	{ PLAIN, native_xadd_b },
	{ PLAIN, native_xadd_h },
	{ PLAIN, native_xadd_l },
	{ PLAIN, native_xadd_q },
	{ PLAIN, native_cmpxchg_b },
	{ PLAIN, native_cmpxchg_w },
	{ PLAIN, native_cmpxchg_l },
	{ PLAIN, native_cmpxchg_q },
	{ BIT_STRING, native_bt_w },
	{ BIT_STRING, native_bts_l },
	{ BIT_STRING, native_btr_q },
	{ BIT_STRING, native_btc_w },
	{ BIT_STRING, native_bt_il },
	{ BIT_STRING, native_bts_iq },
	{ BIT_STRING, native_btr_iw },
	{ BIT_STRING, native_btc_il },
	{ STRING, native_movs_b },
	{ STRING, native_movs_q },
	{ STRING, native_rep_movs_b },
	{ STRING, native_rep_movs_w },
	{ STRING, native_rep_movs_l },
	{ STRING, native_rep_movs_q },
	{ STRING_TO, native_stos_w },
	{ STRING_TO, native_rep_stos_b },
	{ STRING_TO, native_rep_stos_l },
	{ STRING_TO, native_repne_stos_q },
	{ STRING_FROM, native_lods_b },
	{ STRING_FROM, native_lods_l },
	{ STRING_FROM, native_rep_lods_w },
	{ STRING, native_cmps_b },
	{ STRING, native_repe_cmps_b },
	{ STRING, native_repne_cmps_b },
	{ STRING, native_repe_cmps_l },
	{ STRING_TO, native_scas_q },
	{ STRING_TO, native_repe_scas_b },
	{ STRING_TO, native_repne_scas_b },
	{ STRING_TO, native_repne_scas_w },
};

static u64 defined_flags(unsigned int kind)
{
	switch (kind) {
	case LOGIC:
		return X86_ARITHMETIC_FLAGS & ~(u64)X86_EFLAGS_AF;
	case BIT_STRING:
		return X86_EFLAGS_CF;
	default:
		return X86_ARITHMETIC_FLAGS;
	}
}

/* Few values, so that comparisons come out equal often enough; and edges */
static u64 draw(struct rnd_state *rnd)
{
	static const u64 some[] = {
		0, 1, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, ~0ULL, 1ULL << 63,
	};
	u32 kind = prandom_u32_state(rnd);

	if (kind % 2)
		return some[kind / 2 % ARRAY_SIZE(some)];
	return prandom_u32_state(rnd) * 0x100000001ULL ^ prandom_u32_state(rnd);
}

static void draw_input(struct rnd_state *rnd, unsigned int kind, struct native *n, u8 *area)
{
	unsigned int i;

	n->rax = draw(rnd);
	n->rcx = draw(rnd);
	n->rdx = draw(rnd);
	n->flags = draw(rnd) & X86_ARITHMETIC_FLAGS;
	for (i = 0; i < AREA; i += 8)
		put_unaligned(draw(rnd), (u64 *)(area + i));
	if (kind >= STRING) {
		for (i = 0; i < AREA; i++)
			area[i] = prandom_u32_state(rnd) % 8 == 0;
		n->rax &= 0x0101010101010101ULL;
		n->rcx = prandom_u32_state(rnd) % 12;
		n->flags |= prandom_u32_state(rnd) % 2 ? X86_EFLAGS_DF : 0;
	}
	if (kind == BIT_STRING)
		n->rcx = (s64)(s8)n->rcx * 4;
	if (prandom_u32_state(rnd) % 2)
		n->rax = get_unaligned((u64 *)(area + RBX_AT));
}

/* Emulate what is at n->begin; areas of RSI, and of RDI and RBX, start at these addresses */
static void emulate(struct kunit *test, struct native *n, u64 source, u64 destination,
		    u64 gpa, u32 access)
{
	struct axvm_x86_regs *regs = machine_regs();
	unsigned int rounds = 8;

	guest_code(n->begin, n->end - n->begin);
	regs->gpr[AXVM_X86_RAX] = n->rax;
	regs->gpr[AXVM_X86_RCX] = n->rcx;
	regs->gpr[AXVM_X86_RDX] = n->rdx;
	regs->gpr[AXVM_X86_RBX] = destination + RBX_AT;
	regs->gpr[AXVM_X86_RSI] = source + RSI_AT;
	regs->gpr[AXVM_X86_RDI] = destination + RDI_AT;
	regs->rflags = X86_EFLAGS_FIXED | n->flags;
	while (regs->rip == GUEST_CODE && !machine->nr_exceptions && rounds--)
		KUNIT_EXPECT_EQ(test, guest_mmio(test, gpa, access), 1);
	n->rax = regs->gpr[AXVM_X86_RAX];
	n->rcx = regs->gpr[AXVM_X86_RCX];
	n->rdx = regs->gpr[AXVM_X86_RDX];
	n->rbx = regs->gpr[AXVM_X86_RBX] - destination;
	n->rsi = regs->gpr[AXVM_X86_RSI] - source;
	n->rdi = regs->gpr[AXVM_X86_RDI] - destination;
	n->flags = regs->rflags;
}

static void expect_same(struct kunit *test, const struct insn_case *c, const struct native *want,
			const struct native *got)
{
	u64 flags = defined_flags(c->kind) | X86_EFLAGS_DF;

	KUNIT_EXPECT_EQ_MSG(test, got->rax, want->rax, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->rcx, want->rcx, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->rdx, want->rdx, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->rbx, want->rbx, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->rsi, want->rsi, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->rdi, want->rdi, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, got->flags & flags, want->flags & flags, "%ps", c->native);
	KUNIT_EXPECT_EQ_MSG(test, machine_regs()->rip - GUEST_CODE, got->end - got->begin, "%ps",
			    c->native);
	KUNIT_EXPECT_EQ_MSG(test, machine->nr_exceptions, 0, "%ps: vector %u", c->native,
			    machine->exception.vector);
}

static u8 *guest_area(u64 at)
{
	return at >= GUEST_DEVICE ? device->bytes + (at - GUEST_DEVICE) : machine->ram + at;
}

/* Source and destination are in GUEST_DATA or GUEST_DEVICE */
static void try_insn(struct kunit *test, struct rnd_state *rnd, const struct insn_case *c,
		     u8 *area, u64 source, u64 destination)
{
	struct native want = {}, got;
	unsigned int split = (RDI_AT + RSI_AT) / 2;
	u64 gpa = source;

	if (destination == GUEST_DEVICE)
		gpa = destination;
	draw_input(rnd, c->kind, &want, area);
	got = want;
	memcpy(machine->ram + GUEST_DATA, area, AREA);
	memcpy(device->bytes, area, AREA);
	want.rbx = (u64)area + RBX_AT;
	want.rsi = (u64)area + RSI_AT;
	want.rdi = (u64)area + RDI_AT;
	want.flags |= native_save_fl() & ~(X86_ARITHMETIC_FLAGS | X86_EFLAGS_DF);
	c->native(&want);
	want.rbx -= (u64)area;
	want.rsi -= (u64)area;
	want.rdi -= (u64)area;

	got.begin = want.begin;
	got.end = want.end;
	/* The page and the kind of access are the emulator's to find out */
	emulate(test, &got, source, destination, gpa | 0xfff, AXVM_ACCESS_READ | AXVM_ACCESS_WRITE);
	expect_same(test, c, &want, &got);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(guest_area(destination), area, split), 0, "%ps",
			    c->native);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(guest_area(source) + split, area + split, AREA - split), 0,
			    "%ps", c->native);
}

static void try_all(struct kunit *test, unsigned int kind, u64 source, u64 destination)
{
	u8 *area = kunit_kzalloc(test, AREA, GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i, round;

	KUNIT_ASSERT_NOT_NULL(test, area);
	prandom_seed_state(&rnd, 20261122);
	for (i = 0; i < ARRAY_SIZE(insns); i++)
		for (round = 0; round < ROUNDS && insns[i].kind == kind &&
		     test->status != KUNIT_FAILURE; round++)
			try_insn(test, &rnd, &insns[i], area, source, destination);
	KUNIT_EXPECT_GT(test, device->nr, 100);
}

static void native_plain(struct kunit *test)
{
	try_all(test, PLAIN, GUEST_DATA, GUEST_DEVICE);
}

static void native_logic(struct kunit *test)
{
	try_all(test, LOGIC, GUEST_DATA, GUEST_DEVICE);
}

static void native_bits(struct kunit *test)
{
	try_all(test, BIT_STRING, GUEST_DATA, GUEST_DEVICE);
}

static void native_strings(struct kunit *test)
{
	try_all(test, STRING, GUEST_DATA, GUEST_DEVICE);
	try_all(test, STRING, GUEST_DEVICE, GUEST_DATA);
	try_all(test, STRING, GUEST_DEVICE, GUEST_DEVICE);
}

static void native_strings_from(struct kunit *test)
{
	try_all(test, STRING_FROM, GUEST_DEVICE, GUEST_DATA);
}

static void native_strings_to(struct kunit *test)
{
	try_all(test, STRING_TO, GUEST_DATA, GUEST_DEVICE);
}

static int native_init(struct kunit *test)
{
	guest_new(test);
	return 0;
}

static struct kunit_case native_cases[] = {
	KUNIT_CASE(native_plain),
	KUNIT_CASE(native_logic),
	KUNIT_CASE(native_bits),
	KUNIT_CASE(native_strings),
	KUNIT_CASE(native_strings_from),
	KUNIT_CASE(native_strings_to),
	{}
};

static struct kunit_suite native_suite = {
	.name = "axvm-emulate_native",
	.init = native_init,
	.test_cases = native_cases,
};

kunit_test_suite(native_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 emulator, against the CPU");
