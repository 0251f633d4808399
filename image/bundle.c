/* SPDX-License-Identifier: Apache-2.0 */
#include "image/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "image/cpu_model.h"
#include "image/emulation.h"
#include "image/network.h"
#include "image/seccomp_profile.h"
#include "spec/template.h"

#define WORDS(...)     ((const char *const[]){ __VA_ARGS__, NULL })
#define QUOTA_PERIOD   100000 /* microseconds */
#define STANDARD_UMASK 0022

/* ---- process --------------------------------------------------------------------------------- */

static void write_user(struct json_writer *writer, const struct image_user *user)
{
	json_begin_object(writer, "user");
	json_write_unsigned(writer, "uid", user->uid);
	json_write_unsigned(writer, "gid", user->gid);
	json_write_unsigned(writer, "umask", STANDARD_UMASK);
	if (user->group_count) {
		json_begin_array(writer, "additionalGids");
		for (size_t i = 0; i < user->group_count; i++)
			json_write_unsigned(writer, NULL, user->groups[i]);
		json_end_array(writer);
	}
	json_end_object(writer);
}

static void write_list(struct json_writer *writer, const char *key, const struct string_list *list)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < list->count; i++)
		json_write_string(writer, NULL, list->items[i]);
	json_end_array(writer);
}

/* Who is not root has none from the start, but may get them by execve of a set-uid program. */
static void write_capabilities(
	struct json_writer *writer, const struct shape *shape, const struct image_user *user)
{
	json_begin_object(writer, "capabilities");
	write_list(writer, "bounding", &shape->capabilities);
	if (user->uid == 0) {
		write_list(writer, "effective", &shape->capabilities);
		write_list(writer, "permitted", &shape->capabilities);
	}
	json_end_object(writer);
}

static void write_env(
	struct json_writer *writer, const struct shape *shape, const struct image_user *user)
{
	json_begin_array(writer, "env");
	for (size_t i = 0; i < shape->env.count; i++)
		json_write_string(writer, NULL, shape->env.items[i]);
	if (!shape_variable(&shape->env, "HOME")) {
		_cleanup_free_ char *home = string_format("HOME=%s", user->home);

		json_write_string(writer, NULL, home);
	}
	if (shape->terminal && !shape_variable(&shape->env, "TERM")) {
		const char *type = getenv("TERM");
		_cleanup_free_ char *term = string_format("TERM=%s", type ? type : "xterm");

		json_write_string(writer, NULL, term);
	}
	json_end_array(writer);
}

static void write_process(struct json_writer *writer, const struct bundle *bundle,
	const struct shape *shape, const struct image_user *user)
{
	json_begin_object(writer, "process");
	json_write_bool(writer, "terminal", shape->terminal);
	write_user(writer, user);
	write_list(writer, "args", &shape->args);
	write_env(writer, shape, user);
	json_write_string(writer, "cwd", shape->folder);
	write_capabilities(writer, shape, user);
	if (bundle->cpus) {
		json_begin_object(writer, "execCPUAffinity");
		json_write_string(writer, "final", bundle->cpus);
		json_end_object(writer);
	}
	json_end_object(writer);
}

/* ---- mounts ---------------------------------------------------------------------------------- */

static void write_mount(struct json_writer *writer, const char *destination, const char *type,
	const char *source, const char *const *options)
{
	json_begin_object(writer, NULL);
	json_write_string(writer, "destination", destination);
	json_write_string(writer, "type", type);
	json_write_string(writer, "source", source);
	json_write_strings(writer, "options", options);
	json_end_object(writer);
}

/* A file of the bundle over one of the image. */
static void write_own(struct json_writer *writer, const struct bundle *bundle, const char *name,
	const char *destination)
{
	_cleanup_free_ char *source = string_format("%s/%s", bundle->path, name);

	write_mount(writer, destination, "bind", source, WORDS("bind", "ro"));
}

/* Where a program that nobody prepared for a read-only root writes. */
static void write_scratch(struct json_writer *writer, const struct shape *shape)
{
	static const char *const folders[] = { "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		write_mount(writer, folders[i], "tmpfs", "tmpfs",
			WORDS("nosuid", "nodev", "mode=1777", "tmpcopyup"));
	for (size_t i = 0; i < shape->volumes.count; i++)
		write_mount(writer, shape->volumes.items[i], "tmpfs", "tmpfs",
			WORDS("nosuid", "nodev", "tmpcopyup"));
}

static void write_mounts(
	struct json_writer *writer, const struct bundle *bundle, const struct shape *shape)
{
	json_begin_array(writer, "mounts");
	template_write_mounts(writer, bundle->user_namespace && shape->network == NETWORK_HOST,
		bundle->user_namespace && !bundle->tty_group);
	if (shape->read_only)
		write_scratch(writer, shape);
	write_own(writer, bundle, "hosts", "/etc/hosts");
	write_own(writer, bundle, "hostname", "/etc/hostname");
	if (shape->network == NETWORK_PRIVATE)
		write_own(writer, bundle, "resolv.conf", "/etc/resolv.conf");
	if (shape->network == NETWORK_HOST && access("/etc/resolv.conf", R_OK) == 0)
		write_mount(writer, "/etc/resolv.conf", "bind", "/etc/resolv.conf",
			WORDS("bind", "ro"));
	if (shape->cpu_model || shape->emulators.count)
		write_own(writer, bundle, "cpuinfo", "/proc/cpuinfo");
	for (size_t i = 0; i < shape->binds.count; i++)
		write_mount(writer, shape->binds.items[i].destination, "bind",
			shape->binds.items[i].source,
			WORDS("rbind", "rprivate", shape->binds.items[i].read_only ? "rro" : "rw"));
	json_end_array(writer);
}

/* ---- linux ----------------------------------------------------------------------------------- */

static int write_device(struct json_writer *writer, const char *path, bool rule)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(errno, "--device: %s", path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set(EINVAL, "--device: %s is no device", path);
	json_begin_object(writer, NULL);
	json_write_string(writer, "type", S_ISCHR(st.st_mode) ? "c" : "b");
	json_write_unsigned(writer, "major", major(st.st_rdev));
	json_write_unsigned(writer, "minor", minor(st.st_rdev));
	if (rule) {
		json_write_bool(writer, "allow", true);
		json_write_string(writer, "access", "rwm");
	} else {
		json_write_string(writer, "path", path);
		json_write_unsigned(writer, "fileMode", st.st_mode & 07777);
		json_write_unsigned(writer, "uid", 0);
		json_write_unsigned(writer, "gid", 0);
	}
	json_end_object(writer);
	return 0;
}

static int write_devices(
	struct json_writer *writer, const char *key, const struct shape *shape, bool rules)
{
	int r = 0;

	json_begin_array(writer, key);
	if (rules) {
		json_begin_object(writer, NULL);
		json_write_bool(writer, "allow", false);
		json_write_string(writer, "access", "rwm");
		json_end_object(writer);
	}
	for (size_t i = 0; i < shape->devices.count && r >= 0; i++)
		r = write_device(writer, shape->devices.items[i], rules);
	json_end_array(writer);
	return r;
}

static void write_cpu(
	struct json_writer *writer, const struct bundle *bundle, const struct shape *shape)
{
	json_begin_object(writer, "cpu");
	if (bundle->cpus && bundle->cpuset)
		json_write_string(writer, "cpus", bundle->cpus);
	if (shape->cpu_quota) {
		json_write_unsigned(
			writer, "quota", (uint64_t)shape->cpu_quota * (QUOTA_PERIOD / 1000));
		json_write_unsigned(writer, "period", QUOTA_PERIOD);
	}
	json_end_object(writer);
}

static int write_resources(
	struct json_writer *writer, const struct bundle *bundle, const struct shape *shape)
{
	int r;

	json_begin_object(writer, "resources");
	r = write_devices(writer, "devices", shape, true);
	write_cpu(writer, bundle, shape);
	if (shape->memory) {
		json_begin_object(writer, "memory");
		json_write_unsigned(writer, "limit", shape->memory);
		json_end_object(writer);
	}
	if (shape->pids) {
		json_begin_object(writer, "pids");
		json_write_unsigned(writer, "limit", shape->pids);
		json_end_object(writer);
	}
	json_end_object(writer);
	return r;
}

static void write_network(
	struct json_writer *writer, const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_free_ char *path = string_format("%s/" NETWORK_NAMESPACE, bundle->path);

	json_begin_object(writer, NULL);
	json_write_string(writer, "type", "network");
	if (shape->network == NETWORK_PRIVATE)
		json_write_string(writer, "path", path);
	json_end_object(writer);
}

static int write_linux(
	struct json_writer *writer, const struct bundle *bundle, const struct shape *shape)
{
	static const char *const namespaces[] = { "pid", "ipc", "uts", "mount", "cgroup" };
	int r;

	json_begin_object(writer, "linux");
	r = write_resources(writer, bundle, shape);
	if (r >= 0 && shape->devices.count)
		r = write_devices(writer, "devices", shape, false);
	json_begin_array(writer, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		json_begin_object(writer, NULL);
		json_write_string(writer, "type", namespaces[i]);
		json_end_object(writer);
	}
	if (shape->network != NETWORK_HOST)
		write_network(writer, bundle, shape);
	json_end_array(writer);
	seccomp_profile_write(writer, "seccomp", &shape->capabilities);
	json_write_strings(writer, "maskedPaths", template_masked_paths);
	json_write_strings(writer, "readonlyPaths", template_readonly_paths);
	json_end_object(writer);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void write_annotations(struct json_writer *writer, const struct shape *shape)
{
	_cleanup_arena_ struct arena arena = { 0 };
	const struct {
		const char *key, *value;
	} own[] = {
		{ "hull.isolation", shape->isolation },
		{ "hull.emulator", emulation_annotation(&arena, shape) },
		{ "hull.cpu.affinity", shape->cpus ? "keep" : NULL },
		{ "org.opencontainers.image.stopSignal", shape->stop_signal },
	};

	json_begin_object(writer, "annotations");
	for (size_t i = 0; i < shape->labels.count; i++)
		/* An image does not choose how it is confined. */
		if (*shape->labels.items[i].key &&
			strncmp(shape->labels.items[i].key, "hull.", 5) != 0 &&
			strncmp(shape->labels.items[i].key, "run.oci.", 8) != 0)
			json_write_string(
				writer, shape->labels.items[i].key, shape->labels.items[i].value);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (own[i].value)
			json_write_string(writer, own[i].key, own[i].value);
	json_end_object(writer);
}

int bundle_write_config(struct buffer *text, const struct bundle *bundle, const struct shape *shape,
	const struct image_user *user)
{
	struct json_writer writer = { .buffer = text };
	int r;

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "ociVersion", SPEC_VERSION);
	write_process(&writer, bundle, shape, user);
	json_begin_object(&writer, "root");
	json_write_string(&writer, "path", "rootfs");
	json_write_bool(&writer, "readonly", shape->read_only);
	json_end_object(&writer);
	json_write_string(&writer, "hostname", shape->hostname);
	write_mounts(&writer, bundle, shape);
	write_annotations(&writer, shape);
	r = write_linux(&writer, bundle, shape);
	json_end_object(&writer);
	buffer_text(text, "\n");
	return r;
}

/* The files that a container sees of its bundle must be readable for everybody in it. */
static int write_file(const struct bundle *bundle, const char *name, const struct buffer *text)
{
	_cleanup_close_ int fd =
		openat(bundle->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : file_write_all(fd, text->data, text->length);

	return r < 0 ? error_errno(r, "cannot write %s/%s", bundle->path, name) : 0;
}

static int write_hosts(const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (shape->network == NETWORK_HOST)
		(void)file_read_at(AT_FDCWD, "/etc/hosts", &text, 1 << 20);
	else
		buffer_text(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n");
	buffer_format(&text, "127.0.1.1\t%s\n", shape->hostname);
	return write_file(bundle, "hosts", &text);
}

static int write_resolver(const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (shape->network != NETWORK_PRIVATE)
		return 0;
	buffer_text(&text, "nameserver " NETWORK_NAME_SERVER "\n");
	return write_file(bundle, "resolv.conf", &text);
}

static int write_hostname(const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	buffer_format(&text, "%s\n", shape->hostname);
	return write_file(bundle, "hostname", &text);
}

static int write_cpuinfo(const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (shape->emulators.count) {
		emulation_cpuinfo(shape, &text);
		return write_file(bundle, "cpuinfo", &text);
	}
	if (!shape->cpu_model)
		return 0;
	cpu_model_cpuinfo(shape->cpu_model, shape->threads, &text);
	return write_file(bundle, "cpuinfo", &text);
}

static int make_folder(const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_close_ int fd =
		path_open_in_root(bundle->root_fd, shape->folder, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT)
		fd = path_make_in_root(bundle->root_fd, shape->folder, PATH_FOLDER, 0755);
	return fd < 0 ? error_errno(fd, "the working folder %s", shape->folder) : 0;
}

int bundle_make(struct arena *arena, const struct bundle *bundle, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct image_user user;
	int r = image_user_find(arena, bundle->root_fd, shape->user, &user);

	if (r >= 0)
		r = make_folder(bundle, shape);
	if (r >= 0)
		r = write_hosts(bundle, shape);
	if (r >= 0)
		r = write_hostname(bundle, shape);
	if (r >= 0)
		r = write_resolver(bundle, shape);
	if (r >= 0)
		r = write_cpuinfo(bundle, shape);
	if (r >= 0)
		r = bundle_write_config(&text, bundle, shape, &user);
	return r < 0 ? r : write_file(bundle, "config.json", &text);
}
