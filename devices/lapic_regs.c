// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC, registers: as the guest reads and writes them in xAPIC mode (a page of
 * memory) and in x2APIC mode (MSRs), and IA32_APIC_BASE, which chooses the mode. See
 * lapic.h for the locks and the sections of the manual.
 *
 * Where the manual leaves a choice:
 *  - A register is read and written by an aligned access of 32 bits (10.4.1). Other reads
 *    give those of their bytes that lie in the register, other writes are ignored.
 *  - APIC ids are read-only: the numbers of the vCPUs (10.4.6).
 *  - After power-on LINT0 of vCPU 0 is unmasked ExtINT, as a PC's firmware leaves it, so
 *    that the 8259A pair works for a guest that knows of no APIC (virtual wire mode).
 *  - A guest that moves the base elsewhere loses the xAPIC registers: they stay here.
 */
#include <linux/bits.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include "lapic.h"

/* IA32_APIC_BASE: 10.4.4 */
#define BASE_MODE	(XAPIC_ENABLE | X2APIC_ENABLE)
#define BASE_ADDRESS	GENMASK_ULL(63, 12)
#define BASE_RESERVED	(GENMASK_ULL(7, 0) | BIT_ULL(9))

/* --- what there is: Tables 10-1 and 10-6 ---------------------------------- */

/* lapic_register.access: in xAPIC mode, in x2APIC mode */
#define XR	BIT(0)
#define XW	BIT(1)
#define X2R	BIT(2)
#define X2W	BIT(3)
#define RO	(XR | X2R)
#define WO	(XW | X2W)
#define RW	(RO | WO)

/*
 * Bits of a register that are not in @writable are reserved: ignored in xAPIC mode, a
 * fault in x2APIC mode (10.12.1.3) unless they are in @status, which only the APIC writes.
 */
struct lapic_register {
	u8 access;
	u32 writable;
	u32 status;
};

#define LVT_TIMER	(LAPIC_TIMER_MODE | APIC_LVT_MASKED | APIC_VECTOR_MASK)
#define LVT_SENSOR	(APIC_LVT_MASKED | APIC_MODE_MASK | APIC_VECTOR_MASK)
#define LVT_PIN		(LVT_SENSOR | APIC_LVT_LEVEL_TRIGGER | APIC_INPUT_POLARITY)
#define LVT_ERROR	(APIC_LVT_MASKED | APIC_VECTOR_MASK)
#define PIN_STATUS	(APIC_SEND_PENDING | APIC_LVT_REMOTE_IRR)
#define ICR_LOW		(APIC_DEST_ALLBUT | APIC_INT_LEVELTRIG | APIC_INT_ASSERT | \
			 APIC_DEST_LOGICAL | APIC_MODE_MASK | APIC_VECTOR_MASK)
#define SPIV		(APIC_SPIV_FOCUS_DISABLED | APIC_SPIV_APIC_ENABLED | APIC_VECTOR_MASK)
#define ESR_ERRORS	(APIC_ESR_SENDILL | APIC_ESR_RECVILL | APIC_ESR_ILLREGA)

static const struct lapic_register lapic_registers[LAPIC_NR_REGS] = {
	[LAPIC_INDEX(APIC_ID)]		= { RO },
	[LAPIC_INDEX(APIC_LVR)]		= { RO },
	[LAPIC_INDEX(APIC_TASKPRI)]	= { RW, APIC_TPRI_MASK },
	[LAPIC_INDEX(APIC_ARBPRI)]	= { XR },
	[LAPIC_INDEX(APIC_PROCPRI)]	= { RO },
	[LAPIC_INDEX(APIC_EOI)]		= { WO },
	[LAPIC_INDEX(APIC_LDR)]		= { RO | XW, APIC_LDR_MASK },
	[LAPIC_INDEX(APIC_DFR)]		= { XR | XW, 0xf0000000 },
	[LAPIC_INDEX(APIC_SPIV)]	= { RW, SPIV },
	[LAPIC_INDEX(APIC_ISR) ... LAPIC_INDEX(APIC_ISR + 0x70)] = { RO },
	[LAPIC_INDEX(APIC_TMR) ... LAPIC_INDEX(APIC_TMR + 0x70)] = { RO },
	[LAPIC_INDEX(APIC_IRR) ... LAPIC_INDEX(APIC_IRR + 0x70)] = { RO },
	[LAPIC_INDEX(APIC_ESR)]		= { RW },
	[LAPIC_INDEX(APIC_ICR)]		= { RW, ICR_LOW, APIC_ICR_BUSY },
	[LAPIC_INDEX(APIC_ICR2)]	= { XR | XW, 0xff000000 },
	[LAPIC_INDEX(APIC_LVTT)]	= { RW, LVT_TIMER, APIC_SEND_PENDING },
	[LAPIC_INDEX(APIC_LVTTHMR)]	= { RW, LVT_SENSOR, APIC_SEND_PENDING },
	[LAPIC_INDEX(APIC_LVTPC)]	= { RW, LVT_SENSOR, APIC_SEND_PENDING },
	[LAPIC_INDEX(APIC_LVT0)]	= { RW, LVT_PIN, PIN_STATUS },
	[LAPIC_INDEX(APIC_LVT1)]	= { RW, LVT_PIN, PIN_STATUS },
	[LAPIC_INDEX(APIC_LVTERR)]	= { RW, LVT_ERROR, APIC_SEND_PENDING },
	[LAPIC_INDEX(APIC_TMICT)]	= { RW, U32_MAX },
	[LAPIC_INDEX(APIC_TMCCT)]	= { RO },
	[LAPIC_INDEX(APIC_TDCR)]	= { RW, APIC_TDR_DIV_1 },
	[LAPIC_INDEX(APIC_SELF_IPI)]	= { X2W, APIC_VECTOR_MASK },
};

/* --- reading and writing them --------------------------------------------- */

static u32 lapic_read(struct axvm_lapic *lapic, unsigned int offset)
{
	if (offset == APIC_TMCCT)
		return lapic_timer_count(lapic);
	if (unlikely(lapic->page) &&
	    (offset == APIC_PROCPRI || (offset >= APIC_IRR && offset < APIC_ESR)))
		lapic_page_refresh(lapic);
	return lapic_get(lapic, offset);
}

/* What depends on the base or on LINT0 and is asked often. lapic->lock held. */
static void lapic_update_mode(struct axvm_lapic *lapic)
{
	u64 base = lapic->state.base;
	u32 lint0 = lapic_get(lapic, APIC_LVT0);
	bool extint = !(lint0 & APIC_LVT_MASKED) && (lint0 & APIC_MODE_MASK) == APIC_DM_EXTINT;
	bool mmio = (base & (BASE_MODE | BASE_ADDRESS)) == (XAPIC_ENABLE | lapic->region);

	WRITE_ONCE(lapic->mmio, mmio);
	if (lapic->page) {
		WRITE_ONCE(lapic->mode, mmio ? LAPIC_XAPIC :
				base & X2APIC_ENABLE ? LAPIC_X2APIC : LAPIC_OTHER);
		lapic->kick = true;
	}
	/* Switched off, its pin is the CPU's INTR (10.4.3). */
	WRITE_ONCE(lapic->extint, !lapic->vcpu->id && (extint || !(base & XAPIC_ENABLE)));
	axvm_vcpu_look(lapic->vcpu);
}

static void lapic_write_lvt(struct axvm_lapic *lapic, unsigned int offset, u32 value)
{
	if (!(lapic_get(lapic, APIC_SPIV) & APIC_SPIV_APIC_ENABLED))
		value |= APIC_LVT_MASKED;
	if (offset == APIC_LVTT) {
		lapic_timer_set_lvt(lapic, value);
		return;
	}
	lapic_set(lapic, offset, value);
	lapic_update_mode(lapic);
}

/* Switching the APIC off by software masks the whole LVT (10.4.7.2). */
static void lapic_write_spiv(struct axvm_lapic *lapic, u32 value)
{
	unsigned int lvt;

	lapic_set(lapic, APIC_SPIV, value);
	if (value & APIC_SPIV_APIC_ENABLED)
		return;
	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 0x10)
		lapic_set(lapic, lvt, lapic_get(lapic, lvt) | APIC_LVT_MASKED);
	lapic_update_mode(lapic);
}

/* The registers whose writing is not an event in itself. lapic->lock held. */
static void lapic_write_locked(struct axvm_lapic *lapic, unsigned int offset, u32 value)
{
	switch (offset) {
	case APIC_SPIV:
		lapic_write_spiv(lapic, value);
		break;
	case APIC_DFR:
		lapic_set(lapic, offset, value | APIC_DFR_CLUSTER);
		break;
	case APIC_ESR:	/* shows what came up since it was written last: 10.5.3 */
		lapic_set(lapic, offset, lapic->state.errors);
		lapic->state.errors = 0;
		break;
	case APIC_LVTT ... APIC_LVTERR:
		lapic_write_lvt(lapic, offset, value);
		break;
	case APIC_TMICT:
		lapic_timer_start(lapic, value);
		break;
	case APIC_TDCR:
		lapic_timer_set_divide(lapic, value);
		break;
	default:
		lapic_set(lapic, offset, value);
		break;
	}
}

/* 10.8.3.1. It makes nothing pending that was not, and so kicks nobody: lapic_update() */
static void lapic_write_tpr(struct axvm_lapic *lapic, u32 value)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_set(lapic, APIC_TASKPRI, value);
	lapic_update(lapic);
	raw_spin_unlock_irqrestore(&lapic->lock, flags);
}

/* @value: no reserved bits; @dest: for ICR */
static void lapic_write(struct axvm_lapic *lapic, unsigned int offset, u32 value, u32 dest)
{
	unsigned long flags;

	switch (offset) {
	case APIC_TASKPRI:
		lapic_write_tpr(lapic, value);
		return;
	case APIC_EOI:
		lapic_eoi(lapic);
		return;
	case APIC_ICR:
		lapic_set(lapic, APIC_ICR, value);
		lapic_send_ipi(lapic, value, dest);
		return;
	case APIC_SELF_IPI:	/* 10.12.11 */
		lapic_send_ipi(lapic, value | APIC_DEST_SELF, 0);
		return;
	}
	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_write_locked(lapic, offset, value);
	lapic_unlock(lapic, flags);
}

/* xAPIC mode: there is no such register */
static noinline void lapic_illegal_address(struct axvm_lapic *lapic)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_error(lapic, APIC_ESR_ILLREGA);
	lapic_unlock(lapic, flags);
}

static u8 xapic_access(unsigned int index)
{
	return index < LAPIC_NR_REGS ? lapic_registers[index].access & (XR | XW) : 0;
}

/**
 * lapic_mmio_read() - a load in the page of registers
 * @lapic: the APIC of the vCPU that loads
 * @access: the access
 *
 * Return: AXVM_HANDLED; AXVM_UNCLAIMED: not in xAPIC mode.
 */
int lapic_mmio_read(struct axvm_lapic *lapic, struct axvm_access *access)
{
	unsigned int index = access->offset >> 4;
	unsigned int byte = access->offset & 0xf;
	u8 allowed = xapic_access(index);

	if (unlikely(!READ_ONCE(lapic->mmio)))
		return AXVM_UNCLAIMED;
	if (unlikely(!allowed))
		lapic_illegal_address(lapic);
	access->data = 0;
	if (allowed & XR && byte < 4)
		access->data = lapic_read(lapic, index << 4) >> (8 * byte);
	return AXVM_HANDLED;
}

/**
 * lapic_mmio_write() - a store in the page of registers
 * @lapic: the APIC of the vCPU that stores
 * @access: the access
 *
 * Return: AXVM_HANDLED; AXVM_UNCLAIMED: not in xAPIC mode.
 */
int lapic_mmio_write(struct axvm_lapic *lapic, const struct axvm_access *access)
{
	unsigned int index = access->offset >> 4;
	u8 allowed;

	if (unlikely(!READ_ONCE(lapic->mmio)))
		return AXVM_UNCLAIMED;
	/* The most frequent ones by far */
	if (access->offset == APIC_EOI && access->width == 4) {
		lapic_eoi(lapic);
		return AXVM_HANDLED;
	}
	if (access->offset == APIC_TASKPRI && access->width == 4) {
		lapic_write_tpr(lapic, access->data & 0xff);
		return AXVM_HANDLED;
	}
	allowed = xapic_access(index);
	if (unlikely(!allowed))
		lapic_illegal_address(lapic);
	if (allowed & XW && access->width == 4 && !(access->offset & 0xf))
		lapic_write(lapic, access->offset, access->data & lapic_registers[index].writable,
			    lapic_get(lapic, APIC_ICR2) >> 24);
	return AXVM_HANDLED;
}

/**
 * lapic_msr_read() - RDMSR of 800H to 8FFH
 * @lapic: the APIC of the vCPU that reads
 * @access: the access
 *
 * Return: AXVM_HANDLED; AXVM_FAULT: not in x2APIC mode, no such register.
 */
int lapic_msr_read(struct axvm_lapic *lapic, struct axvm_access *access)
{
	unsigned int index = access->offset;

	if (!lapic_in_x2apic_mode(lapic) || index >= LAPIC_NR_REGS ||
	    !(lapic_registers[index].access & X2R))
		return AXVM_FAULT;
	access->data = lapic_read(lapic, index << 4);
	if (index == LAPIC_INDEX(APIC_ICR))
		access->data |= (u64)lapic_get(lapic, APIC_ICR2) << 32;
	return AXVM_HANDLED;
}

/**
 * lapic_msr_write() - WRMSR of 800H to 8FFH
 * @lapic: the APIC of the vCPU that writes
 * @access: the access
 *
 * Return: AXVM_HANDLED; AXVM_FAULT: not in x2APIC mode, no such register, reserved bits.
 */
int lapic_msr_write(struct axvm_lapic *lapic, const struct axvm_access *access)
{
	unsigned int index = access->offset;
	const struct lapic_register *reg;
	u32 high = access->data >> 32;
	u32 low = access->data;

	if (!lapic_in_x2apic_mode(lapic) || index >= LAPIC_NR_REGS)
		return AXVM_FAULT;
	reg = &lapic_registers[index];
	if (!(reg->access & X2W) || low & ~(reg->writable | reg->status))
		return AXVM_FAULT;
	if (index == LAPIC_INDEX(APIC_ICR))	/* 10.12.9: one register of 64 bits */
		lapic_set(lapic, APIC_ICR2, high);
	else if (high)
		return AXVM_FAULT;
	lapic_write(lapic, index << 4, low & reg->writable, high);
	return AXVM_HANDLED;
}

/* --- modes ---------------------------------------------------------------- */

/* 10.4.6, 10.12.5.1, 10.12.10.2: the ids, which are not the guest's to choose */
static void lapic_set_ids(struct axvm_lapic *lapic)
{
	u32 id = lapic->vcpu->id;

	lapic_set(lapic, APIC_LVR, LAPIC_VERSION);
	if (!lapic_in_x2apic_mode(lapic)) {
		lapic_set(lapic, APIC_ID, id << 24);
		return;
	}
	lapic_set(lapic, APIC_ID, id);
	lapic_set(lapic, APIC_LDR, id >> 4 << 16 | BIT(id & 0xf));
}

/**
 * lapic_reset_registers() - the state after a reset (10.4.7.1), in the mode it is in
 * @lapic: the APIC; lapic->lock held
 */
void lapic_reset_registers(struct axvm_lapic *lapic)
{
	unsigned int lvt;

	lapic_timer_stop(lapic);
	memset(lapic->state.reg, 0, sizeof(lapic->state.reg));
	lapic_page_clear(lapic);
	lapic->state.errors = 0;
	lapic_set(lapic, APIC_DFR, APIC_DFR_FLAT);
	lapic_set(lapic, APIC_SPIV, APIC_VECTOR_MASK);
	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 0x10)
		lapic_set(lapic, lvt, APIC_LVT_MASKED);
	lapic_set_ids(lapic);
	lapic_update(lapic);
	lapic_update_mode(lapic);
}

static bool base_is_possible(const struct axvm_vcpu *vcpu, u64 base)
{
	return !(base & BASE_RESERVED) && !(base >> vcpu->vm->ops->gpa_bits);
}

/* 10.12.5: from off to xAPIC to x2APIC in this order, off from everywhere */
static bool mode_change_is_legal(u64 from, u64 to)
{
	switch (to & BASE_MODE) {
	case 0:
		return true;
	case XAPIC_ENABLE:
		return (from & BASE_MODE) != BASE_MODE;
	case BASE_MODE:
		return from & XAPIC_ENABLE;
	default:
		return false;
	}
}

/**
 * lapic_change_base() - take a new value of IA32_APIC_BASE
 * @lapic: the APIC; lapic->lock held
 * @base: the value, which is legal
 */
void lapic_change_base(struct axvm_lapic *lapic, u64 base)
{
	u64 changed = lapic->state.base ^ base;

	WRITE_ONCE(lapic->state.base, base);
	if (changed & XAPIC_ENABLE) {
		lapic_reset_registers(lapic);
		return;
	}
	if (changed & X2APIC_ENABLE) {
		lapic_set(lapic, APIC_ICR2, 0);
		lapic_set_ids(lapic);
	}
	lapic_update_mode(lapic);
}

/**
 * lapic_power_on() - power-on state, in xAPIC mode
 * @lapic: the APIC; lapic->lock held
 */
void lapic_power_on(struct axvm_lapic *lapic)
{
	bool bsp = !lapic->vcpu->id;

	WRITE_ONCE(lapic->state.base,
		   lapic->region | XAPIC_ENABLE | (bsp ? MSR_IA32_APICBASE_BSP : 0));
	lapic_reset_registers(lapic);
	if (bsp)
		lapic_set(lapic, APIC_LVT0, APIC_DM_EXTINT);
	lapic_update_mode(lapic);
}

/**
 * axvm_lapic_get_base() - IA32_APIC_BASE
 * @vcpu: the vCPU
 *
 * Context: any. Return: its value; 0 if there is no local APIC.
 */
u64 axvm_lapic_get_base(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	return lapic ? READ_ONCE(lapic->state.base) : 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_get_base);

/**
 * axvm_lapic_set_base() - the guest writes IA32_APIC_BASE
 * @vcpu: the vCPU
 * @value: the new value
 *
 * Context: any.
 * Return: 0; -EINVAL: the guest gets a #GP: reserved bits, an illegal change of mode, no
 * local APIC.
 */
int axvm_lapic_set_base(struct axvm_vcpu *vcpu, u64 value)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);
	unsigned long flags;
	int ret = -EINVAL;

	if (!lapic || !READ_ONCE(vcpu->vm->arch.lapic))
		return -EINVAL;
	if (!base_is_possible(vcpu, value))
		return -EINVAL;
	raw_spin_lock_irqsave(&lapic->lock, flags);
	if (mode_change_is_legal(lapic->state.base, value)) {
		lapic_change_base(lapic, value);
		ret = 0;
	}
	lapic_unlock(lapic, flags);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_set_base);

/**
 * axvm_lapic_get_tpr() - CR8
 * @vcpu: the vCPU
 *
 * Context: any. Return: bits 7:4 of the task priority; 0 if there is no local APIC.
 */
u64 axvm_lapic_get_tpr(struct axvm_vcpu *vcpu)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	return lapic ? lapic_get(lapic, APIC_TASKPRI) >> 4 : 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_get_tpr);

/**
 * axvm_lapic_set_tpr() - the guest writes CR8 (10.8.6.1)
 * @vcpu: the vCPU
 * @cr8: 0 to 15; the caller has refused the rest
 *
 * Context: any.
 */
void axvm_lapic_set_tpr(struct axvm_vcpu *vcpu, u64 cr8)
{
	struct axvm_lapic *lapic = READ_ONCE(vcpu->arch.lapic);

	if (lapic)
		lapic_write_tpr(lapic, (cr8 & 0xf) << 4);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_lapic_set_tpr);

/* --- restoring ------------------------------------------------------------ */

/* The bits that a register may have in a saved state; the ids are not looked at. */
static u32 possible_bits(const struct axvm_lapic_state *state, unsigned int offset)
{
	const struct lapic_register *reg = &lapic_registers[LAPIC_INDEX(offset)];

	switch (offset) {
	case APIC_ESR:
		return ESR_ERRORS;
	case APIC_DFR:
		return U32_MAX;
	case APIC_LDR:
	case APIC_ICR2:
		return state->base & X2APIC_ENABLE ? U32_MAX : reg->writable;
	case APIC_ISR:
	case APIC_TMR:
	case APIC_IRR:
		return U32_MAX << LAPIC_FIRST_VECTOR;
	}
	if (reg->access & WO)
		return reg->writable;
	return reg->access ? U32_MAX : 0;
}

/* 2^32 counts of 2^7 ns are the longest time. */
static bool timer_state_is_valid(const struct axvm_lapic_state *state)
{
	u32 mode = state->reg[LAPIC_INDEX(APIC_LVTT)] & LAPIC_TIMER_MODE;

	if (mode == APIC_LVT_TIMER_TSCDEADLINE)
		return true;
	if (state->timer_left && !state->reg[LAPIC_INDEX(APIC_TMICT)])
		return false;
	return !state->tsc_deadline && state->timer_left <= BIT_ULL(32 + 7);
}

/**
 * lapic_state_is_valid() - can this saved state be loaded?
 * @lapic: the APIC, or NULL: there is none of this number
 * @state: what was saved
 */
bool lapic_state_is_valid(const struct axvm_lapic *lapic, const struct axvm_lapic_state *state)
{
	unsigned int i;

	if (!lapic || state->present != 1)
		return !lapic && !state->present;
	if (!base_is_possible(lapic->vcpu, state->base) ||
	    (state->base & BASE_MODE) == X2APIC_ENABLE)
		return false;
	/* Switched off by hardware it is in its reset state, which is off by software, too. */
	if (!(state->base & XAPIC_ENABLE) &&
	    state->reg[LAPIC_INDEX(APIC_SPIV)] & APIC_SPIV_APIC_ENABLED)
		return false;
	if (!timer_state_is_valid(state) || state->errors & ~ESR_ERRORS)
		return false;
	for (i = 0; i < LAPIC_NR_REGS; i++)
		if (state->reg[i] & ~possible_bits(state, i << 4))
			return false;
	return true;
}

/**
 * lapic_load_state() - go on where a saved APIC stopped
 * @lapic: the APIC
 * @state: what was saved; it is valid
 *
 * Context: any.
 */
void lapic_load_state(struct axvm_lapic *lapic, const struct axvm_lapic_state *state)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->lock, flags);
	lapic_timer_stop(lapic);
	lapic->state = *state;
	lapic_page_load(lapic);
	lapic_set(lapic, APIC_DFR, lapic_get(lapic, APIC_DFR) | APIC_DFR_CLUSTER);
	lapic_set_ids(lapic);
	lapic_update(lapic);
	lapic_update_mode(lapic);
	lapic_timer_resume(lapic, state->timer_left);
	lapic->kick = true;
	lapic_unlock(lapic, flags);
}
