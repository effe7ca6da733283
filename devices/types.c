// SPDX-License-Identifier: GPL-2.0
/*
 * The device types that exist: those of axvm.ko and those of any other module.
 *
 * Owns: the list of types. A type is found by number or by name when a VM's
 * configuration asks for an instance; its module is held from then on until the
 * instance is gone, so a type never disappears under an instance.
 *
 * Locks: types_lock, a mutex; nothing else is taken under it.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "../core/compat.h"
#include "builtin.h"
#include "registry.h"

static DEFINE_MUTEX(types_lock);
static LIST_HEAD(types);

static bool type_valid(const struct axvm_device_type *type)
{
	if (!type->name || !type->name[0] || strnlen(type->name, AXVM_NAME_LEN) == AXVM_NAME_LEN)
		return false;
	if (type->number == AXVM_DEV_ANY)
		return false;
	return type->init && type->ops && type->instance_size >= sizeof(struct axvm_device);
}

/* types_lock held */
static struct axvm_device_type *type_find(u32 number, const char *name)
{
	struct axvm_device_type *type;

	list_for_each_entry(type, &types, list)
		if (type->number == number || (name && !strncmp(type->name, name, AXVM_NAME_LEN)))
			return type;
	return NULL;
}

/**
 * axvm_register_device_type() - offer a device model to all VMs
 * @type: the type; stays the caller's and must live until it is unregistered
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: no name or one too long, no init() or ops, number AXVM_DEV_ANY, or
 * instances smaller than a struct axvm_device; -EEXIST: name or number is taken.
 */
int axvm_register_device_type(struct axvm_device_type *type)
{
	int ret = 0;

	if (!type_valid(type))
		return -EINVAL;
	mutex_lock(&types_lock);
	if (type_find(type->number, type->name))
		ret = -EEXIST;
	else
		list_add_tail(&type->list, &types);
	mutex_unlock(&types_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(axvm_register_device_type);

/**
 * axvm_unregister_device_type() - no new instances of this type
 * @type: the type; nothing happens if it is not registered
 *
 * A module calls it on its way out, which the kernel refuses while instances hold
 * the module.
 *
 * Context: may sleep.
 */
void axvm_unregister_device_type(struct axvm_device_type *type)
{
	mutex_lock(&types_lock);
	if (type_find(type->number, NULL) == type)
		list_del(&type->list);
	mutex_unlock(&types_lock);
}
EXPORT_SYMBOL_GPL(axvm_unregister_device_type);

/**
 * axvm_device_type_get() - the type that a configuration names, its module held
 * @config: the configuration: type, or AXVM_DEV_ANY and type_name
 *
 * Context: may sleep.
 * Return: the type, to be given back by axvm_device_type_put(), or ERR_PTR(-ENODEV).
 */
const struct axvm_device_type *axvm_device_type_get(const struct axvm_device_config *config)
{
	const char *name = config->type == AXVM_DEV_ANY ? config->type_name : NULL;
	struct axvm_device_type *type;

	mutex_lock(&types_lock);
	type = type_find(config->type, name);
	if (type && !try_module_get(type->owner))
		type = NULL;
	mutex_unlock(&types_lock);
	return type ? type : ERR_PTR(-ENODEV);
}

/**
 * axvm_device_type_put() - the reverse
 * @type: the type
 */
void axvm_device_type_put(const struct axvm_device_type *type)
{
	module_put(type->owner);
}

/**
 * axvm_device_type_info() - what AXVM_DEVICE_TYPE tells of a type
 * @index: 0, 1, 2 ... in the order of registration
 * @info: number, name and index are filled in
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT: there are not as many.
 */
int axvm_device_type_info(u32 index, struct axvm_device_type_info *info)
{
	struct axvm_device_type *type;
	u32 left = index;
	int ret = -ENOENT;

	mutex_lock(&types_lock);
	list_for_each_entry(type, &types, list) {
		if (left--)
			continue;
		info->index = index;
		info->number = type->number;
		strscpy_pad(info->name, type->name, sizeof(info->name));
		ret = 0;
		break;
	}
	mutex_unlock(&types_lock);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_device_type_info);

int axvm_register_builtin_types(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < axvm_nr_builtin_types; i++) {
		ret = axvm_register_device_type(axvm_builtin_types[i]);
		if (ret)
			goto unwind;
	}
	return 0;
unwind:
	while (i--)
		axvm_unregister_device_type(axvm_builtin_types[i]);
	return ret;
}

void axvm_unregister_builtin_types(void)
{
	unsigned int i = axvm_nr_builtin_types;

	while (i--)
		axvm_unregister_device_type(axvm_builtin_types[i]);
}
