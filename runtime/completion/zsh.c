/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/completion/completion.h"

/* A help text between brackets and single quotes. */
static void print_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\'");
		else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void print_place(const struct place *place)
{
	switch (place->kind) {
	case PLACE_FOLDER:
		printf("_files -/");
		break;
	case PLACE_FILE:
		printf("_files");
		break;
	case PLACE_PROGRAM:
		printf("_command_names -e");
		break;
	case PLACE_CONTAINER:
		/* The blank keeps _arguments from adding options of its own. */
		printf(" _hull_containers \"%s\"", place->words.data);
		break;
	case PLACE_WORDS:
		printf("(%s)", place->words.data);
		break;
	default:
		printf(" ");
	}
}

/* As zsh's _arguments takes it: 'what excludes it' -n or --name=, [text], :value:what completes. */
static void print_option(const struct option *option, bool by_letter)
{
	_cleanup_place_ struct place place = { 0 };
	bool valued = option->type != OPTION_FLAG;

	printf("\t\t\t'");
	if (option->type == OPTION_LIST)
		printf("*");
	else if (option->letter)
		printf("(-%c --%s)", option->letter, option->name);
	if (by_letter)
		printf("-%c%s", option->letter, valued ? "+" : "");
	else
		printf("--%s%s", option->name, valued ? "=" : "");
	printf("[");
	print_quoted(option->help);
	printf("]");
	if (valued) {
		place_of_option(&place, option);
		printf(":%s:", option->argument);
		print_place(&place);
	}
	printf("' \\\n");
}

static void print_options(const struct option *table)
{
	for (; table->name; table++) {
		if (!table->help)
			continue;
		if (table->letter)
			print_option(table, true);
		print_option(table, false);
	}
}

static void print_command(const struct command *command)
{
	const char *at = command->synopsis, *name;
	bool repeated = command->operands_most < 0;

	printf("\t%s)\n\t\t_arguments -s -S%s : \\\n", command->name,
		command->in_order ? " -A \"-*\"" : "");
	print_options(command->options);
	print_options(option_help);
	for (size_t length; (length = synopsis_next(&at, &name));) {
		_cleanup_place_ struct place place = { 0 };

		place_of_operand(&place, command, name, length);
		/* The last one of any number. */
		printf("\t\t\t'%s:%.*s:", repeated && !*at ? "*" : "", (int)length, name);
		print_place(&place);
		printf("' \\\n");
	}
	printf("\t\t\t&& ret=0\n\t\t;;\n");
}

void completion_print_zsh(const struct completion *completion)
{
	const struct command *const *all = completion->commands;

	fputs(completion_zsh, stdout);
	printf("\n_hull_commands() {\n\tlocal -a commands=(\n");
	for (size_t i = 0; all[i]; i++) {
		if (all[i]->hidden)
			continue;
		printf("\t\t'%s:", all[i]->name);
		print_quoted(all[i]->summary);
		printf("'\n");
	}
	printf("\t\t'" COMPLETION_IMAGE ":" COMPLETION_IMAGE_ABOUT
	       "'\n\t)\n\t_describe -t commands command commands\n}\n\n_hull() {\n"
	       "\tlocal curcontext=$curcontext state line ret=1 hull_program=$words[1] hull_root\n"
	       "\tlocal -A opt_args\n\t_arguments -C -S -A \"-*\" : \\\n");
	print_options(completion->global_table);
	printf("\t\t\t': :_hull_commands' \\\n\t\t\t'*:: :->command' && ret=0\n"
	       "\t[[ $state == command ]] || return ret\n"
	       "\thull_root=$opt_args[--root]\n\tcase $words[1] in\n");
	for (size_t i = 0; all[i]; i++)
		print_command(all[i]);
	printf("\t" COMPLETION_IMAGE ") _hull_image && ret=0 ;;\n");
	printf("\tesac\n\treturn ret\n}\n\n"
	       "# In a folder of $fpath this file is the function; else it is read once.\n"
	       "if [[ $funcstack[1] == _hull ]]; then\n\t_hull \"$@\"\nelse\n"
	       "\tcompdef _hull hull\nfi\n");
}
