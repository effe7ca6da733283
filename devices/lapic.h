/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC of a vCPU: what lapic.c (the device), lapic_regs.c (registers),
 * lapic_irq.c (interrupts) and lapic_timer.c (timer) share. Register offsets and bits are
 * those of <asm/apicdef.h>.
 *
 * Section numbers in these files are those of chapter 10 of the Intel SDM Vol. 3A; it
 * is chapter 11 in editions since 2023.
 *
 * lapic->lock protects all of struct axvm_lapic; it is the innermost of our locks
 * (core/irq.h). Registers, @deliverable, @extint and @mmio are also read without it.
 */
#ifndef AXVM_DEVICES_LAPIC_H
#define AXVM_DEVICES_LAPIC_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <asm/apicdef.h>

#include "../x86/x86.h"

/* A register every 16 bytes: xAPIC offset 0x80 is MSR 0x808 and reg[8] */
#define LAPIC_INDEX(offset)	((offset) >> 4)
#define LAPIC_NR_REGS		LAPIC_INDEX(0x400)

/* 10.4.8: an integrated APIC, six LVT entries, no EOI-broadcast suppression */
#define LAPIC_VERSION		0x00050014

/* 10.12.9: all local APICs; in xAPIC mode and for the IOAPIC all ones of eight bits */
#define LAPIC_BROADCAST		0xffffffff
#define LAPIC_BROADCAST_8	0xff

/* axvm_apic_msg.mode, delivery modes of ICR, LVT and IOAPIC: 10.6.1 */
#define LAPIC_DM_FIXED		(APIC_DM_FIXED >> 8)
#define LAPIC_DM_LOWEST		(APIC_DM_LOWEST >> 8)
#define LAPIC_DM_NMI		(APIC_DM_NMI >> 8)
#define LAPIC_DM_INIT		(APIC_DM_INIT >> 8)
#define LAPIC_DM_STARTUP	(APIC_DM_STARTUP >> 8)

/* Vectors 0 to 15 are reserved: 10.5.2 */
#define LAPIC_FIRST_VECTOR	16

/* LVT bits 18:17 */
#define LAPIC_TIMER_MODE	(3 << 17)

/**
 * struct axvm_lapic_state - all that the guest can see of a local APIC
 * @base: IA32_APIC_BASE
 * @tsc_deadline: IA32_TSC_DEADLINE
 * @timer_left: in a saved state: ns until the timer expires, 0: it does not run
 * @reg: the registers, as 10.12.1.2 numbers them; the current count is computed when read
 * @errors: errors since the last write of ESR, which shows them
 * @present: in a saved state: 1: there is such a vCPU
 */
struct axvm_lapic_state {
	u64 base;
	u64 tsc_deadline;
	u64 timer_left;
	u32 reg[LAPIC_NR_REGS] __aligned(8);
	u32 errors;
	u32 present;
};

/**
 * struct axvm_lapic - a local APIC
 * @vcpu: its vCPU, which owns it
 * @region: where the device answers MMIO
 * @lock: protects what follows
 * @deliverable: the vector that the CPU would take now, or 0
 * @extint: the 8259A's output reaches the CPU
 * @mmio: xAPIC mode, at @region
 * @kick: the vCPU must look at it; done by lapic_unlock()
 * @state: what the guest sees
 * @timer: runs while @deadline is not 0
 * @deadline: CLOCK_MONOTONIC, ns
 */
struct axvm_lapic {
	struct axvm_vcpu *vcpu;
	u64 region;
	raw_spinlock_t lock;
	u32 deliverable;
	bool extint;
	bool mmio;
	bool kick;
	struct axvm_lapic_state state;
	struct hrtimer timer;
	u64 deadline;
};

static inline u32 lapic_get(const struct axvm_lapic *lapic, unsigned int offset)
{
	return READ_ONCE(lapic->state.reg[LAPIC_INDEX(offset)]);
}

static inline void lapic_set(struct axvm_lapic *lapic, unsigned int offset, u32 value)
{
	WRITE_ONCE(lapic->state.reg[LAPIC_INDEX(offset)], value);
}

static inline bool lapic_in_x2apic_mode(const struct axvm_lapic *lapic)
{
	return READ_ONCE(lapic->state.base) & X2APIC_ENABLE;
}

/* Of the making of vCPUs; vm->lock held. May sleep. */
int axvm_lapic_attach(struct axvm_vcpu *vcpu);
void axvm_lapic_detach(struct axvm_vcpu *vcpu);

/* lapic_regs.c. lapic->lock held for changing the base, power-on and reset. */
int lapic_mmio_read(struct axvm_lapic *lapic, struct axvm_access *access);
int lapic_mmio_write(struct axvm_lapic *lapic, const struct axvm_access *access);
int lapic_msr_read(struct axvm_lapic *lapic, struct axvm_access *access);
int lapic_msr_write(struct axvm_lapic *lapic, const struct axvm_access *access);
void lapic_change_base(struct axvm_lapic *lapic, u64 base);
void lapic_power_on(struct axvm_lapic *lapic);
void lapic_reset_registers(struct axvm_lapic *lapic);
bool lapic_state_is_valid(const struct axvm_lapic *lapic, const struct axvm_lapic_state *state);
void lapic_load_state(struct axvm_lapic *lapic, const struct axvm_lapic_state *state);

/* lapic_irq.c. lapic->lock held, but for lapic_eoi() and lapic_send_ipi(). */
void lapic_update(struct axvm_lapic *lapic);
void lapic_local_interrupt(struct axvm_lapic *lapic, unsigned int lvt);
void lapic_error(struct axvm_lapic *lapic, u32 error);
void lapic_unlock(struct axvm_lapic *lapic, unsigned long flags) __releases(&lapic->lock);
void lapic_eoi(struct axvm_lapic *lapic);
void lapic_send_ipi(struct axvm_lapic *lapic, u32 icr, u32 dest);

/* lapic_timer.c. lapic->lock held, but for lapic_timer_init() and _count(). */
void lapic_timer_init(struct axvm_lapic *lapic);
void lapic_timer_start(struct axvm_lapic *lapic, u32 count);
void lapic_timer_stop(struct axvm_lapic *lapic);
void lapic_timer_set_lvt(struct axvm_lapic *lapic, u32 lvt);
void lapic_timer_set_divide(struct axvm_lapic *lapic, u32 divide);
void lapic_timer_set_tsc_deadline(struct axvm_lapic *lapic, u64 deadline);
u32 lapic_timer_count(const struct axvm_lapic *lapic);
u64 lapic_timer_left(const struct axvm_lapic *lapic);
void lapic_timer_resume(struct axvm_lapic *lapic, u64 left);

#endif /* AXVM_DEVICES_LAPIC_H */
