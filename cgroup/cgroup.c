/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "cgroup/delegation.h"
#include "cgroup/driver.h"
#include "cgroup/systemd.h"
#include "cgroup/tenant.h"

char *cgroup_path_resolve(const char *id, const char *cgroups_path)
{
	const char *given = cgroups_path && *cgroups_path ? cgroups_path : id;
	_cleanup_buffer_ struct buffer path = { 0 };

	if (path_has_dot_dot(given)) {
		(void)error_set(EINVAL, "linux.cgroupsPath: \"..\" is refused, got \"%s\"", given);
		return NULL;
	}
	for (const char *c = given; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			(void)error_set(EINVAL, "linux.cgroupsPath: holds a control character");
			return NULL;
		}
	if (*given != '/')
		buffer_text(&path, "hull");
	for (const char *name = given; *name;) {
		size_t length = strcspn(name, "/");

		if (length && !(length == 1 && *name == '.')) {
			if (path.length)
				buffer_text(&path, "/");
			buffer_bytes(&path, name, length);
		}
		name += length + (name[length] == '/');
	}
	if (!path.length || !strcmp(path.data, "hull")) {
		(void)error_set(EINVAL,
			"linux.cgroupsPath: must name a group of the container's own, got \"%s\"",
			given);
		return NULL;
	}
	return TAKE_PTR(path.data);
}

/* The controllers of a v1 hierarchy by the name of its folder, which lists them. */
static bool hierarchy_controllers(const char *folder, uint32_t *controllers)
{
	*controllers = 0;
	if (!strcmp(folder, "systemd") || !strcmp(folder, "elogind"))
		return true; /* processes are tracked there; nothing is controlled */
	for (const char *name = folder;; name++) {
		size_t length = strcspn(name, ",");
		int i = 0;

		while (i < CONTROLLERS && (strlen(controller_names[i].v1) != length ||
						  strncmp(controller_names[i].v1, name, length)))
			i++;
		if (i == CONTROLLERS)
			return false;
		*controllers |= CONTROLLER_BIT(i);
		name += length;
		if (!*name)
			return true;
	}
}

static void place_init(
	struct cgroup_place *place, int mount_fd, const char *name, const char *group, bool unified)
{
	*place = (struct cgroup_place){
		.unified = unified,
		.name = string_copy(name),
		.root = string_format(CGROUP_MOUNT "%s%s", *name ? "/" : "", name),
		.path = string_format("%s%s%s", name, *name ? "/" : "", group),
		.skip = *name ? strlen(name) + 1 : 0,
		.mount_fd = mount_fd,
		.group_fd = -EBADF,
		.entry_fd = -EBADF,
	};
}

/* A v1 hierarchy, kept in the order of the names so that every start does the same. */
static void cgroup_add_v1(
	struct cgroup *cgroup, const char *name, const char *group, uint32_t controllers)
{
	size_t at = cgroup->v1_count;

	while (at && strcmp(cgroup->v1[at - 1].name, name) > 0)
		at--;
	memmove(cgroup->v1 + at + 1, cgroup->v1 + at,
		(cgroup->v1_count - at) * sizeof(*cgroup->v1));
	place_init(&cgroup->v1[at], cgroup->mount_fd, name, group, false);
	cgroup->v1[at].controllers = controllers;
	cgroup->v1_count++;
}

static void cgroup_set_v2(struct cgroup *cgroup, const char *name, const char *group)
{
	cgroup->v2 = memory_allocate_zero(sizeof(*cgroup->v2));
	place_init(cgroup->v2, cgroup->mount_fd, name, group, true);
}

/* Each hierarchy is a mount in a folder of its own; "cpu" is often a link to "cpu,cpuacct". */
static void cgroup_find_hierarchies(struct cgroup *cgroup, DIR *folder, const char *group)
{
	struct dirent *entry;

	cgroup->v1 = memory_allocate_zero((CGROUP_V1_MOST + 2) * sizeof(*cgroup->v1));
	while ((entry = readdir(folder))) {
		char path[sizeof(CGROUP_MOUNT) + 256];
		struct statfs fs;
		uint32_t controllers;
		bool unified = !strcmp(entry->d_name, "unified");

		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		if (!unified && !hierarchy_controllers(entry->d_name, &controllers))
			continue;
		(void)snprintf(path, sizeof(path), CGROUP_MOUNT "/%s", entry->d_name);
		if (statfs(path, &fs) < 0)
			continue;
		if (unified && fs.f_type == CGROUP2_SUPER_MAGIC)
			cgroup_set_v2(cgroup, entry->d_name, group);
		if (!unified && fs.f_type == CGROUP_SUPER_MAGIC &&
			cgroup->v1_count < CGROUP_V1_MOST + 2)
			cgroup_add_v1(cgroup, entry->d_name, group, controllers);
	}
}

static int cgroup_detect(struct cgroup *cgroup, const char *group)
{
	struct statfs fs;
	DIR *folder;

	cgroup->mount_fd = open(CGROUP_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->mount_fd < 0 || fstatfs(cgroup->mount_fd, &fs) < 0)
		return error_errno(errno, CGROUP_MOUNT);
	if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		cgroup_set_v2(cgroup, "", group);
		cgroup->machine = &cgroup_driver_v2;
		return 0;
	}
	folder = fdopendir(dup(cgroup->mount_fd));
	if (!folder)
		return error_errno(errno, CGROUP_MOUNT);
	cgroup_find_hierarchies(cgroup, folder, group);
	(void)closedir(folder);
	if (cgroup->v2)
		cgroup->machine = cgroup->v1_count ? &cgroup_driver_hybrid : &cgroup_driver_v2;
	else if (cgroup->v1_count)
		cgroup->machine = &cgroup_driver_v1;
	else
		return error_set(ENODEV, "no cgroup hierarchy is mounted on " CGROUP_MOUNT);
	return 0;
}

void cgroup_set_views(struct cgroup *cgroup)
{
	struct cgroup_view *view = cgroup->views;

	for (size_t i = 0; i <= cgroup->v1_count; i++) {
		const struct cgroup_place *place =
			i < cgroup->v1_count ? &cgroup->v1[i] : cgroup->v2;

		if (!place)
			continue;
		*view++ = (struct cgroup_view){
			.name = cgroup->v1_count ? place->name : "",
			.root = place->root,
			.path = place_group(place),
		};
	}
}

/* The driver by the name in front of saved text: this machine's, or systemd on top of it. */
static int cgroup_check_saved(struct cgroup *cgroup, const char *saved)
{
	const char *colon = strchr(saved, ':');
	const char *name = cgroup->machine->name;

	if (!strncmp(saved, name, strlen(name)) && saved + strlen(name) == colon)
		return 0;
	cgroup->unit = systemd_unit_of(saved);
	if (cgroup->unit)
		return 0;
	return error_set(EINVAL,
		"the container's cgroup was made on %.*s hierarchies, this machine has %s now",
		(int)(colon - saved), saved, name);
}

static struct cgroup *cgroup_new(void)
{
	struct cgroup *cgroup = memory_allocate_zero(sizeof(*cgroup));

	cgroup->mount_fd = -EBADF;
	return cgroup;
}

static void cgroup_opened(struct cgroup *cgroup, const char *group)
{
	cgroup->driver = cgroup->unit ? &cgroup_driver_systemd : cgroup->machine;
	cgroup->saved = string_format("%s:/%s",
		cgroup->unit ? systemd_unit_kind(cgroup->unit) : cgroup->machine->name, group);
	cgroup_set_views(cgroup);
}

static void place_set_group(struct cgroup_place *place, const char *group)
{
	char *path = string_format("%.*s%s", (int)place->skip, place->path, group);

	free(place->path);
	place->path = path;
}

void cgroup_set_group(struct cgroup *cgroup, const char *group)
{
	for (size_t i = 0; i < cgroup->v1_count; i++)
		place_set_group(&cgroup->v1[i], group);
	if (cgroup->v2)
		place_set_group(cgroup->v2, group);
	free(cgroup->saved);
	cgroup_opened(cgroup, group);
}

int cgroup_open(struct cgroup **opened, const char *id, const char *cgroups_path, const char *saved)
{
	_cleanup_cgroup_ struct cgroup *cgroup = cgroup_new();
	const char *colon = saved ? strchr(saved, ':') : NULL;
	_cleanup_free_ char *group = NULL;
	int r;

	if (saved && !strncmp(saved, "none:", 5))
		return cgroup_open_none(opened, id);
	if (saved && (!colon || colon[1] != '/'))
		return error_set(EINVAL, "the saved cgroup \"%s\" is none", saved);
	group = cgroup_path_resolve(id, saved ? colon + 1 : cgroups_path);
	if (!group)
		return -EINVAL;
	r = cgroup_detect(cgroup, group);
	if (r >= 0 && saved)
		r = cgroup_check_saved(cgroup, saved);
	if (r < 0)
		return r;
	cgroup_opened(cgroup, group);
	*opened = TAKE_PTR(cgroup);
	return 0;
}

int cgroup_open_systemd(struct cgroup **opened, const char *id, const char *cgroups_path,
	const struct string_map *annotations)
{
	_cleanup_cgroup_ struct cgroup *cgroup = cgroup_new();
	_cleanup_free_ char *group = NULL;
	int r = systemd_unit_plan(&cgroup->unit, id, cgroups_path, annotations, &group);

	if (r >= 0)
		r = cgroup_detect(cgroup, group);
	if (r < 0)
		return r;
	cgroup_opened(cgroup, group);
	*opened = TAKE_PTR(cgroup);
	return 0;
}

int cgroup_open_none(struct cgroup **opened, const char *id)
{
	struct cgroup *cgroup = memory_allocate_zero(sizeof(*cgroup));

	cgroup->mount_fd = -EBADF;
	cgroup->driver = &cgroup_driver_none;
	cgroup->saved = string_format("none:/%s", id);
	*opened = cgroup;
	return 0;
}

bool cgroup_is_none(const struct cgroup *cgroup)
{
	return cgroup->driver == &cgroup_driver_none;
}

int cgroup_open_delegated(struct cgroup **opened, const char *id, const char *cgroups_path)
{
	_cleanup_close_ int mount_fd = open(CGROUP_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *base = NULL, *path = NULL;
	struct statfs fs;

	if (cgroups_path && *cgroups_path == '/')
		return cgroup_open(opened, id, cgroups_path, NULL);
	if (mount_fd >= 0 && fstatfs(mount_fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		base = delegation_find(mount_fd);
	if (!base) {
		log_debug("no cgroup is delegated to this user: the container gets none");
		return cgroup_open_none(opened, id);
	}
	path = cgroups_path && *cgroups_path ? string_format("/%s/%s", base, cgroups_path)
					     : string_format("/%s/hull-%s", base, id);
	return cgroup_open(opened, id, path, NULL);
}

const char *cgroup_saved(const struct cgroup *cgroup)
{
	return cgroup->saved;
}

void cgroup_close(struct cgroup **address)
{
	struct cgroup *cgroup = *address;

	if (!cgroup)
		return;
	for (size_t i = 0; i < cgroup->v1_count; i++)
		place_close(&cgroup->v1[i]);
	if (cgroup->v2)
		place_close(cgroup->v2);
	systemd_unit_free(cgroup->unit);
	free(cgroup->v1);
	free(cgroup->v2);
	free(cgroup->saved);
	file_close(&cgroup->mount_fd);
	free(cgroup);
	*address = NULL;
}

struct cgroup_place *cgroup_v1_place(const struct cgroup *cgroup, enum controller controller)
{
	for (size_t i = 0; i < cgroup->v1_count; i++)
		if (cgroup->v1[i].controllers & CONTROLLER_BIT(controller))
			return &cgroup->v1[i];
	return NULL;
}

uint32_t cgroup_v1_controllers(const struct cgroup *cgroup)
{
	uint32_t controllers = 0;

	for (size_t i = 0; i < cgroup->v1_count; i++)
		controllers |= cgroup->v1[i].controllers;
	return controllers;
}

/* With systemd, the level is made when the unit is started. */
int cgroup_create(struct cgroup *cgroup)
{
	int r = cgroup->driver->create(cgroup);

	if (r < 0 || !cgroup->level || cgroup->unit) {
		if (r < 0)
			tenant_undo(cgroup);
		return r;
	}
	r = tenant_apply(cgroup);
	if (r < 0) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		(void)cgroup_remove(cgroup);
		(void)error_set(r, "%s", why);
		tenant_undo(cgroup);
	}
	return r;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	return cgroup->driver->clone_fd(cgroup);
}

int cgroup_enter(const struct cgroup *cgroup, bool by_clone)
{
	return cgroup->driver->enter(cgroup, by_clone);
}

bool cgroup_apply_comes_first(const struct cgroup *cgroup)
{
	return cgroup->v1_count && !cgroup->unit;
}

int cgroup_start(struct cgroup *cgroup, pid_t pid, const struct config_resources *resources)
{
	if (cgroup->driver->start)
		return cgroup->driver->start(cgroup, pid, resources);
	return cgroup_apply_comes_first(cgroup) ? 0 : cgroup_apply(cgroup, resources, false);
}

int cgroup_apply(const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	static const struct config_resources none;

	return cgroup->driver->apply(cgroup, resources ? resources : &none, update);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen)
{
	return cgroup->driver->freeze(cgroup, frozen);
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	return cgroup->driver->is_frozen(cgroup);
}

int cgroup_kill(const struct cgroup *cgroup, int signal)
{
	return cgroup->driver->kill(cgroup, signal);
}

int cgroup_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count)
{
	*pids = NULL;
	*count = 0;
	return cgroup->driver->processes(cgroup, pids, count);
}

int cgroup_remove(const struct cgroup *cgroup)
{
	struct patience patience;

	patience_begin(&patience);
	return cgroup->driver->remove(cgroup, &patience);
}

const struct cgroup_view *cgroup_views(const struct cgroup *cgroup)
{
	return cgroup->views;
}
