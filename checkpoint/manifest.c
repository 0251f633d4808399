/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/manifest.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"

#define DOCUMENT "what wants to come"

struct member {
	const char *name;
	enum json_type type;
	size_t offset;
};

#define TEXT(name, member) { name, JSON_STRING, offsetof(struct migration_manifest, member) }
#define FLAG(name, member) { name, JSON_BOOL, offsetof(struct migration_manifest, member) }

static const struct member members[] = {
	{ "protocol", JSON_NUMBER, offsetof(struct migration_manifest, protocol) },
	TEXT("hull", hull),
	TEXT("key", key),
	TEXT("id", id),
	TEXT("config", config),
	TEXT("rootfs", rootfs),
	TEXT("architecture", machine.architecture),
	TEXT("kernel", machine.kernel),
	TEXT("cpu", machine.cpu),
	FLAG("sharedRootfs", shared_rootfs),
	FLAG("stored", stored),
	FLAG("tcpEstablished", tcp_established),
	FLAG("fileLocks", file_locks),
	FLAG("shellJob", shell_job),
	FLAG("extUnixSk", ext_unix_sk),
	FLAG("linkRemap", link_remap),
};

bool migration_key_is_valid(const char *key, size_t length)
{
	return length == MIGRATION_KEY_BYTES &&
	       strspn(key, "0123456789abcdef") == MIGRATION_KEY_BYTES;
}

void migration_key_make(char key[MIGRATION_KEY_BYTES + 1])
{
	unsigned char bytes[MIGRATION_KEY_BYTES / 2];

	/* So few bytes come at once and whole. */
	(void)!getrandom(bytes, sizeof(bytes), 0);
	for (size_t i = 0; i < MIGRATION_KEY_BYTES; i++)
		key[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
	key[MIGRATION_KEY_BYTES] = '\0';
}

void migration_manifest_write(const struct migration_manifest *manifest, struct buffer *text)
{
	struct json_writer writer = { .buffer = text };

	json_begin_object(&writer, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const char *place = (const char *)manifest + members[i].offset;

		if (members[i].type == JSON_STRING)
			json_write_string(&writer, members[i].name, *(const char *const *)place);
		else if (members[i].type == JSON_BOOL)
			json_write_bool(&writer, members[i].name, *(const bool *)place);
		else
			json_write_integer(&writer, members[i].name, *(const int64_t *)place);
	}
	json_write_unsigned(&writer, "criu", manifest->machine.criu);
	json_end_object(&writer);
}

static int read_member(
	const struct json *root, const struct member *member, struct migration_manifest *manifest)
{
	const struct json *node = json_get(root, member->name);
	char *place = (char *)manifest + member->offset;

	if (!node || node->type != member->type)
		return error_set(EINVAL, DOCUMENT ": %s: must be a %s", member->name,
			member->type == JSON_STRING ? "text"
			: member->type == JSON_BOOL ? "boolean"
						    : "number");
	if (member->type == JSON_STRING)
		*(const char **)place = node->text;
	else if (member->type == JSON_BOOL)
		*(bool *)place = node->boolean;
	else if (json_integer(node, (int64_t *)place) < 0)
		return error_set(EINVAL, DOCUMENT ": %s: must be a whole number", member->name);
	return 0;
}

int migration_manifest_read(
	struct arena *arena, const void *bytes, size_t length, struct migration_manifest *manifest)
{
	struct json *root = NULL;
	uint64_t criu = 0;
	int r = json_parse(arena, DOCUMENT, bytes, length, &root);

	if (r >= 0 && root->type != JSON_OBJECT)
		r = error_set(EINVAL, DOCUMENT ": must be an object");
	/* First of all: what another protocol's manifest has is unknown. */
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(members); i++) {
		r = read_member(root, &members[i], manifest);
		if (r >= 0 && i == 0 && manifest->protocol != MIGRATION_PROTOCOL)
			r = error_set(EINVAL,
				DOCUMENT ": speaks protocol %lld, and this hull %d: use the same "
					 "version of hull on both sides",
				(long long)manifest->protocol, MIGRATION_PROTOCOL);
	}
	if (r < 0)
		return r;
	if (!json_get(root, "criu") || json_unsigned(json_get(root, "criu"), &criu) < 0 ||
		criu > UINT_MAX)
		return error_set(EINVAL, DOCUMENT ": criu: must be a version");
	manifest->machine.criu = (unsigned int)criu;
	if (!migration_key_is_valid(manifest->key, strlen(manifest->key)))
		return error_set(EINVAL, DOCUMENT ": key: must be of %d hexadecimal digits",
			MIGRATION_KEY_BYTES);
	return 0;
}
