/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/landing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/checkpoint.h"
#include "runtime/host_migrate.h"

#define RECORDS	     "@migrations"
#define RECORD_BYTES (MIGRATION_KEY_BYTES + 16)
#define OURS	     LANDING_OURS
#define THEIRS	     "source"

/* ---- who owns it ----------------------------------------------------------------------------- */

static void record_name(const char *key, char name[RECORD_BYTES])
{
	(void)snprintf(name, RECORD_BYTES, "%s.owner", key);
}

/* A file that it is read from is taken once. */
static int decide_stored(const struct landing *landing, bool ours)
{
	if (!ours ||
		renameat(landing->stored_fd, STORED_FILE, landing->stored_fd, STORED_TAKEN) < 0)
		return 0;
	return 1;
}

/* A link is made with what it says, by one alone. */
static int landing_decide(void *self, const char *key, bool ours)
{
	const struct landing *landing = self;
	char name[RECORD_BYTES], owner[16];
	ssize_t n;

	if (landing->stored_fd >= 0)
		return decide_stored(landing, ours);
	record_name(key, name);
	if (symlinkat(ours ? OURS : THEIRS, landing->records_fd, name) == 0)
		return ours;
	if (errno != EEXIST)
		return error_errno(errno, "cannot record who has the container");
	n = readlinkat(landing->records_fd, name, owner, sizeof(owner));
	if (n < 0)
		return error_errno(errno, "cannot read who has the container");
	return n == (ssize_t)strlen(OURS) && !memcmp(owner, OURS, (size_t)n);
}

static void landing_forget(void *self, const char *key)
{
	const struct landing *landing = self;
	char name[RECORD_BYTES];

	if (landing->stored_fd >= 0) {
		(void)renameat(landing->stored_fd, STORED_TAKEN, landing->stored_fd, STORED_FILE);
		return;
	}
	record_name(key, name);
	(void)unlinkat(landing->records_fd, name, 0);
}

/* ---- before anything comes ------------------------------------------------------------------- */

static int check_machine(const struct landing *landing, struct arena *arena)
{
	struct migration_machine machine;
	bool tracks_memory;
	int r = migration_machine_read(arena, &machine);

	if (r >= 0)
		r = host_ask_criu(landing->global->criu, &machine.criu, &tracks_memory);
	return r < 0 ? r : migration_machine_check(&landing->manifest.machine, &machine);
}

static int check_name(const struct landing *landing)
{
	const char *id = landing->manifest.id;
	int r = container_check_id(id);

	if (r >= 0 && faccessat(landing->root_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = error_set(EEXIST, "container with given ID already exists: %s", id);
	return r;
}

static int open_bundle(struct landing *landing)
{
	char path[PATH_MAX];

	if (mkdir(landing->bundles, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "--bundles %s", landing->bundles);
	if (!realpath(landing->bundles, path))
		return error_errno(errno, "--bundles %s", landing->bundles);
	landing->bundle = arena_format(&landing->arena, "%s/%s", path, landing->manifest.id);
	landing->made_bundle = mkdir(landing->bundle, 0711) == 0;
	if (!landing->made_bundle && errno != EEXIST)
		return error_errno(errno, "%s", landing->bundle);
	landing->bundle_fd = open(landing->bundle, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return landing->bundle_fd < 0 ? error_errno(errno, "%s", landing->bundle) : 0;
}

/* The one that is here already, or else that of the source. */
static int furnish_config(struct landing *landing)
{
	const struct migration_manifest *manifest = &landing->manifest;
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	if (faccessat(landing->bundle_fd, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = landing_config(manifest->config, landing->allowed,
		manifest->shared_rootfs ? manifest->rootfs : NULL, &text);
	if (r < 0)
		return r;
	r = file_replace_at(landing->bundle_fd, "config.json", text.data, text.length, 0600);
	landing->made_config = r >= 0;
	return r < 0 ? error_errno(r, "%s/config.json", landing->bundle) : 0;
}

static int check_config(const struct landing *landing, const struct config *config)
{
	if (config->process->terminal && !landing->console_socket)
		return error_set(
			EINVAL, "it has a terminal: hull receive needs --console-socket for that");
	return landing_check_paths(config, landing->bundle);
}

static int open_rootfs(struct landing *landing, const struct config *config)
{
	const char *path = config->root->path;

	if (!landing->manifest.shared_rootfs && mkdirat(landing->bundle_fd, path, 0755) < 0 &&
		errno != EEXIST)
		return error_errno(errno, "config.json: root.path: %s", path);
	landing->rootfs_fd = openat(landing->bundle_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (landing->rootfs_fd < 0)
		return error_errno(errno, "config.json: root.path: %s", path);
	return 0;
}

/* Locked as long as we live, and says what we have made: see landing_stale.c. */
static int open_images(struct landing *landing)
{
	const char *key = landing->manifest.key;

	if (flock(landing->records_fd, LOCK_EX) < 0 || mkdirat(landing->records_fd, key, 0700) < 0)
		return error_errno(errno, "cannot make a folder for memory images");
	landing->images_fd =
		openat(landing->records_fd, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (landing->images_fd < 0 || flock(landing->images_fd, LOCK_EX | LOCK_NB) < 0 ||
		symlinkat(landing->manifest.id, landing->images_fd, LANDING_ID) < 0 ||
		(landing->made_bundle &&
			symlinkat(landing->bundle, landing->images_fd, LANDING_BUNDLE) < 0))
		return error_errno(errno, "the folder of memory images");
	(void)flock(landing->records_fd, LOCK_UN);
	return 0;
}

static int landing_prepare(
	void *self, const struct migration_manifest *manifest, int *rootfs_fd, int *images_fd)
{
	struct landing *landing = self;
	_cleanup_config_ struct config config = { 0 };
	int r;

	landing->manifest = *manifest;
	r = check_machine(landing, &landing->arena);
	if (r >= 0)
		r = check_name(landing);
	if (r >= 0)
		r = open_bundle(landing);
	if (r >= 0)
		r = furnish_config(landing);
	if (r >= 0)
		r = config_load_at(&config, landing->bundle_fd, "config.json");
	if (r >= 0)
		r = check_config(landing, &config);
	if (r >= 0)
		r = open_rootfs(landing, &config);
	if (r >= 0)
		r = open_images(landing);
	*rootfs_fd = manifest->shared_rootfs ? -1 : landing->rootfs_fd;
	*images_fd = landing->images_fd;
	return r;
}

/* ---- it is made ------------------------------------------------------------------------------ */

/* Its standard streams are ours while it is made. */
static void swap_streams(int output_fd, int saved[2])
{
	for (int i = 0; i < 2; i++) {
		saved[i] = fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, 3);
		(void)dup2(output_fd, STDOUT_FILENO + i);
	}
}

static void swap_streams_back(int saved[2])
{
	for (int i = 0; i < 2; i++) {
		(void)dup2(saved[i], STDOUT_FILENO + i);
		file_close(&saved[i]);
	}
}

static int landing_restore(void *self, unsigned int round, migrate_held *held, void *context)
{
	struct landing *landing = self;
	const struct migration_manifest *manifest = &landing->manifest;
	const struct create_options options = {
		.bundle = landing->bundle, .console_socket = landing->console_socket, .detach = true
	};
	const struct checkpoint_hold hold = { held, context };
	const struct checkpoint_request restore = {
		.criu = landing->global->criu,
		.image_path = arena_format(
			&landing->arena, "/proc/self/fd/%d/%u", landing->images_fd, round),
		.hold = &hold,
		.tcp_established = manifest->tcp_established,
		.file_locks = manifest->file_locks,
		.shell_job = manifest->shell_job,
		.ext_unix_sk = manifest->ext_unix_sk,
		.link_remap = manifest->link_remap,
	};
	const struct lifecycle_request request = { landing->global, &options, &restore };
	struct process_handle handle = { .pidfd = -1, .terminal_fd = -1 };
	int saved[2], r;

	swap_streams(landing->output_fd, saved);
	r = lifecycle_create(&landing->container, &request, manifest->id, true, &handle);
	swap_streams_back(saved);
	file_close(&handle.pidfd);
	file_close(&handle.terminal_fd);
	landing->landed = r >= 0;
	return r;
}

/* ---- the whole of it ------------------------------------------------------------------------- */

static int landing_open(struct landing *landing)
{
	landing->container = CONTAINER_NONE;
	landing->root_fd = container_root_open(landing->global);
	if (landing->root_fd < 0)
		return landing->root_fd;
	if (mkdirat(landing->root_fd, RECORDS, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "cannot make " RECORDS " in the state folder");
	landing->records_fd =
		openat(landing->root_fd, RECORDS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (landing->records_fd < 0)
		return error_errno(errno, RECORDS);
	landing_remove_stale(landing->root_fd, landing->records_fd);
	return 0;
}

/* The error that is reported is the first one. */
static void landing_close(struct landing *landing)
{
	_cleanup_free_ char *why = string_copy(error_text(-EIO));

	if (landing->images_fd >= 0)
		(void)file_remove_tree_at(landing->records_fd, landing->manifest.key);
	if (landing->made_config && !landing->landed)
		(void)unlinkat(landing->bundle_fd, "config.json", 0);
	if (landing->made_bundle && !landing->landed)
		(void)file_remove_tree_at(AT_FDCWD, landing->bundle);
	if (landing->stored_fd >= 0 && landing->landed)
		(void)unlinkat(landing->stored_fd, STORED_TAKEN, 0);
	file_close(&landing->images_fd);
	file_close(&landing->rootfs_fd);
	file_close(&landing->bundle_fd);
	file_close(&landing->records_fd);
	container_close(&landing->container);
	file_close(&landing->root_fd);
	arena_free(&landing->arena);
	if (!landing->landed)
		(void)error_set(EIO, "%s", why);
}

int landing_receive(struct landing *landing, struct transport *transport)
{
	struct migrate_landing side = {
		.transport = transport,
		.prepare = landing_prepare,
		.restore = landing_restore,
		.decide = landing_decide,
		.forget = landing_forget,
		.self = landing,
	};
	int r = landing_open(landing);

	if (r >= 0)
		r = migrate_receive(&side);
	if (r >= 0 && landing->landed)
		r = lifecycle_poststart(&landing->container);
	landing_close(landing);
	return r;
}
