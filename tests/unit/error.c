/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "tests/unit/test.h"

static void check_record(void)
{
	CHECK(error_errno(ENOENT, "open %s", "a") == -ENOENT, "returns the negative errno");
	CHECK_TEXT(error_text(-ENOENT), "open a: does not exist", "says what and why");
	CHECK(error_errno(-EBUSY, "x") == -EBUSY, "either sign is taken");
	CHECK(error_set(EINVAL, "a: %d", 5) == -EINVAL, "a message without errno");
	CHECK_TEXT(error_text(-EINVAL), "a: 5", "is the message");
	CHECK(error_context(-EINVAL, "mount %d", 3) == -EINVAL, "context returns the result");
	CHECK_TEXT(error_text(-EINVAL), "mount 3: a: 5", "and stands in front");
	error_clear();
	CHECK_TEXT(error_text(-EACCES), "access refused", "words where nothing is recorded");
	(void)error_context(-EACCES, "cgroup");
	CHECK_TEXT(error_text(-EACCES), "cgroup: access refused", "also behind context");
}

static void check_one_line(void)
{
	char *bytes = memory_allocate(3 * ERROR_TEXT_BYTES);

	(void)error_set(EINVAL, "a\nb\tc\x7f"
				"d\r");
	CHECK_TEXT(error_text(-EINVAL), "a b c d ", "one line, whatever a path holds");
	memset(bytes, 'x', 3 * ERROR_TEXT_BYTES);
	bytes[3 * ERROR_TEXT_BYTES - 1] = '\0';
	(void)error_set(EINVAL, "%s", bytes);
	CHECK(strlen(error_text(-EINVAL)) == ERROR_TEXT_BYTES - 1, "a long message is cut");
	(void)error_context(-EINVAL, "%s", bytes);
	CHECK(strlen(error_text(-EINVAL)) == ERROR_TEXT_BYTES - 1, "also with context");
	free(bytes);
	error_clear();
}

/* Engines read exit codes out of these words: they must mean the container's command only. */
static void check_words(void)
{
	static const char *const reserved[] = { "no such file or directory", "permission denied",
		"operation not permitted", "executable file not found", "not a directory",
		"is a directory" };
	unsigned int found = 0;

	for (int error = 1; error < 134; error++) {
		char lower[256];
		size_t i = 0;

		for (const char *c = error_words(error); *c && i < sizeof(lower) - 1; c++)
			lower[i++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
		lower[i] = '\0';
		for (size_t k = 0; k < ARRAY_SIZE(reserved); k++)
			found += strstr(lower, reserved[k]) != NULL;
	}
	CHECK(found == 0, "no errno has words that engines look for");
}

int main(void)
{
	check_record();
	check_one_line();
	check_words();
	return test_end();
}
