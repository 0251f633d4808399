/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CPU_H
#define HULL_CPU_H

/*
 * What the host knows about a container's processor time and the container cannot see:
 * `hull run --whisper` (or the annotation hull.whisper=true) puts it into /run/hull/cpu,
 * a read-only file that a program maps. This header is all that a program needs: C11 and
 * POSIX, nothing to link with.
 *
 *	const struct hull_cpu_page *page = hull_cpu_map(HULL_CPU_PATH);
 *	struct hull_cpu_page now;
 *
 *	if (page && hull_cpu_read(page, &now) == 0)
 *		printf("stolen: %" PRIu64 " ns\n", now.steal_ns);
 *
 * The page is a seqlock, as KVM's steal-time record is: SEQUENCE is odd while the page is being
 * written and different afterwards; the functions below repeat what they read meanwhile.
 * All numbers have the byte order of the machine. Times are nanoseconds and only grow.
 *
 * A reader accepts any page of VERSION 1. Later members are added behind the last one, before
 * cpus_offset; a new meaning of an old one would be another version.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HULL_CPU_PATH	 "/run/hull/cpu"
#define HULL_CPU_MAGIC	 0x55504348u /* "HCPU" */
#define HULL_CPU_VERSION 1u

/* Of one processor; its number is that of sched_getcpu(3). */
struct hull_cpu_record {
	/* Time that the container had something to run there, others ran, and none of it did. */
	uint64_t steal_ns;
	/*
	 * 1: at the last update threads of the container wanted to run on this processor,
	 * and none of them did.
	 */
	uint32_t preempted;
	uint32_t reserved;
};

struct hull_cpu_page {
	uint32_t magic, version;
	uint32_t length;       /* bytes of all this, with the records */
	uint32_t cpus;	       /* how many records there are */
	uint32_t cpus_offset;  /* where the first one is, in bytes from the start */
	uint32_t record_bytes; /* from one to the next */
	uint32_t sequence;     /* odd: being written */
	uint32_t reserved;
	/*
	 * When it was written, by the CLOCK_MONOTONIC of the container. The clock of another
	 * GENERATION cannot be compared: the container has moved to another machine between.
	 */
	uint64_t updated_ns, generation;
	uint64_t interval_ns;  /* the next update is due so long after updated_ns */
	uint64_t usage_ns;     /* processor time that the container used */
	uint64_t steal_ns;     /* the sum of the records' */
	uint64_t throttled_ns; /* time that its own quota held it back, summed over processors */
	/*
	 * What it gets if it wants all that it can get and the others what they want now, by
	 * its weight and those of the groups above it, in millionths of one processor:
	 * 1500000 is one and a half. 0: not known yet.
	 */
	uint64_t entitled_ppm;
};

/* NULL with errno when there is no such file or it is not a page that this header knows. */
static inline const struct hull_cpu_page *hull_cpu_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct hull_cpu_page *page = NULL;
	void *memory = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(*page))
		memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (memory == MAP_FAILED)
		return NULL;
	page = (const struct hull_cpu_page *)memory;
	if (page->magic == HULL_CPU_MAGIC && page->version == HULL_CPU_VERSION &&
		page->length <= (uint64_t)st.st_size)
		return page;
	(void)munmap(memory, (size_t)st.st_size);
	return NULL;
}

/* Before reading: what hull_cpu_retry is given afterwards. */
static inline uint32_t hull_cpu_begin(const struct hull_cpu_page *page)
{
	return atomic_load_explicit(
		(const _Atomic uint32_t *)&page->sequence, memory_order_acquire);
}

/* True: what was read since hull_cpu_begin is of two updates, read it again. */
static inline int hull_cpu_retry(const struct hull_cpu_page *page, uint32_t begun)
{
	atomic_thread_fence(memory_order_acquire);
	return (begun & 1) || atomic_load_explicit((const _Atomic uint32_t *)&page->sequence,
				      memory_order_relaxed) != begun;
}

static inline uint64_t hull_cpu_number(const uint64_t *number)
{
	return atomic_load_explicit((const _Atomic uint64_t *)number, memory_order_relaxed);
}

/* An update takes microseconds; whoever writes it may be preempted in the middle, though. */
#define HULL_CPU_TRIES 1000000

/*
 * The page without the records, all of one update, in *COPY. -1 when it never became
 * readable: the writer ended in the middle of an update.
 */
static inline int hull_cpu_read(const struct hull_cpu_page *page, struct hull_cpu_page *copy)
{
	for (int i = 0; i < HULL_CPU_TRIES; i++) {
		uint32_t begun = hull_cpu_begin(page);

		*copy = (struct hull_cpu_page){
			.magic = page->magic,
			.version = page->version,
			.length = page->length,
			.cpus = page->cpus,
			.cpus_offset = page->cpus_offset,
			.record_bytes = page->record_bytes,
			.sequence = begun,
			.updated_ns = hull_cpu_number(&page->updated_ns),
			.generation = hull_cpu_number(&page->generation),
			.interval_ns = hull_cpu_number(&page->interval_ns),
			.usage_ns = hull_cpu_number(&page->usage_ns),
			.steal_ns = hull_cpu_number(&page->steal_ns),
			.throttled_ns = hull_cpu_number(&page->throttled_ns),
			.entitled_ppm = hull_cpu_number(&page->entitled_ppm),
		};
		if (!hull_cpu_retry(page, begun))
			return 0;
	}
	return -1;
}

/* The record of processor CPU in *COPY; -1 when there is none. */
static inline int hull_cpu_read_record(
	const struct hull_cpu_page *page, unsigned int cpu, struct hull_cpu_record *copy)
{
	const struct hull_cpu_record *record;
	const void *at;

	if (cpu >= page->cpus)
		return -1;
	at = (const char *)page + page->cpus_offset + (size_t)cpu * page->record_bytes;
	record = at;
	for (int i = 0; i < HULL_CPU_TRIES; i++) {
		uint32_t begun = hull_cpu_begin(page);

		copy->steal_ns = hull_cpu_number(&record->steal_ns);
		copy->preempted = atomic_load_explicit(
			(const _Atomic uint32_t *)&record->preempted, memory_order_relaxed);
		copy->reserved = 0;
		if (!hull_cpu_retry(page, begun))
			return 0;
	}
	return -1;
}

#endif
