/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: what it writes is what the reader reads. */
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "tests/unit/test.h"

static void write_sample(struct json_writer *writer)
{
	static const char *const words[] = { "a", "b", NULL };

	json_begin_object(writer, NULL);
	json_write_string(writer, "text", "x");
	json_write_integer(writer, "low", INT64_MIN);
	json_write_unsigned(writer, "high", UINT64_MAX);
	json_write_bool(writer, "yes", true);
	json_write_double(writer, "half", 0.5);
	json_write_strings(writer, "words", words);
	json_write_strings(writer, "none", NULL);
	json_begin_array(writer, "list");
	json_begin_object(writer, NULL);
	json_end_object(writer);
	json_write_bool(writer, NULL, false);
	json_end_array(writer);
	json_end_object(writer);
}

static void check_layout(void)
{
	_cleanup_buffer_ struct buffer compact = { 0 }, pretty = { 0 };
	struct json_writer writer = { .buffer = &compact };

	write_sample(&writer);
	CHECK_TEXT(compact.data,
		"{\"text\":\"x\",\"low\":-9223372036854775808,\"high\":18446744073709551615,"
		"\"yes\":true,\"half\":0.5,\"words\":[\"a\",\"b\"],\"none\":[],"
		"\"list\":[{},false]}",
		"one line");
	writer = (struct json_writer){ .buffer = &pretty, .pretty = true };
	json_begin_object(&writer, NULL);
	json_begin_array(&writer, "a");
	json_write_integer(&writer, NULL, 1);
	json_write_integer(&writer, NULL, 2);
	json_end_array(&writer);
	json_begin_object(&writer, "o");
	json_end_object(&writer);
	json_end_object(&writer);
	CHECK_TEXT(pretty.data, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}",
		"with line breaks");
}

/* As printf has them, also those that are not written with it. */
static void check_doubles(void)
{
	static const double values[] = { 0.001, 0.00123456, 0.1, 0.5, 2.0 / 3, 0.9999999, 1, 1.5,
		9.99994, 9.9999949, 9.999996, 10, 99.95, 123.456789, 1000, 65536.75, 99998.9, 99999,
		1e5, 1e6, 1.5e9, 0.0009, 1e-9, -2.5, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_buffer_ struct buffer buffer = { 0 };
		struct json_writer writer = { .buffer = &buffer };
		char wanted[32];

		(void)snprintf(wanted, sizeof(wanted), "%.6g", values[i]);
		json_write_double(&writer, NULL, values[i]);
		CHECK_TEXT(buffer.data, wanted, wanted);
	}
}

static void check_quote(void)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "\"\\/", "\"\\\"\\\\/\"" },
		{ "\n\t\x01\x7f", "\"\\n\\u0009\\u0001\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		/* alone, too long, a surrogate, beyond U+10FFFF, cut off */
		{ "\xff", "\"\xef\xbf\xbd\"" },
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer buffer = { 0 };

		json_quote(&buffer, rows[i].text);
		CHECK_TEXT(buffer.data, rows[i].quoted, rows[i].quoted);
	}
}

/* All bytes but NUL, quoted and read again: what was UTF-8 comes back as it was. */
static void check_round_trip(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer buffer = { 0 };
	char text[128];
	struct json *root;

	for (int i = 1; i < 128; i++)
		text[i - 1] = (char)i;
	text[127] = '\0';
	json_quote(&buffer, text);
	NEED(json_parse(&arena, "d", buffer.data, buffer.length, &root) == 0);
	CHECK_TEXT(root->text, text, "all of ASCII comes back");
	buffer_free(&buffer);
	for (int i = 1; i < 128; i++)
		text[i - 1] = (char)(i + 127);
	json_quote(&buffer, text);
	CHECK(json_parse(&arena, "d", buffer.data, buffer.length, &root) == 0,
		"whatever the bytes, the result is JSON");
}

int main(void)
{
	check_layout();
	check_quote();
	check_doubles();
	check_round_trip();
	return test_end();
}
