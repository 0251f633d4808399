/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "checkpoint/criu.h"
#include "checkpoint/criu_files.h"
#include "checkpoint/migrate.h"
#include "runtime/checkpoint_ability.h"
#include "runtime/checkpoint_export.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/external.h"
#include "runtime/host_cgroup.h"
#include "runtime/thaw_guard.h"

#define INTERFACES_BYTES ((size_t)1024 * 1024)
#define INTERFACES_HEAD	 2 /* lines of /proc/PID/net/dev before the first interface */

struct dump {
	const struct container *container;
	const struct cgroup *cgroup;
	const struct checkpoint_hold *hold;
	struct checkpoint_export *packed;
	const struct criu *criu;
	struct thaw_guard guard;
	int images_fd;
	bool was_frozen, froze;
	bool loosen;   /* there may be external files */
	bool given;    /* it is somebody else's now: whatever happens here, it does not go on */
	bool in_doubt; /* whose it is nobody knows */
};

/* The images are whole, and nobody has been ended yet. */
static int dump_saved(struct dump *dump)
{
	int r = dump->loosen ? criu_files_loosen(dump->images_fd) : 0;

	if (r >= 0 && dump->packed)
		r = checkpoint_export_pack(dump->packed, dump->container);
	if (r < 0 || !dump->hold)
		return r;
	r = dump->hold->held(dump->hold->context);
	dump->given = r >= 0;
	dump->in_doubt = r == MIGRATE_IN_DOUBT;
	return r;
}

/*
 * Frozen by us just before CRIU looks: its own freezing polls in steps of 100 ms. Not earlier,
 * because the container stands still from then on.
 */
static int dump_notify(void *context, const char *script, pid_t pid, int fd)
{
	struct dump *dump = context;
	int r = 0;

	(void)pid;
	(void)fd;
	if (!strcmp(script, "post-dump"))
		return dump_saved(dump);
	if (strcmp(script, "pre-dump") != 0 || dump->was_frozen || cgroup_is_none(dump->cgroup))
		return 0;
	r = thaw_guard_begin(&dump->guard, dump->container, dump->criu->pidfd);
	if (r < 0)
		return r;
	r = cgroup_freeze(dump->cgroup, true);
	dump->froze = true;
	return r;
}

/* It is the container's own, and there is nothing in it that a packet could come by. */
static bool network_is_closed(const struct config *config, pid_t pid)
{
	const struct config_namespace *network = config_namespace(config, NAMESPACE_NETWORK);
	_cleanup_buffer_ struct buffer table = { 0 };
	size_t lines = 0;
	char path[40];

	if (!network || (network->path && *network->path))
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	if (file_read_at(AT_FDCWD, path, &table, INTERFACES_BYTES) < 0 || !table.length)
		return false;
	for (const char *at = table.data; (at = strchr(at, '\n')); at++)
		lines++;
	return lines <= INTERFACES_HEAD ||
	       (lines == INTERFACES_HEAD + 1 && strstr(table.data, "\n    lo:"));
}

/*
 * Who keeps packets from established connections. Not iptables, CRIU's default: four programs that
 * are executed while the container stands still. nftables is spoken by CRIU itself.
 */
static unsigned int network_lock(
	const struct config *config, const struct checkpoint_request *request, pid_t pid)
{
	if (request->network_lock)
		return request->network_lock;
	return request->tcp_established && !network_is_closed(config, pid) ? CRIU_LOCK_NFTABLES
									   : CRIU_LOCK_SKIP;
}

/* CRIU freezes, and sees who is in there, by one hierarchy: v2 where there is one. */
static const char *freezer_path(const struct cgroup *cgroup, struct arena *arena)
{
	const char *path = NULL;

	for (const struct cgroup_view *view = cgroup_views(cgroup); view->name; view++)
		if (!strcmp(view->name, "freezer") || !*view->name ||
			!strcmp(view->name, "unified"))
			path = arena_format(arena, "%s/%s", view->root, view->path);
	return path;
}

static int dump_run(const struct external *external, const struct checkpoint_request *request,
	const struct checkpoint_folder *folder, struct dump *dump)
{
	const struct criu_start start = { .program = request->criu, .cgroup_fd = -1 };
	_cleanup_criu_ struct criu criu = CRIU_NONE;
	enum criu_request type = request->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;
	int r = criu_start(&criu, &start);

	if (r >= 0)
		r = criu_meet(&criu);
	if (r >= 0)
		r = checkpoint_ability_dump(&criu, external->container, request);
	if (r < 0)
		return r;
	dump->criu = &criu;
	dump->images_fd = folder->images_fd;
	dump->loosen = !request->pre_dump && external->options->external.count;
	return criu_request(
		&criu, type, external->options, folder->work_path, dump_notify, dump, NULL);
}

/* Whatever became of it, nobody stays frozen who was not before. */
static int dump_thaw(struct dump *dump, int result)
{
	_cleanup_free_ char *why = NULL;
	int r;

	if (!dump->froze)
		return result;
	if (result < 0)
		why = string_copy(error_text(result));
	if (result < 0 && (dump->given || dump->in_doubt)) {
		thaw_guard_end(&dump->guard);
		return error_set(dump->in_doubt ? -MIGRATE_IN_DOUBT : result, "%s", why);
	}
	r = cgroup_freeze(dump->cgroup, false);
	thaw_guard_end(&dump->guard);
	if (result >= 0)
		return r;
	if (r < 0)
		log_warning("%s", error_text(r));
	return error_set(result, "%s", why);
}

int host_checkpoint(const struct container *container, const struct config *config,
	const struct checkpoint_request *request)
{
	_cleanup_checkpoint_folder_ struct checkpoint_folder folder = CHECKPOINT_FOLDER_NONE;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_arena_ struct arena arena = { 0 };
	struct string_list names = { 0 };
	struct criu_options options;
	struct external external = { container, config, NULL, &arena, &options };
	pid_t pid = (pid_t)container->record.pid;
	struct dump dump = {
		.container = container, .hold = request->hold, .packed = request->packed
	};
	int r = host_open_cgroup(container, &cgroup);

	if (r >= 0)
		r = checkpoint_folder_open(&folder, request, true);
	if (r < 0)
		return r;
	checkpoint_folder_fill(&folder, request, "dump.log", &options);
	options.pid = (unsigned int)pid;
	options.root = container->record.rootfs;
	options.freeze_cgroup = freezer_path(cgroup, &arena);
	options.network_lock = network_lock(config, request, pid);
	options.track_memory = request->pre_dump || request->parent_path;
	external.cgroup = dump.cgroup = cgroup;
	dump.was_frozen = cgroup_is_frozen(cgroup);
	r = external_find_mounts(&external, pid);
	if (r >= 0)
		r = external_find_namespaces(&external, pid);
	if (r >= 0)
		r = external_find_streams(&external, pid, &names);
	if (r >= 0 && !request->pre_dump)
		r = external_save_streams(folder.images_fd, &names);
	if (r >= 0)
		r = dump_run(&external, request, &folder, &dump);
	return dump_thaw(&dump, r);
}
