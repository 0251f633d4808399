/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/seccomp_cache.h"

#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/*
 * An entry: header, the source text, the program. The name is only a hint; what
 * decides is that library, architecture and the whole source are the same.
 */
struct cache_header {
	char magic[8];
	uint32_t library, architecture;
	uint64_t source_bytes, code_bytes;
};

static struct cache_header cache_header(const struct config_seccomp *config, size_t code_bytes)
{
	const struct scmp_version *version = seccomp_version();

	return (struct cache_header){
		.magic = "hullscm",
		.library = version->major << 16 | version->minor << 8 | version->micro,
		.architecture = seccomp_arch_native(),
		.source_bytes = config->source_bytes,
		.code_bytes = code_bytes,
	};
}

/* FNV-1a over eight bytes at a time: quick, and only a name. */
static void cache_name(const struct config_seccomp *config, char name[24])
{
	uint64_t hash = 0xcbf29ce484222325u, word;
	size_t at = 0;

	for (; at + sizeof(word) <= config->source_bytes; at += sizeof(word)) {
		memcpy(&word, config->source + at, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 32;
	}
	for (; at < config->source_bytes; at++)
		hash = (hash ^ (unsigned char)config->source[at]) * 0x100000001b3u;
	(void)snprintf(name, 24, "%016" PRIx64, hash);
}

bool seccomp_cache_get(int cache_fd, const struct config_seccomp *config, struct buffer *code)
{
	_cleanup_buffer_ struct buffer entry = { 0 };
	struct cache_header found, wanted;
	char name[24];

	if (cache_fd < 0)
		return false;
	cache_name(config, name);
	if (file_read_at(cache_fd, name, &entry, 16u << 20) < 0 || entry.length < sizeof(found))
		return false;
	memcpy(&found, entry.data, sizeof(found));
	wanted = cache_header(config, found.code_bytes);
	if (memcmp(&found, &wanted, sizeof(found)) != 0 ||
		entry.length - sizeof(found) != found.source_bytes + found.code_bytes ||
		memcmp(entry.data + sizeof(found), config->source, config->source_bytes) != 0)
		return false;
	buffer_bytes(code, entry.data + sizeof(found) + found.source_bytes, found.code_bytes);
	return true;
}

void seccomp_cache_put(int cache_fd, const struct config_seccomp *config, const struct buffer *code)
{
	struct cache_header header = cache_header(config, code->length);
	_cleanup_buffer_ struct buffer entry = { 0 };
	char name[24];

	if (cache_fd < 0)
		return;
	buffer_bytes(&entry, &header, sizeof(header));
	buffer_bytes(&entry, config->source, config->source_bytes);
	buffer_bytes(&entry, code->data, code->length);
	cache_name(config, name);
	(void)file_replace_at(cache_fd, name, entry.data, entry.length, 0600);
}
