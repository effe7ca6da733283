// SPDX-License-Identifier: GPL-2.0
/*
 * pci-unit [COUNT [SEED]]: the launcher's PCI bus with devices of a VFIO that is made up
 * (pci-fake.c): what a guest finds in configuration space, where BARs become memory slots,
 * how interrupts are connected; then what a guest that writes at random to devices made at
 * random can do: nothing. COUNT accesses, 100000 if not given.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pci-bus.h"
#include "../vm.h"
#include "check.h"
#include "pci-fake.h"

#define WINDOW		arch_pci.window
#define MESSAGES	(FAKE_GICD + 0x40)

/* Where the capabilities of the usual device are; 0x90 is one that is not shown */
#define PM		0x40
#define MSIX		0x50
#define MSI		0x60
#define EXP		0x70
#define EA		0xb0
#define VNDR		0xc0
#define TABLE		0x1000
#define TABLE_SIZE	4

static struct vm_config config;
static struct guest_memory memory;
static struct vm vm;
static u32 max_slots = FAKE_SLOTS;

static void put(u8 *at, u32 width, u32 value)
{
	pci_config_put(at, width, value);
}

static void capability(u8 *space, u32 at, u32 id, u32 next)
{
	space[at] = id;
	space[at + 1] = next;
}

/* BARs: 0 of 16 KiB, with the table; 2 of 64 KiB, 64 bits wide; 4 of I/O; 5 of 256 bytes */
static void usual_device(struct fake_device *device)
{
	u8 *space = device->config;

	memset(device, 0, sizeof(*device));
	device->fd = -1;
	device->irqs = -1;
	device->has_intx = true;
	device->sizes[0] = 16 * KIB;
	device->sizes[2] = 64 * KIB;
	device->sizes[4] = 32;
	device->sizes[5] = 256;
	put(space, 4, 0x56781234);
	put(space + PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(space + PCI_BASE_ADDRESS_2, 4, PCI_BASE_ADDRESS_MEM_TYPE_64 |
	    PCI_BASE_ADDRESS_MEM_PREFETCH);
	put(space + PCI_BASE_ADDRESS_4, 4, PCI_BASE_ADDRESS_SPACE_IO);
	put(space + PCI_ROM_ADDRESS, 4, ~0U);
	space[PCI_CAPABILITY_LIST] = PM;
	capability(space, PM, PCI_CAP_ID_PM, MSIX);
	capability(space, MSIX, PCI_CAP_ID_MSIX, EA);
	put(space + MSIX + PCI_MSIX_FLAGS, 2, TABLE_SIZE - 1);
	put(space + MSIX + PCI_MSIX_TABLE, 4, TABLE);
	put(space + MSIX + PCI_MSIX_PBA, 4, 0x2000);
	capability(space, EA, PCI_CAP_ID_EA, MSI);
	capability(space, MSI, PCI_CAP_ID_MSI, EXP);
	put(space + MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_QMASK |
	    PCI_MSI_FLAGS_MASKBIT);
	capability(space, EXP, PCI_CAP_ID_EXP, VNDR);
	put(space + EXP + PCI_EXP_FLAGS, 2, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put(space + EXP + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER);
	put(space + EXP + PCI_EXP_LNKCAP, 4, 0x11);
	capability(space, VNDR, PCI_CAP_ID_VNDR, 0);
	space[VNDR + 2] = 16;
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* --- a bus, and the guest's accesses ---------------------------------------------- */

static int make_bus(unsigned int count)
{
	const struct pci_device *dev;
	unsigned int i;

	memset(&config, 0, sizeof(config));
	memset(&vm, 0, sizeof(vm));
	for (i = 0; i < count; i++)
		snprintf(config.vfio[i].address, sizeof(config.vfio[i].address), "0000:00:%02x.0",
			 i + 1);
	config.nr_vfio = count;
	vm.config = &config;
	vm.fd = -1;
	vm.info.max_slots = max_slots;
	if (pci_bus_create(&vm, &memory))
		return -1;
	for (i = 0; i < count; i++) {
		dev = &vm.pci->devices[i]->dev;
		fake.devices[i].table = dev->table;
		fake.devices[i].table_bar = dev->table_bar;
		fake.devices[i].table_size = dev->msix ? dev->nr_vectors * PCI_MSIX_ENTRY_SIZE : 0;
	}
	return 0;
}

static u64 get(u64 gpa, u32 width)
{
	struct axvm_run run = { .mmio = { .gpa = gpa, .width = width } };

	return pci_bus_access(&vm, &run) ? run.mmio.data : 0xdeadbeefdeadbeef;
}

static bool set(u64 gpa, u32 width, u64 data)
{
	struct axvm_run run = {
		.mmio = { .gpa = gpa, .width = width, .is_write = 1, .data = data },
	};

	return pci_bus_access(&vm, &run);
}

static u64 ecam(unsigned int device, u32 offset)
{
	return arch_pci.ecam + (device << 15) + offset;
}

static u32 get_config(u32 offset, u32 width)
{
	return get(ecam(1, offset), width);
}

static void set_config(u32 offset, u32 width, u32 data)
{
	CHECK(set(ecam(1, offset), width, data));
}

/* --- what there is ---------------------------------------------------------------- */

static void test_header(void)
{
	CHECK_EQUAL(get_config(0, 4), 0x56781234);
	CHECK_EQUAL(get_config(2, 2), 0x5678);
	CHECK_EQUAL(get_config(PCI_ROM_ADDRESS, 4), 0);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_4, 4), 0);
	CHECK_EQUAL(get_config(PCI_INTERRUPT_PIN, 1), 1);
	set_config(PCI_INTERRUPT_LINE, 1, 0x55);
	CHECK_EQUAL(get_config(PCI_INTERRUPT_LINE, 2), 0x155);
	set_config(0, 4, 0);
	CHECK_EQUAL(get_config(0, 4), 0x56781234);

	/* Nobody there, another function, another bus, extended space, accesses that are none */
	CHECK_EQUAL(get(ecam(0, 0), 4) & 0xffffffff, 0xffffffff);
	CHECK_EQUAL(get(ecam(2, 0), 4) & 0xffffffff, 0xffffffff);
	CHECK_EQUAL(get(ecam(1, 0x1000), 4) & 0xffffffff, 0xffffffff);
	CHECK_EQUAL(get(ecam(1, 0) + arch_pci.ecam_size, 4), 0xdeadbeefdeadbeef);
	CHECK_EQUAL(get(arch_pci.window - 4, 4), 0xdeadbeefdeadbeef);
	CHECK_EQUAL(get(ecam(1, 0x100), 4), 0);
	CHECK_EQUAL(get(ecam(1, 0xffc), 4), 0);
	CHECK_EQUAL(get(ecam(1, 0), 8), ~0ULL);
	CHECK_EQUAL(get(ecam(1, 1), 2), ~0ULL);
	CHECK_EQUAL(get(arch_pci.window, 8), ~0ULL);
}

/* The list is that of the device, without what is not shown; what is behind is filtered. */
static void test_capabilities(void)
{
	static const u8 list[] = { PM, MSIX, MSI, EXP, VNDR, 0 };
	struct fake_device *device = &fake.devices[0];
	u32 at = PCI_CAPABILITY_LIST;
	unsigned int i;

	for (i = 0; i < sizeof(list); i++) {
		CHECK_EQUAL(get_config(at, 1), list[i]);
		at = list[i] + PCI_CAP_LIST_NEXT;
	}
	CHECK_EQUAL(get_config(EA, 4), 0);
	CHECK_EQUAL(get_config(MSI + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_64BIT);
	CHECK_EQUAL(get_config(EXP + PCI_EXP_FLAGS, 2), 2 | PCI_EXP_TYPE_RC_END << 4);
	CHECK_EQUAL(get_config(EXP + PCI_EXP_DEVCAP, 4), PCI_EXP_DEVCAP_RBER);
	CHECK_EQUAL(get_config(EXP + PCI_EXP_LNKCAP, 4), 0);

	/* No function-level reset, no sleep: the device does not get to know */
	set_config(EXP + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_RELAX_EN);
	CHECK_EQUAL(device->written, EXP + PCI_EXP_DEVCTL);
	CHECK_EQUAL(device->written_data, PCI_EXP_DEVCTL_RELAX_EN);
	device->written_width = 0;
	set_config(PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE);
	CHECK_EQUAL(get_config(PM + PCI_PM_CTRL, 2), PCI_PM_CTRL_STATE_MASK |
		    PCI_PM_CTRL_NO_SOFT_RESET);
	set_config(EA, 4, ~0U);
	set_config(EXP + PCI_EXP_LNKCTL, 2, ~0U);
	set_config(VNDR, 1, ~0U);
	CHECK_EQUAL(device->written_width, 0);
	set_config(VNDR + 4, 4, 0x12345678);
	CHECK_EQUAL(device->written_data, 0x12345678);
	/* Of four bytes three are the list's */
	set_config(VNDR, 4, 0x12345678);
	CHECK_EQUAL(device->written, VNDR + 3);
	CHECK_EQUAL(device->written_width, 1);
	CHECK_EQUAL(device->written_data, 0x12);
}

/* --- BARs ------------------------------------------------------------------------- */

static u64 slot_at(u64 gpa)
{
	unsigned int i;

	for (i = 0; i < FAKE_SLOTS; i++)
		if (fake.slots[i].length && fake.slots[i].gpa == gpa)
			return fake.slots[i].length;
	return 0;
}

static void test_bars(void)
{
	char said[4096];
	unsigned int i;

	set_config(PCI_BASE_ADDRESS_0, 4, ~0U);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_0, 4), ~(16 * KIB - 1) & 0xffffffff);
	set_config(PCI_BASE_ADDRESS_2, 4, ~0U);
	set_config(PCI_BASE_ADDRESS_3, 4, ~0U);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_2, 4), 0xffff000c);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_3, 4), 0xffffffff);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_4, 4), 0);
	CHECK_EQUAL(fake_nr_slots(), 0);

	/* Where they are mapped, but for the table's page, and what has less than a page */
	set_config(PCI_BASE_ADDRESS_0, 4, WINDOW);
	set_config(PCI_BASE_ADDRESS_2, 4, WINDOW + 64 * KIB);
	set_config(PCI_BASE_ADDRESS_3, 4, 0);
	set_config(PCI_BASE_ADDRESS_5, 4, WINDOW + MIB);
	CHECK_EQUAL(fake_nr_slots(), 0);
	check_catch_messages();
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK_EQUAL(check_caught(said, sizeof(said)), 0);
	check_show_messages();
	CHECK_EQUAL(fake_nr_slots(), 3);
	CHECK_EQUAL(slot_at(WINDOW), TABLE);
	CHECK_EQUAL(slot_at(WINDOW + TABLE + PAGE_BYTES), 16 * KIB - TABLE - PAGE_BYTES);
	CHECK_EQUAL(slot_at(WINDOW + 64 * KIB), 64 * KIB);
	CHECK(set(WINDOW + MIB + 8, 8, 0x1122334455667788));
	CHECK_EQUAL(get(WINDOW + MIB + 10, 2), 0x5566);
	CHECK_EQUAL(get(WINDOW + MIB + 254, 4), ~0ULL);
	CHECK_EQUAL(get(WINDOW + MIB + 256, 1), ~0ULL);

	/* Behind the table, on its page */
	CHECK(set(WINDOW + TABLE + 0x800, 4, 0xabcd));
	CHECK_EQUAL(get(WINDOW + TABLE + 0x800, 4), 0xabcd);

	for (i = 0; i < 2 * FAKE_SLOTS; i++)
		set_config(PCI_BASE_ADDRESS_2, 4, WINDOW + 2 * MIB + i * 64 * KIB);
	set_config(PCI_BASE_ADDRESS_2, 4, WINDOW + 128 * KIB);
	CHECK_EQUAL(slot_at(WINDOW + 64 * KIB), 0);
	CHECK_EQUAL(slot_at(WINDOW + 128 * KIB), 64 * KIB);

	/* Over memory, over another BAR, beyond 4 GiB: nowhere, and said once */
	check_catch_messages();
	set_config(PCI_BASE_ADDRESS_2, 4, 0x40000000);
	CHECK_EQUAL(fake_nr_slots(), 2);
	set_config(PCI_BASE_ADDRESS_2, 4, WINDOW);
	CHECK_EQUAL(fake_nr_slots(), 2);
	set_config(PCI_BASE_ADDRESS_3, 4, 0x80);
	CHECK_EQUAL(fake_nr_slots(), 2);
	CHECK_EQUAL(check_caught(said, sizeof(said)), 1);
	check_show_messages();
	CHECK(strstr(said, "0000:00:01.0: the guest puts BAR 2 at 0x40000000"));
	set_config(PCI_BASE_ADDRESS_3, 4, 0);
	set_config(PCI_BASE_ADDRESS_2, 4, WINDOW + 192 * KIB);
	CHECK_EQUAL(fake_nr_slots(), 3);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	CHECK_EQUAL(fake_nr_slots(), 0);
	CHECK_EQUAL(get(WINDOW + MIB + 10, 2), ~0ULL);
}

/* --- interrupts ------------------------------------------------------------------- */

static const struct axvm_route *route_of(u32 gsi)
{
	u32 i;

	for (i = 0; i < fake.nr_routes; i++)
		if (fake.routes[i].gsi == gsi)
			return &fake.routes[i];
	return NULL;
}

static u32 only_gsi(void)
{
	unsigned int i;

	CHECK_EQUAL(fake_nr_irqfds(), 1);
	for (i = 0; i < ARRAY_SIZE(fake.irqfds); i++)
		if (fake.irqfds[i].fd)
			return fake.irqfds[i].gsi;
	return 0;
}

static void set_entry(unsigned int i, u64 address, u32 data, u32 control)
{
	u64 at = WINDOW + TABLE + i * PCI_MSIX_ENTRY_SIZE;

	CHECK(set(at, 4, address));
	CHECK(set(at + 4, 4, address >> 32));
	CHECK(set(at + 8, 8, data | (u64)control << 32));
	CHECK_EQUAL(get(at, 8), address);
	CHECK_EQUAL(get(at + 8, 4), data);
	CHECK_EQUAL(get(at + 12, 4), control);
}

static void test_msix(void)
{
	struct fake_device *device = &fake.devices[0];
	char said[4096];
	u32 gsi;

	CHECK_EQUAL(device->irqs, VFIO_PCI_INTX_IRQ_INDEX);
	CHECK_EQUAL(only_gsi(), arch_pci.irq);
	set_config(PCI_BASE_ADDRESS_0, 4, WINDOW);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK_EQUAL(get_config(MSIX + PCI_MSIX_FLAGS, 2), TABLE_SIZE - 1);
	CHECK_EQUAL(get(WINDOW + TABLE + 12, 4), PCI_MSIX_ENTRY_CTRL_MASKBIT);
	set_config(MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	CHECK_EQUAL(device->irqs, VFIO_PCI_MSIX_IRQ_INDEX);
	CHECK_EQUAL(device->vectors, TABLE_SIZE);
	set_entry(2, MESSAGES, 140, 0);
	CHECK_EQUAL(fake_nr_irqfds(), 0);
	set_config(MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	gsi = only_gsi();
	CHECK(route_of(gsi) && route_of(gsi)->data == 140);
	set_entry(2, MESSAGES, 141, 0);
	CHECK(only_gsi() == gsi && route_of(gsi)->data == 141);
	set_entry(2, MESSAGES, 141, PCI_MSIX_ENTRY_CTRL_MASKBIT);
	CHECK_EQUAL(fake_nr_irqfds(), 0);

	/* No such message: the others are as they were */
	set_entry(1, MESSAGES, 142, 0);
	check_catch_messages();
	set_entry(3, 0xfee00000, 142, 0);
	CHECK_EQUAL(check_caught(said, sizeof(said)), 1);
	check_show_messages();
	CHECK(strstr(said, "leads nowhere"));
	CHECK(only_gsi() == gsi - 1 && route_of(gsi - 1)->data == 142);

	/* Accesses that the table does not take */
	CHECK(set(WINDOW + TABLE, 2, 0x1234));
	CHECK_EQUAL(get(WINDOW + TABLE, 2), ~0ULL);
	CHECK_EQUAL(get(WINDOW + TABLE - 4, 8), ~0ULL);
	CHECK_EQUAL(get(WINDOW + TABLE, 4), 0);

	set_config(MSIX + PCI_MSIX_FLAGS, 2, 0);
	CHECK_EQUAL(device->irqs, VFIO_PCI_INTX_IRQ_INDEX);
	CHECK_EQUAL(only_gsi(), arch_pci.irq);
}

static void test_msi(void)
{
	struct fake_device *device = &fake.devices[0];

	set_config(MSI + PCI_MSI_ADDRESS_LO, 4, (u32)MESSAGES | 3);
	set_config(MSI + PCI_MSI_DATA_64, 2, 150);
	CHECK_EQUAL(get_config(MSI + PCI_MSI_ADDRESS_LO, 4), MESSAGES);
	set_config(MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	CHECK_EQUAL(get_config(MSI + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_ENABLE |
		    PCI_MSI_FLAGS_64BIT);
	CHECK_EQUAL(device->irqs, VFIO_PCI_MSI_IRQ_INDEX);
	CHECK_EQUAL(device->vectors, 1);
	CHECK(route_of(only_gsi()) && route_of(only_gsi())->data == 150);
	set_config(MSI + PCI_MSI_FLAGS, 2, 0);
	CHECK_EQUAL(device->irqs, VFIO_PCI_INTX_IRQ_INDEX);
}

/* --- life ------------------------------------------------------------------------- */

static void test_reset(void)
{
	struct fake_device *device = &fake.devices[0];
	unsigned int resets = device->resets;

	CHECK_EQUAL(fake.pinned, memory.size);
	set_config(PCI_BASE_ADDRESS_0, 4, WINDOW);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	set_config(MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	set_entry(0, MESSAGES, 140, 0);
	pci_bus_stop(&vm);
	CHECK_EQUAL(device->resets, resets + 1);
	CHECK_EQUAL(device->irqs, (u64)-1);
	CHECK_EQUAL(fake_nr_slots() + fake_nr_irqfds() + fake.pinned, 0);
	CHECK(!pci_bus_start(&vm));
	CHECK_EQUAL(fake.pinned, memory.size);
	CHECK_EQUAL(get_config(PCI_COMMAND, 2), 0);
	CHECK_EQUAL(get_config(PCI_BASE_ADDRESS_0, 4), 0);
	CHECK_EQUAL(get_config(MSIX + PCI_MSIX_FLAGS, 2), TABLE_SIZE - 1);
	set_config(PCI_BASE_ADDRESS_0, 4, WINDOW);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK_EQUAL(get(WINDOW + TABLE, 8), 0);
	CHECK_EQUAL(get(WINDOW + TABLE + 12, 4), PCI_MSIX_ENTRY_CTRL_MASKBIT);
	CHECK_EQUAL(device->irqs, VFIO_PCI_INTX_IRQ_INDEX);
}

static void check_nothing_left(unsigned int files)
{
	pci_bus_destroy(&vm);
	CHECK(!vm.pci);
	CHECK_EQUAL(fake_nr_slots() + fake_nr_irqfds() + fake.pinned, 0);
	CHECK_EQUAL(open_files(), files);
}

static void test_refusals(void)
{
	struct fake_device *device = &fake.devices[0];
	unsigned int files = open_files();
	char said[4096];

	check_catch_messages();
	usual_device(device);
	device->config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
	CHECK_EQUAL(make_bus(1), (u64)-1);
	check_nothing_left(files);
	usual_device(device);
	device->sizes[0] = 0x3000;
	CHECK_EQUAL(make_bus(1), (u64)-1);
	check_nothing_left(files);
	usual_device(device);
	put(device->config + PCI_BASE_ADDRESS_5, 4, PCI_BASE_ADDRESS_MEM_TYPE_64);
	CHECK_EQUAL(make_bus(1), (u64)-1);
	check_nothing_left(files);
	usual_device(device);
	fake.fail_map = true;
	CHECK_EQUAL(make_bus(1), (u64)-1);
	fake.fail_map = false;
	check_nothing_left(files);
	CHECK_EQUAL(check_caught(said, sizeof(said)), 4);
	check_show_messages();
}

/* Capabilities that would end behind configuration space, or go in circles */
static void test_bad_lists(void)
{
	u8 *space = fake.devices[0].config;
	u32 at;

	usual_device(&fake.devices[0]);
	space[PCI_CAPABILITY_LIST] = 0xfc;
	capability(space, 0xfc, PCI_CAP_ID_EXP, 0);
	CHECK(!make_bus(1));
	CHECK_EQUAL(get_config(PCI_CAPABILITY_LIST, 1), 0);
	CHECK_EQUAL(get_config(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, 0);
	pci_bus_destroy(&vm);

	usual_device(&fake.devices[0]);
	space[PCI_CAPABILITY_LIST] = 0xf0;
	for (at = 0xf0; at >= 0xb0; at -= 0x10) {
		capability(space, at, PCI_CAP_ID_VNDR, at > 0xb0 ? at - 0x10 : 0xf0);
		space[at + 2] = at == 0xf0 ? 255 : 1;
	}
	CHECK(!make_bus(1));
	CHECK_EQUAL(get_config(PCI_CAPABILITY_LIST, 1), 0xf0);
	for (at = 0xf0; at > 0xb0; at -= 0x10)
		CHECK_EQUAL(get_config(at, 2), (at - 0x10) << 8 | PCI_CAP_ID_VNDR);
	CHECK_EQUAL(get_config(0xb0, 2), PCI_CAP_ID_VNDR);
	pci_bus_destroy(&vm);

	/* More MSI-X than the guest sees, and a table that is not in its BAR */
	usual_device(&fake.devices[0]);
	put(space + MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_QSIZE);
	CHECK(!make_bus(1));
	CHECK_EQUAL(get_config(MSIX + PCI_MSIX_FLAGS, 2), PCI_VECTORS - 1);
	pci_bus_destroy(&vm);
	usual_device(&fake.devices[0]);
	put(space + MSIX + PCI_MSIX_TABLE, 4, 16 * KIB - 16);
	CHECK(!make_bus(1));
	CHECK_EQUAL(get_config(PM + 1, 1), MSI);
	CHECK_EQUAL(get_config(MSIX, 4), 0);
	pci_bus_destroy(&vm);
}

static void test_usual(void (*test)(void))
{
	unsigned int files = open_files();

	usual_device(&fake.devices[0]);
	CHECK(!make_bus(1));
	test();
	check_nothing_left(files);
}

/* --- at random -------------------------------------------------------------------- */

static void random_device(struct fake_device *device)
{
	unsigned int i, changes = check_random(2) ? 0 : check_random(40);

	usual_device(device);
	device->unmapped = check_random(64);
	device->has_intx = check_random(4);
	device->sizes[0] = check_random(4) ? 16 * KIB : BIT_ULL(4 + check_random(18));
	device->sizes[2] = BIT_ULL(4 + check_random(18));
	for (i = 0; i < changes; i++)
		device->config[0x34 + check_random(PCI_CONFIG_BYTES - 0x34)] = check_random(256);
}

static u64 random_address(void)
{
	static const u32 registers[] = {
		PCI_COMMAND, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_3,
		PCI_BASE_ADDRESS_5, MSIX + PCI_MSIX_FLAGS, MSI + PCI_MSI_FLAGS,
	};

	switch (check_random(8)) {
	case 0 ... 3:
		return ecam(1 + check_random(FAKE_DEVICES),
			    registers[check_random(ARRAY_SIZE(registers))]);
	case 4:
		return ecam(check_random(4), check_random(0x1004));
	case 5:
		return WINDOW + TABLE + check_random(128);
	case 6:
		return WINDOW + check_random(MIB);
	default:
		return arch_pci.ecam - 16 + check_random(arch_pci.ecam_size + 32);
	}
}

static u64 random_data(void)
{
	switch (check_random(6)) {
	case 0:
		return PCI_COMMAND_MEMORY;
	case 1:
		return MESSAGES | (128 + check_random(64)) << 32;
	case 2:
		return WINDOW + (check_random(64) << 14);
	case 3:
		return WINDOW + arch_pci.window_size - check_random(8) * 4 * KIB;
	case 4:
		return check_random(~0ULL);
	default:
		return check_random(2) ? ~0ULL : check_random(0x10000);
	}
}

/* As a driver would, more or less: so that there is something to be broken */
static void sensible_write(void)
{
	static const u32 bars[] = {
		PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_5,
	};
	unsigned int device = 1 + check_random(FAKE_DEVICES);

	switch (check_random(6)) {
	case 0:
		set(ecam(device, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
		break;
	case 1 ... 2:
		set(ecam(device, bars[check_random(ARRAY_SIZE(bars))]), 4,
		    WINDOW + (check_random(64) << 14));
		break;
	case 3:
		set(ecam(device, PCI_BASE_ADDRESS_3), 4, 0);
		break;
	case 4:
		set(ecam(device, MSIX + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE);
		break;
	case 5:
		set(align_down(get(ecam(device, PCI_BASE_ADDRESS_0), 4), 16) + TABLE +
		    4 * check_random(16), 4, random_data());
	}
}

/* Return: how many of its accesses were made while a BAR was a slot */
static unsigned long random_guest(unsigned int accesses)
{
	unsigned long mapped = 0;

	while (accesses-- && !check_failures) {
		mapped += !!fake_nr_slots();
		if (check_random(2))
			sensible_write();
		else if (check_random(2))
			get(random_address(), 1 << check_random(4));
		else
			set(random_address(), 1 << check_random(4), random_data());
		if (!check_random(200)) {
			pci_bus_stop(&vm);
			CHECK_EQUAL(fake_nr_slots() + fake_nr_irqfds() + fake.pinned, 0);
			CHECK(!pci_bus_start(&vm));
		}
	}
	return mapped;
}

static unsigned long fuzz(unsigned long count)
{
	unsigned int files = open_files(), i;
	unsigned long done, mapped = 0;
	char said[4096];

	check_catch_messages();
	for (done = 0; done < count && !check_failures; done += 500) {
		for (i = 0; i < FAKE_DEVICES; i++)
			random_device(&fake.devices[i]);
		max_slots = 1 + check_random(FAKE_SLOTS);
		if (!make_bus(FAKE_DEVICES))
			mapped += random_guest(500);
		check_nothing_left(files);
		/* A word on each device's BARs and interrupts at most, however long it takes */
		CHECK(check_caught(said, sizeof(said)) <= 2 * FAKE_DEVICES);
		check_catch_messages();
	}
	check_show_messages();
	CHECK(mapped > done / 4);
	return done;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;

	fake_power_on();
	check_memory(&memory, 16 * MIB);
	/* The first use of catching messages opens two files. */
	check_catch_messages();
	check_show_messages();
	test_usual(test_header);
	test_usual(test_capabilities);
	test_usual(test_bars);
	test_usual(test_msix);
	test_usual(test_msi);
	test_usual(test_reset);
	test_bad_lists();
	test_refusals();
	check_random_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	if (!check_failures)
		count = fuzz(count);
	check_memory_free(&memory);
	printf("pci-unit: %s, %lu accesses\n", check_failures ? "FAIL" : "ok", count);
	return check_failures ? 1 : 0;
}
