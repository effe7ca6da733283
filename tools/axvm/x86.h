/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86: the guest-physical memory map, register states at which guests start,
 * and the pieces that the boot protocols (x86-linux.c, x86-multiboot.c,
 * x86-flat.c) share.
 */
#ifndef AXVM_TOOL_X86_H
#define AXVM_TOOL_X86_H

#include "arch.h"

/* RAM: below the hole for devices, and from 4 GiB on what did not fit there */
#define X86_LOW_LIMIT		(3 * GIB)
#define X86_HIGH_START		(4 * GIB)

/* The first megabyte, as a PC has it */
#define X86_BDA			0x400ULL	/* BIOS data area */
#define X86_BDA_EBDA		0x40eULL	/* segment of the extended BIOS data area */
#define X86_BDA_BASE_KIB	0x413ULL	/* base memory in KiB */
#define X86_LOW_FREE		0x1000ULL	/* first byte that boot loaders may use */
#define X86_EBDA		0x9fc00ULL	/* end of the memory that is free to use */
#define X86_FIRMWARE		0xe0000ULL	/* tables of the firmware */
#define X86_FIRMWARE_END	0x100000ULL

/* Devices: addresses that the ACPI tables and the device list must agree on */
#define X86_IOAPIC_BASE		0xfec00000ULL
#define X86_LAPIC_BASE		0xfee00000ULL
#define X86_ACPI_PM_BASE	0x600ULL	/* PM1 event +0, PM1 control +4, timer +8 */
#define X86_ACPI_PM_LENGTH	0x10ULL
#define X86_RESET_PORT		0xcf9ULL
#define X86_SCI_IRQ		9
#define X86_COM1_BASE		0x3f8ULL
#define X86_COM1_IRQ		4
#define X86_COM2_IRQ		3
#define X86_IOAPIC_PINS		24
#define X86_RTC_IRQ		8
#define X86_DEBUG_EXIT_PORT	0xf4ULL

/* Control registers and EFER (SDM Vol. 3A 2.5, Vol. 4 2.1) */
#define X86_CR0_PE		BIT_ULL(0)
#define X86_CR0_MP		BIT_ULL(1)
#define X86_CR0_ET		BIT_ULL(4)
#define X86_CR0_NE		BIT_ULL(5)
#define X86_CR0_NW		BIT_ULL(29)
#define X86_CR0_CD		BIT_ULL(30)
#define X86_CR0_PG		BIT_ULL(31)
#define X86_CR4_PAE		BIT_ULL(5)
#define X86_EFER_LME		BIT_ULL(8)
#define X86_EFER_LMA		BIT_ULL(10)

/* Selectors of x86_write_gdt(); Linux calls the first two __BOOT_CS and __BOOT_DS */
#define X86_SEL_CODE		0x10
#define X86_SEL_DATA		0x18
#define X86_SEL_TSS		0x20
#define X86_GDT_BYTES		0x30

/* axvm_x86_regs.mp_state */
#define X86_MP_RUNS		0
#define X86_MP_WAITS		1

/* One entry of a memory map, as INT 15h E820h numbers the types */
#define X86_E820_RAM		1
#define X86_E820_RESERVED	2
#define X86_E820_MAX		(MEMORY_MAX_REGIONS + 2)

struct x86_e820 {
	u64 base;
	u64 length;
	u32 type;
};

/* x86-machine.c */
unsigned int x86_memory_map(const struct guest_memory *memory, struct x86_e820 *map);
u64 x86_low_end(const struct guest_memory *memory);
int x86_firmware(const struct boot *boot, struct guest_memory *memory, u64 *rsdp);
void x86_put(void *base, u64 offset, unsigned int width, u64 value);

/* x86-acpi.c */
int x86_acpi_build(const struct vm_config *config, void *area, u64 gpa, u64 length, u64 *rsdp);

/* x86-regs.c */
struct axvm_x86_regs *x86_regs(struct boot_regs *regs);
void x86_regs_reset(struct boot_regs *regs);
void x86_regs_real(struct boot_regs *regs, u64 entry);
void x86_regs_protected(struct boot_regs *regs, u64 entry, u64 gdt);
void x86_regs_long(struct boot_regs *regs, u64 entry, u64 gdt, u64 page_tables);
void x86_write_gdt(void *gdt, bool long_mode);

/* x86-linux.c, x86-multiboot.c */
extern const struct boot_protocol x86_linux;
extern const struct boot_protocol x86_multiboot;

#endif /* AXVM_TOOL_X86_H */
