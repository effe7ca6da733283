// SPDX-License-Identifier: GPL-2.0
/*
 * x86 registers: the states in which vCPUs start, and registers as text.
 */
#include <assert.h>
#include <string.h>

#include "x86.h"

/*
 * Access rights of segments in the layout of a VMCS (SDM Vol. 3C 24.4.1): type
 * 3:0, S 4, DPL 6:5, P 7, L 13, D/B 14, G 15.
 */
#define ATTR_CODE16	0x009b
#define ATTR_DATA16	0x0093
#define ATTR_CODE32	0xc09b
#define ATTR_DATA32	0xc093
#define ATTR_CODE64	0xa09b
#define ATTR_LDT	0x0082
#define ATTR_TSS	0x008b

#define RFLAGS_FIXED	0x2ULL
#define DR6_RESET	0xffff0ff0ULL
#define DR7_RESET	0x400ULL

static_assert(sizeof(struct axvm_x86_regs) <= sizeof(struct boot_regs), "too small for x86");

/**
 * x86_regs() - registers as what they are on x86
 * @regs: the opaque form
 *
 * Return: the same memory.
 */
struct axvm_x86_regs *x86_regs(struct boot_regs *regs)
{
	return (struct axvm_x86_regs *)regs->raw;
}

static void set_segment(struct axvm_x86_regs *r, enum axvm_x86_seg segment, u16 selector,
			u64 base, u32 limit, u32 attr)
{
	r->seg[segment] = (struct axvm_x86_segment){
		.base = base,
		.limit = limit,
		.selector = selector,
		.attr = attr,
	};
}

static void set_data_segments(struct axvm_x86_regs *r, u16 selector, u32 limit, u32 attr)
{
	set_segment(r, AXVM_X86_ES, selector, 0, limit, attr);
	set_segment(r, AXVM_X86_SS, selector, 0, limit, attr);
	set_segment(r, AXVM_X86_DS, selector, 0, limit, attr);
	set_segment(r, AXVM_X86_FS, selector, 0, limit, attr);
	set_segment(r, AXVM_X86_GS, selector, 0, limit, attr);
}

/**
 * x86_regs_reset() - the state after power-up (SDM Vol. 3A 9.1.1)
 * @regs: filled in
 */
void x86_regs_reset(struct boot_regs *regs)
{
	struct axvm_x86_regs *r = x86_regs(regs);

	memset(regs, 0, sizeof(*regs));
	r->size = sizeof(*r);
	r->rip = 0xfff0;
	r->rflags = RFLAGS_FIXED;
	r->gpr[AXVM_X86_RDX] = 0x600;
	r->cr0 = X86_CR0_ET | X86_CR0_NW | X86_CR0_CD;
	r->xcr0 = 1;
	r->dr[6] = DR6_RESET;
	r->dr[7] = DR7_RESET;
	r->gdt_limit = 0xffff;
	r->idt_limit = 0xffff;
	set_data_segments(r, 0, 0xffff, ATTR_DATA16);
	set_segment(r, AXVM_X86_CS, 0xf000, 0xffff0000, 0xffff, ATTR_CODE16);
	set_segment(r, AXVM_X86_LDTR, 0, 0, 0xffff, ATTR_LDT);
	set_segment(r, AXVM_X86_TR, 0, 0, 0xffff, ATTR_TSS);
}

/**
 * x86_regs_real() - real mode, flat data segments, as a BIOS enters a boot sector
 * @regs: filled in
 * @entry: first instruction, below 1 MiB; CS is 0 as long as IP can reach it
 */
void x86_regs_real(struct boot_regs *regs, u64 entry)
{
	struct axvm_x86_regs *r = x86_regs(regs);
	u64 base = entry & ~0xffffULL;

	x86_regs_reset(regs);
	r->gpr[AXVM_X86_RDX] = 0;
	r->cr0 = X86_CR0_ET;
	r->rip = entry - base;
	r->idt_limit = 0x3ff;
	set_segment(r, AXVM_X86_CS, base >> 4, base, 0xffff, ATTR_CODE16);
}

/**
 * x86_regs_protected() - 32-bit protected mode, flat segments, no paging
 * @regs: filled in
 * @entry: first instruction
 * @gdt: where x86_write_gdt() put the GDT
 */
void x86_regs_protected(struct boot_regs *regs, u64 entry, u64 gdt)
{
	struct axvm_x86_regs *r = x86_regs(regs);

	x86_regs_reset(regs);
	r->gpr[AXVM_X86_RDX] = 0;
	r->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;
	r->rip = entry;
	r->gdt_base = gdt;
	r->gdt_limit = X86_GDT_BYTES - 1;
	r->idt_limit = 0;
	set_data_segments(r, X86_SEL_DATA, 0xffffffff, ATTR_DATA32);
	set_segment(r, AXVM_X86_CS, X86_SEL_CODE, 0, 0xffffffff, ATTR_CODE32);
	set_segment(r, AXVM_X86_TR, X86_SEL_TSS, 0, 0x67, ATTR_TSS);
}

/**
 * x86_regs_long() - 64-bit mode
 * @regs: filled in
 * @entry: first instruction
 * @gdt: where x86_write_gdt() put the GDT
 * @page_tables: the root of page tables that map @entry and @gdt
 */
void x86_regs_long(struct boot_regs *regs, u64 entry, u64 gdt, u64 page_tables)
{
	struct axvm_x86_regs *r = x86_regs(regs);

	x86_regs_protected(regs, entry, gdt);
	r->cr0 |= X86_CR0_PG | X86_CR0_MP;
	r->cr3 = page_tables;
	r->cr4 = X86_CR4_PAE;
	r->efer = X86_EFER_LME | X86_EFER_LMA;
	set_segment(r, AXVM_X86_CS, X86_SEL_CODE, 0, 0xffffffff, ATTR_CODE64);
}

void arch_secondary_regs(struct boot_regs *regs)
{
	x86_regs_reset(regs);
	x86_regs(regs)->mp_state = X86_MP_WAITS;
}

/* A flat descriptor with the access rights of @attr (SDM Vol. 3A 3.4.5) */
static u64 flat_descriptor(u32 attr)
{
	return 0x000f00000000ffffULL | (u64)(attr & 0xf0ff) << 40;
}

/**
 * x86_write_gdt() - the descriptors behind the registers' hidden parts
 * @gdt: X86_GDT_BYTES
 * @long_mode: 64-bit code, else 32-bit
 */
void x86_write_gdt(void *gdt, bool long_mode)
{
	memset(gdt, 0, X86_GDT_BYTES);
	x86_put(gdt, X86_SEL_CODE, 8, flat_descriptor(long_mode ? ATTR_CODE64 : ATTR_CODE32));
	x86_put(gdt, X86_SEL_DATA, 8, flat_descriptor(ATTR_DATA32));
	x86_put(gdt, X86_SEL_TSS, 8, 0x67 | (u64)ATTR_TSS << 40);
}

static void print_segment(FILE *f, const char *name, const struct axvm_x86_segment *s)
{
	fprintf(f, "  %-4s %04x  base %016llx  limit %08x  attr %05x\n", name, s->selector,
		s->base, s->limit, s->attr);
}

void arch_print_regs(FILE *f, const void *regs)
{
	static const char *const gpr[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};
	static const char *const segment[] = {
		"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr",
	};
	const struct axvm_x86_regs *r = regs;
	int i;

	fprintf(f, "  rip %016llx  rflags %016llx\n", r->rip, r->rflags);
	for (i = 0; i < AXVM_X86_NR_GPR; i++)
		fprintf(f, "  %-3s %016llx%s", gpr[i], r->gpr[i], i % 4 == 3 ? "\n" : "");
	fprintf(f, "  cr0 %016llx  cr2 %016llx  cr3 %016llx  cr4 %016llx\n", r->cr0, r->cr2,
		r->cr3, r->cr4);
	fprintf(f, "  cr8 %016llx  efer %016llx  xcr0 %016llx\n", r->cr8, r->efer, r->xcr0);
	for (i = 0; i < AXVM_X86_NR_SEG; i++)
		print_segment(f, segment[i], &r->seg[i]);
	fprintf(f, "  gdt  base %016llx  limit %04x\n", r->gdt_base, r->gdt_limit);
	fprintf(f, "  idt  base %016llx  limit %04x\n", r->idt_base, r->idt_limit);
	fprintf(f, "  dr6 %016llx  dr7 %016llx  interruptibility %x\n", r->dr[6], r->dr[7],
		r->interruptibility);
}
