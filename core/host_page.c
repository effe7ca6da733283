// SPDX-License-Identifier: GPL-2.0
/*
 * What the launcher's page tables have at an address: a page, or a frame that has none: device
 * memory which it mapped, a BAR that VFIO gave to it for example. Of a frame no reference is
 * taken, as there is nothing to take one of: it holds until the slot's notifier is told
 * (memory.c), as all that is said here does.
 *
 * Locks: mmap_lock, for reading.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "vm.h"

/*
 * How large the launcher's page tables map @hva: PAGE_SHIFT, PMD_SHIFT or PUD_SHIFT.
 * Interrupts off keep the tables from being freed; whether the answer still holds,
 * the notifier's sequence number tells afterwards.
 */
static unsigned int host_page_shift(struct mm_struct *mm, unsigned long hva)
{
	unsigned int shift = PAGE_SHIFT;
	unsigned long flags;
	pgd_t pgd;
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	local_irq_save(flags);
	pgd = READ_ONCE(*pgd_offset(mm, hva));
	if (pgd_none(pgd))
		goto out;
	p4d = READ_ONCE(*p4d_offset(&pgd, hva));
	if (p4d_none(p4d) || !p4d_present(p4d))
		goto out;
	pud = READ_ONCE(*pud_offset(&p4d, hva));
	if (pud_none(pud) || !pud_present(pud))
		goto out;
	if (pud_leaf(pud)) {
		shift = PUD_SHIFT;
		goto out;
	}
	pmd = READ_ONCE(*pmd_offset(&pud, hva));
	if (!pmd_none(pmd) && pmd_present(pmd) && pmd_leaf(pmd))
		shift = PMD_SHIFT;
out:
	local_irq_restore(flags);
	return shift;
}

static int get_page_at(unsigned long hva, u32 access, bool *writable, struct page **page)
{
	int ret = -EFAULT;

	if (*writable)
		ret = get_user_pages_fast(hva, 1, FOLL_WRITE, page);
	if (ret == -EFAULT && !(access & AXVM_ACCESS_WRITE)) {
		*writable = false;
		ret = get_user_pages_fast(hva, 1, 0, page);
	}
	if (ret == 1)
		return 0;
	return fatal_signal_pending(current) ? -EINTR : ret < 0 ? ret : -EFAULT;
}

/* mmap_lock held. -EAGAIN: it was faulted in, ask again */
static int frame_locked(struct mm_struct *mm, unsigned long hva, bool write, unsigned long *pfn,
			bool *writable)
{
	struct vm_area_struct *vma = vma_lookup(mm, hva);
	bool unlocked = false;
	int ret;

	if (!vma || !(vma->vm_flags & (VM_PFNMAP | VM_IO)))
		return -EFAULT;
	if (!axvm_follow_pfn(vma, hva, pfn, writable) && (*writable || !write))
		return 0;
	/* Not there yet: what a fault of the process would do */
	ret = fixup_user_fault(mm, hva, write ? FAULT_FLAG_WRITE : 0, &unlocked);
	return ret ? ret : -EAGAIN;
}

static int frame_at(struct mm_struct *mm, unsigned long hva, bool write, unsigned long *pfn,
		    bool *writable)
{
	int ret, tries = 3;

	do {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		ret = frame_locked(mm, hva, write, pfn, writable);
		mmap_read_unlock(mm);
	} while (ret == -EAGAIN && --tries);
	return ret == -EAGAIN ? -EFAULT : ret;
}

/* RAM that is mapped like that is cached by the host: both shall look at it in the same way. */
static int find_frame(struct axvm_slot *slot, unsigned long hva, u32 access,
		      struct axvm_host_page *page)
{
	bool writable, device;
	unsigned long pfn;
	int ret = frame_at(slot->vm->mm, hva, access & AXVM_ACCESS_WRITE, &pfn, &writable);

	if (ret)
		return ret;
	device = !page_is_ram(pfn);
	if (device && (access & AXVM_ACCESS_EXEC))
		return -EFAULT;
	page->page = NULL;
	page->hpa = PFN_PHYS(pfn);
	page->shift = PAGE_SHIFT;
	page->prot = AXVM_S2_READ;
	if (writable && !(slot->flags & AXVM_MEM_READONLY))
		page->prot |= AXVM_S2_WRITE;
	if (device)
		page->prot |= AXVM_S2_DEVICE;
	else if (!(slot->flags & AXVM_MEM_NOEXEC))
		page->prot |= AXVM_S2_EXEC;
	return 0;
}

/**
 * axvm_host_page_find() - what a slot has at an address of the launcher
 * @slot: the slot; the caller's address space is the VM's
 * @hva: the address, in the slot
 * @access: AXVM_ACCESS_*, of what it shall allow at least
 * @page: out; axvm_host_page_put() is due
 *
 * Context: may sleep; vm->srcu read side.
 * Return: 0; -EFAULT: nothing is mapped there, or it does not allow that; -EINTR: a fatal signal;
 * other errnos.
 */
int axvm_host_page_find(struct axvm_slot *slot, unsigned long hva, u32 access,
			struct axvm_host_page *page)
{
	bool writable = !(slot->flags & AXVM_MEM_READONLY);
	int ret = get_page_at(hva, access, &writable, &page->page);

	if (ret == -EFAULT)
		return find_frame(slot, hva, access, page);
	if (ret)
		return ret;
	page->hpa = page_to_phys(page->page);
	page->shift = host_page_shift(slot->vm->mm, hva);
	page->prot = AXVM_S2_READ | (writable ? AXVM_S2_WRITE : 0) |
		     (slot->flags & AXVM_MEM_NOEXEC ? 0 : AXVM_S2_EXEC);
	return 0;
}

/**
 * axvm_host_page_dirty() - the guest may write to it from now on
 * @page: as it was found
 *
 * Context: may sleep.
 */
void axvm_host_page_dirty(struct axvm_host_page *page)
{
	if (page->page)
		set_page_dirty_lock(page->page);
}

/**
 * axvm_host_page_put() - the reference is not needed any more
 * @page: as it was found
 */
void axvm_host_page_put(struct axvm_host_page *page)
{
	if (page->page)
		put_page(page->page);
}
