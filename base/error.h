/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_ERROR_H
#define HULL_BASE_ERROR_H

/*
 * Errors: a function that fails returns a negative errno. Where the cause is
 * known it also records one message, callers may put context in front of it,
 * and whoever gives up prints it once.
 *
 * The message is the one piece of process-wide state below runtime/: there is
 * exactly one current error in a process that is about to fail, and a parameter
 * for it in every function would double the code (docs/architecture.md).
 *
 * Engines grep messages to derive exit codes: "no such file or directory" and
 * "permission denied" must mean the container's command and nothing else, so
 * error_errno describes errno in words of its own.
 */
#include <errno.h>

#define ERROR_TEXT_BYTES 4096

/* Record "FORMAT: words for errno" and return -errno. ERROR may be given with either sign. */
int error_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Record FORMAT alone and return -errno. */
int error_set(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "FORMAT: " in front of the recorded message and return RESULT unchanged. */
int error_context(int result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The recorded message, or words for RESULT if none was recorded; one line. */
const char *error_text(int result);
void error_clear(void);

/* Words for an errno that no engine mistakes for the failure of the container's command. */
const char *error_words(int error);

#endif
