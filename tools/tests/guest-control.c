// SPDX-License-Identifier: GPL-2.0
/*
 * A running guest and the calls from outside: interrupts, suspend, resume, stop, signals,
 * devices that come and go.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

static struct vm vm;

/* --- interrupts ------------------------------------------------------------------------------ */

/*
 * Switches its local APIC on, then sleeps; each interrupt counts in word 0 and is ended by
 * an EOI. Word 1 counts how often HLT was left.
 */
BLOB(sleeper, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	sti\n"
	"1:	hlt\n"
	"	incl	0x8004\n"
	"	jmp	1b\n"
	"	.org	sleeper_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

/* A HLT that has been counted is over for the guest: the next interrupt leaves it. */
static void wait_for_halt(uint64_t nr)
{
	unsigned int i;

	for (i = 0; i < 20000 && vm_count(&vm, "halts") < nr; i++)
		sleep_ms(1);
	CHECK(vm_count(&vm, "halts") >= nr);
}

static void start_sleeper(void)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &sleeper);
	vm_start_thread(&vm);
	wait_for_halt(1);
}

static void stop(void)
{
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_join_thread(&vm);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_STOPPED);
}

TEST(guest, an_injected_interrupt_wakes_a_sleeper)
{
	uint32_t i;

	start_sleeper();
	for (i = 1; i <= 100; i++) {
		vm_inject(&vm, 0x30 + i);
		CHECK(wait_for(vm_word(&vm, 0), i));
		/* Else the next may come while it still handles this one, and wakes nobody. */
		wait_for_halt(i + 1);
	}
	sleep_ms(20);
	CHECK_EQ(*vm_word(&vm, 0), 100);
	CHECK_EQ(*vm_word(&vm, 1), 100);
	stop();
}

/* The same vector again before the guest has seen it is one interrupt, as in an IRR. */
TEST(guest, interrupts_of_one_vector_are_one)
{
	start_sleeper();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
	vm_inject(&vm, 0x40);
	vm_inject(&vm, 0x40);
	vm_inject(&vm, 0x41);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESUME, 0));
	CHECK(wait_for(vm_word(&vm, 0), 2));
	sleep_ms(20);
	CHECK_EQ(*vm_word(&vm, 0), 2);
	stop();
}

/* A spinning guest is interrupted too. */
BLOB(spinner, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	sti\n"
	"1:	incl	0x8004\n"
	"	jmp	1b\n"
	"	.org	spinner_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

TEST(guest, an_injected_interrupt_reaches_a_spinner)
{
	uint32_t i;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &spinner);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 1), 100));
	for (i = 1; i <= 100; i++) {
		vm_inject(&vm, 0x40);
		CHECK(wait_for(vm_word(&vm, 0), i));
	}
	stop();
}

/* IOAPIC input 5 to vector 0x45, level-triggered, and the handler counts */
BLOB(line_user, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0x1a, 0xfec00000\n"
	"	movl	$0x8045, 0xfec00010\n"
	"	movl	$0x1b, 0xfec00000\n"
	"	movl	$0, 0xfec00010\n"
	"	sti\n"
	"1:	hlt\n"
	"	incl	0x8004\n"
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

TEST(guest, a_level_stays_until_it_is_lowered)
{
	uint32_t count;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &line_user);
	vm_start_thread(&vm);
	wait_for_halt(1);
	CHECK_EQ(*vm_word(&vm, 0), 0);
	line(AXVM_IRQ_RAISE);
	/* It comes again after each EOI. */
	CHECK(wait_for(vm_word(&vm, 0), 20));
	line(AXVM_IRQ_LOWER);
	sleep_ms(20);
	count = *vm_word(&vm, 0);
	sleep_ms(50);
	CHECK_EQ(*vm_word(&vm, 0), count);
	line(AXVM_IRQ_PULSE);
	stop();
}

/* While it sleeps, a vCPU costs nothing. */
TEST(guest, a_sleeper_takes_no_time)
{
	struct timespec before, after;
	clockid_t clock;
	long ns;

	start_sleeper();
	CHECK_EQ(pthread_getcpuclockid(vm.thread, &clock), 0);
	clock_gettime(clock, &before);
	sleep_ms(500);
	clock_gettime(clock, &after);
	ns = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
	CHECK(ns < 10000000);
	CHECK_EQ(vm_count(&vm, "halts"), 1);
	stop();
}

/* --- states ------------------------------------------------------------------------------------ */

BLOB(counter, 64, "1: incl 0x8000\n jmp 1b\n");

static void start_counter(void)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &counter);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 0), 1));
}

TEST(guest, a_spinning_guest_is_suspended_and_resumed)
{
	uint32_t count;
	int i;

	start_counter();
	for (i = 0; i < 20; i++) {
		CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
		count = *vm_word(&vm, 0);
		sleep_ms(5);
		CHECK_EQ(*vm_word(&vm, 0), count);
		CHECK_OK(ioctl(vm.fd, AXVM_VM_RESUME, 0));
		CHECK(wait_for(vm_word(&vm, 0), count + 1));
	}
	stop();
}

TEST(guest, a_suspended_guest_is_stopped)
{
	start_counter();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
	stop();
}

TEST(guest, a_sleeping_guest_is_suspended_and_stopped)
{
	start_sleeper();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESUME, 0));
	vm_inject(&vm, 0x40);
	CHECK(wait_for(vm_word(&vm, 0), 1));
	stop();
}

/* From Stopped a guest starts again, with registers as at power-on, as often as one likes. */
TEST(guest, a_stopped_guest_boots_again)
{
	uint32_t count = 0;
	int i;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	for (i = 0; i < 20; i++) {
		vm_load(&vm, GUEST_PAGED, &counter);
		vm_start_thread(&vm);
		CHECK(wait_for(vm_word(&vm, 0), count + 1));
		stop();
		count = *vm_word(&vm, 0);
		CHECK_OK(ioctl(vm.fd, AXVM_VM_RESET, 0));
	}
}

/* --- signals ------------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void on_signal_leave(int number)
{
	(void)number;
	vm.run->immediate_exit = 1;
}

static void catch_alarm(void (*handler)(int), unsigned int ms)
{
	struct sigaction action = { .sa_handler = handler };
	struct itimerspec when = { .it_value.tv_nsec = ms * 1000000L };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;

	sigaction(SIGUSR1, &action, NULL);
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	CHECK_OK(timer_settime(timer, 0, &when, NULL));
}

static void boot_counter(void)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &counter);
	vm_boot(&vm);
}

TEST(guest, a_signal_leaves_a_spinning_guest)
{
	uint32_t count;

	boot_counter();
	catch_alarm(on_signal, 30);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(signals, 1);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_INTR);
	count = *vm_word(&vm, 0);
	CHECK(count > 0);
	/* And it goes on where it was. */
	catch_alarm(on_signal, 30);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK(*vm_word(&vm, 0) > count);
}

TEST(guest, a_signal_leaves_a_sleeping_guest)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &sleeper);
	vm_boot(&vm);
	catch_alarm(on_signal, 100);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(signals, 1);
	/* It still sleeps: no interrupt came. */
	CHECK_EQ(*vm_word(&vm, 1), 0);
	catch_alarm(on_signal, 100);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(*vm_word(&vm, 1), 0);
	vm_inject(&vm, 0x40);
	catch_alarm(on_signal, 100);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(*vm_word(&vm, 0), 1);
	CHECK_EQ(*vm_word(&vm, 1), 1);
}

TEST(guest, a_signal_leaves_a_suspended_guest)
{
	boot_counter();
	CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
	catch_alarm(on_signal, 50);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(*vm_word(&vm, 0), 0);
}

TEST(guest, immediate_exit_keeps_the_guest_out)
{
	boot_counter();
	vm.run->immediate_exit = 1;
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_INTR);
	CHECK_EQ(*vm_word(&vm, 0), 0);
	/* Set by a signal handler, which may run at any moment before or in the call */
	vm.run->immediate_exit = 0;
	catch_alarm(on_signal_leave, 20);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
	CHECK(*vm_word(&vm, 0) > 0);
	CHECK_ERR(ioctl(vm.vcpu, AXVM_VCPU_RUN, 0), EINTR);
}

/* --- devices that come and go ------------------------------------------------------------------------ */

BLOB(port_reader, 64,
	"	mov	$0x300, %edx\n"
	"1:	in	%dx, %eax\n"
	"	mov	%eax, 0x8000\n"
	"	incl	0x8004\n"
	"	jmp	1b\n");

TEST(guest, devices_come_and_go_under_the_guest)
{
	struct axvm_device_ref ref = { .size = sizeof(ref) };
	uint32_t *count;
	int i;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load(&vm, GUEST_PAGED, &port_reader);
	vm_start_thread(&vm);
	count = vm_word(&vm, 1);
	CHECK(wait_for(count, 1));
	for (i = 0; i < count_of(50, 2000); i++) {
		ref.id = vm_add_device(&vm, AXVM_DEV_DEBUG_EXIT, 0x300, 4, 0);
		CHECK(wait_for(count, *count + 3));
		CHECK_EQ(*vm_word(&vm, 0), 0);
		CHECK_OK(ioctl(vm.fd, AXVM_VM_REMOVE_DEVICE, &ref));
		CHECK(wait_for(count, *count + 3));
		CHECK_EQ(*vm_word(&vm, 0), ~0U);
	}
	stop();
}

/* --- the local APIC's timer ------------------------------------------------------------------------------ */

/* One shot after another: vector 0x50, divided by 1, so many nanoseconds */
BLOB(timer_user, 32,
	"	movl	$0x1ff, 0xfee000f0\n"
	"	movl	$0xb, 0xfee003e0\n"
	"	movl	$0x50, 0xfee00320\n"
	"1:	cli\n"
	"	movl	$2000000, 0xfee00380\n"
	"	sti\n"	/* takes effect with the HLT: on a slow machine the time may be over before it */
	"	hlt\n"
	"	incl	0x8004\n"
	"	jmp	1b\n"
	"	.org	timer_user_start + 0x100\n"
	"	incl	0x8000\n"
	"	movl	$0, 0xfee000b0\n"
	"	iret\n");

TEST(guest, its_timer_wakes_a_sleeper)
{
	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	vm_load_interruptible(&vm, &timer_user);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 0), 20));
	stop();
	CHECK(*vm_word(&vm, 0) - *vm_word(&vm, 1) <= 1);
}
