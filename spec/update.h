/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_UPDATE_H
#define HULL_SPEC_UPDATE_H

/*
 * An update of linux.resources: what is not given stays as it was. Not given
 * means absent, null, "", [] and, where engines send it so, 0.
 */
#include "spec/config.h"

/*
 * Fill in what the update leaves to the container's present resources (NULL:
 * none) but cannot be told apart from them: memory and swap are limited
 * together, a weight of the CPUs counts on, and a check of the usage that was asked
 * for once stays. -EINVAL
 * with a message when old and new do not fit.
 */
int update_complete(struct config_resources *update, const struct config_resources *present,
	struct arena *arena);

/*
 * Append the text of config.json with an update of one SECTION ("resources",
 * "intelRdt") of "linux": UPDATE is the text of such an object. Lists of devices
 * and sizes are merged entry by entry, device rules are replaced whole. -EINVAL
 * with a message.
 */
int update_document(struct buffer *result, const struct buffer *document, const char *section,
	const struct buffer *update);

/*
 * Append the text of config.json with what `run` and `create` were told besides: the
 * TENANT (NULL: none) and the native WEIGHT of the CPUs (0: none).
 */
int update_options(
	struct buffer *result, const struct buffer *document, const char *tenant, uint64_t weight);

#endif
