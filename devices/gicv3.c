// SPDX-License-Identifier: GPL-2.0
/*
 * GICv3: the device. gicv3_regs.c is what the guest reads and writes, gicv3_irq.c how
 * interrupts become pending, gicv3_link.c which are the host's, arm64/gic_lr.c and
 * arm64/gic_cpu.c how they reach the guest; gicv3.h tells the locks and the manual.
 *
 * The distributor is at the device's base. The redistributors are at cfg[0], one after
 * another in the order of the vCPUs' numbers, room for cfg[1] of them, or AXVM_MAX_VCPUS.
 * The lines of the VM are numbered by INTID: SPIs, from 32 on.
 *
 * The distributor lives as long as the last vCPU with a redistributor, also when the device
 * is removed, which only switches it off: so nobody who reaches for it (any vCPU, any
 * context) needs a lock to keep it from going away.
 *
 * Owns: vcpu->arch.gic and vm->arch.gic; both change under vm->lock.
 */
#include <linux/slab.h>
#include <linux/sizes.h>

#include "builtin.h"
#include "gicv3.h"

/* Where QEMU's machine "virt" has them */
#define DIST_BASE	0x08000000ULL
#define DIST_LENGTH	SZ_64K
#define REDIST_BASE	0x080a0000ULL

/* ICH_VMCR_EL2: 12.4.8 */
#define VMCR_BITS	0xfffc021fULL

/**
 * struct gicv3_state - a saved state
 * @dist: the distributor
 * @cpu: redistributors and CPU interfaces, by number of the vCPU
 */
struct gicv3_state {
	struct gicv3_dist_state dist;
	struct gicv3_cpu_state cpu[AXVM_MAX_VCPUS];
};

/* --- power-on state ------------------------------------------------------- */

/* Wires are not the GIC's to reset. gic->lock held */
static void reset_bank(struct gicv3_bank *bank, unsigned int n)
{
	u32 level = bank->level;

	memset(bank, 0, sizeof(*bank));
	bank->level = level;
	bank->group = GICV3_BANK_MASK(n);
	bank->edge = n ? 0 : GENMASK(GICV3_NR_SGIS - 1, 0);
}

/* gic->lock held; the vCPU does not run */
static void reset_cpu(struct arm64_gic_cpu *cpu)
{
	cpu->state.waker = 1;
	reset_bank(&cpu->state.bank, 0);
	cpu->latched = 0;
	cpu->drop_pending = 0;
	cpu->drop_active = 0;
	cpu->mapped_live = false;
	gicv3_reset_interface(cpu);
	gicv3_touch(cpu);
}

/**
 * arm64_gic_reset_vcpu() - power-on state of a redistributor and CPU interface
 * @vcpu: the vCPU; it does not run
 *
 * Context: any.
 */
void arm64_gic_reset_vcpu(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = READ_ONCE(vcpu->arch.gic);
	unsigned long flags;

	if (!cpu)
		return;
	flags = gicv3_lock(cpu->gic);
	/* An SPI that it has listed is the distributor's. */
	gicv3_fold(cpu);
	reset_cpu(cpu);
	gicv3_unlock(cpu->gic, flags);
}
EXPORT_SYMBOL_AXVM_KUNIT(arm64_gic_reset_vcpu);

static void reset_all(struct arm64_gic *gic)
{
	unsigned long flags;
	unsigned int i;

	flags = gicv3_lock(gic);
	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (gic->cpu[i])
			reset_cpu(gic->cpu[i]);
	gic->state.ctlr = 0;
	for (i = 1; i < GICV3_NR_BANKS; i++)
		reset_bank(&gic->state.bank[i], i);
	memset(gic->state.router, 0, sizeof(gic->state.router));
	memset(gic->state.owner, 0, sizeof(gic->state.owner));
	gicv3_release_all_links(gic);
	for (i = GICV3_NR_PRIVATE; i < GICV3_NR_INTIDS; i++)
		gicv3_route(gic, i);
	gicv3_touch_all(gic);
	gicv3_unlock(gic, flags);
}

static void gicv3_reset(struct axvm_device *dev)
{
	gicv3_drop_messages(gicv3_of(dev));
	reset_all(gicv3_of(dev));
}

/* --- life of the distributor ---------------------------------------------- */

static void gic_release(struct kref *ref)
{
	kfree(container_of(ref, struct arm64_gic, ref));
}

/**
 * gicv3_put() - a reference less
 * @gic: the GIC
 *
 * Context: any.
 */
void gicv3_put(struct arm64_gic *gic)
{
	kref_put(&gic->ref, gic_release);
}

/* That of a device that was removed before, or a new one */
static struct arm64_gic *gic_get(struct axvm_vm *vm)
{
	struct arm64_gic *gic;
	unsigned int i;

	for (i = 0; i < AXVM_MAX_VCPUS; i++) {
		if (!vm->vcpus[i] || !vm->vcpus[i]->arch.gic)
			continue;
		gic = vm->vcpus[i]->arch.gic->gic;
		kref_get(&gic->ref);
		return gic;
	}
	gic = kzalloc(sizeof(*gic), GFP_KERNEL_ACCOUNT);
	if (!gic)
		return NULL;
	kref_init(&gic->ref);
	raw_spin_lock_init(&gic->lock);
	INIT_LIST_HEAD(&gic->links);
	gic->vm = vm;
	return gic;
}

/* --- life of a redistributor; vm->lock held ------------------------------- */

static void arrange_frames(struct arm64_gic *gic)
{
	unsigned int i, nr = 0;

	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (gic->cpu[i])
			WRITE_ONCE(gic->frame[nr++], gic->cpu[i]);
	WRITE_ONCE(gic->nr_frames, nr);
	while (nr < AXVM_MAX_VCPUS)
		WRITE_ONCE(gic->frame[nr++], NULL);
}

static void add_cpu(struct arm64_gic *gic, struct arm64_gic_cpu *cpu)
{
	unsigned long flags;
	unsigned int i;

	flags = gicv3_lock(gic);
	gic->cpu[cpu->vcpu->id] = cpu;
	gicv3_interface_features(cpu);
	gicv3_fold(cpu);
	reset_cpu(cpu);
	for (i = GICV3_NR_PRIVATE; i < GICV3_NR_INTIDS; i++)
		gicv3_route(gic, i);
	arrange_frames(gic);
	gic->kicks = 0;	/* It may not be to be found yet. */
	gicv3_unlock(gic, flags);
}

/**
 * arm64_gic_attach() - give a new vCPU its redistributor, if its VM has a GIC
 * @vcpu: the vCPU
 *
 * Context: may sleep; vm->lock held.
 * Return: 0 or -ENOMEM.
 */
int arm64_gic_attach(struct axvm_vcpu *vcpu)
{
	struct arm64_gic *gic = vcpu->vm->arch.gic;
	struct arm64_gic_cpu *cpu;

	if (!gic || vcpu->arch.gic)
		return 0;
	cpu = kzalloc(sizeof(*cpu), GFP_KERNEL_ACCOUNT);
	if (!cpu)
		return -ENOMEM;
	cpu->vcpu = vcpu;
	cpu->gic = gic;
	kref_get(&gic->ref);
	add_cpu(gic, cpu);
	/* Whoever sees it sees it made. */
	smp_store_release(&vcpu->arch.gic, cpu);
	return 0;
}

/**
 * arm64_gic_detach() - free the redistributor of a vCPU that goes away
 * @vcpu: the vCPU; nobody reaches for it any more
 *
 * Context: may sleep.
 */
void arm64_gic_detach(struct axvm_vcpu *vcpu)
{
	struct arm64_gic_cpu *cpu = vcpu->arch.gic;
	struct arm64_gic *gic;
	unsigned long flags;

	if (!cpu)
		return;
	gic = cpu->gic;
	flags = gicv3_lock(gic);
	gic->cpu[vcpu->id] = NULL;
	arrange_frames(gic);
	gicv3_unlock(gic, flags);
	vcpu->arch.gic = NULL;
	kfree(cpu);
	gicv3_put(gic);
}

/* --- life of the device --------------------------------------------------- */

static void gicv3_chip_set_level(struct axvm_device *chip, u32 irq, bool level)
{
	gicv3_set_level(gicv3_of(chip), irq, level);
}

static const struct axvm_irqchip_ops gicv3_chip_ops = {
	.set_level = gicv3_chip_set_level,
};

static int attach_all(struct axvm_vm *vm)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < AXVM_MAX_VCPUS && !ret; i++)
		if (vm->vcpus[i])
			ret = arm64_gic_attach(vm->vcpus[i]);
	return ret;
}

/* Nothing is forwarded any more */
static void switch_off(struct arm64_gic *gic)
{
	unsigned long flags;
	unsigned int i;

	flags = gicv3_lock(gic);
	gic->state.ctlr = 0;
	for (i = 1; i < GICV3_NR_BANKS; i++)
		gic->state.bank[i].level = 0;
	gicv3_release_all_links(gic);
	gicv3_touch_all(gic);
	gicv3_unlock(gic, flags);
}

static void gicv3_destroy(struct axvm_device *dev)
{
	struct arm64_gic *gic = gicv3_of(dev);

	/* Unregistering waits for messages that have found it (gicv3_msi.c). */
	WRITE_ONCE(dev->vm->arch.gic, NULL);
	axvm_irqchip_unregister(dev);
	gicv3_drop_messages(gic);
	switch_off(gic);
	gicv3_put(gic);
}

static u64 config_base(const struct axvm_device *dev)
{
	return dev->config.base ? dev->config.base : DIST_BASE;
}

static int add_regions(struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	u64 base = config_base(dev);
	u64 redist = config->nr_cfg > 0 && config->cfg[0] ? config->cfg[0] : REDIST_BASE;
	u64 room = config->nr_cfg > 1 && config->cfg[1] ? config->cfg[1] : AXVM_MAX_VCPUS;
	int ret;

	if (config->nr_cfg > 2 || room > AXVM_MAX_VCPUS ||
	    !IS_ALIGNED(base, SZ_64K) || !IS_ALIGNED(redist, SZ_64K) ||
	    (config->length && config->length != DIST_LENGTH))
		return -EINVAL;
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, base, DIST_LENGTH);
	if (ret)
		return ret;
	return axvm_device_add_region(dev, AXVM_BUS_MMIO, redist, room * GICV3_REDIST_LENGTH);
}

static int gicv3_init(struct axvm_device *dev)
{
	struct axvm_vm *vm = dev->vm;
	struct arm64_gic *gic;
	int ret;

	if (vm->arch.gic)
		return -EEXIST;
	ret = add_regions(dev);
	if (ret)
		return ret;
	gic = gic_get(vm);
	if (!gic)
		return -ENOMEM;
	container_of(dev, struct gicv3, dev)->gic = gic;
	gic->base = config_base(dev);
	WRITE_ONCE(vm->arch.gic, gic);
	reset_all(gic);
	ret = attach_all(vm);
	if (!ret)
		ret = axvm_irqchip_register(dev, &gicv3_chip_ops);
	if (ret)
		gicv3_destroy(dev);
	return ret;
}

/* --- saving and restoring ------------------------------------------------- */

/* As if all vCPUs had just left the guest. gic->lock held */
static void save_bank(struct arm64_gic *gic, struct arm64_gic_cpu *cpu, unsigned int n,
		      struct gicv3_bank *bank)
{
	*bank = *gicv3_bank(gic, cpu, n);
	gicv3_peek(gic, n, cpu, &bank->latch, &bank->active);
	bank->listed = 0;
}

/* gic->lock held */
static void save_cpu(struct arm64_gic_cpu *cpu, struct gicv3_cpu_state *state)
{
	*state = cpu->state;
	state->present = 1;
	save_bank(cpu->gic, cpu, 0, &state->bank);
	state->vmcr = cpu->hw.vmcr;
	memcpy(state->ap0r, cpu->hw.ap0r, sizeof(state->ap0r));
	memcpy(state->ap1r, cpu->hw.ap1r, sizeof(state->ap1r));
}

static void gicv3_save(struct axvm_device *dev, void *buf)
{
	struct arm64_gic *gic = gicv3_of(dev);
	struct gicv3_state *state = buf;
	unsigned long flags;
	unsigned int i;

	memset(state, 0, sizeof(*state));
	flags = gicv3_lock(gic);
	state->dist = gic->state;
	for (i = 1; i < GICV3_NR_BANKS; i++)
		save_bank(gic, NULL, i, &state->dist.bank[i]);
	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (gic->cpu[i])
			save_cpu(gic->cpu[i], &state->cpu[i]);
	gicv3_unlock(gic, flags);
}

static bool bank_is_valid(const struct arm64_gic *gic, const struct gicv3_bank *bank,
			  unsigned int n)
{
	u32 all = bank->group | bank->enabled | bank->latch | bank->level | bank->active |
		  bank->edge;
	unsigned int i;

	if (bank->listed || bank->reserved || all & ~GICV3_BANK_MASK(n))
		return false;
	for (i = 0; i < GICV3_BANK_BITS; i++)
		if (bank->priority[i] & ~gic->priority_mask)
			return false;
	return n || bank->edge == GENMASK(GICV3_NR_SGIS - 1, 0);
}

static bool cpu_is_valid(const struct arm64_gic *gic, const struct gicv3_cpu_state *state,
			 unsigned int id)
{
	if (!gic->cpu[id])
		return !state->present;
	return state->present == 1 && state->waker <= 1 && !(state->vmcr & ~VMCR_BITS) &&
	       bank_is_valid(gic, &state->bank, 0);
}

static bool state_is_valid(const struct arm64_gic *gic, const struct gicv3_state *state)
{
	unsigned int i;

	if (state->dist.ctlr & ~(GICV3_CTLR_GRP0 | GICV3_CTLR_GRP1) || state->dist.reserved)
		return false;
	for (i = 1; i < GICV3_NR_BANKS; i++)
		if (!bank_is_valid(gic, &state->dist.bank[i], i))
			return false;
	for (i = 0; i < ARRAY_SIZE(state->dist.owner); i++)
		if (state->dist.owner[i] >= AXVM_MAX_VCPUS)
			return false;
	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (!cpu_is_valid(gic, &state->cpu[i], i))
			return false;
	return true;
}

/* gic->lock held */
static void restore_cpu(struct arm64_gic_cpu *cpu, const struct gicv3_cpu_state *state)
{
	gicv3_fold(cpu);
	reset_cpu(cpu);
	cpu->state = *state;
	cpu->hw.vmcr = state->vmcr | ARM64_VMCR_VFIQEN;
	memcpy(cpu->hw.ap0r, state->ap0r, sizeof(cpu->hw.ap0r));
	memcpy(cpu->hw.ap1r, state->ap1r, sizeof(cpu->hw.ap1r));
}

static int gicv3_restore(struct axvm_device *dev, const void *buf)
{
	struct arm64_gic *gic = gicv3_of(dev);
	const struct gicv3_state *state = buf;
	unsigned long flags;
	unsigned int i;

	if (!state_is_valid(gic, state))
		return -EINVAL;
	flags = gicv3_lock(gic);
	for (i = 0; i < AXVM_MAX_VCPUS; i++)
		if (gic->cpu[i])
			restore_cpu(gic->cpu[i], &state->cpu[i]);
	gic->state = state->dist;
	gicv3_release_all_links(gic);
	for (i = GICV3_NR_PRIVATE; i < GICV3_NR_INTIDS; i++) {
		gic->state.router[i] &= GICV3_ROUTER_BITS;
		gicv3_route(gic, i);
	}
	gicv3_touch_all(gic);
	gicv3_unlock(gic, flags);
	return 0;
}

static const struct axvm_device_ops gicv3_ops = {
	.read = gicv3_read,
	.write = gicv3_write,
	.reset = gicv3_reset,
	.destroy = gicv3_destroy,
	.save = gicv3_save,
	.restore = gicv3_restore,
};

struct axvm_device_type axvm_gicv3_type = {
	.name = "gicv3",
	.number = AXVM_DEV_GICV3,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct gicv3),
	.state_size = sizeof(struct gicv3_state),
	.atomic = true,
	.init = gicv3_init,
	.ops = &gicv3_ops,
};
