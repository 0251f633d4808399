/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_REFERENCE_H
#define HULL_IMAGE_REFERENCE_H

/*
 * Names of images: in a registry ("debian", "ghcr.io/a/b:tag@sha256:..."), and
 * elsewhere by a transport in front ("oci:DIR:TAG", "tar:FILE").
 */
#include "base/memory.h"

enum transport {
	TRANSPORT_REGISTRY,	  /* docker://NAME, or a bare NAME */
	TRANSPORT_STORE,	  /* store:NAME: what `hull image list` shows */
	TRANSPORT_OCI,		  /* oci:DIR[:TAG]: an image layout (image-spec, "Image Layout") */
	TRANSPORT_OCI_ARCHIVE,	  /* oci-archive:FILE[:TAG]: a tar of one */
	TRANSPORT_DOCKER_ARCHIVE, /* docker-archive:FILE[:NAME]: what `docker save` writes */
	TRANSPORT_TAR,		  /* tar:FILE: a root file system; "-" is stdin or stdout */
	TRANSPORT_DIR,		  /* dir:DIR: a root file system as a folder */
	TRANSPORTS,
};

struct reference {
	enum transport transport;
	/* In a registry and in the store; of "sha256:HEX" or HEX in the store only the name is set. */
	const char *host;	/* "docker.io", "localhost:5000", "[::1]:443" */
	const char *repository; /* "library/debian" */
	const char *digest;	/* "sha256:" and 64 hexadecimal digits, or NULL */
	/* A layout's tag or an archive's name too; NULL where none was given and none is implied. */
	const char *tag;
	const char *name; /* "docker.io/library/debian:12": what the store calls it */
	/* Of the other transports. */
	const char *path;
	/* Whole and unambiguous: "docker.io/library/debian:12", "oci:/a/b:tag". */
	const char *text;
};

/*
 * Parse TEXT; a name without a transport is one of WITHOUT (TRANSPORT_REGISTRY or
 * TRANSPORT_STORE). A name without tag and digest gets the tag "latest". -EINVAL with
 * a message, which names the nearest transport when it looks like a mistyped one.
 */
int reference_parse(
	struct arena *arena, const char *text, enum transport without, struct reference *reference);

/* "oci", "docker-archive", ... */
const char *transport_name(enum transport transport);

/* "host/repository@digest": what a name stood for. */
const char *reference_with_digest(
	struct arena *arena, const struct reference *reference, const char *digest);

#endif
