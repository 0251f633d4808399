/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup_owner.h"

#include <string.h>
#include <unistd.h>

#include "base/process.h"

static bool mount_is_writable_cgroup(const struct config_mount *mount)
{
	if (!mount->type ||
		(strcmp(mount->type, "cgroup") != 0 && strcmp(mount->type, "cgroup2") != 0))
		return false;
	for (size_t i = 0; i < mount->options.count; i++)
		if (!strcmp(mount->options.items[i], "ro") ||
			!strcmp(mount->options.items[i], "rro"))
			return false;
	return true;
}

static bool config_delegates(const struct config *config)
{
	if (!config_namespace_is_new(config, NAMESPACE_CGROUP))
		return false;
	for (size_t i = 0; i < config->mounts.count; i++)
		if (mount_is_writable_cgroup(&config->mounts.items[i]))
			return true;
	return false;
}

/* The host's id of the container's user; false when it has none that the document tells. */
static bool user_on_host(const struct config *config, uint64_t *id)
{
	const struct config_id_mappings *mappings = &config->linux->uid_mappings;

	*id = config->process->user ? config->process->user->uid : 0;
	if (!config_namespace(config, NAMESPACE_USER))
		return true;
	for (size_t i = 0; i < mappings->count; i++) {
		const struct id_mapping *range = &mappings->items[i];

		if (*id < range->container_id || *id - range->container_id >= range->size)
			continue;
		*id += range->host_id - range->container_id;
		return true;
	}
	return false;
}

int cgroup_owner_set(const struct cgroup *cgroup, const struct config *config)
{
	uint64_t id;

	if (!user_on_host(config, &id) || id == 0 || !config_delegates(config) ||
		process_is_rootless())
		return 0;
	return cgroup_give(cgroup, (uid_t)id);
}
