/* SPDX-License-Identifier: Apache-2.0 */
#include "image/shape.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/quantity.h"
#include "image/cpu_model.h"
#include "image/emulation.h"

#define ENV_FILE_BYTES_MOST (1u << 20)
#define STANDARD_PATH	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *const network_names[] = { "none", "host", "private", NULL };

/* Podman's, of which none lets a program leave its container. */
static const char *const first_capabilities[] = { "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
	"CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
	"CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT" };

/* What --cap-add may name besides; ns/capability.h checks the names again for config.json. */
static const char *const further_capabilities[] = { "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ",
	"CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
	"CAP_DAC_READ_SEARCH", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_LEASE", "CAP_LINUX_IMMUTABLE",
	"CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BROADCAST",
	"CAP_NET_RAW", "CAP_PERFMON", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
	"CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM" };

/* ---- the environment ------------------------------------------------------------------------ */

static bool is_variable(const char *assignment, const char *name, size_t length)
{
	return !strncmp(assignment, name, length) && assignment[length] == '=';
}

const char *shape_variable(const struct string_list *env, const char *name)
{
	for (size_t i = 0; i < env->count; i++)
		if (is_variable(env->items[i], name, strlen(name)))
			return env->items[i] + strlen(name) + 1;
	return NULL;
}

void shape_set_variable(struct arena *arena, struct string_list *env, const char *assignment)
{
	for (size_t i = 0; i < env->count; i++)
		if (is_variable(env->items[i], assignment, strcspn(assignment, "="))) {
			env->items[i] = assignment;
			return;
		}
	string_list_add(arena, env, assignment);
}

/* "NAME=VALUE", or "NAME" for what the caller has under it. */
static int add_variable(
	struct arena *arena, struct string_list *env, const char *word, const char *where)
{
	const char *value;

	if (*word == '=' || !*word)
		return error_set(EINVAL, "%s: must be NAME=VALUE or NAME, got \"%s\"", where, word);
	if (strchr(word, '=')) {
		shape_set_variable(arena, env, word);
		return 0;
	}
	value = getenv(word);
	if (value)
		shape_set_variable(arena, env, arena_format(arena, "%s=%s", word, value));
	return 0;
}

static int add_env_file(struct arena *arena, struct string_list *env, const char *path)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(AT_FDCWD, path, &text, ENV_FILE_BYTES_MOST);
	char *copy, *line;

	if (r < 0)
		return error_errno(r, "--env-file: cannot read %s", path);
	copy = arena_copy(arena, text.data ? text.data : "", text.length);
	while ((line = strsep(&copy, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r")] = '\0';
		if (!*line || *line == '#')
			continue;
		r = add_variable(arena, env, line, "--env-file");
		if (r < 0)
			return r;
	}
	return 0;
}

/* Emulators of QEMU's find it in a variable. */
static int set_emulated_cpu(struct arena *arena, struct shape *shape)
{
	const char *assignment;
	int r;

	if (!shape->emulated_cpu)
		return 0;
	r = emulation_cpu(arena, shape, &assignment);
	if (r >= 0)
		shape_set_variable(arena, &shape->env, assignment);
	return r;
}

static int make_env(struct arena *arena, const struct image_config *image,
	const struct run_options *options, struct shape *shape)
{
	int r = 0;

	for (size_t i = 0; i < image->env.count; i++)
		shape_set_variable(arena, &shape->env, image->env.items[i]);
	if (!shape_variable(&shape->env, "PATH"))
		shape_set_variable(arena, &shape->env, STANDARD_PATH);
	if (shape->home)
		shape_set_variable(arena, &shape->env, arena_format(arena, "HOME=%s", shape->home));
	r = set_emulated_cpu(arena, shape);
	if (r < 0)
		return r;
	if (shape->cpu_model || shape->threads) {
		struct string_list knobs = { 0 };

		cpu_model_environment(shape->cpu_model, shape->threads, arena, &knobs);
		for (size_t i = 0; i < knobs.count; i++)
			shape_set_variable(arena, &shape->env, knobs.items[i]);
	}
	for (size_t i = 0; i < options->env_files.count && r >= 0; i++)
		r = add_env_file(arena, &shape->env, options->env_files.items[i]);
	for (size_t i = 0; i < options->env.count && r >= 0; i++)
		r = add_variable(arena, &shape->env, options->env.items[i], "--env");
	return r;
}

/* ---- binds ------------------------------------------------------------------------------------ */

static int add_bind(struct arena *arena, struct shape *shape, const char *option,
	const char *source, const char *destination, bool read_only)
{
	_cleanup_free_ char *real = realpath(source, NULL);
	struct shape_bind *items;

	if (!real)
		return error_errno(errno, "%s: %s", option, source);
	source = arena_copy(arena, real, strlen(real));
	if (!destination)
		destination = source;
	if (*destination != '/' || !destination[1])
		return error_set(EINVAL,
			"%s: the place in the container must be absolute and not /, got \"%s\"",
			option, destination);
	items = arena_allocate(arena, (shape->binds.count + 1) * sizeof(*items));
	if (shape->binds.count)
		memcpy(items, shape->binds.items, shape->binds.count * sizeof(*items));
	items[shape->binds.count++] = (struct shape_bind){ source, destination, read_only, false };
	shape->binds.items = items;
	return 0;
}

/* "SRC[:DST[:ro]]" */
static int parse_bind(struct arena *arena, struct shape *shape, const char *text)
{
	char *rest = arena_copy(arena, text, strlen(text));
	char *source = strsep(&rest, ":"), *destination = strsep(&rest, ":"), *word;
	bool read_only = false;

	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, "ro") != 0 && strcmp(word, "rw") != 0)
			return error_set(EINVAL,
				"--bind %s: the option must be ro or rw, got \"%s\"", text, word);
		read_only = word[1] == 'o';
	}
	if (!*source)
		return error_set(EINVAL, "--bind: must be SRC[:DST[:ro]], got \"%s\"", text);
	return add_bind(arena, shape, "--bind", source,
		destination && *destination ? destination : NULL, read_only);
}

/* "SRC:DST" */
static int parse_output(struct arena *arena, struct shape *shape, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *source;
	int r;

	if (!colon || colon == text || !colon[1])
		return error_set(EINVAL, "--output: must be SRC:DST, got \"%s\"", text);
	source = arena_copy(arena, text, (size_t)(colon - text));
	if (mkdir(source, 0777) < 0 && errno != EEXIST)
		return error_errno(errno, "--output: cannot make %s", source);
	r = add_bind(arena, shape, "--output", source, colon + 1, false);
	if (r >= 0)
		shape->binds.items[shape->binds.count - 1].output = true;
	return r;
}

static int make_home(struct arena *arena, const struct run_options *options, struct shape *shape)
{
	char *rest, *source, *destination;
	int r;

	if (!options->home)
		return 0;
	if (options->no_home)
		return error_set(EINVAL, "--home and --no-home exclude each other");
	rest = arena_copy(arena, options->home, strlen(options->home));
	source = strsep(&rest, ":");
	destination = strsep(&rest, ":");
	if (rest)
		return error_set(EINVAL, "--home: must be SRC[:DST], got \"%s\"", options->home);
	r = add_bind(arena, shape, "--home", source, destination, false);
	if (r >= 0)
		shape->home = shape->binds.items[shape->binds.count - 1].destination;
	return r;
}

static int make_binds(struct arena *arena, const struct run_options *options, struct shape *shape)
{
	int r = make_home(arena, options, shape);

	for (size_t i = 0; i < options->binds.count && r >= 0; i++)
		r = parse_bind(arena, shape, options->binds.items[i]);
	for (size_t i = 0; i < options->outputs.count && r >= 0; i++)
		r = parse_output(arena, shape, options->outputs.items[i]);
	return r;
}

/* ---- limits and rights ------------------------------------------------------------------------ */

static int make_cpus(const struct run_options *options, struct shape *shape)
{
	const char *text = options->cpus;
	char *end;
	double wanted;

	/* The number of processors and threads is part of what decides the last bits. */
	shape->cpus = shape->threads = shape->cpu_model || shape->emulated_cpu ? 1 : 0;
	if (!text)
		return 0;
	wanted = strtod(text, &end);
	if (*end || end == text || !(wanted >= 0.01 && wanted <= 4096) ||
		strspn(text, "0123456789.") != strlen(text))
		return error_set(
			EINVAL, "--cpus: must be a number such as 2 or 1.5, got \"%s\"", text);
	shape->cpus = (unsigned int)wanted;
	if ((double)shape->cpus < wanted) {
		shape->cpus++;
		shape->cpu_quota = (unsigned int)(wanted * 1000 + 0.5);
	}
	shape->threads = shape->cpus;
	return 0;
}

static int make_limits(const struct run_options *options, struct shape *shape)
{
	int64_t bytes = 0;
	int r = 0;

	if (options->memory && (quantity_bytes(options->memory, &bytes) < 0 || bytes < 4096))
		return error_set(
			EINVAL, "--memory: must be bytes such as 2G, got \"%s\"", options->memory);
	if (options->cpu_weight > 10000)
		return error_set(
			EINVAL, "--cpu-weight: must be 1 to 10000, got %u", options->cpu_weight);
	shape->memory = (uint64_t)bytes;
	shape->cpu_weight = options->cpu_weight;
	shape->pids = options->pids;
	shape->tenant = options->tenant;
	shape->isolation = options->isolation;
	if (shape->emulators.count)
		shape->emulated_cpu = options->cpu_model;
	else if (options->cpu_model)
		r = cpu_model_find(options->cpu_model, &shape->cpu_model);
	return r < 0 ? r : make_cpus(options, shape);
}

/* The row of a name with or without "CAP_", in letters of any size. */
static const char *find_capability(const char *const *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(rows[i], name) || !strcasecmp(rows[i] + 4, name))
			return rows[i];
	return NULL;
}

static int check_capabilities(const struct string_list *names, const char *option)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (strcasecmp(name, "ALL") != 0 &&
			!find_capability(
				first_capabilities, ARRAY_SIZE(first_capabilities), name) &&
			!find_capability(
				further_capabilities, ARRAY_SIZE(further_capabilities), name))
			return error_set(EINVAL, "%s: there is no capability \"%s\"", option, name);
	}
	return 0;
}

static bool names_capability(const struct string_list *names, const char *capability, bool *all)
{
	bool found = false;

	*all = false;
	for (size_t i = 0; i < names->count; i++) {
		found |= find_capability(&capability, 1, names->items[i]) != NULL;
		*all |= !strcasecmp(names->items[i], "ALL");
	}
	return found;
}

/* One that is named wins over ALL. */
static void add_capabilities(struct arena *arena, const struct run_options *options,
	struct shape *shape, const char *const *rows, size_t count, bool given)
{
	for (size_t i = 0; i < count; i++) {
		bool all_added, all_dropped;
		bool added = names_capability(&options->cap_add, rows[i], &all_added);
		bool dropped = names_capability(&options->cap_drop, rows[i], &all_dropped);

		if (!dropped && (added || (all_added && !all_dropped) || (given && !all_dropped)))
			string_list_add(arena, &shape->capabilities, rows[i]);
	}
}

static int make_rights(struct arena *arena, const struct run_options *options, struct shape *shape)
{
	int r = check_capabilities(&options->cap_add, "--cap-add");

	if (r >= 0)
		r = check_capabilities(&options->cap_drop, "--cap-drop");
	if (r < 0)
		return r;
	add_capabilities(
		arena, options, shape, first_capabilities, ARRAY_SIZE(first_capabilities), true);
	add_capabilities(arena, options, shape, further_capabilities,
		ARRAY_SIZE(further_capabilities), false);
	for (size_t i = 0; i < options->devices.count; i++) {
		if (options->devices.items[i][0] != '/')
			return error_set(EINVAL, "--device: must be an absolute path, got \"%s\"",
				options->devices.items[i]);
		string_list_add(arena, &shape->devices, options->devices.items[i]);
	}
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* Of a program's own, --entrypoint's or the image's; without a command of the caller's, the image's. */
static int make_args(struct arena *arena, const struct image_config *image,
	const struct run_options *options, char **command, int count, struct shape *shape)
{
	if (options->entrypoint && *options->entrypoint)
		string_list_add(arena, &shape->args, options->entrypoint);
	for (size_t i = 0; !options->entrypoint && i < image->entrypoint.count; i++)
		string_list_add(arena, &shape->args, image->entrypoint.items[i]);
	for (int i = 0; i < count; i++)
		string_list_add(arena, &shape->args, command[i]);
	for (size_t i = 0; !count && !options->entrypoint && i < image->command.count; i++)
		string_list_add(arena, &shape->args, image->command.items[i]);
	if (!shape->args.count)
		return error_set(EINVAL, "the image names no program: give one behind it");
	return 0;
}

static int make_network(const struct run_options *options, struct shape *shape)
{
	const char *wanted = options->network ? options->network : network_names[NETWORK_NONE];

	for (int i = 0; network_names[i]; i++)
		if (!strcmp(network_names[i], wanted)) {
			shape->network = (enum network)i;
			return 0;
		}
	return error_set(EINVAL, "--network: must be none, host or private, got \"%s\"", wanted);
}

static int make_identity(
	const struct image_config *image, const struct run_options *options, struct shape *shape)
{
	const char *folder = options->folder	     ? options->folder
			     : image->working_folder ? image->working_folder
						     : "/";

	if (*folder != '/')
		return error_set(EINVAL, "--pwd: must be absolute, got \"%s\"", folder);
	if (image->stop_signal && signal_parse(image->stop_signal) < 0)
		return error_set(
			EINVAL, "the image's StopSignal: unknown: \"%s\"", image->stop_signal);
	shape->folder = folder;
	shape->user = options->user ? options->user : image->user;
	shape->hostname = options->hostname ? options->hostname : "hull";
	shape->stop_signal = image->stop_signal;
	shape->volumes = image->volumes;
	shape->labels = image->labels;
	shape->read_only = options->read_only;
	shape->aslr = !options->no_aslr;
	return make_network(options, shape);
}

bool shape_wants_terminal(const struct run_options *options)
{
	return options->terminal || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

int shape_make(struct arena *arena, const struct image_config *image,
	const struct run_options *options, char **command, int count, struct shape *shape)
{
	int r;

	*shape = (struct shape){ 0 };
	shape->terminal = shape_wants_terminal(options);
	r = make_identity(image, options, shape);
	if (r >= 0)
		r = make_args(arena, image, options, command, count, shape);
	if (r >= 0)
		r = make_binds(arena, options, shape);
	if (r >= 0)
		r = emulation_choose(arena, image->architecture, options->emulator, shape);
	if (r >= 0)
		r = make_limits(options, shape);
	if (r >= 0)
		r = make_rights(arena, options, shape);
	return r < 0 ? r : make_env(arena, image, options, shape);
}
