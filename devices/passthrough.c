// SPDX-License-Identifier: GPL-2.0
/*
 * PassThroughDevice: a range of the host's device memory or ports, and an interrupt, as a
 * device of a VM beside the emulated ones.
 *
 *	routed	the guest's accesses exit, and are made here, as wide as they are: counted, timed
 *		and traced as those to any device; parts of a page can be passed
 *	mapped	stage 2 or the I/O bitmaps let the guest through. The registry has the range all
 *		the same, for what reaches it by another way: an instruction with two operands,
 *		of which the other one is a device's
 *
 * Owns: the claim on the range in the host's tree of resources, so that no driver and no other
 * VM takes it. RAM and what axvm_host_keeps() are never claimed. The type is not registered:
 * only AXVM_VM_PASS_THROUGH, with its privilege, makes such devices.
 *
 * Locks: vm->lock for making and removing. Accesses take none: the hardware has its own order.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>

#include "../core/vm.h"
#include "passthrough.h"

/* device.config.cfg[], made of struct axvm_pass_through */
enum { CFG_HOST, CFG_FLAGS, CFG_HOST_IRQ, CFG_WIDTHS, NR_CFG };

#define ALL_FLAGS	(AXVM_PASS_PORTS | AXVM_PASS_MAPPED | AXVM_PASS_IRQ)
#define ALL_WIDTHS	(1 | 2 | 4 | 8)
#define USUAL_WIDTHS	(1 | 2 | 4)

static struct axvm_passthrough *to_passthrough(struct axvm_device *dev)
{
	return container_of(dev, struct axvm_passthrough, dev);
}

static bool is_mapped(const struct axvm_passthrough *p)
{
	return p->flags & AXVM_PASS_MAPPED;
}

static bool is_ports(const struct axvm_passthrough *p)
{
	return p->flags & AXVM_PASS_PORTS;
}

/* --- accesses ---------------------------------------------------------------------- */

/*
 * The hardware answers to a processor that makes an access it does not like by a fault, on some
 * machines, and here that would be the host's: so only the widths that were asked for, and of
 * memory only what is aligned.
 */
static bool may_pass(const struct axvm_passthrough *p, const struct axvm_access *access)
{
	if (!(p->widths & access->width))
		return false;
	return is_ports(p) || !((p->host + access->offset) & (access->width - 1));
}

static u64 load(const void __iomem *at, unsigned int width)
{
	switch (width) {
	case 1:
		return readb(at);
	case 2:
		return readw(at);
	case 4:
		return readl(at);
	default:
		return readq(at);
	}
}

static void store(void __iomem *at, unsigned int width, u64 value)
{
	switch (width) {
	case 1:
		writeb(value, at);
		break;
	case 2:
		writew(value, at);
		break;
	case 4:
		writel(value, at);
		break;
	default:
		writeq(value, at);
		break;
	}
}

static int pass_read(struct axvm_device *dev, struct axvm_access *access)
{
	struct axvm_passthrough *p = to_passthrough(dev);

	if (!may_pass(p, access))
		return AXVM_UNCLAIMED;
	if (is_ports(p))
		access->data = axvm_host_in(p->host + access->offset, access->width);
	else
		access->data = load(p->regs + access->offset, access->width);
	return AXVM_HANDLED;
}

static int pass_write(struct axvm_device *dev, struct axvm_access *access)
{
	struct axvm_passthrough *p = to_passthrough(dev);

	if (!may_pass(p, access))
		return AXVM_UNCLAIMED;
	if (is_ports(p))
		axvm_host_out(p->host + access->offset, access->width, access->data);
	else
		store(p->regs + access->offset, access->width, access->data);
	return AXVM_HANDLED;
}

/* --- what may be passed ------------------------------------------------------------ */

/* Without wrapping around, below @limit */
static bool fits(u64 base, u64 length, u64 limit)
{
	return length && base < limit && length <= limit - base;
}

static int check_ports(const struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	const u64 limit = U16_MAX + 1;

	if (!axvm_host_has_ports() || (p->widths & 8))
		return -EINVAL;
	if (!fits(config->base, config->length, limit) || !fits(p->host, config->length, limit))
		return -EINVAL;
	/* The CPU translates no ports. */
	return is_mapped(p) && config->base != p->host ? -EINVAL : 0;
}

static int check_memory(const struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	const u64 limit = 1ULL << p->dev.vm->ops->gpa_bits;

	if (!fits(config->base, config->length, limit) || !fits(p->host, config->length, limit))
		return -EINVAL;
	if (is_mapped(p) && ((config->base | p->host | config->length) & ~PAGE_MASK))
		return -EINVAL;
	return 0;
}

/* One line in the kernel's log: who is refused shall not have to guess. */
static int refuse(const struct axvm_passthrough *p, int error, const char *why)
{
	pr_info("axvm: VM %u: %s: %s %#llx to %#llx %s\n", p->dev.vm->id, p->dev.config.name,
		is_ports(p) ? "ports" : "addresses", p->host,
		p->host + p->dev.config.length - 1, why);
	return error;
}

/* What no guest is given, whoever asks */
static int check_host(const struct axvm_passthrough *p)
{
	u64 length = p->dev.config.length;
	const char *keeps;

	if (is_ports(p))
		return 0;
	if (region_intersects(p->host, length, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return refuse(p, -EPERM, "are RAM");
	keeps = axvm_host_keeps(p->host, p->host + length - 1);
	return keeps ? refuse(p, -EPERM, keeps) : 0;
}

/* --- taking it --------------------------------------------------------------------- */

/* It becomes the name of a directory, too: /proc/irq has one for each handler. */
static void make_claim_name(struct axvm_passthrough *p)
{
	snprintf(p->claim_name, sizeof(p->claim_name), "axvm-%u %s", p->dev.vm->id,
		 p->dev.config.name);
	strreplace(p->claim_name, '/', '_');
}

static void unclaim(struct axvm_passthrough *p)
{
	if (p->port_claim)
		release_region(p->port_claim->start, resource_size(p->port_claim));
	p->port_claim = NULL;
	if (!p->claim)
		return;
	if (is_ports(p))
		release_region(p->host, p->dev.config.length);
	else
		release_mem_region(p->host, p->dev.config.length);
	p->claim = NULL;
}

/* Memory that is ports to the host's drivers: they know nothing of a claim on the memory. */
static int claim_ports_at(struct axvm_passthrough *p)
{
	struct resource ports;
	char why[64];

	if (!axvm_host_ports_at(p->host, p->host + p->dev.config.length - 1, &ports))
		return 0;
	p->port_claim = request_region(ports.start, resource_size(&ports), p->claim_name);
	if (p->port_claim)
		return 0;
	snprintf(why, sizeof(why), "are in use: see %#llx to %#llx in /proc/ioports",
		 (u64)ports.start, (u64)ports.end);
	return refuse(p, -EBUSY, why);
}

static int claim(struct axvm_passthrough *p)
{
	u64 length = p->dev.config.length;
	int ret;

	if (is_ports(p)) {
		p->claim = request_region(p->host, length, p->claim_name);
		return p->claim ? 0 : refuse(p, -EBUSY, "are in use: see /proc/ioports");
	}
	p->claim = request_mem_region_exclusive(p->host, length, p->claim_name);
	if (!p->claim)
		return refuse(p, -EBUSY, "are in use: see /proc/iomem");
	ret = claim_ports_at(p);
	if (ret)
		unclaim(p);
	return ret;
}

/*
 * Let the guest through. It may do so a moment before the registry has the device, and before
 * it is known that it will: the hardware is the VM's from the claim on.
 */
static int open_up(struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	struct axvm_vm *vm = p->dev.vm;
	int ret;

	if (!is_mapped(p))
		return 0;
	if (is_ports(p)) {
		ret = vm->ops->ports(vm, config->base, config->base + config->length - 1, true);
		p->ports_open = !ret;
		return ret;
	}
	p->direct = axvm_direct_add(vm, config->base, p->host, config->length);
	ret = PTR_ERR_OR_ZERO(p->direct);
	if (ret)
		p->direct = NULL;
	return ret;
}

static void close_down(struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	struct axvm_vm *vm = p->dev.vm;

	if (p->ports_open)
		vm->ops->ports(vm, config->base, config->base + config->length - 1, false);
	if (p->direct)
		axvm_direct_remove(p->direct);
	p->ports_open = false;
	p->direct = NULL;
}

static void give_back_range(struct axvm_passthrough *p)
{
	close_down(p);
	if (p->regs)
		iounmap(p->regs);
	p->regs = NULL;
	unclaim(p);
}

static int take_claimed(struct axvm_passthrough *p)
{
	if (!is_ports(p)) {
		p->regs = ioremap(p->host, p->dev.config.length);
		if (!p->regs)
			return -ENOMEM;
	}
	return open_up(p);
}

static int take_range(struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	int ret = is_ports(p) ? check_ports(p) : check_memory(p);

	if (ret)
		return ret;
	ret = axvm_device_add_region(&p->dev, is_ports(p) ? AXVM_BUS_PORT : AXVM_BUS_MMIO,
				     config->base, config->length);
	if (ret)
		return ret;
	if (!is_ports(p) && axvm_memory_overlaps(p->dev.vm, config->base, config->length))
		return -EEXIST;
	ret = check_host(p);
	if (ret)
		return ret;
	ret = claim(p);
	if (ret)
		return ret;
	ret = take_claimed(p);
	if (ret)
		give_back_range(p);
	return ret;
}

static int take_irq(struct axvm_passthrough *p)
{
	const struct axvm_device_config *config = &p->dev.config;
	int ret = axvm_device_add_line(&p->dev, config->irq);

	if (ret)
		return ret;
	return axvm_host_irq_take(&p->irq, &p->dev, config->cfg[CFG_HOST_IRQ], p->claim_name);
}

static int pass_init(struct axvm_device *dev)
{
	struct axvm_passthrough *p = to_passthrough(dev);
	int ret = 0;

	p->host = dev->config.cfg[CFG_HOST];
	p->flags = dev->config.cfg[CFG_FLAGS];
	p->widths = dev->config.cfg[CFG_WIDTHS];
	make_claim_name(p);
	if (dev->config.length)
		ret = take_range(p);
	if (ret || !(p->flags & AXVM_PASS_IRQ))
		return ret;
	ret = take_irq(p);
	if (ret)
		give_back_range(p);
	return ret;
}

static void pass_destroy(struct axvm_device *dev)
{
	struct axvm_passthrough *p = to_passthrough(dev);

	axvm_host_irq_give_back(&p->irq);
	give_back_range(p);
}

/* The hardware is not reset: nobody knows how. */
static void pass_reset(struct axvm_device *dev)
{
	axvm_host_irq_reset(&to_passthrough(dev)->irq);
}

static void pass_show_irq(struct axvm_device *dev, struct seq_file *file)
{
	axvm_host_irq_show(&to_passthrough(dev)->irq, file);
}

static const struct axvm_device_ops pass_ops = {
	.read = pass_read,
	.write = pass_write,
	.reset = pass_reset,
	.destroy = pass_destroy,
	.show_irq = pass_show_irq,
};

static const struct axvm_device_type pass_type = {
	.name = "pass-through",
	.number = AXVM_DEV_ANY,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct axvm_passthrough),
	.atomic = true,
	.init = pass_init,
	.ops = &pass_ops,
};

/* --- the call ---------------------------------------------------------------------- */

/* What can be told of the structure alone */
static int check(struct axvm_vm *vm, const struct axvm_pass_through *arg)
{
	bool has_irq = arg->flags & AXVM_PASS_IRQ;

	if (arg->flags & ~ALL_FLAGS || arg->widths & ~ALL_WIDTHS || arg->id)
		return -EINVAL;
	if (!arg->length && (!has_irq || arg->base || arg->host || arg->widths ||
			     arg->flags != AXVM_PASS_IRQ))
		return -EINVAL;
	if (!has_irq && (arg->irq || arg->host_irq))
		return -EINVAL;
	if ((arg->flags & AXVM_PASS_MAPPED) && arg->widths)
		return -EINVAL;
	if ((arg->flags & AXVM_PASS_MAPPED) && (arg->flags & AXVM_PASS_PORTS) && !vm->ops->ports)
		return -EINVAL;
	return 0;
}

/**
 * axvm_pass_through() - AXVM_VM_PASS_THROUGH
 * @vm: the VM; vm->lock held; vCPUs may run
 * @arg: what to pass; its id is filled in
 *
 * The caller may: it has CAP_SYS_RAWIO.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: a range that cannot be, or an interrupt; -EPERM: RAM, or what the host
 * keeps to itself; -EBUSY: range or interrupt are in use; -EEXIST: another device, or memory, is
 * there in the guest; -ENOSPC: the VM has AXVM_MAX_DEVICES; -ENOMEM.
 */
int axvm_pass_through(struct axvm_vm *vm, struct axvm_pass_through *arg)
{
	struct axvm_device_config config = {
		.type = AXVM_DEV_ANY,
		.base = arg->base,
		.length = arg->length,
		.irq = arg->irq,
		.nr_cfg = NR_CFG,
		.cfg = {
			[CFG_HOST] = arg->host,
			[CFG_FLAGS] = arg->flags,
			[CFG_HOST_IRQ] = arg->host_irq,
			[CFG_WIDTHS] = arg->widths ?: USUAL_WIDTHS,
		},
	};
	struct axvm_device *dev;
	int ret = check(vm, arg);

	if (ret)
		return ret;
	strscpy(config.name, arg->name, sizeof(config.name));
	dev = axvm_devices_add_of(vm, &pass_type, &config);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	arg->id = dev->id;
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_pass_through);
