/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * axvm UAPI, version 1: everything a launcher sees of axvm.ko.
 *
 * Objects are file descriptors. open("/dev/axvm") gives the system;
 * AXVM_CREATE_VM on it a VM; AXVM_VM_CREATE_VCPU on that a vCPU; and
 * AXVM_VM_CREATE_DEVICE a device, which hands out one more descriptor if the
 * device has a host side (a UART's is a byte stream: read, write, poll).
 *
 * Every structure starts with @size, which the caller sets to sizeof() of the
 * structure it was compiled with. A shorter one than the kernel's reads as if
 * followed by zeros; a longer one is taken if its tail is zero, else -E2BIG.
 * Unknown flags and non-zero reserved fields are refused with -EINVAL.
 * Documentation/uapi.rst describes each call with its errors.
 */
#ifndef _UAPI_AXVM_H
#define _UAPI_AXVM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define AXVM_API_VERSION	1
#define AXVM_IOC		0xBA
#define AXVM_NAME_LEN		32
#define AXVM_MAX_CFG		16

/* System calls, on /dev/axvm */
#define AXVM_GET_INFO		_IO(AXVM_IOC, 0x80)
#define AXVM_CREATE_VM		_IO(AXVM_IOC, 0x81)
#define AXVM_VM_STAT		_IO(AXVM_IOC, 0x82)
#define AXVM_DEVICE_TYPE	_IO(AXVM_IOC, 0x83)

/* VM calls */
#define AXVM_VM_SET_MEMORY	_IO(AXVM_IOC, 0x90)
#define AXVM_VM_CREATE_VCPU	_IO(AXVM_IOC, 0x91)
#define AXVM_VM_CREATE_DEVICE	_IO(AXVM_IOC, 0x92)
#define AXVM_VM_REMOVE_DEVICE	_IO(AXVM_IOC, 0x93)
#define AXVM_VM_BOOT		_IO(AXVM_IOC, 0x94)
#define AXVM_VM_SUSPEND		_IO(AXVM_IOC, 0x95)
#define AXVM_VM_RESUME		_IO(AXVM_IOC, 0x96)
#define AXVM_VM_STOP		_IO(AXVM_IOC, 0x97)
#define AXVM_VM_GET_STATUS	_IO(AXVM_IOC, 0x98)
#define AXVM_VM_IRQ_LINE	_IO(AXVM_IOC, 0x99)
#define AXVM_VM_INJECT		_IO(AXVM_IOC, 0x9a)
#define AXVM_VM_GET_DEVICE_STATE _IO(AXVM_IOC, 0x9b)
#define AXVM_VM_SET_DEVICE_STATE _IO(AXVM_IOC, 0x9c)
#define AXVM_VM_RESET		_IO(AXVM_IOC, 0x9d)
#define AXVM_VM_IRQFD		_IO(AXVM_IOC, 0x9e)
#define AXVM_VM_IOEVENTFD	_IO(AXVM_IOC, 0x9f)
#define AXVM_VM_SIGNAL_MSI	_IO(AXVM_IOC, 0xb0)
#define AXVM_VM_SET_ROUTES	_IO(AXVM_IOC, 0xb1)
#define AXVM_VM_PASS_THROUGH	_IO(AXVM_IOC, 0x88)

/* vCPU calls */
#define AXVM_VCPU_RUN		_IO(AXVM_IOC, 0xa0)
#define AXVM_VCPU_GET_REGS	_IO(AXVM_IOC, 0xa1)
#define AXVM_VCPU_SET_REGS	_IO(AXVM_IOC, 0xa2)
#define AXVM_VCPU_GET_SYSREG	_IO(AXVM_IOC, 0xa3)
#define AXVM_VCPU_SET_SYSREG	_IO(AXVM_IOC, 0xa4)
#define AXVM_VCPU_GET_FPU	_IO(AXVM_IOC, 0xa5)
#define AXVM_VCPU_SET_FPU	_IO(AXVM_IOC, 0xa6)

/* axvm_info.arch */
#define AXVM_ARCH_X86_64	1
#define AXVM_ARCH_ARM64		2

/* axvm_info.features */
#define AXVM_FEATURE_HARDWARE	(1ULL << 0)	/* guests can run: @reason is empty */
#define AXVM_FEATURE_BORROWED	(1ULL << 1)	/* another hypervisor holds it; we share */
#define AXVM_FEATURE_HUGE_2M	(1ULL << 2)	/* stage 2 maps 2 MiB pages */
#define AXVM_FEATURE_HUGE_1G	(1ULL << 3)	/* stage 2 maps 1 GiB pages */
#define AXVM_FEATURE_STATE	(1ULL << 4)	/* device and vCPU state can be read and written */
#define AXVM_FEATURE_IRQFD	(1ULL << 8)	/* AXVM_VM_IRQFD */
#define AXVM_FEATURE_IOEVENTFD	(1ULL << 9)	/* AXVM_VM_IOEVENTFD */
#define AXVM_FEATURE_MSI	(1ULL << 10)	/* AXVM_VM_SIGNAL_MSI, AXVM_ROUTE_MSI */
#define AXVM_FEATURE_ROUTES	(1ULL << 11)	/* AXVM_VM_SET_ROUTES */
#define AXVM_FEATURE_PASS_THROUGH (1ULL << 17)	/* AXVM_VM_PASS_THROUGH */

/**
 * struct axvm_info - what this host and this module can do (AXVM_GET_INFO)
 * @size: sizeof(struct axvm_info), set by the caller
 * @api_version: AXVM_API_VERSION of the module
 * @arch: AXVM_ARCH_*
 * @max_vcpus: the most vCPUs one VM may have
 * @max_slots: the most memory slots one VM may have
 * @run_size: bytes to mmap() at offset 0 of a vCPU
 * @regs_size: sizeof() of this architecture's register structure
 * @fpu_size: bytes of AXVM_VCPU_GET_FPU's image
 * @features: AXVM_FEATURE_*
 * @gpa_bits: guest-physical addresses are below 1 << @gpa_bits
 * @reserved: 0
 * @backend: name of the backend: "vmx", "el2-vhe"
 * @reason: why no guest can run here and what to do about it; empty if one can
 */
struct axvm_info {
	__u32 size;
	__u32 api_version;
	__u32 arch;
	__u32 max_vcpus;
	__u32 max_slots;
	__u32 run_size;
	__u32 regs_size;
	__u32 fpu_size;
	__u64 features;
	__u32 gpa_bits;
	__u32 reserved;
	char backend[AXVM_NAME_LEN];
	char reason[256];
};

/* axvm_create_vm.flags */
#define AXVM_VM_EXIT_UNCLAIMED	(1U << 0)	/* unclaimed accesses leave AXVM_VCPU_RUN */

/* axvm_create_vm.interrupt_mode */
#define AXVM_IRQ_NONE		0
#define AXVM_IRQ_EMULATED	1
#define AXVM_IRQ_PASSTHROUGH	2

/**
 * struct axvm_create_vm - AXVM_CREATE_VM; the ioctl returns the VM's descriptor
 * @size: sizeof(struct axvm_create_vm)
 * @flags: AXVM_VM_EXIT_UNCLAIMED
 * @interrupt_mode: AXVM_IRQ_*
 * @id: out: the VM's number, unique while it lives, from 1
 * @name: what `axvm ps` shows; need not be unique; may be empty
 */
struct axvm_create_vm {
	__u32 size;
	__u32 flags;
	__u32 interrupt_mode;
	__u32 id;
	char name[AXVM_NAME_LEN];
};

/* axvm_vm_status.state, axvm_vm_stat.state */
#define AXVM_STATE_LOADING	0
#define AXVM_STATE_LOADED	1
#define AXVM_STATE_RUNNING	2
#define AXVM_STATE_SUSPENDED	3
#define AXVM_STATE_STOPPING	4
#define AXVM_STATE_STOPPED	5

/* axvm_vm_status.stop_reason */
#define AXVM_STOP_NONE		0	/* not stopped */
#define AXVM_STOP_REQUEST	1	/* AXVM_VM_STOP */
#define AXVM_STOP_POWEROFF	2	/* the guest switched itself off */
#define AXVM_STOP_RESET		3	/* the guest asked for a reset */
#define AXVM_STOP_TRIPLE_FAULT	4	/* x86 shutdown: registers in the run page */
#define AXVM_STOP_DEBUG_EXIT	5	/* debug-exit device: @stop_code is the value written */
#define AXVM_STOP_ERROR		6	/* the guest or its entry failed: @stop_code is an errno */

/**
 * struct axvm_vm_stat - one VM's line of `axvm ps` (AXVM_VM_STAT)
 * @size: sizeof(struct axvm_vm_stat)
 * @id: in: the smallest id wanted; out: the id found (-ENOENT: no more)
 * @state: AXVM_STATE_*
 * @nr_vcpus: vCPUs created
 * @memory: bytes of guest memory in slots
 * @exits: VM exits of all vCPUs since the VM was made
 * @user_exits: those of them that left AXVM_VCPU_RUN with an access for userspace
 * @pid: process that made the VM, in the caller's pid namespace; 0 if not visible there
 * @nr_devices: devices in the registry
 * @name: its name
 */
struct axvm_vm_stat {
	__u32 size;
	__u32 id;
	__u32 state;
	__u32 nr_vcpus;
	__u64 memory;
	__u64 exits;
	__u64 user_exits;
	__u32 pid;
	__u32 nr_devices;
	char name[AXVM_NAME_LEN];
};

/**
 * struct axvm_device_type_info - one registered device type (AXVM_DEVICE_TYPE)
 * @size: sizeof(struct axvm_device_type_info)
 * @index: in: 0, 1, 2 ... until -ENOENT
 * @number: the type's number
 * @reserved: 0
 * @name: the type's name
 */
struct axvm_device_type_info {
	__u32 size;
	__u32 index;
	__u32 number;
	__u32 reserved;
	char name[AXVM_NAME_LEN];
};

/* axvm_memory.flags */
#define AXVM_MEM_READONLY	(1U << 0)	/* guest writes are dropped as on a ROM */
#define AXVM_MEM_NOEXEC		(1U << 1)	/* the guest may not fetch instructions here */

/**
 * struct axvm_memory - guest memory (AXVM_VM_SET_MEMORY)
 * @size: sizeof(struct axvm_memory)
 * @slot: slot number, below axvm_info.max_slots
 * @flags: AXVM_MEM_*
 * @reserved: 0
 * @gpa: guest-physical start, page aligned
 * @length: bytes, page aligned; 0 removes the slot
 * @hva: the caller's address of the memory, page aligned
 *
 * Slots may not overlap each other. The memory stays the caller's: what the
 * caller maps, unmaps or remaps there is what the guest sees.
 */
struct axvm_memory {
	__u32 size;
	__u32 slot;
	__u32 flags;
	__u32 reserved;
	__u64 gpa;
	__u64 length;
	__u64 hva;
};

/**
 * struct axvm_create_vcpu - AXVM_VM_CREATE_VCPU; the ioctl returns the vCPU's descriptor
 * @size: sizeof(struct axvm_create_vcpu)
 * @id: the vCPU's number, below axvm_info.max_vcpus; also its APIC id
 * @flags: 0
 * @reserved: 0
 */
struct axvm_create_vcpu {
	__u32 size;
	__u32 id;
	__u32 flags;
	__u32 reserved;
};

/* Device type numbers (axvm_create_device.type) */
#define AXVM_DEV_DUMMY		0x000
#define AXVM_DEV_INTC		0x001
#define AXVM_DEV_CONSOLE	0x002	/* x86: 16550A at a port range; arm64: PL011 */
#define AXVM_DEV_IVC_CHANNEL	0x00a
#define AXVM_DEV_IOAPIC		0x023
#define AXVM_DEV_PIT		0x024	/* 8254 and port 0x61: base 0x40, length 0x22 */
#define AXVM_DEV_LAPIC		0x100
#define AXVM_DEV_PIC		0x101	/* the 8259A pair and the ELCR */
#define AXVM_DEV_RTC_CMOS	0x102
#define AXVM_DEV_ACPI_PM	0x103	/* PM1 block, PM timer */
#define AXVM_DEV_PC_RESET	0x104	/* ports 0x64 and 0xcf9 */
#define AXVM_DEV_DEBUG_EXIT	0x105
#define AXVM_DEV_GICV3		0x110	/* arm64: distributor at base, redistributors at cfg[0] */
#define AXVM_DEV_PL031		0x112	/* cfg[0]: seconds since 1970 at creation; 0: the host's */
#define AXVM_DEV_ANY		0xffffffffU	/* find the type by @type_name */

/**
 * struct axvm_create_device - AXVM_VM_CREATE_DEVICE
 * @size: sizeof(struct axvm_create_device)
 * @flags: 0
 * @type: AXVM_DEV_*, or AXVM_DEV_ANY
 * @irq: the interrupt line (GSI, INTID); which types use it says Documentation/devices.rst
 * @base: first guest-physical address or port; 0 where the type has its own
 * @length: bytes or ports; 0 for the type's own
 * @nr_cfg: entries used in @cfg
 * @reserved: 0
 * @id: out: the device's number in this VM
 * @fd: out: descriptor of the host side, or -1
 * @cfg: the type's own parameters
 * @type_name: name of the type, used if @type is AXVM_DEV_ANY
 * @name: the device's name in debugfs and messages; empty: the type's
 */
struct axvm_create_device {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 irq;
	__u64 base;
	__u64 length;
	__u32 nr_cfg;
	__u32 reserved;
	__u32 id;
	__s32 fd;
	__u64 cfg[AXVM_MAX_CFG];
	char type_name[AXVM_NAME_LEN];
	char name[AXVM_NAME_LEN];
};

/* axvm_pass_through.flags */
#define AXVM_PASS_PORTS		(1U << 0)	/* @base and @host are I/O ports (x86) */
#define AXVM_PASS_MAPPED	(1U << 1)	/* no access exits; without it, each does */
#define AXVM_PASS_IRQ		(1U << 2)	/* the host's @host_irq is the line @irq */

/**
 * struct axvm_pass_through - give hardware of the host to the guest (AXVM_VM_PASS_THROUGH)
 * @size: sizeof(struct axvm_pass_through)
 * @flags: AXVM_PASS_*
 * @base: first guest-physical address, or port
 * @host: what that is on the host. AXVM_PASS_MAPPED: a multiple of pages, as is @base; a port
 *        is @base itself then
 * @length: bytes or ports; AXVM_PASS_MAPPED: whole pages of memory. 0: an interrupt only
 * @irq: the guest's line (GSI, INTID); 0 without AXVM_PASS_IRQ
 * @host_irq: the host's interrupt as /proc/interrupts numbers it; 0 without AXVM_PASS_IRQ
 * @widths: accesses that reach the device: the sum of their widths in bytes, of 1, 2, 4, 8 (not
 *          for ports); 0: 1, 2 and 4. Others find an open bus. 0 with AXVM_PASS_MAPPED
 * @id: out: the device's number in this VM
 * @name: the device's name in debugfs, /proc/iomem and messages
 */
struct axvm_pass_through {
	__u32 size;
	__u32 flags;
	__u64 base;
	__u64 host;
	__u64 length;
	__u32 irq;
	__u32 host_irq;
	__u32 widths;
	__u32 id;
	char name[AXVM_NAME_LEN];
};

/**
 * struct axvm_device_ref - names a device (AXVM_VM_REMOVE_DEVICE)
 * @size: sizeof(struct axvm_device_ref)
 * @id: the device's number
 */
struct axvm_device_ref {
	__u32 size;
	__u32 id;
};

/**
 * struct axvm_device_state - AXVM_VM_GET_DEVICE_STATE, AXVM_VM_SET_DEVICE_STATE
 * @size: sizeof(struct axvm_device_state)
 * @id: the device's number
 * @data: the caller's buffer
 * @length: in: bytes at @data; out: bytes the state has (-ENOSPC: @data too small)
 */
struct axvm_device_state {
	__u32 size;
	__u32 id;
	__u64 data;
	__u64 length;
};

/**
 * struct axvm_vm_status - AXVM_VM_GET_STATUS
 * @size: sizeof(struct axvm_vm_status)
 * @state: AXVM_STATE_*
 * @stop_reason: AXVM_STOP_*; the first reason wins
 * @stop_vcpu: the vCPU on which it happened, or ~0
 * @stop_code: see AXVM_STOP_*
 */
struct axvm_vm_status {
	__u32 size;
	__u32 state;
	__u32 stop_reason;
	__u32 stop_vcpu;
	__u64 stop_code;
};

/* axvm_irq_line.op */
#define AXVM_IRQ_LOWER		0
#define AXVM_IRQ_RAISE		1
#define AXVM_IRQ_PULSE		2

/**
 * struct axvm_irq_line - drive an interrupt line from userspace (AXVM_VM_IRQ_LINE)
 * @size: sizeof(struct axvm_irq_line)
 * @irq: GSI (x86: IOAPIC input) or INTID
 * @op: AXVM_IRQ_LOWER, AXVM_IRQ_RAISE, AXVM_IRQ_PULSE
 * @reserved: 0
 */
struct axvm_irq_line {
	__u32 size;
	__u32 irq;
	__u32 op;
	__u32 reserved;
};

/**
 * struct axvm_inject - make an interrupt pending on one vCPU (AXVM_VM_INJECT)
 * @size: sizeof(struct axvm_inject)
 * @vcpu: the vCPU's number
 * @irq: x86: vector 16 to 255; arm64: INTID
 * @reserved: 0
 */
struct axvm_inject {
	__u32 size;
	__u32 vcpu;
	__u32 irq;
	__u32 reserved;
};

/* axvm_irqfd.flags */
#define AXVM_IRQFD_DEASSIGN	(1U << 0)	/* remove the irqfd of @fd and @gsi */
#define AXVM_IRQFD_RESAMPLE	(1U << 1)	/* level-triggered: @resample_fd */

/**
 * struct axvm_irqfd - let an eventfd be an interrupt (AXVM_VM_IRQFD)
 * @size: sizeof(struct axvm_irqfd)
 * @flags: AXVM_IRQFD_*
 * @fd: the eventfd; each signal is an interrupt
 * @gsi: where it goes: by the routes (AXVM_VM_SET_ROUTES), else the line of this number
 * @resample_fd: the eventfd that is signalled when the guest has ended the interrupt; 0
 *               without AXVM_IRQFD_RESAMPLE
 * @reserved: 0
 */
struct axvm_irqfd {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 gsi;
	__s32 resample_fd;
	__u32 reserved;
};

/* axvm_ioeventfd.flags */
#define AXVM_IOEVENTFD_DEASSIGN	(1U << 0)	/* remove the one that is exactly this */
#define AXVM_IOEVENTFD_PORT	(1U << 1)	/* @addr is an I/O port */
#define AXVM_IOEVENTFD_DATAMATCH (1U << 2)	/* only writes of @datamatch */

/**
 * struct axvm_ioeventfd - let a write of the guest signal an eventfd (AXVM_VM_IOEVENTFD)
 * @size: sizeof(struct axvm_ioeventfd)
 * @flags: AXVM_IOEVENTFD_*
 * @addr: guest-physical address, or port: where the write begins
 * @datamatch: with AXVM_IOEVENTFD_DATAMATCH: the value; else 0
 * @width: bytes of the write: 1, 2, 4, 8 (not for ports), or 0: any
 * @fd: the eventfd
 */
struct axvm_ioeventfd {
	__u32 size;
	__u32 flags;
	__u64 addr;
	__u64 datamatch;
	__u32 width;
	__s32 fd;
};

/**
 * struct axvm_msi - a message-signalled interrupt (AXVM_VM_SIGNAL_MSI)
 * @size: sizeof(struct axvm_msi)
 * @data: what the device writes: x86: vector, delivery mode, trigger mode; arm64: INTID
 * @address: where to: x86: 0xfee00000 and on, with the destination; arm64: GICD_SETSPI_NSR
 */
struct axvm_msi {
	__u32 size;
	__u32 data;
	__u64 address;
};

/* axvm_route.type */
#define AXVM_ROUTE_NONE		0	/* nowhere */
#define AXVM_ROUTE_LINE		1	/* to the line @irq */
#define AXVM_ROUTE_MSI		2	/* the message @address, @data */

/**
 * struct axvm_route - where a GSI leads
 * @gsi: the GSI, below 4096
 * @type: AXVM_ROUTE_*
 * @irq: the line; 0 for others
 * @data: of the message; 0 for others
 * @address: of the message; 0 for others
 */
struct axvm_route {
	__u32 gsi;
	__u32 type;
	__u32 irq;
	__u32 data;
	__u64 address;
};

/**
 * struct axvm_routes - all routes of GSIs (AXVM_VM_SET_ROUTES)
 * @size: sizeof(struct axvm_routes)
 * @flags: 0
 * @nr: how many
 * @reserved: 0
 * @routes: the caller's array of struct axvm_route
 */
struct axvm_routes {
	__u32 size;
	__u32 flags;
	__u32 nr;
	__u32 reserved;
	__u64 routes;
};

/* axvm_run.exit_reason */
#define AXVM_EXIT_INTR		1	/* a signal or @immediate_exit (-EINTR) */
#define AXVM_EXIT_MMIO		2	/* unclaimed MMIO: fill @mmio.data for a read, call again */
#define AXVM_EXIT_IO		3	/* unclaimed port I/O: likewise */
#define AXVM_EXIT_HYPERCALL	4	/* unknown hypercall: fill @hypercall.ret, call again */
#define AXVM_EXIT_STOPPED	5	/* the VM has stopped: AXVM_VM_GET_STATUS says why */
#define AXVM_EXIT_FAIL_ENTRY	6	/* the CPU refused this guest state: @fail_entry */

/**
 * struct axvm_x86_segment - a segment register with its hidden part
 * @base: base address
 * @limit: limit in bytes
 * @selector: selector
 * @attr: access rights as in a VMCS (SDM Vol. 3C 24.4.1): type, S, DPL, P, AVL, L, D/B, G,
 *        and bit 16 for "unusable"
 * @reserved: 0
 * @reserved2: 0
 */
struct axvm_x86_segment {
	__u64 base;
	__u32 limit;
	__u16 selector;
	__u16 reserved;
	__u32 attr;
	__u32 reserved2;
};

/* Order of axvm_x86_regs.gpr: as instructions encode them */
enum axvm_x86_gpr {
	AXVM_X86_RAX, AXVM_X86_RCX, AXVM_X86_RDX, AXVM_X86_RBX,
	AXVM_X86_RSP, AXVM_X86_RBP, AXVM_X86_RSI, AXVM_X86_RDI,
	AXVM_X86_R8, AXVM_X86_R9, AXVM_X86_R10, AXVM_X86_R11,
	AXVM_X86_R12, AXVM_X86_R13, AXVM_X86_R14, AXVM_X86_R15,
	AXVM_X86_NR_GPR
};

/* Order of axvm_x86_regs.seg: as instructions encode them, then the two system ones */
enum axvm_x86_seg {
	AXVM_X86_ES, AXVM_X86_CS, AXVM_X86_SS, AXVM_X86_DS, AXVM_X86_FS, AXVM_X86_GS,
	AXVM_X86_LDTR, AXVM_X86_TR,
	AXVM_X86_NR_SEG
};

/**
 * struct axvm_x86_regs - registers of an x86 vCPU (AXVM_VCPU_GET_REGS, AXVM_VCPU_SET_REGS)
 * @size: sizeof(struct axvm_x86_regs)
 * @mp_state: 0 runs, 1 waits for INIT or SIPI, 2 halted
 * @gpr: general registers, in the order of enum axvm_x86_gpr
 * @rip: instruction pointer
 * @rflags: flags
 * @cr0: as the guest reads it
 * @cr2: page-fault address
 * @cr3: page-table root
 * @cr4: as the guest reads it
 * @cr8: task priority (APIC TPR bits 7:4)
 * @efer: IA32_EFER
 * @xcr0: XCR0
 * @dr: DR0 to DR3, DR6 and DR7 at their own places
 * @gdt_base: GDTR base
 * @idt_base: IDTR base
 * @gdt_limit: GDTR limit
 * @idt_limit: IDTR limit
 * @interruptibility: blocking by STI (1), by MOV SS (2), by NMI (8)
 * @reserved: 0
 * @seg: segment registers, in the order of enum axvm_x86_seg
 */
struct axvm_x86_regs {
	__u32 size;
	__u32 mp_state;
	__u64 gpr[AXVM_X86_NR_GPR];
	__u64 rip;
	__u64 rflags;
	__u64 cr0;
	__u64 cr2;
	__u64 cr3;
	__u64 cr4;
	__u64 cr8;
	__u64 efer;
	__u64 xcr0;
	__u64 dr[8];
	__u64 gdt_base;
	__u64 idt_base;
	__u32 gdt_limit;
	__u32 idt_limit;
	__u32 interruptibility;
	__u32 reserved;
	struct axvm_x86_segment seg[AXVM_X86_NR_SEG];
};

/**
 * struct axvm_arm64_regs - registers of an arm64 vCPU (AXVM_VCPU_GET_REGS, AXVM_VCPU_SET_REGS)
 * @size: sizeof(struct axvm_arm64_regs)
 * @mp_state: 0 runs, 1 is off (PSCI), 2 waits in WFI
 * @x: X0 to X30
 * @pc: program counter
 * @pstate: as in SPSR_EL2
 * @sp_el0: stack pointer of EL0
 * @sp_el1: stack pointer of EL1
 * @elr_el1: exception link register
 * @spsr_el1: saved program status
 *
 * All other registers of EL1 and EL0 are system registers (AXVM_VCPU_GET_SYSREG).
 */
struct axvm_arm64_regs {
	__u32 size;
	__u32 mp_state;
	__u64 x[31];
	__u64 pc;
	__u64 pstate;
	__u64 sp_el0;
	__u64 sp_el1;
	__u64 elr_el1;
	__u64 spsr_el1;
};

/**
 * struct axvm_sysreg - one system register (AXVM_VCPU_GET_SYSREG, AXVM_VCPU_SET_SYSREG)
 * @size: sizeof(struct axvm_sysreg)
 * @reserved: 0
 * @reg: x86: MSR number; arm64: op0, op1, CRn, CRm, op2 as in an MRS
 * @value: the value
 */
struct axvm_sysreg {
	__u32 size;
	__u32 reserved;
	__u64 reg;
	__u64 value;
};

/**
 * struct axvm_fpu - floating-point and vector state (AXVM_VCPU_GET_FPU, AXVM_VCPU_SET_FPU)
 * @size: sizeof(struct axvm_fpu)
 * @length: bytes at @data, axvm_info.fpu_size
 * @data: the caller's buffer; x86: an XSAVE image in standard form;
 *        arm64: V0 to V31 (16 bytes each), FPSR, FPCR (4 bytes each)
 */
struct axvm_fpu {
	__u32 size;
	__u32 length;
	__u64 data;
};

/**
 * struct axvm_run - the page shared by a vCPU and its thread: mmap() of the vCPU at offset 0
 * @immediate_exit: set by userspace (also from a signal handler): the next
 *                  AXVM_VCPU_RUN returns -EINTR at once
 * @reserved: 0
 * @exit_reason: AXVM_EXIT_*
 * @exits: VM exits of this vCPU so far
 * @mmio: for AXVM_EXIT_MMIO
 * @mmio.gpa: guest-physical address
 * @mmio.data: written by the guest, or to be filled in for a read
 * @mmio.width: 1, 2, 4 or 8
 * @mmio.is_write: 1 for a write
 * @mmio.reserved: 0
 * @io: for AXVM_EXIT_IO
 * @io.port: port
 * @io.width: 1, 2 or 4
 * @io.is_write: 1 for OUT
 * @io.data: written by the guest, or to be filled in for IN
 * @hypercall: for AXVM_EXIT_HYPERCALL
 * @hypercall.nr: number
 * @hypercall.args: arguments
 * @hypercall.ret: the result to give
 * @fail_entry: for AXVM_EXIT_FAIL_ENTRY
 * @fail_entry.code: the hardware's code (x86: exit reason or VM-instruction error)
 * @fail_entry.qualification: the hardware's qualification
 * @pad: room for new reasons
 * @regs: all registers at AXVM_STOP_TRIPLE_FAULT and AXVM_EXIT_FAIL_ENTRY
 */
struct axvm_run {
	__u8 immediate_exit;
	__u8 reserved[3];
	__u32 exit_reason;
	__u64 exits;
	union {
		struct {
			__u64 gpa;
			__u64 data;
			__u8 width;
			__u8 is_write;
			__u8 reserved[6];
		} mmio;
		struct {
			__u16 port;
			__u8 width;
			__u8 is_write;
			__u32 data;
		} io;
		struct {
			__u64 nr;
			__u64 args[6];
			__u64 ret;
		} hypercall;
		struct {
			__u64 code;
			__u64 qualification;
		} fail_entry;
		__u8 pad[240];
	};
	union {
		struct axvm_x86_regs x86;
		struct axvm_arm64_regs arm64;
		__u8 regs_pad[1024];
	} regs;
};

#endif /* _UAPI_AXVM_H */
