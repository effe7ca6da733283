/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PSCI 1.1 and SMCCC as the exits see them (arm64/psci.c, arm64/smccc.c).
 *
 * A vCPU that is not ARM64_POWER_ON does not enter the guest: axvm_arch_run() calls
 * arm64_psci_start() then, and gives AXVM_X_HALT if that says no; axvm_backend.interruptible()
 * is arm64_psci_wakeful() for it, whatever its GIC holds.
 */
#ifndef AXVM_ARM64_PSCI_H
#define AXVM_ARM64_PSCI_H

#include <linux/types.h>

struct axvm_exit;
struct axvm_vcpu;

/**
 * arm64_smccc() - HVC #0 or SMC #0 with a function identifier in W0
 * @vcpu: the vCPU, its own thread; PC is that of the next instruction
 * @exit: filled for 0
 *
 * Context: interrupts on or off; does not sleep.
 * Return: 1: answered in X0 to X3; 0: @exit is filled for the core (WFI-like CPU_SUSPEND,
 * CPU_OFF, SYSTEM_OFF, a hypercall of ours).
 */
int arm64_smccc(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

/**
 * arm64_psci_start() - a vCPU that is not on wants to enter the guest
 * @vcpu: the vCPU, its own thread
 *
 * If another vCPU has started it, its registers are reset and PC and X0 set.
 *
 * Return: it is on now.
 */
bool arm64_psci_start(struct axvm_vcpu *vcpu);

/* Is a vCPU that is not on to wake up? Any context. */
bool arm64_psci_wakeful(struct axvm_vcpu *vcpu);

/* Registers of the CPU as after a warm reset (arm64/vcpu.c): not power, GIC and memory */
void arm64_reset_regs(struct axvm_vcpu *vcpu);

#endif /* AXVM_ARM64_PSCI_H */
