/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/validate_rules.h"

#define MAPPINGS_MOST 340 /* of one kind in one namespace, user_namespaces(7) */

static bool ranges_overlap(uint64_t one, uint64_t one_size, uint64_t other, uint64_t other_size)
{
	return one < other + other_size && other < one + one_size;
}

int validate_id_mappings(
	const struct validation *at, const struct config_id_mappings *mappings, const char *path)
{
	const struct id_mapping *items = mappings->items;

	if (mappings->count > MAPPINGS_MOST)
		return validation_refuse(at, "%s: must have at most %d members, got %zu", path,
			MAPPINGS_MOST, mappings->count);
	for (size_t i = 0; i < mappings->count; i++) {
		uint64_t size = items[i].size;

		if (!size)
			return validation_refuse(
				at, "%s[%zu].size: must be greater than 0", path, i);
		if (items[i].container_id + size > UINT32_MAX ||
			items[i].host_id + size > UINT32_MAX)
			return validation_refuse(at,
				"%s[%zu].size: must end the range below id 4294967295, got "
				"%" PRIu64,
				path, i, size);
		for (size_t k = 0; k < i; k++)
			if (ranges_overlap(items[k].container_id, items[k].size,
				    items[i].container_id, size) ||
				ranges_overlap(
					items[k].host_id, items[k].size, items[i].host_id, size))
				return validation_refuse(at,
					"%s[%zu]: must not overlap with %s[%zu]", path, i, path, k);
	}
	return 0;
}

static bool mount_is_bind(const struct config_mount *mount)
{
	return list_holds(&mount->options, "bind") || list_holds(&mount->options, "rbind") ||
	       (mount->type && !strcmp(mount->type, "bind"));
}

/* config.md, Linux mount options: idmap and ridmap take the mount's mappings or the container's. */
static int validate_mount_mappings(
	const struct validation *at, const struct config *config, size_t i)
{
	const struct config_mount *mount = &config->mounts.items[i];
	bool wanted = list_holds(&mount->options, "idmap") || list_holds(&mount->options, "ridmap");
	char path[64];
	int r;

	if (!mount->uid_mappings.count != !mount->gid_mappings.count)
		return validation_refuse(at, "mounts[%zu].%s: is required beside %s, but missing",
			i, mount->uid_mappings.count ? "gidMappings" : "uidMappings",
			mount->uid_mappings.count ? "uidMappings" : "gidMappings");
	if (wanted && !mount->uid_mappings.count && !config_namespace(config, NAMESPACE_USER))
		return validation_refuse(at,
			"mounts[%zu].options: idmap needs uidMappings and gidMappings, of the "
			"mount "
			"or of a user namespace",
			i);
	if (!mount->uid_mappings.count)
		return 0;
	(void)snprintf(path, sizeof(path), "mounts[%zu].uidMappings", i);
	r = validate_id_mappings(at, &mount->uid_mappings, path);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "mounts[%zu].gidMappings", i);
	return validate_id_mappings(at, &mount->gid_mappings, path);
}

int validate_mounts(const struct validation *at, const struct config *config)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		int r;

		if (!*mount->destination)
			return validation_refuse(
				at, "mounts[%zu].destination: must not be empty", i);
		if (mount_is_bind(mount) && !mount->source)
			return validation_refuse(at,
				"mounts[%zu].source: is required for a bind mount, but missing", i);
		r = validate_mount_mappings(at, config, i);
		if (r < 0)
			return r;
	}
	return 0;
}
