/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/footprint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cgroup/driver.h"

#define AGE_MOST 32 /* readings between two of the limits, and of an idle group */

/* v1 writes "no limit" as the greatest number of whole pages. */
#define MEMORY_UNLIMITED ((uint64_t)INT64_MAX - 65536)

void footprint_open(struct footprint_files *files, const struct cgroup *cgroup)
{
	const struct {
		struct kept_file *file;
		enum controller controller;
		const char *v1, *v2;
	} rows[] = {
		{ &files->memory, CONTROLLER_MEMORY, "memory.usage_in_bytes", "memory.current" },
		{ &files->memory_limit, CONTROLLER_MEMORY, "memory.limit_in_bytes", "memory.max" },
		{ &files->pids, CONTROLLER_PIDS, "pids.current", "pids.current" },
		{ &files->pids_limit, CONTROLLER_PIDS, "pids.max", "pids.max" },
		{ &files->io, CONTROLLER_BLKIO, "blkio.throttle.io_service_bytes", "io.stat" },
	};

	*files = (struct footprint_files){
		.mount_fd = cgroup->mount_fd,
		.last = { .read = FOOTPRINT_UNKNOWN, .written = FOOTPRINT_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct cgroup_place *v1 = cgroup_v1_place(cgroup, rows[i].controller);

		if (v1)
			kept_file_set(rows[i].file, v1->path, rows[i].v1);
		else if (cgroup->v2)
			kept_file_set(rows[i].file, cgroup->v2->path, rows[i].v2);
	}
}

static uint64_t read_number(struct footprint_files *files, struct kept_files *kept,
	struct kept_file *file, uint64_t unknown)
{
	char text[64];

	if (kept_file_read(file, kept, files->mount_fd, text, sizeof(text)) <= 0)
		return unknown;
	return strtoull(text, NULL, 10); /* "max" is 0 */
}

void footprint_parse_io(const char *text, uint64_t *read, uint64_t *written)
{
	static const char *const reads[] = { " Read ", "rbytes=" };
	static const char *const writes[] = { " Write ", "wbytes=" };

	*read = *written = 0;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		for (const char *at = text; (at = strstr(at, reads[i]));)
			*read += strtoull(at += strlen(reads[i]), NULL, 10);
		for (const char *at = text; (at = strstr(at, writes[i]));)
			*written += strtoull(at += strlen(writes[i]), NULL, 10);
	}
}

void footprint_read(struct footprint_files *files, struct kept_files *kept, bool idle,
	struct footprint *footprint)
{
	char text[4096];

	*footprint = files->last;
	if (files->age++ % AGE_MOST == 0) {
		footprint->memory_limit = read_number(files, kept, &files->memory_limit, 0);
		footprint->pids_limit = read_number(files, kept, &files->pids_limit, 0);
	} else if (idle) {
		return;
	}
	if (footprint->memory_limit >= MEMORY_UNLIMITED)
		footprint->memory_limit = 0;
	footprint->memory = read_number(files, kept, &files->memory, FOOTPRINT_UNKNOWN);
	footprint->pids = read_number(files, kept, &files->pids, FOOTPRINT_UNKNOWN);
	if (kept_file_read(&files->io, kept, files->mount_fd, text, sizeof(text)) >= 0)
		footprint_parse_io(text, &footprint->read, &footprint->written);
	files->last = *footprint;
}

void footprint_close(struct footprint_files *files, struct kept_files *kept)
{
	kept_file_free(&files->memory, kept);
	kept_file_free(&files->memory_limit, kept);
	kept_file_free(&files->pids, kept);
	kept_file_free(&files->pids_limit, kept);
	kept_file_free(&files->io, kept);
}
