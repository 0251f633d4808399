/* SPDX-License-Identifier: Apache-2.0 */

/*
 * hull is linked statically with musl: a glibc program asks the processor 68
 * questions (CPUID) before main, each of which leaves a virtual machine; that is
 * 0.6 ms of a start that takes 2. The distribution's archives of libseccomp,
 * libcap and yajl are built against glibc with _FORTIFY_SOURCE, and need no
 * more of it than these checks.
 */
#include <stdlib.h> /* says which C library this is */

#ifndef __GLIBC__
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __sprintf_chk(char *text, int flag, size_t size, const char *format, ...);
int __snprintf_chk(char *text, size_t length, int flag, size_t size, const char *format, ...);
int __asprintf_chk(char **text, int flag, const char *format, ...);
void *__memcpy_chk(void *to, const void *from, size_t length, size_t size);

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	va_start(arguments, format);
	r = vfprintf(stream, format, arguments);
	va_end(arguments);
	return r;
}

int __sprintf_chk(char *text, int flag, size_t size, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	va_start(arguments, format);
	/* musl refuses sizes above INT_MAX, and the compiler passes SIZE_MAX for "unknown". */
	r = vsnprintf(text, size > INT_MAX ? INT_MAX : size, format, arguments);
	va_end(arguments);
	if (r >= 0 && (size_t)r >= size)
		abort();
	return r;
}

int __snprintf_chk(char *text, size_t length, int flag, size_t size, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	if (length > size)
		abort();
	va_start(arguments, format);
	r = vsnprintf(text, length > INT_MAX ? INT_MAX : length, format, arguments);
	va_end(arguments);
	return r;
}

int __asprintf_chk(char **text, int flag, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	va_start(arguments, format);
	r = vasprintf(text, format, arguments);
	va_end(arguments);
	return r;
}

void *__memcpy_chk(void *to, const void *from, size_t length, size_t size)
{
	if (length > size)
		abort();
	return memcpy(to, from, length);
}
#endif
