/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/unit/test.h"

#define HEAD                                                                                       \
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"                                     \
	"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]}"

static char top[] = "/tmp/hull-config-XXXXXX";
static int top_fd;

static void check_load(void)
{
	static const char document[] = HEAD ",\"hostname\":\"h\",\"linux\":{\"namespaces\":"
					    "[{\"type\":\"uts\"}]}}";
	_cleanup_config_ struct config config = { 0 }, absent = { 0 }, empty = { 0 },
				       folder = { 0 };

	NEED(file_replace_at(top_fd, "config.json", document, strlen(document), 0600) == 0);
	CHECK(config_load_at(&config, top_fd, "config.json") == 0, "a bundle's config.json");
	CHECK_TEXT(config.hostname, "h", "its hostname");
	CHECK(config.document.length == strlen(document), "the document is kept");
	error_clear();
	CHECK(config_load_at(&absent, top_fd, "absent.json") == -ENOENT, "no file");
	CHECK_TEXT(error_text(-ENOENT), "absent.json: cannot be read: does not exist",
		"names the file, without the words that engines look for");
	NEED(mkdirat(top_fd, "folder", 0700) == 0);
	CHECK(config_load_at(&folder, top_fd, "folder") == -EINVAL, "a folder");
	CHECK_TEXT(error_text(-EINVAL), "folder: is not a regular file", "and says so");
	NEED(file_replace_at(top_fd, "config.json", "", 0, 0600) == 0);
	CHECK(config_load_at(&empty, top_fd, "config.json") == -EINVAL, "an empty file");
	CHECK_TEXT(error_text(-EINVAL), "config.json: line 1: the document ends too early",
		"ends too early");
}

static void check_roots(void)
{
	static const struct {
		const char *document, *message;
	} rows[] = {
		{ "[]", "c: must be an object, got an array" },
		{ "null", "c: must be an object, got null" },
		{ "\"x\"", "c: must be an object, got a string" },
		{ "{}", "c: ociVersion: is required, but missing" },
		{ "{\"ociVersion\":1}", "c: ociVersion: must be a string, got a number" },
		{ HEAD ",\"linux\":[]}", "c: linux: must be an object, got an array" },
		{ HEAD ",\"mounts\":[1]}", "c: mounts[0]: must be an object, got a number" },
		{ HEAD ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		       "\"syscalls\":[{\"names\":[\"a\",{}],\"action\":\"x\"}]}}}",
			"c: linux.seccomp.syscalls[0].names[1]: must be a string, got an object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_config_ struct config config = { 0 };
		int r = config_parse(&config, "c", rows[i].document, strlen(rows[i].document));

		CHECK_TEXT(r < 0 ? error_text(r) : NULL, rows[i].message, rows[i].document);
	}
}

static void check_namespaces(void)
{
	static const char document[] = HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
					    "{\"type\":\"network\",\"path\":\"/run/netns/a\"}]}}";
	_cleanup_config_ struct config config = { 0 }, bare = { 0 };

	NEED(config_parse(&config, "c", document, strlen(document)) == 0);
	CHECK(config_namespace_is_new(&config, NAMESPACE_PID), "a new one");
	CHECK(config_namespace(&config, NAMESPACE_NETWORK) &&
			!config_namespace_is_new(&config, NAMESPACE_NETWORK),
		"one that is joined is not new");
	CHECK(!config_namespace(&config, NAMESPACE_UTS), "one that is shared");
	NEED(config_parse(&bare, "c", HEAD "}", strlen(HEAD "}")) == 0);
	CHECK(bare.linux && !config_namespace(&bare, NAMESPACE_PID),
		"a document without linux shares all");
}

/* The bytes of the seccomp object are the key of the cache of compiled programs. */
static void check_source(void)
{
	static const char seccomp[] = "{ \"defaultAction\" : \"SCMP_ACT_ALLOW\",\n \"syscalls\":"
				      "[{\"names\":[\"}\\\"{\"],\"action\":\"SCMP_ACT_LOG\"}] }";
	_cleanup_free_ char *document =
		string_format(HEAD ",\"linux\": {\"seccomp\":  %s ,\"sysctl\":{}} }", seccomp);
	_cleanup_config_ struct config config = { 0 };
	const struct config_seccomp *s;

	NEED(config_parse(&config, "c", document, strlen(document)) == 0);
	s = config.linux->seccomp;
	CHECK(s->source_bytes == strlen(seccomp) && !memcmp(s->source, seccomp, s->source_bytes),
		"the seccomp object as it was written");
	CHECK(s->source >= config.document.data &&
			s->source < config.document.data + config.document.length,
		"in the kept document");
}

int main(void)
{
	NEED(mkdtemp(top));
	top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	NEED(top_fd >= 0);
	check_load();
	check_roots();
	check_namespaces();
	check_source();
	NEED(file_remove_tree_at(AT_FDCWD, top) == 0);
	return test_end();
}
