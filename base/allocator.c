/* SPDX-License-Identifier: Apache-2.0 */

/*
 * malloc for the musl build. Most of hull's processes live for milliseconds and
 * allocate a few hundred small things, so memory is cut off one region in order and
 * given back at exit; the newest block can grow or return, the others wait in lists
 * to be used again, for the few processes that live long. The first pages are
 * there before they are touched: a page fault costs more than what it guards
 * (measured: 0.3 ms of a start went into malloc, its mmap calls and faults).
 * hull-vmm has threads, so there is a lock; nobody holds it for long.
 */
#include <stdlib.h> /* says which C library this is */

#ifndef __GLIBC__
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BYTES (96u << 10)
#define CHUNK_BYTES (1u << 20)

#define CLASSES	   48 /* of sizes: powers of two */
#define LOOKS_MOST 16 /* at blocks of the same class */

struct block {
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

/* What a block that was given back holds. */
struct link {
	struct block *next;
};

static struct {
	unsigned char *next, *end;
	struct block *newest;
	struct block *given_back[CLASSES];
} region;

static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void)
{
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		;
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&busy, memory_order_release);
}

static int region_grow(size_t need)
{
	size_t size = !region.next ? FIRST_BYTES : CHUNK_BYTES;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (region.next ? 0 : MAP_POPULATE);
	void *memory;

	if (need > size)
		size = (need + CHUNK_BYTES) & ~(size_t)(CHUNK_BYTES - 1);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	region.next = memory;
	region.end = region.next + size;
	return 0;
}

static unsigned int class_of(size_t size)
{
	return (unsigned int)(8 * sizeof(long) - 1) - (unsigned int)__builtin_clzl(size);
}

static struct link *link_of(struct block *block)
{
	return (struct link *)block->bytes;
}

/* A block of at least SIZE bytes, and of less than four times as much; or NULL. */
static void *region_take_back(size_t size)
{
	unsigned int first = class_of(size);

	for (unsigned int class = first; class < first + 2 && class < CLASSES; class ++) {
		struct block **at = &region.given_back[class];

		for (int i = 0; *at && i < LOOKS_MOST; i++, at = &link_of(*at)->next)
			if ((*at)->size >= size) {
				struct block *block = *at;

				*at = link_of(block)->next;
				return block->bytes;
			}
	}
	return NULL;
}

/* Not malloc itself: the compiler makes calloc out of malloc and memset. */
static void *region_take(size_t size)
{
	size_t align = _Alignof(max_align_t);
	size_t need = sizeof(struct block) + ((size + align - 1) & ~(align - 1));
	struct block *block;
	void *again;

	if (need < size) {
		errno = ENOMEM;
		return NULL;
	}
	again = size ? region_take_back(size) : NULL;
	if (again)
		return again;
	if ((size_t)(region.end - region.next) < need && region_grow(need) < 0)
		return NULL;
	block = (struct block *)region.next;
	region.next += need;
	region.newest = block;
	block->size = need - sizeof(*block);
	return block->bytes;
}

void *malloc(size_t size)
{
	void *pointer;

	lock();
	pointer = region_take(size);
	unlock();
	return pointer;
}

static struct block *block_of(void *pointer)
{
	return (struct block *)((unsigned char *)pointer - offsetof(struct block, bytes));
}

static void give_back(struct block *block)
{
	if (block == region.newest) {
		region.next = (unsigned char *)block;
		region.newest = NULL;
	} else if (block->size >= sizeof(struct link)) {
		struct block **list = &region.given_back[class_of(block->size)];

		link_of(block)->next = *list;
		*list = block;
	}
}

void free(void *pointer)
{
	if (!pointer)
		return;
	lock();
	give_back(block_of(pointer));
	unlock();
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *pointer;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	lock();
	pointer = region_take(bytes);
	unlock();
	/* What was given back and is used again holds old bytes. */
	return pointer ? memset(pointer, 0, bytes) : NULL;
}

/* The newest block gets longer where it is. */
static bool extend(struct block *block, size_t size)
{
	size_t align = _Alignof(max_align_t);

	if (block != region.newest || size > SIZE_MAX - align ||
		(size_t)(region.end - block->bytes) < size + align)
		return false;
	block->size = (size + align - 1) & ~(align - 1);
	region.next = block->bytes + block->size;
	return true;
}

void *realloc(void *pointer, size_t size)
{
	struct block *block;
	void *moved;

	if (!pointer)
		return malloc(size);
	block = block_of(pointer);
	if (size <= block->size)
		return pointer;
	lock();
	moved = extend(block, size) ? pointer : region_take(size);
	if (moved && moved != pointer) {
		memcpy(moved, pointer, block->size);
		give_back(block);
	}
	unlock();
	return moved;
}
#endif
