/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/quantity.h"
#include "runtime/command.h"
#include "runtime/host_migrate.h"
#include "runtime/isolation.h"
#include "runtime/lifecycle.h"
#include "runtime/migration_link.h"
#include "runtime/migration_mark.h"

#define DEFAULT_DOWNTIME 300000000ULL
#define DEFAULT_ROUNDS	 8
#define MILLISECOND	 1000000ULL

struct migrate_options {
	struct migration_options link; /* first: its options are shared */
	struct checkpoint_request request;
	const char *name, *max_downtime, *max_rounds;
	bool shared_rootfs, give_up, settle;
};

#define FLAG(name, member, help)                                                                   \
	{ name, 0, OPTION_FLAG, offsetof(struct migrate_options, member), NULL, help }
#define TEXT(name, member, argument, help)                                                         \
	{ name, 0, OPTION_TEXT, offsetof(struct migrate_options, member), argument, help }

static const struct option options[] = {
	TEXT("name", name, "NEW-ID", "what it is called at the target (default: as here)"),
	TEXT("max-downtime", max_downtime, "TIME",
		"copy memory in rounds until it would stand still no longer (default: 300ms)"),
	TEXT("max-rounds", max_rounds, "N",
		"but in no more rounds than that; 0: stop it at once (default: 8)"),
	FLAG("give-up", give_up, "rather than to let it stand still for longer"),
	FLAG("shared-rootfs", shared_rootfs,
		"the target has the same root file system, at the same path"),
	MIGRATION_OPTIONS,
	MIGRATION_OPTION(OPTION_TEXT, "remote", remote, "COMMAND",
		"what ssh:// starts there, with its options (default: hull receive)"),
	FLAG("tcp-established", request.tcp_established, "with established TCP connections"),
	FLAG("ext-unix-sk", request.ext_unix_sk, "with Unix sockets whose other end is outside"),
	FLAG("shell-job", request.shell_job,
		"with a terminal that belongs to the caller's session"),
	FLAG("file-locks", request.file_locks, "with locks of files"),
	FLAG("link-remap", request.link_remap,
		"with open files whose name was removed and which have another"),
	FLAG("settle", settle,
		"after a migration whose end is unknown: ask the target, and let it go on or go"),
	{ 0 },
};

/* What the engine calls back. */
struct migrating {
	const struct migrate_options *wanted;
	const char *target, *key;
	struct migration_link *link;
	bool terminal;
};

/* ---- progress -------------------------------------------------------------------------------- */

static void tell_person(const struct migrate_progress *progress)
{
	unsigned long long ms = progress->nanoseconds / MILLISECOND;

	if (progress->phase == MIGRATE_FILES)
		printf("files: %llu KiB in %llu ms\n", (unsigned long long)progress->bytes / 1024,
			ms);
	else if (progress->phase == MIGRATE_ROUND)
		printf("round %u: %llu KiB in %llu ms; written meanwhile: %llu KiB (%llu KiB/s); "
		       "downtime now: %llu ms\n",
			progress->round, (unsigned long long)progress->bytes / 1024, ms,
			(unsigned long long)progress->dirty / 1024,
			(unsigned long long)progress->dirty_rate / 1024,
			(unsigned long long)(progress->predicted / MILLISECOND));
	else if (progress->phase == MIGRATE_STOPPED)
		printf("stopped\n");
	else
		printf("moved: %llu KiB in %llu ms; downtime: %llu ms, predicted: %llu ms\n",
			(unsigned long long)progress->bytes / 1024, ms,
			(unsigned long long)(progress->downtime / MILLISECOND),
			(unsigned long long)(progress->predicted / MILLISECOND));
}

static void tell_program(const struct migrate_progress *progress)
{
	static const char *const phases[] = { "files", "round", "stopped", "moved" };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "phase", phases[progress->phase]);
	if (progress->round)
		json_write_unsigned(&writer, "round", progress->round);
	if (progress->phase != MIGRATE_STOPPED) {
		json_write_unsigned(&writer, "bytes", progress->bytes);
		json_write_double(&writer, "ms", (double)progress->nanoseconds / MILLISECOND);
	}
	if (progress->phase == MIGRATE_ROUND) {
		json_write_unsigned(&writer, "dirtyBytes", progress->dirty);
		json_write_unsigned(&writer, "dirtyBytesPerSecond", progress->dirty_rate);
	}
	if (progress->predicted)
		json_write_double(
			&writer, "predictedDowntimeMs", (double)progress->predicted / MILLISECOND);
	if (progress->phase == MIGRATE_DONE)
		json_write_double(&writer, "downtimeMs", (double)progress->downtime / MILLISECOND);
	json_end_object(&writer);
	printf("%s\n", text.data);
}

static void tell(void *context, const struct migrate_progress *progress)
{
	const struct migrating *migrating = context;

	if (migrating->terminal)
		tell_person(progress);
	else
		tell_program(progress);
	(void)fflush(stdout);
}

/* ---- the other side -------------------------------------------------------------------------- */

static int ask_target(const char *target, const char *key,
	const struct migration_options *link_options, enum frame_type *answer)
{
	_cleanup_migration_link_ struct migration_link link = MIGRATION_LINK_NONE;
	int r = migration_link_connect(&link, target, link_options);

	return r < 0 ? r : migrate_ask(&link.transport, key, answer);
}

static int ask(void *context, enum frame_type *answer)
{
	const struct migrating *migrating = context;

	return ask_target(migrating->target, migrating->key, &migrating->wanted->link, answer);
}

static int commit(void *context)
{
	const struct migrating *migrating = context;

	return migration_link_commit(migrating->link);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int check(const struct container *container)
{
	enum container_status status = container_status(container);

	if (geteuid() != 0)
		return error_set(EPERM, "only root can migrate containers");
	if (!isolation_of(container)->checkpoint)
		return error_set(EOPNOTSUPP, "isolation %s: cannot migrate containers",
			isolation_of(container)->name);
	if (status != STATUS_RUNNING)
		return error_set(EINVAL, "cannot migrate container %s: it is %s", container->id,
			container_status_names[status]);
	return 0;
}

static int read_limits(const struct migrate_options *wanted, struct migrate_plan *plan)
{
	int64_t rounds = DEFAULT_ROUNDS;

	plan->max_downtime = DEFAULT_DOWNTIME;
	if (wanted->max_downtime &&
		quantity_duration(wanted->max_downtime, &plan->max_downtime) < 0)
		return error_set(EINVAL, "--max-downtime: must be a time like 300ms, got \"%s\"",
			wanted->max_downtime);
	if (wanted->max_rounds && (quantity_bytes(wanted->max_rounds, &rounds) < 0 || rounds > 100))
		return error_set(EINVAL, "--max-rounds: must be a number up to 100, got \"%s\"",
			wanted->max_rounds);
	plan->max_rounds = (unsigned int)rounds;
	return 0;
}

static int open_rootfs(const struct container *container, bool shared, int *fd)
{
	if (shared)
		return 0;
	*fd = open(container->record.rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? error_errno(errno, "%s", container->record.rootfs) : 0;
}

static int migrate(const struct invocation *invocation, struct container *container)
{
	_cleanup_migration_link_ struct migration_link link = MIGRATION_LINK_NONE;
	_cleanup_config_ struct config config = { 0 };
	_cleanup_close_ int rootfs_fd = -EBADF;
	const struct migrate_options *wanted = invocation->options;
	char key[MIGRATION_KEY_BYTES + 1];
	struct migrating migrating = { wanted, invocation->operands[1], key, &link,
		isatty(STDOUT_FILENO) };
	struct host_migration host = { .container = container,
		.config = &config,
		.request = wanted->request,
		.folder_fd = -EBADF };
	struct migrate_plan plan = { .what = &migratable_host,
		.self = &host,
		.transport = &link.transport,
		.give_up = wanted->give_up,
		.ask = ask,
		.commit = commit,
		.tell = tell,
		.context = &migrating };
	int r = read_limits(wanted, &plan);

	migration_key_make(key);
	host.request.criu = invocation->global->criu;
	if (r >= 0)
		r = container_load_config(container, &config);
	if (r >= 0)
		r = open_rootfs(container, wanted->shared_rootfs, &rootfs_fd);
	if (r >= 0)
		r = migration_link_connect(&link, migrating.target, &wanted->link);
	if (r < 0)
		return r;
	plan.rootfs_fd = rootfs_fd;
	plan.manifest.id = wanted->name ? wanted->name : container->id;
	plan.manifest.key = key;
	plan.manifest.shared_rootfs = wanted->shared_rootfs;
	plan.manifest.stored = link.transport.one_way;
	host.mark = migration_mark_text(&host.arena, key, migrating.target);
	r = migrate_send(&plan);
	host_migration_close(&host);
	return r;
}

static int settle(const struct invocation *invocation, struct container *container)
{
	const struct migrate_options *wanted = invocation->options;
	struct migration_mark mark = { 0 };
	enum frame_type answer;
	int r = migration_mark_read(container, &mark);

	if (r >= 0)
		r = ask_target(mark.target, mark.key, &wanted->link, &answer);
	if (r >= 0)
		r = answer == FRAME_MINE ? lifecycle_destroy(container)
					 : isolation_of(container)->freeze(container, false);
	if (r >= 0 && answer != FRAME_MINE)
		migratable_host.roll_back(&(struct host_migration){ .container = container });
	if (r >= 0)
		printf("container %s %s\n", container->id,
			answer == FRAME_MINE ? "has moved" : "has not moved, and goes on here");
	arena_free(&mark.arena);
	return r;
}

static int migrate_run(const struct invocation *invocation)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	const struct migrate_options *wanted = invocation->options;
	int root_fd, r;

	if (wanted->settle != (invocation->operand_count == 1))
		return error_set(EINVAL, wanted->settle ? "--settle takes an ID alone"
							: "migrate takes an ID and a TARGET");
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_LOCKED);
	if (r >= 0 && wanted->settle)
		return settle(invocation, &container);
	if (r >= 0)
		r = check(&container);
	return r < 0 ? r : migrate(invocation, &container);
}

const struct command command_migrate = {
	.name = "migrate",
	.synopsis = "[OPTIONS] ID TARGET",
	.summary = "move a running container to another machine, while it works",
	.options = options,
	.options_bytes = sizeof(struct migrate_options),
	.operands_least = 1,
	.operands_most = 2,
	.run = migrate_run,
	.of_status = "running",
};
