/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/test.h"

#define USER 1000

static void check_file(const char *text, const char *name, uint64_t first, uint64_t count)
{
	char path[] = "/tmp/hull-id-range-XXXXXX";
	struct id_range range = { 0 };
	int fd = mkstemp(path);
	bool found;

	CHECK(fd >= 0 && file_write_all(fd, text, strlen(text)) == 0, "a file for the test");
	found = id_range_find(path, name, USER, &range);
	CHECK(found == (count > 0), "\"%s\": %s", text, found ? "a range" : "no range");
	if (found)
		CHECK(range.first == first && range.count == count, "\"%s\": %llu and %llu", text,
			(unsigned long long)range.first, (unsigned long long)range.count);
	(void)close(fd);
	(void)unlink(path);
}

int main(void)
{
	struct id_range range;

	check_file("user:100000:65536\n", "user", 100000, 65536);
	check_file("root:1:2\nuser:100000:65536", "user", 100000, 65536);
	check_file("1000:200000:10\n", "user", 200000, 10);
	check_file("1000:200000:10\n", NULL, 200000, 10);
	/* The first that is one. */
	check_file("user:\nuser:5\nuser:x:y\nuser:7:0\nuser:9:1\nuser:2:2\n", "user", 9, 1);
	check_file("", "user", 0, 0);
	check_file("\n\n:1:1\n", "user", 0, 0);
	check_file("users:1:1\nuse:1:1\n10000:1:1\n", "user", 0, 0);
	check_file("user", "user", 0, 0);
	check_file("user:4294967295:1\nuser:4294967294:2\n", "user", 0, 0);
	check_file("user:18446744073709551615:2\n", "user", 0, 0);
	check_file("user:1:-1\n", "user", 0, 0);
	CHECK(!id_range_find("/nonexistent", "user", USER, &range), "no file, no range");
	return test_end();
}
