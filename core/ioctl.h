/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctl table: how a call is described, and who dispatches it.
 */
#ifndef AXVM_CORE_IOCTL_H
#define AXVM_CORE_IOCTL_H

#include <linux/fs.h>

#include "vm.h"

/* What a call is made on */
enum axvm_object {
	AXVM_ON_SYSTEM,
	AXVM_ON_VM,
	AXVM_ON_VCPU,
};

/* axvm_call.flags */
#define AXVM_CALL_OUT		BIT(0)	/* the structure is copied back */
#define AXVM_CALL_LOCK_VM	BIT(1)	/* vm->lock is held */
#define AXVM_CALL_LOCK_VCPU	BIT(2)	/* vcpu->lock is held */
#define AXVM_CALL_MM		BIT(3)	/* the caller's address space must be the VM's */
#define AXVM_CALL_REGS		BIT(4)	/* the size is the backend's regs_size */

/**
 * struct axvm_call - one ioctl
 * @cmd: AXVM_*
 * @name: for a person
 * @object: which descriptor takes it
 * @flags: AXVM_CALL_*
 * @capability: CAP_* the caller needs, or -1: the file mode of /dev/axvm is enough
 * @size: sizeof() of its structure; 0: no argument (which must be 0)
 * @min_size: what version 1 of the structure had, where it has grown since (0: as
 *            @size): a shorter one is refused
 * @fn: does it; @vm and @vcpu as far as the object has them; a value >= 0 is the result
 */
struct axvm_call {
	unsigned int cmd;
	const char *name;
	enum axvm_object object;
	u32 flags;
	int capability;
	size_t size;
	size_t min_size;
	long (*fn)(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
};

extern const struct axvm_call axvm_calls[];
extern const unsigned int axvm_nr_calls;

long axvm_ioctl(enum axvm_object object, struct axvm_vm *vm, struct axvm_vcpu *vcpu,
		unsigned int cmd, unsigned long arg);

/* core/calls_*.c: the bodies */
long axvm_get_info(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
long axvm_create_vm(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
long axvm_stat(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
long axvm_type_info(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);

/* core/ivc_file.c */
long axvm_ivc_publish_file(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
long axvm_ivc_subscribe_file(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);
long axvm_ivc_stat_call(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg);

/* core/files.c */
extern const struct file_operations axvm_dev_fops;
int axvm_vm_fd(struct axvm_vm *vm);
int axvm_vcpu_fd(struct axvm_vcpu *vcpu);

#endif /* AXVM_CORE_IOCTL_H */
