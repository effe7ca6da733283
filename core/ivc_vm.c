// SPDX-License-Identifier: GPL-2.0
/*
 * A VM as a peer of channels: its ends, each with a place in the window that the IVC device
 * declares, and what ends them: its guest, a reset, the device's removal, the VM's own end.
 *
 * Owns: struct axvm_ivc_map, struct axvm_ivc_vm. Locks: axvm_ivc_lock, see ivc.h.
 */
#include <linux/slab.h>

#include "../devices/device.h"
#include "vm.h"

static struct axvm_ivc_map *to_map(struct axvm_ivc_end *end)
{
	return container_of(end, struct axvm_ivc_map, end);
}

/* --- an end ----------------------------------------------------------------------------- */

/* The window's line, if it has one; the device stays while there are ends. */
static void map_ring(struct axvm_ivc_end *end)
{
	axvm_device_pulse(to_map(end)->vm->ivc.window, 0);
}

static void map_revoke(struct axvm_ivc_end *end)
{
	axvm_ivc_map_revoke(to_map(end));
}

static void map_describe(const struct axvm_ivc_end *end, struct axvm_ivc_stat *stat)
{
	const struct axvm_ivc_map *map = container_of(end, struct axvm_ivc_map, end);

	stat->gpa = map->gpa;
	stat->vm = map->vm->id;
	stat->pid = pid_vnr(map->vm->pid);
}

static const struct axvm_ivc_end_ops map_ops = {
	.ring = map_ring,
	.revoke = map_revoke,
	.describe = map_describe,
};

static struct axvm_ivc_map *map_alloc(struct axvm_vm *vm, u64 size, bool readonly)
{
	struct axvm_ivc_map *map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);

	if (!map)
		return NULL;
	map->vm = vm;
	map->size = size;
	map->end.ops = &map_ops;
	map->end.readonly = readonly;
	return map;
}

static struct axvm_ivc_party party(struct axvm_vm *vm)
{
	return (struct axvm_ivc_party){ .vm = vm, .user = vm->ivc.user };
}

/* --- joining and leaving; axvm_ivc_lock held -------------------------------------------- */

/* A place in the window, or why there is none */
static int take_place(struct axvm_vm *vm, struct axvm_ivc_map *map)
{
	if (!vm->ivc.window)
		return -ENODEV;
	if (vm->ivc.closed)
		return -ESHUTDOWN;
	if (vm->ivc.nr_maps == AXVM_IVC_MAX_MAPS)
		return -ENOSPC;
	return axvm_devices_alloc_ivc_channel(vm, map->size, &map->gpa);
}

static int join(struct axvm_vm *vm, struct axvm_ivc_map *map, struct axvm_ivc *channel,
		bool publish)
{
	int ret = take_place(vm, map);

	if (ret)
		return ret;
	if (publish)
		ret = axvm_ivc_publish(channel, &map->end);
	else
		ret = axvm_ivc_join(channel, &map->end);
	if (ret) {
		axvm_devices_release_ivc_channel(vm, map->gpa, map->size);
		return ret;
	}
	axvm_ivc_map_add(map);
	vm->ivc.nr_maps++;
	if (publish)
		vm->ivc.published += map->size;
	return 0;
}

static void leave(struct axvm_ivc_map *map)
{
	struct axvm_vm *vm = map->vm;

	if (map->end.publisher)
		vm->ivc.published -= map->size;
	axvm_ivc_map_remove(map);
	axvm_ivc_leave(&map->end);
	vm->ivc.nr_maps--;
	axvm_devices_release_ivc_channel(vm, map->gpa, map->size);
	kfree(map);
}

static struct axvm_ivc_map *find(struct axvm_vm *vm, u32 publisher, u64 key)
{
	struct axvm_ivc_map *map;

	list_for_each_entry(map, &vm->ivc.maps, list)
		if (map->end.channel->publisher == publisher && map->end.channel->key == key)
			return map;
	return NULL;
}

/* --- what a guest asks for -------------------------------------------------------------- */

/**
 * axvm_ivc_vm_publish() - make a channel of a VM
 * @vm: the VM
 * @key: its key, one of a channel of this VM
 * @readonly: subscribers only read
 * @size: in: bytes wanted; out: rounded up to pages
 * @gpa: filled in: where it is in the window
 *
 * Context: may sleep; vm->lock not needed.
 * Return: 0; -EINVAL: no bytes, or more than AXVM_IVC_MAX_SIZE; -ENODEV: the VM has no window;
 * -EEXIST: it has a channel with this key; -ENOSPC: no room in the window, or the VM has or
 * publishes as much as it may; -ESHUTDOWN: the VM ends; -ENOMEM; -EINTR: a fatal signal.
 */
int axvm_ivc_vm_publish(struct axvm_vm *vm, u64 key, bool readonly, u64 *size, u64 *gpa)
{
	const struct axvm_ivc_party owner = party(vm);
	struct axvm_ivc *channel;
	struct axvm_ivc_map *map;
	int ret;

	if (!*size || *size > AXVM_IVC_MAX_SIZE)
		return -EINVAL;
	/* Before memory is taken; what counts is looked at below. */
	if (READ_ONCE(vm->ivc.published) + PAGE_ALIGN(*size) > AXVM_IVC_MAX_SIZE)
		return -ENOSPC;
	*size = PAGE_ALIGN(*size);
	channel = axvm_ivc_create(&owner, key, *size, readonly);
	if (IS_ERR(channel))
		return PTR_ERR(channel);
	ret = -ENOMEM;
	map = map_alloc(vm, *size, false);
	if (!map)
		goto put;

	mutex_lock(&axvm_ivc_lock);
	if (vm->ivc.published + *size > AXVM_IVC_MAX_SIZE)
		ret = -ENOSPC;
	else
		ret = join(vm, map, channel, true);
	if (!ret)
		*gpa = map->gpa;
	mutex_unlock(&axvm_ivc_lock);
	if (ret)
		kfree(map);
put:
	axvm_ivc_put(channel);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_vm_publish);

/* axvm_ivc_lock held. An end of a channel of that name that has ended gives way. */
static int subscribe(struct axvm_vm *vm, u32 publisher, u64 key, bool readonly,
		     struct axvm_ivc_map **result)
{
	const struct axvm_ivc_party who = party(vm);
	struct axvm_ivc_map *map = find(vm, publisher, key);
	struct axvm_ivc *channel;
	int ret;

	if (map && map->end.channel->memory)
		return -EEXIST;
	ret = axvm_ivc_find(&who, publisher, key, &readonly, &channel);
	if (ret)
		return ret;
	if (map)
		leave(map);
	map = map_alloc(vm, channel->size, readonly);
	if (!map)
		return -ENOMEM;
	ret = join(vm, map, channel, false);
	if (ret) {
		kfree(map);
		return ret;
	}
	*result = map;
	return 0;
}

/**
 * axvm_ivc_vm_subscribe() - a VM takes part in a channel
 * @vm: the VM
 * @publisher: number of the VM that publishes it, or AXVM_IVC_HOST
 * @key: its key
 * @readonly: only to read
 * @size: filled in: bytes
 * @gpa: filled in: where it is in the window
 *
 * Context: may sleep; vm->lock not needed.
 * Return: 0; -ENOENT, -EACCES, -EINVAL: as axvm_ivc_find(); -EEXIST: it does already;
 * -ENODEV: it has no window; -ENOSPC: no room in the window, or the VM or the channel has as
 * many ends as it may; -ESHUTDOWN: the VM ends; -ENOMEM.
 */
int axvm_ivc_vm_subscribe(struct axvm_vm *vm, u32 publisher, u64 key, bool readonly, u64 *size,
			  u64 *gpa)
{
	struct axvm_ivc_map *map;
	int ret;

	mutex_lock(&axvm_ivc_lock);
	ret = subscribe(vm, publisher, key, readonly, &map);
	if (!ret) {
		*size = map->size;
		*gpa = map->gpa;
	}
	mutex_unlock(&axvm_ivc_lock);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_vm_subscribe);

/**
 * axvm_ivc_vm_leave() - a VM unpublishes a channel, or subscribes to it no longer
 * @vm: the VM
 * @publisher: number of its publisher
 * @key: its key
 * @published: it is the VM's own
 *
 * Context: may sleep; vm->lock not needed.
 * Return: 0, or -ENOENT.
 */
int axvm_ivc_vm_leave(struct axvm_vm *vm, u32 publisher, u64 key, bool published)
{
	struct axvm_ivc_map *map;
	int ret = -ENOENT;

	mutex_lock(&axvm_ivc_lock);
	map = find(vm, publisher, key);
	if (map && map->end.publisher == published) {
		leave(map);
		ret = 0;
	}
	mutex_unlock(&axvm_ivc_lock);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_vm_leave);

/* The channel of one of the VM's ends, with a reference, or NULL. Waits for nobody. */
static struct axvm_ivc *channel_of(struct axvm_vm *vm, u32 publisher, u64 key,
				   const struct axvm_ivc_end **end)
{
	struct axvm_ivc *channel = NULL;
	struct axvm_ivc_map *map;

	spin_lock(&vm->s2_lock);
	map = find(vm, publisher, key);
	if (map && map->memory) {
		*end = &map->end;
		channel = map->end.channel;
		kref_get(&channel->ref);
	}
	spin_unlock(&vm->s2_lock);
	return channel;
}

/**
 * axvm_ivc_vm_notify() - a VM rings the doorbell of a channel
 * @vm: the VM
 * @publisher: number of its publisher
 * @key: its key
 *
 * What others do to their channels does not delay it.
 *
 * Context: process context; vm->lock not needed.
 * Return: 0, or -ENOENT: the VM has no such channel, or it has ended.
 */
int axvm_ivc_vm_notify(struct axvm_vm *vm, u32 publisher, u64 key)
{
	const struct axvm_ivc_end *end;
	struct axvm_ivc *channel = channel_of(vm, publisher, key, &end);

	if (!channel)
		return -ENOENT;
	axvm_ivc_ring(channel, end);
	axvm_ivc_put(channel);
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_vm_notify);

/* --- what its launcher does ------------------------------------------------------------- */

/**
 * axvm_ivc_vm_allow() - say who may subscribe to what a VM publishes
 * @vm: the VM
 * @acl: the list, which becomes the VM's
 *
 * Who has subscribed already stays.
 *
 * Context: may sleep.
 */
void axvm_ivc_vm_allow(struct axvm_vm *vm, struct axvm_ivc_acl *acl)
{
	mutex_lock(&axvm_ivc_lock);
	swap(vm->ivc.acl, acl);
	mutex_unlock(&axvm_ivc_lock);
	kfree(acl);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_vm_allow);

static void leave_all(struct axvm_vm *vm)
{
	struct axvm_ivc_map *map, *next;

	list_for_each_entry_safe(map, next, &vm->ivc.maps, list)
		leave(map);
}

/**
 * axvm_ivc_vm_reset() - the VM has no channels
 * @vm: the VM
 *
 * Context: may sleep.
 */
void axvm_ivc_vm_reset(struct axvm_vm *vm)
{
	mutex_lock(&axvm_ivc_lock);
	leave_all(vm);
	mutex_unlock(&axvm_ivc_lock);
}

/**
 * axvm_ivc_vm_release() - the VM's descriptor is closed: it has no channels from now on
 * @vm: the VM; vCPUs may run still
 *
 * Context: may sleep.
 */
void axvm_ivc_vm_release(struct axvm_vm *vm)
{
	mutex_lock(&axvm_ivc_lock);
	vm->ivc.closed = true;
	leave_all(vm);
	mutex_unlock(&axvm_ivc_lock);
}

/**
 * axvm_ivc_set_window() - the device in whose region channels appear
 * @vm: the VM
 * @window: the device, which can allocate; NULL: there is none any more, and no channels
 *
 * Context: vm->lock held; may sleep.
 * Return: 0, or -EEXIST: the VM has one.
 */
int axvm_ivc_set_window(struct axvm_vm *vm, struct axvm_device *window)
{
	int ret = 0;

	mutex_lock(&axvm_ivc_lock);
	if (!window)
		leave_all(vm);
	else if (vm->ivc.window)
		ret = -EEXIST;
	if (!ret)
		WRITE_ONCE(vm->ivc.window, window);
	mutex_unlock(&axvm_ivc_lock);
	return ret;
}

/**
 * axvm_ivc_vm_init() - a new VM has none
 * @vm: the VM
 */
void axvm_ivc_vm_init(struct axvm_vm *vm)
{
	static atomic64_t last_serial = ATOMIC64_INIT(0);

	vm->ivc.serial = atomic64_inc_return(&last_serial);
	vm->ivc.user = current_euid();
	INIT_LIST_HEAD(&vm->ivc.maps);
}

/**
 * axvm_ivc_vm_destroy() - free the rest
 * @vm: the VM, found by nobody any more; its devices are gone
 */
void axvm_ivc_vm_destroy(struct axvm_vm *vm)
{
	kfree(vm->ivc.acl);
}
