/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_IMAGE_CONFIG_H
#define HULL_IMAGE_IMAGE_CONFIG_H

/*
 * What an image says of itself: for what it is made, how its programs are run, which
 * layers it has (OCI image-spec 1.1, config.md; Docker's is the same). Absent, empty
 * and null are alike.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "image/digest.h"
#include "spec/config.h"

struct manifest;

struct image_config {
	const char *os, *architecture; /* "linux" and "unknown" where it does not say */
	const char *variant, *created, *author;
	struct string_list entrypoint, command, env; /* words; "NAME=VALUE" */
	const char *user;			     /* NULL, "UID[:GID]" or names */
	const char *working_folder, *stop_signal;
	struct string_list volumes, exposed_ports; /* "/data"; "80/tcp" */
	struct string_map labels;
	struct digest *diff_ids; /* of the layers, the lowest first */
	size_t diff_id_count;
	struct image_history {
		const char *created, *created_by, *comment;
		bool empty_layer;
	} *history;
	size_t history_count;
};

/* The strings live in ARENA. NAME starts every message; -EINVAL. */
int image_config_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct image_config *config);

/* As many diff ids as the manifest has layers: -EINVAL with a message. */
int image_config_check(
	const char *name, const struct image_config *config, const struct manifest *manifest);

#endif
