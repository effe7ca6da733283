/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration model: one VM as its user describes it. The command line
 * fills it (options.c); so can any other front end. Nothing here depends on
 * where it came from, and all strings are owned by it.
 */
#ifndef AXVM_TOOL_CONFIG_H
#define AXVM_TOOL_CONFIG_H

#include "../../uapi/axvm.h"
#include "util.h"

#define CONFIG_MAX_DEVICES	64
#define CONFIG_MAX_MODULES	16
#define CONFIG_MAX_FLATS	16

/**
 * struct device_config - an emulated device
 * @type: AXVM_DEV_*, or AXVM_DEV_ANY to find it by @type_name
 * @type_name: the type's name, for AXVM_DEV_ANY
 * @name: the instance's name; empty: the type's
 * @base: first address or port; 0: the type's own
 * @length: bytes or ports; 0: the type's own
 * @irq: interrupt line
 * @nr_cfg: entries in @cfg
 * @cfg: the type's own parameters
 * @console: its host side is the VM's console
 */
struct device_config {
	u32 type;
	char type_name[AXVM_NAME_LEN];
	char name[AXVM_NAME_LEN];
	u64 base;
	u64 length;
	u32 irq;
	u32 nr_cfg;
	u64 cfg[AXVM_MAX_CFG];
	bool console;
};

/**
 * struct module_config - a file given to the guest beside its kernel
 * @path: the file
 * @args: its command line (multiboot), or NULL
 */
struct module_config {
	char *path;
	char *args;
};

/**
 * struct flat_config - a file copied to an address as it is
 * @path: the file
 * @gpa: guest-physical address
 */
struct flat_config {
	char *path;
	u64 gpa;
};

/* How a flat binary is entered on x86 */
enum entry_mode {
	ENTRY_REAL,
	ENTRY_PROTECTED32,
};

/**
 * struct vm_config - a VM
 * @name: what `axvm ps` shows
 * @nr_vcpus: virtual CPUs
 * @memory: bytes of RAM
 * @hugepages: take the memory from the host's huge page pool
 * @reboot: boot again when the guest resets
 * @interrupt_mode: AXVM_IRQ_*
 * @kernel_path: kernel image, or NULL if there are flat binaries
 * @cmdline: its command line; NULL: the architecture's default
 * @nr_modules: entries in @modules
 * @modules: initramfs files, multiboot modules
 * @nr_flats: entries in @flats
 * @flats: flat binaries
 * @dtb_path: a device tree to be used instead of the launcher's, or NULL
 * @entry: address at which flat binaries are entered
 * @entry_mode: CPU mode in which they are
 * @nr_emu_devices: entries in @emu_devices
 * @emu_devices: emulated devices, in the order in which they are made
 */
struct vm_config {
	char name[AXVM_NAME_LEN];
	u32 nr_vcpus;
	u64 memory;
	bool hugepages;
	bool reboot;
	u32 interrupt_mode;

	char *kernel_path;
	char *cmdline;
	unsigned int nr_modules;
	struct module_config modules[CONFIG_MAX_MODULES];

	unsigned int nr_flats;
	struct flat_config flats[CONFIG_MAX_FLATS];
	char *dtb_path;
	u64 entry;
	enum entry_mode entry_mode;

	unsigned int nr_emu_devices;
	struct device_config emu_devices[CONFIG_MAX_DEVICES];
};

void config_init(struct vm_config *config);
void config_free(struct vm_config *config);
int config_set(char **where, const char *text);
int config_set_name(struct vm_config *config, const char *name);
int config_add_module(struct vm_config *config, const char *path, const char *args);
int config_add_flat(struct vm_config *config, const char *path, u64 gpa);
struct device_config *config_add_device(struct vm_config *config,
					const struct device_config *device);
struct device_config *config_find_device(struct vm_config *config, u32 type);
void config_remove_device(struct vm_config *config, struct device_config *device);
int config_check(struct vm_config *config);

#endif /* AXVM_TOOL_CONFIG_H */
