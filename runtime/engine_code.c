/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/engine_code.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"

int engine_code_fail(int error)
{
	const char *text = error_text(error);

	log_error("%s", text);
	/* The words by which engines know it: ns/program.c alone says them (base/error.h). */
	if (strstr(text, "no such file or directory") || strstr(text, "executable file not found"))
		return 127;
	return strstr(text, "permission denied") ? 126 : 125;
}
