// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware help for the local APIC (vmx/apicv.c): the guest sees the same at each level, and
 * what it does exits only as the level in use says. Exits are counted by the module, by reason.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"

static struct vm vm;

/* The level in use: what was asked for, or the best that this CPU has */
static int level(void)
{
	FILE *file = fopen("/sys/module/axvm/parameters/apicv", "r");
	int value = -1;

	if (!file || fscanf(file, "%d", &value) != 1)
		die("/sys/module/axvm/parameters/apicv");
	fclose(file);
	return value;
}

/* A number of exits at level 0, 1, and 2 or more; FEW may come where none are counted on */
#define MANY	100
#define FEW	10

static void check_exits(const char *what, const int wanted[3])
{
	unsigned long long count = vm_count(&vm, what);
	int now = level() < 2 ? level() : 2;

	if (wanted[now] ? count < (unsigned int)wanted[now] : count > FEW)
		check_failed(__FILE__, __LINE__, "%s: %llu at level %d", what, count, now);
}

static void stop(void)
{
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_join_thread(&vm);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_STOPPED);
}

/* --- accesses ------------------------------------------------------------------------------- */

/* Word 0 counts rounds in which all that was read was right. */
BLOB(xapic, 64,
	"	mov	$0xfee00000, %ebx\n"
	"	movl	$0x1ff, 0xf0(%rbx)\n"
	"	mov	$100, %esi\n"
	"1:	movl	$0x20, 0x80(%rbx)\n"
	"	cmpl	$0x20, 0x80(%rbx)\n"
	"	jne	2f\n"
	"	mov	$3, %eax\n"
	"	mov	%rax, %cr8\n"
	"	mov	%cr8, %rdx\n"
	"	cmp	%eax, %edx\n"
	"	jne	2f\n"
	"	cmpl	$0x30, 0x80(%rbx)\n"
	"	jne	2f\n"
	"	cmpl	$0x30, 0xa0(%rbx)\n"	/* PPR */
	"	jne	2f\n"
	"	cmpl	$0x50014, 0x30(%rbx)\n"
	"	jne	2f\n"
	"	cmpl	$0, 0x100(%rbx)\n"
	"	jne	2f\n"
	"	movl	$0, 0xb0(%rbx)\n"
	"	movl	$0xffffffff, 0x20(%rbx)\n"	/* read-only */
	"	cmpl	$0, 0x20(%rbx)\n"
	"	jne	2f\n"
	"	movl	$0xffffffff, 0xe0(%rbx)\n"	/* DFR: bits 27:0 are fixed */
	"	movl	$0x0fffffff, 0xe0(%rbx)\n"
	"	cmpl	$0x0fffffff, 0xe0(%rbx)\n"
	"	jne	2f\n"
	"	incl	0x8000\n"
	"2:	dec	%esi\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n");

TEST(apicv, xapic_accesses)
{
	static const int cr[] = { 2 * MANY, 0, 0 }, ept[] = { 5 * MANY, 0, 0 };
	static const int apic[] = { 0, 4 * MANY, MANY }, write[] = { 0, 0, 3 * MANY };

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &xapic);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	CHECK_EQ(*vm_word(&vm, 0), 100);
	check_exits("vmx-CR_ACCESS", cr);
	check_exits("vmx-EPT_VIOLATION", ept);
	/* At level 2 only PPR, which no hardware virtualises, needs decoding. */
	check_exits("vmx-APIC_ACCESS", apic);
	check_exits("vmx-APIC_WRITE", write);
}

/* The same by MSRs; afterwards, the page of memory is nobody's. */
BLOB(x2apic, 64,
	"	mov	$0xfee00000, %ebx\n"
	"	movl	$0x1ff, 0xf0(%rbx)\n"
	"	mov	$0x1b, %ecx\n"
	"	rdmsr\n"
	"	or	$0x400, %eax\n"
	"	wrmsr\n"
	"	mov	$100, %esi\n"
	"1:	mov	$0x808, %ecx\n"
	"	mov	$0x20, %eax\n"
	"	xor	%edx, %edx\n"
	"	wrmsr\n"
	"	mov	%cr8, %rax\n"
	"	cmp	$2, %eax\n"
	"	jne	2f\n"
	"	mov	$0x80a, %ecx\n"
	"	rdmsr\n"
	"	cmp	$0x20, %eax\n"
	"	jne	2f\n"
	"	mov	$0x803, %ecx\n"
	"	rdmsr\n"
	"	cmp	$0x50014, %eax\n"
	"	jne	2f\n"
	"	mov	$0x80d, %ecx\n"		/* LDR */
	"	rdmsr\n"
	"	cmp	$1, %eax\n"
	"	jne	2f\n"
	"	mov	$0x80b, %ecx\n"
	"	xor	%eax, %eax\n"
	"	xor	%edx, %edx\n"
	"	wrmsr\n"
	"	cmpl	$0xffffffff, 0x30(%rbx)\n"
	"	jne	2f\n"
	"	incl	0x8000\n"
	"2:	dec	%esi\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n");

TEST(apicv, x2apic_accesses)
{
	static const int write[] = { 2 * MANY, MANY, 0 }, read[] = { 3 * MANY, 3 * MANY, 0 };

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &x2apic);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	CHECK_EQ(*vm_word(&vm, 0), 100);
	check_exits("vmx-MSR_WRITE", write);
	check_exits("vmx-MSR_READ", read);
}

/* --- interrupts ----------------------------------------------------------------------------- */

/* 100 interrupts to itself, each taken before the next instruction but one */
BLOB(self, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	sti\n"
	"	mov	$100, %esi\n"
	"1:	mov	0x8000, %edi\n"
	"	movl	$0x40041, 0xfee00300\n"
	"	inc	%edi\n"
	"	nop\n"
	"	cmp	%edi, 0x8000\n"
	"	je	2f\n"
	"	incl	0x8004\n"
	"2:	dec	%esi\n"
	"	jnz	1b\n"
	"	out	%al, $0xf4\n"
	"	.org	self_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

TEST(apicv, interrupts_to_itself)
{
	static const int write[] = { 0, 0, 0 }, apic[] = { 0, 2 * MANY, 0 };

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &self);
	vm_boot(&vm);
	CHECK_EQ(vm_run(&vm), AXVM_EXIT_STOPPED);
	CHECK_EQ(*vm_word(&vm, 0), 100);
	CHECK_EQ(*vm_word(&vm, 1), 0);
	check_exits("vmx-APIC_WRITE", write);
	check_exits("vmx-APIC_ACCESS", apic);
}

/*
 * TPR keeps back what is injected until word 2 is set; word 3 is what had come before it
 * was lowered, word 4 after.
 */
BLOB(patient, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x50, 0xfee00080\n"
	"	sti\n"
	"	movl	$1, 0x8004\n"
	"1:	cmpl	$1, 0x8008\n"
	"	jne	1b\n"
	"	mov	0x8000, %eax\n"
	"	mov	%eax, 0x800c\n"
	"	movl	$0, 0xfee00080\n"
	"	nop\n"
	"	mov	0x8000, %eax\n"
	"	mov	%eax, 0x8010\n"
	"	movl	$1, 0x8014\n"
	"2:	hlt\n"
	"	jmp	2b\n"
	"	.org	patient_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

TEST(apicv, tpr_keeps_back)
{
	uint64_t below;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &patient);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 1), 1));
	vm_inject(&vm, 0x40);
	vm_inject(&vm, 0x30);
	/* Above TPR: this one comes at once. */
	vm_inject(&vm, 0x60);
	CHECK(wait_for(vm_word(&vm, 0), 1));
	sleep_ms(5);
	__atomic_store_n(vm_word(&vm, 2), 1, __ATOMIC_SEQ_CST);
	CHECK(wait_for(vm_word(&vm, 5), 1));
	CHECK_EQ(*vm_word(&vm, 3), 1);
	CHECK_EQ(*vm_word(&vm, 4), 3);
	below = vm_count(&vm, "vmx-TPR_BELOW_THRESHOLD");
	CHECK_EQ(below > 0, level() == 1);
	stop();
}

/* IOAPIC input 5 to vector 0x45, level-triggered: it comes again after each EOI */
BLOB(line_user, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x8045, 0xfec00010\n"
	"	movl	$0x1b, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	sti\n"
	"1:	hlt\n"
	"	jmp	1b\n"
	"	.org	line_user_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

static void line(uint32_t op)
{
	struct axvm_irq_line arg = { .size = sizeof(arg), .irq = 5, .op = op };

	CHECK_OK(ioctl(vm.fd, AXVM_VM_IRQ_LINE, &arg));
}

/* Only level-triggered ones end with an exit. */
TEST(apicv, ends_of_interrupts)
{
	static const int some[] = { 0, 0, 20 };
	uint32_t count;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &line_user);
	vm_start_thread(&vm);
	while (!vm_count(&vm, "halts"))
		sleep_ms(1);
	for (count = 1; count <= 50; count++) {
		vm_inject(&vm, 0x30 + count % 16);
		CHECK(wait_for(vm_word(&vm, 0), count));
	}
	CHECK_EQ(vm_count(&vm, "vmx-EOI_INDUCED"), 0);
	line(AXVM_IRQ_RAISE);
	CHECK(wait_for(vm_word(&vm, 0), 50 + 20));
	line(AXVM_IRQ_LOWER);
	sleep_ms(20);
	count = *vm_word(&vm, 0);
	sleep_ms(50);
	CHECK_EQ(*vm_word(&vm, 0), count);
	check_exits("vmx-EOI_INDUCED", some);
	stop();
}

/* Word 0 counts interrupts; the guest never stops running. */
BLOB(busy, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x8045, 0xfec00010\n"
	"	movl	$0x1b, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	sti\n"
	"	movl	$1, 0x8004\n"
	"1:	jmp	1b\n"
	"	.org	busy_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

static void stay_on(pthread_t thread, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	errno = pthread_setaffinity_np(thread, sizeof(set), &set);
	if (errno)
		die("pthread_setaffinity_np");
}

/* As wait_for(), without the clock's interrupts that sleeping takes. */
static bool spin_for(const uint32_t *value, uint32_t at_least)
{
	time_t end = time(NULL) + 20;

	while (__atomic_load_n(value, __ATOMIC_RELAXED) < at_least)
		if (time(NULL) > end)
			return false;
	return true;
}

#define EDGES	200

/* From CPU 0 into a guest on CPU 1. The level between them needs its EOI's exit all the same. */
TEST(apicv, edges_from_another_cpu)
{
	uint64_t exits, kicks;
	uint32_t count;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &busy);
	vm_start_thread(&vm);
	stay_on(vm.thread, 1);
	stay_on(pthread_self(), 0);
	CHECK(wait_for(vm_word(&vm, 1), 1));
	exits = vm_count(&vm, "vmx-EXTERNAL_INTERRUPT");
	kicks = vm_count(&vm, "kicks");
	for (count = 1; count <= EDGES; count++) {
		vm_inject(&vm, 0x30 + count % 16);
		CHECK(spin_for(vm_word(&vm, 0), count));
	}
	exits = vm_count(&vm, "vmx-EXTERNAL_INTERRUPT") - exits;
	printf("%u edges: %llu exits\n", EDGES, (unsigned long long)exits);
	if (level() < 3) {
		/* Without a kick it comes with the next tick of the clock, which is an exit, too. */
		CHECK(exits >= EDGES / 2);
		CHECK(vm_count(&vm, "kicks") - kicks >= EDGES / 2);
	} else {
		CHECK(exits < EDGES / 2);
		CHECK(vm_count(&vm, "apicv-notified") >= EDGES / 2);
	}

	line(AXVM_IRQ_RAISE);
	vm_inject(&vm, 0x31);
	CHECK(wait_for(vm_word(&vm, 0), EDGES + 20));
	line(AXVM_IRQ_LOWER);
	sleep_ms(20);
	count = *vm_word(&vm, 0);
	vm_inject(&vm, 0x32);
	CHECK(wait_for(vm_word(&vm, 0), count + 1));
	sleep_ms(50);
	CHECK_EQ(*vm_word(&vm, 0), count + 1);
	stop();
}

/* --- the page of the accesses --------------------------------------------------------------- */

BLOB(reader, 32,
	"1:	mov	0xfee00030, %eax\n"
	"	mov	%eax, 0x8000\n"
	"	jmp	1b\n");

static bool wait_until(uint32_t value)
{
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		if (__atomic_load_n(vm_word(&vm, 0), __ATOMIC_RELAXED) == value)
			return true;
		sleep_ms(1);
	}
	return false;
}

/* Memory lies before the APIC, as before any device, and goes again, under the guest. */
TEST(apicv, memory_over_the_apic)
{
	uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	unsigned int i;

	if (page == MAP_FAILED)
		die("a page");
	page[0x30 / 4] = 0x12345678;
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &reader);
	vm_start_thread(&vm);
	for (i = 0; i < 3; i++) {
		CHECK(wait_until(0x50014));
		vm_set_slot(&vm, 5, 0, 0xfee00000, page, 4096);
		CHECK(wait_until(0x12345678));
		vm_set_slot(&vm, 5, 0, 0, NULL, 0);
	}
	CHECK(wait_until(0x50014));
	stop();
}
