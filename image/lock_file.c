/* SPDX-License-Identifier: Apache-2.0 */
#include "image/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/canonical.h"
#include "image/json_reader.h"
#include "image/shape_json.h"

#define IMAGE_NAME "main"

/* ---- writing --------------------------------------------------------------------------------- */

static void write_digest(struct json_writer *writer, const char *key, const struct digest *digest)
{
	json_write_string(writer, key, DIGEST_SHOW(digest));
}

/* An OCI descriptor, verbatim. */
static void begin_descriptor(
	struct json_writer *writer, const char *key, const struct descriptor *descriptor)
{
	json_begin_object(writer, key);
	if (descriptor->media_type)
		json_write_string(writer, "mediaType", descriptor->media_type);
	write_digest(writer, "digest", &descriptor->digest);
	json_write_unsigned(writer, "size", descriptor->size);
}

static void write_descriptor(
	struct json_writer *writer, const char *key, const struct descriptor *descriptor)
{
	if (!digest_is_set(&descriptor->digest))
		return;
	begin_descriptor(writer, key, descriptor);
	json_end_object(writer);
}

static void write_image(struct json_writer *writer, const struct lock *lock)
{
	const struct store_image *image = &lock->image;

	json_begin_object(writer, IMAGE_NAME);
	json_write_string(writer, "reference", lock->reference);
	json_write_string(writer, "platform", image->platform);
	write_descriptor(writer, "index", &image->index);
	write_descriptor(writer, "manifest", &image->manifest);
	write_descriptor(writer, "config", &image->config);
	json_begin_array(writer, "layers");
	for (size_t i = 0; i < image->layer_count; i++) {
		begin_descriptor(writer, NULL, &image->layers[i].blob);
		write_digest(writer, "diffID", &image->layers[i].diff_id);
		json_write_unsigned(writer, "tarSize", image->layers[i].tar_size);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_begin_array(writer, "locations");
	for (size_t i = 0; i < lock->locations.count; i++)
		json_write_string(writer, NULL, lock->locations.items[i]);
	json_end_array(writer);
	json_begin_object(writer, "requires");
	if (lock->kernel_least)
		json_write_string(writer, "kernelMin", lock->kernel_least);
	json_end_object(writer);
	json_end_object(writer);
}

static void write_inputs(struct json_writer *writer, const struct lock *lock)
{
	json_begin_array(writer, "inputs");
	for (size_t i = 0; i < lock->inputs.count; i++) {
		const struct lock_input *input = &lock->inputs.items[i];

		json_begin_object(writer, NULL);
		json_write_string(writer, "path", input->path);
		write_digest(writer, "digest", &input->digest);
		json_write_unsigned(writer, "size", input->size);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_members(struct buffer *text, const struct lock *lock, const char *environment)
{
	struct json_writer writer = { .buffer = text };

	json_begin_object(&writer, NULL);
	json_write_unsigned(&writer, "lockVersion", LOCK_VERSION);
	if (environment)
		json_write_string(&writer, "environment", environment);
	json_begin_object(&writer, "images");
	write_image(&writer, lock);
	json_end_object(&writer);
	shape_write(&writer, "runtime", &lock->shape);
	write_inputs(&writer, lock);
	json_end_object(&writer);
}

/* The text of a lock, with the digest of all else or without. */
static void write_canonical(struct buffer *text, const struct lock *lock, const char *environment)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer members = { 0 };
	struct json *root;

	write_members(&members, lock, environment);
	/* What the writer wrote is JSON. */
	if (json_parse(&arena, "lock", members.data, members.length, &root) >= 0)
		canonical_write(text, root, NULL);
}

void lock_write(struct buffer *text, struct lock *lock)
{
	_cleanup_buffer_ struct buffer bare = { 0 };

	write_canonical(&bare, lock, NULL);
	digest_of(bare.data, bare.length, &lock->environment);
	write_canonical(text, lock, DIGEST_SHOW(&lock->environment));
	buffer_text(text, "\n");
}

/* ---- reading --------------------------------------------------------------------------------- */

static int need_text(const struct json_reader *reader, const struct json *object, const char *key,
	const char **text)
{
	const struct json *node;
	int r = json_reader_need(reader, object, key, JSON_STRING, &node);

	if (r >= 0)
		*text = node->text;
	return r;
}

static int need_digest(const struct json_reader *reader, const struct json *object, const char *key,
	struct digest *digest)
{
	const char *text = NULL;
	int r = need_text(reader, object, key, &text);

	if (r < 0)
		return r;
	r = digest_parse(text, digest);
	return r < 0 ? error_context(
			       r, "%s: %s.%s", reader->name, json_path(reader->arena, object), key)
		     : 0;
}

static int need_number(const struct json_reader *reader, const struct json *object, const char *key,
	uint64_t *number)
{
	const struct json *node;
	int r = json_reader_need(reader, object, key, JSON_NUMBER, &node);

	if (r >= 0 && json_unsigned(node, number) < 0)
		return json_reader_refuse(reader, node, "a whole number");
	return r;
}

static int read_descriptor(
	const struct json_reader *reader, const struct json *object, struct descriptor *descriptor)
{
	const struct json *type;
	int r = json_reader_find(reader, object, "mediaType", JSON_STRING, &type);

	if (r >= 0)
		r = need_digest(reader, object, "digest", &descriptor->digest);
	if (r < 0)
		return r;
	descriptor->media_type = type ? type->text : NULL;
	return need_number(reader, object, "size", &descriptor->size);
}

static int need_descriptor(const struct json_reader *reader, const struct json *object,
	const char *key, struct descriptor *descriptor)
{
	const struct json *node;
	int r = json_reader_need(reader, object, key, JSON_OBJECT, &node);

	return r < 0 ? r : read_descriptor(reader, node, descriptor);
}

static int read_layers(
	const struct json_reader *reader, const struct json *object, struct store_image *image)
{
	const struct json *node;
	int r = json_reader_need(reader, object, "layers", JSON_ARRAY, &node);

	if (r < 0)
		return r;
	image->layers = arena_allocate(reader->arena, (node->count + 1) * sizeof(*image->layers));
	json_for_each (item, node) {
		struct store_layer *layer = &image->layers[image->layer_count++];

		if (item->type != JSON_OBJECT)
			return json_reader_refuse(reader, item, "an object");
		r = read_descriptor(reader, item, &layer->blob);
		if (r >= 0)
			r = need_digest(reader, item, "diffID", &layer->diff_id);
		if (r >= 0)
			r = need_number(reader, item, "tarSize", &layer->tar_size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_locations(
	const struct json_reader *reader, const struct json *object, struct string_list *locations)
{
	const struct json *node;
	int r = json_reader_need(reader, object, "locations", JSON_ARRAY, &node);

	return r < 0 ? r : json_reader_list(reader, node, locations);
}

static int read_requires(
	const struct json_reader *reader, const struct json *object, struct lock *lock)
{
	const struct json *node, *kernel;
	int r = json_reader_find(reader, object, "requires", JSON_OBJECT, &node);

	if (r < 0 || !node)
		return r;
	r = json_reader_find(reader, node, "kernelMin", JSON_STRING, &kernel);
	lock->kernel_least = r >= 0 && kernel ? kernel->text : NULL;
	return r;
}

static int read_image(const struct json_reader *reader, const struct json *root, struct lock *lock)
{
	struct store_image *image = &lock->image;
	const struct json *images, *node;
	int r = json_reader_need(reader, root, "images", JSON_OBJECT, &images);

	if (r >= 0)
		r = json_reader_need(reader, images, IMAGE_NAME, JSON_OBJECT, &node);
	if (r >= 0)
		r = need_text(reader, node, "reference", &lock->reference);
	if (r >= 0)
		r = need_text(reader, node, "platform", &image->platform);
	if (r >= 0 && json_get(node, "index"))
		r = need_descriptor(reader, node, "index", &image->index);
	if (r >= 0)
		r = need_descriptor(reader, node, "manifest", &image->manifest);
	if (r >= 0)
		r = need_descriptor(reader, node, "config", &image->config);
	if (r >= 0)
		r = read_layers(reader, node, image);
	if (r >= 0)
		r = read_locations(reader, node, &lock->locations);
	image->name = lock->reference;
	return r < 0 ? r : read_requires(reader, node, lock);
}

static int read_inputs(const struct json_reader *reader, const struct json *root, struct lock *lock)
{
	const struct json *node;
	int r = json_reader_need(reader, root, "inputs", JSON_ARRAY, &node);

	if (r < 0)
		return r;
	lock->inputs.items =
		arena_allocate(reader->arena, (node->count + 1) * sizeof(*lock->inputs.items));
	json_for_each (item, node) {
		struct lock_input *input = &lock->inputs.items[lock->inputs.count++];

		if (item->type != JSON_OBJECT)
			return json_reader_refuse(reader, item, "an object");
		r = need_text(reader, item, "path", &input->path);
		if (r >= 0)
			r = need_digest(reader, item, "digest", &input->digest);
		if (r >= 0)
			r = need_number(reader, item, "size", &input->size);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The version first: a newer hull may have meant anything by the rest. */
static int check_version(const struct json_reader *reader, const struct json *root)
{
	uint64_t version = 0;
	int r;

	if (root->type != JSON_OBJECT)
		return error_set(EINVAL, "%s: must be an object", reader->name);
	r = need_number(reader, root, "lockVersion", &version);
	if (r < 0)
		return r;
	if (version > LOCK_VERSION)
		return error_set(EINVAL,
			"%s: lockVersion %llu is of a newer hull; this one knows %d", reader->name,
			(unsigned long long)version, LOCK_VERSION);
	return version == LOCK_VERSION
		       ? 0
		       : json_reader_refuse(reader, json_get(root, "lockVersion"), "1");
}

static int read_environment(
	const struct json_reader *reader, const struct json *root, struct lock *lock)
{
	_cleanup_buffer_ struct buffer bare = { 0 };
	struct digest digest;
	int r = need_digest(reader, root, "environment", &lock->environment);

	if (r < 0)
		return r;
	canonical_write(&bare, root, "environment");
	digest_of(bare.data, bare.length, &digest);
	lock->altered = !digest_equal(&lock->environment, &digest);
	return 0;
}

int lock_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct lock *lock, const struct json **document)
{
	const struct json_reader reader = { arena, name };
	const struct json *runtime;
	struct json *root;
	int r = json_parse(arena, name, bytes, length, &root);

	*lock = (struct lock){ 0 };
	if (r >= 0)
		r = check_version(&reader, root);
	if (r >= 0)
		r = read_environment(&reader, root, lock);
	if (r >= 0)
		r = read_image(&reader, root, lock);
	if (r >= 0)
		r = json_reader_need(&reader, root, "runtime", JSON_OBJECT, &runtime);
	if (r >= 0)
		r = shape_read(arena, name, runtime, &lock->shape);
	if (r >= 0)
		r = read_inputs(&reader, root, lock);
	if (r >= 0 && document)
		*document = root;
	return r;
}

int lock_load_altered(
	struct arena *arena, const char *path, struct lock *lock, const struct json **document)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(AT_FDCWD, path, &text, LOCK_BYTES_MOST);

	if (r < 0)
		return error_errno(r, "lock file %s", path);
	return lock_parse(arena, path, text.data ? text.data : "", text.length, lock, document);
}

int lock_load(
	struct arena *arena, const char *path, struct lock *lock, const struct json **document)
{
	int r = lock_load_altered(arena, path, lock, document);

	if (r >= 0 && lock->altered)
		return error_set(EINVAL,
			"%s: environment: is not the digest of the rest: the file was changed by "
			"hand (`hull image lock --update` accepts that)",
			path);
	return r;
}

int lock_find_inputs(struct arena *arena, struct lock *lock)
{
	const struct shape *shape = &lock->shape;

	lock->inputs.count = 0;
	lock->inputs.items =
		arena_allocate(arena, (shape->binds.count + 1) * sizeof(*lock->inputs.items));
	for (size_t i = 0; i < shape->binds.count; i++) {
		struct lock_input *input = &lock->inputs.items[lock->inputs.count];
		const char *path = shape->binds.items[i].source;
		_cleanup_close_ int fd = -EBADF;
		struct stat st;
		int r;

		if (!shape->binds.items[i].read_only || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : digest_of_file(fd, &input->digest);
		if (r < 0)
			return error_errno(r, "input %s", path);
		input->path = path;
		input->size = (uint64_t)st.st_size;
		lock->inputs.count++;
	}
	return 0;
}

/* "docker.io/library/debian:12" may be had from "registry:docker.io/library/debian". */
void lock_find_locations(struct arena *arena, struct lock *lock)
{
	const char *name = lock->image.name, *slash = strchr(name, '/'), *colon, *at;
	size_t length = strlen(name);

	/* A name that was imported is that of a file or folder: nobody else has it. */
	if (!slash || memchr(name, '/', 1) || !strncmp(name, "oci", 3))
		return;
	at = strchr(name, '@');
	if (at)
		length = (size_t)(at - name);
	colon = memrchr(name, ':', length);
	if (colon && colon > strrchr(name, '/'))
		length = (size_t)(colon - name);
	string_list_add(
		arena, &lock->locations, arena_format(arena, "registry:%.*s", (int)length, name));
}
