/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_TRANSCRIPT_H
#define HULL_MICROVM_TRANSCRIPT_H

/* The last lines that the guest's kernel printed, for the message about its end. */
#include <stddef.h>

#define TRANSCRIPT_BYTES 4096

struct transcript {
	int fd; /* all of it is written there too; -1: nowhere */
	size_t length;
	char bytes[TRANSCRIPT_BYTES];
};

/* CONTEXT is a struct transcript: a receiver of struct console_port. */
void transcript_add(void *context, const void *bytes, size_t length);

/*
 * The last few lines as one, printable, with " | " between them; for an error.
 * TEXT is of TRANSCRIPT_TEXT_BYTES.
 */
#define TRANSCRIPT_TEXT_BYTES 512
void transcript_tell(const struct transcript *transcript, char *text);

#endif
