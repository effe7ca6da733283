// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI tables (ACPI Specification 6.5, chapter 5): RSDP, XSDT, FADT, FACS, MADT,
 * and the DSDT that iasl compiled from dsdt.asl. They lie in the BIOS area, where
 * a kernel that is not told the RSDP's address looks for it.
 *
 * Tables are written as their fields: offset, width, value.
 */
#include <string.h>

#include "x86.h"
#include "x86-dsdt.h"

#define HEADER_BYTES		36	/* of every table but RSDP and FACS */
#define HEADER_LENGTH_AT	4
#define HEADER_CHECKSUM_AT	9

#define RSDP_BYTES		36
#define RSDP_V1_BYTES		20	/* what the first checksum covers */
#define FACS_BYTES		64
#define FADT_BYTES		268	/* ACPI 5.1 */
#define MADT_BYTES		44	/* before its entries */

/* FADT flags, 5.2.9 table 5.10 */
#define FADT_WBINVD		BIT(0)
#define FADT_PROC_C1		BIT(2)
#define FADT_NO_POWER_BUTTON	BIT(4)	/* no fixed-hardware one */
#define FADT_NO_SLEEP_BUTTON	BIT(5)
#define FADT_NO_FIXED_RTC	BIT(6)
#define FADT_TIMER_32BIT	BIT(8)
#define FADT_RESET_REGISTER	BIT(10)
#define FADT_HEADLESS		BIT(12)

/* IA-PC boot architecture flags, 5.2.9.3; without bit 1 there is no 8042 */
#define BOOT_LEGACY_DEVICES	BIT(0)
#define BOOT_NO_VGA		BIT(2)

/* MADT, 5.2.12 */
#define MADT_PCAT_COMPAT	1
#define MADT_LAPIC		0
#define MADT_IOAPIC		1
#define MADT_OVERRIDE		2
#define MADT_LAPIC_NMI		4
#define MADT_EDGE_HIGH		0x5
#define MADT_LEVEL_HIGH		0xd
#define MADT_ALL_CPUS		0xff

#define RESET_VALUE		6	/* CPU reset by port 0xcf9 */
#define CMOS_CENTURY		0x32
#define NO_C2_LATENCY		101	/* "more than 100 us": no C2 */
#define NO_C3_LATENCY		1001

/* Generic address structure, 5.2.3.2 */
#define GAS_IO			1

struct field {
	u16 offset;
	u8 width;
	u64 value;
};

/* A register at I/O ports */
struct io_register {
	u16 offset;
	u16 port;
	u8 bytes;
};

/* 5.2.9, without the addresses of other tables and the header */
static const struct field fadt_fields[] = {
	{ 45, 1, 0 },				/* Preferred_PM_Profile: unspecified */
	{ 46, 2, X86_SCI_IRQ },			/* SCI_INT */
	{ 48, 4, 0 },				/* SMI_CMD: always in ACPI mode */
	{ 56, 4, X86_ACPI_PM_BASE },		/* PM1a_EVT_BLK */
	{ 64, 4, X86_ACPI_PM_BASE + 4 },	/* PM1a_CNT_BLK */
	{ 76, 4, X86_ACPI_PM_BASE + 8 },	/* PM_TMR_BLK */
	{ 88, 1, 4 },				/* PM1_EVT_LEN */
	{ 89, 1, 2 },				/* PM1_CNT_LEN */
	{ 91, 1, 4 },				/* PM_TMR_LEN */
	{ 96, 2, NO_C2_LATENCY },		/* P_LVL2_LAT */
	{ 98, 2, NO_C3_LATENCY },		/* P_LVL3_LAT */
	{ 108, 1, CMOS_CENTURY },		/* CENTURY */
	{ 109, 2, BOOT_LEGACY_DEVICES | BOOT_NO_VGA },
	{ 112, 4, FADT_WBINVD | FADT_PROC_C1 | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON |
		  FADT_NO_FIXED_RTC | FADT_TIMER_32BIT | FADT_RESET_REGISTER | FADT_HEADLESS },
	{ 128, 1, RESET_VALUE },		/* RESET_VALUE */
	{ 131, 1, 1 },				/* minor version: 5.1 */
};

static const struct io_register fadt_registers[] = {
	{ 116, X86_RESET_PORT, 1 },		/* RESET_REG */
	{ 148, X86_ACPI_PM_BASE, 4 },		/* X_PM1a_EVT_BLK */
	{ 172, X86_ACPI_PM_BASE + 4, 2 },	/* X_PM1a_CNT_BLK */
	{ 208, X86_ACPI_PM_BASE + 8, 4 },	/* X_PM_TMR_BLK */
};

/**
 * struct area - the memory in which tables are laid down, one behind the other
 * @base: the launcher's address
 * @gpa: the guest's
 * @length: bytes
 * @used: bytes in use
 */
struct area {
	u8 *base;
	u64 gpa;
	u64 length;
	u64 used;
};

static u8 *reserve(struct area *area, u64 length, u64 alignment, u64 *gpa)
{
	u64 at = align_up(area->used, alignment);

	if (at > area->length || length > area->length - at)
		return NULL;
	area->used = at + length;
	*gpa = area->gpa + at;
	memset(area->base + at, 0, length);
	return area->base + at;
}

static void put_fields(u8 *table, const struct field *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		x86_put(table, fields[i].offset, fields[i].width, fields[i].value);
}

static void put_registers(u8 *table, const struct io_register *registers, size_t count)
{
	u8 *gas;
	size_t i;

	for (i = 0; i < count; i++) {
		gas = table + registers[i].offset;
		gas[0] = GAS_IO;
		gas[1] = registers[i].bytes * 8;
		gas[3] = registers[i].bytes == 4 ? 3 : registers[i].bytes;	/* access size */
		x86_put(gas, 4, 8, registers[i].port);
	}
}

static void put_checksum(u8 *table, u64 length, u64 at)
{
	u8 sum = 0;
	u64 i;

	table[at] = 0;
	for (i = 0; i < length; i++)
		sum += table[i];
	table[at] = -sum;
}

/* The header of a table, and its checksum: call it when all else is written */
static void finish(u8 *table, const char *signature, u64 length, u8 revision)
{
	memcpy(table, signature, 4);
	x86_put(table, HEADER_LENGTH_AT, 4, length);
	table[8] = revision;
	memcpy(table + 10, "AXVM  ", 6);
	memcpy(table + 16, "AXVMPC  ", 8);
	x86_put(table, 24, 4, 1);
	memcpy(table + 28, "AXVM", 4);
	x86_put(table, 32, 4, 1);
	put_checksum(table, length, HEADER_CHECKSUM_AT);
}

/* Return: address of the table, 0 if there is no room */
static u64 build_fadt(struct area *area, u64 facs, u64 dsdt)
{
	u64 gpa;
	u8 *t = reserve(area, FADT_BYTES, 16, &gpa);

	if (!t)
		return 0;
	put_fields(t, fadt_fields, ARRAY_SIZE(fadt_fields));
	put_registers(t, fadt_registers, ARRAY_SIZE(fadt_registers));
	x86_put(t, 36, 4, facs);	/* FIRMWARE_CTRL; X_FIRMWARE_CTRL then is 0 */
	x86_put(t, 40, 4, dsdt);
	x86_put(t, 140, 8, dsdt);	/* X_DSDT */
	finish(t, "FACP", FADT_BYTES, 5);
	return gpa;
}

static u64 build_facs(struct area *area)
{
	u64 gpa;
	u8 *t = reserve(area, FACS_BYTES, 64, &gpa);

	if (!t)
		return 0;
	memcpy(t, "FACS", 4);
	x86_put(t, 4, 4, FACS_BYTES);
	t[32] = 2;
	return gpa;
}

static u64 build_dsdt(struct area *area)
{
	u64 gpa;
	u8 *t = reserve(area, sizeof(x86_dsdt), 16, &gpa);

	if (!t)
		return 0;
	memcpy(t, x86_dsdt, sizeof(x86_dsdt));
	return gpa;
}

/* An ISA interrupt whose IOAPIC input, polarity or trigger is not the default one */
static u8 *put_override(u8 *p, u8 source, u32 gsi, u16 flags)
{
	p[0] = MADT_OVERRIDE;
	p[1] = 10;
	p[3] = source;
	x86_put(p, 4, 4, gsi);
	x86_put(p, 8, 2, flags);
	return p + 10;
}

static u64 build_madt(struct area *area, const struct vm_config *config)
{
	u64 gpa, length = MADT_BYTES + 8 * config->nr_vcpus + 12 + 2 * 10 + 6;
	u8 *t = reserve(area, length, 16, &gpa), *p;
	u32 i;

	if (!t)
		return 0;
	x86_put(t, 36, 4, X86_LAPIC_BASE);
	x86_put(t, 40, 4, MADT_PCAT_COMPAT);
	p = t + MADT_BYTES;
	for (i = 0; i < config->nr_vcpus; i++, p += 8) {
		p[0] = MADT_LAPIC;
		p[1] = 8;
		p[2] = i;		/* processor UID */
		p[3] = i;		/* APIC id */
		p[4] = 1;		/* enabled */
	}
	p[0] = MADT_IOAPIC;
	p[1] = 12;
	x86_put(p, 4, 4, X86_IOAPIC_BASE);	/* id 0, first GSI 0 */
	p += 12;
	p = put_override(p, 0, 2, MADT_EDGE_HIGH);
	p = put_override(p, X86_SCI_IRQ, X86_SCI_IRQ, MADT_LEVEL_HIGH);
	p[0] = MADT_LAPIC_NMI;
	p[1] = 6;
	p[2] = MADT_ALL_CPUS;
	p[5] = 1;			/* LINT1 */
	finish(t, "APIC", length, 3);
	return gpa;
}

static u64 build_xsdt(struct area *area, u64 fadt, u64 madt)
{
	u64 gpa, length = HEADER_BYTES + 2 * 8;
	u8 *t = reserve(area, length, 16, &gpa);

	if (!t)
		return 0;
	x86_put(t, HEADER_BYTES, 8, fadt);
	x86_put(t, HEADER_BYTES + 8, 8, madt);
	finish(t, "XSDT", length, 1);
	return gpa;
}

/**
 * x86_acpi_build() - write all tables
 * @config: the VM
 * @area: where to, 16-byte aligned
 * @gpa: the guest-physical address of @area
 * @length: bytes at @area
 * @rsdp: out: guest-physical address of the root pointer
 *
 * Return: 0, or -1 with a message.
 */
int x86_acpi_build(const struct vm_config *config, void *area, u64 gpa, u64 length, u64 *rsdp)
{
	struct area a = { .base = area, .gpa = gpa, .length = length };
	u64 facs, dsdt, fadt, madt, xsdt;
	u8 *t;

	if (!area)
		return fail("no memory for the ACPI tables");
	t = reserve(&a, RSDP_BYTES, 16, rsdp);
	facs = build_facs(&a);
	dsdt = build_dsdt(&a);
	fadt = build_fadt(&a, facs, dsdt);
	madt = build_madt(&a, config);
	xsdt = build_xsdt(&a, fadt, madt);
	if (!t || !facs || !dsdt || !fadt || !madt || !xsdt)
		return fail("no room for the ACPI tables of %u vCPUs", config->nr_vcpus);
	memcpy(t, "RSD PTR ", 8);
	memcpy(t + 9, "AXVM  ", 6);
	t[15] = 2;
	x86_put(t, 20, 4, RSDP_BYTES);
	x86_put(t, 24, 8, xsdt);
	put_checksum(t, RSDP_V1_BYTES, 8);
	put_checksum(t, RSDP_BYTES, 32);
	return 0;
}
