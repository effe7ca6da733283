/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC of a vCPU: what lapic.c (the device), lapic_regs.c (registers),
 * lapic_irq.c (interrupts), lapic_ipi.c (messages) and lapic_timer.c (timer) share. Register
 * offsets and bits are those of <asm/apicdef.h>.
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

/* axvm_lapic.mode: as hardware may virtualise it */
enum {
	LAPIC_ABSENT,	/* there is none */
	LAPIC_OTHER,	/* off, or moved away from the device's region */
	LAPIC_XAPIC,
	LAPIC_X2APIC,
};

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
 * @mode: LAPIC_*: what of the APIC's accesses the hardware can answer
 * @kick: the vCPU must look at it; done by lapic_unlock()
 * @notify: the CPU must look at @pir; likewise
 * @page: the virtual-APIC page, or NULL: see lapic_page.c
 * @vid: virtual-interrupt delivery: IRR, ISR and PPR are the hardware's while the guest runs
 * @threshold: without @vid: the class of TPR below which something would be deliverable, 0: none
 * @sync: with @vid: the backend must call lapic_page_sync() before the next entry
 * @posted: with @vid: vectors that came and are not in the page's IRR yet
 * @pir: with posted interrupts: where those that are edges are instead; or NULL
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
	u8 mode;
	bool kick;
	bool notify;
	u32 *page;
	bool vid;
	u8 threshold;
	bool sync;
	u64 posted[4];
	struct axvm_posted *pir;
	struct axvm_lapic_state state;
	struct hrtimer timer;
	u64 deadline;
};

/* With a virtual-APIC page: does the guest change this register in it without an exit? */
static __always_inline bool lapic_lives_in_page(const struct axvm_lapic *lapic,
						unsigned int offset)
{
	if (offset == APIC_TASKPRI)
		return true;
	return lapic->vid && (offset == APIC_PROCPRI || offset == APIC_ICR || offset == APIC_ICR2 ||
			      (offset >= APIC_ISR && offset < APIC_TMR) ||
			      (offset >= APIC_IRR && offset < APIC_ESR));
}

static __always_inline u32 lapic_get(const struct axvm_lapic *lapic, unsigned int offset)
{
	if (unlikely(lapic->page) && lapic_lives_in_page(lapic, offset))
		return READ_ONCE(lapic->page[offset / 4]);
	return READ_ONCE(lapic->state.reg[LAPIC_INDEX(offset)]);
}

static __always_inline void lapic_set(struct axvm_lapic *lapic, unsigned int offset, u32 value)
{
	WRITE_ONCE(lapic->state.reg[LAPIC_INDEX(offset)], value);
	if (unlikely(lapic->page))
		WRITE_ONCE(lapic->page[offset / 4], value);
}

static inline bool lapic_software_enabled(const struct axvm_lapic *lapic)
{
	return lapic_get(lapic, APIC_SPIV) & APIC_SPIV_APIC_ENABLED;
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

/* lapic_irq.c. lapic->lock held, but for lapic_eoi() and lapic_nmi(). */
void lapic_update(struct axvm_lapic *lapic);
bool lapic_accept(struct axvm_lapic *lapic, u8 vector, bool level);
void lapic_nmi(struct axvm_vcpu *vcpu);
void lapic_local_interrupt(struct axvm_lapic *lapic, unsigned int lvt);
void lapic_error(struct axvm_lapic *lapic, u32 error);
void lapic_unlock(struct axvm_lapic *lapic, unsigned long flags) __releases(&lapic->lock);
void lapic_eoi(struct axvm_lapic *lapic);

/* lapic_ipi.c */
void lapic_send_ipi(struct axvm_lapic *lapic, u32 icr, u32 dest);

/* lapic_page.c: a virtual-APIC page. lapic->lock held, but for those that the backend calls. */
void lapic_page_attach(struct axvm_lapic *lapic);
void lapic_page_clear(struct axvm_lapic *lapic);
void lapic_page_load(struct axvm_lapic *lapic);
void lapic_page_save(struct axvm_lapic *lapic, struct axvm_lapic_state *state);
void lapic_page_post(struct axvm_lapic *lapic, u8 vector, bool level);
void lapic_page_merge(struct axvm_lapic *lapic);
u32 lapic_page_highest(const struct axvm_lapic *lapic, unsigned int bank);
bool lapic_page_pending(struct axvm_lapic *lapic);
u16 lapic_page_sync(struct axvm_lapic *lapic, u64 level[4]);
void lapic_page_refresh(struct axvm_lapic *lapic);
void lapic_page_restore(struct axvm_lapic *lapic, unsigned int offset);

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
