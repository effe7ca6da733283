/* SPDX-License-Identifier: GPL-2.0 */
/* The x86 facts that tests and benchmarks use, named as in the SDM. */
#ifndef TESTS_X86_H
#define TESTS_X86_H

#define X86_CR0_PE	0x00000001UL
#define X86_CR0_ET	0x00000010UL
#define X86_CR0_NE	0x00000020UL
#define X86_CR0_PG	0x80000000UL
#define X86_CR4_PAE	0x00000020UL
#define X86_CR4_OSFXSR	0x00000200UL
#define X86_CR4_OSXSAVE	0x00040000UL
#define EFER_LME	0x100UL
#define EFER_LMA	0x400UL

/* Access rights of segments as in a VMCS (SDM Vol. 3C 24.4.1) */
#define X86_CODE16	0x009b
#define X86_DATA16	0x0093
#define X86_CODE32	0xc09b
#define X86_DATA32	0xc093
#define X86_CODE64	0xa09b

/* Page-table entries */
#define PTE_PRESENT	0x01
#define PTE_WRITE	0x02
#define PTE_USER	0x04
#define PTE_LARGE	0x80

#define X86_LAPIC	0xfee00000UL
#define X86_IOAPIC	0xfec00000UL

#endif /* TESTS_X86_H */
