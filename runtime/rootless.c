/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rootless.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/id_range.h"
#include "base/log.h"
#include "base/process.h"

int rootless_parse(const char *word, enum rootless *rootless)
{
	if (!word || !strcmp(word, "auto"))
		*rootless = ROOTLESS_AUTO;
	else if (!strcmp(word, "true") || !strcmp(word, "1"))
		*rootless = ROOTLESS_TRUE;
	else if (!strcmp(word, "false") || !strcmp(word, "0"))
		*rootless = ROOTLESS_FALSE;
	else
		return error_set(
			EINVAL, "--rootless: must be true, false or auto, got \"%s\"", word);
	return 0;
}

bool rootless_is(enum rootless rootless)
{
	return rootless == ROOTLESS_AUTO ? process_is_rootless() : rootless == ROOTLESS_TRUE;
}

/* 0 is the user himself; what follows is his range, if he has one. */
static void add_mappings(struct arena *arena, struct config_id_mappings *mappings, uint64_t own,
	const char *file, const char *name)
{
	struct id_range range;

	mappings->items = arena_allocate(arena, 2 * sizeof(*mappings->items));
	mappings->count = 1;
	mappings->items[0] = (struct id_mapping){ 0, own, 1 };
	if (id_range_find(file, name, geteuid(), &range))
		mappings->items[mappings->count++] =
			(struct id_mapping){ 1, range.first, range.count };
	log_debug("user namespace: ids are added, as config.json has none: 0 is %" PRIu64
		  ", further ids of %s: %" PRIu64,
		own, file, mappings->count > 1 ? range.count : 0);
}

static void add_all_mappings(struct config *config)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : NULL;

	add_mappings(&config->arena, &config->linux->uid_mappings, geteuid(), "/etc/subuid", name);
	add_mappings(&config->arena, &config->linux->gid_mappings, getegid(), "/etc/subgid", name);
}

void rootless_add_mappings(struct config *config)
{
	if (config_namespace_is_new(config, NAMESPACE_USER) && !config->linux->uid_mappings.count)
		add_all_mappings(config);
}

bool rootless_add_user_namespace(struct config *config)
{
	struct config_linux *section = config->linux;
	size_t count = section->namespaces.count;
	void *items;

	if (geteuid() == 0 || config_namespace(config, NAMESPACE_USER))
		return false;
	items = arena_allocate(&config->arena, (count + 1) * sizeof(*section->namespaces.items));
	if (count)
		memcpy(items, section->namespaces.items,
			count * sizeof(*section->namespaces.items));
	section->namespaces.items = items;
	section->namespaces.items[section->namespaces.count++] =
		(struct config_namespace){ .type = NAMESPACE_USER };
	add_all_mappings(config);
	return true;
}
