/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_INQUIRY_H
#define HULL_MICROVM_INQUIRY_H

/* What the host may ask of a running machine without its guest: microvm/request.h. */
#include "base/buffer.h"
#include "microvm/machine.h"
#include "microvm/request.h"

/* A text for who asked, in ANSWER. Negative errno with a message. */
int inquiry_answer(struct machine *machine, enum request_type type, const void *body, size_t bytes,
	struct buffer *answer);

#endif
