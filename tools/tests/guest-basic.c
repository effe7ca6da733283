// SPDX-License-Identifier: GPL-2.0
/* Small guests: how they start and end, CPUID, ports, hypercalls, what nobody claims. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static struct vm vm;

static uint64_t run_guest(uint32_t flags, enum guest_mode mode, const struct blob *code)
{
	vm_create(&vm, flags);
	vm_add_pc_devices(&vm);
	vm_load(&vm, mode, code);
	vm_boot(&vm);
	return flags ? 0 : vm_finish(&vm);
}

/* --- start and end ----------------------------------------------------------------- */

BLOB(exit_byte, 16, "mov $0x125a, %ax\n out %al, $0xf4\n hlt");
BLOB(exit_word, 16, "mov $0x125a, %ax\n out %ax, $0xf4\n hlt");
BLOB(exit_long, 32, "mov $0x8765125a, %eax\n out %eax, $0xf4\n hlt");
BLOB(exit_64bit, 64, "mov $0x8765125a, %rax\n out %eax, $0xf4\n hlt");

TEST(guest, debug_exit_hands_out_a_status)
{
	CHECK_EQ(run_guest(0, GUEST_REAL, &exit_byte), 0x5a);
	CHECK_EQ(run_guest(0, GUEST_REAL, &exit_word), 0x125a);
	CHECK_EQ(run_guest(0, GUEST_FLAT, &exit_long), 0x8765125a);
	CHECK_EQ(run_guest(0, GUEST_PAGED, &exit_64bit), 0x8765125a);
}

/* Without AXVM_VCPU_SET_REGS it starts where hardware does: F000:FFF0, base FFFF0000 */
BLOB(from_reset, 16, "mov %cs, %ax\n out %ax, $0xf4\n hlt");

TEST(guest, a_vcpu_starts_at_the_reset_vector)
{
	uint8_t *rom = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(rom + 0xff0, from_reset.start, from_reset.end - from_reset.start);
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_set_slot(&vm, 1, AXVM_MEM_READONLY, 0xfffff000, rom, 4096);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 0xf000);
	/* And again after it has stopped. */
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 0xf000);
}

/* From real mode to 32 bits, to 64 bits with paging, as a boot loader goes */
BLOB(climb, 16,
	    "	cli\n"
	    "	lgdtl	climb_gdtr - climb_start + 0x1000\n"
	    "	mov	%cr0, %eax\n"
	    "	or	$1, %al\n"
	    "	mov	%eax, %cr0\n"
	    "	ljmpl	$8, $(climb_32 - climb_start + 0x1000)\n"
	    "	.code32\n"
	    "climb_32:\n"
	    "	mov	$16, %eax\n"
	    "	mov	%eax, %ds\n"
	    "	mov	%eax, %ss\n"
	    "	mov	$0x20, %eax\n"		/* CR4.PAE */
	    "	mov	%eax, %cr4\n"
	    "	mov	$0x10000, %eax\n"
	    "	mov	%eax, %cr3\n"
	    "	mov	$0xc0000080, %ecx\n"	/* EFER.LME */
	    "	rdmsr\n"
	    "	or	$0x100, %eax\n"
	    "	wrmsr\n"
	    "	mov	%cr0, %eax\n"
	    "	or	$0x80000000, %eax\n"
	    "	mov	%eax, %cr0\n"
	    "	ljmp	$24, $(climb_64 - climb_start + 0x1000)\n"
	    "	.code64\n"
	    "climb_64:\n"
	    "	mov	$0xc0000080, %ecx\n"
	    "	rdmsr\n"			/* LME and LMA now */
	    "	mov	$0x1122334455667700, %rbx\n"
	    "	shr	$32, %rbx\n"
	    "	add	%ebx, %eax\n"
	    "	out	%eax, $0xf4\n"
	    "	hlt\n"
	    "	.align 8\n"
	    "climb_gdt:\n"
	    "	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff\n"
	    "climb_gdtr:\n"
	    "	.word	31\n"
	    "	.long	climb_gdt - climb_start + 0x1000\n");

TEST(guest, a_guest_climbs_to_long_mode)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_REAL, &climb);
	write_page_tables(vm.memory);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 0x11223344 + EFER_LME + EFER_LMA);
}

/* An exception without an IDT: double fault without one, triple fault */
BLOB(no_idt, 64, "mov $0x1234567890, %r15\n ud2");

TEST(guest, a_triple_fault_is_told_with_its_registers)
{
	struct axvm_vm_status status;
	struct axvm_x86_regs regs;

	vm_create(&vm, 0);
	vm_load(&vm, GUEST_PAGED, &no_idt);
	vm_get_regs(&vm, &regs);
	regs.idt_limit = 0;
	vm_set_regs(&vm, &regs);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_TRIPLE_FAULT);
	CHECK_EQ(status.stop_vcpu, 0);
	CHECK_EQ(vm.run->regs.x86.rip, GUEST_CODE + 10);
	CHECK_EQ(vm.run->regs.x86.gpr[AXVM_X86_R15], 0x1234567890);
	CHECK_EQ(vm.run->regs.x86.cr3, GUEST_TABLES);
	CHECK_EQ(vm.run->regs.x86.efer, EFER_LME | EFER_LMA);
}

/* --- CPUID and MSRs --------------------------------------------------------------------- */

BLOB(ask_cpuid, 32,
	    "	mov	$0x8000, %edi\n"
	    "	mov	$0x40000000, %eax\n"
	    "	xor	%ecx, %ecx\n"
	    "	cpuid\n"
	    "	mov	%ebx, (%edi)\n"
	    "	mov	%ecx, 4(%edi)\n"
	    "	mov	%edx, 8(%edi)\n"
	    "	mov	$1, %eax\n"
	    "	cpuid\n"
	    "	mov	%ecx, 12(%edi)\n"
	    "	mov	%edx, 16(%edi)\n"
	    "	mov	$0x16, %eax\n"
	    "	cpuid\n"
	    "	mov	%eax, 20(%edi)\n"
	    "	mov	$0xffff, %eax\n"	/* beyond the last leaf: like the last */
	    "	cpuid\n"
	    "	mov	%eax, 24(%edi)\n"
	    "	out	%al, $0xf4\n");

TEST(guest, cpuid_names_axvm_and_hides_vmx)
{
	run_guest(0, GUEST_FLAT, &ask_cpuid);
	CHECK(!memcmp(vm.memory + GUEST_DATA, "axvmaxvmaxvm", 12));
	CHECK(*vm_word(&vm, 3) & 1U << 31);	/* a hypervisor */
	CHECK(*vm_word(&vm, 3) & 1U << 21);	/* x2APIC */
	CHECK(!(*vm_word(&vm, 3) & 1U << 5));	/* no VMX */
	CHECK(!(*vm_word(&vm, 3) & 1U << 27));	/* CR4.OSXSAVE is clear */
	CHECK(*vm_word(&vm, 4) & 1U << 9);	/* APIC */
	CHECK_EQ(*vm_word(&vm, 5), *vm_word(&vm, 6));
}

/* What is not there faults: each #GP or #UD counts, and the handler steps over 2 bytes. */
BLOB(forbidden, 32,
	    "	mov	$0x8000, %edi\n"
	    "	movl	$0, (%edi)\n"
	    "	mov	$0x12345, %ecx\n"
	    "	rdmsr\n"
	    "	wrmsr\n"
	    "	mov	$0x480, %ecx\n"		/* IA32_VMX_BASIC */
	    "	rdmsr\n"
	    "	mov	$0xc0000080, %ecx\n"	/* EFER, a reserved bit */
	    "	mov	$0x1000, %eax\n"
	    "	xor	%edx, %edx\n"
	    "	wrmsr\n"
	    "	rdpmc\n"
	    "	mov	(%edi), %eax\n"
	    "	out	%eax, $0xf4\n"
	    "	hlt\n"
	    "	.org	forbidden_start + 0x100\n"
	    "	incl	0x8000\n"
	    "	addl	$2, 4(%esp)\n"		/* behind the error code */
	    "	add	$4, %esp\n"
	    "	iret\n");

TEST(guest, what_is_not_given_faults)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &forbidden);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 5);
}

/* --- ports --------------------------------------------------------------------------- */

/* RAX after IN of each width from port DX */
BLOB(in_widths, 64,
	    "	mov	$0x8000, %edi\n"
	    "	mov	$0x300, %edx\n"
	    "	mov	$0x1122334455667788, %rax\n"
	    "	in	%dx, %al\n"
	    "	mov	%rax, (%rdi)\n"
	    "	mov	$0x1122334455667788, %rax\n"
	    "	in	%dx, %ax\n"
	    "	mov	%rax, 8(%rdi)\n"
	    "	mov	$0x1122334455667788, %rax\n"
	    "	in	%dx, %eax\n"
	    "	mov	%rax, 16(%rdi)\n"
	    "	out	%al, $0xf4\n");

static void check_in_widths(uint32_t value)
{
	const uint64_t *rax = (const uint64_t *)(vm.memory + GUEST_DATA);

	CHECK_EQ(rax[0], 0x1122334455667700 | (value & 0xff));
	CHECK_EQ(rax[1], 0x1122334455660000 | (value & 0xffff));
	CHECK_EQ(rax[2], value);
}

TEST(guest, in_from_userspace_keeps_the_rest_of_rax)
{
	unsigned int i;

	run_guest(AXVM_VM_EXIT_UNCLAIMED, GUEST_PAGED, &in_widths);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(vm_run(&vm), AXVM_EXIT_IO);
		CHECK_EQ(vm.run->io.port, 0x300);
		CHECK_EQ(vm.run->io.width, 1 << i);
		CHECK_EQ(vm.run->io.is_write, 0);
		vm.run->io.data = 0xaabbccdd;
	}
	vm_finish(&vm);
	check_in_widths(0xaabbccdd);
}

TEST(guest, in_from_an_open_bus_gives_ones)
{
	run_guest(0, GUEST_PAGED, &in_widths);
	check_in_widths(0xffffffff);
}

TEST(guest, in_from_a_device_keeps_the_rest_of_rax)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x300, 4, 0);
	vm_load(&vm, GUEST_PAGED, &in_widths);
	vm_boot(&vm);
	vm_finish(&vm);
	check_in_widths(0);
}

BLOB(out_widths, 32,
	    "	mov	$0x12345678, %eax\n"
	    "	mov	$0x300, %edx\n"
	    "	out	%al, %dx\n"
	    "	out	%ax, %dx\n"
	    "	out	%eax, %dx\n"
	    "	out	%al, $0x10\n"
	    "	mov	$0xffff, %edx\n"
	    "	out	%al, %dx\n"
	    "	out	%al, $0xf4\n");

TEST(guest, out_reaches_userspace)
{
	static const struct {
		uint16_t port;
		uint8_t width;
		uint32_t data;
	} outs[] = {
		{ 0x300, 1, 0x78 }, { 0x300, 2, 0x5678 }, { 0x300, 4, 0x12345678 },
		{ 0x10, 1, 0x78 }, { 0xffff, 1, 0x78 },
	};
	unsigned int i;

	run_guest(AXVM_VM_EXIT_UNCLAIMED, GUEST_FLAT, &out_widths);
	for (i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
		CHECK_EQ(vm_run(&vm), AXVM_EXIT_IO);
		CHECK_EQ(vm.run->io.port, outs[i].port);
		CHECK_EQ(vm.run->io.width, outs[i].width);
		CHECK_EQ(vm.run->io.data, outs[i].data);
		CHECK_EQ(vm.run->io.is_write, 1);
	}
	CHECK_EQ(vm_finish(&vm), 0x78);
	CHECK_EQ(vm_count(&vm, "to-user"), 5);
}

/* An access that only begins in a device is nobody's. */
BLOB(half_claimed, 32,
	    "	mov	$0x300, %edx\n"
	    "	mov	$0, %eax\n"
	    "	in	%dx, %eax\n"		/* the device has 2 ports */
	    "	mov	%eax, 0x8000\n"
	    "	mov	$0x2ff, %edx\n"
	    "	in	%dx, %ax\n"
	    "	mov	%eax, 0x8004\n"
	    "	out	%al, $0xf4\n");

TEST(guest, an_access_lies_whole_in_a_device_or_not_at_all)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x300, 2, 0);
	vm_load(&vm, GUEST_FLAT, &half_claimed);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0xffffffff);
	CHECK_EQ(*vm_word(&vm, 1), 0xffffffff);
}

/* --- string I/O -------------------------------------------------------------------------- */

BLOB(strings, 32,
	    "	cld\n"
	    "	mov	$0x300, %edx\n"
	    "	mov	$0x8000, %esi\n"
	    "	mov	$5, %ecx\n"
	    "	rep outsb\n"
	    "	mov	%esi, 0x8100\n"
	    "	mov	%ecx, 0x8104\n"
	    "	mov	$0x8200, %edi\n"
	    "	mov	$3, %ecx\n"
	    "	rep insw\n"
	    "	mov	%edi, 0x8108\n"
	    "	std\n"
	    "	mov	$0x800c, %esi\n"
	    "	mov	$2, %ecx\n"
	    "	rep outsl\n"
	    "	mov	%esi, 0x810c\n"
	    "	cld\n"
	    "	mov	$0x8300, %edi\n"
	    "	insb\n"
	    "	mov	%edi, 0x8110\n"
	    "	xor	%ecx, %ecx\n"
	    "	rep outsb\n"			/* nothing at all */
	    "	out	%al, $0xf4\n");

static void expect_out(uint8_t width, uint32_t data)
{
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_IO);
	CHECK_EQ(vm.run->io.is_write, 1);
	CHECK_EQ(vm.run->io.width, width);
	CHECK_EQ(vm.run->io.data, data);
}

static void answer_in(uint8_t width, uint32_t data)
{
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_IO);
	CHECK_EQ(vm.run->io.is_write, 0);
	CHECK_EQ(vm.run->io.width, width);
	vm.run->io.data = data;
}

TEST(guest, string_io_works)
{
	const char *text = "Hallo";
	unsigned int i;

	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &strings);
	memcpy(vm.memory + GUEST_DATA, text, 6);
	*vm_word(&vm, 2) = 0x11111111;
	*vm_word(&vm, 3) = 0x22222222;
	vm_boot(&vm);
	for (i = 0; i < 5; i++)
		expect_out(1, text[i]);
	for (i = 1; i <= 3; i++)
		answer_in(2, 0xff00000 + 0x101 * i);
	expect_out(4, 0x22222222);
	expect_out(4, 0x11111111);
	answer_in(1, 0x1234567a);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0x40), 0x8005);
	CHECK_EQ(*vm_word(&vm, 0x41), 0);
	CHECK_EQ(*vm_word(&vm, 0x42), 0x8206);
	CHECK_EQ(*vm_word(&vm, 0x43), 0x8004);
	CHECK_EQ(*vm_word(&vm, 0x44), 0x8301);
	CHECK_EQ(*vm_word(&vm, 0x80), 0x02020101);
	CHECK_EQ(*vm_word(&vm, 0x81), 0x0303);
	CHECK_EQ(*vm_word(&vm, 0xc0), 0x7a);
}

/* Many repetitions into a device of the kernel, without one exit to userspace */
BLOB(long_string, 32,
	    "	cld\n"
	    "	mov	$0x21, %edx\n"		/* the PIC's mask */
	    "	mov	$0x8000, %edi\n"
	    "	mov	$5000, %ecx\n"
	    "	rep insb\n"
	    "	mov	%edi, %eax\n"
	    "	out	%eax, $0xf4\n");

TEST(guest, string_io_from_a_device_stays_in_the_kernel)
{
	unsigned int i;

	CHECK_EQ(run_guest(0, GUEST_FLAT, &long_string), 0x8000 + 5000);
	for (i = 1; i < 5000; i++)
		if (vm.memory[GUEST_DATA + i] != vm.memory[GUEST_DATA])
			break;
	CHECK_EQ(i, 5000);
	CHECK_EQ(vm_count(&vm, "to-user"), 0);
}

/* --- hypercalls ----------------------------------------------------------------------------- */

BLOB(hypercall, 64,
	    "	mov	$0x1234567890, %rax\n"
	    "	mov	$1, %edi\n"
	    "	mov	$2, %esi\n"
	    "	mov	$3, %edx\n"
	    "	mov	$4, %ecx\n"
	    "	mov	$5, %r8\n"
	    "	mov	$6, %r9\n"
	    "	vmcall\n"
	    "	mov	%rax, 0x8000\n"
	    "	out	%al, $0xf4\n");

TEST(guest, an_unknown_hypercall_goes_to_userspace)
{
	unsigned int i;

	run_guest(AXVM_VM_EXIT_UNCLAIMED, GUEST_PAGED, &hypercall);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_HYPERCALL);
	CHECK_EQ(vm.run->hypercall.nr, 0x1234567890);
	for (i = 0; i < 6; i++)
		CHECK_EQ(vm.run->hypercall.args[i], i + 1);
	vm.run->hypercall.ret = 0xfedcba9876543210;
	vm_finish(&vm);
	CHECK_EQ(*(uint64_t *)(vm.memory + GUEST_DATA), 0xfedcba9876543210);
}

TEST(guest, an_unknown_hypercall_fails)
{
	run_guest(0, GUEST_PAGED, &hypercall);
	CHECK_EQ(*(uint64_t *)(vm.memory + GUEST_DATA), ~0ULL);
}
