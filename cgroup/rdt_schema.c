/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/rdt_schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cgroup/rdt.h"

void rdt_schema_write(const struct config_intel_rdt *config, struct buffer *text)
{
	const char *line = config->l3_cache_schema;

	while (line && *line) {
		size_t length = strcspn(line, "\n");

		if (length && !(config->mem_bw_schema && !strncmp(line, "MB:", 3)))
			buffer_format(text, "%.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	if (config->mem_bw_schema)
		buffer_format(text, "%s\n", config->mem_bw_schema);
}

/* The next piece of *TEXT up to END, without blanks around it; NULL at the end. */
static char *schema_next(char **text, const char *end)
{
	char *piece;

	while ((piece = strsep(text, end))) {
		size_t length;

		piece += strspn(piece, " \t");
		length = strlen(piece);
		while (length && isspace((unsigned char)piece[length - 1]))
			piece[--length] = '\0';
		if (length)
			break;
	}
	return piece;
}

/* Bandwidth is a decimal number, all else a mask: "0ff" and "FF" are the same. */
static bool schema_value_is(const char *resource, const char *one, const char *other)
{
	int base = strcmp(resource, "MB") != 0 ? 16 : 10;

	return strtoull(one, NULL, base) == strtoull(other, NULL, base);
}

/* The value of a domain ("0") in the line of a resource ("L3") of a schemata file. */
static bool schema_find(
	const char *found, const char *resource, const char *domain, const char *value)
{
	_cleanup_free_ char *copy = string_copy(found);
	char *lines = copy;

	for (char *line = schema_next(&lines, "\n"); line; line = schema_next(&lines, "\n")) {
		char *entries = line, *name = strsep(&entries, ":");

		if (!entries || strcmp(name, resource) != 0)
			continue;
		for (char *entry = schema_next(&entries, ";"); entry;
			entry = schema_next(&entries, ";")) {
			char *right = entry, *left = strsep(&right, "=");

			if (right && !strcmp(left, domain))
				return schema_value_is(resource, value, right);
		}
	}
	return false;
}

static bool schema_line_matches(char *line, const char *found)
{
	char *entries = line, *resource = strsep(&entries, ":");

	if (!entries)
		return false;
	for (char *entry = schema_next(&entries, ";"); entry; entry = schema_next(&entries, ";")) {
		char *value = entry, *domain = strsep(&value, "=");

		if (!value || !schema_find(found, resource, domain, value))
			return false;
	}
	return true;
}

bool rdt_schema_matches(const char *wanted, const char *found)
{
	_cleanup_free_ char *copy = string_copy(wanted);
	char *lines = copy;

	for (char *line = schema_next(&lines, "\n"); line; line = schema_next(&lines, "\n"))
		if (!schema_line_matches(line, found))
			return false;
	return true;
}
