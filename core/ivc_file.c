// SPDX-License-Identifier: GPL-2.0
/*
 * A process as a peer of a channel: a descriptor to map (mmap), to ring (write), and to wait at
 * (read, poll), as an eventfd counts. When it is closed by all who have it, also because they
 * were killed, the end leaves the channel.
 *
 * A mapping is filled page by page on fault, by page frame: the pages stay the channel's, and
 * nobody can pin them. Each descriptor has an address space of its own (struct address_space),
 * by which all its mappings are found when the channel ends: their pages are taken out, and
 * faults from then on find the page of zeros, or SIGBUS if they write.
 *
 * Locks: channel->lock for the count; channel->memory_lock in faults; axvm_ivc_lock to come and
 * go: see ivc.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "ioctl.h"

/**
 * struct ivc_file - a process's end
 * @end: the end
 * @pid: [I] who opened it
 * @mapping: all mappings of the descriptor
 * @wait: who waits in read() and poll()
 * @rings: rings that were not read yet; channel->lock
 * @ended: the channel has ended; channel->lock
 */
struct ivc_file {
	struct axvm_ivc_end end;
	struct pid *pid;
	struct address_space mapping;
	wait_queue_head_t wait;
	u64 rings;
	bool ended;
};

static struct ivc_file *to_file(struct axvm_ivc_end *end)
{
	return container_of(end, struct ivc_file, end);
}

/* --- the end ---------------------------------------------------------------------------- */

static void file_ring(struct axvm_ivc_end *end)
{
	struct ivc_file *f = to_file(end);

	f->rings++;
	wake_up_poll(&f->wait, EPOLLIN);
}

static void file_revoke(struct axvm_ivc_end *end)
{
	struct ivc_file *f = to_file(end);

	/* Faults do not find the pages any more: what is mapped goes, and does not come again. */
	unmap_mapping_range(&f->mapping, 0, 0, 1);
	spin_lock(&end->channel->lock);
	f->ended = true;
	wake_up_poll(&f->wait, EPOLLIN | EPOLLHUP);
	spin_unlock(&end->channel->lock);
}

static void file_describe(const struct axvm_ivc_end *end, struct axvm_ivc_stat *stat)
{
	stat->pid = pid_vnr(container_of(end, struct ivc_file, end)->pid);
}

static const struct axvm_ivc_end_ops file_ops = {
	.ring = file_ring,
	.revoke = file_revoke,
	.describe = file_describe,
};

/* --- read, write, poll ------------------------------------------------------------------ */

/* The rings since the last time. False: none, and more may come */
static bool take_rings(struct ivc_file *f, u64 *rings)
{
	struct axvm_ivc *channel = f->end.channel;
	bool ended;

	spin_lock(&channel->lock);
	*rings = f->rings;
	f->rings = 0;
	ended = f->ended;
	spin_unlock(&channel->lock);
	return *rings || ended;
}

static ssize_t ivc_read(struct file *file, char __user *buffer, size_t size, loff_t *pos)
{
	struct ivc_file *f = file->private_data;
	u64 rings;
	int ret;

	if (size < sizeof(rings))
		return -EINVAL;
	while (!take_rings(f, &rings)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(f->wait, READ_ONCE(f->rings) || READ_ONCE(f->ended));
		if (ret)
			return ret;
	}
	if (!rings)
		return 0;
	return copy_to_user(buffer, &rings, sizeof(rings)) ? -EFAULT : sizeof(rings);
}

static ssize_t ivc_write(struct file *file, const char __user *buffer, size_t size, loff_t *pos)
{
	struct ivc_file *f = file->private_data;
	u64 unused;

	if (size != sizeof(unused))
		return -EINVAL;
	if (copy_from_user(&unused, buffer, sizeof(unused)))
		return -EFAULT;
	if (READ_ONCE(f->ended))
		return -EPIPE;
	axvm_ivc_ring(f->end.channel, &f->end);
	return size;
}

static __poll_t ivc_poll(struct file *file, poll_table *table)
{
	struct ivc_file *f = file->private_data;
	struct axvm_ivc *channel = f->end.channel;
	__poll_t events = EPOLLOUT;

	poll_wait(file, &f->wait, table);
	spin_lock(&channel->lock);
	if (f->rings)
		events |= EPOLLIN;
	if (f->ended)
		events |= EPOLLIN | EPOLLHUP;
	spin_unlock(&channel->lock);
	return events;
}

/* --- mmap ------------------------------------------------------------------------------- */

static vm_fault_t ivc_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct ivc_file *f = vma->vm_file->private_data;
	struct axvm_ivc *channel = f->end.channel;
	pgprot_t prot = vm_get_page_prot(vma->vm_flags);
	vm_fault_t ret = VM_FAULT_SIGBUS;
	void *page;

	down_read(&channel->memory_lock);
	if (channel->memory) {
		page = axvm_ivc_memory_at(channel->memory, (u64)vmf->pgoff << PAGE_SHIFT);
		ret = vmf_insert_pfn_prot(vma, vmf->address, PHYS_PFN(virt_to_phys(page)), prot);
	} else if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		prot = vm_get_page_prot(vma->vm_flags & ~VM_WRITE);
		ret = vmf_insert_pfn_prot(vma, vmf->address, page_to_pfn(ZERO_PAGE(0)), prot);
	}
	up_read(&channel->memory_lock);
	return ret;
}

/* A write to a page that is mapped read-only: never to the page of zeros */
static vm_fault_t ivc_mkwrite(struct vm_fault *vmf)
{
	struct ivc_file *f = vmf->vma->vm_file->private_data;
	struct axvm_ivc *channel = f->end.channel;
	vm_fault_t ret;

	/* If it ends right after this, the page is taken out, and the write comes again. */
	down_read(&channel->memory_lock);
	ret = channel->memory ? 0 : VM_FAULT_SIGBUS;
	up_read(&channel->memory_lock);
	return ret;
}

static const struct vm_operations_struct ivc_vma_ops = {
	.fault = ivc_fault,
	.pfn_mkwrite = ivc_mkwrite,
};

static int ivc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ivc_file *f = file->private_data;
	unsigned long nr = f->end.channel->size >> PAGE_SHIFT;
	unsigned long no_more = VM_MAYEXEC;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff >= nr || vma_pages(vma) > nr - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC || (f->end.readonly && vma->vm_flags & VM_WRITE))
		return -EACCES;
	if (f->end.readonly)
		no_more |= VM_MAYWRITE;
	axvm_vma_change_flags(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP, no_more);
	vma->vm_ops = &ivc_vma_ops;
	return 0;
}

/* --- opening and closing ---------------------------------------------------------------- */

static int ivc_release(struct inode *inode, struct file *file)
{
	struct ivc_file *f = file->private_data;

	if (f->end.channel) {
		mutex_lock(&axvm_ivc_lock);
		axvm_ivc_leave(&f->end);
		mutex_unlock(&axvm_ivc_lock);
	}
	put_pid(f->pid);
	kfree(f);
	return 0;
}

static const struct file_operations ivc_fops = {
	.owner = THIS_MODULE,
	.read = ivc_read,
	.write = ivc_write,
	.poll = ivc_poll,
	.mmap = ivc_mmap,
	.release = ivc_release,
	.llseek = noop_llseek,
};

/* A file whose end has no channel yet, which nobody sees before it has one */
static struct file *make_file(bool readonly)
{
	struct ivc_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!f)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("axvm-ivc", &ivc_fops, f, O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		kfree(f);
		return file;
	}
	f->end.ops = &file_ops;
	f->end.readonly = readonly;
	f->pid = get_pid(task_tgid(current));
	init_waitqueue_head(&f->wait);
	/* All anonymous files share one inode, and its address space. */
	address_space_init_once(&f->mapping);
	f->mapping.host = file_inode(file);
	f->mapping.a_ops = &empty_aops;
	file->f_mapping = &f->mapping;
	return file;
}

static struct axvm_ivc_party process(void)
{
	return (struct axvm_ivc_party){ .user = current_euid() };
}

/* The file's end joins, and the process gets a descriptor; or the file is gone */
static long install(struct file *file, int ret)
{
	int fd = -1;

	if (!ret) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		ret = fd < 0 ? fd : 0;
	}
	if (ret) {
		fput(file);
		return ret;
	}
	fd_install(fd, file);
	return fd;
}

static int publish(struct ivc_file *f, struct axvm_ivc_publish *arg)
{
	const struct axvm_ivc_party owner = process();
	struct axvm_ivc_acl *acl = axvm_ivc_acl_read(arg->peers, arg->nr_peers);
	struct axvm_ivc *channel;
	int ret;

	if (IS_ERR(acl))
		return PTR_ERR(acl);
	channel = axvm_ivc_create(&owner, arg->key, arg->length,
				  arg->flags & AXVM_IVC_READONLY);
	if (IS_ERR(channel)) {
		kfree(acl);
		return PTR_ERR(channel);
	}
	channel->acl = acl;
	mutex_lock(&axvm_ivc_lock);
	ret = axvm_ivc_publish(channel, &f->end);
	mutex_unlock(&axvm_ivc_lock);
	axvm_ivc_put(channel);
	return ret;
}

/**
 * axvm_ivc_publish_file() - AXVM_IVC_PUBLISH
 * @vm: unused
 * @vcpu: unused
 * @arg: struct axvm_ivc_publish
 *
 * Return: a descriptor; -EINVAL: unknown flags, no bytes or too many; -EEXIST: a process of
 * this user has a channel with this key; as axvm_ivc_acl_read() and axvm_ivc_create().
 */
long axvm_ivc_publish_file(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_ivc_publish *p = arg;
	struct file *file;

	if (p->flags & ~AXVM_IVC_READONLY || p->reserved)
		return -EINVAL;
	if (!p->length || p->length > AXVM_IVC_MAX_SIZE)
		return -EINVAL;
	p->length = PAGE_ALIGN(p->length);
	file = make_file(false);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return install(file, publish(file->private_data, p));
}

static int subscribe(struct ivc_file *f, struct axvm_ivc_subscribe *arg)
{
	const struct axvm_ivc_party who = process();
	struct axvm_ivc *channel;
	int ret;

	mutex_lock(&axvm_ivc_lock);
	ret = axvm_ivc_find(&who, arg->publisher, arg->key, &f->end.readonly, &channel);
	if (!ret)
		ret = axvm_ivc_join(channel, &f->end);
	mutex_unlock(&axvm_ivc_lock);
	if (ret)
		return ret;
	arg->length = channel->size;
	arg->flags = f->end.readonly ? AXVM_IVC_READONLY : 0;
	return 0;
}

/**
 * axvm_ivc_subscribe_file() - AXVM_IVC_SUBSCRIBE
 * @vm: unused
 * @vcpu: unused
 * @arg: struct axvm_ivc_subscribe
 *
 * Return: a descriptor; -EINVAL: unknown flags; -ENOSPC: the channel has AXVM_IVC_MAX_ENDS; as
 * axvm_ivc_find().
 */
long axvm_ivc_subscribe_file(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	struct axvm_ivc_subscribe *s = arg;
	struct file *file;

	if (s->flags & ~AXVM_IVC_READONLY || s->length || s->reserved)
		return -EINVAL;
	file = make_file(s->flags & AXVM_IVC_READONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return install(file, subscribe(file->private_data, s));
}

/**
 * axvm_ivc_stat_call() - AXVM_IVC_STAT
 * @vm: unused
 * @vcpu: unused
 * @arg: struct axvm_ivc_stat
 *
 * Return: as axvm_ivc_stat().
 */
long axvm_ivc_stat_call(struct axvm_vm *vm, struct axvm_vcpu *vcpu, void *arg)
{
	return axvm_ivc_stat(arg);
}
