/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM in the kernel, as the launcher holds it: its descriptors, its vCPUs with
 * their threads, and the console's descriptor.
 */
#ifndef AXVM_TOOL_VM_H
#define AXVM_TOOL_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "boot.h"
#include "config.h"
#include "memory.h"

#define AXVM_DEVICE_FILE	"/dev/axvm"

struct pci_bus;
struct vm;

/**
 * struct vcpu - a virtual CPU and the thread that runs it
 * @vm: its VM
 * @id: its number
 * @fd: its descriptor
 * @run: the page shared with the kernel
 * @thread: runs it
 * @started: @thread is there and must be joined
 * @failed: the VM failed because of this vCPU
 * @entry_failed: ... because the CPU refused to run it, which is still to be said
 */
struct vcpu {
	struct vm *vm;
	u32 id;
	int fd;
	struct axvm_run *run;
	pthread_t thread;
	bool started;
	bool failed;
	bool entry_failed;
};

/**
 * struct vm - a virtual machine
 * @config: what it was made from
 * @system_fd: /dev/axvm
 * @fd: the VM
 * @console_fd: the console device's byte stream, or -1
 * @done_fd: eventfd: each vCPU thread that ends adds one
 * @info: what kernel and hardware can do
 * @vcpus: its vCPUs
 * @nr_running: vCPU threads that have not ended
 * @quit: vCPU threads shall end whatever the kernel says
 * @stopper: the thread that waits in AXVM_VM_STOP
 * @stopping: @stopper is there and must be joined
 * @pci: its PCI bus, or NULL
 */
struct vm {
	const struct vm_config *config;
	int system_fd;
	int fd;
	int console_fd;
	int done_fd;
	struct axvm_info info;
	struct vcpu *vcpus;
	atomic_uint nr_running;
	atomic_bool quit;
	pthread_t stopper;
	bool stopping;
	struct pci_bus *pci;
};

/* vm.c */
int vm_open_system(bool *absent);
int vm_create(struct vm *vm, const struct vm_config *config, const struct guest_memory *memory);
void vm_destroy(struct vm *vm);
int vm_set_regs(struct vm *vm, const struct boot_regs *first);
int vm_reset(struct vm *vm);
int vm_boot(struct vm *vm);
int vm_status(struct vm *vm, struct axvm_vm_status *status);
int vm_ioctl_failed(const char *what);

/* passthrough.c */
int vm_pass_through(struct vm *vm);

/* vcpu.c */
int vcpus_start(struct vm *vm);
void vcpus_stop(struct vm *vm);
void vcpus_join(struct vm *vm);

#endif /* AXVM_TOOL_VM_H */
