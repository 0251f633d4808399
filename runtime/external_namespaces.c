/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

/* How CRIU is told of a namespace that was joined by its path. */
static const struct external_namespace {
	enum namespace_type type;
	const char *name; /* in /proc/PID/ns */
	const char *key;  /* given as a descriptor of this name; NULL: joined before the restore */
} external_namespaces[] = {
	{ NAMESPACE_NETWORK, "net", "extRootNetNS" },
	{ NAMESPACE_PID, "pid", "extRootPidNS" },
	{ NAMESPACE_IPC, "ipc", NULL },
	{ NAMESPACE_UTS, "uts", NULL },
	{ NAMESPACE_TIME, "time", NULL },
};

static const char *joined_path(const struct config *config, enum namespace_type type)
{
	const struct config_namespace *wanted = config_namespace(config, type);

	return wanted && wanted->path && *wanted->path ? wanted->path : NULL;
}

static int refuse_joined(const struct config *config)
{
	if (joined_path(config, NAMESPACE_USER) || joined_path(config, NAMESPACE_MOUNT))
		return error_set(EOPNOTSUPP,
			"config.json: linux.namespaces: a user or mount namespace that was joined "
			"cannot be checkpointed");
	return 0;
}

int external_find_namespaces(const struct external *external, pid_t pid)
{
	int r = refuse_joined(external->config);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(external_namespaces); i++) {
		const struct external_namespace *row = &external_namespaces[i];
		struct stat st;
		char path[40];

		if (!row->key || !joined_path(external->config, row->type))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, row->name);
		if (stat(path, &st) < 0)
			return error_errno(errno, "%s", path);
		string_list_add(external->arena, &external->options->external,
			arena_format(external->arena, "%s[%ju]:%s", row->name, (uintmax_t)st.st_ino,
				row->key));
	}
	return r;
}

int external_give_namespaces(const struct external *external)
{
	int r = refuse_joined(external->config);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(external_namespaces); i++) {
		const struct external_namespace *row = &external_namespaces[i];
		const char *path = joined_path(external->config, row->type);
		struct criu_pair pair = { .key = row->name, .value = path };

		if (!path)
			continue;
		if (!row->key) {
			criu_pair_add(external->arena, &external->options->joined, pair);
			continue;
		}
		pair = (struct criu_pair){ .key = row->key,
			.fd = open(path, O_RDONLY | O_CLOEXEC) };
		if (pair.fd < 0)
			return error_errno(errno, "config.json: linux.namespaces: %s", path);
		criu_pair_add(external->arena, &external->options->inherited, pair);
	}
	return r;
}

void external_close(const struct criu_options *options)
{
	for (size_t i = 0; i < options->inherited.count; i++)
		file_close(&options->inherited.items[i].fd);
}
