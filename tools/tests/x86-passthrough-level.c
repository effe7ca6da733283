// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on x86: an interrupt that is a level. The bed's machine has an Intel 82540EM (8254x
 * Software Developer's Manual, 13.4.17 to 13.4.21), for which its kernels have no driver: software
 * sets causes of interrupts there, and the pin is up until the register of causes is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "passthrough.h"

#define NIC_VENDOR	"0x8086"
#define NIC_DEVICE	"0x100e"
#define NIC_LENGTH	0x20000
#define NIC_LINE	10
#define NIC_CAUSE	4		/* a change of the link's state */

struct nic {
	char path[64];			/* in sysfs */
	uint64_t base;
	uint32_t irq;
};

static struct vm vm;

/* --- on the host ----------------------------------------------------------------------- */

/* The first line of a file of a PCI device */
static const char *nic_says(const struct nic *nic, const char *what)
{
	static char text[80];
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", nic->path, what);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		die("%s", path);
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void nic_enable(const struct nic *nic, bool on)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/enable", nic->path);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%d", on) < 0 || fclose(file))
		die("%s", path);
}

/* It is enabled, without a driver: only so has Linux a number for its interrupt. */
static void find_nic(struct nic *nic)
{
	int slot;

	for (slot = 0; slot < 32; slot++) {
		snprintf(nic->path, sizeof(nic->path), "/sys/bus/pci/devices/0000:00:%02x.0", slot);
		if (!access(nic->path, F_OK) && !strcmp(nic_says(nic, "vendor"), NIC_VENDOR) &&
		    !strcmp(nic_says(nic, "device"), NIC_DEVICE))
			break;
	}
	if (slot == 32)
		die("the machine has no 82540EM");
	nic_enable(nic, true);
	nic->irq = strtoul(nic_says(nic, "irq"), NULL, 10);
	nic->base = strtoull(nic_says(nic, "resource"), NULL, 16);
}

/* --- in the guest ---------------------------------------------------------------------- */

/*
 * What is written into the register that sets causes is in data[18], how often in data[17]; each
 * time two interrupts are waited for. The handler reads the causes when it comes for the second
 * time: so each comes twice, the second time because the level is up still when the first has
 * ended. After the last one it is seen whether there is another one.
 */
BLOB(causes, 32,
	    "	movl	$0x1ff, 0xfee000f0\n"
	    "	movl	$0x25, 0xfec00000\n"	/* pin 10: to APIC 0, vector 0x4e, level */
	    "	movl	$0, 0xfec00010\n"
	    "	movl	$0x24, 0xfec00000\n"
	    "	movl	$0x804e, 0xfec00010\n"
	    "	movl	$4, 0xd00000d0\n"	/* IMS */
	    "	xor	%ebp, %ebp\n"
	    "1:	add	$2, %ebp\n"
	    "	mov	0x8048, %eax\n"
	    "	mov	%eax, 0xd00000c8\n"	/* ICS */
	    "2:	cli\n"
	    "	cmp	%ebp, 0x8000\n"
	    "	jae	3f\n"
	    "	sti\n"
	    "	hlt\n"
	    "	jmp	2b\n"
	    "3:	decl	0x8044\n"
	    "	jnz	1b\n"
	    "	sti\n"
	    "	mov	$0x4000, %ecx\n"
	    "4:	loop	4b\n"
	    "	cli\n"
	    "	out	%al, $0xf4\n"
	    "	.org	causes_start + 0x100\n"
	    "	push	%eax\n"
	    "	incl	0x8000\n"
	    "	testl	$1, 0x8000\n"
	    "	jnz	5f\n"
	    "	mov	0xd00000c0, %eax\n"	/* ICR */
	    "	mov	%eax, 0x8008\n"
	    "5:	movl	$0, 0xfee000b0\n"
	    "	pop	%eax\n"
	    "	iret\n");

/* Its pin goes up, and nobody hears of it */
BLOB(loud, 32,
	    "	movl	$4, 0xd00000d0\n"
	    "	movl	$4, 0xd00000c8\n"
	    "	mov	$0x4000, %ecx\n"
	    "1:	loop	1b\n"
	    "	out	%al, $0xf4\n");

static int pass_nic(const struct nic *nic, uint32_t flags)
{
	struct axvm_pass_through arg = {
		.flags = AXVM_PASS_IRQ | flags, .base = PASS_GUEST, .host = nic->base,
		.length = NIC_LENGTH, .irq = NIC_LINE, .host_irq = nic->irq,
	};

	return pass(&vm, &arg);
}

/* @cause is set @n times */
static void causes_with(const struct nic *nic, uint32_t flags, uint32_t cause, uint32_t n)
{
	unsigned long long r, w;

	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load_interruptible(&vm, &causes);
	*vm_word(&vm, 17) = n;
	*vm_word(&vm, 18) = cause;
	CHECK_OK(pass_nic(nic, flags));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 2 * n);
	CHECK_EQ(*vm_word(&vm, 2) & 0xff, NIC_CAUSE);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(r, flags & AXVM_PASS_MAPPED ? 0 : n);
	CHECK_EQ(w, flags & AXVM_PASS_MAPPED ? 0 : n + 1);
	vm_destroy(&vm);
}

static void levels_with(uint32_t flags)
{
	struct nic nic;

	find_nic(&nic);
	causes_with(&nic, flags, NIC_CAUSE, count_of(20, 1000));
	nic_enable(&nic, false);
}

TEST(passthrough, mapped_causes_are_levels)
{
	levels_with(AXVM_PASS_MAPPED);
}

TEST(passthrough, routed_causes_are_levels)
{
	levels_with(0);
}

/* A VM ends with the level up and the host's interrupt disabled: the next one has both. */
TEST(passthrough, a_level_outlives_its_vm)
{
	struct nic nic;

	find_nic(&nic);
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &loud);
	CHECK_OK(pass_nic(&nic, AXVM_PASS_MAPPED));
	vm_boot(&vm);
	vm_finish(&vm);
	vm_destroy(&vm);
	causes_with(&nic, 0, 0, 1);
	nic_enable(&nic, false);
}
