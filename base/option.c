/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

const struct option option_help[] = {
	{ "help", 'h', OPTION_FLAG, 0, NULL, "print this" },
	{ 0 },
};

struct parser {
	const struct option *table;
	void *target;
	struct arena *arena;
	char **words;
	int count, next;
};

static const struct option *option_by_name(
	const struct option *table, const char *name, size_t length)
{
	for (; table->name; table++)
		if (strlen(table->name) == length && !strncmp(table->name, name, length))
			return table;
	return NULL;
}

static const struct option *option_by_letter(const struct option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

static int option_set_number(const struct option *option, unsigned int *target, const char *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || number > 1u << 30)
		return error_set(
			EINVAL, "option --%s: must be a number, got \"%s\"", option->name, value);
	*target = (unsigned int)number;
	return 0;
}

static int option_set_flag(const struct option *option, bool *target, const char *value)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "1"))
		*target = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*target = false;
	else
		return error_set(EINVAL, "option --%s: must be true or false, got \"%s\"",
			option->name, value);
	return 0;
}

static int option_set(struct parser *parser, const struct option *option, const char *value)
{
	void *target = (char *)parser->target + option->offset;

	if (option->type == OPTION_FLAG)
		return option_set_flag(option, target, value);
	if (!value) {
		if (parser->next == parser->count)
			return error_set(EINVAL, "option --%s: requires an argument", option->name);
		value = parser->words[parser->next++];
	}
	switch (option->type) {
	case OPTION_NUMBER:
		return option_set_number(option, target, value);
	case OPTION_LIST:
		string_list_add(parser->arena, target, value);
		return 0;
	default:
		*(const char **)target = value;
		return 0;
	}
}

static int option_parse_long(struct parser *parser, const char *word)
{
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value - word) : strlen(word);
	const struct option *option = option_by_name(parser->table, word, length);

	if (!option)
		return error_set(EINVAL, "unknown option: --%.*s (see --help)", (int)length, word);
	return option_set(parser, option, value ? value + 1 : NULL);
}

static int option_parse_letters(struct parser *parser, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *option = option_by_letter(parser->table, *letters);
		int r;

		if (!option)
			return error_set(EINVAL, "unknown option: -%c (see --help)", *letters);
		if (option->type != OPTION_FLAG && letters[1])
			return option_set(parser, option, letters + 1 + (letters[1] == '='));
		r = option_set(parser, option, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

int option_parse(const struct option *table, void *target, struct arena *arena, char **words,
	int count, bool in_order)
{
	struct parser parser = { table, target, arena, words, count, 0 };
	bool only_operands = false;
	int operands = 0, r = 0;

	while (parser.next < count) {
		char *word = words[parser.next++];

		if (only_operands || word[0] != '-' || !word[1]) {
			words[operands++] = word;
			only_operands |= in_order;
			continue;
		}
		if (!strcmp(word, "--"))
			only_operands = true;
		else if (word[1] == '-')
			r = option_parse_long(&parser, word + 2);
		else
			r = option_parse_letters(&parser, word + 1);
		if (r < 0)
			return r;
	}
	return operands;
}

void option_print(const struct option *table)
{
	for (; table->name; table++) {
		char left[64], letter[8] = "    ";

		if (!table->help)
			continue;
		if (table->letter)
			(void)snprintf(letter, sizeof(letter), "-%c, ", table->letter);
		(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, table->name,
			table->argument ? " " : "", table->argument ? table->argument : "");
		printf("  %-32s %s\n", left, table->help);
	}
}
