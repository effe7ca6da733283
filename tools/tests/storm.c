// SPDX-License-Identifier: GPL-2.0
/* A guest that counts its interrupts: see storm.h. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "storm.h"

#define CONTROL	(GUEST_DATA + 0x4000)

/**
 * storm_count() - where a vCPU counts interrupts of a kind
 * @storm: the VM
 * @vcpu: the vCPU
 * @irq: vector or INTID
 */
uint32_t *storm_count(struct storm *storm, unsigned int vcpu, uint32_t irq)
{
#ifdef __aarch64__
	return vm_word(&storm->vm, vcpu * 1024 + irq);
#else
	(void)vcpu;	/* a vector is used for one of them only */
	return vm_word(&storm->vm, irq);
#endif
}

/**
 * storm_control() - what a vCPU is told
 * @storm: the VM
 * @vcpu: the vCPU
 */
struct storm_control *storm_control(struct storm *storm, unsigned int vcpu)
{
	return (struct storm_control *)(storm->vm.memory + CONTROL) + vcpu;
}

/* What one vCPU tells the other to count */
static void set_control(struct storm *storm, unsigned int vcpu)
{
	unsigned int other = (vcpu + 1) % STORM_VCPUS;
	struct storm_control *control = storm_control(storm, vcpu);
	uint8_t *counted = (uint8_t *)storm_count(storm, other, STORM_IPI(other));

	control->dest = other << 24;
	control->icr = 0x4000 | STORM_IPI(other);
	control->sgi = (uint64_t)STORM_IPI(other) << 24 | 1 << other;
	control->counted = GUEST_RAM + (counted - storm->vm.memory);
	control->awake = 0x3f;
}

/**
 * storm_make() - make the VM, not booted
 * @storm: filled in
 */
void storm_make(struct storm *storm)
{
	struct axvm_create_vcpu create = { .size = sizeof(create) };
	unsigned int i;

	vm_create(&storm->vm, 0);
	storm->vcpu[0] = storm->vm.vcpu;
	for (i = 1; i < STORM_VCPUS; i++) {
		create.id = i;
		storm->vcpu[i] = ioctl(storm->vm.fd, AXVM_VM_CREATE_VCPU, &create);
		if (storm->vcpu[i] < 0)
			die("AXVM_VM_CREATE_VCPU");
	}
	storm_add_devices(storm);
	storm_reload(storm);
}

/**
 * storm_reload() - code, registers and what the vCPUs are told, as for the first start
 * @storm: a VM, not booted
 */
void storm_reload(struct storm *storm)
{
	unsigned int i;

	storm_load(storm);
	for (i = 0; i < STORM_VCPUS; i++) {
		memset(storm_control(storm, i), 0, sizeof(struct storm_control));
		set_control(storm, i);
	}
}

struct start {
	struct storm *storm;
	unsigned int vcpu;
};

static struct start starts[STORM_VCPUS];

static void *run(void *data)
{
	struct start *start = data;
	struct storm *storm = start->storm;

	__atomic_store_n(&storm->tid[start->vcpu], syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (ioctl(storm->vcpu[start->vcpu], AXVM_VCPU_RUN, 0) < 0)
		if (errno != EINTR)
			die("AXVM_VCPU_RUN");
	return NULL;
}

/**
 * storm_start() - boot, and wait until all vCPUs have their interrupts on
 * @storm: the VM
 */
void storm_start(struct storm *storm)
{
	unsigned int i;

	vm_boot(&storm->vm);
	for (i = 0; i < STORM_VCPUS; i++) {
		starts[i] = (struct start){ storm, i };
		errno = pthread_create(&storm->thread[i], NULL, run, &starts[i]);
		if (errno)
			die("pthread_create");
	}
	for (i = 0; i < STORM_VCPUS; i++)
		if (!wait_for(&storm_control(storm, i)->ready, 1))
			die("vCPU %u is not ready", i);
}

/**
 * storm_join() - wait until all vCPUs have left the kernel
 * @storm: a VM that was stopped
 */
void storm_join(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < STORM_VCPUS; i++)
		pthread_join(storm->thread[i], NULL);
}

/**
 * storm_stop() - stop the VM
 * @storm: a VM that runs
 */
void storm_stop(struct storm *storm)
{
	CHECK_OK(ioctl(storm->vm.fd, AXVM_VM_STOP, 0));
	storm_join(storm);
}

/**
 * storm_destroy() - free it
 * @storm: a VM whose threads are joined
 */
void storm_destroy(struct storm *storm)
{
	unsigned int i;

	for (i = 1; i < STORM_VCPUS; i++)
		close(storm->vcpu[i]);
	vm_destroy(&storm->vm);
}

/**
 * storm_settled() - so many interrupts were counted, and no more come
 * @storm: the VM
 * @vcpu: the vCPU
 * @irq: of what kind
 * @count: how many
 */
bool storm_settled(struct storm *storm, unsigned int vcpu, uint32_t irq, uint32_t count)
{
	uint32_t *counter = storm_count(storm, vcpu, irq);

	if (!wait_for(counter, count))
		return false;
	sleep_ms(10);
	return __atomic_load_n(counter, __ATOMIC_RELAXED) == count;
}

/**
 * storm_inject() - AXVM_VM_INJECT
 * @storm: the VM
 * @vcpu: to which vCPU
 * @irq: what
 *
 * Return: 0 or -1 with errno.
 */
int storm_inject(struct storm *storm, unsigned int vcpu, uint32_t irq)
{
	struct axvm_inject inject = { .size = sizeof(inject), .vcpu = vcpu, .irq = irq };

	return ioctl(storm->vm.fd, AXVM_VM_INJECT, &inject);
}
