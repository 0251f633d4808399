/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "runtime/completion/completion.h"

static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

/* Where a place's words come from. */
static void print_place(const struct place *place)
{
	switch (place->kind) {
	case PLACE_FOLDER:
		printf(" -a '(__fish_complete_directories)'");
		break;
	case PLACE_FILE:
		printf(" -F");
		break;
	case PLACE_PROGRAM:
		printf(" -a '(__fish_complete_command)'");
		break;
	case PLACE_CONTAINER:
		printf(" -a '(__hull_containers");
		for (const char *c = strcmp(place->words.data, "*") ? place->words.data : ""; *c;
			c++)
			printf("%s%c", c == place->words.data ? " " : "", *c == '|' ? ' ' : *c);
		printf(")'");
		break;
	case PLACE_WORDS:
		printf(" -a '%s'", place->words.data);
		break;
	default:
		break;
	}
}

static void print_options(const char *command, const struct option *table)
{
	for (; table->name; table++) {
		if (!table->help)
			continue;
		printf("complete -c hull -n '__hull_is %s' -l %s", command, table->name);
		if (table->letter)
			printf(" -s %c", table->letter);
		if (table->type != OPTION_FLAG) {
			_cleanup_place_ struct place place = { 0 };

			place_of_option(&place, table);
			printf(place.kind == PLACE_FILE ? " -r" : " -x");
			print_place(&place);
		}
		printf(" -d ");
		print_quoted(table->help);
		putchar('\n');
	}
}

static void print_operands(const struct command *command)
{
	const char *at = command->synopsis, *name;
	unsigned int number = 0;

	for (size_t length; (length = synopsis_next(&at, &name));) {
		_cleanup_place_ struct place place = { 0 };

		place_of_operand(&place, command, name, length);
		number++;
		if (place.kind == PLACE_ANYTHING)
			continue;
		printf("complete -c hull -n '__hull_is %s %u'", command->name, number);
		print_place(&place);
		putchar('\n');
	}
}

/* Which options take the next word, so that it is no operand. */
static void print_valued(const char *name, const struct option *table)
{
	printf("\tcase '%s'\n\t\techo", name);
	for (; table->name; table++) {
		if (table->type == OPTION_FLAG)
			continue;
		printf(" --%s", table->name);
		if (table->letter)
			printf(" -%c", table->letter);
	}
	printf("\n");
}

void completion_print_fish(const struct completion *completion)
{
	const struct command *const *all = completion->commands;

	fputs(completion_fish, stdout);
	printf("\nfunction __hull_valued\n\tswitch \"$argv[1]\"\n");
	print_valued("", completion->global_table);
	for (size_t i = 0; all[i]; i++)
		print_valued(all[i]->name, all[i]->options);
	printf("\tend\nend\n\ncomplete -c hull -f\n");
	print_options("", completion->global_table);
	for (size_t i = 0; all[i]; i++) {
		if (!all[i]->hidden) {
			printf("complete -c hull -n __hull_is -a %s -d ", all[i]->name);
			print_quoted(all[i]->summary);
			putchar('\n');
		}
		print_options(all[i]->name, all[i]->options);
		print_options(all[i]->name, option_help);
		print_operands(all[i]);
	}
	printf("complete -c hull -n __hull_is -a " COMPLETION_IMAGE " -d '" COMPLETION_IMAGE_ABOUT
	       "'\ncomplete -c hull -n '__hull_is " COMPLETION_IMAGE "' -a '(__hull_image)'\n");
}
