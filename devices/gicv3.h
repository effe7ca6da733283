/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt controller of an arm64 VM, GICv3 (ARM IHI 0069, from here on "the manual"): what
 * gicv3.c (the device), gicv3_regs.c (its registers), gicv3_irq.c (what happens to
 * interrupts), gicv3_link.c (those that are the host's) and arm64/gic_lr.c, arm64/gic_cpu.c
 * (the CPU interface) share.
 *
 * The state of an interrupt is in one of two places. Normally it is in its bank. Before
 * its vCPU enters the guest, what is to be delivered or was acknowledged is *listed*: its
 * pending and active bits have moved from the bank to a list register (gicv3_fill()). If
 * the guest has changed any of them, or somebody else has to do with them, an exit brings
 * them back (gicv3_fold()); else they stay, and what is listed is as it was.
 *
 * gic->lock protects all of struct arm64_gic and of struct arm64_gic_cpu but @hw.vmcr and the
 * active priorities, which are those of the vCPU's thread. It is the innermost of our
 * locks (core/irq.h); of the kernel's, that of an interrupt of the host is taken under it
 * (gicv3_link.c). vCPUs are kicked after it, by gicv3_unlock().
 */
#ifndef AXVM_DEVICES_GICV3_H
#define AXVM_DEVICES_GICV3_H

#include <linux/bitops.h>
#include <linux/kref.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "../arm64/gic.h"
#include "../core/vm.h"

/* INTIDs: 2.2. SGIs 0 to 15, PPIs 16 to 31 of each vCPU, SPIs 32 to 1019 of the VM */
#define GICV3_NR_SGIS		16
#define GICV3_NR_PRIVATE	32
#define GICV3_NR_INTIDS		1020
#define GICV3_BANK_BITS		32
#define GICV3_NR_BANKS		32

/* The INTIDs of a bank that exist: 1020 to 1023 are special */
#define GICV3_BANK_MASK(n)	((n) == GICV3_NR_BANKS - 1 ? GENMASK(27, 0) : GENMASK(31, 0))

/* gicv3_dist_state.ctlr: GICD_CTLR with DS = 1, 12.9.4 */
#define GICV3_CTLR_GRP0		BIT(0)
#define GICV3_CTLR_GRP1		BIT(1)

/* GICD_IROUTER, 12.9.22: the affinities; routing to any PE is not there */
#define GICV3_ROUTER_BITS	(GENMASK_ULL(39, 32) | GENMASK_ULL(23, 0))

#define GICV3_NOBODY		0xff

/**
 * struct gicv3_bank - 32 interrupts; bit or index n is interrupt n of them
 * @group: 1: Group 1
 * @enabled: forwarded
 * @latch: an edge came, or software set it pending
 * @level: the wire is up
 * @active: acknowledged, not deactivated
 * @edge: 1: edge-triggered; 0: level-sensitive
 * @listed: @latch and @active are in a list register; 0 in a saved state
 * @reserved: 0
 * @priority: lower is more urgent
 */
struct gicv3_bank {
	u32 group;
	u32 enabled;
	u32 latch;
	u32 level;
	u32 active;
	u32 edge;
	u32 listed;
	u32 reserved;
	u8 priority[GICV3_BANK_BITS];
};

/**
 * struct gicv3_dist_state - what the guest can see of the distributor
 * @ctlr: the writable bits of GICD_CTLR
 * @reserved: 0
 * @bank: SPIs from bank 1 on; bank 0 is not used
 * @router: GICD_IROUTER
 * @owner: number of the vCPU that has the interrupt active or listed, if one has
 */
struct gicv3_dist_state {
	u32 ctlr;
	u32 reserved;
	struct gicv3_bank bank[GICV3_NR_BANKS];
	u64 router[GICV3_NR_BANKS * GICV3_BANK_BITS];
	u8 owner[GICV3_NR_BANKS * GICV3_BANK_BITS];
};

/**
 * struct gicv3_cpu_state - what the guest can see of a redistributor and CPU interface
 * @present: in a saved state: 1: there is such a vCPU
 * @waker: GICR_WAKER.ProcessorSleep
 * @bank: SGIs and PPIs
 * @vmcr: in a saved state: ICH_VMCR_EL2
 * @ap0r: in a saved state: ICH_AP0R<n>_EL2
 * @ap1r: in a saved state: ICH_AP1R<n>_EL2
 */
struct gicv3_cpu_state {
	u32 present;
	u32 waker;
	struct gicv3_bank bank;
	u64 vmcr;
	u32 ap0r[4];
	u32 ap1r[4];
};

/**
 * struct gicv3_choice - interrupts, the most urgent first (gic_lr.c)
 * @room: how many at most
 * @nr: how many there are
 * @more: there were more
 * @urgency: priority and INTID
 */
struct gicv3_choice {
	unsigned int room;
	unsigned int nr;
	bool more;
	u32 urgency[ARM64_GIC_MAX_LRS];
};

/**
 * struct arm64_gic_cpu - redistributor and CPU interface of a vCPU
 * @vcpu: [I] its vCPU
 * @gic: [I] its distributor, a reference
 * @nr_lrs: [I] list registers that the CPU has
 * @preemption_shift: [I] an active-priority bit stands for a priority of its number shifted
 * @mapped: INTID of the private interrupt that is the host's interrupt @host_intid, or 0
 * @host_intid: the host's INTID of @mapped: its deactivation by the guest is that of the host's
 * @mapped_live: the instance of @mapped that is under way came from the host's
 * @dirty: gicv3_fill() has something to do; read without the lock
 * @loaded: [T] @hw is in the CPU
 * @traps_dir: [I] ICC_DIR_EL1 can be trapped on its own
 * @banks: bit n: bank n of the SPIs may have something for this vCPU
 * @latched: bit i: what is pending in list register i was latched
 * @drop_pending: bit i: clear the pending state of list register i when it comes back
 * @drop_active: likewise, the active state
 * @folds: counts gicv3_fold()s; read without the lock
 * @actives: scratch of gicv3_fill() and its like
 * @pendings: likewise
 * @any_ended: there is something in @ended
 * @ended: SPIs that the guest has ended and somebody wants to know of (gicv3_tell_ended())
 * @hw: what is in the CPU, or will be
 * @state: what the guest sees
 */
struct arm64_gic_cpu {
	struct axvm_vcpu *vcpu;
	struct arm64_gic *gic;
	unsigned int nr_lrs;
	unsigned int preemption_shift;
	u32 mapped;
	u32 host_intid;
	bool traps_dir;
	bool mapped_live;
	bool dirty;
	bool loaded;
	u32 banks;
	u16 latched;
	u16 drop_pending;
	u16 drop_active;
	u32 folds;
	struct gicv3_choice actives;
	struct gicv3_choice pendings;
	bool any_ended;
	DECLARE_BITMAP(ended, GICV3_NR_INTIDS);
	struct arm64_gic_hw hw;
	struct gicv3_cpu_state state;
};

/**
 * struct arm64_gic - the distributor, and all that is found from it
 * @ref: the device, and each vCPU with a redistributor
 * @vm: [I] its VM
 * @lock: see above
 * @kicks: vCPUs, by number, that must look; gicv3_unlock() kicks them
 * @priority_mask: bits of a priority that the CPU interface has: 4.8
 * @nr_frames: redistributors; vm->lock to change
 * @frame: by place in memory; vm->lock to change, READ_ONCE() to read
 * @cpu: by number of the vCPU; likewise
 * @base: [I] where the distributor is
 * @message: a message holds the line of this SPI up; the router's lock (gicv3_msi.c)
 * @linked: bit n of word m: SPI n of bank m is an interrupt of the host, in @links
 * @links: the links (gicv3_link.c)
 * @target: number of the vCPU that @state.router names, or GICV3_NOBODY
 * @state: what the guest sees
 */
struct arm64_gic {
	struct kref ref;
	struct axvm_vm *vm;
	raw_spinlock_t lock;
	u64 kicks;
	u8 priority_mask;
	unsigned int nr_frames;
	struct arm64_gic_cpu *frame[AXVM_MAX_VCPUS];
	struct arm64_gic_cpu *cpu[AXVM_MAX_VCPUS];
	u64 base;
	bool message[GICV3_NR_INTIDS];
	u32 linked[GICV3_NR_BANKS];
	struct list_head links;
	u8 target[GICV3_NR_BANKS * GICV3_BANK_BITS];
	struct gicv3_dist_state state;
};

/**
 * struct axvm_host_link - an SPI that is an interrupt of the host: see gicv3_link.c
 * @list: in gic->links, while it is linked
 * @gic: the GIC, a reference
 * @intid: the SPI
 * @irq: the host's interrupt: its number in Linux
 * @host_intid: its INTID at the host's GIC
 */
struct axvm_host_link {
	struct list_head list;
	struct arm64_gic *gic;
	u32 intid;
	unsigned int irq;
	u32 host_intid;
};

/* The device's regions, in the order of their declaration */
enum { GICV3_REGION_DIST, GICV3_REGION_REDIST };

#define GICV3_REDIST_LENGTH	SZ_128K

/**
 * struct gicv3 - the device
 * @dev: the device
 * @gic: the distributor, a reference
 */
struct gicv3 {
	struct axvm_device dev;
	struct arm64_gic *gic;
};

static inline struct arm64_gic *gicv3_of(struct axvm_device *dev)
{
	return container_of(dev, struct gicv3, dev)->gic;
}

/* 4.4: a level is pending while it is up, an edge until it is acknowledged */
static inline u32 gicv3_pending(const struct gicv3_bank *bank)
{
	return bank->latch | (bank->level & ~bank->edge);
}

/* The interrupts of a bank whose group the distributor forwards */
static inline u32 gicv3_forwarded(const struct gicv3_bank *bank, u32 ctlr)
{
	return (ctlr & GICV3_CTLR_GRP1 ? bank->group : 0) |
	       (ctlr & GICV3_CTLR_GRP0 ? ~bank->group : 0);
}

/* Bank 0 is each vCPU's own */
static inline struct gicv3_bank *gicv3_bank(struct arm64_gic *gic, struct arm64_gic_cpu *cpu,
					    unsigned int n)
{
	return n ? &gic->state.bank[n] : &cpu->state.bank;
}

/* An SPI that is listed or active stays where it is, whatever its route. */
static inline u8 gicv3_whose(const struct arm64_gic *gic, u32 intid)
{
	const struct gicv3_bank *bank = &gic->state.bank[intid / GICV3_BANK_BITS];

	if ((bank->listed | bank->active) & BIT(intid % GICV3_BANK_BITS))
		return gic->state.owner[intid];
	return gic->target[intid];
}

/* Take the lowest set bit out of @left; false: none is left. Inline, unlike for_each_set_bit() */
static inline bool gicv3_next_bit(unsigned long *left, unsigned int *bit)
{
	if (!*left)
		return false;
	*bit = __ffs(*left);
	*left &= *left - 1;
	return true;
}

void gicv3_kick(struct arm64_gic *gic, u64 vcpus);

/**
 * gicv3_lock() - take gic->lock
 * @gic: the GIC
 *
 * Return: for gicv3_unlock()
 */
static inline unsigned long gicv3_lock(struct arm64_gic *gic) __acquires(&gic->lock)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gic->lock, flags);
	return flags;
}

/**
 * gicv3_unlock() - release gic->lock, then kick the vCPUs that must look
 * @gic: the GIC
 * @flags: from gicv3_lock()
 *
 * Not under the lock, since waking a thread takes a lock of the scheduler, under which
 * the threads of vCPUs come and go.
 *
 * Return: the vCPUs, a bit each.
 */
static inline u64 gicv3_unlock(struct arm64_gic *gic, unsigned long flags) __releases(&gic->lock)
{
	u64 kicks = gic->kicks;

	gic->kicks = 0;
	raw_spin_unlock_irqrestore(&gic->lock, flags);
	if (kicks)
		gicv3_kick(gic, kicks);
	return kicks;
}

/**
 * gicv3_lock_window() - gicv3_lock() for a vCPU's thread in its window, interrupts off
 * @cpu: the vCPU's part
 */
static inline void gicv3_lock_window(struct arm64_gic_cpu *cpu) __acquires(&cpu->gic->lock)
{
	raw_spin_lock(&cpu->gic->lock);
}

/**
 * gicv3_unlock_window() - the reverse; the vCPU itself is not kicked, as it looks anyway
 * @cpu: the vCPU's part
 */
static inline void gicv3_unlock_window(struct arm64_gic_cpu *cpu) __releases(&cpu->gic->lock)
{
	u64 kicks = cpu->gic->kicks & ~BIT_ULL(cpu->vcpu->id);

	cpu->gic->kicks = 0;
	raw_spin_unlock(&cpu->gic->lock);
	if (unlikely(kicks))
		gicv3_kick(cpu->gic, kicks);
}

/**
 * gicv3_touch() - a vCPU must look; gic->lock held
 * @cpu: its part of the GIC
 */
static inline void gicv3_touch(struct arm64_gic_cpu *cpu)
{
	WRITE_ONCE(cpu->dirty, true);
	cpu->gic->kicks |= BIT_ULL(cpu->vcpu->id);
}

/**
 * gicv3_note_end() - the guest has ended an interrupt; gic->lock held
 * @cpu: who
 * @intid: which
 */
static inline void gicv3_note_end(struct arm64_gic_cpu *cpu, u32 intid)
{
	if (likely(intid < GICV3_NR_PRIVATE || !test_bit(intid, cpu->gic->vm->irq.resampled)))
		return;
	__set_bit(intid, cpu->ended);
	cpu->any_ended = true;
}

/* gicv3.c: a reference less; any context */
void gicv3_put(struct arm64_gic *gic);

/* gicv3_link.c; no lock held */
int gicv3_link(struct arm64_gic *gic, struct axvm_host_link *link);
void gicv3_unlink(struct axvm_host_link *link);
bool gicv3_link_fire(struct axvm_host_link *link);

/* gicv3_link.c; gic->lock held */
u32 gicv3_host_intid(const struct arm64_gic *gic, u32 intid);
void gicv3_release_links(struct arm64_gic *gic, unsigned int n, u32 mask);
void gicv3_release_all_links(struct arm64_gic *gic);

/**
 * gicv3_gone() - instances of SPIs have gone otherwise than by the CPU; gic->lock held
 * @gic: the GIC
 * @n: their bank
 * @mask: which of it; those of which something is left are left alone
 */
static inline void gicv3_gone(struct arm64_gic *gic, unsigned int n, u32 mask)
{
	const struct gicv3_bank *bank = &gic->state.bank[n];

	mask &= gic->linked[n];
	if (unlikely(mask))
		gicv3_release_links(gic, n, mask & ~(bank->latch | bank->active | bank->listed));
}

/* gicv3_msi.c; no lock held */
void gicv3_tell_ended(struct arm64_gic_cpu *cpu);
int gicv3_message(struct arm64_gic *gic, u32 intid, bool level);
void gicv3_drop_messages(struct arm64_gic *gic);

/* gicv3_irq.c. gic->lock held, but for gicv3_settle() and gicv3_set_level(). */
void gicv3_touch_all(struct arm64_gic *gic);
void gicv3_touch_whose(struct arm64_gic *gic, unsigned int n, u32 mask);
void gicv3_drop(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 mask,
		bool active);
void gicv3_forget(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 mask);
void gicv3_peek(struct arm64_gic *gic, unsigned int n, struct arm64_gic_cpu *cpu, u32 *pending,
		u32 *active);
void gicv3_settle(struct arm64_gic *gic, u64 vcpus);
void gicv3_route(struct arm64_gic *gic, u32 intid);
void gicv3_set_level(struct arm64_gic *gic, u32 irq, bool level);

/**
 * gicv3_update() - something about interrupts has changed; gic->lock held
 * @gic: the GIC
 * @cpu: whose they are, for bank 0
 * @n: their bank
 * @mask: which of it
 */
static inline void gicv3_update(struct arm64_gic *gic, struct arm64_gic_cpu *cpu, unsigned int n,
				u32 mask)
{
	const struct gicv3_bank *bank = gicv3_bank(gic, cpu, n);

	mask &= bank->listed | bank->active | (gicv3_pending(bank) & bank->enabled);
	if (!mask)
		return;
	if (n)
		gicv3_touch_whose(gic, n, mask);
	else
		gicv3_touch(cpu);
}

/* gicv3_regs.c: axvm_device_ops.read() and write() */
int gicv3_read(struct axvm_device *dev, struct axvm_access *access);
int gicv3_write(struct axvm_device *dev, struct axvm_access *access);

/* arm64/gic_lr.c; gic->lock held */
void gicv3_fill(struct arm64_gic_cpu *cpu);
void gicv3_fold(struct arm64_gic_cpu *cpu);
bool gicv3_host_active(const struct arm64_gic_cpu *cpu);
bool gicv3_deliverable(struct arm64_gic_cpu *cpu);
void gicv3_reset_interface(struct arm64_gic_cpu *cpu);

/* arm64/gic_cpu.c: what the CPU interface can do; what is behind the two below */
void gicv3_interface_features(struct arm64_gic_cpu *cpu);
void gicv3_enter(struct arm64_gic_cpu *cpu);
void gicv3_leave(struct arm64_gic_cpu *cpu);

/*
 * Each entry and each exit has its own, also where the guest is entered again at once: before
 * the answer to an exit, which may ask for the state of interrupts, and after it, since it may
 * have made one pending. There is nothing to do as a rule. On an nVHE host both work on
 * struct arm64_gic_hw alone, which the code at EL2 brings to the CPU and back by gic_hw_enter()
 * and gic_hw_leave().
 */

/**
 * arm64_gic_enter() - before an entry: list what is pending
 * @vcpu: the vCPU
 *
 * Context: interrupts off, after axvm_vcpu_enter_guest().
 */
static __always_inline void arm64_gic_enter(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = vcpu->arch.gic;

	if (likely(cpu) && unlikely(READ_ONCE(cpu->dirty)))
		gicv3_enter(cpu);
}

/**
 * arm64_gic_leave() - after an exit: see what the guest did with what was listed
 * @vcpu: the vCPU
 *
 * Context: interrupts off, before axvm_vcpu_leave_guest().
 */
static __always_inline void arm64_gic_leave(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = vcpu->arch.gic;

	if (likely(cpu) && unlikely(cpu->hw.used))
		gicv3_leave(cpu);
}

#endif /* AXVM_DEVICES_GICV3_H */
