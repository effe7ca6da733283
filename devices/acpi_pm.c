// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI fixed hardware: PM1 event and control blocks and the power management timer
 * (ACPI Specification 6.5, 4.8.3). The guest switches itself off here.
 * There is no SMI and no legacy mode: SCI_EN is always 1. Only S5 is a sleeping state.
 *
 * The timer costs nothing while it counts: its value is computed from the host's
 * clock. TMR_STS follows from the number of changes of its highest bit, looked at when
 * the guest looks; only with TMR_EN set is there an hrtimer, for the next change, some
 * ten minutes away at most.
 *
 * Locks: its own, around the state and while driving the SCI line.
 */
#include <linux/acpi_pmtmr.h>
#include <linux/bits.h>
#include <linux/bitfield.h>
#include <linux/math64.h>
#include <linux/spinlock.h>

#include "../core/compat.h"
#include "builtin.h"

#define ACPI_PM_BASE		0x600

/**
 * struct acpi_pm_ports - the registers as they lie in the port space
 * @sts: PM1_STS, write 1 to clear
 * @en: PM1_EN
 * @cnt: PM1_CNT
 * @reserved: 0
 * @tmr: PM_TMR, of 32 bits (TMR_VAL_EXT), read-only
 */
struct acpi_pm_ports {
	__le16 sts;
	__le16 en;
	__le16 cnt;
	__le16 reserved;
	__le32 tmr;
};

/* PM1 Status and Enable Registers, tables 4.13 and 4.14; enable bits have the same places */
#define PM1_TMR			BIT(0)
#define PM1_BM			BIT(4)	/* status only */
#define PM1_GBL			BIT(5)
#define PM1_PWRBTN		BIT(8)
#define PM1_SLPBTN		BIT(9)
#define PM1_RTC			BIT(10)
#define PM1_WAK			BIT(15)	/* status only */
#define PM1_EN_BITS		(PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC)
#define PM1_STS_BITS		(PM1_EN_BITS | PM1_BM | PM1_WAK)

/* PM1 Control Register, table 4.15; GBL_RLS (bit 2) would be an SMI */
#define PM1_CNT_SCI_EN		BIT(0)
#define PM1_CNT_BM_RLD		BIT(1)
#define PM1_CNT_SLP_TYP		GENMASK(12, 10)
#define PM1_CNT_SLP_EN		BIT(13)	/* write-only */
#define PM1_CNT_BITS		(PM1_CNT_BM_RLD | PM1_CNT_SLP_TYP)
#define SLP_TYP_S5		5	/* what \_S5 in the DSDT must say */

#define TMR_CARRY_SHIFT		31	/* TMR_STS: bit 31 changed */

/**
 * struct acpi_pm_state - what the guest can see
 * @sts: PM1_STS
 * @en: PM1_EN
 * @cnt: PM1_CNT, the bits that can be read back
 * @reserved: 0
 * @ticks: value of the timer, not cut to 32 bits, at the time @start of struct acpi_pm
 * @carries: changes of its bit 31 that TMR_STS has told of
 */
struct acpi_pm_state {
	u16 sts;
	u16 en;
	u16 cnt;
	u16 reserved;
	u64 ticks;
	u64 carries;
};

/**
 * struct acpi_pm - an instance
 * @dev: the device
 * @lock: everything below
 * @state: what the guest can see
 * @start: ktime_get_ns() when the timer was state.ticks
 * @carry: for the next carry, while TMR_EN is set and TMR_STS clear
 */
struct acpi_pm {
	struct axvm_device dev;
	raw_spinlock_t lock;
	struct acpi_pm_state state;
	u64 start;
	struct hrtimer carry;
};

static struct acpi_pm *to_acpi_pm(struct axvm_device *dev)
{
	return container_of(dev, struct acpi_pm, dev);
}

static u64 acpi_pm_ticks(const struct acpi_pm *pm)
{
	u64 elapsed = ktime_get_ns() - pm->start;

	return pm->state.ticks + mul_u64_u32_div(elapsed, PMTMR_TICKS_PER_SEC, NSEC_PER_SEC);
}

/* Carries since the last look make TMR_STS. Return: the timer's value now. */
static u64 acpi_pm_catch_up(struct acpi_pm *pm)
{
	u64 ticks = acpi_pm_ticks(pm);
	u64 carries = ticks >> TMR_CARRY_SHIFT;

	if (carries != pm->state.carries) {
		pm->state.carries = carries;
		pm->state.sts |= PM1_TMR;
	}
	return ticks;
}

static void acpi_pm_arm(struct acpi_pm *pm)
{
	const struct acpi_pm_state *s = &pm->state;
	u64 ticks, ns;

	if (!(s->en & PM1_TMR) || s->sts & PM1_TMR) {
		hrtimer_try_to_cancel(&pm->carry);
		return;
	}
	ticks = ((s->carries + 1) << TMR_CARRY_SHIFT) - s->ticks;
	/* Rounded up: at that time the carry has happened. */
	ns = mul_u64_u32_div(ticks, NSEC_PER_SEC, PMTMR_TICKS_PER_SEC) + 1;
	hrtimer_start(&pm->carry, ns_to_ktime(pm->start + ns), HRTIMER_MODE_ABS_HARD);
}

/* After any change: the SCI line is up while an enabled status bit is set */
static void acpi_pm_update(struct acpi_pm *pm)
{
	axvm_device_set_line(&pm->dev, 0, pm->state.sts & pm->state.en);
	acpi_pm_arm(pm);
}

static enum hrtimer_restart acpi_pm_carry(struct hrtimer *timer)
{
	struct acpi_pm *pm = container_of(timer, struct acpi_pm, carry);
	unsigned long flags;

	raw_spin_lock_irqsave(&pm->lock, flags);
	acpi_pm_catch_up(pm);
	acpi_pm_update(pm);
	raw_spin_unlock_irqrestore(&pm->lock, flags);
	return HRTIMER_NORESTART;
}

/* The registers as they read */
static void acpi_pm_get_ports(struct acpi_pm *pm, struct acpi_pm_ports *ports)
{
	u64 ticks = acpi_pm_catch_up(pm);

	ports->sts = cpu_to_le16(pm->state.sts);
	ports->en = cpu_to_le16(pm->state.en);
	ports->cnt = cpu_to_le16(pm->state.cnt | PM1_CNT_SCI_EN);
	ports->reserved = 0;
	ports->tmr = cpu_to_le32(ticks);
}

static int acpi_pm_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct acpi_pm *pm = to_acpi_pm(dev);
	struct acpi_pm_ports ports;
	unsigned long flags;
	__le64 data = 0;

	raw_spin_lock_irqsave(&pm->lock, flags);
	acpi_pm_get_ports(pm, &ports);
	raw_spin_unlock_irqrestore(&pm->lock, flags);
	memcpy(&data, (u8 *)&ports + access->offset, access->width);
	access->data = le64_to_cpu(data);
	return AXVM_HANDLED;
}

/*
 * Ports that the access leaves out keep their values: they are written with what
 * they read as, and the status bits with zeros.
 *
 * Return: true if the guest switches itself off.
 */
static bool acpi_pm_set_ports(struct acpi_pm *pm, const struct axvm_access *access)
{
	__le64 data = cpu_to_le64(access->data);
	struct acpi_pm_state *s = &pm->state;
	struct acpi_pm_ports ports;
	u16 cnt;

	acpi_pm_get_ports(pm, &ports);
	ports.sts = 0;
	memcpy((u8 *)&ports + access->offset, &data, access->width);

	cnt = le16_to_cpu(ports.cnt);
	s->sts &= ~le16_to_cpu(ports.sts);
	s->en = le16_to_cpu(ports.en) & PM1_EN_BITS;
	s->cnt = cnt & PM1_CNT_BITS;
	return cnt & PM1_CNT_SLP_EN && FIELD_GET(PM1_CNT_SLP_TYP, cnt) == SLP_TYP_S5;
}

static int acpi_pm_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct acpi_pm *pm = to_acpi_pm(dev);
	unsigned long flags;
	bool off;

	raw_spin_lock_irqsave(&pm->lock, flags);
	off = acpi_pm_set_ports(pm, access);
	acpi_pm_update(pm);
	raw_spin_unlock_irqrestore(&pm->lock, flags);
	if (off)
		axvm_vm_stop(dev->vm, AXVM_STOP_POWEROFF, 0);
	return AXVM_HANDLED;
}

/* The timer goes on from state->ticks */
static void acpi_pm_set_state(struct acpi_pm *pm, const struct acpi_pm_state *state)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pm->lock, flags);
	pm->state = *state;
	pm->start = ktime_get_ns();
	acpi_pm_update(pm);
	raw_spin_unlock_irqrestore(&pm->lock, flags);
}

static void acpi_pm_reset(struct axvm_device *dev)
{
	static const struct acpi_pm_state power_on;

	acpi_pm_set_state(to_acpi_pm(dev), &power_on);
}

static void acpi_pm_save(struct axvm_device *dev, void *buf)
{
	struct acpi_pm *pm = to_acpi_pm(dev);
	struct acpi_pm_state *to = buf;
	unsigned long flags;
	u64 ticks;

	raw_spin_lock_irqsave(&pm->lock, flags);
	ticks = acpi_pm_catch_up(pm);
	memcpy(to, &pm->state, sizeof(*to));
	to->ticks = ticks;
	raw_spin_unlock_irqrestore(&pm->lock, flags);
}

static int acpi_pm_restore(struct axvm_device *dev, const void *buf)
{
	const struct acpi_pm_state *from = buf;

	if (from->sts & ~PM1_STS_BITS || from->en & ~PM1_EN_BITS || from->cnt & ~PM1_CNT_BITS ||
	    from->reserved || from->carries > from->ticks >> TMR_CARRY_SHIFT)
		return -EINVAL;
	acpi_pm_set_state(to_acpi_pm(dev), from);
	return 0;
}

static void acpi_pm_destroy(struct axvm_device *dev)
{
	hrtimer_cancel(&to_acpi_pm(dev)->carry);
}

static int acpi_pm_init(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	struct acpi_pm *pm = to_acpi_pm(dev);
	int ret;

	if ((config->length && config->length != sizeof(struct acpi_pm_ports)) || config->nr_cfg)
		return -EINVAL;
	raw_spin_lock_init(&pm->lock);
	axvm_hrtimer_setup(&pm->carry, acpi_pm_carry, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	pm->start = ktime_get_ns();
	ret = axvm_device_add_region(dev, AXVM_BUS_PORT, config->base ?: ACPI_PM_BASE,
				     sizeof(struct acpi_pm_ports));
	if (ret)
		return ret;
	return axvm_device_add_line(dev, config->irq);
}

static const struct axvm_device_ops acpi_pm_ops = {
	.read = acpi_pm_read,
	.write = acpi_pm_write,
	.reset = acpi_pm_reset,
	.destroy = acpi_pm_destroy,
	.save = acpi_pm_save,
	.restore = acpi_pm_restore,
};

struct axvm_device_type axvm_acpi_pm_type = {
	.name = "acpi-pm",
	.number = AXVM_DEV_ACPI_PM,
	.owner = THIS_MODULE,
	.atomic = true,
	.instance_size = sizeof(struct acpi_pm),
	.state_size = sizeof(struct acpi_pm_state),
	.init = acpi_pm_init,
	.ops = &acpi_pm_ops,
};
