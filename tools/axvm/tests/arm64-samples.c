// SPDX-License-Identifier: GPL-2.0
/*
 * A small valid kernel image for arm64.
 */
#include <string.h>

#include "check.h"

/**
 * sample_kernel() - an Image
 * @image: SAMPLE_BYTES
 *
 * Return: its length.
 */
size_t sample_kernel(u8 *image)
{
	memset(image, 0, SAMPLE_BYTES);
	memcpy(image + 56, "ARM\x64", 4);
	return SAMPLE_BYTES;
}
