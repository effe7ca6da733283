/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An image: a regular file from which pieces are read into buffers or straight
 * into guest memory. It is never mapped, so that a file which shrinks meanwhile
 * is an error and not a SIGBUS.
 */
#ifndef AXVM_TOOL_IMAGE_H
#define AXVM_TOOL_IMAGE_H

#include "util.h"

/**
 * struct image - an open file
 * @path: its name, for messages; owned by the configuration
 * @fd: descriptor, -1 if not open
 * @size: bytes it had when it was opened
 */
struct image {
	const char *path;
	int fd;
	u64 size;
};

const char *image_open(struct image *image, const char *path);
void image_close(struct image *image);
int image_read(const struct image *image, u64 offset, void *buf, u64 length);

#endif /* AXVM_TOOL_IMAGE_H */
