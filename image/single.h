/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SINGLE_H
#define HULL_IMAGE_SINGLE_H

/*
 * An image as one file that can be executed:
 *
 *   a script for sh in the first 1,024 bytes, which EROFS leaves free
 *   the image's EROFS index over what follows (image/erofs.h)
 *   the layers' tars, each padded to 512 bytes
 *   JSON: the lock, the documents as they came, the record
 *   the last 512 bytes: "hull-image-file 1", and where the JSON is, with its digest
 *
 * So it is mounted as it is. Nothing in it depends on the time or the machine.
 */
#include "image/lock_file.h"
#include "image/store.h"

struct single {
	const char *path;
	int fd;
	struct lock lock; /* its image is that of the file */
	bool pinned;	  /* the shape was given; else there is none to go by */
	const char *manifest, *config, *index; /* the documents; index may be NULL */
	const char *record;		       /* NULL without one */
	uint64_t tars;			       /* where the first is: bytes from the start */
};

/* Was PATH written by single_write? */
bool single_is(const char *path);

/*
 * Write the image of LOCK, with its shape when it is PINNED, and a RECORD (may be NULL). Negative
 * errno with a message, and then there is nothing under PATH that was not there before.
 */
int single_write(
	struct store *store, struct lock *lock, bool pinned, const char *record, const char *path);

/* What lives in ARENA, and a descriptor: single_close. All documents' digests were checked. */
int single_open(struct arena *arena, const char *path, struct single *single);
void single_close(struct single *single);

#define _cleanup_single_ __attribute__((cleanup(single_close)))

/* Into the store under that name, every digest checked, the layers' too. */
int single_import(struct store *store, const struct single *single, const char *name);

#endif
