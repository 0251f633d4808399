/* SPDX-License-Identifier: Apache-2.0 */
#include "image/flatten.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/extract.h"
#include "image/index.h"
#include "image/tar_write.h"

#define CHUNK_BYTES ((size_t)1 << 20)

struct flatten {
	struct arena arena;
	struct tree tree;
	struct layer_table *tables;
	int *layer_fds;
	int to;
	char *chunk;
};

/* LENGTH bytes of a layer's tar, or (FD < 0) zeros. */
static int copy_bytes(struct flatten *flatten, int fd, uint64_t offset, uint64_t length)
{
	if (fd < 0)
		memset(flatten->chunk, 0, CHUNK_BYTES);
	while (length) {
		size_t step = length < CHUNK_BYTES ? (size_t)length : CHUNK_BYTES;
		ssize_t n = fd < 0 ? (ssize_t)step : pread(fd, flatten->chunk, step, (off_t)offset);
		int r;

		if (n <= 0)
			return error_errno(n < 0 ? errno : EIO, "read a layer");
		r = file_write_all(flatten->to, flatten->chunk, (size_t)n);
		if (r < 0)
			return error_errno(r, "write the tar");
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

/* A sparse file's segments stand one behind the other in the tar, its holes are zeros. */
static int copy_sparse(struct flatten *flatten, const struct tree_inode *inode)
{
	uint64_t at = 0, offset = inode->offset;
	int fd = flatten->layer_fds[inode->layer], r = 0;

	for (size_t i = 0; r >= 0 && i < inode->segment_count; i++) {
		const struct tar_segment *segment = &inode->segments[i];

		r = copy_bytes(flatten, -1, 0, segment->offset - at);
		if (r >= 0)
			r = copy_bytes(flatten, fd, offset, segment->length);
		offset += segment->length + tar_padding(segment->length);
		at = segment->offset + segment->length;
	}
	return r < 0 ? r : copy_bytes(flatten, -1, 0, inode->size - at);
}

static int write_inode(struct flatten *flatten, struct tree_inode *inode, char *path)
{
	_cleanup_buffer_ struct buffer header = { 0 };
	struct tar_entry entry = {
		.type = inode->type,
		.path = path,
		.target = inode->target ? inode->target : "",
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.major = inode->major,
		.minor = inode->minor,
		.mtime = inode->mtime,
		.mtime_nanoseconds = inode->mtime_nanoseconds,
		.size = inode->size,
		.xattrs = inode->xattrs,
		.xattr_count = inode->xattr_count,
	};
	int r;

	/* Its second name: a link to the first. */
	if (inode->type != TAR_FOLDER && inode->use) {
		entry.type = TAR_LINK;
		entry.target = inode->use;
		entry.xattr_count = 0;
	}
	inode->use = path;
	tar_write_header(&header, &entry);
	r = file_write_all(flatten->to, header.data, header.length);
	if (r < 0)
		return error_errno(r, "write the tar");
	if (entry.type != TAR_FILE)
		return 0;
	r = inode->sparse ? copy_sparse(flatten, inode)
			  : copy_bytes(flatten, flatten->layer_fds[inode->layer], inode->offset,
				    inode->size);
	return r < 0 ? r : copy_bytes(flatten, -1, 0, tar_padding(inode->size));
}

/* Recursion: a tree is as deep as paths are long (PATH_MAX / 2). */
static int write_folder(
	struct flatten *flatten, const struct tree_inode *folder, const char *prefix)
{
	struct tree_entry **entries = tree_sorted(&flatten->tree, folder);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < folder->count; i++) {
		struct tree_inode *inode = entries[i]->inode;
		bool is_folder = inode->type == TAR_FOLDER;
		char *path = arena_format(&flatten->arena, "%s%.*s%s", prefix,
			(int)entries[i]->length, entries[i]->name, is_folder ? "/" : "");

		r = write_inode(flatten, inode, path);
		if (r >= 0 && is_folder)
			r = write_folder(flatten, inode, path);
	}
	return r;
}

static int write_tree(struct flatten *flatten)
{
	static const char end[2 * TAR_BLOCK];
	int r = write_inode(flatten, flatten->tree.root, "./");

	if (r >= 0)
		r = write_folder(flatten, flatten->tree.root, "./");
	if (r < 0)
		return r;
	r = file_write_all(flatten->to, end, sizeof(end));
	return r < 0 ? error_errno(r, "write the tar") : 0;
}

/* Call WORK with the tree of all layers. */
static int with_tree(struct store *store, const struct store_image *image, int fd,
	int (*work)(struct flatten *flatten))
{
	struct flatten flatten = { .to = fd };
	size_t count = image->layer_count;
	uint64_t size;
	int r = 0;

	flatten.chunk = memory_allocate(CHUNK_BYTES);
	flatten.tables = arena_allocate(&flatten.arena, (count + 1) * sizeof(*flatten.tables));
	flatten.layer_fds = arena_allocate(&flatten.arena, (count + 1) * sizeof(int));
	for (size_t i = 0; i < count; i++) {
		flatten.layer_fds[i] = store_layer_open(store, &image->layers[i].diff_id, &size);
		if (flatten.layer_fds[i] < 0 && r >= 0)
			r = error_errno(flatten.layer_fds[i], "layer %s",
				DIGEST_SHOW(&image->layers[i].diff_id));
	}
	tree_begin(&flatten.tree, &flatten.arena);
	if (r >= 0)
		r = index_tree(store, image->layers, count, flatten.tables, &flatten.tree);
	if (r >= 0)
		r = work(&flatten);
	tree_end(&flatten.tree);
	for (size_t i = 0; i < count; i++) {
		layer_table_free(&flatten.tables[i]);
		file_close(&flatten.layer_fds[i]);
	}
	memory_free_pointer(&flatten.chunk);
	arena_free(&flatten.arena);
	return r;
}

int image_flatten(struct store *store, const struct store_image *image, int fd)
{
	return with_tree(store, image, fd, write_tree);
}

static int write_folder_tree(struct flatten *flatten)
{
	return extract_tree(&flatten->tree, flatten->layer_fds, flatten->to);
}

static bool is_empty(const char *path)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	unsigned int count = 0;

	while (folder && (entry = readdir(folder)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (folder)
		(void)closedir(folder);
	return count == 0;
}

int image_export_folder(struct store *store, const struct store_image *image, const char *path)
{
	_cleanup_close_ int fd = -EBADF;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(errno, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "%s", path);
	if (!is_empty(path))
		return error_set(ENOTEMPTY, "%s: is not empty", path);
	return with_tree(store, image, fd, write_folder_tree);
}
