// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile guests on arm64: every encoding of a system register, every call, accesses of all
 * kinds everywhere, and random instructions, at EL1 and at EL0. Whatever they do is answered,
 * faulted into them, or ends their VM; the host stays up and silent.
 *
 * One instruction at a time: it is put at the entry point with registers of our choice, and
 * what follows it, and every exception vector, is a hypercall that comes back here. A guest that
 * got lost is fetched by a timer. The MMU stays off: with it on and no tables, the guest would
 * take one exception after the other, and QEMU (7.2) gives no interrupt a chance then.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "check.h"
#include "vm.h"

#define PSTATE_EL1H	0x3c5
#define PSTATE_EL0T	0x3c0

#define VECTORS		0x10000		/* from GUEST_RAM, as the rest */
#define BACK		"mov x0, #0x100\n hvc #0\n b .\n"

/* VBAR_EL1, SCTLR_EL1, MDSCR_EL1 as AXVM_VCPU_SET_SYSREG wants them */
#define SYSREG(op0, op1, crn, crm, op2)						\
	((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define VBAR_EL1	SYSREG(3, 0, 12, 0, 0)
#define SCTLR_EL1	SYSREG(3, 0, 1, 0, 0)
#define MDSCR_EL1	SYSREG(2, 0, 0, 2, 2)
#define CPACR_EL1	SYSREG(3, 0, 1, 0, 2)
#define SCTLR_RESET	0x30d00980
#define MSR_SCTLR_EL1	0xd5181000

BLOB(back, BACK);

static struct vm vm;
static struct axvm_arm64_regs regs;
static unsigned long ended, lost;
static uint64_t seed = 88172645463325252;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* On a slow kernel a part of it all has to do, but in a soak. */
static bool late(void)
{
	time_t limit = slow_kernel() ? 2 : 60;
	static struct timespec start;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec)
		start = now;
	return now.tv_sec - start.tv_sec > limit && !soak();
}

static uint32_t *code(void)
{
	return (uint32_t *)(vm.memory + GUEST_CODE);
}

static void set_sysreg(uint64_t reg, uint64_t value)
{
	struct axvm_sysreg sysreg = { .size = sizeof(sysreg), .reg = reg, .value = value };

	if (ioctl(vm.vcpu, AXVM_VCPU_SET_SYSREG, &sysreg))
		die("AXVM_VCPU_SET_SYSREG %#llx", (unsigned long long)reg);
}

static void restore(void)
{
	set_sysreg(VBAR_EL1, GUEST_RAM + VECTORS);
	set_sysreg(SCTLR_EL1, SCTLR_RESET);
	set_sysreg(MDSCR_EL1, 0);
	set_sysreg(CPACR_EL1, 3 << 20);
}

static void alarmed(int signal)
{
	(void)signal;
}

/* A guest that does not come back, or sleeps, is interrupted. (SIGALRM is the frame's.) */
static void start_timer(void)
{
	const struct itimerspec period = { { 0, 20000000 }, { 0, 20000000 } };
	struct sigaction action = { .sa_handler = alarmed };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;

	sigaction(SIGUSR1, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &period, NULL))
		die("timer_create");
}

static void set_up(void)
{
	unsigned int i;

	vm_create(&vm, AXVM_VM_EXIT_UNCLAIMED);
	vm_add_board_devices(&vm);
	memcpy(code() + 1, back.start, back.end - back.start);
	for (i = 0; i < 16; i++)
		memcpy(vm.memory + VECTORS + 128 * i, back.start, back.end - back.start);
	vm_get_regs(&vm, &regs);
	vm_boot(&vm);
	restore();
	start_timer();
}

static void tear_down(void)
{
	printf("  VMs ended %lu times, guests got lost %lu times\n", ended, lost);
	vm_destroy(&vm);
}

/* The registers that the instruction finds are what the caller left in @regs. */
static void run_one(uint32_t instruction, uint64_t pstate)
{
	unsigned int tries;

	code()[0] = instruction;
	__builtin___clear_cache((char *)code(), (char *)(code() + 8));
	regs.pc = GUEST_RAM + GUEST_CODE;
	regs.pstate = pstate;
	regs.sp_el1 = GUEST_RAM + GUEST_STACK;
	regs.mp_state = 0;
	vm_set_regs(&vm, &regs);
	/* The hypercall of the last time is answered first: it writes X0. */
	vm.run->hypercall.ret = regs.x[0];
	for (tries = 0; tries < 1000; tries++) {
		uint32_t reason = vm_run(&vm);

		if (reason == AXVM_EXIT_HYPERCALL && vm.run->hypercall.nr == 0x100)
			return;
		if (reason == AXVM_EXIT_MMIO || reason == AXVM_EXIT_HYPERCALL)
			continue;
		if (reason == AXVM_EXIT_STOPPED) {
			ended++;
			vm_boot(&vm);
			restore();
			return;
		}
		/* A signal: somewhere in a loop of its own */
		if (reason != AXVM_EXIT_INTR)
			die("an exit for reason %u", reason);
		lost++;
		restore();
		return;
	}
}

/* --- system registers ----------------------------------------------------------------------- */

/* MRS, MSR, SYS and SYSL: op0 is in bits 20:19, op1, CRn, CRm, op2 in 18:5 (ARM DDI 0487 C4.1.94) */
static void sweep(bool read, uint64_t pstate, unsigned int step)
{
	static const uint64_t values[] = { 0, ~0ULL, 0x5555555555555555, 1 };
	unsigned int n;

	for (n = 1 << 14; n < 4 << 14; n += late() ? 61 : step) {
		unsigned int op0 = n >> 14;
		uint32_t instruction = 0xd5000000 | read << 21 | op0 << 19 | (n & 0x3fff) << 5;

		regs.x[0] = read ? 0 : values[n % 4];
		if (instruction == MSR_SCTLR_EL1)
			regs.x[0] &= ~1ULL;
		run_one(instruction, pstate);
		if (!read)
			restore();
	}
}

TEST(hostile, every_system_register_is_read)
{
	set_up();
	sweep(true, PSTATE_EL1H, 1);
	sweep(true, PSTATE_EL0T, soak() ? 1 : 7);
	tear_down();
}

TEST(hostile, every_system_register_is_written)
{
	set_up();
	sweep(false, PSTATE_EL1H, 1);
	sweep(false, PSTATE_EL0T, soak() ? 1 : 7);
	tear_down();
}

/* --- calls ------------------------------------------------------------------------------------ */

#define HVC_0		0xd4000002
#define SMC_0		0xd4000003

static void call(uint32_t function)
{
	unsigned int i;

	regs.x[0] = function;
	for (i = 1; i < 8; i++)
		regs.x[i] = random64() >> (random64() % 64);
	run_one(function & 1 ? HVC_0 : SMC_0, PSTATE_EL1H);
}

TEST(hostile, calls_of_all_numbers)
{
	static const uint32_t starts[] = {
		0x80000000, 0x84000000, 0x84000040, 0x84000050, 0x8400ff00, 0x85000000,
		0x86000000, 0x8600ff00, 0xb0000000, 0xb2000000, 0xbf00ff00,
		0xc0000000, 0xc4000000, 0xc4000050, 0xc6000000, 0xffffff00, 0, 0x7fffff00,
	};
	unsigned int i, n;

	set_up();
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (n = 0; n < 0x100; n += late() ? 61 : 1) {
			call(starts[i] + n);
			call(starts[i] + (n ^ 1));
		}
	for (n = 0; n < 700U * count_of(1, 60) && !late(); n++)
		call(random64());
	tear_down();
}

/* --- memory that is none ------------------------------------------------------------------------ */

/* Of X1: loads and stores of all kinds, some of which have no syndrome */
static const uint32_t accesses[] = {
	0x39400020, 0x79400020, 0xb9400020, 0xf9400020,	/* LDRB, LDRH, LDR W, LDR X */
	0x39000020, 0x79000020, 0xb9000020, 0xf9000020,	/* STRB ... */
	0x39800020, 0x79800020, 0xb9800020,		/* LDRSB, LDRSH, LDRSW */
	0xa9400820, 0xa9000820, 0x29400820, 0x69400820,	/* LDP, STP, LDP W, LDPSW */
	0xf8408420, 0xf8008420, 0xf8408c20, 0xf8008c20,	/* post- and pre-indexed */
	0xa8c10820, 0xa8810820,				/* LDP, STP post-indexed */
	0xfd400020, 0x3dc00020, 0x3d800020, 0xad400820,	/* LDR D, LDR Q, STR Q, LDP Q */
	0xc85f7c20, 0xc8027c20, 0xc8dffc20, 0xc89ffc20,	/* LDXR, STXR, LDAR, STLR */
	0xf8220020, 0xc8a27c20, 0xf8228020,		/* LDADD, CAS, SWP */
	0x0c407020, 0x4c007020,				/* LD1, ST1 */
	0xd50b7421, 0xd50b7a21, 0xd50b7521, 0xd5087621,	/* DC ZVA, DC CVAC, IC IVAU, DC IVAC */
	0xd5087801, 0xd5087821,				/* AT S1E1R, AT S1E1W */
};

static uint64_t somewhere(void)
{
	static const uint64_t bases[] = {
		GUEST_GICD, GUEST_GICR, GUEST_GICR + 0x10000, GUEST_UART, GUEST_RAM + GUEST_MEMORY,
		0, 0x10000000, 1ULL << 40, 1ULL << 47, ~0ULL << 12,
	};
	uint64_t base = bases[random64() % (sizeof(bases) / sizeof(bases[0]))];

	return base + random64() % 0x10000 - (random64() % 4 ? 0 : 8);
}

TEST(hostile, accesses_of_all_kinds_everywhere)
{
	unsigned int i, n;

	set_up();
	for (n = 0; n < 100U * count_of(1, 60) && !late(); n++)
		for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
			regs.x[0] = random64();
			regs.x[1] = somewhere();
			regs.x[2] = random64();
			run_one(accesses[i], n % 2 ? PSTATE_EL1H : PSTATE_EL0T);
		}
	tear_down();
}

/* --- anything -------------------------------------------------------------------------------------- */

static uint32_t some_instruction(void)
{
	uint32_t word = random64();

	switch (random64() % 4) {
	case 0:		/* system */
		return 0xd5000000 | (word & 0x3fffff);
	case 1:		/* loads and stores */
		return (word & ~(1U << 25)) | 1U << 27;
	case 2:		/* exceptions, branches to registers, ERET and the like */
		return 0xd4000000 | (word & 0x03ffffff);
	}
	return word;
}

static uint32_t random_instruction(void)
{
	uint32_t word = some_instruction();

	return (word & ~31U) == MSR_SCTLR_EL1 ? SMC_0 : word;
}

TEST(hostile, random_instructions)
{
	unsigned int i, n;

	set_up();
	for (n = 0; n < 5000U * count_of(1, 60) && !late(); n++) {
		for (i = 0; i < 31; i++)
			regs.x[i] = random64() % 4 ? GUEST_RAM + random64() % GUEST_MEMORY :
						     random64();
		set_sysreg(VBAR_EL1, GUEST_RAM + VECTORS);
		run_one(random_instruction(), n % 2 ? PSTATE_EL1H : PSTATE_EL0T);
		/* What it wrote over is put back. */
		if (memcmp(code() + 1, back.start, back.end - back.start) ||
		    memcmp(vm.memory + VECTORS + 0x200, back.start, back.end - back.start)) {
			memcpy(code() + 1, back.start, back.end - back.start);
			for (i = 0; i < 16; i++)
				memcpy(vm.memory + VECTORS + 128 * i, back.start,
				       back.end - back.start);
		}
		restore();
	}
	tear_down();
}
