/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reference.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"

#define NAME_MOST 255 /* distribution-spec, "Pulling manifests" */
#define TAG_MOST  128
#define WORD_MOST 24

static const char *const transports[TRANSPORTS] = {
	[TRANSPORT_REGISTRY] = "docker",
	[TRANSPORT_STORE] = "store",
	[TRANSPORT_OCI] = "oci",
	[TRANSPORT_OCI_ARCHIVE] = "oci-archive",
	[TRANSPORT_DOCKER_ARCHIVE] = "docker-archive",
	[TRANSPORT_TAR] = "tar",
	[TRANSPORT_DIR] = "dir",
};

const char *transport_name(enum transport transport)
{
	return transports[transport];
}

/* ---- the nearest transport ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to insert, remove, change or swap (optimal string alignment). */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t before[WORD_MOST + 1] = { 0 }, row[WORD_MOST + 1], next[WORD_MOST + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		next[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			next[j] = least(row[j - 1] + (a[i - 1] != b[j - 1]),
				least(row[j], next[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				next[j] = least(next[j], before[j - 2] + 1);
		}
		memcpy(before, row, sizeof(row));
		memcpy(row, next, sizeof(row));
	}
	return row[b_length];
}

/* The transport that WORD may have meant, or NULL. Short ones forgive one letter, long ones two. */
static const char *nearest_transport(const char *word, size_t length)
{
	const char *nearest = NULL;
	size_t fewest = 3;

	if (length > WORD_MOST || length < 2)
		return NULL;
	for (size_t i = 0; i < TRANSPORTS; i++) {
		size_t known = strlen(transports[i]);
		size_t edits = edit_distance(word, length, transports[i], known);

		if (edits < fewest && edits <= (known > 6 ? 2 : 1)) {
			fewest = edits;
			nearest = transports[i];
		}
	}
	return nearest;
}

/* ---- names in registries (distribution-spec; the grammar is that of Docker's references) ---- */

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters and digits, joined by one of ".", "_", "__" or any number of "-". */
static bool component_is_valid(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		size_t run;

		if (!is_lower_or_digit(text[i]))
			return false;
		while (i < length && is_lower_or_digit(text[i]))
			i++;
		if (i == length)
			return true;
		run = i;
		while (i < length && text[i] == text[run])
			i++;
		if (text[run] == '.'	   ? i - run != 1
			: text[run] == '_' ? i - run > 2
					   : text[run] != '-')
			return false;
	}
	return false;
}

static bool repository_is_valid(const char *text)
{
	for (;;) {
		size_t length = strcspn(text, "/");

		if (!component_is_valid(text, length))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool tag_is_valid(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > TAG_MOST || text[0] == '.' || text[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
			return false;
	return true;
}

static bool digest_is_valid(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == 7 + 64 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

/* A DNS name, an IPv4 address or an IPv6 address in brackets, and a port. */
static bool host_is_valid(const char *text)
{
	const char *port;
	size_t length;

	if (*text == '[') {
		length = strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (length == 0 || text[1 + length] != ']')
			return false;
		port = text + length + 2;
	} else {
		length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-");
		if (length == 0 || strchr(".-", *text) || text[length - 1] == '-' ||
			strstr(text, ".."))
			return false;
		port = text + length;
	}
	if (!*port)
		return true;
	length = strspn(port + 1, "0123456789");
	return *port == ':' && length > 0 && length <= 5 && !port[1 + length];
}

/* The first component is a host when it cannot be a part of a repository's name. */
static bool begins_with_host(const char *text, size_t length)
{
	if (!text[length])
		return false;
	if (length == 9 && !strncmp(text, "localhost", 9))
		return true;
	for (size_t i = 0; i < length; i++)
		if (strchr(".:[", text[i]) || isupper((unsigned char)text[i]))
			return true;
	return false;
}

static int refuse_name(const char *whole, const char *why)
{
	size_t word = strcspn(whole, ":");
	const char *nearest = whole[word] ? nearest_transport(whole, word) : NULL;

	if (nearest)
		return error_set(EINVAL,
			"image name \"%s\": unknown transport \"%.*s\": did you mean %s:%s?", whole,
			(int)word, whole, nearest, strcmp(nearest, "docker") ? "" : "//");
	return error_set(EINVAL, "image name \"%s\": %s", whole, why);
}

static int refuse_repository(const char *whole, const char *repository)
{
	for (const char *c = repository; *c; c++)
		if (isupper((unsigned char)*c))
			return refuse_name(
				whole, "the name of a repository has only small letters");
	return refuse_name(whole, *repository ? "not a name of a repository"
					      : "the name of the repository is missing");
}

static void reference_compose(struct arena *arena, struct reference *reference)
{
	reference->name =
		arena_format(arena, "%s/%s%s%s%s%s", reference->host, reference->repository,
			reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			reference->digest ? "@" : "", reference->digest ? reference->digest : "");
	reference->text = reference->transport == TRANSPORT_STORE
				  ? arena_format(arena, "store:%s", reference->name)
				  : reference->name;
}

/* "sha256:" and digits, or the first twelve or more of them: an image of the store by its digest. */
static bool is_id(const char *text)
{
	size_t least_digits = !strncmp(text, "sha256:", 7) ? 4 : 12, length;

	text += least_digits == 4 ? 7 : 0;
	length = strspn(text, "0123456789abcdef");
	return !text[length] && length >= least_digits && length <= 64;
}

static int parse_name(
	struct arena *arena, const char *whole, const char *text, struct reference *reference)
{
	char *name = arena_copy(arena, text, strlen(text)), *at = strchr(name, '@'), *colon;
	size_t first;

	if (reference->transport == TRANSPORT_STORE && is_id(text)) {
		reference->name = name;
		reference->text = arena_format(arena, "store:%s", name);
		return 0;
	}
	if (at) {
		*at = '\0';
		reference->digest = at + 1;
		if (!digest_is_valid(reference->digest))
			return refuse_name(
				whole, "behind @ stands sha256: and 64 digits from 0 to f");
	}
	first = strcspn(name, "/");
	if (begins_with_host(name, first)) {
		reference->host = arena_copy(arena, name, first);
		name += first + 1;
		if (!host_is_valid(reference->host))
			return refuse_name(whole, "not a name of a host in front of the first /");
	} else {
		reference->host = "docker.io";
	}
	colon = strchr(name, ':');
	if (colon) {
		*colon = '\0';
		reference->tag = colon + 1;
		if (!tag_is_valid(reference->tag))
			return refuse_name(
				whole, "a tag has up to 128 letters, digits, ., _ and -");
	} else if (!at) {
		reference->tag = "latest";
	}
	if (!strcmp(reference->host, "index.docker.io"))
		reference->host = "docker.io";
	reference->repository = name;
	if (!strcmp(reference->host, "docker.io") && !strchr(name, '/'))
		reference->repository = arena_format(arena, "library/%s", name);
	if (strlen(reference->host) + 1 + strlen(reference->repository) > NAME_MOST)
		return refuse_name(whole, "longer than 255 characters");
	if (!repository_is_valid(name))
		return refuse_repository(whole, name);
	reference_compose(arena, reference);
	return 0;
}

/* ---- names of files ---- */

/* PATH[:TAG] of a layout; an archive's name may hold colons itself: FILE[:HOST:PORT/NAME:TAG]. */
static int parse_path(
	struct arena *arena, const char *whole, const char *text, struct reference *reference)
{
	enum transport transport = reference->transport;
	size_t length = strlen(text);

	if (transport != TRANSPORT_TAR && transport != TRANSPORT_DIR)
		length = strcspn(text, ":");
	if (length == 0)
		return error_set(EINVAL, "image name \"%s\": the %s is missing", whole,
			transport == TRANSPORT_OCI || transport == TRANSPORT_DIR ? "folder"
										 : "file");
	reference->path = arena_copy(arena, text, length);
	if (text[length] && text[length + 1])
		reference->tag = arena_copy(arena, text + length + 1, strlen(text + length + 1));
	reference->text = arena_format(arena, "%s:%s%s%s", transports[transport], reference->path,
		reference->tag ? ":" : "", reference->tag ? reference->tag : "");
	return 0;
}

/* The transport that TEXT begins with, or TRANSPORTS; behind it in *REST. */
static enum transport split_transport(const char *text, const char **rest)
{
	size_t word = strcspn(text, ":");

	for (unsigned int i = 0; text[word] && i < TRANSPORTS; i++) {
		if (strlen(transports[i]) != word || strncmp(transports[i], text, word))
			continue;
		*rest = text + word + 1;
		if (i != TRANSPORT_REGISTRY)
			return i;
		/* "docker:24" is an image of that name. */
		if (!strncmp(*rest, "//", 2)) {
			*rest += 2;
			return i;
		}
	}
	return TRANSPORTS;
}

/* "oci-arhive:file.tar" would be a valid name of an image; hardly anybody means one. */
static bool is_mistyped(const char *text)
{
	size_t word = strcspn(text, ":");
	const char *nearest = text[word] ? nearest_transport(text, word) : NULL;

	return nearest && (strchr(nearest, '-') || text[word + 1] == '/' || text[word + 1] == '.');
}

int reference_parse(
	struct arena *arena, const char *text, enum transport without, struct reference *reference)
{
	const char *rest = text;

	*reference = (struct reference){ .transport = split_transport(text, &rest) };
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(
				EINVAL, "image name \"%s\": holds a control character", text);
	if (reference->transport == TRANSPORTS) {
		reference->transport = without;
		/* With // in front it is certainly meant: docker://oci-arhive:file.tar. */
		return is_mistyped(text) ? refuse_name(text, "")
					 : parse_name(arena, text, text, reference);
	}
	if (reference->transport == TRANSPORT_REGISTRY || reference->transport == TRANSPORT_STORE)
		return parse_name(arena, text, rest, reference);
	return parse_path(arena, text, rest, reference);
}

const char *reference_with_digest(
	struct arena *arena, const struct reference *reference, const char *digest)
{
	return arena_format(arena, "%s/%s@%s", reference->host, reference->repository, digest);
}
