/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "ns/capability.h"
#include "runtime/completion/completion.h"
#include "runtime/doctor/doctor.h"

/* Assembled in, so that the shells' own tools can check them where they are. */
#define EMBED(symbol_, file_)                                                                      \
	__asm__(".pushsection .rodata\n.global " #symbol_ "\n" #symbol_ ":\n.incbin \"" file_      \
		"\"\n.byte 0\n.popsection\n")

EMBED(completion_bash, "runtime/completion/hull.bash");
EMBED(completion_zsh, "runtime/completion/hull.zsh");
EMBED(completion_fish, "runtime/completion/hull.fish");

static void add_word(struct place *place, const char *word)
{
	place->kind = PLACE_WORDS;
	buffer_format(&place->words, "%s%s", place->words.length ? " " : "", word);
}

static void add_signals(struct place *place)
{
	for (size_t i = 0; signal_name(i); i++)
		add_word(place, signal_name(i));
}

static void add_capabilities(struct place *place)
{
	for (const char *const *name = capability_names(); *name; name++)
		add_word(place, *name);
}

static void add_doctor(struct place *place)
{
	for (const struct capability *const *at = doctor_capabilities; *at; at++)
		add_word(place, (*at)->name);
}

static void add_shells(struct place *place)
{
	add_word(place, "bash");
	add_word(place, "zsh");
	add_word(place, "fish");
}

/* What help texts call a value. */
static const struct {
	const char *name;
	enum place_kind kind;
	void (*add)(struct place *place);
} names[] = {
	{ "DIR", PLACE_FOLDER, NULL },
	{ "FILE", PLACE_FILE, NULL },
	{ "PATH", PLACE_FILE, NULL },
	{ "COMMAND", PLACE_PROGRAM, NULL },
	{ "ID", PLACE_CONTAINER, NULL },
	{ "SIGNAL", PLACE_WORDS, add_signals },
	{ "CAP_NAME", PLACE_WORDS, add_capabilities },
	{ "CAPABILITY", PLACE_WORDS, add_doctor },
	{ "SHELL", PLACE_WORDS, add_shells },
};

static void place_of_name(struct place *place, const char *name, size_t length)
{
	*place = (struct place){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i].name) != length || strncmp(names[i].name, name, length) != 0)
			continue;
		place->kind = names[i].kind;
		if (names[i].add)
			names[i].add(place);
	}
}

/* "0|1", as a value or an operand is called, are words. */
static void add_alternatives(struct place *place, const char *name, size_t length)
{
	if (!memchr(name, '|', length))
		return;
	place->kind = PLACE_WORDS;
	buffer_bytes(&place->words, name, length);
	for (char *c = place->words.data; *c; c++)
		if (*c == '|')
			*c = ' ';
}

void place_of_option(struct place *place, const struct option *option)
{
	const char *name = option->argument ? option->argument : "";

	place_of_name(place, name, strlen(name));
	if (option->values)
		add_word(place, option->values);
	else
		add_alternatives(place, name, strlen(name));
}

void place_of_operand(
	struct place *place, const struct command *command, const char *name, size_t length)
{
	place_of_name(place, name, length);
	add_alternatives(place, name, length);
	if (place->kind != PLACE_CONTAINER)
		return;
	if (command->of_status && !*command->of_status)
		place->kind = PLACE_ANYTHING;
	buffer_text(&place->words, command->of_status ? command->of_status : "*");
}

void place_free(struct place *place)
{
	buffer_free(&place->words);
}

size_t synopsis_next(const char **at, const char **name)
{
	for (;;) {
		size_t length;

		*at += strspn(*at, " [");
		*name = *at;
		length = strcspn(*at, " ]");
		*at += length + strspn(*at + length, "]");
		if (!length || (strncmp(*name, "OPTIONS", length) != 0 && **name != '-'))
			return length;
	}
}
