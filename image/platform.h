/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PLATFORM_H
#define HULL_IMAGE_PLATFORM_H

/* What an image is made for (image-spec, "Image Index": the names are those of Go). */
#include <stdbool.h>

#include "base/memory.h"

struct platform {
	const char *os, *architecture; /* "linux", "amd64" */
	const char *variant;	       /* "v7" of arm, "v3" of amd64; or NULL */
};

/*
 * OS/ARCH[/VARIANT], or ARCH alone for Linux; also names as uname(1) and Debian have
 * them (x86_64, aarch64, armhf). -EINVAL with a message.
 */
int platform_parse(struct arena *arena, const char *text, struct platform *platform);

/* This machine's, by uname(2). */
void platform_host(struct platform *platform);

const char *platform_text(struct arena *arena, const struct platform *platform);

/*
 * How well HAVE serves who wants WANTED: 0 not at all, else the more the better.
 * arm/v7 runs v6 and v5, amd64/v3 runs v2 and v1; arm64 is v8. Without a wanted
 * variant of amd64 the plain one is best, so that all machines get the same.
 */
unsigned int platform_fit(const struct platform *wanted, const struct platform *have);

#endif
