// SPDX-License-Identifier: GPL-2.0
/*
 * The guests that measure on x86. Each has a loop that stores the ticks between two RDTSC with
 * one instruction in between, in 32 and in 64 bits.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "pairs.h"
#include "x86.h"

#define PATH_END		0xfe	/* a port */
#define PATH_LAST_PORT		0x8000
#define PATH_OTHER_PORTS	0x100

/*
 * EDI: where the next sample goes; EBP: samples left; EBX: an address; ESI: the start.
 * RDTSC changes EAX and EDX.
 */
#define LOOP(name, bits, address, before, instruction)		\
	BLOB(name##_##bits, bits,				\
	     "	mov	$0x8000, %edi\n"			\
	     "	mov	$256, %ebp\n"				\
	     "1:\n"						\
	     "	mov	$" #address ", %ebx\n"			\
	     before "\n"					\
	     "	lfence\n"					\
	     "	rdtsc\n"					\
	     "	mov	%eax, %esi\n"				\
	     instruction "\n"					\
	     "	rdtsc\n"					\
	     "	sub	%esi, %eax\n"				\
	     "	mov	%eax, (%" AT_##bits "di)\n"		\
	     "	add	$4, %edi\n"				\
	     "	dec	%ebp\n"					\
	     "	jnz	1b\n"					\
	     "	out	%al, $0xfe\n"				\
	     "	hlt\n")

/* The registers that hold addresses: %edi, %rdi */
#define AT_32	"e"
#define AT_64	"r"

#define BOTH(name, address, before, instruction)			\
	LOOP(name, 32, address, before, instruction("e"));		\
	LOOP(name, 64, address, before, instruction("r"))

#define CPUID(r)	"xor %eax, %eax\n cpuid"
#define VMCALL(r)	"mov $99, %eax\n vmcall"
#define IN_PIC(r)	"in $0x21, %al"
#define IN_PIT(r)	"in $0x40, %al"
#define IN_61(r)	"in $0x61, %al"
#define IN_LAST(r)	"mov $0x8000, %edx\n in %dx, %al"
#define OUT_61(r)	"mov $0, %al\n out %al, $0x61"
#define OUT_PIC(r)	"mov $0xff, %al\n out %al, $0x21"
#define READ(r)		"mov (%" r "bx), %eax"
#define WRITE(r)	"movl $0, (%" r "bx)"
#define IN_USER(r)	"in $0x10, %al"
#define OUT_USER(r)	"out %al, $0x10"

BOTH(cpuid, 0, "", CPUID);
BOTH(vmcall, 0, "", VMCALL);
BOTH(in_pic, 0, "", IN_PIC);
BOTH(out_pic, 0, "", OUT_PIC);
BOTH(in_pit, 0, "", IN_PIT);
BOTH(in_61, 0, "", IN_61);
BOTH(out_61, 0, "", OUT_61);
BOTH(ioapic_read, 0xfec00010, "", READ);
BOTH(ioapic_write, 0xfec00000, "", WRITE);
BOTH(lapic_read, 0xfee00030, "", READ);
BOTH(lapic_write, 0xfee00080, "", WRITE);
BOTH(lapic_eoi, 0xfee000b0, "", WRITE);
BOTH(out_user, 0, "", OUT_USER);
BOTH(in_user, 0, "", IN_USER);
BOTH(write_user, 0xd0000000, "", WRITE);
BOTH(read_user, 0xd0000000, "", READ);
BOTH(in_last, 0, "in $0xfe, %al", IN_LAST);

#define PATH(name_, blob, budget_, user_)				\
	{ .name = name_, .budget = budget_, .user = user_,		\
	  .code = { [GUEST_FLAT] = &blob##_32, [GUEST_PAGED] = &blob##_64 } }

const struct family families[] = {
	{ "x86-32bit", GUEST_FLAT },
	{ "x86-64bit", GUEST_PAGED },
	{ .name = NULL }
};

const struct path paths[] = {
	PATH("CPUID", cpuid, 300, false),
	PATH("VMCALL, number unknown", vmcall, 0, false),
	PATH("IN from the PIC", in_pic, 400, false),
	PATH("OUT to the PIC", out_pic, 400, false),
	PATH("IN from the PIT", in_pit, 400, false),
	PATH("IN from port 0x61", in_61, 400, false),
	PATH("OUT to port 0x61", out_61, 400, false),
	PATH("MMIO read of the IOAPIC", ioapic_read, 600, false),
	PATH("MMIO write of the IOAPIC", ioapic_write, 600, false),
	PATH("MMIO read of the LAPIC", lapic_read, 600, false),
	PATH("MMIO write of the LAPIC's TPR", lapic_write, 600, false),
	PATH("EOI of the LAPIC", lapic_eoi, 600, false),
	PATH("OUT to userspace and back", out_user, 2000, true),
	PATH("IN from userspace and back", in_user, 0, true),
	PATH("MMIO write to userspace and back", write_user, 0, true),
	PATH("MMIO read from userspace and back", read_user, 0, true),
	{ .name = NULL }
};

const struct path path_lookup = PATH("IN", in_last, 0, false);

/**
 * path_add_devices() - what a VM has that is measured
 * @vm: the VM
 */
void path_add_devices(struct vm *vm)
{
	vm_add_pc_devices(vm);
	vm_add_device(vm, AXVM_DEV_DEBUG_EXIT, PATH_END, 1, 0);
}

/**
 * path_ended_kvm() - has the guest all samples?
 * @kvm: the VM
 * @reason: KVM_EXIT_*
 *
 * Return: true or false.
 */
bool path_ended_kvm(const struct kvm *kvm, uint32_t reason)
{
	return reason == KVM_EXIT_IO && kvm->run->io.port == PATH_END;
}

/**
 * path_add_last() - the device that is looked up, and the one that ends the guest
 * @vm: the VM
 */
void path_add_last(struct vm *vm)
{
	vm_add_device(vm, AXVM_DEV_DEBUG_EXIT, PATH_LAST_PORT, 1, 0);
	vm_add_device(vm, AXVM_DEV_DEBUG_EXIT, PATH_END, 1, 0);
}

/**
 * path_add_other() - another device
 * @vm: the VM
 * @number: which
 */
void path_add_other(struct vm *vm, unsigned int number)
{
	vm_add_device(vm, AXVM_DEV_DEBUG_EXIT, PATH_OTHER_PORTS + number, 1, 0);
}

/* --- between two: pairs.h --------------------------------------------------------------------- */

#define SECOND_CODE	0x200	/* of vCPU 1, from GUEST_CODE on */
#define SECOND_STACK	0x6000

/*
 * Local APICs: on (SVR), the end of an interrupt, and fixed interrupt 0x45 to APIC 1 or 0 (ICR,
 * SDM Vol. 3A 10.6.1). The handler is at 0x100.
 */
#define APIC_ON		"	movl	$0x1ff, 0xfee000f0\n"
#define APIC_END	"	movl	$0, 0xfee000b0\n"
#define SEND(to)	"	movl	$" #to " << 24, 0xfee00310\n"	\
			"	movl	$0x4045, 0xfee00300\n"

BLOB(ipi, 32,
	APIC_ON
	"3:	pause\n"			/* An APIC that is off takes nothing. */
	"	cmpl	$0, 0x9000\n"
	"	je	3b\n"
	"	mov	$0x8000, %edi\n"
	"	mov	$256, %ebp\n"
	"1:	lfence\n"
	"	rdtsc\n"
	"	mov	%eax, %esi\n"
	SEND(1)
	"	sti\n"
	"	hlt\n"
	"	cli\n"
	"	rdtsc\n"
	"	sub	%esi, %eax\n"
	"	mov	%eax, (%edi)\n"
	"	add	$4, %edi\n"
	"	dec	%ebp\n"
	"	jnz	1b\n"
	"	out	%al, $0xfe\n"
	"	hlt\n"
	"	.org	ipi_start + 0x100\n"
	APIC_END
	"	iret\n"
	"	.org	ipi_start + 0x200\n"
	APIC_ON
	"	movl	$1, 0x9000\n"
	"2:	sti\n"
	"	hlt\n"
	"	cli\n"
	SEND(0)
	"	jmp	2b\n");

/* Input 5 of the IOAPIC is an edge, and interrupt 0x45 */
BLOB(interrupt, 32,
	APIC_ON
	"	movl	$0x1b, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x45, 0xfec00010\n"
	"	sti\n"
	"1:	out	%al, $0x10\n"
	"	jmp	1b\n"
	"	.org	interrupt_start + 0x100\n"
	"	out	%al, $0x10\n"
	APIC_END
	"	iret\n");

/*
 * Subscribes to channel 1 of a process, with 0x9000 for where it is; BX is 1 in a guest that
 * asks. Its doorbell is input 5, too; the handler rings back, in a guest that answers.
 */
BLOB(doorbell, 32,
	APIC_ON
	"	movl	$0x1b, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x45, 0xfec00010\n"
	"	mov	$4, %eax\n"
	"	xor	%edi, %edi\n"
	"	mov	$1, %esi\n"
	"	mov	$0x9000, %edx\n"
	"	mov	$0x9008, %ecx\n"
	"	vmcall\n"
	"	out	%al, $0x10\n"
	"	test	%ebx, %ebx\n"
	"	jnz	2f\n"
	"1:	sti\n"
	"	hlt\n"
	"	jmp	1b\n"
	"2:	mov	$0x8000, %ecx\n"
	"	mov	$256, %ebp\n"
	"3:	lfence\n"
	"	rdtsc\n"
	"	mov	%eax, 0x9010\n"
	"	mov	$0x41580000, %eax\n"
	"	vmcall\n"
	"	sti\n"
	"	hlt\n"
	"	cli\n"
	"	rdtsc\n"
	"	sub	0x9010, %eax\n"
	"	mov	%eax, (%ecx)\n"
	"	add	$4, %ecx\n"
	"	dec	%ebp\n"
	"	jnz	3b\n"
	"	out	%al, $0xfe\n"
	"	hlt\n"
	"	.org	doorbell_start + 0x100\n"
	"	test	%ebx, %ebx\n"
	"	jnz	4f\n"
	"	mov	$0x41580000, %eax\n"
	"	vmcall\n"
	"4:\n"
	APIC_END
	"	iret\n");

const struct blob *const pair_switch = &out_user_32;
const enum guest_mode pair_mode = GUEST_FLAT;
const uint32_t pair_kvm_irq = 5;
const uint32_t pair_axvm_irq = 5;

/**
 * pair_add_devices() - interrupt controllers, and what ends the guest
 * @vm: the VM
 */
void pair_add_devices(struct vm *vm)
{
	path_add_devices(vm);
}

/**
 * pair_now() - the counter, as userspace reads it
 *
 * Return: ticks.
 */
uint64_t pair_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* As vm_load_interruptible() */
static void load_kvm(struct kvm *kvm, const struct blob *code)
{
	struct kvm_sregs sregs;

	kvm_load(kvm, GUEST_FLAT, code);
	write_descriptor_tables(kvm->memory);
	if (ioctl(kvm->vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.gdt.base = GUEST_GDT;
	sregs.gdt.limit = 3 * 8 - 1;
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = 256 * 8 - 1;
	if (ioctl(kvm->vcpu, KVM_SET_SREGS, &sregs))
		die("KVM_SET_SREGS");
}

static void load(struct box *box, const struct blob *code)
{
	if (box->ours)
		vm_load_interruptible(&box->vm, code);
	else
		load_kvm(&box->kvm, code);
}

static void start_second(struct vm *vm, int vcpu)
{
	struct axvm_x86_regs regs;

	vm_get_regs(vm, &regs);
	regs.rip = GUEST_CODE + SECOND_CODE;
	regs.gpr[AXVM_X86_RSP] = SECOND_STACK;
	if (ioctl(vcpu, AXVM_VCPU_SET_REGS, &regs))
		die("AXVM_VCPU_SET_REGS");
}

static void start_second_kvm(struct kvm *kvm, int vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_regs regs;
	struct kvm_sregs sregs;

	if (ioctl(kvm->vcpu, KVM_GET_REGS, &regs) || ioctl(kvm->vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_REGS");
	regs.rip = GUEST_CODE + SECOND_CODE;
	regs.rsp = SECOND_STACK;
	sregs.apic_base &= ~0x100ULL;	/* no bootstrap processor (SDM Vol. 3A 10.4.4) */
	if (ioctl(vcpu, KVM_SET_MP_STATE, &state) || ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		die("KVM's vCPU 1");
}

/**
 * pair_load_ipi() - the guest of two vCPUs
 * @box: the VM
 * @other: vCPU 1
 */
void pair_load_ipi(struct box *box, int other)
{
	load(box, &ipi);
	if (box->ours)
		start_second(&box->vm, other);
	else
		start_second_kvm(&box->kvm, other);
}

/**
 * pair_load_interrupt() - the guest that is interrupted
 * @box: the VM
 */
void pair_load_interrupt(struct box *box)
{
	load(box, &interrupt);
}

/**
 * pair_load_doorbell() - the guest that answers doorbells, or asks by one
 * @vm: the VM
 * @asks: it asks
 */
void pair_load_doorbell(struct vm *vm, bool asks)
{
	struct axvm_x86_regs regs;

	vm_load_interruptible(vm, &doorbell);
	vm_get_regs(vm, &regs);
	regs.gpr[AXVM_X86_RBX] = asks;
	vm_set_regs(vm, &regs);
}

/**
 * pair_kvm_second() - vCPU 1
 * @kvm: the VM
 *
 * Return: its descriptor.
 */
int pair_kvm_second(struct kvm *kvm)
{
	kvm->other = ioctl(kvm->fd, KVM_CREATE_VCPU, 1);
	if (kvm->other < 0)
		die("KVM_CREATE_VCPU");
	kvm_set_cpuid(kvm->other);
	return kvm->other;
}
