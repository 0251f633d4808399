/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the cache, kernels that are none, the initial file system. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include "base/error.h"
#include "microvm/prepare/bzimage.h"
#include "microvm/prepare/sha256.h"
#include "tests/unit/test.h"

static void test_sha256(void)
{
	static const struct {
		const char *bytes, *digest;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SHA256_TEXT_BYTES];

		sha256_text(rows[i].bytes, strlen(rows[i].bytes), text);
		CHECK_TEXT(text, rows[i].digest, "FIPS 180-4's example");
	}
}

/* Setup header of one sector more, a payload of 64 bytes at its end. */
static void make_image(char *bytes, const char *magic)
{
	const unsigned int payload = 0, length = 64;

	memset(bytes, 0, 2048);
	bytes[0x1f1] = 1;
	memcpy(bytes + 0x202, "HdrS", 4);
	memcpy(bytes + 0x206, "\x0f\x02", 2);
	memcpy(bytes + 0x20e, "\x80\x01", 2);
	memcpy(bytes + 0x380, "6.12.0-test (somebody)", 23);
	memcpy(bytes + 0x248, &payload, 4);
	memcpy(bytes + 0x24c, &length, 4);
	memcpy(bytes + 1024, magic, strlen(magic));
}

static void test_bzimage(void)
{
	struct bzimage image;
	char bytes[2048];

	make_image(bytes, "\x28\xb5\x2f\xfd");
	CHECK(bzimage_parse("k", bytes, sizeof(bytes), &image) == 0 && image.payload_bytes == 60,
		"a kernel with its payload");
	CHECK_TEXT(image.decompressor, "zstd", "by zstd");
	CHECK(!strncmp(image.version, "6.12.0-test ", 12), "of a version");
	make_image(bytes, "\x1f\x8b");
	CHECK(bzimage_parse("k", bytes, sizeof(bytes), &image) == 0 && image.payload_bytes == 64,
		"gzip's own length is its own");
	make_image(bytes, "????");
	CHECK(bzimage_parse("k", bytes, sizeof(bytes), &image) == -EINVAL, "an unknown way");
	CHECK_TEXT(error_text(-EINVAL), "k is damaged, or compressed in an unknown way",
		"and says so");
	make_image(bytes, "\x28\xb5\x2f\xfd");
	CHECK(bzimage_parse("k", bytes, 1060, &image) == -EINVAL, "a payload that is cut off");
	memset(bytes + 0x248, 0xff, 4);
	CHECK(bzimage_parse("k", bytes, sizeof(bytes), &image) == -EINVAL,
		"an offset beyond the end");
	bytes[0x202] = 'X';
	CHECK(bzimage_parse("k", bytes, sizeof(bytes), &image) == -EINVAL, "no kernel at all");
}

int main(void)
{
	test_sha256();
	test_bzimage();
	return test_end();
}
