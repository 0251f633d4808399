/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_STORE_FOLDER_H
#define HULL_IMAGE_STORE_FOLDER_H

/* The inside of the store, for the files of image/ that write it. */
#include "image/store.h"

enum store_folder {
	STORE_BLOBS,
	STORE_LAYERS,
	STORE_DIFFS,
	STORE_PARTIAL,
	STORE_INDEXES,
	STORE_TREES,
	STORE_NAMES,
	STORE_FOLDERS
};

/* The descriptor of a folder; stays the store's. */
int store_folder(const struct store *store, enum store_folder folder);
const char *store_folder_name(enum store_folder folder);

/* Keep a descriptor, and the lock on it, until the store is closed. */
void store_hold(struct store *store, int fd);

/* Names of files: "HEX.tar" and so on. */
#define STORE_NAME_BYTES 96
const char *store_file_name(
	const struct digest *digest, const char *ending, char name[STORE_NAME_BYTES]);
#define STORE_FILE(digest_, ending_)                                                               \
	store_file_name((digest_), (ending_), (char[STORE_NAME_BYTES]){ 0 })

/* Is NAME 64 digits and ENDING? Then they go into DIGEST. */
bool store_file_digest(const char *name, const char *ending, struct digest *digest);

/*
 * Call VISIT for each entry of a folder but those with a dot in front, in the order
 * of their names; what it returns below 0 ends the walk and is returned.
 */
int store_each(struct store *store, enum store_folder folder,
	int (*visit)(void *context, const char *name), void *context);

/*
 * Open a file of a folder read-only and lock it (LOCK_SH, LOCK_EX, also | LOCK_NB). It is
 * the file that has the name when the lock is held. Negative errno, no message:
 * -ENOENT, -EWOULDBLOCK.
 */
int store_open_locked(
	struct store *store, enum store_folder folder, const char *name, int flags, int operation);

/* The same of the folders: changes to their entries are on the disk. */
int store_sync_folder(struct store *store, enum store_folder folder);

#endif
