/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of field: what it takes, and the message for each type that it does not take. */
#include "spec/decode.h"

#include <unistd.h>

#include "base/error.h"
#include "spec/config.h"
#include "tests/unit/test.h"

struct inner {
	const char *key;
	int64_t number;
};

struct sample {
	const char *string, *required;
	bool boolean;
	struct optional_bool optional_bool;
	int64_t integer;
	uint64_t natural, byte;
	int64_t small;
	struct optional_integer optional_integer;
	struct optional_unsigned optional_unsigned;
	struct string_list strings;
	struct unsigned_list unsigneds;
	struct string_map map;
	int name;
	struct inner *object;
	struct {
		struct inner *items;
		size_t count;
	} objects, keyed;
};

static const char *const colours[] = { "", "red", "blue", NULL };

static const struct field inner_fields[] = {
	{ .name = "number",
		.type = FIELD_INTEGER,
		.offset = offsetof(struct inner, number),
		.flags = REQUIRED },
	{ 0 },
};
static const struct table inner = { sizeof(struct inner), inner_fields, NULL };

#define SAMPLE(member_, kind_, ...)                                                                \
	{ .name = #member_,                                                                        \
		.type = FIELD_##kind_,                                                             \
		.offset = offsetof(struct sample, member_),                                        \
		__VA_ARGS__ }

static const struct field sample_fields[] = {
	SAMPLE(required, STRING, .flags = REQUIRED),
	SAMPLE(string, STRING),
	SAMPLE(boolean, BOOL),
	SAMPLE(optional_bool, OPTIONAL_BOOL),
	SAMPLE(integer, INTEGER),
	SAMPLE(small, INTEGER, .bits = 8),
	SAMPLE(natural, UNSIGNED),
	SAMPLE(byte, UNSIGNED, .bits = 8),
	SAMPLE(optional_integer, OPTIONAL_INTEGER),
	SAMPLE(optional_unsigned, OPTIONAL_UNSIGNED),
	SAMPLE(strings, STRINGS),
	SAMPLE(unsigneds, UNSIGNEDS, .bits = 32),
	SAMPLE(map, STRING_MAP),
	SAMPLE(name, NAME, .names = colours),
	SAMPLE(object, OBJECT, .table = &inner),
	SAMPLE(objects, OBJECTS, .table = &inner),
	SAMPLE(keyed, OBJECT_MAP, .table = &inner),
	{ 0 },
};
static const struct table sample_table = { sizeof(struct sample), sample_fields, NULL };

static int decode(struct arena *arena, const char *members, struct sample *sample)
{
	const char *document =
		arena_format(arena, "{\"required\":\"\"%s%s}", *members ? "," : "", members);
	const struct decoder decoder = { arena, "d", document };
	struct json *root;

	error_clear();
	NEED(json_parse(arena, "d", document, strlen(document), &root) == 0);
	return decode_object(&decoder, root, &sample_table, sample);
}

/* One value of each JSON type; a field takes some and names the others. */
static const struct {
	const char *value, *type;
} values[] = {
	{ "true", "a boolean" },
	{ "1", "a number" },
	{ "\"x\"", "a string" },
	{ "[]", "an array" },
	{ "{}", "an object" },
};

static const struct {
	const char *field, *wanted;
} fields[] = {
	{ "required", "a string" },
	{ "string", "a string" },
	{ "boolean", "a boolean" },
	{ "optional_bool", "a boolean" },
	{ "integer", "a whole number" },
	{ "natural", "a whole number" },
	{ "optional_integer", "a whole number" },
	{ "optional_unsigned", "a whole number" },
	{ "strings", "an array" },
	{ "unsigneds", "an array" },
	{ "map", "an object" },
	{ "name", "a string" },
	{ "object", "an object" },
	{ "objects", "an array" },
	{ "keyed", "an object" },
};

static void check_wrong_type(const char *field, const char *wanted, size_t v)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct sample sample = { 0 };
	const char *members = arena_format(&arena, "\"%s\":%s", field, values[v].value);
	const char *message =
		arena_format(&arena, "d: %s: must be %s, got %s", field, wanted, values[v].type);
	int r = decode(&arena, members, &sample);

	CHECK_TEXT(r < 0 ? error_text(r) : NULL, message, members);
}

static void check_wrong_types(void)
{
	for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
		for (size_t v = 0; v < ARRAY_SIZE(values); v++)
			if (strcmp(fields[f].wanted, values[v].type) != 0 &&
				(strcmp(fields[f].wanted, "a whole number") != 0 ||
					strcmp(values[v].type, "a number") != 0))
				check_wrong_type(fields[f].field, fields[f].wanted, v);
}

static const struct {
	const char *members, *message;
} refused[] = {
	{ "\"required\":null", "d: required: is required, but missing" },
	{ "\"object\":{}", "d: object.number: is required, but missing" },
	{ "\"objects\":[{\"number\":1},{}]", "d: objects[1].number: is required, but missing" },
	{ "\"objects\":[null]", "d: objects[0]: must be an object, got null" },
	{ "\"keyed\":{\"k\":{\"number\":\"x\"}}",
		"d: keyed.k.number: must be a whole number, got a string" },
	{ "\"strings\":[\"a\",1]", "d: strings[1]: must be a string, got a number" },
	{ "\"strings\":[null]", "d: strings[0]: must be a string, got null" },
	{ "\"unsigneds\":[4294967296]",
		"d: unsigneds[0]: must be a whole number that fits into 32 bits without a sign, "
		"got 4294967296" },
	{ "\"map\":{\"a\":null}", "d: map.a: must be a string, got null" },
	{ "\"name\":\"green\"", "d: name: unknown value \"green\"" },
	{ "\"name\":\"\"", "d: name: unknown value \"\"" },
	{ "\"integer\":9223372036854775808",
		"d: integer: must be a whole number that fits into 64 bits, got "
		"9223372036854775808" },
	{ "\"integer\":1.5", "d: integer: must be a whole number that fits into 64 bits, got 1.5" },
	{ "\"small\":128", "d: small: must be a whole number that fits into 8 bits, got 128" },
	{ "\"small\":-129", "d: small: must be a whole number that fits into 8 bits, got -129" },
	{ "\"byte\":256",
		"d: byte: must be a whole number that fits into 8 bits without a sign, got 256" },
	{ "\"natural\":-1",
		"d: natural: must be a whole number that fits into 64 bits without a sign, got "
		"-1" },
};

static void check_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		struct sample sample = { 0 };
		int r = decode(&arena, refused[i].members, &sample);

		CHECK_TEXT(r < 0 ? error_text(r) : NULL, refused[i].message, refused[i].members);
	}
}

static void check_values(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct sample s = { 0 };

	NEED(decode(&arena,
		     "\"string\":\"s\",\"boolean\":true,\"optional_bool\":false,\"integer\":-5,"
		     "\"small\":-128,\"byte\":255,\"natural\":18446744073709551615,"
		     "\"optional_integer\":0,\"strings\":[\"a\",\"\"],\"unsigneds\":[7,8],"
		     "\"map\":{\"k\":\"v\",\"k\":\"w\"},\"name\":\"blue\",\"object\":{\"number\":1}"
		     ","
		     "\"objects\":[{\"number\":2},{\"number\":3}],\"keyed\":{\"x\":{\"number\":4}},"
		     "\"unknown\":[{\"deep\":[[]]}]",
		     &s) == 0);
	CHECK_TEXT(s.required, "", "a required string may be empty");
	CHECK_TEXT(s.string, "s", "a string");
	CHECK(s.boolean && s.optional_bool.set && !s.optional_bool.value, "booleans");
	CHECK(s.integer == -5 && s.small == -128, "integers");
	CHECK(s.natural == UINT64_MAX && s.byte == 255, "numbers without a sign");
	CHECK(s.optional_integer.set && s.optional_integer.value == 0, "0 is not absence");
	CHECK(!s.optional_unsigned.set, "absence is not 0");
	CHECK(s.strings.count == 2 && !strcmp(s.strings.items[0], "a") && !s.strings.items[2],
		"strings, with a NULL behind them");
	CHECK(s.unsigneds.count == 2 && s.unsigneds.items[1] == 8, "a list of numbers");
	CHECK(s.map.count == 2 && !strcmp(s.map.items[1].value, "w"), "a map, in its order");
	CHECK(s.name == 2, "a name is its position");
	CHECK(s.object && s.object->number == 1, "an object");
	CHECK(s.objects.count == 2 && s.objects.items[1].number == 3, "a list of objects");
	CHECK(s.keyed.count == 1 && !strcmp(s.keyed.items[0].key, "x") &&
			s.keyed.items[0].number == 4,
		"a map of objects, with their keys");
}

static void check_absent(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct sample s = { 0 };

	NEED(decode(&arena,
		     "\"string\":\"\",\"boolean\":null,\"optional_bool\":null,\"integer\":null,"
		     "\"optional_integer\":null,\"strings\":null,\"map\":null,\"name\":null,"
		     "\"object\":null,\"objects\":null,\"keyed\":null",
		     &s) == 0);
	CHECK(!s.string, "an optional \"\" is absent");
	CHECK(!s.boolean && !s.optional_bool.set && !s.optional_integer.set && !s.strings.items &&
			!s.map.items && !s.name && !s.object && !s.objects.items && !s.keyed.items,
		"null is absence, whatever the type");
	memset(&s, 0, sizeof(s));
	NEED(decode(&arena, "\"strings\":[],\"objects\":[],\"keyed\":{}", &s) == 0);
	CHECK(s.strings.items && !s.strings.count && !s.objects.count && !s.keyed.count,
		"empty lists");
}

int main(void)
{
	check_values();
	check_absent();
	check_wrong_types();
	check_refused();
	return test_end();
}
