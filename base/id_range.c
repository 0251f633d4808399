/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_range.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define FILE_BYTES_MOST (16u << 20)

static bool is_user(const char *line, size_t length, const char *user)
{
	return user && strlen(user) == length && !strncmp(line, user, length);
}

bool id_range_find(const char *file, const char *name, uint64_t uid, struct id_range *range)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char number[24];

	if (file_read_at(AT_FDCWD, file, &text, FILE_BYTES_MOST) < 0 || !text.data)
		return false;
	(void)snprintf(number, sizeof(number), "%" PRIu64, uid);
	for (const char *line = text.data; *line;
		line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, ":\n");

		if (line[length] != ':' ||
			(!is_user(line, length, name) && !is_user(line, length, number)))
			continue;
		if (sscanf(line + length, ":%" SCNu64 ":%" SCNu64, &range->first, &range->count) ==
				2 &&
			range->count && range->first < UINT32_MAX &&
			range->count <= UINT32_MAX - range->first)
			return true;
	}
	return false;
}
