/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_EROFS_XATTR_H
#define HULL_IMAGE_EROFS_XATTR_H

/* Extended attributes behind an EROFS inode. Names that EROFS does not know are left out. */
#include <stddef.h>
#include <stdint.h>

#include "image/tree.h"

#define EROFS_XATTRS_MOST (UINT16_MAX * 4u)

/* Bytes that they take; 0 without any. */
size_t erofs_xattr_bytes(const struct tree_inode *inode);
/* The same as the inode's i_xattr_icount. */
uint16_t erofs_xattr_count(const struct tree_inode *inode);
void erofs_xattr_write(const struct tree_inode *inode, char *at);

#endif
