/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions that `ld --wrap` puts between the launcher and the C library.
 */
#ifndef AXVM_TOOL_TESTS_FAKE_H
#define AXVM_TOOL_TESTS_FAKE_H

int __real_open(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, void *arg);

#endif /* AXVM_TOOL_TESTS_FAKE_H */
