/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_cgroup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

int host_open_cgroup(const struct container *container, struct cgroup **cgroup)
{
	return cgroup_open(cgroup, container->id, NULL, container->record.cgroup);
}

/* state.json names the cgroup before there is one: see runtime/container.h. */
static int host_create_cgroup(
	struct container *container, const struct host_tenant *tenant, struct cgroup *cgroup)
{
	int r = host_tenant_join(tenant, container, cgroup);

	if (r < 0)
		return r;
	container->record.cgroup = arena_format(&container->arena, "%s", cgroup_saved(cgroup));
	r = container_save(container);
	if (r >= 0)
		r = host_tenant_enter(tenant, container);
	if (r < 0)
		return r;
	r = cgroup_create(cgroup);
	/* A group that is somebody else's is not ours to destroy. */
	if (r < 0)
		container->record.cgroup = NULL;
	return r;
}

/* Of a group that is not this user's to make. */
static bool is_refusal(int error)
{
	return error == -EACCES || error == -EPERM || error == -EROFS;
}

static int host_create_delegated(struct container *container, const struct config *config,
	const struct host_tenant *tenant, struct cgroup **cgroup)
{
	const char *path = config->linux->cgroups_path;
	int r;

	cgroup_close(cgroup);
	r = cgroup_open_delegated(cgroup, container->id, path);
	if (r >= 0)
		r = host_create_cgroup(container, tenant, *cgroup);
	if (is_refusal(r) && path && *path)
		return error_context(
			r, "config.json: linux.cgroupsPath: this user may not make it");
	return r;
}

/* The group that the options ask for; it is not made yet. */
static int host_plan_cgroup(
	struct container *container, const struct process_request *request, struct cgroup **cgroup)
{
	const struct config *config = request->config;
	const char *path = config->linux->cgroups_path;

	if (request->no_cgroup)
		return cgroup_open_none(cgroup, container->id);
	if (request->systemd_cgroup)
		return cgroup_open_systemd(cgroup, container->id, path, &config->annotations);
	return cgroup_open(cgroup, container->id, path, NULL);
}

int host_make_cgroup(struct container *container, const struct process_request *request,
	const struct config_resources *resources, struct host_tenant *tenant,
	struct cgroup **cgroup)
{
	const struct config *config = request->config;
	bool is_told = request->no_cgroup || request->systemd_cgroup;
	int r = host_tenant_open(tenant, config);

	if (r < 0)
		return r;
	if (!is_told && geteuid() != 0 && rootless_is(request->rootless)) {
		r = host_create_delegated(container, config, tenant, cgroup);
	} else {
		r = host_plan_cgroup(container, request, cgroup);
		if (r >= 0)
			r = host_create_cgroup(container, tenant, *cgroup);
		/* The root of a user namespace may have a group delegated to him too. */
		if (is_refusal(r) && !is_told && rootless_is(request->rootless))
			r = host_create_delegated(container, config, tenant, cgroup);
	}
	if (r >= 0 && cgroup_apply_comes_first(*cgroup))
		r = cgroup_apply(*cgroup, resources, false);
	return r;
}

int host_start_cgroup(struct container *container, const struct config_resources *resources,
	struct host_tenant *tenant, struct cgroup *cgroup, pid_t pid)
{
	int r = cgroup_start(cgroup, pid, resources);
	_cleanup_free_ char *why = NULL;

	host_tenant_close(tenant);
	if (r != -EEXIST)
		return r;
	/* Nor is the unit that somebody else has made; but the level above may be. */
	why = string_copy(error_text(r));
	host_tenant_leave(container, cgroup);
	container->record.cgroup = NULL;
	return error_set(r, "%s", why);
}
