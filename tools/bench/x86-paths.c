// SPDX-License-Identifier: GPL-2.0
/*
 * The guests that measure on x86. Each has a loop that stores the ticks between two RDTSC with
 * one instruction in between, in 32 and in 64 bits.
 */
#include "paths.h"
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
#define OUT_61(r)	"out %al, $0x61"
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
