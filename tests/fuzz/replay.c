/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main program for a target where libFuzzer is not: run it on each file of
 * the folders that are named, so that a corpus is a regression test everywhere.
 */
#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/fuzz/fuzz.h"

static unsigned int replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned int files = 0;

	if (!folder) {
		perror(path);
		exit(1);
	}
	while ((entry = readdir(folder))) {
		_cleanup_buffer_ struct buffer content = { 0 };
		_cleanup_free_ uint8_t *exact = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (file_read_at(dirfd(folder), entry->d_name, &content, 1u << 30) < 0) {
			perror(entry->d_name);
			exit(1);
		}
		/* A copy of just its size, so that reading beyond its end is seen by valgrind too. */
		exact = memory_allocate(content.length);
		if (content.length)
			memcpy(exact, content.data, content.length);
		(void)LLVMFuzzerTestOneInput(exact, content.length);
		files++;
	}
	(void)closedir(folder);
	return files;
}

int main(int count, char **arguments)
{
	for (int i = 1; i < count; i++)
		printf("ok %d - %s: %u inputs\n", i, arguments[i], replay_folder(arguments[i]));
	printf("1..%d\n", count - 1);
	return 0;
}
