/* SPDX-License-Identifier: Apache-2.0 */
/* import, export: between the store and files. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/transfer.h"

struct file_options {
	const char *platform;
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

static int run_export(const struct invocation *invocation)
{
	struct reference from, to;
	int r = reference_parse(invocation->arena, invocation->operands[0], TRANSPORT_STORE, &from);

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
	.synopsis = "[OPTIONS] NAME DESTINATION",
	.summary = "write an image to a file or folder: tar:, dir:, oci:, oci-archive:, "
		   "docker-archive:",
	.options = export_options,
	.options_bytes = sizeof(struct file_options),
	.operands_least = 2,
	.operands_most = 2,
	.run = run_export,
};
