// SPDX-License-Identifier: GPL-2.0
/* Device memory: what reaches userspace of each kind of instruction, and what comes back. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

#define DEVICE	0xd0000000UL

static struct vm vm;

/* One access as the guest is expected to make it */
struct access {
	uint64_t offset;
	uint8_t width;
	bool is_write;
	uint64_t data;	/* written, or to be answered */
};

#define RD(offset, width, data)	{ offset, width, false, data }
#define WR(offset, width, data)	{ offset, width, true, data }
#define END			{ 0, 0, false, 0 }

static void start(const struct blob *code)
{
	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, code);
	vm_boot(&vm);
}

/* Answer the accesses of @list, then run to the end. Return: what the guest says there. */
static uint64_t serve(const struct access *list)
{
	const struct access *a;

	for (a = list; a->width; a++) {
		CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
		CHECK_EQ(vm.run->mmio.gpa, DEVICE + a->offset);
		CHECK_EQ(vm.run->mmio.width, a->width);
		CHECK_EQ(vm.run->mmio.is_write, a->is_write);
		if (a->is_write)
			CHECK_EQ(vm.run->mmio.data, a->data);
		else
			vm.run->mmio.data = a->data;
	}
	return vm_finish(&vm);
}

static uint64_t result(unsigned int index)
{
	return ((uint64_t *)(vm.memory + GUEST_DATA))[index];
}

BLOB(moves, 64,
	    "	mov	$0xd0000000, %ebx\n"
	    "	mov	$0x8000, %edi\n"
	    "	mov	$0x1122334455667788, %rax\n"
	    "	mov	%al, (%rbx)\n"
	    "	mov	%ax, 2(%rbx)\n"
	    "	mov	%eax, 4(%rbx)\n"
	    "	mov	%rax, 8(%rbx)\n"
	    "	mov	%ah, 1(%rbx)\n"
	    "	movl	$0x89abcdef, 0x10(%rbx)\n"
	    "	movq	$-2, 0x18(%rbx)\n"
	    "	mov	(%rbx), %al\n"
	    "	mov	%rax, (%rdi)\n"
	    "	mov	(%rbx), %ax\n"
	    "	mov	%rax, 8(%rdi)\n"
	    "	mov	(%rbx), %eax\n"
	    "	mov	%rax, 16(%rdi)\n"
	    "	mov	(%rbx), %rax\n"
	    "	mov	%rax, 24(%rdi)\n"
	    "	movzbl	(%rbx), %eax\n"
	    "	mov	%rax, 32(%rdi)\n"
	    "	movsbq	(%rbx), %rax\n"
	    "	mov	%rax, 40(%rdi)\n"
	    "	movswl	(%rbx), %eax\n"
	    "	mov	%rax, 48(%rdi)\n"
	    "	movslq	(%rbx), %rax\n"
	    "	mov	%rax, 56(%rdi)\n"
	    "	mov	%r12, 0x7ffff8(%rbx,%rdi,2)\n"	/* far, with an index */
	    "	out	%al, $0xf4\n");

TEST(guest, mmio_moves_of_all_widths)
{
	static const struct access list[] = {
		WR(0, 1, 0x88), WR(2, 2, 0x7788), WR(4, 4, 0x55667788), WR(8, 8, 0x1122334455667788),
		WR(1, 1, 0x77), WR(0x10, 4, 0x89abcdef), WR(0x18, 8, -2ULL),
		RD(0, 1, 0xa1), RD(0, 2, 0xb1b2), RD(0, 4, 0xc1c2c3c4), RD(0, 8, 0xd1d2d3d4d5d6d7d8),
		RD(0, 1, 0xf1), RD(0, 1, 0x80), RD(0, 2, 0x8001), RD(0, 4, 0x80000001),
		WR(0x7ffff8 + 0x10000, 8, 0), END
	};

	start(&moves);
	serve(list);
	CHECK_EQ(result(0), 0x11223344556677a1);
	CHECK_EQ(result(1), 0x112233445566b1b2);
	CHECK_EQ(result(2), 0xc1c2c3c4);
	CHECK_EQ(result(3), 0xd1d2d3d4d5d6d7d8);
	CHECK_EQ(result(4), 0xf1);
	CHECK_EQ(result(5), 0xffffffffffffff80);
	CHECK_EQ(result(6), 0xffff8001);
	CHECK_EQ(result(7), 0xffffffff80000001);
}

BLOB(changes, 64,
	    "	mov	$0xd0000000, %ebx\n"
	    "	mov	$0x8000, %edi\n"
	    "	mov	$0x0f, %eax\n"
	    "	orl	%eax, (%rbx)\n"
	    "	andb	$0xf0, 4(%rbx)\n"
	    "	xorw	$0xffff, 8(%rbx)\n"
	    "	addq	$1, 16(%rbx)\n"
	    "	pushfq\n"
	    "	popq	(%rdi)\n"			/* carry and zero of that sum */
	    "	subl	$1, 4(%rbx)\n"
	    "	xchg	%eax, (%rbx)\n"
	    "	mov	%rax, 8(%rdi)\n"
	    "	cmpl	$7, (%rbx)\n"
	    "	sete	16(%rdi)\n"
	    "	testb	$0x80, 1(%rbx)\n"
	    "	setnz	17(%rdi)\n"
	    "	add	(%rbx), %eax\n"
	    "	mov	%rax, 24(%rdi)\n"
	    "	incl	(%rbx)\n"
	    "	notw	2(%rbx)\n"
	    "	lock btsl $3, (%rbx)\n"
	    "	out	%al, $0xf4\n");

TEST(guest, mmio_read_modify_write)
{
	static const struct access list[] = {
		RD(0, 4, 0xf0), WR(0, 4, 0xff),
		RD(4, 1, 0x3c), WR(4, 1, 0x30),
		RD(8, 2, 0x1234), WR(8, 2, 0xedcb),
		RD(16, 8, -1ULL), WR(16, 8, 0),
		RD(4, 4, 0), WR(4, 4, 0xffffffff),
		RD(0, 4, 0x12345678), WR(0, 4, 0x0f),
		RD(0, 4, 7),
		RD(1, 1, 0x80),
		RD(0, 4, 8),
		RD(0, 4, 41), WR(0, 4, 42),
		RD(2, 2, 0x00ff), WR(2, 2, 0xff00),
		RD(0, 4, 0), WR(0, 4, 8),
		END
	};

	start(&changes);
	serve(list);
	CHECK_EQ(result(0) & 0x41, 0x41);
	CHECK_EQ(result(1), 0x12345678);
	CHECK_EQ(result(2) & 0xffff, 0x0101);
	CHECK_EQ(result(3), 0x12345680);
}

BLOB(mmio_strings, 64,
	    "	cld\n"
	    "	mov	$0xd0000000, %edi\n"
	    "	mov	$0x8000, %esi\n"
	    "	mov	$3, %ecx\n"
	    "	rep movsl\n"			/* memory to device */
	    "	mov	$0x55, %eax\n"
	    "	mov	$2, %ecx\n"
	    "	rep stosb\n"
	    "	mov	%rdi, %rsi\n"
	    "	mov	$0x8100, %edi\n"
	    "	mov	$2, %ecx\n"
	    "	rep movsq\n"			/* device to memory */
	    "	lodsw\n"
	    "	mov	%rax, 0x8200\n"
	    "	mov	%rsi, 0x8208\n"
	    "	mov	%rdi, 0x8210\n"
	    "	out	%al, $0xf4\n");

TEST(guest, mmio_string_instructions)
{
	static const struct access list[] = {
		WR(0, 4, 0x11111111), WR(4, 4, 0x22222222), WR(8, 4, 0x33333333),
		WR(12, 1, 0x55), WR(13, 1, 0x55),
		RD(14, 8, 0xa1a2a3a4a5a6a7a8), RD(22, 8, 0xb1b2b3b4b5b6b7b8), RD(30, 2, 0xc1c2),
		END
	};

	start(&mmio_strings);
	*vm_word(&vm, 0) = 0x11111111;
	*vm_word(&vm, 1) = 0x22222222;
	*vm_word(&vm, 2) = 0x33333333;
	serve(list);
	CHECK_EQ(result(0x20), 0xa1a2a3a4a5a6a7a8);
	CHECK_EQ(result(0x21), 0xb1b2b3b4b5b6b7b8);
	CHECK_EQ(result(0x40), 0xc1c2);
	CHECK_EQ(result(0x41), DEVICE + 32);
	CHECK_EQ(result(0x42), 0x8110);
}

/* Reads of what nobody claims give ones, writes go nowhere, and the guest goes on. */
BLOB(open_bus, 64,
	    "	mov	$0xd0000000, %ebx\n"
	    "	mov	$0x8000, %edi\n"
	    "	xor	%eax, %eax\n"
	    "	mov	%eax, (%rbx)\n"
	    "	mov	(%rbx), %eax\n"
	    "	mov	%rax, (%rdi)\n"
	    "	mov	(%rbx), %rax\n"
	    "	mov	%rax, 8(%rdi)\n"
	    "	movzwl	(%rbx), %eax\n"
	    "	mov	%rax, 16(%rdi)\n"
	    "	out	%al, $0xf4\n");

TEST(guest, mmio_on_an_open_bus_gives_ones)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &open_bus);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(result(0), 0xffffffff);
	CHECK_EQ(result(1), ~0ULL);
	CHECK_EQ(result(2), 0xffff);
	CHECK_EQ(vm_count(&vm, "to-user"), 0);
}

/* --- read-only and not executable memory ------------------------------------------------ */

BLOB(write_rom, 64,
	    "	mov	$0x400000, %ebx\n"
	    "	mov	(%rbx), %eax\n"
	    "	mov	%eax, 0x8000\n"
	    "	movl	$0x12345678, (%rbx)\n"
	    "	mov	(%rbx), %eax\n"
	    "	mov	%eax, 0x8004\n"
	    "	incl	8(%rbx)\n"
	    "	out	%al, $0xf4\n");

static uint8_t *page_with(uint32_t value)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(page, &value, sizeof(value));
	return page;
}

TEST(guest, writes_to_rom_are_dropped)
{
	uint8_t *rom = page_with(0xcafe);

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_set_slot(&vm, 1, AXVM_MEM_READONLY, 0x400000, rom, 4096);
	vm_load(&vm, GUEST_PAGED, &write_rom);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0xcafe);
	CHECK_EQ(*vm_word(&vm, 1), 0xcafe);
	CHECK_EQ(*(uint32_t *)rom, 0xcafe);
	CHECK_EQ(*(uint32_t *)(rom + 8), 0);
}

/* Who asked for what nobody claims gets the writes: a flash chip is made of that. */
TEST(guest, writes_to_rom_may_go_to_userspace)
{
	uint8_t *rom = page_with(0xcafe);

	start(&write_rom);
	vm_set_slot(&vm, 1, AXVM_MEM_READONLY, 0x400000, rom, 4096);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	CHECK_EQ(vm.run->mmio.gpa, 0x400000);
	CHECK_EQ(vm.run->mmio.is_write, 1);
	CHECK_EQ(vm.run->mmio.data, 0x12345678);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_MMIO);
	CHECK_EQ(vm.run->mmio.gpa, 0x400008);
	CHECK_EQ(vm.run->mmio.is_write, 1);
	CHECK_EQ(vm.run->mmio.data, 1);
	vm_finish(&vm);
	CHECK_EQ(*(uint32_t *)rom, 0xcafe);
}

BLOB(jump_there, 64,
	    "	mov	0x400000, %eax\n"	/* to read it is allowed */
	    "	mov	$0x400000, %eax\n"
	    "	jmp	*%rax\n");

TEST(guest, memory_may_be_not_executable)
{
	uint8_t *page = page_with(0xf4e690b0);	/* mov $0x90,%al; out %al,$0xf4 */
	struct axvm_vm_status status;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_set_slot(&vm, 1, 0, 0x400000, page, 4096);
	vm_load(&vm, GUEST_PAGED, &jump_there);
	vm_boot(&vm);
	CHECK_EQ(vm_finish(&vm), 0x90);

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_set_slot(&vm, 1, AXVM_MEM_NOEXEC, 0x400000, page, 4096);
	vm_load(&vm, GUEST_PAGED, &jump_there);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_ERROR);
	CHECK_EQ(status.stop_code, EFAULT);
}
