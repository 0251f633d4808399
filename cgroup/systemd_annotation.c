/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The annotations "org.systemd.property.NAME", whose values are texts of GVariant:
 * 5, uint64 5, true, 'text', ['a', 'b'].
 *
 * Whoever may write annotations need not be trusted by the host, and a property can
 * be a command that systemd runs as root (CVE-2024-3154). So there is a list of those
 * that only touch the container's own unit: none that runs or loads something, none
 * that starts, stops or orders other units, none that takes from other units' share.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/systemd.h"

const char *const cgroup_unsafe_annotations[] = { SYSTEMD_ANNOTATION, NULL };

static const struct allowed {
	const char *name, *signature;
} allowed[] = {
	/* Only the container's unit waits; CRI-O sets it so that it stops after its containers. */
	{ "After", "as" },
	{ "CPUQuotaPerSecUSec", "t" },
	{ "CollectMode", "s" },
	{ "DefaultDependencies", "b" },
	{ "Description", "s" },
	{ "KillSignal", "i" },
	{ "ManagedOOMMemoryPressure", "s" },
	{ "ManagedOOMSwap", "s" },
	{ "MemoryHigh", "t" },
	{ "MemoryMax", "t" },
	{ "MemorySwapMax", "t" },
	{ "OOMPolicy", "s" },
	{ "RuntimeMaxUSec", "t" },
	{ "SendSIGHUP", "b" },
	{ "TasksMax", "t" },
	{ "TimeoutStopUSec", "t" },
};

/* A value being read. */
struct text {
	const char *at;
	bool bad;
};

static void skip_blanks(struct text *text)
{
	text->at += strspn(text->at, " \t\n");
}

static bool skip_word(struct text *text, const char *word)
{
	size_t length = strlen(word);

	skip_blanks(text);
	if (strncmp(text->at, word, length) != 0)
		return false;
	text->at += length;
	return true;
}

/* A type may be said in front of a value: "uint64 5", "@as []". What counts is the property's. */
static void skip_type(struct text *text)
{
	static const char *const types[] = { "boolean ", "int16 ", "uint16 ", "int32 ", "uint32 ",
		"int64 ", "uint64 ", "handle ", "string ", "byte " };

	skip_blanks(text);
	if (*text->at == '@')
		text->at += strcspn(text->at, " ");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (skip_word(text, types[i]))
			return;
}

static uint64_t read_bool(struct text *text)
{
	if (skip_word(text, "true"))
		return 1;
	text->bad |= !skip_word(text, "false");
	return 0;
}

/* SECONDS: a number with at most six digits behind a point, which becomes microseconds. */
static uint64_t read_number(struct text *text, bool seconds)
{
	uint64_t number = 0, unit = seconds ? 1000000 : 1;
	char *end;

	skip_blanks(text);
	if (*text->at < '0' || *text->at > '9') {
		text->bad = true;
		return 0;
	}
	errno = 0;
	number = strtoull(text->at, &end, 0);
	text->bad |= errno || number > UINT64_MAX / unit;
	number *= unit;
	if (seconds && *end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++) {
			unit /= 10;
			number += unit * (uint64_t)(*end - '0');
		}
	text->at = end;
	return number;
}

/* 'text' or "text", with \ in front of what counts as it is; NULL when it is none. */
static char *read_string(struct text *text)
{
	_cleanup_buffer_ struct buffer value = { 0 };
	char quote;

	skip_blanks(text);
	quote = *text->at;
	if (quote != '\'' && quote != '"') {
		text->bad = true;
		return NULL;
	}
	buffer_text(&value, "");
	for (text->at++; *text->at && *text->at != quote; text->at++) {
		if (*text->at == '\\' && text->at[1])
			text->at++;
		text->bad |= (unsigned char)*text->at < ' ' || *text->at == 0x7f;
		buffer_bytes(&value, text->at, 1);
	}
	text->bad |= !*text->at;
	text->at += *text->at == quote;
	return TAKE_PTR(value.data);
}

static void read_list(struct text *text, struct systemd_property *property)
{
	text->bad |= !skip_word(text, "[");
	if (skip_word(text, "]"))
		return;
	while (!text->bad) {
		_cleanup_free_ char *item = read_string(text);

		if (item)
			systemd_add_item(property, item);
		if (skip_word(text, "]"))
			return;
		text->bad |= !skip_word(text, ",");
	}
}

static const struct allowed *allowed_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (!strcmp(allowed[i].name, name))
			return &allowed[i];
	return NULL;
}

static int annotation_add(
	struct systemd_properties *properties, const char *name, const char *value)
{
	size_t length = strlen(name);
	/* "TimeoutStopSec" is what unit files call "TimeoutStopUSec", which is in microseconds. */
	bool seconds = length > 3 && !strcmp(name + length - 3, "Sec") &&
		       (length < 4 || name[length - 4] != 'U');
	_cleanup_free_ char *real =
		seconds ? string_format("%.*sUSec", (int)(length - 3), name) : string_copy(name);
	const struct allowed *row = allowed_find(real);
	struct systemd_property *property;
	struct text text = { .at = value };
	const char *type;

	if (!row)
		return error_set(EINVAL,
			"annotations[\"" SYSTEMD_ANNOTATION "%s\"]: is refused: hull passes on "
			"what touches the container's own unit alone (see docs/systemd.md)",
			name);
	if (systemd_has(properties, real))
		return error_set(EINVAL,
			"annotations[\"" SYSTEMD_ANNOTATION "%s\"]: %s is given twice", name, real);
	property = systemd_add(properties, real, row->signature);
	skip_type(&text);
	type = row->signature;
	if (*type == 'b')
		property->number = read_bool(&text);
	else if (*type == 's')
		property->text = read_string(&text);
	else if (*type == 'a')
		read_list(&text, property);
	else
		property->number = read_number(&text, seconds);
	skip_blanks(&text);
	text.bad |= *text.at || (*type == 'i' && property->number > INT32_MAX);
	if (!text.bad)
		return 0;
	return error_set(EINVAL,
		"annotations[\"" SYSTEMD_ANNOTATION "%s\"]: must be %s, got \"%s\"", name,
		*type == 'b'   ? "true or false"
		: *type == 's' ? "a text in quotes"
		: *type == 'a' ? "a list such as ['a', 'b']"
			       : "a number such as 5 or uint64 5",
		value);
}

int systemd_add_annotations(
	struct systemd_properties *properties, const struct string_map *annotations)
{
	const size_t length = strlen(SYSTEMD_ANNOTATION);

	for (size_t i = 0; i < annotations->count; i++) {
		const struct string_pair *pair = &annotations->items[i];
		int r = 0;

		if (!strncmp(pair->key, SYSTEMD_ANNOTATION, length))
			r = annotation_add(properties, pair->key + length, pair->value);
		if (r < 0)
			return r;
	}
	return 0;
}
