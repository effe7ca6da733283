/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads and stores that trap without a syndrome (arm64/decode.c, arm64/emulate.c).
 */
#ifndef AXVM_ARM64_EMULATE_H
#define AXVM_ARM64_EMULATE_H

#include <linux/types.h>

#include "decode.h"

struct axvm_exit;
struct axvm_vcpu;

#define ARM64_MAX_PIECES	4	/* a pair of 128-bit registers */

/**
 * struct arm64_emulation - an instruction that is being emulated
 * @insn: the instruction
 * @far: FAR_EL2 of its abort
 * @far_gpa: guest-physical address of that
 * @va: its first byte in memory, without tag
 * @base: what becomes of its base register, if it is written back
 * @width: bytes of each piece: one access, at most 8
 * @nr: pieces
 * @done: pieces that were answered
 * @data: their values
 */
struct arm64_emulation {
	struct arm64_insn insn;
	u64 far;
	u64 far_gpa;
	u64 va;
	u64 base;
	u8 width;
	u8 nr;
	u8 done;
	u64 data[ARM64_MAX_PIECES];
};

/*
 * Reads the instruction at the guest's PC, decodes it, makes @exit its first access.
 * 0: filled; 1: a fault was put into the guest; <0 errno: the VM ends
 */
int arm64_emulate_mmio(struct axvm_vcpu *vcpu, u64 far, u64 gpa, struct axvm_exit *exit);

/* axvm_backend.next() */
int arm64_emulate_next(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/* Exceptions into the guest at EL1 (arm64/inject.c) */
void arm64_inject_undefined(struct axvm_vcpu *vcpu);
void arm64_inject_abort(struct axvm_vcpu *vcpu, bool is_insn, u64 far);
void arm64_inject_fault(struct axvm_vcpu *vcpu, u32 access, u32 fsc, u64 far);

/* EL1 registers of a vCPU, loaded or not (arm64/sysreg.c); reg: SYS_* encoding */
u64 arm64_read_el1(struct axvm_vcpu *vcpu, u32 reg);
void arm64_write_el1(struct axvm_vcpu *vcpu, u32 reg, u64 value);

#endif /* AXVM_ARM64_EMULATE_H */
