/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulation.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "spec/annotation.h"

#define NAME	       "annotations[\"" ANNOTATION_EMULATOR "\"]"
#define MAP_BYTES_MOST 65536

/* Is the user namespace at PATH the one that hull itself is in, with all that is not a container? */
static bool is_own_namespace(const char *path)
{
	struct stat joined, own;

	return stat(path, &joined) == 0 && stat("/proc/self/ns/user", &own) == 0 &&
	       joined.st_ino == own.st_ino && joined.st_dev == own.st_dev;
}

static int check_container(const struct config *config, const struct isolation *isolation)
{
	const struct config_namespace *user = config_namespace(config, NAMESPACE_USER);

	if (isolation != &isolation_host)
		return error_set(ENOTSUP, NAME ": only with isolation \"host\": emulators are "
					       "programs of this machine, and the guest of a "
					       "microVM has none");
	if (!config_namespace(config, NAMESPACE_MOUNT))
		return error_set(EINVAL, NAME ": needs a mount namespace: add one to "
					      "linux.namespaces");
	if (user && user->path && is_own_namespace(user->path))
		return error_set(EINVAL,
			NAME ": needs a user namespace of containers, and linux.namespaces joins "
			     "the one that hull itself is in");
	return 0;
}

int emulation_prepare(
	struct config *config, const struct isolation *isolation, struct emulator_list *emulators)
{
	const char *text = config_annotation(config, ANNOTATION_EMULATOR);
	int r;

	if (!text)
		return 0;
	r = check_container(config, isolation);
	if (r >= 0)
		r = emulator_find(&config->arena, NAME, text, emulators);
	for (size_t i = 0; i < emulators->count; i++)
		log_debug("%s is for %s", emulators->items[i].path,
			emulators->items[i].architecture->name);
	return r;
}

/* The ids that hull itself has, each as itself. */
static void map_to_itself(
	struct arena *arena, const char *path, struct config_id_mappings *mappings)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	uint64_t first, count;
	size_t lines = 0;

	(void)file_read_at(AT_FDCWD, path, &text, MAP_BYTES_MOST);
	for (const char *c = text.data; c && *c; c++)
		lines += *c == '\n';
	mappings->items = arena_allocate(arena, (lines + 1) * sizeof(*mappings->items));
	mappings->count = 0;
	for (const char *line = text.data; line && mappings->count < lines;
		line = strchr(line, '\n') + 1)
		if (sscanf(line, "%" SCNu64 " %*u %" SCNu64, &first, &count) == 2)
			mappings->items[mappings->count++] =
				(struct id_mapping){ first, first, count };
		else
			break;
}

bool emulation_add_user_namespace(struct config *config)
{
	struct config_linux *section = config->linux;
	const size_t count = section->namespaces.count;
	struct config_namespace *items;

	if (config_namespace(config, NAMESPACE_USER))
		return false;
	items = arena_allocate(&config->arena, (count + 1) * sizeof(*items));
	if (count)
		memcpy(items, section->namespaces.items, count * sizeof(*items));
	items[count] = (struct config_namespace){ .type = NAMESPACE_USER };
	section->namespaces.items = items;
	section->namespaces.count = count + 1;
	map_to_itself(&config->arena, "/proc/self/uid_map", &section->uid_mappings);
	map_to_itself(&config->arena, "/proc/self/gid_map", &section->gid_mappings);
	log_debug("a user namespace is added for the emulators: all ids are themselves");
	return true;
}
