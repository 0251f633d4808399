/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LOCK_FILE_H
#define HULL_IMAGE_LOCK_FILE_H

/*
 * hull.lock: which image, by all its digests, and the shape of the run, in JSON
 * that people can review (docs/reproducible.md). Written in one form alone
 * (image/canonical.h), so that "environment", the SHA-256 of all the rest, names
 * what will run.
 */
#include "base/json.h"
#include "image/shape.h"
#include "image/store.h"

#define LOCK_VERSION	1
#define LOCK_NAME	"hull.lock"
#define LOCK_BYTES_MOST (4u << 20)

struct lock_input {
	const char *path; /* on the machine */
	struct digest digest;
	uint64_t size;
};

struct lock {
	struct digest environment;
	bool altered;
	const char *reference;	      /* as a person names the image */
	struct store_image image;     /* its name is that of the reference */
	struct string_list locations; /* where it may be had, in the order to try: "registry:…" */
	const char *kernel_least;     /* of the image's C library: "3.2.0"; NULL: not known */
	struct shape shape;
	struct {
		struct lock_input *items;
		size_t count;
	} inputs;
};

/* Add the file's text; fills in lock->environment. */
void lock_write(struct buffer *text, struct lock *lock);

/*
 * Read one; strings live in ARENA. *DOCUMENT (may be NULL) is all of it, also what this hull
 * does not know. -EINVAL with a message that begins with NAME: what is wrong, or that a newer
 * hull has written it. lock->altered: "environment" is not the digest of the rest.
 */
int lock_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct lock *lock, const struct json **document);

/* The same from a file; one that was altered is refused. */
int lock_load(
	struct arena *arena, const char *path, struct lock *lock, const struct json **document);

/* The same, also one that was altered. */
int lock_load_altered(
	struct arena *arena, const char *path, struct lock *lock, const struct json **document);

/* Where the image of its name may be had. */
void lock_find_locations(struct arena *arena, struct lock *lock);

/* Digest and size of the files among the read-only binds of the shape. */
int lock_find_inputs(struct arena *arena, struct lock *lock);

#endif
