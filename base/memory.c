/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BLOCK_BYTES 16384u

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

void memory_free_pointer(void *pointer_to_pointer)
{
	void **pointer = pointer_to_pointer;

	free(*pointer);
	*pointer = NULL;
}

static void *memory_check(void *pointer)
{
	static const char message[] = "hull: out of memory\n";

	if (pointer)
		return pointer;
	(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
	_exit(1);
}

void *memory_allocate(size_t bytes)
{
	return memory_check(malloc(bytes ? bytes : 1));
}

void *memory_allocate_zero(size_t bytes)
{
	return memory_check(calloc(1, bytes ? bytes : 1));
}

void *memory_resize(void *pointer, size_t bytes)
{
	return memory_check(realloc(pointer, bytes ? bytes : 1));
}

char *string_copy(const char *text)
{
	return memory_check(strdup(text));
}

char *string_format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return memory_check(text);
}

void *arena_allocate(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->newest;
	size_t align = _Alignof(max_align_t);
	size_t need = (bytes + align - 1) & ~(align - 1);

	if (need < bytes)
		memory_check(NULL);
	if (!block || block->size - block->used < need) {
		size_t size = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES;

		block = memory_allocate_zero(sizeof(*block) + size);
		block->size = size;
		block->older = arena->newest;
		arena->newest = block;
	}
	block->used += need;
	return block->bytes + block->used - need;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_allocate(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	memory_check(text);
	return arena_copy(arena, text, strlen(text));
}

void arena_free(struct arena *arena)
{
	while (arena->newest) {
		struct arena_block *block = arena->newest;

		arena->newest = block->older;
		free(block);
	}
}

void string_list_add(struct arena *arena, struct string_list *list, const char *item)
{
	const char **items = arena_allocate(arena, (list->count + 2) * sizeof(*items));

	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = item;
	list->items = items;
}
