// SPDX-License-Identifier: GPL-2.0
/*
 * The IVC device: a window of guest-physical addresses in which channels to other VMs and to
 * processes appear (core/ivc.h), and the line on which their doorbells ring. It has no
 * registers. One in a VM.
 *
 * What lies in a channel is mapped by stage 2 and comes here only from the emulator; what lies
 * between channels is nobody's.
 *
 * Owns: which parts of the window are taken. Locks: window->lock for that; a spinlock that is
 * taken last. The device stays while axvm_ivc_lock or vm->lock is held.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "../core/vm.h"
#include "builtin.h"

/**
 * struct taken - a part that is taken
 * @list: in ivc_window.taken, sorted
 * @gpa: guest-physical address
 * @size: bytes
 */
struct taken {
	struct list_head list;
	u64 gpa;
	u64 size;
};

/**
 * struct ivc_window - the device
 * @dev: the device
 * @gpa: first address
 * @size: bytes
 * @lock: @taken
 * @taken: what is taken of it
 */
struct ivc_window {
	struct axvm_device dev;
	u64 gpa;
	u64 size;
	spinlock_t lock;	/* see above */
	struct list_head taken;
};

static struct ivc_window *to_window(struct axvm_device *dev)
{
	return container_of(dev, struct ivc_window, dev);
}

/* --- addresses -------------------------------------------------------------------------- */

/*
 * The lowest place for @range, in front of which range of the list. NULL: there is none.
 * window->lock held
 */
static struct list_head *find_place(struct ivc_window *window, struct taken *range)
{
	/* Where a page of 2 MiB may be mapped, it can be. */
	u64 align = range->size >= PMD_SIZE ? PMD_SIZE : PAGE_SIZE;
	u64 start = ALIGN(window->gpa, align);
	struct taken *next;

	list_for_each_entry(next, &window->taken, list) {
		if (start <= next->gpa && next->gpa - start >= range->size)
			break;
		start = ALIGN(next->gpa + next->size, align);
	}
	if (start - window->gpa > window->size ||
	    window->size - (start - window->gpa) < range->size)
		return NULL;
	range->gpa = start;
	/* The list's head, if the loop came to its end */
	return &next->list;
}

/**
 * axvm_devices_alloc_ivc_channel() - take a part of a VM's window
 * @vm: the VM
 * @size: bytes: whole pages
 * @gpa: filled in: where it is, aligned to 2 MiB if it has as much
 *
 * Context: axvm_ivc_lock or vm->lock held; may sleep.
 * Return: 0; -EINVAL: no bytes, or no whole pages; -ENODEV: the VM has no window; -ENOSPC: no
 * room in it; -ENOMEM.
 */
int axvm_devices_alloc_ivc_channel(struct axvm_vm *vm, u64 size, u64 *gpa)
{
	struct ivc_window *window;
	struct list_head *place;
	struct taken *range;

	if (!size || !PAGE_ALIGNED(size))
		return -EINVAL;
	if (!vm->ivc.window)
		return -ENODEV;
	window = to_window(vm->ivc.window);
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	range->size = size;
	spin_lock(&window->lock);
	place = find_place(window, range);
	if (place)
		list_add_tail(&range->list, place);
	spin_unlock(&window->lock);
	if (!place) {
		kfree(range);
		return -ENOSPC;
	}
	*gpa = range->gpa;
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_alloc_ivc_channel);

/**
 * axvm_devices_release_ivc_channel() - give it back
 * @vm: the VM
 * @gpa: where it is
 * @size: bytes, exactly as they were taken
 *
 * Context: axvm_ivc_lock or vm->lock held.
 * Return: 0; -EINVAL: nothing was taken there, or more or less; -ENODEV: the VM has no window.
 */
int axvm_devices_release_ivc_channel(struct axvm_vm *vm, u64 gpa, u64 size)
{
	struct ivc_window *window;
	struct taken *range;
	int ret = -EINVAL;

	if (!vm->ivc.window)
		return -ENODEV;
	window = to_window(vm->ivc.window);
	spin_lock(&window->lock);
	list_for_each_entry(range, &window->taken, list) {
		if (range->gpa != gpa || range->size != size)
			continue;
		list_del(&range->list);
		ret = 0;
		break;
	}
	spin_unlock(&window->lock);
	if (!ret)
		kfree(range);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_devices_release_ivc_channel);

/* --- the device ------------------------------------------------------------------------- */

static int window_read(struct axvm_device *dev, struct axvm_access *access)
{
	u64 gpa = to_window(dev)->gpa + access->offset;

	return axvm_ivc_access(dev->vm, gpa, access->width, &access->data, false);
}

static int window_write(struct axvm_device *dev, struct axvm_access *access)
{
	u64 gpa = to_window(dev)->gpa + access->offset;

	return axvm_ivc_access(dev->vm, gpa, access->width, &access->data, true);
}

static void window_reset(struct axvm_device *dev)
{
	axvm_ivc_vm_reset(dev->vm);
}

static void window_destroy(struct axvm_device *dev)
{
	struct ivc_window *window = to_window(dev);
	struct taken *range, *next;

	axvm_ivc_set_window(dev->vm, NULL);
	/* Addresses in it are as good as any other then; without memory they stay slow. */
	axvm_memory_set_window(dev->vm, 0, 0);
	list_for_each_entry_safe(range, next, &window->taken, list)
		kfree(range);
}

static int window_check(const struct axvm_device *dev)
{
	const struct axvm_device_config *config = &dev->config;
	u64 limit = 1ULL << dev->vm->ops->gpa_bits;

	if (config->nr_cfg || !config->base || !config->length)
		return -EINVAL;
	if (!PAGE_ALIGNED(config->base | config->length))
		return -EINVAL;
	if (config->length > limit || config->base > limit - config->length)
		return -EINVAL;
	return 0;
}

static int window_init(struct axvm_device *dev)
{
	struct ivc_window *window = to_window(dev);
	int ret = window_check(dev);

	if (ret)
		return ret;
	spin_lock_init(&window->lock);
	INIT_LIST_HEAD(&window->taken);
	window->gpa = dev->config.base;
	window->size = dev->config.length;
	ret = axvm_device_add_region(dev, AXVM_BUS_MMIO, window->gpa, window->size);
	if (ret)
		return ret;
	if (dev->config.irq) {
		ret = axvm_device_add_line(dev, dev->config.irq);
		if (ret)
			return ret;
	}
	if (dev->vm->ivc.window)
		return -EEXIST;
	ret = axvm_memory_set_window(dev->vm, window->gpa, window->size);
	if (ret)
		return ret;
	return axvm_ivc_set_window(dev->vm, dev);
}

static const struct axvm_device_ops window_ops = {
	.read = window_read,
	.write = window_write,
	.reset = window_reset,
	.destroy = window_destroy,
};

struct axvm_device_type axvm_ivc_channel_type = {
	.name = "ivc-channel",
	.number = AXVM_DEV_IVC_CHANNEL,
	.owner = THIS_MODULE,
	.instance_size = sizeof(struct ivc_window),
	.init = window_init,
	.ops = &window_ops,
};
