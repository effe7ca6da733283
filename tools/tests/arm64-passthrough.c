// SPDX-License-Identifier: GPL-2.0
/*
 * Pass-through on arm64: the machine's PL031 (ARM DDI 0224), a clock whose alarm is a level. The
 * host has a driver for it, which passthrough.sh takes away from it and gives it back.
 */
#include <fcntl.h>
#include <linux/rtc.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "passthrough.h"

#define RTC_HOST	0x09010000UL
#define RTC_GUEST	0x70001000UL
#define RTC_SPI		34		/* INTID; the guest has it as another one */
#define RTC_LINE	40

const struct pass_refusal pass_family_refusals[] = {
	{ "the distributor", PASS_GUEST, 0x08000000, 0x1000, AXVM_PASS_MAPPED, EPERM },
	{ "the last page of the redistributors", PASS_GUEST, 0x080bf000, 0x1000,
	  AXVM_PASS_MAPPED, EPERM },
	{ "the ITS", PASS_GUEST, 0x08080000, 0x1000, 0, EPERM },
	{ "all of the GIC", PASS_GUEST, 0x07ff0000, 0x200000, AXVM_PASS_MAPPED, EPERM },
	{ "ports", 0x1000, 0x1000, 8, AXVM_PASS_PORTS, EINVAL },
	{ NULL }
};

#define REGISTERS								\
	"	movz	x19, #0x7000, lsl #16\n"				\
	"	movz	x20, #0x4000, lsl #16\n"				\
	"	add	x20, x20, #8, lsl #12\n"				\
	"	movz	x24, #0x0903, lsl #16\n"
#define EXIT	"	str	wzr, [x24]\n	b	.\n"

BLOB(touch,
	REGISTERS
	"	ldr	w0, [x19, #0x400]\n	str	w0, [x20]\n"
	"	mov	w0, #0xa5\n"
	"	str	w0, [x19, #0x400]\n"
	"	ldr	w0, [x19, #0x400]\n	str	w0, [x20, #4]\n"
	EXIT);

/* An access to a device costs the emulator as much as thousands of instructions: not too many. */
#define PAUSE									\
	"	mov	w2, #0x400\n"						\
	"9:	subs	w2, w2, #1\n"						\
	"	b.ne	9b\n"

BLOB(wait_gone,
	REGISTERS
	"	mov	w1, #0\n"
	"1:\n" PAUSE
	"	ldr	w0, [x19, #0x400]\n"
	"	cmn	w0, #1\n"
	"	b.eq	1b\n"
	"2:	add	w1, w1, #1\n"
	"	str	w1, [x20]\n"
	PAUSE
	"	ldr	w0, [x19, #0x400]\n"
	"	cmn	w0, #1\n"
	"	b.ne	2b\n"
	EXIT);

const struct blob *const pass_touch = &touch;
const struct blob *const pass_wait = &wait_gone;

static struct vm vm;

/**
 * pass_add_devices() - what the guests need
 * @v: the VM
 */
void pass_add_devices(struct vm *v)
{
	vm_add_board_devices(v);
}

/* --- an interrupt ---------------------------------------------------------------------- */

/* X25: the PL031; line 40 enabled, the vectors at label 9 */
#define CLOCK_AND_GIC								\
	"	movz	x25, #0x7000, lsl #16\n"				\
	"	add	x25, x25, #1, lsl #12\n"				\
	"	adr	x1, 9f\n"						\
	"	msr	vbar_el1, x1\n"					\
	"	mov	x1, #7\n"						\
	"	msr	S3_0_C12_C12_5, x1\n"		/* ICC_SRE_EL1 */	\
	"	isb\n"								\
	"	mov	x1, #0xff\n"						\
	"	msr	S3_0_C4_C6_0, x1\n"		/* ICC_PMR_EL1 */	\
	"	mov	x1, #1\n"						\
	"	msr	S3_0_C12_C12_7, x1\n"		/* ICC_IGRPEN1_EL1 */	\
	"	isb\n"								\
	"	movz	x3, #0x080a, lsl #16\n"				\
	"	str	wzr, [x3, #0x14]\n"		/* GICR_WAKER */	\
	"	movz	x3, #0x0800, lsl #16\n"				\
	"	mov	w4, #2\n"						\
	"	str	w4, [x3]\n"			/* GICD_CTLR: Group 1 */ \
	"	mov	w4, #0x100\n"						\
	"	str	w4, [x3, #0x104]\n"		/* GICD_ISENABLER1: 40 */

/*
 * Alarms one second ahead, as many as data[16] says. The handler quiets the clock when it comes
 * for the second time: so each alarm comes twice, the second time because the level is up still
 * when the first has ended.
 */
BLOB(alarms,
	REGISTERS
	CLOCK_AND_GIC
	"	mov	w5, #0\n"
	"	ldr	w6, [x20, #64]\n"
	"1:	add	w5, w5, #2\n"
	"	ldr	w0, [x25]\n"			/* RTCDR */
	"	add	w0, w0, #1\n"
	"	str	w0, [x25, #4]\n"		/* RTCMR */
	"	mov	w0, #1\n"
	"	str	w0, [x25, #0x10]\n"		/* RTCIMSC */
	"2:	msr	daifset, #2\n"
	"	ldr	w0, [x20]\n"
	"	cmp	w0, w5\n"
	"	b.hs	3f\n"
	"	wfi\n"
	"	msr	daifclr, #2\n"
	"	isb\n"
	"	b	2b\n"
	"3:	subs	w6, w6, #1\n"
	"	b.ne	1b\n"
	"	msr	daifclr, #2\n"			/* does another one come? */
	"	isb\n"
	"	mov	x0, #0x100000\n"
	"4:	subs	x0, x0, #1\n"
	"	b.ne	4b\n"
	"	msr	daifset, #2\n"
	EXIT
	"	.skip	0x800 - (. - alarms_start)\n"
	"9:	.skip	0x280\n"
	"	mrs	x10, S3_0_C12_C12_0\n"		/* ICC_IAR1_EL1 */
	"	cmp	x10, #1020\n"
	"	b.hs	6f\n"
	"	str	w10, [x20, #8]\n"
	"	ldr	w11, [x20]\n"
	"	add	w11, w11, #1\n"
	"	str	w11, [x20]\n"
	"	tbnz	w11, #0, 5f\n"
	"	mov	w12, #1\n"
	"	str	w12, [x25, #0x1c]\n"		/* RTCICR */
	"	ldr	w12, [x25, #0x14]\n"		/* RTCRIS */
	"5:	msr	S3_0_C12_C12_1, x10\n"		/* ICC_EOIR1_EL1 */
	"	isb\n"
	"6:	eret\n");

static int pass_clock(struct vm *v, uint32_t flags, struct axvm_pass_through *arg)
{
	*arg = (struct axvm_pass_through){
		.flags = AXVM_PASS_IRQ | flags, .base = RTC_GUEST, .host = RTC_HOST,
		.length = 0x1000, .irq = RTC_LINE, .host_irq = host_irq("GIC", RTC_SPI),
	};
	return pass(v, arg);
}

/* Does the guest end interrupts of the host by itself from now on? */
static void set_linked(bool on)
{
	FILE *file = fopen("/sys/module/axvm/parameters/link_irqs", "w");

	if (!file || fputs(on ? "1" : "0", file) < 0 || fclose(file))
		die("axvm's parameter link_irqs");
}

/* Which way the interrupts of the passed device go, and how many came */
static unsigned long long count_of_way(const char *way)
{
	unsigned long long count = 0;
	char path[64], line[128], is[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/axvm/%u/interrupts", vm.id);
	file = fopen(path, "r");
	if (!file)
		die("%s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "passed ", 7))
			sscanf(line, "%*s %*u %*u %15s %llu", is, &count);
	fclose(file);
	if (strcmp(is, way))
		check_failed(__FILE__, __LINE__, "the interrupt is %s, not %s", is, way);
	return count;
}

static void alarms_with(uint32_t flags, bool linked)
{
	struct axvm_pass_through arg, again;
	unsigned long long r, w;

	set_linked(linked);
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &alarms);
	*vm_word(&vm, 16) = 3;
	CHECK_OK(pass_clock(&vm, flags, &arg));
	CHECK_ERR(pass_clock(&vm, flags, &again), EEXIST);
	set_linked(true);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 0), 6);
	CHECK_EQ(count_of_way(linked ? "linked" : "masked"), 6);
	CHECK_EQ(*vm_word(&vm, 2), RTC_LINE);
	pass_accesses(&vm, "passed", &r, &w);
	CHECK_EQ(r, flags & AXVM_PASS_MAPPED ? 0 : 6);
	CHECK_EQ(w, flags & AXVM_PASS_MAPPED ? 0 : 9);
	CHECK_OK(pass_remove(&vm, arg.id));
	CHECK_OK(pass_clock(&vm, flags, &arg));
	vm_destroy(&vm);
}

/*
 * The VM ends in the handler, the alarm up: what comes later shows that the host has the
 * interrupt again.
 */
BLOB(unended,
	REGISTERS
	CLOCK_AND_GIC
	"	ldr	w0, [x25]\n"
	"	str	w0, [x25, #4]\n"
	"	mov	w0, #1\n"
	"	str	w0, [x25, #0x10]\n"
	"	msr	daifclr, #2\n"
	"	b	.\n"
	"	.skip	0x800 - (. - unended_start)\n"
	"9:	.skip	0x280\n"
	"	mrs	x10, S3_0_C12_C12_0\n"
	"	str	w10, [x20, #8]\n"
	EXIT);

TEST(passthrough_clock, an_end_in_the_handler)
{
	struct axvm_pass_through arg;

	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &unended);
	CHECK_OK(pass_clock(&vm, AXVM_PASS_MAPPED, &arg));
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK_EQ(*vm_word(&vm, 2), RTC_LINE);
	CHECK_EQ(count_of_way("linked"), 1);
	vm_destroy(&vm);
}

TEST(passthrough_clock, mapped_alarms_are_levels)
{
	alarms_with(AXVM_PASS_MAPPED, true);
}

TEST(passthrough_clock, routed_alarms_are_levels)
{
	alarms_with(0, true);
}

TEST(passthrough_clock, masked_alarms_are_levels)
{
	alarms_with(AXVM_PASS_MAPPED, false);
}

/*
 * As many alarms as data[16] says, each as soon as the one before is over: an alarm at the
 * time that it is comes at once. Nothing else makes an exit. data[3]: ticks that it took
 */
BLOB(quick,
	REGISTERS
	CLOCK_AND_GIC
	"	mov	w5, #0\n"
	"	ldr	w6, [x20, #64]\n"
	"	mov	w0, #1\n"
	"	str	w0, [x25, #0x10]\n"		/* RTCIMSC */
	"	mrs	x7, cntvct_el0\n"
	"	msr	daifclr, #2\n"
	"1:	add	w5, w5, #1\n"
	"2:	ldr	w0, [x25]\n"			/* RTCDR */
	"	str	w0, [x25, #4]\n"		/* RTCMR */
	"	ldr	w1, [x25]\n"			/* a second has passed in between: again */
	"	cmp	w0, w1\n"
	"	b.ne	2b\n"
	"3:	ldr	w0, [x20]\n"
	"	cmp	w0, w5\n"
	"	b.lo	3b\n"
	"	cmp	w5, w6\n"
	"	b.lo	1b\n"
	"	msr	daifset, #2\n"
	"	mrs	x8, cntvct_el0\n"
	"	sub	x8, x8, x7\n"
	"	str	w8, [x20, #12]\n"
	EXIT
	"	.skip	0x800 - (. - quick_start)\n"
	"9:	.skip	0x280\n"
	"	mrs	x10, S3_0_C12_C12_0\n"		/* ICC_IAR1_EL1 */
	"	cmp	x10, #1020\n"
	"	b.hs	6f\n"
	"	ldr	w11, [x20]\n"
	"	add	w11, w11, #1\n"
	"	str	w11, [x20]\n"
	"	mov	w12, #1\n"
	"	str	w12, [x25, #0x1c]\n"		/* RTCICR */
	"	ldr	w12, [x25, #0x14]\n"		/* RTCRIS */
	"	msr	S3_0_C12_C12_1, x10\n"		/* ICC_EOIR1_EL1 */
	"	isb\n"
	"6:	eret\n");

#define QUICK	200

static void send_to_cpus(int irq, const char *mask)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity", irq);
	file = fopen(path, "w");
	if (!file || fputs(mask, file) < 0 || fclose(file))
		die("%s", path);
}

/* This thread, and the interrupt, on CPU 0: from another one a guest is ended by an IPI. */
static void stay_together(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CHECK_OK(sched_setaffinity(0, sizeof(cpus), &cpus));
	send_to_cpus(host_irq("GIC", RTC_SPI), "1");
}

/* Exits of a guest that takes QUICK interrupts */
static unsigned long long quick_exits(bool linked)
{
	struct axvm_pass_through arg;
	unsigned long long exits;

	set_linked(linked);
	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &quick);
	*vm_word(&vm, 16) = QUICK;
	CHECK_OK(pass_clock(&vm, AXVM_PASS_MAPPED, &arg));
	set_linked(true);
	vm_boot(&vm);
	vm_finish(&vm);
	CHECK(*vm_word(&vm, 0) >= QUICK);
	CHECK(count_of_way(linked ? "linked" : "masked") >= QUICK);
	exits = vm_count(&vm, "exits");
	printf("%s: %u interrupts, %llu exits, %u ticks each\n", linked ? "linked" : "masked", QUICK,
	       exits, *vm_word(&vm, 3) / QUICK);
	vm_destroy(&vm);
	return exits;
}

/* The interrupt itself ends the guest, once; that the guest ends it does not. */
TEST(passthrough_clock, an_end_is_no_exit)
{
	unsigned long long linked, masked;

	stay_together();
	linked = quick_exits(true);
	masked = quick_exits(false);
	CHECK(linked >= QUICK);
	CHECK(linked < QUICK + QUICK / 2);
	CHECK(masked >= 2 * QUICK);
}

/* None is lost while it is sent here and there. */
TEST(passthrough_clock, an_interrupt_that_moves)
{
	struct axvm_pass_through arg;
	int i = 0;

	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &quick);
	*vm_word(&vm, 16) = count_of(QUICK, 10 * QUICK);
	CHECK_OK(pass_clock(&vm, AXVM_PASS_MAPPED, &arg));
	vm_start_thread(&vm);
	while (!__atomic_load_n(vm_word(&vm, 3), __ATOMIC_RELAXED)) {
		send_to_cpus(arg.host_irq, i++ & 1 ? "1" : "2");
		usleep(100);
		if (i == 100000)
			die("%u interrupts, and then none", *vm_word(&vm, 0));
	}
	vm_join_thread(&vm);
	vm_finish(&vm);
	CHECK(*vm_word(&vm, 0) >= *vm_word(&vm, 16));
	count_of_way("linked");
	vm_destroy(&vm);
}

/* The VM ends with the alarm up, and nobody quiets it: passthrough.sh looks what the host finds. */
BLOB(loud,
	REGISTERS
	"	movz	x25, #0x7000, lsl #16\n"
	"	add	x25, x25, #1, lsl #12\n"
	"	ldr	w0, [x25]\n"
	"	str	w0, [x25, #4]\n"
	"	mov	w0, #1\n"
	"	str	w0, [x25, #0x10]\n"
	"1:	ldr	w0, [x25, #0x18]\n"		/* RTCMIS */
	"	cbz	w0, 1b\n"
	EXIT);

TEST(passthrough_clock, an_end_with_the_alarm_up)
{
	struct axvm_pass_through arg;

	vm_create(&vm, 0);
	pass_add_devices(&vm);
	vm_load(&vm, GUEST_FLAT, &loud);
	CHECK_OK(pass_clock(&vm, AXVM_PASS_MAPPED, &arg));
	vm_boot(&vm);
	vm_finish(&vm);
	vm_destroy(&vm);
}

TEST(passthrough_held, the_host_has_the_clock)
{
	struct axvm_pass_through arg, irq = { .flags = AXVM_PASS_IRQ, .irq = RTC_LINE };

	vm_create(&vm, 0);
	CHECK_ERR(pass_clock(&vm, 0, &arg), EBUSY);
	CHECK_ERR(pass_clock(&vm, AXVM_PASS_MAPPED, &arg), EBUSY);
	irq.host_irq = host_irq("GIC", RTC_SPI);
	CHECK_ERR(pass(&vm, &irq), EBUSY);
	vm_destroy(&vm);
}

/* --- for passthrough.sh: the driver's own alarm, on the host or in a guest ------------- */

/* The clock of the device that $RTC names */
static int open_clock(void)
{
	const char *device = getenv("RTC");
	char path[64], link[128];
	ssize_t length;
	int i;

	for (i = 0; device && i < 4; i++) {
		snprintf(path, sizeof(path), "/sys/class/rtc/rtc%d/device", i);
		length = readlink(path, link, sizeof(link) - 1);
		if (length < 0)
			continue;
		link[length] = '\0';
		if (strcmp(strrchr(link, '/') + 1, device))
			continue;
		snprintf(path, sizeof(path), "/dev/rtc%d", i);
		return open(path, O_RDONLY);
	}
	return -1;
}

TEST(passthrough_alarm, comes)
{
	struct rtc_wkalrm alarm = { .enabled = 1 };
	int fd = open_clock();
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct rtc_time now;
	struct tm tm;
	time_t when;
	unsigned long what = 0;

	CHECK_OK(fd);
	CHECK_OK(ioctl(fd, RTC_RD_TIME, &now));
	tm = (struct tm){ now.tm_sec, now.tm_min, now.tm_hour, now.tm_mday, now.tm_mon,
			  now.tm_year };
	when = timegm(&tm) + 2;
	CHECK(when > 1000000000);
	gmtime_r(&when, &tm);
	alarm.time = (struct rtc_time){ tm.tm_sec, tm.tm_min, tm.tm_hour, tm.tm_mday, tm.tm_mon,
					tm.tm_year };
	CHECK_OK(ioctl(fd, RTC_WKALM_SET, &alarm));
	CHECK_EQ(poll(&ready, 1, 30000), 1);
	CHECK_EQ(read(fd, &what, sizeof(what)), sizeof(what));
	CHECK(what & RTC_AF);
}
