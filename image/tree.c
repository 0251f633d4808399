/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "image/tree_find.h"

#define WHITEOUT	   ".wh."
#define WHITEOUT_OWN	   ".wh..wh." /* what AUFS kept for itself */
#define OPAQUE		   ".wh..wh..opq"
#define ENTRIES_MOST	   (1u << 23)
#define HASH_AT_FIRST	   4096u
#define starts(text, with) (!strncmp((text), (with), strlen(with)))

void tree_begin(struct tree *tree, struct arena *arena)
{
	*tree = (struct tree){ .arena = arena, .hash_size = HASH_AT_FIRST };
	tree->hash = memory_allocate_zero(tree->hash_size * sizeof(struct tree_entry *));
	/* Nobody can choose names that all fall into one slot. */
	if (getrandom(&tree->seed, sizeof(tree->seed), GRND_NONBLOCK) < 0)
		tree->seed = (uint64_t)(uintptr_t)tree->hash;
	tree->root = tree_make_folder(tree);
	tree->root->parent = tree->root;
	tree->root->links = 1;
}

void tree_end(struct tree *tree)
{
	free(tree->hash);
	tree->hash = NULL;
}

/* Overlayfs reads orders to itself out of these; in an image they are no content. */
static bool is_of_overlay(const struct tar_xattr *xattr)
{
	return starts(xattr->name, "trusted.overlay.") || starts(xattr->name, "user.overlay.");
}

static void set_xattrs(struct tree *tree, struct tree_inode *inode, const struct tar_entry *entry)
{
	struct tar_xattr *kept = NULL;
	size_t count = 0;

	inode->xattrs = NULL;
	inode->xattr_count = 0;
	if (!entry->xattr_count)
		return;
	kept = arena_allocate(tree->arena, entry->xattr_count * sizeof(*kept));
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (!is_of_overlay(&entry->xattrs[i]))
			kept[count++] = entry->xattrs[i];
	inode->xattrs = kept;
	inode->xattr_count = count;
}

static void set_attributes(
	struct tree *tree, struct tree_inode *inode, const struct tar_entry *entry)
{
	inode->type = entry->type;
	inode->mode = entry->mode;
	inode->uid = entry->uid;
	inode->gid = entry->gid;
	inode->major = entry->major;
	inode->minor = entry->minor;
	inode->mtime = entry->mtime;
	inode->mtime_nanoseconds = entry->mtime_nanoseconds;
	inode->size = entry->type == TAR_SYMLINK ? strlen(entry->target) : entry->size;
	inode->offset = entry->offset;
	inode->layer = tree->layer;
	inode->sparse = entry->sparse;
	inode->implied = false;
	inode->segments = entry->segments;
	inode->segment_count = entry->segment_count;
	inode->target = entry->target;
	set_xattrs(tree, inode, entry);
}

/* Take away what lower layers put into the folder; what this one did stays. */
static void hide_lower(struct tree *tree, struct tree_inode *folder)
{
	struct tree_entry *next;

	for (struct tree_entry *entry = folder->first; entry; entry = next) {
		next = entry->next;
		if (entry->layer != tree->layer)
			tree_remove(tree, entry);
		else if (entry->inode->type == TAR_FOLDER)
			hide_lower(tree, entry->inode);
	}
}

static int apply_whiteout(struct tree *tree, const struct tar_entry *entry)
{
	struct tree_inode *folder;
	struct tree_entry *hidden;
	const char *name;
	size_t length;
	int r = tree_walk(tree, entry->path, false, &folder, &name, &length);

	if (r < 0 || !folder)
		return r;
	if (length == strlen(OPAQUE) && starts(name, OPAQUE)) {
		hide_lower(tree, folder);
		return 0;
	}
	if (starts(name, WHITEOUT_OWN))
		return 0;
	name += strlen(WHITEOUT);
	length -= strlen(WHITEOUT);
	if (!length || (length <= 2 && starts("..", name) && name[0] == '.'))
		return error_set(EBADMSG, "a whiteout of nothing");
	hidden = tree_find(tree, folder, name, length);
	if (!hidden)
		return 0;
	if (hidden->layer != tree->layer)
		tree_remove(tree, hidden);
	else if (hidden->inode->type == TAR_FOLDER)
		hide_lower(tree, hidden->inode);
	return 0;
}

static int find_target(struct tree *tree, const char *target, struct tree_inode **inode)
{
	struct tree_inode *folder;
	struct tree_entry *found;
	const char *name;
	size_t length;
	int r = tree_walk(tree, target, false, &folder, &name, &length);

	*inode = NULL;
	if (r < 0)
		return error_context(r, "a hard link to \"%.256s\"", target);
	found = folder && length ? tree_find(tree, folder, name, length) : NULL;
	if (!found && tree->alone)
		return 0;
	if (!found)
		return error_set(EBADMSG, "a hard link to \"%.256s\", which is not there", target);
	if (found->inode->type == TAR_FOLDER)
		return error_set(EBADMSG, "a hard link to \"%.256s\", which is a folder", target);
	*inode = found->inode;
	return 0;
}

static int put(struct tree *tree, const struct tar_entry *entry, struct tree_inode *folder,
	const char *name, size_t length)
{
	struct tree_entry *old = tree_find(tree, folder, name, length);
	struct tree_inode *inode = NULL;

	if (entry->type == TAR_LINK) {
		int r = find_target(tree, entry->target, &inode);

		if (r < 0 || !inode)
			return r;
		/* The walk may have gone by what is to be replaced, but made nothing. */
		if (old && old->inode == inode) {
			old->layer = tree->layer;
			return 0;
		}
	}
	if (old && entry->type == TAR_FOLDER && old->inode->type == TAR_FOLDER) {
		old->layer = tree->layer;
		set_attributes(tree, old->inode, entry);
		return 0;
	}
	if (old)
		tree_remove(tree, old);
	if (tree->entries >= ENTRIES_MOST)
		return error_set(EBADMSG, "more than %u files", ENTRIES_MOST);
	if (!inode) {
		inode = tree_make_folder(tree);
		set_attributes(tree, inode, entry);
	}
	(void)tree_add(tree, folder, name, length, inode);
	return 0;
}

/* The last component, with slashes behind it. */
static const char *base_name(const char *path)
{
	const char *name = path;

	for (const char *c = path; *c; c++)
		if (*c == '/' && c[1] && c[1] != '/')
			name = c + 1;
	return name;
}

static int apply(struct tree *tree, const struct tar_entry *entry)
{
	struct tree_inode *folder;
	const char *name;
	size_t length;
	int r;

	if (starts(base_name(entry->path), WHITEOUT))
		return apply_whiteout(tree, entry);
	/* "." alone: below its folders nothing is anybody's content. */
	if (starts(entry->path, WHITEOUT_OWN) || strstr(entry->path, "/" WHITEOUT_OWN))
		return 0;
	r = tree_walk(tree, entry->path, true, &folder, &name, &length);
	if (r < 0)
		return r;
	if (length)
		return put(tree, entry, folder, name, length);
	if (entry->type != TAR_FOLDER)
		return error_set(EBADMSG, "the root is no folder");
	set_attributes(tree, tree->root, entry);
	return 0;
}

int tree_apply(struct tree *tree, const struct tar_entry *entry)
{
	int r = apply(tree, entry);

	return r < 0 ? error_context(r, "entry \"%.256s\"", entry->path) : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct tree_entry *one = *(struct tree_entry *const *)a;
	const struct tree_entry *other = *(struct tree_entry *const *)b;
	size_t least = one->length < other->length ? one->length : other->length;
	int r = memcmp(one->name, other->name, least);

	return r ? r : (one->length > other->length) - (one->length < other->length);
}

struct tree_entry **tree_sorted(struct tree *tree, const struct tree_inode *folder)
{
	struct tree_entry **list =
		arena_allocate(tree->arena, (folder->count + 1) * sizeof(struct tree_entry *));
	size_t count = 0;

	for (struct tree_entry *entry = folder->first; entry; entry = entry->next)
		list[count++] = entry;
	if (count)
		qsort(list, count, sizeof(*list), by_name);
	return list;
}
