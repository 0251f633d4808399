/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cgroup/rdt_schema.h"

#define FILE_BYTES_MOST (1u << 20)

/* The path of a mount whose file system is resctrl, with mountinfo's \040 undone; or NULL. */
static char *rdt_mount_point(char *line)
{
	char *end = strstr(line, " - resctrl "), *path = line, *to;

	if (!end)
		return NULL;
	for (int field = 0; field < 4; field++)
		path = strchr(path, ' ') + 1;
	to = path;
	for (const char *from = path; *from != ' '; to++) {
		if (*from == '\\') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return path;
}

int rdt_open(void)
{
	_cleanup_buffer_ struct buffer table = { 0 };
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", &table, 256u << 20);
	char *rest = table.data;

	if (r < 0)
		return error_errno(r, "/proc/self/mountinfo");
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *path = rdt_mount_point(line);
		int fd;

		if (!path)
			continue;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? error_errno(errno, "%s", path) : fd;
	}
	return error_set(ENODEV, "config.json: linux.intelRdt: resctrl is not mounted (mount -t "
				 "resctrl resctrl /sys/fs/resctrl)");
}

static bool rdt_has_schema(const struct config_intel_rdt *config)
{
	return config->l3_cache_schema || config->mem_bw_schema || config->schemata.count;
}

static const char *rdt_folder(const struct rdt_group *group)
{
	return !strcmp(group->clos, "/") ? "." : group->clos;
}

static int rdt_open_class(int root_fd, const struct rdt_group *group)
{
	int fd =
		openat(root_fd, rdt_folder(group), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The two older fields have to agree with a class that exists; schemata is written to it. */
static int rdt_compare(int class_fd, const struct config_intel_rdt *config, const char *clos)
{
	_cleanup_buffer_ struct buffer wanted = { 0 }, found = { 0 };
	int r = file_read_at(class_fd, "schemata", &found, FILE_BYTES_MOST);

	if (r < 0)
		return error_errno(r, "resctrl: %s/schemata", clos);
	buffer_text(&wanted, "");
	rdt_schema_write(config, &wanted);
	if (!rdt_schema_matches(wanted.data, found.data ? found.data : ""))
		return error_set(EINVAL,
			"config.json: linux.intelRdt.closID: %s exists, with another schema than "
			"that of config.json",
			clos);
	return 0;
}

int rdt_choose(
	int root_fd, const struct config_intel_rdt *config, const char *id, struct rdt_group *group)
{
	_cleanup_close_ int class_fd = -EBADF;

	*group = (struct rdt_group){
		.id = id,
		.clos = config->clos_id ? config->clos_id : id,
		.monitored = config->enable_monitoring || config->enable_cmt || config->enable_mbm,
	};
	class_fd = rdt_open_class(root_fd, group);
	if (class_fd < 0 && class_fd != -ENOENT)
		return error_errno(class_fd, "resctrl: %s", group->clos);
	group->made = class_fd < 0;
	if (group->made && config->clos_id && !rdt_has_schema(config))
		return error_set(ENOENT,
			"config.json: linux.intelRdt.closID: there is no class %s, and no schema "
			"to make it with",
			config->clos_id);
	if (!group->made && !config->clos_id)
		return error_set(EEXIST,
			"config.json: linux.intelRdt: resctrl has a class %s already, closID would "
			"join it",
			id);
	return group->made || !rdt_has_schema(config) ? 0
						      : rdt_compare(class_fd, config, group->clos);
}

int rdt_make(int root_fd, const struct rdt_group *group)
{
	if (group->made && mkdirat(root_fd, group->clos, 0755) < 0)
		return error_errno(
			errno, "config.json: linux.intelRdt: cannot make class %s", group->clos);
	return 0;
}

/* The kernel tells in a file why it refused. */
static int rdt_refused(int root_fd, int error, const char *field)
{
	_cleanup_buffer_ struct buffer why = { 0 };
	size_t length;

	(void)file_read_at(root_fd, "info/last_cmd_status", &why, 4096);
	length = why.data ? strcspn(why.data, "\n") : 0;
	if (!length || !strncmp(why.data, "ok", 2))
		return error_errno(error, "config.json: linux.intelRdt.%s", field);
	return error_set(
		error, "config.json: linux.intelRdt.%s: %.*s", field, (int)length, why.data);
}

static int rdt_write_schema(int root_fd, int class_fd, const struct config_intel_rdt *config)
{
	_cleanup_buffer_ struct buffer first = { 0 }, last = { 0 };
	int r = 0;

	rdt_schema_write(config, &first);
	for (size_t i = 0; i < config->schemata.count; i++)
		buffer_format(&last, "%s\n", config->schemata.items[i]);
	if (first.length)
		r = file_write_at(class_fd, "schemata", first.data);
	if (r < 0)
		return rdt_refused(
			root_fd, r, config->l3_cache_schema ? "l3CacheSchema" : "memBwSchema");
	if (last.length)
		r = file_write_at(class_fd, "schemata", last.data);
	return r < 0 ? rdt_refused(root_fd, r, "schemata") : 0;
}

static void rdt_monitor_path(const struct rdt_group *group, char *path, size_t bytes)
{
	(void)snprintf(path, bytes, "mon_groups/%s", group->id);
}

int rdt_configure(int root_fd, const struct rdt_group *group, const struct config_intel_rdt *config)
{
	_cleanup_close_ int class_fd = rdt_open_class(root_fd, group);
	char path[300];
	int r;

	if (class_fd < 0)
		return error_errno(class_fd, "resctrl: %s", group->clos);
	r = rdt_write_schema(root_fd, class_fd, config);
	if (r < 0 || !group->monitored)
		return r;
	rdt_monitor_path(group, path, sizeof(path));
	if (mkdirat(class_fd, path, 0755) < 0)
		return errno == ENOENT
			       ? error_set(ENOTSUP, "config.json: linux.intelRdt: this machine's "
						    "resctrl cannot monitor")
			       : error_errno(
					 errno, "resctrl: cannot make %s/%s", group->clos, path);
	return 0;
}

int rdt_update(int root_fd, const struct rdt_group *group, const struct config_intel_rdt *config,
	struct buffer *before)
{
	_cleanup_close_ int class_fd = rdt_open_class(root_fd, group);
	int r;

	if (class_fd < 0)
		return error_errno(class_fd, "resctrl: %s", group->clos);
	r = file_read_at(class_fd, "schemata", before, FILE_BYTES_MOST);
	if (r < 0)
		return error_errno(r, "resctrl: %s/schemata", group->clos);
	return rdt_write_schema(root_fd, class_fd, config);
}

int rdt_restore(int root_fd, const struct rdt_group *group, const char *before)
{
	_cleanup_close_ int class_fd = rdt_open_class(root_fd, group);
	int r = class_fd < 0 ? class_fd : file_write_at(class_fd, "schemata", before);

	return r < 0 ? error_errno(r, "resctrl: %s", group->clos) : 0;
}

static int rdt_add_task(int class_fd, const char *folder, pid_t pid)
{
	char path[320], text[16];
	int r;

	(void)snprintf(path, sizeof(path), "%s/tasks", folder);
	(void)snprintf(text, sizeof(text), "%d", pid);
	r = file_write_at(class_fd, path, text);
	return r < 0 ? error_errno(r, "resctrl: cannot move the process into the class") : 0;
}

/* A monitoring group takes only processes that are in its class. */
int rdt_enter(int root_fd, const struct rdt_group *group, pid_t pid)
{
	_cleanup_close_ int class_fd = rdt_open_class(root_fd, group);
	char path[300];
	int r;

	if (class_fd < 0)
		return error_errno(class_fd, "resctrl: %s", group->clos);
	r = rdt_add_task(class_fd, ".", pid);
	if (r < 0 || !group->monitored)
		return r;
	rdt_monitor_path(group, path, sizeof(path));
	return rdt_add_task(class_fd, path, pid);
}

bool rdt_settle(struct rdt_group *group, const struct config_intel_rdt *config)
{
	bool changes = group->made && config->clos_id;

	group->made &= !changes;
	return changes;
}

/* In a file system of its own rmdir(2) takes the kernel's files along. */
static int rdt_remove_folder(int folder_fd, const char *path)
{
	if (unlinkat(folder_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return error_errno(errno, "resctrl: cannot remove %s", path);
}

int rdt_remove(int root_fd, const struct rdt_group *group)
{
	_cleanup_close_ int class_fd = rdt_open_class(root_fd, group);
	_cleanup_buffer_ struct buffer tasks = { 0 };
	char path[300];
	int r = 0;

	if (class_fd < 0)
		return class_fd == -ENOENT ? 0 : error_errno(class_fd, "resctrl: %s", group->clos);
	rdt_monitor_path(group, path, sizeof(path));
	if (group->monitored)
		r = rdt_remove_folder(class_fd, path);
	if (r < 0 || !group->made)
		return r;
	(void)file_read_at(class_fd, "tasks", &tasks, FILE_BYTES_MOST);
	return tasks.length ? 0 : rdt_remove_folder(root_fd, group->clos);
}
