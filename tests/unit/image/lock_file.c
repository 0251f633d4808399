/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files: one form, the digest of the rest, what of a shape survives, differences. */
#include "image/lock_file.h"

#include "base/error.h"
#include "image/canonical.h"
#include "tests/unit/test.h"

static struct json *parse(struct arena *arena, const char *text)
{
	struct json *root = NULL;

	CHECK(json_parse(arena, "test", text, strlen(text), &root) == 0, "JSON: %s", text);
	return root;
}

static void check_canonical(void)
{
	static const char *const forms[] = { "{\"b\":[1,{}],\"a\":\"x\\u00e9\",\"c\":1.50}",
		" { \"c\" : 1.50, \"a\":\"x\303\251\", \"b\" : [ 1 , { } ] } " };
	static const char wanted[] =
		"{\n  \"a\": \"x\303\251\",\n  \"b\": [\n    1,\n    {}\n  ],\n"
		"  \"c\": 1.50\n}";

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		_cleanup_buffer_ struct buffer text = { 0 };

		canonical_write(&text, parse(&arena, forms[i]), NULL);
		CHECK_TEXT(text.data, wanted, "one form alone");
	}
}

static void check_compare(void)
{
	static const struct {
		const char *old, *new, *lines;
	} rows[] = {
		{ "{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", NULL },
		{ "{\"a\":1}", "{\"a\":2}", "a: 1 -> 2\n" },
		{ "{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"b\":true}}", "a.b: \"x\" -> true\n" },
		{ "{\"a\":[1]}", "{\"a\":[1,2]}", "a[1]: (none) -> 2\n" },
		{ "{\"a\":1,\"c\":3}", "{\"b\":2,\"c\":4}",
			"a: 1 -> (none)\nb: (none) -> 2\nc: 3 -> 4\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		_cleanup_buffer_ struct buffer lines = { 0 };

		(void)canonical_compare(
			&lines, &arena, parse(&arena, rows[i].old), parse(&arena, rows[i].new));
		CHECK_TEXT(lines.data, rows[i].lines, rows[i].new);
	}
}

static struct lock example(struct arena *arena)
{
	struct lock lock = { .reference = "registry.example/box:1", .kernel_least = "3.2.0" };
	struct shape *shape = &lock.shape;

	lock.image.name = lock.reference;
	lock.image.platform = "linux/amd64";
	digest_of("m", 1, &lock.image.manifest.digest);
	digest_of("c", 1, &lock.image.config.digest);
	lock.image.layers = arena_allocate(arena, sizeof(*lock.image.layers));
	lock.image.layer_count = 1;
	digest_of("l", 1, &lock.image.layers[0].blob.digest);
	digest_of("d", 1, &lock.image.layers[0].diff_id);
	*shape = (struct shape){ .folder = "/work",
		.hostname = "hull",
		.user = "0:0",
		.cpus = 2,
		.threads = 2,
		.memory = UINT64_C(1) << 33,
		.network = NETWORK_HOST,
		.read_only = true };
	(void)cpu_model_find("x86-64-v3", &shape->cpu_model);
	string_list_add(arena, &shape->args, "python3");
	string_list_add(arena, &shape->args, "-c");
	string_list_add(arena, &shape->env, "Z=last=one");
	string_list_add(arena, &shape->env, "A=");
	return lock;
}

static void check_lock(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 }, again = { 0 };
	struct lock lock = example(&arena), back;

	lock_write(&text, &lock);
	CHECK(lock_parse(&arena, "lock", text.data, text.length, &back, NULL) == 0 && !back.altered,
		"a lock that was written is read: %s", error_text(0));
	CHECK(digest_equal(&back.environment, &lock.environment), "its environment");
	CHECK(back.shape.memory == lock.shape.memory && back.shape.cpus == 2 &&
			back.shape.read_only && !back.shape.aslr &&
			back.shape.network == NETWORK_HOST,
		"numbers and words of its shape");
	CHECK_TEXT(shape_variable(&back.shape.env, "Z"), "last=one", "a value with =");
	CHECK_TEXT(shape_variable(&back.shape.env, "A"), "", "an empty value");
	CHECK_TEXT(back.kernel_least, "3.2.0", "the kernel");
	lock_write(&again, &back);
	CHECK_TEXT(again.data, text.data, "written again, byte by byte");
	*strstr(text.data, "python3") = 'P';
	CHECK(lock_parse(&arena, "lock", text.data, text.length, &back, NULL) == 0 && back.altered,
		"a byte that was changed is seen");
}

int main(void)
{
	check_canonical();
	check_compare();
	check_lock();
	return test_end();
}
