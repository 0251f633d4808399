/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest_oci.h"

#include <string.h>

#include "base/json.h"
#include "image/manifest.h"

static const struct {
	const char *docker, *oci;
} types[] = {
	{ MEDIA_DOCKER_MANIFEST, MEDIA_OCI_MANIFEST },
	{ MEDIA_DOCKER_CONFIG, MEDIA_OCI_CONFIG },
	{ MEDIA_DOCKER_LAYER, MEDIA_OCI_LAYER },
	{ MEDIA_DOCKER_LAYER ".gzip", MEDIA_OCI_LAYER "+gzip" },
	{ MEDIA_DOCKER_LAYER ".zstd", MEDIA_OCI_LAYER "+zstd" },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },
};

static const char *oci_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].docker, type))
			return types[i].oci;
	return type;
}

/* An object with each of its own "mediaType" replaced, and those of its objects and arrays. */
static void write_node(struct json_writer *writer, const char *key, const struct json *node)
{
	if (node->type == JSON_STRING && key && !strcmp(key, "mediaType")) {
		json_write_string(writer, key, oci_type(node->text));
	} else if (node->type == JSON_OBJECT) {
		json_begin_object(writer, key);
		json_for_each (member, node)
			write_node(writer, member->key, member);
		json_end_object(writer);
	} else if (node->type == JSON_ARRAY) {
		json_begin_array(writer, key);
		json_for_each (item, node)
			write_node(writer, NULL, item);
		json_end_array(writer);
	} else {
		json_write_node(writer, key, node);
	}
}

int manifest_to_oci(
	struct arena *arena, const char *name, const struct buffer *bytes, struct buffer *oci)
{
	struct json_writer writer = { .buffer = oci };
	struct json *root;
	int r = json_parse(arena, name, bytes->data ? bytes->data : "", bytes->length, &root);

	if (r >= 0)
		write_node(&writer, NULL, root);
	return r;
}
