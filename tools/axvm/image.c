// SPDX-License-Identifier: GPL-2.0
/*
 * Opening and reading of image files: kernels, initramfs files, modules, flat
 * binaries.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

/**
 * image_open() - open a file that has something in it
 * @image: filled in
 * @path: the file; must stay valid
 *
 * Return: 0, or -1 with a message.
 */
int image_open(struct image *image, const char *path)
{
	struct stat st;

	image->path = path;
	image->size = 0;
	/* O_NONBLOCK: a FIFO is refused below, not waited for */
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (image->fd < 0)
		return fail_errno(errno, "%s", path);
	if (fstat(image->fd, &st)) {
		fail_errno(errno, "%s", path);
		goto err_close;
	}
	if (!S_ISREG(st.st_mode)) {
		fail("%s: not a regular file", path);
		goto err_close;
	}
	if (st.st_size <= 0) {
		fail("%s: the file is empty", path);
		goto err_close;
	}
	image->size = st.st_size;
	return 0;

err_close:
	image_close(image);
	return -1;
}

/**
 * image_close() - close a file
 * @image: the file, open or not
 */
void image_close(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

/**
 * image_read() - read a piece
 * @image: the file
 * @offset: where it starts
 * @buf: where it goes
 * @length: its bytes
 *
 * Return: 0, or -1 with a message; also if the file ends before.
 */
int image_read(const struct image *image, u64 offset, void *buf, u64 length)
{
	char *to = buf;
	ssize_t n;

	if (offset > image->size || length > image->size - offset)
		return fail("%s: the file is truncated", image->path);
	while (length) {
		n = pread(image->fd, to, length < GIB ? length : GIB, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "%s", image->path);
		if (!n)
			return fail("%s: the file became shorter while it was read", image->path);
		to += n;
		offset += n;
		length -= n;
	}
	return 0;
}
