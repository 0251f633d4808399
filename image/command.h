/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_H
#define HULL_IMAGE_COMMAND_H

/* A command of `hull image` is a file in image/command/; image/main.c has the table of all. */
#include "base/front.h"

/* The options in front of the command: the same for all. */
struct global_options {
	struct front_options front;
	const char *store; /* NULL: store_default_path() */
	/* Of `hull` itself, for the containers that it is asked to run. */
	const char *root, *cgroup_manager, *rootless;
	bool systemd_cgroup;
};

#endif
