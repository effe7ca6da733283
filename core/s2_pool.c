// SPDX-License-Identifier: GPL-2.0
/*
 * Pages for stage-2 tables: each vCPU has some in hand, got before vm->s2_lock is taken, a
 * spinlock under which a fault cannot wait for memory.
 *
 * Owns: axvm_vcpu.s2_pool. Locks: none; the vCPU's own thread.
 */
#include <linux/mm.h>

#include "vm.h"

/**
 * axvm_s2_topup() - have as many as one s2_map() may take
 * @vcpu: the vCPU; its own thread
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int axvm_s2_topup(struct axvm_vcpu *vcpu)
{
	struct page *page;

	while (vcpu->nr_s2_pool < AXVM_S2_POOL) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		vcpu->s2_pool[vcpu->nr_s2_pool++] = page;
	}
	return 0;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_s2_topup);

/**
 * axvm_s2_drain() - give them back
 * @vcpu: a vCPU that is being freed
 */
void axvm_s2_drain(struct axvm_vcpu *vcpu)
{
	while (vcpu->nr_s2_pool)
		__free_page(vcpu->s2_pool[--vcpu->nr_s2_pool]);
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_s2_drain);
