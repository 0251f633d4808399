/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/tar_header.h"
#include "tests/unit/image/tar_make.h"
#include "tests/unit/test.h"

static int print_entry(void *context, const struct tar_entry *entry)
{
	static const char letters[] = "-dlhcbp";
	struct buffer *text = context;

	buffer_format(text, "%c %s", letters[entry->type], entry->path);
	if (*entry->target)
		buffer_format(text, " -> %s", entry->target);
	buffer_format(text, " %llu@%llu", (unsigned long long)entry->size,
		(unsigned long long)entry->offset);
	for (size_t i = 0; i < entry->segment_count; i++)
		buffer_format(text, " [%llu+%llu]", (unsigned long long)entry->segments[i].offset,
			(unsigned long long)entry->segments[i].length);
	for (size_t i = 0; i < entry->xattr_count; i++)
		buffer_format(text, " %s=%.*s", entry->xattrs[i].name, (int)entry->xattrs[i].length,
			(const char *)entry->xattrs[i].value);
	if (entry->mtime_nanoseconds || entry->mtime != 1000)
		buffer_format(
			text, " t%lld.%09u", (long long)entry->mtime, entry->mtime_nanoseconds);
	if (entry->uid || entry->gid)
		buffer_format(text, " %u:%u", entry->uid, entry->gid);
	buffer_text(text, "\n");
	return 0;
}

/* All entries of the tar, fed in pieces of STEP bytes; or the error. */
static int read_tar(const struct buffer *tar, size_t step, struct buffer *text)
{
	_cleanup_tar_ struct tar *reader = tar_begin(print_entry, text);
	int r = 0;

	error_clear();
	for (size_t i = 0; r >= 0 && i < tar->length; i += step)
		r = tar_feed(
			reader, tar->data + i, tar->length - i < step ? tar->length - i : step);
	return r < 0 ? r : tar_finish(reader);
}

/* The same whether it comes at once or in crumbs. */
static void check_reads(const char *name, const struct buffer *tar, const char *wanted)
{
	static const size_t steps[] = { 1, 511, 512, 4096, 1u << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		_cleanup_buffer_ struct buffer text = { 0 };
		int r = read_tar(tar, steps[i], &text);

		CHECK(r == 0, "%s: read in pieces of %zu: %s", name, steps[i], error_text(r));
		CHECK_TEXT(text.data, wanted, name);
	}
}

static void check_refused(const char *name, const struct buffer *tar, const char *why)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = read_tar(tar, 1u << 20, &text);

	CHECK(r == -EBADMSG, "%s: refused", name);
	CHECK(strstr(error_text(r), why), "%s: says \"%s\" in \"%s\"", name, why, error_text(r));
}

static void test_plain(void)
{
	_cleanup_buffer_ struct buffer tar = { 0 };

	tar_put(&tar, "./", '5', "", "");
	tar_put(&tar, "file", '0', "", "content");
	tar_put(&tar, "link", '2', "/a/b", "");
	tar_put(&tar, "hard", '1', "file", "");
	tar_put(&tar, "old-folder/", '0', "", "");
	tar_put(&tar, "empty", '\0', "", "");
	tar_put_end(&tar);
	buffer_text(&tar, "what stands behind the end is nobody's business");
	check_reads("ustar", &tar,
		"d ./ 0@512\n- file 7@1024\nl link -> /a/b 0@2048\nh hard -> file 0@2560\n"
		"d old-folder/ 0@3072\n- empty 0@3584\n");
}

static void test_names(void)
{
	_cleanup_buffer_ struct buffer tar = { 0 }, wanted = { 0 };
	char name[301], prefix[512] = { 0 };

	memset(name, 'n', 300);
	name[300] = '\0';
	tar_put(&tar, "././@LongLink", 'L', "", name);
	tar_put(&tar, "././@LongLink", 'K', "", name + 10);
	tar_put(&tar, "short", '2', "short", "");
	tar_put_pax(&tar, "path", name + 20);
	tar_put(&tar, "short", '0', "", "");
	tar_put_pax(&tar, "linkpath", name + 30);
	tar_put(&tar, "short", '2', "x", "");
	tar_put(&tar, "name", '0', "", "");
	memcpy(prefix, tar.data + tar.length - 512, 512);
	memcpy(prefix + 345, "folder", 6);
	tar_sum(prefix);
	buffer_bytes(&tar, prefix, 512);
	tar_put_end(&tar);
	buffer_format(&wanted, "l %s -> %s 0@2560\n- %s 0@4096\nl short -> %s 0@5632\n", name,
		name + 10, name + 20, name + 30);
	buffer_text(&wanted, "- name 0@6144\n- folder/name 0@6656\n");
	check_reads("long names", &tar, wanted.data);
}

static void test_pax(void)
{
	_cleanup_buffer_ struct buffer tar = { 0 }, pax = { 0 };

	tar_put_record(&pax, "mtime", "1700000000.25");
	tar_put_record(&pax, "uid", "4000000000");
	tar_put_record(&pax, "gid", "70000");
	tar_put_record(&pax, "SCHILY.xattr.user.a", "b=c");
	tar_put_record(&pax, "SCHILY.xattr.user.a", "last");
	tar_put_record(&pax, "comment", "nothing");
	tar_put_bytes(&tar, "pax", 'x', "", pax.data, pax.length);
	tar_put(&tar, "a", '0', "", "");
	tar_put_pax(&tar, "mtime", "-1.5");
	tar_put(&tar, "b", '0', "", "");
	tar_put(&tar, "c", '0', "", "");
	pax.length = 0;
	tar_put_record(&pax, "uid", "7");
	tar_put_bytes(&tar, "all", 'g', "", pax.data, pax.length);
	tar_put(&tar, "d", '0', "", "");
	tar_put_end(&tar);
	check_reads("pax", &tar,
		"- a 0@1536 user.a=last t1700000000.250000000 4000000000:70000\n"
		"- b 0@3072 t-2.500000000\n- c 0@3584\n- d 0@5120 7:0\n");
}

static void test_sparse(void)
{
	_cleanup_buffer_ struct buffer tar = { 0 }, pax = { 0 }, content = { 0 };
	char block[512] = { 0 };

	tar_put_record(&pax, "GNU.sparse.major", "1");
	tar_put_record(&pax, "GNU.sparse.minor", "0");
	tar_put_record(&pax, "GNU.sparse.name", "one");
	tar_put_record(&pax, "GNU.sparse.realsize", "10000");
	tar_put_bytes(&tar, "pax", 'x', "", pax.data, pax.length);
	(void)snprintf(block, sizeof(block), "2\n512\n512\n4096\n100\n");
	buffer_bytes(&content, block, 512);
	memset(block, 'x', 512);
	buffer_bytes(&content, block, 512);
	buffer_bytes(&content, block, 100);
	tar_put_bytes(&tar, "GNUSparseFile/one", '0', "", content.data, content.length);
	pax.length = content.length = 0;
	tar_put_record(&pax, "GNU.sparse.size", "8192");
	tar_put_record(&pax, "GNU.sparse.name", "two");
	tar_put_record(&pax, "GNU.sparse.map", "4096,512,8192,0");
	tar_put_bytes(&tar, "pax", 'x', "", pax.data, pax.length);
	tar_put_bytes(&tar, "GNUSparseFile/two", '0', "", block, 512);
	tar_put_end(&tar);
	check_reads("sparse", &tar,
		"- one 10000@2048 [512+512] [4096+100]\n- two 8192@4608 [4096+512]\n");
}

static void test_numbers(void)
{
	int64_t number;

	CHECK(tar_number((const unsigned char *)"\x80\0\0\0\0\0\1\0\0\0\0\0", 12, &number) == 0 &&
			number == 1ll << 40,
		"base 256: 2^40");
	CHECK(tar_number((const unsigned char *)"\xff\xff\xff\xff\xff\xff\xff\xfe", 8, &number) ==
				0 &&
			number == -2,
		"base 256: -2");
	CHECK(tar_number((const unsigned char *)"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		      12, &number) == -EBADMSG,
		"base 256: more than 63 bits");
	CHECK(tar_number((const unsigned char *)"  17 \0\0\0", 8, &number) == 0 && number == 15,
		"octal with blanks");
	CHECK(tar_number((const unsigned char *)"0000018\0", 8, &number) == -EBADMSG,
		"octal has no 8");
}

static void test_refused(void)
{
	_cleanup_buffer_ struct buffer tar = { 0 }, pax = { 0 };

	tar_put(&tar, "file", '0', "", "content");
	tar.length -= 512;
	check_refused("cut off", &tar, "cut off");
	tar.length = 512;
	tar.data[3] = 'x';
	check_refused("wrong sum", &tar, "checksum");
	tar.length = 0;
	tar_put(&tar, "strange", 'Z', "", "");
	check_refused("type", &tar, "unknown type");
	tar.length = 0;
	tar_put(&tar, "pax", 'x', "", "99 path=x\n");
	check_refused("pax length", &tar, "wrong length");
	tar.length = 0;
	tar_put_record(&pax, "GNU.sparse.size", "8192");
	tar_put_record(&pax, "GNU.sparse.map", "4096,512,1024,512");
	tar_put_bytes(&tar, "pax", 'x', "", pax.data, pax.length);
	tar_put(&tar, "sparse", '0', "", "");
	check_refused("segments in disorder", &tar, "sparse");
	tar.length = pax.length = 0;
	tar_put_pax(&tar, "size", "9223372036854775807");
	tar_put(&tar, "huge", '0', "", "");
	check_refused("size", &tar, "no file has");
	tar.length = 0;
	tar_put_pax(&tar, "uid", "4294967295");
	tar_put(&tar, "id", '0', "", "");
	check_refused("uid -1", &tar, "id that Linux has not");
}

int main(void)
{
	test_plain();
	test_names();
	test_pax();
	test_sparse();
	test_numbers();
	test_refused();
	return test_end();
}
