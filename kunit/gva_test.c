// SPDX-License-Identifier: GPL-2.0
/*
 * x86/gva.c: paging as SDM Vol. 3A, chapters 4 and 5 have it: all modes, each reason for a
 * fault with its error code, accessed and dirty bits. Segmentation: segment_test.c.
 */
#include "x86_machine.h"

#include "../x86/gva.c"

#define R	AXVM_ACCESS_READ
#define W	AXVM_ACCESS_WRITE
#define X	AXVM_ACCESS_EXEC

/* One table a level, at fixed places */
#define TABLE(level)	((level) * 0x1000ULL)
#define CODE		0x10000ULL
#define GVA		0x00007a5a5a5a5123ULL
#define LINKS		(PTE_P | PTE_RW | PTE_US | PTE_A)

/* The entry of 8 bytes at @level (1: page table) through which @gva goes */
static u64 *pte(unsigned int level, u64 gva)
{
	return machine_u64(TABLE(level) + (gva >> (3 + 9 * level) & 0x1ff) * 8);
}

/* Map @gva's page of level @leaf to @page; the levels above, up to @top, link the tables */
static void map(unsigned int top, unsigned int leaf, u64 gva, u64 page, u64 flags)
{
	unsigned int level;

	machine_regs()->cr3 = TABLE(top);
	for (level = top; level > leaf; level--)
		*pte(level, gva) = TABLE(level - 1) | LINKS;
	*pte(leaf, gva) = page | flags | (leaf > 1 ? PTE_PS : 0);
}

static void expect_gpa(struct kunit *test, u64 gva, u32 access, u64 want)
{
	struct x86_exception exc = {};
	u64 gpa = ~0ULL;

	KUNIT_EXPECT_EQ(test, x86_gva_to_gpa(&machine->vcpu, gva, access, &gpa, &exc), 0);
	KUNIT_EXPECT_EQ(test, gpa, want);
	KUNIT_EXPECT_EQ(test, exc.vector, 0);
}

static void expect_fault(struct kunit *test, u64 gva, u32 access, u32 error)
{
	struct x86_exception exc = {};
	u64 gpa;

	KUNIT_EXPECT_EQ(test, x86_gva_to_gpa(&machine->vcpu, gva, access, &gpa, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_PF);
	KUNIT_EXPECT_TRUE(test, exc.has_error);
	KUNIT_EXPECT_EQ(test, exc.error, error);
	KUNIT_EXPECT_EQ(test, exc.cr2, gva);
}

/* --- paging modes ------------------------------------------------------------ */

static void gva_no_paging(struct kunit *test)
{
	machine_mode(16);
	expect_gpa(test, 0x12345, R, 0x12345);
	machine_mode(32);
	machine_regs()->cr3 = TABLE(4);
	expect_gpa(test, 0xfee00030, W, 0xfee00030);
	expect_gpa(test, 0x1fee00030, W, 0xfee00030);
}

static void gva_long_mode(struct kunit *test)
{
	u64 high = 0xffff8000deadb000ULL | 0x123;

	map(4, 1, GVA, 0x7fff0000, LINKS | PTE_D);
	expect_gpa(test, GVA, R, 0x7fff0123);
	expect_gpa(test, GVA, W, 0x7fff0123);
	expect_gpa(test, GVA, X, 0x7fff0123);
	map(4, 2, GVA, 0x7fe00000, LINKS);
	expect_gpa(test, GVA, R, 0x7fe00000 | (GVA & 0x1fffff));
	map(4, 3, GVA, 0xff40000000, LINKS);
	expect_gpa(test, GVA, R, 0xff40000000 | (GVA & 0x3fffffff));
	map(4, 1, high, 0x5000, LINKS);
	expect_gpa(test, high, R, 0x5123);
}

static void gva_five_levels(struct kunit *test)
{
	u64 gva = 0x00ab7a5a5a5a5123ULL;

	machine_regs()->cr4 |= X86_CR4_LA57;
	map(5, 1, gva, 0x6000, LINKS);
	expect_gpa(test, gva, R, 0x6123);
	*pte(5, gva) = 0;
	expect_fault(test, gva, R, 0);
}

static void gva_pae(struct kunit *test)
{
	u64 *pdpte = machine_u64(0x6020 + 3 * 8);
	u32 gva = 0xdeadb123;

	machine_mode(32);
	machine_regs()->cr0 |= X86_CR0_PG | X86_CR0_WP;
	machine_regs()->cr4 = X86_CR4_PAE;
	map(2, 1, gva, 0xfffff000ULL << 4, LINKS);
	machine_regs()->cr3 = 0x6020 | 0x18;	/* the table is aligned to 32 bytes */
	expect_fault(test, gva, R, 0);
	*pdpte = TABLE(2) | PTE_P;
	expect_gpa(test, gva, W, 0xfffff0123);
	map(2, 2, gva, 0x200000, LINKS);
	machine_regs()->cr3 = 0x6020;
	expect_gpa(test, gva, R, 0x200000 | (gva & 0x1fffff));

	*pdpte = TABLE(2) | PTE_P | PTE_RW;	/* rights are reserved there */
	expect_fault(test, gva, R, X86_PF_PROT | X86_PF_RSVD);
	*pdpte = TABLE(2) | PTE_P | BIT_ULL(40);
	expect_fault(test, gva, R, X86_PF_PROT | X86_PF_RSVD);
	*pdpte = TABLE(2) | PTE_P;
	*pte(2, gva) |= BIT_ULL(52);		/* ignored in 64-bit mode only */
	expect_fault(test, gva, W, X86_PF_PROT | X86_PF_RSVD | X86_PF_WRITE);
}

static void gva_legacy(struct kunit *test)
{
	u32 gva = 0xdeadb123, *pde = machine_u32(TABLE(2) + (gva >> 22) * 4);
	u32 *entry = machine_u32(TABLE(1) + (gva >> 12 & 0x3ff) * 4);

	machine_mode(32);
	machine_regs()->cr0 |= X86_CR0_PG | X86_CR0_WP;
	machine_regs()->cr3 = TABLE(2) | 0xfff;	/* its low bits do not count */
	expect_fault(test, gva, R, 0);
	*pde = TABLE(1) | PTE_P | PTE_RW | PTE_PS;	/* without CR4.PSE: a table */
	expect_fault(test, gva, W, X86_PF_WRITE);
	*entry = 0xabcde000 | PTE_P | PTE_RW;
	expect_gpa(test, gva, R, 0xabcde123);
	KUNIT_EXPECT_EQ(test, *pde & (PTE_A | PTE_D), PTE_A);
	KUNIT_EXPECT_EQ(test, *entry & (PTE_A | PTE_D), PTE_A);
	expect_gpa(test, gva, W, 0xabcde123);
	KUNIT_EXPECT_EQ(test, *pde & (PTE_A | PTE_D), PTE_A);
	KUNIT_EXPECT_EQ(test, *entry, 0xabcde000 | PTE_P | PTE_RW | PTE_A | PTE_D);

	machine_regs()->cr4 = X86_CR4_PSE;
	*pde = 0xab400000 | (0x5a << 13) | PTE_P | PTE_RW | PTE_PS;
	expect_gpa(test, gva, W, 0x5aab400000 | (gva & 0x3fffff));
	KUNIT_EXPECT_EQ(test, *pde & (PTE_A | PTE_D), PTE_A | PTE_D);
	*pde |= PSE_RESERVED;
	expect_fault(test, gva, R, X86_PF_PROT | X86_PF_RSVD);
	machine_ring(3);
	*pde &= ~PSE_RESERVED;
	expect_fault(test, gva, X, X86_PF_PROT | X86_PF_USER);	/* no I bit without XD, SMEP */
}

static int fetch(u64 gva, u8 *bytes, struct x86_trail *trail, struct x86_exception *exc)
{
	x86_trail_begin(trail);
	return x86_gva_fetch(&machine->vcpu, gva, bytes, trail, exc);
}

/* Entries of four bytes are in the trail with their neighbours */
static void gva_legacy_trail(struct kunit *test)
{
	u32 gva = 0x00803123, *pde = machine_u32(TABLE(2) + 8), *entry = machine_u32(TABLE(1) + 12);
	struct x86_exception exc;
	struct x86_trail trail;
	u8 bytes[16];

	machine_mode(32);
	machine_regs()->cr0 |= X86_CR0_PG;
	machine_regs()->cr3 = TABLE(2);
	*pde = TABLE(1) | PTE_P;
	*entry = CODE | PTE_P;
	machine->ram[CODE + 0x123] = 0x5a;
	KUNIT_EXPECT_EQ(test, fetch(gva, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_EQ(test, bytes[0], 0x5a);
	KUNIT_EXPECT_EQ(test, trail.nr, 4);
	KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &trail));
	*pde |= PTE_A;
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
	*pde &= ~PTE_A;
	*entry |= PTE_D;
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
}

/* --- faults ---------------------------------------------------------------- */

static void gva_not_present(struct kunit *test)
{
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		map(4, 1, GVA, 0x7000, LINKS);
		*pte(level, GVA) &= ~PTE_P;
		machine_ring(0);
		expect_fault(test, GVA, R, 0);
		expect_fault(test, GVA, X, X86_PF_INSTR);
		machine_ring(3);
		expect_fault(test, GVA, W, X86_PF_WRITE | X86_PF_USER);
	}
}

static void gva_reserved(struct kunit *test)
{
	u64 large = LINKS & ~PTE_A;
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		map(4, 1, GVA, 0x7000, LINKS);
		*pte(level, GVA) |= BIT_ULL(40);	/* beyond the physical addresses */
		expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
		*pte(level, GVA) ^= BIT_ULL(40) | BIT_ULL(39) | BIT_ULL(52) | BIT_ULL(62);
		if (level == 1)
			expect_gpa(test, GVA, R, BIT_ULL(39) | 0x7123);
		map(4, 1, GVA, 0x7000, LINKS);
		*pte(level, GVA) |= PTE_XD;
		machine_regs()->efer &= ~EFER_NX;
		expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
		expect_fault(test, GVA, X, X86_PF_PROT | X86_PF_RSVD);
		machine_regs()->efer |= EFER_NX;
		expect_gpa(test, GVA, R, 0x7123);
	}
	/* The first fault on the way counts */
	*pte(1, GVA) = 0;
	*pte(3, GVA) |= BIT_ULL(51);
	expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
	map(4, 4, GVA, 0, LINKS);
	expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
	map(4, 3, GVA, BIT_ULL(29), large);
	expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
	map(4, 2, GVA, BIT_ULL(20), large);
	expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
	map(4, 2, GVA, BIT_ULL(12), large);	/* PAT */
	expect_gpa(test, GVA, R, GVA & 0x1fffff);
	KUNIT_EXPECT_EQ(test, *pte(2, GVA), BIT_ULL(12) | LINKS | PTE_PS);
}

/* What the rights allow, said without the code's words */
static bool allowed(bool user_page, bool writable, bool xd, bool user, bool wp, bool smep,
		    bool smap, bool ac, u32 access)
{
	if (user)
		return user_page && (access == R || (access == W && writable) ||
				     (access == X && !xd));
	switch (access) {
	case X:
		return !xd && !(user_page && smep);
	case W:
		return (writable || !wp) && (!user_page || !smap || ac);
	default:
		return !user_page || !smap || ac;
	}
}

static void try_rights(struct kunit *test, unsigned int level, unsigned int bits, u32 access)
{
	bool user_page = bits & 1, writable = bits & 2, xd = bits & 4, user = bits & 8;
	bool wp = bits & 16, smep = bits & 32, smap = bits & 64, ac = bits & 128;
	struct axvm_x86_regs *regs = machine_regs();
	u32 error = X86_PF_PROT;

	map(4, 1, GVA, 0x7000, LINKS | PTE_D);
	*pte(level, GVA) &= ~(PTE_RW | PTE_US);
	*pte(level, GVA) |= (user_page ? PTE_US : 0) | (writable ? PTE_RW : 0) | (xd ? PTE_XD : 0);
	machine_ring(user ? 3 : 0);
	regs->cr0 = (regs->cr0 & ~X86_CR0_WP) | (wp ? X86_CR0_WP : 0);
	regs->cr4 = X86_CR4_PAE | (smep ? X86_CR4_SMEP : 0) | (smap ? X86_CR4_SMAP : 0);
	regs->rflags = X86_EFLAGS_FIXED | (ac ? X86_EFLAGS_AC : 0);
	if (allowed(user_page, writable, xd, user, wp, smep, smap, ac, access)) {
		expect_gpa(test, GVA, access, 0x7123);
		return;
	}
	error |= access == W ? X86_PF_WRITE : access == X ? X86_PF_INSTR : 0;
	error |= user ? X86_PF_USER : 0;
	expect_fault(test, GVA, access, error);
}

static void gva_rights(struct kunit *test)
{
	unsigned int level, bits;

	for (level = 1; level <= 4; level++)
		for (bits = 0; bits < 256; bits++) {
			try_rights(test, level, bits, R);
			try_rights(test, level, bits, W);
			try_rights(test, level, bits, X);
		}
	/* Rings 1 and 2 are the supervisor's */
	map(4, 1, GVA, 0x7000, LINKS & ~PTE_US);
	machine_ring(2);
	expect_gpa(test, GVA, R, 0x7123);
}

static void gva_canonical(struct kunit *test)
{
	static const u64 bad[] = { BIT_ULL(47), ~BIT_ULL(47), BIT_ULL(63), BIT_ULL(63) | GVA };
	struct x86_exception exc;
	unsigned int i;
	u64 gpa;

	map(4, 1, 0, 0x7000, LINKS);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(&exc, 0, sizeof(exc));
		KUNIT_EXPECT_EQ(test, x86_gva_to_gpa(&machine->vcpu, bad[i], R, &gpa, &exc), 1);
		KUNIT_EXPECT_EQ(test, exc.vector, X86_TRAP_GP);
		KUNIT_EXPECT_TRUE(test, exc.has_error);
		KUNIT_EXPECT_EQ(test, exc.error, 0);
	}
	/* With five levels bit 47 is nothing special */
	machine_regs()->cr4 |= X86_CR4_LA57;
	map(5, 1, BIT_ULL(47), 0x7000, LINKS);
	expect_gpa(test, BIT_ULL(47), R, 0x7000);
}

/* A table where there is no memory is all ones; one that the launcher took away is an error */
static void gva_no_table(struct kunit *test)
{
	struct x86_exception exc;
	u64 gpa;

	machine_regs()->cr3 = MACHINE_DEVICE;
	expect_fault(test, GVA, R, X86_PF_PROT | X86_PF_RSVD);
	map(4, 1, GVA, 0x7000, LINKS);
	machine->missing = machine->ram + TABLE(2);
	KUNIT_EXPECT_EQ(test, x86_gva_to_gpa(&machine->vcpu, GVA, R, &gpa, &exc), -EFAULT);
	machine->missing = machine->ram + 0x7000;
	expect_gpa(test, GVA, R, 0x7123);

	machine_mode(32);
	machine_regs()->cr0 |= X86_CR0_PG;
	machine_regs()->cr4 = 0;
	machine_regs()->cr3 = MACHINE_DEVICE;
	expect_gpa(test, 0x123, R, 0xfffff123);	/* no bit is reserved in these */
	machine_regs()->cr3 = TABLE(1);
	machine->missing = machine->ram + TABLE(1);
	KUNIT_EXPECT_EQ(test, x86_gva_to_gpa(&machine->vcpu, 0, R, &gpa, &exc), -EFAULT);
}

/* --- accessed and dirty ------------------------------------------------------ */

static void gva_accessed(struct kunit *test)
{
	unsigned int level;

	map(4, 1, GVA, 0x7000, PTE_P | PTE_RW);
	for (level = 2; level <= 4; level++)
		*pte(level, GVA) &= ~PTE_A;
	expect_gpa(test, GVA, X, 0x7123);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x7000 | PTE_P | PTE_RW);
	expect_gpa(test, GVA, R, 0x7123);
	for (level = 2; level <= 4; level++)
		KUNIT_EXPECT_EQ(test, *pte(level, GVA), TABLE(level - 1) | LINKS);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x7000 | PTE_P | PTE_RW | PTE_A);
	expect_gpa(test, GVA, W, 0x7123);
	KUNIT_EXPECT_EQ(test, *pte(2, GVA), TABLE(1) | LINKS);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x7000 | PTE_P | PTE_RW | PTE_A | PTE_D);
	/* One entry lacks it, and not the last */
	*pte(3, GVA) &= ~PTE_A;
	expect_gpa(test, GVA, R, 0x7123);
	KUNIT_EXPECT_EQ(test, *pte(3, GVA), TABLE(2) | LINKS);
	/* A refused access leaves no trace */
	map(4, 1, GVA, 0x7000, PTE_P);
	expect_fault(test, GVA, W, X86_PF_PROT | X86_PF_WRITE);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x7000 | PTE_P);
}

/* Somebody changes the entry between the second look at it and the setting of its bits */
static void gva_race(struct kunit *test)
{
	map(4, 1, GVA, 0x7000, PTE_P | PTE_RW);
	machine->race = pte(1, GVA);
	machine->race_after = 3;
	machine->race_value = 0x9000 | PTE_P | PTE_RW;
	expect_gpa(test, GVA, W, 0x9123);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x9000 | PTE_P | PTE_RW | PTE_A | PTE_D);
	/* It goes away: its old self must not come back */
	map(4, 1, GVA, 0x7000, PTE_P | PTE_RW);
	machine->race = pte(1, GVA);
	machine->race_after = 3;
	machine->race_value = 0;
	expect_fault(test, GVA, W, X86_PF_WRITE);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0);
}

/* Page tables in a ROM are used and not written */
static void gva_rom_tables(struct kunit *test)
{
	u64 *rom = (u64 *)machine->slots[1].hva;

	map(4, 1, GVA, 0x7000, PTE_P | PTE_RW);
	rom[GVA >> 39 & 0x1ff] = TABLE(3) | PTE_P | PTE_RW;
	machine_regs()->cr3 = MACHINE_ROM;
	expect_gpa(test, GVA, W, 0x7123);
	KUNIT_EXPECT_EQ(test, rom[GVA >> 39 & 0x1ff], TABLE(3) | PTE_P | PTE_RW);
	KUNIT_EXPECT_EQ(test, *pte(1, GVA), 0x7000 | PTE_P | PTE_RW | PTE_A | PTE_D);
}

/* --- reading and writing ------------------------------------------------------- */

static void gva_copy(struct kunit *test)
{
	u64 gva = GVA & PAGE_MASK;
	struct x86_exception exc;
	u8 buf[32];
	int i;

	map(4, 1, gva, 0x7000, LINKS);
	map(4, 1, gva + 0x1000, 0x9000, LINKS);
	map(4, 1, gva + 0x2000, MACHINE_DEVICE, LINKS);
	for (i = 0; i < 32; i++)
		buf[i] = i;
	KUNIT_EXPECT_EQ(test, x86_gva_write(&machine->vcpu, gva + 0xff0, buf, 32, &exc), 0);
	KUNIT_EXPECT_EQ(test, memcmp(machine->ram + 0x7ff0, buf, 16), 0);
	KUNIT_EXPECT_EQ(test, memcmp(machine->ram + 0x9000, buf + 16, 16), 0);
	memset(buf, 0, 32);
	KUNIT_EXPECT_EQ(test, x86_gva_read(&machine->vcpu, gva + 0xff0, buf, 32, R, &exc), 0);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_EQ(test, buf[i], i);
	gva += 0x1ff0;
	KUNIT_EXPECT_EQ(test, x86_gva_read(&machine->vcpu, gva, buf, 17, R, &exc), -EFAULT);
	KUNIT_EXPECT_EQ(test, x86_gva_write(&machine->vcpu, gva, buf, 32, &exc), -EFAULT);
	gva += 0x1000;
	KUNIT_EXPECT_EQ(test, x86_gva_read(&machine->vcpu, gva, buf, 32, R, &exc), -EFAULT);
	gva -= 0x3000;
	KUNIT_EXPECT_EQ(test, x86_gva_read(&machine->vcpu, gva, buf, 32, R, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.cr2, gva);
}

static void gva_fetch(struct kunit *test)
{
	u64 gva = GVA & PAGE_MASK;
	struct x86_exception exc;
	struct x86_trail trail;
	unsigned int offset, i;
	u8 bytes[17];

	map(4, 1, gva, CODE, LINKS);
	for (i = 0; i < PAGE_SIZE; i++)
		machine->ram[CODE + i] = i * 7;
	for (offset = 0xfc0; offset < 0x1000; offset++) {
		unsigned int length = min_t(unsigned int, 16, 0x1000 - offset);

		memset(bytes, 0x5a, sizeof(bytes));
		KUNIT_EXPECT_EQ(test, fetch(gva + offset, bytes, &trail, &exc), 0);
		KUNIT_EXPECT_EQ(test, memcmp(bytes, machine->ram + CODE + offset, length), 0);
		KUNIT_EXPECT_EQ(test, bytes[length], 0x5a);
		KUNIT_EXPECT_EQ(test, trail.nr, 6);
	}
	*pte(1, gva) |= PTE_XD;
	KUNIT_EXPECT_EQ(test, fetch(gva, bytes, &trail, &exc), 1);
	KUNIT_EXPECT_EQ(test, exc.error, X86_PF_PROT | X86_PF_INSTR);
	map(4, 1, gva, MACHINE_DEVICE, LINKS);
	KUNIT_EXPECT_EQ(test, fetch(gva, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_EQ(test, bytes[0], 0xff);
	KUNIT_EXPECT_EQ(test, bytes[14], 0xff);
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
	map(4, 1, gva, CODE, LINKS);
	machine->missing = machine->ram + CODE;
	KUNIT_EXPECT_EQ(test, fetch(gva, bytes, &trail, &exc), -EFAULT);
	KUNIT_EXPECT_EQ(test, fetch(gva + 0xff8, bytes, &trail, &exc), -EFAULT);
}

/* It holds until anything changes that it was made of */
static void gva_trail(struct kunit *test)
{
	struct x86_exception exc;
	struct x86_trail trail;
	unsigned int level, i;
	u8 bytes[16];

	map(4, 1, GVA, CODE, LINKS);
	KUNIT_EXPECT_EQ(test, fetch(GVA, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &trail));
	for (level = 1; level <= 4; level++) {
		*pte(level, GVA) ^= BIT_ULL(62);
		KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
		*pte(level, GVA) ^= BIT_ULL(62);
	}
	for (i = 0; i < 16; i++) {
		machine->ram[CODE + 0x123 + i] ^= 1;
		KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
		machine->ram[CODE + 0x123 + i] ^= 1;
	}
	KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &trail));
	machine->ram[CODE + 0x122] ^= 1;
	machine->ram[CODE + 0x133] ^= 1;
	KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &trail));
	machine->map.generation++;
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
	/* Going on with other slots makes it no better */
	KUNIT_EXPECT_EQ(test, x86_gva_fetch(&machine->vcpu, GVA, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
	/* And so does one word too many */
	KUNIT_EXPECT_EQ(test, fetch(GVA, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_EQ(test, x86_gva_fetch(&machine->vcpu, GVA, bytes, &trail, &exc), 0);
	KUNIT_EXPECT_EQ(test, trail.nr, 12);
	KUNIT_EXPECT_TRUE(test, x86_trail_holds(&machine->vm, &trail));
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, x86_gva_fetch(&machine->vcpu, GVA, bytes, &trail, &exc), 0);
		KUNIT_EXPECT_FALSE(test, x86_trail_holds(&machine->vm, &trail));
	}
}

static int gva_init(struct kunit *test)
{
	machine_new(test);
	return 0;
}

static struct kunit_case gva_cases[] = {
	KUNIT_CASE(gva_no_paging),
	KUNIT_CASE(gva_long_mode),
	KUNIT_CASE(gva_five_levels),
	KUNIT_CASE(gva_pae),
	KUNIT_CASE(gva_legacy),
	KUNIT_CASE(gva_legacy_trail),
	KUNIT_CASE(gva_not_present),
	KUNIT_CASE(gva_reserved),
	KUNIT_CASE(gva_rights),
	KUNIT_CASE(gva_canonical),
	KUNIT_CASE(gva_no_table),
	KUNIT_CASE(gva_accessed),
	KUNIT_CASE(gva_race),
	KUNIT_CASE(gva_rom_tables),
	KUNIT_CASE(gva_copy),
	KUNIT_CASE(gva_fetch),
	KUNIT_CASE(gva_trail),
	{}
};

static struct kunit_suite gva_suite = {
	.name = "axvm-gva",
	.init = gva_init,
	.test_cases = gva_cases,
};

kunit_test_suite(gva_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of axvm's x86 address translation");
