/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PSCI 1.1 and SMCCC as the exits see them (arm64/psci.c).
 */
#ifndef AXVM_ARM64_PSCI_H
#define AXVM_ARM64_PSCI_H

#include <linux/types.h>

struct axvm_exit;
struct axvm_vcpu;

/**
 * arm64_smccc() - HVC #0 or SMC #0 with a function identifier in W0
 * @vcpu: the vCPU, its own thread
 * @exit: filled for 0
 *
 * Return: 1: answered in X0 to X3; 0: @exit is filled for the core (WFI-like CPU_SUSPEND,
 * CPU_OFF, SYSTEM_OFF, a hypercall of ours).
 */
int arm64_smccc(struct axvm_vcpu *vcpu, struct axvm_exit *exit);

#endif /* AXVM_ARM64_PSCI_H */
