// SPDX-License-Identifier: GPL-2.0
/* x86's guest that counts its interrupts: see storm.h. */
#include <string.h>
#include <sys/ioctl.h>

#include "storm.h"
#include "x86.h"

#define STUBS		0x3000		/* 32 bytes a vector */
#define STUB_SIZE	32
#define STACKS		0x20000

#define PIN(pin, low, dest)						\
	"	movl	$(0x11 + 2 * " #pin "), 0xfec00000\n"		\
	"	movl	$" #dest " << 24, 0xfec00010\n"			\
	"	movl	$(0x10 + 2 * " #pin "), 0xfec00000\n"		\
	"	movl	$" #low ", 0xfec00010\n"

/* EBX: number of the vCPU; ESI: its struct storm_control */
BLOB(counting, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	test	%ebx, %ebx\n"
	"	jnz	1f\n"
	PIN(5, 0x8045, 1)
	"	mov	$0x30, %eax\n"		/* pins 16 to 23: edges, 0x88 to 0x8f */
	"	mov	$0x88, %edx\n"
	"4:	lea	1(%eax), %ecx\n"
	"	mov	%ecx, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	mov	%eax, 0xfec00000\n"
	"	mov	%edx, 0xfec00010\n"
	"	add	$2, %eax\n"
	"	inc	%edx\n"
	"	cmp	$0x90, %edx\n"
	"	jb	4b\n"
	"1:	movl	$1, 28(%esi)\n"
	"1:	cli\n"		/* what comes from here on ends the HLT */
	"	incl	(%esi)\n"
	"	mov	4(%esi), %eax\n"
	"	cmp	8(%esi), %eax\n"
	"	jae	2f\n"
	"	mov	20(%esi), %edx\n"
	"	cmp	(%edx), %eax\n"
	"	jne	2f\n"
	"	incl	4(%esi)\n"
	"	mov	12(%esi), %ecx\n"
	"	mov	%ecx, 0xfee00310\n"
	"	mov	16(%esi), %ecx\n"
	"	mov	%ecx, 0xfee00300\n"
	"2:	mov	(%esi), %eax\n"
	"	test	%eax, 24(%esi)\n"
	"	jnz	3f\n"
	"	sti\n"
	"	hlt\n"
	"	jmp	1b\n"
	"3:	sti\n"
	"	jmp	1b\n");

/* incl its counter; movl $0, EOI; iret */
static void write_stub(uint8_t *stub, unsigned int vector)
{
	static const uint8_t end[] = {
		0xc7, 0x05, 0xb0, 0x00, 0xe0, 0xfe, 0, 0, 0, 0, 0xcf,
	};
	uint32_t counter = GUEST_DATA + 4 * vector;

	stub[0] = 0xff;
	stub[1] = 0x05;
	memcpy(stub + 2, &counter, 4);
	memcpy(stub + 6, end, sizeof(end));
}

static void write_tables(uint8_t *memory)
{
	uint64_t *idt = (uint64_t *)(memory + GUEST_IDT);
	unsigned int i;

	for (i = 0; i < 256; i++) {
		write_stub(memory + STUBS + i * STUB_SIZE, i);
		idt[i] = 0x00008e0000080000 | (STUBS + i * STUB_SIZE);
	}
}

/**
 * storm_add_devices() - what the guest needs
 * @storm: the VM
 */
void storm_add_devices(struct storm *storm)
{
	vm_add_pc_devices(&storm->vm);
}

/**
 * storm_load() - code and the registers of all vCPUs
 * @storm: the VM
 */
void storm_load(struct storm *storm)
{
	struct axvm_x86_regs regs = { .size = sizeof(regs) };
	unsigned int i;

	vm_load_interruptible(&storm->vm, &counting);
	write_tables(storm->vm.memory);
	vm_get_regs(&storm->vm, &regs);
	regs.mp_state = 0;
	for (i = 0; i < STORM_VCPUS; i++) {
		regs.gpr[AXVM_X86_RBX] = i;
		regs.gpr[AXVM_X86_RSI] = (uint8_t *)storm_control(storm, i) - storm->vm.memory;
		regs.gpr[AXVM_X86_RSP] = STACKS + (i + 1) * 0x1000;
		if (ioctl(storm->vcpu[i], AXVM_VCPU_SET_REGS, &regs))
			die("AXVM_VCPU_SET_REGS");
	}
}
