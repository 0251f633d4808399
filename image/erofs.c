/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the tree. The first gives each inode its place, with its xattrs,
 * its chunks, and the last piece of a folder or a link right behind it; full blocks
 * of those come behind all inodes. The second writes.
 */
#include "image/erofs.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "image/erofs_format.h"
#include "image/erofs_xattr.h"

#define BLOCK_BITS  9u
#define BLOCK	    (1u << BLOCK_BITS)
#define CHUNKS_MOST (1u << 24) /* of one file: 128 MiB of index */
#define LAYERS_MOST 1000u
#define DEVICES_AT  (EROFS_SUPER_OFFSET + sizeof(struct erofs_super))

/* What the first pass finds out of an inode. */
struct place {
	struct tree_inode *inode;
	uint64_t at;		 /* bytes from the image's start */
	size_t head;		 /* of inode and xattrs, then up to the chunks */
	size_t full, tail;	 /* of its own data: bytes in full blocks, and behind the head */
	uint64_t block;		 /* where the full blocks begin */
	unsigned int chunk_bits; /* over BLOCK_BITS */
	uint64_t chunks;
	uint32_t number, links;
	struct tree_entry **sorted; /* a folder's, with "." and ".." */
	size_t sorted_count;
};

struct writer {
	struct tree *tree;
	const struct erofs_device *devices;
	uint64_t
		*bases; /* where each begins in blocks, when they stand behind the index; or NULL */
	struct place **places;
	size_t count, room;
	uint64_t end;	 /* of what has a place */
	uint64_t blocks; /* full blocks of folders and links */
	uint64_t all_blocks;
	struct buffer *image;
};

static unsigned int bits_for(uint64_t size)
{
	return size <= 1 ? 0 : 64 - (unsigned int)__builtin_clzll(size - 1);
}

/* The largest chunks that begin and end where segments do. */
static unsigned int sparse_bits(const struct tree_inode *inode)
{
	uint64_t edges = 0;

	for (size_t i = 0; i < inode->segment_count; i++) {
		uint64_t end = inode->segments[i].offset + inode->segments[i].length;

		edges |= inode->segments[i].offset;
		if (end != inode->size)
			edges |= (end + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
	}
	return edges ? (unsigned int)__builtin_ctzll(edges) : 63;
}

static int place_chunks(struct place *place)
{
	const struct tree_inode *inode = place->inode;
	unsigned int bits = bits_for(inode->size);

	if (inode->sparse && sparse_bits(inode) < bits)
		bits = sparse_bits(inode);
	bits = bits < BLOCK_BITS ? BLOCK_BITS : bits;
	place->chunk_bits = bits - BLOCK_BITS;
	if (place->chunk_bits > EROFS_CHUNK_BITS_MOST)
		place->chunk_bits = EROFS_CHUNK_BITS_MOST;
	bits = place->chunk_bits + BLOCK_BITS;
	place->chunks = (inode->size + ((uint64_t)1 << bits) - 1) >> bits;
	if (inode->size > INT64_MAX || place->chunks > CHUNKS_MOST)
		return error_set(EBADMSG, "a sparse file of %llu bytes in too small pieces",
			(unsigned long long)inode->size);
	return 0;
}

/* "." and ".." have their place among the names. */
static void sort_folder(struct writer *writer, struct place *place)
{
	struct tree_inode *inode = place->inode;
	struct tree_entry **names = tree_sorted(writer->tree, inode), **all;
	struct tree_entry *dots = arena_allocate(writer->tree->arena, 2 * sizeof(*dots));
	size_t count = 0, dot = 0;

	all = arena_allocate(writer->tree->arena, (inode->count + 2) * sizeof(struct tree_entry *));
	dots[0] = (struct tree_entry){ .name = ".", .length = 1, .inode = inode };
	dots[1] = (struct tree_entry){ .name = "..", .length = 2, .inode = inode->parent };
	for (size_t i = 0; i < inode->count; i++) {
		/* Longer than "." or "..", so what begins like them comes behind them. */
		while (dot < 2 &&
			memcmp(names[i]->name, dots[dot].name,
				names[i]->length < dots[dot].length ? names[i]->length
								    : dots[dot].length) >= 0)
			all[count++] = &dots[dot++];
		all[count++] = names[i];
	}
	while (dot < 2)
		all[count++] = &dots[dot++];
	place->sorted = all;
	place->sorted_count = count;
}

/* The entries that fit into the block that begins with entry FIRST, and the bytes they take. */
static size_t fill_block(const struct place *place, size_t first, size_t *bytes)
{
	size_t used = 0, i = first;

	for (; i < place->sorted_count; i++) {
		size_t more = sizeof(struct erofs_dirent) + place->sorted[i]->length;

		if (used + more > BLOCK)
			break;
		used += more;
	}
	*bytes = used;
	return i - first;
}

static void place_folder(struct writer *writer, struct place *place)
{
	size_t bytes = 0, first = 0;

	sort_folder(writer, place);
	place->full = 0;
	for (;;) {
		first += fill_block(place, first, &bytes);
		if (first == place->sorted_count)
			break;
		place->full += BLOCK;
	}
	place->tail = bytes;
	place->inode->size = place->full + bytes;
}

/* The tail stands behind the head in one block; where it cannot, it takes a block of its own. */
static void place_data(struct writer *writer, struct place *place)
{
	size_t head = place->head % BLOCK;

	if (place->tail && head + place->tail > BLOCK) {
		place->full += BLOCK;
		place->tail = 0;
	}
	if (place->tail && (writer->end + place->head) % BLOCK + place->tail > BLOCK)
		writer->end = (writer->end + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
	place->block = writer->blocks;
	writer->blocks += (place->full + BLOCK - 1) / BLOCK;
}

/* NULL with a message: EROFS cannot hold it (-EBADMSG). */
static struct place *place_inode(struct writer *writer, struct tree_inode *inode)
{
	struct place *place = arena_allocate(writer->tree->arena, sizeof(*place));
	size_t xattrs = erofs_xattr_bytes(inode);
	int r = 0;

	place->inode = inode;
	place->head = sizeof(struct erofs_inode) + xattrs;
	place->links = inode->links;
	writer->end = (writer->end + sizeof(struct erofs_inode) - 1) &
		      ~(uint64_t)(sizeof(struct erofs_inode) - 1);
	if (xattrs > EROFS_XATTRS_MOST) {
		error_set(EBADMSG, "too many extended attributes");
		return NULL;
	}
	if (inode->type == TAR_FILE && inode->size) {
		r = place_chunks(place);
		place->head = (place->head + 7) & ~(size_t)7;
	} else if (inode->type == TAR_SYMLINK) {
		place->full = inode->size / BLOCK * BLOCK;
		place->tail = inode->size % BLOCK;
	} else if (inode->type == TAR_FOLDER) {
		place_folder(writer, place);
	}
	if (r < 0)
		return NULL;
	place_data(writer, place);
	place->at = writer->end;
	writer->end += place->head + place->chunks * sizeof(struct erofs_chunk) + place->tail;
	if (writer->count == writer->room) {
		writer->room = writer->room ? 2 * writer->room : 1024;
		writer->places =
			memory_resize(writer->places, writer->room * sizeof(struct place *));
	}
	writer->places[writer->count++] = place;
	place->number = (uint32_t)writer->count;
	inode->use = place;
	return place;
}

/* First the entries of a folder, then what is below each, so that a listing reads one piece. */
static int place_tree(struct writer *writer, struct place *place)
{
	int r = 0;

	for (size_t i = 0; i < place->sorted_count; i++) {
		struct tree_entry *entry = place->sorted[i];

		if (!entry->inode->use && !place_inode(writer, entry->inode))
			return error_context(-EBADMSG, "\"%.*s\"", (int)entry->length, entry->name);
	}
	for (size_t i = 0; r >= 0 && i < place->sorted_count; i++) {
		struct tree_entry *entry = place->sorted[i];

		if (entry->inode->type != TAR_FOLDER || !entry->folder)
			continue;
		place->links++;
		r = place_tree(writer, entry->inode->use);
	}
	place->links++; /* "." */
	return r;
}

static uint64_t nid_of(const struct tree_inode *inode)
{
	return ((const struct place *)inode->use)->at / EROFS_SLOT_BYTES;
}

static void write_hole(char *at)
{
	const struct erofs_chunk chunk = { .block = htole32(EROFS_HOLE) };

	memcpy(at, &chunk, sizeof(chunk));
}

/* Block BLOCK_NUMBER of a layer's tar. */
static void write_chunk(
	const struct writer *writer, char *at, unsigned int layer, uint64_t block_number)
{
	const struct erofs_chunk chunk = {
		.device = htole16((uint16_t)(writer->bases ? 0 : layer + 1)),
		.block = htole32(
			(uint32_t)(block_number + (writer->bases ? writer->bases[layer] : 0))),
	};

	memcpy(at, &chunk, sizeof(chunk));
}

static void write_chunks(const struct writer *writer, const struct place *place, char *at)
{
	const struct tree_inode *inode = place->inode;
	uint64_t stored = inode->offset >> BLOCK_BITS;
	size_t segment = 0;

	for (uint64_t i = 0; i < place->chunks; i++, at += sizeof(struct erofs_chunk)) {
		uint64_t offset = i << (place->chunk_bits + BLOCK_BITS);
		const struct tar_segment *here;

		if (!inode->sparse) {
			write_chunk(writer, at, inode->layer, stored + (offset >> BLOCK_BITS));
			continue;
		}
		while (segment < inode->segment_count &&
			offset >= inode->segments[segment].offset + inode->segments[segment].length)
			stored += (inode->segments[segment++].length + BLOCK - 1) >> BLOCK_BITS;
		here = &inode->segments[segment];
		if (segment == inode->segment_count || offset < here->offset)
			write_hole(at);
		else
			write_chunk(writer, at, inode->layer,
				stored + ((offset - here->offset) >> BLOCK_BITS));
	}
}

static uint8_t entry_type(const struct tree_inode *inode)
{
	static const uint8_t types[] = {
		[TAR_FILE] = 1,
		[TAR_FOLDER] = 2,
		[TAR_CHARACTER] = 3,
		[TAR_BLOCK_DEVICE] = 4,
		[TAR_FIFO] = 5,
		[TAR_SYMLINK] = 7,
	};

	return types[inode->type];
}

static void write_folder_block(const struct place *place, size_t first, size_t count, char *block)
{
	size_t name = count * sizeof(struct erofs_dirent);

	for (size_t i = 0; i < count; i++) {
		const struct tree_entry *entry = place->sorted[first + i];
		const struct erofs_dirent dirent = {
			.nid = htole64(nid_of(entry->inode)),
			.name_offset = htole16((uint16_t)name),
			.type = entry_type(entry->inode),
		};

		memcpy(block + i * sizeof(dirent), &dirent, sizeof(dirent));
		memcpy(block + name, entry->name, entry->length);
		name += entry->length;
	}
}

/* FULL blocks to AT, the tail to TAIL. */
static void write_folder(const struct place *place, char *at, char *tail)
{
	size_t first = 0, bytes, left = place->full;

	while (first < place->sorted_count) {
		size_t count = fill_block(place, first, &bytes);

		write_folder_block(place, first, count, left ? at : tail);
		first += count;
		at += left ? BLOCK : 0;
		left -= left ? BLOCK : 0;
	}
}

static void write_data(const struct place *place, char *full, char *tail)
{
	const struct tree_inode *inode = place->inode;
	size_t most = place->tail ? place->full : inode->size;

	if (inode->type == TAR_FOLDER) {
		write_folder(place, full, tail);
	} else if (inode->type == TAR_SYMLINK) {
		memcpy(full, inode->target, most);
		memcpy(tail, inode->target + most, inode->size - most);
	}
}

static uint16_t mode_of(const struct tree_inode *inode)
{
	static const unsigned int types[] = {
		[TAR_FILE] = S_IFREG,
		[TAR_FOLDER] = S_IFDIR,
		[TAR_CHARACTER] = S_IFCHR,
		[TAR_BLOCK_DEVICE] = S_IFBLK,
		[TAR_FIFO] = S_IFIFO,
		[TAR_SYMLINK] = S_IFLNK,
	};

	return (uint16_t)(types[inode->type] | inode->mode);
}

/* What the union in the middle of the inode says (struct erofs_inode.place). */
static uint32_t place_field(const struct place *place, uint64_t data_block)
{
	const struct tree_inode *inode = place->inode;

	if (place->chunks)
		return place->chunk_bits | EROFS_CHUNK_INDEXES;
	/* new_encode_dev of the kernel */
	if (inode->type == TAR_CHARACTER || inode->type == TAR_BLOCK_DEVICE)
		return (inode->minor & 0xff) | (inode->major & 0xfff) << 8 |
		       (inode->minor & ~0xffu) << 12;
	return place->full ? (uint32_t)(data_block + place->block) : 0;
}

static void write_inode(const struct writer *writer, const struct place *place, uint64_t data_block)
{
	const struct tree_inode *from = place->inode;
	char *at = writer->image->data + place->at;
	unsigned int layout = place->chunks ? EROFS_CHUNKED
			      : place->tail ? EROFS_FLAT_INLINE
					    : EROFS_FLAT_PLAIN;
	struct erofs_inode inode = {
		.format = htole16((uint16_t)EROFS_FORMAT(layout)),
		.xattr_count = htole16(erofs_xattr_count(from)),
		.mode = htole16(mode_of(from)),
		.size = htole64(from->size),
		.place = htole32(place_field(place, data_block)),
		.number = htole32(place->number),
		.uid = htole32(from->uid),
		.gid = htole32(from->gid),
		.mtime = htole64((uint64_t)from->mtime),
		.mtime_nanoseconds = htole32(from->mtime_nanoseconds),
		.links = htole32(place->links),
	};

	memcpy(at, &inode, sizeof(inode));
	erofs_xattr_write(from, at + sizeof(inode));
	if (place->chunks)
		write_chunks(writer, place, at + place->head);
	write_data(
		place, writer->image->data + (data_block + place->block) * BLOCK, at + place->head);
}

static void write_super(const struct writer *writer, size_t devices)
{
	struct erofs_super super = {
		.magic = htole32(EROFS_MAGIC),
		.compat = htole32(EROFS_COMPAT_MTIME),
		.block_bits = BLOCK_BITS,
		.root_nid = htole16((uint16_t)nid_of(writer->tree->root)),
		.inodes = htole64(writer->count),
		.blocks = htole32((uint32_t)writer->all_blocks),
		.incompat = htole32(
			EROFS_INCOMPAT_CHUNKED | (devices ? EROFS_INCOMPAT_DEVICE_TABLE : 0)),
		.devices = htole16((uint16_t)devices),
		.device_slot = htole16((uint16_t)(DEVICES_AT / sizeof(struct erofs_device_slot))),
	};

	memcpy(writer->image->data + EROFS_SUPER_OFFSET, &super, sizeof(super));
	for (size_t i = 0; i < devices; i++) {
		struct erofs_device_slot slot = {
			.blocks = htole32((uint32_t)(writer->devices[i].size / BLOCK)),
		};

		memcpy(slot.tag, writer->devices[i].tag.hex, sizeof(slot.tag));
		memcpy(writer->image->data + DEVICES_AT + i * sizeof(slot), &slot, sizeof(slot));
	}
}

static void place_behind(struct writer *writer, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		writer->bases[i] = writer->all_blocks;
		writer->all_blocks += (writer->devices[i].size + BLOCK - 1) / BLOCK;
	}
}

/* At most 2 TiB in blocks of 512 bytes, so no file comes near it. */
static void write_all(struct writer *writer, size_t devices)
{
	uint64_t data_block = (writer->end + BLOCK - 1) / BLOCK;
	size_t bytes = (data_block + writer->blocks) * BLOCK;

	memset(buffer_reserve(writer->image, bytes), 0, bytes);
	writer->image->length = bytes;
	writer->all_blocks = bytes / BLOCK;
	if (writer->bases)
		place_behind(writer, devices);
	for (size_t i = 0; i < writer->count; i++)
		write_inode(writer, writer->places[i], data_block);
	write_super(writer, writer->bases ? 0 : devices);
}

int erofs_write(struct tree *tree, const struct erofs_device *devices, size_t count, bool behind,
	struct buffer *image)
{
	struct writer writer = {
		.tree = tree,
		.devices = devices,
		.bases =
			behind ? arena_allocate(tree->arena, (count + 1) * sizeof(uint64_t)) : NULL,
		.end = DEVICES_AT + (behind ? 0 : count * sizeof(struct erofs_device_slot)),
		.image = image,
	};
	uint64_t blocks = 0;
	struct place *root;
	int r;

	if (count > LAYERS_MOST)
		return error_set(EBADMSG, "more than %u layers", LAYERS_MOST);
	for (size_t i = 0; i < count; i++) {
		blocks = (behind ? blocks : 0) + (devices[i].size >> BLOCK_BITS);
		/* Half of it: the index is not counted. */
		if (blocks >= (behind ? EROFS_HOLE / 2 : EROFS_HOLE))
			return error_set(
				EBADMSG, "layer %s: too many TiB", DIGEST_SHOW(&devices[i].tag));
	}
	root = place_inode(&writer, tree->root);
	r = root ? place_tree(&writer, root) : -EBADMSG;
	if (r >= 0)
		write_all(&writer, count);
	free(writer.places);
	return r;
}

int erofs_read_tags(int fd, struct digest *tags, size_t most)
{
	struct erofs_super super;
	size_t count;

	if (pread(fd, &super, sizeof(super), EROFS_SUPER_OFFSET) != sizeof(super) ||
		le32toh(super.magic) != EROFS_MAGIC)
		return -EBADMSG;
	count = le16toh(super.devices);
	for (size_t i = 0; i < count && i < most; i++) {
		struct erofs_device_slot slot;

		if (pread(fd, &slot, sizeof(slot), (off_t)(DEVICES_AT + i * sizeof(slot))) !=
			sizeof(slot))
			return -EBADMSG;
		memcpy(tags[i].hex, slot.tag, DIGEST_HEX);
		tags[i].hex[DIGEST_HEX] = '\0';
	}
	return (int)(count < most ? count : most);
}
