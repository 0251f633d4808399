/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_TESTS_FUZZ_FUZZ_H
#define HULL_TESTS_FUZZ_FUZZ_H

/*
 * A target is one file with one LLVMFuzzerTestOneInput: clang's libFuzzer
 * calls it, or tests/fuzz/replay.c with the files of the corpus.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define FUZZ_NEED(condition)                                                                       \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,     \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* What every refusal owes its reader: one line that starts with the document's name. */
static inline void fuzz_check_message(int r)
{
	const char *text = error_text(r);

	FUZZ_NEED(r == -EINVAL);
	FUZZ_NEED(!strncmp(text, "document: ", 10) && text[10]);
	FUZZ_NEED(!strpbrk(text, "\n\r\t\x1b"));
}

#endif
