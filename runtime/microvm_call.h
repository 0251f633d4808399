/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_CALL_H
#define HULL_RUNTIME_MICROVM_CALL_H

/* One question to a running microVM and its answer. 0 or a negative errno with a message. */
#include "microvm/request.h"
#include "runtime/container.h"

/* A request for the monitor or its guest; -EBUSY while they are paused. The answer is added to TEXT (or NULL). */
int microvm_ask(const struct container *container, enum request_type type, void *body, size_t bytes,
	struct buffer *text);

/* A command of the guest's hull; what it prints is added to TEXT (or NULL), or the message when it fails. */
int microvm_call(const struct container *container, const char *const *words, size_t count,
	struct buffer *text);

#endif
