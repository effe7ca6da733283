/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What x86 adds to a VM and a vCPU, whichever vendor's extension runs it: the
 * cached registers and the local interrupt controllers. Included as <arch.h>.
 */
#ifndef AXVM_X86_ARCH_H
#define AXVM_X86_ARCH_H

#include <linux/types.h>
#include <asm/msr.h>

#include "../uapi/axvm.h"

struct axvm_device;
struct axvm_vcpu;
struct axvm_vm;
struct axvm_lapic;

/*
 * Groups of cached registers. A backend keeps registers where its hardware wants
 * them and copies a group into struct x86_state when somebody asks (x86_get()),
 * and back before the next entry when somebody changed it (x86_change()).
 *
 * Those bits of cr0, cr4 and efer that paging depends on, beside CR0.WP, are always
 * cached: a guest does not change them without an exit.
 */
#define X86_GPRS	BIT(0)	/* gpr[], except RSP: always cached */
#define X86_RIP		BIT(1)	/* rip: always cached after an exit */
#define X86_RSP		BIT(2)	/* gpr[RSP] */
#define X86_CRS		BIT(3)	/* cr0, cr3, cr4, efer */
#define X86_SEGS	BIT(4)	/* seg[] */
#define X86_TABLES	BIT(5)	/* gdt, idt */
#define X86_INTR	BIT(6)	/* interruptibility */
#define X86_DEBUG	BIT(7)	/* dr7 */
#define X86_CODE	BIT(8)	/* base and attr of seg[CS], attr of seg[SS] (its DPL is the CPL) */
#define X86_CR3		BIT(9)	/* cr3 alone */
#define X86_FLAGS	BIT(10)	/* rflags: always cached after an exit */
#define X86_ALL		GENMASK(10, 0)

#define X86_NR_MSRS	40

/* struct axvm_vcpu_arch.start */
#define X86_SIPI_VECTOR	0xff
#define X86_SIPI	BIT(8)	/* a start-up IPI waits, the vector is in bits 7:0 */
#define X86_INIT	BIT(9)	/* an INIT waits; a start-up IPI beside it came after it */

/**
 * struct x86_state - a vCPU's registers as the guest sees them
 * @regs: the registers; which of them are valid says @valid
 * @valid: X86_* groups that hold the truth
 * @dirty: X86_* groups to be copied back before the next entry
 */
struct x86_state {
	struct axvm_x86_regs regs;
	u32 valid;
	u32 dirty;
};

/**
 * struct axvm_posted - a posted-interrupt descriptor (SDM Vol. 3C 30.6, table 30-1)
 * @vectors: posted-interrupt requests: a bit a vector
 * @control: X86_POSTED_*; the rest is software's
 * @reserved: software's
 *
 * While the guest runs, the CPU takes the bits when it is notified. All changes are atomic.
 */
struct axvm_posted {
	unsigned long vectors[4];
	unsigned long control;
	unsigned long reserved[3];
};

#define X86_POSTED_ON	0	/* bit: outstanding notification */

/**
 * struct axvm_vcpu_arch - x86's part of a vCPU
 * @state: registers
 * @refill: the backend copies the missing groups into @state; sleeping or not,
 *          but only on the vCPU's own thread or with vcpu->lock held
 * @lapic: the local APIC; NULL until its device is made
 * @apic_page: the backend's virtual-APIC page for it, or NULL (devices/lapic_page.c)
 * @apic_vid: the CPU delivers from that page by itself
 * @apic_posted: where edges are posted for the CPU, or NULL
 * @apic_notify: with @apic_posted: the CPU is to look there; as axvm_vcpu_kick()
 * @emul: an instruction that takes several accesses (x86/emulate.c)
 * @insn_len: bytes of the instruction that made the exit, for finish() and string I/O
 * @msrs: MSRs that are plain storage (x86/msr.c)
 * @nmi_pending: NMIs waiting: 0 to 2; atomic
 * @start: what waits to stop or start it: X86_INIT, X86_SIPI with the vector; atomic, one word,
 *         as a start-up IPI is worth nothing without the INIT before it
 * @tsc_adjust: IA32_TSC_ADJUST: what the guest made its TSC differ from the VM's
 */
struct axvm_vcpu_arch {
	struct x86_state state;
	void (*refill)(struct axvm_vcpu *vcpu, u32 groups);
	struct axvm_lapic *lapic;
	u32 *apic_page;
	bool apic_vid;
	struct axvm_posted *apic_posted;
	void (*apic_notify)(struct axvm_vcpu *vcpu);
	struct x86_emulation *emul;
	u8 insn_len;
	u64 msrs[X86_NR_MSRS];
	atomic_t nmi_pending;
	atomic_t start;
	u64 tsc_adjust;
};

/**
 * struct axvm_extint_ops - the 8259A pair as the local APICs see it
 * @pending: its INTR output is up. Any context; takes no lock.
 * @ack: INTA cycle: the vector (a spurious one if nothing is pending any more). Any context.
 */
struct axvm_extint_ops {
	bool (*pending)(struct axvm_device *pic);
	int (*ack)(struct axvm_device *pic);
};

/**
 * struct axvm_vm_arch - x86's part of a VM
 * @pic: the 8259A pair, or NULL
 * @extint: its operations; set after, cleared before @pic
 * @extint_up: its output is up: a hint for a quick look; only @extint knows
 * @lapic: the device of the local APICs, or NULL; vm->lock
 * @lowest_next: vCPU at which the next search for the lowest priority starts; approximate
 * @tsc_offset: added to the host's TSC for all vCPUs of the VM
 */
struct axvm_vm_arch {
	struct axvm_device *pic;
	const struct axvm_extint_ops *extint;
	bool extint_up;
	struct axvm_device *lapic;
	u32 lowest_next;
	u64 tsc_offset;
};

/* What statistics are counted in: the TSC, not ordered with other instructions */
static inline u32 axvm_arch_cycles(void)
{
	return rdtsc();
}

#endif /* AXVM_X86_ARCH_H */
