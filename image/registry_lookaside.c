/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the signatures of GPG lie: beside the registry, as containers-registries.d(5) says. Of its
 * YAML we read what it uses: maps of maps by indentation.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "image/registry_session.h"

#define FILE_MOST	((size_t)1 << 20)
#define SIGNATURE_MOST	((size_t)1 << 20)
#define SYSTEM_FOLDER	"/etc/containers/registries.d"
#define DEFAULT_SECTION "default-docker"

/* What was found until now: the longest name of a scope wins over the default. */
struct search {
	const char *image; /* "host/repository" */
	char *base;	   /* NULL: none */
	size_t length;	   /* of its scope; 0: the default's */
};

/* "key: value" or "key:" at TEXT, without quotes; false: something else. The value may be "". */
static bool split(char *text, char **key, char **value)
{
	char *end;

	text[strcspn(text, "\r\n")] = '\0';
	if (*text == '"' || *text == '\'') {
		end = strchr(text + 1, *text);
		if (!end || end[1] != ':')
			return false;
		*key = text + 1;
		*end = '\0';
		end += 2;
	} else {
		/* A port's colon has a digit behind it. */
		for (end = text; (end = strchr(end, ':')) && end[1] && end[1] != ' '; end++)
			;
		if (!end)
			return false;
		*key = text;
		*end++ = '\0';
	}
	end += strspn(end, " \t");
	if (*end == '"' || *end == '\'') {
		*value = end + 1;
		end = strchr(end + 1, *end);
		if (!end)
			return false;
	} else {
		*value = end;
		end = strstr(end, " #");
		end = end ? end : *value + strlen(*value);
		while (end > *value && strchr(" \t", end[-1]))
			end--;
	}
	*end = '\0';
	return true;
}

static bool scope_fits(const char *scope, const char *image)
{
	size_t length = strlen(scope);

	return !strncmp(image, scope, length) && (!image[length] || image[length] == '/');
}

static void take(struct search *search, const char *scope, const char *base)
{
	size_t length = scope ? strlen(scope) : 0;

	if ((scope && !scope_fits(scope, search->image)) ||
		(search->base && length < search->length))
		return;
	free(search->base);
	search->base = string_copy(base);
	search->length = length;
}

static void read_text(struct search *search, char *text)
{
	char *line, *key, *value, *section = NULL, *scope = NULL;
	size_t scope_depth = 0;

	while ((line = strsep(&text, "\n"))) {
		size_t depth = strspn(line, " ");

		if (strchr("#\r", line[depth]) || !split(line + depth, &key, &value))
			continue;
		if (depth == 0) {
			section = key;
			scope = NULL;
		} else if (section && !strcmp(section, "docker") && !*value &&
			   (!scope || depth <= scope_depth)) {
			scope = key;
			scope_depth = depth;
		} else if (section && *value &&
			   (!strcmp(key, "lookaside") || !strcmp(key, "sigstore")) &&
			   (scope || !strcmp(section, DEFAULT_SECTION))) {
			take(search, scope, value);
		}
	}
}

static int read_folder(struct search *search, const char *path)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	int r = 0;

	if (!folder)
		return -errno;
	while (r >= 0 && (entry = readdir(folder))) {
		_cleanup_buffer_ struct buffer text = { 0 };
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".yaml") != 0)
			continue;
		r = file_read_at(dirfd(folder), entry->d_name, &text, FILE_MOST);
		if (r < 0)
			r = error_errno(r, "%s/%s", path, entry->d_name);
		else if (text.length)
			read_text(search, text.data);
	}
	(void)closedir(folder);
	return r < 0 ? r : 0;
}

static int find_base(struct arena *arena, const char *image, char **base)
{
	struct search search = { .image = image };
	const char *home = getenv("HOME");
	int r = home && *home
			? read_folder(&search,
				  arena_format(arena, "%s/.config/containers/registries.d", home))
			: -ENOENT;

	if (r == -ENOENT)
		r = read_folder(&search, SYSTEM_FOLDER);
	*base = search.base;
	return r == -ENOENT ? 0 : r;
}

static int fetch(struct registry *registry, const char *url, struct buffer *bytes)
{
	const struct http_trust trust = { .plain = !strncmp(url, "http://", 7) };
	struct http_transfer transfer = { .request = {
						  .method = "GET", .url = url, .trust = &trust } };
	int r = 0;

	http_perform(registry->http, &transfer);
	if (transfer.answer.error)
		r = error_set(EIO, "signature %s: %s", url, transfer.answer.words);
	else if (transfer.answer.status == 404)
		r = -ENOENT;
	else if (transfer.answer.status != 200)
		r = error_set(EIO, "signature %s: answered %d", url, transfer.answer.status);
	else
		buffer_bytes(bytes, transfer.answer.body.data, transfer.answer.body.length);
	http_end(registry->http, &transfer);
	return r;
}

int registry_signature(struct registry *registry, const struct reference *reference,
	const struct digest *digest, unsigned int number, struct buffer *bytes)
{
	struct arena *arena = &registry->arena;
	_cleanup_free_ char *base = NULL;
	const char *url;
	int r = find_base(
		arena, arena_format(arena, "%s/%s", reference->host, reference->repository), &base);

	if (r < 0 || !base)
		return r < 0 ? r : -ENOENT;
	url = arena_format(arena, "%s/%s@sha256=%s/signature-%u", base, reference->repository,
		digest->hex, number);
	if (!strncmp(url, "file://", 7)) {
		r = file_read_at(AT_FDCWD, url + 7, bytes, SIGNATURE_MOST);
		return r == -ENOENT || r >= 0 ? (r < 0 ? r : 0) : error_errno(r, "%s", url);
	}
	return fetch(registry, url, bytes);
}
