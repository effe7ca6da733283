/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's private interrupts that end the guest (arm64/host_ppi.c).
 */
#ifndef AXVM_ARM64_HOST_PPI_H
#define AXVM_ARM64_HOST_PPI_H

#include <linux/types.h>

#include "../core/backend.h"

struct irq_domain;

int arm64_host_ppis_init(void);
void arm64_host_ppis_exit(void);
int arm64_host_ppis_probe(struct axvm_reason *why);
void arm64_host_ppis_load(void);

const struct irq_domain *arm64_host_gic_domain(void);
u32 arm64_host_timer_intid(void);
void arm64_host_timer_set_active(bool active);

#endif /* AXVM_ARM64_HOST_PPI_H */
