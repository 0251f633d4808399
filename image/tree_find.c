/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define NAME_MOST  255u
#define PATH_MOST  4095u
#define LINKS_MOST 40u /* as the kernel follows at most */
#define DEPTH_MOST 2048u

static size_t hash_of(
	const struct tree *tree, const struct tree_inode *folder, const char *name, size_t length)
{
	uint64_t hash = tree->seed ^ (uint64_t)(uintptr_t)folder;

	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash & (tree->hash_size - 1);
}

struct tree_entry *tree_find(
	const struct tree *tree, const struct tree_inode *folder, const char *name, size_t length)
{
	struct tree_entry *entry = tree->hash[hash_of(tree, folder, name, length)];

	while (entry && (entry->folder != folder || entry->length != length ||
				memcmp(entry->name, name, length) != 0))
		entry = entry->next_hashed;
	return entry;
}

static void hash_grow(struct tree *tree)
{
	struct tree_entry **old = tree->hash;
	size_t size = tree->hash_size;

	tree->hash_size = 2 * size;
	tree->hash = memory_allocate_zero(tree->hash_size * sizeof(struct tree_entry *));
	for (size_t i = 0; i < size; i++) {
		while (old[i]) {
			struct tree_entry *entry = old[i], **slot;

			old[i] = entry->next_hashed;
			slot = &tree->hash[hash_of(
				tree, entry->folder, entry->name, entry->length)];
			entry->next_hashed = *slot;
			*slot = entry;
		}
	}
	free(old);
}

struct tree_entry *tree_add(struct tree *tree, struct tree_inode *folder, const char *name,
	size_t length, struct tree_inode *inode)
{
	struct tree_entry *entry = arena_allocate(tree->arena, sizeof(*entry)), **slot;

	if (tree->entries++ >= tree->hash_size)
		hash_grow(tree);
	entry->name = name;
	entry->length = length;
	entry->inode = inode;
	entry->folder = folder;
	entry->layer = tree->layer;
	entry->next = folder->first;
	if (folder->first)
		folder->first->before = entry;
	folder->first = entry;
	folder->count++;
	inode->links++;
	if (inode->type == TAR_FOLDER) {
		inode->parent = folder;
		inode->depth = folder->depth + 1;
	}
	slot = &tree->hash[hash_of(tree, folder, name, length)];
	entry->next_hashed = *slot;
	*slot = entry;
	return entry;
}

void tree_remove(struct tree *tree, struct tree_entry *entry)
{
	struct tree_entry **slot;

	if (entry->inode->type == TAR_FOLDER)
		while (entry->inode->first)
			tree_remove(tree, entry->inode->first);
	slot = &tree->hash[hash_of(tree, entry->folder, entry->name, entry->length)];
	while (*slot != entry)
		slot = &(*slot)->next_hashed;
	*slot = entry->next_hashed;
	if (entry->before)
		entry->before->next = entry->next;
	else
		entry->folder->first = entry->next;
	if (entry->next)
		entry->next->before = entry->before;
	entry->folder->count--;
	entry->inode->links--;
	tree->entries--;
}

struct tree_inode *tree_make_folder(struct tree *tree)
{
	struct tree_inode *inode = arena_allocate(tree->arena, sizeof(*inode));

	inode->type = TAR_FOLDER;
	inode->mode = 0755;
	inode->implied = true;
	inode->target = "";
	inode->layer = tree->layer;
	return inode;
}

/* A way that is being gone: text that is left, and of links on the way. */
struct walk {
	struct tree *tree;
	struct tree_inode *folder; /* where it is; NULL: nowhere, and none is to be made */
	bool make;
	unsigned int links;
};

static int walk_part(struct walk *walk, const char *part, size_t length);

/* All components of TEXT up to LENGTH. */
static int walk_text(struct walk *walk, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end && walk->folder) {
		const char *slash = memchr(text, '/', (size_t)(end - text));
		size_t part = (size_t)((slash ? slash : end) - text);
		int r = part ? walk_part(walk, text, part) : 0;

		if (r < 0)
			return r;
		text += part + (slash ? 1 : 0);
	}
	return 0;
}

static int walk_link(struct walk *walk, const struct tree_inode *link)
{
	if (++walk->links > LINKS_MOST)
		return error_set(EBADMSG, "its folder is behind a circle of links");
	if (link->target[0] == '/') {
		if (link->layer == walk->tree->layer)
			return error_set(EBADMSG,
				"its folder is a link to \"%.256s\", out of the layer's root",
				link->target);
		walk->folder = walk->tree->root;
	}
	return walk_text(walk, link->target, strlen(link->target));
}

/* ".." stands in the targets of links alone. */
static int walk_up(struct walk *walk)
{
	if (walk->folder == walk->tree->root)
		return error_set(EBADMSG, "its folder is a link out of the layer's root");
	walk->folder = walk->folder->parent;
	return 0;
}

static int walk_part(struct walk *walk, const char *part, size_t length)
{
	struct tree *tree = walk->tree;
	struct tree_entry *entry;

	if (length == 1 && part[0] == '.')
		return 0;
	if (length == 2 && part[0] == '.' && part[1] == '.')
		return walk_up(walk);
	if (length > NAME_MOST)
		return error_set(EBADMSG, "a component of more than 255 bytes");
	entry = tree_find(tree, walk->folder, part, length);
	if (!entry && !walk->make) {
		walk->folder = NULL;
		return 0;
	}
	if (!entry) {
		if (walk->folder->depth >= DEPTH_MOST)
			return error_set(EBADMSG, "more than %u folders deep", DEPTH_MOST);
		entry = tree_add(tree, walk->folder, part, length, tree_make_folder(tree));
	}
	switch (entry->inode->type) {
	case TAR_FOLDER:
		if (walk->make)
			entry->layer = tree->layer;
		walk->folder = entry->inode;
		return 0;
	case TAR_SYMLINK:
		return walk_link(walk, entry->inode);
	default:
		if (walk->make)
			return error_set(EBADMSG, "\"%.*s\" on the way to it is no folder",
				(int)length, part);
		walk->folder = NULL;
		return 0;
	}
}

static bool has_dot_dot(const char *path)
{
	for (const char *c = path; (c = strstr(c, "..")); c += 2)
		if ((c == path || c[-1] == '/') && (c[2] == '/' || c[2] == '\0'))
			return true;
	return false;
}

int tree_walk(struct tree *tree, const char *path, bool make, struct tree_inode **folder,
	const char **name, size_t *length)
{
	struct walk walk = { .tree = tree, .folder = tree->root, .make = make };
	size_t end = strlen(path), begin;
	int r;

	*folder = tree->root;
	*length = 0;
	if (end > PATH_MOST)
		return error_set(EBADMSG, "a name of more than %u bytes", PATH_MOST);
	if (has_dot_dot(path))
		return error_set(EBADMSG, "\"..\" in its name leads out of the layer's root");
	/* "./", "/" and "." say nothing. */
	for (;;) {
		while (end && path[end - 1] == '/')
			end--;
		if (!end || path[end - 1] != '.' || (end > 1 && path[end - 2] != '/'))
			break;
		end--;
	}
	for (begin = end; begin && path[begin - 1] != '/'; begin--)
		;
	if (end - begin > NAME_MOST)
		return error_set(EBADMSG, "a name of more than %u bytes", NAME_MOST);
	r = walk_text(&walk, path, begin);
	*folder = walk.folder;
	*name = path + begin;
	*length = end - begin;
	if (r >= 0 && walk.folder && make && walk.folder->depth >= DEPTH_MOST)
		return error_set(EBADMSG, "more than %u folders deep", DEPTH_MOST);
	return r;
}
