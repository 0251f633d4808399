/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/criu.h"
#include "runtime/obstacle.h"

#define MOUNTINFO_BYTES ((size_t)16 * 1024 * 1024)
#define STATUS_BYTES	65536

static pid_t parent_of(pid_t process)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *line;
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", process);
	if (file_read_at(AT_FDCWD, path, &text, STATUS_BYTES) < 0 || !text.data)
		return 0;
	line = strstr(text.data, "\nPPid:");
	return line ? (pid_t)strtol(line + strlen("\nPPid:"), NULL, 10) : 0;
}

static bool is_one_of(const pid_t *processes, size_t count, pid_t process)
{
	for (size_t i = 0; i < count; i++)
		if (processes[i] == process)
			return true;
	return false;
}

/* CRIU saves the first process and its children; what `exec` has added is neither. */
static void examine_processes(struct obstacle_search *search, const pid_t *processes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pid_t parent = parent_of(processes[i]);

		if (processes[i] != (pid_t)search->container->record.pid && parent &&
			!is_one_of(processes, count, parent))
			obstacle_found(search,
				"process %d: was added by exec, and only the first process and its "
				"children are saved: wait for its end, or end it",
				processes[i]);
		obstacle_descriptors(search, processes[i]);
	}
}

static void examine_criu(struct obstacle_search *search)
{
	const struct criu_start start = { .program = search->request->criu, .cgroup_fd = -1 };
	_cleanup_criu_ struct criu criu = CRIU_NONE;
	bool track_memory = true, lazy_pages = true;
	int r = criu_start(&criu, &start);

	if (r >= 0)
		r = criu_meet(&criu);
	if (r >= 0 && (search->request->pre_dump || search->request->lazy_pages))
		r = criu_features(&criu, &track_memory, &lazy_pages);
	search->criu_version = criu.version;
	if (r < 0)
		obstacle_found(search, "%s", error_text(r));
	if (r >= 0 && search->request->pre_dump && !track_memory)
		obstacle_found(search, "--pre-dump: this kernel does not track written memory");
	if (r >= 0 && search->request->lazy_pages && !lazy_pages)
		obstacle_found(search, "--lazy-pages: this kernel or CRIU cannot do it");
	error_clear();
}

int host_examine(const struct container *container, const struct checkpoint_request *request)
{
	struct obstacle_search search = { container, request, 0, NULL, 0 };
	_cleanup_buffer_ struct buffer mounts = { 0 };
	_cleanup_free_ pid_t *processes = NULL;
	size_t count = 0;
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)container->record.pid);
	r = file_read_at(AT_FDCWD, path, &mounts, MOUNTINFO_BYTES);
	if (r < 0)
		return error_errno(r, "%s", path);
	search.mountinfo = mounts.data;
	r = isolation_of(container)->processes(container, &processes, &count);
	if (r < 0)
		return r;
	examine_criu(&search);
	examine_processes(&search, processes, count);
	if (search.found)
		return error_set(EBUSY, "container %s cannot be checkpointed now: %u obstacle%s",
			container->id, search.found, search.found == 1 ? "" : "s");
	(void)printf("container %s can be checkpointed\n", container->id);
	return 0;
}
