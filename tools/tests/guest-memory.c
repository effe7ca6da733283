// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory is the launcher's memory: what the launcher maps, unmaps or protects is what
 * the guest sees, also while it runs; and large pages are mapped as large pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "vm.h"
#include "x86.h"

#define WATCHED	0x400000UL	/* the guest watches this page */
#define PAGE	4096

static struct vm vm;
static uint8_t *page;

/* Copies the watched word to word 0, again and again, and counts in word 1 */
BLOB(watcher, 64,
	    "1:	mov	0x400000, %eax\n"
	    "	mov	%eax, 0x8000\n"
	    "	incl	0x8004\n"
	    "	jmp	1b\n");

/* Writes its counter to the watched page */
BLOB(writer, 64,
	    "1:	incl	0x8004\n"
	    "	mov	0x8004, %eax\n"
	    "	mov	%eax, 0x400000\n"
	    "	jmp	1b\n");

static void *map(void *where, int share)
{
	void *p = mmap(where, PAGE, PROT_READ | PROT_WRITE,
		       share | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void start(const struct blob *code, uint32_t flags, int share)
{
	vm_create(&vm, flags);
	vm_add_pc_devices(&vm);
	page = map(NULL, share);
	*(uint32_t *)page = 1;
	vm_set_slot(&vm, 1, 0, WATCHED, page, PAGE);
	vm_load(&vm, GUEST_PAGED, code);
	vm_start_thread(&vm);
	CHECK(wait_for(vm_word(&vm, 1), 10));
}

/* The guest has gone round since now, and this is what it found */
static uint32_t seen(void)
{
	uint32_t *count = vm_word(&vm, 1);

	CHECK(wait_for(count, *count + 3));
	return *vm_word(&vm, 0);
}

static void stop(void)
{
	CHECK_OK(ioctl(vm.fd, AXVM_VM_STOP, 0));
	vm_join_thread(&vm);
}

TEST(guest, memory_follows_writes)
{
	start(&watcher, 0, MAP_SHARED);
	CHECK_EQ(seen(), 1);
	*(uint32_t *)page = 2;
	CHECK_EQ(seen(), 2);
	stop();
}

TEST(guest, memory_follows_mmap)
{
	int i;

	start(&watcher, 0, MAP_SHARED);
	CHECK_EQ(seen(), 1);
	for (i = 2; i < 20; i++) {
		void *other = map(NULL, MAP_SHARED);

		/* Another page comes to the address, filled before it is there. */
		*(uint32_t *)other = i;
		CHECK(mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) == page);
		CHECK_EQ(seen(), i);
	}
	stop();
}

TEST(guest, memory_follows_madvise)
{
	start(&watcher, 0, MAP_PRIVATE);
	CHECK_EQ(seen(), 1);
	CHECK_OK(madvise(page, PAGE, MADV_DONTNEED));
	CHECK_EQ(seen(), 0);
	*(uint32_t *)page = 3;
	CHECK_EQ(seen(), 3);
	stop();
}

/* A page that the guest has only read may be a shared one: the launcher's write replaces it. */
TEST(guest, memory_follows_copy_on_write)
{
	start(&watcher, 0, MAP_PRIVATE);
	CHECK_OK(madvise(page, PAGE, MADV_DONTNEED));
	CHECK_EQ(seen(), 0);
	*(uint32_t *)page = 7;
	CHECK_EQ(seen(), 7);
	if (!fork()) {
		sleep_ms(200);
		_exit(0);
	}
	*(uint32_t *)page = 8;
	CHECK_EQ(seen(), 8);
	stop();
}

static void expect_fault(void)
{
	struct axvm_vm_status status;

	vm_join_thread(&vm);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_STOPPED);
	vm_status(&vm, &status);
	CHECK_EQ(status.stop_reason, AXVM_STOP_ERROR);
	CHECK_EQ(status.stop_code, EFAULT);
}

TEST(guest, memory_that_is_unmapped_ends_the_guest)
{
	start(&watcher, 0, MAP_SHARED);
	CHECK_OK(munmap(page, PAGE));
	expect_fault();
}

TEST(guest, memory_that_is_protected_ends_the_guest)
{
	start(&watcher, 0, MAP_SHARED);
	CHECK_OK(mprotect(page, PAGE, PROT_NONE));
	expect_fault();
}

/* Reading goes on where writing is forbidden. */
TEST(guest, memory_that_is_write_protected)
{
	start(&watcher, 0, MAP_SHARED);
	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_EQ(seen(), 1);
	stop();

	start(&writer, 0, MAP_SHARED);
	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	expect_fault();
	CHECK(*(uint32_t *)page <= *vm_word(&vm, 1));
}

/* The guest goes on writing to the page, and the launcher sees it there */
static void expect_progress(void)
{
	uint32_t *seen_there = (uint32_t *)page, before = *vm_word(&vm, 1);

	CHECK(wait_for(seen_there, before + 1));
}

/* Nothing the guest wrote is lost when its page is moved away. */
TEST(guest, writes_survive_moves)
{
	uint32_t before, after;
	uint8_t *away;
	int i;

	start(&writer, 0, MAP_PRIVATE);
	away = map(NULL, MAP_PRIVATE);
	for (i = 0; i < 20; i++) {
		expect_progress();
		/* Between the two, there is nothing at its place. */
		CHECK_OK(ioctl(vm.fd, AXVM_VM_SUSPEND, 0));
		before = *vm_word(&vm, 1);
		CHECK(mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away);
		map(page, MAP_PRIVATE);
		CHECK_OK(ioctl(vm.fd, AXVM_VM_RESUME, 0));
		after = *(uint32_t *)away;
		CHECK(after == before || after == before - 1);
		expect_progress();
		CHECK_EQ(*(uint32_t *)away, after);
	}
	stop();
}

/* A child gets what was there at its birth; the guest's writes go to the launcher's copy. */
TEST(guest, writes_survive_forks)
{
	int i, status;
	pid_t pid;

	start(&writer, 0, MAP_PRIVATE);
	for (i = 0; i < 10; i++) {
		expect_progress();
		pid = fork();
		if (!pid) {
			uint32_t born = *(uint32_t *)page;

			sleep_ms(5);
			_exit(*(uint32_t *)page != born);
		}
		expect_progress();
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	stop();
}

/* The kernel moves pages about, and large ones are made of small ones, under the guest. */
TEST(guest, writes_survive_compaction)
{
	uint32_t last = 0, now;
	FILE *file;
	int i;

	start(&writer, 0, MAP_PRIVATE);
	for (i = 0; i < 10; i++) {
		file = fopen("/proc/sys/vm/compact_memory", "w");
		if (!file)
			skip("this kernel does not compact memory");
		fputs("1", file);
		fclose(file);
		expect_progress();
		now = *(uint32_t *)page;
		CHECK(now > last);
		last = now;
	}
	stop();
	now = *(uint32_t *)page;
	CHECK(now == *vm_word(&vm, 1) || now == *vm_word(&vm, 1) - 1);
}

/* --- slots while the guest runs ------------------------------------------------------------ */

static int set_slot(uint64_t gpa, uint64_t length, const void *hva)
{
	struct axvm_memory mem = {
		.size = sizeof(mem), .slot = 1, .gpa = gpa, .length = length,
		.hva = (uintptr_t)hva,
	};

	return ioctl(vm.fd, AXVM_VM_SET_MEMORY, &mem);
}

TEST(guest, a_slot_can_be_removed_under_the_guest)
{
	start(&watcher, AXVM_VM_EXIT_UNCLAIMED, MAP_SHARED);
	CHECK_OK(set_slot(0, 0, NULL));
	vm_join_thread(&vm);
	CHECK_EQ(vm.run->exit_reason, AXVM_EXIT_MMIO);
	CHECK_EQ(vm.run->mmio.gpa, WATCHED);
	CHECK_EQ(vm.run->mmio.is_write, 0);
}

TEST(guest, a_slot_can_be_replaced_under_the_guest)
{
	uint8_t *other;
	int i;

	start(&watcher, 0, MAP_SHARED);
	other = map(NULL, MAP_SHARED);
	*(uint32_t *)other = 2;
	for (i = 0; i < 50; i++) {
		CHECK_OK(set_slot(WATCHED, PAGE, i % 2 ? page : other));
		CHECK_EQ(seen(), i % 2 ? 1 : 2);
	}
	stop();
}

/* --- large pages ------------------------------------------------------------------------------ */

#define LARGE	(2UL << 20)
#define AREA	(16 * LARGE)

/* Touches each page of the area at 1 GiB */
BLOB(toucher, 64,
	    "	mov	$0x40000000, %ebx\n"
	    "	mov	$8192, %ecx\n"
	    "1:	mov	%ecx, (%rbx)\n"
	    "	add	$4096, %rbx\n"
	    "	loop	1b\n"
	    "	out	%al, $0xf4\n");

/* How much of this process is in large pages */
static unsigned long large_kilobytes(void)
{
	unsigned long sum = 0, value;
	char line[128];
	FILE *file = fopen("/proc/self/smaps", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "AnonHugePages: %lu", &value) == 1)
			sum += value;
	if (file)
		fclose(file);
	return sum;
}

static uint8_t *area_at(size_t misaligned)
{
	uint8_t *area = mmap(NULL, AREA + 2 * LARGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	area = (uint8_t *)(((uintptr_t)area + LARGE - 1) & -LARGE) + misaligned;
	madvise(area, AREA, MADV_HUGEPAGE);
	memset(area, 0, AREA);
	if (!misaligned && large_kilobytes() < AREA / 1024)
		skip("the host's kernel gives no large pages");
	return area;
}

static uint64_t faults_with(size_t misaligned, uint8_t **area)
{
	uint64_t before;

	vm_create(&vm, 0);
	vm_add_pc_devices(&vm);
	*area = area_at(misaligned);
	vm_set_slot(&vm, 1, 0, 0x40000000, *area, AREA);
	vm_load(&vm, GUEST_PAGED, &toucher);
	vm_boot(&vm);
	before = vm_count(&vm, "stage2-fault");
	vm_finish(&vm);
	return vm_count(&vm, "stage2-fault") - before;
}

TEST(guest, large_pages_are_mapped_as_large_pages)
{
	struct axvm_info info = { .size = sizeof(info) };
	uint64_t faults;
	uint8_t *area;

	CHECK_OK(ioctl(vm_system(), AXVM_GET_INFO, &info));
	if (!(info.features & AXVM_FEATURE_HUGE_2M))
		skip("no large pages in this hardware");
	faults = faults_with(0, &area);
	/* One a large page, and those of code, tables and data */
	CHECK(faults >= 16 && faults < 40);
	if (faults >= 40)
		printf("  %llu faults\n", (unsigned long long)faults);
	vm_destroy(&vm);
	/* Where guest and host address do not agree in 2 MiB, they cannot be. */
	CHECK(faults_with(PAGE, &area) >= 8192);
}

/* Half of a large page goes: the rest stays, and the guest finds the new page. */
TEST(guest, a_large_page_can_be_broken_under_the_guest)
{
	unsigned int i;
	uint8_t *area;

	faults_with(0, &area);
	for (i = 0; i < AREA / PAGE; i++)
		CHECK_EQ(*(uint32_t *)(area + i * PAGE), 8192 - i);
	CHECK_OK(madvise(area + LARGE / 2, LARGE / 2, MADV_DONTNEED));
	memset(area + LARGE, 0, PAGE);
	CHECK_OK(ioctl(vm.fd, AXVM_VM_RESET, 0));
	vm_load(&vm, GUEST_PAGED, &toucher);
	vm_boot(&vm);
	vm_finish(&vm);
	for (i = 0; i < AREA / PAGE; i++)
		CHECK_EQ(*(uint32_t *)(area + i * PAGE), 8192 - i);
}
