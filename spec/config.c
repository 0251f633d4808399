/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "spec/annotation.h"
#include "spec/config_tables.h"
#include "spec/validate.h"
#include "spec/validate_rules.h"

/* Larger than any real document by a factor of a hundred. */
#define DOCUMENT_BYTES_MOST (256u << 20)

static int config_decode(struct config *config, const char *name)
{
	const struct decoder decoder = { &config->arena, name, config->document.data };
	const char *receiver;
	struct json *root;
	int r;

	r = json_parse(&config->arena, name, config->document.data, config->document.length, &root);
	if (r < 0)
		return r;
	r = decode_object(&decoder, root, &config_table, config);
	if (r < 0)
		return r;
	if (!config->linux)
		config->linux = arena_allocate(&config->arena, sizeof(*config->linux));
	receiver = config_annotation(config, ANNOTATION_SECCOMP_RECEIVER);
	if (config->linux->seccomp && receiver)
		config->linux->seccomp->listener_path = receiver;
	return config_validate(config, name);
}

int config_load_at(struct config *config, int folder_fd, const char *name)
{
	/* Not waiting for somebody to write to a FIFO. */
	_cleanup_close_ int fd =
		openat(folder_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(errno, "%s: cannot be read", name);
	if (!S_ISREG(st.st_mode))
		return error_set(EINVAL, "%s: is not a regular file", name);
	r = file_read_fd(fd, &config->document, DOCUMENT_BYTES_MOST);
	if (r < 0)
		return error_errno(r, "%s: cannot be read", name);
	buffer_bytes(&config->document, "", 0);
	return config_decode(config, "config.json");
}

int config_parse(struct config *config, const char *name, const char *bytes, size_t length)
{
	buffer_bytes(&config->document, bytes, length);
	return config_decode(config, name);
}

static int config_parse_part(struct arena *arena, const char *name, const char *bytes,
	size_t length, const struct table *table, void **part)
{
	const struct decoder decoder = { arena, name, bytes };
	struct json *root;
	int r = json_parse(arena, name, bytes, length, &root);

	if (r < 0)
		return r;
	*part = arena_allocate(arena, table->bytes);
	return decode_object(&decoder, root, table, *part);
}

int config_parse_process(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct config_process **process)
{
	void *part;
	int r = config_parse_part(arena, name, bytes, length, &config_process_table, &part);

	if (r < 0)
		return r;
	*process = part;
	return config_validate_process(*process, name, "");
}

int config_parse_resources(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct config_resources **resources)
{
	void *part;
	int r = config_parse_part(arena, name, bytes, length, &config_resources_table, &part);

	if (r < 0)
		return r;
	*resources = part;
	return config_validate_resources(*resources, name, "");
}

int config_replace_mounts(struct config *config, const char *name, const char *bytes, size_t length)
{
	const struct validation at = { name, "" };
	const struct decoder decoder = { &config->arena, name, bytes };
	_cleanup_buffer_ struct buffer wrapped = { 0 };
	struct json *root;
	int r;

	/* A document of its own, so that all tables and paths stay as they are. */
	if (bytes[strspn(bytes, " \t\r\n")] == '[') {
		buffer_text(&wrapped, "{\"mounts\":");
		buffer_bytes(&wrapped, bytes, length);
		buffer_text(&wrapped, "}");
		bytes = wrapped.data;
		length = wrapped.length;
	}
	r = json_parse(&config->arena, name, bytes, length, &root);
	if (r < 0)
		return r;
	memset(&config->mounts, 0, sizeof(config->mounts));
	r = decode_object(&decoder, root, &config_mounts_table, config);
	return r < 0 ? r : validate_mounts(&at, config);
}

void config_free(struct config *config)
{
	arena_free(&config->arena);
	buffer_free(&config->document);
}

const struct config_namespace *config_namespace(
	const struct config *config, enum namespace_type type)
{
	for (size_t i = 0; i < config->linux->namespaces.count; i++)
		if (config->linux->namespaces.items[i].type == (int)type)
			return &config->linux->namespaces.items[i];
	return NULL;
}

bool config_namespace_is_new(const struct config *config, enum namespace_type type)
{
	const struct config_namespace *namespace = config_namespace(config, type);

	return namespace && !namespace->path;
}

const char *config_annotation(const struct config *config, const char *key)
{
	/* Of members with one key the last counts, as in json_get. */
	for (size_t i = config->annotations.count; i-- > 0;)
		if (!strcmp(config->annotations.items[i].key, key))
			return config->annotations.items[i].value;
	return NULL;
}
