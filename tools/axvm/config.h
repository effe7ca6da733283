/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration model: one VM as its user describes it. A configuration file
 * fills it (config-file.c), and the command line (options.c) after that. What came
 * from the file remembers its line, for messages; that of anything else is 0. All
 * strings are owned by it.
 */
#ifndef AXVM_TOOL_CONFIG_H
#define AXVM_TOOL_CONFIG_H

#include "../../uapi/axvm.h"
#include "memory.h"
#include "util.h"

#define CONFIG_MAX_DEVICES	64
#define CONFIG_MAX_MODULES	16
#define CONFIG_MAX_FLATS	16
#define CONFIG_MAX_VCPUS	254
#define CONFIG_MAX_REGIONS	16
#define CONFIG_MAX_RAM		MEMORY_MAX_REGIONS
#define CONFIG_MAX_PASSTHROUGH	64
#define CONFIG_MAX_IVC_PEERS	64
#define CONFIG_MAX_VFIO		8

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
 * @emu_type: how a configuration file numbers a type that axvm does not have; else 0
 * @line: in the configuration file
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
	u32 emu_type;
	u32 line;
};

/**
 * struct module_config - a file given to the guest beside its kernel
 * @path: the file
 * @args: its command line (multiboot), or NULL
 * @line: in the configuration file
 */
struct module_config {
	char *path;
	char *args;
	u32 line;
};

/**
 * struct flat_config - a file copied to an address as it is
 * @path: the file
 * @gpa: guest-physical address
 * @line: in the configuration file
 */
struct flat_config {
	char *path;
	u64 gpa;
	u32 line;
};

/**
 * struct path_config - a file that may be given
 * @path: the file, or NULL
 * @line: in the configuration file
 */
struct path_config {
	char *path;
	u32 line;
};

/**
 * struct number_config - a number that may be given: an address, mostly
 * @value: the number
 * @given: it was
 * @line: in the configuration file
 */
struct number_config {
	u64 value;
	bool given;
	u32 line;
};

/* region_config.flags, as AxVisor numbers them */
#define REGION_READ		BIT(0)
#define REGION_WRITE		BIT(1)
#define REGION_EXEC		BIT(2)
#define REGION_USER		BIT(3)	/* of no meaning to stage 2 */
#define REGION_DEVICE		BIT(4)
#define REGION_UNCACHED		BIT(5)
#define REGION_FLAGS		0x3fU

/* region_config.map_type, likewise */
enum map_type {
	MAP_ALLOC,
	MAP_IDENTICAL,
	MAP_RESERVED,
	MAP_TYPES
};

/**
 * struct region_config - guest memory as a configuration file lays it out
 * @gpa: guest-physical address
 * @size: bytes
 * @flags: REGION_*
 * @map_type: where it comes from
 * @line: in the configuration file
 */
struct region_config {
	u64 gpa;
	u64 size;
	u32 flags;
	enum map_type map_type;
	u32 line;
};

/**
 * struct ram_config - a piece of RAM: what is made of the regions
 * @gpa: guest-physical address
 * @size: bytes
 * @flags: AXVM_MEM_*
 * @line: of the region that it is of
 */
struct ram_config {
	u64 gpa;
	u64 size;
	u32 flags;
	u32 line;
};

/* What a passthrough_config passes */
enum passthrough_kind {
	PASSTHROUGH_DEVICE,	/* pass_through_devices, by its addresses */
	PASSTHROUGH_PATH,	/* ... by its path in the host's device tree */
	PASSTHROUGH_ADDRESSES,
	PASSTHROUGH_PORTS,
	PASSTHROUGH_EXCLUDED,	/* excluded_devices: what a path shall not bring */
	PASSTHROUGH_HOST,	/* host_devices, which is axvm's own */
};

/* Devices that are passed only: not one of AXVM_DEV_* */
#define NODE_NS16550A	0x10000U

/**
 * struct passthrough_config - hardware that is given to the guest
 * @kind: what it is
 * @name: name or path, or NULL
 * @ports: ports, not memory
 * @routed: each access is made by the module
 * @node: AXVM_DEV_* or NODE_* of what the guest's device tree shall tell of, or 0 (arm64)
 * @gpa: guest-physical address, or port
 * @hpa: host-physical address, or port
 * @length: bytes or ports
 * @irq: its interrupt, or 0
 * @host_irq: what that is on the host: GSI or INTID
 * @line: in the configuration file
 */
struct passthrough_config {
	enum passthrough_kind kind;
	char *name;
	bool ports;
	bool routed;
	u32 node;
	u64 gpa;
	u64 hpa;
	u64 length;
	u32 irq;
	u32 host_irq;
	u32 line;
};

/**
 * struct vfio_config - a PCI device of the host that VFIO gives to the guest
 * @address: its name in sysfs
 * @line: in the configuration file
 */
struct vfio_config {
	char address[16];
	u32 line;
};

/* How an image is booted, as AxVisor calls it */
enum boot_method {
	BOOT_ANY,		/* not said: what the image is */
	BOOT_DIRECT,
	BOOT_MULTIBOOT,
	BOOT_UEFI,
};

/* How a flat binary is entered on x86 */
enum entry_mode {
	ENTRY_REAL,
	ENTRY_PROTECTED32,
};

/**
 * struct vm_config - a VM
 * @file: the configuration file, or NULL
 * @name: what `axvm ps` shows
 * @id: the file's number of it; the module has numbers of its own
 * @vm_type: as in the file
 * @vcpus_line: where the file gives @nr_vcpus
 * @nr_vcpus: virtual CPUs
 * @nr_cpu_ids: entries in @cpu_ids: one for each vCPU, or none
 * @cpu_ids: hardware ids of the physical CPUs to which vCPUs are bound, without @cpu_sets
 * @nr_cpu_sets: entries in @cpu_sets: one for each vCPU, or none
 * @cpu_sets: sets of physical CPUs on which vCPUs may run, a bit each
 * @cpus_line: where the file gives either
 * @memory: bytes of RAM
 * @memory_line: where the file gives it
 * @nr_regions: entries in @regions; 0: the architecture says where RAM is
 * @regions: memory as the file lays it out
 * @nr_ram: entries in @ram
 * @ram: what config_check() makes of @regions: ascending, apart
 * @hugepages: take the memory from the host's huge page pool
 * @reboot: boot again when the guest resets
 * @interrupt_mode: AXVM_IRQ_*
 * @interrupt_mode_line: where the file gives it
 * @kernel_path: kernel image, or NULL if there are flat binaries
 * @kernel_line: where the file gives it
 * @kernel_addr: where it is loaded; a kernel of no known kind then is a flat binary
 * @cmdline: its command line; NULL: the architecture's default
 * @cmdline_line: where the file gives it
 * @nr_modules: entries in @modules
 * @modules: initramfs files, multiboot modules
 * @initrd_addr: where they are loaded
 * @nr_flats: entries in @flats
 * @flats: flat binaries
 * @dtb: a device tree to be used instead of the launcher's
 * @dtb_addr: where the device tree goes
 * @bios: a flat binary that starts the kernel
 * @bios_addr: where it is loaded
 * @enable_bios: 0: there is none, whatever @bios says; without @bios 1 is the launcher's own
 * @boot_method: what is allowed
 * @boot_method_line: where the file gives it
 * @uefi: UEFI firmware
 * @disk: a disk's image
 * @entry: address at which flat binaries are entered
 * @entry_mode: CPU mode in which they are
 * @nr_emu_devices: entries in @emu_devices
 * @emu_devices: emulated devices, in the order in which they are made
 * @nr_passthrough: entries in @passthrough
 * @passthrough: hardware
 * @nr_ivc_peers: entries in @ivc_peers
 * @ivc_peers: who may subscribe to what the guest publishes
 * @ivc_line: where the file gives them
 * @nr_vfio: entries in @vfio
 * @vfio: PCI devices
 * @passthrough_space: the guest sees the host's whole address space; line of it, or 0
 * @routed: all accesses to hardware are made by the module
 * @no_passthrough: leave hardware out: the launcher's machine takes its place
 */
struct vm_config {
	char *file;
	char name[AXVM_NAME_LEN];
	struct number_config id;
	struct number_config vm_type;
	u32 vcpus_line;
	u32 nr_vcpus;
	u32 nr_cpu_ids;
	u64 cpu_ids[CONFIG_MAX_VCPUS];
	u32 nr_cpu_sets;
	u64 cpu_sets[CONFIG_MAX_VCPUS];
	u32 cpus_line;

	u64 memory;
	u32 memory_line;
	unsigned int nr_regions;
	struct region_config regions[CONFIG_MAX_REGIONS];
	unsigned int nr_ram;
	struct ram_config ram[CONFIG_MAX_RAM];
	bool hugepages;
	bool reboot;
	u32 interrupt_mode;
	u32 interrupt_mode_line;

	char *kernel_path;
	u32 kernel_line;
	struct number_config kernel_addr;
	char *cmdline;
	u32 cmdline_line;
	unsigned int nr_modules;
	struct module_config modules[CONFIG_MAX_MODULES];
	struct number_config initrd_addr;

	unsigned int nr_flats;
	struct flat_config flats[CONFIG_MAX_FLATS];
	struct path_config dtb;
	struct number_config dtb_addr;
	struct path_config bios;
	struct number_config bios_addr;
	struct number_config enable_bios;
	enum boot_method boot_method;
	u32 boot_method_line;
	struct path_config uefi;
	struct path_config disk;
	struct number_config entry;
	enum entry_mode entry_mode;

	unsigned int nr_emu_devices;
	struct device_config emu_devices[CONFIG_MAX_DEVICES];
	unsigned int nr_passthrough;
	struct passthrough_config passthrough[CONFIG_MAX_PASSTHROUGH];
	unsigned int nr_ivc_peers;
	struct axvm_ivc_peer ivc_peers[CONFIG_MAX_IVC_PEERS];
	u32 ivc_line;
	unsigned int nr_vfio;
	struct vfio_config vfio[CONFIG_MAX_VFIO];
	u32 passthrough_space;
	bool routed;
	bool no_passthrough;
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
struct passthrough_config *config_add_passthrough(struct vm_config *config,
						  enum passthrough_kind kind);
void config_drop_modules(struct vm_config *config);
void config_drop_flats(struct vm_config *config);
bool config_uses_bios(const struct vm_config *config);
int config_check(struct vm_config *config);
int __printf(3, 4) config_fail(const struct vm_config *config, u32 line, const char *fmt, ...);

/* config-ivc.c */
int config_allow_ivc(struct vm_config *config, const char *text, u32 line);
int config_set_ivc_window(struct vm_config *config, const char *arg);
int config_check_ivc(const struct vm_config *config);

/* config-vfio.c */
int config_add_vfio(struct vm_config *config, const char *text, u32 line);
int config_check_vfio(const struct vm_config *config);

/* config-layout.c */
int config_lay_out(struct vm_config *config);
void config_map_memory(const struct vm_config *config, struct guest_memory *memory);
struct device_config *config_meets(struct vm_config *config, const struct passthrough_config *p,
				   bool controller);

/* config-support.c */
typedef void (*config_say)(const struct vm_config *config, u32 line, const char *text);
unsigned int config_unsupported(const struct vm_config *config, config_say say);
void config_leave_out(struct vm_config *config, config_say say);
int config_check_host(const struct vm_config *config);
bool config_gives_range(const struct passthrough_config *p);
bool config_is_mapped(const struct vm_config *config, const struct passthrough_config *p);
bool config_gives_irq(const struct vm_config *config, const struct passthrough_config *p);
bool config_cpus(const struct vm_config *config, u32 vcpu, void *set);

#endif /* AXVM_TOOL_CONFIG_H */
