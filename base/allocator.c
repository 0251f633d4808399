/* SPDX-License-Identifier: Apache-2.0 */

/*
 * malloc for the musl build. hull's processes live for milliseconds and allocate
 * a few hundred small things, so memory is cut off one region in order and given
 * back at exit; only the newest block can shrink, grow or return. The first pages
 * are there before they are touched: a page fault costs more than what it guards
 * (measured: 0.3 ms of a start went into malloc, its mmap calls and faults).
 */
#include <stdlib.h> /* says which C library this is */

#ifndef __GLIBC__
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BYTES (96u << 10)
#define CHUNK_BYTES (1u << 20)

struct block {
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct {
	unsigned char *next, *end;
	struct block *newest;
} region;

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

/* Not malloc itself: the compiler makes calloc out of malloc and memset. */
static void *region_take(size_t size)
{
	size_t align = _Alignof(max_align_t);
	size_t need = sizeof(struct block) + ((size + align - 1) & ~(align - 1));
	struct block *block;

	if (need < size) {
		errno = ENOMEM;
		return NULL;
	}
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
	return region_take(size);
}

static struct block *block_of(void *pointer)
{
	return (struct block *)((unsigned char *)pointer - offsetof(struct block, bytes));
}

void free(void *pointer)
{
	if (!pointer || block_of(pointer) != region.newest)
		return;
	region.next = (unsigned char *)region.newest;
	region.newest = NULL;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *pointer;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	pointer = region_take(bytes);
	/* What was given back and is used again holds old bytes. */
	return pointer ? memset(pointer, 0, bytes) : NULL;
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
	if (block == region.newest &&
		(size_t)(region.end - block->bytes) >= size + sizeof(max_align_t)) {
		region.next = (unsigned char *)block;
		return region_take(size);
	}
	moved = region_take(size);
	return moved ? memcpy(moved, pointer, block->size) : NULL;
}
#endif
