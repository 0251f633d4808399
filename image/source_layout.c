/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image layout (image-spec, "Image Layout") as a source: a folder, or a tar of one;
 * and what `docker save` writes: a tar with a manifest.json, for which a manifest is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/archive_read.h"
#include "image/docker_archive.h"
#include "image/manifest.h"
#include "image/source.h"

struct layout_source {
	struct image_source source;
	struct arena arena;
	int folder_fd;		    /* oci: */
	struct archive *archive;    /* the others */
	struct docker_image *image; /* docker-archive: */
};

static struct layout_source *layout_of(struct image_source *source)
{
	return (struct layout_source *)source;
}

/* ---- files ---- */

/* What a path in the layout holds: a descriptor, where in it, how much. -ENOENT, no message. */
static int open_path(
	struct layout_source *layout, const char *path, int *fd, uint64_t *offset, uint64_t *size)
{
	struct stat st;

	if (layout->archive)
		return archive_find(layout->archive, path, fd, offset, size);
	/* Nobody else's files: a layout may come from a stranger. */
	*fd = openat(layout->folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*offset = 0;
	*size = (uint64_t)st.st_size;
	return 0;
}

static int open_blob(struct image_source *source, const struct descriptor *blob, int *fd,
	uint64_t *offset, uint64_t *size)
{
	struct layout_source *layout = layout_of(source);
	const char *path =
		layout->image ? docker_image_path(layout->image, &blob->digest)
			      : arena_format(&layout->arena, "blobs/sha256/%s", blob->digest.hex);
	int r = path ? open_path(layout, path, fd, offset, size) : -ENOENT;

	return r < 0 ? error_errno(r, "%s: blob %s", source->reference->text,
			       DIGEST_SHOW(&blob->digest))
		     : 0;
}

static int read_path(struct layout_source *layout, const char *path, struct buffer *bytes)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t offset, size;
	int r = open_path(layout, path, &fd, &offset, &size);
	ssize_t n;

	if (r >= 0 && size > STORE_BLOB_MOST)
		r = -EFBIG;
	if (r >= 0) {
		n = pread(fd, buffer_reserve(bytes, (size_t)size + 1), (size_t)size, (off_t)offset);
		r = n < 0 ? -errno : (uint64_t)n == size ? 0 : -EIO;
		bytes->length += n > 0 ? (size_t)n : 0;
	}
	return r < 0 ? error_errno(r, "%s: %s", layout->source.reference->text, path) : 0;
}

/* ---- which image of the layout ---- */

static int refuse_name(struct layout_source *layout, const struct manifest *index, const char *why)
{
	_cleanup_buffer_ struct buffer names = { 0 };

	for (size_t i = 0; i < index->entry_count && names.length < 1024; i++)
		if (index->entries[i].ref_name)
			buffer_format(&names, "%s%s", names.length ? ", " : "",
				index->entries[i].ref_name);
	return error_set(ENOENT, "%s: %s; there are: %s", layout->source.reference->text, why,
		names.length ? names.data : "none with a name");
}

/* By its tag; without one there must be no choice. */
static int choose(struct layout_source *layout, const struct manifest *index,
	const struct manifest_entry **entry)
{
	const char *tag = layout->source.reference->tag;
	size_t at = index->entry_count;

	*entry = NULL;
	if (!tag && index->entry_count == 1)
		at = 0;
	for (size_t i = 0; tag && i < index->entry_count; i++)
		if (index->entries[i].ref_name && !strcmp(index->entries[i].ref_name, tag))
			at = i;
	if (at == index->entry_count)
		return refuse_name(layout, index,
			tag ? "has no image of that name" : "has several images: say which (:TAG)");
	*entry = &index->entries[at];
	return 0;
}

static int read_top(struct layout_source *layout, struct arena *arena, struct descriptor *blob)
{
	const char *name = arena_format(arena, "%s: index.json", layout->source.reference->text);
	_cleanup_buffer_ struct buffer bytes = { 0 };
	const struct manifest_entry *entry;
	struct manifest index;
	int r = read_path(layout, "index.json", &bytes);

	if (r < 0)
		return r;
	r = manifest_parse(
		arena, name, MEDIA_OCI_INDEX, bytes.data ? bytes.data : "", bytes.length, &index);
	if (r >= 0)
		r = choose(layout, &index, &entry);
	if (r >= 0)
		*blob = entry->blob;
	return r;
}

static int layout_manifest(struct image_source *source, struct arena *arena,
	const struct digest *digest, struct buffer *bytes, const char **media_type)
{
	struct layout_source *layout = layout_of(source);
	struct descriptor blob = { 0 };
	_cleanup_close_ int fd = -EBADF;
	uint64_t offset;
	int r;

	*media_type = NULL;
	if (layout->image) {
		docker_image_manifest(layout->image, bytes);
		*media_type = MEDIA_OCI_MANIFEST;
		return 0;
	}
	if (!digest) {
		r = read_top(layout, arena, &blob);
	} else {
		blob.digest = *digest;
		r = open_blob(source, &blob, &fd, &offset, &blob.size);
	}
	*media_type = blob.media_type;
	return r < 0 ? r : source_read_file(source, open_blob, &blob, bytes);
}

static int layout_blob(
	struct image_source *source, const struct descriptor *blob, struct buffer *bytes)
{
	return source_read_file(source, open_blob, blob, bytes);
}

static int layout_fetch(struct image_source *source, struct blob_fetch *fetches, size_t count)
{
	return source_fetch_files(source, open_blob, fetches, count);
}

/* ---- open and close ---- */

static void layout_close(struct image_source *source)
{
	struct layout_source *layout = layout_of(source);

	archive_close(&layout->archive);
	file_close(&layout->folder_fd);
	arena_free(&layout->arena);
	memory_free_pointer(&layout);
}

static const struct image_source_kind layout_kind = {
	.manifest = layout_manifest,
	.blob = layout_blob,
	.fetch = layout_fetch,
	.close = layout_close,
};

static int open_folder(struct layout_source *layout)
{
	const struct reference *reference = layout->source.reference;

	layout->folder_fd = open(reference->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout->folder_fd < 0)
		return error_errno(errno, "%s", reference->text);
	if (faccessat(layout->folder_fd, "oci-layout", F_OK, 0) < 0)
		return error_set(EINVAL, "%s: no image layout (it has no file oci-layout)%s",
			reference->text,
			faccessat(layout->folder_fd, "bin", F_OK, 0) == 0 ||
					faccessat(layout->folder_fd, "usr", F_OK, 0) == 0
				? "; a root file system is dir:"
				: "");
	return 0;
}

int source_open_layout(const struct reference *reference, struct image_source **source)
{
	struct layout_source *opened = memory_allocate_zero(sizeof(*opened));
	int r;

	opened->source = (struct image_source){ &layout_kind, reference };
	opened->folder_fd = -EBADF;
	*source = &opened->source;
	if (reference->transport == TRANSPORT_OCI)
		return open_folder(opened);
	r = archive_open(&opened->arena, reference->path, &opened->archive);
	if (r < 0 || reference->transport == TRANSPORT_OCI_ARCHIVE)
		return r;
	return docker_image_open(&opened->arena, opened->archive, reference, &opened->image);
}
