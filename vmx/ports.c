// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that the guest reaches without an exit: I/O bitmaps of its own for a VM that has any
 * (SDM Vol. 3C 25.6.4).
 *
 * A bitmap that a CPU may be using is not changed (25.11.4): there are two pairs of pages, and
 * the one not in use is made ready, put in place, and taken up by each vCPU before its next
 * entry. That all have left the old one is known as it is of stage-2 translations: a change
 * comes with a new vm->s2_generation, which no vCPU overlooks, whether it runs, or comes to a
 * pCPU (vmx_follow_ports()).
 *
 * Owns: vmx_vm.io_own. Locks: vm->lock for changes; io_bitmaps is read by vCPUs in the window.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/string.h>

#include "../core/vm.h"
#include "vmx.h"

#define BITMAP_ORDER	1	/* two pages: ports below 0x8000, and the rest */

static int own_bitmaps(struct vmx_vm *x)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(x->io_own); i++) {
		if (x->io_own[i])
			continue;
		x->io_own[i] = (unsigned long *)__get_free_pages(GFP_KERNEL_ACCOUNT, BITMAP_ORDER);
		if (!x->io_own[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * vmx_ports() - axvm_backend.ports()
 * @vm: the VM; vm->lock held; vCPUs may run
 * @first: first port
 * @last: last port
 * @open: true: without an exit; false: as all others
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM, not if anything was opened before.
 */
int vmx_ports(struct axvm_vm *vm, u16 first, u16 last, bool open)
{
	struct vmx_vm *x = to_vmx_vm(vm);
	unsigned long *next;
	int ret = own_bitmaps(x);

	if (ret)
		return ret;
	next = x->io_own[x->io_bitmaps == x->io_own[0]];
	memcpy(next, x->io_bitmaps, PAGE_SIZE << BITMAP_ORDER);
	if (open)
		bitmap_clear(next, first, last - first + 1);
	else
		bitmap_set(next, first, last - first + 1);
	/* Its bits before it: pairs with the vCPUs' look, which depends on the pointer */
	smp_store_release(&x->io_bitmaps, next);
	axvm_vm_flush_stage2(vm);
	return 0;
}

/**
 * vmx_write_io_bitmaps() - the VM's bitmaps into the VMCS
 * @v: the vCPU; in the window
 */
void vmx_write_io_bitmaps(struct vmx_vcpu *v)
{
	unsigned long *bitmaps = READ_ONCE(to_vmx_vm(v->vcpu->vm)->io_bitmaps);

	vmx_write(IO_BITMAP_A, virt_to_phys(bitmaps));
	vmx_write(IO_BITMAP_B, virt_to_phys(bitmaps) + PAGE_SIZE);
	v->io_bitmaps = bitmaps;
}

/**
 * vmx_ports_destroy() - free the bitmaps of a VM that is being freed
 * @x: VMX's part of the VM; no vCPU is left
 */
void vmx_ports_destroy(struct vmx_vm *x)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(x->io_own); i++)
		free_pages((unsigned long)x->io_own[i], BITMAP_ORDER);
}
