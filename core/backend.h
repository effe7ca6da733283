/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The backend contract: what the core needs from the CPU's virtualisation
 * hardware (vmx/, arm64/), and what a backend tells the core.
 *
 * One table, bound once when the module is loaded. A backend runs a vCPU for one
 * entry and turns what the guest did into a struct axvm_exit that has nothing of
 * the hardware in it; the core answers it (core/vcpu.c) and enters again.
 */
#ifndef AXVM_CORE_BACKEND_H
#define AXVM_CORE_BACKEND_H

#include <linux/types.h>

struct axvm_vcpu;
struct axvm_vm;
struct seq_file;

/**
 * enum axvm_exit_type - why a vCPU left the guest
 * @AXVM_X_MMIO_READ: load from @addr
 * @AXVM_X_MMIO_WRITE: store of @data to @addr
 * @AXVM_X_IO_READ: IN from port @addr
 * @AXVM_X_IO_WRITE: OUT of @data to port @addr
 * @AXVM_X_SYSREG_READ: read of system register @addr
 * @AXVM_X_SYSREG_WRITE: write of @data to system register @addr
 * @AXVM_X_NONE: nothing to do; enter again after the usual checks
 * @AXVM_X_STAGE2_FAULT: memory in a slot is not mapped yet (@addr, @access)
 * @AXVM_X_HYPERCALL: number in @addr, arguments in @args
 * @AXVM_X_HALT: HLT, WFI: sleep until an interrupt
 * @AXVM_X_SYSTEM_DOWN: the guest ends its VM: reason in @addr (AXVM_STOP_*), code in @data
 * @AXVM_X_FAIL_ENTRY: the CPU refused to enter: code in @addr, qualification in @data
 * @AXVM_NR_EXITS: how many there are
 *
 * The accesses stand first, reads even, writes odd, in the order of enum axvm_bus.
 */
enum axvm_exit_type {
	AXVM_X_MMIO_READ,
	AXVM_X_MMIO_WRITE,
	AXVM_X_IO_READ,
	AXVM_X_IO_WRITE,
	AXVM_X_SYSREG_READ,
	AXVM_X_SYSREG_WRITE,
	AXVM_X_NONE,
	AXVM_X_STAGE2_FAULT,
	AXVM_X_HYPERCALL,
	AXVM_X_HALT,
	AXVM_X_SYSTEM_DOWN,
	AXVM_X_FAIL_ENTRY,
	AXVM_NR_EXITS
};

/* axvm_exit.access */
#define AXVM_ACCESS_READ	1
#define AXVM_ACCESS_WRITE	2
#define AXVM_ACCESS_EXEC	4

/**
 * struct axvm_exit - one exit, as the core sees it
 * @type: what happened
 * @width: bytes of the access: 1, 2, 4 or 8
 * @reg: reads: number of the register that takes the value
 * @reg_width: reads: bytes of it that are written; the backend knows what
 *             becomes of the rest
 * @sign_extend: reads: extend the sign from @width to @reg_width (else zeros)
 * @more: the instruction is not done with this access: the core calls
 *        backend->next(), which gives the next one or finishes
 * @access: AXVM_ACCESS_*, for a stage-2 fault
 * @addr: GPA, port, system register, number
 * @data: value to write; or that was read, for next()
 * @args: hypercall arguments
 */
struct axvm_exit {
	enum axvm_exit_type type;
	u8 width;
	u8 reg;
	u8 reg_width;
	bool sign_extend;
	bool more;
	u8 access;
	u64 addr;
	u64 data;
	u64 args[6];
};

/**
 * struct axvm_reason - one sentence for a person: who or what prevents it, what to do
 * @text: the sentence, no newline
 */
struct axvm_reason {
	char text[256];
};

/* Stage-2 permissions and memory types, for map() */
#define AXVM_S2_READ		1
#define AXVM_S2_WRITE		2
#define AXVM_S2_EXEC		4
#define AXVM_S2_DEVICE		8	/* uncached device memory instead of normal write-back */

/**
 * struct axvm_backend - a backend
 * @name: "vmx", "el2-vhe"
 * @arch: AXVM_ARCH_*
 * @gpa_bits: after init(): guest-physical address bits
 * @page_sizes: after init(): bit n: stage 2 can map pages of 1 << n bytes
 * @regs_size: sizeof() of the UAPI register structure
 * @fpu_size: after init(): bytes of the FPU image
 *
 * @init: once at module load: per-CPU memory, CPU features. Takes no hardware.
 *        Errors are for failures of the kernel; a CPU that cannot do it is
 *        probe()'s to tell.
 * @exit: the reverse
 * @probe: can guests run here? 0, or -EOPNOTSUPP/-EBUSY/-EPERM with the reason.
 *         Does not take the hardware. May sleep.
 * @borrowed: somebody else holds the hardware on this CPU and we share it
 * @hw_get: take the hardware on all CPUs, for one more VM; errors as probe(). May sleep.
 * @hw_put: give it back
 *
 * @vm_init: make vm->backend (stage-2 root and the like). May sleep.
 * @vm_destroy: the reverse; no vCPU is left
 * @vcpu_init: make vcpu->backend. May sleep.
 * @vcpu_destroy: the reverse
 * @vcpu_reset: power-on state; vcpu 0 runs, the others wait to be started
 *
 * @load: the thread of this vCPU is on this pCPU now. Preemption off.
 * @put: it leaves this pCPU. Preemption off.
 * @next: the access in @exit (with more set) was answered; for a read the value is
 *        in exit->data. 0: @exit filled with the next one; 1: instruction done; <0 errno
 * @mmio_decode: a stage-2 fault hit no slot: make @exit an MMIO access; 0: filled;
 *               1: handled (a fault was put into the guest); <0 errno
 * @fault: the access faults in the guest instead (system registers)
 * @hypercall_done: give the result to the guest
 * @interruptible: is anything pending that ends HLT/WFI? The vCPU's own thread.
 * @inject: make @irq pending in the vCPU's controller, and the vCPU look at it if it may take
 *          it (axvm_vcpu_kick()). Any context. 0 or errno.
 *
 * @msi: send the interrupt that a device would by writing @data to @address; without @send,
 *       only check them. Any context. Errors: axvm_msi().
 *
 * @get_regs: fill the UAPI register structure; vCPU lock held, not running
 * @set_regs: check (-EINVAL) and take it
 * @get_sysreg: one system register; -ENOENT: unknown
 * @set_sysreg: likewise; -EINVAL: value refused
 * @get_fpu: fpu_size bytes to @buf
 * @set_fpu: the reverse; -EINVAL
 * @show: more lines about a vCPU for debugfs; may be NULL
 *
 * @s2_map: map 1 << @shift bytes at @gpa to @hpa. vm->s2_lock held, the pool full
 *          (axvm_s2_topup()). -EAGAIN: smaller
 *          pages are mapped in the range already
 * @s2_unmap: unmap a range; true if anything was mapped. vm->s2_lock held. The
 *            caller flushes (axvm_vm_flush_stage2()).
 * @ports: let the guest reach the host's ports @first to @last by itself, or no longer: then
 *         none of its accesses goes there when this has returned. vm->lock held, may sleep.
 *         0 or -ENOMEM; closing ports that are open does not fail. NULL: there are none.
 */
struct axvm_backend {
	const char *name;
	u32 arch;
	u32 gpa_bits;
	u64 page_sizes;
	u32 regs_size;
	u32 fpu_size;

	int (*init)(void);
	void (*exit)(void);
	int (*probe)(struct axvm_reason *why);
	bool (*borrowed)(void);
	int (*hw_get)(struct axvm_reason *why);
	void (*hw_put)(void);

	int (*vm_init)(struct axvm_vm *vm);
	void (*vm_destroy)(struct axvm_vm *vm);
	int (*vcpu_init)(struct axvm_vcpu *vcpu);
	void (*vcpu_destroy)(struct axvm_vcpu *vcpu);
	void (*vcpu_reset)(struct axvm_vcpu *vcpu);

	void (*load)(struct axvm_vcpu *vcpu);
	void (*put)(struct axvm_vcpu *vcpu);
	int (*next)(struct axvm_vcpu *vcpu, struct axvm_exit *exit);
	int (*mmio_decode)(struct axvm_vcpu *vcpu, struct axvm_exit *exit);
	void (*fault)(struct axvm_vcpu *vcpu, const struct axvm_exit *exit);
	void (*hypercall_done)(struct axvm_vcpu *vcpu, u64 result);
	bool (*interruptible)(struct axvm_vcpu *vcpu);
	int (*inject)(struct axvm_vcpu *vcpu, u32 irq);
	int (*msi)(struct axvm_vm *vm, u64 address, u32 data, bool send);

	int (*get_regs)(struct axvm_vcpu *vcpu, void *regs);
	int (*set_regs)(struct axvm_vcpu *vcpu, const void *regs);
	int (*get_sysreg)(struct axvm_vcpu *vcpu, u64 reg, u64 *value);
	int (*set_sysreg)(struct axvm_vcpu *vcpu, u64 reg, u64 value);
	int (*get_fpu)(struct axvm_vcpu *vcpu, void *buf);
	int (*set_fpu)(struct axvm_vcpu *vcpu, const void *buf);
	void (*show)(struct axvm_vcpu *vcpu, struct seq_file *seq);

	int (*s2_map)(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift,
		      u32 prot);
	bool (*s2_unmap)(struct axvm_vm *vm, u64 gpa, u64 length);
	int (*ports)(struct axvm_vm *vm, u16 first, u16 last, bool open);
};

/* The table of this build's CPU family: vmx/vmx.c or arm64/el2.c */
extern struct axvm_backend axvm_arch_backend;

/*
 * Three calls are bound by the linker instead of the table: they stand on the path
 * of every exit.
 */

/* axvm_arch_run() */
#define AXVM_RUN_EXIT		0	/* @exit is filled */
#define AXVM_RUN_HANDLED	1	/* answered inside */
#define AXVM_RUN_NOT_ENTERED	2	/* axvm_vcpu_enter_guest() said no */

/**
 * axvm_arch_run() - enter the guest until it makes an exit that is not answered inside
 * @vcpu: the vCPU; loaded on this pCPU
 * @exit: for AXVM_RUN_EXIT
 *
 * Asks axvm_vcpu_enter_guest() with interrupts off before the first entry, and
 * axvm_vcpu_wanted() before every other. What can be answered without sleeping
 * is, with interrupts still off (core/answer.h), before anything of the entry is undone.
 *
 * Context: preemption on, may sleep after the exit.
 * Return: AXVM_RUN_*, or an errno: the VM ends.
 */
int axvm_arch_run(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/**
 * axvm_arch_access_done() - an access without @more is answered
 * @vcpu: the vCPU
 * @exit: the access; a read's value, of @exit->width, is in @exit->data: it goes to
 *        @exit->reg, by the architecture's rule for the upper bits
 *
 * Steps over the instruction.
 */
void axvm_arch_access_done(struct axvm_vcpu *vcpu, const struct axvm_exit *exit);

/* The architecture's part of making a vCPU, whichever backend runs it; vm->lock held */
int axvm_arch_vcpu_attach(struct axvm_vcpu *vcpu);
void axvm_arch_vcpu_detach(struct axvm_vcpu *vcpu);

#endif /* AXVM_CORE_BACKEND_H */
