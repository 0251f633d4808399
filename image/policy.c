/* SPDX-License-Identifier: Apache-2.0 */
#include "image/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/base64.h"
#include "image/json_reader.h"

#define FILE_MOST   ((size_t)1 << 20)
#define SYSTEM_FILE "/etc/containers/policy.json"

/* A misspelt member may have been meant to forbid something: all must be known. */
static int check_members(
	const struct json_reader *reader, const struct json *object, const char *const *known)
{
	json_for_each (member, object) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], member->key) != 0)
			i++;
		if (!known[i])
			return error_set(EINVAL, "%s: %s: this hull does not know it", reader->name,
				json_path(reader->arena, member));
	}
	return 0;
}

/* ---- keys ---- */

static int add_key_file(const struct json_reader *reader, const struct json *node,
	struct policy_requirement *requirement)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct policy_key *key = &requirement->keys[requirement->key_count];
	int r;

	if (node->type != JSON_STRING)
		return json_reader_refuse(reader, node, "a string");
	r = file_read_at(AT_FDCWD, node->text, &text, FILE_MOST);
	if (r < 0)
		return error_errno(
			r, "%s: %s: %s", reader->name, json_path(reader->arena, node), node->text);
	*key = (struct policy_key){ node->text,
		arena_copy(reader->arena, text.data ? text.data : "", text.length), text.length };
	requirement->key_count++;
	return 0;
}

static int add_key_data(const struct json_reader *reader, const struct json *node,
	struct policy_requirement *requirement)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct policy_key *key = &requirement->keys[requirement->key_count];

	if (node->type != JSON_STRING || base64_decode(node->text, &text) < 0)
		return json_reader_refuse(reader, node, "a key in base64");
	*key = (struct policy_key){ json_path(reader->arena, node),
		arena_copy(reader->arena, text.data, text.length), text.length };
	requirement->key_count++;
	return 0;
}

static int read_keys(const struct json_reader *reader, const struct json *object,
	struct policy_requirement *requirement)
{
	static const struct {
		const char *one, *several;
		int (*add)(const struct json_reader *reader, const struct json *node,
			struct policy_requirement *requirement);
	} forms[] = { { "keyPath", "keyPaths", add_key_file },
		{ "keyData", "keyDatas", add_key_data } };
	size_t count = 2;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct json *several = json_get(object, forms[i].several);

		count += several ? several->count : 0;
	}
	requirement->keys = arena_allocate(reader->arena, count * sizeof(*requirement->keys));
	for (size_t i = 0; i < ARRAY_SIZE(forms) && r >= 0; i++) {
		const struct json *one = json_get(object, forms[i].one), *several;

		r = one ? forms[i].add(reader, one, requirement) : 0;
		if (r >= 0)
			r = json_reader_find(
				reader, object, forms[i].several, JSON_ARRAY, &several);
		if (r < 0 || !several)
			continue;
		json_for_each (node, several)
			if (r >= 0)
				r = forms[i].add(reader, node, requirement);
	}
	if (r >= 0 && !requirement->key_count)
		return json_reader_refuse(reader, object, "given a key (keyPath)");
	return r < 0 ? r : 0;
}

/* ---- identities ---- */

static int read_identity(const struct json_reader *reader, const struct json *object,
	struct policy_requirement *requirement)
{
	static const struct {
		const char *name, *text, *instead;
	} identities[] = {
		[POLICY_REPOSITORY_DIGEST_OR_EXACT] = { "matchRepoDigestOrExact" },
		[POLICY_EXACT] = { "matchExact" },
		[POLICY_REPOSITORY] = { "matchRepository" },
		[POLICY_EXACT_REFERENCE] = { "exactReference", "dockerReference" },
		[POLICY_EXACT_REPOSITORY] = { "exactRepository", "dockerRepository" },
		[POLICY_REMAP] = { "remapIdentity", "prefix", "signedPrefix" },
	};
	const struct json *identity, *type, *text = NULL, *instead = NULL;
	int r = json_reader_find(reader, object, "signedIdentity", JSON_OBJECT, &identity);

	if (r < 0 || !identity)
		return r;
	r = json_reader_need(reader, identity, "type", JSON_STRING, &type);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		if (strcmp(identities[i].name, type->text) != 0)
			continue;
		requirement->identity = (enum policy_identity)i;
		if (identities[i].text)
			r = json_reader_need(
				reader, identity, identities[i].text, JSON_STRING, &text);
		if (r >= 0 && identities[i].instead)
			r = json_reader_need(
				reader, identity, identities[i].instead, JSON_STRING, &instead);
		requirement->identity_name = r >= 0 && text ? text->text : NULL;
		requirement->identity_instead = r >= 0 && instead ? instead->text : NULL;
		return r;
	}
	return json_reader_refuse(reader, type, "a known kind of identity");
}

/* "host/repository", and in *TAG what was said behind it: a tag, a digest, or NULL. */
static const char *repository_of(struct arena *arena, const char *text, const char **tag)
{
	struct reference reference;
	const char *slash = strrchr(text, '/'), *colon = strchr(slash ? slash : text, ':');

	if (reference_parse(arena, text, TRANSPORT_REGISTRY, &reference) < 0 ||
		reference.transport != TRANSPORT_REGISTRY) {
		error_clear();
		return NULL;
	}
	*tag = reference.digest ? reference.digest : colon ? reference.tag : NULL;
	return arena_format(arena, "%s/%s", reference.host, reference.repository);
}

/* A prefix ends where a name's part does. */
static const char *remap(
	struct arena *arena, const struct policy_requirement *requirement, const char *repository)
{
	size_t length = strlen(requirement->identity_name);

	if (strncmp(repository, requirement->identity_name, length) != 0 ||
		(repository[length] && repository[length] != '/'))
		return repository;
	return arena_format(arena, "%s%s", requirement->identity_instead, repository + length);
}

bool policy_identity_fits(const struct policy_requirement *requirement,
	const struct reference *reference, const char *text)
{
	_cleanup_arena_ struct arena arena = { 0 };
	const char *wanted = arena_format(&arena, "%s/%s", reference->host, reference->repository);
	const char *tag = reference->digest ? reference->digest : reference->tag;
	const char *said_tag, *said = repository_of(&arena, text, &said_tag);
	bool exact = true;

	if (!said)
		return false;
	switch (requirement->identity) {
	case POLICY_EXACT:
		break;
	case POLICY_REMAP:
		wanted = remap(&arena, requirement, wanted);
		exact = !reference->digest;
		break;
	case POLICY_REPOSITORY_DIGEST_OR_EXACT:
		exact = !reference->digest;
		break;
	case POLICY_REPOSITORY:
		exact = false;
		break;
	case POLICY_EXACT_REFERENCE:
	case POLICY_EXACT_REPOSITORY:
		wanted = repository_of(&arena, requirement->identity_name, &tag);
		exact = requirement->identity == POLICY_EXACT_REFERENCE;
		break;
	}
	return wanted && !strcmp(wanted, said) &&
	       (!exact || (tag && said_tag && !strcmp(tag, said_tag)));
}

/* ---- requirements ---- */

/* GPG's requirement names the kind of its keys; only keyrings are known. */
static int check_key_type(const struct json_reader *reader, const struct json *object)
{
	const struct json *type;
	int r = json_reader_need(reader, object, "keyType", JSON_STRING, &type);

	return r < 0 || !strcmp(type->text, "GPGKeys")
		       ? r
		       : json_reader_refuse(reader, type, "GPGKeys");
}

static int read_signed(const struct json_reader *reader, const struct json *object,
	const char *const *members, struct policy_requirement *requirement)
{
	int r = check_members(reader, object, members);

	if (r >= 0 && requirement->kind == POLICY_GPG)
		r = check_key_type(reader, object);
	if (r >= 0)
		r = read_keys(reader, object, requirement);
	return r < 0 ? r : read_identity(reader, object, requirement);
}

static int read_requirement(const struct json_reader *reader, const struct json *object,
	struct policy_requirement *requirement)
{
	static const char *const plain[] = { "type", NULL };
	static const char *const sigstore[] = { "type", "keyPath", "keyPaths", "keyData",
		"keyDatas", "signedIdentity", NULL };
	static const char *const gpg[] = { "type", "keyType", "keyPath", "keyPaths", "keyData",
		"signedIdentity", NULL };
	static const struct {
		const char *type;
		enum policy_kind kind;
		const char *const *members;
	} kinds[] = { { "insecureAcceptAnything", POLICY_ACCEPT, plain },
		{ "reject", POLICY_REJECT, plain }, { "sigstoreSigned", POLICY_SIGSTORE, sigstore },
		{ "signedBy", POLICY_GPG, gpg } };
	const struct json *type;
	int r;

	if (object->type != JSON_OBJECT)
		return json_reader_refuse(reader, object, "an object");
	r = json_reader_need(reader, object, "type", JSON_STRING, &type);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].type, type->text) != 0)
			continue;
		*requirement = (struct policy_requirement){ .kind = kinds[i].kind };
		return kinds[i].members == plain
			       ? check_members(reader, object, plain)
			       : read_signed(reader, object, kinds[i].members, requirement);
	}
	return error_set(EACCES,
		"%s: %s: hull cannot check \"%s\" (only sigstoreSigned, by keys, and signedBy)",
		reader->name, json_path(reader->arena, object), type->text);
}

static int read_requirements(
	const struct json_reader *reader, const struct json *list, struct policy *policy)
{
	if (list->type != JSON_ARRAY || !list->count)
		return json_reader_refuse(reader, list, "an array of requirements");
	policy->requirements =
		arena_allocate(reader->arena, list->count * sizeof(*policy->requirements));
	json_for_each (object, list) {
		int r = read_requirement(reader, object, &policy->requirements[policy->count]);

		if (r < 0)
			return r;
		policy->count++;
	}
	return 0;
}

/* ---- whose ---- */

/* The next wider scope of the text, in place; false when there is none. */
static bool widen(char *scope, bool registry)
{
	char *slash = strrchr(scope, '/'), *end = strchr(slash ? slash : scope, '@'), *dot;

	/* The tag or digest; a colon without a slash in front is a port's. */
	if (!end && (slash || !registry))
		end = strrchr(slash ? slash : scope, ':');
	if (!end)
		end = slash;
	if (end) {
		*end = '\0';
		return *scope != '\0';
	}
	if (!registry)
		return false;
	/* "a.example.com", "*.example.com", "*.com" */
	dot = strchr(!strncmp(scope, "*.", 2) ? scope + 2 : scope, '.');
	if (!dot || dot == scope)
		return false;
	scope[0] = '*';
	memmove(scope + 1, dot, strlen(dot) + 1);
	return true;
}

static const struct json *find_scope(struct arena *arena, const struct json *root,
	const struct reference *reference, const char **scope)
{
	const struct json *transports = json_get(root, "transports"), *transport, *list;
	bool registry = reference->transport == TRANSPORT_REGISTRY;
	const char *name = registry ? "docker" : transport_name(reference->transport);
	_cleanup_free_ char *real = registry ? NULL : realpath(reference->path, NULL);
	char *text;

	*scope = "default";
	transport = transports ? json_get(transports, name) : NULL;
	if (!transport)
		return json_get(root, "default");
	if (registry)
		text = arena_format(arena, "%s/%s%s%s", reference->host, reference->repository,
			reference->digest ? "@" : ":",
			reference->digest ? reference->digest : reference->tag);
	else
		text = arena_format(arena, "%s%s%s", real ? real : reference->path,
			reference->tag ? ":" : "", reference->tag ? reference->tag : "");
	do {
		list = json_get(transport, text);
		if (list) {
			*scope = arena_format(arena, "%s: %s", name, text);
			return list;
		}
	} while (widen(text, registry));
	list = json_get(transport, "");
	if (list)
		*scope = name;
	return list ? list : json_get(root, "default");
}

/* The file that counts, read; or NULL in POLICY->path. */
static int read_file(
	struct arena *arena, const char *path, struct policy *policy, struct buffer *text)
{
	const char *home = getenv("HOME");
	const char *candidates[] = { path, NULL, NULL };
	int r = -ENOENT;

	if (!path) {
		candidates[0] = home && *home ? arena_format(arena,
							"%s/.config/containers/policy.json", home)
					      : SYSTEM_FILE;
		candidates[1] = SYSTEM_FILE;
	}
	for (size_t i = 0; r == -ENOENT && candidates[i]; i++) {
		r = file_read_at(AT_FDCWD, candidates[i], text, FILE_MOST);
		if (r >= 0)
			policy->path = candidates[i];
		else if (r != -ENOENT || path)
			return error_errno(r, "signature policy %s", candidates[i]);
	}
	return 0;
}

int policy_find(struct arena *arena, const char *path, const struct reference *reference,
	struct policy *policy)
{
	static const char *const known[] = { "default", "transports", NULL };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_reader reader = { .arena = arena };
	const struct json *list, *unused;
	struct json *root;
	int r;

	*policy = (struct policy){ 0 };
	r = read_file(arena, path, policy, &text);
	if (r < 0 || !policy->path)
		return r;
	reader.name = policy->path;
	r = json_parse(arena, policy->path, text.data ? text.data : "", text.length, &root);
	if (r >= 0 && root->type != JSON_OBJECT)
		r = error_set(EINVAL, "%s: must be an object", policy->path);
	if (r >= 0)
		r = check_members(&reader, root, known);
	if (r >= 0)
		r = json_reader_need(&reader, root, "default", JSON_ARRAY, &unused);
	if (r >= 0)
		r = json_reader_find(&reader, root, "transports", JSON_OBJECT, &unused);
	if (r < 0)
		return r;
	list = find_scope(arena, root, reference, &policy->scope);
	return read_requirements(&reader, list, policy);
}
