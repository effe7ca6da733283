// SPDX-License-Identifier: GPL-2.0
/*
 * The table of channels: who publishes what, who shares it, and what becomes of them when a
 * channel ends. Who the ends are, VMs or processes, is not known here.
 *
 * Owns: struct axvm_ivc. A channel is found by its publisher's number and a key, and no
 * longer once it has ended; it is freed with its last end.
 *
 * Locks: axvm_ivc_lock, see ivc.h; channel->lock for the doorbell.
 */
#include <linux/slab.h>

#include "vm.h"

/* Everything that changes: see ivc.h */
DEFINE_MUTEX(axvm_ivc_lock);
static LIST_HEAD(channels);
static u64 last_serial;

/* --- life ------------------------------------------------------------------------------- */

static void channel_free(struct kref *ref)
{
	struct axvm_ivc *channel = container_of(ref, struct axvm_ivc, ref);

	/* Of one that was never published; an end takes the pages away. */
	axvm_ivc_memory_free(channel->memory);
	kfree(channel->acl);
	kfree(channel);
}

/**
 * axvm_ivc_put() - one reference less
 * @channel: the channel
 */
void axvm_ivc_put(struct axvm_ivc *channel)
{
	kref_put(&channel->ref, channel_free);
}

/**
 * axvm_ivc_create() - make a channel that nobody can find yet
 * @owner: who will publish it
 * @key: its key
 * @size: bytes: whole pages, AXVM_IVC_MAX_SIZE at most
 * @readonly: subscribers only read
 *
 * Its pages are zeros, but for the header.
 *
 * Context: may sleep.
 * Return: the channel with one reference, or an error pointer: -ENOMEM; -EINTR: a fatal signal.
 */
struct axvm_ivc *axvm_ivc_create(const struct axvm_ivc_party *owner, u64 key, u64 size,
				 bool readonly)
{
	struct axvm_ivc *channel = kzalloc(sizeof(*channel), GFP_KERNEL_ACCOUNT);
	struct axvm_ivc_header *header;
	struct axvm_ivc_memory *memory;

	if (!channel)
		return ERR_PTR(-ENOMEM);
	memory = axvm_ivc_memory_alloc(size);
	if (IS_ERR(memory)) {
		kfree(channel);
		return ERR_CAST(memory);
	}
	kref_init(&channel->ref);
	INIT_LIST_HEAD(&channel->list);
	init_rwsem(&channel->memory_lock);
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->ends);
	channel->owner = *owner;
	channel->publisher = owner->vm ? owner->vm->id : AXVM_IVC_HOST;
	channel->key = key;
	channel->size = size;
	channel->readonly = readonly;
	channel->memory = memory;
	header = axvm_ivc_memory_at(memory, 0);
	header->publisher = channel->publisher;
	header->key = key;
	return channel;
}

/* --- the table; axvm_ivc_lock held ------------------------------------------------------ */

/* Processes of different users do not take keys away from each other. */
static struct axvm_ivc *find(u32 publisher, u64 key, kuid_t user)
{
	struct axvm_ivc *channel;

	list_for_each_entry(channel, &channels, list)
		if (channel->publisher == publisher && channel->key == key &&
		    (publisher != AXVM_IVC_HOST || uid_eq(channel->owner.user, user)))
			return channel;
	return NULL;
}

/**
 * axvm_ivc_find() - a channel to subscribe to
 * @who: who wants to
 * @publisher: number of the VM that published it, or AXVM_IVC_HOST
 * @key: its key
 * @readonly: in: to read only; out: set also if no more is allowed
 * @channel: filled in
 *
 * Context: axvm_ivc_lock held.
 * Return: 0; -ENOENT: there is none of that name; -EACCES: its publisher does not allow it;
 * -EINVAL: it is one's own.
 */
int axvm_ivc_find(const struct axvm_ivc_party *who, u32 publisher, u64 key, bool *readonly,
		  struct axvm_ivc **channel)
{
	enum axvm_ivc_right right;

	*channel = find(publisher, key, who->user);
	if (!*channel)
		return -ENOENT;
	if (who->vm && who->vm == (*channel)->owner.vm)
		return -EINVAL;
	right = axvm_ivc_right(*channel, who);
	if (right == AXVM_IVC_NOTHING)
		return -EACCES;
	*readonly |= (*channel)->readonly || right == AXVM_IVC_READ;
	return 0;
}

/**
 * axvm_ivc_join() - one more end
 * @channel: the channel
 * @end: the end, with its ops, and publisher and readonly as they are to be
 *
 * Context: axvm_ivc_lock held.
 * Return: 0, or -ENOSPC: it has AXVM_IVC_MAX_ENDS.
 */
int axvm_ivc_join(struct axvm_ivc *channel, struct axvm_ivc_end *end)
{
	if (channel->nr_ends == AXVM_IVC_MAX_ENDS)
		return -ENOSPC;
	kref_get(&channel->ref);
	end->channel = channel;
	spin_lock(&channel->lock);
	list_add_tail(&end->list, &channel->ends);
	spin_unlock(&channel->lock);
	channel->nr_ends++;
	return 0;
}

/**
 * axvm_ivc_publish() - let a new channel be found
 * @channel: the channel
 * @end: its publisher's end
 *
 * Context: axvm_ivc_lock held.
 * Return: 0, or -EEXIST: the publisher has one with this key.
 */
int axvm_ivc_publish(struct axvm_ivc *channel, struct axvm_ivc_end *end)
{
	int ret;

	if (find(channel->publisher, channel->key, channel->owner.user))
		return -EEXIST;
	end->publisher = true;
	ret = axvm_ivc_join(channel, end);
	if (ret)
		return ret;
	channel->serial = ++last_serial;
	list_add_tail(&channel->list, &channels);
	return 0;
}

/* channel->lock held */
static void ring_all(struct axvm_ivc *channel, const struct axvm_ivc_end *except)
{
	struct axvm_ivc_end *end;

	list_for_each_entry(end, &channel->ends, list)
		if (end != except)
			end->ops->ring(end);
}

/*
 * The publisher goes: nobody finds the channel any more, page faults find no pages, then
 * those go that are mapped, and then they are freed.
 */
static void finish(struct axvm_ivc_end *publisher)
{
	struct axvm_ivc *channel = publisher->channel;
	struct axvm_ivc_memory *memory;
	struct axvm_ivc_end *end;

	list_del_init(&channel->list);
	down_write(&channel->memory_lock);
	memory = channel->memory;
	channel->memory = NULL;
	up_write(&channel->memory_lock);
	list_for_each_entry(end, &channel->ends, list)
		if (end != publisher)
			end->ops->revoke(end);
	axvm_ivc_memory_free(memory);
	/* Who waits for the other side is to see that there is none. */
	spin_lock(&channel->lock);
	ring_all(channel, publisher);
	spin_unlock(&channel->lock);
}

/**
 * axvm_ivc_leave() - an end goes; with the publisher's, the channel ends
 * @end: the end, through which nobody reaches the pages any more
 *
 * When it returns, the end is not rung any more.
 *
 * Context: axvm_ivc_lock held; may sleep.
 */
void axvm_ivc_leave(struct axvm_ivc_end *end)
{
	struct axvm_ivc *channel = end->channel;

	if (end->publisher)
		finish(end);
	spin_lock(&channel->lock);
	list_del(&end->list);
	spin_unlock(&channel->lock);
	channel->nr_ends--;
	end->channel = NULL;
	axvm_ivc_put(channel);
}

/* --- the doorbell ----------------------------------------------------------------------- */

/**
 * axvm_ivc_ring() - ring at all ends but one
 * @channel: the channel
 * @except: where it is rung; not looked into: it may leave meanwhile
 *
 * Context: process context; no lock needed.
 */
void axvm_ivc_ring(struct axvm_ivc *channel, const struct axvm_ivc_end *except)
{
	spin_lock(&channel->lock);
	channel->rings++;
	ring_all(channel, except);
	spin_unlock(&channel->lock);
}

/* --- who shares what -------------------------------------------------------------------- */

static struct axvm_ivc_end *end_number(struct axvm_ivc *channel, u32 number)
{
	struct axvm_ivc_end *end;

	list_for_each_entry(end, &channel->ends, list)
		if (!number--)
			return end;
	return NULL;
}

static void describe(const struct axvm_ivc *channel, const struct axvm_ivc_end *end,
		     struct axvm_ivc_stat *stat)
{
	stat->channel = channel->serial;
	stat->key = channel->key;
	stat->length = channel->size;
	stat->rings = channel->rings;
	stat->publisher = channel->publisher;
	stat->gpa = 0;
	stat->vm = 0;
	stat->flags = (end->publisher ? AXVM_IVC_PUBLISHER : 0) |
		      (end->readonly ? AXVM_IVC_READONLY : 0);
	end->ops->describe(end, stat);
}

/**
 * axvm_ivc_stat() - AXVM_IVC_STAT
 * @stat: in: the smallest channel and end wanted; out: those found
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT: there are no more.
 */
int axvm_ivc_stat(struct axvm_ivc_stat *stat)
{
	struct axvm_ivc *channel;
	struct axvm_ivc_end *end;
	int ret = -ENOENT;

	mutex_lock(&axvm_ivc_lock);
	list_for_each_entry(channel, &channels, list) {
		if (channel->serial < stat->channel)
			continue;
		if (channel->serial > stat->channel)
			stat->end = 0;
		end = end_number(channel, stat->end);
		if (!end)
			continue;
		describe(channel, end, stat);
		ret = 0;
		break;
	}
	mutex_unlock(&axvm_ivc_lock);
	return ret;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_ivc_stat);
