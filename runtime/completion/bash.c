/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/completion/completion.h"

static void print_place(const struct place *place)
{
	static const char *const kinds[] = { "anything", "folders", "files", "programs",
		"containers", "words" };

	printf("kind=%s", kinds[place->kind]);
	if (place->words.length)
		printf(" words='%s'", place->words.data);
}

/* The names of those that are shown, or of those that take a value. */
static void print_names(const struct option *table, bool valued)
{
	for (; table->name; table++) {
		if (valued ? table->type == OPTION_FLAG : !table->help)
			continue;
		printf("--%s ", table->name);
		if (table->letter)
			printf("-%c ", table->letter);
	}
}

static void print_table(const struct command *command)
{
	printf("\t'%s') options='", command->name);
	print_names(command->options, false);
	print_names(option_help, false);
	printf("' valued=' ");
	print_names(command->options, true);
	printf("' in_order=%d ;;\n", command->in_order);
}

static void print_global_table(const struct option *table)
{
	printf("\t'') options='");
	print_names(table, false);
	printf("' valued=' ");
	print_names(table, true);
	printf("' in_order=1 ;;\n");
}

static void print_values(const char *name, const struct option *table)
{
	for (; table->name; table++) {
		_cleanup_place_ struct place place = { 0 };

		if (table->type == OPTION_FLAG)
			continue;
		place_of_option(&place, table);
		printf("\t'%s --%s'", name, table->name);
		if (table->letter)
			printf(" | '%s -%c'", name, table->letter);
		printf(") ");
		print_place(&place);
		printf(" ;;\n");
	}
}

static void print_operands(const struct command *command)
{
	const char *at = command->synopsis, *name;
	unsigned int number = 0;

	for (size_t length; (length = synopsis_next(&at, &name));) {
		_cleanup_place_ struct place place = { 0 };

		place_of_operand(&place, command, name, length);
		printf("\t'%s %u') ", command->name, ++number);
		print_place(&place);
		printf(" ;;\n");
	}
}

void completion_print_bash(const struct completion *completion)
{
	const struct command *const *all = completion->commands;

	fputs(completion_bash, stdout);
	printf("\n_hull_commands='");
	for (size_t i = 0; all[i]; i++)
		if (!all[i]->hidden)
			printf("%s ", all[i]->name);
	printf(COMPLETION_IMAGE "'\n\n_hull_table() {\n\tcase $1 in\n");
	print_global_table(completion->global_table);
	for (size_t i = 0; all[i]; i++)
		print_table(all[i]);
	printf("\tesac\n}\n\n_hull_value() {\n\tcase $1 in\n");
	print_values("", completion->global_table);
	for (size_t i = 0; all[i]; i++)
		print_values(all[i]->name, all[i]->options);
	printf("\tesac\n}\n\n_hull_operand() {\n\tcase $1 in\n");
	for (size_t i = 0; all[i]; i++)
		print_operands(all[i]);
	printf("\tesac\n}\n");
}
