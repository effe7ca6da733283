// SPDX-License-Identifier: GPL-2.0
/*
 * Channels between VMs: addresses in the window, who may subscribe, what is mapped and
 * unmapped in stage 2, doorbells, and what is left when a publisher goes. (Guests and processes
 * share channels in tools/tests/ivc*.c.)
 */
#include <linux/io.h>
#include <linux/mm.h>

#include "fixture.h"

#define WINDOW		0xd0000000ULL
#define WINDOW_SIZE	0x1000000ULL
#define LINE		5
#define KEY		42
#define HUGE		0x200000ULL

/* --- a stage 2 that writes down --------------------------------------------------------- */

static struct {
	unsigned int maps, unmaps, bad_unmaps, topped_up;
	u64 gpa;
	phys_addr_t hpa;
	unsigned int shift;
	u32 prot;
	bool small_before;	/* huge pages are refused */
} stage2;

static int note_map(struct axvm_vcpu *vcpu, u64 gpa, phys_addr_t hpa, unsigned int shift, u32 prot)
{
	lockdep_assert_held(&vcpu->vm->s2_lock);
	stage2.topped_up += vcpu->nr_s2_pool == AXVM_S2_POOL;
	if (stage2.small_before && shift != PAGE_SHIFT)
		return -EAGAIN;
	stage2.maps++;
	stage2.gpa = gpa;
	stage2.hpa = hpa;
	stage2.shift = shift;
	stage2.prot = prot;
	return 0;
}

/* What is unmapped must not be found by a fault any more, nor anything be mapped there. */
static bool note_unmap(struct axvm_vm *vm, u64 gpa, u64 length)
{
	struct axvm_ivc_map *map;

	stage2.unmaps++;
	list_for_each_entry(map, &vm->ivc.maps, list)
		if (map->gpa == gpa && (map->memory || map->size != length))
			stage2.bad_unmaps++;
	if (!vm->ivc.unmapping)
		stage2.bad_unmaps++;
	return true;
}

static const struct axvm_backend ivc_backend = {
	.name = "fixture",
	.gpa_bits = 48,
	.page_sizes = PAGE_SIZE | PMD_SIZE,
	.vm_init = fixture_nothing_vm,
	.vm_destroy = fixture_no_vm,
	.vcpu_init = fixture_nothing_vcpu,
	.vcpu_destroy = fixture_no_vcpu,
	.vcpu_reset = fixture_no_vcpu,
	.s2_map = note_map,
	.s2_unmap = note_unmap,
};

/* A VM with one vCPU and no window */
static struct axvm_vm *bare_vm(struct kunit *test)
{
	struct axvm_create_vm config = { .size = sizeof(config) };
	struct axvm_vm *vm = axvm_vm_create(&ivc_backend, &config);

	KUNIT_ASSERT_FALSE(test, IS_ERR(vm));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_put_vm, vm), 0);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, 0)));
	mutex_unlock(&vm->lock);
	return vm;
}

static struct axvm_device *add_window(struct axvm_vm *vm, u64 base, u64 length, u32 irq)
{
	struct axvm_device_config config = {
		.type = AXVM_DEV_IVC_CHANNEL, .base = base, .length = length, .irq = irq,
	};

	return fixture_try_device(vm, &config);
}

static struct axvm_vm *window_vm(struct kunit *test)
{
	struct axvm_vm *vm = bare_vm(test);

	KUNIT_ASSERT_FALSE(test, IS_ERR(add_window(vm, WINDOW, WINDOW_SIZE, LINE)));
	return vm;
}

static void allow(struct kunit *test, struct axvm_vm *vm, u32 kind, u32 id, u32 flags)
{
	struct axvm_ivc_peer peer = { .kind = kind, .id = id, .flags = flags };
	struct axvm_ivc_acl *acl = axvm_ivc_acl_make(&peer, 1);

	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	axvm_ivc_vm_allow(vm, acl);
}

static void allow_user(struct kunit *test, struct axvm_vm *vm)
{
	allow(test, vm, AXVM_IVC_PEER_USER, 0, 0);
}

/* Where it is */
static u64 publish(struct kunit *test, struct axvm_vm *vm, u64 key, u64 size)
{
	u64 gpa = 0;

	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, key, false, &size, &gpa), 0);
	return gpa;
}

static int try_subscribe(struct axvm_vm *vm, struct axvm_vm *publisher, u64 key, bool readonly)
{
	u64 size, gpa;

	return axvm_ivc_vm_subscribe(vm, publisher->id, key, readonly, &size, &gpa);
}

static u64 subscribe(struct kunit *test, struct axvm_vm *vm, struct axvm_vm *publisher, u64 key)
{
	u64 size = 0, gpa = 0;

	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_subscribe(vm, publisher->id, key, false, &size, &gpa),
			0);
	return gpa;
}

static int fault(struct axvm_vm *vm, u64 gpa, u32 access)
{
	int idx = srcu_read_lock(&vm->srcu), ret;

	ret = axvm_ivc_fault(vm->vcpus[0], gpa, access);
	srcu_read_unlock(&vm->srcu, idx);
	return ret;
}

static int ivc_init(struct kunit *test)
{
	memset(&stage2, 0, sizeof(stage2));
	return 0;
}

/* --- the window ------------------------------------------------------------------------- */

static void windows_are_checked(struct kunit *test)
{
	struct axvm_device_config config = {
		.type = AXVM_DEV_IVC_CHANNEL, .base = WINDOW, .length = PAGE_SIZE, .nr_cfg = 1,
	};
	struct axvm_vm *vm = bare_vm(test);
	struct axvm_device *dev;

	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, 0, PAGE_SIZE, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, WINDOW, 0, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, WINDOW + 1, PAGE_SIZE, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, WINDOW, PAGE_SIZE + 1, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, 1ULL << 48, PAGE_SIZE, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, (1ULL << 48) - PAGE_SIZE, 2 * PAGE_SIZE, 0)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, WINDOW, -PAGE_SIZE, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(fixture_try_device(vm, &config)), -EINVAL);
	KUNIT_EXPECT_NULL(test, vm->ivc.window);
	dev = add_window(vm, (1ULL << 48) - PAGE_SIZE, PAGE_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_window(vm, WINDOW, PAGE_SIZE, 0)), -EEXIST);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, dev->id), 0);
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_NULL(test, vm->ivc.window);
	KUNIT_EXPECT_FALSE(test, IS_ERR(add_window(vm, WINDOW, PAGE_SIZE, 0)));
}

static int alloc(struct axvm_vm *vm, u64 size, u64 *gpa)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_alloc_ivc_channel(vm, size, gpa);
	mutex_unlock(&vm->lock);
	return ret;
}

static int release(struct axvm_vm *vm, u64 gpa, u64 size)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = axvm_devices_release_ivc_channel(vm, gpa, size);
	mutex_unlock(&vm->lock);
	return ret;
}

static void addresses_are_taken_and_given_back(struct kunit *test)
{
	struct axvm_vm *vm = bare_vm(test);
	u64 gpa = 0;

	KUNIT_EXPECT_EQ(test, alloc(vm, PAGE_SIZE, &gpa), -ENODEV);
	KUNIT_EXPECT_EQ(test, release(vm, WINDOW, PAGE_SIZE), -ENODEV);
	KUNIT_ASSERT_FALSE(test, IS_ERR(add_window(vm, WINDOW + PAGE_SIZE, 3 * HUGE, 0)));
	KUNIT_EXPECT_EQ(test, alloc(vm, 0, &gpa), -EINVAL);
	KUNIT_EXPECT_EQ(test, alloc(vm, 5, &gpa), -EINVAL);
	KUNIT_EXPECT_EQ(test, alloc(vm, 3 * HUGE + PAGE_SIZE, &gpa), -ENOSPC);
	KUNIT_EXPECT_EQ(test, alloc(vm, -PAGE_SIZE, &gpa), -ENOSPC);
	/* Aligned, it does not fit */
	KUNIT_EXPECT_EQ(test, alloc(vm, 3 * HUGE, &gpa), -ENOSPC);

	KUNIT_EXPECT_EQ(test, alloc(vm, 2 * HUGE, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + HUGE);
	KUNIT_EXPECT_EQ(test, alloc(vm, PAGE_SIZE, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, alloc(vm, HUGE - PAGE_SIZE, &gpa), -ENOSPC);
	KUNIT_EXPECT_EQ(test, alloc(vm, HUGE - 2 * PAGE_SIZE, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + 2 * PAGE_SIZE);
	/* Behind the two of 2 MiB a page is left. */
	KUNIT_EXPECT_EQ(test, alloc(vm, PAGE_SIZE, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + 3 * HUGE);
	KUNIT_EXPECT_EQ(test, alloc(vm, PAGE_SIZE, &gpa), -ENOSPC);

	KUNIT_EXPECT_EQ(test, release(vm, WINDOW + 2 * PAGE_SIZE, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, release(vm, WINDOW + 3 * PAGE_SIZE, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, release(vm, WINDOW + 2 * PAGE_SIZE, HUGE - 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, release(vm, WINDOW + 2 * PAGE_SIZE, HUGE - 2 * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, release(vm, WINDOW + PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, alloc(vm, HUGE - PAGE_SIZE, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + PAGE_SIZE);
}

/* An address in the window is not known to be a device's: what is there may come and go. */
static void windows_are_no_gap(struct kunit *test)
{
	struct axvm_vm *vm = bare_vm(test);
	struct axvm_device *dev;
	struct axvm_gap gap;
	int idx;

	dev = add_window(vm, WINDOW, WINDOW_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	idx = srcu_read_lock(&vm->srcu);
	KUNIT_EXPECT_FALSE(test, axvm_slot_gap(vm, WINDOW, &gap));
	KUNIT_EXPECT_FALSE(test, axvm_slot_gap(vm, WINDOW + WINDOW_SIZE - 1, &gap));
	local_irq_disable();
	KUNIT_EXPECT_FALSE(test, axvm_in_gap(vm, &gap, WINDOW));
	local_irq_enable();
	KUNIT_EXPECT_TRUE(test, axvm_slot_gap(vm, WINDOW - 1, &gap));
	KUNIT_EXPECT_EQ(test, gap.first, 0);
	KUNIT_EXPECT_EQ(test, gap.last, WINDOW - 1);
	KUNIT_EXPECT_TRUE(test, axvm_slot_gap(vm, WINDOW + WINDOW_SIZE, &gap));
	KUNIT_EXPECT_EQ(test, gap.first, WINDOW + WINDOW_SIZE);
	KUNIT_EXPECT_EQ(test, gap.last, U64_MAX);
	srcu_read_unlock(&vm->srcu, idx);
	local_irq_disable();
	KUNIT_EXPECT_TRUE(test, axvm_in_gap(vm, &gap, WINDOW + WINDOW_SIZE));
	local_irq_enable();
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(vm, dev->id), 0);
	mutex_unlock(&vm->lock);
	/* What was known before is not known any more. */
	local_irq_disable();
	KUNIT_EXPECT_FALSE(test, axvm_in_gap(vm, &gap, WINDOW + WINDOW_SIZE));
	local_irq_enable();
	idx = srcu_read_lock(&vm->srcu);
	KUNIT_EXPECT_TRUE(test, axvm_slot_gap(vm, WINDOW, &gap));
	KUNIT_EXPECT_EQ(test, gap.first, 0);
	srcu_read_unlock(&vm->srcu, idx);
}

/* --- names and rights ------------------------------------------------------------------- */

static void publications_are_checked(struct kunit *test)
{
	struct axvm_vm *vm = bare_vm(test);
	u64 gpa, size = PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), -ENODEV);
	KUNIT_ASSERT_FALSE(test, IS_ERR(add_window(vm, WINDOW, 1ULL << 32, LINE)));
	size = 0;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), -EINVAL);
	size = AXVM_IVC_MAX_SIZE + 1;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), -EINVAL);
	size = U64_MAX;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), -EINVAL);
	size = 1;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), 0);
	KUNIT_EXPECT_EQ(test, size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY, false, &size, &gpa), -EEXIST);
	/* All in all as much as one channel may have */
	size = AXVM_IVC_MAX_SIZE;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY + 1, false, &size, &gpa), -ENOSPC);
	size = HUGE;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(vm, KEY + 1, false, &size, &gpa), 0);
	KUNIT_EXPECT_EQ(test, gpa, WINDOW + HUGE);
	KUNIT_EXPECT_EQ(test, vm->ivc.published, HUGE + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(vm, vm->id, KEY, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(vm, vm->id, KEY, true), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(vm, vm->id, KEY, true), -ENOENT);
	KUNIT_EXPECT_EQ(test, vm->ivc.published, HUGE);
}

static void nobody_may_unless_allowed(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test), *c = window_vm(test);

	publish(test, a, KEY, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EACCES);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY + 1, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, c, KEY, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, try_subscribe(a, a, KEY, false), -EEXIST);
	/* To allow is the publisher's. */
	allow_user(test, b);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EACCES);
	allow(test, a, AXVM_IVC_PEER_VM, b->id, 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(c, a, KEY, false), -EACCES);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EEXIST);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(b, a->id, KEY, true), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(b, a->id, KEY, false), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(b, a->id, KEY, false), -ENOENT);
	allow(test, a, AXVM_IVC_PEER_USER, 0, 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(c, a, KEY, false), 0);
}

static void lists_are_checked(struct kunit *test)
{
	struct axvm_ivc_peer peer = { .kind = AXVM_IVC_PEER_VM, .id = INT_MAX };
	struct axvm_ivc_acl *acl;

	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, 1)), -ENOENT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, AXVM_IVC_MAX_PEERS + 1)), -EINVAL);
	peer.kind = AXVM_IVC_PEER_USER;
	peer.id = -1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, 1)), -EINVAL);
	peer.id = 0;
	peer.flags = AXVM_IVC_PUBLISHER;
	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, 1)), -EINVAL);
	peer.flags = 0;
	peer.reserved = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, 1)), -EINVAL);
	peer.reserved = 0;
	peer.kind = 0;
	KUNIT_EXPECT_EQ(test, PTR_ERR(axvm_ivc_acl_make(&peer, 1)), -EINVAL);
	acl = axvm_ivc_acl_make(NULL, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(acl));
	kfree(acl);
}

/* Two users must want it both, so that nobody takes the place of another. */
static void users_must_agree(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test);

	b->ivc.user = KUIDT_INIT(1000);
	publish(test, a, KEY, PAGE_SIZE);
	allow_user(test, a);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EACCES);
	allow(test, a, AXVM_IVC_PEER_USER, 1000, 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EACCES);
	allow(test, b, AXVM_IVC_PEER_USER, 1000, 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), -EACCES);
	allow(test, b, AXVM_IVC_PEER_VM, a->id, 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), 0);
}

/* --- stage 2 ---------------------------------------------------------------------------- */

static void pages_come_on_fault(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test);
	phys_addr_t hpa;
	u64 at, other;

	allow_user(test, a);
	KUNIT_EXPECT_EQ(test, fault(a, WINDOW, AXVM_ACCESS_READ), -ENOENT);
	at = publish(test, a, KEY, 2 * PAGE_SIZE);
	publish(test, b, KEY, PAGE_SIZE);
	other = subscribe(test, b, a, KEY);
	KUNIT_EXPECT_EQ(test, other, WINDOW + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fault(a, at + PAGE_SIZE + 8, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.gpa, at + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stage2.shift, PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, stage2.prot, AXVM_S2_READ | AXVM_S2_WRITE);
	KUNIT_EXPECT_EQ(test, stage2.topped_up, 1);
	hpa = stage2.hpa;
	KUNIT_EXPECT_EQ(test, fault(b, other + PAGE_SIZE, AXVM_ACCESS_WRITE), 0);
	KUNIT_EXPECT_EQ(test, stage2.gpa, other + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stage2.hpa, hpa);
	KUNIT_EXPECT_EQ(test, fault(a, at, AXVM_ACCESS_EXEC), -ENOENT);
	KUNIT_EXPECT_EQ(test, fault(a, at + 2 * PAGE_SIZE, AXVM_ACCESS_READ), -ENOENT);
	KUNIT_EXPECT_EQ(test, fault(a, WINDOW - 1, AXVM_ACCESS_READ), -ENOENT);
	KUNIT_EXPECT_EQ(test, fault(a, WINDOW + WINDOW_SIZE, AXVM_ACCESS_READ), -ENOENT);
	KUNIT_EXPECT_EQ(test, stage2.maps, 2);
}

static void huge_pages_are_mapped_as_such(struct kunit *test)
{
	struct axvm_vm *vm = window_vm(test);
	u64 at = publish(test, vm, KEY, HUGE + PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, at % HUGE, 0);
	KUNIT_EXPECT_EQ(test, fault(vm, at + 5 * PAGE_SIZE, AXVM_ACCESS_READ), 0);
	/* The host may have had none. */
	if (stage2.shift == PAGE_SHIFT)
		kunit_skip(test, "no page of 2 MiB was free");
	KUNIT_EXPECT_EQ(test, stage2.shift, PMD_SHIFT);
	KUNIT_EXPECT_EQ(test, stage2.gpa, at);
	KUNIT_EXPECT_EQ(test, stage2.hpa % HUGE, 0);
	KUNIT_EXPECT_EQ(test, fault(vm, at + HUGE, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.shift, PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, stage2.gpa, at + HUGE);
	stage2.small_before = true;
	KUNIT_EXPECT_EQ(test, fault(vm, at + 5 * PAGE_SIZE, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.shift, PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, stage2.gpa, at + 5 * PAGE_SIZE);
}

static void an_end_leaves_zeros(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test);
	u64 at, other, generation;

	allow_user(test, a);
	at = publish(test, a, KEY, PAGE_SIZE);
	other = subscribe(test, b, a, KEY);
	fixture_store(a, NULL, at + 16, 8, 5);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, other + 16, 8), 5);
	generation = b->s2_generation;
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(a, a->id, KEY, true), 0);
	KUNIT_EXPECT_EQ(test, stage2.unmaps, 2);
	KUNIT_EXPECT_EQ(test, stage2.bad_unmaps, 0);
	KUNIT_EXPECT_GT(test, b->s2_generation, generation);

	KUNIT_EXPECT_EQ(test, fault(a, at, AXVM_ACCESS_READ), -ENOENT);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.hpa, page_to_phys(ZERO_PAGE(0)));
	KUNIT_EXPECT_EQ(test, stage2.prot, AXVM_S2_READ);
	KUNIT_EXPECT_EQ(test, stage2.shift, PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_WRITE), -ENOENT);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, other + 16, 8), 0);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, other, 8), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(b, a->id, KEY), -ENOENT);

	/* Another one of that name takes the place, if it is subscribed to. */
	at = publish(test, a, KEY, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, other, 8), 0);
	KUNIT_EXPECT_EQ(test, subscribe(test, b, a, KEY), other);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, other + 8, 8), KEY);
	KUNIT_EXPECT_EQ(test, b->ivc.nr_maps, 1);
	KUNIT_EXPECT_EQ(test, stage2.bad_unmaps, 0);
}

/* While pages are on their way out, nothing is mapped: the fault comes again. */
static void nothing_is_mapped_in_between(struct kunit *test)
{
	struct axvm_vm *vm = window_vm(test);
	u64 at = publish(test, vm, KEY, PAGE_SIZE);

	vm->ivc.unmapping = 1;
	KUNIT_EXPECT_EQ(test, fault(vm, at, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.maps, 0);
	vm->ivc.unmapping = 0;
	KUNIT_EXPECT_EQ(test, fault(vm, at, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.maps, 1);
}

static void read_only_ends_write_nothing(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test);
	u64 size = PAGE_SIZE, at, other = WINDOW;

	allow_user(test, a);
	at = publish(test, a, KEY, PAGE_SIZE);
	/* By the subscriber's choice */
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, true), 0);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_READ), 0);
	KUNIT_EXPECT_EQ(test, stage2.prot, AXVM_S2_READ);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_WRITE), -ENOENT);
	fixture_store(b, NULL, other + 16, 8, 5);
	KUNIT_EXPECT_EQ(test, fixture_load(a, NULL, at + 16, 8), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(b, a->id, KEY), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(b, a->id, KEY, false), 0);
	/* By the list */
	allow(test, a, AXVM_IVC_PEER_VM, b->id, AXVM_IVC_READONLY);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY, false), 0);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_WRITE), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(b, a->id, KEY, false), 0);
	/* By the channel */
	allow_user(test, a);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_publish(a, KEY + 1, true, &size, &at), 0);
	KUNIT_EXPECT_EQ(test, try_subscribe(b, a, KEY + 1, false), 0);
	KUNIT_EXPECT_EQ(test, fault(b, other, AXVM_ACCESS_WRITE), -ENOENT);
	KUNIT_EXPECT_EQ(test, fault(a, at, AXVM_ACCESS_WRITE), 0);
}

/* --- what an emulator does -------------------------------------------------------------- */

static void emulated_accesses_reach_the_pages(struct kunit *test)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	struct axvm_vm *vm = window_vm(test);
	u64 at = publish(test, vm, KEY, 2 * PAGE_SIZE), where;
	const u64 value = 0xf1e2d3c4b5a69788;
	unsigned int i, shift;

	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, at, 8), vm->id);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, at + 8, 8), KEY);
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		for (shift = 0; shift < 16; shift++) {
			where = at + PAGE_SIZE - 8 + shift;
			fixture_store(vm, NULL, at + PAGE_SIZE - 8, 8, 0);
			fixture_store(vm, NULL, at + PAGE_SIZE, 8, 0);
			fixture_store(vm, NULL, at + PAGE_SIZE + 8, 8, 0);
			fixture_store(vm, NULL, where, widths[i], value);
			KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, where, widths[i]),
					value & GENMASK_ULL(8 * widths[i] - 1, 0));
			KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, where, 1), value & 0xff);
			KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, where + widths[i], 1), 0);
		}
	}
	/* Behind the channel nobody is. */
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, at + 2 * PAGE_SIZE, 8), U64_MAX);
	KUNIT_EXPECT_EQ(test, fixture_load(vm, NULL, at + 2 * PAGE_SIZE - 4, 8), U64_MAX);
}

/* --- doorbells -------------------------------------------------------------------------- */

static void doorbells_ring_at_the_others(struct kunit *test)
{
	struct axvm_vm *vm[3];
	struct fixture_chip *chip[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		vm[i] = window_vm(test);
		chip[i] = fixture_chip(test, vm[i]);
	}
	allow_user(test, vm[0]);
	publish(test, vm[0], KEY, PAGE_SIZE);
	subscribe(test, vm[1], vm[0], KEY);
	subscribe(test, vm[2], vm[0], KEY);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(vm[0], vm[0]->id, KEY), 0);
	KUNIT_EXPECT_EQ(test, chip[0]->rises[LINE], 0);
	KUNIT_EXPECT_EQ(test, chip[1]->rises[LINE], 1);
	KUNIT_EXPECT_EQ(test, chip[2]->rises[LINE], 1);
	KUNIT_EXPECT_FALSE(test, chip[1]->level[LINE]);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(vm[1], vm[0]->id, KEY), 0);
	KUNIT_EXPECT_EQ(test, chip[0]->rises[LINE], 1);
	KUNIT_EXPECT_EQ(test, chip[1]->rises[LINE], 1);
	KUNIT_EXPECT_EQ(test, chip[2]->rises[LINE], 2);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(vm[1], vm[0]->id, KEY + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(vm[1], vm[1]->id, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(vm[2], vm[0]->id, KEY, false), 0);
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_notify(vm[0], vm[0]->id, KEY), 0);
	KUNIT_EXPECT_EQ(test, chip[2]->rises[LINE], 2);
	/* The end rings, too. */
	KUNIT_EXPECT_EQ(test, axvm_ivc_vm_leave(vm[0], vm[0]->id, KEY, true), 0);
	KUNIT_EXPECT_EQ(test, chip[1]->rises[LINE], 3);
	KUNIT_EXPECT_EQ(test, chip[0]->rises[LINE], 1);
}

/* --- all that goes ---------------------------------------------------------------------- */

static unsigned int count_ends(void)
{
	struct axvm_ivc_stat stat = { .size = sizeof(stat) };
	unsigned int n = 0;

	while (!axvm_ivc_stat(&stat)) {
		stat.end++;
		n++;
	}
	return n;
}

static void resets_and_removals_leave_nothing(struct kunit *test)
{
	struct axvm_vm *a = window_vm(test), *b = window_vm(test);
	u64 at;

	allow_user(test, a);
	publish(test, a, KEY, PAGE_SIZE);
	publish(test, b, KEY, PAGE_SIZE);
	subscribe(test, b, a, KEY);
	KUNIT_EXPECT_EQ(test, count_ends(), 3);
	mutex_lock(&b->lock);
	axvm_devices_reset(b);
	mutex_unlock(&b->lock);
	KUNIT_EXPECT_EQ(test, count_ends(), 1);
	KUNIT_EXPECT_EQ(test, b->ivc.nr_maps, 0);
	at = subscribe(test, b, a, KEY);
	KUNIT_EXPECT_EQ(test, at, WINDOW);
	mutex_lock(&a->lock);
	KUNIT_EXPECT_EQ(test, axvm_devices_remove(a, a->ivc.window->id), 0);
	mutex_unlock(&a->lock);
	KUNIT_EXPECT_EQ(test, count_ends(), 0);
	KUNIT_EXPECT_EQ(test, fixture_load(b, NULL, at + 8, 8), 0);
	/* The rest goes with the VMs. */
	publish(test, b, KEY, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, count_ends(), 1);
}

static void hypercalls_need_a_window(struct kunit *test)
{
	const u64 args[6] = { KEY };
	struct axvm_vm *vm = bare_vm(test);
	u64 result = 5;

	KUNIT_EXPECT_FALSE(test, axvm_hypercall(vm->vcpus[0], AXVM_HC_IVC_UNPUBLISH, args,
						&result));
	KUNIT_EXPECT_EQ(test, result, 5);
	KUNIT_ASSERT_FALSE(test, IS_ERR(add_window(vm, WINDOW, WINDOW_SIZE, 0)));
	KUNIT_EXPECT_FALSE(test, axvm_hypercall(vm->vcpus[0], 2, args, &result));
	KUNIT_EXPECT_FALSE(test, axvm_hypercall(vm->vcpus[0], 7, args, &result));
	KUNIT_EXPECT_EQ(test, result, 5);
	KUNIT_EXPECT_TRUE(test, axvm_hypercall(vm->vcpus[0], AXVM_HC_IVC_UNPUBLISH, args,
					       &result));
	KUNIT_EXPECT_EQ(test, result, U64_MAX);
	publish(test, vm, KEY, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, axvm_hypercall(vm->vcpus[0], AXVM_HC_IVC_UNPUBLISH, args,
					       &result));
	KUNIT_EXPECT_EQ(test, result, 0);
}

static struct kunit_case ivc_cases[] = {
	KUNIT_CASE(windows_are_checked),
	KUNIT_CASE(addresses_are_taken_and_given_back),
	KUNIT_CASE(windows_are_no_gap),
	KUNIT_CASE(publications_are_checked),
	KUNIT_CASE(nobody_may_unless_allowed),
	KUNIT_CASE(lists_are_checked),
	KUNIT_CASE(users_must_agree),
	KUNIT_CASE(pages_come_on_fault),
	KUNIT_CASE(huge_pages_are_mapped_as_such),
	KUNIT_CASE(an_end_leaves_zeros),
	KUNIT_CASE(nothing_is_mapped_in_between),
	KUNIT_CASE(read_only_ends_write_nothing),
	KUNIT_CASE(emulated_accesses_reach_the_pages),
	KUNIT_CASE(doorbells_ring_at_the_others),
	KUNIT_CASE(resets_and_removals_leave_nothing),
	KUNIT_CASE(hypercalls_need_a_window),
	{}
};

static struct kunit_suite ivc_suite = {
	.name = "axvm-ivc",
	.init = ivc_init,
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = ivc_cases,
};

kunit_test_suite(ivc_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit: channels between VMs");
