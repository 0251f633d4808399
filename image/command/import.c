/* SPDX-License-Identifier: Apache-2.0 */
/* import, export: between the store and files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/locked.h"
#include "image/single.h"
#include "image/transfer.h"

#define RECORD_MOST ((size_t)16 << 20)

struct file_options {
	const char *platform, *single, *lock, *record;
	bool quiet, uncompressed;
};

static const struct option import_options[] = {
	{ "platform", 0, OPTION_TEXT, offsetof(struct file_options, platform), "OS/ARCH[/VARIANT]",
		"what it is for (default: this machine)" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct file_options, quiet), NULL,
		"no progress, only the digest" },
	{ 0 },
};

static const struct option export_options[] = {
	{ "single", 0, OPTION_TEXT, offsetof(struct file_options, single), "FILE",
		"write one file that can be executed, mounted and imported" },
	{ "lock", 0, OPTION_TEXT, offsetof(struct file_options, lock), "FILE",
		"of --single: it runs as this lock file says" },
	{ "record", 0, OPTION_TEXT, offsetof(struct file_options, record), "FILE",
		"of --single: the record of a run goes along" },
	{ "uncompressed", 0, OPTION_FLAG, offsetof(struct file_options, uncompressed), NULL,
		"do not compress the layers of oci: and oci-archive:" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct file_options, quiet), NULL,
		"no progress, only the digest" },
	{ 0 },
};

static int run(const struct invocation *invocation, const struct reference *from,
	const struct reference *to)
{
	const struct file_options *given = invocation->options;
	struct transfer transfer = {
		.store = invocation->global->store,
		.from = from,
		.to = to,
		.quiet = given->quiet,
		.uncompressed = given->uncompressed,
	};
	struct platform platform;
	struct copy_result result;
	int r = platform_option_read(
		invocation->arena, given->platform, &platform, &transfer.platform);

	if (r >= 0)
		r = image_transfer(invocation->arena, &transfer, &result);
	if (r < 0)
		return r;
	if (!to->path || strcmp(to->path, "-") != 0)
		printf("%s\n", DIGEST_SHOW(&result.manifest));
	return 0;
}

/* A path alone: a folder is a root file system or a layout, a file is a root tar. */
static int parse_file(struct arena *arena, const char *text, struct reference *reference)
{
	const char *layout = arena_format(arena, "%s/oci-layout", text);
	const char *transport = "tar";
	struct stat st;

	if (strcmp(text, "-") != 0) {
		if (stat(text, &st) < 0)
			return reference_parse(arena, text, TRANSPORT_STORE, reference);
		if (S_ISDIR(st.st_mode))
			transport = access(layout, F_OK) == 0 ? "oci" : "dir";
	}
	return reference_parse(
		arena, arena_format(arena, "%s:%s", transport, text), TRANSPORT_STORE, reference);
}

static int import_single(const struct invocation *invocation, const struct reference *to)
{
	_cleanup_single_ struct single single = { .fd = -EBADF };
	_cleanup_store_ struct store *store = NULL;
	int r = single_open(invocation->arena, invocation->operands[0], &single);

	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = single_import(store, &single, to->name);
	if (r < 0)
		return r;
	printf("%s\n", DIGEST_SHOW(&single.lock.image.manifest.digest));
	return 0;
}

static int run_import(const struct invocation *invocation)
{
	struct reference from, to;
	int r = parse_file(invocation->arena, invocation->operands[0], &from);

	if (r >= 0)
		r = reference_parse(
			invocation->arena, invocation->operands[1], TRANSPORT_STORE, &to);
	if (r < 0)
		return r;
	if (to.transport != TRANSPORT_STORE)
		return error_set(EINVAL, "%s: an import gets a name, such as lab/tools:1", to.text);
	if (from.transport == TRANSPORT_TAR && single_is(from.path))
		return import_single(invocation, &to);
	if (from.transport == TRANSPORT_STORE || from.transport == TRANSPORT_REGISTRY)
		return error_set(
			ENOENT, "%s: there is no such file or folder", invocation->operands[0]);
	return run(invocation, &from, &to);
}

/* "x.tar" is a root tar; everything else says what it is. */
static int parse_destination(struct arena *arena, const char *text, struct reference *reference)
{
	size_t length = strlen(text);

	if (!strcmp(text, "-") ||
		(length > 4 && !strcmp(text + length - 4, ".tar") && !strchr(text, ':')))
		text = arena_format(arena, "tar:%s", text);
	return reference_parse(arena, text, TRANSPORT_STORE, reference);
}

/* The lock that the file will have, of the image that is in the store. */
static int find_lock(const struct invocation *invocation, struct store *store, struct lock *lock)
{
	const struct file_options *given = invocation->options;
	struct store_image *image;
	int r = store_image_find(store, invocation->arena, invocation->operands[0], &image);
	struct reference reference;

	if (r == -ENOENT && reference_parse(invocation->arena, invocation->operands[0],
				    TRANSPORT_STORE, &reference) >= 0)
		r = store_image_find(store, invocation->arena, reference.name, &image);
	if (r < 0)
		return r;
	error_clear();
	if (given->lock) {
		r = lock_load(invocation->arena, given->lock, lock, NULL);
		return r < 0 ? r : locked_check(given->lock, lock, image);
	}
	*lock = (struct lock){ .reference = image->name, .image = *image };
	/* A lock says what runs; of one that nobody asked for it does not count. */
	lock->shape = (struct shape){ .folder = "/", .hostname = "hull", .aslr = true };
	string_list_add(invocation->arena, &lock->shape.args, "/bin/sh");
	return 0;
}

static int export_single(const struct invocation *invocation)
{
	const struct file_options *given = invocation->options;
	_cleanup_buffer_ struct buffer record = { 0 };
	_cleanup_store_ struct store *store = NULL;
	struct lock lock;
	int r = invocation->operand_count > 1
			? error_set(EINVAL, "--single: names the file; %s is one too many",
				  invocation->operands[1])
			: 0;

	if (r >= 0 && given->record) {
		r = file_read_at(AT_FDCWD, given->record, &record, RECORD_MOST);
		if (r < 0)
			r = error_errno(r, "--record %s", given->record);
	}
	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = find_lock(invocation, store, &lock);
	if (r >= 0)
		r = single_write(store, &lock, given->lock != NULL,
			given->record ? record.data : NULL, given->single);
	if (r < 0)
		return r;
	printf("%s\n", DIGEST_SHOW(&lock.image.manifest.digest));
	return 0;
}

static int run_export(const struct invocation *invocation)
{
	const struct file_options *given = invocation->options;
	struct reference from, to;
	int r;

	if (given->single)
		return export_single(invocation);
	if (given->lock || given->record)
		return error_set(EINVAL, "--lock and --record are of --single");
	if (invocation->operand_count < 2)
		return error_set(EINVAL, "say what to write: tar:FILE, oci-archive:FILE, ...");
	r = reference_parse(invocation->arena, invocation->operands[0], TRANSPORT_STORE, &from);

	if (r >= 0)
		r = parse_destination(invocation->arena, invocation->operands[1], &to);
	if (r < 0)
		return r;
	if (from.transport != TRANSPORT_STORE)
		return error_set(EINVAL,
			"%s: an export is of an image of the store; hull image "
			"copy copies from elsewhere",
			from.text);
	if (to.transport == TRANSPORT_STORE || to.transport == TRANSPORT_REGISTRY)
		return error_set(EINVAL,
			"%s: say what to write: tar:FILE, dir:DIR, oci:DIR, oci-archive:FILE or "
			"docker-archive:FILE",
			invocation->operands[1]);
	return run(invocation, &from, &to);
}

const struct command command_import = {
	.name = "import",
	.synopsis = "[OPTIONS] FILE|DIR|- NAME",
	.summary = "a root file system (tar or folder) or an archive as an image of the store",
	.options = import_options,
	.options_bytes = sizeof(struct file_options),
	.operands_least = 2,
	.operands_most = 2,
	.run = run_import,
};

const struct command command_export = {
	.name = "export",
	.synopsis = "[OPTIONS] NAME DESTINATION | --single FILE NAME",
	.summary = "write an image to a file or folder: tar:, dir:, oci:, oci-archive:, "
		   "docker-archive:",
	.options = export_options,
	.options_bytes = sizeof(struct file_options),
	.operands_least = 1,
	.operands_most = 2,
	.run = run_export,
};
