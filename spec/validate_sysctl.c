/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "spec/validate.h"
#include "spec/validate_rules.h"

/*
 * /proc/sys is namespaced in parts only. What is not is the machine's, and a
 * container must not change it. The ipc names are those of the kernel's
 * ipc/ipc_sysctl.c.
 */
static const char *const ipc_paths[] = { "kernel/auto_msgmni", "kernel/msg_next_id",
	"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/sem_next_id",
	"kernel/shm_next_id", "kernel/shm_rmid_forced", "kernel/shmall", "kernel/shmmax",
	"kernel/shmmni", NULL };

static const struct {
	const char *before;
	enum namespace_type type;
} prefixes[] = {
	{ "fs/mqueue/", NAMESPACE_IPC },
	{ "net/", NAMESPACE_NETWORK },
	{ "user/", NAMESPACE_USER },
};

static bool path_is_clean(const char *path)
{
	for (const char *at = path;; at++) {
		size_t length = strcspn(at, "/");

		if (!length || (length == 1 && at[0] == '.') ||
			(length == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += length;
		if (!*at)
			return true;
	}
}

int sysctl_path(const char *key, char *path, size_t bytes)
{
	size_t length = strlen(key);
	const char *separator = strpbrk(key, "./");
	bool dotted = separator && *separator == '.';

	if (length >= bytes)
		return -ENAMETOOLONG;
	for (size_t i = 0; i <= length; i++) {
		path[i] = key[i];
		if (dotted && key[i] == '.')
			path[i] = '/';
		else if (dotted && key[i] == '/')
			path[i] = '.';
	}
	return path_is_clean(path) ? 0 : -EINVAL;
}

static enum namespace_type sysctl_namespace(const char *path)
{
	if (!strcmp(path, "kernel/domainname"))
		return NAMESPACE_UTS;
	if (word_find(ipc_paths, path) >= 0)
		return NAMESPACE_IPC;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(path, prefixes[i].before, strlen(prefixes[i].before)))
			return prefixes[i].type;
	return NAMESPACE_UNKNOWN;
}

static int validate_sysctl(
	const struct validation *at, const struct config *config, const char *key)
{
	enum namespace_type type;
	char path[PATH_MAX];

	if (sysctl_path(key, path, sizeof(path)) < 0)
		return validation_refuse(at,
			"linux.sysctl[\"%.64s\"]: must be the name of a sysctl, it contains an "
			"invalid path",
			key);
	if (!strcmp(path, "kernel/hostname"))
		return validation_refuse(at,
			"linux.sysctl[\"%.64s\"]: must not be set, hostname is the field for it",
			key);
	type = sysctl_namespace(path);
	if (type == NAMESPACE_UNKNOWN)
		return validation_refuse(at,
			"linux.sysctl[\"%.64s\"]: must be a sysctl of a namespace, this one is the "
			"machine's",
			key);
	if (!config_namespace(config, type))
		return validation_refuse(at,
			"linux.sysctl[\"%.64s\"]: must not be set without a namespace of type "
			"%s",
			key, namespace_names[type]);
	return 0;
}

int validate_sysctls(const struct validation *at, const struct config *config)
{
	const struct string_map *sysctl = &config->linux->sysctl;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sysctl->count; i++)
		r = validate_sysctl(at, config, sysctl->items[i].key);
	return r;
}
