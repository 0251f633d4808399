/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_STORE_H
#define HULL_IMAGE_STORE_H

/*
 * The store: a folder with everything that images are made of, by digest.
 *
 *   version              "hull-image-store 1"
 *   blobs/HEX            manifests, indexes, configs as they came; kept compressed layers
 *   layers/HEX.tar       a layer, uncompressed, by its diff id
 *   layers/HEX.table     what its tar holds, to be had again from it (image/layer_table.h)
 *   diffs/HEX            the diff id of the compressed layer HEX
 *   partial/HEX          a download that was cut off, or goes on
 *   indexes/HEX.erofs    the merged file system of an image over its tars, by chain id
 *   trees/HEX            an image unpacked for who cannot mount, by chain id
 *   names/NAME           which image a name stands for, JSON; '/' and '%' as %2F and %25
 *
 * What stands under its final name is complete and was checked: it is written
 * beside, fsync'ed and linked. So a kill at any moment leaves nothing to repair.
 * Locks are flock(2) on those very files: one exclusive on a partial for who
 * downloads it, one shared on a tar for who needs it (a pull until it has a name,
 * a mount for its life). There is no lock of the whole store.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "image/digest.h"

struct store;

/*
 * PATH, or NULL: $HULL_STORE, else /var/lib/hull/images for root and
 * $XDG_DATA_HOME/hull/images (~/.local/share/hull/images) for a user. Made with
 * mode 0700 where it is missing. Negative errno with a message; also for a
 * store of a newer version.
 */
int store_open(const char *path, struct store **store);
/* Which folder that is without a path, for the caller to free; NULL: none, nobody has a home. */
char *store_default_path(void);
/* Gives up what the store holds for this process, first of all its locks on layers. */
void store_close(struct store *store);
void store_close_pointer(struct store **store);

#define _cleanup_store_ __attribute__((cleanup(store_close_pointer)))

const char *store_path(const struct store *store);
int store_fd(const struct store *store); /* of the folder; stays the store's */

/* ---- blobs: manifests, indexes, configs (image-spec: at most 4 MiB) ------------------------- */

#define STORE_BLOB_MOST (4u << 20)

bool store_blob_has(struct store *store, const struct digest *digest);
/* Add the blob to BUFFER, its digest checked. -ENOENT, -EBADMSG and others with a message. */
int store_blob_read(struct store *store, const struct digest *digest, struct buffer *buffer);
/* Refused with a message unless the bytes have the size and digest that WANTED (may be NULL) says. */
int store_blob_write(struct store *store, const struct descriptor *wanted, const void *bytes,
	size_t length, struct digest *digest);
/* A read-only descriptor of a blob (also a kept compressed layer) and its size; -ENOENT, no message. */
int store_blob_open(struct store *store, const struct digest *digest, uint64_t *size);

/* ---- layers: written by image/layer.h -------------------------------------------------------- */

/* A read-only descriptor of the layer's uncompressed tar and its size; -ENOENT, no message. */
int store_layer_open(struct store *store, const struct digest *diff_id, uint64_t *size);
/* The diff id that a compressed layer had when it was unpacked here; -ENOENT, no message. */
int store_layer_diff_id(struct store *store, const struct digest *blob, struct digest *diff_id);

/* ---- images ---------------------------------------------------------------------------------- */

struct store_layer {
	struct descriptor blob; /* as in the manifest */
	struct digest diff_id;	/* as in the config's rootfs.diff_ids */
	uint64_t tar_size;	/* filled in by store_image_put */
};

struct store_image {
	const char *name; /* "docker.io/library/debian:12"; whatever the caller finds again */
	struct descriptor index; /* the manifest list it came by; digest "" when there was none */
	struct descriptor manifest, config;
	const char *platform;	    /* "linux/amd64", "linux/arm/v7" */
	struct store_layer *layers; /* the lowest first */
	size_t layer_count;
	int64_t added; /* seconds since the Epoch; filled in by store_image_put */
};

/*
 * Give an image its name, in place of what had it before. Its blobs (manifest,
 * config) and layers must be in the store; the merged index is built, so an
 * image whose layers do not fit together is refused here.
 */
int store_image_put(struct store *store, const struct store_image *image);

/*
 * An image by its name, by "sha256:HEX" of its index, manifest or config, or by the
 * first 4 or more digits of one of those. NULL-safe strings live in ARENA.
 * -ENOENT with a message that names the nearest known name; -EEXIST when ambiguous.
 */
int store_image_find(
	struct store *store, struct arena *arena, const char *text, struct store_image **image);

/* All images, sorted by name. */
struct store_images {
	struct store_image **items;
	size_t count;
};
int store_image_list(struct store *store, struct arena *arena, struct store_images *images);

/* The chain id of the layers (image-spec, config.md "Layer ChainID"): the key of index and tree. */
void store_chain_id(const struct store_layer *layers, size_t count, struct digest *chain_id);

/* What was taken away. */
struct store_freed {
	uint64_t bytes;
	unsigned int names, layers, others, in_use;
};

/* Take the name away, and what only it needed and nobody uses now. */
int store_image_remove(struct store *store, const char *name, struct store_freed *freed);

/* Take away what no name needs, nobody uses, and is older than AGE seconds (a day: 86400). */
int store_prune(struct store *store, uint64_t age, struct store_freed *freed);

#endif
