/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_MEMORY_H
#define HULL_BASE_MEMORY_H

/*
 * Memory: cleanup attributes for the heap, and an arena for documents.
 *
 * hull's processes live for milliseconds. What is decoded from a document
 * lives as long as the document, so it comes from one arena and is freed with it.
 * Running out of memory ends the process: there is no sensible way on.
 */
#include <stddef.h>

/* free(), and NULL in its place. */
void memory_free_pointer(void *pointer_to_pointer);

#define _cleanup_free_ __attribute__((cleanup(memory_free_pointer)))

#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) *_address = &(pointer);                                        \
		__typeof__(pointer) _taken = *_address;                                            \
		*_address = NULL;                                                                  \
		_taken;                                                                            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* malloc, calloc, realloc, strdup and asprintf that never return NULL. */
void *memory_allocate(size_t bytes) __attribute__((malloc, returns_nonnull));
void *memory_allocate_zero(size_t bytes) __attribute__((malloc, returns_nonnull));
void *memory_resize(void *pointer, size_t bytes) __attribute__((returns_nonnull));
char *string_copy(const char *text) __attribute__((malloc, returns_nonnull));
char *string_format(const char *format, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

struct arena {
	struct arena_block *newest;
};

/* Zeroed memory, aligned for any type, that lives until arena_free. */
void *arena_allocate(struct arena *arena, size_t bytes) __attribute__((returns_nonnull));
char *arena_copy(struct arena *arena, const char *text, size_t length)
	__attribute__((returns_nonnull));
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));
void arena_free(struct arena *arena);

#define _cleanup_arena_ __attribute__((cleanup(arena_free)))

/* Words of a document or a command line, in an arena; items[count] is NULL. */
struct string_list {
	const char **items;
	size_t count;
};

void string_list_add(struct arena *arena, struct string_list *list, const char *item);

#endif
