// SPDX-License-Identifier: GPL-2.0
/* VMs and processes that share channels: see ivc.h. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "ivc.h"

/* --- a VM ----------------------------------------------------------------------------------- */

/**
 * ivc_vm_start() - a VM with a window, whose guest waits to be told what to do
 * @vm: filled in
 *
 * Return: the number of the window among its devices.
 */
uint32_t ivc_vm_start(struct vm *vm)
{
	uint32_t window;

	vm_create(vm, 0);
#ifdef __aarch64__
	vm_add_board_devices(vm);
#else
	vm_add_pc_devices(vm);
#endif
	window = vm_add_device(vm, AXVM_DEV_IVC_CHANNEL, IVC_WINDOW, IVC_WINDOW_SIZE, IVC_LINE);
#ifdef __aarch64__
	vm_load(vm, GUEST_FLAT, ivc_guest());
#else
	vm_load(vm, GUEST_PAGED, ivc_guest());
#endif
	vm_start_thread(vm);
	return window;
}

/**
 * ivc_vm_stop() - end it
 * @vm: the VM
 */
void ivc_vm_stop(struct vm *vm)
{
	CHECK_OK(ioctl(vm->fd, AXVM_VM_STOP, 0));
	vm_join_thread(vm);
	vm_destroy(vm);
}

/**
 * ivc_control() - what the guest is told
 * @vm: the VM
 */
struct ivc_control *ivc_control(struct vm *vm)
{
	return (struct ivc_control *)(vm->memory + GUEST_DATA);
}

/**
 * ivc_do() - let the guest do something
 * @vm: the VM
 * @op: what
 * @nr: of a hypercall
 * @a: argument
 * @b: argument
 * @c: argument
 * @d: argument
 *
 * Return: what the guest got.
 */
uint64_t ivc_do(struct vm *vm, enum ivc_op op, uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d)
{
	struct ivc_control *control = ivc_control(vm);
	unsigned int i;

	control->nr = nr;
	control->arg[0] = a;
	control->arg[1] = b;
	control->arg[2] = c;
	control->arg[3] = d;
	__atomic_store_n(&control->op, op, __ATOMIC_RELEASE);
	for (i = 0; i < 30000 && __atomic_load_n(&control->op, __ATOMIC_ACQUIRE); i++)
		usleep(i < 100 ? 50 : 1000);
	if (control->op)
		die("the guest does nothing");
	return control->result;
}

static uint64_t answer_at(unsigned int word)
{
	return GUEST_RAM + GUEST_DATA + offsetof(struct ivc_control, answer) + 8 * word;
}

/**
 * ivc_vm_publish() - the guest publishes a channel
 * @vm: the VM
 * @key: its key
 * @size: bytes
 * @base: where it is in the guest
 */
uint64_t ivc_vm_publish(struct vm *vm, uint64_t key, uint64_t size, uint64_t *base)
{
	uint64_t ret;

	ivc_control(vm)->answer[1] = size;
	ret = ivc_do(vm, IVC_HYPERCALL, AXVM_HC_IVC_PUBLISH, key, answer_at(0), answer_at(1), 0);
	*base = ivc_control(vm)->answer[0];
	return ret;
}

/**
 * ivc_vm_subscribe() - the guest subscribes to a channel
 * @vm: the VM
 * @publisher: whose
 * @key: its key
 * @base: where it is in the guest
 */
uint64_t ivc_vm_subscribe(struct vm *vm, uint32_t publisher, uint64_t key, uint64_t *base)
{
	uint64_t ret;

	ret = ivc_do(vm, IVC_HYPERCALL, AXVM_HC_IVC_SUBSCRIBE, publisher, key, answer_at(0),
		     answer_at(1));
	*base = ivc_control(vm)->answer[0];
	return ret;
}

/**
 * ivc_vm_call() - any other hypercall
 * @vm: the VM
 * @nr: its number
 * @a: argument
 * @b: argument
 */
uint64_t ivc_vm_call(struct vm *vm, uint64_t nr, uint64_t a, uint64_t b)
{
	return ivc_do(vm, IVC_HYPERCALL, nr, a, b, answer_at(0), answer_at(1));
}

/**
 * ivc_vm_load() - the guest loads 8 bytes
 * @vm: the VM
 * @at: guest-physical address
 */
uint64_t ivc_vm_load(struct vm *vm, uint64_t at)
{
	return ivc_do(vm, IVC_LOAD, 0, at, 0, 0, 0);
}

/**
 * ivc_vm_store() - the guest stores 8 bytes
 * @vm: the VM
 * @at: guest-physical address
 * @value: what
 */
void ivc_vm_store(struct vm *vm, uint64_t at, uint64_t value)
{
	ivc_do(vm, IVC_STORE, 0, at, value, 0, 0);
}

/* --- who may -------------------------------------------------------------------------------- */

/**
 * ivc_allow() - say who may subscribe to what a VM publishes
 * @vm: the VM
 * @peers: who
 * @nr: how many
 *
 * Return: 0, or -1 with errno.
 */
int ivc_allow(struct vm *vm, const struct axvm_ivc_peer *peers, uint32_t nr)
{
	struct axvm_ivc_allow allow = {
		.size = sizeof(allow), .nr_peers = nr, .peers = (uintptr_t)peers,
	};

	return ioctl(vm->fd, AXVM_VM_IVC_ALLOW, &allow);
}

/**
 * ivc_user() - all of this process's user
 * @flags: AXVM_IVC_READONLY
 */
struct axvm_ivc_peer ivc_user(uint32_t flags)
{
	return (struct axvm_ivc_peer){
		.kind = AXVM_IVC_PEER_USER, .id = geteuid(), .flags = flags,
	};
}

/**
 * ivc_allow_user() - all of this user may subscribe to what a VM publishes
 * @vm: the VM
 * @flags: AXVM_IVC_READONLY
 */
void ivc_allow_user(struct vm *vm, uint32_t flags)
{
	struct axvm_ivc_peer peer = ivc_user(flags);

	if (ivc_allow(vm, &peer, 1))
		die("AXVM_VM_IVC_ALLOW");
}

/* --- a process ------------------------------------------------------------------------------- */

/**
 * ivc_publish() - this process publishes a channel
 * @key: its key
 * @length: bytes
 * @flags: AXVM_IVC_READONLY
 * @peers: who may subscribe
 * @nr: how many
 *
 * Return: a descriptor, or -1 with errno.
 */
int ivc_publish(uint64_t key, uint64_t length, uint32_t flags, const struct axvm_ivc_peer *peers,
		uint32_t nr)
{
	struct axvm_ivc_publish publish = {
		.size = sizeof(publish), .flags = flags, .key = key, .length = length,
		.peers = (uintptr_t)peers, .nr_peers = nr,
	};

	return ioctl(vm_system(), AXVM_IVC_PUBLISH, &publish);
}

/**
 * ivc_subscribe() - this process subscribes to a channel
 * @publisher: whose
 * @key: its key
 * @flags: AXVM_IVC_READONLY
 *
 * Return: a descriptor, or -1 with errno.
 */
int ivc_subscribe(uint32_t publisher, uint64_t key, uint32_t flags)
{
	struct axvm_ivc_subscribe subscribe = {
		.size = sizeof(subscribe), .flags = flags, .key = key, .publisher = publisher,
	};

	return ioctl(vm_system(), AXVM_IVC_SUBSCRIBE, &subscribe);
}

/**
 * ivc_ring() - ring the doorbell of a channel
 * @fd: the channel
 */
void ivc_ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		die("write to a channel");
}

/**
 * ivc_rang() - wait until the doorbell was rung, and take it
 * @fd: the channel
 * @ms: how long
 *
 * Return: false: not in time, or the channel has ended.
 */
bool ivc_rang(int fd, int ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t rings;

	return poll(&wait, 1, ms) == 1 && read(fd, &rings, sizeof(rings)) == sizeof(rings);
}

/**
 * ivc_pages_used() - how many pages all channels of this machine have
 */
long ivc_pages_used(void)
{
	FILE *file = fopen("/sys/module/axvm/parameters/ivc_pages", "r");
	long pages = -1;

	if (!file || fscanf(file, "%ld", &pages) != 1)
		die("the pages of channels");
	fclose(file);
	return pages;
}
