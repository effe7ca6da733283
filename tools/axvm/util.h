/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small things that every file of the launcher needs: integer types, messages,
 * numbers and sizes as people write them.
 */
#ifndef AXVM_TOOL_UTIL_H
#define AXVM_TOOL_UTIL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define KIB			1024ULL
#define MIB			(1024 * KIB)
#define GIB			(1024 * MIB)
#define PAGE_BYTES		(4 * KIB)

#define BIT(n)			(1U << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* As in the kernel: a compiler checks arguments against the format */
#define __printf(fmt, args)	__attribute__((	\
	__format__(__printf__, fmt, args)))

/*
 * Exit statuses. A guest's own status, written to its debug-exit port, is passed
 * on as it is and may equal any of these.
 */
#define STATUS_POWEROFF		0	/* the guest switched itself off */
#define STATUS_NO_GUESTS	1	/* doctor: this host can't run guests */
#define STATUS_ERROR		2	/* bad arguments, bad images, no hypervisor */
#define STATUS_RESET		100	/* the guest asked for a reset */
#define STATUS_TRIPLE_FAULT	101	/* the guest's CPU shut down */
#define STATUS_VM_ERROR		102	/* the VM failed while it ran */
#define STATUS_ENDED		103	/* ended by the escape key */
#define STATUS_SIGNAL		128	/* + number of the signal that ended it */

int __printf(1, 2) note(const char *fmt, ...);
int __printf(2, 3) note_errno(int error, const char *fmt, ...);
void messages_need_cr(bool yes);

bool parse_number(const char *text, u64 *value);
bool parse_size(const char *text, u64 *value);
const char *size_text(u64 bytes, char *buf, size_t length);

/* Inline, so that a compiler sees that what follows a failure is not reached */
static inline int failed(int said)
{
	(void)said;
	return -1;
}

/* Say what is wrong; a function can end with it, because it is -1 */
#define fail(...)		failed(note(__VA_ARGS__))
#define fail_errno(error, ...)	failed(note_errno(error, __VA_ARGS__))

static inline u64 align_up(u64 value, u64 alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static inline u64 align_down(u64 value, u64 alignment)
{
	return value & ~(alignment - 1);
}

#endif /* AXVM_TOOL_UTIL_H */
