/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell may offer for `hull image ...`: hull's own completion asks (runtime/completion/), so
 * that no table of ours is in its scripts.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/command/commands.h"
#include "image/runtime.h"
#include "image/store.h"

static const struct option options[] = { { 0 } };

/* The line in front of the cursor. */
struct line {
	const struct invocation *invocation;
	const struct command *command; /* NULL: none yet */
	const struct option *waiting;  /* the current word is its value */
	const char *prefix;	       /* "--name=", which belongs to each candidate; or "" */
	const char *current;
	const char *store; /* of a --store on the line */
	int operands;
	bool only_operands;
};

/* ---- reading the line ---- */

static const struct option *table_of(const struct line *line)
{
	return line->command ? line->command->options : line->invocation->global_table;
}

/* The option that the word is; NULL: none that takes a value. */
static const struct option *find_valued(const struct line *line, const char *word, size_t length)
{
	for (const struct option *option = table_of(line); option->name; option++) {
		if (option->type == OPTION_FLAG)
			continue;
		if (length == 2 && word[1] == option->letter)
			return option;
		if (!strncmp(word, "--", 2) && strlen(option->name) == length - 2 &&
			!strncmp(option->name, word + 2, length - 2))
			return option;
	}
	return NULL;
}

static const struct command *find_command(const struct line *line, const char *name)
{
	const struct command *const *at = line->invocation->commands;

	while (*at && strcmp((*at)->name, name) != 0)
		at++;
	return *at;
}

static void read_word(struct line *line, const char *word)
{
	if (line->waiting) {
		if (!line->command && !strcmp(line->waiting->name, "store"))
			line->store = word;
		line->waiting = NULL;
	} else if (!line->only_operands && !strcmp(word, "--")) {
		line->only_operands = true;
	} else if (!line->only_operands && word[0] == '-' && word[1]) {
		if (!line->command && !strncmp(word, "--store=", 8))
			line->store = word + 8;
		line->waiting = find_valued(line, word, strlen(word));
	} else if (!line->command) {
		line->command = find_command(line, word);
	} else {
		line->operands++;
		line->only_operands |= line->command->in_order;
	}
}

static void read_current(struct line *line, char *word)
{
	char *value = strchr(word, '=');

	line->prefix = "";
	line->current = word;
	if (line->waiting || line->only_operands || word[0] != '-' || !value)
		return;
	line->waiting = find_valued(line, word, (size_t)(value - word));
	line->prefix = arena_format(line->invocation->arena, "%.*s", (int)(value + 1 - word), word);
	line->current = value + 1;
}

/* ---- candidates ---- */

static void offer(const struct line *line, const char *word)
{
	if (!strncmp(word, line->current, strlen(line->current)))
		printf("%s%s\n", line->prefix, word);
}

static void offer_words(const struct line *line, const char *words)
{
	_cleanup_free_ char *copy = string_copy(words);
	char *at;

	for (char *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at))
		offer(line, word);
}

/* Under the whole name, and the short one of an image of docker.io. */
static void offer_images(const struct line *line)
{
	static const char *const left_out[] = { "docker.io/library/", "docker.io/" };
	const char *said = line->store ? line->store : line->invocation->global->store;
	_cleanup_free_ char *path = said ? string_copy(said) : store_default_path();
	_cleanup_store_ struct store *store = NULL;
	struct store_images images;

	/* Opening makes one. */
	if (!path || access(path, F_OK) < 0 || store_open(path, &store) < 0 ||
		store_image_list(store, line->invocation->arena, &images) < 0) {
		error_clear();
		return;
	}
	for (size_t i = 0; i < images.count; i++) {
		const char *name = images.items[i]->name;

		offer(line, name);
		for (size_t j = 0; j < ARRAY_SIZE(left_out); j++) {
			size_t length = strlen(left_out[j]);

			if (strncmp(name, left_out[j], length) != 0)
				continue;
			offer(line, name + length);
			break;
		}
	}
}

/* Those of hull that are in this state. */
static void offer_containers(const struct line *line, const char *status)
{
	const struct invocation *invocation = line->invocation;
	const char *folder = runtime_state_folder(invocation->arena, invocation->global);
	_cleanup_buffer_ struct buffer output = { 0 };
	struct string_list words = { 0 };
	char *at, id[256], found[32];

	if (!folder)
		return;
	runtime_words(invocation->arena, invocation->global, folder, &words);
	string_list_add(invocation->arena, &words, "list");
	if (runtime_run(&words, &output) != 0 || !output.length)
		return;
	for (char *row = strtok_r(output.data, "\n", &at); row; row = strtok_r(NULL, "\n", &at))
		if (sscanf(row, "%255s %*s %31s", id, found) == 2 && !strcmp(found, status))
			offer(line, id);
}

static void offer_transports(const struct line *line)
{
	offer_words(line, "docker:// store: oci: oci-archive: docker-archive:");
}

/* What help texts call a value or an operand, and what the shell adds to our words. */
static const struct {
	const char *name, *kind;
	void (*offer)(const struct line *line);
} places[] = {
	{ "DIR", "folders", NULL },
	{ "FILE", "files", NULL },
	{ "PATH", "files", NULL },
	{ "SRC", "files", NULL },
	{ "RECORD", "files", NULL },
	{ "FILE|DIR|-", "files", NULL },
	{ "IMAGE|FILE", "files", offer_images },
	{ "IMAGE", "words", offer_images },
	{ "NAME", "words", offer_images },
	{ "SOURCE", "words", offer_transports },
	{ "DESTINATION", "words", offer_transports },
};

static void offer_place(const struct line *line, const char *name, bool operand)
{
	/* "SRC:DST" and "SRC[:DST[:ro]]" begin with a path, "IMAGE..." is an image. */
	size_t length = strcspn(name, ":[.");

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (strlen(places[i].name) != length ||
			strncmp(places[i].name, name, length) != 0 || (places[i].offer && !operand))
			continue;
		puts(places[i].kind);
		if (places[i].offer)
			places[i].offer(line);
		return;
	}
	puts("words");
}

static void offer_value(const struct line *line)
{
	if (!line->waiting->values) {
		offer_place(line, line->waiting->argument ? line->waiting->argument : "", false);
		return;
	}
	puts("words");
	offer_words(line, line->waiting->values);
}

static void offer_operand(const struct line *line)
{
	_cleanup_free_ char *synopsis = string_copy(line->command->synopsis);
	int number = 0;
	char *at;

	for (char *name = strtok_r(synopsis, " ", &at); name; name = strtok_r(NULL, " ", &at)) {
		size_t length = strcspn(name, "]");

		name += *name == '[';
		name[length] = '\0';
		if (!strncmp(name, "OPTIONS", 7) || name[0] == '-')
			continue;
		/* Another form begins, or the last one is for all that come. */
		if (!strcmp(name, "|"))
			break;
		if (number++ != line->operands && !strstr(name, "..."))
			continue;
		if (!line->command->of_status || number > 1) {
			offer_place(line, name, true);
			return;
		}
		puts("words");
		offer_containers(line, line->command->of_status);
		return;
	}
	puts("words");
}

static void offer_options(const struct line *line)
{
	puts("words");
	for (const struct option *option = table_of(line); option->name; option++)
		if (option->help)
			offer(line, arena_format(line->invocation->arena, "--%s", option->name));
	if (line->command)
		offer(line, "--help");
}

static int complete_run(const struct invocation *invocation)
{
	struct line line = { .invocation = invocation };
	int last = invocation->operand_count - 1;

	for (int i = 0; i < last; i++)
		read_word(&line, invocation->operands[i]);
	read_current(&line, invocation->operands[last]);
	if (line.waiting) {
		offer_value(&line);
	} else if (line.current[0] == '-' && !line.only_operands) {
		offer_options(&line);
	} else if (line.command) {
		offer_operand(&line);
	} else {
		puts("words");
		for (const struct command *const *at = invocation->commands; *at; at++)
			if (!(*at)->hidden)
				offer(&line, (*at)->name);
	}
	return 0;
}

const struct command command_complete = {
	.name = "complete",
	.synopsis = "-- [WORD...] CURRENT",
	.summary = "print what a shell may offer: files, folders or words, then the words",
	.options = options,
	.operands_least = 1,
	.operands_most = -1,
	.run = complete_run,
	.hidden = true,
};
