/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: valid documents, hostile ones, and the limits of numbers. */
#include "base/json.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/unit/test.h"

#define HOSTILE_BYTES (100u << 20)

static const struct {
	const char *document, *message; /* NULL: it is accepted */
} documents[] = {
	{ "{}", NULL },
	{ "[]", NULL },
	{ "\"text\"", NULL },
	{ " \t\r\n{ \"a\" : [ 1 , -2.5e+3 , true , false , null , \"x\" ] } \n", NULL },
	{ "{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\\"\\\\\\/\"}", NULL },
	{ "0", NULL },
	{ "", "d: line 1: the document ends too early" },
	{ " \n ", "d: line 2: the document ends too early" },
	{ "{", "d: line 1: the document ends too early" },
	{ "{\"a\":[1,", "d: line 1: a: the document ends too early" },
	{ "{\"a\":\n{\"b\":\"unfinished", "d: line 2: a: the document ends too early" },
	{ "{} x", "d: line 1: not JSON: parse error: trailing garbage" },
	{ "{} {}", "d: line 1: not JSON: parse error: trailing garbage" },
	{ "{\"a\":01}",
		"d: line 1: not JSON: parse error: after key and value, inside map, I expect ',' "
		"or '}'" },
	{ "[1,]", "d: line 1: not JSON: parse error: unallowed token at this point in JSON text" },
	{ "{\"a\" 1}",
		"d: line 1: not JSON: parse error: object key and value must be separated by a "
		"colon (':')" },
	{ "{1:2}", "d: line 1: not JSON: parse error: invalid object key (must be a string)" },
	{ "{\"a\":{\"b\":[{},{\"c\":nul}]}}",
		"d: line 1: a.b[1]: not JSON: lexical error: invalid string in json text." },
	{ "// no\n{}", "d: line 1: not JSON: lexical error: probable comment found in input text, "
		       "comments are not enabled." },
	{ "[\"\xff\"]", "d: line 1: not JSON: lexical error: invalid bytes in UTF8 string." },
	{ "[\"a\nb\"]", "d: line 1: not JSON: lexical error: invalid character inside string." },
	{ "{\"a\":[\"x\",\"b\\u0000c\"]}", "d: a[1]: text holds a NUL character" },
	{ "\"\\u0000\"", "d: text holds a NUL character" },
	{ "[\"\xc0\xb9\"]", "d: [0]: text is not UTF-8" },
	{ "[\"\xed\xa0\x80\"]", "d: [0]: text is not UTF-8" },
	{ "[\"\\ude00\"]", "d: [0]: text is not UTF-8" },
	{ "{\"a\\udfff\":1}", "d: text is not UTF-8" },
	{ "[\"\\ud83d\\ude00 \xed\x9f\xbf\"]", NULL },
	{ "{\"p\":{\"k\\u0000\":1}}", "d: p: text holds a NUL character" },
};

static void check_documents(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		const char *document = documents[i].document;
		struct json *root;
		int r;

		error_clear();
		r = json_parse(&arena, "d", document, strlen(document), &root);
		CHECK(r == (documents[i].message ? -EINVAL : 0), "result of %s", document);
		CHECK_TEXT(r < 0 ? error_text(r) : NULL, documents[i].message, document);
	}
}

/* Every prefix of a document is refused, and none is read beyond its end. */
static void check_truncation(void)
{
	static const char document[] =
		"{\"a\":[1,-2.5e3,true,null,\"\\u00e9x\"],\"b\":{\"c\":\"\xc3\xa9\"}}";
	unsigned int refused = 0;

	for (size_t length = 0; length < strlen(document); length++) {
		_cleanup_arena_ struct arena arena = { 0 };
		_cleanup_free_ char *part = memory_allocate(length);
		struct json *root;

		memcpy(part, document, length);
		refused += json_parse(&arena, "d", part, length, &root) == -EINVAL;
	}
	CHECK(refused == strlen(document), "every truncation of a document is refused");
}

static int parse_depth(unsigned int depth, struct arena *arena)
{
	_cleanup_buffer_ struct buffer document = { 0 };
	struct json *root;

	for (unsigned int i = 0; i < depth; i++)
		buffer_text(&document, i % 2 ? "{\"a\":" : "[");
	buffer_text(&document, "0");
	for (unsigned int i = depth; i-- > 0;)
		buffer_text(&document, i % 2 ? "}" : "]");
	return json_parse(arena, "d", document.data, document.length, &root);
}

static void check_hostile(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_free_ char *bytes = memory_allocate(HOSTILE_BYTES);
	struct json *root;

	CHECK(parse_depth(128, &arena) == 0, "128 levels are accepted");
	CHECK(parse_depth(129, &arena) == -EINVAL, "129 levels are refused");

	memset(bytes, '[', HOSTILE_BYTES);
	CHECK(json_parse(&arena, "d", bytes, HOSTILE_BYTES, &root) == -EINVAL,
		"100 MB of '[' is refused");
	CHECK(strstr(error_text(-EINVAL), "[0][0]: nested deeper than 128 levels") ||
			strstr(error_text(-EINVAL), ": nested deeper than 128 levels"),
		"and the message says why");

	for (size_t i = 0; i < HOSTILE_BYTES; i++)
		bytes[i] = i == 0 ? '[' : i % 2 ? '0' : ',';
	CHECK(json_parse(&arena, "d", bytes, HOSTILE_BYTES, &root) == -EINVAL,
		"100 MB of small values is refused");
	CHECK_TEXT(error_text(-EINVAL), "d: [1048575]: more than 1048576 values",
		"at a limit that bounds the memory");

	memset(bytes, 'a', HOSTILE_BYTES);
	bytes[0] = bytes[HOSTILE_BYTES - 1] = '"';
	CHECK(json_parse(&arena, "d", bytes, HOSTILE_BYTES, &root) == 0 &&
			strlen(root->text) == HOSTILE_BYTES - 2,
		"a string of 100 MB is read");
}

static void check_tree(void)
{
	static const char document[] = "{\"one\":1,\"list\":[{\"k\":[10,20]},\"x\"],\"one\":2}";
	_cleanup_arena_ struct arena arena = { 0 };
	const struct json *list, *twenty;
	struct json *root;
	int64_t number;

	NEED(json_parse(&arena, "d", document, strlen(document), &root) == 0);
	CHECK(root->type == JSON_OBJECT && root->count == 3, "members are counted");
	CHECK(json_integer(json_get(root, "one"), &number) == 0 && number == 2,
		"of members with one key the last counts");
	CHECK(!json_get(root, "absent"), "an absent member is NULL");
	CHECK(!json_get(json_get(root, "list"), "k"), "so is one of an array");
	CHECK(!json_get(json_get(root, "one"), "k"), "and one of a number");
	list = json_get(root, "list");
	twenty = json_get(list->first, "k")->last;
	CHECK_TEXT(json_path(&arena, twenty), "list[0].k[1]", "the path of a node");
	CHECK_TEXT(json_path(&arena, root), "", "the path of the root");
	CHECK(!strncmp(
		      document + list->begin, "[{\"k\":[10,20]},\"x\"]", list->end - list->begin) &&
			list->end - list->begin == strlen("[{\"k\":[10,20]},\"x\"]"),
		"begin and end are the bytes of the value");
}

static void check_numbers(void)
{
	static const struct {
		const char *text;
		int r_integer, r_unsigned;
		int64_t integer;
		uint64_t natural;
	} rows[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, -ERANGE, 0, 0 },
		{ "9223372036854775807", 0, 0, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0, 0, (uint64_t)INT64_MAX + 1 },
		{ "-9223372036854775808", 0, -ERANGE, INT64_MIN, 0 },
		{ "-9223372036854775809", -ERANGE, -ERANGE, 0, 0 },
		{ "18446744073709551615", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, -ERANGE, 0, 0 },
		{ "1.0", -EINVAL, -EINVAL, 0, 0 },
		{ "1e3", -EINVAL, -EINVAL, 0, 0 },
		{ "\"1\"", -EINVAL, -EINVAL, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		struct json *root;
		int64_t integer = 0;
		uint64_t natural = 0;
		int r;

		NEED(json_parse(&arena, "d", rows[i].text, strlen(rows[i].text), &root) == 0);
		r = json_integer(root, &integer);
		CHECK(r == rows[i].r_integer && (r < 0 || integer == rows[i].integer),
			"%s with a sign", rows[i].text);
		r = json_unsigned(root, &natural);
		CHECK(r == rows[i].r_unsigned && (r < 0 || natural == rows[i].natural),
			"%s without a sign", rows[i].text);
	}
}

int main(void)
{
	check_documents();
	check_truncation();
	check_tree();
	check_numbers();
	check_hostile();
	return test_end();
}
