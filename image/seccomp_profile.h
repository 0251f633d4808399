/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SECCOMP_PROFILE_H
#define HULL_IMAGE_SECCOMP_PROFILE_H

#include "base/json.h"

/*
 * Write the default seccomp filter of an image's program under KEY: the
 * linux.seccomp of config.json (config-linux.md "Seccomp"). CAPABILITIES are those
 * that the program has.
 */
void seccomp_profile_write(
	struct json_writer *writer, const char *key, const struct string_list *capabilities);

#endif
