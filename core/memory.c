// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: slots and faults. The kernel's own reads and writes are in guest_copy.c.
 *
 * A slot maps guest-physical addresses to the launcher's addresses. A stage-2 fault
 * takes the page that the launcher's page tables have there (host_page.c) and maps it, as
 * large as they map it; when they change, the slot's interval notifier unmaps the range
 * again. No page stays pinned.
 *
 * Among the slots are direct ranges: device memory of the host that a device of the VM has
 * claimed (devices/passthrough.c) and the guest shall reach without an exit. To all but
 * stage 2 there is no memory.
 *
 * Owns: vm->slots. Locks: vm->lock to change slots, vm->srcu to read them,
 * vm->s2_lock around stage-2 changes.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "vm.h"

/* vm->lock held: slots do not change */
static struct axvm_slots *slots_locked(struct axvm_vm *vm)
{
	return rcu_dereference_protected(vm->slots, lockdep_is_held(&vm->lock));
}

/* The slot or direct range that holds a guest-physical address, or NULL */
static struct axvm_slot *slot_at(struct axvm_vm *vm, u64 gpa)
{
	struct axvm_slots *slots = srcu_dereference_check(vm->slots, &vm->srcu, irqs_disabled());
	unsigned int low = 0, high, mid;

	if (!slots)
		return NULL;
	high = slots->nr;
	while (low < high) {
		struct axvm_slot *slot;

		mid = (low + high) / 2;
		slot = slots->slot[mid];
		if (gpa < slot->gpa)
			high = mid;
		else if (gpa - slot->gpa >= slot->length)
			low = mid + 1;
		else
			return slot;
	}
	return NULL;
}

/**
 * axvm_slot_find() - the memory slot that holds a guest-physical address
 * @vm: the VM
 * @gpa: the address
 *
 * Context: vm->srcu read side, or interrupts off.
 * Return: the slot, or NULL.
 */
struct axvm_slot *axvm_slot_find(struct axvm_vm *vm, u64 gpa)
{
	struct axvm_slot *slot = slot_at(vm, gpa);

	return slot && slot->number != AXVM_DIRECT ? slot : NULL;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_slot_find);

/* Cut the window off @gap. False: @gpa is in it */
static bool gap_without_window(const struct axvm_slots *slots, u64 gpa, struct axvm_gap *gap)
{
	u64 last = slots->window + slots->window_size - 1;

	if (!slots->window_size)
		return true;
	if (gpa < slots->window)
		gap->last = min(gap->last, slots->window - 1);
	else if (gpa > last)
		gap->first = max(gap->first, last + 1);
	else
		return false;
	return true;
}

/**
 * axvm_slot_gap() - the addresses around one that are in no slot
 * @vm: the VM
 * @gpa: the address
 * @gap: filled in: what holds as long as the slots are of that generation
 *
 * Context: vm->srcu read side, or interrupts off.
 * Return: false: @gpa is in a slot or a direct range, or where channels appear.
 */
bool axvm_slot_gap(struct axvm_vm *vm, u64 gpa, struct axvm_gap *gap)
{
	struct axvm_slots *slots = srcu_dereference_check(vm->slots, &vm->srcu, irqs_disabled());
	unsigned int i;

	*gap = (struct axvm_gap){ .last = U64_MAX };
	for (i = 0; slots && i < slots->nr; i++) {
		const struct axvm_slot *slot = slots->slot[i];

		if (gpa < slot->gpa) {
			gap->last = slot->gpa - 1;
			break;
		}
		gap->first = slot->gpa + slot->length;
		if (gpa < gap->first)
			return false;
	}
	if (slots && !gap_without_window(slots, gpa, gap))
		return false;
	gap->generation = slots ? slots->generation : 0;
	return true;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_slot_gap);

/**
 * axvm_memory_size() - bytes in all slots
 * @vm: the VM; vm->lock held
 */
u64 axvm_memory_size(struct axvm_vm *vm)
{
	struct axvm_slots *slots = slots_locked(vm);
	unsigned int i;
	u64 sum = 0;

	for (i = 0; slots && i < slots->nr; i++)
		if (slots->slot[i]->number != AXVM_DIRECT)
			sum += slots->slot[i]->length;
	return sum;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_memory_size);

/**
 * axvm_memory_overlaps() - is any of a range in a slot or a direct range?
 * @vm: the VM; vm->lock held, or vm->srcu read side
 * @gpa: guest-physical start
 * @length: bytes; not beyond the end of the address space
 */
bool axvm_memory_overlaps(struct axvm_vm *vm, u64 gpa, u64 length)
{
	struct axvm_slots *slots = srcu_dereference_check(vm->slots, &vm->srcu,
							  lockdep_is_held(&vm->lock));
	unsigned int i;

	for (i = 0; slots && i < slots->nr; i++)
		if (gpa < slots->slot[i]->gpa + slots->slot[i]->length &&
		    slots->slot[i]->gpa < gpa + length)
			return true;
	return false;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_memory_overlaps);

/* --- following the launcher's page tables -------------------------------------- */

static bool slot_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct axvm_slot *slot = container_of(notifier, struct axvm_slot, notifier);
	unsigned long start = max(range->start, slot->hva);
	unsigned long end = min(range->end, slot->hva + (unsigned long)slot->length);
	struct axvm_vm *vm = slot->vm;
	bool flush = false;

	/* Nothing here sleeps: range may be one that must not block. */
	spin_lock(&vm->s2_lock);
	mmu_interval_set_seq(notifier, seq);
	if (start < end)
		flush = vm->ops->s2_unmap(vm, slot->gpa + (start - slot->hva), end - start);
	spin_unlock(&vm->s2_lock);
	if (flush)
		axvm_vm_flush_stage2(vm);
	return true;
}

static const struct mmu_interval_notifier_ops slot_notifier_ops = {
	.invalidate = slot_invalidate,
};

/*
 * The largest stage-2 page around @gpa that slot and hardware allow, and the other side, which
 * is at @other and has pages of 1 << @host bytes
 */
static unsigned int map_shift(struct axvm_slot *slot, u64 gpa, u64 other, unsigned int host)
{
	static const unsigned int shifts[] = { PUD_SHIFT, PMD_SHIFT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		u64 size = 1ULL << shifts[i], start = gpa & ~(size - 1);

		if (shifts[i] > host || !(slot->vm->ops->page_sizes & size))
			continue;
		if ((gpa ^ other) & (size - 1))
			continue;
		if (start < slot->gpa || start + size > slot->gpa + slot->length)
			continue;
		return shifts[i];
	}
	return PAGE_SHIFT;
}

static int map_page(struct axvm_vcpu *vcpu, struct axvm_slot *slot, u64 gpa, u32 access)
{
	unsigned long hva = slot->hva + (gpa - slot->gpa);
	struct axvm_vm *vm = vcpu->vm;
	struct axvm_host_page page;
	unsigned int shift;
	unsigned long seq;
	int ret;

	for (;;) {
		ret = axvm_s2_topup(vcpu);
		if (ret)
			return ret;
		seq = mmu_interval_read_begin(&slot->notifier);
		ret = axvm_host_page_find(slot, hva, access, &page);
		if (ret)
			return ret;
		shift = map_shift(slot, gpa, hva, page.shift);

		spin_lock(&vm->s2_lock);
		if (!mmu_interval_read_retry(&slot->notifier, seq))
			break;
		spin_unlock(&vm->s2_lock);
		axvm_host_page_put(&page);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	ret = vm->ops->s2_map(vcpu, gpa & ~((1ULL << shift) - 1),
			      page.hpa & ~((1ULL << shift) - 1), shift, page.prot);
	if (ret == -EAGAIN)
		ret = vm->ops->s2_map(vcpu, gpa & PAGE_MASK, page.hpa, PAGE_SHIFT, page.prot);
	spin_unlock(&vm->s2_lock);
	/* The guest's writes leave no trace in the launcher's page tables. */
	if (page.prot & AXVM_S2_WRITE)
		axvm_host_page_dirty(&page);
	axvm_host_page_put(&page);
	return ret;
}

/* Nothing but the range's removal, which waits for us, changes what is there. */
static int map_direct(struct axvm_vcpu *vcpu, struct axvm_slot *slot, u64 gpa)
{
	const u32 prot = AXVM_S2_READ | AXVM_S2_WRITE | AXVM_S2_DEVICE;
	u64 hpa = slot->hpa + (gpa - slot->gpa), offset;
	struct axvm_vm *vm = vcpu->vm;
	unsigned int shift;
	int ret;

	ret = axvm_s2_topup(vcpu);
	if (ret)
		return ret;
	shift = map_shift(slot, gpa, hpa, PUD_SHIFT);
	offset = gpa & ((1ULL << shift) - 1);
	spin_lock(&vm->s2_lock);
	ret = vm->ops->s2_map(vcpu, gpa - offset, hpa - offset, shift, prot);
	if (ret == -EAGAIN)
		ret = vm->ops->s2_map(vcpu, gpa & PAGE_MASK, hpa & PAGE_MASK, PAGE_SHIFT, prot);
	spin_unlock(&vm->s2_lock);
	return ret;
}

/**
 * axvm_memory_fault() - a vCPU touched memory that stage 2 does not map (so)
 * @vcpu: the vCPU; its own thread
 * @gpa: the address
 * @access: AXVM_ACCESS_*
 *
 * Context: may sleep.
 * Return: 0: mapped; -ENOENT: no slot there, or not one for this access: a device's;
 * -EINTR: a fatal signal; -EFAULT: the launcher has nothing there; other errnos.
 */
int axvm_memory_fault(struct axvm_vcpu *vcpu, u64 gpa, u32 access)
{
	struct axvm_vm *vm = vcpu->vm;
	struct axvm_slot *slot;
	int idx, ret = -ENOENT;

	idx = srcu_read_lock(&vm->srcu);
	slot = slot_at(vm, gpa);
	if (!slot) {
		ret = axvm_ivc_fault(vcpu, gpa, access);
		goto out;
	}
	if ((access & AXVM_ACCESS_WRITE) && (slot->flags & AXVM_MEM_READONLY))
		goto out;
	if ((access & AXVM_ACCESS_EXEC) && (slot->flags & AXVM_MEM_NOEXEC)) {
		ret = -EFAULT;
		goto out;
	}
	if (slot->number == AXVM_DIRECT)
		ret = map_direct(vcpu, slot, gpa);
	else
		ret = map_page(vcpu, slot, gpa, access);
out:
	srcu_read_unlock(&vm->srcu, idx);
	return ret;
}

/* --- changing slots ------------------------------------------------------------ */

static int check(struct axvm_vm *vm, const struct axvm_memory *mem)
{
	u64 limit = 1ULL << vm->ops->gpa_bits;

	if (mem->slot >= AXVM_MAX_SLOTS || mem->flags & ~(AXVM_MEM_READONLY | AXVM_MEM_NOEXEC))
		return -EINVAL;
	if (!mem->length)
		return mem->gpa || mem->hva || mem->flags ? -EINVAL : 0;
	if ((mem->gpa | mem->length | mem->hva) & ~PAGE_MASK)
		return -EINVAL;
	if (mem->length > limit || mem->gpa > limit - mem->length)
		return -EINVAL;
	if (mem->hva + mem->length < mem->hva || mem->hva + mem->length > TASK_SIZE_MAX)
		return -EINVAL;
	return 0;
}

/* The present slots, without @gone and with @add (either may be NULL) */
static struct axvm_slots *slots_replace(struct axvm_slots *old, const struct axvm_slot *gone,
					struct axvm_slot *add, gfp_t gfp)
{
	unsigned int i, nr = old ? old->nr : 0;
	struct axvm_slots *new;

	new = kzalloc(struct_size(new, slot, nr + 1), gfp);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->generation = old ? old->generation + 1 : 1;
	new->window = old ? old->window : 0;
	new->window_size = old ? old->window_size : 0;
	for (i = 0; i < nr; i++) {
		struct axvm_slot *slot = old->slot[i];

		if (slot == gone)
			continue;
		if (add && slot->gpa < add->gpa + add->length &&
		    add->gpa < slot->gpa + slot->length) {
			kfree(new);
			return ERR_PTR(-EEXIST);
		}
		new->slot[new->nr++] = slot;
	}
	if (!add)
		return new;
	for (i = new->nr++; i && new->slot[i - 1]->gpa > add->gpa; i--)
		new->slot[i] = new->slot[i - 1];
	new->slot[i] = add;
	return new;
}

static struct axvm_slot *slot_create(struct axvm_vm *vm, const struct axvm_memory *mem)
{
	struct axvm_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!slot)
		return ERR_PTR(-ENOMEM);
	slot->vm = vm;
	slot->number = mem->slot;
	slot->flags = mem->flags;
	slot->gpa = mem->gpa;
	slot->length = mem->length;
	slot->hva = mem->hva;
	ret = mmu_interval_notifier_insert(&slot->notifier, vm->mm, slot->hva, slot->length,
					   &slot_notifier_ops);
	if (ret) {
		kfree(slot);
		return ERR_PTR(ret);
	}
	return slot;
}

/**
 * axvm_memory_unmap() - whatever stage 2 has there
 * @vm: the VM
 * @gpa: guest-physical start
 * @length: bytes
 *
 * While stale translations may be left, no page of a channel is mapped in the VM
 * (core/ivc_memory.c): none may take the place of a translation that lives.
 *
 * Context: may sleep.
 */
void axvm_memory_unmap(struct axvm_vm *vm, u64 gpa, u64 length)
{
	bool flush;

	spin_lock(&vm->s2_lock);
	vm->ivc.unmapping++;
	flush = vm->ops->s2_unmap(vm, gpa, length);
	spin_unlock(&vm->s2_lock);
	if (flush)
		axvm_vm_flush_stage2(vm);
	spin_lock(&vm->s2_lock);
	vm->ivc.unmapping--;
	spin_unlock(&vm->s2_lock);
}

static void slot_unmap(struct axvm_slot *slot)
{
	axvm_memory_unmap(slot->vm, slot->gpa, slot->length);
}

/* The slot is not published any more and no reader has it */
static void slot_destroy(struct axvm_slot *slot)
{
	if (slot->number != AXVM_DIRECT)
		mmu_interval_notifier_remove(&slot->notifier);
	slot_unmap(slot);
	kfree(slot);
}

/**
 * axvm_memory_set() - make, replace or remove a slot
 * @vm: the VM; vm->lock held; the caller's address space is the VM's
 * @mem: what is wanted; length 0 removes
 *
 * Context: may sleep.
 * Return: 0; -EINVAL: bad number, flag, alignment or range; -EEXIST: overlaps another
 * slot; -ENOENT: nothing to remove; -ENOMEM.
 */
int axvm_memory_set(struct axvm_vm *vm, const struct axvm_memory *mem)
{
	struct axvm_slots *old = slots_locked(vm), *new;
	struct axvm_slot *add = NULL, *gone = NULL;
	unsigned int i;
	int ret = check(vm, mem);

	if (ret)
		return ret;
	for (i = 0; old && i < old->nr; i++)
		if (old->slot[i]->number == mem->slot)
			gone = old->slot[i];
	if (!mem->length && !gone)
		return -ENOENT;
	if (mem->length) {
		add = slot_create(vm, mem);
		if (IS_ERR(add))
			return PTR_ERR(add);
	}
	new = slots_replace(old, gone, add, GFP_KERNEL_ACCOUNT);
	if (IS_ERR(new)) {
		if (add)
			slot_destroy(add);
		return PTR_ERR(new);
	}
	rcu_assign_pointer(vm->slots, new);
	axvm_vm_synchronize(vm);
	if (gone)
		slot_destroy(gone);
	/* A page that the backend had mapped for a device gives way to memory. */
	if (add)
		slot_unmap(add);
	kfree(old);
	axvm_vm_loaded(vm);
	return 0;
}

/**
 * axvm_direct_add() - let the guest reach device memory of the host without an exit
 * @vm: the VM; vm->lock held; vCPUs may run
 * @gpa: guest-physical address, page aligned
 * @hpa: host-physical address, likewise; claimed by the caller
 * @length: bytes, likewise
 *
 * Context: may sleep.
 * Return: the range, or an error pointer: -EEXIST: a slot or another range is there; -ENOMEM.
 */
struct axvm_slot *axvm_direct_add(struct axvm_vm *vm, u64 gpa, phys_addr_t hpa, u64 length)
{
	struct axvm_slots *old = slots_locked(vm), *new;
	struct axvm_slot *slot;

	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return ERR_PTR(-ENOMEM);
	slot->vm = vm;
	slot->number = AXVM_DIRECT;
	slot->flags = AXVM_MEM_NOEXEC;
	slot->gpa = gpa;
	slot->hpa = hpa;
	slot->length = length;
	new = slots_replace(old, NULL, slot, GFP_KERNEL_ACCOUNT);
	if (IS_ERR(new)) {
		kfree(slot);
		return ERR_CAST(new);
	}
	rcu_assign_pointer(vm->slots, new);
	axvm_vm_synchronize(vm);
	kfree(old);
	return slot;
}

/**
 * axvm_direct_remove() - the guest reaches it no longer
 * @slot: the range, freed; vm->lock held; vCPUs may run
 *
 * It cannot fail, as the claim ends with it: so the few words that it needs are waited for.
 *
 * Context: may sleep.
 */
void axvm_direct_remove(struct axvm_slot *slot)
{
	struct axvm_vm *vm = slot->vm;
	struct axvm_slots *old = slots_locked(vm);

	rcu_assign_pointer(vm->slots, slots_replace(old, slot, NULL, GFP_KERNEL | __GFP_NOFAIL));
	axvm_vm_synchronize(vm);
	slot_destroy(slot);
	kfree(old);
}

/**
 * axvm_memory_set_window() - say where channels appear
 * @vm: the VM; vm->lock held
 * @gpa: guest-physical start
 * @size: bytes; 0: there is no window any more
 *
 * When it returns, no access takes an address in it for one that is known to be a device's.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int axvm_memory_set_window(struct axvm_vm *vm, u64 gpa, u64 size)
{
	struct axvm_slots *old = slots_locked(vm);
	struct axvm_slots *new = slots_replace(old, NULL, NULL, GFP_KERNEL_ACCOUNT);

	if (IS_ERR(new))
		return PTR_ERR(new);
	new->window = gpa;
	new->window_size = size;
	rcu_assign_pointer(vm->slots, new);
	axvm_vm_synchronize(vm);
	kfree(old);
	return 0;
}

/**
 * axvm_memory_destroy() - free all slots of a VM that is being freed
 * @vm: the VM; nobody runs in it
 */
void axvm_memory_destroy(struct axvm_vm *vm)
{
	struct axvm_slots *slots = rcu_dereference_protected(vm->slots, true);
	unsigned int i;

	if (!slots)
		return;
	for (i = 0; i < slots->nr; i++)
		slot_destroy(slots->slot[i]);
	kfree(slots);
	RCU_INIT_POINTER(vm->slots, NULL);
}
