/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_TREE_ENTRY_H
#define HULL_CHECKPOINT_TREE_ENTRY_H

/* One file of a root file system: as it is on disk, and as it crosses the wire. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/memory.h"

enum tree_kind {
	TREE_FILE = 1,
	TREE_FOLDER,
	TREE_SYMLINK,
	TREE_NODE, /* device, FIFO, socket */
	TREE_LINK, /* a further name of a file that comes before it */
	TREE_GONE, /* a name that is no more */
};

struct tree_entry {
	enum tree_kind kind;
	bool changed; /* since it was last sent: what the target has is not it, whatever it looks like */
	const char *path; /* below the root, which is ""; no "." or ".." in it */
	const char
		*target; /* of a symbolic link, or the path that a TREE_LINK is another name of */
	const unsigned char *attributes; /* extended ones: name, NUL, length (32 bits), bytes */
	size_t attributes_length;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t device; /* of a node */
	uint64_t size;
	int64_t modified; /* nanoseconds since 1970 */
	/* Known to the source alone. */
	int64_t status_changed;
	ino_t inode;
	bool has_links;
};

struct tree_list {
	struct arena arena;
	struct tree_entry *items;
	size_t count, room;
};

#define TREE_ENTRIES_MOST ((size_t)4 * 1024 * 1024)

struct tree_entry *tree_list_add(struct tree_list *list);
void tree_list_free(struct tree_list *list);

#define _cleanup_tree_list_ __attribute__((cleanup(tree_list_free)))

/* As the names stand in a walk: a folder, then all that is in it, names in order. */
int tree_compare(const char *path, const char *other);

/* Is it a path below the root, in its shortest form? "" is the root. */
bool tree_path_is_clean(const char *path, size_t length);

void tree_entry_write(const struct tree_entry *entry, struct buffer *buffer);

/*
 * Add the entries of LENGTH bytes to the list; all texts are copied. -EBADMSG without a message
 * when they are no entries, or would lead out of the tree.
 */
int tree_entries_read(struct tree_list *list, const unsigned char *bytes, size_t length);

/* The next of the extended attributes; false at their end. */
struct tree_attribute {
	const char *name;
	const unsigned char *value;
	uint32_t length;
};
bool tree_attribute_next(
	const struct tree_entry *entry, size_t *place, struct tree_attribute *attribute);

#endif
