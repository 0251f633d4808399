/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image layout (image-spec, "Image Layout") as a target: a folder, whose blobs are
 * linked as they come, or a tar of one, which is written when all are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/archive_write.h"
#include "image/scratch.h"
#include "image/target.h"

#define INDEX_MOST ((size_t)4 << 20)
#define LAYOUT	   "{\"imageLayoutVersion\":\"1.0.0\"}"

/* A blob that is on its way, or waits for the archive to be written. */
struct layout_blob {
	struct layout_blob *next;
	char path[sizeof("blobs/sha256/") + DIGEST_HEX];
	struct digest digest;
	uint64_t size;
	struct scratch scratch;
	struct digest_stream *stream;
};

struct layout_target {
	struct image_target target;
	struct arena arena;
	bool is_folder;
	int folder_fd; /* of blobs/sha256; of an archive: of the folder that it will be in */
	int root_fd;   /* of a folder's */
	struct layout_blob *blobs;
	size_t blob_count;
};

static struct layout_target *layout_of(struct image_target *target)
{
	return (struct layout_target *)target;
}

static int failed(const struct layout_target *layout, int error)
{
	return error_errno(error, "%s", layout->target.reference->text);
}

/* ---- blobs ---- */

static int layout_has(struct image_target *target, const struct descriptor *blob)
{
	struct layout_target *layout = layout_of(target);
	struct stat st;

	if (layout->is_folder)
		return fstatat(layout->folder_fd, blob->digest.hex, &st, 0) == 0 &&
		       (uint64_t)st.st_size == blob->size;
	for (const struct layout_blob *b = layout->blobs; b; b = b->next)
		if (digest_equal(&b->digest, &blob->digest))
			return 1;
	return 0;
}

static struct layout_blob *add_blob(struct layout_target *layout, const struct descriptor *blob)
{
	struct layout_blob *added = arena_allocate(&layout->arena, sizeof(*added));

	added->digest = blob->digest;
	added->size = blob->size;
	added->scratch.fd = -EBADF;
	memcpy(added->path, "blobs/sha256/", sizeof("blobs/sha256/"));
	memcpy(added->path + sizeof("blobs/sha256/") - 1, blob->digest.hex, DIGEST_HEX + 1);
	return added;
}

/* A folder's blob gets its name; an archive's is kept until that is written. */
static int keep_blob(struct layout_target *layout, struct layout_blob *blob)
{
	int r = 0;

	if (layout->is_folder) {
		r = scratch_commit(&blob->scratch, layout->folder_fd, blob->digest.hex);
		scratch_close(&blob->scratch, layout->folder_fd);
		return r < 0 ? failed(layout, r) : 0;
	}
	blob->next = layout->blobs;
	layout->blobs = blob;
	layout->blob_count++;
	return r;
}

static int layout_begin(struct target_layer *layer, uint64_t *from)
{
	struct layout_target *layout = layout_of(layer->target);
	struct layout_blob *blob;
	int r;

	*from = 0;
	if (layout_has(layer->target, &layer->blob))
		return TARGET_HAS;
	blob = add_blob(layout, &layer->blob);
	r = scratch_open(layout->folder_fd, &blob->scratch);
	if (r < 0)
		return failed(layout, r);
	blob->stream = digest_begin();
	layer->state = blob;
	return TARGET_WANTS;
}

static int layout_take(struct target_layer *layer, const void *bytes, size_t length)
{
	struct layout_blob *blob = layer->state;
	int r = file_write_all(blob->scratch.fd, bytes, length);

	digest_update(blob->stream, bytes, length);
	return r < 0 ? failed(layout_of(layer->target), r) : 0;
}

static int layout_end(struct target_layer *layer, int result)
{
	struct layout_target *layout = layout_of(layer->target);
	struct layout_blob *blob = layer->state;
	struct digest digest;

	digest_end(blob->stream, &digest);
	blob->stream = NULL;
	if (result >= 0 && !digest_equal(&digest, &blob->digest))
		result = error_set(EBADMSG, "layer %s: what came has the digest %s",
			DIGEST_SHOW(&blob->digest), DIGEST_SHOW(&digest));
	if (result >= 0)
		result = keep_blob(layout, blob);
	if (result < 0)
		scratch_close(&blob->scratch, layout->folder_fd);
	return result;
}

static int layout_document(struct image_target *target, const struct descriptor *descriptor,
	const void *bytes, size_t length, bool is_manifest)
{
	struct layout_target *layout = layout_of(target);
	struct layout_blob *blob;
	int r;

	(void)is_manifest;
	if (layout_has(target, descriptor))
		return 0;
	blob = add_blob(layout, descriptor);
	r = scratch_open(layout->folder_fd, &blob->scratch);
	if (r >= 0)
		r = file_write_all(blob->scratch.fd, bytes, length);
	if (r < 0) {
		scratch_close(&blob->scratch, layout->folder_fd);
		return failed(layout, r);
	}
	return keep_blob(layout, blob);
}

/* ---- index.json ---- */

static bool has_name(const struct json *entry, const char *name)
{
	const struct json *annotations = json_get(entry, "annotations");
	const struct json *node = annotations && annotations->type == JSON_OBJECT
					  ? json_get(annotations, ANNOTATION_REF_NAME)
					  : NULL;

	return name ? node && node->type == JSON_STRING && !strcmp(node->text, name) : !node;
}

/* The entries that there are, without the one whose name the image gets. */
static int write_others(struct json_writer *writer, struct layout_target *layout)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const struct json *manifests;
	struct json *root;
	int r;

	if (!layout->is_folder)
		return 0;
	r = file_read_at(layout->root_fd, "index.json", &text, INDEX_MOST);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return failed(layout, r);
	r = json_parse(
		&layout->arena, "index.json", text.data ? text.data : "", text.length, &root);
	manifests = r >= 0 && root->type == JSON_OBJECT ? json_get(root, "manifests") : NULL;
	if (r >= 0 && manifests && manifests->type == JSON_ARRAY) {
		json_for_each (entry, manifests)
			if (entry->type != JSON_OBJECT ||
				!has_name(entry, layout->target.reference->tag))
				json_write_node(writer, NULL, entry);
	}
	return r;
}

static void write_entry(struct json_writer *writer, const struct descriptor *blob,
	const struct platform *platform, const char *name)
{
	json_begin_object(writer, NULL);
	json_write_string(writer, "mediaType", blob->media_type);
	json_write_string(writer, "digest", DIGEST_SHOW(&blob->digest));
	json_write_unsigned(writer, "size", blob->size);
	if (platform) {
		json_begin_object(writer, "platform");
		json_write_string(writer, "architecture", platform->architecture);
		json_write_string(writer, "os", platform->os);
		if (platform->variant)
			json_write_string(writer, "variant", platform->variant);
		json_end_object(writer);
	}
	if (name) {
		json_begin_object(writer, "annotations");
		json_write_string(writer, ANNOTATION_REF_NAME, name);
		json_end_object(writer);
	}
	json_end_object(writer);
}

static int write_archive(struct layout_target *layout, const struct buffer *index)
{
	struct archive_file *files =
		arena_allocate(&layout->arena, (layout->blob_count + 2) * sizeof(*files));
	size_t n = layout->blob_count;

	files[0] = (struct archive_file){ "oci-layout", -1, LAYOUT, strlen(LAYOUT) };
	files[1] = (struct archive_file){ "index.json", -1, index->data, index->length };
	/* The newest is in front of the list. */
	for (const struct layout_blob *b = layout->blobs; b; b = b->next)
		files[1 + n--] = (struct archive_file){ b->path, b->scratch.fd, NULL, b->size };
	return archive_write(layout->target.reference->path, files, layout->blob_count + 2);
}

static int put_index(struct layout_target *layout, const struct descriptor *blob,
	const struct platform *platform)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	/* Two that write into one layout: the second one reads what the first one wrote. */
	if (layout->is_folder && flock(layout->root_fd, LOCK_EX) < 0)
		return failed(layout, errno);
	json_begin_object(&writer, NULL);
	json_write_unsigned(&writer, "schemaVersion", 2);
	json_write_string(&writer, "mediaType", MEDIA_OCI_INDEX);
	json_begin_array(&writer, "manifests");
	r = write_others(&writer, layout);
	write_entry(&writer, blob, platform, layout->target.reference->tag);
	json_end_array(&writer);
	json_end_object(&writer);
	if (r >= 0 && !layout->is_folder)
		return write_archive(layout, &text);
	if (r >= 0)
		r = file_replace_at(layout->root_fd, "index.json", text.data, text.length, 0644);
	(void)flock(layout->root_fd, LOCK_UN);
	return r < 0 ? failed(layout, r) : 0;
}

static int layout_finish(struct image_target *target, const struct copied_image *image)
{
	return put_index(layout_of(target), &image->manifest, &image->platform);
}

static int layout_finish_index(struct image_target *target, const struct descriptor *index)
{
	return put_index(layout_of(target), index, NULL);
}

/* ---- open and close ---- */

static void layout_close(struct image_target *target)
{
	struct layout_target *layout = layout_of(target);

	for (struct layout_blob *b = layout->blobs; b; b = b->next)
		scratch_close(&b->scratch, layout->folder_fd);
	file_close(&layout->folder_fd);
	file_close(&layout->root_fd);
	arena_free(&layout->arena);
	memory_free_pointer(&layout);
}

static const struct image_target_kind layout_kind = {
	.wants_oci = true,
	.has = layout_has,
	.document = layout_document,
	.begin = layout_begin,
	.take = layout_take,
	.end = layout_end,
	.finish = layout_finish,
	.finish_index = layout_finish_index,
	.close = layout_close,
};

static bool is_empty_or_layout(int fd)
{
	static const char *const others[] = { "bin", "etc", "usr" };

	if (faccessat(fd, "oci-layout", F_OK, 0) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (faccessat(fd, others[i], F_OK, 0) == 0)
			return false;
	return true;
}

static int open_folder(struct layout_target *layout)
{
	const char *path = layout->target.reference->path;
	int r = 0;

	layout->is_folder = true;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return failed(layout, errno);
	layout->root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout->root_fd < 0)
		return failed(layout, errno);
	if (!is_empty_or_layout(layout->root_fd))
		return error_set(EEXIST, "%s: a folder with other things than an image layout",
			layout->target.reference->text);
	(void)mkdirat(layout->root_fd, "blobs", 0755);
	(void)mkdirat(layout->root_fd, "blobs/sha256", 0755);
	if (faccessat(layout->root_fd, "oci-layout", F_OK, 0) < 0)
		r = file_replace_at(layout->root_fd, "oci-layout", LAYOUT, strlen(LAYOUT), 0644);
	layout->folder_fd =
		openat(layout->root_fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r < 0 || layout->folder_fd < 0 ? failed(layout, r < 0 ? r : errno) : 0;
}

int target_open_layout(const struct reference *reference, struct image_target **target)
{
	struct layout_target *opened = memory_allocate_zero(sizeof(*opened));
	const char *name;

	opened->target = (struct image_target){ &layout_kind, reference };
	opened->folder_fd = opened->root_fd = -EBADF;
	*target = &opened->target;
	if (reference->transport == TRANSPORT_OCI)
		return open_folder(opened);
	opened->folder_fd = scratch_folder(
		strcmp(reference->path, "-") != 0 ? reference->path : "/var/tmp/-", &name);
	return opened->folder_fd < 0 ? opened->folder_fd : 0;
}
