/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint_export.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define CONFIG_BYTES ((size_t)16 << 20)
#define WORDS_MOST   8

/* What engines and checkpointctl look for first: names are those of Podman's config.dump. */
static void write_about(const struct checkpoint_export *wanted, const struct container *container,
	struct json_writer *writer)
{
	struct timespec now;
	struct tm parts;
	char text[40];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now.tv_sec, &parts));
	json_begin_object(writer, NULL);
	json_write_string(writer, "id", container->id);
	json_write_string(writer, "name", container->id);
	json_write_string(writer, "rootfsImageName", wanted->image ? wanted->image : "");
	json_write_string(writer, "runtime", "hull");
	json_write_string(writer, "createdTime", container->record.created);
	json_write_string(writer, "checkpointedTime", text);
	json_end_object(writer);
}

static int write_documents(
	const struct checkpoint_export *wanted, const struct container *container, int folder_fd)
{
	_cleanup_buffer_ struct buffer config = { 0 }, about = { 0 };
	struct json_writer writer = { .buffer = &about, .pretty = true };
	int r = file_read_at(container->folder_fd, "config.json", &config, CONFIG_BYTES);

	write_about(wanted, container, &writer);
	if (r >= 0)
		r = file_replace_at(folder_fd, "spec.dump", config.data, config.length, 0600);
	if (r >= 0)
		r = file_replace_at(folder_fd, "config.dump", about.data, about.length, 0600);
	return r < 0 ? error_errno(r, "%s", wanted->stage) : 0;
}

/* Beside FILE: what does not fit there will not fit later. */
static int make_stage(struct checkpoint_export *wanted)
{
	const char *slash = strrchr(wanted->file, '/');
	char *stage = string_format("%.*s.hull-checkpoint-XXXXXX",
		slash ? (int)(slash + 1 - wanted->file) : 0, wanted->file);

	if (slash ? !slash[1] : !*wanted->file) {
		memory_free_pointer(&stage);
		return error_set(EINVAL, "--export: must be a file, got \"%s\"", wanted->file);
	}
	if (!mkdtemp(stage)) {
		int error = errno;

		memory_free_pointer(&stage);
		return error_errno(error, "--export %s", wanted->file);
	}
	wanted->stage = stage;
	return 0;
}

int checkpoint_export_prepare(struct checkpoint_export *wanted, const struct container *container,
	struct checkpoint_request *request)
{
	_cleanup_close_ int folder_fd = -EBADF;
	_cleanup_free_ char *archive = NULL;
	int r = make_stage(wanted);

	if (r < 0)
		return r;
	archive = string_format("%s/archive", wanted->stage);
	wanted->image_path = string_format("%s/checkpoint", archive);
	wanted->work_path = string_format("%s/work", wanted->stage);
	if (mkdir(archive, 0700) < 0 || mkdir(wanted->image_path, 0700) < 0 ||
		mkdir(wanted->work_path, 0700) < 0)
		return error_errno(errno, "%s", wanted->stage);
	request->image_path = wanted->image_path;
	request->work_path = wanted->work_path;
	request->packed = wanted;
	folder_fd = open(archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0)
		return error_errno(errno, "%s", archive);
	return write_documents(wanted, container, folder_fd);
}

int checkpoint_export_pack(struct checkpoint_export *wanted, const struct container *container)
{
	_cleanup_arena_ struct arena arena = { 0 };
	char *words[WORDS_MOST];
	size_t count = 0;
	int r;

	words[count++] = arena_format(&arena, "hull-image");
	words[count++] = arena_format(&arena, "checkpoint-pack");
	words[count++] = arena_format(&arena, "--rootfs=%s", container->record.rootfs);
	if (wanted->whole_rootfs)
		words[count++] = arena_format(&arena, "--whole");
	if (wanted->plain)
		words[count++] = arena_format(&arena, "--plain");
	words[count++] = wanted->stage;
	words[count++] = arena_format(&arena, "%s", wanted->file);
	words[count] = NULL;
	r = image_program_start(&wanted->program, words);
	if (r >= 0)
		r = image_program_await(&wanted->program);
	return r < 0 ? error_context(r, "--export") : 0;
}

int checkpoint_export_finish(struct checkpoint_export *wanted)
{
	int r = image_program_tell(&wanted->program);

	if (r >= 0)
		r = image_program_wait(&wanted->program);
	if (r >= 0)
		return 0;
	wanted->keep_stage = true;
	return error_context(r, "--export: the images are in %s", wanted->image_path);
}

void checkpoint_export_close(struct checkpoint_export *wanted)
{
	image_program_end(&wanted->program);
	if (wanted->stage && !wanted->keep_stage)
		(void)file_remove_tree_at(AT_FDCWD, wanted->stage);
	memory_free_pointer(&wanted->stage);
	memory_free_pointer(&wanted->image_path);
	memory_free_pointer(&wanted->work_path);
}
