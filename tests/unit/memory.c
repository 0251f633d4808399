/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, buffers and the clock. */
#include "base/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "tests/unit/test.h"

static void check_arena(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	bool aligned = true, zero = true, apart = true;
	unsigned char *before = NULL;
	size_t size = 0;

	for (size_t bytes = 0; bytes < 40000; bytes += 997) {
		unsigned char *block = arena_allocate(&arena, bytes);

		aligned = aligned && (uintptr_t)block % _Alignof(max_align_t) == 0;
		for (size_t i = 0; i < bytes; i++)
			zero = zero && !block[i];
		for (size_t i = 0; i < size; i++)
			apart = apart && before[i] == 0xaa;
		memset(block, 0xaa, bytes);
		before = block;
		size = bytes;
	}
	CHECK(aligned, "aligned for any type");
	CHECK(zero, "zeroed");
	CHECK(apart, "none overlaps the one before");
	CHECK_TEXT(arena_copy(&arena, "abcdef", 3), "abc", "a copy of some bytes");
	CHECK_TEXT(arena_format(&arena, "%d-%s", 4, "x"), "4-x", "a formatted copy");
	arena_free(&arena);
	CHECK(!arena.newest, "freed, and free to be used again");
	CHECK_TEXT(arena_copy(&arena, "again", 5), "again", "used again");
}

static void check_buffer(void)
{
	_cleanup_buffer_ struct buffer buffer = { 0 };
	static char bytes[10000];

	buffer_bytes(&buffer, NULL, 0);
	CHECK_TEXT(buffer.data, "", "nothing is an empty text");
	buffer_text(&buffer, "ab");
	buffer_format(&buffer, "%04d", 7);
	CHECK_TEXT(buffer.data, "ab0007", "text and format");
	buffer_bytes(&buffer, "x\0y", 3);
	CHECK(buffer.length == 9 && !memcmp(buffer.data, "ab0007x\0y", 10), "bytes with NUL");
	memset(bytes, 'z', sizeof(bytes) - 1);
	buffer_format(&buffer, "%s", bytes);
	CHECK(buffer.length == 9 + sizeof(bytes) - 1 && buffer.size > buffer.length, "it grows");
	CHECK(buffer.data[buffer.length] == '\0', "and stays terminated");
	memcpy(buffer_reserve(&buffer, 4), "tail", 4);
	CHECK(!memcmp(buffer.data + buffer.length, "tail", 4), "room behind the end");
	buffer_free(&buffer);
	CHECK(!buffer.data && !buffer.length && !buffer.size, "freed");
}

static void check_take(void)
{
	_cleanup_free_ char *text = string_copy("x"), *taken = TAKE_PTR(text);
	_cleanup_free_ char *formatted = string_format("%s-%d", "a", 1);

	CHECK(!text && !strcmp(taken, "x"), "a pointer is handed on");
	CHECK_TEXT(formatted, "a-1", "a formatted string");
	memory_free_pointer(&taken);
	CHECK(!taken, "what was freed is not freed again");
}

/* 2026-11-22T15:41:31.123456789Z: digits and signs where they belong. */
static void check_clock(void)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	char text[CLOCK_TEXT_BYTES];
	uint64_t before = clock_monotonic();
	bool same = true;

	clock_text(text);
	for (size_t i = 0; i < sizeof(shape); i++)
		same = same &&
		       (shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i]);
	CHECK(same, "RFC 3339 with nanoseconds: %s", text);
	clock_sleep(2);
	CHECK(clock_monotonic() >= before + 2000000, "a sleep takes at least its time");
}

int main(void)
{
	check_arena();
	check_buffer();
	check_take();
	check_clock();
	return test_end();
}
