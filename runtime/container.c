/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/state_folder.h"
#include "runtime/isolation.h"
#include "runtime/record.h"
#include "spec/state.h"

const char *const container_status_names[] = { "creating", "created", "running", "paused",
	"stopped" };

static int container_root_make(const char *path)
{
	_cleanup_free_ char *folder = string_copy(path);
	int fd;

	for (char *slash = folder + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
	/* The sticky bit keeps it from those who tidy up the folder of a session (XDG). */
	if (mkdir(folder, geteuid() ? 01700 : 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "cannot make the state folder %s", path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "state folder %s", path) : fd;
}

int container_root_open(const struct global_options *global)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	path = global->root ? string_copy(global->root) : state_folder_path();
	if (!path)
		return -EACCES;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : container_root_make(path);
}

int container_check_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-.";

	if (!*id)
		return error_set(EINVAL, "container id: must not be empty");
	if (strlen(id) > 255)
		return error_set(EINVAL, "container id: must have at most 255 characters, has %zu",
			strlen(id));
	if (id[0] == '.' || id[strspn(id, allowed)])
		return error_set(EINVAL,
			"container ID with an invalid character: must be of letters, digits and "
			"_+-. and not start with a "
			"dot, "
			"got \"%s\"",
			id);
	return 0;
}

static int container_lock(struct container *container, int operation)
{
	struct stat st;

	while (flock(container->lock_fd, operation) < 0)
		if (errno != EINTR)
			return error_errno(errno, "cannot lock container %s", container->id);
	/* Whoever held it before may have deleted the container. */
	if (fstat(container->lock_fd, &st) < 0 || st.st_nlink == 0)
		return error_set(ENOENT, "container does not exist: %s", container->id);
	return 0;
}

int container_make(struct container *container, int root_fd, const char *id)
{
	int r = container_check_id(id);

	if (r < 0)
		return r;
	*container = CONTAINER_NONE;
	container->id = string_copy(id);
	container->root_fd = root_fd;
	if (mkdirat(root_fd, id, 0711) < 0)
		return errno == EEXIST
			       ? error_set(EEXIST, "container with given ID already exists: %s", id)
			       : error_errno(errno, "cannot make the state folder of %s", id);
	container->folder_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (container->folder_fd < 0)
		return error_errno(errno, "state folder of %s", id);
	container->lock_fd =
		openat(container->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (container->lock_fd < 0)
		return error_errno(errno, "lock of %s", id);
	return container_lock(container, LOCK_EX);
}

static int container_open_folder(struct container *container, enum container_lock lock)
{
	static const int operations[] = { 0, LOCK_SH, LOCK_EX };

	container->folder_fd = openat(
		container->root_fd, container->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (container->folder_fd < 0)
		return errno == ENOENT
			       ? error_set(ENOENT, "container does not exist: %s", container->id)
			       : error_errno(errno, "state folder of %s", container->id);
	if (lock == CONTAINER_UNLOCKED)
		return 0;
	container->lock_fd =
		openat(container->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (container->lock_fd < 0)
		return errno == ENOENT
			       ? error_set(ENOENT, "container does not exist: %s", container->id)
			       : error_errno(errno, "lock of %s", container->id);
	return container_lock(container, operations[lock]);
}

int container_open(
	struct container *container, int root_fd, const char *id, enum container_lock lock)
{
	int r = container_check_id(id);

	if (r < 0)
		return r;
	*container = CONTAINER_NONE;
	container->id = string_copy(id);
	container->root_fd = root_fd;
	r = container_open_folder(container, lock);
	if (r < 0)
		return r;
	r = record_load(&container->arena, container->folder_fd, &container->record);
	/* A create that was killed at once, or is at it: nothing but the folder exists. */
	if (r == -ENOENT) {
		error_clear();
		container->record =
			(struct container_record){ .id = container->id, .damaged = true };
		return 0;
	}
	if (r < 0)
		container->record =
			(struct container_record){ .id = container->id, .damaged = true };
	return r;
}

void container_unlock(struct container *container)
{
	if (container->lock_fd >= 0)
		(void)flock(container->lock_fd, LOCK_UN);
}

int container_relock(struct container *container)
{
	return container_lock(container, LOCK_EX);
}

void container_close(struct container *container)
{
	free(container->id);
	container->id = NULL;
	arena_free(&container->arena);
	file_close(&container->lock_fd);
	file_close(&container->folder_fd);
	file_close(&container->notify_fd);
}

int container_load_config(const struct container *container, struct config *config)
{
	return config_load_at(config, container->folder_fd, "config.json");
}

int container_save(const struct container *container)
{
	return record_save(container->folder_fd, &container->record);
}

bool container_runs(const struct container *container)
{
	return process_runs((pid_t)container->record.pid, container->record.pid_start);
}

enum container_status container_status(const struct container *container)
{
	if (!container->record.pid)
		return STATUS_CREATING;
	if (!container_runs(container))
		return STATUS_STOPPED;
	if (isolation_of(container)->is_frozen(container))
		return STATUS_PAUSED;
	if (faccessat(container->folder_fd, "exec.fifo", F_OK, 0) == 0)
		return STATUS_CREATED;
	return STATUS_RUNNING;
}

void container_write(const struct container *container, struct json_writer *writer)
{
	enum container_status status = container_status(container);
	const struct container_record *record = &container->record;
	const struct container_state state = {
		.id = container->id,
		.status = container_status_names[status],
		.bundle = record->bundle ? record->bundle : "",
		.pid = status == STATUS_STOPPED ? 0 : (pid_t)record->pid,
		.annotations = &record->annotations,
	};

	json_begin_object(writer, NULL);
	state_write(&state, writer);
	json_write_string(writer, "rootfs", record->rootfs ? record->rootfs : "");
	json_write_string(writer, "created", record->created ? record->created : "");
	json_write_string(writer, "owner", record->owner ? record->owner : "");
	if (record->tenant)
		json_write_string(writer, "tenant", record->tenant);
	json_end_object(writer);
}

int container_process_open(const struct container *container)
{
	_cleanup_close_ int pidfd = -EBADF;

	if (container->record.pid <= 0)
		return -ESRCH;
	pidfd = process_open((pid_t)container->record.pid);
	if (pidfd < 0)
		return pidfd;
	/* Only now, with the descriptor held, does the comparison stay true. */
	return container_runs(container) ? TAKE_FD(pidfd) : -ESRCH;
}

int container_remove(struct container *container)
{
	static const char *const files[] = { "exec.fifo", "config.json", "state.json", "lock" };
	int r;

	/* The usual ones by name; whatever else a killed hull left is found the slow way. */
	for (size_t i = 0; container->folder_fd >= 0 && i < ARRAY_SIZE(files); i++)
		(void)unlinkat(container->folder_fd, files[i], 0);
	if (unlinkat(container->root_fd, container->id, AT_REMOVEDIR) == 0)
		return 0;
	r = file_remove_tree_at(container->root_fd, container->id);

	return r < 0 ? error_errno(r, "cannot remove the state folder of %s", container->id) : 0;
}
