/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thread of hull-image fails for itself; hull has one thread, and musl would pay with an mmap. */
#ifdef __GLIBC__
static _Thread_local char recorded[ERROR_TEXT_BYTES];
#else
static char recorded[ERROR_TEXT_BYTES];
#endif

const char *error_words(int error)
{
	switch (abs(error)) {
	case ENOENT:
		return "does not exist";
	case EACCES:
		return "access refused";
	case EPERM:
		return "not allowed (missing privilege)";
	case ENOTDIR:
		return "a component of the path is no folder";
	case EISDIR:
		return "is a folder";
	default:
		return strerror(abs(error));
	}
}

/* A message is one line whatever a path or a document holds. */
static void error_make_one_line(void)
{
	for (char *c = recorded; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

static void error_record(const char *format, va_list arguments, const char *tail)
{
	char text[ERROR_TEXT_BYTES];
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length < 0)
		text[0] = '\0';
	(void)snprintf(recorded, sizeof(recorded), "%s%s%s", text, tail[0] ? ": " : "", tail);
	error_make_one_line();
}

int error_errno(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	error_record(format, arguments, error_words(error));
	va_end(arguments);
	return -abs(error);
}

int error_set(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	error_record(format, arguments, "");
	va_end(arguments);
	return -abs(error);
}

int error_context(int result, const char *format, ...)
{
	char before[ERROR_TEXT_BYTES];
	va_list arguments;

	(void)snprintf(before, sizeof(before), "%s", error_text(result));
	va_start(arguments, format);
	error_record(format, arguments, before);
	va_end(arguments);
	return result;
}

const char *error_text(int result)
{
	return recorded[0] ? recorded : error_words(result);
}

void error_clear(void)
{
	recorded[0] = '\0';
}
