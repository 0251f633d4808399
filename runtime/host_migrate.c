/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_migrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "checkpoint/criu.h"
#include "checkpoint/image_name.h"
#include "checkpoint/tree_transfer.h"
#include "runtime/host_checkpoint.h"
#include "runtime/lifecycle.h"
#include "runtime/thaw_guard.h"

/* In the state folder: whatever becomes of this hull, `delete` removes it. */
#define IMAGES_FOLDER "migrate"

void host_migration_close(struct host_migration *migration)
{
	file_close(&migration->folder_fd);
	arena_free(&migration->arena);
}

/* ---- before ---------------------------------------------------------------------------------- */

int host_ask_criu(const char *program, unsigned int *version, bool *tracks_memory)
{
	const struct criu_start start = { .program = program, .cgroup_fd = -1 };
	_cleanup_criu_ struct criu criu = CRIU_NONE;
	bool lazy_pages = false;
	int r = criu_start(&criu, &start);

	if (r >= 0)
		r = criu_meet(&criu);
	if (r >= 0)
		r = criu_features(&criu, tracks_memory, &lazy_pages);
	*version = criu.version;
	return r;
}

static int make_folder(struct host_migration *migration)
{
	int state_fd = migration->container->folder_fd;
	char link[40], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", state_fd);
	n = readlink(link, path, sizeof(path));
	/* Of a hull that was killed. */
	(void)file_remove_tree_at(state_fd, IMAGES_FOLDER);
	if (n < 0 || mkdirat(state_fd, IMAGES_FOLDER, 0700) < 0)
		return error_errno(errno, "cannot make a folder for memory images");
	migration->folder = arena_format(&migration->arena, "%.*s/" IMAGES_FOLDER, (int)n, path);
	migration->folder_fd =
		openat(state_fd, IMAGES_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return migration->folder_fd < 0 ? error_errno(errno, "%s", migration->folder) : 0;
}

static int host_begin(void *self, struct migration_manifest *manifest, bool *has_rounds)
{
	struct host_migration *migration = self;
	const struct checkpoint_request *request = &migration->request;
	int r = migration_machine_read(&migration->arena, &manifest->machine);

	if (r >= 0)
		r = host_ask_criu(request->criu, &manifest->machine.criu, has_rounds);
	if (r >= 0)
		r = make_folder(migration);
	manifest->config = migration->config->document.data;
	manifest->rootfs = migration->container->record.rootfs;
	manifest->tcp_established = request->tcp_established;
	manifest->file_locks = request->file_locks;
	manifest->shell_job = request->shell_job;
	manifest->ext_unix_sk = request->ext_unix_sk;
	manifest->link_remap = request->link_remap;
	return r;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static int send_image(int folder_fd, const char *name, struct transport *transport)
{
	_cleanup_close_ int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(errno, "image %s", name);
	r = transport_put(transport, FRAME_IMAGE, name, strlen(name));
	return r < 0 ? r : content_send(transport, fd);
}

static int send_images(
	struct host_migration *migration, unsigned int round, struct transport *transport)
{
	char name[16];
	struct dirent *entry;
	DIR *folder;
	int fd, r = 0;

	(void)snprintf(name, sizeof(name), "%u", round);
	fd = openat(migration->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		file_close(&fd);
		return error_errno(errno, "the memory images");
	}
	while (r >= 0 && (entry = readdir(folder)))
		if (image_name_is_good(entry->d_name, strlen(entry->d_name)))
			r = send_image(fd, entry->d_name, transport);
	(void)closedir(folder);
	return r;
}

static int save_round(
	struct host_migration *migration, unsigned int round, const struct checkpoint_hold *hold)
{
	struct checkpoint_request request = migration->request;

	request.image_path = arena_format(&migration->arena, "%s/%u", migration->folder, round);
	request.parent_path =
		round > 1 ? arena_format(&migration->arena, "../%u", round - 1) : NULL;
	request.pre_dump = !hold;
	request.hold = hold;
	return host_checkpoint(migration->container, migration->config, &request);
}

static int host_copy_round(void *self, unsigned int round, struct transport *transport)
{
	int r = save_round(self, round, NULL);

	return r < 0 ? r : send_images(self, round, transport);
}

static int host_send_last(void *self, unsigned int round, struct transport *transport)
{
	return send_images(self, round, transport);
}

static int host_dirty_left(void *self, uint64_t *bytes)
{
	const struct host_migration *migration = self;
	struct stat st;
	/* Nothing is tracked before the first round. */
	bool is_tracked = fstatat(migration->folder_fd, "1", &st, AT_SYMLINK_NOFOLLOW) == 0;

	return host_dirty_memory(migration->container, is_tracked, bytes);
}

/* ---- the end --------------------------------------------------------------------------------- */

struct held_call {
	struct host_migration *migration;
	migrate_held *held;
	void *context;
};

static int call_held(void *context)
{
	const struct held_call *call = context;
	int r = call->held(call->context);

	call->migration->given = r >= 0;
	return r;
}

static int host_stop(void *self, unsigned int round, migrate_held *held, void *context)
{
	struct host_migration *migration = self;
	struct held_call call = { migration, held, context };
	const struct checkpoint_hold hold = { call_held, &call };
	int r = save_round(migration, round, &hold);

	/* The target has it: what CRIU says of its end here changes nothing, and `finish` ends it. */
	if (r < 0 && migration->given) {
		log_warning("%s", error_text(r));
		error_clear();
		return 0;
	}
	return r;
}

static int host_give(void *self)
{
	const struct host_migration *migration = self;
	int r = file_replace_at(migration->container->folder_fd, MIGRATION_MARK, migration->mark,
		strlen(migration->mark), 0600);

	return r < 0 ? error_errno(r, "cannot write " MIGRATION_MARK " in the state folder") : 0;
}

static int host_finish(void *self)
{
	struct host_migration *migration = self;
	int r;

	file_close(&migration->folder_fd);
	r = lifecycle_destroy(migration->container);
	return error_context(r, "it has moved, but not all of it here could be removed");
}

static void host_roll_back(void *self)
{
	struct host_migration *migration = self;
	_cleanup_free_ char *why = string_copy(error_text(-EIO));
	int state_fd = migration->container->folder_fd;

	(void)unlinkat(state_fd, MIGRATION_MARK, 0);
	(void)file_remove_tree_at(state_fd, IMAGES_FOLDER);
	(void)error_set(EIO, "%s", why);
}

const struct migratable migratable_host = {
	.name = "CRIU",
	.begin = host_begin,
	.copy_round = host_copy_round,
	.dirty_left = host_dirty_left,
	.stop = host_stop,
	.send_last = host_send_last,
	.give = host_give,
	.finish = host_finish,
	.roll_back = host_roll_back,
};
