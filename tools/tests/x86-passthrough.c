// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on x86: ports and their interrupt. The disk controller of the bed's machine (ATA,
 * at its old place) is nobody's: its kernels have no driver for it. What the disk says of itself
 * (IDENTIFY DEVICE, ATA-6 8.16) comes with an interrupt, in words.
 */
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>

#include "check.h"
#include "passthrough.h"
#include "x86.h"

#define ATA		0x1f0
#define ATA_COUNT	0x1f2		/* sector count: a register to be written and read */
#define ATA_PORTS	8
#define ATA_CONTROL	0x3f6
#define ATA_IRQ		14

const struct pass_refusal pass_family_refusals[] = {
	{ "the local APIC", PASS_GUEST, X86_LAPIC, 0x1000, AXVM_PASS_MAPPED, EPERM },
	{ "where messages go", PASS_GUEST, X86_LAPIC + 0x1000, 4, 0, EPERM },
	{ "the IOAPIC", PASS_GUEST, X86_IOAPIC, 0x1000, AXVM_PASS_MAPPED, EPERM },
	{ "ports beyond the last", 0xfffe, 0xfffe, 4, AXVM_PASS_PORTS, EINVAL },
	{ "ports beyond the last on the host", 0x100, 0xfffe, 4, AXVM_PASS_PORTS, EINVAL },
	{ "ports that wrap", 0xfffe, 0xfffe, -2UL, AXVM_PASS_PORTS, EINVAL },
	{ "mapped ports elsewhere", 0x1e0, ATA, ATA_PORTS, AXVM_PASS_PORTS | AXVM_PASS_MAPPED,
	  EINVAL },
	{ "the host's console", 0x2000, 0x3f8, 8, AXVM_PASS_PORTS, EBUSY },
	{ "the host's console, one register", 0x2000, 0x3ff, 1, AXVM_PASS_PORTS, EBUSY },
	{ "the 8259A", 0x2000, 0x20, 2, AXVM_PASS_PORTS, EBUSY },
	{ "the 8254", 0x2000, 0x40, 4, AXVM_PASS_PORTS, EBUSY },
	{ "an emulated device's ports", 0x3c, 0x7c00, 8, AXVM_PASS_PORTS, EEXIST },
	{ "an emulated device's ports, mapped", 0xf0, 0xf0, 8, AXVM_PASS_PORTS | AXVM_PASS_MAPPED,
	  EEXIST },
	{ NULL }
};

BLOB(touch, 64,
	    "	mov	$0xd0000000, %ebx\n"
	    "	mov	0x400(%rbx), %eax\n"
	    "	mov	%eax, 0x8000\n"
	    "	movl	$0xa5, 0x400(%rbx)\n"
	    "	mov	0x400(%rbx), %eax\n"
	    "	mov	%eax, 0x8004\n"
	    "	out	%al, $0xf4\n");

BLOB(wait_gone, 64,
	    "	mov	$0xd0000000, %ebx\n"
	    "1:	pause\n"
	    "	cmpl	$-1, 0x400(%rbx)\n"
	    "	je	1b\n"
	    "2:	incl	0x8000\n"
	    "	cmpl	$-1, 0x400(%rbx)\n"
	    "	jne	2b\n"
	    "	out	%al, $0xf4\n");

const struct blob *const pass_touch = &touch;
const struct blob *const pass_wait = &wait_gone;

static struct vm vm;

/**
 * pass_add_devices() - what the guests need
 * @v: the VM
 */
void pass_add_devices(struct vm *v)
{
	vm_add_pc_devices(v);
}

static int pass_ports(uint64_t base, uint64_t host, uint64_t length, uint32_t flags)
{
	return pass_memory(&vm, base, host, length, flags | AXVM_PASS_PORTS);
}

static void make(const struct blob *code)
{
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, code);
}

static void set_host_port(uint16_t port, uint8_t value)
{
	if (ioperm(ATA, ATA_PORTS, 1))
		die("ioperm");
	outb(value, port);
}

/* --- ports ----------------------------------------------------------------------------- */

/* DX: the port */
BLOB(port_touch, 32,
	    "	mov	0x8040, %edx\n"
	    "	mov	$-1, %eax\n"
	    "	in	%dx, %al\n"
	    "	mov	%eax, 0x8000\n"
	    "	mov	$0x3c, %al\n"
	    "	out	%al, %dx\n"
	    "	in	%dx, %al\n"
	    "	mov	%eax, 0x8004\n"
	    "	inc	%edx\n"			/* the next one, too */
	    "	mov	$0x77, %al\n"
	    "	out	%al, %dx\n"
	    "	out	%al, $0xf4\n");

static void touch_ports(uint16_t base, uint32_t flags, unsigned long long reads,
			unsigned long long writes)
{
	unsigned long long r, w;

	set_host_port(ATA_COUNT, 0x5a);
	make(&port_touch);
	*vm_word(&vm, 16) = base + ATA_COUNT - ATA;
	CHECK_OK(pass_ports(base, ATA, ATA_PORTS, flags));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0xffffff5a);
	CHECK_EQ(*vm_word(&vm, 1), 0xffffff3c);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(r, reads);
	CHECK_EQ(w, writes);
	vm_destroy(&vm);
	CHECK_EQ(inb(ATA_COUNT), 0x3c);
	CHECK_EQ(inb(ATA_COUNT + 1), 0x77);
}

TEST(passthrough, mapped_ports)
{
	touch_ports(ATA, AXVM_PASS_MAPPED, 0, 0);
}

TEST(passthrough, routed_ports)
{
	touch_ports(ATA, 0, 2, 2);
}

TEST(passthrough, routed_ports_elsewhere)
{
	touch_ports(0x2000, 0, 2, 2);
}

/* Of several ranges each bit counts; the others exit as before. */
TEST(passthrough, mapped_ports_one_by_one)
{
	int first;

	set_host_port(ATA_COUNT, 0x5a);
	make(&port_touch);
	*vm_word(&vm, 16) = ATA_COUNT;
	first = pass_ports(ATA_COUNT, ATA_COUNT, 1, AXVM_PASS_MAPPED);
	CHECK_OK(first);
	CHECK_OK(pass_ports(ATA_COUNT + 1, ATA_COUNT + 1, 1, 0));
	CHECK_OK(pass_ports(0x8000, 0x8000, 1, AXVM_PASS_MAPPED));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0xffffff5a);
	CHECK_EQ(*vm_word(&vm, 1), 0xffffff3c);
	CHECK_EQ(inb(ATA_COUNT + 1), 0x77);
	CHECK_OK(pass_remove(&vm, first));
	CHECK_OK(pass_ports(ATA_COUNT, ATA_COUNT, 1, 0));
	vm_destroy(&vm);
}

BLOB(port_wait, 32,
	    "	mov	$0x1f2, %edx\n"
	    "1:	in	%dx, %al\n"
	    "	cmp	$0xff, %al\n"
	    "	je	1b\n"
	    "2:	incl	0x8000\n"
	    "	in	%dx, %al\n"
	    "	cmp	$0xff, %al\n"
	    "	jne	2b\n"
	    "	out	%al, $0xf4\n");

static int give_ports(struct vm *to)
{
	(void)to;
	return pass_ports(ATA, ATA, ATA_PORTS, AXVM_PASS_MAPPED);
}

TEST(passthrough, mapped_ports_come_and_go)
{
	int i, n = count_of(3, 30);

	for (i = 0; i < n; i++) {
		set_host_port(ATA_COUNT, 0x5a);
		make(&port_wait);
		pass_under_guest(&vm, give_ports);
	}
}

/* --- an interrupt ---------------------------------------------------------------------- */

/*
 * The commands are in data[17]; after each, the interrupt is waited for, and the words read.
 * The handler reads the status, which quiets the disk.
 */
BLOB(identify, 32,
	    "	movl	$0x1ff, 0xfee000f0\n"
	    "	movl	$0x2d, 0xfec00000\n"	/* pin 14: to APIC 0, vector 0x4e, edge */
	    "	movl	$0, 0xfec00010\n"
	    "	movl	$0x2c, 0xfec00000\n"
	    "	movl	$0x4e, 0xfec00010\n"
	    "	cld\n"
	    "	xor	%ebp, %ebp\n"
	    "1:	inc	%ebp\n"
	    "	mov	$0x1f6, %edx\n"		/* device 0 */
	    "	mov	$0xa0, %al\n"
	    "	out	%al, %dx\n"
	    "	mov	$0x1f7, %edx\n"		/* IDENTIFY DEVICE */
	    "	mov	$0xec, %al\n"
	    "	out	%al, %dx\n"
	    "2:	cli\n"
	    "	cmp	%ebp, 0x8000\n"
	    "	jae	3f\n"
	    "	sti\n"
	    "	hlt\n"
	    "	jmp	2b\n"
	    "3:	mov	$0x1f0, %edx\n"
	    "	mov	$0x9000, %edi\n"
	    "	mov	$256, %ecx\n"
	    "	rep insw\n"
	    "	cmp	0x8044, %ebp\n"
	    "	jb	1b\n"
	    "	out	%al, $0xf4\n"
	    "	.org	identify_start + 0x100\n"
	    "	push	%eax\n"
	    "	push	%edx\n"
	    "	mov	$0x1f7, %edx\n"
	    "	in	%dx, %al\n"
	    "	mov	%al, 0x8008\n"
	    "	incl	0x8000\n"
	    "	movl	$0, 0xfee000b0\n"
	    "	pop	%edx\n"
	    "	pop	%eax\n"
	    "	iret\n");

static void identify_with(uint32_t flags, uint8_t *words)
{
	struct axvm_pass_through arg = {
		.flags = AXVM_PASS_PORTS | AXVM_PASS_IRQ | flags, .base = ATA, .host = ATA,
		.length = ATA_PORTS, .irq = ATA_IRQ, .host_irq = ATA_IRQ,
	};
	const uint32_t n = count_of(50, 2000);
	struct axvm_pass_through again = { .flags = AXVM_PASS_IRQ, .irq = 5, .host_irq = ATA_IRQ };
	unsigned long long r, w;

	if (ioperm(ATA_CONTROL, 1, 1))
		die("ioperm");
	outb(8, ATA_CONTROL);	/* interrupts are wanted */
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load_interruptible(&vm, &identify);
	*vm_word(&vm, 17) = n;
	CHECK_OK(pass(&vm, &arg));
	CHECK_ERR(pass(&vm, &again), EBUSY);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), n);
	CHECK_EQ(*vm_word(&vm, 2) & 0x89, 0x08);	/* not busy, data, no error */
	memcpy(words, vm.memory + 0x9000, 512);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(w, flags & AXVM_PASS_MAPPED ? 0 : 2 * n);
	CHECK_EQ(r, flags & AXVM_PASS_MAPPED ? 0 : 257 * n);
	CHECK_OK(pass_remove(&vm, arg.id));
	/* All of it is free again. */
	CHECK_OK(pass(&vm, &again));
	vm_destroy(&vm);
}

TEST(passthrough, a_disk_says_what_it_is)
{
	uint8_t mapped[512], routed[512];

	identify_with(AXVM_PASS_MAPPED, mapped);
	identify_with(0, routed);
	CHECK(!memcmp(mapped, routed, sizeof(mapped)));
	CHECK(mapped[0] || mapped[1]);
	/* Words 27 to 46: the model number, in characters */
	CHECK(mapped[54] >= ' ' && mapped[54] <= '~');
}
