// SPDX-License-Identifier: GPL-2.0
/* Channels of VMs: the window, who may, what a guest sees when others come and go. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ivc.h"

#define PAGE	4096UL

static struct vm a, b;

static int create_window(struct vm *vm, uint64_t base, uint64_t length, uint32_t nr_cfg)
{
	struct axvm_create_device device = {
		.size = sizeof(device), .type = AXVM_DEV_IVC_CHANNEL, .base = base,
		.length = length, .nr_cfg = nr_cfg,
	};

	return ioctl(vm->fd, AXVM_VM_CREATE_DEVICE, &device) ? -1 : (int)device.id;
}

TEST(ivc, a_bad_window_is_refused)
{
	vm_create(&a, 0);
	CHECK_ERR(create_window(&a, 0, PAGE, 0), EINVAL);
	CHECK_ERR(create_window(&a, IVC_WINDOW, 0, 0), EINVAL);
	CHECK_ERR(create_window(&a, IVC_WINDOW + 8, PAGE, 0), EINVAL);
	CHECK_ERR(create_window(&a, IVC_WINDOW, PAGE + 8, 0), EINVAL);
	CHECK_ERR(create_window(&a, IVC_WINDOW, PAGE, 1), EINVAL);
	CHECK_ERR(create_window(&a, 1ULL << 60, PAGE, 0), EINVAL);
	CHECK_ERR(create_window(&a, IVC_WINDOW, ~0ULL << 12, 0), EINVAL);
	CHECK_OK(create_window(&a, IVC_WINDOW, PAGE, 0));
	CHECK_ERR(create_window(&a, IVC_WINDOW, PAGE, 0), EEXIST);
	CHECK_ERR(create_window(&a, IVC_WINDOW + PAGE, PAGE, 0), EEXIST);
	vm_destroy(&a);
}

/* Nobody may, unless the publisher's launcher has said so; a guest is told of nothing. */
TEST(ivc, a_name_is_no_key)
{
	struct axvm_ivc_peer peers[65];
	uint64_t base;
	uint32_t first;
	int fd;

	ivc_vm_start(&a);
	ivc_vm_start(&b);
	CHECK_EQ(ivc_vm_publish(&a, 1, PAGE, &base), 0);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), REFUSED);
	CHECK_EQ(ivc_vm_subscribe(&a, a.id, 1, &base), REFUSED);
	CHECK_ERR(ivc_subscribe(a.id, 1, 0), EACCES);
	CHECK_ERR(ivc_subscribe(a.id, 2, 0), ENOENT);

	peers[0] = (struct axvm_ivc_peer){ .kind = AXVM_IVC_PEER_VM, .id = b.id };
	CHECK_OK(ivc_allow(&a, peers, 1));
	CHECK_ERR(ivc_subscribe(a.id, 1, 0), EACCES);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), 0);
	CHECK_EQ(base, IVC_WINDOW);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), REFUSED);
	/* What is not allowed any more stays with who has it. */
	CHECK_OK(ivc_allow(&a, NULL, 0));
	CHECK_EQ(ivc_vm_load(&b, IVC_WINDOW), a.id);
	CHECK_EQ(ivc_vm_call(&b, AXVM_HC_IVC_UNSUBSCRIBE, a.id, 1), 0);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), REFUSED);

	/* Another VM that gets the number is another VM. */
	CHECK_OK(ivc_allow(&a, peers, 1));
	first = b.id;
	ivc_vm_stop(&b);
	ivc_vm_start(&b);
	CHECK_EQ(b.id, first);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), REFUSED);
	peers[0].id = 4711;
	CHECK_ERR(ivc_allow(&a, peers, 1), ENOENT);
	memset(peers, 0, sizeof(peers));
	CHECK_ERR(ivc_allow(&a, peers, 65), EINVAL);
	CHECK_ERR(ivc_allow(&a, peers, 1), EINVAL);
	CHECK_ERR(ivc_allow(&a, peers, 0), EINVAL);
	CHECK_ERR(ivc_allow(&a, (void *)(1UL << 63), 1), EFAULT);

	ivc_allow_user(&a, 0);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), 0);
	fd = ivc_subscribe(a.id, 1, 0);
	CHECK(fd >= 0);
	ivc_vm_stop(&a);
	ivc_vm_stop(&b);
	CHECK_EQ(ivc_pages_used(), 0);
}

TEST(ivc, hypercalls_without_a_window_go_on)
{
	uint64_t base;

	vm_create(&a, 0);
#ifdef __aarch64__
	vm_load(&a, GUEST_FLAT, ivc_guest());
#else
	vm_load(&a, GUEST_PAGED, ivc_guest());
#endif
	vm_start_thread(&a);
	CHECK_EQ(ivc_vm_publish(&a, 1, PAGE, &base), REFUSED);
	CHECK_EQ(ivc_pages_used(), 0);
	ivc_vm_stop(&a);
}

TEST(ivc, a_vm_and_a_process_share)
{
	struct axvm_ivc_peer peer;
	volatile uint64_t *at;
	uint64_t base, rings;
	int fd;

	ivc_vm_start(&a);
	ivc_allow_user(&a, 0);
	CHECK_EQ(ivc_vm_publish(&a, 1, 2 * PAGE, &base), 0);
	fd = ivc_subscribe(a.id, 1, 0);
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at != MAP_FAILED);
	ivc_vm_store(&a, base + PAGE, 77);
	CHECK_EQ(at[512], 77);
	at[513] = 78;
	CHECK_EQ(ivc_vm_load(&a, base + PAGE + 8), 78);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_NOTIFY, a.id, 1), 0);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_NOTIFY, a.id, 1), 0);
	CHECK_EQ(read(fd, &rings, 8), 8);
	CHECK_EQ(rings, 2);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, 1, 0), 0);
	CHECK_EQ(at[512], 0);
	CHECK_EQ(read(fd, &rings, 8), 8);
	CHECK_EQ(read(fd, &rings, 8), 0);

	/* The other way round */
	peer = (struct axvm_ivc_peer){ .kind = AXVM_IVC_PEER_VM, .id = a.id };
	fd = ivc_publish(2, PAGE, 0, &peer, 1);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at[3] = 4;
	CHECK_EQ(ivc_vm_subscribe(&a, AXVM_IVC_HOST, 2, &base), 0);
	CHECK_EQ(ivc_vm_load(&a, base + 24), 4);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_NOTIFY, AXVM_IVC_HOST, 2), 0);
	CHECK(ivc_rang(fd, 0));
	munmap((void *)at, PAGE);
	close(fd);
	CHECK_EQ(ivc_vm_load(&a, base + 24), 0);
	CHECK_EQ(ivc_vm_load(&a, base), 0);
	ivc_vm_store(&a, base + 24, 5);
	CHECK_EQ(ivc_vm_load(&a, base + 24), 0);
	/* Who subscribes again gets the new one of that name. */
	fd = ivc_publish(2, PAGE, 0, &peer, 1);
	CHECK_EQ(ivc_vm_subscribe(&a, AXVM_IVC_HOST, 2, &base), 0);
	CHECK_EQ(ivc_vm_load(&a, base + 8), 2);
	ivc_vm_stop(&a);
	close(fd);
	CHECK_EQ(ivc_pages_used(), 0);
}

TEST(ivc, a_read_only_guest_writes_nothing)
{
	volatile uint64_t *at;
	uint64_t base;
	int fd;

	ivc_vm_start(&a);
	ivc_vm_start(&b);
	ivc_allow_user(&a, AXVM_IVC_READONLY);
	CHECK_EQ(ivc_vm_publish(&a, 1, 4 << 20, &base), 0);
	ivc_vm_store(&a, base + 16, 5);
	CHECK_EQ(ivc_vm_subscribe(&b, a.id, 1, &base), 0);
	CHECK_EQ(ivc_vm_load(&b, base + 16), 5);
	ivc_vm_store(&b, base + 16, 6);
	CHECK_EQ(ivc_vm_load(&b, base + 16), 5);
	CHECK_EQ(ivc_vm_load(&a, base + 16), 5);
	ivc_vm_call(&b, AXVM_HC_IVC_UNSUBSCRIBE, a.id, 1);
	ivc_allow_user(&a, 0);
	/* By the subscriber's own choice */
	CHECK_EQ(ivc_do(&b, IVC_HYPERCALL, AXVM_HC_IVC_SUBSCRIBE_RO, a.id, 1,
			GUEST_RAM + GUEST_DATA + offsetof(struct ivc_control, answer),
			GUEST_RAM + GUEST_DATA + offsetof(struct ivc_control, answer) + 8), 0);
	ivc_vm_store(&b, base + 16, 6);
	CHECK_EQ(ivc_vm_load(&b, base + 16), 5);
	/* By the publisher's, for this channel */
	ivc_control(&a)->answer[1] = PAGE;
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_PUBLISH_RO, 2, GUEST_RAM + GUEST_DATA +
			     offsetof(struct ivc_control, answer)), REFUSED);
	CHECK_EQ(ivc_do(&a, IVC_HYPERCALL, AXVM_HC_IVC_PUBLISH_RO, 2,
			GUEST_RAM + GUEST_DATA + offsetof(struct ivc_control, answer),
			GUEST_RAM + GUEST_DATA + offsetof(struct ivc_control, answer) + 8, 0), 0);
	fd = ivc_subscribe(a.id, 2, 0);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at == MAP_FAILED);
	ivc_vm_stop(&b);
	ivc_vm_stop(&a);
}

/* Everything that a VM may have, and no more; all of it can be had again. */
TEST(ivc, a_vm_has_limits)
{
	uint64_t base, i;

	ivc_vm_start(&a);
	for (i = 0; i < 64; i++) {
		CHECK_EQ(ivc_vm_publish(&a, i, PAGE, &base), 0);
		CHECK_EQ(base, IVC_WINDOW + i * PAGE);
	}
	CHECK_EQ(ivc_vm_publish(&a, 64, PAGE, &base), REFUSED);
	CHECK_EQ(ivc_pages_used(), 64);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, 10, 0), 0);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, 11, 0), 0);
	CHECK_EQ(ivc_vm_publish(&a, 64, 2 * PAGE, &base), 0);
	CHECK_EQ(base, IVC_WINDOW + 10 * PAGE);
	for (i = 0; i < 65; i++)
		ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, i, 0);
	CHECK_EQ(ivc_pages_used(), 0);
	/* The window has 16 MiB */
	CHECK_EQ(ivc_vm_publish(&a, 1, 16 << 20, &base), 0);
	CHECK_EQ(ivc_vm_publish(&a, 2, PAGE, &base), REFUSED);
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, 1, 0), 0);
	CHECK_EQ(ivc_vm_publish(&a, 1, (16 << 20) + 1, &base), REFUSED);
	CHECK_EQ(ivc_vm_publish(&a, 1, PAGE, &base), 0);
	CHECK_EQ(ivc_vm_publish(&a, 2, 2 << 20, &base), 0);
	CHECK_EQ(base, IVC_WINDOW + (2 << 20));
	CHECK_EQ(ivc_vm_publish(&a, 3, PAGE, &base), 0);
	CHECK_EQ(base, IVC_WINDOW + PAGE);
	ivc_vm_stop(&a);
	CHECK_EQ(ivc_pages_used(), 0);
}

static uint64_t count_faults(void)
{
	return vm_count(&a, "stage2-fault") + vm_count(&a, "mmio-read");
}

/*
 * What is in a channel is memory: no exit, once it was touched. That the same instruction found
 * nobody there before is not remembered.
 */
TEST(ivc, a_channel_costs_no_exits)
{
	uint64_t base, before, i;

	ivc_vm_start(&a);
	ivc_vm_load(&a, GUEST_RAM + GUEST_DATA);
	before = count_faults();
	for (i = 0; i < 4; i++)
		CHECK_EQ(ivc_vm_load(&a, IVC_WINDOW + 8), ~0ULL);
	CHECK(count_faults() - before >= 4);
	CHECK_EQ(ivc_vm_publish(&a, 5, PAGE, &base), 0);
	CHECK_EQ(ivc_vm_load(&a, IVC_WINDOW + 8), 5);
	before = count_faults();
	for (i = 0; i < 10; i++)
		CHECK_EQ(ivc_vm_load(&a, IVC_WINDOW + 8), 5);
	CHECK_EQ(count_faults(), before);
	ivc_vm_stop(&a);
}

/* Memory slots come before channels, and go. */
TEST(ivc, a_slot_covers_a_channel)
{
	uint64_t base, *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ivc_vm_start(&a);
	CHECK_EQ(ivc_vm_publish(&a, 1, 2 << 20, &base), 0);
	ivc_vm_store(&a, base + PAGE, 1);
	ivc_vm_store(&a, base + 2 * PAGE, 2);
	memory[0] = 5;
	vm_set_slot(&a, 1, 0, base + PAGE, memory, PAGE);
	CHECK_EQ(ivc_vm_load(&a, base + 2 * PAGE), 2);
	CHECK_EQ(ivc_vm_load(&a, base + PAGE), 5);
	vm_set_slot(&a, 1, 0, 0, NULL, 0);
	CHECK_EQ(ivc_vm_load(&a, base + PAGE), 1);
	CHECK_EQ(ivc_vm_load(&a, base + 2 * PAGE), 2);
	ivc_vm_stop(&a);
}

/* The window may go at any time, and with it what is in it. */
TEST(ivc, the_window_goes)
{
	struct axvm_device_ref ref = { .size = sizeof(ref) };
	uint64_t base;
	int fd;

	ref.id = ivc_vm_start(&a);
	ivc_allow_user(&a, 0);
	CHECK_EQ(ivc_vm_publish(&a, 1, PAGE, &base), 0);
	CHECK_EQ(ivc_vm_load(&a, base + 8), 1);
	fd = ivc_subscribe(a.id, 1, 0);
	CHECK(fd >= 0);
	CHECK_OK(ioctl(a.fd, AXVM_VM_REMOVE_DEVICE, &ref));
	CHECK_EQ(ivc_vm_call(&a, AXVM_HC_IVC_UNPUBLISH, 1, 0), REFUSED);
	CHECK_EQ(ivc_vm_load(&a, base), ~0ULL);
	CHECK_EQ(ivc_pages_used(), 0);
	CHECK(ivc_rang(fd, 0));
	CHECK(!ivc_rang(fd, 0));
	CHECK_OK(create_window(&a, IVC_WINDOW, 2 * PAGE, 0));
	CHECK_EQ(ivc_vm_publish(&a, 1, 2 * PAGE, &base), 0);
	CHECK_EQ(ivc_vm_load(&a, base + 8), 1);
	ivc_vm_stop(&a);
}

/* A reset is a power-on: no channels. */
TEST(ivc, a_reset_ends_channels)
{
	uint64_t base;

	ivc_vm_start(&a);
	CHECK_EQ(ivc_vm_publish(&a, 1, PAGE, &base), 0);
	CHECK_OK(ioctl(a.fd, AXVM_VM_STOP, 0));
	vm_join_thread(&a);
	CHECK_EQ(ivc_pages_used(), 1);
	CHECK_OK(ioctl(a.fd, AXVM_VM_RESET, 0));
	CHECK_EQ(ivc_pages_used(), 0);
	vm_destroy(&a);
}
