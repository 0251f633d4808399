/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_tenant.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "spec/annotation.h"

/* The file is the admin's: what a container says may agree with it, not change it. */
static int check_weight(const struct tenant *tenant, const char *path, const char *word)
{
	uint64_t known = tenant->weight.set ? tenant->weight.value : CPU_WEIGHT_STANDARD;
	uint64_t weight;
	int r = word ? tenant_parse_weight(ANNOTATION_TENANT_WEIGHT, word, &weight) : 0;

	if (r < 0 || !word || weight == known)
		return r;
	return error_set(EINVAL,
		"annotations[\"" ANNOTATION_TENANT_WEIGHT "\"]: tenant %s has a weight of %" PRIu64
		" in %s, got %s: leave the annotation out, or `hull tenant set %s --weight %s`",
		tenant->name, known, path, word, tenant->name, word);
}

static int tenant_unknown(struct tenants *tenants, const char *name)
{
	return error_set(ENOENT,
		"annotations[\"" ANNOTATION_TENANT
		"\"]: there is no tenant %s (known: %s): `hull tenant set %s --weight N` makes it",
		name, tenants_names(tenants), name);
}

static int host_tenant_choose(struct host_tenant *tenant, const char *name, const char *weight)
{
	struct tenants *tenants = &tenant->tenants;
	const struct tenant *known = tenant_find(&tenants->list, name);
	struct tenant made = { .name = name };
	struct config_resources *limits;
	int r;

	if (!known && !weight)
		return tenant_unknown(tenants, name);
	if (known) {
		r = check_weight(known, tenants->path, weight);
	} else {
		made.weight.set = true;
		r = tenant_parse_weight(ANNOTATION_TENANT_WEIGHT, weight, &made.weight.value);
	}
	if (r >= 0)
		r = tenant_resources(known ? known : &made, &tenants->arena, &limits);
	if (r >= 0)
		tenant->level =
			(struct tenant_level){ arena_copy(&tenants->arena, name, strlen(name)),
				limits, !known };
	return r;
}

int host_tenant_open(struct host_tenant *tenant, const struct config *config)
{
	const char *name = config_annotation(config, ANNOTATION_TENANT);
	const char *weight = config_annotation(config, ANNOTATION_TENANT_WEIGHT);
	int r;

	*tenant = HOST_TENANT_NONE;
	if (!name && weight)
		return error_set(EINVAL,
			"annotations[\"" ANNOTATION_TENANT_WEIGHT "\"]: needs " ANNOTATION_TENANT);
	if (!name)
		return 0;
	/* Whose weight the containers tell, these must tell it one after another. */
	r = tenants_open(&tenant->tenants, weight ? TENANTS_LOCKED : TENANTS_SHARED);
	return r < 0 ? r : host_tenant_choose(tenant, name, weight);
}

void host_tenant_close(struct host_tenant *tenant)
{
	tenants_close(&tenant->tenants);
	tenant->level.name = NULL;
}

int host_tenant_join(
	const struct host_tenant *tenant, struct container *container, struct cgroup *cgroup)
{
	const char *name = tenant->level.name;
	int r = name ? cgroup_join_tenant(cgroup, &tenant->level) : 0;

	if (r >= 0 && name)
		container->record.tenant = arena_copy(&container->arena, name, strlen(name));
	return r;
}

int host_tenant_enter(const struct host_tenant *tenant, const struct container *container)
{
	return tenant->level.name ? tenants_enter(&tenant->tenants, container) : 0;
}

/* Whatever cannot be removed is an empty group, and the next container of the tenant takes it. */
void host_tenant_leave(const struct container *container, const struct cgroup *cgroup)
{
	_cleanup_tenants_ struct tenants tenants = TENANTS_NONE;
	_cleanup_free_ char *level = cgroup ? cgroup_tenant_level(cgroup_saved(cgroup)) : NULL;
	int r;

	if (!container->record.tenant && !level)
		return;
	r = tenants_lock(&tenants, TENANTS_LOCKED);
	if (r >= 0 && container->record.tenant)
		tenants_leave(&tenants, container);
	if (r >= 0 && level)
		r = cgroup_remove_level(level);
	if (r < 0)
		log_warning("%s", error_text(r));
	error_clear();
}

int host_tenant_find(const struct config *config, struct cgroup *cgroup)
{
	const struct tenant_level level = { .name = config_annotation(config, ANNOTATION_TENANT) };

	return level.name ? cgroup_join_tenant(cgroup, &level) : 0;
}
