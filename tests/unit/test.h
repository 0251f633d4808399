/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_TESTS_UNIT_TEST_H
#define HULL_TESTS_UNIT_TEST_H

/*
 * The Test Anything Protocol for one program: CHECK and CHECK_TEXT print a line
 * each, `return test_end()` ends main. A failed check tells what was seen.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int test_count, test_failures;

static inline bool test_report(bool good, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static inline bool test_report(bool good, const char *file, int line, const char *format, ...)
{
	char name[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	for (char *c = name; *c; c++)
		if (*c == '\n' || *c == '#')
			*c = ' ';
	printf("%sok %u - %s\n", good ? "" : "not ", ++test_count, name);
	if (!good) {
		printf("# %s:%d\n", file, line);
		test_failures++;
	}
	return good;
}

static inline void test_report_text(
	const char *got, const char *wanted, const char *file, int line, const char *name)
{
	bool same = got && wanted ? !strcmp(got, wanted) : got == wanted;

	if (!test_report(same, file, line, "%s", name))
		printf("# wanted: %s\n# got:    %s\n", wanted ? wanted : "(none)",
			got ? got : "(none)");
}

static inline int test_end(void)
{
	printf("1..%u\n", test_count);
	return test_failures ? 1 : 0;
}

/* CHECK(condition, "name with %s", ...) */
#define CHECK(condition, ...) test_report((condition), __FILE__, __LINE__, __VA_ARGS__)

/* CHECK_TEXT(got, wanted, "name"): both may be NULL. */
#define CHECK_TEXT(got, wanted, name) test_report_text((got), (wanted), __FILE__, __LINE__, (name))

/* Preparation, not a check: without it the program has no meaning. */
#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("Bail out! %s:%d: %s: %m\n", __FILE__, __LINE__, #condition);       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#endif
