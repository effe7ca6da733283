// SPDX-License-Identifier: GPL-2.0
/*
 * Who may subscribe to a channel: those that its publisher allowed, and nobody else. A process
 * says so with each channel; a VM's launcher, once for all that its guest publishes
 * (AXVM_VM_IVC_ALLOW). A guest that knows or guesses a name has nothing from that: what it
 * may not have is, to it, not there.
 *
 * Between VMs of different users both sides must allow it: else a VM could put itself into the
 * place of another of that number, which has gone.
 *
 * Locks: axvm_ivc_lock for a VM's list; lists never change, they are replaced.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "vm.h"

/**
 * struct allowed - an entry of a list
 * @vm: a VM's serial number; 0: the entry is for a user
 * @user: the user
 * @readonly: to read only
 */
struct allowed {
	u64 vm;
	kuid_t user;
	bool readonly;
};

/**
 * struct axvm_ivc_acl - a list of who may
 * @nr: entries
 * @entry: them
 */
struct axvm_ivc_acl {
	unsigned int nr;
	struct allowed entry[];
};

/* --- lists ------------------------------------------------------------------------------ */

/* The VM that has this number now: one that gets it later is another. */
static u64 serial_of(u32 id)
{
	struct axvm_vm *vm = axvm_vm_next(id);
	u64 serial;

	if (!vm)
		return 0;
	serial = vm->id == id ? vm->ivc.serial : 0;
	axvm_vm_put(vm);
	return serial;
}

static int allow(struct allowed *entry, const struct axvm_ivc_peer *peer)
{
	if (peer->flags & ~AXVM_IVC_READONLY || peer->reserved)
		return -EINVAL;
	entry->readonly = peer->flags & AXVM_IVC_READONLY;
	switch (peer->kind) {
	case AXVM_IVC_PEER_VM:
		entry->user = INVALID_UID;
		entry->vm = serial_of(peer->id);
		return entry->vm ? 0 : -ENOENT;
	case AXVM_IVC_PEER_USER:
		entry->user = make_kuid(current_user_ns(), peer->id);
		return uid_valid(entry->user) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/**
 * axvm_ivc_acl_make() - make a list of who may subscribe
 * @peers: the entries
 * @nr: how many, AXVM_IVC_MAX_PEERS at most
 *
 * Context: may sleep; axvm_ivc_lock not held.
 * Return: the list, the caller's to kfree(); or an error pointer: -EINVAL: too many, a kind or
 * flag or user that there is not; -ENOENT: no such VM; -ENOMEM.
 */
struct axvm_ivc_acl *axvm_ivc_acl_make(const struct axvm_ivc_peer *peers, u32 nr)
{
	struct axvm_ivc_acl *acl;
	unsigned int i;
	int ret;

	if (nr > AXVM_IVC_MAX_PEERS)
		return ERR_PTR(-EINVAL);
	acl = kzalloc(struct_size(acl, entry, nr), GFP_KERNEL_ACCOUNT);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		ret = allow(&acl->entry[i], &peers[i]);
		if (ret) {
			kfree(acl);
			return ERR_PTR(ret);
		}
	}
	acl->nr = nr;
	return acl;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_acl_make);

/**
 * axvm_ivc_acl_read() - the same, from userspace
 * @peers: its array
 * @nr: entries
 *
 * Return: as axvm_ivc_acl_make(); -EINVAL: no entries, but an address; -EFAULT.
 */
struct axvm_ivc_acl *axvm_ivc_acl_read(u64 peers, u32 nr)
{
	struct axvm_ivc_peer *copy = NULL;
	struct axvm_ivc_acl *acl;

	if (nr > AXVM_IVC_MAX_PEERS || (!nr && peers))
		return ERR_PTR(-EINVAL);
	if (nr) {
		copy = memdup_user(u64_to_user_ptr(peers), nr * sizeof(*copy));
		if (IS_ERR(copy))
			return ERR_CAST(copy);
	}
	acl = axvm_ivc_acl_make(copy, nr);
	kfree(copy);
	return acl;
}

/* --- asking ----------------------------------------------------------------------------- */

static enum axvm_ivc_right look_up(const struct axvm_ivc_acl *acl, const struct axvm_ivc_party *who)
{
	enum axvm_ivc_right right = AXVM_IVC_NOTHING;
	const struct allowed *entry;

	if (!acl)
		return AXVM_IVC_NOTHING;
	for (entry = acl->entry; entry < acl->entry + acl->nr; entry++) {
		if (entry->vm ? !who->vm || who->vm->ivc.serial != entry->vm :
				!uid_eq(entry->user, who->user))
			continue;
		if (!entry->readonly)
			return AXVM_IVC_READ_WRITE;
		right = AXVM_IVC_READ;
	}
	return right;
}

/**
 * axvm_ivc_right() - what may somebody do with a channel who asks for it?
 * @channel: the channel, in the table
 * @who: the one who asks
 *
 * Context: axvm_ivc_lock held.
 */
enum axvm_ivc_right axvm_ivc_right(const struct axvm_ivc *channel,
				   const struct axvm_ivc_party *who)
{
	const struct axvm_ivc_party *owner = &channel->owner;

	if (who->vm && !uid_eq(owner->user, who->user) &&
	    look_up(who->vm->ivc.acl, owner) == AXVM_IVC_NOTHING)
		return AXVM_IVC_NOTHING;
	return look_up(owner->vm ? owner->vm->ivc.acl : channel->acl, who);
}
