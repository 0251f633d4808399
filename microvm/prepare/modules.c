/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/prepare/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"

#define MOST_BYTES    (16u << 20)
#define MOST_MODULES  64
#define INDISPENSABLE 3

static const char *const wanted[][6] = {
	/* The first three are what a container is reached by. */
	[MODULES_BOOT] = { "virtio_pci", "virtio_console", "virtiofs", "virtio_blk", "virtio-rng" },
	[MODULES_NETWORK] = { "virtio_net" },
	[MODULES_VSOCK] = { "vmw_vsock_virtio_transport" },
	[MODULES_BALLOON] = { "virtio_balloon" },
};

struct search {
	struct arena *arena;
	const char *text; /* modules.dep: "PATH: PATH..." per line */
	struct string_list *found;
};

/* "kernel/fs/fuse/virtiofs.ko.xz" is "virtiofs"; '-' and '_' are the same. */
static bool is_named(const char *path, size_t length, const char *name)
{
	const char *base = memrchr(path, '/', length);
	size_t bytes = strlen(name);

	base = base ? base + 1 : path;
	if ((size_t)(path + length - base) < bytes + 3 || strncmp(base + bytes, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < bytes; i++)
		if ((base[i] == '-' ? '_' : base[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return true;
}

static void add(struct search *search, const char *path, size_t length)
{
	for (size_t i = 0; i < search->found->count; i++)
		if (strlen(search->found->items[i]) == length &&
			!memcmp(search->found->items[i], path, length))
			return;
	if (search->found->count < MOST_MODULES)
		search->found->items[search->found->count++] =
			arena_copy(search->arena, path, length);
}

/* A line of modules.dep names what is needed in the reverse order, the nearest first. */
static void add_line(struct search *search, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length), *end = line + length;

	while (end > colon + 1) {
		const char *begin = end;

		while (begin > colon + 1 && begin[-1] != ' ')
			begin--;
		if (end > begin)
			add(search, begin, (size_t)(end - begin));
		end = begin - 1;
	}
	add(search, line, (size_t)(colon - line));
}

static bool find_one(struct search *search, const char *name)
{
	for (const char *line = search->text; *line;) {
		size_t length = strcspn(line, "\n");
		const char *colon = memchr(line, ':', length);

		if (colon && is_named(line, (size_t)(colon - line), name)) {
			add_line(search, line, length);
			return true;
		}
		line += length + (line[length] == '\n');
	}
	return false;
}

/* "kernel/fs/fuse/virtiofs.ko" per line. */
static bool is_built_in(const struct buffer *text, const char *name)
{
	for (const char *line = text->length ? text->data : ""; *line;) {
		size_t length = strcspn(line, "\n");

		if (is_named(line, length, name))
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

int modules_find(
	struct arena *arena, const char *folder, enum module_use use, struct string_list *paths)
{
	const char *file = arena_format(arena, "%s/modules.dep", folder);
	_cleanup_buffer_ struct buffer text = { 0 }, built_in = { 0 };
	struct search search = { arena, "", paths };
	int r = file_read_at(AT_FDCWD, file, &text, MOST_BYTES);

	if (r < 0)
		return error_errno(r, "%s (the modules of the microVM's kernel)", file);
	paths->items = arena_allocate(arena, (MOST_MODULES + 1) * sizeof(*paths->items));
	paths->count = 0;
	if (text.length)
		search.text = text.data;
	/* Without a list of what is built in, it may all be. */
	r = file_read_at(
		AT_FDCWD, arena_format(arena, "%s/modules.builtin", folder), &built_in, MOST_BYTES);
	for (size_t i = 0; wanted[use][i]; i++)
		if (!find_one(&search, wanted[use][i]) && r >= 0 && use == MODULES_BOOT &&
			i < INDISPENSABLE && !is_built_in(&built_in, wanted[use][i]))
			return error_set(ENOENT,
				"the microVM's kernel has no %s: neither built in nor a module in "
				"%s",
				wanted[use][i], folder);
	return 0;
}
