/* SPDX-License-Identifier: Apache-2.0 */
#include "image/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/base64.h"
#include "image/credential_helper.h"

#define FILE_MOST  ((size_t)1 << 20)
#define FILES_MOST 5

/* Docker Hub's name in these files, of the time of its first protocol. */
#define HUB	"docker.io"
#define HUB_KEY "https://index.docker.io/v1/"

static const char *of_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The files that are asked in turn, up to NULL. */
static void credential_files(struct arena *arena, const char *file, const char *files[FILES_MOST])
{
	const char *home = of_environment("HOME"), *runtime = of_environment("XDG_RUNTIME_DIR");
	const char *config = of_environment("XDG_CONFIG_HOME");
	const char *docker = of_environment("DOCKER_CONFIG");
	size_t n = 0;

	if (!file)
		file = of_environment("REGISTRY_AUTH_FILE");
	if (file) {
		files[0] = file;
		return;
	}
	if (runtime)
		files[n++] = arena_format(arena, "%s/containers/auth.json", runtime);
	else
		files[n++] = arena_format(arena, "/run/containers/%u/auth.json", getuid());
	if (config)
		files[n++] = arena_format(arena, "%s/containers/auth.json", config);
	else if (home)
		files[n++] = arena_format(arena, "%s/.config/containers/auth.json", home);
	if (docker)
		files[n++] = arena_format(arena, "%s/config.json", docker);
	else if (home)
		files[n] = arena_format(arena, "%s/.docker/config.json", home);
}

/* 1: *ROOT is its tree, 0: there is no such file. */
static int read_file(struct arena *arena, const char *path, struct json **root)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(AT_FDCWD, path, &text, FILE_MOST);

	*root = NULL;
	if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
		return 0;
	if (r < 0)
		return error_errno(r, "%s", path);
	if (text.length == 0)
		return 0;
	r = json_parse(arena, path, text.data, text.length, root);
	if (r >= 0 && (*root)->type != JSON_OBJECT)
		r = error_set(EINVAL, "%s: must be an object", path);
	return r < 0 ? r : 1;
}

/* "https://ghcr.io/v2/" names the same registry as "ghcr.io". */
static const char *without_scheme(struct arena *arena, const char *key)
{
	const char *start = strstr(key, "://");

	if (!start)
		return key;
	start += 3;
	return arena_copy(arena, start, strcspn(start, "/"));
}

/* The member for the longest of HOST/a/b, HOST/a, HOST. */
static const struct json *find_entry(
	struct arena *arena, const struct json *object, const char *host, const char *repository)
{
	char *name = arena_format(arena, "%s/%s", host, repository);

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (;;) {
		const struct json *entry = json_get(object, name);
		char *slash = strrchr(name, '/');

		if (entry)
			return entry;
		if (!slash)
			break;
		*slash = '\0';
	}
	if (!strcmp(host, HUB) && json_get(object, HUB_KEY))
		return json_get(object, HUB_KEY);
	json_for_each (member, object)
		if (!strcmp(without_scheme(arena, member->key), host))
			return member;
	return NULL;
}

static const char *text_of(const struct json *object, const char *key)
{
	const struct json *node =
		object && object->type == JSON_OBJECT ? json_get(object, key) : NULL;

	return node && node->type == JSON_STRING && *node->text ? node->text : NULL;
}

/* The bytes of base64, as text; NULL when it is none or holds NUL. */
static const char *decode_base64(struct arena *arena, const char *text)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };

	if (base64_decode(text, &bytes) < 0 || strlen(bytes.data) != bytes.length)
		return NULL;
	return arena_copy(arena, bytes.data, bytes.length);
}

static int take_entry(struct arena *arena, const char *path, const struct json *entry,
	struct credential *credential)
{
	const char *encoded = text_of(entry, "auth");

	credential->identity_token = text_of(entry, "identitytoken");
	if (encoded) {
		credential->user_and_password = decode_base64(arena, encoded);
		if (!credential->user_and_password || !strchr(credential->user_and_password, ':'))
			return error_set(EINVAL, "%s: %s.auth: not USER:PASSWORD in base64", path,
				json_path(arena, entry));
	} else if (text_of(entry, "username") && text_of(entry, "password")) {
		credential->user_and_password = arena_format(
			arena, "%s:%s", text_of(entry, "username"), text_of(entry, "password"));
	}
	return 0;
}

static bool is_found(const struct credential *credential)
{
	return credential->user_and_password || credential->identity_token;
}

/* A program of its own for this registry, then the file's words, then the program for all. */
static int find_in_file(struct arena *arena, const char *path, const char *host,
	const char *repository, struct credential *credential)
{
	const char *server = strcmp(host, HUB) != 0 ? host : HUB_KEY, *helper = NULL;
	const struct json *entry;
	struct json *root;
	int r = read_file(arena, path, &root);

	if (r <= 0)
		return r;
	entry = find_entry(arena, json_get(root, "credHelpers"), host, repository);
	if (entry && entry->type == JSON_STRING)
		helper = entry->text;
	if (!helper) {
		entry = find_entry(arena, json_get(root, "auths"), host, repository);
		r = entry ? take_entry(arena, path, entry, credential) : 0;
		if (r < 0 || is_found(credential))
			return r;
		helper = text_of(root, "credsStore");
	}
	if (!helper)
		return 0;
	r = credential_helper_get(arena, helper, server, credential);
	return r < 0 ? error_context(r, "%s", path) : 0;
}

int credential_find(struct arena *arena, const char *file, const char *host, const char *repository,
	struct credential *credential)
{
	const char *files[FILES_MOST] = { NULL };
	int r = 0;

	*credential = (struct credential){ 0 };
	if (file && access(file, R_OK) < 0)
		return error_errno(errno, "--authfile %s", file);
	credential_files(arena, file, files);
	for (size_t i = 0; r >= 0 && files[i] && !is_found(credential); i++)
		r = find_in_file(arena, files[i], host, repository, credential);
	return r;
}

/* ---- login and logout ---- */

static void write_auths(struct json_writer *writer, const struct json *auths, const char *host,
	const char *user_and_password)
{
	json_begin_object(writer, "auths");
	if (auths && auths->type == JSON_OBJECT) {
		json_for_each (member, auths)
			if (strcmp(member->key, host) != 0)
				json_write_node(writer, member->key, member);
	}
	if (user_and_password) {
		_cleanup_buffer_ struct buffer encoded = { 0 };

		base64_encode(user_and_password, strlen(user_and_password), &encoded);
		json_begin_object(writer, host);
		json_write_string(writer, "auth", encoded.data);
		json_end_object(writer);
	}
	json_end_object(writer);
}

static int write_file(const char *path, const struct buffer *text)
{
	_cleanup_free_ char *folder = string_copy(path);
	char *slash = strrchr(folder, '/');
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (slash) {
		*slash = '\0';
		for (char *c = strchr(folder + 1, '/'); c; c = strchr(c + 1, '/')) {
			*c = '\0';
			(void)mkdir(folder, 0755);
			*c = '/';
		}
		(void)mkdir(folder, 0700);
	}
	fd = open(slash ? (*folder ? folder : "/") : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "%s", folder);
	r = file_replace_at(
		fd, slash ? path + (slash - folder) + 1 : path, text->data, text->length, 0600);
	return r < 0 ? error_errno(r, "%s", path) : 0;
}

int credential_keep(struct arena *arena, const char *file, const char *host,
	const char *user_and_password, const char **path)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };
	const char *files[FILES_MOST] = { NULL };
	struct json *root;
	int r;

	credential_files(arena, file, files);
	*path = files[0];
	r = read_file(arena, *path, &root);
	if (r < 0)
		return r;
	json_begin_object(&writer, NULL);
	if (root) {
		json_for_each (member, root)
			if (strcmp(member->key, "auths") != 0)
				json_write_node(&writer, member->key, member);
	}
	write_auths(&writer, root ? json_get(root, "auths") : NULL, host, user_and_password);
	json_end_object(&writer);
	return write_file(*path, &text);
}
