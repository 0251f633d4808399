/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_EROFS_FORMAT_H
#define HULL_IMAGE_EROFS_FORMAT_H

/* EROFS on disk, as far as it is written here; all numbers little-endian (fs/erofs/erofs_fs.h). */
#include <stdint.h>

#define EROFS_MAGIC	   0xe0f5e1e2u
#define EROFS_SUPER_OFFSET 1024u
#define EROFS_SLOT_BYTES   32u /* a nid counts these */

#define EROFS_COMPAT_MTIME	    0x2u
#define EROFS_INCOMPAT_CHUNKED	    0x4u
#define EROFS_INCOMPAT_DEVICE_TABLE 0x8u

enum erofs_layout { EROFS_FLAT_PLAIN = 0, EROFS_FLAT_INLINE = 2, EROFS_CHUNKED = 4 };
#define EROFS_FORMAT(layout_) (1u | (unsigned int)(layout_) << 1) /* 1: an extended inode */

#define EROFS_CHUNK_INDEXES   0x20u
#define EROFS_CHUNK_BITS_MOST 31u
#define EROFS_HOLE	      0xffffffffu

struct erofs_super {
	uint32_t magic, checksum, compat;
	uint8_t block_bits, extra_slots;
	uint16_t root_nid;
	uint64_t inodes, build_time;
	uint32_t build_time_nanoseconds, blocks, meta_block, xattr_block;
	uint8_t uuid[16], volume[16];
	uint32_t incompat;
	uint16_t compression, devices, device_slot;
	uint8_t folder_block_bits, xattr_prefixes;
	uint32_t xattr_prefix_start;
	uint64_t packed_nid;
	uint8_t reserved[24];
} __attribute__((packed));

struct erofs_device_slot {
	char tag[64];
	uint32_t blocks, mapped_block;
	uint8_t reserved[56];
} __attribute__((packed));

struct erofs_inode {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t place; /* a block, a device number, or the format of chunks */
	uint32_t number, uid, gid;
	uint64_t mtime;
	uint32_t mtime_nanoseconds, links;
	uint8_t reserved2[16];
} __attribute__((packed));

struct erofs_xattr_header {
	uint32_t filter;
	uint8_t shared, reserved[7];
} __attribute__((packed));

struct erofs_xattr {
	uint8_t name_length, name_index;
	uint16_t value_length;
} __attribute__((packed));

struct erofs_chunk {
	uint16_t reserved, device;
	uint32_t block;
} __attribute__((packed));

struct erofs_dirent {
	uint64_t nid;
	uint16_t name_offset;
	uint8_t type, reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct erofs_super) == 128, "");
_Static_assert(sizeof(struct erofs_device_slot) == 128, "");
_Static_assert(sizeof(struct erofs_inode) == 64, "");
_Static_assert(sizeof(struct erofs_xattr_header) == 12, "");
_Static_assert(sizeof(struct erofs_dirent) == 12, "");

#endif
