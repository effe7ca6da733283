// SPDX-License-Identifier: GPL-2.0
/*
 * Opening and reading of image files: kernels, initramfs files, modules, flat
 * binaries.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

/**
 * image_open() - open a file that has something in it
 * @image: filled in
 * @path: the file; must stay valid
 *
 * Return: NULL, or why not; a message is the caller's.
 */
const char *image_open(struct image *image, const char *path)
{
	const char *why;
	struct stat st;

	image->path = path;
	image->size = 0;
	/* O_NONBLOCK: a FIFO is refused below, not waited for */
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (image->fd < 0)
		return strerror(errno);
	if (fstat(image->fd, &st))
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_size <= 0)
		why = "the file is empty";
	else
		why = NULL;
	if (why)
		image_close(image);
	else
		image->size = st.st_size;
	return why;
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
