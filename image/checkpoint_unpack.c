/* SPDX-License-Identifier: Apache-2.0 */
#include "image/checkpoint_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/archive_read.h"
#include "image/rootfs_apply.h"
#include "image/tar.h"

#define IMAGES	      "checkpoint/"
#define IMAGES_MOST   65536
#define DOCUMENT_MOST ((size_t)16 << 20)
#define NAME_MOST     200
#define COPY_BYTES    (1u << 18)

/* Where something lies in the archive. */
struct part {
	const char *name;
	uint64_t offset, size;
	bool found;
};

enum { PART_SPEC, PART_ROOTFS, PART_REMOVED, PART_COUNT };

struct unpacking {
	const struct checkpoint_unpack *wanted;
	struct arena arena;
	int fd; /* the archive */
	struct part parts[PART_COUNT];
	struct part *images;
	size_t image_count, image_room;
};

static void unpacking_free(struct unpacking *unpacking)
{
	file_close(&unpacking->fd);
	memory_free_pointer(&unpacking->images);
	arena_free(&unpacking->arena);
}

/* ---- what is in it ------------------------------------------------------------------------- */

static int add_image(struct unpacking *unpacking, const struct tar_entry *entry, const char *name)
{
	if (entry->type == TAR_FOLDER && !*name)
		return 0;
	if (entry->type != TAR_FILE || entry->sparse)
		return error_set(EBADMSG, "\"%s\": not a plain file", entry->path);
	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > NAME_MOST)
		return error_set(EBADMSG, "\"%s\": not the name of an image", entry->path);
	if (unpacking->image_count == IMAGES_MOST)
		return error_set(EFBIG, "more than %d images", IMAGES_MOST);
	if (unpacking->image_count == unpacking->image_room) {
		unpacking->image_room = unpacking->image_room ? 2 * unpacking->image_room : 64;
		unpacking->images = memory_resize(
			unpacking->images, unpacking->image_room * sizeof(*unpacking->images));
	}
	unpacking->images[unpacking->image_count++] =
		(struct part){ arena_copy(&unpacking->arena, name, strlen(name)), entry->offset,
			entry->size, true };
	return 0;
}

static int take_entry(void *context, const struct tar_entry *entry)
{
	struct unpacking *unpacking = context;
	const char *path = entry->path;

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (!strncmp(path, IMAGES, strlen(IMAGES)))
		return add_image(unpacking, entry, path + strlen(IMAGES));
	for (size_t i = 0; i < PART_COUNT; i++) {
		struct part *part = &unpacking->parts[i];

		if (strcmp(path, part->name) != 0)
			continue;
		if (entry->type != TAR_FILE || entry->sparse || part->found)
			return error_set(EBADMSG, "\"%s\": %s", path,
				part->found ? "is there twice" : "not a plain file");
		part->offset = entry->offset;
		part->size = entry->size;
		part->found = true;
		return 0;
	}
	/* Logs, statistics, what engines keep of their own: nothing of it is written anywhere. */
	log_info("%s: not needed", path);
	return 0;
}

static int read_part(struct unpacking *unpacking, const struct part *part, struct json **root)
{
	_cleanup_free_ char *bytes = NULL;
	ssize_t n;

	if (part->size > DOCUMENT_MOST)
		return error_set(EFBIG, "%s: larger than 16 MiB", part->name);
	bytes = memory_allocate((size_t)part->size + 1);
	n = pread(unpacking->fd, bytes, (size_t)part->size, (off_t)part->offset);
	if (n != (ssize_t)part->size)
		return error_set(EBADMSG, "%s: is cut off", part->name);
	/* Nodes point into a copy of the arena's. */
	return json_parse(&unpacking->arena, part->name,
		arena_copy(&unpacking->arena, bytes, (size_t)n), (size_t)n, root);
}

/* ---- images -------------------------------------------------------------------------------- */

static int copy_part(int from, const struct part *part, int to)
{
	_cleanup_free_ char *bytes = memory_allocate(COPY_BYTES);
	uint64_t at = part->offset, left = part->size;

	while (left) {
		ssize_t n = pread(
			from, bytes, left < COPY_BYTES ? (size_t)left : COPY_BYTES, (off_t)at);
		int r = n < 0 ? -errno : n == 0 ? -EIO : file_write_all(to, bytes, (size_t)n);

		if (r < 0)
			return r;
		at += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return 0;
}

static int write_images(const struct unpacking *unpacking)
{
	const char *folder = unpacking->wanted->images;
	_cleanup_close_ int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (folder_fd < 0)
		return error_errno(errno, "%s", folder);
	for (size_t i = 0; i < unpacking->image_count; i++) {
		const struct part *part = &unpacking->images[i];
		_cleanup_close_ int fd = openat(folder_fd, part->name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		int r = fd < 0 ? -errno : copy_part(unpacking->fd, part, fd);

		if (r < 0)
			return error_errno(r, "%s/%s", folder, part->name);
	}
	return 0;
}

/* ---- the bundle ---------------------------------------------------------------------------- */

/* The bundle's own config.json, or (1) what TEXT holds then; its root.path goes to ROOT. */
static int find_config(
	struct unpacking *unpacking, int bundle_fd, struct buffer *text, const char **root)
{
	const char *bundle = unpacking->wanted->bundle;
	const struct json *path;
	struct json *document = NULL;
	int r = file_read_at(bundle_fd, "config.json", text, DOCUMENT_MOST);

	if (r == -ENOENT) {
		*root = "rootfs";
		r = unpacking->parts[PART_SPEC].found
			    ? read_part(unpacking, &unpacking->parts[PART_SPEC], &document)
			    : error_set(EBADMSG, "has no spec.dump, and the bundle no config.json");
		if (r >= 0)
			r = checkpoint_spec(document, unpacking->wanted->allowed, text);
		return r < 0 ? r : 1;
	}
	if (r < 0)
		return error_errno(r, "%s/config.json", bundle);
	r = json_parse(&unpacking->arena, "config.json", text->data, text->length, &document);
	if (r < 0)
		return r;
	path = json_get(json_get(document, "root"), "path");
	if (!path || path->type != JSON_STRING)
		return error_set(EINVAL, "%s/config.json: has no root.path", bundle);
	*root = arena_copy(&unpacking->arena, path->text, strlen(path->text));
	return 0;
}

/* With ROOT_FD -1 it is only looked at. */
static int apply_rootfs(struct unpacking *unpacking, int root_fd)
{
	const struct part *tar = &unpacking->parts[PART_ROOTFS];
	const struct part *removed = &unpacking->parts[PART_REMOVED];
	struct json *list;
	int r = 0;

	if (removed->found) {
		r = read_part(unpacking, removed, &list);
		if (r >= 0 && list->type != JSON_ARRAY)
			r = error_set(EBADMSG, "deleted.files: is no list");
		if (r < 0)
			return r;
		json_for_each (name, list) {
			r = name->type == JSON_STRING
				    ? rootfs_remove(root_fd, name->text)
				    : error_set(EBADMSG, "deleted.files: has more than names");
			if (r < 0)
				return r;
		}
	}
	if (!tar->found)
		return 0;
	return root_fd < 0 ? rootfs_check(unpacking->fd, tar->offset, tar->size)
			   : rootfs_apply(unpacking->fd, tar->offset, tar->size, root_fd);
}

static int fill_root(struct unpacking *unpacking, int bundle_fd, const char *root)
{
	_cleanup_close_ int root_fd = openat(bundle_fd, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_errno(errno, "%s: root.path: %s", unpacking->wanted->bundle, root);
	return apply_rootfs(unpacking, root_fd);
}

static int unpack_bundle(struct unpacking *unpacking)
{
	const char *bundle = unpacking->wanted->bundle, *root = "";
	_cleanup_close_ int bundle_fd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buffer_ struct buffer text = { 0 };
	bool made_root = false;
	int made_config, r;

	if (bundle_fd < 0)
		return error_errno(errno, "%s", bundle);
	made_config = find_config(unpacking, bundle_fd, &text, &root);
	if (made_config < 0)
		return made_config;
	if (made_config) {
		made_root = mkdirat(bundle_fd, root, 0755) == 0;
		if (!made_root && errno != EEXIST)
			return error_errno(errno, "%s/%s", bundle, root);
	}
	r = fill_root(unpacking, bundle_fd, root);
	if (r >= 0 && made_config) {
		r = file_replace_at(bundle_fd, "config.json", text.data, text.length, 0600);
		if (r < 0)
			(void)error_errno(r, "%s/config.json", bundle);
	}
	if (r < 0 && made_root)
		(void)file_remove_tree_at(bundle_fd, root);
	return r;
}

static int read_archive(struct unpacking *unpacking)
{
	bool inventory = false;
	struct stat st;
	int r;

	if (fstat(unpacking->fd, &st) < 0)
		return error_errno(errno, "cannot be read");
	r = archive_each(unpacking->fd, 0, (uint64_t)st.st_size, take_entry, unpacking);
	if (r < 0)
		return r;
	for (size_t i = 0; i < unpacking->image_count; i++)
		inventory |= !strcmp(unpacking->images[i].name, "inventory.img");
	if (!inventory)
		return error_set(EBADMSG,
			"is no archive of a checkpoint: there is no " IMAGES "inventory.img in it");
	return apply_rootfs(unpacking, -1);
}

int checkpoint_unpack(const struct checkpoint_unpack *wanted)
{
	__attribute__((cleanup(unpacking_free))) struct unpacking unpacking = {
		.wanted = wanted,
		.fd = archive_open_plain(wanted->file),
		.parts = { [PART_SPEC] = { .name = "spec.dump" },
			[PART_ROOTFS] = { .name = "rootfs-diff.tar" },
			[PART_REMOVED] = { .name = "deleted.files" } },
	};
	int r = unpacking.fd < 0 ? unpacking.fd : read_archive(&unpacking);

	if (unpacking.fd < 0)
		return r;
	if (r >= 0)
		r = write_images(&unpacking);
	if (r >= 0)
		r = unpack_bundle(&unpacking);
	return r < 0 ? error_context(r, "%s", wanted->file) : 0;
}
