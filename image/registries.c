/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define FILE_MOST     ((size_t)1 << 20)
#define ENTRIES_MOST  256
#define SYSTEM_FOLDER "/etc/containers"

struct mirror {
	const char *location;
	bool insecure;
};

/* One [[registry]]. */
struct entry {
	const char *prefix, *location;
	bool insecure, blocked;
	struct mirror mirrors[REGISTRY_PLACES_MOST - 1];
	size_t mirror_count;
};

struct parser {
	struct arena *arena;
	const char *path;
	struct entry entries[ENTRIES_MOST];
	size_t count;
	/* Where a key belongs to: the last entry, its last mirror, or something that does not count. */
	enum { PLACE_OTHER, PLACE_ENTRY, PLACE_MIRROR } place;
};

/* ---- as much of TOML as the file needs ---- */

static int refuse_line(const struct parser *parser, unsigned int line, const char *why)
{
	return error_set(EINVAL, "%s: line %u: %s", parser->path, line, why);
}

static int begin_table(struct parser *parser, unsigned int line, const char *text)
{
	parser->place = PLACE_OTHER;
	if (!strcmp(text, "[[registry]]")) {
		if (parser->count == ENTRIES_MOST)
			return refuse_line(parser, line, "more than 256 registries");
		parser->count++;
		parser->place = PLACE_ENTRY;
	} else if (!strcmp(text, "[[registry.mirror]]")) {
		struct entry *entry = parser->count ? &parser->entries[parser->count - 1] : NULL;

		if (!entry)
			return refuse_line(parser, line, "a mirror without its [[registry]]");
		if (entry->mirror_count == ARRAY_SIZE(entry->mirrors))
			return refuse_line(parser, line, "more than 15 mirrors of one registry");
		entry->mirror_count++;
		parser->place = PLACE_MIRROR;
	}
	return 0;
}

/* "text" or 'text', and nothing but a comment behind it; NULL when it is something else. */
static const char *string_value(struct arena *arena, const char *text)
{
	const char *end = *text == '"' || *text == '\'' ? strchr(text + 1, *text) : NULL;
	const char *rest = end ? end + 1 + strspn(end + 1, " \t") : NULL;

	if (!end || (*rest && *rest != '#') || memchr(text, '\\', (size_t)(end - text)))
		return NULL;
	return arena_copy(arena, text + 1, (size_t)(end - text) - 1);
}

static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(text, word, length) && strchr(" \t#", text[length]) != NULL;
}

static int set_text(struct parser *parser, unsigned int line, const char **target, const char *text)
{
	*target = string_value(parser->arena, text);
	return *target ? 0 : refuse_line(parser, line, "must be text in quotes");
}

static int set_flag(struct parser *parser, unsigned int line, bool *target, const char *text)
{
	*target = is_word(text, "true");
	return *target || is_word(text, "false")
		       ? 0
		       : refuse_line(parser, line, "must be true or false");
}

static int set_key(struct parser *parser, unsigned int line, const char *key, const char *value)
{
	struct entry *entry = parser->count ? &parser->entries[parser->count - 1] : NULL;
	struct mirror *mirror;

	if (parser->place == PLACE_OTHER || !entry)
		return 0;
	if (parser->place == PLACE_MIRROR) {
		mirror = &entry->mirrors[entry->mirror_count - 1];
		if (!strcmp(key, "location"))
			return set_text(parser, line, &mirror->location, value);
		if (!strcmp(key, "insecure"))
			return set_flag(parser, line, &mirror->insecure, value);
		return 0;
	}
	if (!strcmp(key, "prefix"))
		return set_text(parser, line, &entry->prefix, value);
	if (!strcmp(key, "location"))
		return set_text(parser, line, &entry->location, value);
	if (!strcmp(key, "insecure"))
		return set_flag(parser, line, &entry->insecure, value);
	if (!strcmp(key, "blocked"))
		return set_flag(parser, line, &entry->blocked, value);
	return 0;
}

static int parse_line(struct parser *parser, unsigned int line, char *text)
{
	char *end, *equals;

	text += strspn(text, " \t");
	end = text + strlen(text);
	if (*text == '[') {
		char *comment = strchr(text, '#');

		end = comment ? comment : end;
		while (end > text && strchr(" \t\r", end[-1]))
			end--;
		*end = '\0';
		return begin_table(parser, line, text);
	}
	while (end > text && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	equals = strchr(text, '=');
	if (*text == '#' || !equals)
		return 0; /* nothing, or a list that goes on; none of ours has several lines */
	end = equals;
	while (end > text && strchr(" \t", end[-1]))
		end--;
	*end = '\0';
	return set_key(parser, line, text, equals + 1 + strspn(equals + 1, " \t"));
}

/* 1 when the file is there. */
static int parse_file(struct parser *parser, const char *path)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(AT_FDCWD, path, &text, FILE_MOST);
	unsigned int number = 0;
	char *line, *rest;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(r, "%s", path);
	parser->path = path;
	parser->place = PLACE_OTHER;
	rest = text.data;
	while (r >= 0 && (line = strsep(&rest, "\n")))
		r = parse_line(parser, ++number, line);
	return r < 0 ? r : 1;
}

static int is_configuration(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && !strcmp(entry->d_name + length - 5, ".conf");
}

/* registries.conf.d/, in the order of the names; what comes later counts more. */
static int parse_folder(struct parser *parser, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_configuration, alphasort), r = 0;

	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = parse_file(parser,
				arena_format(parser->arena, "%s/%s", path, entries[i]->d_name));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return r;
}

static int parse_all(struct parser *parser, const char *file)
{
	const char *home = getenv("HOME");
	int r = 0;

	if (!file)
		file = getenv("CONTAINERS_REGISTRIES_CONF");
	if (file && *file) {
		r = parse_file(parser, file);
		return r == 0 ? error_errno(ENOENT, "%s", file) : r;
	}
	if (home && *home)
		r = parse_file(parser,
			arena_format(parser->arena, "%s/.config/containers/registries.conf", home));
	if (r != 0)
		return r;
	r = parse_file(parser, SYSTEM_FOLDER "/registries.conf");
	return r < 0 ? r : parse_folder(parser, SYSTEM_FOLDER "/registries.conf.d");
}

/* ---- what it means for a reference ---- */

/* The length of the prefix that NAME (HOST/REPOSITORY) has, 0 when it has it not. */
static size_t prefix_length(const char *prefix, const char *name, const char *host)
{
	size_t length = strlen(prefix);

	if (!strncmp(prefix, "*.", 2)) {
		size_t host_length = strlen(host);

		return host_length > length - 1 &&
				       !strcmp(host + host_length - (length - 1), prefix + 1)
			       ? host_length
			       : 0;
	}
	return !strncmp(name, prefix, length) && strchr("/", name[length]) ? length : 0;
}

static const struct entry *find_entry(
	const struct parser *parser, const char *name, const char *host, size_t *length)
{
	const struct entry *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < parser->count; i++) {
		const struct entry *entry = &parser->entries[i];
		const char *prefix = entry->prefix ? entry->prefix : entry->location;
		size_t n = prefix ? prefix_length(prefix, name, host) : 0;

		if (n && n >= longest) {
			longest = n;
			found = entry;
		}
	}
	*length = longest;
	return found;
}

/* LOCATION stands for the prefix, what followed it in the name follows. */
static int add_place(struct arena *arena, const char *location, const char *rest, bool insecure,
	struct registry_place *place)
{
	char *name = arena_format(arena, "%s%s", location, rest), *slash = strchr(name, '/');

	if (!slash)
		return error_set(
			EINVAL, "registries.conf: location \"%s\" is no registry", location);
	*slash = '\0';
	*place = (struct registry_place){ name, slash + 1, insecure, false };
	return 0;
}

int registries_find(struct arena *arena, const char *file, const struct reference *reference,
	struct registry_place places[REGISTRY_PLACES_MOST], size_t *count)
{
	const char *name = arena_format(arena, "%s/%s", reference->host, reference->repository);
	struct parser *parser = arena_allocate(arena, sizeof(*parser));
	const struct entry *entry;
	size_t prefix;
	int r;

	*count = 0;
	parser->arena = arena;
	r = parse_all(parser, file);
	if (r < 0)
		return r;
	entry = find_entry(parser, name, reference->host, &prefix);
	if (entry && entry->blocked)
		return error_set(EACCES, "%s: registries.conf blocks %s", reference->text,
			entry->prefix ? entry->prefix : entry->location);
	for (size_t i = 0; entry && r >= 0 && i < entry->mirror_count; i++) {
		const struct mirror *mirror = &entry->mirrors[i];

		if (!mirror->location)
			continue;
		r = add_place(
			arena, mirror->location, name + prefix, mirror->insecure, &places[*count]);
		places[(*count)++].is_mirror = true;
	}
	if (r >= 0)
		r = add_place(arena, entry && entry->location ? entry->location : reference->host,
			entry && entry->location ? name + prefix : name + strlen(reference->host),
			entry && entry->insecure, &places[(*count)++]);
	return r;
}

const char *registries_certificates(struct arena *arena, const char *host)
{
	const char *home = getenv("HOME");
	const char *folders[] = { home && *home ? arena_format(arena, "%s/.config/containers", home)
						: SYSTEM_FOLDER,
		SYSTEM_FOLDER, "/etc/docker" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *path = arena_format(arena, "%s/certs.d/%s", folders[i], host);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}
