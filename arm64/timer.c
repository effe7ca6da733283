// SPDX-License-Identifier: GPL-2.0
/*
 * The architected timers of a vCPU (ARM DDI 0487 D11.2, D19.12): the virtual and the
 * physical one of EL1.
 *
 * The virtual timer is the CPU's own between load and put: the guest programs it without
 * an exit, and its expiry is an interrupt of the host, which ends the guest. The line to
 * the guest's GIC is looked at before each entry. The host's interrupt stays active from
 * then on until the guest deactivates its own (host_ppi.c), so it comes once. While
 * the thread sleeps in WFI, an hrtimer waits in the timer's place.
 *
 * The physical timer is the host's: the guest's accesses trap, and an hrtimer does its
 * work all the time. The physical counter is the host's as it is.
 *
 * Whether the line of either is up is a matter of the counter, so that nothing is lost by
 * an hrtimer that is late, early, or not needed any more.
 *
 * Locks: arm64_timers.lock for the physical timer; gic->lock is taken under it. The virtual
 * timer is the vCPU's thread's, which waits for the hrtimer where it takes over from it.
 */
#include <linux/bitfield.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <asm/arch_timer.h>
#include <asm/sysreg.h>
#include <asm/virt.h>

#include "../core/vm.h"
#include "gic.h"
#include "host_ppi.h"
#include "timer.h"

/* CNTHCTL_EL2 with HCR_EL2.E2H: D19.12.2 */
#define CNTHCTL_E2H_EL1PCTEN	BIT(10)
#define CNTHCTL_E2H_EL1PTEN	BIT(11)

/* A far deadline is looked at anew so often, which keeps the arithmetic in 64 bits. */
#define MAX_SLEEP_SECONDS	3600

/* --- time ----------------------------------------------------------------- */

static u64 physical_count(void)
{
	return arch_timer_read_counter();
}

static u64 virtual_count(const struct arm64_timers *timers)
{
	return physical_count() - timers->vcpu->vm->arch.cntvoff;
}

static bool is_armed(const struct arm64_timer *timer)
{
	return (timer->ctl & ARM64_CTL_WRITABLE) == ARM64_CTL_ENABLE;
}

static bool fires(const struct arm64_timer *timer, u64 now)
{
	return is_armed(timer) && now >= timer->cval;
}

/* Until then; at least 1, so that an expiry is not too early by rounding down */
static ktime_t time_left(const struct arm64_timer *timer, u64 now)
{
	u32 frequency = max(arch_timer_get_cntfrq(), 1U);
	u64 ticks = timer->cval > now ? timer->cval - now : 0;

	ticks = min(ticks, (u64)frequency * MAX_SLEEP_SECONDS);
	return ns_to_ktime(mul_u64_u32_div(ticks, NSEC_PER_SEC, frequency) + 1);
}

/* Interrupts may be on: the hrtimer is this CPU's, where the guest will run again. */
static void start(struct arm64_timer *timer, u64 now)
{
	hrtimer_start(&timer->hrtimer, time_left(timer, now), HRTIMER_MODE_REL_PINNED_HARD);
}

/* --- the virtual timer ---------------------------------------------------- */

static void write_ctl(u64 ctl)
{
	if (arm64_host_at_el2())
		write_sysreg_s(ctl, SYS_CNTV_CTL_EL02);
	else
		write_sysreg_s(ctl, SYS_CNTV_CTL_EL0);
}

static u64 read_cval(void)
{
	return arm64_host_at_el2() ? read_sysreg_s(SYS_CNTV_CVAL_EL02) :
					 read_sysreg_s(SYS_CNTV_CVAL_EL0);
}

static void write_cval(u64 cval)
{
	if (arm64_host_at_el2())
		write_sysreg_s(cval, SYS_CNTV_CVAL_EL02);
	else
		write_sysreg_s(cval, SYS_CNTV_CVAL_EL0);
}

/**
 * arm64_timer_virt_fires() - is the virtual timer's line up now?
 * @timers: whose
 *
 * Context: the vCPU's own thread, preemption off.
 */
bool arm64_timer_virt_fires(struct arm64_timers *timers)
{
	if (timers->loaded)
		return (arm64_timer_read_ctl() & (ARM64_CTL_FIRES | ARM64_CTL_IMASK)) ==
		       ARM64_CTL_FIRES;
	return fires(&timers->virt, virtual_count(timers));
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_virt_fires);

/**
 * arm64_timer_line_changed() - the virtual timer's line is not as it was
 * @timers: whose
 *
 * If it goes down nobody will deactivate the host's interrupt, unless the guest has taken
 * its own. (If it has ended it in time, the host's is not active, and stays so.)
 *
 * Context: the vCPU's own thread, preemption off.
 */
void arm64_timer_line_changed(struct arm64_timers *timers)
{
	struct arm64_timer *virt = &timers->virt;

	virt->line = !virt->line;
	arm64_gic_ppi(timers->vcpu, ARM64_PPI_VTIMER, virt->line);
	if (!virt->line && timers->loaded && !arm64_gic_host_active(timers->vcpu))
		arm64_host_timer_set_active(false);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_line_changed);

/**
 * arm64_timer_update() - has the virtual timer expired since the guest was left?
 * @vcpu: the vCPU, out of the guest
 *
 * Context: the vCPU's own thread.
 */
void arm64_timer_update(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = vcpu->arch.timers;

	preempt_disable();
	if (arm64_timer_virt_fires(timers) != timers->virt.line)
		arm64_timer_line_changed(timers);
	preempt_enable();
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_update);

/* The thread is not running, or waits in arm64_timer_load(). */
static enum hrtimer_restart virt_expired(struct hrtimer *hrtimer)
{
	struct arm64_timers *timers = container_of(hrtimer, struct arm64_timers, virt.hrtimer);
	u64 now = virtual_count(timers);

	if (!fires(&timers->virt, now)) {
		hrtimer_forward_now(hrtimer, time_left(&timers->virt, now));
		return HRTIMER_RESTART;
	}
	timers->virt.line = true;
	arm64_gic_ppi(timers->vcpu, ARM64_PPI_VTIMER, true);
	return HRTIMER_NORESTART;
}

static void load_el2(struct arm64_timers *timers)
{
	if (!arm64_host_at_el2())
		return;
	timers->cnthctl = read_sysreg(cnthctl_el2);
	write_sysreg((timers->cnthctl & ~CNTHCTL_E2H_EL1PTEN) | CNTHCTL_E2H_EL1PCTEN, cnthctl_el2);
	write_sysreg(timers->vcpu->vm->arch.cntvoff, cntvoff_el2);
}

/**
 * arm64_timer_load() - the vCPU's thread has come to this pCPU
 * @vcpu: the vCPU
 * @stayed: it has had it to itself since the put before
 *
 * The host's interrupt may have been left active here by a guest of KVM or of ours.
 *
 * Context: preemption off.
 */
void arm64_timer_load(struct axvm_vcpu *vcpu, bool stayed)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	struct arm64_timer *virt = &timers->virt;

	if (timers->waits)
		hrtimer_cancel(&virt->hrtimer);
	timers->waits = false;
	if (!stayed)
		arm64_host_ppis_load();
	load_el2(timers);
	write_cval(virt->cval);
	isb();
	write_ctl(virt->ctl);
	isb();
	timers->loaded = true;
	if (stayed)
		return;		/* arm64_timer_enter() goes on where it was. */
	if (arm64_timer_virt_fires(timers) != virt->line) {
		virt->line = !virt->line;
		arm64_gic_ppi(vcpu, ARM64_PPI_VTIMER, virt->line);
	}
	arm64_host_timer_set_active(virt->line || arm64_gic_host_active(vcpu));
}

/**
 * arm64_timer_put() - the vCPU's thread leaves this pCPU
 * @vcpu: the vCPU
 *
 * Context: preemption off; locks of the scheduler may be held: whoever is to be woken is
 * woken by the hrtimer.
 */
void arm64_timer_put(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	struct arm64_timer *virt = &timers->virt;

	virt->ctl = arm64_timer_read_ctl() & ARM64_CTL_WRITABLE;
	virt->cval = read_cval();
	write_ctl(0);
	isb();
	timers->loaded = false;
	if (arm64_host_at_el2())
		write_sysreg(timers->cnthctl, cnthctl_el2);
	/* Without preempt notifiers it is not known yet whether the thread will sleep. */
	if (is_armed(virt) && !virt->line &&
	    (!AXVM_HAVE_PREEMPT_NOTIFIERS || READ_ONCE(vcpu->mode) == AXVM_BLOCKED)) {
		timers->waits = true;
		start(virt, virtual_count(timers));
	}
}

/* --- the physical timer --------------------------------------------------- */

/* After a change of its registers, or of the time. timers->lock held */
static void phys_update(struct arm64_timers *timers)
{
	struct arm64_timer *phys = &timers->phys;
	u64 now = physical_count();
	bool line = fires(phys, now);

	if (line != phys->line) {
		phys->line = line;
		arm64_gic_ppi(timers->vcpu, ARM64_PPI_PTIMER, line);
	}
	if (is_armed(phys) && !line)
		start(phys, now);
	else
		hrtimer_try_to_cancel(&phys->hrtimer);
}

/* It may have been changed meanwhile: what is now decides. */
static enum hrtimer_restart phys_expired(struct hrtimer *hrtimer)
{
	struct arm64_timers *timers = container_of(hrtimer, struct arm64_timers, phys.hrtimer);
	unsigned long flags;

	raw_spin_lock_irqsave(&timers->lock, flags);
	phys_update(timers);
	raw_spin_unlock_irqrestore(&timers->lock, flags);
	return HRTIMER_NORESTART;
}

/* --- registers ------------------------------------------------------------ */

static u64 ctl_value(const struct arm64_timer *timer, u64 now)
{
	bool met = timer->ctl & ARM64_CTL_ENABLE && now >= timer->cval;

	return timer->ctl | (met ? ARM64_CTL_ISTATUS : 0);
}

/* The timer value is a view of 32 bits of the compare value: D11.2.4 */
static u64 tval_value(const struct arm64_timer *timer, u64 now)
{
	return lower_32_bits(timer->cval - now);
}

/* The virtual timer as it is in the CPU comes to memory, and goes back. Preemption off. */
static void virt_fetch(struct arm64_timers *timers)
{
	if (!timers->loaded)
		return;
	timers->virt.ctl = arm64_timer_read_ctl() & ARM64_CTL_WRITABLE;
	timers->virt.cval = read_cval();
}

static void virt_store(struct arm64_timers *timers)
{
	if (!timers->loaded)
		return;
	write_cval(timers->virt.cval);
	write_ctl(timers->virt.ctl);
	isb();
}

/* The register of a timer, by the op2 of its encoding */
enum { OP2_TVAL, OP2_CTL, OP2_CVAL };

static u64 timer_read(const struct arm64_timer *timer, unsigned int op2, u64 now)
{
	switch (op2) {
	case OP2_TVAL:
		return tval_value(timer, now);
	case OP2_CTL:
		return ctl_value(timer, now);
	default:
		return timer->cval;
	}
}

static void timer_write(struct arm64_timer *timer, unsigned int op2, u64 now, u64 value)
{
	switch (op2) {
	case OP2_TVAL:
		timer->cval = now + (s32)value;
		break;
	case OP2_CTL:
		timer->ctl = value & ARM64_CTL_WRITABLE;
		break;
	default:
		timer->cval = value;
		break;
	}
}

/* Not all versions of <asm/sysreg.h> have it. */
#define CNTVCT_EL0	sys_reg(3, 3, 14, 0, 2)

/* CRn and CRm say which timer, op2 says which register of it. */
#define TIMER_OF(reg)	((reg) & ~sys_reg(0, 0, 0, 0, 7))
#define OP2(reg)	FIELD_GET(sys_reg(0, 0, 0, 0, 7), reg)
#define VIRT_TIMER	sys_reg(3, 3, 14, 3, 0)
#define PHYS_TIMER	sys_reg(3, 3, 14, 2, 0)

static bool is_timer(u64 reg)
{
	return (TIMER_OF(reg) == VIRT_TIMER || TIMER_OF(reg) == PHYS_TIMER) &&
	       OP2(reg) <= OP2_CVAL;
}

/**
 * arm64_timer_read() - the value of a register of the timers
 * @vcpu: the vCPU
 * @reg: CNT{P,V}_{TVAL,CTL,CVAL}_EL0, CNTPCT_EL0 or CNTVCT_EL0
 * @value: the value
 *
 * Context: the vCPU's own thread, or it does not run.
 * Return: 0, or -ENOENT: none of them.
 */
int arm64_timer_read(struct axvm_vcpu *vcpu, u64 reg, u64 *value)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	unsigned long flags;

	if (reg == SYS_CNTPCT_EL0 || reg == CNTVCT_EL0) {
		*value = reg == SYS_CNTPCT_EL0 ? physical_count() : virtual_count(timers);
		return 0;
	}
	if (!is_timer(reg))
		return -ENOENT;
	raw_spin_lock_irqsave(&timers->lock, flags);
	if (TIMER_OF(reg) == PHYS_TIMER) {
		*value = timer_read(&timers->phys, OP2(reg), physical_count());
	} else {
		virt_fetch(timers);
		*value = timer_read(&timers->virt, OP2(reg), virtual_count(timers));
	}
	raw_spin_unlock_irqrestore(&timers->lock, flags);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_read);

/**
 * arm64_timer_write() - write a register of the timers
 * @vcpu: the vCPU
 * @reg: CNT{P,V}_{TVAL,CTL,CVAL}_EL0
 * @value: the value
 *
 * Context: the vCPU's own thread, or it does not run.
 * Return: 0, or -ENOENT: none of them.
 */
int arm64_timer_write(struct axvm_vcpu *vcpu, u64 reg, u64 value)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	unsigned long flags;

	if (!is_timer(reg))
		return -ENOENT;
	raw_spin_lock_irqsave(&timers->lock, flags);
	if (TIMER_OF(reg) == PHYS_TIMER) {
		timer_write(&timers->phys, OP2(reg), physical_count(), value);
		phys_update(timers);
	} else {
		virt_fetch(timers);
		timer_write(&timers->virt, OP2(reg), virtual_count(timers), value);
		virt_store(timers);
	}
	raw_spin_unlock_irqrestore(&timers->lock, flags);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_write);

/* --- life ----------------------------------------------------------------- */

/**
 * arm64_timer_reset() - power-on state
 * @vcpu: the vCPU; it does not run
 *
 * The registers reset to UNKNOWN values but for ENABLE (D11.2.4); here, to 0.
 *
 * Context: may sleep.
 */
void arm64_timer_reset(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = vcpu->arch.timers;
	unsigned long flags;

	hrtimer_cancel(&timers->virt.hrtimer);
	timers->virt.ctl = 0;
	timers->virt.cval = 0;
	virt_store(timers);
	timers->virt.line = false;
	arm64_gic_ppi(vcpu, ARM64_PPI_VTIMER, false);

	raw_spin_lock_irqsave(&timers->lock, flags);
	timers->phys.ctl = 0;
	timers->phys.cval = 0;
	phys_update(timers);
	raw_spin_unlock_irqrestore(&timers->lock, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_timer_reset);

/**
 * arm64_timer_attach() - give a new vCPU its timers
 * @vcpu: the vCPU
 *
 * The virtual counter of a VM starts with its first vCPU.
 *
 * Context: may sleep; vm->lock held.
 * Return: 0 or -ENOMEM.
 */
int arm64_timer_attach(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = kzalloc(sizeof(*timers), GFP_KERNEL_ACCOUNT);

	if (!timers)
		return -ENOMEM;
	timers->vcpu = vcpu;
	raw_spin_lock_init(&timers->lock);
	axvm_hrtimer_setup(&timers->virt.hrtimer, virt_expired, CLOCK_MONOTONIC,
			   HRTIMER_MODE_REL_PINNED_HARD);
	axvm_hrtimer_setup(&timers->phys.hrtimer, phys_expired, CLOCK_MONOTONIC,
			   HRTIMER_MODE_REL_PINNED_HARD);
	if (!vcpu->vm->nr_vcpus)
		vcpu->vm->arch.cntvoff = physical_count();
	vcpu->arch.timers = timers;
	return 0;
}

/**
 * arm64_timer_detach() - stop and free the timers of a vCPU that goes away
 * @vcpu: the vCPU; its redistributor is still there
 *
 * Context: may sleep.
 */
void arm64_timer_detach(struct axvm_vcpu *vcpu)
{
	struct arm64_timers *timers = vcpu->arch.timers;

	if (!timers)
		return;
	hrtimer_cancel(&timers->virt.hrtimer);
	hrtimer_cancel(&timers->phys.hrtimer);
	vcpu->arch.timers = NULL;
	kfree(timers);
}

/**
 * arm64_timer_init() - at module load
 *
 * Return: 0 or an errno.
 */
int arm64_timer_init(void)
{
	return arm64_host_ppis_init();
}

/**
 * arm64_timer_exit() - the reverse
 */
void arm64_timer_exit(void)
{
	arm64_host_ppis_exit();
}

/**
 * arm64_timer_probe() - can guests have timers here?
 * @why: the reason if not
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int arm64_timer_probe(struct axvm_reason *why)
{
	return arm64_host_ppis_probe(why);
}
