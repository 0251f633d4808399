/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images: defaults, hosts, tags and digests, transports, mistyped ones. */
#include "image/reference.h"

#include <unistd.h>

#include "base/error.h"
#include "tests/unit/test.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text, *whole, *error;
} names[] = {
	{ "debian", "docker.io/library/debian:latest", NULL },
	{ "debian:12", "docker.io/library/debian:12", NULL },
	{ "docker:24", "docker.io/library/docker:24", NULL },
	{ "docker://debian", "docker.io/library/debian:latest", NULL },
	{ "docker.io/debian", "docker.io/library/debian:latest", NULL },
	{ "index.docker.io/debian", "docker.io/library/debian:latest", NULL },
	{ "a/b", "docker.io/a/b:latest", NULL },
	{ "localhost/b", "localhost/b:latest", NULL },
	{ "localhost:5000/b:c", "localhost:5000/b:c", NULL },
	{ "127.0.0.1:5000/b", "127.0.0.1:5000/b:latest", NULL },
	{ "[::1]:5000/b/c__d.e-----f", "[::1]:5000/b/c__d.e-----f:latest", NULL },
	{ "ghcr.io/a/b@" DIGEST, "ghcr.io/a/b@" DIGEST, NULL },
	{ "ghcr.io/a/b:1@" DIGEST, "ghcr.io/a/b:1@" DIGEST, NULL },
	{ "HOST/b", "HOST/b:latest", NULL },
	{ "store:debian:12", "store:docker.io/library/debian:12", NULL },
	{ "oci:/a/b:tag", "oci:/a/b:tag", NULL },
	{ "oci:dir", "oci:dir", NULL },
	{ "oci:dir:", "oci:dir", NULL },
	{ "oci-archive:f.tar", "oci-archive:f.tar", NULL },
	{ "docker-archive:f.tar:localhost:5000/b:1", "docker-archive:f.tar:localhost:5000/b:1",
		NULL },
	{ "tar:a:b.tar", "tar:a:b.tar", NULL },
	{ "tar:-", "tar:-", NULL },
	{ "dir:/", "dir:/", NULL },
	{ "", NULL, "image name \"\": the name of the repository is missing" },
	{ "Debian", NULL,
		"image name \"Debian\": the name of a repository has only small letters" },
	{ "a//b", NULL, "image name \"a//b\": not a name of a repository" },
	{ "a___b", NULL, "image name \"a___b\": not a name of a repository" },
	{ "a..b/c", NULL, "" },
	{ "-a", NULL, "image name \"-a\": not a name of a repository" },
	{ "../../etc/passwd", NULL, "" },
	{ "a:b:c", NULL, "image name \"a:b:c\": a tag has up to 128 letters, digits, ., _ and -" },
	{ "a:-b", NULL, "" },
	{ "a@sha256:12", NULL,
		"image name \"a@sha256:12\": behind @ stands sha256: and 64 digits from 0 to f" },
	{ "a@", NULL, "" },
	{ "https://ghcr.io/a", NULL, "" },
	{ "h:x/a", NULL, "image name \"h:x/a\": not a name of a host in front of the first /" },
	{ "a\nb", NULL, "image name \"a b\": holds a control character" },
	{ "oci:", NULL, "image name \"oci:\": the folder is missing" },
	{ "tar:", NULL, "image name \"tar:\": the file is missing" },
	{ "oci-arhive:f.tar", NULL,
		"image name \"oci-arhive:f.tar\": unknown transport \"oci-arhive\": did you mean "
		"oci-archive:?" },
	{ "dcoker-archive:/a/f.tar", NULL,
		"image name \"dcoker-archive:/a/f.tar\": unknown transport \"dcoker-archive\": did "
		"you mean docker-archive:?" },
	{ "dockr://debian", NULL,
		"image name \"dockr://debian\": unknown transport \"dockr\": did you mean "
		"docker://?" },
	{ "ocl:/a/b", NULL,
		"image name \"ocl:/a/b\": unknown transport \"ocl\": did you mean oci:?" },
};

static void check_names(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		struct reference reference;
		int r = reference_parse(&arena, names[i].text, TRANSPORT_REGISTRY, &reference);

		if (names[i].whole) {
			CHECK_TEXT(r < 0 ? error_text(r) : reference.text, names[i].whole,
				names[i].text);
		} else if (*names[i].error) {
			CHECK_TEXT(
				r < 0 ? error_text(r) : "accepted", names[i].error, names[i].text);
		} else {
			CHECK(r == -EINVAL, "\"%s\" is refused", names[i].text);
		}
	}
}

static void check_long_names(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	char name[512], tag[160] = "a:";
	struct reference reference;

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK(reference_parse(&arena, name, TRANSPORT_REGISTRY, &reference) == -EINVAL,
		"a name of 511 characters is refused");
	memset(tag + 2, 'b', 129);
	CHECK(reference_parse(&arena, tag, TRANSPORT_REGISTRY, &reference) == -EINVAL,
		"a tag of 129 characters is refused");
	tag[2 + 128] = '\0';
	CHECK(reference_parse(&arena, tag, TRANSPORT_REGISTRY, &reference) == 0,
		"a tag of 128 characters is accepted");
}

static void check_parts(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct reference reference;

	NEED(reference_parse(&arena, "h:1/a/b:c@" DIGEST, TRANSPORT_STORE, &reference) == 0);
	CHECK(reference.transport == TRANSPORT_STORE, "a bare name is of the given transport");
	CHECK_TEXT(reference.host, "h:1", "its host");
	CHECK_TEXT(reference.repository, "a/b", "its repository");
	CHECK_TEXT(reference.tag, "c", "its tag");
	CHECK_TEXT(reference.digest, DIGEST, "its digest");
	CHECK_TEXT(reference_with_digest(&arena, &reference, "d"), "h:1/a/b@d", "with a digest");
}

int main(void)
{
	check_names();
	check_long_names();
	check_parts();
	return test_end();
}
