/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/tenant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/driver.h"
#include "cgroup/systemd.h"

#define LEVEL_FOLDER "hull-tenant-"
#define LEVEL_SLICE  "hull_tenant_"

/* ---- names ----------------------------------------------------------------------------------- */

bool tenant_is_level(const char *component)
{
	size_t length = strcspn(component, "/");
	const char *last = component;

	if (!strncmp(component, LEVEL_FOLDER, strlen(LEVEL_FOLDER)))
		return length > strlen(LEVEL_FOLDER);
	if (length < 6 || strncmp(component + length - 6, ".slice", 6) != 0)
		return false;
	for (const char *c = component; c < component + length; c++)
		last = *c == '-' ? c + 1 : last;
	return !strncmp(last, LEVEL_SLICE, strlen(LEVEL_SLICE));
}

/* "-" in a tenant's name would be a slice of its own: it is written as systemd-escape(1) does. */
char *tenant_slice(const char *slice, const char *tenant)
{
	_cleanup_buffer_ struct buffer name = { 0 };

	if (strcmp(slice, "-.slice") != 0)
		buffer_format(&name, "%.*s-", (int)(strlen(slice) - strlen(".slice")), slice);
	buffer_text(&name, LEVEL_SLICE);
	for (const char *c = tenant; *c; c++)
		*c == '-' ? buffer_text(&name, "\\x2d") : buffer_bytes(&name, c, 1);
	buffer_text(&name, ".slice");
	return TAKE_PTR(name.data);
}

char *cgroup_tenant_level(const char *saved)
{
	const char *last = saved ? strrchr(saved, '/') : NULL, *component = last;

	while (component && component > saved && component[-1] != '/')
		component--;
	if (!last || !strncmp(saved, "none:", 5) || !tenant_is_level(component))
		return NULL;
	return string_format("%.*s", (int)(last - saved), saved);
}

/* ---- a container joins ----------------------------------------------------------------------- */

/* The group's path, whose last component becomes one of the level's. */
static char *folder_join(const char *group, const char *tenant)
{
	const char *slash = strrchr(group, '/');
	size_t above = slash ? (size_t)(slash + 1 - group) : 0;

	return string_format("%.*s" LEVEL_FOLDER "%s/%s", (int)above, group, tenant, group + above);
}

static int unit_join(
	struct systemd_unit *unit, const char *group, const char *tenant, char **joined)
{
	_cleanup_free_ char *before = NULL, *behind = NULL;
	size_t above;

	if (systemd_name_is_slice(unit->name))
		return error_set(EOPNOTSUPP,
			"tenant %s: linux.cgroupsPath: a container that is a slice itself cannot "
			"lie in that of a tenant",
			tenant);
	before = systemd_name_group(unit->slice, unit->name);
	above = strlen(group) - strlen(before);
	behind = tenant_slice(unit->slice, tenant);
	free(unit->slice);
	unit->slice = TAKE_PTR(behind);
	behind = systemd_name_group(unit->slice, unit->name);
	*joined = string_format("%.*s%s", (int)above, group, behind);
	return 0;
}

int cgroup_join_tenant(struct cgroup *cgroup, const struct tenant_level *level)
{
	_cleanup_free_ char *group = NULL;
	const char *now;
	int r = 0;

	if (cgroup_is_none(cgroup))
		return error_set(EOPNOTSUPP,
			"tenant %s: the container has no cgroup to share by: none was delegated to "
			"this user, or none was wanted",
			level->name);
	now = strchr(cgroup->saved, '/') + 1;
	if (cgroup->unit)
		r = unit_join(cgroup->unit, now, level->name, &group);
	else
		group = folder_join(now, level->name);
	if (r < 0)
		return r;
	cgroup_set_group(cgroup, group);
	cgroup->level = level->limits ? level : NULL;
	return 0;
}

/* ---- the level ------------------------------------------------------------------------------- */

/* The group that the level's weight is in. */
static struct cgroup_place *level_place(const struct cgroup *level)
{
	struct cgroup_place *v1 = cgroup_v1_place(level, CONTROLLER_CPU);

	return v1 ? v1 : level->v2 ? level->v2 : &level->v1[0];
}

static size_t level_count(const struct cgroup_place *place)
{
	_cleanup_close_ int fd = openat(
		place->mount_fd, place->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;

	if (!folder)
		return 0;
	(void)TAKE_FD(fd);
	while ((entry = readdir(folder)))
		count += entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	(void)closedir(folder);
	return count;
}

/*
 * Kernels before 5.14 have no burst; a quota works without it, too. v1 counts swap only where
 * the kernel was told to (swapaccount=1).
 */
static int level_write(const struct cgroup *level, const struct config_resources *limits)
{
	struct cgroup_place *place = level_place(level);
	struct cgroup_place *v1_memory = cgroup_v1_place(level, CONTROLLER_MEMORY);
	struct config_resources given = *limits;
	struct config_memory memory = *limits->memory;
	struct config_cpu cpu = *limits->cpu;

	cpu.burst.set &= place_has(place, place->unified ? "cpu.max.burst" : "cpu.cfs_burst_us");
	memory.swap.set &= !v1_memory || place_has(v1_memory, "memory.memsw.limit_in_bytes");
	given.cpu = &cpu;
	given.memory = &memory;
	return cgroup_apply(level, &given, true);
}

/* The weight of a level that others are in already is theirs to tell. */
static int level_check_weight(const struct cgroup *level, const struct tenant_level *wanted)
{
	struct cgroup_place *place = level_place(level);
	uint64_t weight = wanted->limits->cpu->weight.value, now = weight;

	if (level_count(place) < 2)
		return 0;
	if (place_read_number(place, place->unified ? "cpu.weight" : "cpu.shares", &now) >= 0 &&
		!place->unified)
		now /= CPU_SHARES_OF_WEIGHT;
	if (now == weight)
		return 0;
	return error_set(EINVAL,
		"has a weight of %" PRIu64 " now, as its containers asked for, and this one asks "
		"for %" PRIu64 ": `hull tenant set %s --weight N` decides",
		now, weight, wanted->name);
}

int tenant_apply(const struct cgroup *cgroup)
{
	_cleanup_free_ char *saved = cgroup->level ? cgroup_tenant_level(cgroup->saved) : NULL;
	_cleanup_cgroup_ struct cgroup *level = NULL;
	int r;

	if (!saved)
		return 0;
	r = cgroup_open(&level, "", NULL, saved);
	if (r >= 0 && cgroup->level->only_annotated)
		r = level_check_weight(level, cgroup->level);
	if (r >= 0)
		r = level_write(level, cgroup->level->limits);
	return r < 0 ? error_context(r, "tenant %s", cgroup->level->name) : 0;
}

int cgroup_set_level(const char *saved, const struct config_resources *limits)
{
	_cleanup_cgroup_ struct cgroup *level = NULL;
	int r = cgroup_open(&level, "", NULL, saved);

	if (r < 0)
		return r;
	return place_exists(level_place(level), level_place(level)->path)
		       ? level_write(level, limits)
		       : 0;
}

/* Without the drop, the kernel counts a budget until it has forgotten the group. */
static void level_remove_place(struct cgroup_place *place, struct patience *patience)
{
	bool realtime = place->controllers & CONTROLLER_BIT(CONTROLLER_CPU) && !place->unified &&
			!level_count(place) && realtime_is_given(place);

	if (realtime)
		realtime_drop(place);
	if (unlinkat(place->mount_fd, place->path, AT_REMOVEDIR) < 0)
		return;
	while (realtime && realtime_give_back(place) < 0 && patience_wait(patience))
		;
}

/* systemd would end whatever else is in the slice: the caller sees to it that nothing begins. */
static int level_stop(const struct cgroup *level)
{
	int r;

	for (size_t i = 0; i < level->v1_count; i++)
		if (level_count(&level->v1[i]))
			return 0;
	if (level->v2 && level_count(level->v2))
		return 0;
	r = systemd_connect(level->unit);
	return r < 0 ? r : systemd_manager_stop(level->unit);
}

int cgroup_remove_level(const char *saved)
{
	_cleanup_cgroup_ struct cgroup *level = NULL;
	struct patience patience;
	int r = cgroup_open(&level, "", NULL, saved);

	if (r >= 0 && level->unit)
		r = level_stop(level);
	if (r < 0)
		return r;
	patience_begin(&patience);
	for (size_t i = 0; i < level->v1_count; i++)
		level_remove_place(&level->v1[i], &patience);
	if (level->v2)
		level_remove_place(level->v2, &patience);
	return 0;
}

void tenant_undo(const struct cgroup *cgroup)
{
	_cleanup_free_ char *saved = cgroup->level ? cgroup_tenant_level(cgroup->saved) : NULL;
	_cleanup_free_ char *why = saved ? string_copy(error_text(-EIO)) : NULL;

	if (!saved)
		return;
	(void)cgroup_remove_level(saved);
	(void)error_set(EIO, "%s", why);
}

bool cgroup_has_realtime(void)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_free_ char *file = NULL;
	struct cgroup_place *place;

	if (cgroup_open(&cgroup, "none", NULL, NULL) < 0) {
		error_clear();
		return false;
	}
	place = cgroup_v1_place(cgroup, CONTROLLER_CPU);
	file = place ? string_format("%s/cpu.rt_runtime_us", place->root) : NULL;
	return file && access(file, F_OK) == 0;
}
