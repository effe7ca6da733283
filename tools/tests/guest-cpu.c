// SPDX-License-Identifier: GPL-2.0
/*
 * What host and guests share of a CPU, and must not see of each other: vector registers,
 * debug registers, MSRs, the time stamp counter. And registers saved and restored.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static struct vm vm;

static void start(uint32_t flags, const struct blob *code)
{
	struct axvm_x86_regs regs;

	vm_create(&vm, flags);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, code);
	/* SSE works in the guest from its start. */
	vm_get_regs(&vm, &regs);
	regs.cr4 |= X86_CR4_OSFXSR;
	vm_set_regs(&vm, &regs);
	vm_boot(&vm);
}

/* --- vector registers ------------------------------------------------------------------ */

/*
 * Fills XMM0 to XMM15 from what lies at 0x8100, and then compares them again and again with
 * it: word 0 counts, word 1 counts differences. An OUT every 256 rounds lets others run.
 */
BLOB(vectors, 64,
	"	mov	$0x8100, %ebx\n"
	"	movups	0x00(%rbx), %xmm0\n"
	"	movups	0x10(%rbx), %xmm1\n"
	"	movups	0x20(%rbx), %xmm2\n"
	"	movups	0x30(%rbx), %xmm7\n"
	"	movups	0x40(%rbx), %xmm8\n"
	"	movups	0x50(%rbx), %xmm15\n"
	"1:	mov	$0x8200, %edi\n"
	"	movups	%xmm0, 0x00(%rdi)\n"
	"	movups	%xmm1, 0x10(%rdi)\n"
	"	movups	%xmm2, 0x20(%rdi)\n"
	"	movups	%xmm7, 0x30(%rdi)\n"
	"	movups	%xmm8, 0x40(%rdi)\n"
	"	movups	%xmm15, 0x50(%rdi)\n"
	"	mov	%rbx, %rsi\n"
	"	mov	$12, %ecx\n"
	"	repe cmpsq\n"
	"	je	2f\n"
	"	incl	0x8004\n"
	"2:	incl	0x8000\n"
	"	testb	$0xff, 0x8000\n"
	"	jnz	1b\n"
	"	out	%al, $0x10\n"
	"	jmp	1b\n");

static void fill(uint8_t seed, uint8_t *where, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		where[i] = seed + i * 7;
}

static void *vector_thread(void *arg)
{
	struct vm *own = arg;

	while (vm_run(own) != AXVM_EXIT_STOPPED)
		;
	return NULL;
}

/* Two guests and this program at once, each with its own pattern */
TEST(guest, vector_registers_are_everybodys_own)
{
	static uint8_t image[4096] __attribute__((aligned(64)));
	static uint8_t now[16 * 16];
	struct vm guests[2];
	unsigned int i, rounds;

	for (i = 0; i < 2; i++) {
		start(AXVM_VM_EXIT_UNCLAIMED, &vectors);
		fill(0x10 + i, vm.memory + 0x8100, 0x60);
		guests[i] = vm;
	}
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&guests[i].thread, NULL, vector_thread, &guests[i]), 0);
	fill(0x80, image, sizeof(image));
	for (rounds = 0; rounds < 2000 && *vm_word(&guests[0], 0) < 20000; rounds++) {
		asm volatile("movups (%0), %%xmm3\n movups 16(%0), %%xmm12\n"
			     "mov %3, %%eax\n syscall\n"
			     "movups %%xmm3, (%1)\n movups %%xmm12, 16(%1)"
			     : : "r" (image), "r" (now), "m" (now), "i" (SYS_sched_yield)
			     : "rax", "rcx", "r11", "xmm3", "xmm12", "memory");
		CHECK(!memcmp(now, image, 32));
		if (rounds % 16 == 0)
			sleep_ms(1);
	}
	for (i = 0; i < 2; i++) {
		CHECK_OK(ioctl(guests[i].fd, AXVM_VM_STOP, 0));
		vm_join_thread(&guests[i]);
		CHECK(*vm_word(&guests[i], 0) > 100);
		CHECK_EQ(*vm_word(&guests[i], 1), 0);
	}
}

/* The guest overwrites all of them, MXCSR and the x87 control word: this thread has its own still. */
BLOB(overwrite, 64,
	"	pcmpeqd	%xmm0, %xmm0\n"
	"	movaps	%xmm0, %xmm3\n"
	"	movaps	%xmm0, %xmm12\n"
	"	movaps	%xmm0, %xmm15\n"
	"	movl	$0x5f80, 0x8000\n"	/* round down */
	"	ldmxcsr	0x8000\n"
	"	movl	$0x0c7f, 0x8004\n"	/* truncate, double precision */
	"	fldcw	0x8004\n"
	"	fld1\n"
	"	out	%al, $0x10\n"
	"	out	%al, $0xf4\n");

TEST(guest, the_launchers_vector_registers_stay)
{
	static uint8_t before[64], after[64];
	uint32_t mxcsr = 0;
	uint16_t fcw = 0;
	long result;

	start(AXVM_VM_EXIT_UNCLAIMED, &overwrite);
	fill(0x33, before, sizeof(before));
	asm volatile("movups (%3), %%xmm0\n movups 16(%3), %%xmm3\n"
		     "movups 32(%3), %%xmm12\n movups 48(%3), %%xmm15\n"
		     "syscall\n"
		     "movups %%xmm0, (%4)\n movups %%xmm3, 16(%4)\n"
		     "movups %%xmm12, 32(%4)\n movups %%xmm15, 48(%4)\n"
		     "stmxcsr %1\n fnstcw %2"
		     : "=a" (result), "=m" (mxcsr), "=m" (fcw)
		     : "r" (before), "r" (after), "a" (SYS_ioctl), "D" (vm.vcpu),
		       "S" (AXVM_VCPU_RUN), "d" (0)
		     : "rcx", "r11", "xmm0", "xmm3", "xmm12", "xmm15", "memory");
	CHECK_EQ(result, 0);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_IO);
	CHECK(!memcmp(before, after, sizeof(before)));
	CHECK_EQ(mxcsr & 0x6000, 0);
	CHECK_EQ(fcw, 0x37f);
}

/* Upper halves: AVX with the guest's own XCR0 */
BLOB(avx, 64,
	"	xor	%ecx, %ecx\n"
	"	xor	%edx, %edx\n"
	"	mov	$7, %eax\n"
	"	xsetbv\n"
	"	mov	$0x8100, %ebx\n"
	"	vmovups	(%rbx), %ymm4\n"
	"	vmovups	32(%rbx), %ymm11\n"
	"	mov	$200, %r12d\n"
	"1:	out	%al, $0x10\n"
	"	vmovups	%ymm4, 0x8200\n"
	"	vmovups	%ymm11, 0x8220\n"
	"	mov	$0x8100, %esi\n"
	"	mov	$0x8200, %edi\n"
	"	mov	$8, %ecx\n"
	"	repe cmpsq\n"
	"	jne	2f\n"
	"	dec	%r12d\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n"
	"2:	ud2\n");

__attribute__((target("avx"))) static void dirty_ymm(void)
{
	asm volatile("vpcmpeqd %%xmm4, %%xmm4, %%xmm4\n vinsertf128 $1, %%xmm4, %%ymm4, %%ymm4\n"
		     "vmovaps %%ymm4, %%ymm11" : : : "xmm4", "xmm11");
}

TEST(guest, upper_halves_of_vector_registers_stay)
{
	struct axvm_x86_regs regs;
	uint32_t reason;

	if (!__builtin_cpu_supports("avx"))
		skip("no AVX in this CPU");
	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &avx);
	vm_get_regs(&vm, &regs);
	regs.cr4 |= X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
	vm_set_regs(&vm, &regs);
	fill(0x44, vm.memory + 0x8100, 64);
	vm_boot(&vm);
	while ((reason = vm_run(&vm)) == AXVM_EXIT_IO)
		dirty_ymm();
	CHECK_EQ(reason, AXVM_EXIT_STOPPED);
	CHECK_EQ(vm_finish(&vm) & 0, 0);
	vm_get_regs(&vm, &regs);
	CHECK_EQ(regs.xcr0, 7);
}

/* --- debug registers ----------------------------------------------------------------------- */

BLOB(debug_user, 64,
	"	mov	$0x8100, %eax\n"
	"	mov	%rax, %dr0\n"
	"	mov	$0x8200, %eax\n"
	"	mov	%rax, %dr3\n"
	"	mov	$0xffff0ff0, %eax\n"
	"	mov	%rax, %dr6\n"
	"	mov	$0x401, %eax\n"		/* DR0, execution, local: never hit */
	"	mov	%rax, %dr7\n"
	"	mov	$100, %r12d\n"
	"1:	out	%al, $0x10\n"
	"	mov	%dr0, %rax\n"
	"	cmp	$0x8100, %eax\n"
	"	jne	2f\n"
	"	mov	%dr3, %rax\n"
	"	cmp	$0x8200, %eax\n"
	"	jne	2f\n"
	"	mov	%dr7, %rax\n"
	"	cmp	$0x401, %eax\n"
	"	jne	2f\n"
	"	dec	%r12d\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n"
	"2:	ud2\n");

static volatile uint64_t watched;

static int watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* A breakpoint of this thread works before, between and after entries of a guest that has its own. */
TEST(guest, debug_registers_are_everybodys_own)
{
	uint64_t count = 0, writes = 0;
	uint32_t reason;
	int fd = watch();

	if (fd < 0)
		skip("no hardware breakpoints from perf_event_open()");
	start(AXVM_VM_EXIT_UNCLAIMED, &debug_user);
	while ((reason = vm_run(&vm)) == AXVM_EXIT_IO) {
		watched++;
		writes++;
	}
	CHECK_EQ(reason, AXVM_EXIT_STOPPED);
	CHECK_EQ(writes, 100);
	vm_finish(&vm);
	CHECK_EQ(read(fd, &count, sizeof(count)), sizeof(count));
	CHECK_EQ(count, writes);
}

/* A data breakpoint of the guest's own traps in it. */
BLOB(debug_trap, 32,
	"	mov	$0x8100, %eax\n"
	"	mov	%eax, %dr1\n"
	"	mov	$0x00d00404, %eax\n"	/* DR1: write, 4 bytes, local */
	"	mov	%eax, %dr7\n"
	"	movl	$1, 0x8100\n"
	"	movl	$2, 0x8104\n"
	"	movl	$3, 0x8100\n"
	"	out	%al, $0xf4\n"
	"	.org	debug_trap_start + 0x100\n"
	"	push	%eax\n"
	"	mov	%dr6, %eax\n"
	"	and	$0xf, %eax\n"
	"	mov	%eax, 0x8004\n"
	"	incl	0x8000\n"
	"	pop	%eax\n"
	"	iret\n");

TEST(guest, a_guests_breakpoint_traps_in_the_guest)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &debug_trap);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 2);
	CHECK_EQ(*vm_word(&vm, 1), 2);
}

/* Two guests take turns; each watches one of two words, and writes twice to the first, once to the other. */
BLOB(debug_turns, 32,
	"	mov	0x8010, %eax\n"
	"	mov	%eax, %dr2\n"
	"	mov	$0x0d000410, %eax\n"	/* DR2: write, 4 bytes, local */
	"	mov	%eax, %dr7\n"
	"1:	out	%al, $0x10\n"
	"	incl	0x8100\n"
	"	incl	0x8100\n"
	"	incl	0x8200\n"
	"	jmp	1b\n"
	"	.org	debug_turns_start + 0x100\n"
	"	incl	0x8000\n"
	"	iret\n");

#define TURNS	50

TEST(guest, breakpoints_of_two_guests)
{
	struct vm guests[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vm_create(&guests[i], AXVM_VM_EXIT_UNCLAIMED);
		vm_add_pc_devices(&guests[i]);
		vm_load_interruptible(&guests[i], &debug_turns);
		*vm_word(&guests[i], 4) = 0x8100 + 0x100 * i;
		vm_boot(&guests[i]);
	}
	for (i = 0; i < 2 * TURNS + 2; i++)
		CHECK_EQ(vm_run(&guests[i % 2]), AXVM_EXIT_IO);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(*vm_word(&guests[i], 0x40), 2 * TURNS);
		CHECK_EQ(*vm_word(&guests[i], 0x80), TURNS);
		CHECK_EQ(*vm_word(&guests[i], 0), i ? TURNS : 2 * TURNS);
	}
}

/* --- MSRs ----------------------------------------------------------------------------------------- */

BLOB(msr_user, 64,
	"	mov	$0xc0000082, %ecx\n"	/* LSTAR */
	"	mov	$0x12345678, %eax\n"
	"	mov	$0xffff8000, %edx\n"
	"	wrmsr\n"
	"	inc	%ecx\n"			/* CSTAR */
	"	wrmsr\n"
	"	mov	$0xc0000102, %ecx\n"	/* KERNEL_GS_BASE */
	"	wrmsr\n"
	"	mov	$0xc0000101, %ecx\n"	/* GS_BASE */
	"	wrmsr\n"
	"	dec	%ecx\n"			/* FS_BASE */
	"	wrmsr\n"
	"	mov	$0xc0000081, %ecx\n"	/* STAR */
	"	wrmsr\n"
	"	mov	$0xc0000084, %ecx\n"	/* SFMASK */
	"	xor	%edx, %edx\n"
	"	wrmsr\n"
	"	mov	$0x175, %ecx\n"		/* SYSENTER_ESP */
	"	wrmsr\n"
	"	inc	%ecx\n"			/* SYSENTER_EIP */
	"	wrmsr\n"
	"	mov	$0xc0000080, %ecx\n"	/* EFER.SCE */
	"	rdmsr\n"
	"	or	$1, %eax\n"
	"	wrmsr\n"
	"	mov	$100, %r12d\n"
	"1:	out	%al, $0x10\n"
	"	mov	$0xc0000082, %ecx\n"
	"	call	3f\n"
	"	inc	%ecx\n"
	"	call	3f\n"
	"	mov	$0xc0000100, %ecx\n"
	"	call	3f\n"
	"	inc	%ecx\n"
	"	call	3f\n"
	"	inc	%ecx\n"
	"	call	3f\n"
	"	mov	$0xc0000081, %ecx\n"
	"	call	3f\n"
	"	swapgs\n"
	"	swapgs\n"
	"	dec	%r12d\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n"
	"3:	rdmsr\n"
	"	cmp	$0x12345678, %eax\n"
	"	jne	4f\n"
	"	cmp	$0xffff8000, %edx\n"
	"	jne	4f\n"
	"	ret\n"
	"4:	ud2\n");

static __thread uint64_t own = 0x1122334455667788;

/* That the loop goes round at all says that system calls and thread-local storage work. */
TEST(guest, syscall_msrs_are_everybodys_own)
{
	unsigned int cpu, node, exits = 0, aux;
	uint32_t reason;

	start(AXVM_VM_EXIT_UNCLAIMED, &msr_user);
	while ((reason = vm_run(&vm)) == AXVM_EXIT_IO) {
		CHECK_EQ(own, 0x1122334455667788);
		CHECK(getppid() > 0);
		CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
		__rdtscp(&aux);
		CHECK(aux < 4096);
		exits++;
	}
	CHECK_EQ(reason, AXVM_EXIT_STOPPED);
	CHECK_EQ(exits, 100);
	vm_finish(&vm);
}

/* The guest's TSC_AUX is not the host's, which has the number of the CPU there. */
BLOB(aux_user, 64,
	"	mov	$0xc0000103, %ecx\n"
	"	mov	$0x77777, %eax\n"
	"	xor	%edx, %edx\n"
	"	wrmsr\n"
	"	out	%al, $0x10\n"
	"	rdtscp\n"
	"	mov	%ecx, 0x8000\n"
	"	out	%al, $0xf4\n");

TEST(guest, tsc_aux_is_everybodys_own)
{
	unsigned int before, after;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	__rdtscp(&before);
	start(AXVM_VM_EXIT_UNCLAIMED, &aux_user);
	if (vm_run(&vm) != AXVM_EXIT_IO)
		skip("no RDTSCP in guests here");
	__rdtscp(&after);
	CHECK_EQ(after, before);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 0x77777);
}

/* --- the time stamp counter ----------------------------------------------------------------------------- */

BLOB(clock_reader, 64,
	"1:	rdtsc\n"
	"	shl	$32, %rdx\n"
	"	or	%rdx, %rax\n"
	"	mov	%rax, 0x8000\n"
	"	out	%al, $0x10\n"
	"	jmp	1b\n");

TEST(guest, guest_time_starts_with_the_vm_and_goes_on)
{
	uint64_t created, last = 0, low, high, value;
	int i;

	created = __rdtsc();
	start(AXVM_VM_EXIT_UNCLAIMED, &clock_reader);
	high = __rdtsc() - created;
	for (i = 0; i < 50; i++) {
		low = __rdtsc() - created;
		CHECK_EQ(vm_run(&vm), AXVM_EXIT_IO);
		value = *(uint64_t *)(vm.memory + GUEST_DATA);
		CHECK(value > last);
		/* The VM was made at some moment between the two. */
		CHECK(value <= __rdtsc() - created);
		CHECK(value + high >= low);
		last = value;
		if (i % 10 == 0)
			sleep_ms(5);
	}
}

/* --- saved and restored ------------------------------------------------------------------------------------- */

/* A sum over registers and vectors that goes on in another VM as if nothing had happened */
BLOB(worker, 64,
	"	mov	$1, %rax\n"
	"	movq	%rax, %xmm9\n"
	"	pxor	%xmm10, %xmm10\n"
	"	xor	%r14, %r14\n"
	"	mov	$3000000, %r15\n"
	"1:	paddq	%xmm9, %xmm10\n"
	"	add	%r15, %r14\n"
	"	incl	0x8100\n"
	"	dec	%r15\n"
	"	jnz	1b\n"
	"	movq	%xmm10, 0x8000\n"
	"	mov	%r14, 0x8008\n"
	"	out	%al, $0xf4\n");

#define WORK	3000000ULL

static void move_to(struct vm *to, struct vm *from, uint32_t fpu_size)
{
	uint8_t *image = calloc(1, fpu_size);
	struct axvm_fpu fpu = {
		.size = sizeof(fpu), .length = fpu_size, .data = (uintptr_t)image,
	};
	struct axvm_x86_regs regs;

	memcpy(to->memory, from->memory, from->size);
	vm_get_regs(from, &regs);
	vm_set_regs(to, &regs);
	CHECK_OK(ioctl(from->vcpu, AXVM_VCPU_GET_FPU, &fpu));
	CHECK_OK(ioctl(to->vcpu, AXVM_VCPU_SET_FPU, &fpu));
	free(image);
}

static void leave(int number)
{
	(void)number;
}

TEST(guest, a_guest_moves_to_another_vm)
{
	struct axvm_info info = { .size = sizeof(info) };
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, never = {};
	struct sigaction action = { .sa_handler = leave };
	unsigned int moves = 0;
	struct vm other;

	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &info));
	start(0, &worker);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (moves < 4 && vm_run(&vm) == AXVM_EXIT_INTR) {
		CHECK(*vm_word(&vm, 0x40) < WORK);
		vm_create(&other, 0);
		vm_add_pc_devices(&other);
		move_to(&other, &vm, info.fpu_size);
		vm_boot(&other);
		vm_destroy(&vm);
		vm = other;
		moves++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(moves >= 2);
	vm_finish(&vm);
	CHECK_EQ(*(uint64_t *)(vm.memory + 0x8000), WORK);
	CHECK_EQ(*(uint64_t *)(vm.memory + 0x8008), WORK * (WORK + 1) / 2);
	CHECK_EQ(*vm_word(&vm, 0x40), WORK);
}

/* What was set is read back, every register of it. */
TEST(guest, registers_are_kept)
{
	static const struct blob nothing;
	struct axvm_x86_regs set, got;
	unsigned int i;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &nothing);
	vm_get_regs(&vm, &set);
	for (i = 0; i < AXVM_X86_NR_GPR; i++)
		set.gpr[i] = 0x0101010101010101 * (i + 1);
	set.rip = 0xffff800000001234;
	set.rflags = 0x246;
	set.cr2 = 0x123456789abc;
	set.cr8 = 5;
	for (i = 0; i < 4; i++)
		set.dr[i] = 0x1000 * (i + 1);
	set.gdt_base = 0xffff888000000000;
	set.idt_base = 0xffff888000001000;
	set.gdt_limit = 0x7f;
	set.idt_limit = 0xfff;
	set.interruptibility = 1;
	for (i = 0; i < AXVM_X86_LDTR; i++)
		set.seg[i].selector = 8 * (i + 1);
	set.seg[AXVM_X86_FS].base = 0x7f0000000000;
	vm_set_regs(&vm, &set);
	vm_get_regs(&vm, &got);
	for (i = 0; i < sizeof(set) / 8; i++)
		if (((uint64_t *)&set)[i] != ((uint64_t *)&got)[i])
			check_failed(__FILE__, __LINE__, "word %u: %#llx, set %#llx", i,
				     (unsigned long long)((uint64_t *)&got)[i],
				     (unsigned long long)((uint64_t *)&set)[i]);
}
