// SPDX-License-Identifier: GPL-2.0
/*
 * The device tree of a guest: written from the configuration, or the user's own
 * (--dtb); then memory and /chosen are filled in, in either. Bindings are those of the
 * kernel's Documentation/devicetree/bindings.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "arm64.h"

/* Cells of an interrupt at a GIC (arm,gic-v3.yaml) */
#define GIC_SPI			0
#define GIC_PPI			1
#define IRQ_LEVEL_HIGH		4

/* The first cell of a PCI address: memory below 4 GiB (IEEE 1275 PCI bus binding, 2.2.1.1) */
#define PCI_MEMORY_32		0x02000000

#define PHANDLE_GIC		1
#define PHANDLE_CLOCK		2
#define CLOCK_HZ		24000000

#define NS16550A_SIZE		8
#define NS16550A_HZ		1843200

/**
 * struct tree - a tree while it is written
 * @fdt: libfdt's buffer
 * @room: bytes of it
 * @error: the first error; nothing is done after it
 */
struct tree {
	void *fdt;
	u64 room;
	int error;
};

static void note_error(struct tree *tree, int ret)
{
	if (ret < 0 && !tree->error)
		tree->error = ret;
}

/* --- one after the other (libfdt's sequential write) -------------------------------- */

static void begin(struct tree *tree, const char *name)
{
	if (!tree->error)
		note_error(tree, fdt_begin_node(tree->fdt, name));
}

static void begin_at(struct tree *tree, const char *name, u64 address)
{
	char text[64];

	snprintf(text, sizeof(text), "%s@%llx", name, address);
	begin(tree, text);
}

static void end(struct tree *tree)
{
	if (!tree->error)
		note_error(tree, fdt_end_node(tree->fdt));
}

static void put(struct tree *tree, const char *name, const void *value, size_t length)
{
	if (!tree->error)
		note_error(tree, fdt_property(tree->fdt, name, value, length));
}

static void put_string(struct tree *tree, const char *name, const char *value)
{
	put(tree, name, value, strlen(value) + 1);
}

/* Strings with a NUL behind each; an array, so that its size is known */
#define put_strings(tree, name, strings)	put(tree, name, strings, sizeof(strings))

static void put_cells(struct tree *tree, const char *name, const u32 *cells, size_t count)
{
	fdt32_t big[64];
	size_t i;

	for (i = 0; i < count; i++)
		big[i] = cpu_to_fdt32(cells[i]);
	put(tree, name, big, count * sizeof(*big));
}

#define PUT_CELLS(tree, name, ...)						\
	put_cells(tree, name, (const u32[]){ __VA_ARGS__ },			\
		  sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

/* Addresses and sizes in turn, of two cells each */
static void put_reg(struct tree *tree, const u64 *values, size_t count)
{
	fdt64_t big[4];
	size_t i;

	for (i = 0; i < count; i++)
		big[i] = cpu_to_fdt64(values[i]);
	put(tree, "reg", big, count * sizeof(*big));
}

#define PUT_REG(tree, ...)							\
	put_reg(tree, (const u64[]){ __VA_ARGS__ },				\
		sizeof((const u64[]){ __VA_ARGS__ }) / sizeof(u64))

/* --- nodes ------------------------------------------------------------------------- */

static void write_cpus(struct tree *tree, const struct vm_config *config)
{
	u32 i;

	begin(tree, "cpus");
	PUT_CELLS(tree, "#address-cells", 1);
	PUT_CELLS(tree, "#size-cells", 0);
	for (i = 0; i < config->nr_vcpus; i++) {
		begin_at(tree, "cpu", arm64_mpidr(i));
		put_string(tree, "device_type", "cpu");
		put_string(tree, "compatible", "arm,armv8");
		put_string(tree, "enable-method", "psci");
		PUT_CELLS(tree, "reg", arm64_mpidr(i));
		end(tree);
	}
	end(tree);
}

static void write_psci(struct tree *tree)
{
	begin(tree, "psci");
	put_strings(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	put_string(tree, "method", "hvc");
	end(tree);
}

/* Secure physical, physical, virtual, hypervisor: INTIDs 29, 30, 27, 26 */
static void write_timer(struct tree *tree)
{
	begin(tree, "timer");
	put_string(tree, "compatible", "arm,armv8-timer");
	PUT_CELLS(tree, "interrupts", GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH,
		  GIC_PPI, 11, IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH);
	put(tree, "always-on", NULL, 0);
	end(tree);
}

/* PrimeCells have a clock; ours need none */
static void write_clock(struct tree *tree)
{
	begin(tree, "apb-pclk");
	put_string(tree, "compatible", "fixed-clock");
	PUT_CELLS(tree, "#clock-cells", 0);
	PUT_CELLS(tree, "clock-frequency", CLOCK_HZ);
	put_string(tree, "clock-output-names", "clk24mhz");
	PUT_CELLS(tree, "phandle", PHANDLE_CLOCK);
	end(tree);
}

static void write_gic(struct tree *tree, const struct vm_config *config,
		      const struct device_config *device)
{
	u64 redistributors = device->nr_cfg ? device->cfg[0] : ARM64_GICR_BASE;

	begin_at(tree, "interrupt-controller", device->base);
	put_string(tree, "compatible", "arm,gic-v3");
	put(tree, "interrupt-controller", NULL, 0);
	PUT_CELLS(tree, "#interrupt-cells", 3);
	PUT_CELLS(tree, "#address-cells", 0);
	PUT_REG(tree, device->base, ARM64_GICD_SIZE,
		redistributors, ARM64_GICR_SIZE * config->nr_vcpus);
	PUT_CELLS(tree, "phandle", PHANDLE_GIC);
	if (config->nr_vfio) {
		put(tree, "msi-controller", NULL, 0);
		PUT_CELLS(tree, "mbi-ranges", arch_pci.messages, arch_pci.nr_messages);
	}
	end(tree);
}

static void put_spi(struct tree *tree, const struct device_config *device)
{
	PUT_CELLS(tree, "interrupts", GIC_SPI, device->irq - ARM64_SPI_FIRST, IRQ_LEVEL_HIGH);
}

static void put_peripheral(struct tree *tree, const struct device_config *device)
{
	PUT_REG(tree, device->base, ARM64_PERIPHERAL_SIZE);
	put_spi(tree, device);
}

static void write_uart(struct tree *tree, const struct vm_config *config,
		       const struct device_config *device)
{
	(void)config;
	begin_at(tree, "serial", device->base);
	put_strings(tree, "compatible", "arm,pl011\0arm,primecell");
	put_peripheral(tree, device);
	PUT_CELLS(tree, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	put_strings(tree, "clock-names", "uartclk\0apb_pclk");
	end(tree);
}

static void write_rtc(struct tree *tree, const struct vm_config *config,
		      const struct device_config *device)
{
	(void)config;
	begin_at(tree, "rtc", device->base);
	put_strings(tree, "compatible", "arm,pl031\0arm,primecell");
	put_peripheral(tree, device);
	PUT_CELLS(tree, "clocks", PHANDLE_CLOCK);
	put_string(tree, "clock-names", "apb_pclk");
	end(tree);
}

/* A 16550A as PCs have it, of the host's: at the beginning of what is passed */
static void write_ns16550a(struct tree *tree, const struct vm_config *config,
			   const struct device_config *device)
{
	(void)config;
	begin_at(tree, "serial", device->base);
	put_string(tree, "compatible", "ns16550a");
	PUT_REG(tree, device->base, NS16550A_SIZE);
	put_spi(tree, device);
	PUT_CELLS(tree, "clock-frequency", NS16550A_HZ);
	end(tree);
}

/* Devices of other types are for those who know them */
static const struct {
	u32 type;
	void (*write)(struct tree *tree, const struct vm_config *config,
		      const struct device_config *device);
} writers[] = {
	{ AXVM_DEV_GICV3, write_gic },
	{ AXVM_DEV_CONSOLE, write_uart },
	{ AXVM_DEV_PL031, write_rtc },
	{ NODE_NS16550A, write_ns16550a },
};

static void write_device(struct tree *tree, const struct vm_config *config,
			 const struct device_config *device)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(writers); i++)
		if (writers[i].type == device->type)
			writers[i].write(tree, config, device);
}

/* Hardware of the host, if somebody said what it is */
static void write_passed(struct tree *tree, const struct vm_config *config,
			 const struct passthrough_config *p)
{
	const struct device_config device = {
		.type = p->node, .base = p->gpa, .length = p->length, .irq = p->irq,
	};

	if (p->node && p->irq >= ARM64_SPI_FIRST)
		write_device(tree, config, &device);
}

/* An interrupt of each device: (device, -, -, pin A) is (GIC, SPI) */
#define MAP_CELLS	8

static void put_interrupt_map(struct tree *tree, const struct vm_config *config)
{
	u32 map[CONFIG_MAX_VFIO * MAP_CELLS], *cell = map;
	unsigned int i;

	for (i = 0; i < config->nr_vfio; i++) {
		const u32 entry[MAP_CELLS] = {
			(i + 1) << 11, 0, 0, 1, PHANDLE_GIC,
			GIC_SPI, arch_pci.irq + i - ARM64_SPI_FIRST, IRQ_LEVEL_HIGH,
		};

		memcpy(cell, entry, sizeof(entry));
		cell += MAP_CELLS;
	}
	put_cells(tree, "interrupt-map", map, cell - map);
}

/* host-generic-pci.yaml; what devices read and write is what the CPUs have in their caches */
static void write_pci(struct tree *tree, const struct vm_config *config)
{
	const u32 base = arch_pci.window, size = arch_pci.window_size;

	begin_at(tree, "pcie", arch_pci.ecam);
	put_string(tree, "compatible", "pci-host-ecam-generic");
	put_string(tree, "device_type", "pci");
	PUT_CELLS(tree, "#address-cells", 3);
	PUT_CELLS(tree, "#size-cells", 2);
	PUT_CELLS(tree, "#interrupt-cells", 1);
	PUT_CELLS(tree, "bus-range", 0, 0);
	PUT_REG(tree, arch_pci.ecam, arch_pci.ecam_size);
	PUT_CELLS(tree, "ranges", PCI_MEMORY_32, 0, base, 0, base, 0, size);
	PUT_CELLS(tree, "interrupt-map-mask", 0xf800, 0, 0, 7);
	put_interrupt_map(tree, config);
	PUT_CELLS(tree, "msi-parent", PHANDLE_GIC);
	put(tree, "dma-coherent", NULL, 0);
	end(tree);
}

static void write_chosen(struct tree *tree, const struct vm_config *config)
{
	unsigned int i;
	char path[64];

	begin(tree, "chosen");
	for (i = 0; i < config->nr_emu_devices; i++) {
		if (config->emu_devices[i].type != AXVM_DEV_CONSOLE ||
		    !config->emu_devices[i].console)
			continue;
		snprintf(path, sizeof(path), "/serial@%llx", config->emu_devices[i].base);
		put_string(tree, "stdout-path", path);
		break;
	}
	end(tree);
}

static void write_machine(struct tree *tree, const struct vm_config *config)
{
	unsigned int i;

	note_error(tree, fdt_create(tree->fdt, tree->room));
	if (!tree->error)
		note_error(tree, fdt_finish_reservemap(tree->fdt));
	begin(tree, "");
	put_string(tree, "compatible", "linux,dummy-virt");
	put_string(tree, "model", "axvm");
	PUT_CELLS(tree, "#address-cells", 2);
	PUT_CELLS(tree, "#size-cells", 2);
	PUT_CELLS(tree, "interrupt-parent", PHANDLE_GIC);
	write_chosen(tree, config);
	write_cpus(tree, config);
	write_psci(tree);
	write_timer(tree);
	write_clock(tree);
	for (i = 0; i < config->nr_emu_devices; i++)
		write_device(tree, config, &config->emu_devices[i]);
	for (i = 0; i < config->nr_passthrough; i++)
		write_passed(tree, config, &config->passthrough[i]);
	if (config->nr_vfio)
		write_pci(tree, config);
	end(tree);
	if (!tree->error)
		note_error(tree, fdt_finish(tree->fdt));
}

/* --- what is filled in (libfdt's read-write functions) ------------------------------ */

/* The node /@name, made if it is not there */
static int root_node(struct tree *tree, const char *name)
{
	int node = fdt_subnode_offset(tree->fdt, 0, name);

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(tree->fdt, 0, name);
	note_error(tree, node);
	return node;
}

static void fill_chosen(struct tree *tree, const struct arm64_dtb *dtb)
{
	int node = root_node(tree, "chosen");
	void *fdt = tree->fdt;

	if (node < 0)
		return;
	if (dtb->cmdline)
		note_error(tree, fdt_setprop_string(fdt, node, "bootargs", dtb->cmdline));
	fdt_delprop(fdt, node, "linux,initrd-start");
	fdt_delprop(fdt, node, "linux,initrd-end");
	if (!dtb->initrd_size)
		return;
	note_error(tree, fdt_setprop_u64(fdt, node, "linux,initrd-start", dtb->initrd));
	note_error(tree, fdt_setprop_u64(fdt, node, "linux,initrd-end",
					 dtb->initrd + dtb->initrd_size));
}

/* All nodes of the root with device_type "memory" go */
static void delete_memory(struct tree *tree)
{
	int node, next, length;
	const char *type;

	for (node = fdt_first_subnode(tree->fdt, 0); node >= 0 && !tree->error; node = next) {
		type = fdt_getprop(tree->fdt, node, "device_type", &length);
		if (!type || length != sizeof("memory") || memcmp(type, "memory", length)) {
			next = fdt_next_subnode(tree->fdt, node);
			continue;
		}
		note_error(tree, fdt_del_node(tree->fdt, node));
		next = fdt_first_subnode(tree->fdt, 0);
	}
}

/* An address or a size in as many cells as the root says; too large for one is an error */
static void append_cells(struct tree *tree, int node, u64 value, int cells)
{
	if (cells != 2 && (cells != 1 || value >> 32))
		note_error(tree, -FDT_ERR_BADNCELLS);
	else if (cells == 2)
		note_error(tree, fdt_appendprop_u64(tree->fdt, node, "reg", value));
	else
		note_error(tree, fdt_appendprop_u32(tree->fdt, node, "reg", value));
}

/* What the guest may not write is not for its allocator */
static u64 first_ram(const struct guest_memory *memory)
{
	unsigned int i;

	for (i = 0; i < memory->nr_regions - 1; i++)
		if (!(memory->regions[i].flags & AXVM_MEM_READONLY))
			break;
	return memory->regions[i].gpa;
}

static void fill_memory(struct tree *tree, const struct guest_memory *memory)
{
	int address_cells = fdt_address_cells(tree->fdt, 0);
	int size_cells = fdt_size_cells(tree->fdt, 0);
	unsigned int i;
	char name[32];
	int node;

	delete_memory(tree);
	snprintf(name, sizeof(name), "memory@%llx", first_ram(memory));
	node = root_node(tree, name);
	if (node < 0)
		return;
	note_error(tree, fdt_setprop_string(tree->fdt, node, "device_type", "memory"));
	for (i = 0; i < memory->nr_regions; i++) {
		if (memory->regions[i].flags & AXVM_MEM_READONLY)
			continue;
		append_cells(tree, node, memory->regions[i].gpa, address_cells);
		append_cells(tree, node, memory->regions[i].size, size_cells);
	}
}

/* --- the user's tree ----------------------------------------------------------------- */

/* A tree in the whole buffer of what is in the file; @file has room for it */
static int open_tree(struct tree *tree, const struct image *image, void *file)
{
	int ret;

	if (image_read(image, 0, file, image->size))
		return -1;
	ret = fdt_check_full(file, image->size);
	if (ret)
		return fail("%s: not a device tree: %s", image->path, fdt_strerror(ret));
	note_error(tree, fdt_open_into(file, tree->fdt, tree->room));
	return 0;
}

static int read_tree(struct tree *tree, const struct vm_config *config)
{
	const u64 limit = ARM64_DTB_SIZE / 2;
	const char *path = config->dtb.path;
	struct image image;
	const char *why;
	void *file = NULL;
	int ret = -1;

	why = image_open(&image, path);
	if (why)
		return config_fail(config, config->dtb.line, "%s: %s", path, why);
	if (image.size > limit) {
		config_fail(config, config->dtb.line, "%s: a device tree has at most %lluK", path,
			    limit / KIB);
	} else {
		file = malloc(image.size);
		ret = file ? open_tree(tree, &image, file) : fail("no memory");
	}
	free(file);
	image_close(&image);
	return ret;
}

/**
 * arm64_dtb_build() - put a device tree into memory
 * @config: the VM
 * @memory: its memory
 * @dtb: what is to be filled in
 * @at: where it goes: @dtb->room bytes, all zero
 *
 * Return: 0, or -1 with a message.
 */
int arm64_dtb_build(const struct vm_config *config, const struct guest_memory *memory,
		    const struct arm64_dtb *dtb, u64 at)
{
	struct tree tree = { .fdt = memory_at(memory, at, dtb->room), .room = dtb->room };

	if (config->dtb.path) {
		if (read_tree(&tree, config))
			return -1;
	} else {
		write_machine(&tree, config);
		if (!tree.error)
			note_error(&tree, fdt_open_into(tree.fdt, tree.fdt, tree.room));
	}
	if (!tree.error)
		fill_chosen(&tree, dtb);
	if (!tree.error)
		fill_memory(&tree, memory);
	if (!tree.error)
		note_error(&tree, fdt_pack(tree.fdt));
	if (tree.error)
		return config_fail(config, config->dtb.line, "%s: %s",
				   config->dtb.path ? config->dtb.path : "device tree",
				   fdt_strerror(tree.error));
	return 0;
}
