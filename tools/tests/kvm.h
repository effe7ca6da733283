/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The same small machine as vm.h's on /dev/kvm: for measuring beside it, and for running
 * at the same time.
 */
#ifndef TESTS_KVM_H
#define TESTS_KVM_H

#include <linux/kvm.h>

#include "vm.h"

struct kvm {
	int fd;
	int vcpu;
	int other;		/* vCPU 1, if there is one */
	struct kvm_run *run;
	size_t run_size;
	uint8_t *memory;
};

int kvm_system(void);
bool kvm_present(void);
void kvm_create(struct kvm *kvm);
void kvm_load(struct kvm *kvm, enum guest_mode mode, const struct blob *code);
uint32_t kvm_run(struct kvm *kvm);
void kvm_destroy(struct kvm *kvm);

/* The family's own, called by kvm_create() */
void kvm_create_devices(struct kvm *kvm);
void kvm_init_vcpu(struct kvm *kvm);

#ifndef __aarch64__
void kvm_set_cpuid(int vcpu);
#endif

#endif /* TESTS_KVM_H */
