/* SPDX-License-Identifier: Apache-2.0 */
#include "image/erofs_xattr.h"

#include <endian.h>
#include <string.h>

#include "image/erofs_format.h"

/* What a name begins with is a number; those of ACLs are whole names. */
static const struct {
	const char *prefix;
	uint8_t index;
} prefixes[] = {
	{ "user.", 1 },
	{ "system.posix_acl_access", 2 },
	{ "system.posix_acl_default", 3 },
	{ "trusted.", 4 },
	{ "security.", 6 },
};

static const char *split_name(const char *name, uint8_t *index)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i].prefix);
		bool whole = prefixes[i].prefix[length - 1] != '.';

		if (strncmp(name, prefixes[i].prefix, length) != 0 || !name[length] != whole)
			continue;
		*index = prefixes[i].index;
		return name + length;
	}
	return NULL;
}

static size_t entry_bytes(const struct tar_xattr *xattr)
{
	uint8_t index;
	const char *name = split_name(xattr->name, &index);

	if (!name)
		return 0;
	return (sizeof(struct erofs_xattr) + strlen(name) + xattr->length + 3) & ~(size_t)3;
}

size_t erofs_xattr_bytes(const struct tree_inode *inode)
{
	size_t bytes = 0;

	for (size_t i = 0; i < inode->xattr_count; i++)
		bytes += entry_bytes(&inode->xattrs[i]);
	return bytes ? bytes + sizeof(struct erofs_xattr_header) : 0;
}

uint16_t erofs_xattr_count(const struct tree_inode *inode)
{
	size_t bytes = erofs_xattr_bytes(inode);

	return bytes ? (uint16_t)((bytes - sizeof(struct erofs_xattr_header)) / 4 + 1) : 0;
}

void erofs_xattr_write(const struct tree_inode *inode, char *at)
{
	at += sizeof(struct erofs_xattr_header);
	for (size_t i = 0; i < inode->xattr_count; i++) {
		const struct tar_xattr *xattr = &inode->xattrs[i];
		struct erofs_xattr head = { .value_length = htole16((uint16_t)xattr->length) };
		const char *name = split_name(xattr->name, &head.name_index);

		if (!name)
			continue;
		head.name_length = (uint8_t)strlen(name);
		memcpy(at, &head, sizeof(head));
		memcpy(at + sizeof(head), name, head.name_length);
		memcpy(at + sizeof(head) + head.name_length, xattr->value, xattr->length);
		at += entry_bytes(xattr);
	}
}
