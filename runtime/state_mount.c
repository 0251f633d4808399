/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state_mount.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

int state_mount_add(const struct container *container, struct config *config, const char *name,
	const char *destination)
{
	static const char *options[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
	size_t bytes = config->mounts.count * sizeof(*config->mounts.items);
	struct config_mount *items = arena_allocate(&config->arena, bytes + sizeof(*items));
	char link[40], folder[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", container->folder_fd);
	length = readlink(link, folder, sizeof(folder) - 1);
	if (length < 0)
		return error_errno(errno, "the state folder");
	if (bytes)
		memcpy(items, config->mounts.items, bytes);
	items[config->mounts.count++] = (struct config_mount){
		.destination = destination,
		.type = "bind",
		.source = arena_format(&config->arena, "%.*s/%s", (int)length, folder, name),
		.options = { options, ARRAY_SIZE(options) - 1 },
	};
	config->mounts.items = items;
	return 0;
}
