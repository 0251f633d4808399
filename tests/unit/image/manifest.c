/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes and configs; which of an index; what a registry's challenge says. */
#include "image/manifest.h"

#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "image/challenge.h"
#include "image/image_config.h"
#include "tests/unit/test.h"

#define HEX	   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST	   "\"digest\":\"sha256:" HEX "\""
#define DESCRIPTOR "{" DIGEST ",\"size\":7,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\""

static const struct {
	const char *text, *media_type, *error;
} manifests[] = {
	{ "{\"schemaVersion\":2,\"config\":" DESCRIPTOR "},\"layers\":[" DESCRIPTOR "}]}", NULL,
		NULL },
	{ "{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR "}]}", NULL, NULL },
	{ "{\"schemaVersion\":2,\"manifests\":null,\"config\":" DESCRIPTOR "},\"layers\":[]}", NULL,
		"m: both an index and an image" },
	{ "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", NULL,
		"m: both an index and an image" },
	{ "{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_OCI_MANIFEST,
		"m: its media type is that of an image, but it is an index" },
	{ "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"config\":" DESCRIPTOR
	  "},\"layers\":[]}",
		NULL, "m: its media type is that of an index, but it is an image" },
	{ "{\"schemaVersion\":2}", NULL, "m: neither an index nor an image (no config)" },
	{ "{\"schemaVersion\":3,\"manifests\":[]}", NULL, "m: schemaVersion: must be 2" },
	{ "{\"schemaVersion\":2,\"manifests\":[{" DIGEST "}]}", NULL,
		"m: manifests[0].size: is required, but missing" },
	{ "{\"schemaVersion\":2,\"manifests\":[{" DIGEST ",\"size\":-1}]}", NULL,
		"m: manifests[0].size: must be a whole number that fits into 63 bits without a "
		"sign, "
		"got -1" },
	{ "[]", NULL, "m: must be an object, got an array" },
};

static void check_manifests(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(manifests); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		struct manifest manifest;
		int r = manifest_parse(&arena, "m", manifests[i].media_type, manifests[i].text,
			strlen(manifests[i].text), &manifest);

		CHECK_TEXT(r < 0 ? error_text(r) : NULL, manifests[i].error, manifests[i].text);
	}
}

/* What one asks for, and which of the entries one gets; -1: none. */
static const struct {
	const char *wanted;
	int entry;
} choices[] = {
	{ "linux/amd64", 1 },
	{ "linux/amd64/v2", 0 },
	{ "linux/amd64/v4", 2 },
	{ "x86_64", 1 },
	{ "linux/arm/v7", 4 },
	{ "linux/arm/v6", 3 },
	{ "linux/arm/v5", -1 },
	{ "armhf", 4 },
	{ "linux/arm64", 5 },
	{ "linux/arm64/v8", 5 },
	{ "windows/amd64", -1 },
	{ "linux/riscv64", -1 },
};

static void check_choices(void)
{
	struct manifest_entry entries[] = {
		{ .platform = { "linux", "amd64", "v2" } },
		{ .platform = { "linux", "amd64", NULL } },
		{ .platform = { "linux", "amd64", "v3" } },
		{ .platform = { "linux", "arm", "v6" } },
		{ .platform = { "linux", "arm", "v7" } },
		{ .platform = { "linux", "arm64", "v8" } },
		{ .platform = { "unknown", "unknown", NULL } },
	};
	const struct manifest index = {
		.is_index = true, .entries = entries, .entry_count = ARRAY_SIZE(entries)
	};

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		const struct manifest_entry *entry = NULL;
		struct platform wanted;

		NEED(platform_parse(&arena, choices[i].wanted, &wanted) == 0);
		(void)manifest_choose(&arena, "m", &index, &wanted, &entry);
		CHECK((entry ? (int)(entry - entries) : -1) == choices[i].entry, "%s gets entry %d",
			choices[i].wanted, choices[i].entry);
	}
}

static void check_config(void)
{
	static const char text[] =
		"{\"architecture\":\"arm\",\"variant\":\"v7\",\"config\":{\"Env\":[\"A=b\"],"
		"\"Cmd\":null,\"Volumes\":{\"/data\":{}},\"Labels\":{\"k\":\"v\"}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]}}";
	_cleanup_arena_ struct arena arena = { 0 };
	const struct manifest manifest = { .layer_count = 2 };
	struct image_config config;

	NEED(image_config_parse(&arena, "c", text, strlen(text), &config) == 0);
	CHECK_TEXT(config.os, "linux", "an absent os is linux");
	CHECK_TEXT(config.variant, "v7", "the variant");
	CHECK(config.command.count == 0 && config.env.count == 1, "null is an empty list");
	CHECK_TEXT(config.volumes.items[0], "/data", "a volume");
	CHECK(config.diff_id_count == 1, "one diff id");
	CHECK(image_config_check("c", &config, &manifest) == -EINVAL,
		"a manifest with more layers than the config is refused");
}

/* SCHEME REALM SERVICE SCOPE of each challenge. */
static const struct {
	const char *text, *read;
} challenges[] = {
	{ "Basic realm=\"x\"", "0 x - -;" },
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\"",
		"1 https://a/t s repository:a/b:pull,push;" },
	{ "bearer  realm = \"a\\\"b\" , service=plain", "1 a\"b plain -;" },
	{ "Negotiate, Basic realm=\"x\", Bearer realm=y", "2 - - -;0 x - -;1 y - -;" },
	{ "Negotiate dGVzdA==, Bearer realm=\"r\"", "2 - - -;1 r - -;" },
	{ ",, Basic realm=\"x\",,", "0 x - -;" },
	{ "Basic", "0 - - -;" },
	{ "", NULL },
	{ "Bearer realm=\"unfinished", NULL },
	{ "Bearer realm=\"a\" \"b\"", NULL },
	{ "=\"x\"", NULL },
	{ "a@b", NULL },
};

static void check_challenges(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(challenges); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		_cleanup_buffer_ struct buffer read = { 0 };
		struct challenge *list;
		size_t count;
		int r = challenge_parse(&arena, challenges[i].text, &list, &count);

		for (size_t n = 0; r >= 0 && n < count; n++)
			buffer_format(&read, "%d %s %s %s;", list[n].scheme,
				list[n].realm ? list[n].realm : "-",
				list[n].service ? list[n].service : "-",
				list[n].scope ? list[n].scope : "-");
		CHECK_TEXT(r < 0 ? NULL : read.data, challenges[i].read, challenges[i].text);
	}
}

int main(void)
{
	check_manifests();
	check_choices();
	check_config();
	check_challenges();
	return test_end();
}
