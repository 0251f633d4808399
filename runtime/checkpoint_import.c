/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/image_program.h"

#define WORDS_FIXED 6

static int unpack(const struct checkpoint_import *wanted, const char *images)
{
	struct image_program program = IMAGE_PROGRAM_NONE;
	_cleanup_arena_ struct arena arena = { 0 };
	size_t allowed = wanted->allowed->count, count = 0;
	char **words = arena_allocate(&arena, (allowed + WORDS_FIXED) * sizeof(*words));
	int r;

	words[count++] = arena_format(&arena, "hull-image");
	words[count++] = arena_format(&arena, "checkpoint-unpack");
	for (size_t i = 0; i < allowed; i++)
		words[count++] = arena_format(&arena, "--allow-path=%s", wanted->allowed->items[i]);
	words[count++] = arena_format(&arena, "%s", wanted->file);
	words[count++] = arena_format(&arena, "%s", images);
	words[count++] = arena_format(&arena, "%s", wanted->bundle);
	r = image_program_start(&program, words);
	if (r >= 0)
		r = image_program_wait(&program);
	image_program_end(&program);
	return r < 0 ? error_context(r, "--import") : 0;
}

int checkpoint_import(struct checkpoint_import *wanted, struct checkpoint_request *request)
{
	if (request->image_path) {
		if (mkdir(request->image_path, 0700) < 0)
			return error_errno(
				errno, "--image-path %s: cannot be made", request->image_path);
		return unpack(wanted, request->image_path);
	}
	wanted->images = string_format("%s/.hull-restore-XXXXXX", wanted->bundle);
	if (!mkdtemp(wanted->images)) {
		int error = errno;

		memory_free_pointer(&wanted->images);
		return error_errno(error, "--bundle %s", wanted->bundle);
	}
	request->image_path = request->scratch = wanted->images;
	return unpack(wanted, wanted->images);
}

void checkpoint_import_close(struct checkpoint_import *wanted)
{
	if (wanted->images)
		(void)file_remove_tree_at(AT_FDCWD, wanted->images);
	memory_free_pointer(&wanted->images);
}
