/* SPDX-License-Identifier: Apache-2.0 */
#include "image/challenge.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define CHALLENGES_MOST 8

/* RFC 9110, 5.6.2 */
static const char token_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$%&'*+-.^_`|~";
/* A "token68", which some schemes have instead of parameters. */
static const char token68_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=";

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The text of "quoted" with \x as x; NULL when it does not end. */
static const char *parse_quoted(struct arena *arena, const char *text, const char **value)
{
	char *to = arena_allocate(arena, strlen(text) + 1);

	*value = to;
	for (text++; *text && *text != '"'; text++) {
		if (*text == '\\' && text[1])
			text++;
		*to++ = *text;
	}
	return *text ? text + 1 : NULL;
}

static void set_parameter(
	struct challenge *challenge, const char *name, size_t length, const char *value)
{
	if (length == 5 && !strncasecmp(name, "realm", length))
		challenge->realm = value;
	else if (length == 7 && !strncasecmp(name, "service", length))
		challenge->service = value;
	else if (length == 5 && !strncasecmp(name, "scope", length))
		challenge->scope = value;
}

/* NAME = VALUE, behind *AT; false when there is none (it is then the next scheme). */
static bool parse_parameter(struct arena *arena, struct challenge *challenge, const char **at)
{
	const char *name = *at, *value;
	size_t length = strspn(name, token_letters);
	const char *text = skip_blanks(name + length);

	if (length == 0 || *text != '=')
		return false;
	text = skip_blanks(text + 1);
	if (*text == '"') {
		text = parse_quoted(arena, text, &value);
		if (!text)
			return false;
	} else {
		size_t value_length = strspn(text, token_letters);

		if (value_length == 0)
			return false;
		value = arena_copy(arena, text, value_length);
		text += value_length;
	}
	set_parameter(challenge, name, length, value);
	*at = text;
	return true;
}

static void set_scheme(struct challenge *challenge, const char *name, size_t length)
{
	challenge->scheme = CHALLENGE_OTHER;
	if (length == 5 && !strncasecmp(name, "basic", length))
		challenge->scheme = CHALLENGE_BASIC;
	else if (length == 6 && !strncasecmp(name, "bearer", length))
		challenge->scheme = CHALLENGE_BEARER;
}

static const char *skip_commas(const char *text)
{
	return text + strspn(text, " \t,");
}

int challenge_parse(
	struct arena *arena, const char *text, struct challenge **challenges, size_t *count)
{
	*challenges = arena_allocate(arena, CHALLENGES_MOST * sizeof(**challenges));
	*count = 0;
	text = skip_commas(text);
	while (*text && *count < CHALLENGES_MOST) {
		size_t length = strspn(text, token_letters);
		struct challenge *challenge = &(*challenges)[*count];

		if (length == 0 || (text[length] && !strchr(" \t,", text[length])))
			return -EINVAL;
		set_scheme(challenge, text, length);
		++*count;
		text = skip_blanks(text + length);
		while (parse_parameter(arena, challenge, &text)) {
			text = skip_blanks(text);
			if (*text && *text != ',')
				return -EINVAL;
			text = skip_commas(text);
		}
		if (challenge->scheme == CHALLENGE_OTHER) {
			const char *end = skip_blanks(text + strspn(text, token68_letters));

			/* Not when it is the next scheme's name. */
			if (!*end || *end == ',')
				text = end;
		}
		text = skip_commas(text);
	}
	return *count ? 0 : -EINVAL;
}
