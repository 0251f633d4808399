/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/flatten.h"
#include "image/import.h"
#include "image/scratch.h"

struct between {
	struct arena *arena;
	const struct transfer *transfer;
	struct store *store;	   /* NULL while nobody needs it */
	struct store_image *image; /* that comes from the store */
	struct image_source *source;
	struct image_target *target;
};

static int need_store(struct between *between)
{
	return between->store ? 0 : store_open(between->transfer->store, &between->store);
}

static int target_has(void *target, const struct descriptor *blob)
{
	struct image_target *to = target;

	return to->kind->has ? to->kind->has(to, blob) : 0;
}

/* Other repositories of the same registry: blobs are mounted from there. */
static const char *mount_from(const struct transfer *transfer)
{
	const struct reference *from = transfer->from, *to = transfer->to;

	if (!from->host || strcmp(from->host, to->host) != 0 ||
		!strcmp(from->repository, to->repository))
		return NULL;
	return from->repository;
}

static int open_target(struct between *between)
{
	const struct transfer *transfer = between->transfer;
	const struct reference *to = transfer->to;
	int r;

	switch (to->transport) {
	case TRANSPORT_REGISTRY:
		return target_open_registry(
			&transfer->to_settings, to, mount_from(transfer), &between->target);
	case TRANSPORT_STORE:
		r = need_store(between);
		return r < 0 ? r
			     : target_open_store(
				       between->store, to, transfer->keep_blobs, &between->target);
	case TRANSPORT_DOCKER_ARCHIVE:
		return target_open_docker_archive(to, &between->target);
	default:
		return target_open_layout(to, &between->target);
	}
}

static int open_source(struct between *between)
{
	const struct transfer *transfer = between->transfer;
	const struct reference *from = transfer->from;
	bool plain = transfer->uncompressed || transfer->to->transport == TRANSPORT_DOCKER_ARCHIVE;

	switch (from->transport) {
	case TRANSPORT_REGISTRY:
		return source_open_registry(&transfer->from_settings, from, &between->source);
	case TRANSPORT_STORE:
		return source_open_store(between->store, between->image, from,
			plain ? STORE_FORM_PLAIN : STORE_FORM_GZIP, target_has, between->target,
			&between->source);
	default:
		return source_open_layout(from, &between->source);
	}
}

static bool is_root(const struct reference *reference)
{
	return reference->transport == TRANSPORT_TAR || reference->transport == TRANSPORT_DIR;
}

static int write_tar(struct between *between, const char *path)
{
	_cleanup_close_ int folder_fd = -EBADF;
	struct scratch scratch;
	const char *name;
	int r;

	if (!strcmp(path, "-"))
		return image_flatten(between->store, between->image, STDOUT_FILENO);
	folder_fd = scratch_folder(path, &name);
	if (folder_fd < 0)
		return folder_fd;
	r = scratch_open(folder_fd, &scratch);
	if (r < 0)
		return error_errno(r, "%s", path);
	r = image_flatten(between->store, between->image, scratch.fd);
	if (r >= 0) {
		r = scratch_commit(&scratch, folder_fd, name);
		if (r < 0)
			r = error_errno(r, "%s", path);
	}
	scratch_close(&scratch, folder_fd);
	return r;
}

/* A root file system has no manifest, so it comes from the store and goes to it alone. */
static int transfer_root(struct between *between, struct copy_result *result)
{
	const struct transfer *transfer = between->transfer;
	const struct reference *from = transfer->from, *to = transfer->to;
	int r = need_store(between);

	if (r < 0)
		return r;
	if (is_root(from)) {
		if (to->transport != TRANSPORT_STORE)
			return error_set(EINVAL,
				"%s: a root file system is imported first (hull "
				"image import), then copied",
				from->text);
		return image_import_root(
			between->store, from, to->name, transfer->platform, result);
	}
	if (from->transport != TRANSPORT_STORE)
		return error_set(EINVAL,
			"%s: a root file system is made of an image of the store: "
			"pull it first",
			to->text);
	result->top = result->manifest = between->image->manifest.digest;
	return to->transport == TRANSPORT_TAR
		       ? write_tar(between, to->path)
		       : image_export_folder(between->store, between->image, to->path);
}

static int transfer_between(struct between *between, struct copy_result *result)
{
	const struct transfer *transfer = between->transfer;
	const struct copy_settings settings = {
		.platform = transfer->platform,
		.all = transfer->all,
		.quiet = transfer->quiet,
		.name = transfer->to->name,
		.policy_file = transfer->from_settings.policy_file,
	};
	int r = 0;

	if (transfer->from->transport == TRANSPORT_STORE) {
		r = need_store(between);
		if (r >= 0)
			r = store_image_find(between->store, between->arena, transfer->from->name,
				&between->image);
		if (r < 0)
			return r;
	}
	if (is_root(transfer->from) || is_root(transfer->to))
		return transfer_root(between, result);
	r = open_target(between);
	if (r >= 0)
		r = open_source(between);
	if (r >= 0)
		r = image_copy(between->source, between->target, &settings, result);
	if (r >= 0 && between->image &&
		!digest_equal(&result->manifest, &between->image->manifest.digest))
		log_info("%s has another digest there (%s): its layers were compressed anew",
			transfer->from->name, DIGEST_SHOW(&result->manifest));
	return r;
}

int image_transfer(struct arena *arena, const struct transfer *transfer, struct copy_result *result)
{
	struct between between = { .arena = arena, .transfer = transfer };
	int r = transfer_between(&between, result);

	source_close(&between.source);
	target_close(&between.target);
	store_close_pointer(&between.store);
	return r;
}
